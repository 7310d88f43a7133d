/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticket.h - the verbs of `portaria ticket`, by what they do
 */
#ifndef PORTARIA_CLI_TICKET_H
#define PORTARIA_CLI_TICKET_H

#include "cli/cli.h"

/* A ref in any spelling; NOT_FOUND names the ref. */
struct ticket *ticket_find(struct cli *cli, struct store *store,
			   const char *text, GError **error) NODISCARD;
/* The same, or the ticket that it was merged into, which is said. */
struct ticket *ticket_find_current(struct cli *cli, struct store *store,
				   const char *text, GError **error) NODISCARD;
/* "123" behind --message, of any number. */
bool ticket_parse_ids(char **texts, GArray **ret_ids, GError **error)
	NODISCARD;

/* Everything one change needs; borrowed. */
struct ticket_change {
	struct cli *cli;
	struct store *store;
	struct actor actor;
	struct ticket *ticket;
	char **arguments;
	const struct conversation_text *text; /* reply and note */
};

/* What is to be done with the ticket of a ref. */
struct ticket_work {
	const char *ref;
	char **arguments;
	const struct conversation_text *text;
	bool exact; /* the ticket itself, even if it was merged */
	bool (*run)(const struct ticket_change *change, GError **error);
};

/* Does it in one transaction as the member of staff who acts, and shows the
 * ticket's ref, status and priority. */
bool ticket_change(struct cli *cli, const struct ticket_work *work,
		   GError **error) NODISCARD;
/* That row. */
void ticket_show_changed(struct cli *cli, const struct ticket *ticket);

/* ticket_read.c */
extern const GOptionEntry ticket_list_options[];
extern const GOptionEntry ticket_save_options[];
extern const GOptionEntry ticket_raw_options[];
bool ticket_run_list(struct cli *cli, char **arguments, GError **error);
bool ticket_run_show(struct cli *cli, char **arguments, GError **error);
bool ticket_run_attachment(struct cli *cli, char **arguments, GError **error);
bool ticket_run_raw(struct cli *cli, char **arguments, GError **error);

/* ticket_change.c */
extern const GOptionEntry ticket_reply_options[];
extern const GOptionEntry ticket_note_options[];
bool ticket_run_reply(struct cli *cli, char **arguments, GError **error);
bool ticket_run_note(struct cli *cli, char **arguments, GError **error);
bool ticket_run_status(struct cli *cli, char **arguments, GError **error);
bool ticket_run_priority(struct cli *cli, char **arguments, GError **error);
bool ticket_run_assign(struct cli *cli, char **arguments, GError **error);

/* ticket_relate.c */
extern const GOptionEntry ticket_split_options[];
bool ticket_run_merge(struct cli *cli, char **arguments, GError **error);
bool ticket_run_unmerge(struct cli *cli, char **arguments, GError **error);
bool ticket_run_split(struct cli *cli, char **arguments, GError **error);
bool ticket_run_move(struct cli *cli, char **arguments, GError **error);
bool ticket_run_link(struct cli *cli, char **arguments, GError **error);
bool ticket_run_unlink(struct cli *cli, char **arguments, GError **error);
bool ticket_run_copy(struct cli *cli, char **arguments, GError **error);
/* In JSON a member of the object that is open, else a line each: tickets that
 * are linked, and people who might be added. */
bool ticket_show_relations(struct cli *cli, struct store *store,
			   const struct ticket *ticket, GError **error)
	NODISCARD;

#endif
