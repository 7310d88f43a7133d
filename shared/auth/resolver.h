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
	DNS_FAILED, /* try later */
	DNS_STATUS__COUNT
};

/* Immutable, shared with the cache: dns_answer_ref/_unref. */
struct dns_answer {
	gint refs;
	enum dns_status status;
	bool secure; /* validated by DNSSEC */
	guint32 ttl;
	GPtrArray *rdata; /* GBytes, as on the wire; names uncompressed */
	char *why;        /* for people when DNS_FAILED, else NULL */
};
struct dns_answer *dns_answer_ref(struct dns_answer *answer);
void dns_answer_unref(struct dns_answer *answer);

/* An answer with one reference and no rdata yet; why may be NULL. */
struct dns_answer *dns_answer_new(enum dns_status status, guint32 ttl,
                                  const char *why);
/* Only before the answer is shared. */
void dns_answer_add(struct dns_answer *answer, const void *rdata, size_t len);

const char *dns_type_name(enum dns_type type);       /* "TXT" */
const char *dns_status_name(enum dns_status status); /* "no-name" */

#define DNS_NAME_MAX  253 /* as text, without the trailing dot */
#define DNS_LABEL_MAX 63

/* True if labels have 1 to 63 bytes and the whole at most 253; one trailing
 * dot is allowed. Says nothing of the characters. */
bool dns_name_is_safe(const char *name);

/*
 * The uncompressed name at data as text, lower case, without the trailing
 * dot ("" is the root); owned by the caller. NULL if it is cut short or a
 * label holds a dot or a character outside printable ASCII.
 */
char *dns_name_from_wire(const guint8 *data, size_t len);

/* What one message may spend, and what it asked: one for each message. */
struct dns_budget {
	guint64 lookups_left;
	gint64 deadline;  /* clock_monotonic() */
	GPtrArray *trace; /* NULL, or char * "example.org TXT found ..." */
};

struct resolver;

/*
 * local_zones are files of lines "zone <name> [static|transparent|refuse]"
 * and "<name> [TTL] IN <type> <rdata>", "#" starts a comment; wildcards and
 * CNAME are refused, because libunbound does not follow them there. Errors:
 * CONFIG (with file and line).
 */
struct resolver *resolver_new(const struct config_dns *config,
                              GError **error) NODISCARD;
/* Lookups that still wait in other threads end with DNS_FAILED first; nobody
 * may start a new one. */
void resolver_free(struct resolver *resolver);
DEFINE_AUTO(resolver)

/*
 * Blocks until answered, the budget's deadline or the lookup's own timeout.
 * Takes one of lookups_left, cached or not; a cached answer comes even after
 * the deadline. Bytes of the name that DNS text would treat specially are
 * taken as they are. Never NULL; thread-safe.
 */
struct dns_answer *resolver_lookup(struct resolver *resolver,
                                   struct dns_budget *budget, const char *name,
                                   enum dns_type type);

/* The character-strings of a TXT rdata joined (RFC 7208 3.3); owned by the
 * caller, length in *ret_len, may hold NUL. */
char *dns_txt_join(GBytes *rdata, size_t *ret_len);

/* Tests and benchmarks: answers put into the cache by hand, where they live
 * as long as a real one of this ttl. Takes a reference of its own. */
void resolver_put_for_test(struct resolver *resolver, const char *name,
                           enum dns_type type, struct dns_answer *answer);

#endif
