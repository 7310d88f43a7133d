/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From bytes to struct mail. Needs converters and libmagic's database. */
#include "mail_case.h"

#include "base/clock.h"

#define SLOW (30 * CLOCK_SECOND)

#define HEAD "From: Ana <ana@cliente.example>\nTo: suporte@desk.example\n"

static void test_parse_reads_the_header(void **state)
{
	AUTO(mail)
	mail = case_parse(
		"Message-ID: <1@cliente.example>\n"
		"In-Reply-To: <0@desk.example>\n"
		"References: <a@desk.example>\n <0@desk.example>\n"
		"Date: Sun, 22 Nov 2026 13:20:00 -0300\n"
		"From: =?iso-8859-1?Q?Jo=E3o?= da Silva <Joao@Cliente.Example>\n"
		"Reply-To: outro@cliente.example\n"
		"To: Suporte <suporte@desk.example>,\n \"B, C\" <b@c.example>\n"
		"Cc: undisclosed: d@e.example, f@g.example;\n"
		"Subject: =?utf-8?B?w6dvaXNh?= nova\n"
		"\n"
		"Olá\n");
	const struct mailbox *from = g_ptr_array_index(mail->from, 0);

	(void)state;
	assert_string_equal(mail->message_id, "<1@cliente.example>");
	assert_string_equal(mail->in_reply_to[0], "<0@desk.example>");
	assert_null(mail->in_reply_to[1]);
	assert_string_equal(mail->references[0], "<a@desk.example>");
	assert_string_equal(mail->references[1], "<0@desk.example>");
	assert_null(mail->references[2]);
	assert_true(mail->date == G_GINT64_CONSTANT(1795364400000));
	assert_int_equal(mail->from->len, 1);
	assert_string_equal(from->name, "João da Silva");
	assert_string_equal(from->local, "Joao");
	assert_string_equal(from->domain, "cliente.example");
	assert_string_equal(from->address, "joao@cliente.example");
	assert_int_equal(mail->reply_to->len, 1);
	assert_int_equal(mail->to->len, 2);
	assert_string_equal(
		((struct mailbox *)g_ptr_array_index(mail->to, 1))->name,
		"B, C");
	assert_int_equal(mail->cc->len, 2);
	assert_string_equal(mail->subject, "çoisa nova");
	assert_string_equal(mail->text, "Olá");
	assert_string_equal(mail->text_trimmed, "Olá");
	assert_string_equal(mail->html, "");
	assert_int_equal(mail->parts->len, 0);
	assert_int_equal(mail->kind, MAIL_KIND_HUMAN);
	assert_false(mail->is_forward);
	assert_int_equal(mail->fields.priority, MAIL_PRIORITY_NONE);
	assert_string_equal(mail->fields.service, "");
	assert_null(mail->bounce);
	assert_null(mail->abuse);
	assert_int_equal(mail->warnings, 0);
}

static void test_parse_decodes_subjects(void **state)
{
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "ol\341 \200", "olá €" },
		{ "ol\303\241", "olá" },
		{ "=?windows-1252?Q?ol=E1_=80?=", "olá €" },
		{ "=?ISO-8859-1?Q?ol=E1_=80?=", "olá €" },
		{ "=?utf-8?Q?a=C3?= =?utf-8?Q?=A7b?=", "açb" },
		{ "RES: [VIA-7K3Q9MX]\n =?utf-8?B?cGFnYW1lbnRv?=",
		  "RES: [VIA-7K3Q9MX] pagamento" },
		{ "=?x-martian?Q?a?= b", "a b" },
		{ "a\tb", "a b" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			HEAD "Subject: ", cases[i].input, "\n\nx\n", NULL);
		AUTO(mail) mail = case_parse(text);

		assert_string_equal(mail->subject, cases[i].want);
	}
}

static void test_parse_takes_the_first_of_single_fields(void **state)
{
	AUTO(mail)
	mail = case_parse("Subject: um\nSubject: dois\n"
	                  "Message-ID: <1@a>\nMessage-ID: <2@a>\n"
	                  "From: a@b.example\nFrom: c@d.example\n"
	                  "Date: 22 Nov 2026 16:20:00 +0000\n"
	                  "Date: 23 Nov 2026 16:20:00 +0000\n\nx\n");

	(void)state;
	assert_string_equal(mail->subject, "um");
	assert_string_equal(mail->message_id, "<1@a>");
	assert_true(mail->date == G_GINT64_CONSTANT(1795364400000));
	assert_int_equal(mail->from->len, 2);
	assert_true((mail->warnings & MAIL_WARN_DUPLICATE) != 0);
}

static void test_parse_reads_broken_addresses_for_display(void **state)
{
	AUTO(mail)
	mail = case_parse("From: \"Ana\" <ana@>\n"
	                  "To: nobody, <>, a@b@c, \"x\"@y.example\n"
	                  "\nx\n");
	const struct mailbox *from = g_ptr_array_index(mail->from, 0);

	(void)state;
	assert_non_null(strstr(from->name, "Ana"));
	assert_string_equal(from->domain, "");
	assert_string_equal(from->address, "");
	assert_true(mail->to->len >= 1);
}

static void test_parse_keeps_so_many_addresses(void **state)
{
	GString *text = g_string_new("From: a@b.example\nTo: x0@y.example");

	(void)state;
	for (int i = 1; i < 300; i++)
		g_string_append_printf(text, ",\n x%d@y.example", i);
	g_string_append(text, "\n\nx\n");
	AUTO(mail) mail = case_parse(text->str);

	assert_int_equal(mail->to->len, 200);
	g_string_free(text, TRUE);
}

static void test_parse_keeps_the_last_references(void **state)
{
	GString *text = g_string_new("From: a@b.example\nReferences:");

	(void)state;
	for (int i = 0; i < 150; i++)
		g_string_append_printf(text, "\n <%d@x>", i);
	g_string_append(text, "\n\nx\n");
	AUTO(mail) mail = case_parse(text->str);

	assert_int_equal(g_strv_length(mail->references), 100);
	assert_string_equal(mail->references[0], "<50@x>");
	assert_string_equal(mail->references[99], "<149@x>");
	g_string_free(text, TRUE);
}

static void test_parse_reads_priorities(void **state)
{
	static const struct {
		const char *header;
		const char *body;
		enum mail_priority want;
	} cases[] = {
		{ "X-Priority: 1 (Highest)\n", "x", MAIL_PRIORITY_HIGH },
		{ "X-Priority: 2\n", "x", MAIL_PRIORITY_HIGH },
		{ "X-Priority: 3 (Normal)\n", "x", MAIL_PRIORITY_NONE },
		{ "X-Priority: 5\n", "x", MAIL_PRIORITY_LOW },
		{ "Importance: High\n", "x", MAIL_PRIORITY_HIGH },
		{ "Importance: normal\n", "x", MAIL_PRIORITY_NONE },
		{ "Importance: low\n", "x", MAIL_PRIORITY_LOW },
		{ "Priority: urgent\n", "x", MAIL_PRIORITY_HIGH },
		{ "Priority: non-urgent\n", "x", MAIL_PRIORITY_LOW },
		{ "X-MSMail-Priority: High\n", "x", MAIL_PRIORITY_HIGH },
		{ "X-Priority: 1\n", "Prioridade: baixa\nx",
		  MAIL_PRIORITY_LOW },
		{ "", "Prioridade: alta\nx", MAIL_PRIORITY_HIGH },
		{ "", "x", MAIL_PRIORITY_NONE },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(HEAD, cases[i].header, "\n",
		                                    cases[i].body, NULL);
		AUTO(mail) mail = case_parse(text);

		assert_int_equal(mail->fields.priority, cases[i].want);
		assert_string_equal(mail->text, "x");
	}
}

static void test_parse_leaves_fields_of_programs_alone(void **state)
{
	AUTO(mail)
	mail = case_parse(HEAD "Auto-Submitted: auto-generated\n\n"
	                       "Prioridade: alta\nx\n");

	(void)state;
	assert_int_equal(mail->kind, MAIL_KIND_AUTO_REPLY);
	assert_int_equal(mail->fields.priority, MAIL_PRIORITY_NONE);
	assert_string_equal(mail->text, "Prioridade: alta\nx");
}

static void test_parse_trims_replies_but_not_forwards(void **state)
{
	static const struct {
		const char *subject;
		const char *body;
		const char *trimmed;
		bool is_forward;
	} cases[] = {
		{ "RES: x",
		  "Obrigado\n\nEm 1/2/2026 10:00, Desk <a@b.example> "
		  "escreveu:\n> texto",
		  "Obrigado", false },
		{ "ENC: x",
		  "Segue\n\nDe: a@b.example\nEnviado: hoje\nPara: c\n"
		  "Assunto: y\n\ntexto",
		  NULL, true },
		{ "x",
		  "Segue\n\n---------- Forwarded message ---------\n"
		  "De: A <a@b.example>\nDate: hoje\nSubject: y\n\ntexto",
		  NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strconcat(HEAD "Subject: ", cases[i].subject, "\n\n",
		                    cases[i].body, "\n", NULL);
		AUTO(mail) mail = case_parse(text);

		assert_int_equal(mail->is_forward, cases[i].is_forward);
		assert_string_equal(mail->text, cases[i].body);
		assert_string_equal(mail->text_trimmed,
		                    cases[i].trimmed != NULL ? cases[i].trimmed
		                                             : mail->text);
	}
}

static void test_parse_forwarding_program(void **state)
{
	AUTO(mail)
	mail = case_parse(HEAD
	                  "X-Forwarded-Message-Id: <1@a>\nSubject: x\n\ny\n");

	(void)state;
	assert_true(mail->is_forward);
}

/* Whatever the bytes are, they are kept and shown. */
static void test_parse_without_a_header(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{ "", "" },
		{ "\n", "" },
		{ "\nbody\n", "body" },
		{ "no header here\nat all\n", "no header here\nat all" },
		{ " folded: first\n\nx", " folded: first\n\nx" },
		{ "From ana Sun Nov 22 16:20:00 2026\nSubject: y\n\nx\n",
		  "x" },
		{ "Subject: y\nno field\nTo: z\n\nx\n",
		  "no field\nTo: z\n\nx" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(mail) mail = case_parse(cases[i].text);

		assert_string_equal(mail->text, cases[i].want);
		assert_int_equal(mail->parts->len, 0);
	}
}

static void test_parse_refuses_what_passes_a_limit(void **state)
{
	GString *text = g_string_new("To: ");
	struct limits limits;
	g_autoptr(GError) error = NULL;

	(void)state;
	for (int i = 0; i < 30000; i++)
		g_string_append(text, "g:");
	g_string_append(text, "\n\nx\n");
	limits_init(&limits);
	g_autoptr(GBytes) raw = case_bytes(text->str);
	AUTO(mail) mail = mail_parse(raw, &limits, &error);

	assert_null(mail);
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT));
	g_string_free(text, TRUE);
}

/* Just inside all limits at once, the parse is quick and small. */
static void test_parse_at_the_limits(void **state)
{
	GString *text = g_string_new(HEAD);
	gint64 start = clock_monotonic();

	(void)state;
	g_string_append(text, "To: ");
	for (int i = 0; i < 190; i++)
		g_string_append(text, "g:");
	g_string_append(text, "\nContent-Type: multipart/mixed; boundary=b");
	for (int i = 0; i < 60; i++)
		g_string_append_printf(text, "; p%d=\"q\"", i);
	g_string_append(text, "\n\n");
	for (int i = 0; i < 990; i++)
		g_string_append_printf(text,
		                       "--b\nContent-Type: text/plain; "
		                       "name=\"a\"\nX-A: b\n\n%d\n",
		                       i);
	g_string_append(text, "--b--\n");
	AUTO(mail) mail = case_parse(text->str);

	assert_int_equal(mail->parts->len, 989);
	assert_true(clock_monotonic() - start < SLOW);
	g_string_free(text, TRUE);
}

static void test_stub_says_what_can_be_said(void **state)
{
	g_autoptr(GBytes) raw = case_bytes(
		"Subject: =?utf-8?Q?ol=C3=A1?=\nSubject: dois\n"
		"From: Ana <Ana@Cliente.Example>\n"
		"Message-ID: <1@a>\nIn-Reply-To: <0@a>\n"
		"References: <x@a> <0@a>\nAuto-Submitted: auto-replied\n"
		"\nbody\n");
	struct limits limits;

	(void)state;
	limits_init(&limits);
	AUTO(mail) mail = mail_parse_stub(raw, &limits, "too deep \377");
	const struct mailbox *from = g_ptr_array_index(mail->from, 0);

	assert_string_equal(mail->subject, "olá");
	assert_string_equal(from->address, "ana@cliente.example");
	assert_string_equal(mail->message_id, "<1@a>");
	assert_string_equal(mail->in_reply_to[0], "<0@a>");
	assert_int_equal(g_strv_length(mail->references), 2);
	assert_string_equal(mail->text, "too deep \357\277\275");
	assert_string_equal(mail->text_trimmed, mail->text);
	assert_int_equal(mail->parts->len, 0);
	assert_int_equal(mail->kind, MAIL_KIND_AUTO_REPLY);
	assert_true((mail->warnings & MAIL_WARN_DUPLICATE) != 0);
}

static void test_stub_never_fails(void **state)
{
	struct limits limits;
	GString *big = g_string_new("Subject: ");

	(void)state;
	limits_init(&limits);
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	AUTO(mail) none = mail_parse_stub(empty, &limits, "why");

	assert_string_equal(none->subject, "");
	assert_int_equal(none->from->len, 0);
	while (big->len < 10 * MIB)
		g_string_append(big, "=?utf-8?Q?a?= ");
	g_autoptr(GBytes) raw = g_string_free_to_bytes(big);
	gint64 start = clock_monotonic();
	AUTO(mail) stub = mail_parse_stub(raw, &limits, "why");

	assert_true(strlen(stub->subject) <= limits.header_bytes);
	assert_true(clock_monotonic() - start < SLOW);
	g_autoptr(GBytes) garbage = g_bytes_new_static("\0\377:\n\n", 5);
	AUTO(mail) odd = mail_parse_stub(garbage, &limits, "");

	assert_string_equal(odd->text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_reads_the_header),
		cmocka_unit_test(test_parse_decodes_subjects),
		cmocka_unit_test(test_parse_takes_the_first_of_single_fields),
		cmocka_unit_test(test_parse_reads_broken_addresses_for_display),
		cmocka_unit_test(test_parse_keeps_so_many_addresses),
		cmocka_unit_test(test_parse_keeps_the_last_references),
		cmocka_unit_test(test_parse_reads_priorities),
		cmocka_unit_test(test_parse_leaves_fields_of_programs_alone),
		cmocka_unit_test(test_parse_trims_replies_but_not_forwards),
		cmocka_unit_test(test_parse_forwarding_program),
		cmocka_unit_test(test_parse_without_a_header),
		cmocka_unit_test(test_parse_refuses_what_passes_a_limit),
		cmocka_unit_test(test_parse_at_the_limits),
		cmocka_unit_test(test_stub_says_what_can_be_said),
		cmocka_unit_test(test_stub_never_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
