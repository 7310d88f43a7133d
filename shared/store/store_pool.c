/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_pool.c - connections for threads that come and go
 *
 * The mutex orders what one thread did with a store before what the next one
 * does. The one used last is handed out first: its caches are warm.
 */
#include "base/error.h"
#include "store/store.h"
#include "store/store_private.h"

struct store_pool {
	struct config_store config; /* own copies */
	enum store_mode mode;
	unsigned max;
	GMutex lock;
	GCond back;   /* one came back */
	GQueue idle;  /* struct store */
	unsigned out; /* handed out */
};

struct store_pool *store_pool_new(const struct config_store *config,
                                  enum store_mode mode, unsigned max)
{
	struct store_pool *pool = g_new0(struct store_pool, 1);

	store_config_copy(&pool->config, config);
	pool->mode = mode;
	pool->max = MAX(max, 1);
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->back);
	g_queue_init(&pool->idle);
	return pool;
}

void store_pool_free(struct store_pool *pool)
{
	struct store *store;

	if (pool == NULL)
		return;
	while ((store = g_queue_pop_head(&pool->idle)) != NULL)
		store_close(store);
	g_cond_clear(&pool->back);
	g_mutex_clear(&pool->lock);
	store_config_clear(&pool->config);
	g_free(pool);
}

/* Waits for a place; an idle store comes with it or NULL. */
static struct store *place_take(struct store_pool *pool)
{
	struct store *store;

	g_mutex_lock(&pool->lock);
	while (pool->out == pool->max)
		g_cond_wait(&pool->back, &pool->lock);
	pool->out++;
	store = g_queue_pop_head(&pool->idle);
	g_mutex_unlock(&pool->lock);
	return store;
}

static void place_give(struct store_pool *pool, struct store *store)
{
	g_mutex_lock(&pool->lock);
	pool->out--;
	if (store != NULL)
		g_queue_push_head(&pool->idle, store);
	g_cond_signal(&pool->back);
	g_mutex_unlock(&pool->lock);
}

struct store *store_pool_get(struct store_pool *pool, GError **error)
{
	struct store *store = place_take(pool);

	/* The file was replaced while the connection lay idle. */
	if (store != NULL && db_is_stale(store->db))
		g_clear_pointer(&store, store_close);
	if (store == NULL)
		store = store_open(&pool->config, pool->mode, error);
	if (store == NULL)
		place_give(pool, NULL);
	return store;
}

void store_pool_put(struct store_pool *pool, struct store *store, bool broken)
{
	if (store == NULL)
		return;
	store_rollback(store);
	if (broken)
		g_clear_pointer(&store, store_close);
	place_give(pool, store);
}
