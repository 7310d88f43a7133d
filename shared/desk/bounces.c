/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bounces.c - our own mail that came back
 */
#include "desk/bounces.h"

#include "desk/lookup.h"
#include "desk/notify.h"
#include "desk/signed.h"
#include "mail/text.h"
#include "store/audit.h"
#include "store/undeliverable.h"

#include <string.h>

#define DIAGNOSTIC_MAX 300 /* bytes; it is the peer's */
#define IDS_MAX        20  /* Message-IDs looked at */

/* The row of a signed Message-ID, 0 if it is none of ours. */
static gint64 row_of(const struct desk *desk, const char *message_id)
{
	struct signed_ref ref = { 0 };
	gint64 id = 0;

	if (signed_parse_message_id(desk, message_id, &ref))
		id = ref.outbox_id;
	signed_ref_clear(&ref);
	return id;
}

static gint64 row_among(const struct desk *desk, char *const *ids)
{
	gint64 found = 0;

	for (size_t i = 0;
	     found == 0 && ids != NULL && ids[i] != NULL && i < IDS_MAX; i++)
		found = row_of(desk, ids[i]);
	return found;
}

/* The mail of ours that a message is about; 0 if none can be told. */
static gint64 find_row_id(const struct intake *in)
{
	const struct mail *mail = in->message->mail;
	struct signed_ref ref = { 0 };
	gint64 found = 0;

	if (signed_parse_address(in->desk, in->recipient->address, &ref)
	    && ref.kind == SIGNED_BOUNCE)
		found = ref.outbox_id;
	signed_ref_clear(&ref);
	if (found == 0 && mail->bounce != NULL)
		found = row_of(in->desk, mail->bounce->original_id);
	if (found == 0)
		found = row_among(in->desk, mail->in_reply_to);
	return found;
}

/* RFC 3464 section 2.3.3: nobody tries this mail any more, whatever class its
 * status has; one that waited in vain has 4. */
static bool is_final(const struct mail_bounce_recipient *one)
{
	return strcmp(one->action, "failed") == 0;
}

/* RFC 3463: of class 5, permanent, and not too large (section 3), or of a
 * kind that the other side does not take. Else the next mail may arrive. */
static bool blames_address(const char *status)
{
	static const char *const starts[] = { "5.2.3", "5.3.4", "5.6." };

	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		if (g_str_has_prefix(status, starts[i]))
			return false;
	}
	return status[0] == '5';
}

/* "failed 5.1.1 no such user" */
static char *dup_why(const struct mail_bounce_recipient *one)
{
	g_autofree char *shown = text_dup_line_len(
		one->diagnostic, strlen(one->diagnostic), DIAGNOSTIC_MAX);

	return g_strdup_printf("%s %s %s", one->action, one->status, shown);
}

/* A notice about a notice would go the same way. */
static bool is_notice(const struct outbox *row)
{
	return g_str_has_prefix(row->kind, "notice");
}

/* One line on the ticket, with the mail that says so if there is one, and
 * one notice to staff. *ret_ref: of the ticket, NULL if there is none. */
static bool tell(const struct desk *desk, struct store *store,
		 const struct outbox *row, const char *what,
		 const struct conversation_text *source, bool notice,
		 char **ret_ref, GError **error)
{
	g_autofree char *text = NULL;

	*ret_ref = NULL;
	if (row->ticket_id == 0)
		return true;
	AUTO(ticket) ticket = ticket_get(store, row->ticket_id, error);
	ticket = ticket_follow(store, ticket, error);
	if (ticket == NULL)
		return false;
	text = g_strdup_printf("mail to %s (%s): %s", row->recipient, row->kind,
			       what);
	if (!conversation_event_mail(store, ticket->id, text, source, error))
		return false;
	if (notice && !is_notice(row)
	    && !notify_bounced(desk, store, ticket, row->recipient, what,
			       error))
		return false;
	*ret_ref = g_strdup(ticket->ref);
	return true;
}

/* The report on the row's recipient. A forwarding mailbox reports on the one
 * behind it: then the first one is meant. */
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

/* The address gets no more mail. *ret_news: that is new. */
static bool mark_address(struct store *store, const struct outbox *row,
			 const char *status, const char *why, bool *ret_news,
			 GError **error)
{
	const struct undeliverable failure = {
		.address = row->recipient,
		.status = (char *)(guintptr)status,
		.why = (char *)(guintptr)why,
		.outbox_id = row->id,
	};

	return undeliverable_note(store, &failure, ret_news, error);
}

/* Marks what did not arrive. *ret_news: staff do not know of it yet; one
 * report may come twice, and an address fails for mail that was on its way
 * already. */
static bool mark(struct store *store, const struct outbox *row,
		 const struct mail_bounce_recipient *report, bool *ret_news,
		 GError **error)
{
	g_autofree char *why = dup_why(report);
	g_autofree char *said = text_dup_line_len(
		report->diagnostic, strlen(report->diagnostic), DIAGNOSTIC_MAX);

	if (!outbox_mark_bounced(store, row->id, why, error))
		return false;
	if (blames_address(report->status))
		return mark_address(store, row, report->status, said, ret_news,
				    error);
	*ret_news = row->state != OUTBOX_BOUNCED;
	return true;
}

static bool record(const struct intake *in, const struct outbox *row,
		   char **ret_ref, GError **error)
{
	const struct mail *mail = in->message->mail;
	const struct mail_bounce_recipient *report = find_report(mail, row);
	bool news = false;
	const struct conversation_text source = intake_source(in, mail->text);
	g_autofree char *why = report != NULL
				       ? dup_why(report)
				       : g_strdup("an automatic answer came");

	if (report != NULL && is_final(report)
	    && !mark(in->store, row, report, &news, error))
		return false;
	return tell(in->desk, in->store, row, why, &source, news, ret_ref,
		    error);
}

static void set_result(struct intake_result *result, const char *ref)
{
	result->outcome = INTAKE_BOUNCE;
	result->ref = g_strdup(ref != NULL ? ref : "");
	result->answer = ref != NULL
				 ? g_strdup_printf("%s bounce recorded", ref)
				 : g_strdup("bounce recorded");
}

/* A bounce that came to a reply address, as some servers send them: it can be
 * told which ticket, not which mail. */
static bool record_by_ticket(const struct intake *in, bool *ret_done,
			     struct intake_result *result, GError **error)
{
	const struct conversation_text source
		= intake_source(in, in->message->mail->text);
	GError *local = NULL;
	struct signed_ref token = { 0 };
	AUTO(ticket) ticket = NULL;
	bool named = signed_parse_address(in->desk, in->recipient->address,
					  &token)
		     && token.kind == SIGNED_REPLY;

	if (named)
		ticket = ticket_by_ref(in->store, token.ref, &local);
	signed_ref_clear(&token);
	if (ticket == NULL)
		return !named || lookup_is_absent(local, error);
	ticket = ticket_follow(in->store, ticket, error);
	if (ticket == NULL)
		return false;
	if (!conversation_event_mail(in->store, ticket->id,
				     "mail of this ticket came back", &source,
				     error))
		return false;
	*ret_done = true;
	set_result(result, ticket->ref);
	return true;
}

bool bounces_record(const struct intake *in, bool *ret_done,
		    struct intake_result *result, GError **error)
{
	GError *local = NULL;
	g_autofree char *ref = NULL;
	AUTO(outbox) row = NULL;
	bool is_bounce = in->kind == MAIL_KIND_BOUNCE;
	gint64 id;

	*ret_done = false;
	if (!is_bounce && in->recipient->verdict != SEAL_ACCEPT_BOUNCE)
		return true;
	id = find_row_id(in);
	if (id == 0)
		return !is_bounce
		       || record_by_ticket(in, ret_done, result, error);
	row = outbox_get(in->store, id, &local);
	if (row == NULL)
		return lookup_is_absent(local, error);
	if (!record(in, row, &ref, error))
		return false;
	*ret_done = true;
	set_result(result, ref);
	return true;
}

bool bounces_refused(const struct desk *desk, struct store *store,
		     const struct outbox *row, const char *reply,
		     bool bad_address, GError **error)
{
	g_autofree char *what = g_strdup_printf("was not sent: %s", reply);
	g_autofree char *ref = NULL;
	bool news = true;

	if (bad_address
	    && !mark_address(store, row, "", reply, &news, error))
		return false;
	return tell(desk, store, row, what, NULL, news, &ref, error);
}

bool bounces_clear(struct store *store, const char *address, const char *by,
		   bool *ret_was, GError **error)
{
	GError *local = NULL;
	g_autofree char *object = NULL;
	AUTO(undeliverable) row = undeliverable_get(store, address, &local);

	if (row == NULL && !lookup_is_absent(local, error))
		return false;
	if (!undeliverable_clear(store, address, ret_was, error))
		return false;
	if (row == NULL)
		return true;
	object = g_strdup_printf("outbox %" G_GINT64_FORMAT, row->outbox_id);
	return audit_add(store, by, "clear", object,
			 "mail to its recipient works again", error);
}

bool bounces_forget(const struct intake *in, GError **error)
{
	bool was;

	return in->recipient->proof != AUTH_PROVEN
	       || mail_kind_is_automatic(in->kind)
	       || in->recipient->identity[0] == '\0'
	       || bounces_clear(in->store, in->recipient->identity, "author",
				&was, error);
}
