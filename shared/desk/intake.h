/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/intake.h - an accepted message becomes records
 *
 * Runs inside the writer's transaction: ticket or held message, entries,
 * attachments, outbox rows, delivery keys, all or nothing. Idempotent: a
 * redelivery gives the answer of the first time.
 */
#ifndef PORTARIA_DESK_INTAKE_H
#define PORTARIA_DESK_INTAKE_H

#include "auth/seal.h"
#include "desk/desk.h"
#include "mail/mail.h"

struct intake_recipient { /* borrowed */
	const char *address; /* key, extension included */
	const struct department *department;
	/* The verdict for this recipient: from its valid seal, or from
	 * judge_message() in the agent when there is none. */
	enum seal_verdict verdict;
	enum auth_proof proof;
	const char *identity; /* "" if none */
	const char *reason;   /* why held; may be NULL */
	const char *delivery_key; /* unique for (message, department) */
	/* The same for a message that its sender's server brings twice, in
	 * two sessions: believed for INTAKE_REPEAT_DAYS. NULL: no message is
	 * taken for another one. */
	const char *repeat_key;
};

#define INTAKE_REPEAT_DAYS 7

struct intake_message { /* borrowed */
	GBytes *raw;
	const struct mail *mail;
	const char *mail_from; /* "" = null sender */
	const char *client_ip;
	const char *queue_id;
	const char *evidence;  /* what authentication said, one line */
	gint64 received;       /* when it came; 0 is now */
	const struct intake_recipient *recipients;
	size_t n_recipients;   /* the first department owns a new ticket, the
				  others get a referral event */
};

enum intake_outcome {
	INTAKE_CREATED,
	INTAKE_APPENDED,
	INTAKE_HELD,
	INTAKE_CONFIRMED, /* it released a held message */
	INTAKE_REFERRED,  /* the second department of a message */
	INTAKE_BOUNCE,    /* a bounce of our mail, recorded */
	INTAKE_FILED,     /* a DMARC or TLS report, or a grade: no ticket */
	INTAKE_DUPLICATE, /* the same delivery once more */
	INTAKE_REPEATED,  /* the same message in another delivery */
	INTAKE_OUTCOME__COUNT
};
const char *intake_outcome_name(enum intake_outcome outcome);

struct intake_result {
	enum intake_outcome outcome;
	char *ref;    /* ticket, "" if held */
	char *answer; /* "VIA-7K3Q9MX stored", text behind "250 2.6.0 " */
};
void intake_result_clear(struct intake_result *result);

/* ret_results: n_recipients entries, cleared by the caller. The caller holds
 * a transaction or savepoint and undoes it on error. */
bool intake_store(const struct desk *desk, struct store *store,
		  const struct intake_message *message,
		  struct intake_result *ret_results, GError **error) NODISCARD;

#endif
