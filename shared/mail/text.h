/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/text.h - plain text as it comes, made plain text as we keep it
 */
#ifndef PORTARIA_MAIL_TEXT_H
#define PORTARIA_MAIL_TEXT_H

#include <glib.h>
#include <stdbool.h>

/* The next character; GLib's macro drops the const. */
static inline const char *text_next(const char *p)
{
	return p + g_utf8_skip[(guchar)*p];
}

/* The bytes, never NULL; borrowed. */
const char *text_of_bytes(GBytes *bytes, gsize *ret_len);

/* \n for every kind of line end, no other control characters than tab, no
 * blanks at line ends except the "-- " of a signature, no empty lines at the
 * ends. Takes and returns an owned string. */
char *text_take_clean(char *text);

/* Joins the soft line breaks of format=flowed (RFC 3676); owned by the
 * caller. The input has \n line ends. */
char *text_unflow(const char *text, bool delsp);

/* Cuts at a character boundary at or below max bytes, in place; true if
 * there was something to cut. */
bool text_cut(char *text, guint64 max);

/* In lower case as g_utf8_strdown() has it, but quickly where a line is ASCII.
 * The input is valid UTF-8. Owned by the caller. */
char *text_dup_lower(const char *text);

/* One line: every run of white space and control characters is a blank.
 * Owned by the caller; valid UTF-8 whatever comes in. */
char *text_dup_line(const char *text);

/* The same of `len` bytes, at most max bytes long. */
char *text_dup_line_len(const char *text, size_t len, size_t max);

#endif
