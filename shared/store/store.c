/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.c - an open store: connection, transactions, schema
 */
#include "store/store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/blob_private.h"
#include "store/schema.h"
#include "store/search.h"
#include "store/store_private.h"

#define BLOB_DIR_MODE 0750

void store_config_copy(struct config_store *to, const struct config_store *of)
{
	*to = *of;
	to->database = g_strdup(of->database);
	to->blob_dir = g_strdup(of->blob_dir);
}

void store_config_clear(struct config_store *config)
{
	g_free(config->database);
	g_free(config->blob_dir);
}

int store_current_version(void)
{
	size_t count;

	schema_steps(&count);
	return (int)count;
}

/* Takes the problem of opening. "Not found" is said of rows; of the file it
 * would be misread, so it becomes `no_file`. */
static void say_no_file(GError **error, GError *problem, int no_file)
{
	if (!g_error_matches(problem, PORTARIA_ERROR,
	                     PORTARIA_ERROR_NOT_FOUND)) {
		g_propagate_error(error, problem);
		return;
	}
	g_set_error(error, PORTARIA_ERROR, no_file, "%s%s", problem->message,
	            no_file == PORTARIA_ERROR_CONFIG
	                    ? "; \"portaria db init\" creates it"
	                    : "");
	g_error_free(problem);
}

/* A connection to a database of the program's own schema. no_file: the code
 * if there is no such file. */
static struct db *connect_current(const struct config_store *config,
                                  enum store_mode mode, int no_file,
                                  GError **error)
{
	GError *problem = NULL;
	struct db *db = db_open(config->database,
	                        mode == STORE_READ ? DB_READ : DB_WRITE,
	                        config->busy_ms, &problem);

	if (db == NULL) {
		say_no_file(error, problem, no_file);
		return NULL;
	}
	if (schema_check(db, store_current_version(), error))
		return db;
	db_close(db);
	return NULL;
}

struct store *store_open(const struct config_store *config,
                         enum store_mode mode, GError **error)
{
	struct db *db =
		connect_current(config, mode, PORTARIA_ERROR_CONFIG, error);
	struct store *store;

	if (db == NULL)
		return NULL;
	store = g_new0(struct store, 1);
	store->db = db;
	store->mode = mode;
	store_config_copy(&store->config, config);
	return store;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	db_rollback(store->db);
	db_close(store->db);
	store_config_clear(&store->config);
	g_free(store);
}

/* Somebody put another file in place: writing on into the old one would lose
 * what is written. */
static bool refresh(struct store *store, GError **error)
{
	struct db *db;

	if (!db_is_stale(store->db))
		return true;
	db = connect_current(&store->config, store->mode,
	                     PORTARIA_ERROR_TEMPORARY, error);
	if (db == NULL)
		return false;
	db_close(store->db);
	store->db = db;
	return true;
}

bool store_begin_at(struct store *store, const char *where, GError **error)
{
	if (!db_is_open(store->db) && !refresh(store, error))
		return false;
	if (!db_begin_at(store->db, where, error))
		return false;
	if (schema_check(store->db, store_current_version(), error))
		return true;
	db_rollback(store->db);
	return false;
}

bool store_commit(struct store *store, GError **error)
{
	return db_commit(store->db, error);
}

void store_rollback(struct store *store)
{
	db_rollback(store->db);
}

bool store_savepoint(struct store *store, GError **error)
{
	return db_savepoint(store->db, error);
}

bool store_release(struct store *store, GError **error)
{
	return db_release(store->db, error);
}

void store_rollback_to(struct store *store)
{
	db_rollback_to(store->db);
}

static bool blob_dir_create(const char *path, GError **error)
{
	if (g_file_test(path, G_FILE_TEST_IS_DIR))
		return true;
	/* The mode of mkdir is cut by the umask. */
	if (g_mkdir_with_parents(path, BLOB_DIR_MODE) == 0 &&
	    g_chmod(path, BLOB_DIR_MODE) == 0)
		return true;
	error_set_errno(error, PORTARIA_ERROR_DENIED, errno, "%s", path);
	return false;
}

static bool refuse_present(struct db *db, const struct config_store *config,
                           GError **error)
{
	int version;

	if (!schema_get_version(db, &version, error))
		return false;
	if (version == 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "%s: there is a schema (%d) already", config->database,
	            version);
	return false;
}

bool store_init(const struct config_store *config, GError **error)
{
	size_t count;
	const struct schema_step *steps = schema_steps(&count);
	struct db *db;
	bool good;

	if (!blob_dir_create(config->blob_dir, error))
		return false;
	db = db_open(config->database, DB_CREATE, config->busy_ms, error);
	if (db == NULL)
		return false;
	good = refuse_present(db, config, error) &&
	       schema_apply(db, steps, count, error);
	db_close(db);
	return good;
}

bool store_migrate(const struct config_store *config, int *ret_from,
                   int *ret_to, GError **error)
{
	size_t count;
	const struct schema_step *steps = schema_steps(&count);
	struct db *db =
		db_open(config->database, DB_WRITE, config->busy_ms, error);
	bool good;

	if (db == NULL)
		return false;
	good = schema_upgrade(db, steps, count, ret_from, error);
	if (good)
		*ret_to = (int)count;
	db_close(db);
	return good;
}

bool store_get_version(const struct config_store *config, int *ret_version,
                       GError **error)
{
	struct db *db =
		db_open(config->database, DB_READ, config->busy_ms, error);
	bool good;

	if (db == NULL)
		return false;
	good = schema_get_version(db, ret_version, error);
	db_close(db);
	return good;
}

/* The search index can only be checked by a statement that counts as a
 * write, so this one takes the write lock; it changes nothing. */
static bool search_check_alone(struct store *store, GPtrArray *problems,
                               GError **error)
{
	bool good;

	if (store->mode == STORE_READ)
		return true;
	if (!store_begin(store, error))
		return false;
	good = search_check(store->db, problems, error);
	store_rollback(store);
	return good;
}

bool store_check(struct store *store, GPtrArray **ret_problems, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

	if (!db_check(store->db, problems, error) ||
	    !search_check_alone(store, problems, error) ||
	    !blob_check_files(store, problems, error))
		return false;
	*ret_problems = g_steal_pointer(&problems);
	return true;
}

bool store_scrub(struct store *store, GError **error)
{
	return db_scrub(store->db, error);
}

bool store_backup(struct store *store, const char *path, GError **error)
{
	return db_snapshot(store->db, path, error);
}
