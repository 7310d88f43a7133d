/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/ticket.h - tickets (chamados) and their participants */
#ifndef PORTARIA_STORE_TICKET_H
#define PORTARIA_STORE_TICKET_H

#include "store/store.h"

enum ticket_status {
	TICKET_OPEN,
	TICKET_ANSWERED,
	TICKET_CUSTOMER_REPLY,
	TICKET_IN_PROGRESS,
	TICKET_ON_HOLD,
	TICKET_RESOLVED,
	TICKET_CLOSED,
	TICKET_STATUS__COUNT
};
enum ticket_priority {
	TICKET_LOW,
	TICKET_MEDIUM,
	TICKET_HIGH,
	TICKET_PRIORITY__COUNT
};
const char *ticket_status_name(enum ticket_status status); /* "answered" */
bool ticket_status_parse(const char *name, enum ticket_status *ret);
const char *ticket_priority_name(enum ticket_priority priority);
bool ticket_priority_parse(const char *name, enum ticket_priority *ret);

struct ticket {
	gint64 id;
	char *ref;
	gint64 department_id;
	char *department; /* name, filled by reads */
	gint64 customer_id; /* 0: nobody registered */
	char *customer;     /* name, filled by reads; "" */
	char *requester;    /* address of who opened it */
	char *subject;      /* bare */
	enum ticket_status status;
	enum ticket_priority priority;
	gint64 service_id; /* 0: none */
	gint64 assignee;   /* staff id, 0: nobody */
	gint64 created;
	gint64 updated;
	gint64 closed;   /* 0: not */
	gint64 version;  /* grows with every ticket_update */
	gint64 resolved; /* since when, 0: not */
	gint64 merged_into; /* id; 0: a ticket of its own (relation.h) */
};
/* Open, medium priority; texts "". */
struct ticket *ticket_new(void);
void ticket_free(struct ticket *ticket);
DEFINE_AUTO(ticket)

enum participant_role {
	PARTICIPANT_OWNER,    /* the registered login address */
	PARTICIPANT_CONTACT,  /* an additional contact */
	PARTICIPANT_COPY,     /* added by staff */
	PARTICIPANT_REPORTER, /* not registered: abuse reporter */
	PARTICIPANT_ROLE__COUNT
};
const char *participant_role_name(enum participant_role role);

struct participant {
	gint64 ticket_id;
	char *address; /* key */
	char *name;
	enum participant_role role;
};
void participant_free(struct participant *participant);

/* Makes id and ref (a free one of `prefix`); sets created, unless it is set,
 * updated and version. Reads fill every text. */
bool ticket_insert(struct store *store, const char *prefix,
		   struct ticket *ticket, GError **error) NODISCARD;
/* Saves status, priority, service, assignee, subject, department, closed,
 * resolved;
 * CONFLICT if version moved on. Sets updated and version. */
bool ticket_update(struct store *store, struct ticket *ticket, GError **error)
	NODISCARD;
struct ticket *ticket_get(struct store *store, gint64 id, GError **error)
	NODISCARD;
struct ticket *ticket_by_ref(struct store *store, const char *ref,
			     GError **error) NODISCARD;

/* Takes a ticket; gives the one that it was merged into, over any number of
 * merges, itself if none. NULL gives NULL. */
struct ticket *ticket_follow(struct store *store, struct ticket *ticket,
			     GError **error) NODISCARD;

struct ticket_filter { /* 0, NULL, -1 : any */
	const char *department;
	int status; /* enum ticket_status */
	int priority;
	gint64 assignee;
	gint64 customer_id;
	gint64 since; /* updated at or after */
	gint64 until; /* updated before */
	/* Full text: words of ref, subject and messages, or their beginnings,
	 * in any order, whatever case and accents. LIMIT past 12 words. */
	const char *search;
	bool include_closed;
	gint64 overdue; /* whose answer was due before this time (timer.h) */
	unsigned limit; /* 0 = 100 */
};
#define TICKET_FILTER_ANY { .status = -1, .priority = -1 }
/* Newest change first. */
GPtrArray *ticket_list(struct store *store, const struct ticket_filter *filter,
		       GError **error) NODISCARD;

/* The address is a key of anybody. Adding somebody twice keeps the first role
 * and is no error. */
bool participant_add(struct store *store, gint64 ticket_id,
		     const char *address, const char *name,
		     enum participant_role role, GError **error) NODISCARD;
/* *ret_role is set if the address takes part. */
bool participant_role(struct store *store, gint64 ticket_id,
		      const char *address, enum participant_role *ret_role,
		      bool *ret_found, GError **error) NODISCARD;
bool participant_remove(struct store *store, gint64 ticket_id,
			const char *address, GError **error) NODISCARD;
GPtrArray *participant_list(struct store *store, gint64 ticket_id,
			    GError **error) NODISCARD;
/* *ret: whether the address takes part. */
bool participant_is(struct store *store, gint64 ticket_id,
		    const char *address, bool *ret, GError **error) NODISCARD;

#endif
