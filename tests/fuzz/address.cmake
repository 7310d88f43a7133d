# fuzz_mail_address: with -DPORTARIA_FUZZ=ON and clang a libFuzzer program, for
# which the sources under test are compiled again with coverage:
#
#   fuzz_mail_address -dict=tests/fuzz/fuzz_mail_address.dict \
#       -max_total_time=600 NEW_CORPUS tests/fuzz/corpus/mail_address
#
# In any case a test that runs the corpus once.
option(PORTARIA_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)

set(address_fuzz_dir ${CMAKE_CURRENT_LIST_DIR})
add_executable(fuzz_mail_address ${address_fuzz_dir}/fuzz_mail_address.c)
if(PORTARIA_FUZZ)
	foreach(source address charset compose header subject)
		target_sources(fuzz_mail_address PRIVATE
			${PROJECT_SOURCE_DIR}/shared/mail/${source}.c)
	endforeach()
	target_compile_options(fuzz_mail_address PRIVATE
		-fsanitize=fuzzer,address,undefined
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(fuzz_mail_address PRIVATE
		-fsanitize=fuzzer,address,undefined)
	target_link_libraries(fuzz_mail_address PRIVATE PkgConfig::IDN2)
else()
	target_sources(fuzz_mail_address PRIVATE ${address_fuzz_dir}/replay.c)
endif()
target_link_libraries(fuzz_mail_address PRIVATE portaria_mail)

file(GLOB address_fuzz_corpus CONFIGURE_DEPENDS
	${address_fuzz_dir}/corpus/mail_address/*)
add_test(NAME fuzz/mail_address
	COMMAND fuzz_mail_address ${address_fuzz_corpus})
set_tests_properties(fuzz/mail_address PROPERTIES TIMEOUT 120)
