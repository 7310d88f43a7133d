/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_resolver.c - what a lookup and an SPF check cost
 *
 * Cached lookups of one name and of many, lookups that reach libunbound (its
 * own local data, no network), and SPF checks with all answers cached, at 1,
 * 8 and 32 threads. Prints; judges nothing.
 */
#include "auth/spf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "support/dnsput.h"

#define NAMES 1000

struct job {
	const char *title;
	unsigned rounds; /* of all threads together */
	void (*run)(struct resolver *dns, unsigned round);
};

struct worker {
	struct resolver *dns;
	const struct job *job;
	unsigned rounds;
	unsigned first;
};

static void look_up(struct resolver *dns, const char *name, enum dns_type type,
                    enum dns_status want)
{
	struct dns_budget budget = { 1, clock_monotonic() + CLOCK_MINUTE,
		                     NULL };
	struct dns_answer *answer = resolver_lookup(dns, &budget, name, type);

	if (answer->status != want) {
		fprintf(stderr, "%s: %s\n", name,
		        dns_status_name(answer->status));
		exit(1);
	}
	dns_answer_unref(answer);
}

static void run_cached_one(struct resolver *dns, unsigned round)
{
	(void)round;
	look_up(dns, "_dmarc.customer.example", DNS_TYPE_TXT, DNS_FOUND);
}

static void run_cached_many(struct resolver *dns, unsigned round)
{
	char name[32];

	g_snprintf(name, sizeof(name), "n%u.example", round % NAMES);
	look_up(dns, name, DNS_TYPE_A, DNS_FOUND);
}

static void run_uncached(struct resolver *dns, unsigned round)
{
	char name[32];

	g_snprintf(name, sizeof(name), "u%u.example", round);
	look_up(dns, name, DNS_TYPE_A, DNS_NO_NAME);
}

static void run_spf(struct resolver *dns, unsigned round)
{
	struct dns_budget budget = { 40, clock_monotonic() + CLOCK_MINUTE,
		                     NULL };
	const struct spf_query query = { "192.0.2.77", "mx.customer.example",
		                         "user@customer.example" };
	struct spf_outcome outcome;

	(void)round;
	spf_check(dns, &budget, &query, &outcome);
	if (outcome.result != SPF_RESULT_PASS) {
		fprintf(stderr, "spf: %s\n", outcome.reason);
		exit(1);
	}
	spf_outcome_clear(&outcome);
}

static const struct job jobs[] = {
	{ "cached lookup, one name", 4000000, run_cached_one },
	{ "cached lookup, 1000 names", 4000000, run_cached_many },
	{ "SPF check, answers cached", 400000, run_spf },
	/* Last: so many new names push the others out of the cache. */
	{ "lookup through libunbound", 60000, run_uncached },
};

static void fill(struct resolver *dns)
{
	dnsput(dns, "_dmarc.customer.example", DNS_TYPE_TXT,
	       "v=DMARC1; p=reject; rua=mailto:d@customer.example");
	for (unsigned i = 0; i < NAMES; i++) {
		g_autofree char *name = g_strdup_printf("n%u.example", i);

		dnsput(dns, name, DNS_TYPE_A, "192.0.2.1");
	}
	dnsput(dns, "customer.example", DNS_TYPE_TXT,
	       "v=spf1 a mx include:_spf.provider.example -all");
	dnsput(dns, "customer.example", DNS_TYPE_A, "203.0.113.1");
	dnsput(dns, "customer.example", DNS_TYPE_MX, "10 mx.customer.example");
	dnsput(dns, "mx.customer.example", DNS_TYPE_A, "203.0.113.2");
	dnsput(dns, "_spf.provider.example", DNS_TYPE_TXT,
	       "v=spf1 ip4:198.51.100.0/24 ip4:192.0.2.0/24 ~all");
}

static void *work(void *data)
{
	struct worker *worker = data;

	for (unsigned i = 0; i < worker->rounds; i++)
		worker->job->run(worker->dns, worker->first + i);
	return NULL;
}

static void measure(struct resolver *dns, const struct job *job,
                    unsigned threads)
{
	static unsigned serial; /* names that nobody asked for yet */
	g_autofree struct worker *workers = g_new0(struct worker, threads);
	g_autofree GThread **handles = g_new0(GThread *, threads);
	gint64 start = g_get_monotonic_time(), taken;

	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct worker){ dns, job, job->rounds / threads,
			                      serial };
		serial += workers[i].rounds;
		handles[i] = g_thread_new("bench", work, &workers[i]);
	}
	for (unsigned i = 0; i < threads; i++)
		g_thread_join(handles[i]);
	taken = g_get_monotonic_time() - start;
	printf("%-28s %2u threads: %8.3f us each, %9.0f a second\n", job->title,
	       threads, (double)taken * threads / job->rounds,
	       (double)job->rounds * 1e6 / (double)taken);
}

int main(void)
{
	static const unsigned threads[] = { 1, 8, 32 };
	AUTO(resolver) dns = dnsput_closed_resolver();

	if (dns == NULL)
		return 1;
	fill(dns);
	for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(threads); j++)
			measure(dns, &jobs[i], threads[j]);
	return 0;
}
