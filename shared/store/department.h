/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/department.h - departments (setores) and their addresses */
#ifndef PORTARIA_STORE_DEPARTMENT_H
#define PORTARIA_STORE_DEPARTMENT_H

#include "store/store.h"

enum department_accept {
	DEPARTMENT_REGISTERED, /* who is known may write */
	DEPARTMENT_REPLIES,    /* only into existing tickets */
	DEPARTMENT_ANYONE,     /* abuse desks */
	DEPARTMENT_ACCEPT__COUNT
};
enum department_unproven {
	DEPARTMENT_HOLD,
	DEPARTMENT_ACCEPT,
	DEPARTMENT_REJECT,
	DEPARTMENT_UNPROVEN__COUNT
};
const char *department_accept_name(enum department_accept accept);
bool department_accept_parse(const char *name, enum department_accept *ret);
const char *department_unproven_name(enum department_unproven unproven);
bool department_unproven_parse(const char *name,
			       enum department_unproven *ret);

struct department {
	gint64 id;
	char *name;  /* "suporte": [a-z0-9-], unique */
	char *title; /* "Suporte Tecnico", for people */
	enum department_accept accept;
	enum department_unproven unproven;
	char *language;    /* pt_BR, en, es; "" = site's */
	bool html;         /* outgoing mail also as simple HTML */
	bool acknowledge;  /* send acknowledgements */
	bool active;
	char *time_zone;   /* "America/Sao_Paulo"; "" = site's */
	bool satisfaction; /* asks for a grade once a ticket is closed */
	gint64 satisfaction_since; /* about tickets closed from then on */
	char **addresses;  /* keys; the first sends */
};
/* Defaults; texts "". */
struct department *department_new(void);
void department_free(struct department *department);
DEFINE_AUTO(department)

/* addresses (one at least) are inserted too. CONFLICT names what is taken: an
 * address belongs to one department, contact or member of staff. SYNTAX for a
 * name or an address that cannot be one. */
bool department_insert(struct store *store, struct department *department,
		       GError **error) NODISCARD; /* sets id */
bool department_update(struct store *store,
		       const struct department *department, GError **error)
	NODISCARD; /* everything but addresses */
bool department_add_address(struct store *store, gint64 id,
			    const char *address, GError **error) NODISCARD;
/* CONFLICT for the last one: a department needs an address to send from. */
bool department_remove_address(struct store *store, gint64 id,
			       const char *address, GError **error) NODISCARD;
struct department *department_get(struct store *store, gint64 id,
				  GError **error) NODISCARD;
/* Its time zone alone, NULL if it has the site's; owned by the caller. */
bool department_find_zone(struct store *store, gint64 id, char **ret_zone,
			  GError **error) NODISCARD;
struct department *department_by_name(struct store *store, const char *name,
				      GError **error) NODISCARD;
/* The active department with this address (key, without extension). */
struct department *department_by_address(struct store *store,
					 const char *address, GError **error)
	NODISCARD;
/* struct department, ordered by name. */
GPtrArray *department_list(struct store *store, GError **error) NODISCARD;

#endif
