/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticket_read.c - list, show, attachment save, raw
 */
#include "cli/ticket.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/abuse.h"
#include "cli/customer.h"
#include "desk/labels.h"
#include "desk/tickettimer.h"
#include "store/blob.h"
#include "store/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	char *department, *status, *priority, *assignee, *customer, *since,
		*search;
	gboolean all, overdue;
	char *limit;
	char *id;
	char *dir;
	char *message;
} opt;

const GOptionEntry ticket_list_options[] = {
	CLI_TEXT("department", &opt.department, "of one department", "NAME"),
	CLI_TEXT("status", &opt.status, "in one status", "STATUS"),
	CLI_TEXT("priority", &opt.priority, "of one priority", "PRIORITY"),
	CLI_TEXT("assignee", &opt.assignee, "of one member of staff", "LOGIN"),
	CLI_TEXT("customer", &opt.customer, "of one customer", "CUSTOMER"),
	CLI_TEXT("since", &opt.since, "changed since (2026-11-01)", "DATE"),
	CLI_TEXT("search", &opt.search, "words of subject and messages",
		 "WORDS"),
	CLI_FLAG("overdue", &opt.overdue, "whose answer is overdue"),
	CLI_FLAG("all", &opt.all, "closed ones too"),
	CLI_TEXT("limit", &opt.limit, "at most so many (100)", "N"),
	{ 0 }
};

const GOptionEntry ticket_save_options[] = {
	CLI_TEXT("id", &opt.id, "one attachment only", "ID"),
	CLI_TEXT("dir", &opt.dir, "where to (the current folder)", "DIR"),
	{ 0 }
};

const GOptionEntry ticket_raw_options[] = {
	CLI_TEXT("message", &opt.message, "which message (the first)", "ID"),
	{ 0 }
};

/* --- list ------------------------------------------------------------------ */

/* Midnight local time of "2026-11-01". */
static bool parse_date(const char *text, gint64 *ret_ms, GError **error)
{
	int year, month, day, used = 0;
	g_autoptr(GDateTime) when = NULL;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3
	    && text[used] == '\0')
		when = g_date_time_new_local(year, month, day, 0, 0, 0);
	if (when == NULL)
		return cli_usage(error, "\"%s\" is no date like 2026-11-01",
				 text);
	*ret_ms = g_date_time_to_unix(when) * 1000;
	return true;
}

static bool find_assignee(struct store *store, struct ticket_filter *filter,
			  GError **error)
{
	AUTO(staff) staff = staff_by_login(store, opt.assignee, error);

	if (staff == NULL)
		return false;
	filter->assignee = staff->id;
	return true;
}

static bool find_customer(struct store *store, struct ticket_filter *filter,
			  GError **error)
{
	AUTO(customer) customer = customer_find(store, opt.customer, error);

	if (customer == NULL)
		return false;
	filter->customer_id = customer->id;
	return true;
}

static bool make_filter(struct store *store, struct ticket_filter *filter,
			GError **error)
{
	enum ticket_status status;
	enum ticket_priority priority;

	filter->department = opt.department;
	filter->search = opt.search;
	filter->overdue = opt.overdue ? clock_now() : 0;
	filter->include_closed = opt.all || opt.status != NULL;
	if (!cli_check_limit(opt.limit, &filter->limit, error)
	    || (opt.department != NULL
		&& !cli_check_department(store, opt.department, error)))
		return false;
	if (opt.status != NULL) {
		if (!cli_parse_status(opt.status, &status, error))
			return false;
		filter->status = (int)status;
	}
	if (opt.priority != NULL) {
		if (!cli_parse_priority(opt.priority, &priority, error))
			return false;
		filter->priority = (int)priority;
	}
	return (opt.since == NULL
		|| parse_date(opt.since, &filter->since, error))
	       && (opt.assignee == NULL || find_assignee(store, filter, error))
	       && (opt.customer == NULL || find_customer(store, filter, error));
}

/* People read the labels of their language, programs the fixed names. */
static void show_status(struct cli *cli, const struct ticket *ticket)
{
	const char *language = cli->config->server.language;
	bool json = output_is_json(cli->out);

	output_text(cli->out, "status",
		    json ? ticket_status_name(ticket->status)
			 : label_status(ticket->status, language));
	output_text(cli->out, "priority",
		    json ? ticket_priority_name(ticket->priority)
			 : label_priority(ticket->priority, language));
}

static void show_row(struct cli *cli, const struct ticket *ticket)
{
	output_begin(cli->out, "ticket");
	output_text(cli->out, "ref", ticket->ref);
	output_text(cli->out, "department", ticket->department);
	show_status(cli, ticket);
	output_text(cli->out, "customer",
		    output_is_json(cli->out) || ticket->customer[0] != '\0'
			    ? ticket->customer
			    : ticket->requester);
	output_json_text(cli->out, "requester", ticket->requester);
	output_text(cli->out, "subject", ticket->subject);
	output_json_time(cli->out, "created", ticket->created);
	output_time(cli->out, "updated", ticket->updated);
	output_end(cli->out);
}

bool ticket_run_list(struct cli *cli, char **arguments, GError **error)
{
	struct ticket_filter filter = TICKET_FILTER_ANY;
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) tickets = NULL;

	(void)arguments;
	if (store == NULL || !make_filter(store, &filter, error))
		return false;
	tickets = ticket_list(store, &filter, error);
	if (tickets == NULL)
		return false;
	for (guint i = 0; i < tickets->len; i++)
		show_row(cli, tickets->pdata[i]);
	return tickets->len > 0;
}

/* --- show ------------------------------------------------------------------ */

/* The registry's facts about a ticket, for its head. */
struct head {
	char *code;
	char *service;
	char *assignee;
	char *merged_into;
	gint64 grade; /* 0: none */
	GPtrArray *participants;
	struct abuse_head *abuse;
};

static void head_clear(struct head *head)
{
	g_free(head->code);
	g_free(head->service);
	g_free(head->assignee);
	g_free(head->merged_into);
	g_clear_pointer(&head->participants, g_ptr_array_unref);
	abuse_head_free(head->abuse);
}

static bool head_read(struct store *store, const struct ticket *ticket,
		      struct head *head, GError **error)
{
	AUTO(customer) customer = NULL;
	AUTO(service) service = NULL;
	AUTO(staff) staff = NULL;
	AUTO(ticket) merged = NULL;

	if (ticket->customer_id != 0)
		customer = customer_get(store, ticket->customer_id, NULL);
	if (ticket->service_id != 0)
		service = service_get(store, ticket->service_id, NULL);
	if (ticket->assignee != 0)
		staff = staff_get(store, ticket->assignee, NULL);
	if (ticket->merged_into != 0)
		merged = ticket_get(store, ticket->merged_into, NULL);
	head->merged_into = g_strdup(merged != NULL ? merged->ref : "");
	head->code = g_strdup(customer != NULL ? customer->code : "");
	head->service = g_strdup(service != NULL ? service->label : "");
	head->assignee = g_strdup(staff != NULL ? staff->login : "");
	head->participants = participant_list(store, ticket->id, error);
	if (head->participants == NULL
	    || !survey_find_grade(store, ticket->id, &head->grade, error))
		return false;
	head->abuse = abuse_head_read(store, ticket->id, error);
	return head->abuse != NULL;
}

/* What the ticket waits for now; NULL: that cannot be told. */
static struct timer *find_timer(struct cli *cli, struct store *store,
				const struct ticket *ticket)
{
	const struct desk *desk = cli_desk(cli, NULL);

	return desk != NULL ? tickettimer_get(desk, store, ticket, NULL)
			    : NULL;
}

static void show_timer_json(struct cli *cli, struct store *store,
			    const struct ticket *ticket)
{
	struct output *out = cli->out;
	AUTO(timer) timer = find_timer(cli, store, ticket);

	output_text(out, "awaited",
		    timer != NULL ? timer_kind_name(timer->kind) : "");
	output_time(out, "due", timer != NULL ? timer->due : 0);
	output_flag(out, "overdue",
		    timer != NULL && timer_is_overdue(timer, clock_now()));
	output_time(out, "closes", timer != NULL ? timer->close_at : 0);
}

static void show_timer_text(struct cli *cli, struct store *store,
			    const struct ticket *ticket)
{
	struct output *out = cli->out;
	AUTO(timer) timer = find_timer(cli, store, ticket);
	g_autofree char *due = NULL;
	g_autofree char *closes = NULL;

	if (timer != NULL && timer->due > 0) {
		due = clock_dup_local(timer->due);
		output_say(out, "%s answer due: %s%s",
			   timer_kind_name(timer->kind), due,
			   timer_is_overdue(timer, clock_now()) ? ", OVERDUE"
								: "");
	}
	if (timer != NULL && timer->close_at > 0) {
		closes = clock_dup_local(timer->close_at);
		output_say(out, "closes by itself: %s", closes);
	}
}

static bool head_json(struct cli *cli, struct store *store,
		      const struct ticket *ticket, const struct head *head,
		      GError **error)
{
	bool ok;
	struct output *out = cli->out;

	output_begin(out, "ticket");
	output_text(out, "ref", ticket->ref);
	output_text(out, "subject", ticket->subject);
	output_text(out, "department", ticket->department);
	show_status(cli, ticket);
	output_text(out, "customer", ticket->customer);
	output_text(out, "customer_code", head->code);
	output_text(out, "requester", ticket->requester);
	output_text(out, "service", head->service);
	output_text(out, "assignee", head->assignee);
	output_text(out, "merged_into", head->merged_into);
	output_time(out, "created", ticket->created);
	output_time(out, "updated", ticket->updated);
	output_number(out, "grade", head->grade);
	abuse_head_json(out, head->abuse);
	show_timer_json(cli, store, ticket);
	output_array_begin(out, "participants");
	for (guint i = 0; i < head->participants->len; i++) {
		const struct participant *one = head->participants->pdata[i];

		output_object_begin(out);
		output_json_text(out, "address", one->address);
		output_json_text(out, "role",
				 participant_role_name(one->role));
		output_object_end(out);
	}
	output_array_end(out);
	ok = ticket_show_relations(cli, store, ticket, error);
	output_end(out);
	return ok;
}

static char *dup_participants(const GPtrArray *participants)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < participants->len; i++) {
		const struct participant *one = participants->pdata[i];

		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
				       one->address);
	}
	return g_string_free(text, false);
}

static bool head_text(struct cli *cli, struct store *store,
		      const struct ticket *ticket, const struct head *head,
		      GError **error)
{
	const char *language = cli->config->server.language;
	g_autofree char *people = dup_participants(head->participants);
	g_autofree char *created = clock_dup_local(ticket->created);

	output_say(cli->out, "%s  %s", ticket->ref, ticket->subject);
	output_say(cli->out, "%s | %s | %s | %s", ticket->department,
		   label_status(ticket->status, language),
		   label_priority(ticket->priority, language), created);
	output_say(cli->out, "customer: %s %s",
		   ticket->customer[0] != '\0' ? ticket->customer
					       : ticket->requester,
		   head->code);
	if (head->service[0] != '\0')
		output_say(cli->out, "service: %s", head->service);
	if (head->assignee[0] != '\0')
		output_say(cli->out, "assignee: %s", head->assignee);
	output_say(cli->out, "participants: %s", people);
	show_timer_text(cli, store, ticket);
	if (head->grade > 0)
		output_say(cli->out, "grade: %d of 5", (int)head->grade);
	abuse_head_text(cli->out, head->abuse);
	if (head->merged_into[0] != '\0')
		output_say(cli->out, "merged into: %s", head->merged_into);
	return ticket_show_relations(cli, store, ticket, error);
}

static void attachments_json(struct cli *cli, const GPtrArray *attachments)
{
	struct output *out = cli->out;

	output_array_begin(out, "attachments");
	for (guint i = 0; i < attachments->len; i++) {
		const struct attachment *one = attachments->pdata[i];

		output_object_begin(out);
		output_json_id(out, "id", one->id);
		output_json_text(out, "filename", one->filename);
		output_json_text(out, "content_type", one->content_type);
		output_json_number(out, "size", one->size);
		output_json_flag(out, "inline", one->is_inline);
		output_object_end(out);
	}
	output_array_end(out);
}

static void entry_json(struct cli *cli, const struct message *message,
		       const GPtrArray *attachments)
{
	struct output *out = cli->out;

	output_begin(out, "message");
	output_json_id(out, "id", message->id);
	output_json_text(out, "author", message_author_name(message->author));
	output_json_text(out, "address", message->address);
	output_json_text(out, "name", message->name);
	output_json_text(out, "channel", message->channel);
	output_json_text(out, "kind", message->kind);
	output_json_text(out, "message_id", message->message_id);
	output_json_text(out, "subject", message->subject);
	output_json_text(out, "text", message->text);
	output_json_text(out, "text_trimmed", message->text_trimmed);
	output_json_text(out, "auth", message->auth);
	output_json_text(out, "client_ip", message->client_ip);
	output_json_text(out, "queue_id", message->queue_id);
	output_json_time(out, "created", message->created);
	attachments_json(cli, attachments);
	output_end(out);
}

/* Terminals obey control characters; a message must not speak to one. */
static char *dup_printable(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_new(NULL);

	for (const char *p = valid; *p != '\0'; p = utf8_next(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '\n' || c == '\t' || g_unichar_isprint(c))
			g_string_append_unichar(clean, c);
		else if (c != '\r')
			g_string_append(clean, "\357\277\275");
	}
	return g_string_free(clean, false);
}

static void entry_text(struct cli *cli, const struct message *message,
		       const GPtrArray *attachments)
{
	g_autofree char *when = clock_dup_local(message->created);
	g_autofree char *name = dup_printable(message->name);
	g_autofree char *text = dup_printable(message->text_trimmed);

	output_say(cli->out, "\n--- #%" G_GINT64_FORMAT "  %s  %s %s %s",
		   message->id, when, message_author_name(message->author),
		   name, message->address);
	if (message->auth[0] != '\0')
		output_say(cli->out, "    %s", message->auth);
	output_say(cli->out, "%s", g_strchomp(text));
	for (guint i = 0; i < attachments->len; i++) {
		const struct attachment *one = attachments->pdata[i];

		output_say(cli->out,
			   "    [%s, %s, %" G_GINT64_FORMAT
			   " bytes, id %" G_GINT64_FORMAT "]",
			   one->filename, one->content_type, one->size,
			   one->id);
	}
}

static bool show_entries(struct cli *cli, struct store *store,
			 const struct ticket *ticket, GError **error)
{
	g_autoptr(GPtrArray) messages = message_list(store, ticket->id, error);

	if (messages == NULL)
		return false;
	for (guint i = 0; i < messages->len; i++) {
		const struct message *one = messages->pdata[i];
		g_autoptr(GPtrArray) attachments
			= attachment_list(store, one->id, error);

		if (attachments == NULL)
			return false;
		if (output_is_json(cli->out))
			entry_json(cli, one, attachments);
		else
			entry_text(cli, one, attachments);
	}
	return true;
}

bool ticket_run_show(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	struct head head = { 0 };
	bool ok;

	if (store == NULL)
		return false;
	AUTO(ticket) ticket = ticket_find(cli, store, arguments[0], error);
	if (ticket == NULL)
		return false;
	ok = head_read(store, ticket, &head, error);
	if (ok) {
		ok = (output_is_json(cli->out) ? head_json : head_text)(
			     cli, store, ticket, &head, error)
		     && show_entries(cli, store, ticket, error);
	}
	head_clear(&head);
	return ok;
}

/* --- attachment save ---------------------------------------------------------- */

/* Never over a file that is there, never through a link. */
static bool write_new(const char *path, GBytes *data, GError **error)
{
	size_t left;
	const char *at = g_bytes_get_data(data, &left);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		      0640);

	if (fd < 0) {
		error_set_errno(error,
				errno == EEXIST ? PORTARIA_ERROR_CONFLICT
						: PORTARIA_ERROR_DENIED,
				errno, "%s", path);
		return false;
	}
	while (left > 0) {
		ssize_t n = write(fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
					"%s", path);
			close(fd);
			return false;
		}
		at += n;
		left -= (size_t)n;
	}
	return close(fd) == 0;
}

static bool save(struct cli *cli, struct store *store,
		 const struct attachment *attachment, GError **error)
{
	g_autofree char *path
		= g_build_filename(opt.dir != NULL ? opt.dir : ".",
				   attachment->filename, NULL);
	g_autoptr(GBytes) data = blob_get(store, attachment->blob, error);

	if (data == NULL || !write_new(path, data, error))
		return false;
	output_begin(cli->out, "saved");
	output_id(cli->out, "id", attachment->id);
	output_text(cli->out, "path", path);
	output_number(cli->out, "size", attachment->size);
	output_end(cli->out);
	return true;
}

static bool save_of_message(struct cli *cli, struct store *store,
			    gint64 message_id, gint64 wanted, GError **error)
{
	g_autoptr(GPtrArray) all = attachment_list(store, message_id, error);

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct attachment *one = all->pdata[i];

		if ((wanted == 0 || one->id == wanted)
		    && !save(cli, store, one, error))
			return false;
	}
	return all != NULL;
}

bool ticket_run_attachment(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) messages = NULL;
	gint64 wanted = 0;

	if (strcmp(arguments[0], "save") != 0)
		return cli_usage(error, "attachment save REF");
	if (store == NULL
	    || (opt.id != NULL && !cli_parse_id(opt.id, &wanted, error)))
		return false;
	AUTO(ticket)
	ticket = ticket_find_current(cli, store, arguments[1], error);
	if (ticket == NULL)
		return false;
	messages = message_list(store, ticket->id, error);
	for (guint i = 0; messages != NULL && i < messages->len; i++) {
		const struct message *one = messages->pdata[i];

		if (!save_of_message(cli, store, one->id, wanted, error))
			return false;
	}
	return messages != NULL && output_rows(cli->out) > 0;
}

/* --- raw ---------------------------------------------------------------------- */

/* The wanted message, or the first that has original bytes. */
static const struct message *find_raw(const GPtrArray *messages, gint64 wanted)
{
	for (guint i = 0; i < messages->len; i++) {
		const struct message *one = messages->pdata[i];

		if ((wanted == 0 && one->raw[0] != '\0')
		    || one->id == wanted)
			return one;
	}
	return NULL;
}

bool ticket_run_raw(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) messages = NULL;
	g_autoptr(GBytes) raw = NULL;
	const struct message *message;
	gint64 wanted = 0;

	if (store == NULL
	    || (opt.message != NULL
		&& !cli_parse_id(opt.message, &wanted, error)))
		return false;
	AUTO(ticket)
	ticket = ticket_find_current(cli, store, arguments[0], error);
	if (ticket == NULL)
		return false;
	messages = message_list(store, ticket->id, error);
	if (messages == NULL)
		return false;
	message = find_raw(messages, wanted);
	if (message == NULL || message->raw[0] == '\0') {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
			    "%s: no such message with original bytes",
			    ticket->ref);
		return false;
	}
	raw = blob_get(store, message->raw, error);
	return raw != NULL && cli_write_bytes(raw, error);
}
