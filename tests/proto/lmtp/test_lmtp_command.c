/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lmtp_command.c - arguments of MAIL, RCPT, XFORWARD, BDAT
 *
 * Pure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lmtpd/command.h"

static const struct {
	const char *args;
	const char *address; /* NULL: refused with `code` */
	guint64 size;
	bool smtputf8;
	const char *code;
} mails[] = {
	{ "FROM:<a@b.example>", "a@b.example", 0, false, NULL },
	{ "from:<a@b.example>", "a@b.example", 0, false, NULL },
	{ "FROM: <a@b.example>", "a@b.example", 0, false, NULL },
	{ "FROM:<>", "", 0, false, NULL },
	{ "FROM:<> SIZE=12", "", 12, false, NULL },
	{ "FROM:<a@b> BODY=8BITMIME SIZE=7 SMTPUTF8", "a@b", 7, true, NULL },
	{ "FROM:<a@b> body=7bit", "a@b", 0, false, NULL },
	{ "FROM:<a@b>  SIZE=1 ", "a@b", 1, false, NULL },
	{ "FROM:<@x,@y:a@b>", "a@b", 0, false, NULL },
	{ "FROM:<\"a>b\"@c>", "\"a>b\"@c", 0, false, NULL },
	{ "FROM:<\"a\\\"> b\"@c> SIZE=3", "\"a\\\"> b\"@c", 3, false, NULL },
	{ "FROM:<not an address>", "not an address", 0, false, NULL },
	{ "FROM:<jos\xc3\xa9@b> SMTPUTF8", "jos\xc3\xa9@b", 0, true, NULL },
	{ "FROM:<a@b> SIZE=18446744073709551615", "a@b", G_MAXUINT64, false,
	  NULL },
	{ "FROM:<a@b> SIZE=18446744073709551616", NULL, 0, false, "501" },
	{ "FROM:<a@b> SIZE=1 SIZE=2", NULL, 0, false, "501" },
	{ "FROM:<a@b> SIZE=", NULL, 0, false, "501" },
	{ "FROM:<a@b> SIZE", NULL, 0, false, "501" },
	{ "FROM:<a@b> SIZE=-1", NULL, 0, false, "501" },
	{ "FROM:<a@b> SIZE=0000000000000000000001", NULL, 0, false, "501" },
	{ "FROM:<a@b> BODY=BINARYMIME", NULL, 0, false, "501" },
	{ "FROM:<a@b> BODY", NULL, 0, false, "501" },
	{ "FROM:<a@b> SMTPUTF8=1", NULL, 0, false, "501" },
	{ "FROM:<a@b> RET=FULL", NULL, 0, false, "555" },
	{ "FROM:<a@b> AUTH=<>", NULL, 0, false, "555" },
	{ "FROM:<a@b> =", NULL, 0, false, "555" },
	{ "FROM:<a@b>SIZE=1", NULL, 0, false, "501" },
	{ "FROM:a@b", NULL, 0, false, "501" },
	{ "FROM:<a@b", NULL, 0, false, "501" },
	{ "FROM:<\"a@b>", NULL, 0, false, "501" },
	{ "FROM:<a@b\\>", NULL, 0, false, "501" },
	{ "FROM:", NULL, 0, false, "501" },
	{ "TO:<a@b>", NULL, 0, false, "501" },
	{ "", NULL, 0, false, "501" },
};

static void test_parse_mail_cases(G_GNUC_UNUSED void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++) {
		struct command_mail mail = { 0 };
		const char *reply = command_parse_mail(mails[i].args, &mail);

		if (mails[i].address == NULL) {
			if (reply == NULL ||
			    strncmp(reply, mails[i].code, 3) != 0)
				fail_msg("%s: %s", mails[i].args, reply);
			assert_null(mail.address);
			continue;
		}
		if (reply != NULL)
			fail_msg("%s: %s", mails[i].args, reply);
		assert_string_equal(mail.address, mails[i].address);
		assert_true(mail.size == mails[i].size);
		assert_int_equal(mail.smtputf8, mails[i].smtputf8);
		command_mail_clear(&mail);
	}
}

static const struct {
	const char *args;
	const char *address;
	const char *code;
} rcpts[] = {
	{ "TO:<a@b>", "a@b", NULL },
	{ "to: <a@b> ", "a@b", NULL },
	{ "TO:<@x:a@b>", "a@b", NULL },
	{ "TO:<postmaster>", "postmaster", NULL },
	{ "TO:<a+b.c@d>", "a+b.c@d", NULL },
	{ "TO:<>", NULL, "501 5.1.3" },
	{ "TO:<@x:>", NULL, "501 5.1.3" },
	{ "TO:<a@b> NOTIFY=NEVER", NULL, "555 5.5.4" },
	{ "TO:<a@b> ORCPT=rfc822;a@b", NULL, "555 5.5.4" },
	{ "TO:a@b", NULL, "501 5.5.4" },
	{ "FROM:<a@b>", NULL, "501 5.5.4" },
	{ "", NULL, "501 5.5.4" },
};

static void test_parse_rcpt_cases(G_GNUC_UNUSED void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rcpts); i++) {
		g_autofree char *address = NULL;
		const char *reply = command_parse_rcpt(rcpts[i].args, &address);

		if (rcpts[i].code != NULL) {
			assert_non_null(reply);
			assert_true(g_str_has_prefix(reply, rcpts[i].code));
			assert_null(address);
		} else {
			assert_null(reply);
			assert_string_equal(address, rcpts[i].address);
		}
	}
}

static void test_parse_xforward_values(G_GNUC_UNUSED void **state)
{
	struct command_xforward client = { 0 };

	assert_null(command_parse_xforward(
		"NAME=mx.example ADDR=192.0.2.1 PROTO=ESMTP", &client));
	assert_null(command_parse_xforward(
		"HELO=a+2Bb+20c SOURCE=REMOTE ident=4cXyZ", &client));
	assert_string_equal(client.name, "mx.example");
	assert_string_equal(client.addr, "192.0.2.1");
	assert_string_equal(client.proto, "ESMTP");
	assert_string_equal(client.helo, "a+b c");
	assert_string_equal(client.source, "REMOTE");
	assert_string_equal(client.ident, "4cXyZ");
	assert_null(command_parse_xforward(
		"ADDR=IPV6:2001:db8::1 NAME=[UNAVAILABLE] HELO=[tempunavail]",
		&client));
	assert_string_equal(client.addr, "2001:db8::1");
	assert_null(client.name);
	assert_null(client.helo);
	assert_null(command_parse_xforward("HELO=a+0D+0Ab+00c+ff", &client));
	assert_string_equal(client.helo, "a??b?c?");
	command_xforward_clear(&client);
	assert_null(client.addr);
}

static void test_parse_xforward_bad(G_GNUC_UNUSED void **state)
{
	static const char *const bad[] = {
		"",         "  ",        "NAME",
		"=x",       "LOGIN=x",   "NAME=a+",
		"NAME=a+2", "NAME=a+2g", "NAME=a PORT=1",
	};
	struct command_xforward client = { 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		const char *reply = command_parse_xforward(bad[i], &client);

		assert_non_null(reply);
		assert_true(g_str_has_prefix(reply, "501 5.5.4"));
	}
	command_xforward_clear(&client);
}

static void test_parse_bdat_sizes(G_GNUC_UNUSED void **state)
{
	guint64 size = 1;

	assert_null(command_parse_bdat("86 LAST", &size));
	assert_int_equal(size, 86);
	assert_null(command_parse_bdat("0", &size));
	assert_int_equal(size, 0);
	assert_non_null(command_parse_bdat("", &size));
	assert_non_null(command_parse_bdat("x", &size));
	assert_non_null(command_parse_bdat("-1", &size));
	assert_int_equal(size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_mail_cases),
		cmocka_unit_test(test_parse_rcpt_cases),
		cmocka_unit_test(test_parse_xforward_values),
		cmocka_unit_test(test_parse_xforward_bad),
		cmocka_unit_test(test_parse_bdat_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
