/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db_sqlite.c - SQLite under db.h
 *
 * WAL with synchronous=FULL: a commit is on disk when it returns, readers
 * never wait. A connection is used by one thread at a time, so SQLite's own
 * mutexes are off. The file is made by us with mode 0640; SQLite gives -wal
 * and -shm the mode and, for root, the owner of the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/db_driver.h"

#define FILE_MODE     0640
#define PROBLEMS_MAX  100
#define BUSY_MS_MAX   G_MAXINT
#define STATEMENT_MAX (64 * 1024)

/* Of a connection: the WAL is cut back to 64 MiB after a large batch. */
static const char SQL_SETTINGS[] = "PRAGMA foreign_keys = ON;"
				   "PRAGMA synchronous = FULL;"
				   "PRAGMA trusted_schema = OFF;"
				   "PRAGMA journal_size_limit = 67108864;"
				   "PRAGMA cache_size = -8192;";

static sqlite3 *handle_of(const struct db *db)
{
	return db->handle;
}

/* What an error of the operating system under SQLITE_CANTOPEN means. */
static int code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return PORTARIA_ERROR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return PORTARIA_ERROR_DENIED;
	default:
		return PORTARIA_ERROR_TEMPORARY;
	}
}

/*
 * What a result code means. Those not listed count as temporary: I/O, busy,
 * full, out of memory, and also damage inside, since a restored file cures it while
 * the sender's queue keeps the mail.
 */
static int code_of_result(int result)
{
	static const struct {
		int result;
		int code;
	} table[] = {
		{ SQLITE_CONSTRAINT_UNIQUE, PORTARIA_ERROR_CONFLICT },
		{ SQLITE_CONSTRAINT_PRIMARYKEY, PORTARIA_ERROR_CONFLICT },
		{ SQLITE_CONSTRAINT_FOREIGNKEY, PORTARIA_ERROR_CONFLICT },
		{ SQLITE_CONSTRAINT, PORTARIA_ERROR_INTERNAL },
		{ SQLITE_TOOBIG, PORTARIA_ERROR_LIMIT },
		{ SQLITE_READONLY, PORTARIA_ERROR_DENIED },
		{ SQLITE_PERM, PORTARIA_ERROR_DENIED },
		{ SQLITE_AUTH, PORTARIA_ERROR_DENIED },
		{ SQLITE_ERROR, PORTARIA_ERROR_INTERNAL },
		{ SQLITE_MISUSE, PORTARIA_ERROR_INTERNAL },
		{ SQLITE_RANGE, PORTARIA_ERROR_INTERNAL },
		/* Another kind of file: the path is wrong. */
		{ SQLITE_NOTADB, PORTARIA_ERROR_CONFIG },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (result == table[i].result)
			return table[i].code;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if ((result & 0xff) == table[i].result)
			return table[i].code;
	}
	return PORTARIA_ERROR_TEMPORARY;
}

/* sql may be NULL; it is named only where it is to blame. */
static bool fail(struct db *db, int result, const char *sql, GError **error)
{
	sqlite3 *sqlite = handle_of(db);
	int code = code_of_result(result);

	if (code == PORTARIA_ERROR_INTERNAL && sql != NULL)
		g_set_error(error, PORTARIA_ERROR, code, "%s: %s in: %s",
		            db->url, sqlite3_errmsg(sqlite), sql);
	else
		g_set_error(error, PORTARIA_ERROR, code, "%s: %s (%d)", db->url,
		            sqlite3_errmsg(sqlite), result);
	return false;
}

static bool fail_open(struct db *db, int result, GError **error)
{
	sqlite3 *sqlite = handle_of(db);
	int errnum = sqlite != NULL ? sqlite3_system_errno(sqlite) : ENOMEM;

	if (sqlite == NULL ||
	    ((result & 0xff) == SQLITE_CANTOPEN && errnum != 0)) {
		error_set_errno(error, code_of_errno(errnum), errnum, "%s",
		                db->url);
		return false;
	}
	return fail(db, result, NULL, error);
}

static bool driver_exec(struct db *db, const char *sql, GError **error)
{
	int result = sqlite3_exec(handle_of(db), sql, NULL, NULL, NULL);

	return result == SQLITE_OK || fail(db, result, sql, error);
}

/* Makes the file with its mode whatever the umask is; one that exists is
 * left alone. */
static bool file_create(const char *path, GError **error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	bool good;

	if (fd < 0 && errno == EEXIST)
		return true;
	good = fd >= 0 && fchmod(fd, FILE_MODE) == 0;
	if (!good)
		error_set_errno(error, code_of_errno(errno), errno, "%s", path);
	if (fd >= 0)
		close(fd);
	return good;
}

static int collect_text(void *data, int n, char **values, char **names)
{
	char **ret_text = data;

	(void)names;
	g_free(*ret_text);
	*ret_text = g_strdup(n > 0 && values[0] != NULL ? values[0] : "");
	return 0;
}

/* The first column of the last row, "" if there is none; NULL on error. */
static char *query_text(struct db *db, const char *sql, GError **error)
{
	char *text = g_strdup("");
	int result =
		sqlite3_exec(handle_of(db), sql, collect_text, &text, NULL);

	if (result == SQLITE_OK)
		return text;
	g_free(text);
	fail_open(db, result, error);
	return NULL;
}

/* Opening is lazy: the first question shows whether this is a database. */
static bool check_file(struct db *db, GError **error)
{
	const char *sql = db->mode == DB_READ ? "PRAGMA schema_version"
	                                      : "PRAGMA journal_mode = WAL";
	g_autofree char *text = query_text(db, sql, error);

	if (text == NULL)
		return false;
	if (db->mode == DB_READ)
		return true;
	if (sqlite3_db_readonly(handle_of(db), "main") != 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_DENIED,
		            "%s: the file may not be written", db->url);
		return false;
	}
	if (g_ascii_strcasecmp(text, "wal") != 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
		            "%s: journal mode is %s instead of WAL", db->url,
		            text);
		return false;
	}
	return true;
}

static void limit_connection(sqlite3 *sqlite, guint64 busy_ms)
{
	sqlite3_extended_result_codes(sqlite, 1);
	sqlite3_busy_timeout(sqlite, (int)MIN(busy_ms, BUSY_MS_MAX));
	sqlite3_limit(sqlite, SQLITE_LIMIT_SQL_LENGTH, STATEMENT_MAX);
	sqlite3_limit(sqlite, SQLITE_LIMIT_ATTACHED, 1);
	sqlite3_db_config(sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(sqlite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
}

static bool driver_open(struct db *db, const char *url, enum db_mode mode,
                        guint64 busy_ms, GError **error)
{
	int flags =
		SQLITE_OPEN_NOMUTEX | (mode == DB_READ ? SQLITE_OPEN_READONLY
	                                               : SQLITE_OPEN_READWRITE);
	sqlite3 *sqlite = NULL;
	int result;

	if (mode == DB_CREATE && !file_create(url, error))
		return false;
	result = sqlite3_open_v2(url, &sqlite, flags, NULL);
	db->handle = sqlite;
	if (result != SQLITE_OK)
		return fail_open(db, result, error);
	limit_connection(sqlite, busy_ms);
	return check_file(db, error) && driver_exec(db, SQL_SETTINGS, error);
}

static void driver_close(struct db *db)
{
	sqlite3_close_v2(db->handle);
	db->handle = NULL;
}

static bool driver_prepare(struct db_stmt *stmt, GError **error)
{
	sqlite3_stmt *handle = NULL;
	const char *tail = NULL;
	int result =
		sqlite3_prepare_v3(handle_of(stmt->db), stmt->sql, -1,
	                           SQLITE_PREPARE_PERSISTENT, &handle, &tail);

	stmt->handle = handle;
	if (result != SQLITE_OK)
		return fail(stmt->db, result, stmt->sql, error);
	if (handle == NULL || tail[strspn(tail, " \t\r\n;")] != '\0') {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
		            "not one statement: %s", stmt->sql);
		return false;
	}
	return true;
}

static void driver_finalize(struct db_stmt *stmt)
{
	sqlite3_finalize(stmt->handle);
	stmt->handle = NULL;
}

static int driver_parameter(struct db_stmt *stmt, const char *name)
{
	return sqlite3_bind_parameter_index(stmt->handle, name);
}

static unsigned driver_parameter_count(struct db_stmt *stmt)
{
	return (unsigned)sqlite3_bind_parameter_count(stmt->handle);
}

static bool driver_bind_int(struct db_stmt *stmt, int at, gint64 value)
{
	return sqlite3_bind_int64(stmt->handle, at, value) == SQLITE_OK;
}

static bool driver_bind_text(struct db_stmt *stmt, int at, const char *value)
{
	return sqlite3_bind_text64(stmt->handle, at, value, strlen(value),
	                           SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK;
}

/* SQLite takes a NULL pointer for NULL, even with length 0. */
static bool driver_bind_blob(struct db_stmt *stmt, int at, const void *data,
                             size_t len)
{
	return sqlite3_bind_blob64(stmt->handle, at, len > 0 ? data : "", len,
	                           SQLITE_TRANSIENT) == SQLITE_OK;
}

static bool driver_bind_null(struct db_stmt *stmt, int at)
{
	return sqlite3_bind_null(stmt->handle, at) == SQLITE_OK;
}

static enum db_row driver_step(struct db_stmt *stmt, GError **error)
{
	int result = sqlite3_step(stmt->handle);

	if (result == SQLITE_ROW)
		return DB_ROW;
	if (result == SQLITE_DONE)
		return DB_DONE;
	fail(stmt->db, result, stmt->sql, error);
	return DB_FAILED;
}

static gint64 driver_column_int(struct db_stmt *stmt, int at)
{
	return sqlite3_column_int64(stmt->handle, at);
}

static const char *driver_column_text(struct db_stmt *stmt, int at)
{
	return (const char *)sqlite3_column_text(stmt->handle, at);
}

static const void *driver_column_blob(struct db_stmt *stmt, int at,
                                      size_t *ret_len)
{
	const void *data = sqlite3_column_blob(stmt->handle, at);

	*ret_len = (size_t)sqlite3_column_bytes(stmt->handle, at);
	return data;
}

static bool driver_column_is_null(struct db_stmt *stmt, int at)
{
	return sqlite3_column_type(stmt->handle, at) == SQLITE_NULL;
}

static void driver_reset(struct db_stmt *stmt)
{
	sqlite3_reset(stmt->handle);
	sqlite3_clear_bindings(stmt->handle);
}

static gint64 driver_changes(struct db *db)
{
	return sqlite3_changes64(handle_of(db));
}

static bool driver_is_write(struct db_stmt *stmt)
{
	return sqlite3_stmt_readonly(stmt->handle) == 0;
}

static bool driver_in_transaction(struct db *db)
{
	return sqlite3_get_autocommit(handle_of(db)) == 0;
}

static bool driver_is_stale(struct db *db)
{
	int moved = 0;

	return sqlite3_file_control(handle_of(db), "main",
	                            SQLITE_FCNTL_HAS_MOVED,
	                            &moved) == SQLITE_OK &&
	       moved != 0;
}

static bool driver_has_table(struct db *db, const char *name, bool *ret,
                             GError **error)
{
	static const char SQL_HAS_TABLE[] =
		"SELECT COUNT(*) FROM sqlite_master"
		" WHERE type = 'table' AND name = :name";
	struct db_stmt *stmt = db_prepare(db, SQL_HAS_TABLE, error);
	enum db_row row;

	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":name", name);
	row = db_step(stmt, error);
	if (row == DB_ROW)
		*ret = db_column_int(stmt, 0) > 0;
	db_finish(stmt);
	return row == DB_ROW;
}

static bool driver_mark_version(struct db *db, int version, GError **error)
{
	g_autofree char *sql =
		g_strdup_printf("PRAGMA user_version = %d", version);

	return driver_exec(db, sql, error);
}

static bool sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

static bool sync_snapshot(const char *path, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);

	if (sync_path(path, O_RDONLY) && sync_path(dir, O_RDONLY | O_DIRECTORY))
		return true;
	error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "%s", path);
	return false;
}

static bool vacuum_into(struct db *db, const char *path, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	int result = sqlite3_prepare_v2(handle_of(db), "VACUUM INTO ?", -1,
	                                &stmt, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_bind_text64(stmt, 1, path, strlen(path),
		                             SQLITE_TRANSIENT, SQLITE_UTF8);
	if (result == SQLITE_OK)
		result = sqlite3_step(stmt);
	if (result != SQLITE_DONE)
		fail(db, result, "VACUUM INTO", error);
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE;
}

/* VACUUM INTO accepts an empty file; making it first gives it its mode. */
static bool driver_snapshot(struct db *db, const char *path, GError **error)
{
	struct stat st;

	if (lstat(path, &st) == 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
		            "%s: there is a file already", path);
		return false;
	}
	if (!file_create(path, error))
		return false;
	if (vacuum_into(db, path, error) && sync_snapshot(path, error))
		return true;
	unlink(path);
	return false;
}

/* Whether readers kept the log from being emptied, and how often to ask. */
#define SCRUB_TRIES 50
#define SCRUB_PAUSE (100 * 1000) /* microseconds */

/* Empties the write-ahead log. */
static bool truncate_log(struct db *db, GError **error)
{
	int result = SQLITE_BUSY;

	for (unsigned i = 0; i < SCRUB_TRIES && result == SQLITE_BUSY; i++) {
		if (i > 0)
			g_usleep(SCRUB_PAUSE);
		result = sqlite3_wal_checkpoint_v2(handle_of(db), NULL,
		                                   SQLITE_CHECKPOINT_TRUNCATE,
		                                   NULL, NULL);
	}
	return result == SQLITE_OK || fail(db, result, NULL, error);
}

/* A page that is written anew keeps old bytes in its gaps: only writing all
 * of them into a new file leaves none. */
static bool driver_scrub(struct db *db, GError **error)
{
	return driver_exec(db, "VACUUM", error) && truncate_log(db, error);
}

static int collect_problem(void *data, int n, char **values, char **names)
{
	GPtrArray *problems = data;
	g_autoptr(GString) line = g_string_new(NULL);

	(void)names;
	for (int i = 0; i < n; i++)
		g_string_append_printf(line, "%s%s", i > 0 ? " " : "",
		                       values[i] != NULL ? values[i] : "-");
	if (strcmp(line->str, "ok") != 0 && problems->len < PROBLEMS_MAX)
		g_ptr_array_add(problems, g_strdup(line->str));
	return 0;
}

static bool driver_check(struct db *db, GPtrArray *problems, GError **error)
{
	static const char *const questions[] = {
		"PRAGMA integrity_check",
		"PRAGMA foreign_key_check",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
		int result = sqlite3_exec(handle_of(db), questions[i],
		                          collect_problem, problems, NULL);

		if (result != SQLITE_OK)
			return fail(db, result, questions[i], error);
	}
	return true;
}

const struct db_driver db_driver_sqlite = {
	.name = "sqlite",
	.begin = "BEGIN IMMEDIATE",
	.open = driver_open,
	.close = driver_close,
	.exec = driver_exec,
	.prepare = driver_prepare,
	.finalize = driver_finalize,
	.parameter = driver_parameter,
	.parameter_count = driver_parameter_count,
	.bind_int = driver_bind_int,
	.bind_text = driver_bind_text,
	.bind_blob = driver_bind_blob,
	.bind_null = driver_bind_null,
	.step = driver_step,
	.column_int = driver_column_int,
	.column_text = driver_column_text,
	.column_blob = driver_column_blob,
	.column_is_null = driver_column_is_null,
	.reset = driver_reset,
	.changes = driver_changes,
	.is_write = driver_is_write,
	.in_transaction = driver_in_transaction,
	.is_stale = driver_is_stale,
	.has_table = driver_has_table,
	.mark_version = driver_mark_version,
	.snapshot = driver_snapshot,
	.scrub = driver_scrub,
	.check = driver_check,
};
