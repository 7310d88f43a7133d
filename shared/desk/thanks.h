/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/thanks.h - whether a customer says thanks and nothing else
 *
 * Then a resolved ticket stays resolved. The rule errs to the other side:
 * any word that it does not know is something else.
 */
#ifndef PORTARIA_DESK_THANKS_H
#define PORTARIA_DESK_THANKS_H

#include "mail/mail.h"
#include "store/store.h"

#define THANKS_WORDS 25
#define THANKS_BYTES 400

/* Only words of thanks, greeting and approval in Portuguese, English or
 * Spanish, and of the names given, at most THANKS_WORDS in THANKS_BYTES;
 * nothing asked, no number, no address. names: words of people that may be in
 * it; NULL-terminated, may be NULL. */
bool thanks_is_all(const char *text, const char *const *names);

/* The same of a mail: of its trimmed text, with the names of its author and of
 * staff; nothing attached, no field lines, written by a person. kind: with a
 * null sender never human. identity: key of the author, "" if none. */
bool thanks_find(struct store *store, const struct mail *mail,
		 enum mail_kind kind, const char *identity, bool *ret,
		 GError **error) NODISCARD;

#endif
