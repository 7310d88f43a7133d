/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/import_csv.h - rows of a CSV text (RFC 4180, with latitude)
 *
 * Private to import.c. Latitude: any line end, blanks around quotes, a quote
 * inside an unquoted field stands for itself, empty lines are skipped. What
 * cannot be read surely is a row with a problem, and reading goes on.
 */
#ifndef PORTARIA_DESK_IMPORT_CSV_H
#define PORTARIA_DESK_IMPORT_CSV_H

#include <glib.h>
#include <stdbool.h>

#define CSV_COLUMNS_MAX 200
#define CSV_FIELD_MAX   ((gsize)64 * 1024) /* bytes */

struct csv_reader {
	const char *at;
	const char *end;
	char separator;
	unsigned line; /* of `at` */
};

struct csv_row {
	unsigned line;       /* where it starts, 1 = first of the text */
	GPtrArray *fields;   /* char * */
	const char *problem; /* static, NULL if the row was read surely */
};
void csv_row_clear(struct csv_row *row);

/* text is borrowed. The separator is ";" if its first line has more of those
 * outside quotes than of ",". */
void csv_reader_init(struct csv_reader *reader, const char *text, size_t len);

/* The next row that is not an empty line; false at the end. */
bool csv_reader_next(struct csv_reader *reader, struct csv_row *ret_row);

#endif
