/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * survey.c - who is asked how we did, and the grades that came
 */
#include "store/survey.h"

#include "base/ids.h"
#include "store/row.h"
#include "store/store_private.h"

static const struct row_field survey_fields[] = {
	ROW_FIELD(survey, id, ROW_INT),
	ROW_FIELD(survey, ticket_id, ROW_INT),
	ROW_FIELD(survey, department_id, ROW_INT),
	ROW_FIELD(survey, closed, ROW_INT),
	ROW_FIELD(survey, address, ROW_TEXT),
	ROW_FIELD(survey, asked, ROW_INT),
	ROW_FIELD(survey, answers, ROW_INT),
	ROW_FIELD(survey, grade, ROW_INT),
	ROW_FIELD(survey, first, ROW_INT),
	ROW_FIELD(survey, graded, ROW_INT),
};

static void survey_destroy(void *survey)
{
	survey_free(survey);
}

static const struct row_type survey_type = {
	survey_fields,
	G_N_ELEMENTS(survey_fields),
	sizeof(struct survey),
	survey_destroy,
};

void survey_free(struct survey *survey)
{
	row_free(&survey_type, survey);
}

GArray *survey_list_due(struct store *store, gint64 after, gint64 before,
			unsigned limit, GError **error)
{
	static const char SQL_SURVEY_DUE[] =
		"SELECT t.id FROM ticket t"
		" JOIN department d ON d.id = t.department_id"
		" WHERE t.closed > 0 AND t.closed > :after"
		" AND t.closed <= :before"
		" AND d.satisfaction = 1 AND d.active = 1"
		" AND t.closed >= d.satisfaction_since"
		" AND t.merged_into IS NULL"
		" AND NOT EXISTS (SELECT 1 FROM survey s"
		" WHERE s.ticket_id = t.id AND s.closed = t.closed)"
		" ORDER BY t.closed LIMIT :limit";
	g_autoptr(GArray) ids = g_array_new(false, false, sizeof(gint64));
	AUTO(db_stmt) stmt = db_prepare(store->db, SQL_SURVEY_DUE, error);
	enum db_row row;

	if (stmt == NULL)
		return NULL;
	db_bind_int(stmt, ":after", after);
	db_bind_int(stmt, ":before", before);
	db_bind_int(stmt, ":limit", limit);
	while ((row = db_step(stmt, error)) == DB_ROW) {
		gint64 id = db_column_int(stmt, 0);

		g_array_append_val(ids, id);
	}
	return row == DB_DONE ? g_steal_pointer(&ids) : NULL;
}

bool survey_insert(struct store *store, struct survey *survey, GError **error)
{
	static const char SQL_SURVEY_INSERT[] =
		"INSERT INTO survey (id, ticket_id, department_id, closed,"
		" address, asked, answers, grade, first, graded)"
		" VALUES (:id, :ticket_id, :department_id, :closed,"
		" :address, :asked, :answers, :grade, :first, :graded)";

	if (survey->id == 0)
		survey->id = id_new();
	return row_run(store->db, SQL_SURVEY_INSERT, &survey_type, survey,
		       error);
}

bool survey_update(struct store *store, const struct survey *survey,
		   GError **error)
{
	static const char SQL_SURVEY_UPDATE[] =
		"UPDATE survey SET answers = :answers, grade = :grade,"
		" first = :first, graded = :graded WHERE id = :id";

	return row_run(store->db, SQL_SURVEY_UPDATE, &survey_type, survey,
		       error)
	       && row_check_changed(store->db, error, "no such survey");
}

struct survey *survey_get(struct store *store, gint64 id, GError **error)
{
	static const char SQL_SURVEY_GET[] =
		"SELECT id, ticket_id, department_id, closed, address, asked,"
		" answers, grade, first, graded FROM survey WHERE id = :id";

	return row_fetch(row_prepare_id(store->db, SQL_SURVEY_GET, id, error),
			 &survey_type, error, "no such survey");
}

bool survey_find_grade(struct store *store, gint64 ticket_id,
		       gint64 *ret_grade, GError **error)
{
	static const char SQL_SURVEY_GRADE[] =
		"SELECT grade FROM survey WHERE ticket_id = :id"
		" AND grade > 0 ORDER BY graded DESC LIMIT 1";
	gint64 grade = 0;
	bool found = false;

	if (!row_fetch_int(row_prepare_id(store->db, SQL_SURVEY_GRADE,
					  ticket_id, error),
			   &grade, &found, error))
		return false;
	*ret_grade = found ? grade : 0;
	return true;
}
