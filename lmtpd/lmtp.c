/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtp.c - the server's side of an LMTP dialogue
 *
 * A table has a row a verb: in which states it may come, and what to do. One
 * function changes the state, one resets the transaction.
 *
 * The message is read to its end even when it is too long or cannot be kept:
 * LMTP has no other way to say so. Decided against 552 for a message past the
 * limit: the MTA would bounce it to a sender that may be forged. An MTA that
 * heeds SIZE never gets there, since MAIL is refused before any byte is sent.
 */
#include "lmtpd/lmtp.h"

#include <string.h>

#include "lmtpd/unstuff.h"

#define ERRORS_MAX 50 /* commands not understood, in a row */

struct lmtp {
	const char *hostname;
	const struct limits *limits;
	GDestroyNotify free_data;
	enum lmtp_state state;
	unsigned errors;
	GByteArray *input;
	size_t used;        /* bytes of input done with */
	bool skip_line;     /* the rest of a line that was too long */
	guint64 skip_bytes; /* the rest of a chunk nobody asked for */
	GString *output;
	char *asked; /* recipient that waits for its answer */
	struct unstuff unstuff;
	struct unstuff_span content;
	unsigned answered; /* recipients answered after the data */
	struct lmtp_envelope envelope;
};

static const char *const state_names[] = {
	[LMTP_STATE_CONNECTED] = "connected", [LMTP_STATE_READY] = "ready",
	[LMTP_STATE_MAIL] = "mail",           [LMTP_STATE_RCPT] = "rcpt",
	[LMTP_STATE_DATA] = "data",           [LMTP_STATE_ANSWER] = "answer",
	[LMTP_STATE_CLOSED] = "closed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(state_names) == LMTP_STATE__COUNT);

const char *lmtp_state_name(enum lmtp_state state)
{
	return state_names[state];
}

static const char *const recipient_replies[] = {
	[LMTP_RECIPIENT_OK] = "250 2.1.5 Recipient ok",
	[LMTP_RECIPIENT_UNKNOWN] = "550 5.1.1 No department has this address",
	[LMTP_RECIPIENT_TROUBLE] = "451 4.3.0 Try again later",
};
G_STATIC_ASSERT(G_N_ELEMENTS(recipient_replies) == LMTP_RECIPIENT__COUNT);

static const struct {
	const char *code;
	const char *text;
} answers[] = {
	[LMTP_ANSWER_STORED] = { "250 2.6.0", "stored" },
	[LMTP_ANSWER_TROUBLE] = { "451 4.3.0", "Try again later" },
	[LMTP_ANSWER_LATER] = { "451 4.7.0",
	                        "The sender cannot be checked now" },
	[LMTP_ANSWER_FULL] = { "452 4.3.1", "Too much mail at once" },
	[LMTP_ANSWER_LARGE] = { "452 4.3.4", "Message larger than announced "
	                                     "maximum" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(answers) == LMTP_ANSWER__COUNT);

static void reply(struct lmtp *lmtp, const char *line)
{
	g_string_append(lmtp->output, line);
	g_string_append(lmtp->output, "\r\n");
}

static void enter_state(struct lmtp *lmtp, enum lmtp_state state)
{
	lmtp->state = state;
}

static void rcpt_free(struct lmtp *lmtp, struct lmtp_rcpt *rcpt)
{
	if (lmtp->free_data != NULL && rcpt->data != NULL)
		lmtp->free_data(rcpt->data);
	g_free(rcpt->address);
	g_free(rcpt);
}

/* RFC 5321 4.1.1.5: forgets sender, recipients and content. The forwarded
 * client belongs to the transaction too. */
static void reset_transaction(struct lmtp *lmtp)
{
	for (guint i = 0; i < lmtp->envelope.recipients->len; i++)
		rcpt_free(lmtp,
		          g_ptr_array_index(lmtp->envelope.recipients, i));
	g_ptr_array_set_size(lmtp->envelope.recipients, 0);
	command_mail_clear(&lmtp->envelope.mail);
	command_xforward_clear(&lmtp->envelope.client);
	g_clear_pointer(&lmtp->asked, g_free);
	lmtp->answered = 0;
}

struct lmtp *lmtp_new(const char *hostname, const struct limits *limits,
                      GDestroyNotify free_data)
{
	struct lmtp *lmtp = g_new0(struct lmtp, 1);

	lmtp->hostname = hostname;
	lmtp->limits = limits;
	lmtp->free_data = free_data;
	lmtp->input = g_byte_array_sized_new(1024); /* data is never NULL */
	lmtp->output = g_string_new(NULL);
	lmtp->envelope.recipients = g_ptr_array_new();
	g_string_append_printf(lmtp->output, "220 %s LMTP Portaria\r\n",
	                       hostname);
	return lmtp;
}

void lmtp_free(struct lmtp *lmtp)
{
	if (lmtp == NULL)
		return;
	reset_transaction(lmtp);
	g_ptr_array_unref(lmtp->envelope.recipients);
	g_byte_array_unref(lmtp->input);
	g_string_free(lmtp->output, TRUE);
	g_free(lmtp);
}

GString *lmtp_output(struct lmtp *lmtp)
{
	return lmtp->output;
}

const struct lmtp_envelope *lmtp_get_envelope(const struct lmtp *lmtp)
{
	return &lmtp->envelope;
}

enum lmtp_state lmtp_get_state(const struct lmtp *lmtp)
{
	return lmtp->state;
}

bool lmtp_is_idle(const struct lmtp *lmtp)
{
	return lmtp->state == LMTP_STATE_CONNECTED ||
	       lmtp->state == LMTP_STATE_READY;
}

void lmtp_feed(struct lmtp *lmtp, const char *data, size_t len)
{
	g_byte_array_remove_range(lmtp->input, 0, (guint)lmtp->used);
	lmtp->used = 0;
	g_byte_array_append(lmtp->input, (const guint8 *)data, (guint)len);
}

/* Commands. */

static void verb_lhlo(struct lmtp *lmtp, const char *args)
{
	if (*args == '\0') {
		reply(lmtp, "501 5.5.4 Syntax: LHLO hostname");
		return;
	}
	reset_transaction(lmtp);
	g_string_append_printf(lmtp->output,
	                       "250-%s\r\n"
	                       "250-PIPELINING\r\n"
	                       "250-SIZE %" G_GUINT64_FORMAT "\r\n"
	                       "250-8BITMIME\r\n"
	                       "250-SMTPUTF8\r\n"
	                       "250-ENHANCEDSTATUSCODES\r\n"
	                       "250 XFORWARD NAME ADDR PROTO HELO SOURCE "
	                       "IDENT\r\n",
	                       lmtp->hostname, lmtp->limits->message_bytes);
	enter_state(lmtp, LMTP_STATE_READY);
}

/* RFC 2033 4.1 */
static void verb_smtp_hello(struct lmtp *lmtp, G_GNUC_UNUSED const char *args)
{
	reply(lmtp, "500 5.5.1 This is LMTP, use LHLO");
	lmtp->errors++;
}

static void verb_mail(struct lmtp *lmtp, const char *args)
{
	struct command_mail mail = { 0 };
	const char *wrong = command_parse_mail(args, &mail);

	if (wrong != NULL) {
		reply(lmtp, wrong);
		return;
	}
	if (mail.size > lmtp->limits->message_bytes) {
		command_mail_clear(&mail);
		reply(lmtp, "552 5.3.4 Message too large");
		return;
	}
	lmtp->envelope.mail = mail;
	enter_state(lmtp, LMTP_STATE_MAIL);
	reply(lmtp, "250 2.1.0 Sender ok");
}

static void verb_rcpt(struct lmtp *lmtp, const char *args)
{
	const char *wrong = command_parse_rcpt(args, &lmtp->asked);

	if (wrong != NULL) {
		reply(lmtp, wrong);
	} else if (lmtp->envelope.recipients->len >= lmtp->limits->recipients) {
		g_clear_pointer(&lmtp->asked, g_free);
		reply(lmtp, "452 4.5.3 Too many recipients");
	}
}

static void verb_data(struct lmtp *lmtp, const char *args)
{
	if (*args != '\0') {
		reply(lmtp, "501 5.5.4 Syntax: DATA");
		return;
	}
	unstuff_init(&lmtp->unstuff);
	enter_state(lmtp, LMTP_STATE_DATA);
	reply(lmtp, "354 End data with <CR><LF>.<CR><LF>");
}

/* Not announced; the chunk follows the command all the same (RFC 3030 2) and
 * must not be read as commands. */
static void verb_bdat(struct lmtp *lmtp, const char *args)
{
	const char *wrong = command_parse_bdat(args, &lmtp->skip_bytes);

	reply(lmtp, wrong != NULL ? wrong : "502 5.5.1 BDAT not implemented");
	lmtp->errors++;
	if (lmtp->skip_bytes > lmtp->limits->message_bytes)
		enter_state(lmtp, LMTP_STATE_CLOSED);
}

static void verb_rset(struct lmtp *lmtp, G_GNUC_UNUSED const char *args)
{
	reset_transaction(lmtp);
	if (lmtp->state != LMTP_STATE_CONNECTED)
		enter_state(lmtp, LMTP_STATE_READY);
	reply(lmtp, "250 2.0.0 Ok");
}

static void verb_noop(struct lmtp *lmtp, G_GNUC_UNUSED const char *args)
{
	reply(lmtp, "250 2.0.0 Ok");
}

static void verb_vrfy(struct lmtp *lmtp, const char *args)
{
	reply(lmtp, *args == '\0' ? "501 5.5.4 Syntax: VRFY address"
	                          : "252 2.0.0 Send mail and see");
}

static void verb_help(struct lmtp *lmtp, G_GNUC_UNUSED const char *args)
{
	reply(lmtp, "214 2.0.0 LHLO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP "
	            "XFORWARD");
}

static void verb_xforward(struct lmtp *lmtp, const char *args)
{
	const char *wrong =
		command_parse_xforward(args, &lmtp->envelope.client);

	reply(lmtp, wrong != NULL ? wrong : "250 2.0.0 Ok");
}

static void verb_quit(struct lmtp *lmtp, G_GNUC_UNUSED const char *args)
{
	reply(lmtp, "221 2.0.0 Bye");
	enter_state(lmtp, LMTP_STATE_CLOSED);
}

static void verb_unknown(struct lmtp *lmtp, G_GNUC_UNUSED const char *args)
{
	reply(lmtp, "500 5.5.1 Unknown command");
	lmtp->errors++;
}

#define IN(state) (1U << LMTP_STATE_##state)
#define ANY       (IN(CONNECTED) | IN(READY) | IN(MAIL) | IN(RCPT))

static const struct verb {
	const char *name; /* NULL: the last row, whatever is none */
	unsigned states;
	void (*run)(struct lmtp *lmtp, const char *args);
	const char *elsewhere; /* the reply in other states */
} verbs[] = {
	{ "LHLO", ANY, verb_lhlo, NULL },
	{ "MAIL", IN(READY), verb_mail, "503 5.5.1 A sender was given" },
	{ "RCPT", IN(MAIL) | IN(RCPT), verb_rcpt, "503 5.5.1 MAIL first" },
	{ "DATA", IN(RCPT), verb_data, "503 5.5.1 No valid recipients" },
	{ "RSET", ANY, verb_rset, NULL },
	{ "NOOP", ANY, verb_noop, NULL },
	{ "QUIT", ANY, verb_quit, NULL },
	{ "VRFY", ANY, verb_vrfy, NULL },
	{ "HELP", ANY, verb_help, NULL },
	{ "XFORWARD", IN(READY), verb_xforward,
	  "503 5.5.1 Not inside a transaction" },
	{ "BDAT", ANY, verb_bdat, NULL },
	{ "EHLO", ANY, verb_smtp_hello, NULL },
	{ "HELO", ANY, verb_smtp_hello, NULL },
	{ NULL, ANY, verb_unknown, NULL },
};

static const struct verb *find_verb(const char *name, size_t len)
{
	const struct verb *verb = verbs;

	while (verb->name != NULL &&
	       (strlen(verb->name) != len ||
	        g_ascii_strncasecmp(verb->name, name, len) != 0))
		verb++;
	return verb;
}

static void run_verb(struct lmtp *lmtp, const char *line)
{
	size_t len = strcspn(line, " \t");
	const struct verb *verb = find_verb(line, len);
	unsigned errors = lmtp->errors;

	if ((verb->states & 1U << lmtp->state) != 0) {
		verb->run(lmtp, line + len + strspn(line + len, " \t"));
	} else {
		reply(lmtp, lmtp->state == LMTP_STATE_CONNECTED
		                    ? "503 5.5.1 LHLO first"
		                    : verb->elsewhere);
	}
	if (lmtp->errors == errors)
		lmtp->errors = 0;
}

/* line: len bytes, no line end. */
static void run_line(struct lmtp *lmtp, const char *data, size_t len)
{
	g_autofree char *line = NULL;

	while (len > 0 && (data[len - 1] == ' ' || data[len - 1] == '\t'))
		len--;
	for (size_t i = 0; i < len; i++) {
		if (g_ascii_iscntrl(data[i]) && data[i] != '\t') {
			reply(lmtp, "500 5.5.2 Control character in command");
			lmtp->errors++;
			return;
		}
	}
	line = g_strndup(data, len);
	run_verb(lmtp, line);
}

static const char *pending(const struct lmtp *lmtp, size_t *ret_len)
{
	*ret_len = lmtp->input->len - lmtp->used;
	return (const char *)lmtp->input->data + lmtp->used;
}

/* A line without end that is longer than a command may be: the reply comes
 * at once, the rest is thrown away as it arrives. */
static void line_too_long(struct lmtp *lmtp, size_t len)
{
	lmtp->used += len;
	if (!lmtp->skip_line) {
		reply(lmtp, "500 5.5.2 Line too long");
		lmtp->errors++;
	}
	lmtp->skip_line = true;
}

/* Runs the next command; false if no whole line is there. */
static bool step_command(struct lmtp *lmtp)
{
	size_t max = (size_t)lmtp->limits->command_line_bytes;
	size_t len;
	const char *data = pending(lmtp, &len);
	const char *end = len > 0 ? memchr(data, '\n', MIN(len, max)) : NULL;

	if (end == NULL) {
		if (len >= max || (lmtp->skip_line && len > 0))
			line_too_long(lmtp, MIN(len, max));
		return len >= max;
	}
	len = (size_t)(end - data);
	lmtp->used += len + 1;
	if (lmtp->skip_line)
		lmtp->skip_line = false;
	else
		run_line(lmtp, data,
		         len > 0 && data[len - 1] == '\r' ? len - 1 : len);
	if (lmtp->errors > ERRORS_MAX && lmtp->state != LMTP_STATE_CLOSED) {
		reply(lmtp, "421 4.7.0 Too many errors");
		enter_state(lmtp, LMTP_STATE_CLOSED);
	}
	return true;
}

/* Throws a chunk away; false if there is more of it to come. */
static bool step_skip(struct lmtp *lmtp)
{
	size_t len;
	guint64 skip;

	pending(lmtp, &len);
	skip = MIN(len, lmtp->skip_bytes);
	lmtp->used += (size_t)skip;
	lmtp->skip_bytes -= skip;
	return lmtp->skip_bytes == 0;
}

static enum lmtp_event next_command(struct lmtp *lmtp)
{
	for (;;) {
		if (lmtp->asked != NULL)
			return LMTP_EVENT_RECIPIENT;
		if (lmtp->state == LMTP_STATE_CLOSED)
			return LMTP_EVENT_CLOSE;
		if (lmtp->state == LMTP_STATE_DATA)
			return lmtp_next(lmtp);
		if (lmtp->skip_bytes > 0 ? !step_skip(lmtp)
		                         : !step_command(lmtp))
			return LMTP_EVENT_INPUT;
	}
}

static enum lmtp_event next_content(struct lmtp *lmtp)
{
	for (;;) {
		size_t len;
		const char *data = pending(lmtp, &len);

		if (len == 0)
			return LMTP_EVENT_INPUT;
		lmtp->used +=
			unstuff_step(&lmtp->unstuff, data, len, &lmtp->content);
		if (lmtp->content.len > 0)
			return LMTP_EVENT_CONTENT;
		if (unstuff_is_end(&lmtp->unstuff)) {
			enter_state(lmtp, LMTP_STATE_ANSWER);
			return LMTP_EVENT_MESSAGE;
		}
	}
}

enum lmtp_event lmtp_next(struct lmtp *lmtp)
{
	switch (lmtp->state) {
	case LMTP_STATE_DATA:
		return next_content(lmtp);
	case LMTP_STATE_ANSWER:
		return LMTP_EVENT_MESSAGE;
	case LMTP_STATE_CLOSED:
		return LMTP_EVENT_CLOSE;
	default:
		return next_command(lmtp);
	}
}

const char *lmtp_get_recipient(const struct lmtp *lmtp)
{
	return lmtp->asked;
}

void lmtp_answer_recipient(struct lmtp *lmtp, enum lmtp_recipient answer,
                           void *data)
{
	reply(lmtp, recipient_replies[answer]);
	if (answer == LMTP_RECIPIENT_OK) {
		struct lmtp_rcpt *rcpt = g_new0(struct lmtp_rcpt, 1);

		rcpt->address = g_steal_pointer(&lmtp->asked);
		rcpt->data = data;
		g_ptr_array_add(lmtp->envelope.recipients, rcpt);
		enter_state(lmtp, LMTP_STATE_RCPT);
	}
	g_clear_pointer(&lmtp->asked, g_free);
}

const char *lmtp_content(const struct lmtp *lmtp, size_t *ret_len)
{
	*ret_len = lmtp->content.len;
	return lmtp->content.data;
}

/* Text of ours, but made of data: one line of printable ASCII. */
static void append_text(GString *output, const char *text)
{
	for (; *text != '\0'; text++)
		g_string_append_c(output, g_ascii_isprint(*text) ? *text : '?');
}

void lmtp_answer_message(struct lmtp *lmtp, enum lmtp_answer answer,
                         const char *text)
{
	g_string_append(lmtp->output, answers[answer].code);
	g_string_append_c(lmtp->output, ' ');
	append_text(lmtp->output, text != NULL ? text : answers[answer].text);
	g_string_append(lmtp->output, "\r\n");
	if (++lmtp->answered == lmtp->envelope.recipients->len) {
		reset_transaction(lmtp);
		enter_state(lmtp, LMTP_STATE_READY);
	}
}

void lmtp_hang_up(struct lmtp *lmtp, enum lmtp_goodbye why)
{
	static const char *const replies[] = {
		[LMTP_GOODBYE_IDLE] = "421 4.4.2 Nothing was said for too long",
		[LMTP_GOODBYE_SHUTDOWN] = "421 4.3.2 Going down for a moment",
	};

	reply(lmtp, replies[why]);
	enter_state(lmtp, LMTP_STATE_CLOSED);
}

const char *lmtp_text_too_many(void)
{
	return "421 4.3.2 Too many connections\r\n";
}
