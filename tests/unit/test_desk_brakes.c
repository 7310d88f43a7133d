/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_brakes.c - how many automatic mails one address gets
 *
 * The clock stands still between steps. Hermetic.
 */
#include "unit/desk_fixture.h"

#include "base/clock.h"
#include "base/ids.h"
#include "desk/brakes.h"

#define NOW  G_GINT64_CONSTANT(1795364400000)
#define DONO "dono@cliente.example"

static void put_row(struct fixture *fixture, const char *kind,
                    const char *address, gint64 ticket_id,
                    enum outbox_state state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
	struct outbox row = {
		.kind = (char *)(guintptr)kind,
		.recipient = (char *)(guintptr)address,
		.ticket_id = ticket_id,
		.brake = (char *)(guintptr)brakes_name(kind),
		.bytes = bytes,
		.state = state,
	};

	fixture_begin(fixture);
	assert_ok(outbox_insert(fixture->store, &row, &error), error);
	fixture_commit(fixture);
}

static gint64 new_ticket(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = ticket_new();
	AUTO(department) department = NULL;

	fixture_begin(fixture);
	department = department_by_name(fixture->store, "suporte", NULL);
	if (department == NULL)
		department = fixture_department(fixture, "suporte",
		                                DEPARTMENT_REGISTERED,
		                                DEPARTMENT_HOLD);
	ticket->department_id = department->id;
	fixture_set(&ticket->requester, DONO);
	fixture_set(&ticket->subject, "x");
	assert_ok(ticket_insert(fixture->store, "VIA", ticket, &error), error);
	fixture_commit(fixture);
	return ticket->id;
}

static struct brakes_answer ask(struct fixture *fixture, const char *kind,
                                gint64 ticket_id)
{
	const struct brakes_letter letter = { kind, DONO, ticket_id };
	g_autoptr(GError) error = NULL;
	struct brakes_answer answer = { 0 };

	assert_ok(brakes_ask(fixture->desk, fixture->store, &letter, &answer,
	                     &error),
	          error);
	return answer;
}

static bool stops(struct fixture *fixture, const char *kind, gint64 ticket_id)
{
	struct brakes_answer answer = ask(fixture, kind, ticket_id);
	bool stop = answer.stop;

	assert_int_equal(stop, answer.why != NULL);
	brakes_answer_clear(&answer);
	return stop;
}

/* One mail as soon as it may go, for twelve hours: the windows in turn. */
static void test_windows_about_one_ticket(void **state)
{
	static const struct {
		gint64 after; /* minutes */
		unsigned want;
	} steps[] = {
		{ 0, 10 },  { 10, 15 }, { 20, 15 },  { 30, 25 },
		{ 60, 35 }, { 180, 60 }, { 599, 100 },
	};
	struct fixture *fixture = *state;
	gint64 ticket = new_ticket(fixture);
	unsigned sent = 0;
	size_t next = 0;

	for (gint64 minute = 0; minute < 600; minute++) {
		clock_set_for_test(NOW + minute * CLOCK_MINUTE);
		while (!stops(fixture, "ack", ticket)) {
			put_row(fixture, "ack", DONO, ticket, OUTBOX_SENT);
			sent++;
		}
		if (next < G_N_ELEMENTS(steps) &&
		    steps[next].after == minute) {
			assert_true(sent <= steps[next].want);
			next++;
		}
	}
	assert_int_equal(next, G_N_ELEMENTS(steps));
	assert_int_equal(sent, 100);
	/* another ticket, another reader of the same one */
	assert_false(stops(fixture, "ack", new_ticket(fixture)));
	assert_false(stops(fixture, "notice_auto", ticket));
}

static void test_windows_about_all_tickets(void **state)
{
	struct fixture *fixture = *state;
	gint64 ticket = 0;

	clock_set_for_test(NOW);
	for (unsigned i = 0; i < 30; i++) {
		if (i % 10 == 0)
			ticket = new_ticket(fixture);
		assert_false(stops(fixture, "ack", ticket));
		put_row(fixture, "ack", DONO, ticket, OUTBOX_QUEUED);
	}
	ticket = new_ticket(fixture);
	assert_true(stops(fixture, "ack", ticket));
	assert_true(stops(fixture, "hold_confirm", 0));
	assert_false(stops(fixture, "hold_notice", 0));
	clock_set_for_test(NOW + 10 * CLOCK_MINUTE + 1);
	assert_false(stops(fixture, "ack", ticket));
}

/* Questions about held messages have no ticket: they count as one. */
static void test_held_messages_are_one(void **state)
{
	struct fixture *fixture = *state;
	gint64 ticket = new_ticket(fixture);

	clock_set_for_test(NOW);
	for (unsigned i = 0; i < 10; i++)
		put_row(fixture, "hold_confirm", DONO, 0, OUTBOX_SENT);
	assert_true(stops(fixture, "hold_confirm", 0));
	assert_false(stops(fixture, "ack", ticket));
}

/* The first one that is stopped is told of; a cancelled row remembers. */
static void test_first_is_told(void **state)
{
	struct fixture *fixture = *state;
	gint64 ticket = new_ticket(fixture);
	struct brakes_answer answer;

	clock_set_for_test(NOW);
	for (unsigned i = 0; i < 10; i++)
		put_row(fixture, "ack", DONO, ticket, OUTBOX_SENT);
	answer = ask(fixture, "ack", ticket);
	assert_true(answer.first);
	assert_string_equal(answer.why, "loop brake: 10 automatic mails to "
	                                DONO " about this ticket within 10m");
	brakes_answer_clear(&answer);
	put_row(fixture, "ack", DONO, ticket, OUTBOX_CANCELLED);
	answer = ask(fixture, "ack", ticket);
	assert_true(answer.stop);
	assert_false(answer.first);
	brakes_answer_clear(&answer);
}

static void test_windows_are_configured(void **state)
{
	struct fixture *fixture = *state;
	struct config_notifier *config = &fixture->config->notifier;

	clock_set_for_test(NOW);
	g_strfreev(config->brake_ticket);
	g_strfreev(config->brake_total);
	config->brake_ticket = g_strsplit("2/1h", ";", -1);
	config->brake_total = g_new0(char *, 1);
	put_row(fixture, "hold_confirm", DONO, 0, OUTBOX_SENT);
	assert_false(stops(fixture, "hold_confirm", 0));
	put_row(fixture, "hold_confirm", DONO, 0, OUTBOX_SENT);
	assert_true(stops(fixture, "hold_confirm", 0));
	g_strfreev(config->brake_ticket);
	config->brake_ticket = g_new0(char *, 1);
	assert_false(stops(fixture, "hold_confirm", 0));
}

static void test_names(void **state)
{
	static const struct {
		const char *kind;
		const char *name;
	} cases[] = {
		{ "ack", "people" },         { "ack_contact", "people" },
		{ "closed", "people" },      { "hold_confirm", "people" },
		{ "hold_notice", "staff" },  { "notice_auto", "staff" },
		{ "notice_bounce", "staff" }, { "", "people" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_string_equal(brakes_name(cases[i].kind), cases[i].name);
}

static int teardown(void **state)
{
	clock_set_for_test(0);
	return fixture_teardown(state);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, fixture_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_windows_about_one_ticket),
		TEST(test_windows_about_all_tickets),
		TEST(test_held_messages_are_one),
		TEST(test_first_is_told),
		TEST(test_windows_are_configured),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
