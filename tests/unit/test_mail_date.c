/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Date: field. Hermetic; the local time zone plays no part. */
#include "mail_case.h"

#include "mail/date.h"

static void test_parse_reads_dates(void **state)
{
	static const struct {
		const char *input;
		gint64 want; /* seconds */
	} cases[] = {
		{ "Sun, 22 Nov 2026 16:20:00 +0000", 1795364400 },
		{ "22 Nov 2026 13:20:00 -0300", 1795364400 },
		{ "Sun, 22 Nov 2026 16:20 GMT", 1795364400 },
		{ "Sun, 22 Nov 2026 13:20:00 -0300 (BRT)", 1795364400 },
		{ " Sun,\r\n 22 Nov 2026 16:20:00 +0000", 1795364400 },
		{ "Sunday, 22-Nov-26 16:20:00 UTC", 1795364400 },
		{ "Sun Nov 22 16:20:00 2026", 1795364400 },
		{ "Sun, 22 Nov 2026 08:20:00 PST", 1795364400 },
		{ "Sun, 22 Nov 126 16:20:00 +0000", 1795364400 },
		{ "1 Jan 70 00:00:01 +0000", 1 },
		{ "29 Feb 2024 00:00:00 +0000", 1709164800 },
		{ "Thu, 1 Jan 1970 01:00:00 +0200", 0 }, /* before 1970 */
		{ "29 Feb 2023 00:00:00 +0000", 0 },
		{ "31 Nov 2026 16:20:00 +0000", 0 },
		{ "22 Nov 2026 25:20:00 +0000", 0 },
		{ "22 Nov 2026 16:61:00 +0000", 0 },
		{ "22 Foo 2026 16:20:00 +0000", 0 },
		{ "99999999999999999999 Nov 2026 16:20:00", 0 },
		{ "22 Nov 99999 16:20:00 +0000", 0 },
		{ "", 0 },
		{ "yesterday", 0 },
		{ "(((((", 0 },
		{ ",,,,,,,", 0 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (date_parse(cases[i].input) != cases[i].want * 1000)
			fail_msg("%s: %" G_GINT64_FORMAT, cases[i].input,
			         date_parse(cases[i].input));
}

static void test_parse_is_bounded(void **state)
{
	g_autofree char *longest = g_strnfill(1000000, '1');
	g_autofree char *spaces = g_strnfill(1000000, ' ');

	(void)state;
	assert_int_equal(date_parse(longest), 0);
	assert_int_equal(date_parse(spaces), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_reads_dates),
		cmocka_unit_test(test_parse_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
