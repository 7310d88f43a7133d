# fuzz_auth_text and fuzz_auth_message: with -DPORTARIA_FUZZ=ON and clang
# libFuzzer programs, for which the sources under test are compiled again
# with coverage:
#
#   fuzz_auth_message -dict=tests/fuzz/fuzz_auth.dict -max_total_time=600 \
#       NEW_CORPUS tests/fuzz/corpus/auth_message
#
# In any case tests that run the corpus once.
option(PORTARIA_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)

set(auth_fuzz_dir ${CMAKE_CURRENT_LIST_DIR})
foreach(name text message)
	add_executable(fuzz_auth_${name} ${auth_fuzz_dir}/fuzz_auth_${name}.c)
	target_include_directories(fuzz_auth_${name} PRIVATE
		${PROJECT_SOURCE_DIR}/tests)
	if(PORTARIA_FUZZ)
		file(GLOB auth_fuzz_sources CONFIGURE_DEPENDS
			${PROJECT_SOURCE_DIR}/shared/auth/*.c)
		target_sources(fuzz_auth_${name} PRIVATE ${auth_fuzz_sources})
		target_compile_options(fuzz_auth_${name} PRIVATE
			-fsanitize=fuzzer,address,undefined
			-fno-sanitize-recover=all -fno-omit-frame-pointer)
		target_link_options(fuzz_auth_${name} PRIVATE
			-fsanitize=fuzzer,address,undefined)
		target_link_libraries(fuzz_auth_${name} PRIVATE
			PkgConfig::OPENDKIM PkgConfig::PSL PkgConfig::IDN2
			portaria::unbound portaria::spf2)
	else()
		target_sources(fuzz_auth_${name} PRIVATE
			${auth_fuzz_dir}/replay.c)
	endif()
	target_link_libraries(fuzz_auth_${name} PRIVATE portaria_auth)

	file(GLOB auth_fuzz_corpus CONFIGURE_DEPENDS
		${auth_fuzz_dir}/corpus/auth_${name}/*)
	add_test(NAME fuzz/auth_${name}
		COMMAND fuzz_auth_${name} ${auth_fuzz_corpus})
	set_tests_properties(fuzz/auth_${name} PROPERTIES TIMEOUT 120)
endforeach()
