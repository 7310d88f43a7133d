/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/hold.h - held messages: released by confirmation or by staff
 *
 * Release runs the stored bytes and the mail that was parsed at hold time
 * through intake as if they had been proven.
 */
#ifndef PORTARIA_DESK_HOLD_H
#define PORTARIA_DESK_HOLD_H

#include "desk/intake.h"
#include "desk/phrases.h"
#include "store/held.h"

/*
 * CONFLICT if it is neither waiting nor expired. by: staff login, or the
 * address that confirmed. It becomes an entry of the time when it came. Staff
 * who release a stranger's message vouch for its content, not for its author:
 * he gets no mail from that (DESIGN section 5).
 */
bool hold_release(const struct desk *desk, struct store *store,
		  struct held *held, const char *by,
		  struct intake_result *ret_result, GError **error) NODISCARD;
bool hold_discard(const struct desk *desk, struct store *store,
		  const struct held *held, const char *by, GError **error)
	NODISCARD;
/* Those older than notifier.hold_seconds become expired (kept, listed). */
bool hold_expire(const struct desk *desk, struct store *store,
		 unsigned *ret_count, GError **error) NODISCARD;

/* How people are told why a message is held. reason: the English sentence of
 * the record, which begins with the row of the policy; may be NULL. */
enum phrase hold_reason_phrase(const char *reason, enum auth_proof proof);
/* The same for counting: "unproven", "forged", ... Static. */
const char *hold_cause(enum phrase reason);

#endif
