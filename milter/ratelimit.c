/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ratelimit.c - how many messages in a window, of whom
 *
 * A bucket is one number: the time at which it will be full again. A message
 * moves it on by window/limit, and fits if that stays within a window from
 * now. A full bucket carries no information and needs no entry, so the oldest
 * entries are mostly worthless when they are dropped.
 */
#include "milter/ratelimit.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"

/* Finer than a millisecond, so that window/limit loses nothing that counts. */
#define TICKS 1000

struct bucket {
	GList link;     /* in `recent`; data is the bucket itself */
	gint64 full_at; /* ticks */
	char *key;
};

struct ratelimit {
	const struct config_rate *config;
	pthread_mutex_t lock;
	GHashTable *buckets; /* key -> struct bucket */
	GQueue recent;       /* the last used first */
};

static void bucket_free(gpointer data)
{
	struct bucket *bucket = data;

	g_free(bucket->key);
	g_free(bucket);
}

struct ratelimit *ratelimit_new(const struct config_rate *config)
{
	struct ratelimit *limit = g_new0(struct ratelimit, 1);

	limit->config = config;
	pthread_mutex_init(&limit->lock, NULL);
	limit->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
	                                       bucket_free);
	g_queue_init(&limit->recent);
	return limit;
}

void ratelimit_free(struct ratelimit *limit)
{
	if (limit == NULL)
		return;
	g_hash_table_unref(limit->buckets);
	pthread_mutex_destroy(&limit->lock);
	g_free(limit);
}

static guint64 get_number(const struct config_rate *config,
                          const struct ratelimit_key *key)
{
	const guint64 numbers[RATELIMIT_KIND__COUNT][2] = {
		[RATELIMIT_CLIENT] = { config->client, config->anyone_client },
		[RATELIMIT_SENDER] = { config->sender, config->anyone_sender },
		[RATELIMIT_DEPARTMENT] = { config->department,
		                           config->anyone_department },
	};

	return numbers[key->kind][key->anyone ? 1 : 0];
}

/* "c" and the network, for one. Case tells no senders apart. */
static char *dup_key(const struct ratelimit_key *key)
{
	static const char letters[RATELIMIT_KIND__COUNT][2] = {
		[RATELIMIT_CLIENT] = { 'c', 'C' },
		[RATELIMIT_SENDER] = { 's', 'S' },
		[RATELIMIT_DEPARTMENT] = { 'd', 'D' },
	};

	g_autofree char *name = g_ascii_strdown(key->key, -1);

	return g_strdup_printf("%c%s", letters[key->kind][key->anyone ? 1 : 0],
	                       name);
}

static void drop_oldest(struct ratelimit *limit)
{
	struct bucket *oldest = limit->recent.tail->data;

	g_queue_unlink(&limit->recent, &oldest->link);
	g_hash_table_remove(limit->buckets, oldest->key);
}

/* The bucket, moved to the front; made if there is none. */
static struct bucket *touch(struct ratelimit *limit, const char *key)
{
	struct bucket *bucket = g_hash_table_lookup(limit->buckets, key);

	if (bucket != NULL) {
		g_queue_unlink(&limit->recent, &bucket->link);
	} else {
		if (limit->recent.length >= limit->config->entries)
			drop_oldest(limit);
		bucket = g_new0(struct bucket, 1);
		bucket->key = g_strdup(key);
		bucket->link.data = bucket;
		bucket->full_at = G_MININT64;
		g_hash_table_insert(limit->buckets, bucket->key, bucket);
	}
	g_queue_push_head_link(&limit->recent, &bucket->link);
	return bucket;
}

/* When the bucket is full again if one more message is counted now. */
static gint64 full_after(const struct ratelimit *limit,
                         const struct bucket *bucket, guint64 number,
                         gint64 now)
{
	gint64 window =
		(gint64)limit->config->window_seconds * CLOCK_SECOND * TICKS;
	gint64 start = bucket != NULL ? MAX(bucket->full_at, now) : now;

	return start + window / (gint64)number;
}

static bool fits(const struct ratelimit *limit, gint64 full_at, gint64 now)
{
	return full_at - now <=
	       (gint64)limit->config->window_seconds * CLOCK_SECOND * TICKS;
}

bool ratelimit_has(struct ratelimit *limit, const struct ratelimit_key *key,
                   gint64 now)
{
	guint64 number = get_number(limit->config, key);
	g_autofree char *text = NULL;
	const struct bucket *bucket;
	bool ok;

	if (number == 0)
		return true;
	text = dup_key(key);
	pthread_mutex_lock(&limit->lock);
	bucket = g_hash_table_lookup(limit->buckets, text);
	ok = fits(limit, full_after(limit, bucket, number, now * TICKS),
	          now * TICKS);
	pthread_mutex_unlock(&limit->lock);
	return ok;
}

bool ratelimit_take(struct ratelimit *limit, const struct ratelimit_key *key,
                    gint64 now)
{
	guint64 number = get_number(limit->config, key);
	g_autofree char *text = NULL;
	struct bucket *bucket;
	gint64 full_at;
	bool ok;

	if (number == 0)
		return true;
	text = dup_key(key);
	pthread_mutex_lock(&limit->lock);
	bucket = touch(limit, text);
	full_at = full_after(limit, bucket, number, now * TICKS);
	ok = fits(limit, full_at, now * TICKS);
	if (ok)
		bucket->full_at = full_at;
	pthread_mutex_unlock(&limit->lock);
	return ok;
}

unsigned ratelimit_count(struct ratelimit *limit)
{
	unsigned count;

	pthread_mutex_lock(&limit->lock);
	count = limit->recent.length;
	pthread_mutex_unlock(&limit->lock);
	return count;
}
