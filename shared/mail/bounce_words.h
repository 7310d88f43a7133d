/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/bounce_words.h - what mail systems say when they return a message
 *
 * NULL-terminated tables, lower case.
 */
#ifndef PORTARIA_MAIL_BOUNCE_WORDS_H
#define PORTARIA_MAIL_BOUNCE_WORDS_H

/* In From: who returns mail, for certain and perhaps. */
extern const char *const bounce_daemons[];
extern const char *const bounce_maybe_daemons[];

/* Anywhere in the subject. */
extern const char *const bounce_subjects[];

/* Anywhere in the text: it was not delivered. */
extern const char *const bounce_prose[];

/* In subject or text: it is late, but not given up. */
extern const char *const bounce_delays[];

/* In the text: it is given up, whatever else it says of delays. */
extern const char *const bounce_finals[];

/* In the label before an address: it failed; it is somebody else's. */
extern const char *const bounce_labels[];
extern const char *const bounce_other_labels[];

/* Before an address in a sentence: ask there. */
extern const char *const bounce_help[];

/* Starts of a line behind which the returned message stands. */
extern const char *const bounce_markers[];

/* Reasons in words and their status code (RFC 3463). */
struct bounce_reason {
	const char *phrase;
	const char *status;
};
extern const struct bounce_reason bounce_reasons[]; /* phrase NULL ends */

#endif
