/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/spf_term.h - the mechanisms a, mx and exists, through libspf2
 *
 * The only door to libspf2, which gets one term at a time: a name that is
 * expanded, bounded and free of macros, and a prefix length. It asks for
 * addresses through our resolver and compares them. Whole records, macros,
 * include, redirect, ptr, ip4 and ip6 stay on our side, because libspf2
 * counts lookups afresh in each include, drops terms past 511 bytes, calls /0
 * an error and can be overrun by a long macro.
 */
#ifndef PORTARIA_AUTH_SPF_TERM_H
#define PORTARIA_AUTH_SPF_TERM_H

#include "auth/resolver.h"

enum spf_term_kind { SPF_TERM_A, SPF_TERM_MX, SPF_TERM_EXISTS };

enum spf_term_result {
	SPF_TERM_MATCH,
	SPF_TERM_NO_MATCH,
	SPF_TERM_DNS_FAILED,
	SPF_TERM_TOO_MANY_HOSTS, /* more than 10 names of an mx (4.6.4) */
	SPF_TERM_NO_BUDGET,      /* of lookups for the message */
	SPF_TERM_BROKEN,         /* libspf2 gave no sense */
};

#define SPF_HOSTS_MAX 10 /* names looked up for one mx or ptr (4.6.4) */

struct spf_term_engine;

/* Both borrowed and must outlive the engine. address: 4 bytes (AF_INET) or
 * 16. One evaluation, one thread. */
struct spf_term_engine *spf_term_engine_new(struct resolver *resolver,
                                            struct dns_budget *budget,
                                            int family, const void *address);
void spf_term_engine_free(struct spf_term_engine *engine);
DEFINE_AUTO(spf_term_engine)

struct spf_term_query {
	enum spf_term_kind kind;
	const char *name; /* dns_name_is_safe, graphic ASCII and blanks */
	unsigned prefix;  /* for the client's family */
};

/* *ret_void: lookups that found nothing (4.6.4): the name does not exist, or
 * has no data; a host of an mx that merely lacks an address of the client's
 * family is not counted. */
enum spf_term_result spf_term_match(struct spf_term_engine *engine,
                                    const struct spf_term_query *query,
                                    unsigned *ret_void);

/* Why the last answer was DNS_FAILED; borrowed, "" if none was. */
const char *spf_term_engine_get_why(const struct spf_term_engine *engine);

#endif
