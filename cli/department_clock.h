/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * department_clock.h - hours, targets and retention of departments
 */
#ifndef PORTARIA_CLI_DEPARTMENT_CLOCK_H
#define PORTARIA_CLI_DEPARTMENT_CLOCK_H

#include "cli/cli.h"

extern const GOptionEntry department_clock_options[];
extern const GOptionEntry department_target_options[];
bool department_run_clock(struct cli *cli, char **arguments, GError **error);
bool department_run_target(struct cli *cli, char **arguments, GError **error);

#endif
