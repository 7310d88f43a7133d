/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/resolver_cache.h - answers kept for their time to live
 *
 * Bounded in entries and in bytes, least recently used out first, cut into
 * shards with a lock each. Private to the resolver.
 */
#ifndef PORTARIA_AUTH_RESOLVER_CACHE_H
#define PORTARIA_AUTH_RESOLVER_CACHE_H

#include "auth/resolver.h"

/* A question: the name in lower case without the trailing dot. */
struct dns_key {
	const char *name;
	guint hash;
	guint16 type;
	guint8 len;
};

/* Writes the canonical name into buf, which key borrows. False if the name
 * cannot exist (dns_name_is_safe). */
bool dns_key_init(struct dns_key *key, char buf[DNS_NAME_MAX + 1],
                  const char *name, enum dns_type type);
guint dns_key_hash(const void *key);
gboolean dns_key_equal(const void *a, const void *b);

struct dns_cache;

struct dns_cache *dns_cache_new(guint64 entries);
void dns_cache_free(struct dns_cache *cache);

/* A reference to a live answer or NULL. now: clock_monotonic(). */
struct dns_answer *dns_cache_get(struct dns_cache *cache,
                                 const struct dns_key *key, gint64 now);

/* Takes a reference. replace false: a live answer stays. */
void dns_cache_put(struct dns_cache *cache, const struct dns_key *key,
                   struct dns_answer *answer, gint64 now, bool replace);

#endif
