/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dkim/sign.h - keys and signed messages for the DKIM tests
 *
 * Keys are made by the openssl command when the test starts, signatures by
 * libopendkim. The library reads the time through time(), which sign.c
 * replaces with what sign_set_time() said, so that no test depends on today.
 */
#ifndef PORTARIA_TESTS_DKIM_SIGN_H
#define PORTARIA_TESTS_DKIM_SIGN_H

#include "auth/dkim.h"

#define SIGN_NOW ((gint64)1795363200) /* 2026-11-22T16:00:00Z */

/* Stands clock_now() and time() still; seconds. */
void sign_set_time(gint64 now);

struct key_pair {
	char *pem;    /* private half */
	char *public; /* p= of a key record */
	char *bare;   /* RSA: the same as a bare RSAPublicKey */
};
/* bits 0: ed25519. Ends the program if openssl cannot be run. */
struct key_pair *key_pair_new(unsigned bits);
void key_pair_free(struct key_pair *pair);

struct sign_spec {
	const struct key_pair *key;
	const char *domain;
	const char *selector;
	int algorithm; /* DKIM_SIGN_* */
	bool simple_header;
	bool simple_body;
	gint64 body_length; /* l=, with partial */
	bool partial;
	const char *identity; /* i=, or NULL */
	gint64 ttl;           /* x= so long after t=; 0 without */
	gint64 time;          /* t=; 0: SIGN_NOW */
	const char *xtag;     /* a further tag, or NULL */
	const char *xvalue;
	char **oversigned; /* named once more in h=, or NULL */
};

/* The DKIM-Signature field with its line end; owned by the caller. */
char *sign_message(const struct sign_spec *spec, const char *head,
                   const char *body);

/* A resolver where no name exists but those put into it. */
struct resolver *sign_resolver(void);
void sign_put_key(struct resolver *resolver, const char *name,
                  const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Feeds a message (CRLF) in pieces of `step` bytes. */
struct verify_input {
	struct resolver *resolver;
	const char *message;
	size_t len;
	size_t step; /* 0: the body in one piece */
	const char *from_domain;
	guint64 signatures_max; /* 0: the default */
	guint64 lookups;        /* 0: the default */
};
GPtrArray *verify(struct dkim_library *library,
                  const struct verify_input *input);

#endif
