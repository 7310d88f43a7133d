/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/store.h - an open store: connection, transactions, schema
 *
 * One struct store is used by one thread at a time; store_pool hands them to
 * threads that come and go (libmilter's). Functions of the other headers of
 * this folder that change something need a transaction of the caller; those
 * that read do not. Every function that can fail sets a GError; a row that
 * is not there is NULL with PORTARIA_ERROR_NOT_FOUND.
 */
#ifndef PORTARIA_STORE_STORE_H
#define PORTARIA_STORE_STORE_H

#include "base/cleanup.h"
#include "base/config.h"

#include <stdbool.h>

enum store_mode { STORE_READ, STORE_WRITE };

struct store;

/* Refuses a database whose schema is newer (CONFIG) or older (CONFIG, "run
 * portaria db migrate") than the program. */
struct store *store_open(const struct config_store *config,
			 enum store_mode mode, GError **error) NODISCARD;
void store_close(struct store *store);
static inline void store_free(struct store *store)
{
	store_close(store);
}
DEFINE_AUTO(store)

bool store_begin_at(struct store *store, const char *where, GError **error)
	NODISCARD;
#define store_begin(store, error) store_begin_at((store), G_STRLOC, (error))
bool store_commit(struct store *store, GError **error) NODISCARD;
void store_rollback(struct store *store);
bool store_savepoint(struct store *store, GError **error) NODISCARD;
bool store_release(struct store *store, GError **error) NODISCARD;
void store_rollback_to(struct store *store);

/* Connections for threads that hop. get blocks when `max` are out. */
struct store_pool;
struct store_pool *store_pool_new(const struct config_store *config,
				  enum store_mode mode, unsigned max);
void store_pool_free(struct store_pool *pool);
struct store *store_pool_get(struct store_pool *pool, GError **error) NODISCARD;
/* broken: close it instead of keeping it. */
void store_pool_put(struct store_pool *pool, struct store *store, bool broken);

/* Schema. init creates the file and everything in it (CONFLICT if there is a
 * schema already); migrate brings it up to date; 0 = no schema. */
bool store_init(const struct config_store *config, GError **error) NODISCARD;
bool store_migrate(const struct config_store *config, int *ret_from,
		   int *ret_to, GError **error) NODISCARD;
bool store_get_version(const struct config_store *config, int *ret_version,
		       GError **error) NODISCARD;
int store_current_version(void); /* what this program needs */

#endif
