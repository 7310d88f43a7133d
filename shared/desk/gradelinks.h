/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/gradelinks.h - the grades of the question, as text and as links
 *
 * Private to letter.c. A grade is a mail to an address of its own
 * (signed.h), so whoever reads the mail needs no web page: RFC 6068.
 */
#ifndef PORTARIA_DESK_GRADELINKS_H
#define PORTARIA_DESK_GRADELINKS_H

#include "desk/letter.h"

/* {{grades}}: "  5 - Good: <mailto:...>", the best first; "" for a letter that
 * asks for none. Owned by the caller. */
char *gradelinks_dup(const struct desk *desk, const struct letter *letter,
		     const char *language);
/* Those lines in an HTML body become links that show the words only. Takes
 * html; owned by the caller. */
char *gradelinks_take_html(char *html);

#endif
