/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse.c - abuse reports
 *
 * Big senders leave out every field that RFC 5965 lets them, so what is
 * missing is looked for in the reported message: the address it came from,
 * when it arrived, whose domain it names.
 */
#include "mail/abuse.h"

#include <string.h>

#include "mail/abuse_derive.h"
#include "mail/abuse_summary.h"
#include "mail/abuse_xarf.h"
#include "mail/header.h"
#include "mail/mailbuild.h"
#include "mail/text.h"

#define BLOCKS_MAX 5 /* of a report that has empty lines in it */

static const struct mail_part *find_part(const struct mail *mail,
                                         const char *prefix)
{
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);

		if (g_str_has_prefix(part->content_type, prefix))
			return part;
	}
	return NULL;
}

/* The value of a message's field in lower case, "" if absent. Owned. */
static char *dup_lower_field(const char *data, size_t len, const char *name)
{
	g_autofree char *value = header_dup_single(data, len, name, NULL);
	char *lower = g_ascii_strdown(value != NULL ? value : "", -1);

	return g_strstrip(lower);
}

static bool has_field(const char *data, size_t len, const char *name)
{
	struct header_walk walk;
	struct header_field field;

	if (len == 0)
		return false;
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		if (header_is(&field, name))
			return true;
	return false;
}

/* ---- message/feedback-report (RFC 5965 3, RFC 6591, RFC 6692) ---- */

static void take_type(struct mail_abuse *abuse, const char *value)
{
	abuse_set_once(&abuse->feedback_type, g_ascii_strdown(value, -1));
}

static void take_source(struct mail_abuse *abuse, const char *value)
{
	abuse_set_once(&abuse->source_ip, abuse_dup_ip(value));
}

static void take_port(struct mail_abuse *abuse, const char *value)
{
	if (abuse->source_port == 0)
		abuse->source_port = abuse_parse_port(value);
}

static void take_domain(struct mail_abuse *abuse, const char *value)
{
	char *host = abuse_dup_host(value);

	abuse_set_once(&abuse->reported_domain,
	               host != NULL ? host : g_strdup(value));
}

static void take_date(struct mail_abuse *abuse, const char *value)
{
	abuse_set_once(&abuse->arrival_date, g_strdup(value));
}

static const struct {
	const char *name;
	void (*take)(struct mail_abuse *abuse, const char *value);
} report_rows[] = {
	{ "Feedback-Type", take_type },     { "Source-IP", take_source },
	{ "Source", take_source },          { "Source-Port", take_port },
	{ "Reported-Domain", take_domain }, { "Reported-URI", abuse_add_url },
	{ "Arrival-Date", take_date },      { "Received-Date", take_date },
};

static void take_report_field(struct mail_abuse *abuse,
                              const struct header_field *field)
{
	for (size_t i = 0; i < G_N_ELEMENTS(report_rows); i++) {
		if (!header_is(field, report_rows[i].name))
			continue;
		g_autofree char *value = text_dup_line_len(
			field->value, field->value_len, ABUSE_VALUE_MAX);

		report_rows[i].take(abuse, value);
	}
}

/* Fields, with empty lines before and between them where a sender has put
 * some. */
static void read_report(struct mail_abuse *abuse, const char *data, size_t len)
{
	const char *end = data + len;

	for (int block = 0; block < BLOCKS_MAX && data < end; block++) {
		struct header_walk walk;
		struct header_field field;

		while (data < end && strchr("\r\n\t ", *data) != NULL)
			data++;
		if (data == end)
			return;
		header_walk_init(&walk, data, (size_t)(end - data));
		while (header_walk_next(&walk, &field))
			take_report_field(abuse, &field);
		data = header_walk_body(&walk);
	}
}

/* Where the fields are in mail whose types are wrong: in the part, or the
 * text, that has a line "Feedback-Type: ...". */
static const char *find_fields(const char *data, size_t len, size_t *ret_len)
{
	static const char key[] = "feedback-type:";
	const char *at = data, *end = data + len;

	while (at != NULL && (size_t)(end - at) > strlen(key)) {
		if (g_ascii_strncasecmp(at, key, strlen(key)) == 0) {
			*ret_len = (size_t)(end - at);
			return at;
		}
		at = memchr(at, '\n', (size_t)(end - at));
		at = at != NULL ? at + 1 : NULL;
	}
	return NULL;
}

static bool read_mistyped(struct mail_abuse *abuse, const struct mail *mail)
{
	size_t len = 0, found_len = 0;
	const char *found = NULL;

	for (guint i = 0; found == NULL && i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);
		const char *data = text_of_bytes(part->data, &len);

		if (len > 0 &&
		    !g_str_has_prefix(part->content_type, "message/") &&
		    !g_str_has_prefix(part->content_type, "text/rfc822"))
			found = find_fields(data, len, &found_len);
	}
	if (found == NULL)
		found = find_fields(mail->text, strlen(mail->text), &found_len);
	if (found != NULL)
		read_report(abuse, found, found_len);
	return found != NULL;
}

/* ---- the kinds of report ---- */

static const struct mail_part *reported_message(const struct mail *mail)
{
	const struct mail_part *part = find_part(mail, "message/rfc822");

	if (part == NULL)
		part = find_part(mail, "message/global");
	return part != NULL ? part : find_part(mail, "text/rfc822-header");
}

static void derive(struct mail_abuse *abuse, const struct mail_part *part)
{
	gsize len = 0;
	const char *data = part != NULL ? text_of_bytes(part->data, &len) : "";

	abuse_derive(abuse, data, len);
}

static void complete_arf(struct mail_abuse *abuse,
                         const struct mail_part *reported)
{
	derive(abuse, reported);
	if (abuse_set_once(&abuse->feedback_type, g_strdup("abuse")))
		abuse->derived |= MAIL_ABUSE_DERIVED_TYPE;
	if (strcmp(abuse->feedback_type, "auth-failure") == 0)
		abuse->class = MAIL_ABUSE_FAILURE;
	abuse->format = g_strdup("arf");
}

/* With the report's part, or without it if the message says what it is. */
static struct mail_abuse *read_arf(const struct mail *mail, const char *data,
                                   size_t len)
{
	const struct mail_part *part =
		find_part(mail, "message/feedback-report");
	const struct mail_part *reported = reported_message(mail);
	g_autofree char *type = dup_lower_field(data, len, "Content-Type");
	bool declared = strstr(type, "feedback-report") != NULL;

	if (part == NULL && !declared)
		return NULL;
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);

	if (part != NULL) {
		gsize report_len = 0;
		const char *report = text_of_bytes(part->data, &report_len);

		read_report(abuse, report, report_len);
	} else if (!read_mistyped(abuse, mail) && reported == NULL) {
		g_free(abuse);
		return NULL;
	}
	complete_arf(abuse, reported);
	return abuse;
}

/* The older form of Microsoft's programme only wraps the message. */
static struct mail_abuse *read_wrapped(const struct mail *mail)
{
	static const char prefix[] = "complaint about message from ";
	const struct mail_part *reported = reported_message(mail);

	if (reported == NULL ||
	    g_ascii_strncasecmp(mail->subject, prefix, strlen(prefix)) != 0)
		return NULL;
	char *ip = abuse_dup_ip(mail->subject + strlen(prefix));

	if (ip == NULL)
		return NULL;
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);

	abuse->source_ip = ip;
	complete_arf(abuse, reported);
	return abuse;
}

/* What mail programs send to the address of a List-Unsubscribe field when
 * their user presses the button; no text of a person in it. */
static struct mail_abuse *read_opt_out(const char *data, size_t len)
{
	g_autofree char *mark =
		dup_lower_field(data, len, "X-Apple-Unsubscribe");

	if (strcmp(mark, "true") != 0)
		return NULL;
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);

	abuse->feedback_type = g_strdup("opt-out");
	abuse->derived = MAIL_ABUSE_DERIVED_TYPE;
	abuse->format = g_strdup("arf");
	return abuse;
}

static const char *skip_blank(const char *data, size_t *len)
{
	if (*len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		*len -= 3;
	}
	while (*len > 0 && g_ascii_isspace(*data)) {
		data++;
		--*len;
	}
	return data;
}

/* By its look: types and names are often wrong. */
static struct mail_abuse *read_json(const char *data, size_t len)
{
	data = skip_blank(data, &len);
	return len > 0 && *data == '{' ? abuse_read_json(data, len) : NULL;
}

static struct mail_abuse *read_json_parts(const struct mail *mail)
{
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);
		gsize len = 0;
		const char *data = text_of_bytes(part->data, &len);
		struct mail_abuse *abuse = read_json(data, len);

		if (abuse != NULL)
			return abuse;
	}
	return read_json(mail->text, strlen(mail->text));
}

typedef struct mail_abuse *read_lines_fn(const char *text, size_t len);

/* report.txt is a part of its own, or stands in the text. */
static struct mail_abuse *read_line_parts(const struct mail *mail,
                                          read_lines_fn *read, bool text_too)
{
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);
		gsize len = 0;
		const char *data = text_of_bytes(part->data, &len);
		struct mail_abuse *abuse = NULL;

		data = skip_blank(data, &len);
		if (len > 0 && g_str_has_prefix(part->content_type, "text/"))
			abuse = read(data, len);
		if (abuse != NULL)
			return abuse;
	}
	return text_too ? read(mail->text, strlen(mail->text)) : NULL;
}

/* X-XARF: or X-ARF: announces the older form; without it a program must have
 * sent it, or the report must be a part of its own, with all that belongs
 * there. */
static struct mail_abuse *read_lines(const struct mail *mail, const char *data,
                                     size_t len)
{
	if (has_field(data, len, "X-XARF") || has_field(data, len, "X-ARF"))
		return read_line_parts(mail, abuse_read_lines, true);
	bool program = mail->kind != MAIL_KIND_HUMAN;

	return program || !abuse_is_letter(mail)
	               ? read_line_parts(mail, abuse_read_lines_strictly,
	                                 program)
	               : NULL;
}

static struct mail_abuse *read_any(const struct mail *mail, const char *data,
                                   size_t len)
{
	struct mail_abuse *abuse = read_json_parts(mail);

	if (abuse == NULL)
		abuse = read_lines(mail, data, len);
	if (abuse == NULL)
		abuse = read_arf(mail, data, len);
	if (abuse == NULL)
		abuse = read_wrapped(mail);
	if (abuse == NULL)
		abuse = abuse_read_summary(mail, data, len);
	if (abuse == NULL)
		abuse = read_opt_out(data, len);
	return abuse;
}

/* Who sends an ARF report is its reporter; elsewhere the report says so. */
static void complete(struct mail_abuse *abuse, const struct mail *mail)
{
	const struct mailbox *from =
		mail->from->len > 0 ? g_ptr_array_index(mail->from, 0) : NULL;

	if (from != NULL &&
	    abuse_set_once(&abuse->reporter, g_strdup(from->address)) &&
	    strcmp(abuse->format, "arf") != 0)
		abuse->derived |= MAIL_ABUSE_DERIVED_REPORTER;
	if (abuse->arrival_date != NULL && abuse->time == 0)
		abuse->time = abuse_parse_time(abuse->arrival_date);
	if (abuse->time == 0 && mail->date > 0) {
		abuse->time = mail->date;
		abuse->derived |= MAIL_ABUSE_DERIVED_TIME;
	}
}

bool abuse_read(struct mail *mail, const char *data, size_t len)
{
	struct mail_abuse *abuse = read_any(mail, data, len);

	if (abuse == NULL)
		return false;
	complete(abuse, mail);
	mail->abuse = abuse;
	return true;
}
