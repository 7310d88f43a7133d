/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.c - reading the clocks and writing times down
 *
 * Times to be written may come from a peer's Date field: what lies outside
 * the years 1 to 9999 is moved to their edge. Names of days and months are
 * our own table, because strftime() would follow the locale.
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>

/* A day inside both ends, so that no zone leaves the years GDateTime has. */
#define EARLIEST (G_GINT64_CONSTANT(-62135596800) + 86400)
#define LATEST   (G_GINT64_CONSTANT(253402300799) - 86400)
#define ZONES    "/usr/share/zoneinfo" /* unless TZDIR says another */

static _Atomic gint64 test_now;

gint64 clock_now(void)
{
	gint64 fixed = atomic_load(&test_now);

	return fixed != 0 ? fixed : g_get_real_time() / 1000;
}

gint64 clock_monotonic(void)
{
	return g_get_monotonic_time() / 1000;
}

void clock_set_for_test(gint64 now)
{
	atomic_store(&test_now, now);
}

static gint64 seconds_of(gint64 ms)
{
	gint64 seconds = ms / 1000;

	if (ms % 1000 < 0)
		seconds--;
	return CLAMP(seconds, EARLIEST, LATEST);
}

char *clock_dup_local(gint64 ms)
{
	g_autoptr(GDateTime) t =
		g_date_time_new_from_unix_local(seconds_of(ms));

	return g_strdup_printf(
		"%04d-%02d-%02d %02d:%02d", g_date_time_get_year(t),
		g_date_time_get_month(t), g_date_time_get_day_of_month(t),
		g_date_time_get_hour(t), g_date_time_get_minute(t));
}

/* GLib looks there, too. */
static bool has_zones(void)
{
	const char *dir = g_getenv("TZDIR");
	g_autofree char *any =
		g_build_filename(dir != NULL ? dir : ZONES, "Etc/UTC", NULL);

	return g_file_test(any, G_FILE_TEST_EXISTS);
}

const char *clock_zone_complaint(const char *name)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(name);

	if (zone != NULL)
		return NULL;
	return has_zones() ? "is not a time zone such as America/Sao_Paulo"
	                   : "cannot be looked up: this system has no time "
	                     "zones (Debian package tzdata)";
}

char *clock_dup_iso(gint64 ms)
{
	g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(seconds_of(ms));

	return g_strdup_printf(
		"%04d-%02d-%02dT%02d:%02d:%02dZ", g_date_time_get_year(t),
		g_date_time_get_month(t), g_date_time_get_day_of_month(t),
		g_date_time_get_hour(t), g_date_time_get_minute(t),
		g_date_time_get_second(t));
}

char *clock_dup_rfc5322(gint64 ms)
{
	static const char days[7][4] = { "Mon", "Tue", "Wed", "Thu",
		                         "Fri", "Sat", "Sun" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr",
		                            "May", "Jun", "Jul", "Aug",
		                            "Sep", "Oct", "Nov", "Dec" };
	g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(seconds_of(ms));

	return g_strdup_printf("%s, %d %s %04d %02d:%02d:%02d +0000",
	                       days[g_date_time_get_day_of_week(t) - 1],
	                       g_date_time_get_day_of_month(t),
	                       months[g_date_time_get_month(t) - 1],
	                       g_date_time_get_year(t), g_date_time_get_hour(t),
	                       g_date_time_get_minute(t),
	                       g_date_time_get_second(t));
}
