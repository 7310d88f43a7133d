/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outgoing messages. Hermetic. The bytes are checked directly and, where
 * Python is there, read back with its email package (mail_read.py).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gio/gio.h>

#include "base/error.h"
#include "mail/compose.h"
#include "mail/header.h"

#define PYTHON "/usr/bin/python3"
#define SCRIPT PORTARIA_SOURCE_DIR "/tests/unit/mail_read.py"

/* 2026-11-22 16:20:00 UTC */
#define WHEN G_GINT64_CONSTANT(1795364400000)

static const char *const to_ana[] = { "ana@cliente.example", NULL };

static struct compose simple(void)
{
	return (struct compose){
		.from_address = "suporte@desk.example",
		.to = to_ana,
		.date = WHEN,
		.text = "Ola\n",
	};
}

static char *dup_message(const struct compose *compose)
{
	GError *error = NULL;
	g_autoptr(GBytes) bytes = compose_message(compose, &error);
	gsize len;
	const char *data;

	assert_null(error);
	assert_non_null(bytes);
	data = g_bytes_get_data(bytes, &len);
	assert_null(memchr(data, '\0', len));
	return g_strndup(data, len);
}

static void assert_error(const struct compose *compose)
{
	g_autoptr(GError) error = NULL;

	assert_null(compose_message(compose, &error));
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX));
	assert_null(strpbrk(error->message, "\r\n"));
}

static void assert_has(const char *message, const char *text)
{
	if (strstr(message, text) == NULL)
		fail_msg("no '%s' in:\n%s", text, message);
}

static void assert_has_no(const char *message, const char *text)
{
	if (strstr(message, text) != NULL)
		fail_msg("'%s' in:\n%s", text, message);
}

/* The raw value of a field that must be there once. */
static char *dup_field(const char *message, const char *name)
{
	char *value = header_dup_single(message, strlen(message), name, NULL);

	if (value == NULL)
		fail_msg("no single %s in:\n%s", name, message);
	return value;
}

static void assert_field(const char *message, const char *name,
                         const char *want)
{
	g_autofree char *value = dup_field(message, name);

	assert_string_equal(value, want);
}

/* CRLF everywhere, 7-bit, printable, no line over `width`. */
static void assert_clean_lines(const char *message, size_t width)
{
	const char *p = message, *end;

	for (; *p != '\0'; p = end + 2) {
		end = strstr(p, "\r\n");
		assert_non_null(end);
		if ((size_t)(end - p) > width)
			fail_msg("long line: %.*s", (int)(end - p), p);
		for (; p < end; p++)
			if (!g_ascii_isprint(*p) && *p != '\t')
				fail_msg("byte %u", (guchar)*p);
	}
}

static void test_message_simple(void **state)
{
	struct compose compose = simple();
	g_autofree char *message = NULL;

	(void)state;
	compose.subject = "Aviso";
	message = dup_message(&compose);
	assert_string_equal(message,
	                    "Date: Sun, 22 Nov 2026 16:20:00 +0000\r\n"
	                    "From: suporte@desk.example\r\n"
	                    "To: ana@cliente.example\r\n"
	                    "Subject: Aviso\r\n"
	                    "MIME-Version: 1.0\r\n"
	                    "Content-Type: text/plain; charset=utf-8\r\n"
	                    "Content-Transfer-Encoding: 7bit\r\n"
	                    "\r\n"
	                    "Ola\r\n");
}

static void test_message_is_the_same_again(void **state)
{
	struct compose compose = simple();
	g_autofree char *first = NULL, *second = NULL;

	(void)state;
	compose.message_id = "<x@desk.example>";
	compose.html = "<p>Ola";
	first = dup_message(&compose);
	second = dup_message(&compose);
	assert_string_equal(first, second);
}

static void test_message_marks_automatic_mail(void **state)
{
	static const struct {
		enum compose_auto kind;
		const char *want;
	} cases[] = {
		{ COMPOSE_REPLIED, " auto-replied" },
		{ COMPOSE_GENERATED, " auto-generated" },
	};
	struct compose compose = simple();
	g_autofree char *human = dup_message(&compose);
	size_t i;

	(void)state;
	assert_has_no(human, "Auto-");
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = NULL;

		compose.automatic = cases[i].kind;
		message = dup_message(&compose);
		assert_field(message, "Auto-Submitted", cases[i].want);
		assert_field(message, "X-Auto-Response-Suppress", " All");
		assert_has_no(message, "Precedence");
	}
}

static void test_message_writes_names(void **state)
{
	static const struct {
		const char *name;
		const char *want;
	} cases[] = {
		{ NULL, " d@desk.example" },
		{ "", " d@desk.example" },
		{ "Via VPS", " Via VPS <d@desk.example>" },
		{ "Via, VPS", " \"Via, VPS\" <d@desk.example>" },
		{ "J. \"Ze\" \\ S",
		  " \"J. \\\"Ze\\\" \\\\ S\" <d@desk.example>" },
		{ "=?x?", " =?utf-8?b?PT94Pw==?= <d@desk.example>" },
		{ "Atenção",
		  " =?utf-8?q?Aten=C3=A7=C3=A3o?= <d@desk.example>" },
		{ "日本", " =?utf-8?b?5pel5pys?= <d@desk.example>" },
		{ "a\r\nBcc: b", " \"a  Bcc: b\" <d@desk.example>" },
		{ "a\xff", " =?utf-8?b?Ye+/vQ==?= <d@desk.example>" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose compose = simple();
		g_autofree char *message = NULL;

		compose.from_address = "d@desk.example";
		compose.from_name = cases[i].name;
		message = dup_message(&compose);
		assert_field(message, "From", cases[i].want);
	}
}

/* The address parser must read back what was written. */
static void test_message_names_survive(void **state)
{
	static const char *const names[] = {
		"Via VPS",
		"Via, VPS; (Ltda.)",
		"A \"B\" C\\",
		"Ção — €",
		"Suporte técnico e comercial da Empresa Brasileira de "
		"Hospedagem de Sítios e Domínios Ltda. (São Paulo)",
		"Very long names of plain ASCII letters do not fit in a line "
		"and do not fit in the next one either, so they are folded",
		"😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(names); i++) {
		struct compose compose = simple();
		g_autofree char *message = NULL, *from = NULL;
		AUTO(mailbox) mailbox = NULL;

		compose.from_name = names[i];
		message = dup_message(&compose);
		assert_clean_lines(message, 78);
		from = dup_field(message, "From");
		assert_int_equal(
			address_parse_from(from, strlen(from), &mailbox),
			ADDRESS_OK);
		assert_string_equal(mailbox->name, names[i]);
		assert_string_equal(mailbox->address, "suporte@desk.example");
	}
}

static void test_message_writes_subjects(void **state)
{
	static const struct {
		const char *subject;
		const char *want;
	} cases[] = {
		{ "[VIA-0000000] Site", " [VIA-0000000] Site" },
		{ "[VIA-0000000] Olá mundo cão x",
		  " [VIA-0000000] =?utf-8?q?Ol=C3=A1_mundo_c=C3=A3o?= x" },
		{ "a =?utf-8?q?b?= c",
		  " a =?utf-8?q?=3D=3Futf-8=3Fq=3Fb=3F=3D?= c" },
		{ "a\r\nBcc: x@y.example", " a Bcc: x@y.example" },
		{ "a\tb", " a b" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose compose = simple();
		g_autofree char *message = NULL;

		compose.subject = cases[i].subject;
		message = dup_message(&compose);
		assert_field(message, "Subject", cases[i].want);
	}
}

/* Every script, every length around the fold, decodes to itself; words are at
 * most 75 characters and end between characters. */
static void test_message_subjects_survive(void **state)
{
	static const char *const units[] = {
		"ã", "日", "😀", "ab ", "ção ", "a", "=?", "é\u0301",
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(units); i++) {
		for (n = 1; n < 200; n += 1 + n / 40) {
			g_autoptr(GString) subject = g_string_new("[X] Á");
			g_autofree char *message = NULL, *value = NULL;
			g_autofree char *got = NULL;
			struct compose compose = simple();
			size_t j;

			for (j = 0; j < n; j++)
				g_string_append(subject, units[i]);
			g_string_append_c(subject, '.');
			compose.subject = subject->str;
			message = dup_message(&compose);
			assert_clean_lines(message, 76);
			value = dup_field(message, "Subject");
			got = header_decode(value, strlen(value), NULL);
			assert_string_equal(got, subject->str);
		}
	}
}

static void test_message_words_split_between_characters(void **state)
{
	struct compose compose = simple();
	g_autofree char *message = NULL, *value = NULL;
	g_auto(GStrv) words = NULL;
	size_t i;

	(void)state;
	compose.subject = "ação ação ação ação ação ação ação ação ação ação "
			  "ação ação ação ação ação ação ação ação ação ação";
	message = dup_message(&compose);
	value = dup_field(message, "Subject");
	words = g_strsplit(value, "\r\n", -1);
	assert_true(g_strv_length(words) > 3);
	for (i = 0; words[i] != NULL; i++) {
		g_autofree char *alone =
			header_decode(words[i], strlen(words[i]), NULL);

		assert_true(strlen(words[i]) <= 76);
		assert_null(strstr(alone, "\357\277\275"));
		assert_null(strstr(alone, "Ã"));
	}
}

/* Nothing in any member starts a line of the header. */
static void test_message_cannot_be_injected(void **state)
{
	static const char *const evils[] = {
		"x\r\nBcc: evil@evil.example",
		"x\nBcc: evil@evil.example\n\nbody",
		"x\rBcc: evil@evil.example",
		"x\r\n\r\nBcc: evil@evil.example",
		"\r\nBcc: evil@evil.example",
		"x\342\200\250Bcc: evil@evil.example",
		"x\302\205Bcc: evil@evil.example",
		"<x>\r\nBcc: evil@evil.example",
		"x\"\r\nBcc: evil@evil.example",
		"x; filename=\"y\"\r\nBcc: evil@evil.example",
	};
	g_autoptr(GBytes) data = g_bytes_new_static("x", 1);
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(evils); i++) {
		const char *references[] = { evils[i], NULL };
		struct compose_part part = {
			.filename = evils[i],
			.content_type = evils[i],
			.content_id = evils[i],
			.data = data,
		};
		struct compose compose = simple();
		g_autofree char *message = NULL;

		compose.from_name = compose.subject = evils[i];
		compose.in_reply_to = compose.ticket_ref = evils[i];
		compose.references = references;
		compose.parts = &part;
		compose.n_parts = 1;
		message = dup_message(&compose);
		assert_clean_lines(message, 78);
		assert_has_no(message, "\nBcc:");
		assert_has_no(message, "\nIn-Reply-To:");
		assert_has_no(message, "\nReferences:");
		assert_has_no(message, "\nContent-ID:");
		assert_has(message, "Content-Type: application/octet-stream");
	}
}

static void test_message_refuses_bad_addresses(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"x@",
		"x@y\r\nBcc: z@z",
		"x@y.example, z@z.example",
		"Ze <x@y.example>",
		"x@y.example\n",
		"<>",
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(bad); i++) {
		const char *list[] = { "a@b.example", bad[i], NULL };
		struct compose from = simple(), to = simple(), cc = simple();
		struct compose reply_to = simple(), id = simple();

		from.from_address = bad[i];
		assert_error(&from);
		to.to = list;
		assert_error(&to);
		cc.cc = list;
		assert_error(&cc);
		if (*bad[i] == '\0')
			continue;
		reply_to.reply_to = bad[i];
		assert_error(&reply_to);
		id.message_id = bad[i];
		assert_error(&id);
	}
}

static void test_message_refuses_missing_from(void **state)
{
	struct compose compose = simple();

	(void)state;
	compose.from_address = NULL;
	assert_error(&compose);
}

static void test_message_without_recipients(void **state)
{
	static const char *const nobody[] = { NULL };
	struct compose compose = simple();
	g_autofree char *message = NULL;

	(void)state;
	compose.to = NULL;
	compose.cc = nobody;
	compose.text = NULL;
	message = dup_message(&compose);
	assert_has_no(message, "To:");
	assert_has_no(message, "Cc:");
	assert_true(g_str_has_suffix(message, "7bit\r\n\r\n"));
}

static void test_message_folds_addresses(void **state)
{
	static const char *const many[] = {
		"ana.maria.da.silva@cliente.example",
		"joao.pedro.de.souza@cliente.example",
		"financeiro@cliente.example",
		"Diretoria@CLIENTE.example",
		NULL,
	};
	struct compose compose = simple();
	g_autofree char *message = NULL;

	(void)state;
	compose.to = compose.cc = many;
	compose.reply_to = "suporte+VIA0000000.abcdef@desk.example";
	message = dup_message(&compose);
	assert_clean_lines(message, 76);
	assert_field(message, "To",
	             " ana.maria.da.silva@cliente.example,"
	             " joao.pedro.de.souza@cliente.example,\r\n"
	             " financeiro@cliente.example, Diretoria@cliente.example");
	assert_field(message, "Reply-To",
	             " suporte+VIA0000000.abcdef@desk.example");
}

static void test_message_writes_eai_addresses(void **state)
{
	static const char *const to[] = { "José@café.example", NULL };
	struct compose compose = simple();
	g_autofree char *message = NULL;

	(void)state;
	compose.to = to;
	message = dup_message(&compose);
	assert_field(message, "To", " José@xn--caf-dma.example");
}

static void test_message_writes_ids(void **state)
{
	static const char *const references[] = { "<1@a>",  "bad",   "<2@b>",
		                                  "<3 @c>", "<4@d>", NULL };
	struct compose compose = simple();
	g_autofree char *message = NULL;

	(void)state;
	compose.message_id = "<5@desk.example>";
	compose.in_reply_to = "<4@d>";
	compose.references = references;
	compose.ticket_ref = "VIA-0000000";
	message = dup_message(&compose);
	assert_field(message, "Message-ID", " <5@desk.example>");
	assert_field(message, "In-Reply-To", " <4@d>");
	assert_field(message, "References", " <1@a> <2@b> <4@d>");
	assert_field(message, "X-Portaria-Ticket", " VIA-0000000");
}

static void test_message_cuts_references(void **state)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	struct compose compose = simple();
	g_autofree char *message = NULL, *value = NULL;
	g_auto(GStrv) got = NULL;
	guint i, n;

	(void)state;
	for (i = 0; i < 500; i++)
		g_ptr_array_add(ids, g_strdup_printf("<%03u@example>", i));
	g_ptr_array_add(ids, NULL);
	compose.references = (const char *const *)ids->pdata;
	message = dup_message(&compose);
	assert_clean_lines(message, 76);
	value = dup_field(message, "References");
	assert_true(strlen(value) < 1500 + 100);
	got = header_dup_message_ids(value, strlen(value), 500);
	n = g_strv_length(got);
	assert_int_equal(n, 1500 / strlen(" <000@example>"));
	assert_string_equal(got[0], "<000@example>");
	assert_string_equal(got[n - 1], "<499@example>");
	for (i = 1; i < n; i++)
		assert_string_equal(got[i],
		                    g_ptr_array_index(ids, 500 - n + i));
}

static void test_message_keeps_one_long_reference(void **state)
{
	g_autofree char *long_id = g_strnfill(890, 'a');
	g_autofree char *first = g_strdup_printf("<%s@b>", long_id);
	g_autofree char *last = g_strdup_printf("<%s@c>", long_id);
	const char *both[] = { first, last, NULL };
	struct compose compose = simple();
	g_autofree char *message = NULL, *value = NULL, *want = NULL;

	(void)state;
	compose.references = both;
	message = dup_message(&compose);
	value = dup_field(message, "References");
	want = g_strdup_printf(" %s", first);
	assert_string_equal(value, want);
}

static void test_message_writes_text(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *encoding;
		const char *want;
	} cases[] = {
		{ "ascii", "a\nb\n", "7bit", "a\r\nb\r\n" },
		{ "no last line end", "a\nb", "7bit", "a\r\nb\r\n" },
		{ "CRLF", "a\r\nb\r\n", "7bit", "a\r\nb\r\n" },
		{ "CR", "a\rb\r\rc", "7bit", "a\r\nb\r\n\r\nc\r\n" },
		{ "empty lines", "\n\na\n\n", "7bit", "\r\n\r\na\r\n\r\n" },
		{ "equals sign", "a=b\n", "7bit", "a=b\r\n" },
		{ "tab", "a\tb\n", "7bit", "a\tb\r\n" },
		{ "utf-8", "Olá\n", "quoted-printable", "Ol=C3=A1\r\n" },
		{ "equals and utf-8", "á=\n", "quoted-printable",
		  "=C3=A1=3D\r\n" },
		{ "blank at end", "a \nb\t\n", "quoted-printable",
		  "a=20\r\nb=09\r\n" },
		{ "blank line of blanks", " \n", "quoted-printable",
		  "=20\r\n" },
		{ "From", "From me\nx From\n", "quoted-printable",
		  "=46rom me\r\nx From\r\n" },
		{ "From only", "From\n", "7bit", "From\r\n" },
		{ "dot", ".\nç\n.x\n", "quoted-printable",
		  "=2E\r\n=C3=A7\r\n=2Ex\r\n" },
		{ "control", "a\033[1m\n", "quoted-printable", "a=1B[1m\r\n" },
		{ "not utf-8", "a\377\n", "quoted-printable",
		  "a=EF=BF=BD\r\n" },
		{ "boundary", "--=_x\n", "quoted-printable", "--=3D_x\r\n" },
		{ "78 columns",
		  "123456789012345678901234567890123456789012345678901234567890"
		  "123456789012345678\n",
		  "7bit",
		  "123456789012345678901234567890123456789012345678901234567890"
		  "123456789012345678\r\n" },
		{ "79 columns",
		  "123456789012345678901234567890123456789012345678901234567890"
		  "1234567890123456789\n",
		  "quoted-printable",
		  "123456789012345678901234567890123456789012345678901234567890"
		  "123456789012345=\r\n6789\r\n" },
		{ "no break in a character",
		  "1234567890123456789012345678901234567890123456789012345678901"
		  "2345678901áé\n",
		  "quoted-printable",
		  "1234567890123456789012345678901234567890123456789012345678901"
		  "2345678901=\r\n=C3=A1=C3=A9\r\n" },
		{ "dot behind a break",
		  "1234567890123456789012345678901234567890123456789012345678901"
		  "23456789012345.6789\n",
		  "quoted-printable",
		  "1234567890123456789012345678901234567890123456789012345678901"
		  "23456789012345=\r\n=2E6789\r\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose compose = simple();
		g_autofree char *message = NULL, *encoding = NULL;
		const char *body;

		compose.text = cases[i].text;
		message = dup_message(&compose);
		assert_clean_lines(message, 78);
		encoding = dup_field(message, "Content-Transfer-Encoding");
		body = strstr(message, "\r\n\r\n") + 4;
		if (strcmp(encoding + 1, cases[i].encoding) != 0 ||
		    strcmp(body, cases[i].want) != 0)
			fail_msg("%s: %s: %s", cases[i].name, encoding, body);
	}
}

static void test_message_breaks_endless_lines(void **state)
{
	static const char *const units[] = { "a", " ", "á", "😀", "=", "." };
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autofree char *message = NULL;
		struct compose compose = simple();

		while (text->len < 100000)
			g_string_append(text, units[i]);
		compose.text = text->str;
		message = dup_message(&compose);
		assert_clean_lines(message, 76);
	}
}

static unsigned count(const char *message, const char *text)
{
	unsigned n = 0;

	while ((message = strstr(message, text)) != NULL) {
		message += strlen(text);
		n++;
	}
	return n;
}

/* Who knows the Message-ID knows the boundaries, and still cannot use them. */
static void test_message_boundary_is_safe(void **state)
{
	struct compose compose = simple();
	g_autofree char *first = NULL, *second = NULL, *text = NULL;
	g_autofree char *boundary = NULL, *line = NULL;
	g_autoptr(GBytes) data = NULL;
	struct compose_part part = { .content_type = "text/plain" };
	const char *p;

	(void)state;
	data = g_bytes_new_static("x", 1);
	part.data = data;
	compose.message_id = "<x@desk.example>";
	compose.html = "<p>x";
	compose.parts = &part;
	compose.n_parts = 1;
	first = dup_message(&compose);
	p = strstr(first, "multipart/mixed;\r\n boundary=\"");
	assert_non_null(p);
	p = strchr(p, '"') + 1;
	boundary = g_strndup(p, strcspn(p, "\""));
	line = g_strdup_printf("\n--%s", boundary);
	assert_int_equal(count(first, line), 3);

	text = g_strdup_printf("x\n--%s\nContent-Type: text/evil\n\n--%s--\n",
	                       boundary, boundary);
	compose.text = compose.html = text;
	g_bytes_unref(data);
	data = g_bytes_new(text, strlen(text));
	part.data = data;
	second = dup_message(&compose);
	assert_int_equal(count(second, line), 3);
}

/* For programs that look for it in Content-Type, as one encoded word. */
static void test_message_writes_names_of_types(void **state)
{
	static const struct {
		const char *filename;
		const char *want; /* behind "image/png" */
	} cases[] = {
		{ "a b.txt", ";\r\n name=\"a b.txt\"\r\n" },
		{ "", "\r\n" },
		{ "relatório.pdf",
		  ";\r\n name=\"=?utf-8?q?relat=C3=B3rio=2Epdf?=\"\r\n" },
		{ "日本語.png",
		  ";\r\n name=\"=?utf-8?b?5pel5pys6KqeLnBuZw==?=\"\r\n" },
		{ "0123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789.pdf",
		  "\r\n" },
	};
	g_autoptr(GBytes) data = g_bytes_new_static("x", 1);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose_part part = { .filename = cases[i].filename,
			                     .content_type = "image/png",
			                     .data = data };
		struct compose compose = simple();
		g_autofree char *message = NULL;
		g_autofree char *want = g_strdup_printf(
			"\r\nContent-Type: image/png%s", cases[i].want);

		compose.parts = &part;
		compose.n_parts = 1;
		message = dup_message(&compose);
		if (strstr(message, want) == NULL)
			fail_msg("%s: %s", cases[i].filename, message);
	}
}

/* An image that the HTML names stands beside it, any other is a file. */
static void test_message_shows_inline_images(void **state)
{
	static const struct {
		const char *html;
		const char *id;
		bool related;
		bool mixed;
	} cases[] = {
		{ "<img src=\"cid:a@b\">", "a@b", true, false },
		{ "<img src=\"cid:a&amp;b\">", "a&b", true, false },
		{ "<img src=\"cid:a@bc\">", "a@b", false, true },
		{ "<p>x</p>", "a@b", false, true },
		{ "<img src=\"cid:\">", "", false, true },
		{ NULL, "a@b", false, true },
	};
	g_autoptr(GBytes) data = g_bytes_new_static("x", 1);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose_part part = { .filename = "a.png",
			                     .content_type = "image/png",
			                     .content_id = cases[i].id,
			                     .data = data };
		struct compose compose = simple();
		g_autofree char *message = NULL;

		compose.html = cases[i].html;
		compose.parts = &part;
		compose.n_parts = 1;
		message = dup_message(&compose);
		assert_int_equal(strstr(message, "multipart/related") != NULL,
		                 cases[i].related);
		assert_int_equal(strstr(message, "multipart/mixed") != NULL,
		                 cases[i].mixed);
		assert_int_equal(count(message, "\r\n\r\neA==\r\n"), 1);
	}
}

static void test_message_writes_outlooks_fields(void **state)
{
	struct compose compose = simple();
	g_autofree char *message = NULL;
	g_autofree char *without = NULL;

	(void)state;
	compose.thread_topic = "Migração\r\nBcc: x@y";
	compose.thread_index = "AdzYq0v1mZKyQm0aRbyMNOaxA2vHGQ==";
	message = dup_message(&compose);
	assert_int_equal(count(message, "\r\nThread-Topic: =?utf-8?"), 1);
	assert_int_equal(count(message, "\r\nThread-Index: "
	                                "AdzYq0v1mZKyQm0aRbyMNOaxA2vHGQ==\r\n"),
	                 1);
	assert_int_equal(count(message, "\r\nBcc:"), 0);
	compose.thread_topic = "";
	compose.thread_index = "AA==\r\nBcc: x@y";
	without = dup_message(&compose);
	assert_null(strstr(without, "Thread-"));
	assert_int_equal(count(without, "\r\nBcc:"), 0);
}

static void test_message_writes_filenames(void **state)
{
	static const struct {
		const char *filename;
		const char *want; /* behind "attachment" */
	} cases[] = {
		{ "a.txt", ";\r\n filename=\"a.txt\"\r\n" },
		{ "a b.txt", ";\r\n filename=\"a b.txt\"\r\n" },
		{ NULL, "\r\n" },
		{ "", "\r\n" },
		{ "relatório.pdf",
		  ";\r\n filename*=utf-8''relat%C3%B3rio.pdf\r\n" },
		{ "日本.png",
		  ";\r\n filename*=utf-8''%E6%97%A5%E6%9C%AC.png\r\n" },
		{ "a\"b\\c.txt", ";\r\n filename*=utf-8''a%22b%5Cc.txt\r\n" },
		{ "a;b=%c'*.txt", ";\r\n filename=\"a;b=%c'*.txt\"\r\n" },
		{ "a\r\nb", ";\r\n filename=\"a  b\"\r\n" },
		{ "0123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789.pdf",
		  ";\r\n filename*0*=utf-8''0123456789012345678901234567890123456789"
		  "01234567890123;\r\n"
		  " filename*1*=45678901234567890123456789.pdf\r\n" },
	};
	g_autoptr(GBytes) data = g_bytes_new_static("x", 1);
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose_part part = { .filename = cases[i].filename,
			                     .content_type = "image/png",
			                     .data = data };
		struct compose compose = simple();
		g_autofree char *message = NULL, *want = NULL;

		compose.parts = &part;
		compose.n_parts = 1;
		message = dup_message(&compose);
		assert_clean_lines(message, 78);
		want = g_strdup_printf("Content-Disposition: attachment%s",
		                       cases[i].want);
		assert_has(message, want);
	}
}

static void test_message_writes_content_types(void **state)
{
	static const struct {
		const char *type;
		const char *want;
	} cases[] = {
		{ "image/png", "image/png" },
		{ "application/vnd.x-y+zip", "application/vnd.x-y+zip" },
		{ "message/rfc822", "application/octet-stream" },
		{ "Multipart/mixed", "application/octet-stream" },
		{ "text/html; charset=x", "application/octet-stream" },
		{ "text", "application/octet-stream" },
		{ "text/", "application/octet-stream" },
		{ "/html", "application/octet-stream" },
		{ "", "application/octet-stream" },
		{ NULL, "application/octet-stream" },
	};
	g_autoptr(GBytes) data = g_bytes_new_static("", 0);
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose_part part = { .content_type = cases[i].type,
			                     .data = data };
		struct compose compose = simple();
		g_autofree char *message = NULL, *want = NULL;

		compose.parts = &part;
		compose.n_parts = 1;
		message = dup_message(&compose);
		want = g_strdup_printf("\nContent-Type: %s\r\n", cases[i].want);
		assert_has(message, want);
	}
}

static void test_message_encodes_attachments(void **state)
{
	size_t len;

	(void)state;
	for (len = 0; len < 240; len++) {
		g_autofree char *raw = g_malloc0(len + 1);
		g_autoptr(GBytes) data = NULL;
		struct compose_part part = { .content_id = "x@y" };
		struct compose compose = simple();
		g_autofree char *message = NULL;
		g_autofree guchar *back = NULL;
		char *body;
		gsize n, i;

		for (i = 0; i < len; i++)
			raw[i] = (char)(i * 7 + len);
		part.data = data = g_bytes_new(raw, len);
		compose.parts = &part;
		compose.n_parts = 1;
		message = dup_message(&compose);
		assert_clean_lines(message, 76);
		body = strstr(message, "Content-Disposition: inline\r\n\r\n");
		assert_non_null(body);
		body = strstr(body, "\r\n\r\n") + 4;
		*strstr(body, "\r\n--=_") = '\0';
		back = g_base64_decode(body, &n);
		assert_int_equal(n, len);
		assert_memory_equal(back, raw, len);
	}
}

/* What Python reads from the message, or NULL if there is no Python. */
static char *dup_python(const char *message)
{
	g_autoptr(GSubprocess) python = NULL;
	g_autoptr(GError) error = NULL;
	char *out = NULL;

	if (!g_file_test(PYTHON, G_FILE_TEST_IS_EXECUTABLE))
		return NULL;
	python = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE |
	                                  G_SUBPROCESS_FLAGS_STDOUT_PIPE,
	                          &error, PYTHON, "-B", SCRIPT, NULL);
	if (python == NULL ||
	    !g_subprocess_communicate_utf8(python, message, NULL, &out, NULL,
	                                   &error))
		fail_msg("%s", error->message);
	assert_true(g_subprocess_get_successful(python));
	return out;
}

static void test_message_reads_back(void **state)
{
	static const char *const cc[] = { "b@b.example", "c@c.example", NULL };
	static const char *const references[] = { "<1@a>", "<2@b>", NULL };
	static const char raw[] = "\0\1\2binary\377";
	g_autoptr(GBytes) data = g_bytes_new_static(raw, sizeof(raw) - 1);
	g_autofree char *sum =
		g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, data);
	struct compose_part parts[] = {
		{ "logo.png", "image/png", "logo@desk.example", data },
		{ "plain.bin", "application/octet-stream", NULL, data },
	};
	struct compose compose = {
		.from_name = "Suporte — Via \"VPS\"",
		.from_address = "suporte@desk.example",
		.to = to_ana,
		.cc = cc,
		.reply_to = "suporte+x.y@desk.example",
		.subject = "[VIA-0000000] Olá, a sua página não abre há dias "
			   "e não sei por quê; podem verificar? 😀",
		.message_id = "<3@desk.example>",
		.in_reply_to = "<2@b>",
		.references = references,
		.date = WHEN,
		.automatic = COMPOSE_REPLIED,
		.ticket_ref = "VIA-0000000",
		.text = "Olá =20 — tudo bem?\n.\nFrom here \nfim",
		.html = "<p>Olá — <b>tudo bem?</b></p>",
		.parts = parts,
		.n_parts = G_N_ELEMENTS(parts),
	};
	g_autofree char *message = dup_message(&compose);
	g_autofree char *got = dup_python(message);
	g_autofree char *want = NULL;

	(void)state;
	if (got == NULL) {
		print_message("no %s\n", PYTHON);
		skip();
	}
	want = g_strdup_printf(
		"Date=Sun, 22 Nov 2026 16:20:00 +0000\n"
		"From=\"Suporte — Via \\\"VPS\\\"\" <suporte@desk.example>\n"
		"To=ana@cliente.example\n"
		"Cc=b@b.example, c@c.example\n"
		"Reply-To=suporte+x.y@desk.example\n"
		"Subject=[VIA-0000000] Olá, a sua página não abre há dias "
		"e não sei por quê; podem verificar? 😀\n"
		"Message-ID=<3@desk.example>\n"
		"In-Reply-To=<2@b>\n"
		"References=<1@a> <2@b>\n"
		"Auto-Submitted=auto-replied\n"
		"X-Auto-Response-Suppress=All\n"
		"X-Portaria-Ticket=VIA-0000000\n"
		"part=multipart/mixed\n"
		"part.0=multipart/alternative\n"
		"part.0.0=text/plain\n"
		"part.0.0 text=Olá =20 — tudo bem?\\n.\\nFrom here \\nfim\\n\n"
		"part.0.1=text/html\n"
		"part.0.1 text=<p>Olá — <b>tudo bem?</b></p>\\n\n"
		"part.1=image/png\n"
		"part.1 disposition=inline\n"
		"part.1 filename=logo.png\n"
		"part.1 id=<logo@desk.example>\n"
		"part.1 sha256=%s\n"
		"part.2=application/octet-stream\n"
		"part.2 disposition=attachment\n"
		"part.2 filename=plain.bin\n"
		"part.2 id=\n"
		"part.2 sha256=%s\n",
		sum, sum);
	assert_string_equal(got, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_simple),
		cmocka_unit_test(test_message_is_the_same_again),
		cmocka_unit_test(test_message_marks_automatic_mail),
		cmocka_unit_test(test_message_writes_names),
		cmocka_unit_test(test_message_names_survive),
		cmocka_unit_test(test_message_writes_subjects),
		cmocka_unit_test(test_message_subjects_survive),
		cmocka_unit_test(test_message_words_split_between_characters),
		cmocka_unit_test(test_message_cannot_be_injected),
		cmocka_unit_test(test_message_refuses_bad_addresses),
		cmocka_unit_test(test_message_refuses_missing_from),
		cmocka_unit_test(test_message_without_recipients),
		cmocka_unit_test(test_message_folds_addresses),
		cmocka_unit_test(test_message_writes_eai_addresses),
		cmocka_unit_test(test_message_writes_ids),
		cmocka_unit_test(test_message_cuts_references),
		cmocka_unit_test(test_message_keeps_one_long_reference),
		cmocka_unit_test(test_message_writes_text),
		cmocka_unit_test(test_message_breaks_endless_lines),
		cmocka_unit_test(test_message_boundary_is_safe),
		cmocka_unit_test(test_message_writes_filenames),
		cmocka_unit_test(test_message_writes_names_of_types),
		cmocka_unit_test(test_message_shows_inline_images),
		cmocka_unit_test(test_message_writes_outlooks_fields),
		cmocka_unit_test(test_message_writes_content_types),
		cmocka_unit_test(test_message_encodes_attachments),
		cmocka_unit_test(test_message_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
