/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_mail_address.c - From: fields, and the rest that a raw header tells
 *
 * The input is a field's value and a header block at the same time. Beside
 * the sanitizers these rules must hold: an accepted author has one key,
 * which reads as itself; a second author beside the first, or a control
 * character, is never accepted; whatever is decoded is one line of UTF-8.
 */
#include <stdlib.h>
#include <string.h>

#include "mail/address.h"
#include "mail/compose.h"
#include "mail/header.h"
#include "mail/subject.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_be_line(const char *text)
{
	const char *p;

	must(g_utf8_validate(text, -1, NULL));
	for (p = text; *p != '\0'; p++)
		must(!g_ascii_iscntrl(*p));
}

static void check_mailbox(const struct mailbox *mailbox)
{
	g_autofree char *key = address_dup_key(mailbox->address);
	g_autofree char *domain =
		address_dup_domain(mailbox->domain, strlen(mailbox->domain));
	g_autofree char *written = mailbox_dup_addr_spec(mailbox);
	g_autofree char *again = address_dup_key(written);
	g_autofree char *base = NULL, *extension = NULL, *base_key = NULL;

	must(g_strcmp0(key, mailbox->address) == 0);
	must(g_strcmp0(domain, mailbox->domain) == 0);
	must(g_strcmp0(again, mailbox->address) == 0);
	must(g_str_is_ascii(mailbox->domain));
	must_be_line(mailbox->name);
	must_be_line(mailbox->address);
	address_split_extension(mailbox->address, &base, &extension);
	base_key = address_dup_key(base);
	must(extension == NULL || g_strcmp0(base_key, base) == 0 ||
	     strstr(base, ".@") != NULL);
}

/* The value with something around it. */
static enum address_status parse_with(const char *before, const char *value,
                                      size_t len, const char *behind)
{
	g_autoptr(GString) text = g_string_new(before);
	AUTO(mailbox) mailbox = NULL;

	g_string_append_len(text, value, (gssize)len);
	g_string_append(text, behind);
	return address_parse_from(text->str, text->len, &mailbox);
}

/* A message that we send in this name is read as this name. */
static void check_composed(const struct mailbox *mailbox)
{
	g_autofree char *address = mailbox_dup_addr_spec(mailbox);
	struct compose compose = {
		.from_name = mailbox->name,
		.from_address = address,
	};
	g_autoptr(GBytes) message = compose_message(&compose, NULL);
	g_autofree char *from = NULL;
	AUTO(mailbox) back = NULL;
	gsize size;
	const char *data;

	must(message != NULL);
	data = g_bytes_get_data(message, &size);
	from = header_dup_single(data, size, "From", NULL);
	must(from != NULL);
	must(address_parse_from(from, strlen(from), &back) == ADDRESS_OK);
	must(strcmp(back->address, mailbox->address) == 0);
}

static void check_from(const char *value, size_t len)
{
	AUTO(mailbox) mailbox = NULL;

	if (address_parse_from(value, len, &mailbox) != ADDRESS_OK) {
		must(mailbox == NULL);
		return;
	}
	check_mailbox(mailbox);
	if (len < 1000) /* names that grow long do not come back */
		check_composed(mailbox);
	must(parse_with("x@x.example,", value, len, "") != ADDRESS_OK);
	must(parse_with("", value, len, ",x@x.example") != ADDRESS_OK);
	must(parse_with("", value, len, "<x@x.example>") != ADDRESS_OK);
	must(parse_with("<x@x.example>", value, len, "") != ADDRESS_OK);
	must(parse_with("", value, len, "\001") != ADDRESS_OK);
	must(parse_with("", value, len, "@x.example") != ADDRESS_OK);
}

static void check_texts(const char *value, size_t len)
{
	g_autofree char *decoded = header_decode(value, len, NULL);
	g_autofree char *unfolded = header_unfold(value, len);
	g_autofree char *bare = subject_dup_bare("VIA", decoded);
	g_autofree char *raw_bare = subject_dup_bare("VIA", unfolded);
	g_autofree char *ref = subject_dup_ref("VIA", decoded);
	g_auto(GStrv) ids = header_dup_message_ids(value, len, 100);
	size_t i;

	must_be_line(decoded);
	must(g_utf8_validate(bare, -1, NULL));
	must(strpbrk(unfolded, "\r\n") == NULL);
	must(strlen(raw_bare) <= len);
	must(ref == NULL || strlen(ref) == 11);
	(void)subject_is_forward(decoded);
	for (i = 0; ids[i] != NULL; i++)
		must(g_utf8_validate(ids[i], -1, NULL) &&
		     strpbrk(ids[i] + 1, "< \t\r\n") == NULL);
}

static void check_walk(const char *data, size_t len)
{
	struct header_walk walk;
	struct header_field field;
	const char *at = data;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		must(field.name == at && field.name_len > 0);
		must(field.value > field.name);
		at = walk.at;
		must(field.value + field.value_len <= at);
	}
	must(header_walk_body(&walk) >= at);
	must(header_walk_body(&walk) <= data + len);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	const char *text = size == 0 ? "" : (const char *)data;
	AUTO(mailbox) mailbox = NULL;

	check_from(text, size);
	mailbox = address_parse(text, size);
	if (mailbox != NULL)
		check_mailbox(mailbox);
	check_texts(text, size);
	check_walk(text, size);
	return 0;
}
