/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fault_fingerprint.c - lmtpd/fingerprint.c: what is the same message?
 *
 * Pure: bytes in, a digest out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "lmtpd/fingerprint.h"

#define ID   "mx.desk.example"
#define MAIL "From: a@b\r\nMessage-ID: <1@b>\r\n"
#define BODY "\r\nBom dia.\r\n"

static void test_fingerprint(G_GNUC_UNUSED void **state)
{
	static const struct {
		const char *name;
		const char *text;
		bool same; /* as MAIL BODY */
	} cases[] = {
		{ "itself", MAIL BODY, true },
		{ "a hop", "Received: from x\r\n\tby y\r\n" MAIL BODY, true },
		{ "two hops", "Received: x\r\nrEcEiVeD: y\r\n" MAIL BODY,
		  true },
		{ "all trace",
		  "Return-Path: <>\r\nDelivered-To: c@d\r\n"
		  "X-Original-To: c@d\r\nReceived: x\r\n" MAIL BODY,
		  true },
		{ "our seal in front", "X-Portaria-Seal: v=1\r\n" MAIL BODY,
		  true },
		{ "our seal between",
		  "From: a@b\r\nX-Portaria-Seal: v=1\r\n"
		  "Message-ID: <1@b>\r\n" BODY,
		  true },
		{ "our result in front of a hop",
		  "Authentication-Results: " ID "; spf=pass\r\n"
		  "Received: x\r\n" MAIL BODY,
		  true },
		{ "another's result",
		  "Authentication-Results: other.example; spf=pass\r\n" MAIL
		  BODY,
		  false },
		{ "trace behind the front",
		  "From: a@b\r\nReceived: x\r\nMessage-ID: <1@b>\r\n" BODY,
		  false },
		{ "other body", MAIL "\r\nBom dia!\r\n", false },
		{ "more body", MAIL BODY "\r\n", false },
		/* The header ends there, as Postfix ends it. */
		{ "no empty line", MAIL "Bom dia.\r\n", true },
		{ "no body", MAIL, false },
		{ "another field", MAIL "X: y\r\n" BODY, false },
		{ "field cut elsewhere",
		  "From:  a@b\r\nMessage-ID: <1@b>\r\n" BODY, false },
		{ "another order",
		  "Message-ID: <1@b>\r\nFrom: a@b\r\n" BODY, false },
		{ "only trace", "Received: x\r\n", false },
		{ "nothing", "", false },
	};
	g_autofree char *want =
		fingerprint_message(ID, MAIL BODY, strlen(MAIL BODY));

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = fingerprint_message(
			ID, cases[i].text, strlen(cases[i].text));

		if ((strcmp(got, want) == 0) != cases[i].same)
			fail_msg("%s", cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fingerprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
