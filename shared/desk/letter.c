/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * letter.c - one mail to one person, as an outbox row
 *
 * Attachments that would make a mail larger than LETTER_ATTACHMENTS_MAX are
 * named in it instead; everything is in the ticket anyway.
 */
#include "desk/letter.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "desk/labels.h"
#include "desk/lookup.h"
#include "desk/signed.h"
#include "mail/automatic.h"
#include "store/customer.h"

#include <string.h>

#define SHOWN_NAMES_MAX 20 /* of attachments left out */

/* --- loop brakes ----------------------------------------------------------- */

/* An address of ours would send our own mail round and round. */
static bool is_own(struct store *store, const char *address, bool *ret_own,
		   GError **error)
{
	GError *local = NULL;
	g_autofree char *base = NULL;
	g_autofree char *extension = NULL;

	address_split_extension(address, &base, &extension);
	AUTO(department)
	department = department_by_address(store, base, &local);
	if (department == NULL && !lookup_is_absent(local, error))
		return false;
	*ret_own = department != NULL;
	return true;
}

/* An address that bounced for good gets no more automatic mail. */
static bool is_bounced(struct store *store, const char *address,
		       bool *ret_bounced, GError **error)
{
	GError *local = NULL;
	AUTO(contact) contact = contact_find(store, address, &local);

	if (contact == NULL && !lookup_is_absent(local, error))
		return false;
	*ret_bounced = contact != NULL && contact->bounced != 0;
	return true;
}

static bool is_window_full(const struct desk *desk, struct store *store,
			   const struct letter *letter, bool *ret_full,
			   GError **error)
{
	const struct config_notifier *config = &desk_get_config(desk)->notifier;
	gint64 since = clock_now()
		       - (gint64)config->ack_window_seconds * CLOCK_SECOND;
	gint64 count;

	if (!outbox_count_since(store, letter->kind, letter->address, since,
				&count, error))
		return false;
	*ret_full = (guint64)count >= config->ack_window_max;
	return true;
}

/* A person's answer passes all brakes but that for our own addresses. */
static bool letter_may_go(const struct desk *desk, struct store *store,
			  const struct letter *letter, bool *ret_may,
			  GError **error)
{
	bool automatic = letter->automatic != COMPOSE_HUMAN;
	bool stop = letter->address[0] == '\0'
		    || (automatic && automatic_is_robot(letter->address));

	if (!stop && !is_own(store, letter->address, &stop, error))
		return false;
	if (!stop && automatic
	    && !is_bounced(store, letter->address, &stop, error))
		return false;
	if (!stop
	    && (letter->windowed || letter->automatic == COMPOSE_REPLIED)
	    && !is_window_full(desk, store, letter, &stop, error))
		return false;
	*ret_may = !stop;
	return true;
}

/* --- what is in it ---------------------------------------------------------- */

/* The language that the template will be in (desk_get_template). */
static const char *letter_language(const struct desk *desk,
				   const struct letter *letter)
{
	const char *const order[] = { letter->language,
				      letter->department->language };

	for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
		if (order[i] != NULL && order[i][0] != '\0')
			return order[i];
	}
	return desk_get_config(desk)->server.language;
}

/* Message-ID of the reader's last message in the ticket, NULL if none. */
static bool find_in_reply_to(struct store *store, const struct letter *letter,
			     char **ret_id, GError **error)
{
	GError *local = NULL;

	*ret_id = NULL;
	if (letter->ticket == NULL)
		return true;
	AUTO(message)
	last = message_last_of(store, letter->ticket->id, letter->address,
			       &local);
	if (last == NULL && !lookup_is_absent(local, error))
		return false;
	if (last != NULL && last->message_id[0] != '\0')
		*ret_id = g_strdup(last->message_id);
	return true;
}

static char *dup_service_label(struct store *store, const struct ticket *ticket,
			       const char *language)
{
	AUTO(service) service = NULL;

	if (ticket != NULL && ticket->service_id != 0)
		service = service_get(store, ticket->service_id, NULL);
	if (service == NULL)
		return g_strdup(label_none(language));
	if (service->domain[0] == '\0')
		return g_strdup(service->label);
	return g_strdup_printf("%s (%s)", service->label, service->domain);
}

/* The trimmed text, unless trimming left nothing. */
static const char *message_shown_text(const struct message *message)
{
	if (message == NULL)
		return "";
	return message->text_trimmed[0] != '\0' ? message->text_trimmed
						: message->text;
}

/* {{notice}}: a line for each remark. NULL: nothing to say. */
static char *dup_notice(const struct letter *letter, const char *language)
{
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < letter->n_remarks; i++) {
		const struct notify_remark *one = &letter->remarks[i];

		g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "",
				       phrase_get(one->phrase, language));
		if (one->value != NULL)
			g_string_append_printf(out, " %s", one->value);
	}
	if (letter->detail != NULL)
		g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "",
				       letter->detail);
	return g_string_free(out, false);
}

/* {{text}}, and the names of attachments that are not there. */
static char *dup_text(const struct letter *letter, const char *left_out,
		      const char *language)
{
	const char *text = message_shown_text(letter->message);

	if (left_out[0] == '\0')
		return g_strdup(text);
	return g_strdup_printf("%s\n\n[%s %s]", text,
			       phrase_get(PHRASE_LEFT_OUT, language), left_out);
}

/* "2026-11-29 16:20": until when a held message waits. */
static char *dup_deadline(const struct desk *desk, const struct held *held)
{
	const struct config_notifier *config = &desk_get_config(desk)->notifier;

	if (held == NULL)
		return g_strdup("");
	return clock_dup_local(held->created
			       + (gint64)config->hold_seconds * CLOCK_SECOND);
}

static const char *letter_sender(const struct letter *letter)
{
	if (letter->held != NULL)
		return letter->held->address;
	return letter->message != NULL ? letter->message->address : "";
}

static void letter_fill(const struct desk *desk, struct store *store,
			const struct letter *letter, const char *left_out,
			char **ret_subject, char **ret_text)
{
	const struct config_server *server = &desk_get_config(desk)->server;
	const struct ticket *ticket = letter->ticket;
	const char *language = letter_language(desk, letter);
	const char *name = letter->template_name != NULL ? letter->template_name
							 : letter->kind;
	g_autofree char *service = dup_service_label(store, ticket, language);
	g_autofree char *deadline = dup_deadline(desk, letter->held);
	g_autofree char *notice = dup_notice(letter, language);
	g_autofree char *text = dup_text(letter, left_out, language);
	const struct template_value values[] = {
		{ "brand", server->brand },
		{ "department", letter->department->title },
		{ "ref", ticket ? ticket->ref : "" },
		{ "subject", ticket ? ticket->subject : letter->held->subject },
		{ "name", letter->name },
		{ "author", letter->message ? letter->message->name : "" },
		{ "text", text },
		{ "status",
		  ticket ? label_status(ticket->status, language) : "" },
		{ "priority",
		  ticket ? label_priority(ticket->priority, language) : "" },
		{ "service", service },
		{ "help", server->help },
		{ "notice", notice },
		{ "sender", letter_sender(letter) },
		{ "deadline", deadline },
		{ NULL, NULL },
	};

	template_fill(desk_get_template(desk, name, letter->language,
					letter->department->language),
		      values, ret_subject, ret_text);
}

/* Plain paragraphs: readable everywhere, nothing to sanitise. */
static char *dup_simple_html(const char *text)
{
	g_autofree char *escaped = g_markup_escape_text(text, -1);
	g_auto(GStrv) lines = g_strsplit(escaped, "\n", -1);
	g_autofree char *joined = g_strjoinv("<br>\n", lines);

	return g_strdup_printf("<!DOCTYPE html>\n<html><body>\n%s\n"
			       "</body></html>\n",
			       joined);
}

/* As many attachments as fit, in order; *ret_left_out names the others. */
static GArray *letter_parts(const struct letter *letter, char **ret_left_out)
{
	GArray *parts = g_array_new(false, false, sizeof(struct compose_part));
	GString *names = g_string_new(NULL);
	guint left_out = 0;
	gsize total = 0;

	for (guint i = 0; letter->parts != NULL && i < letter->parts->len;
	     i++) {
		const struct mail_part *part = letter->parts->pdata[i];
		const struct compose_part out = {
			.filename = part->filename,
			.content_type = part->content_type,
			.content_id = part->content_id,
			.data = part->data,
		};
		gsize size = g_bytes_get_size(part->data);

		if (size <= LETTER_ATTACHMENTS_MAX - total) {
			total += size;
			g_array_append_val(parts, out);
		} else if (++left_out <= SHOWN_NAMES_MAX) {
			g_string_append_printf(names, "%s%s",
					       left_out > 1 ? ", " : "",
					       part->filename);
		}
	}
	if (left_out > SHOWN_NAMES_MAX)
		g_string_append_printf(names, ", +%u",
				       left_out - SHOWN_NAMES_MAX);
	*ret_left_out = g_string_free(names, false);
	return parts;
}

/* An id that every mail about a ticket refers to, so that mail programs keep
 * them together; it names no message. */
static char *dup_ticket_reference(const struct desk *desk,
				  const struct ticket *ticket)
{
	return g_strdup_printf("<%s.ticket@%s>", ticket->ref,
			       desk_get_config(desk)->server.hostname);
}

static char *dup_reply_address(const struct desk *desk,
			       const struct letter *letter)
{
	const char *from = letter->department->addresses[0];

	if (letter->ticket != NULL)
		return signed_reply_address(desk, from, letter->ticket->ref);
	/* Only the registered address may confirm. */
	if (strcmp(letter->kind, "hold_confirm") == 0)
		return signed_confirm_address(desk, from, letter->held->id);
	return g_strdup(from);
}

static GBytes *letter_compose(const struct desk *desk, struct store *store,
			      const struct letter *letter, struct outbox *row,
			      GError **error)
{
	const struct department *department = letter->department;
	g_autofree char *in_reply_to = NULL;
	g_autofree char *thread = NULL;
	g_autofree char *reply_to = dup_reply_address(desk, letter);
	g_autofree char *from_name
		= g_strdup_printf("%s - %s", department->title,
				  desk_get_config(desk)->server.brand);
	g_autofree char *subject = NULL;
	g_autofree char *text = NULL;
	g_autofree char *html = NULL;
	g_autofree char *left_out = NULL;
	g_autoptr(GArray) parts = letter_parts(letter, &left_out);
	const char *to[] = { letter->address, NULL };
	const char *references[3] = { NULL };

	if (!find_in_reply_to(store, letter, &in_reply_to, error))
		return NULL;
	if (letter->ticket != NULL)
		thread = dup_ticket_reference(desk, letter->ticket);
	references[0] = thread;
	references[1] = in_reply_to;
	letter_fill(desk, store, letter, left_out, &subject, &text);
	if (department->html)
		html = dup_simple_html(text);
	g_free(row->subject);
	row->subject = g_strdup(subject);

	const struct compose compose = {
		.from_name = from_name,
		.from_address = department->addresses[0],
		.to = to,
		.cc = letter->cc,
		.reply_to = reply_to,
		.subject = subject,
		.message_id = row->header_id,
		.in_reply_to = in_reply_to,
		.references = thread != NULL ? references : NULL,
		.date = clock_now(),
		.automatic = letter->automatic,
		.ticket_ref = letter->ticket ? letter->ticket->ref : NULL,
		.text = text,
		.html = html,
		.parts = (const struct compose_part *)(void *)parts->data,
		.n_parts = parts->len,
	};
	return compose_message(&compose, error);
}

static void set(char **where, char *value)
{
	g_free(*where);
	*where = value;
}

/* --- the row ------------------------------------------------------------------ */

bool letter_post(const struct desk *desk, struct store *store,
			const struct letter *letter, GError **error)
{
	const char *ref = letter->ticket ? letter->ticket->ref : "";
	gint64 entry = letter->message ? letter->message->id : 0;
	bool may;

	if (!letter_may_go(desk, store, letter, &may, error))
		return false;
	if (!may)
		return true;

	AUTO(outbox) row = outbox_new();
	row->id = id_new();
	row->ticket_id = letter->ticket ? letter->ticket->id : 0;
	row->message_id = entry;
	set(&row->kind, g_strdup(letter->kind));
	set(&row->recipient, g_strdup(letter->address));
	set(&row->header_id, signed_message_id(desk, ref, entry, row->id));
	/* RFC 3834 section 4: automatic mail has a null return path. */
	set(&row->sender,
	    letter->automatic == COMPOSE_HUMAN
		    ? signed_bounce_address(
			      desk, letter->department->addresses[0], row->id)
		    : g_strdup(""));
	row->bytes = letter_compose(desk, store, letter, row, error);
	return row->bytes != NULL && outbox_insert(store, row, error);
}
