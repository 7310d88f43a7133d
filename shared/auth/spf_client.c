/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spf_client.c - the address that SPF is about
 */
#include "auth/spf_client.h"

#include <arpa/inet.h>
#include <string.h>

static void set_nibbles(struct spf_client *client)
{
	GString *text = g_string_new(NULL);
	GString *reverse = g_string_new(NULL);

	for (size_t i = 0; i < 32; i++) {
		guint8 byte = client->address[i / 2];
		unsigned nibble = i % 2 == 0 ? byte >> 4 : byte & 15;
		char digit[2] = { "0123456789abcdef"[nibble], '\0' };

		if (i > 0) {
			g_string_append_c(text, '.');
			g_string_prepend_c(reverse, '.');
		}
		g_string_append(text, digit);
		g_string_prepend(reverse, digit);
	}
	g_string_append(reverse, ".ip6.arpa");
	client->text = g_string_free(text, FALSE);
	client->reverse = g_string_free(reverse, FALSE);
}

bool spf_client_read(const char *ip, struct spf_client *client)
{
	static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	const guint8 *a = client->address;

	if (ip == NULL)
		return false;
	if (inet_pton(AF_INET6, ip, client->address) == 1) {
		client->family = AF_INET6;
		if (memcmp(client->address, mapped, sizeof(mapped)) == 0) {
			memmove(client->address, client->address + 12, 4);
			client->family = AF_INET;
		}
	} else if (inet_pton(AF_INET, ip, client->address) == 1) {
		client->family = AF_INET;
	} else {
		return false;
	}
	if (client->family == AF_INET6) {
		set_nibbles(client);
		return true;
	}
	client->text = g_strdup_printf("%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	client->reverse = g_strdup_printf("%u.%u.%u.%u.in-addr.arpa", a[3],
	                                  a[2], a[1], a[0]);
	return true;
}

bool spf_client_in_network(const struct spf_client *client,
                           const guint8 *network, unsigned prefix)
{
	unsigned bytes = prefix / 8, bits = prefix % 8;

	if (memcmp(client->address, network, bytes) != 0)
		return false;
	return bits == 0 ||
	       ((client->address[bytes] ^ network[bytes]) >> (8 - bits)) == 0;
}

void spf_client_clear(struct spf_client *client)
{
	g_clear_pointer(&client->text, g_free);
	g_clear_pointer(&client->reverse, g_free);
}
