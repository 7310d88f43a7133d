/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block.c - the header of a message, field by field, as it is on the wire
 *
 * An MTA never gives a value with a line that is no fold, nor a name with a
 * blank in it; if one did, readers of the bytes would disagree about where a
 * field ends. Such a block is MALFORMED: what is judged must be what is read.
 */
#include "milter/block.h"

#include <string.h>

#include "auth/authres.h"
#include "mail/header.h"

struct block {
	const struct limits *limits;
	GString *bytes;
	guint64 fields;
	enum block_fault fault;
};

struct block *block_new(const struct limits *limits)
{
	struct block *block = g_new0(struct block, 1);

	block->limits = limits;
	block->bytes = g_string_new(NULL);
	return block;
}

void block_free(struct block *block)
{
	if (block == NULL)
		return;
	g_string_free(block->bytes, TRUE);
	g_free(block);
}

/* Line ends as CRLF, whatever they were. */
static void append_value(GString *bytes, const char *value)
{
	for (;;) {
		const char *lf = strchr(value, '\n');
		size_t len = lf != NULL ? (size_t)(lf - value) : strlen(value);

		if (lf != NULL && len > 0 && value[len - 1] == '\r')
			len--;
		g_string_append_len(bytes, value, (gssize)len);
		if (lf == NULL)
			return;
		g_string_append(bytes, "\r\n");
		value = lf + 1;
	}
}

static enum block_fault check_limits(const struct block *block,
                                     const char *name, const char *value)
{
	const struct limits *limits = block->limits;
	size_t len = strlen(name) + strlen(value) + strlen(":\r\n");

	if (block->fields >= limits->headers)
		return BLOCK_TOO_MANY;
	if (len > limits->header_field_bytes ||
	    block->bytes->len + len > limits->header_bytes)
		return BLOCK_TOO_LARGE;
	return BLOCK_OK;
}

void block_add(struct block *block, const char *name, const char *value)
{
	if (block->fault == BLOCK_OK)
		block->fault = check_limits(block, name, value);
	if (block->fault != BLOCK_OK)
		return;
	block->fields++;
	g_string_append(block->bytes, name);
	g_string_append_c(block->bytes, ':');
	append_value(block->bytes, value);
	g_string_append(block->bytes, "\r\n");
}

enum block_fault block_check(const struct block *block)
{
	struct header_walk walk;
	struct header_field field;
	const char *end;
	guint64 count = 0;

	if (block->fault != BLOCK_OK)
		return block->fault;
	header_walk_init(&walk, block->bytes->str, block->bytes->len);
	while (header_walk_next(&walk, &field))
		count++;
	end = block->bytes->str + block->bytes->len;
	if (count != block->fields || header_walk_body(&walk) != end)
		return BLOCK_MALFORMED;
	return BLOCK_OK;
}

const char *block_get(const struct block *block, size_t *ret_len)
{
	*ret_len = block->bytes->len;
	return block->bytes->str;
}

void block_edit_free(gpointer data)
{
	struct block_edit *edit = data;

	g_free(edit->name);
	g_free(edit->value);
	g_free(edit);
}

/* How many fields of this name there were, this one included. */
static unsigned count_name(GHashTable *counts, const char *name)
{
	char *key = g_ascii_strdown(name, -1);
	unsigned count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key)) + 1;

	g_hash_table_insert(counts, key, GUINT_TO_POINTER(count));
	return count;
}

void block_add_forged(const struct block *block, const char *authserv_id,
                      GPtrArray *edits)
{
	g_autoptr(GHashTable) counts =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, block->bytes->str, block->bytes->len);
	while (header_walk_next(&walk, &field)) {
		g_autofree char *name = g_strndup(field.name, field.name_len);
		unsigned index = count_name(counts, name);
		struct block_edit *edit;

		if (!authres_is_forged(authserv_id, field.name, field.name_len,
		                       field.value, field.value_len))
			continue;
		edit = g_new0(struct block_edit, 1);
		edit->name = g_steal_pointer(&name);
		edit->index = index;
		g_ptr_array_insert(edits, 0, edit);
	}
}
