/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/timer.h - rules of departments, and what waits for its time
 *
 * The rules are read by desk/targets.h, desk/autoclose.h and desk/retention.h;
 * a ticket's timers are derived from its entries and the rules, and made anew
 * when these change.
 */
#ifndef PORTARIA_STORE_TIMER_H
#define PORTARIA_STORE_TIMER_H

#include "store/ticket.h"

#define TIMER_SITE (-1) /* the site's value holds */

/* All durations are milliseconds, 0 is never. */
struct timer_clock {
	gint64 department_id;
	char *hours;    /* "": the site's */
	char *holidays; /* the same */
	gint64 close_after;
	gint64 close_warn;
	gint64 keep_raw;
	gint64 keep_attachments;
	gint64 keep_tickets;
};
void timer_clock_free(struct timer_clock *clock);
DEFINE_AUTO(timer_clock)
/* The site's in everything if nothing was set. Owned by the caller. */
struct timer_clock *timer_clock_get(struct store *store, gint64 department_id,
				    GError **error) NODISCARD;
bool timer_clock_put(struct store *store, const struct timer_clock *clock,
		     GError **error) NODISCARD;

enum timer_kind {
	TIMER_NONE,
	TIMER_FIRST, /* answer of a ticket that has none */
	TIMER_NEXT,  /* answer to what the customer wrote later */
	TIMER_KIND__COUNT
};
const char *timer_kind_name(enum timer_kind kind); /* "first" */
bool timer_kind_parse(const char *name, enum timer_kind *ret);

struct timer_target {
	gint64 department_id;
	enum timer_kind kind;
	enum ticket_priority priority;
	gint64 within;   /* business time */
	bool raises;     /* escalation raises the priority by one */
	gint64 assignee; /* and gives it to this member of staff; 0 */
	char *notify;    /* and tells: none, assignee, department or a login */
};
void timer_target_free(struct timer_target *target);
DEFINE_AUTO(timer_target)
/* NULL and NOT_FOUND if there is none. */
struct timer_target *timer_target_get(struct store *store,
				      gint64 department_id,
				      enum timer_kind kind,
				      enum ticket_priority priority,
				      GError **error) NODISCARD;
/* All of a department; first before next, low before high. */
GPtrArray *timer_target_list(struct store *store, gint64 department_id,
			     GError **error) NODISCARD;
/* Replaces the one that is there. */
bool timer_target_put(struct store *store, const struct timer_target *target,
		      GError **error) NODISCARD;
/* NOT_FOUND if there is none. */
bool timer_target_remove(struct store *store, gint64 department_id,
			 enum timer_kind kind, enum ticket_priority priority,
			 GError **error) NODISCARD;

/* What a ticket's entries say; times, 0 if there is none. Automatic mail,
 * events and notes do not count. */
struct timer_facts {
	gint64 first_customer;
	gint64 last_staff;
	gint64 unanswered; /* the first of a customer behind last_staff */
	gint64 last;       /* of customer or staff */
};
bool timer_facts_read(struct store *store, gint64 ticket_id,
		      struct timer_facts *ret_facts, GError **error) NODISCARD;

struct timer {
	gint64 ticket_id;
	gint64 updated; /* of the ticket when this was made, with the three */
	gint64 version; /* below */
	char *rules;    /* fingerprint */
	enum ticket_status status;
	gint64 status_since; /* as far as was seen */
	enum timer_kind kind; /* which answer is awaited */
	gint64 since;         /* the message that waits for it */
	gint64 due;           /* 0: no target */
	gint64 idle_since;    /* the customer is silent; 0: not waited for */
	gint64 warn_at;
	gint64 close_at;
	gint64 next_at; /* of due, warn_at, close_at the first that is to be
			   done; 0: none */
};
void timer_free(struct timer *timer);
DEFINE_AUTO(timer)
/* Texts "". */
struct timer *timer_new(void);
struct timer *timer_get(struct store *store, gint64 ticket_id, GError **error)
	NODISCARD; /* NOT_FOUND if not made yet */
bool timer_put(struct store *store, const struct timer *timer, GError **error)
	NODISCARD;

/* Ids (gint64) of tickets of a department whose timers are to be made: that
 * were changed or closed since, or whose timers were made by other rules. */
GArray *timer_list_stale(struct store *store, gint64 department_id,
			 const char *rules, unsigned limit, GError **error)
	NODISCARD;
/* Ids of tickets with something to be done at `now`, the longest due first. */
GArray *timer_list_due(struct store *store, gint64 now, unsigned limit,
		       GError **error) NODISCARD;
/* Whether a ticket's answer is overdue: its target ended before `now` and it
 * still waits. */
bool timer_is_overdue(const struct timer *timer, gint64 now);
/* Ids of all such tickets. */
GArray *timer_list_overdue(struct store *store, gint64 now, GError **error)
	NODISCARD;

/* Records that a timer fired; *ret_first: it had not before. Whoever records
 * it acts in the same transaction, so nothing is done twice. */
bool timer_fire(struct store *store, gint64 ticket_id, const char *name,
		gint64 since, bool *ret_first, GError **error) NODISCARD;
/* When it fired; 0 if it did not. */
bool timer_fired(struct store *store, gint64 ticket_id, const char *name,
		 gint64 since, gint64 *ret_when, GError **error) NODISCARD;

#endif
