/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lmtp_parsers.c - the pool of confined children, with a parser that
 * does the worst
 *
 * The message's first word says what the child does. Uses processes and
 * memfds only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "lmtpd/fdpass.h"
#include "lmtpd/parser_pool.h"
#include "lmtpd/parser_record.h"
#include "lmtpd/receive.h"

#define JOB_SOCKET 3 /* of a child */
#define RESULT_MAX (1 * MIB)
#define JOB_MS     4000

/* --- what a child does --- */

static volatile bool endless = true;

static GVariant *echo(GBytes *raw, G_GNUC_UNUSED GError **error)
{
	return g_variant_new_take_string(
		g_strndup(g_bytes_get_data(raw, NULL), g_bytes_get_size(raw)));
}

static GVariant *who(G_GNUC_UNUSED GBytes *raw, G_GNUC_UNUSED GError **error)
{
	return g_variant_new_take_string(g_strdup_printf("%d", getpid()));
}

static GVariant *refuse(int code, GError **error)
{
	g_set_error(error, PORTARIA_ERROR, code, "refused as asked");
	return NULL;
}

static GVariant *refuse_limit(G_GNUC_UNUSED GBytes *raw, GError **error)
{
	return refuse(PORTARIA_ERROR_LIMIT, error);
}

static GVariant *refuse_syntax(G_GNUC_UNUSED GBytes *raw, GError **error)
{
	return refuse(PORTARIA_ERROR_SYNTAX, error);
}

static GVariant *refuse_temporary(G_GNUC_UNUSED GBytes *raw, GError **error)
{
	return refuse(PORTARIA_ERROR_TEMPORARY, error);
}

static GVariant *leave(G_GNUC_UNUSED GBytes *raw, G_GNUC_UNUSED GError **error)
{
	_exit(42);
}

static GVariant *die(G_GNUC_UNUSED GBytes *raw, G_GNUC_UNUSED GError **error)
{
	abort();
}

static GVariant *loop(G_GNUC_UNUSED GBytes *raw, G_GNUC_UNUSED GError **error)
{
	while (endless)
		continue;
	return NULL;
}

static GVariant *stall(G_GNUC_UNUSED GBytes *raw, G_GNUC_UNUSED GError **error)
{
	char byte;
	int fd;

	(void)fdpass_recv(JOB_SOCKET, &byte, 1, &fd); /* nobody will write */
	return NULL;
}

static volatile char sink;

static unsigned recurse(unsigned depth)
{
	volatile char frame[4096];

	frame[depth % sizeof(frame)] = (char)depth;
	sink = frame[0];
	return depth == 0 ? 0 : recurse(depth - 1) + (unsigned)frame[1] % 2 + 1;
}

/* About 24 MiB: more than a thread's stack, less than the child's. */
static GVariant *go_deep(GBytes *raw, GError **error)
{
	return recurse(6000) > 0 ? echo(raw, error) : NULL;
}

static GVariant *go_too_deep(GBytes *raw, GError **error)
{
	return recurse(4000000) > 0 ? echo(raw, error) : NULL;
}

static GVariant *take_memory(G_GNUC_UNUSED GBytes *raw,
                             G_GNUC_UNUSED GError **error)
{
	while (endless)
		memset(g_malloc(1 << 20), 1, 1 << 20); /* aborts */
	return NULL;
}

static GVariant *answer_much(G_GNUC_UNUSED GBytes *raw,
                             G_GNUC_UNUSED GError **error)
{
	return g_variant_new_take_string(g_strnfill(2 * RESULT_MAX, 'x'));
}

static GVariant *open_file(GBytes *raw, GError **error)
{
	return open("/etc/passwd", O_RDONLY) < 0 ? echo(raw, error) : NULL;
}

static GVariant *fork_child(GBytes *raw, GError **error)
{
	return fork() < 0 ? NULL : echo(raw, error);
}

/* --- a child that was taken over: it speaks for itself --- */

static int lie_fd(size_t len, int seals)
{
	int fd = memfd_create("lie", MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)len) < 0 ||
	    (seals != 0 && fcntl(fd, F_ADD_SEALS, seals) < 0))
		_exit(1);
	return fd;
}

static void G_GNUC_NORETURN tell(guint32 kind, guint64 size, int fd)
{
	struct parser_record record = { .kind = kind, .size = size };

	memset(record.text, 'x', sizeof(record.text));
	(void)fdpass_send(JOB_SOCKET, &record, sizeof(record), fd);
	_exit(0);
}

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static GVariant *lie_unsealed(G_GNUC_UNUSED GBytes *raw,
                              G_GNUC_UNUSED GError **error)
{
	tell(PARSER_PARSED, 100, lie_fd(100, 0));
}

static GVariant *lie_half_sealed(G_GNUC_UNUSED GBytes *raw,
                                 G_GNUC_UNUSED GError **error)
{
	tell(PARSER_PARSED, 100, lie_fd(100, F_SEAL_WRITE));
}

static GVariant *lie_longer(G_GNUC_UNUSED GBytes *raw,
                            G_GNUC_UNUSED GError **error)
{
	tell(PARSER_PARSED, 100000, lie_fd(100, SEALS));
}

static GVariant *lie_huge(G_GNUC_UNUSED GBytes *raw,
                          G_GNUC_UNUSED GError **error)
{
	tell(PARSER_PARSED, G_MAXUINT64, lie_fd(100, SEALS));
}

static GVariant *lie_empty(G_GNUC_UNUSED GBytes *raw,
                           G_GNUC_UNUSED GError **error)
{
	tell(PARSER_PARSED, 0, lie_fd(0, SEALS));
}

static GVariant *lie_no_fd(G_GNUC_UNUSED GBytes *raw,
                           G_GNUC_UNUSED GError **error)
{
	tell(PARSER_PARSED, 100, -1);
}

static GVariant *lie_wrong_fd(G_GNUC_UNUSED GBytes *raw,
                              G_GNUC_UNUSED GError **error)
{
	tell(PARSER_PARSED, 100, STDIN_FILENO);
}

static GVariant *lie_text(G_GNUC_UNUSED GBytes *raw,
                          G_GNUC_UNUSED GError **error)
{
	tell(PARSER_REFUSED, 0, -1); /* its text has no end */
}

static GVariant *lie_kind(G_GNUC_UNUSED GBytes *raw,
                          G_GNUC_UNUSED GError **error)
{
	tell(77, 0, -1);
}

static GVariant *lie_short(G_GNUC_UNUSED GBytes *raw,
                           G_GNUC_UNUSED GError **error)
{
	(void)fdpass_send(JOB_SOCKET, "x", 1, -1);
	_exit(0);
}

static GVariant *lie_born(G_GNUC_UNUSED GBytes *raw,
                          G_GNUC_UNUSED GError **error)
{
	tell(PARSER_BORN, 0, STDIN_FILENO);
}

static GVariant *lie_for_ever(G_GNUC_UNUSED GBytes *raw,
                              G_GNUC_UNUSED GError **error)
{
	const struct parser_record record = { .kind = PARSER_STARTED };

	while (endless)
		(void)fdpass_send(JOB_SOCKET, &record, sizeof(record), -1);
	return NULL;
}

/* Zeros where a string should be: the type's default comes out. */
static GVariant *lie_bytes(G_GNUC_UNUSED GBytes *raw,
                           G_GNUC_UNUSED GError **error)
{
	int fd = lie_fd(0, 0);

	if (write(fd, "\xff\xfe\xfd", 3) != 3 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		_exit(1);
	tell(PARSER_PARSED, 3, fd);
}

enum want { FINE, LIMIT, SYNTAX, PERMANENT };

static const struct {
	const char *word;
	GVariant *(*act)(GBytes *raw, GError **error);
	enum want want;
	const char *says; /* part of the error; NULL: anything */
	bool plain_only;  /* not in a sanitized build */
} cases[] = {
	{ "echo", echo, FINE, NULL, false },
	{ "who", who, FINE, NULL, false },
	{ "limit", refuse_limit, LIMIT, "refused as asked", false },
	{ "syntax", refuse_syntax, SYNTAX, "refused as asked", false },
	{ "temporary", refuse_temporary, PERMANENT, "refused as asked", false },
	{ "leave", leave, PERMANENT, "status 42", false },
	{ "die", die, PERMANENT, "was ended by", true },
	{ "deep", go_deep, FINE, NULL, false },
	{ "too-deep", go_too_deep, PERMANENT, NULL, false },
	{ "memory", take_memory, PERMANENT, NULL, true },
	{ "much", answer_much, LIMIT, "bytes", false },
	{ "loop", loop, PERMANENT, "CPU time limit", false },
	{ "stall", stall, PERMANENT, "took more than", false },
	{ "open", open_file, FINE, NULL, false },
	{ "fork", fork_child, PERMANENT, "Bad system call", false },
	{ "unsealed", lie_unsealed, PERMANENT, "nonsense", false },
	{ "half-sealed", lie_half_sealed, PERMANENT, "nonsense", false },
	{ "longer", lie_longer, PERMANENT, "nonsense", false },
	{ "huge", lie_huge, PERMANENT, "nonsense", false },
	{ "empty", lie_empty, PERMANENT, "nonsense", false },
	{ "no-fd", lie_no_fd, PERMANENT, "nonsense", false },
	{ "wrong-fd", lie_wrong_fd, PERMANENT, "nonsense", false },
	{ "text", lie_text, PERMANENT, "nonsense", false },
	{ "kind", lie_kind, PERMANENT, "nonsense", false },
	{ "short", lie_short, PERMANENT, "nonsense", false },
	{ "born", lie_born, PERMANENT, "ended with status 0", false },
	{ "for-ever", lie_for_ever, PERMANENT, NULL, false },
	{ "bytes", lie_bytes, FINE, NULL, false },
};

static GVariant *parse(GBytes *raw, G_GNUC_UNUSED const struct limits *limits,
                       GError **error)
{
	const char *data = g_bytes_get_data(raw, NULL);
	size_t len = g_bytes_get_size(raw);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (strlen(cases[i].word) == len &&
		    memcmp(cases[i].word, data, len) == 0)
			return cases[i].act(raw, error);
	return echo(raw, error);
}

/* --- the pool --- */

static struct limits limits;

struct fixture {
	struct parser_pool *pool;
	pid_t zygote;
};

static struct fixture fixture_taking(guint64 messages, unsigned children,
                                     guint64 wait_ms)
{
	const struct parser_job job = {
		.parse = parse,
		.limits = &limits,
		.result_max = RESULT_MAX,
		.messages = messages,
	};
	const struct parser_pool_config config = {
		.children = children,
		.job_ms = JOB_MS,
		.wait_ms = wait_ms,
		.result_max = RESULT_MAX,
		.type = G_VARIANT_TYPE_STRING,
	};
	g_autoptr(GError) error = NULL;
	struct parser_zygote zygote;
	struct fixture fixture;

	fflush(NULL);
	assert_true(parser_zygote_start(&job, &zygote, &error));
	fixture.zygote = zygote.pid;
	fixture.pool = parser_pool_new(&zygote, &config);
	return fixture;
}

/* Children that take many messages, as in life. */
static struct fixture fixture_new(unsigned children, guint64 wait_ms)
{
	return fixture_taking(100, children, wait_ms);
}

static GVariant *run_text(struct parser_pool *pool, const char *text,
                          GError **error)
{
	struct receive_budget budget = { .max = MIB };
	AUTO(receive) receive = receive_new(&budget, MIB);

	receive_add(receive, text, strlen(text));
	assert_int_equal(receive_finish(receive), RECEIVE_OK);
	return parser_pool_run(pool, receive_get_fd(receive), strlen(text),
	                       error);
}

static void assert_echoes(struct parser_pool *pool)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) result = run_text(pool, "hello", &error);

	if (result == NULL)
		fail_msg("%s", error->message);
	assert_string_equal(g_variant_get_string(result, NULL), "hello");
}

static void check_case(struct parser_pool *pool, size_t at)
{
	static const int codes[] = {
		[FINE] = -1,
		[LIMIT] = PORTARIA_ERROR_LIMIT,
		[SYNTAX] = PORTARIA_ERROR_SYNTAX,
		[PERMANENT] = PORTARIA_ERROR_PERMANENT,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) result = run_text(pool, cases[at].word, &error);

	if (cases[at].want == FINE) {
		if (result == NULL)
			fail_msg("%s: %s", cases[at].word, error->message);
		assert_non_null(g_variant_get_string(result, NULL));
		return;
	}
	assert_null(result);
	if (error->code != codes[cases[at].want] ||
	    (cases[at].says != NULL &&
	     strstr(error->message, cases[at].says) == NULL))
		fail_msg("%s: %d %s", cases[at].word, error->code,
		         error->message);
}

/* After each of them the next message is fine. */
static void test_pool_run_cases(G_GNUC_UNUSED void **state)
{
	struct fixture fixture = fixture_new(2, 10000);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (cases[i].plain_only && sandbox_is_sanitized())
			continue;
		check_case(fixture.pool, i);
		assert_echoes(fixture.pool);
	}
	parser_pool_free(fixture.pool);
}

static void test_pool_run_empty_message(G_GNUC_UNUSED void **state)
{
	struct fixture fixture = fixture_new(1, 10000);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) result = run_text(fixture.pool, "", &error);

	assert_non_null(result);
	assert_string_equal(g_variant_get_string(result, NULL), "");
	parser_pool_free(fixture.pool);
}

/* The pids below a process, as the kernel lists them. */
static void kill_children_of(pid_t pid, int signal_number)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children",
	                                        (int)pid, (int)pid);
	g_autofree char *text = NULL;
	g_auto(GStrv) words = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	words = g_strsplit(g_strstrip(text), " ", -1);
	for (char **word = words; *word != NULL; word++) {
		guint64 child = 0;

		if (g_ascii_string_to_unsigned(*word, 10, 2, G_MAXINT, &child,
		                               NULL))
			kill((pid_t)child, signal_number);
	}
}

struct background {
	struct parser_pool *pool;
	const char *text;
	GError *error;
	GVariant *result;
};

static gpointer run_in_background(gpointer data)
{
	struct background *one = data;

	one->result = run_text(one->pool, one->text, &one->error);
	return NULL;
}

static void test_pool_child_killed_at_work(G_GNUC_UNUSED void **state)
{
	struct fixture fixture = fixture_new(1, 10000);
	struct background stalled = { .pool = fixture.pool, .text = "stall" };
	GThread *thread = g_thread_new("stalled", run_in_background, &stalled);

	g_usleep(500 * 1000);
	kill_children_of(fixture.zygote, SIGKILL);
	g_thread_join(thread);
	assert_null(stalled.result);
	assert_int_equal(stalled.error->code, PORTARIA_ERROR_PERMANENT);
	assert_non_null(strstr(stalled.error->message, "Killed"));
	g_error_free(stalled.error);
	assert_echoes(fixture.pool);
	parser_pool_free(fixture.pool);
}

/* It had no message yet, so none is to blame. */
static void test_pool_child_killed_idle(G_GNUC_UNUSED void **state)
{
	struct fixture fixture = fixture_new(2, 10000);

	assert_echoes(fixture.pool);
	for (unsigned i = 0; i < 5; i++) {
		g_usleep(100 * 1000);
		kill_children_of(fixture.zygote, SIGKILL);
		assert_echoes(fixture.pool);
	}
	parser_pool_free(fixture.pool);
}

/* The process that answered. */
static int ask_who(struct parser_pool *pool)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) result = run_text(pool, "who", &error);

	assert_non_null(result);
	return atoi(g_variant_get_string(result, NULL));
}

static void test_pool_child_takes_its_number_of_messages(void **state)
{
	static const guint64 numbers[] = { 1, 2, 50 };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		struct fixture fixture = fixture_taking(numbers[i], 1, 10000);
		int last = 0;

		for (guint64 round = 0; round < 3; round++) {
			int first = ask_who(fixture.pool);

			assert_int_not_equal(first, last);
			for (guint64 n = 1; n < numbers[i]; n++)
				assert_int_equal(ask_who(fixture.pool), first);
			last = first;
		}
		parser_pool_free(fixture.pool);
	}
}

/* A message that was refused, or ended its child, has a child of its own. */
static void test_pool_child_ends_with_its_first_failure(void **state)
{
	static const char *const bad[] = { "limit", "leave", "huge", "text" };
	struct fixture fixture = fixture_new(1, 10000);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		int before = ask_who(fixture.pool);

		assert_int_equal(ask_who(fixture.pool), before);
		assert_null(run_text(fixture.pool, bad[i], &error));
		assert_int_not_equal(ask_who(fixture.pool), before);
	}
	parser_pool_free(fixture.pool);
}

static void test_pool_used_child_killed_idle(void **state)
{
	struct fixture fixture = fixture_new(1, 10000);

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		int before = ask_who(fixture.pool);

		kill(before, SIGKILL);
		assert_int_not_equal(ask_who(fixture.pool), before);
	}
	parser_pool_free(fixture.pool);
}

static void test_pool_zygote_killed(G_GNUC_UNUSED void **state)
{
	struct fixture fixture = fixture_new(1, 1000);

	assert_echoes(fixture.pool);
	kill(fixture.zygote, SIGKILL);
	assert_true(parser_pool_wait(fixture.pool));
	for (unsigned i = 0; i < 3; i++) {
		g_autoptr(GError) error = NULL;

		assert_null(run_text(fixture.pool, "hello", &error));
		assert_int_equal(error->code, PORTARIA_ERROR_TEMPORARY);
	}
	parser_pool_free(fixture.pool);
}

static void test_pool_end_is_no_death(G_GNUC_UNUSED void **state)
{
	struct fixture fixture = fixture_new(1, 1000);

	parser_pool_end(fixture.pool);
	assert_false(parser_pool_wait(fixture.pool));
	parser_pool_free(fixture.pool);
}

/* One child, busy for as long as it may: the next message waits its turn for
 * a while and is then deferred. */
static void test_pool_wait_is_bounded(G_GNUC_UNUSED void **state)
{
	struct fixture fixture = fixture_new(1, 500);
	struct background stalled = { .pool = fixture.pool, .text = "stall" };
	GThread *thread = g_thread_new("stalled", run_in_background, &stalled);
	g_autoptr(GError) error = NULL;

	g_usleep(500 * 1000);
	assert_null(run_text(fixture.pool, "hello", &error));
	assert_int_equal(error->code, PORTARIA_ERROR_TEMPORARY);
	assert_non_null(strstr(error->message, "busy"));
	g_thread_join(thread);
	g_error_free(stalled.error);
	assert_echoes(fixture.pool);
	parser_pool_free(fixture.pool);
}

static gpointer echo_many(gpointer data)
{
	for (unsigned i = 0; i < 20; i++)
		assert_echoes(data);
	return NULL;
}

static void test_pool_many_threads(G_GNUC_UNUSED void **state)
{
	struct fixture fixture = fixture_new(3, 60000);
	GThread *threads[8];

	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("echo", echo_many, fixture.pool);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	parser_pool_free(fixture.pool);
}

static int setup(G_GNUC_UNUSED void **state)
{
	limits_init(&limits);
	limits.parser_memory = 256 * MIB;
	limits.parser_seconds = 1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool_run_cases),
		cmocka_unit_test(test_pool_run_empty_message),
		cmocka_unit_test(test_pool_child_killed_at_work),
		cmocka_unit_test(test_pool_child_killed_idle),
		cmocka_unit_test(test_pool_child_takes_its_number_of_messages),
		cmocka_unit_test(test_pool_child_ends_with_its_first_failure),
		cmocka_unit_test(test_pool_used_child_killed_idle),
		cmocka_unit_test(test_pool_zygote_killed),
		cmocka_unit_test(test_pool_end_is_no_death),
		cmocka_unit_test(test_pool_wait_is_bounded),
		cmocka_unit_test(test_pool_many_threads),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
