/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_retention.c - portaria retention: what is too old
 */
#include "cli/cli.h"

#include "base/clock.h"
#include "desk/retention.h"

#define PAUSE_MS 5 /* between steps, for other writers */

static bool show_job(struct cli *cli, struct store *store,
		     const struct retention_job *job, GError **error)
{
	struct retention_count count;

	if (job->scope.what == RETENTION_FILE)
		return true;
	if (!retention_measure(store, &job->scope, &count, error))
		return false;
	output_begin(cli->out, "retention");
	output_text(cli->out, "what", retention_name(job->scope.what));
	output_text(cli->out, "department", job->department);
	output_time(cli->out, "before", job->scope.before);
	output_number(cli->out, "count", count.rows);
	output_number(cli->out, "bytes", count.bytes);
	output_end(cli->out);
	return true;
}

static bool run_plan(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	const struct desk *desk = cli_desk(cli, error);
	const struct retention_job *job;
	AUTO(retention) round = NULL;

	(void)arguments;
	if (store == NULL || desk == NULL)
		return false;
	round = retention_new(desk, store, error);
	for (unsigned i = 0;
	     round != NULL && (job = retention_get_job(round, i)) != NULL;
	     i++) {
		if (!show_job(cli, store, job, error))
			return false;
	}
	return round != NULL;
}

static void show_done(struct output *out, const struct retention_count *counts)
{
	for (unsigned i = 0; i < RETENTION__COUNT; i++) {
		if (counts[i].rows == 0)
			continue;
		output_begin(out, "removed");
		output_text(out, "what", retention_name(i));
		output_number(out, "count", counts[i].rows);
		output_json_number(out, "bytes", counts[i].bytes);
		output_end(out);
	}
}

/* What was removed before something failed is told as well. */
static bool run_run(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	const struct desk *desk = cli_desk(cli, error);
	AUTO(retention) round = NULL;
	bool more = true;
	bool good = true;

	(void)arguments;
	if (store == NULL || desk == NULL)
		return false;
	round = retention_new(desk, store, error);
	if (round == NULL)
		return false;
	while (good && more) {
		good = retention_step(round, store, &more, error);
		g_usleep(PAUSE_MS * 1000);
	}
	show_done(cli->out, retention_get_counts(round));
	if (output_rows(cli->out) == 0 && good)
		output_say(cli->out, "nothing is too old");
	return good;
}

static const struct verb verbs[] = {
	{ "plan", "", "what would be removed", NULL, 0, 0, run_plan },
	{ "run", "", "remove it", NULL, 0, 0, run_run },
	{ 0 }
};

const struct noun noun_retention = { "retention", "what is too old", verbs };
