# fuzz_mail_parse: with -DPORTARIA_FUZZ=ON and clang a libFuzzer program, for
# which the sources under test are compiled again with coverage:
#
#   fuzz_mail_parse -dict=tests/fuzz/fuzz_mail_parse.dict \
#       -max_total_time=600 NEW_CORPUS tests/fuzz/corpus/mail_parse
#
# In any case a test that runs the corpus once.
option(PORTARIA_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)

set(mail_fuzz_dir ${CMAKE_CURRENT_LIST_DIR})
add_executable(fuzz_mail_parse ${mail_fuzz_dir}/fuzz_mail_parse.c)
if(PORTARIA_FUZZ)
	file(GLOB mail_fuzz_sources CONFIGURE_DEPENDS
		${PROJECT_SOURCE_DIR}/shared/mail/*.c)
	target_sources(fuzz_mail_parse PRIVATE ${mail_fuzz_sources})
	target_compile_options(fuzz_mail_parse PRIVATE
		-fsanitize=fuzzer,address,undefined
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(fuzz_mail_parse PRIVATE
		-fsanitize=fuzzer,address,undefined)
	target_link_libraries(fuzz_mail_parse PRIVATE PkgConfig::YTNEF
		PkgConfig::MAGIC PkgConfig::IDN2 PkgConfig::JSON
		PkgConfig::GUMBO)
else()
	target_sources(fuzz_mail_parse PRIVATE ${mail_fuzz_dir}/replay.c)
endif()
target_link_libraries(fuzz_mail_parse PRIVATE portaria_mail PkgConfig::GMIME)

file(GLOB mail_fuzz_corpus CONFIGURE_DEPENDS
	${mail_fuzz_dir}/corpus/mail_parse/*)
add_test(NAME fuzz/mail_parse COMMAND fuzz_mail_parse ${mail_fuzz_corpus})
set_tests_properties(fuzz/mail_parse PROPERTIES TIMEOUT 120)
