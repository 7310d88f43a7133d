/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_department.c - portaria department
 */
#include "cli/cli.h"
#include "cli/department_clock.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/signed.h"

#include <string.h>

static struct {
	char **addresses;
	char *title;
	char *accept;
	char *unproven;
	char *language;
	char *time_zone;
	char *satisfaction;
	gboolean html, plain, no_ack, ack, active, inactive;
} opt;

#define SHARED_OPTIONS                                                         \
	CLI_TEXT("title", &opt.title, "name for people", "TEXT"),              \
		CLI_TEXT("accept", &opt.accept, "who may write",               \
			 "registered|replies|anyone"),                         \
		CLI_TEXT("unproven", &opt.unproven,                            \
			 "a registered sender who cannot be proven",           \
			 "hold|accept|reject"),                                \
		CLI_TEXT("language", &opt.language, "of its mails", "LANG"),   \
		CLI_TEXT("time-zone", &opt.time_zone,                          \
			 "of its hours and of dates in mail", "ZONE"),         \
		CLI_TEXT("satisfaction", &opt.satisfaction,                    \
			 "asks for a grade once a ticket is closed",           \
			 "on|off"),                                            \
		CLI_FLAG("html", &opt.html, "mails also as simple HTML"),      \
		CLI_FLAG("plain", &opt.plain, "mails as plain text only"),     \
		CLI_FLAG("no-ack", &opt.no_ack, "no acknowledgements"),        \
		CLI_FLAG("ack", &opt.ack, "acknowledgements")

static const GOptionEntry add_options[] = {
	CLI_LIST("address", &opt.addresses,
		 "mail address; the first one sends (repeat)", "ADDRESS"),
	SHARED_OPTIONS,
	{ 0 }
};

static const GOptionEntry edit_options[] = {
	SHARED_OPTIONS,
	CLI_FLAG("active", &opt.active, "take mail"),
	CLI_FLAG("inactive", &opt.inactive, "take no mail"),
	{ 0 }
};

static void replace(char **where, const char *value)
{
	if (value == NULL)
		return;
	g_free(*where);
	*where = g_strdup(value);
}

static void apply_flag(bool *where, gboolean on, gboolean off)
{
	*where = (*where || on) && !off;
}

/* What was closed before is not asked about. */
static bool apply_satisfaction(struct department *department, GError **error)
{
	bool on;

	if (opt.satisfaction == NULL)
		return true;
	on = strcmp(opt.satisfaction, "on") == 0;
	if (!on && strcmp(opt.satisfaction, "off") != 0)
		return cli_usage(error, "--satisfaction %s: on or off",
				 opt.satisfaction);
	if (on && !department->satisfaction)
		department->satisfaction_since = clock_now();
	department->satisfaction = on;
	return true;
}

/* Puts the given options into a department. */
static bool apply_options(struct department *department, GError **error)
{
	if (opt.accept != NULL
	    && !department_accept_parse(opt.accept, &department->accept))
		return cli_usage(error,
				 "--accept %s: registered, replies or anyone",
				 opt.accept);
	if (opt.unproven != NULL
	    && !department_unproven_parse(opt.unproven, &department->unproven))
		return cli_usage(error, "--unproven %s: hold, accept or reject",
				 opt.unproven);
	if ((opt.title != NULL && !cli_check_text("--title", opt.title, error))
	    || (opt.language != NULL
		&& !cli_check_language(opt.language, error))
	    || !cli_check_time_zone(opt.time_zone, error)
	    || !apply_satisfaction(department, error))
		return false;
	replace(&department->title, opt.title);
	replace(&department->language, opt.language);
	replace(&department->time_zone, opt.time_zone);
	apply_flag(&department->html, opt.html, opt.plain);
	apply_flag(&department->acknowledge, opt.ack, opt.no_ack);
	apply_flag(&department->active, opt.active, opt.inactive);
	return true;
}

/* A name goes into logs, seals and delivery keys. */
static bool check_name(const char *name, GError **error)
{
	size_t len = strlen(name);

	if (len == 0 || len > 32
	    || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return cli_usage(error,
				 "\"%s\": a department's name is 1 to 32 of "
				 "a-z, 0-9 and -",
				 name);
	return true;
}

static char *parse_address(const char *text, GError **error)
{
	g_autofree char *key = cli_parse_address(text, error);

	if (key == NULL)
		return NULL;
	if (!signed_address_fits(key)) {
		cli_usage(error,
			  "%s: the part before @ is longer than %d, which "
			  "leaves no room for reply tokens",
			  key, SIGNED_LOCAL_MAX);
		return NULL;
	}
	return g_steal_pointer(&key);
}

static char **parse_addresses(GError **error)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	if (opt.addresses == NULL) {
		cli_usage(error, "--address is missing");
		return NULL;
	}
	for (char **p = opt.addresses; *p != NULL; p++) {
		g_autofree char *key = parse_address(*p, error);

		if (key == NULL)
			return NULL;
		g_strv_builder_add(builder, key);
	}
	return g_strv_builder_end(builder);
}

static bool audit(struct cli *cli, bool ok, const char *action,
		  const char *name, const char *detail, GError **error)
{
	g_autofree char *object = g_strdup_printf("department %s", name);

	return cli_audit(cli, ok, action, object, detail, error);
}

static bool run_add(struct cli *cli, char **arguments, GError **error)
{
	AUTO(department) department = department_new();
	struct store *store;

	replace(&department->name, arguments[0]);
	replace(&department->title, arguments[0]);
	if (!check_name(arguments[0], error)
	    || !apply_options(department, error))
		return false;
	g_strfreev(department->addresses);
	department->addresses = parse_addresses(error);
	if (department->addresses == NULL)
		return false;
	store = cli_begin(cli, error);
	if (store == NULL)
		return false;
	if (!cli_end(cli,
		     audit(cli, department_insert(store, department, error),
			   "add", department->name, "", error),
		     error))
		return false;
	output_say(cli->out,
		   "%s: added. The mail server learns its addresses with "
		   "\"portaria postfix export\".",
		   department->name);
	return true;
}

static void show(struct output *out, const struct department *department)
{
	output_begin(out, "department");
	output_text(out, "name", department->name);
	output_text(out, "title", department->title);
	output_text(out, "accept", department_accept_name(department->accept));
	output_text(out, "unproven",
		    department_unproven_name(department->unproven));
	output_text(out, "language", department->language);
	output_text(out, "time_zone", department->time_zone);
	output_flag(out, "ack", department->acknowledge);
	output_flag(out, "html", department->html);
	output_flag(out, "satisfaction", department->satisfaction);
	output_flag(out, "active", department->active);
	output_list(out, "addresses", department->addresses);
	output_end(out);
}

static bool run_list(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) all = NULL;

	(void)arguments;
	if (store == NULL)
		return false;
	all = department_list(store, error);
	if (all == NULL)
		return false;
	for (guint i = 0; i < all->len; i++)
		show(cli->out, all->pdata[i]);
	return all->len > 0;
}

static bool edit(struct store *store, const char *name, GError **error)
{
	AUTO(department) department = department_by_name(store, name, error);

	return department != NULL && apply_options(department, error)
	       && department_update(store, department, error);
}

static bool run_edit(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_begin(cli, error);

	return store != NULL
	       && cli_end(cli,
			  audit(cli, edit(store, arguments[0], error), "edit",
				arguments[0], "", error),
			  error);
}

static bool change_address(struct store *store, char **arguments,
			   GError **error)
{
	bool add = strcmp(arguments[1], "add") == 0;
	g_autofree char *key = NULL;

	if (!add && strcmp(arguments[1], "remove") != 0)
		return cli_usage(error, "\"%s\": add or remove", arguments[1]);
	AUTO(department)
	department = department_by_name(store, arguments[0], error);
	if (department == NULL)
		return false;
	key = add ? parse_address(arguments[2], error)
		  : cli_parse_address(arguments[2], error);
	if (key == NULL)
		return false;
	return add ? department_add_address(store, department->id, key, error)
		   : department_remove_address(store, department->id, key,
					       error);
}

static bool run_address(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_begin(cli, error);

	return store != NULL
	       && cli_end(cli,
			  audit(cli, change_address(store, arguments, error),
				arguments[1], arguments[0], arguments[2],
				error),
			  error);
}

static const struct verb verbs[] = {
	{ "add", "NAME", "a new department", add_options, 1, 1, run_add },
	{ "list", "", "all departments", NULL, 0, 0, run_list },
	{ "edit", "NAME", "change what the options say", edit_options, 1, 1,
	  run_edit },
	{ "address", "NAME add|remove ADDRESS", "its mail addresses", NULL, 3,
	  3, run_address },
	{ "clock", "NAME", "business hours, closing, how long what is kept",
	  department_clock_options, 1, 1, department_run_clock },
	{ "target", "NAME [first|next PRIORITY TIME|none]",
	  "how soon an answer is due, and what follows if none comes",
	  department_target_options, 1, 4, department_run_target },
	{ 0 }
};

const struct noun noun_department = { "department", "departments (setores)",
				      verbs };
