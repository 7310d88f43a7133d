/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/store.h - an open store: connection, transactions, schema
 *
 * One struct store is used by one thread at a time; store_pool hands them to
 * threads that come and go (libmilter's). Functions of the other headers of
 * this folder that change something need a transaction of the caller; those
 * that read do not. After an error the transaction may hold half of the
 * change and must be rolled back (to a savepoint). Every function that can
 * fail sets a GError; a row that is not there is NULL with
 * PORTARIA_ERROR_NOT_FOUND.
 */
#ifndef PORTARIA_STORE_STORE_H
#define PORTARIA_STORE_STORE_H

#include "base/cleanup.h"
#include "base/config.h"

#include <stdbool.h>

enum store_mode { STORE_READ, STORE_WRITE };

struct store;

/* Refuses a database whose schema is newer (CONFIG) or older (CONFIG, "run
 * portaria db migrate") than the program, and one that is not there (CONFIG:
 * NOT_FOUND is said of rows only). config is copied. */
struct store *store_open(const struct config_store *config,
			 enum store_mode mode, GError **error) NODISCARD;
void store_close(struct store *store);
static inline void store_free(struct store *store)
{
	store_close(store);
}
DEFINE_AUTO(store)

/*
 * Transactions; one that is open when the store is closed is rolled back. A
 * failed commit has rolled back. store_begin looks whether the file was
 * replaced (a backup put back) or migrated since it was opened: the first is
 * reopened (TEMPORARY if there is none), the second is CONFIG. In read mode a
 * transaction is a view that others do not change. Savepoints nest;
 * rollback_to undoes and ends the innermost one.
 */
bool store_begin_at(struct store *store, const char *where, GError **error)
	NODISCARD;
#define store_begin(store, error) store_begin_at((store), G_STRLOC, (error))
bool store_commit(struct store *store, GError **error) NODISCARD;
void store_rollback(struct store *store);
bool store_savepoint(struct store *store, GError **error) NODISCARD;
bool store_release(struct store *store, GError **error) NODISCARD;
void store_rollback_to(struct store *store);

/* Connections for threads that hop, opened when first needed. get blocks when
 * `max` are out. All must be back before the pool is freed. */
struct store_pool;
struct store_pool *store_pool_new(const struct config_store *config,
				  enum store_mode mode, unsigned max);
void store_pool_free(struct store_pool *pool);
DEFINE_AUTO(store_pool)
struct store *store_pool_get(struct store_pool *pool, GError **error) NODISCARD;
/* broken: close it instead of keeping it. An open transaction is rolled back.
 * store NULL is nothing. */
void store_pool_put(struct store_pool *pool, struct store *store, bool broken);

/* Schema. init creates the file, everything in it and blob_dir (CONFLICT if
 * there is a schema already); migrate brings it up to date in one transaction,
 * after a copy to "<database>.before-<version>"; 0 = no schema. */
bool store_init(const struct config_store *config, GError **error) NODISCARD;
bool store_migrate(const struct config_store *config, int *ret_from,
		   int *ret_to, GError **error) NODISCARD;
bool store_get_version(const struct config_store *config, int *ret_version,
		       GError **error) NODISCARD;
int store_current_version(void); /* what this program needs */

/* Looks for damage: of the file, of references, of the search index and of
 * blobs that are files (missing or of another size; contents are checked when
 * read). *ret_problems: a line each, empty if all is well; its owner frees. */
bool store_check(struct store *store, GPtrArray **ret_problems, GError **error)
	NODISCARD;
/* A consistent copy of the database while others write; CONFLICT if `path`
 * exists. Files of blob_dir are the caller's to copy, afterwards. Whoever puts
 * a copy back removes "<database>-wal" and "<database>-shm" before: they
 * belong to the old file. */
bool store_backup(struct store *store, const char *path, GError **error)
	NODISCARD;

/* Leaves no trace of deleted rows in the files: writes the database anew
 * (which needs as much room again) and empties its log. Outside of any
 * transaction; others wait meanwhile. */
bool store_scrub(struct store *store, GError **error) NODISCARD;

#endif
