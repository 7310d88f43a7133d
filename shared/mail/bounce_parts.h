/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/bounce_parts.h - the readers behind mail/bounce.h
 *
 * Each adds recipients to mail->bounce, which its caller has made; a
 * recipient met before is left as it is, and `max` bounds their number.
 */
#ifndef PORTARIA_MAIL_BOUNCE_PARTS_H
#define PORTARIA_MAIL_BOUNCE_PARTS_H

#include "mail/mail.h"

#define BOUNCE_DIAGNOSTIC_MAX 998
#define BOUNCE_VALUE_MAX      320
#define BOUNCE_LOOK_BYTES     ((size_t)64 * 1024) /* of text, for phrases */

/* The first part whose type starts so, or NULL; borrowed. */
struct mail_part *bounce_find_part(const struct mail *mail, const char *type);

/* True if one of the NULL-terminated words stands in a text of lower case. */
bool bounce_has_word(const char *lower, const char *const *words);

/* "rfc822; <a@b>" or "a@b": the address key, or NULL. Owned. */
char *bounce_dup_address(const char *value);

/* The first status code (RFC 3463 2) of one of the classes in running text,
 * "" if none. Owned. */
char *bounce_find_status(const char *text, const char *classes);

/* The class of the first SMTP reply code that stands alone, or '\0'. */
char bounce_find_reply_class(const char *text);

/* True if there is a status code or a reply code, of class 4 or 5. */
bool bounce_has_code(const char *text);

/* True if a text of lower case holds a code or words of a reason. */
bool bounce_names_reason(const char *lower);

/* From a status code, a reply code or the words of a diagnostic. Owned. */
char *bounce_guess_status(const char *diagnostic, bool is_delay);

bool bounce_is_known(const struct mail_bounce *bounce, const char *address);

/* Takes nothing; strings are copied, the diagnostic as one line. action NULL:
 * what the status says. */
void bounce_add(struct mail_bounce *bounce, guint64 max, const char *address,
                const char *action, const char *status, const char *diagnostic);

/* The fields of a delivery status (RFC 3464 2), or of any text that holds
 * such groups; lines that are no fields are passed over. */
void bounce_read_report(struct mail_bounce *bounce, const char *data,
                        size_t len, guint64 max);

/* True if a line of the text is a Final-Recipient: or Original-Recipient:
 * field. */
bool bounce_has_report(const char *text, size_t len);

/* A notification of Amazon SES, JSON in the text; false if it is none. */
bool bounce_read_json(struct mail *mail, guint64 max);

/* Where the returned message starts in mail->text: behind a marker, or at its
 * first trace line; the end if it is not there. */
size_t bounce_find_returned(const char *text);

/* From the words of a notice; `data` is the raw message. */
void bounce_read_prose(struct mail *mail, const char *data, size_t len,
                       size_t returned_at, guint64 max);

/* True if the words hold an SMTP reply at a line's start and name the
 * recipient: the report of a program, whoever its From names. */
bool bounce_has_transcript(const char *text);

#endif
