/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/letter_thread.h - where a letter stands in its reader's mail program
 *
 * Private to desk. References (RFC 5322 3.6.4) name an id that all letters
 * about the ticket have in common, then what went between us and this reader;
 * the subject of a ticket never changes its words; Thread-Index and
 * Thread-Topic go on from the reader's own, if his program writes them, else
 * from our last letter to him, else they are the ticket's. So programs that thread by any of these keep it together.
 */
#ifndef PORTARIA_DESK_LETTER_THREAD_H
#define PORTARIA_DESK_LETTER_THREAD_H

#include "desk/desk.h"
#include "store/held.h"
#include "store/ticket.h"

/* Owned; NULL members are left out. */
struct letter_thread {
	char *in_reply_to; /* the reader's last mail, else ours to him */
	char **references; /* oldest first */
	char *topic;       /* Thread-Topic */
	char *index;       /* Thread-Index */
};
void letter_thread_clear(struct letter_thread *thread);

/* Borrowed; ticket NULL: about the held message. */
struct letter_about {
	const struct ticket *ticket;
	const struct held *held;
	const char *address; /* of the reader */
	gint64 outbox_id;    /* of the letter */
	gint64 now;
};
bool letter_thread_find(const struct desk *desk, struct store *store,
			const struct letter_about *about,
			struct letter_thread *ret_thread, GError **error)
	NODISCARD;

#endif
