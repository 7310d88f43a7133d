/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.c - which mails an event causes, as outbox rows
 */
#include "desk/notify.h"

#include "base/error.h"
#include "desk/facts.h"
#include "desk/letter.h"
#include "desk/lookup.h"
#include "store/customer.h"

#include <string.h>

static void set(char **where, char *value)
{
	g_free(*where);
	*where = value;
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
		/* Somebody erased reads the department's language. */
		AUTO(customer)
		customer = customer_get(store, ticket->customer_id, NULL);
		if (customer != NULL)
			set(ret_language, g_strdup(customer->language));
	}
	return department;
}

/* --- to an audience --------------------------------------------------------- */

/* What customers and staff get; each without the person. kind NULL: nothing. */
struct mailing {
	struct letter customers;
	struct letter staff;
	const char *author_kind; /* for who caused it, NULL: as the others */
	bool spare_reporters;    /* they may be anybody's forged address */
	bool show_others;        /* Cc names who else reads it */
};

static bool is_staff(const struct audience_reader *reader)
{
	return reader->role == AUDIENCE_DEPARTMENT
	       || reader->role == AUDIENCE_ASSIGNEE;
}

/* The other people who get the same text, for Cc. */
static GPtrArray *others(const GPtrArray *readers, const char *address)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < readers->len; i++) {
		const struct audience_reader *one = readers->pdata[i];

		if (!is_staff(one) && strcmp(one->address, address) != 0)
			g_ptr_array_add(list, one->address);
	}
	g_ptr_array_add(list, NULL);
	return list;
}

static const char *first_language(const struct desk *desk,
				  const char *reader,
				  const struct department *department)
{
	if (reader[0] != '\0')
		return reader;
	if (department->language[0] != '\0')
		return department->language;
	return desk_get_config(desk)->server.language;
}

static bool post_staff(const struct desk *desk, struct store *store,
		       struct letter letter,
		       const struct audience_reader *reader, GError **error)
{
	g_autofree char *facts = NULL;

	letter.address = reader->address;
	letter.name = reader->name;
	letter.language = reader->language;
	if (letter.ticket != NULL) {
		facts = facts_dup(store, letter.ticket, letter.message,
				  first_language(desk, reader->language,
						 letter.department),
				  error);
		if (facts == NULL)
			return false;
		letter.facts = facts;
	}
	return letter_post(desk, store, &letter, error);
}

static bool post_customer(const struct desk *desk, struct store *store,
			  const struct mailing *mailing,
			  const GPtrArray *readers,
			  const struct audience_reader *reader, GError **error)
{
	struct letter letter = mailing->customers;
	bool author = reader->role == AUDIENCE_AUTHOR;
	g_autoptr(GPtrArray) cc = others(readers, reader->address);

	if (mailing->spare_reporters && reader->is_reporter)
		return true;
	letter.address = reader->address;
	letter.name = reader->name;
	if (author && mailing->author_kind != NULL)
		letter.kind = mailing->author_kind;
	if (mailing->show_others)
		letter.cc = (const char *const *)(void *)cc->pdata;
	return letter_post(desk, store, &letter, error);
}

/* Each mail that the audience table names. */
static bool post_to(const struct desk *desk, struct store *store,
		    const struct mailing *mailing,
		    const struct audience_query *query, GError **error)
{
	g_autoptr(GPtrArray) readers = audience_list(store, query, error);

	if (readers == NULL)
		return false;
	for (guint i = 0; i < readers->len; i++) {
		const struct audience_reader *one = readers->pdata[i];
		bool staff = is_staff(one);

		if ((staff ? mailing->staff.kind : mailing->customers.kind)
		    == NULL)
			continue;
		if (!(staff ? post_staff(desk, store, mailing->staff, one,
					 error)
			    : post_customer(desk, store, mailing, readers, one,
					    error)))
			return false;
	}
	return true;
}

/* A notice to staff about a message. What programs send into a ticket again
 * and again is counted, for staff have programs that answer, too. */
static struct letter make_notice(const struct notify_message *what,
				 const struct department *department,
				 const char *kind)
{
	struct letter letter = {
		.kind = kind,
		.template_name = "notice_reply",
		.department = department,
		.ticket = what->ticket,
		.message = what->message,
		.parts = what->parts,
		.automatic = COMPOSE_GENERATED,
		.remarks = what->remarks,
		.n_remarks = what->n_remarks,
	};

	if (what->staff_remarks != NULL) {
		letter.remarks = what->staff_remarks;
		letter.n_remarks = what->n_staff_remarks;
	}
	if (strcmp(kind, "notice_reply") == 0
	    && mail_kind_is_automatic(what->kind)) {
		letter.kind = "notice_auto";
		letter.windowed = true;
	}
	if (strcmp(kind, "notice_new") == 0)
		letter.template_name = NULL;
	return letter;
}

/* --- a customer wrote --- */

bool notify_customer_message(const struct desk *desk, struct store *store,
			     const struct notify_message *what,
			     enum audience_event told, GError **error)
{
	bool opened = told == AUDIENCE_OPENED;
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, what->ticket, &language, error);
	if (department == NULL)
		return false;

	struct mailing mailing = {
		.staff = make_notice(what, department,
				     opened ? "notice_new" : "notice_reply"),
		.author_kind = "ack",
		.spare_reporters = !what->proven,
	};
	if (opened && department->acknowledge
	    && !mail_kind_is_automatic(what->kind))
		mailing.customers = (struct letter){
			.kind = "ack_contact",
			.language = language,
			.department = department,
			.ticket = what->ticket,
			.message = what->message,
			.automatic = COMPOSE_REPLIED,
			.remarks = what->remarks,
			.n_remarks = what->n_remarks,
		};
	const struct audience_query query = {
		.ticket = what->ticket,
		.event = told,
		.actor = what->message->address,
	};
	return post_to(desk, store, &mailing, &query, error);
}

/* --- staff acted --- */

bool notify_staff_reply(const struct desk *desk, struct store *store,
			const struct notify_message *what, GError **error)
{
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, what->ticket, &language, error);
	if (department == NULL)
		return false;

	const struct mailing mailing = {
		.customers = {
			.kind = "reply",
			.language = language,
			.department = department,
			.ticket = what->ticket,
			.message = what->message,
			.parts = what->parts,
			.automatic = COMPOSE_HUMAN,
		},
		.staff = make_notice(what, department, "notice_answer"),
		.show_others = true,
	};
	const struct audience_query query = {
		.ticket = what->ticket,
		.event = AUDIENCE_STAFF_ANSWERED,
		.actor = what->message->address,
	};
	return post_to(desk, store, &mailing, &query, error);
}

/* Mail to staff only, about what one of them did. */
static bool post_notice(const struct desk *desk, struct store *store,
			const struct notify_message *what, const char *kind,
			const struct audience_query *query, GError **error)
{
	g_autofree char *language = NULL;
	struct mailing mailing = { 0 };
	AUTO(department)
	department = ticket_context(store, what->ticket, &language, error);
	if (department == NULL)
		return false;
	mailing.staff = make_notice(what, department, kind);
	return post_to(desk, store, &mailing, query, error);
}

bool notify_staff_note(const struct desk *desk, struct store *store,
		       const struct notify_message *what, GError **error)
{
	const struct notify_remark remark = { PHRASE_INTERNAL_NOTE, NULL };
	struct notify_message note = *what;
	const struct audience_query query = {
		.ticket = what->ticket,
		.event = AUDIENCE_NOTED,
		.actor = what->message->address,
	};

	note.remarks = &remark;
	note.n_remarks = 1;
	return post_notice(desk, store, &note, "notice_note", &query, error);
}

bool notify_staff_opened(const struct desk *desk, struct store *store,
			 const struct notify_message *what, GError **error)
{
	const struct audience_query query = {
		.ticket = what->ticket,
		.event = AUDIENCE_STAFF_OPENED,
		.actor = what->message->address,
	};

	return post_notice(desk, store, what, "notice_new", &query, error);
}

/* The last message of a person, which is what a new reader needs; NULL without
 * error if there is none. */
static bool find_last(struct store *store, const struct ticket *ticket,
		      struct message **ret_message, GError **error)
{
	g_autoptr(GPtrArray) all = message_list(store, ticket->id, error);

	if (all == NULL)
		return false;
	*ret_message = NULL;
	for (guint i = all->len; *ret_message == NULL && i > 0; i--) {
		const struct message *one = all->pdata[i - 1];

		if (one->author == MESSAGE_CUSTOMER
		    || one->author == MESSAGE_STAFF)
			*ret_message = g_ptr_array_steal_index(all, i - 1);
	}
	return true;
}

/* Staff who are new to the ticket read its last message, and why. */
static bool post_handed_over(const struct desk *desk, struct store *store,
			     const struct notify_remark *remark,
			     const char *kind,
			     const struct audience_query *query,
			     GError **error)
{
	AUTO(message) last = NULL;

	if (!find_last(store, query->ticket, &last, error))
		return false;

	const struct notify_message what = {
		.ticket = query->ticket,
		.message = last,
		.kind = MAIL_KIND_HUMAN,
		.remarks = remark,
		.n_remarks = 1,
	};
	return post_notice(desk, store, &what, kind, query, error);
}

static const char *actor_name(const struct staff *actor)
{
	return actor != NULL ? actor->name : "Portaria";
}

bool notify_assigned(const struct desk *desk, struct store *store,
		     const struct ticket *ticket, const struct staff *actor,
		     GError **error)
{
	const struct notify_remark remark = { PHRASE_ASSIGNED_BY,
					      actor_name(actor) };
	const struct audience_query query = {
		.ticket = ticket,
		.event = AUDIENCE_ASSIGNED,
		.actor = actor != NULL ? actor->address : "",
	};

	return post_handed_over(desk, store, &remark, "notice_assigned",
				&query, error);
}

bool notify_moved(const struct desk *desk, struct store *store,
		  const struct ticket *ticket, const char *from,
		  const struct staff *actor, GError **error)
{
	const struct notify_remark remark = { PHRASE_MOVED_FROM, from };
	const struct audience_query query = {
		.ticket = ticket,
		.event = AUDIENCE_MOVED,
		.actor = actor != NULL ? actor->address : "",
	};

	return post_handed_over(desk, store, &remark, "notice_moved", &query,
				error);
}

bool notify_answer_kept(const struct desk *desk, struct store *store,
			const struct notify_message *what,
			const struct staff *staff,
			const struct notify_remark *why, GError **error)
{
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, what->ticket, &language, error);
	if (department == NULL)
		return false;

	struct letter letter = make_notice(what, department, "notice_kept");
	letter.address = staff->address;
	letter.name = staff->name;
	letter.language = staff->language;
	letter.windowed = true;
	letter.remarks = why;
	letter.n_remarks = 1;
	return letter_post(desk, store, &letter, error);
}

bool notify_referral(const struct desk *desk, struct store *store,
		     const struct notify_message *what,
		     const struct department *department, GError **error)
{
	g_autofree char *language = NULL;
	AUTO(department)
	owner = ticket_context(store, what->ticket, &language, error);
	if (owner == NULL)
		return false;

	const struct notify_remark remark = { PHRASE_REFERRED_FROM,
					      owner->title };
	struct mailing mailing = {
		.staff = make_notice(what, department, "notice_referral"),
	};
	mailing.staff.windowed = mail_kind_is_automatic(what->kind);
	mailing.staff.remarks = &remark;
	mailing.staff.n_remarks = 1;
	const struct audience_query query = {
		.ticket = what->ticket,
		.event = AUDIENCE_REFERRED,
		.department_id = department->id,
		.actor = what->message->address,
	};
	return post_to(desk, store, &mailing, &query, error);
}

/* --- the ticket ended --- */

static bool post_end(const struct desk *desk, struct store *store,
		     const struct ticket *ticket, const char *kind,
		     enum audience_event event,
		     const struct notify_remark *remark, GError **error)
{
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, ticket, &language, error);
	if (department == NULL)
		return false;

	const struct mailing mailing = {
		.customers = {
			.kind = kind,
			.language = language,
			.department = department,
			.ticket = ticket,
			.automatic = COMPOSE_GENERATED,
			.remarks = remark,
			.n_remarks = remark != NULL,
		},
	};
	const struct audience_query query = { .ticket = ticket,
					      .event = event };

	return post_to(desk, store, &mailing, &query, error);
}

bool notify_closed(const struct desk *desk, struct store *store,
		   const struct ticket *ticket, GError **error)
{
	return post_end(desk, store, ticket, "closed", AUDIENCE_CLOSED, NULL,
			error);
}

bool notify_resolved(const struct desk *desk, struct store *store,
		     const struct ticket *ticket, GError **error)
{
	guint64 days = desk_get_config(desk)->timers.reopen_seconds / 86400;
	g_autofree char *value
		= g_strdup_printf("%" G_GUINT64_FORMAT, days);
	const struct notify_remark remark = { PHRASE_REOPEN_DAYS, value };

	return post_end(desk, store, ticket, "resolved", AUDIENCE_RESOLVED,
			days > 0 ? &remark : NULL, error);
}

/* --- held messages and bounces --- */

/* About no ticket yet: all staff of the department. */
static bool post_to_department(const struct desk *desk, struct store *store,
			       struct letter letter, GError **error)
{
	g_autoptr(GPtrArray) staff
		= staff_of_department(store, letter.department->id, error);

	if (staff == NULL)
		return false;
	for (guint i = 0; i < staff->len; i++) {
		const struct staff *one = staff->pdata[i];

		letter.address = one->address;
		letter.name = one->name;
		letter.language = one->language;
		if (!letter_post(desk, store, &letter, error))
			return false;
	}
	return true;
}

/* Only a registered address is asked: a hold tells strangers nothing. */
static bool post_confirmation(const struct desk *desk, struct store *store,
			      struct letter letter, GError **error)
{
	GError *local = NULL;
	AUTO(contact)
	contact = contact_by_address(store, letter.held->address, &local);
	if (contact == NULL)
		return lookup_is_absent(local, error);
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

static bool post_held(const struct desk *desk, struct store *store,
		      const struct held *held, enum phrase reason, bool ask,
		      GError **error)
{
	const struct notify_remark remark = { reason, NULL };
	AUTO(department)
	department = department_get(store, held->department_id, error);
	if (department == NULL)
		return false;

	/* Whoever forges a customer's From must not fill his mailbox. */
	struct letter letter = {
		.language = "",
		.department = department,
		.held = held,
		.automatic = COMPOSE_GENERATED,
		.windowed = true,
		.remarks = &remark,
		.n_remarks = 1,
	};
	if (ask && !post_confirmation(desk, store, letter, error))
		return false;
	letter.kind = "hold_notice";
	return post_to_department(desk, store, letter, error);
}

bool notify_held(const struct desk *desk, struct store *store,
		 const struct held *held, enum phrase reason, GError **error)
{
	return post_held(desk, store, held, reason, true, error);
}

bool notify_held_staff(const struct desk *desk, struct store *store,
		       const struct held *held, enum phrase reason,
		       GError **error)
{
	return post_held(desk, store, held, reason, false, error);
}

bool notify_bounced(const struct desk *desk, struct store *store,
		    const struct ticket *ticket, const char *address,
		    const char *why, GError **error)
{
	g_autofree char *language = NULL;
	g_autofree char *detail = g_strdup_printf("%s: %s", address, why);
	AUTO(department)
	department = ticket_context(store, ticket, &language, error);
	if (department == NULL)
		return false;

	const struct mailing mailing = {
		.staff = {
			.kind = "notice_bounce",
			.department = department,
			.ticket = ticket,
			.automatic = COMPOSE_GENERATED,
			.detail = detail,
		},
	};
	const struct audience_query query = {
		.ticket = ticket,
		.event = AUDIENCE_BOUNCED,
		.actor = address,
	};
	return post_to(desk, store, &mailing, &query, error);
}
