/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/abusenotice.h - what staff are told of an abuse case
 *
 * Private to desk/abusedesk.c.
 */
#ifndef PORTARIA_DESK_ABUSENOTICE_H
#define PORTARIA_DESK_ABUSENOTICE_H

#include "desk/desk.h"
#include "store/abusecase.h"
#include "store/message.h"

/* What a notice is about; borrowed. */
struct abuse_notice {
	const struct ticket *ticket;
	const struct department *department;
	const struct abuse_case *about;
	const struct message *message; /* the entry that it shows */
	const GPtrArray *parts;        /* struct mail_part, or NULL */
	bool is_new;                   /* else the count has grown */
};

/* To each of the department's staff who want notices, in his language. */
bool abuse_notice_post(const struct desk *desk, struct store *store,
                       const struct abuse_notice *notice,
                       GError **error) NODISCARD;

/* "10 reports by 3 reporters about 192.0.2.1 (abuse)", for the record. Owned
 * by the caller. */
char *abuse_notice_dup_event(const struct abuse_case *about);

#endif
