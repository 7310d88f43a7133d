/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_retention.c - retention.h of desk and store
 *
 * The clock is set by hand. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/retention.h"
#include "store/timer.h"

#include <utime.h>

#define SITE                                                                   \
	"[store]\nblob_inline_max=10\n"                                        \
	"[retention]\nraw_seconds=30d\nticket_seconds=90d\nheld_seconds=10d\n" \
	"outbox_seconds=20d\ndelivery_seconds=20d\nblob_seconds=7d\n"

static int setup(void **state)
{
	*state = room_new(SITE);
	return 0;
}

static void at_day(gint64 days)
{
	clock_set_for_test(ROOM_START + days * CLOCK_DAY);
}

/* A whole round; what was removed of one kind. */
static gint64 run(struct room *room, enum retention_what what)
{
	g_autoptr(GError) error = NULL;
	bool more = true;
	AUTO(retention)
	round = retention_new(room->desk, room->store, &error);

	room_must(round, error);
	while (more)
		assert_ok(retention_step(round, room->store, &more, &error),
			  error);
	return retention_get_counts(round)[what].rows;
}

static void check_store(struct room *room)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) problems = NULL;

	assert_ok(store_check(room->store, &problems, &error), error);
	for (guint i = 0; i < problems->len; i++)
		fail_msg("%s", (const char *)problems->pdata[i]);
}

static char *dup_raw(struct room *room, const char *ref)
{
	g_autoptr(GPtrArray) entries = room_entries(room, ref);

	return g_strdup(entries_last(entries, MESSAGE_CUSTOMER)->raw);
}

/* Whether the bytes are there, in the database and as a file. */
static bool has_blob(struct room *room, const char *sha256)
{
	g_autoptr(GBytes) bytes = blob_get(room->store, sha256, NULL);
	g_autofree char *path = g_strdup_printf(
		"%s/%.2s/%s", room->fixture->config->store.blob_dir, sha256,
		sha256 + 2);

	assert_int_equal(bytes != NULL,
			 g_file_test(path, G_FILE_TEST_EXISTS));
	return bytes != NULL;
}

static void test_raw_of_closed_tickets(void **state)
{
	struct room *room = *state;
	g_autofree char *closed = room_open(room);
	g_autofree char *open = room_open(room);
	g_autofree char *raw = dup_raw(room, closed);
	g_autofree char *after = NULL;

	/* the same bytes, stored once */
	room_set_status(room, closed, TICKET_CLOSED);
	at_day(29);
	assert_int_equal(run(room, RETENTION_RAW), 0);
	at_day(31);
	assert_int_equal(run(room, RETENTION_RAW), 1);
	assert_int_equal(run(room, RETENTION_RAW), 0);
	after = dup_raw(room, closed);
	assert_string_equal(after, "");
	/* the open ticket still names them */
	at_day(60);
	run(room, RETENTION_BLOB);
	assert_true(has_blob(room, raw));
	room_set_status(room, open, TICKET_CLOSED);
	at_day(95);
	assert_int_equal(run(room, RETENTION_RAW), 1);
	assert_false(has_blob(room, raw));
	check_store(room);
}

static void test_whole_tickets(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *closed = room_open(room);
	g_autofree char *open = room_open(room);
	bool first;

	AUTO(ticket) ticket = room_ticket(room, closed);
	fixture_begin(room->fixture);
	assert_ok(timer_fire(room->store, ticket->id, "first", 1, &first,
			     &error),
		  error);
	fixture_commit(room->fixture);
	room_set_status(room, closed, TICKET_CLOSED);
	at_day(89);
	assert_int_equal(run(room, RETENTION_TICKET), 0);
	assert_int_equal(room_tickets(room), 2);
	at_day(91);
	assert_int_equal(run(room, RETENTION_TICKET), 1);
	assert_int_equal(room_tickets(room), 1);
	AUTO(ticket) gone = ticket_by_ref(room->store, closed, &error);
	assert_null(gone);
	check_store(room);
	g_free(dup_raw(room, open));
}

static void test_department_overrides(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = room_open(room);
	AUTO(timer_clock)
	clock = timer_clock_get(room->store, room->suporte->id, &error);

	fixture_begin(room->fixture);
	clock->keep_tickets = 0;
	clock->keep_raw = 200 * CLOCK_DAY;
	assert_ok(timer_clock_put(room->store, clock, &error), error);
	fixture_commit(room->fixture);
	room_set_status(room, ref, TICKET_CLOSED);
	at_day(199);
	assert_int_equal(run(room, RETENTION_RAW), 0);
	at_day(201);
	assert_int_equal(run(room, RETENTION_RAW), 1);
	assert_int_equal(room_tickets(room), 1);
}

static void test_outbox_and_deliveries(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = room_open(room);
	unsigned before = room_mails(room, NULL, NULL);

	assert_non_null(ref);
	g_autoptr(GPtrArray) rows
		= outbox_lease(room->store, "t", CLOCK_MINUTE, 1, &error);
	const struct outbox *row;

	room_must(rows, error);
	row = rows->pdata[0];
	assert_ok(outbox_sent(room->store, row->id, "t", "250", &error), error);
	at_day(21);
	/* what waits is kept, however old */
	assert_int_equal(run(room, RETENTION_OUTBOX), 1);
	assert_int_equal(room_mails(room, NULL, NULL), before - 1);
	at_day(22);
	assert_null(delivery_find(room->store, "m1/suporte", NULL));
	check_store(room);
}

static void test_held(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	struct held *held;

	room_expect(room,
		    &(struct letter_in){ .from = DONO,
					 .verdict = SEAL_HOLD,
					 .proof = AUTH_UNPROVEN },
		    INTAKE_HELD);
	at_day(50);
	assert_int_equal(run(room, RETENTION_HELD), 0);
	held = room_held(room, 1);
	fixture_begin(room->fixture);
	assert_ok(held_decide(room->store, held->id, HELD_DISCARDED, "ana", "",
			      &error),
		  error);
	fixture_commit(room->fixture);
	held_free(held);
	at_day(59);
	assert_int_equal(run(room, RETENTION_HELD), 0);
	at_day(61);
	assert_int_equal(run(room, RETENTION_HELD), 1);
	assert_int_equal(room_held_count(room), 0);
	check_store(room);
}

/* A crash left files: of bytes that no row names, and half-written ones. */
static void test_files_without_rows(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *raw = dup_raw(room, ref);
	g_autofree char *dir = g_build_filename(
		room->fixture->config->store.blob_dir, "ab", NULL);
	g_autofree char *lost = g_strdup_printf("%s/%062d", dir, 7);
	g_autofree char *half = g_strdup_printf("%s/half.tmp", dir);
	g_autofree char *fresh = g_strdup_printf("%s/%062d", dir, 8);
	const struct utimbuf old = { 1000000000, 1000000000 };
	const struct utimbuf young = { 4000000000, 4000000000 };

	g_mkdir_with_parents(dir, 0700);
	assert_true(g_file_set_contents(lost, "x", 1, NULL));
	assert_true(g_file_set_contents(half, "x", 1, NULL));
	assert_true(g_file_set_contents(fresh, "x", 1, NULL));
	assert_int_equal(utime(lost, &old), 0);
	assert_int_equal(utime(half, &old), 0);
	assert_int_equal(utime(fresh, &young), 0);
	at_day(1);
	assert_int_equal(run(room, RETENTION_FILE), 2);
	assert_false(g_file_test(lost, G_FILE_TEST_EXISTS));
	assert_false(g_file_test(half, G_FILE_TEST_EXISTS));
	assert_true(g_file_test(fresh, G_FILE_TEST_EXISTS));
	assert_true(has_blob(room, raw));
}

static void test_plan_counts_and_keeps(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = room_open(room);
	const struct retention_job *job;
	struct retention_count count;
	gint64 found = 0;

	room_set_status(room, ref, TICKET_CLOSED);
	at_day(100);
	AUTO(retention)
	round = retention_new(room->desk, room->store, &error);
	room_must(round, error);
	for (unsigned i = 0; (job = retention_get_job(round, i)) != NULL; i++) {
		assert_ok(retention_measure(room->store, &job->scope, &count,
					    &error),
			  error);
		if (job->scope.what == RETENTION_RAW
		    || job->scope.what == RETENTION_TICKET)
			found += count.rows;
		if (job->scope.what == RETENTION_RAW && count.rows > 0)
			assert_true(count.bytes > 100);
	}
	assert_int_equal(found, 2);
	assert_int_equal(room_tickets(room), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, room_teardown)
	const struct CMUnitTest tests[] = {
		/* first: ids never go back, whatever the clock says */
		TEST(test_outbox_and_deliveries),
		TEST(test_raw_of_closed_tickets),
		TEST(test_whole_tickets),
		TEST(test_department_overrides),
		TEST(test_held),
		TEST(test_files_without_rows),
		TEST(test_plan_counts_and_keeps),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
