/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every limit on structure, and that counting is linear. Hermetic. */
#include "mail_case.h"

#include "base/clock.h"

#define SLOW (30 * CLOCK_SECOND) /* under sanitizers, on a busy machine */

static void repeat(GString *out, const char *unit, guint times)
{
	for (guint i = 0; i < times; i++)
		g_string_append(out, unit);
}

/* "" if it passes, else the limit's name: the word before ":" or " (". */
static char *prescan_text(const char *text, size_t len,
                          const struct limits *limits)
{
	g_autoptr(GBytes) raw = case_bytes_len(text, len);
	g_autoptr(GError) error = NULL;
	gint64 start = clock_monotonic();
	bool ok = mail_prescan(raw, limits, &error);

	assert_true(clock_monotonic() - start < SLOW);
	if (ok) {
		assert_null(error);
		return g_strdup("");
	}
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT));
	return g_strndup(error->message, strcspn(error->message, ":("));
}

static void expect(const char *text, const char *want)
{
	struct limits limits;

	limits_init(&limits);
	g_autofree char *got = prescan_text(text, strlen(text), &limits);

	g_strchomp(got);
	if (strcmp(got, want) != 0)
		fail_msg("got \"%s\", want \"%s\" for %.60s", got, want, text);
}

/* A header of one field of exactly so many bytes, line end included. */
static char *one_field(size_t bytes)
{
	GString *out = g_string_new("X: ");

	while (out->len < bytes - 2)
		g_string_append_c(out, 'x');
	g_string_append(out, "\n\nbody");
	return g_string_free(out, FALSE);
}

static void test_ordinary_mail_passes(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"Subject: x",
		"Subject: x\n\nbody\n",
		"no header at all\n\n-- \n--\n",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n",
		"Content-Type: multipart/mixed\n\nno boundary\n--x\n",
		"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n--\n----\n",
		"Content-Type: message/rfc822\n\nSubject: y\n\nz\n",
		("Content-Type: multipart/digest; boundary=b\n\n--b\n\n"
		 "Subject: y\n\nz\n--b--\n"),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		expect(texts[i], "");
}

static void test_message_bytes(void **state)
{
	struct limits limits;

	(void)state;
	limits_init(&limits);
	limits.message_bytes = 10;
	g_autofree char *fits = prescan_text("A: b\n\nxy", 8, &limits);
	g_autofree char *over = prescan_text("A: b\n\nxyz", 9, &limits);

	assert_string_equal(fits, ""); /* 10 with CRLF */
	assert_string_equal(over, "message_bytes");
}

static void test_header_field_bytes(void **state)
{
	g_autofree char *fits = one_field(64 * 1024);
	g_autofree char *over = one_field(64 * 1024 + 1);
	GString *folded = g_string_new("X: y\n");

	(void)state;
	expect(fits, "");
	expect(over, "header_field_bytes");
	/* folding does not help */
	repeat(folded, " 0123456789012345678901234567890123456789\n", 1600);
	expect(folded->str, "header_field_bytes");
	g_string_free(folded, TRUE);
}

static void test_header_bytes(void **state)
{
	GString *text = g_string_new(NULL);
	g_autofree char *value = g_strnfill(500, 'x');

	(void)state;
	for (int i = 0; i < 500; i++)
		g_string_append_printf(text, "X: %s\n", value);
	expect(text->str, ""); /* 252,500 */
	repeat(text, "Y: 0123456789012345678901234567890123456789\n", 300);
	expect(text->str, "header_bytes");
	g_string_free(text, TRUE);
}

/* 10 MB of header, in every shape: stopped early, and quickly. */
static void test_ten_megabytes_of_header(void **state)
{
	static const struct {
		const char *unit;
		bool passes; /* it ends the header: the rest is body */
	} units[] = {
		{ "X: 0123456789\n", false },
		{ " folded\n", false },
		{ "X:\r", false },
		{ "To: a@b,\n", false },
		{ "no colon at all\n", true },
		{ "word ", true },
		{ ":\n", true },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		GString *text = g_string_new("Subject: x\n");
		struct limits limits;

		limits_init(&limits);
		while (text->len < 10 * MIB)
			g_string_append(text, units[i].unit);
		g_autofree char *got =
			prescan_text(text->str, text->len, &limits);

		if ((got[0] == '\0') != units[i].passes)
			fail_msg("%s: \"%s\"", units[i].unit, got);
		g_string_free(text, TRUE);
	}
}

static void test_headers(void **state)
{
	GString *text = g_string_new(NULL);

	(void)state;
	repeat(text, "X: y\n", 1000);
	expect(text->str, "");
	repeat(text, "X: y\n", 1);
	expect(text->str, "headers");
	g_string_free(text, TRUE);
}

static void test_headers_of_all_parts(void **state)
{
	GString *text =
		g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");

	(void)state;
	for (int part = 0; part < 40; part++) {
		g_string_append(text, "--b\n");
		repeat(text, "X: y\n", 900);
		g_string_append(text, "\n");
	}
	expect(text->str, "headers"); /* 36,000 of 32,000 */
	g_string_free(text, TRUE);
}

static void test_addresses_are_not_headers(void **state)
{
	GString *text = g_string_new(NULL);

	(void)state;
	for (int i = 0; i < 3; i++) {
		g_string_append(text, "To: a@b");
		repeat(text, ",a@b", 20000);
		g_string_append(text, "\n");
	}
	expect(text->str, "");
	g_string_append(text, "Cc: a@b");
	repeat(text, ",a@b", 20000);
	g_string_append(text, "\n");
	expect(text->str, "header_bytes");
	g_string_free(text, TRUE);
}

static void nest(GString *text, guint depth)
{
	for (guint i = 0; i < depth; i++)
		g_string_append_printf(
			text,
			"Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n",
			i, i);
	g_string_append(text, "\nx\n");
}

static void test_mime_depth(void **state)
{
	GString *text = g_string_new(NULL);

	(void)state;
	nest(text, 32);
	expect(text->str, "");
	g_string_truncate(text, 0);
	nest(text, 33);
	expect(text->str, "mime_depth");
	g_string_truncate(text, 0);
	nest(text, 100000);
	expect(text->str, "mime_depth");
	/* attached messages nest, too */
	g_string_truncate(text, 0);
	repeat(text, "Content-Type: message/rfc822\n\n", 33);
	expect(text->str, "mime_depth");
	g_string_free(text, TRUE);
}

static void test_mime_parts(void **state)
{
	GString *text =
		g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");

	(void)state;
	repeat(text, "--b\n\n\n", 1000);
	expect(text->str, "");
	repeat(text, "--b\n\n\n", 1);
	expect(text->str, "mime_parts");
	g_string_free(text, TRUE);
}

static void test_a_million_parts(void **state)
{
	static const char *const units[] = { "--b\n", "--b\n\n", "--b \n\nx\n",
		                             "--b\nA: b\n" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		GString *text = g_string_new(
			"Content-Type: multipart/mixed; boundary=b\n\n");

		repeat(text, units[i], 1100000);
		expect(text->str, "mime_parts");
		g_string_free(text, TRUE);
	}
}

/* Lines that begin like a boundary are compared with each open one. */
static void test_lines_like_boundaries(void **state)
{
	GString *text = g_string_new(NULL);

	(void)state;
	nest(text, 32);
	repeat(text, "--\n", 2400000);
	expect(text->str, "mime_parts");
	g_string_free(text, TRUE);
}

static void test_mime_parameters(void **state)
{
	static const char *const names[] = { "Content-Type: text/plain",
		                             "Content-Disposition: inline",
		                             "content-x : y" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		GString *text = g_string_new(names[i]);

		repeat(text, ";a=b", 64);
		expect(text->str, "");
		repeat(text, ";a=b", 1);
		expect(text->str, "mime_parameters");
		/* 16k: quadratic for some readers */
		repeat(text, ";a=b", 15900);
		expect(text->str, "mime_parameters");
		g_string_free(text, TRUE);
	}
}

/* Each ":" may open a group, and GMime recurses into groups: 50,000 of them
 * overflow 8 MB of stack. */
static void test_group_bomb(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} wraps[] = {
		{ "To: %s\n\nx", "addresses" },
		{ "CC : %s\n\nx", "addresses" },
		{ "From:\n %s\n\nx", "addresses" },
		/* nobody reads the addresses of an attached message */
		{ "Content-Type: message/rfc822\n\nTo: %s\n\nx", "" },
		{ "Content-Type: multipart/digest; boundary=b\n\n--b\n\n"
		  "Bcc: %s\n\nx\n--b--\n",
		  "" },
	};
	g_autoptr(GString) bomb = g_string_new(NULL);

	(void)state;
	repeat(bomb, "g:", 30000);
	for (size_t i = 0; i < G_N_ELEMENTS(wraps); i++) {
		const char *start = wraps[i].text;
		const char *at = strstr(start, "%s");
		g_autoptr(GString) text =
			g_string_new_len(start, (gssize)(at - start));

		g_string_append_len(text, bomb->str, (gssize)bomb->len);
		g_string_append(text, at + 2);
		expect(text->str, wraps[i].want);
	}
}

static void test_group_bomb_small_enough(void **state)
{
	GString *text = g_string_new("To: ");

	(void)state;
	repeat(text, "g:", 200);
	expect(text->str, "");
	repeat(text, "g:", 1);
	expect(text->str, "addresses");
	g_string_free(text, TRUE);
}

/* An encoded attached message is data, and its header is not read. */
static void test_encoded_message_is_a_leaf(void **state)
{
	GString *text = g_string_new("Content-Type: message/rfc822\n"
	                             "Content-Transfer-Encoding: base64\n\n");

	(void)state;
	repeat(text, "X: y\n", 5000);
	expect(text->str, "");
	/* ... by the first of two fields */
	g_string_assign(text, "Content-Type: message/rfc822\n"
	                      "Content-Transfer-Encoding: 8bit\n"
	                      "Content-Transfer-Encoding: base64\n\n");
	repeat(text, "X: y\n", 5000);
	expect(text->str, "headers");
	g_string_free(text, TRUE);
}

static void test_first_content_type_counts(void **state)
{
	GString *text =
		g_string_new("Content-Type: text/plain; boundary=a\n"
	                     "Content-Type: multipart/mixed; boundary=b\n\n");

	(void)state;
	repeat(text, "--a\n--b\n\n", 1001);
	expect(text->str, "");
	g_string_assign(text, "Content-Type: multipart/mixed; boundary=a\n"
	                      "Content-Type: text/plain; boundary=b\n\n");
	repeat(text, "--a\n\n", 1001);
	expect(text->str, "mime_parts");
	g_string_free(text, TRUE);
}

static void test_limits_are_the_callers(void **state)
{
	static const char text[] =
		"Content-Type: multipart/mixed; boundary=b; c=d\n\n"
		"--b\n\n1\n--b\n\n2\n--b--\n";
	static const char nested[] =
		"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
		"Content-Type: message/rfc822\n\nA: b\n\n2\n--b--\n";
	struct limits limits;

	(void)state;
	limits_init(&limits);
	limits.mime_parts = 1;
	g_autofree char *parts = prescan_text(text, strlen(text), &limits);

	limits_init(&limits);
	limits.mime_depth = 1;
	g_autofree char *flat = prescan_text(text, strlen(text), &limits);
	g_autofree char *depth = prescan_text(nested, strlen(nested), &limits);

	limits_init(&limits);
	limits.mime_parameters = 1;
	g_autofree char *parameters = prescan_text(text, strlen(text), &limits);

	assert_string_equal(parts, "mime_parts");
	assert_string_equal(flat, "");
	assert_string_equal(depth, "mime_depth");
	assert_string_equal(parameters, "mime_parameters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary_mail_passes),
		cmocka_unit_test(test_message_bytes),
		cmocka_unit_test(test_header_field_bytes),
		cmocka_unit_test(test_header_bytes),
		cmocka_unit_test(test_ten_megabytes_of_header),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_headers_of_all_parts),
		cmocka_unit_test(test_addresses_are_not_headers),
		cmocka_unit_test(test_mime_depth),
		cmocka_unit_test(test_mime_parts),
		cmocka_unit_test(test_a_million_parts),
		cmocka_unit_test(test_lines_like_boundaries),
		cmocka_unit_test(test_mime_parameters),
		cmocka_unit_test(test_group_bomb),
		cmocka_unit_test(test_group_bomb_small_enough),
		cmocka_unit_test(test_encoded_message_is_a_leaf),
		cmocka_unit_test(test_first_content_type_counts),
		cmocka_unit_test(test_limits_are_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
