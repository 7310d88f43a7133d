/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/audit.h - who did what, append-only and hash-chained
 *
 * Each row carries SHA-256 over its own members and the hash of the row
 * before it, so that a changed, inserted or removed row shows. Rows cut off
 * at the end show only to who knows the last hash.
 */
#ifndef PORTARIA_STORE_AUDIT_H
#define PORTARIA_STORE_AUDIT_H

#include "store/store.h"

struct audit {
	gint64 id;
	gint64 time;
	char *actor;
	char *action;
	char *object;
	char *detail;
	char *hash;
};
void audit_free(struct audit *audit);
DEFINE_AUTO(audit)

/* actor: login, address or "system"; object: "ticket VIA-...". */
bool audit_add(struct store *store, const char *actor, const char *action,
	       const char *object, const char *detail, GError **error)
	NODISCARD;
/* Newest first; object NULL = all. */
GPtrArray *audit_list(struct store *store, const char *object, unsigned limit,
		      GError **error) NODISCARD;
/* Walks the chain; *ret_bad_id: the first row that does not fit, 0 if all
 * do. */
bool audit_verify(struct store *store, gint64 *ret_rows, gint64 *ret_bad_id,
		  GError **error) NODISCARD;

#endif
