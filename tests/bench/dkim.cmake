# bench_dkim: prints what verifying costs; not a test.
add_executable(bench_dkim ${CMAKE_CURRENT_LIST_DIR}/bench_dkim.c)
target_link_libraries(bench_dkim PRIVATE dkim_sign)
