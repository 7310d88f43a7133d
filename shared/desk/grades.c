/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grades.c - asking how we did, and what is answered
 */
#include "desk/grades.h"

#include "base/clock.h"
#include "desk/bounces.h"
#include "desk/conversation.h"
#include "desk/letter.h"
#include "desk/lookup.h"
#include "desk/ownwords.h"
#include "store/customer.h"
#include "store/survey.h"

#include <string.h>

#define ASK_BATCH 100
/* A question that comes later than this is about nothing that anybody
 * remembers: the program did not run, or the ticket came back to life. */
#define ASK_LATE_MS ((gint64)7 * 86400 * 1000)

/* --- asking ------------------------------------------------------------------- */

/* The address, if it is a contact of the ticket's customer who takes part as
 * one: a reporter's address may be anybody's. *ret_contact NULL: no. */
static bool find_contact(struct store *store, const struct ticket *ticket,
			 const char *address, struct contact **ret_contact,
			 GError **error)
{
	GError *local = NULL;
	enum participant_role role = PARTICIPANT_REPORTER;
	bool found = false;
	AUTO(contact) contact = contact_by_address(store, address, &local);

	if (contact == NULL)
		return lookup_is_absent(local, error);
	if (!participant_role(store, ticket->id, address, &role, &found,
			      error))
		return false;
	if (found && contact->customer_id == ticket->customer_id
	    && (role == PARTICIPANT_OWNER || role == PARTICIPANT_CONTACT))
		*ret_contact = g_steal_pointer(&contact);
	return true;
}

static bool find_owner(struct store *store, const struct ticket *ticket,
		       struct contact **ret_contact, GError **error)
{
	g_autoptr(GPtrArray) all
		= contact_list(store, ticket->customer_id, error);

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct contact *one = all->pdata[i];

		if (one->role == CONTACT_OWNER)
			return find_contact(store, ticket, one->address,
					    ret_contact, error);
	}
	return all != NULL;
}

/* *ret_contact NULL: nobody is asked about this ticket. */
static bool find_reader(struct store *store, const struct ticket *ticket,
			const struct department *department,
			struct contact **ret_contact, GError **error)
{
	AUTO(contact) contact = NULL;

	*ret_contact = NULL;
	if (ticket->customer_id == 0
	    || !signed_address_fits(department->addresses[0]))
		return true;
	if (!find_contact(store, ticket, ticket->requester, &contact, error)
	    || (contact == NULL
		&& !find_owner(store, ticket, &contact, error)))
		return false;
	if (contact != NULL && !contact->no_grades)
		*ret_contact = g_steal_pointer(&contact);
	return true;
}

static bool post_question(const struct desk *desk, struct store *store,
			  const struct ticket *ticket,
			  const struct department *department,
			  const struct contact *contact, gint64 survey_id,
			  GError **error)
{
	const struct letter letter = {
		.kind = "grade",
		.address = contact->address,
		.name = contact->name,
		.department = department,
		.ticket = ticket,
		.automatic = COMPOSE_GENERATED,
		.windowed = true,
		.survey_id = survey_id,
	};

	return letter_post(desk, store, &letter, error);
}

/* That nobody is asked is written down, too, or it would be asked again. */
static bool ask(const struct desk *desk, struct store *store, gint64 ticket_id,
		unsigned *asked, GError **error)
{
	AUTO(ticket) ticket = ticket_get(store, ticket_id, error);
	AUTO(department) department = NULL;
	AUTO(contact) contact = NULL;

	if (ticket == NULL)
		return false;
	department = department_get(store, ticket->department_id, error);
	if (department == NULL
	    || !find_reader(store, ticket, department, &contact, error))
		return false;

	g_autofree char *address
		= g_strdup(contact != NULL ? contact->address : "");
	struct survey survey = {
		.ticket_id = ticket->id,
		.department_id = department->id,
		.closed = ticket->closed,
		.address = address,
		.asked = clock_now(),
	};
	if (!survey_insert(store, &survey, error))
		return false;
	if (contact == NULL)
		return true;
	(*asked)++;
	return post_question(desk, store, ticket, department, contact,
			     survey.id, error);
}

static bool ask_alone(const struct desk *desk, struct store *store,
		      gint64 ticket_id, unsigned *asked, GError **error)
{
	unsigned more = 0;

	if (!store_begin(store, error))
		return false;
	if (!ask(desk, store, ticket_id, &more, error)
	    || !store_commit(store, error)) {
		store_rollback(store);
		return false;
	}
	*asked += more;
	return true;
}

bool grades_ask(const struct desk *desk, struct store *store,
		unsigned *ret_asked, GError **error)
{
	gint64 wait = (gint64)desk_get_config(desk)->timers.grade_seconds
		      * CLOCK_SECOND;
	gint64 before = clock_now() - wait;
	g_autoptr(GArray) due = survey_list_due(
		store, before - ASK_LATE_MS, before, ASK_BATCH, error);
	GError *first = NULL;
	unsigned asked = 0;

	/* One that fails keeps nobody else waiting. */
	for (guint i = 0; due != NULL && i < due->len; i++) {
		(void)!ask_alone(desk, store, g_array_index(due, gint64, i),
				 &asked, first == NULL ? &first : NULL);
	}
	if (first != NULL) {
		g_propagate_error(error, first);
		return false;
	}
	*ret_asked = asked;
	return due != NULL;
}

/* --- reading ------------------------------------------------------------------ */

/* Words that may stand before the digit. */
static const char *const labels[] = { "nota", "grade", "rating", "score",
				      "avaliação", "calificación" };

static const char *skip(const char *at, const char *end, const char *marks)
{
	while (at < end && strchr(marks, *at) != NULL)
		at++;
	return at;
}

static const char *skip_label(const char *at, const char *end)
{
	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
		size_t len = strlen(labels[i]);

		if ((size_t)(end - at) >= len
		    && g_ascii_strncasecmp(at, labels[i], len) == 0)
			return at + len;
	}
	return at;
}

unsigned grades_read(const char *text, const char **ret_rest)
{
	static const char blanks[] = " \t\r\n";
	const char *line = skip(text, text + strlen(text), blanks);
	const char *end = line + strcspn(line, "\n");
	const char *at = skip(skip_label(line, end), end, " \t:=");
	unsigned grade;

	if (at == end || *at < '1' || *at > '0' + GRADE_MAX)
		return 0;
	grade = (unsigned)(*at++ - '0');
	if (end - at >= 2 && at[0] == '/' && at[1] == '0' + GRADE_MAX)
		at += 2;
	if (skip(at, end, " \t\r.!*") != end)
		return 0;
	*ret_rest = skip(end, end + strlen(end), blanks);
	return grade;
}

/* What the author wrote himself, without the question. Owned by the caller. */
static char *dup_words(const struct intake *in)
{
	g_autoptr(GPtrArray) ours = ownwords_list_ours(in->desk);
	struct ownwords words = { 0 };
	char *text;

	ownwords_split(in->message->mail->text_trimmed, ours, &words);
	text = g_strdup_printf("%s%s%s", words.head,
			       words.tail[0] != '\0' ? "\n" : "", words.tail);
	ownwords_clear(&words);
	return g_strstrip(text);
}

/* --- what comes --------------------------------------------------------------- */

/* An answer on its way. */
struct answer {
	struct survey *survey;
	unsigned grade;
	const char *comment;
	const char *why; /* it does not count, NULL: it does; static */
};

/* Whether the author may grade: who was asked, and who takes part. */
static bool may_grade(const struct intake *in, const struct survey *survey,
		      bool *ret, GError **error)
{
	const char *identity = in->recipient->identity;

	*ret = identity[0] != '\0' && strcmp(survey->address, identity) == 0;
	return *ret || identity[0] == '\0'
	       || participant_is(in->store, survey->ticket_id, identity, ret,
				 error);
}

static bool find_objection(const struct intake *in, struct answer *answer,
			   GError **error)
{
	const struct intake_recipient *recipient = in->recipient;
	const struct survey *survey = answer->survey;
	bool may = false;

	if (!may_grade(in, survey, &may, error))
		return false;
	if (mail_kind_is_automatic(in->kind))
		answer->why = "an automatic answer";
	else if (!may)
		answer->why = "nobody asked this address";
	else if (recipient->verdict == SEAL_HOLD
		 || recipient->proof != AUTH_PROVEN)
		answer->why = "its sender is not proven";
	else if (survey->first != 0
		 && clock_now() - survey->first > GRADES_CHANGE_MS)
		answer->why = "later than 14 days behind the first";
	return true;
}

/* Into the ticket, or the one that it is in now. */
static bool add_event(const struct intake *in, const struct answer *answer,
		      const char *text, GError **error)
{
	const struct conversation_text source = intake_source(in, "");
	g_autofree char *words = g_strdup_printf(
		"%s%s%s", text, answer->comment[0] != '\0' ? "\n\n" : "",
		answer->comment);
	AUTO(ticket)
	ticket = ticket_get(in->store, answer->survey->ticket_id, error);

	ticket = ticket_follow(in->store, ticket, error);
	return ticket != NULL
	       && conversation_event_mail(in->store, ticket->id, words,
					  &source, error);
}

static char *dup_event(const struct intake *in, const struct answer *answer)
{
	const char *identity = in->recipient->identity;
	const char *who = identity[0] != '\0' ? identity : "nobody";

	if (answer->why != NULL)
		return g_strdup_printf("grade %u from %s not counted: %s",
				       answer->grade, who, answer->why);
	if (answer->survey->grade != 0
	    && answer->survey->grade != answer->grade)
		return g_strdup_printf("grade %u of 5 from %s, instead of %d",
				       answer->grade, who,
				       (int)answer->survey->grade);
	return g_strdup_printf("grade %u of 5 from %s", answer->grade, who);
}

/* The same again, from a second click. */
static bool is_repeated(const struct answer *answer)
{
	return answer->why == NULL && answer->comment[0] == '\0'
	       && answer->survey->grade == answer->grade;
}

static bool record(const struct intake *in, const struct answer *answer,
		   GError **error)
{
	struct survey *survey = answer->survey;
	g_autofree char *text = dup_event(in, answer);

	if (++survey->answers > GRADES_ANSWERS_MAX)
		return true;
	if (!is_repeated(answer) && !add_event(in, answer, text, error))
		return false;
	if (answer->why == NULL) {
		survey->grade = answer->grade;
		survey->graded = clock_now();
		if (survey->first == 0)
			survey->first = survey->graded;
	}
	return (answer->why != NULL || bounces_forget(in, error))
	       && survey_update(in->store, survey, error);
}

bool grades_receive(const struct intake *in, const struct signed_ref *token,
		    bool *ret_done, struct intake_result *result,
		    GError **error)
{
	GError *local = NULL;
	g_autofree char *words = NULL;
	AUTO(survey) survey = NULL;
	struct answer answer = { .grade = token->grade };

	*ret_done = false;
	if (in->recipient->verdict == SEAL_ACCEPT_BOUNCE)
		return true;
	survey = survey_get(in->store, token->survey_id, &local);
	if (survey == NULL)
		return lookup_is_absent(local, error);
	words = dup_words(in);
	answer.survey = survey;
	answer.comment = words;
	if (answer.grade == 0)
		answer.grade = grades_read(words, &answer.comment);
	if (answer.grade == 0)
		return true;
	if (!find_objection(in, &answer, error)
	    || !record(in, &answer, error))
		return false;
	*ret_done = true;
	result->outcome = INTAKE_FILED;
	result->ref = g_strdup("");
	result->answer = g_strdup(answer.why == NULL ? "grade stored"
						     : "grade not counted");
	return true;
}
