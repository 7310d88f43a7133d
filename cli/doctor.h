/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.h - `portaria doctor`: what is wrong, in words
 */
#ifndef PORTARIA_CLI_DOCTOR_H
#define PORTARIA_CLI_DOCTOR_H

#include "cli/cli.h"

extern const GOptionEntry doctor_options[];
/* Fails (exit 69) if a check failed; warnings alone are no failure. */
bool doctor_run(struct cli *cli, char **arguments, GError **error);

#endif
