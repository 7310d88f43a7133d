/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postfixmap.c - the map that Postfix reads, kept up to date
 */
#include "desk/postfixmap.h"

#include "store/mapexport.h"

bool postfixmap_export(const struct desk *desk, struct store *store,
		       const char *transport, bool *ret_changed,
		       GError **error)
{
	const struct config *config = desk_get_config(desk);
	g_autofree char *own
		= g_strdup_printf("portaria:%s", config->lmtp.socket);

	return mapexport_write(store, config->postfix.map_file,
			       transport != NULL ? transport : own,
			       ret_changed, error);
}
