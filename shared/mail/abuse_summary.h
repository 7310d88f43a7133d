/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/abuse_summary.h - DMARC and TLS reports: counts of a period
 */
#ifndef PORTARIA_MAIL_ABUSE_SUMMARY_H
#define PORTARIA_MAIL_ABUSE_SUMMARY_H

#include "mail/mail.h"

/*
 * The aggregate report that the mail carries (RFC 7489 7.2 and RFC 9990, RFC
 * 8460), from its document, else from the attachment's name (RFC 7489
 * 7.2.1.1) and the subject; NULL if it carries none. A letter in which a
 * person passes one on is none. `data` starts with the message's header.
 */
struct mail_abuse *abuse_read_summary(const struct mail *mail, const char *data,
                                      size_t len);

/* An answer, or something passed on with words of one's own: it has such a
 * subject, or refers to another message. */
bool abuse_is_letter(const struct mail *mail);

/* The documents alone; NULL if it is none. Owned by the caller. */
struct mail_abuse *abuse_read_dmarc(const char *xml, size_t len);
struct mail_abuse *abuse_read_tls(const char *json, size_t len);
/* "receiver!domain!begin!end[!id].xml.gz" and the like; NULL if it is not. */
struct mail_abuse *abuse_read_report_name(const char *filename);

#endif
