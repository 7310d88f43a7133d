# bench_store: prints what commits, blobs and searches cost; not a test.
add_executable(bench_store ${CMAKE_CURRENT_LIST_DIR}/bench_store.c)
target_link_libraries(bench_store PRIVATE portaria_store)
