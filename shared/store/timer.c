/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timer.c - rules of departments, and what waits for its time
 */
#include "store/timer.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/row.h"
#include "store/store_private.h"

static const char *const kind_names[] = {
	[TIMER_NONE] = "",
	[TIMER_FIRST] = "first",
	[TIMER_NEXT] = "next",
	[TIMER_KIND__COUNT] = NULL,
};

static const char *const priority_names[] = {
	[TICKET_LOW] = "low",
	[TICKET_MEDIUM] = "medium",
	[TICKET_HIGH] = "high",
	[TICKET_PRIORITY__COUNT] = NULL,
};

static const char *const status_names[] = {
	[TICKET_OPEN] = "open",
	[TICKET_ANSWERED] = "answered",
	[TICKET_CUSTOMER_REPLY] = "customer_reply",
	[TICKET_IN_PROGRESS] = "in_progress",
	[TICKET_ON_HOLD] = "on_hold",
	[TICKET_RESOLVED] = "resolved",
	[TICKET_CLOSED] = "closed",
	[TICKET_STATUS__COUNT] = NULL,
};

/* --- rules ------------------------------------------------------------------- */

static const struct row_field clock_fields[] = {
	ROW_FIELD(timer_clock, department_id, ROW_INT),
	ROW_FIELD(timer_clock, hours, ROW_TEXT),
	ROW_FIELD(timer_clock, holidays, ROW_TEXT),
	ROW_FIELD(timer_clock, close_after, ROW_INT),
	ROW_FIELD(timer_clock, close_warn, ROW_INT),
	ROW_FIELD(timer_clock, keep_raw, ROW_INT),
	ROW_FIELD(timer_clock, keep_attachments, ROW_INT),
	ROW_FIELD(timer_clock, keep_tickets, ROW_INT),
};

static void clock_destroy(void *row)
{
	timer_clock_free(row);
}

static const struct row_type clock_type = {
	clock_fields,
	G_N_ELEMENTS(clock_fields),
	sizeof(struct timer_clock),
	clock_destroy,
};

void timer_clock_free(struct timer_clock *clock)
{
	row_free(&clock_type, clock);
}

struct timer_clock *timer_clock_get(struct store *store, gint64 department_id,
                                    GError **error)
{
	static const char SQL_CLOCK_GET[] =
		"SELECT d.id, COALESCE(c.hours, ''),"
		" COALESCE(c.holidays, ''), COALESCE(c.close_after, -1),"
		" COALESCE(c.close_warn, -1), COALESCE(c.keep_raw, -1),"
		" COALESCE(c.keep_attachments, -1),"
		" COALESCE(c.keep_tickets, -1) FROM department d"
		" LEFT JOIN department_clock c ON c.department_id = d.id"
		" WHERE d.id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_CLOCK_GET,
	                                department_id, error),
	                 &clock_type, error, "no such department");
}

bool timer_clock_put(struct store *store, const struct timer_clock *clock,
                     GError **error)
{
	static const char SQL_CLOCK_PUT[] =
		"INSERT INTO department_clock (department_id, hours, holidays,"
		" close_after, close_warn, keep_raw, keep_attachments,"
		" keep_tickets) VALUES (:department_id, :hours, :holidays,"
		" :close_after, :close_warn, :keep_raw, :keep_attachments,"
		" :keep_tickets)"
		" ON CONFLICT (department_id) DO UPDATE SET"
		" hours = :hours, holidays = :holidays,"
		" close_after = :close_after, close_warn = :close_warn,"
		" keep_raw = :keep_raw,"
		" keep_attachments = :keep_attachments,"
		" keep_tickets = :keep_tickets";

	return row_run(store->db, SQL_CLOCK_PUT, &clock_type, clock, error);
}

static const struct row_field target_fields[] = {
	ROW_FIELD(timer_target, department_id, ROW_INT),
	ROW_FIELD_NAME(timer_target, kind, kind_names),
	ROW_FIELD_NAME(timer_target, priority, priority_names),
	ROW_FIELD(timer_target, within, ROW_INT),
	ROW_FIELD(timer_target, raises, ROW_BOOL),
	ROW_FIELD(timer_target, assignee, ROW_REF),
	ROW_FIELD(timer_target, notify, ROW_TEXT),
};

#define SELECT_TARGET                                                          \
	"SELECT department_id, kind, priority, within, raises, assignee,"      \
	" notify FROM department_target WHERE department_id = :id"

static void target_destroy(void *row)
{
	timer_target_free(row);
}

static const struct row_type target_type = {
	target_fields,
	G_N_ELEMENTS(target_fields),
	sizeof(struct timer_target),
	target_destroy,
};

void timer_target_free(struct timer_target *target)
{
	row_free(&target_type, target);
}

const char *timer_kind_name(enum timer_kind kind)
{
	return kind_names[kind];
}

bool timer_kind_parse(const char *name, enum timer_kind *ret)
{
	int found = row_name_find(kind_names, name);

	if (found <= TIMER_NONE)
		return false;
	*ret = (enum timer_kind)found;
	return true;
}

static struct db_stmt *prepare_target(struct store *store, const char *sql,
                                      gint64 department_id,
                                      enum timer_kind kind,
                                      enum ticket_priority priority,
                                      GError **error)
{
	struct db_stmt *stmt =
		row_prepare_id(store->db, sql, department_id, error);

	if (stmt == NULL)
		return NULL;
	db_bind_text(stmt, ":kind", kind_names[kind]);
	db_bind_text(stmt, ":priority", priority_names[priority]);
	return stmt;
}

struct timer_target *timer_target_get(struct store *store, gint64 department_id,
                                      enum timer_kind kind,
                                      enum ticket_priority priority,
                                      GError **error)
{
	static const char SQL_TARGET_GET[] =
		SELECT_TARGET " AND kind = :kind AND priority = :priority";

	return row_fetch(prepare_target(store, SQL_TARGET_GET, department_id,
	                                kind, priority, error),
	                 &target_type, error, "no such target");
}

GPtrArray *timer_target_list(struct store *store, gint64 department_id,
                             GError **error)
{
	static const char SQL_TARGET_LIST[] =
		SELECT_TARGET " ORDER BY kind, CASE priority WHEN 'low' THEN 0"
			      " WHEN 'medium' THEN 1 ELSE 2 END";

	return row_fetch_all(row_prepare_id(store->db, SQL_TARGET_LIST,
	                                    department_id, error),
	                     &target_type, error);
}

bool timer_target_put(struct store *store, const struct timer_target *target,
                      GError **error)
{
	static const char SQL_TARGET_PUT[] =
		"INSERT INTO department_target (department_id, kind,"
		" priority, within, raises, assignee, notify)"
		" VALUES (:department_id, :kind, :priority, :within, :raises,"
		" :assignee, :notify)"
		" ON CONFLICT (department_id, kind, priority) DO UPDATE SET"
		" within = :within, raises = :raises,"
		" assignee = :assignee, notify = :notify";

	return row_run(store->db, SQL_TARGET_PUT, &target_type, target, error);
}

bool timer_target_remove(struct store *store, gint64 department_id,
                         enum timer_kind kind, enum ticket_priority priority,
                         GError **error)
{
	static const char SQL_TARGET_DELETE[] =
		"DELETE FROM department_target WHERE department_id = :id"
		" AND kind = :kind AND priority = :priority";
	struct db_stmt *stmt = prepare_target(store, SQL_TARGET_DELETE,
	                                      department_id, kind, priority,
	                                      error);

	return stmt != NULL && db_run(stmt, error) &&
	       row_check_changed(store->db, error, "no such target");
}

/* --- facts ------------------------------------------------------------------- */

/* A mail that some program sent (mail/mail.h) waits for no answer. */
#define BY_PEOPLE                                                              \
	" AND kind NOT IN ('auto_reply', 'vacation', 'bounce', 'list')"

bool timer_facts_read(struct store *store, gint64 ticket_id,
                      struct timer_facts *ret_facts, GError **error)
{
	static const char SQL_FACTS[] =
		"WITH entry AS (SELECT author, created, id FROM message"
		" WHERE ticket_id = :id"
		" AND author IN ('customer', 'staff')" BY_PEOPLE "),"
		" answer AS (SELECT COALESCE(MAX(created), 0) AS at"
		" FROM entry WHERE author = 'staff')"
		" SELECT COALESCE(MIN(CASE WHEN author = 'customer'"
		" THEN created END), 0),"
		" (SELECT at FROM answer),"
		" COALESCE(MIN(CASE WHEN author = 'customer'"
		" AND created > (SELECT at FROM answer) THEN created END), 0),"
		" COALESCE(MAX(created), 0) FROM entry";
	AUTO(db_stmt)
	stmt = row_prepare_id(store->db, SQL_FACTS, ticket_id, error);

	if (stmt == NULL || db_step(stmt, error) != DB_ROW)
		return false;
	*ret_facts = (struct timer_facts){
		.first_customer = db_column_int(stmt, 0),
		.last_staff = db_column_int(stmt, 1),
		.unanswered = db_column_int(stmt, 2),
		.last = db_column_int(stmt, 3),
	};
	return true;
}

/* --- timers ------------------------------------------------------------------- */

static const struct row_field timer_fields[] = {
	ROW_FIELD(timer, ticket_id, ROW_INT),
	ROW_FIELD(timer, updated, ROW_INT),
	ROW_FIELD(timer, version, ROW_INT),
	ROW_FIELD(timer, rules, ROW_TEXT),
	ROW_FIELD_NAME(timer, status, status_names),
	ROW_FIELD(timer, status_since, ROW_INT),
	ROW_FIELD_NAME(timer, kind, kind_names),
	ROW_FIELD(timer, since, ROW_INT),
	ROW_FIELD(timer, due, ROW_INT),
	ROW_FIELD(timer, idle_since, ROW_INT),
	ROW_FIELD(timer, warn_at, ROW_INT),
	ROW_FIELD(timer, close_at, ROW_INT),
	ROW_FIELD(timer, next_at, ROW_INT),
};

#define TIMER_COLUMNS                                                          \
	"ticket_id, updated, version, rules, status, status_since, kind,"      \
	" since, due, idle_since, warn_at, close_at, next_at"

static void timer_destroy(void *row)
{
	timer_free(row);
}

static const struct row_type timer_type = {
	timer_fields,
	G_N_ELEMENTS(timer_fields),
	sizeof(struct timer),
	timer_destroy,
};

void timer_free(struct timer *timer)
{
	row_free(&timer_type, timer);
}

struct timer *timer_new(void)
{
	return row_new(&timer_type);
}

struct timer *timer_get(struct store *store, gint64 ticket_id, GError **error)
{
	static const char SQL_TIMER_GET[] =
		"SELECT " TIMER_COLUMNS
		" FROM ticket_timer WHERE ticket_id = :id";

	return row_fetch(
		row_prepare_id(store->db, SQL_TIMER_GET, ticket_id, error),
		&timer_type, error, "no timer");
}

bool timer_put(struct store *store, const struct timer *timer, GError **error)
{
	static const char SQL_TIMER_PUT[] =
		"INSERT INTO ticket_timer (" TIMER_COLUMNS ")"
		" VALUES (:ticket_id, :updated, :version, :rules, :status,"
		" :status_since, :kind, :since, :due, :idle_since, :warn_at,"
		" :close_at, :next_at)"
		" ON CONFLICT (ticket_id) DO UPDATE SET"
		" updated = :updated, version = :version, rules = :rules,"
		" status = :status, status_since = :status_since,"
		" kind = :kind, since = :since, due = :due,"
		" idle_since = :idle_since, warn_at = :warn_at,"
		" close_at = :close_at, next_at = :next_at";

	return row_run(store->db, SQL_TIMER_PUT, &timer_type, timer, error);
}

static GArray *fetch_ids(struct db_stmt *prepared, GError **error)
{
	AUTO(db_stmt) stmt = prepared;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	enum db_row row;

	if (stmt == NULL)
		return NULL;
	while ((row = db_step(stmt, error)) == DB_ROW) {
		gint64 id = db_column_int(stmt, 0);

		g_array_append_val(ids, id);
	}
	return row == DB_DONE ? g_steal_pointer(&ids) : NULL;
}

GArray *timer_list_stale(struct store *store, gint64 department_id,
                         const char *rules, unsigned limit, GError **error)
{
	static const char SQL_TIMER_STALE[] =
		"SELECT t.id FROM ticket t"
		" LEFT JOIN ticket_timer m ON m.ticket_id = t.id"
		" WHERE t.status <> 'closed' AND t.department_id = :id"
		" AND (m.ticket_id IS NULL OR m.updated <> t.updated"
		" OR m.version <> t.version OR m.rules <> :rules)"
		" UNION ALL"
		" SELECT t.id FROM ticket_timer m"
		" JOIN ticket t ON t.id = m.ticket_id"
		" WHERE m.status <> 'closed' AND t.status = 'closed'"
		" AND t.department_id = :id LIMIT :limit";
	struct db_stmt *stmt = row_prepare_id(store->db, SQL_TIMER_STALE,
	                                      department_id, error);

	if (stmt == NULL)
		return NULL;
	db_bind_text(stmt, ":rules", rules);
	db_bind_int(stmt, ":limit", limit);
	return fetch_ids(stmt, error);
}

GArray *timer_list_due(struct store *store, gint64 now, unsigned limit,
                       GError **error)
{
	static const char SQL_TIMER_DUE[] =
		"SELECT ticket_id FROM ticket_timer"
		" WHERE next_at > 0 AND next_at <= :now"
		" ORDER BY next_at LIMIT :limit";
	struct db_stmt *stmt = db_prepare(store->db, SQL_TIMER_DUE, error);

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":now", now);
	db_bind_int(stmt, ":limit", limit);
	return fetch_ids(stmt, error);
}

bool timer_is_overdue(const struct timer *timer, gint64 now)
{
	return timer->due > 0 && timer->due < now;
}

GArray *timer_list_overdue(struct store *store, gint64 now, GError **error)
{
	static const char SQL_TIMER_OVERDUE[] =
		"SELECT ticket_id FROM ticket_timer"
		" WHERE due > 0 AND due < :now ORDER BY due";
	struct db_stmt *stmt = db_prepare(store->db, SQL_TIMER_OVERDUE, error);

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":now", now);
	return fetch_ids(stmt, error);
}

static struct db_stmt *prepare_fired(struct store *store, const char *sql,
                                     gint64 ticket_id, const char *name,
                                     gint64 since, GError **error)
{
	struct db_stmt *stmt = row_prepare_id(store->db, sql, ticket_id, error);

	if (stmt == NULL)
		return NULL;
	db_bind_text(stmt, ":name", name);
	db_bind_int(stmt, ":since", since);
	return stmt;
}

bool timer_fire(struct store *store, gint64 ticket_id, const char *name,
                gint64 since, bool *ret_first, GError **error)
{
	static const char SQL_FIRE[] =
		"INSERT INTO timer_fired (ticket_id, name, since, fired)"
		" VALUES (:id, :name, :since, :fired)"
		" ON CONFLICT (ticket_id, name, since) DO NOTHING";
	struct db_stmt *stmt =
		prepare_fired(store, SQL_FIRE, ticket_id, name, since, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":fired", clock_now());
	if (!db_run(stmt, error))
		return false;
	*ret_first = db_changes(store->db) > 0;
	return true;
}

bool timer_fired(struct store *store, gint64 ticket_id, const char *name,
                 gint64 since, gint64 *ret_when, GError **error)
{
	static const char SQL_FIRED[] =
		"SELECT fired FROM timer_fired WHERE ticket_id = :id"
		" AND name = :name AND since = :since";
	gint64 when = 0;
	bool found = false;

	if (!row_fetch_int(prepare_fired(store, SQL_FIRED, ticket_id, name,
	                                 since, error),
	                   &when, &found, error))
		return false;
	*ret_when = found ? when : 0;
	return true;
}
