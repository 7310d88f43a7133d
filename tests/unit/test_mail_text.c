/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plain text made plainer. Hermetic. */
#include "mail_case.h"

#include "mail/text.h"

static void test_clean_keeps_only_text(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		const char *want;
	} cases[] = {
		{ "crlf", "a\r\nb\r\n", "a\nb" },
		{ "cr", "a\rb", "a\nb" },
		{ "blank ends", "\n\n a \nb  \n\n", " a\nb" },
		{ "trailing tab", "a\t \nb", "a\nb" },
		{ "signature mark", "a\n-- \nb", "a\n-- \nb" },
		{ "mark first", "-- \nb", "-- \nb" },
		{ "not a mark", "a-- \nb", "a--\nb" },
		{ "controls", "a\001\033[1mb\177", "a[1mb" },
		{ "tab stays", "a\tb", "a\tb" },
		{ "form feed", "a\fb", "a\nb" },
		{ "empty lines inside", "a\n\n\nb", "a\n\n\nb" },
		{ "nothing", "", "" },
		{ "only blanks", " \n \n", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			text_take_clean(g_strdup(cases[i].input));

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, got);
	}
}

static void test_unflow_joins_soft_breaks(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		bool delsp;
		const char *want;
	} cases[] = {
		{ "fixed", "a\nb\n", false, "a\nb" },
		{ "soft", "a \nb\nc", false, "a b\nc" },
		{ "delsp", "a \nb", true, "ab" },
		{ "stuffed", " >a\n From", false, ">a\nFrom" },
		{ "quoted", "> a \n> b\nc", false, "> a b\nc" },
		{ "depth changes", "> a \n>> b", false, "> a \n>> b" },
		{ "signature", "a \n-- \nb", false, "a \n-- \nb" },
		{ "empty lines", "a\n\nb", false, "a\n\nb" },
		{ "leading empty", "\na", false, "\na" },
		{ "nothing", "", false, "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			text_unflow(cases[i].input, cases[i].delsp);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, got);
	}
}

static void test_cut_ends_at_a_character(void **state)
{
	char text[] = "a\303\247\303\243o";

	(void)state;
	assert_false(text_cut(text, 100));
	assert_false(text_cut(text, 6));
	assert_true(text_cut(text, 4));
	assert_string_equal(text, "aç");
	assert_true(text_cut(text, 0));
	assert_string_equal(text, "");
}

static void test_line_is_one_line(void **state)
{
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "  a \r\n\tb  ", "a b" },
		{ "a\001b\302\205c\302\240d", "a b c d" },
		{ "\377\376", "\357\277\275\357\277\275" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = text_dup_line(cases[i].input);

		assert_string_equal(got, cases[i].want);
	}
	g_autofree char *cut = text_dup_line_len("a\303\247bcd", 6, 2);

	assert_string_equal(cut, "a");
}

static void test_lower_is_that_of_glib(void **state)
{
	static const char *const cases[] = {
		"",
		"ABC def\n",
		"\n\nAção ÁÉÍ\nPLAIN Line",
		"ΣΑΣ ΟΔΟΣ\nA",
		"İSTANBUL ẞ Ⱥ ﬁ",
		"A\n寫道\nB",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *want = g_utf8_strdown(cases[i], -1);
		g_autofree char *got = text_dup_lower(cases[i]);

		assert_string_equal(got, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_keeps_only_text),
		cmocka_unit_test(test_lower_is_that_of_glib),
		cmocka_unit_test(test_unflow_joins_soft_breaks),
		cmocka_unit_test(test_cut_ends_at_a_character),
		cmocka_unit_test(test_line_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
