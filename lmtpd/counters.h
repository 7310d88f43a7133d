/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/counters.h - what the agent has done since it started
 *
 * One shared array, added to by all threads, logged on SIGUSR1 and at the end.
 */
#ifndef PORTARIA_LMTPD_COUNTERS_H
#define PORTARIA_LMTPD_COUNTERS_H

#include <glib.h>

enum counter {
	COUNTER_SESSIONS,
	COUNTER_SESSIONS_REFUSED, /* over the limit */
	COUNTER_MESSAGES,         /* complete ones, whatever became of them */
	COUNTER_BYTES,
	COUNTER_STORED,     /* recipients answered 250 */
	COUNTER_HELD,       /* of those */
	COUNTER_DUPLICATES, /* of those: the same delivery once more */
	COUNTER_REPEATED,   /* of those: the same message, sent again */
	COUNTER_DEFERRED,   /* recipients answered 4xx after DATA */
	COUNTER_UNSEALED,   /* messages judged here */
	COUNTER_UNPARSED,   /* messages stored as stubs */
	COUNTER_BATCHES,    /* commits */
	COUNTER__COUNT
};

struct counters {
	_Atomic gint64 values[COUNTER__COUNT];
};

void counters_add(struct counters *counters, enum counter counter,
                  gint64 amount);
gint64 counters_get(const struct counters *counters, enum counter counter);

/* One line, event word "stats". */
void counters_log(const struct counters *counters);

#endif
