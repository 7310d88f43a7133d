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

/* The status table (desk/status.h) says what follows; staff answer: answered
 * (or `status` if not TICKET_STATUS__COUNT),
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

/* An event that somebody outside caused; it carries his address, by which
 * message_count_events() finds it. */
bool conversation_event_of(struct store *store, gint64 ticket_id,
			   const char *address, const char *text,
			   GError **error) NODISCARD;

/* --- tickets among each other (merge.c); events and audit rows on both --- */

/*
 * The source's entries and people become the target's, the source is closed;
 * mail to whatever names the source lands in the target. CONFLICT if one of
 * them was merged already, the target is closed, or they are of different
 * customers.
 */
bool conversation_merge(const struct desk *desk, struct store *store,
			const struct actor *actor, struct ticket *source,
			struct ticket *target, GError **error) NODISCARD;
/* Takes that back: entries, people and status are as before; what came since
 * stays in the target, and so does its status if somebody changed it.
 * CONFLICT if the target was merged meanwhile. */
bool conversation_unmerge(const struct desk *desk, struct store *store,
			  const struct actor *actor, struct ticket *source,
			  GError **error) NODISCARD;

struct conversation_split { /* borrowed */
	const gint64 *messages; /* entries that go, events excepted */
	size_t n_messages;
	const char *subject; /* NULL: that of the first of them */
	const struct department *department; /* NULL: the same */
};
/* The new ticket, with the same people; answers to what went follow. CONFLICT
 * if nothing would stay. Owned by the caller. */
struct ticket *conversation_split(const struct desk *desk, struct store *store,
				  const struct actor *actor,
				  struct ticket *ticket,
				  const struct conversation_split *split,
				  GError **error) NODISCARD;
/* To another department; who takes care of it stays if he works there. Its
 * addresses keep working. */
bool conversation_move(const struct desk *desk, struct store *store,
		       const struct actor *actor, struct ticket *ticket,
		       const struct department *department, GError **error)
	NODISCARD;
bool conversation_link(struct store *store, const struct actor *actor,
		       const struct ticket *ticket, const struct ticket *other,
		       GError **error) NODISCARD;
bool conversation_unlink(struct store *store, const struct actor *actor,
			 const struct ticket *ticket,
			 const struct ticket *other, GError **error) NODISCARD;

/* Somebody more reads and writes the ticket. address: a key. CONFLICT for an
 * address of ours or of staff, LIMIT for too many. */
#define CONVERSATION_PEOPLE_MAX 50
bool conversation_copy_add(struct store *store, const struct actor *actor,
			   const struct ticket *ticket, const char *address,
			   GError **error) NODISCARD;
/* Only who was added so. */
bool conversation_copy_remove(struct store *store, const struct actor *actor,
			      const struct ticket *ticket,
			      const char *address, GError **error) NODISCARD;
/* Whether such an address could be added; *ret_why: NULL if so, static. */
bool conversation_copy_check(struct store *store, const struct ticket *ticket,
			     const char *address, const char **ret_why,
			     GError **error) NODISCARD;

#endif
