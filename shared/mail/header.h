/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/header.h - the raw header block, field by field
 *
 * A walker over bytes that copies nothing and decodes nothing: what the
 * seal, DKIM and the limits need. A line that is no field ends the block, as
 * Postfix ends it.
 */
#ifndef PORTARIA_MAIL_HEADER_H
#define PORTARIA_MAIL_HEADER_H

#include <glib.h>
#include <stdbool.h>

struct header_field {
	const char *name;  /* not terminated */
	size_t name_len;   /* without blanks before the colon */
	const char *value; /* behind the colon, leading blank and folds
			      included, final line end not */
	size_t value_len;
	bool blank_before_colon; /* obsolete syntax, "From : x" */
};

struct header_walk {
	const char *at;
	const char *end;
	const char *body; /* NULL until the block has ended */
};

/* Starts at the first byte of a message. An mbox "From " line is no field. */
void header_walk_init(struct header_walk *walk, const char *data, size_t len);

/* The next field; false at the end of the block. */
bool header_walk_next(struct header_walk *walk, struct header_field *ret_field);

/* After the walk: the first byte of the body (behind the empty line, or the
 * line that was no field). NULL while fields may follow. */
const char *header_walk_body(const struct header_walk *walk);

/* Case-insensitive comparison of a field's name. */
bool header_is(const struct header_field *field, const char *name);

/* The raw value of the only field of this name; NULL if absent or repeated,
 * *ret_count (may be NULL) tells which. A NUL in it is copied as \001, so
 * that nothing hides behind it. Owned by the caller. */
char *header_dup_single(const char *data, size_t len, const char *name,
                        unsigned *ret_count);

/* A value without folding and outer blanks, other line ends as blanks and NUL
 * as \001; owned by the caller. */
char *header_unfold(const char *value, size_t len);

/*
 * The text of an unstructured field or of a phrase: unfolded, encoded words
 * (RFC 2047) decoded, raw 8-bit read as UTF-8 or else windows-1252. The
 * result is valid UTF-8 in one line, with blanks for control characters and
 * without bidirectional embeddings; owned by the caller. *ret_control (may be
 * NULL): there were control characters other than tab and folding.
 */
char *header_decode(const char *value, size_t len, bool *ret_control);

/* Any text as one line of valid UTF-8, with blanks for control characters and
 * line ends, without bidirectional embeddings and outer blanks; owned by the
 * caller. */
char *header_dup_line(const char *text);

/* Message-IDs "<...>" of a value, in order, with the brackets, at most max;
 * a NULL-terminated array owned by the caller (g_strfreev). */
char **header_dup_message_ids(const char *value, size_t len, size_t max);

#endif
