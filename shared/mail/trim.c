/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trim.c - what somebody wrote, without the mail it answers
 *
 * Lines are classified once (mail/trim_line.h); then the first marker is
 * taken behind which nothing of the writer's own can stand. A marker is
 * believed the more readily the more it says: an attribution with date and
 * address stands for itself, "Ana wrote:" needs ">" lines behind it.
 */
#include "mail/trim.h"

#include <string.h>

#include "mail/trim_line.h"

#define MARK_BYTES           8 /* "--" and blanks around */
#define ATTRIBUTION_LINES    5 /* a long one is broken by some programs */
#define OPENING_BYTES        40
#define ZONE_BYTES           10 /* " GMT+01:00" */
#define HEADER_LINES         14 /* looked at for the fields of a quoted mail */
#define LABELS_MIN           3
#define LABELS_MAX           10
#define SIGNATURE_LINES      60 /* behind "-- " */
#define BARE_SIGNATURE_LINES 12 /* behind "--", which may mean anything */
#define BARE_SIGNATURE_BYTES 120

/* Lines `from` up to `end` are looked at. */
struct scan {
	GArray *lines;
	guint end;
	guint first_text; /* the first line that is text and no rule */
	guint last_text;  /* the last line that is text */
};

static struct trim_line *line_of(const struct scan *scan, guint i)
{
	return trim_line_at(scan->lines, i);
}

static enum trim_kind kind_at(const struct scan *scan, guint i)
{
	return line_of(scan, i)->kind;
}

static bool is_blank_or_edge(const GArray *lines, guint i)
{
	return i >= lines->len || trim_line_at(lines, i)->kind == TRIM_BLANK;
}

/* ---- "On ..., somebody wrote:" ---- */

/* An attribution found: where it begins, and what its lines say together. */
struct attribution {
	guint first;
	guint signs;
	bool is_opened; /* by a word or date that attributions begin with */
};

static bool begins_one(guint signs)
{
	const guint digits = TRIM_SIGN_DAY | TRIM_SIGN_TIME | TRIM_SIGN_DATE |
	                     TRIM_SIGN_YEAR;

	return (signs & TRIM_SIGN_LEADS) != 0 ||
	       ((signs & TRIM_SIGN_OPENS) != 0 &&
	        (signs & (digits | TRIM_SIGN_ADDRESS)) != 0);
}

static bool knows_who_wrote(guint signs)
{
	return (signs & TRIM_SIGN_VERB) != 0 &&
	       (signs & TRIM_SIGN_ADDRESS) != 0;
}

/* Broken before "<", with an empty line in between. */
static bool continues_over_blank(const GArray *lines, guint i)
{
	return i > 1 && trim_line_at(lines, i - 1)->kind == TRIM_BLANK &&
	       trim_line_lower(lines, i) != NULL &&
	       trim_line_lower(lines, i)[0] == '<' &&
	       trim_line_at(lines, i - 2)->kind == TRIM_TEXT;
}

/* Going up from line `last`, at most some lines of one paragraph: to the one
 * that opens an attribution, else as far as is needed to know who wrote. */
static struct attribution collect(const GArray *lines, guint last)
{
	struct attribution found = { .first = last };
	struct attribution minimal = { .first = last };
	guint i = last;

	for (guint n = 0; n < ATTRIBUTION_LINES; n++) {
		guint signs = trim_line_signs(lines, i);

		if (signs == 0)
			break;
		found.first = i;
		found.signs |= signs;
		if (begins_one(signs)) {
			found.is_opened = true;
			return found;
		}
		if (!knows_who_wrote(minimal.signs))
			minimal = found;
		if (i == 0)
			break;
		i -= continues_over_blank(lines, i) ? 2 : 1;
	}
	return knows_who_wrote(minimal.signs)
	               ? minimal
	               : (struct attribution){
				 .first = last,
				 .signs = trim_line_signs(lines, last),
			 };
}

/* The same where ">" lines follow: the whole paragraph, however broken. */
static struct attribution collect_paragraph(const GArray *lines, guint last)
{
	struct attribution found = { .first = last };

	for (guint n = 0; n < ATTRIBUTION_LINES && n <= last; n++) {
		guint signs = trim_line_signs(lines, last - n);

		if (signs == 0)
			break;
		found.first = last - n;
		found.signs |= signs;
	}
	return found;
}

static bool stands_apart(const GArray *lines, guint first)
{
	return first == 0 || trim_line_at(lines, first - 1)->kind != TRIM_TEXT;
}

/* A line of its own above, from which the attribution was broken off: it has
 * what is missing, or is short and begins as attributions do. */
static void include_opening(const GArray *lines, struct attribution *found)
{
	const guint begins = TRIM_SIGN_OPENS | TRIM_SIGN_WEEKDAY |
	                     TRIM_SIGN_LEADS | TRIM_SIGN_DAY;
	guint above = found->first - 1, signs;

	if (found->first == 0 || !stands_apart(lines, above))
		return;
	signs = trim_line_signs(lines, above);
	bool adds_address = (signs & TRIM_SIGN_ADDRESS & ~found->signs) != 0;
	bool adds_time = !trim_has_date(found->signs) &&
	                 (trim_has_date(signs) || (signs & TRIM_SIGN_TIME));
	bool is_short = trim_line_at(lines, above)->len <= OPENING_BYTES &&
	                (signs & begins) != 0;

	if ((signs & TRIM_SIGN_ENDS) == 0 &&
	    (adds_address || adds_time || is_short)) {
		found->first = above;
		found->signs |= signs;
	}
}

/* It stands for itself: no ">" lines are needed. */
static bool is_certain(const GArray *lines, const struct attribution *found,
                       guint last)
{
	guint signs = found->signs;
	bool dated = trim_has_date(signs);
	bool timed = (signs & TRIM_SIGN_TIME) != 0;
	bool addressed = (signs & TRIM_SIGN_ADDRESS) != 0;
	bool verb = (signs & TRIM_SIGN_VERB) != 0;
	bool apart = stands_apart(lines, found->first);

	if (addressed && found->is_opened)
		return (dated || timed) && (verb || apart);
	/* in a language that we do not know, or one that needs no verb */
	if (addressed && (verb || (dated && timed)))
		return apart;
	/* People say "on Monday he wrote:", too, but not that precisely. */
	return verb && timed && dated && apart &&
	       (signs & (TRIM_SIGN_YEAR | TRIM_SIGN_WEEKDAY)) != 0 &&
	       is_blank_or_edge(lines, last + 1);
}

/* It is one if ">" lines follow. */
static bool is_likely(const GArray *lines, const struct attribution *found)
{
	const guint evidence =
		TRIM_SIGN_ADDRESS | TRIM_SIGN_TIME | TRIM_SIGN_DATE;
	guint signs = found->signs;
	bool apart = stands_apart(lines, found->first);
	bool verb = (signs & TRIM_SIGN_VERB) != 0;

	if (found->is_opened)
		return verb || (signs & evidence) != 0;
	return (signs & evidence) != 0 ? apart || verb : apart && verb;
}

/* "2013/7/20 Ana <ana@b.example>", "2016-03-03 17:21 GMT+01:00 Ana": old
 * forms that lost their colon, on a line of their own. */
static bool is_colonless(const GArray *lines, guint i, guint signs)
{
	const guint zoned = TRIM_SIGN_TIME | TRIM_SIGN_ZONE | TRIM_SIGN_YEAR;
	const guint named = TRIM_SIGN_ADDRESS | TRIM_SIGN_ANGLE;

	if ((signs & TRIM_SIGN_LEADS) == 0 || !trim_has_date(signs) ||
	    !is_blank_or_edge(lines, i + 1) ||
	    !(i == 0 || is_blank_or_edge(lines, i - 1)))
		return false;
	if ((signs & named) == named)
		return true;
	if ((signs & zoned) != zoned)
		return false;
	const char *lower = trim_line_lower(lines, i);
	const char *zone = strstr(lower, " gmt");

	/* "GMT+01:00 Some One": a log's line has another form */
	return zone != NULL && (zone[4] == '+' || zone[4] == '-') &&
	       strlen(zone) > ZONE_BYTES && zone[ZONE_BYTES] == ' ' &&
	       strpbrk(zone + ZONE_BYTES, "0123456789:=/") == NULL &&
	       g_utf8_strlen(lower, -1) <= 60;
}

/* True if an attribution ends on line i; *ret_first is its first line. */
static bool find_attribution(const GArray *lines, guint i, guint *ret_first)
{
	guint signs = trim_line_signs(lines, i);
	bool quoted = trim_is_quoted(lines, i + 1);

	if ((signs & TRIM_SIGN_ENDS) == 0) {
		*ret_first = i;
		return is_colonless(lines, i, signs);
	}
	struct attribution found = collect(lines, i);

	include_opening(lines, &found);
	if (is_certain(lines, &found, i) ||
	    (quoted && is_likely(lines, &found))) {
		*ret_first = found.first;
		return true;
	}
	found = collect_paragraph(lines, i);
	*ret_first = found.first;
	return quoted && is_likely(lines, &found) &&
	       stands_apart(lines, found.first) &&
	       i - found.first < ATTRIBUTION_LINES - 1;
}

/* ---- separators and header blocks ---- */

/* If line i starts the header lines of a quoted mail: the line behind them,
 * else i. Three different fields, sender and date or subject among them. */
static guint header_block_end(const GArray *lines, guint i)
{
	unsigned seen = 0;
	guint end = i;

	for (guint n = 0; n < HEADER_LINES && i + n < lines->len; n++) {
		const char *lower = trim_line_lower(lines, i + n);
		enum trim_field field = lower != NULL ? trim_read_field(lower)
		                                      : TRIM_FIELD__COUNT;

		if (n == 0 && field == TRIM_FIELD__COUNT)
			return i;
		if (field != TRIM_FIELD__COUNT) {
			if ((seen & 1U << field) != 0)
				break;
			seen |= 1U << field;
			end = i + n + 1;
		} else if (trim_line_at(lines, i + n)->kind == TRIM_QUOTE) {
			break;
		}
	}
	bool enough = (seen & 1U << TRIM_FIELD_FROM) != 0 &&
	              ((seen & 1U << TRIM_FIELD_DATE) != 0 ||
	               (seen & 1U << TRIM_FIELD_SUBJECT) != 0) &&
	              __builtin_popcount(seen) >= 3;

	return enough ? end : i;
}

static bool is_rule_at(const GArray *lines, guint i)
{
	const char *lower = trim_line_lower(lines, i);

	return lower != NULL && trim_is_rule(lower, 5);
}

/* The same in a language that is not in the tables: below a rule, lines of
 * the form "Label: value", an address and a date with time among them. */
static guint labelled_block_end(const GArray *lines, guint rule)
{
	guint first = trim_skip_blank(lines, rule + 1), i = first, signs = 0;

	for (; i < lines->len && i - first < LABELS_MAX; i++) {
		const char *lower = trim_line_lower(lines, i);

		if (lower == NULL || !trim_is_labelled(lower))
			break;
		signs |= trim_line_signs(lines, i);
	}
	bool enough = i - first >= LABELS_MIN && trim_has_date(signs) &&
	              (signs & TRIM_SIGN_ADDRESS) != 0 &&
	              (signs & TRIM_SIGN_TIME) != 0 &&
	              is_blank_or_edge(lines, i);

	return enough ? i : rule;
}

/* A marker at line i: *ret_first is its first line (it may reach back),
 * *ret_behind the line behind it. */
static bool marker_at(const GArray *lines, guint i, guint *ret_first,
                      guint *ret_behind)
{
	const char *lower = trim_line_at(lines, i)->may_mark
	                            ? trim_line_lower(lines, i)
	                            : NULL;

	if (lower == NULL)
		return false;
	*ret_first = i;
	if (trim_is_separator(lower, trim_original)) {
		guint next = trim_skip_blank(lines, i + 1);

		*ret_behind = next < lines->len ? header_block_end(lines, next)
		                                : lines->len;
		return true;
	}
	*ret_behind = header_block_end(lines, i);
	if (*ret_behind > i)
		return true;
	if (trim_is_rule(lower, 5)) {
		*ret_behind = labelled_block_end(lines, i);
		return *ret_behind > i;
	}
	*ret_behind = i + 1;
	return find_attribution(lines, i, ret_first);
}

/* The rules above a header block belong to the quotation. */
static guint include_rules(const GArray *lines, guint first)
{
	for (guint i = first; i > 0; i--) {
		if (is_rule_at(lines, i - 1))
			first = i - 1;
		else if (trim_line_at(lines, i - 1)->kind != TRIM_BLANK)
			break;
	}
	return first;
}

/* ---- where to cut ---- */

static struct scan scan_to(GArray *lines, guint end)
{
	struct scan scan = { .lines = lines, .end = end, .first_text = end };

	for (guint i = 0; i < end; i++) {
		if (trim_line_at(lines, i)->kind != TRIM_TEXT)
			continue;
		scan.last_text = i;
		if (scan.first_text < end)
			continue;
		const char *lower = trim_line_lower(lines, i);

		if (lower == NULL || !trim_is_rule(lower, 5))
			scan.first_text = i;
	}
	return scan;
}

/* True if behind a marker, from line i on, nothing of the writer's own can
 * stand: either the quotation is not marked line by line, or it is and only
 * blank lines come after it. */
static bool is_tail(const struct scan *scan, guint i)
{
	guint next = trim_skip_blank(scan->lines, i);

	return next >= scan->end || kind_at(scan, next) != TRIM_QUOTE ||
	       scan->last_text < next;
}

/* The attribution of ">" lines that start at `quote`, else `quote`. */
static guint include_attribution(const GArray *lines, guint quote)
{
	guint last = quote, first = quote;

	while (last > 0 && trim_line_at(lines, last - 1)->kind == TRIM_BLANK)
		last--;
	return last > 0 && trim_line_signs(lines, last - 1) != 0 &&
	                       find_attribution(lines, last - 1, &first)
	               ? first
	               : quote;
}

/* ">" lines at the very end without a known marker, if they are the only
 * ones. */
static guint bare_quote(const struct scan *scan)
{
	for (guint i = 0; i < scan->last_text; i++)
		if (kind_at(scan, i) == TRIM_QUOTE)
			return scan->end;
	guint quote = trim_skip_blank(scan->lines, scan->last_text + 1);

	return quote < scan->end ? include_attribution(scan->lines, quote)
	                         : scan->end;
}

/* The first line of the quoted tail, or scan->end. */
static guint find_cut(const struct scan *scan)
{
	for (guint i = 0; i < scan->end; i++) {
		guint first = i, behind = i;

		if (!marker_at(scan->lines, i, &first, &behind))
			continue;
		first = include_rules(scan->lines, first);
		if (is_tail(scan, behind) && scan->first_text < first)
			return first;
	}
	guint cut = bare_quote(scan);

	return scan->first_text < cut ? cut : scan->end;
}

/* The marker that the text begins with: the line behind it, else 0. */
static guint leading_marker(const struct scan *scan)
{
	guint start = trim_skip_blank(scan->lines, 0), first = 0, behind = 0;

	for (guint i = start; i < scan->end && i - start < ATTRIBUTION_LINES;
	     i++)
		if (marker_at(scan->lines, i, &first, &behind))
			return first == start ? behind : 0;
	return 0;
}

/* An answer below the one quotation it answers: where the answer starts, 0
 * if it is not of this form. */
static guint find_answer(const struct scan *scan)
{
	guint behind = leading_marker(scan);
	guint i = trim_skip_blank(scan->lines, behind);

	if (behind == 0 || i >= scan->end || kind_at(scan, i) != TRIM_QUOTE)
		return 0;
	while (i < scan->end && kind_at(scan, i) != TRIM_TEXT)
		i++;
	for (guint k = i; k < scan->end; k++)
		if (kind_at(scan, k) == TRIM_QUOTE)
			return 0;
	return i < scan->end ? i : 0;
}

/* ---- signatures ---- */

static bool is_signature_line(const struct trim_line *line)
{
	return line->len == 3 && memcmp(line->start, "-- ", 3) == 0;
}

/* Whether lines from `first` to `end` can be a signature. */
static bool is_signature(const struct scan *scan, guint first, bool is_bare)
{
	guint max = is_bare ? BARE_SIGNATURE_LINES : SIGNATURE_LINES;
	guint lines = 0;

	for (guint i = first; i < scan->end; i++) {
		if (kind_at(scan, i) == TRIM_QUOTE)
			return false;
		if (kind_at(scan, i) == TRIM_TEXT && ++lines > max)
			return false;
		if (is_bare && line_of(scan, i)->len > BARE_SIGNATURE_BYTES)
			return false;
	}
	return true;
}

/* The line with the signature's mark, or scan->end. "--" without its blank
 * counts for few and short lines. */
static guint find_signature(const struct scan *scan)
{
	guint lines = 0;

	for (guint i = scan->end; i > 0 && lines <= SIGNATURE_LINES; i--) {
		const struct trim_line *line = line_of(scan, i - 1);
		const char *lower =
			line->len <= MARK_BYTES
				? trim_line_lower(scan->lines, i - 1)
				: NULL;

		if (line->kind == TRIM_QUOTE)
			break;
		lines += line->kind == TRIM_TEXT;
		if (lower == NULL || strcmp(lower, "--") != 0)
			continue;
		if (is_signature(scan, i, !is_signature_line(line)))
			return i - 1;
	}
	return scan->end;
}

/* Marks at the end, and what programs add there, are nobody's words. */
static bool is_added(const struct scan *scan, guint i)
{
	const char *lower = trim_line_lower(scan->lines, i);

	if (kind_at(scan, i) == TRIM_BLANK)
		return true;
	if (lower == NULL)
		return false;
	return trim_is_rule(lower, 2) || strcmp(lower, "ᐧ") == 0 ||
	       trim_is_device_line(lower);
}

static bool has_text(const GArray *lines, guint from, guint to)
{
	for (guint i = from; i < to; i++)
		if (trim_line_at(lines, i)->kind == TRIM_TEXT)
			return true;
	return false;
}

/* Where the writer's words end within `from` .. scan->end. */
static guint words_end(const struct scan *scan, guint from)
{
	guint mark = find_signature(scan);
	guint end = mark > from && has_text(scan->lines, from, mark)
	                    ? mark
	                    : scan->end;
	guint words = end;

	while (words > from && is_added(scan, words - 1))
		words--;
	return has_text(scan->lines, from, words) ? words : end;
}

/* ---- the text that is kept ---- */

static char *dup_between(const GArray *lines, guint from, guint to)
{
	if (from >= to)
		return g_strdup("");
	const char *start = trim_line_at(lines, from)->start;
	const struct trim_line *last = trim_line_at(lines, to - 1);

	return g_strchomp(
		g_strndup(start, (size_t)(last->start + last->len - start)));
}

char *trim_quotes(const char *text)
{
	g_autoptr(GArray) lines = trim_lines_new(text);
	struct scan scan = scan_to(lines, lines->len);
	guint cut = find_cut(&scan);
	guint answer = cut == scan.end ? find_answer(&scan) : 0;

	if (cut == scan.end && answer == 0)
		return g_strdup(text);
	return dup_between(lines, answer, cut);
}

/* An attribution above text without marks: what is quoted cannot be told
 * from what is not, so all of it stays. */
static guint skip_leading_attribution(const struct scan *scan)
{
	guint behind = leading_marker(scan);
	guint first = 0;

	return behind > 0 && behind < scan->end &&
	                       find_attribution(scan->lines, behind - 1,
	                                        &first) &&
	                       !trim_is_quoted(scan->lines, behind) &&
	                       has_text(scan->lines, behind, scan->end)
	               ? trim_skip_blank(scan->lines, behind)
	               : 0;
}

static char *reply_of(GArray *lines, const char *text, char **ret_signature)
{
	struct scan scan = scan_to(lines, lines->len);
	guint from = 0, end, behind;

	/* it may stand below the quotation, or above it */
	scan = scan_to(lines, words_end(&scan, 0));
	behind = scan.end;
	end = find_cut(&scan);
	if (end == scan.end)
		from = find_answer(&scan);
	if (end == scan.end && from == 0)
		from = skip_leading_attribution(&scan);
	scan = scan_to(lines, end);
	end = words_end(&scan, from);
	bool is_above = has_text(lines, end, scan.end);

	if (ret_signature != NULL)
		*ret_signature = g_strchug(
			dup_between(lines, is_above ? end : behind,
		                    is_above ? scan.end : lines->len));
	return from == 0 && end == lines->len ? g_strdup(text)
	                                      : dup_between(lines, from, end);
}

char *trim_reply(const char *text, char **ret_signature)
{
	g_autoptr(GArray) lines = trim_lines_new(text);

	return reply_of(lines, text, ret_signature);
}

/* Apple Mail may put a forwarded message behind ">" as a whole. */
static bool quotes_forward(const struct trim_line *line)
{
	g_autofree char *copy = g_strndup(line->start, MIN(line->len, 300));
	g_autofree char *lower = g_utf8_strdown(g_strstrip(copy), -1);

	return trim_is_separator(lower, trim_forwarded);
}

static bool is_forward(const GArray *lines)
{
	for (guint i = 0; i < lines->len; i++) {
		const struct trim_line *line = trim_line_at(lines, i);
		guint first = i, behind = i;

		if (line->kind == TRIM_QUOTE)
			return quotes_forward(line);
		const char *lower =
			line->may_mark ? trim_line_lower(lines, i) : NULL;

		if (lower == NULL)
			continue;
		if (trim_is_separator(lower, trim_forwarded))
			return true;
		if (marker_at(lines, i, &first, &behind))
			return false;
	}
	return false;
}

bool trim_is_forward(const char *text)
{
	g_autoptr(GArray) lines = trim_lines_new(text);

	return is_forward(lines);
}

char *trim_unforwarded(const char *text)
{
	g_autoptr(GArray) lines = trim_lines_new(text);

	return is_forward(lines) ? NULL : reply_of(lines, text, NULL);
}
