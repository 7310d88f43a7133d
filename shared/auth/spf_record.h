/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/spf_record.h - an SPF record read strictly (RFC 7208 section 12)
 *
 * Any deviation from the grammar anywhere in the record is an error. What
 * decides nothing (exp, unknown modifiers) is checked and dropped.
 */
#ifndef PORTARIA_AUTH_SPF_RECORD_H
#define PORTARIA_AUTH_SPF_RECORD_H

#include "auth/spf.h"

enum spf_mechanism {
	SPF_MECHANISM_ALL,
	SPF_MECHANISM_INCLUDE,
	SPF_MECHANISM_A,
	SPF_MECHANISM_MX,
	SPF_MECHANISM_PTR,
	SPF_MECHANISM_IP4,
	SPF_MECHANISM_IP6,
	SPF_MECHANISM_EXISTS,
	SPF_MECHANISM__COUNT
};

const char *spf_mechanism_name(enum spf_mechanism mechanism); /* "ip4" */

struct spf_term {
	enum spf_mechanism mechanism;
	enum spf_result qualifier; /* the result if it matches */
	char *spec;                /* domain-spec or NULL */
	guint8 address[16];        /* ip4, ip6 */
	unsigned prefix4;          /* 0 to 32 */
	unsigned prefix6;          /* 0 to 128 */
};

struct spf_record {
	GPtrArray *terms; /* struct spf_term, in order */
	char *redirect;   /* domain-spec or NULL */
};

#define SPF_RECORD_MAX 16384 /* bytes; larger ones are refused */

/* True if a TXT is an SPF record at all: "v=spf1", then a blank or the end
 * (4.5). */
bool spf_record_is_spf(const char *text, size_t len);

/* Errors: SYNTAX, LIMIT; the message is ours, nothing of the text is in it. */
struct spf_record *spf_record_parse(const char *text, size_t len,
                                    GError **error) NODISCARD;
void spf_record_free(struct spf_record *record);
DEFINE_AUTO(spf_record)

#endif
