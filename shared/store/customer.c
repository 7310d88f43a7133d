/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * customer.c - customers
 */
#include "store/customer.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/key.h"
#include "store/row.h"
#include "store/search.h"
#include "store/store_private.h"

static const struct row_field customer_fields[] = {
	ROW_FIELD(customer, id, ROW_INT),
	ROW_FIELD(customer, code, ROW_TEXT),
	ROW_FIELD(customer, name, ROW_TEXT),
	ROW_FIELD(customer, language, ROW_TEXT),
	ROW_FIELD(customer, active, ROW_BOOL),
	ROW_FIELD(customer, created, ROW_INT),
	ROW_FIELD(customer, time_zone, ROW_TEXT),
};

#define CUSTOMER_COLUMNS                                                       \
	"u.id, u.code, u.name, u.language, u.active, u.created, u.time_zone"

static void customer_destroy(void *customer)
{
	customer_free(customer);
}

static const struct row_type customer_type = {
	customer_fields,
	G_N_ELEMENTS(customer_fields),
	sizeof(struct customer),
	customer_destroy,
};

void customer_free(struct customer *customer)
{
	row_free(&customer_type, customer);
}

static bool check_code_free(struct store *store,
                            const struct customer *customer, GError **error)
{
	static const char SQL_CODE_OWNER[] =
		"SELECT name FROM customer"
		" WHERE code = :code AND code <> '' AND id <> :id";
	struct db_stmt *stmt = db_prepare(store->db, SQL_CODE_OWNER, error);
	g_autofree char *owner = NULL;

	if (stmt == NULL)
		return false;
	row_bind(stmt, &customer_type, customer);
	if (!row_fetch_text(stmt, &owner, error))
		return false;
	if (owner == NULL)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "customer code %s already belongs to %s", customer->code,
	            owner);
	return false;
}

static bool check_row(struct store *store, const struct customer *customer,
                      GError **error)
{
	return key_check_text("customer name", customer->name, error) &&
	       key_check_text("customer code", customer->code, error) &&
	       check_code_free(store, customer, error);
}

/* The row with what is made from it. */
static bool row_save(struct store *store, const char *sql,
                     const struct customer *customer, GError **error)
{
	struct db_stmt *stmt = db_prepare(store->db, sql, error);
	g_autofree char *folded =
		search_fold(customer->name != NULL ? customer->name : "");

	if (stmt == NULL)
		return false;
	row_bind(stmt, &customer_type, customer);
	db_bind_text(stmt, ":name_folded", folded);
	return db_run(stmt, error);
}

bool customer_insert(struct store *store, struct customer *customer,
                     GError **error)
{
	static const char SQL_CUSTOMER_INSERT[] =
		"INSERT INTO customer"
		" (id, code, name, name_folded, language, active, created,"
		" time_zone)"
		" VALUES (:id, :code, :name, :name_folded, :language,"
		" :active, :created, :time_zone)";
	struct customer row = *customer;

	row.id = row.id != 0 ? row.id : id_new();
	row.created = row.created != 0 ? row.created : clock_now();
	if (!check_row(store, &row, error) ||
	    !row_save(store, SQL_CUSTOMER_INSERT, &row, error))
		return false;
	customer->id = row.id;
	customer->created = row.created;
	return true;
}

bool customer_update(struct store *store, const struct customer *customer,
                     GError **error)
{
	static const char SQL_CUSTOMER_UPDATE[] =
		"UPDATE customer SET code = :code, name = :name,"
		" name_folded = :name_folded,"
		" language = :language, active = :active,"
		" time_zone = :time_zone"
		" WHERE id = :id";

	return check_row(store, customer, error) &&
	       row_save(store, SQL_CUSTOMER_UPDATE, customer, error) &&
	       row_check_changed(store->db, error, "no such customer");
}

struct customer *customer_get(struct store *store, gint64 id, GError **error)
{
	static const char SQL_CUSTOMER_GET[] =
		"SELECT " CUSTOMER_COLUMNS " FROM customer u WHERE u.id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_CUSTOMER_GET, id, error),
	                 &customer_type, error, "no such customer");
}

struct customer *customer_by_code(struct store *store, const char *code,
                                  GError **error)
{
	static const char SQL_CUSTOMER_BY_CODE[] =
		"SELECT " CUSTOMER_COLUMNS
		" FROM customer u WHERE u.code = :code AND u.code <> ''";

	return row_fetch(row_prepare_text(store->db, SQL_CUSTOMER_BY_CODE,
	                                  ":code", code, error),
	                 &customer_type, error, "no customer with the code %s",
	                 code);
}

GPtrArray *customer_list(struct store *store, const char *search,
                         unsigned limit, GError **error)
{
	static const char SQL_CUSTOMER_LIST[] =
		"SELECT " CUSTOMER_COLUMNS " FROM customer u"
		" WHERE u.name_folded LIKE :pattern ESCAPE '\\'"
		" OR LOWER(u.code) LIKE :pattern ESCAPE '\\'"
		" OR u.id IN (SELECT c.customer_id FROM contact c"
		" WHERE c.address LIKE :pattern ESCAPE '\\')"
		" ORDER BY u.name_folded, u.id LIMIT :limit";
	g_autofree char *pattern = NULL;
	struct db_stmt *stmt;

	pattern = search_pattern(search != NULL ? search : "", error);
	if (pattern == NULL)
		return NULL;
	stmt = row_prepare_text(store->db, SQL_CUSTOMER_LIST, ":pattern",
	                        pattern, error);
	if (stmt != NULL)
		db_bind_int(stmt, ":limit", limit > 0 ? limit : G_MAXINT);
	return row_fetch_all(stmt, &customer_type, error);
}
