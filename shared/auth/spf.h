/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/spf.h - SPF (RFC 7208) through libspf2 behind a guard
 *
 * libspf2 aborts on a crafted record, loses terms past 511 bytes and has no
 * limit on void lookups. Every record is therefore validated against the
 * grammar here, and libspf2 evaluates one bounded term without macros at a
 * time (spf_term.h); all lookups go through one counted budget.
 */
#ifndef PORTARIA_AUTH_SPF_H
#define PORTARIA_AUTH_SPF_H

#include "auth/resolver.h"

enum spf_result {
	SPF_RESULT_NONE,
	SPF_RESULT_NEUTRAL,
	SPF_RESULT_PASS,
	SPF_RESULT_FAIL,
	SPF_RESULT_SOFTFAIL,
	SPF_RESULT_TEMPERROR,
	SPF_RESULT_PERMERROR,
	SPF_RESULT__COUNT
};

const char *spf_result_name(enum spf_result result); /* "softfail" */

struct spf_query {
	const char *ip; /* of the client, IPv4 or IPv6 text */
	const char *helo;
	const char *sender; /* address, or "" : postmaster@helo (2.4) */
};

struct spf_outcome {
	enum spf_result result;
	char *domain; /* that was checked, A-labels, lower case */
	char *reason; /* for the log; our words, never the sender's */
};
void spf_outcome_clear(struct spf_outcome *outcome);

/*
 * check_host() of RFC 7208 4. Fills ret_outcome (spf_outcome_clear() after
 * use), reason never NULL, domain "" if there was nothing to check. budget
 * may not be NULL: without lookups left the result is permerror, past its
 * deadline temperror. Thread-safe.
 */
void spf_check(struct resolver *resolver, struct dns_budget *budget,
               const struct spf_query *query, struct spf_outcome *ret_outcome);

#endif
