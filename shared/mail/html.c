/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * html.c - reading text out of HTML
 *
 * Each byte is looked at a bounded number of times: a search that runs to
 * the end in vain (for the end of a comment, a quotation mark, the end of a
 * hidden element) is not tried a second time.
 */
#include "mail/html.h"

#include <stdlib.h>
#include <string.h>

#include "mail/text.h"

#define QUOTE_DEPTH_MAX 20
#define LIST_DEPTH_MAX  20
#define NAME_MAX_BYTES  32
#define HREF_MAX_BYTES  2000

enum tag_effect {
	TAG_INLINE,
	TAG_BLOCK,     /* on lines of its own */
	TAG_PARAGRAPH, /* with an empty line around */
	TAG_BREAK,
	TAG_RULE,
	TAG_CELL,
	TAG_ITEM,
	TAG_LIST,
	TAG_PRE,
	TAG_QUOTE,
	TAG_LINK,
	TAG_IMAGE,
	TAG_SILENT, /* content is not text */
};

static const struct {
	const char *name;
	enum tag_effect effect;
} tags[] = {
	{ "a", TAG_LINK },           { "address", TAG_BLOCK },
	{ "article", TAG_BLOCK },    { "blockquote", TAG_QUOTE },
	{ "body", TAG_BLOCK },       { "br", TAG_BREAK },
	{ "caption", TAG_BLOCK },    { "center", TAG_BLOCK },
	{ "dd", TAG_BLOCK },         { "dir", TAG_LIST },
	{ "div", TAG_BLOCK },        { "dl", TAG_PARAGRAPH },
	{ "dt", TAG_BLOCK },         { "fieldset", TAG_BLOCK },
	{ "figcaption", TAG_BLOCK }, { "figure", TAG_BLOCK },
	{ "footer", TAG_BLOCK },     { "form", TAG_BLOCK },
	{ "h1", TAG_PARAGRAPH },     { "h2", TAG_PARAGRAPH },
	{ "h3", TAG_PARAGRAPH },     { "h4", TAG_PARAGRAPH },
	{ "h5", TAG_PARAGRAPH },     { "h6", TAG_PARAGRAPH },
	{ "head", TAG_BLOCK },       { "header", TAG_BLOCK },
	{ "hr", TAG_RULE },          { "html", TAG_BLOCK },
	{ "img", TAG_IMAGE },        { "li", TAG_ITEM },
	{ "main", TAG_BLOCK },       { "menu", TAG_LIST },
	{ "nav", TAG_BLOCK },        { "ol", TAG_LIST },
	{ "option", TAG_BLOCK },     { "p", TAG_PARAGRAPH },
	{ "pre", TAG_PRE },          { "script", TAG_SILENT },
	{ "section", TAG_BLOCK },    { "style", TAG_SILENT },
	{ "table", TAG_BLOCK },      { "td", TAG_CELL },
	{ "textarea", TAG_PRE },     { "th", TAG_CELL },
	{ "title", TAG_SILENT },     { "tr", TAG_BLOCK },
	{ "ul", TAG_LIST },          { "xml", TAG_SILENT },
};

struct tag {
	char name[NAME_MAX_BYTES]; /* lower case; longer names are unknown */
	enum tag_effect effect;
	bool is_closing;
	bool is_empty; /* <x/> */
	const char *attributes;
	const char *end; /* of the attributes, at ">" */
};

struct reader {
	const char *at;
	const char *end;
	guint64 tags_left;
	bool no_comment_end; /* no "-->" further on */
	bool no_quote_end;   /* some tag's quotation mark never closes */
	bool no_tag_end;     /* no ">" further on */
	bool no_hiding;      /* some hidden element never closes */

	GString *out;
	unsigned newlines; /* owed before the next word */
	bool space;        /* owed before the next word */
	bool line_empty;   /* nothing on this line yet */
	unsigned quote;
	unsigned pre;
	unsigned list;

	char *href; /* of the open link, or NULL */
	gsize link_start;

	char hidden[NAME_MAX_BYTES]; /* element being skipped, or "" */
	unsigned hidden_depth;
	struct tag hidden_from; /* to go back to if it never closes */
};

/* ---- writing ---- */

static void start_line(struct reader *reader)
{
	for (unsigned i = 0; i < reader->quote; i++)
		g_string_append(reader->out, "> ");
	reader->line_empty = false;
}

static void write_newlines(struct reader *reader)
{
	if (reader->out->len == 0)
		reader->newlines = 0;
	for (unsigned i = 0; i < reader->newlines; i++) {
		/* An empty line inside a quotation belongs to it. */
		if (i > 0)
			for (unsigned q = 0; q < reader->quote; q++)
				g_string_append_c(reader->out, '>');
		g_string_append_c(reader->out, '\n');
		reader->line_empty = true;
	}
	reader->newlines = 0;
}

static void write_char(struct reader *reader, gunichar ch)
{
	write_newlines(reader);
	if (reader->line_empty)
		start_line(reader);
	else if (reader->space)
		g_string_append_c(reader->out, ' ');
	reader->space = false;
	g_string_append_unichar(reader->out, ch);
}

static void owe_newlines(struct reader *reader, unsigned n)
{
	reader->newlines = MAX(reader->newlines, n);
	reader->space = false;
}

static void write_break(struct reader *reader)
{
	reader->newlines = MIN(reader->newlines + 1, 3);
	reader->space = false;
}

static void write_text(struct reader *reader, const char *text)
{
	for (; *text != '\0'; text = text_next(text))
		write_char(reader, g_utf8_get_char(text));
}

/* One character of running text, with white space collapsed. */
static void take_char(struct reader *reader, gunichar ch)
{
	bool blank = ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n' ||
	             ch == '\f';

	if (reader->pre > 0 && ch == '\n') {
		write_break(reader);
	} else if (reader->pre > 0 && ch == '\r') {
		return;
	} else if (blank && reader->pre == 0) {
		reader->space = !reader->line_empty;
	} else if (ch == 0xad || ch == 0x200b || ch == 0xfeff) {
		return; /* soft hyphen, zero width */
	} else if (ch == 0xa0) {
		write_char(reader, ' ');
	} else if (ch >= 0x20 || ch == '\t') {
		write_char(reader, ch);
	}
}

/* ---- entities ---- */

static gunichar valid_char(unsigned long number)
{
	/* Numbers in the C1 range mean windows-1252, as in HTML 5. */
	static const gunichar c1[32] = {
		0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
		0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
		0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178,
	};

	if (number >= 0x80 && number < 0xa0)
		return c1[number - 0x80];
	if (number == 0 || number > 0x10ffff ||
	    !g_unichar_validate((gunichar)number))
		return 0xfffd;
	return (gunichar)number;
}

/* The character of "&...;" at `at` and its length, or '&' and 1. */
static gunichar read_entity(const char *at, const char *end, size_t *ret_len)
{
	const char *p = at + 1;

	*ret_len = 1;
	if (p < end && *p == '#') {
		bool hex = end - p > 1 && (p[1] == 'x' || p[1] == 'X');
		const char *digits = p + 1 + hex;
		char *stop;

		if (digits >= end || !g_ascii_isxdigit(*digits))
			return '&';
		unsigned long number = strtoul(digits, &stop, hex ? 16 : 10);

		if (stop == digits || stop > end)
			return '&';
		*ret_len = (size_t)(stop - at) + (stop < end && *stop == ';');
		return valid_char(number);
	}
	while (p < end && p - at < NAME_MAX_BYTES && g_ascii_isalnum(*p))
		p++;
	gunichar ch = html_entity(at + 1, (size_t)(p - at - 1));

	if (ch == 0)
		return '&';
	*ret_len = (size_t)(p - at) + (p < end && *p == ';');
	return ch;
}

/* ---- tags ---- */

static enum tag_effect lookup_effect(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
		if (strcmp(name, tags[i].name) == 0)
			return tags[i].effect;
	return TAG_INLINE;
}

/* The ">" that ends a tag: quoted ones do not, unless the quotation marks
 * make no sense. NULL if there is none at all. */
static const char *find_tag_end(struct reader *reader, const char *from)
{
	char quote = '\0';

	if (reader->no_tag_end)
		return NULL;
	for (const char *p = from; !reader->no_quote_end && p < reader->end;
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
	const char *plain = memchr(from, '>', (size_t)(reader->end - from));

	reader->no_quote_end = true;
	reader->no_tag_end = plain == NULL;
	return plain;
}

/* Reads the tag at "<"; false if it is plain text. */
static bool read_tag(struct reader *reader, const char *at, struct tag *ret_tag)
{
	const char *p = at + 1;
	size_t len = 0;

	*ret_tag = (struct tag){ 0 };
	ret_tag->is_closing = p < reader->end && *p == '/';
	p += ret_tag->is_closing;
	if (p >= reader->end || !g_ascii_isalpha(*p))
		return false;
	while (p + len < reader->end &&
	       (g_ascii_isalnum(p[len]) || p[len] == ':' || p[len] == '-'))
		len++;
	if (len < NAME_MAX_BYTES)
		for (size_t i = 0; i < len; i++)
			ret_tag->name[i] = g_ascii_tolower(p[i]);
	ret_tag->attributes = p + len;
	ret_tag->end = find_tag_end(reader, p + len);
	if (ret_tag->end == NULL)
		return false;
	ret_tag->is_empty = ret_tag->end[-1] == '/';
	ret_tag->effect = lookup_effect(ret_tag->name);
	return true;
}

/* The value of an attribute, entities undone; NULL if absent. Owned. */
static char *dup_attribute(const struct tag *tag, const char *wanted)
{
	const char *p = tag->attributes;
	size_t wanted_len = strlen(wanted);

	while (p < tag->end) {
		while (p < tag->end && (g_ascii_isspace(*p) || *p == '/'))
			p++;
		const char *name = p;

		while (p < tag->end && !g_ascii_isspace(*p) && *p != '=')
			p++;
		size_t name_len = (size_t)(p - name);
		const char *value = p;

		while (p < tag->end && g_ascii_isspace(*p))
			p++;
		if (p < tag->end && *p == '=') {
			p++;
			while (p < tag->end && g_ascii_isspace(*p))
				p++;
			char quote = p < tag->end && (*p == '"' || *p == '\'')
			                     ? *p
			                     : '\0';

			value = p + (quote != '\0');
			for (p = value; p < tag->end; p++)
				if (quote != '\0' ? *p == quote
				                  : g_ascii_isspace(*p))
					break;
		}
		if (name_len == wanted_len &&
		    g_ascii_strncasecmp(name, wanted, name_len) == 0)
			return g_strndup(value,
			                 (size_t)(MAX(p, value) - value));
		if (p < tag->end)
			p++;
		if (name_len == 0 && p == name)
			p++;
	}
	return NULL;
}

static char *decode_entities(const char *text)
{
	GString *out = g_string_new(NULL);
	const char *end = text + strlen(text);

	while (text < end) {
		size_t len = 1;

		if (*text == '&')
			g_string_append_unichar(out,
			                        read_entity(text, end, &len));
		else
			g_string_append_c(out, *text);
		text += len;
	}
	return g_string_free(out, FALSE);
}

static bool contains(const char *text, const char *word)
{
	if (text == NULL)
		return false;
	g_autofree char *lower = g_ascii_strdown(text, -1);

	return strstr(lower, word) != NULL;
}

/* ---- what tags do ---- */

/* A <blockquote> may be mere indentation; one that mail programs put round
 * the answered message says so. */
static bool is_quotation(const struct tag *tag)
{
	g_autofree char *type = dup_attribute(tag, "type");
	g_autofree char *class = dup_attribute(tag, "class");
	g_autofree char *style = dup_attribute(tag, "style");
	g_autofree char *cite = dup_attribute(tag, "cite");

	return contains(type, "cite") || contains(class, "quote") ||
	       contains(class, "cite") || contains(style, "border-left") ||
	       contains(style, ".8ex") || cite != NULL;
}

static void take_quote(struct reader *reader, const struct tag *tag)
{
	owe_newlines(reader, 1);
	if (tag->is_closing) {
		if (reader->quote > 0) {
			/* Blank lines owed are written inside or not at all */
			reader->newlines = 1;
			reader->quote--;
		}
	} else if (reader->quote < QUOTE_DEPTH_MAX) {
		if (reader->quote > 0 || is_quotation(tag)) {
			write_newlines(reader);
			reader->quote++;
		}
	}
}

static bool same_target(const char *text, const char *href)
{
	static const char *const schemes[] = { "mailto:", "https://", "http://",
		                               "tel:" };

	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
		if (g_str_has_prefix(href, schemes[i]))
			href += strlen(schemes[i]);
		if (g_str_has_prefix(text, schemes[i]))
			text += strlen(schemes[i]);
	}
	size_t len = strlen(href);

	while (len > 0 && href[len - 1] == '/')
		len--;
	return g_ascii_strncasecmp(text, href, len) == 0 &&
	       (text[len] == '\0' || strcmp(text + len, "/") == 0);
}

static void close_link(struct reader *reader)
{
	if (reader->href == NULL)
		return;
	const char *text =
		reader->out->str + MIN(reader->link_start, reader->out->len);
	g_autofree char *shown = g_strstrip(g_strdup(text));

	if (shown[0] != '\0' && !same_target(shown, reader->href)) {
		write_text(reader, " <");
		write_text(reader, reader->href);
		write_text(reader, ">");
	}
	g_clear_pointer(&reader->href, g_free);
}

static void take_link(struct reader *reader, const struct tag *tag)
{
	close_link(reader);
	if (tag->is_closing)
		return;
	g_autofree char *raw = dup_attribute(tag, "href");

	if (raw == NULL || strlen(raw) > HREF_MAX_BYTES ||
	    !(contains(raw, "http:") || contains(raw, "https:") ||
	      contains(raw, "mailto:")))
		return;
	reader->href = g_strstrip(decode_entities(raw));
	reader->link_start = reader->out->len;
}

static void take_image(struct reader *reader, const struct tag *tag)
{
	g_autofree char *raw = dup_attribute(tag, "alt");

	if (raw == NULL)
		return;
	g_autofree char *alt = g_strstrip(decode_entities(raw));

	if (alt[0] == '\0' || strlen(alt) > HREF_MAX_BYTES)
		return;
	bool is_symbol = g_utf8_strlen(alt, -1) <= 2; /* an emoji */

	g_autofree char *shown =
		is_symbol ? g_strdup(alt) : g_strdup_printf("[%s]", alt);

	for (const char *p = shown; *p != '\0'; p = text_next(p))
		take_char(reader, g_utf8_get_char(p));
}

static void take_item(struct reader *reader, const struct tag *tag)
{
	owe_newlines(reader, 1);
	if (tag->is_closing)
		return;
	for (unsigned i = 1; i < reader->list; i++)
		write_text(reader, "  ");
	write_text(reader, "-");
	reader->space = true;
}

static void take_list(struct reader *reader, const struct tag *tag)
{
	owe_newlines(reader, 1);
	if (tag->is_closing)
		reader->list -= reader->list > 0;
	else if (reader->list < LIST_DEPTH_MAX)
		reader->list++;
}

/* Word writes every line as a paragraph without margins. */
static void take_paragraph(struct reader *reader, const struct tag *tag)
{
	g_autofree char *class = dup_attribute(tag, "class");

	if (tag->is_closing || contains(class, "mso"))
		owe_newlines(reader, 1);
	else
		owe_newlines(reader, 2);
}

static void take_rule(struct reader *reader)
{
	owe_newlines(reader, 1);
	write_text(reader, "________________________________");
	owe_newlines(reader, 1);
}

/* Jumps behind the closing tag of an element whose content is no text. */
static void skip_silent(struct reader *reader, const struct tag *tag)
{
	if (tag->is_closing || tag->is_empty)
		return;
	size_t len = strlen(tag->name);

	for (const char *p = reader->at;
	     (p = memchr(p, '<', (size_t)(reader->end - p))) != NULL; p++) {
		if ((size_t)(reader->end - p) > len + 2 && p[1] == '/' &&
		    g_ascii_strncasecmp(p + 2, tag->name, len) == 0) {
			reader->at = p;
			return;
		}
	}
	reader->at = reader->end;
}

static void take_effect(struct reader *reader, const struct tag *tag)
{
	switch (tag->effect) {
	case TAG_INLINE:
		break;
	case TAG_BLOCK:
		owe_newlines(reader, 1);
		break;
	case TAG_PARAGRAPH:
		take_paragraph(reader, tag);
		break;
	case TAG_BREAK:
		write_break(reader);
		break;
	case TAG_RULE:
		take_rule(reader);
		break;
	case TAG_CELL:
		take_char(reader, ' ');
		break;
	case TAG_ITEM:
		take_item(reader, tag);
		break;
	case TAG_LIST:
		take_list(reader, tag);
		break;
	case TAG_PRE:
		owe_newlines(reader, 1);
		if (tag->is_closing)
			reader->pre -= reader->pre > 0;
		else
			reader->pre++;
		break;
	case TAG_QUOTE:
		take_quote(reader, tag);
		break;
	case TAG_LINK:
		take_link(reader, tag);
		break;
	case TAG_IMAGE:
		take_image(reader, tag);
		break;
	case TAG_SILENT:
		skip_silent(reader, tag);
		break;
	}
}

/* ---- hidden elements (the preview line of newsletters) ---- */

static bool is_hidden(const struct tag *tag)
{
	static const char *const names[] = { "div", "span", "p",
		                             "td",  "tr",   "table" };
	bool candidate = false;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		candidate |= strcmp(tag->name, names[i]) == 0;
	if (!candidate || tag->is_closing || tag->is_empty)
		return false;
	g_autofree char *style = dup_attribute(tag, "style");

	return contains(style, "display:none") ||
	       contains(style, "display: none");
}

static void start_hiding(struct reader *reader, const struct tag *tag)
{
	memcpy(reader->hidden, tag->name, sizeof(reader->hidden));
	reader->hidden_depth = 1;
	reader->hidden_from = *tag;
}

static void track_hidden(struct reader *reader, const struct tag *tag)
{
	if (strcmp(tag->name, reader->hidden) != 0 || tag->is_empty)
		return;
	reader->hidden_depth += tag->is_closing ? -1U : 1U;
	if (reader->hidden_depth == 0)
		reader->hidden[0] = '\0';
}

/* ---- the pass ---- */

/* "<!--", "<!doctype", "<![if", "<?xml": behind its end. */
static const char *skip_declaration(struct reader *reader, const char *at)
{
	size_t left = (size_t)(reader->end - at);
	const char *stop = NULL;

	if (left >= 4 && memcmp(at, "<!--", 4) == 0 &&
	    !reader->no_comment_end) {
		stop = g_strstr_len(at + 2, (gssize)(left - 2), "-->");
		reader->no_comment_end = stop == NULL;
		if (stop != NULL)
			return stop + 3;
	}
	stop = memchr(at, '>', left);
	return stop != NULL ? stop + 1 : reader->end;
}

static void take_tag(struct reader *reader, const struct tag *tag)
{
	reader->at = tag->end + 1;
	if (reader->hidden[0] != '\0') {
		track_hidden(reader, tag);
		return;
	}
	if (!reader->no_hiding && is_hidden(tag)) {
		start_hiding(reader, tag);
		return;
	}
	take_effect(reader, tag);
}

static void take_markup(struct reader *reader)
{
	struct tag tag = { 0 };

	if (reader->at + 1 < reader->end &&
	    (reader->at[1] == '!' || reader->at[1] == '?')) {
		reader->at = skip_declaration(reader, reader->at);
	} else if (read_tag(reader, reader->at, &tag)) {
		reader->tags_left--;
		take_tag(reader, &tag);
	} else {
		if (reader->hidden[0] == '\0')
			take_char(reader, '<');
		reader->at++;
	}
}

static void take_entity(struct reader *reader)
{
	size_t len = 1;
	gunichar ch = read_entity(reader->at, reader->end, &len);

	if (reader->hidden[0] == '\0')
		take_char(reader, ch);
	reader->at += len;
}

static void run(struct reader *reader)
{
	while (reader->at < reader->end && reader->tags_left > 0) {
		if (*reader->at == '<') {
			take_markup(reader);
		} else if (*reader->at == '&') {
			take_entity(reader);
		} else {
			if (reader->hidden[0] == '\0')
				take_char(reader, g_utf8_get_char(reader->at));
			reader->at = text_next(reader->at);
		}
	}
}

char *html_to_text(const char *html, guint64 max_tags, bool *ret_cut)
{
	struct reader reader = {
		.at = html,
		.end = html + strlen(html),
		.tags_left = max_tags,
		.out = g_string_new(NULL),
		.line_empty = true,
	};

	run(&reader);
	if (reader.hidden[0] != '\0') {
		/* It hides all the rest, so it is a mistake: show it. */
		reader.at = reader.hidden_from.end + 1;
		reader.hidden[0] = '\0';
		reader.no_hiding = true;
		run(&reader);
	}
	close_link(&reader);
	if (reader.at < reader.end && ret_cut != NULL)
		*ret_cut = true;
	return g_string_free(reader.out, FALSE);
}

char *html_dup_charset(const char *data, size_t len)
{
	static const char mark[] = "charset=";
	g_autofree char *head = g_ascii_strdown(data, (gssize)MIN(len, 1024));
	const char *meta = strstr(head, "<meta");
	const char *at = meta != NULL ? strstr(meta, mark) : NULL;

	if (at == NULL)
		return NULL;
	at += strlen(mark);
	at += strspn(at, "\"' ");
	size_t n = strcspn(at, "\"' ;/>\r\n\t");

	return n > 0 && n < 64 ? g_strndup(at, n) : NULL;
}

static char *decode_cid(const char *at, size_t len)
{
	g_autofree char *raw = g_strndup(at, len);
	g_autofree char *text = decode_entities(raw);
	char *plain = g_uri_unescape_string(text, NULL);

	return plain != NULL ? plain : g_steal_pointer(&text);
}

void html_collect_cids(const char *html, guint64 max, GHashTable *cids)
{
	for (const char *p = html; (p = strchr(p, ':')) != NULL; p++) {
		if (p - html < 3 || g_ascii_strncasecmp(p - 3, "cid", 3) != 0)
			continue;
		size_t len = strcspn(p + 1, "\"'<>() \t\r\n");

		if (len > 0 && len < 1000 && g_hash_table_size(cids) < max)
			g_hash_table_add(cids, decode_cid(p + 1, len));
	}
}

/* The length of a formatting command "<...>" at text, 0 if it is none. */
static size_t command_len(const char *text)
{
	for (size_t i = 1; *text == '<' && i < 64 && text[i] != '\0'; i++)
		if (text[i] == '>')
			return i + 1;
	return 0;
}

char *html_from_enriched(const char *text)
{
	GString *out = g_string_new(NULL);

	while (*text != '\0') {
		size_t newlines = strspn(text, "\n");
		size_t command = command_len(text);

		if (g_str_has_prefix(text, "<<")) {
			g_string_append_c(out, '<');
			text += 2;
		} else if (command > 0) {
			if (g_ascii_strncasecmp(text, "<nl>", 4) == 0)
				g_string_append_c(out, '\n'); /* RFC 1341 */
			text += command;
		} else if (newlines > 0) {
			/* one is a blank, n are n - 1 (RFC 1896 3) */
			if (newlines == 1)
				g_string_append_c(out, ' ');
			for (size_t i = 1; i < newlines; i++)
				g_string_append_c(out, '\n');
			text += newlines;
		} else {
			g_string_append_c(out, *text++);
		}
	}
	return g_string_free(out, FALSE);
}
