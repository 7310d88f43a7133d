# fuzz_lmtp: with -DPORTARIA_FUZZ=ON and clang a libFuzzer program:
#
#   fuzz_lmtp -dict=tests/fuzz/fuzz_lmtp.dict -max_total_time=600 \
#       NEW_CORPUS tests/fuzz/corpus/lmtp
#
# In any case a test that runs the corpus once.
set(lmtp_fuzz_dir ${CMAKE_CURRENT_LIST_DIR})
add_executable(fuzz_lmtp ${lmtp_fuzz_dir}/fuzz_lmtp.c)
if(PORTARIA_FUZZ)
	foreach(part lmtp command unstuff)
		target_sources(fuzz_lmtp PRIVATE
			${PROJECT_SOURCE_DIR}/lmtpd/${part}.c)
	endforeach()
	target_compile_options(fuzz_lmtp PRIVATE
		-fsanitize=fuzzer,address,undefined
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(fuzz_lmtp PRIVATE
		-fsanitize=fuzzer,address,undefined)
else()
	target_sources(fuzz_lmtp PRIVATE ${lmtp_fuzz_dir}/replay.c)
endif()
target_link_libraries(fuzz_lmtp PRIVATE portaria_lmtpd)

file(GLOB lmtp_fuzz_corpus CONFIGURE_DEPENDS ${lmtp_fuzz_dir}/corpus/lmtp/*)
add_test(NAME fuzz/lmtp COMMAND fuzz_lmtp ${lmtp_fuzz_corpus})
set_tests_properties(fuzz/lmtp PROPERTIES TIMEOUT 120)
