/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/clock.h - time of day in UTC milliseconds, and a clock that only runs
 *
 * All stored times are UTC milliseconds since 1970. Deadlines use the
 * monotonic clock. Tests may stand the time of day still.
 */
#ifndef PORTARIA_BASE_CLOCK_H
#define PORTARIA_BASE_CLOCK_H

#include <glib.h>

#define CLOCK_SECOND ((gint64)1000)
#define CLOCK_MINUTE (60 * CLOCK_SECOND)
#define CLOCK_HOUR   (60 * CLOCK_MINUTE)
#define CLOCK_DAY    (24 * CLOCK_HOUR)

/* Time of day, milliseconds. */
gint64 clock_now(void);
/* Monotonic milliseconds; for deadlines only. */
gint64 clock_monotonic(void);
/* Tests: clock_now() answers this until set to 0. */
void clock_set_for_test(gint64 now);

/* "2026-11-22 16:20" in the local zone; owned by the caller. */
char *clock_dup_local(gint64 ms);
/* What is wrong with the name of a zone, to be put behind it ("is not ..."),
 * or NULL if it is one. */
const char *clock_zone_complaint(const char *name);
/* "2026-11-22T16:20:00Z" (ISO 8601, JSON); owned by the caller. */
char *clock_dup_iso(gint64 ms);
/* "Sun, 22 Nov 2026 16:20:00 +0000" (RFC 5322, 3.3); owned by the caller. */
char *clock_dup_rfc5322(gint64 ms);

#endif
