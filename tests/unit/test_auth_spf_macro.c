/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_spf_macro.c - the grammar and the expansion of SPF macros
 */
#include "auth/spf_macro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "auth/resolver.h"

/* RFC 7208 7.4 */
static const struct spf_macro_values ipv4 = {
	.sender = "strong-bad@email.example.com",
	.local = "strong-bad",
	.sender_domain = "email.example.com",
	.domain = "email.example.com",
	.ip = "192.0.2.3",
	.client_name = "mx.example.org",
	.ip_version = "in-addr",
	.helo = "helo.example.net",
};
static const struct spf_macro_values ipv6 = {
	.sender = "Foo Bar+x=1/2,3_4@example.com",
	.local = "Foo Bar+x=1/2,3_4",
	.sender_domain = "example.com",
	.domain = "example.com",
	.ip = "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0."
	      "0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1",
	.client_name = "unknown",
	.ip_version = "ip6",
	.helo = "h",
};

static void test_expand(void **state)
{
	static const struct {
		const struct spf_macro_values *values;
		const char *input, *want;
	} cases[] = {
		{ &ipv4, "%{s}.x", "strong-bad@email.example.com.x" },
		{ &ipv4, "%{o}", "email.example.com" },
		{ &ipv4, "%{d}", "email.example.com" },
		{ &ipv4, "%{d4}", "email.example.com" },
		{ &ipv4, "%{d3}", "email.example.com" },
		{ &ipv4, "%{d2}", "example.com" },
		{ &ipv4, "%{d1}", "com" },
		{ &ipv4, "%{dr}", "com.example.email" },
		{ &ipv4, "%{d2r}", "example.email" },
		{ &ipv4, "%{d2R}", "example.email" },
		{ &ipv4, "%{l}", "strong-bad" },
		{ &ipv4, "%{l-}", "strong.bad" },
		{ &ipv4, "%{lr}", "strong-bad" },
		{ &ipv4, "%{lr-}", "bad.strong" },
		{ &ipv4, "%{l1r-}", "strong" },
		{ &ipv4, "%{ir}.%{v}._spf.%{d2}",
		  "3.2.0.192.in-addr._spf.example.com" },
		{ &ipv4, "%{lr-}.lp._spf.%{d2}",
		  "bad.strong.lp._spf.example.com" },
		{ &ipv4, "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
		  "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
		{ &ipv4, "%{d2}.trusted-domains.example.net",
		  "example.com.trusted-domains.example.net" },
		{ &ipv6, "%{ir}.%{v}._spf.%{d2}",
		  "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0."
		  "1.0.0.2.ip6._spf.example.com" },
		{ &ipv4, "%{p}.%{h}", "mx.example.org.helo.example.net" },
		{ &ipv4, "%{p2r.}", "example.mx" },
		{ &ipv4, "a%%b%_c%-d.example.com", "a%b c%20d.example.com" },
		{ &ipv4, "x.%{d}.", "x.email.example.com" },
		{ &ipv6, "%{l+=/,_}", "Foo Bar.x.1.2.3.4" },
		{ &ipv6, "%{l2,}", "Foo Bar+x=1/2.3_4" },
		{ &ipv6, "%{L}", "Foo%20Bar%2Bx%3D1%2F2%2C3_4" },
		{ &ipv6, "%{H}.%{O}", "h.example.com" },
		{ &ipv6, "%{d128}", "example.com" },
		{ &ipv6, "%{d4294967297}", "example.com" },
		{ &ipv6, "", "" },
		{ &ipv6, ".", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name =
			spf_macro_expand(cases[i].input, cases[i].values);

		assert_string_equal(name, cases[i].want);
	}
}

static void test_expand_cuts_labels_from_the_left(void **state)
{
	g_autofree char *label = g_strnfill(50, 'a');
	g_autofree char *spec = g_strdup_printf("%s.%s.%s.%s.%%{l}.example.com",
	                                        label, label, label, label);
	struct spf_macro_values values = ipv4;
	g_autofree char *local = g_strnfill(60, 'b');
	g_autofree char *name = NULL;
	g_autofree char *whole = NULL;

	(void)state;
	values.local = local;
	name = spf_macro_expand(spec, &values);
	assert_true(strlen(name) <= DNS_NAME_MAX);
	assert_true(strlen(name) > DNS_NAME_MAX - 51);
	assert_true(g_str_has_prefix(name, label));
	assert_true(g_str_has_suffix(name, "b.example.com"));

	/* Without a dot there is nothing to cut at. */
	g_free(local);
	local = g_strnfill(300, 'c');
	values.local = local;
	whole = spf_macro_expand("%{l}", &values);
	assert_int_equal(strlen(whole), 300);
}

static void test_check_domain_spec(void **state)
{
	static const struct {
		const char *input;
		bool want;
	} cases[] = {
		{ "example.com", true },
		{ "example.com.", true },
		{ "_spf.%{d}", true },
		{ "%{d}", true },
		{ "a%%", true },
		{ "%{ir}.%{l1r+-,/_=.}.example.com", true },
		{ "foo:bar/baz.example.com", true },
		{ "!\"#$&'()*+,-./:;<=>?@[]^`{|}~.com", true },
		{ "foo.example.xn--zckzah", true },
		{ "foo.1a", true },
		{ ".com", true },
		{ "", false },
		{ ".", false },
		{ "museum", false },
		{ "museum.", false },
		{ "%{d}com", false },
		{ "%{d}.", false },
		{ "abc.123", false },
		{ "example.-com", false },
		{ "example.com-", false },
		{ "example.com..", false },
		{ "example.com:80", false },
		{ "example.com/24", false },
		{ "%abc.com", false },
		{ "%(d).com", false },
		{ "%", false },
		{ "%{", false },
		{ "%{}", false },
		{ "%{d", false },
		{ "%{d0}", false },
		{ "%{dr2}", false },
		{ "%{d|}", false },
		{ "%{a}.com", false },
		{ "%{c}.com", false },
		{ "%{r}.com", false },
		{ "%{t}.com", false },
		{ "a b.com", false },
		{ "a\tb.com", false },
		{ "caf\xc3\xa9.com", false },
		{ "\x7f.com", false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if ((spf_macro_check_domain_spec(
			     cases[i].input, strlen(cases[i].input)) == NULL) !=
		    cases[i].want)
			fail_msg("%s", cases[i].input);
}

static void test_check_string(void **state)
{
	static const struct {
		const char *input;
		size_t len;
		bool want;
	} cases[] = {
		{ "", 0, true },         { "%{c}%{r}%{t}", 12, true },
		{ "a=b", 3, true },      { "%abc", 4, false },
		{ "%{d}\0x", 6, false }, { "%{\0}", 4, false },
		{ "%\0", 2, false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(spf_macro_check_string(cases[i].input,
		                                        cases[i].len) == NULL,
		                 cases[i].want);
}

static void test_uses(void **state)
{
	(void)state;
	assert_true(spf_macro_uses("x.%{l}", "ls"));
	assert_true(spf_macro_uses("%{S2r}", "ls"));
	assert_true(spf_macro_uses("%%%{p}", "p"));
	assert_false(spf_macro_uses("%%{l}.%{d}", "ls"));
	assert_false(spf_macro_uses("", "ls"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_expand_cuts_labels_from_the_left),
		cmocka_unit_test(test_check_domain_spec),
		cmocka_unit_test(test_check_string),
		cmocka_unit_test(test_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
