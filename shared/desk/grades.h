/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/grades.h - asking how we did, and what is answered
 *
 * A department that asks (struct department, satisfaction) does so once for
 * each time that a ticket is closed, timers.grade_seconds later, whoever
 * closed it: the question is found by the state of the ticket, so that no way
 * of closing can forget it, and a ticket that is open again is not asked
 * about. One person is asked: the contact who opened the ticket, else the
 * owner, if he takes part as a registered one.
 */
#ifndef PORTARIA_DESK_GRADES_H
#define PORTARIA_DESK_GRADES_H

#include "desk/intake_parts.h"
#include "desk/signed.h"

/* Another grade replaces the first one so long. */
#define GRADES_CHANGE_MS ((gint64)14 * 86400 * 1000)
/* Mails kept for one question; what comes after them is dropped. */
#define GRADES_ANSWERS_MAX 20

/* Questions that are due; own short transactions. *ret_asked: mails made. */
bool grades_ask(const struct desk *desk, struct store *store,
		unsigned *ret_asked, GError **error) NODISCARD;

/*
 * A mail to a grade address. It counts if its author is proven, is who was
 * asked or takes part in the ticket, and writes as a person; else an event
 * says why not. What it says becomes the event's text: the status stays, and
 * nobody is told. *ret_done false, and nothing is stored: it is ordinary
 * mail, since it answers the question without naming a grade, or the question
 * is gone.
 */
bool grades_receive(const struct intake *in, const struct signed_ref *token,
		    bool *ret_done, struct intake_result *result,
		    GError **error) NODISCARD;

/* A grade that stands alone in the first line that says anything: "5", "5.",
 * "Nota 4", "4/5"; 0 if there is none. *ret_rest: what follows the line,
 * within `text`. */
unsigned grades_read(const char *text, const char **ret_rest);

#endif
