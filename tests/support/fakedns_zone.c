/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakedns_zone.c - the zone file of the test name server
 */
#include "support/fakedns_zone.h"

#include <arpa/inet.h>
#include <string.h>

#define NAME_MAX_WIRE 255
#define BLANKS        " \t\r"

struct fakedns_zone {
	GHashTable *nodes; /* GBytes (wire name, lower case) -> node */
};

/* What is left of a line, and why it is wrong. */
struct line {
	const char *at;
	const char *wrong;
};

static void record_free(void *data)
{
	struct fakedns_record *record = data;

	g_byte_array_unref(record->rdata);
	g_free(record);
}

static void node_free(void *data)
{
	struct fakedns_node *node = data;

	g_ptr_array_unref(node->records);
	g_array_unref(node->rules);
	g_free(node);
}

static void name_free(void *data)
{
	g_bytes_unref(data);
}

void fakedns_zone_free(struct fakedns_zone *zone)
{
	if (zone == NULL)
		return;
	g_hash_table_unref(zone->nodes);
	g_free(zone);
}

/* ---- the tree ---- */

static struct fakedns_node *node_get(const struct fakedns_zone *zone,
                                     const guint8 *name, size_t len)
{
	g_autoptr(GBytes) key = g_bytes_new(name, len);

	return g_hash_table_lookup(zone->nodes, key);
}

/* The node of a name; it and all names above it come to exist. */
static struct fakedns_node *node_make(struct fakedns_zone *zone,
                                      const guint8 *name, size_t len)
{
	struct fakedns_node *node = node_get(zone, name, len);

	if (node != NULL)
		return node;
	node = g_new0(struct fakedns_node, 1);
	node->records = g_ptr_array_new_with_free_func(record_free);
	node->rules = g_array_new(FALSE, FALSE, sizeof(struct fakedns_rule));
	g_hash_table_insert(zone->nodes, g_bytes_new(name, len), node);
	if (name[0] != 0)
		node_make(zone, name + name[0] + 1, len - name[0] - 1U);
	return node;
}

const struct fakedns_node *fakedns_zone_find(const struct fakedns_zone *zone,
                                             const guint8 *name, size_t len)
{
	const struct fakedns_node *node = node_get(zone, name, len);
	guint8 wild[NAME_MAX_WIRE + 2] = { 1, '*' };

	/* Up to the closest name that exists, then its wildcard. */
	while (node == NULL && name[0] != 0) {
		len -= name[0] + 1U;
		name += name[0] + 1U;
		if (node_get(zone, name, len) == NULL && name[0] != 0)
			continue;
		memcpy(wild + 2, name, len);
		return node_get(zone, wild, len + 2);
	}
	return node;
}

const struct fakedns_record *
fakedns_zone_find_soa(const struct fakedns_zone *zone, const guint8 *name,
                      size_t len, size_t *ret_owner)
{
	for (size_t at = 0;; at += name[at] + 1U) {
		const struct fakedns_node *node =
			node_get(zone, name + at, len - at);

		for (guint i = 0; node != NULL && i < node->records->len; i++) {
			struct fakedns_record *record = node->records->pdata[i];

			if (record->type == FAKEDNS_SOA) {
				*ret_owner = at;
				return record;
			}
		}
		if (name[at] == 0)
			return NULL;
	}
}

enum fakedns_verb fakedns_node_get_verb(const struct fakedns_node *node,
                                        guint16 type)
{
	for (guint i = 0; i < node->rules->len; i++) {
		const struct fakedns_rule *rule =
			&g_array_index(node->rules, struct fakedns_rule, i);

		if (rule->type == FAKEDNS_ANY || rule->type == type)
			return rule->verb;
	}
	return FAKEDNS_ANSWER;
}

/* ---- words ---- */

static char *next_word(struct line *line)
{
	const char *start = line->at + strspn(line->at, BLANKS);
	size_t len = strcspn(start, BLANKS);

	line->at = start + len;
	if (len == 0) {
		line->wrong = "something is missing";
		return NULL;
	}
	return g_strndup(start, len);
}

static bool next_number(struct line *line, guint64 max, guint64 *ret_number)
{
	g_autofree char *word = next_word(line);

	if (word != NULL &&
	    g_ascii_string_to_unsigned(word, 10, 0, max, ret_number, NULL))
		return true;
	line->wrong = "not a number in range";
	return false;
}

/* One character behind a backslash at *at, which moves to its end. */
static guint8 unescape(const char **at)
{
	unsigned value = 0;
	int digits = 0;

	while (digits < 3 && g_ascii_isdigit((*at)[digits])) {
		value = value * 10 + (unsigned)((*at)[digits] - '0');
		digits++;
	}
	*at += digits == 3 ? 3 : (**at != '\0' ? 1 : 0);
	return digits == 3 ? (guint8)value : (guint8)(*at)[-1];
}

/* The wire form of a name, lower case, or NULL. */
static GByteArray *name_to_wire(const char *text)
{
	g_autoptr(GByteArray) wire = g_byte_array_new();
	guint8 label[64];
	guint8 len = 0;

	if (strcmp(text, ".") == 0)
		text = "";
	for (const char *at = text; *at != '\0' || len > 0;) {
		if (*at == '.' || *at == '\0') {
			if (len == 0)
				return NULL;
			g_byte_array_append(wire, &len, 1);
			g_byte_array_append(wire, label, len);
			len = 0;
			at += *at == '.' ? 1 : 0;
		} else if (len == 63) {
			return NULL;
		} else if (*at == '\\' && at[1] != '\0') {
			at++;
			label[len++] = unescape(&at);
		} else {
			label[len++] = (guint8)g_ascii_tolower(*at++);
		}
	}
	g_byte_array_append(wire, (const guint8 *)"", 1);
	if (wire->len > NAME_MAX_WIRE)
		return NULL;
	return g_steal_pointer(&wire);
}

static bool next_name(struct line *line, GByteArray *out)
{
	g_autofree char *word = next_word(line);
	g_autoptr(GByteArray) wire = word != NULL ? name_to_wire(word) : NULL;

	if (wire == NULL) {
		line->wrong = "not a name";
		return false;
	}
	g_byte_array_append(out, wire->data, wire->len);
	return true;
}

/* ---- rdata ---- */

static bool read_address(struct line *line, int family, guint len,
                         GByteArray *out)
{
	g_autofree char *word = next_word(line);
	guint8 address[16];

	if (word == NULL || inet_pton(family, word, address) != 1) {
		line->wrong = "not an address";
		return false;
	}
	g_byte_array_append(out, address, len);
	return true;
}

static bool read_a(struct line *line, GByteArray *out)
{
	return read_address(line, AF_INET, 4, out);
}

static bool read_aaaa(struct line *line, GByteArray *out)
{
	return read_address(line, AF_INET6, 16, out);
}

static bool read_mx(struct line *line, GByteArray *out)
{
	guint64 preference;
	guint16 wire;

	if (!next_number(line, 65535, &preference))
		return false;
	wire = htons((guint16)preference);
	g_byte_array_append(out, (const guint8 *)&wire, 2);
	return next_name(line, out);
}

static bool read_soa(struct line *line, GByteArray *out)
{
	if (!next_name(line, out) || !next_name(line, out))
		return false;
	for (int i = 0; i < 5; i++) {
		guint64 number;
		guint32 wire;

		if (!next_number(line, G_MAXUINT32, &number))
			return false;
		wire = htonl((guint32)number);
		g_byte_array_append(out, (const guint8 *)&wire, 4);
	}
	return true;
}

static void append_strings(GByteArray *out, const GByteArray *text)
{
	guint at = 0;

	do {
		guint8 len = (guint8)MIN(text->len - at, 255);

		g_byte_array_append(out, &len, 1);
		g_byte_array_append(out, text->data + at, len);
		at += len;
	} while (at < text->len);
}

/* One string, quoted or not. */
static bool read_string(struct line *line, GByteArray *out)
{
	g_autoptr(GByteArray) text = g_byte_array_new();
	bool quoted = *line->at == '"';
	const char *at = line->at + (quoted ? 1 : 0);

	while (*at != '\0' && (quoted ? *at != '"' : !strchr(BLANKS, *at))) {
		guint8 byte = (guint8)*at++;

		if (byte == '\\')
			byte = unescape(&at);
		g_byte_array_append(text, &byte, 1);
	}
	if (quoted && *at++ != '"') {
		line->wrong = "the quote is not closed";
		return false;
	}
	append_strings(out, text);
	line->at = at;
	return true;
}

static bool read_txt(struct line *line, GByteArray *out)
{
	line->at += strspn(line->at, BLANKS);
	if (*line->at == '\0') {
		line->wrong = "TXT needs a string";
		return false;
	}
	while (*line->at != '\0') {
		if (!read_string(line, out))
			return false;
		line->at += strspn(line->at, BLANKS);
	}
	return true;
}

static const struct {
	const char *name;
	guint16 type;
	bool (*read)(struct line *line, GByteArray *out);
} types[] = {
	{ "A", FAKEDNS_A, read_a },
	{ "AAAA", FAKEDNS_AAAA, read_aaaa },
	{ "MX", FAKEDNS_MX, read_mx },
	{ "TXT", FAKEDNS_TXT, read_txt },
	{ "PTR", FAKEDNS_PTR, next_name },
	{ "CNAME", FAKEDNS_CNAME, next_name },
	{ "NS", FAKEDNS_NS, next_name },
	{ "SOA", FAKEDNS_SOA, read_soa },
};

static const struct {
	const char *name;
	enum fakedns_verb verb;
} verbs[] = {
	{ "SERVFAIL", FAKEDNS_SERVFAIL },
	{ "REFUSED", FAKEDNS_REFUSED },
	{ "TIMEOUT", FAKEDNS_TIMEOUT },
	{ "TRUNCATE", FAKEDNS_TRUNCATE },
};

static size_t find_type(const char *word)
{
	size_t i = 0;

	while (word != NULL && i < G_N_ELEMENTS(types) &&
	       strcmp(types[i].name, word) != 0)
		i++;
	return word != NULL ? i : G_N_ELEMENTS(types);
}

/* ---- lines ---- */

static bool read_rule(struct line *line, struct fakedns_node *node,
                      enum fakedns_verb verb)
{
	struct fakedns_rule rule = { verb, FAKEDNS_ANY };
	g_autofree char *word = next_word(line);
	size_t type = find_type(word);

	line->wrong = NULL;
	if (word != NULL && type == G_N_ELEMENTS(types)) {
		line->wrong = "unknown type";
		return false;
	}
	if (word != NULL)
		rule.type = types[type].type;
	g_array_append_val(node->rules, rule);
	return true;
}

static bool read_record(struct line *line, struct fakedns_node *node,
                        const char *ttl_word)
{
	g_autoptr(GByteArray) rdata = g_byte_array_new();
	g_autofree char *type_word = next_word(line);
	size_t type = find_type(type_word);
	struct fakedns_record *record;
	guint64 ttl;

	if (!g_ascii_string_to_unsigned(ttl_word, 10, 0, G_MAXINT32, &ttl,
	                                NULL)) {
		line->wrong = "expected a TTL or a verb behind the name";
		return false;
	}
	if (type == G_N_ELEMENTS(types)) {
		line->wrong = "unknown type";
		return false;
	}
	if (!types[type].read(line, rdata))
		return false;
	record = g_new0(struct fakedns_record, 1);
	record->type = types[type].type;
	record->ttl = (guint32)ttl;
	record->rdata = g_steal_pointer(&rdata);
	g_ptr_array_add(node->records, record);
	return true;
}

static bool read_line(struct fakedns_zone *zone, struct line *line)
{
	g_autoptr(GByteArray) name = g_byte_array_new();
	g_autofree char *word = NULL;
	struct fakedns_node *node;
	bool ok = true;

	line->at += strspn(line->at, BLANKS);
	if (strchr("#;", *line->at) != NULL) /* or the end */
		return true;
	if (!next_name(line, name) || (word = next_word(line)) == NULL)
		return false;
	node = node_make(zone, name->data, name->len);
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(word, verbs[i].name) == 0) {
			ok = read_rule(line, node, verbs[i].verb);
			goto end;
		}
	}
	ok = read_record(line, node, word);
end:
	if (ok && line->at[strspn(line->at, BLANKS)] != '\0') {
		line->wrong = "more than expected";
		ok = false;
	}
	return ok;
}

/* A comment behind the data. */
static void strip_comment(char *text)
{
	bool quoted = false;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && strchr("#;", *text) != NULL) {
			*text = '\0';
			return;
		}
	}
}

struct fakedns_zone *fakedns_zone_load(const char *path, char **ret_error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(GError) error = NULL;
	struct fakedns_zone *zone;

	if (!g_file_get_contents(path, &text, NULL, &error)) {
		*ret_error = g_strdup(error->message);
		return NULL;
	}
	zone = g_new0(struct fakedns_zone, 1);
	zone->nodes = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
	                                    name_free, node_free);
	lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i] != NULL; i++) {
		struct line line = { lines[i], NULL };

		strip_comment(lines[i]);
		if (read_line(zone, &line))
			continue;
		*ret_error =
			g_strdup_printf("%s:%u: %s", path, i + 1, line.wrong);
		fakedns_zone_free(zone);
		return NULL;
	}
	return zone;
}
