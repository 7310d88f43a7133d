/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/parse.h - from bytes to struct mail
 *
 * Runs in the confined child. The tree is built in one linear pass within
 * limits.h (mail/mime.h) before anything is decoded.
 */
#ifndef PORTARIA_MAIL_PARSE_H
#define PORTARIA_MAIL_PARSE_H

#include "mail/mail.h"

#include <stddef.h>

/*
 * Once, before the first parse, before threads and before confinement:
 * loads character converters and the file type database. After it, parsing
 * needs memory only; a system call filter must answer other calls with an
 * error, not with death, because GMime may ask for a converter by a name from
 * the message.
 */
void mail_parse_init(void);

/* The limits alone: LIMIT with the limit's name and the figure found. */
bool mail_prescan(GBytes *raw, const struct limits *limits,
                  GError **error) NODISCARD;

/* Error: LIMIT. What has no header is all text; an mbox line in front is
 * skipped. Owned by the caller. Attachments may be slices of raw. */
struct mail *mail_parse(GBytes *raw, const struct limits *limits,
                        GError **error) NODISCARD;

/* What can be said of a message that mail_parse() refused or died of: the
 * first Subject, From, Message-ID, References, read with mail/header.h only,
 * text = `why`, no parts. Never fails. */
struct mail *mail_parse_stub(GBytes *raw, const struct limits *limits,
                             const char *why);

#endif
