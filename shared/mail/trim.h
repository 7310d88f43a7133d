/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/trim.h - what somebody wrote, without the mail it answers
 *
 * A tail is cut, from something that says "quotation" (an attribution line,
 * a separator, the header lines Outlook writes, ">" marks) to the end; or the
 * head, where one attributed quotation stands above the whole answer. An
 * attribution is known by its grammar (a date, a name or address, "wrote", a
 * colon), the phrases of some forty languages; header lines above a rule by
 * their form in any language. Answers between ">" lines are never cut; where
 * nothing would be left, nothing is cut.
 */
#ifndef PORTARIA_MAIL_TRIM_H
#define PORTARIA_MAIL_TRIM_H

#include <stdbool.h>

/* The text without its quoted tail; signatures stay, and so does every sign
 * of a quotation that remains. Owned by the caller. Linear. */
char *trim_quotes(const char *text);

/*
 * The same for reading: besides, without what follows a signature mark
 * ("-- ", RFC 3676 4.3), without the lines phones and mail programs add, and
 * without an attribution above text that nothing tells apart. What followed
 * the words themselves goes to *ret_signature (may be NULL), with its mark;
 * "" if there was nothing. Both owned by the caller. Linear.
 */
char *trim_reply(const char *text, char **ret_signature);

/* True if the first thing quoted is a forwarded mail ("---------- Forwarded
 * message"), which is content and not to be trimmed. */
bool trim_is_forward(const char *text);

/* NULL for such a mail, else what trim_reply() makes of it, at the price of
 * one of the two. Owned by the caller. */
char *trim_unforwarded(const char *text);

#endif
