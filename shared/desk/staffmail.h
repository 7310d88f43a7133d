/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/staffmail.h - staff answer by mail
 *
 * A message of a proven member of staff: command lines are taken out of the
 * trimmed text; what is left is an answer to everybody (or a note, with
 * "#nota"). Without a ticket it opens one that staff wrote.
 */
#ifndef PORTARIA_DESK_STAFFMAIL_H
#define PORTARIA_DESK_STAFFMAIL_H

#include "desk/intake.h"
#include "desk/threading.h"

/* blob: of the raw bytes. thread->ticket is changed in place. */
bool staffmail_store(const struct desk *desk, struct store *store,
		     const struct intake_message *message,
		     const struct intake_recipient *recipient,
		     const char *blob, const struct threading_result *thread,
		     struct intake_result *result, GError **error) NODISCARD;

#endif
