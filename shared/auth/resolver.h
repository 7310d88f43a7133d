/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/resolver.h - DNS with honest answers
 *
 * One asynchronous libunbound context with a pump thread, a bounded answer
 * cache of our own in front (positive, negative, failures briefly) and a
 * deadline on every lookup. Whatever is not a proper answer (SERVFAIL,
 * REFUSED, timeout, DNSSEC bogus, budget gone) is DNS_FAILED, never "no such
 * name". Create it after any fork: libunbound's worker does not survive one.
 */
#ifndef PORTARIA_AUTH_RESOLVER_H
#define PORTARIA_AUTH_RESOLVER_H

#include "base/cleanup.h"
#include "base/config.h"

#include <stdbool.h>

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_MX = 15,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
};

enum dns_status {
	DNS_FOUND,
	DNS_NO_NAME, /* NXDOMAIN, or a name that cannot exist */
	DNS_NO_DATA,
	DNS_FAILED,  /* try later */
	DNS_STATUS__COUNT
};

/* Immutable, shared with the cache: dns_answer_ref/_unref. */
struct dns_answer {
	gint refs;
	enum dns_status status;
	bool secure;      /* validated by DNSSEC */
	guint32 ttl;
	GPtrArray *rdata; /* GBytes, as on the wire; names uncompressed */
	char *why;        /* for people when DNS_FAILED, else NULL */
};
struct dns_answer *dns_answer_ref(struct dns_answer *answer);
void dns_answer_unref(struct dns_answer *answer);

/* What one message may spend, and what it asked: one for each message. */
struct dns_budget {
	guint64 lookups_left;
	gint64 deadline;   /* clock_monotonic() */
	GPtrArray *trace;  /* NULL, or char * "example.org TXT found ..." */
};

struct resolver;

struct resolver *resolver_new(const struct config_dns *config, GError **error)
	NODISCARD;
void resolver_free(struct resolver *resolver);
DEFINE_AUTO(resolver)

/* Blocks until answered, the budget's deadline or the lookup's own timeout.
 * Never NULL; thread-safe. */
struct dns_answer *resolver_lookup(struct resolver *resolver,
				   struct dns_budget *budget, const char *name,
				   enum dns_type type);

/* The character-strings of a TXT rdata joined (RFC 7208 3.3); owned by the
 * caller, length in *ret_len, may hold NUL. */
char *dns_txt_join(GBytes *rdata, size_t *ret_len);

/* Tests and benchmarks: answers put into the cache by hand. */
void resolver_put_for_test(struct resolver *resolver, const char *name,
			   enum dns_type type, struct dns_answer *answer);

#endif
