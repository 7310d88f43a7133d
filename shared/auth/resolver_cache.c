/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver_cache.c - answers kept for their time to live
 *
 * A hit costs one lock of one shard, a hash look-up and a reference. Time to
 * live is clamped: a record with 0 would defeat the cache within one message,
 * a week would outlive a changed key. Names of peers hash from a random
 * start, so that nobody can aim at one bucket.
 */
#include "auth/resolver_cache.h"

#include "base/clock.h"

#include <string.h>

#define SHARDS          16
#define SHARD_MIN       16
#define BYTES_PER_ENTRY 2048 /* on average; long TXT sets push others out */

#define TTL_MIN      5
#define TTL_MAX      3600
#define TTL_NEGATIVE 300
#define TTL_FAILED   5

struct entry {
	struct dns_key key; /* key.name points to name */
	GList link;         /* in shard.recent, data is the entry */
	struct dns_answer *answer;
	gint64 expires;
	size_t cost;
	char name[];
};

struct shard {
	GMutex lock;
	GHashTable *entries; /* &entry->key -> entry */
	GQueue recent;       /* most recently used first */
	size_t bytes;
};

struct dns_cache {
	size_t entries_max; /* of one shard */
	size_t bytes_max;
	struct shard shards[SHARDS];
};

static guint hash_start(void)
{
	static gsize start;

	if (g_once_init_enter(&start))
		g_once_init_leave(&start, (gsize)g_random_int() | 1U);
	return (guint)start;
}

/* FNV-1a with a start of our own, then the mix of Murmur's finish. */
static guint hash_step(guint hash, guint8 byte)
{
	return (hash ^ byte) * 16777619U;
}

static guint hash_finish(guint hash)
{
	hash ^= hash >> 16;
	hash *= 0x85ebca6bU;
	return hash ^ (hash >> 13);
}

bool dns_key_init(struct dns_key *key, char buf[DNS_NAME_MAX + 1],
                  const char *name, enum dns_type type)
{
	guint hash = hash_step(hash_start(), (guint8)type);
	size_t i;

	if (!dns_name_is_safe(name))
		return false;
	for (i = 0; name[i] != '\0'; i++) {
		if (name[i] == '.' && name[i + 1] == '\0')
			break;
		buf[i] = g_ascii_tolower(name[i]);
		hash = hash_step(hash, (guint8)buf[i]);
	}
	buf[i] = '\0';
	key->name = buf;
	key->hash = hash_finish(hash);
	key->type = (guint16)type;
	key->len = (guint8)i;
	return true;
}

guint dns_key_hash(const void *key)
{
	return ((const struct dns_key *)key)->hash;
}

gboolean dns_key_equal(const void *a, const void *b)
{
	const struct dns_key *x = a, *y = b;

	return x->hash == y->hash && x->type == y->type && x->len == y->len &&
	       memcmp(x->name, y->name, x->len) == 0;
}

static void entry_free(void *data)
{
	struct entry *entry = data;

	dns_answer_unref(entry->answer);
	g_free(entry);
}

struct dns_cache *dns_cache_new(guint64 entries)
{
	struct dns_cache *cache = g_new0(struct dns_cache, 1);

	cache->entries_max = MAX((size_t)entries / SHARDS, SHARD_MIN);
	cache->bytes_max = cache->entries_max * BYTES_PER_ENTRY;
	for (size_t i = 0; i < SHARDS; i++) {
		g_mutex_init(&cache->shards[i].lock);
		cache->shards[i].entries = g_hash_table_new_full(
			dns_key_hash, dns_key_equal, NULL, entry_free);
		g_queue_init(&cache->shards[i].recent);
	}
	return cache;
}

void dns_cache_free(struct dns_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		g_hash_table_unref(cache->shards[i].entries);
		g_mutex_clear(&cache->shards[i].lock);
	}
	g_free(cache);
}

static struct shard *shard_of(struct dns_cache *cache,
                              const struct dns_key *key)
{
	/* The top bits: the hash table uses the bottom. */
	return &cache->shards[(key->hash >> 24) % SHARDS];
}

static void shard_remove(struct shard *shard, struct entry *entry)
{
	shard->bytes -= entry->cost;
	g_queue_unlink(&shard->recent, &entry->link);
	g_hash_table_remove(shard->entries, &entry->key);
}

static struct entry *shard_find(struct shard *shard, const struct dns_key *key,
                                gint64 now)
{
	struct entry *entry = g_hash_table_lookup(shard->entries, key);

	if (entry == NULL || entry->expires > now)
		return entry;
	shard_remove(shard, entry);
	return NULL;
}

struct dns_answer *dns_cache_get(struct dns_cache *cache,
                                 const struct dns_key *key, gint64 now)
{
	struct shard *shard = shard_of(cache, key);
	struct dns_answer *answer = NULL;
	struct entry *entry;

	g_mutex_lock(&shard->lock);
	entry = shard_find(shard, key, now);
	if (entry != NULL) {
		g_queue_unlink(&shard->recent, &entry->link);
		g_queue_push_head_link(&shard->recent, &entry->link);
		answer = dns_answer_ref(entry->answer);
	}
	g_mutex_unlock(&shard->lock);
	return answer;
}

static gint64 lifetime(const struct dns_answer *answer)
{
	guint32 most = answer->status == DNS_FOUND ? TTL_MAX : TTL_NEGATIVE;

	if (answer->status == DNS_FAILED)
		most = TTL_FAILED;
	return CLAMP(answer->ttl, TTL_MIN, most) * CLOCK_SECOND;
}

static struct entry *entry_new(const struct dns_key *key,
                               struct dns_answer *answer, gint64 now)
{
	struct entry *entry = g_malloc0(sizeof(*entry) + key->len + 1U);

	memcpy(entry->name, key->name, key->len);
	entry->key = *key;
	entry->key.name = entry->name;
	entry->link.data = entry;
	entry->answer = dns_answer_ref(answer);
	entry->expires = now + lifetime(answer);
	entry->cost = sizeof(*entry) + key->len + sizeof(*answer);
	for (guint i = 0; i < answer->rdata->len; i++)
		entry->cost += 64 + g_bytes_get_size(answer->rdata->pdata[i]);
	return entry;
}

/* Makes room by dropping what was not used for longest. */
static void shard_shrink(const struct dns_cache *cache, struct shard *shard)
{
	while (g_hash_table_size(shard->entries) > cache->entries_max ||
	       shard->bytes > cache->bytes_max) {
		GList *last = g_queue_peek_tail_link(&shard->recent);

		if (last == NULL)
			return;
		shard_remove(shard, last->data);
	}
}

void dns_cache_put(struct dns_cache *cache, const struct dns_key *key,
                   struct dns_answer *answer, gint64 now, bool replace)
{
	struct shard *shard = shard_of(cache, key);
	struct entry *fresh, *old;

	g_mutex_lock(&shard->lock);
	old = shard_find(shard, key, now);
	if (old == NULL || replace) {
		if (old != NULL)
			shard_remove(shard, old);
		fresh = entry_new(key, answer, now);
		shard->bytes += fresh->cost;
		g_queue_push_head_link(&shard->recent, &fresh->link);
		g_hash_table_insert(shard->entries, &fresh->key, fresh);
		shard_shrink(cache, shard);
	}
	g_mutex_unlock(&shard->lock);
}
