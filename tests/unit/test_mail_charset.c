/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text to UTF-8. Needs the C library's converters, nothing else. */
#include "mail_case.h"

#include "mail/charset.h"

#define BYTES(text) (text), sizeof(text) - 1

static void test_to_utf8_follows_the_rule(void **state)
{
	static const struct {
		const char *name;
		const char *label; /* NULL: none */
		const char *input;
		size_t len;
		const char *want;
		bool wrong;
	} cases[] = {
		{ "ascii", NULL, BYTES("abc"), "abc", false },
		{ "empty", "utf-8", BYTES(""), "", false },
		{ "utf-8", "UTF-8", BYTES("a\303\247\303\243o"), "ação",
		  false },
		{ "1252 declared", "windows-1252", BYTES("a\347\343o \200"),
		  "ação €", false },
		{ "8859-1 is 1252", "ISO-8859-1", BYTES("\223x\224 \200"),
		  "“x” €", false },
		{ "latin1 by many names", "iso8859_1", BYTES("\351"), "é",
		  false },
		{ "quoted label", "\"iso-8859-15\"", BYTES("\244"), "€",
		  false },
		{ "none, utf-8", NULL, BYTES("\303\251"), "é", false },
		{ "none, not utf-8", NULL, BYTES("\351t\351"), "été", false },
		{ "ascii with 8 bit", "us-ascii", BYTES("\351"), "é", true },
		{ "ascii with utf-8", "us-ascii", BYTES("\303\251"), "é",
		  true },
		{ "utf-8 that is 1252", "utf-8", BYTES("ma\347\343"), "maçã",
		  true },
		{ "utf-8 with one bad byte", "utf-8",
		  BYTES("\303\247\303\243 \377 \303\251"), "çã \357\277\275 é",
		  true },
		{ "utf-8 cut in a character", "utf-8", BYTES("\303\251\303"),
		  "é\357\277\275", true },
		{ "unknown label, ascii", "x-martian", BYTES("abc"), "abc",
		  false },
		{ "unknown label, 8 bit", "x-martian", BYTES("\351"), "é",
		  true },
		{ "1252 undefined byte", "windows-1252", BYTES("a\201"),
		  "a\357\277\275", true },
		{ "gb2312 is gb18030", "gb2312",
		  BYTES("\304\343\272\303\201\060\206\060"), "你好\302\270",
		  false },
		{ "gbk", "GBK", BYTES("\304\343\272\303"), "你好", false },
		{ "shift_jis is cp932", "Shift_JIS", BYTES("\207\100"), "①",
		  false },
		{ "iso-2022-jp", "iso-2022-jp", BYTES("\033$B$3\033(B"), "こ",
		  false },
		{ "ks_c_5601 is cp949", "ks_c_5601-1987", BYTES("\260\241"),
		  "가", false },
		{ "koi8-r", "koi8-r", BYTES("\360"), "П", false },
		{ "utf-16 with mark", "utf-16", BYTES("\377\376a\0"), "a",
		  false },
		{ "utf-7", "utf-7", BYTES("a+AOk-"), "aé", false },
		{ "nul", NULL, BYTES("a\0b"), "a\357\277\275b", false },
		{ "nul in utf-8", "utf-8", BYTES("\303\251\0"), "é\357\277\275",
		  false },
		{ "byte order mark", "utf-8", BYTES("\357\273\277x"), "x",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool wrong = false;
		g_autofree char *got = charset_to_utf8(
			cases[i].label, cases[i].input, cases[i].len, &wrong);

		if (strcmp(got, cases[i].want) != 0 || wrong != cases[i].wrong)
			fail_msg("%s: got \"%s\" wrong=%d", cases[i].name, got,
			         wrong);
	}
}

static void test_to_utf8_takes_every_byte(void **state)
{
	static const char *const labels[] = { NULL,           "utf-8",
		                              "windows-1252", "iso-2022-jp",
		                              "utf-16",       "gb18030",
		                              "big5",         "utf-7" };
	char bytes[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(guchar)(i * 7 + i / 256);
	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
		g_autofree char *got =
			charset_to_utf8(labels[i], bytes, sizeof(bytes), NULL);

		assert_true(g_utf8_validate(got, -1, NULL));
	}
}

static void test_lookup_knows_only_the_table(void **state)
{
	(void)state;
	assert_string_equal(charset_lookup("ISO_8859-1"), "WINDOWS-1252");
	assert_string_equal(charset_lookup("x-sjis"), "CP932");
	assert_null(charset_lookup("EBCDIC-US"));
	assert_null(charset_lookup(""));
	assert_null(charset_lookup("utf-8//TRANSLIT"));
}

static void test_init_converters_are_all_there(void **state)
{
	static const char *const labels[] = {
		"utf-7",        "utf-16",      "utf-32",       "iso-8859-2",
		"iso-8859-8-i", "iso-8859-16", "windows-1250", "windows-1258",
		"tis-620",      "koi8-r",      "koi8-u",       "gb18030",
		"big5",         "cp950",       "cp932",        "euc-jp",
		"iso-2022-jp",  "euc-kr",      "iso-2022-kr",  "macintosh",
		"cp437",        "cp850",       "cp852",        "cp860",
		"cp866",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
		bool wrong = false;
		/* an ASCII letter in any of them, four bytes wide in UTF-32 */
		bool wide = strncmp(labels[i], "utf-16", 6) == 0;
		bool wider = strncmp(labels[i], "utf-32", 6) == 0;
		g_autofree char *got =
			charset_to_utf8(labels[i], wider ? "A\0\0\0" : "A\0",
		                        wider  ? 4
		                        : wide ? 2
		                               : 1,
		                        &wrong);

		assert_true(g_utf8_validate(got, -1, NULL));
		if (wrong)
			fail_msg("no converter for %s", labels[i]);
	}
}

static void test_prepare_header_names_known_charsets(void **state)
{
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "plain", "plain" },
		{ "=?iso-8859-1?Q?a?=", "=?WINDOWS-1252?Q?a?=" },
		{ "=?EBCDIC?Q?a?= b", "=?WINDOWS-1252?Q?a?= b" },
		{ "=?utf-8*pt?Q?a?=", "=?UTF-8?Q?a?=" },
		{ "=? no word", "=? no word" },
		{ "=?", "=?" },
		{ "x =?utf-8", "x =?utf-8" },
		{ "J\303\243o", "Jão" },
		{ "J\343o", "Jão" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = charset_prepare_header(
			cases[i].input, strlen(cases[i].input));

		assert_string_equal(got, cases[i].want);
	}
}

static int set_up(void **state)
{
	(void)state;
	charset_init();
	charset_init(); /* harmless */
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_utf8_follows_the_rule),
		cmocka_unit_test(test_to_utf8_takes_every_byte),
		cmocka_unit_test(test_lookup_knows_only_the_table),
		cmocka_unit_test(test_init_converters_are_all_there),
		cmocka_unit_test(test_prepare_header_names_known_charsets),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
