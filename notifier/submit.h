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
	SUBMIT_LATER,   /* no connection, 4xx, or a 5xx that says nothing of
			   this recipient */
	SUBMIT_REFUSED, /* this message or recipient will never be taken */
};

struct submit;

/* url: smtp://host:port; helo: our name. NULL and CONFIG if unusable. */
struct submit *submit_new(const char *url, const char *helo, GError **error)
	NODISCARD;
void submit_free(struct submit *submit);
DEFINE_AUTO(submit)

/* *ret_reply: the server's last line or our words; owned by the caller. */
enum submit_outcome submit_send(struct submit *submit,
				const struct outbox *row, char **ret_reply);

/* What a reply means; exposed for tests. */
enum submit_outcome submit_classify(long code, const char *reply);

#endif
