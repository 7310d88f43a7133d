/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deliver.c - leased outbox rows, one after the other
 *
 * A row is leased in a transaction of its own before it is sent, so two
 * notifiers never send the same one: work on a batch stops while its lease
 * still holds for the slowest mail. A notifier that dies between the mail
 * server's 250 and outbox_sent() sends the mail a second time when the lease
 * has run out, under the same Message-ID. That is once: RFC 5321 section
 * 6.1 prefers it to a loss.
 */
#include "notifier/deliver.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/bounces.h"

#define BATCH           20
#define SERVER_DOWN_MAX (5 * CLOCK_MINUTE) /* between tries without a server */

gint64 deliver_backoff(const struct config_notifier *config, gint64 attempts)
{
	gint64 wait = (gint64)config->retry_seconds * CLOCK_SECOND;

	for (gint64 i = 1; i < attempts && wait < CLOCK_HOUR; i++)
		wait *= 2;
	return MIN(wait, CLOCK_HOUR);
}

static const struct config_notifier *config_of(const struct deliver *deliver)
{
	return &desk_get_config(deliver->desk)->notifier;
}

static void log_row(enum log_level level, const struct outbox *row,
		    const char *event, const char *reply)
{
	const struct log_ctx ctx = {
		.ticket = row->ticket,
		.message_id = row->header_id,
	};

	log_event(level, &ctx, event, LOG_STR("kind", row->kind),
		  LOG_STR("to", row->recipient), LOG_NUM("try", row->attempts),
		  LOG_STR("reply", reply));
}

/* Who took the row meanwhile has to do with it; that is no trouble of ours. */
static bool settled(const struct outbox *row, GError *problem, GError **error)
{
	if (problem == NULL)
		return true;
	if (g_error_matches(problem, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT)) {
		log_row(LOG_LEVEL_WARNING, row, "lease-lost", problem->message);
		g_error_free(problem);
		return true;
	}
	g_propagate_error(error, problem);
	return false;
}

/* People see on the ticket, and staff in a notice, that a mail never left. */
static bool tell_people(const struct deliver *deliver, const struct outbox *row,
			const char *reply, bool bad_address, GError **error)
{
	if (!store_begin(deliver->store, error))
		return false;
	if (!bounces_refused(deliver->desk, deliver->store, row, reply,
			     bad_address, error)) {
		store_rollback(deliver->store);
		return false;
	}
	return store_commit(deliver->store, error);
}

static bool give_up(const struct deliver *deliver, const struct outbox *row,
		    const char *reply, bool bad_address, GError **error)
{
	GError *problem = NULL;

	log_row(LOG_LEVEL_WARNING, row, "given-up", reply);
	if (!outbox_failed(deliver->store, row->id, deliver->owner, reply,
			   &problem))
		return settled(row, problem, error);
	return tell_people(deliver, row, reply, bad_address, error);
}

/* wait_max: the backoff is cut to it. */
static bool try_later(const struct deliver *deliver, const struct outbox *row,
		      const char *reply, gint64 wait_max, GError **error)
{
	const struct config_notifier *config = config_of(deliver);
	gint64 now = clock_now();
	gint64 wait = MIN(deliver_backoff(config, row->attempts), wait_max);
	GError *problem = NULL;

	if (now - row->created > (gint64)config->give_up_seconds * CLOCK_SECOND)
		return give_up(deliver, row, reply, false, error);
	log_row(LOG_LEVEL_WARNING, row, "deferred", reply);
	return outbox_retry_at(deliver->store, row->id, deliver->owner,
			       now + wait, reply, &problem)
	       || settled(row, problem, error);
}

static bool sent(const struct deliver *deliver, const struct outbox *row,
		 const char *reply, GError **error)
{
	GError *problem = NULL;

	log_row(LOG_LEVEL_INFO, row, "sent", reply);
	return outbox_sent(deliver->store, row->id, deliver->owner, reply,
			   &problem)
	       || settled(row, problem, error);
}

/* Due as before, for whoever comes next. */
static bool give_back(const struct deliver *deliver, const struct outbox *row,
		      GError **error)
{
	GError *problem = NULL;

	return outbox_retry_at(deliver->store, row->id, deliver->owner,
			       row->next_attempt, row->last_reply, &problem)
	       || settled(row, problem, error);
}

static bool is_stopping(const struct deliver *deliver)
{
	return deliver->is_stopping != NULL
	       && deliver->is_stopping(deliver->data);
}

/* A row that was broken off because we stop is not the server's fault. */
static bool deliver_row(const struct deliver *deliver, const struct outbox *row,
			bool *ret_down, GError **error)
{
	g_autofree char *reply = NULL;
	enum submit_outcome outcome
		= submit_send(deliver->submit, row, &reply);

	*ret_down = outcome == SUBMIT_DOWN;
	switch (outcome) {
	case SUBMIT_SENT:
		return sent(deliver, row, reply, error);
	case SUBMIT_REFUSED:
	case SUBMIT_REFUSED_ADDRESS:
		return give_up(deliver, row, reply,
			       outcome == SUBMIT_REFUSED_ADDRESS, error);
	case SUBMIT_DOWN:
		return is_stopping(deliver)
			       ? give_back(deliver, row, error)
			       : try_later(deliver, row, reply,
					   SERVER_DOWN_MAX, error);
	case SUBMIT_LATER:
		break;
	}
	return try_later(deliver, row, reply, CLOCK_HOUR, error);
}

bool deliver_batch(const struct deliver *deliver, unsigned *ret_count,
		   GError **error)
{
	gint64 lease = (gint64)config_of(deliver)->lease_seconds * CLOCK_SECOND;
	gint64 until = clock_monotonic() + lease
		       - SUBMIT_SECONDS_MAX * CLOCK_SECOND;
	g_autoptr(GPtrArray) rows = outbox_lease(
		deliver->store, deliver->owner, lease, BATCH, error);
	unsigned count = 0;
	bool down = false;

	if (rows == NULL)
		return false;
	for (guint i = 0; i < rows->len; i++) {
		const struct outbox *row = rows->pdata[i];
		bool go_on = !down && !is_stopping(deliver)
			     && (i == 0 || clock_monotonic() < until);

		if (go_on ? !deliver_row(deliver, row, &down, error)
			  : !give_back(deliver, row, error))
			return false;
		count += go_on && !down;
	}
	*ret_count = count;
	return true;
}
