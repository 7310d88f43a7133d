/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver_zone.c - files of local zone data
 *
 * libunbound's only word on a bad record is "out of memory", so lines are
 * checked here as far as names, numbers and types go.
 */
#include "auth/resolver_zone.h"

#include "auth/resolver.h"
#include "base/error.h"

#include <string.h>
#include <unbound.h>

#define TTL_DEFAULT  "300"
#define MISTAKES_MAX 20
#define BLANKS       " \t\r"

static const char *const record_types[] = { "A",   "AAAA", "MX", "TXT",
	                                    "PTR", "NS",   "SOA" };
static const char *const zone_types[] = { "static", "transparent", "refuse" };

struct zone_file {
	struct ub_ctx *ctx;
	const char *path;
	GString *mistakes;
	unsigned count;
};

static void G_GNUC_PRINTF(3, 4)
	mistake(struct zone_file *file, unsigned line, const char *fmt, ...)
{
	va_list args;

	if (file->count++ >= MISTAKES_MAX)
		return;
	if (file->mistakes->len > 0)
		g_string_append_c(file->mistakes, '\n');
	g_string_append_printf(file->mistakes, "%s:%u: ", file->path, line);
	va_start(args, fmt);
	g_string_append_vprintf(file->mistakes, fmt, args);
	va_end(args);
}

/* The next word at *text, which moves behind it; NULL at the end. */
static char *next_word(const char **text)
{
	const char *start = *text + strspn(*text, BLANKS);
	size_t len = strcspn(start, BLANKS);

	*text = start + len;
	return len > 0 ? g_strndup(start, len) : NULL;
}

static bool is_listed(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (g_ascii_strcasecmp(word, list[i]) == 0)
			return true;
	return false;
}

static void load_zone(struct zone_file *file, unsigned line, const char *rest)
{
	g_autofree char *name = next_word(&rest);
	g_autofree char *type = next_word(&rest);
	g_autofree char *more = next_word(&rest);
	int rc;

	if (name == NULL ||
	    (!dns_name_is_safe(name) && strcmp(name, ".") != 0)) {
		mistake(file, line, "\"zone\" needs the name of a zone");
		return;
	}
	if (more != NULL ||
	    (type != NULL &&
	     !is_listed(type, zone_types, G_N_ELEMENTS(zone_types)))) {
		mistake(file, line,
		        "the type of a zone is static, "
		        "transparent or refuse");
		return;
	}
	rc = ub_ctx_zone_add(file->ctx, name, type != NULL ? type : "static");
	if (rc != 0)
		mistake(file, line, "zone \"%s\" not taken: %s", name,
		        ub_strerror(rc));
}

static bool check_record(struct zone_file *file, unsigned line,
                         const char *name, const char *class, const char *type,
                         const char *rdata)
{
	if (!dns_name_is_safe(name) || name[0] == '*')
		mistake(file, line, "\"%s\" cannot be the name of a record",
		        name);
	else if (class == NULL || g_ascii_strcasecmp(class, "IN") != 0)
		mistake(file, line, "a record is <name> [TTL] IN <type> ...");
	else if (type == NULL ||
	         !is_listed(type, record_types, G_N_ELEMENTS(record_types)))
		mistake(file, line,
		        "the type of a record is A, AAAA, MX, "
		        "TXT, PTR, NS or SOA");
	else if (rdata[strspn(rdata, BLANKS)] == '\0')
		mistake(file, line, "the record has no data");
	else
		return true;
	return false;
}

static void load_record(struct zone_file *file, unsigned line, const char *name,
                        const char *rest)
{
	g_autofree char *word = next_word(&rest);
	g_autofree char *ttl = NULL;
	g_autofree char *type = NULL;
	g_autofree char *record = NULL;

	if (word != NULL &&
	    g_ascii_string_to_unsigned(word, 10, 0, G_MAXINT32, NULL, NULL)) {
		ttl = g_steal_pointer(&word);
		word = next_word(&rest);
	}
	type = next_word(&rest);
	if (!check_record(file, line, name, word, type, rest))
		return;
	record = g_strdup_printf("%s %s IN %s%s", name,
	                         ttl != NULL ? ttl : TTL_DEFAULT, type, rest);
	if (ub_ctx_data_add(file->ctx, record) != 0)
		mistake(file, line, "the data of the %s record is wrong", type);
}

/* Cuts the comment off; a "#" between quotes is data. */
static void strip_comment(char *line)
{
	bool quoted = false;

	for (; *line != '\0'; line++) {
		if (*line == '\\' && line[1] != '\0')
			line++;
		else if (*line == '"')
			quoted = !quoted;
		else if (*line == '#' && !quoted)
			*line = '\0';
		if (*line == '\0')
			return;
	}
}

static void load_line(struct zone_file *file, unsigned number, char *line)
{
	const char *rest = line;
	g_autofree char *word = NULL;

	strip_comment(line);
	g_strchomp(line);
	word = next_word(&rest);
	if (word == NULL)
		return;
	if (strcmp(word, "zone") == 0)
		load_zone(file, number, rest);
	else
		load_record(file, number, word, rest);
}

bool resolver_zone_load(struct ub_ctx *ctx, const char *path, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(GString) mistakes = g_string_new(NULL);
	struct zone_file file = { ctx, path, mistakes, 0 };
	g_autoptr(GError) cause = NULL;

	if (!g_file_get_contents(path, &text, NULL, &cause)) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "zone data: %s", cause->message);
		return false;
	}
	lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i] != NULL; i++)
		load_line(&file, i + 1, lines[i]);
	if (file.count == 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG, "%s",
	            mistakes->str);
	return false;
}
