/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/ids.h - identifiers made by us: row ids, random ids, ticket refs
 *
 * Row ids are positive 63-bit numbers, ordered by time: 42 bits of UTC
 * milliseconds, 21 bits that grow within a millisecond from a random start.
 *
 * A ticket ref is what people see: a prefix and seven Crockford base-32
 * digits, "VIA-7K3Q9MX". Six digits are random, the seventh is a check digit
 * (weighted sum in the field of 32 elements), so that one mistyped digit or
 * two swapped ones never give another ticket's ref.
 */
#ifndef PORTARIA_BASE_IDS_H
#define PORTARIA_BASE_IDS_H

#include <glib.h>
#include <stdbool.h>

#define REF_DIGITS     7
#define REF_PREFIX_MIN 2 /* letters A-Z */
#define REF_PREFIX_MAX 8

/* Fills buf from the kernel's random source; cannot fail. */
void random_fill(void *buf, size_t len);

/* A new row id, larger than all this process made before. Thread-safe. */
gint64 id_new(void);

/* `bytes` random bytes in lower-case Crockford base 32; owned by caller. */
char *id_dup_random(size_t bytes);

/* Lower-case Crockford base 32 of a byte string; owned by the caller. */
char *base32_encode(const guint8 *data, size_t len);
/* The reverse; accepts any case and O, I, L for 0, 1, 1. NULL if bad: other
 * characters, a length no encoding has, leftover bits that are not zero. */
GBytes *base32_decode(const char *text, size_t len);

/* True if prefix is REF_PREFIX_MIN to REF_PREFIX_MAX letters A-Z. */
bool ref_prefix_is_valid(const char *prefix);

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
