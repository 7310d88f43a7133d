/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/search.h - full-text search over tickets
 *
 * Private to shared/store, and the only place that knows how a database
 * system searches. A document is a ticket (ref and subject) or a message
 * (subject and text), by its row id. Case and accents do not matter; every
 * word a user types is matched as the beginning of a word, never as search
 * syntax, and all words must occur in the ticket, wherever.
 */
#ifndef PORTARIA_STORE_SEARCH_H
#define PORTARIA_STORE_SEARCH_H

#include "store/db.h"

#define SEARCH_WORDS_MAX 12
#define SEARCH_TEXT_MAX  1000

/* For migrations: makes what the index needs. */
bool search_create(struct db *db, GError **error);

/* In the transaction that adds the row, after it. */
bool search_add(struct db *db, gint64 id, GError **error) NODISCARD;
/* Before the row changes or goes; search_add afterwards if it stays. */
bool search_remove(struct db *db, gint64 id, GError **error) NODISCARD;

/* After words were taken out that nobody must find again, not even in the
 * file: the index is written anew. */
bool search_compact(struct db *db, GError **error) NODISCARD;

/* What to look for, NULL-terminated; empty if the text has no letter and no
 * digit. LIMIT past the bounds above. */
char **search_words(const char *text, GError **error) NODISCARD;
/* A condition on "t.id" for the word of this number; static. */
const char *search_clause(unsigned number);
void search_bind(struct db_stmt *stmt, char **words);

/* The text without case and accents, for short texts that are found by LIKE;
 * owned by the caller. */
char *search_fold(const char *text);
/* A LIKE pattern (ESCAPE '\\') that finds the folded text anywhere. LIMIT if
 * the text is too long. */
char *search_pattern(const char *text, GError **error);

/* Adds a line if the index does not fit the rows. */
bool search_check(struct db *db, GPtrArray *problems, GError **error) NODISCARD;

#endif
