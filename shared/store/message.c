/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.c - the entries of a ticket
 */
#include "store/message.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/row.h"
#include "store/search.h"
#include "store/store_private.h"

static const char *const author_names[] = {
	[MESSAGE_CUSTOMER] = "customer", [MESSAGE_STAFF] = "staff",
	[MESSAGE_NOTE] = "note",         [MESSAGE_EVENT] = "event",
	[MESSAGE_AUTHOR__COUNT] = NULL,
};

static const struct row_field message_fields[] = {
	ROW_FIELD(message, id, ROW_INT),
	ROW_FIELD(message, ticket_id, ROW_INT),
	ROW_FIELD_NAME(message, author, author_names),
	ROW_FIELD(message, address, ROW_TEXT),
	ROW_FIELD(message, name, ROW_TEXT),
	ROW_FIELD(message, staff_id, ROW_REF),
	ROW_FIELD(message, channel, ROW_TEXT),
	ROW_FIELD(message, kind, ROW_TEXT),
	ROW_FIELD(message, message_id, ROW_TEXT),
	ROW_FIELD(message, subject, ROW_TEXT),
	ROW_FIELD(message, text, ROW_TEXT),
	ROW_FIELD(message, text_trimmed, ROW_TEXT),
	ROW_FIELD(message, html, ROW_TEXT),
	ROW_FIELD(message, raw, ROW_TEXTREF),
	ROW_FIELD(message, auth, ROW_TEXT),
	ROW_FIELD(message, client_ip, ROW_TEXT),
	ROW_FIELD(message, queue_id, ROW_TEXT),
	ROW_FIELD(message, sent, ROW_INT),
	ROW_FIELD(message, created, ROW_INT),
	ROW_FIELD(message, warnings, ROW_U32),
};

#define MESSAGE_COLUMNS                                                        \
	"id, ticket_id, author, address, name, staff_id, channel, kind,"       \
	" message_id, subject, text, text_trimmed, html, raw, auth,"           \
	" client_ip, queue_id, sent, created, warnings"

static void message_destroy(void *message)
{
	message_free(message);
}

static const struct row_type message_type = {
	message_fields,
	G_N_ELEMENTS(message_fields),
	sizeof(struct message),
	message_destroy,
};

const char *message_author_name(enum message_author author)
{
	return author_names[author];
}

struct message *message_new(void)
{
	return row_new(&message_type);
}

void message_free(struct message *message)
{
	row_free(&message_type, message);
}

/* Time does not go back, whatever the clock says. */
static bool touch_ticket(struct store *store, const struct message *message,
                         GError **error)
{
	static const char SQL_TICKET_TOUCH[] =
		"UPDATE ticket SET updated = CASE WHEN updated < :created"
		" THEN :created ELSE updated END"
		" WHERE id = :ticket_id";

	return row_run(store->db, SQL_TICKET_TOUCH, &message_type, message,
	               error) &&
	       row_check_changed(store->db, error, "no such ticket");
}

bool message_insert(struct store *store, struct message *message,
                    GError **error)
{
	static const char SQL_MESSAGE_INSERT[] =
		"INSERT INTO message (" MESSAGE_COLUMNS ")"
		" VALUES (:id, :ticket_id, :author, :address, :name,"
		" :staff_id, :channel, :kind, :message_id, :subject, :text,"
		" :text_trimmed, :html, :raw, :auth, :client_ip, :queue_id,"
		" :sent, :created, :warnings)";
	struct message row = *message;

	row.id = row.id != 0 ? row.id : id_new();
	row.created = row.created != 0 ? row.created : clock_now();
	if (!touch_ticket(store, &row, error) ||
	    !row_run(store->db, SQL_MESSAGE_INSERT, &message_type, &row,
	             error) ||
	    !search_add(store->db, row.id, error))
		return false;
	message->id = row.id;
	message->created = row.created;
	return true;
}

struct message *message_get(struct store *store, gint64 id, GError **error)
{
	static const char SQL_MESSAGE_GET[] =
		"SELECT " MESSAGE_COLUMNS " FROM message WHERE id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_MESSAGE_GET, id, error),
	                 &message_type, error, "no such message");
}

GPtrArray *message_list(struct store *store, gint64 ticket_id, GError **error)
{
	static const char SQL_MESSAGE_LIST[] =
		"SELECT " MESSAGE_COLUMNS
		" FROM message WHERE ticket_id = :id ORDER BY created, id";

	return row_fetch_all(
		row_prepare_id(store->db, SQL_MESSAGE_LIST, ticket_id, error),
		&message_type, error);
}

struct message *message_last_of(struct store *store, gint64 ticket_id,
                                const char *address, GError **error)
{
	static const char SQL_MESSAGE_LAST_OF[] =
		"SELECT " MESSAGE_COLUMNS
		" FROM message WHERE ticket_id = :id AND address = :address"
		" AND message_id <> ''"
		" ORDER BY created DESC, id DESC LIMIT 1";
	struct db_stmt *stmt = row_prepare_id(store->db, SQL_MESSAGE_LAST_OF,
	                                      ticket_id, error);

	if (stmt != NULL)
		db_bind_text(stmt, ":address", address);
	return row_fetch(stmt, &message_type, error,
	                 "%s wrote nothing in the ticket", address);
}

static bool fetch_count(struct db_stmt *stmt, gint64 *ret_count, GError **error)
{
	bool found = false;

	return row_fetch_int(stmt, ret_count, &found, error);
}

bool message_has_author(struct store *store, gint64 ticket_id,
                        const char *address, bool *ret, GError **error)
{
	static const char SQL_MESSAGE_HAS_AUTHOR[] =
		"SELECT COUNT(*) FROM message WHERE ticket_id = :id"
		" AND address = :address AND author <> 'event'";
	struct db_stmt *stmt = row_prepare_id(store->db, SQL_MESSAGE_HAS_AUTHOR,
	                                      ticket_id, error);
	gint64 count = 0;

	if (stmt != NULL)
		db_bind_text(stmt, ":address", address);
	if (!fetch_count(stmt, &count, error))
		return false;
	*ret = count > 0;
	return true;
}

bool message_count_events(struct store *store, gint64 ticket_id,
                          const char *address, gint64 since, gint64 *ret_count,
                          GError **error)
{
	static const char SQL_MESSAGE_COUNT_EVENTS[] =
		"SELECT COUNT(*) FROM message WHERE ticket_id = :id"
		" AND author = 'event' AND address <> ''"
		" AND (:address = '' OR address = :address)"
		" AND created >= :since";
	struct db_stmt *stmt = row_prepare_id(
		store->db, SQL_MESSAGE_COUNT_EVENTS, ticket_id, error);

	if (stmt != NULL) {
		db_bind_text(stmt, ":address", address);
		db_bind_int(stmt, ":since", since);
	}
	return fetch_count(stmt, ret_count, error);
}

bool message_move(struct store *store, gint64 id, gint64 from, gint64 to,
                  GError **error)
{
	static const char SQL_MESSAGE_MOVE[] =
		"UPDATE message SET ticket_id = :to"
		" WHERE id = :id AND ticket_id = :from";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_MESSAGE_MOVE, id, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":from", from);
	db_bind_int(stmt, ":to", to);
	return db_run(stmt, error) &&
	       row_check_changed(store->db, error,
	                         "the ticket has no such message");
}
