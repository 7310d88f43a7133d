/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/postfixmap.h - the map that Postfix reads, kept up to date
 */
#ifndef PORTARIA_DESK_POSTFIXMAP_H
#define PORTARIA_DESK_POSTFIXMAP_H

#include "desk/desk.h"

/* Writes [postfix] map_file. transport NULL: "portaria:" and the address of
 * [lmtp] socket, the name that INSTALL gives the service in master.cf. */
bool postfixmap_export(const struct desk *desk, struct store *store,
		       const char *transport, bool *ret_changed,
		       GError **error) NODISCARD;

#endif
