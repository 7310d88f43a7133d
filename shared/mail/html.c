/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * html.c - reading text out of HTML
 *
 * html_guard() makes the page safe, libgumbo makes the tree, and a walk over
 * it writes lines. Break and blank are owed until the next word comes, so
 * that nothing hangs over at the ends.
 */
#include "mail/html.h"

#include <gumbo.h>
#include <string.h>

#include "mail/html_guard.h"
#include "mail/html_table.h"
#include "mail/text.h"

#define QUOTE_DEPTH_MAX 20
#define LIST_DEPTH_MAX  20
#define HREF_MAX_BYTES  2000
#define MARK_NAME       "x" /* the attribute of html_guard.h */

struct list {
	bool is_numbered;
	int next;
};

/* Where lines are written to: the text, or one cell of a table. */
struct page {
	GString *out;
	unsigned newlines; /* owed before the next word */
	bool space;        /* owed before the next word */
	bool line_empty;   /* nothing on this line yet */
	gsize marker_end;  /* of a list item that has no text yet, or 0 */
	gsize rule_end;    /* of the rule written last, or 0 */
	unsigned quote;
	unsigned pre;
};

struct reader {
	bool shows_all; /* hiding is not believed */
	bool hid;       /* something was left out */

	struct page *page;
	GPtrArray *pages;  /* struct page, open ones */
	GPtrArray *tables; /* struct html_table, open ones */

	struct list lists[LIST_DEPTH_MAX];
	unsigned list; /* depth; may be more than there are rows */

	const char *href; /* of the open link, or NULL; the tree's */
	const struct page *link_page;
	gsize link_start;

	guint unseen; /* bit mask of why text is not seen here; inherited */
	GArray *seen; /* guint: what it was outside */
};

/* ---- writing ---- */

static void start_line(struct page *page)
{
	for (unsigned i = 0; i < MIN(page->quote, QUOTE_DEPTH_MAX); i++)
		g_string_append(page->out, "> ");
	page->line_empty = false;
}

static void write_newlines(struct page *page)
{
	if (page->out->len == 0)
		page->newlines = 0;
	for (unsigned i = 0; i < page->newlines; i++) {
		/* An empty line inside a quotation belongs to it. */
		if (i > 0)
			for (unsigned q = 0;
			     q < MIN(page->quote, QUOTE_DEPTH_MAX); q++)
				g_string_append_c(page->out, '>');
		g_string_append_c(page->out, '\n');
		page->line_empty = true;
	}
	page->newlines = 0;
}

static void start_word(struct page *page)
{
	write_newlines(page);
	if (page->line_empty)
		start_line(page);
	else if (page->space)
		g_string_append_c(page->out, ' ');
	page->space = false;
}

static void write_text(struct page *page, const char *text)
{
	start_word(page);
	g_string_append(page->out, text);
}

/* The first line of an item stands beside its mark. */
static bool is_behind_marker(const struct page *page)
{
	return page->marker_end > 0 && page->marker_end == page->out->len;
}

static void owe_newlines(struct page *page, unsigned n)
{
	if (is_behind_marker(page))
		return;
	page->newlines = MAX(page->newlines, n);
	page->space = false;
}

static void write_break(struct page *page)
{
	if (is_behind_marker(page))
		return;
	page->newlines = MIN(page->newlines + 1, 3);
	page->space = false;
}

/* Soft hyphen, zero width, and what pads preview lines. */
static bool is_invisible(gunichar ch)
{
	return ch == 0xad || ch == 0x34f || ch == 0x200b || ch == 0x2060 ||
	       ch == 0xfeff || (ch < 0x20 && ch != '\t');
}

static bool is_blank(gunichar ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n' ||
	       ch == '\f';
}

/* One character of running text, with white space collapsed. */
static void take_char(struct page *page, gunichar ch)
{
	bool keeps = page->pre > 0 && (ch == ' ' || ch == '\t');

	if (page->pre > 0 && ch == '\n') {
		write_break(page);
	} else if (is_blank(ch) && !keeps) {
		page->space = !page->line_empty;
	} else if (!is_invisible(ch)) {
		start_word(page);
		g_string_append_unichar(page->out, ch == 0xa0 ? ' ' : ch);
	}
}

/* Bytes that need no second look: neither blank, control nor beyond ASCII. */
static size_t plain_len(const char *text)
{
	size_t len = 0;

	while ((guchar)text[len] > 0x20 && (guchar)text[len] < 0x7f)
		len++;
	return len;
}

static void take_text(struct reader *reader, const char *text)
{
	g_autofree char *valid = NULL;

	if (reader->unseen != 0 && !reader->shows_all) {
		reader->hid = true;
		return;
	}
	/* A number of an entity may have been no character. */
	if (!g_utf8_validate(text, -1, NULL))
		text = valid = g_utf8_make_valid(text, -1);
	while (*text != '\0') {
		size_t len = plain_len(text);

		if (len > 0) {
			start_word(reader->page);
			g_string_append_len(reader->page->out, text,
			                    (gssize)len);
			text += len;
		} else {
			take_char(reader->page, g_utf8_get_char(text));
			text = text_next(text);
		}
	}
}

/* ---- what an element says ---- */

static const char *get_attribute(const GumboNode *node, const char *name)
{
	const GumboAttribute *found =
		gumbo_get_attribute(&node->v.element.attributes, name);

	return found != NULL ? found->value : NULL;
}

static bool has_mark(const GumboNode *node, char mark)
{
	const char *marks = get_attribute(node, MARK_NAME);

	return marks != NULL && strchr(marks, mark) != NULL;
}

/* Size and visibility hold for what is inside until it says otherwise. */
static bool changes_sight(const GumboNode *node)
{
	const char *marks = get_attribute(node, MARK_NAME);
	static const char all[] = { HTML_MARK_TINY, HTML_MARK_SIZED,
		                    HTML_MARK_HIDDEN, HTML_MARK_VISIBLE, '\0' };

	return marks != NULL && strpbrk(marks, all) != NULL;
}

enum { UNSEEN_TINY = 1, UNSEEN_HIDDEN = 2 };

static void enter_sight(struct reader *reader, const GumboNode *node)
{
	if (!changes_sight(node))
		return;
	g_array_append_val(reader->seen, reader->unseen);
	if (has_mark(node, HTML_MARK_TINY))
		reader->unseen |= UNSEEN_TINY;
	if (has_mark(node, HTML_MARK_SIZED))
		reader->unseen &= ~(guint)UNSEEN_TINY;
	if (has_mark(node, HTML_MARK_HIDDEN))
		reader->unseen |= UNSEEN_HIDDEN;
	if (has_mark(node, HTML_MARK_VISIBLE))
		reader->unseen &= ~(guint)UNSEEN_HIDDEN;
}

static void leave_sight(struct reader *reader, const GumboNode *node)
{
	if (!changes_sight(node))
		return;
	reader->unseen =
		g_array_index(reader->seen, guint, reader->seen->len - 1);
	g_array_set_size(reader->seen, reader->seen->len - 1);
}

/* ---- links and images ---- */

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

static bool is_shown_target(const char *href)
{
	static const char *const schemes[] = { "http:", "https:", "mailto:",
		                               "ftp:", "tel:" };

	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_ascii_strncasecmp(href, schemes[i], strlen(schemes[i])) ==
		    0)
			return true;
	return false;
}

static void enter_link(struct reader *reader, const GumboNode *node)
{
	const char *href = get_attribute(node, "href");

	reader->href = NULL;
	if (href == NULL)
		return;
	while (g_ascii_isspace(*href))
		href++;
	if (strlen(href) > HREF_MAX_BYTES || !is_shown_target(href))
		return;
	reader->href = href;
	reader->link_page = reader->page;
	reader->link_start = reader->page->out->len;
}

/* The text of the link that ends here, without blanks; NULL if it began in
 * another cell. Owned. */
static char *dup_link_text(const struct reader *reader)
{
	const GString *out = reader->page->out;

	if (reader->link_page != reader->page)
		return NULL;
	return g_strstrip(
		g_strdup(out->str + MIN(reader->link_start, out->len)));
}

static void leave_link(struct reader *reader, const GumboNode *node)
{
	struct page *page = reader->page;

	(void)node;
	if (reader->href == NULL)
		return;
	g_autofree char *href = text_dup_line(reader->href);
	g_autofree char *shown = dup_link_text(reader);

	reader->href = NULL;
	if (shown == NULL || shown[0] == '\0' || same_target(shown, href))
		return;
	bool space = page->space;
	unsigned newlines = page->newlines;

	/* the target stands with its text, whatever is owed */
	page->newlines = 0;
	page->space = true;
	write_text(page, "<");
	g_string_append(page->out, href);
	g_string_append_c(page->out, '>');
	page->space = space;
	page->newlines = newlines;
}

static void enter_image(struct reader *reader, const GumboNode *node)
{
	const char *alt = get_attribute(node, "alt");
	g_autofree char *line = text_dup_line(alt != NULL ? alt : "");

	if (line[0] == '\0' || strlen(line) > HREF_MAX_BYTES)
		return;
	bool is_symbol = g_utf8_strlen(line, -1) <= 2; /* an emoji */
	g_autofree char *shown =
		is_symbol ? g_strdup(line) : g_strdup_printf("[%s]", line);

	take_text(reader, shown);
}

/* ---- blocks ---- */

/* One rule is enough where a box with a line above follows a rule. */
static void write_rule(struct page *page)
{
	owe_newlines(page, 1);
	if (page->rule_end == page->out->len && page->rule_end > 0)
		return;
	write_text(page, "________________________________");
	page->rule_end = page->out->len;
	owe_newlines(page, 1);
}

static void enter_rule(struct reader *reader, const GumboNode *node)
{
	(void)node;
	if (reader->unseen == 0 || reader->shows_all)
		write_rule(reader->page);
}

static void enter_break(struct reader *reader, const GumboNode *node)
{
	(void)node;
	write_break(reader->page);
}

/* How many line ends stand around a block; few within lists. */
static unsigned margin_of(const struct reader *reader, const GumboNode *node)
{
	if (reader->list > 0)
		return 1;
	if (node->v.element.tag == GUMBO_TAG_P)
		return has_mark(node, HTML_MARK_TIGHT) ? 1 : 2;
	return has_mark(node, HTML_MARK_PARAGRAPH) ? 2 : 1;
}

/* Inside a quotation an unmarked <blockquote> is one, too. */
static bool is_quote(const struct reader *reader, const GumboNode *node)
{
	return has_mark(node, HTML_MARK_QUOTE) ||
	       (reader->page->quote > 0 &&
	        node->v.element.tag == GUMBO_TAG_BLOCKQUOTE);
}

static void enter_block(struct reader *reader, const GumboNode *node)
{
	struct page *page = reader->page;

	owe_newlines(page, margin_of(reader, node));
	if (has_mark(node, HTML_MARK_RULE))
		write_rule(page);
	if (is_quote(reader, node)) {
		write_newlines(page);
		page->quote++;
	}
}

static void leave_block(struct reader *reader, const GumboNode *node)
{
	struct page *page = reader->page;

	if (is_quote(reader, node)) {
		/* Blank lines owed are written inside or not at all. */
		page->newlines = 0;
		page->quote--;
	}
	owe_newlines(page, margin_of(reader, node));
}

static void enter_pre(struct reader *reader, const GumboNode *node)
{
	enter_block(reader, node);
	reader->page->pre++;
}

static void leave_pre(struct reader *reader, const GumboNode *node)
{
	reader->page->pre -= reader->page->pre > 0;
	leave_block(reader, node);
}

/* ---- lists ---- */

/* The number a list starts with; 1 if it says nothing sensible. */
static int read_start(const char *text)
{
	char *end = NULL;
	gint64 number = text != NULL ? g_ascii_strtoll(text, &end, 10) : 1;

	return end != text && number >= 0 && number < 100000 ? (int)number : 1;
}

static void enter_list(struct reader *reader, const GumboNode *node)
{
	const char *start = get_attribute(node, "start");
	struct list list = {
		.is_numbered = node->v.element.tag == GUMBO_TAG_OL,
		.next = read_start(start),
	};

	owe_newlines(reader->page, 1);
	if (reader->list < LIST_DEPTH_MAX)
		reader->lists[reader->list] = list;
	reader->list++;
}

static void leave_list(struct reader *reader, const GumboNode *node)
{
	(void)node;
	reader->list--;
	owe_newlines(reader->page, 1);
}

static void enter_item(struct reader *reader, const GumboNode *node)
{
	struct page *page = reader->page;
	guint depth = MIN(reader->list, LIST_DEPTH_MAX);
	struct list *list = depth > 0 ? &reader->lists[depth - 1] : NULL;

	(void)node;
	page->marker_end = 0;
	owe_newlines(page, 1);
	start_word(page);
	for (guint i = 1; i < depth; i++)
		g_string_append(page->out, "  ");
	if (list != NULL && list->is_numbered)
		g_string_append_printf(page->out, "%d.", list->next++);
	else
		g_string_append_c(page->out, '-');
	page->space = true;
	page->marker_end = page->out->len;
}

static void leave_item(struct reader *reader, const GumboNode *node)
{
	(void)node;
	reader->page->marker_end = 0;
	owe_newlines(reader->page, 1);
}

/* ---- tables ---- */

static struct page *page_new(void)
{
	struct page *page = g_new0(struct page, 1);

	page->out = g_string_new(NULL);
	page->line_empty = true;
	return page;
}

static void page_free(gpointer data)
{
	struct page *page = data;

	g_string_free(page->out, TRUE);
	g_free(page);
}

static void open_page(struct reader *reader)
{
	reader->page = page_new();
	g_ptr_array_add(reader->pages, reader->page);
}

/* What was written on the innermost page, which closes. Owned. */
static char *close_page(struct reader *reader)
{
	char *text = g_strchomp(g_strdup(reader->page->out->str));

	g_ptr_array_set_size(reader->pages, (int)reader->pages->len - 1);
	reader->page = reader->pages->pdata[reader->pages->len - 1];
	return text;
}

static void table_free(gpointer data)
{
	html_table_free(data);
}

static struct html_table *innermost(const struct reader *reader)
{
	return reader->tables->len > 0
	               ? reader->tables->pdata[reader->tables->len - 1]
	               : NULL;
}

static void enter_table(struct reader *reader, const GumboNode *node)
{
	(void)node;
	owe_newlines(reader->page, 1);
	g_ptr_array_add(reader->tables, html_table_new());
}

static void enter_row(struct reader *reader, const GumboNode *node)
{
	(void)node;
	if (innermost(reader) != NULL)
		html_table_start_row(innermost(reader));
}

static void enter_cell(struct reader *reader, const GumboNode *node)
{
	(void)node;
	open_page(reader);
}

static void leave_cell(struct reader *reader, const GumboNode *node)
{
	char *text = close_page(reader);

	(void)node;
	if (innermost(reader) != NULL)
		html_table_take_cell(innermost(reader), text);
	else
		g_free(text);
}

static void write_lines(struct page *page, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (len > 0) {
			start_word(page);
			g_string_append_len(page->out, text, (gssize)len);
		}
		page->space = false;
		page->newlines += page->out->len > 0 || len > 0;
		text += len + (text[len] == '\n');
	}
}

static void leave_table(struct reader *reader, const GumboNode *node)
{
	g_autofree char *text = html_table_format(innermost(reader));

	(void)node;
	g_ptr_array_set_size(reader->tables, (int)reader->tables->len - 1);
	write_lines(reader->page, text);
	if (text[0] != '\0')
		reader->page->newlines = 0;
	owe_newlines(reader->page, 1);
}

/* ---- the walk ---- */

static const struct {
	GumboTag tag;
	void (*enter)(struct reader *reader, const GumboNode *node);
	void (*leave)(struct reader *reader, const GumboNode *node);
} effects[] = {
	{ GUMBO_TAG_DIV, enter_block, leave_block },
	{ GUMBO_TAG_P, enter_block, leave_block },
	{ GUMBO_TAG_BLOCKQUOTE, enter_block, leave_block },
	{ GUMBO_TAG_PRE, enter_pre, leave_pre },
	{ GUMBO_TAG_BR, enter_break, NULL },
	{ GUMBO_TAG_HR, enter_rule, NULL },
	{ GUMBO_TAG_IMG, enter_image, NULL },
	{ GUMBO_TAG_A, enter_link, leave_link },
	{ GUMBO_TAG_UL, enter_list, leave_list },
	{ GUMBO_TAG_OL, enter_list, leave_list },
	{ GUMBO_TAG_LI, enter_item, leave_item },
	{ GUMBO_TAG_TABLE, enter_table, leave_table },
	{ GUMBO_TAG_TR, enter_row, NULL },
	{ GUMBO_TAG_TD, enter_cell, leave_cell },
};

static bool is_gone(struct reader *reader, const GumboNode *node)
{
	if (reader->shows_all || !has_mark(node, HTML_MARK_GONE))
		return false;
	reader->hid = true;
	return true;
}

/* False if what is inside does not count. */
static bool enter(struct reader *reader, const GumboNode *node)
{
	if (node->type == GUMBO_NODE_TEXT ||
	    node->type == GUMBO_NODE_WHITESPACE ||
	    node->type == GUMBO_NODE_CDATA)
		take_text(reader, node->v.text.text);
	if (node->type != GUMBO_NODE_ELEMENT || is_gone(reader, node))
		return false;
	enter_sight(reader, node);
	for (size_t i = 0; i < G_N_ELEMENTS(effects); i++)
		if (effects[i].tag == node->v.element.tag)
			effects[i].enter(reader, node);
	return true;
}

static void leave(struct reader *reader, const GumboNode *node)
{
	for (size_t i = 0; i < G_N_ELEMENTS(effects); i++)
		if (effects[i].tag == node->v.element.tag &&
		    effects[i].leave != NULL)
			effects[i].leave(reader, node);
	leave_sight(reader, node);
}

static const GumboNode *child_of(const GumboNode *node, size_t i)
{
	const GumboVector *children = &node->v.element.children;

	return i < children->length ? children->data[i] : NULL;
}

/* Every node once, without recursion. */
static void walk(struct reader *reader, const GumboNode *root)
{
	const GumboNode *node = root;

	while (node != NULL) {
		const GumboNode *next =
			enter(reader, node) ? child_of(node, 0) : NULL;
		bool is_entered = node->type == GUMBO_NODE_ELEMENT &&
		                  !is_gone(reader, node);

		if (next != NULL) {
			node = next;
			continue;
		}
		if (is_entered)
			leave(reader, node);
		while (node != root &&
		       (next = child_of(node->parent,
		                        node->index_within_parent + 1)) ==
		               NULL) {
			node = node->parent;
			leave(reader, node);
		}
		node = node != root ? next : NULL;
	}
}

static char *read_tree(const GumboNode *root, bool shows_all, bool *ret_hid)
{
	struct reader reader = {
		.shows_all = shows_all,
		.pages = g_ptr_array_new_with_free_func(page_free),
		.tables = g_ptr_array_new_with_free_func(table_free),
		.seen = g_array_new(FALSE, FALSE, sizeof(guint)),
	};

	open_page(&reader);
	walk(&reader, root);
	char *text = g_strdup(reader.page->out->str);

	*ret_hid = reader.hid;
	g_array_unref(reader.seen);
	g_ptr_array_unref(reader.tables);
	g_ptr_array_unref(reader.pages);
	return text;
}

/* What is hidden as a whole was hidden by mistake: show it. */
static char *tree_to_text(const GumboNode *root)
{
	bool hid = false;
	char *text = read_tree(root, false, &hid);

	if (!hid || text[0] != '\0')
		return text;
	g_free(text);
	return read_tree(root, true, &hid);
}

char *html_to_text(const char *html, guint64 max_tags, bool *ret_cut)
{
	GumboOptions options = kGumboDefaultOptions;
	GString *safe = html_guard(html, max_tags, ret_cut);

	options.max_errors = 0;
	GumboOutput *output =
		gumbo_parse_with_options(&options, safe->str, safe->len);
	char *text = tree_to_text(output->root);

	gumbo_destroy_output(&options, output);
	g_string_free(safe, TRUE);
	return text;
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
	g_autoptr(GString) text = g_string_new_len(at, (gssize)len);

	g_string_replace(text, "&amp;", "&", 0);
	char *plain = g_uri_unescape_string(text->str, NULL);

	return plain != NULL ? plain : g_strdup(text->str);
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
