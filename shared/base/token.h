/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/token.h - keyed signatures (HMAC-SHA-256) over lists of strings
 *
 * One key file serves all programs of a site. Each line is
 *     <kid> <64 or more hex digits>
 * `kid` is 1-16 characters of [A-Za-z0-9]; "#" starts a comment. The first
 * key signs, all of them verify: rotation is a new first line. The file must
 * not be readable by others (mode & 007 refused).
 *
 * A purpose keeps signatures of one kind from being used as another. Parts
 * are length-prefixed before hashing, so ("a", "bc") and ("ab", "c") differ.
 */
#ifndef PORTARIA_BASE_TOKEN_H
#define PORTARIA_BASE_TOKEN_H

#include "base/cleanup.h"

#include <stdbool.h>

enum token_purpose {
	TOKEN_SEAL,       /* X-Portaria-Seal */
	TOKEN_MESSAGE_ID, /* our Message-IDs */
	TOKEN_REPLY,      /* suporte+REF.mac@ */
	TOKEN_BOUNCE,     /* envelope senders */
	TOKEN_CONFIRM,    /* one-use confirmation of a held message */
	TOKEN_GRADE,      /* how we did, one address a grade */
	TOKEN_PURPOSE__COUNT
};

struct keyring;

/* Reads the key file. Errors: DENIED (mode), CONFIG (content, with line). */
struct keyring *keyring_load(const char *path, GError **error);
/* A ring with one given key, for tests and `portaria` tools. */
struct keyring *keyring_new(const char *kid, const void *key, size_t len);
void keyring_free(struct keyring *ring);
DEFINE_AUTO(keyring)

/* Creates a key file (mode 0640) with one random 256-bit key. Never
 * overwrites: CONFLICT if it exists. */
bool keyring_create_file(const char *path, GError **error);

/* The kid that signs now. */
const char *keyring_get_current(const struct keyring *ring);

/*
 * Signs the parts; the mac is cut to `bytes` (10 to 32) and returned in
 * lower-case base 32, owned by the caller. kid NULL: the current key; an
 * unknown kid returns NULL. parts is NULL-terminated.
 */
char *token_sign(const struct keyring *ring, const char *kid,
		 enum token_purpose purpose, size_t bytes,
		 const char *const *parts);

/* True if mac (any case) is right under some key of the ring, or under `kid`
 * alone if that is not NULL. Constant time in the mac. */
bool token_verify(const struct keyring *ring, const char *kid,
		  enum token_purpose purpose, size_t bytes,
		  const char *const *parts, const char *mac);

#endif
