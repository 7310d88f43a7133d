/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/resolver_setup.h - a libunbound context as the configuration says
 *
 * Private to the resolver.
 */
#ifndef PORTARIA_AUTH_RESOLVER_SETUP_H
#define PORTARIA_AUTH_RESOLVER_SETUP_H

#include "base/cleanup.h"
#include "base/config.h"

#include <stdbool.h>

struct ub_ctx;

/* Options, trust anchor, forwarders and local zones for a fresh context.
 * Errors: CONFIG, or TEMPORARY if libunbound refuses one of our options. */
bool resolver_setup(struct ub_ctx *ctx, const struct config_dns *config,
                    GError **error);

#endif
