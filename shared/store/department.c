/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * department.c - departments (setores) and their addresses
 */
#include "store/department.h"

#include <string.h>

#include "base/error.h"
#include "base/ids.h"
#include "store/key.h"
#include "store/row.h"
#include "store/store_private.h"

static const char *const accept_names[] = {
	[DEPARTMENT_REGISTERED] = "registered",
	[DEPARTMENT_REPLIES] = "replies",
	[DEPARTMENT_ANYONE] = "anyone",
	[DEPARTMENT_ACCEPT__COUNT] = NULL,
};

static const char *const unproven_names[] = {
	[DEPARTMENT_HOLD] = "hold",
	[DEPARTMENT_ACCEPT] = "accept",
	[DEPARTMENT_REJECT] = "reject",
	[DEPARTMENT_UNPROVEN__COUNT] = NULL,
};

static const struct row_field department_fields[] = {
	ROW_FIELD(department, id, ROW_INT),
	ROW_FIELD(department, name, ROW_TEXT),
	ROW_FIELD(department, title, ROW_TEXT),
	ROW_FIELD_NAME(department, accept, accept_names),
	ROW_FIELD_NAME(department, unproven, unproven_names),
	ROW_FIELD(department, language, ROW_TEXT),
	ROW_FIELD(department, html, ROW_BOOL),
	ROW_FIELD(department, acknowledge, ROW_BOOL),
	ROW_FIELD(department, active, ROW_BOOL),
	ROW_FIELD(department, time_zone, ROW_TEXT),
	ROW_FIELD(department, satisfaction, ROW_BOOL),
	ROW_FIELD(department, satisfaction_since, ROW_INT),
};

#define DEPARTMENT_COLUMNS                                                     \
	"d.id, d.name, d.title, d.accept, d.unproven, d.language, d.html,"     \
	" d.acknowledge, d.active, d.time_zone, d.satisfaction,"               \
	" d.satisfaction_since"

static void department_destroy(void *department)
{
	department_free(department);
}

static const struct row_type department_type = {
	department_fields,
	G_N_ELEMENTS(department_fields),
	sizeof(struct department),
	department_destroy,
};

const char *department_accept_name(enum department_accept accept)
{
	return accept_names[accept];
}

bool department_accept_parse(const char *name, enum department_accept *ret)
{
	int found = row_name_find(accept_names, name);

	if (found >= 0)
		*ret = (enum department_accept)found;
	return found >= 0;
}

const char *department_unproven_name(enum department_unproven unproven)
{
	return unproven_names[unproven];
}

bool department_unproven_parse(const char *name, enum department_unproven *ret)
{
	int found = row_name_find(unproven_names, name);

	if (found >= 0)
		*ret = (enum department_unproven)found;
	return found >= 0;
}

struct department *department_new(void)
{
	struct department *department = row_new(&department_type);

	department->acknowledge = true;
	department->active = true;
	return department;
}

void department_free(struct department *department)
{
	if (department == NULL)
		return;
	g_strfreev(department->addresses);
	row_free(&department_type, department);
}

/* [a-z0-9-]: it stands in commands, logs and file names. */
static bool check_name(const char *name, GError **error)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	if (!key_check_word("department name", name, error))
		return false;
	if (name[strspn(name, allowed)] == '\0' && name[0] != '-')
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
	            "department name \"%s\" is not made of a-z, 0-9 and \"-\"",
	            name);
	return false;
}

/* CONFLICT if another department has the name. */
static bool check_name_free(struct store *store,
                            const struct department *department, GError **error)
{
	static const char SQL_NAME_OWNER[] =
		"SELECT id FROM department WHERE name = :name AND id <> :id";
	struct db_stmt *stmt = row_prepare_text(
		store->db, SQL_NAME_OWNER, ":name", department->name, error);
	gint64 other;
	bool found = false;

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":id", department->id);
	if (!row_fetch_int(stmt, &other, &found, error))
		return false;
	if (!found)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "there is a department %s already", department->name);
	return false;
}

static bool check_row(struct store *store, const struct department *department,
                      GError **error)
{
	return check_name(department->name, error) &&
	       key_check_text("title", department->title, error) &&
	       check_name_free(store, department, error);
}

bool department_add_address(struct store *store, gint64 id, const char *address,
                            GError **error)
{
	static const char SQL_ADDRESS_INSERT[] =
		"INSERT INTO department_address"
		" (address, department_id, position)"
		" SELECT :address, :id, COALESCE(MAX(position), 0) + 1"
		" FROM department_address WHERE department_id = :id";
	struct db_stmt *stmt;

	if (!key_check_address(address, error) ||
	    !key_check_free(store->db, address, 0, error))
		return false;
	stmt = row_prepare_id(store->db, SQL_ADDRESS_INSERT, id, error);
	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":address", address);
	return db_run(stmt, error);
}

bool department_insert(struct store *store, struct department *department,
                       GError **error)
{
	static const char SQL_DEPARTMENT_INSERT[] =
		"INSERT INTO department (id, name, title, accept, unproven,"
		" language, html, acknowledge, active, time_zone,"
		" satisfaction, satisfaction_since)"
		" VALUES (:id, :name, :title, :accept, :unproven,"
		" :language, :html, :acknowledge, :active, :time_zone,"
		" :satisfaction, :satisfaction_since)";
	struct department row = *department;

	if (row.addresses == NULL || row.addresses[0] == NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
		            "a department needs an address");
		return false;
	}
	if (row.id == 0)
		row.id = id_new();
	if (!check_row(store, &row, error) ||
	    !row_run(store->db, SQL_DEPARTMENT_INSERT, &department_type, &row,
	             error))
		return false;
	for (char **address = row.addresses; *address != NULL; address++) {
		if (!department_add_address(store, row.id, *address, error))
			return false;
	}
	department->id = row.id;
	return true;
}

bool department_update(struct store *store, const struct department *department,
                       GError **error)
{
	static const char SQL_DEPARTMENT_UPDATE[] =
		"UPDATE department SET name = :name, title = :title,"
		" accept = :accept, unproven = :unproven,"
		" language = :language, html = :html,"
		" acknowledge = :acknowledge, active = :active,"
		" time_zone = :time_zone, satisfaction = :satisfaction,"
		" satisfaction_since = :satisfaction_since"
		" WHERE id = :id";

	return check_row(store, department, error) &&
	       row_run(store->db, SQL_DEPARTMENT_UPDATE, &department_type,
	               department, error) &&
	       row_check_changed(store->db, error, "no such department");
}

static char **addresses_of(struct store *store, gint64 id, GError **error)
{
	static const char SQL_ADDRESSES[] =
		"SELECT address FROM department_address"
		" WHERE department_id = :id ORDER BY position";

	return row_fetch_strings(
		row_prepare_id(store->db, SQL_ADDRESSES, id, error), error);
}

bool department_remove_address(struct store *store, gint64 id,
                               const char *address, GError **error)
{
	static const char SQL_ADDRESS_DELETE[] =
		"DELETE FROM department_address"
		" WHERE department_id = :id AND address = :address";
	g_auto(GStrv) addresses = addresses_of(store, id, error);
	struct db_stmt *stmt;

	if (addresses == NULL)
		return false;
	if (g_strv_length(addresses) == 1 &&
	    strcmp(addresses[0], address) == 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
		            "%s is the last address of the department",
		            address);
		return false;
	}
	stmt = row_prepare_id(store->db, SQL_ADDRESS_DELETE, id, error);
	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":address", address);
	return db_run(stmt, error) &&
	       row_check_changed(store->db, error,
	                         "the department has no address %s", address);
}

/* Adds the addresses; takes the department and frees it on failure. */
static struct department *
complete(struct store *store, struct department *department, GError **error)
{
	if (department == NULL)
		return NULL;
	department->addresses = addresses_of(store, department->id, error);
	if (department->addresses != NULL)
		return department;
	department_free(department);
	return NULL;
}

struct department *department_get(struct store *store, gint64 id,
                                  GError **error)
{
	static const char SQL_DEPARTMENT_GET[] =
		"SELECT " DEPARTMENT_COLUMNS
		" FROM department d WHERE d.id = :id";

	return complete(store,
	                row_fetch(row_prepare_id(store->db, SQL_DEPARTMENT_GET,
	                                         id, error),
	                          &department_type, error,
	                          "no such department"),
	                error);
}

struct department *department_by_name(struct store *store, const char *name,
                                      GError **error)
{
	static const char SQL_DEPARTMENT_BY_NAME[] =
		"SELECT " DEPARTMENT_COLUMNS
		" FROM department d WHERE d.name = :name";

	return complete(
		store,
		row_fetch(row_prepare_text(store->db, SQL_DEPARTMENT_BY_NAME,
	                                   ":name", name, error),
	                  &department_type, error, "no department %s", name),
		error);
}

struct department *department_by_address(struct store *store,
                                         const char *address, GError **error)
{
	static const char SQL_DEPARTMENT_BY_ADDRESS[] =
		"SELECT " DEPARTMENT_COLUMNS " FROM department_address a"
		" JOIN department d ON d.id = a.department_id"
		" WHERE a.address = :address AND d.active = 1";

	return complete(
		store,
		row_fetch(row_prepare_text(store->db, SQL_DEPARTMENT_BY_ADDRESS,
	                                   ":address", address, error),
	                  &department_type, error,
	                  "no department has the address %s", address),
		error);
}

GPtrArray *department_list(struct store *store, GError **error)
{
	static const char SQL_DEPARTMENT_LIST[] =
		"SELECT " DEPARTMENT_COLUMNS
		" FROM department d ORDER BY d.name";
	g_autoptr(GPtrArray) all =
		row_fetch_all(db_prepare(store->db, SQL_DEPARTMENT_LIST, error),
	                      &department_type, error);

	if (all == NULL)
		return NULL;
	for (guint i = 0; i < all->len; i++) {
		struct department *department = g_ptr_array_index(all, i);

		department->addresses =
			addresses_of(store, department->id, error);
		if (department->addresses == NULL)
			return NULL;
	}
	return g_steal_pointer(&all);
}

bool department_find_zone(struct store *store, gint64 id, char **ret_zone,
                          GError **error)
{
	static const char SQL_DEPARTMENT_ZONE[] =
		"SELECT time_zone FROM department"
		" WHERE id = :id AND time_zone <> ''";

	return row_fetch_text(
		row_prepare_id(store->db, SQL_DEPARTMENT_ZONE, id, error),
		ret_zone, error);
}
