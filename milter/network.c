/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network.c - addresses of clients and lists of networks
 */
#include "milter/network.h"

#include <arpa/inet.h>
#include <string.h>

#define V4_BITS  96 /* that stand before an IPv4 address */
#define KEY_V4   (V4_BITS + 24)
#define KEY_V6   64
#define ALL_BITS 128

static const guint8 v4_prefix[V4_BITS / 8] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const struct network_address *address)
{
	return memcmp(address->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool network_address_parse(const char *text,
                           struct network_address *ret_address)
{
	struct network_address address;

	if (inet_pton(AF_INET6, text, address.bytes) != 1) {
		memcpy(address.bytes, v4_prefix, sizeof(v4_prefix));
		if (inet_pton(AF_INET, text, address.bytes + V4_BITS / 8) != 1)
			return false;
	}
	*ret_address = address;
	return true;
}

char *network_address_dup(const struct network_address *address)
{
	char text[INET6_ADDRSTRLEN];

	if (is_v4(address))
		inet_ntop(AF_INET, address->bytes + V4_BITS / 8, text,
		          sizeof(text));
	else
		inet_ntop(AF_INET6, address->bytes, text, sizeof(text));
	return g_strdup(text);
}

/* Clears all bits behind the first `bits`. */
static void cut(struct network_address *address, unsigned bits)
{
	for (unsigned i = 0; i < sizeof(address->bytes); i++) {
		unsigned kept = bits > i * 8 ? MIN(bits - i * 8, 8) : 0;

		address->bytes[i] &= (guint8)(0xff00u >> kept);
	}
}

char *network_dup_key(const struct network_address *address)
{
	struct network_address network = *address;
	unsigned bits = is_v4(address) ? KEY_V4 : KEY_V6;
	g_autofree char *text = NULL;

	cut(&network, bits);
	text = network_address_dup(&network);
	return g_strdup_printf("%s/%u", text,
	                       is_v4(address) ? bits - V4_BITS : bits);
}

static bool parse_network(const char *text, struct network_address *ret_network,
                          unsigned *ret_bits)
{
	const char *slash = strchr(text, '/');
	g_autofree char *host =
		slash != NULL ? g_strndup(text, (size_t)(slash - text))
			      : g_strdup(text);
	struct network_address network;
	unsigned offset;
	guint64 bits;

	if (!network_address_parse(host, &network))
		return false;
	offset = strchr(host, ':') == NULL ? V4_BITS : 0;
	bits = ALL_BITS - offset;
	if (slash != NULL &&
	    !g_ascii_string_to_unsigned(slash + 1, 10, 0, bits, &bits, NULL))
		return false;
	*ret_bits = (unsigned)bits + offset;
	*ret_network = network;
	return true;
}

static bool is_in(const char *text, const struct network_address *address)
{
	struct network_address network;
	struct network_address client = *address;
	unsigned bits;

	if (!parse_network(text, &network, &bits))
		return false;
	cut(&network, bits);
	cut(&client, bits);
	return memcmp(&network, &client, sizeof(network)) == 0;
}

bool network_list_has(char *const *networks,
                      const struct network_address *address)
{
	for (; networks != NULL && *networks != NULL; networks++) {
		if (is_in(*networks, address))
			return true;
	}
	return false;
}
