/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * customermail.c - what customers and strangers write
 *
 * Into the ticket that threading found, or a new one. People in Cc never
 * become participants by that: they are strangers whom nobody proved.
 */
#include "desk/intake_parts.h"

#include "base/clock.h"
#include "desk/lookup.h"
#include "desk/notify.h"
#include "desk/ticketfields.h"
#include "store/customer.h"

#include <string.h>

static void set(char **where, const char *value)
{
	g_free(*where);
	*where = g_strdup(value != NULL ? value : "");
}

static bool is_automatic(const struct intake *in)
{
	return mail_kind_is_automatic(in->kind);
}

static bool is_proven(const struct intake *in)
{
	return in->recipient->proof == AUTH_PROVEN;
}

/* --- the author ------------------------------------------------------------- */

/* Who a message comes from, as the registry knows them. */
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
static bool author_is_believed(const struct intake *in)
{
	return is_proven(in)
	       || in->recipient->department->accept != DEPARTMENT_ANYONE;
}

/* Who writes from an address can be reached there again. */
static bool forget_bounce(const struct intake *in, const struct contact *contact,
			  GError **error)
{
	if (contact->bounced == 0 || !is_proven(in) || is_automatic(in))
		return true;
	return contact_set_bounced(in->store, contact->address, 0, error);
}

static bool author_find(const struct intake *in, struct author *author,
			GError **error)
{
	GError *local = NULL;

	author_from_header(author, in);
	if (in->recipient->identity[0] == '\0' || !author_is_believed(in))
		return true;
	author->contact = contact_by_address(in->store, in->recipient->identity,
					     &local);
	if (author->contact == NULL)
		return lookup_is_absent(local, error);
	author->customer = customer_get(in->store, author->contact->customer_id,
					error);
	if (author->customer == NULL)
		return false;
	set(&author->name, author->contact->name[0] != '\0'
				   ? author->contact->name
				   : author->customer->name);
	return forget_bounce(in, author->contact, error);
}

/* As in threading: a participant, or a contact of the ticket's customer. */
static bool takes_part(const struct intake *in, const struct author *author,
		       const struct ticket *ticket, bool *ret, GError **error)
{
	if (author->customer != NULL
	    && author->customer->id == ticket->customer_id) {
		*ret = true;
		return true;
	}
	*ret = false;
	return author->address[0] == '\0'
	       || participant_is(in->store, ticket->id, author->address, ret,
				 error);
}

/* --- records ------------------------------------------------------------------ */

static bool add_contact(struct store *store, const struct ticket *ticket,
			const struct contact *contact, GError **error)
{
	return !contact->active
	       || participant_add(store, ticket->id, contact->address,
				  contact->name,
				  contact->role == CONTACT_OWNER
					  ? PARTICIPANT_OWNER
					  : PARTICIPANT_CONTACT,
				  error);
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
		if (!add_contact(store, ticket, contacts->pdata[i], error))
			return false;
	}
	return true;
}

static struct ticket *open_ticket(const struct intake *in,
				  const struct author *author,
				  const struct ticketfields *fields,
				  GError **error)
{
	const char *prefix = desk_get_config(in->desk)->server.ref_prefix;
	AUTO(ticket) ticket = ticket_new();

	ticket->department_id = in->recipient->department->id;
	set(&ticket->department, in->recipient->department->name);
	if (author->customer != NULL) {
		ticket->customer_id = author->customer->id;
		set(&ticket->customer, author->customer->name);
	}
	set(&ticket->requester, author->address);
	ticket->created = in->message->received;
	g_free(ticket->subject);
	ticket->subject = conversation_dup_subject(in->desk,
						   in->message->mail->subject);
	ticketfields_set(fields, ticket);
	if (!ticket_insert(in->store, prefix, ticket, error)
	    || !add_participants(in->store, ticket, author, error))
		return NULL;
	return g_steal_pointer(&ticket);
}

/* The entry as it will be, without id. */
static struct message *make_entry(const struct intake *in,
				  const struct author *author,
				  const struct ticket *ticket)
{
	const struct intake_message *source = in->message;
	const struct mail *mail = source->mail;
	struct message *entry = message_new();

	entry->ticket_id = ticket->id;
	entry->author = MESSAGE_CUSTOMER;
	set(&entry->address, author->address);
	set(&entry->name, author->name);
	set(&entry->channel, "mail");
	set(&entry->kind, mail_kind_name(in->kind));
	set(&entry->message_id, mail->message_id);
	set(&entry->subject, mail->subject);
	set(&entry->text, mail->text);
	set(&entry->text_trimmed, mail->text_trimmed);
	set(&entry->html, mail->html);
	set(&entry->raw, in->blob);
	g_free(entry->auth);
	entry->auth = conversation_dup_evidence(source->evidence);
	set(&entry->client_ip, source->client_ip);
	set(&entry->queue_id, source->queue_id);
	entry->sent = mail->date;
	entry->created = source->received;
	entry->warnings = mail->warnings;
	return entry;
}

static struct message *insert_entry(const struct intake *in,
				    const struct author *author,
				    const struct ticket *ticket, GError **error)
{
	const struct mail *mail = in->message->mail;
	AUTO(message) entry = make_entry(in, author, ticket);

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

static struct notify_message notify_of(const struct intake *in,
				       const struct ticket *ticket,
				       const struct message *entry,
				       const struct ticketfields *fields)
{
	return (struct notify_message){
		.ticket = ticket,
		.message = entry,
		.parts = in->message->mail->parts,
		.kind = in->kind,
		.proven = is_proven(in),
		.remarks = fields->remarks,
		.n_remarks = fields->n_remarks,
	};
}

/* --- ways -------------------------------------------------------------------- */

/* Fields count on a reply if a proven person wrote them. */
static bool change_fields(const struct intake *in, const struct author *author,
			  const struct ticketfields *fields,
			  struct ticket *ticket, GError **error)
{
	return !is_proven(in) || is_automatic(in)
	       || ticketfields_change(in->store, fields, ticket,
				      author->address, error);
}

static bool append(const struct intake *in, const struct author *author,
		   struct ticket *ticket, enum ticket_status status,
		   GError **error)
{
	struct ticketfields fields;
	AUTO(message) entry = NULL;

	if (!ticketfields_read(in->store, in->message->mail,
			       ticket->customer_id, &fields, error))
		return false;
	/* A contact that came later than the ticket reads the answer, too. */
	if (author->contact != NULL
	    && author->contact->customer_id == ticket->customer_id
	    && !add_contact(in->store, ticket, author->contact, error))
		return false;
	entry = insert_entry(in, author, ticket, error);
	if (entry == NULL
	    || !change_fields(in, author, &fields, ticket, error)
	    || !ticketfields_record(in->store, &fields, ticket->id, error))
		return false;
	ticket->status = status;
	if (!ticket_update(in->store, ticket, error))
		return false;

	const struct notify_message what
		= notify_of(in, ticket, entry, &fields);
	return notify_customer_message(in->desk, in->store, &what, false,
				       error);
}

static bool create(const struct intake *in, const struct author *author,
		   const struct threading_result *thread,
		   struct intake_result *result, GError **error)
{
	struct ticketfields fields;
	AUTO(ticket) ticket = NULL;
	AUTO(message) entry = NULL;

	if (!ticketfields_read(in->store, in->message->mail,
			       author->customer != NULL ? author->customer->id
							: 0,
			       &fields, error))
		return false;
	ticket = open_ticket(in, author, &fields, error);
	if (ticket == NULL)
		return false;
	entry = insert_entry(in, author, ticket, error);
	if (entry == NULL
	    || !ticketfields_record(in->store, &fields, ticket->id, error)
	    || !record_refusal(in, thread, ticket, error))
		return false;

	const struct notify_message what
		= notify_of(in, ticket, entry, &fields);
	if (!notify_customer_message(in->desk, in->store, &what, true, error))
		return false;
	intake_result_set(result, INTAKE_CREATED, ticket->ref);
	return true;
}

/* Named a ticket of the author's that is closed: linked is what comes of it,
 * but for programs that answer: they go into the closed one. */
static bool store_behind_closed(const struct intake *in,
				const struct author *author,
				const struct threading_result *thread,
				struct intake_result *result, GError **error)
{
	static const struct intake_why closed = {
		"the ticket that it answers is closed",
		PHRASE_HOLD_TICKET_CLOSED,
	};
	struct ticket *ticket = thread->refused;

	if (in->kind == MAIL_KIND_VACATION || in->kind == MAIL_KIND_BOUNCE
	    || in->kind == MAIL_KIND_AUTO_REPLY) {
		if (!append(in, author, ticket, ticket->status, error))
			return false;
		intake_result_set(result, INTAKE_APPENDED, ticket->ref);
		return true;
	}
	/* A participant's right ends with the ticket; a contact has his own. */
	if (in->recipient->verdict == SEAL_ACCEPT_REPLY
	    && author->contact == NULL)
		return intake_hold(in, &closed, result, error);
	return create(in, author, thread, result, error);
}

/* Verdicts that let nobody open a ticket, outside of departments that are
 * open to anyone. */
static bool may_open(const struct intake *in)
{
	return in->recipient->verdict == SEAL_ACCEPT
	       || in->recipient->department->accept == DEPARTMENT_ANYONE;
}

static bool store_without_ticket(const struct intake *in,
				 const struct author *author,
				 const struct threading_result *thread,
				 struct intake_result *result, GError **error)
{
	static const struct intake_why not_here = {
		"accepted for a ticket that it may not join",
		PHRASE_HOLD_REPLIES_ONLY,
	};
	static const struct intake_why null_sender = {
		"null sender, and about no mail or ticket of ours",
		PHRASE_HOLD_NULL_SENDER,
	};
	bool joins = false;

	if (thread->refused != NULL
	    && !takes_part(in, author, thread->refused, &joins, error))
		return false;
	if (joins && thread->refused->status == TICKET_CLOSED)
		return store_behind_closed(in, author, thread, result, error);
	if (may_open(in))
		return create(in, author, thread, result, error);
	return intake_hold(in,
			   in->recipient->verdict == SEAL_ACCEPT_BOUNCE
				   ? &null_sender
				   : &not_here,
			   result, error);
}

bool customermail_store(const struct intake *in,
			const struct threading_result *thread,
			struct intake_result *result, GError **error)
{
	g_auto(author_t) author = { 0 };
	struct ticket *ticket = thread->ticket;

	if (!author_find(in, &author, error))
		return false;
	if (ticket == NULL)
		return store_without_ticket(in, &author, thread, result,
					    error);
	if (!append(in, &author, ticket,
		    status_after_customer(ticket->status, in->kind), error))
		return false;
	intake_result_set(result, INTAKE_APPENDED, ticket->ref);
	return true;
}

bool customermail_add(const struct intake *in, struct ticket *ticket,
		      GError **error)
{
	g_auto(author_t) author = { 0 };

	return author_find(in, &author, error)
	       && append(in, &author, ticket, ticket->status, error);
}

bool customermail_refer(const struct intake *in, const struct ticket *ticket,
			GError **error)
{
	static const struct ticketfields no_fields = { 0 };
	g_auto(author_t) author = { 0 };
	AUTO(message) entry = NULL;

	if (!author_find(in, &author, error))
		return false;
	entry = make_entry(in, &author, ticket);

	const struct notify_message what
		= notify_of(in, ticket, entry, &no_fields);
	return notify_referral(in->desk, in->store, &what,
			       in->recipient->department, error);
}
