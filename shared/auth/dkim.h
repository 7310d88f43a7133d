/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/dkim.h - DKIM (RFC 6376, 8301, 8463) through libopendkim
 *
 * Signatures and key records are read and judged here: no rsa-sha1, no key
 * under 1024 or over 4096 bits, no l= that leaves a tail, x= respected, From
 * signed and the only one, t=y no proof. At most limits.dkim_signatures are
 * tried, aligned ones first; libopendkim only hashes and compares them, with
 * keys that were fetched before.
 */
#ifndef PORTARIA_AUTH_DKIM_H
#define PORTARIA_AUTH_DKIM_H

#include "auth/resolver.h"

/* RFC 8601 2.7.1 */
enum dkim_result {
	DKIM_RESULT_NONE,
	DKIM_RESULT_PASS,
	DKIM_RESULT_FAIL,
	DKIM_RESULT_POLICY,    /* verifies, but our policy does not count it */
	DKIM_RESULT_NEUTRAL,
	DKIM_RESULT_TEMPERROR,
	DKIM_RESULT_PERMERROR,
	DKIM_RESULT__COUNT
};

const char *dkim_result_name(enum dkim_result result);

struct dkim_signature {
	enum dkim_result result;
	char *domain;    /* d=, lower case, A-labels */
	char *selector;  /* s= */
	char *algorithm; /* "rsa-sha256" */
	char *b_prefix;  /* first 8 characters of b= (RFC 6008) */
	char *reason;    /* our words; NULL on pass */
	bool testing;    /* t=y in the key */
};
void dkim_signature_free(struct dkim_signature *signature);

struct dkim_library;
struct dkim_library *dkim_library_new(struct resolver *resolver,
				      GError **error) NODISCARD;
void dkim_library_free(struct dkim_library *library);

/* One message; the caller may use it from any one thread at a time. */
struct dkim_verifier;
struct dkim_verifier *dkim_verifier_new(struct dkim_library *library,
					const struct limits *limits,
					struct dns_budget *budget);
void dkim_verifier_free(struct dkim_verifier *verifier);

/* Fields in order; value raw, as behind the colon, folds as CRLF. */
void dkim_verifier_header(struct dkim_verifier *verifier, const char *name,
			  size_t name_len, const char *value, size_t value_len);
/* End of the header; from_domain (may be NULL) sorts aligned ones first.
 * False if there is nothing to verify: the body need not be fed. */
bool dkim_verifier_end_header(struct dkim_verifier *verifier,
			      const char *from_domain);
void dkim_verifier_body(struct dkim_verifier *verifier, const char *data,
			size_t len);
/* struct dkim_signature, at least empty; owned by the caller. */
GPtrArray *dkim_verifier_finish(struct dkim_verifier *verifier);

#endif
