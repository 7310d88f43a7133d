/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/conversation_parts.h - what conversation.c and merge.c share
 */
#ifndef PORTARIA_DESK_CONVERSATION_PARTS_H
#define PORTARIA_DESK_CONVERSATION_PARTS_H

#include "desk/conversation.h"

/* The login of who acts, or "system". */
const char *conversation_actor(const struct actor *actor);

bool conversation_audit(struct store *store, const struct actor *actor,
			const char *action, const struct ticket *ticket,
			const char *detail, GError **error) NODISCARD;

struct conversation_change { /* borrowed */
	const char *field;
	const char *from;
	const char *to;
};
/* Event entry "status: open -> closed (ana)" and audit row. */
bool conversation_record(struct store *store, const struct actor *actor,
			 const struct ticket *ticket,
			 const struct conversation_change *change,
			 GError **error) NODISCARD;

#endif
