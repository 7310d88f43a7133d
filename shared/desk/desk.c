/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk.c - configuration, keys and texts, loaded once
 */
#include "desk/desk.h"

#include "base/error.h"
#include "desk/hours.h"

struct desk {
	const struct config *config;
	struct keyring *keys;
	struct texts *texts;
};

/* Timers would fail with these, one ticket after the other. */
static bool check_hours(const struct config *config, GError **error)
{
	g_autoptr(GError) problem = NULL;
	AUTO(hours)
	hours = hours_parse(config->server.time_zone, config->timers.hours,
	                    config->timers.holidays, &problem);

	if (hours == NULL)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "[timers] hours, holidays: %s", problem->message);
	return hours != NULL;
}

struct desk *desk_new(const struct config *config, GError **error)
{
	AUTO(desk) desk = g_new0(struct desk, 1);

	desk->config = config;
	desk->keys = keyring_load(config->server.key_file, error);
	if (desk->keys == NULL)
		return NULL;
	desk->texts = texts_load(&config->server, error);
	if (desk->texts == NULL || !check_hours(config, error))
		return NULL;
	return g_steal_pointer(&desk);
}

void desk_free(struct desk *desk)
{
	if (desk == NULL)
		return;
	texts_free(desk->texts);
	keyring_free(desk->keys);
	g_free(desk);
}

const struct config *desk_get_config(const struct desk *desk)
{
	return desk->config;
}

const struct keyring *desk_get_keys(const struct desk *desk)
{
	return desk->keys;
}

const struct texts *desk_get_texts(const struct desk *desk)
{
	return desk->texts;
}

const struct template *desk_get_template(const struct desk *desk,
                                         const char *name, const char *first,
                                         const char *second)
{
	return texts_find(desk->texts, name, first, second);
}
