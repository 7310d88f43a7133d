/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/tnef.h - winmail.dat, Outlook's envelope
 */
#ifndef PORTARIA_MAIL_TNEF_H
#define PORTARIA_MAIL_TNEF_H

#include "mail/mail.h"

/*
 * Replaces every TNEF part by the files in it; its text becomes the mail's
 * if that has none. A part that cannot be read to its end is kept and
 * MAIL_WARN_TNEF_KEPT set.
 */
void tnef_expand(struct mail *mail, const struct limits *limits);

#endif
