/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/hours.h - business hours: how long is it until four working hours from
 * now
 *
 * Pure. Hours are what the clock on the wall says in a time zone, so a day on
 * which it is put forward or back has other lengths and other places in UTC.
 * A time that the wall clock skips is the moment of the change. One that it
 * shows twice counts from its first showing as a beginning and to its last as
 * an end.
 */
#ifndef PORTARIA_DESK_HOURS_H
#define PORTARIA_DESK_HOURS_H

#include "base/cleanup.h"

#include <glib.h>
#include <stdbool.h>

struct hours;

/* For hours_add(): no business in the next ten years. */
#define HOURS_NEVER G_MAXINT64

/*
 * zone: a name of the IANA database, "" is the system's zone.
 *
 * weekly: "mon-fri 09:00-12:00,13:00-18:00; sat 09:00-13:00". Days are three
 * letters or more in English, Portuguese or Spanish, also lists (mon,wed) and
 * ranges that pass Sunday (fri-mon). Times are 00:00 to 24:00; one that does
 * not come after its beginning is on the next day. "" or "always": all hours
 * of all days, holidays too.
 *
 * holidays: dates separated by blanks, commas or semicolons: "2026-02-17", or
 * "12-25" for every year. What passes midnight into one ends there.
 *
 * NULL and SYNTAX names what is wrong. Owned by the caller.
 */
struct hours *hours_parse(const char *zone, const char *weekly,
			  const char *holidays, GError **error) NODISCARD;
void hours_free(struct hours *hours);
DEFINE_AUTO(hours)

/* All times are UTC milliseconds. */

/* Business goes on at this moment. */
bool hours_is_open(const struct hours *hours, gint64 at);
/* The moment when `work` milliseconds of business have passed since `from`;
 * for 0 that is `from`. */
gint64 hours_add(const struct hours *hours, gint64 from, gint64 work);
/* Milliseconds of business between two moments; 0 if to < from. At most ten
 * years are counted. */
gint64 hours_between(const struct hours *hours, gint64 from, gint64 to);

/* "2026-11-22 16:20" in the zone; owned by the caller. */
char *hours_dup_local(const struct hours *hours, gint64 at);

#endif
