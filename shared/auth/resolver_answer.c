/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver_answer.c - answers, names and rdata as plain data
 */
#include "auth/resolver.h"

#include <string.h>

static const char *const status_names[] = {
	[DNS_FOUND] = "found",
	[DNS_NO_NAME] = "no-name",
	[DNS_NO_DATA] = "no-data",
	[DNS_FAILED] = "failed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(status_names) == DNS_STATUS__COUNT);

static const struct {
	enum dns_type type;
	const char *name;
} type_names[] = {
	{ DNS_TYPE_A, "A" },     { DNS_TYPE_AAAA, "AAAA" },
	{ DNS_TYPE_MX, "MX" },   { DNS_TYPE_PTR, "PTR" },
	{ DNS_TYPE_TXT, "TXT" },
};

const char *dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < G_N_ELEMENTS(type_names); i++)
		if (type_names[i].type == type)
			return type_names[i].name;
	return "?";
}

const char *dns_status_name(enum dns_status status)
{
	return status < DNS_STATUS__COUNT ? status_names[status] : "?";
}

static void rdata_free(void *data)
{
	g_bytes_unref(data);
}

struct dns_answer *dns_answer_new(enum dns_status status, guint32 ttl,
                                  const char *why)
{
	struct dns_answer *answer = g_new0(struct dns_answer, 1);

	answer->refs = 1;
	answer->status = status;
	answer->ttl = ttl;
	answer->rdata = g_ptr_array_new_with_free_func(rdata_free);
	answer->why = g_strdup(why);
	return answer;
}

void dns_answer_add(struct dns_answer *answer, const void *rdata, size_t len)
{
	g_ptr_array_add(answer->rdata, g_bytes_new(rdata, len));
}

struct dns_answer *dns_answer_ref(struct dns_answer *answer)
{
	g_atomic_int_inc(&answer->refs);
	return answer;
}

void dns_answer_unref(struct dns_answer *answer)
{
	if (answer == NULL || !g_atomic_int_dec_and_test(&answer->refs))
		return;
	g_ptr_array_unref(answer->rdata);
	g_free(answer->why);
	g_free(answer);
}

bool dns_name_is_safe(const char *name)
{
	size_t label = 0, i;

	for (i = 0; name[i] != '\0'; i++) {
		if (i > DNS_NAME_MAX)
			return false;
		if (name[i] != '.')
			label++;
		else if (label == 0)
			return false;
		else
			label = 0;
		if (label > DNS_LABEL_MAX)
			return false;
	}
	if (label == 0 && i > 0) /* the trailing dot */
		i--;
	return i > 0 && i <= DNS_NAME_MAX;
}

char *dns_name_from_wire(const guint8 *data, size_t len)
{
	g_autoptr(GString) name = g_string_sized_new(64);
	size_t at = 0;

	while (at < len && data[at] != 0) {
		size_t label = data[at++];

		if (label > DNS_LABEL_MAX || label >= len - at)
			return NULL;
		if (name->len > 0)
			g_string_append_c(name, '.');
		for (size_t end = at + label; at < end; at++) {
			if (data[at] == '.' || !g_ascii_isgraph(data[at]))
				return NULL;
			g_string_append_c(name,
			                  g_ascii_tolower((gchar)data[at]));
		}
		if (name->len > DNS_NAME_MAX)
			return NULL;
	}
	if (at >= len)
		return NULL;
	return g_string_free(g_steal_pointer(&name), FALSE);
}

char *dns_txt_join(GBytes *rdata, size_t *ret_len)
{
	size_t len, at = 0;
	const guint8 *data = g_bytes_get_data(rdata, &len);
	GString *text = g_string_sized_new(len);

	/* A last string cut short is taken as far as it goes. */
	while (at < len) {
		size_t part = MIN((size_t)data[at], len - at - 1);

		g_string_append_len(text, (const char *)data + at + 1,
		                    (gssize)part);
		at += 1 + part;
	}
	*ret_len = text->len;
	return g_string_free(text, FALSE);
}
