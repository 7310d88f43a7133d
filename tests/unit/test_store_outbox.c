/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_store_outbox.c - outbox.h; needs a scratch folder and threads */
#include "unit/store_fixture.h"

#include "base/ids.h"
#include "store/outbox.h"

#define NOW   (G_GINT64_CONSTANT(1800000000000))
#define LEASE (60 * CLOCK_SECOND)

static gint64 queue(struct fixture *fixture, const char *recipient,
                    const char *kind, gint64 due)
{
	g_autoptr(GError) error = NULL;
	AUTO(outbox) row = outbox_new();

	set(&row->kind, g_strdup(kind));
	set(&row->recipient, g_strdup(recipient));
	row->bytes = g_bytes_new(recipient, strlen(recipient));
	row->next_attempt = due;
	assert_ok(outbox_insert(fixture->store, row, &error), error);
	return row->id;
}

static GPtrArray *lease(struct fixture *fixture, const char *owner,
                        unsigned max)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *rows =
		outbox_lease(fixture->store, owner, LEASE, max, &error);

	assert_ok(rows != NULL, error);
	return rows;
}

/* Leases all that is due and returns how many rows that were. */
static unsigned lease_count(struct fixture *fixture, const char *owner)
{
	g_autoptr(GPtrArray) rows = lease(fixture, owner, 100);

	return rows->len;
}

static struct outbox *get(struct fixture *fixture, gint64 id)
{
	g_autoptr(GError) error = NULL;
	struct outbox *row = outbox_get(fixture->store, id, &error);

	assert_ok(row != NULL, error);
	return row;
}

static void test_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(outbox) made = outbox_new();
	AUTO(outbox) got = NULL;
	AUTO(ticket) ticket = NULL;
	gint64 id = id_new();

	assert_int_equal(made->state, OUTBOX_QUEUED);
	clock_set_for_test(NOW);
	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	made->id = id;
	made->ticket_id = ticket->id;
	made->message_id = fixture_message(fixture, ticket->id, "x");
	set(&made->kind, g_strdup("ack"));
	set(&made->recipient, g_strdup("ana@x.example"));
	set(&made->sender, g_strdup("suporte+b.1.2@desk.example"));
	set(&made->header_id, g_strdup("<1@desk.example>"));
	set(&made->subject, g_strdup("Recebido"));
	made->bytes = g_bytes_new("bytes\0more", 10);
	assert_ok(outbox_insert(fixture->store, made, &error), error);
	fixture_commit(fixture);
	assert_int_equal(made->id, id);
	assert_int_equal(made->created, NOW);
	assert_int_equal(made->next_attempt, NOW);
	got = get(fixture, id);
	assert_int_equal(got->ticket_id, ticket->id);
	assert_string_equal(got->ticket, ticket->ref);
	assert_int_equal(got->message_id, made->message_id);
	assert_string_equal(got->kind, "ack");
	assert_string_equal(got->recipient, "ana@x.example");
	assert_string_equal(got->sender, "suporte+b.1.2@desk.example");
	assert_string_equal(got->header_id, "<1@desk.example>");
	assert_string_equal(got->subject, "Recebido");
	assert_true(g_bytes_equal(got->bytes, made->bytes));
	assert_int_equal(got->state, OUTBOX_QUEUED);
	assert_int_equal(got->created, NOW);
	assert_int_equal(got->next_attempt, NOW);
	assert_int_equal(got->attempts, 0);
	assert_string_equal(got->last_reply, "");
	assert_int_equal(got->sent, 0);
}

static void test_insert_refuses(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
	struct outbox row = { .recipient = (char[]){ "ana@x.example" } };

	fixture_begin(fixture);
	assert_fails(outbox_insert(fixture->store, &row, &error), error,
	             PORTARIA_ERROR_INTERNAL, "without bytes");
	row.bytes = bytes;
	row.recipient = NULL;
	assert_fails(outbox_insert(fixture->store, &row, &error), error,
	             PORTARIA_ERROR_INTERNAL, "recipient");
	row.recipient = (char[]){ "ana@x.example" };
	row.ticket_id = 5;
	assert_fails(outbox_insert(fixture->store, &row, &error), error,
	             PORTARIA_ERROR_CONFLICT, "");
	assert_int_equal(row.id, 0);
	row.ticket_id = 0;
	row.id = 7;
	assert_ok(outbox_insert(fixture->store, &row, &error), error);
	assert_fails(outbox_insert(fixture->store, &row, &error), error,
	             PORTARIA_ERROR_CONFLICT, "");
	store_rollback(fixture->store);
	assert_fails(outbox_get(fixture->store, 7, &error) != NULL, error,
	             PORTARIA_ERROR_NOT_FOUND, "no such outgoing mail");
}

static void test_lease_takes_what_is_due(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GPtrArray) first = NULL;
	g_autoptr(GPtrArray) second = NULL;
	const struct outbox *row;
	gint64 early;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	queue(fixture, "later@x.example", "ack", NOW + 1);
	early = queue(fixture, "a@x.example", "ack", NOW - 1000);
	queue(fixture, "b@x.example", "ack", NOW);
	fixture_commit(fixture);
	first = lease(fixture, "one", 1);
	assert_int_equal(first->len, 1);
	row = g_ptr_array_index(first, 0);
	assert_int_equal(row->id, early);
	assert_int_equal(row->attempts, 1);
	assert_int_equal(g_bytes_get_size(row->bytes), strlen("a@x.example"));
	second = lease(fixture, "two", 10);
	assert_int_equal(second->len, 1);
	row = g_ptr_array_index(second, 0);
	assert_string_equal(row->recipient, "b@x.example");
	assert_int_equal(lease_count(fixture, "two"), 0);
	clock_set_for_test(NOW + 1);
	assert_int_equal(lease_count(fixture, "two"), 1);
}

static void test_lease_needs_an_owner(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	assert_fails(outbox_lease(fixture->store, "", LEASE, 1, &error) != NULL,
	             error, PORTARIA_ERROR_INTERNAL, "owner");
	fixture_begin(fixture);
	assert_fails(outbox_lease(fixture->store, "one", LEASE, 1, &error) !=
	                     NULL,
	             error, PORTARIA_ERROR_INTERNAL, "inside the one begun");
	fixture_commit(fixture);
}

static void test_sent(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(outbox) row = NULL;
	gint64 id;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	id = queue(fixture, "a@x.example", "ack", 0);
	fixture_commit(fixture);
	/* Nobody has it yet. */
	assert_fails(outbox_sent(fixture->store, id, "one", "250", &error),
	             error, PORTARIA_ERROR_CONFLICT, "one");
	assert_fails(outbox_sent(fixture->store, id, "", "250", &error), error,
	             PORTARIA_ERROR_CONFLICT, "");
	assert_int_equal(lease_count(fixture, "one"), 1);
	assert_fails(outbox_sent(fixture->store, id, "two", "250", &error),
	             error, PORTARIA_ERROR_CONFLICT, "two");
	clock_set_for_test(NOW + 10);
	assert_ok(
		outbox_sent(fixture->store, id, "one", "250 2.0.0 ok", &error),
		error);
	assert_fails(outbox_sent(fixture->store, id, "one", "250", &error),
	             error, PORTARIA_ERROR_CONFLICT, "one");
	row = get(fixture, id);
	assert_int_equal(row->state, OUTBOX_SENT);
	assert_int_equal(row->sent, NOW + 10);
	assert_string_equal(row->last_reply, "250 2.0.0 ok");
	clock_set_for_test(NOW + 10 * LEASE);
	assert_int_equal(lease_count(fixture, "two"), 0);
}

static void test_failed(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(outbox) row = NULL;
	gint64 id;

	fixture_begin(fixture);
	id = queue(fixture, "a@x.example", "ack", 0);
	fixture_commit(fixture);
	assert_int_equal(lease_count(fixture, "one"), 1);
	assert_ok(outbox_failed(fixture->store, id, "one", "550 no", &error),
	          error);
	row = get(fixture, id);
	assert_int_equal(row->state, OUTBOX_FAILED);
	assert_string_equal(row->last_reply, "550 no");
	assert_int_equal(row->sent, 0);
	assert_int_equal(lease_count(fixture, "two"), 0);
}

static void test_retry(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(outbox) row = NULL;
	gint64 id;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	id = queue(fixture, "a@x.example", "ack", 0);
	fixture_commit(fixture);
	for (gint64 i = 0; i < 3; i++) {
		clock_set_for_test(NOW + i * 1000);
		assert_int_equal(lease_count(fixture, "one"), 1);
		assert_ok(outbox_retry_at(fixture->store, id, "one",
		                          NOW + (i + 1) * 1000, "451 later",
		                          &error),
		          error);
		assert_int_equal(lease_count(fixture, "one"), 0);
	}
	row = get(fixture, id);
	assert_int_equal(row->attempts, 3);
	assert_int_equal(row->state, OUTBOX_QUEUED);
	assert_string_equal(row->last_reply, "451 later");
	assert_int_equal(row->next_attempt, NOW + 3000);
}

/* The notifier died: its rows come back, and it may not speak for them any
 * more once somebody else has them. */
static void test_lease_of_the_dead(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(outbox) row = NULL;
	gint64 id;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	id = queue(fixture, "a@x.example", "ack", 0);
	fixture_commit(fixture);
	assert_int_equal(lease_count(fixture, "dead"), 1);
	clock_set_for_test(NOW + LEASE - 1);
	assert_int_equal(lease_count(fixture, "two"), 0);
	clock_set_for_test(NOW + LEASE);
	assert_int_equal(lease_count(fixture, "two"), 1);
	assert_fails(outbox_sent(fixture->store, id, "dead", "250", &error),
	             error, PORTARIA_ERROR_CONFLICT, "dead");
	assert_fails(
		outbox_retry_at(fixture->store, id, "dead", NOW, "", &error),
		error, PORTARIA_ERROR_CONFLICT, "dead");
	row = get(fixture, id);
	assert_int_equal(row->attempts, 2);
	assert_ok(outbox_sent(fixture->store, id, "two", "250", &error), error);
}

/* Late, but nobody else took the row: what happened may be noted. */
static void test_sent_after_the_lease(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	gint64 id;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	id = queue(fixture, "a@x.example", "ack", 0);
	fixture_commit(fixture);
	assert_int_equal(lease_count(fixture, "slow"), 1);
	clock_set_for_test(NOW + 2 * LEASE);
	assert_ok(outbox_sent(fixture->store, id, "slow", "250", &error),
	          error);
	assert_int_equal(lease_count(fixture, "two"), 0);
}

static void test_by_hand(void **state)
{
	enum { REQUEUE, CANCEL, BOUNCE };
	static const struct {
		enum outbox_state from;
		int what;
		enum outbox_state to; /* COUNT: refused */
	} cases[] = {
		{ OUTBOX_QUEUED, REQUEUE, OUTBOX_QUEUED },
		{ OUTBOX_FAILED, REQUEUE, OUTBOX_QUEUED },
		{ OUTBOX_CANCELLED, REQUEUE, OUTBOX_QUEUED },
		{ OUTBOX_SENT, REQUEUE, OUTBOX_STATE__COUNT },
		{ OUTBOX_BOUNCED, REQUEUE, OUTBOX_STATE__COUNT },
		{ OUTBOX_QUEUED, CANCEL, OUTBOX_CANCELLED },
		{ OUTBOX_FAILED, CANCEL, OUTBOX_CANCELLED },
		{ OUTBOX_CANCELLED, CANCEL, OUTBOX_STATE__COUNT },
		{ OUTBOX_SENT, CANCEL, OUTBOX_STATE__COUNT },
		{ OUTBOX_QUEUED, BOUNCE, OUTBOX_BOUNCED },
		{ OUTBOX_SENT, BOUNCE, OUTBOX_BOUNCED },
		{ OUTBOX_FAILED, BOUNCE, OUTBOX_BOUNCED },
	};
	struct fixture *fixture = *state;

	clock_set_for_test(NOW);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		AUTO(outbox) made = outbox_new();
		AUTO(outbox) got = NULL;
		bool good;

		set(&made->recipient, g_strdup("a@x.example"));
		made->bytes = g_bytes_new_static("x", 1);
		made->state = cases[i].from;
		made->next_attempt = NOW + CLOCK_DAY;
		fixture_begin(fixture);
		assert_ok(outbox_insert(fixture->store, made, &error), error);
		if (cases[i].what == REQUEUE)
			good = outbox_requeue(fixture->store, made->id, &error);
		else if (cases[i].what == CANCEL)
			good = outbox_cancel(fixture->store, made->id, &error);
		else
			good = outbox_mark_bounced(fixture->store, made->id,
			                           "5.1.1", &error);
		fixture_commit(fixture);
		if (good != (cases[i].to != OUTBOX_STATE__COUNT))
			fail_msg("case %zu", i);
		got = get(fixture, made->id);
		if (!good) {
			assert_int_equal(error->code, PORTARIA_ERROR_CONFLICT);
			assert_non_null(strstr(error->message, "a@x.example"));
		} else {
			assert_int_equal(got->state, cases[i].to);
		}
		if (cases[i].to == OUTBOX_QUEUED)
			assert_int_equal(got->next_attempt, NOW);
		if (cases[i].to == OUTBOX_BOUNCED)
			assert_string_equal(got->last_reply, "5.1.1");
	}
}

static void test_by_hand_not_while_sending(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	gint64 id;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	id = queue(fixture, "a@x.example", "ack", 0);
	fixture_commit(fixture);
	assert_int_equal(lease_count(fixture, "one"), 1);
	fixture_begin(fixture);
	assert_fails(outbox_cancel(fixture->store, id, &error), error,
	             PORTARIA_ERROR_CONFLICT, "right now");
	assert_fails(outbox_requeue(fixture->store, id, &error), error,
	             PORTARIA_ERROR_CONFLICT, "right now");
	assert_fails(outbox_cancel(fixture->store, 5, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "");
	assert_fails(outbox_requeue(fixture->store, 5, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "");
	assert_fails(outbox_mark_bounced(fixture->store, 5, "", &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "");
	clock_set_for_test(NOW + LEASE);
	assert_ok(outbox_requeue(fixture->store, id, &error), error);
	fixture_commit(fixture);
	assert_int_equal(lease_count(fixture, "two"), 1);
	/* A bounce overtook the note: the notifier hears of it. */
	fixture_begin(fixture);
	assert_ok(outbox_mark_bounced(fixture->store, id, "5.1.1", &error),
	          error);
	fixture_commit(fixture);
	assert_fails(outbox_sent(fixture->store, id, "two", "250", &error),
	             error, PORTARIA_ERROR_CONFLICT, "two");
}

/* One row whose bytes are gone must not hold up the others. */
static void test_lease_with_damaged_bytes(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(outbox) large = outbox_new();
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GPtrArray) failed = NULL;
	const struct outbox *row;
	g_autofree char *away =
		g_strconcat(fixture->config.blob_dir, ".away", NULL);

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	queue(fixture, "damaged@x.example", "ack", NOW);
	queue(fixture, "good@x.example", "ack", NOW);
	set(&large->recipient, g_strdup("large@x.example"));
	large->bytes = g_bytes_new_take(g_strnfill(INLINE_MAX * 2, 'x'),
	                                INLINE_MAX * 2);
	assert_ok(outbox_insert(fixture->store, large, &error), error);
	fixture_commit(fixture);
	fixture_exec(fixture, "UPDATE blob SET data = x'00' WHERE sha256 ="
	                      " (SELECT blob FROM outbox"
	                      " WHERE recipient = 'damaged@x.example')");
	assert_int_equal(g_rename(fixture->config.blob_dir, away), 0);
	rows = lease(fixture, "one", 10);
	assert_int_equal(rows->len, 1);
	row = g_ptr_array_index(rows, 0);
	assert_string_equal(row->recipient, "good@x.example");
	failed = outbox_list(fixture->store, OUTBOX_FAILED, 0, 0, &error);
	assert_ok(failed != NULL, error);
	assert_int_equal(failed->len, 1);
	row = g_ptr_array_index(failed, 0);
	assert_string_equal(row->recipient, "damaged@x.example");
	assert_non_null(strstr(row->last_reply, "damaged"));
	/* The other one waits for its disk. */
	assert_int_equal(g_rename(away, fixture->config.blob_dir), 0);
	clock_set_for_test(NOW + LEASE);
	assert_int_equal(lease_count(fixture, "one"), 2);
}

static void test_list(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(outbox) made = outbox_new();
	static const struct {
		int state;
		bool of_ticket;
		unsigned limit;
		unsigned want;
	} cases[] = {
		{ -1, false, 0, 3 },
		{ -1, false, 2, 2 },
		{ OUTBOX_QUEUED, false, 0, 2 },
		{ OUTBOX_SENT, false, 0, 1 },
		{ OUTBOX_BOUNCED, false, 0, 0 },
		{ -1, true, 0, 1 },
		{ OUTBOX_QUEUED, true, 0, 0 },
	};

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	queue(fixture, "a@x.example", "ack", 0);
	clock_set_for_test(NOW + 1);
	queue(fixture, "b@x.example", "ack", 0);
	clock_set_for_test(NOW + 2);
	made->ticket_id = ticket->id;
	set(&made->recipient, g_strdup("c@x.example"));
	made->bytes = g_bytes_new_static("x", 1);
	made->state = OUTBOX_SENT;
	assert_ok(outbox_insert(fixture->store, made, &error), error);
	fixture_commit(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) list =
			outbox_list(fixture->store, cases[i].state,
		                    cases[i].of_ticket ? ticket->id : 0,
		                    cases[i].limit, &error);
		const struct outbox *first;

		assert_ok(list != NULL, error);
		assert_int_equal(list->len, cases[i].want);
		if (list->len == 0)
			continue;
		first = g_ptr_array_index(list, 0);
		assert_null(first->bytes);
		if (cases[i].state < 0)
			assert_string_equal(first->recipient, "c@x.example");
	}
}

static void queue_braked(struct fixture *fixture, const char *brake,
                         enum outbox_state state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
	struct outbox row = {
		.kind = (char[]){ "ack" },
		.recipient = (char[]){ "a@x.example" },
		.brake = (char *)(guintptr)brake,
		.bytes = bytes,
		.state = state,
	};

	assert_ok(outbox_insert(fixture->store, &row, &error), error);
}

static void test_count_since(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	static const struct {
		const char *brake;
		const char *recipient;
		gint64 since;
		gint64 want;
		gint64 want_held;
	} cases[] = {
		{ "people", "a@x.example", 0, 2, 1 },
		{ "people", "a@x.example", NOW, 2, 1 },
		{ "people", "a@x.example", NOW + 1, 1, 1 },
		{ "people", "a@x.example", NOW + 1001, 0, 0 },
		{ "staff", "a@x.example", 0, 1, 0 },
		{ "", "a@x.example", 0, 0, 0 },
		{ "people", "b@x.example", 0, 0, 0 },
	};

	fixture_begin(fixture);
	clock_set_for_test(NOW);
	queue_braked(fixture, "people", OUTBOX_QUEUED);
	queue_braked(fixture, "staff", OUTBOX_QUEUED);
	queue(fixture, "a@x.example", "reply", 0);
	clock_set_for_test(NOW + 1000);
	queue_braked(fixture, "people", OUTBOX_SENT);
	queue_braked(fixture, "people", OUTBOX_CANCELLED);
	fixture_commit(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct outbox_count what = {
			.brake = cases[i].brake,
			.recipient = cases[i].recipient,
			.since = cases[i].since,
		};
		gint64 count = -1;
		gint64 held = -1;

		/* about no ticket, and about any */
		for (int any = 0; any < 2; any++) {
			what.any_ticket = any == 1;
			assert_ok(outbox_count_since(fixture->store, &what,
			                             &count, &held, &error),
			          error);
			assert_int_equal(count, cases[i].want);
			assert_int_equal(held, cases[i].want_held);
		}
		what.any_ticket = false;
		what.ticket_id = 1;
		assert_ok(outbox_count_since(fixture->store, &what, &count,
		                             &held, &error),
		          error);
		assert_int_equal(count, 0);
	}
}

static void test_names_parse(void **state)
{
	enum outbox_state outbox = OUTBOX_SENT;

	(void)state;
	for (int i = 0; i < OUTBOX_STATE__COUNT; i++) {
		assert_true(outbox_state_parse(
			outbox_state_name((enum outbox_state)i), &outbox));
		assert_int_equal(outbox, i);
	}
	assert_false(outbox_state_parse("lost", &outbox));
}

#define NOTIFIERS 4
#define ROWS      200

struct notifier {
	const struct config_store *config;
	char owner[16];
	GMutex *lock;
	GHashTable *times; /* id -> how often it was sent */
	gint *failed;
};

static void note_sent(struct notifier *notifier, struct store *store,
                      const struct outbox *row)
{
	gint64 *id = g_new(gint64, 1);
	unsigned n;

	*id = row->id;
	g_mutex_lock(notifier->lock);
	n = GPOINTER_TO_UINT(g_hash_table_lookup(notifier->times, id));
	g_hash_table_insert(notifier->times, id, GUINT_TO_POINTER(n + 1));
	g_mutex_unlock(notifier->lock);
	if (!outbox_sent(store, row->id, notifier->owner, "250", NULL))
		g_atomic_int_inc(notifier->failed);
}

static void *notify(void *data)
{
	struct notifier *notifier = data;
	AUTO(store) store = store_open(notifier->config, STORE_WRITE, NULL);
	unsigned empty = 0;

	while (store != NULL && empty < 3) {
		g_autoptr(GPtrArray) rows =
			outbox_lease(store, notifier->owner, LEASE, 7, NULL);

		if (rows == NULL) {
			g_atomic_int_inc(notifier->failed);
			break;
		}
		empty = rows->len == 0 ? empty + 1 : 0;
		for (guint i = 0; i < rows->len; i++)
			note_sent(notifier, store, g_ptr_array_index(rows, i));
	}
	return NULL;
}

static void test_notifiers_never_send_twice(void **state)
{
	struct fixture *fixture = *state;
	struct notifier notifiers[NOTIFIERS];
	GThread *threads[NOTIFIERS];
	GMutex lock;
	g_autoptr(GHashTable) times = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, g_free, NULL);
	GHashTableIter each;
	gpointer n;
	gint failed = 0;

	g_mutex_init(&lock);
	fixture_begin(fixture);
	for (unsigned i = 0; i < ROWS; i++)
		queue(fixture, "a@x.example", "ack", 0);
	fixture_commit(fixture);
	for (size_t i = 0; i < NOTIFIERS; i++) {
		notifiers[i] = (struct notifier){ .config = &fixture->config,
			                          .owner = { 'n' },
			                          .lock = &lock,
			                          .times = times,
			                          .failed = &failed };
		notifiers[i].owner[1] = (char)('0' + i);
		threads[i] = g_thread_new("notifier", notify, &notifiers[i]);
	}
	for (size_t i = 0; i < NOTIFIERS; i++)
		g_thread_join(threads[i]);
	assert_int_equal(failed, 0);
	assert_int_equal(g_hash_table_size(times), ROWS);
	g_hash_table_iter_init(&each, times);
	while (g_hash_table_iter_next(&each, NULL, &n))
		assert_int_equal(GPOINTER_TO_UINT(n), 1);
	assert_int_equal(fixture_int(fixture, "SELECT COUNT(*) FROM outbox"
	                                      " WHERE state = 'sent'"),
	                 ROWS);
	g_mutex_clear(&lock);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_round_trip),
		T(test_insert_refuses),
		T(test_lease_takes_what_is_due),
		T(test_lease_needs_an_owner),
		T(test_sent),
		T(test_failed),
		T(test_retry),
		T(test_lease_of_the_dead),
		T(test_sent_after_the_lease),
		T(test_by_hand),
		T(test_by_hand_not_while_sending),
		T(test_lease_with_damaged_bytes),
		T(test_list),
		T(test_count_since),
		cmocka_unit_test(test_names_parse),
		T(test_notifiers_never_send_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
