/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bounce_prose.c - recipients from the words of a notice
 *
 * The best source wins: fields of a report that stand in the text, the header
 * field X-Failed-Recipients, lines that begin with an address, a report in an
 * attached notice, an address of the text that the returned message was sent
 * to, any other address, and last to whom the returned message was sent.
 */
#include "mail/bounce_parts.h"

#include <string.h>

#include "mail/bounce_words.h"
#include "mail/header.h"
#include "mail/mailbuild.h"
#include "mail/phrases.h"
#include "mail/text.h"

#define SENT_TO_MAX  20  /* addresses of the returned message looked at */
#define MENTIONS_MAX 8   /* of one address in the text */
#define LINES_MAX    500 /* that begin with an address */

struct prose {
	struct mail *mail;
	char *text;         /* up to the returned message */
	const char *rest;   /* the returned message in the text, or "" */
	GPtrArray *sent_to; /* address keys of the returned message */
	bool is_delay;
	guint64 max;
};

static bool starts_with_one(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (g_str_has_prefix(text, *words))
			return true;
	return false;
}

/* The same of a line in any case. */
static bool line_starts(const char *line, size_t len, const char *const *words)
{
	char first = g_ascii_tolower(line[0]);

	for (; *words != NULL; words++) {
		if (**words != first)
			continue;
		size_t word_len = strlen(*words);

		if (word_len <= len &&
		    g_ascii_strncasecmp(line, *words, word_len) == 0)
			return true;
	}
	return false;
}

size_t bounce_find_returned(const char *text)
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

		if (seen > 0 && (line_starts(text + at, len, bounce_markers) ||
		                 line_starts(text + at, len, traces)))
			return at;
		seen += len > 0;
		at += len + (text[at + len] == '\n');
	}
	return at;
}

/* ---- whom the returned message was sent to ---- */

static bool is_listed(const GPtrArray *list, const char *address)
{
	for (guint i = 0; i < list->len; i++)
		if (strcmp(g_ptr_array_index(list, i), address) == 0)
			return true;
	return false;
}

/* The address whose "@" is at `at`, as it stands in `text`. Owned or NULL. */
static char *address_around(const char *text, const char *at)
{
	const char *start = at, *end = at + 1;

	while (start > text && at - start < 64 &&
	       (g_ascii_isalnum(start[-1]) ||
	        (start[-1] != '\0' && strchr("._+-=", start[-1]) != NULL)))
		start--;
	while (end - at < 255 &&
	       (g_ascii_isalnum(*end) || *end == '.' || *end == '-'))
		end++;
	while (end > at + 1 && !g_ascii_isalnum(end[-1]))
		end--;
	g_autofree char *address = g_strndup(start, (size_t)(end - start));

	return address_dup_key(address);
}

static void take_addresses(GPtrArray *list, const char *line, size_t len)
{
	g_autofree char *text = g_strndup(line, len);

	for (const char *p = text; (p = strchr(p, '@')) != NULL; p++) {
		g_autofree char *address = address_around(text, p);

		if (address != NULL && list->len < SENT_TO_MAX &&
		    !is_listed(list, address))
			g_ptr_array_add(list, g_steal_pointer(&address));
	}
}

/* Lines "To: a@b" and their continuations, wherever they stand. */
static void collect_sent_to(GPtrArray *list, const char *text, size_t size)
{
	static const char *const names[] = { "to:",           "cc:",
		                             "delivered-to:", "x-original-to:",
		                             "envelope-to:",  "x-envelope-to:",
		                             "para:",         NULL };
	const char *at = text, *end = text + MIN(size, BOUNCE_LOOK_BYTES);
	bool inside = false;

	while (at < end && list->len < SENT_TO_MAX) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((lf != NULL ? lf : end) - at);
		size_t lead = 0;

		while (lead < len && strchr(" \t>|*", at[lead]) != NULL &&
		       at[lead] != '\0')
			lead++;
		g_autofree char *lower =
			g_ascii_strdown(at + lead, (gssize)MIN(len - lead, 20));

		if (starts_with_one(lower, names))
			inside = true;
		else if (lead == 0 || strchr(lower, ':') != NULL)
			inside = false;
		if (inside)
			take_addresses(list, at, len);
		at += len + 1;
	}
}

static void find_sent_to(struct prose *prose)
{
	static const char *const types[] = { "message/rfc822",
		                             "text/rfc822-header",
		                             "message/global" };

	prose->sent_to = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		const struct mail_part *part =
			bounce_find_part(prose->mail, types[i]);
		gsize len = 0;
		const char *data =
			part != NULL ? text_of_bytes(part->data, &len) : "";
		const char *body = g_strstr_len(data, (gssize)len, "\r\n\r\n");

		collect_sent_to(prose->sent_to, data,
		                body != NULL ? (size_t)(body - data) : len);
	}
	if (prose->sent_to->len == 0)
		collect_sent_to(prose->sent_to, prose->rest,
		                strlen(prose->rest));
	if (prose->sent_to->len == 0)
		collect_sent_to(prose->sent_to, prose->text,
		                strlen(prose->text));
}

/* ---- one recipient ---- */

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

/* "(generated from a@b)", "(expanded from: <a@b>)": what we had sent to,
 * behind an alias of the other side. Owned or NULL. */
static char *alias_of(const char *said)
{
	static const char *const words[] = { "(generated from",
		                             "(expanded from" };
	g_autofree char *lower = g_ascii_strdown(said, -1);

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		const char *at = strstr(lower, words[i]);
		size_t len = at != NULL ? strcspn(at, ")") : 0;
		const char *sign = len > 0 ? memchr(at, '@', len) : NULL;

		if (sign != NULL)
			return address_around(lower, sign);
	}
	return NULL;
}

static void add(struct prose *prose, const char *address, const char *said)
{
	g_autofree char *status = bounce_guess_status(said, prose->is_delay);
	g_autofree char *alias = alias_of(said);
	bool is_late = prose->is_delay && status[0] == '4';

	bounce_add(prose->mail->bounce, prose->max,
	           alias != NULL ? alias : address,
	           is_late ? "delayed" : "failed", status, said);
}

/* The rest of the paragraph a line opens: what the server said. */
static size_t paragraph_len(const char *text)
{
	const char *empty = g_strstr_len(text, BOUNCE_DIAGNOSTIC_MAX, "\n\n");

	return empty != NULL ? (size_t)(empty - text)
	                     : strnlen(text, BOUNCE_DIAGNOSTIC_MAX);
}

/* What is said of an address: the lines from one that names it to the end of
 * its paragraph, if they hold a code; else the first such lines with words of
 * a reason; else all of the text. Owned. */
static char *dup_said_of(const struct prose *prose, const char *address)
{
	g_autofree char *lower = g_ascii_strdown(prose->text, -1);
	g_autofree char *reason = NULL;
	const char *found = lower;

	for (int n = 0;
	     n < MENTIONS_MAX && (found = strstr(found, address)) != NULL;
	     n++, found++) {
		size_t at = (size_t)(found - lower);

		while (at > 0 && prose->text[at - 1] != '\n')
			at--;
		const char *start = prose->text + at;
		char *said = g_strndup(start, paragraph_len(start));

		if (bounce_has_code(said))
			return said;
		if (reason == NULL && bounce_names_reason(said))
			reason = said;
		else
			g_free(said);
	}
	return reason != NULL && !bounce_has_code(prose->text)
	               ? g_steal_pointer(&reason)
	               : g_strdup(prose->text);
}

/* ---- the sources, best first ---- */

static void read_failed_header(struct prose *prose, const char *data,
                               size_t len)
{
	g_autofree char *value =
		header_dup_single(data, len, "X-Failed-Recipients", NULL);

	if (value == NULL)
		return;
	g_auto(GStrv) items = g_strsplit(value, ",", (int)prose->max + 1);

	for (char **item = items; *item != NULL; item++) {
		g_autofree char *address =
			bounce_dup_address(g_strstrip(*item));

		if (address == NULL)
			continue;
		g_autofree char *said = dup_said_of(prose, address);

		add(prose, address, said);
	}
}

/* Behind "Failed recipient:", "Destinatário:" and the like. */
static const char *skip_label(const char *p)
{
	const char *colon = strchr(p, ':');
	const char *sign = strchr(p, '@');

	if (colon == NULL || colon - p > 40 || (sign != NULL && sign < colon))
		return p;
	g_autofree char *label = g_strndup(p, (size_t)(colon - p));
	g_autofree char *valid = g_utf8_make_valid(label, -1);
	g_autofree char *lower = g_utf8_strdown(valid, -1);

	if (!bounce_has_word(lower, bounce_labels) ||
	    bounce_has_word(lower, bounce_other_labels))
		return p;
	return colon + 1;
}

/* The address a line starts with, perhaps behind a label or a reply code:
 * "<a@b>:", "Recipient: a@b", "550 <a@b>...". NULL if none. Owned. */
static char *line_address(const char *line, size_t len)
{
	g_autofree char *text =
		text_dup_line_len(line, len, BOUNCE_DIAGNOSTIC_MAX);
	const char *p = text;

	if (strspn(p, "0123456789") == 3 && p[3] == ' ')
		p += 4;
	p = skip_label(p + strspn(p, " *-"));
	if (g_ascii_strncasecmp(p + strspn(p, " "), "rfc822;", 7) == 0)
		p += strspn(p, " ") + 7;
	p += strspn(p, " <*\"'[(");
	if (g_ascii_strncasecmp(p, "mailto:", 7) == 0)
		p += 7;
	size_t n = strcspn(p, " >:,;*\"'()]<");

	while (n > 0 && p[n - 1] == '.')
		n--;
	if (n == 0 || n > BOUNCE_VALUE_MAX || memchr(p, '@', n) == NULL)
		return NULL;
	g_autofree char *address = g_strndup(p, n);

	return address_dup_key(address);
}

static void read_address_line(struct prose *prose, const char *at, size_t len,
                              const char *address)
{
	/* an SMTP dialogue: every line is for itself */
	bool is_reply = strspn(at, "0123456789") == 3;
	g_autofree char *said =
		g_strndup(at, is_reply ? len : paragraph_len(at));
	g_autofree char *all =
		bounce_has_code(said) ? NULL : dup_said_of(prose, address);

	add(prose, address, all != NULL ? all : said);
}

static void read_address_lines(struct prose *prose, bool with_ours)
{
	const struct mail_bounce *bounce = prose->mail->bounce;
	const char *at = prose->text;
	unsigned lines = 0;

	while (*at != '\0' && bounce->recipients->len < prose->max &&
	       lines < LINES_MAX) {
		size_t len = strcspn(at, "\n");
		g_autofree char *address = line_address(at, len);

		if (address != NULL && !bounce_is_known(bounce, address) &&
		    (with_ours || !is_ours(prose->mail, address))) {
			read_address_line(prose, at, len, address);
			lines++;
		}
		at += len + (at[len] == '\n');
	}
}

/* A notice that was sent on: its fields, in the text or attached. */
static void read_inner_report(struct prose *prose)
{
	const struct mail_part *part =
		bounce_find_part(prose->mail, "message/rfc822");
	gsize len = 0;
	const char *data = part != NULL ? text_of_bytes(part->data, &len) : "";
	size_t rest = strlen(prose->rest);

	if (bounce_has_report(prose->rest, rest))
		bounce_read_report(prose->mail->bounce, prose->rest, rest,
		                   prose->max);
	else if (bounce_has_report(data, len))
		bounce_read_report(prose->mail->bounce, data, len, prose->max);
}

/* "for help, write to x@y": the words before an address on its line. */
static bool is_help(const char *text, const char *at)
{
	const char *start = at;

	while (start > text && start[-1] != '\n' && at - start < 200)
		start--;
	g_autofree char *before = g_strndup(start, (size_t)(at - start));
	g_autofree char *valid = g_utf8_make_valid(before, -1);
	g_autofree char *lower = g_utf8_strdown(valid, -1);

	return bounce_has_word(lower, bounce_help);
}

/* Any address of the words; the first that fits. */
static void read_any(struct prose *prose, bool only_sent_to)
{
	const char *text = prose->text;

	for (const char *p = text; (p = strchr(p, '@')) != NULL; p++) {
		g_autofree char *address = address_around(text, p);

		if (address == NULL || is_ours(prose->mail, address) ||
		    (only_sent_to ? !is_listed(prose->sent_to, address)
		                  : is_help(text, p)))
			continue;
		g_autofree char *said = dup_said_of(prose, address);

		add(prose, address, said);
		return;
	}
}

static void read_sent_to(struct prose *prose)
{
	if (prose->sent_to->len == 1)
		add(prose, g_ptr_array_index(prose->sent_to, 0), prose->text);
}

static void read_best(struct prose *prose, const char *data, size_t len)
{
	const GPtrArray *found = prose->mail->bounce->recipients;

	if (bounce_has_report(prose->text, strlen(prose->text)))
		bounce_read_report(prose->mail->bounce, prose->text,
		                   strlen(prose->text), prose->max);
	if (found->len == 0)
		read_failed_header(prose, data, len);
	if (found->len == 0)
		read_address_lines(prose, false);
	if (found->len == 0)
		read_inner_report(prose);
	if (found->len == 0)
		read_any(prose, true);
	if (found->len == 0)
		read_any(prose, false);
	if (found->len == 0)
		read_address_lines(prose, true);
	if (found->len == 0)
		read_sent_to(prose);
}

/* ---- what the words say ---- */

static bool says_delay(const struct mail *mail, const char *text)
{
	static struct phrases delays = PHRASES(bounce_delays);
	static struct phrases finals = PHRASES(bounce_finals);
	g_autofree char *subject = text_dup_lower(mail->subject);
	g_autofree char *lower = text_dup_lower(text);

	return phrases_in(&delays, subject) ||
	       (phrases_in(&delays, lower) && !phrases_in(&finals, lower));
}

bool bounce_has_transcript(const char *text)
{
	bool reply = false, recipient = false;

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		size_t lead = strspn(text, " \t");
		const char *p = text + lead;

		if ((*p == '4' || *p == '5') && strspn(p, "0123456789") == 3 &&
		    (p[3] == ' ' || p[3] == '-'))
			reply = true;
		if (g_ascii_strncasecmp(p, "rcpt to:", 8) == 0 ||
		    g_ascii_strncasecmp(p, ">>> rcpt to:", 12) == 0)
			recipient = true;
		text += len + (text[len] == '\n');
	}
	return reply && recipient;
}

void bounce_read_prose(struct mail *mail, const char *data, size_t len,
                       size_t returned_at, guint64 max)
{
	g_autofree char *start =
		g_strndup(mail->text, MIN(returned_at, BOUNCE_LOOK_BYTES));
	struct prose prose = {
		.mail = mail,
		.text = g_utf8_make_valid(start, -1),
		.rest = mail->text + returned_at,
		.max = max,
	};

	prose.is_delay = says_delay(mail, prose.text);
	find_sent_to(&prose);
	read_best(&prose, data, len);
	g_ptr_array_unref(prose.sent_to);
	g_free(prose.text);
}
