/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timers.h - what happens because time passes
 *
 * Held messages expire; the map for Postfix follows the departments; answers
 * that are overdue are escalated, silent tickets closed, customers of closed
 * ones asked how we did; what is too old is removed, if the site wants that.
 */
#ifndef PORTARIA_NOTIFIER_TIMERS_H
#define PORTARIA_NOTIFIER_TIMERS_H

#include "desk/desk.h"

struct retention;

struct timers {
	const struct desk *desk; /* borrowed */
	bool (*is_stopping)(void *data);
	void *data;
	struct retention *retention; /* the round at hand; begins with NULL */
	gint64 next_retention;       /* monotonic; begins with 0 */
};
void timers_clear(struct timers *timers);

/* Runs whatever is due; own short transactions. */
bool timers_run(struct timers *timers, struct store *store, GError **error)
	NODISCARD;

#endif
