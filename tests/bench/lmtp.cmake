# bench_lmtp: an LMTP client under load; bench_lmtp.py runs it against
# portaria-lmtpd, Dovecot and smtp-sink. Prints; judges nothing but that each
# message was taken.
add_executable(bench_lmtp ${CMAKE_CURRENT_LIST_DIR}/bench_lmtp.c)
target_link_libraries(bench_lmtp PRIVATE portaria_auth)
