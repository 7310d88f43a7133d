/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_audit.c - portaria audit: who did what
 */
#include "cli/cli.h"

#include "base/error.h"
#include "store/audit.h"

static struct {
	char *object;
	char *limit;
} opt;

static const GOptionEntry list_options[] = {
	CLI_TEXT("object", &opt.object, "of one object: \"ticket VIA-...\"",
		 "OBJECT"),
	CLI_TEXT("limit", &opt.limit, "at most so many (100)", "N"),
	{ 0 }
};

static bool run_list(struct cli *cli, char **arguments, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;
	struct store *store;
	unsigned limit;

	(void)arguments;
	if (!cli_check_limit(opt.limit, &limit, error))
		return false;
	store = cli_store(cli, error);
	if (store == NULL)
		return false;
	rows = audit_list(store, opt.object, limit, error);
	if (rows == NULL)
		return false;
	for (guint i = 0; i < rows->len; i++) {
		const struct audit *row = rows->pdata[i];

		output_begin(cli->out, "audit");
		output_id(cli->out, "id", row->id);
		output_time(cli->out, "time", row->time);
		output_text(cli->out, "actor", row->actor);
		output_text(cli->out, "action", row->action);
		output_text(cli->out, "target", row->object);
		output_text(cli->out, "detail", row->detail);
		output_json_text(cli->out, "hash", row->hash);
		output_end(cli->out);
	}
	return rows->len > 0;
}

static bool run_verify(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) last = NULL;
	gint64 rows, bad;

	(void)arguments;
	if (store == NULL || !audit_verify(store, &rows, &bad, error))
		return false;
	last = audit_list(store, NULL, 1, error);
	if (last == NULL)
		return false;
	output_begin(cli->out, "audit_chain");
	output_number(cli->out, "rows", rows);
	output_text(cli->out, "state", bad == 0 ? "intact" : "broken");
	output_id(cli->out, "broken_at", bad);
	/* Who writes it down elsewhere notices rows cut off at the end. */
	output_json_text(cli->out, "last_hash",
			 last->len > 0
				 ? ((struct audit *)last->pdata[0])->hash
				 : "");
	output_end(cli->out);
	if (bad != 0)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
			    "audit row %" G_GINT64_FORMAT
			    " does not fit the chain: somebody changed it or "
			    "the row before it",
			    bad);
	return bad == 0;
}

static const struct verb verbs[] = {
	{ "list", "", "what was done, newest first", list_options, 0, 0,
	  run_list },
	{ "verify", "", "whether nobody changed a row", NULL, 0, 0,
	  run_verify },
	{ 0 }
};

const struct noun noun_audit = { "audit", "who did what", verbs };
