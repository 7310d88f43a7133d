/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_dmarc.c - DMARC (RFC 9989): walk, alignment, policy, trouble
 *
 * Hermetic: all names come from a table; a name not in it does not exist.
 */
#include "auth/dmarc.h"
#include "auth/dmarc_record.h"

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

/* --- records --- */

static void test_record_parse(void **state)
{
	static const struct {
		const char *text;
		struct dmarc_record want;
	} cases[] = {
		{ "v=DMARC1; p=reject",
		  { .usable = true,
		    .p = DMARC_POLICY_REJECT,
		    .sp = DMARC_POLICY_REJECT,
		    .np = DMARC_POLICY_REJECT } },
		{ "v=DMARC1;p=quarantine;sp=none;np=reject",
		  { .usable = true,
		    .p = DMARC_POLICY_QUARANTINE,
		    .sp = DMARC_POLICY_NONE,
		    .np = DMARC_POLICY_REJECT,
		    .has_np = true } },
		{ "V = DMARC1 ; P = Reject ; SP=None",
		  { .usable = true,
		    .p = DMARC_POLICY_REJECT,
		    .sp = DMARC_POLICY_NONE,
		    .np = DMARC_POLICY_NONE } },
		{ "v=DMARC1; rua=mailto:a@example.org; p=none; pct=5; adkim=s; "
		  "aspf=S; t=y; psd=n; fo=1; x=y;",
		  { .usable = true,
		    .strict_dkim = true,
		    .strict_spf = true,
		    .testing = true,
		    .psd = DMARC_PSD_NO } },
		{ "v=DMARC1; p=none; psd=Y; adkim=r; aspf=x; t=n",
		  { .usable = true, .psd = DMARC_PSD_YES } },
		{ "v=DMARC1; p=none; psd=u", { .usable = true } },
		/* the first of equal tags */
		{ "v=DMARC1; p=none; p=reject", { .usable = true } },
		/* no policy, but reports wanted */
		{ "v=DMARC1; rua=mailto:a@example.org", { .usable = true } },
		{ "v=DMARC1; p=foo; rua=mailto:a@example.org; sp=reject",
		  { .usable = true } },
		{ "v=DMARC1; p=reject; sp=foo; rua=mailto:a@example.org",
		  { .usable = true } },
		{ "v=DMARC1; p=reject; np=foo; rua=nothing,mailto:a@b",
		  { .usable = true } },
		/* and not */
		{ "v=DMARC1", { .usable = false } },
		{ "v=DMARC1; p=", { .usable = false } },
		{ "v=DMARC1; p", { .usable = false } },
		{ "v=DMARC1; rua=", { .usable = false } },
		{ "v=DMARC1; rua=mailto:", { .usable = false } },
		{ "v=DMARC1; rua=a@example.org", { .usable = false } },
		{ "v=DMARC1; p=reject; sp=foo",
		  { .usable = false,
		    .p = DMARC_POLICY_REJECT,
		    .sp = DMARC_POLICY_REJECT,
		    .np = DMARC_POLICY_REJECT } },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct dmarc_record *want = &cases[i].want;
		struct dmarc_record got;

		if (!dmarc_record_parse(cases[i].text, strlen(cases[i].text),
		                        &got))
			fail_msg("no record: %s", cases[i].text);
		if (got.usable != want->usable || got.p != want->p ||
		    got.sp != want->sp || got.np != want->np ||
		    got.has_np != want->has_np || got.psd != want->psd ||
		    got.strict_dkim != want->strict_dkim ||
		    got.strict_spf != want->strict_spf ||
		    got.testing != want->testing)
			fail_msg("%s", cases[i].text);
	}
}

static void test_record_parse_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "", 0 },
		{ "v=DMARC2; p=reject", 18 },
		{ "v=dmarc1; p=reject", 18 },
		{ "v=DMARC10; p=reject", 19 },
		{ " v=DMARC1; p=reject", 19 },
		{ "p=reject; v=DMARC1", 18 },
		{ "v=spf1 -all", 11 },
		{ "v", 1 },
		{ "v=DMARC1\0; p=reject", 19 },
		{ "v=DMARC1 p=reject", 17 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct dmarc_record record;

		if (dmarc_record_parse(cases[i].text, cases[i].len, &record))
			fail_msg("%s", cases[i].text);
	}
}

/* --- evaluation --- */

/* Nothing is asked of the network: the root is a local zone. */
static struct resolver *empty_resolver(void)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("portaria-zone-XXXXXX", &path, NULL);
	char *zones[] = { path, NULL };
	const struct config_dns config = { .local_zones = zones,
		                           .timeout_ms = 2000,
		                           .cache_entries = 10000 };
	struct resolver *resolver;

	assert_true(fd >= 0);
	close(fd);
	assert_true(g_file_set_contents(path, "zone . static\n", -1, NULL));
	resolver = resolver_new(&config, NULL);
	assert_non_null(resolver);
	g_unlink(path);
	return resolver;
}

/* "name text" a line; "name !" fails, "name =" has no data but exists; a
 * second line of a name adds a record. */
static void load_zone(struct resolver *resolver, const char *zone)
{
	g_auto(GStrv) lines = g_strsplit(zone, "\n", -1);
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (char **line = lines; *line != NULL && **line != '\0'; line++) {
		char *text = strchr(*line, ' ');
		const char *first;

		*text++ = '\0';
		first = g_hash_table_lookup(names, *line);
		if (strcmp(text, "!") == 0) {
			dnsput_status(resolver, *line, DNS_TYPE_TXT,
			              DNS_FAILED);
			dnsput_status(resolver, *line, DNS_TYPE_A, DNS_FAILED);
		} else if (strcmp(text, "=") == 0) {
			dnsput_status(resolver, *line, DNS_TYPE_A, DNS_NO_DATA);
		} else if (first != NULL) {
			dnsput(resolver, *line, DNS_TYPE_TXT, first, text);
		} else {
			dnsput(resolver, *line, DNS_TYPE_TXT, text);
			g_hash_table_insert(names, *line, text);
		}
	}
}

static void signature_free(void *data)
{
	dkim_signature_free(data);
}

/* "pass example.org temperror example.com" */
static GPtrArray *load_signatures(const char *text)
{
	GPtrArray *signatures = g_ptr_array_new_with_free_func(signature_free);
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (unsigned i = 0;
	     words[0] != NULL && words[i] != NULL && words[i + 1] != NULL;
	     i += 2) {
		struct dkim_signature *signature =
			g_new0(struct dkim_signature, 1);

		signature->domain = g_strdup(words[i + 1]);
		for (unsigned r = 0; r < DKIM_RESULT__COUNT; r++) {
			if (strcmp(words[i],
			           dkim_result_name((enum dkim_result)r)) == 0)
				signature->result = (enum dkim_result)r;
		}
		g_ptr_array_add(signatures, signature);
	}
	return signatures;
}

struct dmarc_case {
	const char *name;
	const char *zone;
	const char *from;
	enum spf_result spf;
	const char *spf_domain;
	const char *dkim;
	enum dmarc_result want;
	enum dmarc_policy policy;
	const char *policy_domain;
	const char *org; /* NULL: not looked at */
	bool dkim_aligned;
	bool spf_aligned;
	bool trouble;
};

#define REJECT     DMARC_POLICY_REJECT
#define QUARANTINE DMARC_POLICY_QUARANTINE
#define NO_POLICY  DMARC_POLICY_NONE
#define PASS       DMARC_RESULT_PASS
#define FAIL       DMARC_RESULT_FAIL
#define NONE       DMARC_RESULT_NONE
#define TEMP       DMARC_RESULT_TEMPERROR
#define PERM       DMARC_RESULT_PERMERROR

static void check(const struct dmarc_case *c)
{
	struct resolver *resolver = empty_resolver();
	struct dns_budget budget = { .lookups_left = 40,
		                     .deadline = clock_monotonic() + 10000 };
	g_autofree char *spf_domain =
		g_strdup(c->spf_domain != NULL ? c->spf_domain : "");
	const struct spf_outcome spf = { .result = c->spf,
		                         .domain = spf_domain };
	g_autoptr(GPtrArray) signatures =
		load_signatures(c->dkim != NULL ? c->dkim : "");
	struct dmarc_outcome got;

	load_zone(resolver, c->zone);
	dmarc_evaluate(resolver, &budget, c->from, &spf, signatures, &got);
	if (got.result != c->want || got.policy != c->policy)
		fail_msg("%s: %s %s (%s)", c->name,
		         dmarc_result_name(got.result),
		         dmarc_policy_name(got.policy), got.reason);
	if (strcmp(got.policy_domain,
	           c->policy_domain != NULL ? c->policy_domain : "") != 0)
		fail_msg("%s: record at \"%s\"", c->name, got.policy_domain);
	if (c->org != NULL && strcmp(got.org_domain, c->org) != 0)
		fail_msg("%s: organization \"%s\"", c->name, got.org_domain);
	if (got.dkim_aligned != c->dkim_aligned ||
	    got.spf_aligned != c->spf_aligned || got.trouble != c->trouble)
		fail_msg("%s: dkim %d spf %d trouble %d", c->name,
		         got.dkim_aligned, got.spf_aligned, got.trouble);
	dmarc_outcome_clear(&got);
	resolver_free(resolver);
}

#define SIMPLE "_dmarc.example.org v=DMARC1; p=reject\n"

static void test_alignment(void **state)
{
	static const struct dmarc_case cases[] = {
		{ "dkim same", SIMPLE, "example.org", SPF_RESULT_NONE, NULL,
		  "pass example.org", PASS, REJECT, "example.org",
		  "example.org", true, false, false },
		{ "dkim subdomain", SIMPLE, "example.org", SPF_RESULT_NONE,
		  NULL, "pass mail.example.org", PASS, REJECT, "example.org",
		  "example.org", true, false, false },
		{ "dkim parent", SIMPLE, "a.example.org", SPF_RESULT_NONE, NULL,
		  "pass example.org", PASS, REJECT, "example.org",
		  "example.org", true, false, false },
		{ "dkim sibling", SIMPLE, "a.example.org", SPF_RESULT_NONE,
		  NULL, "pass b.example.org", PASS, REJECT, "example.org",
		  "example.org", true, false, false },
		{ "dkim elsewhere", SIMPLE, "example.org", SPF_RESULT_NONE,
		  NULL, "pass example.com", FAIL, REJECT, "example.org",
		  "example.org", false, false, false },
		{ "dkim ends alike", SIMPLE, "example.org", SPF_RESULT_NONE,
		  NULL, "pass badexample.org", FAIL, REJECT, "example.org",
		  NULL, false, false, false },
		{ "one letter label", "_dmarc.x.com v=DMARC1; p=reject\n",
		  "x.com", SPF_RESULT_NONE, NULL, "pass evil.com", FAIL, REJECT,
		  "x.com", "x.com", false, false, false },
		{ "dkim on the top level", SIMPLE, "example.org",
		  SPF_RESULT_NONE, NULL, "pass org", FAIL, REJECT,
		  "example.org", NULL, false, false, false },
		{ "dkim failed", SIMPLE, "example.org", SPF_RESULT_NONE, NULL,
		  "fail example.org policy example.org neutral example.org "
		  "permerror example.org",
		  FAIL, REJECT, "example.org", NULL, false, false, false },
		{ "second signature", SIMPLE, "example.org", SPF_RESULT_NONE,
		  NULL, "fail example.org pass example.com pass example.org",
		  PASS, REJECT, "example.org", NULL, true, false, false },
		{ "spf same", SIMPLE, "example.org", SPF_RESULT_PASS,
		  "example.org", NULL, PASS, REJECT, "example.org", NULL, false,
		  true, false },
		{ "spf subdomain", SIMPLE, "example.org", SPF_RESULT_PASS,
		  "bounce.example.org", NULL, PASS, REJECT, "example.org", NULL,
		  false, true, false },
		{ "spf elsewhere", SIMPLE, "example.org", SPF_RESULT_PASS,
		  "example.com", NULL, FAIL, REJECT, "example.org", NULL, false,
		  false, false },
		{ "spf softfail", SIMPLE, "example.org", SPF_RESULT_SOFTFAIL,
		  "example.org", NULL, FAIL, REJECT, "example.org", NULL, false,
		  false, false },
		{ "both", SIMPLE, "example.org", SPF_RESULT_PASS, "example.org",
		  "pass example.org", PASS, REJECT, "example.org", NULL, true,
		  true, false },
		{ "strict dkim same",
		  "_dmarc.example.org v=DMARC1; p=reject; adkim=s\n",
		  "example.org", SPF_RESULT_NONE, NULL, "pass example.org",
		  PASS, REJECT, "example.org", NULL, true, false, false },
		{ "strict dkim subdomain",
		  "_dmarc.example.org v=DMARC1; p=reject; adkim=s\n",
		  "example.org", SPF_RESULT_PASS, "a.example.org",
		  "pass a.example.org", PASS, REJECT, "example.org", NULL,
		  false, true, false },
		{ "strict spf subdomain",
		  "_dmarc.example.org v=DMARC1; p=reject; aspf=s\n",
		  "example.org", SPF_RESULT_PASS, "a.example.org",
		  "pass a.example.org", PASS, REJECT, "example.org", NULL, true,
		  false, false },
		{ "strict both",
		  "_dmarc.example.org v=DMARC1; p=reject; aspf=s; adkim=s\n",
		  "a.example.org", SPF_RESULT_PASS, "example.org",
		  "pass example.org", FAIL, REJECT, "example.org", NULL, false,
		  false, false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&cases[i]);
}

static void test_policy(void **state)
{
	static const struct dmarc_case cases[] = {
		{ .name = "none",
		  .zone = "",
		  .from = "example.org",
		  .want = NONE,
		  .org = "example.org" },
		{ "author's own before the organization's",
		  "_dmarc.a.example.org v=DMARC1; p=none\n" SIMPLE,
		  "a.example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, NO_POLICY,
		  "a.example.org", "example.org", false, false, false },
		{ "sp", "_dmarc.example.org v=DMARC1; p=none; sp=reject\n",
		  "a.example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, REJECT,
		  "example.org", NULL, false, false, false },
		{ "sp is not for the domain itself",
		  "_dmarc.example.org v=DMARC1; p=none; sp=reject\n",
		  "example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, NO_POLICY,
		  "example.org", NULL, false, false, false },
		{ "np, name does not exist",
		  "_dmarc.example.org v=DMARC1; p=none; sp=none; np=reject\n",
		  "a.example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, REJECT,
		  "example.org", NULL, false, false, false },
		{ "np, name exists",
		  "_dmarc.example.org v=DMARC1; p=none; sp=none; np=reject\n"
		  "a.example.org =\n",
		  "a.example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, NO_POLICY,
		  "example.org", NULL, false, false, false },
		{ "np, cannot tell",
		  "_dmarc.example.org v=DMARC1; p=none; sp=none; np=reject\n"
		  "a.example.org !\n",
		  "a.example.org", SPF_RESULT_NONE, NULL, NULL, TEMP, NO_POLICY,
		  "example.org", NULL, false, false, true },
		{ "np does not matter for a pass",
		  "_dmarc.example.org v=DMARC1; p=none; sp=none; np=reject\n"
		  "a.example.org !\n",
		  "a.example.org", SPF_RESULT_NONE, NULL, "pass example.org",
		  PASS, NO_POLICY, "example.org", NULL, true, false, false },
		{ "testing reject",
		  "_dmarc.example.org v=DMARC1; p=reject; t=y\n", "example.org",
		  SPF_RESULT_NONE, NULL, NULL, FAIL, QUARANTINE, "example.org",
		  NULL, false, false, false },
		{ "testing quarantine",
		  "_dmarc.example.org v=DMARC1; p=quarantine; t=y\n",
		  "example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, NO_POLICY,
		  "example.org", NULL, false, false, false },
		{ "pct is nothing",
		  "_dmarc.example.org v=DMARC1; p=reject; pct=0\n",
		  "example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, REJECT,
		  "example.org", NULL, false, false, false },
		{ "two records are none",
		  SIMPLE "_dmarc.example.org v=DMARC1; p=none\n", "example.org",
		  SPF_RESULT_NONE, NULL, NULL, NONE, NO_POLICY, NULL,
		  "example.org", false, false, false },
		{ "other text beside it",
		  "_dmarc.example.org v=spf1 -all\n" SIMPLE, "example.org",
		  SPF_RESULT_NONE, NULL, NULL, FAIL, REJECT, "example.org",
		  NULL, false, false, false },
		{ "two records below, one above",
		  "_dmarc.a.example.org v=DMARC1; p=none\n"
		  "_dmarc.a.example.org v=DMARC1; p=none\n" SIMPLE,
		  "a.example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, REJECT,
		  "example.org", NULL, false, false, false },
		{ "no p but rua",
		  "_dmarc.example.org v=DMARC1; rua=mailto:a@example.org\n",
		  "example.org", SPF_RESULT_NONE, NULL, NULL, FAIL, NO_POLICY,
		  "example.org", NULL, false, false, false },
		{ "no p", "_dmarc.example.org v=DMARC1\n", "example.org",
		  SPF_RESULT_NONE, NULL, "pass example.org", PERM, NO_POLICY,
		  "example.org", NULL, true, false, false },
		{ "no record, aligned all the same", "", "a.example.org",
		  SPF_RESULT_PASS, "a.example.org", NULL, NONE, NO_POLICY, NULL,
		  "a.example.org", false, true, false },
		{ "no record, another name of the same organization", "",
		  "a.example.org", SPF_RESULT_PASS, "example.org", NULL, NONE,
		  NO_POLICY, NULL, "a.example.org", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&cases[i]);
}

/* RFC 9989 4.10 and appendix B. */
static void test_organization(void **state)
{
	static const struct dmarc_case cases[] = {
		{ "psd=y above",
		  "_dmarc.gov.example v=DMARC1; p=reject; psd=y\n",
		  "a.city.gov.example", SPF_RESULT_NONE, NULL,
		  "pass b.city.gov.example", PASS, REJECT, "gov.example",
		  "city.gov.example", true, false, false },
		{ "psd=y keeps cities apart",
		  "_dmarc.gov.example v=DMARC1; p=reject; psd=y\n",
		  "city.gov.example", SPF_RESULT_NONE, NULL,
		  "pass town.gov.example", FAIL, REJECT, "gov.example",
		  "city.gov.example", false, false, false },
		{ "psd=y and the city's own record",
		  "_dmarc.gov.example v=DMARC1; p=none; psd=y; sp=reject\n"
		  "_dmarc.city.gov.example v=DMARC1; p=quarantine\n",
		  "a.city.gov.example", SPF_RESULT_NONE, NULL, NULL, FAIL,
		  QUARANTINE, "city.gov.example", "city.gov.example", false,
		  false, false },
		{ "psd=y writes itself",
		  "_dmarc.gov.example v=DMARC1; p=reject; psd=y\n",
		  "gov.example", SPF_RESULT_NONE, NULL, "pass gov.example",
		  PASS, REJECT, "gov.example", "gov.example", true, false,
		  false },
		{ "psd=n ends the walk",
		  "_dmarc.a.example.org v=DMARC1; p=none; psd=n\n" SIMPLE,
		  "b.a.example.org", SPF_RESULT_NONE, NULL,
		  "pass c.a.example.org", PASS, NO_POLICY, "a.example.org",
		  "a.example.org", true, false, false },
		{ "psd=n cuts off the parent",
		  "_dmarc.a.example.org v=DMARC1; p=none; psd=n\n" SIMPLE,
		  "a.example.org", SPF_RESULT_NONE, NULL, "pass example.org",
		  FAIL, NO_POLICY, "a.example.org", "a.example.org", false,
		  false, false },
		{ "shortest name wins",
		  "_dmarc.a.example.org v=DMARC1; p=none\n" SIMPLE,
		  "b.a.example.org", SPF_RESULT_NONE, NULL, "pass example.org",
		  PASS, REJECT, "example.org", "example.org", true, false,
		  false },
		{ "eight labels and more",
		  "_dmarc.c.d.e.f.g.example.org v=DMARC1; p=quarantine; psd=n\n"
		  "_dmarc.b.c.d.e.f.g.example.org v=DMARC1; p=none\n" SIMPLE,
		  "z.y.x.b.c.d.e.f.g.example.org", SPF_RESULT_NONE, NULL, NULL,
		  FAIL, QUARANTINE, "c.d.e.f.g.example.org",
		  "c.d.e.f.g.example.org", false, false, false },
		{ "registry without psd=y",
		  "_dmarc.com.br v=DMARC1; p=reject\n", "loja.com.br",
		  SPF_RESULT_PASS, "outra.com.br",
		  "pass com.br pass outra.com.br", FAIL, REJECT, "com.br",
		  "loja.com.br", false, false, false },
		{ "same registry, same shop",
		  "_dmarc.com.br v=DMARC1; p=reject\n", "a.loja.com.br",
		  SPF_RESULT_PASS, "b.loja.com.br", NULL, PASS, REJECT,
		  "com.br", "loja.com.br", false, true, false },
		{ "host of others' pages",
		  "_dmarc.github.io v=DMARC1; p=reject\n", "ana.github.io",
		  SPF_RESULT_PASS, "eva.github.io", NULL, FAIL, REJECT,
		  "github.io", "ana.github.io", false, false, false },
		{ "signature in another organization below",
		  "_dmarc.a.example.org v=DMARC1; p=none; psd=n\n" SIMPLE,
		  "example.org", SPF_RESULT_NONE, NULL, "pass a.example.org",
		  FAIL, REJECT, "example.org", "example.org", false, false,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&cases[i]);
}

static void test_trouble(void **state)
{
	static const struct dmarc_case cases[] = {
		{ "policy unknown", "_dmarc.example.org !\n", "example.org",
		  SPF_RESULT_NONE, NULL, NULL, TEMP, NO_POLICY, NULL, "", false,
		  false, true },
		{ "policy unknown, same name passes", "_dmarc.example.org !\n",
		  "example.org", SPF_RESULT_NONE, NULL, "pass example.org",
		  TEMP, NO_POLICY, NULL, "", true, false, false },
		{ "policy unknown, another name passes",
		  "_dmarc.example.org !\n", "example.org", SPF_RESULT_NONE,
		  NULL, "pass a.example.org", TEMP, NO_POLICY, NULL, "", false,
		  false, true },
		{ "above unknown, own record, same name",
		  SIMPLE "_dmarc.org !\n", "example.org", SPF_RESULT_NONE, NULL,
		  "pass example.org", PASS, REJECT, "example.org", "", true,
		  false, false },
		{ "above unknown, own record, no signature",
		  SIMPLE "_dmarc.org !\n", "example.org", SPF_RESULT_NONE, NULL,
		  NULL, FAIL, REJECT, "example.org", "", false, false, false },
		{ "above unknown, own record, subdomain signs",
		  SIMPLE "_dmarc.org !\n", "example.org", SPF_RESULT_NONE, NULL,
		  "pass a.example.org", TEMP, REJECT, "example.org", "", false,
		  false, true },
		{ "above unknown, own record, foreign signature",
		  SIMPLE "_dmarc.org !\n", "example.org", SPF_RESULT_NONE, NULL,
		  "pass example.com", FAIL, REJECT, "example.org", "", false,
		  false, false },
		{ "above unknown, no record", "_dmarc.example.org !\n",
		  "a.example.org", SPF_RESULT_NONE, NULL, NULL, TEMP, NO_POLICY,
		  NULL, "", false, false, true },
		{ "aligned key unknown", SIMPLE, "example.org", SPF_RESULT_NONE,
		  NULL, "temperror a.example.org", TEMP, REJECT, "example.org",
		  NULL, false, false, true },
		{ "foreign key unknown", SIMPLE, "example.org", SPF_RESULT_NONE,
		  NULL, "temperror example.com", FAIL, REJECT, "example.org",
		  NULL, false, false, false },
		{ "aligned key unknown, another passes", SIMPLE, "example.org",
		  SPF_RESULT_NONE, NULL,
		  "temperror example.org pass example.org", PASS, REJECT,
		  "example.org", NULL, true, false, false },
		{ "aligned SPF unknown", SIMPLE, "example.org",
		  SPF_RESULT_TEMPERROR, "example.org", NULL, TEMP, REJECT,
		  "example.org", NULL, false, false, true },
		{ "aligned SPF unknown, DKIM passes", SIMPLE, "example.org",
		  SPF_RESULT_TEMPERROR, "example.org", "pass example.org", PASS,
		  REJECT, "example.org", NULL, true, false, false },
		{ "foreign SPF unknown", SIMPLE, "example.org",
		  SPF_RESULT_TEMPERROR, "example.com", NULL, FAIL, REJECT,
		  "example.org", NULL, false, false, false },
		{ "no record, aligned SPF unknown", "", "example.org",
		  SPF_RESULT_TEMPERROR, "example.org", NULL, NONE, NO_POLICY,
		  NULL, "example.org", false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&cases[i]);
}

static void test_spf_same_domain(void **state)
{
	static const struct {
		enum spf_result spf;
		const char *domain;
		bool want;
	} cases[] = {
		{ SPF_RESULT_FAIL, "example.org", true },
		{ SPF_RESULT_FAIL, "a.example.org", true },
		{ SPF_RESULT_FAIL, "example.com", false },
		{ SPF_RESULT_PASS, "example.org", true },
		{ SPF_RESULT_FAIL, "", false },
		{ SPF_RESULT_NONE, "example.org", false },
	};
	struct resolver *resolver = empty_resolver();

	(void)state;
	load_zone(resolver, SIMPLE);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct dns_budget budget = {
			.lookups_left = 40,
			.deadline = clock_monotonic() + 10000,
		};
		g_autofree char *domain = g_strdup(cases[i].domain);
		const struct spf_outcome spf = { .result = cases[i].spf,
			                         .domain = domain };
		struct dmarc_outcome got;

		dmarc_evaluate(resolver, &budget, "example.org", &spf, NULL,
		               &got);
		assert_int_equal(got.spf_same_domain, cases[i].want);
		dmarc_outcome_clear(&got);
	}
	resolver_free(resolver);
}

/* However long the name, a walk is eight questions at most. */
static void test_walk_is_bounded(void **state)
{
	struct resolver *resolver = empty_resolver();
	struct dns_budget budget = {
		.lookups_left = 100,
		.deadline = clock_monotonic() + 10000,
		.trace = g_ptr_array_new_with_free_func(g_free),
	};
	g_autoptr(GString) from = g_string_new(NULL);
	const struct spf_outcome spf = { .result = SPF_RESULT_NONE };
	struct dmarc_outcome got;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		g_string_append(from, "a.");
	g_string_append(from, "example.org");
	dmarc_evaluate(resolver, &budget, from->str, &spf, NULL, &got);
	assert_int_equal(budget.lookups_left, 92);
	assert_int_equal(got.result, DMARC_RESULT_NONE);
	dmarc_outcome_clear(&got);
	g_ptr_array_unref(budget.trace);
	resolver_free(resolver);
}

/* Many signatures of one domain do not ask again. */
static void test_walks_share_answers(void **state)
{
	struct resolver *resolver = empty_resolver();
	struct dns_budget budget = { .lookups_left = 100,
		                     .deadline = clock_monotonic() + 10000 };
	const struct spf_outcome spf = { .result = SPF_RESULT_NONE };
	g_autoptr(GPtrArray) signatures = load_signatures(
		"temperror a.example.org temperror a.example.org temperror "
		"a.example.org temperror a.example.org");
	struct dmarc_outcome got;

	(void)state;
	load_zone(resolver, SIMPLE);
	dmarc_evaluate(resolver, &budget, "example.org", &spf, signatures,
	               &got);
	assert_int_equal(got.result, DMARC_RESULT_TEMPERROR);
	/* example.org, org, a.example.org */
	assert_int_equal(budget.lookups_left, 97);
	dmarc_outcome_clear(&got);
	resolver_free(resolver);
}

static void test_budget_gone_is_trouble(void **state)
{
	struct resolver *resolver = empty_resolver();
	struct dns_budget budget = { .lookups_left = 0,
		                     .deadline = clock_monotonic() + 10000 };
	const struct spf_outcome spf = { .result = SPF_RESULT_NONE };
	struct dmarc_outcome got;

	(void)state;
	load_zone(resolver, SIMPLE);
	dmarc_evaluate(resolver, &budget, "example.org", &spf, NULL, &got);
	assert_int_equal(got.result, DMARC_RESULT_TEMPERROR);
	assert_true(got.trouble);
	dmarc_outcome_clear(&got);
	resolver_free(resolver);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(dmarc_result_name(DMARC_RESULT_PASS), "pass");
	assert_string_equal(dmarc_result_name((enum dmarc_result)99),
	                    "unknown");
	assert_string_equal(dmarc_policy_name(DMARC_POLICY_QUARANTINE),
	                    "quarantine");
	assert_string_equal(dmarc_policy_name((enum dmarc_policy)99),
	                    "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_parse),
		cmocka_unit_test(test_record_parse_refuses),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_organization),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_spf_same_domain),
		cmocka_unit_test(test_walk_is_bounded),
		cmocka_unit_test(test_walks_share_answers),
		cmocka_unit_test(test_budget_gone_is_trouble),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
