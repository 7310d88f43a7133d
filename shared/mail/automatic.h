/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/automatic.h - did a person write this?
 *
 * By headers (RFC 3834, RFC 2919, RFC 2369 and the lists of practice), and at
 * most by the first lines of an absence note; bounces and abuse reports are told by mail/bounce.h and mail/abuse.h.
 */
#ifndef PORTARIA_MAIL_AUTOMATIC_H
#define PORTARIA_MAIL_AUTOMATIC_H

#include "mail/mail.h"

/* HUMAN, AUTO_REPLY, VACATION or LIST. `data` starts with the header. */
enum mail_kind automatic_kind(const char *data, size_t len);

/* True for an absence note without any header that says so: the subject is
 * one that programs write, the text is of the first person and asks nothing.
 * For mail whose kind by header is HUMAN. */
bool automatic_is_absence(const struct mail *mail);

/* True for "mailer-daemon", "noreply" and the like; case is ignored. */
bool automatic_is_robot(const char *local_part);

#endif
