/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/tickettimer.h - what tickets wait for, and doing it in time
 *
 * Looks at each ticket that has changed, or whose department's rules have,
 * and writes down when something is to be done; then does what is due. Any
 * number of programs may do so at once, and be killed at any point: each
 * thing is done in the transaction that records that it is done.
 */
#ifndef PORTARIA_DESK_TICKETTIMER_H
#define PORTARIA_DESK_TICKETTIMER_H

#include "desk/desk.h"
#include "store/timer.h"

/* The ticket's timer as it is now; nothing is written. Owned by the caller. */
struct timer *tickettimer_get(const struct desk *desk, struct store *store,
			      const struct ticket *ticket, GError **error)
	NODISCARD;

struct tickettimer_done {
	unsigned made; /* timers made anew */
	unsigned escalated;
	unsigned warned;
	unsigned closed;
	unsigned failed; /* tried again next time */
	char *why;	 /* the first of them did; NULL */
};
void tickettimer_done_clear(struct tickettimer_done *done);

/* Does all there is to do, in own short transactions. A ticket whose timers
 * fail does not keep others back. is_stopping, which may be NULL, is asked
 * between them. */
bool tickettimer_run(const struct desk *desk, struct store *store,
		     bool (*is_stopping)(void *data), void *data,
		     struct tickettimer_done *ret_done, GError **error)
	NODISCARD;

/* CONFIG if hours, holidays or zone of a department cannot be read, as after
 * an upgrade of the zones. desk_new() looks at the site's. */
bool tickettimer_check(const struct desk *desk, struct store *store,
		       GError **error) NODISCARD;

/* The business hours of a department, its own or the site's; owned by the
 * caller. */
struct hours;
struct hours *tickettimer_dup_hours(const struct desk *desk,
				    struct store *store, gint64 department_id,
				    GError **error) NODISCARD;

#endif
