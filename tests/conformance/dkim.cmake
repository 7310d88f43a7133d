# DKIM against signatures made by libopendkim, with keys made by openssl.

add_library(dkim_sign STATIC ${CMAKE_CURRENT_LIST_DIR}/dkim/sign.c)
target_include_directories(dkim_sign PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(dkim_sign PUBLIC portaria_auth PkgConfig::OPENDKIM)

foreach(name policy pieces proof corpus)
	add_executable(dkim_${name} ${CMAKE_CURRENT_LIST_DIR}/dkim/${name}.c)
	target_link_libraries(dkim_${name} PRIVATE dkim_sign PkgConfig::CMOCKA)
	add_test(NAME conformance/dkim_${name} COMMAND dkim_${name})
	set_tests_properties(conformance/dkim_${name} PROPERTIES TIMEOUT 300)
endforeach()
target_compile_definitions(dkim_corpus PRIVATE
	CORPUS_DIR="${PROJECT_SOURCE_DIR}/../shared/corpus")
set_tests_properties(conformance/dkim_corpus PROPERTIES SKIP_RETURN_CODE 77)
