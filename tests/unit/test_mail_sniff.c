/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file really is. Needs libmagic's database; skips without. */
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
		{ "PK\3\4\24",
		  "application/vnd.openxmlformats-officedocument."
		  "wordprocessingml.document",
		  "" },
	};
	g_autofree char *probe =
		sniff("%PDF-1.4\n", "application/octet-stream");

	(void)state;
	if (probe[0] == '\0')
		skip();
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
