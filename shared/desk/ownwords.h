/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/ownwords.h - which lines of an answer are certainly its author's
 *
 * Stricter than mail/trim.h, which decides what people see first: here a
 * line counts only if it stands above the first sign of a quotation, or below
 * one that is marked with ">" line by line and followed by an empty line.
 */
#ifndef PORTARIA_DESK_OWNWORDS_H
#define PORTARIA_DESK_OWNWORDS_H

#include "desk/desk.h"

struct ownwords {
	char *head;   /* above the first sign of a quotation */
	char *middle; /* ">" lines and what was written between them; "" if
			 nothing was */
	char *tail;   /* below the last ">" line */
	bool is_cut;  /* text without marks was left out as quoted */
};
void ownwords_clear(struct ownwords *words);

/* How lines of our notices and questions begin, in every language: folded
 * texts, as ownwords_split() takes them. Owned by the caller. */
GPtrArray *ownwords_list_ours(const struct desk *desk);

/*
 * Splits a text (\n line ends). A line that begins as one of
 * `ours` is quoted text, marked or not. Members of *ret_words are never NULL. Linear but for `ours`.
 */
void ownwords_split(const char *text, const GPtrArray *ours,
                    struct ownwords *ret_words);

/* Without ">" marks, outer blanks and runs of blanks; owned by the caller. */
char *ownwords_dup_folded(const char *text, size_t len);

/*
 * The middle without the ">" lines whose words are not found in `known`
 * (ownwords_dup_folded() texts that the readers have seen before): quotations
 * of notices and notes. Owned by the caller.
 */
char *ownwords_filter_quotes(const char *middle, const GPtrArray *known);

#endif
