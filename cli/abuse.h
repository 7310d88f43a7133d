/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse.h - what `portaria ticket show` says of an abuse case
 */
#ifndef PORTARIA_CLI_ABUSE_H
#define PORTARIA_CLI_ABUSE_H

#include "cli/cli.h"

/* A ticket's case, if it has one, and its suspects; NULL only on error. */
struct abuse_head;
struct abuse_head *abuse_head_read(struct store *store, gint64 ticket_id,
				   GError **error) NODISCARD;
void abuse_head_free(struct abuse_head *head);
DEFINE_AUTO(abuse_head)

/* Members "suspects" and, of a case, "abuse" of the object that is open. */
void abuse_head_json(struct output *out, const struct abuse_head *head);
/* Lines: source, counts, who reports most, suspects. */
void abuse_head_text(struct output *out, const struct abuse_head *head);

#endif
