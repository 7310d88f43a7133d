/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/retention.h - counting and removing what is too old
 *
 * Everything here takes little at a time, so that other writers never wait
 * long; desk/retention.h says what is too old and goes on until all is done.
 */
#ifndef PORTARIA_STORE_RETENTION_H
#define PORTARIA_STORE_RETENTION_H

#include "store/store.h"

enum retention_what {
	RETENTION_RAW,        /* original mails of closed tickets ... */
	RETENTION_ATTACHMENT, /* ... their attachments ... */
	RETENTION_TICKET,     /* ... and all of them; of one department */
	RETENTION_HELD,       /* decided */
	RETENTION_OUTBOX,     /* not waiting */
	RETENTION_DELIVERY,   /* keys */
	RETENTION_BLOB,       /* bytes that nothing names */
	RETENTION_FILE,       /* files of blob_dir that no blob names */
	RETENTION__COUNT
};
const char *retention_name(enum retention_what what); /* "raw" */

struct retention_scope {
	enum retention_what what;
	gint64 department_id; /* of the first three */
	gint64 before;        /* older than this */
};
struct retention_count {
	gint64 rows;
	gint64 bytes; /* of what can be counted; shared bytes count twice */
};

/* How much there is; RETENTION_FILE is not counted. */
bool retention_measure(struct store *store, const struct retention_scope *scope,
		       struct retention_count *ret_count, GError **error)
	NODISCARD;

/* Removes up to `limit` rows, in the caller's transaction; *ret_count: those.
 * Not for RETENTION_TICKET, _BLOB and _FILE. */
bool retention_remove(struct store *store, const struct retention_scope *scope,
		      unsigned limit, struct retention_count *ret_count,
		      GError **error) NODISCARD;

/* The longest closed ticket, as id and ref (owned by the caller); 0 and NULL
 * if there is none. */
bool retention_next_ticket(struct store *store,
			   const struct retention_scope *scope, gint64 *ret_id,
			   char **ret_ref, GError **error) NODISCARD;
/* A ticket with everything in it; in the caller's transaction. CONFLICT if
 * something else needs it. */
bool retention_remove_ticket(struct store *store, gint64 id, GError **error)
	NODISCARD;

/* Where the search for blobs stands; all 0 to begin. */
struct retention_cursor {
	gint64 created;
	char sha256[65];
};
/*
 * Looks at the next `limit` blobs and removes those that nothing names; own
 * transactions. Their files go after the commit, while no other writer can
 * name them again. *ret_more: there are blobs to look at.
 */
bool retention_remove_blobs(struct store *store,
			    const struct retention_scope *scope, unsigned limit,
			    struct retention_cursor *cursor,
			    struct retention_count *ret_count, bool *ret_more,
			    GError **error) NODISCARD;

/* Removes files that no blob names from the folder of this number, below
 * RETENTION_FOLDERS: left by a crash or by a transaction that was rolled
 * back. Own transaction. */
#define RETENTION_FOLDERS 256
bool retention_sweep_folder(struct store *store, unsigned folder,
			    gint64 before, struct retention_count *ret_count,
			    GError **error) NODISCARD;

#endif
