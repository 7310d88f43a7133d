/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/compose.h - an outgoing message as bytes
 *
 * RFC 5322/2045/2047/2231 with CRLF, lines of at most 998 octets, 7-bit safe
 * (quoted-printable, base64, encoded words), so that no relay rewrites what
 * was signed. Values come from people: nothing in them can end a header.
 */
#ifndef PORTARIA_MAIL_COMPOSE_H
#define PORTARIA_MAIL_COMPOSE_H

#include "mail/address.h"

#include <stdbool.h>

/* RFC 3834 section 5. */
enum compose_auto {
	COMPOSE_HUMAN,     /* a person wrote it: no Auto-Submitted */
	COMPOSE_REPLIED,   /* acknowledgement: auto-replied */
	COMPOSE_GENERATED, /* notice: auto-generated */
};

struct compose_part {
	const char *filename;
	const char *content_type;
	const char *content_id; /* NULL or "" if none */
	GBytes *data;
};

/* Everything borrowed; NULL or "" members are left out, arrays of strings end
 * with NULL. */
struct compose {
	const char *from_name;
	const char *from_address;
	const char *const *to; /* addresses, for display */
	const char *const *cc;
	const char *reply_to;
	const char *subject;
	const char *message_id;        /* with <> */
	const char *in_reply_to;       /* with <> */
	const char *const *references; /* oldest first; cut to first + last
					  that fit 1,500 bytes */
	const char *thread_topic;      /* Outlook's two, see threadindex.h */
	const char *thread_index;
	gint64 date;
	enum compose_auto automatic;
	const char *ticket_ref; /* X-Portaria-Ticket */
	const char *text;
	/* Optional alternative. Parts whose Content-ID it names ("cid:...")
	 * stand beside it (multipart/related, RFC 2387). */
	const char *html;
	const struct compose_part *parts;
	size_t n_parts;
};

/*
 * The message; the same bytes for the same input. SYNTAX if an address is
 * none or message_id is no Message-ID; foreign ids that are none are left
 * out. An address with a UTF-8 local part (RFC 6532) is the one thing that is
 * not 7-bit: it needs SMTPUTF8. Owned by the caller.
 */
GBytes *compose_message(const struct compose *compose,
                        GError **error) NODISCARD;

#endif
