/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * submit.h - one message to the mail server, by SMTP (RFC 5321)
 *
 * Through libcurl to [notifier] submission, normally Postfix on loopback. The
 * connection is kept between messages. One struct submit a thread.
 */
#ifndef PORTARIA_NOTIFIER_SUBMIT_H
#define PORTARIA_NOTIFIER_SUBMIT_H

#include "base/cleanup.h"
#include "store/outbox.h"

enum submit_outcome {
	SUBMIT_SENT,
	SUBMIT_LATER,   /* 4xx, or a 5xx that says nothing of this mail */
	SUBMIT_DOWN,    /* no answer at all: other mail would fare no better */
	SUBMIT_REFUSED, /* this message will never be taken */
	SUBMIT_REFUSED_ADDRESS, /* the recipient's address is to blame */
};

/* No message keeps the program longer than this. */
#define SUBMIT_SECONDS_MAX 120

struct submit;

/* url: smtp://host:port; helo: our name. NULL and CONFIG if unusable. */
struct submit *submit_new(const char *url, const char *helo, GError **error)
	NODISCARD;
void submit_free(struct submit *submit);
DEFINE_AUTO(submit)

/* From any thread: a message that is on its way may take grace_ms more, then
 * it is broken off (SUBMIT_DOWN); so is every later one. */
void submit_stop(struct submit *submit, gint64 grace_ms);

/* *ret_reply: what the server said last, or our words; one line, valid UTF-8,
 * owned by the caller. */
enum submit_outcome submit_send(struct submit *submit,
				const struct outbox *row, char **ret_reply);

/* What a reply of the server to a message means ("550 5.1.1 no such user").
 * "" is SUBMIT_DOWN. Exposed for tests. */
enum submit_outcome submit_classify(const char *reply);

#endif
