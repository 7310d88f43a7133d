/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/error.h - what kind of trouble a GError is, seen from the mail server
 *
 * Functions that can fail return false or NULL and set a GError of this
 * domain. The code says what the caller may answer to a peer: anything that
 * is not plainly permanent is temporary, so that the sender's queue keeps the
 * mail. A GError of another domain counts as PORTARIA_ERROR_TEMPORARY.
 */
#ifndef PORTARIA_BASE_ERROR_H
#define PORTARIA_BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

#define PORTARIA_ERROR (portaria_error_quark())
GQuark portaria_error_quark(void);

enum portaria_error {
	PORTARIA_ERROR_TEMPORARY, /* disk, DNS, busy database: try again */
	PORTARIA_ERROR_PERMANENT, /* trying the same again cannot help */
	PORTARIA_ERROR_SYNTAX,    /* input is not what its standard says */
	PORTARIA_ERROR_LIMIT,     /* input passes a limit of base/limits.h */
	PORTARIA_ERROR_NOT_FOUND, /* no such ticket, department, ... */
	PORTARIA_ERROR_CONFLICT,  /* exists already, or changed meanwhile */
	PORTARIA_ERROR_DENIED,    /* not allowed: file mode, policy */
	PORTARIA_ERROR_CONFIG,    /* configuration is wrong */
	PORTARIA_ERROR_USAGE,     /* command line is wrong */
	PORTARIA_ERROR_INTERNAL,  /* a bug of ours */
};

/* The sysexits(3) code for an error: 64 usage, 65 data, 69, 70, 75, 77, 78;
 * 1 for "not found". NULL is 0. */
int error_exit_code(const GError *error);

/* True if a peer may be told that repeating is useless: PERMANENT, SYNTAX
 * and LIMIT only. The other codes may be our own trouble (a lost blob, a file
 * mode); who knows better must say so itself, as RCPT does for an unknown
 * department. */
bool error_is_permanent(const GError *error);

/* Sets *error with the text of errno appended: "what: No space left ...". */
void error_set_errno(GError **error, int code, int errnum, const char *fmt,
		     ...) G_GNUC_PRINTF(4, 5);

#endif
