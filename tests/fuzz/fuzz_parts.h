/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_parts.h - a struct mail from any bytes, without the MIME reader
 *
 * The header is read up to its empty line; what follows is the text up to the
 * first form feed. Each piece behind a form feed is a part: its first byte
 * picks the type from the target's list. So the fuzzer reaches the readers of
 * parts without having to write boundaries.
 */
#ifndef PORTARIA_TESTS_FUZZ_PARTS_H
#define PORTARIA_TESTS_FUZZ_PARTS_H

#include <stdlib.h>
#include <string.h>

#include "mail/header.h"
#include "mail/mailbuild.h"
#include "mail/subject.h"
#include "mail/text.h"

#define FUZZ_PARTS_MAX 6

struct fuzz_type {
	const char *content_type;
	const char *filename;
};

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

static inline void must_be_text(const char *text)
{
	must(text != NULL && g_utf8_validate(text, -1, NULL));
}

static inline void fuzz_part_free(gpointer data)
{
	mail_part_free(data);
}

static inline void fuzz_add_part(struct mail *mail,
                                 const struct fuzz_type *type, const char *data,
                                 size_t len)
{
	struct mail_part *part = g_new0(struct mail_part, 1);

	part->content_type = g_strdup(type->content_type);
	part->filename = g_strdup(type->filename);
	part->data = g_bytes_new(data, len);
	g_ptr_array_add(mail->parts, part);
}

static inline void fuzz_add_parts(struct mail *mail,
                                  const struct fuzz_type *types, size_t n,
                                  const char *at, const char *end)
{
	while (at < end && mail->parts->len < FUZZ_PARTS_MAX) {
		const char *feed = memchr(at, '\f', (size_t)(end - at));
		const char *stop = feed != NULL ? feed : end;

		if (stop > at)
			fuzz_add_part(mail, &types[(guchar)*at % n], at + 1,
			              (size_t)(stop - at) - 1);
		at = stop + 1;
	}
}

static inline void fuzz_take_field(struct mail *mail,
                                   const struct header_field *field)
{
	if (header_is(field, "Subject") && mail->subject == NULL)
		mail->subject = subject_decode(field->value, field->value_len);
	else if (header_is(field, "From") && mail->from->len == 0)
		g_ptr_array_add(mail->from,
		                mailbox_new_lenient("", "x@from.example"));
	else if (header_is(field, "To") && mail->to->len == 0)
		g_ptr_array_add(mail->to,
		                mailbox_new_lenient("", "x@to.example"));
}

static inline struct mail *fuzz_mail(const struct fuzz_type *types, size_t n,
                                     const char *data, size_t size)
{
	struct mail *mail = mail_new();
	struct header_walk walk;
	struct header_field field;
	const char *end = data + size, *body, *feed;

	header_walk_init(&walk, data, size);
	while (header_walk_next(&walk, &field))
		fuzz_take_field(mail, &field);
	body = header_walk_body(&walk);
	if (body == NULL)
		body = end;
	feed = body < end ? memchr(body, '\f', (size_t)(end - body)) : NULL;
	if (feed == NULL)
		feed = end;
	mail->text = text_take_clean(g_utf8_make_valid(body, feed - body));
	if (feed < end)
		fuzz_add_parts(mail, types, n, feed + 1, end);
	mail_fill(mail);
	return mail;
}

#endif
