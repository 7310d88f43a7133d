/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_store_audit.c - audit.h; needs a scratch folder */
#include "unit/store_fixture.h"

#include "store/audit.h"

#define NOW (G_GINT64_CONSTANT(1800000000000))

static void add(struct fixture *fixture, const char *action)
{
	g_autoptr(GError) error = NULL;

	assert_ok(audit_add(fixture->store, "maria", action,
	                    "ticket VIA-7K3Q9MX", "detail", &error),
	          error);
}

static gint64 verify(struct fixture *fixture, gint64 want_rows)
{
	g_autoptr(GError) error = NULL;
	gint64 rows = -1;
	gint64 bad = -1;

	assert_ok(audit_verify(fixture->store, &rows, &bad, &error), error);
	assert_int_equal(rows, want_rows);
	return bad;
}

static void test_add_and_list(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(GPtrArray) one = NULL;
	g_autoptr(GPtrArray) newest = NULL;
	const struct audit *row;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	add(fixture, "close");
	assert_ok(audit_add(fixture->store, NULL, "expire", "held 5", NULL,
	                    &error),
	          error);
	fixture_commit(fixture);
	all = audit_list(fixture->store, NULL, 0, &error);
	assert_ok(all != NULL, error);
	assert_int_equal(all->len, 2);
	row = g_ptr_array_index(all, 0);
	assert_string_equal(row->action, "expire");
	assert_string_equal(row->actor, "");
	one = audit_list(fixture->store, "ticket VIA-7K3Q9MX", 0, &error);
	assert_ok(one != NULL, error);
	assert_int_equal(one->len, 1);
	row = g_ptr_array_index(one, 0);
	assert_int_equal(row->time, NOW);
	assert_string_equal(row->actor, "maria");
	assert_string_equal(row->action, "close");
	assert_string_equal(row->object, "ticket VIA-7K3Q9MX");
	assert_string_equal(row->detail, "detail");
	assert_int_equal(strlen(row->hash), 64);
	newest = audit_list(fixture->store, NULL, 1, &error);
	assert_ok(newest != NULL, error);
	assert_int_equal(newest->len, 1);
	assert_int_equal(verify(fixture, 2), 0);
}

/* The chain is defined by its bytes, not by this program's word for it. */
static void test_hash_is_what_the_file_says(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	const struct audit *row;
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *id = NULL;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	add(fixture, "close");
	fixture_commit(fixture);
	rows = audit_list(fixture->store, NULL, 0, &error);
	assert_ok(rows != NULL, error);
	row = g_ptr_array_index(rows, 0);
	id = g_strdup_printf("%" G_GINT64_FORMAT, row->id);
	const char *const parts[] = { "",      id,      "1800000000000",
		                      "maria", "close", "ticket VIA-7K3Q9MX",
		                      "detail" };
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		guchar len[8] = { 0 };

		len[7] = (guchar)strlen(parts[i]);
		g_checksum_update(sum, len, 8);
		g_checksum_update(sum, (const guchar *)parts[i], -1);
	}
	assert_string_equal(row->hash, g_checksum_get_string(sum));
}

static void test_verify_empty(void **state)
{
	assert_int_equal(verify(*state, 0), 0);
}

static gint64 id_of(struct fixture *fixture, const char *action)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT id FROM audit WHERE action = '%s'", action);

	return fixture_int(fixture, sql);
}

static void test_verify_finds_changes(void **state)
{
	static const struct {
		const char *name;
		const char *damage;
		const char *bad; /* action of the row found, NULL: none */
		gint64 rows;
	} cases[] = {
		{ "detail", "UPDATE audit SET detail = 'x' WHERE action = 'b'",
		  "b", 4 },
		{ "actor", "UPDATE audit SET actor = 'x' WHERE action = 'a'",
		  "a", 4 },
		{ "time", "UPDATE audit SET time = 1 WHERE action = 'c'", "c",
		  4 },
		{ "object", "UPDATE audit SET object = '' WHERE action = 'd'",
		  "d", 4 },
		{ "text moved between members",
		  "UPDATE audit SET actor = 'mari',"
		  " detail = 'adetail' WHERE action = 'b'",
		  "b", 4 },
		{ "hash", "UPDATE audit SET hash = 'x' WHERE action = 'b'", "b",
		  4 },
		{ "row removed", "DELETE FROM audit WHERE action = 'b'", "c",
		  3 },
		{ "first row removed", "DELETE FROM audit WHERE action = 'a'",
		  "b", 3 },
		{ "row slipped in",
		  "INSERT INTO audit SELECT id + 1, time, actor, 'x',"
		  " object, detail, hash FROM audit WHERE action = 'b'",
		  "x", 5 },
		/* Only the last hash, kept elsewhere, shows this. */
		{ "last row removed", "DELETE FROM audit WHERE action = 'd'",
		  NULL, 3 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		void *own = NULL;
		struct fixture *fixture;
		gint64 bad;

		fixture_setup(&own);
		fixture = own;
		fixture_begin(fixture);
		/* Room between the ids, which never go back. */
		for (const char *a = "abcd"; *a != '\0'; a++) {
			char action[2] = { *a, '\0' };

			clock_set_for_test(NOW + (gint64)(i + 1) * CLOCK_DAY +
			                   (*a - 'a') * CLOCK_SECOND);
			add(fixture, action);
		}
		fixture_commit(fixture);
		assert_int_equal(verify(fixture, 4), 0);
		fixture_exec(fixture, cases[i].damage);
		bad = verify(fixture, cases[i].rows);
		if (bad !=
		    (cases[i].bad == NULL ? 0 : id_of(fixture, cases[i].bad)))
			fail_msg("%s", cases[i].name);
		fixture_teardown(&own);
	}
}

/* The clock steps back, as after a wrong start: the order stays. */
static void test_clock_steps_back(void **state)
{
	struct fixture *fixture = *state;
	gint64 future;

	fixture_begin(fixture);
	add(fixture, "a");
	future = id_of(fixture, "a") + (G_GINT64_CONSTANT(1) << 50);
	fixture_commit(fixture);
	/* As if another process, whose clock is ahead, had written last. */
	fixture_exec(fixture, "DELETE FROM audit");
	fixture_begin(fixture);
	add(fixture, "b");
	fixture_commit(fixture);
	{
		g_autofree char *sql = g_strdup_printf(
			"UPDATE audit SET id = %" G_GINT64_FORMAT, future);

		fixture_exec(fixture, sql);
	}
	fixture_begin(fixture);
	add(fixture, "c");
	add(fixture, "d");
	fixture_commit(fixture);
	assert_int_equal(id_of(fixture, "c"), future + 1);
	assert_int_equal(id_of(fixture, "d"), future + 2);
	/* The row whose id was changed shows, those behind it fit. */
	assert_int_equal(verify(fixture, 3), future);
}

static void test_broken_text(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_begin(fixture);
	assert_ok(audit_add(fixture->store, "\xff", "caf\xe9", "a\nb", "\xc0",
	                    &error),
	          error);
	fixture_commit(fixture);
	assert_int_equal(verify(fixture, 1), 0);
}

static void test_many_rows(void **state)
{
	struct fixture *fixture = *state;

	fixture_begin(fixture);
	for (unsigned i = 0; i < 2500; i++)
		add(fixture, "x");
	fixture_commit(fixture);
	assert_int_equal(verify(fixture, 2500), 0);
	fixture_exec(fixture, "UPDATE audit SET detail = 'x' WHERE id ="
	                      " (SELECT MAX(id) FROM audit)");
	assert_int_equal(verify(fixture, 2500),
	                 fixture_int(fixture, "SELECT MAX(id) FROM audit"));
}

static void test_add_needs_a_transaction(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	assert_fails(audit_add(fixture->store, "a", "b", "c", "d", &error),
	             error, PORTARIA_ERROR_INTERNAL, "without transaction");
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_add_and_list),
		T(test_hash_is_what_the_file_says),
		T(test_verify_empty),
		cmocka_unit_test(test_verify_finds_changes),
		T(test_clock_steps_back),
		T(test_broken_text),
		T(test_many_rows),
		T(test_add_needs_a_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
