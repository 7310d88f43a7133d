/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/memfile.h - files in memory that two processes share
 *
 * Once sealed, nobody can change or cut one any more: a mapping of it always
 * shows the same bytes and never faults.
 */
#ifndef PORTARIA_LMTPD_MEMFILE_H
#define PORTARIA_LMTPD_MEMFILE_H

#include <glib.h>
#include <stdbool.h>

/* A new, empty one (close-on-exec), or -1 with errno. */
int memfile_new(const char *name);

/* Appends; false with errno. */
bool memfile_write(int fd, const char *data, size_t len);

/* False with errno. */
bool memfile_seal(int fd);

/* Not true of any other kind of file. */
bool memfile_is_sealed(int fd);

/* A read-only view of the first len bytes, which stays valid without the
 * descriptor; NULL with errno. */
GBytes *memfile_map(int fd, size_t len);

#endif
