/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proof.c - what a DKIM signature proves about the author
 *
 * Whole messages through auth.h. Several cases are messages that well-known
 * verifiers and mailers read in two ways: the signed author and the shown
 * author differ, and neither may be taken for proven.
 * Hermetic but for the openssl command; the time stands still.
 */
#include "conformance/dkim/sign.h"

#include <opendkim/dkim.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "auth/auth.h"
#include "auth/authres.h"
#include "base/clock.h"
#include "support/dnsput.h"

static struct key_pair *victim_key;
static struct key_pair *evil_key;
static struct auth *auth;

static int setup(void **state)
{
	char *path = NULL;
	int fd = g_file_open_tmp("portaria-zone-XXXXXX", &path, NULL);
	char *zones[] = { path, NULL };
	struct config config = { .dns = { .local_zones = zones,
		                          .timeout_ms = 2000,
		                          .cache_entries = 10000 } };

	(void)state;
	sign_set_time(SIGN_NOW);
	assert_true(fd >= 0);
	close(fd);
	assert_true(g_file_set_contents(path, "zone . static\n", -1, NULL));
	limits_init(&config.limits);
	auth = auth_new(&config, NULL);
	g_unlink(path);
	g_free(path);
	assert_non_null(auth);
	victim_key = key_pair_new(1024);
	evil_key = key_pair_new(1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	auth_free(auth);
	key_pair_free(victim_key);
	key_pair_free(evil_key);
	return 0;
}

static void put_txt(const char *name, const char *text)
{
	dnsput(auth_get_resolver(auth), name, DNS_TYPE_TXT, text);
}

/* victim.example asks for rejection; evil.example is the attacker's, who
 * sends from its own server with a sound envelope. */
static void put_zone(void)
{
	struct resolver *resolver = auth_get_resolver(auth);

	sign_put_key(resolver, "sel._domainkey.victim.example", "p=%s",
	             victim_key->public);
	sign_put_key(resolver, "test._domainkey.victim.example", "t=y; p=%s",
	             victim_key->public);
	dnsput_status(resolver, "lost._domainkey.victim.example", DNS_TYPE_TXT,
	              DNS_FAILED);
	sign_put_key(resolver, "sel._domainkey.evil.example", "p=%s",
	             evil_key->public);
	sign_put_key(resolver, "sel._domainkey.sub.victim.example", "p=%s",
	             victim_key->public);
	sign_put_key(resolver, "sel._domainkey.plain.example", "p=%s",
	             victim_key->public);
	put_txt("_dmarc.victim.example", "v=DMARC1; p=reject");
	put_txt("_dmarc.strict.example", "v=DMARC1; p=reject; adkim=s");
	sign_put_key(resolver, "sel._domainkey.sub.strict.example", "p=%s",
	             victim_key->public);
	put_txt("evil.example", "v=spf1 ip4:192.0.2.66 -all");
	put_txt("victim.example", "v=spf1 -all");
	dnsput_status(resolver, "trouble.victim.example", DNS_TYPE_TXT,
	              DNS_FAILED);
}

#define VICTIM "From: Ana <ana@victim.example>\r\nSubject: x\r\n"
#define EVIL   "From: Eva <eva@evil.example>\r\nSubject: x\r\n"
#define BODY   "Bom dia.\r\n"

struct proof_case {
	const char *name;
	const char *domain; /* d=; evil.example signs with its own key */
	const char *selector;
	const char *signed_head;
	const char *head; /* NULL: as signed */
	const char *body; /* NULL: as signed */
	const char *mail_from;
	enum auth_proof want;
	const char *method;
};

static struct auth_result *judge(const struct proof_case *c)
{
	const struct sign_spec spec = {
		.key = strcmp(c->domain, "evil.example") == 0 ? evil_key
		                                              : victim_key,
		.domain = c->domain,
		.selector = c->selector,
		.algorithm = DKIM_SIGN_RSASHA256,
	};
	const struct auth_client client = { .ip = "192.0.2.66",
		                            .helo = "mail.evil.example",
		                            .mail_from = c->mail_from };
	g_autofree char *field = sign_message(&spec, c->signed_head, BODY);
	g_autofree char *message =
		g_strconcat(field, c->head != NULL ? c->head : c->signed_head,
	                    "\r\n", c->body != NULL ? c->body : BODY, NULL);
	g_autoptr(GBytes) raw = g_bytes_new(message, strlen(message));

	put_zone();
	return auth_check_bytes(auth, &client, raw, clock_monotonic() + 10000);
}

static void check(const struct proof_case *c)
{
	AUTO(auth_result) got = judge(c);
	g_autofree char *text = NULL;
	const struct auth_client client = { .mail_from = "" };

	if (got->proof != c->want || strcmp(got->method, c->method) != 0)
		fail_msg("%s: %s by \"%s\" (%s)", c->name,
		         auth_proof_name(got->proof), got->method, got->reason);
	text = authres_format("mx.example", &client, got, NULL);
	assert_non_null(strstr(text, "dkim="));
}

static void test_signatures(void **state)
{
	static const struct proof_case cases[] = {
		{ "own", "victim.example", "sel", VICTIM, NULL, NULL,
		  "x@evil.example", AUTH_PROVEN, "dkim" },
		{ "subdomain", "sub.victim.example", "sel", VICTIM, NULL, NULL,
		  "x@evil.example", AUTH_PROVEN, "dkim" },
		{ "SPF says no, DKIM yes", "victim.example", "sel", VICTIM,
		  NULL, NULL, "ana@victim.example", AUTH_PROVEN, "dkim" },
		{ "strict", "sub.strict.example", "sel",
		  "From: ana@strict.example\r\nSubject: x\r\n", NULL, NULL,
		  "x@evil.example", AUTH_DISPROVEN, "" },
		{ "no DMARC record", "plain.example", "sel",
		  "From: ana@plain.example\r\nSubject: x\r\n", NULL, NULL,
		  "x@evil.example", AUTH_PROVEN, "dkim" },
		{ "forger's own signature", "evil.example", "sel", VICTIM, NULL,
		  NULL, "x@evil.example", AUTH_DISPROVEN, "" },
		{ "body altered", "victim.example", "sel", VICTIM, NULL,
		  "Pague.\r\n", "x@evil.example", AUTH_DISPROVEN, "" },
		{ "testing key", "victim.example", "test", VICTIM, NULL, NULL,
		  "x@evil.example", AUTH_DISPROVEN, "" },
		{ "key cannot be looked up", "victim.example", "lost", VICTIM,
		  NULL, NULL, "x@evil.example", AUTH_TROUBLE, "" },
		{ "no such key", "victim.example", "none", VICTIM, NULL, NULL,
		  "x@evil.example", AUTH_DISPROVEN, "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&cases[i]);
}

/* The attacker signs what he may sign, and shows something else. */
static void test_two_readings_of_from(void **state)
{
	static const struct {
		const char *name;
		const char *head;
	} rows[] = {
		{ "second From above", VICTIM EVIL },
		{ "second From below", EVIL "From: ana@victim.example\r\n" },
		{ "blank before the colon",
		  EVIL "From : ana@victim.example\r\n" },
		{ "two authors",
		  "From: eva@evil.example, ana@victim.example\r\nSubject: x\r\n" },
		{ "two authors, other order",
		  "From: ana@victim.example, eva@evil.example\r\nSubject: x\r\n" },
		{ "two addresses in angle brackets",
		  "From: <ana@victim.example><eva@evil.example>\r\n"
		  "Subject: x\r\n" },
		{ "address before the angle bracket",
		  "From: ana@victim.example <eva@evil.example>\r\n"
		  "Subject: x\r\n" },
		{ "group", "From: ana@victim.example: eva@evil.example;\r\n"
		           "Subject: x\r\n" },
		{ "route", "From: <@evil.example:ana@victim.example>\r\n"
		           "Subject: x\r\n" },
		{ "comment splits the domain",
		  "From: ana@victim.example(.evil.example)\r\nSubject: x\r\n" },
		{ "comment inside the domain",
		  "From: ana@evil.example(x).victim.example\r\n"
		  "Subject: x\r\n" },
		{ "quoted local part with an at",
		  "From: \"ana@victim.example \"@evil.example\r\n"
		  "Subject: x\r\n" },
		{ "percent", "From: ana%victim.example@evil.example\r\n"
		             "Subject: x\r\n" },
		{ "dot at the end", "From: ana@victim.example.\r\n"
		                    "Subject: x\r\n" },
		{ "encoded word as address",
		  "From: =?UTF-8?Q?ana=40victim=2Eexample?=@evil.example\r\n"
		  "Subject: x\r\n" },
		{ "encoded word around the bracket",
		  "From: =?UTF-8?Q?Ana_=3Cana=40victim=2Eexample=3E?= "
		  "<eva@evil.example>\r\nSubject: x\r\n" },
		{ "fold in the address",
		  "From: eva@evil.example,\r\n ana@victim.example\r\n"
		  "Subject: x\r\n" },
		{ "field cut by an empty fold",
		  "From: eva@evil.example\r\n \r\n <ana@victim.example>\r\n"
		  "Subject: x\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct proof_case c = {
			.name = rows[i].name,
			.domain = "evil.example",
			.selector = "sel",
			.signed_head = rows[i].head,
			.mail_from = "eva@evil.example",
		};
		AUTO(auth_result) got = judge(&c);
		bool is_victim =
			got->from != NULL &&
			strcmp(got->from->domain, "victim.example") == 0;

		if (got->proof == AUTH_PROVEN && is_victim)
			fail_msg("%s: forged", c.name);
		/* who is proven at all is the attacker himself */
		if (got->proof == AUTH_PROVEN &&
		    !g_str_has_suffix(got->from->address, "@evil.example"))
			fail_msg("%s: %s", c.name, got->from->address);
	}
}

/* A message of the victim, changed after it was signed. */
static void test_changed_after_signing(void **state)
{
	static const struct proof_case cases[] = {
		{ "From added above", "victim.example", "sel", VICTIM,
		  "From: boss@victim.example\r\n" VICTIM, NULL,
		  "x@evil.example", AUTH_UNPROVEN, "" },
		{ "From added below", "victim.example", "sel", VICTIM,
		  VICTIM "From: boss@victim.example\r\n", NULL,
		  "x@evil.example", AUTH_UNPROVEN, "" },
		{ "From replaced", "victim.example", "sel", VICTIM,
		  "From: boss@victim.example\r\nSubject: x\r\n", NULL,
		  "x@evil.example", AUTH_DISPROVEN, "" },
		{ "name replaced", "victim.example", "sel", VICTIM,
		  "From: Bob <ana@victim.example>\r\nSubject: x\r\n", NULL,
		  "x@evil.example", AUTH_DISPROVEN, "" },
		{ "subject replaced", "victim.example", "sel", VICTIM,
		  "From: Ana <ana@victim.example>\r\nSubject: y\r\n", NULL,
		  "x@evil.example", AUTH_DISPROVEN, "" },
		{ "only blanks changed", "victim.example", "sel", VICTIM,
		  "from:Ana\r\n\t<ana@victim.example>\r\nSubject: x\r\n", NULL,
		  "x@evil.example", AUTH_PROVEN, "dkim" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&cases[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_two_readings_of_from),
		cmocka_unit_test(test_changed_after_signing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
