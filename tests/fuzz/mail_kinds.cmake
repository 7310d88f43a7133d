# fuzz_mail_subject, fuzz_mail_kinds, fuzz_mail_abuse: with -DPORTARIA_FUZZ=ON
# and clang libFuzzer programs, for which the sources under test are compiled
# again with coverage:
#
#   fuzz_mail_kinds -dict=tests/fuzz/fuzz_mail_kinds.dict \
#       -max_total_time=600 NEW_CORPUS tests/fuzz/corpus/mail_kinds
#
# In any case tests that run the corpus once.
set(kinds_fuzz_dir ${CMAKE_CURRENT_LIST_DIR})
foreach(name subject kinds abuse)
	add_executable(fuzz_mail_${name} ${kinds_fuzz_dir}/fuzz_mail_${name}.c)
	if(PORTARIA_FUZZ)
		file(GLOB kinds_fuzz_sources CONFIGURE_DEPENDS
			${PROJECT_SOURCE_DIR}/shared/mail/abuse*.c
			${PROJECT_SOURCE_DIR}/shared/mail/automatic*.c
			${PROJECT_SOURCE_DIR}/shared/mail/bounce*.c
			${PROJECT_SOURCE_DIR}/shared/mail/header*.c
			${PROJECT_SOURCE_DIR}/shared/mail/subject*.c
			${PROJECT_SOURCE_DIR}/shared/mail/text.c)
		target_sources(fuzz_mail_${name} PRIVATE ${kinds_fuzz_sources})
		target_compile_options(fuzz_mail_${name} PRIVATE
			-fsanitize=fuzzer,address,undefined
			-fno-sanitize-recover=all -fno-omit-frame-pointer)
		target_link_options(fuzz_mail_${name} PRIVATE
			-fsanitize=fuzzer,address,undefined)
		target_link_libraries(fuzz_mail_${name} PRIVATE
			PkgConfig::JSON)
	else()
		target_sources(fuzz_mail_${name} PRIVATE
			${kinds_fuzz_dir}/replay.c)
	endif()
	target_link_libraries(fuzz_mail_${name} PRIVATE portaria_mail)
	file(GLOB kinds_fuzz_corpus CONFIGURE_DEPENDS
		${kinds_fuzz_dir}/corpus/mail_${name}/*)
	add_test(NAME fuzz/mail_${name}
		COMMAND fuzz_mail_${name} ${kinds_fuzz_corpus})
	set_tests_properties(fuzz/mail_${name} PROPERTIES TIMEOUT 120)
endforeach()
