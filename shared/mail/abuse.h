/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/abuse.h - abuse reports
 *
 * ARF (RFC 5965) with the fields senders leave out recovered from the
 * reported message; XARF versions 3 and 4 (JSON); X-ARF 0.1 and 0.2
 * ("Key: value" lines in a text part); aggregate and failure reports of
 * DMARC (RFC 7489, 9990) and TLS (RFC 8460), which are no complaints about
 * anybody: see enum mail_abuse_class. A letter of a person is none of them.
 */
#ifndef PORTARIA_MAIL_ABUSE_H
#define PORTARIA_MAIL_ABUSE_H

#include "mail/mail.h"

/* Sets mail->abuse and returns true if the mail is one. Parts of the mail
 * are read already, its kind is what automatic_kind() says; `data` starts with
 * the message's header. */
bool abuse_read(struct mail *mail, const char *data, size_t len);

#endif
