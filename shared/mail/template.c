/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template.c - texts for people, files with {{field}}
 *
 * A text becomes a flat list of pieces when it is loaded; filling in is one
 * walk over it. A section knows where it ends, so an empty one is a jump.
 */
#include "mail/template.h"

#include <string.h>

#include "base/error.h"
#include "mail/header.h"

#define FILE_BYTES_MAX   (64 * 1024)
#define DEPTH_MAX        8
#define LANGUAGES_MAX    8
#define DEFAULT_LANGUAGE "pt_BR"

static const char *const fields[] = {
	"brand",  "department", "ref",      "subject", "name", "author",
	"text",   "status",     "priority", "service", "help", "notice",
	"sender", "deadline",   "opened",   "facts",   "grades", "alive",
	"ended",  NULL,
};

#define N_FIELDS (G_N_ELEMENTS(fields) - 1)

const char *const *template_fields(void)
{
	return fields;
}

enum piece_kind {
	PIECE_TEXT,
	PIECE_FIELD,
	PIECE_SECTION, /* `end` is the piece behind it */
};

struct piece {
	enum piece_kind kind;
	char *text;
	guint field;
	guint end;
};

struct template
{
	GArray *subject; /* struct piece */
	GArray *body;
};

static void piece_clear(gpointer data)
{
	struct piece *piece = data;

	g_free(piece->text);
}

static GArray *pieces_new(void)
{
	GArray *pieces = g_array_new(FALSE, TRUE, sizeof(struct piece));

	g_array_set_clear_func(pieces, piece_clear);
	return pieces;
}

static struct piece *piece_at(const GArray *pieces, guint i)
{
	return &g_array_index(pieces, struct piece, i);
}

void template_free(struct template *template)
{
	if (template == NULL)
		return;
	g_array_unref(template->subject);
	g_array_unref(template->body);
	g_free(template);
}

/* Reading */

struct reader {
	const char *path;
	const char *start; /* of the file, to count lines */
	const char *end;   /* of the text that is read */
	GArray *pieces;
	guint open[DEPTH_MAX]; /* sections, as indexes into pieces */
	guint depth;
};

G_GNUC_PRINTF(4, 5)
static bool set_error(GError **error, const struct reader *reader,
                      const char *at, const char *fmt, ...)
{
	g_autofree char *message = NULL;
	va_list args;
	guint line = 1;
	const char *p;

	for (p = reader->start; p < at; p++)
		line += *p == '\n';
	va_start(args, fmt);
	message = g_strdup_vprintf(fmt, args);
	va_end(args);
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG, "%s:%u: %s",
	            reader->path, line, message);
	return false;
}

static bool find_field(const char *name, size_t len, guint *ret_field)
{
	guint i;

	for (i = 0; i < N_FIELDS; i++) {
		if (strlen(fields[i]) == len &&
		    memcmp(fields[i], name, len) == 0) {
			*ret_field = i;
			return true;
		}
	}
	return false;
}

static void add_piece(struct reader *reader, enum piece_kind kind, char *text,
                      guint field)
{
	struct piece piece = { .kind = kind, .text = text, .field = field };

	g_array_append_val(reader->pieces, piece);
}

static bool open_section(struct reader *reader, const char *at, guint field,
                         GError **error)
{
	if (reader->depth == DEPTH_MAX)
		return set_error(error, reader, at,
		                 "more than %d sections in one another",
		                 DEPTH_MAX);
	reader->open[reader->depth++] = reader->pieces->len;
	add_piece(reader, PIECE_SECTION, NULL, field);
	return true;
}

static bool close_section(struct reader *reader, const char *at, guint field,
                          GError **error)
{
	struct piece *section;

	if (reader->depth == 0)
		return set_error(error, reader, at, "{{/%s}} closes nothing",
		                 fields[field]);
	section = piece_at(reader->pieces, reader->open[--reader->depth]);
	if (section->field != field)
		return set_error(error, reader, at, "{{/%s}} closes {{#%s}}",
		                 fields[field], fields[section->field]);
	section->end = reader->pieces->len;
	return true;
}

/* The mark whose name, with "#" or "/", stands at name. */
static bool read_mark(struct reader *reader, const char *name, size_t len,
                      GError **error)
{
	bool opens = len > 0 && name[0] == '#';
	bool closes = len > 0 && name[0] == '/';
	guint field;

	if (opens || closes) {
		name++;
		len--;
	}
	if (!find_field(name, len, &field))
		return set_error(error, reader, name, "unknown field '%.*s'",
		                 (int)MIN(len, 40), name);
	if (opens)
		return open_section(reader, name, field, error);
	if (closes)
		return close_section(reader, name, field, error);
	add_piece(reader, PIECE_FIELD, NULL, field);
	return true;
}

/* A section mark from mark to *end with its line to itself: both ends move to
 * the line's. */
static void take_whole_line(const char *start, const char **mark,
                            const char **end, const char *text_end)
{
	const char *left = *mark, *right = *end;

	while (left > start && (left[-1] == ' ' || left[-1] == '\t'))
		left--;
	while (right < text_end && (*right == ' ' || *right == '\t'))
		right++;
	if ((left > start && left[-1] != '\n') ||
	    (right < text_end && *right != '\n'))
		return;
	*mark = left;
	*end = right < text_end ? right + 1 : right;
}

static bool read_text(struct reader *reader, const char *p, GError **error)
{
	const char *start = p, *mark, *name, *close, *next;
	size_t rest;

	while (p < reader->end) {
		rest = (size_t)(reader->end - p);
		mark = memmem(p, rest, "{{", 2);
		if (mark == NULL) {
			add_piece(reader, PIECE_TEXT, g_strndup(p, rest), 0);
			break;
		}
		name = mark + 2;
		close = memmem(name, (size_t)(reader->end - name), "}}", 2);
		if (close == NULL)
			return set_error(error, reader, mark,
			                 "'{{' without '}}'");
		next = close + 2;
		if (*name == '#' || *name == '/')
			take_whole_line(start, &mark, &next, reader->end);
		if (mark > p)
			add_piece(reader, PIECE_TEXT,
			          g_strndup(p, (size_t)(mark - p)), 0);
		if (!read_mark(reader, name, (size_t)(close - name), error))
			return false;
		p = next;
	}
	if (reader->depth > 0) {
		guint open = reader->open[reader->depth - 1];

		return set_error(error, reader, reader->end,
		                 "{{#%s}} is not closed",
		                 fields[piece_at(reader->pieces, open)->field]);
	}
	return true;
}

static bool read_file(struct template *template, const char *path,
                      const char *text, GError **error)
{
	struct reader reader = { .path = path, .start = text };
	const char *subject, *line_end;

	line_end = strchr(text, '\n');
	if (!g_str_has_prefix(text, "Subject:") || line_end == NULL ||
	    line_end[1] != '\n')
		return set_error(error, &reader, text,
		                 "must begin with 'Subject: ...' and an empty "
		                 "line");
	subject = text + strlen("Subject:");
	reader.pieces = template->subject;
	reader.end = line_end;
	if (!read_text(&reader, subject + strspn(subject, " \t"), error))
		return false;
	reader.pieces = template->body;
	reader.end = text + strlen(text);
	return read_text(&reader, line_end + 2, error);
}

/* Lines that end with LF; NULL if the file is no text. */
static char *dup_normal_text(const char *data, gsize len)
{
	g_autoptr(GString) text = NULL;

	if (len > FILE_BYTES_MAX || memchr(data, '\0', len) != NULL ||
	    !g_utf8_validate(data, (gssize)len, NULL))
		return NULL;
	text = g_string_new_len(data, (gssize)len);
	g_string_replace(text, "\r\n", "\n", 0);
	return g_strdup(text->str);
}

static struct template *parse_file(const char *path, const char *data,
                                   gsize len, GError **error)
{
	g_autofree char *text = dup_normal_text(data, len);
	AUTO(template) template = NULL;

	if (text == NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "%s: not UTF-8 text of at most %d bytes", path,
		            FILE_BYTES_MAX);
		return NULL;
	}
	template = g_new0(struct template, 1);
	template->subject = pieces_new();
	template->body = pieces_new();
	if (!read_file(template, path, text, error))
		return NULL;
	return g_steal_pointer(&template);
}

/* Finding */

/* A language comes from a customer's record, so it must not name a folder. */
static bool is_safe_name(const char *name)
{
	return name[0] != '\0' && strlen(name) <= 32 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                         "0123456789_-")] == '\0';
}

/* "es-AR:en" as es_AR, es, en, pt_BR. */
static GPtrArray *dup_candidates(const char *language)
{
	GPtrArray *candidates = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) list = g_strsplit(language, ":", LANGUAGES_MAX);
	size_t i, short_len;

	for (i = 0; list[i] != NULL; i++) {
		if (!is_safe_name(list[i]))
			continue;
		g_ptr_array_add(candidates,
		                g_strdelimit(g_strdup(list[i]), "-", '_'));
		short_len = strcspn(list[i], "_-");
		if (short_len > 0 && list[i][short_len] != '\0')
			g_ptr_array_add(candidates,
			                g_strndup(list[i], short_len));
	}
	g_ptr_array_add(candidates, g_strdup(DEFAULT_LANGUAGE));
	return candidates;
}

/* Loads one file; neither result nor error if there is none. */
static struct template *load_file(const char *path, GError **error)
{
	g_autoptr(GError) read_error = NULL;
	g_autofree char *data = NULL;
	gsize len;

	if (g_file_get_contents(path, &data, &len, &read_error))
		return parse_file(path, data, len, error);
	if (!g_error_matches(read_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG, "%s",
		            read_error->message);
	return NULL;
}

struct template *template_load_file(const char *path, GError **error)
{
	GError *local = NULL;
	struct template *template = load_file(path, &local);

	if (local != NULL)
		g_propagate_error(error, local);
	else if (template == NULL)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
		            "%s: no such file", path);
	return template;
}

struct template *template_load(const char *dir, const char *language,
                               const char *name, GError **error)
{
	g_autoptr(GPtrArray) candidates = dup_candidates(language);
	g_autoptr(GError) failure = NULL;
	g_autofree char *file = g_strconcat(name, ".txt", NULL);
	struct template *template;
	guint i;

	for (i = 0; is_safe_name(name) && i < candidates->len; i++) {
		g_autofree char *path = g_build_filename(
			dir, g_ptr_array_index(candidates, i), file, NULL);

		template = load_file(path, &failure);
		if (template != NULL)
			return template;
		if (failure != NULL) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
	}
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
	            "%s: no template '%s' for '%s' nor for " DEFAULT_LANGUAGE,
	            dir, name, language);
	return NULL;
}

/* Using */

static bool pieces_use(const GArray *pieces, const char *field)
{
	const struct piece *piece;
	guint i;

	for (i = 0; i < pieces->len; i++) {
		piece = piece_at(pieces, i);
		if (piece->kind != PIECE_TEXT &&
		    strcmp(fields[piece->field], field) == 0)
			return true;
	}
	return false;
}

bool template_uses(const struct template *template, const char *field)
{
	return pieces_use(template->subject, field) ||
	       pieces_use(template->body, field);
}

static bool pieces_use_bare(const GArray *pieces, const char *field)
{
	guint inside = 0; /* up to this piece a section of the field goes */

	for (guint i = 0; i < pieces->len; i++) {
		const struct piece *piece = piece_at(pieces, i);

		if (piece->kind == PIECE_TEXT
		    || strcmp(fields[piece->field], field) != 0)
			continue;
		if (piece->kind == PIECE_SECTION)
			inside = MAX(inside, piece->end);
		else if (i >= inside)
			return true;
	}
	return false;
}

bool template_uses_bare(const struct template *template, const char *field)
{
	return pieces_use_bare(template->subject, field)
	       || pieces_use_bare(template->body, field);
}

static size_t trimmed_len(const char *value)
{
	size_t len = strlen(value);

	while (len > 0 && (value[len - 1] == '\n' || value[len - 1] == '\r'))
		len--;
	return len;
}

static char *fill_pieces(const GArray *pieces, const char *const *filled)
{
	GString *out = g_string_new(NULL);
	const struct piece *piece;
	guint i = 0;

	while (i < pieces->len) {
		const char *value;

		piece = piece_at(pieces, i++);
		if (piece->kind == PIECE_TEXT) {
			g_string_append(out, piece->text);
			continue;
		}
		value = filled[piece->field];
		if (piece->kind == PIECE_FIELD)
			g_string_append_len(out, value,
			                    (gssize)trimmed_len(value));
		else if (trimmed_len(value) == 0)
			i = piece->end;
	}
	return g_string_free(out, FALSE);
}

void template_fill(const struct template *template,
                   const struct template_value *values, char **ret_subject,
                   char **ret_body)
{
	const char *filled[N_FIELDS];
	g_autofree char *subject = NULL;
	guint i;

	for (i = 0; i < N_FIELDS; i++)
		filled[i] = "";
	for (; values->field != NULL; values++) {
		if (values->value != NULL &&
		    find_field(values->field, strlen(values->field), &i))
			filled[i] = values->value;
	}
	subject = fill_pieces(template->subject, filled);
	*ret_subject = header_dup_line(subject);
	*ret_body = fill_pieces(template->body, filled);
}
