/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/ids.h - identifiers made by us: row ids, random ids, ticket refs
 *
 * Row ids are positive 63-bit numbers, ordered by time: 42 bits of UTC
 * milliseconds, 21 bits that grow within a millisecond from a random start.
 *
 * A ticket ref is what people see: a prefix and seven Crockford base-32
 * digits, "VIA-7K3Q9MX". Six digits are random, the seventh is a check digit
 * (weighted sum modulo 31), so that one mistyped digit or two swapped
 * neighbours give an unknown ref, not another ticket.
 */
#ifndef PORTARIA_BASE_IDS_H
#define PORTARIA_BASE_IDS_H

#include <glib.h>
#include <stdbool.h>

#define REF_DIGITS     7
#define REF_PREFIX_MAX 8 /* letters A-Z, at least 2 */

gint64 id_new(void);

/* `bytes` random bytes in lower-case Crockford base 32; owned by caller. */
char *id_dup_random(size_t bytes);

/* Lower-case Crockford base 32 of a byte string; owned by the caller. */
char *base32_encode(const guint8 *data, size_t len);
/* The reverse; accepts any case and O, I, L for 0, 1, 1. NULL if bad. */
GBytes *base32_decode(const char *text, size_t len);

/* A new random ref, "VIA-7K3Q9MX"; owned by the caller. */
char *ref_new(const char *prefix);

/*
 * Reads a ref in any case, with or without the hyphen, O/I/L accepted for
 * 0/1/1, and returns its canonical form ("VIA-7K3Q9MX", owned by the caller)
 * or NULL if prefix, length or check digit do not fit.
 */
char *ref_parse(const char *prefix, const char *text, size_t len);

/* The canonical ref without hyphen ("VIA7K3Q9MX"), owned by the caller. */
char *ref_dup_compact(const char *ref);

#endif
