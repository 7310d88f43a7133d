/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts with fields, and the texts that are shipped. Hermetic: a temporary
 * folder and conf/templates of the source tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "mail/commands.h"
#include "mail/template.h"

#define SHIPPED PORTARIA_SOURCE_DIR "/conf/templates"

static const char *const languages[] = { "pt_BR", "en", "es" };

/* What each text is about: a ticket's subject carries its ref. */
static const struct {
	const char *name;
	bool has_ref;
	bool shows_text;
} shipped[] = {
	{ "ack", true, false },           { "ack_contact", true, true },
	{ "reply", true, true },          { "notice_new", true, true },
	{ "notice_reply", true, true },   { "notice_bounce", true, false },
	{ "hold_confirm", false, false }, { "hold_notice", false, false },
	{ "resolved", true, false },      { "closed", true, false },
};

/* A folder of templates for one test. */
static int setup(void **state)
{
	char *dir = g_dir_make_tmp("portaria-template-XXXXXX", NULL);

	*state = dir;
	return dir == NULL ? -1 : 0;
}

static void remove_folder(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		if (g_file_test(child, G_FILE_TEST_IS_DIR))
			remove_folder(child);
		else
			assert_int_equal(g_unlink(child), 0);
	}
	if (dir != NULL)
		g_dir_close(dir);
	assert_int_equal(g_rmdir(path), 0);
}

static int teardown(void **state)
{
	remove_folder(*state);
	g_free(*state);
	return 0;
}

static void put_bytes(const char *dir, const char *language, const char *data,
                      size_t len)
{
	g_autofree char *folder = g_build_filename(dir, language, NULL);
	g_autofree char *path = g_build_filename(folder, "x.txt", NULL);

	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	assert_true(g_file_set_contents(path, data, (gssize)len, NULL));
}

static void put(const char *dir, const char *language, const char *text)
{
	put_bytes(dir, language, text, strlen(text));
}

static struct template *must_load(const char *dir, const char *language,
                                  const char *name)
{
	GError *error = NULL;
	struct template *template = template_load(dir, language, name, &error);

	if (template == NULL)
		fail_msg("%s", error->message);
	return template;
}

static void assert_load_error(const char *dir, const char *language,
                              const char *name, const char *message)
{
	g_autoptr(GError) error = NULL;

	assert_null(template_load(dir, language, name, &error));
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG));
	if (strstr(error->message, message) == NULL)
		fail_msg("'%s' not in '%s'", message, error->message);
}

static void test_load_says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "", "x.txt:1: must begin with" },
		{ "Hello\n\nx", "x.txt:1: must begin with" },
		{ "Subject: a", "x.txt:1: must begin with" },
		{ "Subject: a\n", "x.txt:1: must begin with" },
		{ "Subject: a\nb\n", "x.txt:1: must begin with" },
		{ "subject: a\n\nb\n", "x.txt:1: must begin with" },
		{ "Subject: {{nome}}\n\n", "x.txt:1: unknown field 'nome'" },
		{ "Subject: a\n\nb\n{{nome}}\n",
		  "x.txt:4: unknown field 'nome'" },
		{ "Subject: a\n\n{{ ref }}\n", "x.txt:3: unknown field ' ref" },
		{ "Subject: a\n\n{{}}\n", "x.txt:3: unknown field ''" },
		{ "Subject: a\n\n{{#}}\n", "x.txt:3: unknown field ''" },
		{ "Subject: a\n\n{{REF}}\n", "x.txt:3: unknown field 'REF'" },
		{ "Subject: a\n\n{{#x}}{{/x}}\n", "unknown field 'x'" },
		{ "Subject: a\n\n{{ref\n", "x.txt:3: '{{' without '}}'" },
		{ "Subject: {{ref\n\n}}\n", "x.txt:1: '{{' without '}}'" },
		{ "Subject: a\n\n{{#ref}}\n", "{{#ref}} is not closed" },
		{ "Subject: {{#ref}}\n\n{{/ref}}\n", "{{#ref}} is not closed" },
		{ "Subject: a\n\n{{/ref}}\n", "x.txt:3: {{/ref}} closes no" },
		{ "Subject: a\n\n{{#ref}}\n{{/name}}\n",
		  "x.txt:4: {{/name}} closes {{#ref}}" },
		{ "Subject: a\n\n{{#ref}}{{#ref}}{{#ref}}{{#ref}}{{#ref}}"
		  "{{#ref}}{{#ref}}{{#ref}}{{#ref}}",
		  "more than 8 sections" },
		{ "Subject: a\n\n\377\n", "not UTF-8" },
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		put(*state, "pt_BR", cases[i].text);
		assert_load_error(*state, "pt_BR", "x", cases[i].message);
	}
}

static void test_load_refuses_other_bytes(void **state)
{
	g_autoptr(GString) text = g_string_new("Subject: a\n\n");

	put_bytes(*state, "pt_BR", "Subject: a\n\n\0", 13);
	assert_load_error(*state, "pt_BR", "x", "not UTF-8");
	while (text->len < 64 * 1024)
		g_string_append_c(text, 'a');
	put_bytes(*state, "pt_BR", text->str, text->len);
	template_free(must_load(*state, "pt_BR", "x"));
	g_string_append_c(text, 'a');
	put_bytes(*state, "pt_BR", text->str, text->len);
	assert_load_error(*state, "pt_BR", "x", "at most 65536 bytes");
}

static void test_load_reports_unreadable_files(void **state)
{
	g_autofree char *path = g_build_filename(*state, "en", "x.txt", NULL);

	put(*state, "pt_BR", "Subject: pt\n\n");
	assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
	assert_load_error(*state, "en", "x", "x.txt");
}

static void test_load_falls_back(void **state)
{
	static const struct {
		const char *language;
		const char *want;
	} cases[] = {
		{ "en", "en" },
		{ "es", "pt" },
		{ "", "pt" },
		{ "en_GB", "en" },
		{ "en-GB", "en" },
		{ "en_US", "us" },
		{ "en-US", "us" },
		{ "pt_BR", "pt" },
		{ "pt", "pt" },
		{ "de:en", "en" },
		{ "de:fr", "pt" },
		{ "de_AT:en_GB:pt_BR", "en" },
		{ ":en", "en" },
		{ "../en", "pt" },
		{ "../../../etc:en", "en" },
		{ ".", "pt" },
		{ "a:b:c:d:e:f:g:h:en", "pt" },
		{ "en/", "pt" },
	};
	size_t i;

	put(*state, "pt_BR", "Subject: pt\n\n");
	put(*state, "en", "Subject: en\n\n");
	put(*state, "en_US", "Subject: us\n\n");
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		static const struct template_value nothing[] = { { 0 } };
		g_autofree char *subject = NULL, *body = NULL;
		AUTO(template)
		template = must_load(*state, cases[i].language, "x");

		template_fill(template, nothing, &subject, &body);
		if (strcmp(subject, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].language, subject);
	}
}

static void test_load_finds_nothing(void **state)
{
	put(*state, "en", "Subject: en\n\n");
	assert_load_error(*state, "es", "x", "no template 'x' for 'es'");
	assert_load_error(*state, "en", "y", "no template 'y'");
	assert_load_error(*state, "en", "../en/x", "no template");
	assert_load_error(*state, "en", "", "no template");
}

struct fill_case {
	const char *text;
	const char *subject;
	const char *body;
};

static void check_fill(const char *dir, const struct fill_case *c)
{
	static const struct template_value values[] = {
		{ "ref", "VIA-0000000" },
		{ "subject", "{{ref}} Ol\303\241\r\nBcc: x" },
		{ "text", "a\nb\n\n" },
		{ "name", "" },
		{ "author", NULL },
		{ "notice", "\r\n" },
		{ "no such field", "x" },
		{ NULL, NULL },
	};
	g_autofree char *subject = NULL, *body = NULL;
	AUTO(template) template = NULL;

	put(dir, "pt_BR", c->text);
	template = must_load(dir, "pt_BR", "x");
	template_fill(template, values, &subject, &body);
	if (strcmp(subject, c->subject) != 0 || strcmp(body, c->body) != 0)
		fail_msg("%s: '%s' '%s'", c->text, subject, body);
}

static void test_fill(void **state)
{
	static const struct fill_case cases[] = {
		{ "Subject: a\n\nb\n", "a", "b\n" },
		{ "Subject:a\r\n\r\nb\r\n", "a", "b\n" },
		{ "Subject:\n\n", "", "" },
		{ "Subject: [{{ref}}] x\n\n{{ref}}{{ref}}\n", "[VIA-0000000] x",
		  "VIA-0000000VIA-0000000\n" },
		{ "Subject: {{subject}}\n\n{{subject}}\n",
		  "{{ref}} Ol\303\241  Bcc: x",
		  "{{ref}} Ol\303\241\r\nBcc: x\n" },
		{ "Subject: a\n\n{{text}}\n--\n", "a", "a\nb\n--\n" },
		{ "Subject: a{{name}}\n\n[{{name}}{{author}}{{status}}]\n", "a",
		  "[]\n" },
		{ "Subject: {{#ref}}a{{/ref}}{{#name}}b{{/name}}\n\nx", "a",
		  "x" },
		{ "Subject: a\n\nx{{#name}}, {{name}}{{/name}}.\n", "a",
		  "x.\n" },
		{ "Subject: a\n\nx{{#ref}}, {{ref}}{{/ref}}.\n", "a",
		  "x, VIA-0000000.\n" },
		{ "Subject: a\n\na\n{{#ref}}\n{{ref}}\n{{/ref}}\nb\n", "a",
		  "a\nVIA-0000000\nb\n" },
		{ "Subject: a\n\na\n {{#name}}\t\n{{ref}}\n{{/name}} \nb\n",
		  "a", "a\nb\n" },
		{ "Subject: a\n\n{{#notice}}\nx\n{{/notice}}", "a", "" },
		{ "Subject: a\n\n{{#ref}}\nx\n{{/ref}}", "a", "x\n" },
		{ "Subject: a\n\n{{#ref}}1{{#name}}2{{/name}}3{{/ref}}", "a",
		  "13" },
		{ "Subject: a\n\n{{#name}}1{{#ref}}2{{/ref}}3{{/name}}4", "a",
		  "4" },
		{ "Subject: a\n\n{ref} {x} } }} {\n", "a",
		  "{ref} {x} } }} {\n" },
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); i++)
		check_fill(*state, &cases[i]);
}

static void test_fields_are_listed(void **state)
{
	const char *const *fields = template_fields();
	size_t i;

	(void)state;
	for (i = 0; fields[i] != NULL; i++)
		assert_true(fields[i][0] != '\0');
	assert_true(g_strv_contains(fields, "ref"));
	assert_false(g_strv_contains(fields, "quote"));
}

/* The shipped texts */

static void test_shipped_languages_use_the_same_fields(void **state)
{
	const char *const *fields = template_fields();
	size_t i, language, field;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(shipped); i++) {
		AUTO(template)
		first = must_load(SHIPPED, languages[0], shipped[i].name);

		assert_int_equal(template_uses(first, "text"),
		                 shipped[i].shows_text);
		assert_int_equal(template_uses(first, "ref"),
		                 shipped[i].has_ref);
		assert_false(template_uses(first, "no such field"));
		for (language = 1; language < G_N_ELEMENTS(languages);
		     language++) {
			AUTO(template)
			other = must_load(SHIPPED, languages[language],
			                  shipped[i].name);

			for (field = 0; fields[field] != NULL; field++)
				if (template_uses(first, fields[field]) !=
				    template_uses(other, fields[field]))
					fail_msg("%s/%s: %s",
					         languages[language],
					         shipped[i].name,
					         fields[field]);
		}
	}
}

static char *dup_shipped(const char *language, const char *name)
{
	g_autofree char *path =
		g_strdup_printf("%s/%s/%s.txt", SHIPPED, language, name);
	char *text = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

/* Without this the test of the fallback would hide a missing file, and a
 * command quoted at the start of a line would act in a staff reply. */
static void test_shipped_files_are_well_formed(void **state)
{
	size_t i, language, at;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(shipped) * G_N_ELEMENTS(languages); i++) {
		const char *name = shipped[i % G_N_ELEMENTS(shipped)].name;
		g_auto(GStrv) lines = NULL;
		g_autofree char *text = NULL;

		language = i / G_N_ELEMENTS(shipped);
		text = dup_shipped(languages[language], name);
		assert_true(g_utf8_validate(text, -1, NULL));
		assert_null(strpbrk(text, "\r\t"));
		assert_true(g_str_has_suffix(text, "\n"));
		lines = g_strsplit(text, "\n", -1);
		for (at = 0; lines[at] != NULL; at++) {
			const char *start = lines[at] + strspn(lines[at], " ");

			if (g_utf8_strlen(lines[at], -1) > 72 ||
			    *start == '#' ||
			    (g_str_has_suffix(lines[at], " ") &&
			     strcmp(lines[at], "-- ") != 0))
				fail_msg("%s/%s:%zu", languages[language], name,
				         at + 1);
		}
	}
}

static void fill_shipped(const char *language, const char *name,
                         bool with_optional, char **ret_subject,
                         char **ret_body)
{
	const char *const *fields = template_fields();
	static const char *const optional[] = { "name", "author", "notice",
		                                "help", "text",   NULL };
	g_autoptr(GArray) values =
		g_array_new(TRUE, TRUE, sizeof(struct template_value));
	AUTO(template) template = must_load(SHIPPED, language, name);
	size_t i;

	for (i = 0; fields[i] != NULL; i++) {
		struct template_value value = { fields[i], fields[i] };

		if (with_optional || !g_strv_contains(optional, fields[i]))
			g_array_append_val(values, value);
	}
	template_fill(template, (struct template_value *)(void *)values->data,
	              ret_subject, ret_body);
}

static void check_filled(const char *language, size_t i, bool with_optional)
{
	g_autofree char *subject = NULL, *body = NULL;
	const char *name = shipped[i].name;

	fill_shipped(language, name, with_optional, &subject, &body);
	if (strstr(body, "{{") || strstr(subject, "{{") ||
	    strstr(body, "\n\n\n") || g_str_has_prefix(body, "\n"))
		fail_msg("%s/%s: %s", language, name, body);
	assert_int_equal(g_str_has_prefix(subject, "[ref] subject"),
	                 shipped[i].has_ref);
	assert_non_null(strstr(subject, "subject"));
	assert_non_null(strstr(body, "\n-- \n"));
	assert_non_null(strstr(body, "brand"));
}

static void test_shipped_texts_fill(void **state)
{
	size_t i, language;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(shipped); i++) {
		for (language = 0; language < G_N_ELEMENTS(languages);
		     language++) {
			check_filled(languages[language], i, true);
			check_filled(languages[language], i, false);
		}
	}
}

/* What a notice offers as a command is one: "#nota" between quotes. */
static void test_shipped_commands_are_known(void **state)
{
	static const char *const notices[] = { "notice_new", "notice_reply" };
	size_t i, n;

	(void)state;
	for (i = 0; i < 2 * G_N_ELEMENTS(languages); i++) {
		g_autofree char *text =
			dup_shipped(languages[i / 2], notices[i % 2]);
		g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
		size_t at;

		for (at = 1, n = 0; parts[at] != NULL; at += 2, n++) {
			g_autofree char *rest = NULL;
			g_auto(GStrv) unknown = NULL;
			g_autoptr(GPtrArray) commands =
				commands_take(parts[at], &rest, &unknown);

			if (commands->len != 1)
				fail_msg("%s: %s", languages[i / 2], parts[at]);
		}
		assert_int_equal(n, 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_load_says_what_is_wrong,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(test_load_refuses_other_bytes,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_load_reports_unreadable_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_load_falls_back, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_load_finds_nothing, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_fill, setup, teardown),
		cmocka_unit_test(test_fields_are_listed),
		cmocka_unit_test(test_shipped_languages_use_the_same_fields),
		cmocka_unit_test(test_shipped_files_are_well_formed),
		cmocka_unit_test(test_shipped_texts_fill),
		cmocka_unit_test(test_shipped_commands_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
