/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_privacy.c - portaria privacy: what is kept about a person
 */
#include "cli/customer.h"

#include "base/error.h"
#include "cli/privacy_export.h"
#include "desk/privacy.h"

#include <string.h>

static struct {
	char *dir;
	gboolean yes;
} opt;

static const GOptionEntry export_options[] = {
	CLI_TEXT("dir", &opt.dir, "a folder to make and write to", "DIR"),
	{ 0 }
};

static const GOptionEntry erase_options[] = {
	CLI_FLAG("yes", &opt.yes, "do it; without this it is only told"),
	{ 0 }
};

/* A customer by id, code or address; any other address is somebody who wrote
 * without being registered. *ret_address is owned by the caller, may be
 * NULL. */
static bool find_person(struct store *store, const char *text,
			gint64 *ret_customer, char **ret_address,
			GError **error)
{
	g_autoptr(GError) problem = NULL;
	AUTO(customer) customer = customer_find(store, text, &problem);

	if (customer != NULL) {
		*ret_customer = customer->id;
		return true;
	}
	if (strchr(text, '@') == NULL
	    || !g_error_matches(problem, PORTARIA_ERROR,
				PORTARIA_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	*ret_address = cli_parse_address(text, error);
	return *ret_address != NULL;
}

static void tell_counts(struct cli *cli, const struct privacy_counts *counts,
			bool done)
{
	output_begin(cli->out, "privacy");
	output_flag(cli->out, "erased", done);
	for (unsigned kind = 0; kind < ERASE_KIND__COUNT; kind++)
		output_number(cli->out, erase_kind_name(kind),
			      counts->of[kind]);
	output_end(cli->out);
}

static bool erase(struct cli *cli, const struct erase_person *person,
		  GError **error)
{
	g_autofree char *by = NULL;
	struct privacy_counts counts;

	if (!privacy_check_known(cli->store, person, error))
		return false;
	if (!opt.yes) {
		if (!privacy_count(cli->store, person, &counts, error))
			return false;
		tell_counts(cli, &counts, false);
		output_say(cli->out, "Nothing was changed. With --yes all of "
				     "this is erased for good; \"portaria "
				     "privacy export\" first, if in doubt.");
		return true;
	}
	by = cli_dup_actor(cli, error);
	if (by == NULL
	    || !privacy_erase(cli->store, person, by, &counts, error))
		return false;
	tell_counts(cli, &counts, true);
	output_say(cli->out,
		   "Erased. Backups and \"%s.before-*\" still have it.",
		   cli->config->store.database);
	return true;
}

static bool run_erase(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	struct erase_person person = { 0 };
	g_autofree char *address = NULL;

	if (store == NULL
	    || !find_person(store, arguments[0], &person.customer_id, &address,
			    error))
		return false;
	person.address = address;
	return erase(cli, &person, error);
}

static bool run_export(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	struct erase_person person = { 0 };
	g_autofree char *address = NULL;
	bool ok;

	if (opt.dir == NULL)
		return cli_usage(error, "--dir is missing: where to");
	if (store == NULL
	    || !find_person(store, arguments[0], &person.customer_id, &address,
			    error))
		return false;
	person.address = address;
	if (!privacy_check_known(store, &person, error))
		return false;
	if (!store_begin(store, error))
		return false;
	ok = privacy_find(store, &person, error)
	     && privacy_export(store, &person, opt.dir, error);
	store_rollback(store);
	if (ok)
		output_say(cli->out, "%s: written, data.json says what is what",
			   opt.dir);
	return ok;
}

static const struct verb verbs[] = {
	{ "export", "CUSTOMER|ADDRESS", "all that is kept about a person",
	  export_options, 1, 1, run_export },
	{ "erase", "CUSTOMER|ADDRESS",
	  "take everything personal out, for good", erase_options, 1, 1,
	  run_erase },
	{ 0 }
};

const struct noun noun_privacy = { "privacy",
				   "a person's data (LGPD, GDPR)", verbs };
