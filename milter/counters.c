/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.c - what the milter has done since it started
 */
#include "milter/counters.h"

#include "base/log.h"

static const char *const names[] = {
	[COUNTER_CONNECTIONS] = "connections",
	[COUNTER_TRANSACTIONS] = "transactions",
	[COUNTER_ACCEPTED] = "accepted",
	[COUNTER_HELD] = "held",
	[COUNTER_REFUSED] = "refused",
	[COUNTER_DEFERRED] = "deferred",
	[COUNTER_PASSED] = "passed",
	[COUNTER_ABORTED] = "aborted",
	[COUNTER_RECIPIENTS_DEFERRED] = "recipients_deferred",
	[COUNTER_RATE_LIMITED] = "rate_limited",
	[COUNTER_FAILURES] = "failures",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == COUNTER__COUNT);

void counters_add(struct counters *counters, enum counter counter)
{
	counters->values[counter]++;
}

gint64 counters_get(const struct counters *counters, enum counter counter)
{
	return counters->values[counter];
}

void counters_log(const struct counters *counters)
{
	struct log_field fields[COUNTER__COUNT + 1] = { 0 };

	for (size_t i = 0; i < COUNTER__COUNT; i++)
		fields[i] = (struct log_field)LOG_NUM(names[i],
		                                      counters->values[i]);
	log_write(LOG_LEVEL_INFO, NULL, "stats", fields);
}
