/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/agent.h - what all sessions share
 *
 * Set up by main() before the first session, taken down after the last one;
 * every member is thread-safe.
 */
#ifndef PORTARIA_LMTPD_AGENT_H
#define PORTARIA_LMTPD_AGENT_H

#include "auth/auth.h"
#include "desk/desk.h"
#include "lmtpd/counters.h"
#include "lmtpd/parser_pool.h"
#include "lmtpd/receive.h"
#include "lmtpd/writer.h"
#include "store/store.h"

struct agent {
	const struct config *config;
	struct desk *desk;
	struct auth *auth;
	struct store_pool *readers;
	struct parser_pool *parsers;
	struct writer *writer;
	struct counters counters;
	struct receive_budget budget;
};

#endif
