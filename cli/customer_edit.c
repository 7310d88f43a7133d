/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * customer_edit.c - portaria customer edit
 */
#include "cli/customer.h"

static struct {
	char *name;
	char *code;
	char *language;
	char *time_zone;
} opt;

const GOptionEntry customer_edit_options[] = {
	CLI_TEXT("name", &opt.name, "name of the customer", "TEXT"),
	CLI_TEXT("code", &opt.code, "your own number for them", "TEXT"),
	CLI_TEXT("language", &opt.language,
		 "of mails to them; \"\": the department's", "LANG"),
	CLI_TEXT("time-zone", &opt.time_zone,
		 "of dates in them; \"\": the department's", "ZONE"),
	{ 0 }
};

bool customer_check_language(const char *text, GError **error)
{
	return text == NULL || text[0] == '\0'
	       || cli_check_language(text, error);
}

static void change(char **where, const char *value)
{
	if (value == NULL)
		return;
	g_free(*where);
	*where = g_strdup(value);
}

static bool edit(struct cli *cli, const char *who, GError **error)
{
	AUTO(customer) customer = customer_find(cli->store, who, error);
	g_autofree char *object = NULL;

	if (customer == NULL)
		return false;
	change(&customer->name, opt.name);
	change(&customer->code, opt.code);
	change(&customer->language, opt.language);
	change(&customer->time_zone, opt.time_zone);
	object = cli_dup_object("customer", customer->id);
	return cli_audit(cli, customer_update(cli->store, customer, error),
			 "edit", object, "", error);
}

bool customer_edit_run(struct cli *cli, char **arguments, GError **error)
{
	struct store *store;

	if ((opt.name != NULL && !cli_check_text("--name", opt.name, error))
	    || !customer_check_language(opt.language, error)
	    || !cli_check_time_zone(opt.time_zone, error))
		return false;
	store = cli_begin(cli, error);
	return store != NULL
	       && cli_end(cli, edit(cli, arguments[0], error), error);
}
