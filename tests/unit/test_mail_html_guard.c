/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tree builder is given, whatever comes in. Hermetic. No clock: on
 * each form that makes tree builders quadratic, what is let through is
 * counted: elements open at a time, bytes, tags.
 */
#include "mail_case.h"

#include "mail/html.h"
#include "mail/html_guard.h"

#define TAGS     200000
#define REPEATED 100000
#define READ     20000 /* times, for the whole way */

static void test_guard_lets_through_what_text_depends_on(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		const char
			*want; /* behind the beginning that is always there */
	} cases[] = {
		{ "text", "a &amp; b", "a &amp; b" },
		{ "less than", "a < b <3", "a &lt; b &lt;3" },
		{ "formatting goes", "<b>a</b><FONT size=1>b</FONT>", "ab" },
		{ "attributes go", "<div align=left id=x onclick='x()'>a</div>",
		  "<div>a</div>" },
		{ "ours cannot be forged", "<div x=q>a</div>", "<div>a</div>" },
		{ "link", "<a HREF='x\"y' title=z>a</a>",
		  "<a href=\"x&quot;y\">a</a>" },
		{ "names are mapped", "<center>a</center><h1>b</h1><th>c",
		  "<div>a</div><div x=p>b</div> c" },
		{ "hidden", "<span style='display:none'>a</span>",
		  "<span x=g>a</span>" },
		{ "marks", "<p class=MsoNormal style='font-size:0'>a",
		  "<p x=tm>a" },
		{ "scripts go", "a<script>b<p></script><style>c</style>d",
		  "ad" },
		{ "comments go", "a<!-- <p> -->b<!doctype x><?php y?>c",
		  "abc" },
		{ "stray ends go", "</p></div>a</table></b>", "a" },
		{ "implied ends are said", "<ul><li>a<li>b</ul><p>c<p>d<div>e",
		  "<ul><li>a</li><li>b</li></ul><p>c</p><p>d</p><div>e" },
		{ "ends of what is within",
		  "<div><p><span style=opacity:0>a</div>",
		  "<div><p><span x=g>a</span></p></div>" },
		{ "cells", "<table><td>a<td>b<tr><td>c</table>",
		  "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr>"
		  "</table>" },
		{ "a cell is a wall", "<div><table><td></div>a</table></div>",
		  "<div><table><tr><td>a</td></tr></table></div>" },
		{ "blanks", "<div>\n\t  a  b\n</div>\n\n<pre>\n\n x</pre>",
		  "<div> a  b\n</div> <pre>\n\n x</pre>" },
	};
	static const char start[] = "<!DOCTYPE html><body>";

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool cut = false;
		GString *got = html_guard(cases[i].input, TAGS, &cut);

		assert_true(g_str_has_prefix(got->str, start));
		if (strcmp(got->str + strlen(start), cases[i].want) != 0 || cut)
			fail_msg("%s: \"%s\"", cases[i].name, got->str);
		g_string_free(got, TRUE);
	}
}

struct size {
	guint deepest;
	guint tags;
	guint attributes; /* of one tag, at most */
};

static bool is_void(const char *name)
{
	return g_str_has_prefix(name, "br") || g_str_has_prefix(name, "hr") ||
	       g_str_has_prefix(name, "img");
}

/* The output is ours: "<name x=.. href="..">", and no other "<". */
static struct size measure(const char *html)
{
	struct size size = { 0 };
	guint open = 0;

	html += strlen("<!DOCTYPE html><body>");
	for (const char *p = html; (p = strchr(p, '<')) != NULL; p++) {
		bool is_end = p[1] == '/';
		guint attributes = 0;

		size.tags++;
		if (is_end) {
			assert_true(open > 0);
			open--;
			continue;
		}
		if (!is_void(p + 1))
			open++;
		size.deepest = MAX(size.deepest, open);
		for (const char *q = p; *q != '>'; q++) {
			attributes += *q == '=';
			if (*q == '"')
				q = strchr(q + 1, '"');
		}
		size.attributes = MAX(size.attributes, attributes);
	}
	return size;
}

struct hostile {
	const char *unit; /* over and over */
	const char *end;  /* over and over again behind it, or NULL */
	bool is_cut;      /* something is left out of the tree */
};

static const struct hostile forms[] = {
	{ "<div>", NULL, true },
	{ "<div>", "</div>", true },
	{ "<div></span>", NULL, true },
	{ "<div><center></div>", NULL, false },
	{ "<div><style></div></style>", NULL, true },
	{ "<div><!-- </div> -->", NULL, true },
	{ "<div title='</div>'>", NULL, true },
	{ "<div><table><td></div>", NULL, true },
	{ "<b>", NULL, false },
	{ "<b><i></b>x</i>", NULL, false },
	{ "<b style=display:none>x", NULL, true },
	{ "<i style=opacity:0><p></i>x", NULL, false },
	{ "<p><font size=1>x", NULL, false },
	{ "<a href=http:x>y", NULL, true },
	{ "<a href=http:x><div></a>y", NULL, true },
	{ "<a href=http:x><p>y", NULL, false },
	{ "<table>", NULL, false },
	{ "<table><td>", NULL, true },
	{ "<table><tr><td>", "</td></tr></table>", true },
	{ "<table><div>x", NULL, false },
	{ "<table>x<tr>", NULL, false },
	{ "<tr><td>x", NULL, false },
	{ "<select>", NULL, false },
	{ "<select><option>", NULL, true },
	{ "<svg>", NULL, false },
	{ "<svg><style><g>", NULL, false },
	{ "<math><mtext><b>", NULL, false },
	{ "<template>", NULL, false },
	{ "<template><div>", NULL, true },
	{ "<form><input>", NULL, true },
	{ "<ul><li>", NULL, true },
	{ "<li>", NULL, false },
	{ "<dd><div>", NULL, true },
	{ "<p>", NULL, false },
	{ "<h1>", NULL, true },
	{ "<blockquote type=cite>", NULL, true },
	{ "<pre>\n", NULL, true },
	{ "<body x=1><html y=2>", NULL, false },
	{ "<frameset><frame>", NULL, false },
	{ "<o:p><v:x>", NULL, false },
	{ "<img alt='x'>", NULL, false },
	{ "<br><hr>", NULL, false },
	{ "<!--", NULL, false },
	{ "<![", NULL, false },
	{ "<", NULL, false },
	{ "</", NULL, false },
	{ "<b", NULL, false },
	{ "<a \"", NULL, false },
	{ "<a href='", NULL, false },
	{ "<p x=\"", NULL, false },
	{ "x y=\"<", NULL, false },
	{ "<style>", NULL, false },
	{ "<xml>", NULL, false },
	{ "<iframe>", NULL, false },
	{ "<title>x", NULL, false },
	{ "&", NULL, false },
	{ "&#", NULL, false },
	{ "&#x", NULL, false },
	{ "&#xf", NULL, false },
	{ "\302\240", NULL, false },
	{ " \n", NULL, false },
};

static char *repeat(const struct hostile *form, guint n)
{
	GString *html = g_string_new("y");

	for (guint i = 0; i < n; i++)
		g_string_append(html, form->unit);
	for (guint i = 0; i < n && form->end != NULL; i++)
		g_string_append(html, form->end);
	return g_string_free(html, FALSE);
}

static void test_guard_bounds_what_the_tree_sees(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *html = repeat(&forms[i], REPEATED);
		bool cut = false;
		GString *got = html_guard(html, G_MAXUINT64, &cut);
		struct size size = measure(got->str);

		if (size.deepest > HTML_DEPTH_MAX || size.attributes > 2)
			fail_msg("%s: %u deep", forms[i].unit, size.deepest);
		/* A tag brings its end, or a row. */
		if (size.tags > 6 * REPEATED)
			fail_msg("%s: %u tags", forms[i].unit, size.tags);
		if (got->len > 8 * strlen(html) + 1000)
			fail_msg("%s: %zu bytes", forms[i].unit, got->len);
		if (cut != forms[i].is_cut)
			fail_msg("%s: cut %d", forms[i].unit, cut);
		g_string_free(got, TRUE);
	}
}

/* The whole way, text included; a quadratic one would not end in time. */
static void test_to_text_reads_hostile_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *html = repeat(&forms[i], READ);
		bool cut = false;
		g_autofree char *text = html_to_text(html, TAGS, &cut);

		assert_true(g_utf8_validate(text, -1, NULL));
		assert_true(text[0] == 'y');
		assert_true(cut || !forms[i].is_cut);
	}
}

static void test_guard_reads_few_attributes(void **state)
{
	GString *html = g_string_new("<div");
	bool cut = false;

	(void)state;
	for (guint i = 0; i < 40000; i++)
		g_string_append_printf(html, " a%u=b", i);
	g_string_append(html, " style=display:none>x</div>");
	GString *got = html_guard(html->str, TAGS, &cut);

	assert_true(cut);
	assert_non_null(strstr(got->str, "<div>x</div>"));
	g_string_free(got, TRUE);
	g_string_free(html, TRUE);
}

static void test_guard_stops_at_the_limit_of_tags(void **state)
{
	static const struct {
		const char *html;
		guint64 tags;
		bool is_cut;
	} cases[] = {
		{ "<p>a</p><p>b</p>", 4, false },
		{ "<p>a</p><p>b</p>", 3, true },
		{ "<p>a</p><p>b", 3, false },
		{ "a", 1, false },
		{ "<o:p>a</o:p>b", 1, true },
		{ "a<1 b", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool cut = false;
		GString *got = html_guard(cases[i].html, cases[i].tags, &cut);

		if (cut != cases[i].is_cut)
			fail_msg("%zu: %s", i, got->str);
		g_string_free(got, TRUE);
	}
}

static void test_guard_leaves_out_endless_targets(void **state)
{
	g_autofree char *target = g_strnfill(HTML_VALUE_MAX + 1, 'x');
	g_autofree char *html =
		g_strconcat("<a href=\"http:", target, "\">a</a>", NULL);
	bool cut = false;
	g_autofree char *text = html_to_text(html, TAGS, &cut);

	(void)state;
	assert_true(cut);
	assert_string_equal(text, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard_lets_through_what_text_depends_on),
		cmocka_unit_test(test_guard_bounds_what_the_tree_sees),
		cmocka_unit_test(test_to_text_reads_hostile_pages),
		cmocka_unit_test(test_guard_reads_few_attributes),
		cmocka_unit_test(test_guard_stops_at_the_limit_of_tags),
		cmocka_unit_test(test_guard_leaves_out_endless_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
