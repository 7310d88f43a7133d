/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/refusal.h - what the sender's server is told when we say no
 *
 * Written for the person who will find it in a bounce: ASCII, Portuguese
 * first, then English, then where to find help; at most REFUSAL_LINES lines
 * of at most REFUSAL_LINE_MAX characters, without "%" (libmilter formats with
 * it). Everything a peer chose is shown harmless.
 */
#ifndef PORTARIA_DESK_REFUSAL_H
#define PORTARIA_DESK_REFUSAL_H

#include "base/config.h"

#define REFUSAL_LINES    3
#define REFUSAL_LINE_MAX 400

enum refusal {
	REFUSAL_STRANGER,     /* 550 5.7.1, not registered */
	REFUSAL_FORGED,       /* 550 5.7.1, the domain's own policy fails */
	REFUSAL_UNPROVEN,     /* 550 5.7.1, the department wants proof */
	REFUSAL_REPLIES_ONLY, /* 550 5.7.1, no new tickets here */
	REFUSAL_FROM_NONE,    /* 550 5.7.1 */
	REFUSAL_FROM_SEVERAL,
	REFUSAL_FROM_DOUBTFUL,
	REFUSAL_NULL_SENDER,
	REFUSAL_TROUBLE,      /* 451 4.7.0, DNS */
	REFUSAL_INTERNAL,     /* 451 4.3.0 */
	REFUSAL_SECOND_CLASS, /* 452 4.5.3 */
	REFUSAL__COUNT
};

struct refusal_values { /* borrowed; NULL shows as "?" */
	const char *address;  /* of the author */
	const char *domain;   /* its right side */
	const char *evidence; /* "spf=fail dkim=none dmarc=fail" */
};

unsigned refusal_get_code(enum refusal refusal);
const char *refusal_get_enhanced(enum refusal refusal);

/* The lines, owned by the caller (g_strfreev). An unknown refusal reads as
 * REFUSAL_INTERNAL. values may be NULL. */
char **refusal_dup_lines(const struct config *config, enum refusal refusal,
			 const struct refusal_values *values);

#endif
