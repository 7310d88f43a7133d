/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/body.h - which parts of a MIME tree are the text, which attachments
 */
#ifndef PORTARIA_MAIL_BODY_H
#define PORTARIA_MAIL_BODY_H

#include "mail/mail.h"

#include <gmime/gmime.h>

/*
 * Fills in text, html, parts and warnings of a mail. The tree is one that
 * mail_prescan() has let pass: its depth and size are bounded. File names
 * are safe but not yet unique.
 */
void body_read(struct mail *mail, GMimeObject *root,
               const struct limits *limits);

/* The same for a message whose structure is beyond repair: everything
 * behind the header is text. */
void body_read_raw(struct mail *mail, const char *data, size_t len,
                   const struct limits *limits);

#endif
