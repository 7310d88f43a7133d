/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver_wire.c - the resolver against a name server on the loopback
 *
 * What local zones cannot show: SERVFAIL, REFUSED, silence, truncation,
 * CNAME, wildcards, and zones that libunbound blocks by itself.
 */
#include "auth/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "support/fakedns_run.h"

#define DEADLINE (clock_monotonic() + 20 * CLOCK_SECOND)

static const char zone_head[] =
	"example.com 300 SOA ns.example.com root.example.com 1 2 3 4 77\n"
	"example.com 300 A 192.0.2.1\n"
	"example.com 300 A 192.0.2.2\n"
	"example.com 300 MX 10 mx.example.com.\n"
	"www.example.com 300 CNAME deep.www.example.com\n"
	"deep.www.example.com 300 CNAME example.com\n"
	"lost.example.com 300 CNAME nowhere.example.com\n"
	"loop.example.com 300 CNAME loop.example.com\n"
	"*.wild.example.com 300 TXT \"any\" \" thing\" # comment\n"
	"a.empty.example.com 300 A 192.0.2.3\n"
	"bad.example.com SERVFAIL\n"
	"refused.example.com REFUSED\n"
	"silent.example.com TIMEOUT\n"
	"partly.example.com 300 A 192.0.2.4\n"
	"partly.example.com SERVFAIL TXT\n"
	"tcp.example.com 300 TXT short\n"
	"tcp.example.com TRUNCATE\n"
	"mail.test 300 A 192.0.2.5\n"
	"1.2.0.192.in-addr.arpa 300 PTR mx.example.com\n"
	"1.0.168.192.in-addr.arpa 300 PTR lan.example.com\n"
	"back\\\\slash.example.com 300 A 192.0.2.6\n"
	"sp\\032ace.example.com 300 A 192.0.2.7\n"
	"zero.example.com 0 A 192.0.2.8\n"
	"www.signed.example 300 A 192.0.2.9\n"
	"www.plain.example 300 A 192.0.2.10\n";

/* A key for a zone that the server does not sign. */
static const char anchor[] =
	"signed.example. IN DS 12345 13 2 "
	"0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n";

static struct fakedns *server;

static char *whole_zone(void)
{
	g_autofree char *text = g_strnfill(9000, 'x');

	return g_strdup_printf("%slong.example.com 300 TXT \"%s\"\n", zone_head,
	                       text);
}

static int start_server(void **state)
{
	g_autofree char *zone = whole_zone();

	(void)state;
	server = fakedns_start(zone);
	return server != NULL ? 0 : -1;
}

static int stop_server(void **state)
{
	(void)state;
	fakedns_stop(server);
	return 0;
}

static struct resolver *new_resolver(guint64 timeout)
{
	char *forwarders[] = { server->forwarder, NULL };
	const struct config_dns config = { .forwarders = forwarders,
		                           .timeout_ms = timeout,
		                           .cache_entries = 1000 };
	struct resolver *resolver = resolver_new(&config, NULL);

	assert_non_null(resolver);
	return resolver;
}

static struct dns_answer *look_up(struct resolver *resolver, const char *name,
                                  enum dns_type type)
{
	struct dns_budget budget = { 1, DEADLINE, NULL };

	return resolver_lookup(resolver, &budget, name, type);
}

static enum dns_status status_of(struct resolver *resolver, const char *name,
                                 enum dns_type type)
{
	struct dns_answer *answer = look_up(resolver, name, type);
	enum dns_status status = answer->status;

	dns_answer_unref(answer);
	return status;
}

static void test_lookup_over_the_wire(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status want;
		unsigned records;
	} cases[] = {
		{ "example.com", DNS_TYPE_A, DNS_FOUND, 2 },
		{ "example.com", DNS_TYPE_MX, DNS_FOUND, 1 },
		{ "example.com", DNS_TYPE_TXT, DNS_NO_DATA, 0 },
		{ "example.com", DNS_TYPE_AAAA, DNS_NO_DATA, 0 },
		{ "no.example.com", DNS_TYPE_A, DNS_NO_NAME, 0 },
		{ "unknown.example", DNS_TYPE_A, DNS_NO_NAME, 0 },
		{ "empty.example.com", DNS_TYPE_A, DNS_NO_DATA, 0 },
		{ "www.example.com", DNS_TYPE_A, DNS_FOUND, 2 },
		{ "www.example.com", DNS_TYPE_TXT, DNS_NO_DATA, 0 },
		{ "lost.example.com", DNS_TYPE_A, DNS_NO_NAME, 0 },
		{ "loop.example.com", DNS_TYPE_A, DNS_FAILED, 0 },
		{ "x.wild.example.com", DNS_TYPE_TXT, DNS_FOUND, 1 },
		{ "x.y.wild.example.com", DNS_TYPE_TXT, DNS_FOUND, 1 },
		{ "x.wild.example.com", DNS_TYPE_A, DNS_NO_DATA, 0 },
		{ "wild.example.com", DNS_TYPE_TXT, DNS_NO_DATA, 0 },
		{ "bad.example.com", DNS_TYPE_A, DNS_FAILED, 0 },
		{ "refused.example.com", DNS_TYPE_A, DNS_FAILED, 0 },
		{ "partly.example.com", DNS_TYPE_A, DNS_FOUND, 1 },
		{ "partly.example.com", DNS_TYPE_TXT, DNS_FAILED, 0 },
		{ "tcp.example.com", DNS_TYPE_TXT, DNS_FOUND, 1 },
		{ "long.example.com", DNS_TYPE_TXT, DNS_FOUND, 1 },
		{ "mail.test", DNS_TYPE_A, DNS_FOUND, 1 },
		{ "1.2.0.192.in-addr.arpa", DNS_TYPE_PTR, DNS_FOUND, 1 },
		{ "1.0.168.192.in-addr.arpa", DNS_TYPE_PTR, DNS_FOUND, 1 },
		{ "back\\slash.example.com", DNS_TYPE_A, DNS_FOUND, 1 },
		{ "sp ace.example.com", DNS_TYPE_A, DNS_FOUND, 1 },
		{ "zero.example.com", DNS_TYPE_A, DNS_FOUND, 1 },
		{ "a..example.com", DNS_TYPE_A, DNS_NO_NAME, 0 },
	};
	AUTO(resolver) resolver = new_resolver(5000);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct dns_answer *answer =
			look_up(resolver, cases[i].name, cases[i].type);

		if (answer->status != cases[i].want ||
		    answer->rdata->len != cases[i].records)
			fail_msg("%s: %s, %u records", cases[i].name,
			         dns_status_name(answer->status),
			         answer->rdata->len);
		assert_int_equal(answer->why != NULL,
		                 cases[i].want == DNS_FAILED);
		dns_answer_unref(answer);
	}
}

static void test_long_txt_arrives_whole(void **state)
{
	AUTO(resolver) resolver = new_resolver(5000);
	struct dns_answer *answer =
		look_up(resolver, "long.example.com", DNS_TYPE_TXT);
	g_autofree char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(answer->rdata->len, 1);
	text = dns_txt_join(answer->rdata->pdata[0], &len);
	assert_int_equal(len, 9000);
	assert_int_equal(strspn(text, "x"), 9000);
	dns_answer_unref(answer);
}

static void test_negative_ttl_is_of_the_soa(void **state)
{
	AUTO(resolver) resolver = new_resolver(5000);
	struct dns_answer *answer =
		look_up(resolver, "no.example.com", DNS_TYPE_A);

	(void)state;
	assert_in_range(answer->ttl, 70, 77);
	dns_answer_unref(answer);
}

/* One silent name must not make the forwarder look dead for the others. */
static void test_silence_of_one_name_spares_the_rest(void **state)
{
	AUTO(resolver) resolver = new_resolver(300);

	(void)state;
	for (int i = 0; i < 12; i++) {
		g_autofree char *name =
			g_strdup_printf("x%d.wild.example.com", i);

		assert_int_equal(
			status_of(resolver, "silent.example.com", DNS_TYPE_A),
			DNS_FAILED);
		assert_int_equal(status_of(resolver, name, DNS_TYPE_TXT),
		                 DNS_FOUND);
	}
}

static void *look_up_silence(void *resolver)
{
	return GINT_TO_POINTER(
		status_of(resolver, "silent.example.com", DNS_TYPE_MX));
}

static void test_equal_lookups_wait_together(void **state)
{
	AUTO(resolver) resolver = new_resolver(400);
	gint64 start = clock_monotonic();
	GThread *threads[16];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("waiter", look_up_silence, resolver);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		assert_int_equal(GPOINTER_TO_INT(g_thread_join(threads[i])),
		                 DNS_FAILED);
	assert_true(clock_monotonic() - start < 3000);
}

/* A query that its waiters gave up still fills the cache. */
static void test_late_answer_reaches_the_cache(void **state)
{
	AUTO(resolver) resolver = new_resolver(5000);
	struct dns_budget hasty = { 1, 0, NULL };
	struct dns_answer *answer;
	gint64 end = DEADLINE;
	enum dns_status status = DNS_FAILED;

	(void)state;
	for (int i = 0; i < 50 && status != DNS_FOUND; i++) {
		hasty.lookups_left = 1;
		hasty.deadline = clock_monotonic() + 1;
		answer = resolver_lookup(resolver, &hasty, "tcp.example.com",
		                         DNS_TYPE_TXT);
		status = answer->status;
		dns_answer_unref(answer);
		g_usleep(20000);
		assert_true(clock_monotonic() < end);
	}
	assert_int_equal(status, DNS_FOUND);
}

static struct resolver *validating_resolver(void)
{
	g_autofree char *path = NULL;
	char *forwarders[] = { server->forwarder, NULL };
	struct config_dns config = { .forwarders = forwarders,
		                     .timeout_ms = 5000,
		                     .cache_entries = 1000 };
	int fd = g_file_open_tmp("portaria-anchor-XXXXXX", &path, NULL);
	struct resolver *resolver;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, anchor, sizeof(anchor) - 1),
	                 sizeof(anchor) - 1);
	close(fd);
	config.trust_anchor_file = path;
	resolver = resolver_new(&config, NULL);
	assert_non_null(resolver);
	/* It is read when the first query starts the library. */
	assert_int_equal(status_of(resolver, "www.plain.example", DNS_TYPE_A),
	                 DNS_FOUND);
	g_unlink(path);
	return resolver;
}

static void test_bogus_is_failure(void **state)
{
	AUTO(resolver) resolver = validating_resolver();
	struct dns_answer *bogus =
		look_up(resolver, "www.signed.example", DNS_TYPE_A);
	struct dns_answer *plain =
		look_up(resolver, "www.plain.example", DNS_TYPE_A);

	(void)state;
	assert_int_equal(bogus->status, DNS_FAILED);
	assert_true(g_str_has_prefix(bogus->why, "DNSSEC: "));
	assert_false(bogus->secure);
	assert_false(plain->secure);
	dns_answer_unref(bogus);
	dns_answer_unref(plain);
}

static void test_reload(void **state)
{
	AUTO(resolver) resolver = new_resolver(2000);
	g_autofree char *zone = whole_zone();
	enum dns_status status = DNS_FAILED;

	(void)state;
	fakedns_reload(server, "example.com 300 A 192.0.2.1\nbroken\n");
	assert_int_equal(status_of(resolver, "example.com", DNS_TYPE_MX),
	                 DNS_FOUND);
	fakedns_reload(server, "*.fresh.example 300 A 192.0.2.1\n");
	for (int i = 0; i < 100 && status != DNS_FOUND; i++) {
		g_autofree char *name = g_strdup_printf("n%d.fresh.example", i);

		status = status_of(resolver, name, DNS_TYPE_A);
		g_usleep(20000);
	}
	assert_int_equal(status, DNS_FOUND);
	fakedns_reload(server, zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup_over_the_wire),
		cmocka_unit_test(test_long_txt_arrives_whole),
		cmocka_unit_test(test_negative_ttl_is_of_the_soa),
		cmocka_unit_test(test_silence_of_one_name_spares_the_rest),
		cmocka_unit_test(test_equal_lookups_wait_together),
		cmocka_unit_test(test_late_answer_reaches_the_cache),
		cmocka_unit_test(test_bogus_is_failure),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
