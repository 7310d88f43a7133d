/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail.c - the plain struct of a message: making, freeing, naming
 */
#include "mail/mail.h"

#include <string.h>

#include "mail/commands.h"
#include "mail/mailbuild.h"

static const char *const kind_names[] = {
	[MAIL_KIND_HUMAN] = "human",
	[MAIL_KIND_AUTO_REPLY] = "auto_reply",
	[MAIL_KIND_VACATION] = "vacation",
	[MAIL_KIND_BOUNCE] = "bounce",
	[MAIL_KIND_ABUSE_REPORT] = "abuse_report",
	[MAIL_KIND_LIST] = "list",
};
_Static_assert(G_N_ELEMENTS(kind_names) == MAIL_KIND__COUNT,
               "one name for each kind");

const char *mail_kind_name(enum mail_kind kind)
{
	return (unsigned)kind < MAIL_KIND__COUNT ? kind_names[kind] : "human";
}

bool mail_kind_parse(const char *name, enum mail_kind *ret_kind)
{
	for (int i = 0; i < MAIL_KIND__COUNT; i++) {
		if (strcmp(name, kind_names[i]) == 0) {
			*ret_kind = (enum mail_kind)i;
			return true;
		}
	}
	return false;
}

bool mail_kind_is_automatic(enum mail_kind kind)
{
	return kind != MAIL_KIND_HUMAN;
}

void mail_part_free(struct mail_part *part)
{
	if (part == NULL)
		return;
	g_free(part->filename);
	g_free(part->content_type);
	g_free(part->detected_type);
	g_free(part->content_id);
	g_clear_pointer(&part->data, g_bytes_unref);
	g_free(part);
}

static void free_part(gpointer data)
{
	mail_part_free(data);
}

static void free_mailbox(gpointer data)
{
	mailbox_free(data);
}

static void free_recipient(gpointer data)
{
	struct mail_bounce_recipient *recipient = data;

	g_free(recipient->address);
	g_free(recipient->action);
	g_free(recipient->status);
	g_free(recipient->diagnostic);
	g_free(recipient);
}

struct mail_bounce *mail_bounce_new(void)
{
	struct mail_bounce *bounce = g_new0(struct mail_bounce, 1);

	bounce->recipients = g_ptr_array_new_with_free_func(free_recipient);
	return bounce;
}

void mail_bounce_free(struct mail_bounce *bounce)
{
	if (bounce == NULL)
		return;
	g_ptr_array_unref(bounce->recipients);
	g_free(bounce->original_id);
	g_free(bounce->original_envelope);
	g_free(bounce);
}

void mail_abuse_free(struct mail_abuse *abuse)
{
	if (abuse == NULL)
		return;
	g_free(abuse->feedback_type);
	g_free(abuse->source_ip);
	g_free(abuse->reported_domain);
	g_free(abuse->reporter);
	g_free(abuse->arrival_date);
	g_free(abuse->format);
	g_free(abuse->report_id);
	g_strfreev(abuse->urls);
	g_free(abuse);
}

void mail_event_free(struct mail_event *event)
{
	if (event == NULL)
		return;
	g_free(event->method);
	g_free(event->summary);
	g_free(event->start);
	g_free(event->end);
	g_free(event->organizer);
	g_free(event->location);
	g_free(event);
}

static void free_event(gpointer data)
{
	mail_event_free(data);
}

struct mail *mail_new(void)
{
	struct mail *mail = g_new0(struct mail, 1);

	mail->from = g_ptr_array_new_with_free_func(free_mailbox);
	mail->to = g_ptr_array_new_with_free_func(free_mailbox);
	mail->cc = g_ptr_array_new_with_free_func(free_mailbox);
	mail->reply_to = g_ptr_array_new_with_free_func(free_mailbox);
	mail->parts = g_ptr_array_new_with_free_func(free_part);
	mail->events = g_ptr_array_new_with_free_func(free_event);
	return mail;
}

struct mailbox *mailbox_new_lenient(const char *name, const char *address)
{
	struct mailbox *mailbox = address_parse(address, strlen(address));

	if (mailbox == NULL) {
		mailbox = g_new0(struct mailbox, 1);
		mailbox->local = g_strdup(address);
		mailbox->domain = g_strdup("");
		mailbox->address = g_strdup("");
	}
	g_free(mailbox->name);
	mailbox->name = g_strdup(name);
	return mailbox;
}

static void set_empty(char **text)
{
	if (*text == NULL)
		*text = g_strdup("");
}

static void set_empty_list(char ***list)
{
	if (*list == NULL)
		*list = g_new0(char *, 1);
}

static void fill_part(struct mail_part *part)
{
	set_empty(&part->filename);
	set_empty(&part->content_type);
	set_empty(&part->detected_type);
	set_empty(&part->content_id);
	if (part->data == NULL)
		part->data = g_bytes_new_static("", 0);
}

static void fill_bounce(struct mail_bounce *bounce)
{
	set_empty(&bounce->original_id);
	set_empty(&bounce->original_envelope);
	for (guint i = 0; i < bounce->recipients->len; i++) {
		struct mail_bounce_recipient *recipient =
			g_ptr_array_index(bounce->recipients, i);

		set_empty(&recipient->address);
		set_empty(&recipient->action);
		set_empty(&recipient->status);
		set_empty(&recipient->diagnostic);
	}
}

static void fill_abuse(struct mail_abuse *abuse)
{
	set_empty(&abuse->feedback_type);
	set_empty(&abuse->source_ip);
	set_empty(&abuse->reported_domain);
	set_empty(&abuse->reporter);
	set_empty(&abuse->arrival_date);
	set_empty(&abuse->format);
	set_empty(&abuse->report_id);
	set_empty_list(&abuse->urls);
}

void mail_fill(struct mail *mail)
{
	set_empty(&mail->message_id);
	set_empty_list(&mail->in_reply_to);
	set_empty_list(&mail->references);
	set_empty(&mail->subject);
	set_empty(&mail->text);
	if (mail->text_trimmed == NULL)
		mail->text_trimmed = g_strdup(mail->text);
	set_empty(&mail->html);
	set_empty(&mail->fields.service);
	set_empty(&mail->fields.invalid);
	for (guint i = 0; i < mail->parts->len; i++)
		fill_part(g_ptr_array_index(mail->parts, i));
	if (mail->bounce != NULL)
		fill_bounce(mail->bounce);
	if (mail->abuse != NULL)
		fill_abuse(mail->abuse);
}

void mail_free(struct mail *mail)
{
	if (mail == NULL)
		return;
	g_free(mail->message_id);
	g_strfreev(mail->in_reply_to);
	g_strfreev(mail->references);
	g_ptr_array_unref(mail->from);
	g_ptr_array_unref(mail->to);
	g_ptr_array_unref(mail->cc);
	g_ptr_array_unref(mail->reply_to);
	g_free(mail->subject);
	g_free(mail->text);
	g_free(mail->text_trimmed);
	g_free(mail->html);
	g_ptr_array_unref(mail->parts);
	g_ptr_array_unref(mail->events);
	mail_fields_clear(&mail->fields);
	mail_bounce_free(mail->bounce);
	mail_abuse_free(mail->abuse);
	g_free(mail);
}
