# portaria-milter: its parts, and the program itself over a socket.
set(milter_dir ${CMAKE_CURRENT_LIST_DIR}/milter)

# Races inside libraries that are not ours are left out (see tsan.supp), and
# GLib's locks are made visible by the library that lmtp.cmake defines.
set(milter_tsan "TSAN_OPTIONS=suppressions=${milter_dir}/tsan.supp")
set(milter_parts_env "${milter_tsan}")
set(milter_preload "")
if(TARGET tsan_glib)
	set(milter_preload "$<TARGET_FILE:tsan_glib>")
	list(APPEND milter_parts_env G_SLICE=always-malloc
		LD_PRELOAD=${milter_preload})
endif()

foreach(part network ratelimit reply block directory session)
	set(name test_milter_${part})
	add_executable(${name} ${milter_dir}/${name}.c)
	target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
	target_link_libraries(${name} PRIVATE portaria_milter PkgConfig::CMOCKA)
	add_test(NAME proto/${name} COMMAND ${name})
	set_tests_properties(proto/${name} PROPERTIES TIMEOUT 180
		ENVIRONMENT "${milter_parts_env}")
endforeach()

add_executable(milter_tool ${milter_dir}/milter_tool.c)
target_link_libraries(milter_tool PRIVATE portaria_desk)

set(milter_env
	"PORTARIA_MILTER=$<TARGET_FILE:portaria-milter>"
	"PORTARIA_MILTER_TOOL=$<TARGET_FILE:milter_tool>"
	"PORTARIA_FAKEDNS=$<TARGET_FILE:fakedns>"
	"PORTARIA_BUILD=${CMAKE_BINARY_DIR}"
	"PORTARIA_SANITIZED=${PORTARIA_SANITIZE}"
	"PORTARIA_PRELOAD=${milter_preload}"
	"${milter_tsan}")

find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(part protocol daemon load lua postfix)
	add_test(NAME proto/milter_${part} COMMAND ${Python3_EXECUTABLE} -B
		${milter_dir}/test_milter_${part}.py)
	set_tests_properties(proto/milter_${part} PROPERTIES TIMEOUT 600
		SKIP_RETURN_CODE 77 ENVIRONMENT "${milter_env}")
endforeach()
