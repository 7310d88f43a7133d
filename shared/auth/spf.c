/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spf.c - SPF (RFC 7208): check_host() and its limits
 *
 * Each record is read strictly (spf_record.c), its macros expanded
 * (spf_macro.c), and its terms evaluated in order: a, mx and exists through
 * libspf2 (spf_term.c), the others here. One counter of terms and one of void
 * lookups serve the whole check, includes and redirects too, which also
 * bounds the recursion. What the sender could cure by publishing something
 * else is permerror; what time may cure is temperror. A client on the
 * loopback is checked like any other.
 */
#include "auth/spf.h"

#include "auth/spf_client.h"
#include "auth/spf_macro.h"
#include "auth/spf_record.h"
#include "auth/spf_term.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#define TERMS_MAX 10 /* that need DNS (4.6.4) */
#define VOIDS_MAX 2
#define LOCAL_MAX 256 /* bytes; RFC 5321 allows 64 */
#define HELO_MAX  255
#define UNKNOWN   "unknown"

#define TOO_MANY_LOOKUPS "more DNS lookups than one message may cause"
#define TIME_SPENT       "the time for this message is spent"

static const char *const result_names[] = {
	[SPF_RESULT_NONE] = "none",
	[SPF_RESULT_NEUTRAL] = "neutral",
	[SPF_RESULT_PASS] = "pass",
	[SPF_RESULT_FAIL] = "fail",
	[SPF_RESULT_SOFTFAIL] = "softfail",
	[SPF_RESULT_TEMPERROR] = "temperror",
	[SPF_RESULT_PERMERROR] = "permerror",
};
G_STATIC_ASSERT(G_N_ELEMENTS(result_names) == SPF_RESULT__COUNT);

const char *spf_result_name(enum spf_result result)
{
	return result < SPF_RESULT__COUNT ? result_names[result] : "?";
}

void spf_outcome_clear(struct spf_outcome *outcome)
{
	g_clear_pointer(&outcome->domain, g_free);
	g_clear_pointer(&outcome->reason, g_free);
	outcome->result = SPF_RESULT_NONE;
}

struct check {
	struct resolver *resolver;
	struct dns_budget *budget;
	struct spf_client client;
	struct spf_term_engine *engine; /* made when first needed */
	char *sender;
	char *local;
	char *sender_domain;
	char *helo;
	bool local_is_ascii;
	unsigned terms; /* evaluated that need DNS */
	unsigned voids;
	struct dns_answer *names; /* PTR of the client, when first needed */
	bool starved; /* a lookup on our side of libspf2 had no budget */
	bool late;    /* or came after the deadline */
	char *reason; /* of the result */
};

/* What came of one term. */
enum match { MATCH_NO, MATCH_YES, MATCH_TEMPERROR, MATCH_PERMERROR };

static enum spf_result check_host(struct check *check, const char *domain);

static void G_GNUC_PRINTF(2, 3)
	set_reason(struct check *check, const char *fmt, ...)
{
	va_list args;

	g_free(check->reason);
	va_start(args, fmt);
	check->reason = g_strdup_vprintf(fmt, args);
	va_end(args);
}

/* The name for a reason; one that a macro filled with odd characters is not
 * repeated. */
static const char *shown(const char *domain)
{
	for (const char *at = domain; *at != '\0'; at++)
		if (!g_ascii_isalnum(*at) && strchr("-_.", *at) == NULL)
			return "another domain";
	return domain;
}

/* ---- the sender ---- */

/* Control and 8-bit bytes become "?". */
static char *dup_clean(const char *text, size_t max)
{
	char *clean = g_strndup(text, max);

	for (char *at = clean; *at != '\0'; at++)
		if (!g_ascii_isprint(*at))
			*at = '?';
	return clean;
}

/* Lower case, A-labels, no trailing dot. NULL if it can have no record: not
 * a name of several labels (4.3). */
static char *dup_domain(const char *text)
{
	g_autofree char *domain = g_ascii_strdown(text, -1);
	size_t len = strlen(domain);

	if (len > 0 && domain[len - 1] == '.')
		domain[len - 1] = '\0';
	if (!g_str_is_ascii(domain)) {
		char *ascii = NULL;

		if (idn2_lookup_u8((const guint8 *)domain, (guint8 **)&ascii,
		                   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
		    IDN2_OK)
			return NULL;
		g_free(domain);
		domain = g_strdup(ascii);
		idn2_free(ascii);
	}
	if (domain[0] == '[' || strchr(domain, '.') == NULL ||
	    !dns_name_is_safe(domain))
		return NULL;
	for (const char *at = domain; *at != '\0'; at++)
		if (!g_ascii_isgraph(*at))
			return NULL;
	return g_steal_pointer(&domain);
}

/* Sets the strings that macros stand for; false: nothing to check. */
static bool read_sender(struct check *check, const struct spf_query *query)
{
	const char *helo = query->helo != NULL ? query->helo : "";
	const char *sender = query->sender != NULL ? query->sender : "";
	g_autofree char *local = NULL;
	const char *at;

	if (sender[0] == '\0')
		sender = helo;
	at = strrchr(sender, '@');
	if (at != NULL && at > sender)
		local = g_strndup(sender, (gsize)(at - sender));
	else
		local = g_strdup("postmaster"); /* 4.3 */
	check->local_is_ascii = g_str_is_ascii(local);
	check->local = dup_clean(local, LOCAL_MAX);
	check->helo = dup_clean(helo[0] != '\0' ? helo : UNKNOWN, HELO_MAX);
	check->sender_domain = dup_domain(at != NULL ? at + 1 : sender);
	if (check->sender_domain == NULL)
		return false;
	check->sender =
		g_strconcat(check->local, "@", check->sender_domain, NULL);
	return true;
}

/* ---- names of the client (5.5, macro p) ---- */

static struct dns_answer *look_up(struct check *check, const char *name,
                                  enum dns_type type)
{
	bool starved = check->budget->lookups_left == 0;
	struct dns_answer *answer =
		resolver_lookup(check->resolver, check->budget, name, type);

	if (starved)
		check->starved = true;
	else if (answer->status == DNS_FAILED &&
	         clock_monotonic() >= check->budget->deadline)
		check->late = true;
	return answer;
}

static bool has_address(struct check *check, const char *name)
{
	bool ipv4 = check->client.family == AF_INET;
	size_t want = ipv4 ? 4 : 16;
	struct dns_answer *answer =
		look_up(check, name, ipv4 ? DNS_TYPE_A : DNS_TYPE_AAAA);
	bool found = false;

	for (guint i = 0; i < answer->rdata->len && !found; i++) {
		size_t len;
		const void *data =
			g_bytes_get_data(answer->rdata->pdata[i], &len);

		found = len == want &&
		        memcmp(data, check->client.address, want) == 0;
	}
	dns_answer_unref(answer);
	return found;
}

/* Name i of the client, not validated; NULL past the last that counts. */
static char *client_name(struct check *check, guint i)
{
	size_t len;
	const guint8 *data;
	char *name;

	if (check->names == NULL)
		check->names =
			look_up(check, check->client.reverse, DNS_TYPE_PTR);
	if (i >= MIN(check->names->rdata->len, SPF_HOSTS_MAX))
		return NULL;
	data = g_bytes_get_data(check->names->rdata->pdata[i], &len);
	name = dns_name_from_wire(data, len);
	return name != NULL ? name : g_strdup("");
}

static bool is_equal(const char *name, const char *domain)
{
	return g_ascii_strcasecmp(name, domain) == 0;
}

static bool is_below(const char *name, const char *domain)
{
	size_t len = strlen(name), tail = strlen(domain);

	return len > tail && name[len - tail - 1] == '.' &&
	       is_equal(name + len - tail, domain);
}

static bool is_within(const char *name, const char *domain)
{
	return is_equal(name, domain) || is_below(name, domain);
}

static bool is_any(const char *name, const char *domain)
{
	(void)domain;
	return dns_name_is_safe(name);
}

/* The first validated name that fits; NULL if none does. */
static char *find_client_name(struct check *check, const char *domain,
                              bool (*fits)(const char *, const char *))
{
	char *name;

	for (guint i = 0; (name = client_name(check, i)) != NULL; i++) {
		if (fits(name, domain) && has_address(check, name))
			return name;
		g_free(name);
	}
	return NULL;
}

/* Macro p: the domain itself, else a name below it, else any (7.3). */
static char *dup_client_name(struct check *check, const char *domain)
{
	char *name = find_client_name(check, domain, is_equal);

	if (name == NULL)
		name = find_client_name(check, domain, is_below);
	if (name == NULL)
		name = find_client_name(check, domain, is_any);
	return name != NULL ? name : g_strdup(UNKNOWN);
}

/* ---- terms ---- */

/* The name that a domain-spec stands for, `domain` if there is none. NULL if
 * it cannot be one, or rests on a local part that is not ASCII (RFC 8616 4):
 * then the term does not match. */
static char *expand(struct check *check, const char *spec, const char *domain)
{
	g_autofree char *client = NULL;
	g_autofree char *name = NULL;

	if (spec == NULL)
		return g_strdup(domain);
	if (!check->local_is_ascii && spf_macro_uses(spec, "ls"))
		return NULL;
	client = spf_macro_uses(spec, "p") ? dup_client_name(check, domain)
	                                   : g_strdup(UNKNOWN);
	name = spf_macro_expand(
		spec, &(struct spf_macro_values){
			      .sender = check->sender,
			      .local = check->local,
			      .sender_domain = check->sender_domain,
			      .domain = domain,
			      .ip = check->client.text,
			      .client_name = client,
			      .ip_version = check->client.family == AF_INET
	                                            ? "in-addr"
	                                            : "ip6",
			      .helo = check->helo,
		      });
	if (!dns_name_is_safe(name) || strchr(name, '.') == NULL)
		return NULL;
	return g_steal_pointer(&name);
}

static enum match match_all(struct check *check, const struct spf_term *term,
                            const char *domain)
{
	(void)check;
	(void)term;
	(void)domain;
	return MATCH_YES;
}

static enum match match_ip4(struct check *check, const struct spf_term *term,
                            const char *domain)
{
	(void)domain;
	return check->client.family == AF_INET &&
	                       spf_client_in_network(&check->client,
	                                             term->address,
	                                             term->prefix4)
	               ? MATCH_YES
	               : MATCH_NO;
}

static enum match match_ip6(struct check *check, const struct spf_term *term,
                            const char *domain)
{
	(void)domain;
	return check->client.family == AF_INET6 &&
	                       spf_client_in_network(&check->client,
	                                             term->address,
	                                             term->prefix6)
	               ? MATCH_YES
	               : MATCH_NO;
}

/* 5.5: trouble with these lookups only means that nothing matches, unless it
 * is our own budget that ended. */
static enum match match_ptr(struct check *check, const struct spf_term *term,
                            const char *domain)
{
	g_autofree char *target = expand(check, term->spec, domain);
	g_autofree char *name =
		target != NULL ? find_client_name(check, target, is_within)
			       : NULL;

	return name != NULL ? MATCH_YES : MATCH_NO;
}

static enum match match_include(struct check *check,
                                const struct spf_term *term, const char *domain)
{
	/* 5.2 */
	static const enum match matches[] = {
		[SPF_RESULT_NONE] = MATCH_PERMERROR,
		[SPF_RESULT_NEUTRAL] = MATCH_NO,
		[SPF_RESULT_PASS] = MATCH_YES,
		[SPF_RESULT_FAIL] = MATCH_NO,
		[SPF_RESULT_SOFTFAIL] = MATCH_NO,
		[SPF_RESULT_TEMPERROR] = MATCH_TEMPERROR,
		[SPF_RESULT_PERMERROR] = MATCH_PERMERROR,
	};
	g_autofree char *target = expand(check, term->spec, domain);

	if (target == NULL && !check->local_is_ascii)
		return MATCH_NO;
	if (target == NULL) {
		set_reason(check, "an include names no possible domain");
		return MATCH_PERMERROR;
	}
	return matches[check_host(check, target)];
}

static struct spf_term_engine *get_engine(struct check *check)
{
	if (check->engine == NULL)
		check->engine = spf_term_engine_new(
			check->resolver, check->budget, check->client.family,
			check->client.address);
	return check->engine;
}

static enum match match_by_library(struct check *check,
                                   const struct spf_term *term,
                                   enum spf_term_kind kind, const char *domain)
{
	g_autofree char *name = expand(check, term->spec, domain);
	struct spf_term_query query = { kind, name,
		                        check->client.family == AF_INET
		                                ? term->prefix4
		                                : term->prefix6 };
	unsigned voids = 0;
	enum spf_term_result result;

	if (name == NULL)
		return MATCH_NO;
	result = spf_term_match(get_engine(check), &query, &voids);
	check->voids += voids;
	switch (result) {
	case SPF_TERM_MATCH:
		return MATCH_YES;
	case SPF_TERM_NO_MATCH:
		return MATCH_NO;
	case SPF_TERM_DNS_FAILED:
		set_reason(check, "DNS: %s",
		           spf_term_engine_get_why(check->engine));
		return MATCH_TEMPERROR;
	case SPF_TERM_TOO_MANY_HOSTS:
		set_reason(check, "an mx names more than %d hosts",
		           SPF_HOSTS_MAX);
		return MATCH_PERMERROR;
	case SPF_TERM_NO_BUDGET:
		set_reason(check, TOO_MANY_LOOKUPS);
		return MATCH_PERMERROR;
	case SPF_TERM_BROKEN:
		break;
	}
	set_reason(check, "a term could not be evaluated");
	return MATCH_TEMPERROR;
}

static enum match match_a(struct check *check, const struct spf_term *term,
                          const char *domain)
{
	return match_by_library(check, term, SPF_TERM_A, domain);
}

static enum match match_mx(struct check *check, const struct spf_term *term,
                           const char *domain)
{
	return match_by_library(check, term, SPF_TERM_MX, domain);
}

static enum match match_exists(struct check *check, const struct spf_term *term,
                               const char *domain)
{
	return match_by_library(check, term, SPF_TERM_EXISTS, domain);
}

static const struct {
	bool dns;
	enum match (*match)(struct check *check, const struct spf_term *term,
	                    const char *domain);
} mechanisms[] = {
	[SPF_MECHANISM_ALL] = { false, match_all },
	[SPF_MECHANISM_INCLUDE] = { true, match_include },
	[SPF_MECHANISM_A] = { true, match_a },
	[SPF_MECHANISM_MX] = { true, match_mx },
	[SPF_MECHANISM_PTR] = { true, match_ptr },
	[SPF_MECHANISM_IP4] = { false, match_ip4 },
	[SPF_MECHANISM_IP6] = { false, match_ip6 },
	[SPF_MECHANISM_EXISTS] = { true, match_exists },
};
G_STATIC_ASSERT(G_N_ELEMENTS(mechanisms) == SPF_MECHANISM__COUNT);

/* Whether one more term that needs DNS may be evaluated (4.6.4). */
static enum match take_term(struct check *check)
{
	if (++check->terms > TERMS_MAX) {
		set_reason(check, "more than %d terms need DNS", TERMS_MAX);
		return MATCH_PERMERROR;
	}
	if (clock_monotonic() >= check->budget->deadline) {
		set_reason(check, TIME_SPENT);
		return MATCH_TEMPERROR;
	}
	return MATCH_YES;
}

/* A term that did not match may have passed a limit. */
static enum match check_limits(struct check *check)
{
	if (check->voids > VOIDS_MAX) {
		set_reason(check, "more than %d lookups found nothing",
		           VOIDS_MAX);
		return MATCH_PERMERROR;
	}
	if (check->starved) {
		set_reason(check, TOO_MANY_LOOKUPS);
		return MATCH_PERMERROR;
	}
	if (check->late) {
		set_reason(check, TIME_SPENT);
		return MATCH_TEMPERROR;
	}
	return MATCH_NO;
}

static enum match match_term(struct check *check, const struct spf_term *term,
                             const char *domain)
{
	enum match match = MATCH_YES;

	if (mechanisms[term->mechanism].dns)
		match = take_term(check);
	if (match == MATCH_YES)
		match = mechanisms[term->mechanism].match(check, term, domain);
	return match == MATCH_NO ? check_limits(check) : match;
}

/* ---- records ---- */

static enum spf_result check_redirect(struct check *check, const char *spec,
                                      const char *domain)
{
	g_autofree char *target = NULL;
	enum match match = take_term(check);
	enum spf_result result;

	if (match != MATCH_YES)
		return match == MATCH_TEMPERROR ? SPF_RESULT_TEMPERROR
		                                : SPF_RESULT_PERMERROR;
	target = expand(check, spec, domain);
	result = target != NULL ? check_host(check, target) : SPF_RESULT_NONE;
	if (result != SPF_RESULT_NONE)
		return result;
	/* 6.1 */
	set_reason(check, "redirect to a domain without a record");
	return SPF_RESULT_PERMERROR;
}

static enum spf_result check_record(struct check *check,
                                    const struct spf_record *record,
                                    const char *domain)
{
	for (guint i = 0; i < record->terms->len; i++) {
		const struct spf_term *term = record->terms->pdata[i];

		switch (match_term(check, term, domain)) {
		case MATCH_NO:
			break;
		case MATCH_YES:
			set_reason(check, "matched term %u (%s) of %s", i + 1,
			           spf_mechanism_name(term->mechanism),
			           shown(domain));
			return term->qualifier;
		case MATCH_TEMPERROR:
			return SPF_RESULT_TEMPERROR;
		case MATCH_PERMERROR:
			return SPF_RESULT_PERMERROR;
		}
	}
	if (record->redirect != NULL)
		return check_redirect(check, record->redirect, domain);
	set_reason(check, "no term of %s matched", shown(domain));
	return SPF_RESULT_NEUTRAL;
}

/* The one SPF record of an answer (4.5). */
static enum spf_result select_record(struct check *check,
                                     const struct dns_answer *answer,
                                     const char *domain,
                                     struct spf_record **ret_record)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	struct spf_record *record;
	size_t len = 0;

	for (guint i = 0; i < answer->rdata->len; i++) {
		size_t other_len;
		g_autofree char *other =
			dns_txt_join(answer->rdata->pdata[i], &other_len);

		if (!spf_record_is_spf(other, other_len))
			continue;
		if (text != NULL) {
			set_reason(check, "%s has several SPF records",
			           shown(domain));
			return SPF_RESULT_PERMERROR;
		}
		text = g_steal_pointer(&other);
		len = other_len;
	}
	if (text == NULL) {
		set_reason(check, "%s has no SPF record", shown(domain));
		return SPF_RESULT_NONE;
	}
	record = spf_record_parse(text, len, &error);
	if (record == NULL) {
		set_reason(check, "%s: %s", shown(domain), error->message);
		return SPF_RESULT_PERMERROR;
	}
	*ret_record = record;
	return SPF_RESULT_PASS;
}

/* SPF_RESULT_PASS with the record, else the result. */
static enum spf_result fetch_record(struct check *check, const char *domain,
                                    struct spf_record **ret_record)
{
	struct dns_answer *answer = look_up(check, domain, DNS_TYPE_TXT);
	enum spf_result result;

	if (answer->status != DNS_FAILED) {
		result = select_record(check, answer, domain, ret_record);
	} else {
		set_reason(check, "DNS: %s", answer->why);
		result = check->starved ? SPF_RESULT_PERMERROR
		                        : SPF_RESULT_TEMPERROR;
	}
	dns_answer_unref(answer);
	return result;
}

/* 4: the result for a domain that dns_name_is_safe. Recursion ends with
 * TERMS_MAX. */
static enum spf_result check_host(struct check *check, const char *domain)
{
	AUTO(spf_record) record = NULL;
	enum spf_result result = fetch_record(check, domain, &record);

	return record != NULL ? check_record(check, record, domain) : result;
}

static void check_clear(struct check *check)
{
	spf_term_engine_free(check->engine);
	dns_answer_unref(check->names);
	spf_client_clear(&check->client);
	g_free(check->sender);
	g_free(check->local);
	g_free(check->sender_domain);
	g_free(check->helo);
	g_free(check->reason);
}

void spf_check(struct resolver *resolver, struct dns_budget *budget,
               const struct spf_query *query, struct spf_outcome *ret_outcome)
{
	struct check check = { .resolver = resolver, .budget = budget };

	ret_outcome->result = SPF_RESULT_NONE;
	if (!spf_client_read(query->ip, &check.client))
		set_reason(&check, "the address of the client is not known");
	else if (!read_sender(&check, query))
		set_reason(&check, "there is no domain that could have a "
		                   "record");
	else
		ret_outcome->result = check_host(&check, check.sender_domain);
	ret_outcome->domain = g_strdup(
		check.sender_domain != NULL ? check.sender_domain : "");
	ret_outcome->reason = g_steal_pointer(&check.reason);
	check_clear(&check);
}
