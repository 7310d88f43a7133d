/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/brakes.h - loop brakes: how much automatic mail one address gets
 *
 * Whatever answers by itself in words that nobody recognised comes to rest
 * here. Automatic mails to an address are counted in windows, about one ticket
 * (notifier.brake_ticket) and about all (brake_total); all must have room.
 * Mails to people outside and notices to staff are counted apart, so that
 * neither uses up the other's room. The outbox is the counter, in the
 * transaction that causes the mail, so a crash forgets nothing and several
 * programs count together.
 */
#ifndef PORTARIA_DESK_BRAKES_H
#define PORTARIA_DESK_BRAKES_H

#include "desk/desk.h"
#include "store/outbox.h"

/* A letter that a brake counts; borrowed. */
struct brakes_letter {
	const char *kind; /* of the outbox row */
	const char *address;
	gint64 ticket_id; /* 0: held messages are counted as one ticket */
};

struct brakes_answer {
	bool stop;
	bool first; /* nobody has been told of it in this window */
	char *why;  /* "30 automatic mails to ... in 10m", NULL: go on */
};
void brakes_answer_clear(struct brakes_answer *answer);

/* The word for the outbox row, that counts it. Static. */
const char *brakes_name(const char *kind);

bool brakes_ask(const struct desk *desk, struct store *store,
		const struct brakes_letter *letter,
		struct brakes_answer *ret_answer, GError **error) NODISCARD;

#endif
