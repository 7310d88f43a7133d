# The resolver and SPF against answers over the wire and the RFC 7208 suite.

add_executable(resolver_wire ${CMAKE_CURRENT_LIST_DIR}/resolver_wire.c)
target_include_directories(resolver_wire PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(resolver_wire PRIVATE portaria_auth PkgConfig::CMOCKA)
add_test(NAME conformance/resolver_wire COMMAND resolver_wire)
set_tests_properties(conformance/resolver_wire PROPERTIES TIMEOUT 120
	ENVIRONMENT "PORTARIA_FAKEDNS=$<TARGET_FILE:fakedns>")
