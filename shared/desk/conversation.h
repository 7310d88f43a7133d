/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/conversation.h - what people do to a ticket
 *
 * The one way in for staff mail, the command line and the panel: each call
 * writes the entry, the status, the outbox rows and the audit row in the
 * caller's transaction. ticket is updated in place.
 */
#ifndef PORTARIA_DESK_CONVERSATION_H
#define PORTARIA_DESK_CONVERSATION_H

#include "desk/desk.h"
#include "mail/mail.h"
#include "store/message.h"
#include "store/staff.h"
#include "store/ticket.h"

struct actor { /* borrowed */
	const struct staff *staff; /* NULL: the system */
	const char *channel;       /* mail, cli, panel, system */
};

struct conversation_text { /* borrowed */
	const char *text;
	const GPtrArray *parts;    /* struct mail_part, may be NULL */
	/* Set when it came by mail: */
	const struct mail *mail;
	const char *raw_blob;
	const char *evidence;
	const char *client_ip;
	const char *queue_id;
	gint64 received; /* when; 0 is now */
};

/* Staff answers: status answered (or `status` if not TICKET_STATUS__COUNT),
 * mail to every participant. *ret_message may be NULL. */
bool conversation_reply(const struct desk *desk, struct store *store,
			const struct actor *actor, struct ticket *ticket,
			const struct conversation_text *text,
			enum ticket_status status, gint64 *ret_message,
			GError **error) NODISCARD;
bool conversation_note(const struct desk *desk, struct store *store,
		       const struct actor *actor, struct ticket *ticket,
		       const struct conversation_text *text,
		       gint64 *ret_message, GError **error) NODISCARD;
bool conversation_set_status(const struct desk *desk, struct store *store,
			     const struct actor *actor, struct ticket *ticket,
			     enum ticket_status status, GError **error)
	NODISCARD;
bool conversation_set_priority(const struct desk *desk, struct store *store,
			       const struct actor *actor,
			       struct ticket *ticket,
			       enum ticket_priority priority, GError **error)
	NODISCARD;
/* staff NULL: nobody. */
bool conversation_assign(const struct desk *desk, struct store *store,
			 const struct actor *actor, struct ticket *ticket,
			 const struct staff *staff, GError **error) NODISCARD;
/* An event entry, English key text plus detail. */
bool conversation_event(struct store *store, gint64 ticket_id,
			const char *text, GError **error) NODISCARD;

/* The same for something that came as mail: the original and its text (may be
 * NULL or "") are kept with the event. source may be NULL. */
bool conversation_event_mail(struct store *store, gint64 ticket_id,
			     const char *text,
			     const struct conversation_text *source,
			     GError **error) NODISCARD;

/* What authentication said, as it is stored: one line. NULL reads "". Owned
 * by the caller. */
char *conversation_dup_evidence(const char *evidence);

/* The ticket's subject from a message's: bare, never empty, bounded. Owned
 * by the caller. */
char *conversation_dup_subject(const struct desk *desk, const char *subject);

/* Stores parts (struct mail_part, may be NULL) as attachments of an entry. */
bool conversation_attach(struct store *store, gint64 message_id,
			 const GPtrArray *parts, GError **error) NODISCARD;

/*
 * Which status follows a customer's message in a ticket that has one. What a
 * person writes makes it customer_reply, whatever it was: open too, since the
 * first message was the ticket's own; on_hold and in_progress, since there is
 * something new to read; resolved, which is how it is reopened. A closed
 * ticket is never joined (threading), it gets a linked new one. Automatic
 * mail changes nothing.
 */
enum ticket_status status_after_customer(enum ticket_status status,
					 enum mail_kind kind);

#endif
