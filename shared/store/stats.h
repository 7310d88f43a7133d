/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/stats.h - what statistics are made of
 *
 * Numbers and times only: what an erasure leaves (erase.h) is enough.
 */
#ifndef PORTARIA_STORE_STATS_H
#define PORTARIA_STORE_STATS_H

#include "store/store.h"

struct stats_ticket {
	char *department;     /* name, where it is now */
	gint64 department_id;
	gint64 created;
	gint64 answered;      /* first answer of staff, 0: none */
	gint64 closed;        /* 0: it is not */
	gint64 done;          /* it was resolved or closed once: when first */
	bool reopened;        /* and worked on again afterwards */
	bool asked;           /* for a grade */
	gint64 grade;         /* 1 to 5, the newest; 0: none */
};
void stats_ticket_free(struct stats_ticket *ticket);

/* Tickets opened from `since` until before `until` (0: no end), not those
 * merged into others; by department and time. */
GPtrArray *stats_list(struct store *store, gint64 since, gint64 until,
		      GError **error) NODISCARD;

#endif
