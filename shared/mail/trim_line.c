/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trim_line.c - lines of a mail, and what kind of line each is
 *
 * Comparisons are in lower case; a line longer than LOOK_BYTES is text and
 * not looked into.
 */
#include "mail/trim_line.h"

#include <string.h>

#include "mail/phrases.h"
#include "mail/text.h"

#define LOOK_BYTES      400
#define DEVICE_CHARS    100 /* of a line that a phone adds */
#define BREAK_LOOK_BACK 3   /* lines above "> wrote:" */
#define CLOSE_BYTES     60
#define LABEL_CHARS     24
#define CJK_FIRST       0x2e80 /* no blanks between words from here on */

static void line_clear(gpointer data)
{
	struct trim_line *line = data;

	g_free(line->lower);
}

struct trim_line *trim_line_at(const GArray *lines, guint i)
{
	return &g_array_index(lines, struct trim_line, i);
}

static bool is_ascii(const char *start, size_t len)
{
	guchar all = 0;

	for (size_t i = 0; i < len; i++)
		all |= (guchar)start[i];
	return all < 0x80;
}

static char *dup_ascii_lower(const char *start, size_t len)
{
	while (len > 0 && g_ascii_isspace(*start)) {
		start++;
		len--;
	}
	while (len > 0 && g_ascii_isspace(start[len - 1]))
		len--;
	char *out = g_malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		out[i] = g_ascii_tolower(start[i]);
	out[len] = '\0';
	return out;
}

/* Blanks of all kinds at both ends, and marks of direction, go. */
static char *dup_lower(const char *start, size_t len)
{
	if (is_ascii(start, len))
		return dup_ascii_lower(start, len);
	GString *out = g_string_sized_new(len);
	const char *end = start + len;

	for (const char *p = start; p < end; p = text_next(p)) {
		if ((guchar)*p < 0x80) {
			g_string_append_c(out, g_ascii_tolower(*p));
			continue;
		}
		gunichar ch = g_utf8_get_char(p);

		if (ch == 0x200e || ch == 0x200f || ch == 0x200b ||
		    (ch >= 0x202a && ch <= 0x202e) || ch == 0xfeff)
			continue;
		if (ch == 0xa0 || ch == 0x202f || ch == 0x3000)
			g_string_append_c(out, ' ');
		else
			g_string_append_unichar(out, g_unichar_tolower(ch));
	}
	return g_strstrip(g_string_free(out, FALSE));
}

const char *trim_line_lower(const GArray *lines, guint i)
{
	struct trim_line *line = trim_line_at(lines, i);

	if (line->lower == NULL && line->kind == TRIM_TEXT &&
	    line->len <= LOOK_BYTES)
		line->lower = dup_lower(line->start, line->len);
	return line->lower;
}

/* ---- words ---- */

/* Whether a letter stands there; signs of East Asia are words themselves. */
static bool is_letter(gunichar ch)
{
	return ch < CJK_FIRST && g_unichar_isalpha(ch);
}

/* True if `word` at `found` within `text` is a whole word. */
static bool is_whole(const char *text, const char *found, const char *word)
{
	const char *behind = found + strlen(word);

	if (g_utf8_get_char(word) >= CJK_FIRST)
		return true;
	return (found == text ||
	        !is_letter(g_utf8_get_char(g_utf8_prev_char(found)))) &&
	       (*behind == '\0' || !is_letter(g_utf8_get_char(behind)));
}

static bool has_word(const char *text, struct phrases *words)
{
	struct phrase_walk walk;

	phrase_walk_init(&walk, words, text);
	while (phrase_walk_next(&walk))
		if (is_whole(text, walk.at, walk.word))
			return true;
	return false;
}

/* "wrote", in whatever language. */
static bool has_verb(const char *text)
{
	static struct phrases verbs = PHRASES(trim_wrote);

	return has_word(text, &verbs);
}

static bool has_any(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strstr(text, *words) != NULL)
			return true;
	return false;
}

static size_t match_start(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (**words != *text)
			continue;
		size_t len = strlen(*words);

		if (strncmp(text, *words, len) == 0)
			return len;
	}
	return 0;
}

/* ---- dates, times, addresses ---- */

/* "10:30", "10h30", "13.16": the digits behind those at p. */
static bool is_time(const char *p, size_t digits)
{
	const char *mark = p + digits;

	if (digits > 2 || (*mark != ':' && *mark != 'h' && *mark != '.'))
		return false;
	if (!g_ascii_isdigit(mark[1]) || !g_ascii_isdigit(mark[2]) ||
	    g_ascii_isdigit(mark[3]))
		return false;
	/* "13.16.2017" is a date, "10.20.30.40" an address */
	return *mark != '.' || (mark[3] != '.' || !g_ascii_isdigit(mark[4]));
}

/* "02/01/2025", "2.1.25", "2025-01-02": the whole length, or 0. */
static size_t date_len(const char *p, size_t digits)
{
	char mark = p[digits];

	if ((digits > 2 && digits != 4) || mark == '\0' ||
	    strchr("./-", mark) == NULL)
		return 0;
	const char *second = p + digits + 1;
	size_t n = strspn(second, "0123456789");

	if (n == 0 || n > 2 || second[n] != mark)
		return 0;
	const char *third = second + n + 1;
	size_t m = strspn(third, "0123456789");

	if (m != 1 && m != 2 && m != 4)
		return 0;
	return third[m] == '.' && g_ascii_isdigit(third[m + 1])
	               ? 0
	               : (size_t)(third + m - p);
}

static bool is_east_asian_date(const char *behind)
{
	static const char *const marks[] = { "年", "月", "日", "년",
		                             "월", "일", NULL };

	return match_start(behind, marks) > 0;
}

/* What the digits at p are; *ret_len is how many bytes are used up. */
static guint number_signs(const char *p, size_t digits, size_t *ret_len)
{
	size_t date = date_len(p, digits);

	*ret_len = digits;
	if (date > 0) {
		*ret_len = date;
		return TRIM_SIGN_DATE | TRIM_SIGN_YEAR;
	}
	if (is_time(p, digits)) {
		*ret_len = digits + 3;
		return TRIM_SIGN_TIME;
	}
	if (is_east_asian_date(p + digits))
		return TRIM_SIGN_DATE;
	if (digits == 4 && (*p == '1' || *p == '2'))
		return TRIM_SIGN_YEAR;
	return digits <= 2 ? TRIM_SIGN_DAY : 0;
}

/* All but words: numbers and "@" between them and letters. */
static guint scan_signs(const char *lower)
{
	guint signs = 0;

	for (const char *p = lower; (p = strpbrk(p, "@0123456789")) != NULL;) {
		if (*p == '@') {
			if (p > lower && g_ascii_isgraph(p[-1]) &&
			    g_ascii_isalnum(p[1]))
				signs |= TRIM_SIGN_ADDRESS;
			p++;
			continue;
		}
		size_t digits = strspn(p, "0123456789"), used = digits;

		signs |= number_signs(p, digits, &used);
		p += used;
	}
	return signs;
}

/* A word that begins as the name of a month or weekday does, and is not
 * much longer. */
static guint name_signs(const char *lower)
{
	static struct phrases months = PHRASES(trim_months);
	static struct phrases weekdays = PHRASES(trim_weekdays);
	guint signs = 0;
	bool at_start = true;

	for (const char *p = lower; *p != '\0'; p = text_next(p)) {
		bool letter = (guchar)*p < 0x80
		                      ? g_ascii_isalpha(*p)
		                      : g_unichar_isalpha(g_utf8_get_char(p));

		if (letter && at_start) {
			if (phrases_begin(&months, p))
				signs |= TRIM_SIGN_MONTH;
			if (phrases_begin(&weekdays, p))
				signs |= TRIM_SIGN_WEEKDAY;
		}
		at_start = !letter;
	}
	return signs;
}

bool trim_has_date(guint signs)
{
	const guint named = TRIM_SIGN_MONTH | TRIM_SIGN_DAY;
	const guint near = TRIM_SIGN_WEEKDAY | TRIM_SIGN_TIME;

	return (signs & TRIM_SIGN_DATE) != 0 || (signs & named) == named ||
	       (signs & near) == near;
}

/* "2016-10-24 15:36", "02.04.2012 14:20", "20 oct. 2016", "2016年" */
static bool leads_with_date(const char *lower)
{
	size_t digits = strspn(lower, "0123456789"), used = 0;

	if (digits == 0 || digits > 4)
		return false;
	guint signs = number_signs(lower, digits, &used);

	if ((signs & TRIM_SIGN_DATE) != 0)
		return true;
	const char *word = lower + digits + strspn(lower + digits, ". ");

	return digits <= 2 && lower[digits] != '\0' &&
	       strchr(". ", lower[digits]) != NULL &&
	       (match_start(word, trim_months) > 0 ||
	        (g_str_has_prefix(word, "de ") &&
	         match_start(word + 3, trim_months) > 0));
}

/* ---- how a line begins and ends ---- */

static guint end_signs(const char *lower)
{
	static const char *const ends[] = { ":", "：", ":*", ":**" };
	guint signs = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
		if (g_str_has_suffix(lower, ends[i]))
			signs |= TRIM_SIGN_ENDS;
	/* "---- On ... wrote ----" */
	if (g_str_has_suffix(lower, " ---"))
		signs |= TRIM_SIGN_ENDS;
	if (g_str_has_suffix(lower, " ----"))
		signs |= TRIM_SIGN_ENDS;
	if (g_str_has_suffix(lower, ">"))
		signs |= TRIM_SIGN_ANGLE;
	return signs;
}

/* "Em" alone on its line. */
static bool is_opening_word(const char *lower)
{
	size_t len = strlen(lower);

	for (const char *const *word = trim_on; *word != NULL; word++)
		if (strncmp(*word, lower, len) == 0 &&
		    strcmp(*word + len, " ") == 0)
			return true;
	return false;
}

static guint start_signs(const char *lower)
{
	const char *inner = lower + strspn(lower, "-*_ ");
	guint signs = 0;

	if (match_start(inner, trim_on) > 0 || is_opening_word(inner))
		signs |= TRIM_SIGN_OPENS;
	if (leads_with_date(inner))
		signs |= TRIM_SIGN_LEADS;
	return signs;
}

guint trim_line_signs(const GArray *lines, guint i)
{
	static const char *const zone_names[] = { "gmt", "utc", NULL };
	static struct phrases zones = PHRASES(zone_names);
	struct trim_line *line = trim_line_at(lines, i);
	const char *lower = trim_line_lower(lines, i);

	if (line->signs != 0 || lower == NULL)
		return line->signs;
	line->signs = TRIM_SIGN__READ | scan_signs(lower) | name_signs(lower) |
	              end_signs(lower) | start_signs(lower);
	if (has_verb(lower))
		line->signs |= TRIM_SIGN_VERB;
	if (has_word(lower, &zones))
		line->signs |= TRIM_SIGN_ZONE;
	return line->signs;
}

/* ---- reading lines ---- */

/* Every marker has a colon or a row of dashes, or leads with a date that
 * stands before an address; most lines have none of it. */
static bool may_mark(const char *start, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = start[i];
		char next = i + 1 < len ? start[i + 1] : '\0';

		if (c == ':' || c == '>')
			return true;
		if (c == next && (c == '-' || c == '_' || c == '=' || c == '*'))
			return true;
		/* a wide colon */
		if (c == '\357' && next == '\274' && i + 2 < len &&
		    start[i + 2] == '\232')
			return true;
	}
	return false;
}

static void classify(struct trim_line *line)
{
	size_t lead = 0;

	while (lead < line->len &&
	       (g_ascii_isspace(line->start[lead]) ||
	        (line->start[lead] == '\302' && lead + 1 < line->len &&
	         line->start[lead + 1] == '\240')))
		lead += line->start[lead] == '\302' ? 2 : 1;
	if (lead >= line->len)
		line->kind = TRIM_BLANK;
	else
		line->kind = line->start[lead] == '>' ? TRIM_QUOTE : TRIM_TEXT;
}

/* "> wrote:" and ">:" end an address in "<" that was broken off above. */
static bool closes_address(const GArray *lines, const struct trim_line *line)
{
	int open = 0;
	guint seen = 0;

	if (line->kind != TRIM_QUOTE || line->len > CLOSE_BYTES)
		return false;
	for (guint i = lines->len; i > 0 && seen < BREAK_LOOK_BACK; i--) {
		const struct trim_line *above = trim_line_at(lines, i - 1);

		if (above->kind == TRIM_QUOTE || above->len > LOOK_BYTES)
			break;
		if (above->kind == TRIM_BLANK)
			continue;
		for (size_t k = 0; k < above->len; k++)
			open += (above->start[k] == '<') -
			        (above->start[k] == '>');
		seen++;
	}
	if (open <= 0)
		return false;
	g_autofree char *lower = dup_lower(line->start, line->len);
	const char *rest = lower + strspn(lower, "> ");

	return strcmp(rest, ":") == 0 ||
	       (g_str_has_suffix(rest, ":") && has_verb(rest));
}

GArray *trim_lines_new(const char *text)
{
	GArray *lines = g_array_new(FALSE, TRUE, sizeof(struct trim_line));

	g_array_set_clear_func(lines, line_clear);
	while (*text != '\0') {
		struct trim_line line = { .start = text,
			                  .len = strcspn(text, "\n") };

		classify(&line);
		if (closes_address(lines, &line))
			line.kind = TRIM_TEXT;
		line.may_mark = line.kind == TRIM_TEXT &&
		                may_mark(line.start, line.len);
		g_array_append_val(lines, line);
		text += line.len + (text[line.len] == '\n');
	}
	return lines;
}

guint trim_skip_blank(const GArray *lines, guint i)
{
	while (i < lines->len && trim_line_at(lines, i)->kind == TRIM_BLANK)
		i++;
	return i;
}

bool trim_is_quoted(const GArray *lines, guint i)
{
	guint next = trim_skip_blank(lines, i);

	return next < lines->len &&
	       trim_line_at(lines, next)->kind == TRIM_QUOTE;
}

/* ---- single lines ---- */

bool trim_is_rule(const char *lower, size_t min)
{
	static const char marks[] = "_-=*#~+";
	size_t len = strlen(lower);

	if (len == 0 || strchr(marks, lower[0]) == NULL)
		return len >= min && len == 0;
	const char set[] = { lower[0], '\0' };

	return len >= min && strspn(lower, set) == len;
}

/* Without "<https://...>" and marks around. Owned. */
static char *dup_without_target(const char *lower)
{
	GString *out = g_string_new(lower + strspn(lower, "(<[*_-~ "));
	char *open;

	while ((open = strstr(out->str, "<http")) != NULL) {
		char *close = strchr(open, '>');
		gssize at = open - out->str;

		g_string_erase(out, at, close != NULL ? close + 1 - open : -1);
	}
	return g_strchomp(g_string_free(out, FALSE));
}

static guint count_words(const char *text)
{
	guint words = 0;

	while (*(text += strspn(text, " ")) != '\0') {
		words++;
		text += strcspn(text, " ");
	}
	return words;
}

/* "Sent from my TI-85": not everybody's device is in the table. */
static bool is_own_thing(const char *behind)
{
	size_t own = match_start(behind, trim_own);

	return own > 0 && count_words(behind + own) <= 2;
}

bool trim_is_device_line(const char *lower)
{
	g_autofree char *line = dup_without_target(lower);
	size_t len = strlen(line);

	if (g_utf8_strlen(line, -1) > DEVICE_CHARS || len == 0)
		return false;
	if (match_start(line, trim_footers) > 0)
		return true;
	size_t start = match_start(line, trim_sent);

	if (start > 0) {
		const char *behind = line + start + strspn(line + start, " ");

		return has_any(behind, trim_devices) || is_own_thing(behind);
	}
	while (len > 0 && strchr(".!)>]* ", line[len - 1]) != NULL)
		line[--len] = '\0';
	for (const char *const *end = trim_sent_ends; *end != NULL; end++)
		if (g_str_has_suffix(line, *end))
			return has_any(line, trim_devices) &&
			       count_words(line) <= 12;
	return count_words(line) <= 4 &&
	       (g_str_has_suffix(line, "from mobile") ||
	        g_str_has_suffix(line, "via mobile"));
}

bool trim_is_separator(const char *lower, const char *const *words)
{
	if (*lower >= 'a' && *lower <= 'z' && strchr(lower, ':') == NULL)
		return false;
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

enum trim_field trim_read_field(const char *lower)
{
	const char *name = lower + strspn(lower, "*_| \t");

	if (strchr(name, ':') == NULL && strstr(name, "：") == NULL)
		return TRIM_FIELD__COUNT;
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
			if (*rest == ':' || g_str_has_prefix(rest, "："))
				return (enum trim_field)field;
		}
	}
	return TRIM_FIELD__COUNT;
}

bool trim_is_labelled(const char *lower)
{
	const char *name = lower + strspn(lower, "*_| ");
	const char *colon = strpbrk(name, ":0123456789@<");
	const char *wide = strstr(name, "：");

	if (wide != NULL && (colon == NULL || wide < colon))
		colon = wide;
	else if (colon == NULL || *colon != ':')
		return false;
	return colon > name &&
	       g_utf8_strlen(name, colon - name) <= LABEL_CHARS &&
	       colon[1 + strspn(colon + 1, " *")] != '\0';
}
