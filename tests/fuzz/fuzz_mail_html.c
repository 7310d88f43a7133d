/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_mail_html.c - text from HTML on arbitrary bytes
 *
 * Beyond not crashing: the text is valid UTF-8, and no tree built behind the
 * guard is deeper or larger than the guard promises, whatever comes in. The
 * limit of tags is small, so that short inputs reach it.
 */
#include <glib.h>
#include <gumbo.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/html.h"
#include "mail/html_guard.h"

#define TAGS 400
/* A table brings its body, and a link is opened again in each cell. */
#define DEPTH_MAX      (3 * HTML_DEPTH_MAX)
#define NODES_MAX(len) (1000 + (len)*8)

static void check(bool holds)
{
	if (!holds)
		abort();
}

struct size {
	guint deepest;
	guint64 nodes;
};

static void count(const GumboNode *node, guint depth, struct size *size)
{
	size->deepest = MAX(size->deepest, depth);
	size->nodes++;
	if (node->type != GUMBO_NODE_ELEMENT)
		return;
	for (guint i = 0; i < node->v.element.children.length; i++)
		count(node->v.element.children.data[i], depth + 1, size);
}

static void check_tree(const char *html)
{
	GumboOptions options = kGumboDefaultOptions;
	GString *safe = html_guard(html, TAGS, NULL);
	struct size size = { 0 };

	options.max_errors = 0;
	GumboOutput *output =
		gumbo_parse_with_options(&options, safe->str, safe->len);

	count(output->root, 0, &size);
	check(size.deepest <= DEPTH_MAX);
	check(size.nodes <= NODES_MAX(safe->len));
	gumbo_destroy_output(&options, output);
	g_string_free(safe, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *html =
		g_utf8_make_valid((const char *)data, (gssize)size);
	g_autoptr(GHashTable) cids =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	bool cut = false;
	g_autofree char *text = html_to_text(html, TAGS, &cut);
	g_autofree char *whole = html_to_text(html, G_MAXUINT64, NULL);
	g_autofree char *enriched = html_from_enriched(html);
	g_autofree char *charset = html_dup_charset((const char *)data, size);

	check(g_utf8_validate(text, -1, NULL));
	check(g_utf8_validate(whole, -1, NULL));
	check(g_utf8_validate(enriched, -1, NULL));
	check(charset == NULL || charset[0] != '\0');
	check_tree(html);
	html_collect_cids(html, 10, cids);
	check(g_hash_table_size(cids) <= 10);
	return 0;
}
