/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/block.h - the header of a message, field by field, as it is on the wire
 *
 * The milter protocol brings names and values; the block puts them together
 * as RFC 5322 has them, so that everything that reads a header reads the same
 * bytes here and in the LMTP agent.
 */
#ifndef PORTARIA_MILTER_BLOCK_H
#define PORTARIA_MILTER_BLOCK_H

#include "base/cleanup.h"
#include "base/limits.h"

#include <stdbool.h>

enum block_fault {
	BLOCK_OK,
	BLOCK_TOO_LARGE, /* header_bytes or header_field_bytes */
	BLOCK_TOO_MANY,  /* headers */
	BLOCK_MALFORMED, /* read again, it has other fields than were given */
	BLOCK_FAULT__COUNT
};

struct block;
struct block *block_new(const struct limits *limits); /* borrowed */
void block_free(struct block *block);
DEFINE_AUTO(block)

/* value as behind the colon, leading blank included, folds as CRLF or LF.
 * After the first fault nothing more is kept. */
void block_add(struct block *block, const char *name, const char *value);

/* To be called when all fields are there: looks for the last fault too. */
enum block_fault block_check(const struct block *block);

/* The bytes, without the empty line behind them. Borrowed. */
const char *block_get(const struct block *block, size_t *ret_len);

/* What is to be changed in a header. */
struct block_edit {
	char *name;
	unsigned index; /* of this name, from 1; 0: insert at the top */
	char *value;    /* NULL: delete */
};
void block_edit_free(gpointer edit);

/* Deletions (struct block_edit) of all fields that claim to be ours, in the
 * order in which they must be done: the last of each name first. */
void block_add_forged(const struct block *block, const char *authserv_id,
                      GPtrArray *edits);

#endif
