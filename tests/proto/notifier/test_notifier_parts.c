/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_notifier_parts.c - what replies mean, and how long to wait
 *
 * Nothing is sent. Hermetic.
 */
#include "unit/desk_fixture.h"

#include "base/clock.h"
#include "base/error.h"
#include "notifier/crew.h"
#include "notifier/deliver.h"

static void test_classify_replies(void **state)
{
	static const struct {
		const char *reply;
		enum submit_outcome want;
	} cases[] = {
		{ "", SUBMIT_DOWN },
		{ "what", SUBMIT_DOWN },
		{ "55", SUBMIT_DOWN },
		{ "421 4.3.2 closing", SUBMIT_LATER },
		{ "450 4.1.1 unverified", SUBMIT_LATER },
		{ "451", SUBMIT_LATER },
		{ "452 5.1.1 odd", SUBMIT_LATER },
		{ "550", SUBMIT_LATER },
		{ "550 no such user", SUBMIT_LATER },
		{ "550 5.1.0 bad sender", SUBMIT_LATER },
		{ "550 5.1.1 no such user", SUBMIT_REFUSED_ADDRESS },
		{ "550-5.1.1 no such user", SUBMIT_REFUSED_ADDRESS },
		{ "550 5.1.1", SUBMIT_REFUSED_ADDRESS },
		{ "550 5.1.10 null MX", SUBMIT_REFUSED_ADDRESS },
		{ "550 5.1.11 unheard of", SUBMIT_LATER },
		{ "550 5.1.2 no such host", SUBMIT_REFUSED_ADDRESS },
		{ "501 5.1.3 bad syntax", SUBMIT_REFUSED_ADDRESS },
		{ "551 5.1.6 moved", SUBMIT_REFUSED_ADDRESS },
		{ "553 5.1.7 bad sender syntax", SUBMIT_LATER },
		{ "553 5.1.8 bad sender domain", SUBMIT_LATER },
		{ "552 5.2.2 mailbox full", SUBMIT_LATER },
		{ "552 5.2.3 too large for you", SUBMIT_REFUSED },
		{ "552 5.3.4 too large for us", SUBMIT_REFUSED },
		{ "552 too large", SUBMIT_LATER },
		{ "554 5.7.1 relay access denied", SUBMIT_LATER },
		{ "550 5.1.1.1 odd", SUBMIT_LATER },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (submit_classify(cases[i].reply) != cases[i].want)
			fail_msg("%s: %d", cases[i].reply,
			         submit_classify(cases[i].reply));
}

static void test_backoff_doubles_to_an_hour(void **state)
{
	static const struct {
		guint64 retry_seconds;
		gint64 attempts;
		gint64 want;
	} cases[] = {
		{ 60, 0, 60 },        { 60, 1, 60 },
		{ 60, 2, 120 },       { 60, 6, 1920 },
		{ 60, 7, 3600 },      { 60, 1000000, 3600 },
		{ 60, -5, 60 },       { 1, 12, 2048 },
		{ 1, 13, 3600 },      { 86400, 1, 3600 },
		{ 86400, 100, 3600 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct config_notifier config = {
			.retry_seconds = cases[i].retry_seconds,
		};

		assert_int_equal(deliver_backoff(&config, cases[i].attempts),
		                 cases[i].want * CLOCK_SECOND);
	}
}

static void test_new_needs_smtp(void **state)
{
	static const char *const urls[] = { "", "127.0.0.1:25", "http://x",
		                            "smtp:", "SMTP//x" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(submit_new(urls[i], "desk.example", &error));
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_CONFIG));
	}
}

static void free_row(void *row)
{
	outbox_free(row);
}

/* Nobody may go home while a report lies there: its row was perhaps sent. */
static void test_crew_is_busy_until_its_reports_are_taken(void **state)
{
	g_autoptr(GPtrArray) reports = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	AUTO(crew) crew = crew_new("smtp://127.0.0.1:1", "x", 2, &error);
	GPtrArray *line = g_ptr_array_new_with_free_func(free_row);

	(void)state;
	assert_non_null(crew);
	g_ptr_array_add(line, outbox_new());
	/* Begun too late, so nothing is tried. */
	crew_send(crew, line, clock_monotonic());
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(crew_busy(crew), 1);
		g_usleep(1000);
	}
	while (reports->len == 0)
		crew_collect(crew, 1000, reports);
	assert_int_equal(reports->len, 1);
	assert_int_equal(crew_busy(crew), 0);
	crew_report_free(reports->pdata[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classify_replies),
		cmocka_unit_test(test_backoff_doubles_to_an_hour),
		cmocka_unit_test(test_new_needs_smtp),
		cmocka_unit_test(test_crew_is_busy_until_its_reports_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
