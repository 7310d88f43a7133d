/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key.c - what may stand in the registry as an address or a name
 */
#include "store/key.h"

#include <string.h>

#include "base/error.h"
#include "store/row.h"

static bool refuse(const char *what, const char *text, const char *why,
                   GError **error)
{
	g_autofree char *safe = g_strescape(text != NULL ? text : "", NULL);

	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
	            "%s \"%.200s\" %s", what, safe, why);
	return false;
}

/* True if no character is a control or, unless allowed, a blank. */
static bool is_clean(const char *text, bool blanks)
{
	for (; *text != '\0'; text = g_utf8_find_next_char(text, NULL)) {
		gunichar c = g_utf8_get_char(text);

		if (g_unichar_iscntrl(c) || (!blanks && g_unichar_isspace(c)))
			return false;
	}
	return true;
}

static const char *wrong_with(const char *text, size_t max, bool blanks)
{
	if (text == NULL || *text == '\0')
		return "is empty";
	if (strlen(text) > max)
		return "is too long";
	if (!g_utf8_validate(text, -1, NULL))
		return "is not UTF-8";
	if (!is_clean(text, blanks))
		return blanks ? "has control characters"
		              : "has blanks or control characters";
	return NULL;
}

bool key_check_word(const char *what, const char *word, GError **error)
{
	const char *wrong = wrong_with(word, KEY_BYTES_MAX, false);

	return wrong == NULL || refuse(what, word, wrong, error);
}

bool key_check_text(const char *what, const char *text, GError **error)
{
	const char *wrong;

	if (text == NULL || *text == '\0')
		return true;
	wrong = wrong_with(text, TEXT_BYTES_MAX, true);
	return wrong == NULL || refuse(what, text, wrong, error);
}

static bool has_upper(const char *text)
{
	for (; *text != '\0'; text++) {
		if (g_ascii_isupper(*text))
			return true;
	}
	return false;
}

bool key_check_address(const char *address, GError **error)
{
	const char *at;

	if (!key_check_word("address", address, error))
		return false;
	at = strrchr(address, '@');
	if (at == NULL || at == address || at[1] == '\0')
		return refuse("address", address, "is not local@domain", error);
	return !has_upper(address) ||
	       refuse("address", address, "is not in lower case", error);
}

static void say_taken(struct db_stmt *stmt, const char *address, GError **error)
{
	g_autofree char *kind = db_column_dup(stmt, 0);
	g_autofree char *name = db_column_dup(stmt, 1);

	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "%s already belongs to %s %s", address, kind, name);
}

bool key_check_free(struct db *db, const char *address, gint64 self,
                    GError **error)
{
	static const char SQL_KEY_OWNER[] =
		"SELECT 'a contact of customer', u.name FROM contact c"
		" JOIN customer u ON u.id = c.customer_id"
		" WHERE (c.address = :address OR c.login = :address)"
		" AND c.id <> :self"
		" UNION ALL"
		" SELECT 'staff member', login FROM staff"
		" WHERE address = :address AND id <> :self"
		" UNION ALL"
		" SELECT 'department', d.name FROM department_address a"
		" JOIN department d ON d.id = a.department_id"
		" WHERE a.address = :address AND d.id <> :self"
		" LIMIT 1";
	AUTO(db_stmt)
	stmt = row_prepare_text(db, SQL_KEY_OWNER, ":address", address, error);
	enum db_row row;

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":self", self);
	row = db_step(stmt, error);
	if (row == DB_ROW)
		say_taken(stmt, address, error);
	return row == DB_DONE;
}
