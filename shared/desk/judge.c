/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge.c - everything known of a message, joined into one verdict
 *
 * Who the author is holds for the whole message (judge_author.h). What may
 * follow is decided for each department; the strictest wins, in the order of
 * `strictness` below. A refusal is stricter than a temporary failure
 * because it stands whatever a later try may find, and stricter than all that
 * accepts because an SMTP reply at the end of the data is for everybody.
 */
#include "desk/judge.h"

#include <string.h>

#include "desk/judge_author.h"
#include "desk/lookup.h"
#include "desk/refusal.h"
#include "mail/header.h"

#define SUMMARY_MAX 500

static const unsigned strictness[] = {
	[POLICY_ACCEPT_STAFF] = 0,  [POLICY_ACCEPT] = 1,
	[POLICY_ACCEPT_BOUNCE] = 2, [POLICY_ACCEPT_REPLY] = 3,
	[POLICY_HOLD] = 4,          [POLICY_TEMPFAIL] = 5,
	[POLICY_REJECT] = 6,
};
G_STATIC_ASSERT(G_N_ELEMENTS(strictness) == POLICY_ACTION__COUNT);

/* --- decision --- */

static struct policy_decision decide_one(const struct judge_author *author,
                                         const struct department *department,
                                         enum auth_proof proof)
{
	const struct policy_input input = {
		.accept = department->accept,
		.unproven = department->unproven,
		.who = author->who,
		.proof = proof,
		.has_ticket = author->ticket != NULL,
	};

	return policy_decide(&input);
}

/* The strictest decision; *ret_department is whose it is. */
static struct policy_decision
decide_all(const struct judge_facts *facts, const struct judge_author *author,
           enum auth_proof proof, const struct department **ret_department)
{
	struct policy_decision worst = { POLICY_TEMPFAIL, "no department" };

	for (size_t i = 0; i < facts->input->n_recipients; i++) {
		const struct department *department =
			facts->input->recipients[i].department;
		struct policy_decision one =
			decide_one(author, department, proof);

		if (i > 0 && strictness[one.action] <= strictness[worst.action])
			continue;
		worst = one;
		*ret_department = department;
	}
	return worst;
}

static enum refusal refusal_of_from(enum address_status status)
{
	if (status == ADDRESS_NONE)
		return REFUSAL_FROM_NONE;
	if (status == ADDRESS_SEVERAL)
		return REFUSAL_FROM_SEVERAL;
	return REFUSAL_FROM_DOUBTFUL;
}

/* Why the department says no to this author. */
static enum refusal choose_refusal(const struct judge_facts *facts,
                                   const struct judge_author *author,
                                   const struct department *department,
                                   enum policy_action action)
{
	if (action == POLICY_TEMPFAIL)
		return facts->proof == AUTH_TROUBLE ? REFUSAL_TROUBLE
		                                    : REFUSAL_INTERNAL;
	if (author->who == POLICY_NOBODY)
		return refusal_of_from(facts->from_status);
	if (author->who == POLICY_NULL)
		return REFUSAL_NULL_SENDER;
	if (department->accept == DEPARTMENT_REPLIES &&
	    (author->who == POLICY_STRANGER || author->who == POLICY_CONTACT) &&
	    author->ticket == NULL)
		return REFUSAL_REPLIES_ONLY;
	if (author->who == POLICY_STRANGER)
		return REFUSAL_STRANGER;
	return facts->proof == AUTH_DISPROVEN ? REFUSAL_FORGED
	                                      : REFUSAL_UNPROVEN;
}

static enum dkim_result best_dkim(const GPtrArray *signatures)
{
	enum dkim_result best = DKIM_RESULT_NONE;

	for (guint i = 0; signatures != NULL && i < signatures->len; i++) {
		const struct dkim_signature *one =
			g_ptr_array_index(signatures, i);

		if (one->result == DKIM_RESULT_PASS)
			return DKIM_RESULT_PASS;
		if (best == DKIM_RESULT_NONE)
			best = one->result;
	}
	return best;
}

/* Results only, nothing that a peer wrote. */
static char *dup_evidence(const struct auth_result *auth)
{
	GString *out;

	if (auth == NULL)
		return g_strdup("");
	out = g_string_new(NULL);
	g_string_printf(out, "spf=%s dkim=%s dmarc=%s",
	                spf_result_name(auth->spf_mail.result),
	                dkim_result_name(best_dkim(auth->dkim)),
	                dmarc_result_name(auth->dmarc.result));
	if (auth->dmarc.result == DMARC_RESULT_FAIL)
		g_string_append_printf(out, " p=%s",
		                       dmarc_policy_name(auth->dmarc.policy));
	return g_string_free(out, FALSE);
}

static void word_refusal(const struct judge_facts *facts, enum refusal refusal,
                         struct verdict *verdict)
{
	g_autofree char *evidence = dup_evidence(facts->input->auth);
	const struct refusal_values values = {
		.address = verdict->identity,
		.domain = facts->from != NULL ? facts->from->domain : NULL,
		.evidence = evidence,
	};

	verdict->code = refusal_get_code(refusal);
	verdict->enhanced = g_strdup(refusal_get_enhanced(refusal));
	verdict->lines = refusal_dup_lines(desk_get_config(facts->desk),
	                                   refusal, &values);
}

static char *dup_reason(const struct judge_facts *facts, const char *row)
{
	const struct auth_result *auth = facts->input->auth;

	if (facts->sasl != NULL)
		return g_strdup_printf("%s; logged in as %s", row, facts->sasl);
	if (auth == NULL || auth->reason == NULL || auth->reason[0] == '\0')
		return g_strdup(row);
	return g_strdup_printf("%s; %s", row, auth->reason);
}

static struct verdict *verdict_make(const struct judge_facts *facts,
                                    const struct judge_author *author)
{
	struct verdict *verdict = g_new0(struct verdict, 1);
	const struct department *department = NULL;
	struct policy_decision decision =
		decide_all(facts, author, facts->proof, &department);

	verdict->action = decision.action;
	verdict->row = decision.row;
	verdict->who = author->who;
	verdict->proof = facts->proof;
	verdict->identity =
		g_strdup(facts->from != NULL ? facts->from->address : "");
	verdict->ticket = g_strdup(author->ticket);
	verdict->contact_id = author->contact_id;
	verdict->customer_id = author->customer_id;
	verdict->staff_id = author->staff_id;
	verdict->reason = dup_reason(facts, decision.row);
	if (decision.action == POLICY_REJECT ||
	    decision.action == POLICY_TEMPFAIL)
		word_refusal(facts,
		             choose_refusal(facts, author, department,
		                            decision.action),
		             verdict);
	return verdict;
}

void verdict_free(struct verdict *verdict)
{
	if (verdict == NULL)
		return;
	g_free(verdict->identity);
	g_free(verdict->ticket);
	g_free(verdict->reason);
	g_free(verdict->enhanced);
	g_strfreev(verdict->lines);
	g_free(verdict);
}

/* SASL needs no DNS and stands above what DNS said. */
static bool apply_sasl(struct judge_facts *facts, GError **error)
{
	bool owns = false;

	if (!judge_author_owns_login(facts, &owns, error))
		return false;
	if (owns) {
		facts->proof = AUTH_PROVEN;
		facts->sasl = facts->input->client->login;
	}
	return true;
}

struct verdict *judge_message(const struct desk *desk, struct store *store,
                              const struct judge_input *input, GError **error)
{
	struct judge_facts facts = { .desk = desk,
		                     .store = store,
		                     .input = input };
	struct judge_author author = { .who = POLICY_NOBODY };
	struct verdict *verdict = NULL;

	if (input->auth == NULL) {
		g_set_error_literal(error, PORTARIA_ERROR,
		                    PORTARIA_ERROR_INTERNAL,
		                    "judged before authentication");
		return NULL;
	}
	facts.from_status = input->auth->from_status;
	facts.from = facts.from_status == ADDRESS_OK ? input->auth->from : NULL;
	facts.proof = input->auth->proof;
	if (apply_sasl(&facts, error) &&
	    judge_author_find(&facts, &author, error))
		verdict = verdict_make(&facts, &author);
	judge_author_clear(&author);
	return verdict;
}

/* --- before authentication --- */

static enum address_status read_from(const struct judge_input *input,
                                     struct mailbox **ret_from)
{
	unsigned count = 0;
	g_autofree char *value = header_dup_single(
		input->header, input->header_len, "From", &count);

	if (value != NULL)
		return address_parse_from(value, strlen(value), ret_from);
	return count == 0 ? ADDRESS_NONE : ADDRESS_SEVERAL;
}

/* Whether the answer is no whatever authentication will say. */
static bool is_refused_anyway(const struct judge_facts *facts,
                              const struct judge_author *author)
{
	const struct department *department = NULL;

	for (unsigned proof = 0; proof < AUTH_PROOF__COUNT; proof++) {
		struct policy_decision decision = decide_all(
			facts, author, (enum auth_proof)proof, &department);

		if (decision.action != POLICY_REJECT)
			return false;
	}
	return true;
}

struct verdict *judge_early(const struct desk *desk, struct store *store,
                            const struct judge_input *input, GError **error)
{
	AUTO(mailbox) from = NULL;
	struct judge_facts facts = { .desk = desk,
		                     .store = store,
		                     .input = input,
		                     .proof = AUTH_UNPROVEN };
	struct judge_author author = { .who = POLICY_NOBODY };
	struct verdict *verdict = NULL;

	facts.from_status = read_from(input, &from);
	facts.from = from;
	if (judge_author_find(&facts, &author, error) &&
	    is_refused_anyway(&facts, &author))
		verdict = verdict_make(&facts, &author);
	judge_author_clear(&author);
	return verdict;
}

/* --- around the verdict --- */

struct department *judge_department(struct store *store, const char *address,
                                    GError **error)
{
	GError *local = NULL;
	g_autofree char *base = NULL;
	g_autofree char *extension = NULL;
	struct department *department;

	address_split_extension(address, &base, &extension);
	department = department_by_address(store, base, &local);
	if (department == NULL)
		lookup_is_absent(local, error);
	return department;
}

bool judge_same_class(const struct department *a, const struct department *b)
{
	return a->accept == b->accept && a->unproven == b->unproven;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once; owned by the caller. */
static char **dup_departments(const struct judge_input *input)
{
	GPtrArray *names = g_ptr_array_new();

	for (size_t i = 0; i < input->n_recipients; i++) {
		const char *name = input->recipients[i].department->name;

		if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal,
		                                      NULL))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static bool seal_verdict_of(enum policy_action action,
                            enum seal_verdict *ret_verdict)
{
	static const struct {
		enum policy_action action;
		enum seal_verdict verdict;
	} pairs[] = {
		{ POLICY_ACCEPT, SEAL_ACCEPT },
		{ POLICY_ACCEPT_REPLY, SEAL_ACCEPT_REPLY },
		{ POLICY_ACCEPT_STAFF, SEAL_ACCEPT_STAFF },
		{ POLICY_ACCEPT_BOUNCE, SEAL_ACCEPT_BOUNCE },
		{ POLICY_HOLD, SEAL_HOLD },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		if (pairs[i].action == action) {
			*ret_verdict = pairs[i].verdict;
			return true;
		}
	}
	return false;
}

static void replace(char **member, const char *value)
{
	g_free(*member);
	*member = g_strdup(value != NULL ? value : "");
}

/* One line for the ticket; cut at a character. */
static char *dup_summary(const struct verdict *verdict,
                         const struct judge_input *input)
{
	g_autofree char *evidence = dup_evidence(input->auth);
	g_autofree char *line = g_strdup_printf("%s%s%s", evidence,
	                                        evidence[0] != '\0' ? "; " : "",
	                                        verdict->reason);
	char *valid = g_utf8_make_valid(line, -1);

	for (char *p = valid; *p != '\0'; p++)
		if (g_ascii_iscntrl(*p))
			*p = ' ';
	if (strlen(valid) > SUMMARY_MAX)
		*g_utf8_find_prev_char(valid, valid + SUMMARY_MAX + 1) = '\0';
	return valid;
}

struct seal *judge_seal(const struct verdict *verdict,
                        const struct judge_input *input, const char *queue_id)
{
	enum seal_verdict sealed;
	struct seal *seal;

	if (!seal_verdict_of(verdict->action, &sealed))
		return NULL;
	seal = seal_new();
	seal->verdict = sealed;
	seal->proof = verdict->proof;
	replace(&seal->queue_id, queue_id);
	replace(&seal->client_ip, input->client->ip);
	replace(&seal->helo, input->client->helo);
	replace(&seal->mail_from, input->client->mail_from);
	replace(&seal->login, input->client->login);
	replace(&seal->identity, verdict->identity);
	g_strfreev(seal->departments);
	seal->departments = dup_departments(input);
	g_free(seal->summary);
	seal->summary = dup_summary(verdict, input);
	return seal;
}

const char *judge_registered(const struct verdict *verdict)
{
	static const char *const names[] = {
		[POLICY_CONTACT] = "pass",  [POLICY_PARTICIPANT] = "pass",
		[POLICY_STAFF] = "pass",    [POLICY_CONFIRM] = "pass",
		[POLICY_STRANGER] = "fail", [POLICY_BOUNCE] = "none",
		[POLICY_NULL] = "none",     [POLICY_NOBODY] = "none",
	};
	G_STATIC_ASSERT(G_N_ELEMENTS(names) == POLICY_WHO__COUNT);

	if ((unsigned)verdict->who >= POLICY_WHO__COUNT)
		return "none";
	return names[verdict->who];
}

char **judge_text_second_class(const struct desk *desk)
{
	return refusal_dup_lines(desk_get_config(desk), REFUSAL_SECOND_CLASS,
	                         NULL);
}

char **judge_text_internal(const struct desk *desk)
{
	return refusal_dup_lines(desk_get_config(desk), REFUSAL_INTERNAL, NULL);
}
