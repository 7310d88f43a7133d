/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse.c - abuse reports
 *
 * Big senders leave out every field that RFC 5965 lets them, so what is
 * missing is looked for in the reported message: the address it came from,
 * when it arrived, whose domain it names.
 */
#include "mail/abuse.h"

#include <gio/gio.h>
#include <string.h>

#include "mail/abuse_xarf.h"
#include "mail/header.h"
#include "mail/mailbuild.h"
#include "mail/text.h"

#define VALUE_MAX 500

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

static void set_once(char **slot, char *value)
{
	if (*slot == NULL && value != NULL && value[0] != '\0')
		*slot = value;
	else
		g_free(value);
}

static char *dup_field(const struct header_field *field)
{
	return text_dup_line_len(field->value, field->value_len, VALUE_MAX);
}

/* ---- message/feedback-report (RFC 5965 3) ---- */

static void take_report_field(struct mail_abuse *abuse,
                              const struct header_field *field)
{
	if (header_is(field, "Feedback-Type")) {
		g_autofree char *value = dup_field(field);

		set_once(&abuse->feedback_type, g_ascii_strdown(value, -1));
	} else if (header_is(field, "Source-IP") ||
	           header_is(field, "Source")) {
		g_autofree char *value = dup_field(field);

		set_once(&abuse->source_ip, abuse_dup_ip(value));
	} else if (header_is(field, "Reported-Domain")) {
		set_once(&abuse->reported_domain, dup_field(field));
	} else if (header_is(field, "Arrival-Date") ||
	           header_is(field, "Received-Date")) {
		set_once(&abuse->arrival_date, dup_field(field));
	}
}

static void read_report(struct mail_abuse *abuse, const struct mail_part *part)
{
	struct header_walk walk;
	struct header_field field;
	gsize len = 0;
	const char *data = text_of_bytes(part->data, &len);

	if (len == 0)
		return;
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		take_report_field(abuse, &field);
}

/* ---- the reported message ---- */

static bool is_public(const char *text)
{
	g_autoptr(GInetAddress) ip = g_inet_address_new_from_string(text);

	return ip != NULL && !g_inet_address_get_is_any(ip) &&
	       !g_inet_address_get_is_loopback(ip) &&
	       !g_inet_address_get_is_link_local(ip) &&
	       !g_inet_address_get_is_site_local(ip) &&
	       !g_inet_address_get_is_multicast(ip);
}

/* The first public address in "[...]" of a Received: field. */
static char *received_ip(const char *value)
{
	for (const char *p = value; (p = strchr(p, '[')) != NULL; p++) {
		g_autofree char *token = g_strndup(p + 1, strcspn(p + 1, "]"));
		char *ip = strlen(token) < 64 ? abuse_dup_ip(token) : NULL;

		if (ip != NULL && is_public(ip))
			return ip;
		g_free(ip);
	}
	return NULL;
}

/* client-ip=1.2.3.4 (RFC 7208 9.1) and its cousins. */
static char *client_ip(const char *value)
{
	static const char *const keys[] = { "client-ip=", "sender IP is ",
		                            "smtp.remote-ip=",
		                            "policy.iprev=" };

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		const char *at = strstr(value, keys[i]);
		char *ip =
			at != NULL ? abuse_dup_ip(at + strlen(keys[i])) : NULL;

		if (ip != NULL)
			return ip;
	}
	return NULL;
}

struct derived {
	char *originating; /* best first */
	char *client;
	char *received;
	char *received_date;
	char *date;
	char *domain;
};

static void derived_clear(struct derived *derived)
{
	g_free(derived->originating);
	g_free(derived->client);
	g_free(derived->received);
	g_free(derived->received_date);
	g_free(derived->date);
	g_free(derived->domain);
}

static void derive_received(struct derived *derived, const char *value)
{
	const char *semicolon = strrchr(value, ';');

	set_once(&derived->received, received_ip(value));
	if (semicolon != NULL)
		set_once(&derived->received_date,
		         g_strstrip(g_strdup(semicolon + 1)));
}

static void derive_domain(struct derived *derived,
                          const struct header_field *field)
{
	AUTO(mailbox) from = NULL;

	if (address_parse_from(field->value, field->value_len, &from) ==
	    ADDRESS_OK)
		set_once(&derived->domain, g_strdup(from->domain));
}

static void derive_field(struct derived *derived,
                         const struct header_field *field)
{
	g_autofree char *value = dup_field(field);

	if (header_is(field, "X-Originating-IP"))
		set_once(&derived->originating, abuse_dup_ip(value));
	else if (header_is(field, "Received-SPF") ||
	         header_is(field, "Authentication-Results"))
		set_once(&derived->client, client_ip(value));
	else if (header_is(field, "Received"))
		derive_received(derived, value);
	else if (header_is(field, "Date"))
		set_once(&derived->date, g_strdup(value));
	else if (header_is(field, "From"))
		derive_domain(derived, field);
}

static void derive(struct mail_abuse *abuse, const struct mail_part *part)
{
	struct derived derived = { 0 };
	struct header_walk walk;
	struct header_field field;
	gsize len = 0;
	const char *data = text_of_bytes(part->data, &len);

	if (len == 0)
		return;
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		derive_field(&derived, &field);
	set_once(&abuse->source_ip, g_steal_pointer(&derived.originating));
	set_once(&abuse->source_ip, g_steal_pointer(&derived.client));
	set_once(&abuse->source_ip, g_steal_pointer(&derived.received));
	set_once(&abuse->arrival_date, g_steal_pointer(&derived.received_date));
	set_once(&abuse->arrival_date, g_steal_pointer(&derived.date));
	set_once(&abuse->reported_domain, g_steal_pointer(&derived.domain));
	derived_clear(&derived);
}

/* ---- the kinds of report ---- */

static const struct mail_part *reported_message(const struct mail *mail)
{
	const struct mail_part *part = find_part(mail, "message/rfc822");

	return part != NULL ? part : find_part(mail, "text/rfc822-header");
}

static struct mail_abuse *read_arf(const struct mail *mail)
{
	const struct mail_part *part =
		find_part(mail, "message/feedback-report");
	const struct mail_part *reported = reported_message(mail);

	if (part == NULL)
		return NULL;
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);

	read_report(abuse, part);
	if (reported != NULL)
		derive(abuse, reported);
	abuse->format = g_strdup("arf");
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
	abuse->feedback_type = g_strdup("abuse");
	abuse->format = g_strdup("arf");
	derive(abuse, reported);
	return abuse;
}

static bool may_be_json(const struct mail_part *part)
{
	return g_str_has_suffix(part->content_type, "json") ||
	       g_str_has_suffix(part->filename, ".json");
}

static struct mail_abuse *read_json_parts(const struct mail *mail)
{
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);
		gsize len = 0;
		const char *data = text_of_bytes(part->data, &len);
		struct mail_abuse *abuse =
			may_be_json(part) ? abuse_read_json(data, len) : NULL;

		if (abuse != NULL)
			return abuse;
	}
	return NULL;
}

/* X-XARF: or X-ARF: in the header announces the older form. */
static bool is_announced(const char *data, size_t len)
{
	struct header_walk walk;
	struct header_field field;

	if (len == 0)
		return false;
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		if (header_is(&field, "X-XARF") || header_is(&field, "X-ARF"))
			return true;
	return false;
}

/* report.txt is a part of its own, or stands in the text. */
static struct mail_abuse *read_line_parts(const struct mail *mail)
{
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);
		gsize len = 0;
		const char *data = text_of_bytes(part->data, &len);
		struct mail_abuse *abuse = NULL;

		if (len > 0 && g_str_has_prefix(part->content_type, "text/"))
			abuse = abuse_read_lines(data, len);
		if (abuse != NULL)
			return abuse;
	}
	return abuse_read_lines(mail->text, strlen(mail->text));
}

bool abuse_read(struct mail *mail, const char *data, size_t len)
{
	struct mail_abuse *abuse = read_json_parts(mail);

	if (abuse == NULL && is_announced(data, len))
		abuse = read_line_parts(mail);
	if (abuse == NULL)
		abuse = read_arf(mail);
	if (abuse == NULL)
		abuse = read_wrapped(mail);
	if (abuse == NULL)
		return false;
	if (abuse->reporter == NULL && mail->from->len > 0) {
		const struct mailbox *from = g_ptr_array_index(mail->from, 0);

		abuse->reporter = g_strdup(from->address);
	}
	mail->abuse = abuse;
	return true;
}
