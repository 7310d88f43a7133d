/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/seal.h - the milter's verdict, sealed for the LMTP agent
 *
 * X-Portaria-Seal: v=1; kid=...; id=...; t=...; q=...; ip=...; helo=...;
 * from=...; d=...; verdict=...; who=...; proof=...; mac=...
 * The mac is an HMAC-SHA-256 over every other member and over the raw bodies
 * of From, Date, Message-ID and Subject (a missing or repeated one hashes as
 * such), so the seal fits one message only. Values are percent-encoded.
 */
#ifndef PORTARIA_AUTH_SEAL_H
#define PORTARIA_AUTH_SEAL_H

#include "auth/auth.h"
#include "base/token.h"

#define SEAL_HEADER "X-Portaria-Seal"

enum seal_verdict {
	SEAL_ACCEPT,      /* may open a ticket */
	SEAL_ACCEPT_REPLY, /* only into the ticket named by its token */
	SEAL_ACCEPT_STAFF,
	SEAL_ACCEPT_BOUNCE, /* null sender to an address that we signed */
	SEAL_HOLD,
	SEAL_VERDICT__COUNT
};
const char *seal_verdict_name(enum seal_verdict verdict);

/* Members owned by the struct; "" if unknown. */
struct seal {
	char *id;         /* random: the delivery key */
	gint64 time;      /* UTC ms */
	char *queue_id;
	char *client_ip;
	char *helo;
	char *mail_from;
	char *login;      /* SASL */
	char **departments; /* names, sorted: whom it is for */
	enum seal_verdict verdict;
	char *identity;   /* key form of the author's address */
	enum auth_proof proof;
	char *summary;    /* authres text, one line */
};
struct seal *seal_new(void); /* all "", fresh random id, time = now */
void seal_free(struct seal *seal);
DEFINE_AUTO(seal)

/* The raw field bodies that the mac covers; NULL: absent or repeated. */
struct seal_headers {
	char *from;
	char *date;
	char *message_id;
	char *subject;
};
void seal_headers_clear(struct seal_headers *headers);
/* From the bytes of a message. */
void seal_headers_read(const char *data, size_t len,
		       struct seal_headers *ret_headers);

/* The field body (leading blank, folded "\n\t"); owned by the caller. */
char *seal_format(const struct seal *seal, const struct seal_headers *headers,
		  const struct keyring *ring);

enum seal_status {
	SEAL_VALID,
	SEAL_ABSENT,
	SEAL_MALFORMED, /* also: more than one */
	SEAL_FORGED,    /* mac does not fit */
	SEAL_STALE,
	SEAL_OTHER_DEPARTMENT,
	SEAL_STATUS__COUNT
};
const char *seal_status_name(enum seal_status status);

/*
 * Looks for the seal in a message. Only SEAL_VALID sets *ret_seal (owned by
 * the caller). max_age in seconds; a time more than 5 minutes ahead is stale.
 */
enum seal_status seal_read(const char *data, size_t len,
			   const struct keyring *ring, const char *department,
			   guint64 max_age, struct seal **ret_seal);

#endif
