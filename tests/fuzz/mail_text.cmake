# fuzz_mail_html and fuzz_mail_trim: with -DPORTARIA_FUZZ=ON and clang
# libFuzzer programs, for which the sources under test are compiled again with
# coverage:
#
#   fuzz_mail_html -dict=tests/fuzz/fuzz_mail_html.dict \
#       -max_total_time=600 NEW_CORPUS tests/fuzz/corpus/mail_html
#
# In any case tests that run the corpus once.
function(portaria_fuzz_mail name)
	set(dir ${PROJECT_SOURCE_DIR}/tests/fuzz)
	if(NOT EXISTS ${dir}/fuzz_mail_${name}.c)
		return()
	endif()
	add_executable(fuzz_mail_${name} ${dir}/fuzz_mail_${name}.c)
	if(PORTARIA_FUZZ)
		list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/shared/mail/)
		target_sources(fuzz_mail_${name} PRIVATE ${ARGN})
		target_compile_options(fuzz_mail_${name} PRIVATE
			-fsanitize=fuzzer,address,undefined
			-fno-sanitize-recover=all -fno-omit-frame-pointer)
		target_link_options(fuzz_mail_${name} PRIVATE
			-fsanitize=fuzzer,address,undefined)
	else()
		target_sources(fuzz_mail_${name} PRIVATE ${dir}/replay.c)
	endif()
	target_link_libraries(fuzz_mail_${name} PRIVATE portaria_mail
		PkgConfig::GUMBO)
	file(GLOB inputs CONFIGURE_DEPENDS ${dir}/corpus/mail_${name}/*)
	add_test(NAME fuzz/mail_${name} COMMAND fuzz_mail_${name} ${inputs})
	set_tests_properties(fuzz/mail_${name} PROPERTIES TIMEOUT 120)
endfunction()

portaria_fuzz_mail(html html.c html_guard.c html_style.c html_table.c text.c)
portaria_fuzz_mail(trim trim.c trim_line.c trim_words.c text.c)
