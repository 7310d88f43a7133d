/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages written in tests with \n, as they arrive: with CRLF. */
#ifndef PORTARIA_TESTS_MAIL_CASE_H
#define PORTARIA_TESTS_MAIL_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "mail/parse.h"

static inline GBytes *case_bytes_len(const char *text, size_t len)
{
	GString *out = g_string_sized_new(len + 64);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
			g_string_append_c(out, '\r');
		g_string_append_c(out, text[i]);
	}
	return g_string_free_to_bytes(out);
}

static inline GBytes *case_bytes(const char *text)
{
	return case_bytes_len(text, strlen(text));
}

static inline struct mail *case_parse_len(const char *text, size_t len)
{
	g_autoptr(GBytes) raw = case_bytes_len(text, len);
	g_autoptr(GError) error = NULL;
	struct limits limits;

	limits_init(&limits);
	struct mail *mail = mail_parse(raw, &limits, &error);

	if (mail == NULL)
		fail_msg("%s", error->message);
	return mail;
}

/* Parses with default limits; the test fails if that fails. */
static inline struct mail *case_parse(const char *text)
{
	return case_parse_len(text, strlen(text));
}

static inline const struct mail_part *case_part(const struct mail *mail,
                                                guint index)
{
	assert_true(index < mail->parts->len);
	return g_ptr_array_index(mail->parts, index);
}

/* The bytes of a part as a string. */
static inline char *case_dup_data(const struct mail_part *part)
{
	gsize len = 0;
	const char *data = g_bytes_get_data(part->data, &len);

	return g_strndup(len > 0 ? data : "", len);
}

#endif
