/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * output.c - rows for people or for programs
 */
#include "cli/output.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#define CELL_MAX 60 /* characters of one cell */

struct output {
	JsonBuilder *json; /* NULL: a table */
	char *object;      /* kind of the rows collected */
	GPtrArray *head;   /* char *, keys of the first row */
	GPtrArray *cells;  /* char *, head->len a row */
	bool first_row;
	unsigned rows;
};

struct output *output_new(bool json)
{
	struct output *out = g_new0(struct output, 1);

	if (json)
		out->json = json_builder_new();
	out->head = g_ptr_array_new_with_free_func(g_free);
	out->cells = g_ptr_array_new_with_free_func(g_free);
	return out;
}

bool output_is_json(const struct output *out)
{
	return out->json != NULL;
}

unsigned output_rows(const struct output *out)
{
	return out->rows;
}

/* Columns on a terminal; wide East Asian characters take two. */
static guint text_width(const char *text)
{
	guint width = 0;

	for (const char *p = text; *p != '\0'; p = utf8_next(p)) {
		gunichar c = g_utf8_get_char(p);

		if (!g_unichar_iszerowidth(c))
			width += g_unichar_iswide(c) ? 2 : 1;
	}
	return width;
}

static void print_cell(const char *text, guint width, bool last)
{
	guint used = text_width(text);

	fputs(text, stdout);
	if (!last)
		printf("%*s", (int)(width - used + 2), "");
}

static void print_row(const GPtrArray *cells, guint from, const guint *widths,
		      guint columns)
{
	for (guint i = 0; i < columns; i++)
		print_cell(cells->pdata[from + i], widths[i],
			   i + 1 == columns);
	putchar('\n');
}

static guint column_width(const struct output *out, guint column)
{
	guint width = text_width(out->head->pdata[column]);

	for (guint i = column; i < out->cells->len; i += out->head->len)
		width = MAX(width, text_width(out->cells->pdata[i]));
	return width;
}

static void flush_table(struct output *out)
{
	guint columns = out->head->len;
	g_autofree guint *widths = g_new0(guint, columns + 1);

	if (columns == 0)
		return;
	for (guint i = 0; i < columns; i++)
		widths[i] = column_width(out, i);
	print_row(out->head, 0, widths, columns);
	for (guint i = 0; i + columns <= out->cells->len; i += columns)
		print_row(out->cells, i, widths, columns);
	g_ptr_array_set_size(out->head, 0);
	g_ptr_array_set_size(out->cells, 0);
}

void output_free(struct output *out)
{
	if (out == NULL)
		return;
	flush_table(out);
	fflush(stdout);
	g_clear_object(&out->json);
	g_ptr_array_unref(out->head);
	g_ptr_array_unref(out->cells);
	g_free(out->object);
	g_free(out);
}

void output_begin(struct output *out, const char *object)
{
	if (out->json != NULL) {
		json_builder_reset(out->json);
		json_builder_begin_object(out->json);
		output_json_text(out, "object", object);
		return;
	}
	if (g_strcmp0(out->object, object) != 0) {
		flush_table(out);
		g_free(out->object);
		out->object = g_strdup(object);
	}
	out->first_row = out->head->len == 0;
}

static void print_json(struct output *out)
{
	g_autoptr(JsonNode) root = json_builder_get_root(out->json);
	g_autofree char *text = json_to_string(root, false);

	puts(text);
}

void output_end(struct output *out)
{
	out->rows++;
	if (out->json == NULL)
		return;
	json_builder_end_object(out->json);
	print_json(out);
}

/* One line without control characters, cut at CELL_MAX. */
static char *dup_cell(const char *value)
{
	GString *cell = g_string_new(NULL);
	guint count = 0;

	for (const char *p = value; *p != '\0'; p = utf8_next(p)) {
		gunichar c = g_utf8_get_char(p);

		if (++count > CELL_MAX) {
			g_string_append(cell, "…");
			break;
		}
		g_string_append_unichar(cell, g_unichar_isprint(c) ? c : ' ');
	}
	return g_string_free(cell, false);
}

static void add_cell(struct output *out, const char *key, const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	if (out->first_row)
		g_ptr_array_add(out->head, g_ascii_strup(key, -1));
	g_ptr_array_add(out->cells, dup_cell(valid));
}

void output_text(struct output *out, const char *key, const char *value)
{
	if (out->json != NULL)
		output_json_text(out, key, value);
	else
		add_cell(out, key, value != NULL ? value : "");
}

void output_number(struct output *out, const char *key, gint64 value)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

	if (out->json != NULL)
		output_json_number(out, key, value);
	else
		add_cell(out, key, text);
}

void output_flag(struct output *out, const char *key, bool value)
{
	if (out->json != NULL)
		output_json_flag(out, key, value);
	else
		add_cell(out, key, value ? "yes" : "no");
}

void output_id(struct output *out, const char *key, gint64 id)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, id);

	output_text(out, key, text);
}

void output_time(struct output *out, const char *key, gint64 ms)
{
	g_autofree char *local = ms != 0 ? clock_dup_local(ms) : g_strdup("");

	if (out->json != NULL)
		output_json_time(out, key, ms);
	else
		add_cell(out, key, local);
}

void output_list(struct output *out, const char *key, char *const *values)
{
	GString *joined = NULL;

	if (out->json != NULL) {
		output_list_json(out, key, values);
		return;
	}
	joined = g_string_new(NULL);
	for (; values != NULL && *values != NULL; values++) {
		if (joined->len > 0)
			g_string_append(joined, ", ");
		g_string_append(joined, *values);
	}
	add_cell(out, key, joined->str);
	g_string_free(joined, true);
}

void output_list_json(struct output *out, const char *key, char *const *values)
{
	if (out->json == NULL)
		return;
	json_builder_set_member_name(out->json, key);
	json_builder_begin_array(out->json);
	for (; values != NULL && *values != NULL; values++)
		json_builder_add_string_value(out->json, *values);
	json_builder_end_array(out->json);
}

void output_json_text(struct output *out, const char *key, const char *value)
{
	g_autofree char *valid = NULL;

	if (out->json == NULL)
		return;
	valid = g_utf8_make_valid(value != NULL ? value : "", -1);
	json_builder_set_member_name(out->json, key);
	json_builder_add_string_value(out->json, valid);
}

void output_json_id(struct output *out, const char *key, gint64 id)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, id);

	output_json_text(out, key, text);
}

void output_json_time(struct output *out, const char *key, gint64 ms)
{
	g_autofree char *text = ms != 0 ? clock_dup_iso(ms) : g_strdup("");

	output_json_text(out, key, text);
}

void output_json_flag(struct output *out, const char *key, bool value)
{
	if (out->json == NULL)
		return;
	json_builder_set_member_name(out->json, key);
	json_builder_add_boolean_value(out->json, value);
}

void output_json_number(struct output *out, const char *key, gint64 value)
{
	if (out->json == NULL)
		return;
	json_builder_set_member_name(out->json, key);
	json_builder_add_int_value(out->json, value);
}

void output_array_begin(struct output *out, const char *key)
{
	if (out->json == NULL)
		return;
	json_builder_set_member_name(out->json, key);
	json_builder_begin_array(out->json);
}

void output_array_end(struct output *out)
{
	if (out->json != NULL)
		json_builder_end_array(out->json);
}

void output_object_begin(struct output *out)
{
	if (out->json != NULL)
		json_builder_begin_object(out->json);
}

void output_object_end(struct output *out)
{
	if (out->json != NULL)
		json_builder_end_object(out->json);
}

void output_member_begin(struct output *out, const char *key)
{
	if (out->json == NULL)
		return;
	json_builder_set_member_name(out->json, key);
	json_builder_begin_object(out->json);
}

void output_say(struct output *out, const char *fmt, ...)
{
	va_list ap;
	g_autofree char *text = NULL;

	if (out->json != NULL)
		return;
	flush_table(out);
	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	puts(text);
}
