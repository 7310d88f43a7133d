/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/utf8.h - g_utf8_next_char() that keeps const
 *
 * GLib's macro casts const away, which clang reports.
 */
#ifndef PORTARIA_BASE_UTF8_H
#define PORTARIA_BASE_UTF8_H

#include <glib.h>

/* The character behind the one at p; p is within valid UTF-8, not at its end.
 */
static inline const char *utf8_next(const char *p)
{
	return p + g_utf8_skip[(guchar)*p];
}

#endif
