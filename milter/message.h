/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/message.h - one message for departments, from header to verdict
 *
 * Exists from the first recipient that is a department to the end of the
 * transaction; mail for others has none. Knows nothing of libmilter. Used by
 * one thread at a time, which may change between calls.
 *
 * A message may have recipients that are not ours as well: the mail server
 * has taken those itself. It is one message all the same: if it is refused
 * here, it is refused for everybody, and the sender learns why.
 */
#ifndef PORTARIA_MILTER_MESSAGE_H
#define PORTARIA_MILTER_MESSAGE_H

#include "milter/block.h"
#include "milter/hub.h"
#include "milter/reply.h"

/* Who brings it; borrowed, must outlive the message. */
struct message_client {
	struct auth_client auth; /* ip NULL: not by SMTP, see `local` */
	/* Submitted on this host without SMTP, or by a client whose address
	 * the mail server does not know. A refusal would be stuck in the
	 * queue or bounce: such mail is sealed or passed as it is, and the
	 * LMTP agent judges again what has no seal. */
	bool local;
	bool counted;        /* by the rate limits */
	const char *session; /* our name of the connection, for the log */
};

struct message;
struct message *message_new(struct hub *hub,
                            const struct message_client *client);
/* Logs an abort unless the message was decided. */
void message_free(struct message *message);
DEFINE_AUTO(message)

/* Takes both. */
void message_add_recipient(struct message *message, char *address,
                           struct department *department);
size_t message_count_recipients(const struct message *message);
/* The first department, whose class all others share; NULL without one. */
const struct department *message_get_class(const struct message *message);
/* The message goes on without a seal: a recipient could not be judged. */
void message_set_unsealed(struct message *message);

/* value as struct block has it. */
void message_header(struct message *message, const char *name,
                    const char *value);
/* Refuses what needs no authentication to be refused. queue_id may be NULL;
 * *reply is replaced, here and below. */
void message_end_header(struct message *message, const char *queue_id,
                        struct reply *reply);
/* Nobody waits for an answer here: what is wrong is said at the end. */
void message_body(struct message *message, const char *data, size_t len);
/* The verdict. edits: struct block_edit are added, to be done in order if
 * the reply is "continue". */
void message_end(struct message *message, const char *queue_id,
                 struct reply *reply, GPtrArray *edits);

#endif
