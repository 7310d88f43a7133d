/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_customer.c - portaria customer
 */
#include "cli/customer.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/import.h"

#include <stdio.h>

#define CSV_MAX (64 * MIB)

static struct {
	char *name;
	char *email;
	char *code;
	char *language;
	char *time_zone;
	char **contacts;
	char *search;
	char *limit;
	gboolean dry_run;
} opt;

static const GOptionEntry add_options[] = {
	CLI_TEXT("name", &opt.name, "name of the customer", "TEXT"),
	CLI_TEXT("email", &opt.email, "the registered (owner) address",
		 "ADDRESS"),
	CLI_TEXT("code", &opt.code, "your own number for them", "TEXT"),
	CLI_LIST("contact", &opt.contacts, "an additional address (repeat)",
		 "ADDRESS"),
	CLI_TEXT("language", &opt.language, "of mails to them", "LANG"),
	CLI_TEXT("time-zone", &opt.time_zone, "of dates in them", "ZONE"),
	{ 0 }
};

static const GOptionEntry list_options[] = {
	CLI_TEXT("search", &opt.search, "part of name, code or address",
		 "TEXT"),
	CLI_TEXT("limit", &opt.limit, "at most so many (100)", "N"),
	{ 0 }
};

static const GOptionEntry import_options[] = {
	CLI_FLAG("dry-run", &opt.dry_run, "check and report, change nothing"),
	{ 0 }
};

static bool insert_contact(struct store *store, gint64 customer_id,
			   const char *address, enum contact_role role,
			   GError **error)
{
	g_autofree char *key = cli_parse_address(address, error);
	static char empty[] = "";
	struct contact contact = {
		.customer_id = customer_id,
		.address = key,
		.name = role == CONTACT_OWNER ? opt.name : empty,
		.role = role,
		.login = empty,
		.active = true,
	};

	return key != NULL && contact_insert(store, &contact, error);
}

static bool insert_customer(struct store *store, struct customer *customer,
			    GError **error)
{
	if (!customer_insert(store, customer, error)
	    || !insert_contact(store, customer->id, opt.email, CONTACT_OWNER,
			       error))
		return false;
	for (char **p = opt.contacts; p != NULL && *p != NULL; p++) {
		if (!insert_contact(store, customer->id, *p,
				    CONTACT_ADDITIONAL, error))
			return false;
	}
	return true;
}

static bool add_audited(struct cli *cli, struct customer *customer,
			GError **error)
{
	bool ok = insert_customer(cli->store, customer, error);
	g_autofree char *object = cli_dup_object("customer", customer->id);

	return cli_audit(cli, ok, "add", object, "", error);
}

static bool run_add(struct cli *cli, char **arguments, GError **error)
{
	static char empty[] = "";
	struct customer customer = {
		.code = opt.code != NULL ? opt.code : empty,
		.name = opt.name,
		.language = opt.language != NULL ? opt.language : empty,
		.time_zone = opt.time_zone,
		.active = true,
		.created = clock_now(),
	};
	struct store *store;

	(void)arguments;
	if (opt.name == NULL || opt.email == NULL)
		return cli_usage(error, "--name and --email are needed");
	if (!cli_check_text("--name", opt.name, error)
	    || (opt.language != NULL
		&& !cli_check_language(opt.language, error))
	    || !cli_check_time_zone(opt.time_zone, error))
		return false;
	store = cli_begin(cli, error);
	if (store == NULL
	    || !cli_end(cli, add_audited(cli, &customer, error), error))
		return false;
	output_begin(cli->out, "customer");
	output_id(cli->out, "id", customer.id);
	output_text(cli->out, "code", customer.code);
	output_text(cli->out, "name", customer.name);
	output_end(cli->out);
	return true;
}

static void show(struct output *out, const struct customer *customer)
{
	output_begin(out, "customer");
	output_id(out, "id", customer->id);
	output_text(out, "code", customer->code);
	output_text(out, "name", customer->name);
	output_text(out, "language", customer->language);
	output_text(out, "time_zone", customer->time_zone);
	output_flag(out, "active", customer->active);
	output_time(out, "created", customer->created);
	output_end(out);
}

static bool run_list(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) all = NULL;
	unsigned limit;

	(void)arguments;
	if (store == NULL || !cli_check_limit(opt.limit, &limit, error))
		return false;
	all = customer_list(store, opt.search, limit, error);
	if (all == NULL)
		return false;
	for (guint i = 0; i < all->len; i++)
		show(cli->out, all->pdata[i]);
	return all->len > 0;
}

static bool run_show(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) contacts = NULL;
	g_autoptr(GPtrArray) services = NULL;

	if (store == NULL)
		return false;
	AUTO(customer) customer = customer_find(store, arguments[0], error);
	if (customer == NULL)
		return false;
	contacts = contact_list(store, customer->id, error);
	if (contacts == NULL)
		return false;
	services = service_list(store, customer->id, error);
	if (services == NULL)
		return false;
	show(cli->out, customer);
	for (guint i = 0; i < contacts->len; i++)
		contact_show(cli->out, contacts->pdata[i]);
	for (guint i = 0; i < services->len; i++)
		service_show(cli->out, services->pdata[i]);
	return true;
}

static void print_problems(struct cli *cli, const struct import_report *report,
			   const char *file)
{
	for (guint i = 0; i < report->problems->len; i++) {
		const struct import_problem *one = report->problems->pdata[i];

		if (!output_is_json(cli->out)) {
			fprintf(stderr, "%s:%u: %s\n", file, one->line,
				one->text);
			continue;
		}
		output_begin(cli->out, "problem");
		output_json_number(cli->out, "line", one->line);
		output_json_text(cli->out, "text", one->text);
		output_end(cli->out);
	}
}

static bool audit_import(struct cli *cli, GBytes *csv,
			 const struct import_report *report, GError **error)
{
	g_autofree char *digest
		= g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, csv);
	g_autofree char *detail = g_strdup_printf(
		"rows=%u created=%u updated=%u sha256=%s", report->rows,
		report->created, report->updated, digest);

	return cli_audit(cli, true, "import", "customers", detail, error);
}

static bool import(struct cli *cli, const char *file, GBytes *csv,
		   struct import_report *report, GError **error)
{
	struct store *store = cli_begin(cli, error);

	if (store == NULL)
		return false;
	if (!import_customers(store, csv, report, error))
		return cli_end(cli, false, error);
	print_problems(cli, report, file);
	if (opt.dry_run) {
		store_rollback(store);
		return true;
	}
	return cli_end(cli, audit_import(cli, csv, report, error), error);
}

static bool run_import(struct cli *cli, char **arguments, GError **error)
{
	g_autoptr(GBytes) csv = cli_read(arguments[0], CSV_MAX, error);
	struct import_report report = { 0 };
	bool ok;

	if (csv == NULL)
		return false;
	ok = import(cli, arguments[0], csv, &report, error);
	if (ok) {
		output_begin(cli->out, "import");
		output_number(cli->out, "rows", report.rows);
		output_number(cli->out, "created", report.created);
		output_number(cli->out, "updated", report.updated);
		output_number(cli->out, "rejected", report.problems->len);
		output_flag(cli->out, "dry_run", opt.dry_run);
		output_end(cli->out);
		ok = report.problems->len == 0;
		if (!ok)
			g_set_error(error, PORTARIA_ERROR,
				    PORTARIA_ERROR_SYNTAX,
				    "%u of %u rows were left out, see above",
				    report.problems->len, report.rows);
	}
	import_report_clear(&report);
	return ok;
}

static const struct verb verbs[] = {
	{ "add", "", "a new customer with its registered address", add_options,
	  0, 0, run_add },
	{ "list", "", "customers", list_options, 0, 0, run_list },
	{ "show", "CUSTOMER", "one customer, by id, code or address", NULL, 1,
	  1, run_show },
	{ "edit", "CUSTOMER", "change a customer", customer_edit_options, 1, 1,
	  customer_edit_run },
	{ "import", "FILE", "customers from CSV (; or , and any charset)",
	  import_options, 1, 1, run_import },
	{ "contact",
	  "CUSTOMER add ADDRESS | edit ADDRESS | list | clear ADDRESS | "
	  "remove ADDRESS",
	  "additional addresses", contact_options, 2, 3, contact_run },
	{ "service", "CUSTOMER add | list | remove ID", "what they bought",
	  service_options, 2, 3, service_run },
	{ 0 }
};

const struct noun noun_customer = { "customer",
				    "customers, their contacts and services",
				    verbs };
