/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_store_db.c - store/db.h over SQLite; needs a scratch folder */
#include "unit/store_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/db_driver.h"

/* A database of two tables, not of our schema. */
static struct db *open_new(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	struct db *db =
		db_open(fixture->config.database, DB_CREATE, 100, &error);

	assert_ok(db != NULL, error);
	assert_ok(db_exec(db,
	                  "CREATE TABLE parent (id BIGINT NOT NULL PRIMARY"
	                  " KEY, name TEXT NOT NULL UNIQUE, data BYTEA);"
	                  "CREATE TABLE child (id BIGINT NOT NULL PRIMARY KEY,"
	                  " parent_id BIGINT REFERENCES parent (id))",
	                  &error),
	          error);
	return db;
}

static struct db_stmt *prepare(struct db *db, const char *sql)
{
	g_autoptr(GError) error = NULL;
	struct db_stmt *stmt = db_prepare(db, sql, &error);

	assert_ok(stmt != NULL, error);
	return stmt;
}

static bool insert(struct db *db, gint64 id, const char *name, GError **error)
{
	struct db_stmt *stmt = prepare(
		db, "INSERT INTO parent (id, name) VALUES (:id, :name)");

	db_bind_int(stmt, ":id", id);
	db_bind_text(stmt, ":name", name);
	return db_run(stmt, error);
}

static gint64 count(struct db *db)
{
	struct db_stmt *stmt = prepare(db, "SELECT COUNT(*) FROM parent");
	gint64 n;

	assert_int_equal(db_step(stmt, NULL), DB_ROW);
	n = db_column_int(stmt, 0);
	db_finish(stmt);
	return n;
}

static void begin(struct db *db)
{
	g_autoptr(GError) error = NULL;

	assert_ok(db_begin(db, &error), error);
}

static void commit(struct db *db)
{
	g_autoptr(GError) error = NULL;

	assert_ok(db_commit(db, &error), error);
}

static void test_bind_every_type(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new_static("a\0b", 3);
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	g_autoptr(GBytes) got = NULL;
	g_autoptr(GBytes) got_empty = NULL;
	g_autofree char *text = NULL;
	g_autofree char *null = NULL;
	struct db_stmt *stmt =
		prepare(db, "SELECT :int, :text, :blob, :null, :empty, :none");

	db_bind_int(stmt, ":int", G_MAXINT64);
	db_bind_text(stmt, ":text", "ação");
	db_bind_blob(stmt, ":blob", bytes);
	db_bind_null(stmt, ":null");
	db_bind_blob(stmt, ":empty", empty);
	db_bind_text(stmt, ":none", NULL);
	assert_int_equal(db_step(stmt, &error), DB_ROW);
	assert_int_equal(db_column_int(stmt, 0), G_MAXINT64);
	text = db_column_dup(stmt, 1);
	assert_string_equal(text, "ação");
	got = db_column_bytes(stmt, 2);
	assert_true(g_bytes_equal(got, bytes));
	assert_true(db_column_is_null(stmt, 3));
	assert_null(db_column_bytes(stmt, 3));
	null = db_column_dup(stmt, 3);
	assert_string_equal(null, "");
	got_empty = db_column_bytes(stmt, 4);
	assert_non_null(got_empty);
	assert_int_equal(g_bytes_get_size(got_empty), 0);
	assert_true(db_column_is_null(stmt, 5));
	assert_int_equal(db_step(stmt, &error), DB_DONE);
	assert_int_equal(db_step(stmt, &error), DB_DONE);
	db_finish(stmt);
	db_close(db);
}

static void test_bind_text_repairs_utf8(void **state)
{
	struct db *db = open_new(*state);
	g_autofree char *text = NULL;
	struct db_stmt *stmt = prepare(db, "SELECT :text");

	db_bind_text(stmt, ":text", "a\xe7\xe3o");
	assert_int_equal(db_step(stmt, NULL), DB_ROW);
	text = db_column_dup(stmt, 0);
	assert_string_equal(text, "a\xef\xbf\xbd\xef\xbf\xbdo");
	db_finish(stmt);
	db_close(db);
}

static void test_bind_unknown_name(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;
	struct db_stmt *stmt = prepare(db, "SELECT :a");

	db_bind_int(stmt, ":a", 1);
	db_bind_int(stmt, ":b", 2);
	assert_fails(db_step(stmt, &error) != DB_FAILED, error,
	             PORTARIA_ERROR_INTERNAL, "no parameter :b");
	db_finish(stmt);
	/* The same statement is good again. */
	stmt = prepare(db, "SELECT :a");
	db_bind_int(stmt, ":a", 1);
	assert_int_equal(db_step(stmt, &error), DB_ROW);
	db_finish(stmt);
	db_close(db);
}

static void test_step_unbound(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;
	struct db_stmt *stmt = prepare(db, "SELECT :a, :b");

	db_bind_int(stmt, ":a", 1);
	assert_fails(db_step(stmt, &error) != DB_FAILED, error,
	             PORTARIA_ERROR_INTERNAL, "not bound");
	db_finish(stmt);
	/* What was bound the last time does not count. */
	stmt = prepare(db, "SELECT :a, :b");
	db_bind_int(stmt, ":b", 1);
	assert_fails(db_step(stmt, &error) != DB_FAILED, error,
	             PORTARIA_ERROR_INTERNAL, "not bound");
	db_finish(stmt);
	db_close(db);
}

static void test_bind_late(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;
	struct db_stmt *stmt = prepare(db, "SELECT :a UNION ALL SELECT 2");

	db_bind_int(stmt, ":a", 1);
	assert_int_equal(db_step(stmt, &error), DB_ROW);
	db_bind_int(stmt, ":a", 5);
	assert_int_equal(db_step(stmt, &error), DB_ROW);
	assert_int_equal(db_column_int(stmt, 0), 2);
	db_finish(stmt);
	db_close(db);
}

static void test_prepare_refuses(void **state)
{
	static const struct {
		const char *name;
		const char *sql;
	} cases[] = {
		{ "two statements", "SELECT 1; SELECT 2" },
		{ "text behind", "SELECT 1; x" },
		{ "nothing", "" },
		{ "only a comment", "-- nothing" },
		{ "no table", "SELECT * FROM nothing" },
		{ "not SQL", "SELEKT 1" },
		{ "a name in double quotes as text",
		  "SELECT * FROM parent WHERE name = \"x\"" },
	};
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct db_stmt *stmt = db_prepare(db, cases[i].sql, &error);

		if (stmt != NULL)
			fail_msg("%s", cases[i].name);
		assert_int_equal(error->code, PORTARIA_ERROR_INTERNAL);
		g_clear_error(&error);
	}
	db_finish(prepare(db, "SELECT 1 ; \n"));
	db_close(db);
}

static void test_prepare_caches(void **state)
{
	struct db *db = open_new(*state);
	struct db_stmt *first = prepare(db, "SELECT 1");
	struct db_stmt *second = prepare(db, "SELECT 1");

	assert_ptr_not_equal(first, second);
	db_finish(first);
	db_finish(second); /* one too many: freed */
	assert_ptr_equal(prepare(db, "SELECT 1"), first);
	db_finish(first);
	db_close(db);
}

static void test_prepare_cache_is_bounded(void **state)
{
	struct db *db = open_new(*state);

	for (unsigned i = 0; i < 1000; i++) {
		g_autofree char *sql = g_strdup_printf("SELECT %u", i);

		db_finish(prepare(db, sql));
	}
	assert_true(db->idle_order.length <= 128);
	assert_int_equal(g_hash_table_size(db->idle), db->idle_order.length);
	/* The youngest ones stay. */
	assert_true(g_hash_table_contains(db->idle, "SELECT 999"));
	assert_false(g_hash_table_contains(db->idle, "SELECT 0"));
	db_close(db);
}

/* The sanitizers watch; without them the file would stay locked. */
static void test_close_with_leaked_statements(void **state)
{
	struct db *db = open_new(*state);
	struct db_stmt *stmt;
	g_autoptr(GError) error = NULL;

	begin(db);
	assert_ok(insert(db, 1, "one", &error), error);
	commit(db);
	stmt = prepare(db, "SELECT * FROM parent");
	assert_int_equal(db_step(stmt, NULL), DB_ROW);
	prepare(db, "SELECT 2");
	begin(db);
	assert_ok(insert(db, 2, "two", &error), error);
	db_close(db);
	db = db_open(((struct fixture *)*state)->config.database, DB_WRITE, 100,
	             &error);
	assert_ok(db != NULL, error);
	assert_int_equal(count(db), 1);
	begin(db);
	commit(db);
	db_close(db);
	db_close(NULL);
	db_finish(NULL);
}

static void test_run_refuses_rows(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	assert_fails(db_run(prepare(db, "SELECT 1"), &error), error,
	             PORTARIA_ERROR_INTERNAL, "a row came");
	db_close(db);
}

static void test_write_needs_transaction(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	assert_fails(insert(db, 1, "one", &error), error,
	             PORTARIA_ERROR_INTERNAL, "without transaction");
	assert_int_equal(count(db), 0);
	begin(db);
	assert_ok(insert(db, 1, "one", &error), error);
	assert_int_equal(db_changes(db), 1);
	commit(db);
	assert_int_equal(count(db), 1);
	db_close(db);
}

static void test_begin_twice_names_the_first(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	assert_ok(db_begin_at(db, "first.c:1", &error), error);
	assert_fails(db_begin_at(db, "second.c:2", &error), error,
	             PORTARIA_ERROR_INTERNAL, "first.c:1");
	assert_true(db_is_open(db));
	commit(db);
	assert_false(db_is_open(db));
	db_close(db);
}

static void test_transaction_misuse(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	assert_fails(db_commit(db, &error), error, PORTARIA_ERROR_INTERNAL,
	             "without a transaction");
	assert_fails(db_savepoint(db, &error), error, PORTARIA_ERROR_INTERNAL,
	             "without a transaction");
	assert_fails(db_release(db, &error), error, PORTARIA_ERROR_INTERNAL,
	             "no savepoint");
	db_rollback(db);
	db_rollback_to(db);
	begin(db);
	assert_ok(insert(db, 1, "one", &error), error);
	assert_ok(db_savepoint(db, &error), error);
	assert_fails(db_commit(db, &error), error, PORTARIA_ERROR_INTERNAL,
	             "open savepoint");
	/* A failed commit has rolled back. */
	assert_false(db_is_open(db));
	assert_int_equal(count(db), 0);
	db_close(db);
}

static void test_savepoints_nest(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	begin(db);
	assert_ok(insert(db, 1, "kept", &error), error);
	assert_ok(db_savepoint(db, &error), error);
	assert_ok(insert(db, 2, "kept too", &error), error);
	assert_ok(db_savepoint(db, &error), error);
	assert_ok(insert(db, 3, "undone", &error), error);
	db_rollback_to(db);
	assert_ok(db_savepoint(db, &error), error);
	assert_ok(insert(db, 4, "undone with the outer", &error), error);
	assert_ok(db_release(db, &error), error);
	assert_int_equal(count(db), 3);
	db_rollback_to(db);
	assert_int_equal(count(db), 1);
	assert_ok(db_savepoint(db, &error), error);
	assert_ok(insert(db, 5, "kept at last", &error), error);
	assert_ok(db_release(db, &error), error);
	commit(db);
	assert_int_equal(count(db), 2);
	db_close(db);
}

static void test_savepoints_are_bounded(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;
	unsigned n = 0;

	begin(db);
	while (n < 1000 && db_savepoint(db, &error))
		n++;
	assert_int_equal(n, 32);
	assert_int_equal(error->code, PORTARIA_ERROR_INTERNAL);
	db_rollback(db);
	begin(db);
	g_clear_error(&error);
	assert_ok(db_savepoint(db, &error), error);
	assert_ok(db_release(db, &error), error);
	commit(db);
	db_close(db);
}

/* One message of a batch goes wrong in the middle; the others stay. */
static void test_savepoint_in_a_batch(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	begin(db);
	for (gint64 i = 1; i <= 5; i++) {
		g_autofree char *name =
			g_strdup_printf("%" G_GINT64_FORMAT, i == 3 ? 2 : i);

		assert_ok(db_savepoint(db, &error), error);
		if (insert(db, i + 100, i == 3 ? "other" : name, &error) &&
		    (i != 3 || insert(db, i, name, &error))) {
			assert_ok(db_release(db, &error), error);
		} else {
			assert_int_equal(i, 3);
			assert_int_equal(error->code, PORTARIA_ERROR_CONFLICT);
			g_clear_error(&error);
			db_rollback_to(db);
		}
	}
	commit(db);
	assert_int_equal(count(db), 4);
	db_close(db);
}

static void test_constraints(void **state)
{
	static const struct {
		const char *sql;
		int code;
	} cases[] = {
		{ "INSERT INTO parent (id, name) VALUES (1, 'x')",
		  PORTARIA_ERROR_CONFLICT },
		{ "INSERT INTO parent (id, name) VALUES (2, 'one')",
		  PORTARIA_ERROR_CONFLICT },
		{ "INSERT INTO child (id, parent_id) VALUES (2, 99)",
		  PORTARIA_ERROR_CONFLICT },
		{ "DELETE FROM parent WHERE id = 1", PORTARIA_ERROR_CONFLICT },
		{ "INSERT INTO parent (id, name) VALUES (2, NULL)",
		  PORTARIA_ERROR_INTERNAL },
	};
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	begin(db);
	assert_ok(insert(db, 1, "one", &error), error);
	assert_ok(db_exec(db, "INSERT INTO child (id, parent_id) VALUES (1, 1)",
	                  &error),
	          error);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_fails(db_run(prepare(db, cases[i].sql), &error), error,
		             cases[i].code, "");
	commit(db);
	assert_int_equal(count(db), 1);
	db_close(db);
}

static void test_value_too_large(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;
	struct db_stmt *stmt = prepare(db, "SELECT LENGTH(ZEROBLOB(:n))");

	db_bind_int(stmt, ":n", G_GINT64_CONSTANT(2000000000));
	assert_fails(db_step(stmt, &error) != DB_FAILED, error,
	             PORTARIA_ERROR_LIMIT, "");
	db_finish(stmt);
	db_close(db);
}

static void test_second_writer_waits_then_fails(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = open_new(fixture);
	g_autoptr(GError) error = NULL;
	struct db *other =
		db_open(fixture->config.database, DB_WRITE, 200, &error);
	gint64 start;

	assert_ok(other != NULL, error);
	begin(db);
	assert_ok(insert(db, 1, "one", &error), error);
	start = clock_monotonic();
	assert_fails(db_begin(other, &error), error, PORTARIA_ERROR_TEMPORARY,
	             "locked");
	assert_true(clock_monotonic() - start >= 150);
	/* A reader sees the state before and does not wait. */
	assert_int_equal(count(other), 0);
	commit(db);
	assert_int_equal(count(other), 1);
	begin(other);
	assert_ok(insert(other, 2, "two", &error), error);
	commit(other);
	db_close(other);
	db_close(db);
}

struct writer {
	const char *path;
	gint64 first;
	unsigned rows;
};

static void *write_rows(void *data)
{
	struct writer *writer = data;
	struct db *db = db_open(writer->path, DB_WRITE, 30000, NULL);

	for (unsigned i = 0; db != NULL && i < writer->rows; i++) {
		g_autofree char *name = g_strdup_printf(
			"%" G_GINT64_FORMAT ".%u", writer->first, i);

		if (!db_begin(db, NULL) ||
		    !insert(db, writer->first + i, name, NULL) ||
		    !db_commit(db, NULL))
			break;
	}
	db_close(db);
	return NULL;
}

static void test_many_writers(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = open_new(fixture);
	struct writer writers[4];
	GThread *threads[4];

	for (size_t i = 0; i < 4; i++) {
		writers[i] = (struct writer){ fixture->config.database,
			                      (gint64)i * 1000, 50 };
		threads[i] = g_thread_new("writer", write_rows, &writers[i]);
	}
	for (size_t i = 0; i < 4; i++)
		g_thread_join(threads[i]);
	assert_int_equal(count(db), 200);
	db_close(db);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_open_makes_files_with_mode(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *wal =
		g_strconcat(fixture->config.database, "-wal", NULL);
	g_autofree char *shm =
		g_strconcat(fixture->config.database, "-shm", NULL);
	mode_t mask = umask(0);
	struct db *db;

	umask(0077);
	db = open_new(fixture);
	assert_int_equal(mode_of(fixture->config.database), 0640);
	assert_int_equal(mode_of(wal), 0640);
	assert_int_equal(mode_of(shm), 0640);
	db_close(db);
	umask(mask);
}

static void test_open_refuses(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_build_filename(fixture->dir, "text", NULL);
	g_autofree char *below = g_build_filename(text, "x.db", NULL);
	g_autofree char *long_text = g_strnfill(5000, 'x');
	const struct {
		const char *path;
		int code;
	} cases[] = {
		{ fixture->config.database, PORTARIA_ERROR_NOT_FOUND },
		{ below, PORTARIA_ERROR_NOT_FOUND },
		{ fixture->dir, PORTARIA_ERROR_TEMPORARY },
		{ text, PORTARIA_ERROR_CONFIG },
	};

	assert_true(g_file_set_contents(text, long_text, -1, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_fails(db_open(cases[i].path, DB_READ, 100, &error) !=
		                     NULL,
		             error, cases[i].code, cases[i].path);
		assert_fails(db_open(cases[i].path, DB_WRITE, 100, &error) !=
		                     NULL,
		             error, cases[i].code, cases[i].path);
	}
}

static void test_read_mode(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = open_new(fixture);
	g_autoptr(GError) error = NULL;
	struct db *reader;

	/* Beside a writer, and alone on a file whose WAL is gone. */
	for (int alone = 0; alone < 2; alone++) {
		reader =
			db_open(fixture->config.database, DB_READ, 100, &error);
		assert_ok(reader != NULL, error);
		assert_int_equal(count(reader), alone);
		assert_fails(db_exec(reader,
		                     "INSERT INTO parent (id, name)"
		                     " VALUES (9, '9')",
		                     &error),
		             error, PORTARIA_ERROR_DENIED, "readonly");
		begin(reader);
		assert_fails(insert(reader, 9, "9", &error), error,
		             PORTARIA_ERROR_DENIED, "readonly");
		commit(reader);
		if (alone == 0) {
			begin(db);
			assert_ok(insert(db, 1, "one", &error), error);
			commit(db);
			assert_int_equal(count(reader), 1);
			db_close(db);
		}
		db_close(reader);
	}
}

/* As nobody, where permission bits count. Exits with 0 if all is well. */
static void child_without_rights(const char *path)
{
	static const enum db_mode modes[] = { DB_READ, DB_WRITE };
	int failures = 0;

	if (setegid(65534) != 0 || seteuid(65534) != 0)
		_exit(77);
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autoptr(GError) error = NULL;
		struct db *db = db_open(path, modes[i], 100, &error);

		if (db != NULL || !g_error_matches(error, PORTARIA_ERROR,
		                                   PORTARIA_ERROR_DENIED))
			failures++;
		db_close(db);
	}
	_exit(failures);
}

/* The file may be read and not written. */
static void child_without_write(const char *path)
{
	g_autoptr(GError) error = NULL;
	struct db *db;

	if (setegid(65534) != 0 || seteuid(65534) != 0)
		_exit(77);
	db = db_open(path, DB_WRITE, 100, &error);
	_exit(db == NULL && g_error_matches(error, PORTARIA_ERROR,
	                                    PORTARIA_ERROR_DENIED)
	              ? 0
	              : 1);
}

static int run_child(void (*child)(const char *path), const char *path)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		child(path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_open_denied(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid() != 0) {
		print_message("not root: cannot become nobody\n");
		skip();
	}
	db_close(open_new(fixture));
	assert_int_equal(chmod(fixture->dir, 0711), 0);
	assert_int_equal(
		run_child(child_without_rights, fixture->config.database), 0);
	assert_int_equal(chmod(fixture->config.database, 0644), 0);
	assert_int_equal(
		run_child(child_without_write, fixture->config.database), 0);
}

/* The descriptor under which this process has the file open. */
static int fd_of(const char *path)
{
	struct stat want;

	assert_int_equal(stat(path, &want), 0);
	for (int fd = 3; fd < 1000; fd++) {
		struct stat st;

		if (fstat(fd, &st) == 0 && st.st_ino == want.st_ino &&
		    st.st_dev == want.st_dev)
			return fd;
	}
	fail_msg("%s is not open", path);
	return -1;
}

/*
 * Puts another file under the WAL's descriptor, writes, and puts the WAL
 * back. /dev/full says "no space left", a file open for reading "bad file".
 */
static void write_through(struct fixture *fixture, struct db *db,
                          const char *path, int flags)
{
	g_autofree char *wal =
		g_strconcat(fixture->config.database, "-wal", NULL);
	g_autoptr(GError) error = NULL;
	int at = fd_of(wal);
	int good = dup(at);
	int bad = open(path, flags);
	bool failed;

	assert_true(good >= 0 && bad >= 0);
	assert_true(dup2(bad, at) == at);
	begin(db);
	failed = !insert(db, 50, "lost", &error) || !db_commit(db, &error);
	db_rollback(db);
	assert_true(dup2(good, at) == at);
	close(good);
	close(bad);
	assert_true(failed);
	assert_int_equal(error->code, PORTARIA_ERROR_TEMPORARY);
}

static void test_disk_trouble_passes(void **state)
{
	static const struct {
		const char *path;
		int flags;
	} cases[] = {
		{ "/dev/full", O_RDWR },
		{ "/dev/null", O_RDONLY },
	};
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	begin(db);
	assert_ok(insert(db, 1, "one", &error), error);
	commit(db);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = g_strdup_printf("after %zu", i);

		write_through(*state, db, cases[i].path, cases[i].flags);
		assert_int_equal(count(db), 1 + (gint64)i);
		begin(db);
		assert_ok(insert(db, 2 + (gint64)i, name, &error), error);
		commit(db);
		assert_int_equal(count(db), 2 + (gint64)i);
	}
	db_close(db);
}

/* SQLite may end a transaction by itself; nothing may run outside it then. */
static void test_lost_transaction(void **state)
{
	struct db *db = open_new(*state);
	g_autoptr(GError) error = NULL;

	begin(db);
	assert_ok(insert(db, 1, "one", &error), error);
	assert_ok(db_savepoint(db, &error), error);
	assert_ok(db->driver->exec(db, "ROLLBACK", &error), error);
	db_rollback_to(db);
	assert_fails(insert(db, 2, "two", &error), error,
	             PORTARIA_ERROR_TEMPORARY, "gave up");
	assert_fails(db_savepoint(db, &error), error, PORTARIA_ERROR_TEMPORARY,
	             "gave up");
	assert_fails(db_commit(db, &error), error, PORTARIA_ERROR_TEMPORARY,
	             "gave up");
	assert_int_equal(count(db), 0);
	begin(db);
	assert_ok(insert(db, 2, "two", &error), error);
	commit(db);
	assert_int_equal(count(db), 1);
	db_close(db);
}

static void test_stale(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = open_new(fixture);
	g_autofree char *away =
		g_strconcat(fixture->config.database, ".away", NULL);

	assert_false(db_is_stale(db));
	assert_int_equal(g_rename(fixture->config.database, away), 0);
	assert_true(db_is_stale(db));
	assert_int_equal(g_rename(away, fixture->config.database), 0);
	assert_false(db_is_stale(db));
	db_close(db);
}

static void test_snapshot(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = open_new(fixture);
	g_autofree char *path = g_build_filename(fixture->dir, "copy", NULL);
	g_autoptr(GError) error = NULL;
	struct db *copy;

	begin(db);
	assert_ok(insert(db, 1, "one", &error), error);
	commit(db);
	assert_ok(db_snapshot(db, path, &error), error);
	assert_int_equal(mode_of(path), 0640);
	assert_fails(db_snapshot(db, path, &error), error,
	             PORTARIA_ERROR_CONFLICT, "already");
	copy = db_open(path, DB_READ, 100, &error);
	assert_ok(copy != NULL, error);
	assert_int_equal(count(copy), 1);
	db_close(copy);
	db_close(db);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup_bare,              \
	                                fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_bind_every_type),
		T(test_bind_text_repairs_utf8),
		T(test_bind_unknown_name),
		T(test_step_unbound),
		T(test_bind_late),
		T(test_prepare_refuses),
		T(test_prepare_caches),
		T(test_prepare_cache_is_bounded),
		T(test_close_with_leaked_statements),
		T(test_run_refuses_rows),
		T(test_write_needs_transaction),
		T(test_begin_twice_names_the_first),
		T(test_transaction_misuse),
		T(test_savepoints_nest),
		T(test_savepoints_are_bounded),
		T(test_savepoint_in_a_batch),
		T(test_constraints),
		T(test_value_too_large),
		T(test_second_writer_waits_then_fails),
		T(test_many_writers),
		T(test_open_makes_files_with_mode),
		T(test_open_refuses),
		T(test_read_mode),
		T(test_open_denied),
		T(test_disk_trouble_passes),
		T(test_lost_transaction),
		T(test_stale),
		T(test_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
