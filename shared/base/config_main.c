/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_main.c - what main() of every program does first
 *
 * Options stand before the first other argument (as POSIX has it), so that
 * the subcommands of `portaria` can have options of their own.
 */
#include "base/config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What the common options left. */
struct choices {
	char *path;
	char **overrides;
	gboolean version;
};

static void choices_clear(struct choices *choices)
{
	g_free(choices->path);
	g_strfreev(choices->overrides);
}

static bool parse_options(const char *summary, GOptionEntry *more, int *argc,
                          char ***argv, struct choices *choices, GError **error)
{
	/* FILENAME: bytes as they are, whatever the locale. */
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &choices->path,
		  "Read FILE instead of " CONFIG_DEFAULT_PATH, "FILE" },
		{ "option", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY,
		  &choices->overrides, "Set a key, above all files",
		  "SECTION.KEY=VALUE" },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &choices->version,
		  "Show the version and exit", NULL },
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_set_summary(context, summary);
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (more != NULL)
		g_option_context_add_main_entries(context, more, NULL);
	return g_option_context_parse(context, argc, argv, error);
}

/* What and where, a line each, and then what to do. */
static void print_error(const char *ident, const char *text, const char *next)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		fprintf(stderr, "%s: %s\n", ident, *line);
	fprintf(stderr, "%s: %s\n", ident, next);
}

/* The first -o that sets nothing, NULL if all are fine. */
static const char *find_bare(const char *const *overrides)
{
	for (; overrides != NULL && *overrides != NULL; overrides++) {
		if (strchr(*overrides, '=') == NULL)
			return *overrides;
	}
	return NULL;
}

struct config *config_main_load(const char *ident, const char *path,
                                const char *const *overrides, int *ret_exit)
{
	g_autoptr(GError) error = NULL;
	const char *bare = find_bare(overrides);
	struct config *config;

	if (bare != NULL) {
		fprintf(stderr, "%s: -o %s: section.key=value is wanted\n",
		        ident, bare);
		*ret_exit = EX_USAGE;
		return NULL;
	}
	config = config_load(path, overrides, &error);
	if (config == NULL) {
		print_error(ident, error->message,
		            "nothing was started; correct the lines above");
		*ret_exit = EX_CONFIG;
	} else {
		log_init(ident, config->log.target, config->log.level);
	}
	return config;
}

struct config *config_main(const char *ident, const char *summary,
                           GOptionEntry *more, int *argc, char ***argv,
                           int *ret_exit)
{
	g_autoptr(GError) error = NULL;
	struct choices choices = { 0 };
	struct config *config = NULL;

	if (!parse_options(summary, more, argc, argv, &choices, &error)) {
		print_error(ident, error->message, "--help shows the options");
		*ret_exit = EX_USAGE;
	} else if (choices.version) {
		printf("%s %s\n", ident, PORTARIA_VERSION);
		*ret_exit = EX_OK;
	} else {
		config = config_main_load(
			ident, choices.path,
			(const char *const *)choices.overrides, ret_exit);
	}
	choices_clear(&choices);
	return config;
}
