/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timers.h - what happens because time passes
 *
 * Held messages expire; the map for Postfix follows the departments.
 */
#ifndef PORTARIA_NOTIFIER_TIMERS_H
#define PORTARIA_NOTIFIER_TIMERS_H

#include "desk/desk.h"

/* Runs whatever is due; own transactions. */
bool timers_run(const struct desk *desk, struct store *store, GError **error)
	NODISCARD;

#endif
