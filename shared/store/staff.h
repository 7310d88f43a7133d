/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/staff.h - staff (atendentes) */
#ifndef PORTARIA_STORE_STAFF_H
#define PORTARIA_STORE_STAFF_H

#include "store/store.h"

struct staff {
	gint64 id;
	char *login;   /* unique */
	char *name;
	char *address; /* key, unique; no contact may have it */
	char *language; /* "" = site's */
	bool admin;
	bool active;
	bool notify;   /* wants notices of new messages */
	char **departments; /* names, in order; NULL = none */
};
/* Active, wants notices; texts "". */
struct staff *staff_new(void);
void staff_free(struct staff *staff);
DEFINE_AUTO(staff)

/* CONFLICT for a login or an address that somebody has, NOT_FOUND for an
 * unknown department, SYNTAX for what cannot be a login or an address. */
bool staff_insert(struct store *store, struct staff *staff, GError **error)
	NODISCARD;
bool staff_update(struct store *store, const struct staff *staff,
		  GError **error) NODISCARD; /* departments too */
struct staff *staff_get(struct store *store, gint64 id, GError **error)
	NODISCARD;
/* Active or not. */
struct staff *staff_by_login(struct store *store, const char *login,
			     GError **error) NODISCARD;
/* Active only: who has left writes as a stranger. */
struct staff *staff_by_address(struct store *store, const char *address,
			       GError **error) NODISCARD;
/* All, ordered by login. */
GPtrArray *staff_list(struct store *store, GError **error) NODISCARD;
/* Active members of a department that want notices. */
GPtrArray *staff_of_department(struct store *store, gint64 department_id,
			       GError **error) NODISCARD;

#endif
