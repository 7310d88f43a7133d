/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_auth.c - what SPF, DMARC and From prove together
 *
 * Hermetic: the root is a local zone without names, the rest is put in.
 * Proof by DKIM: tests/conformance/dkim/proof.c.
 */
#include "auth/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/clock.h"
#include "support/dnsput.h"

static struct auth *auth;

static int setup(void **state)
{
	char *path = NULL;
	int fd = g_file_open_tmp("portaria-zone-XXXXXX", &path, NULL);
	char *zones[] = { path, NULL };
	struct config config = { .dns = { .local_zones = zones,
		                          .timeout_ms = 2000,
		                          .cache_entries = 10000 } };
	GError *error = NULL;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_true(g_file_set_contents(path, "zone . static\n", -1, NULL));
	limits_init(&config.limits);
	auth = auth_new(&config, &error);
	g_unlink(path);
	g_free(path);
	assert_non_null(auth);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	auth_free(auth);
	return 0;
}

static void put_txt(const char *name, const char *text)
{
	dnsput(auth_get_resolver(auth), name, DNS_TYPE_TXT, text);
}

static void put_failure(const char *name)
{
	dnsput_status(auth_get_resolver(auth), name, DNS_TYPE_TXT, DNS_FAILED);
}

/* good.example: SPF and reject. spf.example: SPF, no DMARC. soft.example: ~all
 * and p=none. bare.example: nothing. lost.example: DNS fails. half.example:
 * SPF fails to be found, DMARC reject. */
static void put_zone(void)
{
	put_txt("good.example", "v=spf1 ip4:192.0.2.1 -all");
	put_txt("mail.good.example", "v=spf1 ip4:192.0.2.1 -all");
	put_txt("_dmarc.good.example", "v=DMARC1; p=reject");
	put_txt("spf.example", "v=spf1 ip4:192.0.2.1 -all");
	put_txt("soft.example", "v=spf1 ip4:192.0.2.1 ~all");
	put_txt("_dmarc.soft.example", "v=DMARC1; p=none");
	put_txt("test.example", "v=spf1 ip4:192.0.2.1 ~all");
	put_txt("_dmarc.test.example", "v=DMARC1; p=quarantine; t=y");
	put_txt("quar.example", "v=spf1 ip4:192.0.2.1 ~all");
	put_txt("_dmarc.quar.example", "v=DMARC1; p=quarantine");
	put_failure("_dmarc.lost.example");
	put_txt("lost.example", "v=spf1 ip4:192.0.2.1 ~all");
	put_failure("half.example");
	put_txt("_dmarc.half.example", "v=DMARC1; p=reject");
}

struct auth_case {
	const char *name;
	const char *ip;
	const char *helo;
	const char *mail_from;
	bool trusted;
	const char *head;
	enum address_status from;
	enum spf_result spf_mail;
	enum dmarc_result dmarc;
	enum auth_proof proof;
	const char *method;
};

#define YES "192.0.2.1"
#define NO  "192.0.2.66"

static void check(const struct auth_case *c)
{
	const struct auth_client client = {
		.ip = c->ip,
		.helo = c->helo,
		.mail_from = c->mail_from,
		.trusted = c->trusted,
	};
	g_autofree char *text = g_strconcat(c->head, "\r\nbody\r\n", NULL);
	g_autoptr(GBytes) raw = g_bytes_new(text, strlen(text));
	AUTO(auth_result) got = NULL;

	put_zone();
	got = auth_check_bytes(auth, &client, raw, clock_monotonic() + 10000);
	if (got->from_status != c->from)
		fail_msg("%s: From is %s", c->name,
		         address_status_name(got->from_status));
	assert_int_equal(got->from != NULL, c->from == ADDRESS_OK);
	if (got->spf_mail.result != c->spf_mail)
		fail_msg("%s: spf %s (%s)", c->name,
		         spf_result_name(got->spf_mail.result),
		         got->spf_mail.reason);
	if (got->dmarc.result != c->dmarc)
		fail_msg("%s: dmarc %s", c->name,
		         dmarc_result_name(got->dmarc.result));
	if (got->proof != c->proof || strcmp(got->method, c->method) != 0)
		fail_msg("%s: %s by %s (%s)", c->name,
		         auth_proof_name(got->proof), got->method, got->reason);
	assert_true(*got->reason != '\0');
	assert_int_equal(got->dkim->len, 0);
}

static void test_proof(void **state)
{
	static const struct auth_case cases[] = {
		{ "spf aligned", YES, "h.example", "ana@good.example", false,
		  "From: ana@good.example\r\n", ADDRESS_OK, SPF_RESULT_PASS,
		  DMARC_RESULT_PASS, AUTH_PROVEN, "spf" },
		{ "spf of the organization", YES, "h.example",
		  "b@mail.good.example", false, "From: ana@good.example\r\n",
		  ADDRESS_OK, SPF_RESULT_PASS, DMARC_RESULT_PASS, AUTH_PROVEN,
		  "spf" },
		{ "no DMARC record, spf aligned", YES, "h.example",
		  "ana@spf.example", false, "From: ana@spf.example\r\n",
		  ADDRESS_OK, SPF_RESULT_PASS, DMARC_RESULT_NONE, AUTH_PROVEN,
		  "spf" },
		{ "reject", NO, "h.example", "ana@good.example", false,
		  "From: ana@good.example\r\n", ADDRESS_OK, SPF_RESULT_FAIL,
		  DMARC_RESULT_FAIL, AUTH_DISPROVEN, "" },
		{ "reject, envelope of somebody else", YES, "h.example",
		  "eva@spf.example", false, "From: ana@good.example\r\n",
		  ADDRESS_OK, SPF_RESULT_PASS, DMARC_RESULT_FAIL,
		  AUTH_DISPROVEN, "" },
		{ "reject, envelope without SPF", YES, "h.example",
		  "eva@bare.example", false, "From: ana@good.example\r\n",
		  ADDRESS_OK, SPF_RESULT_NONE, DMARC_RESULT_FAIL,
		  AUTH_DISPROVEN, "" },
		{ "quarantine", NO, "h.example", "ana@quar.example", false,
		  "From: ana@quar.example\r\n", ADDRESS_OK, SPF_RESULT_SOFTFAIL,
		  DMARC_RESULT_FAIL, AUTH_DISPROVEN, "" },
		{ "quarantine in test", NO, "h.example", "ana@test.example",
		  false, "From: ana@test.example\r\n", ADDRESS_OK,
		  SPF_RESULT_SOFTFAIL, DMARC_RESULT_FAIL, AUTH_UNPROVEN, "" },
		{ "p=none", NO, "h.example", "ana@soft.example", false,
		  "From: ana@soft.example\r\n", ADDRESS_OK, SPF_RESULT_SOFTFAIL,
		  DMARC_RESULT_FAIL, AUTH_UNPROVEN, "" },
		{ "no DMARC record, SPF says no", NO, "h.example",
		  "ana@spf.example", false, "From: ana@spf.example\r\n",
		  ADDRESS_OK, SPF_RESULT_FAIL, DMARC_RESULT_NONE,
		  AUTH_DISPROVEN, "" },
		{ "SPF says no of another domain", NO, "h.example",
		  "eva@spf.example", false, "From: ana@bare.example\r\n",
		  ADDRESS_OK, SPF_RESULT_FAIL, DMARC_RESULT_NONE, AUTH_UNPROVEN,
		  "" },
		{ "nothing published", YES, "h.example", "ana@bare.example",
		  false, "From: ana@bare.example\r\n", ADDRESS_OK,
		  SPF_RESULT_NONE, DMARC_RESULT_NONE, AUTH_UNPROVEN, "" },
		{ "null sender, HELO aligned", YES, "mail.good.example", "",
		  false, "From: ana@good.example\r\n", ADDRESS_OK,
		  SPF_RESULT_PASS, DMARC_RESULT_PASS, AUTH_PROVEN, "spf" },
		{ "HELO does not prove with a sender", YES, "mail.good.example",
		  "eva@bare.example", false, "From: ana@good.example\r\n",
		  ADDRESS_OK, SPF_RESULT_NONE, DMARC_RESULT_FAIL,
		  AUTH_DISPROVEN, "" },
		{ "null sender and no name", YES, NULL, "", false,
		  "From: ana@bare.example\r\n", ADDRESS_OK, SPF_RESULT_NONE,
		  DMARC_RESULT_NONE, AUTH_UNPROVEN, "" },
		{ "DMARC unknown", NO, "h.example", "ana@lost.example", false,
		  "From: ana@lost.example\r\n", ADDRESS_OK, SPF_RESULT_SOFTFAIL,
		  DMARC_RESULT_TEMPERROR, AUTH_TROUBLE, "" },
		{ "DMARC unknown does not matter", YES, "h.example",
		  "ana@lost.example", false, "From: ana@lost.example\r\n",
		  ADDRESS_OK, SPF_RESULT_PASS, DMARC_RESULT_TEMPERROR,
		  AUTH_PROVEN, "spf" },
		{ "SPF unknown", NO, "h.example", "ana@half.example", false,
		  "From: ana@half.example\r\n", ADDRESS_OK,
		  SPF_RESULT_TEMPERROR, DMARC_RESULT_TEMPERROR, AUTH_TROUBLE,
		  "" },
		{ "SPF unknown of another domain", NO, "h.example",
		  "ana@half.example", false, "From: ana@good.example\r\n",
		  ADDRESS_OK, SPF_RESULT_TEMPERROR, DMARC_RESULT_FAIL,
		  AUTH_DISPROVEN, "" },
		{ "trusted client", NO, "h.example", "ana@spf.example", true,
		  "From: ana@spf.example\r\n", ADDRESS_OK, SPF_RESULT_NONE,
		  DMARC_RESULT_NONE, AUTH_UNPROVEN, "" },
		{ "address unknown", NULL, "h.example", "ana@spf.example",
		  false, "From: ana@spf.example\r\n", ADDRESS_OK,
		  SPF_RESULT_NONE, DMARC_RESULT_NONE, AUTH_UNPROVEN, "" },
		{ "IPv6 of the same", "2001:db8::1", "h.example",
		  "ana@good.example", false, "From: ana@good.example\r\n",
		  ADDRESS_OK, SPF_RESULT_FAIL, DMARC_RESULT_FAIL,
		  AUTH_DISPROVEN, "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&cases[i]);
}

/* Whatever passes, without one author nothing is proven. */
static void test_from_decides(void **state)
{
	static const struct {
		const char *name;
		const char *head;
		enum address_status want;
	} rows[] = {
		{ "none", "To: x@y.example\r\n", ADDRESS_NONE },
		{ "empty", "From:\r\n", ADDRESS_NONE },
		{ "two fields",
		  "From: ana@good.example\r\nFrom: ana@good.example\r\n",
		  ADDRESS_SEVERAL },
		{ "two fields, odd spelling",
		  "From: ana@good.example\r\nfRoM \t: eva@bare.example\r\n",
		  ADDRESS_SEVERAL },
		{ "two authors", "From: ana@good.example, eva@bare.example\r\n",
		  ADDRESS_SEVERAL },
		{ "group", "From: us: ana@good.example;\r\n", ADDRESS_SEVERAL },
		{ "two ats", "From: eva@bare.example@good.example\r\n",
		  ADDRESS_DOUBTFUL },
		{ "no address", "From: Ana\r\n", ADDRESS_DOUBTFUL },
		{ "text behind",
		  "From: <ana@good.example> eva@bare.example\r\n",
		  ADDRESS_DOUBTFUL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct auth_case c = {
			.name = rows[i].name,
			.ip = YES,
			.helo = "mail.good.example",
			.mail_from = "ana@good.example",
			.head = rows[i].head,
			.from = rows[i].want,
			.spf_mail = SPF_RESULT_PASS,
			.dmarc = DMARC_RESULT_NONE,
			.proof = AUTH_UNPROVEN,
			.method = "",
		};

		check(&c);
	}
}

/* An address in the display name or in a comment is nobody's identity. */
static void test_from_display_name_proves_nothing(void **state)
{
	static const char *const heads[] = {
		"From: \"ana@good.example\" <eva@bare.example>\r\n\r\n",
		"From: \"ana@good.example\"\r\n <eva@bare.example>\r\n\r\n",
		"From: (ana@good.example) eva@bare.example\r\n\r\n",
		"From: =?UTF-8?Q?ana=40good.example?= <eva@bare.example>\r\n\r\n",
	};
	const struct auth_client client = { .ip = YES,
		                            .helo = "mail.good.example",
		                            .mail_from = "ana@good.example" };

	(void)state;
	put_zone();
	for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
		g_autoptr(GBytes) raw = g_bytes_new(heads[i], strlen(heads[i]));
		AUTO(auth_result)
		got = auth_check_bytes(auth, &client, raw,
		                       clock_monotonic() + 10000);

		assert_int_equal(got->spf_mail.result, SPF_RESULT_PASS);
		assert_int_equal(got->proof, AUTH_UNPROVEN);
		if (got->from != NULL)
			assert_string_equal(got->from->domain, "bare.example");
	}
}

static void test_streaming(void **state)
{
	const struct auth_client client = { .ip = YES,
		                            .helo = "h.example",
		                            .mail_from = "ana@good.example" };
	AUTO(auth_message)
	message = auth_message_new(auth, &client, clock_monotonic() + 10000,
	                           true);
	const GPtrArray *trace = auth_message_get_trace(message);
	AUTO(auth_result) got = NULL;
	bool asked = false;

	(void)state;
	put_zone();
	auth_message_header(message, "FROM ", 5, " ana@good.example", 17);
	assert_false(auth_message_end_header(message));
	auth_message_body(message, "x", 1);
	got = auth_message_finish(message);
	assert_int_equal(got->proof, AUTH_PROVEN);
	assert_string_equal(got->from->address, "ana@good.example");
	for (unsigned i = 0; i < trace->len; i++)
		asked |= strstr(trace->pdata[i], "_dmarc.good.example") != NULL;
	assert_true(asked);
}

static void test_message_without_trace_or_header(void **state)
{
	const struct auth_client client = { .ip = YES };
	AUTO(auth_message)
	message = auth_message_new(auth, &client, clock_monotonic() + 10000,
	                           false);
	AUTO(auth_message)
	abandoned = auth_message_new(auth, &client, clock_monotonic() + 10000,
	                             false);
	AUTO(auth_result) got = auth_message_finish(message);

	(void)state;
	auth_message_header(abandoned, "From", 4, "a", 1);
	assert_null(auth_message_get_trace(message));
	assert_int_equal(got->from_status, ADDRESS_NONE);
	assert_int_equal(got->proof, AUTH_UNPROVEN);
}

static void test_empty_bytes(void **state)
{
	const struct auth_client client = { .ip = YES };
	g_autoptr(GBytes) raw = g_bytes_new(NULL, 0);
	AUTO(auth_result)
	got = auth_check_bytes(auth, &client, raw, clock_monotonic() + 10000);

	(void)state;
	assert_int_equal(got->proof, AUTH_UNPROVEN);
}

static void test_proof_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < AUTH_PROOF__COUNT; i++) {
		enum auth_proof proof = AUTH_PROOF__COUNT;

		assert_true(auth_proof_parse(
			auth_proof_name((enum auth_proof)i), &proof));
		assert_int_equal(proof, i);
	}
	assert_string_equal(auth_proof_name((enum auth_proof)99), "unknown");
	assert_false(auth_proof_parse("Proven", NULL));
	assert_false(auth_proof_parse("", NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proof),
		cmocka_unit_test(test_from_decides),
		cmocka_unit_test(test_from_display_name_proves_nothing),
		cmocka_unit_test(test_streaming),
		cmocka_unit_test(test_message_without_trace_or_header),
		cmocka_unit_test(test_empty_bytes),
		cmocka_unit_test(test_proof_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
