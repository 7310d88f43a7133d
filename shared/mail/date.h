/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/date.h - the Date: field
 */
#ifndef PORTARIA_MAIL_DATE_H
#define PORTARIA_MAIL_DATE_H

#include <glib.h>
#include <stdbool.h>

/*
 * Reads a date-time of RFC 5322 3.3 with the obsolete forms of 4.3 (two-digit
 * years, zone names, comments) and what mailers make of it. UTC
 * milliseconds, or 0 if it is none or lies before 1970. No time zone data of
 * the system is used.
 */
gint64 date_parse(const char *value);

#endif
