/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_hours.c - hours.h
 *
 * Needs the IANA time zones in /usr/share/zoneinfo; no clock, no network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "desk/hours.h"

#define SP     "America/Sao_Paulo"
#define LISBON "Europe/Lisbon"
#define NY     "America/New_York"
#define OFFICE "mon-fri 09:00-18:00"
#define MINUTE G_GINT64_CONSTANT(60000)

/* "2026-11-22 16:20" in UTC to milliseconds. */
static gint64 utc(const char *text)
{
	int year, month, day, hour, minute;

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &year, &month, &day,
				&hour, &minute),
			 5);
	g_autoptr(GDateTime) t
		= g_date_time_new_utc(year, month, day, hour, minute, 0);
	return g_date_time_to_unix(t) * 1000;
}

static struct hours *parse(const char *zone, const char *weekly,
			   const char *holidays)
{
	g_autoptr(GError) error = NULL;
	struct hours *hours = hours_parse(zone, weekly, holidays, &error);

	if (hours == NULL)
		fail_msg("%s: %s", weekly, error->message);
	return hours;
}

/* Both ways: from + work = to, and what lies between them is work. */
static void test_add_and_between(void **state)
{
	static const struct {
		const char *name, *zone, *weekly, *holidays, *from;
		gint64 minutes;
		const char *want;
	} cases[] = {
		{ "within a day", "UTC", OFFICE, "", "2026-11-23 10:00", 120,
		  "2026-11-23 12:00" },
		{ "before opening", "UTC", OFFICE, "", "2026-11-23 03:00", 60,
		  "2026-11-23 10:00" },
		{ "to the last minute", "UTC", OFFICE, "", "2026-11-23 17:00",
		  60, "2026-11-23 18:00" },
		{ "over a night", "UTC", OFFICE, "", "2026-11-23 17:30", 60,
		  "2026-11-24 09:30" },
		{ "over a weekend", "UTC", OFFICE, "", "2026-11-20 17:30", 60,
		  "2026-11-23 09:30" },
		{ "from a weekend", "UTC", OFFICE, "", "2026-11-21 12:00", 60,
		  "2026-11-23 10:00" },
		{ "two weeks", "UTC", OFFICE, "", "2026-11-23 09:00",
		  10 * 9 * 60, "2026-12-04 18:00" },
		{ "lunch", "UTC", "mon-fri 09:00-12:00,13:00-18:00", "",
		  "2026-11-23 11:30", 60, "2026-11-23 13:30" },
		{ "saturday morning", "UTC",
		  "mon-fri 09:00-18:00; sat 09:00-13:00", "",
		  "2026-11-20 17:00", 120, "2026-11-21 10:00" },
		{ "single days", "UTC", "mon,wed 09:00-10:00", "",
		  "2026-11-23 09:30", 60, "2026-11-25 09:30" },
		{ "past Sunday", "UTC", "sat-mon 10:00-11:00", "",
		  "2026-11-21 10:30", 120, "2026-11-23 10:30" },
		{ "past midnight", "UTC", "fri 22:00-06:00", "",
		  "2026-11-20 23:00", 120, "2026-11-21 01:00" },
		{ "past midnight, from behind it", "UTC", "fri 22:00-06:00",
		  "", "2026-11-21 05:00", 120, "2026-11-27 23:00" },
		{ "all day", "UTC", "mon-sun 00:00-24:00", "",
		  "2026-11-21 05:00", 3000, "2026-11-23 07:00" },
		{ "always", "UTC", "", "12-25", "2026-12-24 12:00", 1440,
		  "2026-12-25 12:00" },
		{ "a holiday", "UTC", OFFICE, "2026-11-24",
		  "2026-11-23 17:00", 120, "2026-11-25 10:00" },
		{ "of another year", "UTC", OFFICE, "2025-11-24",
		  "2026-11-23 17:00", 120, "2026-11-24 10:00" },
		{ "every year", "UTC", OFFICE, "01-01, 12-25",
		  "2025-12-24 17:00", 120, "2025-12-26 10:00" },
		{ "a night before a holiday", "UTC", "mon-sun 20:00-04:00",
		  "2026-11-24", "2026-11-23 23:00", 120,
		  "2026-11-25 21:00" },
		/* The zone: Sao Paulo is UTC-3. */
		{ "zone", SP, OFFICE, "", "2026-11-23 11:00", 60,
		  "2026-11-23 13:00" },
		{ "holiday of the zone", SP, OFFICE, "11-24",
		  "2026-11-23 20:30", 60, "2026-11-25 12:30" },
		/* Sao Paulo, 2018-11-04: at 00:00 it becomes 01:00, -2. */
		{ "Sao Paulo, weekend of summer", SP, OFFICE, "",
		  "2018-11-02 20:00", 120, "2018-11-05 12:00" },
		{ "Sao Paulo, midnight that is not", SP,
		  "sat-sun 00:00-24:00", "", "2018-11-04 02:00", 120,
		  "2018-11-04 04:00" },
		{ "Sao Paulo, 23 hours", SP, "sun 00:00-24:00", "",
		  "2018-11-04 03:00", 23 * 60, "2018-11-05 02:00" },
		{ "Sao Paulo, opens in the gap", SP, "sun 00:30-02:00", "",
		  "2018-11-03 12:00", 60, "2018-11-04 04:00" },
		/* 2019-02-17: at 00:00 it becomes 23:00 of Saturday, -3. */
		{ "Sao Paulo, back", SP, OFFICE, "", "2019-02-15 19:00", 120,
		  "2019-02-18 13:00" },
		{ "Sao Paulo, 25 hours", SP, "sat 00:00-24:00", "",
		  "2019-02-16 02:00", 25 * 60, "2019-02-17 03:00" },
		{ "Sao Paulo, a twofold evening", SP, "sat 22:00-23:30", "",
		  "2019-02-16 12:00", 150, "2019-02-17 02:30" },
		{ "Sao Paulo, years without summer", SP, OFFICE, "",
		  "2019-11-01 20:00", 120, "2019-11-04 13:00" },
		/* Lisbon, 2026-03-29 01:00 becomes 02:00; 10-25 back. */
		{ "Lisbon, forward", LISBON, OFFICE, "", "2026-03-27 17:00",
		  120, "2026-03-30 09:00" },
		{ "Lisbon, the night", LISBON, "sat 22:00-06:00", "",
		  "2026-03-28 22:00", 180, "2026-03-29 01:00" },
		{ "Lisbon, 7 hours of 8", LISBON, "sat 22:00-06:00", "",
		  "2026-03-28 22:00", 420, "2026-03-29 05:00" },
		{ "Lisbon, back", LISBON, OFFICE, "", "2026-10-23 16:00", 120,
		  "2026-10-26 10:00" },
		{ "Lisbon, 9 hours of 8", LISBON, "sat 22:00-06:00", "",
		  "2026-10-24 21:00", 540, "2026-10-25 06:00" },
		/* New York, 2026-03-08 02:00 becomes 03:00; 11-01 back. */
		{ "New York, forward", NY, OFFICE, "", "2026-03-06 22:00",
		  120, "2026-03-09 14:00" },
		{ "New York, opens in the gap", NY, "sun 02:30-04:00", "",
		  "2026-03-08 00:00", 60, "2026-03-08 08:00" },
		{ "New York, back", NY, OFFICE, "", "2026-10-30 21:00", 120,
		  "2026-11-02 15:00" },
		{ "New York, 25 hours", NY, "sun 00:00-24:00", "",
		  "2026-11-01 04:00", 25 * 60, "2026-11-02 05:00" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(hours)
		hours = parse(cases[i].zone, cases[i].weekly,
			      cases[i].holidays);
		gint64 from = utc(cases[i].from);
		gint64 want = utc(cases[i].want);
		gint64 work = cases[i].minutes * MINUTE;
		gint64 got = hours_add(hours, from, work);
		gint64 between = hours_between(hours, from, want);
		g_autofree char *shown = hours_dup_local(hours, got);

		if (got != want)
			fail_msg("%s: %s local", cases[i].name, shown);
		if (between != work)
			fail_msg("%s: %ld minutes between", cases[i].name,
				 (long)(between / MINUTE));
	}
}

static void test_is_open(void **state)
{
	static const struct {
		const char *at;
		bool want;
	} cases[] = {
		{ "2026-11-23 11:59", false }, { "2026-11-23 12:00", true },
		{ "2026-11-23 20:59", true },  { "2026-11-23 21:00", false },
		{ "2026-11-22 15:00", false }, { "2026-12-25 15:00", false },
	};
	AUTO(hours) hours = parse(SP, OFFICE, "12-25");

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hours_is_open(hours, utc(cases[i].at)) != cases[i].want)
			fail_msg("%s", cases[i].at);
}

static void test_edges(void **state)
{
	AUTO(hours) hours = parse("UTC", OFFICE, "");
	AUTO(hours) always = parse("UTC", "always", "");
	gint64 at = utc("2026-11-22 12:00");

	(void)state;
	assert_int_equal(hours_add(hours, at, 0), at);
	assert_int_equal(hours_add(hours, at, -5), at);
	assert_int_equal(hours_between(hours, at, at), 0);
	assert_int_equal(hours_between(hours, at, at - 1000), 0);
	/* more than ten years of business */
	assert_true(hours_add(hours, at, G_MAXINT64 / 2) == HOURS_NEVER);
	assert_true(hours_add(always, at, G_MAXINT64) == HOURS_NEVER);
	assert_int_equal(hours_add(always, at, 7), at + 7);
	/* a millisecond after the end, before the beginning */
	at = utc("2026-11-23 18:00");
	assert_int_equal(hours_add(hours, at - 1, 1), at);
	assert_int_equal(hours_add(hours, at, 1), utc("2026-11-24 09:00") + 1);
}

static void test_words(void **state)
{
	static const char *const same[] = {
		"mon-fri 9:00-18:00",
		"seg-sex 09:00-18:00",
		"Segunda-Sexta 09:00-18:00",
		"lun-vie 09:00-18:00",
		"seg,ter,qua,qui,sex 09:00-18:00",
		"mon-thu 09:00-18:00; fri 09:00-18:00;",
		"mié 09:00-18:00; lun-mar,jue-vie 09:00-18:00",
		"mon-fri 13:00-18:00,09:00-12:00; mon-fri 12:00-13:00",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
		AUTO(hours) hours = parse("UTC", same[i], "");

		assert_int_equal(hours_between(hours,
					       utc("2026-11-16 00:00"),
					       utc("2026-11-23 00:00")),
				 5 * 9 * 60 * MINUTE);
		assert_false(hours_is_open(hours, utc("2026-11-21 12:00")));
	}
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *zone, *weekly, *holidays;
	} cases[] = {
		{ "America/Nowhere", OFFICE, "" },
		{ "../etc/passwd", OFFICE, "" },
		{ "UTC", "mon-fri", "" },
		{ "UTC", "09:00-18:00", "" },
		{ "UTC", "mon-fri 09:00", "" },
		{ "UTC", "mon-fri 09:00-18:00 x", "" },
		{ "UTC", "mon-fri 09:00-25:00", "" },
		{ "UTC", "mon-fri 24:00-01:00", "" },
		{ "UTC", "mon-fri 09:60-18:00", "" },
		{ "UTC", "mon-fri 09-18", "" },
		{ "UTC", "mo 09:00-18:00", "" },
		{ "UTC", "mondays 09:00-18:00", "" },
		{ "UTC", "xyz 09:00-18:00", "" },
		{ "UTC", ";", "" },
		{ "UTC", "mon 09:00-12:00,11:00-13:00", "" },
		{ "UTC", "mon 20:00-08:00; tue 07:00-09:00", "" },
		{ "UTC", OFFICE, "2026-02-30" },
		{ "UTC", OFFICE, "13-01" },
		{ "UTC", OFFICE, "25/12" },
		{ "UTC", OFFICE, "2026-2-1" },
		{ "UTC", OFFICE, "0000-01-01" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		AUTO(hours)
		hours = hours_parse(cases[i].zone, cases[i].weekly,
				    cases[i].holidays, &error);

		if (hours != NULL)
			fail_msg("case %zu was taken", i);
		assert_true(g_error_matches(error, PORTARIA_ERROR,
					    PORTARIA_ERROR_SYNTAX));
	}
}

static void test_local(void **state)
{
	AUTO(hours) hours = parse(SP, "", "02-29");
	g_autofree char *text
		= hours_dup_local(hours, utc("2026-11-23 01:05"));

	(void)state;
	assert_string_equal(text, "2026-11-22 22:05");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_between),
		cmocka_unit_test(test_is_open),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
