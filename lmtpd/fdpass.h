/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/fdpass.h - records with a descriptor over a SOCK_SEQPACKET socket
 */
#ifndef PORTARIA_LMTPD_FDPASS_H
#define PORTARIA_LMTPD_FDPASS_H

#include <stdbool.h>
#include <sys/types.h>

/* Two connected ends, close-on-exec; false with errno. */
bool fdpass_pair(int ends[2]);

/* Sends one record, with fd unless it is -1. False with errno. */
bool fdpass_send(int sock, const void *data, size_t len, int fd);

/*
 * Receives one record: its length, 0 at the end, -1 with errno (EMSGSIZE: it
 * does not fit, or more than one descriptor came along). *ret_fd: close-on-
 * exec, owned by the caller, -1 if none came.
 */
ssize_t fdpass_recv(int sock, void *buf, size_t size, int *ret_fd);

#endif
