/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * search.c - full-text search over tickets, with FTS5
 *
 * The index keeps no texts: it reads them through the view search_text when
 * a document is taken out. So the row must still be as it was added when
 * search_remove() runs.
 */
#include "store/search.h"

#include <string.h>

#include "base/error.h"

bool search_create(struct db *db, GError **error)
{
	static const char SQL_CREATE[] =
		"CREATE VIEW search_text AS"
		" SELECT id, subject || ' ' || text AS body FROM message"
		" UNION ALL"
		" SELECT id, ref || ' ' || subject AS body FROM ticket;"
		"CREATE VIRTUAL TABLE search USING fts5(body,"
		" content = 'search_text', content_rowid = 'id',"
		" tokenize = 'unicode61 remove_diacritics 2');";

	return db_exec(db, SQL_CREATE, error);
}

static bool run_document(struct db *db, const char *sql, gint64 id,
                         GError **error)
{
	struct db_stmt *stmt = db_prepare(db, sql, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":id", id);
	return db_run(stmt, error);
}

bool search_add(struct db *db, gint64 id, GError **error)
{
	static const char SQL_ADD[] =
		"INSERT INTO search (rowid, body)"
		" SELECT id, body FROM search_text WHERE id = :id";

	return run_document(db, SQL_ADD, id, error);
}

bool search_remove(struct db *db, gint64 id, GError **error)
{
	static const char SQL_REMOVE[] =
		"INSERT INTO search (search, rowid, body)"
		" SELECT 'delete', id, body FROM search_text WHERE id = :id";

	return run_document(db, SQL_REMOVE, id, error);
}

/* Removals are only noted until all parts of the index are merged. */
bool search_compact(struct db *db, GError **error)
{
	static const char SQL_COMPACT[] =
		"INSERT INTO search (search) VALUES ('optimize')";
	struct db_stmt *stmt = db_prepare(db, SQL_COMPACT, error);

	return stmt != NULL && db_run(stmt, error);
}

static bool has_letter(const char *word)
{
	for (; *word != '\0'; word = g_utf8_find_next_char(word, NULL)) {
		if (g_unichar_isalnum(g_utf8_get_char(word)))
			return true;
	}
	return false;
}

/* "word"*, quotes doubled: a string and nothing else to FTS5. */
static char *word_quote(const char *word)
{
	GString *quoted = g_string_new("\"");

	for (; *word != '\0'; word++) {
		if (*word == '"')
			g_string_append_c(quoted, '"');
		g_string_append_c(quoted, *word);
	}
	g_string_append(quoted, "\"*");
	return g_string_free(quoted, FALSE);
}

/* The next word at *text, which moves behind it; NULL at the end. */
static char *word_take(const char **text)
{
	const char *start;

	while (**text != '\0' && g_unichar_isspace(g_utf8_get_char(*text)))
		*text = g_utf8_find_next_char(*text, NULL);
	start = *text;
	while (**text != '\0' && !g_unichar_isspace(g_utf8_get_char(*text)))
		*text = g_utf8_find_next_char(*text, NULL);
	return *text > start ? g_strndup(start, (gsize)(*text - start)) : NULL;
}

static bool check_length(const char *text, GError **error)
{
	if (strlen(text) <= SEARCH_TEXT_MAX)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT,
	            "more than %d bytes to search for", SEARCH_TEXT_MAX);
	return false;
}

char **search_words(const char *text, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *valid = NULL;
	const char *at;

	if (!check_length(text, error))
		return NULL;
	at = valid = g_utf8_make_valid(text, -1);
	for (char *word; (word = word_take(&at)) != NULL; g_free(word)) {
		if (has_letter(word))
			g_ptr_array_add(words, word_quote(word));
	}
	if (words->len > SEARCH_WORDS_MAX) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT,
		            "more than %d words to search for",
		            SEARCH_WORDS_MAX);
		return NULL;
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

/* Each word may be in another message of the ticket, or in its subject. */
#define CLAUSE(name)                                                           \
	" AND t.id IN (SELECT COALESCE(m.ticket_id, s.rowid)"                  \
	" FROM search s LEFT JOIN message m ON m.id = s.rowid"                 \
	" WHERE s.search MATCH " name ")"

static const struct {
	const char *name;
	const char *clause;
} words_table[SEARCH_WORDS_MAX] = {
	{ ":word1", CLAUSE(":word1") },   { ":word2", CLAUSE(":word2") },
	{ ":word3", CLAUSE(":word3") },   { ":word4", CLAUSE(":word4") },
	{ ":word5", CLAUSE(":word5") },   { ":word6", CLAUSE(":word6") },
	{ ":word7", CLAUSE(":word7") },   { ":word8", CLAUSE(":word8") },
	{ ":word9", CLAUSE(":word9") },   { ":word10", CLAUSE(":word10") },
	{ ":word11", CLAUSE(":word11") }, { ":word12", CLAUSE(":word12") },
};

const char *search_clause(unsigned number)
{
	g_return_val_if_fail(number < SEARCH_WORDS_MAX, "");
	return words_table[number].clause;
}

void search_bind(struct db_stmt *stmt, char **words)
{
	for (unsigned i = 0; words[i] != NULL && i < SEARCH_WORDS_MAX; i++)
		db_bind_text(stmt, words_table[i].name, words[i]);
}

char *search_fold(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *apart = g_utf8_normalize(valid, -1, G_NORMALIZE_ALL);
	g_autofree char *folded = g_utf8_casefold(apart, -1);
	GString *plain = g_string_new(NULL);

	for (const char *at = folded; *at != '\0';
	     at = g_utf8_find_next_char(at, NULL)) {
		gunichar c = g_utf8_get_char(at);

		if (!g_unichar_ismark(c))
			g_string_append_unichar(plain, c);
	}
	return g_string_free(plain, FALSE);
}

char *search_pattern(const char *text, GError **error)
{
	g_autofree char *folded = NULL;
	GString *pattern;

	if (!check_length(text, error))
		return NULL;
	folded = search_fold(text);
	pattern = g_string_new("%");
	for (const char *at = folded; *at != '\0'; at++) {
		if (strchr("%_\\", *at) != NULL)
			g_string_append_c(pattern, '\\');
		g_string_append_c(pattern, *at);
	}
	g_string_append_c(pattern, '%');
	return g_string_free(pattern, FALSE);
}

bool search_check(struct db *db, GPtrArray *problems, GError **error)
{
	static const char SQL_CHECK[] = "INSERT INTO search (search, rank)"
					" VALUES ('integrity-check', 1)";
	g_autoptr(GError) bad = NULL;
	struct db_stmt *stmt = db_prepare(db, SQL_CHECK, error);

	if (stmt == NULL)
		return false;
	if (!db_run(stmt, &bad))
		g_ptr_array_add(problems, g_strdup_printf("search index: %s",
		                                          bad->message));
	return true;
}
