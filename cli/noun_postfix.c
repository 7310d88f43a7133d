/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_postfix.c - portaria postfix
 */
#include "cli/cli.h"

#include "desk/postfixmap.h"

static char *transport;

static const GOptionEntry export_options[] = {
	CLI_TEXT("transport", &transport,
		 "what transport_maps answers (portaria:<lmtp socket>)",
		 "NAME:NEXTHOP"),
	{ 0 }
};

static bool run_export(struct cli *cli, char **arguments, GError **error)
{
	struct desk *desk = cli_desk(cli, error);
	struct store *store = cli_store(cli, error);
	bool changed;

	(void)arguments;
	if (desk == NULL || store == NULL
	    || !postfixmap_export(desk, store, transport, &changed, error))
		return false;
	output_say(cli->out, "%s: %s", cli->config->postfix.map_file,
		   changed ? "written" : "up to date");
	return true;
}

static const struct verb verbs[] = {
	{ "export", "", "write the map that Postfix reads", export_options, 0,
	  0, run_export },
	{ 0 }
};

const struct noun noun_postfix = { "postfix", "what Postfix needs", verbs };
