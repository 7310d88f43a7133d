/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/resolver_zone.h - files of local zone data
 *
 * Private to the resolver; the format is described at resolver_new().
 */
#ifndef PORTARIA_AUTH_RESOLVER_ZONE_H
#define PORTARIA_AUTH_RESOLVER_ZONE_H

#include "base/cleanup.h"

#include <stdbool.h>

struct ub_ctx;

/* Loads one file into a context whose options are all set. Errors: CONFIG,
 * "file:line: reason", one line a mistake. */
bool resolver_zone_load(struct ub_ctx *ctx, const char *path, GError **error);

#endif
