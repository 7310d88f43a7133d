/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.c - which signatures count: one good or bad thing a case
 *
 * A message is signed, edited, and verified with the key record of the case.
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

enum key {
	RSA_1024,
	RSA_2048,
	RSA_OTHER,
	RSA_4096,
	RSA_1016,
	ED25519,
	KEY__COUNT
};

static const unsigned key_bits[] = { 1024, 2048, 2048, 4096, 1016, 0 };
G_STATIC_ASSERT(G_N_ELEMENTS(key_bits) == KEY__COUNT);

static struct key_pair *keys[KEY__COUNT];
static struct resolver *resolver;
static struct dkim_library *library;

#define HEAD                                                                   \
	"Received: from x by y;\r\n\tSun, 22 Nov 2026 16:00:00 +0000\r\n"      \
	"From: Ana <ana@example.org>\r\n"                                      \
	"To: suporte@desk.example\r\n"                                         \
	"Subject: Um  teste\r\n com dobra\r\n"                                 \
	"Date: Sun, 22 Nov 2026 16:00:00 +0000\r\n"                            \
	"Message-ID: <1@example.org>\r\n"
#define BODY "Bom dia. \r\n\r\n  Tudo  bem?\r\n\r\n\r\n"
#define NAME "sel._domainkey.example.org"

static int setup(void **state)
{
	GError *error = NULL;

	(void)state;
	sign_set_time(SIGN_NOW);
	for (unsigned i = 0; i < KEY__COUNT; i++)
		keys[i] = key_pair_new(key_bits[i]);
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
	for (unsigned i = 0; i < KEY__COUNT; i++)
		key_pair_free(keys[i]);
	return 0;
}

struct edit {
	const char *find; /* NULL: no edit; "" : put at the front */
	const char *put;
};

struct policy_case {
	const char *name;
	enum key key;
	struct sign_spec spec; /* key, domain and selector are filled in */
	const char *record;    /* %s: the public key; NULL: "k=rsa; p=%s" */
	struct edit edit[2];
	gint64 later; /* verified so many seconds after signing */
	enum dkim_result want;
	const char *reason; /* NULL: not looked at */
};

#define RSA .algorithm = DKIM_SIGN_RSASHA256
#define ED  .algorithm = DKIM_SIGN_ED25519SHA256

static char *edited(const char *text, const struct edit *edit)
{
	const char *at;
	GString *out;

	if (edit->find == NULL)
		return g_strdup(text);
	at = strstr(text, edit->find);
	if (at == NULL)
		fail_msg("nothing to edit: %s", edit->find);
	out = g_string_new_len(text, at - text);
	g_string_append(out, edit->put);
	g_string_append(out, at + strlen(edit->find));
	return g_string_free(out, FALSE);
}

static char *case_message(const struct policy_case *c)
{
	struct sign_spec spec = c->spec;
	g_autofree char *field = NULL;
	g_autofree char *message = NULL;
	g_autofree char *once = NULL;

	spec.key = keys[c->key];
	if (spec.domain == NULL)
		spec.domain = "example.org";
	spec.selector = "sel";
	field = sign_message(&spec, HEAD, BODY);
	message = g_strconcat(field, HEAD "\r\n" BODY, NULL);
	once = edited(message, &c->edit[0]);
	return edited(once, &c->edit[1]);
}

static void put_record(const struct policy_case *c)
{
	const char *format = c->record != NULL ? c->record : "v=DKIM1; p=%s";
	const char *mark = strstr(format, "%s");
	g_autoptr(GString) text = g_string_new(format);

	if (mark != NULL) {
		g_string_truncate(text, (gsize)(mark - format));
		g_string_append(text, keys[c->key]->public);
		g_string_append(text, mark + 2);
	}
	dnsput(resolver, NAME, DNS_TYPE_TXT, text->str);
}

static void check(const struct policy_case *c, const char *message, size_t step)
{
	const struct verify_input input = {
		.resolver = resolver,
		.message = message,
		.len = strlen(message),
		.step = step,
		.from_domain = "example.org",
	};
	g_autoptr(GPtrArray) signatures = verify(library, &input);
	const struct dkim_signature *signature;

	if (signatures->len != 1)
		fail_msg("%s: %u signatures", c->name, signatures->len);
	signature = signatures->pdata[0];
	if (signature->result != c->want)
		fail_msg("%s: %s (%s), not %s", c->name,
		         dkim_result_name(signature->result), signature->reason,
		         dkim_result_name(c->want));
	if (c->reason != NULL && g_strcmp0(c->reason, signature->reason) != 0)
		fail_msg("%s: \"%s\"", c->name, signature->reason);
	if ((c->want == DKIM_RESULT_PASS) != (signature->reason == NULL))
		fail_msg("%s: reason", c->name);
}

static void run_cases(const struct policy_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		g_autofree char *message = case_message(&cases[i]);

		put_record(&cases[i]);
		sign_set_time(SIGN_NOW + cases[i].later);
		check(&cases[i], message, 0);
		check(&cases[i], message, 1);
		sign_set_time(SIGN_NOW);
	}
}

static void test_signatures_that_pass(void **state)
{
	static const struct policy_case cases[] = {
		{ .name = "2048",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .want = DKIM_RESULT_PASS },
		{ .name = "simple",
		  .key = RSA_2048,
		  .spec = { RSA, .simple_header = true, .simple_body = true },
		  .want = DKIM_RESULT_PASS },
		{ .name = "simple header",
		  .key = RSA_2048,
		  .spec = { RSA, .simple_header = true },
		  .want = DKIM_RESULT_PASS },
		{ .name = "simple body",
		  .key = RSA_2048,
		  .spec = { RSA, .simple_body = true },
		  .want = DKIM_RESULT_PASS },
		{ .name = "1024",
		  .key = RSA_1024,
		  .spec = { RSA },
		  .want = DKIM_RESULT_PASS },
		{ .name = "4096",
		  .key = RSA_4096,
		  .spec = { RSA },
		  .want = DKIM_RESULT_PASS },
		{ .name = "ed25519",
		  .key = ED25519,
		  .spec = { ED },
		  .record = "v=DKIM1; k=ed25519; p=%s",
		  .want = DKIM_RESULT_PASS },
		{ .name = "all tags",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .record = "v=DKIM1; h=sha1:sha256; k=rsa; s=email; t=; "
		            "n=ol\303\241; g=*; x=1; p=%s;",
		  .want = DKIM_RESULT_PASS },
		{ .name = "t=s and i= at d=",
		  .key = RSA_2048,
		  .spec = { RSA, .identity = "ana@example.org" },
		  .record = "t=s; p=%s",
		  .want = DKIM_RESULT_PASS },
		{ .name = "i= below d=",
		  .key = RSA_2048,
		  .spec = { RSA, .identity = "@mail.example.org" },
		  .want = DKIM_RESULT_PASS },
		{ .name = "a further tag",
		  .key = RSA_2048,
		  .spec = { RSA, .xtag = "zz", .xvalue = "b=c" },
		  .want = DKIM_RESULT_PASS },
		{ .name = "l= of the whole relaxed body",
		  .key = RSA_2048,
		  .spec = { RSA, .partial = true, .body_length = 26 },
		  .want = DKIM_RESULT_PASS },
		{ .name = "l= of the whole simple body",
		  .key = RSA_2048,
		  .spec = { RSA, .partial = true, .body_length = 28,
		            .simple_body = true },
		  .want = DKIM_RESULT_PASS },
		{ .name = "blank lines after l=",
		  .key = RSA_2048,
		  .spec = { RSA, .partial = true, .body_length = 26 },
		  .edit = { { "\r\n\r\n\r\n", "\r\n\r\n\r\n \r\n\r\n" } },
		  .want = DKIM_RESULT_PASS },
		{ .name = "not expired",
		  .key = RSA_2048,
		  .spec = { RSA, .ttl = 3600 },
		  .later = 3599,
		  .want = DKIM_RESULT_PASS },
		{ .name = "expired within the tolerance",
		  .key = RSA_2048,
		  .spec = { RSA, .ttl = 3600 },
		  .later = 3899,
		  .want = DKIM_RESULT_PASS },
		{ .name = "slightly ahead",
		  .key = RSA_2048,
		  .spec = { RSA, .time = SIGN_NOW + 300 },
		  .want = DKIM_RESULT_PASS },
		{ .name = "unsigned field added",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "", "X-Spam: no\r\n" } },
		  .want = DKIM_RESULT_PASS },
		{ .name = "white space changed",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "Um  teste\r\n com", "Um teste  com" },
		            { "Bom dia. \r\n", "Bom\tdia.\r\n" } },
		  .want = DKIM_RESULT_PASS },
	};

	(void)state;
	run_cases(cases, G_N_ELEMENTS(cases));
}

static void test_signatures_that_fail(void **state)
{
	static const struct policy_case cases[] = {
		{ .name = "body",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "Bom dia", "Boa noite" } },
		  .want = DKIM_RESULT_FAIL,
		  .reason = "the body was altered" },
		{ .name = "tail",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "\r\n\r\n\r\n", "\r\n\r\n\r\nPS\r\n" } },
		  .want = DKIM_RESULT_FAIL },
		{ .name = "subject",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "teste", "texto" } },
		  .want = DKIM_RESULT_FAIL,
		  .reason = "the signature does not fit the header" },
		{ .name = "From",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "<ana@", "<eva@" } },
		  .want = DKIM_RESULT_FAIL },
		{ .name = "white space under simple",
		  .key = RSA_2048,
		  .spec = { RSA, .simple_header = true },
		  .edit = { { "Um  teste", "Um teste" } },
		  .want = DKIM_RESULT_FAIL },
		{ .name = "subject removed",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "Subject: Um  teste\r\n com dobra\r\n", "" } },
		  .want = DKIM_RESULT_FAIL },
		{ .name = "l= past the end",
		  .key = RSA_2048,
		  .spec = { RSA, .partial = true, .body_length = 26 },
		  .edit = { { "Tudo  bem?\r\n", "" } },
		  .want = DKIM_RESULT_FAIL,
		  .reason = NULL },
		{ .name = "unknown tag changed",
		  .key = RSA_2048,
		  .spec = { RSA, .xtag = "zz", .xvalue = "abc" },
		  .edit = { { "zz=abc", "zz=abd" } },
		  .want = DKIM_RESULT_FAIL },
	};

	(void)state;
	run_cases(cases, G_N_ELEMENTS(cases));
}

/* They verify, or might, and are not counted. */
static void test_signatures_against_policy(void **state)
{
	static const struct policy_case cases[] = {
		{ .name = "SHA-1",
		  .key = RSA_2048,
		  .spec = { .algorithm = DKIM_SIGN_RSASHA1 },
		  .want = DKIM_RESULT_POLICY,
		  .reason = "SHA-1 is not accepted" },
		{ .name = "1016 bits",
		  .key = RSA_1016,
		  .spec = { RSA },
		  .want = DKIM_RESULT_POLICY,
		  .reason = "the key is shorter than 1024 bits" },
		{ .name = "testing",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .record = "v=DKIM1; t=y; p=%s",
		  .want = DKIM_RESULT_POLICY,
		  .reason = "the key is for testing" },
		{ .name = "testing among others",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .record = "v=DKIM1; t=x: Y :s; p=%s",
		  .want = DKIM_RESULT_POLICY,
		  .reason = "the key is for testing" },
		{ .name = "l= and a tail",
		  .key = RSA_2048,
		  .spec = { RSA, .partial = true, .body_length = 26 },
		  .edit = { { "\r\n\r\n\r\n", "\r\nPague aqui\r\n" } },
		  .want = DKIM_RESULT_POLICY,
		  .reason = "l= leaves a part of the body unsigned" },
		{ .name = "l=0",
		  .key = RSA_2048,
		  .spec = { RSA, .partial = true, .body_length = 0 },
		  .want = DKIM_RESULT_POLICY },
		{ .name = "l= cuts the simple body",
		  .key = RSA_2048,
		  .spec = { RSA, .partial = true, .body_length = 26,
		            .simple_body = true },
		  .want = DKIM_RESULT_POLICY },
		{ .name = "second From above",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "", "From: eva@example.com\r\n" } },
		  .want = DKIM_RESULT_POLICY,
		  .reason = "there is more than one From field" },
		{ .name = "second From below",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "Date: ", "FROM : eva@example.com\r\nDate: " } },
		  .want = DKIM_RESULT_POLICY,
		  .reason = "there is more than one From field" },
		{ .name = "same From again",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "", "From: Ana <ana@example.org>\r\n" } },
		  .want = DKIM_RESULT_POLICY },
		{ .name = "no From left",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "From: Ana <ana@example.org>\r\n", "" } },
		  .want = DKIM_RESULT_PERMERROR,
		  .reason = "there is no From field" },
		{ .name = "From not signed",
		  .key = RSA_2048,
		  .spec = { RSA },
		  .edit = { { "h=Received:From:", "h=Received:X-From:" } },
		  .want = DKIM_RESULT_PERMERROR,
		  .reason = "From is not signed" },
		{ .name = "expired",
		  .key = RSA_2048,
		  .spec = { RSA, .ttl = 3600 },
		  .later = 3900,
		  .want = DKIM_RESULT_PERMERROR,
		  .reason = "expired" },
		{ .name = "in the future",
		  .key = RSA_2048,
		  .spec = { RSA, .time = SIGN_NOW + 301 },
		  .want = DKIM_RESULT_PERMERROR,
		  .reason = "dated in the future" },
		{ .name = "t=s and i= below d=",
		  .key = RSA_2048,
		  .spec = { RSA, .identity = "@mail.example.org" },
		  .record = "t=s; p=%s",
		  .want = DKIM_RESULT_PERMERROR,
		  .reason = "the key is not for subdomains" },
		{ .name = "i= elsewhere",
		  .key = RSA_2048,
		  .spec = { RSA, .identity = "@mail.example.org" },
		  .edit = { { "i=@mail.example.org", "i=@example.com" } },
		  .want = DKIM_RESULT_PERMERROR,
		  .reason = "i= is outside of d=" },
		{ .name = "i= ends alike",
		  .key = RSA_2048,
		  .spec = { RSA, .identity = "@mail.example.org" },
		  .edit = { { "i=@mail.example.org", "i=@badexample.org" } },
		  .want = DKIM_RESULT_PERMERROR },
	};

	(void)state;
	run_cases(cases, G_N_ELEMENTS(cases));
}

static void test_key_records_that_are_refused(void **state)
{
	static const struct {
		const char *record;
		const char *reason;
	} rows[] = {
		{ "v=DKIM1; p=", "the key is revoked" },
		{ "v=DKIM1; p= ;", "the key is revoked" },
		{ "v=DKIM1", "the key record has no key" },
		{ "v=DKIM2; p=%s", "the key has an unknown version" },
		{ "v=DKIM1; h=sha1; p=%s", "the key does not allow SHA-256" },
		{ "v=DKIM1; s=tlsrpt; p=%s", "the key is not for mail" },
		{ "v=DKIM1; k=dsa; p=%s", "the key is of an unknown type" },
		{ "v=DKIM1; k=ed25519; p=%s", "the key is malformed" },
		{ "v=DKIM1; k=ed25519; "
		  "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		  "the key is for another algorithm" },
		{ "v=DKIM1; p=%s; p=%s", "the key record is malformed" },
		{ "v=DKIM1; p", "the key record is malformed" },
		{ "v=DKIM1; p=A", "the key is malformed" },
		{ "v=DKIM1; p=AAAA", "the key is malformed" },
		{ "v=DKIM1; p=%s!", "the key is malformed" },
		{ "v=DKIM1; p====", "the key is malformed" },
		{ "v=spf1 -all", "the key record is malformed" },
		{ "", "the key record is malformed" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct policy_case c = {
			.name = rows[i].record,
			.key = RSA_2048,
			.spec = { RSA },
			.record = rows[i].record,
			.want = DKIM_RESULT_PERMERROR,
			.reason = rows[i].reason,
		};

		run_cases(&c, 1);
	}
}

/* A field that is no sound signature is neutral, whatever it says. */
static void test_fields_that_are_no_signature(void **state)
{
	static const struct {
		const char *name;
		struct edit edit;
	} rows[] = {
		{ "d= twice",
		  { "; d=example.org", "; d=x.org; d=example.org" } },
		{ "D= too", { "; d=example.org", "; d=example.org; D=x.org" } },
		{ "b= twice", { "\tb=", "\tb=AAAA; b=" } },
		{ "x= twice", { " v=1;", " v=1; x=1; x=2;" } },
		{ "unknown tag twice", { " v=1;", " v=1; q1=1; q1=1;" } },
		{ "UTF-8", { " v=1;", " v=1; n=ol\303\241;" } },
		{ "control character", { " v=1;", " v=1; n=\001;" } },
		{ "no value", { " v=1;", " v=1; n;" } },
		{ "no name", { " v=1;", " v=1; =n;" } },
		{ "name with a digit first", { " v=1;", " v=1; 1n=n;" } },
		{ "empty tag", { " v=1;", " v=1;; " } },
		{ "version 2", { " v=1;", " v=2;" } },
		{ "no version", { " v=1;", "" } },
		{ "no selector", { " s=sel;", "" } },
		{ "empty selector", { " s=sel;", " s=;" } },
		{ "selector with a slash", { " s=sel;", " s=../sel;" } },
		{ "selector with a quote", { " s=sel;", " s=s\"l;" } },
		{ "selector with two dots", { " s=sel;", " s=s..l;" } },
		{ "selector ends with a dot", { " s=sel;", " s=sel.;" } },
		{ "domain with a bracket",
		  { "; d=example.org", "; d=example.org(.x.org)" } },
		{ "domain with an at", { "; d=example.org", "; d=a@b.org" } },
		{ "empty domain", { "; d=example.org", "; d=" } },
		{ "no algorithm", { " a=rsa-sha256;", "" } },
		{ "unknown algorithm", { " a=rsa-sha256;", " a=rsa-sha512;" } },
		{ "unknown canonicalization",
		  { " c=relaxed/relaxed;", " c=nowsp;" } },
		{ "unknown query method", { " v=1;", " v=1; q=http;" } },
		{ "query method of files", { " v=1;", " v=1; q=file;" } },
		{ "other query option", { " v=1;", " v=1; q=dns/srv;" } },
		{ "negative l=", { " v=1;", " v=1; l=-1;" } },
		{ "empty l=", { " v=1;", " v=1; l=;" } },
		{ "huge l=", { " v=1;", " v=1; l=18446744073709551615;" } },
		{ "x= is no number", { " v=1;", " v=1; x=0x10;" } },
		{ "huge x=", { " v=1;", " v=1; x=99999999999999999999;" } },
		{ "i= without at", { " v=1;", " v=1; i=example.org;" } },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct policy_case c = {
			.name = rows[i].name,
			.key = RSA_2048,
			.spec = { RSA },
			.edit = { rows[i].edit },
			.want = DKIM_RESULT_NEUTRAL,
		};

		run_cases(&c, 1);
	}
}

static void test_key_as_bare_rsa_public_key(void **state)
{
	static const struct policy_case c = {
		.name = "bare",
		.key = RSA_2048,
		.spec = { RSA },
		.want = DKIM_RESULT_PASS,
	};
	g_autofree char *message = case_message(&c);

	(void)state;
	sign_put_key(resolver, NAME, "v=DKIM1; p=%s", keys[RSA_2048]->bare);
	check(&c, message, 0);
}

/* The record is rewritten, so what surrounds the key does not matter. */
static void test_key_in_a_record_past_1024_bytes(void **state)
{
	static const struct policy_case c = {
		.name = "long",
		.key = RSA_4096,
		.spec = { RSA },
		.want = DKIM_RESULT_PASS,
	};
	g_autofree char *message = case_message(&c);
	g_autofree char *note = g_strnfill(3000, 'x');

	(void)state;
	sign_put_key(resolver, NAME, "v=DKIM1; n=%s; p=%s", note,
	             keys[RSA_4096]->public);
	check(&c, message, 0);
}

static void test_several_records(void **state)
{
	struct policy_case c = { .name = "several",
		                 .key = RSA_2048,
		                 .spec = { RSA } };
	g_autofree char *message = case_message(&c);
	g_autofree char *key =
		g_strconcat("v=DKIM1; p=", keys[RSA_2048]->public, NULL);
	g_autofree char *other =
		g_strconcat("p=", keys[RSA_OTHER]->public, NULL);

	(void)state;
	dnsput(resolver, NAME, DNS_TYPE_TXT, "v=spf1 -all", key, "hello");
	c.want = DKIM_RESULT_PASS;
	check(&c, message, 0);
	dnsput(resolver, NAME, DNS_TYPE_TXT, key, other);
	c.want = DKIM_RESULT_PERMERROR;
	c.reason = "there are several keys";
	check(&c, message, 0);
	dnsput(resolver, NAME, DNS_TYPE_TXT, key, key);
	check(&c, message, 0);
}

static void test_key_lookup(void **state)
{
	static const struct {
		enum dns_status status;
		enum dkim_result want;
		const char *reason;
	} rows[] = {
		{ DNS_NO_NAME, DKIM_RESULT_PERMERROR, "there is no key" },
		{ DNS_NO_DATA, DKIM_RESULT_PERMERROR, "there is no key" },
		{ DNS_FAILED, DKIM_RESULT_TEMPERROR,
		  "the key could not be looked up" },
	};
	struct policy_case c = { .name = "lookup",
		                 .key = RSA_2048,
		                 .spec = { RSA } };
	g_autofree char *message = case_message(&c);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		dnsput_status(resolver, NAME, DNS_TYPE_TXT, rows[i].status);
		c.want = rows[i].want;
		c.reason = rows[i].reason;
		check(&c, message, 0);
	}
}

/* Oversigning: h= names From once more than there is one. */
static void test_oversigned_field(void **state)
{
	char from[] = "From", list[] = "List-Id";
	char *oversigned[] = { from, list, NULL };
	struct policy_case c = { .name = "oversigned",
		                 .key = RSA_2048,
		                 .spec = { RSA, .oversigned = oversigned },
		                 .want = DKIM_RESULT_PASS };
	g_autofree char *message = case_message(&c);

	(void)state;
	put_record(&c);
	check(&c, message, 0);
}

static void test_key_of_another_pair(void **state)
{
	static const struct policy_case c = {
		.name = "another key",
		.key = RSA_2048,
		.spec = { RSA },
		.want = DKIM_RESULT_FAIL,
		.reason = "the signature does not fit the header",
	};
	g_autofree char *message = case_message(&c);

	(void)state;
	sign_put_key(resolver, NAME, "p=%s", keys[RSA_OTHER]->public);
	check(&c, message, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures_that_pass),
		cmocka_unit_test(test_signatures_that_fail),
		cmocka_unit_test(test_signatures_against_policy),
		cmocka_unit_test(test_key_records_that_are_refused),
		cmocka_unit_test(test_fields_that_are_no_signature),
		cmocka_unit_test(test_key_as_bare_rsa_public_key),
		cmocka_unit_test(test_key_in_a_record_past_1024_bytes),
		cmocka_unit_test(test_several_records),
		cmocka_unit_test(test_key_lookup),
		cmocka_unit_test(test_oversigned_field),
		cmocka_unit_test(test_key_of_another_pair),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
