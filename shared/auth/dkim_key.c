/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dkim_key.c - DKIM key records: from DNS, judged, and rewritten
 *
 * An RSA key may be published as SubjectPublicKeyInfo (RFC 5280) or as a bare
 * RSAPublicKey (RFC 8017 A.1.1); libopendkim knows the first form only and
 * cuts records at 1024 bytes. So the modulus and the exponent are taken out
 * of the record and written anew, without the record's other tags. Keys
 * below 1024 bits (RFC 8301 3.2) and above 4096 are refused, and so are
 * exponents whose only use is to make verifying slow.
 */
#include "auth/dkim_parts.h"

#include <string.h>

#define RSA_BITS_MIN       1024
#define RSA_BITS_MAX       4096
#define RSA_EXPONENT_BYTES 8
#define ED25519_BYTES      32

enum {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_SEQUENCE = 0x30,
};

struct span {
	const guint8 *at;
	size_t len;
};

/* --- DER, as far as RSA keys go --- */

/* The content of the element at the start of *in, which must have this tag;
 * *in moves behind it. */
static bool der_take(struct span *in, guint8 tag, struct span *ret_content)
{
	size_t head = 2, len;

	if (in->len < 2 || in->at[0] != tag)
		return false;
	len = in->at[1];
	if (len >= 0x80) {
		size_t count = len & 0x7f;

		if (count == 0 || count > 2 || in->len < 2 + count)
			return false;
		len = 0;
		for (size_t i = 0; i < count; i++)
			len = len << 8 | in->at[2 + i];
		head += count;
	}
	if (in->len - head < len)
		return false;
	ret_content->at = in->at + head;
	ret_content->len = len;
	in->at += head + len;
	in->len -= head + len;
	return true;
}

/* A positive INTEGER without its leading zero bytes. */
static bool der_take_number(struct span *in, struct span *ret_number)
{
	struct span number;

	if (!der_take(in, DER_INTEGER, &number) || number.len == 0 ||
	    (number.at[0] & 0x80) != 0)
		return false;
	while (number.len > 0 && number.at[0] == 0) {
		number.at++;
		number.len--;
	}
	*ret_number = number;
	return number.len > 0;
}

static void der_put(GByteArray *out, guint8 tag, const guint8 *data, size_t len)
{
	guint8 head[4] = { tag, (guint8)len };
	guint head_len = 2;

	if (len >= 0x80) {
		head[1] = 0x82;
		head[2] = (guint8)(len >> 8);
		head[3] = (guint8)len;
		head_len = 4;
		if (len < 0x100) {
			head[1] = 0x81;
			head[2] = (guint8)len;
			head_len = 3;
		}
	}
	g_byte_array_append(out, head, head_len);
	g_byte_array_append(out, data, (guint)len);
}

static void der_put_number(GByteArray *out, const struct span *number)
{
	g_autoptr(GByteArray) content = g_byte_array_new();

	if ((number->at[0] & 0x80) != 0)
		g_byte_array_append(content, (const guint8[]){ 0 }, 1);
	g_byte_array_append(content, number->at, (guint)number->len);
	der_put(out, DER_INTEGER, content->data, content->len);
}

/* SEQUENCE { OBJECT rsaEncryption, NULL } */
static const guint8 rsa_encryption[] = {
	0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
};

struct rsa_key {
	struct span modulus;
	struct span exponent;
};

static bool rsa_read_bare(struct span in, struct rsa_key *ret_key)
{
	struct span body;
	struct rsa_key key;

	if (!der_take(&in, DER_SEQUENCE, &body) ||
	    !der_take_number(&body, &key.modulus) ||
	    !der_take_number(&body, &key.exponent) || body.len != 0)
		return false;
	*ret_key = key;
	return true;
}

static bool rsa_read_wrapped(struct span in, struct rsa_key *ret_key)
{
	struct span body, bits;

	if (!der_take(&in, DER_SEQUENCE, &body) ||
	    body.len < sizeof(rsa_encryption) ||
	    memcmp(body.at, rsa_encryption, sizeof(rsa_encryption)) != 0)
		return false;
	body.at += sizeof(rsa_encryption);
	body.len -= sizeof(rsa_encryption);
	if (!der_take(&body, DER_BIT_STRING, &bits) || bits.len < 1 ||
	    bits.at[0] != 0)
		return false;
	bits.at++;
	bits.len--;
	return rsa_read_bare(bits, ret_key);
}

static unsigned rsa_bits(const struct span *modulus)
{
	unsigned bits = (unsigned)modulus->len * 8;

	for (guint8 top = modulus->at[0]; (top & 0x80) == 0;
	     top = (guint8)(top << 1))
		bits--;
	return bits;
}

static char *rsa_write(const struct rsa_key *key)
{
	g_autoptr(GByteArray) numbers = g_byte_array_new();
	g_autoptr(GByteArray) bits = g_byte_array_new();
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autoptr(GByteArray) whole = g_byte_array_new();

	der_put_number(numbers, &key->modulus);
	der_put_number(numbers, &key->exponent);
	g_byte_array_append(bits, (const guint8[]){ 0 }, 1);
	der_put(bits, DER_SEQUENCE, numbers->data, numbers->len);
	g_byte_array_append(body, rsa_encryption, sizeof(rsa_encryption));
	der_put(body, DER_BIT_STRING, bits->data, bits->len);
	der_put(whole, DER_SEQUENCE, body->data, body->len);
	return g_base64_encode(whole->data, whole->len);
}

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

/* g_base64_decode() skips what is not base64; this does not. */
static guint8 *base64_dup(const char *text, size_t *ret_len)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '=')
		len--;
	if (strlen(text) - len > 2 || len % 4 == 1)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(text[i]) && text[i] != '+' &&
		    text[i] != '/')
			return NULL;
	}
	if (strlen(text) % 4 != 0) {
		/* padding left out; the library wants it */
		g_autofree char *padded =
			g_strdup_printf("%.*s%s", (int)len, text,
		                        len % 4 == 2   ? "=="
		                        : len % 4 == 3 ? "="
		                                       : "");

		return g_base64_decode(padded, ret_len);
	}
	return g_base64_decode(text, ret_len);
}

static void read_rsa(struct dkim_key *key, struct span data)
{
	struct rsa_key rsa;
	g_autofree char *text = NULL;

	if (!rsa_read_wrapped(data, &rsa) && !rsa_read_bare(data, &rsa)) {
		refuse(key, DKIM_RESULT_PERMERROR, "the key is malformed");
		return;
	}
	key->bits = rsa_bits(&rsa.modulus);
	if (key->bits < RSA_BITS_MIN) {
		refuse(key, DKIM_RESULT_POLICY,
		       "the key is shorter than 1024 bits");
		return;
	}
	if (key->bits > RSA_BITS_MAX || rsa.exponent.len > RSA_EXPONENT_BYTES) {
		refuse(key, DKIM_RESULT_PERMERROR, "the key is too large");
		return;
	}
	text = rsa_write(&rsa);
	key->record = g_strconcat("v=DKIM1; k=rsa; p=", text, NULL);
}

static void read_ed25519(struct dkim_key *key, struct span data)
{
	g_autofree char *text = NULL;

	if (data.len != ED25519_BYTES) {
		refuse(key, DKIM_RESULT_PERMERROR, "the key is malformed");
		return;
	}
	text = g_base64_encode(data.at, data.len);
	key->record = g_strconcat("v=DKIM1; k=ed25519; p=", text, NULL);
}

static void read_data(struct dkim_key *key, const char *text)
{
	g_autofree guint8 *bytes = NULL;
	struct span data = { NULL, 0 };

	if (*text == '\0') {
		refuse(key, DKIM_RESULT_PERMERROR, "the key is revoked");
		return;
	}
	bytes = base64_dup(text, &data.len);
	data.at = bytes;
	if (bytes == NULL)
		refuse(key, DKIM_RESULT_PERMERROR, "the key is malformed");
	else if (key->algorithm == DKIM_RSA_SHA256)
		read_rsa(key, data);
	else
		read_ed25519(key, data);
}

struct dkim_key *dkim_key_parse(const char *text, size_t len)
{
	struct dkim_key *key = g_new0(struct dkim_key, 1);
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

void dkim_key_free(struct dkim_key *key)
{
	if (key == NULL)
		return;
	g_free(key->record);
	g_free(key);
}

/* --- from DNS --- */

static struct dkim_key *key_failure(enum dkim_result result, const char *why)
{
	struct dkim_key *key = g_new0(struct dkim_key, 1);

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

/* RFC 6376 3.6.2.2 leaves several records undefined: text of another kind
 * (a wildcard's) is passed over, two keys are an error. */
static struct dkim_key *key_choose(const struct dns_answer *answer)
{
	struct dkim_key *key = NULL;

	for (unsigned i = 0; i < answer->rdata->len; i++) {
		size_t len;
		g_autofree char *text =
			dns_txt_join(answer->rdata->pdata[i], &len);

		if (!looks_like_key(text, len))
			continue;
		if (key != NULL) {
			dkim_key_free(key);
			return key_failure(DKIM_RESULT_PERMERROR,
			                   "there are several keys");
		}
		key = dkim_key_parse(text, len);
	}
	if (key == NULL)
		key = key_failure(DKIM_RESULT_PERMERROR,
		                  "the key record is malformed");
	return key;
}

static void check_use(struct dkim_key *key, const struct dkim_claim *claim)
{
	if (key->result != DKIM_RESULT_NONE)
		return;
	if (key->algorithm != claim->algorithm)
		refuse(key, DKIM_RESULT_PERMERROR,
		       "the key is for another algorithm");
	else if (key->no_subdomains &&
	         strcmp(claim->identity_domain, claim->domain) != 0)
		refuse(key, DKIM_RESULT_PERMERROR,
		       "the key is not for subdomains");
}

struct dkim_key *dkim_key_fetch(struct resolver *resolver,
                                struct dns_budget *budget,
                                const struct dkim_claim *claim)
{
	g_autofree char *name = g_strconcat(claim->selector, "._domainkey.",
	                                    claim->domain, NULL);
	struct dns_answer *answer =
		resolver_lookup(resolver, budget, name, DNS_TYPE_TXT);
	struct dkim_key *key;

	if (answer->status == DNS_FOUND)
		key = key_choose(answer);
	else if (answer->status == DNS_FAILED)
		key = key_failure(DKIM_RESULT_TEMPERROR,
		                  "the key could not be looked up");
	else
		key = key_failure(DKIM_RESULT_PERMERROR, "there is no key");
	check_use(key, claim);
	dns_answer_unref(answer);
	return key;
}
