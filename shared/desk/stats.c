/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.c - how a department does: figures over its tickets
 */
#include "desk/stats.h"

#include "desk/tickettimer.h"

#include <string.h>

void stats_figures_free(struct stats_figures *figures)
{
	if (figures == NULL)
		return;
	g_free(figures->department);
	g_free(figures);
}

static int compare(const void *a, const void *b)
{
	const gint64 *one = a, *two = b;

	return (*one > *two) - (*one < *two);
}

gint64 stats_percentile(GArray *values, unsigned percent)
{
	const gint64 *at = (const gint64 *)(void *)values->data;
	guint rank;

	if (values->len == 0)
		return -1;
	g_array_sort(values, compare);
	if (percent == 50 && values->len % 2 == 0)
		return (at[values->len / 2 - 1] + at[values->len / 2]) / 2;
	rank = (guint)(((guint64)values->len * percent + 99) / 100);
	return at[MAX(rank, 1) - 1];
}

static struct stats_times times_of(GArray *values)
{
	return (struct stats_times){ stats_percentile(values, 50),
				     stats_percentile(values, 90) };
}

/* What is collected of one department. */
struct sheet {
	struct stats_figures *figures;
	struct hours *hours;
	GArray *answer, *business;
};

static void sheet_count(struct sheet *sheet, const struct stats_ticket *one)
{
	struct stats_figures *figures = sheet->figures;
	gint64 wall, business;

	figures->tickets++;
	figures->closed += one->closed != 0;
	figures->done += one->done != 0;
	figures->reopened += one->reopened;
	figures->asked += one->asked;
	figures->grades[CLAMP(one->grade, 0, 5)]++;
	if (one->answered == 0)
		return;
	figures->answered++;
	wall = MAX(one->answered - one->created, 0);
	business = hours_between(sheet->hours, one->created, one->answered);
	g_array_append_val(sheet->answer, wall);
	g_array_append_val(sheet->business, business);
}

/* Ends a department's sheet, if one was begun. */
static void sheet_end(struct sheet *sheet, GPtrArray *all)
{
	if (sheet->figures == NULL)
		return;
	sheet->figures->answer = times_of(sheet->answer);
	sheet->figures->business = times_of(sheet->business);
	g_ptr_array_add(all, sheet->figures);
	g_array_unref(sheet->answer);
	g_array_unref(sheet->business);
	hours_free(sheet->hours);
	*sheet = (struct sheet){ 0 };
}

static bool sheet_begin(const struct desk *desk, struct store *store,
			const struct stats_ticket *first, struct sheet *sheet,
			GError **error)
{
	struct hours *hours = tickettimer_dup_hours(
		desk, store, first->department_id, error);

	if (hours == NULL)
		return false;
	sheet->hours = hours;
	sheet->figures = g_new0(struct stats_figures, 1);
	sheet->figures->department = g_strdup(first->department);
	sheet->answer = g_array_new(false, false, sizeof(gint64));
	sheet->business = g_array_new(false, false, sizeof(gint64));
	return true;
}

GPtrArray *stats_make(const struct desk *desk, struct store *store,
		      gint64 since, gint64 until, GError **error)
{
	g_autoptr(GPtrArray) tickets = stats_list(store, since, until, error);
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(
		(GDestroyNotify)stats_figures_free);
	struct sheet sheet = { 0 };

	for (guint i = 0; tickets != NULL && i < tickets->len; i++) {
		const struct stats_ticket *one = tickets->pdata[i];

		if (sheet.figures == NULL
		    || strcmp(sheet.figures->department, one->department)
			       != 0) {
			sheet_end(&sheet, all);
			if (!sheet_begin(desk, store, one, &sheet, error))
				return NULL;
		}
		sheet_count(&sheet, one);
	}
	sheet_end(&sheet, all);
	return tickets != NULL ? g_steal_pointer(&all) : NULL;
}
