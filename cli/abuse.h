/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse.h - what `portaria ticket show` says of an abuse case
 */
#ifndef PORTARIA_CLI_ABUSE_H
#define PORTARIA_CLI_ABUSE_H

#include "cli/cli.h"

/* Source, counts, top reporters and suspects of the ticket's case, the
 * suspects of a ticket without a case; nothing if there is neither. In JSON a
 * line of its own, object "abuse_case" or "suspects". */
bool abuse_show_of_ticket(struct cli *cli, struct store *store,
			  const struct ticket *ticket, GError **error)
	NODISCARD;

#endif
