/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_staff.c - portaria staff
 */
#include "cli/cli.h"

#include "base/error.h"

static struct {
	char *name;
	char *email;
	char *language;
	char **departments;
	gboolean admin, no_admin, notify, no_notify, active, inactive;
} opt;

static const GOptionEntry options[] = {
	CLI_TEXT("name", &opt.name, "name for customers", "TEXT"),
	CLI_TEXT("email", &opt.email, "their own mailbox", "ADDRESS"),
	CLI_LIST("department", &opt.departments,
		 "a department they belong to (repeat)", "NAME"),
	CLI_TEXT("language", &opt.language, "of notices to them", "LANG"),
	CLI_FLAG("admin", &opt.admin, "may do everything"),
	CLI_FLAG("no-admin", &opt.no_admin, "no administrator"),
	CLI_FLAG("notify", &opt.notify, "wants notices"),
	CLI_FLAG("no-notify", &opt.no_notify, "wants no notices"),
	CLI_FLAG("active", &opt.active, "may act"),
	CLI_FLAG("inactive", &opt.inactive, "has left"),
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

static bool apply_options(struct staff *staff, GError **error)
{
	g_autofree char *key = NULL;

	if ((opt.name != NULL && !cli_check_text("--name", opt.name, error))
	    || (opt.language != NULL
		&& !cli_check_language(opt.language, error)))
		return false;
	if (opt.email != NULL) {
		key = cli_parse_address(opt.email, error);
		if (key == NULL)
			return false;
	}
	replace(&staff->name, opt.name);
	replace(&staff->address, key);
	replace(&staff->language, opt.language);
	if (opt.departments != NULL) {
		g_strfreev(staff->departments);
		staff->departments = g_strdupv(opt.departments);
	}
	apply_flag(&staff->admin, opt.admin, opt.no_admin);
	apply_flag(&staff->notify, opt.notify, opt.no_notify);
	apply_flag(&staff->active, opt.active, opt.inactive);
	return true;
}

/* What was set, by the options' names. */
static char *dup_detail(void)
{
	GString *out = g_string_new(NULL);
	const struct {
		bool given;
		const char *name;
	} words[] = {
		{ opt.name != NULL, "name" },
		{ opt.email != NULL, "email" },
		{ opt.language != NULL, "language" },
		{ opt.departments != NULL, "department" },
		{ opt.admin, "admin" },
		{ opt.no_admin, "no-admin" },
		{ opt.notify, "notify" },
		{ opt.no_notify, "no-notify" },
		{ opt.active, "active" },
		{ opt.inactive, "inactive" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (words[i].given)
			g_string_append_printf(out, "%s%s",
					       out->len > 0 ? " " : "",
					       words[i].name);
	}
	return g_string_free(out, false);
}

static bool audit(struct cli *cli, bool ok, const char *action,
		  const char *login, GError **error)
{
	g_autofree char *object = g_strdup_printf("staff %s", login);
	g_autofree char *detail = dup_detail();

	return cli_audit(cli, ok, action, object, detail, error);
}

static bool run_add(struct cli *cli, char **arguments, GError **error)
{
	AUTO(staff) staff = staff_new();
	struct store *store;

	replace(&staff->login, arguments[0]);
	if (opt.name == NULL || opt.email == NULL)
		return cli_usage(error, "--name and --email are needed");
	if (!apply_options(staff, error))
		return false;
	store = cli_begin(cli, error);
	if (store == NULL
	    || !cli_end(cli,
			audit(cli, staff_insert(store, staff, error), "add",
			      staff->login, error),
			error))
		return false;
	output_say(cli->out, "%s: added", staff->login);
	return true;
}

static bool run_list(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) all = NULL;

	(void)arguments;
	if (store == NULL)
		return false;
	all = staff_list(store, error);
	if (all == NULL)
		return false;
	for (guint i = 0; i < all->len; i++) {
		const struct staff *one = all->pdata[i];

		output_begin(cli->out, "staff");
		output_text(cli->out, "login", one->login);
		output_text(cli->out, "name", one->name);
		output_text(cli->out, "address", one->address);
		output_text(cli->out, "language", one->language);
		output_flag(cli->out, "admin", one->admin);
		output_flag(cli->out, "notify", one->notify);
		output_flag(cli->out, "active", one->active);
		output_list(cli->out, "departments", one->departments);
		output_end(cli->out);
	}
	return all->len > 0;
}

static bool edit(struct store *store, const char *login, GError **error)
{
	AUTO(staff) staff = staff_by_login(store, login, error);

	return staff != NULL && apply_options(staff, error)
	       && staff_update(store, staff, error);
}

static bool run_edit(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_begin(cli, error);

	return store != NULL
	       && cli_end(cli,
			  audit(cli, edit(store, arguments[0], error), "edit",
				arguments[0], error),
			  error);
}

static const struct verb verbs[] = {
	{ "add", "LOGIN", "a new member of staff", options, 1, 1, run_add },
	{ "list", "", "all staff", NULL, 0, 0, run_list },
	{ "edit", "LOGIN", "change what the options say", options, 1, 1,
	  run_edit },
	{ 0 }
};

const struct noun noun_staff = { "staff", "staff (atendentes)", verbs };
