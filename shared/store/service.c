/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service.c - what a customer bought
 */
#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "base/ids.h"
#include "store/customer.h"
#include "store/key.h"
#include "store/row.h"
#include "store/store_private.h"

static const struct row_field service_fields[] = {
	ROW_FIELD(service, id, ROW_INT),
	ROW_FIELD(service, customer_id, ROW_INT),
	ROW_FIELD(service, kind, ROW_TEXT),
	ROW_FIELD(service, label, ROW_TEXT),
	ROW_FIELD(service, domain, ROW_TEXT),
	ROW_FIELD(service, active, ROW_BOOL),
};

#define SERVICE_COLUMNS "id, customer_id, kind, label, domain, active"

static void service_destroy(void *service)
{
	service_free(service);
}

static const struct row_type service_type = {
	service_fields,
	G_N_ELEMENTS(service_fields),
	sizeof(struct service),
	service_destroy,
};

void service_free(struct service *service)
{
	if (service == NULL)
		return;
	g_strfreev(service->ip_ranges);
	row_free(&service_type, service);
}

/* IPv6 has many spellings of one range; it is found by one of them. */
static char *dup_canonical(const char *cidr)
{
	g_autoptr(GInetAddressMask) range =
		strchr(cidr, ':') != NULL && strchr(cidr, '%') == NULL
			? g_inet_address_mask_new_from_string(cidr, NULL)
			: NULL;
	g_autofree char *address =
		range != NULL ? g_inet_address_to_string(
					g_inet_address_mask_get_address(range))
			      : NULL;

	if (address == NULL)
		return g_strdup(cidr);
	return g_strdup_printf("%s/%u", address,
	                       g_inet_address_mask_get_length(range));
}

static bool range_insert(struct store *store, gint64 id, gint64 position,
                         const char *cidr, GError **error)
{
	static const char SQL_RANGE_INSERT[] =
		"INSERT INTO service_range (service_id, position, cidr)"
		" VALUES (:id, :position, :cidr)";
	g_autofree char *canonical = NULL;
	struct db_stmt *stmt;

	if (!key_check_word("address range", cidr, error))
		return false;
	stmt = row_prepare_id(store->db, SQL_RANGE_INSERT, id, error);
	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":position", position);
	canonical = dup_canonical(cidr);
	db_bind_text(stmt, ":cidr", canonical);
	return db_run(stmt, error);
}

static bool ranges_insert(struct store *store, const struct service *service,
                          GError **error)
{
	gint64 position = 0;

	if (service->ip_ranges == NULL)
		return true;
	for (char **cidr = service->ip_ranges; *cidr != NULL; cidr++) {
		if (!range_insert(store, service->id, position++, *cidr, error))
			return false;
	}
	return true;
}

static bool ranges_delete(struct store *store, gint64 id, GError **error)
{
	static const char SQL_RANGES_DELETE[] =
		"DELETE FROM service_range WHERE service_id = :id";

	return row_run_id(store->db, SQL_RANGES_DELETE, id, error);
}

static bool check_row(const struct service *service, GError **error)
{
	return key_check_text("kind", service->kind, error) &&
	       key_check_text("label", service->label, error) &&
	       (service->domain == NULL || *service->domain == '\0' ||
	        key_check_word("domain", service->domain, error));
}

bool service_insert(struct store *store, struct service *service,
                    GError **error)
{
	static const char SQL_SERVICE_INSERT[] =
		"INSERT INTO service"
		" (id, customer_id, kind, label, domain, active)"
		" VALUES (:id, :customer_id, :kind, :label, :domain, :active)";
	struct service row = *service;

	row.id = row.id != 0 ? row.id : id_new();
	if (!check_row(&row, error) ||
	    !row_run(store->db, SQL_SERVICE_INSERT, &service_type, &row,
	             error) ||
	    !ranges_insert(store, &row, error))
		return false;
	service->id = row.id;
	return true;
}

bool service_update(struct store *store, const struct service *service,
                    GError **error)
{
	static const char SQL_SERVICE_UPDATE[] =
		"UPDATE service SET customer_id = :customer_id, kind = :kind,"
		" label = :label, domain = :domain, active = :active"
		" WHERE id = :id";

	return check_row(service, error) &&
	       row_run(store->db, SQL_SERVICE_UPDATE, &service_type, service,
	               error) &&
	       row_check_changed(store->db, error, "no such service") &&
	       ranges_delete(store, service->id, error) &&
	       ranges_insert(store, service, error);
}

bool service_delete(struct store *store, gint64 id, GError **error)
{
	static const char SQL_SERVICE_USED[] =
		"SELECT ref FROM ticket WHERE service_id = :id LIMIT 1";
	static const char SQL_SERVICE_DELETE[] =
		"DELETE FROM service WHERE id = :id";
	g_autofree char *ref = NULL;

	if (!row_fetch_text(
		    row_prepare_id(store->db, SQL_SERVICE_USED, id, error),
		    &ref, error))
		return false;
	if (ref != NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
		            "ticket %s names this service: "
		            "make it inactive instead",
		            ref);
		return false;
	}
	return ranges_delete(store, id, error) &&
	       row_run_id(store->db, SQL_SERVICE_DELETE, id, error) &&
	       row_check_changed(store->db, error, "no such service");
}

static bool complete(struct store *store, struct service *service,
                     GError **error)
{
	static const char SQL_RANGES[] =
		"SELECT cidr FROM service_range WHERE service_id = :id"
		" ORDER BY position";

	service->ip_ranges = row_fetch_strings(
		row_prepare_id(store->db, SQL_RANGES, service->id, error),
		error);
	return service->ip_ranges != NULL;
}

GPtrArray *service_list(struct store *store, gint64 customer_id, GError **error)
{
	static const char SQL_SERVICE_LIST[] =
		"SELECT " SERVICE_COLUMNS
		" FROM service WHERE customer_id = :id"
		" ORDER BY kind, label, id";
	g_autoptr(GPtrArray) all = row_fetch_all(
		row_prepare_id(store->db, SQL_SERVICE_LIST, customer_id, error),
		&service_type, error);

	for (guint i = 0; all != NULL && i < all->len; i++) {
		if (!complete(store, g_ptr_array_index(all, i), error))
			return NULL;
	}
	return g_steal_pointer(&all);
}

struct service *service_get(struct store *store, gint64 id, GError **error)
{
	static const char SQL_SERVICE_GET[] =
		"SELECT " SERVICE_COLUMNS " FROM service WHERE id = :id";
	AUTO(service)
	service =
		row_fetch(row_prepare_id(store->db, SQL_SERVICE_GET, id, error),
	                  &service_type, error, "no such service");

	if (service == NULL || !complete(store, service, error))
		return NULL;
	return g_steal_pointer(&service);
}
