/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pieces.c - odd bytes, odd pieces, many signatures, many threads
 *
 * Hermetic but for the openssl command; the time stands still.
 */
#include "conformance/dkim/sign.h"

#include <opendkim/dkim.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "support/dnsput.h"

#define HEAD                                                                   \
	"From: Ana <ana@example.org>\r\n"                                      \
	"To: suporte@desk.example\r\n"                                         \
	"Subject: teste\r\n"                                                   \
	"Date: Sun, 22 Nov 2026 16:00:00 +0000\r\n"
#define BODY "Bom dia.\r\n"

static struct key_pair *key;
static struct key_pair *ed_key;
static struct resolver *resolver;
static struct dkim_library *library;

static int setup(void **state)
{
	GError *error = NULL;

	(void)state;
	sign_set_time(SIGN_NOW);
	key = key_pair_new(1024);
	ed_key = key_pair_new(0);
	resolver = sign_resolver();
	library = dkim_library_new(resolver, &error);
	assert_non_null(library);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dkim_library_free(library);
	resolver_free(resolver);
	key_pair_free(key);
	key_pair_free(ed_key);
	return 0;
}

static char *sign_for(const char *domain, const char *body, bool simple,
                      gint64 length)
{
	const struct sign_spec spec = {
		.key = key,
		.domain = domain,
		.selector = "sel",
		.algorithm = DKIM_SIGN_RSASHA256,
		.simple_header = simple,
		.simple_body = simple,
		.partial = length >= 0,
		.body_length = length,
	};
	g_autofree char *name = g_strconcat("sel._domainkey.", domain, NULL);

	sign_put_key(resolver, name, "v=DKIM1; p=%s", key->public);
	return sign_message(&spec, HEAD, body);
}

static GPtrArray *verify_bytes(const char *message, size_t len, size_t step)
{
	const struct verify_input input = {
		.resolver = resolver,
		.message = message,
		.len = len,
		.step = step,
		.from_domain = "example.org",
	};

	return verify(library, &input);
}

static enum dkim_result result_of(const GPtrArray *signatures, unsigned i)
{
	const struct dkim_signature *signature;

	assert_true(i < signatures->len);
	signature = signatures->pdata[i];
	return signature->result;
}

static const char *domain_of(const GPtrArray *signatures, unsigned i)
{
	const struct dkim_signature *signature = signatures->pdata[i];

	return signature->domain;
}

/* --- bytes --- */

/* What arrives differs from what was signed only in ways that the MTA levels
 * out; or it differs more, and must fail. */
static void test_bodies(void **state)
{
#define BYTES(text) text, sizeof(text) - 1
	static const struct {
		const char *name;
		const char *signed_body;
		const char *body;
		size_t len;
		enum dkim_result want_simple;
		enum dkim_result want_relaxed;
	} cases[] = {
		{ "plain", BODY, BYTES(BODY), DKIM_RESULT_PASS,
		  DKIM_RESULT_PASS },
		{ "empty", "", BYTES(""), DKIM_RESULT_PASS, DKIM_RESULT_PASS },
		{ "empty, then a line end", "", BYTES("\r\n"), DKIM_RESULT_PASS,
		  DKIM_RESULT_PASS },
		{ "only line ends", "\r\n\r\n\r\n", BYTES("\r\n"),
		  DKIM_RESULT_PASS, DKIM_RESULT_PASS },
		{ "only blanks", " \r\n", BYTES("\r\n"), DKIM_RESULT_FAIL,
		  DKIM_RESULT_PASS },
		{ "no final line end", BODY, BYTES("Bom dia."),
		  DKIM_RESULT_PASS, DKIM_RESULT_PASS },
		{ "final CR", BODY, BYTES("Bom dia.\r"), DKIM_RESULT_FAIL,
		  DKIM_RESULT_FAIL },
		{ "final LF", BODY, BYTES("Bom dia.\n"), DKIM_RESULT_PASS,
		  DKIM_RESULT_PASS },
		{ "LF only", "a\r\n\r\nb\r\n", BYTES("a\n\nb\n"),
		  DKIM_RESULT_PASS, DKIM_RESULT_PASS },
		{ "mixed", "a\r\n\r\nb\r\n", BYTES("a\r\n\nb"),
		  DKIM_RESULT_PASS, DKIM_RESULT_PASS },
		{ "CR alone kept", "a\rb\r\n", BYTES("a\rb\r\n"),
		  DKIM_RESULT_PASS, DKIM_RESULT_PASS },
		{ "CR CR LF", "a\r\r\n", BYTES("a\r\r\n"), DKIM_RESULT_PASS,
		  DKIM_RESULT_PASS },
		{ "NUL is no end", BODY, BYTES("Bom dia.\r\n\0PS\r\n"),
		  DKIM_RESULT_FAIL, DKIM_RESULT_FAIL },
		{ "NUL last", BODY, BYTES("Bom dia.\r\n\0"), DKIM_RESULT_FAIL,
		  DKIM_RESULT_FAIL },
		{ "8 bit", "ol\303\241 \377\r\n", BYTES("ol\303\241 \377\r\n"),
		  DKIM_RESULT_PASS, DKIM_RESULT_PASS },
		{ "dots", ".\r\n..\r\n", BYTES(".\r\n..\r\n"), DKIM_RESULT_PASS,
		  DKIM_RESULT_PASS },
	};
	static const size_t steps[] = { 0, 1, 2, 3, 7 };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases) * 2; i++) {
		bool simple = i % 2 == 0;
		g_autofree char *field = sign_for(
			"example.org", cases[i / 2].signed_body, simple, -1);
		enum dkim_result want = simple ? cases[i / 2].want_simple
		                               : cases[i / 2].want_relaxed;
		g_autoptr(GString) message = g_string_new(field);

		g_string_append(message, HEAD "\r\n");
		g_string_append_len(message, cases[i / 2].body,
		                    (gssize)cases[i / 2].len);
		for (size_t j = 0; j < G_N_ELEMENTS(steps); j++) {
			g_autoptr(GPtrArray) got = verify_bytes(
				message->str, message->len, steps[j]);

			if (result_of(got, 0) != want)
				fail_msg("%s, simple %d, step %zu: %s",
				         cases[i / 2].name, simple, steps[j],
				         dkim_result_name(result_of(got, 0)));
		}
	}
#undef BYTES
}

/* The whole message with LF, as a file has it. */
static void test_message_with_bare_lf(void **state)
{
	g_autofree char *field = sign_for("example.org", BODY, true, -1);
	g_autofree char *message = g_strconcat(field, HEAD "\r\n" BODY, NULL);
	g_auto(GStrv) lines = g_strsplit(message, "\r\n", -1);
	g_autofree char *unix_message = g_strjoinv("\n", lines);
	g_autoptr(GPtrArray) got =
		verify_bytes(unix_message, strlen(unix_message), 0);

	(void)state;
	assert_int_equal(result_of(got, 0), DKIM_RESULT_PASS);
}

/* A NUL in a signed field breaks the signature, in another one it does not. */
static void test_nul_in_header(void **state)
{
	static const struct {
		const char *field;
		size_t len;
		enum dkim_result want;
	} cases[] = {
		{ "X-A: a\0b\r\n", 10, DKIM_RESULT_PASS },
		{ "Subject: a\0b\r\n", 14, DKIM_RESULT_FAIL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *field =
			sign_for("example.org", BODY, false, -1);
		g_autoptr(GString) message = g_string_new(field);
		g_autoptr(GPtrArray) got = NULL;

		g_string_append(message, HEAD);
		g_string_append_len(message, cases[i].field,
		                    (gssize)cases[i].len);
		g_string_append(message, "\r\n" BODY);
		got = verify_bytes(message->str, message->len, 0);
		assert_int_equal(result_of(got, 0), cases[i].want);
	}
}

/* h= longer than the header: libopendkim's list of selected fields. */
static void test_more_names_than_fields(void **state)
{
	g_autofree char *field = sign_for("example.org", BODY, false, -1);
	char *h = strstr(field, "\th=") + 1;

	(void)state;
	for (unsigned names = 1; names <= 300; names++) {
		g_autoptr(GString) message = g_string_new_len(field, h - field);
		g_autoptr(GPtrArray) got = NULL;

		g_string_append(message, "h=DKIM-Signature:From:To:Date");
		for (unsigned i = 0; i < names; i++)
			g_string_append(message,
			                i % 8 == 7 ? ":\r\n\tX" : ":Subject");
		g_string_append(message, strchr(h, ';'));
		g_string_append(message, HEAD "\r\n" BODY);
		got = verify_bytes(message->str, message->len, 0);
		if (result_of(got, 0) !=
		    (names + 4 > 256 ? DKIM_RESULT_NEUTRAL : DKIM_RESULT_FAIL))
			fail_msg("%u names", names);
	}
}

/* --- several signatures --- */

static void test_malformed_beside_sound(void **state)
{
	g_autofree char *sound = sign_for("example.org", BODY, false, -1);
	g_autofree char *message = g_strconcat(
		"DKIM-Signature: v=1; a=; b\r\n"
		"DKIM-Signature: \r\n"
		"DKIM-Signature:\303\241\r\n"
		"dkim-signature : v=1; d=example.org; d=example.org\r\n",
		sound, "DKIM-Signature: ;;;\r\n" HEAD "\r\n" BODY, NULL);
	g_autoptr(GPtrArray) got = verify_bytes(message, strlen(message), 0);

	(void)state;
	assert_int_equal(got->len, 6);
	assert_int_equal(result_of(got, 0), DKIM_RESULT_PASS);
	for (unsigned i = 1; i < 6; i++)
		assert_int_equal(result_of(got, i), DKIM_RESULT_NEUTRAL);
}

static void test_one_fails_others_pass(void **state)
{
	g_autofree char *a = sign_for("example.com", BODY, false, -1);
	g_autofree char *b = sign_for("example.org", BODY, true, -1);
	g_autofree char *c = sign_for("example.net", "other\r\n", false, -1);
	g_autofree char *d = sign_for("mail.example.org", BODY, false, -1);
	g_autofree char *message =
		g_strconcat(a, b, c, d, HEAD "\r\n" BODY, NULL);
	g_autoptr(GPtrArray) got = verify_bytes(message, strlen(message), 0);

	(void)state;
	assert_int_equal(got->len, 4);
	assert_string_equal(domain_of(got, 0), "example.org");
	assert_int_equal(result_of(got, 0), DKIM_RESULT_PASS);
	assert_string_equal(domain_of(got, 1), "mail.example.org");
	assert_int_equal(result_of(got, 1), DKIM_RESULT_PASS);
	assert_string_equal(domain_of(got, 2), "example.com");
	assert_int_equal(result_of(got, 2), DKIM_RESULT_PASS);
	assert_string_equal(domain_of(got, 3), "example.net");
	assert_int_equal(result_of(got, 3), DKIM_RESULT_FAIL);
}

/* Two algorithms under one name cannot be: the key fits one of them. */
static void test_rsa_and_ed25519(void **state)
{
	const struct sign_spec spec = {
		.key = ed_key,
		.domain = "example.org",
		.selector = "ed",
		.algorithm = DKIM_SIGN_ED25519SHA256,
	};
	g_autofree char *ed = sign_message(&spec, HEAD, BODY);
	g_autofree char *rsa = sign_for("example.org", BODY, false, -1);
	g_autofree char *message = g_strconcat(ed, rsa, HEAD "\r\n" BODY, NULL);
	g_autoptr(GPtrArray) got = NULL;
	const struct dkim_signature *first;

	(void)state;
	sign_put_key(resolver, "ed._domainkey.example.org",
	             "v=DKIM1; k=ed25519; p=%s", ed_key->public);
	got = verify_bytes(message, strlen(message), 0);
	assert_int_equal(got->len, 2);
	first = got->pdata[0];
	assert_string_equal(first->algorithm, "ed25519-sha256");
	assert_string_equal(first->selector, "ed");
	assert_int_equal(strlen(first->b_prefix), 8);
	assert_int_equal(result_of(got, 0), DKIM_RESULT_PASS);
	assert_int_equal(result_of(got, 1), DKIM_RESULT_PASS);
}

/* The aligned signature is below 299 others and still gets its turn. */
static void test_many_signatures_aligned_first(void **state)
{
	g_autoptr(GString) message = g_string_new(NULL);
	g_autofree char *aligned = sign_for("example.org", BODY, false, -1);
	g_autofree char *other = sign_for("example.com", BODY, false, -1);
	g_autoptr(GPtrArray) got = NULL;
	const struct dkim_signature *rest;

	(void)state;
	for (unsigned i = 0; i < 299; i++)
		g_string_append(message, other);
	g_string_append(message, aligned);
	g_string_append(message, HEAD "\r\n" BODY);
	got = verify_bytes(message->str, message->len, 0);
	assert_int_equal(got->len, 9);
	assert_string_equal(domain_of(got, 0), "example.org");
	assert_int_equal(result_of(got, 0), DKIM_RESULT_PASS);
	assert_int_equal(result_of(got, 7), DKIM_RESULT_PASS);
	rest = got->pdata[8];
	assert_int_equal(rest->result, DKIM_RESULT_POLICY);
	assert_string_equal(rest->reason, "292 more signatures were not tried");
}

/* Malformed fields do not use up the places of sound ones. */
static void test_many_malformed_then_sound(void **state)
{
	g_autoptr(GString) message = g_string_new(NULL);
	g_autofree char *sound = sign_for("example.com", BODY, false, -1);
	g_autoptr(GPtrArray) got = NULL;

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		g_string_append(message, "DKIM-Signature: v=1; d=example.org;"
		                         " s=sel; x\r\n");
	g_string_append(message, sound);
	g_string_append(message, HEAD "\r\n" BODY);
	got = verify_bytes(message->str, message->len, 0);
	assert_int_equal(got->len, 9);
	assert_int_equal(result_of(got, 0), DKIM_RESULT_PASS);
	assert_int_equal(result_of(got, 1), DKIM_RESULT_NEUTRAL);
}

/* Distinct l= values: the whole body is hashed once for each. */
static void test_lengths_are_told_apart(void **state)
{
	static const char body[] = "one \t two\r\n\r\n three\r\n\r\n";
	g_autoptr(GString) message = g_string_new(NULL);
	g_autoptr(GPtrArray) got = NULL;

	(void)state;
	for (gint64 length = 14; length <= 19; length++) {
		g_autofree char *field =
			sign_for("example.org", body, false, length);

		g_string_append(message, field);
	}
	g_string_append(message, HEAD "\r\n");
	g_string_append(message, body);
	got = verify_bytes(message->str, message->len, 0);
	/* "one two", CRLF, CRLF, " three", CRLF: 19 */
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(result_of(got, i), DKIM_RESULT_POLICY);
	assert_int_equal(result_of(got, 5), DKIM_RESULT_PASS);
}

/* --- limits --- */

static void test_lookups_are_limited(void **state)
{
	g_autofree char *a = sign_for("example.org", BODY, false, -1);
	g_autofree char *b = sign_for("example.com", BODY, false, -1);
	g_autofree char *message = g_strconcat(a, b, HEAD "\r\n" BODY, NULL);
	const struct verify_input input = {
		.resolver = resolver,
		.message = message,
		.len = strlen(message),
		.from_domain = "example.org",
		.lookups = 1,
	};
	g_autoptr(GPtrArray) got = verify(library, &input);

	(void)state;
	assert_int_equal(result_of(got, 0), DKIM_RESULT_PASS);
	assert_int_equal(result_of(got, 1), DKIM_RESULT_TEMPERROR);
}

/* Seven keys of strangers whose name servers are silent, 300 ms each: they
 * get a quarter of the two seconds, the rest is left for SPF and DMARC. */
static void test_foreign_keys_do_not_use_up_the_time(void **state)
{
	struct resolver *silent = dnsput_resolver();
	struct dkim_library *other = dkim_library_new(silent, NULL);
	struct limits limits;
	gint64 start = clock_monotonic();
	struct dns_budget budget = { .lookups_left = 40,
		                     .deadline = start + 2000 };
	struct dkim_verifier *verifier;
	g_autoptr(GPtrArray) got = NULL;

	(void)state;
	assert_non_null(other);
	limits_init(&limits);
	verifier = dkim_verifier_new(other, &limits, &budget);
	dkim_verifier_header(verifier, "From", 4, " ana@example.org", 16);
	for (unsigned i = 0; i < 7; i++) {
		g_autofree char *value = g_strdup_printf(
			" v=1; a=rsa-sha256; d=e%u.example; s=s; h=From; "
			"bh=AAAA; b=AAAA",
			i);

		dkim_verifier_header(verifier, "DKIM-Signature", 14, value,
		                     strlen(value));
	}
	assert_false(dkim_verifier_end_header(verifier, "example.org"));
	assert_true(budget.deadline == start + 2000);
	assert_true(clock_monotonic() < start + 1500);
	got = dkim_verifier_finish(verifier);
	assert_int_equal(got->len, 7);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(result_of(got, i), DKIM_RESULT_TEMPERROR);
	dkim_verifier_free(verifier);
	dkim_library_free(other);
	resolver_free(silent);
}

static void test_header_past_its_limits(void **state)
{
	static const struct {
		unsigned fields;
		size_t bytes;
		enum dkim_result want;
	} cases[] = {
		{ 990, 10, DKIM_RESULT_PASS },
		{ 1000, 10, DKIM_RESULT_NEUTRAL },
		{ 4, 60000, DKIM_RESULT_PASS },
		{ 5, 60000, DKIM_RESULT_NEUTRAL },
	};
	g_autofree char *field = sign_for("example.org", BODY, false, -1);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *fill = g_strnfill(cases[i].bytes, 'x');
		g_autoptr(GString) message = g_string_new(field);
		g_autoptr(GPtrArray) got = NULL;

		for (unsigned j = 0; j < cases[i].fields; j++)
			g_string_append_printf(message, "X-Fill: %s\r\n", fill);
		g_string_append(message, HEAD "\r\n" BODY);
		got = verify_bytes(message->str, message->len, 0);
		assert_int_equal(result_of(got, 0), cases[i].want);
	}
}

/* Past 64 KiB libopendkim's buffers end; that is no reason to try again. */
static void test_signed_field_of_200_kib(void **state)
{
	g_autofree char *fill = g_strnfill(200 * 1024, 'x');
	g_autofree char *head = g_strconcat(
		"From: ana@example.org\r\nSubject: ", fill, "\r\n", NULL);
	g_autofree char *field = sign_for("example.org", BODY, false, -1);
	g_autofree char *message = g_strconcat(field, head, "\r\n" BODY, NULL);
	g_autoptr(GPtrArray) got = verify_bytes(message, strlen(message), 0);

	(void)state;
	assert_true(result_of(got, 0) == DKIM_RESULT_FAIL ||
	            result_of(got, 0) == DKIM_RESULT_NEUTRAL);
}

/* --- other --- */

static void test_unsigned_message(void **state)
{
	g_autoptr(GPtrArray) got =
		verify_bytes(HEAD "\r\n" BODY, strlen(HEAD "\r\n" BODY), 0);

	(void)state;
	assert_int_equal(got->len, 0);
}

static void test_abandoned_verifier(void **state)
{
	struct limits limits;
	struct dns_budget budget = { .lookups_left = 10,
		                     .deadline = clock_monotonic() + 5000 };
	struct dkim_verifier *verifier;
	g_autofree char *field = sign_for("example.org", BODY, false, -1);
	const char *value = strchr(field, ':') + 1;

	(void)state;
	limits_init(&limits);
	for (unsigned stage = 0; stage < 4; stage++) {
		verifier = dkim_verifier_new(library, &limits, &budget);
		if (stage > 0)
			dkim_verifier_header(verifier, "DKIM-Signature", 14,
			                     value, strlen(value) - 2);
		if (stage > 1)
			dkim_verifier_header(verifier, "From", 4, " a@b.org",
			                     8);
		if (stage > 2) {
			assert_true(dkim_verifier_end_header(verifier, NULL));
			dkim_verifier_body(verifier, "x", 1);
		}
		dkim_verifier_free(verifier);
	}
}

struct shared_work {
	const char *message;
	gint passed;
};

static void *verify_often(void *data)
{
	struct shared_work *work = data;

	for (unsigned i = 0; i < 50; i++) {
		g_autoptr(GPtrArray) got =
			verify_bytes(work->message, strlen(work->message), 5);
		const struct dkim_signature *first = got->pdata[0];

		if (first->result == DKIM_RESULT_PASS)
			g_atomic_int_inc(&work->passed);
	}
	return NULL;
}

static void test_threads_share_the_library(void **state)
{
	g_autofree char *field = sign_for("example.org", BODY, false, -1);
	g_autofree char *message = g_strconcat(field, HEAD "\r\n" BODY, NULL);
	struct shared_work work = { .message = message };
	GThread *threads[4];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("verify", verify_often, &work);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	assert_int_equal(g_atomic_int_get(&work.passed), 200);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_message_with_bare_lf),
		cmocka_unit_test(test_nul_in_header),
		cmocka_unit_test(test_more_names_than_fields),
		cmocka_unit_test(test_malformed_beside_sound),
		cmocka_unit_test(test_one_fails_others_pass),
		cmocka_unit_test(test_rsa_and_ed25519),
		cmocka_unit_test(test_many_signatures_aligned_first),
		cmocka_unit_test(test_many_malformed_then_sound),
		cmocka_unit_test(test_lengths_are_told_apart),
		cmocka_unit_test(test_lookups_are_limited),
		cmocka_unit_test(test_foreign_keys_do_not_use_up_the_time),
		cmocka_unit_test(test_header_past_its_limits),
		cmocka_unit_test(test_signed_field_of_200_kib),
		cmocka_unit_test(test_unsigned_message),
		cmocka_unit_test(test_abandoned_verifier),
		cmocka_unit_test(test_threads_share_the_library),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
