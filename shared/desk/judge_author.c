/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge_author.c - who wrote a message, by registry and tokens
 *
 * LIMITS: limits.references Message-IDs are looked at, the newest first.
 */
#include "desk/judge_author.h"

#include <string.h>

#include "desk/lookup.h"
#include "desk/signed.h"
#include "mail/automatic.h"
#include "mail/header.h"
#include "mail/subject.h"
#include "store/customer.h"
#include "store/held.h"
#include "store/staff.h"
#include "store/survey.h"
#include "store/ticket.h"

/* What the message names of ours. */
struct tokens {
	GPtrArray *refs; /* char *: tickets, the strongest token first */
	bool ours;       /* a bounce or reply address, or a Message-ID */
	gint64 held_id;  /* of a confirm address, 0 */
	gint64 survey_id; /* of a grade address, 0 */
};

/* --- tokens --- */

static void add_ref(struct tokens *tokens, const char *ref)
{
	if (ref[0] != '\0' && !g_ptr_array_find_with_equal_func(
				      tokens->refs, ref, g_str_equal, NULL))
		g_ptr_array_add(tokens->refs, g_strdup(ref));
}

static void take_recipient(const struct judge_facts *facts, const char *address,
                           struct tokens *tokens)
{
	struct signed_ref ref;

	if (!signed_parse_address(facts->desk, address, &ref))
		return;
	if (ref.kind == SIGNED_CONFIRM)
		tokens->held_id = ref.held_id;
	else if (ref.kind == SIGNED_GRADE) /* programs give no grades */
		tokens->survey_id = ref.survey_id;
	else
		tokens->ours = true;
	add_ref(tokens, ref.ref);
	signed_ref_clear(&ref);
}

/* The newest id stands last; *left bounds the work over all fields. */
static void take_message_ids(const struct judge_facts *facts, const char *name,
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

static void take_subject(const struct judge_facts *facts, struct tokens *tokens)
{
	const struct judge_input *input = facts->input;
	const char *prefix = desk_get_config(facts->desk)->server.ref_prefix;
	g_autofree char *value = header_dup_single(
		input->header, input->header_len, "Subject", NULL);
	g_autofree char *subject = NULL;
	g_auto(GStrv) refs = NULL;

	if (value == NULL)
		return;
	subject = subject_decode(value, strlen(value));
	refs = subject_dup_refs(prefix, subject, SUBJECT_TOKENS_MAX);
	for (char **ref = refs; *ref != NULL; ref++)
		add_ref(tokens, *ref);
}

static void tokens_take(const struct judge_facts *facts, struct tokens *tokens)
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
static bool takes_part(const struct judge_facts *facts,
                       const struct judge_author *author,
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
static bool find_ticket(const struct judge_facts *facts,
                        const struct tokens *tokens,
                        struct judge_author *author, GError **error)
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

/* A grade address names the ticket that it is about. */
static bool add_graded(const struct judge_facts *facts, struct tokens *tokens,
                       GError **error)
{
	GError *local = NULL;
	AUTO(survey) survey = NULL;
	AUTO(ticket) ticket = NULL;

	if (tokens->survey_id == 0)
		return true;
	survey = survey_get(facts->store, tokens->survey_id, &local);
	if (survey == NULL)
		return lookup_is_absent(local, error);
	ticket = ticket_get(facts->store, survey->ticket_id, error);
	if (ticket == NULL)
		return false;
	add_ref(tokens, ticket->ref);
	return true;
}

/* Some program's answer to our question is not the person's. */
static bool is_automatic(const struct judge_facts *facts)
{
	return mail_kind_is_automatic(
		automatic_kind(facts->input->header, facts->input->header_len));
}

/* The same domain, or one below the other. */
static bool is_same_house(const char *a, const char *b)
{
	size_t len_a = strlen(a);
	size_t len_b = strlen(b);
	const char *longer = len_a > len_b ? a : b;
	const char *shorter = len_a > len_b ? b : a;
	const char *tail = longer + (MAX(len_a, len_b) - MIN(len_a, len_b));

	return shorter[0] != '\0' && strcmp(tail, shorter) == 0 &&
	       (tail == longer || tail[-1] == '.');
}

/* Having the address that only the registered mailbox was told is the proof
 * where the domain publishes nothing. Where it says who may send for it, a
 * mail from elsewhere is no proof, whatever it is addressed to. */
static bool could_be_proven(const struct judge_facts *facts)
{
	const struct auth_result *auth = facts->input->auth;

	if (auth == NULL || facts->proof != AUTH_UNPROVEN)
		return false;
	return auth->dmarc.result != DMARC_RESULT_NONE ||
	       (auth->spf_mail.result != SPF_RESULT_NONE &&
	        auth->spf_mail.domain != NULL &&
	        is_same_house(auth->spf_mail.domain, facts->from->domain));
}

/* A confirm address counts while its message waits, for the address that
 * was asked; afterwards its bearer is who he is anyway. */
static bool try_confirm(const struct judge_facts *facts,
                        const struct tokens *tokens,
                        struct judge_author *author, GError **error)
{
	GError *local = NULL;
	AUTO(held) held = NULL;

	if (tokens->held_id == 0 || is_automatic(facts) ||
	    could_be_proven(facts))
		return true;
	held = held_get(facts->store, tokens->held_id, &local);
	if (held == NULL)
		return lookup_is_absent(local, error);
	if (held->state == HELD_WAITING &&
	    strcmp(held->address, facts->from->address) == 0)
		author->who = POLICY_CONFIRM;
	return true;
}

static bool try_staff(const struct judge_facts *facts,
                      struct judge_author *author, GError **error)
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

static bool try_contact(const struct judge_facts *facts,
                        struct judge_author *author, GError **error)
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

static bool find_person(const struct judge_facts *facts, struct tokens *tokens,
                        struct judge_author *author, GError **error)
{
	author->who = POLICY_STRANGER;
	if (!try_confirm(facts, tokens, author, error) ||
	    !try_staff(facts, author, error) ||
	    !try_contact(facts, author, error) ||
	    !add_graded(facts, tokens, error) ||
	    !find_ticket(facts, tokens, author, error))
		return false;
	if (author->who == POLICY_STRANGER && author->ticket != NULL)
		author->who = POLICY_PARTICIPANT;
	return true;
}

void judge_author_clear(struct judge_author *author)
{
	g_free(author->ticket);
	*author = (struct judge_author){ 0 };
}

bool judge_author_find(const struct judge_facts *facts,
                       struct judge_author *ret_author, GError **error)
{
	const char *mail_from = facts->input->client->mail_from;
	struct judge_author author = { .who = POLICY_NOBODY };
	struct tokens tokens = { 0 };
	bool ok = true;

	tokens_take(facts, &tokens);
	if (mail_from != NULL && mail_from[0] == '\0')
		author.who = tokens.ours ? POLICY_BOUNCE : POLICY_NULL;
	else if (facts->from != NULL)
		ok = find_person(facts, &tokens, &author, error);
	g_ptr_array_unref(tokens.refs);
	if (!ok) {
		judge_author_clear(&author);
		return false;
	}
	*ret_author = author;
	return true;
}

/* --- SASL --- */

/* The staff member or contact behind a login; a login that is an address
 * stands for the mailbox of that address. */
static bool login_is_staff(const struct judge_facts *facts, const char *login,
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

static bool login_is_customer(const struct judge_facts *facts,
                              const char *login, bool *ret, GError **error)
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

bool judge_author_owns_login(const struct judge_facts *facts, bool *ret_owns,
                             GError **error)
{
	const char *login = facts->input->client->login;
	bool owns = false;

	if (login != NULL && login[0] != '\0' && facts->from != NULL) {
		if (!login_is_staff(facts, login, &owns, error))
			return false;
		if (!owns && !login_is_customer(facts, login, &owns, error))
			return false;
	}
	*ret_owns = owns;
	return true;
}
