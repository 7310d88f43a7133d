/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privacy_export.h - what is kept about a person, as a folder
 *
 *   data.json                   customer, tickets, held and outgoing mail, audit
 *   message/ID.eml              originals of entries that came by mail
 *   attachment/ID-NAME          attachments
 *   held/ID.eml  outbox/ID.eml  originals
 */
#ifndef PORTARIA_CLI_PRIVACY_EXPORT_H
#define PORTARIA_CLI_PRIVACY_EXPORT_H

#include "store/erase.h"

/* privacy_find() has run in the transaction that is open. Makes `dir`
 * (CONFLICT if it is there), readable for its owner only. */
bool privacy_export(struct store *store, const struct erase_person *person,
		    const char *dir, GError **error);

#endif
