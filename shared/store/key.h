/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/key.h - what may stand in the registry as an address or a name
 *
 * Private to shared/store. Addresses arrive as keys (mail/address.h); here
 * they are held against what a key can never be, and against each other: an
 * address belongs to one contact, one member of staff or one department.
 */
#ifndef PORTARIA_STORE_KEY_H
#define PORTARIA_STORE_KEY_H

#include "store/db.h"

#define KEY_BYTES_MAX  320 /* local part 64, "@", domain 255 (RFC 5321) */
#define TEXT_BYTES_MAX 1000

/* SYNTAX unless it is local@domain in lower case without blanks. */
bool key_check_address(const char *address, GError **error) NODISCARD;
/* SYNTAX unless it is a word: no blanks, no control characters, at most 320
 * bytes. what: "login". */
bool key_check_word(const char *what, const char *word,
                    GError **error) NODISCARD;
/* SYNTAX if it has control characters or more than 1000 bytes; NULL and "" are
 * fine. what: "name". */
bool key_check_text(const char *what, const char *text,
                    GError **error) NODISCARD;
/* CONFLICT, naming who has it, unless the address is free or has the owner
 * `self` (the id of a contact, member of staff or department). */
bool key_check_free(struct db *db, const char *address, gint64 self,
                    GError **error) NODISCARD;

#endif
