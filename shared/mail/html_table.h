/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/html_table.h - cells of text laid out in lines
 */
#ifndef PORTARIA_MAIL_HTML_TABLE_H
#define PORTARIA_MAIL_HTML_TABLE_H

#include <glib.h>

#include "base/cleanup.h"

struct html_table;

struct html_table *html_table_new(void);
void html_table_free(struct html_table *table);
DEFINE_AUTO(html_table)

void html_table_start_row(struct html_table *table);

/* The next cell of the row; owned by the table from now on. */
void html_table_take_cell(struct html_table *table, char *text);

/*
 * Lines with \n, owned by the caller; "" if all cells are empty. Cells of one
 * line each stand in columns side by side; where a cell has several lines,
 * the cells of its row stand one below the other, since then the table is
 * mere layout.
 */
char *html_table_format(const struct html_table *table);

#endif
