/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timers.c - what happens because time passes
 */
#include "notifier/timers.h"

#include "base/clock.h"
#include "desk/grades.h"
#include "desk/hold.h"
#include "desk/postfixmap.h"
#include "desk/retention.h"
#include "desk/tickettimer.h"

#define RETENTION_STEPS 20 /* short transactions at a time */

static bool expire_held(const struct desk *desk, struct store *store,
			GError **error)
{
	unsigned count = 0;

	if (!store_begin(store, error))
		return false;
	if (!hold_expire(desk, store, &count, error)
	    || !store_commit(store, error)) {
		store_rollback(store);
		return false;
	}
	if (count > 0)
		log_event(LOG_LEVEL_INFO, NULL, "held-expired",
			  LOG_NUM("count", count));
	return true;
}

/* A map that cannot be written is no reason to stop sending mail: Postfix
 * goes on with the old one. */
static void export_map(const struct desk *desk, struct store *store)
{
	g_autoptr(GError) problem = NULL;
	bool changed = false;

	if (!postfixmap_export(desk, store, NULL, &changed, &problem))
		log_error(NULL, "map not exported, keeping the old one",
			  problem);
	else if (changed)
		log_event(LOG_LEVEL_INFO, NULL, "map-exported",
			  LOG_STR("file",
				  desk_get_config(desk)->postfix.map_file));
}

static bool run_tickets(const struct timers *timers, struct store *store,
			GError **error)
{
	struct tickettimer_done done = { 0 };

	if (!tickettimer_run(timers->desk, store, timers->is_stopping,
			     timers->data, &done, error))
		return false;
	if (done.escalated + done.warned + done.closed > 0)
		log_event(LOG_LEVEL_INFO, NULL, "timers",
			  LOG_NUM("escalated", done.escalated),
			  LOG_NUM("warned", done.warned),
			  LOG_NUM("closed", done.closed));
	if (done.failed > 0)
		log_event(LOG_LEVEL_WARNING, NULL,
			  "timers failed, trying again",
			  LOG_NUM("count", done.failed),
			  LOG_STR("first", done.why));
	tickettimer_done_clear(&done);
	return true;
}

static bool ask_grades(const struct timers *timers, struct store *store,
		       GError **error)
{
	unsigned asked = 0;

	if (!grades_ask(timers->desk, store, &asked, error))
		return false;
	if (asked > 0)
		log_event(LOG_LEVEL_INFO, NULL, "grades-asked",
			  LOG_NUM("count", asked));
	return true;
}

static void log_removed(const struct retention *retention)
{
	const struct retention_count *counts = retention_get_counts(retention);

	for (unsigned i = 0; i < RETENTION__COUNT; i++) {
		if (counts[i].rows > 0)
			log_event(LOG_LEVEL_INFO, NULL, "removed",
				  LOG_STR("what", retention_name(i)),
				  LOG_NUM("count", counts[i].rows),
				  LOG_NUM("bytes", counts[i].bytes));
	}
}

/* A few steps of the round; the rest follows at the next call, since mail
 * does not wait for it. */
static bool go_round(struct timers *timers, struct store *store, bool *ret_more,
		     GError **error)
{
	bool more = true;

	if (timers->retention == NULL)
		timers->retention = retention_new(timers->desk, store, error);
	if (timers->retention == NULL)
		return false;
	for (unsigned i = 0; more && i < RETENTION_STEPS; i++) {
		if (timers->is_stopping(timers->data))
			break;
		if (!retention_step(timers->retention, store, &more, error))
			return false;
	}
	*ret_more = more;
	return true;
}

static bool run_retention(struct timers *timers, struct store *store,
			  GError **error)
{
	const struct config *config = desk_get_config(timers->desk);
	gint64 every = (gint64)config->retention.every_seconds * CLOCK_SECOND;
	bool more = false;
	bool good;

	if (every == 0 || clock_monotonic() < timers->next_retention)
		return true;
	good = go_round(timers, store, &more, error);
	if (good && more)
		return true;
	/* The end, or trouble: from the beginning, next time. */
	if (timers->retention != NULL)
		log_removed(timers->retention);
	g_clear_pointer(&timers->retention, retention_free);
	timers->next_retention = clock_monotonic() + every;
	return good;
}

void timers_clear(struct timers *timers)
{
	g_clear_pointer(&timers->retention, retention_free);
}

bool timers_run(struct timers *timers, struct store *store, GError **error)
{
	export_map(timers->desk, store);
	return expire_held(timers->desk, store, error)
	       && run_tickets(timers, store, error)
	       && run_retention(timers, store, error)
	       && ask_grades(timers, store, error);
}
