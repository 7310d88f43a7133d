/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_mail_threadindex.c - Thread-Index as Outlook reads it. Pure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/threadindex.h"

#define NOW  G_GINT64_CONSTANT(1795364400000) /* 2026-11-22 */
#define YEAR (G_GINT64_CONSTANT(366) * 24 * 3600 * 1000)

static GBytes *decode(const char *field)
{
	gsize len;
	guchar *bytes = g_base64_decode(field, &len);

	return g_bytes_new_take(bytes, len);
}

static void test_new_is_a_header(void **state)
{
	g_autofree char *one = threadindex_new("VIA-7K3Q9MX", NOW);
	g_autofree char *same = threadindex_new("VIA-7K3Q9MX", NOW);
	g_autofree char *other = threadindex_new("VIA-0000000", NOW);
	g_autoptr(GBytes) bytes = decode(one);
	const guint8 *at = g_bytes_get_data(bytes, NULL);
	guint64 time = 0;

	(void)state;
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	assert_int_equal(g_bytes_get_size(bytes), 22);
	assert_int_equal(at[0], 1);
	for (int i = 0; i < 6; i++)
		time = time << 8 | at[i];
	/* FILETIME without its lower 16 bits: 6.5 ms */
	time = (time << 16) / 10000 - G_GUINT64_CONSTANT(11644473600000);
	assert_true(NOW - (gint64)time < 8);
}

/* Five bytes more, the conversation's 22 as they were. */
static void test_answer_keeps_the_conversation(void **state)
{
	g_autofree char *field = threadindex_new("x", NOW);

	(void)state;
	for (unsigned i = 1; i <= 60; i++) {
		g_autofree char *next =
			threadindex_answer(field, NOW + i * 60000, i);
		g_autoptr(GBytes) was = decode(field);
		g_autoptr(GBytes) is = decode(next);
		gsize want = g_bytes_get_size(was) + 5;

		assert_non_null(next);
		if (want > 22 + 40 * 5)
			want = 27;
		assert_int_equal(g_bytes_get_size(is), want);
		assert_memory_equal(g_bytes_get_data(is, NULL),
		                    g_bytes_get_data(was, NULL), 22);
		g_free(field);
		field = g_steal_pointer(&next);
	}
}

static void test_answer_tells_the_time(void **state)
{
	static const struct {
		gint64 apart; /* ms */
		guint32 want; /* upper bit: in which unit */
	} cases[] = {
		{ 0, 0 },
		{ -1000, 0 },
		{ 60 * 1000, 600000000u >> 18 },
		{ 3 * YEAR, 0x80000000u | (guint32)((guint64)3 * YEAR * 10000
		                                    >> 23) },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *root = threadindex_new("x", NOW);
		g_autofree char *field =
			threadindex_answer(root, NOW + cases[i].apart, 0);
		g_autoptr(GBytes) bytes = decode(field);
		const guint8 *at = g_bytes_get_data(bytes, NULL);
		guint32 got = (guint32)at[22] << 24 | (guint32)at[23] << 16 |
		              (guint32)at[24] << 8 | at[25];

		/* the header is cut to 6.5 ms */
		assert_true(got >= cases[i].want && got - cases[i].want <= 1);
	}
}

static void test_answer_to_what_is_none(void **state)
{
	static const char *const fields[] = {
		"", " ", "AA==", "not base64!", "AdzYq0v1mZKyQm0aRbyMNOaxA2vH",
		"AdzYq0v1mZKyQm0aRbyMNOaxA2vHGQA=", /* 23 bytes */
		"<b>", "=?utf-8?q?x?=",
	};
	g_autofree char *huge = g_strnfill(5000, 'A');

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
		assert_null(threadindex_answer(fields[i], NOW, 0));
	assert_null(threadindex_answer(huge, NOW, 0));
}

static void test_answer_to_a_folded_field(void **state)
{
	g_autofree char *plain =
		threadindex_answer("AdzYq0v1mZKyQm0aRbyMNOaxA2vHGQ==", NOW, 1);
	g_autofree char *folded = threadindex_answer(
		" AdzYq0v1mZKyQm0a\r\n\tRbyMNOaxA2vHGQ==", NOW, 1);

	(void)state;
	assert_non_null(plain);
	assert_string_equal(plain, folded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_is_a_header),
		cmocka_unit_test(test_answer_keeps_the_conversation),
		cmocka_unit_test(test_answer_tells_the_time),
		cmocka_unit_test(test_answer_to_what_is_none),
		cmocka_unit_test(test_answer_to_a_folded_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
