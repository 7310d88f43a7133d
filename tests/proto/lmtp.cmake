# portaria-lmtpd: its parts, and the program itself over a socket.
set(lmtp_dir ${CMAKE_CURRENT_LIST_DIR}/lmtp)

set(lmtp_environment
	PORTARIA_LMTPD=$<TARGET_FILE:portaria-lmtpd>
	PORTARIA_LMTP_TOOL=$<TARGET_FILE:lmtp_tool>
	PORTARIA_FAKEDNS=$<TARGET_FILE:fakedns>
	PORTARIA_SOURCE=${PROJECT_SOURCE_DIR})
set(lmtp_parts_environment "")
if(PORTARIA_SANITIZE MATCHES "thread")
	add_library(tsan_glib MODULE ${lmtp_dir}/tsan_glib.c)
	target_link_libraries(tsan_glib PRIVATE PkgConfig::GLIB)
	set(lmtp_tsan TSAN_OPTIONS=suppressions=${lmtp_dir}/tsan.supp)
	list(APPEND lmtp_environment ${lmtp_tsan}
		PORTARIA_PRELOAD=$<TARGET_FILE:tsan_glib>)
	set(lmtp_parts_environment ${lmtp_tsan} G_SLICE=always-malloc
		LD_PRELOAD=$<TARGET_FILE:tsan_glib>)
endif()

foreach(part unstuff command dialogue receive sandbox parsers)
	set(name test_lmtp_${part})
	add_executable(${name} ${lmtp_dir}/${name}.c)
	target_link_libraries(${name} PRIVATE portaria_lmtpd PkgConfig::CMOCKA)
	add_test(NAME proto/${name} COMMAND ${name})
	set_tests_properties(proto/${name} PROPERTIES TIMEOUT 180
		ENVIRONMENT "${lmtp_parts_environment}")
endforeach()

# Fills and reads the database for the tests of the program.
add_executable(lmtp_tool ${lmtp_dir}/lmtp_tool.c)
target_link_libraries(lmtp_tool PRIVATE portaria_desk PkgConfig::JSON)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(part protocol delivery faults)
	add_test(NAME proto/lmtp_${part} COMMAND ${Python3_EXECUTABLE} -B
		${lmtp_dir}/test_lmtp_${part}.py -v)
	set_tests_properties(proto/lmtp_${part} PROPERTIES TIMEOUT 900
		ENVIRONMENT "${lmtp_environment}")
endforeach()
