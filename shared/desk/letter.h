/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/letter.h - one mail to one person, as an outbox row
 *
 * Private to desk: notify.c says who gets what, this asks the loop brakes,
 * makes the signed ids, fills the template, composes and inserts the row.
 */
#ifndef PORTARIA_DESK_LETTER_H
#define PORTARIA_DESK_LETTER_H

#include "desk/notify.h"
#include "mail/compose.h"

/* Decoded bytes of attachments in one mail; the rest is named in it. */
#define LETTER_ATTACHMENTS_MAX (20 * MIB)

/* Borrowed. */
struct letter {
	const char *kind;         /* of the outbox row */
	const char *template_name; /* NULL: as kind */
	const char *address;
	const char *name;
	const char *language; /* of the reader, if he is no contact; "" if
				 unknown */
	const char *force_language; /* whatever the reader's; NULL */
	const struct department *department;
	const struct ticket *ticket;   /* NULL: about a held message */
	const struct held *held;       /* NULL: about a ticket */
	const struct message *message; /* NULL if none */
	const GPtrArray *parts;        /* struct mail_part, or NULL */
	const char *const *cc;
	enum compose_auto automatic;
	bool windowed; /* desk/brakes.h counts it; acknowledgements always */
	const struct notify_remark *remarks; /* {{notice}}, in this order */
	size_t n_remarks;
	const char *detail; /* {{notice}} too, as it is; NULL if none */
	gint64 survey_id;   /* {{grades}} answer to this survey; 0 */
	const char *facts;  /* {{facts}}, in the reader's language; or NULL */
};

/*
 * Inserts the row, unless a brake holds the letter back or mail does not reach
 * the address. The first one that a brake stops, and each of a person that is
 * not sent, become a cancelled row and an event of the ticket; the person is
 * told.
 */
bool letter_post(const struct desk *desk, struct store *store,
                 const struct letter *letter, GError **error) NODISCARD;

/* The words of a letter, without making it. */
bool letter_preview(const struct desk *desk, struct store *store,
		    const struct letter *letter, char **ret_subject,
		    char **ret_body, GError **error) NODISCARD;

#endif
