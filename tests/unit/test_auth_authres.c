/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_authres.c - Authentication-Results: exact text, forged ones
 *
 * Hermetic.
 */
#include "auth/authres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ID "mx.desk.example"

static void spf_set(struct spf_outcome *spf, enum spf_result result,
                    const char *domain, const char *reason)
{
	spf->result = result;
	spf->domain = g_strdup(domain);
	spf->reason = g_strdup(reason);
}

static void dkim_add(struct auth_result *result, enum dkim_result dkim,
                     const char *domain, const char *selector,
                     const char *reason)
{
	struct dkim_signature *signature = g_new0(struct dkim_signature, 1);

	signature->result = dkim;
	signature->domain = g_strdup(domain);
	signature->selector = g_strdup(selector);
	signature->algorithm = g_strdup("rsa-sha256");
	signature->b_prefix = g_strdup("dB+/9aQ=");
	signature->reason = g_strdup(reason);
	g_ptr_array_add(result->dkim, signature);
}

static void signature_free(void *data)
{
	dkim_signature_free(data);
}

static struct auth_result *result_new(void)
{
	struct auth_result *result = g_new0(struct auth_result, 1);

	result->from_status = ADDRESS_OK;
	result->from = address_parse("ana@example.org", 15);
	result->dkim = g_ptr_array_new_with_free_func(signature_free);
	spf_set(&result->spf_helo, SPF_RESULT_NONE, "mail.example.org",
	        "no record");
	spf_set(&result->spf_mail, SPF_RESULT_PASS, "example.org", "ip4");
	result->dmarc.result = DMARC_RESULT_PASS;
	result->dmarc.policy = DMARC_POLICY_REJECT;
	result->dmarc.policy_domain = g_strdup("example.org");
	result->dmarc.org_domain = g_strdup("example.org");
	result->dmarc.reason = g_strdup("");
	result->method = g_strdup("dkim");
	result->reason = g_strdup("");
	return result;
}

static const struct auth_client client = {
	.ip = "192.0.2.1",
	.helo = "mail.example.org",
	.mail_from = "ana@example.org",
};

static void test_format_whole(void **state)
{
	AUTO(auth_result) result = result_new();
	g_autofree char *text = NULL;

	(void)state;
	dkim_add(result, DKIM_RESULT_PASS, "example.org", "sel", NULL);
	dkim_add(result, DKIM_RESULT_PERMERROR, "list.example", "s.1",
	         "there is no key");
	text = authres_format(ID, &client, result, "pass");
	assert_string_equal(
		text,
		" mx.desk.example;\n"
		"\tspf=none reason=\"no record\" smtp.helo=mail.example.org;\n"
		"\tspf=pass smtp.mailfrom=ana@example.org;\n"
		"\tdkim=pass header.d=example.org header.s=sel "
		"header.a=rsa-sha256\n"
		"\theader.b=\"dB+/9aQ=\";\n"
		"\tdkim=permerror reason=\"there is no key\" "
		"header.d=list.example\n"
		"\theader.s=s.1 header.a=rsa-sha256 header.b=\"dB+/9aQ=\";\n"
		"\tdmarc=pass header.from=example.org policy.dmarc=reject;\n"
		"\tx-registered=pass header.from=ana@example.org");
}

/* Null sender, no name, no signature, no From: what was not checked is not
 * reported. */
static void test_format_least(void **state)
{
	AUTO(auth_result) result = result_new();
	const struct auth_client nobody = { .mail_from = "" };
	g_autofree char *text = NULL;

	(void)state;
	g_clear_pointer(&result->from, mailbox_free);
	result->dmarc.result = DMARC_RESULT_NONE;
	g_free(result->dmarc.reason);
	result->dmarc.reason = g_strdup("there is no author in From");
	text = authres_format(ID, &nobody, result, NULL);
	assert_string_equal(text, " mx.desk.example;\n"
	                          "\tdkim=none;\n"
	                          "\tdmarc=none reason=\"there is no author in "
	                          "From\"");
}

static void test_format_null_sender_reports_helo_only(void **state)
{
	AUTO(auth_result) result = result_new();
	struct auth_client null_sender = client;
	g_autofree char *text = NULL;

	(void)state;
	null_sender.mail_from = "";
	text = authres_format(ID, &null_sender, result, NULL);
	assert_non_null(strstr(text, "smtp.helo="));
	assert_null(strstr(text, "smtp.mailfrom"));
}

/* What a peer chose must not be able to end a value. */
static void test_format_quotes_foreign_text(void **state)
{
	static const struct {
		const char *name;
		const char *mail_from;
		const char *want; /* NULL: the property is left out */
	} cases[] = {
		{ "plain", "ana+x@example.org", "ana+x@example.org" },
		{ "token", "postmaster", "postmaster" },
		{ "semicolon", "a;spf=pass@example.org",
		  "\"a;spf=pass@example.org\"" },
		{ "quoted local part", "\"a b\"@example.org",
		  "\"\\\"a b\\\"@example.org\"" },
		{ "backslash", "a\\b@example.org", "\"a\\\\b@example.org\"" },
		{ "two ats", "a@b@example.org", "\"a@b@example.org\"" },
		{ "literal", "a@[192.0.2.1]", "\"a@[192.0.2.1]\"" },
		{ "comment", "a(x)@example.org", "\"a(x)@example.org\"" },
		{ "line end", "a\r\nX: y@example.org",
		  "\"a??X: y@example.org\"" },
		{ "UTF-8", "jos\303\251@example.org",
		  "\"jos\303\251@example.org\"" },
		{ "broken UTF-8", "jos\351@example.org",
		  "\"jos?@example.org\"" },
		{ "C1 control", "a\302\205b@example.org",
		  "\"a?b@example.org\"" },
		{ "blank domain", "a@", "\"a@\"" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(auth_result) result = result_new();
		struct auth_client peer = client;
		g_autofree char *text = NULL;
		g_autofree char *want = g_strdup_printf(
			"spf=pass smtp.mailfrom=%s;", cases[i].want);

		peer.mail_from = cases[i].mail_from;
		text = authres_format(ID, &peer, result, NULL);
		if (strstr(text, want) == NULL)
			fail_msg("%s: %s", cases[i].name, text);
	}
}

static void test_format_leaves_out_what_is_too_long(void **state)
{
	AUTO(auth_result) result = result_new();
	struct auth_client peer = client;
	g_autofree char *helo = g_strnfill(321, 'a');
	g_autofree char *text = NULL;

	(void)state;
	peer.helo = helo;
	text = authres_format(ID, &peer, result, NULL);
	assert_null(strstr(text, "smtp.helo"));
	assert_non_null(strstr(text, "spf=none"));
}

static void test_format_login_and_odd_id(void **state)
{
	AUTO(auth_result) result = result_new();
	struct auth_client peer = client;
	g_autofree char *text = NULL;

	(void)state;
	peer.login = "ana silva";
	text = authres_format("mx (desk)", &peer, result, "none");
	assert_true(g_str_has_prefix(text, " \"mx (desk)\";\n"));
	assert_non_null(strstr(text, "\tauth=pass smtp.auth=\"ana silva\";\n"));
	assert_non_null(strstr(text, "\tx-registered=none "));
}

/* Only lines that RFC 5322 2.1.1 recommends, unless one value is longer. */
static void test_format_folds(void **state)
{
	AUTO(auth_result) result = result_new();
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		dkim_add(result, DKIM_RESULT_POLICY,
		         "a-rather-long-label.example.org", "selector2026",
		         "l= leaves a part of the body unsigned");
	text = authres_format(ID, &client, result, "fail");
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		assert_true(strlen(*line) + (**line == '\t' ? 7 : 0) <= 79);
	assert_false(authres_is_forged("other", "Authentication-Results", 22,
	                               text, strlen(text)));
	assert_true(authres_is_forged(ID, "Authentication-Results", 22, text,
	                              strlen(text)));
}

#define BYTES(text) text, sizeof(text) - 1

static void test_is_forged(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		size_t len;
		bool want;
	} cases[] = {
		{ "ours", BYTES(" mx.desk.example; spf=pass"), true },
		{ "no blank", BYTES("mx.desk.example;none"), true },
		{ "case", BYTES(" MX.Desk.EXAMPLE; none"), true },
		{ "trailing dot", BYTES(" mx.desk.example.; none"), true },
		{ "version", BYTES(" mx.desk.example 1; none"), true },
		{ "version and comment", BYTES(" mx.desk.example (a) 1 (b);"),
		  true },
		{ "quoted", BYTES(" \"mx.desk.example\"; none"), true },
		{ "quoted pairs", BYTES(" \"m\\x.desk.exampl\\e\"; none"),
		  true },
		{ "blanks in quotes", BYTES(" \" mx.desk.example \"; none"),
		  true },
		{ "folded", BYTES("\r\n\tmx.desk.example\r\n ; none"), true },
		{ "folded with LF", BYTES("\n mx.desk.example\n\t1\n ;"),
		  true },
		{ "fold in quotes", BYTES(" \"mx.desk.\r\n example\";"),
		  false },
		{ "comment first", BYTES(" (x) mx.desk.example; none"), true },
		{ "nested comment", BYTES(" (x (y\\)) z) mx.desk.example;"),
		  true },
		{ "nothing follows", BYTES(" mx.desk.example"), true },
		{ "other", BYTES(" mx.other.example; spf=pass"), false },
		{ "other with version", BYTES(" mx.other.example 1; none"),
		  false },
		{ "other alone", BYTES(" mx.other.example"), false },
		{ "ours as a part", BYTES(" mx.desk.example.org; none"),
		  false },
		{ "ours later", BYTES(" mx.other.example; x=mx.desk.example"),
		  false },
		{ "UTF-8 id", BYTES(" mx.caf\303\251.example; none"), false },
		{ "empty", BYTES(""), true },
		{ "blank", BYTES(" \r\n\t"), true },
		{ "only a comment", BYTES(" (mx.other.example)"), true },
		{ "open comment", BYTES(" (mx.other.example; none"), true },
		{ "open comment, escaped", BYTES(" (x\\"), true },
		{ "open quote", BYTES(" \"mx.other.example; none"), true },
		{ "open quote, escaped", BYTES(" \"mx\\"), true },
		{ "no id", BYTES(" spf=pass smtp.mailfrom=x; dkim=pass"),
		  true },
		{ "semicolon first", BYTES(" ; spf=pass"), true },
		{ "two words", BYTES(" mx other; none"), true },
		{ "comma", BYTES(" mx.other.example, mx.desk.example;"), true },
		{ "split by a comment", BYTES(" mx.(x)desk.example; none"),
		  true },
		{ "quoted and more", BYTES(" \"mx.\"desk.example; none"),
		  true },
		{ "slash", BYTES(" mx.other.example/1; none"), true },
		{ "NUL", BYTES(" mx.other\0.example; none"), true },
		{ "NUL in quotes", BYTES(" \"mx.other\0\"; none"), true },
		{ "control", BYTES(" mx.other\001; none"), true },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (authres_is_forged(ID, "authentication-RESULTS", 22,
		                      cases[i].value,
		                      cases[i].len) != cases[i].want)
			fail_msg("%s", cases[i].name);
	}
}

/* OpenDKIM let such fields through. */
static void test_is_forged_past_4_kib(void **state)
{
	g_autofree char *comment = g_strnfill(100000, 'x');
	g_autofree char *nested = g_strnfill(50000, '(');
	g_autofree char *closed = g_strnfill(50000, ')');
	g_autofree char *flat = g_strdup_printf(" (%s) " ID "; none", comment);
	g_autofree char *deep =
		g_strdup_printf(" %s%s " ID "; none", nested, closed);
	g_autofree char *open = g_strdup_printf(" %s x; none", nested);
	g_autofree char *other =
		g_strdup_printf(" (%s) mx.other.example; none", comment);

	(void)state;
	assert_true(authres_is_forged(ID, "Authentication-Results", 22, flat,
	                              strlen(flat)));
	assert_true(authres_is_forged(ID, "Authentication-Results", 22, deep,
	                              strlen(deep)));
	assert_true(authres_is_forged(ID, "Authentication-Results", 22, open,
	                              strlen(open)));
	assert_false(authres_is_forged(ID, "Authentication-Results", 22, other,
	                               strlen(other)));
}

static void test_is_forged_by_name(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = {
		{ "X-Portaria-Seal", true },
		{ "x-portaria-anything", true },
		{ "X-PORTARIA-", true },
		{ "X-Portaria-Seal \t", true },
		{ "X-Portaria", false },
		{ "X-Portariax", false },
		{ "Subject", false },
		{ "ARC-Authentication-Results", false },
		{ "Authentication-Results ", true },
		{ "Authentication-Results-X", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *name = cases[i].name;

		if (authres_is_forged(ID, name, strlen(name), " " ID ";",
		                      strlen(" " ID ";")) != cases[i].want)
			fail_msg("%s", name);
	}
}

static void test_is_forged_knows_a_labels(void **state)
{
	static const char value[] = " mx.caf\303\251.example; none";

	(void)state;
	assert_true(authres_is_forged("mx.xn--caf-dma.example",
	                              "Authentication-Results", 22, value,
	                              strlen(value)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_whole),
		cmocka_unit_test(test_format_least),
		cmocka_unit_test(test_format_null_sender_reports_helo_only),
		cmocka_unit_test(test_format_quotes_foreign_text),
		cmocka_unit_test(test_format_leaves_out_what_is_too_long),
		cmocka_unit_test(test_format_login_and_odd_id),
		cmocka_unit_test(test_format_folds),
		cmocka_unit_test(test_is_forged),
		cmocka_unit_test(test_is_forged_past_4_kib),
		cmocka_unit_test(test_is_forged_by_name),
		cmocka_unit_test(test_is_forged_knows_a_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
