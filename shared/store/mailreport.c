/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mailreport.c - DMARC and TLS reports, filed without a ticket
 */
#include "store/mailreport.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/row.h"
#include "store/store_private.h"

#define LIMIT_DEFAULT 100

static const struct row_field report_fields[] = {
	ROW_FIELD(mail_report, id, ROW_INT),
	ROW_FIELD(mail_report, department_id, ROW_INT),
	ROW_FIELD(mail_report, kind, ROW_TEXT),
	ROW_FIELD(mail_report, reporter, ROW_TEXT),
	ROW_FIELD(mail_report, address, ROW_TEXT),
	ROW_FIELD(mail_report, domain, ROW_TEXT),
	ROW_FIELD(mail_report, period_begin, ROW_INT),
	ROW_FIELD(mail_report, period_end, ROW_INT),
	ROW_FIELD(mail_report, total, ROW_INT),
	ROW_FIELD(mail_report, failed, ROW_INT),
	ROW_FIELD(mail_report, source_ip, ROW_TEXT),
	ROW_FIELD(mail_report, report_id, ROW_TEXT),
	ROW_FIELD(mail_report, derived, ROW_U32),
	ROW_FIELD(mail_report, raw, ROW_TEXT),
	ROW_FIELD(mail_report, message_id, ROW_TEXT),
	ROW_FIELD(mail_report, subject, ROW_TEXT),
	ROW_FIELD(mail_report, auth, ROW_TEXT),
	ROW_FIELD(mail_report, created, ROW_INT),
};

#define REPORT_COLUMNS                                                         \
	"id, department_id, kind, reporter, address, domain, period_begin,"    \
	" period_end, total, failed, source_ip, report_id, derived, raw,"      \
	" message_id, subject, auth, created"

static void report_destroy(void *report)
{
	mail_report_free(report);
}

static const struct row_type report_type = {
	report_fields,
	G_N_ELEMENTS(report_fields),
	sizeof(struct mail_report),
	report_destroy,
};

struct mail_report *mail_report_new(void)
{
	return row_new(&report_type);
}

void mail_report_free(struct mail_report *report)
{
	row_free(&report_type, report);
}

bool mail_report_insert(struct store *store, struct mail_report *report,
                        GError **error)
{
	static const char SQL_REPORT_INSERT[] =
		"INSERT INTO mail_report (" REPORT_COLUMNS ")"
		" VALUES (:id, :department_id, :kind, :reporter, :address,"
		" :domain, :period_begin, :period_end, :total, :failed,"
		" :source_ip, :report_id, :derived, :raw, :message_id,"
		" :subject, :auth, :created)";
	struct mail_report row = *report;

	row.id = row.id != 0 ? row.id : id_new();
	row.created = row.created != 0 ? row.created : clock_now();
	if (!row_run(store->db, SQL_REPORT_INSERT, &report_type, &row, error))
		return false;
	report->id = row.id;
	report->created = row.created;
	return true;
}

struct mail_report *mail_report_get(struct store *store, gint64 id,
                                    GError **error)
{
	static const char SQL_REPORT_GET[] =
		"SELECT " REPORT_COLUMNS " FROM mail_report WHERE id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_REPORT_GET, id, error),
	                 &report_type, error, "no such report");
}

GPtrArray *mail_report_list(struct store *store, gint64 since, const char *kind,
                            const char *domain, unsigned limit, GError **error)
{
	static const char SQL_REPORT_LIST[] =
		"SELECT " REPORT_COLUMNS " FROM mail_report"
		" WHERE created >= :since AND (:kind = '' OR kind = :kind)"
		" AND (:domain = '' OR domain = :domain)"
		" ORDER BY created DESC, id DESC LIMIT :limit";
	struct db_stmt *stmt = db_prepare(store->db, SQL_REPORT_LIST, error);

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":since", since);
	db_bind_text(stmt, ":kind", kind != NULL ? kind : "");
	db_bind_text(stmt, ":domain", domain != NULL ? domain : "");
	db_bind_int(stmt, ":limit", limit > 0 ? limit : LIMIT_DEFAULT);
	return row_fetch_all(stmt, &report_type, error);
}
