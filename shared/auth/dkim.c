/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dkim.c - verifying DKIM signatures
 *
 * The header is kept until it is complete: only then is it known which
 * signatures are worth the work. Every field is read by dkim_claim.c, the
 * keys of the chosen ones are fetched by dkim_key.c, and what is left goes to
 * libopendkim, which makes the hashes canonical. It stops there (stop()): the
 * hashes are compared here, with the keys at hand, and its six DNS hooks
 * refuse.
 *
 * Its allocations are zeroed and padded, since it relies on both. One more
 * header field, whose name no h= can spell, keeps its list of selected
 * fields from growing past the count of fields (it writes one entry more).
 */
#include "auth/dkim.h"

#include "auth/dkim_length.h"
#include "auth/dkim_parts.h"
#include "base/clock.h"
#include "base/error.h"

#include <opendkim/dkim.h>
#include <string.h>
#include <sys/time.h>

#define ALLOC_PADDING 64
#define FOREIGN_PART  4 /* of the time left, for keys that prove nothing */
#define PAD_FIELD     "Portaria pad: -"
#define SHA256_BYTES  32

static const char *const result_names[] = {
	"none", "pass", "fail", "policy", "neutral", "temperror", "permerror",
};
G_STATIC_ASSERT(G_N_ELEMENTS(result_names) == DKIM_RESULT__COUNT);

const char *dkim_result_name(enum dkim_result result)
{
	if ((unsigned)result >= DKIM_RESULT__COUNT)
		return "unknown";
	return result_names[result];
}

void dkim_signature_free(struct dkim_signature *signature)
{
	if (signature == NULL)
		return;
	g_free(signature->domain);
	g_free(signature->selector);
	g_free(signature->algorithm);
	g_free(signature->b_prefix);
	g_free(signature->reason);
	g_free(signature);
}

/* --- the library --- */

struct dkim_library {
	DKIM_LIB *lib;
	struct resolver *resolver;
	struct dkim_keyring *ring;
};

static void *alloc_padded(void *closure, size_t len)
{
	(void)closure;
	return g_malloc0(len + ALLOC_PADDING);
}

static void free_padded(void *closure, void *data)
{
	(void)closure;
	g_free(data);
}

static int dns_init(void **service)
{
	(void)service;
	return 0;
}

static void dns_close(void *service)
{
	(void)service;
}

static int dns_start(void *service, int type, unsigned char *name,
                     unsigned char *buf, size_t len, void **ret_query)
{
	(void)service;
	(void)type;
	(void)name;
	(void)buf;
	(void)len;
	(void)ret_query;
	return DKIM_DNS_ERROR;
}

static int dns_cancel(void *service, void *query)
{
	(void)service;
	(void)query;
	return DKIM_DNS_SUCCESS;
}

static int dns_wait(void *service, void *query, struct timeval *timeout,
                    size_t *ret_len, int *ret_error, int *ret_dnssec)
{
	(void)service;
	(void)query;
	(void)timeout;
	(void)ret_len;
	(void)ret_error;
	(void)ret_dnssec;
	return DKIM_DNS_ERROR;
}

/* At the end of the body, when all hashes are there. */
static DKIM_CBSTAT stop(DKIM *dkim, DKIM_SIGINFO **infos, int count)
{
	(void)dkim;
	(void)infos;
	(void)count;
	return DKIM_CBSTAT_REJECT;
}

static bool set_options(DKIM_LIB *lib)
{
	/* BADSIGHANDLES: a From that libopendkim cannot read is no obstacle;
	 * DELAYSIGPROC: keys are asked for at the end only. */
	unsigned flags =
		DKIM_LIBFLAGS_BADSIGHANDLES | DKIM_LIBFLAGS_DELAYSIGPROC;

	return dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags,
	                    sizeof(flags)) == DKIM_STAT_OK;
}

struct dkim_library *dkim_library_new(struct resolver *resolver, GError **error)
{
	struct dkim_library *library;
	DKIM_LIB *lib = dkim_init(alloc_padded, free_padded);

	if (lib == NULL || !set_options(lib)) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
		            "libopendkim cannot be initialised");
		if (lib != NULL)
			dkim_close(lib);
		return NULL;
	}
	if (!dkim_libfeature(lib, DKIM_FEATURE_SHA256)) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "libopendkim was built without SHA-256");
		dkim_close(lib);
		return NULL;
	}
	library = g_new0(struct dkim_library, 1);
	library->lib = lib;
	library->resolver = resolver;
	library->ring = dkim_keyring_new();
	(void)dkim_dns_set_query_service(lib, library);
	dkim_dns_set_init(lib, dns_init);
	dkim_dns_set_close(lib, dns_close);
	dkim_dns_set_query_start(lib, dns_start);
	dkim_dns_set_query_cancel(lib, dns_cancel);
	dkim_dns_set_query_waitreply(lib, dns_wait);
	(void)dkim_set_final(lib, stop);
	return library;
}

void dkim_library_free(struct dkim_library *library)
{
	if (library == NULL)
		return;
	dkim_close(library->lib);
	dkim_keyring_free(library->ring);
	g_free(library);
}

/* --- one message --- */

/* How near a signature is to the author's domain; the order of trying. */
enum rank { RANK_SAME, RANK_RELATED, RANK_FOREIGN, RANK_REFUSED };

/* One DKIM-Signature field on its way to a result. */
struct candidate {
	struct dkim_claim *claim;
	struct dkim_key *key; /* NULL until fetched */
	unsigned order;       /* in the header */
	enum rank rank;
	enum dkim_result result; /* NONE: still to be verified */
	const char *why;
};

struct field {
	GString *text;               /* "Name: value", lines end with CRLF */
	struct candidate *candidate; /* NULL for other fields */
};

enum verifier_state { IN_HEADER, IN_BODY, NOTHING_TO_DO, FINISHED };

struct dkim_verifier {
	struct dkim_library *library;
	struct dns_budget *budget;
	guint64 signatures_max;
	guint64 headers_max;
	guint64 header_bytes_max;
	enum verifier_state state;
	GPtrArray *fields;     /* struct field */
	GPtrArray *candidates; /* struct candidate; sorted at end of header */
	GPtrArray *chosen;     /* of them, borrowed: the reported ones */
	GPtrArray *live;       /* of those, borrowed: fed, in header order */
	guint64 header_bytes;
	unsigned from_count;
	bool overflow;
	DKIM *dkim;
	bool count_length; /* some l= has to be compared */
	struct dkim_length length;
	char last; /* byte of the body fed; LF before the first */
};

static void candidate_free(void *data)
{
	struct candidate *candidate = data;

	dkim_claim_free(candidate->claim);
	dkim_key_unref(candidate->key);
	g_free(candidate);
}

static void field_free(void *data)
{
	struct field *field = data;

	g_string_free(field->text, TRUE);
	g_free(field);
}

struct dkim_verifier *dkim_verifier_new(struct dkim_library *library,
                                        const struct limits *limits,
                                        struct dns_budget *budget)
{
	struct dkim_verifier *verifier = g_new0(struct dkim_verifier, 1);

	verifier->library = library;
	verifier->budget = budget;
	verifier->signatures_max = limits->dkim_signatures;
	verifier->headers_max = limits->headers;
	verifier->header_bytes_max = limits->header_bytes;
	verifier->fields = g_ptr_array_new_with_free_func(field_free);
	verifier->candidates = g_ptr_array_new_with_free_func(candidate_free);
	verifier->chosen = g_ptr_array_new();
	verifier->live = g_ptr_array_new();
	verifier->last = '\n';
	return verifier;
}

void dkim_verifier_free(struct dkim_verifier *verifier)
{
	if (verifier == NULL)
		return;
	if (verifier->dkim != NULL)
		(void)dkim_free(verifier->dkim);
	g_ptr_array_unref(verifier->live);
	g_ptr_array_unref(verifier->chosen);
	g_ptr_array_unref(verifier->fields);
	g_ptr_array_unref(verifier->candidates);
	g_free(verifier);
}

static void candidate_settle(struct candidate *candidate,
                             enum dkim_result result, const char *why)
{
	candidate->result = result;
	candidate->why = why;
}

static void settle_all(GPtrArray *candidates, enum dkim_result result,
                       const char *why)
{
	for (unsigned i = 0; i < candidates->len; i++) {
		struct candidate *candidate = candidates->pdata[i];

		if (candidate->result == DKIM_RESULT_NONE)
			candidate_settle(candidate, result, why);
	}
}

/* --- header --- */

static bool name_is(const char *name, size_t len, const char *want)
{
	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	return len == strlen(want) && g_ascii_strncasecmp(name, want, len) == 0;
}

/* A bare LF becomes CRLF, as the MTA sends it on. A NUL cannot be signed:
 * what stands for it makes the hash differ. */
static void append_lines(GString *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
			g_string_append_c(out, '\r');
		g_string_append_c(out, data[i] != '\0' ? data[i] : '\x01');
	}
}

static struct candidate *add_candidate(struct dkim_verifier *verifier,
                                       const char *value, size_t len)
{
	struct candidate *candidate = g_new0(struct candidate, 1);

	candidate->claim =
		dkim_claim_parse(value, len, clock_now() / CLOCK_SECOND);
	candidate->order = verifier->candidates->len;
	candidate_settle(candidate, candidate->claim->result,
	                 candidate->claim->why);
	g_ptr_array_add(verifier->candidates, candidate);
	return candidate;
}

void dkim_verifier_header(struct dkim_verifier *verifier, const char *name,
                          size_t name_len, const char *value, size_t value_len)
{
	struct field *field;

	if (verifier->state != IN_HEADER)
		return;
	if (name_is(name, name_len, "From"))
		verifier->from_count++;
	verifier->header_bytes += name_len + value_len + strlen(":\r\n");
	if (verifier->fields->len >= verifier->headers_max ||
	    verifier->header_bytes > verifier->header_bytes_max) {
		verifier->overflow = true;
		return;
	}
	field = g_new0(struct field, 1);
	field->text = g_string_sized_new(name_len + value_len + 2);
	append_lines(field->text, name, name_len);
	g_string_append_c(field->text, ':');
	append_lines(field->text, value, value_len);
	if (name_is(name, name_len, "DKIM-Signature"))
		field->candidate = add_candidate(verifier, value, value_len);
	g_ptr_array_add(verifier->fields, field);
}

/* --- choosing --- */

/* Labels that two names share at their right ends. */
static unsigned shared_labels(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned labels = 0;

	while (a_len > 0 && b_len > 0 && a[a_len - 1] == b[b_len - 1]) {
		a_len--;
		b_len--;
		if (a[a_len] == '.')
			labels++;
	}
	if ((a_len == 0 || a[a_len - 1] == '.') &&
	    (b_len == 0 || b[b_len - 1] == '.'))
		labels++;
	return labels;
}

/* Only an order: what is aligned is DMARC's decision. Names that share less
 * than two labels never are. */
static enum rank rank_of(const struct candidate *candidate,
                         const char *from_domain)
{
	const char *domain = candidate->claim->domain;

	if (candidate->result != DKIM_RESULT_NONE)
		return RANK_REFUSED;
	if (from_domain == NULL)
		return RANK_FOREIGN;
	if (strcmp(domain, from_domain) == 0)
		return RANK_SAME;
	return shared_labels(domain, from_domain) < 2 ? RANK_FOREIGN
	                                              : RANK_RELATED;
}

static int compare_rank(const void *a, const void *b)
{
	const struct candidate *left = *(struct candidate *const *)a;
	const struct candidate *right = *(struct candidate *const *)b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static int compare_order(const void *a, const void *b)
{
	const struct candidate *left = *(struct candidate *const *)a;
	const struct candidate *right = *(struct candidate *const *)b;

	return left->order < right->order ? -1 : 1;
}

static void choose(struct dkim_verifier *verifier, const char *from_domain)
{
	for (unsigned i = 0; i < verifier->candidates->len; i++) {
		struct candidate *candidate = verifier->candidates->pdata[i];

		candidate->rank = rank_of(candidate, from_domain);
	}
	g_ptr_array_sort(verifier->candidates, compare_rank);
	for (unsigned i = 0;
	     i < verifier->candidates->len && i < verifier->signatures_max; i++)
		g_ptr_array_add(verifier->chosen,
		                verifier->candidates->pdata[i]);
}

/* What makes every signature of the message worthless. */
static void judge_message(struct dkim_verifier *verifier)
{
	if (verifier->overflow)
		settle_all(verifier->chosen, DKIM_RESULT_NEUTRAL,
		           "the header passes a limit");
	else if (verifier->from_count == 0)
		settle_all(verifier->chosen, DKIM_RESULT_PERMERROR,
		           "there is no From field");
	else if (verifier->from_count > 1)
		settle_all(verifier->chosen, DKIM_RESULT_POLICY,
		           "there is more than one From field");
}

static void fetch_key(struct dkim_verifier *verifier,
                      struct candidate *candidate)
{
	const char *mismatch;

	candidate->key = dkim_key_fetch(verifier->library->resolver,
	                                verifier->library->ring,
	                                verifier->budget, candidate->claim);
	if (candidate->key->result != DKIM_RESULT_NONE) {
		candidate_settle(candidate, candidate->key->result,
		                 candidate->key->why);
		return;
	}
	mismatch = dkim_key_mismatch(candidate->key, candidate->claim);
	if (mismatch != NULL) {
		candidate_settle(candidate, DKIM_RESULT_PERMERROR, mismatch);
		return;
	}
	g_ptr_array_add(verifier->live, candidate);
	if (candidate->claim->has_length)
		verifier->count_length = true;
}

/*
 * The chosen are sorted by rank. Those that cannot be aligned prove nothing
 * and may not, with name servers that do not answer, use up the time that
 * SPF and DMARC need: together they get a part of what is left.
 */
static void fetch_keys(struct dkim_verifier *verifier)
{
	gint64 deadline = verifier->budget->deadline;
	bool shortened = false;

	for (unsigned i = 0; i < verifier->chosen->len; i++) {
		struct candidate *candidate = verifier->chosen->pdata[i];

		if (candidate->result != DKIM_RESULT_NONE)
			continue;
		if (candidate->rank >= RANK_FOREIGN && !shortened) {
			gint64 now = clock_monotonic();

			verifier->budget->deadline =
				now + (deadline - now) / FOREIGN_PART;
			shortened = true;
		}
		fetch_key(verifier, candidate);
	}
	verifier->budget->deadline = deadline;
	g_ptr_array_sort(verifier->live, compare_order);
}

/* --- feeding libopendkim --- */

static bool same_name(const unsigned char *theirs, const char *ours)
{
	return theirs != NULL &&
	       g_ascii_strcasecmp((const char *)theirs, ours) == 0;
}

/* libopendkim's reading of the tags must be the one that was judged. */
static bool is_about(DKIM_SIGINFO *info, const struct candidate *candidate)
{
	return same_name(dkim_sig_getdomain(info), candidate->claim->domain) &&
	       same_name(dkim_sig_getselector(info),
	                 candidate->claim->selector);
}

static bool feed_field(DKIM *dkim, GString *text)
{
	return dkim_header(dkim, (unsigned char *)text->str, text->len) ==
	       DKIM_STAT_OK;
}

/* Signatures that are not live stay out: libopendkim would take them up. */
static bool feed_header(struct dkim_verifier *verifier)
{
	g_autoptr(GString) pad = g_string_new(PAD_FIELD);

	for (unsigned i = 0; i < verifier->fields->len; i++) {
		struct field *field = verifier->fields->pdata[i];
		struct candidate *candidate = field->candidate;

		if (candidate == NULL) {
			/* a name that is none is just not signed */
			(void)feed_field(verifier->dkim, field->text);
			continue;
		}
		if (!g_ptr_array_find(verifier->live, candidate, NULL))
			continue;
		if (!feed_field(verifier->dkim, field->text))
			return false;
	}
	return feed_field(verifier->dkim, pad) &&
	       dkim_eoh(verifier->dkim) == DKIM_STAT_OK;
}

static bool start(struct dkim_verifier *verifier)
{
	DKIM_STAT status;

	verifier->dkim =
		dkim_verify(verifier->library->lib,
	                    (const unsigned char *)"message", NULL, &status);
	if (verifier->dkim == NULL)
		return false;
	return feed_header(verifier);
}

bool dkim_verifier_end_header(struct dkim_verifier *verifier,
                              const char *from_domain)
{
	if (verifier->state != IN_HEADER)
		return verifier->state == IN_BODY;
	verifier->state = NOTHING_TO_DO;
	choose(verifier, from_domain);
	judge_message(verifier);
	fetch_keys(verifier);
	if (verifier->live->len == 0)
		return false;
	if (!start(verifier)) {
		settle_all(verifier->live, DKIM_RESULT_NEUTRAL,
		           "the header cannot be hashed");
		return false;
	}
	verifier->state = IN_BODY;
	return true;
}

/* --- body --- */

static void feed_body(struct dkim_verifier *verifier, const char *data,
                      size_t len)
{
	union {
		const char *bytes;
		unsigned char *theirs; /* not written to */
	} view = { .bytes = data };

	if (len == 0)
		return;
	if (verifier->count_length)
		dkim_length_add(&verifier->length, data, len);
	if (dkim_body(verifier->dkim, view.theirs, len) != DKIM_STAT_OK) {
		settle_all(verifier->live, DKIM_RESULT_NEUTRAL,
		           "the body cannot be hashed");
		verifier->state = NOTHING_TO_DO;
	}
	verifier->last = data[len - 1];
}

/* The first LF without a CR before it, or len. */
static size_t find_bare_lf(const char *data, size_t len, char before)
{
	const char *at = data;

	while ((at = memchr(at, '\n', (size_t)(data + len - at))) != NULL) {
		if ((at > data ? at[-1] : before) != '\r')
			return (size_t)(at - data);
		at++;
	}
	return len;
}

void dkim_verifier_body(struct dkim_verifier *verifier, const char *data,
                        size_t len)
{
	while (len > 0 && verifier->state == IN_BODY) {
		size_t clean = find_bare_lf(data, len, verifier->last);

		feed_body(verifier, data, clean);
		if (clean < len && verifier->state == IN_BODY)
			feed_body(verifier, "\r\n", 2);
		clean += clean < len;
		data += clean;
		len -= clean;
	}
}

/* --- results --- */

static const struct {
	int error;
	enum dkim_result result;
	const char *why;
} verdicts[] = {
	{ DKIM_SIGERROR_TOOLARGE_L, DKIM_RESULT_FAIL,
	  "the body is shorter than l=" },
	{ DKIM_SIGERROR_EXPIRED, DKIM_RESULT_PERMERROR, "expired" },
	{ DKIM_SIGERROR_FUTURE, DKIM_RESULT_PERMERROR, "dated in the future" },
	{ DKIM_SIGERROR_CORRUPT_B, DKIM_RESULT_NEUTRAL, "b= is corrupt" },
};

static void judge_error(struct candidate *candidate, int error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++) {
		if (verdicts[i].error == error) {
			candidate_settle(candidate, verdicts[i].result,
			                 verdicts[i].why);
			return;
		}
	}
	candidate_settle(candidate, DKIM_RESULT_NEUTRAL,
	                 "the signature cannot be verified");
}

/* A signature that fits; does it count? */
static void judge_policy(struct dkim_verifier *verifier,
                         struct candidate *candidate)
{
	const struct dkim_claim *claim = candidate->claim;

	if (claim->has_length &&
	    claim->length !=
	            dkim_length_get(&verifier->length, claim->relaxed_body))
		candidate_settle(candidate, DKIM_RESULT_POLICY,
		                 "l= leaves a part of the body unsigned");
	else if (candidate->key->testing)
		candidate_settle(candidate, DKIM_RESULT_POLICY,
		                 "the key is for testing");
	else
		candidate_settle(candidate, DKIM_RESULT_PASS, NULL);
}

static bool same_bytes(GBytes *ours, const void *theirs, size_t len)
{
	return g_bytes_get_size(ours) == len &&
	       memcmp(g_bytes_get_data(ours, NULL), theirs, len) == 0;
}

static void judge_hashes(struct dkim_verifier *verifier,
                         struct candidate *candidate, DKIM_SIGINFO *info)
{
	const struct dkim_claim *claim = candidate->claim;
	void *header, *body;
	size_t header_len, body_len;

	if (dkim_sig_gethashes(info, &header, &header_len, &body, &body_len) !=
	            DKIM_STAT_OK ||
	    header_len != SHA256_BYTES)
		candidate_settle(candidate, DKIM_RESULT_NEUTRAL,
		                 "the signature cannot be verified");
	else if (!dkim_key_verify(candidate->key, header, header_len,
	                          claim->signature))
		candidate_settle(candidate, DKIM_RESULT_FAIL,
		                 "the signature does not fit the header");
	else if (!same_bytes(claim->body_hash, body, body_len))
		candidate_settle(candidate, DKIM_RESULT_FAIL,
		                 "the body was altered");
	else
		judge_policy(verifier, candidate);
}

/* UNKNOWN is libopendkim's word for one without fault so far; only those
 * have hashes. */
static void judge_signature(struct dkim_verifier *verifier,
                            struct candidate *candidate, DKIM_SIGINFO *info)
{
	int error = dkim_sig_geterror(info);

	if (!is_about(info, candidate))
		candidate_settle(candidate, DKIM_RESULT_NEUTRAL,
		                 "the signature reads in two ways");
	else if (error != DKIM_SIGERROR_UNKNOWN)
		judge_error(candidate, error);
	else
		judge_hashes(verifier, candidate, info);
}

static void judge_live(struct dkim_verifier *verifier)
{
	DKIM_SIGINFO **infos = NULL;
	int count = 0;

	if (dkim_getsiglist(verifier->dkim, &infos, &count) != DKIM_STAT_OK ||
	    count < 0 || (unsigned)count != verifier->live->len) {
		settle_all(verifier->live, DKIM_RESULT_NEUTRAL,
		           "the signature cannot be verified");
		return;
	}
	for (unsigned i = 0; i < verifier->live->len; i++)
		judge_signature(verifier, verifier->live->pdata[i], infos[i]);
}

static void finish_body(struct dkim_verifier *verifier)
{
	if (verifier->state == IN_BODY && verifier->last != '\n')
		feed_body(verifier, "\r\n", 2);
	if (verifier->state != IN_BODY)
		return;
	/* stop() makes the status say nothing; each signature is asked. */
	(void)dkim_eom(verifier->dkim, NULL);
	judge_live(verifier);
}

static struct dkim_signature *report(const struct candidate *candidate)
{
	struct dkim_signature *signature = g_new0(struct dkim_signature, 1);
	const struct dkim_claim *claim = candidate->claim;

	signature->result = candidate->result;
	signature->domain = g_strdup(claim->domain);
	signature->selector = g_strdup(claim->selector);
	signature->algorithm = g_strdup(claim->algorithm_name);
	signature->b_prefix = g_strdup(claim->b_prefix);
	signature->reason = g_strdup(candidate->why);
	signature->testing = candidate->key != NULL && candidate->key->testing;
	return signature;
}

/* One entry stands for all the signatures past the limit. */
static struct dkim_signature *report_rest(unsigned count)
{
	struct dkim_signature *signature = g_new0(struct dkim_signature, 1);

	signature->result = DKIM_RESULT_POLICY;
	signature->domain = g_strdup("");
	signature->selector = g_strdup("");
	signature->algorithm = g_strdup("");
	signature->b_prefix = g_strdup("");
	signature->reason =
		g_strdup_printf("%u more signatures were not tried", count);
	return signature;
}

static void free_signature(void *data)
{
	dkim_signature_free(data);
}

GPtrArray *dkim_verifier_finish(struct dkim_verifier *verifier)
{
	GPtrArray *signatures = g_ptr_array_new_with_free_func(free_signature);
	unsigned rest;

	if (verifier->state == IN_HEADER)
		(void)dkim_verifier_end_header(verifier, NULL);
	finish_body(verifier);
	verifier->state = FINISHED;
	for (unsigned i = 0; i < verifier->chosen->len; i++)
		g_ptr_array_add(signatures, report(verifier->chosen->pdata[i]));
	rest = verifier->candidates->len - verifier->chosen->len;
	if (rest > 0)
		g_ptr_array_add(signatures, report_rest(rest));
	return signatures;
}
