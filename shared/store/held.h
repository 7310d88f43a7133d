/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/held.h - messages that wait for confirmation or for staff */
#ifndef PORTARIA_STORE_HELD_H
#define PORTARIA_STORE_HELD_H

#include "store/store.h"

enum held_state {
	HELD_WAITING,
	HELD_RELEASED,
	HELD_DISCARDED,
	HELD_EXPIRED,
	HELD_STATE__COUNT
};
const char *held_state_name(enum held_state state);
bool held_state_parse(const char *name, enum held_state *ret);

struct held {
	gint64 id;
	gint64 department_id;
	char *department; /* name, filled by reads */
	char *address;    /* key of the alleged author; "" if unreadable */
	char *recipient;  /* RCPT as it came, key with extension */
	char *mail_from;
	char *subject;
	char *message_id;
	char *reason;     /* why held, one sentence */
	char *cause;      /* the same as a word, for counting */
	char *auth;       /* evidence */
	char *client_ip;
	char *queue_id;
	char *raw;        /* blob */
	char *parsed;     /* blob: struct mail as a GVariant, so that release
			     needs no parser */
	char *delivery_key;
	gint64 created;
	enum held_state state;
	gint64 decided;
	char *decided_by; /* staff login or address */
	char *ticket;     /* ref after release, "" */
};
/* Waiting; texts "". */
struct held *held_new(void);
void held_free(struct held *held);
DEFINE_AUTO(held)

/* Sets id and created, unless they are set. */
bool held_insert(struct store *store, struct held *held, GError **error)
	NODISCARD;
struct held *held_get(struct store *store, gint64 id, GError **error) NODISCARD;
/* state -1 = any; newest first. */
GPtrArray *held_list(struct store *store, int state, unsigned limit,
		     GError **error) NODISCARD;
/* The same for one department; state as above, department NULL = all. */
struct held_filter { /* borrowed */
	int state;
	const char *department; /* name */
	unsigned limit;
};
GPtrArray *held_find(struct store *store, const struct held_filter *filter,
		     GError **error) NODISCARD;
/* Those still waiting that were created before this time, oldest first. */
GPtrArray *held_list_waiting(struct store *store, gint64 before,
			     unsigned limit, GError **error) NODISCARD;
/* How many there are, by department, cause and state; names first. */
struct held_count {
	char *department;
	char *cause;
	enum held_state state;
	gint64 count;
	gint64 oldest; /* when the oldest of them came */
};
void held_count_free(struct held_count *count);
GPtrArray *held_count_list(struct store *store, GError **error) NODISCARD;
/* Whether a message of this Message-ID was held for this address. */
bool held_has_message(struct store *store, const char *message_id,
		      const char *address, bool *ret, GError **error)
	NODISCARD;
/* From HELD_WAITING, and from HELD_EXPIRED where it becomes released or
 * discarded; else CONFLICT: a confirmation works once. */
bool held_decide(struct store *store, gint64 id, enum held_state state,
		 const char *by, const char *ticket, GError **error) NODISCARD;

#endif
