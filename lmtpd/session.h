/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/session.h - one connection, from greeting to goodbye
 */
#ifndef PORTARIA_LMTPD_SESSION_H
#define PORTARIA_LMTPD_SESSION_H

#include "lmtpd/agent.h"

/*
 * Blocks until the connection is over; sock is the caller's. drain is a descriptor
 * that becomes readable when the agent shall stop: then the session ends as
 * soon as no transaction is open.
 */
void session_run(struct agent *agent, int sock, int drain);

#endif
