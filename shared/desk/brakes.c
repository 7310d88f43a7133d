/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * brakes.c - loop brakes: how much automatic mail one address gets
 */
#include "desk/brakes.h"

#include "base/clock.h"

#include <string.h>

/* Kinds by the start of their names; the first that fits. */
static const struct {
	const char *start;
	const char *name;
} names[] = {
	{ "notice", "staff" },
	{ "hold_notice", "staff" },
	{ "", "people" },
};

const char *brakes_name(const char *kind)
{
	size_t at = 0;

	while (!g_str_has_prefix(kind, names[at].start))
		at++;
	return names[at].name;
}

void brakes_answer_clear(struct brakes_answer *answer)
{
	g_clear_pointer(&answer->why, g_free);
}

/* One set of windows and what it counts. */
struct brake {
	char *const *windows;
	struct outbox_count what;
	const char *about;
};

static bool ask_window(struct store *store, const struct brake *brake,
		       const char *window, struct brakes_answer *answer,
		       GError **error)
{
	struct outbox_count what = brake->what;
	guint64 most;
	guint64 seconds;
	gint64 count;
	gint64 stopped;

	if (!config_window_parse(window, &most, &seconds))
		return true; /* config_load() refuses such */
	what.since = clock_now() - (gint64)seconds * CLOCK_SECOND;
	if (!outbox_count_since(store, &what, &count, &stopped, error))
		return false;
	if ((guint64)count < most)
		return true;
	answer->stop = true;
	answer->first = stopped == 0;
	answer->why = g_strdup_printf(
		"loop brake: %" G_GINT64_FORMAT " automatic mails to %s about "
		"%s within %s",
		count, what.recipient, brake->about, strchr(window, '/') + 1);
	return true;
}

static bool ask_brake(struct store *store, const struct brake *brake,
		      struct brakes_answer *answer, GError **error)
{
	for (size_t i = 0; !answer->stop && brake->windows != NULL
			   && brake->windows[i] != NULL;
	     i++) {
		if (!ask_window(store, brake, brake->windows[i], answer, error))
			return false;
	}
	return true;
}

bool brakes_ask(const struct desk *desk, struct store *store,
		const struct brakes_letter *letter,
		struct brakes_answer *ret_answer, GError **error)
{
	const struct config_notifier *config = &desk_get_config(desk)->notifier;
	const char *name = brakes_name(letter->kind);
	const struct brake brakes[] = {
		{ config->brake_ticket,
		  { .brake = name,
		    .recipient = letter->address,
		    .ticket_id = letter->ticket_id },
		  letter->ticket_id != 0 ? "this ticket" : "held messages" },
		{ config->brake_total,
		  { .brake = name,
		    .recipient = letter->address,
		    .any_ticket = true },
		  "all tickets" },
	};
	struct brakes_answer answer = { 0 };

	for (size_t i = 0; !answer.stop && i < G_N_ELEMENTS(brakes); i++) {
		if (!ask_brake(store, &brakes[i], &answer, error)) {
			brakes_answer_clear(&answer);
			return false;
		}
	}
	*ret_answer = answer;
	return true;
}
