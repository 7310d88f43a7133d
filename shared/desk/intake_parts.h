/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/intake_parts.h - what the parts of intake share; private to them
 */
#ifndef PORTARIA_DESK_INTAKE_PARTS_H
#define PORTARIA_DESK_INTAKE_PARTS_H

#include "desk/conversation.h"
#include "desk/intake.h"
#include "desk/phrases.h"
#include "desk/threading.h"

/* What one recipient's way needs; borrowed. */
struct intake {
	const struct desk *desk;
	struct store *store;
	const struct intake_message *message;
	const struct intake_recipient *recipient;
	const char *blob; /* of the raw bytes */
	/* The mail's kind; a null sender is never human. */
	enum mail_kind kind;
};

/* "<ref> stored". */
void intake_result_set(struct intake_result *result,
                       enum intake_outcome outcome, const char *ref);
/* The mail as the source of an entry; `text` is the entry's. */
struct conversation_text intake_source(const struct intake *in,
                                       const char *text);

/* Why a message waits: for the record, and for people. */
struct intake_why {
	const char *reason;
	enum phrase phrase;
};
/* Stores it as held; asks and tells nobody if it is automatic. */
bool intake_hold(const struct intake *in, const struct intake_why *why,
                 struct intake_result *result, GError **error) NODISCARD;

/* A customer's or a stranger's message (customermail.c). */
bool customermail_store(const struct intake *in,
                        const struct threading_result *thread,
                        struct intake_result *result,
                        GError **error) NODISCARD;
/* Adds it to a ticket as an entry and tells staff; the status stays. */
bool customermail_add(const struct intake *in, struct ticket *ticket,
                      GError **error) NODISCARD;
/* Tells the staff of a second department (in->recipient's) of the ticket. */
bool customermail_refer(const struct intake *in, const struct ticket *ticket,
                        GError **error) NODISCARD;

#endif
