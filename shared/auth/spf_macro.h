/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/spf_macro.h - macros in SPF records (RFC 7208 section 7)
 *
 * Ours rather than libspf2's, whose macro compiler can be overrun by a
 * record: what libspf2 gets to see is the expanded name.
 */
#ifndef PORTARIA_AUTH_SPF_MACRO_H
#define PORTARIA_AUTH_SPF_MACRO_H

#include <glib.h>
#include <stdbool.h>

/* Why `text` is no domain-spec (7.1; "c", "r" and "t" are for explanations
 * only), or no macro-string. NULL: it is one. */
const char *spf_macro_check_domain_spec(const char *text, size_t len);
const char *spf_macro_check_string(const char *text, size_t len);

/* True if the text has a macro of one of these (lower-case) letters. */
bool spf_macro_uses(const char *text, const char *letters);

/* Borrowed; none may be NULL. Only ASCII graphic characters and blanks. */
struct spf_macro_values {
	const char *sender;        /* s */
	const char *local;         /* l */
	const char *sender_domain; /* o */
	const char *domain;        /* d */
	const char *ip;            /* i: dotted, IPv6 as nibbles */
	const char *client_name;   /* p, "unknown" if not validated */
	const char *ip_version;    /* v: "in-addr" or "ip6" */
	const char *helo;          /* h */
};

/*
 * The name that a checked domain-spec stands for, cut from the left to 253
 * bytes at a dot (7.3), without a trailing dot; owned by the caller. It may
 * still be no possible name.
 */
char *spf_macro_expand(const char *spec, const struct spf_macro_values *values);

#endif
