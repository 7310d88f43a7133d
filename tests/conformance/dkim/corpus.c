/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * corpus.c - signed mail of many makers
 *
 * The samples of stalwart-auth: DNS records ("name value", one a line), an
 * empty line, the message with LF line ends. In dkim/ the last signature
 * verifies, in arc/ at least one. The clock stands at the latest t= of each.
 * Skipped when the corpus is not there: PORTARIA_CORPUS, else the folder
 * named at build time.
 */
#include "conformance/dkim/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/dnsput.h"

#define CORPUS_TIME ((gint64)1667843664)
#define SKIPPED     77

static char *folder;

static char *find_folder(void)
{
	const char *env = g_getenv("PORTARIA_CORPUS");
	g_autofree char *path = g_build_filename(env != NULL ? env : CORPUS_DIR,
	                                         "stalwart-auth", NULL);

	return g_file_test(path, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&path)
	                                             : NULL;
}

static void put_records(struct resolver *resolver, const char *records)
{
	g_auto(GStrv) lines = g_strsplit(records, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		char *text = strchr(*line, ' ');

		if (text == NULL)
			continue;
		*text++ = '\0';
		dnsput(resolver, *line, DNS_TYPE_TXT, text);
	}
}

/* with_crlf: as an MTA has it; else as the file has it. */
static GPtrArray *verify_file(const char *path, bool with_crlf)
{
	g_autofree char *text = NULL;
	g_autoptr(GString) message = NULL;
	struct resolver *resolver = sign_resolver();
	struct dkim_library *library = dkim_library_new(resolver, NULL);
	struct verify_input input = { .resolver = resolver };
	GPtrArray *signatures;
	char *empty_line;

	assert_non_null(library);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	empty_line = strstr(text, "\n\n");
	assert_non_null(empty_line);
	*empty_line = '\0';
	put_records(resolver, text);
	message = g_string_new(empty_line + 2);
	if (with_crlf)
		g_string_replace(message, "\n", "\r\n", 0);
	input.message = message->str;
	input.len = message->len;
	signatures = verify(library, &input);
	dkim_library_free(library);
	resolver_free(resolver);
	return signatures;
}

static unsigned count_passed(const GPtrArray *signatures)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < signatures->len; i++) {
		const struct dkim_signature *signature = signatures->pdata[i];

		passed += signature->result == DKIM_RESULT_PASS;
	}
	return passed;
}

static enum dkim_result last_result(const GPtrArray *signatures)
{
	const struct dkim_signature *signature;

	assert_true(signatures->len > 0);
	signature = signatures->pdata[signatures->len - 1];
	return signature->result;
}

struct sample {
	const char *folder;
	const char *name;
	gint64 now;
	bool last_passes;
};

static void check(const struct sample *sample)
{
	g_autofree char *path =
		g_build_filename(folder, sample->folder, sample->name, NULL);
	g_autoptr(GPtrArray) lf = NULL;
	g_autoptr(GPtrArray) crlf = NULL;

	sign_set_time(sample->now);
	lf = verify_file(path, false);
	crlf = verify_file(path, true);
	for (unsigned i = 0; i < crlf->len; i++) {
		const struct dkim_signature *signature = crlf->pdata[i];

		print_message(
			"%s/%s: d=%s %s %s\n", sample->folder, sample->name,
			signature->domain, dkim_result_name(signature->result),
			signature->reason != NULL ? signature->reason : "");
	}
	assert_true(count_passed(crlf) > 0);
	assert_int_equal(count_passed(lf), count_passed(crlf));
	if (sample->last_passes)
		assert_int_equal(last_result(crlf), DKIM_RESULT_PASS);
}

static void test_samples(void **state)
{
	static const struct sample samples[] = {
		{ "dkim", "001.txt", 1667843664, true },
		{ "dkim", "002.txt", 1667843664, true },
		{ "dkim", "003.txt", 1667843664, true },
		{ "dkim", "004.txt", 1667862801, true },
		{ "dkim", "005.txt", 1667893878, true },
		{ "dkim", "006.txt", 1667893878, true },
		{ "arc", "001.txt", 1674137914, false },
		{ "arc", "002.txt", 1674137914, false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
		check(&samples[i]);
	g_print("#result\tstalwart-auth: DKIM signatures\t%zu\t%zu\t0\t0\n",
	        G_N_ELEMENTS(samples), G_N_ELEMENTS(samples));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
	};
	int failed;

	folder = find_folder();
	if (folder == NULL) {
		g_print("no corpus: skipped (PORTARIA_CORPUS)\n");
		return SKIPPED;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	g_free(folder);
	return failed;
}
