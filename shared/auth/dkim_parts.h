/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/dkim_parts.h - what a signature claims, and the key it names
 *
 * Private to DKIM. libopendkim is left with hashing and arithmetic: its tag
 * parser lets the last of two equal tags win, truncates long values and
 * takes any selector, so every DKIM-Signature and every key record is read
 * here first, and only what is sound and acceptable is handed on.
 */
#ifndef PORTARIA_AUTH_DKIM_PARTS_H
#define PORTARIA_AUTH_DKIM_PARTS_H

#include "auth/dkim.h"

#define DKIM_TAGS_MAX  64   /* tags of one list */
#define DKIM_NAMES_MAX 256  /* field names in one h= */
#define DKIM_LIST_MAX  4096 /* bytes of one h=; libopendkim cuts there */

/*
 * A tag list (RFC 6376 3.2): lower-case name -> value without white space,
 * both owned by the table. NULL if the list is malformed, names a tag twice
 * (in any case) or has too many; *ret_why then says so (static text).
 * eight_bit: bytes above 127 may stand in values.
 */
GHashTable *dkim_tags_parse(const char *text, size_t len, bool eight_bit,
                            const char **ret_why);

enum dkim_algorithm { DKIM_RSA_SHA256, DKIM_ED25519_SHA256 };

/* One DKIM-Signature field. result is NONE while nothing speaks against the
 * signature; else why says what does (static text). */
struct dkim_claim {
	enum dkim_result result;
	const char *why;
	char *domain;         /* d=, lower case; "" if unreadable */
	char *selector;       /* s= */
	char *algorithm_name; /* a=, lower case */
	char *b_prefix;
	char *identity_domain; /* of i=, lower case; d= without one */
	enum dkim_algorithm algorithm;
	bool relaxed_body;
	bool has_length; /* l= */
	guint64 length;
};

/* value: the raw field body. now: UTC seconds. Owned by the caller. */
struct dkim_claim *dkim_claim_parse(const char *value, size_t len, gint64 now);
void dkim_claim_free(struct dkim_claim *claim);

/* A key record; result and why as above. */
struct dkim_key {
	enum dkim_result result;
	const char *why;
	enum dkim_algorithm algorithm;
	bool testing;       /* t=y */
	bool no_subdomains; /* t=s */
	unsigned bits;      /* RSA only */
	char *record;       /* rewritten for libopendkim; NULL if unusable */
};

/* text: one TXT record, joined. Owned by the caller. */
struct dkim_key *dkim_key_parse(const char *text, size_t len);
/* The key that a claim names, from DNS. Owned by the caller, never NULL. */
struct dkim_key *dkim_key_fetch(struct resolver *resolver,
                                struct dns_budget *budget,
                                const struct dkim_claim *claim);
void dkim_key_free(struct dkim_key *key);

#endif
