/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/message.h - the entries of a ticket, attachments, Message-IDs */
#ifndef PORTARIA_STORE_MESSAGE_H
#define PORTARIA_STORE_MESSAGE_H

#include "store/store.h"

enum message_author {
	MESSAGE_CUSTOMER,
	MESSAGE_STAFF,
	MESSAGE_NOTE,  /* internal */
	MESSAGE_EVENT, /* something happened: status, referral, bounce */
	MESSAGE_AUTHOR__COUNT
};
const char *message_author_name(enum message_author author);

struct message {
	gint64 id;
	gint64 ticket_id;
	enum message_author author;
	char *address;     /* key of who wrote; of events: who caused them,
			      if that is nobody of ours, else "" */
	char *name;        /* shown: from the registry, not the header */
	gint64 staff_id;   /* 0 */
	char *channel;     /* mail, cli, panel, system */
	char *kind;        /* mail_kind_name(), "" */
	char *message_id;  /* with <>; ours for outgoing */
	char *subject;
	char *text;        /* full */
	char *text_trimmed;
	char *html;
	char *raw;         /* blob of the original bytes, "" */
	char *auth;        /* evidence: one line, authres text */
	char *client_ip;
	char *queue_id;
	gint64 sent;       /* Date:, 0 */
	gint64 created;
	guint32 warnings;
};
/* Texts "". */
struct message *message_new(void);
void message_free(struct message *message);
DEFINE_AUTO(message)

struct attachment {
	gint64 id;
	gint64 message_id;
	char *filename;
	char *content_type;
	char *content_id;
	bool is_inline;
	gint64 size;
	char *blob; /* sha256 */
};
void attachment_free(struct attachment *attachment);
DEFINE_AUTO(attachment)

/* Sets id and created, unless they are set. Touches ticket.updated (not its
 * version). Indexes subject and text. NOT_FOUND if there is no such ticket. */
bool message_insert(struct store *store, struct message *message,
		    GError **error) NODISCARD;
struct message *message_get(struct store *store, gint64 id, GError **error)
	NODISCARD;
/* Oldest first. */
GPtrArray *message_list(struct store *store, gint64 ticket_id, GError **error)
	NODISCARD;
/* The newest message of this author's address in the ticket that has a
 * Message-ID, NULL and NOT_FOUND if none: for In-Reply-To. */
struct message *message_last_of(struct store *store, gint64 ticket_id,
				const char *address, GError **error) NODISCARD;

/* Whether the address wrote an entry of the ticket that is no event. */
bool message_has_author(struct store *store, gint64 ticket_id,
			const char *address, bool *ret, GError **error)
	NODISCARD;
/* Events since then that somebody outside caused (they have his address), by
 * one of them or, "", by all. */
bool message_count_events(struct store *store, gint64 ticket_id,
			  const char *address, gint64 since,
			  gint64 *ret_count, GError **error) NODISCARD;
/* Puts an entry of one ticket into another; NOT_FOUND if it is not there. */
bool message_move(struct store *store, gint64 id, gint64 from, gint64 to,
		  GError **error) NODISCARD;

bool attachment_insert(struct store *store, struct attachment *attachment,
		       GError **error) NODISCARD;
GPtrArray *attachment_list(struct store *store, gint64 message_id,
			   GError **error) NODISCARD;
struct attachment *attachment_get(struct store *store, gint64 id,
				  GError **error) NODISCARD;

/* Message-IDs of others by which a ticket is known (incoming mail). The
 * first ticket of a department keeps an id. */
bool message_id_learn(struct store *store, gint64 ticket_id,
		      const char *message_id, GError **error) NODISCARD;
/* *ret_ticket: 0 if unknown in this department (0: in any). A ticket that was
 * moved is known in its past departments, too. */
bool message_id_find(struct store *store, gint64 department_id,
		     const char *message_id, gint64 *ret_ticket,
		     GError **error) NODISCARD;

/* Idempotence (DESIGN 7): what a delivery key became. CONFLICT on a second
 * insert of the same key. answer: the text behind 250. */
bool delivery_insert(struct store *store, const char *key, const char *answer,
		     GError **error) NODISCARD;
/* NULL and NOT_FOUND if new. Owned by the caller. */
char *delivery_find(struct store *store, const char *key, GError **error)
	NODISCARD;
/* Keys are "<message>/<department>": the first answer stored for the same
 * message and any department. NULL and NOT_FOUND if there is none. */
char *delivery_find_message(struct store *store, const char *key,
			    GError **error) NODISCARD;

/* The same for keys that are believed for a while only: what the key became
 * last is remembered (a second time is no conflict), and found if that was at
 * or after `since`. */
bool delivery_remember(struct store *store, const char *key,
		       const char *answer, GError **error) NODISCARD;
char *delivery_find_since(struct store *store, const char *key, gint64 since,
			  GError **error) NODISCARD;
char *delivery_find_message_since(struct store *store, const char *key,
				  gint64 since, GError **error) NODISCARD;

#endif
