/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hours.c - business hours
 *
 * Days are numbered from 1970-01-01 in local time. Each day's hours become
 * spans of UTC, which are added up. The zone is asked for its offset at a
 * moment and nothing else, so it does not matter how it is implemented.
 */
#include "desk/hours.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>

#define DAY_MINUTES  1440
#define SPANS_MAX    8    /* of one weekday */
#define HOLIDAYS_MAX 500
#define DAYS_MAX     3660 /* looked at */
#define EPOCH_JULIAN 719163 /* of 1970-01-01, GLib's count */
#define DAY_SECONDS  86400
/* No zone is further from UTC, and no two changes are nearer. */
#define OFFSET_MAX   (26 * 3600)

struct span {
	int from; /* minutes of the day */
	int to;   /* up to twice DAY_MINUTES: on the next day */
};

struct week {
	struct span spans[7][SPANS_MAX]; /* Monday is 0 */
	unsigned count[7];
};

struct holiday {
	int year; /* 0: every year */
	int month;
	int day;
};

struct hours {
	GTimeZone *zone;
	bool always;
	struct week week;
	GArray *holidays; /* struct holiday */
};

/* --- words ------------------------------------------------------------------- */

static bool fail(GError **error, const char *what, const char *text)
{
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
		    "\"%s\": %s", text, what);
	return false;
}

/* Three letters are enough, and tell the languages apart. */
static bool parse_day(const char *text, int *ret_day, GError **error)
{
	static const char *const names[7][3] = {
		{ "monday", "segunda", "lunes" },
		{ "tuesday", "terca", "martes" },
		{ "wednesday", "quarta", "miercoles" },
		{ "thursday", "quinta", "jueves" },
		{ "friday", "sexta", "viernes" },
		{ "saturday", "sabado", "sabado" },
		{ "sunday", "domingo", "domingo" },
	};
	g_autofree char *folded = g_str_to_ascii(text, "C");
	g_autofree char *word = g_ascii_strdown(folded, -1);
	size_t len = strlen(word);

	for (int day = 0; len >= 3 && day < 7; day++) {
		for (unsigned i = 0; i < 3; i++) {
			if (strncmp(names[day][i], word, len) == 0) {
				*ret_day = day;
				return true;
			}
		}
	}
	return fail(error, "no day of the week (mon, tue, ...)", text);
}

/* Digits only, `width` of them. */
static bool parse_digits(const char **text, int width, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < width; i++, (*text)++) {
		if (!g_ascii_isdigit(**text))
			return false;
		value = value * 10 + g_ascii_digit_value(**text);
	}
	*ret_value = value;
	return true;
}

static bool skip(const char **text, char c)
{
	bool there = **text == c;

	*text += there;
	return there;
}

/* "09:00", or "9:00", to minutes. */
static bool parse_time(const char **text, int *ret_minutes)
{
	bool short_hour = g_ascii_isdigit((*text)[0]) && (*text)[1] == ':';
	int hour, minute;

	if (!parse_digits(text, short_hour ? 1 : 2, &hour) || !skip(text, ':')
	    || !parse_digits(text, 2, &minute))
		return false;
	*ret_minutes = hour * 60 + minute;
	return minute < 60 && *ret_minutes <= DAY_MINUTES;
}

static bool parse_span(const char *text, struct span *ret_span, GError **error)
{
	const char *p = text;
	struct span span;

	if (!parse_time(&p, &span.from) || !skip(&p, '-')
	    || !parse_time(&p, &span.to) || *p != '\0'
	    || span.from == DAY_MINUTES)
		return fail(error, "no times like 09:00-18:00", text);
	if (span.to <= span.from)
		span.to += DAY_MINUTES;
	*ret_span = span;
	return true;
}

/* The parts between any of the separators, without empty ones. */
static char **split(const char *text, const char *separators)
{
	g_auto(GStrv) all = g_strsplit_set(text, separators, -1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (char **p = all; *p != NULL; p++) {
		if (**p != '\0')
			g_strv_builder_add(builder, *p);
	}
	return g_strv_builder_end(builder);
}

/* Adds "mon" or "fri-mon" to the days. */
static bool parse_days(const char *text, bool *days, GError **error)
{
	g_auto(GStrv) ends = g_strsplit(text, "-", 2);
	int first, last;

	if (!parse_day(ends[0], &first, error)
	    || !parse_day(ends[1] != NULL ? ends[1] : ends[0], &last, error))
		return false;
	for (int day = first;; day = (day + 1) % 7) {
		days[day] = true;
		if (day == last)
			return true;
	}
}

static int compare_spans(const void *a, const void *b)
{
	return ((const struct span *)a)->from - ((const struct span *)b)->from;
}

static bool add_span(struct week *week, int day, struct span span,
		     const char *text, GError **error)
{
	if (week->count[day] == SPANS_MAX)
		return fail(error, "too many times for one day", text);
	week->spans[day][week->count[day]++] = span;
	qsort(week->spans[day], week->count[day], sizeof(struct span),
	      compare_spans);
	return true;
}

/* "mon-fri 09:00-12:00,13:00-18:00" */
static bool parse_rule(const char *rule, struct week *week, GError **error)
{
	g_auto(GStrv) words = split(rule, " \t");
	bool days[7] = { false };

	if (g_strv_length(words) != 2)
		return fail(error, "no days and times like mon-fri 09:00-18:00",
			    rule);
	g_auto(GStrv) names = split(words[0], ",");
	g_auto(GStrv) times = split(words[1], ",");
	for (char **p = names; *p != NULL; p++) {
		if (!parse_days(*p, days, error))
			return false;
	}
	for (char **p = times; *p != NULL; p++) {
		struct span span;

		if (!parse_span(*p, &span, error))
			return false;
		for (int day = 0; day < 7; day++) {
			if (days[day]
			    && !add_span(week, day, span, rule, error))
				return false;
		}
	}
	return true;
}

/* Where does a span of this day end at the latest? */
static bool has_overlap(const struct week *week)
{
	for (int day = 0; day < 7; day++) {
		int next = (day + 1) % 7;

		for (unsigned i = 0; i < week->count[day]; i++) {
			const struct span *span = &week->spans[day][i];

			if (i + 1 < week->count[day]
			    && span[1].from < span->to)
				return true;
			if (week->count[next] > 0
			    && week->spans[next][0].from + DAY_MINUTES
				       < span->to)
				return true;
		}
	}
	return false;
}

static bool parse_week(const char *text, struct week *week, GError **error)
{
	g_auto(GStrv) rules = g_strsplit(text, ";", -1);
	bool any = false;

	for (char **p = rules; *p != NULL; p++) {
		if (*g_strstrip(*p) == '\0')
			continue;
		if (!parse_rule(*p, week, error))
			return false;
		any = true;
	}
	if (!any)
		return fail(error, "no business hours at all", text);
	return !has_overlap(week)
	       || fail(error, "hours that overlap", text);
}

static bool parse_holiday(const char *text, struct holiday *ret_holiday)
{
	struct holiday day = { 0 };
	const char *p = text;
	bool has_year = strlen(text) == 10;

	if (has_year && (!parse_digits(&p, 4, &day.year) || !skip(&p, '-')))
		return false;
	if (!parse_digits(&p, 2, &day.month) || !skip(&p, '-')
	    || !parse_digits(&p, 2, &day.day) || *p != '\0')
		return false;
	*ret_holiday = day;
	/* A leap year, so that 02-29 is a day. */
	return (!has_year || day.year > 0)
	       && g_date_valid_dmy((GDateDay)day.day, (GDateMonth)day.month,
				   (GDateYear)(has_year ? day.year : 2000));
}

static bool parse_holidays(const char *text, GArray *holidays, GError **error)
{
	g_auto(GStrv) words = split(text, " \t,;\n");

	if (g_strv_length(words) > HOLIDAYS_MAX)
		return fail(error, "too many holidays", text);
	for (char **p = words; *p != NULL; p++) {
		struct holiday day;

		if (!parse_holiday(*p, &day))
			return fail(error, "no day like 2026-02-17 or 12-25",
				    *p);
		g_array_append_val(holidays, day);
	}
	return true;
}

static GTimeZone *find_zone(const char *name, GError **error)
{
	const char *complaint
		= *name != '\0' ? clock_zone_complaint(name) : NULL;

	if (complaint != NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
			    "\"%s\" %s", name, complaint);
		return NULL;
	}
	return *name == '\0' ? g_time_zone_new_local()
			     : g_time_zone_new_identifier(name);
}

struct hours *hours_parse(const char *zone, const char *weekly,
			  const char *holidays, GError **error)
{
	AUTO(hours) hours = g_new0(struct hours, 1);

	hours->holidays = g_array_new(false, true, sizeof(struct holiday));
	hours->always = *weekly == '\0' || strcmp(weekly, "always") == 0;
	hours->zone = find_zone(zone, error);
	if (hours->zone == NULL
	    || (!hours->always && !parse_week(weekly, &hours->week, error))
	    || !parse_holidays(holidays, hours->holidays, error))
		return NULL;
	return g_steal_pointer(&hours);
}

void hours_free(struct hours *hours)
{
	if (hours == NULL)
		return;
	g_clear_pointer(&hours->zone, g_time_zone_unref);
	g_array_unref(hours->holidays);
	g_free(hours);
}

/* --- the wall clock, in seconds ----------------------------------------------- */

static gint64 offset_at(const struct hours *hours, gint64 utc)
{
	int interval = g_time_zone_find_interval(hours->zone,
						 G_TIME_TYPE_UNIVERSAL, utc);

	return g_time_zone_get_offset(hours->zone, MAX(interval, 0));
}

/* When the offset changes between two moments. */
static gint64 find_change(const struct hours *hours, gint64 low, gint64 high)
{
	gint64 before = offset_at(hours, low);

	while (high - low > 1) {
		gint64 middle = low + (high - low) / 2;

		if (offset_at(hours, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* The moment when the wall clock shows `local`. */
static gint64 utc_of(const struct hours *hours, gint64 local, bool is_end)
{
	gint64 before = offset_at(hours, local - OFFSET_MAX);
	gint64 after = offset_at(hours, local + OFFSET_MAX);
	bool as_before = offset_at(hours, local - before) == before;
	bool as_after = offset_at(hours, local - after) == after;

	if (as_before && as_after)
		return is_end ? MAX(local - before, local - after)
			      : MIN(local - before, local - after);
	if (as_before)
		return local - before;
	if (as_after)
		return local - after;
	return find_change(hours, local - OFFSET_MAX, local + OFFSET_MAX);
}

static gint64 floor_div(gint64 a, gint64 b)
{
	return a / b - (a % b < 0);
}

static gint64 day_of(const struct hours *hours, gint64 utc)
{
	return floor_div(utc + offset_at(hours, utc), DAY_SECONDS);
}

static bool is_holiday(const struct hours *hours, gint64 day)
{
	GDate date;

	g_date_clear(&date, 1);
	g_date_set_julian(&date, (guint32)(day + EPOCH_JULIAN));
	for (guint i = 0; i < hours->holidays->len; i++) {
		const struct holiday *one = &g_array_index(
			hours->holidays, struct holiday, i);

		if (one->month == (int)g_date_get_month(&date)
		    && one->day == g_date_get_day(&date)
		    && (one->year == 0
			|| one->year == g_date_get_year(&date)))
			return true;
	}
	return false;
}

/* --- adding up ------------------------------------------------------------------ */

/* Looks at spans until `work` is done or `until` has come; milliseconds. */
struct sum {
	gint64 from;
	gint64 until;
	gint64 work; /* wanted */
	gint64 done;
	gint64 at; /* when it was done; HOURS_NEVER: not yet */
};

static void add_open(struct sum *sum, gint64 from, gint64 to)
{
	from = MAX(from, sum->from);
	to = MIN(to, sum->until);
	if (to <= from || sum->at != HOURS_NEVER)
		return;
	if (sum->work - sum->done <= to - from)
		sum->at = from + (sum->work - sum->done);
	sum->done += to - from;
}

static void add_day(const struct hours *hours, gint64 day, struct sum *sum)
{
	/* 1970-01-01 was a Thursday. */
	int weekday = (int)(((day + 3) % 7 + 7) % 7);
	gint64 midnight = day * DAY_SECONDS;
	bool cut = is_holiday(hours, day + 1);

	if (is_holiday(hours, day))
		return;
	for (unsigned i = 0; i < hours->week.count[weekday]; i++) {
		struct span span = hours->week.spans[weekday][i];
		int to = cut ? MIN(span.to, DAY_MINUTES) : span.to;

		add_open(sum,
			 utc_of(hours, midnight + span.from * 60, false) * 1000,
			 utc_of(hours, midnight + to * 60, true) * 1000);
	}
}

/* From the day before: its hours may pass midnight. */
static void add_up(const struct hours *hours, struct sum *sum)
{
	gint64 first = day_of(hours, floor_div(sum->from, 1000)) - 1;

	for (gint64 day = first; day < first + DAYS_MAX; day++) {
		if (sum->at != HOURS_NEVER
		    || (day - 2) * DAY_SECONDS * 1000 > sum->until)
			return;
		add_day(hours, day, sum);
	}
}

gint64 hours_add(const struct hours *hours, gint64 from, gint64 work)
{
	struct sum sum = {
		.from = from,
		.until = HOURS_NEVER,
		.work = work,
		.at = HOURS_NEVER,
	};

	if (work <= 0)
		return from;
	if (hours->always)
		return from > G_MAXINT64 - work ? HOURS_NEVER : from + work;
	add_up(hours, &sum);
	return sum.at;
}

gint64 hours_between(const struct hours *hours, gint64 from, gint64 to)
{
	struct sum sum = {
		.from = from,
		.until = to,
		.work = G_MAXINT64,
		.at = HOURS_NEVER,
	};

	if (to <= from)
		return 0;
	if (hours->always)
		return to - from;
	add_up(hours, &sum);
	return sum.done;
}

bool hours_is_open(const struct hours *hours, gint64 at)
{
	return hours_between(hours, at, at + 1) > 0;
}

char *hours_dup_local(const struct hours *hours, gint64 at)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(
		CLAMP(floor_div(at, 1000), 0, 4102444800));
	g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, hours->zone);

	return g_date_time_format(local, "%Y-%m-%d %H:%M");
}
