/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tickettimer.c - what tickets wait for, and doing it in time
 *
 * A timer row is only a note of when to look: before anything is done the
 * ticket is read again, in the transaction that does it. timer_fire() lets
 * the first one through.
 */
#include "desk/tickettimer.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/autoclose.h"
#include "desk/conversation.h"
#include "desk/hours.h"
#include "desk/lookup.h"
#include "desk/targets.h"
#include "desk/timermail.h"

#define MAKE_BATCH 200 /* timers in one transaction */
#define DUE_BATCH  500 /* tickets looked up at once */

/* The rules of one department, ready for use. */
struct rules {
	struct hours *hours;
	struct autoclose_rules close;
	GPtrArray *targets; /* struct timer_target */
	char *fingerprint;
};

static void rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	hours_free(rules->hours);
	g_clear_pointer(&rules->targets, g_ptr_array_unref);
	g_free(rules->fingerprint);
	g_free(rules);
}
DEFINE_AUTO(rules)

/* --- rules ------------------------------------------------------------------- */

static const char *or_site(const char *own, const char *site)
{
	return own[0] != '\0' ? own : site;
}

static gint64 or_site_time(gint64 own, guint64 site_seconds)
{
	return own != TIMER_SITE ? own : (gint64)site_seconds * CLOCK_SECOND;
}

static void add_number(GChecksum *sum, gint64 number)
{
	g_autofree char *text
		= g_strdup_printf("%" G_GINT64_FORMAT " ", number);

	g_checksum_update(sum, (const guchar *)text, -1);
}

static void add_text(GChecksum *sum, const char *text)
{
	g_checksum_update(sum, (const guchar *)text, -1);
	g_checksum_update(sum, (const guchar *)"", 1);
}

/* Of everything that timers depend on. */
static char *dup_fingerprint(const struct rules *rules, const char *zone,
			     const char *weekly, const char *holidays)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	add_text(sum, zone);
	add_text(sum, weekly);
	add_text(sum, holidays);
	add_number(sum, rules->close.after);
	add_number(sum, rules->close.warn);
	for (guint i = 0; i < rules->targets->len; i++) {
		const struct timer_target *one = rules->targets->pdata[i];

		add_number(sum, (gint64)one->kind);
		add_number(sum, (gint64)one->priority);
		add_number(sum, one->within);
	}
	return g_strndup(g_checksum_get_string(sum), 16);
}

static struct rules *rules_load(const struct desk *desk, struct store *store,
				gint64 department_id, GError **error)
{
	const struct config *config = desk_get_config(desk);
	g_autofree char *own_zone = NULL;
	AUTO(rules) rules = g_new0(struct rules, 1);
	AUTO(timer_clock)
	clock = timer_clock_get(store, department_id, error);

	if (clock == NULL
	    || !department_find_zone(store, department_id, &own_zone, error))
		return NULL;

	const char *zone = own_zone != NULL ? own_zone
					    : config->server.time_zone;
	const char *weekly = or_site(clock->hours, config->timers.hours);
	const char *holidays
		= or_site(clock->holidays, config->timers.holidays);
	rules->hours = hours_parse(zone, weekly, holidays, error);
	rules->targets = timer_target_list(store, department_id, error);
	if (rules->hours == NULL || rules->targets == NULL)
		return NULL;
	rules->close.after = or_site_time(clock->close_after,
					  config->timers.close_seconds);
	rules->close.warn
		= or_site_time(clock->close_warn, config->timers.warn_seconds);
	rules->fingerprint = dup_fingerprint(rules, zone, weekly, holidays);
	return g_steal_pointer(&rules);
}

bool tickettimer_check(const struct desk *desk, struct store *store,
		       GError **error)
{
	g_autoptr(GPtrArray) all = department_list(store, error);

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct department *one = all->pdata[i];
		g_autoptr(GError) problem = NULL;
		AUTO(rules)
		rules = rules_load(desk, store, one->id, &problem);

		if (rules == NULL) {
			g_set_error(error, PORTARIA_ERROR,
				    PORTARIA_ERROR_CONFIG, "%s: %s", one->name,
				    problem->message);
			return false;
		}
	}
	return all != NULL;
}

struct hours *tickettimer_dup_hours(const struct desk *desk,
				    struct store *store, gint64 department_id,
				    GError **error)
{
	AUTO(rules) rules = rules_load(desk, store, department_id, error);

	return rules != NULL ? g_steal_pointer(&rules->hours) : NULL;
}

/* --- one timer ---------------------------------------------------------------- */

/* A ticket that is seen for the first time has had its status since its last
 * change. */
static gint64 status_since(const struct timer *old, const struct ticket *ticket)
{
	if (old == NULL || old->status != ticket->status)
		return ticket->updated;
	return old->status_since;
}

static bool find_old(struct store *store, gint64 ticket_id,
		     struct timer **ret_old, GError **error)
{
	GError *local = NULL;

	*ret_old = timer_get(store, ticket_id, &local);
	return *ret_old != NULL || lookup_is_absent(local, error);
}

/* What was done already, for the same waiting. */
struct fired {
	gint64 escalated;
	gint64 missed; /* what was due then */
	gint64 warned;
};

/* The time of the escalation, if nobody remembers better. */
static gint64 missed_due(const struct timer *old, const struct target_wait *wait,
			 gint64 escalated)
{
	bool same = old != NULL && old->kind == wait->kind
		    && old->since == wait->since && old->due > 0;

	return escalated != 0 && same ? MIN(old->due, escalated) : escalated;
}

static void earliest(gint64 *where, gint64 at)
{
	if (at > 0 && (*where == 0 || at < *where))
		*where = at;
}

static void timer_fill(struct timer *timer, const struct ticket *ticket,
		       const struct rules *rules,
		       const struct target_wait *wait,
		       const struct fired *fired)
{
	const struct autoclose_plan plan = autoclose_plan(
		&rules->close, timer->idle_since, fired->warned);

	timer->ticket_id = ticket->id;
	timer->updated = ticket->updated;
	timer->version = ticket->version;
	timer->status = ticket->status;
	timer->rules = g_strdup(rules->fingerprint);
	timer->kind = wait->kind;
	timer->since = wait->since;
	timer->due = target_due(rules->targets, rules->hours, wait,
				ticket->priority, fired->missed);
	timer->idle_since = plan.idle_since;
	timer->warn_at = plan.warn_at;
	timer->close_at = plan.close_at;
	if (fired->escalated == 0)
		earliest(&timer->next_at, timer->due);
	earliest(&timer->next_at,
		 plan.warn_at > 0 ? plan.warn_at : plan.close_at);
}

static struct timer *make(struct store *store, const struct rules *rules,
			  const struct ticket *ticket, GError **error)
{
	struct timer_facts facts;
	struct fired fired = { 0 };
	struct target_wait wait;
	AUTO(timer) old = NULL;
	AUTO(timer) timer = g_new0(struct timer, 1);

	if (!find_old(store, ticket->id, &old, error)
	    || !timer_facts_read(store, ticket->id, &facts, error))
		return NULL;
	timer->status_since = status_since(old, ticket);
	timer->idle_since = autoclose_idle_since(ticket->status, &facts,
						 timer->status_since);
	wait = target_wait_of(ticket->status, &facts);
	if (wait.kind != TIMER_NONE
	    && !timer_fired(store, ticket->id, timer_kind_name(wait.kind),
			    wait.since, &fired.escalated, error))
		return NULL;
	fired.missed = missed_due(old, &wait, fired.escalated);
	if (timer->idle_since != 0
	    && !timer_fired(store, ticket->id, AUTOCLOSE_WARNED,
			    timer->idle_since, &fired.warned, error))
		return NULL;
	timer_fill(timer, ticket, rules, &wait, &fired);
	return g_steal_pointer(&timer);
}

struct timer *tickettimer_get(const struct desk *desk, struct store *store,
			      const struct ticket *ticket, GError **error)
{
	AUTO(rules)
	rules = rules_load(desk, store, ticket->department_id, error);

	return rules != NULL ? make(store, rules, ticket, error) : NULL;
}

/* --- doing ---------------------------------------------------------------------- */

static bool escalate(const struct desk *desk, struct store *store,
		     const struct rules *rules, struct ticket *ticket,
		     const struct timer *timer, unsigned *count, GError **error)
{
	const struct timer_target *target
		= target_find(rules->targets, timer->kind, ticket->priority);
	g_autofree char *shown = hours_dup_local(rules->hours, timer->due);
	bool first = false;

	if (target == NULL)
		return true;
	if (!timer_fire(store, ticket->id, timer_kind_name(timer->kind),
			timer->since, &first, error))
		return false;
	if (!first)
		return true;
	(*count)++;
	return target_escalate(desk, store, ticket, target, shown, error);
}

static bool warn(const struct desk *desk, struct store *store,
		 const struct rules *rules, struct ticket *ticket,
		 const struct timer *timer, unsigned *count, GError **error)
{
	gint64 promised = MIN(rules->close.warn, rules->close.after);
	gint64 close_at = MAX(timer->close_at, clock_now() + promised);
	g_autofree char *shown = hours_dup_local(rules->hours, close_at);
	g_autofree char *text
		= g_strdup_printf("will be closed by itself at %s", shown);
	bool first = false;

	if (!timer_fire(store, ticket->id, AUTOCLOSE_WARNED, timer->idle_since,
			&first, error))
		return false;
	if (!first)
		return true;
	(*count)++;
	return conversation_event(store, ticket->id, text, error)
	       && timermail_warn_close(desk, store, ticket, shown, error);
}

static bool close_idle(const struct desk *desk, struct store *store,
		       struct ticket *ticket, unsigned *count, GError **error)
{
	const struct actor actor = { NULL, "system" };

	(*count)++;
	return conversation_set_status(desk, store, &actor, ticket,
				       TICKET_CLOSED, error);
}

static bool is_due(gint64 at, gint64 now)
{
	return at > 0 && at <= now;
}

static bool act(const struct desk *desk, struct store *store,
		const struct rules *rules, struct ticket *ticket,
		struct tickettimer_done *done, GError **error)
{
	gint64 now = clock_now();
	AUTO(timer) timer = make(store, rules, ticket, error);

	if (timer == NULL)
		return false;
	if (is_due(timer->due, now)
	    && !escalate(desk, store, rules, ticket, timer, &done->escalated,
			 error))
		return false;
	if (timer->warn_at > 0)
		return !is_due(timer->warn_at, now)
		       || warn(desk, store, rules, ticket, timer,
			       &done->warned, error);
	return !is_due(timer->close_at, now)
	       || close_idle(desk, store, ticket, &done->closed, error);
}

/* Makes the ticket's timer and writes it down. */
static bool note(struct store *store, const struct rules *rules,
		 gint64 ticket_id, GError **error)
{
	AUTO(timer) timer = NULL;
	AUTO(ticket) ticket = ticket_get(store, ticket_id, error);

	if (ticket == NULL)
		return false;
	timer = make(store, rules, ticket, error);
	return timer != NULL && timer_put(store, timer, error);
}

static bool act_and_note(const struct desk *desk, struct store *store,
			 gint64 ticket_id, struct tickettimer_done *done,
			 GError **error)
{
	AUTO(rules) rules = NULL;
	AUTO(ticket) ticket = ticket_get(store, ticket_id, error);

	if (ticket == NULL)
		return false;
	rules = rules_load(desk, store, ticket->department_id, error);
	return rules != NULL
	       && act(desk, store, rules, ticket, done, error)
	       && note(store, rules, ticket_id, error);
}

/* --- all of them ------------------------------------------------------------------ */

struct run {
	const struct desk *desk;
	struct store *store;
	bool (*is_stopping)(void *data);
	void *data;
	struct tickettimer_done done;
};

static bool goes_on(const struct run *run)
{
	return run->is_stopping == NULL || !run->is_stopping(run->data);
}

static bool note_all(struct run *run, const struct rules *rules,
		     const GArray *ids, GError **error)
{
	if (!store_begin(run->store, error))
		return false;
	for (guint i = 0; i < ids->len; i++) {
		if (!note(run->store, rules, g_array_index(ids, gint64, i),
			  error)) {
			store_rollback(run->store);
			return false;
		}
	}
	return store_commit(run->store, error);
}

/* The first reason is enough to go by. */
static void count_failed(struct run *run, const char *what, const char *why)
{
	run->done.failed++;
	if (run->done.why == NULL)
		run->done.why = g_strdup_printf("%s: %s", what, why);
}

/* The stale timers of one department, batch by batch. */
static bool make_stale(struct run *run, gint64 department_id, GError **error)
{
	AUTO(rules)
	rules = rules_load(run->desk, run->store, department_id, error);

	while (rules != NULL && goes_on(run)) {
		g_autoptr(GArray) ids
			= timer_list_stale(run->store, department_id,
					   rules->fingerprint, MAKE_BATCH,
					   error);

		if (ids == NULL || !note_all(run, rules, ids, error))
			return false;
		run->done.made += ids->len;
		if (ids->len < MAKE_BATCH)
			return true;
	}
	return rules != NULL;
}

/* One department's bad rules are no reason to leave the others alone. */
static bool make_all(struct run *run, GError **error)
{
	g_autoptr(GPtrArray) all = department_list(run->store, error);

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct department *one = all->pdata[i];
		g_autoptr(GError) problem = NULL;

		if (make_stale(run, one->id, &problem))
			continue;
		if (!g_error_matches(problem, PORTARIA_ERROR,
				     PORTARIA_ERROR_SYNTAX)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		count_failed(run, one->name, problem->message);
	}
	return all != NULL;
}

static bool act_alone(struct run *run, gint64 ticket_id, GError **error)
{
	struct tickettimer_done done = run->done;

	if (!store_begin(run->store, error))
		return false;
	if (!act_and_note(run->desk, run->store, ticket_id, &done, error)) {
		store_rollback(run->store);
		return false;
	}
	if (!store_commit(run->store, error))
		return false;
	run->done = done;
	return true;
}

/* Trouble of the database ends the run, anything else is this ticket's. */
static bool act_all(struct run *run, GError **error)
{
	g_autoptr(GArray) ids = timer_list_due(run->store, clock_now(),
					       DUE_BATCH, error);

	for (guint i = 0; ids != NULL && i < ids->len && goes_on(run); i++) {
		gint64 id = g_array_index(ids, gint64, i);
		g_autoptr(GError) problem = NULL;

		if (act_alone(run, id, &problem))
			continue;
		if (g_error_matches(problem, PORTARIA_ERROR,
				    PORTARIA_ERROR_TEMPORARY)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		count_failed(run, "a ticket", problem->message);
	}
	return ids != NULL;
}

void tickettimer_done_clear(struct tickettimer_done *done)
{
	g_clear_pointer(&done->why, g_free);
}

bool tickettimer_run(const struct desk *desk, struct store *store,
		     bool (*is_stopping)(void *data), void *data,
		     struct tickettimer_done *ret_done, GError **error)
{
	struct run run = {
		.desk = desk,
		.store = store,
		.is_stopping = is_stopping,
		.data = data,
	};

	if (!make_all(&run, error) || !act_all(&run, error)) {
		tickettimer_done_clear(&run.done);
		return false;
	}
	*ret_done = run.done;
	return true;
}
