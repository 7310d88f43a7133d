/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/audience.h - who is told of what happens in a ticket
 *
 * One table: an event and the kinds of people who get mail about it. Nobody
 * is told of what he did himself; only who opens a ticket gets an
 * acknowledgement of it, which does not repeat his mail. A contact that wants
 * no copies is told of tickets that he wrote in, and of no others.
 */
#ifndef PORTARIA_DESK_AUDIENCE_H
#define PORTARIA_DESK_AUDIENCE_H

#include "store/ticket.h"

enum audience_event {
	AUDIENCE_NOBODY,          /* nothing that anybody is told of */
	AUDIENCE_OPENED,          /* a customer's mail opened it */
	AUDIENCE_STAFF_OPENED,
	AUDIENCE_CUSTOMER_WROTE,
	AUDIENCE_CUSTOMER_THANKED, /* and said nothing else */
	AUDIENCE_AUTOMATIC,       /* some program wrote */
	AUDIENCE_STAFF_ANSWERED,
	AUDIENCE_NOTED,           /* an internal note */
	AUDIENCE_ASSIGNED,
	AUDIENCE_MOVED,           /* to another department: its staff */
	AUDIENCE_REFERRED,        /* its message named another department, too */
	AUDIENCE_BOUNCED,         /* our mail about it came back */
	AUDIENCE_RESOLVED,
	AUDIENCE_CLOSED,
	AUDIENCE_EVENT__COUNT
};
const char *audience_event_name(enum audience_event event);

enum audience_role {
	AUDIENCE_AUTHOR,     /* the customer who caused the event */
	AUDIENCE_OWNER,      /* the customer's registered address */
	AUDIENCE_CONTACT,    /* additional contacts */
	AUDIENCE_COPY,       /* people whom staff added */
	AUDIENCE_REPORTER,   /* not registered, but wrote the ticket */
	AUDIENCE_DEPARTMENT, /* staff of it that want notices */
	AUDIENCE_ASSIGNEE,   /* the same of who takes care of the ticket */
	AUDIENCE_ROLE__COUNT
};
const char *audience_role_name(enum audience_role role);

/* The table. */
bool audience_is_told(enum audience_event event, enum audience_role role);

/* Somebody who gets a mail. */
struct audience_reader {
	char *address;  /* key */
	char *name;
	char *language; /* staff: theirs; others "" */
	enum audience_role role; /* the first that fits */
	bool is_reporter;        /* not registered, author or not */
};
void audience_reader_free(struct audience_reader *reader);

struct audience_query { /* borrowed */
	const struct ticket *ticket;
	enum audience_event event;
	gint64 department_id; /* whose staff; 0: the ticket's */
	const char *actor;    /* address of who did it, "" or NULL: nobody */
};

/* struct audience_reader, customers before staff, each address once. */
GPtrArray *audience_list(struct store *store,
			 const struct audience_query *query, GError **error)
	NODISCARD;

#endif
