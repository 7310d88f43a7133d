/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/mfi.h - libmilter, behind a wall
 *
 * libmilter keeps its state in the process, so there is one of this. It runs
 * every callback of a session on whatever thread is free, and it ends by
 * itself on SIGTERM, SIGINT and SIGHUP, which it waits for in a thread of its
 * own: see main.c for how signals are kept from it. When it ends it frees
 * sessions that still run; therefore it is never asked to: the process stops
 * taking mail, waits, and exits.
 */
#ifndef PORTARIA_MILTER_MFI_H
#define PORTARIA_MILTER_MFI_H

#include "milter/hub.h"

/* Prepares libmilter for a listening socket, which it takes over. hub is
 * borrowed until mfi_drain() has given true. */
bool mfi_init(struct hub *hub, int fd, GError **error) NODISCARD;

/* Serves; comes back only if libmilter gave up or took a signal. */
bool mfi_run(void);

/* Begins no more messages for departments and waits until those in progress
 * have ended, at most so many milliseconds. True: no session is open, and
 * nothing here will use the hub any more. */
bool mfi_drain(gint64 timeout);

#endif
