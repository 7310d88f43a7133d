/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticket.c - tickets (chamados)
 */
#include "store/ticket.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/row.h"
#include "store/search.h"
#include "store/store_private.h"

/* Of 2^30 refs; so many misses in a row mean something else is wrong. */
#define REF_TRIES     20
#define LIMIT_DEFAULT 100
#define MERGES_MAX    64

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

static const char *const priority_names[] = {
	[TICKET_LOW] = "low",
	[TICKET_MEDIUM] = "medium",
	[TICKET_HIGH] = "high",
	[TICKET_PRIORITY__COUNT] = NULL,
};

static const struct row_field ticket_fields[] = {
	ROW_FIELD(ticket, id, ROW_INT),
	ROW_FIELD(ticket, ref, ROW_TEXT),
	ROW_FIELD(ticket, department_id, ROW_INT),
	ROW_FIELD(ticket, department, ROW_TEXT),
	ROW_FIELD(ticket, customer_id, ROW_REF),
	ROW_FIELD(ticket, customer, ROW_TEXT),
	ROW_FIELD(ticket, requester, ROW_TEXT),
	ROW_FIELD(ticket, subject, ROW_TEXT),
	ROW_FIELD_NAME(ticket, status, status_names),
	ROW_FIELD_NAME(ticket, priority, priority_names),
	ROW_FIELD(ticket, service_id, ROW_REF),
	ROW_FIELD(ticket, assignee, ROW_REF),
	ROW_FIELD(ticket, created, ROW_INT),
	ROW_FIELD(ticket, updated, ROW_INT),
	ROW_FIELD(ticket, closed, ROW_INT),
	ROW_FIELD(ticket, version, ROW_INT),
	ROW_FIELD(ticket, resolved, ROW_INT),
	ROW_FIELD(ticket, merged_into, ROW_REF),
};

#define SELECT_TICKET                                                          \
	"SELECT t.id, t.ref, t.department_id, d.name, t.customer_id, u.name,"  \
	" t.requester, t.subject, t.status, t.priority, t.service_id,"         \
	" t.assignee, t.created, t.updated, t.closed, t.version,"              \
	" t.resolved, t.merged_into"                                           \
	" FROM ticket t"                                                       \
	" JOIN department d ON d.id = t.department_id"                         \
	" LEFT JOIN customer u ON u.id = t.customer_id"

static void ticket_destroy(void *ticket)
{
	ticket_free(ticket);
}

static const struct row_type ticket_type = {
	ticket_fields,
	G_N_ELEMENTS(ticket_fields),
	sizeof(struct ticket),
	ticket_destroy,
};

const char *ticket_status_name(enum ticket_status status)
{
	return status_names[status];
}

bool ticket_status_parse(const char *name, enum ticket_status *ret)
{
	int found = row_name_find(status_names, name);

	if (found >= 0)
		*ret = (enum ticket_status)found;
	return found >= 0;
}

const char *ticket_priority_name(enum ticket_priority priority)
{
	return priority_names[priority];
}

bool ticket_priority_parse(const char *name, enum ticket_priority *ret)
{
	int found = row_name_find(priority_names, name);

	if (found >= 0)
		*ret = (enum ticket_priority)found;
	return found >= 0;
}

struct ticket *ticket_new(void)
{
	struct ticket *ticket = row_new(&ticket_type);

	ticket->status = TICKET_OPEN;
	ticket->priority = TICKET_MEDIUM;
	return ticket;
}

void ticket_free(struct ticket *ticket)
{
	row_free(&ticket_type, ticket);
}

/* Tries one ref; *ret_free false if somebody has it. */
static bool try_ref(struct store *store, const struct ticket *row,
                    bool *ret_free, GError **error)
{
	static const char SQL_TICKET_INSERT[] =
		"INSERT INTO ticket (id, ref, department_id, customer_id,"
		" requester, subject, status, priority, service_id, assignee,"
		" created, updated, closed, version, resolved)"
		" VALUES (:id, :ref, :department_id, :customer_id,"
		" :requester, :subject, :status, :priority, :service_id,"
		" :assignee, :created, :updated, :closed, :version,"
		" :resolved)"
		" ON CONFLICT (ref) DO NOTHING";

	if (!row_run(store->db, SQL_TICKET_INSERT, &ticket_type, row, error))
		return false;
	*ret_free = db_changes(store->db) > 0;
	return true;
}

/* The ref it got, owned by the caller. */
static char *insert_with_ref(struct store *store, const char *prefix,
                             const struct ticket *ticket, GError **error)
{
	struct ticket row = *ticket;

	for (unsigned i = 0; i < REF_TRIES; i++) {
		g_autofree char *ref = ref_new(prefix);
		bool is_free = false;

		row.ref = ref;
		if (!try_ref(store, &row, &is_free, error))
			return NULL;
		if (is_free)
			return g_steal_pointer(&ref);
	}
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
	            "no free ref of the prefix %s", prefix);
	return NULL;
}

bool ticket_insert(struct store *store, const char *prefix,
                   struct ticket *ticket, GError **error)
{
	struct ticket row = *ticket;
	g_autofree char *ref = NULL;

	if (!ref_prefix_is_valid(prefix)) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "\"%s\" cannot be a prefix of refs", prefix);
		return false;
	}
	row.id = id_new();
	row.created = row.created != 0 ? row.created : clock_now();
	row.updated = row.created;
	row.version = 1;
	ref = insert_with_ref(store, prefix, &row, error);
	if (ref == NULL || !search_add(store->db, row.id, error))
		return false;
	g_free(ticket->ref);
	*ticket = row;
	ticket->ref = g_steal_pointer(&ref);
	return true;
}

static bool refuse_moved_on(const struct ticket *now, gint64 version,
                            GError **error)
{
	if (now->version == version)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "somebody changed ticket %s meanwhile", now->ref);
	return false;
}

static bool update_row(struct store *store, const struct ticket *row,
                       GError **error)
{
	static const char SQL_TICKET_UPDATE[] =
		"UPDATE ticket SET department_id = :department_id,"
		" subject = :subject, status = :status,"
		" priority = :priority, service_id = :service_id,"
		" assignee = :assignee, updated = :updated,"
		" closed = :closed, resolved = :resolved,"
		" version = version + 1"
		" WHERE id = :id AND version = :version";

	if (!row_run(store->db, SQL_TICKET_UPDATE, &ticket_type, row, error))
		return false;
	if (db_changes(store->db) > 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "somebody changed ticket %s meanwhile", row->ref);
	return false;
}

/* The index must be told while the old subject is still there. */
static bool update_indexed(struct store *store, const struct ticket *row,
                           GError **error)
{
	return search_remove(store->db, row->id, error) &&
	       update_row(store, row, error) &&
	       search_add(store->db, row->id, error);
}

bool ticket_update(struct store *store, struct ticket *ticket, GError **error)
{
	AUTO(ticket) now = ticket_get(store, ticket->id, error);
	struct ticket row = *ticket;
	bool good;

	if (now == NULL || !refuse_moved_on(now, ticket->version, error))
		return false;
	row.updated = MAX(clock_now(), now->updated);
	good = g_strcmp0(now->subject, row.subject) == 0
	               ? update_row(store, &row, error)
	               : update_indexed(store, &row, error);
	if (!good)
		return false;
	ticket->updated = row.updated;
	ticket->version++;
	return true;
}

struct ticket *ticket_get(struct store *store, gint64 id, GError **error)
{
	static const char SQL_TICKET_GET[] = SELECT_TICKET " WHERE t.id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_TICKET_GET, id, error),
	                 &ticket_type, error, "no such ticket");
}

struct ticket *ticket_by_ref(struct store *store, const char *ref,
                             GError **error)
{
	static const char SQL_TICKET_BY_REF[] =
		SELECT_TICKET " WHERE t.ref = :ref";

	return row_fetch(row_prepare_text(store->db, SQL_TICKET_BY_REF, ":ref",
	                                  ref, error),
	                 &ticket_type, error, "no ticket %s", ref);
}

struct ticket *ticket_follow(struct store *store, struct ticket *ticket,
                             GError **error)
{
	for (unsigned i = 0; ticket != NULL && ticket->merged_into != 0; i++) {
		gint64 next = ticket->merged_into;

		ticket_free(ticket);
		if (i == MERGES_MAX) {
			g_set_error(error, PORTARIA_ERROR,
			            PORTARIA_ERROR_LIMIT,
			            "more than %d merges in a row", MERGES_MAX);
			return NULL;
		}
		ticket = ticket_get(store, next, error);
	}
	return ticket;
}

/* Only the conditions that hold are in the statement, so that the database
 * can choose an index; all texts are constants. */
static char *list_sql(const struct ticket_filter *filter, char **words)
{
	const struct {
		bool wanted;
		const char *clause;
	} clauses[] = {
		{ filter->department != NULL, " AND d.name = :department" },
		{ filter->status >= 0, " AND t.status = :status" },
		{ filter->priority >= 0, " AND t.priority = :priority" },
		{ filter->assignee != 0, " AND t.assignee = :assignee" },
		{ filter->customer_id != 0,
		  " AND t.customer_id = :customer_id" },
		{ filter->since != 0, " AND t.updated >= :since" },
		{ filter->until != 0, " AND t.updated < :until" },
		{ filter->overdue != 0,
		  " AND t.id IN (SELECT ticket_id FROM ticket_timer"
		  " WHERE due > 0 AND due < :overdue)" },
		{ filter->status < 0 && !filter->include_closed,
		  " AND t.status <> 'closed'" },
	};
	GString *sql = g_string_new(SELECT_TICKET " WHERE 1 = 1");

	for (size_t i = 0; i < G_N_ELEMENTS(clauses); i++) {
		if (clauses[i].wanted)
			g_string_append(sql, clauses[i].clause);
	}
	for (unsigned i = 0; words != NULL && words[i] != NULL; i++)
		g_string_append(sql, search_clause(i));
	g_string_append(sql, " ORDER BY t.updated DESC, t.id DESC"
	                     " LIMIT :limit");
	return g_string_free(sql, FALSE);
}

static const char *name_at(const char *const *names, int at, int count)
{
	return at >= 0 && at < count ? names[at] : NULL;
}

static void list_bind(struct db_stmt *stmt, const struct ticket_filter *filter)
{
	const struct {
		const char *name;
		gint64 value;
	} numbers[] = {
		{ ":assignee", filter->assignee },
		{ ":customer_id", filter->customer_id },
		{ ":since", filter->since },
		{ ":until", filter->until },
		{ ":overdue", filter->overdue },
		{ ":limit", filter->limit > 0 ? filter->limit : LIMIT_DEFAULT },
	};
	const struct {
		const char *name;
		const char *value;
	} texts[] = {
		{ ":department", filter->department },
		{ ":status",
		  name_at(status_names, filter->status, TICKET_STATUS__COUNT) },
		{ ":priority", name_at(priority_names, filter->priority,
		                       TICKET_PRIORITY__COUNT) },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		if (db_has_parameter(stmt, numbers[i].name))
			db_bind_int(stmt, numbers[i].name, numbers[i].value);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (db_has_parameter(stmt, texts[i].name))
			db_bind_text(stmt, texts[i].name, texts[i].value);
	}
}

GPtrArray *ticket_list(struct store *store, const struct ticket_filter *filter,
                       GError **error)
{
	g_auto(GStrv) words = NULL;
	g_autofree char *sql = NULL;
	struct db_stmt *stmt;

	if (filter->search != NULL && *filter->search != '\0') {
		words = search_words(filter->search, error);
		if (words == NULL)
			return NULL;
		if (words[0] == NULL) /* nothing that could be found */
			return g_ptr_array_new_with_free_func(ticket_destroy);
	}
	sql = list_sql(filter, words);
	stmt = db_prepare(store->db, sql, error);
	if (stmt == NULL)
		return NULL;
	list_bind(stmt, filter);
	if (words != NULL)
		search_bind(stmt, words);
	return row_fetch_all(stmt, &ticket_type, error);
}
