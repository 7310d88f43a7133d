/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_config.c - portaria config, portaria key
 */
#include "cli/cli.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

static gboolean defaults;

static const GOptionEntry show_options[] = {
	CLI_FLAG("defaults", &defaults, "the defaults, not what is set"),
	{ 0 }
};

bool config_show_needs_no_file(void)
{
	return defaults;
}

/* Like postconf(1): section.key = value, one a line. */
static bool run_show(struct cli *cli, char **arguments, GError **error)
{
	const struct config_row *row;

	(void)arguments;
	(void)error;
	for (unsigned i = 0; (row = config_row_get(i)) != NULL; i++) {
		g_autofree char *value
			= defaults ? g_strdup(row->def)
				   : config_dup_value(cli->config, i);

		if (output_is_json(cli->out)) {
			output_begin(cli->out, "config");
			output_json_text(cli->out, "section", row->section);
			output_json_text(cli->out, "key", row->key);
			output_json_text(cli->out, "value", value);
			output_end(cli->out);
		} else {
			output_say(cli->out, "%s.%s = %s", row->section,
				   row->key, value);
		}
	}
	return true;
}

/* The site's own texts: wrong ones are not sent, but somebody wants them. */
static bool check_texts(struct cli *cli, GError **error)
{
	const char *const *lines = texts_complaints(desk_get_texts(cli->desk));

	if (lines[0] != NULL)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
			    "%s (portaria template check names all)",
			    lines[0]);
	return lines[0] == NULL;
}

/* The file was read before this runs; what is left are the things it names. */
static bool run_test(struct cli *cli, char **arguments, GError **error)
{
	(void)arguments;
	if (cli_desk(cli, error) == NULL || !check_texts(cli, error))
		return false;
	output_say(cli->out, "%s: ok", cli->config->path);
	return true;
}

static bool explain_row(struct cli *cli, unsigned index,
			const struct config_row *row)
{
	g_autofree char *value = config_dup_value(cli->config, index);

	if (output_is_json(cli->out)) {
		output_begin(cli->out, "key");
		output_json_text(cli->out, "section", row->section);
		output_json_text(cli->out, "key", row->key);
		output_json_text(cli->out, "help", row->help);
		output_json_text(cli->out, "default", row->def);
		output_json_text(cli->out, "value", value);
		output_end(cli->out);
		return true;
	}
	output_say(cli->out, "%s.%s - %s\n  default: %s\n  now:     %s",
		   row->section, row->key, row->help, row->def, value);
	return true;
}

static void say_unknown(const char *name, GError **error)
{
	g_autofree char *near = config_dup_nearest(name);

	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
		    "no key \"%s\"%s%s%s; \"portaria config show\" lists them",
		    name, near != NULL ? ": did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?" : "");
}

static bool run_explain(struct cli *cli, char **arguments, GError **error)
{
	const struct config_row *row;
	bool found = false;

	for (unsigned i = 0; (row = config_row_get(i)) != NULL; i++) {
		g_autofree char *full
			= g_strdup_printf("%s.%s", row->section, row->key);

		if (strcmp(arguments[0], row->key) == 0
		    || strcmp(arguments[0], full) == 0)
			found = explain_row(cli, i, row);
	}
	if (!found)
		say_unknown(arguments[0], error);
	return found;
}

static bool run_key_create(struct cli *cli, char **arguments, GError **error)
{
	const char *path = cli->config->server.key_file;

	(void)arguments;
	if (!keyring_create_file(path, error))
		return false;
	output_say(cli->out,
		   "%s: created. The daemons' group must be able to read it.",
		   path);
	return true;
}

static const struct verb config_verbs[] = {
	{ "show", "", "every key with its value", show_options, 0, 0,
	  run_show },
	{ "test", "", "check the file, the keys and the templates", NULL, 0, 0,
	  run_test },
	{ "explain", "KEY", "what one key means", NULL, 1, 1, run_explain },
	{ 0 }
};

static const struct verb key_verbs[] = {
	{ "create", "", "make the key file that signs seals and addresses",
	  NULL, 0, 0, run_key_create },
	{ 0 }
};

const struct noun noun_config = { "config", "the configuration file",
				  config_verbs };
const struct noun noun_key = { "key", "the signing key", key_verbs };
