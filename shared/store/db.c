/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db.c - statements, binding and transactions over a driver
 *
 * Mistakes that SQLite lets pass are errors here: a parameter that the
 * statement does not have or that nobody bound, a write outside a
 * transaction, a transaction inside another. They stem from code, never from
 * data, and are INTERNAL.
 */
#include "store/db.h"

#include <string.h>

#include "base/error.h"
#include "store/db_driver.h"

#define IDLE_MAX       128
#define SAVEPOINTS_MAX 32

struct db *db_open(const char *url, enum db_mode mode, guint64 busy_ms,
                   GError **error)
{
	struct db *db = g_new0(struct db, 1);

	db->driver = &db_driver_sqlite;
	db->mode = mode;
	db->url = g_strdup(url);
	db->idle = g_hash_table_new(g_str_hash, g_str_equal);
	db->busy = g_hash_table_new(NULL, NULL);
	g_queue_init(&db->idle_order);
	if (db->driver->open(db, url, mode, busy_ms, error))
		return db;
	db_close(db);
	return NULL;
}

static void stmt_destroy(struct db_stmt *stmt)
{
	stmt->db->driver->finalize(stmt);
	g_clear_error(&stmt->failure);
	g_free(stmt->bound);
	g_free(stmt->sql);
	g_free(stmt);
}

/* Takes the statement out of the idle ones. */
static void idle_remove(struct db_stmt *stmt)
{
	g_hash_table_remove(stmt->db->idle, stmt->sql);
	g_queue_unlink(&stmt->db->idle_order, &stmt->link);
}

static void idle_add(struct db_stmt *stmt)
{
	struct db *db = stmt->db;

	g_hash_table_insert(db->idle, stmt->sql, stmt);
	g_queue_push_tail_link(&db->idle_order, &stmt->link);
	if (db->idle_order.length > IDLE_MAX) {
		struct db_stmt *oldest = db->idle_order.head->data;

		idle_remove(oldest);
		stmt_destroy(oldest);
	}
}

static void statements_close(struct db *db)
{
	GHashTableIter i;
	gpointer stmt;

	g_hash_table_iter_init(&i, db->busy);
	while (g_hash_table_iter_next(&i, &stmt, NULL))
		stmt_destroy(stmt);
	g_hash_table_unref(db->busy);
	g_hash_table_unref(db->idle);
	for (GList *link = db->idle_order.head; link != NULL;) {
		struct db_stmt *idle = link->data;

		link = link->next;
		stmt_destroy(idle);
	}
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	statements_close(db);
	db->driver->close(db);
	g_free(db->begun_at);
	g_free(db->url);
	g_free(db);
}

bool db_is_stale(struct db *db)
{
	return db->driver->is_stale(db);
}

bool db_is_open(const struct db *db)
{
	return db->begun_at != NULL;
}

bool db_snapshot(struct db *db, const char *path, GError **error)
{
	return db->driver->snapshot(db, path, error);
}

bool db_scrub(struct db *db, GError **error)
{
	return db->driver->scrub(db, error);
}

bool db_check(struct db *db, GPtrArray *problems, GError **error)
{
	return db->driver->check(db, problems, error);
}

/* True if a transaction is open that the database has given up. */
static bool is_lost(struct db *db)
{
	return db->begun_at != NULL && !db->driver->in_transaction(db);
}

static bool refuse_lost(struct db *db, GError **error)
{
	if (!is_lost(db))
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
	            "%s: the database gave up the transaction begun at %s",
	            db->url, db->begun_at);
	return false;
}

bool db_exec(struct db *db, const char *sql, GError **error)
{
	return refuse_lost(db, error) && db->driver->exec(db, sql, error);
}

struct db_stmt *db_prepare(struct db *db, const char *sql, GError **error)
{
	struct db_stmt *stmt = g_hash_table_lookup(db->idle, sql);

	if (stmt != NULL) {
		idle_remove(stmt);
		g_hash_table_add(db->busy, stmt);
		return stmt;
	}
	stmt = g_new0(struct db_stmt, 1);
	stmt->db = db;
	stmt->sql = g_strdup(sql);
	stmt->link.data = stmt;
	if (!db->driver->prepare(stmt, error)) {
		stmt_destroy(stmt);
		return NULL;
	}
	stmt->parameters = db->driver->parameter_count(stmt);
	stmt->bound = g_new0(bool, stmt->parameters + 1);
	g_hash_table_add(db->busy, stmt);
	return stmt;
}

void db_finish(struct db_stmt *stmt)
{
	struct db *db;

	if (stmt == NULL)
		return;
	db = stmt->db;
	db->driver->reset(stmt);
	g_clear_error(&stmt->failure);
	memset(stmt->bound, 0, sizeof(bool) * (stmt->parameters + 1));
	stmt->state = DB_STMT_READY;
	g_hash_table_remove(db->busy, stmt);
	if (g_hash_table_contains(db->idle, stmt->sql))
		stmt_destroy(stmt); /* it was used inside itself */
	else
		idle_add(stmt);
}

static void stmt_fail(struct db_stmt *stmt, int code, const char *what,
                      const char *name)
{
	if (stmt->failure == NULL)
		stmt->failure =
			g_error_new(PORTARIA_ERROR, code, "%s %s in: %s", what,
		                    name, stmt->sql);
}

/* The parameter's place, or 0 with the failure noted. */
static int parameter_at(struct db_stmt *stmt, const char *name)
{
	int at = stmt->db->driver->parameter(stmt, name);

	if (stmt->state != DB_STMT_READY)
		stmt_fail(stmt, PORTARIA_ERROR_INTERNAL, "late bind of", name);
	else if (at <= 0)
		stmt_fail(stmt, PORTARIA_ERROR_INTERNAL, "no parameter", name);
	else
		stmt->bound[at - 1] = true;
	return stmt->failure == NULL ? at : 0;
}

static void note_bind(struct db_stmt *stmt, const char *name, bool good)
{
	if (!good)
		stmt_fail(stmt, PORTARIA_ERROR_LIMIT, "value too large for",
		          name);
}

void db_bind_int(struct db_stmt *stmt, const char *name, gint64 value)
{
	int at = parameter_at(stmt, name);

	if (at > 0)
		note_bind(stmt, name,
		          stmt->db->driver->bind_int(stmt, at, value));
}

void db_bind_null(struct db_stmt *stmt, const char *name)
{
	int at = parameter_at(stmt, name);

	if (at > 0)
		note_bind(stmt, name, stmt->db->driver->bind_null(stmt, at));
}

void db_bind_text(struct db_stmt *stmt, const char *name, const char *value)
{
	g_autofree char *valid = NULL;
	int at;

	if (value == NULL) {
		db_bind_null(stmt, name);
		return;
	}
	at = parameter_at(stmt, name);
	if (at <= 0)
		return;
	if (!g_utf8_validate(value, -1, NULL))
		value = valid = g_utf8_make_valid(value, -1);
	note_bind(stmt, name, stmt->db->driver->bind_text(stmt, at, value));
}

void db_bind_blob(struct db_stmt *stmt, const char *name, GBytes *value)
{
	int at;
	gsize len;
	const void *data;

	if (value == NULL) {
		db_bind_null(stmt, name);
		return;
	}
	at = parameter_at(stmt, name);
	if (at <= 0)
		return;
	data = g_bytes_get_data(value, &len);
	note_bind(stmt, name, stmt->db->driver->bind_blob(stmt, at, data, len));
}

bool db_has_parameter(struct db_stmt *stmt, const char *name)
{
	return stmt->db->driver->parameter(stmt, name) > 0;
}

/* What must hold before a statement may run. */
static bool check_ready(struct db_stmt *stmt, GError **error)
{
	struct db *db = stmt->db;

	for (unsigned i = 0; i < stmt->parameters; i++) {
		if (!stmt->bound[i])
			stmt_fail(stmt, PORTARIA_ERROR_INTERNAL,
			          "a parameter is", "not bound");
	}
	if (db->begun_at == NULL && db->driver->is_write(stmt))
		stmt_fail(stmt, PORTARIA_ERROR_INTERNAL, "a write",
		          "without transaction");
	if (stmt->failure != NULL) {
		g_propagate_error(error, g_error_copy(stmt->failure));
		return false;
	}
	return refuse_lost(db, error);
}

enum db_row db_step(struct db_stmt *stmt, GError **error)
{
	static const enum db_stmt_state states[] = {
		[DB_ROW] = DB_STMT_ROW,
		[DB_DONE] = DB_STMT_DONE,
		[DB_FAILED] = DB_STMT_FAILED,
	};
	enum db_row row;

	if (stmt->state == DB_STMT_DONE)
		return DB_DONE;
	if (stmt->state == DB_STMT_READY && !check_ready(stmt, error))
		return DB_FAILED;
	row = stmt->db->driver->step(stmt, error);
	stmt->state = states[row];
	return row;
}

bool db_run(struct db_stmt *stmt, GError **error)
{
	enum db_row row = db_step(stmt, error);

	if (row == DB_ROW)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
		            "a row came from: %s", stmt->sql);
	db_finish(stmt);
	return row == DB_DONE;
}

gint64 db_column_int(struct db_stmt *stmt, int at)
{
	return stmt->db->driver->column_int(stmt, at);
}

char *db_column_dup(struct db_stmt *stmt, int at)
{
	const char *text = stmt->db->driver->column_text(stmt, at);

	return g_strdup(text != NULL ? text : "");
}

GBytes *db_column_bytes(struct db_stmt *stmt, int at)
{
	const void *data;
	size_t len;

	if (db_column_is_null(stmt, at))
		return NULL;
	data = stmt->db->driver->column_blob(stmt, at, &len);
	return g_bytes_new(data, len);
}

bool db_column_is_null(struct db_stmt *stmt, int at)
{
	return stmt->db->driver->column_is_null(stmt, at);
}

gint64 db_changes(struct db *db)
{
	return db->driver->changes(db);
}

bool db_begin_at(struct db *db, const char *where, GError **error)
{
	if (db->begun_at != NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
		            "transaction at %s inside the one begun at %s",
		            where, db->begun_at);
		return false;
	}
	if (!db->driver->exec(db, db->driver->begin, error))
		return false;
	db->begun_at = g_strdup(where);
	db->savepoints = 0;
	return true;
}

static bool refuse_outside(struct db *db, const char *what, GError **error)
{
	if (db->begun_at != NULL)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
	            "%s without a transaction", what);
	return false;
}

/* An open savepoint means that somebody's work is half done. */
static bool refuse_savepoint(struct db *db, GError **error)
{
	if (db->savepoints == 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
	            "commit with an open savepoint; begun at %s", db->begun_at);
	return false;
}

bool db_commit(struct db *db, GError **error)
{
	if (!refuse_outside(db, "commit", error))
		return false;
	if (!refuse_savepoint(db, error) || !db_exec(db, "COMMIT", error)) {
		db_rollback(db);
		return false;
	}
	g_clear_pointer(&db->begun_at, g_free);
	return true;
}

void db_rollback(struct db *db)
{
	if (db->begun_at == NULL)
		return;
	/* Fails only where there is nothing to roll back any more. */
	if (db->driver->in_transaction(db))
		(void)!db->driver->exec(db, "ROLLBACK", NULL);
	g_clear_pointer(&db->begun_at, g_free);
	db->savepoints = 0;
}

/* verb and the name of the savepoint at this depth. */
static bool savepoint_exec(struct db *db, const char *verb, unsigned depth,
                           GError **error)
{
	g_autofree char *sql = g_strdup_printf("%s portaria_%u", verb, depth);

	return db_exec(db, sql, error);
}

bool db_savepoint(struct db *db, GError **error)
{
	if (!refuse_outside(db, "savepoint", error))
		return false;
	if (db->savepoints == SAVEPOINTS_MAX) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
		            "more than %d savepoints", SAVEPOINTS_MAX);
		return false;
	}
	if (!savepoint_exec(db, "SAVEPOINT", db->savepoints, error))
		return false;
	db->savepoints++;
	return true;
}

static bool refuse_no_savepoint(struct db *db, GError **error)
{
	if (db->savepoints > 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
	            "there is no savepoint");
	return false;
}

bool db_release(struct db *db, GError **error)
{
	if (!refuse_no_savepoint(db, error) ||
	    !savepoint_exec(db, "RELEASE SAVEPOINT", db->savepoints - 1, error))
		return false;
	db->savepoints--;
	return true;
}

void db_rollback_to(struct db *db)
{
	if (db->savepoints == 0)
		return;
	db->savepoints--;
	/* Fails only when the whole transaction is lost, which the next
	 * statement reports. */
	if (!is_lost(db) &&
	    savepoint_exec(db, "ROLLBACK TO SAVEPOINT", db->savepoints, NULL))
		(void)!savepoint_exec(db, "RELEASE SAVEPOINT", db->savepoints,
		                      NULL);
}
