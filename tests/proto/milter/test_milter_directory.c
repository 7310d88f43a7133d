/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_milter_directory.c - needs a scratch folder */
#include "unit/desk_fixture.h"

#include "milter/directory.h"

struct place {
	const char *address;
	enum directory_place want;
};

static void check(struct directory *directory, const struct place *places,
                  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		print_message("%s\n", places[i].address);
		assert_int_equal(directory_find(directory, places[i].address),
		                 places[i].want);
	}
}

static void add(struct fixture *fixture, const char *name, bool active)
{
	g_autoptr(GError) error = NULL;
	AUTO(department) department = NULL;

	fixture_begin(fixture);
	department = fixture_department(fixture, name, DEPARTMENT_REGISTERED,
	                                DEPARTMENT_HOLD);
	department->active = active;
	assert_ok(department_update(fixture->store, department, &error), error);
	fixture_commit(fixture);
}

static void refresh(struct directory *directory, struct store_pool *readers,
                    bool want)
{
	g_autoptr(GError) error = NULL;

	assert_int_equal(directory_refresh(directory, readers, &error), want);
	assert_int_equal(error == NULL, want);
}

static void test_find_before_any_copy(void **state)
{
	static const struct place places[] = {
		{ "suporte@desk.example", DIRECTORY_ELSEWHERE },
	};
	AUTO(directory) directory = directory_new();

	(void)state;
	check(directory, places, G_N_ELEMENTS(places));
}

static const struct place after[] = {
	{ "suporte@desk.example", DIRECTORY_OURS },
	{ "suporte+via7k3q9mx.abc@desk.example", DIRECTORY_OURS },
	{ "suporte+@desk.example", DIRECTORY_OURS },
	{ "antigo@desk.example", DIRECTORY_NEAR },
	{ "novo@desk.example", DIRECTORY_NEAR },
	{ "+suporte@desk.example", DIRECTORY_NEAR },
	{ "\"a@b\"@desk.example", DIRECTORY_NEAR },
	{ "suporte@other.example", DIRECTORY_ELSEWHERE },
	{ "suporte@sub.desk.example", DIRECTORY_ELSEWHERE },
	{ "\"suporte@desk.example\"@other.example", DIRECTORY_ELSEWHERE },
};

static void test_find_after_refresh(void **state)
{
	struct fixture *fixture = *state;
	AUTO(store_pool)
	readers = store_pool_new(&fixture->config->store, STORE_READ, 2);
	AUTO(directory) directory = directory_new();

	add(fixture, "suporte", true);
	add(fixture, "antigo", false);
	refresh(directory, readers, true);
	check(directory, after, G_N_ELEMENTS(after));
	add(fixture, "novo", true);
	refresh(directory, readers, true);
	assert_int_equal(directory_find(directory, "novo@desk.example"),
	                 DIRECTORY_OURS);
}

static void test_find_when_the_database_is_gone(void **state)
{
	struct fixture *fixture = *state;
	AUTO(store_pool)
	readers = store_pool_new(&fixture->config->store, STORE_READ, 2);
	AUTO(directory) directory = directory_new();
	g_autofree char *away =
		g_strconcat(fixture->config->store.database, ".away", NULL);

	add(fixture, "suporte", true);
	add(fixture, "antigo", false);
	refresh(directory, readers, true);
	assert_int_equal(g_rename(fixture->config->store.database, away), 0);
	refresh(directory, readers, false);
	check(directory, after, G_N_ELEMENTS(after));
	assert_int_equal(g_rename(away, fixture->config->store.database), 0);
	refresh(directory, readers, true);
	check(directory, after, G_N_ELEMENTS(after));
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_find_before_any_copy),
		TEST(test_find_after_refresh),
		TEST(test_find_when_the_database_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
