/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.c - which mails an event causes, as outbox rows
 *
 * Every mail goes the same way: a struct letter says what and to whom,
 * letter_post() asks the loop brakes, makes the signed ids, fills the
 * template, composes and inserts the row. Attachments that would make a
 * message larger than ATTACHMENTS_MAX are named in the panel's and the
 * command's view, not sent.
 */
#include "desk/notify.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "desk/labels.h"
#include "desk/signed.h"
#include "mail/compose.h"
#include "store/customer.h"

#include <string.h>

#define ATTACHMENTS_MAX (20 * MIB)

/* One mail to one person; borrowed. */
struct letter {
	const char *kind;     /* outbox kind, and the template's name */
	const char *address;
	const char *name;
	const char *language; /* of the reader, "" if unknown */
	const struct department *department;
	const struct ticket *ticket;   /* NULL: about a held message */
	const struct held *held;       /* NULL: about a ticket */
	const struct message *message; /* NULL if none */
	const GPtrArray *parts;        /* struct mail_part, or NULL */
	const char *const *cc;
	enum compose_auto automatic;
	const char *notice;
};

static bool is_not_found(const GError *error)
{
	return g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND);
}

/* Addresses that no program should write to: answering them starts loops. */
static bool is_machine(const char *address)
{
	static const char *const prefixes[] = { "mailer-daemon@", "postmaster@",
						"noreply", "no-reply",
						"nao-responda", NULL };

	for (size_t i = 0; prefixes[i] != NULL; i++) {
		if (g_str_has_prefix(address, prefixes[i]))
			return true;
	}
	return false;
}

/* An address of ours would send our own mail round and round. */
static bool is_own(struct store *store, const char *address, bool *ret_own,
		   GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *base = NULL;
	g_autofree char *extension = NULL;

	address_split_extension(address, &base, &extension);
	AUTO(department)
	department = department_by_address(store, base, &problem);
	if (department == NULL && !is_not_found(problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	*ret_own = department != NULL;
	return true;
}

/* An address that bounced for good gets no more automatic mail. */
static bool is_bounced(struct store *store, const char *address,
		       bool *ret_bounced, GError **error)
{
	g_autoptr(GError) problem = NULL;
	AUTO(contact) contact = contact_by_address(store, address, &problem);

	if (contact == NULL && !is_not_found(problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
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

/* The loop brakes; a person's answer passes all but our own addresses. */
static bool letter_may_go(const struct desk *desk, struct store *store,
			  const struct letter *letter, bool *ret_may,
			  GError **error)
{
	bool stop = letter->address[0] == '\0';

	if (!stop && !is_own(store, letter->address, &stop, error))
		return false;
	if (letter->automatic != COMPOSE_HUMAN) {
		stop = stop || is_machine(letter->address);
		if (!stop && !is_bounced(store, letter->address, &stop, error))
			return false;
	}
	if (!stop && letter->automatic == COMPOSE_REPLIED
	    && !is_window_full(desk, store, letter, &stop, error))
		return false;
	*ret_may = !stop;
	return true;
}

/* Message-ID of the reader's last message in the ticket, NULL if none. */
static bool find_in_reply_to(struct store *store, const struct letter *letter,
			     char **ret_id, GError **error)
{
	g_autoptr(GError) problem = NULL;

	*ret_id = NULL;
	if (letter->ticket == NULL)
		return true;
	AUTO(message)
	last = message_last_of(store, letter->ticket->id, letter->address,
			       &problem);
	if (last == NULL && !is_not_found(problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
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

static void letter_fill(const struct desk *desk, struct store *store,
			const struct letter *letter, const char *language,
			char **ret_subject, char **ret_text)
{
	const struct config_server *server = &desk_get_config(desk)->server;
	const struct ticket *ticket = letter->ticket;
	const struct held *held = letter->held;
	g_autofree char *service = dup_service_label(store, ticket, language);
	gint64 until = held == NULL ? 0
				    : held->created
					      + (gint64)desk_get_config(desk)
							->notifier.hold_seconds
							* CLOCK_SECOND;
	g_autofree char *deadline = clock_dup_local(until);
	const struct template_value values[] = {
		{ "brand", server->brand },
		{ "department", letter->department->title },
		{ "ref", ticket ? ticket->ref : "" },
		{ "subject", ticket ? ticket->subject : held->subject },
		{ "name", letter->name },
		{ "author", letter->message ? letter->message->name : "" },
		{ "text", message_shown_text(letter->message) },
		{ "status",
		  ticket ? label_status(ticket->status, language) : "" },
		{ "priority",
		  ticket ? label_priority(ticket->priority, language) : "" },
		{ "service", service },
		{ "help", server->help },
		{ "notice", letter->notice ? letter->notice : "" },
		{ "sender", held ? held->address
				 : (letter->message ? letter->message->address
						    : "") },
		{ "deadline", held ? deadline : "" },
		{ "quote", "" },
		{ NULL, NULL },
	};

	template_fill(desk_get_template(desk, letter->kind, letter->language,
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

/* As many attachments as fit, in order. */
static GArray *letter_parts(const struct letter *letter)
{
	GArray *parts = g_array_new(false, false, sizeof(struct compose_part));
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

		total += g_bytes_get_size(part->data);
		if (total <= ATTACHMENTS_MAX)
			g_array_append_val(parts, out);
	}
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
	g_autoptr(GArray) parts = letter_parts(letter);
	const char *to[] = { letter->address, NULL };
	const char *references[3] = { NULL };

	if (!find_in_reply_to(store, letter, &in_reply_to, error))
		return NULL;
	if (letter->ticket != NULL)
		thread = dup_ticket_reference(desk, letter->ticket);
	references[0] = thread;
	references[1] = in_reply_to;
	letter_fill(desk, store, letter, letter->language, &subject, &text);
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

/* Posts one letter, unless a brake holds it back. */
static bool letter_post(const struct desk *desk, struct store *store,
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

/* The ticket's department and its customer's language. */
static struct department *ticket_context(struct store *store,
					 const struct ticket *ticket,
					 char **ret_language, GError **error)
{
	struct department *department
		= department_get(store, ticket->department_id, error);

	if (department == NULL)
		return NULL;
	*ret_language = g_strdup("");
	if (ticket->customer_id != 0) {
		AUTO(customer)
		customer = customer_get(store, ticket->customer_id, NULL);
		if (customer != NULL)
			set(ret_language, g_strdup(customer->language));
	}
	return department;
}

/* The other people who get the same text, for Cc. */
static GPtrArray *others(const GPtrArray *participants, const char *address)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < participants->len; i++) {
		const struct participant *one = participants->pdata[i];

		if (strcmp(one->address, address) != 0)
			g_ptr_array_add(list, one->address);
	}
	g_ptr_array_add(list, NULL);
	return list;
}

/* letter_post() for each participant; `letter` has all but the person. */
static bool post_to_participants(const struct desk *desk, struct store *store,
				 struct letter letter, bool show_others,
				 GError **error)
{
	g_autoptr(GPtrArray) participants
		= participant_list(store, letter.ticket->id, error);

	if (participants == NULL)
		return false;
	for (guint i = 0; i < participants->len; i++) {
		const struct participant *one = participants->pdata[i];
		g_autoptr(GPtrArray) cc = others(participants, one->address);

		letter.address = one->address;
		letter.name = one->name;
		letter.cc = show_others
				    ? (const char *const *)(void *)cc->pdata
				    : NULL;
		if (!letter_post(desk, store, &letter, error))
			return false;
	}
	return true;
}

static bool post_to_staff(const struct desk *desk, struct store *store,
			  struct letter letter, const char *except,
			  GError **error)
{
	g_autoptr(GPtrArray) staff
		= staff_of_department(store, letter.department->id, error);

	if (staff == NULL)
		return false;
	for (guint i = 0; i < staff->len; i++) {
		const struct staff *one = staff->pdata[i];

		if (except != NULL && strcmp(one->address, except) == 0)
			continue;
		letter.address = one->address;
		letter.name = one->name;
		letter.language = one->language;
		if (!letter_post(desk, store, &letter, error))
			return false;
	}
	return true;
}

/* The author gets "ack", everybody else who takes part "ack_contact". */
static bool post_acknowledgements(const struct desk *desk, struct store *store,
				  struct letter letter, bool proven,
				  GError **error)
{
	g_autoptr(GPtrArray) participants
		= participant_list(store, letter.ticket->id, error);

	if (participants == NULL)
		return false;
	for (guint i = 0; i < participants->len; i++) {
		const struct participant *one = participants->pdata[i];
		bool author = strcmp(one->address, letter.message->address)
			      == 0;

		/* An unproven stranger may be anybody's forged address. */
		if (one->role == PARTICIPANT_REPORTER && !proven)
			continue;
		letter.kind = author ? "ack" : "ack_contact";
		letter.address = one->address;
		letter.name = one->name;
		if (!letter_post(desk, store, &letter, error))
			return false;
	}
	return true;
}

bool notify_customer_message(const struct desk *desk, struct store *store,
			     const struct notify_message *what, bool created,
			     GError **error)
{
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, what->ticket, &language, error);
	if (department == NULL)
		return false;

	struct letter letter = {
		.language = language,
		.department = department,
		.ticket = what->ticket,
		.message = what->message,
		.automatic = COMPOSE_REPLIED,
	};
	if (created && department->acknowledge
	    && !mail_kind_is_automatic(what->kind)
	    && !post_acknowledgements(desk, store, letter, what->proven,
				      error))
		return false;
	letter.kind = created ? "notice_new" : "notice_reply";
	letter.automatic = COMPOSE_GENERATED;
	letter.parts = what->parts;
	return post_to_staff(desk, store, letter, what->message->address,
			     error);
}

bool notify_staff_reply(const struct desk *desk, struct store *store,
			const struct notify_message *what, GError **error)
{
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, what->ticket, &language, error);
	if (department == NULL)
		return false;

	const struct letter letter = {
		.kind = "reply",
		.language = language,
		.department = department,
		.ticket = what->ticket,
		.message = what->message,
		.parts = what->parts,
		.automatic = COMPOSE_HUMAN,
	};
	return post_to_participants(desk, store, letter, true, error);
}

bool notify_closed(const struct desk *desk, struct store *store,
		   const struct ticket *ticket, GError **error)
{
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, ticket, &language, error);
	if (department == NULL)
		return false;

	const struct letter letter = {
		.kind = "closed",
		.language = language,
		.department = department,
		.ticket = ticket,
		.automatic = COMPOSE_GENERATED,
	};
	return post_to_participants(desk, store, letter, false, error);
}

/* Only a registered address is asked: a hold tells strangers nothing. */
static bool post_confirmation(const struct desk *desk, struct store *store,
			      struct letter letter, GError **error)
{
	g_autoptr(GError) problem = NULL;
	AUTO(contact)
	contact = contact_by_address(store, letter.held->address, &problem);
	if (contact == NULL) {
		if (is_not_found(problem))
			return true;
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	AUTO(customer)
	customer = customer_get(store, contact->customer_id, error);
	if (customer == NULL)
		return false;
	letter.kind = "hold_confirm";
	letter.address = contact->address;
	letter.name = contact->name;
	letter.language = customer->language;
	return letter_post(desk, store, &letter, error);
}

bool notify_held(const struct desk *desk, struct store *store,
		 const struct held *held, GError **error)
{
	AUTO(department)
	department = department_get(store, held->department_id, error);
	if (department == NULL)
		return false;

	struct letter letter = {
		.language = "",
		.department = department,
		.held = held,
		.notice = held->reason,
		.automatic = COMPOSE_GENERATED,
	};
	if (!post_confirmation(desk, store, letter, error))
		return false;
	letter.kind = "hold_notice";
	return post_to_staff(desk, store, letter, NULL, error);
}

bool notify_bounced(const struct desk *desk, struct store *store,
		    const struct ticket *ticket, const char *address,
		    const char *why, GError **error)
{
	g_autofree char *language = NULL;
	g_autofree char *notice = g_strdup_printf("%s: %s", address, why);
	AUTO(department)
	department = ticket_context(store, ticket, &language, error);
	if (department == NULL)
		return false;

	const struct letter letter = {
		.kind = "notice_bounce",
		.department = department,
		.ticket = ticket,
		.automatic = COMPOSE_GENERATED,
		.notice = notice,
	};
	return post_to_staff(desk, store, letter, address, error);
}
