/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/parse.h - from bytes to struct mail
 *
 * Runs in the confined child. mail_prescan() is linear and enforces
 * limits.h before GMime sees a byte; mail_parse() calls it first.
 */
#ifndef PORTARIA_MAIL_PARSE_H
#define PORTARIA_MAIL_PARSE_H

#include "mail/mail.h"

/* Once, before the first parse and before threads. */
void mail_parse_init(void);

/* LIMIT with the limit's name and the figure found. */
bool mail_prescan(GBytes *raw, const struct limits *limits,
		  GError **error) NODISCARD;

/* Errors: LIMIT, SYNTAX (no header block at all). Owned by the caller. */
struct mail *mail_parse(GBytes *raw, const struct limits *limits,
			GError **error) NODISCARD;

/* What can be said of a message that mail_parse() refused or died of: the
 * first Subject, From, Message-ID, References, read with mail/header.h only,
 * text = `why`, no parts. Never fails. */
struct mail *mail_parse_stub(GBytes *raw, const struct limits *limits,
			     const char *why);

#endif
