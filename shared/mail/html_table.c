/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * html_table.c - cells of text laid out in lines
 */
#include "mail/html_table.h"

#include <string.h>

#include "mail/text.h"

#define COLUMNS_MAX 32 /* that are padded */
#define WIDTH_MAX   40 /* a longer cell moves what is right of it */
#define GAP         2

struct html_table {
	GPtrArray *rows; /* GPtrArray of char * */
};

static void row_free(gpointer data)
{
	g_ptr_array_unref(data);
}

struct html_table *html_table_new(void)
{
	struct html_table *table = g_new0(struct html_table, 1);

	table->rows = g_ptr_array_new_with_free_func(row_free);
	return table;
}

void html_table_free(struct html_table *table)
{
	if (table == NULL)
		return;
	g_ptr_array_unref(table->rows);
	g_free(table);
}

void html_table_start_row(struct html_table *table)
{
	g_ptr_array_add(table->rows, g_ptr_array_new_with_free_func(g_free));
}

void html_table_take_cell(struct html_table *table, char *text)
{
	if (table->rows->len == 0)
		html_table_start_row(table);
	g_ptr_array_add(table->rows->pdata[table->rows->len - 1], text);
}

/* ---- layout ---- */

/* Columns on a terminal: East Asian characters take two, marks none. */
static guint text_width(const char *text)
{
	guint width = 0;

	for (; *text != '\0'; text = text_next(text)) {
		gunichar ch = g_utf8_get_char(text);

		if (!g_unichar_iszerowidth(ch))
			width += g_unichar_iswide(ch) ? 2 : 1;
	}
	return width;
}

static bool is_one_line(const GPtrArray *row)
{
	for (guint i = 0; i < row->len; i++)
		if (strchr(row->pdata[i], '\n') != NULL)
			return false;
	return true;
}

static guint count_filled(const GPtrArray *row)
{
	guint filled = 0;

	for (guint i = 0; i < row->len; i++)
		filled += *(const char *)row->pdata[i] != '\0';
	return filled;
}

/* Widths of the columns; 0 for one without text. A title over all columns
 * is no measure, nor is the last cell of a row. */
static void measure(const struct html_table *table, guint *widths)
{
	for (guint r = 0; r < table->rows->len; r++) {
		const GPtrArray *row = table->rows->pdata[r];

		if (!is_one_line(row) || count_filled(row) < 2)
			continue;
		for (guint i = 0; i + 1 < row->len && i < COLUMNS_MAX; i++) {
			guint width = text_width(row->pdata[i]);

			if (width <= WIDTH_MAX)
				widths[i] = MAX(widths[i], width);
			else
				widths[i] = MAX(widths[i], 1);
		}
	}
}

static void pad(GString *out, guint n)
{
	for (guint i = 0; i < n; i++)
		g_string_append_c(out, ' ');
}

/* Blanks are owed, so that none stand at the end. */
static void format_line(GString *out, const GPtrArray *row, const guint *widths)
{
	guint owed = 0;

	for (guint i = 0; i < row->len; i++) {
		const char *text = row->pdata[i];
		guint column = i < COLUMNS_MAX ? widths[i] : 1;
		guint width = *text != '\0' ? text_width(text) : 0;

		if (width > 0) {
			pad(out, owed);
			g_string_append(out, text);
			owed = 0;
		}
		if (column > 0)
			owed += MAX(column, width) - width + GAP;
		else if (width > 0)
			owed += GAP;
	}
	g_string_append_c(out, '\n');
}

static void format_block(GString *out, const GPtrArray *row)
{
	for (guint i = 0; i < row->len; i++) {
		const char *text = row->pdata[i];

		if (*text == '\0')
			continue;
		g_string_append(out, text);
		g_string_append_c(out, '\n');
	}
}

char *html_table_format(const struct html_table *table)
{
	guint widths[COLUMNS_MAX] = { 0 };
	GString *out = g_string_new(NULL);

	measure(table, widths);
	for (guint r = 0; r < table->rows->len; r++) {
		const GPtrArray *row = table->rows->pdata[r];

		if (count_filled(row) == 0)
			continue;
		if (count_filled(row) > 1 && is_one_line(row))
			format_line(out, row, widths);
		else
			format_block(out, row);
	}
	if (out->len > 0)
		g_string_truncate(out, out->len - 1);
	return g_string_free(out, FALSE);
}
