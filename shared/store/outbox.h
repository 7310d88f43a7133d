/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/outbox.h - mail that must go out, one row a recipient */
#ifndef PORTARIA_STORE_OUTBOX_H
#define PORTARIA_STORE_OUTBOX_H

#include "store/store.h"

enum outbox_state {
	OUTBOX_QUEUED,
	OUTBOX_SENT,
	OUTBOX_FAILED,    /* given up or refused for good */
	OUTBOX_CANCELLED,
	OUTBOX_BOUNCED,   /* sent, and came back */
	OUTBOX_STATE__COUNT
};
const char *outbox_state_name(enum outbox_state state);
bool outbox_state_parse(const char *name, enum outbox_state *ret);

struct outbox {
	gint64 id;         /* also the recipient id in Message-IDs */
	gint64 ticket_id;  /* 0: about a held message */
	char *ticket;      /* ref, filled by reads */
	gint64 message_id; /* the entry it carries or announces, 0 */
	char *kind;        /* ack, reply, notice_new, hold_confirm, ... */
	char *recipient;   /* key */
	char *sender;      /* envelope, "" = null */
	char *header_id;   /* Message-ID with <> */
	char *subject;
	GBytes *bytes;     /* the message; NULL in lists */
	enum outbox_state state;
	gint64 created;
	gint64 next_attempt;
	gint64 attempts;   /* leases taken; a leased row counts the one at
			      hand */
	char *last_reply;  /* of the mail server, or our error */
	gint64 sent;
};
/* Queued; texts "". */
struct outbox *outbox_new(void);
void outbox_free(struct outbox *outbox);
DEFINE_AUTO(outbox)

/* id may be set before (made with id_new(), for the Message-ID), created and
 * next_attempt too. bytes must be there; they become a blob. */
bool outbox_insert(struct store *store, struct outbox *row, GError **error)
	NODISCARD;
/* Takes up to `max` due rows for `lease_ms`; own transaction. With bytes. A
 * row whose bytes are damaged becomes failed; one whose bytes cannot be read
 * now is left for later. `owner` differs for every notifier process. */
GPtrArray *outbox_lease(struct store *store, const char *owner,
			gint64 lease_ms, unsigned max, GError **error)
	NODISCARD;
/* Own transactions; only while `owner` holds the lease (else CONFLICT): until
 * lease_ms have passed and somebody else has taken the row. */
bool outbox_sent(struct store *store, gint64 id, const char *owner,
		 const char *reply, GError **error) NODISCARD;
bool outbox_failed(struct store *store, gint64 id, const char *owner,
		   const char *reply, GError **error) NODISCARD;
bool outbox_retry_at(struct store *store, gint64 id, const char *owner,
		     gint64 next_attempt, const char *reply, GError **error)
	NODISCARD;
/* By hand: makes a queued, failed or cancelled row due now; cancels one that
 * is queued or failed. CONFLICT for any other, and while it is being sent. */
bool outbox_requeue(struct store *store, gint64 id, GError **error) NODISCARD;
bool outbox_cancel(struct store *store, gint64 id, GError **error) NODISCARD;
/* From any state: a bounce may overtake the note that the mail was sent. */
bool outbox_mark_bounced(struct store *store, gint64 id, const char *why,
			 GError **error) NODISCARD;
struct outbox *outbox_get(struct store *store, gint64 id, GError **error)
	NODISCARD;
/* state -1 = any, ticket_id 0 = any; newest first, without bytes. */
GPtrArray *outbox_list(struct store *store, int state, gint64 ticket_id,
		       unsigned limit, GError **error) NODISCARD;
/* Rows of this kind made for a recipient since `since` (loop brake). */
bool outbox_count_since(struct store *store, const char *kind,
			const char *recipient, gint64 since, gint64 *ret_count,
			GError **error) NODISCARD;

#endif
