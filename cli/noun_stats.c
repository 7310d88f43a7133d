/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_stats.c - portaria stats: how the departments do
 */
#include "cli/stats.h"

#include "base/clock.h"
#include "desk/stats.h"

#include <stdio.h>
#include <string.h>

static struct {
	char *since, *until, *department;
} opt;

const GOptionEntry stats_options[] = {
	CLI_TEXT("since", &opt.since, "tickets opened from this day on",
		 "DATE"),
	CLI_TEXT("until", &opt.until, "and before this one", "DATE"),
	CLI_TEXT("department", &opt.department, "of one department", "NAME"),
	{ 0 }
};

/* Midnight local time of "2026-11-01"; NULL leaves 0. */
static bool parse_date(const char *text, gint64 *ret_ms, GError **error)
{
	int year, month, day, used = 0;
	g_autoptr(GDateTime) when = NULL;

	if (text == NULL)
		return true;
	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3
	    && text[used] == '\0')
		when = g_date_time_new_local(year, month, day, 0, 0, 0);
	if (when == NULL)
		return cli_usage(error, "\"%s\" is no date like 2026-11-01",
				 text);
	*ret_ms = g_date_time_to_unix(when) * CLOCK_SECOND;
	return true;
}

/* "1d 2h 03m"; seconds in JSON. */
static void put_time(struct output *out, const char *key, gint64 ms)
{
	gint64 minutes = ms / CLOCK_MINUTE;
	g_autofree char *text = NULL;

	if (output_is_json(out)) {
		output_json_number(out, key, ms < 0 ? -1 : ms / CLOCK_SECOND);
		return;
	}
	if (ms < 0)
		text = g_strdup("-");
	else if (minutes >= 24 * 60)
		text = g_strdup_printf(
			"%" G_GINT64_FORMAT "d %dh", minutes / (24 * 60),
			(int)(minutes / 60 % 24));
	else
		text = g_strdup_printf("%dh %02dm", (int)(minutes / 60),
				       (int)(minutes % 60));
	output_text(out, key, text);
}

static void put_percent(struct output *out, const char *key, guint part,
			guint whole)
{
	g_autofree char *text
		= whole == 0 ? g_strdup("-")
			     : g_strdup_printf("%u%%", (part * 100 + whole / 2)
							       / whole);

	if (!output_is_json(out))
		output_text(out, key, text);
}

static guint graded(const struct stats_figures *one, guint *ret_sum)
{
	guint count = 0;

	*ret_sum = 0;
	for (guint grade = 1; grade <= 5; grade++) {
		count += one->grades[grade];
		*ret_sum += grade * one->grades[grade];
	}
	return count;
}

static void put_grades(struct output *out, const struct stats_figures *one)
{
	static const char *const keys[] = { NULL,      "grade_1", "grade_2",
					    "grade_3", "grade_4", "grade_5" };
	guint sum, count = graded(one, &sum);
	guint tenths = count == 0 ? 0 : (sum * 10 + count / 2) / count;
	g_autofree char *mean
		= count == 0 ? g_strdup("-")
			     : g_strdup_printf("%u.%u", tenths / 10,
					       tenths % 10);
	g_autofree char *each = g_strdup_printf(
		"%u %u %u %u %u", one->grades[1], one->grades[2],
		one->grades[3], one->grades[4], one->grades[5]);

	output_number(out, "asked", one->asked);
	output_number(out, "grades", count);
	output_text(out, "mean", mean);
	if (!output_is_json(out))
		output_text(out, "1_to_5", each);
	for (guint grade = 1; grade <= 5; grade++)
		output_json_number(out, keys[grade], one->grades[grade]);
}

static void show(struct output *out, const struct stats_figures *one)
{
	output_begin(out, "stats");
	output_text(out, "department", one->department);
	output_number(out, "tickets", one->tickets);
	output_number(out, "answered", one->answered);
	output_number(out, "closed", one->closed);
	put_time(out, "answer_median", one->answer.median);
	put_time(out, "answer_p90", one->answer.p90);
	put_time(out, "business_median", one->business.median);
	put_time(out, "business_p90", one->business.p90);
	output_json_number(out, "done", one->done);
	output_json_number(out, "reopened", one->reopened);
	put_percent(out, "reopened", one->reopened, one->done);
	put_grades(out, one);
	output_end(out);
}

bool stats_run(struct cli *cli, char **arguments, GError **error)
{
	g_autoptr(GPtrArray) all = NULL;
	gint64 since = 0, until = 0;
	struct store *store;
	guint shown = 0;

	(void)arguments;
	if (!parse_date(opt.since, &since, error)
	    || !parse_date(opt.until, &until, error))
		return false;
	store = cli_store(cli, error);
	if (store == NULL || cli_desk(cli, error) == NULL
	    || (opt.department != NULL
		&& !cli_check_department(store, opt.department, error)))
		return false;
	all = stats_make(cli->desk, store, since, until, error);
	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct stats_figures *one = all->pdata[i];

		if (opt.department != NULL
		    && strcmp(opt.department, one->department) != 0)
			continue;
		show(cli->out, one);
		shown++;
	}
	return shown > 0;
}
