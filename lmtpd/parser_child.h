/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/parser_child.h - messages, parsed in a confined process
 */
#ifndef PORTARIA_LMTPD_PARSER_CHILD_H
#define PORTARIA_LMTPD_PARSER_CHILD_H

#include "base/limits.h"
#include "lmtpd/sandbox.h"

/* The work: bytes to a variant (floating or not), or an error. Runs confined,
 * for one message after the other. */
typedef GVariant *parser_function(GBytes *raw, const struct limits *limits,
                                  GError **error);

/* What every child is made of. Borrowed. */
struct parser_job {
	void (*init)(void); /* in the zygote, unconfined: opens what the work
			       will need and cannot open itself; may be NULL */
	parser_function *parse;
	const struct limits *limits;
	guint64 result_max; /* bytes */
	guint64 messages;   /* a child takes, at most */
};

/* The process's life from here on: takes messages from the socket, answers,
 * exits. */
G_NORETURN void parser_child_run(int sock, const struct parser_job *job,
                                 const struct sandbox *sandbox);

#endif
