/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/import.h - customers from a CSV file (RFC 4180, with latitude)
 *
 * Separator ";" or "," by the header line, UTF-8 (with or without BOM) or
 * Latin-1/windows-1252, quoted fields with line breaks. Columns by name in
 * pt, en or es, any order: code, name, email (owner), contacts (several,
 * separated by blanks or "|"), service_kind, service, domain, language. A row
 * with a known code (or, without code, a known owner address) updates.
 */
#ifndef PORTARIA_DESK_IMPORT_H
#define PORTARIA_DESK_IMPORT_H

#include "desk/desk.h"

struct import_problem {
	unsigned line; /* where the row starts, 1 = header */
	char *text;
};

struct import_report {
	unsigned rows;
	unsigned created;
	unsigned updated;
	GPtrArray *problems; /* struct import_problem */
};
void import_report_clear(struct import_report *report);

/* Rows with a problem are left out; the others are written in the caller's
 * transaction. Errors: SYNTAX (no usable header line), store trouble. */
bool import_customers(struct store *store, GBytes *csv,
		      struct import_report *ret_report, GError **error)
	NODISCARD;

#endif
