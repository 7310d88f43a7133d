/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * support/dnsput.h - answers put into a resolver by hand, for tests
 *
 * dnsput_resolver() has no name servers: a forwarder nobody listens on, so
 * that a name not put in is DNS_FAILED after 300 ms at most. In
 * dnsput_closed_resolver() such a name does not exist. dnsput_nothing() makes
 * one name not exist for every type.
 */
#ifndef PORTARIA_TESTS_SUPPORT_DNSPUT_H
#define PORTARIA_TESTS_SUPPORT_DNSPUT_H

#include "auth/resolver.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

G_GNUC_UNUSED static struct resolver *dnsput_resolver(void)
{
	char forwarder[] = "127.0.0.1@9";
	char *forwarders[] = { forwarder, NULL };
	const struct config_dns config = {
		.forwarders = forwarders,
		.timeout_ms = 300,
		.cache_entries = 100000,
	};
	g_autoptr(GError) error = NULL;
	struct resolver *resolver = resolver_new(&config, &error);

	if (resolver == NULL)
		g_printerr("resolver_new: %s\n", error->message);
	return resolver;
}

G_GNUC_UNUSED static struct resolver *dnsput_closed_resolver(void)
{
	static const char zone[] = "zone . static\n";
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("portaria-zone-XXXXXX", &path, NULL);
	char *zones[] = { path, NULL };
	const struct config_dns config = {
		.local_zones = zones,
		.timeout_ms = 2000,
		.cache_entries = 100000,
	};
	struct resolver *resolver = NULL;

	if (fd < 0)
		return NULL;
	if (write(fd, zone, sizeof(zone) - 1) == (ssize_t)sizeof(zone) - 1)
		resolver = resolver_new(&config, NULL);
	close(fd);
	g_unlink(path);
	return resolver;
}

/* "a.example" as <1>a<7>example<0>. */
G_GNUC_UNUSED static void dnsput_append_name(GByteArray *rdata,
                                             const char *name)
{
	g_auto(GStrv) labels = g_strsplit(name, ".", -1);
	const guint8 root = 0;

	for (unsigned i = 0; labels[i] != NULL; i++) {
		guint8 len = (guint8)strlen(labels[i]);

		if (len == 0)
			continue;
		g_byte_array_append(rdata, &len, 1);
		g_byte_array_append(rdata, (const guint8 *)labels[i], len);
	}
	g_byte_array_append(rdata, &root, 1);
}

/* Character-strings of at most 255 bytes. */
G_GNUC_UNUSED static void dnsput_append_txt(GByteArray *rdata, const char *text,
                                            size_t len)
{
	do {
		guint8 part = (guint8)MIN(len, 255);

		g_byte_array_append(rdata, &part, 1);
		g_byte_array_append(rdata, (const guint8 *)text, part);
		text += part;
		len -= part;
	} while (len > 0);
}

/* The wire form of one value as people write it: "192.0.2.1", "10 mx.example",
 * a name, or the text of a TXT. */
G_GNUC_UNUSED static GByteArray *dnsput_rdata(enum dns_type type,
                                              const char *value)
{
	GByteArray *rdata = g_byte_array_new();
	guint8 address[16];
	guint16 preference;

	switch (type) {
	case DNS_TYPE_A:
		if (inet_pton(AF_INET, value, address) == 1)
			g_byte_array_append(rdata, address, 4);
		break;
	case DNS_TYPE_AAAA:
		if (inet_pton(AF_INET6, value, address) == 1)
			g_byte_array_append(rdata, address, 16);
		break;
	case DNS_TYPE_MX:
		preference = htons((guint16)g_ascii_strtoull(value, NULL, 10));
		g_byte_array_append(rdata, (const guint8 *)&preference, 2);
		dnsput_append_name(rdata, strchr(value, ' ') + 1);
		break;
	case DNS_TYPE_PTR:
		dnsput_append_name(rdata, value);
		break;
	case DNS_TYPE_TXT:
		dnsput_append_txt(rdata, value, strlen(value));
		break;
	}
	return rdata;
}

/* values: NULL-terminated, one a record. */
G_GNUC_UNUSED static void dnsput_list(struct resolver *resolver,
                                      const char *name, enum dns_type type,
                                      const char *const *values)
{
	struct dns_answer *answer = dns_answer_new(DNS_FOUND, 3600, NULL);

	for (; *values != NULL; values++) {
		GByteArray *rdata = dnsput_rdata(type, *values);

		dns_answer_add(answer, rdata->data, rdata->len);
		g_byte_array_unref(rdata);
	}
	resolver_put_for_test(resolver, name, type, answer);
	dns_answer_unref(answer);
}

#define dnsput(resolver, name, type, ...)                                      \
	dnsput_list((resolver), (name), (type),                                \
	            (const char *const[]){ __VA_ARGS__, NULL })

/* A negative answer or a failure; these live 300 s and 5 s. */
G_GNUC_UNUSED static void dnsput_status(struct resolver *resolver,
                                        const char *name, enum dns_type type,
                                        enum dns_status status)
{
	struct dns_answer *answer = dns_answer_new(
		status, 3600, status == DNS_FAILED ? "put by a test" : NULL);

	resolver_put_for_test(resolver, name, type, answer);
	dns_answer_unref(answer);
}

G_GNUC_UNUSED static void dnsput_nothing(struct resolver *resolver,
                                         const char *name)
{
	static const enum dns_type types[] = { DNS_TYPE_A, DNS_TYPE_AAAA,
		                               DNS_TYPE_MX, DNS_TYPE_PTR,
		                               DNS_TYPE_TXT };

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		dnsput_status(resolver, name, types[i], DNS_NO_NAME);
}

#endif
