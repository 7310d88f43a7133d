/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/mailbuild.h - making a struct mail; for this folder and its tests
 */
#ifndef PORTARIA_MAIL_MAILBUILD_H
#define PORTARIA_MAIL_MAILBUILD_H

#include "mail/mail.h"

#include <stddef.h>

/* Empty lists, everything else NULL or 0. */
struct mail *mail_new(void);
struct mail_bounce *mail_bounce_new(void);
void mail_bounce_free(struct mail_bounce *bounce);
void mail_abuse_free(struct mail_abuse *abuse);

/* Of any text: an identity if it is an address, else only shown (domain and
 * address are ""). */
struct mailbox *mailbox_new_lenient(const char *name, const char *address);

void mail_event_free(struct mail_event *event);

/* Moves behind an mbox "From " line (">From ", too), if there is one. */
void mail_skip_mbox_line(const char **data, size_t *len);

/* Puts "" or an empty list wherever a member is still NULL. */
void mail_fill(struct mail *mail);

#endif
