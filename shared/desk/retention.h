/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/retention.h - what is kept how long, and removing the rest
 *
 * In steps: each is one short transaction, so that mail never waits for it.
 * Times are those of [retention], or of the department. Only what has been
 * decided on goes: closed tickets, mail that was sent or given up, held
 * messages that no longer wait.
 */
#ifndef PORTARIA_DESK_RETENTION_H
#define PORTARIA_DESK_RETENTION_H

#include "desk/desk.h"
#include "store/retention.h"

struct retention;
/* One round over everything. desk is borrowed. */
struct retention *retention_new(const struct desk *desk, struct store *store,
				GError **error) NODISCARD;
void retention_free(struct retention *retention);
DEFINE_AUTO(retention)

/* One kind of thing, of one department where that matters. */
struct retention_job {
	struct retention_scope scope;
	char *department; /* name, "" for all */
};
/* What the round is about, in its order; NULL past the last. Borrowed. */
const struct retention_job *retention_get_job(const struct retention *retention,
					      unsigned index);

/* Removed by retention_step() so far, by enum retention_what. */
const struct retention_count *
retention_get_counts(const struct retention *retention);

/* Does a little; *ret_more false: the round is over. */
bool retention_step(struct retention *retention, struct store *store,
		    bool *ret_more, GError **error) NODISCARD;

#endif
