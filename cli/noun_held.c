/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_held.c - portaria held: messages that wait
 */
#include "cli/cli.h"

#include "base/error.h"
#include "desk/hold.h"
#include "store/blob.h"

#include <string.h>

static struct {
	gboolean all;
	char *state, *department, *limit;
} opt;

static const GOptionEntry list_options[] = {
	CLI_FLAG("all", &opt.all, "decided ones too"),
	CLI_TEXT("state", &opt.state, "in this state",
		 "waiting|released|discarded|expired"),
	CLI_TEXT("department", &opt.department, "of one department", "NAME"),
	CLI_TEXT("limit", &opt.limit, "at most so many (100)", "N"),
	{ 0 }
};

static void show(struct output *out, const struct held *held)
{
	output_begin(out, "held");
	output_id(out, "id", held->id);
	output_text(out, "department", held->department);
	output_text(out, "address", held->address);
	output_text(out, "subject", held->subject);
	output_text(out, "state", held_state_name(held->state));
	output_json_text(out, "cause", held->cause);
	output_text(out, "reason", held->reason);
	output_json_text(out, "auth", held->auth);
	output_json_text(out, "client_ip", held->client_ip);
	output_json_text(out, "queue_id", held->queue_id);
	output_json_text(out, "message_id", held->message_id);
	output_json_text(out, "decided_by", held->decided_by);
	output_text(out, "ticket", held->ticket);
	output_time(out, "created", held->created);
	output_end(out);
}

/* -1: any. */
static bool parse_state(int *ret_state, GError **error)
{
	enum held_state state = HELD_WAITING;

	if (opt.state != NULL && !held_state_parse(opt.state, &state))
		return cli_usage(error,
				 "--state %s: waiting, released, discarded or "
				 "expired",
				 opt.state);
	*ret_state = opt.all && opt.state == NULL ? -1 : (int)state;
	return true;
}

static bool run_list(struct cli *cli, char **arguments, GError **error)
{
	struct held_filter filter = { 0 };
	g_autoptr(GPtrArray) rows = NULL;
	struct store *store;

	(void)arguments;
	if (!parse_state(&filter.state, error)
	    || !cli_check_limit(opt.limit, &filter.limit, error))
		return false;
	store = cli_store(cli, error);
	if (store == NULL
	    || (opt.department != NULL
		&& !cli_check_department(store, opt.department, error)))
		return false;
	filter.department = opt.department;
	rows = held_find(store, &filter, error);
	if (rows == NULL)
		return false;
	for (guint i = 0; i < rows->len; i++)
		show(cli->out, rows->pdata[i]);
	return rows->len > 0;
}

/* One line of the table: a department's messages of one cause. */
struct tally {
	const char *department, *cause;
	gint64 counts[HELD_STATE__COUNT];
	gint64 oldest; /* of those that wait */
};

static void tally_show(struct output *out, const struct tally *tally)
{
	output_begin(out, "held_status");
	output_text(out, "department", tally->department);
	output_text(out, "cause", tally->cause);
	for (unsigned i = 0; i < HELD_STATE__COUNT; i++)
		output_number(out, held_state_name(i), tally->counts[i]);
	output_time(out, "oldest", tally->oldest);
	output_end(out);
}

static bool same_tally(const struct tally *tally,
		       const struct held_count *count)
{
	return tally->department != NULL
	       && strcmp(tally->department, count->department) == 0
	       && strcmp(tally->cause, count->cause) == 0;
}

static bool run_status(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	struct tally tally = { 0 }, total = { "*", "*", { 0 }, 0 };
	g_autoptr(GPtrArray) rows = NULL;

	(void)arguments;
	if (store == NULL)
		return false;
	rows = held_count_list(store, error);
	if (rows == NULL)
		return false;
	for (guint i = 0; i < rows->len; i++) {
		const struct held_count *one = rows->pdata[i];

		if (i > 0 && !same_tally(&tally, one)) {
			tally_show(cli->out, &tally);
			tally = (struct tally){ 0 };
		}
		tally.department = one->department;
		tally.cause = one->cause;
		tally.counts[one->state] = one->count;
		total.counts[one->state] += one->count;
		if (one->state != HELD_WAITING)
			continue;
		tally.oldest = one->oldest;
		if (total.oldest == 0 || one->oldest < total.oldest)
			total.oldest = one->oldest;
	}
	if (rows->len > 0)
		tally_show(cli->out, &tally);
	tally_show(cli->out, &total);
	return true;
}

static struct held *find(struct cli *cli, const char *text, GError **error)
{
	struct store *store = cli_store(cli, error);
	gint64 id;

	if (store == NULL || !cli_parse_id(text, &id, error))
		return NULL;
	return held_get(store, id, error);
}

static bool run_show(struct cli *cli, char **arguments, GError **error)
{
	AUTO(held) held = find(cli, arguments[0], error);

	if (held == NULL)
		return false;
	show(cli->out, held);
	output_say(cli->out, "\nevidence: %s\nclient: %s  queue id: %s",
		   held->auth, held->client_ip, held->queue_id);
	return true;
}

static bool run_raw(struct cli *cli, char **arguments, GError **error)
{
	g_autoptr(GBytes) raw = NULL;
	AUTO(held) held = find(cli, arguments[0], error);

	if (held == NULL)
		return false;
	raw = blob_get(cli->store, held->raw, error);
	return raw != NULL && cli_write_bytes(raw, error);
}

static bool release(struct cli *cli, struct held *held, const char *by,
		    GError **error)
{
	struct intake_result result = { 0 };
	bool ok = hold_release(cli->desk, cli->store, held, by, &result, error);

	if (ok) {
		output_begin(cli->out, "released");
		output_id(cli->out, "id", held->id);
		output_text(cli->out, "ticket", result.ref);
		output_end(cli->out);
	}
	intake_result_clear(&result);
	return ok;
}

static bool discard(struct cli *cli, struct held *held, const char *by,
		    GError **error)
{
	return hold_discard(cli->desk, cli->store, held, by, error);
}

/* Decides on the message of arguments[0] in one transaction. */
static bool decide(struct cli *cli, char **arguments,
		   bool (*work)(struct cli *, struct held *, const char *,
				GError **),
		   GError **error)
{
	if (cli_desk(cli, error) == NULL)
		return false;
	AUTO(staff) staff = cli_actor(cli, error);
	if (staff == NULL || cli_begin(cli, error) == NULL)
		return false;
	AUTO(held) held = find(cli, arguments[0], error);
	return cli_end(cli,
		       held != NULL && work(cli, held, staff->login, error),
		       error);
}

static bool run_release(struct cli *cli, char **arguments, GError **error)
{
	return decide(cli, arguments, release, error);
}

static bool run_discard(struct cli *cli, char **arguments, GError **error)
{
	return decide(cli, arguments, discard, error);
}

static const struct verb verbs[] = {
	{ "list", "", "messages that wait", list_options, 0, 0, run_list },
	{ "status", "", "how many, by department and cause", NULL, 0, 0,
	  run_status },
	{ "show", "ID", "one message and why it waits", NULL, 1, 1, run_show },
	{ "raw", "ID", "its original bytes", NULL, 1, 1, run_raw },
	{ "release", "ID", "make it a ticket", NULL, 1, 1, run_release },
	{ "discard", "ID", "drop it; nobody is told", NULL, 1, 1,
	  run_discard },
	{ 0 }
};

const struct noun noun_held = { "held", "held messages (retidas)", verbs };
