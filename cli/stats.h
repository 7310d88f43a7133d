/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.h - `portaria stats`, a verb without a noun */
#ifndef PORTARIA_CLI_STATS_H
#define PORTARIA_CLI_STATS_H

#include "cli/cli.h"

extern const GOptionEntry stats_options[];
bool stats_run(struct cli *cli, char **arguments, GError **error);

#endif
