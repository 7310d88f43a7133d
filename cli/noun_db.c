/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_db.c - portaria db
 */
#include "cli/cli.h"

#include "base/error.h"
#include "store/audit.h"

static bool run_init(struct cli *cli, char **arguments, GError **error)
{
	(void)arguments;
	if (!store_init(&cli->config->store, error))
		return false;
	output_say(cli->out, "%s: created, schema %d",
		   cli->config->store.database, store_current_version());
	return true;
}

static bool run_migrate(struct cli *cli, char **arguments, GError **error)
{
	int from, to;

	(void)arguments;
	if (!store_migrate(&cli->config->store, &from, &to, error))
		return false;
	output_say(cli->out, "%s: schema %d -> %d",
		   cli->config->store.database, from, to);
	return true;
}

static bool run_status(struct cli *cli, char **arguments, GError **error)
{
	int version;

	(void)arguments;
	if (!store_get_version(&cli->config->store, &version, error))
		return false;
	output_begin(cli->out, "database");
	output_text(cli->out, "path", cli->config->store.database);
	output_number(cli->out, "schema", version);
	output_number(cli->out, "wanted", store_current_version());
	output_text(cli->out, "state",
		    version == store_current_version() ? "current"
		    : version == 0		     ? "empty"
		    : version < store_current_version()
			    ? "run: portaria db migrate"
			    : "newer than this program");
	output_end(cli->out);
	return true;
}

/* Damage of the file, of references, of the index and of blob files. */
static bool check_store(struct cli *cli, struct store *store, GError **error)
{
	g_autoptr(GPtrArray) problems = NULL;

	if (!store_check(store, &problems, error))
		return false;
	for (guint i = 0; i < problems->len; i++) {
		output_begin(cli->out, "problem");
		output_text(cli->out, "problem", problems->pdata[i]);
		output_end(cli->out);
	}
	if (problems->len == 0) {
		output_say(cli->out, "database: intact");
		return true;
	}
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
		    "the database is damaged: put a backup back (INSTALL)");
	return false;
}

static bool run_check(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	gint64 rows, bad;

	(void)arguments;
	if (store == NULL || !check_store(cli, store, error)
	    || !audit_verify(store, &rows, &bad, error))
		return false;
	if (bad != 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
			    "audit row %" G_GINT64_FORMAT
			    " does not fit the chain: somebody changed it or "
			    "the row before it",
			    bad);
		return false;
	}
	output_say(cli->out, "audit chain: %" G_GINT64_FORMAT " rows, intact",
		   rows);
	return true;
}

static bool run_backup(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);

	if (store == NULL || !store_backup(store, arguments[0], error))
		return false;
	output_say(cli->out,
		   "%s: written. Copy %s and %s after it: they belong to it.",
		   arguments[0], cli->config->store.blob_dir,
		   cli->config->server.key_file);
	return true;
}

static const struct verb verbs[] = {
	{ "init", "", "create the database", NULL, 0, 0, run_init },
	{ "migrate", "", "bring the schema up to date", NULL, 0, 0,
	  run_migrate },
	{ "status", "", "which schema the database has", NULL, 0, 0,
	  run_status },
	{ "check", "", "look for damage, verify the audit chain", NULL, 0, 0,
	  run_check },
	{ "backup", "FILE", "a consistent copy while everything runs", NULL, 1,
	  1, run_backup },
	{ 0 }
};

const struct noun noun_db = { "db", "the database", verbs };
