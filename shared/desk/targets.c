/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * targets.c - how soon an answer is due, and what follows if none comes
 */
#include "desk/targets.h"

#include "desk/conversation.h"
#include "desk/lookup.h"
#include "desk/timermail.h"

static const bool runs[TICKET_STATUS__COUNT] = {
	[TICKET_OPEN] = true,
	[TICKET_CUSTOMER_REPLY] = true,
	[TICKET_IN_PROGRESS] = true,
};

struct target_wait target_wait_of(enum ticket_status status,
				  const struct timer_facts *facts)
{
	struct target_wait wait = { TIMER_NONE, 0 };

	if ((unsigned)status >= TICKET_STATUS__COUNT || !runs[status]
	    || facts->unanswered == 0)
		return wait;
	wait.kind = facts->last_staff == 0 ? TIMER_FIRST : TIMER_NEXT;
	wait.since = facts->unanswered;
	return wait;
}

const struct timer_target *target_find(const GPtrArray *targets,
				       enum timer_kind kind,
				       enum ticket_priority priority)
{
	for (guint i = 0; i < targets->len; i++) {
		const struct timer_target *one = targets->pdata[i];

		if (one->kind == kind && one->priority == priority)
			return one;
	}
	return NULL;
}

gint64 target_due(const GPtrArray *targets, const struct hours *hours,
		  const struct target_wait *wait,
		  enum ticket_priority priority, gint64 missed)
{
	const struct timer_target *target
		= target_find(targets, wait->kind, priority);
	gint64 due = HOURS_NEVER;

	if (wait->kind == TIMER_NONE)
		return 0;
	if (target != NULL)
		due = hours_add(hours, wait->since, target->within);
	if (missed != 0)
		due = MIN(due, missed);
	return due == HOURS_NEVER ? 0 : due;
}

static bool tell_ticket(struct store *store, const struct ticket *ticket,
			const struct timer_target *target, const char *shown,
			GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"%s answer overdue since %s", timer_kind_name(target->kind),
		shown);

	return conversation_event(store, ticket->id, text, error);
}

static bool reassign(const struct desk *desk, struct store *store,
		     const struct actor *actor, struct ticket *ticket,
		     gint64 staff_id, GError **error)
{
	GError *local = NULL;
	AUTO(staff) staff = NULL;

	if (staff_id == 0)
		return true;
	staff = staff_get(store, staff_id, &local);
	if (staff == NULL)
		return lookup_is_absent(local, error);
	/* Who has left gets no tickets. */
	return !staff->active
	       || conversation_assign(desk, store, actor, ticket, staff,
				      error);
}

bool target_escalate(const struct desk *desk, struct store *store,
		     struct ticket *ticket, const struct timer_target *target,
		     const char *shown, GError **error)
{
	const struct actor actor = { NULL, "system" };
	bool raises = target->raises && ticket->priority < TICKET_HIGH;

	if (!tell_ticket(store, ticket, target, shown, error))
		return false;
	if (raises
	    && !conversation_set_priority(
		    desk, store, &actor, ticket,
		    (enum ticket_priority)(ticket->priority + 1), error))
		return false;
	return reassign(desk, store, &actor, ticket, target->assignee, error)
	       && timermail_escalation(desk, store, ticket, target, shown,
				       error);
}
