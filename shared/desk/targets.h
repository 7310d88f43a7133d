/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/targets.h - how soon an answer is due, and what follows if none comes
 *
 * A target is business time for the first answer of a ticket, or for the next
 * one to what its customer wrote later. It runs while a ticket is open, has a
 * customer's reply or is in progress; on hold, answered, resolved or closed
 * it does not. Missed, it is escalated once for the message that waits,
 * whatever the priority becomes by that.
 */
#ifndef PORTARIA_DESK_TARGETS_H
#define PORTARIA_DESK_TARGETS_H

#include "desk/desk.h"
#include "desk/hours.h"
#include "store/timer.h"

struct target_wait {
	enum timer_kind kind; /* TIMER_NONE: nobody waits */
	gint64 since;
};
/* Pure: which answer is awaited. */
struct target_wait target_wait_of(enum ticket_status status,
				  const struct timer_facts *facts);

/* Pure: when the answer is due, 0 if there is no target. missed: when it
 * was due as it was escalated, 0 if it was not; it stays overdue since then. */
gint64 target_due(const GPtrArray *targets, const struct hours *hours,
		  const struct target_wait *wait,
		  enum ticket_priority priority, gint64 missed);

/* Pure: the row for it among struct timer_target, or NULL. */
const struct timer_target *target_find(const GPtrArray *targets,
				       enum timer_kind kind,
				       enum ticket_priority priority);

/* Does what the target says, and tells it on the ticket; in the caller's
 * transaction. shown: when it was due, for people. */
bool target_escalate(const struct desk *desk, struct store *store,
		     struct ticket *ticket, const struct timer_target *target,
		     const char *shown, GError **error) NODISCARD;

#endif
