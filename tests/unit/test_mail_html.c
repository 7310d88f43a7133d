/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text out of HTML. Hermetic; the last tests bound time by size. */
#include "mail_case.h"

#include "base/clock.h"
#include "mail/html.h"

#define TAGS 200000
#define SLOW (30 * CLOCK_SECOND) /* under sanitizers, on a busy machine */

static void test_to_text_reads_what_people_see(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		const char *want;
	} cases[] = {
		{ "plain", "a  b\r\n c", "a b c" },
		{ "entities", "&lt;&amp;&gt; &eacute;&ccedil;&atilde; &euro;",
		  "<&> éçã €" },
		{ "numbers", "&#233;&#xE9;&#128;&#0;&#x110000;",
		  "éé€\357\277\275\357\277\275" },
		{ "no entity", "a & b &x; &#; &#x; &", "a & b &x; &#; &#x; &" },
		{ "no semicolon", "&eacute&nbsp", "é " },
		{ "nbsp", "a&nbsp;&nbsp;b", "a  b" },
		{ "soft hyphen", "a&shy;b&#8203;c", "abc" },
		{ "paragraphs", "<p>a</p><p>b</p>", "a\n\nb" },
		{ "word paragraphs",
		  "<p class=MsoNormal>a</p><p class=\"MsoNormal\">b</p>",
		  "a\nb" },
		{ "divs", "<div>a</div><div>b<div>c</div></div>d",
		  "a\nb\nc\nd" },
		{ "breaks", "a<br>b<BR/><br />c", "a\nb\n\nc" },
		{ "list", "<ul><li>a<li>b<ul><li>c</ul></ul>d",
		  "- a\n- b\n  - c\nd" },
		{ "table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c",
		  "a  b\nc" },
		{ "pre", "<pre>a\n  b</pre>", "a\n  b" },
		{ "style", "<style>p{}</style>a<script>x</script>b", "ab" },
		{ "title", "<head><title>x</title></head><body>a", "a" },
		{ "comment", "a<!-- <b>x</b> -->b", "ab" },
		{ "conditional", "a<!--[if mso]><p>x</p><![endif]-->b", "ab" },
		{ "open comment", "a<!-- b", "a" },
		{ "declaration", "<!DOCTYPE html><?xml x?>a", "a" },
		{ "less than", "1 < 2 and <3", "1 < 2 and <3" },
		{ "quoted bracket", "<a title=\"x>y\">b</a>", "b" },
		{ "odd quotes", "<p style=\"x>a</p><p>b\"", "a\n\nb\"" },
		{ "hidden", "a<div style=\"display:none\">x<div>y</div></div>b",
		  "ab" },
		{ "hides all", "<div style='display: none'>a<p>b", "a\n\nb" },
		{ "rule", "a<hr>b", "a\n________________________________\nb" },
		{ "cite", "a<blockquote type=cite>b<br>c</blockquote>d",
		  "a\n> b\n> c\nd" },
		{ "nested cite",
		  "<blockquote type=cite>a<blockquote type=cite>b</blockquote>"
		  "c</blockquote>d",
		  "> a\n> > b\n> c\nd" },
		{ "indent", "a<blockquote>b</blockquote>c", "a\nb\nc" },
		{ "gmail",
		  "a<div class=\"gmail_quote\"><blockquote class=\"gmail_quote\" "
		  "style=\"margin:0 0 0 .8ex\">b</blockquote></div>",
		  "a\n> b" },
		{ "link",
		  "<a href=\"https://x.example/a?b=1&amp;c=2\">here</a>",
		  "here <https://x.example/a?b=1&c=2>" },
		{ "link to itself",
		  "<a href=\"http://x.example/\">x.example</a>", "x.example" },
		{ "mailto", "<a href=mailto:a@b.example>a@b.example</a>",
		  "a@b.example" },
		{ "script link", "<a href=\"javascript:x()\">a</a>", "a" },
		{ "image", "a<img src=cid:x alt=\"Foto 1\">b", "a[Foto 1]b" },
		{ "image without alt", "a<img src=x>b", "ab" },
		{ "emoji", "a<img alt=\"😀\">", "a😀" },
		{ "empty", "", "" },
		{ "only tags", "<p><br></p>", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool cut = false;
		g_autofree char *got = html_to_text(cases[i].input, TAGS, &cut);

		if (strcmp(got, cases[i].want) != 0 || cut)
			fail_msg("%s: \"%s\"", cases[i].name, got);
	}
}

static void test_to_text_stops_at_the_limit(void **state)
{
	bool cut = false;
	g_autofree char *got = html_to_text("<b>a</b><i>b</i>c", 3, &cut);

	(void)state;
	assert_true(cut);
	assert_string_equal(got, "a");
}

/* Inputs on which tree builders and careless scanners take forever. */
static void test_to_text_is_linear(void **state)
{
	static const char *const units[] = {
		"<div>",
		"<b",
		"<!--",
		"<a \"",
		"<a href='",
		"&",
		"&#",
		"<",
		"</",
		"<style>",
		"<p x=\"",
		"<img alt=\"",
		"<blockquote type=cite>",
		"<pre>\n",
		"<div style=display:none>",
		"<![",
		"<a href=http:x>y",
		"<li>",
		"\302\240",
		"x y=\"",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		GString *html = g_string_new(NULL);
		gint64 start = clock_monotonic();

		while (html->len < 1000000)
			g_string_append(html, units[i]);
		g_autofree char *got = html_to_text(html->str, TAGS, NULL);

		assert_true(g_utf8_validate(got, -1, NULL));
		if (clock_monotonic() - start > SLOW)
			fail_msg("%s takes too long", units[i]);
		g_string_free(html, TRUE);
	}
	/* one tag with very many attributes */
	GString *tag = g_string_new("<div");
	gint64 start = clock_monotonic();

	while (tag->len < 1000000)
		g_string_append(tag, " a=b");
	g_string_append(tag, ">x");
	g_autofree char *got = html_to_text(tag->str, TAGS, NULL);

	assert_string_equal(got, "x");
	assert_true(clock_monotonic() - start < SLOW);
	g_string_free(tag, TRUE);
}

static void test_collect_cids_finds_references(void **state)
{
	g_autoptr(GHashTable) cids =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	(void)state;
	html_collect_cids("<img src=\"cid:a@b\"><img src='CID:c%40d'>"
	                  "<td background=cid:e&amp;f>url(cid:g) cid: acid:h",
	                  10, cids);
	assert_true(g_hash_table_contains(cids, "a@b"));
	assert_true(g_hash_table_contains(cids, "c@d"));
	assert_true(g_hash_table_contains(cids, "e&f"));
	assert_true(g_hash_table_contains(cids, "g"));
	g_hash_table_remove_all(cids);
	html_collect_cids("cid:a cid:b cid:c", 2, cids);
	assert_int_equal(g_hash_table_size(cids), 2);
}

static void test_from_enriched_drops_commands(void **state)
{
	g_autofree char *got = html_from_enriched(
		"<bold>a</bold> b\nc\n\nd<nl>x <<e <no command because it is much "
		"too long to be one, and so on and on>");

	(void)state;
	assert_string_equal(got,
	                    "a b c\nd\nx <e <no command because it is much "
	                    "too long to be one, and so on and on>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_text_reads_what_people_see),
		cmocka_unit_test(test_to_text_stops_at_the_limit),
		cmocka_unit_test(test_to_text_is_linear),
		cmocka_unit_test(test_collect_cids_finds_references),
		cmocka_unit_test(test_from_enriched_drops_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
