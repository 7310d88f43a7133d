/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/ratelimit.h - how many messages in a window, of whom
 *
 * One bucket for each network, sender and department, refilled evenly: after
 * a quiet window its owner may send the whole number at once, then one for
 * each that has run off. Memory is bounded: beyond [rate] entries the bucket
 * that was asked for longest ago is forgotten. Thread-safe.
 */
#ifndef PORTARIA_MILTER_RATELIMIT_H
#define PORTARIA_MILTER_RATELIMIT_H

#include "base/cleanup.h"
#include "base/config.h"

#include <stdbool.h>

enum ratelimit_kind {
	RATELIMIT_CLIENT, /* key: network_dup_key() */
	RATELIMIT_SENDER, /* key: address */
	RATELIMIT_DEPARTMENT,
	RATELIMIT_KIND__COUNT
};

struct ratelimit_key {
	enum ratelimit_kind kind;
	bool anyone; /* for a department open to anyone: other numbers */
	const char *key;
};

struct ratelimit;
/* config is borrowed and must outlive it. */
struct ratelimit *ratelimit_new(const struct config_rate *config);
void ratelimit_free(struct ratelimit *limit);
DEFINE_AUTO(ratelimit)

/* Whether one more message fits; now in milliseconds that never go back
 * (clock_monotonic()). Takes nothing. */
bool ratelimit_has(struct ratelimit *limit, const struct ratelimit_key *key,
                   gint64 now);

/* The same, and counts the message if it fits. */
bool ratelimit_take(struct ratelimit *limit, const struct ratelimit_key *key,
                    gint64 now);

/* Buckets remembered; for tests and statistics. */
unsigned ratelimit_count(struct ratelimit *limit);

#endif
