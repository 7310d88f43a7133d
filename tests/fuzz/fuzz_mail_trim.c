/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_mail_trim.c - cutting quotations off arbitrary text
 *
 * Beyond not crashing: what is kept is a piece of the text as it was, some of
 * it whenever there was some, and the signature is a piece of it, too.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/text.h"
#include "mail/trim.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\n\r\f\v")] == '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *valid = g_utf8_make_valid((const char *)data, (gssize)size);
	g_autofree char *flowed = text_unflow(valid, size % 2 == 0);
	g_autofree char *text = text_take_clean(valid);
	g_autofree char *signature = NULL;
	g_autofree char *quotes = trim_quotes(text);
	g_autofree char *reply = trim_reply(text, &signature);
	g_autofree char *again = trim_reply(text, NULL);

	check(strstr(text, quotes) != NULL);
	check(strstr(text, reply) != NULL);
	check(strstr(text, signature) != NULL);
	check(strcmp(reply, again) == 0);
	check(is_blank(reply) == is_blank(text));
	check(is_blank(quotes) == is_blank(text));
	check(g_utf8_validate(reply, -1, NULL));
	check(g_utf8_validate(flowed, -1, NULL));
	(void)trim_is_forward(text);
	return 0;
}
