/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_store_store.c - store/store.h: transactions, pool, check, backup;
 * needs a scratch folder and threads
 */
#include "unit/store_fixture.h"

#include <sys/stat.h>

static gint64 departments_in(struct fixture *fixture)
{
	return fixture_int(fixture, "SELECT COUNT(*) FROM department");
}

static void test_commit_and_rollback(void **state)
{
	struct fixture *fixture = *state;

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	store_rollback(fixture->store);
	assert_int_equal(departments_in(fixture), 0);
	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	assert_int_equal(departments_in(fixture), 1);
}

static void test_savepoints(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_begin(fixture);
	assert_ok(store_savepoint(fixture->store, &error), error);
	fixture_department(fixture, "suporte");
	assert_ok(store_release(fixture->store, &error), error);
	assert_ok(store_savepoint(fixture->store, &error), error);
	fixture_department(fixture, "financeiro");
	store_rollback_to(fixture->store);
	fixture_commit(fixture);
	assert_int_equal(departments_in(fixture), 1);
}

static void test_begin_twice(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_begin(fixture);
	assert_fails(store_begin(fixture->store, &error), error,
	             PORTARIA_ERROR_INTERNAL, "store_fixture.h:");
	fixture_commit(fixture);
}

static void test_close_rolls_back(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	store_close(fixture->store);
	fixture->store = store_open(&fixture->config, STORE_WRITE, &error);
	assert_ok(fixture->store != NULL, error);
	assert_int_equal(departments_in(fixture), 0);
	store_close(NULL);
}

static void test_writing_needs_a_transaction(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(department) department = department_new();

	set(&department->name, g_strdup("suporte"));
	department->addresses = g_strsplit("suporte@desk.example", " ", 0);
	assert_fails(department_insert(fixture->store, department, &error),
	             error, PORTARIA_ERROR_INTERNAL, "without transaction");
	assert_int_equal(department->id, 0);
}

static void test_read_mode(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(store) reader = store_open(&fixture->config, STORE_READ, &error);
	AUTO(department) department = department_new();
	g_autoptr(GPtrArray) list = NULL;

	assert_ok(reader != NULL, error);
	set(&department->name, g_strdup("suporte"));
	department->addresses = g_strsplit("suporte@desk.example", " ", 0);
	assert_ok(store_begin(reader, &error), error);
	assert_fails(department_insert(reader, department, &error), error,
	             PORTARIA_ERROR_DENIED, "readonly");
	/* A view that does not change under the reader. */
	fixture_begin(fixture);
	fixture_department(fixture, "financeiro");
	fixture_commit(fixture);
	list = department_list(reader, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 0);
	assert_ok(store_commit(reader, &error), error);
	g_ptr_array_unref(list);
	list = department_list(reader, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 1);
}

/* The whole folder goes away and comes back: an unmounted disk. */
static void test_folder_moved_away_and_back(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *away = g_strconcat(fixture->dir, ".away", NULL);
	struct store *other;

	assert_int_equal(g_rename(fixture->dir, away), 0);
	assert_false(store_begin(fixture->store, &error));
	assert_int_equal(error->code, PORTARIA_ERROR_TEMPORARY);
	assert_false(error_is_permanent(error));
	g_clear_error(&error);
	other = store_open(&fixture->config, STORE_WRITE, &error);
	assert_null(other);
	assert_int_equal(error->code, PORTARIA_ERROR_CONFIG);
	assert_false(error_is_permanent(error));
	g_clear_error(&error);
	assert_int_equal(g_rename(away, fixture->dir), 0);
	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	assert_int_equal(departments_in(fixture), 1);
}

/* Puts a backup in place, as the manual says: without the old WAL. */
static void put_back(struct fixture *fixture, const char *backup)
{
	static const char *const old[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < G_N_ELEMENTS(old); i++) {
		g_autofree char *path =
			g_strconcat(fixture->config.database, old[i], NULL);

		g_unlink(path);
	}
	assert_int_equal(g_rename(backup, fixture->config.database), 0);
}

/* A backup is put back while the program runs: what it writes must go into
 * the file that has the name now. */
static void test_begin_follows_a_replaced_file(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *backup = g_build_filename(fixture->dir, "b", NULL);

	assert_ok(store_backup(fixture->store, backup, &error), error);
	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	put_back(fixture, backup);
	fixture_begin(fixture);
	assert_int_equal(departments_in(fixture), 0);
	fixture_department(fixture, "financeiro");
	fixture_commit(fixture);
	store_close(fixture->store);
	fixture->store = store_open(&fixture->config, STORE_WRITE, &error);
	assert_ok(fixture->store != NULL, error);
	assert_int_equal(departments_in(fixture), 1);
	fixture_check(fixture);
}

static void test_backup_while_writing(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(fixture->dir, "copy", NULL);
	AUTO(store) reader = store_open(&fixture->config, STORE_READ, &error);
	struct config_store config = fixture->config;
	struct stat st;
	AUTO(store) copy = NULL;
	g_autoptr(GPtrArray) list = NULL;

	assert_ok(reader != NULL, error);
	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	fixture_begin(fixture);
	fixture_department(fixture, "half");
	assert_ok(store_backup(reader, path, &error), error);
	fixture_commit(fixture);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	config.database = path;
	copy = store_open(&config, STORE_WRITE, &error);
	assert_ok(copy != NULL, error);
	list = department_list(copy, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 1);
	assert_fails(store_backup(reader, path, &error), error,
	             PORTARIA_ERROR_CONFLICT, "already");
}

static GPtrArray *problems_of(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *problems = NULL;

	assert_ok(store_check(fixture->store, &problems, &error), error);
	return problems;
}

static void test_check_finds_damage(void **state)
{
	static const struct {
		const char *name;
		const char *damage;
		const char *part;
	} cases[] = {
		{ "dangling reference",
		  "PRAGMA foreign_keys = OFF;"
		  "UPDATE ticket SET department_id = 5;"
		  "PRAGMA foreign_keys = ON",
		  "ticket" },
		{ "text changed behind the index",
		  "UPDATE ticket SET subject = 'other'", "search index" },
		{ "a document lost", "DELETE FROM message", "search index" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		void *own = NULL;
		struct fixture *fixture;
		g_autoptr(GPtrArray) problems = NULL;
		AUTO(ticket) ticket = NULL;

		fixture_setup(&own);
		fixture = own;
		fixture_begin(fixture);
		ticket = fixture_ticket(fixture,
		                        fixture_department(fixture, "suporte"),
		                        "Assunto");
		fixture_message(fixture, ticket->id, "um texto");
		fixture_commit(fixture);
		fixture_check(fixture);
		fixture_exec(fixture, cases[i].damage);
		problems = problems_of(fixture);
		if (problems->len == 0 || strstr(g_ptr_array_index(problems, 0),
		                                 cases[i].part) == NULL)
			fail_msg("%s: not found", cases[i].name);
		fixture_teardown(&own);
	}
}

static void test_check_in_read_mode(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) problems = NULL;
	AUTO(store) reader = store_open(&fixture->config, STORE_READ, &error);

	assert_ok(reader != NULL, error);
	assert_ok(store_check(reader, &problems, &error), error);
	assert_int_equal(problems->len, 0);
}

static void test_pool_hands_out_again(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(store_pool)
	pool = store_pool_new(&fixture->config, STORE_WRITE, 2);
	struct store *first = store_pool_get(pool, &error);
	struct store *second = store_pool_get(pool, &error);

	assert_ok(first != NULL && second != NULL, error);
	assert_ptr_not_equal(first, second);
	store_pool_put(pool, first, false);
	assert_ptr_equal(store_pool_get(pool, &error), first);
	/* A transaction somebody forgot must not reach the next one. */
	assert_ok(store_begin(first, &error), error);
	store_pool_put(pool, first, false);
	assert_ptr_equal(store_pool_get(pool, &error), first);
	assert_ok(store_begin(first, &error), error);
	assert_ok(store_commit(first, &error), error);
	store_pool_put(pool, first, true);
	store_pool_put(pool, second, false);
	store_pool_put(pool, NULL, false);
}

static void test_pool_open_fails(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(store_pool) pool = store_pool_new(&fixture->config, STORE_READ, 1);
	struct store *store;

	/* A place that could not be filled is free again. */
	for (unsigned i = 0; i < 3; i++)
		assert_fails(store_pool_get(pool, &error) != NULL, error,
		             PORTARIA_ERROR_CONFIG, "portaria db init");
	fixture_open(fixture);
	store = store_pool_get(pool, &error);
	assert_ok(store != NULL, error);
	store_pool_put(pool, store, false);
}

static void test_pool_drops_stale(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(store_pool) pool = store_pool_new(&fixture->config, STORE_READ, 1);
	g_autofree char *backup = g_build_filename(fixture->dir, "b", NULL);
	g_autoptr(GPtrArray) list = NULL;
	struct store *store = store_pool_get(pool, &error);

	assert_ok(store != NULL, error);
	store_pool_put(pool, store, false);
	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	assert_ok(store_backup(fixture->store, backup, &error), error);
	fixture_begin(fixture);
	fixture_department(fixture, "financeiro");
	fixture_commit(fixture);
	g_clear_pointer(&fixture->store, store_close);
	put_back(fixture, backup);
	store = store_pool_get(pool, &error);
	assert_ok(store != NULL, error);
	list = department_list(store, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 1);
	store_pool_put(pool, store, false);
}

#define POOL_MAX     3
#define POOL_THREADS 12
#define POOL_ROUNDS  30

struct pool_user {
	struct store_pool *pool;
	gint out; /* atomic: stores in use */
	gint too_many;
	gint failed;
};

static void *use_pool(void *data)
{
	struct pool_user *user = data;

	for (unsigned i = 0; i < POOL_ROUNDS; i++) {
		struct store *store = store_pool_get(user->pool, NULL);
		g_autoptr(GPtrArray) list = NULL;

		if (g_atomic_int_add(&user->out, 1) >= POOL_MAX)
			g_atomic_int_inc(&user->too_many);
		list = store != NULL ? department_list(store, NULL) : NULL;
		if (list == NULL || list->len != 1)
			g_atomic_int_inc(&user->failed);
		g_usleep(100);
		g_atomic_int_add(&user->out, -1);
		store_pool_put(user->pool, store, i % 10 == 9);
	}
	return NULL;
}

static void test_pool_blocks_past_max(void **state)
{
	struct fixture *fixture = *state;
	AUTO(store_pool)
	pool = store_pool_new(&fixture->config, STORE_READ, POOL_MAX);
	struct pool_user user = { .pool = pool };
	GThread *threads[POOL_THREADS];

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	for (size_t i = 0; i < POOL_THREADS; i++)
		threads[i] = g_thread_new("user", use_pool, &user);
	for (size_t i = 0; i < POOL_THREADS; i++)
		g_thread_join(threads[i]);
	assert_int_equal(user.too_many, 0);
	assert_int_equal(user.failed, 0);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_commit_and_rollback),
		T(test_savepoints),
		T(test_begin_twice),
		T(test_close_rolls_back),
		T(test_writing_needs_a_transaction),
		T(test_read_mode),
		T(test_folder_moved_away_and_back),
		T(test_begin_follows_a_replaced_file),
		T(test_backup_while_writing),
		cmocka_unit_test(test_check_finds_damage),
		T(test_check_in_read_mode),
		T(test_pool_hands_out_again),
		cmocka_unit_test_setup_teardown(test_pool_open_fails,
		                                fixture_setup_bare,
		                                fixture_teardown),
		T(test_pool_drops_stale),
		T(test_pool_blocks_past_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
