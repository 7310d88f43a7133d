/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/threading.h - which ticket does a message belong to?
 *
 * In order: signed reply address, our signed Message-ID (In-Reply-To, then
 * References from the right), a stored Message-ID of somebody else, the
 * subject token. All need a participant or staff; a forward does not thread
 * by foreign ids. What names a merged ticket means the one it is in; what
 * answers an entry that was split off means the ticket where the entry is,
 * whatever the reply address says. A ticket that the status table (status.h)
 * does not let the message join gets a new, linked one.
 */
#ifndef PORTARIA_DESK_THREADING_H
#define PORTARIA_DESK_THREADING_H

#include "desk/desk.h"
#include "desk/status.h"
#include "mail/mail.h"
#include "store/ticket.h"

enum threading_by {
	THREADING_NONE,
	THREADING_REPLY_ADDRESS,
	THREADING_SIGNED_ID,
	THREADING_STORED_ID,
	THREADING_SUBJECT,
	THREADING_BY__COUNT
};
const char *threading_by_name(enum threading_by by);

struct threading_input { /* borrowed */
	const struct mail *mail;
	const char *recipient; /* key, extension included */
	gint64 department_id;
	const char *identity;  /* key of the author, "" if none */
	bool proven;           /* else only signed things (2, 3) count */
	bool is_staff;
	bool thanks; /* says thanks and nothing else (thanks.h) */
	enum mail_kind kind; /* with a null sender never human */
};

struct threading_result {
	enum threading_by by;
	struct ticket *ticket;  /* NULL: a new ticket */
	/* A ticket was named but may not be joined: the new one says so. */
	struct ticket *refused;
	const char *why;        /* static: not a participant, closed, ... */
	bool ended; /* the author takes part in it: only its status refuses */
	enum status_event event; /* what the mail is to `ticket` */
};
void threading_result_clear(struct threading_result *result);

bool threading_find(const struct desk *desk, struct store *store,
		    const struct threading_input *input,
		    struct threading_result *ret_result, GError **error)
	NODISCARD;

#endif
