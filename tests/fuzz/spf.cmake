# fuzz_spf_record: with -DPORTARIA_FUZZ=ON and clang a libFuzzer program, for
# which the sources under test are compiled again with coverage:
#
#   fuzz_spf_record -dict=tests/fuzz/fuzz_spf_record.dict -max_total_time=600 \
#       NEW_CORPUS tests/fuzz/corpus/spf_record
#
# In any case a test that runs the corpus once.
option(PORTARIA_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)

set(spf_fuzz_dir ${CMAKE_CURRENT_LIST_DIR})
add_executable(fuzz_spf_record ${spf_fuzz_dir}/fuzz_spf_record.c)
target_include_directories(fuzz_spf_record PRIVATE ${PROJECT_SOURCE_DIR}/tests)
if(PORTARIA_FUZZ)
	file(GLOB spf_fuzz_sources CONFIGURE_DEPENDS
		${PROJECT_SOURCE_DIR}/shared/auth/resolver*.c
		${PROJECT_SOURCE_DIR}/shared/auth/spf*.c)
	target_sources(fuzz_spf_record PRIVATE ${spf_fuzz_sources})
	target_compile_options(fuzz_spf_record PRIVATE
		-fsanitize=fuzzer,address,undefined
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(fuzz_spf_record PRIVATE
		-fsanitize=fuzzer,address,undefined)
	target_link_libraries(fuzz_spf_record PRIVATE PkgConfig::IDN2
		portaria::unbound portaria::spf2)
else()
	target_sources(fuzz_spf_record PRIVATE ${spf_fuzz_dir}/replay.c)
endif()
target_link_libraries(fuzz_spf_record PRIVATE portaria_auth)

file(GLOB spf_fuzz_corpus CONFIGURE_DEPENDS
	${spf_fuzz_dir}/corpus/spf_record/*)
add_test(NAME fuzz/spf_record COMMAND fuzz_spf_record ${spf_fuzz_corpus})
set_tests_properties(fuzz/spf_record PROPERTIES TIMEOUT 120)
