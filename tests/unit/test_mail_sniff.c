/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file really is. No case needs libmagic's database. */
#include "mail_case.h"

#include "mail/sniff.h"

static char *sniff(const char *data, const char *declared)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, strlen(data));

	return sniff_dup_type(bytes, declared);
}

static void test_dup_type_tells_contradictions(void **state)
{
	static const struct {
		const char *data;
		const char *declared;
		const char *want;
	} cases[] = {
		{ "%PDF-1.4\n", "application/octet-stream", "application/pdf" },
		{ "%PDF-1.4\n", "application/pdf", "" },
		{ "%PDF-1.4\n", "image/png", "application/pdf" },
		{ "GIF89a\1\0\1", "image/gif", "" },
		{ "just words\n", "text/csv", "" },
		{ "just words\n", "message/delivery-status", "" },
		{ "\1\2\3\4\5", "application/x-unheard-of", "" },
		{ "", "image/png", "" },
		{ "just words\n", "image/png", "text/plain" },
		{ "just words\n", "application/octet-stream", "text/plain" },
		{ "{\"a\": 1}\n", "application/json", "" },
		{ "<p>x</p>\n", "application/xhtml+xml", "" },
		{ "\357\273\277 <!DOCTYPE HTML><html>", "image/jpeg",
		  "text/html" },
		{ "<html><body>", "text/plain", "" },
		{ "#!/bin/sh\nrm -rf /\n", "image/gif",
		  "text/x-shellscript" },
		{ "{\\rtf1\\ansi x}", "application/msword", "text/rtf" },
		{ "\377\330\377\340\1\20JFIF", "image/jpg", "" },
		{ "\377\330\377\340\1\20JFIF", "image/png", "image/jpeg" },
		{ "MZ\220\1\3", "application/x-dosexec", "" },
		{ "Rar!\032\7\1", "image/png", "application/x-rar" },
		{ "PK\3\4\24",
		  "application/vnd.openxmlformats-officedocument."
		  "wordprocessingml.document",
		  "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = sniff(cases[i].data, cases[i].declared);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].declared, got);
	}
}

static int set_up(void **state)
{
	(void)state;
	sniff_init();
	sniff_init(); /* harmless */
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dup_type_tells_contradictions),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
