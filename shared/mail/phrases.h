/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/phrases.h - many phrases looked for in one pass
 *
 * Of a table of phrases, each of two bytes or more, an index by their first
 * two bytes is made when it is first asked; it lives as long as the program.
 * Any thread may ask. The text is read once, where one strstr() for each
 * phrase reads it as often as there are phrases.
 */
#ifndef PORTARIA_MAIL_PHRASES_H
#define PORTARIA_MAIL_PHRASES_H

#include <glib.h>
#include <stdbool.h>

/* Static ones: PHRASES(table) of a NULL-terminated table of strings, or
 * PHRASE_ROWS(table) where the string is the first member of a row. */
struct phrases {
	const void *table;
	size_t row_size;
	gsize index; /* a struct phrase_index *, 0 until first asked */
};

#define PHRASES(words)                                                         \
	{                                                                      \
		.table = (words), .row_size = sizeof(const char *)             \
	}
#define PHRASE_ROWS(rows)                                                      \
	{                                                                      \
		.table = (rows), .row_size = sizeof((rows)[0])                 \
	}

/* Hits by position, and at one position by the order in the table. */
struct phrase_walk {
	const struct phrase_index *index;
	const char *at;   /* of the hit */
	guint next;       /* entry of the index to be tried there */
	guint row;        /* of the hit, in the table */
	const char *word; /* of the hit */
};

/* The text must outlive the walk. */
void phrase_walk_init(struct phrase_walk *walk, struct phrases *phrases,
                      const char *text);

/* The next hit; false at the end of the text. */
bool phrase_walk_next(struct phrase_walk *walk);

/* True if one of them stands anywhere in the text. */
bool phrases_in(struct phrases *phrases, const char *text);

/* True if the text begins with one of them. */
bool phrases_begin(struct phrases *phrases, const char *text);

#endif
