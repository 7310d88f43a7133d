/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_ticket.c - portaria ticket: the table of its verbs
 */
#include "cli/ticket.h"

#include "base/error.h"
#include "base/ids.h"

#include <string.h>

struct ticket *ticket_find(struct cli *cli, struct store *store,
			   const char *text, GError **error)
{
	g_autofree char *ref = ref_parse(cli->config->server.ref_prefix, text,
					 strlen(text));

	if (ref == NULL) {
		cli_usage(error,
			  "\"%s\" is no ticket number (%s- and seven letters "
			  "or digits, the last one checks the others)",
			  text, cli->config->server.ref_prefix);
		return NULL;
	}
	return ticket_by_ref(store, ref, error);
}

struct ticket *ticket_find_current(struct cli *cli, struct store *store,
				   const char *text, GError **error)
{
	AUTO(ticket) named = ticket_find(cli, store, text, error);
	struct ticket *ticket;

	if (named == NULL || named->merged_into == 0)
		return g_steal_pointer(&named);
	ticket = ticket_get(store, named->id, error);
	ticket = ticket_follow(store, ticket, error);
	if (ticket != NULL)
		output_say(cli->out, "%s was merged into %s", named->ref,
			   ticket->ref);
	return ticket;
}

static const struct verb verbs[] = {
	{ "list", "", "tickets, the newest change first", ticket_list_options,
	  0, 0, ticket_run_list },
	{ "show", "REF", "a ticket with everything in it", NULL, 1, 1,
	  ticket_run_show },
	{ "reply", "REF", "answer everybody who takes part",
	  ticket_reply_options, 1, 1, ticket_run_reply },
	{ "note", "REF", "an internal note", ticket_note_options, 1, 1,
	  ticket_run_note },
	{ "status", "REF STATUS", "set the status", NULL, 2, 2,
	  ticket_run_status },
	{ "priority", "REF PRIORITY", "set the priority", NULL, 2, 2,
	  ticket_run_priority },
	{ "assign", "REF LOGIN|none", "who takes care", NULL, 2, 2,
	  ticket_run_assign },
	{ "move", "REF DEPARTMENT", "to another department", NULL, 2, 2,
	  ticket_run_move },
	{ "merge", "REF INTO", "put a ticket into another", NULL, 2, 2,
	  ticket_run_merge },
	{ "unmerge", "REF", "take a merged ticket out again", NULL, 1, 1,
	  ticket_run_unmerge },
	{ "split", "REF", "put messages into a new ticket",
	  ticket_split_options, 1, 1, ticket_run_split },
	{ "link", "REF OTHER", "say that tickets have to do with each other",
	  NULL, 2, 2, ticket_run_link },
	{ "unlink", "REF OTHER", "the contrary", NULL, 2, 2,
	  ticket_run_unlink },
	{ "copy", "add REF ADDRESS | remove REF ADDRESS | list REF",
	  "more people who read and write", NULL, 2, 3, ticket_run_copy },
	{ "attachment", "save REF", "write the attachments to a folder",
	  ticket_save_options, 2, 2, ticket_run_attachment },
	{ "raw", "REF", "the original bytes of a message",
	  ticket_raw_options, 1, 1, ticket_run_raw },
	{ 0 }
};

const struct noun noun_ticket = { "ticket", "tickets (chamados)", verbs };
