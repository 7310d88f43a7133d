/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_store_schema.c - store/schema.h; needs a scratch folder */
#include "unit/store_fixture.h"

#include "store/db_driver.h"
#include "store/schema.h"

static bool fill(struct db *db, GError **error)
{
	return db_exec(db, "UPDATE later SET name = 'filled'", error);
}

static bool refuse(struct db *db, GError **error)
{
	(void)db;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
	            "this step cannot");
	return false;
}

static const char SQL_LATER[] =
	"-- A table of the next version.\n"
	"CREATE TABLE later (id BIGINT NOT NULL PRIMARY KEY, name TEXT);"
	"INSERT INTO later (id, name) VALUES (1, 'empty');";

/* The program's own steps and one or two more. */
static GArray *steps_and(const struct schema_step *more, size_t n_more)
{
	GArray *steps = g_array_new(FALSE, FALSE, sizeof(struct schema_step));
	size_t count;
	const struct schema_step *own = schema_steps(&count);

	g_array_append_vals(steps, own, (guint)count);
	for (size_t i = 0; i < n_more; i++) {
		struct schema_step step = more[i];

		step.to = (int)(count + i + 1);
		g_array_append_val(steps, step);
	}
	return steps;
}

static const struct schema_step *data_of(GArray *steps)
{
	return &g_array_index(steps, struct schema_step, 0);
}

/* Brings the fixture's database to `steps`, as portaria db migrate would. */
static bool upgrade(struct fixture *fixture, GArray *steps, int *ret_from,
                    GError **error)
{
	struct db *db =
		db_open(fixture->config.database, DB_WRITE, 1000, error);
	bool good = db != NULL && schema_upgrade(db, data_of(steps), steps->len,
	                                         ret_from, error);

	db_close(db);
	return good;
}

static int version_of(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	int version = -1;

	assert_ok(store_get_version(&fixture->config, &version, &error), error);
	return version;
}

static void test_steps_are_numbered(void **state)
{
	size_t count;
	const struct schema_step *steps = schema_steps(&count);

	(void)state;
	assert_int_equal(count, store_current_version());
	assert_true(count >= 1);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(steps[i].to, i + 1);
		assert_non_null(steps[i].sql);
	}
}

/* A sentence for each table and column: DESIGN section 9. */
static void test_every_column_is_explained(void **state)
{
	g_autofree char *folder = g_build_filename(
		PORTARIA_SOURCE_DIR, "shared/store/migrations", NULL);
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;
	size_t columns = 0;

	(void)state;
	assert_non_null(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *text = NULL;
		g_auto(GStrv) lines = NULL;

		assert_true(g_file_get_contents(path, &text, NULL, NULL));
		lines = g_strsplit(text, "\n", 0);
		for (size_t i = 0; lines[i] != NULL; i++) {
			bool is_table =
				g_str_has_prefix(lines[i], "CREATE TABLE");
			bool is_column = g_regex_match_simple(
				"^\t[a-z_]+ (BIGINT|TEXT|SMALLINT|BYTEA)",
				lines[i], 0, 0);

			columns += is_column;
			if (is_column && strstr(lines[i], " -- ") == NULL)
				fail_msg("%s: %s", name, lines[i]);
			if (is_table &&
			    (i == 0 || !g_str_has_prefix(lines[i - 1], "-- ")))
				fail_msg("%s: %s", name, lines[i]);
		}
	}
	g_dir_close(dir);
	assert_true(columns > 100);
}

static void test_init_makes_everything(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_open(fixture);
	assert_int_equal(version_of(fixture), store_current_version());
	assert_int_equal(fixture_int(fixture, "PRAGMA user_version"),
	                 store_current_version());
	assert_true(g_file_test(fixture->config.blob_dir, G_FILE_TEST_IS_DIR));
	assert_fails(store_init(&fixture->config, &error), error,
	             PORTARIA_ERROR_CONFLICT, "already");
	fixture_check(fixture);
}

static void test_init_takes_an_empty_file(void **state)
{
	struct fixture *fixture = *state;

	assert_true(g_file_set_contents(fixture->config.database, "", 0, NULL));
	assert_int_equal(version_of(fixture), 0);
	fixture_open(fixture);
}

static void test_init_without_folder(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	char *good = fixture->config.database;

	fixture->config.database =
		g_build_filename(fixture->dir, "none", "portaria.db", NULL);
	assert_fails(store_init(&fixture->config, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "none/portaria.db");
	g_free(fixture->config.database);
	fixture->config.database = good;
}

static void test_version_of_no_file(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	int version = -1;
	int to = -1;

	assert_fails(store_get_version(&fixture->config, &version, &error),
	             error, PORTARIA_ERROR_NOT_FOUND, "portaria.db");
	assert_fails(store_migrate(&fixture->config, &version, &to, &error),
	             error, PORTARIA_ERROR_NOT_FOUND, "portaria.db");
	assert_int_equal(version, -1);
	assert_false(g_file_test(fixture->config.database, G_FILE_TEST_EXISTS));
}

static void test_open_without_schema(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	int from;
	int to;

	db_close(db_open(fixture->config.database, DB_CREATE, 100, NULL));
	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++)
		assert_fails(store_open(&fixture->config, (enum store_mode)mode,
		                        &error) != NULL,
		             error, PORTARIA_ERROR_CONFIG, "portaria db init");
	assert_fails(store_migrate(&fixture->config, &from, &to, &error), error,
	             PORTARIA_ERROR_CONFIG, "portaria db init");
}

static void test_open_refuses_older_and_newer(void **state)
{
	static const struct {
		const char *sql;
		const char *part;
	} cases[] = {
		{ "UPDATE schema_version SET version = version + 1000",
		  "newer than this program" },
		{ "INSERT INTO schema_version (version, applied, program)"
		  " VALUES (9999, 0, '')",
		  "newer than this program" },
		{ "DELETE FROM schema_version", "portaria db init" },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_open(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		fixture_exec(fixture, "CREATE TABLE kept AS"
		                      " SELECT * FROM schema_version");
		fixture_exec(fixture, cases[i].sql);
		assert_fails(store_open(&fixture->config, STORE_WRITE,
		                        &error) != NULL,
		             error, PORTARIA_ERROR_CONFIG, cases[i].part);
		/* One that is open notices at its next transaction. */
		assert_fails(store_begin(fixture->store, &error), error,
		             PORTARIA_ERROR_CONFIG, cases[i].part);
		fixture_exec(fixture, "DELETE FROM schema_version;"
		                      "INSERT INTO schema_version"
		                      " SELECT * FROM kept; DROP TABLE kept");
		fixture_begin(fixture);
		fixture_commit(fixture);
	}
}

static void test_check_wants_migrate(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_open(fixture);
	assert_fails(schema_check(fixture->store->db,
	                          store_current_version() + 1, &error),
	             error, PORTARIA_ERROR_CONFIG, "portaria db migrate");
}

static void test_migrate_current(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	int from = 0;
	int to = 0;

	fixture_open(fixture);
	assert_ok(store_migrate(&fixture->config, &from, &to, &error), error);
	assert_int_equal(from, store_current_version());
	assert_int_equal(to, store_current_version());
}

/* Every release: a database of the first version is brought up to date. */
static void test_migrate_from_the_first(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	size_t count;
	const struct schema_step *steps = schema_steps(&count);
	struct db *db =
		db_open(fixture->config.database, DB_CREATE, 1000, &error);
	int from = 0;
	int to = 0;

	assert_ok(db != NULL, error);
	assert_ok(schema_apply(db, steps, 1, &error), error);
	db_close(db);
	assert_int_equal(version_of(fixture), 1);
	assert_ok(store_migrate(&fixture->config, &from, &to, &error), error);
	assert_int_equal(from, 1);
	assert_int_equal(to, count);
	fixture->store = store_open(&fixture->config, STORE_WRITE, &error);
	assert_ok(fixture->store != NULL, error);
}

static void test_upgrade_keeps_rows_and_a_copy(void **state)
{
	static const struct schema_step more[] = {
		{ 0, SQL_LATER, fill },
		{ 0, "ALTER TABLE later ADD COLUMN extra TEXT", NULL },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) steps = steps_and(more, 2);
	g_autofree char *copy =
		g_strdup_printf("%s.before-%d", fixture->config.database,
	                        store_current_version());
	int from = 0;

	fixture_open(fixture);
	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	assert_ok(upgrade(fixture, steps, &from, &error), error);
	assert_int_equal(from, store_current_version());
	assert_int_equal(version_of(fixture), store_current_version() + 2);
	assert_int_equal(fixture_int(fixture, "PRAGMA user_version"),
	                 store_current_version() + 2);
	assert_int_equal(fixture_int(fixture, "SELECT COUNT(*) FROM later"
	                                      " WHERE name = 'filled'"),
	                 1);
	assert_int_equal(
		fixture_int(fixture, "SELECT COUNT(*) FROM department"), 1);
	/* The copy is a whole database of the old version. */
	store_close(fixture->store);
	g_free(fixture->config.database);
	fixture->config.database = g_steal_pointer(&copy);
	assert_int_equal(version_of(fixture), store_current_version());
	fixture->store = store_open(&fixture->config, STORE_WRITE, &error);
	assert_ok(fixture->store != NULL, error);
	assert_int_equal(
		fixture_int(fixture, "SELECT COUNT(*) FROM department"), 1);
	fixture_check(fixture);
}

static void test_upgrade_that_fails_changes_nothing(void **state)
{
	static const struct schema_step bad_sql[] = {
		{ 0, SQL_LATER, NULL },
		{ 0, "CREATE TABLE half (id BIGINT); CREATE TABL", NULL },
	};
	static const struct schema_step bad_function[] = {
		{ 0, SQL_LATER, refuse },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) first = steps_and(bad_sql, 2);
	g_autoptr(GArray) second = steps_and(bad_function, 1);
	g_autofree char *copy =
		g_strdup_printf("%s.before-%d", fixture->config.database,
	                        store_current_version());
	g_autofree char *next = g_strconcat(copy, ".2", NULL);
	int from = -1;

	fixture_open(fixture);
	assert_fails(upgrade(fixture, first, &from, &error), error,
	             PORTARIA_ERROR_INTERNAL, "migration");
	assert_fails(upgrade(fixture, second, &from, &error), error,
	             PORTARIA_ERROR_PERMANENT, "this step cannot");
	assert_int_equal(from, -1);
	assert_int_equal(version_of(fixture), store_current_version());
	assert_int_equal(fixture_int(fixture,
	                             "SELECT COUNT(*) FROM sqlite_master"
	                             " WHERE name IN ('later', 'half')"),
	                 0);
	/* Both attempts left their copies. */
	assert_true(g_file_test(copy, G_FILE_TEST_EXISTS));
	assert_true(g_file_test(next, G_FILE_TEST_EXISTS));
	fixture_begin(fixture);
	fixture_commit(fixture);
	fixture_check(fixture);
}

static void test_upgrade_refuses_newer(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	int from = -1;
	int to = -1;

	fixture_open(fixture);
	fixture_exec(fixture,
	             "INSERT INTO schema_version (version, applied, program)"
	             " VALUES (9999, 0, '')");
	assert_fails(store_migrate(&fixture->config, &from, &to, &error), error,
	             PORTARIA_ERROR_CONFIG, "newer");
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup_bare,              \
	                                fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_steps_are_numbered),
		T(test_every_column_is_explained),
		T(test_init_makes_everything),
		T(test_init_takes_an_empty_file),
		T(test_init_without_folder),
		T(test_version_of_no_file),
		T(test_open_without_schema),
		T(test_open_refuses_older_and_newer),
		T(test_check_wants_migrate),
		T(test_migrate_current),
		T(test_migrate_from_the_first),
		T(test_upgrade_keeps_rows_and_a_copy),
		T(test_upgrade_that_fails_changes_nothing),
		T(test_upgrade_refuses_newer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
