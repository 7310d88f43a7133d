/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_desk_desk.c - keys and templates at the start. Hermetic. */
#include "unit/desk_fixture.h"

#include "base/error.h"

/* The first words of a template's subject say which file it was. */
static void assert_template(const struct fixture *fixture, const char *name,
                            const char *first, const char *second,
                            const char *want)
{
	static const struct template_value none[] = { { NULL, NULL } };
	const struct template *template =
		desk_get_template(fixture->desk, name, first, second);
	g_autofree char *subject = NULL;
	g_autofree char *body = NULL;

	assert_non_null(template);
	template_fill(template, none, &subject, &body);
	assert_string_equal(subject, want);
}

static void test_get_template_takes_the_first_language(void **state)
{
	const struct fixture *fixture = *state;

	assert_template(fixture, "ack", "en", "es", "en ack");
	assert_template(fixture, "ack", "es", "en", "es ack");
	assert_template(fixture, "reply", "", "es", "es reply");
	assert_template(fixture, "reply", "fr", "es", "es reply");
	assert_template(fixture, "closed", NULL, NULL, "pt_BR closed");
	assert_template(fixture, "closed", "fr", "../en", "pt_BR closed");
}

static void test_get_template_knows_every_name(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(fixture_templates); i++)
		assert_non_null(desk_get_template(
			fixture->desk, fixture_templates[i], "en", NULL));
	assert_null(desk_get_template(fixture->desk, "nothing", "en", NULL));
	assert_null(desk_get_template(fixture->desk, "", "en", NULL));
}

static void test_getters_give_what_was_loaded(void **state)
{
	const struct fixture *fixture = *state;

	assert_ptr_equal(desk_get_config(fixture->desk), fixture->config);
	assert_non_null(keyring_get_current(desk_get_keys(fixture->desk)));
}

static void remove_file(const struct fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->dir, name, NULL);

	assert_int_equal(g_unlink(path), 0);
}

static void assert_new_fails(const struct config *config, const char *want)
{
	g_autoptr(GError) error = NULL;

	assert_null(desk_new(config, &error));
	assert_non_null(error);
	assert_non_null(strstr(error->message, want));
}

static void test_new_without_a_foreign_language_falls_back(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct desk *desk;

	remove_file(fixture, "templates/es/ack.txt");
	desk = desk_new(fixture->config, &error);
	assert_ok(desk != NULL, error);
	desk_free(fixture->desk);
	fixture->desk = desk;
	assert_template(fixture, "ack", "es", "en", "en ack");
	assert_template(fixture, "ack", "es", NULL, "pt_BR ack");
}

static void test_new_needs_the_last_fallback(void **state)
{
	const struct fixture *fixture = *state;

	remove_file(fixture, "templates/pt_BR/ack.txt");
	assert_new_fails(fixture->config, "pt_BR/ack.txt");
}

static void test_new_with_another_site_language(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(config) config = NULL;
	struct desk *desk;

	remove_file(fixture, "templates/pt_BR/ack.txt");
	config = fixture_config(fixture->dir, "language=en\n");
	desk = desk_new(config, &error);
	assert_ok(desk != NULL, error);
	desk_free(fixture->desk);
	fixture->desk = desk;
	assert_template(fixture, "ack", "pt_BR", NULL, "en ack");
	/* config goes with this function, and a desk borrows it. */
	desk_free(fixture->desk);
	fixture->desk = NULL;
}

static void test_new_refuses_a_wrong_template(void **state)
{
	const struct fixture *fixture = *state;

	fixture_put_template(fixture->dir, "es", "closed",
	                     "Subject: x\n\n{{no_such_field}}\n");
	assert_new_fails(fixture->config, "no_such_field");
}

static void test_new_refuses_an_open_key_file(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->dir, "key", NULL);
	g_autoptr(GError) error = NULL;

	assert_int_equal(g_chmod(path, 0644), 0);
	assert_null(desk_new(fixture->config, &error));
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_DENIED));
}

/* What is installed has every template in every language. */
static void test_new_with_the_installed_templates(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *more = g_strdup_printf(
		"template_dir=%s/conf/templates\n", PORTARIA_SOURCE_DIR);
	g_autoptr(GError) error = NULL;
	AUTO(config) config = fixture_config(fixture->dir, more);
	AUTO(desk) desk = desk_new(config, &error);

	assert_ok(desk != NULL, error);
	for (size_t i = 0; i < G_N_ELEMENTS(fixture_templates); i++) {
		const char *name = fixture_templates[i];
		const struct template *pt =
			desk_get_template(desk, name, "pt_BR", NULL);
		const struct template *en =
			desk_get_template(desk, name, "en", NULL);
		const struct template *es =
			desk_get_template(desk, name, "es", NULL);

		assert_ptr_not_equal(pt, en);
		assert_ptr_not_equal(pt, es);
		assert_ptr_not_equal(en, es);
	}
}

static void test_new_needs_a_key_file(void **state)
{
	const struct fixture *fixture = *state;

	remove_file(fixture, "key");
	assert_new_fails(fixture->config, "key");
}

#define FIXTURE_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(test_get_template_takes_the_first_language),
		FIXTURE_TEST(test_get_template_knows_every_name),
		FIXTURE_TEST(test_getters_give_what_was_loaded),
		FIXTURE_TEST(test_new_without_a_foreign_language_falls_back),
		FIXTURE_TEST(test_new_needs_the_last_fallback),
		FIXTURE_TEST(test_new_with_another_site_language),
		FIXTURE_TEST(test_new_refuses_a_wrong_template),
		FIXTURE_TEST(test_new_refuses_an_open_key_file),
		FIXTURE_TEST(test_new_needs_a_key_file),
		FIXTURE_TEST(test_new_with_the_installed_templates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
