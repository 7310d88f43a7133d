/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/schema.h - numbered migrations
 *
 * Private to shared/store and its tests, which bring migrations of their own.
 */
#ifndef PORTARIA_STORE_SCHEMA_H
#define PORTARIA_STORE_SCHEMA_H

#include "store/db.h"

/* What leads from version `to` - 1 to `to`. */
struct schema_step {
	int to;
	const char *sql;
	/* What plain SQL cannot do, after it; may be NULL. */
	bool (*apply)(struct db *db, GError **error);
};

/* The program's own steps, 1 to *ret_count. */
const struct schema_step *schema_steps(size_t *ret_count);

/* 0 if there is no schema. */
bool schema_get_version(struct db *db, int *ret_version,
                        GError **error) NODISCARD;

/* Runs the steps above the database's version in one transaction. CONFIG if
 * the database is newer than the last step. */
bool schema_apply(struct db *db, const struct schema_step *steps, size_t count,
                  GError **error) NODISCARD;

/* The same for a database that has a schema (CONFIG if not), after a copy to
 * "<url>.before-<version>" if there is anything to do. */
bool schema_upgrade(struct db *db, const struct schema_step *steps,
                    size_t count, int *ret_from, GError **error) NODISCARD;

/* CONFIG, with what to do, unless the version is exactly `want`. */
bool schema_check(struct db *db, int want, GError **error) NODISCARD;

#endif
