/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undeliverable.h - addresses that get no more mail
 */
#ifndef PORTARIA_CLI_UNDELIVERABLE_H
#define PORTARIA_CLI_UNDELIVERABLE_H

#include "cli/cli.h"

/* In the open transaction: mail goes there again. NOT_FOUND if it did. */
bool undeliverable_forget(struct cli *cli, const char *address,
			  GError **error) NODISCARD;
bool undeliverable_run_list(struct cli *cli, char **arguments, GError **error);
bool undeliverable_run_clear(struct cli *cli, char **arguments,
			     GError **error);

#endif
