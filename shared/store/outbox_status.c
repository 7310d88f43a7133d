/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outbox_status.c - where the outbox stands
 */
#include "store/outbox.h"

#include "base/clock.h"
#include "store/row.h"
#include "store/store_private.h"

static void reason_free(void *data)
{
	struct outbox_reason *reason = data;

	g_free(reason->reply);
	g_free(reason);
}

void outbox_status_clear(struct outbox_status *status)
{
	g_clear_pointer(&status->reasons, g_ptr_array_unref);
}

static bool read_counts(struct store *store, gint64 now,
                        struct outbox_status *status, GError **error)
{
	static const char SQL_OUTBOX_COUNTS[] =
		"SELECT COUNT(CASE WHEN lease_until > :now THEN 1 END),"
		" COUNT(CASE WHEN lease_until <= :now"
		" AND next_attempt > :now THEN 1 END),"
		" COUNT(CASE WHEN lease_until <= :now"
		" AND next_attempt <= :now THEN 1 END),"
		" COALESCE(MIN(created), 0)"
		" FROM outbox WHERE state = 'queued'";
	AUTO(db_stmt)
	stmt = db_prepare(store->db, SQL_OUTBOX_COUNTS, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":now", now);
	if (db_step(stmt, error) != DB_ROW)
		return false;
	status->sending = db_column_int(stmt, 0);
	status->deferred = db_column_int(stmt, 1);
	status->queued = db_column_int(stmt, 2);
	status->oldest = db_column_int(stmt, 3);
	return true;
}

static bool read_number(struct store *store, const char *sql,
                        const char *parameter, gint64 value, gint64 *ret_number,
                        GError **error)
{
	struct db_stmt *stmt = db_prepare(store->db, sql, error);
	bool found;

	if (stmt == NULL)
		return false;
	if (parameter != NULL)
		db_bind_int(stmt, parameter, value);
	return row_fetch_int(stmt, ret_number, &found, error);
}

/* The rate: of a window that begins with the first mail sent in it. */
static bool read_rate(struct store *store, gint64 now, gint64 window_ms,
                      struct outbox_status *status, GError **error)
{
	static const char SQL_OUTBOX_RATE[] =
		"SELECT COUNT(*) FROM outbox WHERE sent > :since"
		" AND sent > 0";
	static const char SQL_OUTBOX_FIRST[] =
		"SELECT COALESCE(MIN(sent), 0) FROM outbox"
		" WHERE sent > :since AND sent > 0";
	gint64 first = 0;

	if (!read_number(store, SQL_OUTBOX_RATE, ":since", now - window_ms,
	                 &status->sent, error) ||
	    !read_number(store, SQL_OUTBOX_FIRST, ":since", now - window_ms,
	                 &first, error))
		return false;
	status->window_ms = first > 0 ? MAX(now - first, CLOCK_SECOND) : 0;
	return true;
}

static bool read_reasons(struct store *store, gint64 now,
                         struct outbox_status *status, GError **error)
{
	static const char SQL_OUTBOX_REASONS[] =
		"SELECT SUBSTR(last_reply, 1, 80), COUNT(*) FROM outbox"
		" WHERE state = 'queued' AND next_attempt > :now"
		" AND lease_until <= :now"
		" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20";
	AUTO(db_stmt)
	stmt = db_prepare(store->db, SQL_OUTBOX_REASONS, error);
	enum db_row row;

	status->reasons = g_ptr_array_new_with_free_func(reason_free);
	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":now", now);
	while ((row = db_step(stmt, error)) == DB_ROW) {
		struct outbox_reason *reason = g_new0(struct outbox_reason, 1);

		reason->reply = db_column_dup(stmt, 0);
		reason->count = db_column_int(stmt, 1);
		g_ptr_array_add(status->reasons, reason);
	}
	return row == DB_DONE;
}

static bool read_status(struct store *store, gint64 window_ms,
                        struct outbox_status *status, GError **error)
{
	static const char SQL_OUTBOX_FAILED[] =
		"SELECT COUNT(*) FROM outbox WHERE state = 'failed'";
	static const char SQL_OUTBOX_BEHIND[] =
		"SELECT COUNT(*) FROM outbox o"
		" WHERE o.state = 'queued' AND o.next_attempt <= :now"
		" AND o.lease_until <= :now"
		" AND EXISTS (SELECT 1 FROM outbox p"
		" WHERE p.state = 'queued' AND p.ticket_id = o.ticket_id"
		" AND p.recipient = o.recipient AND p.id < o.id"
		" AND p.next_attempt > :now AND p.lease_until <= :now)";
	gint64 now = clock_now();

	return read_counts(store, now, status, error) &&
	       read_number(store, SQL_OUTBOX_BEHIND, ":now", now,
	                   &status->behind, error) &&
	       read_number(store, SQL_OUTBOX_FAILED, NULL, 0, &status->failed,
	                   error) &&
	       read_rate(store, now, window_ms, status, error) &&
	       read_reasons(store, now, status, error);
}

bool outbox_get_status(struct store *store, gint64 window_ms,
                       struct outbox_status *ret_status, GError **error)
{
	struct outbox_status status = { 0 };

	if (!read_status(store, window_ms, &status, error)) {
		outbox_status_clear(&status);
		return false;
	}
	status.queued = MAX(status.queued - status.behind, 0);
	*ret_status = status;
	return true;
}
