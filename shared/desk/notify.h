/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/notify.h - which mails an event causes, as outbox rows
 *
 * In the transaction that causes them. Loop brakes: nothing automatic to
 * automatic mail, lists, null senders, our own addresses or a bounced
 * address; acknowledgements to one address are counted in a window.
 */
#ifndef PORTARIA_DESK_NOTIFY_H
#define PORTARIA_DESK_NOTIFY_H

#include "desk/desk.h"
#include "mail/mail.h"
#include "store/held.h"
#include "store/message.h"
#include "store/outbox.h"
#include "store/staff.h"
#include "store/ticket.h"

/* A message of a ticket and what is known of it; borrowed. */
struct notify_message {
	const struct ticket *ticket;
	const struct message *message;
	const GPtrArray *parts;  /* struct mail_part, may be NULL */
	enum mail_kind kind;     /* MAIL_KIND_HUMAN unless it came by mail */
	bool proven;             /* else an unregistered author gets no ack */
};

/* A customer wrote; created: that opened the ticket. Acknowledgements to owner
 * and contacts, notices with the attachments to staff. */
bool notify_customer_message(const struct desk *desk, struct store *store,
			     const struct notify_message *what, bool created,
			     GError **error) NODISCARD;
/* Staff answered: the text to every participant, attachments included. */
bool notify_staff_reply(const struct desk *desk, struct store *store,
			const struct notify_message *what, GError **error)
	NODISCARD;
/* Closed by staff or timer. */
bool notify_closed(const struct desk *desk, struct store *store,
		   const struct ticket *ticket, GError **error) NODISCARD;
/* Confirmation request to the registered address, notice to staff. */
bool notify_held(const struct desk *desk, struct store *store,
		 const struct held *held, GError **error) NODISCARD;
/* Our mail to `address` came back. */
bool notify_bounced(const struct desk *desk, struct store *store,
		    const struct ticket *ticket, const char *address,
		    const char *why, GError **error) NODISCARD;

#endif
