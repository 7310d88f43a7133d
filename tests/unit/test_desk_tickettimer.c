/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_tickettimer.c - tickettimer.h, targets.h, autoclose.h
 *
 * The clock is set by hand; nothing waits. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/autoclose.h"
#include "desk/conversation.h"
#include "desk/targets.h"
#include "desk/tickettimer.h"

#define SITE                                                                   \
	"[server]\ntime_zone=America/Sao_Paulo\n"                              \
	"[timers]\nhours=mon-fri 09:00-18:00\nclose_seconds=7d\n"              \
	"warn_seconds=2d\n"
/* Monday 2026-11-23, 10:00 in Sao Paulo. */
#define MONDAY ((gint64)1795438800000)

static int setup(void **state)
{
	struct room *room = room_new(SITE);

	clock_set_for_test(MONDAY);
	*state = room;
	return 0;
}

static void at(gint64 after_ms)
{
	clock_set_for_test(MONDAY + after_ms);
}

static struct tickettimer_done run(struct room *room)
{
	g_autoptr(GError) error = NULL;
	struct tickettimer_done done = { 0 };

	assert_ok(tickettimer_run(room->desk, room->store, NULL, NULL, &done,
				  &error),
		  error);
	assert_int_equal(done.failed, 0);
	return done;
}

static void target(struct room *room, enum timer_kind kind,
		   enum ticket_priority priority, gint64 within,
		   const char *notify)
{
	g_autoptr(GError) error = NULL;
	AUTO(staff) ana = staff_by_login(room->store, "ana", &error);
	char *who = g_strdup(notify);
	const struct timer_target row = {
		.department_id = room->suporte->id,
		.kind = kind,
		.priority = priority,
		.within = within,
		.raises = true,
		.assignee = ana->id,
		.notify = who,
	};

	fixture_begin(room->fixture);
	assert_ok(timer_target_put(room->store, &row, &error), error);
	fixture_commit(room->fixture);
	g_free(who);
}

static void answer(struct room *room, const char *ref)
{
	g_autoptr(GError) error = NULL;
	AUTO(staff) ana = staff_by_login(room->store, "ana", &error);
	AUTO(ticket) ticket = room_ticket(room, ref);
	const struct actor actor = { ana, "cli" };
	const struct conversation_text text = { .text = "Resolvido.\n" };

	fixture_begin(room->fixture);
	assert_ok(conversation_reply(room->desk, room->store, &actor, ticket,
				     &text, TICKET_STATUS__COUNT, NULL, &error),
		  error);
	fixture_commit(room->fixture);
}

/* The owner writes again into the ticket. */
static void write_again(struct room *room, const char *ref, const char *headers,
			const char *body)
{
	g_autofree char *subject = g_strdup_printf("Re: [%s] x", ref);

	room_expect(room,
		    &(struct letter_in){ .from = DONO,
					 .subject = subject,
					 .headers = headers,
					 .body = body,
					 .verdict = SEAL_ACCEPT,
					 .proof = AUTH_PROVEN },
		    INTAKE_APPENDED);
}

static enum ticket_status status_of(struct room *room, const char *ref)
{
	AUTO(ticket) ticket = room_ticket(room, ref);

	return ticket->status;
}

static void check_due(struct room *room, const char *ref, enum timer_kind kind,
		      gint64 due)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	AUTO(timer) live
		= tickettimer_get(room->desk, room->store, ticket, &error);

	room_must(live, error);
	assert_int_equal(live->kind, kind);
	assert_int_equal(live->due, due);
}

/* --- targets -------------------------------------------------------------------- */

static void test_escalates_once(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	g_autofree char *text = NULL;

	target(room, TIMER_FIRST, TICKET_MEDIUM, 2 * CLOCK_HOUR, "assignee");
	target(room, TIMER_FIRST, TICKET_HIGH, CLOCK_HOUR, "department");
	ref = room_open(room); /* a second past */
	check_due(room, ref, TIMER_FIRST, MONDAY + 2 * CLOCK_HOUR + 1000);
	at(2 * CLOCK_HOUR + 999);
	assert_int_equal(run(room).escalated, 0);
	at(2 * CLOCK_HOUR + 1000);
	assert_int_equal(run(room).escalated, 1);
	assert_int_equal(run(room).escalated, 0);
	/* though the target of the new priority has passed as well */
	at(9 * CLOCK_HOUR);
	assert_int_equal(run(room).escalated, 0);
	assert_int_equal(room_mails(room, "notice_escalation", ANA), 1);
	assert_int_equal(room_mails(room, "notice_escalation", NULL), 1);
	AUTO(ticket) ticket = room_ticket(room, ref);
	assert_int_equal(ticket->priority, TICKET_HIGH);
	assert_true(ticket->assignee != 0);
	assert_true(room_has_event(room, ref, "first answer overdue"));
	text = room_mail_text(room, "notice_escalation", ANA);
	assert_contains(text, "2026-11-23 12:00");
	assert_contains(text, ref);
}

static void test_hours_of_the_department(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;

	target(room, TIMER_FIRST, TICKET_MEDIUM, 10 * CLOCK_HOUR, "none");
	ref = room_open(room);
	/* 8 hours on Monday, 2 on Tuesday */
	check_due(room, ref, TIMER_FIRST,
		  MONDAY + CLOCK_DAY + CLOCK_HOUR + 1000);
	at(CLOCK_DAY + CLOCK_HOUR + 1000);
	assert_int_equal(run(room).escalated, 1);
	assert_int_equal(room_mails(room, "notice_escalation", NULL), 0);
}

static void test_own_clock_of_the_department(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = NULL;
	AUTO(timer_clock)
	clock = timer_clock_get(room->store, room->suporte->id, &error);

	target(room, TIMER_FIRST, TICKET_MEDIUM, 10 * CLOCK_HOUR, "none");
	ref = room_open(room);
	assert_int_equal(run(room).made, 1);
	assert_int_equal(run(room).made, 0);
	fixture_begin(room->fixture);
	fixture_set(&clock->hours, "always");
	assert_ok(timer_clock_put(room->store, clock, &error), error);
	fixture_commit(room->fixture);
	/* other rules: the timers are made anew */
	assert_int_equal(run(room).made, 1);
	check_due(room, ref, TIMER_FIRST, MONDAY + 10 * CLOCK_HOUR + 1000);
}

static void test_answer_in_time(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;

	target(room, TIMER_FIRST, TICKET_MEDIUM, CLOCK_HOUR, "department");
	target(room, TIMER_NEXT, TICKET_MEDIUM, 2 * CLOCK_HOUR, "department");
	ref = room_open(room);
	at(CLOCK_MINUTE);
	answer(room, ref);
	check_due(room, ref, TIMER_NONE, 0);
	at(6 * CLOCK_HOUR);
	assert_int_equal(run(room).escalated, 0);
	/* a program's answer waits for nobody */
	write_again(room, ref, "Auto-Submitted: auto-replied\n", "Ferias.\n");
	check_due(room, ref, TIMER_NONE, 0);
	write_again(room, ref, NULL, "Ainda nao funciona, o que fazer?\n");
	check_due(room, ref, TIMER_NEXT,
		  MONDAY + CLOCK_DAY - CLOCK_HOUR + 2000);
	/* a second mail does not begin anew */
	at(7 * CLOCK_HOUR);
	write_again(room, ref, NULL, "Alguem leu a minha pergunta?\n");
	check_due(room, ref, TIMER_NEXT,
		  MONDAY + CLOCK_DAY - CLOCK_HOUR + 2000);
	at(CLOCK_DAY + 3000);
	assert_int_equal(run(room).escalated, 1);
	/* once more for what is written later */
	answer(room, ref);
	at(CLOCK_DAY + CLOCK_HOUR);
	write_again(room, ref, NULL, "Voltou a cair, por que motivo?\n");
	target(room, TIMER_NEXT, TICKET_HIGH, CLOCK_HOUR, "none");
	at(CLOCK_DAY + 3 * CLOCK_HOUR);
	assert_int_equal(run(room).escalated, 1);
	assert_int_equal(run(room).escalated, 0);
}

static void test_hold_stops_the_target(void **state)
{
	static const struct {
		enum ticket_status status;
		bool runs;
	} cases[] = {
		{ TICKET_OPEN, true },	       { TICKET_ANSWERED, false },
		{ TICKET_CUSTOMER_REPLY, true }, { TICKET_IN_PROGRESS, true },
		{ TICKET_ON_HOLD, false },     { TICKET_RESOLVED, false },
		{ TICKET_CLOSED, false },
	};
	const struct timer_facts facts = { .first_customer = 5,
					   .unanswered = 5,
					   .last = 5 };

	(void)state;
	G_STATIC_ASSERT(G_N_ELEMENTS(cases) == TICKET_STATUS__COUNT);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct target_wait wait
			= target_wait_of(cases[i].status, &facts);

		assert_int_equal(wait.kind,
				 cases[i].runs ? TIMER_FIRST : TIMER_NONE);
	}
}

static void test_two_at_once_escalate_once(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = NULL;
	struct tickettimer_done done = { 0 };
	AUTO(store)
	other = store_open(&room->fixture->config->store, STORE_WRITE, &error);

	target(room, TIMER_FIRST, TICKET_MEDIUM, CLOCK_HOUR, "department");
	ref = room_open(room);
	run(room);
	at(5 * CLOCK_HOUR);
	/* a note of the other program that is older than what was done */
	assert_int_equal(run(room).escalated, 1);
	fixture_begin(room->fixture);
	AUTO(timer) timer = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	timer = timer_get(room->store, ticket->id, &error);
	timer->next_at = 1;
	assert_ok(timer_put(room->store, timer, &error), error);
	fixture_commit(room->fixture);
	assert_ok(tickettimer_run(room->desk, other, NULL, NULL, &done, &error),
		  error);
	assert_int_equal(done.escalated, 0);
	assert_int_equal(room_mails(room, "notice_escalation", ANA), 1);
}

static void test_overdue_is_found(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = NULL;
	g_autofree char *other = NULL;
	struct ticket_filter filter = TICKET_FILTER_ANY;

	target(room, TIMER_FIRST, TICKET_MEDIUM, CLOCK_HOUR, "none");
	ref = room_open(room);
	at(CLOCK_MINUTE * 30);
	other = room_open(room);
	at(CLOCK_HOUR + CLOCK_MINUTE);
	run(room);
	filter.overdue = clock_now();
	g_autoptr(GPtrArray) found = ticket_list(room->store, &filter, &error);
	room_must(found, error);
	assert_int_equal(found->len, 1);
	const struct ticket *one = found->pdata[0];
	assert_string_equal(one->ref, ref);
	/* it stays overdue without a target for the raised priority */
	at(CLOCK_HOUR + CLOCK_MINUTE * 2);
	run(room);
	answer(room, ref);
	run(room);
	g_autoptr(GPtrArray) none = ticket_list(room->store, &filter, &error);
	room_must(none, error);
	assert_int_equal(none->len, 0);
}

/* --- closing ---------------------------------------------------------------------- */

static void test_warns_and_closes(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *text = NULL;

	answer(room, ref);
	at(5 * CLOCK_DAY);
	assert_int_equal(run(room).warned, 0);
	at(5 * CLOCK_DAY + 1000);
	assert_int_equal(run(room).warned, 1);
	assert_int_equal(run(room).warned, 0);
	assert_int_equal(room_mails(room, "warn_close", DONO), 1);
	text = room_mail_text(room, "warn_close", DONO);
	assert_contains(text, "2026-11-30 10:00");
	at(7 * CLOCK_DAY);
	assert_int_equal(run(room).closed, 0);
	at(7 * CLOCK_DAY + 1000);
	assert_int_equal(run(room).closed, 1);
	assert_int_equal(status_of(room, ref), TICKET_CLOSED);
	assert_int_equal(room_mails(room, "closed", DONO), 1);
	at(90 * CLOCK_DAY);
	assert_int_equal(run(room).closed, 0);
	assert_int_equal(room_mails(room, "warn_close", DONO), 1);
}

static void test_reply_stops_closing(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);

	answer(room, ref);
	at(6 * CLOCK_DAY);
	assert_int_equal(run(room).warned, 1);
	write_again(room, ref, NULL, "Ainda nao funciona, o que fazer?\n");
	at(30 * CLOCK_DAY);
	assert_int_equal(run(room).closed, 0);
	assert_int_equal(status_of(room, ref), TICKET_CUSTOMER_REPLY);
	/* answered again: from the beginning */
	answer(room, ref);
	assert_int_equal(run(room).warned, 0);
	at(36 * CLOCK_DAY);
	assert_int_equal(run(room).warned, 1);
	assert_int_equal(room_mails(room, "warn_close", DONO), 2);
}

static void test_automatic_reply_does_not_stop_it(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);

	answer(room, ref);
	at(6 * CLOCK_DAY);
	assert_int_equal(run(room).warned, 1);
	write_again(room, ref, "Auto-Submitted: auto-replied\n", "Ferias.\n");
	at(8 * CLOCK_DAY + 1000);
	assert_int_equal(run(room).closed, 1);
}

/* Nobody ran the program for a month: the promise of two days holds. */
static void test_late_warning_is_kept(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	struct tickettimer_done done;

	answer(room, ref);
	at(30 * CLOCK_DAY);
	done = run(room);
	assert_int_equal(done.warned, 1);
	assert_int_equal(done.closed, 0);
	at(32 * CLOCK_DAY - 1);
	assert_int_equal(run(room).closed, 0);
	at(32 * CLOCK_DAY);
	assert_int_equal(run(room).closed, 1);
}

static void test_plan(void **state)
{
	static const struct {
		gint64 after, warn, idle, warned;
		struct autoclose_plan want;
	} cases[] = {
		{ 0, 3, 100, 0, { 0, 0, 0 } },
		{ 7, 3, 0, 0, { 0, 0, 0 } },
		{ 7, 3, 100, 0, { 100, 104, 107 } },
		{ 7, 0, 100, 0, { 100, 0, 107 } },
		{ 7, 9, 100, 0, { 100, 100, 107 } },
		{ 7, 3, 100, 104, { 100, 0, 107 } },
		{ 7, 3, 100, 150, { 100, 0, 153 } },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct autoclose_rules rules = { cases[i].after,
						       cases[i].warn };
		struct autoclose_plan plan = autoclose_plan(
			&rules, cases[i].idle, cases[i].warned);

		if (memcmp(&plan, &cases[i].want, sizeof(plan)) != 0)
			fail_msg("case %zu: %d %d %d", i, (int)plan.idle_since,
				 (int)plan.warn_at, (int)plan.close_at);
	}
}

static void test_never(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = room_open(room);
	AUTO(timer_clock)
	clock = timer_clock_get(room->store, room->suporte->id, &error);

	answer(room, ref);
	fixture_begin(room->fixture);
	clock->close_after = 0;
	assert_ok(timer_clock_put(room->store, clock, &error), error);
	fixture_commit(room->fixture);
	at(400 * CLOCK_DAY);
	run(room);
	assert_int_equal(status_of(room, ref), TICKET_ANSWERED);
}

/* --- mistakes ------------------------------------------------------------------- */

static void test_check_finds_bad_hours(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;

	assert_ok(tickettimer_check(room->desk, room->store, &error), error);
	fixture_set(&room->fixture->config->timers.hours, "mon 25:00");
	assert_false(tickettimer_check(room->desk, room->store, &error));
	assert_true(g_error_matches(error, PORTARIA_ERROR,
				    PORTARIA_ERROR_CONFIG));
	assert_non_null(strstr(error->message, "25:00"));
}

static void test_desk_refuses_bad_hours(void **state)
{
	static const struct {
		const char *hours;
		const char *holidays;
		const char *said;
	} cases[] = {
		{ "mon 25:00", "", "\"25:00\": no times" },
		{ "mon-xyz 09:00-18:00", "", "\"xyz\": no day of the week" },
		{ "09:00-18:00", "", "no days and times" },
		{ ";", "", "no business hours at all" },
		{ "mon 09:00-18:00,17:00-19:00", "", "hours that overlap" },
		{ "always", "12-32", "\"12-32\": no day like" },
		{ "", "2026-02-29", "\"2026-02-29\": no day like" },
	};
	struct room *room = *state;
	struct config *config = room->fixture->config;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		fixture_set(&config->timers.hours, cases[i].hours);
		fixture_set(&config->timers.holidays, cases[i].holidays);
		assert_null(desk_new(config, &error));
		assert_true(g_error_matches(error, PORTARIA_ERROR,
					    PORTARIA_ERROR_CONFIG));
		if (strstr(error->message, cases[i].said) == NULL)
			fail_msg("%s", error->message);
	}
}

/* One department's rules are wrong: the others' tickets go on, and it is
 * said why. */
static void test_failed_department_is_named(void **state)
{
	struct room *room = *state;
	struct tickettimer_done done;
	g_autoptr(GError) error = NULL;

	fixture_set(&room->fixture->config->timers.hours, "mon 25:00");
	assert_ok(tickettimer_run(room->desk, room->store, NULL, NULL, &done,
				  &error),
		  error);
	assert_true(done.failed > 0);
	assert_non_null(strstr(done.why, ": \"25:00\": no times"));
	tickettimer_done_clear(&done);
	assert_null(done.why);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, room_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_escalates_once),
		TEST(test_hours_of_the_department),
		TEST(test_own_clock_of_the_department),
		TEST(test_answer_in_time),
		cmocka_unit_test(test_hold_stops_the_target),
		TEST(test_two_at_once_escalate_once),
		TEST(test_overdue_is_found),
		TEST(test_warns_and_closes),
		TEST(test_reply_stops_closing),
		TEST(test_automatic_reply_does_not_stop_it),
		TEST(test_late_warning_is_kept),
		cmocka_unit_test(test_plan),
		TEST(test_never),
		TEST(test_check_finds_bad_hours),
		TEST(test_desk_refuses_bad_hours),
		TEST(test_failed_department_is_named),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
