/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/lmtp.h - the server's side of an LMTP dialogue (RFC 2033)
 *
 * Bytes in, events and replies out; knows no socket and no database. Input is
 * kept across states, so pipelining (RFC 2920) needs no thought elsewhere:
 *
 *	lmtp_feed(lmtp, bytes) when lmtp_next() says LMTP_EVENT_INPUT, after
 *	lmtp_output() was sent; the other events are answered by the calls
 *	named with them, then lmtp_next() goes on.
 *
 * Nothing after DATA is answered with a 5xx, because the MTA would bounce to
 * a sender that may be forged: enum lmtp_answer has none.
 */
#ifndef PORTARIA_LMTPD_LMTP_H
#define PORTARIA_LMTPD_LMTP_H

#include "base/cleanup.h"
#include "base/limits.h"
#include "lmtpd/command.h"

#include <stdbool.h>

enum lmtp_event {
	LMTP_EVENT_INPUT,     /* all input is used up */
	LMTP_EVENT_RECIPIENT, /* lmtp_answer_recipient() */
	LMTP_EVENT_CONTENT,   /* lmtp_content(): part of the message */
	LMTP_EVENT_MESSAGE,   /* it is complete: lmtp_answer_message() once for
				 each recipient, in order */
	LMTP_EVENT_CLOSE,     /* send the output, hang up */
};

enum lmtp_state {
	LMTP_STATE_CONNECTED, /* before LHLO */
	LMTP_STATE_READY,
	LMTP_STATE_MAIL, /* a sender, no recipient yet */
	LMTP_STATE_RCPT,
	LMTP_STATE_DATA,
	LMTP_STATE_ANSWER, /* waits for lmtp_answer_message() */
	LMTP_STATE_CLOSED,
	LMTP_STATE__COUNT
};
const char *lmtp_state_name(enum lmtp_state state);

/* What becomes of a recipient at RCPT. */
enum lmtp_recipient {
	LMTP_RECIPIENT_OK,      /* 250 2.1.5 */
	LMTP_RECIPIENT_UNKNOWN, /* 550 5.1.1 */
	LMTP_RECIPIENT_TROUBLE, /* 451 4.3.0 */
	LMTP_RECIPIENT__COUNT
};

/* What becomes of a message for one recipient. */
enum lmtp_answer {
	LMTP_ANSWER_STORED,  /* 250 2.6.0 and the text */
	LMTP_ANSWER_TROUBLE, /* 451 4.3.0: of ours */
	LMTP_ANSWER_LATER,   /* 451 4.7.0: nothing can be said of the sender */
	LMTP_ANSWER_FULL,    /* 452 4.3.1: too much at once */
	LMTP_ANSWER_LARGE,   /* 452 4.3.4: past the announced SIZE */
	LMTP_ANSWER__COUNT
};

/* The transaction; borrowed from the dialogue, valid until it is reset. */
struct lmtp_envelope {
	struct command_xforward client;
	struct command_mail mail;
	GPtrArray *recipients; /* struct lmtp_rcpt, those accepted */
};
struct lmtp_rcpt {
	char *address; /* as it came */
	void *data;    /* of who accepted it */
};

struct lmtp;

/* hostname and limits are borrowed; free_data releases lmtp_rcpt.data. The
 * greeting is in the output already. */
struct lmtp *lmtp_new(const char *hostname, const struct limits *limits,
                      GDestroyNotify free_data);
void lmtp_free(struct lmtp *lmtp);
DEFINE_AUTO(lmtp)

void lmtp_feed(struct lmtp *lmtp, const char *data, size_t len);
enum lmtp_event lmtp_next(struct lmtp *lmtp);

/* Replies not yet sent; the caller sends and truncates it. */
GString *lmtp_output(struct lmtp *lmtp);

/* LMTP_EVENT_RECIPIENT: the address asked for. */
const char *lmtp_get_recipient(const struct lmtp *lmtp);
/* data is taken over if it is accepted. */
void lmtp_answer_recipient(struct lmtp *lmtp, enum lmtp_recipient answer,
                           void *data);

/* LMTP_EVENT_CONTENT: borrowed until lmtp_next() or lmtp_feed(). */
const char *lmtp_content(const struct lmtp *lmtp, size_t *ret_len);

/* text NULL: the usual one. */
void lmtp_answer_message(struct lmtp *lmtp, enum lmtp_answer answer,
                         const char *text);

const struct lmtp_envelope *lmtp_get_envelope(const struct lmtp *lmtp);
enum lmtp_state lmtp_get_state(const struct lmtp *lmtp);
/* No transaction is open: hanging up now loses nothing. */
bool lmtp_is_idle(const struct lmtp *lmtp);

/* Ends the dialogue from our side: the reply, then LMTP_EVENT_CLOSE. */
enum lmtp_goodbye {
	LMTP_GOODBYE_IDLE,     /* 421 4.4.2 */
	LMTP_GOODBYE_SHUTDOWN, /* 421 4.3.2 */
};
void lmtp_hang_up(struct lmtp *lmtp, enum lmtp_goodbye why);

/* What a connection too many is told, with line end. Static. */
const char *lmtp_text_too_many(void);

#endif
