/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trim.c - what somebody wrote, without the mail it answers
 *
 * Lines are classified once; then the first marker is taken behind which
 * nothing of the writer's own can stand. Comparisons are in lower case; a
 * line longer than LINE_LOOK_BYTES is text and not looked into.
 */
#include "mail/trim.h"

#include <glib.h>
#include <string.h>

#include "mail/trim_words.h"

#define LINE_LOOK_BYTES   300
#define ATTRIBUTION_LINES 4
#define ATTRIBUTION_MIN   4  /* bytes of its last line */
#define HEADER_LINES      14 /* looked at for the fields of a quoted mail */

enum line_kind { LINE_BLANK, LINE_QUOTE, LINE_TEXT };

struct line {
	const char *start;
	size_t len;
	enum line_kind kind;
	char *lower; /* made when asked for, see line_lower() */
};

static void line_clear(gpointer data)
{
	struct line *line = data;

	g_free(line->lower);
}

static struct line *line_at(const GArray *lines, guint i)
{
	return &g_array_index(lines, struct line, i);
}

/* A line of text without outer blanks, in lower case; NULL if it is quoted,
 * blank or too long to be looked into. Borrowed. */
static const char *line_lower(const GArray *lines, guint i)
{
	struct line *line = line_at(lines, i);

	if (line->lower == NULL && line->kind == LINE_TEXT &&
	    line->len <= LINE_LOOK_BYTES) {
		g_autofree char *copy = g_strndup(line->start, line->len);

		line->lower = g_utf8_strdown(g_strstrip(copy), -1);
	}
	return line->lower;
}

/* Every marker has a colon or a row of dashes; most lines have neither. */
static bool may_be_marker(const struct line *line)
{
	return line->kind == LINE_TEXT && line->len <= LINE_LOOK_BYTES &&
	       (memchr(line->start, ':', line->len) != NULL ||
	        g_strstr_len(line->start, (gssize)line->len, "：") != NULL ||
	        g_strstr_len(line->start, (gssize)line->len, "--") != NULL ||
	        g_strstr_len(line->start, (gssize)line->len, "__") != NULL ||
	        g_strstr_len(line->start, (gssize)line->len, "==") != NULL ||
	        g_strstr_len(line->start, (gssize)line->len, "**") != NULL);
}

static void classify(struct line *line)
{
	size_t lead = 0;

	while (lead < line->len && g_ascii_isspace(line->start[lead]))
		lead++;
	if (lead == line->len)
		line->kind = LINE_BLANK;
	else
		line->kind = line->start[lead] == '>' ? LINE_QUOTE : LINE_TEXT;
}

static GArray *split_lines(const char *text)
{
	GArray *lines = g_array_new(FALSE, TRUE, sizeof(struct line));

	g_array_set_clear_func(lines, line_clear);
	while (*text != '\0') {
		struct line line = { .start = text,
			             .len = strcspn(text, "\n") };

		classify(&line);
		g_array_append_val(lines, line);
		text += line.len + (text[line.len] == '\n');
	}
	return lines;
}

/* The next line from i on that is not blank, or the number of lines. */
static guint skip_blank(const GArray *lines, guint i)
{
	while (i < lines->len && line_at(lines, i)->kind == LINE_BLANK)
		i++;
	return i;
}

static bool starts_with_one(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (g_str_has_prefix(text, *words))
			return true;
	return false;
}

/* ---- "On ..., somebody wrote:" ---- */

static bool has_time(const char *lower)
{
	for (const char *p = lower; (p = strchr(p, ':')) != NULL; p++)
		if (p > lower && g_ascii_isdigit(p[-1]) &&
		    g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]))
			return true;
	return false;
}

/* "2016-10-24 15:36", "02.04.2012 14:20", "20 oct. 2016" */
static bool starts_with_date(const char *lower)
{
	size_t digits = strspn(lower, "0123456789");

	return (digits == 1 || digits == 2 || digits == 4) &&
	       strchr("-./ ", lower[digits]) != NULL && has_time(lower);
}

/* The length without a colon at the end, 0 if there is none. */
static size_t without_colon(const char *lower)
{
	size_t len = strlen(lower);

	if (g_str_has_suffix(lower, "："))
		return len - strlen("：");
	if (g_str_has_suffix(lower, " ----") || g_str_has_suffix(lower, " ---"))
		return len; /* "---- On ... wrote ----" */
	return g_str_has_suffix(lower, ":") ? len - 1 : 0;
}

/* A colon at the end, with "wrote" not far before it; or time and address. */
static bool ends_like_attribution(const char *lower)
{
	size_t len = without_colon(lower);

	if (len < ATTRIBUTION_MIN)
		return false;
	for (const char *const *word = trim_wrote; *word != NULL; word++) {
		const char *found = g_strrstr_len(lower, (gssize)len, *word);

		/* German and Dutch put the name behind the verb */
		if (found != NULL &&
		    (size_t)(lower + len - found) <= strlen(*word) + 80)
			return true;
	}
	return lower[len - 1] == '>' && strchr(lower, '@') != NULL;
}

static bool has_evidence(const char *lower)
{
	return strpbrk(lower, "0123456789@<") != NULL;
}

static bool starts_like_attribution(const char *lower)
{
	return starts_with_date(lower) ||
	       (starts_with_one(lower, trim_on) && has_evidence(lower));
}

static bool has_verb(const char *lower)
{
	for (const char *const *word = trim_wrote; *word != NULL; word++)
		if (strstr(lower, *word) != NULL)
			return true;
	return false;
}

static bool is_quoted(const GArray *lines, guint i)
{
	guint next = skip_blank(lines, i);

	return next < lines->len && line_at(lines, next)->kind == LINE_QUOTE;
}

/* Going up from line `last`, at most four lines of one paragraph: the first
 * that opens an attribution, else last + 1. */
static guint find_opening(const GArray *lines, guint last)
{
	for (guint n = 0; n < ATTRIBUTION_LINES && n <= last; n++) {
		const char *lower = line_lower(lines, last - n);

		if (lower == NULL)
			break;
		if (starts_like_attribution(lower))
			return last - n;
	}
	return last + 1;
}

/* The first line of an attribution that ends on line `last`, which has been
 * found to end like one; `last` + 1 if it is none after all. */
static guint attribution_start(const GArray *lines, guint last)
{
	const char *lower = line_lower(lines, last);
	guint first = find_opening(lines, last);

	if (first <= last)
		return first;
	/* Without "On": it stands apart, or the quotation follows at once. */
	bool apart = last == 0 || line_at(lines, last - 1)->kind != LINE_TEXT;
	bool evidence = has_evidence(lower);

	if (is_quoted(lines, last + 1) && (apart || evidence))
		return last;
	return apart && evidence && (has_verb(lower) || has_time(lower))
	               ? last
	               : last + 1;
}

/* Lines right above ">" lines that end with a colon and name an address or a
 * time, however they are broken: their first line, else i. */
static guint paragraph_start(const GArray *lines, guint i)
{
	guint last = i, first;
	bool evidence = false;

	while (last > 0 && line_at(lines, last - 1)->kind == LINE_BLANK)
		last--;
	if (last == 0 || line_lower(lines, last - 1) == NULL ||
	    !g_str_has_suffix(line_lower(lines, last - 1), ":"))
		return i;
	for (first = last; first > 0 && last - first < ATTRIBUTION_LINES;
	     first--) {
		const char *lower = line_lower(lines, first - 1);

		if (lower == NULL)
			break;
		evidence = evidence || strchr(lower, '@') != NULL ||
		           has_time(lower);
	}
	bool apart =
		first == 0 || line_at(lines, first - 1)->kind == LINE_BLANK;

	return evidence && apart ? first : i;
}

/* ---- separators and header blocks ---- */

/* "-----Original Message-----": the words between marks; or on their own
 * with a colon behind ("Begin forwarded message:"). */
static bool is_separator(const char *lower, const char *const *words)
{
	size_t marks = strspn(lower, "-_=*> ");
	const char *inner = lower + marks;
	size_t dashes = 0;

	for (size_t i = 0; i < marks; i++)
		dashes += strchr("-_=*", lower[i]) != NULL;
	for (; *words != NULL; words++) {
		if (**words != *inner)
			continue;
		size_t len = strlen(*words);

		if (strncmp(inner, *words, len) == 0 &&
		    (dashes >= 2 || inner[len] == ':'))
			return true;
	}
	return false;
}

static bool is_rule(const char *lower)
{
	size_t len = strlen(lower);

	return len >= 5 &&
	       (strspn(lower, "_") == len || strspn(lower, "-") == len ||
	        strspn(lower, "=") == len || strspn(lower, "*") == len);
}

/* Which header field a line is: "*De:* Fulano", "From : x". COUNT if none. */
static enum trim_field read_field(const char *lower)
{
	const char *name = lower + strspn(lower, "*_| \t");

	for (int field = 0; field < TRIM_FIELD__COUNT; field++) {
		for (const char *const *word = trim_fields[field];
		     *word != NULL; word++) {
			if (**word != *name)
				continue;
			size_t len = strlen(*word);

			if (strncmp(name, *word, len) != 0)
				continue;
			const char *rest = name + len;

			rest += strspn(rest, "*_ \t|");
			if (g_str_has_prefix(rest, "\302\240"))
				rest += 2;
			if (*rest == ':' || g_str_has_prefix(rest, "："))
				return (enum trim_field)field;
		}
	}
	return TRIM_FIELD__COUNT;
}

/* If line i starts the header lines of a quoted mail: the line behind them,
 * else i. Three different fields, sender and date or subject among them. */
static guint header_block_end(const GArray *lines, guint i)
{
	unsigned seen = 0;
	guint end = i;

	for (guint n = 0; n < HEADER_LINES && i + n < lines->len; n++) {
		const char *lower = line_lower(lines, i + n);
		enum trim_field field =
			lower != NULL ? read_field(lower) : TRIM_FIELD__COUNT;

		if (n == 0 && field == TRIM_FIELD__COUNT)
			return i;
		if (field != TRIM_FIELD__COUNT) {
			if ((seen & 1U << field) != 0)
				break;
			seen |= 1U << field;
			end = i + n + 1;
		} else if (line_at(lines, i + n)->kind == LINE_QUOTE) {
			break;
		}
	}
	bool enough = (seen & 1U << TRIM_FIELD_FROM) != 0 &&
	              ((seen & 1U << TRIM_FIELD_DATE) != 0 ||
	               (seen & 1U << TRIM_FIELD_SUBJECT) != 0) &&
	              __builtin_popcount(seen) >= 3;

	return enough ? end : i;
}

/* ---- where to cut ---- */

struct scan {
	GArray *lines;
	guint first_text; /* the first line that is text and no rule */
	guint last_text;  /* the last line that is text */
};

static void find_text(struct scan *scan)
{
	scan->first_text = scan->lines->len;
	for (guint i = 0; i < scan->lines->len; i++) {
		if (line_at(scan->lines, i)->kind != LINE_TEXT)
			continue;
		scan->last_text = i;
		if (scan->first_text < i)
			continue;
		const char *lower = line_lower(scan->lines, i);

		if (lower == NULL || !is_rule(lower))
			scan->first_text = i;
	}
}

/* True if behind a marker, from line i on, nothing of the writer's own can
 * stand: either the quotation is not marked line by line, or it is and only
 * blank lines come after it. */
static bool is_tail(const struct scan *scan, guint i)
{
	guint next = skip_blank(scan->lines, i);

	return next >= scan->lines->len ||
	       line_at(scan->lines, next)->kind != LINE_QUOTE ||
	       scan->last_text < next;
}

/* People, too, write "on Monday he wrote:"; programs add the address, or
 * else mark the lines that follow. */
static bool names_address(const GArray *lines, guint first, guint last)
{
	for (guint i = first; i <= last; i++)
		if (strchr(line_lower(lines, i), '@') != NULL)
			return true;
	return false;
}

/* A marker at line i: *ret_first is its first line (it may reach back),
 * *ret_behind the line behind it. */
static bool marker_at(const GArray *lines, guint i, guint *ret_first,
                      guint *ret_behind)
{
	if (!may_be_marker(line_at(lines, i)))
		return false;
	const char *lower = line_lower(lines, i);

	if (is_separator(lower, trim_original)) {
		guint next = skip_blank(lines, i + 1);

		*ret_first = i;
		*ret_behind = next < lines->len ? header_block_end(lines, next)
		                                : lines->len;
		return true;
	}
	guint behind = header_block_end(lines, i);

	if (behind > i) {
		*ret_first = i;
		*ret_behind = behind;
		return true;
	}
	if (!ends_like_attribution(lower))
		return false;
	*ret_first = attribution_start(lines, i);
	*ret_behind = i + 1;
	return *ret_first <= i &&
	       (is_quoted(lines, i + 1) || names_address(lines, *ret_first, i));
}

/* The rule above a header block belongs to the quotation. */
static guint include_rule(const GArray *lines, guint first)
{
	guint i = first;

	while (i > 0 && line_at(lines, i - 1)->kind == LINE_BLANK)
		i--;
	if (i > 0 && line_lower(lines, i - 1) != NULL &&
	    is_rule(line_lower(lines, i - 1)))
		return i - 1;
	return first;
}

/* ">" lines at the very end without a known marker, if they are the only
 * ones. */
static guint bare_quote(const struct scan *scan)
{
	for (guint i = 0; i < scan->last_text; i++)
		if (line_at(scan->lines, i)->kind == LINE_QUOTE)
			return scan->lines->len;
	guint quote = skip_blank(scan->lines, scan->last_text + 1);

	return quote < scan->lines->len ? paragraph_start(scan->lines, quote)
	                                : quote;
}

/* An answer below the one quotation it answers: where the answer starts, 0
 * if it is not of this form. */
static guint find_answer(const struct scan *scan)
{
	guint i = skip_blank(scan->lines, 0), first = i, behind = i;

	for (guint n = 0; n < ATTRIBUTION_LINES && i + n < scan->lines->len;
	     n++) {
		if (!marker_at(scan->lines, i + n, &first, &behind))
			continue;
		if (first != i)
			return 0;
		break;
	}
	guint quote = skip_blank(scan->lines, behind);

	if (behind == i || quote >= scan->lines->len ||
	    line_at(scan->lines, quote)->kind != LINE_QUOTE)
		return 0;
	while (quote < scan->lines->len &&
	       line_at(scan->lines, quote)->kind != LINE_TEXT)
		quote++;
	for (guint k = quote; k < scan->lines->len; k++)
		if (line_at(scan->lines, k)->kind == LINE_QUOTE)
			return 0;
	return quote < scan->lines->len ? quote : 0;
}

static guint find_cut(const struct scan *scan)
{
	for (guint i = 0; i < scan->lines->len; i++) {
		guint first = i, behind = i;

		if (!marker_at(scan->lines, i, &first, &behind))
			continue;
		first = include_rule(scan->lines, first);
		if (is_tail(scan, behind) && scan->first_text < first)
			return first;
	}
	return bare_quote(scan);
}

char *trim_quotes(const char *text)
{
	struct scan scan = { .lines = split_lines(text) };
	char *kept = NULL;

	find_text(&scan);
	guint cut = find_cut(&scan);
	guint answer = find_answer(&scan);

	if (cut < scan.lines->len && scan.first_text < cut) {
		const struct line *line = line_at(scan.lines, cut);

		kept = g_strndup(text, (size_t)(line->start - text));
		g_strchomp(kept);
	} else if (answer > 0) {
		kept = g_strdup(line_at(scan.lines, answer)->start);
	}
	g_array_unref(scan.lines);
	return kept != NULL ? kept : g_strdup(text);
}

/* Apple Mail may put a forwarded message behind ">" as a whole. */
static bool quotes_forward(const struct line *line)
{
	g_autofree char *copy = g_strndup(line->start, line->len);
	g_autofree char *lower = g_utf8_strdown(g_strstrip(copy), -1);

	return line->len <= LINE_LOOK_BYTES &&
	       is_separator(lower, trim_forwarded);
}

bool trim_is_forward(const char *text)
{
	GArray *lines = split_lines(text);
	bool is_forward = false;

	for (guint i = 0; i < lines->len; i++) {
		guint first = i, behind = i;

		if (line_at(lines, i)->kind == LINE_QUOTE) {
			is_forward = quotes_forward(line_at(lines, i));
			break;
		}
		if (!may_be_marker(line_at(lines, i)))
			continue;
		is_forward = is_separator(line_lower(lines, i), trim_forwarded);
		if (is_forward || marker_at(lines, i, &first, &behind))
			break;
	}
	g_array_unref(lines);
	return is_forward;
}
