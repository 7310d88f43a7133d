/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dmarc.c - DMARC (RFC 9989): discovery by tree walk, alignment, result
 *
 * A walk asks for the policy record of a name and of the names above it, at
 * most eight questions (4.10). From it come the policy and the
 * organizational domain (4.10.1, 4.10.2). A walk that met a DNS failure says
 * nothing of what lies above the failure: whatever depends on that is
 * "unknown", which becomes temperror unless another identifier passes.
 *
 * libpsl only ever says no: no two different names are aligned through a
 * public suffix, not even if its registry publishes a record without psd=y.
 */
#include "auth/dmarc.h"

#include "auth/dmarc_record.h"

#include <libpsl.h>
#include <string.h>

#define WALK_LABELS 8 /* RFC 9989 4.10: longer names are cut to 7 labels */
#define WALK_STEPS  8

static const char *const result_names[] = {
	"none", "pass", "fail", "temperror", "permerror",
};
G_STATIC_ASSERT(G_N_ELEMENTS(result_names) == DMARC_RESULT__COUNT);

const char *dmarc_result_name(enum dmarc_result result)
{
	if ((unsigned)result >= DMARC_RESULT__COUNT)
		return "unknown";
	return result_names[result];
}

void dmarc_outcome_clear(struct dmarc_outcome *outcome)
{
	g_clear_pointer(&outcome->policy_domain, g_free);
	g_clear_pointer(&outcome->org_domain, g_free);
	g_clear_pointer(&outcome->reason, g_free);
}

/* --- public suffixes --- */

static void *psl_open(void *unused)
{
	(void)unused;
	return psl_latest(NULL);
}

/* Loaded once, never changed, never freed. */
static const psl_ctx_t *psl_get(void)
{
	static GOnce once = G_ONCE_INIT;

	g_once(&once, psl_open, NULL);
	return once.retval;
}

/* A top-level domain is one even without a list. */
static bool is_public_suffix(const char *name)
{
	const psl_ctx_t *psl = psl_get();

	if (strchr(name, '.') == NULL)
		return true;
	return psl != NULL && psl_is_public_suffix(psl, name) != 0;
}

/* --- records --- */

enum lookup { LOOKUP_NONE, LOOKUP_FOUND, LOOKUP_FAILED };

struct entry {
	enum lookup lookup;
	struct dmarc_record record;
};

/* One message's evaluation; walks of several names share their answers. */
struct evaluation {
	struct resolver *resolver;
	struct dns_budget *budget;
	GHashTable *entries; /* name -> struct entry */
};

/* Several records are as good as none (4.10 step 2). */
static void entry_fill(struct entry *entry, const struct dns_answer *answer)
{
	unsigned count = 0;

	for (unsigned i = 0; i < answer->rdata->len; i++) {
		size_t len;
		g_autofree char *text =
			dns_txt_join(answer->rdata->pdata[i], &len);

		count += dmarc_record_parse(text, len, &entry->record);
	}
	entry->lookup = count == 1 ? LOOKUP_FOUND : LOOKUP_NONE;
}

static const struct entry *entry_get(struct evaluation *evaluation,
                                     const char *name)
{
	struct entry *entry = g_hash_table_lookup(evaluation->entries, name);
	g_autofree char *question = NULL;
	struct dns_answer *answer;

	if (entry != NULL)
		return entry;
	entry = g_new0(struct entry, 1);
	g_hash_table_insert(evaluation->entries, g_strdup(name), entry);
	question = g_strconcat("_dmarc.", name, NULL);
	answer = resolver_lookup(evaluation->resolver, evaluation->budget,
	                         question, DNS_TYPE_TXT);
	if (answer->status == DNS_FOUND)
		entry_fill(entry, answer);
	else if (answer->status == DNS_FAILED)
		entry->lookup = LOOKUP_FAILED;
	dns_answer_unref(answer);
	return entry;
}

/* --- the tree walk --- */

struct walk {
	struct {
		const char *name; /* a tail of the start's */
		const struct entry *entry;
	} steps[WALK_STEPS];
	unsigned count;
	bool failed; /* cut short by a DNS failure */
};

static unsigned count_labels(const char *name)
{
	unsigned labels = 1;

	for (const char *p = name; *p != '\0'; p++)
		labels += *p == '.';
	return labels;
}

/* The name without its leftmost label, or NULL. */
static const char *name_above(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? dot + 1 : NULL;
}

static const char *next_target(const char *name)
{
	unsigned labels = count_labels(name);

	if (labels < WALK_LABELS)
		return name_above(name);
	while (labels-- >= WALK_LABELS)
		name = name_above(name);
	return name;
}

static void walk_run(struct evaluation *evaluation, const char *start,
                     struct walk *ret_walk)
{
	struct walk walk = { .count = 0 };

	for (const char *name = start; name != NULL && walk.count < WALK_STEPS;
	     name = next_target(name)) {
		const struct entry *entry = entry_get(evaluation, name);

		walk.steps[walk.count].name = name;
		walk.steps[walk.count].entry = entry;
		walk.count++;
		if (entry->lookup == LOOKUP_FAILED) {
			walk.failed = true;
			break;
		}
		if (entry->lookup == LOOKUP_FOUND &&
		    entry->record.psd != DMARC_PSD_UNKNOWN)
			break;
	}
	*ret_walk = walk;
}

/* The name one label below `parent` on the way down to `name`. */
static const char *one_below(const char *name, const char *parent)
{
	const char *at = parent - 1; /* the dot before it */

	while (at > name && at[-1] != '.')
		at--;
	return at;
}

/*
 * The organizational domain (4.10.2), a tail of the start's name: the name
 * that says psd=n, else the one below a psd=y, else the shortest with a
 * record, else the start. NULL if a failure hides it. A name above the start
 * that is a public suffix is read as if it said psd=y.
 */
static const char *walk_get_org(const struct walk *walk)
{
	const char *start = walk->steps[0].name;
	const char *org = start;

	if (walk->failed)
		return NULL;
	for (unsigned i = 0; i < walk->count; i++) {
		const struct entry *entry = walk->steps[i].entry;
		const char *name = walk->steps[i].name;

		if (entry->lookup != LOOKUP_FOUND)
			continue;
		if (i > 0 && (entry->record.psd == DMARC_PSD_YES ||
		              (entry->record.psd != DMARC_PSD_NO &&
		               is_public_suffix(name))))
			return one_below(start, name);
		org = name;
	}
	return org;
}

/* --- alignment --- */

enum alignment { NOT_ALIGNED, ALIGNED, ALIGNMENT_UNKNOWN };

/* The longest common tail of whole labels; "" if there is none. */
static const char *common_tail(const char *a, const char *b)
{
	const char *tail = a + strlen(a);

	for (const char *p = a; p != NULL; p = name_above(p)) {
		size_t len = strlen(p), b_len = strlen(b);

		if (b_len == len ? strcmp(b, p) == 0
		                 : b_len > len && b[b_len - len - 1] == '.' &&
		                           strcmp(b + b_len - len, p) == 0)
			return p;
	}
	return tail;
}

/*
 * Two names with one organizational domain share it as a tail. What they
 * share being a public suffix, or nothing, no question need be asked.
 */
static enum alignment align_relaxed(struct evaluation *evaluation,
                                    const struct walk *from, const char *name)
{
	const char *author = from->steps[0].name;
	const char *tail = common_tail(author, name);
	const char *org, *other;
	struct walk walk;

	if (*tail == '\0' || is_public_suffix(tail))
		return NOT_ALIGNED;
	org = walk_get_org(from);
	if (org == NULL)
		return ALIGNMENT_UNKNOWN;
	walk_run(evaluation, name, &walk);
	other = walk_get_org(&walk);
	if (other == NULL)
		return ALIGNMENT_UNKNOWN;
	return strcmp(org, other) == 0 ? ALIGNED : NOT_ALIGNED;
}

/* --- the policy --- */

struct policy {
	const struct dmarc_record *record; /* NULL: none, or not known */
	const char *domain;                /* where it is; "" */
	bool unknown;
	enum dmarc_policy asked;
};

/* The author's own record, else the organizational domain's, else that of
 * the public suffix above it (4.10.1). */
static unsigned policy_step(const struct walk *walk, const char *org)
{
	unsigned found = walk->count;

	for (unsigned i = 0; i < walk->count; i++) {
		if (walk->steps[i].entry->lookup != LOOKUP_FOUND)
			continue;
		if (i == 0 || strcmp(walk->steps[i].name, org) == 0)
			return i;
		found = i; /* the last one is the topmost */
	}
	return found;
}

/* RFC 9989 4.7 np: the author's domain does not exist at all. A failure to
 * find out is the caller's trouble. */
static enum dns_status look_for_name(struct evaluation *evaluation,
                                     const char *name)
{
	struct dns_answer *answer = resolver_lookup(
		evaluation->resolver, evaluation->budget, name, DNS_TYPE_A);
	enum dns_status status = answer->status;

	dns_answer_unref(answer);
	return status;
}

static void policy_for_below(struct evaluation *evaluation, const char *author,
                             struct policy *policy)
{
	const struct dmarc_record *record = policy->record;
	enum dns_status status;

	policy->asked = record->sp;
	if (!record->has_np || record->np == record->sp)
		return;
	status = look_for_name(evaluation, author);
	if (status == DNS_FAILED)
		policy->unknown = true;
	else if (status == DNS_NO_NAME)
		policy->asked = record->np;
}

/* t=y asks for the next weaker treatment. */
static enum dmarc_policy weaken(enum dmarc_policy policy)
{
	return policy == DMARC_POLICY_REJECT ? DMARC_POLICY_QUARANTINE
	                                     : DMARC_POLICY_NONE;
}

static struct policy policy_find(struct evaluation *evaluation,
                                 const struct walk *walk)
{
	const char *author = walk->steps[0].name;
	struct policy policy = { .domain = "", .asked = DMARC_POLICY_NONE };
	const char *org = walk_get_org(walk);
	unsigned step;

	if (org == NULL && walk->steps[0].entry->lookup != LOOKUP_FOUND) {
		policy.unknown = true;
		return policy;
	}
	step = policy_step(walk, org != NULL ? org : author);
	if (step == walk->count)
		return policy;
	policy.record = &walk->steps[step].entry->record;
	policy.domain = walk->steps[step].name;
	if (!policy.record->usable)
		return policy;
	if (step == 0)
		policy.asked = policy.record->p;
	else
		policy_for_below(evaluation, author, &policy);
	if (policy.record->testing)
		policy.asked = weaken(policy.asked);
	return policy;
}

/* --- the result --- */

struct judgement {
	struct evaluation *evaluation;
	const struct walk *from;
	const struct policy *policy;
	struct dmarc_outcome *outcome;
};

/*
 * Strict or relaxed, as the record says; relaxed where there is none. While
 * the record is not known, only the same name is surely aligned.
 */
static enum alignment align(const struct judgement *judgement, const char *name,
                            bool strict)
{
	enum alignment alignment;

	if (name == NULL || *name == '\0')
		return NOT_ALIGNED;
	if (strcmp(name, judgement->from->steps[0].name) == 0)
		return ALIGNED;
	if (strict)
		return NOT_ALIGNED;
	alignment = align_relaxed(judgement->evaluation, judgement->from, name);
	if (alignment == ALIGNED && judgement->policy->unknown &&
	    judgement->policy->record == NULL)
		return ALIGNMENT_UNKNOWN;
	return alignment;
}

static void judge_dkim(struct judgement *judgement,
                       const struct dkim_signature *signature)
{
	const struct dmarc_record *record = judgement->policy->record;
	bool pass = signature->result == DKIM_RESULT_PASS;
	enum alignment alignment;

	if (!pass && signature->result != DKIM_RESULT_TEMPERROR)
		return;
	alignment = align(judgement, signature->domain,
	                  record != NULL && record->strict_dkim);
	if (alignment == ALIGNED && pass)
		judgement->outcome->dkim_aligned = true;
	else if (alignment != NOT_ALIGNED)
		judgement->outcome->trouble = true;
}

static void judge_all_dkim(struct judgement *judgement,
                           const GPtrArray *signatures)
{
	if (signatures == NULL)
		return;
	for (unsigned i = 0;
	     i < signatures->len && !judgement->outcome->dkim_aligned; i++)
		judge_dkim(judgement, signatures->pdata[i]);
}

static void judge_spf(struct judgement *judgement,
                      const struct spf_outcome *spf)
{
	const struct dmarc_record *record = judgement->policy->record;
	enum alignment alignment;

	if (spf->result != SPF_RESULT_PASS && spf->result != SPF_RESULT_FAIL &&
	    spf->result != SPF_RESULT_TEMPERROR)
		return;
	alignment = align(judgement, spf->domain,
	                  record != NULL && record->strict_spf);
	judgement->outcome->spf_same_domain = alignment == ALIGNED;
	if (alignment == ALIGNED && spf->result == SPF_RESULT_PASS)
		judgement->outcome->spf_aligned = true;
	else if (alignment != NOT_ALIGNED && spf->result != SPF_RESULT_FAIL)
		judgement->outcome->trouble = true;
}

static void conclude(struct dmarc_outcome *outcome, const struct policy *policy)
{
	bool pass = outcome->dkim_aligned || outcome->spf_aligned;

	if (pass)
		outcome->trouble = false;
	else if (policy->unknown)
		outcome->trouble = true;
	if (policy->unknown && policy->record == NULL) {
		outcome->result = DMARC_RESULT_TEMPERROR;
		outcome->reason = g_strdup("the policy cannot be looked up");
	} else if (policy->record == NULL) {
		outcome->result = DMARC_RESULT_NONE;
		outcome->reason = g_strdup("no policy is published");
	} else if (!policy->record->usable) {
		outcome->result = DMARC_RESULT_PERMERROR;
		outcome->reason = g_strdup("the record names no valid policy");
	} else if (pass) {
		outcome->result = DMARC_RESULT_PASS;
		outcome->reason = g_strdup("");
	} else if (outcome->trouble) {
		outcome->result = DMARC_RESULT_TEMPERROR;
		outcome->reason = g_strdup("an identifier cannot be checked");
	} else {
		outcome->result = DMARC_RESULT_FAIL;
		outcome->reason = g_strdup("no aligned identifier passes");
	}
}

void dmarc_evaluate(struct resolver *resolver, struct dns_budget *budget,
                    const char *from_domain, const struct spf_outcome *spf,
                    const GPtrArray *signatures,
                    struct dmarc_outcome *ret_outcome)
{
	struct dmarc_outcome outcome = { .result = DMARC_RESULT_NONE };
	struct evaluation evaluation = {
		.resolver = resolver,
		.budget = budget,
		.entries = g_hash_table_new_full(g_str_hash, g_str_equal,
		                                 g_free, g_free),
	};
	struct policy policy;
	struct walk walk;
	struct judgement judgement = { &evaluation, &walk, &policy, &outcome };
	const char *org;

	walk_run(&evaluation, from_domain, &walk);
	policy = policy_find(&evaluation, &walk);
	org = walk_get_org(&walk);
	outcome.policy = policy.asked;
	outcome.policy_domain = g_strdup(policy.domain);
	outcome.org_domain = g_strdup(org != NULL ? org : "");
	judge_all_dkim(&judgement, signatures);
	judge_spf(&judgement, spf);
	conclude(&outcome, &policy);
	g_hash_table_unref(evaluation.entries);
	*ret_outcome = outcome;
}
