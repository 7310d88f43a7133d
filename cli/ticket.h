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

#endif
