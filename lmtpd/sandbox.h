/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/sandbox.h - a process that can compute and nothing else
 *
 * After sandbox_enter() a process has the descriptors it has, its memory
 * within bounds, and a short list of system calls: no files, no network, no
 * processes, no executable memory. Most other calls fail with EPERM; those
 * that only an intruder would try kill it.
 */
#ifndef PORTARIA_LMTPD_SANDBOX_H
#define PORTARIA_LMTPD_SANDBOX_H

#include "base/cleanup.h"

#include <stdbool.h>

/* RLIMIT_AS is not set in builds with AddressSanitizer or ThreadSanitizer,
 * whose shadow memory is larger than any limit. */
struct sandbox_limits {
	guint64 memory;      /* bytes of address space */
	guint64 cpu_seconds; /* processor time; SIGXCPU ends it */
	guint64 file_bytes;  /* of a memfd it writes; SIGXFSZ ends it */
	guint64 stack;       /* bytes */
};

/* The compiled filter: made once, entered by many processes. */
struct sandbox;
struct sandbox *sandbox_new(GError **error) NODISCARD;
void sandbox_free(struct sandbox *sandbox);
DEFINE_AUTO(sandbox)

/* Confines the calling, single-threaded process for good. Errors: TEMPORARY,
 * and the process is not to be trusted with input. */
bool sandbox_enter(const struct sandbox *sandbox,
                   const struct sandbox_limits *limits,
                   GError **error) NODISCARD;

/* True in a build with AddressSanitizer or ThreadSanitizer. */
bool sandbox_is_sanitized(void);

#endif
