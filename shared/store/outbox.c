/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outbox.c - mail that must go out, one row a recipient
 *
 * A lease is a name and a time in the row, given by one UPDATE, so that
 * several notifiers share the work and the rows of a dead one come back. A
 * database with row locks adds FOR UPDATE SKIP LOCKED to the inner SELECT. A
 * row counts the attempt when the lease is taken: one that kills its notifier
 * shows.
 */
#include "store/outbox.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/blob.h"
#include "store/row.h"
#include "store/store_private.h"

#define LIMIT_DEFAULT 100

static const char *const state_names[] = {
	[OUTBOX_QUEUED] = "queued",   [OUTBOX_SENT] = "sent",
	[OUTBOX_FAILED] = "failed",   [OUTBOX_CANCELLED] = "cancelled",
	[OUTBOX_BOUNCED] = "bounced", [OUTBOX_STATE__COUNT] = NULL,
};

static const struct row_field outbox_fields[] = {
	ROW_FIELD(outbox, id, ROW_INT),
	ROW_FIELD(outbox, ticket_id, ROW_REF),
	ROW_FIELD(outbox, ticket, ROW_TEXT),
	ROW_FIELD(outbox, message_id, ROW_REF),
	ROW_FIELD(outbox, kind, ROW_TEXT),
	ROW_FIELD(outbox, recipient, ROW_TEXT),
	ROW_FIELD(outbox, sender, ROW_TEXT),
	ROW_FIELD(outbox, header_id, ROW_TEXT),
	ROW_FIELD(outbox, subject, ROW_TEXT),
	ROW_FIELD_NAME(outbox, state, state_names),
	ROW_FIELD(outbox, created, ROW_INT),
	ROW_FIELD(outbox, next_attempt, ROW_INT),
	ROW_FIELD(outbox, attempts, ROW_INT),
	ROW_FIELD(outbox, last_reply, ROW_TEXT),
	ROW_FIELD(outbox, sent, ROW_INT),
	ROW_FIELD(outbox, brake, ROW_TEXT),
	ROW_FIELD(outbox, thread_index, ROW_TEXT),
	ROW_FIELD(outbox, thread_topic, ROW_TEXT),
};

#define SELECT_OUTBOX                                                          \
	"SELECT o.id, o.ticket_id, t.ref, o.message_id, o.kind,"               \
	" o.recipient, o.sender, o.header_id, o.subject, o.state,"             \
	" o.created, o.next_attempt, o.attempts, o.last_reply, o.sent,"        \
	" o.brake, o.thread_index, o.thread_topic"                             \
	" FROM outbox o LEFT JOIN ticket t ON t.id = o.ticket_id"

static void outbox_destroy(void *row)
{
	outbox_free(row);
}

static const struct row_type outbox_type = {
	outbox_fields,
	G_N_ELEMENTS(outbox_fields),
	sizeof(struct outbox),
	outbox_destroy,
};

const char *outbox_state_name(enum outbox_state state)
{
	return state_names[state];
}

bool outbox_state_parse(const char *name, enum outbox_state *ret)
{
	int found = row_name_find(state_names, name);

	if (found >= 0)
		*ret = (enum outbox_state)found;
	return found >= 0;
}

struct outbox *outbox_new(void)
{
	return row_new(&outbox_type);
}

void outbox_free(struct outbox *row)
{
	if (row == NULL)
		return;
	g_clear_pointer(&row->bytes, g_bytes_unref);
	row_free(&outbox_type, row);
}

static bool insert_row(struct store *store, const struct outbox *row,
                       const char *blob, GError **error)
{
	static const char SQL_OUTBOX_INSERT[] =
		"INSERT INTO outbox (id, ticket_id, message_id, kind,"
		" recipient, sender, header_id, subject, blob, state,"
		" created, next_attempt, attempts, last_reply, sent,"
		" brake, thread_index, thread_topic, lease_owner, lease_until)"
		" VALUES (:id, :ticket_id, :message_id, :kind,"
		" :recipient, :sender, :header_id, :subject, :blob, :state,"
		" :created, :next_attempt, :attempts, :last_reply, :sent,"
		" :brake, :thread_index, :thread_topic, '', 0)";
	struct db_stmt *stmt = row_prepare_text(store->db, SQL_OUTBOX_INSERT,
	                                        ":blob", blob, error);

	if (stmt == NULL)
		return false;
	row_bind(stmt, &outbox_type, row);
	return db_run(stmt, error);
}

bool outbox_insert(struct store *store, struct outbox *row, GError **error)
{
	struct outbox copy = *row;
	g_autofree char *blob = NULL;

	if (row->bytes == NULL || row->recipient == NULL ||
	    *row->recipient == '\0') {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
		            "mail without bytes or recipient");
		return false;
	}
	copy.id = copy.id != 0 ? copy.id : id_new();
	copy.created = copy.created != 0 ? copy.created : clock_now();
	if (copy.next_attempt == 0)
		copy.next_attempt = copy.created;
	blob = blob_put(store, row->bytes, error);
	if (blob == NULL || !insert_row(store, &copy, blob, error))
		return false;
	row->id = copy.id;
	row->created = copy.created;
	row->next_attempt = copy.next_attempt;
	return true;
}

static bool fetch_bytes(struct store *store, struct outbox *row, GError **error)
{
	static const char SQL_OUTBOX_BLOB[] =
		"SELECT blob FROM outbox WHERE id = :id";
	g_autofree char *blob = NULL;

	if (!row_fetch_text(
		    row_prepare_id(store->db, SQL_OUTBOX_BLOB, row->id, error),
		    &blob, error))
		return false;
	row->bytes = blob_get(store, blob != NULL ? blob : "", error);
	return row->bytes != NULL;
}

static struct outbox *get_without_bytes(struct store *store, gint64 id,
                                        GError **error)
{
	static const char SQL_OUTBOX_GET[] = SELECT_OUTBOX " WHERE o.id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_OUTBOX_GET, id, error),
	                 &outbox_type, error, "no such outgoing mail");
}

struct outbox *outbox_get(struct store *store, gint64 id, GError **error)
{
	AUTO(outbox) row = get_without_bytes(store, id, error);

	if (row == NULL || !fetch_bytes(store, row, error))
		return NULL;
	return g_steal_pointer(&row);
}

static int compare_ids(const void *a, const void *b)
{
	gint64 first = *(const gint64 *)a;
	gint64 second = *(const gint64 *)b;

	return (first > second) - (first < second);
}

/* The ids of the rows that are ours now, in the order they were made. */
static GArray *take_leases(struct store *store,
                           const struct outbox_batch *batch, GError **error)
{
	static const char SQL_OUTBOX_LEASE[] =
		"UPDATE outbox SET lease_owner = :owner,"
		" lease_until = :until, attempts = attempts + 1"
		" WHERE id IN (SELECT o.id FROM outbox o"
		" WHERE o.state = 'queued' AND o.next_attempt <= :now"
		" AND o.lease_until <= :now"
		" AND NOT EXISTS (SELECT 1 FROM outbox p"
		" WHERE p.state = 'queued' AND p.ticket_id = o.ticket_id"
		" AND p.recipient = o.recipient AND p.id < o.id"
		" AND (p.next_attempt > :now OR p.lease_until > :now))"
		" ORDER BY o.id LIMIT :max)"
		" RETURNING id";
	AUTO(db_stmt)
	stmt = row_prepare_text(store->db, SQL_OUTBOX_LEASE, ":owner",
	                        batch->owner, error);
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 now = clock_now();
	enum db_row row;

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":until", now + batch->lease_ms);
	db_bind_int(stmt, ":now", now);
	db_bind_int(stmt, ":max", batch->max);
	while ((row = db_step(stmt, error)) == DB_ROW) {
		gint64 id = db_column_int(stmt, 0);

		g_array_append_val(ids, id);
	}
	if (row != DB_DONE)
		return NULL;
	g_array_sort(ids, compare_ids);
	return g_steal_pointer(&ids);
}

static bool refuse_lost(const char *owner, GError **error)
{
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "%s does not hold the lease of this mail", owner);
	return false;
}

/* As if the lease had not been taken. */
static bool give_back(struct store *store, const char *owner, gint64 id,
                      GError **error)
{
	static const char SQL_OUTBOX_BACK[] =
		"UPDATE outbox SET attempts = attempts - 1,"
		" lease_owner = '', lease_until = 0"
		" WHERE id = :id AND state = 'queued'"
		" AND lease_owner = :owner AND lease_owner <> ''";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_OUTBOX_BACK, id, error);

	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":owner", owner);
	if (!db_run(stmt, error))
		return false;
	return db_changes(store->db) > 0 || refuse_lost(owner, error);
}

bool outbox_settle(struct store *store, const char *owner,
                   const struct outbox_result *result, GError **error)
{
	static const char SQL_OUTBOX_SETTLE[] =
		"UPDATE outbox SET state = :state, last_reply = :reply,"
		" sent = :sent, next_attempt = CASE WHEN :next_attempt > 0"
		" THEN :next_attempt ELSE next_attempt END,"
		" lease_owner = '', lease_until = 0"
		" WHERE id = :id AND state = 'queued'"
		" AND lease_owner = :owner AND lease_owner <> ''";
	static const enum outbox_state states[] = {
		[OUTBOX_END_SENT] = OUTBOX_SENT,
		[OUTBOX_END_FAILED] = OUTBOX_FAILED,
		[OUTBOX_END_RETRY] = OUTBOX_QUEUED,
		[OUTBOX_END_BACK] = OUTBOX_QUEUED,
	};
	struct db_stmt *stmt;

	if (result->end == OUTBOX_END_BACK)
		return give_back(store, owner, result->id, error);
	stmt = row_prepare_id(store->db, SQL_OUTBOX_SETTLE, result->id, error);
	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":owner", owner);
	db_bind_text(stmt, ":state", state_names[states[result->end]]);
	db_bind_text(stmt, ":reply",
	             result->reply != NULL ? result->reply : "");
	db_bind_int(stmt, ":sent",
	            result->end == OUTBOX_END_SENT ? clock_now() : 0);
	db_bind_int(stmt, ":next_attempt",
	            result->end == OUTBOX_END_RETRY ? result->next_attempt : 0);
	if (!db_run(stmt, error))
		return false;
	return db_changes(store->db) > 0 || refuse_lost(owner, error);
}

/*
 * Reads a leased row into *rows. Bytes that are damaged or gone fail the row
 * for good, so that it is shown and does not come back; any other trouble
 * leaves it to its lease's end. Neither keeps the other rows back.
 */
static bool collect_row(struct store *store, const char *owner, gint64 id,
                        GPtrArray *rows, GError **error)
{
	AUTO(outbox) row = get_without_bytes(store, id, error);
	g_autoptr(GError) bad = NULL;

	if (row == NULL)
		return false;
	if (fetch_bytes(store, row, &bad)) {
		g_ptr_array_add(rows, g_steal_pointer(&row));
		return true;
	}
	if (g_error_matches(bad, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT) ||
	    g_error_matches(bad, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND)) {
		const struct outbox_result result = {
			.id = id,
			.end = OUTBOX_END_FAILED,
			.reply = bad->message,
		};

		return outbox_settle(store, owner, &result, error);
	}
	return true;
}

static gsize last_size(const GPtrArray *rows)
{
	const struct outbox *last =
		rows->len > 0 ? rows->pdata[rows->len - 1] : NULL;

	return last != NULL ? g_bytes_get_size(last->bytes) : 0;
}

GPtrArray *outbox_take(struct store *store, const struct outbox_batch *batch,
                       GError **error)
{
	g_autoptr(GArray) ids = take_leases(store, batch, error);
	g_autoptr(GPtrArray) rows = NULL;
	gsize bytes = 0;

	if (ids == NULL)
		return NULL;
	rows = g_ptr_array_new_with_free_func(outbox_destroy);
	for (guint i = 0; i < ids->len; i++) {
		gint64 id = g_array_index(ids, gint64, i);
		guint before = rows->len;

		if (bytes > 0 && bytes >= batch->max_bytes) {
			if (!give_back(store, batch->owner, id, error))
				return NULL;
			continue;
		}
		if (!collect_row(store, batch->owner, id, rows, error))
			return NULL;
		if (rows->len > before)
			bytes += last_size(rows);
	}
	return g_steal_pointer(&rows);
}

GPtrArray *outbox_lease(struct store *store, const char *owner, gint64 lease_ms,
                        unsigned max, GError **error)
{
	const struct outbox_batch batch = { owner, lease_ms, max, G_MAXSIZE };
	g_autoptr(GPtrArray) rows = NULL;

	if (owner == NULL || *owner == '\0') {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
		            "a lease needs an owner");
		return NULL;
	}
	if (!store_begin(store, error))
		return NULL;
	rows = outbox_take(store, &batch, error);
	if (rows == NULL)
		store_rollback(store);
	else if (store_commit(store, error))
		return g_steal_pointer(&rows);
	return NULL;
}

bool outbox_renew(struct store *store, const char *owner, gint64 lease_ms,
                  GError **error)
{
	static const char SQL_OUTBOX_RENEW[] =
		"UPDATE outbox SET lease_until = :until"
		" WHERE state = 'queued' AND lease_owner = :owner"
		" AND lease_owner <> ''";
	struct db_stmt *stmt = row_prepare_text(store->db, SQL_OUTBOX_RENEW,
	                                        ":owner", owner, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":until", clock_now() + lease_ms);
	return db_run(stmt, error);
}

static bool settle_alone(struct store *store, const char *owner,
                         const struct outbox_result *result, GError **error)
{
	if (!store_begin(store, error))
		return false;
	if (outbox_settle(store, owner, result, error))
		return store_commit(store, error);
	store_rollback(store);
	return false;
}

bool outbox_sent(struct store *store, gint64 id, const char *owner,
                 const char *reply, GError **error)
{
	const struct outbox_result result = { .id = id,
		                              .end = OUTBOX_END_SENT,
		                              .reply = reply };

	return settle_alone(store, owner, &result, error);
}

bool outbox_failed(struct store *store, gint64 id, const char *owner,
                   const char *reply, GError **error)
{
	const struct outbox_result result = { .id = id,
		                              .end = OUTBOX_END_FAILED,
		                              .reply = reply };

	return settle_alone(store, owner, &result, error);
}

bool outbox_retry_at(struct store *store, gint64 id, const char *owner,
                     gint64 next_attempt, const char *reply, GError **error)
{
	const struct outbox_result result = { .id = id,
		                              .end = OUTBOX_END_RETRY,
		                              .next_attempt = next_attempt,
		                              .reply = reply };

	return settle_alone(store, owner, &result, error);
}

/* What people and bounces do: one row, by id. If the statement's conditions
 * do not hold, the error says which state it is in. */
static bool change_by_hand(struct store *store, struct db_stmt *stmt, gint64 id,
                           GError **error)
{
	AUTO(outbox) row = NULL;

	if (!db_run(stmt, error))
		return false;
	if (db_changes(store->db) > 0)
		return true;
	row = get_without_bytes(store, id, error);
	if (row != NULL)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
		            "the mail to %s is %s", row->recipient,
		            row->state == OUTBOX_QUEUED
		                    ? "being sent right now"
		                    : state_names[row->state]);
	return false;
}

bool outbox_requeue(struct store *store, gint64 id, GError **error)
{
	static const char SQL_OUTBOX_REQUEUE[] =
		"UPDATE outbox SET state = 'queued', next_attempt = :now,"
		" lease_owner = '', lease_until = 0"
		" WHERE id = :id AND lease_until <= :now"
		" AND state IN ('queued', 'failed', 'cancelled')";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_OUTBOX_REQUEUE, id, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":now", clock_now());
	return change_by_hand(store, stmt, id, error);
}

bool outbox_cancel(struct store *store, gint64 id, GError **error)
{
	static const char SQL_OUTBOX_CANCEL[] =
		"UPDATE outbox SET state = 'cancelled',"
		" lease_owner = '', lease_until = 0"
		" WHERE id = :id AND lease_until <= :now"
		" AND state IN ('queued', 'failed')";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_OUTBOX_CANCEL, id, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":now", clock_now());
	return change_by_hand(store, stmt, id, error);
}

bool outbox_mark_bounced(struct store *store, gint64 id, const char *why,
                         GError **error)
{
	static const char SQL_OUTBOX_BOUNCED[] =
		"UPDATE outbox SET state = 'bounced', last_reply = :why,"
		" lease_owner = '', lease_until = 0"
		" WHERE id = :id";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_OUTBOX_BOUNCED, id, error);

	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":why", why != NULL ? why : "");
	return change_by_hand(store, stmt, id, error);
}

GPtrArray *outbox_list(struct store *store, int state, gint64 ticket_id,
                       unsigned limit, GError **error)
{
	bool any = state < 0 || state >= OUTBOX_STATE__COUNT;
	/* Only conditions that hold, all of them constants: the database can
	 * then choose an index. */
	g_autofree char *sql = g_strconcat(
		SELECT_OUTBOX " WHERE 1 = 1",
		any ? "" : " AND o.state = :state",
		ticket_id == 0 ? "" : " AND o.ticket_id = :ticket_id",
		" ORDER BY o.created DESC, o.id DESC LIMIT :limit", NULL);
	struct db_stmt *stmt = db_prepare(store->db, sql, error);

	if (stmt != NULL)
		db_bind_int(stmt, ":limit", limit > 0 ? limit : LIMIT_DEFAULT);
	if (stmt != NULL && !any)
		db_bind_text(stmt, ":state", state_names[state]);
	if (stmt != NULL && ticket_id != 0)
		db_bind_int(stmt, ":ticket_id", ticket_id);
	return row_fetch_all(stmt, &outbox_type, error);
}

static bool count_rows(struct store *store, const char *sql,
                       const struct outbox_count *what, gint64 *ret_count,
                       GError **error)
{
	bool one = !what->any_ticket && what->ticket_id != 0;
	g_autofree char *full = g_strconcat(
		sql,
		what->any_ticket ? ""
		: one            ? " AND ticket_id = :ticket_id"
		                 : " AND ticket_id IS NULL",
		NULL);
	struct db_stmt *stmt = row_prepare_text(store->db, full, ":recipient",
	                                        what->recipient, error);
	bool found = false;

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":since", what->since);
	db_bind_text(stmt, ":brake", what->brake);
	if (one)
		db_bind_int(stmt, ":ticket_id", what->ticket_id);
	return row_fetch_int(stmt, ret_count, &found, error);
}

bool outbox_count_since(struct store *store, const struct outbox_count *what,
                        gint64 *ret_count, gint64 *ret_held, GError **error)
{
	static const char SQL_OUTBOX_COUNT[] =
		"SELECT COUNT(*) FROM outbox WHERE recipient = :recipient"
		" AND brake = :brake AND brake <> '' AND created >= :since"
		" AND state <> 'cancelled'";
	static const char SQL_OUTBOX_COUNT_HELD[] =
		"SELECT COUNT(*) FROM outbox WHERE recipient = :recipient"
		" AND brake = :brake AND brake <> '' AND created >= :since"
		" AND state = 'cancelled'";
	gint64 count;

	if (!count_rows(store, SQL_OUTBOX_COUNT, what, &count, error) ||
	    !count_rows(store, SQL_OUTBOX_COUNT_HELD, what, ret_held, error))
		return false;
	*ret_count = count;
	return true;
}

struct outbox *outbox_last_threaded(struct store *store, gint64 ticket_id,
                                    const char *address, GError **error)
{
	static const char SQL_OUTBOX_THREADED[] = SELECT_OUTBOX
		" WHERE o.ticket_id = :id AND o.recipient = :address"
		" AND o.thread_index <> '' AND o.state <> 'cancelled'"
		" ORDER BY o.created DESC, o.id DESC LIMIT 1";
	struct db_stmt *stmt = row_prepare_id(store->db, SQL_OUTBOX_THREADED,
	                                      ticket_id, error);

	if (stmt != NULL)
		db_bind_text(stmt, ":address", address);
	return row_fetch(stmt, &outbox_type, error,
	                 "no mail about the ticket to %s", address);
}

char **outbox_thread_ids(struct store *store, gint64 ticket_id,
                         const char *address, unsigned max, GError **error)
{
	static const char SQL_OUTBOX_THREAD[] =
		"SELECT message_id FROM (SELECT message_id, created, id"
		" FROM message WHERE ticket_id = :id AND address = :address"
		" AND message_id <> '' AND author <> 'event'"
		" UNION ALL SELECT header_id, created, id FROM outbox"
		" WHERE ticket_id = :id AND recipient = :address"
		" AND state IN ('queued', 'sent')"
		" ORDER BY created DESC, id DESC LIMIT :max) AS newest"
		" ORDER BY created, id";
	struct db_stmt *stmt = row_prepare_id(store->db, SQL_OUTBOX_THREAD,
	                                      ticket_id, error);

	if (stmt != NULL) {
		db_bind_text(stmt, ":address", address);
		db_bind_int(stmt, ":max", max);
	}
	return row_fetch_strings(stmt, error);
}
