/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_stats.c - figures, checked against ones made by hand
 *
 * Hermetic: a real store, times set by hand.
 */
#include "unit/desk_mailroom.h"

#include "desk/stats.h"
#include "store/audit.h"
#include "store/timer.h"

static void test_percentile(void **state)
{
	static const struct {
		gint64 values[10];
		guint count;
		gint64 median, p90;
	} cases[] = {
		{ { 0 }, 0, -1, -1 },
		{ { 7 }, 1, 7, 7 },
		{ { 9, 1 }, 2, 5, 9 },
		{ { 3, 1, 2 }, 3, 2, 3 },
		{ { 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 }, 10, 5, 9 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GArray) values =
			g_array_new(false, false, sizeof(gint64));

		g_array_append_vals(values, cases[i].values, cases[i].count);
		assert_int_equal(stats_percentile(values, 50),
		                 cases[i].median);
		assert_int_equal(stats_percentile(values, 90), cases[i].p90);
	}
}

#define MINUTES(n) ((n) * CLOCK_MINUTE)

/* Four tickets: answered after 10, 30 and 20 minutes, one never; one of two
 * that were resolved is open again. */
static void test_figures_made_by_hand(void **state)
{
	static const struct {
		gint64 answer; /* minutes, 0: none */
		bool resolved, again;
	} tickets[] = {
		{ 10, true, false },
		{ 30, true, true },
		{ 20, false, false },
		{ 0, false, false },
	};
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = NULL;
	const struct stats_figures *one;
	gint64 start = clock_now();

	for (size_t i = 0; i < G_N_ELEMENTS(tickets); i++) {
		g_autofree char *ref = room_take_ref(
			room,
			&(struct letter_in){ .from = DONO,
		                             .verdict = SEAL_ACCEPT,
		                             .proof = AUTH_PROVEN },
			INTAKE_CREATED);
		g_autofree char *object = g_strdup_printf("ticket %s", ref);
		AUTO(ticket) ticket = room_ticket(room, ref);
		AUTO(message) answer = message_new();

		answer->ticket_id = ticket->id;
		answer->author = MESSAGE_STAFF;
		answer->created = ticket->created + MINUTES(tickets[i].answer);
		clock_set_for_test(answer->created + 1);
		fixture_begin(room->fixture);
		if (tickets[i].answer > 0)
			assert_true(message_insert(room->store, answer,
			                           &error));
		if (tickets[i].resolved) {
			AUTO(ticket) now = room_ticket(room, ref);

			ticket->version = now->version;
			ticket->status = tickets[i].again ? TICKET_OPEN
			                                  : TICKET_RESOLVED;
			assert_ok(ticket_update(room->store, ticket, &error),
			          error);
			assert_true(audit_add(room->store, "ana", "status",
			                      object, "resolved", &error));
		}
		fixture_commit(room->fixture);
	}
	all = stats_make(room->desk, room->store, start, 0, &error);
	assert_ok(all != NULL, error);
	assert_int_equal(all->len, 1);
	one = all->pdata[0];
	assert_string_equal(one->department, "suporte");
	assert_int_equal(one->tickets, 4);
	assert_int_equal(one->answered, 3);
	assert_int_equal(one->done, 2);
	assert_int_equal(one->reopened, 1);
	assert_int_equal(one->answer.median, MINUTES(20));
	assert_int_equal(one->answer.p90, MINUTES(30));
	assert_int_equal(one->grades[0], 4);
}

/* Two departments with hours of their own, in their own zones. */
static void test_business_hours(void **state)
{
	static const struct {
		const char *to;
		const char *hours;
		const char *zone;
		gint64 business; /* of an answer on Monday, 15:30 UTC */
	} cases[] = {
		/* The ticket comes on Sunday, at noon in Brazil. */
		{ "financeiro", "mon-fri 09:00-18:00", "America/Sao_Paulo",
		  MINUTES(3 * 60 + 30) },
		{ "suporte", "mon-fri 09:00-12:00", "Europe/Lisbon",
		  MINUTES(3 * 60) },
	};
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = NULL;
	gint64 sunday = (gint64)1795359600 * 1000; /* 2026-11-22 15:00 UTC */
	gint64 monday = (gint64)1795447800 * 1000; /* the 23rd, 15:30 UTC */

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct department *department = i == 0 ? room->financeiro
		                                       : room->suporte;
		AUTO(timer_clock)
		clock = timer_clock_get(room->store, department->id, &error);

		room_must(clock, error);
		fixture_set(&clock->hours, cases[i].hours);
		fixture_set(&department->time_zone, cases[i].zone);
		fixture_begin(room->fixture);
		assert_ok(department_update(room->store, department, &error),
		          error);
		assert_ok(timer_clock_put(room->store, clock, &error), error);
		fixture_commit(room->fixture);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = NULL;
		AUTO(message) answer = message_new();

		clock_set_for_test(sunday - CLOCK_SECOND);
		ref = room_take_ref(room,
		                    &(struct letter_in){
					    .from = DONO,
					    .to = cases[i].to,
					    .verdict = SEAL_ACCEPT,
					    .proof = AUTH_PROVEN },
		                    INTAKE_CREATED);
		AUTO(ticket) ticket = room_ticket(room, ref);
		answer->ticket_id = ticket->id;
		answer->author = MESSAGE_STAFF;
		answer->created = monday;
		fixture_begin(room->fixture);
		assert_true(message_insert(room->store, answer, &error));
		fixture_commit(room->fixture);
	}
	all = stats_make(room->desk, room->store, sunday - CLOCK_SECOND, 0,
	                 &error);
	room_must(all, error);
	assert_int_equal(all->len, G_N_ELEMENTS(cases));
	for (guint i = 0; i < all->len; i++) {
		const struct stats_figures *one = all->pdata[i];

		assert_string_equal(one->department, cases[i].to);
		assert_int_equal(one->business.median, cases[i].business);
		assert_int_equal(one->answer.median, monday - sunday);
	}
}

static void test_period(void **state)
{
	struct room *room = *state;
	g_autoptr(GPtrArray) none = NULL;

	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .verdict = SEAL_ACCEPT,
	                                 .proof = AUTH_PROVEN },
	            INTAKE_CREATED);
	none = stats_make(room->desk, room->store, clock_now() + 1, 0, NULL);
	assert_int_equal(none->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentile),
		cmocka_unit_test_setup_teardown(test_figures_made_by_hand,
		                                room_setup, room_teardown),
		cmocka_unit_test_setup_teardown(test_business_hours, room_setup,
		                                room_teardown),
		cmocka_unit_test_setup_teardown(test_period, room_setup,
		                                room_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
