/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abusecase.c - abuse cases and their evidence
 *
 * Everything that a further report touches is found by a key: the case, the
 * reporter's row, the new row of evidence. Nothing is counted over.
 */
#include "store/abusecase.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/row.h"
#include "store/store_private.h"

#define LIMIT_DEFAULT 100

static const char *const kind_names[] = {
	[ABUSE_SOURCE_IP] = "ip",
	[ABUSE_SOURCE_DOMAIN] = "domain",
	[ABUSE_SOURCE_REPORTER] = "reporter",
	[ABUSE_SOURCE_KIND__COUNT] = NULL,
};

const char *abuse_source_kind_name(enum abuse_source_kind kind)
{
	return kind_names[kind];
}

/* ---- cases ---- */

/* As read; the status is a word of ticket.c. */
struct case_row {
	struct abuse_case one;
	char *status_name;
};

#define CASE_FIELD(member, kind)                                               \
	{                                                                      \
		":" #member, (kind), offsetof(struct case_row, one.member),    \
			NULL                                                   \
	}

static const struct row_field case_fields[] = {
	CASE_FIELD(id, ROW_INT),
	CASE_FIELD(ticket_id, ROW_INT),
	CASE_FIELD(ref, ROW_TEXT),
	{ ":status", ROW_TEXT, offsetof(struct case_row, status_name), NULL },
	CASE_FIELD(department_id, ROW_INT),
	CASE_FIELD(source, ROW_TEXT),
	{ ":source_kind", ROW_NAME, offsetof(struct case_row, one.source_kind),
	  kind_names },
	CASE_FIELD(type, ROW_TEXT),
	CASE_FIELD(reports, ROW_INT),
	CASE_FIELD(reporters, ROW_INT),
	CASE_FIELD(first, ROW_INT),
	CASE_FIELD(last, ROW_INT),
};

#define SELECT_CASE                                                            \
	"SELECT c.id, c.ticket_id, t.ref, t.status, c.department_id,"          \
	" c.source, c.source_kind, c.type, c.reports, c.reporters, c.first,"   \
	" c.last FROM abuse_case c JOIN ticket t ON t.id = c.ticket_id"

static void case_destroy(void *one)
{
	abuse_case_free(one);
}

static const struct row_type case_type = {
	case_fields,
	G_N_ELEMENTS(case_fields),
	sizeof(struct case_row),
	case_destroy,
};

struct abuse_case *abuse_case_new(void)
{
	return row_new(&case_type);
}

void abuse_case_free(struct abuse_case *one)
{
	row_free(&case_type, one);
}

/* A word that ticket.c does not know stays open, which hides nothing. */
static struct abuse_case *with_status(void *row)
{
	struct case_row *one = row;

	if (one != NULL)
		ticket_status_parse(one->status_name, &one->one.status);
	return row;
}

static struct abuse_case *fetch_case(struct db_stmt *stmt, GError **error)
{
	return with_status(
		row_fetch(stmt, &case_type, error, "no such abuse case"));
}

struct abuse_case *abuse_case_find(struct store *store,
                                   const struct abuse_case *key, gint64 since,
                                   GError **error)
{
	static const char SQL_CASE_FIND[] =
		SELECT_CASE " WHERE c.source = :source AND c.type = :type"
			    " AND c.department_id = :department_id"
			    " AND c.last >= :since"
			    " ORDER BY c.last DESC, c.id DESC LIMIT 1";
	struct db_stmt *stmt = row_prepare_text(store->db, SQL_CASE_FIND,
	                                        ":source", key->source, error);

	if (stmt == NULL)
		return NULL;
	db_bind_text(stmt, ":type", key->type);
	db_bind_int(stmt, ":department_id", key->department_id);
	db_bind_int(stmt, ":since", since);
	return fetch_case(stmt, error);
}

struct abuse_case *abuse_case_of_ticket(struct store *store, gint64 ticket_id,
                                        GError **error)
{
	static const char SQL_CASE_OF_TICKET[] =
		SELECT_CASE " WHERE c.ticket_id = :id"
			    " ORDER BY c.id DESC LIMIT 1";

	return fetch_case(
		row_prepare_id(store->db, SQL_CASE_OF_TICKET, ticket_id, error),
		error);
}

struct abuse_case *abuse_case_get(struct store *store, gint64 id,
                                  GError **error)
{
	static const char SQL_CASE_GET[] = SELECT_CASE " WHERE c.id = :id";

	return fetch_case(row_prepare_id(store->db, SQL_CASE_GET, id, error),
	                  error);
}

bool abuse_case_insert(struct store *store, struct abuse_case *one,
                       GError **error)
{
	static const char SQL_CASE_INSERT[] =
		"INSERT INTO abuse_case (id, ticket_id, department_id, source,"
		" source_kind, type, reports, reporters, first, last)"
		" VALUES (:id, :ticket_id, :department_id, :source,"
		" :source_kind, :type, 0, 0, :now, :now)";
	struct db_stmt *stmt = db_prepare(store->db, SQL_CASE_INSERT, error);
	gint64 id = id_new();

	if (stmt == NULL)
		return false;
	row_bind(stmt, &case_type, one);
	db_bind_int(stmt, ":id", id);
	db_bind_int(stmt, ":now", clock_now());
	if (!db_run(stmt, error))
		return false;
	one->id = id;
	return true;
}

/* ---- reports ---- */

static const struct row_field report_fields[] = {
	ROW_FIELD(abuse_report, case_id, ROW_INT),
	ROW_FIELD(abuse_report, number, ROW_INT),
	ROW_FIELD(abuse_report, raw, ROW_TEXT),
	ROW_FIELD(abuse_report, reporter, ROW_TEXT),
	ROW_FIELD(abuse_report, address, ROW_TEXT),
	ROW_FIELD(abuse_report, format, ROW_TEXT),
	ROW_FIELD(abuse_report, type, ROW_TEXT),
	ROW_FIELD(abuse_report, source_ip, ROW_TEXT),
	ROW_FIELD(abuse_report, source_port, ROW_INT),
	ROW_FIELD(abuse_report, domain, ROW_TEXT),
	ROW_FIELD(abuse_report, urls, ROW_TEXT),
	ROW_FIELD(abuse_report, time, ROW_INT),
	ROW_FIELD(abuse_report, derived, ROW_U32),
	ROW_FIELD(abuse_report, report_id, ROW_TEXT),
	ROW_FIELD(abuse_report, message_id, ROW_TEXT),
	ROW_FIELD(abuse_report, subject, ROW_TEXT),
	ROW_FIELD(abuse_report, auth, ROW_TEXT),
	ROW_FIELD(abuse_report, client_ip, ROW_TEXT),
	ROW_FIELD(abuse_report, queue_id, ROW_TEXT),
	ROW_FIELD(abuse_report, created, ROW_INT),
};

#define REPORT_COLUMNS                                                         \
	"case_id, number, raw, reporter, address, format, type, source_ip,"    \
	" source_port, domain, urls, time, derived, report_id, message_id,"    \
	" subject, auth, client_ip, queue_id, created"

static void report_destroy(void *report)
{
	abuse_report_free(report);
}

static const struct row_type report_type = {
	report_fields,
	G_N_ELEMENTS(report_fields),
	sizeof(struct abuse_report),
	report_destroy,
};

struct abuse_report *abuse_report_new(void)
{
	return row_new(&report_type);
}

void abuse_report_free(struct abuse_report *report)
{
	row_free(&report_type, report);
}

/* The reporter's own count; 1 is somebody new. */
static bool count_reporter(struct store *store,
                           const struct abuse_report *report,
                           gint64 *ret_reports, GError **error)
{
	static const char SQL_REPORTER_COUNT[] =
		"INSERT INTO abuse_reporter"
		" (case_id, reporter, reports, first, last)"
		" VALUES (:case_id, :reporter, 1, :created, :created)"
		" ON CONFLICT (case_id, reporter) DO UPDATE SET"
		" reports = abuse_reporter.reports + 1, last = :created"
		" RETURNING reports";
	struct db_stmt *stmt = db_prepare(store->db, SQL_REPORTER_COUNT, error);
	bool found = false;

	if (stmt == NULL)
		return false;
	row_bind(stmt, &report_type, report);
	return row_fetch_int(stmt, ret_reports, &found, error);
}

/* The case's new count, which is the report's number. */
static bool count_report(struct store *store, const struct abuse_report *report,
                         gint64 new_reporters, gint64 *ret_number,
                         GError **error)
{
	static const char SQL_CASE_COUNT[] =
		"UPDATE abuse_case SET reports = reports + 1,"
		" reporters = reporters + :more, last = :created"
		" WHERE id = :case_id RETURNING reports";
	struct db_stmt *stmt = db_prepare(store->db, SQL_CASE_COUNT, error);
	bool found = false;

	if (stmt == NULL)
		return false;
	row_bind(stmt, &report_type, report);
	db_bind_int(stmt, ":more", new_reporters);
	if (!row_fetch_int(stmt, ret_number, &found, error))
		return false;
	if (!found)
		g_set_error_literal(error, PORTARIA_ERROR,
		                    PORTARIA_ERROR_NOT_FOUND,
		                    "no such abuse case");
	return found;
}

bool abuse_case_add(struct store *store, struct abuse_case *one,
                    struct abuse_report *report, GError **error)
{
	static const char SQL_REPORT_INSERT[] =
		"INSERT INTO abuse_report (" REPORT_COLUMNS ")"
		" VALUES (:case_id, :number, :raw, :reporter, :address,"
		" :format, :type, :source_ip, :source_port, :domain, :urls,"
		" :time, :derived, :report_id, :message_id, :subject, :auth,"
		" :client_ip, :queue_id, :created)";
	struct abuse_report row = *report;
	gint64 of_reporter = 0;

	row.case_id = one->id;
	row.created = row.created != 0 ? row.created : clock_now();
	if (!count_reporter(store, &row, &of_reporter, error) ||
	    !count_report(store, &row, of_reporter == 1, &row.number, error) ||
	    !row_run(store->db, SQL_REPORT_INSERT, &report_type, &row, error))
		return false;
	one->reports = row.number;
	one->reporters += of_reporter == 1;
	one->last = row.created;
	if (row.number == 1)
		one->first = row.created;
	report->case_id = row.case_id;
	report->number = row.number;
	report->created = row.created;
	return true;
}

struct abuse_report *abuse_report_get(struct store *store, gint64 case_id,
                                      gint64 number, GError **error)
{
	static const char SQL_REPORT_GET[] =
		"SELECT " REPORT_COLUMNS " FROM abuse_report"
		" WHERE case_id = :id AND number = :number";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_REPORT_GET, case_id, error);

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":number", number);
	return row_fetch(stmt, &report_type, error,
	                 "no report %" G_GINT64_FORMAT " in this case", number);
}

GPtrArray *abuse_report_list(struct store *store, gint64 case_id, gint64 from,
                             unsigned limit, GError **error)
{
	static const char SQL_REPORT_LIST[] =
		"SELECT " REPORT_COLUMNS " FROM abuse_report"
		" WHERE case_id = :id AND number >= :from"
		" ORDER BY number LIMIT :limit";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_REPORT_LIST, case_id, error);

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":from", from);
	db_bind_int(stmt, ":limit", limit > 0 ? limit : LIMIT_DEFAULT);
	return row_fetch_all(stmt, &report_type, error);
}

/* ---- reporters ---- */

static const struct row_field reporter_fields[] = {
	ROW_FIELD(abuse_reporter, reporter, ROW_TEXT),
	ROW_FIELD(abuse_reporter, reports, ROW_INT),
	ROW_FIELD(abuse_reporter, first, ROW_INT),
	ROW_FIELD(abuse_reporter, last, ROW_INT),
};

static void reporter_destroy(void *reporter)
{
	abuse_reporter_free(reporter);
}

static const struct row_type reporter_type = {
	reporter_fields,
	G_N_ELEMENTS(reporter_fields),
	sizeof(struct abuse_reporter),
	reporter_destroy,
};

void abuse_reporter_free(struct abuse_reporter *reporter)
{
	row_free(&reporter_type, reporter);
}

GPtrArray *abuse_reporter_list(struct store *store, gint64 case_id,
                               unsigned limit, GError **error)
{
	static const char SQL_REPORTER_LIST[] =
		"SELECT reporter, reports, first, last FROM abuse_reporter"
		" WHERE case_id = :id"
		" ORDER BY reports DESC, reporter LIMIT :limit";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_REPORTER_LIST, case_id, error);

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":limit", limit > 0 ? limit : LIMIT_DEFAULT);
	return row_fetch_all(stmt, &reporter_type, error);
}

/* ---- lists ---- */

/* Behind "WHERE 1 = 1"; all texts are constants. */
static char *filter_sql(const char *head, const struct abuse_filter *filter,
                        const char *tail)
{
	const struct {
		bool wanted;
		const char *clause;
	} clauses[] = {
		{ filter->since != 0, " AND c.last >= :since" },
		{ filter->type != NULL,
		  " AND (c.type = :type"
		  " OR c.type LIKE :type_class ESCAPE '!'"
		  " OR c.type LIKE :type_end ESCAPE '!')" },
		{ filter->source != NULL, " AND c.source = :source" },
		{ filter->customer_id != 0,
		  " AND EXISTS (SELECT 1 FROM ticket_suspect s"
		  " WHERE s.ticket_id = c.ticket_id"
		  " AND s.customer_id = :customer_id)" },
		{ filter->open, " AND t.status NOT IN ('resolved', 'closed')" },
	};
	GString *sql = g_string_new(head);

	g_string_append(sql, " WHERE 1 = 1");
	for (size_t i = 0; i < G_N_ELEMENTS(clauses); i++) {
		if (clauses[i].wanted)
			g_string_append(sql, clauses[i].clause);
	}
	g_string_append(sql, tail);
	return g_string_free(sql, FALSE);
}

/* What LIKE takes for itself stands for itself. */
static char *dup_like(const char *before, const char *word, const char *behind)
{
	GString *like = g_string_new(before);

	for (; *word != '\0'; word++) {
		if (*word == '%' || *word == '_' || *word == '!')
			g_string_append_c(like, '!');
		g_string_append_c(like, *word);
	}
	g_string_append(like, behind);
	return g_string_free(like, FALSE);
}

static void filter_bind(struct db_stmt *stmt, const struct abuse_filter *filter)
{
	if (filter->since != 0)
		db_bind_int(stmt, ":since", filter->since);
	if (filter->type != NULL) {
		g_autofree char *class = dup_like("", filter->type, "/%");
		g_autofree char *end = dup_like("%/", filter->type, "");

		db_bind_text(stmt, ":type", filter->type);
		db_bind_text(stmt, ":type_class", class);
		db_bind_text(stmt, ":type_end", end);
	}
	if (filter->source != NULL)
		db_bind_text(stmt, ":source", filter->source);
	if (filter->customer_id != 0)
		db_bind_int(stmt, ":customer_id", filter->customer_id);
	db_bind_int(stmt, ":limit",
	            filter->limit > 0 ? filter->limit : LIMIT_DEFAULT);
}

static GPtrArray *fetch_list(struct store *store, const char *sql,
                             const struct abuse_filter *filter,
                             const struct row_type *type, GError **error)
{
	struct db_stmt *stmt = db_prepare(store->db, sql, error);

	if (stmt == NULL)
		return NULL;
	filter_bind(stmt, filter);
	return row_fetch_all(stmt, type, error);
}

GPtrArray *abuse_case_list(struct store *store,
                           const struct abuse_filter *filter, GError **error)
{
	g_autofree char *sql =
		filter_sql(SELECT_CASE, filter,
	                   " ORDER BY c.last DESC, c.id DESC LIMIT :limit");
	GPtrArray *all = fetch_list(store, sql, filter, &case_type, error);

	for (guint i = 0; all != NULL && i < all->len; i++)
		with_status(all->pdata[i]);
	return all;
}

static const struct row_field source_fields[] = {
	ROW_FIELD(abuse_source, source, ROW_TEXT),
	ROW_FIELD_NAME(abuse_source, source_kind, kind_names),
	ROW_FIELD(abuse_source, reports, ROW_INT),
	ROW_FIELD(abuse_source, cases, ROW_INT),
	ROW_FIELD(abuse_source, first, ROW_INT),
	ROW_FIELD(abuse_source, last, ROW_INT),
};

static void source_destroy(void *source)
{
	abuse_source_free(source);
}

static const struct row_type source_type = {
	source_fields,
	G_N_ELEMENTS(source_fields),
	sizeof(struct abuse_source),
	source_destroy,
};

void abuse_source_free(struct abuse_source *source)
{
	row_free(&source_type, source);
}

GPtrArray *abuse_source_list(struct store *store,
                             const struct abuse_filter *filter, GError **error)
{
	g_autofree char *sql = filter_sql(
		"SELECT c.source, c.source_kind, SUM(c.reports), COUNT(*),"
		" MIN(c.first), MAX(c.last)"
		" FROM abuse_case c JOIN ticket t ON t.id = c.ticket_id",
		filter,
		" GROUP BY c.source, c.source_kind"
		" ORDER BY SUM(c.reports) DESC, c.source LIMIT :limit");

	return fetch_list(store, sql, filter, &source_type, error);
}
