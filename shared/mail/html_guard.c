/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * html_guard.c - HTML made safe and small for the tree builder
 *
 * The stack of open elements follows the rules by which a tree builder closes
 * elements (HTML, 13.2.6); where the two may differ, ours keeps an element
 * open longer, so that the tree is never deeper than we think. Each byte is
 * looked at a bounded number of times: a search that runs to the end in vain
 * is not tried a second time.
 */
#include "mail/html_guard.h"

#include <string.h>

#include "mail/html_style.h"

#define NAME_MAX_BYTES       12
#define REFERENCE_DIGITS_MAX 7  /* of a number behind "&#" */
#define INLINE_OPEN_MAX      64 /* followed at a time, let through or not */
#define STACK_MAX            (HTML_DEPTH_MAX + INLINE_OPEN_MAX)

enum kind {
	KIND_NONE,   /* unknown: only its content counts */
	KIND_INLINE, /* let through if its style says something */
	KIND_LINK,
	KIND_BLOCK,
	KIND_P,
	KIND_HEADING,
	KIND_QUOTE,
	KIND_ITEM,
	KIND_LIST,
	KIND_TABLE,
	KIND_ROW,
	KIND_CELL,
	KIND_VOID,
	KIND_SILENT, /* content is not text */
};

struct name {
	const char *name;
	enum kind kind;
	const char *as; /* the name it is let through by */
};

/* In order, for the search. */
static const struct name names[] = {
	{ "a", KIND_LINK, "a" },
	{ "abbr", KIND_INLINE, "span" },
	{ "address", KIND_BLOCK, "div" },
	{ "article", KIND_BLOCK, "div" },
	{ "aside", KIND_BLOCK, "div" },
	{ "b", KIND_INLINE, "span" },
	{ "big", KIND_INLINE, "span" },
	{ "blockquote", KIND_QUOTE, "blockquote" },
	{ "br", KIND_VOID, "br" },
	{ "caption", KIND_BLOCK, "div" },
	{ "center", KIND_BLOCK, "div" },
	{ "code", KIND_INLINE, "span" },
	{ "dd", KIND_BLOCK, "div" },
	{ "details", KIND_BLOCK, "div" },
	{ "dir", KIND_LIST, "ul" },
	{ "div", KIND_BLOCK, "div" },
	{ "dl", KIND_HEADING, "div" },
	{ "dt", KIND_BLOCK, "div" },
	{ "em", KIND_INLINE, "span" },
	{ "fieldset", KIND_BLOCK, "div" },
	{ "figcaption", KIND_BLOCK, "div" },
	{ "figure", KIND_BLOCK, "div" },
	{ "font", KIND_INLINE, "span" },
	{ "footer", KIND_BLOCK, "div" },
	{ "form", KIND_BLOCK, "div" },
	{ "h1", KIND_HEADING, "div" },
	{ "h2", KIND_HEADING, "div" },
	{ "h3", KIND_HEADING, "div" },
	{ "h4", KIND_HEADING, "div" },
	{ "h5", KIND_HEADING, "div" },
	{ "h6", KIND_HEADING, "div" },
	{ "header", KIND_BLOCK, "div" },
	{ "hr", KIND_VOID, "hr" },
	{ "i", KIND_INLINE, "span" },
	{ "iframe", KIND_SILENT, NULL },
	{ "img", KIND_VOID, "img" },
	{ "label", KIND_INLINE, "span" },
	{ "li", KIND_ITEM, "li" },
	{ "listing", KIND_BLOCK, "pre" },
	{ "main", KIND_BLOCK, "div" },
	{ "math", KIND_SILENT, NULL },
	{ "menu", KIND_LIST, "ul" },
	{ "nav", KIND_BLOCK, "div" },
	{ "noembed", KIND_SILENT, NULL },
	{ "noframes", KIND_SILENT, NULL },
	{ "ol", KIND_LIST, "ol" },
	{ "option", KIND_BLOCK, "div" },
	{ "p", KIND_P, "p" },
	{ "pre", KIND_BLOCK, "pre" },
	{ "s", KIND_INLINE, "span" },
	{ "script", KIND_SILENT, NULL },
	{ "section", KIND_BLOCK, "div" },
	{ "small", KIND_INLINE, "span" },
	{ "span", KIND_INLINE, "span" },
	{ "strong", KIND_INLINE, "span" },
	{ "style", KIND_SILENT, NULL },
	{ "sub", KIND_INLINE, "span" },
	{ "summary", KIND_BLOCK, "div" },
	{ "sup", KIND_INLINE, "span" },
	{ "svg", KIND_SILENT, NULL },
	{ "table", KIND_TABLE, "table" },
	{ "td", KIND_CELL, "td" },
	{ "template", KIND_SILENT, NULL },
	{ "textarea", KIND_BLOCK, "pre" },
	{ "th", KIND_CELL, "td" },
	{ "title", KIND_SILENT, NULL },
	{ "tr", KIND_ROW, "tr" },
	{ "u", KIND_INLINE, "span" },
	{ "ul", KIND_LIST, "ul" },
	{ "xml", KIND_SILENT, NULL },
	{ "xmp", KIND_BLOCK, "pre" },
};

struct span {
	const char *text; /* NULL if absent */
	size_t len;
};

enum attribute {
	ATTRIBUTE_ALT,
	ATTRIBUTE_CITE,
	ATTRIBUTE_CLASS,
	ATTRIBUTE_HIDDEN,
	ATTRIBUTE_HREF,
	ATTRIBUTE_ID,
	ATTRIBUTE_NAME,
	ATTRIBUTE_START,
	ATTRIBUTE_STYLE,
	ATTRIBUTE_TYPE,
	ATTRIBUTE__COUNT
};

static const char *const attribute_names[ATTRIBUTE__COUNT] = {
	[ATTRIBUTE_ALT] = "alt",     [ATTRIBUTE_CITE] = "cite",
	[ATTRIBUTE_CLASS] = "class", [ATTRIBUTE_HIDDEN] = "hidden",
	[ATTRIBUTE_HREF] = "href",   [ATTRIBUTE_ID] = "id",
	[ATTRIBUTE_NAME] = "name",   [ATTRIBUTE_START] = "start",
	[ATTRIBUTE_STYLE] = "style", [ATTRIBUTE_TYPE] = "type",
};

struct tag {
	const struct name *name;
	bool is_closing;
	const char *attributes;
	const char *end; /* of the attributes, at ">" */
	struct span values[ATTRIBUTE__COUNT];
};

struct open {
	const struct name *name;
	bool is_passed; /* let through */
};

struct guard {
	const char *at;
	const char *end;
	guint64 tags_left;
	bool is_cut;
	bool no_comment_end; /* no "-->" further on */
	bool no_quote_end;   /* some tag's quotation mark never closes */
	bool no_tag_end;     /* no ">" further on */
	bool no_end[G_N_ELEMENTS(names)]; /* of silent elements */

	GString *out;
	struct open stack[STACK_MAX];
	guint open;
	guint passed;
	guint followed; /* inline elements on the stack */
	guint pre;      /* elements that keep blanks on the stack */
};

/* ---- reading tags ---- */

static const struct name *find_name(const char *text, size_t len)
{
	size_t low = 0, high = G_N_ELEMENTS(names);

	if (len >= NAME_MAX_BYTES)
		return NULL;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *name = names[middle].name;
		int order = g_ascii_strncasecmp(text, name, len);

		if (order == 0 && name[len] == '\0')
			return &names[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The ">" that ends a tag: quoted ones do not, unless the quotation marks
 * make no sense. NULL if there is none at all. */
static const char *find_tag_end(struct guard *guard, const char *from)
{
	char quote = '\0';

	if (guard->no_tag_end)
		return NULL;
	for (const char *p = from; !guard->no_quote_end && p < guard->end;
	     p++) {
		if (quote != '\0') {
			if (*p == quote)
				quote = '\0';
		} else if (*p == '>') {
			return p;
		} else if ((*p == '"' || *p == '\'') && p > from &&
		           (p[-1] == '=' || g_ascii_isspace(p[-1]))) {
			quote = *p;
		}
	}
	const char *plain = memchr(from, '>', (size_t)(guard->end - from));

	guard->no_quote_end = true;
	guard->no_tag_end = plain == NULL;
	return plain;
}

/* Reads the tag at "<"; false if it is plain text. */
static bool read_tag(struct guard *guard, struct tag *ret_tag)
{
	const char *p = guard->at + 1;
	bool is_closing = p < guard->end && *p == '/';
	size_t len = 0;

	p += is_closing;
	if (p >= guard->end || !g_ascii_isalpha(*p))
		return false;
	while (p + len < guard->end &&
	       (g_ascii_isalnum(p[len]) || p[len] == ':' || p[len] == '-'))
		len++;
	const char *end = find_tag_end(guard, p + len);

	if (end == NULL)
		return false;
	*ret_tag = (struct tag){
		.name = find_name(p, len),
		.is_closing = is_closing,
		.attributes = p + len,
		.end = end,
	};
	return true;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && g_ascii_isspace(*p))
		p++;
	return p;
}

/* The value behind "=" at p, returns what is behind it. */
static const char *read_value(const char *p, const char *end,
                              struct span *ret_value)
{
	p = skip_space(p + 1, end);
	char quote = p < end && (*p == '"' || *p == '\'') ? *p : '\0';
	const char *start = p + (quote != '\0');

	for (p = start; p < end; p++)
		if (quote != '\0' ? *p == quote : g_ascii_isspace(*p))
			break;
	*ret_value = (struct span){ start, (size_t)(p - start) };
	return quote != '\0' && p < end ? p + 1 : p;
}

static void keep_attribute(struct tag *tag, const char *name, size_t len,
                           const struct span *value)
{
	for (int i = 0; i < ATTRIBUTE__COUNT; i++) {
		const char *known = attribute_names[i];

		if (g_ascii_tolower(*name) == *known &&
		    tag->values[i].text == NULL && strlen(known) == len &&
		    g_ascii_strncasecmp(known, name, len) == 0)
			tag->values[i] = *value;
	}
}

/* False if there are more than we read. */
static bool read_attributes(struct tag *tag)
{
	const char *p = tag->attributes;

	for (guint n = 0; n <= HTML_ATTRIBUTES_MAX; n++) {
		while (p < tag->end && (g_ascii_isspace(*p) || *p == '/'))
			p++;
		if (p >= tag->end)
			return true;
		const char *name = p++; /* whatever it is, go on */

		while (p < tag->end && !g_ascii_isspace(*p) && *p != '=')
			p++;
		size_t len = (size_t)(p - name);
		struct span value = { name, 0 };
		const char *next = skip_space(p, tag->end);

		if (next < tag->end && *next == '=')
			p = read_value(next, tag->end, &value);
		keep_attribute(tag, name, len, &value);
	}
	return false;
}

/* ---- what attributes say ---- */

/* One of the words of a value; OWA puts "x_" before names of others. */
static bool has_word(const struct span *value, const char *const *words,
                     bool is_start)
{
	const char *end = value->text != NULL ? value->text + value->len : NULL;

	for (const char *p = value->text; p < end;) {
		p = skip_space(p, end);
		const char *word = p;

		while (p < end && !g_ascii_isspace(*p))
			p++;
		while (p - word > 2 && g_ascii_strncasecmp(word, "x_", 2) == 0)
			word += 2;
		size_t len = (size_t)(p - word);

		for (const char *const *want = words; *want != NULL; want++) {
			size_t n = strlen(*want);

			if (len >= n && (len == n || is_start) &&
			    g_ascii_strncasecmp(word, *want, n) == 0)
				return true;
		}
	}
	return false;
}

static bool contains(const struct span *value, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; value->text != NULL && i + len <= value->len; i++)
		if (g_ascii_strncasecmp(value->text + i, word, len) == 0)
			return true;
	return false;
}

/* A <blockquote> may be mere indentation; one that mail programs put round
 * the answered message says so. */
static bool is_cited(const struct tag *tag, const struct html_style *style)
{
	const struct span *values = tag->values;

	return contains(&values[ATTRIBUTE_TYPE], "cite") ||
	       contains(&values[ATTRIBUTE_CLASS], "quote") ||
	       contains(&values[ATTRIBUTE_CLASS], "cite") ||
	       contains(&values[ATTRIBUTE_STYLE], ".8ex") ||
	       values[ATTRIBUTE_CITE].text != NULL || style->has_bar_left;
}

/* Containers of nothing but the answered mail. In others (Gmail's) answers
 * stand between the quotations. */
static bool is_quote_box(const struct tag *tag)
{
	static const char *const classes[] = { "yahoo_quoted",
		                               "protonmail_quote",
		                               "tutanota_quote", NULL };
	static const char *const ids[] = { "yahoo_quoted",
		                           "mail-editor-reference-message",
		                           NULL };
	static const char *const box_names[] = { "quote", NULL };

	return has_word(&tag->values[ATTRIBUTE_CLASS], classes, false) ||
	       has_word(&tag->values[ATTRIBUTE_ID], ids, true) ||
	       has_word(&tag->values[ATTRIBUTE_NAME], box_names, false);
}

/* What Outlook and its kin put the answered mail's header lines into. */
static bool is_reply_head(const struct tag *tag)
{
	static const char *const ids[] = { "divrplyfwdmsg", NULL };
	static const char *const classes[] = { "outlookmessageheader", NULL };

	return has_word(&tag->values[ATTRIBUTE_ID], ids, false) ||
	       has_word(&tag->values[ATTRIBUTE_CLASS], classes, false);
}

static bool is_gone(const struct tag *tag, const struct html_style *style)
{
	static const char *const classes[] = { "preheader", "preview-text",
		                               "mcnpreviewtext", NULL };

	/* a button that Word draws in its own way is for all others */
	return style->is_gone ||
	       (style->is_mso_gone && tag->name->kind != KIND_LINK) ||
	       (tag->values[ATTRIBUTE_HIDDEN].text != NULL &&
	        !contains(&tag->values[ATTRIBUTE_HIDDEN], "until-found")) ||
	       has_word(&tag->values[ATTRIBUTE_CLASS], classes, false);
}

/* Word writes every line as a paragraph without margins. */
static bool is_tight(const struct tag *tag, const struct html_style *style)
{
	static const char *const classes[] = { "mso", NULL };

	return style->has_no_margin ||
	       has_word(&tag->values[ATTRIBUTE_CLASS], classes, true);
}

#define MARKS_MAX 8

/* Writes letters, at most MARKS_MAX, and returns how many. */
static size_t find_marks(const struct tag *tag, char *marks)
{
	const struct span *text = &tag->values[ATTRIBUTE_STYLE];
	enum kind kind = tag->name->kind;
	struct html_style style = { 0 };
	size_t n = 0;

	if (text->text != NULL)
		html_style_read(text->text, text->len, &style);
	if (is_gone(tag, &style))
		marks[n++] = HTML_MARK_GONE;
	if (style.size != HTML_SAY_NOTHING)
		marks[n++] = style.size == HTML_SAY_NO ? HTML_MARK_TINY
		                                       : HTML_MARK_SIZED;
	if (style.show != HTML_SAY_NOTHING)
		marks[n++] = style.show == HTML_SAY_NO ? HTML_MARK_HIDDEN
		                                       : HTML_MARK_VISIBLE;
	if ((kind == KIND_QUOTE && is_cited(tag, &style)) ||
	    (kind == KIND_BLOCK && is_quote_box(tag)))
		marks[n++] = HTML_MARK_QUOTE;
	if (kind == KIND_HEADING)
		marks[n++] = HTML_MARK_PARAGRAPH;
	if (kind == KIND_P && is_tight(tag, &style))
		marks[n++] = HTML_MARK_TIGHT;
	if (kind == KIND_BLOCK && (style.has_rule_above || is_reply_head(tag)))
		marks[n++] = HTML_MARK_RULE;
	return n;
}

/* ---- writing ---- */

/* The length of "&#..." at p if its number is beyond all characters, else 0:
 * libgumbo reads numbers into an int and does not look whether they fit. */
static size_t wild_reference_len(const char *p, const char *end)
{
	size_t head = 2, digits = 0;

	if (end - p < 2 + REFERENCE_DIGITS_MAX || p[1] != '#')
		return 0;
	if (p[2] == 'x' || p[2] == 'X')
		head = 3;
	while (p + head + digits < end &&
	       (head == 3 ? g_ascii_isxdigit(p[head + digits])
	                  : g_ascii_isdigit(p[head + digits])))
		digits++;
	if (digits <= REFERENCE_DIGITS_MAX)
		return 0;
	return head + digits +
	       (p + head + digits < end && p[head + digits] == ';');
}

/* Text as it stands, but for wild references. */
static void write_raw(GString *out, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *mark = memchr(text, '&', (size_t)(end - text));
		size_t wild = 0;

		if (mark == NULL)
			mark = end;
		else
			wild = wild_reference_len(mark, end);
		g_string_append_len(out, text, mark - text);
		if (wild > 0)
			g_string_append(out, "&#xfffd;");
		else if (mark < end)
			g_string_append_c(out, '&');
		text = mark + (wild > 0 ? wild : mark < end);
	}
}

/* Quotation marks must not end what we write. */
static void write_attribute(struct guard *guard, const char *name,
                            const struct span *value)
{
	if (value->text == NULL)
		return;
	if (value->len > HTML_VALUE_MAX) {
		guard->is_cut = true;
		return;
	}
	g_string_append_printf(guard->out, " %s=\"", name);
	for (size_t i = 0; i < value->len;) {
		const char *rest = value->text + i;
		const char *mark = memchr(rest, '"', value->len - i);
		size_t len =
			mark != NULL ? (size_t)(mark - rest) : value->len - i;

		write_raw(guard->out, rest, len);
		if (mark != NULL)
			g_string_append(guard->out, "&quot;");
		i += len + (mark != NULL);
	}
	g_string_append_c(guard->out, '"');
}

static void write_start(struct guard *guard, const struct tag *tag,
                        const char *marks, size_t n_marks)
{
	const char *as = tag->name->as;

	g_string_append_c(guard->out, '<');
	g_string_append(guard->out, as);
	if (n_marks > 0) {
		g_string_append(guard->out, " x=");
		g_string_append_len(guard->out, marks, (gssize)n_marks);
	}
	if (strcmp(as, "a") == 0)
		write_attribute(guard, "href", &tag->values[ATTRIBUTE_HREF]);
	else if (strcmp(as, "img") == 0)
		write_attribute(guard, "alt", &tag->values[ATTRIBUTE_ALT]);
	else if (strcmp(as, "ol") == 0)
		write_attribute(guard, "start", &tag->values[ATTRIBUTE_START]);
	g_string_append_c(guard->out, '>');
}

static void write_end(struct guard *guard, const struct name *name)
{
	g_string_append(guard->out, "</");
	g_string_append(guard->out, name->as);
	g_string_append_c(guard->out, '>');
}

/* ---- the stack of open elements ---- */

static struct open *at(struct guard *guard, guint i)
{
	return &guard->stack[i];
}

static bool is_inline(const struct open *open)
{
	return open->name->kind == KIND_INLINE;
}

static void count(struct guard *guard, const struct open *open, guint by)
{
	guard->passed += open->is_passed ? by : 0;
	guard->followed += is_inline(open) ? by : 0;
	guard->pre += strcmp(open->name->as, "pre") == 0 ? by : 0;
}

/* Everything from index i on is closed, and said to be, so that the tree has
 * no other opinion. */
static void pop_to(struct guard *guard, guint i)
{
	while (guard->open > i) {
		const struct open *top = at(guard, --guard->open);

		if (top->is_passed)
			write_end(guard, top->name);
		count(guard, top, -1U);
	}
}

static void remove_at(struct guard *guard, guint i)
{
	count(guard, at(guard, i), -1U);
	guard->open--;
	memmove(at(guard, i), at(guard, i + 1),
	        (guard->open - i) * sizeof(struct open));
}

/* Within the innermost cell or table: the index of the innermost element of
 * a kind, or guard->open. */
static guint find_in_cell(struct guard *guard, enum kind kind)
{
	for (guint i = guard->open; i > 0; i--) {
		enum kind found = at(guard, i - 1)->name->kind;

		if (found == kind)
			return i - 1;
		if (found == KIND_TABLE || found == KIND_CELL)
			break;
	}
	return guard->open;
}

/* Within the innermost table: the same for rows and cells. */
static guint find_in_table(struct guard *guard, enum kind kind)
{
	for (guint i = guard->open; i > 0; i--) {
		enum kind found = at(guard, i - 1)->name->kind;

		if (found == kind)
			return i - 1;
		if (found == KIND_TABLE)
			break;
	}
	return guard->open;
}

/* A block ends an open paragraph. */
static void close_paragraph(struct guard *guard)
{
	pop_to(guard, find_in_cell(guard, KIND_P));
}

/* An item ends the one before it, unless a list, quotation or cell was
 * opened in between. */
static void close_item(struct guard *guard)
{
	for (guint i = guard->open; i > 0; i--) {
		enum kind kind = at(guard, i - 1)->name->kind;

		if (kind == KIND_ITEM) {
			pop_to(guard, i - 1);
			return;
		}
		if (kind == KIND_LIST || kind == KIND_QUOTE ||
		    kind == KIND_TABLE || kind == KIND_CELL)
			return;
	}
}

static bool push(struct guard *guard, const struct name *name, bool is_passed)
{
	if (is_passed && guard->passed >= HTML_DEPTH_MAX)
		return false;
	if (name->kind == KIND_INLINE && guard->followed >= INLINE_OPEN_MAX)
		return false;
	*at(guard, guard->open) = (struct open){ name, is_passed };
	count(guard, at(guard, guard->open++), 1);
	return true;
}

static void open_element(struct guard *guard, const struct tag *tag)
{
	char marks[MARKS_MAX];
	size_t n = find_marks(tag, marks);
	bool is_inline_tag = tag->name->kind == KIND_INLINE;
	bool is_passed = !is_inline_tag || n > 0;

	if (push(guard, tag->name, is_passed)) {
		if (is_passed)
			write_start(guard, tag, marks, n);
		return;
	}
	guard->is_cut = guard->is_cut || is_passed;
	if (!is_inline_tag)
		g_string_append(guard->out, "<br>");
}

/* ---- start tags ---- */

static void start_block(struct guard *guard, const struct tag *tag)
{
	close_paragraph(guard);
	open_element(guard, tag);
}

static void start_item(struct guard *guard, const struct tag *tag)
{
	close_item(guard);
	start_block(guard, tag);
}

/* In a table but outside its cells another one ends it. */
static void start_table(struct guard *guard, const struct tag *tag)
{
	guint table = find_in_table(guard, KIND_TABLE);

	if (find_in_table(guard, KIND_CELL) == guard->open &&
	    table < guard->open)
		pop_to(guard, table);
	start_block(guard, tag);
}

static void start_row(struct guard *guard, const struct tag *tag)
{
	guint table = find_in_table(guard, KIND_TABLE);

	if (table == guard->open) {
		g_string_append(guard->out, "<br>");
		return;
	}
	pop_to(guard, table + 1);
	open_element(guard, tag);
}

static void start_cell(struct guard *guard, const struct tag *tag)
{
	static const struct name row = { "tr", KIND_ROW, "tr" };
	static const struct tag row_tag = { .name = &row };
	guint table = find_in_table(guard, KIND_TABLE);

	if (table == guard->open) {
		g_string_append_c(guard->out, ' ');
		return;
	}
	if (find_in_table(guard, KIND_ROW) == guard->open)
		start_row(guard, &row_tag);
	pop_to(guard, MIN(find_in_table(guard, KIND_ROW) + 1, guard->open));
	open_element(guard, tag);
}

static void start_void(struct guard *guard, const struct tag *tag)
{
	char marks[MARKS_MAX];

	if (strcmp(tag->name->as, "hr") == 0)
		close_paragraph(guard);
	write_start(guard, tag, marks, find_marks(tag, marks));
}

/* Jumps to the closing tag of an element whose content is no text. */
static void start_silent(struct guard *guard, const struct tag *tag)
{
	bool *no_end = &guard->no_end[tag->name - names];
	size_t len = strlen(tag->name->name);

	if (*no_end)
		return;
	for (const char *p = guard->at;
	     (p = memchr(p, '<', (size_t)(guard->end - p))) != NULL; p++) {
		if ((size_t)(guard->end - p) > len + 2 && p[1] == '/' &&
		    g_ascii_strncasecmp(p + 2, tag->name->name, len) == 0) {
			guard->at = p;
			return;
		}
	}
	/* Scripts and styles run to the end; others were mere noise. */
	*no_end = true;
	if (strcmp(tag->name->name, "script") == 0 ||
	    strcmp(tag->name->name, "style") == 0)
		guard->at = guard->end;
}

static void start_tag(struct guard *guard, struct tag *tag)
{
	static void (*const starts[])(struct guard *, const struct tag *) = {
		[KIND_INLINE] = open_element, [KIND_LINK] = open_element,
		[KIND_BLOCK] = start_block,   [KIND_P] = start_block,
		[KIND_HEADING] = start_block, [KIND_QUOTE] = start_block,
		[KIND_ITEM] = start_item,     [KIND_LIST] = start_block,
		[KIND_TABLE] = start_table,   [KIND_ROW] = start_row,
		[KIND_CELL] = start_cell,     [KIND_VOID] = start_void,
		[KIND_SILENT] = start_silent,
	};

	if (!read_attributes(tag))
		guard->is_cut = true;
	starts[tag->name->kind](guard, tag);
}

/* ---- end tags ---- */

/* Inline elements close only within their block. */
static void end_inline(struct guard *guard, const struct name *name)
{
	for (guint i = guard->open; i > 0; i--) {
		const struct open *open = at(guard, i - 1);
		bool is_block =
			!is_inline(open) && open->name->kind != KIND_LINK;

		if (open->name == name) {
			if (open->is_passed)
				write_end(guard, name);
			remove_at(guard, i - 1);
			return;
		}
		if (is_block)
			return;
	}
}

/* A link closes across blocks, too: what it opened before stays open. */
static void end_link(struct guard *guard, const struct name *name)
{
	guint i = find_in_cell(guard, KIND_LINK);

	if (i == guard->open)
		return;
	write_end(guard, name);
	remove_at(guard, i);
}

static void end_block(struct guard *guard, const struct name *name)
{
	for (guint i = guard->open; i > 0; i--) {
		const struct open *open = at(guard, i - 1);
		enum kind kind = open->name->kind;

		if (open->name == name) {
			pop_to(guard, i - 1);
			return;
		}
		if (kind == KIND_TABLE || kind == KIND_CELL)
			return;
	}
}

static void end_in_table(struct guard *guard, const struct name *name)
{
	guint i = find_in_table(guard, name->kind);

	pop_to(guard, i);
}

static void end_tag(struct guard *guard, const struct tag *tag)
{
	static void (*const ends[])(struct guard *, const struct name *) = {
		[KIND_INLINE] = end_inline,  [KIND_LINK] = end_link,
		[KIND_BLOCK] = end_block,    [KIND_P] = end_block,
		[KIND_HEADING] = end_block,  [KIND_QUOTE] = end_block,
		[KIND_ITEM] = end_block,     [KIND_LIST] = end_block,
		[KIND_TABLE] = end_in_table, [KIND_ROW] = end_in_table,
		[KIND_CELL] = end_in_table,
	};

	if (tag->name->kind < G_N_ELEMENTS(ends))
		ends[tag->name->kind](guard, tag->name);
}

/* ---- the pass ---- */

/* "<!--", "<!doctype", "<![if", "<?xml", "</3": behind its end. */
static const char *skip_declaration(struct guard *guard)
{
	const char *from = guard->at;
	size_t left = (size_t)(guard->end - from);
	const char *stop = NULL;

	if (left >= 4 && memcmp(from, "<!--", 4) == 0 &&
	    !guard->no_comment_end) {
		stop = g_strstr_len(from + 2, (gssize)(left - 2), "-->");
		guard->no_comment_end = stop == NULL;
		if (stop != NULL)
			return stop + 3;
	}
	stop = memchr(from, '>', left);
	return stop != NULL ? stop + 1 : guard->end;
}

static void take_tag(struct guard *guard, struct tag *tag)
{
	guard->tags_left--;
	guard->at = tag->end + 1;
	if (tag->name == NULL || tag->name->kind == KIND_NONE)
		return;
	if (tag->is_closing)
		end_tag(guard, tag);
	else
		start_tag(guard, tag);
}

static void take_markup(struct guard *guard)
{
	struct tag tag;

	if (guard->at + 1 < guard->end &&
	    (guard->at[1] == '!' || guard->at[1] == '?')) {
		guard->at = skip_declaration(guard);
	} else if (!read_tag(guard, &tag)) {
		g_string_append(guard->out, "&lt;");
		guard->at++;
	} else if (guard->tags_left > 0) {
		take_tag(guard, &tag);
	} else {
		guard->is_cut = true;
		guard->end = guard->at;
	}
}

static void take_text(struct guard *guard)
{
	const char *stop =
		memchr(guard->at, '<', (size_t)(guard->end - guard->at));

	if (stop == NULL)
		stop = guard->end;
	/* Most of a page is the blanks its tags are indented with. */
	const char *word = skip_space(guard->at, stop);

	if (guard->pre == 0 && word > guard->at)
		g_string_append_c(guard->out, ' ');
	else
		word = guard->at;
	write_raw(guard->out, word, (size_t)(stop - word));
	guard->at = stop;
}

GString *html_guard(const char *html, guint64 max_tags, bool *ret_cut)
{
	struct guard guard = {
		.at = html,
		.end = html + strlen(html),
		.tags_left = max_tags,
		.out = g_string_new("<!DOCTYPE html><body>"),
	};

	while (guard.at < guard.end) {
		if (*guard.at == '<')
			take_markup(&guard);
		else
			take_text(&guard);
	}
	if (guard.is_cut && ret_cut != NULL)
		*ret_cut = true;
	return guard.out;
}
