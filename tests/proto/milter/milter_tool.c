/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter_tool.c - what the tests of portaria-milter need of the desk
 *
 *   milter_tool -c CONFIG key                key file
 *   milter_tool -c CONFIG fill               database, departments, people
 *   milter_tool -c CONFIG seal DEPARTMENT    message on stdin; prints the
 *             state of its seal and, if valid, verdict, identity, queue id
 */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/seal.h"
#include "base/config.h"
#include "store/customer.h"
#include "store/department.h"
#include "store/staff.h"
#include "store/store.h"

typedef bool command(const struct config *config, const char *argument,
                     GError **error);

static const struct {
	const char *name;
	enum department_accept accept;
	enum department_unproven unproven;
} departments[] = {
	{ "suporte", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD },
	{ "financeiro", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD },
	{ "abusos", DEPARTMENT_ANYONE, DEPARTMENT_HOLD },
};

static const char *const customers[] = {
	"ze@cliente.example",      "ana@assinado.example",
	"joao@dnsmorto.example",   "lia@lento.example",
	"semnada@semnada.example",
};

static void set(char **member, const char *value)
{
	g_free(*member);
	*member = g_strdup(value);
}

static bool add_department(struct store *store, size_t i, GError **error)
{
	AUTO(department) row = department_new();

	set(&row->name, departments[i].name);
	set(&row->title, departments[i].name);
	row->accept = departments[i].accept;
	row->unproven = departments[i].unproven;
	row->addresses = g_new0(char *, 2);
	row->addresses[0] =
		g_strdup_printf("%s@desk.example", departments[i].name);
	return department_insert(store, row, error);
}

static bool add_customer(struct store *store, size_t i, GError **error)
{
	AUTO(customer) customer = g_new0(struct customer, 1);
	AUTO(contact) contact = g_new0(struct contact, 1);

	customer->code = g_strdup_printf("C%zu", i);
	customer->name = g_strdup(customers[i]);
	customer->language = g_strdup("");
	customer->active = true;
	if (!customer_insert(store, customer, error))
		return false;
	contact->customer_id = customer->id;
	contact->address = g_strdup(customers[i]);
	contact->name = g_strdup("");
	contact->login = g_strdup("");
	contact->role = CONTACT_OWNER;
	contact->active = true;
	return contact_insert(store, contact, error);
}

static bool add_staff(struct store *store, GError **error)
{
	AUTO(staff) staff = staff_new();

	set(&staff->login, "paula");
	set(&staff->name, "Paula");
	set(&staff->address, "paula@provedor.example");
	set(&staff->language, "");
	staff->active = true;
	return staff_insert(store, staff, error);
}

static bool run_key(const struct config *config, const char *argument,
                    GError **error)
{
	(void)argument;
	return keyring_create_file(config->server.key_file, error);
}

static bool run_fill(const struct config *config, const char *argument,
                     GError **error)
{
	AUTO(store) store = NULL;

	(void)argument;
	if (!store_init(&config->store, error))
		return false;
	store = store_open(&config->store, STORE_WRITE, error);
	if (store == NULL || !store_begin(store, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(departments); i++)
		if (!add_department(store, i, error))
			return false;
	for (size_t i = 0; i < G_N_ELEMENTS(customers); i++)
		if (!add_customer(store, i, error))
			return false;
	return add_staff(store, error) && store_commit(store, error);
}

static GBytes *read_stdin(GError **error)
{
	g_autoptr(GInputStream) in =
		g_unix_input_stream_new(STDIN_FILENO, FALSE);
	g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();

	if (g_output_stream_splice(out, in, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
	                           NULL, error) < 0)
		return NULL;
	return g_memory_output_stream_steal_as_bytes(
		G_MEMORY_OUTPUT_STREAM(out));
}

static bool run_seal(const struct config *config, const char *argument,
                     GError **error)
{
	AUTO(keyring) keys = keyring_load(config->server.key_file, error);
	g_autoptr(GBytes) message = NULL;
	AUTO(seal) seal = NULL;
	enum seal_status status;
	const char *data;
	size_t len;

	if (keys == NULL)
		return false;
	message = read_stdin(error);
	if (message == NULL)
		return false;
	data = g_bytes_get_data(message, &len);
	status = seal_read(data, len, keys, argument, 3600, &seal);
	printf("%s", seal_status_name(status));
	if (seal != NULL)
		printf(" %s %s %s", seal_verdict_name(seal->verdict),
		       seal->identity, seal->queue_id);
	printf("\n");
	return true;
}

static const struct {
	const char *name;
	command *run;
} commands[] = {
	{ "key", run_key },
	{ "fill", run_fill },
	{ "seal", run_seal },
};

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	int status = EX_OK;
	AUTO(config)
	config = config_main("milter_tool", "For tests of portaria-milter.",
	                     NULL, &argc, &argv, &status);

	if (config == NULL)
		return status;
	for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (commands[i].run(config, argc > 2 ? argv[2] : "", &error))
			return EX_OK;
		fprintf(stderr, "milter_tool: %s\n", error->message);
		return EX_SOFTWARE;
	}
	return EX_USAGE;
}
