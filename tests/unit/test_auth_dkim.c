/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_dkim.c - the parts of DKIM that need no signature: tag lists,
 * claims, key records, body lengths
 *
 * Hermetic. Whole signatures: tests/conformance/dkim.
 */
#include "auth/dkim_length.h"
#include "auth/dkim_parts.h"

#include <openssl/evp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW ((gint64)1795363200)

/* --- tag lists --- */

static void test_tags_parse(void **state)
{
	static const char text[] = " v=1;A = b c\r\n\td ; e_1=;f==g=; ";
	const char *why = NULL;
	g_autoptr(GHashTable) tags =
		dkim_tags_parse(text, strlen(text), false, &why);

	(void)state;
	assert_non_null(tags);
	assert_int_equal(g_hash_table_size(tags), 4);
	assert_string_equal(g_hash_table_lookup(tags, "v"), "1");
	assert_string_equal(g_hash_table_lookup(tags, "a"), "bcd");
	assert_string_equal(g_hash_table_lookup(tags, "e_1"), "");
	assert_string_equal(g_hash_table_lookup(tags, "f"), "=g=");
}

static void test_tags_parse_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *why;
	} cases[] = {
		{ "", 0, "an empty tag list" },
		{ " \r\n ", 4, "an empty tag list" },
		{ ";", 1, "a tag without a value" },
		{ "a=1;;b=2", 8, "a tag without a value" },
		{ "a", 1, "a tag without a value" },
		{ "=1", 2, "a tag with a bad name" },
		{ "1a=1", 4, "a tag with a bad name" },
		{ "a b=1", 5, "a tag with a bad name" },
		{ "!cd=1", 5, "a tag with a bad name" },
		{ "a=1;a=1", 7, "a tag named twice" },
		{ "a=1;A=2", 7, "a tag named twice" },
		{ "a=1\0", 4, "a control character" },
		{ "a=\177", 3, "a control character" },
		{ "a=\303\241", 4, "a tag list that is not ASCII" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *why = NULL;

		if (dkim_tags_parse(cases[i].text, cases[i].len, false, &why) !=
		            NULL ||
		    strcmp(why, cases[i].why) != 0)
			fail_msg("%zu: %s", i, why);
	}
}

static void test_tags_parse_limit(void **state)
{
	(void)state;
	for (unsigned count = DKIM_TAGS_MAX; count <= DKIM_TAGS_MAX + 1;
	     count++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(GHashTable) tags = NULL;
		const char *why = NULL;

		for (unsigned i = 0; i < count; i++)
			g_string_append_printf(text, "t%u=x;", i);
		tags = dkim_tags_parse(text->str, text->len, false, &why);
		assert_int_equal(tags != NULL, count == DKIM_TAGS_MAX);
		if (tags == NULL)
			assert_string_equal(why, "too many tags");
	}
}

static void test_tags_parse_eight_bit(void **state)
{
	static const char text[] = "n=ol\303\241; p=x";
	const char *why = NULL;
	g_autoptr(GHashTable) tags =
		dkim_tags_parse(text, strlen(text), true, &why);

	(void)state;
	assert_non_null(tags);
	assert_string_equal(g_hash_table_lookup(tags, "p"), "x");
}

/* --- claims --- */

#define CLAIM                                                       \
	"v=1; a=rsa-sha256; d=Example.ORG; s=Sel; h=to:FROM; bh=bbbb; " \
	"b=abcd "

static void test_claim_parse(void **state)
{
	static const char text[] =
		" v=1; a=RSA-SHA256; c=simple/relaxed; d=Example.ORG;\r\n"
		"\ts=Sel._x-1; i=Ana@Mail.Example.org; h=to : From; q=dns/txt;"
		" l=007; t=1795363200; x=1795363201; bh=xx==;\r\n"
		"\tb=AB CD\r\n\tEFGHIJK=; z=From:a";
	struct dkim_claim *claim = dkim_claim_parse(text, strlen(text), NOW);

	(void)state;
	assert_int_equal(claim->result, DKIM_RESULT_NONE);
	assert_null(claim->why);
	assert_string_equal(claim->domain, "example.org");
	assert_string_equal(claim->selector, "Sel._x-1");
	assert_string_equal(claim->algorithm_name, "rsa-sha256");
	assert_string_equal(claim->b_prefix, "ABCDEFGH");
	assert_string_equal(claim->identity_domain, "mail.example.org");
	assert_int_equal(claim->algorithm, DKIM_RSA_SHA256);
	assert_true(claim->relaxed_body);
	assert_true(claim->has_length);
	assert_int_equal(claim->length, 7);
	dkim_claim_free(claim);
}

static void test_claim_parse_least(void **state)
{
	struct dkim_claim *claim = dkim_claim_parse(CLAIM, strlen(CLAIM), NOW);

	(void)state;
	assert_int_equal(claim->result, DKIM_RESULT_NONE);
	assert_false(claim->relaxed_body);
	assert_false(claim->has_length);
	assert_string_equal(claim->identity_domain, "example.org");
	assert_string_equal(claim->b_prefix, "abcd");
	assert_int_equal(g_bytes_get_size(claim->signature), 3);
	assert_int_equal(g_bytes_get_size(claim->body_hash), 3);
	dkim_claim_free(claim);
}

static void test_claim_parse_more(void **state)
{
	static const struct {
		const char *more; /* behind CLAIM */
		enum dkim_result want;
		const char *why;
	} cases[] = {
		{ "; c=relaxed", DKIM_RESULT_NONE, NULL },
		{ "; c=relaxed/simple/x", DKIM_RESULT_NEUTRAL,
		  "an unknown canonicalization" },
		{ "; c=", DKIM_RESULT_NEUTRAL, "an unknown canonicalization" },
		{ "; q=dns/txt", DKIM_RESULT_NONE, NULL },
		{ "; q=", DKIM_RESULT_NEUTRAL, "an unknown query method" },
		{ "; t=1795363500", DKIM_RESULT_NONE, NULL },
		{ "; t=1795363501", DKIM_RESULT_PERMERROR,
		  "dated in the future" },
		{ "; x=1795362901", DKIM_RESULT_NONE, NULL },
		{ "; x=1795362900", DKIM_RESULT_PERMERROR, "expired" },
		{ "; t=0; x=0", DKIM_RESULT_PERMERROR,
		  "expires before it was made" },
		{ "; t=5; x=4", DKIM_RESULT_PERMERROR,
		  "expires before it was made" },
		{ "; x=999999999999999999", DKIM_RESULT_NONE, NULL },
		{ "; x=1000000000000000000", DKIM_RESULT_NEUTRAL,
		  "t= or x= is no number" },
		{ "; t=", DKIM_RESULT_NEUTRAL, "t= or x= is no number" },
		{ "; t=+1", DKIM_RESULT_NEUTRAL, "t= or x= is no number" },
		{ "; l=999999999999999999", DKIM_RESULT_NONE, NULL },
		{ "; l=1e3", DKIM_RESULT_NEUTRAL, "l= is no number" },
		{ "; i=@example.org", DKIM_RESULT_NONE, NULL },
		{ "; i=\"a@b\"@a.example.org", DKIM_RESULT_NONE, NULL },
		{ "; i=@example.org.", DKIM_RESULT_NEUTRAL,
		  "i= is no identity" },
		{ "; i=", DKIM_RESULT_NEUTRAL, "i= is no identity" },
		{ "; i=a@xample.org", DKIM_RESULT_PERMERROR,
		  "i= is outside of d=" },
		{ "; i=a@org", DKIM_RESULT_PERMERROR, "i= is outside of d=" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(CLAIM, cases[i].more, NULL);
		struct dkim_claim *claim =
			dkim_claim_parse(text, strlen(text), NOW);

		if (claim->result != cases[i].want ||
		    g_strcmp0(claim->why, cases[i].why) != 0)
			fail_msg("%s: %s", cases[i].more, claim->why);
		dkim_claim_free(claim);
	}
}

static void test_claim_parse_hashes(void **state)
{
	static const struct {
		const char *bh;
		const char *b;
		const char *why;
	} cases[] = {
		{ "Zm9v", "Zm9v", NULL },
		{ "Zm8=", "Zg==", NULL },
		{ "Zm8", "Zg", NULL },
		{ "Zm9v", "Z", "b= is corrupt" },
		{ "Zm9v", "Zm9v=Zm9v", "b= is corrupt" },
		{ "Zm9v", "Zg===", "b= is corrupt" },
		{ "Zm9v", "Zm.v", "b= is corrupt" },
		{ "Zm9v!", "Zm9v", "bh= is corrupt" },
		{ "====", "Zm9v", "bh= is corrupt" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(
			"v=1; a=rsa-sha256; d=a.org; s=s; h=from; bh=%s; b=%s",
			cases[i].bh, cases[i].b);
		struct dkim_claim *claim =
			dkim_claim_parse(text, strlen(text), NOW);

		if (g_strcmp0(claim->why, cases[i].why) != 0)
			fail_msg("%s %s: %s", cases[i].bh, cases[i].b,
			         claim->why);
		dkim_claim_free(claim);
	}
}

/* The key's name has to fit into DNS; h= into libopendkim. */
static void test_claim_parse_sizes(void **state)
{
	static const struct {
		const char *name;
		size_t labels; /* of 60 characters in d= */
		size_t label;  /* length of another one */
		size_t names;  /* in h= */
		size_t name_len;
		enum dkim_result want;
	} cases[] = {
		{ "as long as can be", 3, 53, 1, 4, DKIM_RESULT_NONE },
		{ "key name too long", 3, 54, 1, 4, DKIM_RESULT_NEUTRAL },
		{ "d= too long", 4, 20, 1, 4, DKIM_RESULT_NEUTRAL },
		{ "label too long", 0, 64, 1, 4, DKIM_RESULT_NEUTRAL },
		{ "longest label", 0, 63, 1, 4, DKIM_RESULT_NONE },
		{ "most names", 0, 5, 255, 4, DKIM_RESULT_NONE },
		{ "too many names", 0, 5, 256, 4, DKIM_RESULT_NEUTRAL },
		{ "longest list", 0, 5, 10, 408, DKIM_RESULT_NONE },
		{ "list too long", 0, 5, 10, 409, DKIM_RESULT_NEUTRAL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *sixty = g_strnfill(60, 'a');
		g_autofree char *label = g_strnfill(cases[i].label, 'b');
		g_autofree char *name = g_strnfill(cases[i].name_len, 'c');
		g_autoptr(GString) text = g_string_new(
			"v=1; a=rsa-sha256; s=s; bh=bbbb; b=bbbb; h=From");
		struct dkim_claim *claim;

		for (size_t n = 0; n < cases[i].names; n++)
			g_string_append_printf(text, ":%s", name);
		g_string_append(text, "; d=");
		for (size_t n = 0; n < cases[i].labels; n++)
			g_string_append_printf(text, "%s.", sixty);
		g_string_append_printf(text, "%s.org", label);
		claim = dkim_claim_parse(text->str, text->len, NOW);
		if (claim->result != cases[i].want)
			fail_msg("%s: %s", cases[i].name, claim->why);
		dkim_claim_free(claim);
	}
}

/* --- keys --- */

static void put_element(GByteArray *out, guint8 tag, const guint8 *data,
                        guint len)
{
	const guint8 head[] = { tag, 0x82, (guint8)(len >> 8), (guint8)len };

	g_byte_array_append(out, head, sizeof(head));
	g_byte_array_append(out, data, len);
}

/* A bare RSAPublicKey of these sizes, in base64. */
static char *made_key(guint modulus_bytes, guint8 top, guint exponent_bytes)
{
	g_autoptr(GByteArray) numbers = g_byte_array_new();
	g_autoptr(GByteArray) whole = g_byte_array_new();
	g_autofree guint8 *number = g_malloc0(modulus_bytes + 1);
	g_autofree guint8 *exponent = g_malloc(exponent_bytes);

	memset(number + 1, 0x55, modulus_bytes);
	number[1] = top;
	memset(exponent, 3, exponent_bytes);
	put_element(numbers, 0x02, number, modulus_bytes + 1);
	put_element(numbers, 0x02, exponent, exponent_bytes);
	put_element(whole, 0x30, numbers->data, numbers->len);
	return g_base64_encode(whole->data, whole->len);
}

static void test_key_sizes(void **state)
{
	static const struct {
		const char *name;
		guint bytes;
		guint8 top;
		guint exponent;
		unsigned bits;
		enum dkim_result want;
	} cases[] = {
		{ "1024", 128, 0x80, 3, 1024, DKIM_RESULT_NONE },
		/* libopendkim counts whole bytes and would let it pass */
		{ "1023", 128, 0x40, 3, 1023, DKIM_RESULT_POLICY },
		{ "1017", 128, 0x01, 3, 1017, DKIM_RESULT_POLICY },
		{ "8", 1, 0x80, 1, 8, DKIM_RESULT_POLICY },
		{ "2048", 256, 0xff, 1, 2048, DKIM_RESULT_NONE },
		{ "3000", 375, 0x80, 1, 3000, DKIM_RESULT_NONE },
		{ "4096", 512, 0xff, 1, 4096, DKIM_RESULT_NONE },
		{ "4097", 513, 0x01, 1, 4097, DKIM_RESULT_PERMERROR },
		{ "8192", 1024, 0xff, 1, 8192, DKIM_RESULT_PERMERROR },
		{ "exponent of 64 bits", 256, 0xff, 8, 2048, DKIM_RESULT_NONE },
		{ "exponent of 72 bits", 256, 0xff, 9, 2048,
		  DKIM_RESULT_PERMERROR },
		{ "exponent as long as the modulus", 256, 0xff, 256, 2048,
		  DKIM_RESULT_PERMERROR },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *p = made_key(cases[i].bytes, cases[i].top,
		                              cases[i].exponent);
		g_autofree char *text = g_strconcat("p=", p, NULL);
		struct dkim_key *key = dkim_key_parse(text, strlen(text));

		if (key->result != cases[i].want || key->bits != cases[i].bits)
			fail_msg("%s: %u bits, %s", cases[i].name, key->bits,
			         key->why);
		assert_int_equal(key->pkey != NULL,
		                 cases[i].want == DKIM_RESULT_NONE);
		dkim_key_unref(key);
	}
}

/* What a bare RSAPublicKey is as SubjectPublicKeyInfo. */
static char *wrapped_key(const char *bare)
{
	static const guint8 head[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a,
		                       0x86, 0x48, 0x86, 0xf7, 0x0d,
		                       0x01, 0x01, 0x01, 0x05, 0x00 };
	g_autoptr(GByteArray) bits = g_byte_array_new();
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autoptr(GByteArray) whole = g_byte_array_new();
	size_t len;
	g_autofree guint8 *der = g_base64_decode(bare, &len);

	g_byte_array_append(bits, (const guint8[]){ 0 }, 1);
	g_byte_array_append(bits, der, (guint)len);
	g_byte_array_append(body, head, sizeof(head));
	put_element(body, 0x03, bits->data, bits->len);
	put_element(whole, 0x30, body->data, body->len);
	return g_base64_encode(whole->data, whole->len);
}

/* Both forms of a key are the same key. */
static void test_key_forms(void **state)
{
	g_autofree char *bare = made_key(128, 0x80, 3);
	g_autofree char *wrapped = wrapped_key(bare);
	g_autofree char *text = g_strconcat("p=", bare, NULL);
	g_autofree char *other = g_strconcat("p=", wrapped, NULL);
	struct dkim_key *first = dkim_key_parse(text, strlen(text));
	struct dkim_key *second = dkim_key_parse(other, strlen(other));

	(void)state;
	assert_non_null(first->pkey);
	assert_non_null(second->pkey);
	assert_int_equal(first->bits, second->bits);
	assert_int_equal(EVP_PKEY_eq(first->pkey, second->pkey), 1);
	dkim_key_unref(first);
	dkim_key_unref(second);
}

/* The ring gives back what was put on it, by its text, and stays bounded. */
static void test_keyring(void **state)
{
	struct dkim_keyring *ring = dkim_keyring_new();
	struct dkim_key *key = dkim_key_parse("p=", 2);
	struct dkim_key *found;
	unsigned kept = 0;

	(void)state;
	assert_null(dkim_keyring_find(ring, "0"));
	for (unsigned i = 0; i < 10000; i++) {
		g_autofree char *text = g_strdup_printf("%u", i);

		dkim_keyring_add(ring, text, key);
		found = dkim_keyring_find(ring, text);
		assert_ptr_equal(found, key);
		dkim_key_unref(found);
	}
	for (unsigned i = 0; i < 10000; i++) {
		g_autofree char *text = g_strdup_printf("%u", i);

		found = dkim_keyring_find(ring, text);
		kept += found != NULL;
		dkim_key_unref(found);
	}
	assert_in_range(kept, 1, 1000);
	dkim_key_unref(key);
	dkim_keyring_free(ring);
}

/* DER cut anywhere, or with any byte changed, is refused or is a key: the
 * same one, unless the numbers changed. It is never read past its end. */
static void test_key_broken_der(void **state)
{
	g_autofree char *bare = made_key(128, 0x80, 3);
	g_autofree char *wrapped = wrapped_key(bare);
	g_autofree char *text = g_strconcat("p=", wrapped, NULL);
	struct dkim_key *key = dkim_key_parse(text, strlen(text));
	size_t len;
	g_autofree guint8 *der = g_base64_decode(wrapped, &len);

	(void)state;
	assert_non_null(key->pkey);
	for (size_t i = 0; i < len; i++) {
		g_autofree guint8 *changed = g_memdup2(der, len);
		g_autofree char *cut = g_base64_encode(der, i);
		g_autofree char *cut_text = g_strconcat("p=", cut, NULL);
		g_autofree char *other = NULL;
		g_autofree char *other_text = NULL;
		struct dkim_key *got =
			dkim_key_parse(cut_text, strlen(cut_text));

		assert_int_equal(got->result, DKIM_RESULT_PERMERROR);
		dkim_key_unref(got);
		changed[i] ^= 0xff;
		other = g_base64_encode(changed, len);
		other_text = g_strconcat("p=", other, NULL);
		got = dkim_key_parse(other_text, strlen(other_text));
		if (i < 29 && got->pkey != NULL &&
		    EVP_PKEY_eq(got->pkey, key->pkey) != 1)
			fail_msg("byte %zu", i);
		dkim_key_unref(got);
	}
	dkim_key_unref(key);
}

/* --- lengths --- */

static void test_length(void **state)
{
	static const struct {
		const char *body;
		guint64 simple;
		guint64 relaxed;
	} cases[] = {
		{ "", 2, 0 },
		{ "\r\n", 2, 0 },
		{ "\r\n\r\n\r\n", 2, 0 },
		{ " \r\n", 3, 0 },
		{ "a\r\n", 3, 3 },
		{ "a\r\n\r\n", 3, 3 },
		{ "a\r\n \t\r\n", 7, 3 },
		{ "a\r\n\r\nb\r\n", 8, 8 },
		{ "a  b \r\n", 7, 5 },
		{ " a\r\n", 4, 4 },
		{ "\t \ta\r\n", 6, 4 },
		{ "a\rb\r\n", 5, 5 },
		{ "a\r\r\n", 4, 4 },
		{ "a \r \r\n", 6, 5 },
		{ "\r\n\r\na\r\n", 7, 7 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct dkim_length whole = { 0 }, single = { 0 };
		const char *body = cases[i].body;

		dkim_length_add(&whole, body, strlen(body));
		for (const char *p = body; *p != '\0'; p++)
			dkim_length_add(&single, p, 1);
		if (dkim_length_get(&whole, false) != cases[i].simple ||
		    dkim_length_get(&whole, true) != cases[i].relaxed ||
		    dkim_length_get(&single, false) != cases[i].simple ||
		    dkim_length_get(&single, true) != cases[i].relaxed)
			fail_msg("%zu: %u %u", i,
			         (unsigned)dkim_length_get(&whole, false),
			         (unsigned)dkim_length_get(&whole, true));
	}
}

static void test_result_name(void **state)
{
	(void)state;
	assert_string_equal(dkim_result_name(DKIM_RESULT_PASS), "pass");
	assert_string_equal(dkim_result_name(DKIM_RESULT_PERMERROR),
	                    "permerror");
	assert_string_equal(dkim_result_name((enum dkim_result)99), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags_parse),
		cmocka_unit_test(test_tags_parse_refuses),
		cmocka_unit_test(test_tags_parse_limit),
		cmocka_unit_test(test_tags_parse_eight_bit),
		cmocka_unit_test(test_claim_parse),
		cmocka_unit_test(test_claim_parse_least),
		cmocka_unit_test(test_claim_parse_more),
		cmocka_unit_test(test_claim_parse_hashes),
		cmocka_unit_test(test_claim_parse_sizes),
		cmocka_unit_test(test_key_sizes),
		cmocka_unit_test(test_key_forms),
		cmocka_unit_test(test_keyring),
		cmocka_unit_test(test_key_broken_der),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_result_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
