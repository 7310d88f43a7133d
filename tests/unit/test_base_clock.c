/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_base_clock.c - base/clock.h; sets its own zone, stands time still */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>

#include "base/clock.h"

static const struct {
	const char *name;
	gint64 ms;
	const char *local; /* three hours west of Greenwich */
	const char *iso;
	const char *rfc5322;
} cases[] = {
	{ "a Sunday", G_GINT64_CONSTANT(1795364400999), "2026-11-22 13:20",
	  "2026-11-22T16:20:00Z", "Sun, 22 Nov 2026 16:20:00 +0000" },
	{ "one digit of a day", G_GINT64_CONSTANT(1772323204000),
	  "2026-02-28 21:00", "2026-03-01T00:00:04Z",
	  "Sun, 1 Mar 2026 00:00:04 +0000" },
	{ "leap day", G_GINT64_CONSTANT(1709208000000), "2024-02-29 09:00",
	  "2024-02-29T12:00:00Z", "Thu, 29 Feb 2024 12:00:00 +0000" },
	{ "the epoch", 0, "1969-12-31 21:00", "1970-01-01T00:00:00Z",
	  "Thu, 1 Jan 1970 00:00:00 +0000" },
	{ "a millisecond before it", -1, "1969-12-31 20:59",
	  "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 +0000" },
	{ "as late as can be", G_MAXINT64, "9999-12-30 20:59",
	  "9999-12-30T23:59:59Z", "Thu, 30 Dec 9999 23:59:59 +0000" },
	{ "as early as can be", G_MININT64, "0001-01-01 21:00",
	  "0001-01-02T00:00:00Z", "Tue, 2 Jan 0001 00:00:00 +0000" },
};

static void test_clock_dup_all_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *local = clock_dup_local(cases[i].ms);
		g_autofree char *iso = clock_dup_iso(cases[i].ms);
		g_autofree char *rfc = clock_dup_rfc5322(cases[i].ms);

		print_message("%s\n", cases[i].name);
		assert_string_equal(local, cases[i].local);
		assert_string_equal(iso, cases[i].iso);
		assert_string_equal(rfc, cases[i].rfc5322);
	}
}

static void test_clock_now_stands_still(void **state)
{
	(void)state;
	clock_set_for_test(1234567);
	assert_int_equal(clock_now(), 1234567);
	assert_int_equal(clock_now(), 1234567);
	clock_set_for_test(0);
	assert_true(clock_now() > 1234567);
}

static void test_clock_now_is_milliseconds(void **state)
{
	gint64 before = g_get_real_time() / 1000;
	gint64 now = clock_now();

	(void)state;
	assert_in_range(now, before, before + CLOCK_MINUTE);
}

static void test_clock_monotonic_runs_in_milliseconds(void **state)
{
	gint64 before = clock_monotonic();
	gint64 after;

	(void)state;
	g_usleep(20000);
	after = clock_monotonic();
	assert_in_range(after - before, 19, CLOCK_MINUTE);
}

static void test_clock_constants(void **state)
{
	(void)state;
	assert_int_equal(CLOCK_DAY, 86400000);
	assert_int_equal(CLOCK_HOUR, 3600000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_dup_all_forms),
		cmocka_unit_test(test_clock_now_stands_still),
		cmocka_unit_test(test_clock_now_is_milliseconds),
		cmocka_unit_test(test_clock_monotonic_runs_in_milliseconds),
		cmocka_unit_test(test_clock_constants),
	};

	setenv("TZ", "<-03>3", 1);
	setlocale(LC_ALL, "");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
