/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/remarks.h - what staff must be told of a mail that its text does not
 *
 * That it is encrypted and could not be read; what an attached invitation is
 * about. Lines in brackets, in the department's language.
 */
#ifndef PORTARIA_DESK_REMARKS_H
#define PORTARIA_DESK_REMARKS_H

#include "mail/mail.h"

/* The text with the remarks above it. language: pt_BR, en, es; anything else
 * reads pt_BR. Owned by the caller. */
char *remarks_dup_text(const struct mail *mail, const char *text,
                       const char *language);

#endif
