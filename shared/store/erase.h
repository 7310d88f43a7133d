/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/erase.h - all that is kept about one person, and its end
 *
 * erase_begin() finds the rows; erase_list() names them; erase_run() takes
 * the personal out of them. All three belong into one transaction of the
 * caller; without erase_run() it is to be rolled back. Then, outside of any
 * transaction, erase_files() and store_scrub() remove what a commit leaves
 * on the disk.
 *
 * What stays: tickets with number, department, times, status and grade, and
 * one empty entry for each message, so that statistics and the audit chain
 * (which names numbers only) are as before. What goes: names, addresses,
 * subjects, texts, original mails, attachments, services, Message-IDs, IP
 * addresses, outgoing mail, delivery keys, the search index's words.
 */
#ifndef PORTARIA_STORE_ERASE_H
#define PORTARIA_STORE_ERASE_H

#include "store/store.h"

/* Who: a customer with all contacts, or an address of nobody registered. */
struct erase_person { /* borrowed */
	gint64 customer_id;  /* 0: not registered */
	const char *address; /* key; NULL: those of the customer */
};

enum erase_kind {
	ERASE_ADDRESS, /* texts */
	ERASE_TICKET,  /* theirs, with everything in them */
	ERASE_MESSAGE, /* in those, and what they wrote or are named in elsewhere */
	ERASE_HELD,
	ERASE_OUTBOX,
	ERASE_BLOB, /* texts: digests that these rows name */
	ERASE_KIND__COUNT
};
const char *erase_kind_name(enum erase_kind kind);

bool erase_begin(struct store *store, const struct erase_person *person,
		 GError **error) NODISCARD;
/* Adds outgoing mail whose Message-ID begins like this: mail about a held
 * message (desk/signed.h). */
bool erase_add_outbox(struct store *store, const char *header_id_start,
		      GError **error) NODISCARD;
/* char *; ids as decimal numbers, in their order. */
GPtrArray *erase_list(struct store *store, enum erase_kind kind,
		      GError **error) NODISCARD;

/* Whether there is anything at all, in whichever table, that is theirs; after
 * erase_begin(). */
bool erase_is_known(struct store *store, const struct erase_person *person,
		    bool *ret_known, GError **error) NODISCARD;

/* Reports that they sent, or that stand in their tickets; and filed ones that
 * they sent, as decimal ids (char *). */
struct erase_report {
	gint64 case_id;
	gint64 number;
};
GArray *erase_list_reports(struct store *store, GError **error) NODISCARD;
char **erase_list_filed(struct store *store, GError **error) NODISCARD;

/* Takes the personal out. *ret_files: digests (char *) of blobs that nothing
 * names any more, for erase_files(). */
bool erase_run(struct store *store, const struct erase_person *person,
	       GPtrArray **ret_files, GError **error) NODISCARD;
/* Removes the files of blobs that are not in the database (any more). Own
 * transactions. */
bool erase_files(struct store *store, const GPtrArray *files, GError **error)
	NODISCARD;

#endif
