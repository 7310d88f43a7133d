/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error.c - the error domain and what its codes mean to peers and shells
 *
 * Only three codes let a peer give up. The others may stem from our side (a
 * file's mode, a row that changed, a missing blob), and then the sender's
 * queue is the safest place for the mail.
 */
#include "base/error.h"

#include <stdarg.h>
#include <sysexits.h>

/* Not G_DEFINE_QUARK: clang-format takes its hyphens for minus signs. */
GQuark portaria_error_quark(void)
{
	return g_quark_from_static_string("portaria-error");
}

static const struct {
	int exit_code;
	bool permanent;
} kinds[] = {
	[PORTARIA_ERROR_TEMPORARY] = { EX_TEMPFAIL, false },
	[PORTARIA_ERROR_PERMANENT] = { EX_UNAVAILABLE, true },
	[PORTARIA_ERROR_SYNTAX] = { EX_DATAERR, true },
	[PORTARIA_ERROR_LIMIT] = { EX_DATAERR, true },
	[PORTARIA_ERROR_NOT_FOUND] = { 1, false },
	[PORTARIA_ERROR_CONFLICT] = { EX_DATAERR, false },
	[PORTARIA_ERROR_DENIED] = { EX_NOPERM, false },
	[PORTARIA_ERROR_CONFIG] = { EX_CONFIG, false },
	[PORTARIA_ERROR_USAGE] = { EX_USAGE, false },
	[PORTARIA_ERROR_INTERNAL] = { EX_SOFTWARE, false },
};

/* Errors of GLib and codes nobody knows count as temporary. */
static enum portaria_error kind_of(const GError *error)
{
	if (error->domain != PORTARIA_ERROR || error->code < 0 ||
	    (gsize)error->code >= G_N_ELEMENTS(kinds))
		return PORTARIA_ERROR_TEMPORARY;
	return (enum portaria_error)error->code;
}

int error_exit_code(const GError *error)
{
	return error == NULL ? EX_OK : kinds[kind_of(error)].exit_code;
}

bool error_is_permanent(const GError *error)
{
	return error != NULL && kinds[kind_of(error)].permanent;
}

void error_set_errno(GError **error, int code, int errnum, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	g_autofree char *what = g_strdup_vprintf(fmt, args);
	va_end(args);
	g_set_error(error, PORTARIA_ERROR, code, "%s: %s", what,
	            g_strerror(errnum));
}
