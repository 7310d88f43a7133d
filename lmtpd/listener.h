/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/listener.h - accepts connections, a thread for each
 */
#ifndef PORTARIA_LMTPD_LISTENER_H
#define PORTARIA_LMTPD_LISTENER_H

#include "lmtpd/agent.h"

struct listener;

/* Starts accepting on fd, which it takes over. agent is borrowed. Errors:
 * TEMPORARY (fd is closed then). */
struct listener *listener_new(struct agent *agent, int fd,
                              GError **error) NODISCARD;

/*
 * Stops accepting; sessions end when their transaction does, and are cut off
 * after `seconds`. Returns how many still did not end (they are at work in a
 * delivery): then neither listener nor agent may be freed.
 */
unsigned listener_stop(struct listener *listener, unsigned seconds);

/* After listener_stop() returned 0. */
void listener_free(struct listener *listener);

unsigned listener_get_sessions(struct listener *listener);

#endif
