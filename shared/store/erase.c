/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * erase.c - all that is kept about one person, and its end
 *
 * The table `erasure` holds what was found; each step below is one statement
 * over it. Order matters: the index must be told of a text while it is still
 * there, and a blob goes after all that named it.
 */
#include "store/erase.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "store/blob_private.h"
#include "store/row.h"
#include "store/search.h"
#include "store/store_private.h"

static const char *const kind_names[] = {
	[ERASE_ADDRESS] = "address", [ERASE_TICKET] = "ticket",
	[ERASE_MESSAGE] = "message", [ERASE_HELD] = "held",
	[ERASE_OUTBOX] = "outbox",   [ERASE_BLOB] = "blob",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_names) == ERASE_KIND__COUNT);

const char *erase_kind_name(enum erase_kind kind)
{
	return kind_names[kind];
}

/* --- statements over the scope --- */

#define IN(kind)     " IN (SELECT id FROM erasure WHERE kind = '" kind "')"
#define IN_ADDRESSES " IN (SELECT key FROM erasure WHERE kind = 'address')"
#define REPORTS                                                                \
	" FROM abuse_report WHERE address" IN_ADDRESSES                        \
	" OR case_id IN (SELECT id FROM abuse_case"                            \
	" WHERE ticket_id" IN("ticket") ")"
#define FILED " FROM mail_report WHERE address" IN_ADDRESSES
#define IN_REFS " IN (SELECT ref FROM ticket WHERE id" IN("ticket") ")"

/* Statements of the steps have :customer and :address, if at all. */

static const char *const scope_steps[] = {
	"DELETE FROM erasure",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT 'address', 0, address FROM contact"
	" WHERE customer_id = :customer",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT 'address', 0, :address WHERE :address <> ''"
	" ON CONFLICT (kind, id, key) DO NOTHING",
	/* Events may name them so. */
	"INSERT INTO erasure (kind, id, key)"
	" SELECT 'word', 0, name FROM customer"
	" WHERE id = :customer AND length(name) > 3"
	" UNION SELECT 'word', 0, code FROM customer"
	" WHERE id = :customer AND length(code) > 3"
	" UNION SELECT 'word', 0, domain FROM service"
	" WHERE customer_id = :customer AND length(domain) > 3",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT 'ticket', id, '' FROM ticket"
	" WHERE customer_id = :customer"
	/* Not what many others reported, too. */
	" OR (requester" IN_ADDRESSES
	" AND NOT EXISTS (SELECT 1 FROM abuse_case c"
	" WHERE c.ticket_id = ticket.id AND c.reporters > 1))"
	/* Reports about a domain of theirs are about them. */
	" OR id IN (SELECT ticket_id FROM abuse_case"
	" WHERE source_kind = 'domain' AND source IN"
	" (SELECT domain FROM service WHERE customer_id = :customer"
	" AND domain <> ''))",
	/* Events name people in their text. */
	"INSERT INTO erasure (kind, id, key)"
	" SELECT 'message', id, '' FROM message"
	" WHERE ticket_id" IN(
		"ticket") " OR address" IN_ADDRESSES
			  " OR (author = 'event' AND EXISTS (SELECT 1 FROM erasure"
			  " WHERE kind IN ('address', 'word')"
			  " AND text LIKE '%' || key || '%'))",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT 'held', id, '' FROM held"
	" WHERE address" IN_ADDRESSES " OR mail_from" IN_ADDRESSES
	" OR ticket" IN_REFS,
	"INSERT INTO erasure (kind, id, key)"
	" SELECT 'outbox', id, '' FROM outbox"
	" WHERE ticket_id" IN("ticket") " OR message_id" IN(
		"message") " OR recipient" IN_ADDRESSES,
};

/* After all outgoing mail is known. */
static const char *const blob_steps[] = {
	"INSERT INTO erasure (kind, id, key)"
	" SELECT DISTINCT 'blob', 0, raw FROM message"
	" WHERE raw IS NOT NULL AND id" IN(
		"message") " ON CONFLICT (kind, id, key) DO NOTHING",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT DISTINCT 'blob', 0, blob FROM attachment"
	" WHERE message_id" IN(
		"message") " ON CONFLICT (kind, id, key) DO NOTHING",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT DISTINCT 'blob', 0, raw FROM held"
	" WHERE raw IS NOT NULL AND id" IN(
		"held") " ON CONFLICT (kind, id, key) DO NOTHING",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT DISTINCT 'blob', 0, parsed FROM held"
	" WHERE parsed IS NOT NULL AND id" IN(
		"held") " ON CONFLICT (kind, id, key) DO NOTHING",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT DISTINCT 'blob', 0, raw" REPORTS
	" ON CONFLICT (kind, id, key) DO NOTHING",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT DISTINCT 'blob', 0, raw" FILED
	" ON CONFLICT (kind, id, key) DO NOTHING",
	"INSERT INTO erasure (kind, id, key)"
	" SELECT DISTINCT 'blob', 0, blob FROM outbox"
	" WHERE id" IN("outbox") " ON CONFLICT (kind, id, key) DO NOTHING",
};

/* Bytes that nothing names: of mail that was ignored, for instance. */
static const char orphan_step[] =
	"INSERT INTO erasure (kind, id, key)"
	" SELECT 'blob', 0, sha256 FROM blob b"
	" WHERE NOT EXISTS (SELECT 1 FROM message WHERE raw = b.sha256)"
	" AND NOT EXISTS (SELECT 1 FROM abuse_report"
	" WHERE raw = b.sha256)"
	" AND NOT EXISTS (SELECT 1 FROM mail_report"
	" WHERE raw = b.sha256)"
	" AND NOT EXISTS (SELECT 1 FROM attachment"
	" WHERE blob = b.sha256)"
	" AND NOT EXISTS (SELECT 1 FROM held WHERE raw = b.sha256)"
	" AND NOT EXISTS (SELECT 1 FROM held WHERE parsed = b.sha256)"
	" AND NOT EXISTS (SELECT 1 FROM outbox WHERE blob = b.sha256)"
	" ON CONFLICT (kind, id, key) DO NOTHING";

static const char *const wipe_steps[] = {
	/* What names others first. */
	"DELETE FROM attachment WHERE message_id" IN("message"),
	"DELETE FROM outbox WHERE id" IN("outbox"),
	"DELETE FROM undeliverable"
	" WHERE address" IN_ADDRESSES,
	"DELETE FROM copy_proposal"
	" WHERE ticket_id" IN("ticket") " OR address" IN_ADDRESSES
					" OR proposed_by" IN_ADDRESSES,
	"DELETE FROM ticket_merge_participant"
	" WHERE address" IN_ADDRESSES
	" OR merge_id IN (SELECT id FROM ticket_merge"
	" WHERE source_id" IN("ticket") " OR target_id" IN("ticket") ")",
	"DELETE FROM abuse_reporter WHERE reporter" IN_ADDRESSES
	" OR EXISTS (SELECT 1 FROM abuse_report r"
	" WHERE r.case_id = abuse_reporter.case_id"
	" AND r.reporter = abuse_reporter.reporter"
	" AND r.address" IN_ADDRESSES ")"
	" OR case_id IN (SELECT id FROM abuse_case"
	" WHERE ticket_id" IN("ticket") ")",
	"DELETE" REPORTS,
	"UPDATE abuse_case SET source = ''"
	" WHERE ticket_id" IN("ticket") " OR source" IN_ADDRESSES,
	"DELETE FROM ticket_suspect WHERE customer_id = :customer"
	" OR ticket_id" IN("ticket"),
	"DELETE" FILED,
	"DELETE FROM foreign_id WHERE ticket_id" IN("ticket"),
	"DELETE FROM foreign_id WHERE EXISTS (SELECT 1 FROM message m"
	" WHERE m.ticket_id = foreign_id.ticket_id"
	" AND m.message_id = foreign_id.message_id"
	" AND m.id" IN("message") ")",
	"DELETE FROM participant WHERE ticket_id" IN(
		"ticket") " OR address" IN_ADDRESSES,
	/* The keys are made of Message-IDs. */
	"DELETE FROM delivery WHERE EXISTS (SELECT 1 FROM ticket"
	" WHERE id" IN("ticket") " AND answer LIKE ref || '%')",
	"DELETE FROM delivery WHERE EXISTS (SELECT 1 FROM held"
	" WHERE id" IN("held") " AND (delivery.delivery_key = held.delivery_key"
			       " OR answer LIKE 'held ' || held.id || ' %'))",
	"UPDATE message SET subject = '', message_id = '',"
	" text = '', text_trimmed = '', html = '', raw = NULL,"
	" auth = '', client_ip = '', queue_id = '',"
	" address = CASE WHEN author = 'customer' OR address" IN_ADDRESSES
	" THEN '' ELSE address END,"
	" name = CASE WHEN author = 'customer' OR address" IN_ADDRESSES
	" THEN '' ELSE name END"
	" WHERE id" IN("message"),
	"UPDATE ticket SET subject = '', requester = '',"
	" service_id = NULL, version = version + 1"
	" WHERE id" IN("ticket"),
	"UPDATE ticket SET requester = '' WHERE requester" IN_ADDRESSES,
	"UPDATE ticket SET service_id = NULL WHERE service_id IN"
	" (SELECT id FROM service WHERE customer_id = :customer)",
	"UPDATE held SET address = '', recipient = '',"
	" mail_from = '', subject = '', message_id = '', reason = '',"
	" auth = '', client_ip = '', queue_id = '', raw = NULL,"
	" parsed = NULL, delivery_key = '', decided_by = '',"
	" state = CASE WHEN state = 'waiting' THEN 'discarded'"
	" ELSE state END"
	" WHERE id" IN("held"),
	"UPDATE survey SET address = ''"
	" WHERE ticket_id" IN("ticket") " OR address" IN_ADDRESSES,
	"DELETE FROM service_range WHERE service_id IN"
	" (SELECT id FROM service WHERE customer_id = :customer)",
	"DELETE FROM service WHERE customer_id = :customer",
	"DELETE FROM contact WHERE customer_id = :customer",
	"UPDATE customer SET code = '', name = 'erased',"
	" name_folded = 'erased', language = '', time_zone = '',"
	" active = 0"
	" WHERE id = :customer",
};

static bool run_step(struct store *store, const char *step,
                     const struct erase_person *person, GError **error)
{
	struct db_stmt *stmt = db_prepare(store->db, step, error);

	if (stmt == NULL)
		return false;
	if (db_has_parameter(stmt, ":customer"))
		db_bind_int(stmt, ":customer", person->customer_id);
	if (db_has_parameter(stmt, ":address"))
		db_bind_text(stmt, ":address",
		             person->address != NULL ? person->address : "");
	return db_run(stmt, error);
}

static bool run_steps(struct store *store, const char *const *steps,
                      size_t count, const struct erase_person *person,
                      GError **error)
{
	for (size_t i = 0; i < count; i++) {
		if (!run_step(store, steps[i], person, error))
			return false;
	}
	return true;
}

bool erase_begin(struct store *store, const struct erase_person *person,
                 GError **error)
{
	return run_steps(store, scope_steps, G_N_ELEMENTS(scope_steps), person,
	                 error);
}

bool erase_add_outbox(struct store *store, const char *header_id_start,
                      GError **error)
{
	static const char SQL_ADD_OUTBOX[] =
		"INSERT INTO erasure (kind, id, key)"
		" SELECT 'outbox', id, '' FROM outbox"
		" WHERE substr(header_id, 1, :length) = :start"
		" ON CONFLICT (kind, id, key) DO NOTHING";
	struct db_stmt *stmt = row_prepare_text(
		store->db, SQL_ADD_OUTBOX, ":start", header_id_start, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":length", (gint64)strlen(header_id_start));
	return db_run(stmt, error);
}

GPtrArray *erase_list(struct store *store, enum erase_kind kind, GError **error)
{
	static const char SQL_LIST[] =
		"SELECT CASE WHEN key <> '' THEN key"
		" ELSE CAST(id AS TEXT) END"
		" FROM erasure WHERE kind = :kind ORDER BY id, key";
	g_auto(GStrv) rows = NULL;
	GPtrArray *list;

	if (kind == ERASE_BLOB &&
	    !run_steps(store, blob_steps, G_N_ELEMENTS(blob_steps),
	               &(struct erase_person){ 0 }, error))
		return NULL;
	rows = row_fetch_strings(row_prepare_text(store->db, SQL_LIST, ":kind",
	                                          kind_names[kind], error),
	                         error);
	if (rows == NULL)
		return NULL;
	list = g_ptr_array_new_with_free_func(g_free);
	for (char **row = rows; *row != NULL; row++)
		g_ptr_array_add(list, g_strdup(*row));
	return list;
}

bool erase_is_known(struct store *store, const struct erase_person *person,
                    bool *ret_known, GError **error)
{
	/* A name alone is no trace: whoever is looked for has one here. */
	static const char SQL_KNOWN[] =
		"SELECT 1 FROM erasure WHERE kind NOT IN ('address', 'word')"
		" UNION ALL SELECT 1 FROM customer WHERE id = :customer"
		" UNION ALL SELECT 1 FROM participant"
		" WHERE address" IN_ADDRESSES
		" UNION ALL SELECT 1 FROM undeliverable"
		" WHERE address" IN_ADDRESSES
		" UNION ALL SELECT 1 FROM copy_proposal"
		" WHERE address" IN_ADDRESSES " OR proposed_by" IN_ADDRESSES
		" UNION ALL SELECT 1 FROM ticket_merge_participant"
		" WHERE address" IN_ADDRESSES
		" UNION ALL SELECT 1 FROM ticket"
		" WHERE requester" IN_ADDRESSES
		" UNION ALL SELECT 1 FROM survey WHERE address" IN_ADDRESSES
		" UNION ALL SELECT 1 FROM abuse_reporter"
		" WHERE reporter" IN_ADDRESSES
		" UNION ALL SELECT 1 FROM abuse_case"
		" WHERE source" IN_ADDRESSES " UNION ALL SELECT 1" REPORTS
		" UNION ALL SELECT 1" FILED " LIMIT 1";
	AUTO(db_stmt) stmt = db_prepare(store->db, SQL_KNOWN, error);
	enum db_row row;

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":customer", person->customer_id);
	row = db_step(stmt, error);
	if (row != DB_ROW && row != DB_DONE)
		return false;
	*ret_known = row == DB_ROW;
	return true;
}

GArray *erase_list_reports(struct store *store, GError **error)
{
	static const char SQL_REPORTS[] =
		"SELECT case_id, number" REPORTS " ORDER BY case_id, number";
	g_autoptr(GArray) all =
		g_array_new(false, false, sizeof(struct erase_report));
	AUTO(db_stmt) stmt = db_prepare(store->db, SQL_REPORTS, error);
	enum db_row row;

	if (stmt == NULL)
		return NULL;
	while ((row = db_step(stmt, error)) == DB_ROW) {
		const struct erase_report one = { db_column_int(stmt, 0),
			                          db_column_int(stmt, 1) };

		g_array_append_val(all, one);
	}
	return row == DB_DONE ? g_steal_pointer(&all) : NULL;
}

char **erase_list_filed(struct store *store, GError **error)
{
	static const char SQL_FILED[] =
		"SELECT CAST(id AS TEXT)" FILED " ORDER BY id";

	return row_fetch_strings(db_prepare(store->db, SQL_FILED, error),
	                         error);
}

/* --- the end of them --- */

/* Takes the documents of a kind out of the index, or puts them in again. */
static bool reindex(struct store *store, enum erase_kind kind,
                    bool (*work)(struct db *, gint64, GError **),
                    GError **error)
{
	g_autoptr(GPtrArray) ids = erase_list(store, kind, error);

	if (ids == NULL)
		return false;
	for (guint i = 0; i < ids->len; i++) {
		gint64 id = g_ascii_strtoll(ids->pdata[i], NULL, 10);

		if (!work(store->db, id, error))
			return false;
	}
	return true;
}

/* A blob that some other row names stays: the database knows all references.
 * *ret_gone false then. */
static bool drop_blob(struct store *store, const char *sha256, bool *ret_gone,
                      GError **error)
{
	static const char SQL_BLOB_DROP[] =
		"DELETE FROM blob WHERE sha256 = :sha256";
	GError *local = NULL;
	struct db_stmt *stmt;

	*ret_gone = false;
	if (!db_savepoint(store->db, error))
		return false;
	stmt = row_prepare_text(store->db, SQL_BLOB_DROP, ":sha256", sha256,
	                        &local);
	if (stmt != NULL && db_run(stmt, &local)) {
		*ret_gone = true;
		return db_release(store->db, error);
	}
	db_rollback_to(store->db);
	if (!g_error_matches(local, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT)) {
		g_propagate_error(error, local);
		return false;
	}
	g_clear_error(&local);
	return true;
}

static GPtrArray *drop_blobs(struct store *store, const GPtrArray *blobs,
                             GError **error)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < blobs->len; i++) {
		const char *sha256 = blobs->pdata[i];
		bool is_gone;

		if (!drop_blob(store, sha256, &is_gone, error))
			return NULL;
		if (is_gone)
			g_ptr_array_add(gone, g_strdup(sha256));
	}
	return g_steal_pointer(&gone);
}

static bool wipe(struct store *store, const struct erase_person *person,
                 GError **error)
{
	return reindex(store, ERASE_MESSAGE, search_remove, error) &&
	       reindex(store, ERASE_TICKET, search_remove, error) &&
	       run_steps(store, wipe_steps, G_N_ELEMENTS(wipe_steps), person,
	                 error) &&
	       reindex(store, ERASE_MESSAGE, search_add, error) &&
	       reindex(store, ERASE_TICKET, search_add, error) &&
	       search_compact(store->db, error);
}

bool erase_run(struct store *store, const struct erase_person *person,
               GPtrArray **ret_files, GError **error)
{
	static const char end[] = "DELETE FROM erasure";
	g_autoptr(GPtrArray) blobs = NULL;
	g_autoptr(GPtrArray) gone = NULL;

	if (!run_step(store, orphan_step, person, error))
		return false;
	blobs = erase_list(store, ERASE_BLOB, error);
	if (blobs == NULL || !wipe(store, person, error))
		return false;
	gone = drop_blobs(store, blobs, error);
	if (gone == NULL || !run_step(store, end, person, error))
		return false;
	*ret_files = g_steal_pointer(&gone);
	return true;
}

/* While the write lock is held nobody can begin to name the blob again. */
static bool remove_file(struct store *store, const char *sha256, GError **error)
{
	static const char SQL_BLOB_IS[] =
		"SELECT 1 FROM blob WHERE sha256 = :sha256";
	gint64 one;
	bool is_there;

	return row_fetch_int(row_prepare_text(store->db, SQL_BLOB_IS, ":sha256",
	                                      sha256, error),
	                     &one, &is_there, error) &&
	       (is_there || blob_unlink(&store->config, sha256, error));
}

bool erase_files(struct store *store, const GPtrArray *files, GError **error)
{
	for (guint i = 0; i < files->len; i++) {
		if (!store_begin(store, error))
			return false;
		if (!remove_file(store, files->pdata[i], error)) {
			store_rollback(store);
			return false;
		}
		if (!store_commit(store, error))
			return false;
	}
	return true;
}
