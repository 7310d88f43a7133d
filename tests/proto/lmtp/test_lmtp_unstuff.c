/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lmtp_unstuff.c - dots away, end found, bare CR and LF kept
 *
 * Pure. Each case is run whole and cut into pieces of every size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "lmtpd/unstuff.h"

static const struct {
	const char *name;
	const char *input;
	const char *want; /* NULL: the data does not end */
	const char *rest; /* behind the end */
} cases[] = {
	{ "empty", ".\r\n", "", "" },
	{ "one line", "a\r\n.\r\n", "a\r\n", "" },
	{ "next command", "a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n" },
	{ "stuffed dot", "..\r\n.\r\n", ".\r\n", "" },
	{ "stuffed text", "..a\r\n...b\r\n.\r\n", ".a\r\n..b\r\n", "" },
	{ "dot not stuffed", ".a\r\n.\r\n", "a\r\n", "" },
	{ "dot inside", "a.\r\nb.c\r\n.\r\n", "a.\r\nb.c\r\n", "" },
	{ "bare LF", "a\nb\r\n.\r\n", "a\nb\r\n", "" },
	{ "LF dot LF", "a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", "" },
	{ "LF dot CRLF", "a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", "" },
	{ "CRLF dot LF", "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", "" },
	{ "CRLF dot CR", "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", "" },
	{ "CRLF dot CR CRLF", "a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", "" },
	{ "bare CR", "a\rb\r\r\n.\r\n", "a\rb\r\r\n", "" },
	{ "CR dot CRLF", "a\r.\r\n.\r\n", "a\r.\r\n", "" },
	{ "CR LF apart", "\r\r\n\n.\r\n.\r\n", "\r\r\n\n.\r\n", "" },
	{ "empty lines", "\r\n\r\n.\r\n", "\r\n\r\n", "" },
	{ "no end", "a\r\n", NULL, NULL },
	{ "no end, LF only", "a\n.\n", NULL, NULL },
	{ "no end, dot", "a\r\n.", NULL, NULL },
	{ "no end, dot CR", "a\r\n.\r", NULL, NULL },
	{ "dot at the end of a line", "a\r\nb.\r\n", NULL, NULL },
};

/* Feeds the input in pieces; what is behind the end is returned. */
static const char *run(const char *input, size_t piece, GString *out,
                       struct unstuff *unstuff)
{
	size_t left = strlen(input);
	size_t have = 0;

	unstuff_init(unstuff);
	while (!unstuff_is_end(unstuff) && left > 0) {
		struct unstuff_span span;
		size_t used;

		if (have == 0)
			have = MIN(piece, left);
		used = unstuff_step(unstuff, input, have, &span);
		g_string_append_len(out, span.data, (gssize)span.len);
		input += used;
		left -= used;
		have -= used;
	}
	return input;
}

static void check_case(size_t at, size_t piece)
{
	GString *out = g_string_new(NULL);
	struct unstuff unstuff;
	const char *rest = run(cases[at].input, piece, out, &unstuff);

	if (unstuff_is_end(&unstuff) != (cases[at].want != NULL))
		fail_msg("%s, pieces of %zu: end", cases[at].name, piece);
	if (cases[at].want != NULL && strcmp(out->str, cases[at].want) != 0)
		fail_msg("%s, pieces of %zu: \"%s\"", cases[at].name, piece,
		         out->str);
	if (cases[at].rest != NULL && strcmp(rest, cases[at].rest) != 0)
		fail_msg("%s, pieces of %zu: rest \"%s\"", cases[at].name,
		         piece, rest);
	g_string_free(out, TRUE);
}

static void test_unstuff_step_cases(G_GNUC_UNUSED void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		for (size_t piece = 1; piece <= 20; piece++)
			check_case(i, piece);
}

/* A line is content byte for byte, whatever the bytes are. */
static void test_unstuff_step_every_byte(G_GNUC_UNUSED void **state)
{
	GString *out = g_string_new(NULL);
	struct unstuff unstuff;
	struct unstuff_span span;
	char input[256];

	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (char)(i == '\r' || i == '\n' ? 'x' : i);
	unstuff_init(&unstuff);
	assert_int_equal(unstuff_step(&unstuff, input, sizeof(input), &span),
	                 sizeof(input));
	assert_int_equal(span.len, sizeof(input));
	assert_memory_equal(span.data, input, sizeof(input));
	g_string_free(out, TRUE);
}

static void test_unstuff_step_after_end(G_GNUC_UNUSED void **state)
{
	struct unstuff unstuff;
	struct unstuff_span span;

	unstuff_init(&unstuff);
	assert_int_equal(unstuff_step(&unstuff, ".\r\n", 1, &span), 1);
	assert_int_equal(unstuff_step(&unstuff, "\r\n", 2, &span), 1);
	assert_int_equal(unstuff_step(&unstuff, "\n", 1, &span), 1);
	assert_true(unstuff_is_end(&unstuff));
	assert_int_equal(unstuff_step(&unstuff, "QUIT", 4, &span), 0);
	assert_int_equal(span.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unstuff_step_cases),
		cmocka_unit_test(test_unstuff_step_every_byte),
		cmocka_unit_test(test_unstuff_step_after_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
