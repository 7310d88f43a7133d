/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_texts.c - the texts that are shipped, and a site's own. Hermetic.
 */
#include "unit/desk_fixture.h"

#include "desk/texts.h"

#define SHIPPED PORTARIA_SOURCE_DIR "/conf/templates"

static void put(const struct fixture *fixture, const char *language,
                const char *file, const char *text)
{
	g_autofree char *folder =
		g_build_filename(fixture->dir, "own", language, NULL);
	g_autofree char *path = g_build_filename(folder, file, NULL);

	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static struct texts *load(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	struct texts *texts = texts_load(&fixture->config->server, &error);

	assert_ok(texts != NULL, error);
	return texts;
}

/* Every text is there in every language, says what it must and nothing that
 * would be empty, and the three languages put in the same fields. */
static void test_shipped_texts_are_complete(void **state)
{
	struct fixture *fixture = *state;
	struct config_server server = fixture->config->server;
	g_autoptr(GError) error = NULL;
	const struct texts_kind *kind;

	server.template_dir = (char[]){ SHIPPED };
	AUTO(texts) texts = texts_load(&server, &error);
	assert_ok(texts != NULL, error);
	for (unsigned i = 0; (kind = texts_kind_get(i)) != NULL; i++) {
		const struct template *first =
			texts_file_get(texts, i, 0)->template;

		for (unsigned k = 0; texts_language_get(k) != NULL; k++) {
			const struct texts_file *file =
				texts_file_get(texts, i, k);
			const char *const *fields = template_fields();
			g_auto(GStrv) wrong = NULL;

			assert_non_null(file->template);
			wrong = texts_check(kind, file->template);
			if (wrong[0] != NULL)
				fail_msg("%s: %s", file->path, wrong[0]);
			for (; *fields != NULL; fields++)
				if (template_uses(file->template, *fields) !=
				    template_uses(first, *fields))
					fail_msg("%s: {{%s}}", file->path,
					         *fields);
		}
	}
}

/* Nothing of a mark is left, and each language has all sample values. */
static void test_samples_fill_every_text(void **state)
{
	struct fixture *fixture = *state;
	struct config_server server = fixture->config->server;
	g_autoptr(GError) error = NULL;
	const struct texts_kind *kind;

	server.template_dir = (char[]){ SHIPPED };
	AUTO(texts) texts = texts_load(&server, &error);
	assert_ok(texts != NULL, error);
	for (unsigned i = 0; (kind = texts_kind_get(i)) != NULL; i++) {
		for (unsigned k = 0; texts_language_get(k) != NULL; k++) {
			const struct template_value *values =
				texts_sample(texts_language_get(k));
			g_autofree char *subject = NULL;
			g_autofree char *body = NULL;

			template_fill(texts_file_get(texts, i, k)->template,
			              values, &subject, &body);
			assert_true(subject[0] != '\0');
			assert_null(strstr(body, "{{"));
			assert_null(strstr(body, "\n\n\n"));
			assert_true(g_utf8_validate(body, -1, NULL));
		}
	}
}

static void test_own_text_goes_first(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *subject = NULL;
	g_autofree char *body = NULL;

	put(fixture, "en", "closed.txt",
	    "Subject: [{{ref}}] {{subject}}\n\nBye.\n");
	AUTO(texts) texts = load(fixture);

	assert_null(texts_complaints(texts)[0]);
	template_fill(texts_find(texts, "closed", "en", NULL),
	              texts_sample("en"), &subject, &body);
	assert_string_equal(body, "Bye.\n");
	assert_string_equal(subject, "[VIA-7K3Q9MX] Site is down");
	assert_true(texts_find(texts, "closed", "es", NULL) !=
	            texts_find(texts, "closed", "en", NULL));
}

/* The shipped text is used, and the complaint says what is wrong. */
static void test_wrong_text_is_passed_over(void **state)
{
	static const struct {
		const char *file;
		const char *text;
		const char *want;
	} cases[] = {
		{ "closed.txt", "Subject: x\n\n{{nome}}\n",
		  "closed.txt:3: unknown field 'nome'" },
		{ "closed.txt", "no subject\n", "must begin with" },
		{ "closed.txt", "Subject: {{subject}}\n\nx\n",
		  "the subject needs [{{ref}}]" },
		{ "closed.txt", "Subject: {{ref}} {{subject}}\n\nx\n",
		  "the subject needs [{{ref}}]" },
		{ "closed.txt", "Subject: [{{ref}}]\n\nx\n",
		  "{{subject}} is missing" },
		{ "closed.txt",
		  "Subject: [{{ref}}] {{subject}}\n\n{{deadline}}\n",
		  "{{deadline}} has no value in this text" },
		{ "closed.txt",
		  "Subject: [{{ref}}] {{subject}}\n\nOi {{name}}\n",
		  "{{name}} may be empty" },
		{ "reply.txt", "Subject: [{{ref}}] {{subject}}\n\nx\n",
		  "{{text}} is missing" },
		{ "closd.txt", "Subject: x\n\nx\n", "no text has this name" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *own =
			g_build_filename(fixture->dir, "own", NULL);
		g_autofree char *subject = NULL;
		g_autofree char *body = NULL;

		put(fixture, "pt_BR", cases[i].file, cases[i].text);
		AUTO(texts) texts = load(fixture);
		if (texts_complaints(texts)[0] == NULL ||
		    strstr(texts_complaints(texts)[0], cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].want,
			         texts_complaints(texts)[0] != NULL
			                 ? texts_complaints(texts)[0]
			                 : "no complaint");
		template_fill(texts_find(texts, "closed", "pt_BR", NULL),
		              texts_sample("pt_BR"), &subject, &body);
		assert_string_equal(subject, "pt_BR closed");
		fixture_remove(own);
	}
}

static void test_stray_folders_are_named(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "pt", "ack.txt", "Subject: x\n\nx\n");
	AUTO(texts) texts = load(fixture);
	assert_non_null(strstr(texts_complaints(texts)[0],
	                       "no language has this name"));
	assert_null(texts_complaints(texts)[1]);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, fixture_setup,               \
	                                fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_shipped_texts_are_complete),
		TEST(test_samples_fill_every_text),
		TEST(test_own_text_goes_first),
		TEST(test_wrong_text_is_passed_over),
		TEST(test_stray_folders_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
