/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deliver.h - leased outbox rows, one after the other
 */
#ifndef PORTARIA_NOTIFIER_DELIVER_H
#define PORTARIA_NOTIFIER_DELIVER_H

#include "notifier/submit.h"

#include "desk/desk.h"

struct deliver { /* borrowed */
	const struct desk *desk;
	struct store *store;
	struct submit *submit;
	const char *owner; /* of the leases */
	/* Asked between rows: true to give the rest back and come home. */
	bool (*is_stopping)(void *data);
	void *data;
};

/*
 * Leases what is due, sends it and records what became of it. *ret_count:
 * rows that were settled; 0 means there is nothing to do now, or the mail
 * server cannot be reached. Every leased row is settled or given back, but
 * after an error of the store, when the lease's end gives it back.
 */
bool deliver_batch(const struct deliver *deliver, unsigned *ret_count,
		   GError **error) NODISCARD;

/* Milliseconds until attempt n + 1 after n attempts: doubles from
 * retry_seconds, one hour at most. */
gint64 deliver_backoff(const struct config_notifier *config, gint64 attempts);

#endif
