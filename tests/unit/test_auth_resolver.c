/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_resolver.c - lookups, cache, budget, zones; loopback only
 *
 * What needs a name server that misbehaves is in
 * tests/conformance/resolver_wire.c.
 */
#include "auth/resolver.h"
#include "auth/resolver_cache.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "support/dnsput.h"

#define DEADLINE (clock_monotonic() + 5 * CLOCK_SECOND)

static const char zone_text[] =
	"# for the tests\n"
	"zone example.test static\n"
	"zone other.example\n"
	"example.test 60 IN A 192.0.2.1\n"
	"example.test IN A 192.0.2.2\n"
	"example.test IN MX 10 mx.example.test.\n"
	"Mixed.example.test IN TXT \"one # two\" \"three\" # comment\n"
	"six.example.test IN AAAA 2001:db8::1\n";

static char *write_zone(const char *text)
{
	g_autoptr(GError) error = NULL;
	char *path = NULL;
	int fd = g_file_open_tmp("portaria-zone-XXXXXX", &path, &error);

	assert_true(fd >= 0);
	close(fd);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static struct resolver *zone_resolver(const char *text, GError **error)
{
	g_autofree char *path = write_zone(text);
	char *zones[] = { path, NULL };
	const struct config_dns config = { .local_zones = zones,
		                           .timeout_ms = 2000,
		                           .cache_entries = 1000 };
	struct resolver *resolver = resolver_new(&config, error);

	g_unlink(path);
	return resolver;
}

static struct resolver *forward_resolver(unsigned port, guint64 timeout)
{
	g_autofree char *forwarder = g_strdup_printf("127.0.0.1@%u", port);
	char *forwarders[] = { forwarder, NULL };
	const struct config_dns config = { .forwarders = forwarders,
		                           .timeout_ms = timeout,
		                           .cache_entries = 1000 };
	struct resolver *resolver = resolver_new(&config, NULL);

	assert_non_null(resolver);
	return resolver;
}

/* A UDP socket that nobody reads: a name server that is silent. */
static int silent_socket(unsigned *ret_port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

static enum dns_status status_of(struct resolver *resolver, const char *name,
                                 enum dns_type type)
{
	struct dns_budget budget = { .lookups_left = 1, .deadline = DEADLINE };
	struct dns_answer *answer =
		resolver_lookup(resolver, &budget, name, type);
	enum dns_status status = answer->status;

	dns_answer_unref(answer);
	return status;
}

static void test_lookup_of_local_zones(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status want;
	} cases[] = {
		{ "example.test", DNS_TYPE_A, DNS_FOUND },
		{ "EXAMPLE.Test.", DNS_TYPE_A, DNS_FOUND },
		{ "example.test", DNS_TYPE_MX, DNS_FOUND },
		{ "example.test", DNS_TYPE_TXT, DNS_NO_DATA },
		{ "six.example.test", DNS_TYPE_AAAA, DNS_FOUND },
		{ "six.example.test", DNS_TYPE_A, DNS_NO_DATA },
		{ "no.example.test", DNS_TYPE_A, DNS_NO_NAME },
		{ "x.other.example", DNS_TYPE_TXT, DNS_NO_NAME },
		{ "od\\d na\"me;.example.test", DNS_TYPE_A, DNS_NO_NAME },
		{ "\xc3\xa3.example.test", DNS_TYPE_A, DNS_NO_NAME },
	};
	AUTO(resolver) resolver = zone_resolver(zone_text, NULL);

	(void)state;
	assert_non_null(resolver);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(
			status_of(resolver, cases[i].name, cases[i].type),
			cases[i].want);
}

static void test_lookup_returns_rdata_and_trace(void **state)
{
	AUTO(resolver) resolver = zone_resolver(zone_text, NULL);
	g_autoptr(GPtrArray) trace = g_ptr_array_new_with_free_func(g_free);
	struct dns_budget budget = { 3, DEADLINE, trace };
	struct dns_answer *txt = resolver_lookup(
		resolver, &budget, "mixed.example.test", DNS_TYPE_TXT);
	struct dns_answer *a =
		resolver_lookup(resolver, &budget, "example.test", DNS_TYPE_A);
	struct dns_answer *mx =
		resolver_lookup(resolver, &budget, "example.test", DNS_TYPE_MX);
	g_autofree char *joined = NULL;
	size_t len;

	(void)state;
	assert_int_equal(txt->rdata->len, 1);
	assert_int_equal(txt->ttl, 300);
	joined = dns_txt_join(txt->rdata->pdata[0], &len);
	assert_string_equal(joined, "one # twothree");
	assert_int_equal(len, 14);
	assert_int_equal(a->rdata->len, 2);
	assert_int_equal(budget.lookups_left, 0);
	assert_int_equal(trace->len, 3);
	assert_string_equal(trace->pdata[0], "mixed.example.test TXT found "
	                                     "\"one # twothree\"");
	assert_string_equal(trace->pdata[2],
	                    "example.test MX found mx.example.test");
	dns_answer_unref(txt);
	dns_answer_unref(a);
	dns_answer_unref(mx);
}

static void test_lookup_stops_at_budget(void **state)
{
	AUTO(resolver) resolver = zone_resolver(zone_text, NULL);
	struct dns_budget budget = { 1, DEADLINE, NULL };
	struct dns_answer *first =
		resolver_lookup(resolver, &budget, "example.test", DNS_TYPE_A);
	struct dns_answer *second =
		resolver_lookup(resolver, &budget, "example.test", DNS_TYPE_A);
	struct dns_budget late = { 1, clock_monotonic() - 1, NULL };
	struct dns_answer *third =
		resolver_lookup(resolver, &late, "no.example.test", DNS_TYPE_A);

	(void)state;
	assert_int_equal(first->status, DNS_FOUND);
	assert_int_equal(second->status, DNS_FAILED);
	assert_non_null(second->why);
	assert_int_equal(third->status, DNS_FAILED);
	dns_answer_unref(first);
	dns_answer_unref(second);
	dns_answer_unref(third);
	/* The message's own shortness is not remembered. */
	assert_int_equal(status_of(resolver, "no.example.test", DNS_TYPE_A),
	                 DNS_NO_NAME);
}

static void test_resolver_new_bad_zones(void **state)
{
	static const struct {
		const char *input, *want;
	} cases[] = {
		{ "zone\n", ":1: " },
		{ "\n\nzone a..b static\n", ":3: " },
		{ "zone example.test tabular\n", ":1: " },
		{ "zone example.test static more\n", ":1: " },
		{ "example.test A 192.0.2.1\n", ":1: " },
		{ "zone example.test\nexample.test IN A\n", ":2: " },
		{ "example.test IN A 192.0.2.999\n", ":1: " },
		{ "example.test 1x IN A 192.0.2.1\n", ":1: " },
		{ "example.test IN CNAME a.example\n", ":1: " },
		{ "*.example.test IN A 192.0.2.1\n", ":1: " },
		{ "example.test IN MX mx.example\n", ":1: " },
		{ "x\nexample.test IN A 192.0.2.1\ny\n", ":3: " },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(zone_resolver(cases[i].input, &error));
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_CONFIG));
		if (strstr(error->message, cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].input, error->message);
	}
}

static void test_resolver_new_bad_config(void **state)
{
	static char nonsense[] = "localhost", port[] = "127.0.0.1@0",
		    missing[] = "/nonexistent/portaria";
	static char *bad_name[] = { nonsense, NULL };
	static char *bad_port[] = { port, NULL };
	static char *no_file[] = { missing, NULL };
	const struct config_dns cases[] = {
		{ .forwarders = bad_name, .timeout_ms = 1 },
		{ .forwarders = bad_port, .timeout_ms = 1 },
		{ .local_zones = no_file, .timeout_ms = 1 },
		{ .trust_anchor_file = missing, .timeout_ms = 1 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(resolver_new(&cases[i], &error));
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_CONFIG));
	}
}

static void test_names_that_cannot_exist(void **state)
{
	g_autofree char *label = g_strnfill(64, 'a');
	g_autofree char *fits = g_strndup(label, 63);
	g_autofree char *total =
		g_strdup_printf("%s.%s.%s.%s", fits, fits, fits, fits);
	const char *const bad[] = {
		"", ".", "a..b", ".a", "a..", label, total
	};
	g_autofree char *longest = g_strdup(total + 2);
	g_autofree char *dotted = g_strconcat(longest, ".", NULL);
	AUTO(resolver) resolver = dnsput_resolver();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_false(dns_name_is_safe(bad[i]));
		assert_int_equal(status_of(resolver, bad[i], DNS_TYPE_A),
		                 DNS_NO_NAME);
	}
	assert_int_equal(strlen(longest), DNS_NAME_MAX);
	assert_true(dns_name_is_safe(longest));
	assert_true(dns_name_is_safe(dotted));
	assert_true(dns_name_is_safe(fits));
}

static void test_lookup_of_silent_server_ends(void **state)
{
	unsigned port;
	int fd = silent_socket(&port);
	AUTO(resolver) resolver = forward_resolver(port, 200);
	gint64 start = clock_monotonic(), taken;

	(void)state;
	assert_int_equal(status_of(resolver, "a.example", DNS_TYPE_A),
	                 DNS_FAILED);
	taken = clock_monotonic() - start;
	assert_true(taken >= 190 && taken < 3000);
	/* The second asks nobody: failures are kept for seconds. */
	start = clock_monotonic();
	assert_int_equal(status_of(resolver, "a.example", DNS_TYPE_A),
	                 DNS_FAILED);
	assert_true(clock_monotonic() - start < 150);
	close(fd);
}

static void test_lookup_keeps_deadline_of_message(void **state)
{
	unsigned port;
	int fd = silent_socket(&port);
	AUTO(resolver) resolver = forward_resolver(port, 60000);
	gint64 start = clock_monotonic();
	struct dns_budget budget = { 5, start + 150, NULL };
	struct dns_answer *answer =
		resolver_lookup(resolver, &budget, "a.example", DNS_TYPE_A);

	(void)state;
	assert_int_equal(answer->status, DNS_FAILED);
	assert_true(clock_monotonic() - start < 3000);
	dns_answer_unref(answer);
	close(fd); /* and the resolver goes with a query still running */
}

/* Queries that nobody waits for any more still count. */
static void test_lookup_bounds_running_queries(void **state)
{
	unsigned port;
	int fd = silent_socket(&port);
	AUTO(resolver) resolver = forward_resolver(port, 60000);
	bool refused = false;
	unsigned i;

	(void)state;
	for (i = 0; i < 3000 && !refused; i++) {
		g_autofree char *name = g_strdup_printf("n%u.example", i);
		struct dns_budget budget = { 1, clock_monotonic() + 1, NULL };
		struct dns_answer *answer =
			resolver_lookup(resolver, &budget, name, DNS_TYPE_A);

		assert_int_equal(answer->status, DNS_FAILED);
		refused = strcmp(answer->why, "too many lookups at once") == 0;
		dns_answer_unref(answer);
	}
	assert_in_range(i, 1000, 3000 - 1);
	close(fd);
}

static void *look_up_silence(void *resolver)
{
	return GINT_TO_POINTER(status_of(resolver, "a.example", DNS_TYPE_A));
}

static void test_resolver_free_ends_waiters(void **state)
{
	unsigned port;
	int fd = silent_socket(&port);
	struct resolver *resolver = forward_resolver(port, 60000);
	GThread *threads[4];
	gint64 start = clock_monotonic();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("waiter", look_up_silence, resolver);
	g_usleep(200000);
	resolver_free(resolver);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		assert_int_equal(GPOINTER_TO_INT(g_thread_join(threads[i])),
		                 DNS_FAILED);
	assert_true(clock_monotonic() - start < 4000);
	close(fd);
}

static void *look_up_many(void *resolver)
{
	gint wrong = 0;

	for (int i = 0; i < 2000; i++)
		if (status_of(resolver,
		              i % 2 ? "example.test" : "no.example.test",
		              DNS_TYPE_A) != (i % 2 ? DNS_FOUND : DNS_NO_NAME))
			wrong++;
	return GINT_TO_POINTER(wrong);
}

static void test_lookup_from_many_threads(void **state)
{
	AUTO(resolver) resolver = zone_resolver(zone_text, NULL);
	GThread *threads[8];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("looker", look_up_many, resolver);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		assert_int_equal(GPOINTER_TO_INT(g_thread_join(threads[i])), 0);
}

static void put(struct dns_cache *cache, const char *name,
                enum dns_status status, guint32 ttl, size_t bytes)
{
	struct dns_answer *answer = dns_answer_new(status, ttl, NULL);
	g_autofree char *data = g_malloc0(bytes + 1);
	char buf[DNS_NAME_MAX + 1];
	struct dns_key key;

	assert_true(dns_key_init(&key, buf, name, DNS_TYPE_A));
	if (bytes > 0)
		dns_answer_add(answer, data, bytes);
	dns_cache_put(cache, &key, answer, 1000, true);
	dns_answer_unref(answer);
}

static bool has(struct dns_cache *cache, const char *name, gint64 now)
{
	struct dns_answer *answer;
	char buf[DNS_NAME_MAX + 1];
	struct dns_key key;

	assert_true(dns_key_init(&key, buf, name, DNS_TYPE_A));
	answer = dns_cache_get(cache, &key, now);
	dns_answer_unref(answer);
	return answer != NULL;
}

static void test_cache_clamps_ttl(void **state)
{
	static const struct {
		enum dns_status status;
		guint32 ttl;
		gint64 lives; /* seconds */
	} cases[] = {
		{ DNS_FOUND, 0, 5 },        { DNS_FOUND, 100, 100 },
		{ DNS_FOUND, 86400, 3600 }, { DNS_NO_NAME, 86400, 300 },
		{ DNS_NO_DATA, 1, 5 },      { DNS_FAILED, 600, 5 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct dns_cache *cache = dns_cache_new(100);
		gint64 end = 1000 + cases[i].lives * CLOCK_SECOND;

		put(cache, "a.example", cases[i].status, cases[i].ttl, 4);
		assert_true(has(cache, "A.example.", end - 1));
		assert_false(has(cache, "a.example", end));
		dns_cache_free(cache);
	}
}

static unsigned count_kept(size_t bytes)
{
	struct dns_cache *cache = dns_cache_new(160);
	unsigned kept = 0;

	for (unsigned i = 0; i < 5000; i++) {
		g_autofree char *name = g_strdup_printf("n%u.example", i);

		put(cache, name, DNS_FOUND, 60, bytes);
	}
	for (unsigned i = 0; i < 5000; i++) {
		g_autofree char *name = g_strdup_printf("n%u.example", i);

		kept += has(cache, name, 2000) ? 1 : 0;
	}
	dns_cache_free(cache);
	return kept;
}

static void test_cache_is_bounded(void **state)
{
	unsigned kept = count_kept(4);

	(void)state;
	assert_true(kept > 100 && kept <= 256);
	kept = count_kept(10000); /* 16 shards of 32 KiB: 3 each */
	assert_true(kept > 0 && kept <= 48);
	assert_int_equal(count_kept(60000), 0);
}

static void test_txt_join(void **state)
{
	static const struct {
		const char *input;
		size_t len;
		const char *want;
		size_t want_len;
	} cases[] = {
		{ "\003abc\002de", 7, "abcde", 5 },
		{ "\0\003abc", 5, "abc", 3 },
		{ "\003a\0b", 4, "a\0b", 3 },
		{ "\377abc", 4, "abc", 3 }, /* cut short */
		{ "\377", 1, "", 0 },
		{ "", 0, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) rdata =
			g_bytes_new(cases[i].input, cases[i].len);
		size_t len;
		g_autofree char *text = dns_txt_join(rdata, &len);

		assert_int_equal(len, cases[i].want_len);
		assert_memory_equal(text, cases[i].want, len + 1);
	}
}

static void test_name_from_wire(void **state)
{
	static const struct {
		const char *input;
		size_t len;
		const char *want;
	} cases[] = {
		{ "\002Mx\007example", 12, "mx.example" },
		{ "", 1, "" },
		{ "\002mx\007example", 11, NULL }, /* no root */
		{ "\002m", 2, NULL },
		{ "\300\014", 3, NULL }, /* a pointer */
		{ "\003a.b", 5, NULL },
		{ "\003a\001b", 5, NULL },
		{ "\002\xc3\xa3", 4, NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = dns_name_from_wire(
			(const guint8 *)cases[i].input, cases[i].len);

		if (cases[i].want == NULL)
			assert_null(name);
		else
			assert_string_equal(name, cases[i].want);
	}
	assert_null(dns_name_from_wire((const guint8 *)"", 0));
}

static void test_put_for_test_is_found(void **state)
{
	AUTO(resolver) resolver = dnsput_resolver();

	(void)state;
	dnsput(resolver, "Put.Example", DNS_TYPE_MX, "10 mx.example");
	dnsput_nothing(resolver, "gone.example");
	assert_int_equal(status_of(resolver, "put.example.", DNS_TYPE_MX),
	                 DNS_FOUND);
	assert_int_equal(status_of(resolver, "gone.example", DNS_TYPE_TXT),
	                 DNS_NO_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup_of_local_zones),
		cmocka_unit_test(test_lookup_returns_rdata_and_trace),
		cmocka_unit_test(test_lookup_stops_at_budget),
		cmocka_unit_test(test_resolver_new_bad_zones),
		cmocka_unit_test(test_resolver_new_bad_config),
		cmocka_unit_test(test_names_that_cannot_exist),
		cmocka_unit_test(test_lookup_of_silent_server_ends),
		cmocka_unit_test(test_lookup_keeps_deadline_of_message),
		cmocka_unit_test(test_lookup_bounds_running_queries),
		cmocka_unit_test(test_resolver_free_ends_waiters),
		cmocka_unit_test(test_lookup_from_many_threads),
		cmocka_unit_test(test_cache_clamps_ttl),
		cmocka_unit_test(test_cache_is_bounded),
		cmocka_unit_test(test_txt_join),
		cmocka_unit_test(test_name_from_wire),
		cmocka_unit_test(test_put_for_test_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
