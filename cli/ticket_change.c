/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticket_change.c - reply, note, status, priority, assign
 */
#include "cli/ticket.h"

#include "base/error.h"

#include <gio/gio.h>
#include <string.h>

static struct {
	char *text;
	char *file;
	char *status;
	char **attach;
} opt;

#define TEXT_OPTIONS                                                           \
	CLI_TEXT("text", &opt.text, "the text", "TEXT"),                       \
		CLI_TEXT("file", &opt.file,                                    \
			 "the text from a file (- reads it here)", "FILE"),    \
		CLI_LIST("attach", &opt.attach,                                \
			 "a file to go with it (repeat)", "FILE")

const GOptionEntry ticket_reply_options[] = {
	TEXT_OPTIONS,
	CLI_TEXT("status", &opt.status, "the new status, if not \"answered\"",
		 "STATUS"),
	{ 0 }
};

const GOptionEntry ticket_note_options[] = { TEXT_OPTIONS, { 0 } };

void ticket_show_changed(struct cli *cli, const struct ticket *ticket)
{
	output_begin(cli->out, "ticket");
	output_text(cli->out, "ref", ticket->ref);
	output_text(cli->out, "status", ticket_status_name(ticket->status));
	output_text(cli->out, "priority",
		    ticket_priority_name(ticket->priority));
	output_end(cli->out);
}

bool ticket_change(struct cli *cli, const struct ticket_work *work,
		   GError **error)
{
	struct store *store;

	if (cli_desk(cli, error) == NULL)
		return false;
	AUTO(staff) staff = cli_actor(cli, error);
	if (staff == NULL)
		return false;
	store = cli_begin(cli, error);
	if (store == NULL)
		return false;
	AUTO(ticket)
	ticket = (work->exact ? ticket_find : ticket_find_current)(
		cli, store, work->ref, error);
	const struct ticket_change c = {
		.cli = cli,
		.store = store,
		.actor = { .staff = staff, .channel = "cli" },
		.ticket = ticket,
		.arguments = work->arguments,
		.text = work->text,
	};
	if (!cli_end(cli, ticket != NULL && work->run(&c, error), error))
		return false;
	ticket_show_changed(cli, ticket);
	return true;
}

/* On the ticket of the first argument. */
static bool change(struct cli *cli, char **arguments,
		   bool (*run)(const struct ticket_change *, GError **),
		   GError **error)
{
	const struct ticket_work work = { .ref = arguments[0],
					  .arguments = arguments,
					  .run = run };

	return ticket_change(cli, &work, error);
}

/* The bytes as a string; NULL if a NUL would cut it. */
static char *dup_text(GBytes *bytes)
{
	gsize len;
	const char *data = g_bytes_get_data(bytes, &len);

	if (len == 0)
		return g_strdup("");
	return memchr(data, '\0', len) == NULL ? g_strndup(data, len) : NULL;
}

/* --text, --file or standard input; UTF-8, not empty. */
static char *read_text(const struct config *config, GError **error)
{
	g_autofree char *text = g_strdup(opt.text);
	g_autoptr(GBytes) bytes = NULL;

	if (text == NULL) {
		bytes = cli_read(opt.file, config->limits.text_bytes, error);
		if (bytes == NULL)
			return NULL;
		text = dup_text(bytes);
	}
	if (text == NULL) {
		cli_usage(error, "the text has a NUL byte in it");
		return NULL;
	}
	if (!g_utf8_validate(text, -1, NULL)) {
		cli_usage(error, "the text is not UTF-8");
		return NULL;
	}
	if (text[strspn(text, " \t\r\n")] == '\0') {
		cli_usage(error, "the text is empty");
		return NULL;
	}
	return g_steal_pointer(&text);
}

static struct mail_part *read_part(const struct config *config,
				   const char *path, GError **error)
{
	g_autoptr(GBytes) data
		= cli_read(path, config->limits.message_bytes, error);
	g_autofree char *type = NULL;
	struct mail_part *part;

	if (data == NULL)
		return NULL;
	type = g_content_type_guess(path, g_bytes_get_data(data, NULL),
				    g_bytes_get_size(data), NULL);
	part = g_new0(struct mail_part, 1);
	part->filename = g_path_get_basename(path);
	part->content_type = g_content_type_get_mime_type(type);
	if (part->content_type == NULL)
		part->content_type = g_strdup("application/octet-stream");
	part->detected_type = g_strdup("");
	part->content_id = g_strdup("");
	part->data = g_steal_pointer(&data);
	return part;
}

static GPtrArray *read_parts(const struct config *config, GError **error)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(
		(GDestroyNotify)mail_part_free);

	for (char **p = opt.attach; p != NULL && *p != NULL; p++) {
		struct mail_part *part = read_part(config, *p, error);

		if (part == NULL)
			return NULL;
		g_ptr_array_add(parts, part);
	}
	return g_steal_pointer(&parts);
}

static bool work_reply(const struct ticket_change *c, GError **error)
{
	enum ticket_status status = TICKET_STATUS__COUNT;

	return (opt.status == NULL
		|| cli_parse_status(opt.status, &status, error))
	       && conversation_reply(c->cli->desk, c->store, &c->actor,
				     c->ticket, c->text, status, NULL, error);
}

static bool work_note(const struct ticket_change *c, GError **error)
{
	return conversation_note(c->cli->desk, c->store, &c->actor, c->ticket,
				 c->text, NULL, error);
}

/* Reads everything before the transaction begins: a person may be typing. */
static bool change_with_text(struct cli *cli, char **arguments,
			     bool (*run)(const struct ticket_change *,
					 GError **),
			     GError **error)
{
	g_autofree char *text = read_text(cli->config, error);
	g_autoptr(GPtrArray) parts = NULL;

	if (text == NULL)
		return false;
	parts = read_parts(cli->config, error);
	if (parts == NULL)
		return false;

	const struct conversation_text what = { .text = text,
						.parts = parts };
	const struct ticket_work work = { .ref = arguments[0],
					  .arguments = arguments,
					  .text = &what,
					  .run = run };
	return ticket_change(cli, &work, error);
}

static bool work_status(const struct ticket_change *c, GError **error)
{
	enum ticket_status status;

	return cli_parse_status(c->arguments[1], &status, error)
	       && conversation_set_status(c->cli->desk, c->store, &c->actor,
					  c->ticket, status, error);
}

static bool work_priority(const struct ticket_change *c, GError **error)
{
	enum ticket_priority priority;

	return cli_parse_priority(c->arguments[1], &priority, error)
	       && conversation_set_priority(c->cli->desk, c->store, &c->actor,
					    c->ticket, priority, error);
}

static bool work_assign(const struct ticket_change *c, GError **error)
{
	bool nobody = strcmp(c->arguments[1], "none") == 0;
	AUTO(staff) staff = NULL;

	if (!nobody) {
		staff = staff_by_login(c->store, c->arguments[1], error);
		if (staff == NULL)
			return false;
	}
	return conversation_assign(c->cli->desk, c->store, &c->actor,
				   c->ticket, staff, error);
}

bool ticket_run_reply(struct cli *cli, char **arguments, GError **error)
{
	return change_with_text(cli, arguments, work_reply, error);
}

bool ticket_run_note(struct cli *cli, char **arguments, GError **error)
{
	return change_with_text(cli, arguments, work_note, error);
}

bool ticket_run_status(struct cli *cli, char **arguments, GError **error)
{
	return change(cli, arguments, work_status, error);
}

bool ticket_run_priority(struct cli *cli, char **arguments, GError **error)
{
	return change(cli, arguments, work_priority, error);
}

bool ticket_run_assign(struct cli *cli, char **arguments, GError **error)
{
	return change(cli, arguments, work_assign, error);
}
