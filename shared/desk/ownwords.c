/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ownwords.c - which lines of an answer are certainly its author's
 *
 * A customer decides what our notices quote, so a line "#fechar" of his comes
 * back in every answer of staff, in whatever way their mail program quotes.
 * What is taken for quoted wrongly is still in the original message; what is
 * taken for own words wrongly would run as a command.
 */
#include "desk/ownwords.h"

#include <string.h>

#include "mail/trim_words.h"

#define ATTRIBUTION_LINES 4   /* a long one is broken by some programs */
#define MARKER_BYTES_MAX  400 /* longer lines are nobody's marker */
#define OURS_MIN_BYTES    12  /* shorter lines of a template are anybody's */
#define FIELD_MARK        "\001"
#define HEADER_LINES      8   /* of one quoted header */

enum line_kind {
	LINE_OWN,
	LINE_BLANK,
	LINE_MARKED, /* "> ..." */
	LINE_SIGN,   /* separator, attribution, header line, our own words */
};

struct line {
	const char *start;
	size_t len;
	enum line_kind kind;
	char *lower; /* folded, lower case; NULL if too long */
};

void ownwords_clear(struct ownwords *words)
{
	g_clear_pointer(&words->head, g_free);
	g_clear_pointer(&words->middle, g_free);
	g_clear_pointer(&words->tail, g_free);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

char *ownwords_dup_folded(const char *text, size_t len)
{
	GString *out = g_string_sized_new(len);
	bool at_start = true; /* of a line: marks are passed over */
	bool blank = false;

	for (size_t i = 0; i < len; i++) {
		if (is_space(text[i])) {
			blank = out->len > 0;
			at_start = at_start || text[i] == '\n';
		} else if (!at_start || text[i] != '>') {
			if (blank)
				g_string_append_c(out, ' ');
			g_string_append_c(out, text[i]);
			blank = at_start = false;
		}
	}
	return g_string_free(out, FALSE);
}

/* --- kinds of lines --- */

static bool starts_with_any(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (g_str_has_prefix(text, *words))
			return true;
	return false;
}

static bool has_any(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strstr(text, *words) != NULL)
			return true;
	return false;
}

/* "-----Mensagem original-----", "Begin forwarded message:" */
static bool is_separator(const char *lower)
{
	const char *inner = lower + strspn(lower, "-_=*> ");

	if (inner - lower >= 2)
		return starts_with_any(inner, trim_original) ||
		       starts_with_any(inner, trim_forwarded);
	return starts_with_any(inner, trim_forwarded) &&
	       g_str_has_suffix(inner, ":");
}

/* The header field that a line looks like, COUNT if none: "*De:* Fulano". */
static enum trim_field field_of(const char *lower)
{
	const char *name = lower + strspn(lower, "*_| ");

	for (int field = 0; field < TRIM_FIELD__COUNT; field++) {
		for (const char *const *word = trim_fields[field];
		     *word != NULL; word++) {
			const char *rest = name + strlen(*word);

			if (!g_str_has_prefix(name, *word))
				continue;
			if (rest[strspn(rest, "*_ |")] == ':')
				return (enum trim_field)field;
		}
	}
	return TRIM_FIELD__COUNT;
}

static bool is_ours(const char *folded, const GPtrArray *ours)
{
	for (guint i = 0; i < ours->len; i++)
		if (g_str_has_prefix(folded, g_ptr_array_index(ours, i)))
			return true;
	return false;
}

static struct line read_line(const char *start, size_t len,
                             const GPtrArray *ours)
{
	struct line line = { .start = start, .len = len };
	g_autofree char *folded = ownwords_dup_folded(start, len);
	size_t lead = 0;

	while (lead < len && is_space(start[lead]))
		lead++;
	if (lead == len)
		line.kind = LINE_BLANK;
	else if (start[lead] == '>')
		line.kind = LINE_MARKED;
	else if (is_ours(folded, ours))
		line.kind = LINE_SIGN;
	if (line.kind == LINE_OWN && strlen(folded) <= MARKER_BYTES_MAX)
		line.lower = g_utf8_strdown(folded, -1);
	if (line.lower != NULL && is_separator(line.lower))
		line.kind = LINE_SIGN;
	return line;
}

static void clear_line(void *data)
{
	g_free(((struct line *)data)->lower);
}

static GArray *read_lines(const char *text, const GPtrArray *ours)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(struct line));

	g_array_set_clear_func(lines, clear_line);
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		struct line line = read_line(text, len, ours);

		g_array_append_val(lines, line);
		text += len + (text[len] == '\n');
	}
	return lines;
}

static struct line *at(const GArray *lines, guint i)
{
	return &g_array_index(lines, struct line, i);
}

/* --- signs of more than one line --- */

static enum trim_field field_at(const GArray *lines, guint i)
{
	const struct line *line = at(lines, i);

	return line->kind == LINE_OWN && line->lower != NULL
	               ? field_of(line->lower)
	               : TRIM_FIELD__COUNT;
}

/* Sender and two other fields, close together: a quoted header. */
static bool is_header(const GArray *lines, guint first)
{
	unsigned seen = 0;

	for (guint i = first; i < lines->len && i < first + HEADER_LINES; i++) {
		enum trim_field field = field_at(lines, i);

		if (at(lines, i)->kind == LINE_MARKED)
			break;
		if (field != TRIM_FIELD__COUNT)
			seen |= 1U << field;
	}
	return (seen & 1U << TRIM_FIELD_FROM) != 0 &&
	       __builtin_popcount(seen) >= 3;
}

static void mark_headers(GArray *lines)
{
	for (guint i = 0; i < lines->len; i++)
		if (field_at(lines, i) != TRIM_FIELD__COUNT &&
		    is_header(lines, i))
			at(lines, i)->kind = LINE_SIGN;
}

/* The line behind the blank ones from i on; lines->len if none. */
static guint skip_blank(const GArray *lines, guint i)
{
	while (i < lines->len && at(lines, i)->kind == LINE_BLANK)
		i++;
	return i;
}

static bool has_digit(const char *text)
{
	return strpbrk(text, "0123456789") != NULL;
}

/* "Em seg., 2 de nov., Ana <ana@x> escreveu:": line i ends one, and the
 * lines from the result on belong to it; i + 1 if it does not. */
static guint attribution_start(const GArray *lines, guint i)
{
	const struct line *line = at(lines, i);
	bool address = false;
	guint first = i;

	if (line->kind != LINE_OWN || line->lower == NULL ||
	    !g_str_has_suffix(line->lower, ":"))
		return i + 1;
	while (i - first < ATTRIBUTION_LINES) {
		address = address || strchr(at(lines, first)->lower, '@');
		if (starts_with_any(at(lines, first)->lower, trim_on) ||
		    first == 0 || at(lines, first - 1)->kind != LINE_OWN ||
		    at(lines, first - 1)->lower == NULL)
			break;
		first--;
	}
	guint next = skip_blank(lines, i + 1);
	bool quoted =
		next < lines->len && at(lines, next)->kind == LINE_MARKED;
	bool opened = starts_with_any(at(lines, first)->lower, trim_on);
	bool wrote = has_any(line->lower, trim_wrote);

	if (!(address && (wrote || quoted)) &&
	    !(quoted && opened && has_digit(at(lines, first)->lower)))
		return i + 1;
	/* Without an opening only the last line is sure to belong to it. */
	return opened ? first : i;
}

static void mark_attributions(GArray *lines)
{
	for (guint i = 0; i < lines->len; i++)
		for (guint k = attribution_start(lines, i); k <= i; k++)
			at(lines, k)->kind = LINE_SIGN;
}

/* --- the three regions --- */

static bool is_quote(const GArray *lines, guint i)
{
	return at(lines, i)->kind == LINE_MARKED ||
	       at(lines, i)->kind == LINE_SIGN;
}

static guint find_first_quote(const GArray *lines)
{
	guint i = 0;

	while (i < lines->len && !is_quote(lines, i))
		i++;
	return i;
}

/* Lines `from` to `to` without the signs and without empty lines around; the
 * head of a text stays the beginning of its bytes. */
static char *dup_lines(const GArray *lines, guint from, guint to)
{
	GString *out = g_string_new(NULL);

	while (from > 0 && from < to && at(lines, from)->kind == LINE_BLANK)
		from++;
	for (guint i = from; i < to; i++) {
		const struct line *line = at(lines, i);

		if (line->kind == LINE_SIGN)
			continue;
		g_string_append_len(out, line->start, (gssize)line->len);
		g_string_append_c(out, '\n');
	}
	return g_strchomp(g_string_free(out, FALSE));
}

static bool has_own(const GArray *lines, guint from, guint to)
{
	for (guint i = from; i < to; i++)
		if (at(lines, i)->kind == LINE_OWN)
			return true;
	return false;
}

/* Where ">" lines start and where the last one ends; false if there is none
 * after `from`. */
static bool find_marked(const GArray *lines, guint from, guint *ret_first,
                        guint *ret_behind)
{
	bool found = false;

	for (guint i = from; i < lines->len; i++) {
		if (at(lines, i)->kind != LINE_MARKED)
			continue;
		if (!found)
			*ret_first = i;
		*ret_behind = i + 1;
		found = true;
	}
	return found;
}

/* Text that sticks to the last ">" line may be the broken end of it. */
static guint find_tail(const GArray *lines, guint behind)
{
	while (behind < lines->len && at(lines, behind)->kind == LINE_OWN)
		behind++;
	return behind;
}

/* Behind a sign without marks nothing can be told apart. */
static guint find_end(const GArray *lines, guint from)
{
	while (from < lines->len && at(lines, from)->kind != LINE_SIGN)
		from++;
	return from;
}

void ownwords_split(const char *text, const GPtrArray *ours,
                    struct ownwords *ret_words)
{
	g_autoptr(GArray) lines = read_lines(text, ours);
	guint first, marked = 0, behind = 0, tail, end;

	mark_headers(lines);
	mark_attributions(lines);
	first = find_first_quote(lines);
	*ret_words = (struct ownwords){
		.head = dup_lines(lines, 0, first),
	};
	if (!find_marked(lines, first, &marked, &behind)) {
		ret_words->middle = g_strdup("");
		ret_words->tail = g_strdup("");
		ret_words->is_cut = has_own(lines, first, lines->len);
		return;
	}
	tail = find_tail(lines, behind);
	end = find_end(lines, tail);
	ret_words->middle = has_own(lines, marked, tail)
	                            ? dup_lines(lines, marked, tail)
	                            : g_strdup("");
	ret_words->tail = dup_lines(lines, tail, end);
	ret_words->is_cut = has_own(lines, first, marked) ||
	                    has_own(lines, end, lines->len);
}

/* --- quotations that others may read --- */

static bool is_known(const char *folded, const GPtrArray *known)
{
	for (guint i = 0; i < known->len; i++)
		if (strstr(g_ptr_array_index(known, i), folded) != NULL)
			return true;
	return false;
}

char *ownwords_filter_quotes(const char *middle, const GPtrArray *known)
{
	GString *out = g_string_new(NULL);

	while (*middle != '\0') {
		size_t len = strcspn(middle, "\n");
		size_t lead = strspn(middle, " \t");
		g_autofree char *folded = ownwords_dup_folded(middle, len);

		if (middle[lead] != '>' || is_known(folded, known)) {
			g_string_append_len(out, middle, (gssize)len);
			g_string_append_c(out, '\n');
		}
		middle += len + (middle[len] == '\n');
	}
	return g_strstrip(g_string_free(out, FALSE));
}

/* --- what we write ourselves --- */

/* The literal beginning of a template's line, up to its first field. */
static void add_ours(GPtrArray *ours, const char *line)
{
	size_t len = strcspn(line, FIELD_MARK);
	g_autofree char *folded = ownwords_dup_folded(line, len);

	if (strlen(folded) >= OURS_MIN_BYTES)
		g_ptr_array_add(ours, g_steal_pointer(&folded));
}

static void add_template(GPtrArray *ours, const struct template *template)
{
	const char *const *fields = template_fields();
	g_autoptr(GArray) values
		= g_array_new(true, false, sizeof(struct template_value));
	g_autofree char *subject = NULL;
	g_autofree char *body = NULL;
	g_auto(GStrv) lines = NULL;

	for (size_t i = 0; fields[i] != NULL; i++) {
		const struct template_value one = { fields[i], FIELD_MARK };

		g_array_append_val(values, one);
	}
	template_fill(template,
		      (const struct template_value *)(void *)values->data,
		      &subject, &body);
	lines = g_strsplit(body, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++)
		add_ours(ours, lines[i]);
}

GPtrArray *ownwords_list_ours(const struct desk *desk)
{
	static const char *const names[] = { "notice_new", "notice_reply",
					     "notice_bounce", "hold_notice",
					     "hold_confirm", "ack" };
	static const char *const languages[] = { "pt_BR", "en", "es" };
	GPtrArray *ours = g_ptr_array_new_with_free_func(g_free);

	for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
		for (size_t l = 0; l < G_N_ELEMENTS(languages); l++)
			add_template(ours,
				     desk_get_template(desk, names[n],
						       languages[l], NULL));
	}
	return ours;
}
