/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/body.h - which parts of a MIME tree are the text, which attachments
 */
#ifndef PORTARIA_MAIL_BODY_H
#define PORTARIA_MAIL_BODY_H

#include "mail/mail.h"

#include "mail/mime.h"

/*
 * Fills in text, html, parts, events and warnings of a mail from the tree of
 * `raw`. File names are safe but not yet unique. Parts may be slices of raw,
 * which they keep.
 *
 * - uuencoded files in plain text become attachments; yEnc stays text.
 * - Attached messages are kept as they stand, named by their subject.
 * - multipart/appledouble: the file is the attachment; the resource fork is
 *   only in the original message.
 * - Signed mail (multipart/signed, PGP in the text, S/MIME with the text
 *   inside): the text is read, the signature kept, MAIL_WARN_SIGNED set and
 *   nothing verified. Encrypted mail: kept, MAIL_WARN_ENCRYPTED.
 * - text/calendar: kept, and its first event added to mail->events.
 */
void body_read(struct mail *mail, GBytes *raw, const struct mime_node *root,
               const struct limits *limits);

#endif
