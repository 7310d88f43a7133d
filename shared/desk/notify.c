/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.c - which mails an event causes, as outbox rows
 */
#include "desk/notify.h"

#include "base/error.h"
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

/* "notice_new" or "notice_reply". What programs send into a ticket again and
 * again is counted, for staff have programs that answer, too. */
static bool post_notices(const struct desk *desk, struct store *store,
			 struct letter letter,
			 const struct notify_message *what, bool created,
			 GError **error)
{
	letter.kind = created ? "notice_new" : "notice_reply";
	letter.automatic = COMPOSE_GENERATED;
	letter.parts = what->parts;
	if (!created && mail_kind_is_automatic(what->kind)) {
		letter.template_name = letter.kind;
		letter.kind = "notice_auto";
		letter.windowed = true;
	}
	return post_to_staff(desk, store, letter, what->message->address,
			     error);
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

	const struct letter letter = {
		.language = language,
		.department = department,
		.ticket = what->ticket,
		.message = what->message,
		.automatic = COMPOSE_REPLIED,
		.remarks = what->remarks,
		.n_remarks = what->n_remarks,
	};
	if (created && department->acknowledge
	    && !mail_kind_is_automatic(what->kind)
	    && !post_acknowledgements(desk, store, letter, what->proven,
				      error))
		return false;
	return post_notices(desk, store, letter, what, created, error);
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

bool notify_staff_opened(const struct desk *desk, struct store *store,
			 const struct notify_message *what, GError **error)
{
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, what->ticket, &language, error);
	if (department == NULL)
		return false;

	const struct letter letter = {
		.department = department,
		.ticket = what->ticket,
		.message = what->message,
	};
	return post_notices(desk, store, letter, what, true, error);
}

bool notify_answer_kept(const struct desk *desk, struct store *store,
			const struct notify_message *what,
			const struct staff *staff, enum phrase why,
			GError **error)
{
	const struct notify_remark remark = { why, NULL };
	g_autofree char *language = NULL;
	AUTO(department)
	department = ticket_context(store, what->ticket, &language, error);
	if (department == NULL)
		return false;

	const struct letter letter = {
		.kind = "notice_kept",
		.template_name = "notice_reply",
		.address = staff->address,
		.name = staff->name,
		.language = staff->language,
		.department = department,
		.ticket = what->ticket,
		.message = what->message,
		.automatic = COMPOSE_GENERATED,
		.windowed = true,
		.remarks = &remark,
		.n_remarks = 1,
	};
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
	const struct letter letter = {
		.kind = "notice_referral",
		.template_name = "notice_reply",
		.department = department,
		.ticket = what->ticket,
		.message = what->message,
		.parts = what->parts,
		.automatic = COMPOSE_GENERATED,
		.windowed = mail_kind_is_automatic(what->kind),
		.remarks = &remark,
		.n_remarks = 1,
	};
	return post_to_staff(desk, store, letter, what->message->address,
			     error);
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
	return post_to_staff(desk, store, letter, NULL, error);
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

	const struct letter letter = {
		.kind = "notice_bounce",
		.department = department,
		.ticket = ticket,
		.automatic = COMPOSE_GENERATED,
		.detail = detail,
	};
	return post_to_staff(desk, store, letter, address, error);
}
