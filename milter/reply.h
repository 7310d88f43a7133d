/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/reply.h - what the mail server is told to do and to say
 *
 * A text counts only if its class is that of the action (libmilter replaces
 * it otherwise), so the action is always made from the code.
 */
#ifndef PORTARIA_MILTER_REPLY_H
#define PORTARIA_MILTER_REPLY_H

#include "desk/judge.h"

enum reply_action {
	REPLY_CONTINUE,
	REPLY_ACCEPT, /* this message needs no more of us */
	REPLY_REJECT,
	REPLY_TEMPFAIL,
	REPLY_ACTION__COUNT
};

/* All zero is "continue". */
struct reply {
	enum reply_action action;
	unsigned code;  /* 0 without a text */
	char *enhanced; /* "5.7.1" */
	char **lines;   /* ASCII, "%" doubled, at most REPLY_LINES */
};

#define REPLY_LINES    3
#define REPLY_LINE_MAX 900 /* libmilter takes 980 */

/* What a reply says that is not about the sender. */
enum reply_text {
	REPLY_TEXT_INTERNAL,       /* 451 4.3.0 */
	REPLY_TEXT_SECOND_CLASS,   /* 452 4.5.3 */
	REPLY_TEXT_RECIPIENTS,     /* 452 4.5.3 */
	REPLY_TEXT_BUSY,           /* 451 4.3.2 */
	REPLY_TEXT_RATE_CLIENT,    /* 451 4.7.1 */
	REPLY_TEXT_RATE_SENDER,
	REPLY_TEXT_RATE_DEPARTMENT,
	REPLY_TEXT_HEADER_SIZE,    /* 552 5.3.4 */
	REPLY_TEXT_HEADER_FIELDS,  /* 552 5.3.4 */
	REPLY_TEXT_MESSAGE_SIZE,   /* 552 5.3.4 */
	REPLY_TEXT_HEADER_SYNTAX,  /* 554 5.6.0 */
	REPLY_TEXT__COUNT
};

const char *reply_text_name(enum reply_text text); /* for the log */

/* All of these replace what *reply held. */
void reply_set(struct reply *reply, enum reply_action action);
void reply_set_text(struct reply *reply, const struct desk *desk,
                    enum reply_text text);
/* Of a verdict that rejects or puts off; any other is an internal error. */
void reply_set_verdict(struct reply *reply, const struct desk *desk,
                       const struct verdict *verdict);
void reply_clear(struct reply *reply);

#endif
