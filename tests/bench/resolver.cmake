# bench_resolver: prints what a lookup and an SPF check cost; not a test.
add_executable(bench_resolver ${CMAKE_CURRENT_LIST_DIR}/bench_resolver.c)
target_include_directories(bench_resolver PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(bench_resolver PRIVATE portaria_auth)
