/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/network.h - addresses of clients and lists of networks
 *
 * An IPv4 address and the IPv6 address that maps it are the same client.
 */
#ifndef PORTARIA_MILTER_NETWORK_H
#define PORTARIA_MILTER_NETWORK_H

#include <glib.h>
#include <stdbool.h>

struct network_address {
	guint8 bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
};

/* "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; false if it is none. */
bool network_address_parse(const char *text,
                           struct network_address *ret_address);

/* As text, a mapped one as IPv4; owned by the caller. */
char *network_address_dup(const struct network_address *address);

/* The network that one customer of a provider usually has, as a key:
 * "192.0.2.0/24", "2001:db8::/64"; owned by the caller. */
char *network_dup_key(const struct network_address *address);

/* True if the address is in one of the networks ("192.0.2.0/24", "::1"). The
 * list is NULL-terminated or NULL; an item that is no network fits nobody. */
bool network_list_has(char *const *networks,
                      const struct network_address *address);

#endif
