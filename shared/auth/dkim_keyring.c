/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dkim_keyring.c - key records that need not be read again
 *
 * By their text, so that whatever DNS says counts at once. A ring that is
 * full is emptied: the domains that write every day are back soon.
 */
#include "auth/dkim_parts.h"

#include <string.h>

#define KEYS_MAX 500
#define TEXT_MAX 4096

struct dkim_keyring {
	GMutex lock;
	GHashTable *keys; /* text -> struct dkim_key */
};

static void unref(void *key)
{
	dkim_key_unref(key);
}

struct dkim_keyring *dkim_keyring_new(void)
{
	struct dkim_keyring *ring = g_new0(struct dkim_keyring, 1);

	g_mutex_init(&ring->lock);
	ring->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	                                   unref);
	return ring;
}

void dkim_keyring_free(struct dkim_keyring *ring)
{
	if (ring == NULL)
		return;
	g_hash_table_unref(ring->keys);
	g_mutex_clear(&ring->lock);
	g_free(ring);
}

struct dkim_key *dkim_keyring_find(struct dkim_keyring *ring,
                                   const char *text)
{
	struct dkim_key *key;

	g_mutex_lock(&ring->lock);
	key = g_hash_table_lookup(ring->keys, text);
	if (key != NULL)
		g_atomic_rc_box_acquire(key);
	g_mutex_unlock(&ring->lock);
	return key;
}

void dkim_keyring_add(struct dkim_keyring *ring, const char *text,
                      struct dkim_key *key)
{
	if (strlen(text) > TEXT_MAX)
		return;
	g_mutex_lock(&ring->lock);
	if (g_hash_table_size(ring->keys) >= KEYS_MAX)
		g_hash_table_remove_all(ring->keys);
	g_hash_table_replace(ring->keys, g_strdup(text),
	                     g_atomic_rc_box_acquire(key));
	g_mutex_unlock(&ring->lock);
}
