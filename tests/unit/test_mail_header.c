/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The raw header block. Hermetic: no files, no network, no clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/header.h"

#define BYTES(text) (text), sizeof(text) - 1

/* "name=value|name=value|" and then the body behind "#". NUL shows as "0". */
static char *dup_walk(const char *data, size_t len)
{
	GString *seen = g_string_new(NULL);
	struct header_walk walk;
	struct header_field field;
	const char *p;

	header_walk_init(&walk, data, len);
	assert_null(header_walk_body(&walk));
	while (header_walk_next(&walk, &field)) {
		g_string_append_len(seen, field.name, (gssize)field.name_len);
		g_string_append(seen, field.blank_before_colon ? " =" : "=");
		g_string_append_len(seen, field.value, (gssize)field.value_len);
		g_string_append_c(seen, '|');
	}
	assert_false(header_walk_next(&walk, &field));
	g_string_append_c(seen, '#');
	p = header_walk_body(&walk);
	assert_non_null(p);
	g_string_append_len(seen, p, data + len - p);
	for (gsize i = 0; i < seen->len; i++) {
		if (seen->str[i] == '\0')
			seen->str[i] = '0';
	}
	return g_string_free(seen, FALSE);
}

static void test_walk_splits_the_block(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		size_t len;
		const char *want;
	} cases[] = {
		{ "nothing", BYTES(""), "#" },
		{ "empty line", BYTES("\r\nbody"), "#body" },
		{ "empty LF line", BYTES("\nbody"), "#body" },
		{ "one", BYTES("A: b\r\n\r\nbody"), "A= b|#body" },
		{ "LF", BYTES("A: b\n\nbody"), "A= b|#body" },
		{ "mixed", BYTES("A: b\nC:d\r\n\nbody"), "A= b|C=d|#body" },
		{ "no end", BYTES("A: b"), "A= b|#" },
		{ "no empty line", BYTES("A: b\r\n"), "A= b|#" },
		{ "empty value", BYTES("A:\r\n\r\n"), "A=|#" },
		{ "fold", BYTES("A: b\r\n c\r\n\td\r\nE: f\r\n\r\n"),
		  "A= b\r\n c\r\n\td|E= f|#" },
		{ "blank fold", BYTES("A: b\r\n \r\n c\r\n\r\nx"),
		  "A= b\r\n \r\n c|#x" },
		{ "fold at end", BYTES("A: b\r\n c"), "A= b\r\n c|#" },
		{ "blank before colon", BYTES("From : a\r\n\r\n"),
		  "From = a|#" },
		{ "no colon", BYTES("A: b\r\nhello world\r\nC: d\r\n\r\nx"),
		  "A= b|#hello world\r\nC: d\r\n\r\nx" },
		{ "word only", BYTES("A: b\r\nhello\r\n\r\nx"),
		  "A= b|#hello\r\n\r\nx" },
		{ "colon first", BYTES(": b\r\n\r\nx"), "#: b\r\n\r\nx" },
		{ "continuation first", BYTES(" A: b\r\n\r\nx"),
		  "# A: b\r\n\r\nx" },
		{ "mbox line",
		  BYTES("From a@b Sun Nov 22 16:20:00 2026\nA: b\n"),
		  "#From a@b Sun Nov 22 16:20:00 2026\nA: b\n" },
		{ "8-bit name", BYTES("A\351: b\r\n\r\n"),
		  "#A\351: b\r\n\r\n" },
		{ "control in name", BYTES("A\001: b\r\n"), "#A\001: b\r\n" },
		{ "nul in value", BYTES("A: b\0c\r\n\r\n"), "A= b0c|#" },
		{ "lone CR is no line end", BYTES("A: b\rC: d\r\n\r\n"),
		  "A= b\rC: d|#" },
		{ "lone CR is no empty line", BYTES("A: b\r\n\rC: d"),
		  "A= b|#\rC: d" },
		{ "CR CR LF", BYTES("A: b\r\r\n\r\n"), "A= b\r|#" },
		{ "only CR", BYTES("\r"), "#\r" },
		{ "odd name", BYTES("X-!#$%&'*+/=?^_`{|}~: b\n\n"),
		  "X-!#$%&'*+/=?^_`{|}~= b|#" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		/* A copy of the exact size, for the address sanitizer. */
		g_autofree char *copy = g_memdup2(cases[i].input, cases[i].len);
		g_autofree char *got =
			dup_walk(copy == NULL ? "" : copy, cases[i].len);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, got);
	}
}

static void test_is_compares_without_case(void **state)
{
	struct header_field field = { .name = "SubjectX", .name_len = 7 };

	(void)state;
	assert_true(header_is(&field, "subject"));
	assert_true(header_is(&field, "SUBJECT"));
	assert_false(header_is(&field, "subjec"));
	assert_false(header_is(&field, "subjectx"));
}

static void test_dup_single_wants_exactly_one(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		size_t len;
		const char *want;
		unsigned count;
	} cases[] = {
		{ "one", BYTES("A: b\nFrom: x\nC: d\n\n"), " x", 1 },
		{ "other case", BYTES("FROM: x\n\n"), " x", 1 },
		{ "none", BYTES("A: b\n\nFrom: x\n"), NULL, 0 },
		{ "two", BYTES("From: x\nFROM: y\n\n"), NULL, 2 },
		{ "two, one with a blank", BYTES("From: x\nFrom : y\n\n"), NULL,
		  2 },
		{ "behind garbage", BYTES("A: b\nhello\nFrom: x\n\n"), NULL,
		  0 },
		{ "folded", BYTES("From:\r\n x\r\n y\r\n\r\n"), "\r\n x\r\n y",
		  1 },
		{ "nul shows", BYTES("From: x\0y\n\n"), " x\001y", 1 },
		{ "longer name", BYTES("From2: x\nFro: y\n\n"), NULL, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		unsigned count = 99;
		g_autofree char *got = header_dup_single(
			cases[i].input, cases[i].len, "From", &count);
		g_autofree char *again = header_dup_single(
			cases[i].input, cases[i].len, "From", NULL);

		if (g_strcmp0(got, cases[i].want) != 0 ||
		    g_strcmp0(again, cases[i].want) != 0 ||
		    count != cases[i].count)
			fail_msg("%s: %s, %u", cases[i].name, got, count);
	}
}

static void test_unfold(void **state)
{
	static const struct {
		const char *input;
		size_t len;
		const char *want;
	} cases[] = {
		{ BYTES(" a\r\n b"), "a b" },
		{ BYTES(" a\n\tb"), "a\tb" },
		{ BYTES("\r\n a \r\n "), "a" },
		{ BYTES("a\nb"), "a b" },
		{ BYTES("a\rb"), "a b" },
		{ BYTES("a\r\nb\r\n"), "a  b" },
		{ BYTES("a\0b"), "a\001b" },
		{ BYTES(""), "" },
		{ BYTES("\n"), "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			header_unfold(cases[i].input, cases[i].len);

		assert_string_equal(got, cases[i].want);
	}
}

static void test_dup_message_ids(void **state)
{
	static const struct {
		const char *input;
		size_t len;
		size_t max;
		const char *want; /* joined with a blank */
	} cases[] = {
		{ BYTES("<a@b>"), 9, "<a@b>" },
		{ BYTES(" <a@b> <c@d>\r\n\t<e@f>"), 9, "<a@b> <c@d> <e@f>" },
		{ BYTES("<a@b><c@d>"), 9, "<a@b> <c@d>" },
		{ BYTES("<a@b>,<c@d>"), 9, "<a@b> <c@d>" },
		{ BYTES("<a@b> <c@d> <e@f>"), 2, "<a@b> <c@d>" },
		{ BYTES("<a@b>"), 0, "" },
		{ BYTES("Your mail of Monday <a@b> (x)"), 9, "<a@b>" },
		{ BYTES("<a\r\n b@c>"), 9, "<ab@c>" },
		{ BYTES("<a b@c> <d@e>"), 9, "<d@e>" },
		{ BYTES("<a <d@e>"), 9, "<d@e>" },
		{ BYTES("<a<d@e>"), 9, "<d@e>" },
		{ BYTES("<> <d@e>"), 9, "<d@e>" },
		{ BYTES("<a@b"), 9, "" },
		{ BYTES("<"), 9, "" },
		{ BYTES("a@b>"), 9, "" },
		{ BYTES(""), 9, "" },
		{ BYTES("<a\0b@c> <d@e>"), 9, "<d@e>" },
		{ BYTES("<a\001@c> <d@e>"), 9, "<d@e>" },
		{ BYTES("<a\303\251@c>"), 9, "<a\303\251@c>" },
		{ BYTES("<a\351@c> <d@e>"), 9, "<d@e>" },
		{ BYTES("<no-at>"), 9, "<no-at>" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) ids = header_dup_message_ids(
			cases[i].input, cases[i].len, cases[i].max);
		g_autofree char *got = g_strjoinv(" ", ids);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].input, got);
	}
}

static void test_dup_message_ids_leaves_out_long_ones(void **state)
{
	g_autofree char *fits = g_strnfill(996, 'a');
	g_autofree char *both = g_strdup_printf("<%s> <a%s>", fits, fits);
	g_auto(GStrv) ids = header_dup_message_ids(both, strlen(both), 9);

	(void)state;
	assert_int_equal(g_strv_length(ids), 1);
	assert_int_equal(strlen(ids[0]), 998);
}

static void test_decode(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		size_t len;
		const char *want;
		bool control;
	} cases[] = {
		{ "plain", BYTES(" Hello  world "), "Hello  world", false },
		{ "folded", BYTES(" Hello\r\n world"), "Hello world", false },
		{ "q", BYTES("=?utf-8?q?Ol=C3=A1_=3F?="), "Ol\303\241 ?",
		  false },
		{ "b", BYTES("=?UTF-8?B?T2zDoQ==?="), "Ol\303\241", false },
		{ "b unpadded", BYTES("=?UTF-8?B?T2zDoQ?="), "Ol\303\241",
		  false },
		{ "latin1 is windows-1252", BYTES("=?iso-8859-1?q?=80=E1?="),
		  "\342\202\254\303\241", false },
		{ "us-ascii with 8-bit", BYTES("=?us-ascii?q?=E1?="),
		  "\303\241", false },
		{ "unknown charset", BYTES("=?x-klingon?q?=C3=A1?="),
		  "\303\241", false },
		{ "japanese", BYTES("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="),
		  "\346\227\245\346\234\254", false },
		{ "russian", BYTES("=?koi8-r?q?=D0=D2=C9?="),
		  "\320\277\321\200\320\270", false },
		{ "language", BYTES("=?utf-8*pt-BR?q?Ol=C3=A1?="), "Ol\303\241",
		  false },
		{ "text around", BYTES("a =?utf-8?q?b?= c"), "a b c", false },
		{ "words in a row", BYTES("=?utf-8?q?a?= \r\n =?utf-8?q?b?="),
		  "ab", false },
		{ "glued words", BYTES("=?utf-8?q?a?==?utf-8?q?b?="), "ab",
		  false },
		{ "glued to text", BYTES("x=?utf-8?q?a?=y"), "xay", false },
		{ "split character", BYTES("=?utf-8?q?=C3?= =?UTF-8?q?=A1?="),
		  "\303\241", false },
		{ "split, b then q", BYTES("=?utf-8?b?ww==?= =?utf-8?q?=A1?="),
		  "\303\241", false },
		{ "other charset", BYTES("=?utf-8?q?=C3=A1?= =?koi8-r?q?=D0?="),
		  "\303\241\320\277", false },
		{ "raw utf-8", BYTES("Ol\303\241"), "Ol\303\241", false },
		{ "raw latin1", BYTES("Ol\341"), "Ol\303\241", false },
		{ "raw and encoded", BYTES("Ol\341 =?utf-8?q?=C3=A1?="),
		  "Ol\303\241 \303\241", false },
		{ "not closed", BYTES("=?utf-8?q?a"), "=?utf-8?q?a", false },
		{ "half closed", BYTES("=?utf-8?q?a?"), "=?utf-8?q?a?", false },
		{ "no encoding", BYTES("=?utf-8?x?a?="),
		  "=?utf-8?x?a?=", false },
		{ "no charset", BYTES("=??q?a?="), "=??q?a?=", false },
		{ "cut", BYTES("=?"), "=?", false },
		{ "cut charset", BYTES("=?utf-8"), "=?utf-8", false },
		{ "cut encoding", BYTES("=?utf-8?q"), "=?utf-8?q", false },
		{ "blank inside", BYTES("=?utf-8?q?a b?="),
		  "=?utf-8?q?a b?=", false },
		{ "empty word", BYTES("=?utf-8?q?\?="), "", false },
		{ "bad hex", BYTES("=?utf-8?q?=4=ZZ=?="), "=4=ZZ=", false },
		{ "lower hex", BYTES("=?utf-8?q?=c3=a1?="), "\303\241", false },
		{ "bad base64", BYTES("=?utf-8?b?*T*2*z*?="), "Ol", false },
		{ "not twice", BYTES("=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?="),
		  "=?utf-8?q?a?=", false },
		{ "nul", BYTES("a\0b"), "a b", true },
		{ "encoded nul", BYTES("=?utf-8?q?a=00b?="), "a b", true },
		{ "encoded newline", BYTES("=?utf-8?q?a=0D=0ATo:_b?="),
		  "a  To: b", true },
		{ "encoded tab", BYTES("=?utf-8?q?a=09b?="), "a b", false },
		{ "c1", BYTES("a\302\205b"), "a b", true },
		{ "line separator", BYTES("a\342\200\250b"), "a b", true },
		{ "override dropped", BYTES("a\342\200\256b"), "ab", false },
		{ "isolate dropped", BYTES("a\342\201\250b"), "ab", false },
		{ "utf-16", BYTES("=?utf-16be?b?AGEAYg==?="), "ab", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool control = !cases[i].control;
		g_autofree char *got =
			header_decode(cases[i].input, cases[i].len, &control);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, got);
		if (control != cases[i].control)
			fail_msg("%s: control", cases[i].name);
	}
}

/* What a careless search would make quadratic: a megabyte of each must be
 * done before the test's time is over. */
static void test_decode_is_linear(void **state)
{
	static const char *const units[] = {
		"=?",       "=?a?q?", "=?utf-8?q?a?= ", "?=", "=?a?q?\303 ",
		"\303\303", " ",      "=?utf-8?b?",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(GString) value = g_string_new(NULL);
		g_autofree char *text = NULL;

		for (j = 0; value->len < 1 << 20; j++)
			g_string_append(value, units[i]);
		text = header_decode(value->str, value->len, NULL);
		assert_true(g_utf8_validate(text, -1, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk_splits_the_block),
		cmocka_unit_test(test_is_compares_without_case),
		cmocka_unit_test(test_dup_single_wants_exactly_one),
		cmocka_unit_test(test_unfold),
		cmocka_unit_test(test_dup_message_ids),
		cmocka_unit_test(test_dup_message_ids_leaves_out_long_ones),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
