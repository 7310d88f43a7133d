/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/address.h - addresses as identities
 *
 * Own strict parser of RFC 5322 3.4 (with RFC 6532 UTF-8), without GMime:
 * what decides who somebody is must neither guess nor repair. The lenient
 * reading of To and Cc for display is mail/mail.h's business.
 */
#ifndef PORTARIA_MAIL_ADDRESS_H
#define PORTARIA_MAIL_ADDRESS_H

#include "base/cleanup.h"
#include "base/limits.h"

#include <stdbool.h>

struct mailbox {
	char *name;    /* decoded display name, UTF-8, "" if none */
	char *local;   /* local part without quotes, case kept */
	char *domain;  /* lower case, A-labels (RFC 5891), no trailing dot */
	char *address; /* the key: local part lower-cased, "@", domain; quoted
			  again where RFC 5322 needs it */
};

void mailbox_free(struct mailbox *mailbox);
DEFINE_AUTO(mailbox)
struct mailbox *mailbox_dup(const struct mailbox *mailbox);

/* "local@domain" as it is written, the case of the local part kept; owned by
 * the caller. */
char *mailbox_dup_addr_spec(const struct mailbox *mailbox);

enum address_status {
	ADDRESS_OK,
	ADDRESS_NONE,     /* nothing there, or an empty group */
	ADDRESS_SEVERAL,  /* more than one mailbox, or a group */
	ADDRESS_DOUBTFUL, /* not the grammar, NUL, control or ambiguous */
	ADDRESS_STATUS__COUNT
};

const char *address_status_name(enum address_status status);

/*
 * The one mailbox of a From: field body (RFC 5322 3.6.2 restricted to one
 * author). Only ADDRESS_OK sets *ret_mailbox. Header folding is accepted.
 * What is grammar but read differently by programs in use is doubtful:
 * blanks, comments or routes inside an address, local parts that need quotes,
 * "%" and "!" routing, domain literals, more than 4,096 bytes, a display name
 * or comment that shows another address or holds half an encoded word.
 */
enum address_status address_parse_from(const char *value, size_t len,
                                       struct mailbox **ret_mailbox);

/* One bare address "local@domain", as in SMTP paths and in the store's
 * forms, with or without <>. NULL if it is none, or has a route, a domain
 * literal, or beyond ASCII anything but letters, marks and digits. */
struct mailbox *address_parse(const char *text, size_t len);

/* The key form of an address (see struct mailbox), or NULL. */
char *address_dup_key(const char *text);

/*
 * Splits "suporte+token@desk.example" (already a key) at the first "+" of
 * the local part. *ret_base: "suporte@desk.example"; *ret_extension: "token",
 * "" behind a last "+", or NULL. Both owned by the caller.
 */
void address_split_extension(const char *key, char **ret_base,
                             char **ret_extension);

/* A domain name in A-labels, lower case, without the root's dot; NULL if it is
 * no host name, or if UTS 46 would make another name of it than its own. */
char *address_dup_domain(const char *domain, size_t len);

#endif
