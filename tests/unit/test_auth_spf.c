/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_spf.c - SPF verdicts, limits and hostile records
 *
 * The RFC 7208 suite is in tests/conformance; here is what it does not ask.
 */
#include "auth/spf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "support/dnsput.h"

static struct resolver *dns;

/* A host whose name does not fit: libspf2 would abort when it asks. */
int gethostname(char *name, size_t len)
{
	(void)name;
	(void)len;
	errno = ENAMETOOLONG;
	return -1;
}

static int open_dns(void **state)
{
	(void)state;
	dns = dnsput_closed_resolver();
	return dns != NULL ? 0 : -1;
}

static int close_dns(void **state)
{
	(void)state;
	resolver_free(dns);
	return 0;
}

static void txt(const char *name, const char *record)
{
	dnsput(dns, name, DNS_TYPE_TXT, record);
}

static enum spf_result run(const struct spf_query *query,
                           struct dns_budget *budget, char **ret_reason)
{
	struct spf_outcome outcome = { 0 };
	enum spf_result result;

	spf_check(dns, budget, query, &outcome);
	result = outcome.result;
	assert_non_null(outcome.domain);
	assert_non_null(outcome.reason);
	if (ret_reason != NULL)
		*ret_reason = g_steal_pointer(&outcome.reason);
	spf_outcome_clear(&outcome);
	return result;
}

static struct dns_budget plenty(void)
{
	return (struct dns_budget){ 200, clock_monotonic() + 20 * CLOCK_SECOND,
		                    NULL };
}

static enum spf_result check(const char *ip, const char *helo,
                             const char *sender)
{
	struct dns_budget budget = plenty();

	return run(&(struct spf_query){ ip, helo, sender }, &budget, NULL);
}

static enum spf_result check_record(const char *ip, const char *record)
{
	txt("r.example", record);
	return check(ip, "helo.example", "user@r.example");
}

static void test_result_names(void **state)
{
	(void)state;
	assert_string_equal(spf_result_name(SPF_RESULT_SOFTFAIL), "softfail");
	assert_string_equal(spf_result_name(SPF_RESULT__COUNT), "?");
}

static void test_check_qualifiers(void **state)
{
	static const struct {
		const char *record;
		enum spf_result want;
	} cases[] = {
		{ "v=spf1 +all", SPF_RESULT_PASS },
		{ "v=spf1 -all", SPF_RESULT_FAIL },
		{ "v=spf1 ~all", SPF_RESULT_SOFTFAIL },
		{ "v=spf1 ?all", SPF_RESULT_NEUTRAL },
		{ "v=spf1", SPF_RESULT_NEUTRAL },
		{ "v=spf1 ip4:192.0.2.0/25 -all", SPF_RESULT_PASS },
		{ "v=spf1 ip4:192.0.2.128/25 -all", SPF_RESULT_FAIL },
		{ "v=spf1 ip4:0.0.0.0/0 -all", SPF_RESULT_PASS },
		{ "v=spf1 ip6:::/0 -all", SPF_RESULT_FAIL },
		{ "v=spf1 redirect=other.example -all", SPF_RESULT_FAIL },
		{ "spf1 -all", SPF_RESULT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (check_record("192.0.2.1", cases[i].record) != cases[i].want)
			fail_msg("%s", cases[i].record);
}

static void test_check_clients(void **state)
{
	static const struct {
		const char *ip;
		enum spf_result want;
	} cases[] = {
		{ "192.0.2.1", SPF_RESULT_PASS },
		{ "::ffff:192.0.2.1", SPF_RESULT_PASS },
		{ "::192.0.2.1", SPF_RESULT_FAIL },
		{ "2001:DB8::1", SPF_RESULT_PASS },
		{ "2001:db8:8000::1", SPF_RESULT_FAIL },
		/* The loopback is not taken for granted. */
		{ "127.0.0.1", SPF_RESULT_FAIL },
		{ "::1", SPF_RESULT_FAIL },
		{ "192.0.2", SPF_RESULT_NONE },
		{ "", SPF_RESULT_NONE },
		{ NULL, SPF_RESULT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (check_record(cases[i].ip,
		                 "v=spf1 a:none.example ip4:192.0.2.1 "
		                 "ip6:2001:db8::/33 -all") != cases[i].want)
			fail_msg("%s", cases[i].ip);
}

static void test_check_senders(void **state)
{
	static const struct {
		const char *helo, *sender;
		enum spf_result want;
		const char *domain;
	} cases[] = {
		{ "h.example", "a@s.example", SPF_RESULT_PASS, "s.example" },
		{ "h.example", "a@S.Example.", SPF_RESULT_PASS, "s.example" },
		{ "h.example", "\"a@b\"@s.example", SPF_RESULT_PASS,
		  "s.example" },
		{ "h.example", "@s.example", SPF_RESULT_PASS, "s.example" },
		{ "h.example", "s.example", SPF_RESULT_PASS, "s.example" },
		{ "h.example", "", SPF_RESULT_FAIL, "h.example" },
		{ "H.EXAMPLE", NULL, SPF_RESULT_FAIL, "h.example" },
		{ NULL, "a@s.example", SPF_RESULT_PASS, "s.example" },
		{ NULL, "", SPF_RESULT_NONE, "" },
		{ "single", "", SPF_RESULT_NONE, "" },
		{ "[192.0.2.1]", "", SPF_RESULT_NONE, "" },
		{ "h.example", "a@s..example", SPF_RESULT_NONE, "" },
		{ "h.example", "a@s .example", SPF_RESULT_NONE, "" },
		{ "h.example", "a@", SPF_RESULT_NONE, "" },
		{ "h.example", "a@caf\xc3\xa9.example", SPF_RESULT_PASS,
		  "xn--caf-dma.example" },
		{ "h.example", "a@\xff\xfe.example", SPF_RESULT_NONE, "" },
	};

	(void)state;
	txt("s.example", "v=spf1 +all");
	txt("xn--caf-dma.example", "v=spf1 +all");
	txt("h.example", "v=spf1 -all");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct dns_budget budget = plenty();
		struct spf_outcome outcome;

		spf_check(dns, &budget,
		          &(struct spf_query){ "192.0.2.1", cases[i].helo,
		                               cases[i].sender },
		          &outcome);
		assert_string_equal(outcome.domain, cases[i].domain);
		assert_int_equal(outcome.result, cases[i].want);
		spf_outcome_clear(&outcome);
	}
}

static void test_check_prefixes_of_a_and_mx(void **state)
{
	static const struct {
		const char *ip, *record;
		enum spf_result want;
	} cases[] = {
		{ "192.0.2.9", "v=spf1 a:x.example -all", SPF_RESULT_FAIL },
		{ "192.0.2.9", "v=spf1 a:x.example/28 -all", SPF_RESULT_PASS },
		{ "203.0.113.1", "v=spf1 a:x.example/0 -all", SPF_RESULT_PASS },
		{ "203.0.113.1", "v=spf1 a:x.example//0 -all",
		  SPF_RESULT_FAIL },
		{ "2001:db8::9", "v=spf1 a:x.example//0 -all",
		  SPF_RESULT_PASS },
		{ "2001:db8::9", "v=spf1 a:x.example//124 -all",
		  SPF_RESULT_PASS },
		{ "2001:db8::9", "v=spf1 a:x.example//128 -all",
		  SPF_RESULT_FAIL },
		{ "192.0.2.9", "v=spf1 mx:x.example/29 -all", SPF_RESULT_FAIL },
		{ "192.0.2.9", "v=spf1 mx:x.example/28 -all", SPF_RESULT_PASS },
		{ "203.0.113.1", "v=spf1 mx:x.example/0 -all",
		  SPF_RESULT_PASS },
		/* A prefix length that a macro brings is part of the name. */
		{ "203.0.113.1", "v=spf1 a:x.example.%{l} -all",
		  SPF_RESULT_FAIL },
		{ "192.0.2.9", "v=spf1 exists:x.example -all",
		  SPF_RESULT_PASS },
		{ "2001:db8::9", "v=spf1 exists:x.example -all",
		  SPF_RESULT_PASS },
	};

	(void)state;
	dnsput(dns, "x.example", DNS_TYPE_A, "192.0.2.1");
	dnsput(dns, "x.example", DNS_TYPE_AAAA, "2001:db8::1");
	dnsput(dns, "x.example", DNS_TYPE_MX, "10 x.example", "0 .");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		txt("p.example", cases[i].record);
		if (check(cases[i].ip, "h.example", "/0@p.example") !=
		    cases[i].want)
			fail_msg("%s %s", cases[i].ip, cases[i].record);
	}
}

/* libspf2 alone loses what is behind the 62nd. */
static void test_check_hundreds_of_ip4_terms(void **state)
{
	g_autoptr(GString) record = g_string_new("v=spf1");

	(void)state;
	for (unsigned i = 0; i < 250; i++)
		g_string_append_printf(record, " ip4:198.51.100.%u", i);
	g_string_append(record, " ip4:192.0.2.1 ip6:2001:db8::1 -all");
	assert_int_equal(check_record("192.0.2.1", record->str),
	                 SPF_RESULT_PASS);
	assert_int_equal(check_record("2001:db8::1", record->str),
	                 SPF_RESULT_PASS);
	assert_int_equal(check_record("198.51.100.249", record->str),
	                 SPF_RESULT_PASS);
	assert_int_equal(check_record("192.0.2.2", record->str),
	                 SPF_RESULT_FAIL);
}

/* The shape that overruns the buffer of libspf2's macro compiler. */
static void test_check_macro_bombs(void **state)
{
	static const char *const frames[] = {
		"v=spf1 exists:%s%s.com -all",
		"v=spf1 a:%s%s.com -all",
		"v=spf1 include:%s%s.com -all",
		"v=spf1 mx:%s%s.com -all",
		"v=spf1 ptr:%s%s.com -all",
		"v=spf1 exp=%s%s.com -all",
		"v=spf1 x=%s%s -all",
		"v=spf1 redirect=%s%s.com",
		"v=spf1 exists:%2$s%1$s.com -all",
	};

	(void)state;
	for (unsigned macros = 0; macros <= 130; macros += 5) {
		g_autoptr(GString) head = g_string_new(NULL);
		g_autofree char *tail = g_strnfill(4100, 'a');

		for (unsigned i = 0; i < macros; i++)
			g_string_append(head, "%{d}");
		for (size_t i = 0; i < G_N_ELEMENTS(frames); i++) {
			g_autoptr(GString) record = g_string_new(frames[i]);

			g_string_replace(record, "%2$s", tail, 0);
			g_string_replace(record, "%1$s", head->str, 0);
			g_string_replace(record, "%s", head->str, 1);
			g_string_replace(record, "%s", tail, 1);
			assert_in_range(check_record("192.0.2.1", record->str),
			                SPF_RESULT_NONE, SPF_RESULT_PERMERROR);
		}
	}
}

/* Nine includes a level for seven levels: 1.1 million lookups without a
 * common budget. */
static void test_check_include_tree_ends(void **state)
{
	struct dns_budget budget = plenty();
	g_autofree char *reason = NULL;

	(void)state;
	for (unsigned level = 0; level < 8; level++) {
		g_autoptr(GString) record = g_string_new("v=spf1");
		g_autofree char *name = g_strdup_printf("l%u.example", level);

		for (unsigned i = 0; i < 9; i++)
			g_string_append_printf(record, " include:l%u.example",
			                       level + 1);
		txt(name, level < 7 ? record->str : "v=spf1 ?all");
	}
	assert_int_equal(run(&(struct spf_query){ "192.0.2.1", "h.example",
	                                          "a@l0.example" },
	                     &budget, &reason),
	                 SPF_RESULT_PERMERROR);
	assert_true(200 - budget.lookups_left <= 12);
	assert_string_equal(reason, "more than 10 terms need DNS");
}

static void test_check_loops_end(void **state)
{
	(void)state;
	txt("loop.example", "v=spf1 include:loop.example -all");
	txt("ring.example", "v=spf1 redirect=ring.example");
	txt("ping.example", "v=spf1 redirect=pong.example");
	txt("pong.example", "v=spf1 include:ping.example -all");
	assert_int_equal(check("192.0.2.1", "h.example", "a@loop.example"),
	                 SPF_RESULT_PERMERROR);
	assert_int_equal(check("192.0.2.1", "h.example", "a@ring.example"),
	                 SPF_RESULT_PERMERROR);
	assert_int_equal(check("192.0.2.1", "h.example", "a@ping.example"),
	                 SPF_RESULT_PERMERROR);
}

static void test_check_counts_terms(void **state)
{
	(void)state;
	dnsput(dns, "v.example", DNS_TYPE_A, "203.0.113.9");
	assert_int_equal(
		check_record("192.0.2.1",
	                     "v=spf1 a:v.example a:v.example a:v.example "
	                     "a:v.example a:v.example a:v.example a:v.example "
	                     "a:v.example a:v.example a:v.example "
	                     "ip4:192.0.2.1 -all"),
		SPF_RESULT_PASS);
	/* The eleventh is not even looked up, though it would match. */
	assert_int_equal(
		check_record("203.0.113.9",
	                     "v=spf1 exists:v.example.x ptr ptr ptr ptr ptr "
	                     "ptr ptr ptr ptr a:v.example -all"),
		SPF_RESULT_PERMERROR);
}

static void test_check_counts_void_lookups(void **state)
{
	static const struct {
		const char *record;
		enum spf_result want;
	} cases[] = {
		{ "v=spf1 a:n1.example exists:n2.example -all",
		  SPF_RESULT_FAIL },
		{ "v=spf1 a:n1.example exists:n2.example mx:n3.example -all",
		  SPF_RESULT_PERMERROR },
		/* Hosts that do not exist count too. */
		{ "v=spf1 mx:m.example -all", SPF_RESULT_PERMERROR },
		/* Hosts without an IPv6 address do not. */
		{ "v=spf1 mx:four.example -all", SPF_RESULT_FAIL },
		/* No lookup, no void lookup. */
		{ "v=spf1 a:a..b.com a:a..c.com a:a..d.com -all",
		  SPF_RESULT_FAIL },
		/* A match ends it. */
		{ "v=spf1 a:n1.example a:n2.example all a:n3.example",
		  SPF_RESULT_PASS },
	};

	(void)state;
	dnsput(dns, "m.example", DNS_TYPE_MX, "10 n1.example", "10 n2.example",
	       "10 n3.example");
	dnsput(dns, "four.example", DNS_TYPE_MX, "1 f1.example", "2 f2.example",
	       "3 f3.example", "4 f4.example");
	dnsput_status(dns, "f1.example", DNS_TYPE_AAAA, DNS_NO_DATA);
	dnsput_status(dns, "f2.example", DNS_TYPE_AAAA, DNS_NO_DATA);
	dnsput_status(dns, "f3.example", DNS_TYPE_AAAA, DNS_NO_DATA);
	dnsput_status(dns, "f4.example", DNS_TYPE_AAAA, DNS_NO_DATA);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (check_record("2001:db8::1", cases[i].record) !=
		    cases[i].want)
			fail_msg("%s", cases[i].record);
}

static void test_check_many_mx_hosts(void **state)
{
	struct dns_answer *answer = dns_answer_new(DNS_FOUND, 60, NULL);

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		g_autofree char *host =
			g_strdup_printf("%u mx%u.big.example", i, i);
		g_autofree char *name = g_strdup_printf("mx%u.big.example", i);
		g_autofree char *address =
			g_strdup_printf("203.0.113.%u", i % 250);
		g_autoptr(GByteArray) rdata = dnsput_rdata(DNS_TYPE_MX, host);

		dns_answer_add(answer, rdata->data, rdata->len);
		dnsput(dns, name, DNS_TYPE_A, address);
	}
	resolver_put_for_test(dns, "big.example", DNS_TYPE_MX, answer);
	dns_answer_unref(answer);
	/* The ten most preferred ones are looked at, then it ends. */
	assert_int_equal(check_record("203.0.113.9", "v=spf1 mx:big.example"),
	                 SPF_RESULT_PASS);
	assert_int_equal(check_record("203.0.113.10", "v=spf1 mx:big.example"),
	                 SPF_RESULT_PERMERROR);
}

static void test_check_dns_trouble(void **state)
{
	static const struct {
		const char *record;
		enum spf_result want;
	} cases[] = {
		{ "v=spf1 a:broken.example -all", SPF_RESULT_TEMPERROR },
		{ "v=spf1 mx:broken.example -all", SPF_RESULT_TEMPERROR },
		{ "v=spf1 exists:broken.example -all", SPF_RESULT_TEMPERROR },
		{ "v=spf1 include:broken.example -all", SPF_RESULT_TEMPERROR },
		{ "v=spf1 redirect=broken.example", SPF_RESULT_TEMPERROR },
		{ "v=spf1 mx:half.example -all", SPF_RESULT_TEMPERROR },
		{ "v=spf1 ip4:192.0.2.1 a:broken.example", SPF_RESULT_PASS },
		{ "v=spf1 all include:broken.example", SPF_RESULT_PASS },
		{ "v=spf1 include:none.example -all", SPF_RESULT_PERMERROR },
		{ "v=spf1 redirect=none.example", SPF_RESULT_PERMERROR },
		{ "v=spf1 include:wrong.example -all", SPF_RESULT_PERMERROR },
	};
	static const enum dns_type types[] = { DNS_TYPE_A, DNS_TYPE_MX,
		                               DNS_TYPE_TXT };

	(void)state;
	dnsput(dns, "half.example", DNS_TYPE_MX, "1 broken.example");
	txt("wrong.example", "v=spf1 moo");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		/* A failure lives for seconds only. */
		for (size_t j = 0; j < G_N_ELEMENTS(types); j++)
			dnsput_status(dns, "broken.example", types[j],
			              DNS_FAILED);
		if (check_record("192.0.2.1", cases[i].record) != cases[i].want)
			fail_msg("%s", cases[i].record);
	}
	dnsput_status(dns, "broken.example", DNS_TYPE_TXT, DNS_FAILED);
	assert_int_equal(check("192.0.2.1", "h.example", "a@broken.example"),
	                 SPF_RESULT_TEMPERROR);
}

static void test_check_ptr(void **state)
{
	static const struct {
		const char *record;
		enum spf_result want;
	} cases[] = {
		{ "v=spf1 ptr:good.example -all", SPF_RESULT_PASS },
		{ "v=spf1 ptr:a.good.example -all", SPF_RESULT_PASS },
		{ "v=spf1 ptr:ood.example -all", SPF_RESULT_FAIL },
		{ "v=spf1 ptr:liar.example -all", SPF_RESULT_FAIL },
		{ "v=spf1 ptr:broken.example -all", SPF_RESULT_FAIL },
		{ "v=spf1 ptr -all", SPF_RESULT_FAIL },
		{ "v=spf1 exists:%{p}.seen.example -all", SPF_RESULT_PASS },
	};

	(void)state;
	dnsput(dns, "1.2.0.192.in-addr.arpa", DNS_TYPE_PTR, "mx.liar.example",
	       "mx.broken.example", "A.good.Example");
	dnsput(dns, "mx.liar.example", DNS_TYPE_A, "203.0.113.1");
	dnsput(dns, "a.good.example", DNS_TYPE_A, "203.0.113.1", "192.0.2.1");
	dnsput(dns, "a.good.example.seen.example", DNS_TYPE_A, "127.0.0.2");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		dnsput_status(dns, "mx.broken.example", DNS_TYPE_A, DNS_FAILED);
		if (check_record("192.0.2.1", cases[i].record) != cases[i].want)
			fail_msg("%s", cases[i].record);
	}
	dnsput_status(dns, "2.2.0.192.in-addr.arpa", DNS_TYPE_PTR, DNS_FAILED);
	assert_int_equal(
		check_record("192.0.2.2", "v=spf1 ptr:good.example ?all"),
		SPF_RESULT_NEUTRAL);
	assert_int_equal(check_record("192.0.2.3",
	                              "v=spf1 exists:%{p}.seen.example -all"),
	                 SPF_RESULT_FAIL);
}

/* RFC 8616 4: a local part that is not ASCII matches no macro. */
static void test_check_local_part_not_ascii(void **state)
{
	(void)state;
	txt("l.example", "v=spf1 exists:%{l}.x.com exists:%{s}.com "
	                 "a:%{L}.x.com include:%{l}.x.com +all");
	assert_int_equal(
		check("192.0.2.1", "h.example", "jos\xc3\xa9@l.example"),
		SPF_RESULT_PASS);
	txt("l.example", "v=spf1 exists:%{d} -all");
	dnsput(dns, "l.example", DNS_TYPE_A, "127.0.0.2");
	assert_int_equal(
		check("192.0.2.1", "h.example", "jos\xc3\xa9@l.example"),
		SPF_RESULT_PASS);
}

static void test_check_budget(void **state)
{
	const struct spf_query query = { "192.0.2.1", "h.example",
		                         "a@b.example" };
	static const char *const records[] = {
		"v=spf1 a:v1.example a:v1.example -all",
		"v=spf1 mx:w.example a:v1.example -all",
		"v=spf1 exists:v1.example.x ptr -all",
		"v=spf1 a:v1.example include:i.example -all",
		"v=spf1 a:v1.example redirect=i.example",
	};

	(void)state;
	dnsput(dns, "v1.example", DNS_TYPE_A, "203.0.113.9");
	dnsput(dns, "w.example", DNS_TYPE_MX, "1 v1.example", "2 v1.example");
	txt("i.example", "v=spf1 -all");
	for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
		struct dns_budget budget = plenty();
		g_autofree char *reason = NULL;

		budget.lookups_left = 2;
		txt("b.example", records[i]);
		assert_int_equal(run(&query, &budget, &reason),
		                 SPF_RESULT_PERMERROR);
		assert_non_null(strstr(reason, "lookups"));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
		struct dns_budget budget = plenty();
		g_autofree char *reason = NULL;

		budget.deadline = clock_monotonic() - 1;
		txt("b.example", records[i]);
		assert_int_equal(run(&query, &budget, &reason),
		                 SPF_RESULT_TEMPERROR);
	}
}

static void test_check_selects_one_record(void **state)
{
	(void)state;
	dnsput(dns, "t.example", DNS_TYPE_TXT, "google-site=1", "v=spf1 +all",
	       "v=spf10 -all", "v=DMARC1");
	assert_int_equal(check("192.0.2.1", "h.example", "a@t.example"),
	                 SPF_RESULT_PASS);
	dnsput(dns, "t.example", DNS_TYPE_TXT, "v=spf1 +all", "V=SPF1 +all");
	assert_int_equal(check("192.0.2.1", "h.example", "a@t.example"),
	                 SPF_RESULT_PERMERROR);
	dnsput(dns, "t.example", DNS_TYPE_TXT, "google-site=1");
	assert_int_equal(check("192.0.2.1", "h.example", "a@t.example"),
	                 SPF_RESULT_NONE);
	dnsput_status(dns, "t.example", DNS_TYPE_TXT, DNS_NO_DATA);
	assert_int_equal(check("192.0.2.1", "h.example", "a@t.example"),
	                 SPF_RESULT_NONE);
}

/* A sender cannot bring macros, prefix lengths or further terms. */
static void test_check_senders_with_syntax(void **state)
{
	static const char *const locals[] = { "%{d}", "%{",  "%",
		                              "a b",  "/0",  "x -all",
		                              "%%",   "a:b", "a=b" };

	(void)state;
	txt("q.example", "v=spf1 exists:%{l}.q.example -all");
	for (size_t i = 0; i < G_N_ELEMENTS(locals); i++) {
		g_autofree char *sender =
			g_strconcat(locals[i], "@q.example", NULL);
		g_autofree char *name =
			g_strconcat(locals[i], ".q.example", NULL);

		assert_int_equal(check("192.0.2.1", "h.example", sender),
		                 SPF_RESULT_FAIL);
		dnsput(dns, name, DNS_TYPE_A, "127.0.0.2");
		assert_int_equal(check("192.0.2.1", "h.example", sender),
		                 SPF_RESULT_PASS);
	}
}

/* Nothing that the sender chose freely gets into the log by the reason. */
static void test_reason_is_plain(void **state)
{
	struct dns_budget budget = plenty();
	g_autofree char *reason = NULL;

	(void)state;
	txt("e.example", "v=spf1 include:%{l}.e.example -all");
	txt("(a;b=c).e.example", "v=spf1 +all");
	assert_int_equal(run(&(struct spf_query){ "192.0.2.1", "h.example",
	                                          "(a;b=c)@e.example" },
	                     &budget, &reason),
	                 SPF_RESULT_PASS);
	assert_string_equal(reason, "matched term 1 (include) of e.example");
	g_clear_pointer(&reason, g_free);
	txt("e.example", "v=spf1 redirect=%{l}.e.example");
	assert_int_equal(run(&(struct spf_query){ "192.0.2.1", "h.example",
	                                          "(a;b=c)@e.example" },
	                     &budget, &reason),
	                 SPF_RESULT_PASS);
	assert_string_equal(reason, "matched term 1 (all) of another domain");
}

static void *check_many(void *data)
{
	gint wrong = 0;

	(void)data;
	for (int i = 0; i < 300; i++)
		if (check("192.0.2.1", "h.example", "a@th.example") !=
		    SPF_RESULT_PASS)
			wrong++;
	return GINT_TO_POINTER(wrong);
}

static void test_check_from_many_threads(void **state)
{
	GThread *threads[8];

	(void)state;
	txt("th.example", "v=spf1 mx a:x%{d} include:th2.example -all");
	txt("th2.example", "v=spf1 exists:%{i}.th.example -all");
	dnsput(dns, "th.example", DNS_TYPE_MX, "1 th.example");
	dnsput(dns, "th.example", DNS_TYPE_A, "203.0.113.1");
	dnsput(dns, "192.0.2.1.th.example", DNS_TYPE_A, "127.0.0.2");
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("checker", check_many, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		assert_int_equal(GPOINTER_TO_INT(g_thread_join(threads[i])), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result_names),
		cmocka_unit_test(test_check_qualifiers),
		cmocka_unit_test(test_check_clients),
		cmocka_unit_test(test_check_senders),
		cmocka_unit_test(test_check_prefixes_of_a_and_mx),
		cmocka_unit_test(test_check_hundreds_of_ip4_terms),
		cmocka_unit_test(test_check_macro_bombs),
		cmocka_unit_test(test_check_include_tree_ends),
		cmocka_unit_test(test_check_loops_end),
		cmocka_unit_test(test_check_counts_terms),
		cmocka_unit_test(test_check_counts_void_lookups),
		cmocka_unit_test(test_check_many_mx_hosts),
		cmocka_unit_test(test_check_dns_trouble),
		cmocka_unit_test(test_check_ptr),
		cmocka_unit_test(test_check_local_part_not_ascii),
		cmocka_unit_test(test_check_budget),
		cmocka_unit_test(test_check_selects_one_record),
		cmocka_unit_test(test_check_senders_with_syntax),
		cmocka_unit_test(test_reason_is_plain),
		cmocka_unit_test(test_check_from_many_threads),
	};

	return cmocka_run_group_tests(tests, open_dns, close_dns);
}
