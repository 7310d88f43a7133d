/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/parser_mail.h - the parser's work: mail/ behind the job's seam
 */
#ifndef PORTARIA_LMTPD_PARSER_MAIL_H
#define PORTARIA_LMTPD_PARSER_MAIL_H

#include <glib.h>

#include "base/limits.h"

/* Bytes that the parsed form of a message may have. */
guint64 parser_mail_result_max(const struct limits *limits);

/* In the zygote: all that mail_parse() would open later, opened now. */
void parser_mail_init(void);

/* Confined: mail_parse() and mail_to_variant(). */
GVariant *parser_mail_parse(GBytes *raw, const struct limits *limits,
                            GError **error);

#endif
