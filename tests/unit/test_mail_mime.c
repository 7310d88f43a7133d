/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MIME tree: where parts stand, of sound and of broken mail. Hermetic. */
#include "mail_case.h"

#include "mail/mime.h"

/* "text/plain[body]" of a leaf, "multipart/mixed(child child)" of a multipart,
 * "message/rfc822{inner}" of a message; "~" behind what was mended. */
static void print_node(GString *out, const struct mime_node *node)
{
	g_string_append(out, node->type);
	if (node->kind == MIME_LEAF)
		g_string_append_printf(out, "[%.*s]", (int)node->body_len,
		                       node->body);
	else
		g_string_append_c(out, node->kind == MIME_MULTIPART ? '('
		                                                    : '{');
	for (guint i = 0; node->children != NULL && i < node->children->len;
	     i++) {
		if (i > 0)
			g_string_append_c(out, ' ');
		print_node(out, g_ptr_array_index(node->children, i));
	}
	if (node->kind != MIME_LEAF)
		g_string_append_c(out, node->kind == MIME_MULTIPART ? ')'
		                                                    : '}');
	if (node->is_mended)
		g_string_append_c(out, '~');
}

static char *tree_of(const char *text)
{
	g_autoptr(GBytes) raw = g_bytes_new_static(text, strlen(text));
	g_autoptr(GError) error = NULL;
	struct limits limits;

	limits_init(&limits);
	AUTO(mime_node) root = mime_parse(raw, &limits, &error);

	if (root == NULL)
		return g_strdup(error->message);
	GString *out = g_string_new(NULL);

	print_node(out, root);
	return g_string_free(out, FALSE);
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

static void test_trees(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} cases[] = {
		{ "plain", "A: b\n\nx\ny\n", "text/plain[x\ny\n]" },
		{ "CRLF", "A: b\r\n\r\nx\r\n", "text/plain[x\r\n]" },
		{ "no body", "A: b", "text/plain[]" },
		{ "no header", "x y\nz\n", "text/plain[x y\nz\n]~" },
		{ "header cut by a line that is no field",
		  "A: b\nno field\n\nx", "text/plain[no field\n\nx]~" },
		{ "two parts", MIXED "--b\n\n1\n--b\n\n2\n--b--\n",
		  "multipart/mixed(text/plain[1] text/plain[2])" },
		{ "preamble and epilogue", MIXED "p\n--b\n\n1\n--b--\ne\n",
		  "multipart/mixed(text/plain[1])" },
		{ "blanks behind boundaries", MIXED "--b \t\n\n1\n--b-- \n",
		  "multipart/mixed(text/plain[1])" },
		{ "a longer line is no boundary", MIXED "--b\n\n--bc\n--b--\n",
		  "multipart/mixed(text/plain[--bc])" },
		{ "empty parts", MIXED "--b\n--b\n\n--b\n\n\n--b--\n",
		  "multipart/mixed(text/plain[] text/plain[] text/plain[])" },
		{ "missing end", MIXED "--b\n\n1\n",
		  "multipart/mixed(text/plain[1\n])~" },
		{ "missing end inside",
		  MIXED "--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n1"
		        "\n--b\n\n2\n--b--\n",
		  "multipart/mixed(multipart/x(text/plain[1])~ "
		  "text/plain[2])" },
		{ "a part behind the end", MIXED "--b\n\n1\n--b--\n--b\n\n2\n"
		                                 "--b--\n",
		  "multipart/mixed(text/plain[1] text/plain[2])~" },
		{ "wrong boundary",
		  MIXED "--q\nContent-Type: text/html\n\n1\n--q--\n",
		  "multipart/mixed(text/html[1])~" },
		{ "no boundary",
		  "Content-Type: multipart/mixed\n\n--q\n"
		  "Content-Type: text/html\n\n1\n--q\n\n2\n--q--\n",
		  "multipart/mixed(text/html[1] text/plain[2])~" },
		{ "no boundary at all",
		  "Content-Type: multipart/mixed\n\nx\n-- \ny\n",
		  "multipart/mixed()~" },
		{ "empty boundary",
		  "Content-Type: multipart/x; boundary=\"\"\n\n--\n\n1\n----\n",
		  "multipart/x(text/plain[1])" },
		{ "blanks at a boundary's end",
		  "Content-Type: multipart/x; boundary=\"b \"\n\n--b\n\n1\n"
		  "--b--\n",
		  "multipart/x(text/plain[1])" },
		{ "RFC 2231 boundary",
		  "Content-Type: multipart/x; boundary*0=b; boundary*1=c\n\n"
		  "--bc\n\n1\n--bc--\n",
		  "multipart/x(text/plain[1])" },
		{ "boundary like an encoded word",
		  "Content-Type: multipart/x; boundary=\"=?a?q?b?=\"\n\n"
		  "--=?a?q?b?=\n\n1\n--=?a?q?b?=--\n",
		  "multipart/x(text/plain[1])" },
		{ "message", MIXED "--b\nContent-Type: message/rfc822\n\n"
		                   "Subject: s\n\n1\n--b--\n",
		  "multipart/mixed(message/rfc822{text/plain[1]})" },
		{ "digest",
		  "Content-Type: multipart/digest; boundary=b\n\n--b\n\n"
		  "Subject: s\n\n1\n--b--\n",
		  "multipart/digest(message/rfc822{text/plain[1]})" },
		{ "encoded message",
		  "Content-Type: message/rfc822\n"
		  "Content-Transfer-Encoding: base64\n\nQTogYg==",
		  "message/rfc822[QTogYg==]" },
		{ "a message with its mbox line",
		  MIXED "--b\nContent-Type: message/rfc822\n\nFrom ana Sun\n"
		        "Content-Type: text/html\n\n1\n--b--\n",
		  "multipart/mixed(message/rfc822{text/html[1]~})" },
		{ "no colon, and Content- fields behind it",
		  MIXED "--b\nnonsense\nContent-Type: text/html\n\n1\n--b--\n",
		  "multipart/mixed(text/html[1]~)" },
		{ "no colon, and nothing behind it",
		  MIXED "--b\nnonsense\n\n1\n--b--\n",
		  "multipart/mixed(text/plain[nonsense\n\n1]~)" },
		{ "inner parts with the outer boundary",
		  MIXED "--b\n" MIXED "--b\n\n1\n--b--\n",
		  "multipart/mixed(multipart/mixed(text/plain[1]))~" },
		{ "bare CR ends no line", "A: b\r\rx", "text/plain[]" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = tree_of(cases[i].text);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n%s\nwant\n%s", cases[i].name, got,
			         cases[i].want);
	}
}

static void test_types(void **state)
{
	static const struct {
		const char *value;
		const char *type;
		const char *charset; /* or NULL */
	} cases[] = {
		{ "Text/HTML; charset=utf-8", "text/html", "utf-8" },
		{ "text/plain charset=utf-8", "text/plain", "utf-8" },
		{ "text/plain; Charset=\"utf-8\"", "text/plain", "utf-8" },
		{ "text/plain;\n charset*=us-ascii''utf%2d8", "text/plain",
		  "utf-8" },
		{ "text/plain (comment); charset=x", "text/plain", "x" },
		{ "\"text/html\"", "text/html", NULL },
		{ "text", "text/plain", NULL },
		{ "multipart", "multipart/mixed", NULL },
		{ "", "text/plain", NULL },
		{ "  ", "text/plain", NULL },
		{ "nonsense", "application/octet-stream", NULL },
		{ "a/", "application/octet-stream", NULL },
		{ "image/png; name=\"a charset=x\"", "image/png", NULL },
	};
	struct limits limits;

	(void)state;
	limits_init(&limits);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			"Content-Type: ", cases[i].value, "\n\nx", NULL);
		g_autoptr(GBytes) raw = g_bytes_new(text, strlen(text));
		AUTO(mime_node) root = mime_parse(raw, &limits, NULL);
		g_autofree char *charset =
			mime_dup_parameter(root, "charset", &limits);

		assert_string_equal(root->type, cases[i].type);
		if (g_strcmp0(charset, cases[i].charset) != 0)
			fail_msg("%s: %s", cases[i].value, charset);
	}
}

static void test_content_is_a_slice(void **state)
{
	static const char text[] = "A: b\n\nbody";
	g_autoptr(GBytes) raw = g_bytes_new_static(text, strlen(text));
	struct limits limits;

	(void)state;
	limits_init(&limits);
	AUTO(mime_node) root = mime_parse(raw, &limits, NULL);
	g_autoptr(GBytes) content = mime_dup_content(root, raw);

	assert_ptr_equal(g_bytes_get_data(content, NULL), text + 6);
	assert_int_equal(g_bytes_get_size(content), 4);
}

static GBytes *repeated(const char *head, const char *unit, size_t size)
{
	GString *text = g_string_new(head);

	while (text->len < size)
		g_string_append(text, unit);
	return g_string_free_to_bytes(text);
}

/* The limits of a site that wants everything read. */
static void init_wide(struct limits *limits)
{
	limits_init(limits);
	limits->mime_parts = 20000;
	limits->header_bytes = 16 * MIB;
	limits->headers = 100000;
}

/* Junk between fields of parts, 8 MiB of it: were each line looked ahead
 * from, 8 GiB would be read, and the test run's limit stop it. */
static void test_junk_is_read_once(void **state)
{
	GString *unit = g_string_new("--b\n");
	struct limits limits;

	(void)state;
	for (int i = 0; i < 3900; i++)
		g_string_append(unit, "x\n");
	g_string_append(unit, "Content-X: y\n");
	g_autoptr(GBytes) raw = repeated(MIXED, unit->str, 8 * MIB);

	init_wide(&limits);
	AUTO(mime_node) root = mime_parse(raw, &limits, NULL);

	assert_non_null(root);
	assert_int_equal(root->children->len,
	                 (8 * MIB - strlen(MIXED)) / unit->len + 1);
	g_string_free(unit, TRUE);
}

/* What was seen ahead of one part says nothing about the next. */
static void test_look_ahead_ends_at_the_part(void **state)
{
	g_autofree char *got = tree_of(
		MIXED "--b\nx\ny\nContent-Type: a/b\nz\n\n1\n"
		      "--b\nx\n\nContent-Type: c/d\n\n2\n--b--\n");

	(void)state;
	assert_string_equal(got, "multipart/mixed(a/b[z\n\n1]~ "
	                         "text/plain[x\n\nContent-Type: c/d\n\n2]~)");
}

/* Boundaries that hide in lines, or that many multiparts lack. */
static void test_boundaries_are_sought_once(void **state)
{
	g_autofree char *dashes = g_strnfill(30000, '-');
	g_autofree char *head =
		g_strconcat("Content-Type: multipart/mixed; boundary=\"",
	                    dashes, "\"\n\nx", NULL);
	g_autoptr(GBytes) line = repeated(head, "--------", 8 * MIB);
	g_autoptr(GBytes) lack =
		repeated(MIXED, "--b\nContent-Type: multipart/mixed; "
	                        "boundary=none\n\nx\n", 2 * MIB);
	struct limits limits;

	(void)state;
	init_wide(&limits);
	limits.mime_parts = 100000;
	AUTO(mime_node) one = mime_parse(line, &limits, NULL);
	AUTO(mime_node) many = mime_parse(lack, &limits, NULL);

	assert_non_null(one);
	assert_true(one->children == NULL);
	assert_non_null(many);
	assert_true(many->children->len > 30000);
}

static void check_recipients(const struct mail *mail)
{
	const struct mailbox *first = g_ptr_array_index(mail->to, 0);
	const struct mailbox *last = g_ptr_array_index(mail->to, 199);

	assert_int_equal(mail->to->len, 200);
	assert_string_equal(first->address, "u0@c.example");
	assert_string_equal(last->address, "u199@c.example");
	assert_string_equal(mail->text, "hello");
}

static void test_many_recipients(void **state)
{
	GString *text = g_string_new("From: a@b.example\nTo: ");

	(void)state;
	for (int i = 0; i < 5000; i++)
		g_string_append_printf(
			text, "%s\"Silva, %d\" <u%d@c.example>",
			i > 0 ? ",\n " : "", i, i);
	g_string_append(text, "\n\nhello\n");
	AUTO(mail) mail = case_parse_len(text->str, text->len);

	check_recipients(mail);
	g_string_free(text, TRUE);
}

/* GMime would look for the "@" from each of these words. */
static void test_words_for_recipients(void **state)
{
	g_autoptr(GBytes) raw = repeated("From: a@b.example\nTo: ", "a,",
	                                 250 * KIB);
	gsize len = 0;
	const char *text = g_bytes_get_data(raw, &len);

	(void)state;
	AUTO(mail) mail = case_parse_len(text, len);

	assert_int_equal(mail->from->len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_content_is_a_slice),
		cmocka_unit_test(test_junk_is_read_once),
		cmocka_unit_test(test_look_ahead_ends_at_the_part),
		cmocka_unit_test(test_boundaries_are_sought_once),
		cmocka_unit_test(test_many_recipients),
		cmocka_unit_test(test_words_for_recipients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
