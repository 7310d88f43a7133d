/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse_derive.c - what a reported message says itself
 *
 * Its header was written by the reporter's own servers at the top and by
 * anybody below, so the topmost field of a name counts. Private addresses say
 * nothing about where a message came from.
 */
#include "mail/abuse_derive.h"

#include <string.h>

#include "mail/abuse_value.h"
#include "mail/header.h"
#include "mail/text.h"

#define FIELD_MAX 4000 /* Received fields of large providers are long */

/* `ip`, or NULL if it says nothing. */
static char *take_public(char *ip)
{
	if (ip != NULL && abuse_ip_is_public(ip))
		return ip;
	g_free(ip);
	return NULL;
}

/* The first public address among the words of `text`. */
static char *first_public(const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, " ()[]<>,;\t", -1);

	for (char **word = words; *word != NULL; word++) {
		char *ip = **word != '\0' ? take_public(abuse_dup_ip(*word))
		                          : NULL;

		if (ip != NULL)
			return ip;
	}
	return NULL;
}

/* RFC 5321 4.4: from HELO (NAME [ADDRESS]) by ...; what follows "by" is the
 * receiver. What stands in parentheses the receiver saw, HELO may be a lie. */
static char *received_ip(const char *value)
{
	g_autofree char *lower = g_ascii_strdown(value, -1);
	const char *by =
		g_str_has_prefix(lower, "by ") ? lower : strstr(lower, " by ");
	g_autofree char *from = by != NULL
	                                ? g_strndup(lower, (gsize)(by - lower))
	                                : g_strdup(lower);
	const char *seen = strchr(from, '(');
	char *ip = seen != NULL ? first_public(seen) : NULL;

	return ip != NULL ? ip : first_public(from);
}

/* client-ip=1.2.3.4 (RFC 7208 9.1) and its cousins. */
static char *client_ip(const char *value)
{
	static const char *const keys[] = { "client-ip=", "sender ip is ",
		                            "smtp.remote-ip=",
		                            "policy.iprev=" };
	g_autofree char *lower = g_ascii_strdown(value, -1);

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		const char *at = strstr(lower, keys[i]);
		char *ip = at != NULL ? take_public(abuse_dup_ip(
						at + strlen(keys[i])))
		                      : NULL;

		if (ip != NULL)
			return ip;
	}
	return NULL;
}

struct found {
	char *originating; /* best first */
	char *client;
	char *received;
	char *received_date;
	char *date;
	char *domain;
};

static void found_clear(struct found *found)
{
	g_free(found->originating);
	g_free(found->client);
	g_free(found->received);
	g_free(found->received_date);
	g_free(found->date);
	g_free(found->domain);
}

static void take_received(struct found *found, const char *value)
{
	const char *semicolon = strrchr(value, ';');

	abuse_set_once(&found->received, received_ip(value));
	if (semicolon != NULL)
		abuse_set_once(&found->received_date,
		               g_strstrip(g_strdup(semicolon + 1)));
}

/* Whoever cannot be read strictly is still somebody's last "@". */
static void take_from(struct found *found, const struct header_field *field,
                      const char *value)
{
	AUTO(mailbox) from = NULL;
	const char *at = strrchr(value, '@');

	if (address_parse_from(field->value, field->value_len, &from) ==
	    ADDRESS_OK)
		abuse_set_once(&found->domain, g_strdup(from->domain));
	else if (at != NULL)
		abuse_set_once(
			&found->domain,
			address_dup_domain(at + 1, strcspn(at + 1, "> \"")));
}

static void take_field(struct found *found, const struct header_field *field)
{
	g_autofree char *value =
		text_dup_line_len(field->value, field->value_len, FIELD_MAX);

	if (header_is(field, "X-Originating-IP"))
		abuse_set_once(&found->originating,
		               take_public(abuse_dup_ip(value)));
	else if (header_is(field, "Received-SPF") ||
	         header_is(field, "Authentication-Results"))
		abuse_set_once(&found->client, client_ip(value));
	else if (header_is(field, "Received"))
		take_received(found, value);
	else if (header_is(field, "Date"))
		abuse_set_once(&found->date, g_strdup(value));
	else if (header_is(field, "From"))
		take_from(found, field, value);
}

/* The first of the values becomes the member, if that has none. */
static void conclude(struct mail_abuse *abuse, char **slot,
                     enum mail_abuse_derived bit, char **values)
{
	for (; *slot == NULL && *values != NULL; values++)
		if (abuse_set_once(slot, g_strdup(*values)))
			abuse->derived |= bit;
}

/* As a list without the NULLs between. */
static GPtrArray *list_of(char *first, char *second, char *third)
{
	char *const all[] = { first, second, third };
	GPtrArray *list = g_ptr_array_new();

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		if (all[i] != NULL)
			g_ptr_array_add(list, all[i]);
	g_ptr_array_add(list, NULL);
	return list;
}

void abuse_derive(struct mail_abuse *abuse, const char *data, size_t len)
{
	struct found found = { 0 };
	struct header_walk walk;
	struct header_field field;

	if (len == 0)
		return;
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		take_field(&found, &field);

	g_autoptr(GPtrArray) sources =
		list_of(found.originating, found.client, found.received);
	g_autoptr(GPtrArray) dates =
		list_of(found.received_date, found.date, NULL);
	g_autoptr(GPtrArray) domains = list_of(found.domain, NULL, NULL);

	conclude(abuse, &abuse->source_ip, MAIL_ABUSE_DERIVED_SOURCE,
	         (char **)sources->pdata);
	conclude(abuse, &abuse->arrival_date, MAIL_ABUSE_DERIVED_TIME,
	         (char **)dates->pdata);
	conclude(abuse, &abuse->reported_domain, MAIL_ABUSE_DERIVED_DOMAIN,
	         (char **)domains->pdata);
	found_clear(&found);
}
