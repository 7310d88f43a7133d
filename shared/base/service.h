/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/service.h - what a daemon needs of the service manager, and sockets
 *
 * Readiness (sd_notify protocol) and socket activation (LISTEN_FDS) without
 * a library, and listening sockets written as Postfix writes them:
 * "unix:/path" or "inet:host:port" ("inet:[::1]:port").
 */
#ifndef PORTARIA_BASE_SERVICE_H
#define PORTARIA_BASE_SERVICE_H

#include <glib.h>
#include <stdbool.h>

/* Tells the service manager, e.g. "READY=1"; silently nothing without one. */
void service_notify(const char *state);

/* Descriptor handed over by the service manager, or -1. Only the first is
 * used. Sets close-on-exec and clears the environment. */
int service_take_listen_fd(void);

/* True if `address` is one of the two forms above: an absolute path that fits
 * a socket address, or a host and a port from 0 (any free one) to 65535. */
bool service_address_check(const char *address, GError **error);

/*
 * Listens on `address`; a unix socket gets `mode` and replaces a dead one
 * (a live one is CONFLICT). Returns the descriptor (close-on-exec) or -1.
 */
int service_listen(const char *address, unsigned mode, GError **error);

/* The part behind "unix:", or NULL for an inet address. Borrowed. */
const char *service_unix_path(const char *address);

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1 in this and all later threads;
 * call before the first thread. SIGPIPE is ignored. */
void service_block_signals(void);

/* Waits for one of the blocked signals and returns its number. */
int service_wait_signal(void);

#endif
