/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.c - what statistics are made of
 *
 * That a ticket was done, and when, is in the audit rows: the ticket itself
 * forgets it when it is opened again. It was reopened if it is not done now,
 * or if staff answered after it was done.
 */
#include "store/stats.h"

#include "store/row.h"
#include "store/store_private.h"

static const struct row_field stats_fields[] = {
	ROW_FIELD(stats_ticket, department, ROW_TEXT),
	ROW_FIELD(stats_ticket, department_id, ROW_INT),
	ROW_FIELD(stats_ticket, created, ROW_INT),
	ROW_FIELD(stats_ticket, answered, ROW_INT),
	ROW_FIELD(stats_ticket, closed, ROW_INT),
	ROW_FIELD(stats_ticket, done, ROW_INT),
	ROW_FIELD(stats_ticket, reopened, ROW_BOOL),
	ROW_FIELD(stats_ticket, asked, ROW_BOOL),
	ROW_FIELD(stats_ticket, grade, ROW_INT),
};

static void stats_destroy(void *ticket)
{
	stats_ticket_free(ticket);
}

static const struct row_type stats_type = {
	stats_fields,
	G_N_ELEMENTS(stats_fields),
	sizeof(struct stats_ticket),
	stats_destroy,
};

void stats_ticket_free(struct stats_ticket *ticket)
{
	row_free(&stats_type, ticket);
}

#define DONE                                                                   \
	"(SELECT MIN(a.time) FROM audit a"                                     \
	" WHERE a.object = 'ticket ' || t.ref"                                 \
	" AND a.action IN ('status', 'reply')"                                 \
	" AND a.detail IN ('resolved', 'closed'))"

GPtrArray *stats_list(struct store *store, gint64 since, gint64 until,
                      GError **error)
{
	static const char SQL_STATS_LIST[] =
		"SELECT d.name, t.department_id, t.created,"
		" COALESCE((SELECT MIN(m.created) FROM message m"
		" WHERE m.ticket_id = t.id AND m.author = 'staff'), 0),"
		" t.closed, COALESCE(" DONE ", 0),"
		" CASE WHEN " DONE " IS NULL THEN 0"
		" WHEN t.status NOT IN ('resolved', 'closed') THEN 1"
		" WHEN EXISTS (SELECT 1 FROM message m"
		" WHERE m.ticket_id = t.id AND m.author = 'staff'"
		" AND m.created > " DONE ") THEN 1 ELSE 0 END,"
		" EXISTS (SELECT 1 FROM survey s WHERE s.ticket_id = t.id"
		" AND (s.address <> '' OR s.grade > 0)),"
		" COALESCE((SELECT s.grade FROM survey s"
		" WHERE s.ticket_id = t.id AND s.grade > 0"
		" ORDER BY s.graded DESC LIMIT 1), 0)"
		" FROM ticket t JOIN department d ON d.id = t.department_id"
		" WHERE t.merged_into IS NULL AND t.created >= :since"
		" AND (:until = 0 OR t.created < :until)"
		" ORDER BY d.name, t.created, t.id";
	struct db_stmt *stmt = db_prepare(store->db, SQL_STATS_LIST, error);

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":since", since);
	db_bind_int(stmt, ":until", until);
	return row_fetch_all(stmt, &stats_type, error);
}
