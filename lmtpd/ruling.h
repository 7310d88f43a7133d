/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/ruling.h - what was decided on a message for one department
 *
 * Taken from the milter's seal if that is valid for the department. Else the
 * message is judged here: DKIM from the bytes, SPF if the MTA told who the
 * client was (DESIGN section 6). Accepted is only what that proves; anything
 * else is held, nothing is refused: a bounce would go to a forged sender.
 */
#ifndef PORTARIA_LMTPD_RULING_H
#define PORTARIA_LMTPD_RULING_H

#include "auth/seal.h"
#include "lmtpd/agent.h"
#include "lmtpd/lmtp.h"

/* Strings owned by the struct, "" if unknown. */
struct ruling {
	enum seal_status seal;
	bool later; /* DNS trouble: try again */
	enum seal_verdict verdict;
	enum auth_proof proof;
	char *identity;
	char *reason;   /* why held, or why later */
	char *evidence; /* one line */
	char *client_ip;
	char *queue_id;
	char *key;        /* delivery key */
	char *repeat_key; /* as in desk/intake.h; NULL: none */
};
void ruling_free(struct ruling *ruling);
DEFINE_AUTO(ruling)

/* One message while its recipients are ruled upon, one after the other; what
 * authentication found is kept in between. All borrowed. */
struct ruling_case {
	struct agent *agent;
	const struct lmtp_envelope *envelope;
	GBytes *raw;
	struct receive *received;
	/* NULL until they were needed; owned: */
	struct auth_result *auth;
	char *fingerprint;
};
void ruling_case_clear(struct ruling_case *one);

/* address: key of the recipient. NULL: trouble of ours. */
struct ruling *ruling_make(struct ruling_case *one, const char *address,
                           const struct department *department,
                           GError **error) NODISCARD;

#endif
