/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/undeliverable.h - addresses that failed for good: no more mail for them
 *
 * One row an address, whoever has it: contact, participant or staff. A
 * contact's own mark (struct contact, bounced) is kept in step.
 */
#ifndef PORTARIA_STORE_UNDELIVERABLE_H
#define PORTARIA_STORE_UNDELIVERABLE_H

#include "store/store.h"

struct undeliverable {
	char *address;    /* key */
	char *status;     /* "5.1.1", "" if none */
	char *why;        /* what the other side said */
	gint64 outbox_id; /* the mail that failed first */
	gint64 first;
	gint64 last;
	gint64 failures;
};
void undeliverable_free(struct undeliverable *row);
DEFINE_AUTO(undeliverable)

/* Notes one more failure of failure->address; first, last and failures are
 * made here. What was said first stays. *ret_news: it is the first one. */
bool undeliverable_note(struct store *store,
			const struct undeliverable *failure, bool *ret_news,
			GError **error) NODISCARD;
/* NOT_FOUND if mail reaches the address, as far as we know. */
struct undeliverable *undeliverable_get(struct store *store,
					const char *address, GError **error)
	NODISCARD;
/* Forgets it; *ret_was: whether there was something to forget. */
bool undeliverable_clear(struct store *store, const char *address,
			 bool *ret_was, GError **error) NODISCARD;
/* Newest first. */
GPtrArray *undeliverable_list(struct store *store, unsigned limit,
			      GError **error) NODISCARD;

#endif
