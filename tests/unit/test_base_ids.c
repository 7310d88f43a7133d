/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_base_ids.c - base/ids.h; needs threads and getrandom(2) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"

#define THREADS    8
#define PER_THREAD 20000

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void *make_ids(void *data)
{
	gint64 *ids = data;

	for (size_t i = 0; i < PER_THREAD; i++)
		ids[i] = id_new();
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	const gint64 *x = a;
	const gint64 *y = b;

	return (*x > *y) - (*x < *y);
}

static void test_id_new_unique_over_threads(void **state)
{
	g_autofree gint64 *ids = g_new0(gint64, THREADS * PER_THREAD);
	GThread *threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		threads[i] =
			g_thread_new("ids", make_ids, ids + i * PER_THREAD);
	for (size_t i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	for (size_t i = 0; i < THREADS * PER_THREAD; i++) {
		assert_true(ids[i] > 0);
		if (i % PER_THREAD != 0)
			assert_true(ids[i] > ids[i - 1]);
	}
	qsort(ids, THREADS * PER_THREAD, sizeof(*ids), compare_ids);
	for (size_t i = 1; i < THREADS * PER_THREAD; i++)
		assert_true(ids[i] > ids[i - 1]);
}

static void test_id_new_holds_the_time(void **state)
{
	gint64 later = clock_now() + CLOCK_DAY;
	gint64 id;

	(void)state;
	clock_set_for_test(later);
	id = id_new();
	assert_int_equal(id >> 21, later);
	clock_set_for_test(0);
}

/* More ids than a millisecond has numbers, then a clock that steps back. */
static void test_id_new_full_millisecond_and_step_back(void **state)
{
	gint64 later = clock_now() + 2 * CLOCK_DAY;
	gint64 last = 0;

	(void)state;
	clock_set_for_test(later);
	for (size_t i = 0; i < ((size_t)1 << 21) + 10; i++) {
		gint64 id = id_new();

		assert_true(id > last);
		last = id;
	}
	clock_set_for_test(later - CLOCK_DAY);
	assert_true(id_new() > last);
	clock_set_for_test(-5);
	assert_true(id_new() > last);
	clock_set_for_test(0);
}

static void test_id_new_starts_at_random(void **state)
{
	gint64 base = clock_now() + 3 * CLOCK_DAY;
	GHashTable *starts = g_hash_table_new(NULL, NULL);

	(void)state;
	for (gint64 i = 0; i < 64; i++) {
		gint64 id;

		clock_set_for_test(base + i * CLOCK_DAY);
		id = id_new() & ((1 << 21) - 1);
		g_hash_table_add(starts, GINT_TO_POINTER((int)id));
	}
	assert_true(g_hash_table_size(starts) > 55);
	g_hash_table_unref(starts);
	clock_set_for_test(0);
}

static void test_random_fill_reaches_every_byte(void **state)
{
	guint8 seen[300] = { 0 };

	(void)state;
	for (int round = 0; round < 40; round++) {
		guint8 buf[sizeof(seen)] = { 0 };

		random_fill(buf, sizeof(buf));
		for (size_t i = 0; i < sizeof(buf); i++)
			seen[i] |= buf[i];
	}
	for (size_t i = 0; i < sizeof(seen); i++)
		assert_int_equal(seen[i], 0xff);
	random_fill(NULL, 0);
}

static const struct {
	const char *plain;
	size_t len;
	const char *text;
} base32_cases[] = {
	{ "", 0, "" },
	{ "f", 1, "cr" },
	{ "fo", 2, "csqg" },
	{ "foo", 3, "csqpy" },
	{ "foob", 4, "csqpyrg" },
	{ "fooba", 5, "csqpyrk1" },
	{ "foobar", 6, "csqpyrk1e8" },
	{ "\xff", 1, "zw" },
	{ "\0\0\0\0\0", 5, "00000000" },
	{ "\xff\xff\xff\xff\xff", 5, "zzzzzzzz" },
};

static void test_base32_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(base32_cases); i++) {
		const char *text = base32_cases[i].text;
		g_autofree char *upper = g_ascii_strup(text, -1);
		g_autofree char *out =
			base32_encode((const guint8 *)base32_cases[i].plain,
		                      base32_cases[i].len);
		g_autoptr(GBytes) want =
			g_bytes_new(base32_cases[i].plain, base32_cases[i].len);
		g_autoptr(GBytes) lower_in = base32_decode(text, strlen(text));
		g_autoptr(GBytes) upper_in = base32_decode(upper, strlen(text));

		assert_string_equal(out, text);
		assert_non_null(lower_in);
		assert_non_null(upper_in);
		assert_true(g_bytes_equal(lower_in, want));
		assert_true(g_bytes_equal(upper_in, want));
	}
}

static void test_base32_decode_lookalikes(void **state)
{
	g_autoptr(GBytes) want = base32_decode("01101101", 8);
	g_autoptr(GBytes) got = base32_decode("oIl0LiO1", 8);

	(void)state;
	assert_true(g_bytes_equal(want, got));
}

static void test_base32_decode_bad(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		size_t len;
	} cases[] = {
		{ "one digit", "0", 1 },        { "three digits", "000", 3 },
		{ "six digits", "000000", 6 },  { "u", "u0", 2 },
		{ "hyphen", "00-0", 4 },        { "padding", "cr======", 8 },
		{ "space", "c ", 2 },           { "NUL", "0\0", 2 },
		{ "not ASCII", "\xc3\xa1", 2 }, { "leftover bits", "cs", 2 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		print_message("%s\n", cases[i].name);
		assert_null(base32_decode(cases[i].text, cases[i].len));
	}
}

static void test_id_dup_random_length_and_spread(void **state)
{
	GHashTable *seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char *id = id_dup_random(10);

		assert_int_equal(strlen(id), 16);
		g_hash_table_add(seen, id);
	}
	assert_int_equal(g_hash_table_size(seen), 1000);
	g_hash_table_unref(seen);
}

static void test_ref_new_form(void **state)
{
	static const char *const prefixes[] = { "VI", "VIA", "ABCDEFGH" };

	(void)state;
	for (size_t p = 0; p < G_N_ELEMENTS(prefixes); p++) {
		for (int i = 0; i < 200; i++) {
			g_autofree char *ref = ref_new(prefixes[p]);
			g_autofree char *again =
				ref_parse(prefixes[p], ref, strlen(ref));
			size_t start = strlen(prefixes[p]);

			assert_non_null(again);
			assert_string_equal(again, ref);
			assert_int_equal(strlen(ref), start + 8);
			assert_int_equal(ref[start], '-');
			assert_int_equal(strspn(ref + start + 1, alphabet), 7);
		}
	}
}

static void test_ref_prefix_is_valid(void **state)
{
	(void)state;
	assert_true(ref_prefix_is_valid("AB"));
	assert_true(ref_prefix_is_valid("ABCDEFGH"));
	assert_false(ref_prefix_is_valid(""));
	assert_false(ref_prefix_is_valid("A"));
	assert_false(ref_prefix_is_valid("ABCDEFGHI"));
	assert_false(ref_prefix_is_valid("VIa"));
	assert_false(ref_prefix_is_valid("VI-"));
	assert_false(ref_prefix_is_valid("VI4"));
}

static bool is_ref(const char *text)
{
	g_autofree char *ref = ref_parse("VIA", text, strlen(text));

	return ref != NULL;
}

/* Every wrong digit in every place of many refs. */
static void test_ref_parse_one_digit_wrong(void **state)
{
	(void)state;
	for (int round = 0; round < 500; round++) {
		g_autofree char *ref = ref_new("VIA");

		for (size_t at = 4; at < 11; at++) {
			char right = ref[at];

			for (const char *d = alphabet; *d != '\0'; d++) {
				ref[at] = *d;
				assert_int_equal(is_ref(ref), *d == right);
			}
			ref[at] = right;
		}
	}
}

/* Every two digits swapped, neighbours among them, in many refs. */
static void test_ref_parse_two_digits_swapped(void **state)
{
	(void)state;
	for (int round = 0; round < 5000; round++) {
		g_autofree char *ref = ref_new("VIA");

		for (size_t a = 4; a < 11; a++) {
			for (size_t b = a + 1; b < 11; b++) {
				g_autofree char *swapped = g_strdup(ref);

				swapped[a] = ref[b];
				swapped[b] = ref[a];
				assert_int_equal(is_ref(swapped),
				                 ref[a] == ref[b]);
			}
		}
	}
}

/* One digit in 32 is the check digit, so of random texts one in 32 is a
 * ref: the check is neither always true nor always false. */
static void test_ref_parse_random_text(void **state)
{
	int hits = 0;

	(void)state;
	for (int i = 0; i < 32000; i++) {
		char text[] = "VIA-0000000";
		guint8 random[7];

		random_fill(random, sizeof(random));
		for (size_t d = 0; d < sizeof(random); d++)
			text[4 + d] = alphabet[random[d] & 31];
		hits += is_ref(text);
	}
	assert_in_range(hits, 800, 1200);
}

static void test_ref_parse_accepted_forms(void **state)
{
	/* 2*1 + 4*0 + 8*0 + 16*0 + 5*0 + 10*0 = 2, the check digit */
	static const char *const forms[] = {
		"VIA-1000002", "VIA1000002",  "via-1000002", "Via1000002",
		"VIA-I000002", "via-loOoOo2", "VIA-10oO002",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *ref =
			ref_parse("VIA", forms[i], strlen(forms[i]));

		print_message("%s\n", forms[i]);
		assert_non_null(ref);
		assert_string_equal(ref, "VIA-1000002");
	}
}

static void test_ref_parse_refused_forms(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} cases[] = {
		{ "empty", "" },
		{ "prefix alone", "VIA" },
		{ "prefix and hyphen", "VIA-" },
		{ "half a prefix", "VI" },
		{ "other prefix", "VIB-1000002" },
		{ "no prefix", "1000002" },
		{ "two hyphens", "VIA--1000002" },
		{ "digit missing", "VIA-100000" },
		{ "digit too many", "VIA-10000020" },
		{ "space behind", "VIA-1000002 " },
		{ "space before", " VIA-1000002" },
		{ "no digit", "VIA-U000002" },
		{ "hyphen inside", "VIA-10000-2" },
		{ "wrong check digit", "VIA-1000003" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		print_message("%s\n", cases[i].name);
		assert_null(
			ref_parse("VIA", cases[i].text, strlen(cases[i].text)));
	}
	assert_null(ref_parse("VIA",
	                      "VIA-1\0"
	                      "00002",
	                      11));
}

/* Only len bytes are looked at: the text is part of a larger one. */
static void test_ref_parse_stops_at_len(void **state)
{
	g_autofree char *ref = ref_parse("VIA", "VIA-1000002] Site", 11);

	(void)state;
	assert_string_equal(ref, "VIA-1000002");
}

static void test_ref_dup_compact(void **state)
{
	g_autofree char *compact = ref_dup_compact("VIA-1000002");
	g_autofree char *again = ref_dup_compact(compact);

	(void)state;
	assert_string_equal(compact, "VIA1000002");
	assert_string_equal(again, "VIA1000002");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_id_new_unique_over_threads),
		cmocka_unit_test(test_id_new_holds_the_time),
		cmocka_unit_test(test_id_new_full_millisecond_and_step_back),
		cmocka_unit_test(test_id_new_starts_at_random),
		cmocka_unit_test(test_random_fill_reaches_every_byte),
		cmocka_unit_test(test_base32_both_ways),
		cmocka_unit_test(test_base32_decode_lookalikes),
		cmocka_unit_test(test_base32_decode_bad),
		cmocka_unit_test(test_id_dup_random_length_and_spread),
		cmocka_unit_test(test_ref_new_form),
		cmocka_unit_test(test_ref_prefix_is_valid),
		cmocka_unit_test(test_ref_parse_one_digit_wrong),
		cmocka_unit_test(test_ref_parse_two_digits_swapped),
		cmocka_unit_test(test_ref_parse_random_text),
		cmocka_unit_test(test_ref_parse_accepted_forms),
		cmocka_unit_test(test_ref_parse_refused_forms),
		cmocka_unit_test(test_ref_parse_stops_at_len),
		cmocka_unit_test(test_ref_dup_compact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
