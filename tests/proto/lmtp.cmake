# portaria-lmtpd: its parts, and the program itself over a socket.
set(lmtp_dir ${CMAKE_CURRENT_LIST_DIR}/lmtp)

foreach(part unstuff command dialogue receive sandbox parsers)
	set(name test_lmtp_${part})
	add_executable(${name} ${lmtp_dir}/${name}.c)
	target_link_libraries(${name} PRIVATE portaria_lmtpd PkgConfig::CMOCKA)
	add_test(NAME proto/${name} COMMAND ${name})
	set_tests_properties(proto/${name} PROPERTIES TIMEOUT 180)
endforeach()
