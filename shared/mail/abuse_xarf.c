/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse_xarf.c - XARF documents
 *
 * Members that are not where their version puts them are just absent; a
 * document counts as a report if it names its version and a source.
 */
#include "mail/abuse_xarf.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "mail/mailbuild.h"
#include "mail/text.h"

#define JSON_MAX   ((size_t)8 * 1024 * 1024)
#define JSON_DEPTH 32 /* the parser recurses */
#define JSON_ITEMS 100000
#define LINES_MAX  2000

/* ---- JSON ---- */

/* Brackets and commas outside strings, counted as the parser would. */
bool abuse_json_is_bounded(const char *data, size_t len)
{
	unsigned depth = 0, items = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (data[i] == '\\')
				i++;
			else if (data[i] == '"')
				in_string = false;
			continue;
		}
		if (data[i] == '"')
			in_string = true;
		else if (data[i] == '{' || data[i] == '[')
			depth++;
		else if ((data[i] == '}' || data[i] == ']') && depth > 0)
			depth--;
		items += data[i] == ',' || data[i] == ':';
		if (depth > JSON_DEPTH || items > JSON_ITEMS)
			return false;
	}
	return true;
}

/* A string as one line; NULL if it is none. Owned. */
static char *dup_text(JsonNode *node)
{
	if (node == NULL || !JSON_NODE_HOLDS_VALUE(node) ||
	    json_node_get_value_type(node) != G_TYPE_STRING)
		return NULL;
	const char *text = json_node_get_string(node);

	return text_dup_line_len(text, strlen(text), ABUSE_VALUE_MAX);
}

/* A string member, one line; NULL if absent. Owned. */
static char *dup_member(JsonObject *object, const char *name)
{
	return object != NULL ? dup_text(json_object_get_member(object, name))
	                      : NULL;
}

static JsonObject *get_object(JsonObject *object, const char *name)
{
	JsonNode *node =
		object != NULL ? json_object_get_member(object, name) : NULL;

	return node != NULL && JSON_NODE_HOLDS_OBJECT(node)
	               ? json_node_get_object(node)
	               : NULL;
}

static char *join(char *category, char *type)
{
	char *joined;

	if (category != NULL && type != NULL) {
		joined = g_strconcat(category, "/", type, NULL);
		g_free(category);
		g_free(type);
		return joined;
	}
	return category != NULL ? category : type;
}

/* The first of the members that is there; names end with NULL. Owned. */
static char *dup_first(JsonObject *object, const char *const *names)
{
	char *value = NULL;

	for (; value == NULL && *names != NULL; names++)
		value = dup_member(object, *names);
	return value;
}

/* A port, written as number or text. */
static guint32 get_port(JsonObject *object, const char *const *names)
{
	for (; object != NULL && *names != NULL; names++) {
		JsonNode *node = json_object_get_member(object, *names);
		g_autofree char *text = dup_member(object, *names);
		gint64 number = 0;

		if (node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
		    json_node_get_value_type(node) == G_TYPE_INT64)
			number = json_node_get_int(node);
		if (number > 0 && number <= 65535)
			return (guint32)number;
		if (abuse_parse_port(text) != 0)
			return abuse_parse_port(text);
	}
	return 0;
}

/* URLs of a member that is a text or an array of texts; their host is a
 * source where nothing else is. */
static void take_urls(struct mail_abuse *abuse, JsonObject *object,
                      const char *const *names)
{
	for (; object != NULL && *names != NULL; names++) {
		JsonNode *node = json_object_get_member(object, *names);
		g_autofree char *one = dup_member(object, *names);
		JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY(node)
		                           ? json_node_get_array(node)
		                           : NULL;
		guint n = array != NULL ? json_array_get_length(array) : 0;

		if (one != NULL)
			abuse_add_url(abuse, one);
		for (guint i = 0; i < MIN(n, MAIL_ABUSE_URLS_MAX); i++) {
			JsonNode *item = json_array_get_element(array, i);
			g_autofree char *url = dup_text(item);

			if (url != NULL)
				abuse_add_url(abuse, url);
		}
	}
	if (abuse->urls != NULL && abuse->reported_domain == NULL) {
		g_autofree char *host = abuse_dup_host(abuse->urls[0]);

		abuse_set_source(abuse, host);
	}
}

static struct mail_abuse *read_v4(JsonObject *root)
{
	static const char *const ports[] = { "source_port", NULL };
	static const char *const urls[] = { "url", "urls", "reported_url",
		                            NULL };
	static const char *const domains[] = { "domain", "source_domain",
		                               NULL };
	static const char *const reporters[] = { "contact", "domain", "org",
		                                 NULL };
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);
	g_autofree char *source = dup_member(root, "source_identifier");

	abuse_set_source(abuse, source);
	abuse_set_once(&abuse->reported_domain, dup_first(root, domains));
	take_urls(abuse, root, urls);
	abuse->source_port = get_port(root, ports);
	abuse->feedback_type =
		join(dup_member(root, "category"), dup_member(root, "type"));
	abuse->reporter = dup_first(get_object(root, "reporter"), reporters);
	abuse->arrival_date = dup_member(root, "timestamp");
	abuse->report_id = dup_member(root, "report_id");
	return abuse;
}

static struct mail_abuse *read_v3(JsonObject *root)
{
	static const char *const reporters[] = { "ReporterContactEmail",
		                                 "ReporterOrgEmail",
		                                 "ReporterOrgDomain",
		                                 "ReporterOrg", NULL };
	static const char *const sources[] = { "SourceIp", "SourceIP", "Ip",
		                               "IP", NULL };
	static const char *const ports[] = { "SourcePort", "Port", NULL };
	static const char *const urls[] = { "Url", "URL", "SourceUrl",
		                            "ReportedUrl", NULL };
	static const char *const domains[] = { "Domain", "DomainName",
		                               "SourceDomain", NULL };
	static const char *const ids[] = { "ReportID", "ReportId", NULL };
	static const char *const dates[] = { "Date", "Timestamp", NULL };
	JsonObject *report = get_object(root, "Report");
	JsonObject *const places[] = { get_object(report, "Source"), report };
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);
	g_autofree char *plain = dup_member(report, "Source");

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *ip = dup_first(places[i], sources);

		abuse_set_source(abuse, ip);
		if (abuse->source_port == 0)
			abuse->source_port = get_port(places[i], ports);
		abuse_set_once(&abuse->reported_domain,
		               dup_first(places[i], domains));
		take_urls(abuse, places[i], urls);
	}
	abuse_set_source(abuse, plain);
	abuse->feedback_type = join(dup_member(report, "ReportClass"),
	                            dup_member(report, "ReportType"));
	abuse->reporter =
		dup_first(get_object(root, "ReporterInfo"), reporters);
	abuse->arrival_date = dup_first(report, dates);
	abuse->report_id = dup_first(report, ids);
	return abuse;
}

static struct mail_abuse *read_root(JsonNode *node)
{
	if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
		return NULL;
	JsonObject *root = json_node_get_object(node);
	struct mail_abuse *abuse = NULL;

	if (json_object_has_member(root, "xarf_version"))
		abuse = read_v4(root);
	else if (json_object_has_member(root, "ReporterInfo") &&
	         json_object_has_member(root, "Report"))
		abuse = read_v3(root);
	if (abuse != NULL && abuse->source_ip == NULL &&
	    abuse->reported_domain == NULL)
		g_clear_pointer(&abuse, mail_abuse_free);
	return abuse;
}

struct mail_abuse *abuse_read_json(const char *data, size_t len)
{
	if (len == 0 || len > JSON_MAX || !abuse_json_is_bounded(data, len) ||
	    (g_strstr_len(data, (gssize)len, "xarf_version") == NULL &&
	     g_strstr_len(data, (gssize)len, "ReporterInfo") == NULL))
		return NULL;
	g_autoptr(JsonParser) parser = json_parser_new_immutable();

	if (!json_parser_load_from_data(parser, data, (gssize)len, NULL))
		return NULL;
	struct mail_abuse *abuse = read_root(json_parser_get_root(parser));

	if (abuse != NULL)
		abuse->format = g_strdup("xarf");
	return abuse;
}

/* ---- lines ---- */

struct lines {
	char *category;
	char *type;
	char *source;
	char *source_type;
	char *port;
	char *domain;
	char *reporter;
	char *date;
	char *id;
	char *version;
	char *schema;
};

static void lines_clear(struct lines *lines)
{
	g_free(lines->category);
	g_free(lines->type);
	g_free(lines->source);
	g_free(lines->source_type);
	g_free(lines->port);
	g_free(lines->domain);
	g_free(lines->reporter);
	g_free(lines->date);
	g_free(lines->id);
	g_free(lines->version);
	g_free(lines->schema);
}

/* Without YAML's quotes. */
static char *dup_yaml(const char *value, size_t len)
{
	g_autofree char *line = text_dup_line_len(value, len, ABUSE_VALUE_MAX);
	size_t n = strlen(line);

	if (n >= 2 && (line[0] == '"' || line[0] == '\'') &&
	    line[n - 1] == line[0])
		return g_strndup(line + 1, n - 2);
	return g_steal_pointer(&line);
}

static void take_line(struct lines *lines, const char *line, size_t len)
{
	struct {
		const char *key;
		char **slot;
	} rows[] = {
		{ "Category", &lines->category },
		{ "Report-Type", &lines->type },
		{ "Source", &lines->source },
		{ "Source-Type", &lines->source_type },
		{ "Port", &lines->port },
		{ "Source-Port", &lines->port },
		{ "Domain", &lines->domain },
		{ "Reported-From", &lines->reporter },
		{ "Date", &lines->date },
		{ "Report-ID", &lines->id },
		{ "Version", &lines->version },
		{ "Schema-URL", &lines->schema },
	};
	const char *colon = memchr(line, ':', len);

	if (colon == NULL)
		return;
	g_autofree char *key = dup_yaml(line, (size_t)(colon - line));

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (*rows[i].slot == NULL &&
		    g_ascii_strcasecmp(key, rows[i].key) == 0)
			*rows[i].slot = dup_yaml(
				colon + 1, len - (size_t)(colon + 1 - line));
}

static bool is_report(const struct lines *lines, bool strictly)
{
	if (lines->source == NULL || lines->source[0] == '\0' ||
	    lines->reporter == NULL ||
	    (lines->category == NULL && lines->type == NULL))
		return false;
	return !strictly ||
	       (lines->date != NULL && lines->source_type != NULL &&
	        (lines->version != NULL || lines->schema != NULL));
}

static struct mail_abuse *take_lines(struct lines *lines)
{
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);

	abuse_set_source(abuse, lines->source);
	abuse_set_once(&abuse->reported_domain,
	               g_steal_pointer(&lines->domain));
	abuse->source_port = abuse_parse_port(lines->port);
	abuse->feedback_type = join(g_steal_pointer(&lines->category),
	                            g_steal_pointer(&lines->type));
	abuse->reporter = g_steal_pointer(&lines->reporter);
	abuse->arrival_date = g_steal_pointer(&lines->date);
	abuse->report_id = g_steal_pointer(&lines->id);
	abuse->format = g_strdup("xarf");
	return abuse;
}

static struct mail_abuse *read_lines(const char *text, size_t len,
                                     bool strictly)
{
	struct lines lines = { 0 };
	struct mail_abuse *abuse = NULL;
	const char *at = text, *end = text + len;

	for (int n = 0; at < end && n < LINES_MAX; n++) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		const char *stop = lf != NULL ? lf : end;

		take_line(&lines, at, (size_t)(stop - at));
		at = lf != NULL ? lf + 1 : end;
	}
	if (is_report(&lines, strictly))
		abuse = take_lines(&lines);
	lines_clear(&lines);
	return abuse;
}

struct mail_abuse *abuse_read_lines(const char *text, size_t len)
{
	return read_lines(text, len, false);
}

struct mail_abuse *abuse_read_lines_strictly(const char *text, size_t len)
{
	return read_lines(text, len, true);
}
