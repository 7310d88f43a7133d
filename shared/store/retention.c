/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * retention.c - counting and removing what is too old
 *
 * Foreign keys guard all of it: what something still names cannot go, even
 * if a table is added that this file does not know.
 */
#include "store/retention.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/row.h"
#include "store/search.h"
#include "store/store_private.h"

#define ID_SEQUENCE_BITS 21 /* base/ids.h: the rest is milliseconds */
#define SHA256_DIGITS    64

static const char *const names[RETENTION__COUNT] = {
	[RETENTION_RAW] = "raw",
	[RETENTION_ATTACHMENT] = "attachments",
	[RETENTION_TICKET] = "tickets",
	[RETENTION_HELD] = "held",
	[RETENTION_OUTBOX] = "outbox",
	[RETENTION_DELIVERY] = "deliveries",
	[RETENTION_BLOB] = "blobs",
	[RETENTION_FILE] = "files",
};

const char *retention_name(enum retention_what what)
{
	return (unsigned)what < RETENTION__COUNT ? names[what] : "";
}

/* --- rows ---------------------------------------------------------------------- */

#define OF_CLOSED                                                              \
	" JOIN ticket t ON t.id = m.ticket_id"                                 \
	" WHERE t.closed > 0 AND t.closed < :before AND t.department_id = :id"

#define OLD_RAW        " FROM message m" OF_CLOSED " AND m.raw IS NOT NULL"
#define OLD_ATTACHMENT " FROM attachment a JOIN message m"                     \
		       " ON m.id = a.message_id" OF_CLOSED
#define OLD_TICKET                                                             \
	" FROM ticket t WHERE t.closed > 0 AND t.closed < :before"             \
	" AND t.department_id = :id"
#define OLD_HELD                                                               \
	" FROM held h WHERE h.state <> 'waiting' AND h.decided < :before"
#define OLD_OUTBOX                                                             \
	" FROM outbox o WHERE o.state <> 'queued'"                             \
	" AND o.created < :before AND o.sent < :before"
#define OLD_DELIVERY " FROM delivery y WHERE y.id < :before_id"

/* Everything that can name a blob; a test holds it against the schema. */
#define UNNAMED                                                                \
	" NOT EXISTS (SELECT 1 FROM message WHERE raw = b.sha256)"             \
	" AND NOT EXISTS (SELECT 1 FROM attachment WHERE blob = b.sha256)"     \
	" AND NOT EXISTS (SELECT 1 FROM held WHERE raw = b.sha256)"            \
	" AND NOT EXISTS (SELECT 1 FROM held WHERE parsed = b.sha256)"         \
	" AND NOT EXISTS (SELECT 1 FROM outbox WHERE blob = b.sha256)"         \
	" AND NOT EXISTS (SELECT 1 FROM abuse_report WHERE raw = b.sha256)"    \
	" AND NOT EXISTS (SELECT 1 FROM mail_report WHERE raw = b.sha256)"

#define SIZE_OF(column)                                                        \
	"COALESCE(SUM((SELECT size FROM blob WHERE sha256 = " column ")), 0)"

static const struct {
	const char *measure; /* count and bytes */
	const char *remove;  /* returns the size of each row */
} statements[RETENTION__COUNT] = {
	[RETENTION_RAW] = {
		"SELECT COUNT(*), " SIZE_OF("m.raw") OLD_RAW,
		"UPDATE message SET raw = NULL WHERE id IN"
		" (SELECT m.id" OLD_RAW " LIMIT :limit) RETURNING 0",
	},
	[RETENTION_ATTACHMENT] = {
		"SELECT COUNT(*), COALESCE(SUM(a.size), 0)" OLD_ATTACHMENT,
		"DELETE FROM attachment WHERE id IN"
		" (SELECT a.id" OLD_ATTACHMENT " LIMIT :limit) RETURNING size",
	},
	[RETENTION_TICKET] = { "SELECT COUNT(*), 0" OLD_TICKET, NULL },
	[RETENTION_HELD] = {
		"SELECT COUNT(*), " SIZE_OF("h.raw") OLD_HELD,
		"DELETE FROM held WHERE id IN"
		" (SELECT h.id" OLD_HELD " LIMIT :limit) RETURNING 0",
	},
	[RETENTION_OUTBOX] = {
		"SELECT COUNT(*), " SIZE_OF("o.blob") OLD_OUTBOX,
		"DELETE FROM outbox WHERE id IN"
		" (SELECT o.id" OLD_OUTBOX " LIMIT :limit) RETURNING 0",
	},
	[RETENTION_DELIVERY] = {
		"SELECT COUNT(*), 0" OLD_DELIVERY,
		"DELETE FROM delivery WHERE id IN"
		" (SELECT y.id" OLD_DELIVERY " LIMIT :limit) RETURNING 0",
	},
	[RETENTION_BLOB] = {
		"SELECT COUNT(*), COALESCE(SUM(size), 0) FROM blob b"
		" WHERE b.created < :before AND" UNNAMED,
		NULL,
	},
};

static void bind_scope(struct db_stmt *stmt,
                       const struct retention_scope *scope)
{
	const struct {
		const char *name;
		gint64 value;
	} numbers[] = {
		{ ":id", scope->department_id },
		{ ":before", scope->before },
		{ ":before_id", MAX(scope->before, 0) << ID_SEQUENCE_BITS },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		if (db_has_parameter(stmt, numbers[i].name))
			db_bind_int(stmt, numbers[i].name, numbers[i].value);
	}
}

bool retention_measure(struct store *store, const struct retention_scope *scope,
                       struct retention_count *ret_count, GError **error)
{
	const char *sql = statements[scope->what].measure;
	AUTO(db_stmt) stmt = NULL;

	if (sql == NULL) {
		*ret_count = (struct retention_count){ 0 };
		return true;
	}
	stmt = db_prepare(store->db, sql, error);
	if (stmt == NULL)
		return false;
	bind_scope(stmt, scope);
	if (db_step(stmt, error) != DB_ROW)
		return false;
	ret_count->rows = db_column_int(stmt, 0);
	ret_count->bytes = db_column_int(stmt, 1);
	return true;
}

bool retention_remove(struct store *store, const struct retention_scope *scope,
                      unsigned limit, struct retention_count *ret_count,
                      GError **error)
{
	struct retention_count count = { 0 };
	AUTO(db_stmt)
	stmt = db_prepare(store->db, statements[scope->what].remove, error);
	enum db_row row;

	if (stmt == NULL)
		return false;
	bind_scope(stmt, scope);
	db_bind_int(stmt, ":limit", limit);
	while ((row = db_step(stmt, error)) == DB_ROW) {
		count.rows++;
		count.bytes += db_column_int(stmt, 0);
	}
	if (row != DB_DONE)
		return false;
	*ret_count = count;
	return true;
}

/* --- tickets -------------------------------------------------------------------- */

bool retention_next_ticket(struct store *store,
                           const struct retention_scope *scope, gint64 *ret_id,
                           char **ret_ref, GError **error)
{
	static const char SQL_NEXT_TICKET[] =
		"SELECT t.id, t.ref" OLD_TICKET " ORDER BY t.closed LIMIT 1";
	AUTO(db_stmt)
	stmt = db_prepare(store->db, SQL_NEXT_TICKET, error);
	enum db_row row;

	if (stmt == NULL)
		return false;
	bind_scope(stmt, scope);
	row = db_step(stmt, error);
	*ret_id = row == DB_ROW ? db_column_int(stmt, 0) : 0;
	*ret_ref = row == DB_ROW ? db_column_dup(stmt, 1) : NULL;
	return row == DB_ROW || row == DB_DONE;
}

/* In this order: each needs those behind it. Mail that waits is not sent any
 * more. A test holds the list against the schema. */
static const char *const ticket_parts[] = {
	"DELETE FROM abuse_reporter WHERE case_id IN"
	" (SELECT id FROM abuse_case WHERE ticket_id = :id)",
	"DELETE FROM abuse_report WHERE case_id IN"
	" (SELECT id FROM abuse_case WHERE ticket_id = :id)",
	"DELETE FROM abuse_case WHERE ticket_id = :id",
	"DELETE FROM ticket_suspect WHERE ticket_id = :id",
	"DELETE FROM survey WHERE ticket_id = :id",
	"DELETE FROM ticket_merge_message WHERE merge_id IN (SELECT id"
	" FROM ticket_merge WHERE source_id = :id OR target_id = :id)",
	"DELETE FROM ticket_merge_message WHERE message_id IN"
	" (SELECT id FROM message WHERE ticket_id = :id)",
	"DELETE FROM ticket_merge_participant WHERE merge_id IN (SELECT id"
	" FROM ticket_merge WHERE source_id = :id OR target_id = :id)",
	"DELETE FROM ticket_merge WHERE source_id = :id OR target_id = :id",
	"DELETE FROM ticket_link WHERE ticket_id = :id OR other_id = :id",
	"DELETE FROM ticket_past_department WHERE ticket_id = :id",
	"DELETE FROM copy_proposal WHERE ticket_id = :id",
	"UPDATE ticket SET merged_into = NULL WHERE merged_into = :id",
	"DELETE FROM ticket_timer WHERE ticket_id = :id",
	"DELETE FROM timer_fired WHERE ticket_id = :id",
	"DELETE FROM outbox WHERE ticket_id = :id OR message_id IN"
	" (SELECT id FROM message WHERE ticket_id = :id)",
	"DELETE FROM foreign_id WHERE ticket_id = :id",
	"DELETE FROM participant WHERE ticket_id = :id",
	"DELETE FROM attachment WHERE message_id IN"
	" (SELECT id FROM message WHERE ticket_id = :id)",
	"DELETE FROM message WHERE ticket_id = :id",
	"DELETE FROM ticket WHERE id = :id",
};

static bool unindex_entries(struct store *store, gint64 id, GError **error)
{
	static const char SQL_ENTRIES[] =
		"SELECT id FROM message WHERE ticket_id = :id";
	AUTO(db_stmt)
	stmt = row_prepare_id(store->db, SQL_ENTRIES, id, error);
	enum db_row row;

	if (stmt == NULL)
		return false;
	while ((row = db_step(stmt, error)) == DB_ROW) {
		if (!search_remove(store->db, db_column_int(stmt, 0), error))
			return false;
	}
	return row == DB_DONE && search_remove(store->db, id, error);
}

bool retention_remove_ticket(struct store *store, gint64 id, GError **error)
{
	if (!unindex_entries(store, id, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(ticket_parts); i++) {
		if (!row_run_id(store->db, ticket_parts[i], id, error))
			return false;
	}
	return true;
}

/* --- blobs ---------------------------------------------------------------------- */

static void free_string(void *text)
{
	g_free(text);
}

/* Of the next blobs those that nothing names; moves the cursor. */
static GPtrArray *find_unnamed(struct store *store,
                               const struct retention_scope *scope,
                               unsigned limit, struct retention_cursor *cursor,
                               bool *ret_more, GError **error)
{
	static const char SQL_BLOBS[] =
		"SELECT b.created, b.sha256,"
		" CASE WHEN" UNNAMED " THEN 1 ELSE 0 END FROM blob b"
		" WHERE b.created < :before"
		" AND (b.created, b.sha256) > (:created, :sha256)"
		" ORDER BY b.created, b.sha256 LIMIT :limit";
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(free_string);
	AUTO(db_stmt) stmt = db_prepare(store->db, SQL_BLOBS, error);
	unsigned seen = 0;
	enum db_row row;

	if (stmt == NULL)
		return NULL;
	bind_scope(stmt, scope);
	db_bind_int(stmt, ":created", cursor->created);
	db_bind_text(stmt, ":sha256", cursor->sha256);
	db_bind_int(stmt, ":limit", limit);
	while ((row = db_step(stmt, error)) == DB_ROW) {
		char *sha256 = db_column_dup(stmt, 1);

		seen++;
		cursor->created = db_column_int(stmt, 0);
		g_strlcpy(cursor->sha256, sha256, sizeof(cursor->sha256));
		if (db_column_int(stmt, 2) != 0)
			g_ptr_array_add(found, sha256);
		else
			g_free(sha256);
	}
	if (row != DB_DONE)
		return NULL;
	*ret_more = seen == limit;
	return g_steal_pointer(&found);
}

/* *ret_removed false if somebody names it by now. */
static bool remove_blob(struct store *store, const char *sha256,
                        struct retention_count *count, bool *ret_removed,
                        GError **error)
{
	static const char SQL_BLOB_DELETE[] =
		"DELETE FROM blob AS b WHERE b.sha256 = :sha256 AND" UNNAMED
		" RETURNING size";
	struct db_stmt *stmt = row_prepare_text(store->db, SQL_BLOB_DELETE,
	                                        ":sha256", sha256, error);
	gint64 size = 0;

	if (!row_fetch_int(stmt, &size, ret_removed, error))
		return false;
	count->rows += *ret_removed;
	count->bytes += size;
	return true;
}

/* Each in a savepoint: a table that is not known here keeps its blob. */
static bool remove_guarded(struct store *store, const char *sha256,
                           struct retention_count *count, bool *ret_removed,
                           GError **error)
{
	g_autoptr(GError) problem = NULL;

	*ret_removed = false;
	if (!store_savepoint(store, error))
		return false;
	if (remove_blob(store, sha256, count, ret_removed, &problem))
		return store_release(store, error);
	store_rollback_to(store);
	if (g_error_matches(problem, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* Leaves in `found` those that were removed. */
static bool remove_found(struct store *store, GPtrArray *found,
                         struct retention_count *count, GError **error)
{
	for (guint i = found->len; i > 0; i--) {
		bool removed = false;

		if (!remove_guarded(store, found->pdata[i - 1], count, &removed,
		                    error))
			return false;
		if (!removed)
			g_ptr_array_remove_index(found, i - 1);
	}
	return true;
}

static bool has_row(struct store *store, const char *sha256, bool *ret_has,
                    GError **error)
{
	static const char SQL_BLOB_HAS[] =
		"SELECT size FROM blob WHERE sha256 = :sha256";
	gint64 size;

	return row_fetch_int(row_prepare_text(store->db, SQL_BLOB_HAS,
	                                      ":sha256", sha256, error),
	                     &size, ret_has, error);
}

/* With the write lock: nobody can name it while we look. */
static bool unlink_unnamed(struct store *store, const char *sha256,
                           GError **error)
{
	g_autofree char *path = g_strdup_printf(
		"%s/%.2s/%s", store->config.blob_dir, sha256, sha256 + 2);
	bool has = false;

	if (!has_row(store, sha256, &has, error))
		return false;
	if (!has && unlink(path) != 0 && errno != ENOENT) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "%s",
		                path);
		return false;
	}
	return true;
}

static bool unlink_all(struct store *store, const GPtrArray *found,
                       GError **error)
{
	bool good = true;

	if (found->len == 0)
		return true;
	if (!store_begin(store, error))
		return false;
	for (guint i = 0; good && i < found->len; i++)
		good = unlink_unnamed(store, found->pdata[i], error);
	store_rollback(store);
	return good;
}

static bool remove_in_transaction(struct store *store, GPtrArray *found,
                                  struct retention_count *count, GError **error)
{
	if (found->len == 0)
		return true;
	if (!store_begin(store, error))
		return false;
	if (remove_found(store, found, count, error))
		return store_commit(store, error);
	store_rollback(store);
	return false;
}

bool retention_remove_blobs(struct store *store,
                            const struct retention_scope *scope, unsigned limit,
                            struct retention_cursor *cursor,
                            struct retention_count *ret_count, bool *ret_more,
                            GError **error)
{
	struct retention_count count = { 0 };
	bool more = false;
	g_autoptr(GPtrArray) found =
		find_unnamed(store, scope, limit, cursor, &more, error);

	if (found == NULL ||
	    !remove_in_transaction(store, found, &count, error) ||
	    !unlink_all(store, found, error))
		return false;
	*ret_count = count;
	*ret_more = more;
	return true;
}

/* --- files ---------------------------------------------------------------------- */

static bool is_old_file(const char *path, gint64 before, gint64 *ret_size)
{
	struct stat st;

	if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (gint64)st.st_mtime >= before / CLOCK_SECOND)
		return false;
	*ret_size = (gint64)st.st_size;
	return true;
}

/* A name that is no digest is a file that was being written. */
static bool sweep_file(struct store *store, const char *folder,
                       const char *name, gint64 before,
                       struct retention_count *count, GError **error)
{
	g_autofree char *path = g_strdup_printf(
		"%s/%s/%s", store->config.blob_dir, folder, name);
	g_autofree char *sha256 = g_strconcat(folder, name, NULL);
	bool has = false;
	gint64 size = 0;

	if (!is_old_file(path, before, &size))
		return true;
	if (strlen(sha256) == SHA256_DIGITS &&
	    !has_row(store, sha256, &has, error))
		return false;
	if (has || unlink(path) != 0)
		return true;
	count->rows++;
	count->bytes += size;
	return true;
}

static bool sweep(struct store *store, const char *folder, gint64 before,
                  struct retention_count *count, GError **error)
{
	g_autofree char *path =
		g_build_filename(store->config.blob_dir, folder, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		if (!sweep_file(store, folder, name, before, count, error))
			return false;
	}
	return true;
}

bool retention_sweep_folder(struct store *store, unsigned folder, gint64 before,
                            struct retention_count *ret_count, GError **error)
{
	g_autofree char *name = g_strdup_printf("%02x", folder % 256);
	struct retention_count count = { 0 };
	bool good;

	if (!store_begin(store, error))
		return false;
	good = sweep(store, name, before, &count, error);
	store_rollback(store);
	if (good)
		*ret_count = count;
	return good;
}
