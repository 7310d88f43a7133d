/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/judge.h - everything known of a message, joined into one verdict
 *
 * Looks up who the author is (contact, staff, participant of the ticket that
 * a token names), adds SASL to the proof, asks policy_decide() for each
 * department, and words the SMTP reply. Needs the header only.
 */
#ifndef PORTARIA_DESK_JUDGE_H
#define PORTARIA_DESK_JUDGE_H

#include "auth/seal.h"
#include "desk/desk.h"
#include "desk/policy.h"
#include "store/department.h"

struct judge_recipient {
	const char *address; /* key, extension included */
	const struct department *department;
};

struct judge_input { /* all borrowed */
	const struct judge_recipient *recipients;
	size_t n_recipients;
	const struct auth_client *client;
	const char *header; /* the raw header block */
	size_t header_len;
	/* NULL: before authentication has run. Then only what does not need
	 * it is decided: see judge_early(). */
	const struct auth_result *auth;
};

struct verdict {
	/* The strictest over the recipients: reject, tempfail, hold,
	 * accept_reply, accept_bounce, accept, accept_staff. */
	enum policy_action action;
	enum policy_who who;
	const char *row;           /* static: the policy row that decided */
	enum auth_proof proof;     /* with SASL taken into account */
	char *identity;   /* key of the author's address, "" if none */
	char *ticket;     /* ref that a valid token names for a participant */
	gint64 contact_id; /* 0 if the author is no contact */
	gint64 customer_id;
	gint64 staff_id;
	char *reason;     /* one sentence, English, for log and ticket */
	/* The reply for POLICY_REJECT and POLICY_TEMPFAIL; else 0 and NULL. */
	unsigned code;    /* 550, 451 */
	char *enhanced;   /* "5.7.1" */
	char **lines;     /* 1-3 lines, ASCII, Portuguese first */
};
void verdict_free(struct verdict *verdict);
DEFINE_AUTO(verdict)

/* The recipient's active department, owned by the caller; NULL without error
 * if nobody of ours. The address is a key, extension included. */
struct department *judge_department(struct store *store, const char *address,
				    GError **error);

/* Two recipients may share a transaction if their classes are equal. */
bool judge_same_class(const struct department *a, const struct department *b);

/* After the header, before the body: a verdict if the outcome cannot depend
 * on authentication any more (strangers, no or several From), else NULL
 * without error. */
struct verdict *judge_early(const struct desk *desk, struct store *store,
			    const struct judge_input *input, GError **error);

/* The verdict. NULL and error only for trouble of ours: answer 451. */
struct verdict *judge_message(const struct desk *desk, struct store *store,
			      const struct judge_input *input, GError **error)
	NODISCARD;

/* The seal for an accepted or held message (mac not yet made); NULL for the
 * other actions. queue_id may be NULL. */
struct seal *judge_seal(const struct verdict *verdict,
			const struct judge_input *input, const char *queue_id);

/* x-registered of the Authentication-Results: "pass", "fail", "none". */
const char *judge_registered(const struct verdict *verdict);

/* Replies that need no verdict; lines as in struct verdict, g_strfreev. */
char **judge_text_second_class(const struct desk *desk);  /* 452 4.5.3 */
char **judge_text_internal(const struct desk *desk);      /* 451 4.3.0 */

#endif
