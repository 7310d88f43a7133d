/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/abuse_unpack.h - the document inside a compressed report
 */
#ifndef PORTARIA_MAIL_ABUSE_UNPACK_H
#define PORTARIA_MAIL_ABUSE_UNPACK_H

#include <glib.h>

/*
 * What a gzip stream (RFC 1952), or the first file of a zip archive, holds;
 * anything else is copied. NULL if it is broken or would be larger than
 * `max` bytes: a small archive can hold a very large file.
 */
GBytes *abuse_unpack(const char *data, gsize len, gsize max);

#endif
