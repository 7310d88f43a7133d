/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/bounces.h - our own mail that came back (RFC 3464)
 *
 * Called by intake for every message. Known by the signed bounce address,
 * or by one of our Message-IDs among the returned or referred ones.
 */
#ifndef PORTARIA_DESK_BOUNCES_H
#define PORTARIA_DESK_BOUNCES_H

#include "desk/intake.h"

/*
 * Records a bounce or an automatic answer to the null sender: event on the
 * ticket, mark on the outbox row, mark on the address if it failed for good,
 * notice to staff. *ret_done is false if the message is nothing of the kind.
 */
bool bounces_record(const struct desk *desk, struct store *store,
		    const struct intake_message *message,
		    const struct intake_recipient *recipient, bool *ret_done,
		    struct intake_result *result, GError **error) NODISCARD;

#endif
