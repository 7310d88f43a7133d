/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_lmtp.c - the LMTP dialogue against any bytes
 *
 * The first byte says how the rest is cut. Holds if, however the input is
 * cut, output and content are the same; if every reply line has its form; and
 * if a message is answered once for each recipient and never for good.
 */
#include <stdlib.h>
#include <string.h>

#include "lmtpd/lmtp.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

struct run {
	struct lmtp *lmtp;
	GString *output;
	GString *content;
};

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	g_printerr("fuzz_lmtp: %s\n", what);
	abort();
}

/* Accepts every other address, by its length. */
static void answer_recipient(struct lmtp *lmtp)
{
	static const enum lmtp_recipient others[] = { LMTP_RECIPIENT_UNKNOWN,
		                                      LMTP_RECIPIENT_TROUBLE };
	size_t len = strlen(lmtp_get_recipient(lmtp));

	if (len % 2 == 0)
		lmtp_answer_recipient(lmtp, LMTP_RECIPIENT_OK, g_malloc(1));
	else
		lmtp_answer_recipient(lmtp, others[len / 2 % 2], NULL);
}

static void answer_message(struct run *run)
{
	const GPtrArray *recipients = lmtp_get_envelope(run->lmtp)->recipients;
	guint count = recipients->len;
	GString *output = lmtp_output(run->lmtp);
	size_t start = output->len;

	demand(count > 0, "a message without recipients");
	g_string_append(run->content, "\n--end\n");
	for (guint i = 0; i < count; i++) {
		demand(lmtp_next(run->lmtp) == LMTP_EVENT_MESSAGE,
		       "answers end early");
		lmtp_answer_message(run->lmtp,
		                    (enum lmtp_answer)(i % LMTP_ANSWER__COUNT),
		                    i % 2 == 0 ? NULL : "a\r\n550 b");
	}
	for (const char *line = output->str + start; *line != '\0';
	     line = strstr(line, "\r\n") + 2) {
		demand(line[0] == '2' || line[0] == '4', "a 5xx after DATA");
		count--;
	}
	demand(count == 0, "not one reply a recipient");
}

static void take_content(struct run *run)
{
	size_t len;
	const char *data = lmtp_content(run->lmtp, &len);

	demand(len > 0, "empty content");
	g_string_append_len(run->content, data, (gssize)len);
}

/* False when the dialogue is over. */
static bool pump(struct run *run)
{
	for (;;) {
		switch (lmtp_next(run->lmtp)) {
		case LMTP_EVENT_INPUT:
			return true;
		case LMTP_EVENT_RECIPIENT:
			answer_recipient(run->lmtp);
			break;
		case LMTP_EVENT_CONTENT:
			take_content(run);
			break;
		case LMTP_EVENT_MESSAGE:
			answer_message(run);
			break;
		case LMTP_EVENT_CLOSE:
			return false;
		}
	}
}

static void check_output(const GString *output)
{
	const char *line = output->str;

	while (*line != '\0') {
		const char *end = strstr(line, "\r\n");

		demand(end != NULL, "a reply without an end");
		demand(end - line >= 4 && end - line <= 510 &&
		               g_ascii_isdigit(line[0]) &&
		               g_ascii_isdigit(line[1]) &&
		               g_ascii_isdigit(line[2]) &&
		               (line[3] == ' ' || line[3] == '-'),
		       "a reply without its form");
		line = end + 2;
	}
}

static void run_init(struct run *run, const struct limits *limits,
                     const guint8 *data, size_t size, size_t piece)
{
	run->lmtp = lmtp_new("mx.example", limits, g_free);
	run->output = g_string_new(NULL);
	run->content = g_string_new(NULL);
	while (pump(run) && size > 0) {
		size_t n = MIN(piece, size);

		lmtp_feed(run->lmtp, (const char *)data, n);
		data += n;
		size -= n;
	}
	g_string_append(run->output, lmtp_output(run->lmtp)->str);
	check_output(run->output);
	demand(run->output->len == lmtp_output(run->lmtp)->len,
	       "a NUL in a reply");
}

static void run_done(struct run *run)
{
	lmtp_free(run->lmtp);
	g_string_free(run->output, TRUE);
	g_string_free(run->content, TRUE);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	struct limits limits;
	struct run whole;
	struct run cut;

	if (size == 0)
		return 0;
	limits_init(&limits);
	limits.command_line_bytes = 128;
	limits.recipients = 3;
	limits.message_bytes = 1000;
	run_init(&whole, &limits, data + 1, size - 1, size);
	run_init(&cut, &limits, data + 1, size - 1, 1 + data[0] % 32);
	demand(g_string_equal(whole.output, cut.output),
	       "the replies depend on how the input is cut");
	demand(g_string_equal(whole.content, cut.content),
	       "the content depends on how the input is cut");
	run_done(&whole);
	run_done(&cut);
	return 0;
}
