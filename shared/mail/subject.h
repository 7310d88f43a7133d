/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/subject.h - reply prefixes and the ticket token of a subject
 */
#ifndef PORTARIA_MAIL_SUBJECT_H
#define PORTARIA_MAIL_SUBJECT_H

#include <glib.h>
#include <stdbool.h>

/* The subject without any number of Re:, RES:, ENC:, Fwd:, AW:, SV:, ...
 * prefixes and without our tokens; owned by the caller. */
char *subject_dup_bare(const char *prefix, const char *subject);

/* True if the outermost prefix says forward (ENC:, FW:, Fwd:, WG:, ...). */
bool subject_is_forward(const char *subject);

/* True if the subject begins with a reply or forward prefix, or with a tag in
 * brackets, as lists and ticket systems put it: about another message. */
bool subject_is_answer(const char *subject);

/* The canonical ref of the first "[VIA-7K3Q9MX]" with a right check digit,
 * any case, glued to text or not, with or without the hyphen or with another
 * dash, with blanks that folding left inside; NULL if none. Owned by the
 * caller. */
char *subject_dup_ref(const char *prefix, const char *subject);

/* Tokens of one subject that are looked at. */
#define SUBJECT_TOKENS_MAX 8

/* All of them in their order, each once, at most max; a NULL-terminated array
 * owned by the caller (g_strfreev). */
char **subject_dup_refs(const char *prefix, const char *subject, size_t max);

/* Decodes the raw value of a Subject: field (RFC 2047, raw 8-bit) without
 * GMime, for the milter; owned by the caller, valid UTF-8. */
char *subject_decode(const char *value, size_t len);

#endif
