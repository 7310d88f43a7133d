/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import_csv.c - rows of a CSV text (RFC 4180, with latitude)
 *
 * Fields and rows past a limit are scanned to their end but not kept, so
 * that the rows behind them keep their line numbers.
 */
#include "desk/import_csv.h"

#include <string.h>

void csv_row_clear(struct csv_row *row)
{
	g_clear_pointer(&row->fields, g_ptr_array_unref);
	*row = (struct csv_row){ 0 };
}

static bool at_end(const struct csv_reader *reader)
{
	return reader->at == reader->end;
}

static bool at_line_end(const struct csv_reader *reader)
{
	return !at_end(reader) && (*reader->at == '\r' || *reader->at == '\n');
}

/* Past one line end of any kind. */
static void skip_line_end(struct csv_reader *reader)
{
	char c = *reader->at++;

	if (c == '\r' && !at_end(reader) && *reader->at == '\n')
		reader->at++;
	reader->line++;
}

static void skip_blanks(struct csv_reader *reader)
{
	while (!at_end(reader) && (*reader->at == ' ' || *reader->at == '\t'))
		reader->at++;
}

static void find_separator(struct csv_reader *reader)
{
	unsigned commas = 0;
	unsigned semicolons = 0;
	bool quoted = false;

	for (const char *p = reader->at; p < reader->end; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (!quoted && (*p == '\r' || *p == '\n') &&
		    commas + semicolons > 0)
			break;
		commas += !quoted && *p == ',';
		semicolons += !quoted && *p == ';';
	}
	reader->separator = semicolons > commas ? ';' : ',';
}

void csv_reader_init(struct csv_reader *reader, const char *text, size_t len)
{
	*reader =
		(struct csv_reader){ .at = text, .end = text + len, .line = 1 };
	find_separator(reader);
}

static void keep(GString *field, char c, struct csv_row *row)
{
	if (field->len < CSV_FIELD_MAX)
		g_string_append_c(field, c);
	else
		row->problem = "a field is longer than 64 KiB";
}

/* One line end inside quotes is kept as "\n". */
static void keep_line_end(struct csv_reader *reader, GString *field,
                          struct csv_row *row)
{
	skip_line_end(reader);
	keep(field, '\n', row);
}

static bool at_field_end(const struct csv_reader *reader)
{
	return at_end(reader) || at_line_end(reader) ||
	       *reader->at == reader->separator;
}

static void read_plain(struct csv_reader *reader, GString *field,
                       struct csv_row *row)
{
	while (!at_field_end(reader))
		keep(field, *reader->at++, row);
}

/* Behind the opening quote. */
static void read_quoted(struct csv_reader *reader, GString *field,
                        struct csv_row *row)
{
	for (;;) {
		if (at_end(reader)) {
			row->problem = "a quote is opened and never closed";
			return;
		}
		if (at_line_end(reader)) {
			keep_line_end(reader, field, row);
			continue;
		}
		if (*reader->at == '"') {
			reader->at++;
			if (at_end(reader) || *reader->at != '"')
				break;
		}
		keep(field, *reader->at++, row);
	}
	skip_blanks(reader);
	if (!at_field_end(reader)) {
		row->problem = "there is text behind a closing quote";
		read_plain(reader, field, row);
	}
}

static void read_field(struct csv_reader *reader, struct csv_row *row)
{
	g_autoptr(GString) field = g_string_new(NULL);

	skip_blanks(reader);
	if (!at_end(reader) && *reader->at == '"') {
		reader->at++;
		read_quoted(reader, field, row);
	} else {
		read_plain(reader, field, row);
	}
	if (row->fields->len < CSV_COLUMNS_MAX)
		g_ptr_array_add(row->fields, g_strdup(field->str));
	else
		row->problem = "there are more than 200 columns";
}

static void read_row(struct csv_reader *reader, struct csv_row *row)
{
	row->line = reader->line;
	row->fields = g_ptr_array_new_with_free_func(g_free);
	for (;;) {
		read_field(reader, row);
		if (at_end(reader))
			return;
		if (at_line_end(reader)) {
			skip_line_end(reader);
			return;
		}
		reader->at++;
	}
}

bool csv_reader_next(struct csv_reader *reader, struct csv_row *ret_row)
{
	struct csv_row row = { 0 };

	while (at_line_end(reader))
		skip_line_end(reader);
	if (at_end(reader))
		return false;
	read_row(reader, &row);
	*ret_row = row;
	return true;
}
