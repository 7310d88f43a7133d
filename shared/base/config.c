/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.c - reading the configuration files
 *
 * The syntax is GKeyFile's, but GKeyFile itself stops at the first line it
 * cannot read, knows no line numbers and lists a repeated key twice; so the
 * lines are read here, and every mistake of all files is told at once. Values
 * are taken as they stand: no escapes, no line continuation.
 */
#include "base/config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/config_value.h"
#include "base/error.h"

#define FILE_BYTES_MAX ((off_t)(1024 * 1024))
#define NAME_MAX_BYTES 64 /* longer names get no suggestion */
#define NAME_CHARS                                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

struct loader {
	struct config *config;
	GString *errors; /* one line a mistake */
};

/* One file on its way in. */
struct source {
	struct loader *loader;
	const char *name;
	unsigned line;
	char *section;   /* of the line at hand; NULL before the first */
	bool is_skipped; /* the section is unknown, and that was said */
};

static void complain(struct loader *loader, const char *fmt, ...)
	G_GNUC_PRINTF(2, 3);

static void complain(struct loader *loader, const char *fmt, ...)
{
	va_list args;

	if (loader->errors->len > 0)
		g_string_append_c(loader->errors, '\n');
	va_start(args, fmt);
	g_string_append_vprintf(loader->errors, fmt, args);
	va_end(args);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	return MIN(MIN(a, b), c);
}

/* Letters to insert, drop or replace to get from a to b. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_BYTES + 1];
	size_t len = strlen(b);

	if (strlen(a) > NAME_MAX_BYTES || len > NAME_MAX_BYTES)
		return G_MAXUINT;
	for (unsigned i = 0; i <= len; i++)
		row[i] = i;
	for (; *a != '\0'; a++) {
		unsigned corner = row[0]++;

		for (size_t i = 1; i <= len; i++) {
			unsigned above = row[i];

			row[i] = min3(above + 1, row[i - 1] + 1,
			              corner + (*a != b[i - 1]));
			corner = above;
		}
	}
	return row[len];
}

/*
 * The known name nearest to an unknown one, or NULL if none is near: a key of
 * `section`, or a section if that is NULL.
 */
static const char *nearest(const char *section, const char *name)
{
	const struct config_row *row;
	const char *best = NULL;
	unsigned best_distance = 2 + (unsigned)strlen(name) / 3;

	for (unsigned i = 0; (row = config_row_get(i)) != NULL; i++) {
		const char *known = section != NULL ? row->key : row->section;
		unsigned distance;

		if (section != NULL && strcmp(row->section, section) != 0)
			continue;
		distance = edit_distance(name, known);
		if (distance < best_distance) {
			best_distance = distance;
			best = known;
		}
	}
	return best;
}

char *config_dup_nearest(const char *name)
{
	const struct config_row *row;
	g_autofree char *best = NULL;
	unsigned best_distance = 2 + (unsigned)strlen(name) / 3;

	for (unsigned i = 0; (row = config_row_get(i)) != NULL; i++) {
		g_autofree char *full =
			g_strdup_printf("%s.%s", row->section, row->key);
		const char *known = strchr(name, '.') != NULL ? full : row->key;
		unsigned distance = edit_distance(name, known);

		if (distance < best_distance) {
			best_distance = distance;
			g_free(best);
			best = g_steal_pointer(&full);
		}
	}
	return g_steal_pointer(&best);
}

/* A section that has a key of this very name, or NULL. */
static const char *section_with(const char *key)
{
	const struct config_row *row;

	for (unsigned i = 0; (row = config_row_get(i)) != NULL; i++) {
		if (strcmp(row->key, key) == 0)
			return row->section;
	}
	return NULL;
}

static bool section_is_known(const char *section)
{
	const struct config_row *row;

	for (unsigned i = 0; (row = config_row_get(i)) != NULL; i++) {
		if (strcmp(row->section, section) == 0)
			return true;
	}
	return false;
}

static const struct config_field *find_field(const char *section,
                                             const char *key)
{
	const struct config_field *field;

	for (unsigned i = 0; (field = config_field_get(i)) != NULL; i++) {
		if (strcmp(field->row.section, section) == 0 &&
		    strcmp(field->row.key, key) == 0)
			return field;
	}
	return NULL;
}

static void complain_section(struct loader *loader, const char *where,
                             const char *section)
{
	const char *hint = nearest(NULL, section);

	if (hint != NULL)
		complain(loader,
		         "%s: [%s]: unknown section; did you mean "
		         "\"%s\"?",
		         where, section, hint);
	else
		complain(loader, "%s: [%s]: unknown section", where, section);
}

static void complain_key(struct loader *loader, const char *where,
                         const char *section, const char *key)
{
	const char *hint = nearest(section, key);
	const char *elsewhere = section_with(key);

	if (elsewhere != NULL)
		complain(loader,
		         "%s: [%s] %s: unknown key; did you mean it "
		         "for [%s]?",
		         where, section, key, elsewhere);
	else if (hint != NULL)
		complain(loader,
		         "%s: [%s] %s: unknown key; did you mean "
		         "\"%s\"?",
		         where, section, key, hint);
	else
		complain(loader, "%s: [%s] %s: unknown key", where, section,
		         key);
}

/* Sets one key of a known section. */
static void apply(struct loader *loader, const char *where, const char *section,
                  const char *key, const char *text)
{
	const struct config_field *field = find_field(section, key);
	g_autofree char *reason = NULL;

	if (field == NULL) {
		complain_key(loader, where, section, key);
		return;
	}
	reason = config_value_set(field, loader->config, text);
	if (reason != NULL)
		complain(loader, "%s: [%s] %s: %s", where, section, key,
		         reason);
}

static bool has_control(const char *line)
{
	for (; *line != '\0'; line++) {
		if (g_ascii_iscntrl(*line) && *line != '\t')
			return true;
	}
	return false;
}

static void complain_line(const struct source *source, const char *what)
{
	complain(source->loader, "%s:%u: %s", source->name, source->line, what);
}

static char *dup_where(const struct source *source)
{
	return g_strdup_printf("%s:%u", source->name, source->line);
}

static void enter_section(struct source *source, const char *line)
{
	size_t len = strspn(line + 1, NAME_CHARS);
	g_autofree char *where = dup_where(source);

	if (len == 0 || strcmp(line + 1 + len, "]") != 0) {
		complain_line(source, "not a [section]");
		return;
	}
	g_free(source->section);
	source->section = g_strndup(line + 1, len);
	source->is_skipped = !section_is_known(source->section);
	if (source->is_skipped)
		complain_section(source->loader, where, source->section);
}

static void read_key(const struct source *source, const char *line)
{
	size_t len = strspn(line, NAME_CHARS);
	const char *equals = line + len + strspn(line + len, " \t");
	g_autofree char *key = g_strndup(line, len);
	g_autofree char *value = NULL;
	g_autofree char *where = dup_where(source);

	if (len == 0 || *equals != '=') {
		complain_line(source,
		              "neither [section], key = value nor # comment");
	} else if (source->section == NULL) {
		complain_line(source, "a key before the first [section]");
	} else if (!source->is_skipped) {
		value = g_strchug(g_strdup(equals + 1));
		apply(source->loader, where, source->section, key, value);
	}
}

static void read_line(struct source *source, const char *line)
{
	if (!g_utf8_validate(line, -1, NULL))
		complain_line(source, "not UTF-8");
	else if (has_control(line))
		complain_line(source, "control character");
	else if (*line == '[')
		enter_section(source, line);
	else if (*line != '\0' && *line != '#')
		read_key(source, line);
}

/* Takes the text apart in place. */
static void load_text(struct loader *loader, const char *name, char *text)
{
	struct source source = { .loader = loader, .name = name };
	char *next;

	for (char *line = text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		source.line++;
		read_line(&source, g_strstrip(line));
	}
	g_free(source.section);
}

static void load_file(struct loader *loader, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize len;
	struct stat st;

	if (stat(path, &st) < 0) {
		complain(loader, "%s: %s", path, g_strerror(errno));
	} else if (st.st_size > FILE_BYTES_MAX) {
		complain(loader, "%s: larger than 1M, not a configuration",
		         path);
	} else if (!g_file_get_contents(path, &text, &len, &error)) {
		complain(loader, "%s", error->message);
	} else if (strlen(text) != len) {
		complain(loader, "%s: has a NUL byte, not a text file", path);
	} else {
		load_text(loader, path, text);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files conf.d/ *.conf beside the main file, as a shell would order
 * them. No such directory is fine. */
static void load_conf_d(struct loader *loader, const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *dir_name = g_build_filename(parent, "conf.d", NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(dir_name, 0, &error);
	const char *name;

	if (dir == NULL) {
		if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			complain(loader, "%s", error->message);
		return;
	}
	while ((name = g_dir_read_name(dir)) != NULL) {
		if (g_str_has_suffix(name, ".conf") && name[0] != '.')
			g_ptr_array_add(names,
			                g_build_filename(dir_name, name, NULL));
	}
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		load_file(loader, g_ptr_array_index(names, i));
}

/* "section.key=value" of the command line. */
static void load_override(struct loader *loader, const char *text)
{
	const char *dot = strchr(text, '.');
	const char *equals = dot != NULL ? strchr(dot, '=') : NULL;
	g_autofree char *section = NULL;
	g_autofree char *key = NULL;
	g_autofree char *value = NULL;

	if (equals == NULL || !g_utf8_validate(text, -1, NULL) ||
	    has_control(text)) {
		g_autofree char *shown = g_strescape(text, NULL);

		complain(loader, "-o: \"%s\" is not section.key=value", shown);
		return;
	}
	section = g_strndup(text, (gsize)(dot - text));
	key = g_strndup(dot + 1, (gsize)(equals - dot - 1));
	value = g_strdup(equals + 1);
	g_strstrip(section);
	g_strstrip(key);
	g_strstrip(value);
	if (section_is_known(section))
		apply(loader, "-o", section, key, value);
	else
		complain_section(loader, "-o", section);
}

static void set_defaults(struct loader *loader)
{
	const struct config_row *row;

	for (unsigned i = 0; (row = config_row_get(i)) != NULL; i++)
		apply(loader, "default", row->section, row->key, row->def);
}

/* The names that are the host's unless given. */
static void set_names(struct loader *loader)
{
	struct config_server *server = &loader->config->server;

	if (server->hostname[0] == '\0')
		apply(loader, "host name", "server", "hostname",
		      g_get_host_name());
	if (server->authserv_id[0] == '\0') {
		g_free(server->authserv_id);
		server->authserv_id = g_strdup(server->hostname);
	}
}

static const char *choose_path(const char *path)
{
	if (path == NULL)
		path = g_getenv("PORTARIA_CONFIG");
	return path != NULL && path[0] != '\0' ? path : CONFIG_DEFAULT_PATH;
}

struct config *config_load(const char *path, const char *const *overrides,
                           GError **error)
{
	AUTO(config) config = g_new0(struct config, 1);
	g_autoptr(GString) errors = g_string_new(NULL);
	struct loader loader = { .config = config, .errors = errors };

	config->path = g_strdup(choose_path(path));
	set_defaults(&loader);
	load_file(&loader, config->path);
	load_conf_d(&loader, config->path);
	for (; overrides != NULL && *overrides != NULL; overrides++)
		load_override(&loader, *overrides);
	set_names(&loader);
	if (errors->len > 0) {
		g_set_error_literal(error, PORTARIA_ERROR,
		                    PORTARIA_ERROR_CONFIG, errors->str);
		return NULL;
	}
	return g_steal_pointer(&config);
}

void config_free(struct config *config)
{
	const struct config_field *field;

	if (config == NULL)
		return;
	for (unsigned i = 0; (field = config_field_get(i)) != NULL; i++)
		config_value_clear(field, config);
	g_free(config->path);
	g_free(config);
}

const struct config_row *config_row_get(unsigned index)
{
	const struct config_field *field = config_field_get(index);

	return field != NULL ? &field->row : NULL;
}

char *config_dup_value(const struct config *config, unsigned index)
{
	const struct config_field *field = config_field_get(index);

	return field != NULL ? config_value_dup(field, config) : NULL;
}
