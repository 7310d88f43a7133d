/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * customermail.c - what customers and strangers write
 *
 * Into the ticket that threading found, or a new one. People in To and Cc
 * never become participants by that, unless they are contacts of the same
 * customer: staff are asked.
 */
#include "desk/intake_parts.h"

#include "base/clock.h"
#include "desk/lookup.h"
#include "desk/notify.h"
#include "desk/remarks.h"
#include "desk/status.h"
#include "desk/ticketfields.h"
#include "store/customer.h"
#include "store/relation.h"
#include "store/staff.h"

#include <string.h>

#define NAMED_WINDOW        (86400 * CLOCK_SECOND)
#define NAMED_BY_ONE_MAX    1
#define NAMED_BY_ALL_MAX    5
#define COPIES_READ_MAX     50 /* addresses of one mail that are looked at */
#define COPIES_PROPOSED_MAX 10 /* by one mail */

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
	return true;
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

/* The author's ended ticket that the new one goes on from, or NULL. */
static const struct ticket *find_ended(const struct intake *in,
				       const struct threading_result *thread)
{
	return thread->ended && author_is_believed(in) ? thread->refused : NULL;
}

/* Who had the ended ticket, if he still works in this department. */
static bool inherit_assignee(const struct intake *in,
			     const struct ticket *ended, struct ticket *ticket,
			     GError **error)
{
	GError *local = NULL;
	AUTO(staff) staff = NULL;

	if (ended->assignee == 0)
		return true;
	staff = staff_get(in->store, ended->assignee, &local);
	if (staff == NULL)
		return lookup_is_absent(local, error);
	if (staff->active && staff->departments != NULL
	    && g_strv_contains((const char *const *)staff->departments,
			       in->recipient->department->name))
		ticket->assignee = staff->id;
	return true;
}

static bool inherit(const struct intake *in, const struct ticket *ended,
		    struct ticket *ticket, GError **error)
{
	if (ended == NULL)
		return true;
	if (ticket->customer_id == ended->customer_id)
		ticket->service_id = ended->service_id;
	return inherit_assignee(in, ended, ticket, error);
}

static struct ticket *open_ticket(const struct intake *in,
				  const struct author *author,
				  const struct threading_result *thread,
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
	if (!inherit(in, find_ended(in, thread), ticket, error))
		return NULL;
	ticketfields_set(fields, ticket);
	if (!ticket_insert(in->store, prefix, ticket, error)
	    || !add_participants(in->store, ticket, author, error))
		return NULL;
	return g_steal_pointer(&ticket);
}

/* The text as people will read it, in the department's language. */
static void add_remarks(const struct intake *in, struct message *entry)
{
	const struct mail *mail = in->message->mail;
	const char *language = in->recipient->department->language;

	if (language[0] == '\0')
		language = desk_get_config(in->desk)->server.language;
	g_free(entry->text);
	entry->text = remarks_dup_text(mail, mail->text, language);
	g_free(entry->text_trimmed);
	entry->text_trimmed =
		remarks_dup_text(mail, mail->text_trimmed, language);
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
	add_remarks(in, entry);
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

/* Who knows a number may name it as often as he likes: the ticket writes down
 * one time a day for each author, and some for all of them. */
static bool may_record(const struct intake *in, gint64 ticket_id,
		       const char *address, bool *ret, GError **error)
{
	gint64 since = clock_now() - NAMED_WINDOW;
	gint64 of_author = 0;
	gint64 of_all = 0;

	if (!message_count_events(in->store, ticket_id, address, since,
				  &of_author, error)
	    || !message_count_events(in->store, ticket_id, "", since, &of_all,
				     error))
		return false;
	*ret = of_author < NAMED_BY_ONE_MAX && of_all < NAMED_BY_ALL_MAX;
	return true;
}

/* Why a message that named a ticket did not join it, on both. */
static bool record_refusal(const struct intake *in, const struct author *author,
			   const struct threading_result *thread,
			   const struct ticket *ticket, GError **error)
{
	const char *address
		= author->address[0] != '\0' ? author->address : "-";
	g_autofree char *here = NULL;
	g_autofree char *there = NULL;
	bool may = false;

	if (thread->refused == NULL)
		return true;
	here = g_strdup_printf("names %s, not joined: %s",
			       thread->refused->ref, thread->why);
	there = g_strdup_printf("%s named this ticket, not joined: %s",
				ticket->ref, thread->why);
	if (!conversation_event(in->store, ticket->id, here, error)
	    || !may_record(in, thread->refused->id, address, &may, error))
		return false;
	return !may
	       || conversation_event_of(in->store, thread->refused->id,
					address, there, error);
}

/* The new ticket goes on where the author's ended one stopped. */
static bool link_ended(const struct intake *in,
		       const struct threading_result *thread,
		       const struct ticket *ticket, GError **error)
{
	const struct ticket *ended = find_ended(in, thread);

	return ended == NULL
	       || link_add(in->store, ticket->id, ended->id, LINK_CONTINUES,
			   error);
}

/* --- people in copy ----------------------------------------------------------- */

/* Somebody in To or Cc: a contact of the customer joins, anybody else is
 * proposed to staff, once. */
static bool propose(const struct intake *in, const struct author *author,
		    const struct ticket *ticket, const struct mailbox *who,
		    GPtrArray *proposed, GError **error)
{
	GError *local = NULL;
	const char *why = NULL;
	bool is_new = false;
	bool part = false;
	g_autofree char *key = address_dup_key(who->address);
	AUTO(contact) contact = NULL;

	if (key == NULL || strcmp(key, author->address) == 0)
		return true;
	if (!participant_is(in->store, ticket->id, key, &part, error)
	    || !conversation_copy_check(in->store, ticket, key, &why, error))
		return false;
	if (part || why != NULL)
		return true;
	contact = contact_by_address(in->store, key, &local);
	if (contact == NULL && !lookup_is_absent(local, error))
		return false;
	if (contact != NULL && contact->customer_id == ticket->customer_id)
		return add_contact(in->store, ticket, contact, error);

	const struct copy_proposal proposal = {
		.ticket_id = ticket->id,
		.address = key,
		.name = who->name,
		.proposed_by = author->address,
	};
	if (!copy_propose(in->store, &proposal, &is_new, error))
		return false;
	if (is_new)
		g_ptr_array_add(proposed, g_steal_pointer(&key));
	return true;
}

static bool propose_all(const struct intake *in, const struct author *author,
			const struct ticket *ticket, const GPtrArray *people,
			GPtrArray *proposed, GError **error)
{
	for (guint i = 0; i < people->len && i < COPIES_READ_MAX
			  && proposed->len < COPIES_PROPOSED_MAX;
	     i++) {
		if (!propose(in, author, ticket, people->pdata[i], proposed,
			     error))
			return false;
	}
	return true;
}

/* *ret_text: the addresses that are new, NULL if none are. An unproven author
 * may be anybody, who would like to read along. */
static bool propose_copies(const struct intake *in, const struct author *author,
			   const struct ticket *ticket, char **ret_text,
			   GError **error)
{
	const struct mail *mail = in->message->mail;
	g_autoptr(GPtrArray) proposed = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *list = NULL;
	g_autofree char *event = NULL;

	*ret_text = NULL;
	if (is_automatic(in) || !author_is_believed(in))
		return true;
	if (!propose_all(in, author, ticket, mail->cc, proposed, error)
	    || !propose_all(in, author, ticket, mail->to, proposed, error))
		return false;
	if (proposed->len == 0)
		return true;
	g_ptr_array_add(proposed, NULL);
	list = g_strjoinv(", ", (char **)proposed->pdata);
	event = g_strdup_printf("in copy, not added: %s", list);
	if (!conversation_event(in->store, ticket->id, event, error))
		return false;
	*ret_text = g_steal_pointer(&list);
	return true;
}

/* What the mails about a message say; staff read more than customers. */
struct telling {
	struct ticketfields fields;
	struct notify_remark customers[TICKETFIELDS_REMARKS_MAX + 1];
	size_t n_customers;
	struct notify_remark staff[TICKETFIELDS_REMARKS_MAX + 2];
	size_t n_staff;
	const char *continues; /* ref of the ended ticket, NULL: of none */
	char *copies;
};

static void telling_clear(struct telling *telling)
{
	g_free(telling->copies);
}
typedef struct telling telling_t;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(telling_t, telling_clear)

static void telling_complete(struct telling *telling)
{
	if (telling->continues != NULL)
		telling->customers[telling->n_customers++]
			= (struct notify_remark){ PHRASE_CONTINUES,
						  telling->continues };
	for (size_t i = 0; i < telling->fields.n_remarks; i++)
		telling->customers[telling->n_customers++]
			= telling->fields.remarks[i];
	for (size_t i = 0; i < telling->n_customers; i++)
		telling->staff[telling->n_staff++] = telling->customers[i];
	if (telling->copies != NULL)
		telling->staff[telling->n_staff++] = (struct notify_remark){
			PHRASE_COPIES_PROPOSED, telling->copies
		};
}

static struct notify_message notify_of(const struct intake *in,
				       const struct ticket *ticket,
				       const struct message *entry,
				       const struct telling *telling)
{
	return (struct notify_message){
		.ticket = ticket,
		.message = entry,
		.parts = in->message->mail->parts,
		.kind = in->kind,
		.proven = is_proven(in),
		.remarks = telling->customers,
		.n_remarks = telling->n_customers,
		.staff_remarks = telling->staff,
		.n_staff_remarks = telling->n_staff,
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
		   struct ticket *ticket, struct status_step step,
		   GError **error)
{
	g_auto(telling_t) telling = { 0 };
	AUTO(message) entry = NULL;

	if (!ticketfields_read(in->store, in->message->mail,
			       ticket->customer_id, &telling.fields, error))
		return false;
	/* A contact that came later than the ticket reads the answer, too. */
	if (author->contact != NULL
	    && author->contact->customer_id == ticket->customer_id
	    && !add_contact(in->store, ticket, author->contact, error))
		return false;
	entry = insert_entry(in, author, ticket, error);
	if (entry == NULL
	    || !change_fields(in, author, &telling.fields, ticket, error)
	    || !ticketfields_record(in->store, &telling.fields, ticket->id,
				    error)
	    || !propose_copies(in, author, ticket, &telling.copies, error))
		return false;
	status_apply(ticket, step.next, clock_now());
	if (!ticket_update(in->store, ticket, error))
		return false;
	telling_complete(&telling);

	const struct notify_message what
		= notify_of(in, ticket, entry, &telling);
	return notify_customer_message(in->desk, in->store, &what, step.told,
				       error);
}

static bool create(const struct intake *in, const struct author *author,
		   const struct threading_result *thread,
		   struct intake_result *result, GError **error)
{
	g_auto(telling_t) telling = { 0 };
	AUTO(ticket) ticket = NULL;
	AUTO(message) entry = NULL;

	if (!ticketfields_read(in->store, in->message->mail,
			       author->customer != NULL ? author->customer->id
							: 0,
			       &telling.fields, error))
		return false;
	ticket = open_ticket(in, author, thread, &telling.fields, error);
	if (ticket == NULL)
		return false;
	entry = insert_entry(in, author, ticket, error);
	if (entry == NULL
	    || !ticketfields_record(in->store, &telling.fields, ticket->id,
				    error)
	    || !record_refusal(in, author, thread, ticket, error)
	    || !link_ended(in, thread, ticket, error)
	    || !propose_copies(in, author, ticket, &telling.copies, error))
		return false;
	if (find_ended(in, thread) != NULL)
		telling.continues = thread->refused->ref;
	telling_complete(&telling);

	const struct notify_message what
		= notify_of(in, ticket, entry, &telling);
	if (!notify_customer_message(in->desk, in->store, &what,
				     AUDIENCE_OPENED, error))
		return false;
	intake_result_set(result, INTAKE_CREATED, ticket->ref);
	return true;
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
	static const struct intake_why closed = {
		"the ticket that it answers is closed",
		PHRASE_HOLD_TICKET_CLOSED,
	};
	bool is_reply = in->recipient->verdict == SEAL_ACCEPT_REPLY;

	/* A participant's right ends with the ticket; a contact has his own. */
	if (thread->ended)
		return is_reply && author->contact == NULL
			       ? intake_hold(in, &closed, result, error)
			       : create(in, author, thread, result, error);
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
		    status_step(ticket->status, thread->event), error))
		return false;
	intake_result_set(result, INTAKE_APPENDED, ticket->ref);
	return true;
}

bool customermail_add(const struct intake *in, struct ticket *ticket,
		      GError **error)
{
	const struct status_step stay
		= { ticket->status, AUDIENCE_CUSTOMER_WROTE, true };
	g_auto(author_t) author = { 0 };

	return author_find(in, &author, error)
	       && append(in, &author, ticket, stay, error);
}

bool customermail_refer(const struct intake *in, const struct ticket *ticket,
			GError **error)
{
	static const struct telling nothing = { 0 };
	g_auto(author_t) author = { 0 };
	AUTO(message) entry = NULL;

	if (!author_find(in, &author, error))
		return false;
	entry = make_entry(in, &author, ticket);

	const struct notify_message what
		= notify_of(in, ticket, entry, &nothing);
	return notify_referral(in->desk, in->store, &what,
			       in->recipient->department, error);
}
