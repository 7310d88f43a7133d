/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/abuse_xarf.h - XARF documents
 */
#ifndef PORTARIA_MAIL_ABUSE_XARF_H
#define PORTARIA_MAIL_ABUSE_XARF_H

#include "mail/mail.h"

/* A JSON document of version 3 or 4; NULL if it is none. Size and nesting
 * are bounded before the parser sees it. Owned by the caller. */
struct mail_abuse *abuse_read_json(const char *data, size_t len);

/* "Key: value" lines of versions 0.1 and 0.2; NULL if the keys that every
 * such report has are not there. Owned by the caller. */
struct mail_abuse *abuse_read_lines(const char *text, size_t len);

/* The one address in `text`, brackets and blanks aside, or NULL. Owned. */
char *abuse_dup_ip(const char *text);

#endif
