/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_mail_parse.c - the whole parser on arbitrary bytes
 *
 * Beyond not crashing: the tree stays within the limits and inside the
 * message; what mail_parse() makes, survives its GVariant unchanged; and a
 * stub can be made of anything. Limits are small, so that short inputs reach
 * them.
 */
#include <stdint.h>
#include <stdlib.h>

#include "mail/mime.h"
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

static void check_slice(GBytes *raw, const char *at, size_t len)
{
	gsize raw_len = 0;
	const char *data = g_bytes_get_data(raw, &raw_len);

	if (data != NULL)
		check(at >= data && at + len <= data + raw_len);
}

static void check_node(GBytes *raw, const struct mime_node *node, guint depth,
                       guint *deepest, guint *parts)
{
	*deepest = MAX(*deepest, depth);
	check(node->type != NULL);
	check_slice(raw, node->head, node->head_len);
	check_slice(raw, node->body, node->body_len);
	check(node->head + node->head_len <= node->body);
	for (guint i = 0; node->children != NULL && i < node->children->len;
	     i++) {
		++*parts;
		check_node(raw, g_ptr_array_index(node->children, i), depth + 1,
		           deepest, parts);
	}
}

static void check_tree(GBytes *raw, const struct limits *limits)
{
	AUTO(mime_node) root = mime_parse(raw, limits, NULL);
	guint deepest = 0, parts = 0;

	if (root == NULL)
		return;
	check_node(raw, root, 0, &deepest, &parts);
	check(deepest <= limits->mime_depth);
	check(parts <= limits->mime_parts);
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
	check_tree(raw, &limits);
	if (mail != NULL)
		check_round_trip(mail);
	return 0;
}
