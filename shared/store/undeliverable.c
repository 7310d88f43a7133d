/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undeliverable.c - addresses that failed for good: no more mail for them
 */
#include "store/undeliverable.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/customer.h"
#include "store/row.h"
#include "store/store_private.h"

#define LIMIT_DEFAULT 100

static const struct row_field undeliverable_fields[] = {
	ROW_FIELD(undeliverable, address, ROW_TEXT),
	ROW_FIELD(undeliverable, status, ROW_TEXT),
	ROW_FIELD(undeliverable, why, ROW_TEXT),
	ROW_FIELD(undeliverable, outbox_id, ROW_INT),
	ROW_FIELD(undeliverable, first, ROW_INT),
	ROW_FIELD(undeliverable, last, ROW_INT),
	ROW_FIELD(undeliverable, failures, ROW_INT),
};

#define UNDELIVERABLE_COLUMNS                                                  \
	"address, status, why, outbox_id, first, last, failures"

static void undeliverable_destroy(void *row)
{
	undeliverable_free(row);
}

static const struct row_type undeliverable_type = {
	undeliverable_fields,
	G_N_ELEMENTS(undeliverable_fields),
	sizeof(struct undeliverable),
	undeliverable_destroy,
};

void undeliverable_free(struct undeliverable *row)
{
	row_free(&undeliverable_type, row);
}

struct undeliverable *undeliverable_get(struct store *store,
					const char *address, GError **error)
{
	static const char SQL_UNDELIVERABLE_GET[] =
		"SELECT " UNDELIVERABLE_COLUMNS
		" FROM undeliverable WHERE address = :address";

	return row_fetch(row_prepare_text(store->db, SQL_UNDELIVERABLE_GET,
					  ":address", address, error),
			 &undeliverable_type, error,
			 "nothing is known against %s", address);
}

static bool save(struct store *store, const struct undeliverable *row,
		 GError **error)
{
	static const char SQL_UNDELIVERABLE_SAVE[] =
		"INSERT INTO undeliverable (" UNDELIVERABLE_COLUMNS ")"
		" VALUES (:address, :status, :why, :outbox_id, :first, :last,"
		" :failures)"
		" ON CONFLICT (address) DO UPDATE SET"
		" last = excluded.last, failures = excluded.failures";

	return row_run(store->db, SQL_UNDELIVERABLE_SAVE, &undeliverable_type,
		       row, error)
	       && contact_set_bounced(store, row->address, row->last, error);
}

bool undeliverable_note(struct store *store,
			const struct undeliverable *failure, bool *ret_news,
			GError **error)
{
	g_autoptr(GError) absent = NULL;
	struct undeliverable row = *failure;
	AUTO(undeliverable)
	known = undeliverable_get(store, failure->address, &absent);

	if (known == NULL
	    && !g_error_matches(absent, PORTARIA_ERROR,
				PORTARIA_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&absent));
		return false;
	}
	row.first = row.last = clock_now();
	row.failures = known != NULL ? known->failures + 1 : 1;
	if (!save(store, &row, error))
		return false;
	*ret_news = known == NULL;
	return true;
}

bool undeliverable_clear(struct store *store, const char *address,
			 bool *ret_was, GError **error)
{
	static const char SQL_UNDELIVERABLE_CLEAR[] =
		"DELETE FROM undeliverable WHERE address = :address";
	struct db_stmt *stmt
		= row_prepare_text(store->db, SQL_UNDELIVERABLE_CLEAR,
				   ":address", address, error);
	bool was;

	if (stmt == NULL || !db_run(stmt, error))
		return false;
	was = db_changes(store->db) > 0;
	if (was && !contact_set_bounced(store, address, 0, error))
		return false;
	*ret_was = was;
	return true;
}

GPtrArray *undeliverable_list(struct store *store, unsigned limit,
			      GError **error)
{
	static const char SQL_UNDELIVERABLE_LIST[] =
		"SELECT " UNDELIVERABLE_COLUMNS " FROM undeliverable"
		" ORDER BY first DESC, address LIMIT :limit";
	struct db_stmt *stmt
		= db_prepare(store->db, SQL_UNDELIVERABLE_LIST, error);

	if (stmt != NULL)
		db_bind_int(stmt, ":limit", limit > 0 ? limit : LIMIT_DEFAULT);
	return row_fetch_all(stmt, &undeliverable_type, error);
}
