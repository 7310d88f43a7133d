/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * customer_parts.c - contacts and services of a customer
 */
#include "cli/customer.h"
#include "cli/undeliverable.h"

#include "base/error.h"
#include "mail/address.h"

#include <gio/gio.h>
#include <string.h>

static struct {
	char *name;
	char *login;
	char *language;
	char *kind;
	char *label;
	char *domain;
	char **ips;
	gboolean copies;
	gboolean no_copies;
	gboolean grades;
	gboolean no_grades;
} opt;

const GOptionEntry contact_options[] = {
	CLI_TEXT("name", &opt.name, "the person's name", "TEXT"),
	CLI_TEXT("login", &opt.login, "SASL login, if not the address",
		 "LOGIN"),
	CLI_TEXT("language", &opt.language,
		 "of mails to the address; \"\": the customer's", "LANG"),
	CLI_FLAG("copies", &opt.copies,
		 "reads all tickets of the customer (the rule)"),
	CLI_FLAG("no-copies", &opt.no_copies,
		 "reads only tickets that he wrote in himself"),
	CLI_FLAG("grades", &opt.grades, "is asked how we did (the rule)"),
	CLI_FLAG("no-grades", &opt.no_grades, "is never asked how we did"),
	{ 0 }
};

const GOptionEntry service_options[] = {
	CLI_TEXT("kind", &opt.kind, "hosting, domain, ...", "WORD"),
	CLI_TEXT("label", &opt.label, "what the customer calls it", "TEXT"),
	CLI_TEXT("domain", &opt.domain, "its domain", "DOMAIN"),
	CLI_LIST("ip", &opt.ips, "an address range of it (repeat)", "CIDR"),
	{ 0 }
};

struct customer *customer_find(struct store *store, const char *text,
			       GError **error)
{
	struct customer *customer;
	g_autofree char *key = NULL;
	gint64 id;

	customer = customer_by_code(store, text, NULL);
	if (customer != NULL)
		return customer;
	if (strchr(text, '@') != NULL) {
		key = cli_parse_address(text, error);
		if (key == NULL)
			return NULL;
		AUTO(contact) contact = contact_by_address(store, key, error);
		return contact != NULL
			       ? customer_get(store, contact->customer_id,
					      error)
			       : NULL;
	}
	if (cli_parse_id(text, &id, NULL))
		return customer_get(store, id, error);
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
		    "no customer \"%s\": give the id, the code or an address "
		    "(portaria customer list --search ...)",
		    text);
	return NULL;
}

void contact_show(struct output *out, const struct contact *contact)
{
	output_begin(out, "contact");
	output_text(out, "address", contact->address);
	output_text(out, "name", contact->name);
	output_text(out, "role",
		    contact->role == CONTACT_OWNER ? "owner" : "additional");
	output_text(out, "login", contact->login);
	output_flag(out, "active", contact->active);
	output_time(out, "bounced", contact->bounced);
	output_text(out, "language", contact->language);
	output_flag(out, "copies", !contact->no_copies);
	output_flag(out, "grades", !contact->no_grades);
	output_end(out);
}

void service_show(struct output *out, const struct service *service)
{
	output_begin(out, "service");
	output_id(out, "id", service->id);
	output_text(out, "kind", service->kind);
	output_text(out, "label", service->label);
	output_text(out, "domain", service->domain);
	output_list(out, "ips", service->ip_ranges);
	output_flag(out, "active", service->active);
	output_end(out);
}

/* One of the verbs behind the customer's name. */
struct part_verb {
	const char *name;
	bool needs_word; /* ADDRESS or ID */
	bool (*run)(struct cli *cli, const struct customer *customer,
		    const char *word, GError **error);
};

static bool part_run(struct cli *cli, const struct part_verb *verbs,
		     char **arguments, GError **error)
{
	struct store *store = cli_begin(cli, error);

	if (store == NULL)
		return false;
	AUTO(customer) customer = customer_find(store, arguments[0], error);
	if (customer == NULL)
		return cli_end(cli, false, error);
	for (; verbs->name != NULL; verbs++) {
		if (strcmp(verbs->name, arguments[1]) != 0)
			continue;
		if (verbs->needs_word != (arguments[2] != NULL))
			break;
		return cli_end(cli,
			       verbs->run(cli, customer, arguments[2], error),
			       error);
	}
	cli_usage(error, "CUSTOMER add ..., list, or remove ...");
	return cli_end(cli, false, error);
}

static bool audit(struct cli *cli, bool ok, const struct customer *customer,
		  const char *action, gint64 part, GError **error)
{
	g_autofree char *object = cli_dup_object("customer", customer->id);
	g_autofree char *detail = cli_dup_object(
		strstr(action, "contact") != NULL ? "contact" : "service",
		part);

	return cli_audit(cli, ok, action, object, detail, error);
}

static bool contact_add(struct cli *cli, const struct customer *customer,
			const char *word, GError **error)
{
	g_autofree char *key = cli_parse_address(word, error);
	static char empty[] = "";
	struct contact contact = {
		.customer_id = customer->id,
		.address = key,
		.name = opt.name != NULL ? opt.name : empty,
		.role = CONTACT_ADDITIONAL,
		.login = opt.login != NULL ? opt.login : empty,
		.language = opt.language,
		.active = true,
		.no_copies = opt.no_copies,
		.no_grades = opt.no_grades,
	};

	if (key == NULL || !customer_check_language(opt.language, error))
		return false;
	/* On its own: the id is known only afterwards. */
	bool ok = contact_insert(cli->store, &contact, error);
	return audit(cli, ok, customer, "add contact", contact.id, error);
}

/* One of the customer's own; NULL and error otherwise. */
static struct contact *find_own(struct cli *cli,
				const struct customer *customer,
				const char *word, GError **error)
{
	g_autofree char *key = cli_parse_address(word, error);
	AUTO(contact) contact = NULL;

	if (key == NULL)
		return NULL;
	contact = contact_find(cli->store, key, error);
	if (contact == NULL)
		return NULL;
	if (contact->customer_id != customer->id) {
		cli_usage(error, "%s is no contact of %s", key,
			  customer->name);
		return NULL;
	}
	return g_steal_pointer(&contact);
}

static void change(char **where, const char *value)
{
	if (value == NULL)
		return;
	g_free(*where);
	*where = g_strdup(value);
}

static bool contact_edit(struct cli *cli, const struct customer *customer,
			 const char *word, GError **error)
{
	AUTO(contact) contact = find_own(cli, customer, word, error);

	if (contact == NULL || !customer_check_language(opt.language, error))
		return false;
	change(&contact->name, opt.name);
	change(&contact->login, opt.login);
	change(&contact->language, opt.language);
	contact->no_copies
		= (contact->no_copies || opt.no_copies) && !opt.copies;
	contact->no_grades
		= (contact->no_grades || opt.no_grades) && !opt.grades;
	return audit(cli, contact_update(cli->store, contact, error), customer,
		     "edit contact", contact->id, error);
}

static bool contact_clear(struct cli *cli, const struct customer *customer,
			  const char *word, GError **error)
{
	AUTO(contact) contact = find_own(cli, customer, word, error);

	return contact != NULL
	       && undeliverable_forget(cli, contact->address, error);
}

static bool contact_list_run(struct cli *cli, const struct customer *customer,
			     const char *word, GError **error)
{
	g_autoptr(GPtrArray) all
		= contact_list(cli->store, customer->id, error);

	(void)word;
	for (guint i = 0; all != NULL && i < all->len; i++)
		contact_show(cli->out, all->pdata[i]);
	return all != NULL;
}

static bool contact_remove(struct cli *cli, const struct customer *customer,
			   const char *word, GError **error)
{
	g_autofree char *key = cli_parse_address(word, error);

	if (key == NULL)
		return false;
	AUTO(contact) contact = contact_by_address(cli->store, key, error);
	if (contact == NULL)
		return false;
	if (contact->customer_id != customer->id)
		return cli_usage(error, "%s is no contact of %s", key,
				 customer->name);
	if (contact->role == CONTACT_OWNER)
		return cli_usage(error, "%s is the owner and cannot go", key);
	return audit(cli, contact_delete(cli->store, contact->id, error),
		     customer, "remove contact", contact->id, error);
}

bool contact_run(struct cli *cli, char **arguments, GError **error)
{
	static const struct part_verb verbs[] = {
		{ "add", true, contact_add },
		{ "edit", true, contact_edit },
		{ "list", false, contact_list_run },
		{ "clear", true, contact_clear },
		{ "remove", true, contact_remove },
		{ 0 }
	};

	return part_run(cli, verbs, arguments, error);
}

/* They are compared with addresses of abuse reports. */
static bool check_ranges(char **ips, GError **error)
{
	for (; ips != NULL && *ips != NULL; ips++) {
		g_autoptr(GInetAddressMask) range
			= g_inet_address_mask_new_from_string(*ips, NULL);

		if (range == NULL)
			return cli_usage(error,
					 "--ip %s: an address or a range "
					 "like 192.0.2.0/24",
					 *ips);
	}
	return true;
}

static bool service_add(struct cli *cli, const struct customer *customer,
			const char *word, GError **error)
{
	g_autofree char *domain = NULL;
	struct service service = {
		.customer_id = customer->id,
		.kind = opt.kind,
		.label = opt.label,
		.ip_ranges = opt.ips,
		.active = true,
	};

	(void)word;
	if (!cli_check_text("--kind", opt.kind, error)
	    || !cli_check_text("--label", opt.label, error)
	    || !check_ranges(opt.ips, error))
		return false;
	domain = opt.domain == NULL
			 ? g_strdup("")
			 : address_dup_domain(opt.domain, strlen(opt.domain));
	if (domain == NULL)
		return cli_usage(error, "\"%s\" is no domain", opt.domain);
	service.domain = domain;
	/* On its own: the id is known only afterwards. */
	bool ok = service_insert(cli->store, &service, error);
	if (!audit(cli, ok, customer, "add service", service.id, error))
		return false;
	service_show(cli->out, &service);
	return true;
}

static bool service_list_run(struct cli *cli, const struct customer *customer,
			     const char *word, GError **error)
{
	g_autoptr(GPtrArray) all
		= service_list(cli->store, customer->id, error);

	(void)word;
	for (guint i = 0; all != NULL && i < all->len; i++)
		service_show(cli->out, all->pdata[i]);
	return all != NULL;
}

static bool service_remove(struct cli *cli, const struct customer *customer,
			   const char *word, GError **error)
{
	gint64 id;

	if (!cli_parse_id(word, &id, error))
		return false;
	AUTO(service) service = service_get(cli->store, id, error);
	if (service == NULL)
		return false;
	if (service->customer_id != customer->id)
		return cli_usage(error, "service %s is not of %s", word,
				 customer->name);
	return audit(cli, service_delete(cli->store, id, error), customer,
		     "remove service", id, error);
}

bool service_run(struct cli *cli, char **arguments, GError **error)
{
	static const struct part_verb verbs[] = {
		{ "add", false, service_add },
		{ "list", false, service_list_run },
		{ "remove", true, service_remove },
		{ 0 }
	};

	return part_run(cli, verbs, arguments, error);
}
