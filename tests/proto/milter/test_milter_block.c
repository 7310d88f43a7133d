/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_milter_block.c - needs nothing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "milter/block.h"

struct pair {
	const char *name;
	const char *value;
};

static struct block *make(const struct limits *limits, const struct pair *pairs)
{
	struct block *block = block_new(limits);

	for (; pairs->name != NULL; pairs++)
		block_add(block, pairs->name, pairs->value);
	return block;
}

static const struct {
	const char *title;
	struct pair pairs[6];
	enum block_fault want;
	const char *bytes; /* NULL: not looked at */
} blocks[] = {
	{ "nothing", { { NULL, NULL } }, BLOCK_OK, "" },
	{ "two fields",
	  { { "From", " a@b.example" }, { "Subject", "\tx" } },
	  BLOCK_OK,
	  "From: a@b.example\r\nSubject:\tx\r\n" },
	{ "folds as LF",
	  { { "Subject", " a\n b\n\tc" } },
	  BLOCK_OK,
	  "Subject: a\r\n b\r\n\tc\r\n" },
	{ "folds as CRLF",
	  { { "Subject", " a\r\n b" } },
	  BLOCK_OK,
	  "Subject: a\r\n b\r\n" },
	{ "empty value", { { "Subject", "" } }, BLOCK_OK, "Subject:\r\n" },
	{ "value starts with a fold",
	  { { "Subject", "\n a" } },
	  BLOCK_OK,
	  "Subject:\r\n a\r\n" },
	{ "blank before the colon",
	  { { "From ", " a@b.example" } },
	  BLOCK_OK,
	  "From : a@b.example\r\n" },
	{ "lone CR",
	  { { "Subject", " a\rb" } },
	  BLOCK_OK,
	  "Subject: a\rb\r\n" },
	{ "8-bit", { { "Subject", " \xe1\xff" } }, BLOCK_OK, NULL },
	{ "a line that is no fold",
	  { { "Subject", " a\nFrom: x@evil.example" } },
	  BLOCK_MALFORMED,
	  NULL },
	{ "a line that is no field",
	  { { "Subject", " a\nfree text" } },
	  BLOCK_MALFORMED,
	  NULL },
	{ "an empty line inside",
	  { { "Subject", " a\n\n b" } },
	  BLOCK_MALFORMED,
	  NULL },
	{ "a line end at the end",
	  { { "Subject", " a\n" }, { "From", " a@b.example" } },
	  BLOCK_MALFORMED,
	  NULL },
	{ "a blank in the name", { { "X Y", " a" } }, BLOCK_MALFORMED, NULL },
	{ "a colon in the name", { { "X:Y", " a" } }, BLOCK_OK, NULL },
	{ "8-bit in the name",
	  { { "X\xc3\xa9", " a" } },
	  BLOCK_MALFORMED,
	  NULL },
	{ "no name", { { "", " a" } }, BLOCK_MALFORMED, NULL },
	{ "a name that is a line",
	  { { "X: a\nFrom", " x@evil.example" } },
	  BLOCK_MALFORMED,
	  NULL },
};

static void test_add(void **state)
{
	struct limits limits;

	(void)state;
	limits_init(&limits);
	for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
		AUTO(block) block = make(&limits, blocks[i].pairs);
		const char *bytes;
		size_t len;

		print_message("%s\n", blocks[i].title);
		assert_int_equal(block_check(block), blocks[i].want);
		if (blocks[i].bytes == NULL)
			continue;
		bytes = block_get(block, &len);
		assert_int_equal(len, strlen(blocks[i].bytes));
		assert_memory_equal(bytes, blocks[i].bytes, len);
	}
}

static void test_add_too_many(void **state)
{
	struct limits limits;

	(void)state;
	limits_init(&limits);
	limits.headers = 50;
	AUTO(block) block = block_new(&limits);
	for (unsigned i = 0; i < 50; i++)
		block_add(block, "X", " y");
	assert_int_equal(block_check(block), BLOCK_OK);
	block_add(block, "X", " y");
	assert_int_equal(block_check(block), BLOCK_TOO_MANY);
}

static void test_add_field_too_large(void **state)
{
	struct limits limits;
	g_autofree char *fits = g_strnfill(1024 - 4, 'x');
	g_autofree char *larger = g_strnfill(1024 - 3, 'x');

	(void)state;
	limits_init(&limits);
	limits.header_field_bytes = 1024;
	AUTO(block) block = block_new(&limits);
	block_add(block, "X", fits);
	assert_int_equal(block_check(block), BLOCK_OK);
	block_add(block, "X", larger);
	assert_int_equal(block_check(block), BLOCK_TOO_LARGE);
}

static void test_add_block_too_large(void **state)
{
	struct limits limits;
	g_autofree char *line = g_strnfill(1024 - 4, 'x');
	size_t len;

	(void)state;
	limits_init(&limits);
	limits.header_bytes = 8192;
	AUTO(block) block = block_new(&limits);
	for (unsigned i = 0; i < 8; i++)
		block_add(block, "X", line);
	assert_int_equal(block_check(block), BLOCK_OK);
	/* Nothing is kept behind the first fault. */
	for (unsigned i = 0; i < 1000; i++)
		block_add(block, "X", "");
	assert_int_equal(block_check(block), BLOCK_TOO_LARGE);
	block_get(block, &len);
	assert_int_equal(len, 8192);
}

static const struct {
	const char *title;
	struct pair pairs[12];
	struct {
		const char *name;
		unsigned index;
	} want[8];
} forged[] = {
	{ "none",
	  { { "From", " a@b.example" },
	    { "Authentication-Results", " other.example; spf=pass" } },
	  { { NULL, 0 } } },
	{ "one of several",
	  { { "Authentication-Results", " other.example; spf=pass" },
	    { "authentication-results", " mx.example; spf=pass" },
	    { "Authentication-Results", " third.example; spf=pass" } },
	  { { "authentication-results", 2 } } },
	{ "from the last down",
	  { { "X-Portaria-Seal", " a" },
	    { "Authentication-Results", " mx.example; spf=pass" },
	    { "x-portaria-seal", " b" },
	    { "Subject", " c" },
	    { "X-PORTARIA-SEAL", " d" },
	    { "Authentication-Results", " (c) \"MX.example\" 1; none" } },
	  { { "Authentication-Results", 2 },
	    { "X-PORTARIA-SEAL", 3 },
	    { "x-portaria-seal", 2 },
	    { "Authentication-Results", 1 },
	    { "X-Portaria-Seal", 1 } } },
	{ "any of our names",
	  { { "X-Portaria-Anything", " a" }, { "X-Portariax", " a" } },
	  { { "X-Portaria-Anything", 1 } } },
	{ "blank before the colon",
	  { { "X-Portaria-Seal ", " a" }, { "X-Portaria-Seal", " b" } },
	  { { "X-Portaria-Seal", 2 }, { "X-Portaria-Seal", 1 } } },
};

static void test_add_forged(void **state)
{
	struct limits limits;

	(void)state;
	limits_init(&limits);
	for (size_t i = 0; i < G_N_ELEMENTS(forged); i++) {
		AUTO(block) block = make(&limits, forged[i].pairs);
		g_autoptr(GPtrArray) edits =
			g_ptr_array_new_with_free_func(block_edit_free);
		guint n = 0;

		print_message("%s\n", forged[i].title);
		block_add_forged(block, "mx.example", edits);
		for (; forged[i].want[n].name != NULL; n++) {
			const struct block_edit *edit;

			assert_true(n < edits->len);
			edit = g_ptr_array_index(edits, n);
			assert_string_equal(edit->name, forged[i].want[n].name);
			assert_int_equal(edit->index, forged[i].want[n].index);
			assert_null(edit->value);
		}
		assert_int_equal(edits->len, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_too_many),
		cmocka_unit_test(test_add_field_too_large),
		cmocka_unit_test(test_add_block_too_large),
		cmocka_unit_test(test_add_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
