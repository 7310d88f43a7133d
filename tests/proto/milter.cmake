# portaria-milter: its parts, and the program itself over a socket.
set(milter_dir ${CMAKE_CURRENT_LIST_DIR}/milter)

foreach(part network ratelimit reply block directory session)
	set(name test_milter_${part})
	add_executable(${name} ${milter_dir}/${name}.c)
	target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
	target_link_libraries(${name} PRIVATE portaria_milter PkgConfig::CMOCKA)
	add_test(NAME proto/${name} COMMAND ${name})
	set_tests_properties(proto/${name} PROPERTIES TIMEOUT 180)
endforeach()
