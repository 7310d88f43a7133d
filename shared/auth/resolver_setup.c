/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver_setup.c - a libunbound context as the configuration says
 *
 * Order matters: zones and data finalise the context, no option can be set
 * behind them.
 */
#include "auth/resolver_setup.h"

#include "auth/resolver_zone.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <unbound.h>
#include <unistd.h>

/* True if some interface has an IPv6 address that leads out of the host. */
static bool host_has_ipv6(void)
{
	struct ifaddrs *list = NULL;
	bool found = false;

	if (getifaddrs(&list) != 0)
		return true;
	for (struct ifaddrs *at = list; at != NULL && !found;
	     at = at->ifa_next) {
		struct sockaddr_in6 in6;

		if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET6)
			continue;
		memcpy(&in6, at->ifa_addr, sizeof(in6));
		found = !IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) &&
		        !IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr);
	}
	freeifaddrs(list);
	return found;
}

static bool set_option(struct ub_ctx *ctx, const char *name, const char *value,
                       GError **error)
{
	int rc = ub_ctx_set_option(ctx, name, value);

	if (rc == 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
	            "libunbound does not take %s %s: %s", name, value,
	            ub_strerror(rc));
	return false;
}

/* The defaults of the library are for one query at a time. A server that was
 * slow for one name is asked for the next all the same. */
static const struct {
	const char *name;
	const char *value;
} base_options[] = {
	{ "num-queries-per-thread:", "2048" }, { "outgoing-range:", "256" },
	{ "outgoing-num-tcp:", "16" },         { "infra-keep-probing:", "yes" },
	{ "infra-host-ttl:", "60" },           { "cache-max-ttl:", "3600" },
	{ "cache-max-negative-ttl:", "300" },
};

/* With a forwarder, private names are its business: it may well serve a
 * site's own networks. */
static const char *const forward_options[] = {
	"unblock-lan-zones:",
	"insecure-lan-zones:",
};

/* Built-in zones that no option opens; removed once options are final. */
static const char *const blocked_zones[] = { "test.", "invalid.",
	                                     "home.arpa." };

static bool is_forwarder(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "@", 2);
	guint8 address[16];

	if (parts[0] == NULL || (inet_pton(AF_INET, parts[0], address) != 1 &&
	                         inet_pton(AF_INET6, parts[0], address) != 1))
		return false;
	return parts[1] == NULL ||
	       g_ascii_string_to_unsigned(parts[1], 10, 1, 65535, NULL, NULL);
}

/* Sets the forwarders; *ret_ipv6 if one of them needs IPv6. */
static bool set_forwarders(struct ub_ctx *ctx, char **forwarders,
                           bool *ret_ipv6, GError **error)
{
	for (unsigned i = 0; forwarders[i] != NULL; i++) {
		if (!is_forwarder(forwarders[i]) ||
		    ub_ctx_set_fwd(ctx, forwarders[i]) != 0) {
			g_set_error(error, PORTARIA_ERROR,
			            PORTARIA_ERROR_CONFIG,
			            "dns.forwarders: \"%s\" is not "
			            "<address>[@port]",
			            forwarders[i]);
			return false;
		}
		if (strchr(forwarders[i], ':') != NULL)
			*ret_ipv6 = true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(forward_options); i++)
		if (!set_option(ctx, forward_options[i], "yes", error))
			return false;
	return true;
}

static bool set_trust(struct ub_ctx *ctx, const char *file, GError **error)
{
	int rc;

	if (file == NULL || file[0] == '\0')
		return set_option(ctx, "module-config:", "iterator", error);
	/* libunbound reads it at the first query and then just fails. */
	if (access(file, R_OK) != 0) {
		error_set_errno(error, PORTARIA_ERROR_CONFIG, errno,
		                "dns.trust_anchor_file: %s", file);
		return false;
	}
	rc = ub_ctx_add_ta_file(ctx, file);
	if (rc == 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
	            "dns.trust_anchor_file: %s: %s", file, ub_strerror(rc));
	return false;
}

static bool has_entries(char **list)
{
	return list != NULL && list[0] != NULL;
}

static bool set_options(struct ub_ctx *ctx, const struct config_dns *config,
                        GError **error)
{
	bool ipv6 = host_has_ipv6();

	/* It would write to our stderr. */
	ub_ctx_debugout(ctx, NULL);
	ub_ctx_async(ctx, 1); /* threads, not processes */
	for (size_t i = 0; i < G_N_ELEMENTS(base_options); i++)
		if (!set_option(ctx, base_options[i].name,
		                base_options[i].value, error))
			return false;
	if (!set_trust(ctx, config->trust_anchor_file, error))
		return false;
	if (has_entries(config->forwarders) &&
	    !set_forwarders(ctx, config->forwarders, &ipv6, error))
		return false;
	return ipv6 || set_option(ctx, "do-ip6:", "no", error);
}

/* These finalise the context: no option can be set behind them. */
static bool set_zones(struct ub_ctx *ctx, const struct config_dns *config,
                      GError **error)
{
	int rc = 0;

	for (size_t i = 0; has_entries(config->forwarders) &&
	                   i < G_N_ELEMENTS(blocked_zones) && rc == 0;
	     i++)
		rc = ub_ctx_zone_remove(ctx, blocked_zones[i]);
	if (rc != 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "libunbound does not start: %s", ub_strerror(rc));
		return false;
	}
	if (!has_entries(config->local_zones))
		return true;
	for (unsigned i = 0; config->local_zones[i] != NULL; i++)
		if (!resolver_zone_load(ctx, config->local_zones[i], error))
			return false;
	return true;
}

bool resolver_setup(struct ub_ctx *ctx, const struct config_dns *config,
                    GError **error)
{
	return set_options(ctx, config, error) && set_zones(ctx, config, error);
}
