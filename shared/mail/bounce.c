/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bounce.c - delivery status notifications
 *
 * A part of type message/delivery-status settles the matter. Without one
 * several signs must agree, because customers write about bounces, too: who
 * it is from, the subject, words in the text, a returned message, and that
 * a program wrote it.
 */
#include "mail/bounce.h"

#include <string.h>

#include "mail/automatic.h"
#include "mail/bounce_words.h"
#include "mail/header.h"
#include "mail/mailbuild.h"
#include "mail/subject.h"
#include "mail/text.h"

#define DIAGNOSTIC_MAX 998
#define VALUE_MAX      320
#define LOOK_BYTES     ((size_t)64 * 1024) /* of text, for phrases */

static bool has_word(const char *lower, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strstr(lower, *words) != NULL)
			return true;
	return false;
}

static struct mail_part *find_part(const struct mail *mail, const char *type)
{
	for (guint i = 0; i < mail->parts->len; i++) {
		struct mail_part *part = g_ptr_array_index(mail->parts, i);

		if (g_str_has_prefix(part->content_type, type))
			return part;
	}
	return NULL;
}

/* ---- one address, one status ---- */

/* "rfc822; <a@b>" or "a@b": the address key, or NULL. Owned. */
static char *dup_address(const char *value)
{
	const char *semicolon = strchr(value, ';');
	const char *start = semicolon != NULL ? semicolon + 1 : value;
	g_autofree char *line =
		text_dup_line_len(start, strlen(start), VALUE_MAX);
	size_t len = strlen(line);
	char *at = line;

	if (len > 1 && line[0] == '<') {
		at = line + 1;
		at[strcspn(at, "> ")] = '\0';
	}
	return address_dup_key(at);
}

/* A status code (RFC 3463 2) of one of the classes in running text, "" if
 * none. Owned. */
static char *find_status(const char *text, const char *classes)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (strchr(classes, *p) == NULL || p[1] != '.' ||
		    (p > text && (g_ascii_isalnum(p[-1]) || p[-1] == '.')))
			continue;
		size_t subject = strspn(p + 2, "0123456789");
		const char *detail = p + 2 + subject + 1;

		if (subject < 1 || subject > 3 || detail[-1] != '.')
			continue;
		size_t digits = strspn(detail, "0123456789");

		if (digits >= 1 && digits <= 3 && detail[digits] != '.' &&
		    !g_ascii_isalpha(detail[digits]))
			return g_strndup(p, (size_t)(detail + digits - p));
	}
	return g_strdup("");
}

/* An SMTP reply code that stands alone: its class, or '\0'. */
static char find_reply_class(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if ((*p != '4' && *p != '5') || !g_ascii_isdigit(p[1]) ||
		    !g_ascii_isdigit(p[2]) || p[1] > '5')
			continue;
		bool before = p == text || strchr(" :(<[#-\t", p[-1]) != NULL;
		bool after = p[3] == '\0' || strchr(" -:)>]\t", p[3]) != NULL;

		if (before && after)
			return *p;
	}
	return '\0';
}

/* From a code, a reply code or the words of a diagnostic. Owned. */
static char *guess_status(const char *diagnostic, bool is_delay)
{
	g_autofree char *status = find_status(diagnostic, "45");
	g_autofree char *lower = g_utf8_strdown(diagnostic, -1);

	if (status[0] != '\0')
		return g_steal_pointer(&status);
	for (const struct bounce_reason *row = bounce_reasons;
	     row->phrase != NULL; row++)
		if (!is_delay && strstr(lower, row->phrase) != NULL)
			return g_strdup(row->status);
	char class = find_reply_class(diagnostic);

	if (class == '\0')
		class = is_delay ? '4' : '5';
	return g_strdup_printf("%c.0.0", class);
}

static bool is_known(const struct mail_bounce *bounce, const char *address)
{
	for (guint i = 0; i < bounce->recipients->len; i++) {
		const struct mail_bounce_recipient *recipient =
			g_ptr_array_index(bounce->recipients, i);

		if (strcmp(recipient->address, address) == 0)
			return true;
	}
	return false;
}

/* ---- message/delivery-status (RFC 3464 2) ---- */

struct group {
	char *original;
	char *final;
	char *action;
	char *status;
	char *diagnostic;
	char *envelope;
};

static void group_clear(struct group *group)
{
	g_free(group->original);
	g_free(group->final);
	g_free(group->action);
	g_free(group->status);
	g_free(group->diagnostic);
	g_free(group->envelope);
	*group = (struct group){ 0 };
}

static void group_take(struct group *group, const struct header_field *field)
{
	struct {
		const char *name;
		char **slot;
	} rows[] = {
		{ "Original-Recipient", &group->original },
		{ "Final-Recipient", &group->final },
		{ "Action", &group->action },
		{ "Status", &group->status },
		{ "Diagnostic-Code", &group->diagnostic },
		{ "Original-Envelope-Id", &group->envelope },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (header_is(field, rows[i].name) && *rows[i].slot == NULL)
			*rows[i].slot = text_dup_line_len(
				field->value, field->value_len, DIAGNOSTIC_MAX);
}

/* "smtp; 550 5.1.1 ..." without the type. */
static char *dup_diagnostic(const char *value)
{
	const char *semicolon = value != NULL ? strchr(value, ';') : NULL;

	if (value == NULL)
		return g_strdup("");
	if (semicolon != NULL && semicolon - value < 32)
		value = semicolon + 1;
	return text_dup_line_len(value, strlen(value), DIAGNOSTIC_MAX);
}

static char *dup_action(const char *value, const char *status)
{
	static const char *const actions[] = { "failed", "delayed", "delivered",
		                               "relayed", "expanded" };
	g_autofree char *lower =
		g_ascii_strdown(value != NULL ? value : "", -1);

	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
		if (g_str_has_prefix(lower, actions[i]))
			return g_strdup(actions[i]);
	if (status[0] == '2')
		return g_strdup("delivered");
	return g_strdup(status[0] == '4' ? "delayed" : "failed");
}

static void add_group(struct mail_bounce *bounce, const struct group *group,
                      guint64 max)
{
	g_autofree char *address = NULL;

	if (group->final == NULL && group->original == NULL)
		return;
	/* The original one is what we sent to; a forwarder made the other. */
	if (group->original != NULL)
		address = dup_address(group->original);
	if (address == NULL && group->final != NULL)
		address = dup_address(group->final);
	if (address == NULL)
		address = g_strdup("");
	if (bounce->recipients->len >= max || is_known(bounce, address))
		return;
	struct mail_bounce_recipient *recipient =
		g_new0(struct mail_bounce_recipient, 1);

	recipient->diagnostic = dup_diagnostic(group->diagnostic);
	recipient->status =
		find_status(group->status != NULL ? group->status : "", "245");
	if (recipient->status[0] == '\0') {
		g_free(recipient->status);
		recipient->status = guess_status(recipient->diagnostic, false);
	}
	recipient->action = dup_action(group->action, recipient->status);
	recipient->address = g_steal_pointer(&address);
	g_ptr_array_add(bounce->recipients, recipient);
}

/* The first byte behind the block's empty line; lines that are no fields are
 * passed over. */
static const char *read_group(const char *at, const char *end,
                              struct group *group)
{
	struct header_walk walk;
	struct header_field field;

	while (at < end) {
		header_walk_init(&walk, at, (size_t)(end - at));
		while (header_walk_next(&walk, &field))
			group_take(group, &field);
		if (header_walk_body(&walk) != walk.at)
			return header_walk_body(&walk);
		const char *lf = memchr(walk.at, '\n', (size_t)(end - walk.at));

		at = lf != NULL ? lf + 1 : end;
	}
	return end;
}

static void read_report(struct mail_bounce *bounce, const char *data,
                        size_t len, guint64 max)
{
	const char *at = data, *end = data + len;

	while (at < end) {
		struct group group = { 0 };

		at = read_group(at, end, &group);
		if (bounce->original_envelope == NULL &&
		    group.envelope != NULL && group.final == NULL)
			bounce->original_envelope =
				g_steal_pointer(&group.envelope);
		add_group(bounce, &group, max);
		group_clear(&group);
	}
}

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

static bool starts_with_one(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (g_str_has_prefix(text, *words))
			return true;
	return false;
}

/* Where the returned message starts in the text: behind a marker, or at
 * its first trace line; the end if it is not there. */
static size_t find_returned(const char *text)
{
	static const char *const traces[] = { "received: from ",
		                              "received: by ",
		                              "received: (",
		                              "return-path: <",
		                              "x-received: by ",
		                              "dkim-signature: ",
		                              NULL };
	size_t at = 0, seen = 0;

	while (text[at] != '\0') {
		size_t len = strcspn(text + at, "\n");
		g_autofree char *lower =
			g_ascii_strdown(text + at, (gssize)MIN(len, 80));

		if (seen > 0 && (starts_with_one(lower, bounce_markers) ||
		                 starts_with_one(lower, traces)))
			return at;
		seen += len > 0;
		at += len + (text[at + len] == '\n');
	}
	return at;
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

/* ---- reports in prose ---- */

/* The address a line starts with, perhaps behind a label or a reply code:
 * "<a@b>:", "Recipient: a@b", "550 <a@b>...". NULL if none. Owned. */
static char *line_address(const char *line, size_t len)
{
	static const char *const labels[] = {
		"rcpt to:",           "recipient:",
		"failed recipient:",  "unknown user:",
		"recipient address:", "rfc822;",
		"final-recipient:",   NULL
	};
	g_autofree char *text = text_dup_line_len(line, len, DIAGNOSTIC_MAX);
	char *p = text;

	if (strspn(p, "0123456789") == 3 && p[3] == ' ')
		p += 4;
	for (int i = 0; labels[i] != NULL; i++)
		if (g_ascii_strncasecmp(p, labels[i], strlen(labels[i])) == 0)
			p += strlen(labels[i]);
	p += strspn(p, " <*\"'[");
	size_t n = strcspn(p, " >:,;*\"'()]");

	if (n == 0 || n > VALUE_MAX || memchr(p, '@', n) == NULL)
		return NULL;
	p[n] = '\0';
	return address_dup_key(p);
}

/* An address anywhere in `text`, as the last resort. Owned or NULL. */
static char *any_address(const char *text)
{
	const char *p = text;

	while ((p = strchr(p, '@')) != NULL) {
		const char *start = p, *end = p + 1;

		while (start > text && p - start < 64 &&
		       (g_ascii_isalnum(start[-1]) ||
		        strchr("._+-=", start[-1]) != NULL))
			start--;
		while (end - p < 255 &&
		       (g_ascii_isalnum(*end) || *end == '.' || *end == '-') &&
		       *end != '\0')
			end++;
		while (end > p + 1 && end[-1] == '.')
			end--;
		g_autofree char *text_address =
			g_strndup(start, (size_t)(end - start));
		char *key = address_dup_key(text_address);

		if (key != NULL)
			return key;
		p++;
	}
	return NULL;
}

/* True for addresses of the two sides of this very message. */
static bool is_ours(const struct mail *mail, const char *address)
{
	const GPtrArray *lists[] = { mail->to, mail->from };

	for (size_t n = 0; n < G_N_ELEMENTS(lists); n++) {
		for (guint i = 0; i < lists[n]->len; i++) {
			const struct mailbox *mailbox =
				g_ptr_array_index(lists[n], i);

			if (strcmp(mailbox->address, address) == 0)
				return true;
		}
	}
	return false;
}

static bool is_delay(const struct mail *mail, const char *text)
{
	g_autofree char *subject = g_utf8_strdown(mail->subject, -1);
	g_autofree char *lower = g_utf8_strdown(text, -1);

	return has_word(subject, bounce_delays) ||
	       has_word(lower, bounce_delays);
}

struct prose {
	struct mail *mail;
	char *text; /* up to the returned message */
	bool is_delay;
	guint64 max;
};

static void add_recipient(struct prose *prose, char *address,
                          const char *diagnostic)
{
	struct mail_bounce *bounce = prose->mail->bounce;

	if (bounce->recipients->len >= prose->max ||
	    is_known(bounce, address)) {
		g_free(address);
		return;
	}
	struct mail_bounce_recipient *recipient =
		g_new0(struct mail_bounce_recipient, 1);

	recipient->address = address;
	recipient->diagnostic = text_dup_line_len(
		diagnostic, strlen(diagnostic), DIAGNOSTIC_MAX);
	recipient->status =
		guess_status(recipient->diagnostic, prose->is_delay);
	recipient->action = g_strdup(prose->is_delay ? "delayed" : "failed");
	g_ptr_array_add(bounce->recipients, recipient);
}

/* The rest of the paragraph an address line opens: what the server said. */
static size_t paragraph_len(const char *text)
{
	const char *empty = strstr(text, "\n\n");
	size_t len = empty != NULL ? (size_t)(empty - text) : strlen(text);

	return MIN(len, DIAGNOSTIC_MAX);
}

static void read_address_lines(struct prose *prose)
{
	const char *at = prose->text;

	while (*at != '\0' &&
	       prose->mail->bounce->recipients->len < prose->max) {
		size_t len = strcspn(at, "\n");
		char *address = line_address(at, len);

		if (address != NULL && !is_ours(prose->mail, address)) {
			/* an SMTP dialogue: every line is for itself */
			bool is_reply = strspn(at, "0123456789") == 3;
			size_t said = is_reply ? len : paragraph_len(at);
			g_autofree char *diagnostic = g_strndup(at, said);

			/* nothing but the address: the reason comes later */
			if (find_reply_class(diagnostic) == '\0' &&
			    said <= len + 1)
				add_recipient(prose, address, prose->text);
			else
				add_recipient(prose, address, diagnostic);
		} else {
			g_free(address);
		}
		at += len + (at[len] == '\n');
	}
}

/* The paragraph of the text that names an address, or all of the text. */
static char *dup_diagnostic_for(const struct prose *prose, const char *address)
{
	g_autofree char *lower = g_ascii_strdown(prose->text, -1);
	const char *found = strstr(lower, address);
	size_t at = found != NULL ? (size_t)(found - lower) : 0;

	if (found == NULL)
		return g_strdup(prose->text);
	while (at > 0 && prose->text[at - 1] != '\n')
		at--;
	size_t len = paragraph_len(prose->text + at);
	size_t line = strcspn(prose->text + at, "\n");

	return len > line + 1 || find_reply_class(prose->text + at) != '\0'
	               ? g_strndup(prose->text + at, len)
	               : g_strdup(prose->text);
}

static void read_failed_header(struct prose *prose, const char *data,
                               size_t len)
{
	g_autofree char *value =
		header_dup_single(data, len, "X-Failed-Recipients", NULL);

	if (value == NULL)
		return;
	g_auto(GStrv) items = g_strsplit(value, ",", (int)prose->max + 1);

	for (char **item = items; *item != NULL; item++) {
		char *address = dup_address(g_strstrip(*item));

		if (address == NULL)
			continue;
		g_autofree char *said = dup_diagnostic_for(prose, address);

		add_recipient(prose, address, said);
	}
}

static void read_prose(struct prose *prose, const char *data, size_t len)
{
	read_failed_header(prose, data, len);
	if (prose->mail->bounce->recipients->len > 0)
		return;
	read_address_lines(prose);
	if (prose->mail->bounce->recipients->len > 0)
		return;
	char *address = any_address(prose->text);

	if (address != NULL && !is_ours(prose->mail, address))
		add_recipient(prose, address, prose->text);
	else
		g_free(address);
}

/* Recipients from the words of the text up to returned_at. */
static void read_words(struct mail *mail, const char *data, size_t len,
                       size_t returned_at, const struct limits *limits)
{
	g_autofree char *start =
		g_strndup(mail->text, MIN(returned_at, LOOK_BYTES));
	struct prose prose = {
		.mail = mail,
		.text = g_utf8_make_valid(start, -1),
		.max = limits->recipients,
	};

	prose.is_delay = is_delay(mail, prose.text);
	read_prose(&prose, data, len);
	g_free(prose.text);
}

/* ---- is it one? ---- */

struct signs {
	bool daemon;
	bool maybe_daemon;
	bool subject;
	bool prose;
	bool returned;
	bool machine;
	bool failed_header;
};

static void look_at_header(struct signs *signs, const char *data, size_t len)
{
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		g_autofree char *value = NULL;
		bool is_from = header_is(&field, "From");

		if (header_is(&field, "X-Failed-Recipients"))
			signs->failed_header = true;
		if (!is_from && !header_is(&field, "Return-Path"))
			continue;
		g_autofree char *text =
			header_decode(field.value, field.value_len, NULL);

		value = g_utf8_strdown(text, -1);
		if (!is_from) {
			signs->machine |= strstr(value, "<>") != NULL ||
			                  has_word(value, bounce_daemons);
			continue;
		}
		signs->daemon |= has_word(value, bounce_daemons) ||
		                 strcmp(value, "<>") == 0;
		signs->maybe_daemon |= has_word(value, bounce_maybe_daemons);
	}
}

static struct signs look(const struct mail *mail, const char *data, size_t len,
                         size_t returned_at)
{
	struct signs signs = { 0 };
	g_autofree char *subject = g_utf8_strdown(mail->subject, -1);
	g_autofree char *start =
		g_strndup(mail->text, MIN(strlen(mail->text), LOOK_BYTES));
	g_autofree char *valid = g_utf8_make_valid(start, -1);
	g_autofree char *text = g_utf8_strdown(valid, -1);

	look_at_header(&signs, data, len);
	signs.machine |= automatic_kind(data, len) != MAIL_KIND_HUMAN;
	signs.subject = has_word(subject, bounce_subjects);
	signs.prose = has_word(text, bounce_prose);
	signs.returned = mail->text[returned_at] != '\0' ||
	                 find_part(mail, "message/rfc822") != NULL ||
	                 find_part(mail, "text/rfc822-headers") != NULL;
	return signs;
}

static bool agree(const struct signs *signs)
{
	bool evidence = signs->prose || signs->returned;

	if (signs->failed_header)
		return true;
	if (signs->daemon && (signs->subject || evidence))
		return true;
	if (signs->maybe_daemon && signs->subject)
		return true;
	return signs->machine && ((signs->subject && evidence) ||
	                          (signs->prose && signs->returned));
}

bool bounce_read(struct mail *mail, const char *data, size_t len,
                 const struct limits *limits)
{
	struct mail_part *part = find_part(mail, "message/delivery-status");
	size_t returned_at = find_returned(mail->text);

	if (part == NULL)
		part = find_part(mail, "message/global-delivery-status");
	if (part == NULL) {
		struct signs signs = look(mail, data, len, returned_at);

		if (!agree(&signs))
			return false;
	}
	mail->bounce = mail_bounce_new();
	if (part != NULL) {
		gsize report_len = 0;
		const char *report = text_of_bytes(part->data, &report_len);

		if (report_len > 0)
			read_report(mail->bounce, report, report_len,
			            limits->recipients);
	}
	if (mail->bounce->recipients->len == 0)
		read_words(mail, data, len, returned_at, limits);
	mail->bounce->original_id = find_original_id(mail);
	return true;
}
