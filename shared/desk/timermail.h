/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/timermail.h - the mails of timers, as outbox rows
 *
 * Private to desk; in the caller's transaction. Times are texts, in the
 * department's zone.
 */
#ifndef PORTARIA_DESK_TIMERMAIL_H
#define PORTARIA_DESK_TIMERMAIL_H

#include "desk/desk.h"
#include "store/timer.h"

/* To everybody who will be told of the closing: it comes at `shown`. */
bool timermail_warn_close(const struct desk *desk, struct store *store,
			  const struct ticket *ticket, const char *shown,
			  GError **error) NODISCARD;
/* To the staff that the target names: an answer was due at `shown`. */
bool timermail_escalation(const struct desk *desk, struct store *store,
			  const struct ticket *ticket,
			  const struct timer_target *target,
			  const char *shown, GError **error) NODISCARD;

#endif
