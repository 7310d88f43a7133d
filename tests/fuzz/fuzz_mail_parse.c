/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_mail_parse.c - the whole parser on arbitrary bytes
 *
 * Beyond not crashing: what mail_prescan() lets pass, GMime builds within
 * the limits; what mail_parse() makes, survives its GVariant unchanged; and a
 * stub can be made of anything. Limits are small, so that short inputs reach
 * them.
 */
#include <gmime/gmime.h>
#include <stdint.h>
#include <stdlib.h>

#include "mail/parse.h"

static void small_limits(struct limits *limits)
{
	limits_init(limits);
	limits->message_bytes = 64 * KIB;
	limits->header_bytes = 8 * KIB;
	limits->headers = 60;
	limits->header_field_bytes = 2 * KIB;
	limits->mime_depth = 6;
	limits->mime_parts = 20;
	limits->mime_parameters = 10;
	limits->text_bytes = 4 * KIB;
	limits->references = 10;
	limits->addresses = 20;
	limits->recipients = 5;
	limits->html_nodes = 200;
}

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Counts what GMime has built below an object. */
static void count_parts(GMimeObject *object, guint depth, guint *deepest,
                        guint *parts)
{
	*deepest = MAX(*deepest, depth);
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		int n = g_mime_multipart_get_count(multipart);

		for (int i = 0; i < n; i++) {
			++*parts;
			count_parts(g_mime_multipart_get_part(multipart, i),
			            depth + 1, deepest, parts);
		}
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message(
			GMIME_MESSAGE_PART(object));
		GMimeObject *root =
			inner != NULL ? g_mime_message_get_mime_part(inner)
				      : NULL;

		if (root != NULL) {
			++*parts;
			count_parts(root, depth + 1, deepest, parts);
		}
	}
}

static void check_tree(GBytes *raw, const struct limits *limits)
{
	gsize len = 0;
	const char *data = g_bytes_get_data(raw, &len);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data, len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	GMimeObject *root =
		message != NULL ? g_mime_message_get_mime_part(message) : NULL;
	guint deepest = 0, parts = 0;

	if (root != NULL)
		count_parts(root, 0, &deepest, &parts);
	check(deepest <= limits->mime_depth);
	check(parts <= limits->mime_parts);
	g_clear_object(&message);
	g_object_unref(parser);
	g_object_unref(stream);
}

static void check_round_trip(const struct mail *mail)
{
	g_autoptr(GVariant) there = g_variant_ref_sink(mail_to_variant(mail));
	g_autoptr(GBytes) wire = g_variant_get_data_as_bytes(there);
	g_autoptr(GVariant) back = g_variant_ref_sink(g_variant_new_from_bytes(
		G_VARIANT_TYPE(MAIL_VARIANT_TYPE), wire, FALSE));
	AUTO(mail) copy = mail_from_variant(back, NULL);

	check(copy != NULL);
	g_autoptr(GVariant) again = g_variant_ref_sink(mail_to_variant(copy));

	check(g_variant_equal(there, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) raw = g_bytes_new(data, size);
	struct limits limits;

	small_limits(&limits);
	mail_parse_init();
	AUTO(mail) stub = mail_parse_stub(raw, &limits, "why");
	AUTO(mail) mail = mail_parse(raw, &limits, NULL);

	check_round_trip(stub);
	if (mail_prescan(raw, &limits, NULL))
		check_tree(raw, &limits);
	if (mail != NULL)
		check_round_trip(mail);
	return 0;
}
