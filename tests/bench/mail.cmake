# bench_mail: prints what reading mail costs beside GMime alone; not a test.
add_executable(bench_mail ${CMAKE_CURRENT_LIST_DIR}/bench_mail.c)
target_link_libraries(bench_mail PRIVATE portaria_mail PkgConfig::GMIME)
