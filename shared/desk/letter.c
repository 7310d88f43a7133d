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
#include "desk/brakes.h"
#include "desk/conversation.h"
#include "desk/gradelinks.h"
#include "desk/labels.h"
#include "desk/letter_images.h"
#include "desk/letter_thread.h"
#include "desk/lookup.h"
#include "desk/signed.h"
#include "mail/automatic.h"
#include "store/customer.h"
#include "store/undeliverable.h"

#include <string.h>

#define SHOWN_NAMES_MAX 20 /* of attachments left out */

/* --- the reader -------------------------------------------------------------- */

/* Whom a letter is for, as the registry knows the address. */
struct reader {
	char *language; /* that the text will be in */
	GTimeZone *zone;
};

static void reader_clear(struct reader *reader)
{
	g_free(reader->language);
	g_clear_pointer(&reader->zone, g_time_zone_unref);
}
typedef struct reader reader_t;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(reader_t, reader_clear)

/* The first that is not empty. */
static const char *first_of(const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (texts[i] != NULL && texts[i][0] != '\0')
			return texts[i];
	}
	return "";
}

/* One of them may have been taken away from the system's database since. */
static GTimeZone *find_zone(const char *const *names, size_t count)
{
	GTimeZone *zone = NULL;

	for (size_t i = 0; zone == NULL && i < count; i++) {
		if (names[i] != NULL && names[i][0] != '\0')
			zone = g_time_zone_new_identifier(names[i]);
	}
	return zone != NULL ? zone : g_time_zone_new_local();
}

/* *ret_contact and *ret_customer NULL: the address is no contact's. */
static bool find_contact(struct store *store, const char *address,
			 struct contact **ret_contact,
			 struct customer **ret_customer, GError **error)
{
	GError *local = NULL;
	AUTO(contact) contact = contact_find(store, address, &local);
	AUTO(customer) customer = NULL;

	if (contact == NULL)
		return lookup_is_absent(local, error);
	customer = customer_get(store, contact->customer_id, error);
	if (customer == NULL)
		return false;
	*ret_contact = g_steal_pointer(&contact);
	*ret_customer = g_steal_pointer(&customer);
	return true;
}

/* Language: the person's, the customer's, the department's, the site's; the
 * hour in the same order. */
static bool reader_find(const struct desk *desk, struct store *store,
			const struct letter *letter, struct reader *ret_reader,
			GError **error)
{
	const struct config_server *server = &desk_get_config(desk)->server;
	AUTO(contact) contact = NULL;
	AUTO(customer) customer = NULL;

	if (!find_contact(store, letter->address, &contact, &customer, error))
		return false;

	const char *const languages[] = {
		letter->force_language,
		contact != NULL ? contact->language : NULL,
		customer != NULL ? customer->language : NULL,
		letter->language,
		letter->department->language,
		server->language,
	};
	const char *const zones[] = {
		customer != NULL ? customer->time_zone : NULL,
		letter->department->time_zone,
		server->time_zone,
	};
	ret_reader->language
		= g_strdup(first_of(languages, G_N_ELEMENTS(languages)));
	ret_reader->zone = find_zone(zones, G_N_ELEMENTS(zones));
	return true;
}

/* --- what keeps a letter back ------------------------------------------------ */

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

/* Why a letter is not sent. Nothing is written down unless `shown`. */
struct stop {
	bool stop;
	bool shown; /* a cancelled row and an event say why */
	bool told;  /* the author of the letter learns of it, too */
	char *why;
};

/* An address that failed for good gets no more mail. What a person wrote is
 * shown each time, since somebody waits for it. */
static bool stop_undeliverable(struct store *store, const struct letter *letter,
			       struct stop *stop, GError **error)
{
	GError *local = NULL;
	AUTO(undeliverable)
	row = undeliverable_get(store, letter->address, &local);

	if (row == NULL)
		return lookup_is_absent(local, error);
	stop->stop = true;
	stop->shown = stop->told = letter->automatic == COMPOSE_HUMAN;
	stop->why = g_strdup_printf("%s: %s%s%s", letter->address, row->status,
				    row->status[0] != '\0' ? " " : "",
				    row->why);
	return true;
}

static bool is_braked(const struct letter *letter)
{
	return letter->windowed || letter->automatic == COMPOSE_REPLIED;
}

static bool stop_loop(const struct desk *desk, struct store *store,
		      const struct letter *letter, struct stop *stop,
		      GError **error)
{
	const struct brakes_letter counted = {
		.kind = letter->kind,
		.address = letter->address,
		.ticket_id = letter->ticket != NULL ? letter->ticket->id : 0,
	};
	struct brakes_answer answer = { 0 };

	if (!is_braked(letter))
		return true;
	if (!brakes_ask(desk, store, &counted, &answer, error))
		return false;
	stop->stop = answer.stop;
	stop->shown = answer.first;
	stop->why = answer.why;
	return true;
}

/* A person's answer passes all but the brakes for our own addresses and for
 * those that mail does not reach. */
static bool find_stop(const struct desk *desk, struct store *store,
		      const struct letter *letter, struct stop *stop,
		      GError **error)
{
	bool automatic = letter->automatic != COMPOSE_HUMAN;

	stop->stop = letter->address[0] == '\0'
		     || (automatic && automatic_is_robot(letter->address));
	return (stop->stop
		|| is_own(store, letter->address, &stop->stop, error))
	       && (stop->stop
		   || stop_undeliverable(store, letter, stop, error))
	       && (stop->stop || stop_loop(desk, store, letter, stop, error));
}

/* --- what is in it ---------------------------------------------------------- */

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

/* Until when a held message waits. */
static char *dup_deadline(const struct desk *desk, const struct held *held,
			  const struct reader *reader)
{
	const struct config_notifier *config = &desk_get_config(desk)->notifier;

	if (held == NULL)
		return g_strdup("");
	return label_dup_time(held->created
				      + (gint64)config->hold_seconds
						* CLOCK_SECOND,
			      reader->language, reader->zone);
}

static char *dup_opened(const struct ticket *ticket,
			const struct reader *reader)
{
	if (ticket == NULL)
		return g_strdup("");
	return label_dup_time(ticket->created, reader->language, reader->zone);
}

/* Never empty: mail without an author is possible. */
static const char *letter_sender(const struct letter *letter,
				 const char *language)
{
	const char *sender = "";

	if (letter->held != NULL)
		sender = letter->held->address;
	else if (letter->message != NULL)
		sender = letter->message->address;
	return sender[0] != '\0' ? sender
				 : phrase_get(PHRASE_NO_SENDER, language);
}

static const char *letter_subject(const struct letter *letter,
				  const char *language)
{
	const char *subject = letter->ticket != NULL ? letter->ticket->subject
						     : letter->held->subject;

	return subject[0] != '\0' ? subject
				  : phrase_get(PHRASE_NO_SUBJECT, language);
}

/* The words of a letter. */
struct letter_text {
	char *left_out; /* names of attachments that are not in it, "" */
	char *subject;
	char *body;
};

static void letter_text_clear(struct letter_text *text)
{
	g_free(text->left_out);
	g_free(text->subject);
	g_free(text->body);
}
typedef struct letter_text letter_text_t;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(letter_text_t, letter_text_clear)

/* No answer joins it any more. */
static bool is_ended(const struct ticket *ticket)
{
	return ticket != NULL && ticket->status == TICKET_CLOSED;
}

static bool letter_fill(const struct desk *desk, struct store *store,
			const struct letter *letter,
			const struct reader *reader,
			struct letter_text *ret_text, GError **error)
{
	const struct config_server *server = &desk_get_config(desk)->server;
	const struct ticket *ticket = letter->ticket;
	const char *language = reader->language;
	const char *name = letter->template_name != NULL ? letter->template_name
							 : letter->kind;
	const struct template *template
		= desk_get_template(desk, name, language, NULL);
	g_autofree char *service = dup_service_label(store, ticket, language);
	g_autofree char *deadline = dup_deadline(desk, letter->held, reader);
	g_autofree char *opened = dup_opened(ticket, reader);
	g_autofree char *notice = dup_notice(letter, language);
	g_autofree char *text = dup_text(letter, ret_text->left_out, language);
	g_autofree char *grades = gradelinks_dup(desk, letter, language);
	const struct template_value values[] = {
		{ "brand", server->brand },
		{ "department", letter->department->title },
		{ "ref", ticket ? ticket->ref : "" },
		{ "subject", letter_subject(letter, language) },
		{ "name", letter->name },
		{ "author", letter->message ? letter->message->name : "" },
		{ "text", text },
		{ "status",
		  ticket ? label_status(ticket->status, language) : "" },
		{ "priority",
		  ticket ? label_priority(ticket->priority, language) : "" },
		{ "service", service },
		{ "alive", is_ended(ticket) ? "" : "1" },
		{ "ended", is_ended(ticket) ? "1" : "" },
		{ "help", server->help },
		{ "notice", notice },
		{ "sender", letter_sender(letter, language) },
		{ "deadline", deadline },
		{ "opened", opened },
		{ "grades", grades },
		{ "facts", letter->facts != NULL ? letter->facts : "" },
		{ NULL, NULL },
	};

	if (template == NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
			    "no text is called %s", name);
		return false;
	}
	template_fill(template, values, &ret_text->subject, &ret_text->body);
	return true;
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

static char *dup_reply_address(const struct desk *desk,
			       const struct letter *letter)
{
	const char *from = letter->department->addresses[0];

	if (letter->survey_id != 0)
		return signed_grade_address(desk, from, letter->survey_id, 0);
	if (letter->ticket != NULL)
		return signed_reply_address(desk, from, letter->ticket->ref);
	/* Only the registered address may confirm. */
	if (strcmp(letter->kind, "hold_confirm") == 0)
		return signed_confirm_address(desk, from, letter->held->id);
	return g_strdup(from);
}

/* What the parts of a letter are made from. */
struct making {
	const struct desk *desk;
	const struct letter *letter;
	const struct letter_text *text;
	const struct letter_thread *thread;
	const GArray *parts; /* struct compose_part */
};

static GBytes *making_compose(const struct making *making,
			      const struct outbox *row, GError **error)
{
	const struct letter *letter = making->letter;
	const struct department *department = letter->department;
	g_autofree char *reply_to = dup_reply_address(making->desk, letter);
	g_autofree char *from_name = g_strdup_printf(
		"%s - %s", department->title,
		desk_get_config(making->desk)->server.brand);
	g_autofree char *html = NULL;
	const struct compose_part *parts
		= (const struct compose_part *)(void *)making->parts->data;
	size_t n_parts = making->parts->len;
	const char *to[] = { letter->address, NULL };
	g_autofree char *text = letter_images_dup_text(making->text->body,
						       parts, n_parts);

	if (department->html)
		html = letter_images_dup_html(making->text->body, parts,
					      n_parts);
	if (html != NULL && letter->survey_id != 0)
		html = gradelinks_take_html(html);

	const struct compose compose = {
		.from_name = from_name,
		.from_address = department->addresses[0],
		.to = to,
		.cc = letter->cc,
		.reply_to = reply_to,
		.subject = making->text->subject,
		.message_id = row->header_id,
		.in_reply_to = making->thread->in_reply_to,
		.references = (const char *const *)making->thread->references,
		.thread_topic = making->thread->topic,
		.thread_index = making->thread->index,
		.date = clock_now(),
		.automatic = letter->automatic,
		.ticket_ref = letter->ticket ? letter->ticket->ref : NULL,
		.text = text,
		.html = html,
		.parts = parts,
		.n_parts = n_parts,
	};
	return compose_message(&compose, error);
}

static void set(char **where, char *value)
{
	g_free(*where);
	*where = value;
}

/* Sets the row's bytes and subject. */
static bool letter_compose(const struct desk *desk, struct store *store,
			   const struct letter *letter, struct outbox *row,
			   GError **error)
{
	const struct letter_about about = {
		.ticket = letter->ticket,
		.held = letter->held,
		.address = letter->address,
		.outbox_id = row->id,
		.now = clock_now(),
	};
	g_auto(reader_t) reader = { 0 };
	g_auto(letter_text_t) text = { 0 };
	struct letter_thread thread = { 0 };
	g_autoptr(GArray) parts = letter_parts(letter, &text.left_out);

	if (!reader_find(desk, store, letter, &reader, error)
	    || !letter_fill(desk, store, letter, &reader, &text, error)
	    || !letter_thread_find(desk, store, &about, &thread, error))
		return false;

	const struct making making = { desk, letter, &text, &thread, parts };
	row->bytes = making_compose(&making, row, error);
	set(&row->thread_index, g_strdup(thread.index));
	set(&row->thread_topic, g_strdup(thread.topic));
	letter_thread_clear(&thread);
	set(&row->subject, g_strdup(text.subject));
	return row->bytes != NULL;
}

/* --- the row ------------------------------------------------------------------ */

static struct outbox *make_row(const struct desk *desk,
			       const struct letter *letter)
{
	const char *ref = letter->ticket ? letter->ticket->ref : "";
	gint64 entry = letter->message ? letter->message->id : 0;
	struct outbox *row = outbox_new();

	row->id = id_new();
	row->ticket_id = letter->ticket ? letter->ticket->id : 0;
	row->message_id = entry;
	set(&row->kind, g_strdup(letter->kind));
	set(&row->recipient, g_strdup(letter->address));
	/* So mail about a held message is found by it (signed.h). */
	set(&row->header_id,
	    signed_message_id(desk, ref,
			      letter->held ? letter->held->id : entry,
			      row->id));
	/* RFC 3834 section 4: automatic mail has a null return path. */
	set(&row->sender,
	    letter->automatic == COMPOSE_HUMAN
		    ? signed_bounce_address(
			      desk, letter->department->addresses[0], row->id)
		    : g_strdup(""));
	if (is_braked(letter))
		set(&row->brake, g_strdup(brakes_name(letter->kind)));
	return row;
}

/* Staff who answered somebody that mail does not reach are told at once. */
static bool tell_author(const struct desk *desk, struct store *store,
			const struct letter *letter, const char *why,
			GError **error)
{
	const struct notify_remark remark = { PHRASE_WITHHELD, why };
	GError *local = NULL;
	AUTO(staff) author = NULL;

	if (letter->message == NULL || letter->message->staff_id == 0)
		return true;
	author = staff_get(store, letter->message->staff_id, &local);
	if (author == NULL)
		return lookup_is_absent(local, error);

	const struct letter notice = {
		.kind = "notice_withheld",
		.template_name = "notice_bounce",
		.address = author->address,
		.name = author->name,
		.language = author->language,
		.department = letter->department,
		.ticket = letter->ticket,
		.automatic = COMPOSE_GENERATED,
		.windowed = true,
		.remarks = &remark,
		.n_remarks = 1,
	};
	return letter_post(desk, store, &notice, error);
}

/* The letter as a row that is not sent (staff may: outbox retry), and a line
 * in the ticket. */
static bool withhold(const struct desk *desk, struct store *store,
		     const struct letter *letter, const struct stop *stop,
		     GError **error)
{
	AUTO(outbox) row = make_row(desk, letter);
	g_autofree char *event
		= g_strdup_printf("mail to %s (%s) not sent: %s",
				  letter->address, letter->kind, stop->why);

	row->state = OUTBOX_CANCELLED;
	set(&row->last_reply, g_strdup(stop->why));
	return letter_compose(desk, store, letter, row, error)
	       && outbox_insert(store, row, error)
	       && (letter->ticket == NULL
		   || conversation_event(store, letter->ticket->id, event,
					 error))
	       && (!stop->told
		   || tell_author(desk, store, letter, stop->why, error));
}

bool letter_post(const struct desk *desk, struct store *store,
		 const struct letter *letter, GError **error)
{
	struct stop stop = { 0 };
	bool ok = find_stop(desk, store, letter, &stop, error);

	if (ok && stop.stop) {
		ok = !stop.shown
		     || withhold(desk, store, letter, &stop, error);
		g_free(stop.why);
		return ok;
	}
	g_free(stop.why);
	if (!ok)
		return false;
	AUTO(outbox) row = make_row(desk, letter);
	return letter_compose(desk, store, letter, row, error)
	       && outbox_insert(store, row, error);
}

bool letter_preview(const struct desk *desk, struct store *store,
		    const struct letter *letter, char **ret_subject,
		    char **ret_body, GError **error)
{
	g_auto(reader_t) reader = { 0 };
	g_auto(letter_text_t) text = { .left_out = g_strdup("") };

	if (!reader_find(desk, store, letter, &reader, error)
	    || !letter_fill(desk, store, letter, &reader, &text, error))
		return false;
	*ret_subject = g_steal_pointer(&text.subject);
	*ret_body = g_steal_pointer(&text.body);
	return true;
}
