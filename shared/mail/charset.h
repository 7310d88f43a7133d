/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/charset.h - any text to valid UTF-8
 *
 * The rule (DESIGN 8): the declared charset if the bytes fit it, else UTF-8
 * if they are valid UTF-8, else windows-1252. Labels that senders confuse
 * are read as the superset people mean: iso-8859-1 as windows-1252, gb2312
 * as gb18030, shift_jis as cp932, ks_c_5601 as cp949. Only charsets of one
 * table are used; charset_init() opens each once and keeps it open, because
 * the C library loads converters from disk and the confined child has none.
 */
#ifndef PORTARIA_MAIL_CHARSET_H
#define PORTARIA_MAIL_CHARSET_H

#include <glib.h>
#include <stdbool.h>

/* Loads all converters; once, before threads and before confinement. */
void charset_init(void);

/* The iconv name for a label found in mail ("ISO_8859-1" is
 * "WINDOWS-1252"), or NULL if it is not in the table. Borrowed. */
const char *charset_lookup(const char *label);

/*
 * Converts; never fails, the result is valid UTF-8 without NUL. `label` may
 * be NULL. *ret_wrong (may be NULL) is set to true, never to false, if the
 * label was there but unknown or did not fit. Owned by the caller.
 */
char *charset_to_utf8(const char *label, const char *data, size_t len,
                      bool *ret_wrong);

/*
 * A header value made fit for GMime: UTF-8 outside encoded words, and in
 * encoded words (RFC 2047) only charset names of the table. Owned by caller.
 */
char *charset_prepare_header(const char *value, size_t len);

#endif
