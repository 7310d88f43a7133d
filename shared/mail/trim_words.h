/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/trim_words.h - the words mail programs put before a quotation
 *
 * NULL-terminated tables, lower case.
 */
#ifndef PORTARIA_MAIL_TRIM_WORDS_H
#define PORTARIA_MAIL_TRIM_WORDS_H

/* "wrote": an attribution has one of these, near a colon at its end. */
extern const char *const trim_wrote[];

/* "On", "Em", "El": an attribution with a date may start so. */
extern const char *const trim_on[];

/* How names of months and of weekdays begin. */
extern const char *const trim_months[];
extern const char *const trim_weekdays[];

/* "sent from", "enviado do": what mail programs of phones add begins so and
 * names one of the devices or programs, or "my" and no more than two words. */
extern const char *const trim_sent[];
extern const char *const trim_devices[];
extern const char *const trim_own[];

/* The same where the verb stands at the end, in languages that do so. */
extern const char *const trim_sent_ends[];

/* How other added lines begin: "Get Outlook for". */
extern const char *const trim_footers[];

/* Between dashes: "Original Message". */
extern const char *const trim_original[];

/* Between dashes or alone: "Forwarded message". */
extern const char *const trim_forwarded[];

enum trim_field {
	TRIM_FIELD_FROM,
	TRIM_FIELD_DATE,
	TRIM_FIELD_TO,
	TRIM_FIELD_CC,
	TRIM_FIELD_SUBJECT,
	TRIM_FIELD__COUNT
};

/* The header lines of a quoted mail, by field. */
extern const char *const *const trim_fields[TRIM_FIELD__COUNT];

#endif
