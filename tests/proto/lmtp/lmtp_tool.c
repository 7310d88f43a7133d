/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtp_tool.c - the desk from behind, for the tests of portaria-lmtpd
 *
 *   lmtp_tool -c CONFIG init           key file, database, some people
 *   lmtp_tool -c CONFIG seal DEPARTMENTS IDENTITY VERDICT SECONDS [KEYFILE]
 *             message on stdin, the same with a seal that many seconds old
 *   lmtp_tool -c CONFIG dump           everything stored, as JSON
 *   lmtp_tool -c CONFIG blob SHA256    the bytes
 *
 * DEPARTMENTS are separated by commas.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/seal.h"
#include "base/clock.h"
#include "base/config.h"
#include "store/blob.h"
#include "store/customer.h"
#include "store/department.h"
#include "store/held.h"
#include "store/message.h"
#include "store/outbox.h"
#include "store/staff.h"
#include "store/ticket.h"

typedef bool command(const struct config *config, char **args, GError **error);

/* --- init --- */

static const struct {
	const char *name;
	const char *address;
	enum department_accept accept;
} departments[] = {
	{ "suporte", "suporte@desk.example", DEPARTMENT_REGISTERED },
	{ "financeiro", "financeiro@desk.example", DEPARTMENT_REGISTERED },
	{ "abusos", "abusos@desk.example", DEPARTMENT_ANYONE },
};

static bool add_department(struct store *store, size_t at, GError **error)
{
	AUTO(department) department = department_new();

	g_free(department->name);
	g_free(department->title);
	g_strfreev(department->addresses);
	department->name = g_strdup(departments[at].name);
	department->title = g_strdup(departments[at].name);
	department->accept = departments[at].accept;
	department->addresses = g_new0(char *, 2);
	department->addresses[0] = g_strdup(departments[at].address);
	return department_insert(store, department, error);
}

static bool add_contact(struct store *store, gint64 customer_id,
                        const char *address, enum contact_role role,
                        GError **error)
{
	struct contact contact = { .customer_id = customer_id,
		                   .address = g_strdup(address),
		                   .name = g_strdup("Zé"),
		                   .role = role,
		                   .login = g_strdup(""),
		                   .active = true };
	bool ok = contact_insert(store, &contact, error);

	g_free(contact.address);
	g_free(contact.name);
	g_free(contact.login);
	return ok;
}

static bool add_customer(struct store *store, GError **error)
{
	struct customer customer = { .code = g_strdup("C1"),
		                     .name = g_strdup("Padaria"),
		                     .language = g_strdup(""),
		                     .active = true };
	bool ok = customer_insert(store, &customer, error) &&
	          add_contact(store, customer.id, "ze@cliente.example",
	                      CONTACT_OWNER, error) &&
	          add_contact(store, customer.id, "ze@morto.example",
	                      CONTACT_ADDITIONAL, error);

	g_free(customer.code);
	g_free(customer.name);
	g_free(customer.language);
	return ok;
}

static bool fill(struct store *store, GError **error)
{
	if (!store_begin(store, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(departments); i++)
		if (!add_department(store, i, error))
			return false;
	return add_customer(store, error) && store_commit(store, error);
}

static bool run_init(const struct config *config, G_GNUC_UNUSED char **args,
                     GError **error)
{
	AUTO(store) store = NULL;

	if (!keyring_create_file(config->server.key_file, error) ||
	    !store_init(&config->store, error))
		return false;
	store = store_open(&config->store, STORE_WRITE, error);
	return store != NULL && fill(store, error);
}

/* --- seal --- */

static bool parse_verdict(const char *name, enum seal_verdict *ret_verdict)
{
	for (int i = 0; i < SEAL_VERDICT__COUNT; i++) {
		if (strcmp(seal_verdict_name((enum seal_verdict)i), name) ==
		    0) {
			*ret_verdict = (enum seal_verdict)i;
			return true;
		}
	}
	return false;
}

static void set(char **where, const char *value)
{
	g_free(*where);
	*where = g_strdup(value);
}

static struct seal *make_seal(char **args)
{
	struct seal *seal = seal_new();

	g_strfreev(seal->departments);
	seal->departments = g_strsplit(args[0], ",", -1);
	set(&seal->identity, args[1]);
	if (!parse_verdict(args[2], &seal->verdict))
		seal->verdict = SEAL_HOLD;
	seal->proof = seal->verdict == SEAL_HOLD ? AUTH_UNPROVEN : AUTH_PROVEN;
	seal->time =
		clock_now() - g_ascii_strtoll(args[3], NULL, 10) * CLOCK_SECOND;
	set(&seal->queue_id, "4cQUEUEID");
	set(&seal->client_ip, "192.0.2.10");
	set(&seal->mail_from, args[1]);
	set(&seal->summary, "mx.example; dmarc=pass");
	return seal;
}

static GString *read_stdin(void)
{
	GString *text = g_string_new(NULL);
	char buffer[65536];
	size_t n;

	while ((n = fread(buffer, 1, sizeof(buffer), stdin)) > 0)
		g_string_append_len(text, buffer, (gssize)n);
	return text;
}

static bool run_seal(const struct config *config, char **args, GError **error)
{
	AUTO(keyring)
	ring = keyring_load(args[4] != NULL ? args[4] : config->server.key_file,
	                    error);
	AUTO(seal) seal = make_seal(args);
	g_autoptr(GString) text = read_stdin();
	g_autofree char *body = NULL;
	struct seal_headers headers;

	if (ring == NULL)
		return false;
	seal_headers_read(text->str, text->len, &headers);
	body = seal_format(seal, &headers, ring);
	seal_headers_clear(&headers);
	printf("%s:", SEAL_HEADER);
	for (const char *c = body; *c != '\0'; c++) {
		if (*c == '\n')
			putchar('\r');
		putchar(*c);
	}
	fputs("\r\n", stdout);
	fwrite(text->str, 1, text->len, stdout);
	return true;
}

/* --- dump --- */

static void put(JsonBuilder *json, const char *key, const char *value)
{
	json_builder_set_member_name(json, key);
	json_builder_add_string_value(json, value);
}

static bool dump_attachments(struct store *store, JsonBuilder *json,
                             gint64 message_id, GError **error)
{
	g_autoptr(GPtrArray) rows = attachment_list(store, message_id, error);

	if (rows == NULL)
		return false;
	json_builder_set_member_name(json, "attachments");
	json_builder_begin_array(json);
	for (guint i = 0; i < rows->len; i++) {
		const struct attachment *row = g_ptr_array_index(rows, i);

		json_builder_add_string_value(json, row->filename);
	}
	json_builder_end_array(json);
	return true;
}

static bool dump_messages(struct store *store, JsonBuilder *json,
                          gint64 ticket_id, GError **error)
{
	g_autoptr(GPtrArray) rows = message_list(store, ticket_id, error);
	bool ok = rows != NULL;

	json_builder_set_member_name(json, "messages");
	json_builder_begin_array(json);
	for (guint i = 0; ok && i < rows->len; i++) {
		const struct message *row = g_ptr_array_index(rows, i);

		json_builder_begin_object(json);
		put(json, "author", message_author_name(row->author));
		put(json, "address", row->address);
		put(json, "message_id", row->message_id);
		put(json, "subject", row->subject);
		put(json, "text", row->text);
		put(json, "raw", row->raw);
		put(json, "auth", row->auth);
		put(json, "client_ip", row->client_ip);
		put(json, "queue_id", row->queue_id);
		ok = dump_attachments(store, json, row->id, error);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	return ok;
}

static bool dump_tickets(struct store *store, JsonBuilder *json, GError **error)
{
	const struct ticket_filter filter = { .status = -1,
		                              .priority = -1,
		                              .include_closed = true,
		                              .limit = 100000 };
	g_autoptr(GPtrArray) rows = ticket_list(store, &filter, error);
	bool ok = rows != NULL;

	json_builder_set_member_name(json, "tickets");
	json_builder_begin_array(json);
	for (guint i = 0; ok && i < rows->len; i++) {
		const struct ticket *row = g_ptr_array_index(rows, i);

		json_builder_begin_object(json);
		put(json, "ref", row->ref);
		put(json, "department", row->department);
		put(json, "requester", row->requester);
		put(json, "subject", row->subject);
		ok = dump_messages(store, json, row->id, error);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	return ok;
}

static bool dump_held(struct store *store, JsonBuilder *json, GError **error)
{
	g_autoptr(GPtrArray) rows = held_list(store, -1, 100000, error);

	json_builder_set_member_name(json, "held");
	json_builder_begin_array(json);
	for (guint i = 0; rows != NULL && i < rows->len; i++) {
		const struct held *row = g_ptr_array_index(rows, i);

		json_builder_begin_object(json);
		put(json, "department", row->department);
		put(json, "address", row->address);
		put(json, "subject", row->subject);
		put(json, "reason", row->reason);
		put(json, "auth", row->auth);
		put(json, "client_ip", row->client_ip);
		put(json, "raw", row->raw);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	return rows != NULL;
}

static bool run_dump(const struct config *config, G_GNUC_UNUSED char **args,
                     GError **error)
{
	AUTO(store) store = store_open(&config->store, STORE_READ, error);
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *text = NULL;
	bool ok;

	if (store == NULL)
		return false;
	json_builder_begin_object(json);
	ok = dump_tickets(store, json, error) && dump_held(store, json, error);
	json_builder_end_object(json);
	root = json_builder_get_root(json);
	text = json_to_string(root, FALSE);
	puts(text);
	return ok;
}

static bool run_blob(const struct config *config, char **args, GError **error)
{
	AUTO(store) store = store_open(&config->store, STORE_READ, error);
	g_autoptr(GBytes) bytes = NULL;

	if (store == NULL)
		return false;
	bytes = blob_get(store, args[0], error);
	if (bytes == NULL)
		return false;
	fwrite(g_bytes_get_data(bytes, NULL), 1, g_bytes_get_size(bytes),
	       stdout);
	return true;
}

static const struct {
	const char *name;
	int args;
	command *run;
} commands[] = {
	{ "init", 0, run_init },
	{ "seal", 4, run_seal },
	{ "dump", 0, run_dump },
	{ "blob", 1, run_blob },
};

int main(int argc, char **argv)
{
	int status = EX_OK;
	g_autoptr(GError) error = NULL;
	AUTO(config)
	config = config_main("lmtp_tool", "Help for tests.", NULL, &argc, &argv,
	                     &status);

	if (config == NULL)
		return status;
	for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, argv[1]) != 0 ||
		    argc < commands[i].args + 2)
			continue;
		if (commands[i].run(config, argv + 2, &error))
			return EX_OK;
		fprintf(stderr, "lmtp_tool: %s\n", error->message);
		return EX_SOFTWARE;
	}
	return EX_USAGE;
}
