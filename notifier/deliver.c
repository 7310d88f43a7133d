/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deliver.c - leased outbox rows, one after the other
 *
 * A row is leased in a transaction of its own before it is sent, so two
 * notifiers never send the same one. A notifier that dies between the mail
 * server's 250 and outbox_sent() sends it a second time when the lease has
 * run out, under the same Message-ID.
 */
#include "notifier/deliver.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/conversation.h"

#define BATCH 20

gint64 deliver_backoff(const struct config_notifier *config, gint64 attempts)
{
	gint64 wait = (gint64)config->retry_seconds * CLOCK_SECOND;

	for (gint64 i = 1; i < attempts && wait < CLOCK_HOUR; i++)
		wait *= 2;
	return MIN(wait, CLOCK_HOUR);
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

/* People see on the ticket that a mail never left. */
static bool tell_ticket(struct store *store, const struct outbox *row,
			const char *reply, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"mail to %s (%s) was not sent: %s", row->recipient, row->kind,
		reply);

	if (row->ticket_id == 0)
		return true;
	if (!store_begin(store, error))
		return false;
	if (conversation_event(store, row->ticket_id, text, error)
	    && store_commit(store, error))
		return true;
	store_rollback(store);
	return false;
}

static bool give_up(const struct deliver *deliver, const struct outbox *row,
		    const char *reply, GError **error)
{
	log_row(LOG_LEVEL_WARNING, row, "given-up", reply);
	return outbox_failed(deliver->store, row->id, deliver->owner, reply,
			     error)
	       && tell_ticket(deliver->store, row, reply, error);
}

static bool try_later(const struct deliver *deliver, const struct outbox *row,
		      const char *reply, GError **error)
{
	const struct config_notifier *config = &deliver->config->notifier;
	gint64 now = clock_now();
	gint64 age = now - row->created;

	if (age > (gint64)config->give_up_seconds * CLOCK_SECOND)
		return give_up(deliver, row, reply, error);
	log_row(LOG_LEVEL_WARNING, row, "deferred", reply);
	return outbox_retry_at(deliver->store, row->id, deliver->owner,
			       now + deliver_backoff(config, row->attempts),
			       reply, error);
}

static bool deliver_row(const struct deliver *deliver,
			const struct outbox *row, GError **error)
{
	g_autofree char *reply = NULL;

	switch (submit_send(deliver->submit, row, &reply)) {
	case SUBMIT_SENT:
		log_row(LOG_LEVEL_INFO, row, "sent", reply);
		return outbox_sent(deliver->store, row->id, deliver->owner,
				   reply, error);
	case SUBMIT_REFUSED:
		return give_up(deliver, row, reply, error);
	case SUBMIT_LATER:
		break;
	}
	return try_later(deliver, row, reply, error);
}

bool deliver_batch(const struct deliver *deliver, unsigned *ret_count,
		   GError **error)
{
	const struct config_notifier *config = &deliver->config->notifier;
	g_autoptr(GPtrArray) rows = outbox_lease(
		deliver->store, deliver->owner,
		(gint64)config->lease_seconds * CLOCK_SECOND, BATCH, error);

	if (rows == NULL)
		return false;
	for (guint i = 0; i < rows->len; i++) {
		if (!deliver_row(deliver, rows->pdata[i], error))
			return false;
	}
	*ret_count = rows->len;
	return true;
}
