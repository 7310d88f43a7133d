/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/lookup.h - a row that is not there, and trouble, kept apart
 *
 * Private to desk. The store answers both with NULL and an error.
 */
#ifndef PORTARIA_DESK_LOOKUP_H
#define PORTARIA_DESK_LOOKUP_H

#include "base/error.h"

/* After a lookup that gave NULL and `local`: true if the row is not there
 * (local is freed), false if something failed (local moves to *error). */
static inline bool lookup_is_absent(GError *local, GError **error)
{
	if (g_error_matches(local, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND)) {
		g_error_free(local);
		return true;
	}
	g_propagate_error(error, local);
	return false;
}

#endif
