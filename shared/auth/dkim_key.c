/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dkim_key.c - DKIM key records: from DNS, judged, and used
 *
 * An RSA key may be published as SubjectPublicKeyInfo (RFC 5280) or as a bare
 * RSAPublicKey (RFC 8017 A.1.1). Keys below 1024 bits (RFC 8301 3.2) and
 * above 4096 are refused, and so are exponents whose only use is to make
 * verifying slow.
 */
#include "auth/dkim_parts.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#define RSA_BITS_MIN      1024
#define RSA_BITS_MAX      4096
#define RSA_EXPONENT_BITS 64
#define DER_BYTES_MAX     4096
#define ED25519_BYTES     32

/* --- one record --- */

static bool refuse(struct dkim_key *key, enum dkim_result result,
                   const char *why)
{
	key->result = result;
	key->why = why;
	return false;
}

/* True if the colon-separated list holds one of the words; NULL for b is no
 * word. */
static bool list_has(const char *list, const char *a, const char *b)
{
	g_auto(GStrv) items = g_strsplit(list, ":", -1);

	for (char **item = items; *item != NULL; item++) {
		if (g_ascii_strcasecmp(*item, a) == 0 ||
		    (b != NULL && g_ascii_strcasecmp(*item, b) == 0))
			return true;
	}
	return false;
}

static bool read_flags(struct dkim_key *key, GHashTable *tags)
{
	const char *version = g_hash_table_lookup(tags, "v");
	const char *hashes = g_hash_table_lookup(tags, "h");
	const char *services = g_hash_table_lookup(tags, "s");
	const char *flags = g_hash_table_lookup(tags, "t");
	const char *type = g_hash_table_lookup(tags, "k");

	if (version != NULL && strcmp(version, "DKIM1") != 0)
		return refuse(key, DKIM_RESULT_PERMERROR,
		              "the key has an unknown version");
	if (hashes != NULL && !list_has(hashes, "sha256", NULL))
		return refuse(key, DKIM_RESULT_PERMERROR,
		              "the key does not allow SHA-256");
	if (services != NULL && !list_has(services, "*", "email"))
		return refuse(key, DKIM_RESULT_PERMERROR,
		              "the key is not for mail");
	if (flags != NULL) {
		key->testing = list_has(flags, "y", NULL);
		key->no_subdomains = list_has(flags, "s", NULL);
	}
	if (type == NULL || g_ascii_strcasecmp(type, "rsa") == 0)
		key->algorithm = DKIM_RSA_SHA256;
	else if (g_ascii_strcasecmp(type, "ed25519") == 0)
		key->algorithm = DKIM_ED25519_SHA256;
	else
		return refuse(key, DKIM_RESULT_PERMERROR,
		              "the key is of an unknown type");
	return true;
}

static int exponent_bits(const EVP_PKEY *pkey)
{
	BIGNUM *exponent = NULL;
	int bits = G_MAXINT;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1)
		bits = BN_num_bits(exponent);
	BN_free(exponent);
	return bits;
}

/* Either form of an RSA key, and nothing behind it. */
static EVP_PKEY *decode_rsa(const guint8 *der, size_t len)
{
	EVP_PKEY *pkey = NULL;
	OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(
		&pkey, "DER", NULL, "RSA", EVP_PKEY_PUBLIC_KEY, NULL, NULL);

	if (decoder == NULL ||
	    OSSL_DECODER_from_data(decoder, &der, &len) != 1 || len != 0) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	OSSL_DECODER_CTX_free(decoder);
	ERR_clear_error();
	return pkey;
}

static void read_rsa(struct dkim_key *key, const guint8 *der, size_t len)
{
	EVP_PKEY *pkey = len <= DER_BYTES_MAX ? decode_rsa(der, len) : NULL;

	if (pkey == NULL) {
		refuse(key, DKIM_RESULT_PERMERROR, "the key is malformed");
		return;
	}
	key->bits = (unsigned)EVP_PKEY_get_bits(pkey);
	if (key->bits < RSA_BITS_MIN)
		refuse(key, DKIM_RESULT_POLICY,
		       "the key is shorter than 1024 bits");
	else if (key->bits > RSA_BITS_MAX ||
	         exponent_bits(pkey) > RSA_EXPONENT_BITS)
		refuse(key, DKIM_RESULT_PERMERROR, "the key is too large");
	else
		key->pkey = g_steal_pointer(&pkey);
	EVP_PKEY_free(pkey);
}

static void read_ed25519(struct dkim_key *key, const guint8 *data, size_t len)
{
	if (len == ED25519_BYTES)
		key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		                                        data, len);
	if (key->pkey == NULL)
		refuse(key, DKIM_RESULT_PERMERROR, "the key is malformed");
}

static void read_data(struct dkim_key *key, const char *text)
{
	g_autoptr(GBytes) bytes = NULL;
	const guint8 *data;
	size_t len;

	if (*text == '\0') {
		refuse(key, DKIM_RESULT_PERMERROR, "the key is revoked");
		return;
	}
	bytes = dkim_base64_decode(text);
	if (bytes == NULL) {
		refuse(key, DKIM_RESULT_PERMERROR, "the key is malformed");
		return;
	}
	data = g_bytes_get_data(bytes, &len);
	if (key->algorithm == DKIM_RSA_SHA256)
		read_rsa(key, data, len);
	else
		read_ed25519(key, data, len);
}

struct dkim_key *dkim_key_parse(const char *text, size_t len)
{
	struct dkim_key *key = g_atomic_rc_box_new0(struct dkim_key);
	const char *why = NULL;
	g_autoptr(GHashTable) tags = dkim_tags_parse(text, len, true, &why);
	const char *data;

	if (tags == NULL) {
		refuse(key, DKIM_RESULT_PERMERROR,
		       "the key record is malformed");
		return key;
	}
	data = g_hash_table_lookup(tags, "p");
	if (data == NULL)
		refuse(key, DKIM_RESULT_PERMERROR, "the key record has no key");
	else if (read_flags(key, tags))
		read_data(key, data);
	return key;
}

static void clear(void *data)
{
	struct dkim_key *key = data;

	EVP_PKEY_free(key->pkey);
}

void dkim_key_unref(struct dkim_key *key)
{
	if (key != NULL)
		g_atomic_rc_box_release_full(key, clear);
}

/* --- use --- */

const char *dkim_key_mismatch(const struct dkim_key *key,
                              const struct dkim_claim *claim)
{
	if (key->algorithm != claim->algorithm)
		return "the key is for another algorithm";
	if (key->no_subdomains &&
	    strcmp(claim->identity_domain, claim->domain) != 0)
		return "the key is not for subdomains";
	return NULL;
}

/* RFC 6376 3.3: RSASSA-PKCS1-v1_5 of the digest. */
static bool verify_rsa(EVP_PKEY_CTX *ctx, const guint8 *digest, size_t len,
                       const guint8 *signature, size_t signature_len)
{
	return EVP_PKEY_verify_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	       EVP_PKEY_verify(ctx, signature, signature_len, digest, len) == 1;
}

/* RFC 8463 3: PureEdDSA of the digest. */
static bool verify_ed25519(EVP_PKEY *pkey, const guint8 *digest, size_t len,
                           const guint8 *signature, size_t signature_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good =
		ctx != NULL &&
		EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		EVP_DigestVerify(ctx, signature, signature_len, digest, len) ==
			1;

	EVP_MD_CTX_free(ctx);
	return good;
}

bool dkim_key_verify(const struct dkim_key *key, const void *digest,
                     size_t len, GBytes *signature)
{
	size_t signature_len;
	const guint8 *data = g_bytes_get_data(signature, &signature_len);
	EVP_PKEY_CTX *ctx;
	bool good;

	if (key->algorithm == DKIM_ED25519_SHA256) {
		good = verify_ed25519(key->pkey, digest, len, data,
		                      signature_len);
	} else {
		ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
		good = ctx != NULL &&
		       verify_rsa(ctx, digest, len, data, signature_len);
		EVP_PKEY_CTX_free(ctx);
	}
	ERR_clear_error();
	return good;
}

/* --- from DNS --- */

static struct dkim_key *key_failure(enum dkim_result result, const char *why)
{
	struct dkim_key *key = g_atomic_rc_box_new0(struct dkim_key);

	refuse(key, result, why);
	return key;
}

/* A record that is meant to be a key, well made or not. */
static bool looks_like_key(const char *text, size_t len)
{
	const char *why;
	g_autoptr(GHashTable) tags = dkim_tags_parse(text, len, true, &why);

	if (tags != NULL && g_hash_table_contains(tags, "p"))
		return true;
	return len >= strlen("v=DKIM1") &&
	       memcmp(text, "v=DKIM1", strlen("v=DKIM1")) == 0;
}

/* The record's key, or NULL if it is meant to be something else. A record
 * with a NUL inside has no place on the ring. */
static struct dkim_key *key_read(struct dkim_keyring *ring, const char *text,
                                 size_t len)
{
	bool keep = strlen(text) == len;
	struct dkim_key *key = keep ? dkim_keyring_find(ring, text) : NULL;

	if (key != NULL || !looks_like_key(text, len))
		return key;
	key = dkim_key_parse(text, len);
	if (keep)
		dkim_keyring_add(ring, text, key);
	return key;
}

/* RFC 6376 3.6.2.2 leaves several records undefined: text of another kind
 * (a wildcard's) is passed over, two keys are an error. */
static struct dkim_key *key_choose(struct dkim_keyring *ring,
                                   const struct dns_answer *answer)
{
	struct dkim_key *key = NULL;

	for (unsigned i = 0; i < answer->rdata->len; i++) {
		size_t len;
		g_autofree char *text =
			dns_txt_join(answer->rdata->pdata[i], &len);
		struct dkim_key *another = key_read(ring, text, len);

		if (another == NULL)
			continue;
		if (key != NULL) {
			dkim_key_unref(key);
			dkim_key_unref(another);
			return key_failure(DKIM_RESULT_PERMERROR,
			                   "there are several keys");
		}
		key = another;
	}
	if (key == NULL)
		key = key_failure(DKIM_RESULT_PERMERROR,
		                  "the key record is malformed");
	return key;
}

struct dkim_key *dkim_key_fetch(struct resolver *resolver,
                                struct dkim_keyring *ring,
                                struct dns_budget *budget,
                                const struct dkim_claim *claim)
{
	g_autofree char *name = g_strconcat(claim->selector, "._domainkey.",
	                                    claim->domain, NULL);
	struct dns_answer *answer =
		resolver_lookup(resolver, budget, name, DNS_TYPE_TXT);
	struct dkim_key *key;

	if (answer->status == DNS_FOUND)
		key = key_choose(ring, answer);
	else if (answer->status == DNS_FAILED)
		key = key_failure(DKIM_RESULT_TEMPERROR,
		                  "the key could not be looked up");
	else
		key = key_failure(DKIM_RESULT_PERMERROR, "there is no key");
	dns_answer_unref(answer);
	return key;
}
