/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * phrases.c - many phrases looked for in one pass
 *
 * A bit for each pair of bytes that a phrase begins with answers for nearly
 * all positions of a text; behind it stand the phrases by first byte.
 */
#include "mail/phrases.h"

#include <string.h>

#define BYTES 256

struct entry {
	const char *word;
	size_t len;
	guint row;
};

struct phrase_index {
	guint32 pairs[BYTES * BYTES / 32];
	struct entry *entries; /* by first byte, then by row */
	guint first[BYTES + 1];
};

static guint first_byte(const char *text)
{
	return (guchar)text[0];
}

/* Of what begins at `text`, which is not empty. */
static guint pair_at(const char *text)
{
	return first_byte(text) * BYTES + (guchar)text[1];
}

static bool may_begin(const struct phrase_index *index, const char *text)
{
	guint pair = pair_at(text);

	return (index->pairs[pair / 32] >> pair % 32 & 1U) != 0;
}

/* ---- the index ---- */

/* The phrase of a row, NULL behind the last one. */
static const char *word_of(const struct phrases *phrases, guint row)
{
	const char *at = phrases->table;

	return *(const char *const *)(const void *)(at +
	                                            row * phrases->row_size);
}

static void count(struct phrase_index *index, const struct phrases *phrases)
{
	const char *word;

	for (guint row = 0; (word = word_of(phrases, row)) != NULL; row++) {
		guint pair = pair_at(word);

		index->pairs[pair / 32] |= 1U << pair % 32;
		index->first[first_byte(word) + 1]++;
	}
	for (guint byte = 0; byte < BYTES; byte++)
		index->first[byte + 1] += index->first[byte];
}

static struct phrase_index *index_new(const struct phrases *phrases)
{
	struct phrase_index *index = g_new0(struct phrase_index, 1);
	guint next[BYTES];
	const char *word;

	count(index, phrases);
	index->entries = g_new0(struct entry, index->first[BYTES] + 1);
	memcpy(next, index->first, sizeof(next));
	for (guint row = 0; (word = word_of(phrases, row)) != NULL; row++) {
		guint place = next[first_byte(word)]++;

		index->entries[place] = (struct entry){
			.word = word,
			.len = strlen(word),
			.row = row,
		};
	}
	return index;
}

static const struct phrase_index *index_of(struct phrases *phrases)
{
	if (g_once_init_enter(&phrases->index))
		g_once_init_leave(&phrases->index, (gsize)index_new(phrases));
	return (const struct phrase_index *)phrases->index;
}

/* ---- asking ---- */

void phrase_walk_init(struct phrase_walk *walk, struct phrases *phrases,
                      const char *text)
{
	*walk = (struct phrase_walk){
		.index = index_of(phrases),
		.at = text,
	};
	walk->next = walk->index->first[first_byte(text)];
}

/* The next entry that stands at walk->at. */
static bool match_here(struct phrase_walk *walk)
{
	const struct phrase_index *index = walk->index;
	guint end = index->first[first_byte(walk->at) + 1];

	while (walk->next < end) {
		const struct entry *entry = &index->entries[walk->next++];

		if (strncmp(walk->at, entry->word, entry->len) != 0)
			continue;
		walk->row = entry->row;
		walk->word = entry->word;
		return true;
	}
	return false;
}

bool phrase_walk_next(struct phrase_walk *walk)
{
	while (*walk->at != '\0') {
		if (may_begin(walk->index, walk->at) && match_here(walk))
			return true;
		do
			walk->at++;
		while (*walk->at != '\0' && !may_begin(walk->index, walk->at));
		walk->next = walk->index->first[first_byte(walk->at)];
	}
	return false;
}

bool phrases_in(struct phrases *phrases, const char *text)
{
	struct phrase_walk walk;

	phrase_walk_init(&walk, phrases, text);
	return phrase_walk_next(&walk);
}

bool phrases_begin(struct phrases *phrases, const char *text)
{
	struct phrase_walk walk;

	phrase_walk_init(&walk, phrases, text);
	return *text != '\0' && may_begin(walk.index, text) &&
	       match_here(&walk);
}
