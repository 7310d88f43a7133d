/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge.c - everything known of a message, joined into one verdict
 *
 * Who the author is holds for the whole message: a token in any recipient or
 * header counts for all recipients, since one message becomes one ticket.
 * What may follow is decided for each department; the strictest wins, in the
 * order of `strictness` below. A refusal is stricter than a temporary failure
 * because it stands whatever a later try may find, and stricter than all that
 * accepts because an SMTP reply at the end of the data is for everybody.
 *
 * The null sender stands first, before any author: mail of programs is judged
 * by what of ours it names.
 */
#include "desk/judge.h"

#include <string.h>

#include "base/ids.h"
#include "desk/lookup.h"
#include "desk/refusal.h"
#include "desk/signed.h"
#include "mail/header.h"
#include "mail/subject.h"
#include "store/customer.h"
#include "store/held.h"
#include "store/staff.h"
#include "store/ticket.h"

#define SUMMARY_MAX 500

static const unsigned strictness[] = {
	[POLICY_ACCEPT_STAFF] = 0,  [POLICY_ACCEPT] = 1,
	[POLICY_ACCEPT_BOUNCE] = 2, [POLICY_ACCEPT_REPLY] = 3,
	[POLICY_HOLD] = 4,          [POLICY_TEMPFAIL] = 5,
	[POLICY_REJECT] = 6,
};
G_STATIC_ASSERT(G_N_ELEMENTS(strictness) == POLICY_ACTION__COUNT);

/* What the message says and what authentication made of it. */
struct facts {
	const struct desk *desk;
	struct store *store;
	const struct judge_input *input;
	enum address_status from_status;
	struct mailbox *from; /* NULL unless ADDRESS_OK */
	enum auth_proof proof;
	const char *sasl; /* the login that proved it, or NULL */
};

/* What the message names of ours. */
struct tokens {
	GPtrArray *refs; /* char *: tickets, the strongest token first */
	bool ours;       /* a bounce or reply address, or a Message-ID */
	gint64 held_id;  /* of a confirm address, 0 */
};

struct author {
	enum policy_who who;
	gint64 contact_id;
	gint64 customer_id;
	gint64 staff_id;
	char *ticket; /* NULL: no token that counts for this author */
};

/* --- tokens --- */

static void add_ref(struct tokens *tokens, const char *ref)
{
	if (ref[0] != '\0' && !g_ptr_array_find_with_equal_func(
				      tokens->refs, ref, g_str_equal, NULL))
		g_ptr_array_add(tokens->refs, g_strdup(ref));
}

static void take_recipient(const struct facts *facts, const char *address,
                           struct tokens *tokens)
{
	struct signed_ref ref;

	if (!signed_parse_address(facts->desk, address, &ref))
		return;
	if (ref.kind == SIGNED_CONFIRM)
		tokens->held_id = ref.held_id;
	else
		tokens->ours = true;
	add_ref(tokens, ref.ref);
	signed_ref_clear(&ref);
}

/* The newest id stands last; *left bounds the work over all fields. */
static void take_message_ids(const struct facts *facts, const char *name,
                             guint64 *left, struct tokens *tokens)
{
	const struct judge_input *input = facts->input;
	g_autofree char *value =
		header_dup_single(input->header, input->header_len, name, NULL);
	g_auto(GStrv) ids = NULL;
	size_t len;

	if (value == NULL)
		return;
	len = strlen(value);
	ids = header_dup_message_ids(value, len, len);
	for (size_t i = g_strv_length(ids); i > 0 && *left > 0; i--) {
		struct signed_ref ref;

		--*left;
		if (!signed_parse_message_id(facts->desk, ids[i - 1], &ref))
			continue;
		tokens->ours = true;
		add_ref(tokens, ref.ref);
		signed_ref_clear(&ref);
	}
}

static void take_subject(const struct facts *facts, struct tokens *tokens)
{
	const struct judge_input *input = facts->input;
	const char *prefix = desk_get_config(facts->desk)->server.ref_prefix;
	g_autofree char *value = header_dup_single(
		input->header, input->header_len, "Subject", NULL);
	g_autofree char *subject = NULL;
	g_autofree char *ref = NULL;

	if (value == NULL)
		return;
	subject = subject_decode(value, strlen(value));
	ref = subject_dup_ref(prefix, subject);
	if (ref != NULL)
		add_ref(tokens, ref);
}

static void tokens_take(const struct facts *facts, struct tokens *tokens)
{
	guint64 left = desk_get_config(facts->desk)->limits.references;

	tokens->refs = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < facts->input->n_recipients; i++)
		take_recipient(facts, facts->input->recipients[i].address,
		               tokens);
	take_message_ids(facts, "In-Reply-To", &left, tokens);
	take_message_ids(facts, "References", &left, tokens);
	take_subject(facts, tokens);
}

/* --- who the author is --- */

/* Whether the author takes part in the ticket: as one of its participants,
 * as a contact of its customer, or as staff. */
static bool takes_part(const struct facts *facts, const struct author *author,
                       const struct ticket *ticket, bool *ret, GError **error)
{
	if (author->who == POLICY_STAFF ||
	    (author->customer_id != 0 &&
	     author->customer_id == ticket->customer_id)) {
		*ret = true;
		return true;
	}
	return participant_is(facts->store, ticket->id, facts->from->address,
	                      ret, error);
}

/* author->ticket: the first ticket named in which the author takes part. */
static bool find_ticket(const struct facts *facts, const struct tokens *tokens,
                        struct author *author, GError **error)
{
	for (guint i = 0; i < tokens->refs->len; i++) {
		const char *ref = g_ptr_array_index(tokens->refs, i);
		GError *local = NULL;
		AUTO(ticket) ticket = ticket_by_ref(facts->store, ref, &local);
		bool joins = false;

		if (ticket == NULL) {
			if (!lookup_is_absent(local, error))
				return false;
			continue;
		}
		if (!takes_part(facts, author, ticket, &joins, error))
			return false;
		if (joins) {
			author->ticket = g_strdup(ticket->ref);
			return true;
		}
	}
	return true;
}

/* A confirm address counts while its message waits, for the address that
 * was asked; afterwards its bearer is who he is anyway. */
static bool try_confirm(const struct facts *facts, const struct tokens *tokens,
                        struct author *author, GError **error)
{
	GError *local = NULL;
	AUTO(held) held = NULL;

	if (tokens->held_id == 0)
		return true;
	held = held_get(facts->store, tokens->held_id, &local);
	if (held == NULL)
		return lookup_is_absent(local, error);
	if (held->state == HELD_WAITING &&
	    strcmp(held->address, facts->from->address) == 0)
		author->who = POLICY_CONFIRM;
	return true;
}

static bool try_staff(const struct facts *facts, struct author *author,
                      GError **error)
{
	GError *local = NULL;
	AUTO(staff)
	staff = staff_by_address(facts->store, facts->from->address, &local);

	if (staff == NULL)
		return lookup_is_absent(local, error);
	if (!staff->active)
		return true;
	author->staff_id = staff->id;
	if (author->who == POLICY_STRANGER)
		author->who = POLICY_STAFF;
	return true;
}

static bool try_contact(const struct facts *facts, struct author *author,
                        GError **error)
{
	GError *local = NULL;
	AUTO(contact)
	contact =
		contact_by_address(facts->store, facts->from->address, &local);

	if (contact == NULL)
		return lookup_is_absent(local, error);
	author->contact_id = contact->id;
	author->customer_id = contact->customer_id;
	if (author->who == POLICY_STRANGER)
		author->who = POLICY_CONTACT;
	return true;
}

static bool find_person(const struct facts *facts, const struct tokens *tokens,
                        struct author *author, GError **error)
{
	author->who = POLICY_STRANGER;
	if (!try_confirm(facts, tokens, author, error) ||
	    !try_staff(facts, author, error) ||
	    !try_contact(facts, author, error) ||
	    !find_ticket(facts, tokens, author, error))
		return false;
	if (author->who == POLICY_STRANGER && author->ticket != NULL)
		author->who = POLICY_PARTICIPANT;
	return true;
}

static bool find_author(const struct facts *facts, struct author *author,
                        GError **error)
{
	const char *mail_from = facts->input->client->mail_from;
	struct tokens tokens = { 0 };
	bool ok = true;

	tokens_take(facts, &tokens);
	if (mail_from != NULL && mail_from[0] == '\0') {
		author->who = tokens.ours ? POLICY_BOUNCE : POLICY_NULL;
	} else if (facts->from == NULL) {
		author->who = POLICY_NOBODY;
	} else {
		ok = find_person(facts, &tokens, author, error);
	}
	g_ptr_array_unref(tokens.refs);
	return ok;
}

/* --- SASL --- */

/* The staff member or contact behind a login; a login that is an address
 * stands for the mailbox of that address. */
static bool login_is_staff(const struct facts *facts, const char *login,
                           bool *ret, GError **error)
{
	GError *local = NULL;
	AUTO(staff) staff = staff_by_login(facts->store, login, &local);
	g_autofree char *key = NULL;

	if (staff == NULL && !lookup_is_absent(local, error))
		return false;
	key = address_dup_key(login);
	*ret = staff != NULL && staff->active &&
	       strcmp(staff->address, facts->from->address) == 0;
	if (!*ret && key != NULL && strcmp(key, facts->from->address) == 0) {
		AUTO(staff) owner = NULL;

		local = NULL;
		owner = staff_by_address(facts->store, key, &local);
		if (owner == NULL)
			return lookup_is_absent(local, error);
		*ret = owner->active;
	}
	return true;
}

static bool login_is_customer(const struct facts *facts, const char *login,
                              bool *ret, GError **error)
{
	GError *local = NULL;
	AUTO(contact) owner = contact_by_login(facts->store, login, &local);
	AUTO(contact) author = NULL;

	if (owner == NULL)
		return lookup_is_absent(local, error);
	author = contact_by_address(facts->store, facts->from->address, &local);
	if (author == NULL)
		return lookup_is_absent(local, error);
	*ret = author->customer_id == owner->customer_id;
	return true;
}

/* A client that logged in as somebody to whom the author's address belongs
 * needs no DNS; a login says nothing about the addresses of others. */
static bool apply_sasl(struct facts *facts, GError **error)
{
	const char *login = facts->input->client->login;
	bool owns = false;

	if (login == NULL || login[0] == '\0' || facts->from == NULL)
		return true;
	if (!login_is_staff(facts, login, &owns, error))
		return false;
	if (!owns && !login_is_customer(facts, login, &owns, error))
		return false;
	if (owns) {
		facts->proof = AUTH_PROVEN;
		facts->sasl = login;
	}
	return true;
}

/* --- decision --- */

static struct policy_decision decide_one(const struct author *author,
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
decide_all(const struct facts *facts, const struct author *author,
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
static enum refusal choose_refusal(const struct facts *facts,
                                   const struct author *author,
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

static void word_refusal(const struct facts *facts, enum refusal refusal,
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

static char *dup_reason(const struct facts *facts, const char *row)
{
	const struct auth_result *auth = facts->input->auth;

	if (facts->sasl != NULL)
		return g_strdup_printf("%s; logged in as %s", row, facts->sasl);
	if (auth == NULL || auth->reason == NULL || auth->reason[0] == '\0')
		return g_strdup(row);
	return g_strdup_printf("%s; %s", row, auth->reason);
}

static struct verdict *verdict_make(const struct facts *facts,
                                    const struct author *author)
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

struct verdict *judge_message(const struct desk *desk, struct store *store,
                              const struct judge_input *input, GError **error)
{
	struct facts facts = { .desk = desk, .store = store, .input = input };
	struct author author = { .who = POLICY_NOBODY };
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
	if (apply_sasl(&facts, error) && find_author(&facts, &author, error))
		verdict = verdict_make(&facts, &author);
	g_free(author.ticket);
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
static bool is_refused_anyway(const struct facts *facts,
                              const struct author *author)
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
	struct facts facts = { .desk = desk,
		               .store = store,
		               .input = input,
		               .proof = AUTH_UNPROVEN };
	struct author author = { .who = POLICY_NOBODY };
	struct verdict *verdict = NULL;

	facts.from_status = read_from(input, &from);
	facts.from = from;
	if (find_author(&facts, &author, error) &&
	    is_refused_anyway(&facts, &author))
		verdict = verdict_make(&facts, &author);
	g_free(author.ticket);
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
