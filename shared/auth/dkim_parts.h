/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/dkim_parts.h - what a signature claims, and the key it names
 *
 * Private to DKIM. libopendkim is left with canonicalisation and hashing: its
 * tag parser lets the last of two equal tags win, truncates long values and
 * takes any selector, so every DKIM-Signature and every key record is read
 * here first, and only what is sound and acceptable is handed on. The
 * arithmetic is libcrypto's, with keys that are kept: libopendkim would have
 * each key decoded anew, which costs more than all the rest of a short
 * message.
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
	GBytes *signature; /* b=, decoded */
	GBytes *body_hash; /* bh=, decoded */
};

/* value: the raw field body. now: UTC seconds. Owned by the caller. */
struct dkim_claim *dkim_claim_parse(const char *value, size_t len, gint64 now);
void dkim_claim_free(struct dkim_claim *claim);

/* A key record; result and why as above. Immutable and counted. */
struct dkim_key {
	enum dkim_result result;
	const char *why;
	enum dkim_algorithm algorithm;
	bool testing;       /* t=y */
	bool no_subdomains; /* t=s */
	unsigned bits;      /* RSA only */
	struct evp_pkey_st *pkey; /* NULL if unusable */
};

/* text: one TXT record, joined. Never NULL; dkim_key_unref() it. */
struct dkim_key *dkim_key_parse(const char *text, size_t len);
void dkim_key_unref(struct dkim_key *key);

/* What keeps this key from verifying this claim (static text), or NULL. */
const char *dkim_key_mismatch(const struct dkim_key *key,
                              const struct dkim_claim *claim);
/* Whether b= is this key's signature of the digest (SHA-256). */
bool dkim_key_verify(const struct dkim_key *key, const void *digest,
                     size_t len, GBytes *signature);

/* Records read lately; for any number of threads. */
struct dkim_keyring;
struct dkim_keyring *dkim_keyring_new(void);
void dkim_keyring_free(struct dkim_keyring *ring);
/* The key of this record if it is there, else NULL. dkim_key_unref() it. */
struct dkim_key *dkim_keyring_find(struct dkim_keyring *ring,
                                   const char *text);
void dkim_keyring_add(struct dkim_keyring *ring, const char *text,
                      struct dkim_key *key);

/* The key that a claim names, from DNS. Never NULL; dkim_key_unref() it. */
struct dkim_key *dkim_key_fetch(struct resolver *resolver,
                                struct dkim_keyring *ring,
                                struct dns_budget *budget,
                                const struct dkim_claim *claim);

/* The bytes of base64 without white space, with or without padding; NULL if
 * it is none. */
GBytes *dkim_base64_decode(const char *text);

#endif
