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
	char *brake;       /* the loop brake that counts it, "" */
	char *thread_index; /* Thread-Index and Thread-Topic in it, "" */
	char *thread_topic;
};
/* Queued; texts "". */
struct outbox *outbox_new(void);
void outbox_free(struct outbox *outbox);
DEFINE_AUTO(outbox)

/* id may be set before (made with id_new(), for the Message-ID), created and
 * next_attempt too. bytes must be there; they become a blob. */
bool outbox_insert(struct store *store, struct outbox *row, GError **error)
	NODISCARD;
/*
 * Takes up to `max` due rows, of `max_bytes` together (one at least), for
 * `lease_ms`; in the caller's transaction. In the order they were made, with
 * bytes. Mail to one recipient about one ticket keeps its order: a row whose
 * predecessor is put off, or leased by anybody, waits. A row whose bytes are
 * damaged becomes failed; one whose bytes cannot be read now is left for
 * later. `owner` differs for every notifier process.
 */
struct outbox_batch {
	const char *owner;
	gint64 lease_ms;
	unsigned max;
	gsize max_bytes;
};
GPtrArray *outbox_take(struct store *store, const struct outbox_batch *batch,
		       GError **error) NODISCARD;
/* The same in a transaction of its own, without a bound on the bytes. */
GPtrArray *outbox_lease(struct store *store, const char *owner,
			gint64 lease_ms, unsigned max, GError **error)
	NODISCARD;
/* Gives what the owner still holds that much time from now; in the caller's
 * transaction. */
bool outbox_renew(struct store *store, const char *owner, gint64 lease_ms,
		  GError **error) NODISCARD;

enum outbox_end {
	OUTBOX_END_SENT,
	OUTBOX_END_FAILED,
	OUTBOX_END_RETRY, /* not before next_attempt */
	OUTBOX_END_BACK,  /* not tried: as if it had never been leased */
};
struct outbox_result {
	gint64 id;
	enum outbox_end end;
	gint64 next_attempt; /* OUTBOX_END_RETRY */
	const char *reply;   /* borrowed; OUTBOX_END_BACK keeps the old one */
};
/* What became of a leased row; in the caller's transaction. CONFLICT unless
 * `owner` holds the lease: until it has run out and somebody else has taken
 * the row, or a bounce has come. */
bool outbox_settle(struct store *store, const char *owner,
		   const struct outbox_result *result, GError **error)
	NODISCARD;
/* Own transactions, otherwise as outbox_settle(). */
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
/* Rows that a loop brake counts, made for a recipient since `since`, but for
 * cancelled ones: *ret_held is how many of those there are. */
struct outbox_count {
	const char *brake;
	const char *recipient;
	bool any_ticket;
	gint64 ticket_id; /* 0: about none */
	gint64 since;
};
bool outbox_count_since(struct store *store, const struct outbox_count *what,
			gint64 *ret_count, gint64 *ret_held, GError **error)
	NODISCARD;
/* The newest row for an address about a ticket that has a Thread-Index, without
 * bytes; NOT_FOUND if there is none. */
struct outbox *outbox_last_threaded(struct store *store, gint64 ticket_id,
				    const char *address, GError **error)
	NODISCARD;
/* Message-IDs of what went between us and an address in a ticket, oldest
 * first, the last `max` of them: its mails, and ours unless they were never
 * sent. g_strfreev. */
char **outbox_thread_ids(struct store *store, gint64 ticket_id,
			 const char *address, unsigned max, GError **error)
	NODISCARD;

struct outbox_reason {
	char *reply; /* of the mail server; cut to the first 80 characters */
	gint64 count;
};
struct outbox_status {
	gint64 queued;   /* due */
	gint64 sending;  /* leased */
	gint64 deferred; /* put off */
	gint64 behind;   /* due, but behind mail that is put off */
	gint64 failed;
	gint64 oldest;   /* created, of what is queued, sending or deferred; 0 */
	gint64 sent;     /* in the last `window_ms` */
	gint64 window_ms; /* shorter if the first of them is younger */
	GPtrArray *reasons; /* struct outbox_reason of deferred, most first */
};
void outbox_status_clear(struct outbox_status *status);
/* Where the outbox stands. *ret_status: cleared by the caller. */
bool outbox_get_status(struct store *store, gint64 window_ms,
		       struct outbox_status *ret_status, GError **error)
	NODISCARD;

#endif
