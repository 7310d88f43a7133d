# The parser on mail written by other people. Without that corpus (beside the
# source tree, or $PORTARIA_CORPUS) the test skips.
add_executable(mail_reader ${CMAKE_CURRENT_LIST_DIR}/mail_reader.c)
target_link_libraries(mail_reader PRIVATE portaria_mail PkgConfig::JSON)

add_test(NAME conformance/mail_corpus
	COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/mail_corpus.py
		$<TARGET_FILE:mail_reader>)
set_tests_properties(conformance/mail_corpus PROPERTIES
	SKIP_RETURN_CODE 77 TIMEOUT 1800)
