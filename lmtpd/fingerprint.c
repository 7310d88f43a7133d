/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fingerprint.c - what stays the same when a message is sent again
 *
 * Fields are hashed as they came, the body is. What a relay writes between
 * the trace fields (filters' marks) is not known to us and makes another
 * fingerprint: then the message is kept twice, which is the lesser evil.
 */
#include "lmtpd/fingerprint.h"

#include "auth/authres.h"
#include "mail/header.h"

static bool is_trace(const struct header_field *field)
{
	static const char *const names[] = { "Received", "Return-Path",
		                             "Delivered-To", "X-Original-To" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (header_is(field, names[i]))
			return true;
	return false;
}

static void add_field(GChecksum *sum, const struct header_field *field)
{
	g_checksum_update(sum, (const guchar *)field->name,
	                  (gssize)field->name_len);
	g_checksum_update(sum, (const guchar *)":", 1);
	g_checksum_update(sum, (const guchar *)field->value,
	                  (gssize)field->value_len);
	g_checksum_update(sum, (const guchar *)"\n", 1);
}

char *fingerprint_message(const char *authserv_id, const char *data, size_t len)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	struct header_walk walk;
	struct header_field field;
	bool in_front = true;
	const char *body;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		if (authres_is_forged(authserv_id, field.name, field.name_len,
		                      field.value, field.value_len))
			continue;
		in_front = in_front && is_trace(&field);
		if (!in_front)
			add_field(sum, &field);
	}
	body = header_walk_body(&walk);
	g_checksum_update(sum, (const guchar *)"\n", 1);
	if (body != NULL)
		g_checksum_update(sum, (const guchar *)body,
		                  data + len - body);
	return g_strdup(g_checksum_get_string(sum));
}
