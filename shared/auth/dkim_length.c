/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dkim_length.c - how long a body is in both canonical forms
 */
#include "auth/dkim_length.h"

/* A finished line of this length; empty ones wait for a line behind them. */
static void end_line(guint64 line, guint64 *blanks, guint64 *total)
{
	if (line == 0) {
		(*blanks)++;
		return;
	}
	*total += 2 * *blanks + line + 2;
	*blanks = 0;
}

static void add_char(struct dkim_length *length, char c)
{
	length->simple_line++;
	if (c == ' ' || c == '\t') {
		length->space = true;
		return;
	}
	length->relaxed_line += length->space ? 2 : 1;
	length->space = false;
}

void dkim_length_add(struct dkim_length *length, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = data[i];

		if (length->cr && c == '\n') {
			end_line(length->simple_line, &length->simple_blanks,
			         &length->simple);
			end_line(length->relaxed_line, &length->relaxed_blanks,
			         &length->relaxed);
			length->simple_line = 0;
			length->relaxed_line = 0;
			length->space = false;
			length->cr = false;
			continue;
		}
		if (length->cr)
			add_char(length, '\r');
		length->cr = c == '\r';
		if (!length->cr)
			add_char(length, c);
	}
}

/* An empty body is one CRLF in the simple form, nothing in the relaxed. */
guint64 dkim_length_get(const struct dkim_length *length, bool relaxed)
{
	if (relaxed)
		return length->relaxed;
	return length->simple > 0 ? length->simple : 2;
}
