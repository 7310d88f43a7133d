/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse_summary.c - DMARC and TLS reports: counts of a period
 *
 * They come by thousands, from programs, and nobody answers them. Which is
 * why a mail must look like one all over before it is taken for one: a report
 * inside, and a subject or a header that says so.
 */
#include "mail/abuse_summary.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/clock.h"
#include "mail/abuse_unpack.h"
#include "mail/abuse_value.h"
#include "mail/abuse_xarf.h"
#include "mail/header.h"
#include "mail/mailbuild.h"
#include "mail/subject.h"
#include "mail/text.h"

#define DOCUMENT_MAX ((gsize)16 * 1024 * 1024)
#define PARTS_MAX    4 /* opened in one mail */
#define XML_DEPTH    16
#define COUNT_MAX    (G_MAXINT64 / 4)

static gint64 add_count(gint64 sum, gint64 more)
{
	return sum > COUNT_MAX - more ? COUNT_MAX : sum + more;
}

static gint64 parse_count(const char *text)
{
	guint64 value = 0;

	return g_ascii_string_to_unsigned(text, 10, 0, COUNT_MAX / 1000, &value,
	                                  NULL)
	               ? (gint64)value
	               : 0;
}

/* ---- the XML of a DMARC report ---- */

struct dmarc_reader {
	struct mail_abuse *abuse;
	GString *text;
	char *email;
	char *org;
	gint64 count; /* of the row at hand */
	bool passed;
	bool is_feedback;
	const char *path[XML_DEPTH]; /* interned names */
	guint depth;
};

static void set_text(struct dmarc_reader *reader, char **slot, const char *text)
{
	(void)reader;
	abuse_set_once(slot, g_strdup(text));
}

static void take_org(struct dmarc_reader *reader, const char *text)
{
	set_text(reader, &reader->org, text);
}

static void take_email(struct dmarc_reader *reader, const char *text)
{
	set_text(reader, &reader->email, text);
}

static void take_id(struct dmarc_reader *reader, const char *text)
{
	set_text(reader, &reader->abuse->report_id, text);
}

static void take_begin(struct dmarc_reader *reader, const char *text)
{
	reader->abuse->begin = parse_count(text) * CLOCK_SECOND;
}

static void take_end(struct dmarc_reader *reader, const char *text)
{
	reader->abuse->end = parse_count(text) * CLOCK_SECOND;
}

static void take_domain(struct dmarc_reader *reader, const char *text)
{
	char *domain = abuse_dup_host(text);

	abuse_set_once(&reader->abuse->reported_domain,
	               domain != NULL ? domain : g_strdup(text));
}

static void take_count(struct dmarc_reader *reader, const char *text)
{
	reader->count = parse_count(text);
}

static void take_result(struct dmarc_reader *reader, const char *text)
{
	reader->passed = reader->passed || strcmp(text, "pass") == 0;
}

static const struct {
	const char *parent;
	const char *name;
	void (*take)(struct dmarc_reader *reader, const char *text);
} elements[] = {
	{ "report_metadata", "org_name", take_org },
	{ "report_metadata", "email", take_email },
	{ "report_metadata", "report_id", take_id },
	{ "date_range", "begin", take_begin },
	{ "date_range", "end", take_end },
	{ "policy_published", "domain", take_domain },
	{ "row", "count", take_count },
	{ "policy_evaluated", "dkim", take_result },
	{ "policy_evaluated", "spf", take_result },
};

/* Without the prefix of a namespace. */
static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static void on_start(GMarkupParseContext *context, const char *name,
                     const char **names, const char **values, gpointer data,
                     GError **error)
{
	struct dmarc_reader *reader = data;
	const char *local = local_name(name);

	(void)context;
	(void)names;
	(void)values;
	if (reader->depth >= XML_DEPTH) {
		g_set_error_literal(error, G_MARKUP_ERROR,
		                    G_MARKUP_ERROR_INVALID_CONTENT, "too deep");
		return;
	}
	reader->path[reader->depth] = "";
	for (size_t i = 0; i < G_N_ELEMENTS(elements); i++) {
		if (strcmp(local, elements[i].parent) == 0)
			reader->path[reader->depth] = elements[i].parent;
	}
	if (reader->depth == 0)
		reader->is_feedback = strcmp(local, "feedback") == 0;
	if (strcmp(local, "row") == 0) {
		reader->count = 0;
		reader->passed = false;
	}
	reader->depth++;
	g_string_truncate(reader->text, 0);
}

static void end_row(struct dmarc_reader *reader)
{
	struct mail_abuse *abuse = reader->abuse;

	abuse->total = add_count(abuse->total, reader->count);
	if (!reader->passed)
		abuse->failed = add_count(abuse->failed, reader->count);
}

static void on_end(GMarkupParseContext *context, const char *name,
                   gpointer data, GError **error)
{
	struct dmarc_reader *reader = data;
	const char *local = local_name(name);
	const char *parent =
		reader->depth >= 2 ? reader->path[reader->depth - 2] : "";
	g_autofree char *text = text_dup_line_len(
		reader->text->str, reader->text->len, ABUSE_VALUE_MAX);

	(void)context;
	(void)error;
	for (size_t i = 0; i < G_N_ELEMENTS(elements); i++) {
		if (strcmp(parent, elements[i].parent) == 0 &&
		    strcmp(local, elements[i].name) == 0)
			elements[i].take(reader, g_strstrip(text));
	}
	if (strcmp(local, "row") == 0)
		end_row(reader);
	reader->depth--;
	g_string_truncate(reader->text, 0);
}

static void on_text(GMarkupParseContext *context, const char *text, gsize len,
                    gpointer data, GError **error)
{
	struct dmarc_reader *reader = data;

	(void)context;
	(void)error;
	if (reader->text->len + len <= ABUSE_VALUE_MAX)
		g_string_append_len(reader->text, text, (gssize)len);
}

static bool parse_dmarc(struct dmarc_reader *reader, const char *xml,
                        size_t len)
{
	static const GMarkupParser parser = { .start_element = on_start,
		                              .end_element = on_end,
		                              .text = on_text };
	g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(
		&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, reader, NULL);

	return g_markup_parse_context_parse(context, xml, (gssize)len, NULL) &&
	       g_markup_parse_context_end_parse(context, NULL) &&
	       reader->is_feedback && reader->abuse->reported_domain != NULL;
}

struct mail_abuse *abuse_read_dmarc(const char *xml, size_t len)
{
	struct dmarc_reader reader = {
		.abuse = g_new0(struct mail_abuse, 1),
		.text = g_string_new(NULL),
	};

	if (len >= 3 && memcmp(xml, "\xef\xbb\xbf", 3) == 0) {
		xml += 3;
		len -= 3;
	}
	if (!parse_dmarc(&reader, xml, len))
		g_clear_pointer(&reader.abuse, mail_abuse_free);
	else if (!abuse_set_once(&reader.abuse->reporter,
	                         g_steal_pointer(&reader.org)))
		abuse_set_once(&reader.abuse->reporter,
		               g_steal_pointer(&reader.email));
	if (reader.abuse != NULL)
		reader.abuse->class = MAIL_ABUSE_DMARC;
	g_string_free(reader.text, TRUE);
	g_free(reader.email);
	g_free(reader.org);
	return reader.abuse;
}

/* ---- the JSON of a TLS report ---- */

static JsonNode *get_member(JsonObject *object, const char *name)
{
	return object != NULL ? json_object_get_member(object, name) : NULL;
}

static JsonObject *get_object(JsonObject *object, const char *name)
{
	JsonNode *node = get_member(object, name);

	return node != NULL && JSON_NODE_HOLDS_OBJECT(node)
	               ? json_node_get_object(node)
	               : NULL;
}

static char *dup_string(JsonObject *object, const char *name)
{
	JsonNode *node = get_member(object, name);
	const char *text =
		node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
				json_node_get_value_type(node) == G_TYPE_STRING
			? json_node_get_string(node)
			: NULL;

	return text != NULL
	               ? text_dup_line_len(text, strlen(text), ABUSE_VALUE_MAX)
	               : NULL;
}

static gint64 get_count(JsonObject *object, const char *name)
{
	JsonNode *node = get_member(object, name);
	gint64 count =
		node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
				json_node_get_value_type(node) == G_TYPE_INT64
			? json_node_get_int(node)
			: 0;

	return CLAMP(count, 0, COUNT_MAX / 1000);
}

static gint64 get_time(JsonObject *object, const char *name)
{
	g_autofree char *text = dup_string(object, name);

	return text != NULL ? abuse_parse_time(text) : 0;
}

static void take_policy(struct mail_abuse *abuse, JsonObject *entry)
{
	JsonObject *summary = get_object(entry, "summary");
	gint64 good = get_count(summary, "total-successful-session-count");
	gint64 bad = get_count(summary, "total-failure-session-count");

	abuse_set_once(
		&abuse->reported_domain,
		dup_string(get_object(entry, "policy"), "policy-domain"));
	abuse->total = add_count(abuse->total, good + bad);
	abuse->failed = add_count(abuse->failed, bad);
}

static struct mail_abuse *read_tls_root(JsonObject *root)
{
	JsonNode *policies = get_member(root, "policies");
	JsonObject *range = get_object(root, "date-range");

	if (policies == NULL || !JSON_NODE_HOLDS_ARRAY(policies) ||
	    range == NULL)
		return NULL;
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);
	JsonArray *array = json_node_get_array(policies);

	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonNode *entry = json_array_get_element(array, i);

		if (JSON_NODE_HOLDS_OBJECT(entry))
			take_policy(abuse, json_node_get_object(entry));
	}
	abuse_set_once(&abuse->reporter, dup_string(root, "organization-name"));
	abuse_set_once(&abuse->reporter, dup_string(root, "contact-info"));
	abuse_set_once(&abuse->report_id, dup_string(root, "report-id"));
	abuse->begin = get_time(range, "start-datetime");
	abuse->end = get_time(range, "end-datetime");
	abuse->class = MAIL_ABUSE_TLS;
	return abuse;
}

struct mail_abuse *abuse_read_tls(const char *json, size_t len)
{
	if (len == 0 || !abuse_json_is_bounded(json, len) ||
	    g_strstr_len(json, (gssize)len, "\"policies\"") == NULL)
		return NULL;
	g_autoptr(JsonParser) parser = json_parser_new_immutable();

	if (!json_parser_load_from_data(parser, json, (gssize)len, NULL))
		return NULL;
	JsonNode *root = json_parser_get_root(parser);

	return root != NULL && JSON_NODE_HOLDS_OBJECT(root)
	               ? read_tls_root(json_node_get_object(root))
	               : NULL;
}

/* ---- names ---- */

static gint64 parse_seconds(const char *text)
{
	g_autofree char *digits = g_strndup(text, strspn(text, "0123456789"));

	return parse_count(digits) * CLOCK_SECOND;
}

struct mail_abuse *abuse_read_report_name(const char *filename)
{
	g_auto(GStrv) words = g_strsplit(filename, "!", 6);

	if (g_strv_length(words) < 4 || parse_seconds(words[2]) == 0 ||
	    parse_seconds(words[3]) == 0)
		return NULL;
	char *domain = address_dup_domain(words[1], strlen(words[1]));

	if (domain == NULL)
		return NULL;
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);
	bool json = strstr(filename, ".json") != NULL;

	abuse->class = json ? MAIL_ABUSE_TLS : MAIL_ABUSE_DMARC;
	abuse->reported_domain = domain;
	abuse->reporter = g_strdup(words[0]);
	abuse->begin = parse_seconds(words[2]);
	abuse->end = parse_seconds(words[3]);
	abuse->derived = MAIL_ABUSE_DERIVED_DOMAIN |
	                 MAIL_ABUSE_DERIVED_REPORTER |
	                 MAIL_ABUSE_DERIVED_PERIOD;
	return abuse;
}

/* ---- the subject: "Report Domain: D Submitter: S Report-ID: I" ---- */

/* The words behind `key`, up to the next key, without brackets. */
static char *dup_subject_word(const char *subject, const char *key)
{
	static const char *const keys[] = { "report domain:", "submitter:",
		                            "report-id:" };
	g_autofree char *lower = g_ascii_strdown(subject, -1);
	const char *at = strstr(lower, key);

	if (at == NULL)
		return NULL;
	at += strlen(key);
	size_t len = strcspn(at, ";");

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		const char *next = strstr(at, keys[i]);

		if (next != NULL)
			len = MIN(len, (size_t)(next - at));
	}
	g_autofree char *value =
		g_strndup(subject + (at - lower), MIN(len, ABUSE_VALUE_MAX));

	g_strdelimit(value, "{}<>\"", ' ');
	g_strstrip(value);
	return value[0] != '\0' ? g_steal_pointer(&value) : NULL;
}

static void take_subject(struct mail_abuse *abuse, const char *subject)
{
	g_autofree char *domain = dup_subject_word(subject, "report domain:");
	char *host = domain != NULL ? abuse_dup_host(domain) : NULL;

	if (abuse_set_once(&abuse->reported_domain, host))
		abuse->derived |= MAIL_ABUSE_DERIVED_DOMAIN;
	if (abuse_set_once(&abuse->reporter,
	                   dup_subject_word(subject, "submitter:")))
		abuse->derived |= MAIL_ABUSE_DERIVED_REPORTER;
	abuse_set_once(&abuse->report_id,
	               dup_subject_word(subject, "report-id:"));
}

/* ---- which mail is one ---- */

/* What a header and a subject say before anything is opened. */
struct signs {
	bool is_tls;    /* the message says so of itself */
	bool in_form;   /* the subject is that of RFC 7489 7.2.1.1 */
	bool automatic; /* or at least not from a person */
};

static bool subject_names_report(const char *lower)
{
	return strstr(lower, "report domain:") != NULL ||
	       (strstr(lower, "dmarc") != NULL &&
	        strstr(lower, "report") != NULL) ||
	       (strstr(lower, "tls") != NULL &&
	        strstr(lower, "report") != NULL);
}

static struct signs read_signs(const struct mail *mail, const char *data,
                               size_t len)
{
	g_autofree char *lower = g_ascii_strdown(mail->subject, -1);
	g_autofree char *type =
		header_dup_single(data, len, "Content-Type", NULL);
	g_autofree char *domain =
		header_dup_single(data, len, "TLS-Report-Domain", NULL);
	g_autofree char *folded =
		type != NULL ? g_ascii_strdown(type, -1) : g_strdup("");

	return (struct signs){
		.is_tls = domain != NULL || strstr(folded, "tlsrpt") != NULL,
		.in_form = strstr(lower, "report domain:") != NULL,
		.automatic = subject_names_report(lower) ||
		             mail->kind != MAIL_KIND_HUMAN ||
		             mail->text[0] == '\0',
	};
}

/* Some prefix was taken away: the first word is another one. */
static bool has_reply_prefix(const char *subject)
{
	g_autofree char *bare = subject_dup_bare("VIA", subject);
	const char *first = subject + strspn(subject, " \t");

	return strncmp(first, bare, strcspn(bare, " ")) != 0;
}

bool abuse_is_letter(const struct mail *mail)
{
	return mail->in_reply_to[0] != NULL || mail->references[0] != NULL ||
	       has_reply_prefix(mail->subject);
}

static bool may_hold_report(const struct mail_part *part)
{
	static const char *const types[] = {
		"application/gzip",   "application/x-gzip",
		"application/zip",    "application/x-zip-compressed",
		"application/xml",    "text/xml",
		"application/json",   "application/octet-stream",
		"application/tlsrpt", NULL,
	};
	static const char *const ends[] = { ".xml", ".gz", ".zip", ".json" };
	g_autofree char *name = g_ascii_strdown(part->filename, -1);

	if (g_strv_contains(types, part->content_type) ||
	    g_str_has_prefix(part->content_type, "application/tlsrpt"))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
		if (g_str_has_suffix(name, ends[i]))
			return true;
	return false;
}

static struct mail_abuse *read_document(const struct mail_part *part)
{
	gsize len = 0;
	const char *packed = text_of_bytes(part->data, &len);
	g_autoptr(GBytes) plain = abuse_unpack(packed, len, DOCUMENT_MAX);
	const char *data = plain != NULL ? text_of_bytes(plain, &len) : NULL;

	if (data == NULL || len == 0)
		return NULL;
	struct mail_abuse *abuse = abuse_read_dmarc(data, len);

	return abuse != NULL ? abuse : abuse_read_tls(data, len);
}

static struct mail_abuse *read_part(const struct mail_part *part)
{
	struct mail_abuse *abuse = read_document(part);

	return abuse != NULL ? abuse : abuse_read_report_name(part->filename);
}

/* The first part that is a report; *ret_any: there was one that may be. */
static struct mail_abuse *read_parts(const struct mail *mail, bool *ret_any)
{
	unsigned opened = 0;

	*ret_any = false;
	for (guint i = 0; i < mail->parts->len && opened < PARTS_MAX; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);

		if (!may_hold_report(part))
			continue;
		struct mail_abuse *abuse = read_part(part);

		opened++;
		*ret_any = true;
		if (abuse != NULL)
			return abuse;
	}
	return NULL;
}

static struct mail_abuse *finish(struct mail_abuse *abuse,
                                 const struct mail *mail,
                                 const struct signs *signs)
{
	if (signs->is_tls)
		abuse->class = MAIL_ABUSE_TLS;
	take_subject(abuse, mail->subject);
	abuse->format =
		g_strdup(abuse->class == MAIL_ABUSE_TLS ? "tls" : "dmarc");
	abuse->feedback_type = g_strdup(abuse->format);
	abuse->time = abuse->end;
	return abuse;
}

struct mail_abuse *abuse_read_summary(const struct mail *mail, const char *data,
                                      size_t len)
{
	const struct signs signs = read_signs(mail, data, len);
	struct mail_abuse *abuse;
	bool any = false;

	if (!signs.is_tls && (!signs.automatic || abuse_is_letter(mail)))
		return NULL;
	abuse = read_parts(mail, &any);
	/* Unreadable, but everything else says what it is. */
	if (abuse == NULL && (signs.is_tls || (signs.in_form && any))) {
		abuse = g_new0(struct mail_abuse, 1);
		abuse->class = MAIL_ABUSE_DMARC;
	}
	return abuse != NULL ? finish(abuse, mail, &signs) : NULL;
}
