/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text out of HTML. Hermetic. Hostile pages: test_mail_html_guard.c. */
#include "mail_case.h"

#include "mail/html.h"

#define TAGS 200000

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
		{ "relative link", "<a href=\"/x\">a</a>", "a" },
		{ "phone link", "<a href=\"tel:+551155550000\">ligue</a>",
		  "ligue <tel:+551155550000>" },
		{ "link over blocks",
		  "<a href=http://x.example/y><div>a</div><div>b</div></a>c",
		  "a\nb <http://x.example/y>\nc" },
		{ "link around a table",
		  "<a href=http://x.example/y><table><tr><td>Pagar</table></a>",
		  "Pagar <http://x.example/y>" },
		{ "link in a link", "<a href=http:x>a<a href=http:y>b</a>c",
		  "a <http:x>b <http:y>c" },
		{ "link with a break", "<a href='http://x.example/\na'>b</a>",
		  "b <http://x.example/ a>" },
		{ "numbered list", "<ol><li>a<li>b</ol><ol start=9><li>c",
		  "1. a\n2. b\n9. c" },
		{ "items with paragraphs",
		  "<ul><li><p>a</p></li><li><div>b</div><div>c</div></li></ul>",
		  "- a\n- b\nc" },
		{ "empty items", "<ul><li></li><li>b</ul>", "-\n- b" },
		{ "definitions", "<dl><dt>a<dd>b<dt>c<dd>d</dl>",
		  "a\nb\nc\nd" },
		{ "headings", "<h1>a</h1><p>b</p><h2>c</h2>d",
		  "a\n\nb\n\nc\n\nd" },
		{ "tight paragraphs",
		  "<p style=\"margin:0cm\">a</p><p style='margin-top: 0; "
		  "margin-bottom:0px'>b</p>",
		  "a\nb" },
		{ "table in columns",
		  "<table><tr><th>Plano<th>Valor<tr><td>B\303\241sico<td>10,00"
		  "<tr><td>Empresarial<td>100,00</table>",
		  "Plano        Valor\nB\303\241sico       10,00\n"
		  "Empresarial  100,00" },
		{ "table with an empty column",
		  "<table><tr><td>a<td>&nbsp;<td>b<tr><td>cc<td><td>d</table>",
		  "a   b\ncc  d" },
		{ "table as layout",
		  "<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>d",
		  "a\n\nb\nc\nd" },
		{ "table in a table",
		  "<table><tr><td>a<table><tr><td>b<td>c</table></td></tr>"
		  "<tr><td>d</table>",
		  "a\nb  c\nd" },
		{ "table with title",
		  "<table><caption>t</caption><thead><tr><th colspan=2>todos"
		  "</thead><tbody><tr><td>a<td>b</tbody></table>",
		  "t\ntodos\na  b" },
		{ "table in a quotation",
		  "<blockquote type=cite><table><tr><td>a<td>b<tr><td>c<td>d"
		  "</table></blockquote>",
		  "> a  b\n> c  d" },
		{ "quotation in a table",
		  "<table><tr><td>a<blockquote type=cite>b</blockquote></table>",
		  "a\n> b" },
		{ "cells without a table", "a<td>b<tr>c", "a b\nc" },
		{ "text loose in a table", "<table>a<tr><td>b</table>c",
		  "a\nb\nc" },
		{ "pre keeps blanks", "<pre>a  b\n\n   c</pre>d",
		  "a  b\n\n   c\nd" },
		{ "misnested", "<b><i>a</b>b</i><div><b>c</div>d</b>",
		  "ab\nc\nd" },
		{ "stray ends", "</div></p></table>a</b></td>b", "ab" },
		{ "office tags", "<o:p>a</o:p><st1:x>b</st1:x>", "ab" },
		{ "vector images", "a<svg><text>x</text></svg>b", "ab" },
		{ "template", "a<template><p>x</p></template>b", "ab" },
		{ "form", "<form>a<select><option>b<option>c</select></form>",
		  "a\nb\nc" },
		{ "revealed comment",
		  "<!--[if !mso]><!-- -->a<!--<![endif]-->b", "ab" },
		{ "cite by style",
		  "a<blockquote style=\"border-left:2px solid #10f\">b"
		  "</blockquote>",
		  "a\n> b" },
		{ "yahoo",
		  "a<div id=\"yahoo_quoted_12\" class=\"yahoo_quoted\">b"
		  "</div>",
		  "a\n> b" },
		{ "gmx", "a<div name=\"quote\" style=\"margin:1px\">b</div>",
		  "a\n> b" },
		{ "owa marks names of others",
		  "a<div class=\"x_yahoo_quoted\">b</div>", "a\n> b" },
		{ "outlook's line",
		  "a<div style=\"border:none;border-top:solid #E1E1E1 1.0pt\">b"
		  "</div>",
		  "a\n________________________________\nb" },
		{ "one rule", "a<hr><div id=\"divRplyFwdMsg\">b</div>",
		  "a\n________________________________\nb" },
		{ "wild number", "a&#xeeeeeeeeeeeeeeee;b&#99999999999;c",
		  "a\357\277\275b\357\277\275c" },
		{ "rare entities", "&hellip;&mdash;&zwnj;&copy;&notin;&Aacute;",
		  "\342\200\246\342\200\224\342\200\214\302\251"
		  "\342\210\211\303\201" },
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

/* Preview lines and other things that are there but not to be seen. */
static void test_to_text_leaves_out_what_is_hidden(void **state)
{
	static const char *const hidden[] = {
		"<div style=\"display:none\">x</div>",
		"<div style='DISPLAY : NONE !important'>x</div>",
		"<span style=\"color:red;display:none;\">x</span>",
		"<b style=display:none>x</b>",
		"<p hidden>x</p>",
		"<div hidden=\"\">x</div>",
		"<div style=\"visibility:hidden\">x</div>",
		"<div style=\"font-size:0\">x</div>",
		"<div style=\"font-size:0px;line-height:0\">x</div>",
		"<div style=\"font-size:1px;color:#fff\">x</div>",
		"<span style=\"font-size:0.0em\"><b>x</b></span>",
		"<div style=\"max-height:0;overflow:hidden\">x</div>",
		"<div style=\"max-height:0px\"><p>x</p></div>",
		"<div style=\"height:0;overflow:hidden\">x</div>",
		"<div style=\"opacity:0\">x</div>",
		"<div style=\"opacity:0.0;\">x</div>",
		"<div style=\"mso-hide:all\">x</div>",
		"<table style=\"display:none\"><tr><td>x</table>",
		"<table><tr style=display:none><td>x</table>",
		"<span class=\"preheader\">x</span>",
		"<div style=\"display:none;font-size:1px;line-height:1px;"
		"max-height:0px;max-width:0px;opacity:0;overflow:hidden\">x"
		"&#847;&zwnj;&nbsp;&#8199;&#65279;</div>",
		"<div style=display:none>x<div>y</div><table><td>z</table></div>",
		"<img style=\"display:none\" alt=\"x\">",
	};
	static const char *const seen[] = {
		"<div style=\"display:block\">x</div>",
		"<div style=\"display:none;display:block\">x</div>",
		"<td style=\"x-display:none\">x</td>",
		"<div style=\"font-size:0\"><span style=\"font-size:14px\">x"
		"</span></div>",
		"<div style=\"font-size:0\"><table><tr><td "
		"style='font-size:12px'>x</td></tr></table></div>",
		"<div style=\"visibility:hidden\"><b style=\"visibility:visible\""
		">x</b></div>",
		"<div style=\"font-size:0.9em\">x</div>",
		"<div style=\"font-size:1em\">x</div>",
		"<div style=\"font-size:10px\">x</div>",
		"<div style=\"opacity:0.8\">x</div>",
		"<div style=\"opacity:.5\">x</div>",
		"<div style=\"max-height:100px;overflow:hidden\">x</div>",
		"<div style=\"height:0\">x</div>",
		"<a href=\"/\" style=\"mso-hide:all\">x</a>",
		"<div title=hidden>x</div>",
		"<div style=\"margin:0;padding:0\">x</div>",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(hidden); i++) {
		g_autofree char *page =
			g_strconcat("<p>a</p>", hidden[i], "<p>b</p>", NULL);
		g_autofree char *got = html_to_text(page, TAGS, NULL);

		if (strcmp(got, "a\n\nb") != 0)
			fail_msg("%s: \"%s\"", hidden[i], got);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
		g_autofree char *got = html_to_text(seen[i], TAGS, NULL);

		if (strcmp(got, "x") != 0)
			fail_msg("%s: \"%s\"", seen[i], got);
	}
}

/* A newsletter as programs make them, and a price list. */
static void test_to_text_reads_a_newsletter(void **state)
{
	static const char page[] =
		"<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0//EN\">\r\n"
		"<html><head><title>Fatura</title><style type=\"text/css\">\r\n"
		"td > p { color: red }</style></head>\r\n"
		"<body><!-- top --><div style=\"display:none\">Sua fatura</div>"
		"<table width=\"100%\"><tr><td align=center style=\"font-size:0\">"
		"<table width=600><tr><td style=\"font-size:14px\">"
		"<img src=\"cid:logo\" alt=\"Hospedagem\" width=1>"
		"<h1 style=\"margin:0\">Fatura de junho</h1>"
		"<p>Ol&aacute;, Ana!</p>"
		"<table border=1><tr><th>Servi&ccedil;o</th><th>Valor</th></tr>"
		"<tr><td>Plano B</td><td align=right>R$&nbsp;19,90</td></tr>"
		"<tr><td>Dom&iacute;nio</td><td>R$&nbsp;40,00</td></tr></table>"
		"<p><a href=\"https://pay.example/?id=1&amp;x=2\">Pagar</a> at&eacute;"
		" 10/06.</p>"
		"<img src=\"https://x.example/o.gif\" width=\"1\" height=\"1\">"
		"</td></tr></table></td></tr></table></body></html>";
	g_autofree char *got = html_to_text(page, TAGS, NULL);

	(void)state;
	assert_string_equal(got, "[Hospedagem]\n\nFatura de junho\n\n"
	                         "Olá, Ana!\n\n"
	                         "Serviço  Valor\n"
	                         "Plano B  R$ 19,90\n"
	                         "Domínio  R$ 40,00\n\n"
	                         "Pagar <https://pay.example/?id=1&x=2> até "
	                         "10/06.");
}

static void test_to_text_stops_at_the_limit(void **state)
{
	bool cut = false;
	g_autofree char *got = html_to_text("<b>a</b><i>b</i>c", 3, &cut);

	(void)state;
	assert_true(cut);
	assert_string_equal(got, "ab");
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
		cmocka_unit_test(test_to_text_leaves_out_what_is_hidden),
		cmocka_unit_test(test_to_text_reads_a_newsletter),
		cmocka_unit_test(test_to_text_stops_at_the_limit),
		cmocka_unit_test(test_collect_cids_finds_references),
		cmocka_unit_test(test_from_enriched_drops_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
