/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conversation.c - what people do to a ticket
 *
 * Each action: the entry, the ticket's row, the mail, the audit row, in the
 * caller's transaction. ticket_update() fails with CONFLICT if somebody else
 * changed the ticket since it was read.
 */
#include "desk/conversation.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/conversation_parts.h"
#include "desk/notify.h"
#include "desk/phrases.h"
#include "desk/status.h"
#include "mail/subject.h"
#include "mail/text.h"
#include "store/audit.h"
#include "store/blob.h"

#define SUBJECT_MAX 250 /* characters */

static void set(char **where, const char *value)
{
	g_free(*where);
	*where = g_strdup(value != NULL ? value : "");
}

const char *conversation_actor(const struct actor *actor)
{
	return actor->staff != NULL ? actor->staff->login : "system";
}

bool conversation_audit(struct store *store, const struct actor *actor,
			const char *action, const struct ticket *ticket,
			const char *detail, GError **error)
{
	g_autofree char *object = g_strdup_printf("ticket %s", ticket->ref);

	return audit_add(store, conversation_actor(actor), action, object,
			 detail, error);
}

char *conversation_dup_subject(const struct desk *desk, const char *subject)
{
	g_autofree char *bare = subject_dup_bare(
		desk_get_config(desk)->server.ref_prefix, subject);

	if (bare[0] == '\0')
		return g_strdup(
			phrase_get(PHRASE_NO_SUBJECT,
				   desk_get_config(desk)->server.language));
	if (g_utf8_strlen(bare, -1) <= SUBJECT_MAX)
		return g_steal_pointer(&bare);
	g_autofree char *head = g_utf8_substring(bare, 0, SUBJECT_MAX);
	return g_strconcat(head, "...", NULL);
}

static bool insert_attachment(struct store *store, gint64 message_id,
			      const struct mail_part *part, GError **error)
{
	g_autofree char *blob = blob_put(store, part->data, error);
	struct attachment attachment = {
		.message_id = message_id,
		.filename = part->filename,
		.content_type = part->content_type,
		.content_id = part->content_id,
		.is_inline = part->is_inline,
		.size = (gint64)g_bytes_get_size(part->data),
		.blob = blob,
	};

	return blob != NULL && attachment_insert(store, &attachment, error);
}

bool conversation_attach(struct store *store, gint64 message_id,
			 const GPtrArray *parts, GError **error)
{
	for (guint i = 0; parts != NULL && i < parts->len; i++) {
		if (!insert_attachment(store, message_id, parts->pdata[i],
				       error))
			return false;
	}
	return true;
}

char *conversation_dup_evidence(const char *evidence)
{
	return text_dup_line(evidence != NULL ? evidence : "");
}

/* What came by mail keeps its evidence. */
static void describe_mail(struct message *message,
			  const struct conversation_text *text)
{
	const struct mail *mail = text->mail;

	set(&message->raw, text->raw_blob);
	g_free(message->auth);
	message->auth = conversation_dup_evidence(text->evidence);
	set(&message->client_ip, text->client_ip);
	set(&message->queue_id, text->queue_id);
	message->created = text->received;
	if (mail == NULL)
		return;
	set(&message->kind, mail_kind_name(mail->kind));
	set(&message->message_id, mail->message_id);
	set(&message->subject, mail->subject);
	set(&message->html, mail->html);
	message->sent = mail->date;
	message->warnings = mail->warnings;
}

bool conversation_event(struct store *store, gint64 ticket_id,
			const char *text, GError **error)
{
	return conversation_event_mail(store, ticket_id, text, NULL, error);
}

bool conversation_event_mail(struct store *store, gint64 ticket_id,
			     const char *text,
			     const struct conversation_text *source,
			     GError **error)
{
	AUTO(message) event = message_new();

	event->ticket_id = ticket_id;
	event->author = MESSAGE_EVENT;
	set(&event->channel, source != NULL ? "mail" : "system");
	set(&event->text, text);
	set(&event->text_trimmed, text);
	if (source != NULL) {
		describe_mail(event, source);
		if (source->text != NULL && source->text[0] != '\0') {
			g_free(event->text);
			event->text = g_strdup_printf("%s\n\n%s", text,
						      source->text);
		}
	}
	return message_insert(store, event, error);
}

bool conversation_event_of(struct store *store, gint64 ticket_id,
			   const char *address, const char *text,
			   GError **error)
{
	AUTO(message) event = message_new();

	event->ticket_id = ticket_id;
	event->author = MESSAGE_EVENT;
	set(&event->address, address);
	set(&event->channel, "mail");
	set(&event->text, text);
	set(&event->text_trimmed, text);
	return message_insert(store, event, error);
}

/* The entry of a staff action with its attachments. */
static struct message *insert_entry(struct store *store,
				    const struct actor *actor,
				    const struct ticket *ticket,
				    const struct conversation_text *text,
				    enum message_author author, GError **error)
{
	AUTO(message) message = message_new();

	message->ticket_id = ticket->id;
	message->author = author;
	if (actor->staff != NULL) {
		message->staff_id = actor->staff->id;
		set(&message->address, actor->staff->address);
		set(&message->name, actor->staff->name);
	}
	set(&message->channel, actor->channel);
	set(&message->subject, ticket->subject);
	describe_mail(message, text);
	set(&message->text, text->text);
	set(&message->text_trimmed, text->text);
	if (!message_insert(store, message, error)
	    || !conversation_attach(store, message->id, text->parts, error))
		return NULL;
	if (message->message_id[0] != '\0'
	    && !message_id_learn(store, ticket->id, message->message_id,
				 error))
		return NULL;
	return g_steal_pointer(&message);
}

static bool change_status(struct store *store, struct ticket *ticket,
			  enum ticket_status status, GError **error)
{
	status_apply(ticket, status, clock_now());
	return ticket_update(store, ticket, error);
}

/* From what it was before to what it is. */
static bool record_status(struct store *store, const struct actor *actor,
			  const struct ticket *ticket,
			  enum ticket_status before, GError **error)
{
	const struct conversation_change change = {
		"status", ticket_status_name(before),
		ticket_status_name(ticket->status)
	};

	return conversation_record(store, actor, ticket, &change, error);
}

bool conversation_reply(const struct desk *desk, struct store *store,
			const struct actor *actor, struct ticket *ticket,
			const struct conversation_text *text,
			enum ticket_status status, gint64 *ret_message,
			GError **error)
{
	enum ticket_status before = ticket->status;
	enum ticket_status usual
		= status_step(before, STATUS_STAFF_ANSWERS).next;

	if (status == TICKET_STATUS__COUNT)
		status = usual;
	AUTO(message)
	message = insert_entry(store, actor, ticket, text, MESSAGE_STAFF,
			       error);
	if (message == NULL || !change_status(store, ticket, status, error)
	    || (status != usual && status != before
		&& !record_status(store, actor, ticket, before, error)))
		return false;

	const struct notify_message what = {
		.ticket = ticket,
		.message = message,
		.parts = text->parts,
		.kind = MAIL_KIND_HUMAN,
		.proven = true,
	};
	if (!notify_staff_reply(desk, store, &what, error)
	    || !conversation_audit(store, actor, "reply", ticket,
				   ticket_status_name(status), error))
		return false;
	if (ret_message != NULL)
		*ret_message = message->id;
	return true;
}

bool conversation_note(const struct desk *desk, struct store *store,
		       const struct actor *actor, struct ticket *ticket,
		       const struct conversation_text *text,
		       gint64 *ret_message, GError **error)
{
	AUTO(message)
	message = insert_entry(store, actor, ticket, text, MESSAGE_NOTE, error);
	if (message == NULL || !ticket_update(store, ticket, error)
	    || !conversation_audit(store, actor, "note", ticket, "", error))
		return false;

	const struct notify_message what = {
		.ticket = ticket,
		.message = message,
		.parts = text->parts,
		.kind = MAIL_KIND_HUMAN,
		.proven = true,
	};
	if (!notify_staff_note(desk, store, &what, error))
		return false;
	if (ret_message != NULL)
		*ret_message = message->id;
	return true;
}

bool conversation_record(struct store *store, const struct actor *actor,
			 const struct ticket *ticket,
			 const struct conversation_change *change,
			 GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"%s: %s -> %s (%s)", change->field, change->from, change->to,
		conversation_actor(actor));

	return conversation_event(store, ticket->id, text, error)
	       && conversation_audit(store, actor, change->field, ticket,
				     change->to, error);
}

/* The mails of a status that was set. */
static bool tell_status(const struct desk *desk, struct store *store,
			const struct ticket *ticket, enum audience_event told,
			GError **error)
{
	static bool (*const mails[AUDIENCE_EVENT__COUNT])(
		const struct desk *, struct store *, const struct ticket *,
		GError **) = {
		[AUDIENCE_RESOLVED] = notify_resolved,
		[AUDIENCE_CLOSED] = notify_closed,
	};

	return mails[told] == NULL || mails[told](desk, store, ticket, error);
}

bool conversation_set_status(const struct desk *desk, struct store *store,
			     const struct actor *actor, struct ticket *ticket,
			     enum ticket_status status, GError **error)
{
	const struct status_step step
		= status_step(ticket->status, status_event_set(status));
	const struct conversation_change change = {
		"status", ticket_status_name(ticket->status),
		ticket_status_name(step.next)
	};

	if (ticket->status == step.next)
		return true;
	return change_status(store, ticket, step.next, error)
	       && conversation_record(store, actor, ticket, &change, error)
	       && tell_status(desk, store, ticket, step.told, error);
}

bool conversation_set_priority(const struct desk *desk, struct store *store,
			       const struct actor *actor,
			       struct ticket *ticket,
			       enum ticket_priority priority, GError **error)
{
	const struct conversation_change change = {
		"priority", ticket_priority_name(ticket->priority),
		ticket_priority_name(priority)
	};

	(void)desk; /* changes of priority are mailed to nobody */
	if (ticket->priority == priority)
		return true;
	ticket->priority = priority;
	return ticket_update(store, ticket, error)
	       && conversation_record(store, actor, ticket, &change, error);
}

static char *dup_login_of(struct store *store, gint64 staff_id)
{
	AUTO(staff) staff = NULL;

	if (staff_id != 0)
		staff = staff_get(store, staff_id, NULL);
	return g_strdup(staff != NULL ? staff->login : "-");
}

bool conversation_assign(const struct desk *desk, struct store *store,
			 const struct actor *actor, struct ticket *ticket,
			 const struct staff *staff, GError **error)
{
	gint64 id = staff != NULL ? staff->id : 0;
	g_autofree char *from = dup_login_of(store, ticket->assignee);
	const struct conversation_change change = {
		"assignee", from, staff != NULL ? staff->login : "-"
	};

	if (ticket->assignee == id)
		return true;
	ticket->assignee = id;
	return ticket_update(store, ticket, error)
	       && conversation_record(store, actor, ticket, &change, error)
	       && notify_assigned(desk, store, ticket, actor->staff, error);
}
