/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_milter_reply.c - needs a scratch folder */
#include "unit/desk_fixture.h"

#include "milter/reply.h"

static void check_lines(const struct reply *reply)
{
	guint n = g_strv_length(reply->lines);

	assert_in_range(n, 1, REPLY_LINES);
	for (guint i = 0; i < n; i++) {
		const char *line = reply->lines[i];

		assert_in_range(strlen(line), 1, REPLY_LINE_MAX + 1);
		for (const char *p = line; *p != '\0'; p++) {
			assert_true(g_ascii_isprint(*p));
			if (*p == '%')
				assert_int_equal(*++p, '%');
		}
	}
}

static void test_set_text_all(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < REPLY_TEXT__COUNT; i++) {
		struct reply reply = { 0 };
		enum reply_text text = (enum reply_text)i;

		reply_set_text(&reply, fixture->desk, text);
		print_message("%s: %u %s %s\n", reply_text_name(text),
		              reply.code, reply.enhanced, reply.lines[0]);
		assert_int_equal(reply.action, reply.code / 100 == 5
		                                       ? REPLY_REJECT
		                                       : REPLY_TEMPFAIL);
		assert_int_equal(reply.enhanced[0] - '0', reply.code / 100);
		check_lines(&reply);
		reply_clear(&reply);
		assert_null(reply.lines);
	}
}

/* All of ours is temporary but what the message itself has. */
static void test_set_text_permanent(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < REPLY_TEXT__COUNT; i++) {
		struct reply reply = { 0 };

		reply_set_text(&reply, fixture->desk, (enum reply_text)i);
		assert_int_equal(reply.action == REPLY_REJECT,
		                 i >= REPLY_TEXT_HEADER_SIZE);
		reply_clear(&reply);
	}
}

static const struct {
	const char *name;
	enum policy_action action;
	unsigned code;
	const char *enhanced;
	const char *line;
	enum reply_action want;
	unsigned want_code;
	const char *want_line; /* NULL: not looked at */
} verdicts[] = {
	{ "rejection", POLICY_REJECT, 550, "5.7.1", "no", REPLY_REJECT, 550,
	  "no" },
	{ "temporary", POLICY_TEMPFAIL, 451, "4.7.0", "later", REPLY_TEMPFAIL,
	  451, "later" },
	{ "percent", POLICY_REJECT, 550, "5.7.1", "50% %s", REPLY_REJECT, 550,
	  "50%% %%s" },
	{ "controls", POLICY_REJECT, 550, "5.7.1", "a\r\nb\tc\xc3\xa9",
	  REPLY_REJECT, 550, "a??b?c??" },
	{ "class of a rejection", POLICY_REJECT, 451, "4.7.0", "no",
	  REPLY_TEMPFAIL, 451, NULL },
	{ "class of a deferral", POLICY_TEMPFAIL, 550, "5.7.0", "no",
	  REPLY_TEMPFAIL, 451, NULL },
	{ "enhanced code of another class", POLICY_REJECT, 550, "4.7.1", "no",
	  REPLY_TEMPFAIL, 451, NULL },
	{ "no code", POLICY_REJECT, 0, "5.7.1", "no", REPLY_TEMPFAIL, 451,
	  NULL },
	{ "no enhanced code", POLICY_REJECT, 550, NULL, "no", REPLY_TEMPFAIL,
	  451, NULL },
	{ "no text", POLICY_REJECT, 550, "5.7.1", NULL, REPLY_TEMPFAIL, 451,
	  NULL },
	{ "an acceptance", POLICY_ACCEPT, 550, "5.7.1", "no", REPLY_TEMPFAIL,
	  451, NULL },
};

static void test_set_verdict(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++) {
		char *lines[] = { NULL, NULL };
		const struct verdict verdict = {
			.action = verdicts[i].action,
			.code = verdicts[i].code,
			.enhanced = g_strdup(verdicts[i].enhanced),
			.lines = lines,
		};
		struct reply reply = { 0 };

		print_message("%s\n", verdicts[i].name);
		lines[0] = g_strdup(verdicts[i].line);
		reply_set_verdict(&reply, fixture->desk, &verdict);
		assert_int_equal(reply.action, verdicts[i].want);
		assert_int_equal(reply.code, verdicts[i].want_code);
		assert_int_equal(reply.enhanced[0] - '0', reply.code / 100);
		check_lines(&reply);
		if (verdicts[i].want_line != NULL)
			assert_string_equal(reply.lines[0],
			                    verdicts[i].want_line);
		reply_clear(&reply);
		g_free(verdict.enhanced);
		g_free(lines[0]);
	}
}

static void test_set_verdict_bounds(void **state)
{
	struct fixture *fixture = *state;
	char long_line[3000];
	char short_line[] = "x";
	char *lines[] = { long_line, short_line, short_line, short_line, NULL };
	char enhanced[] = "5.7.1";
	const struct verdict verdict = { .action = POLICY_REJECT,
		                         .code = 550,
		                         .enhanced = enhanced,
		                         .lines = lines };
	struct reply reply = { 0 };

	memset(long_line, '%', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	reply_set_verdict(&reply, fixture->desk, &verdict);
	assert_int_equal(reply.action, REPLY_REJECT);
	assert_int_equal(g_strv_length(reply.lines), REPLY_LINES);
	check_lines(&reply);
	reply_clear(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_text_all),
		cmocka_unit_test(test_set_text_permanent),
		cmocka_unit_test(test_set_verdict),
		cmocka_unit_test(test_set_verdict_bounds),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
