/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/mimecode.h - transfer encodings undone (RFC 2045 6)
 *
 * Forgiving: base64 leaves out what is not of its alphabet, goes on behind
 * padding and needs none at its end; quoted-printable keeps what is no code as
 * it stands. The result is never longer than the input.
 */
#ifndef PORTARIA_MAIL_MIMECODE_H
#define PORTARIA_MAIL_MIMECODE_H

#include <glib.h>
#include <stdbool.h>

#include "mail/mime.h"

/* The value of Content-Transfer-Encoding. */
enum mime_encoding mimecode_find_encoding(const char *value, size_t len);

/* The bytes; owned by the caller. */
GBytes *mimecode_decode(enum mime_encoding encoding, const char *data,
                        size_t len);

/* A file that stands in text as uuencode(1) writes it. */
struct mimecode_file {
	char *name; /* as written */
	GBytes *data;
};

void mimecode_file_free(struct mimecode_file *file);

/*
 * Takes whole uuencoded files out of a text: "begin 644 name", lines whose
 * length is what their first character says, "end". Anything less stays where
 * it is. The files (at most max) are added to the array; returns the text
 * without them, or NULL if there were none.
 */
GBytes *mimecode_take_files(GBytes *text, guint max, GPtrArray *files);

#endif
