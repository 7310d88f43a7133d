/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deliver.h - from the outbox to the crew and back
 *
 * Leases rows, hands them to the crew and records what became of them; many
 * leases and results in one transaction. Rows and results outlive the store:
 * after an error of it, deliver_round() goes on with the next one.
 */
#ifndef PORTARIA_NOTIFIER_DELIVER_H
#define PORTARIA_NOTIFIER_DELIVER_H

#include "notifier/crew.h"

#include "desk/desk.h"

struct deliver;

/* Borrowed; owner is the name on the leases. */
struct deliver *deliver_new(const struct desk *desk, struct crew *crew,
			    const char *owner);
void deliver_free(struct deliver *deliver);
DEFINE_AUTO(deliver)

/*
 * One step: waits shortly for reports, records them, leases more unless
 * `stopping`. *ret_idle: nothing is on its way or to be recorded, and either
 * nothing is due now or the mail server cannot be reached.
 */
bool deliver_round(struct deliver *deliver, struct store *store, bool stopping,
		   bool *ret_idle, GError **error) NODISCARD;

/* Milliseconds until attempt n + 1 after n attempts: doubles from
 * retry_seconds, one hour at most. */
gint64 deliver_backoff(const struct config_notifier *config, gint64 attempts);
/* The same, longer by up to a quarter, so that mails that failed together do
 * not come back together. chance: 0 to 1. */
gint64 deliver_jitter(gint64 wait, double chance);

#endif
