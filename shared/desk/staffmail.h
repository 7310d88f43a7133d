/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/staffmail.h - staff answer by mail
 *
 * A message of a proven member of staff: command lines are taken out of his
 * own words; what is left is an answer to everybody (or a note, with
 * "#nota"). Into any ticket, of whatever department. Without a ticket it
 * opens one with him as the requester; nobody takes part in it until staff
 * add somebody, whatever To and Cc say.
 */
#ifndef PORTARIA_DESK_STAFFMAIL_H
#define PORTARIA_DESK_STAFFMAIL_H

#include "desk/intake_parts.h"

/* thread->ticket is changed in place. */
bool staffmail_store(const struct intake *in,
		     const struct threading_result *thread,
		     struct intake_result *result, GError **error) NODISCARD;

#endif
