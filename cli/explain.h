/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - `portaria explain`: what milter and intake would do, and why
 */
#ifndef PORTARIA_CLI_EXPLAIN_H
#define PORTARIA_CLI_EXPLAIN_H

#include "cli/cli.h"

extern const GOptionEntry explain_options[];
bool explain_run(struct cli *cli, char **arguments, GError **error);

#endif
