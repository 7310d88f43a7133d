/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/abuse_xarf.h - XARF documents
 */
#ifndef PORTARIA_MAIL_ABUSE_XARF_H
#define PORTARIA_MAIL_ABUSE_XARF_H

#include "mail/abuse_value.h"

/* A JSON document of version 3 or 4; NULL if it is none. Size and nesting
 * are bounded before the parser sees it. Owned by the caller. */
struct mail_abuse *abuse_read_json(const char *data, size_t len);

/* Nesting and size of a JSON text are such that the parser, which recurses,
 * may see it. */
bool abuse_json_is_bounded(const char *data, size_t len);

/* "Key: value" lines (YAML) of versions 0.1 and 0.2; NULL if the keys that
 * every such report has are not there. Owned by the caller. */
struct mail_abuse *abuse_read_lines(const char *text, size_t len);
/* The same where nothing has announced a report: more keys must be there. */
struct mail_abuse *abuse_read_lines_strictly(const char *text, size_t len);

#endif
