/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_store_retention.c - store/retention.h against the schema
 *
 * retention.c has lists of the tables that belong to a ticket and of those
 * that name blobs. Here rows are made in whatever tables the schema has, from
 * what it says of their columns, so that a migration which adds one must add
 * it there, too. Needs a scratch folder.
 */
#include "unit/store_fixture.h"

#include "store/blob.h"
#include "store/db.h"
#include "store/retention.h"
#include "store/search.h"

#define DEPTH_MAX 4 /* of what belongs to what belongs to a ticket */

/* A column that names a row of another table. */
struct edge {
	char *table;
	char *column;
	char *to;
	char *key; /* the column of `to` */
};

static void edge_free(void *data)
{
	struct edge *edge = data;

	g_free(edge->table);
	g_free(edge->column);
	g_free(edge->to);
	g_free(edge->key);
	g_free(edge);
}

struct schema {
	struct db *db;
	GPtrArray *edges; /* struct edge */
	gint64 next;      /* the next number and text nobody has */
};

/* One value of the first row. */
static gint64 number(struct db *db, const char *sql)
{
	g_autoptr(GError) error = NULL;
	AUTO(db_stmt) stmt = db_prepare(db, sql, &error);

	assert_ok(stmt != NULL, error);
	assert_int_equal(db_step(stmt, &error), DB_ROW);
	return db_column_int(stmt, 0);
}

static void run_sql(struct db *db, const char *sql)
{
	g_autoptr(GError) error = NULL;

	if (!db_exec(db, sql, &error))
		fail_msg("%s: %s", sql, error->message);
}

static void schema_read(struct schema *schema, struct db *db)
{
	g_autoptr(GError) error = NULL;
	AUTO(db_stmt)
	stmt = db_prepare(db,
	                  "SELECT m.name, f.\"from\", f.\"table\", f.\"to\""
	                  " FROM sqlite_master m"
	                  " JOIN pragma_foreign_key_list(m.name) f"
	                  " WHERE m.type = 'table'"
	                  " ORDER BY m.name, f.\"from\"",
	                  &error);

	assert_ok(stmt != NULL, error);
	schema->db = db;
	schema->next = 1;
	schema->edges = g_ptr_array_new_with_free_func(edge_free);
	while (db_step(stmt, &error) == DB_ROW) {
		struct edge *edge = g_new0(struct edge, 1);

		edge->table = db_column_dup(stmt, 0);
		edge->column = db_column_dup(stmt, 1);
		edge->to = db_column_dup(stmt, 2);
		edge->key = db_column_dup(stmt, 3);
		g_ptr_array_add(schema->edges, edge);
	}
	assert_null(error);
	assert_true(schema->edges->len > 30);
}

static const struct edge *edge_of(const struct schema *schema,
                                  const char *table, const char *column)
{
	for (guint i = 0; i < schema->edges->len; i++) {
		const struct edge *edge = schema->edges->pdata[i];

		if (g_str_equal(edge->table, table) &&
		    g_str_equal(edge->column, column))
			return edge;
	}
	return NULL;
}

/* --- rows out of nothing --- */

static char *make_row(struct schema *schema, const char *table,
                      const struct edge *set, const char *value);

/* A column's value as SQL: what it must name is made first. */
static char *value_for(struct schema *schema, const char *table,
                       const char *column, bool is_text, bool needed)
{
	const struct edge *edge = edge_of(schema, table, column);
	gint64 number = schema->next++;

	if (edge != NULL && !needed)
		return g_strdup("NULL");
	if (edge != NULL)
		return make_row(schema, edge->to, NULL, NULL);
	return is_text ? g_strdup_printf("'text %" G_GINT64_FORMAT "'", number)
	               : g_strdup_printf("%" G_GINT64_FORMAT, number);
}

/* What is removed from the index must be in it. */
static void index_row(struct db *db, const char *table, const char *key)
{
	g_autoptr(GError) error = NULL;

	if (g_str_equal(table, "ticket") || g_str_equal(table, "message"))
		assert_ok(search_add(db, g_ascii_strtoll(key, NULL, 10), &error),
		          error);
}

/* A new row of the table, with `value` in the column of `set`. Returns, as
 * SQL, the column by which others would name it (its first key). */
static char *make_row(struct schema *schema, const char *table,
                      const struct edge *set, const char *value)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) names = g_string_new(NULL);
	g_autoptr(GString) values = g_string_new(NULL);
	g_autofree char *sql = NULL;
	char *key = NULL;
	AUTO(db_stmt)
	stmt = db_prepare(schema->db,
	                  "SELECT name, type = 'TEXT', \"notnull\", pk"
	                  " FROM pragma_table_info(:table)",
	                  &error);

	assert_ok(stmt != NULL, error);
	db_bind_text(stmt, ":table", table);
	while (db_step(stmt, &error) == DB_ROW) {
		g_autofree char *name = db_column_dup(stmt, 0);
		bool is_set = set != NULL && g_str_equal(set->column, name);
		g_autofree char *one =
			is_set ? g_strdup(value)
			       : value_for(schema, table, name,
		                           db_column_int(stmt, 1) != 0,
		                           db_column_int(stmt, 2) != 0);

		g_string_append_printf(names, ", \"%s\"", name);
		g_string_append_printf(values, ", %s", one);
		if (db_column_int(stmt, 3) == 1)
			key = g_strdup(one);
	}
	assert_null(error);
	sql = g_strdup_printf("INSERT INTO \"%s\" (%s) VALUES (%s)", table,
	                      names->str + 2, values->str + 2);
	run_sql(schema->db, sql);
	assert_non_null(key);
	index_row(schema->db, table, key);
	return key;
}

static gint64 count_where(struct db *db, const char *table, const char *column,
                          const char *value)
{
	g_autofree char *sql =
		g_strdup_printf("SELECT COUNT(*) FROM \"%s\" WHERE \"%s\" = %s",
	                        table, column, value);

	return number(db, sql);
}

static void begin(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	assert_ok(store_begin(fixture->store, &error), error);
}

/* --- tickets --- */

/* How a row belongs to a ticket: attachment.message_id, message.ticket_id. */
struct path {
	const struct edge *edges[DEPTH_MAX];
	unsigned count;
};

static const struct edge *path_end(const struct path *path)
{
	return path->edges[path->count - 1];
}

/* A ticket and the rows of the path; *ret_named: what the last one names. */
static char *make_path(struct schema *schema, const struct path *path,
                       char **ret_named)
{
	char *ticket = make_row(schema, "ticket", NULL, NULL);
	char *named = g_strdup(ticket);

	for (unsigned i = 0;; i++) {
		const struct edge *edge = path->edges[i];
		char *row = make_row(schema, edge->table, edge, named);

		if (i + 1 == path->count) {
			g_free(row);
			*ret_named = named;
			return ticket;
		}
		g_free(named);
		named = row;
	}
}

static void remove_ticket(struct store *store, const struct edge *end,
                          const char *ticket)
{
	g_autoptr(GError) error = NULL;

	if (!retention_remove_ticket(
		    store, g_ascii_strtoll(ticket, NULL, 10), &error))
		fail_msg("%s.%s keeps the ticket: %s", end->table, end->column,
		         error->message);
}

/* The ticket goes with the row at the end of the path, and another ticket's
 * rows stay. */
static void check_path(struct fixture *fixture, struct schema *schema,
                       const struct path *path)
{
	const struct edge *end = path_end(path);
	g_autofree char *ticket = NULL;
	g_autofree char *named = NULL;
	g_autofree char *other = NULL;
	g_autofree char *other_named = NULL;

	begin(fixture);
	other = make_path(schema, path, &other_named);
	ticket = make_path(schema, path, &named);
	assert_int_equal(
		count_where(schema->db, end->table, end->column, named), 1);
	remove_ticket(fixture->store, end, ticket);
	assert_int_equal(
		count_where(schema->db, end->table, end->column, named), 0);
	assert_int_equal(count_where(schema->db, "ticket", "id", ticket), 0);
	assert_int_equal(count_where(schema->db, "ticket", "id", other), 1);
	if (count_where(schema->db, end->table, end->column, other_named) != 1)
		fail_msg("%s.%s: another ticket's row went", end->table,
		         end->column);
	store_rollback(fixture->store);
}

/* All paths that begin so; how many there are. */
static unsigned check_paths(struct fixture *fixture, struct schema *schema,
                            const struct path *path, const char *table)
{
	unsigned found = 0;

	assert_true(path->count < DEPTH_MAX);
	for (guint i = 0; i < schema->edges->len; i++) {
		const struct edge *edge = schema->edges->pdata[i];
		struct path longer = *path;

		if (!g_str_equal(edge->to, table))
			continue;
		longer.edges[longer.count++] = edge;
		check_path(fixture, schema, &longer);
		found++;
		/* a ticket that names another does not belong to it */
		if (!g_str_equal(edge->table, "ticket"))
			found += check_paths(fixture, schema, &longer,
			                     edge->table);
	}
	return found;
}

static void test_ticket_takes_all_of_it(void **state)
{
	struct fixture *fixture = *state;
	struct schema schema;
	unsigned found;

	schema_read(&schema, fixture->store->db);
	found = check_paths(fixture, &schema, &(struct path){ 0 }, "ticket");
	assert_true(found >= 20);
	g_ptr_array_unref(schema.edges);
}

/* --- blobs --- */

static gint64 unnamed(struct fixture *fixture)
{
	const struct retention_scope scope = { .what = RETENTION_BLOB,
		                               .before = clock_now() };
	struct retention_count count;
	g_autoptr(GError) error = NULL;

	assert_ok(retention_measure(fixture->store, &scope, &count, &error),
	          error);
	return count.rows;
}

/* Also what foreign keys would keep must not be counted as going. */
static void test_named_blobs_stay(void **state)
{
	struct fixture *fixture = *state;
	struct schema schema;
	unsigned found = 0;

	schema_read(&schema, fixture->store->db);
	for (guint i = 0; i < schema.edges->len; i++) {
		const struct edge *edge = schema.edges->pdata[i];
		g_autofree char *blob = NULL;
		g_autofree char *row = NULL;
		g_autofree char *sql = NULL;

		if (!g_str_equal(edge->to, "blob"))
			continue;
		begin(fixture);
		blob = make_row(&schema, "blob", NULL, NULL);
		assert_int_equal(unnamed(fixture), 1);
		row = make_row(&schema, edge->table, edge, blob);
		if (unnamed(fixture) != 0)
			fail_msg("%s.%s names a blob that would go",
			         edge->table, edge->column);
		sql = g_strdup_printf("DELETE FROM \"%s\"", edge->table);
		run_sql(schema.db, sql);
		assert_true(unnamed(fixture) >= 1);
		store_rollback(fixture->store);
		found++;
	}
	assert_true(found >= 7);
	g_ptr_array_unref(schema.edges);
}

/* --- the rest --- */

/* Their rows go by themselves, so nothing may need them. */
static void test_nothing_names_what_goes_alone(void **state)
{
	static const char *const alone[] = { "attachment", "held", "outbox",
		                             "delivery", NULL };
	struct fixture *fixture = *state;
	struct schema schema;

	schema_read(&schema, fixture->store->db);
	for (guint i = 0; i < schema.edges->len; i++) {
		const struct edge *edge = schema.edges->pdata[i];

		if (g_strv_contains(alone, edge->to))
			fail_msg("%s.%s names a row of %s", edge->table,
			         edge->column, edge->to);
	}
	g_ptr_array_unref(schema.edges);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ticket_takes_all_of_it),
		TEST(test_named_blobs_stay),
		TEST(test_nothing_names_what_goes_alone),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
