/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse_xarf.c - XARF documents
 *
 * Members that are not where their version puts them are just absent; a
 * document counts as a report if it names its version and a source.
 */
#include "mail/abuse_xarf.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "mail/mailbuild.h"
#include "mail/text.h"

#define JSON_MAX   ((size_t)8 * 1024 * 1024)
#define JSON_DEPTH 32 /* the parser recurses */
#define JSON_ITEMS 100000
#define LINES_MAX  200
#define VALUE_MAX  500

char *abuse_dup_ip(const char *text)
{
	g_autofree char *line =
		text_dup_line_len(text, strlen(text), VALUE_MAX);
	char *start = line + strspn(line, " [<(\"'");

	if (g_ascii_strncasecmp(start, "IPv6:", 5) == 0)
		start += 5;
	start[strcspn(start, "])>, ;\"'/")] = '\0';
	if (strchr(start, '%') != NULL)
		return NULL; /* a scope, which GIO would ask the system about */
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(start);

	return address != NULL ? g_inet_address_to_string(address) : NULL;
}

/* ---- JSON ---- */

/* Brackets and commas outside strings, counted as the parser would. */
static bool is_bounded(const char *data, size_t len)
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

/* A string member, one line; NULL if absent. Owned. */
static char *dup_member(JsonObject *object, const char *name)
{
	JsonNode *node =
		object != NULL ? json_object_get_member(object, name) : NULL;

	if (node == NULL || !JSON_NODE_HOLDS_VALUE(node) ||
	    json_node_get_value_type(node) != G_TYPE_STRING)
		return NULL;
	const char *text = json_node_get_string(node);

	return text_dup_line_len(text, strlen(text), VALUE_MAX);
}

static JsonObject *get_object(JsonObject *object, const char *name)
{
	JsonNode *node =
		object != NULL ? json_object_get_member(object, name) : NULL;

	return node != NULL && JSON_NODE_HOLDS_OBJECT(node)
	               ? json_node_get_object(node)
	               : NULL;
}

/* An IP goes to one member, anything else to the other. */
static void set_source(struct mail_abuse *abuse, const char *source)
{
	char *ip = source != NULL ? abuse_dup_ip(source) : NULL;

	if (ip != NULL && abuse->source_ip == NULL)
		abuse->source_ip = ip;
	else
		g_free(ip);
	if (source != NULL && abuse->source_ip == NULL &&
	    abuse->reported_domain == NULL)
		abuse->reported_domain = g_strdup(source);
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

static struct mail_abuse *read_v4(JsonObject *root)
{
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);
	JsonObject *reporter = get_object(root, "reporter");
	g_autofree char *source = dup_member(root, "source_identifier");

	set_source(abuse, source);
	if (abuse->reported_domain == NULL)
		abuse->reported_domain = dup_member(root, "domain");
	abuse->feedback_type =
		join(dup_member(root, "category"), dup_member(root, "type"));
	abuse->reporter = dup_member(reporter, "contact");
	if (abuse->reporter == NULL)
		abuse->reporter = dup_member(reporter, "domain");
	abuse->arrival_date = dup_member(root, "timestamp");
	return abuse;
}

static char *dup_first(JsonObject *object, const char *const *names)
{
	char *value = NULL;

	for (; *names != NULL && value == NULL; names++)
		value = dup_member(object, *names);
	return value;
}

static struct mail_abuse *read_v3(JsonObject *root)
{
	static const char *const reporter_names[] = { "ReporterContactEmail",
		                                      "ReporterOrgEmail",
		                                      "ReporterOrgDomain",
		                                      "ReporterOrg", NULL };
	static const char *const source_names[] = { "SourceIp", "SourceIP",
		                                    "Ip", "IP", NULL };
	struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);
	JsonObject *report = get_object(root, "Report");
	JsonObject *source = get_object(report, "Source");
	g_autofree char *plain = dup_member(report, "Source");
	g_autofree char *near = dup_first(report, source_names);
	g_autofree char *inner = dup_first(source, source_names);
	g_autofree char *url = dup_member(source, "URL");

	set_source(abuse, inner);
	set_source(abuse, near);
	set_source(abuse, plain);
	set_source(abuse, url);
	abuse->feedback_type = join(dup_member(report, "ReportClass"),
	                            dup_member(report, "ReportType"));
	abuse->reporter =
		dup_first(get_object(root, "ReporterInfo"), reporter_names);
	abuse->arrival_date = dup_member(report, "Date");
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
	if (len == 0 || len > JSON_MAX || !is_bounded(data, len) ||
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
	char *reporter;
	char *date;
};

static void lines_clear(struct lines *lines)
{
	g_free(lines->category);
	g_free(lines->type);
	g_free(lines->source);
	g_free(lines->source_type);
	g_free(lines->reporter);
	g_free(lines->date);
}

/* Without YAML's quotes. */
static char *dup_yaml(const char *value, size_t len)
{
	g_autofree char *line = text_dup_line_len(value, len, VALUE_MAX);
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
		{ "Reported-From", &lines->reporter },
		{ "Date", &lines->date },
	};
	const char *colon = memchr(line, ':', len);
	size_t key_len = colon != NULL ? (size_t)(colon - line) : 0;

	for (size_t i = 0; colon != NULL && i < G_N_ELEMENTS(rows); i++)
		if (key_len == strlen(rows[i].key) && *rows[i].slot == NULL &&
		    g_ascii_strncasecmp(line, rows[i].key, key_len) == 0)
			*rows[i].slot = dup_yaml(colon + 1, len - key_len - 1);
}

static struct mail_abuse *take_lines(struct lines *lines)
{
	struct mail_abuse *abuse;

	if (lines->source == NULL || lines->reporter == NULL ||
	    (lines->category == NULL && lines->type == NULL))
		return NULL;
	abuse = g_new0(struct mail_abuse, 1);
	set_source(abuse, lines->source);
	abuse->feedback_type = join(g_steal_pointer(&lines->category),
	                            g_steal_pointer(&lines->type));
	abuse->reporter = g_steal_pointer(&lines->reporter);
	abuse->arrival_date = g_steal_pointer(&lines->date);
	abuse->format = g_strdup("xarf");
	return abuse;
}

struct mail_abuse *abuse_read_lines(const char *text, size_t len)
{
	struct lines lines = { 0 };
	const char *at = text, *end = text + len;

	for (int n = 0; at < end && n < LINES_MAX; n++) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		const char *stop = lf != NULL ? lf : end;

		take_line(&lines, at, (size_t)(stop - at));
		at = lf != NULL ? lf + 1 : end;
	}
	struct mail_abuse *abuse = take_lines(&lines);

	lines_clear(&lines);
	return abuse;
}
