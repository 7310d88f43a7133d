/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mapexport.c - the small database that Postfix may open
 *
 * Always SQLite, whatever the store is, and made in memory: the file is its
 * bytes, complete when it appears under its name. The same rows give the
 * same bytes, which is how "nothing changed" is known. Addresses compare
 * without case, because Postfix asks for them as they came. Postfix itself
 * takes the extension off (recipient_delimiter) and asks again.
 */
#include "store/mapexport.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/department.h"
#include "store/file.h"

#define FILE_MODE 0644

static const char SQL_MAP_CREATE[] =
	"CREATE TABLE recipient ("
	"address TEXT PRIMARY KEY COLLATE NOCASE, result TEXT NOT NULL);"
	"CREATE TABLE transport ("
	"address TEXT PRIMARY KEY COLLATE NOCASE, result TEXT NOT NULL);"
	"BEGIN;";
static const char SQL_MAP_RECIPIENT[] =
	"INSERT INTO recipient (address, result) VALUES (?1, ?2)";
static const char SQL_MAP_TRANSPORT[] =
	"INSERT INTO transport (address, result) VALUES (?1, ?2)";

static bool fail_sqlite(sqlite3 *map, GError **error)
{
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
	            "map in memory: %s",
	            map != NULL ? sqlite3_errmsg(map) : "out of memory");
	return false;
}

static bool insert(sqlite3 *map, const char *sql, const char *address,
                   const char *result, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	bool good =
		sqlite3_prepare_v2(map, sql, -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_bind_text(stmt, 1, address, -1, SQLITE_TRANSIENT) ==
			SQLITE_OK &&
		sqlite3_bind_text(stmt, 2, result, -1, SQLITE_TRANSIENT) ==
			SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_DONE;

	if (!good)
		fail_sqlite(map, error);
	sqlite3_finalize(stmt);
	return good;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every address of every active department, in the order of the alphabet. */
static GPtrArray *addresses_of(GPtrArray *departments)
{
	GPtrArray *all = g_ptr_array_new();

	for (guint i = 0; i < departments->len; i++) {
		const struct department *department =
			g_ptr_array_index(departments, i);

		if (!department->active)
			continue;
		for (char **a = department->addresses; *a != NULL; a++)
			g_ptr_array_add(all, *a);
	}
	g_ptr_array_sort(all, compare_texts);
	return all;
}

static bool map_fill(sqlite3 *map, GPtrArray *addresses, const char *transport,
                     GError **error)
{
	if (sqlite3_exec(map, SQL_MAP_CREATE, NULL, NULL, NULL) != SQLITE_OK)
		return fail_sqlite(map, error);
	for (guint i = 0; i < addresses->len; i++) {
		const char *address = g_ptr_array_index(addresses, i);

		if (!insert(map, SQL_MAP_RECIPIENT, address, "OK", error) ||
		    !insert(map, SQL_MAP_TRANSPORT, address, transport, error))
			return false;
	}
	return sqlite3_exec(map, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ||
	       fail_sqlite(map, error);
}

static GBytes *map_bytes(GPtrArray *addresses, const char *transport,
                         GError **error)
{
	sqlite3 *map = NULL;
	sqlite3_int64 size = 0;
	unsigned char *data = NULL;
	GBytes *bytes = NULL;

	if (sqlite3_open(":memory:", &map) != SQLITE_OK)
		fail_sqlite(map, error);
	else if (map_fill(map, addresses, transport, error)) {
		data = sqlite3_serialize(map, "main", &size, 0);
		if (data != NULL)
			bytes = g_bytes_new(data, (gsize)size);
		else
			fail_sqlite(map, error);
		sqlite3_free(data);
	}
	sqlite3_close(map);
	return bytes;
}

/* A regular file that says the same and that everybody may read. */
static bool file_is_same(const char *path, GBytes *bytes)
{
	g_autofree char *text = NULL;
	gsize len;
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & 07777) != FILE_MODE ||
	    st.st_size != (off_t)g_bytes_get_size(bytes) ||
	    !g_file_get_contents(path, &text, &len, NULL))
		return false;
	return len == g_bytes_get_size(bytes) &&
	       memcmp(text, g_bytes_get_data(bytes, NULL), len) == 0;
}

bool mapexport_write(struct store *store, const char *path,
                     const char *transport, bool *ret_changed, GError **error)
{
	g_autoptr(GPtrArray) departments = department_list(store, error);
	g_autoptr(GPtrArray) addresses = NULL;
	g_autoptr(GBytes) bytes = NULL;
	bool same;

	if (departments == NULL)
		return false;
	addresses = addresses_of(departments);
	bytes = map_bytes(addresses, transport, error);
	if (bytes == NULL)
		return false;
	same = file_is_same(path, bytes);
	if (!same && !file_put(path, bytes, FILE_MODE, error))
		return false;
	*ret_changed = !same;
	return true;
}
