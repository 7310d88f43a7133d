/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * intake.c - an accepted message becomes records
 *
 * intake_store() walks the recipients; for each it picks one of the ways of
 * the table below. A second department of the same message gets a referral
 * to the ticket of the first. The bytes are put down once, before anything
 * names them.
 */
#include "desk/intake.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "desk/bounces.h"
#include "desk/conversation.h"
#include "desk/hold.h"
#include "desk/notify.h"
#include "desk/signed.h"
#include "desk/staffmail.h"
#include "desk/threading.h"
#include "store/blob.h"
#include "store/customer.h"

#include <string.h>

static const char *const outcome_names[] = {
	[INTAKE_CREATED] = "created",     [INTAKE_APPENDED] = "appended",
	[INTAKE_HELD] = "held",           [INTAKE_CONFIRMED] = "confirmed",
	[INTAKE_REFERRED] = "referred",   [INTAKE_BOUNCE] = "bounce",
	[INTAKE_DUPLICATE] = "duplicate",
};
G_STATIC_ASSERT(G_N_ELEMENTS(outcome_names) == INTAKE_OUTCOME__COUNT);

const char *intake_outcome_name(enum intake_outcome outcome)
{
	g_return_val_if_fail(outcome < INTAKE_OUTCOME__COUNT, "unknown");
	return outcome_names[outcome];
}

void intake_result_clear(struct intake_result *result)
{
	g_clear_pointer(&result->ref, g_free);
	g_clear_pointer(&result->answer, g_free);
}

static bool is_not_found(const GError *error)
{
	return g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND);
}

static void set(char **where, const char *value)
{
	g_free(*where);
	*where = g_strdup(value != NULL ? value : "");
}

static void result_set(struct intake_result *result,
		       enum intake_outcome outcome, const char *ref)
{
	result->outcome = outcome;
	result->ref = g_strdup(ref);
	result->answer = g_strdup_printf("%s stored", ref);
}

/* What one recipient's way needs; borrowed but for `blob`. */
struct intake {
	const struct desk *desk;
	struct store *store;
	const struct intake_message *message;
	const struct intake_recipient *recipient;
	const char *blob; /* of the raw bytes */
};

/* --- held ----------------------------------------------------------------- */

static char *store_parsed(const struct intake *in, GError **error)
{
	g_autoptr(GVariant) variant
		= g_variant_ref_sink(mail_to_variant(in->message->mail));
	g_autoptr(GBytes) bytes = g_variant_get_data_as_bytes(variant);

	return blob_put(in->store, bytes, error);
}

static bool intake_hold(const struct intake *in, struct intake_result *result,
			GError **error)
{
	const struct intake_message *message = in->message;
	const struct intake_recipient *recipient = in->recipient;
	AUTO(held) held = held_new();

	held->id = id_new();
	held->department_id = recipient->department->id;
	set(&held->department, recipient->department->name);
	set(&held->address, recipient->identity);
	set(&held->recipient, recipient->address);
	set(&held->mail_from, message->mail_from);
	set(&held->subject, message->mail->subject);
	set(&held->message_id, message->mail->message_id);
	set(&held->reason, recipient->reason);
	set(&held->auth, message->evidence);
	set(&held->client_ip, message->client_ip);
	set(&held->queue_id, message->queue_id);
	set(&held->raw, in->blob);
	set(&held->delivery_key, recipient->delivery_key);
	held->created = clock_now();
	g_free(held->parsed);
	held->parsed = store_parsed(in, error);
	if (held->parsed == NULL || !held_insert(in->store, held, error))
		return false;
	/* Answering automatic mail, even with a question, makes loops. */
	if (!mail_kind_is_automatic(message->mail->kind)
	    && message->mail_from[0] != '\0'
	    && !notify_held(in->desk, in->store, held, error))
		return false;
	result->outcome = INTAKE_HELD;
	result->ref = g_strdup("");
	result->answer = g_strdup_printf("held %" G_GINT64_FORMAT
					 " for confirmation",
					 held->id);
	return true;
}

/* --- confirmation of a held message ---------------------------------------- */

/* A confirm address works for the held message's own author, once. */
static bool intake_confirm(const struct intake *in, gint64 held_id,
			   struct intake_result *result, GError **error)
{
	AUTO(held) held = held_get(in->store, held_id, error);

	if (held == NULL)
		return false;
	if (strcmp(held->address, in->recipient->identity) != 0)
		return intake_hold(in, result, error);
	if (held->state == HELD_WAITING)
		return hold_release(in->desk, in->store, held,
				    in->recipient->identity, result, error);
	result->outcome = INTAKE_CONFIRMED;
	result->ref = g_strdup(held->ticket);
	result->answer = g_strdup_printf("%s already",
					 held_state_name(held->state));
	return true;
}

/* --- customer's and stranger's messages ------------------------------------ */

/* Who a customer's message comes from, as the registry knows them. */
struct author {
	struct contact *contact;   /* NULL: not registered, or not proven */
	struct customer *customer; /* of the contact */
	char *address;
	char *name;
};

static void author_clear(struct author *author)
{
	contact_free(author->contact);
	customer_free(author->customer);
	g_free(author->address);
	g_free(author->name);
}
typedef struct author author_t;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(author_t, author_clear)

/* The shown name comes from the registry; only strangers name themselves. */
static void author_from_header(struct author *author, const struct intake *in)
{
	const struct mail *mail = in->message->mail;
	const struct mailbox *from
		= mail->from->len > 0 ? mail->from->pdata[0] : NULL;
	const char *address = in->recipient->identity;

	if (address[0] == '\0' && from != NULL)
		address = from->address;
	author->address = g_strdup(address);
	author->name = g_strdup(from != NULL && from->name[0] != '\0'
					? from->name
					: address);
}

/* In a department open to anyone an unproven From may be forged: it gets
 * neither the customer's record nor the customer's mail. */
static bool author_is_believed(const struct intake_recipient *recipient)
{
	return recipient->proof == AUTH_PROVEN
	       || recipient->department->accept != DEPARTMENT_ANYONE;
}

static bool author_find(const struct intake *in, struct author *author,
			GError **error)
{
	g_autoptr(GError) problem = NULL;

	author_from_header(author, in);
	if (in->recipient->identity[0] == '\0'
	    || !author_is_believed(in->recipient))
		return true;
	author->contact = contact_by_address(in->store, in->recipient->identity,
					     &problem);
	if (author->contact == NULL) {
		if (is_not_found(problem))
			return true;
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	author->customer = customer_get(in->store, author->contact->customer_id,
					error);
	if (author->customer == NULL)
		return false;
	set(&author->name, author->contact->name[0] != '\0'
				   ? author->contact->name
				   : author->customer->name);
	return true;
}

static bool service_fits(const struct service *service, const char *wanted)
{
	return g_ascii_strcasecmp(service->domain, wanted) == 0
	       || g_ascii_strcasecmp(service->label, wanted) == 0;
}

/* The customer's service that the first lines name, 0 if none. */
static bool find_service(struct store *store, gint64 customer_id,
			 const char *wanted, gint64 *ret_id, GError **error)
{
	g_autoptr(GPtrArray) services = NULL;

	*ret_id = 0;
	if (customer_id == 0 || wanted[0] == '\0')
		return true;
	services = service_list(store, customer_id, error);
	if (services == NULL)
		return false;
	for (guint i = 0; i < services->len; i++) {
		const struct service *service = services->pdata[i];

		if (service_fits(service, wanted))
			*ret_id = service->id;
	}
	return true;
}

static enum ticket_priority priority_of(const struct mail *mail)
{
	static const enum ticket_priority priorities[] = {
		[MAIL_PRIORITY_NONE] = TICKET_MEDIUM,
		[MAIL_PRIORITY_LOW] = TICKET_LOW,
		[MAIL_PRIORITY_MEDIUM] = TICKET_MEDIUM,
		[MAIL_PRIORITY_HIGH] = TICKET_HIGH,
	};
	G_STATIC_ASSERT(G_N_ELEMENTS(priorities) == MAIL_PRIORITY__COUNT);

	return priorities[mail->fields.priority];
}

/* Owner and contacts take part; without them whoever wrote. */
static bool add_participants(struct store *store, const struct ticket *ticket,
			     const struct author *author, GError **error)
{
	g_autoptr(GPtrArray) contacts = NULL;

	if (author->contact == NULL)
		return author->address[0] == '\0'
		       || participant_add(store, ticket->id, author->address,
					  author->name, PARTICIPANT_REPORTER,
					  error);
	contacts = contact_list(store, author->customer->id, error);
	if (contacts == NULL)
		return false;
	for (guint i = 0; i < contacts->len; i++) {
		const struct contact *one = contacts->pdata[i];

		if (one->active
		    && !participant_add(store, ticket->id, one->address,
					one->name,
					one->role == CONTACT_OWNER
						? PARTICIPANT_OWNER
						: PARTICIPANT_CONTACT,
					error))
			return false;
	}
	return true;
}

static struct ticket *open_ticket(const struct intake *in,
				  const struct author *author, GError **error)
{
	const struct mail *mail = in->message->mail;
	const char *prefix = desk_get_config(in->desk)->server.ref_prefix;
	AUTO(ticket) ticket = ticket_new();

	ticket->department_id = in->recipient->department->id;
	set(&ticket->department, in->recipient->department->name);
	if (author->customer != NULL) {
		ticket->customer_id = author->customer->id;
		set(&ticket->customer, author->customer->name);
	}
	set(&ticket->requester, author->address);
	g_free(ticket->subject);
	ticket->subject = conversation_dup_subject(in->desk, mail->subject);
	ticket->priority = priority_of(mail);
	if (!find_service(in->store, ticket->customer_id, mail->fields.service,
			  &ticket->service_id, error)
	    || !ticket_insert(in->store, prefix, ticket, error)
	    || !add_participants(in->store, ticket, author, error))
		return NULL;
	return g_steal_pointer(&ticket);
}

/* The message as an entry of the ticket. */
static struct message *insert_entry(const struct intake *in,
				    const struct author *author,
				    const struct ticket *ticket, GError **error)
{
	const struct intake_message *source = in->message;
	const struct mail *mail = source->mail;
	AUTO(message) entry = message_new();

	entry->ticket_id = ticket->id;
	entry->author = MESSAGE_CUSTOMER;
	set(&entry->address, author->address);
	set(&entry->name, author->name);
	set(&entry->channel, "mail");
	set(&entry->kind, mail_kind_name(mail->kind));
	set(&entry->message_id, mail->message_id);
	set(&entry->subject, mail->subject);
	set(&entry->text, mail->text);
	set(&entry->text_trimmed, mail->text_trimmed);
	set(&entry->html, mail->html);
	set(&entry->raw, in->blob);
	set(&entry->auth, source->evidence);
	set(&entry->client_ip, source->client_ip);
	set(&entry->queue_id, source->queue_id);
	entry->sent = mail->date;
	entry->warnings = mail->warnings;
	if (!message_insert(in->store, entry, error)
	    || !conversation_attach(in->store, entry->id, mail->parts, error))
		return NULL;
	if (mail->message_id[0] != '\0'
	    && !message_id_learn(in->store, ticket->id, mail->message_id,
				 error))
		return NULL;
	return g_steal_pointer(&entry);
}

/* Why a message that named a ticket did not join it, on both. */
static bool record_refusal(const struct intake *in,
			   const struct threading_result *thread,
			   const struct ticket *ticket, GError **error)
{
	g_autofree char *here = NULL;
	g_autofree char *there = NULL;

	if (thread->refused == NULL)
		return true;
	here = g_strdup_printf("names %s, not joined: %s",
			       thread->refused->ref, thread->why);
	there = g_strdup_printf("%s named this ticket, not joined: %s",
				ticket->ref, thread->why);
	return conversation_event(in->store, ticket->id, here, error)
	       && conversation_event(in->store, thread->refused->id, there,
				     error);
}

static bool notify(const struct intake *in, const struct ticket *ticket,
		   const struct message *entry, bool created, GError **error)
{
	const struct notify_message what = {
		.ticket = ticket,
		.message = entry,
		.parts = in->message->mail->parts,
		.kind = in->message->mail->kind,
		.proven = in->recipient->proof == AUTH_PROVEN,
	};

	return notify_customer_message(in->desk, in->store, &what, created,
				       error);
}

static bool append(const struct intake *in, const struct author *author,
		   struct ticket *ticket, struct intake_result *result,
		   GError **error)
{
	AUTO(message) entry = insert_entry(in, author, ticket, error);

	if (entry == NULL)
		return false;
	ticket->status = status_after_customer(ticket->status,
					       in->message->mail->kind);
	if (!ticket_update(in->store, ticket, error)
	    || !notify(in, ticket, entry, false, error))
		return false;
	result_set(result, INTAKE_APPENDED, ticket->ref);
	return true;
}

static bool create(const struct intake *in, const struct author *author,
		   const struct threading_result *thread,
		   struct intake_result *result, GError **error)
{
	AUTO(ticket) ticket = open_ticket(in, author, error);

	if (ticket == NULL)
		return false;
	AUTO(message) entry = insert_entry(in, author, ticket, error);
	if (entry == NULL || !record_refusal(in, thread, ticket, error)
	    || !notify(in, ticket, entry, true, error))
		return false;
	result_set(result, INTAKE_CREATED, ticket->ref);
	return true;
}

static bool find_thread(const struct intake *in,
			struct threading_result *ret_thread, GError **error)
{
	const struct intake_recipient *recipient = in->recipient;
	const struct threading_input input = {
		.mail = in->message->mail,
		.recipient = recipient->address,
		.department_id = recipient->department->id,
		.identity = recipient->identity,
		.proven = author_is_believed(recipient),
		.is_staff = recipient->verdict == SEAL_ACCEPT_STAFF,
	};

	return threading_find(in->desk, in->store, &input, ret_thread, error);
}

static bool intake_customer(const struct intake *in,
			    const struct threading_result *thread,
			    struct intake_result *result, GError **error)
{
	g_auto(author_t) author = { 0 };

	/* Accepted for one ticket only, and that one is not to be had. */
	if (thread->ticket == NULL
	    && in->recipient->verdict == SEAL_ACCEPT_REPLY)
		return intake_hold(in, result, error);
	if (!author_find(in, &author, error))
		return false;
	if (thread->ticket != NULL)
		return append(in, &author, thread->ticket, result, error);
	return create(in, &author, thread, result, error);
}

/* --- the ways ---------------------------------------------------------------- */

static bool intake_threaded(const struct intake *in,
			    struct intake_result *result, GError **error)
{
	struct threading_result thread = { 0 };
	bool ok = find_thread(in, &thread, error);

	if (ok && in->recipient->verdict == SEAL_ACCEPT_STAFF)
		ok = staffmail_store(in->desk, in->store, in->message,
				     in->recipient, in->blob, &thread, result,
				     error);
	else if (ok)
		ok = intake_customer(in, &thread, result, error);
	threading_result_clear(&thread);
	return ok;
}

/* One recipient that is neither duplicate nor referral. */
static bool intake_recipient(const struct intake *in,
			     struct intake_result *result, GError **error)
{
	struct signed_ref token = { 0 };
	enum signed_kind kind;
	gint64 held_id;
	bool done = false;

	if (in->recipient->verdict == SEAL_HOLD)
		return intake_hold(in, result, error);
	(void)signed_parse_address(in->desk, in->recipient->address, &token);
	kind = token.kind;
	held_id = token.held_id;
	signed_ref_clear(&token);
	if (kind == SIGNED_CONFIRM
	    && !mail_kind_is_automatic(in->message->mail->kind))
		return intake_confirm(in, held_id, result, error);
	if (!bounces_record(in->desk, in->store, in->message, in->recipient,
			    &done, result, error))
		return false;
	return done || intake_threaded(in, result, error);
}

/* The message's ticket of another department learns of this one. */
static bool intake_refer(const struct intake *in, const char *ref,
			 struct intake_result *result, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"also addressed to %s", in->recipient->department->name);
	AUTO(ticket) ticket = ticket_by_ref(in->store, ref, error);

	if (ticket == NULL
	    || !conversation_event(in->store, ticket->id, text, error))
		return false;
	result_set(result, INTAKE_REFERRED, ref);
	return true;
}

/* The ref at the head of a stored answer, NULL if it names no ticket. */
static char *answer_dup_ref(const struct desk *desk, const char *answer)
{
	return ref_parse(desk_get_config(desk)->server.ref_prefix, answer,
			 strcspn(answer, " "));
}

/* *ret_answer NULL: nothing stored under the key. */
static bool find_answer(struct store *store, const char *key,
			char *(*find)(struct store *, const char *, GError **),
			char **ret_answer, GError **error)
{
	g_autoptr(GError) problem = NULL;

	*ret_answer = find(store, key, &problem);
	if (*ret_answer != NULL || is_not_found(problem))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool intake_one(const struct intake *in, struct intake_result *result,
		       GError **error)
{
	const char *key = in->recipient->delivery_key;
	g_autofree char *answer = NULL;
	g_autofree char *other = NULL;
	g_autofree char *ref = NULL;

	if (!find_answer(in->store, key, delivery_find, &answer, error))
		return false;
	if (answer != NULL) {
		result->outcome = INTAKE_DUPLICATE;
		ref = answer_dup_ref(in->desk, answer);
		result->ref = g_strdup(ref != NULL ? ref : "");
		result->answer = g_steal_pointer(&answer);
		return true;
	}
	if (!find_answer(in->store, key, delivery_find_message, &other, error))
		return false;
	if (other != NULL && in->recipient->verdict != SEAL_HOLD)
		ref = answer_dup_ref(in->desk, other);
	if (ref != NULL) {
		if (!intake_refer(in, ref, result, error))
			return false;
	} else if (!intake_recipient(in, result, error)) {
		return false;
	}
	return delivery_insert(in->store, key, result->answer, error);
}

bool intake_store(const struct desk *desk, struct store *store,
		  const struct intake_message *message,
		  struct intake_result *ret_results, GError **error)
{
	g_autofree char *blob = blob_put(store, message->raw, error);

	if (blob == NULL)
		return false;
	for (size_t i = 0; i < message->n_recipients; i++) {
		const struct intake in = {
			.desk = desk,
			.store = store,
			.message = message,
			.recipient = &message->recipients[i],
			.blob = blob,
		};

		if (!intake_one(&in, &ret_results[i], error))
			return false;
	}
	return true;
}
