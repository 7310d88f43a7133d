/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_base_error.c - base/error.h; needs nothing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <gio/gio.h>

#include "base/error.h"

static const struct {
	const char *name;
	int code;
	int exit_code;
	bool permanent;
} cases[] = {
	{ "temporary", PORTARIA_ERROR_TEMPORARY, 75, false },
	{ "permanent", PORTARIA_ERROR_PERMANENT, 69, true },
	{ "syntax", PORTARIA_ERROR_SYNTAX, 65, true },
	{ "limit", PORTARIA_ERROR_LIMIT, 65, true },
	{ "not found", PORTARIA_ERROR_NOT_FOUND, 1, false },
	{ "conflict", PORTARIA_ERROR_CONFLICT, 65, false },
	{ "denied", PORTARIA_ERROR_DENIED, 77, false },
	{ "config", PORTARIA_ERROR_CONFIG, 78, false },
	{ "usage", PORTARIA_ERROR_USAGE, 64, false },
	{ "internal", PORTARIA_ERROR_INTERNAL, 70, false },
	{ "no such code", 4711, 75, false },
	{ "negative code", -1, 75, false },
};

static void test_error_exit_code_of_each_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = g_error_new_literal(
			PORTARIA_ERROR, cases[i].code, cases[i].name);

		print_message("%s\n", cases[i].name);
		assert_int_equal(error_exit_code(error), cases[i].exit_code);
		assert_int_equal(error_is_permanent(error), cases[i].permanent);
	}
}

static void test_error_exit_code_none(void **state)
{
	(void)state;
	assert_int_equal(error_exit_code(NULL), 0);
	assert_false(error_is_permanent(NULL));
}

static void test_error_is_permanent_foreign_domain(void **state)
{
	g_autoptr(GError) error = g_error_new_literal(
		G_IO_ERROR, PORTARIA_ERROR_PERMANENT, "not ours");

	(void)state;
	assert_false(error_is_permanent(error));
	assert_int_equal(error_exit_code(error), 75);
}

static void test_error_set_errno_text(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	error_set_errno(&error, PORTARIA_ERROR_DENIED, ENOSPC, "%s %d", "blob",
	                7);
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_DENIED));
	assert_string_equal(error->message, "blob 7: No space left on device");
	error_set_errno(NULL, PORTARIA_ERROR_DENIED, ENOSPC, "ignored");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_exit_code_of_each_kind),
		cmocka_unit_test(test_error_exit_code_none),
		cmocka_unit_test(test_error_is_permanent_foreign_domain),
		cmocka_unit_test(test_error_set_errno_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
