/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/trim.h - what somebody wrote, without the mail it answers
 *
 * A tail is cut, from something that says "quotation" (an attribution line,
 * a separator, the header lines Outlook writes, ">" marks) to the end; or the
 * head, where one attributed quotation stands above the whole answer. Where
 * text follows ">" lines it is never cut; where nothing would be left, nothing
 * is cut. Signatures stay. The phrases of some thirty languages are known;
 * pt, en and es best.
 */
#ifndef PORTARIA_MAIL_TRIM_H
#define PORTARIA_MAIL_TRIM_H

#include <stdbool.h>

/* The text without its quoted tail; owned by the caller. Linear. */
char *trim_quotes(const char *text);

/* True if the first thing quoted is a forwarded mail ("---------- Forwarded
 * message"), which is content and not to be trimmed. */
bool trim_is_forward(const char *text);

#endif
