/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/row.h - between structs and rows, by a table of members
 *
 * Private to shared/store. Each struct that is a row has a table of its
 * members in the order of the columns that its SELECT statements list. A
 * member is bound to the parameter of its own name where the statement has
 * one; db.c notices a parameter that no member fills.
 */
#ifndef PORTARIA_STORE_ROW_H
#define PORTARIA_STORE_ROW_H

#include "store/db.h"

enum row_kind {
	ROW_INT,     /* gint64 */
	ROW_REF,     /* gint64; 0 is NULL */
	ROW_U32,     /* guint32 */
	ROW_BOOL,    /* bool */
	ROW_TEXT,    /* char *; NULL is '' */
	ROW_TEXTREF, /* char *; NULL and "" are NULL */
	ROW_NAME,    /* an enum, stored as a word */
	ROW_KIND__COUNT
};

struct row_field {
	const char *bind; /* ":name" */
	enum row_kind kind;
	size_t offset;
	const char *const *names; /* ROW_NAME: ends with NULL */
};

#define ROW_FIELD(type, member, kind)                                          \
	{                                                                      \
		":" #member, (kind), offsetof(struct type, member), NULL       \
	}
#define ROW_FIELD_NAME(type, member, names)                                    \
	{                                                                      \
		":" #member, ROW_NAME, offsetof(struct type, member), (names)  \
	}

struct row_type {
	const struct row_field *fields;
	size_t n_fields;
	size_t size;
	GDestroyNotify destroy; /* of one object */
};

/* The place of name in the list that ends with NULL, or -1. */
int row_name_find(const char *const *names, const char *name);

void row_bind(struct db_stmt *stmt, const struct row_type *type,
              const void *object);
/* A new object: texts are "", everything else 0. */
void *row_new(const struct row_type *type);
/* Frees the texts and the object itself; NULL is fine. */
void row_free(const struct row_type *type, void *object);

/* These finish the statement; stmt may be NULL with the error set. */

/* The only row, or NULL and NOT_FOUND with the given text. */
void *row_fetch(struct db_stmt *stmt, const struct row_type *type,
                GError **error, const char *missing, ...)
	G_GNUC_PRINTF(4, 5) NODISCARD;
/* All rows; the array frees its objects. */
GPtrArray *row_fetch_all(struct db_stmt *stmt, const struct row_type *type,
                         GError **error) NODISCARD;
/* The first column of all rows; g_strfreev. */
char **row_fetch_strings(struct db_stmt *stmt, GError **error) NODISCARD;
/* The first column of the first row; *ret_found false if there is none. */
bool row_fetch_int(struct db_stmt *stmt, gint64 *ret_value, bool *ret_found,
                   GError **error) NODISCARD;
/* The same as text; NULL without error if there is no row. */
bool row_fetch_text(struct db_stmt *stmt, char **ret_text,
                    GError **error) NODISCARD;

/* Binds the members of `object` and runs a statement without result. */
bool row_run(struct db *db, const char *sql, const struct row_type *type,
             const void *object, GError **error) NODISCARD;
/* Runs one with the single parameter ":id". */
bool row_run_id(struct db *db, const char *sql, gint64 id,
                GError **error) NODISCARD;
/* True if the last statement changed a row, else NOT_FOUND. */
bool row_check_changed(struct db *db, GError **error, const char *missing, ...)
	G_GNUC_PRINTF(3, 4) NODISCARD;

/* db_prepare() and one parameter; NULL with the error set. */
struct db_stmt *row_prepare_id(struct db *db, const char *sql, gint64 id,
                               GError **error) NODISCARD;
struct db_stmt *row_prepare_text(struct db *db, const char *sql,
                                 const char *name, const char *value,
                                 GError **error) NODISCARD;

#endif
