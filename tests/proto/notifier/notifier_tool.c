/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notifier_tool.c - fills an outbox, for the tests of portaria-notifier
 *
 *   notifier_tool -c CONFIG init   key file, database, some people, a ticket
 *   notifier_tool -c CONFIG mail KIND RECIPIENT SENDER TEXT COUNT
 *             COUNT rows of the ticket, each with a Message-ID of its own;
 *             a SENDER of "-" is the null sender
 *   notifier_tool -c CONFIG flood TICKETS COUNT
 *             COUNT rows of each of that many new tickets, interleaved, each
 *             ticket with a recipient of its own; the text counts them
 *   notifier_tool -c CONFIG drain TICKETS COUNT
 *             the same, but each ticket has the same READERS recipients; the
 *             text counts what one of them gets of one ticket
 *   notifier_tool -c CONFIG hold SECONDS   a message held that long ago
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/ids.h"
#include "base/token.h"
#include "store/blob.h"
#include "store/customer.h"
#include "store/department.h"
#include "store/held.h"
#include "store/outbox.h"
#include "store/staff.h"
#include "store/ticket.h"

typedef bool command(const struct config *config, struct store *store,
                     char **args, GError **error);

static void set(char **member, const char *value)
{
	g_free(*member);
	*member = g_strdup(value);
}

/* --- init --- */

static struct department *add_department(struct store *store, GError **error)
{
	AUTO(department) department = department_new();

	set(&department->name, "suporte");
	set(&department->title, "Suporte");
	department->addresses = g_new0(char *, 2);
	department->addresses[0] = g_strdup("suporte@desk.example");
	if (!department_insert(store, department, error))
		return NULL;
	return g_steal_pointer(&department);
}

static bool add_contact(struct store *store, gint64 *ret_customer,
                        GError **error)
{
	AUTO(customer) customer = g_new0(struct customer, 1);
	AUTO(contact) contact = g_new0(struct contact, 1);

	customer->name = g_strdup("Cliente");
	customer->active = true;
	if (!customer_insert(store, customer, error))
		return false;
	contact->customer_id = customer->id;
	contact->address = g_strdup("ze@cliente.example");
	contact->active = true;
	*ret_customer = customer->id;
	return contact_insert(store, contact, error);
}

static bool add_staff(struct store *store, GError **error)
{
	AUTO(staff) staff = staff_new();

	set(&staff->login, "ana");
	set(&staff->name, "Ana");
	set(&staff->address, "ana@equipe.example");
	staff->departments = g_new0(char *, 2);
	staff->departments[0] = g_strdup("suporte");
	return staff_insert(store, staff, error);
}

static bool add_ticket(const struct config *config, struct store *store,
                       gint64 department, gint64 customer, GError **error)
{
	AUTO(ticket) ticket = ticket_new();

	ticket->department_id = department;
	ticket->customer_id = customer;
	set(&ticket->requester, "ze@cliente.example");
	set(&ticket->subject, "Ajuda");
	return ticket_insert(store, config->server.ref_prefix, ticket, error);
}

static bool run_init(const struct config *config, struct store *store,
                     G_GNUC_UNUSED char **args, GError **error)
{
	gint64 customer = 0;
	AUTO(department) department = add_department(store, error);

	return department != NULL && add_contact(store, &customer, error) &&
	       add_staff(store, error) &&
	       add_ticket(config, store, department->id, customer, error);
}

/* --- the others --- */

static struct ticket *find_ticket(struct store *store, GError **error)
{
	const struct ticket_filter any = TICKET_FILTER_ANY;
	g_autoptr(GPtrArray) tickets = ticket_list(store, &any, error);
	const struct ticket *first;

	if (tickets == NULL)
		return NULL;
	first = g_ptr_array_index(tickets, 0);
	return ticket_get(store, first->id, error);
}

static bool add_mail(struct store *store, const struct ticket *ticket,
                     char **args, GError **error)
{
	AUTO(outbox) row = outbox_new();
	g_autofree char *text = NULL;

	row->id = id_new();
	row->ticket_id = ticket->id;
	set(&row->kind, args[0]);
	set(&row->recipient, args[1]);
	set(&row->sender, strcmp(args[2], "-") == 0 ? "" : args[2]);
	g_free(row->header_id);
	row->header_id =
		g_strdup_printf("<%" G_GINT64_FORMAT "@desk.example>", row->id);
	text = g_strdup_printf("From: suporte@desk.example\r\n"
	                       "Message-ID: %s\r\nSubject: Oi\r\n\r\n%s\r\n",
	                       row->header_id, args[3]);
	row->bytes = g_bytes_new(text, strlen(text));
	return outbox_insert(store, row, error);
}

static bool run_mail(G_GNUC_UNUSED const struct config *config,
                     struct store *store, char **args, GError **error)
{
	gint64 count = g_ascii_strtoll(args[4], NULL, 10);
	AUTO(ticket) ticket = find_ticket(store, error);

	if (ticket == NULL)
		return false;
	for (gint64 i = 0; i < count; i++)
		if (!add_mail(store, ticket, args, error))
			return false;
	return true;
}

/* The ids of new tickets, like the first one. */
static GArray *add_tickets(const struct config *config, struct store *store,
                           gint64 count, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	AUTO(ticket) first = find_ticket(store, error);

	for (gint64 i = 0; first != NULL && i < count; i++) {
		AUTO(ticket) ticket = ticket_new();

		ticket->department_id = first->department_id;
		ticket->customer_id = first->customer_id;
		set(&ticket->requester, "ze@cliente.example");
		set(&ticket->subject, "Ajuda");
		if (!ticket_insert(store, config->server.ref_prefix, ticket,
		                   error))
			return NULL;
		g_array_append_val(ids, ticket->id);
	}
	return first != NULL ? g_steal_pointer(&ids) : NULL;
}

static bool run_flood(const struct config *config, struct store *store,
                      char **args, GError **error)
{
	gint64 tickets = g_ascii_strtoll(args[0], NULL, 10);
	gint64 count = g_ascii_strtoll(args[1], NULL, 10);
	g_autoptr(GArray) ids = add_tickets(config, store, tickets, error);
	char kind[] = "reply", sender[] = "-";

	for (gint64 i = 0; ids != NULL && i < tickets * count; i++) {
		const struct ticket ticket = {
			.id = g_array_index(ids, gint64, i % tickets),
		};
		g_autofree char *to = g_strdup_printf(
			"c%d@cliente.example", (int)(i % tickets));
		g_autofree char *text =
			g_strdup_printf("n=%d", (int)(i / tickets));
		char *mail[] = { kind, to, sender, text };

		if (!add_mail(store, &ticket, mail, error))
			return false;
	}
	return ids != NULL;
}

#define READERS 4

static bool run_drain(const struct config *config, struct store *store,
                      char **args, GError **error)
{
	gint64 tickets = g_ascii_strtoll(args[0], NULL, 10);
	gint64 count = g_ascii_strtoll(args[1], NULL, 10);
	g_autoptr(GArray) ids = add_tickets(config, store, tickets, error);
	char kind[] = "reply", sender[] = "-";

	for (gint64 i = 0; ids != NULL && i < tickets * count; i++) {
		const struct ticket ticket = {
			.id = g_array_index(ids, gint64, i % tickets),
		};
		gint64 nth = i / tickets; /* mail of this ticket */
		g_autofree char *to = g_strdup_printf("r%d@cliente.example",
		                                      (int)(nth % READERS));
		g_autofree char *text =
			g_strdup_printf("t=%d n=%d", (int)(i % tickets),
		                        (int)(nth / READERS));
		char *mail[] = { kind, to, sender, text };

		if (!add_mail(store, &ticket, mail, error))
			return false;
	}
	return ids != NULL;
}

static bool run_hold(G_GNUC_UNUSED const struct config *config,
                     struct store *store, char **args, GError **error)
{
	g_autoptr(GBytes) raw = g_bytes_new_static("x", 1);
	AUTO(department)
	department = department_by_name(store, "suporte", error);
	AUTO(held) held = held_new();

	if (department == NULL)
		return false;
	held->department_id = department->id;
	set(&held->address, "ze@cliente.example");
	set(&held->delivery_key, "k/suporte");
	held->created = clock_now() -
	                g_ascii_strtoll(args[0], NULL, 10) * CLOCK_SECOND;
	g_free(held->raw);
	held->raw = blob_put(store, raw, error);
	if (held->raw == NULL)
		return false;
	set(&held->parsed, held->raw);
	return held_insert(store, held, error);
}

static const struct {
	const char *name;
	int args;
	command *run;
} commands[] = {
	{ "init", 0, run_init },
	{ "mail", 5, run_mail },
	{ "flood", 2, run_flood },
	{ "drain", 2, run_drain },
	{ "hold", 1, run_hold },
};

static bool run(const struct config *config, command *function, bool fresh,
                char **args, GError **error)
{
	AUTO(store) store = NULL;

	if (fresh && (!keyring_create_file(config->server.key_file, error) ||
	              !store_init(&config->store, error)))
		return false;
	store = store_open(&config->store, STORE_WRITE, error);
	return store != NULL && store_begin(store, error) &&
	       function(config, store, args, error) &&
	       store_commit(store, error);
}

int main(int argc, char **argv)
{
	int status = EX_OK;
	g_autoptr(GError) error = NULL;
	AUTO(config)
	config = config_main("notifier_tool", "Help for tests.", NULL, &argc,
	                     &argv, &status);

	if (config == NULL)
		return status;
	for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, argv[1]) != 0 ||
		    argc != commands[i].args + 2)
			continue;
		if (run(config, commands[i].run, i == 0, argv + 2, &error))
			return EX_OK;
		fprintf(stderr, "notifier_tool: %s\n", error->message);
		return EX_SOFTWARE;
	}
	return EX_USAGE;
}
