/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bounces.c - our own mail that came back
 */
#include "desk/bounces.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/conversation.h"
#include "desk/notify.h"
#include "desk/signed.h"
#include "store/customer.h"
#include "store/outbox.h"

#include <string.h>

/* The mail of ours that a message is about; 0 if none can be told. */
static gint64 find_outbox_id(const struct desk *desk,
			     const struct intake_message *message,
			     const char *recipient)
{
	const struct mail *mail = message->mail;
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	struct signed_ref ref = { 0 };
	gint64 found = 0;

	if (signed_parse_address(desk, recipient, &ref)
	    && ref.kind == SIGNED_BOUNCE)
		found = ref.outbox_id;
	signed_ref_clear(&ref);
	if (mail->bounce != NULL)
		g_ptr_array_add(ids, mail->bounce->original_id);
	for (char **id = mail->in_reply_to; id != NULL && *id != NULL; id++)
		g_ptr_array_add(ids, *id);
	for (guint i = 0; found == 0 && i < ids->len; i++) {
		if (signed_parse_message_id(desk, ids->pdata[i], &ref))
			found = ref.outbox_id;
		signed_ref_clear(&ref);
	}
	return found;
}

/* RFC 3463: class 5 is permanent. */
static bool is_permanent(const struct mail_bounce_recipient *one)
{
	return strcmp(one->action, "failed") == 0 && one->status[0] == '5';
}

/* "user@x: 5.1.1 no such user"; the diagnostic is cut, it is the peer's. */
static char *dup_why(const struct mail_bounce_recipient *one)
{
	g_autofree char *shown = g_utf8_substring(
		one->diagnostic, 0,
		MIN(g_utf8_strlen(one->diagnostic, -1), 300));

	return g_strdup_printf("%s %s %s", one->action, one->status, shown);
}

static bool ignore_not_found(GError *problem, GError **error)
{
	if (problem == NULL
	    || g_error_matches(problem, PORTARIA_ERROR,
			       PORTARIA_ERROR_NOT_FOUND)) {
		g_clear_error(&problem);
		return true;
	}
	g_propagate_error(error, problem);
	return false;
}

/* Marks the row, and the address if it will never work. */
static bool mark(struct store *store, const struct outbox *row,
		 const struct mail_bounce_recipient *one, const char *why,
		 GError **error)
{
	GError *problem = NULL;

	if (!is_permanent(one))
		return true;
	if (!outbox_mark_bounced(store, row->id, why, error))
		return false;
	if (contact_set_bounced(store, row->recipient, clock_now(), &problem))
		return true;
	return ignore_not_found(problem, error);
}

/* One line on the ticket, one notice to staff. */
static bool tell(const struct desk *desk, struct store *store,
		 const struct outbox *row, const char *what, bool notice,
		 char **ret_ref, GError **error)
{
	g_autofree char *text = NULL;

	*ret_ref = NULL;
	if (row->ticket_id == 0)
		return true;
	AUTO(ticket) ticket = ticket_get(store, row->ticket_id, error);
	if (ticket == NULL)
		return false;
	text = g_strdup_printf("mail to %s (%s): %s", row->recipient, row->kind,
			       what);
	if (!conversation_event(store, ticket->id, text, error))
		return false;
	if (notice
	    && !notify_bounced(desk, store, ticket, row->recipient, what,
			       error))
		return false;
	*ret_ref = g_strdup(ticket->ref);
	return true;
}

/* The report on the row's recipient; a DSN of ours has one, mostly. */
static const struct mail_bounce_recipient *
find_report(const struct mail *mail, const struct outbox *row)
{
	const GPtrArray *all
		= mail->bounce != NULL ? mail->bounce->recipients : NULL;

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct mail_bounce_recipient *one = all->pdata[i];

		if (strcmp(one->address, row->recipient) == 0)
			return one;
	}
	return all != NULL && all->len > 0 ? all->pdata[0] : NULL;
}

static bool record(const struct desk *desk, struct store *store,
		   const struct mail *mail, const struct outbox *row,
		   char **ret_ref, GError **error)
{
	const struct mail_bounce_recipient *report = find_report(mail, row);
	g_autofree char *why = report != NULL
				       ? dup_why(report)
				       : g_strdup("an automatic answer came");

	if (report != NULL && !mark(store, row, report, why, error))
		return false;
	/* A bounced notice to staff causes no notice about notices. */
	return tell(desk, store, row, why,
		    report != NULL && is_permanent(report)
			    && !g_str_has_prefix(row->kind, "notice"),
		    ret_ref, error);
}

bool bounces_record(const struct desk *desk, struct store *store,
		    const struct intake_message *message,
		    const struct intake_recipient *recipient, bool *ret_done,
		    struct intake_result *result, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *ref = NULL;
	gint64 id;

	*ret_done = false;
	if (message->mail->kind != MAIL_KIND_BOUNCE
	    && recipient->verdict != SEAL_ACCEPT_BOUNCE)
		return true;
	id = find_outbox_id(desk, message, recipient->address);
	if (id == 0)
		return true;
	AUTO(outbox) row = outbox_get(store, id, &problem);
	if (row == NULL)
		return ignore_not_found(g_steal_pointer(&problem), error);
	if (!record(desk, store, message->mail, row, &ref, error))
		return false;
	*ret_done = true;
	result->outcome = INTAKE_BOUNCE;
	result->answer = g_strdup_printf("%s bounce recorded",
					 ref != NULL ? ref : "");
	result->ref = g_strdup(ref != NULL ? ref : "");
	g_strchug(result->answer);
	return true;
}
