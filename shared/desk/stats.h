/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/stats.h - how a department does: figures over its tickets
 */
#ifndef PORTARIA_DESK_STATS_H
#define PORTARIA_DESK_STATS_H

#include "desk/desk.h"
#include "desk/hours.h"
#include "store/stats.h"

struct stats_times {
	gint64 median; /* milliseconds, -1: there is nothing to count */
	gint64 p90;
};

struct stats_figures {
	char *department;
	guint tickets;  /* opened */
	guint answered; /* of them, by staff */
	guint closed;   /* and are closed now */
	guint done;     /* were resolved or closed at least once */
	guint reopened; /* of these, worked on again */
	struct stats_times answer;   /* until the first answer, by the clock */
	struct stats_times business; /* the same in business hours */
	guint asked;     /* about which a grade was asked for */
	guint grades[6]; /* how many of each grade; [0]: not graded */
};
void stats_figures_free(struct stats_figures *figures);

/* Tickets opened in the period (stats_list), a struct stats_figures for each
 * department that has any. */
GPtrArray *stats_make(const struct desk *desk, struct store *store,
		      gint64 since, gint64 until, GError **error) NODISCARD;

/* Nearest rank: the smallest value that at least `percent` of all do not
 * pass; for 50 of an even number the mean of the two in the middle. Sorts
 * `values` (gint64); -1 if there are none. */
gint64 stats_percentile(GArray *values, unsigned percent);

#endif
