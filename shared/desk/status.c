/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.c - the states of a ticket, and what moves it between them
 */
#include "desk/status.h"

#include "base/clock.h"

static const char *const event_names[] = {
	[STATUS_CUSTOMER_WRITES] = "customer_writes",
	[STATUS_CUSTOMER_THANKS] = "customer_thanks",
	[STATUS_CUSTOMER_LATE] = "customer_late",
	[STATUS_AUTOMATIC] = "automatic",
	[STATUS_REPORT] = "report",
	[STATUS_STAFF_ANSWERS] = "staff_answers",
	[STATUS_STAFF_NOTES] = "staff_notes",
	[STATUS_MERGED] = "merged",
	[STATUS_SET_OPEN] = "set_open",
	[STATUS_SET_ANSWERED] = "set_answered",
	[STATUS_SET_CUSTOMER_REPLY] = "set_customer_reply",
	[STATUS_SET_IN_PROGRESS] = "set_in_progress",
	[STATUS_SET_ON_HOLD] = "set_on_hold",
	[STATUS_SET_RESOLVED] = "set_resolved",
	[STATUS_SET_CLOSED] = "set_closed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(event_names) == STATUS_EVENT__COUNT);

/* clang-format off */
#define STEP(next, told)   { TICKET_##next, AUDIENCE_##told, true }
#define NEW_TICKET(status) { TICKET_##status, AUDIENCE_NOBODY, false }

/* What does the same in every status. */
#define BY_HAND                                                                \
	[STATUS_SET_OPEN] = STEP(OPEN, NOBODY),                                \
	[STATUS_SET_ANSWERED] = STEP(ANSWERED, NOBODY),                        \
	[STATUS_SET_CUSTOMER_REPLY] = STEP(CUSTOMER_REPLY, NOBODY),            \
	[STATUS_SET_IN_PROGRESS] = STEP(IN_PROGRESS, NOBODY),                  \
	[STATUS_SET_ON_HOLD] = STEP(ON_HOLD, NOBODY),                          \
	[STATUS_SET_RESOLVED] = STEP(RESOLVED, RESOLVED),                      \
	[STATUS_SET_CLOSED] = STEP(CLOSED, CLOSED)

/* What waits for staff stays as it is, what waits for nobody does not. */
#define ALIVE(status)                                                          \
	[STATUS_CUSTOMER_WRITES] = STEP(CUSTOMER_REPLY, CUSTOMER_WROTE),       \
	[STATUS_CUSTOMER_LATE] = STEP(CUSTOMER_REPLY, CUSTOMER_WROTE),         \
	[STATUS_AUTOMATIC] = STEP(status, AUTOMATIC),                          \
	[STATUS_REPORT] = STEP(status, AUTOMATIC),                             \
	[STATUS_STAFF_ANSWERS] = STEP(ANSWERED, STAFF_ANSWERED),               \
	[STATUS_STAFF_NOTES] = STEP(status, NOTED),                            \
	BY_HAND

static const struct status_step steps[TICKET_STATUS__COUNT]
				     [STATUS_EVENT__COUNT] = {
	[TICKET_OPEN] = {
		ALIVE(OPEN),
		[STATUS_CUSTOMER_THANKS] = STEP(CUSTOMER_REPLY, CUSTOMER_WROTE),
		[STATUS_MERGED] = STEP(OPEN, NOBODY),
	},
	[TICKET_ANSWERED] = {
		ALIVE(ANSWERED),
		[STATUS_CUSTOMER_THANKS] = STEP(ANSWERED, CUSTOMER_THANKED),
		[STATUS_MERGED] = STEP(CUSTOMER_REPLY, NOBODY),
	},
	[TICKET_CUSTOMER_REPLY] = {
		ALIVE(CUSTOMER_REPLY),
		[STATUS_CUSTOMER_THANKS] = STEP(CUSTOMER_REPLY, CUSTOMER_WROTE),
		[STATUS_MERGED] = STEP(CUSTOMER_REPLY, NOBODY),
	},
	[TICKET_IN_PROGRESS] = {
		ALIVE(IN_PROGRESS),
		[STATUS_CUSTOMER_THANKS] = STEP(CUSTOMER_REPLY, CUSTOMER_WROTE),
		[STATUS_MERGED] = STEP(CUSTOMER_REPLY, NOBODY),
	},
	[TICKET_ON_HOLD] = {
		ALIVE(ON_HOLD),
		[STATUS_CUSTOMER_THANKS] = STEP(CUSTOMER_REPLY, CUSTOMER_WROTE),
		[STATUS_MERGED] = STEP(CUSTOMER_REPLY, NOBODY),
	},
	[TICKET_RESOLVED] = {
		[STATUS_CUSTOMER_WRITES] = STEP(CUSTOMER_REPLY, CUSTOMER_WROTE),
		[STATUS_CUSTOMER_THANKS] = STEP(RESOLVED, CUSTOMER_THANKED),
		[STATUS_CUSTOMER_LATE] = NEW_TICKET(RESOLVED),
		[STATUS_AUTOMATIC] = STEP(RESOLVED, AUTOMATIC),
		[STATUS_REPORT] = STEP(RESOLVED, AUTOMATIC),
		[STATUS_STAFF_ANSWERS] = STEP(ANSWERED, STAFF_ANSWERED),
		[STATUS_STAFF_NOTES] = STEP(RESOLVED, NOTED),
		[STATUS_MERGED] = STEP(CUSTOMER_REPLY, NOBODY),
		BY_HAND,
	},
	[TICKET_CLOSED] = {
		[STATUS_CUSTOMER_WRITES] = NEW_TICKET(CLOSED),
		[STATUS_CUSTOMER_THANKS] = STEP(CLOSED, CUSTOMER_THANKED),
		[STATUS_CUSTOMER_LATE] = NEW_TICKET(CLOSED),
		[STATUS_AUTOMATIC] = STEP(CLOSED, AUTOMATIC),
		[STATUS_REPORT] = NEW_TICKET(CLOSED),
		[STATUS_STAFF_ANSWERS] = STEP(ANSWERED, STAFF_ANSWERED),
		[STATUS_STAFF_NOTES] = STEP(CLOSED, NOTED),
		[STATUS_MERGED] = STEP(CUSTOMER_REPLY, NOBODY),
		BY_HAND,
	},
};
/* clang-format on */

const char *status_event_name(enum status_event event)
{
	g_return_val_if_fail((unsigned)event < STATUS_EVENT__COUNT, "");
	return event_names[event];
}

struct status_step status_step(enum ticket_status status,
			       enum status_event event)
{
	const struct status_step stay = { status, AUDIENCE_NOBODY, true };

	g_return_val_if_fail((unsigned)status < TICKET_STATUS__COUNT, stay);
	g_return_val_if_fail((unsigned)event < STATUS_EVENT__COUNT, stay);
	return steps[status][event];
}

enum status_event status_event_set(enum ticket_status status)
{
	return (enum status_event)(STATUS_SET_OPEN + (unsigned)status);
}
G_STATIC_ASSERT(STATUS_SET_CLOSED - STATUS_SET_OPEN
		== TICKET_CLOSED - TICKET_OPEN);

static bool answers_by_itself(enum mail_kind kind)
{
	return kind == MAIL_KIND_AUTO_REPLY || kind == MAIL_KIND_VACATION ||
	       kind == MAIL_KIND_BOUNCE;
}

enum status_event status_event_of_mail(const struct ticket *ticket,
				       const struct status_mail *mail)
{
	gint64 age = mail->now - ticket->resolved;

	if (answers_by_itself(mail->kind))
		return STATUS_AUTOMATIC;
	if (mail_kind_is_automatic(mail->kind))
		return STATUS_REPORT;
	if (mail->thanks)
		return STATUS_CUSTOMER_THANKS;
	/* resolved 0: since before anybody wrote the time down. */
	if (ticket->status == TICKET_RESOLVED && ticket->resolved != 0
	    && age > mail->reopen_seconds * CLOCK_SECOND)
		return STATUS_CUSTOMER_LATE;
	return STATUS_CUSTOMER_WRITES;
}

/* The time since when the ticket is in a status: kept while it stays. */
static gint64 since(bool is_in, gint64 before, gint64 now)
{
	if (!is_in)
		return 0;
	return before != 0 ? before : now;
}

void status_apply(struct ticket *ticket, enum ticket_status next, gint64 now)
{
	bool was_closed = ticket->status == TICKET_CLOSED;
	bool was_resolved = ticket->status == TICKET_RESOLVED;

	ticket->status = next;
	ticket->closed = since(next == TICKET_CLOSED,
			       was_closed ? ticket->closed : 0, now);
	ticket->resolved = since(next == TICKET_RESOLVED,
				 was_resolved ? ticket->resolved : 0, now);
}
