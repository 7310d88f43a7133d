/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * contact.c - who may write for a customer
 */
#include <string.h>

#include "base/error.h"
#include "base/ids.h"
#include "store/customer.h"
#include "store/key.h"
#include "store/row.h"
#include "store/store_private.h"

static const char *const role_names[] = {
	[CONTACT_OWNER] = "owner",
	[CONTACT_ADDITIONAL] = "additional",
	NULL,
};

static const struct row_field contact_fields[] = {
	ROW_FIELD(contact, id, ROW_INT),
	ROW_FIELD(contact, customer_id, ROW_INT),
	ROW_FIELD(contact, address, ROW_TEXT),
	ROW_FIELD(contact, name, ROW_TEXT),
	ROW_FIELD_NAME(contact, role, role_names),
	ROW_FIELD(contact, login, ROW_TEXT),
	ROW_FIELD(contact, active, ROW_BOOL),
	ROW_FIELD(contact, bounced, ROW_INT),
	ROW_FIELD(contact, language, ROW_TEXT),
	ROW_FIELD(contact, no_copies, ROW_BOOL),
	ROW_FIELD(contact, no_grades, ROW_BOOL),
};

#define CONTACT_COLUMNS                                                        \
	"c.id, c.customer_id, c.address, c.name, c.role, c.login, c.active,"   \
	" c.bounced, c.language, c.no_copies, c.no_grades"
#define FROM_ACTIVE                                                            \
	" FROM contact c JOIN customer u ON u.id = c.customer_id"              \
	" WHERE c.active = 1 AND u.active = 1"

static void contact_destroy(void *contact)
{
	contact_free(contact);
}

static const struct row_type contact_type = {
	contact_fields,
	G_N_ELEMENTS(contact_fields),
	sizeof(struct contact),
	contact_destroy,
};

void contact_free(struct contact *contact)
{
	row_free(&contact_type, contact);
}

/* Who logs in as an address that is somebody else's would be taken for that
 * person, so logins and addresses of contacts share one name space. */
static bool check_login(struct store *store, const struct contact *contact,
                        GError **error)
{
	static const char SQL_LOGIN_OWNER[] =
		"SELECT address FROM contact WHERE id <> :id"
		" AND (login = :login OR address = :login)";
	struct db_stmt *stmt;
	g_autofree char *owner = NULL;

	if (contact->login == NULL || *contact->login == '\0')
		return true;
	if (!key_check_word("login", contact->login, error))
		return false;
	stmt = db_prepare(store->db, SQL_LOGIN_OWNER, error);
	if (stmt == NULL)
		return false;
	row_bind(stmt, &contact_type, contact);
	if (!row_fetch_text(stmt, &owner, error))
		return false;
	if (owner == NULL)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "login %s already belongs to the contact %s",
	            contact->login, owner);
	return false;
}

static bool check_owner(struct store *store, const struct contact *contact,
                        GError **error)
{
	static const char SQL_OTHER_OWNER[] =
		"SELECT address FROM contact"
		" WHERE customer_id = :customer_id AND role = 'owner'"
		" AND id <> :id";
	struct db_stmt *stmt;
	g_autofree char *owner = NULL;

	if (contact->role != CONTACT_OWNER)
		return true;
	stmt = db_prepare(store->db, SQL_OTHER_OWNER, error);
	if (stmt == NULL)
		return false;
	row_bind(stmt, &contact_type, contact);
	if (!row_fetch_text(stmt, &owner, error))
		return false;
	if (owner == NULL)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "the customer's owner is %s already", owner);
	return false;
}

static bool check_customer(struct store *store, const struct contact *contact,
                           GError **error)
{
	AUTO(customer)
	customer = customer_get(store, contact->customer_id, error);

	return customer != NULL;
}

static bool check_row(struct store *store, const struct contact *contact,
                      GError **error)
{
	return key_check_address(contact->address, error) &&
	       key_check_text("name", contact->name, error) &&
	       check_customer(store, contact, error) &&
	       key_check_free(store->db, contact->address, contact->id,
	                      error) &&
	       check_login(store, contact, error) &&
	       check_owner(store, contact, error);
}

bool contact_insert(struct store *store, struct contact *contact,
                    GError **error)
{
	static const char SQL_CONTACT_INSERT[] =
		"INSERT INTO contact (id, customer_id, address, name, role,"
		" login, active, bounced, language, no_copies, no_grades)"
		" VALUES (:id, :customer_id, :address, :name, :role,"
		" :login, :active, :bounced, :language, :no_copies,"
		" :no_grades)";
	struct contact row = *contact;

	row.id = row.id != 0 ? row.id : id_new();
	if (!check_row(store, &row, error) ||
	    !row_run(store->db, SQL_CONTACT_INSERT, &contact_type, &row, error))
		return false;
	contact->id = row.id;
	return true;
}

bool contact_update(struct store *store, const struct contact *contact,
                    GError **error)
{
	static const char SQL_CONTACT_UPDATE[] =
		"UPDATE contact SET customer_id = :customer_id,"
		" address = :address, name = :name, role = :role,"
		" login = :login, active = :active, bounced = :bounced,"
		" language = :language, no_copies = :no_copies,"
		" no_grades = :no_grades"
		" WHERE id = :id";

	return check_row(store, contact, error) &&
	       row_run(store->db, SQL_CONTACT_UPDATE, &contact_type, contact,
	               error) &&
	       row_check_changed(store->db, error, "no such contact");
}

bool contact_delete(struct store *store, gint64 id, GError **error)
{
	/* Took part because he was a contact; copies stay by staff's word. */
	static const char SQL_PARTICIPANT_GONE[] =
		"DELETE FROM participant WHERE role IN ('owner', 'contact')"
		" AND address = (SELECT address FROM contact WHERE id = :id)";
	static const char SQL_CONTACT_DELETE[] =
		"DELETE FROM contact WHERE id = :id";

	return row_run_id(store->db, SQL_PARTICIPANT_GONE, id, error) &&
	       row_run_id(store->db, SQL_CONTACT_DELETE, id, error) &&
	       row_check_changed(store->db, error, "no such contact");
}

struct contact *contact_get(struct store *store, gint64 id, GError **error)
{
	static const char SQL_CONTACT_GET[] =
		"SELECT " CONTACT_COLUMNS " FROM contact c WHERE c.id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_CONTACT_GET, id, error),
	                 &contact_type, error, "no such contact");
}

struct contact *contact_find(struct store *store, const char *address,
                             GError **error)
{
	static const char SQL_CONTACT_FIND[] =
		"SELECT " CONTACT_COLUMNS
		" FROM contact c WHERE c.address = :address";

	return row_fetch(row_prepare_text(store->db, SQL_CONTACT_FIND,
	                                  ":address", address, error),
	                 &contact_type, error, "no contact %s", address);
}

struct contact *contact_by_address(struct store *store, const char *address,
                                   GError **error)
{
	static const char SQL_CONTACT_BY_ADDRESS[] =
		"SELECT " CONTACT_COLUMNS FROM_ACTIVE
		" AND c.address = :address";

	return row_fetch(row_prepare_text(store->db, SQL_CONTACT_BY_ADDRESS,
	                                  ":address", address, error),
	                 &contact_type, error, "no active contact %s", address);
}

struct contact *contact_by_login(struct store *store, const char *login,
                                 GError **error)
{
	static const char SQL_CONTACT_BY_LOGIN[] =
		"SELECT " CONTACT_COLUMNS FROM_ACTIVE
		" AND c.id IN (SELECT id FROM contact"
		" WHERE login = :login AND login <> ''"
		" UNION ALL SELECT id FROM contact"
		" WHERE address = :login AND login = '')";

	return row_fetch(row_prepare_text(store->db, SQL_CONTACT_BY_LOGIN,
	                                  ":login", login, error),
	                 &contact_type, error,
	                 "no active contact with the login %s", login);
}

GPtrArray *contact_list(struct store *store, gint64 customer_id, GError **error)
{
	static const char SQL_CONTACT_LIST[] =
		"SELECT " CONTACT_COLUMNS
		" FROM contact c WHERE c.customer_id = :id"
		" ORDER BY CASE c.role WHEN 'owner' THEN 0 ELSE 1 END,"
		" c.address";

	return row_fetch_all(
		row_prepare_id(store->db, SQL_CONTACT_LIST, customer_id, error),
		&contact_type, error);
}

bool contact_set_bounced(struct store *store, const char *address, gint64 time,
                         GError **error)
{
	static const char SQL_CONTACT_BOUNCED[] =
		"UPDATE contact SET bounced = :time WHERE address = :address";
	struct db_stmt *stmt = row_prepare_text(store->db, SQL_CONTACT_BOUNCED,
	                                        ":address", address, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":time", time);
	return db_run(stmt, error);
}
