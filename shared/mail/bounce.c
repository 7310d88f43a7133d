/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bounce.c - delivery status notifications
 *
 * A report with a part message/delivery-status settles the matter. Without
 * one several signs must agree, because customers write about bounces, quote
 * and forward them: who it is from, the subject, words in the text, a
 * returned message, and that a program wrote it. What answers or forwards
 * something ("Re:", "ENC:") or came through a list is a bounce only if the
 * mailer-daemon itself or the null sender sent it.
 */
#include "mail/bounce.h"

#include <string.h>

#include "mail/bounce_parts.h"
#include "mail/bounce_words.h"
#include "mail/header.h"
#include "mail/mailbuild.h"
#include "mail/phrases.h"
#include "mail/subject.h"
#include "mail/text.h"

/* ---- the returned message ---- */

static char *message_id_of(const char *data, size_t len)
{
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		if (!header_is(&field, "Message-ID"))
			continue;
		g_auto(GStrv) ids =
			header_dup_message_ids(field.value, field.value_len, 1);

		if (ids[0] != NULL)
			return g_strdup(ids[0]);
	}
	return NULL;
}

/* "Message-ID: <...>" anywhere in the text from `text` on. */
static char *message_id_in_text(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		size_t lead = strspn(text, " \t>|");

		if (g_ascii_strncasecmp(text + lead, "message-id:", 11) == 0) {
			const char *end = text + len;

			/* some fold behind the colon */
			if (*end == '\n' && memchr(text, '<', len) == NULL)
				end += 1 + strcspn(end + 1, "\n");
			g_auto(GStrv) ids = header_dup_message_ids(
				text, (size_t)(end - text), 1);

			if (ids[0] != NULL)
				return g_strdup(ids[0]);
		}
		text += len + (text[len] == '\n');
	}
	return NULL;
}

static char *find_original_id(const struct mail *mail)
{
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);
		gsize len = 0;
		const char *data = text_of_bytes(part->data, &len);

		if (len == 0 ||
		    (!g_str_has_prefix(part->content_type, "message/") &&
		     !g_str_has_prefix(part->content_type, "text/")) ||
		    g_str_has_suffix(part->content_type, "delivery-status"))
			continue;
		char *id = message_id_of(data, len);

		if (id != NULL)
			return id;
	}
	char *id = message_id_in_text(mail->text);

	if (id != NULL)
		return id;
	if (mail->in_reply_to[0] != NULL)
		return g_strdup(mail->in_reply_to[0]);
	guint n = g_strv_length(mail->references);

	return n > 0 ? g_strdup(mail->references[n - 1]) : NULL;
}

/* ---- is it one? ---- */

struct signs {
	bool daemon;        /* From: the mailer-daemon, or nobody */
	bool maybe_daemon;  /* From: somebody like postmaster */
	bool null_sender;   /* Return-Path: <> */
	bool report_type;   /* Content-Type: multipart/report */
	bool failed_header; /* X-Failed-Recipients */
	bool machine;       /* a program wrote it, not through a list */
	bool answers;       /* Re:, ENC:, or a [tag] in the subject */
	bool subject;
	bool prose;
	bool returned;
	bool transcript;
	bool reason; /* a code or the words of one */
};

static void look_at_from(struct signs *signs, const char *value)
{
	signs->daemon |= bounce_has_word(value, bounce_daemons) ||
	                 value[0] == '\0' || strcmp(value, "<>") == 0;
	signs->maybe_daemon |= bounce_has_word(value, bounce_maybe_daemons);
}

static void look_at_return_path(struct signs *signs, const char *value)
{
	signs->null_sender |= strstr(value, "<>") != NULL ||
	                      bounce_has_word(value, bounce_daemons);
}

static void look_at_type(struct signs *signs, const char *value)
{
	signs->report_type |= g_str_has_prefix(value, "multipart/report") &&
	                      strstr(value, "disposition-notif") == NULL;
}

static void look_at_failed(struct signs *signs, const char *value)
{
	signs->failed_header |= strchr(value, '@') != NULL;
}

static void look_at_header(struct signs *signs, const char *data, size_t len)
{
	static const struct {
		const char *name;
		void (*look)(struct signs *signs, const char *value);
	} rows[] = {
		{ "From", look_at_from },
		{ "Return-Path", look_at_return_path },
		{ "Content-Type", look_at_type },
		{ "X-Failed-Recipients", look_at_failed },
	};
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
			if (!header_is(&field, rows[i].name))
				continue;
			g_autofree char *text = header_decode(
				field.value, field.value_len, NULL);
			g_autofree char *lower = text_dup_lower(text);

			rows[i].look(signs, lower);
		}
	}
}

/* Words of the notice itself: lines that are quoted say nothing. Owned, in
 * lower case. */
static char *dup_unquoted(const char *text)
{
	g_autofree char *start =
		g_strndup(text, MIN(strlen(text), BOUNCE_LOOK_BYTES));
	g_autofree char *valid = g_utf8_make_valid(start, -1);
	g_autofree char *lower = text_dup_lower(valid);
	GString *words = g_string_sized_new(strlen(lower) + 1);

	for (const char *at = lower; *at != '\0';) {
		size_t len = strcspn(at, "\n");

		if (at[strspn(at, " \t")] != '>')
			g_string_append_len(words, at, (gssize)len);
		g_string_append_c(words, '\n');
		at += len + (at[len] == '\n');
	}
	return g_string_free(words, FALSE);
}

/* What the header says. */
static struct signs look(const struct mail *mail, const char *data, size_t len)
{
	struct signs signs = { 0 };
	g_autofree char *subject = text_dup_lower(mail->subject);

	look_at_header(&signs, data, len);
	signs.machine = signs.null_sender || (mail->kind != MAIL_KIND_HUMAN &&
	                                      mail->kind != MAIL_KIND_LIST);
	signs.answers = subject_is_answer(mail->subject);
	signs.subject = bounce_has_word(subject, bounce_subjects);
	return signs;
}

/* What the text says, which costs more. */
static void look_at_words(struct signs *signs, const struct mail *mail)
{
	static struct phrases prose = PHRASES(bounce_prose);
	g_autofree char *words = dup_unquoted(mail->text);

	signs->prose = phrases_in(&prose, words);
	signs->transcript = bounce_has_transcript(words);
	signs->reason = bounce_names_reason(words);
	signs->returned =
		bounce_find_part(mail, "message/rfc822") != NULL ||
		bounce_find_part(mail, "text/rfc822-header") != NULL ||
		mail->text[bounce_find_returned(mail->text)] != '\0';
}

/* Nothing that a text can say makes a bounce of what a person's header is
 * on; see agree(). */
static bool may_agree(const struct signs *signs)
{
	return signs->failed_header || signs->daemon || signs->null_sender ||
	       signs->maybe_daemon || (signs->machine && !signs->answers);
}

/* Without the part message/delivery-status. */
static bool agree(const struct signs *signs)
{
	bool evidence = signs->prose || signs->returned || signs->reason ||
	                signs->transcript;
	bool twice = (signs->subject && evidence) ||
	             (signs->prose && (signs->returned || signs->transcript));

	if (signs->failed_header)
		return true;
	if (signs->daemon)
		return signs->subject || evidence;
	if (signs->null_sender)
		return twice;
	if (signs->answers)
		return signs->maybe_daemon && signs->prose && signs->transcript;
	if (signs->maybe_daemon)
		return twice;
	return signs->machine && twice;
}

/* With it: a person who forwards a notice may send its parts along. */
static bool agree_on_report(const struct signs *signs)
{
	if (signs->report_type || signs->failed_header || signs->daemon ||
	    signs->null_sender)
		return true;
	return !signs->answers && (signs->maybe_daemon || signs->machine);
}

static struct mail_part *find_report(const struct mail *mail)
{
	struct mail_part *part =
		bounce_find_part(mail, "message/delivery-status");

	return part != NULL ? part
	                    : bounce_find_part(
				      mail, "message/global-delivery-status");
}

/* The one address that the words name, or NULL. Owned. */
static char *dup_named(struct mail *mail, const char *data, size_t len)
{
	struct mail_bounce *fields = mail->bounce;
	char *address = NULL;

	mail->bounce = mail_bounce_new();
	bounce_read_prose(mail, data, len, bounce_find_returned(mail->text), 2);
	if (mail->bounce->recipients->len == 1) {
		struct mail_bounce_recipient *named =
			g_ptr_array_index(mail->bounce->recipients, 0);

		address = g_strdup(named->address);
	}
	mail_bounce_free(mail->bounce);
	mail->bounce = fields;
	return address;
}

/* Fields without a readable address: the words may have it. */
static void mend_address(struct mail *mail, const char *data, size_t len)
{
	const GPtrArray *found = mail->bounce->recipients;
	struct mail_bounce_recipient *only =
		found->len == 1 ? g_ptr_array_index(found, 0) : NULL;

	if (only == NULL || only->address[0] != '\0')
		return;
	char *address = dup_named(mail, data, len);

	if (address == NULL)
		return;
	g_free(only->address);
	only->address = address;
}

static void read_recipients(struct mail *mail, const char *data, size_t len,
                            guint64 max)
{
	const struct mail_part *part = find_report(mail);
	gsize report_len = 0;
	const char *report =
		part != NULL ? text_of_bytes(part->data, &report_len) : "";

	if (report_len > 0)
		bounce_read_report(mail->bounce, report, report_len, max);
	mend_address(mail, data, len);
	if (mail->bounce->recipients->len == 0)
		bounce_read_prose(mail, data, len,
		                  bounce_find_returned(mail->text), max);
}

static bool is_bounce(const struct mail *mail, const char *data, size_t len)
{
	struct signs signs = look(mail, data, len);

	if (find_report(mail) != NULL)
		return agree_on_report(&signs);
	if (!may_agree(&signs))
		return false;
	look_at_words(&signs, mail);
	return agree(&signs);
}

/* Takes it back if no notification was found. */
static bool read_json(struct mail *mail, guint64 max)
{
	if (mail->text[0] != '{' || mail->kind == MAIL_KIND_HUMAN)
		return false;
	mail->bounce = mail_bounce_new();
	if (bounce_read_json(mail, max))
		return true;
	g_clear_pointer(&mail->bounce, mail_bounce_free);
	return false;
}

bool bounce_read(struct mail *mail, const char *data, size_t len,
                 const struct limits *limits)
{
	if (!read_json(mail, limits->recipients)) {
		if (!is_bounce(mail, data, len))
			return false;
		mail->bounce = mail_bounce_new();
		read_recipients(mail, data, len, limits->recipients);
	}
	mail->bounce->original_id = find_original_id(mail);
	return true;
}
