/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * date.c - the Date: field
 *
 * Splits into words and recognises each by its look, so that the order
 * "Nov 22 16:20:00 2026" of older programs is understood too.
 */
#include "mail/date.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define WORDS_MAX 12

struct date {
	int day;
	int month; /* 1 to 12 */
	int year;
	int hour;
	int minute;
	int second;
	int offset; /* minutes east of UTC */
};

static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

/* RFC 5322 4.3; others, and single letters, are UTC. */
static const struct {
	const char *name;
	int offset;
} zones[] = {
	{ "EST", -300 }, { "EDT", -240 },  { "CST", -360 }, { "CDT", -300 },
	{ "MST", -420 }, { "MDT", -360 },  { "PST", -480 }, { "PDT", -420 },
	{ "BRT", -180 }, { "BRST", -120 }, { "CET", 60 },   { "CEST", 120 },
	{ "WEST", 60 },  { "EET", 120 },   { "EEST", 180 }, { "JST", 540 },
};

static bool all_digits(const char *word, size_t max)
{
	size_t len = strspn(word, "0123456789");

	return len > 0 && len <= max && word[len] == '\0';
}

static bool take_month(const char *word, struct date *date)
{
	for (int i = 0; i < 12 && strlen(word) >= 3; i++) {
		if (g_ascii_strncasecmp(word, months + (size_t)i * 3, 3) == 0) {
			date->month = i + 1;
			return true;
		}
	}
	return false;
}

static bool take_time(const char *word, struct date *date)
{
	char *end;

	if (!g_ascii_isdigit(*word) || strchr(word, ':') == NULL)
		return false;
	date->hour = (int)strtol(word, &end, 10);
	if (*end != ':' || !g_ascii_isdigit(end[1]))
		return false;
	date->minute = (int)strtol(end + 1, &end, 10);
	if (*end == ':' && g_ascii_isdigit(end[1]))
		date->second = (int)strtol(end + 1, &end, 10);
	return true;
}

static bool take_offset(const char *word, struct date *date)
{
	if ((*word != '+' && *word != '-') || strlen(word) != 5 ||
	    !all_digits(word + 1, 4))
		return false;
	int number = (int)strtol(word + 1, NULL, 10);

	date->offset = number / 100 * 60 + number % 100;
	if (*word == '-')
		date->offset = -date->offset;
	return true;
}

static bool take_zone(const char *word, struct date *date)
{
	for (size_t i = 0; i < G_N_ELEMENTS(zones); i++) {
		if (g_ascii_strcasecmp(word, zones[i].name) == 0) {
			date->offset = zones[i].offset;
			return true;
		}
	}
	return false;
}

/* Two digits: 00 to 49 are 2000 to 2049 (RFC 5322 4.3). */
static bool take_number(const char *word, struct date *date)
{
	if (!all_digits(word, 4))
		return false;
	int number = (int)strtol(word, NULL, 10);

	if (date->day == 0 && strlen(word) <= 2)
		date->day = number;
	else if (date->year == 0 && strlen(word) >= 4)
		date->year = number;
	else if (date->year == 0)
		date->year = number + (number < 50 ? 2000 : 1900);
	return true;
}

/* Drops comments; "," and blanks part words, and "-" as in 22-Nov-2026. */
static char **split(const char *value)
{
	GString *flat = g_string_new(NULL);
	int depth = 0;

	for (; *value != '\0' && flat->len < 200; value++) {
		if (*value == '(')
			depth++;
		else if (*value == ')' && depth > 0)
			depth--;
		else if (depth == 0)
			g_string_append_c(
				flat, *value == ',' || g_ascii_isspace(*value)
					      ? ' '
					      : *value);
	}
	char **words = g_strsplit(flat->str, " ", WORDS_MAX * 2);

	g_string_free(flat, TRUE);
	return words;
}

static void take_word(const char *word, struct date *date)
{
	g_auto(GStrv) parts = NULL;

	if (take_time(word, date) || take_offset(word, date) ||
	    take_number(word, date) || take_month(word, date) ||
	    take_zone(word, date) || !g_ascii_isdigit(*word))
		return;
	parts = g_strsplit(word, "-", 3); /* 22-Nov-2026 */
	for (char **part = parts; *part != NULL; part++)
		(void)(take_number(*part, date) || take_month(*part, date));
}

static bool is_sane(const struct date *date)
{
	return g_date_valid_dmy((GDateDay)date->day, (GDateMonth)date->month,
	                        (GDateYear)date->year) &&
	       date->year >= 1970 && date->hour < 24 && date->minute < 60 &&
	       date->second <= 60 && ABS(date->offset) < 24 * 60;
}

gint64 date_parse(const char *value)
{
	struct date date = { 0 };
	g_auto(GStrv) words = split(value);

	for (char **word = words; *word != NULL; word++)
		if (**word != '\0')
			take_word(*word, &date);
	if (date.day > 31 || date.year > 9999 || !is_sane(&date))
		return 0;
	GDate day;

	g_date_set_dmy((g_date_clear(&day, 1), &day), (GDateDay)date.day,
	               (GDateMonth)date.month, (GDateYear)date.year);
	gint64 days = (gint64)g_date_get_julian(&day) - 719163;
	gint64 ms = days * CLOCK_DAY + date.hour * CLOCK_HOUR +
	            (date.minute - date.offset) * CLOCK_MINUTE +
	            date.second * CLOCK_SECOND;

	return MAX(ms, 0);
}
