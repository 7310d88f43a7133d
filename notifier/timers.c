/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timers.c - what happens because time passes
 */
#include "notifier/timers.h"

#include "desk/hold.h"
#include "desk/postfixmap.h"

static bool expire_held(const struct desk *desk, struct store *store,
			GError **error)
{
	unsigned count = 0;

	if (!store_begin(store, error))
		return false;
	if (!hold_expire(desk, store, &count, error)
	    || !store_commit(store, error)) {
		store_rollback(store);
		return false;
	}
	if (count > 0)
		log_event(LOG_LEVEL_INFO, NULL, "held-expired",
			  LOG_NUM("count", count));
	return true;
}

/* A map that cannot be written is no reason to stop sending mail: Postfix
 * goes on with the old one. */
static void export_map(const struct desk *desk, struct store *store)
{
	g_autoptr(GError) problem = NULL;
	bool changed = false;

	if (!postfixmap_export(desk, store, NULL, &changed, &problem))
		log_error(NULL, "map not exported, keeping the old one",
			  problem);
	else if (changed)
		log_event(LOG_LEVEL_INFO, NULL, "map-exported",
			  LOG_STR("file",
				  desk_get_config(desk)->postfix.map_file));
}

bool timers_run(const struct desk *desk, struct store *store, GError **error)
{
	export_map(desk, store);
	return expire_held(desk, store, error);
}
