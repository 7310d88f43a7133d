/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lmtp_dialogue.c - the dialogue as a pure state machine
 *
 * Pure: addresses that start with "ok" are accepted, "busy" is trouble, all
 * others are unknown; messages are stored as "T-<n>". Each dialogue is run
 * command by command, all at once (pipelined), and byte by byte, and must
 * give the same replies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lmtpd/lmtp.h"

struct client {
	struct lmtp *lmtp;
	GString *replies; /* codes, blank-separated */
	GString *content; /* messages, each followed by "|" */
	unsigned messages;
	enum lmtp_answer answer;
};

static int freed;

static void count_free(gpointer data)
{
	g_free(data);
	freed++;
}

static struct limits test_limits(void)
{
	struct limits limits;

	limits_init(&limits);
	limits.recipients = 3;
	limits.command_line_bytes = 1024;
	limits.message_bytes = 65536;
	return limits;
}

static void answer_recipient(struct client *client)
{
	const char *address = lmtp_get_recipient(client->lmtp);

	if (g_str_has_prefix(address, "ok"))
		lmtp_answer_recipient(client->lmtp, LMTP_RECIPIENT_OK,
		                      g_strdup("data"));
	else if (g_str_has_prefix(address, "busy"))
		lmtp_answer_recipient(client->lmtp, LMTP_RECIPIENT_TROUBLE,
		                      NULL);
	else
		lmtp_answer_recipient(client->lmtp, LMTP_RECIPIENT_UNKNOWN,
		                      NULL);
}

static void answer_message(struct client *client)
{
	guint count = lmtp_get_envelope(client->lmtp)->recipients->len;

	client->messages++;
	g_string_append_c(client->content, '|');
	for (guint i = 0; i < count; i++) {
		g_autofree char *text =
			g_strdup_printf("T-%u\r\n stored", client->messages);

		lmtp_answer_message(client->lmtp, client->answer, text);
	}
}

/* Runs until input is needed; false when the dialogue is over. */
static bool pump(struct client *client)
{
	const char *data;
	size_t len;

	for (;;) {
		switch (lmtp_next(client->lmtp)) {
		case LMTP_EVENT_INPUT:
			return true;
		case LMTP_EVENT_RECIPIENT:
			answer_recipient(client);
			break;
		case LMTP_EVENT_CONTENT:
			data = lmtp_content(client->lmtp, &len);
			g_string_append_len(client->content, data, (gssize)len);
			break;
		case LMTP_EVENT_MESSAGE:
			answer_message(client);
			break;
		case LMTP_EVENT_CLOSE:
			return false;
		}
	}
}

/* "250-a\r\n250 b\r\n" adds "250"; enhanced codes stay. */
static void collect(struct client *client)
{
	GString *output = lmtp_output(client->lmtp);
	g_auto(GStrv) lines = g_strsplit(output->str, "\r\n", -1);

	for (char **line = lines; *line != NULL && **line != '\0'; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 3);

		if ((*line)[3] == '-')
			continue;
		g_string_append(client->replies, words[0]);
		if (words[1] != NULL && g_ascii_isdigit(words[1][0]) &&
		    strchr(words[1], '.') != NULL)
			g_string_append_printf(client->replies, ":%s",
			                       words[1]);
		g_string_append_c(client->replies, ' ');
	}
	g_string_truncate(output, 0);
}

static void client_init(struct client *client, const struct limits *limits)
{
	*client = (struct client){ 0 };
	client->lmtp = lmtp_new("mx.example", limits, count_free);
	client->replies = g_string_new(NULL);
	client->content = g_string_new(NULL);
	g_string_truncate(lmtp_output(client->lmtp), 0); /* greeting */
}

static void client_done(struct client *client)
{
	lmtp_free(client->lmtp);
	g_string_free(client->replies, TRUE);
	g_string_free(client->content, TRUE);
}

static bool feed(struct client *client, const char *data, size_t len,
                 size_t piece)
{
	bool open = pump(client);

	while (open && len > 0) {
		size_t n = MIN(piece, len);

		lmtp_feed(client->lmtp, data, n);
		open = pump(client);
		data += n;
		len -= n;
	}
	collect(client);
	return open;
}

static bool feed_text(struct client *client, const char *text)
{
	return feed(client, text, strlen(text), 65536);
}

#define HELLO "LHLO c\r\n"
#define MAIL  "MAIL FROM:<a@b>\r\n"
#define RCPT  "RCPT TO:<ok@x>\r\n"

static const struct {
	const char *name;
	const char *input;
	const char *replies;
	const char *content;
} dialogues[] = {
	{ "one message", HELLO MAIL RCPT "DATA\r\nhi\r\n.\r\nQUIT\r\n",
	  "250 250:2.1.0 250:2.1.5 354 250:2.6.0 221:2.0.0 ", "hi\r\n|" },
	{ "a reply a recipient",
	  HELLO MAIL RCPT "RCPT TO:<no@x>\r\nRCPT TO:<ok2@x>\r\n"
	                  "RCPT TO:<busy@x>\r\nDATA\r\n.\r\n",
	  "250 250:2.1.0 250:2.1.5 550:5.1.1 250:2.1.5 451:4.3.0 354 "
	  "250:2.6.0 250:2.6.0 ",
	  "|" },
	{ "two messages",
	  HELLO MAIL RCPT "DATA\r\na\r\n.\r\n" MAIL RCPT "DATA\r\n..b\r\n.\r\n",
	  "250 250:2.1.0 250:2.1.5 354 250:2.6.0 250:2.1.0 250:2.1.5 354 "
	  "250:2.6.0 ",
	  "a\r\n|.b\r\n|" },
	{ "no recipient left",
	  HELLO MAIL "RCPT TO:<no@x>\r\nDATA\r\nRSET\r\n" MAIL,
	  "250 250:2.1.0 550:5.1.1 503:5.5.1 250:2.0.0 250:2.1.0 ", "" },
	{ "commands before LHLO",
	  MAIL RCPT "DATA\r\nXFORWARD NAME=x\r\nNOOP\r\nRSET\r\nHELP\r\n"
	            "VRFY x\r\nfoo\r\nQUIT\r\n",
	  "503:5.5.1 503:5.5.1 503:5.5.1 503:5.5.1 250:2.0.0 250:2.0.0 "
	  "214:2.0.0 252:2.0.0 500:5.5.1 221:2.0.0 ",
	  "" },
	{ "commands after LHLO",
	  HELLO RCPT "DATA\r\nXFORWARD NAME=x\r\nNOOP x\r\nRSET\r\nHELP\r\n"
	             "VRFY x\r\nVRFY\r\nfoo\r\n\r\n" HELLO,
	  "250 503:5.5.1 503:5.5.1 250:2.0.0 250:2.0.0 250:2.0.0 214:2.0.0 "
	  "252:2.0.0 501:5.5.4 500:5.5.1 500:5.5.1 250 ",
	  "" },
	{ "commands after MAIL",
	  HELLO MAIL MAIL "DATA\r\nXFORWARD NAME=x\r\nNOOP\r\nHELP\r\n"
	                  "VRFY x\r\nfoo\r\nRSET\r\n" RCPT,
	  "250 250:2.1.0 503:5.5.1 503:5.5.1 503:5.5.1 250:2.0.0 214:2.0.0 "
	  "252:2.0.0 500:5.5.1 250:2.0.0 503:5.5.1 ",
	  "" },
	{ "commands after RCPT",
	  HELLO MAIL RCPT MAIL "XFORWARD NAME=x\r\nNOOP\r\nHELP\r\nVRFY x\r\n"
	                       "foo\r\nDATA x\r\n" HELLO RCPT,
	  "250 250:2.1.0 250:2.1.5 503:5.5.1 503:5.5.1 250:2.0.0 214:2.0.0 "
	  "252:2.0.0 500:5.5.1 501:5.5.4 250 503:5.5.1 ",
	  "" },
	{ "SMTP greetings", "EHLO c\r\nHELO c\r\n" HELLO "EHLO c\r\n",
	  "500:5.5.1 500:5.5.1 250 500:5.5.1 ", "" },
	{ "LHLO without a name", "LHLO\r\nLHLO \r\n", "501:5.5.4 501:5.5.4 ",
	  "" },
	{ "any case, bare LF, blanks",
	  "lhlo c\nmail from:<a@b>  \r\nRcpt\tTo:<ok@x>\t\r\ndata\n.\r\n",
	  "250 250:2.1.0 250:2.1.5 354 250:2.6.0 ", "|" },
	{ "too many recipients",
	  HELLO MAIL RCPT RCPT RCPT RCPT "RCPT TO:<no@x>\r\n",
	  "250 250:2.1.0 250:2.1.5 250:2.1.5 250:2.1.5 452:4.5.3 452:4.5.3 ",
	  "" },
	{ "size at MAIL",
	  HELLO "MAIL FROM:<a@b> SIZE=65537\r\nMAIL FROM:<a@b> SIZE=65536\r\n",
	  "250 552:5.3.4 250:2.1.0 ", "" },
	{ "control characters", HELLO "NO\x01OP\r\nNOOP \x7f\r\nNOOP\r\n",
	  "250 500:5.5.2 500:5.5.2 250:2.0.0 ", "" },
	{ "a chunk is not commands",
	  HELLO "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\nBDAT x\r\nBDAT 0\r\nNOOP\r\n",
	  "250 502:5.5.1 250:2.0.0 501:5.5.4 502:5.5.1 250:2.0.0 ", "" },
	{ "a chunk of any size is the end", HELLO "BDAT 65537\r\nNOOP\r\n",
	  "250 502:5.5.1 ", "" },
	{ "data smuggles no command",
	  HELLO MAIL RCPT "DATA\r\na\n.\nQUIT\r\n\n.\r\nQUIT\r\n.\r\nNOOP\r\n",
	  "250 250:2.1.0 250:2.1.5 354 250:2.6.0 250:2.0.0 ",
	  "a\n.\nQUIT\r\n\n.\r\nQUIT\r\n|" },
	{ "nothing after QUIT", "QUIT\r\nNOOP\r\n", "221:2.0.0 ", "" },
};

static void check_dialogue(size_t at, size_t piece)
{
	const struct limits limits = test_limits();
	struct client client;

	client_init(&client, &limits);
	feed(&client, dialogues[at].input, strlen(dialogues[at].input), piece);
	if (strcmp(client.replies->str, dialogues[at].replies) != 0)
		fail_msg("%s (%zu): \"%s\"", dialogues[at].name, piece,
		         client.replies->str);
	if (strcmp(client.content->str, dialogues[at].content) != 0)
		fail_msg("%s (%zu): content \"%s\"", dialogues[at].name, piece,
		         client.content->str);
	client_done(&client);
}

static void test_dialogue_pipelined(G_GNUC_UNUSED void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(dialogues); i++)
		check_dialogue(i, 65536);
}

static void test_dialogue_in_pieces(G_GNUC_UNUSED void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(dialogues); i++)
		for (size_t piece = 1; piece < 40; piece++)
			check_dialogue(i, piece);
}

static void test_greeting(G_GNUC_UNUSED void **state)
{
	const struct limits limits = test_limits();
	AUTO(lmtp) lmtp = lmtp_new("mx.example", &limits, NULL);

	assert_true(g_str_has_prefix(lmtp_output(lmtp)->str,
	                             "220 mx.example LMTP"));
	assert_true(g_str_has_suffix(lmtp_output(lmtp)->str, "\r\n"));
	assert_int_equal(lmtp_next(lmtp), LMTP_EVENT_INPUT);
}

static void test_extensions(G_GNUC_UNUSED void **state)
{
	static const char want[] =
		"250-mx.example\r\n250-PIPELINING\r\n250-SIZE 65536\r\n"
		"250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n"
		"250 XFORWARD NAME ADDR PROTO HELO SOURCE IDENT\r\n";
	const struct limits limits = test_limits();
	AUTO(lmtp) lmtp = lmtp_new("mx.example", &limits, NULL);

	g_string_truncate(lmtp_output(lmtp), 0);
	lmtp_feed(lmtp, HELLO, strlen(HELLO));
	assert_int_equal(lmtp_next(lmtp), LMTP_EVENT_INPUT);
	assert_string_equal(lmtp_output(lmtp)->str, want);
}

/* A line past the limit gets one reply however it comes, and what follows it
 * is read again. */
static void test_line_too_long(G_GNUC_UNUSED void **state)
{
	static const size_t pieces[] = { 1, 100, 1024, 65536 };
	const struct limits limits = test_limits();
	g_autofree char *blanks = g_strnfill(5000, ' ');
	g_autofree char *input = g_strdup_printf("NOOP%sx\r\nNOOP\r\n", blanks);

	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		struct client client;

		client_init(&client, &limits);
		feed(&client, input, strlen(input), pieces[i]);
		assert_string_equal(client.replies->str,
		                    "500:5.5.2 250:2.0.0 ");
		client_done(&client);
	}
}

static void test_line_of_the_limit(G_GNUC_UNUSED void **state)
{
	const struct limits limits = test_limits();
	g_autofree char *blanks = g_strnfill(1024 - 7, ' ');
	g_autofree char *longest = g_strdup_printf("NOOP%sx\r\n", blanks);
	g_autofree char *longer = g_strdup_printf("NOOP %sx\r\n", blanks);
	struct client client;

	assert_int_equal(strlen(longest), 1024);
	client_init(&client, &limits);
	feed_text(&client, longest);
	feed_text(&client, longer);
	assert_string_equal(client.replies->str, "250:2.0.0 500:5.5.2 ");
	client_done(&client);
}

static void test_nul_in_command(G_GNUC_UNUSED void **state)
{
	const struct limits limits = test_limits();
	static const char input[] = "NOOP\0QUIT\r\nNOOP\r\n";
	struct client client;

	client_init(&client, &limits);
	feed(&client, input, sizeof(input) - 1, 65536);
	assert_string_equal(client.replies->str, "500:5.5.2 250:2.0.0 ");
	client_done(&client);
}

/* Who understands nothing is asked to leave; who errs now and then is not. */
static void test_too_many_errors(G_GNUC_UNUSED void **state)
{
	const struct limits limits = test_limits();
	struct client client;
	unsigned count = 0;

	client_init(&client, &limits);
	for (; count < 200; count++)
		feed_text(&client, "x\r\nNOOP\r\n");
	assert_int_not_equal(lmtp_get_state(client.lmtp), LMTP_STATE_CLOSED);
	g_string_truncate(client.replies, 0);
	for (count = 0; feed_text(&client, "x\r\n") && count < 200; count++)
		continue;
	assert_int_equal(count, 50);
	assert_true(g_str_has_suffix(client.replies->str, "421:4.7.0 "));
	client_done(&client);
}

static void test_answers_never_permanent(G_GNUC_UNUSED void **state)
{
	static const char message[] = HELLO MAIL RCPT "DATA\r\n.\r\n";
	const struct limits limits = test_limits();

	for (int answer = 0; answer < LMTP_ANSWER__COUNT; answer++) {
		struct client client;
		g_auto(GStrv) words = NULL;

		client_init(&client, &limits);
		client.answer = (enum lmtp_answer)answer;
		feed_text(&client, message);
		words = g_strsplit(g_strstrip(client.replies->str), " ", -1);
		assert_int_equal(g_strv_length(words), 5);
		if (answer == LMTP_ANSWER_STORED)
			assert_string_equal(words[4], "250:2.6.0");
		else
			assert_int_equal(words[4][0], '4');
		client_done(&client);
	}
}

/* Text of an answer can neither end its line nor start another one. */
static void test_answer_text_is_one_line(G_GNUC_UNUSED void **state)
{
	static const char message[] = HELLO MAIL RCPT "DATA\r\n.\r\n";
	const struct limits limits = test_limits();
	struct client client;

	client_init(&client, &limits);
	pump(&client);
	lmtp_feed(client.lmtp, message, strlen(message));
	pump(&client);
	assert_true(g_str_has_suffix(lmtp_output(client.lmtp)->str,
	                             "\r\n250 2.6.0 T-1?? stored\r\n"));
	client_done(&client);
}

/* What XFORWARD said holds for one transaction. */
static void test_xforward_lifetime(G_GNUC_UNUSED void **state)
{
	const struct limits limits = test_limits();
	const struct lmtp_envelope *envelope;
	struct client client;

	client_init(&client, &limits);
	envelope = lmtp_get_envelope(client.lmtp);
	feed_text(&client, HELLO "XFORWARD ADDR=192.0.2.1\r\n" MAIL);
	assert_string_equal(envelope->client.addr, "192.0.2.1");
	feed_text(&client, RCPT "DATA\r\n.\r\n");
	assert_null(envelope->client.addr);
	feed_text(&client, "XFORWARD ADDR=192.0.2.2\r\nRSET\r\n");
	assert_null(envelope->client.addr);
	client_done(&client);
}

static void test_recipient_data_is_freed(G_GNUC_UNUSED void **state)
{
	static const char input[] = HELLO MAIL RCPT RCPT
		"RSET\r\n" MAIL RCPT "DATA\r\n.\r\n" MAIL RCPT;
	const struct limits limits = test_limits();
	struct client client;

	freed = 0;
	client_init(&client, &limits);
	feed_text(&client, input);
	assert_int_equal(freed, 3);
	client_done(&client);
	assert_int_equal(freed, 4);
}

static void test_hang_up(G_GNUC_UNUSED void **state)
{
	const struct limits limits = test_limits();
	struct client client;

	client_init(&client, &limits);
	assert_true(lmtp_is_idle(client.lmtp));
	feed_text(&client, HELLO MAIL);
	assert_false(lmtp_is_idle(client.lmtp));
	g_string_truncate(client.replies, 0);
	lmtp_hang_up(client.lmtp, LMTP_GOODBYE_SHUTDOWN);
	assert_int_equal(lmtp_next(client.lmtp), LMTP_EVENT_CLOSE);
	collect(&client);
	assert_string_equal(client.replies->str, "421:4.3.2 ");
	client_done(&client);
}

static void test_state_names(G_GNUC_UNUSED void **state)
{
	for (int i = 0; i < LMTP_STATE__COUNT; i++)
		assert_non_null(lmtp_state_name((enum lmtp_state)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_dialogue_pipelined),
		cmocka_unit_test(test_dialogue_in_pieces),
		cmocka_unit_test(test_line_too_long),
		cmocka_unit_test(test_line_of_the_limit),
		cmocka_unit_test(test_nul_in_command),
		cmocka_unit_test(test_too_many_errors),
		cmocka_unit_test(test_answers_never_permanent),
		cmocka_unit_test(test_answer_text_is_one_line),
		cmocka_unit_test(test_xforward_lifetime),
		cmocka_unit_test(test_recipient_data_is_freed),
		cmocka_unit_test(test_hang_up),
		cmocka_unit_test(test_state_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
