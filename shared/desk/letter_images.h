/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/letter_images.h - where images stood in what staff wrote
 *
 * Private to desk. Mail programs leave "[cid:ID]" (Outlook) or "[image: NAME]"
 * (Gmail, our own reader of HTML) in the text where an image was. In our mail
 * the text names the image, and the HTML shows it there.
 */
#ifndef PORTARIA_DESK_LETTER_IMAGES_H
#define PORTARIA_DESK_LETTER_IMAGES_H

#include "mail/compose.h"

/* The parts are what goes out with the letter. Owned by the caller. */
char *letter_images_dup_text(const char *text, const struct compose_part *parts,
			     size_t n_parts);
/* Simple HTML of the text: readable everywhere, nothing to sanitise. */
char *letter_images_dup_html(const char *text, const struct compose_part *parts,
			     size_t n_parts);

#endif
