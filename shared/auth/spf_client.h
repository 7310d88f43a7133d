/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/spf_client.h - the address that SPF is about
 */
#ifndef PORTARIA_AUTH_SPF_CLIENT_H
#define PORTARIA_AUTH_SPF_CLIENT_H

#include <glib.h>
#include <stdbool.h>

struct spf_client {
	int family;         /* AF_INET or AF_INET6 */
	guint8 address[16]; /* 4 bytes of it for AF_INET */
	char *text;         /* macro i: dotted, IPv6 as nibbles */
	char *reverse;      /* "1.2.0.192.in-addr.arpa" */
};

/* Reads an address; an IPv4-mapped one is IPv4. False if ip is none or NULL.
 * spf_client_clear() after use. */
bool spf_client_read(const char *ip, struct spf_client *client);
void spf_client_clear(struct spf_client *client);

/* True if the first `prefix` bits agree; network is of the client's family.
 */
bool spf_client_in_network(const struct spf_client *client,
                           const guint8 *network, unsigned prefix);

#endif
