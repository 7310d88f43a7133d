/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_grades.c - who is asked how we did, and what counts as an answer
 *
 * Whole messages, a real store, a clock that stands still. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/grades.h"
#include "desk/judge.h"
#include "desk/privacy.h"
#include "desk/stats.h"
#include "mail/address.h"
#include "store/audit.h"
#include "store/survey.h"
#include "store/undeliverable.h"

#define HOUR ((gint64)3600 * 1000)
#define DAY  (24 * HOUR)

/* --- grades_read --- */

static void test_read(void **state)
{
	static const struct {
		const char *text;
		unsigned want;
		const char *rest;
	} cases[] = {
		{ "5", 5, "" },
		{ "5.\n", 5, "" },
		{ "\n  4  \n\nÓtimo!\n", 4, "Ótimo!\n" },
		{ "Nota 3", 3, "" },
		{ "nota: 2\nDemorou", 2, "Demorou" },
		{ "Grade = 1", 1, "" },
		{ "4/5", 4, "" },
		{ "4*", 4, "" },
		{ "", 0, NULL },
		{ "0", 0, NULL },
		{ "6", 0, NULL },
		{ "55", 0, NULL },
		{ "5 servidores estão fora do ar", 0, NULL },
		{ "4/10", 0, NULL },
		{ "Obrigado! 5", 0, NULL },
		{ "nota", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *rest = NULL;

		assert_int_equal(grades_read(cases[i].text, &rest),
				 cases[i].want);
		if (cases[i].rest != NULL)
			assert_string_equal(rest, cases[i].rest);
	}
}

/* --- addresses --- */

static void test_address(void **state)
{
	struct room *room = *state;
	g_autofree char *four = signed_grade_address(
		room->desk, "suporte@desk.example", 77, 4);
	g_autofree char *forged = g_strdup(four);
	g_autofree char *upper = g_ascii_strup(four, -1);
	struct signed_ref ref = { 0 };
	/* The longest address that may be a department's still has room. */
	g_autofree char *name = g_strnfill(SIGNED_LOCAL_MAX, 'd');
	g_autofree char *longest = g_strconcat(name, "@desk.example", NULL);
	g_autofree char *full
		= signed_grade_address(room->desk, longest, G_MAXINT64, 5);

	assert_true(signed_parse_address(room->desk, four, &ref));
	assert_int_equal(ref.kind, SIGNED_GRADE);
	assert_int_equal(ref.grade, 4);
	assert_int_equal(ref.survey_id, 77);
	signed_ref_clear(&ref);
	assert_true(signed_parse_address(room->desk, upper, &ref));
	signed_ref_clear(&ref);
	assert_true(signed_parse_address(room->desk, full, &ref));
	signed_ref_clear(&ref);
	/* A grade's mac is no other grade's. */
	*strchr(forged, '4') = '5';
	assert_string_not_equal(forged, four);
	assert_false(signed_parse_address(room->desk, forged, &ref));
}

/* --- asking --- */

static void set_satisfaction(struct room *room, struct department *department,
			     bool html)
{
	g_autoptr(GError) error = NULL;

	department->satisfaction = true;
	department->satisfaction_since = clock_now();
	department->html = html;
	fixture_begin(room->fixture);
	assert_ok(department_update(room->store, department, &error), error);
	fixture_commit(room->fixture);
}

static unsigned ask(struct room *room)
{
	g_autoptr(GError) error = NULL;
	unsigned asked = 0;

	assert_ok(grades_ask(room->desk, room->store, &asked, &error), error);
	return asked;
}

static void pass(gint64 ms)
{
	clock_set_for_test(clock_now() + ms);
}

/* A ticket that was closed and asked about; its ref, owned. */
static char *asked_ticket(struct room *room)
{
	char *ref = room_open(room);

	room_set_status(room, ref, TICKET_CLOSED);
	pass(HOUR);
	assert_int_equal(ask(room), 1);
	return ref;
}

/* The address of a grade, as the newest question names it; owned. */
static char *grade_address(struct room *room, const char *reader,
			   unsigned grade)
{
	g_autofree char *text = room_mail_text(room, "grade", reader);
	g_autofree char *start = g_strdup_printf("<mailto:suporte+%u.", grade);
	const char *at = strstr(text, start);

	assert_non_null(at);
	at += strlen("<mailto:");
	return g_strndup(at, strcspn(at, "?"));
}

static void test_off_by_default(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);

	room_set_status(room, ref, TICKET_CLOSED);
	pass(DAY);
	assert_int_equal(ask(room), 0);
	/* What was closed before it was switched on stays unasked. */
	set_satisfaction(room, room->suporte, false);
	pass(DAY);
	assert_int_equal(ask(room), 0);
	assert_int_equal(room_mails(room, "grade", NULL), 0);
}

static void test_asked_once_a_closing(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;

	set_satisfaction(room, room->suporte, false);
	ref = room_open(room);
	room_set_status(room, ref, TICKET_CLOSED);
	pass(HOUR - 1);
	assert_int_equal(ask(room), 0);
	pass(1);
	assert_int_equal(ask(room), 1);
	pass(DAY);
	assert_int_equal(ask(room), 0);
	room_set_status(room, ref, TICKET_OPEN);
	pass(DAY);
	assert_int_equal(ask(room), 0);
	room_set_status(room, ref, TICKET_CLOSED);
	pass(HOUR);
	assert_int_equal(ask(room), 1);
	assert_int_equal(room_mails(room, "grade", DONO), 2);
	assert_int_equal(room_mails(room, "grade", NULL), 2);
}

static void test_not_asked_if_open_again_or_too_late(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	g_autofree char *late = NULL;

	set_satisfaction(room, room->suporte, false);
	ref = room_open(room);
	late = room_open(room);
	room_set_status(room, ref, TICKET_CLOSED);
	room_set_status(room, late, TICKET_CLOSED);
	room_set_status(room, ref, TICKET_OPEN);
	pass(8 * DAY);
	assert_int_equal(ask(room), 0);
}

static void test_whom(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	AUTO(contact) contact = contact_find(room->store, CONTATO, &error);
	const struct letter_in letter = { .from = CONTATO,
					  .verdict = SEAL_ACCEPT,
					  .proof = AUTH_PROVEN };
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	room_must(contact, error);
	set_satisfaction(room, room->suporte, false);
	/* Who opened it, and nobody else. */
	first = room_take_ref(room, &letter, INTAKE_CREATED);
	room_set_status(room, first, TICKET_CLOSED);
	pass(HOUR);
	assert_int_equal(ask(room), 1);
	assert_int_equal(room_mails(room, "grade", CONTATO), 1);
	assert_int_equal(room_mails(room, "grade", NULL), 1);
	/* Not who does not want to be asked. */
	contact->no_grades = true;
	fixture_begin(room->fixture);
	assert_ok(contact_update(room->store, contact, &error), error);
	fixture_commit(room->fixture);
	second = room_take_ref(room, &letter, INTAKE_CREATED);
	room_set_status(room, second, TICKET_CLOSED);
	pass(HOUR);
	assert_int_equal(ask(room), 0);
	assert_int_equal(ask(room), 0);
	assert_int_equal(room_mails(room, "grade", NULL), 1);
}

/* Strangers and addresses that mail does not reach get no question. */
static void test_nobody_to_ask(void **state)
{
	struct room *room = *state;
	g_autofree char *stranger = NULL;
	g_autofree char *dead = NULL;

	set_satisfaction(room, room->suporte, false);
	set_satisfaction(room, room->abusos, false);
	stranger = room_take_ref(room,
				 &(struct letter_in){ .from = ALHEIO,
						      .to = "abusos",
						      .verdict = SEAL_ACCEPT,
						      .proof = AUTH_UNPROVEN },
				 INTAKE_CREATED);
	dead = room_open(room);
	room_set_undeliverable(room, DONO);
	room_set_status(room, stranger, TICKET_CLOSED);
	room_set_status(room, dead, TICKET_CLOSED);
	pass(HOUR);
	ask(room);
	assert_int_equal(room_mails(room, "grade", NULL), 0);
}

static void test_question(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	g_autofree char *raw = NULL;
	g_autofree char *five = NULL;
	g_autofree char *zero = NULL;

	set_satisfaction(room, room->suporte, true);
	ref = asked_ticket(room);
	AUTO(outbox) row = room_mail(room, "grade", DONO);
	AUTO(mail) mail = room_read(room, row);
	const struct mailbox *reply_to = mail->reply_to->pdata[0];
	gsize len;
	const char *bytes = g_bytes_get_data(row->bytes, &len);
	g_autofree char *subject = g_strdup_printf("?subject=5%%20%s>", ref);

	raw = g_strndup(bytes, len);
	five = grade_address(room, DONO, 5);
	assert_contains(raw, "Auto-Submitted: auto-generated");
	assert_string_equal(row->sender, "");
	assert_contains(mail->text, subject);
	assert_contains(mail->text, "5 - Muito bom: <mailto:suporte+5.");
	assert_contains(mail->text, "1 - Muito ruim: <mailto:suporte+1.");
	/* Links in HTML, without the address in sight. */
	assert_contains(mail->html, "\">5 - Muito bom</a>");
	assert_contains(mail->html, "href=\"mailto:suporte+1.");
	assert_lacks(mail->html, "&lt;mailto:");
	/* An answer without a link comes to the address of no grade. */
	zero = g_strndup(reply_to->address, strlen("suporte+0."));
	assert_string_equal(zero, "suporte+0.");
}

/* --- answering --- */

struct grade_in {
	const char *from;
	unsigned grade;
	const char *body; /* NULL: none */
	enum seal_verdict verdict;
	enum auth_proof proof;
	const char *headers;
	const char *mail_from;
};

static void give(struct room *room, const struct grade_in *in)
{
	g_autofree char *to = grade_address(room, DONO, in->grade);

	room_expect(room,
		    &(struct letter_in){
			    .from = in->from,
			    .to = to,
			    .subject = "nota",
			    .body = in->body != NULL ? in->body : "\n",
			    .headers = in->headers,
			    .mail_from = in->mail_from,
			    .verdict = in->verdict,
			    .proof = in->proof,
		    },
		    INTAKE_FILED);
}

static void give_proven(struct room *room, unsigned grade, const char *body)
{
	give(room, &(struct grade_in){ .from = DONO,
				       .grade = grade,
				       .body = body,
				       .verdict = SEAL_ACCEPT,
				       .proof = AUTH_PROVEN });
}

static gint64 grade_of(struct room *room, const char *ref)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	gint64 grade = -1;

	assert_ok(survey_find_grade(room->store, ticket->id, &grade, &error),
		  error);
	return grade;
}

static void test_counts_once_and_is_replaced(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	unsigned mails;

	set_satisfaction(room, room->suporte, false);
	ref = asked_ticket(room);
	mails = room_mails(room, NULL, NULL);
	give_proven(room, 4, "Foi rápido.\n");
	assert_int_equal(grade_of(room, ref), 4);
	assert_true(room_has_event(room, ref, "grade 4 of 5 from " DONO));
	assert_true(room_has_event(room, ref, "Foi rápido."));
	/* A second click says nothing new. */
	{
		unsigned before = room_count_entries(room, ref, MESSAGE_EVENT);

		give_proven(room, 4, NULL);
		assert_int_equal(room_count_entries(room, ref, MESSAGE_EVENT),
				 before);
	}
	pass(13 * DAY);
	give_proven(room, 2, NULL);
	assert_int_equal(grade_of(room, ref), 2);
	pass(2 * DAY);
	give_proven(room, 5, NULL);
	assert_int_equal(grade_of(room, ref), 2);
	assert_true(room_has_event(room, ref, "later than 14 days"));
	/* The ticket stays as it was, and nobody is written to. */
	AUTO(ticket) ticket = room_ticket(room, ref);
	assert_int_equal(ticket->status, TICKET_CLOSED);
	assert_int_equal(room_tickets(room), 1);
	assert_int_equal(room_mails(room, NULL, NULL), mails);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_CUSTOMER), 1);
}

static void test_what_does_not_count(void **state)
{
	static const struct {
		struct grade_in in;
		const char *why;
	} cases[] = {
		{ { .from = DONO, .verdict = SEAL_ACCEPT,
		    .proof = AUTH_PROVEN,
		    .headers = "Auto-Submitted: auto-replied\n" },
		  "automatic" },
		{ { .from = DONO, .verdict = SEAL_HOLD,
		    .proof = AUTH_UNPROVEN },
		  "not proven" },
		{ { .from = DONO, .verdict = SEAL_ACCEPT,
		    .proof = AUTH_UNPROVEN },
		  "not proven" },
		{ { .from = OUTRO, .verdict = SEAL_ACCEPT,
		    .proof = AUTH_PROVEN },
		  "nobody asked" },
		{ { .from = BETO, .verdict = SEAL_ACCEPT_STAFF,
		    .proof = AUTH_PROVEN },
		  "nobody asked" },
	};
	struct room *room = *state;
	g_autofree char *ref = NULL;
	unsigned mails;

	set_satisfaction(room, room->suporte, false);
	ref = asked_ticket(room);
	mails = room_mails(room, NULL, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct grade_in in = cases[i].in;

		in.grade = 5;
		give(room, &in);
		assert_true(room_has_event(room, ref, cases[i].why));
		assert_int_equal(grade_of(room, ref), 0);
	}
	assert_int_equal(room_held_count(room), 0);
	assert_int_equal(room_tickets(room), 1);
	assert_int_equal(room_mails(room, NULL, NULL), mails);
	/* The null sender is a program. */
	give(room, &(struct grade_in){ .from = DONO,
				       .grade = 5,
				       .verdict = SEAL_ACCEPT,
				       .proof = AUTH_PROVEN,
				       .mail_from = "" });
	assert_int_equal(grade_of(room, ref), 0);
}

static void test_participant_counts(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	g_autoptr(GError) error = NULL;

	set_satisfaction(room, room->suporte, false);
	ref = asked_ticket(room);
	AUTO(ticket) ticket = room_ticket(room, ref);
	fixture_begin(room->fixture);
	assert_ok(participant_add(room->store, ticket->id, COPIA, "",
				  PARTICIPANT_COPY, &error),
		  error);
	fixture_commit(room->fixture);
	give(room, &(struct grade_in){ .from = COPIA,
				       .grade = 3,
				       .verdict = SEAL_ACCEPT_REPLY,
				       .proof = AUTH_PROVEN });
	assert_int_equal(grade_of(room, ref), 3);
}

/* Nobody fills a ticket with grades. */
static void test_answers_are_bounded(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	unsigned before;

	set_satisfaction(room, room->suporte, false);
	ref = asked_ticket(room);
	before = room_count_entries(room, ref, MESSAGE_EVENT);
	for (unsigned i = 0; i < 2 * GRADES_ANSWERS_MAX; i++)
		give_proven(room, 1 + i % 5, NULL);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_EVENT) - before,
			 GRADES_ANSWERS_MAX);
}

/* Who answers the question without a link: a number is a grade, anything else
 * is mail like any other, so that no problem is lost. */
static void test_plain_answer(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	g_autofree char *other = NULL;
	g_autofree char *to = NULL;
	g_autofree char *answers = NULL;

	set_satisfaction(room, room->suporte, false);
	ref = asked_ticket(room);
	AUTO(outbox) row = room_mail(room, "grade", DONO);
	AUTO(mail) mail = room_read(room, row);
	const struct mailbox *reply_to = mail->reply_to->pdata[0];

	to = g_strdup(reply_to->address);
	answers = room_answers(room, "grade", DONO);
	room_expect(room,
		    &(struct letter_in){ .from = DONO,
					 .to = to,
					 .subject = "Re: Site fora do ar",
					 .headers = answers,
					 .body = "5\n\nMuito bom!\n",
					 .verdict = SEAL_ACCEPT,
					 .proof = AUTH_PROVEN },
		    INTAKE_FILED);
	assert_int_equal(grade_of(room, ref), 5);
	assert_true(room_has_event(room, ref, "Muito bom!"));
	other = room_take_ref(room,
			      &(struct letter_in){
				      .from = DONO,
				      .to = to,
				      .subject = "Re: Site fora do ar",
				      .headers = answers,
				      .body = "O site caiu de novo.\n",
				      .verdict = SEAL_ACCEPT,
				      .proof = AUTH_PROVEN },
			      INTAKE_CREATED);
	assert_string_not_equal(other, ref);
	assert_int_equal(grade_of(room, ref), 5);
}

/* Who writes can be reached again; the row of that names no address, since
 * audit rows outlive an erasure. */
static void test_clears_a_failed_address(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	g_autofree char *ref = NULL;
	const struct audit *row;

	set_satisfaction(room, room->suporte, false);
	ref = asked_ticket(room);
	room_set_undeliverable(room, DONO);
	give_proven(room, 4, NULL);
	AUTO(undeliverable) left = undeliverable_get(room->store, DONO, NULL);
	assert_null(left);
	rows = audit_list(room->store, "outbox 1", 10, &error);
	room_must(rows, error);
	assert_int_equal(rows->len, 1);
	row = rows->pdata[0];
	assert_string_equal(row->action, "clear");
	assert_string_equal(row->actor, "author");
	assert_lacks(row->detail, DONO);
}

/* --- what is made of them --- */

static void test_figures(void **state)
{
	static const unsigned grades[] = { 5, 5, 2, 0 };
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(GPtrArray) later = NULL;
	const struct stats_figures *one;
	gint64 start = clock_now();

	set_satisfaction(room, room->suporte, false);
	for (size_t i = 0; i < G_N_ELEMENTS(grades); i++) {
		g_autofree char *ref = asked_ticket(room);

		if (grades[i] != 0)
			give_proven(room, grades[i], NULL);
		/* A new question without an answer keeps the old grade. */
		if (i == 0) {
			room_set_status(room, ref, TICKET_OPEN);
			room_set_status(room, ref, TICKET_CLOSED);
			pass(HOUR);
			assert_int_equal(ask(room), 1);
		}
		pass(DAY);
	}
	all = stats_make(room->desk, room->store, start, 0, &error);
	room_must(all, error);
	assert_int_equal(all->len, 1);
	one = all->pdata[0];
	assert_int_equal(one->asked, 4);
	assert_int_equal(one->grades[0], 1);
	assert_int_equal(one->grades[2], 1);
	assert_int_equal(one->grades[5], 2);
	later = stats_make(room->desk, room->store, start + 2 * DAY, 0,
			   &error);
	room_must(later, error);
	one = later->pdata[0];
	assert_int_equal(one->grades[5], 0);
	assert_int_equal(one->grades[2], 1);
}

/* The grade stays for the figures; who gave it and why goes. */
static void test_erasure(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = NULL;
	struct privacy_counts counts;
	const struct erase_person person = { .customer_id = room->customer };

	set_satisfaction(room, room->suporte, false);
	ref = asked_ticket(room);
	give_proven(room, 4, "segredo\n");
	assert_ok(privacy_erase(room->store, &person, "ana", &counts, &error),
		  error);
	assert_int_equal(grade_of(room, ref), 4);
	assert_false(room_has_event(room, ref, "segredo"));
	assert_false(room_has_event(room, ref, DONO));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, room_setup, \
						   room_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		TEST(test_address),
		TEST(test_off_by_default),
		TEST(test_asked_once_a_closing),
		TEST(test_not_asked_if_open_again_or_too_late),
		TEST(test_whom),
		TEST(test_nobody_to_ask),
		TEST(test_question),
		TEST(test_counts_once_and_is_replaced),
		TEST(test_what_does_not_count),
		TEST(test_participant_counts),
		TEST(test_answers_are_bounded),
		TEST(test_plain_answer),
		TEST(test_clears_a_failed_address),
		TEST(test_figures),
		TEST(test_erasure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
