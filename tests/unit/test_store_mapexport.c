/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_store_mapexport.c - mapexport.h; needs a scratch folder. What Postfix
 * sees is asked with its own postmap(1); without it those tests skip.
 */
#include "unit/store_fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "store/mapexport.h"

#define POSTMAP   "/usr/sbin/postmap"
#define TRANSPORT "lmtp:unix:portaria/lmtp"

static char *path_in(struct fixture *fixture, const char *name)
{
	return g_build_filename(fixture->dir, name, NULL);
}

static bool export_map(struct fixture *fixture, const char *transport)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = path_in(fixture, "map.db");
	bool changed = false;

	assert_ok(mapexport_write(fixture->store, path, transport, &changed,
	                          &error),
	          error);
	return changed;
}

/* The answer of a table for an address, or "". */
static char *look_up(struct fixture *fixture, const char *table,
                     const char *address)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = path_in(fixture, "map.db");
	g_autofree char *sql = g_strdup_printf(
		"SELECT result FROM %s WHERE address = :address", table);
	struct db *db = db_open(path, DB_READ, 100, &error);
	struct db_stmt *stmt;
	char *result;

	assert_ok(db != NULL, error);
	stmt = db_prepare(db, sql, &error);
	assert_ok(stmt != NULL, error);
	db_bind_text(stmt, ":address", address);
	result = db_step(stmt, &error) == DB_ROW ? db_column_dup(stmt, 0)
	                                         : g_strdup("");
	db_finish(stmt);
	db_close(db);
	return result;
}

static void test_rows(void **state)
{
	static const struct {
		const char *table;
		const char *address;
		const char *want;
	} cases[] = {
		{ "recipient", "suporte@desk.example", "OK" },
		{ "recipient", "SUPORTE@Desk.Example", "OK" },
		{ "recipient", "ajuda@desk.example", "OK" },
		{ "recipient", "antigo@desk.example", "" },
		{ "recipient", "x@desk.example", "" },
		{ "recipient", "desk.example", "" },
		{ "transport", "suporte@desk.example", TRANSPORT },
		{ "transport", "antigo@desk.example", "" },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(department) old = NULL;

	fixture_begin(fixture);
	assert_ok(department_add_address(fixture->store,
	                                 fixture_department(fixture, "suporte"),
	                                 "ajuda@desk.example", &error),
	          error);
	old = department_get(fixture->store,
	                     fixture_department(fixture, "antigo"), &error);
	assert_ok(old != NULL, error);
	old->active = false;
	assert_ok(department_update(fixture->store, old, &error), error);
	fixture_commit(fixture);
	assert_true(export_map(fixture, TRANSPORT));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			look_up(fixture, cases[i].table, cases[i].address);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s %s: %s", cases[i].table, cases[i].address,
			         got);
	}
}

static ino_t inode_of(struct fixture *fixture)
{
	g_autofree char *path = path_in(fixture, "map.db");
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	return st.st_ino;
}

static void test_unchanged_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *path = path_in(fixture, "map.db");
	ino_t inode;
	mode_t mask = umask(0077);

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	assert_true(export_map(fixture, TRANSPORT));
	inode = inode_of(fixture);
	assert_false(export_map(fixture, TRANSPORT));
	assert_true(inode_of(fixture) == inode);
	/* Every difference counts: transport, address, mode, damage. */
	assert_true(export_map(fixture, "lmtp:inet:127.0.0.1:2424"));
	assert_false(export_map(fixture, "lmtp:inet:127.0.0.1:2424"));
	assert_true(export_map(fixture, TRANSPORT));
	fixture_begin(fixture);
	fixture_department(fixture, "abusos");
	fixture_commit(fixture);
	assert_true(export_map(fixture, TRANSPORT));
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(export_map(fixture, TRANSPORT));
	assert_true(g_file_set_contents(path, "x", 1, NULL));
	assert_true(export_map(fixture, TRANSPORT));
	g_unlink(path);
	assert_true(export_map(fixture, TRANSPORT));
	assert_false(export_map(fixture, TRANSPORT));
	inode_of(fixture);
	umask(mask);
}

/* The order in which addresses were added does not matter. */
static void test_same_rows_same_bytes(void **state)
{
	static const char *const orders[] = { "b@x.example a@x.example",
		                              "a@x.example b@x.example" };
	g_autofree char *first = NULL;
	gsize first_len = 0;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		g_autoptr(GError) error = NULL;
		void *own = NULL;
		struct fixture *fixture;
		AUTO(department) department = department_new();
		g_autofree char *path = NULL;
		g_autofree char *data = NULL;
		gsize len;

		fixture_setup(&own);
		fixture = own;
		set(&department->name, g_strdup("x"));
		department->addresses = g_strsplit(orders[i], " ", 0);
		fixture_begin(fixture);
		assert_ok(department_insert(fixture->store, department, &error),
		          error);
		fixture_commit(fixture);
		export_map(fixture, TRANSPORT);
		path = path_in(fixture, "map.db");
		assert_true(g_file_get_contents(path, &data, &len, NULL));
		if (i > 0) {
			assert_int_equal(len, first_len);
			assert_memory_equal(data, first, len);
		}
		g_free(first);
		first = g_steal_pointer(&data);
		first_len = len;
		fixture_teardown(&own);
	}
}

static void test_file_is_a_plain_database(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *path = path_in(fixture, "map.db");
	g_autofree char *data = NULL;
	GDir *dir;
	const char *name;
	gsize len;

	export_map(fixture, TRANSPORT);
	assert_true(g_file_get_contents(path, &data, &len, NULL));
	assert_true(len >= 100);
	assert_memory_equal(data, "SQLite format 3", 16);
	/* Rollback journal: read and write version 1 (file format, 1.3.3). */
	assert_int_equal(data[18], 1);
	assert_int_equal(data[19], 1);
	/* Nothing else is left lying about. */
	dir = g_dir_open(fixture->dir, 0, NULL);
	while ((name = g_dir_read_name(dir)) != NULL)
		assert_null(strstr(name, ".new-"));
	g_dir_close(dir);
}

static void test_no_folder(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = path_in(fixture, "none/map.db");
	bool changed = true;

	assert_fails(mapexport_write(fixture->store, path, TRANSPORT, &changed,
	                             &error),
	             error, PORTARIA_ERROR_TEMPORARY, "none");
	assert_true(changed);
}

/* A folder in the way of the file: the temporary one goes again. */
static void test_cannot_rename(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = path_in(fixture, "map.db");
	GDir *dir;
	const char *name;
	bool changed = true;

	assert_int_equal(g_mkdir(path, 0700), 0);
	assert_fails(mapexport_write(fixture->store, path, TRANSPORT, &changed,
	                             &error),
	             error, PORTARIA_ERROR_TEMPORARY, "map.db");
	dir = g_dir_open(fixture->dir, 0, NULL);
	while ((name = g_dir_read_name(dir)) != NULL)
		assert_null(strstr(name, ".new-"));
	g_dir_close(dir);
}

/* --- with Postfix's postmap --- */

/* A main.cf of our own, since postmap wants one, and a query for a table. */
static bool postmap_prepare(struct fixture *fixture)
{
	g_autofree char *main_cf = path_in(fixture, "main.cf");
	g_autofree char *recipient_cf = path_in(fixture, "recipient.cf");
	g_autofree char *map = path_in(fixture, "map.db");
	g_autofree char *text = g_strdup_printf(
		"dbpath = %s\n"
		"query = SELECT result FROM recipient WHERE address = '%%s'\n",
		map);

	assert_true(g_file_set_contents(main_cf, "compatibility_level = 3.6\n",
	                                -1, NULL));
	assert_true(g_file_set_contents(recipient_cf, text, -1, NULL));
	assert_int_equal(chmod(fixture->dir, 0755), 0);
	return g_file_test(POSTMAP, G_FILE_TEST_IS_EXECUTABLE);
}

/* The exit code of a lookup: 0 found, 1 not found or failed; *ret_output is
 * what it said on either stream. */
static int postmap_query(struct fixture *fixture, const char *address,
                         char **ret_output)
{
	g_autofree char *recipient_cf = path_in(fixture, "recipient.cf");
	g_autofree char *map = g_strconcat("sqlite:", recipient_cf, NULL);
	const char *const argv[] = { POSTMAP, "-c", fixture->dir, "-q",
		                     address, map,  NULL };
	g_autofree char *out = NULL;
	g_autofree char *err = NULL;
	int status = -1;

	assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL,
	                         G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
	                         &status, NULL));
	*ret_output = g_strconcat(out, err, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* False, with a message, if this machine's postmap has no SQLite. */
static bool postmap_works(struct fixture *fixture)
{
	g_autofree char *output = NULL;

	if (!postmap_prepare(fixture)) {
		print_message("no %s here\n", POSTMAP);
		return false;
	}
	postmap_query(fixture, "suporte@desk.example", &output);
	if (strstr(output, "unsupported dictionary type") != NULL) {
		print_message("postmap knows no sqlite maps here\n");
		return false;
	}
	return true;
}

static void test_postmap_answers(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *address;
		int code;
		const char *output;
	} cases[] = {
		{ "suporte@desk.example", 0, "OK\n" },
		{ "SUPORTE@desk.example", 0, "OK\n" },
		{ "nobody@desk.example", 1, "" },
	};

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	export_map(fixture, TRANSPORT);
	if (!postmap_works(fixture))
		skip();
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *output = NULL;

		assert_int_equal(
			postmap_query(fixture, cases[i].address, &output),
			cases[i].code);
		assert_string_equal(output, cases[i].output);
	}
}

struct replacer {
	const struct config_store *config;
	char *path;
	gint replaced; /* atomic */
	gint stop;
};

/* Changes the transport every time, so every export replaces the file. */
static void *replace_often(void *data)
{
	struct replacer *replacer = data;
	AUTO(store) store = store_open(replacer->config, STORE_READ, NULL);

	while (store != NULL && !g_atomic_int_get(&replacer->stop)) {
		g_autofree char *transport = g_strdup_printf(
			"lmtp:inet:127.0.0.1:%d",
			1024 + g_atomic_int_get(&replacer->replaced));
		bool changed = false;

		if (!mapexport_write(store, replacer->path, transport, &changed,
		                     NULL) ||
		    !changed)
			break;
		g_atomic_int_inc(&replacer->replaced);
		g_usleep(2000);
	}
	return NULL;
}

/* Like postmap, but quick: opens, asks, closes. */
static unsigned look_up_often(struct fixture *fixture, unsigned times)
{
	unsigned failures = 0;

	for (unsigned i = 0; i < times; i++) {
		g_autofree char *got =
			look_up(fixture, "recipient", "suporte@desk.example");

		failures += strcmp(got, "OK") != 0;
	}
	return failures;
}

static unsigned postmap_often(struct fixture *fixture, unsigned times)
{
	unsigned failures = 0;

	for (unsigned i = 0; i < times; i++) {
		g_autofree char *output = NULL;
		int code =
			postmap_query(fixture, "suporte@desk.example", &output);

		if (code != 0 || strcmp(output, "OK\n") != 0) {
			print_message("%d: %s\n", code, output);
			failures++;
		}
	}
	return failures;
}

static void under_replacement(struct fixture *fixture,
                              unsigned (*ask)(struct fixture *fixture,
                                              unsigned times))
{
	struct replacer replacer = { .config = &fixture->config };
	GThread *thread;
	unsigned failures = 0;
	unsigned rounds = 0;

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	export_map(fixture, TRANSPORT);
	replacer.path = path_in(fixture, "map.db");
	thread = g_thread_new("replacer", replace_often, &replacer);
	/* 25 lookups at a time until there were 200 replacements. */
	for (; rounds < 400; rounds++) {
		failures += ask(fixture, 25);
		if (rounds >= 8 && g_atomic_int_get(&replacer.replaced) >= 200)
			break;
	}
	g_atomic_int_set(&replacer.stop, 1);
	g_thread_join(thread);
	print_message("%u lookups, %d replacements\n", (rounds + 1) * 25,
	              replacer.replaced);
	assert_int_equal(failures, 0);
	assert_true(replacer.replaced >= 200);
	g_free(replacer.path);
}

static void test_lookups_under_replacement(void **state)
{
	under_replacement(*state, look_up_often);
}

static void test_postmap_under_replacement(void **state)
{
	struct fixture *fixture = *state;

	if (!postmap_works(fixture))
		skip();
	under_replacement(fixture, postmap_often);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_rows),
		T(test_unchanged_is_left_alone),
		cmocka_unit_test(test_same_rows_same_bytes),
		T(test_file_is_a_plain_database),
		T(test_no_folder),
		T(test_cannot_rename),
		T(test_postmap_answers),
		T(test_lookups_under_replacement),
		T(test_postmap_under_replacement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
