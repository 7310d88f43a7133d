/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/dkim_length.h - how long a body is in both canonical forms
 *
 * RFC 6376 3.4.3 and 3.4.4. Private to DKIM: tells whether an l= covers the
 * whole body. Fed with the body as libopendkim gets it.
 */
#ifndef PORTARIA_AUTH_DKIM_LENGTH_H
#define PORTARIA_AUTH_DKIM_LENGTH_H

#include <glib.h>
#include <stdbool.h>

struct dkim_length {
	guint64 simple; /* of the lines that count so far */
	guint64 relaxed;
	guint64 simple_blanks; /* empty lines that may be the last ones */
	guint64 relaxed_blanks;
	guint64 simple_line; /* of the line that is not finished */
	guint64 relaxed_line;
	bool space; /* white space before what comes next */
	bool cr;
};

/* Starts zeroed. */
void dkim_length_add(struct dkim_length *length, const char *data, size_t len);
/* The body ended with CRLF, or was empty. */
guint64 dkim_length_get(const struct dkim_length *length, bool relaxed);

#endif
