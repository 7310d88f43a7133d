/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/trim_line.h - lines of a mail, and what kind of line each is
 *
 * For mail/trim.c. What a line says of dates, addresses and verbs is found
 * once for each line that may end or begin an attribution; several lines are
 * judged by the union of their bits.
 */
#ifndef PORTARIA_MAIL_TRIM_LINE_H
#define PORTARIA_MAIL_TRIM_LINE_H

#include <glib.h>
#include <stdbool.h>

#include "mail/trim_words.h"

enum trim_kind { TRIM_BLANK, TRIM_QUOTE, TRIM_TEXT };

enum trim_sign {
	TRIM_SIGN_ADDRESS = 1 << 0,
	TRIM_SIGN_TIME = 1 << 1,
	TRIM_SIGN_DATE = 1 << 2,  /* written in numbers or by CJK signs */
	TRIM_SIGN_MONTH = 1 << 3, /* by name */
	TRIM_SIGN_DAY = 1 << 4,   /* a number of one or two digits */
	TRIM_SIGN_YEAR = 1 << 5,
	TRIM_SIGN_WEEKDAY = 1 << 6,
	TRIM_SIGN_ZONE = 1 << 7,
	TRIM_SIGN_VERB = 1 << 8,   /* "wrote" */
	TRIM_SIGN_ENDS = 1 << 9,   /* with a colon, or a row of dashes */
	TRIM_SIGN_ANGLE = 1 << 10, /* ends with ">" */
	TRIM_SIGN_OPENS = 1 << 11, /* starts as attributions do: "On " */
	TRIM_SIGN_LEADS = 1 << 12, /* starts with a date */
	TRIM_SIGN__READ = 1 << 30, /* the bits have been found */
};

struct trim_line {
	const char *start;
	size_t len;
	enum trim_kind kind;
	bool may_mark; /* has a colon, ">" or a row of dashes or the like */
	char *lower;   /* see trim_line_lower() */
	guint signs;   /* see trim_line_signs() */
};

/* struct trim_line for each line; the text must outlive them. */
GArray *trim_lines_new(const char *text);

struct trim_line *trim_line_at(const GArray *lines, guint i);

/* A line of text without outer blanks, in lower case; NULL if it is quoted,
 * blank or too long to be looked into. Borrowed. */
const char *trim_line_lower(const GArray *lines, guint i);

/* Bits of enum trim_sign; 0 where trim_line_lower() is NULL. */
guint trim_line_signs(const GArray *lines, guint i);

/* The next line from i on that is not blank, or the number of lines. */
guint trim_skip_blank(const GArray *lines, guint i);

/* True if the lines from i on start with a quoted one. */
bool trim_is_quoted(const GArray *lines, guint i);

/* The bits say that there is a date, in whatever form. */
bool trim_has_date(guint signs);

/* Nothing but dashes or the like, at least `min` of them. */
bool trim_is_rule(const char *lower, size_t min);

/* "Sent from my phone": a line that a program adds at the end. */
bool trim_is_device_line(const char *lower);

/* "-----Original Message-----": one of the words between marks; or on its
 * own with a colon behind ("Begin forwarded message:"). */
bool trim_is_separator(const char *lower, const char *const *words);

/* The header field that a line looks like ("*De:* Fulano", "From : x");
 * COUNT if none. */
enum trim_field trim_read_field(const char *lower);

/* "Label: value" in any language: a short label and a value. */
bool trim_is_labelled(const char *lower);

#endif
