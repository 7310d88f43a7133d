/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_spf_record.c - SPF records, senders and HELO names of strangers
 *
 * The input is lines: client address ("6..." is IPv6), HELO, sender, then up
 * to four records, published at r0.example to r3.example. Their hosts are in
 * memory, any other name does not exist. Whatever is published, the check
 * must end with a result inside its budget.
 */
#include "auth/spf.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "support/dnsput.h"

#define RECORDS 4
#define LOOKUPS 40

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static struct resolver *dns;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	dns = dnsput_closed_resolver();
	if (dns == NULL)
		abort();
	return 0;
}

/* The next line, NUL-terminated; it may hold NUL itself. */
static char *next_line(const guint8 **data, size_t *size, size_t *ret_len)
{
	const guint8 *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
	size_t len = end != NULL ? (size_t)(end - *data) : *size;
	char *line = g_malloc0(len + 1);

	if (len > 0)
		memcpy(line, *data, len);
	len += end != NULL ? 1 : 0;
	*data += len;
	*size -= len;
	*ret_len = len - (end != NULL ? 1 : 0);
	return line;
}

static void put_hosts(void)
{
	dnsput(dns, "a.example", DNS_TYPE_A, "192.0.2.1", "203.0.113.1");
	dnsput(dns, "a.example", DNS_TYPE_AAAA, "2001:db8::1");
	dnsput(dns, "r0.example", DNS_TYPE_A, "203.0.113.2");
	dnsput(dns, "r0.example", DNS_TYPE_MX, "10 a.example", "0 .",
	       "20 r0.example", "30 none.example");
	dnsput(dns, "1.2.0.192.in-addr.arpa", DNS_TYPE_PTR, "a.example",
	       "x.r0.example");
	dnsput_status(dns, "bad.example", DNS_TYPE_TXT, DNS_FAILED);
	dnsput_status(dns, "bad.example", DNS_TYPE_A, DNS_FAILED);
}

static void put_record(unsigned number, const char *text, size_t len)
{
	g_autofree char *name = g_strdup_printf("r%u.example", number);
	struct dns_answer *answer = dns_answer_new(DNS_FOUND, 60, NULL);
	g_autoptr(GByteArray) rdata = g_byte_array_new();

	dnsput_append_txt(rdata, text, len);
	dns_answer_add(answer, rdata->data, rdata->len);
	resolver_put_for_test(dns, name, DNS_TYPE_TXT, answer);
	dns_answer_unref(answer);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	size_t len;
	g_autofree char *ip = next_line(&data, &size, &len);
	g_autofree char *helo = next_line(&data, &size, &len);
	g_autofree char *local = next_line(&data, &size, &len);
	g_autofree char *sender = g_strconcat(local, "@r0.example", NULL);
	const struct spf_query query = { ip[0] == '6' ? "2001:db8::1"
		                                      : "192.0.2.1",
		                         helo, sender };
	struct dns_budget budget = { LOOKUPS,
		                     clock_monotonic() + 20 * CLOCK_SECOND,
		                     NULL };
	struct spf_outcome outcome;

	put_hosts();
	for (unsigned i = 0; i < RECORDS; i++) {
		g_autofree char *record = next_line(&data, &size, &len);

		put_record(i, record, len);
	}
	spf_check(dns, &budget, &query, &outcome);
	/* The last one: libspf2 did not take a term that we found good. */
	if (outcome.result >= SPF_RESULT__COUNT || outcome.reason == NULL ||
	    budget.lookups_left > LOOKUPS ||
	    strcmp(outcome.reason, "a term could not be evaluated") == 0)
		abort();
	spf_outcome_clear(&outcome);
	return 0;
}
