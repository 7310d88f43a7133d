/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/notify.h - which mails an event causes, as outbox rows
 *
 * In the transaction that causes them. Who is told is the table of
 * desk/audience.h. Loop brakes: no acknowledgement to
 * automatic mail, lists and null senders; nothing automatic to our own
 * addresses, to programs' addresses or to one that bounced; acknowledgements,
 * questions about held messages and notices about automatic mail are counted
 * in a window. So whatever answers us by itself comes to rest.
 */
#ifndef PORTARIA_DESK_NOTIFY_H
#define PORTARIA_DESK_NOTIFY_H

#include "desk/audience.h"
#include "desk/desk.h"
#include "desk/phrases.h"
#include "mail/mail.h"
#include "store/held.h"
#include "store/message.h"
#include "store/outbox.h"
#include "store/staff.h"
#include "store/ticket.h"

/* A sentence for {{notice}}, and what it is about. */
struct notify_remark {
	enum phrase phrase;
	const char *value; /* NULL if none; borrowed */
};

/* A message of a ticket and what is known of it; borrowed. */
struct notify_message {
	const struct ticket *ticket;
	const struct message *message;
	const GPtrArray *parts;  /* struct mail_part, may be NULL */
	enum mail_kind kind;     /* MAIL_KIND_HUMAN unless it came by mail; with
				    a null sender it is never human */
	bool proven;             /* else an unregistered author gets no ack */
	const struct notify_remark *remarks;
	size_t n_remarks;
	/* For staff, instead of those; NULL: the same. */
	const struct notify_remark *staff_remarks;
	size_t n_staff_remarks;
};

/* A customer wrote; told is what the status table says of it. OPENED:
 * acknowledgements to who wrote and to who takes part. In any case notices
 * with the attachments to staff. */
bool notify_customer_message(const struct desk *desk, struct store *store,
			     const struct notify_message *what,
			     enum audience_event told, GError **error)
	NODISCARD;
/* Staff answered: the text to every participant, attachments included; a
 * notice to the assignee. */
bool notify_staff_reply(const struct desk *desk, struct store *store,
			const struct notify_message *what, GError **error)
	NODISCARD;
/* An internal note: a notice to the assignee. */
bool notify_staff_note(const struct desk *desk, struct store *store,
		       const struct notify_message *what, GError **error)
	NODISCARD;
/* Staff opened a ticket: the rest of the department learns of it. */
bool notify_staff_opened(const struct desk *desk, struct store *store,
			 const struct notify_message *what, GError **error)
	NODISCARD;
/* Who takes care of the ticket now learns of it. actor NULL: the system. */
bool notify_assigned(const struct desk *desk, struct store *store,
		     const struct ticket *ticket, const struct staff *actor,
		     GError **error) NODISCARD;
/* The staff of the ticket's new department learn of it. from: title of the
 * old one. */
bool notify_moved(const struct desk *desk, struct store *store,
		  const struct ticket *ticket, const char *from,
		  const struct staff *actor, GError **error) NODISCARD;
/* What a member of staff mailed was not sent, or not all of it: he learns of
 * it, and why. */
bool notify_answer_kept(const struct desk *desk, struct store *store,
			const struct notify_message *what,
			const struct staff *staff,
			const struct notify_remark *why, GError **error)
	NODISCARD;
/* The message was addressed to this second department too: its staff learn of
 * the ticket. message->id may be 0. */
bool notify_referral(const struct desk *desk, struct store *store,
		     const struct notify_message *what,
		     const struct department *department, GError **error)
	NODISCARD;
/* Closed by staff or timer. */
bool notify_closed(const struct desk *desk, struct store *store,
		   const struct ticket *ticket, GError **error) NODISCARD;
/* Resolved: the people of the ticket learn how to reopen it. */
bool notify_resolved(const struct desk *desk, struct store *store,
		     const struct ticket *ticket, GError **error) NODISCARD;
/* Confirmation request to the registered address, notice to staff, who are
 * told the reason in their language. */
bool notify_held(const struct desk *desk, struct store *store,
		 const struct held *held, enum phrase reason, GError **error)
	NODISCARD;
/* The notice only. */
bool notify_held_staff(const struct desk *desk, struct store *store,
		       const struct held *held, enum phrase reason,
		       GError **error) NODISCARD;
/* Our mail to `address` came back, or was never taken. */
bool notify_bounced(const struct desk *desk, struct store *store,
		    const struct ticket *ticket, const char *address,
		    const char *why, GError **error) NODISCARD;

#endif
