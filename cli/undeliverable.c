/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undeliverable.c - addresses that get no more mail
 */
#include "cli/undeliverable.h"

#include "base/error.h"
#include "desk/bounces.h"
#include "store/undeliverable.h"

bool undeliverable_forget(struct cli *cli, const char *address, GError **error)
{
	AUTO(staff) actor = cli_actor(cli, NULL);
	bool was;

	if (!bounces_clear(cli->store, address,
			   actor != NULL ? actor->login : "system", &was,
			   error))
		return false;
	if (!was) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
			    "nothing is known against %s", address);
		return false;
	}
	output_say(cli->out, "%s: mail goes there again", address);
	return true;
}

static void show(struct output *out, const struct undeliverable *row)
{
	output_begin(out, "undeliverable");
	output_text(out, "address", row->address);
	output_text(out, "status", row->status);
	output_time(out, "first", row->first);
	output_json_time(out, "last", row->last);
	output_number(out, "failures", row->failures);
	output_json_id(out, "outbox", row->outbox_id);
	output_text(out, "why", row->why);
	output_end(out);
}

bool undeliverable_run_list(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) rows = NULL;

	(void)arguments;
	if (store == NULL)
		return false;
	rows = undeliverable_list(store, 1000, error);
	for (guint i = 0; rows != NULL && i < rows->len; i++)
		show(cli->out, rows->pdata[i]);
	return rows != NULL && output_rows(cli->out) > 0;
}

bool undeliverable_run_clear(struct cli *cli, char **arguments, GError **error)
{
	g_autofree char *key = cli_parse_address(arguments[0], error);

	if (key == NULL || cli_begin(cli, error) == NULL)
		return false;
	return cli_end(cli, undeliverable_forget(cli, key, error), error);
}
