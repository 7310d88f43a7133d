/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/deliver.h - a received message to its departments
 *
 * Rules upon it for each department, has it parsed by a confined child (or
 * makes a stub of what the parser cannot read), has it written, and says what
 * to answer for each recipient.
 */
#ifndef PORTARIA_LMTPD_DELIVER_H
#define PORTARIA_LMTPD_DELIVER_H

#include "base/log.h"
#include "lmtpd/agent.h"
#include "lmtpd/lmtp.h"

/* What a session keeps of an accepted RCPT (lmtp_rcpt.data). */
struct addressee {
	char *address; /* key, extension included */
	struct department *department;
};
void addressee_free(struct addressee *addressee);
DEFINE_AUTO(addressee)

/*
 * Looks an address up. NULL: it is nobody of ours, or *error is set (trouble
 * of ours). Owned by the caller.
 */
struct addressee *deliver_find(struct agent *agent, const char *address,
                               GError **error) NODISCARD;

struct deliver_answer {
	enum lmtp_answer answer;
	char *text; /* NULL: the usual one */
};
void deliver_answers_free(struct deliver_answer *answers, size_t count);

/*
 * Blocks until every recipient has its answer. received: after
 * receive_finish(), whatever that said. An array with an entry for each of
 * envelope->recipients, owned by the caller. Logs.
 */
struct deliver_answer *deliver_message(struct agent *agent, const char *session,
                                       const struct lmtp_envelope *envelope,
                                       struct receive *received);

#endif
