/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/db.h - the driver seam under the store
 *
 * Private to shared/store. A statement is a constant text with named
 * parameters (":name"); binding an unknown name, stepping with a parameter
 * unbound, or text behind the statement is an error, not a surprise. SQL is
 * the portable subset of SQLite and PostgreSQL (DESIGN section 9). One struct
 * db is used by one thread at a time.
 */
#ifndef PORTARIA_STORE_DB_H
#define PORTARIA_STORE_DB_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

enum db_mode { DB_READ, DB_WRITE, DB_CREATE };
enum db_row { DB_ROW, DB_DONE, DB_FAILED };

struct db;
struct db_stmt;

/* What a database system must offer; every member is set. */
struct db_driver {
	const char *name;  /* "sqlite" */
	const char *begin; /* starts a transaction that may write */
	bool (*open)(struct db *db, const char *url, enum db_mode mode,
		     guint64 busy_ms, GError **error);
	void (*close)(struct db *db);
	bool (*exec)(struct db *db, const char *sql, GError **error);
	bool (*prepare)(struct db_stmt *stmt, GError **error);
	void (*finalize)(struct db_stmt *stmt);
	int (*parameter)(struct db_stmt *stmt, const char *name);
	unsigned (*parameter_count)(struct db_stmt *stmt);
	bool (*bind_int)(struct db_stmt *stmt, int at, gint64 value);
	bool (*bind_text)(struct db_stmt *stmt, int at, const char *value);
	bool (*bind_blob)(struct db_stmt *stmt, int at, const void *data,
			  size_t len);
	bool (*bind_null)(struct db_stmt *stmt, int at);
	enum db_row (*step)(struct db_stmt *stmt, GError **error);
	gint64 (*column_int)(struct db_stmt *stmt, int at);
	const char *(*column_text)(struct db_stmt *stmt, int at);
	const void *(*column_blob)(struct db_stmt *stmt, int at,
				   size_t *ret_len);
	bool (*column_is_null)(struct db_stmt *stmt, int at);
	void (*reset)(struct db_stmt *stmt);
	gint64 (*changes)(struct db *db);
	/* True if the statement may change the database. */
	bool (*is_write)(struct db_stmt *stmt);
	/* False if the database has rolled the transaction back by itself. */
	bool (*in_transaction)(struct db *db);
	/* True if the url leads to another database by now, or to none. */
	bool (*is_stale)(struct db *db);
	bool (*has_table)(struct db *db, const char *name, bool *ret,
			  GError **error);
	/* Marks the file itself with the schema's version. */
	bool (*mark_version)(struct db *db, int version, GError **error);
	/* Writes a consistent copy; `path` must not exist. */
	bool (*snapshot)(struct db *db, const char *path, GError **error);
	/* Leaves no trace of what was deleted in the database's files. */
	bool (*scrub)(struct db *db, GError **error);
	/* Adds a line of text for every damage found. */
	bool (*check)(struct db *db, GPtrArray *problems, GError **error);
};

/*
 * url: a path (SQLite). DB_CREATE makes the file if there is none. Errors,
 * here and in all that follows: TEMPORARY (busy, I/O, full, damaged: our
 * trouble, which a sender's queue can outlast), DENIED (file mode), CONFLICT
 * (a key that exists, a row that others need), LIMIT (a value too large),
 * NOT_FOUND (no file), INTERNAL (a statement that cannot be right).
 */
struct db *db_open(const char *url, enum db_mode mode, guint64 busy_ms,
		   GError **error) NODISCARD;
/* Statements that were not finished are finalised; NULL is fine. */
void db_close(struct db *db);
/* The connection leads to a file that was moved away or replaced. */
bool db_is_stale(struct db *db);
/* A transaction is open. */
bool db_is_open(const struct db *db);
/* See struct db_driver. */
bool db_snapshot(struct db *db, const char *path, GError **error) NODISCARD;
bool db_scrub(struct db *db, GError **error) NODISCARD; /* no transaction */
bool db_check(struct db *db, GPtrArray *problems, GError **error) NODISCARD;

/* Any number of statements without parameters and results. */
bool db_exec(struct db *db, const char *sql, GError **error) NODISCARD;

/* Cached by text and handed out again after db_finish. */
struct db_stmt *db_prepare(struct db *db, const char *sql, GError **error)
	NODISCARD;

/* A failed bind is remembered and reported by the first db_step. NULL text
 * binds NULL; bytes that are not UTF-8 become U+FFFD. Data is copied. */
void db_bind_int(struct db_stmt *stmt, const char *name, gint64 value);
void db_bind_text(struct db_stmt *stmt, const char *name, const char *value);
void db_bind_blob(struct db_stmt *stmt, const char *name, GBytes *value);
void db_bind_null(struct db_stmt *stmt, const char *name);

bool db_has_parameter(struct db_stmt *stmt, const char *name);

/* A statement that writes needs a transaction (else INTERNAL). */
enum db_row db_step(struct db_stmt *stmt, GError **error);
/* Steps a statement that returns no rows and finishes it. */
bool db_run(struct db_stmt *stmt, GError **error) NODISCARD;

gint64 db_column_int(struct db_stmt *stmt, int at);
/* "" for NULL; owned by the caller. */
char *db_column_dup(struct db_stmt *stmt, int at);
GBytes *db_column_bytes(struct db_stmt *stmt, int at); /* NULL for NULL */
bool db_column_is_null(struct db_stmt *stmt, int at);
gint64 db_changes(struct db *db);

/* Resets and gives back to the cache; NULL is fine. */
void db_finish(struct db_stmt *stmt);
static inline void db_stmt_free(struct db_stmt *stmt)
{
	db_finish(stmt);
}
DEFINE_AUTO(db_stmt)

/*
 * Transactions. db_begin takes the write lock at once (BEGIN IMMEDIATE); a
 * second db_begin is INTERNAL and names the place of the first. A commit that
 * fails has rolled back. After the database gave a transaction up by itself
 * (disk full, for one) every statement fails until db_rollback.
 */
bool db_begin_at(struct db *db, const char *where, GError **error) NODISCARD;
#define db_begin(db, error) db_begin_at((db), G_STRLOC, (error))
bool db_commit(struct db *db, GError **error) NODISCARD;
void db_rollback(struct db *db);
bool db_savepoint(struct db *db, GError **error) NODISCARD; /* nests */
bool db_release(struct db *db, GError **error) NODISCARD;
void db_rollback_to(struct db *db);

#endif
