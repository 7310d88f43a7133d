/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/ticketfields.h - "Prioridade:" and "Serviço:" of a mail, on a ticket
 *
 * Private to desk. What cannot be followed changes nothing, stays readable,
 * and is said: an unreadable line stays in the text, an unknown service
 * becomes an event, and both become remarks for the mails about the message.
 */
#ifndef PORTARIA_DESK_TICKETFIELDS_H
#define PORTARIA_DESK_TICKETFIELDS_H

#include "desk/notify.h"

#define TICKETFIELDS_REMARKS_MAX 2

struct ticketfields {
	enum ticket_priority priority;
	gint64 service_id;
	bool has_priority;
	bool has_service;
	/* Values are borrowed from the mail. */
	struct notify_remark remarks[TICKETFIELDS_REMARKS_MAX];
	size_t n_remarks;
};

/* What the mail asks for; services are those of customer_id (0: of nobody). */
bool ticketfields_read(struct store *store, const struct mail *mail,
                       gint64 customer_id, struct ticketfields *ret_fields,
                       GError **error) NODISCARD;
/* Before a new ticket is inserted. */
void ticketfields_set(const struct ticketfields *fields, struct ticket *ticket);
/* On a ticket that exists: an event for each field that changes. The caller
 * saves the ticket. by: who wrote, for the events. */
bool ticketfields_change(struct store *store, const struct ticketfields *fields,
                         struct ticket *ticket, const char *by,
                         GError **error) NODISCARD;
/* An event for what could not be followed and would else be gone. */
bool ticketfields_record(struct store *store, const struct ticketfields *fields,
                         gint64 ticket_id, GError **error) NODISCARD;

#endif
