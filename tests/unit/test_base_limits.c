/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_base_limits.c - base/limits.h against the documented numbers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

/* The numbers administrators are told. */
static const struct {
	const char *name;
	size_t offset;
	guint64 want;
} cases[] = {
	{ "message", offsetof(struct limits, message_bytes), 52428800 },
	{ "header block", offsetof(struct limits, header_bytes), 262144 },
	{ "headers", offsetof(struct limits, headers), 1000 },
	{ "one header", offsetof(struct limits, header_field_bytes), 65536 },
	{ "depth", offsetof(struct limits, mime_depth), 32 },
	{ "parts", offsetof(struct limits, mime_parts), 1000 },
	{ "parameters", offsetof(struct limits, mime_parameters), 64 },
	{ "recipients", offsetof(struct limits, recipients), 100 },
	{ "text", offsetof(struct limits, text_bytes), 1048576 },
	{ "references", offsetof(struct limits, references), 100 },
	{ "signatures", offsetof(struct limits, dkim_signatures), 8 },
	{ "lookups", offsetof(struct limits, dns_lookups), 40 },
	{ "sessions", offsetof(struct limits, sessions), 200 },
	{ "idle", offsetof(struct limits, idle_seconds), 300 },
	{ "HTML", offsetof(struct limits, html_nodes), 200000 },
};

static void test_limits_init_documented_defaults(void **state)
{
	struct limits limits = { 0 };

	(void)state;
	limits_init(&limits);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const guint64 *value =
			(const void *)((const char *)&limits + cases[i].offset);

		print_message("%s\n", cases[i].name);
		assert_int_equal(*value, cases[i].want);
	}
}

static void test_limits_init_leaves_none_out(void **state)
{
	struct limits limits = { 0 };
	const guint64 *values = (const void *)&limits;

	(void)state;
	limits_init(&limits);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*values); i++)
		assert_int_not_equal(values[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_init_documented_defaults),
		cmocka_unit_test(test_limits_init_leaves_none_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
