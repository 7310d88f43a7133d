/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.c - what the agent has done since it started
 */
#include "lmtpd/counters.h"

#include <stdatomic.h>

#include "base/log.h"

static const char *const names[] = {
	[COUNTER_SESSIONS] = "sessions",
	[COUNTER_SESSIONS_REFUSED] = "sessions_refused",
	[COUNTER_MESSAGES] = "messages",
	[COUNTER_BYTES] = "bytes",
	[COUNTER_STORED] = "stored",
	[COUNTER_HELD] = "held",
	[COUNTER_DUPLICATES] = "duplicates",
	[COUNTER_REPEATED] = "repeated",
	[COUNTER_DEFERRED] = "deferred",
	[COUNTER_UNSEALED] = "unsealed",
	[COUNTER_UNPARSED] = "unparsed",
	[COUNTER_BATCHES] = "batches",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == COUNTER__COUNT);

void counters_add(struct counters *counters, enum counter counter,
                  gint64 amount)
{
	atomic_fetch_add(&counters->values[counter], amount);
}

gint64 counters_get(const struct counters *counters, enum counter counter)
{
	return counters->values[counter];
}

void counters_log(const struct counters *counters)
{
	struct log_field fields[COUNTER__COUNT + 1] = { 0 };

	for (size_t i = 0; i < COUNTER__COUNT; i++)
		fields[i] = (struct log_field){ .key = names[i],
			                        .num = counters->values[i],
			                        .is_num = true };
	log_write(LOG_LEVEL_INFO, NULL, "stats", fields);
}
