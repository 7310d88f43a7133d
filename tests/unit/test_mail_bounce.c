/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delivery reports, standard and not; and mail that only looks like one. */
#include "mail_case.h"

static const struct mail_bounce_recipient *recipient(const struct mail *mail,
                                                     guint index)
{
	assert_non_null(mail->bounce);
	assert_true(index < mail->bounce->recipients->len);
	return g_ptr_array_index(mail->bounce->recipients, index);
}

static void test_standard_report(void **state)
{
	AUTO(mail)
	mail = case_parse(
		"From: MAILER-DAEMON@mx.example (Mail Delivery System)\n"
		"To: bounce+x@desk.example\n"
		"Subject: Undelivered Mail Returned to Sender\n"
		"Auto-Submitted: auto-replied\n"
		"Content-Type: multipart/report; report-type=delivery-status;\n"
		" boundary=\"b\"\n\n"
		"--b\n\nI'm sorry.\n"
		"--b\nContent-Type: message/delivery-status\n\n"
		"Reporting-MTA: dns; mx.example\n"
		"Original-Envelope-Id: env-1\n"
		"Arrival-Date: Sun, 22 Nov 2026 13:20:00 -0300\n\n"
		"Final-Recipient: rfc822; Final@Cliente.Example\n"
		"Original-Recipient: rfc822;ana@cliente.example\n"
		"Action: failed\nStatus: 5.1.1\n"
		"Diagnostic-Code: smtp; 550 5.1.1 <ana@cliente.example>:\n"
		"    no such user\n\n"
		"Final-Recipient: rfc822; <bia@cliente.example>\n"
		"Action: delayed (will retry)\nStatus: 4.4.1 (timeout)\n\n"
		"--b\nContent-Type: message/rfc822\n\n"
		"Message-ID: <VIA7K3Q9MX.1.2.mac@desk.example>\n"
		"From: suporte@desk.example\n\nolá\n--b--\n");

	(void)state;
	assert_int_equal(mail->kind, MAIL_KIND_BOUNCE);
	assert_int_equal(mail->bounce->recipients->len, 2);
	assert_string_equal(recipient(mail, 0)->address, "ana@cliente.example");
	assert_string_equal(recipient(mail, 0)->action, "failed");
	assert_string_equal(recipient(mail, 0)->status, "5.1.1");
	assert_string_equal(recipient(mail, 0)->diagnostic,
	                    "550 5.1.1 <ana@cliente.example>: no such user");
	assert_string_equal(recipient(mail, 1)->address, "bia@cliente.example");
	assert_string_equal(recipient(mail, 1)->action, "delayed");
	assert_string_equal(recipient(mail, 1)->status, "4.4.1");
	assert_string_equal(recipient(mail, 1)->diagnostic, "");
	assert_string_equal(mail->bounce->original_id,
	                    "<VIA7K3Q9MX.1.2.mac@desk.example>");
	assert_string_equal(mail->bounce->original_envelope, "env-1");
	assert_string_equal(mail->text, "I'm sorry.");
	assert_int_equal(mail->parts->len, 2);
}

/* From the shortest to the oddest that is still clear. */
static void test_report_fields_are_read_leniently(void **state)
{
	static const struct {
		const char *name;
		const char *report;
		const char *want; /* address/action/status of each */
	} cases[] = {
		{ "nothing", "", "" },
		{ "only the message", "Reporting-MTA: dns; x\n", "" },
		{ "no status",
		  "\nFinal-Recipient: rfc822; a@b.example\n"
		  "Action: failed\n",
		  "a@b.example/failed/5.0.0 " },
		{ "status from the diagnostic",
		  "\nFinal-Recipient: rfc822; a@b.example\n"
		  "Diagnostic-Code: smtp; 452 4.2.2 mailbox full\n",
		  "a@b.example/delayed/4.2.2 " },
		{ "no type", "\nFinal-Recipient: a@b.example\nStatus: 5.2.1\n",
		  "a@b.example/failed/5.2.1 " },
		{ "delivered",
		  "\nFinal-Recipient: rfc822; a@b.example\nAction: Relayed\n"
		  "Status: 2.0.0\n",
		  "a@b.example/relayed/2.0.0 " },
		{ "unreadable address",
		  "\nFinal-Recipient: x400; /c=br/s=x\nStatus: 5.0.0\n",
		  "/failed/5.0.0 " },
		{ "one group twice",
		  "\nFinal-Recipient: rfc822; a@b.example\nStatus: 5.1.1\n\n"
		  "Final-Recipient: rfc822; A@b.example\nStatus: 5.1.2\n",
		  "a@b.example/failed/5.1.1 " },
		{ "garbage between",
		  "junk\n\n%%%\nFinal-Recipient: rfc822; a@b.example\n"
		  "more junk\nStatus: 5.1.1\n",
		  "a@b.example/failed/5.1.1 " },
		{ "no empty line at the start",
		  "Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1\n",
		  "a@b.example/failed/5.1.1 " },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			"From: x@y.example\nSubject: z\n"
			"Content-Type: multipart/report; boundary=b\n\n"
			"--b\n\n-\n--b\n"
			"Content-Type: message/delivery-status\n\n",
			cases[i].report, "\n--b--\n", NULL);
		AUTO(mail) mail = case_parse(text);
		GString *got = g_string_new(NULL);

		assert_int_equal(mail->kind, MAIL_KIND_BOUNCE);
		for (guint k = 0; k < mail->bounce->recipients->len; k++)
			g_string_append_printf(got, "%s/%s/%s ",
			                       recipient(mail, k)->address,
			                       recipient(mail, k)->action,
			                       recipient(mail, k)->status);
		if (strcmp(got->str, cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, got->str);
		g_string_free(got, TRUE);
	}
}

static void test_report_recipients_are_limited(void **state)
{
	GString *text = g_string_new(
		"From: x@y.example\n"
		"Content-Type: multipart/report; boundary=b\n\n--b\n\n-\n--b\n"
		"Content-Type: message/delivery-status\n\n");

	(void)state;
	for (int i = 0; i < 1000; i++)
		g_string_append_printf(
			text, "Final-Recipient: rfc822; a%d@b.example\n\n", i);
	g_string_append(text, "--b--\n");
	AUTO(mail) mail = case_parse(text->str);

	assert_int_equal(mail->bounce->recipients->len, 100);
	g_string_free(text, TRUE);
}

static void test_reports_in_prose(void **state)
{
	static const struct {
		const char *name;
		const char *header;
		const char *body;
		const char *address;
		const char *action;
		const char *status;
		const char *id;
	} cases[] = {
		{ "qmail style",
		  "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n",
		  "Hi. I wasn't able to deliver your message.\n\n"
		  "<ana@cliente.example>:\n"
		  "192.0.2.9 does not like recipient.\n"
		  "Remote host said: 550 no such user here\n\n"
		  "--- Below this line is a copy of the message.\n\n"
		  "Return-Path: <suporte@desk.example>\n"
		  "Message-ID: <1@desk.example>\nSubject: x\n\noi\n",
		  "ana@cliente.example", "failed", "5.1.1",
		  "<1@desk.example>" },
		{ "exim style",
		  "From: Mail Delivery System <Mailer-Daemon@mx.example>\n"
		  "X-Failed-Recipients: ana@cliente.example\n"
		  "Subject: Mail delivery failed: returning message to sender\n",
		  "A message that you sent could not be delivered.\n\n"
		  "  ana@cliente.example\n    host mx [192.0.2.1]:\n"
		  "    554 5.7.1 spam\n\n"
		  "------ This is a copy of the message, including headers. --\n"
		  "\nMessage-Id: <2@desk.example>\n",
		  "ana@cliente.example", "failed", "5.7.1",
		  "<2@desk.example>" },
		{ "delay",
		  "From: postmaster@mx.example\nReturn-Path: <>\n"
		  "Subject: Delivery Status Notification (Delay)\n",
		  "Delivery to the following recipient has been delayed:\n\n"
		  "     ana@cliente.example\n\nMessage will be retried.\n",
		  "ana@cliente.example", "delayed", "4.0.0", "" },
		{ "portuguese",
		  "From: postmaster@mx.example\nAuto-Submitted: auto-replied\n"
		  "Subject: N\303\243o entregue: pedido\n",
		  "Sua mensagem n\303\243o p\303\264de ser entregue:\n\n"
		  "ana@cliente.example\nUsu\303\241rio desconhecido\n",
		  "ana@cliente.example", "failed", "5.1.1", "" },
		{ "In-Reply-To names the message",
		  "From: MAILER-DAEMON\nIn-Reply-To: <3@desk.example>\n"
		  "Subject: Undeliverable: x\n",
		  "550 <ana@cliente.example>... User unknown\n",
		  "ana@cliente.example", "failed", "5.1.1",
		  "<3@desk.example>" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strconcat(cases[i].header, "To: b@desk.example\n\n",
		                    cases[i].body, NULL);
		AUTO(mail) mail = case_parse(text);

		if (mail->kind != MAIL_KIND_BOUNCE)
			fail_msg("%s: no bounce", cases[i].name);
		assert_int_equal(mail->bounce->recipients->len, 1);
		assert_string_equal(recipient(mail, 0)->address,
		                    cases[i].address);
		assert_string_equal(recipient(mail, 0)->action,
		                    cases[i].action);
		assert_string_equal(recipient(mail, 0)->status,
		                    cases[i].status);
		assert_string_equal(mail->bounce->original_id, cases[i].id);
	}
}

static void test_mail_about_bounces_is_none(void **state)
{
	static const char *const texts[] = {
		"From: ana@cliente.example\nSubject: failure notice\n\n"
		"Recebi \"user unknown\", o que fazer?\n",
		"From: ana@cliente.example\n"
		"Subject: Undelivered Mail Returned to Sender\n"
		"Content-Type: multipart/mixed; boundary=b\n\n"
		"--b\n\nsegue o erro, could not be delivered\n"
		"--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--b--\n",
		"From: ana@cliente.example\nSubject: RES: Falha na entrega\n\n"
		"Ainda 550 5.1.1\n",
		"From: ana@cliente.example\nSubject: oi\n\n"
		"Message-ID: <1@x>\nReceived: from y by z\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		AUTO(mail) mail = case_parse(texts[i]);

		if (mail->kind != MAIL_KIND_HUMAN)
			fail_msg("%zu: %s", i, mail_kind_name(mail->kind));
		assert_null(mail->bounce);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard_report),
		cmocka_unit_test(test_report_fields_are_read_leniently),
		cmocka_unit_test(test_report_recipients_are_limited),
		cmocka_unit_test(test_reports_in_prose),
		cmocka_unit_test(test_mail_about_bounces_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
