/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * row.c - between structs and rows, by a table of members
 */
#include "store/row.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"

int row_name_find(const char *const *names, const char *name)
{
	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

static const void *member_of(const struct row_field *field, const void *object)
{
	return (const char *)object + field->offset;
}

static void *member_at(const struct row_field *field, void *object)
{
	return (char *)object + field->offset;
}

static void bind_int(struct db_stmt *stmt, const struct row_field *field,
                     const void *member)
{
	gint64 value;

	memcpy(&value, member, sizeof(value));
	db_bind_int(stmt, field->bind, value);
}

static void bind_ref(struct db_stmt *stmt, const struct row_field *field,
                     const void *member)
{
	gint64 value;

	memcpy(&value, member, sizeof(value));
	if (value != 0)
		db_bind_int(stmt, field->bind, value);
	else
		db_bind_null(stmt, field->bind);
}

static void bind_u32(struct db_stmt *stmt, const struct row_field *field,
                     const void *member)
{
	guint32 value;

	memcpy(&value, member, sizeof(value));
	db_bind_int(stmt, field->bind, value);
}

static void bind_bool(struct db_stmt *stmt, const struct row_field *field,
                      const void *member)
{
	bool value;

	memcpy(&value, member, sizeof(value));
	db_bind_int(stmt, field->bind, value ? 1 : 0);
}

static void bind_text(struct db_stmt *stmt, const struct row_field *field,
                      const void *member)
{
	const char *value;

	memcpy(&value, member, sizeof(value));
	db_bind_text(stmt, field->bind, value != NULL ? value : "");
}

static void bind_textref(struct db_stmt *stmt, const struct row_field *field,
                         const void *member)
{
	const char *value;

	memcpy(&value, member, sizeof(value));
	if (value != NULL && *value == '\0')
		value = NULL;
	db_bind_text(stmt, field->bind, value);
}

/* A value without a name leaves the parameter unbound: INTERNAL. */
static void bind_name(struct db_stmt *stmt, const struct row_field *field,
                      const void *member)
{
	int value;

	memcpy(&value, member, sizeof(value));
	for (int i = 0; field->names[i] != NULL; i++) {
		if (i == value)
			db_bind_text(stmt, field->bind, field->names[i]);
	}
}

static bool read_int(struct db_stmt *stmt, int at,
                     const struct row_field *field, void *member)
{
	gint64 value = db_column_int(stmt, at);

	(void)field;
	memcpy(member, &value, sizeof(value));
	return true;
}

static bool read_u32(struct db_stmt *stmt, int at,
                     const struct row_field *field, void *member)
{
	guint32 value = (guint32)db_column_int(stmt, at);

	(void)field;
	memcpy(member, &value, sizeof(value));
	return true;
}

static bool read_bool(struct db_stmt *stmt, int at,
                      const struct row_field *field, void *member)
{
	bool value = db_column_int(stmt, at) != 0;

	(void)field;
	memcpy(member, &value, sizeof(value));
	return true;
}

static bool read_text(struct db_stmt *stmt, int at,
                      const struct row_field *field, void *member)
{
	char *value = db_column_dup(stmt, at);

	(void)field;
	memcpy(member, &value, sizeof(value));
	return true;
}

static bool read_name(struct db_stmt *stmt, int at,
                      const struct row_field *field, void *member)
{
	g_autofree char *name = db_column_dup(stmt, at);
	int value = row_name_find(field->names, name);

	if (value >= 0)
		memcpy(member, &value, sizeof(value));
	return value >= 0;
}

static const struct {
	void (*bind)(struct db_stmt *stmt, const struct row_field *field,
	             const void *member);
	bool (*read)(struct db_stmt *stmt, int at,
	             const struct row_field *field, void *member);
	bool is_text;
} kinds[] = {
	[ROW_INT] = { bind_int, read_int, false },
	[ROW_REF] = { bind_ref, read_int, false },
	[ROW_U32] = { bind_u32, read_u32, false },
	[ROW_BOOL] = { bind_bool, read_bool, false },
	[ROW_TEXT] = { bind_text, read_text, true },
	[ROW_TEXTREF] = { bind_textref, read_text, true },
	[ROW_NAME] = { bind_name, read_name, false },
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == ROW_KIND__COUNT);

void row_bind(struct db_stmt *stmt, const struct row_type *type,
              const void *object)
{
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct row_field *field = &type->fields[i];

		if (db_has_parameter(stmt, field->bind))
			kinds[field->kind].bind(stmt, field,
			                        member_of(field, object));
	}
}

void *row_new(const struct row_type *type)
{
	void *object = g_malloc0(type->size);

	for (size_t i = 0; i < type->n_fields; i++) {
		const struct row_field *field = &type->fields[i];
		char *text;

		if (!kinds[field->kind].is_text)
			continue;
		text = g_strdup("");
		memcpy(member_at(field, object), &text, sizeof(text));
	}
	return object;
}

void row_free(const struct row_type *type, void *object)
{
	if (object == NULL)
		return;
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct row_field *field = &type->fields[i];

		if (kinds[field->kind].is_text) {
			char *text;

			memcpy(&text, member_at(field, object), sizeof(text));
			g_free(text);
		}
	}
	g_free(object);
}

/* The row the statement stands on, as a new object. */
static void *row_read(struct db_stmt *stmt, const struct row_type *type,
                      GError **error)
{
	void *object = g_malloc0(type->size);

	for (size_t i = 0; i < type->n_fields; i++) {
		const struct row_field *field = &type->fields[i];

		if (kinds[field->kind].read(stmt, (int)i, field,
		                            member_at(field, object)))
			continue;
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
		            "a stored %s is a word this program does not know",
		            field->bind + 1);
		type->destroy(object);
		return NULL;
	}
	return object;
}

void *row_fetch(struct db_stmt *stmt, const struct row_type *type,
                GError **error, const char *missing, ...)
{
	enum db_row row;
	void *object = NULL;
	va_list args;

	if (stmt == NULL)
		return NULL;
	row = db_step(stmt, error);
	if (row == DB_ROW) {
		object = row_read(stmt, type, error);
	} else if (row == DB_DONE) {
		va_start(args, missing);
		g_autofree char *what = g_strdup_vprintf(missing, args);
		va_end(args);
		g_set_error_literal(error, PORTARIA_ERROR,
		                    PORTARIA_ERROR_NOT_FOUND, what);
	}
	db_finish(stmt);
	return object;
}

GPtrArray *row_fetch_all(struct db_stmt *stmt, const struct row_type *type,
                         GError **error)
{
	g_autoptr(GPtrArray) all = NULL;
	enum db_row row;

	if (stmt == NULL)
		return NULL;
	all = g_ptr_array_new_with_free_func(type->destroy);
	while ((row = db_step(stmt, error)) == DB_ROW) {
		void *object = row_read(stmt, type, error);

		if (object == NULL) {
			row = DB_FAILED;
			break;
		}
		g_ptr_array_add(all, object);
	}
	db_finish(stmt);
	return row == DB_DONE ? g_steal_pointer(&all) : NULL;
}

char **row_fetch_strings(struct db_stmt *stmt, GError **error)
{
	g_autoptr(GStrvBuilder) all = NULL;
	enum db_row row;

	if (stmt == NULL)
		return NULL;
	all = g_strv_builder_new();
	while ((row = db_step(stmt, error)) == DB_ROW) {
		g_autofree char *text = db_column_dup(stmt, 0);

		g_strv_builder_add(all, text);
	}
	db_finish(stmt);
	return row == DB_DONE ? g_strv_builder_end(all) : NULL;
}

bool row_fetch_int(struct db_stmt *stmt, gint64 *ret_value, bool *ret_found,
                   GError **error)
{
	enum db_row row;

	if (stmt == NULL)
		return false;
	row = db_step(stmt, error);
	if (row == DB_ROW)
		*ret_value = db_column_int(stmt, 0);
	if (row != DB_FAILED)
		*ret_found = row == DB_ROW;
	db_finish(stmt);
	return row != DB_FAILED;
}

bool row_fetch_text(struct db_stmt *stmt, char **ret_text, GError **error)
{
	enum db_row row;

	if (stmt == NULL)
		return false;
	row = db_step(stmt, error);
	if (row != DB_FAILED)
		*ret_text = row == DB_ROW ? db_column_dup(stmt, 0) : NULL;
	db_finish(stmt);
	return row != DB_FAILED;
}

bool row_run(struct db *db, const char *sql, const struct row_type *type,
             const void *object, GError **error)
{
	struct db_stmt *stmt = db_prepare(db, sql, error);

	if (stmt == NULL)
		return false;
	row_bind(stmt, type, object);
	return db_run(stmt, error);
}

bool row_run_id(struct db *db, const char *sql, gint64 id, GError **error)
{
	struct db_stmt *stmt = row_prepare_id(db, sql, id, error);

	return stmt != NULL && db_run(stmt, error);
}

bool row_check_changed(struct db *db, GError **error, const char *missing, ...)
{
	va_list args;

	if (db_changes(db) > 0)
		return true;
	va_start(args, missing);
	g_autofree char *what = g_strdup_vprintf(missing, args);
	va_end(args);
	g_set_error_literal(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
	                    what);
	return false;
}

struct db_stmt *row_prepare_id(struct db *db, const char *sql, gint64 id,
                               GError **error)
{
	struct db_stmt *stmt = db_prepare(db, sql, error);

	if (stmt != NULL)
		db_bind_int(stmt, ":id", id);
	return stmt;
}

struct db_stmt *row_prepare_text(struct db *db, const char *sql,
                                 const char *name, const char *value,
                                 GError **error)
{
	struct db_stmt *stmt = db_prepare(db, sql, error);

	if (stmt != NULL)
		db_bind_text(stmt, name, value);
	return stmt;
}
