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
#include "store/held.h"

/* CONFLICT if it is not waiting any more. by: staff login or address. */
bool hold_release(const struct desk *desk, struct store *store,
		  struct held *held, const char *by,
		  struct intake_result *ret_result, GError **error) NODISCARD;
bool hold_discard(const struct desk *desk, struct store *store,
		  const struct held *held, const char *by, GError **error)
	NODISCARD;
/* Those older than notifier.hold_seconds become expired (kept, listed). */
bool hold_expire(const struct desk *desk, struct store *store,
		 unsigned *ret_count, GError **error) NODISCARD;

#endif
