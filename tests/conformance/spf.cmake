# The resolver and SPF against answers over the wire and the RFC 7208 suite.

add_executable(resolver_wire ${CMAKE_CURRENT_LIST_DIR}/resolver_wire.c)
target_include_directories(resolver_wire PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(resolver_wire PRIVATE portaria_auth PkgConfig::CMOCKA)
add_test(NAME conformance/resolver_wire COMMAND resolver_wire)
set_tests_properties(conformance/resolver_wire PROPERTIES TIMEOUT 120
	ENVIRONMENT "PORTARIA_FAKEDNS=$<TARGET_FILE:fakedns>")

find_program(SYSTEM_PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH)
add_executable(spf_suite ${CMAKE_CURRENT_LIST_DIR}/spf_suite.c)
target_link_libraries(spf_suite PRIVATE portaria_auth)
if(SYSTEM_PYTHON3)
	set(spf_corpus ${PROJECT_SOURCE_DIR}/../shared/corpus)
	set(spf_suite_py ${SYSTEM_PYTHON3}
		${CMAKE_CURRENT_LIST_DIR}/spf_suite.py)
	add_test(NAME conformance/spf_suite COMMAND ${spf_suite_py}
		$<TARGET_FILE:spf_suite> ${spf_corpus})
	add_test(NAME conformance/spf_suite_wire COMMAND ${spf_suite_py}
		--wire $<TARGET_FILE:fakedns> $<TARGET_FILE:spf_suite>
		${spf_corpus})
	set_tests_properties(conformance/spf_suite conformance/spf_suite_wire
		PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
