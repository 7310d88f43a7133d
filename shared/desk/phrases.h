/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/phrases.h - sentences that templates take in, in the reader's language
 *
 * What {{notice}} of a mail says. A phrase that ends with ":" is followed by
 * the value it is about.
 */
#ifndef PORTARIA_DESK_PHRASES_H
#define PORTARIA_DESK_PHRASES_H

enum phrase {
	PHRASE_HOLD_UNPROVEN,
	PHRASE_HOLD_FORGED,
	PHRASE_HOLD_STRANGER,
	PHRASE_HOLD_NO_AUTHOR,
	PHRASE_HOLD_NULL_SENDER,
	PHRASE_HOLD_REPLIES_ONLY,
	PHRASE_HOLD_TROUBLE,
	PHRASE_HOLD_TICKET_CLOSED,
	PHRASE_HOLD_AUTOMATIC,
	PHRASE_HOLD_WRONG_CONFIRMATION,
	PHRASE_HOLD_OTHER,
	PHRASE_FIELD_INVALID,   /* value: the line */
	PHRASE_SERVICE_UNKNOWN, /* value: what was written */
	PHRASE_LEFT_OUT,        /* value: names of attachments */
	PHRASE_REFERRED_FROM,   /* value: department that owns the ticket */
	PHRASE_ANSWER_KEPT,
	PHRASE_ANSWER_CUT,
	PHRASE_COMMAND_REFUSED,  /* value: the lines */
	PHRASE_COPIES_PROPOSED,  /* value: addresses */
	PHRASE_CONTINUES,        /* value: the ref of the ended ticket */
	PHRASE_INTERNAL_NOTE,
	PHRASE_ASSIGNED_BY,      /* value: who did it */
	PHRASE_MOVED_FROM,       /* value: department */
	PHRASE_REOPEN_DAYS,      /* value: a number */
	PHRASE_CLOSES_AT,    /* value: when */
	PHRASE_TARGET_FIRST, /* value: when it was due */
	PHRASE_TARGET_NEXT,  /* the same */
	PHRASE_NO_SUBJECT,
	PHRASE_NO_SENDER,
	PHRASE_WITHHELD, /* value: the address and why */
	PHRASE_GRADE_1,  /* the five grades, the worst first */
	PHRASE_GRADE_2,
	PHRASE_GRADE_3,
	PHRASE_GRADE_4,
	PHRASE_GRADE_5,
	PHRASE__COUNT
};

/* language: pt_BR, en, es; anything else reads pt_BR. Static. */
const char *phrase_get(enum phrase phrase, const char *language);

#endif
