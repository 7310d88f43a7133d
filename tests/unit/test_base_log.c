/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_base_log.c - base/log.h; stderr goes to a scratch file, and syslog's
 * functions are ours, so nothing reaches the system's log
 */
#undef _FORTIFY_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#include "unit/base_tmpdir.h"

#define A16  "aaaaaaaaaaaaaaaa"
#define A128 A16 A16 A16 A16 A16 A16 A16 A16
#define A512 A128 A128 A128 A128

static GString *syslogged;

void __syslog_chk(int priority, int flag, const char *fmt, ...)
	G_GNUC_PRINTF(3, 4);

/* Fortified code calls this one. */
void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list args;

	(void)flag;
	g_string_append_printf(syslogged, "(%d)", priority);
	va_start(args, fmt);
	g_string_append_vprintf(syslogged, fmt, args);
	va_end(args);
}

void syslog(int priority, const char *fmt, ...)
{
	va_list args;

	g_string_append_printf(syslogged, "(%d)", priority);
	va_start(args, fmt);
	g_string_append_vprintf(syslogged, fmt, args);
	va_end(args);
}

void openlog(const char *ident, int option, int facility)
{
	g_string_append_printf(syslogged, "open %s %d %d ", ident,
	                       option & LOG_PID, facility);
}

void closelog(void)
{
}

static char *line_of(const char *value)
{
	const struct log_field fields[] = { LOG_STR("k", value), { 0 } };

	return log_dup_line(NULL, "e", fields);
}

static const struct {
	const char *name;
	const char *value;
	const char *want; /* behind "e: k=" */
} cases[] = {
	{ "word", "abc", "abc" },
	{ "address", "<a+b@c.d>", "<a+b@c.d>" },
	{ "empty", "", "\"\"" },
	{ "space", "a b", "\"a b\"" },
	{ "another key", "x ticket=VIA-1", "\"x ticket=VIA-1\"" },
	{ "equals sign", "a=b", "\"a=b\"" },
	{ "quote", "a\"b", "\"a\\\"b\"" },
	{ "backslash", "a\\b", "\"a\\\\b\"" },
	{ "escape that was there", "\\x0a", "\"\\\\x0a\"" },
	{ "line feed", "a\nb", "\"a\\x0ab\"" },
	{ "carriage return", "\r", "\"\\x0d\"" },
	{ "tab", "\t", "\"\\x09\"" },
	{ "escape", "\x1b[31m", "\"\\x1b[31m\"" },
	{ "delete", "\x7f", "\"\\x7f\"" },
	{ "UTF-8", "d\xc3\xbavida", "\"d\xc3\xbavida\"" },
	{ "four bytes", "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
	{ "C1 control", "\xc2\x9b", "\"\\xc2\\x9b\"" },
	{ "line separator", "\xe2\x80\xa8", "\"\\xe2\\x80\\xa8\"" },
	{ "right to left", "\xe2\x80\xae", "\"\\xe2\\x80\\xae\"" },
	{ "latin-1", "d\xfavida", "\"d\\xfavida\"" },
	{ "cut sequence", "\xe2\x82", "\"\\xe2\\x82\"" },
	{ "overlong", "\xc0\xaf", "\"\\xc0\\xaf\"" },
	{ "surrogate", "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"" },
	{ "512 bytes", A512, A512 },
	{ "513 bytes", A512 "a", "\"" A512 "\"..." },
	{ "512 bytes and a quote", A512 "\"", "\"" A512 "\"..." },
	{ "quoted 512", A512 "  ", "\"" A512 "\"..." },
	{ "character across the edge", A128 A128 A128 A128 "\xc3\xba",
	  "\"" A512 "\"..." },
	{ "mark that was there", "a\"...", "\"a\\\"...\"" },
};

static void test_log_dup_line_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line = line_of(cases[i].value);
		g_autofree char *want =
			g_strconcat("e: k=", cases[i].want, NULL);

		print_message("%s\n", cases[i].name);
		assert_string_equal(line, want);
	}
}

/* Whatever a peer sends, a line holds one event: no control, no end of the
 * quotes before their time, and a bounded length. */
static void test_log_dup_line_any_bytes(void **state)
{
	GRand *rand = g_rand_new_with_seed(20261122);

	(void)state;
	for (int round = 0; round < 4000; round++) {
		char value[700] = { 0 };
		int len = g_rand_int_range(rand, 0, (int)sizeof(value));
		int low = round % 2 == 0 ? 1 : 0x7e;
		g_autofree char *line = NULL;

		for (int i = 0; i < len; i++)
			value[i] = (char)g_rand_int_range(rand, low, 256);
		line = line_of(value);
		assert_true(strlen(line) <= strlen("e: k=\"\"...") + 512);
		assert_true(g_utf8_validate(line, -1, NULL));
		for (const char *p = line; *p != '\0'; p++)
			assert_false(g_ascii_iscntrl(*p));
		for (char *p = line + strlen("e: k=") + 1; *p != '\0'; p++) {
			if (*p == '\\')
				p++;
			else if (*p == '"')
				assert_true(p[1] == '\0' ||
				            strcmp(p, "\"...") == 0);
		}
	}
	g_rand_free(rand);
}

static void test_log_dup_line_context_first(void **state)
{
	const struct log_ctx ctx = { .session = "s1",
		                     .queue_id = "4cXyZ",
		                     .ticket = "VIA-7K3Q9MX",
		                     .message_id = "<a@b>" };
	const struct log_ctx part = { .session = "", .queue_id = "Q" };
	const struct log_field fields[] = { LOG_STR("from", "<c@d>"),
		                            LOG_STR("none", NULL),
		                            LOG_NUM("size", 2048),
		                            LOG_NUM("low", G_MININT64),
		                            { 0 } };
	g_autofree char *line = log_dup_line(&ctx, "stored", fields);
	g_autofree char *short_line = log_dup_line(&part, "stored", fields + 4);

	(void)state;
	assert_string_equal(line, "stored: sid=s1 qid=4cXyZ ticket=VIA-7K3Q9MX "
	                          "msgid=<a@b> from=<c@d> size=2048 "
	                          "low=-9223372036854775808");
	assert_string_equal(short_line, "stored: qid=Q");
}

/* Runs `act` with stderr in a file and returns what came. */
static char *capture(const char *dir, void (*act)(void))
{
	g_autofree char *path = g_build_filename(dir, "stderr", NULL);
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int old = dup(STDERR_FILENO);
	char *text;

	assert_true(file >= 0 && old >= 0);
	dup2(file, STDERR_FILENO);
	act();
	dup2(old, STDERR_FILENO);
	close(file);
	close(old);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void write_three_levels(void)
{
	log_event(LOG_LEVEL_ERROR, NULL, "broken", LOG_NUM("n", 1));
	log_event(LOG_LEVEL_INFO, NULL, "stored", LOG_NUM("n", 2));
	log_event(LOG_LEVEL_DEBUG, NULL, "looked");
}

static void act_stderr(void)
{
	log_init("portaria-test", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	write_three_levels();
}

static void test_log_write_stderr(void **state)
{
	g_autofree char *got = NULL;
	g_autofree char *want = g_strdup_printf(
		"2026-11-22T16:20:00Z portaria-test[%d]: broken: n=1\n"
		"2026-11-22T16:20:00Z portaria-test[%d]: stored: n=2\n",
		(int)getpid(), (int)getpid());

	clock_set_for_test(G_GINT64_CONSTANT(1795364400000));
	got = capture(*state, act_stderr);
	clock_set_for_test(0);
	assert_string_equal(got, want);
	assert_string_equal(syslogged->str, "");
}

/* stderr is the stream that JOURNAL_STREAM names. */
static void act_journal(void)
{
	struct stat st;
	g_autofree char *stream = NULL;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	stream = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
	                         (guint64)st.st_dev, (guint64)st.st_ino);
	g_setenv("JOURNAL_STREAM", stream, TRUE);
	log_init("portaria-test", LOG_TARGET_AUTO, LOG_LEVEL_DEBUG);
	write_three_levels();
}

static void test_log_write_journal(void **state)
{
	g_autofree char *got = capture(*state, act_journal);

	assert_string_equal(got, "<3>broken: n=1\n<6>stored: n=2\n"
	                         "<7>looked:\n");
	assert_string_equal(syslogged->str, "");
}

static void act_auto(void)
{
	g_setenv("JOURNAL_STREAM", "1:2", TRUE);
	log_init("portaria-test", LOG_TARGET_AUTO, LOG_LEVEL_INFO);
	write_three_levels();
}

/* A JOURNAL_STREAM inherited from a parent is not our stderr. */
static void test_log_write_auto_without_terminal(void **state)
{
	g_autofree char *got = capture(*state, act_auto);

	assert_string_equal(got, "");
	assert_string_equal(syslogged->str, "open portaria-test 1 16 "
	                                    "(19)broken: n=1(22)stored: n=2");
}

static void act_error(void)
{
	g_autoptr(GError) error = g_error_new_literal(
		g_quark_from_static_string("x"), 1, "disk full\nreally");
	const struct log_ctx ctx = { .queue_id = "Q" };

	log_init("portaria-test", LOG_TARGET_SYSLOG, LOG_LEVEL_ERROR);
	log_error(&ctx, "commit failed, deferring", error);
	log_error(NULL, "gone", NULL);
}

static void test_log_error_line(void **state)
{
	g_autofree char *got = capture(*state, act_error);

	assert_string_equal(got, "");
	assert_non_null(strstr(syslogged->str,
	                       "(19)commit failed, deferring: qid=Q "
	                       "reason=\"disk full\\x0areally\""
	                       "(19)gone: reason=unknown"));
}

static int group_setup(void **state)
{
	syslogged = g_string_new(NULL);
	return tmpdir_setup(state);
}

static int group_teardown(void **state)
{
	g_string_free(syslogged, TRUE);
	return tmpdir_teardown(state);
}

static int reset(void **state)
{
	(void)state;
	g_string_truncate(syslogged, 0);
	g_unsetenv("JOURNAL_STREAM");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_dup_line_values),
		cmocka_unit_test(test_log_dup_line_any_bytes),
		cmocka_unit_test(test_log_dup_line_context_first),
		cmocka_unit_test_setup(test_log_write_stderr, reset),
		cmocka_unit_test_setup(test_log_write_journal, reset),
		cmocka_unit_test_setup(test_log_write_auto_without_terminal,
		                       reset),
		cmocka_unit_test_setup(test_log_error_line, reset),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
