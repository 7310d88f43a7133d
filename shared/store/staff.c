/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * staff.c - staff (atendentes) and the departments they answer for
 */
#include "store/staff.h"

#include "base/error.h"
#include "base/ids.h"
#include "store/key.h"
#include "store/row.h"
#include "store/store_private.h"

static const struct row_field staff_fields[] = {
	ROW_FIELD(staff, id, ROW_INT),
	ROW_FIELD(staff, login, ROW_TEXT),
	ROW_FIELD(staff, name, ROW_TEXT),
	ROW_FIELD(staff, address, ROW_TEXT),
	ROW_FIELD(staff, language, ROW_TEXT),
	ROW_FIELD(staff, admin, ROW_BOOL),
	ROW_FIELD(staff, active, ROW_BOOL),
	ROW_FIELD(staff, notify, ROW_BOOL),
};

#define STAFF_COLUMNS                                                          \
	"s.id, s.login, s.name, s.address, s.language, s.admin, s.active,"     \
	" s.notify"

static void staff_destroy(void *staff)
{
	staff_free(staff);
}

static const struct row_type staff_type = {
	staff_fields,
	G_N_ELEMENTS(staff_fields),
	sizeof(struct staff),
	staff_destroy,
};

struct staff *staff_new(void)
{
	struct staff *staff = row_new(&staff_type);

	staff->active = true;
	staff->notify = true;
	return staff;
}

void staff_free(struct staff *staff)
{
	if (staff == NULL)
		return;
	g_strfreev(staff->departments);
	row_free(&staff_type, staff);
}

static bool check_login_free(struct store *store, const struct staff *staff,
                             GError **error)
{
	static const char SQL_LOGIN_OWNER[] =
		"SELECT address FROM staff"
		" WHERE login = :login AND id <> :id";
	struct db_stmt *stmt = db_prepare(store->db, SQL_LOGIN_OWNER, error);
	g_autofree char *owner = NULL;

	if (stmt == NULL)
		return false;
	row_bind(stmt, &staff_type, staff);
	if (!row_fetch_text(stmt, &owner, error))
		return false;
	if (owner == NULL)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "staff login %s already belongs to %s", staff->login,
	            owner);
	return false;
}

static bool check_row(struct store *store, const struct staff *staff,
                      GError **error)
{
	return key_check_word("login", staff->login, error) &&
	       key_check_text("name", staff->name, error) &&
	       key_check_address(staff->address, error) &&
	       check_login_free(store, staff, error) &&
	       key_check_free(store->db, staff->address, staff->id, error);
}

static bool member_insert(struct store *store, gint64 id,
                          const char *department, GError **error)
{
	static const char SQL_DEPARTMENT_ID[] =
		"SELECT id FROM department WHERE name = :name";
	static const char SQL_MEMBER_INSERT[] =
		"INSERT INTO staff_department (staff_id, department_id)"
		" VALUES (:id, :department_id)"
		" ON CONFLICT (staff_id, department_id) DO NOTHING";
	struct db_stmt *stmt;
	gint64 department_id;
	bool found = false;

	if (!row_fetch_int(row_prepare_text(store->db, SQL_DEPARTMENT_ID,
	                                    ":name", department, error),
	                   &department_id, &found, error))
		return false;
	if (!found) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
		            "no department %s", department);
		return false;
	}
	stmt = row_prepare_id(store->db, SQL_MEMBER_INSERT, id, error);
	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":department_id", department_id);
	return db_run(stmt, error);
}

static bool members_replace(struct store *store, const struct staff *staff,
                            GError **error)
{
	static const char SQL_MEMBERS_DELETE[] =
		"DELETE FROM staff_department WHERE staff_id = :id";

	if (!row_run_id(store->db, SQL_MEMBERS_DELETE, staff->id, error))
		return false;
	if (staff->departments == NULL)
		return true;
	for (char **name = staff->departments; *name != NULL; name++) {
		if (!member_insert(store, staff->id, *name, error))
			return false;
	}
	return true;
}

bool staff_insert(struct store *store, struct staff *staff, GError **error)
{
	static const char SQL_STAFF_INSERT[] =
		"INSERT INTO staff (id, login, name, address, language,"
		" admin, active, notify)"
		" VALUES (:id, :login, :name, :address, :language,"
		" :admin, :active, :notify)";
	struct staff row = *staff;

	row.id = row.id != 0 ? row.id : id_new();
	if (!check_row(store, &row, error) ||
	    !row_run(store->db, SQL_STAFF_INSERT, &staff_type, &row, error) ||
	    !members_replace(store, &row, error))
		return false;
	staff->id = row.id;
	return true;
}

bool staff_update(struct store *store, const struct staff *staff,
                  GError **error)
{
	static const char SQL_STAFF_UPDATE[] =
		"UPDATE staff SET login = :login, name = :name,"
		" address = :address, language = :language, admin = :admin,"
		" active = :active, notify = :notify"
		" WHERE id = :id";

	return check_row(store, staff, error) &&
	       row_run(store->db, SQL_STAFF_UPDATE, &staff_type, staff,
	               error) &&
	       row_check_changed(store->db, error, "no such staff member") &&
	       members_replace(store, staff, error);
}

static bool complete(struct store *store, struct staff *staff, GError **error)
{
	static const char SQL_DEPARTMENTS[] =
		"SELECT d.name FROM staff_department m"
		" JOIN department d ON d.id = m.department_id"
		" WHERE m.staff_id = :id ORDER BY d.name";

	staff->departments = row_fetch_strings(
		row_prepare_id(store->db, SQL_DEPARTMENTS, staff->id, error),
		error);
	return staff->departments != NULL;
}

/* Takes the object, which may be NULL with the error set. */
static struct staff *finish(struct store *store, struct staff *staff,
                            GError **error)
{
	if (staff == NULL || complete(store, staff, error))
		return staff;
	staff_free(staff);
	return NULL;
}

static GPtrArray *finish_all(struct store *store, GPtrArray *staff,
                             GError **error)
{
	for (guint i = 0; staff != NULL && i < staff->len; i++) {
		if (!complete(store, g_ptr_array_index(staff, i), error)) {
			g_ptr_array_unref(staff);
			return NULL;
		}
	}
	return staff;
}

struct staff *staff_get(struct store *store, gint64 id, GError **error)
{
	static const char SQL_STAFF_GET[] =
		"SELECT " STAFF_COLUMNS " FROM staff s WHERE s.id = :id";

	return finish(
		store,
		row_fetch(row_prepare_id(store->db, SQL_STAFF_GET, id, error),
	                  &staff_type, error, "no such staff member"),
		error);
}

struct staff *staff_by_login(struct store *store, const char *login,
                             GError **error)
{
	static const char SQL_STAFF_BY_LOGIN[] =
		"SELECT " STAFF_COLUMNS " FROM staff s WHERE s.login = :login";

	return finish(store,
	              row_fetch(row_prepare_text(store->db, SQL_STAFF_BY_LOGIN,
	                                         ":login", login, error),
	                        &staff_type, error, "no staff member %s",
	                        login),
	              error);
}

struct staff *staff_by_address(struct store *store, const char *address,
                               GError **error)
{
	static const char SQL_STAFF_BY_ADDRESS[] =
		"SELECT " STAFF_COLUMNS
		" FROM staff s WHERE s.address = :address AND s.active = 1";

	return finish(
		store,
		row_fetch(row_prepare_text(store->db, SQL_STAFF_BY_ADDRESS,
	                                   ":address", address, error),
	                  &staff_type, error,
	                  "no active staff member has the address %s", address),
		error);
}

GPtrArray *staff_list(struct store *store, GError **error)
{
	static const char SQL_STAFF_LIST[] =
		"SELECT " STAFF_COLUMNS " FROM staff s ORDER BY s.login";

	return finish_all(
		store,
		row_fetch_all(db_prepare(store->db, SQL_STAFF_LIST, error),
	                      &staff_type, error),
		error);
}

GPtrArray *staff_of_department(struct store *store, gint64 department_id,
                               GError **error)
{
	static const char SQL_STAFF_OF_DEPARTMENT[] =
		"SELECT " STAFF_COLUMNS
		" FROM staff_department m JOIN staff s ON s.id = m.staff_id"
		" WHERE m.department_id = :id"
		" AND s.active = 1 AND s.notify = 1"
		" ORDER BY s.login";

	return finish_all(
		store,
		row_fetch_all(row_prepare_id(store->db, SQL_STAFF_OF_DEPARTMENT,
	                                     department_id, error),
	                      &staff_type, error),
		error);
}
