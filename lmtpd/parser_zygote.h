/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/parser_zygote.h - the process that makes parser children
 *
 * Forked from the daemon before it has threads, keys or a database, so that
 * children can be made at any time, by a process that is single-threaded and
 * knows no secret.
 */
#ifndef PORTARIA_LMTPD_PARSER_ZYGOTE_H
#define PORTARIA_LMTPD_PARSER_ZYGOTE_H

#include "lmtpd/parser_child.h"

#include <sys/types.h>

struct parser_zygote {
	pid_t pid;
	int control; /* each descriptor sent there becomes a child's job
			socket; closing it ends the zygote and its children */
};

/* Call in a process with one thread. The zygote has its own copy of the job.
 * Errors: TEMPORARY. */
bool parser_zygote_start(const struct parser_job *job,
                         struct parser_zygote *ret_zygote,
                         GError **error) NODISCARD;

#endif
