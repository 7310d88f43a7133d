/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/filename.h - names of attachments
 *
 * A name comes from Content-Disposition or Content-Type (RFC 2231, encoded
 * words, raw 8-bit), else from the part's type. What comes out can be put
 * into any directory: valid UTF-8, one component, no control or bidirectional
 * characters, no leading dot, no name that Windows reserves, at most
 * FILENAME_MAX_BYTES with the extension kept.
 */
#ifndef PORTARIA_MAIL_FILENAME_H
#define PORTARIA_MAIL_FILENAME_H

#include <glib.h>
#include <stdbool.h>

#define FILENAME_MAX_BYTES 150

/*
 * The value of a parameter of a Content-Disposition or Content-Type value as
 * it stands in the header; RFC 2231 forms win over the plain one. At most
 * max_parameters are looked at. NULL if there is none. Owned by the caller;
 * valid UTF-8, not safe yet.
 */
char *filename_dup_parameter(const char *value, const char *name,
                             guint64 max_parameters);

/* The same without encoded words, for what is no text: boundaries, charsets.
 * The plain form comes as its bytes stand. */
char *filename_dup_token(const char *value, const char *name,
                         guint64 max_parameters);

/* A safe name for any text, "" if nothing is left. Owned by the caller. */
char *filename_dup_safe(const char *name);

/* True if filename_dup_safe() would leave it alone, and it is not "". */
bool filename_is_safe(const char *name);

/* A name for a part without one: "image.png", "message.eml". */
char *filename_dup_for_type(const char *content_type);

/*
 * `name`, or "name (2).ext" and so on if the set has it already (compared
 * without case); the result is added to the set of owned strings.
 */
char *filename_take_unique(GHashTable *taken, const char *name);

#endif
