/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blob.c - bytes, addressed by their SHA-256, stored once
 *
 * A file appears under its name only complete and on disk: it is written
 * under another name, fsynced and renamed, and the directory is fsynced. So a
 * file with the right name and size is right. blob_dir itself is not made
 * here: if it is missing, a file system is not mounted.
 */
#include "store/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/blob_private.h"
#include "store/file.h"
#include "store/row.h"
#include "store/store_private.h"

#define DIR_MODE     0750
#define FILE_MODE    0640
#define PROBLEMS_MAX 100

/* blob_dir/ab, and in it cdef... */
static char *dir_of(const struct config_store *config, const char *sha256)
{
	return g_strdup_printf("%s/%.2s", config->blob_dir, sha256);
}

static char *path_of(const struct config_store *config, const char *sha256)
{
	return g_strdup_printf("%s/%.2s/%s", config->blob_dir, sha256,
	                       sha256 + 2);
}

static bool file_is_there(const char *path, gint64 size)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size == size;
}

/* Makes blob_dir/ab if it is not there. One that is there was perhaps made a
 * moment ago, by somebody who did not come to sync it. */
static bool dir_make(const struct config_store *config, const char *dir,
                     GError **error)
{
	if (mkdir(dir, DIR_MODE) == 0) {
		if (!file_inherit_owner(dir, error))
			return false;
	} else if (errno != EEXIST) {
		return file_fail(dir, error);
	}
	return file_sync_dir(config->blob_dir, error);
}

static bool file_write(const struct config_store *config, const char *sha256,
                       GBytes *data, GError **error)
{
	g_autofree char *dir = dir_of(config, sha256);
	g_autofree char *path = path_of(config, sha256);

	if (!dir_make(config, dir, error))
		return false;
	/* Its bytes are on disk, or it would not have its name; the name need
	 * not be. */
	return file_is_there(path, (gint64)g_bytes_get_size(data))
	               ? file_sync_dir(dir, error)
	               : file_put(path, data, FILE_MODE, error);
}

unsigned blob_sweep(const struct config_store *config)
{
	g_autoptr(GDir) dirs = g_dir_open(config->blob_dir, 0, NULL);
	unsigned count = 0;
	const char *name;

	while (dirs != NULL && (name = g_dir_read_name(dirs)) != NULL) {
		g_autofree char *dir =
			g_build_filename(config->blob_dir, name, NULL);

		count += file_sweep(dir);
	}
	return count;
}

bool blob_unlink(const struct config_store *config, const char *sha256,
                 GError **error)
{
	g_autofree char *dir = dir_of(config, sha256);
	g_autofree char *path = path_of(config, sha256);

	if (unlink(path) != 0)
		return errno == ENOENT || errno == ENOTDIR ||
		       file_fail(path, error);
	return file_sync_dir(dir, error);
}

static bool is_large(const struct config_store *config, GBytes *data)
{
	return g_bytes_get_size(data) > config->blob_inline_max;
}

bool blob_prepare(const struct config_store *config, GBytes *data,
                  GError **error)
{
	g_autofree char *sha256 = NULL;

	if (!is_large(config, data))
		return true;
	sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, data);
	return file_write(config, sha256, data, error);
}

static bool row_insert(struct store *store, const char *sha256, GBytes *data,
                       bool as_file, GError **error)
{
	static const char SQL_BLOB_INSERT[] =
		"INSERT INTO blob (sha256, size, data, created)"
		" VALUES (:sha256, :size, :data, :created)"
		" ON CONFLICT (sha256) DO NOTHING";
	struct db_stmt *stmt = row_prepare_text(store->db, SQL_BLOB_INSERT,
	                                        ":sha256", sha256, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":size", (gint64)g_bytes_get_size(data));
	db_bind_blob(stmt, ":data", as_file ? NULL : data);
	db_bind_int(stmt, ":created", clock_now());
	return db_run(stmt, error);
}

/* *ret_found: the blob has a row; *ret_inline: with the bytes in it. */
static bool row_find(struct store *store, const char *sha256, bool *ret_found,
                     bool *ret_inline, GError **error)
{
	static const char SQL_BLOB_FIND[] =
		"SELECT CASE WHEN data IS NULL THEN 0 ELSE 1 END"
		" FROM blob WHERE sha256 = :sha256";
	gint64 is_inline = 0;

	if (!row_fetch_int(row_prepare_text(store->db, SQL_BLOB_FIND, ":sha256",
	                                    sha256, error),
	                   &is_inline, ret_found, error))
		return false;
	*ret_inline = is_inline != 0;
	return true;
}

/* A row that names a file is believed only if the file is there. */
static bool put(struct store *store, const char *sha256, GBytes *data,
                GError **error)
{
	bool found = false;
	bool is_inline = false;
	bool as_file;

	if (!row_find(store, sha256, &found, &is_inline, error))
		return false;
	if (found && is_inline)
		return true;
	as_file = found || is_large(&store->config, data);
	if (as_file && !file_write(&store->config, sha256, data, error))
		return false;
	return found || row_insert(store, sha256, data, as_file, error);
}

char *blob_put(struct store *store, GBytes *data, GError **error)
{
	g_autofree char *sha256 =
		g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, data);

	return put(store, sha256, data, error) ? g_steal_pointer(&sha256)
	                                       : NULL;
}

static bool read_all(int fd, guint8 *data, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENODATA;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Read, not mapped: a file cut short under a map kills the reader. */
static GBytes *file_read(const char *path, gint64 size, GError **error)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	guint8 *data = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		file_fail(path, error);
	} else if (st.st_size != size) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
		            "%s: %" G_GINT64_FORMAT " bytes instead of "
		            "%" G_GINT64_FORMAT,
		            path, (gint64)st.st_size, size);
	} else {
		data = g_malloc((gsize)size + 1);
		if (!read_all(fd, data, (size_t)size)) {
			file_fail(path, error);
			g_clear_pointer(&data, g_free);
		}
	}
	if (fd >= 0)
		close(fd);
	return data != NULL ? g_bytes_new_take(data, (gsize)size) : NULL;
}

/* The bytes as stored; *ret_size and NULL without error if in a file. */
static GBytes *row_read(struct store *store, const char *sha256,
                        gint64 *ret_size, GError **error)
{
	static const char SQL_BLOB_GET[] =
		"SELECT size, data FROM blob WHERE sha256 = :sha256";
	AUTO(db_stmt)
	stmt = row_prepare_text(store->db, SQL_BLOB_GET, ":sha256", sha256,
	                        error);
	enum db_row row;

	*ret_size = -1;
	if (stmt == NULL)
		return NULL;
	row = db_step(stmt, error);
	if (row == DB_ROW) {
		*ret_size = db_column_int(stmt, 0);
		return db_column_bytes(stmt, 1);
	}
	if (row == DB_DONE)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
		            "no blob %s", sha256);
	return NULL;
}

GBytes *blob_get(struct store *store, const char *sha256, GError **error)
{
	g_autoptr(GBytes) data = NULL;
	g_autofree char *path = NULL;
	g_autofree char *real = NULL;
	gint64 size;

	data = row_read(store, sha256, &size, error);
	if (data == NULL && size < 0)
		return NULL;
	if (data == NULL) {
		path = path_of(&store->config, sha256);
		data = file_read(path, size, error);
		if (data == NULL)
			return NULL;
	}
	real = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, data);
	if (strcmp(real, sha256) == 0)
		return g_steal_pointer(&data);
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
	            "blob %s is damaged: its bytes have the digest %s", sha256,
	            real);
	return NULL;
}

static void check_file(struct store *store, struct db_stmt *stmt,
                       GPtrArray *problems)
{
	g_autofree char *sha256 = db_column_dup(stmt, 0);
	g_autofree char *path = path_of(&store->config, sha256);

	if (!file_is_there(path, db_column_int(stmt, 1)) &&
	    problems->len < PROBLEMS_MAX)
		g_ptr_array_add(problems,
		                g_strdup_printf("%s: the file is missing or "
		                                "has another size",
		                                path));
}

bool blob_check_files(struct store *store, GPtrArray *problems, GError **error)
{
	static const char SQL_BLOB_FILES[] =
		"SELECT sha256, size FROM blob WHERE data IS NULL"
		" ORDER BY sha256";
	AUTO(db_stmt) stmt = db_prepare(store->db, SQL_BLOB_FILES, error);
	enum db_row row;

	if (stmt == NULL)
		return false;
	while ((row = db_step(stmt, error)) == DB_ROW)
		check_file(store, stmt, problems);
	return row == DB_DONE;
}
