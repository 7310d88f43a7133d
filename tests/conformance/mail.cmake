# The parser on mail written by other people (see corpus.md of the test data).
add_executable(mail_reader ${CMAKE_CURRENT_LIST_DIR}/mail_reader.c)
target_link_libraries(mail_reader PRIVATE portaria_mail PkgConfig::JSON)
