/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/privacy.h - a person's data: found, and erased
 *
 * For requests under LGPD article 18 and GDPR articles 15 and 17. What is
 * erased and what stays is said in store/erase.h. Copies of the database
 * (backups, "<database>.before-N") and mail that was sent are out of reach.
 */
#ifndef PORTARIA_DESK_PRIVACY_H
#define PORTARIA_DESK_PRIVACY_H

#include "store/erase.h"

/* Finds all rows; the caller's transaction, see erase_list(). */
bool privacy_find(struct store *store, const struct erase_person *person,
		  GError **error) NODISCARD;

/* NOT_FOUND, with a sentence, if nothing is kept about the person. Own
 * transaction. */
bool privacy_check_known(struct store *store, const struct erase_person *person,
			 GError **error) NODISCARD;

/* How many rows there are of each kind, enum erase_kind. */
struct privacy_counts {
	guint of[ERASE_KIND__COUNT];
};
bool privacy_count(struct store *store, const struct erase_person *person,
		   struct privacy_counts *ret_counts, GError **error) NODISCARD;

/* Erases, in own transactions, with an audit row that names numbers only; the
 * files and the gaps of the database last. by: staff login or "cli:user". */
bool privacy_erase(struct store *store, const struct erase_person *person,
		   const char *by, struct privacy_counts *ret_counts,
		   GError **error) NODISCARD;

#endif
