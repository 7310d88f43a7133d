/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lmtp_receive.c - bytes into a sealed memfd
 *
 * Needs no files and no network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lmtpd/receive.h"

static void test_receive_bytes(G_GNUC_UNUSED void **state)
{
	struct receive_budget budget = { .max = 1000 };
	AUTO(receive) receive = receive_new(&budget, 100);
	size_t len;
	const char *data;

	receive_add(receive, "abc", 3);
	receive_add(receive, "", 0);
	receive_add(receive, "d\0f", 3);
	assert_int_equal(budget.held, 6);
	assert_int_equal(receive_finish(receive), RECEIVE_OK);
	data = g_bytes_get_data(receive_get_bytes(receive), &len);
	assert_int_equal(len, 6);
	assert_memory_equal(data, "abcd\0f", 6);
	assert_int_equal(receive_get_size(receive), 6);
	assert_string_equal(receive_get_sha256(receive),
	                    "a4747f5123492181672ab4cc4290693c"
	                    "7ed657996ba14707a2b73f283a77df1f");
}

static void test_receive_is_sealed(G_GNUC_UNUSED void **state)
{
	struct receive_budget budget = { .max = 1000 };
	AUTO(receive) receive = receive_new(&budget, 100);
	int fd;

	receive_add(receive, "abc", 3);
	assert_int_equal(receive_finish(receive), RECEIVE_OK);
	fd = receive_get_fd(receive);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 10), -1);
}

static void test_receive_empty(G_GNUC_UNUSED void **state)
{
	struct receive_budget budget = { .max = 1000 };
	AUTO(receive) receive = receive_new(&budget, 100);

	assert_int_equal(receive_finish(receive), RECEIVE_OK);
	assert_int_equal(g_bytes_get_size(receive_get_bytes(receive)), 0);
}

static void test_receive_limit(G_GNUC_UNUSED void **state)
{
	struct receive_budget budget = { .max = 1000 };
	AUTO(receive) exact = receive_new(&budget, 4);
	AUTO(receive) over = receive_new(&budget, 4);

	receive_add(exact, "abcd", 4);
	assert_int_equal(receive_finish(exact), RECEIVE_OK);
	receive_add(over, "abcd", 4);
	receive_add(over, "e", 1);
	receive_add(over, "fgh", 3);
	assert_int_equal(receive_finish(over), RECEIVE_LARGE);
	assert_int_equal(receive_get_size(over), 8);
	assert_int_equal(receive_get_fd(over), -1);
	assert_int_equal(budget.held, 4); /* of the other one */
}

static void test_receive_budget(G_GNUC_UNUSED void **state)
{
	struct receive_budget budget = { .max = 10 };
	struct receive *first = receive_new(&budget, 100);
	struct receive *second = receive_new(&budget, 100);

	receive_add(first, "12345678", 8);
	receive_add(second, "123", 3);
	assert_int_equal(receive_finish(second), RECEIVE_FULL);
	receive_free(second);
	assert_int_equal(receive_finish(first), RECEIVE_OK);
	receive_free(first);
	assert_int_equal(budget.held, 0);
	second = receive_new(&budget, 100);
	receive_add(second, "123", 3);
	assert_int_equal(receive_finish(second), RECEIVE_OK);
	receive_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receive_bytes),
		cmocka_unit_test(test_receive_is_sealed),
		cmocka_unit_test(test_receive_empty),
		cmocka_unit_test(test_receive_limit),
		cmocka_unit_test(test_receive_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
