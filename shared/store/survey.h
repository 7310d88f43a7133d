/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/survey.h - who is asked how we did, and the grades that came
 *
 * One row for each time that a ticket was closed and the question was
 * decided: mailed, or not to be asked.
 */
#ifndef PORTARIA_STORE_SURVEY_H
#define PORTARIA_STORE_SURVEY_H

#include "store/store.h"

struct survey {
	gint64 id;
	gint64 ticket_id;
	gint64 department_id; /* that closed it */
	gint64 closed;        /* ticket.closed then */
	char *address;        /* key of who was asked, "" nobody */
	gint64 asked;         /* when */
	gint64 answers;       /* mails that came, counted or not */
	gint64 grade;         /* 1 (bad) to 5 (good), 0: none yet */
	gint64 first;         /* when the first grade came, 0: not yet */
	gint64 graded;        /* when the one that counts came */
};
void survey_free(struct survey *survey);
DEFINE_AUTO(survey)

/* Ids of tickets that were closed after `after` and not later than `before`,
 * in departments that ask, and about whose closing nothing was decided; the
 * oldest first. */
GArray *survey_list_due(struct store *store, gint64 after, gint64 before,
			unsigned limit, GError **error) NODISCARD;

/* Sets id, unless it is set. */
bool survey_insert(struct store *store, struct survey *survey, GError **error)
	NODISCARD;
/* Saves answers, grade, first and graded. */
bool survey_update(struct store *store, const struct survey *survey,
		   GError **error) NODISCARD;
struct survey *survey_get(struct store *store, gint64 id, GError **error)
	NODISCARD;
/* The newest grade of a ticket; 0 if there is none. */
bool survey_find_grade(struct store *store, gint64 ticket_id,
		       gint64 *ret_grade, GError **error) NODISCARD;

#endif
