/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/session.h - one connection of a mail server's client
 *
 * The events of the milter protocol as functions, their answers as struct
 * reply: everything but libmilter itself, which is in mfi.c. Used by one
 * thread at a time, which may change between calls. Events may come in any
 * order; one that does not fit is answered "continue" and changes nothing.
 */
#ifndef PORTARIA_MILTER_SESSION_H
#define PORTARIA_MILTER_SESSION_H

#include "milter/hub.h"
#include "milter/message.h"

struct session;
struct session *session_new(struct hub *hub);
void session_free(struct session *session);
DEFINE_AUTO(session)

/* ip: text of an address; NULL if there is none (see struct message_client).
 * Starts anew if the mail server reuses the connection. */
void session_connect(struct session *session, const char *ip);
void session_helo(struct session *session, const char *name);
/* sender: with or without <>, "" for the null sender. login: SASL, or NULL. */
void session_mail(struct session *session, const char *sender,
                  const char *login);
/* queue_id is NULL for the first recipient under Postfix. */
void session_rcpt(struct session *session, const char *queue_id,
                  const char *recipient, struct reply *reply);
/* ACCEPT if nobody of ours is among the recipients. */
void session_data(struct session *session, struct reply *reply);
void session_header(struct session *session, const char *name,
                    const char *value);
void session_end_header(struct session *session, const char *queue_id,
                        struct reply *reply);
void session_body(struct session *session, const char *data, size_t len);
void session_end(struct session *session, const char *queue_id,
                 struct reply *reply, GPtrArray *edits);
void session_abort(struct session *session);

#endif
