/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_milter_network.c - needs nothing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "milter/network.h"

static const struct {
	const char *input;
	const char *want; /* NULL: no address */
	const char *key;
} addresses[] = {
	{ "192.0.2.77", "192.0.2.77", "192.0.2.0/24" },
	{ "::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24" },
	{ "::FFFF:c000:024d", "192.0.2.77", "192.0.2.0/24" },
	{ "0.0.0.0", "0.0.0.0", "0.0.0.0/24" },
	{ "255.255.255.255", "255.255.255.255", "255.255.255.0/24" },
	{ "2001:DB8:0:1:2:3:4:5", "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64" },
	{ "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	  "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:ffff:ffff::/64" },
	{ "::1", "::1", "::/64" },
	{ "", NULL, NULL },
	{ "192.0.2", NULL, NULL },
	{ "192.0.2.256", NULL, NULL },
	{ "192.0.2.1 ", NULL, NULL },
	{ "IPv6:::1", NULL, NULL },
	{ "unknown", NULL, NULL },
	{ "/var/run/socket", NULL, NULL },
};

static void test_address_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		struct network_address address;
		g_autofree char *text = NULL;
		g_autofree char *key = NULL;

		print_message("%s\n", addresses[i].input);
		if (addresses[i].want == NULL) {
			assert_false(network_address_parse(addresses[i].input,
			                                   &address));
			continue;
		}
		assert_true(
			network_address_parse(addresses[i].input, &address));
		text = network_address_dup(&address);
		key = network_dup_key(&address);
		assert_string_equal(text, addresses[i].want);
		assert_string_equal(key, addresses[i].key);
	}
}

static const struct {
	const char *network;
	const char *address;
	bool want;
} lists[] = {
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.0/24", "::ffff:192.0.2.9", true },
	{ "192.0.2.77/24", "192.0.2.1", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.1/31", "192.0.2.0", true },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.1/32", "192.0.2.1", true },
	{ "0.0.0.0/0", "203.0.113.1", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "::/0", "2001:db8::1", true },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "::1", "::1", true },
	{ "::1/128", "::2", false },
	{ "::ffff:192.0.2.0/120", "192.0.2.7", true },
	{ "192.0.2.0/33", "192.0.2.0", false },
	{ "192.0.2.0/x", "192.0.2.0", false },
	{ "192.0.2.0/", "192.0.2.0", false },
	{ "/8", "192.0.2.0", false },
	{ "nonsense", "192.0.2.0", false },
};

static void test_list_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *one = g_strdup(lists[i].network);
		char other[] = "198.51.100.1";
		char *list[] = { other, one, NULL };
		struct network_address address;

		print_message("%s %s\n", lists[i].network, lists[i].address);
		assert_true(network_address_parse(lists[i].address, &address));
		assert_int_equal(network_list_has(list, &address),
		                 lists[i].want);
	}
}

static void test_list_has_empty(void **state)
{
	struct network_address address;
	char *list[] = { NULL };

	(void)state;
	assert_true(network_address_parse("192.0.2.1", &address));
	assert_false(network_list_has(NULL, &address));
	assert_false(network_list_has(list, &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_parse),
		cmocka_unit_test(test_list_has),
		cmocka_unit_test(test_list_has_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
