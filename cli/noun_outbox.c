/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_outbox.c - portaria outbox: mail on its way out
 */
#include "cli/ticket.h"
#include "cli/undeliverable.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/outbox.h"

static struct {
	gboolean all;
	char *ticket;
	char *state;
} opt;

static const GOptionEntry list_options[] = {
	CLI_FLAG("all", &opt.all, "sent ones too"),
	CLI_TEXT("ticket", &opt.ticket, "of one ticket", "REF"),
	CLI_TEXT("state", &opt.state, "in one state",
		 "queued|sent|failed|cancelled|bounced"),
	{ 0 }
};

static void show(struct output *out, const struct outbox *row)
{
	output_begin(out, "outbox");
	output_id(out, "id", row->id);
	output_text(out, "ticket", row->ticket);
	output_text(out, "kind", row->kind);
	output_text(out, "recipient", row->recipient);
	output_json_text(out, "sender", row->sender);
	output_json_text(out, "message_id", row->header_id);
	output_text(out, "subject", row->subject);
	output_text(out, "state", outbox_state_name(row->state));
	output_number(out, "attempts", row->attempts);
	output_text(out, "last_reply", row->last_reply);
	output_json_time(out, "created", row->created);
	output_time(out, "sent", row->sent);
	output_end(out);
}

static bool wanted(const struct outbox *row)
{
	return opt.all || opt.state != NULL || row->state != OUTBOX_SENT;
}

static bool run_list(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) rows = NULL;
	AUTO(ticket) ticket = NULL;
	enum outbox_state state;
	int only = -1;

	(void)arguments;
	if (store == NULL)
		return false;
	if (opt.state != NULL) {
		if (!outbox_state_parse(opt.state, &state))
			return cli_usage(error, "unknown state \"%s\"",
					 opt.state);
		only = (int)state;
	}
	if (opt.ticket != NULL) {
		ticket = ticket_find(cli, store, opt.ticket, error);
		if (ticket == NULL)
			return false;
	}
	rows = outbox_list(store, only, ticket != NULL ? ticket->id : 0, 1000,
			   error);
	for (guint i = 0; rows != NULL && i < rows->len; i++) {
		if (wanted(rows->pdata[i]))
			show(cli->out, rows->pdata[i]);
	}
	return rows != NULL && output_rows(cli->out) > 0;
}

static bool run_show(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	gint64 id;

	if (store == NULL || !cli_parse_id(arguments[0], &id, error))
		return false;
	AUTO(outbox) row = outbox_get(store, id, error);
	if (row == NULL)
		return false;
	if (output_is_json(cli->out)) {
		show(cli->out, row);
		return true;
	}
	return cli_write_bytes(row->bytes, error);
}

static bool run_retry(struct cli *cli, char **arguments, GError **error)
{
	struct store *store;
	gint64 id;

	if (!cli_parse_id(arguments[0], &id, error))
		return false;
	store = cli_begin(cli, error);
	if (store == NULL
	    || !cli_end(cli, outbox_requeue(store, id, error), error))
		return false;
	output_say(cli->out, "%s: due now", arguments[0]);
	return true;
}

#define RATE_WINDOW (60 * CLOCK_SECOND)

/* Minutes are enough for people. */
static void show_progress(struct output *out,
			  const struct outbox_status *status)
{
	gint64 waiting = status->queued + status->sending;
	double rate = status->window_ms > 0
			      ? (double)status->sent * 1000
					/ (double)status->window_ms
			      : 0;
	g_autofree char *text = g_strdup_printf("%.1f", rate);

	output_text(out, "per_second", text);
	output_number(out, "seconds_left",
		      rate > 0 ? (gint64)((double)waiting / rate + 0.5)
			       : waiting > 0 ? -1
					     : 0);
}

static bool run_status(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	struct outbox_status status;

	(void)arguments;
	if (store == NULL
	    || !outbox_get_status(store, RATE_WINDOW, &status, error))
		return false;
	output_begin(cli->out, "outbox_status");
	output_number(cli->out, "queued", status.queued);
	output_number(cli->out, "sending", status.sending);
	output_number(cli->out, "deferred", status.deferred);
	output_number(cli->out, "behind", status.behind);
	output_number(cli->out, "failed", status.failed);
	output_time(cli->out, "oldest", status.oldest);
	show_progress(cli->out, &status);
	output_end(cli->out);
	for (guint i = 0; i < status.reasons->len; i++) {
		const struct outbox_reason *one = status.reasons->pdata[i];

		output_begin(cli->out, "outbox_reason");
		output_number(cli->out, "deferred", one->count);
		output_text(cli->out, "reason", one->reply);
		output_end(cli->out);
	}
	outbox_status_clear(&status);
	return true;
}

static const struct verb verbs[] = {
	{ "status", "", "how far it is: waiting, put off and why, rate", NULL,
	  0, 0, run_status },
	{ "list", "", "what has not been sent", list_options, 0, 0, run_list },
	{ "show", "ID", "the message as it goes out", NULL, 1, 1, run_show },
	{ "retry", "ID", "try again now", NULL, 1, 1, run_retry },
	{ "undeliverable", "", "addresses that failed and get no more mail",
	  NULL, 0, 0, undeliverable_run_list },
	{ "clear", "ADDRESS", "mail goes to such an address again", NULL, 1, 1,
	  undeliverable_run_clear },
	{ 0 }
};

const struct noun noun_outbox = { "outbox", "outgoing mail", verbs };
