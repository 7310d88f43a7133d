/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/counters.h - what the milter has done since it started
 *
 * Added to by all threads, logged on SIGUSR1 and at the end.
 */
#ifndef PORTARIA_MILTER_COUNTERS_H
#define PORTARIA_MILTER_COUNTERS_H

#include <glib.h>

enum counter {
	COUNTER_CONNECTIONS,
	COUNTER_TRANSACTIONS, /* with a department among the recipients */
	COUNTER_ACCEPTED,
	COUNTER_HELD,
	COUNTER_REFUSED,
	COUNTER_DEFERRED,
	COUNTER_PASSED,      /* local mail let through without a seal */
	COUNTER_ABORTED,     /* ended by the client or the mail server */
	COUNTER_RECIPIENTS_DEFERRED, /* at RCPT */
	COUNTER_RATE_LIMITED,        /* of those */
	COUNTER_FAILURES,    /* trouble of our own */
	COUNTER__COUNT
};

struct counters {
	_Atomic gint64 values[COUNTER__COUNT];
};

void counters_add(struct counters *counters, enum counter counter);
gint64 counters_get(const struct counters *counters, enum counter counter);

/* One line, event word "stats". */
void counters_log(const struct counters *counters);

#endif
