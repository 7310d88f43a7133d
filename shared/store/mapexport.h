/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/mapexport.h - the small database that Postfix may open
 *
 * Rollback-journal SQLite with recipient(address, result) and
 * transport(address, result), world-readable, written beside `path`, fsynced
 * and renamed, so a lookup never meets a half-written or locked file. Postfix
 * never opens the live database.
 */
#ifndef PORTARIA_STORE_MAPEXPORT_H
#define PORTARIA_STORE_MAPEXPORT_H

#include "store/store.h"

/* transport: "lmtp:unix:portaria/lmtp". *ret_changed: false if the file
 * already said the same and was left alone. */
bool mapexport_write(struct store *store, const char *path,
		     const char *transport, bool *ret_changed, GError **error)
	NODISCARD;

#endif
