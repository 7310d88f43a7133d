/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of attachments. Hermetic but for the C library's converters. */
#include "mail_case.h"

#include "mail/filename.h"

static void test_parameter_reads_every_form(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		const char *want; /* NULL: none */
	} cases[] = {
		{ "plain", "attachment; filename=a.txt", "a.txt" },
		{ "quoted", "attachment; filename=\"a b;c.txt\"", "a b;c.txt" },
		{ "escaped", "attachment; filename=\"a\\\"b.txt\"",
		  "a\"b.txt" },
		{ "bare with blanks", "attachment; filename=a b.txt; size=3",
		  "a b.txt" },
		{ "case", "attachment; FileName=\"a.txt\"", "a.txt" },
		{ "folded", "attachment;\r\n filename=\"a.txt\"", "a.txt" },
		{ "encoded word",
		  "attachment; filename=\"=?utf-8?Q?a=C3=A7=C3=A3o.txt?=\"",
		  "ação.txt" },
		{ "raw utf-8", "attachment; filename=\"a\303\247.txt\"",
		  "aç.txt" },
		{ "raw latin1", "attachment; filename=\"a\347.txt\"",
		  "aç.txt" },
		{ "2231", "attachment; filename*=utf-8''a%C3%A7%20b.txt",
		  "aç b.txt" },
		{ "2231 latin1 and language",
		  "attachment; filename*=iso-8859-1'pt-BR'a%E7.txt", "aç.txt" },
		{ "2231 without charset", "attachment; filename*=a%C3%A7.txt",
		  "aç.txt" },
		{ "continued",
		  "attachment; filename*0=\"ab\"; filename*1=\"cd.txt\"",
		  "abcd.txt" },
		{ "continued, out of order",
		  "attachment; filename*1=\"cd.txt\"; filename*0=\"ab\"",
		  "abcd.txt" },
		{ "continued, character across",
		  "attachment; filename*0*=utf-8''a%C3; filename*1*=%A7.txt",
		  "aç.txt" },
		{ "continued, mixed",
		  "attachment; filename*0*=utf-8''a%C3%A7; filename*1=\" b\"",
		  "aç b" },
		{ "both", "attachment; filename=\"x\"; filename*=utf-8''y",
		  "y" },
		{ "gap", "attachment; filename*0=a; filename*2=c", "a" },
		{ "bad percent", "attachment; filename*=utf-8''a%zz%4",
		  "a%zz%4" },
		{ "twice", "attachment; filename=a; filename=b", "a" },
		{ "none", "attachment; size=3", NULL },
		{ "no parameters", "attachment", NULL },
		{ "nothing", "", NULL },
		{ "no value", "attachment; filename", NULL },
		{ "empty value", "attachment; filename=", "" },
		{ "open quote", "attachment; filename=\"a.txt", "a.txt" },
		{ "prefix only", "attachment; filenames=a", NULL },
		{ "huge section", "attachment; filename*99999999999=a", NULL },
		{ "nul escape", "attachment; filename*=utf-8''a%00b",
		  "a\357\277\275b" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			filename_dup_parameter(cases[i].input, "filename", 64);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, got);
	}
}

static void test_parameter_stops_at_the_limit(void **state)
{
	static const char value[] = "attachment; a=1; b=2; filename=c";
	g_autofree char *in = filename_dup_parameter(value, "filename", 3);
	g_autofree char *out = filename_dup_parameter(value, "filename", 2);

	(void)state;
	assert_string_equal(in, "c");
	assert_null(out);
}

static void test_safe_leaves_one_harmless_component(void **state)
{
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "a.txt", "a.txt" },
		{ "nota fiscal nº 7.pdf", "nota fiscal nº 7.pdf" },
		{ "../../etc/passwd", "passwd" },
		{ "C:\\Users\\x\\a.doc", "a.doc" },
		{ "a/", "a_" },
		{ "..", "" },
		{ "...", "" },
		{ "", "" },
		{ ".htaccess", "_.htaccess" },
		{ "a\r\nb\tc", "a__b_c" },
		{ "a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h" },
		{ "gpj.\342\200\256exe", "gpj.exe" },
		{ "a\342\200\213b", "ab" },
		{ " a . ", "a" },
		{ "CON", "_CON" },
		{ "con.txt", "_con.txt" },
		{ "com1.txt", "_com1.txt" },
		{ "console.txt", "console.txt" },
		{ "a\377b", "a\357\277\275b" },
		{ "a\302\240b", "a b" },
		{ "e\314\201.txt", "é.txt" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = filename_dup_safe(cases[i].input);
		g_autofree char *again = filename_dup_safe(got);

		assert_string_equal(got, cases[i].want);
		assert_string_equal(again, got);
		assert_int_equal(filename_is_safe(got), got[0] != '\0');
	}
	assert_false(filename_is_safe("../x"));
	assert_false(filename_is_safe("a\nb"));
	assert_false(filename_is_safe("\377"));
}

static void test_safe_cuts_before_the_extension(void **state)
{
	g_autofree char *stem = g_strnfill(300, 'x');
	g_autofree char *name = g_strconcat(stem, ".pdf", NULL);
	g_autofree char *got = filename_dup_safe(name);
	GString *wide = g_string_new(NULL);

	(void)state;
	assert_int_equal(strlen(got), FILENAME_MAX_BYTES);
	assert_true(g_str_has_suffix(got, "x.pdf"));
	for (int i = 0; i < 200; i++)
		g_string_append(wide, "ç");
	g_string_append(wide, ".tar");
	g_autofree char *cut = filename_dup_safe(wide->str);

	assert_true(strlen(cut) <= FILENAME_MAX_BYTES);
	assert_true(g_utf8_validate(cut, -1, NULL));
	assert_true(g_str_has_suffix(cut, "ç.tar"));
	g_string_free(wide, TRUE);
	/* what looks like an extension but is none */
	g_autofree char *odd = g_strconcat("a.", stem, NULL);
	g_autofree char *short_one = filename_dup_safe(odd);

	assert_int_equal(strlen(short_one), FILENAME_MAX_BYTES);
}

static void test_for_type_names_the_nameless(void **state)
{
	static const struct {
		const char *type;
		const char *want;
	} cases[] = {
		{ "image/png", "image.png" },
		{ "message/rfc822", "message.eml" },
		{ "image/x-unheard-of", "image" },
		{ "imagery/x", "attachment.bin" },
		{ "application/octet-stream", "attachment.bin" },
		{ "", "attachment.bin" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = filename_dup_for_type(cases[i].type);

		assert_string_equal(got, cases[i].want);
		assert_true(filename_is_safe(got));
	}
}

static void test_unique_counts_up(void **state)
{
	g_autoptr(GHashTable) taken =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "image.png", "image.png" },
		{ "image.png", "image (2).png" },
		{ "IMAGE.PNG", "IMAGE (3).PNG" },
		{ "image (2).png", "image (2) (2).png" },
		{ "README", "README" },
		{ "readme", "readme (2)" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			filename_take_unique(taken, cases[i].input);

		assert_string_equal(got, cases[i].want);
	}
	g_autofree char *longest = g_strnfill(FILENAME_MAX_BYTES, 'y');

	for (int i = 0; i < 12; i++) {
		g_autofree char *got = filename_take_unique(taken, longest);

		assert_true(strlen(got) <= FILENAME_MAX_BYTES);
		assert_true(filename_is_safe(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameter_reads_every_form),
		cmocka_unit_test(test_parameter_stops_at_the_limit),
		cmocka_unit_test(test_safe_leaves_one_harmless_component),
		cmocka_unit_test(test_safe_cuts_before_the_extension),
		cmocka_unit_test(test_for_type_names_the_nameless),
		cmocka_unit_test(test_unique_counts_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
