/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/facts.h - what staff want to know before they answer
 *
 * Lines for notices: the customer and his number, what authentication said of
 * the message, the tickets before this one.
 */
#ifndef PORTARIA_DESK_FACTS_H
#define PORTARIA_DESK_FACTS_H

#include "store/message.h"
#include "store/ticket.h"

/* Tickets named as previous ones, the newest first. */
#define FACTS_PREVIOUS_MAX 5

/* One "  Name: value" a line, without an end of line behind the last; in
 * pt_BR, en or es. message may be NULL. Owned by the caller. */
char *facts_dup(struct store *store, const struct ticket *ticket,
		const struct message *message, const char *language,
		GError **error) NODISCARD;

#endif
