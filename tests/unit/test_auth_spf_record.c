/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_spf_record.c - SPF records against the grammar of RFC 7208
 */
#include "auth/spf_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static struct spf_record *parse(const char *text)
{
	return spf_record_parse(text, strlen(text), NULL);
}

static void test_parse_accepts(void **state)
{
	static const struct {
		const char *input;
		unsigned terms;
		const char *redirect;
	} cases[] = {
		{ "v=spf1", 0, NULL },
		{ "V=SPF1 ", 0, NULL },
		{ "v=spf1  -ALL  ", 1, NULL },
		{ "v=spf1 a mx ptr ?all", 4, NULL },
		{ "v=spf1 redirect=_spf.example.com", 0, "_spf.example.com" },
		{ "v=spf1 REDIRECT=%{d} +a", 1, "%{d}" },
		{ "v=spf1 exp=e.example.com -all", 1, NULL },
		{ "v=spf1 moo.cow-far_out=man:dog/cat -all", 1, NULL },
		{ "v=spf1 all=x all", 1, NULL },
		{ "v=spf1 x= y=%{c}", 0, NULL },
		{ "v=spf1 a/0 a//0 a/0//0 a:%{d}/24//64 mx/32//128", 5, NULL },
		{ "v=spf1 a:b/c.example.com/24 a:x.example.com.//64", 2, NULL },
		{ "v=spf1 ip4:192.0.2.0/24 ip4:0.0.0.0/0 ip4:1.2.3.4", 3,
		  NULL },
		{ "v=spf1 ip6:2001:db8::/32 ip6:::1 ip6:::1.1.1.1/0", 3, NULL },
		{ "v=spf1 exists:%{l1r+-}.%{d} include:%{d} ptr:%{h}", 3,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(spf_record) record = parse(cases[i].input);

		if (record == NULL)
			fail_msg("%s", cases[i].input);
		assert_int_equal(record->terms->len, cases[i].terms);
		if (cases[i].redirect == NULL)
			assert_null(record->redirect);
		else
			assert_string_equal(record->redirect,
			                    cases[i].redirect);
	}
}

static void test_parse_refuses(void **state)
{
	static const char *const cases[] = {
		"v=spf10",
		"v=spf1\ta",
		"v=spf1 moo",
		"v=spf1 -all moo",
		"v=spf1 1up=foo",
		"v=spf1 =all",
		"v=spf1 +",
		"v=spf1 ++all",
		"v=spf1 !all",
		"v=spf1 -all.",
		"v=spf1 all:x.com",
		"v=spf1 all/8",
		"v=spf1 a: ",
		"v=spf1 a/",
		"v=spf1 a//",
		"v=spf1 a/33",
		"v=spf1 a/024",
		"v=spf1 a/00",
		"v=spf1 a//129",
		"v=spf1 a/24/64",
		"v=spf1 a/24//64/",
		"v=spf1 a///64",
		"v=spf1 a/4294967297",
		"v=spf1 a/2x",
		"v=spf1 a:abc.123",
		"v=spf1 a:museum",
		"v=spf1 mx:foo.com/99",
		"v=spf1 ptr/0",
		"v=spf1 ptr:",
		"v=spf1 include",
		"v=spf1 include:",
		"v=spf1 include/24",
		"v=spf1 include:a.com/24",
		"v=spf1 exists",
		"v=spf1 exists:",
		"v=spf1 ip4",
		"v=spf1 ip4:",
		"v=spf1 ip4:1.2.3",
		"v=spf1 ip4:1.2.3.4.5",
		"v=spf1 ip4:1.2.3.256",
		"v=spf1 ip4:1.2.3.4/33",
		"v=spf1 ip4:1.2.3.4//32",
		"v=spf1 ip4:1.2.3.4/032",
		"v=spf1 ip4:1.2.3.4:8080",
		"v=spf1 ip4:2001:db8::1",
		"v=spf1 ip6",
		"v=spf1 ip6:",
		"v=spf1 ip6::CAFE::BABE",
		"v=spf1 ip6:::1/129",
		"v=spf1 ip6:::1//33",
		"v=spf1 ip6:192.0.2.1",
		"v=spf1 ip6:2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff:1111:2222",
		"v=spf1 redirect=",
		"v=spf1 redirect:a.com",
		"v=spf1 -redirect=a.com",
		"v=spf1 redirect=a.com redirect=a.com",
		"v=spf1 exp=",
		"v=spf1 exp=a.com exp=a.com",
		"v=spf1 exp=%{r}.com",
		"v=spf1 x=%abc",
		"v=spf1 a:x\x01.com",
		"v=spf1 a:\xc3\xa9.com",
		"v=spf1 a\r\n",
		"v=spf1 \x80:example.net -all",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		if (spf_record_parse(cases[i], strlen(cases[i]), &error) !=
		    NULL)
			fail_msg("%s", cases[i]);
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_SYNTAX));
		assert_null(strstr(error->message, "moo"));
	}
}

static void test_parse_reads_terms(void **state)
{
	AUTO(spf_record)
	record =
		parse("v=spf1 ~a:%{d2}.x.com/24//64 -ip6:2001:db8::/33 ?mx//0");
	const struct spf_term *a, *ip6, *mx;

	(void)state;
	assert_non_null(record);
	a = record->terms->pdata[0];
	ip6 = record->terms->pdata[1];
	mx = record->terms->pdata[2];
	assert_int_equal(a->mechanism, SPF_MECHANISM_A);
	assert_int_equal(a->qualifier, SPF_RESULT_SOFTFAIL);
	assert_string_equal(a->spec, "%{d2}.x.com");
	assert_int_equal(a->prefix4, 24);
	assert_int_equal(a->prefix6, 64);
	assert_int_equal(ip6->qualifier, SPF_RESULT_FAIL);
	assert_int_equal(ip6->prefix6, 33);
	assert_int_equal(ip6->address[0], 0x20);
	assert_int_equal(mx->qualifier, SPF_RESULT_NEUTRAL);
	assert_null(mx->spec);
	assert_int_equal(mx->prefix4, 32);
	assert_int_equal(mx->prefix6, 0);
}

static void test_parse_limits(void **state)
{
	g_autofree char *blanks = g_strnfill(SPF_RECORD_MAX - 6, ' ');
	g_autofree char *fits = g_strconcat("v=spf1", blanks, NULL);
	g_autofree char *over = g_strconcat(fits, " ", NULL);
	g_autoptr(GError) error = NULL;
	AUTO(spf_record) record = parse(fits);
	const char nul[] = "v=spf1 a:foo.example.com\0";

	(void)state;
	assert_non_null(record);
	assert_null(spf_record_parse(over, strlen(over), &error));
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT));
	assert_null(spf_record_parse(nul, sizeof(nul) - 1, NULL));
}

static void test_is_spf(void **state)
{
	(void)state;
	assert_true(spf_record_is_spf("v=spf1", 6));
	assert_true(spf_record_is_spf("V=sPf1 x", 8));
	assert_false(spf_record_is_spf("v=spf1 x", 5));
	assert_false(spf_record_is_spf("v=spf10", 7));
	assert_false(spf_record_is_spf("v=spf1\0x", 8));
	assert_false(spf_record_is_spf(" v=spf1", 7));
	assert_false(spf_record_is_spf("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_accepts),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_reads_terms),
		cmocka_unit_test(test_parse_limits),
		cmocka_unit_test(test_is_spf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
