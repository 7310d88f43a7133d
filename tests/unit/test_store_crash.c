/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_store_crash.c - a writer killed at any moment; needs a scratch folder,
 * fork and SIGKILL
 *
 * A child writes whole tickets in batches and tells each commit through a
 * pipe. Whenever it dies, all that it told must be there, and nothing in
 * halves.
 */
#include "unit/store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/audit.h"
#include "store/blob.h"
#include "store/outbox.h"

#define ROUNDS   12
#define MESSAGES 3
#define BATCH    4

static bool write_message(struct store *store, gint64 ticket, guint32 n)
{
	/* Every third one is a file. */
	size_t len = n % 3 == 0 ? INLINE_MAX + 1 + n % 1000 : 1 + n % 1000;
	g_autofree char *text = g_strnfill(len, (char)('a' + n % 26));
	g_autoptr(GBytes) bytes = g_bytes_new(text, len);
	AUTO(message) message = message_new();

	message->ticket_id = ticket;
	set(&message->text, g_strndup(text, 200));
	set(&message->raw, blob_put(store, bytes, NULL));
	return message->raw != NULL && message_insert(store, message, NULL);
}

static bool write_outbox(struct store *store, gint64 ticket)
{
	AUTO(outbox) row = outbox_new();

	row->ticket_id = ticket;
	set(&row->recipient, g_strdup("ana@cliente.example"));
	row->bytes = g_bytes_new_static("x", 1);
	return outbox_insert(store, row, NULL);
}

/* A ticket with its messages, mail, delivery key and audit row. */
static bool write_ticket(struct store *store, gint64 department)
{
	AUTO(ticket) ticket = ticket_new();
	g_autofree char *key = NULL;

	ticket->department_id = department;
	set(&ticket->subject, g_strdup("assunto"));
	if (!ticket_insert(store, "VIA", ticket, NULL))
		return false;
	for (guint32 i = 0; i < MESSAGES; i++) {
		if (!write_message(store, ticket->id,
		                   g_random_int() % 100000 + i))
			return false;
	}
	key = g_strdup_printf("%s/suporte", ticket->ref);
	return write_outbox(store, ticket->id) &&
	       delivery_insert(store, key, ticket->ref, NULL) &&
	       audit_add(store, "system", "open", ticket->ref, "", NULL);
}

/* A batch as the LMTP agent writes it; one of its members is undone. */
static bool write_batch(struct store *store, gint64 department)
{
	if (!store_begin(store, NULL))
		return false;
	for (unsigned i = 0; i < BATCH + 1; i++) {
		if (!store_savepoint(store, NULL) ||
		    !write_ticket(store, department))
			return false;
		if (i == 1)
			store_rollback_to(store);
		else if (!store_release(store, NULL))
			return false;
	}
	return store_commit(store, NULL);
}

/*
 * The child is this program again: SQLite's connections must not be carried
 * over a fork. Arguments: database, blob_dir, department; commits are told on
 * standard output. It only ends by writing going wrong.
 */
static int child_main(char **arguments)
{
	struct config_store config = { .database = arguments[0],
		                       .blob_dir = arguments[1],
		                       .blob_inline_max = INLINE_MAX,
		                       .busy_ms = 10000 };
	gint64 department = g_ascii_strtoll(arguments[2], NULL, 10);
	struct store *store = store_open(&config, STORE_WRITE, NULL);

	while (store != NULL && write_batch(store, department)) {
		if (write(STDOUT_FILENO, "x", 1) != 1)
			break;
	}
	return 1;
}

static pid_t child_start(struct fixture *fixture, gint64 department, int told)
{
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, department);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(told, STDOUT_FILENO);
		execl("/proc/self/exe", "test_store_crash", "--writer",
		      fixture->config.database, fixture->config.blob_dir, id,
		      (char *)NULL);
		_exit(1);
	}
	return pid;
}

/* Lets a child write until `commits` were told and some time passed, kills it
 * and returns how many commits it told in all. */
static unsigned crash(struct fixture *fixture, gint64 department,
                      unsigned commits, unsigned usec)
{
	int told[2];
	pid_t pid;
	int status;
	unsigned n = 0;
	char c;

	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	pid = child_start(fixture, department, told[1]);
	close(told[1]);
	while (n < commits && read(told[0], &c, 1) == 1)
		n++;
	g_usleep(usec);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (read(told[0], &c, 1) == 1)
		n++;
	close(told[0]);
	return n;
}

/* Counts that would differ if a transaction had been torn. */
static void check_whole(struct fixture *fixture, gint64 tickets)
{
	static const struct {
		const char *sql;
		gint64 each; /* for a ticket */
	} counts[] = {
		{ "SELECT COUNT(*) FROM message", MESSAGES },
		{ "SELECT COUNT(*) FROM outbox", 1 },
		{ "SELECT COUNT(*) FROM delivery", 1 },
		{ "SELECT COUNT(*) FROM audit", 1 },
	};
	g_autoptr(GError) error = NULL;
	gint64 rows = 0;
	gint64 bad = -1;

	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
		assert_int_equal(fixture_int(fixture, counts[i].sql),
		                 tickets * counts[i].each);
	assert_int_equal(fixture_int(fixture,
	                             "SELECT COUNT(*) FROM (SELECT ticket_id"
	                             " FROM message GROUP BY ticket_id"
	                             " HAVING COUNT(*) <> 3)"),
	                 0);
	assert_ok(audit_verify(fixture->store, &rows, &bad, &error), error);
	assert_int_equal(rows, tickets);
	assert_int_equal(bad, 0);
	fixture_check(fixture);
}

/* Every message's bytes are there and right. */
static void check_blobs(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	struct db_stmt *stmt = db_prepare(fixture->store->db,
	                                  "SELECT sha256 FROM blob", &error);

	assert_ok(stmt != NULL, error);
	while (db_step(stmt, &error) == DB_ROW) {
		g_autofree char *sha256 = db_column_dup(stmt, 0);
		g_autoptr(GBytes) bytes =
			blob_get(fixture->store, sha256, &error);

		assert_ok(bytes != NULL, error);
	}
	assert_null(error);
	db_finish(stmt);
}

static void test_killed_writer(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	gint64 department;
	gint64 told = 0;

	fixture_begin(fixture);
	department = fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	for (unsigned round = 0; round < ROUNDS; round++) {
		gint64 tickets;

		/* Alone on the file in every other round: recovery of the
		 * WAL differs. */
		if (round % 2 == 0)
			g_clear_pointer(&fixture->store, store_close);
		told += BATCH * crash(fixture, department, 1 + round % 4,
		                      g_random_int() % 8000);
		if (fixture->store == NULL)
			fixture->store = store_open(&fixture->config,
			                            STORE_WRITE, &error);
		assert_ok(fixture->store != NULL, error);
		tickets = fixture_int(fixture, "SELECT COUNT(*) FROM ticket");
		/* What was told is there; one more may be committed and not
		 * told in each round. */
		assert_true(tickets >= told);
		assert_true(tickets <= told + (gint64)BATCH);
		assert_int_equal(tickets % BATCH, 0);
		told = tickets;
		check_whole(fixture, tickets);
	}
	check_blobs(fixture);
	fixture_begin(fixture);
	assert_true(write_ticket(fixture->store, department));
	fixture_commit(fixture);
}

/* A reader goes on while writers die around it. */
static void test_reader_beside_killed_writer(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(store) reader = store_open(&fixture->config, STORE_READ, &error);
	gint64 department;

	assert_ok(reader != NULL, error);
	fixture_begin(fixture);
	department = fixture_department(fixture, "suporte");
	fixture_commit(fixture);
	for (unsigned round = 0; round < 4; round++) {
		struct ticket_filter any = TICKET_FILTER_ANY;
		g_autoptr(GPtrArray) list = NULL;
		unsigned told = crash(fixture, department, 2, 500);

		any.limit = 10000;
		list = ticket_list(reader, &any, &error);
		assert_ok(list != NULL, error);
		assert_true(list->len >= told * BATCH);
		assert_int_equal(list->len % BATCH, 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_killed_writer, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_reader_beside_killed_writer, fixture_setup,
			fixture_teardown),
	};

	if (argc == 5 && strcmp(argv[1], "--writer") == 0)
		return child_main(argv + 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
