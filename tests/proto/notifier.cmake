# portaria-notifier: its parts, and the program itself against a mail server.
set(notifier_dir ${CMAKE_CURRENT_LIST_DIR}/notifier)

add_executable(test_notifier_parts ${notifier_dir}/test_notifier_parts.c)
target_include_directories(test_notifier_parts PRIVATE
	${PROJECT_SOURCE_DIR}/tests)
target_compile_definitions(test_notifier_parts PRIVATE
	PORTARIA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(test_notifier_parts PRIVATE portaria_notifier
	PkgConfig::CMOCKA)
add_test(NAME proto/test_notifier_parts COMMAND test_notifier_parts)
set_tests_properties(proto/test_notifier_parts PROPERTIES TIMEOUT 120)

add_executable(notifier_tool ${notifier_dir}/notifier_tool.c)
target_link_libraries(notifier_tool PRIVATE portaria_desk)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(part delivery faults order)
	add_test(NAME proto/notifier_${part} COMMAND ${Python3_EXECUTABLE}
		${notifier_dir}/test_notifier_${part}.py -v)
	set_tests_properties(proto/notifier_${part} PROPERTIES TIMEOUT 300
		ENVIRONMENT "PORTARIA_NOTIFIER=$<TARGET_FILE:portaria-notifier>;PORTARIA_NOTIFIER_TOOL=$<TARGET_FILE:notifier_tool>;PORTARIA_SOURCE=${PROJECT_SOURCE_DIR}")
endforeach()
