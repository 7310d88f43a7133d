/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/dmarc.h - DMARC (RFC 9989): discovery by tree walk, alignment, result
 *
 * The organizational domain comes from the DNS tree walk; libpsl is only a
 * cross-check that refuses a public suffix as somebody's domain.
 */
#ifndef PORTARIA_AUTH_DMARC_H
#define PORTARIA_AUTH_DMARC_H

#include "auth/dkim.h"
#include "auth/spf.h"

enum dmarc_result {
	DMARC_RESULT_NONE, /* no policy published */
	DMARC_RESULT_PASS,
	DMARC_RESULT_FAIL,
	DMARC_RESULT_TEMPERROR,
	DMARC_RESULT_PERMERROR,
	DMARC_RESULT__COUNT
};

enum dmarc_policy { DMARC_POLICY_NONE, DMARC_POLICY_QUARANTINE,
		    DMARC_POLICY_REJECT, DMARC_POLICY__COUNT };

const char *dmarc_result_name(enum dmarc_result result);
const char *dmarc_policy_name(enum dmarc_policy policy);

struct dmarc_outcome {
	enum dmarc_result result;
	enum dmarc_policy policy;  /* that applies, t= taken into account */
	char *policy_domain;       /* where the record is; "" */
	char *org_domain;          /* of the author */
	bool spf_aligned;          /* and passed */
	bool dkim_aligned;         /* one that passed */
	bool spf_same_domain;      /* aligned, whatever SPF says */
	bool trouble;              /* a DNS failure may hide a pass or the
				      policy; never set beside a pass */
	char *reason;
};
void dmarc_outcome_clear(struct dmarc_outcome *outcome);

/* from_domain: A-labels, lower case. spf: of MAIL FROM (or its HELO
 * stand-in for a null sender). signatures: struct dkim_signature. */
void dmarc_evaluate(struct resolver *resolver, struct dns_budget *budget,
		    const char *from_domain, const struct spf_outcome *spf,
		    const GPtrArray *signatures,
		    struct dmarc_outcome *ret_outcome);

#endif
