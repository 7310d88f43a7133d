/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * department_clock.c - hours, targets and retention of departments
 */
#include "cli/department_clock.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/hours.h"
#include "desk/lookup.h"
#include "store/timer.h"

#include <string.h>

#define LONGEST (36500 * CLOCK_DAY)

static struct {
	char *hours, *holidays, *close_after, *warn_before, *keep_raw,
		*keep_attachments, *keep_tickets;
	char *assign, *notify;
	gboolean raise;
} opt;

const GOptionEntry department_clock_options[] = {
	CLI_TEXT("hours", &opt.hours,
		 "business hours, \"mon-fri 09:00-18:00; sat 09:00-13:00\", "
		 "always or site",
		 "HOURS"),
	CLI_TEXT("holidays", &opt.holidays,
		 "days without business, \"12-25 2026-02-17\", none or "
		 "site",
		 "DAYS"),
	CLI_TEXT("close-after", &opt.close_after,
		 "close answered tickets after this, \"7d\", never or site", "TIME"),
	CLI_TEXT("warn-before", &opt.warn_before,
		 "warn this long before that, \"2d\", never or site", "TIME"),
	CLI_TEXT("keep-raw", &opt.keep_raw,
		 "remove original mails this long after a ticket was "
		 "closed, \"365d\", never or site",
		 "TIME"),
	CLI_TEXT("keep-attachments", &opt.keep_attachments,
		 "the same for attachments", "TIME"),
	CLI_TEXT("keep-tickets", &opt.keep_tickets,
		 "the same for whole tickets", "TIME"),
	{ 0 }
};

const GOptionEntry department_target_options[] = {
	CLI_FLAG("raise", &opt.raise, "missed: raise the priority"),
	CLI_TEXT("assign", &opt.assign, "missed: give the ticket to", "LOGIN"),
	CLI_TEXT("notify", &opt.notify,
		 "missed: tell (assignee unless said otherwise)",
		 "none|assignee|department|LOGIN"),
	{ 0 }
};

/* --- times --------------------------------------------------------------------- */

static const struct {
	char letter;
	gint64 ms;
} units[] = {
	{ 'd', CLOCK_DAY },
	{ 'h', CLOCK_HOUR },
	{ 'm', CLOCK_MINUTE },
	{ 's', CLOCK_SECOND },
};

/* "90m" to milliseconds. */
static bool parse_time(const char *text, gint64 *ret_ms, GError **error)
{
	char *end = NULL;
	gint64 number = g_ascii_strtoll(text, &end, 10);

	for (size_t i = 0; g_ascii_isdigit(text[0]) && i < G_N_ELEMENTS(units);
	     i++) {
		if (end[0] != units[i].letter || end[1] != '\0' || number <= 0
		    || number > LONGEST / units[i].ms)
			continue;
		*ret_ms = number * units[i].ms;
		return true;
	}
	return cli_usage(error,
			 "\"%s\": a time is a number and s, m, h or d (7d)",
			 text);
}

/* NULL changes nothing. */
static bool set_time(const char *text, gint64 *where, GError **error)
{
	if (text == NULL)
		return true;
	if (strcmp(text, "never") == 0)
		*where = 0;
	else if (strcmp(text, "site") == 0)
		*where = TIMER_SITE;
	else
		return parse_time(text, where, error);
	return true;
}

static char *dup_time(gint64 ms)
{
	if (ms == TIMER_SITE)
		return g_strdup("site");
	for (size_t i = 0; ms > 0 && i < G_N_ELEMENTS(units); i++) {
		if (ms % units[i].ms == 0)
			return g_strdup_printf("%" G_GINT64_FORMAT "%c",
					       ms / units[i].ms,
					       units[i].letter);
	}
	return g_strdup("never");
}

static void show_time(struct output *out, const char *key, gint64 ms)
{
	g_autofree char *text = dup_time(ms);

	output_text(out, key, text);
}

/* --- clock --------------------------------------------------------------------- */

static void set_text(char **where, const char *value)
{
	if (value == NULL)
		return;
	g_free(*where);
	*where = g_strdup(strcmp(value, "site") == 0 ? "" : value);
}

/* "none" is a list without days, which must differ from the site's. */
static const char *holidays_value(const char *text)
{
	return text != NULL && strcmp(text, "none") == 0 ? "," : text;
}

/* "site" is left alone: the site's may change any day. */
static bool check_warning(const struct timer_clock *clock, GError **error)
{
	if (clock->close_after <= 0 || clock->close_warn < clock->close_after)
		return true;
	return cli_usage(error, "--warn-before must be shorter than "
				"--close-after, or nobody has the time "
				"between both");
}

static bool apply_clock(struct timer_clock *clock, GError **error)
{
	AUTO(hours) hours = NULL;

	set_text(&clock->hours, opt.hours);
	set_text(&clock->holidays, holidays_value(opt.holidays));
	hours = hours_parse("UTC", clock->hours, clock->holidays, error);
	return hours != NULL
	       && set_time(opt.close_after, &clock->close_after, error)
	       && set_time(opt.warn_before, &clock->close_warn, error)
	       && check_warning(clock, error)
	       && set_time(opt.keep_raw, &clock->keep_raw, error)
	       && set_time(opt.keep_attachments, &clock->keep_attachments,
			   error)
	       && set_time(opt.keep_tickets, &clock->keep_tickets, error);
}

static bool wants_change(void)
{
	const char *const texts[] = {
		opt.hours,    opt.holidays,	    opt.close_after,
		opt.warn_before, opt.keep_raw, opt.keep_attachments,
		opt.keep_tickets,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (texts[i] != NULL)
			return true;
	}
	return false;
}

static void show_clock(struct output *out, const char *name,
		       const struct timer_clock *clock)
{
	bool none = strcmp(clock->holidays, ",") == 0;

	output_begin(out, "clock");
	output_text(out, "department", name);
	output_text(out, "hours", clock->hours[0] != '\0' ? clock->hours
							  : "site");
	output_text(out, "holidays",
		    none			 ? "none"
		    : clock->holidays[0] != '\0' ? clock->holidays
						 : "site");
	show_time(out, "close_after", clock->close_after);
	show_time(out, "warn_before", clock->close_warn);
	show_time(out, "keep_raw", clock->keep_raw);
	show_time(out, "keep_attachments", clock->keep_attachments);
	show_time(out, "keep_tickets", clock->keep_tickets);
	output_end(out);
}

static bool audit(struct cli *cli, bool ok, const char *action,
		  char **arguments, GError **error)
{
	g_autofree char *object
		= g_strdup_printf("department %s", arguments[0]);
	g_autofree char *detail = g_strjoinv(" ", arguments + 1);

	return cli_audit(cli, ok, action, object, detail, error);
}

static struct timer_clock *find_clock(struct store *store, const char *name,
				      GError **error)
{
	AUTO(department) department = department_by_name(store, name, error);

	return department != NULL
		       ? timer_clock_get(store, department->id, error)
		       : NULL;
}

static bool change_clock(struct store *store, const char *name, GError **error)
{
	AUTO(timer_clock) clock = find_clock(store, name, error);

	return clock != NULL && apply_clock(clock, error)
	       && timer_clock_put(store, clock, error);
}

bool department_run_clock(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	AUTO(timer_clock) clock = NULL;

	if (store == NULL)
		return false;
	if (wants_change()) {
		store = cli_begin(cli, error);
		if (store == NULL
		    || !cli_end(cli,
				audit(cli,
				      change_clock(store, arguments[0], error),
				      "clock", arguments, error),
				error))
			return false;
	}
	clock = find_clock(store, arguments[0], error);
	if (clock == NULL)
		return false;
	show_clock(cli->out, arguments[0], clock);
	return true;
}

/* --- target --------------------------------------------------------------------- */

static void show_target(struct output *out, struct store *store,
			const char *name, const struct timer_target *target)
{
	AUTO(staff) staff = NULL;

	if (target->assignee != 0)
		staff = staff_get(store, target->assignee, NULL);
	output_begin(out, "target");
	output_text(out, "department", name);
	output_text(out, "answer", timer_kind_name(target->kind));
	output_text(out, "priority", ticket_priority_name(target->priority));
	show_time(out, "within", target->within);
	output_flag(out, "raise", target->raises);
	output_text(out, "assign", staff != NULL ? staff->login : "");
	output_text(out, "notify", target->notify);
	output_end(out);
}

static bool list_targets(struct cli *cli, struct store *store,
			 const struct department *department, GError **error)
{
	g_autoptr(GPtrArray) all
		= timer_target_list(store, department->id, error);

	for (guint i = 0; all != NULL && i < all->len; i++)
		show_target(cli->out, store, department->name, all->pdata[i]);
	return all != NULL && all->len > 0;
}

static bool find_staff(struct store *store, const char *login, gint64 *ret_id,
		       GError **error)
{
	AUTO(staff) staff = staff_by_login(store, login, error);

	if (staff == NULL)
		return false;
	*ret_id = staff->id;
	return true;
}

static bool check_notify(struct store *store, const char *who, GError **error)
{
	static const char *const words[] = { "none", "assignee", "department",
					     NULL };
	gint64 id;

	return g_strv_contains(words, who)
	       || find_staff(store, who, &id, error);
}

static bool change_target(struct store *store, char **arguments, GError **error)
{
	char assignee[] = "assignee";
	struct timer_target target = {
		.raises = opt.raise,
		.notify = opt.notify != NULL ? opt.notify : assignee,
	};
	AUTO(department)
	department = department_by_name(store, arguments[0], error);

	if (department == NULL)
		return false;
	if (!timer_kind_parse(arguments[1], &target.kind))
		return cli_usage(error, "\"%s\": first or next", arguments[1]);
	if (!cli_parse_priority(arguments[2], &target.priority, error))
		return false;
	if (strcmp(arguments[3], "none") == 0)
		return timer_target_remove(store, department->id, target.kind,
					   target.priority, error);
	target.department_id = department->id;
	return parse_time(arguments[3], &target.within, error)
	       && (opt.assign == NULL
		   || find_staff(store, opt.assign, &target.assignee, error))
	       && check_notify(store, target.notify, error)
	       && timer_target_put(store, &target, error);
}

bool department_run_target(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	guint count = g_strv_length(arguments);
	AUTO(department) department = NULL;

	if (store == NULL)
		return false;
	if (count != 1 && count != 4)
		return cli_usage(error,
				 "target NAME, or NAME first|next PRIORITY "
				 "TIME|none");
	if (count == 1) {
		department = department_by_name(store, arguments[0], error);
		return department != NULL
		       && list_targets(cli, store, department, error);
	}
	store = cli_begin(cli, error);
	if (store == NULL
	    || !cli_end(cli,
			audit(cli, change_target(store, arguments, error),
			      "target", arguments, error),
			error))
		return false;
	output_say(cli->out, "%s: %s %s %s", arguments[0], arguments[1],
		   arguments[2],
		   strcmp(arguments[3], "none") == 0 ? "removed"
						     : arguments[3]);
	return true;
}
