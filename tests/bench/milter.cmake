# bench_milter: a mail server's side of the milter protocol under load;
# bench_milter.py runs it against portaria-milter, opendkim and opendmarc.
# Prints; judges nothing but that the filters do their work.
add_executable(bench_milter ${CMAKE_CURRENT_LIST_DIR}/bench_milter.c)
target_link_libraries(bench_milter PRIVATE portaria_base)
