/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schema.c - numbered migrations
 *
 * A migration is a file of migrations/, compiled in, plus a function for
 * what differs between database systems. A released one is never changed.
 */
#include "store/schema.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/db_driver.h"
#include "store/row.h"
#include "store/search.h"

#define COPIES_MAX 100

extern const char schema_sql_001[];
extern const char schema_sql_002[];
extern const char schema_sql_003[];
extern const char schema_sql_004[];
extern const char schema_sql_005[];
extern const char schema_sql_006[];

static const struct schema_step steps_all[] = {
	{ 1, schema_sql_001, search_create },
	{ 2, schema_sql_002, NULL },
	{ 3, schema_sql_003, NULL },
	{ 4, schema_sql_004, NULL },
	{ 5, schema_sql_005, NULL },
	{ 6, schema_sql_006, NULL },
};

const struct schema_step *schema_steps(size_t *ret_count)
{
	*ret_count = G_N_ELEMENTS(steps_all);
	return steps_all;
}

bool schema_get_version(struct db *db, int *ret_version, GError **error)
{
	static const char SQL_VERSION[] =
		"SELECT COALESCE(MAX(version), 0) FROM schema_version";
	bool has_table = false;
	bool found = false;
	gint64 version = 0;

	if (!db->driver->has_table(db, "schema_version", &has_table, error))
		return false;
	if (has_table && !row_fetch_int(db_prepare(db, SQL_VERSION, error),
	                                &version, &found, error))
		return false;
	*ret_version = (int)version;
	return true;
}

static bool step_record(struct db *db, int version, GError **error)
{
	static const char SQL_RECORD[] =
		"INSERT INTO schema_version (version, applied, program)"
		" VALUES (:version, :applied, :program)";
	struct db_stmt *stmt = db_prepare(db, SQL_RECORD, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":version", version);
	db_bind_int(stmt, ":applied", clock_now());
	db_bind_text(stmt, ":program", PORTARIA_VERSION);
	return db_run(stmt, error) &&
	       db->driver->mark_version(db, version, error);
}

static bool step_apply(struct db *db, const struct schema_step *step,
                       GError **error)
{
	if (db_exec(db, step->sql, error) &&
	    (step->apply == NULL || step->apply(db, error)) &&
	    step_record(db, step->to, error))
		return true;
	g_prefix_error(error, "migration %d: ", step->to);
	return false;
}

static bool refuse_newer(struct db *db, int version, int want, GError **error)
{
	if (version <= want)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
	            "%s: its schema %d is newer than this program, "
	            "which knows %d: install the newer program",
	            db->url, version, want);
	return false;
}

static bool steps_apply(struct db *db, const struct schema_step *steps,
                        size_t count, GError **error)
{
	int version;

	if (!schema_get_version(db, &version, error) ||
	    !refuse_newer(db, version, (int)count, error))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (steps[i].to > version && !step_apply(db, &steps[i], error))
			return false;
	}
	return true;
}

bool schema_apply(struct db *db, const struct schema_step *steps, size_t count,
                  GError **error)
{
	if (!db_begin(db, error))
		return false;
	if (steps_apply(db, steps, count, error))
		return db_commit(db, error);
	db_rollback(db);
	return false;
}

/* Refuses what cannot be brought up to date. */
static bool refuse_none(struct db *db, int version, GError **error)
{
	if (version > 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
	            "%s: there is no schema in it: run portaria db init",
	            db->url);
	return false;
}

/* An earlier attempt's copy is kept: it may be the only good one. */
static bool copy_before(struct db *db, int version, GError **error)
{
	for (unsigned i = 1; i < COPIES_MAX; i++) {
		g_autofree char *path =
			i == 1 ? g_strdup_printf("%s.before-%d", db->url,
		                                 version)
			       : g_strdup_printf("%s.before-%d.%u", db->url,
		                                 version, i);
		g_autoptr(GError) bad = NULL;

		if (db_snapshot(db, path, &bad))
			return true;
		if (!g_error_matches(bad, PORTARIA_ERROR,
		                     PORTARIA_ERROR_CONFLICT)) {
			g_propagate_error(error, g_steal_pointer(&bad));
			return false;
		}
	}
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "%s.before-%d: there are too many copies", db->url,
	            version);
	return false;
}

bool schema_upgrade(struct db *db, const struct schema_step *steps,
                    size_t count, int *ret_from, GError **error)
{
	int version;

	if (!schema_get_version(db, &version, error) ||
	    !refuse_none(db, version, error) ||
	    !refuse_newer(db, version, (int)count, error))
		return false;
	if (version < (int)count && (!copy_before(db, version, error) ||
	                             !schema_apply(db, steps, count, error)))
		return false;
	*ret_from = version;
	return true;
}

bool schema_check(struct db *db, int want, GError **error)
{
	int version;

	if (!schema_get_version(db, &version, error) ||
	    !refuse_none(db, version, error) ||
	    !refuse_newer(db, version, want, error))
		return false;
	if (version == want)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
	            "%s: its schema is %d and this program needs %d: "
	            "run portaria db migrate",
	            db->url, version, want);
	return false;
}
