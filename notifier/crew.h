/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crew.h - several connections to the mail server, each with a thread
 *
 * Takes lines and gives back, for every row of them, what became of it. A
 * line is mail that must keep its order: one thread sends it, one row after
 * the other, and stops at the first that is put off. The crew knows no
 * database. It begins with one connection, and again after the server could
 * not be reached; the others join when it has answered.
 */
#ifndef PORTARIA_NOTIFIER_CREW_H
#define PORTARIA_NOTIFIER_CREW_H

#include "notifier/submit.h"

struct crew;

struct crew_report {
	struct outbox *row;
	bool tried; /* false: nothing was sent; the rest is unset */
	enum submit_outcome outcome;
	char *reply;
};
void crew_report_free(struct crew_report *report);

/* count connections, opened when there is something to send. */
struct crew *crew_new(const char *url, const char *helo, unsigned count,
		      GError **error) NODISCARD;
/* Breaks off what is on its way. */
void crew_free(struct crew *crew);
DEFINE_AUTO(crew)

/* From any thread: no row is begun any more; what is on its way may take
 * grace_ms. */
void crew_stop(struct crew *crew, gint64 grace_ms);

/* Takes an array of struct outbox that frees its rows. No row is begun at
 * `until` (monotonic milliseconds) or later. */
void crew_send(struct crew *crew, GPtrArray *line, gint64 until);
/* Adds all reports there are to `reports`; if there are none and something is
 * on its way, waits up to wait_ms for one. */
void crew_collect(struct crew *crew, gint64 wait_ms, GPtrArray *reports);
/* Rows whose report was not collected yet: those still cost something. */
unsigned crew_busy(struct crew *crew);
/* The server could not be reached since crew_send() found the crew idle: what
 * was not begun comes back untried. */
bool crew_is_down(struct crew *crew);

#endif
