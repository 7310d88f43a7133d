/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/bounce.h - delivery status notifications
 *
 * RFC 3464 reports, and what mail systems send instead: told by who writes
 * (the mailer-daemon), what the subject says and that a message is returned.
 */
#ifndef PORTARIA_MAIL_BOUNCE_H
#define PORTARIA_MAIL_BOUNCE_H

#include "mail/mail.h"

/* Sets mail->bounce and returns true if the mail is one. Text and parts of
 * the mail are read already, its kind is what automatic_kind() says; `data` is
 * the raw message. */
bool bounce_read(struct mail *mail, const char *data, size_t len,
                 const struct limits *limits);

#endif
