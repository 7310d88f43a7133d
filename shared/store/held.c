/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * held.c - messages that wait for confirmation or for staff
 */
#include "store/held.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/row.h"
#include "store/store_private.h"

#define LIMIT_DEFAULT 100

static const char *const state_names[] = {
	[HELD_WAITING] = "waiting",     [HELD_RELEASED] = "released",
	[HELD_DISCARDED] = "discarded", [HELD_EXPIRED] = "expired",
	[HELD_STATE__COUNT] = NULL,
};

static const struct row_field held_fields[] = {
	ROW_FIELD(held, id, ROW_INT),
	ROW_FIELD(held, department_id, ROW_INT),
	ROW_FIELD(held, department, ROW_TEXT),
	ROW_FIELD(held, address, ROW_TEXT),
	ROW_FIELD(held, recipient, ROW_TEXT),
	ROW_FIELD(held, mail_from, ROW_TEXT),
	ROW_FIELD(held, subject, ROW_TEXT),
	ROW_FIELD(held, message_id, ROW_TEXT),
	ROW_FIELD(held, reason, ROW_TEXT),
	ROW_FIELD(held, cause, ROW_TEXT),
	ROW_FIELD(held, auth, ROW_TEXT),
	ROW_FIELD(held, client_ip, ROW_TEXT),
	ROW_FIELD(held, queue_id, ROW_TEXT),
	ROW_FIELD(held, raw, ROW_TEXTREF),
	ROW_FIELD(held, parsed, ROW_TEXTREF),
	ROW_FIELD(held, delivery_key, ROW_TEXT),
	ROW_FIELD(held, created, ROW_INT),
	ROW_FIELD_NAME(held, state, state_names),
	ROW_FIELD(held, decided, ROW_INT),
	ROW_FIELD(held, decided_by, ROW_TEXT),
	ROW_FIELD(held, ticket, ROW_TEXT),
};

#define SELECT_HELD                                                            \
	"SELECT h.id, h.department_id, d.name, h.address, h.recipient,"        \
	" h.mail_from, h.subject, h.message_id, h.reason, h.cause, h.auth,"    \
	" h.client_ip, h.queue_id, h.raw, h.parsed, h.delivery_key,"           \
	" h.created, h.state, h.decided, h.decided_by, h.ticket"               \
	" FROM held h JOIN department d ON d.id = h.department_id"

static void held_destroy(void *held)
{
	held_free(held);
}

static const struct row_type held_type = {
	held_fields,
	G_N_ELEMENTS(held_fields),
	sizeof(struct held),
	held_destroy,
};

const char *held_state_name(enum held_state state)
{
	return state_names[state];
}

bool held_state_parse(const char *name, enum held_state *ret)
{
	int found = row_name_find(state_names, name);

	if (found >= 0)
		*ret = (enum held_state)found;
	return found >= 0;
}

struct held *held_new(void)
{
	return row_new(&held_type);
}

void held_free(struct held *held)
{
	row_free(&held_type, held);
}

bool held_insert(struct store *store, struct held *held, GError **error)
{
	static const char SQL_HELD_INSERT[] =
		"INSERT INTO held (id, department_id, address, recipient,"
		" mail_from, subject, message_id, reason, cause, auth,"
		" client_ip,"
		" queue_id, raw, parsed, delivery_key, created, state,"
		" decided, decided_by, ticket)"
		" VALUES (:id, :department_id, :address, :recipient,"
		" :mail_from, :subject, :message_id, :reason, :cause, :auth,"
		" :client_ip, :queue_id, :raw, :parsed, :delivery_key,"
		" :created, :state, :decided, :decided_by, :ticket)";
	struct held row = *held;

	row.id = row.id != 0 ? row.id : id_new();
	row.created = row.created != 0 ? row.created : clock_now();
	if (!row_run(store->db, SQL_HELD_INSERT, &held_type, &row, error))
		return false;
	held->id = row.id;
	held->created = row.created;
	return true;
}

struct held *held_get(struct store *store, gint64 id, GError **error)
{
	static const char SQL_HELD_GET[] = SELECT_HELD " WHERE h.id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_HELD_GET, id, error),
	                 &held_type, error, "no such held message");
}

GPtrArray *held_list(struct store *store, int state, unsigned limit,
                     GError **error)
{
	const struct held_filter filter = { state, NULL, limit };

	return held_find(store, &filter, error);
}

GPtrArray *held_find(struct store *store, const struct held_filter *filter,
                     GError **error)
{
	static const char SQL_HELD_LIST[] =
		SELECT_HELD " WHERE (:department IS NULL"
			    " OR d.name = :department)"
			    " ORDER BY h.created DESC, h.id DESC LIMIT :limit";
	static const char SQL_HELD_LIST_STATE[] =
		SELECT_HELD " WHERE h.state = :state"
			    " AND (:department IS NULL"
			    " OR d.name = :department)"
			    " ORDER BY h.created DESC, h.id DESC LIMIT :limit";
	bool any = filter->state < 0 || filter->state >= HELD_STATE__COUNT;
	struct db_stmt *stmt = db_prepare(
		store->db, any ? SQL_HELD_LIST : SQL_HELD_LIST_STATE, error);

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":limit",
	            filter->limit > 0 ? filter->limit : LIMIT_DEFAULT);
	db_bind_text(stmt, ":department", filter->department);
	if (!any)
		db_bind_text(stmt, ":state", state_names[filter->state]);
	return row_fetch_all(stmt, &held_type, error);
}

GPtrArray *held_list_waiting(struct store *store, gint64 before, unsigned limit,
                             GError **error)
{
	static const char SQL_HELD_LIST_WAITING[] =
		SELECT_HELD " WHERE h.state = 'waiting'"
			    " AND h.created < :before"
			    " ORDER BY h.created, h.id LIMIT :limit";
	struct db_stmt *stmt =
		db_prepare(store->db, SQL_HELD_LIST_WAITING, error);

	if (stmt != NULL) {
		db_bind_int(stmt, ":before", before);
		db_bind_int(stmt, ":limit", limit > 0 ? limit : LIMIT_DEFAULT);
	}
	return row_fetch_all(stmt, &held_type, error);
}

static const struct row_field count_fields[] = {
	ROW_FIELD(held_count, department, ROW_TEXT),
	ROW_FIELD(held_count, cause, ROW_TEXT),
	ROW_FIELD_NAME(held_count, state, state_names),
	ROW_FIELD(held_count, count, ROW_INT),
	ROW_FIELD(held_count, oldest, ROW_INT),
};

static void count_destroy(void *count)
{
	held_count_free(count);
}

static const struct row_type count_type = {
	count_fields,
	G_N_ELEMENTS(count_fields),
	sizeof(struct held_count),
	count_destroy,
};

void held_count_free(struct held_count *count)
{
	row_free(&count_type, count);
}

GPtrArray *held_count_list(struct store *store, GError **error)
{
	static const char SQL_HELD_COUNT[] =
		"SELECT d.name, h.cause, h.state, COUNT(*), MIN(h.created)"
		" FROM held h JOIN department d ON d.id = h.department_id"
		" GROUP BY d.name, h.cause, h.state"
		" ORDER BY d.name, h.cause, h.state";

	return row_fetch_all(db_prepare(store->db, SQL_HELD_COUNT, error),
	                     &count_type, error);
}

bool held_has_message(struct store *store, const char *message_id,
                      const char *address, bool *ret, GError **error)
{
	static const char SQL_HELD_HAS_MESSAGE[] =
		"SELECT 1 FROM held WHERE address = :address"
		" AND message_id = :message_id LIMIT 1";
	struct db_stmt *stmt =
		row_prepare_text(store->db, SQL_HELD_HAS_MESSAGE, ":address",
	                         address, error);
	gint64 one;

	if (stmt != NULL)
		db_bind_text(stmt, ":message_id", message_id);
	return row_fetch_int(stmt, &one, ret, error);
}

/* Why no waiting row of this id was found. */
static bool say_decided(struct store *store, gint64 id, GError **error)
{
	AUTO(held) held = held_get(store, id, error);

	if (held != NULL)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
		            "the held message was %s by %s already",
		            state_names[held->state], held->decided_by);
	return false;
}

bool held_decide(struct store *store, gint64 id, enum held_state state,
                 const char *by, const char *ticket, GError **error)
{
	static const char SQL_HELD_DECIDE[] =
		"UPDATE held SET state = :state, decided = :now,"
		" decided_by = :by, ticket = :ticket"
		" WHERE id = :id AND (state = 'waiting'"
		" OR (state = 'expired' AND :state <> 'expired'))";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_HELD_DECIDE, id, error);

	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":state", state_names[state]);
	db_bind_int(stmt, ":now", clock_now());
	db_bind_text(stmt, ":by", by != NULL ? by : "");
	db_bind_text(stmt, ":ticket", ticket != NULL ? ticket : "");
	if (!db_run(stmt, error))
		return false;
	return db_changes(store->db) > 0 || say_decided(store, id, error);
}
