/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * participant.c - who may write to a ticket and reads it
 *
 * These addresses come from mail: an abuse reporter's may be any key, so the
 * registry's rules (key.h) do not apply.
 */
#include "base/clock.h"
#include "base/error.h"
#include "store/row.h"
#include "store/store_private.h"
#include "store/ticket.h"

static const char *const role_names[] = {
	[PARTICIPANT_OWNER] = "owner",    [PARTICIPANT_CONTACT] = "contact",
	[PARTICIPANT_COPY] = "copy",      [PARTICIPANT_REPORTER] = "reporter",
	[PARTICIPANT_ROLE__COUNT] = NULL,
};

static const struct row_field participant_fields[] = {
	ROW_FIELD(participant, ticket_id, ROW_INT),
	ROW_FIELD(participant, address, ROW_TEXT),
	ROW_FIELD(participant, name, ROW_TEXT),
	ROW_FIELD_NAME(participant, role, role_names),
};

static void participant_destroy(void *participant)
{
	participant_free(participant);
}

static const struct row_type participant_type = {
	participant_fields,
	G_N_ELEMENTS(participant_fields),
	sizeof(struct participant),
	participant_destroy,
};

const char *participant_role_name(enum participant_role role)
{
	return role_names[role];
}

void participant_free(struct participant *participant)
{
	row_free(&participant_type, participant);
}

bool participant_add(struct store *store, gint64 ticket_id, const char *address,
                     const char *name, enum participant_role role,
                     GError **error)
{
	static const char SQL_PARTICIPANT_ADD[] =
		"INSERT INTO participant"
		" (ticket_id, address, name, role, added)"
		" VALUES (:ticket_id, :address, :name, :role, :added)"
		" ON CONFLICT (ticket_id, address) DO NOTHING";
	struct db_stmt *stmt;

	if (address == NULL || *address == '\0') {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
		            "a participant needs an address");
		return false;
	}
	stmt = row_prepare_text(store->db, SQL_PARTICIPANT_ADD, ":address",
	                        address, error);
	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":ticket_id", ticket_id);
	db_bind_text(stmt, ":name", name != NULL ? name : "");
	db_bind_text(stmt, ":role", role_names[role]);
	db_bind_int(stmt, ":added", clock_now());
	return db_run(stmt, error);
}

/* One of the statements that name a ticket and an address. */
static struct db_stmt *prepare_one(struct store *store, const char *sql,
                                   gint64 ticket_id, const char *address,
                                   GError **error)
{
	struct db_stmt *stmt =
		row_prepare_text(store->db, sql, ":address", address, error);

	if (stmt != NULL)
		db_bind_int(stmt, ":ticket_id", ticket_id);
	return stmt;
}

bool participant_role(struct store *store, gint64 ticket_id,
                      const char *address, enum participant_role *ret_role,
                      bool *ret_found, GError **error)
{
	static const char SQL_PARTICIPANT_ROLE[] =
		"SELECT role FROM participant"
		" WHERE ticket_id = :ticket_id AND address = :address";
	g_autofree char *name = NULL;
	int at;

	if (!row_fetch_text(prepare_one(store, SQL_PARTICIPANT_ROLE, ticket_id,
	                                address, error),
	                    &name, error))
		return false;
	at = name != NULL ? row_name_find(role_names, name) : -1;
	*ret_found = at >= 0;
	if (*ret_found)
		*ret_role = (enum participant_role)at;
	return true;
}

bool participant_remove(struct store *store, gint64 ticket_id,
                        const char *address, GError **error)
{
	static const char SQL_PARTICIPANT_REMOVE[] =
		"DELETE FROM participant"
		" WHERE ticket_id = :ticket_id AND address = :address";
	struct db_stmt *stmt = prepare_one(store, SQL_PARTICIPANT_REMOVE,
	                                   ticket_id, address, error);

	return stmt != NULL && db_run(stmt, error) &&
	       row_check_changed(store->db, error,
	                         "%s does not take part in the ticket",
	                         address);
}

GPtrArray *participant_list(struct store *store, gint64 ticket_id,
                            GError **error)
{
	static const char SQL_PARTICIPANT_LIST[] =
		"SELECT ticket_id, address, name, role FROM participant"
		" WHERE ticket_id = :id"
		" ORDER BY CASE role WHEN 'owner' THEN 0"
		" WHEN 'contact' THEN 1 ELSE 2 END, added, address";

	return row_fetch_all(row_prepare_id(store->db, SQL_PARTICIPANT_LIST,
	                                    ticket_id, error),
	                     &participant_type, error);
}

bool participant_is(struct store *store, gint64 ticket_id, const char *address,
                    bool *ret, GError **error)
{
	static const char SQL_PARTICIPANT_IS[] =
		"SELECT 1 FROM participant"
		" WHERE ticket_id = :ticket_id AND address = :address";
	gint64 one;

	return row_fetch_int(prepare_one(store, SQL_PARTICIPANT_IS, ticket_id,
	                                 address, error),
	                     &one, ret, error);
}
