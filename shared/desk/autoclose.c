/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * autoclose.c - when an answered ticket is closed by itself
 */
#include "desk/autoclose.h"

/* All others wait for somebody of us. */
static const bool closes[TICKET_STATUS__COUNT] = {
	[TICKET_ANSWERED] = true,
	[TICKET_RESOLVED] = true,
};

gint64 autoclose_idle_since(enum ticket_status status,
			    const struct timer_facts *facts,
			    gint64 status_since)
{
	if ((unsigned)status >= TICKET_STATUS__COUNT || !closes[status])
		return 0;
	return MAX(facts->last, status_since);
}

struct autoclose_plan autoclose_plan(const struct autoclose_rules *rules,
				     gint64 idle_since, gint64 warned)
{
	gint64 warn = MIN(rules->warn, rules->after);
	struct autoclose_plan plan = { 0 };

	if (idle_since == 0 || rules->after <= 0)
		return plan;
	plan.idle_since = idle_since;
	plan.close_at = idle_since + rules->after;
	if (warn <= 0)
		return plan;
	if (warned == 0)
		plan.warn_at = plan.close_at - warn;
	else
		plan.close_at = MAX(plan.close_at, warned + warn);
	return plan;
}
