/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * delivery.c - what was delivered before: Message-IDs and delivery keys
 *
 * A Message-ID made by somebody else may be seen in several departments, and
 * a forger may repeat one at will: the first ticket of a department keeps it.
 */
#include <string.h>

#include "base/error.h"
#include "base/ids.h"
#include "store/message.h"
#include "store/row.h"
#include "store/store_private.h"

#define ID_SEQUENCE_BITS 21 /* base/ids.h: the rest is milliseconds */

bool message_id_learn(struct store *store, gint64 ticket_id,
                      const char *message_id, GError **error)
{
	static const char SQL_ID_LEARN[] =
		"INSERT INTO foreign_id (message_id, ticket_id, id)"
		" VALUES (:message_id, :ticket_id, :id)"
		" ON CONFLICT (message_id, ticket_id) DO NOTHING";
	struct db_stmt *stmt = row_prepare_text(
		store->db, SQL_ID_LEARN, ":message_id", message_id, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":ticket_id", ticket_id);
	db_bind_int(stmt, ":id", id_new());
	return db_run(stmt, error);
}

bool message_id_find(struct store *store, gint64 department_id,
                     const char *message_id, gint64 *ret_ticket, GError **error)
{
	static const char SQL_ID_FIND[] =
		"SELECT f.ticket_id FROM foreign_id f"
		" JOIN ticket t ON t.id = f.ticket_id"
		" WHERE f.message_id = :message_id"
		" AND (:department_id = 0"
		" OR t.department_id = :department_id"
		" OR EXISTS (SELECT 1 FROM ticket_past_department p"
		" WHERE p.ticket_id = t.id"
		" AND p.department_id = :department_id))"
		" ORDER BY f.id LIMIT 1";
	struct db_stmt *stmt = row_prepare_text(
		store->db, SQL_ID_FIND, ":message_id", message_id, error);
	gint64 ticket = 0;
	bool found = false;

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":department_id", department_id);
	if (!row_fetch_int(stmt, &ticket, &found, error))
		return false;
	*ret_ticket = found ? ticket : 0;
	return true;
}

/* The part of a delivery key that names the message. */
static char *message_key_of(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash == NULL ? g_strdup(key)
	                     : g_strndup(key, (gsize)(slash - key));
}

bool delivery_insert(struct store *store, const char *key, const char *answer,
                     GError **error)
{
	static const char SQL_DELIVERY_INSERT[] =
		"INSERT INTO delivery (delivery_key, message_key, answer, id)"
		" VALUES (:key, :message_key, :answer, :id)"
		" ON CONFLICT (delivery_key) DO NOTHING";
	g_autofree char *message_key = message_key_of(key);
	struct db_stmt *stmt = row_prepare_text(store->db, SQL_DELIVERY_INSERT,
	                                        ":key", key, error);

	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":message_key", message_key);
	db_bind_text(stmt, ":answer", answer);
	db_bind_int(stmt, ":id", id_new());
	if (!db_run(stmt, error))
		return false;
	if (db_changes(store->db) > 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "%s was delivered already", key);
	return false;
}

static char *find_answer(struct store *store, const char *sql, const char *key,
                         GError **error)
{
	char *answer = NULL;

	if (!row_fetch_text(
		    row_prepare_text(store->db, sql, ":key", key, error),
		    &answer, error))
		return NULL;
	if (answer == NULL)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
		            "%s was not delivered yet", key);
	return answer;
}

char *delivery_find(struct store *store, const char *key, GError **error)
{
	static const char SQL_DELIVERY_FIND[] =
		"SELECT answer FROM delivery WHERE delivery_key = :key";

	return find_answer(store, SQL_DELIVERY_FIND, key, error);
}

bool delivery_remember(struct store *store, const char *key,
                       const char *answer, GError **error)
{
	static const char SQL_DELIVERY_REMEMBER[] =
		"INSERT INTO delivery (delivery_key, message_key, answer, id)"
		" VALUES (:key, :message_key, :answer, :id)"
		" ON CONFLICT (delivery_key) DO UPDATE"
		" SET answer = excluded.answer, id = excluded.id";
	g_autofree char *message_key = message_key_of(key);
	struct db_stmt *stmt = row_prepare_text(
		store->db, SQL_DELIVERY_REMEMBER, ":key", key, error);

	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":message_key", message_key);
	db_bind_text(stmt, ":answer", answer);
	db_bind_int(stmt, ":id", id_new());
	return db_run(stmt, error);
}

/* Ids are times. */
static char *find_since(struct store *store, const char *sql, const char *key,
                        gint64 since, GError **error)
{
	struct db_stmt *stmt =
		row_prepare_text(store->db, sql, ":key", key, error);
	char *answer = NULL;

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":since", MAX(since, 0) << ID_SEQUENCE_BITS);
	if (row_fetch_text(stmt, &answer, error) && answer == NULL)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
		            "%s was not delivered lately", key);
	return answer;
}

char *delivery_find_since(struct store *store, const char *key, gint64 since,
                          GError **error)
{
	static const char SQL_DELIVERY_FIND_SINCE[] =
		"SELECT answer FROM delivery WHERE delivery_key = :key"
		" AND id >= :since";

	return find_since(store, SQL_DELIVERY_FIND_SINCE, key, since, error);
}

char *delivery_find_message_since(struct store *store, const char *key,
                                  gint64 since, GError **error)
{
	static const char SQL_DELIVERY_FIND_MESSAGE_SINCE[] =
		"SELECT answer FROM delivery WHERE message_key = :key"
		" AND id >= :since ORDER BY id LIMIT 1";
	g_autofree char *message_key = message_key_of(key);

	return find_since(store, SQL_DELIVERY_FIND_MESSAGE_SINCE, message_key,
	                  since, error);
}

char *delivery_find_message(struct store *store, const char *key,
                            GError **error)
{
	static const char SQL_DELIVERY_FIND_MESSAGE[] =
		"SELECT answer FROM delivery WHERE message_key = :key"
		" ORDER BY id LIMIT 1";
	g_autofree char *message_key = message_key_of(key);

	return find_answer(store, SQL_DELIVERY_FIND_MESSAGE, message_key,
	                   error);
}
