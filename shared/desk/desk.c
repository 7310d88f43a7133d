/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk.c - configuration, keys and templates, loaded once
 *
 * A site may leave out a language, but each template must exist in the
 * site's language or in pt_BR, so that looking one up cannot fail.
 */
#include "desk/desk.h"

#include <string.h>

#include "base/error.h"

enum language { LANGUAGE_PT, LANGUAGE_EN, LANGUAGE_ES, LANGUAGE__COUNT };

static const char *const languages[] = {
	[LANGUAGE_PT] = "pt_BR",
	[LANGUAGE_EN] = "en",
	[LANGUAGE_ES] = "es",
};
G_STATIC_ASSERT(G_N_ELEMENTS(languages) == LANGUAGE__COUNT);

static const char *const template_names[] = {
	"ack",          "ack_contact",   "reply",        "notice_new",
	"notice_reply", "notice_bounce", "hold_confirm", "hold_notice",
	"released",     "closed",        "status",
};
#define TEMPLATES G_N_ELEMENTS(template_names)

struct desk {
	const struct config *config;
	struct keyring *keys;
	struct template *templates[TEMPLATES][LANGUAGE__COUNT];
};

/* LANGUAGE__COUNT if it is none of ours. */
static enum language find_language(const char *name)
{
	enum language at = LANGUAGE_PT;

	while (at < LANGUAGE__COUNT &&
	       (name == NULL || strcmp(languages[at], name) != 0))
		at++;
	return at;
}

static bool template_exists(const struct config *config, const char *language,
                            const char *name)
{
	g_autofree char *file = g_strconcat(name, ".txt", NULL);
	g_autofree char *path = g_build_filename(config->server.template_dir,
	                                         language, file, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static bool has_fallback(const struct desk *desk, size_t name)
{
	enum language site = find_language(desk->config->server.language);

	if (desk->templates[name][LANGUAGE_PT] != NULL)
		return true;
	return site < LANGUAGE__COUNT && desk->templates[name][site] != NULL;
}

static bool load_template(struct desk *desk, size_t name, GError **error)
{
	const struct config *config = desk->config;

	for (unsigned at = 0; at < LANGUAGE__COUNT; at++) {
		if (!template_exists(config, languages[at],
		                     template_names[name]))
			continue;
		desk->templates[name][at] = template_load(
			config->server.template_dir, languages[at],
			template_names[name], error);
		if (desk->templates[name][at] == NULL)
			return false;
	}
	if (has_fallback(desk, name))
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
	            "template %s is missing: %s/%s/%s.txt",
	            template_names[name], config->server.template_dir,
	            languages[LANGUAGE_PT], template_names[name]);
	return false;
}

struct desk *desk_new(const struct config *config, GError **error)
{
	AUTO(desk) desk = g_new0(struct desk, 1);

	desk->config = config;
	desk->keys = keyring_load(config->server.key_file, error);
	if (desk->keys == NULL)
		return NULL;
	for (size_t name = 0; name < TEMPLATES; name++)
		if (!load_template(desk, name, error))
			return NULL;
	return g_steal_pointer(&desk);
}

void desk_free(struct desk *desk)
{
	if (desk == NULL)
		return;
	for (size_t name = 0; name < TEMPLATES; name++)
		for (unsigned at = 0; at < LANGUAGE__COUNT; at++)
			template_free(desk->templates[name][at]);
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

const struct template *desk_get_template(const struct desk *desk,
                                         const char *name, const char *first,
                                         const char *second)
{
	const char *const order[] = { first, second,
		                      desk->config->server.language,
		                      languages[LANGUAGE_PT] };
	size_t row = 0;

	while (row < TEMPLATES && strcmp(template_names[row], name) != 0)
		row++;
	if (row == TEMPLATES)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
		enum language at = find_language(order[i]);

		if (at < LANGUAGE__COUNT && desk->templates[row][at] != NULL)
			return desk->templates[row][at];
	}
	return NULL;
}
