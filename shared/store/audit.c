/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * audit.c - who did what, append-only and hash-chained
 *
 * A row's hash is SHA-256 over the hash before ("" for the first row), id,
 * time, actor, action, object and detail, each behind its length in eight
 * bytes, most significant first. Rows are chained in the order of their ids;
 * a clock that steps back, or another process, must not break that order, so
 * a new id is always above the last.
 */
#include "store/audit.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/row.h"
#include "store/store_private.h"

#define LIMIT_DEFAULT 100

static const struct row_field audit_fields[] = {
	ROW_FIELD(audit, id, ROW_INT),      ROW_FIELD(audit, time, ROW_INT),
	ROW_FIELD(audit, actor, ROW_TEXT),  ROW_FIELD(audit, action, ROW_TEXT),
	ROW_FIELD(audit, object, ROW_TEXT), ROW_FIELD(audit, detail, ROW_TEXT),
	ROW_FIELD(audit, hash, ROW_TEXT),
};

#define AUDIT_COLUMNS "id, time, actor, action, object, detail, hash"

static void audit_destroy(void *audit)
{
	audit_free(audit);
}

static const struct row_type audit_type = {
	audit_fields,
	G_N_ELEMENTS(audit_fields),
	sizeof(struct audit),
	audit_destroy,
};

void audit_free(struct audit *audit)
{
	row_free(&audit_type, audit);
}

static void hash_part(GChecksum *sum, const char *part)
{
	guint64 len = strlen(part);
	guint64 prefix = GUINT64_TO_BE(len);

	g_checksum_update(sum, (const guchar *)&prefix, sizeof(prefix));
	g_checksum_update(sum, (const guchar *)part, (gssize)len);
}

static char *hash_of(const char *before, const struct audit *row)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, row->id);
	g_autofree char *time = g_strdup_printf("%" G_GINT64_FORMAT, row->time);

	hash_part(sum, before);
	hash_part(sum, id);
	hash_part(sum, time);
	hash_part(sum, row->actor);
	hash_part(sum, row->action);
	hash_part(sum, row->object);
	hash_part(sum, row->detail);
	return g_strdup(g_checksum_get_string(sum));
}

/* NULL without error if there is no row yet. */
static bool last_row(struct store *store, struct audit **ret_row,
                     GError **error)
{
	static const char SQL_AUDIT_LAST[] =
		"SELECT " AUDIT_COLUMNS " FROM audit ORDER BY id DESC LIMIT 1";
	g_autoptr(GPtrArray) rows =
		row_fetch_all(db_prepare(store->db, SQL_AUDIT_LAST, error),
	                      &audit_type, error);

	if (rows == NULL)
		return false;
	*ret_row = rows->len > 0 ? g_ptr_array_steal_index(rows, 0) : NULL;
	return true;
}

/* As db.c would store it: what is hashed must be what is read back. */
static char *text_of(const char *text)
{
	return g_utf8_make_valid(text != NULL ? text : "", -1);
}

bool audit_add(struct store *store, const char *actor, const char *action,
               const char *object, const char *detail, GError **error)
{
	static const char SQL_AUDIT_INSERT[] =
		"INSERT INTO audit (" AUDIT_COLUMNS ")"
		" VALUES (:id, :time, :actor, :action, :object, :detail,"
		" :hash)";
	AUTO(audit) last = NULL;
	AUTO(audit) row = NULL;

	if (!last_row(store, &last, error))
		return false;
	row = g_new0(struct audit, 1);
	row->id = id_new();
	if (last != NULL)
		row->id = MAX(row->id, last->id + 1);
	row->time = clock_now();
	row->actor = text_of(actor);
	row->action = text_of(action);
	row->object = text_of(object);
	row->detail = text_of(detail);
	row->hash = hash_of(last != NULL ? last->hash : "", row);
	return row_run(store->db, SQL_AUDIT_INSERT, &audit_type, row, error);
}

GPtrArray *audit_list(struct store *store, const char *object, unsigned limit,
                      GError **error)
{
	static const char SQL_AUDIT_LIST[] =
		"SELECT " AUDIT_COLUMNS
		" FROM audit ORDER BY id DESC LIMIT :limit";
	static const char SQL_AUDIT_LIST_OBJECT[] =
		"SELECT " AUDIT_COLUMNS " FROM audit WHERE object = :object"
		" ORDER BY id DESC LIMIT :limit";
	struct db_stmt *stmt = db_prepare(
		store->db,
		object == NULL ? SQL_AUDIT_LIST : SQL_AUDIT_LIST_OBJECT, error);

	if (stmt != NULL)
		db_bind_int(stmt, ":limit", limit > 0 ? limit : LIMIT_DEFAULT);
	if (stmt != NULL && object != NULL)
		db_bind_text(stmt, ":object", object);
	return row_fetch_all(stmt, &audit_type, error);
}

/* The rows behind `after`, a page of them: the table may be large. */
static GPtrArray *next_rows(struct store *store, gint64 after, GError **error)
{
	static const char SQL_AUDIT_NEXT[] =
		"SELECT " AUDIT_COLUMNS
		" FROM audit WHERE id > :id ORDER BY id LIMIT 1000";

	return row_fetch_all(
		row_prepare_id(store->db, SQL_AUDIT_NEXT, after, error),
		&audit_type, error);
}

struct walk {
	gint64 rows;
	gint64 last_id;
	gint64 bad_id; /* 0: none */
	char *hash;    /* of the row before */
};

static void walk_row(struct walk *walk, const struct audit *row)
{
	g_autofree char *want = hash_of(walk->hash, row);

	if (walk->bad_id == 0 && strcmp(want, row->hash) != 0)
		walk->bad_id = row->id;
	walk->rows++;
	walk->last_id = row->id;
	g_free(walk->hash);
	walk->hash = g_strdup(row->hash);
}

bool audit_verify(struct store *store, gint64 *ret_rows, gint64 *ret_bad_id,
                  GError **error)
{
	struct walk walk = { .last_id = G_MININT64, .hash = g_strdup("") };
	bool good;

	for (;;) {
		g_autoptr(GPtrArray) rows =
			next_rows(store, walk.last_id, error);

		good = rows != NULL;
		if (!good || rows->len == 0)
			break;
		for (guint i = 0; i < rows->len; i++)
			walk_row(&walk, g_ptr_array_index(rows, i));
	}
	g_free(walk.hash);
	if (!good)
		return false;
	*ret_rows = walk.rows;
	*ret_bad_id = walk.bad_id;
	return true;
}
