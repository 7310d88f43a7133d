/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/status.h - the states of a ticket, and what moves it between them
 *
 * One table for mail, command, timers and panel: from a status and an event
 * to the next status, to who is told (audience.h), and to whether what was
 * written joins the ticket or opens a new one that is linked to it.
 */
#ifndef PORTARIA_DESK_STATUS_H
#define PORTARIA_DESK_STATUS_H

#include "desk/audience.h"
#include "mail/mail.h"
#include "store/ticket.h"

enum status_event {
	STATUS_CUSTOMER_WRITES,
	STATUS_CUSTOMER_THANKS, /* thanks and nothing else: thanks.h */
	STATUS_CUSTOMER_LATE,   /* later than ticket.reopen_seconds behind the
				   resolution */
	STATUS_AUTOMATIC,       /* some program answers */
	STATUS_REPORT,          /* a program tells news: a list, a report */
	STATUS_STAFF_ANSWERS,
	STATUS_STAFF_NOTES,
	STATUS_MERGED, /* got entries that wait for an answer */
	/* By hand; in the order of enum ticket_status. */
	STATUS_SET_OPEN,
	STATUS_SET_ANSWERED,
	STATUS_SET_CUSTOMER_REPLY,
	STATUS_SET_IN_PROGRESS,
	STATUS_SET_ON_HOLD,
	STATUS_SET_RESOLVED,
	STATUS_SET_CLOSED,
	STATUS_EVENT__COUNT
};
const char *status_event_name(enum status_event event);

struct status_step {
	enum ticket_status next;
	enum audience_event told; /* AUDIENCE_NOBODY if nobody */
	bool joins; /* else: a new ticket, linked to this one */
};

/* The table. */
struct status_step status_step(enum ticket_status status,
			       enum status_event event);

/* The event of setting a status by hand. */
enum status_event status_event_set(enum ticket_status status);

/* Which event a customer's mail is. */
struct status_mail { /* borrowed */
	enum mail_kind kind; /* with a null sender never human */
	bool thanks;
	gint64 now;            /* ms */
	gint64 reopen_seconds; /* 0: a resolved ticket is as good as closed */
};
enum status_event status_event_of_mail(const struct ticket *ticket,
				       const struct status_mail *mail);

/* Puts a ticket into a status: the status, and the times of closing and of
 * resolution. The caller saves it. */
void status_apply(struct ticket *ticket, enum ticket_status next, gint64 now);

#endif
