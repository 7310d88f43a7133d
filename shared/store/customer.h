/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/customer.h - customers, their contacts and services */
#ifndef PORTARIA_STORE_CUSTOMER_H
#define PORTARIA_STORE_CUSTOMER_H

#include "store/store.h"

struct customer {
	gint64 id;
	char *code;     /* the provider's own number, unique; "" if none */
	char *name;
	char *language; /* "" = department's */
	bool active;
	gint64 created;
	char *time_zone; /* "America/Recife"; "" = department's */
};
void customer_free(struct customer *customer);
DEFINE_AUTO(customer)

enum contact_role { CONTACT_OWNER, CONTACT_ADDITIONAL };

struct contact {
	gint64 id;
	gint64 customer_id;
	char *address; /* key, unique over all contacts */
	char *name;
	enum contact_role role; /* one owner a customer */
	char *login;   /* SASL login, "" = the address */
	bool active;
	gint64 bounced; /* time of the last permanent bounce, 0 = none */
	char *language; /* "" = customer's */
	bool no_copies; /* reads only tickets that he wrote in himself */
	bool no_grades; /* is never asked how we did */
};
void contact_free(struct contact *contact);
DEFINE_AUTO(contact)

struct service {
	gint64 id;
	gint64 customer_id;
	char *kind;   /* hosting, domain, ... */
	char *label;
	char *domain; /* key form, "" if none */
	char **ip_ranges; /* CIDR */
	bool active;
};
void service_free(struct service *service);
DEFINE_AUTO(service)

/*
 * Inserting sets id (and created), unless they are set. Texts that are NULL
 * are stored as "". CONFLICT says who has the code, address, login or the
 * place of the owner; SYNTAX what cannot be an address or login.
 */
bool customer_insert(struct store *store, struct customer *customer,
		     GError **error) NODISCARD;
bool customer_update(struct store *store, const struct customer *customer,
		     GError **error) NODISCARD;
struct customer *customer_get(struct store *store, gint64 id, GError **error)
	NODISCARD;
struct customer *customer_by_code(struct store *store, const char *code,
				  GError **error) NODISCARD;
/* search: part of name, code or a contact's address, whatever case and accents;
 * NULL = all. LIMIT past 1000 bytes. Ordered by name. */
GPtrArray *customer_list(struct store *store, const char *search,
			 unsigned limit, GError **error) NODISCARD;

bool contact_insert(struct store *store, struct contact *contact,
		    GError **error) NODISCARD;
bool contact_update(struct store *store, const struct contact *contact,
		    GError **error) NODISCARD;
/* He takes part in no ticket any more, unless staff added him as a copy. */
bool contact_delete(struct store *store, gint64 id, GError **error) NODISCARD;
struct contact *contact_get(struct store *store, gint64 id, GError **error)
	NODISCARD;
/* Active or not: whose address is it? */
struct contact *contact_find(struct store *store, const char *address,
			     GError **error) NODISCARD;
/* An active contact of an active customer. */
struct contact *contact_by_address(struct store *store, const char *address,
				   GError **error) NODISCARD;
/* The same by SASL login: the contact's own, else its address. */
struct contact *contact_by_login(struct store *store, const char *login,
				 GError **error) NODISCARD;
/* Owner first. */
GPtrArray *contact_list(struct store *store, gint64 customer_id,
			GError **error) NODISCARD;
/* An address that no contact has is no error. */
bool contact_set_bounced(struct store *store, const char *address,
			 gint64 time, GError **error) NODISCARD;

bool service_insert(struct store *store, struct service *service,
		    GError **error) NODISCARD;
bool service_update(struct store *store, const struct service *service,
		    GError **error) NODISCARD;
/* CONFLICT if tickets name it: make it inactive instead. */
bool service_delete(struct store *store, gint64 id, GError **error) NODISCARD;
GPtrArray *service_list(struct store *store, gint64 customer_id,
			GError **error) NODISCARD;
struct service *service_get(struct store *store, gint64 id, GError **error)
	NODISCARD;

#endif
