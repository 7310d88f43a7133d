/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * directory.c - which recipients could be ours, known without a database
 */
#include "milter/directory.h"

#include <pthread.h>
#include <string.h>

#include "mail/address.h"
#include "store/department.h"

struct directory {
	pthread_mutex_t lock;
	GHashTable *addresses; /* set of keys; replaced as a whole */
	GHashTable *domains;   /* set */
};

static GHashTable *set_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

struct directory *directory_new(void)
{
	struct directory *directory = g_new0(struct directory, 1);

	pthread_mutex_init(&directory->lock, NULL);
	directory->addresses = set_new();
	directory->domains = set_new();
	return directory;
}

void directory_free(struct directory *directory)
{
	if (directory == NULL)
		return;
	g_hash_table_unref(directory->addresses);
	g_hash_table_unref(directory->domains);
	pthread_mutex_destroy(&directory->lock);
	g_free(directory);
}

/* What follows the last "@"; a quoted local part may hold others. */
static const char *domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

static void add_department(const struct department *department,
                           GHashTable *addresses, GHashTable *domains)
{
	if (!department->active)
		return;
	for (char **a = department->addresses; *a != NULL; a++) {
		g_hash_table_add(addresses, g_strdup(*a));
		g_hash_table_add(domains, g_strdup(domain_of(*a)));
	}
}

static GPtrArray *read_departments(struct store_pool *readers, GError **error)
{
	struct store *store = store_pool_get(readers, error);
	GPtrArray *list;

	if (store == NULL)
		return NULL;
	list = department_list(store, error);
	store_pool_put(readers, store, list == NULL);
	return list;
}

static void replace(struct directory *directory, GHashTable *addresses,
                    GHashTable *domains)
{
	GHashTable *old_addresses;
	GHashTable *old_domains;

	pthread_mutex_lock(&directory->lock);
	old_addresses = directory->addresses;
	old_domains = directory->domains;
	directory->addresses = addresses;
	directory->domains = domains;
	pthread_mutex_unlock(&directory->lock);
	g_hash_table_unref(old_addresses);
	g_hash_table_unref(old_domains);
}

bool directory_refresh(struct directory *directory, struct store_pool *readers,
                       GError **error)
{
	g_autoptr(GPtrArray) list = read_departments(readers, error);
	GHashTable *addresses;
	GHashTable *domains;

	if (list == NULL)
		return false;
	addresses = set_new();
	domains = set_new();
	for (guint i = 0; i < list->len; i++)
		add_department(g_ptr_array_index(list, i), addresses, domains);
	replace(directory, addresses, domains);
	return true;
}

enum directory_place directory_find(struct directory *directory,
                                    const char *address)
{
	enum directory_place place = DIRECTORY_ELSEWHERE;
	g_autofree char *base = NULL;
	g_autofree char *extension = NULL;

	address_split_extension(address, &base, &extension);
	pthread_mutex_lock(&directory->lock);
	if (g_hash_table_contains(directory->addresses, base))
		place = DIRECTORY_OURS;
	else if (g_hash_table_contains(directory->domains, domain_of(base)))
		place = DIRECTORY_NEAR;
	pthread_mutex_unlock(&directory->lock);
	return place;
}
