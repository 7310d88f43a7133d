/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/hub.h - what all sessions share
 *
 * Set up by main() before the first session, taken down after the last one;
 * every member is thread-safe.
 */
#ifndef PORTARIA_MILTER_HUB_H
#define PORTARIA_MILTER_HUB_H

#include <stdatomic.h>

#include "auth/auth.h"
#include "desk/desk.h"
#include "milter/counters.h"
#include "milter/directory.h"
#include "milter/ratelimit.h"
#include "store/store.h"

struct hub {
	const struct config *config;
	struct desk *desk;
	struct auth *auth;
	struct store_pool *readers;
	struct directory *directory;
	struct ratelimit *ratelimit;
	struct counters counters;
	_Atomic guint64 messages; /* for departments, in progress */
	_Atomic bool stopping;    /* begin no more of them */
};

#endif
