/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * support/fakedns_zone.h - the zone file of the test name server
 *
 * Lines, "#" or ";" starts a comment outside quotes:
 *
 *   <name> <ttl> <TYPE> <rdata>     A AAAA MX TXT PTR CNAME NS SOA
 *   <name> <verb> [TYPE]            SERVFAIL REFUSED TIMEOUT TRUNCATE
 *
 * Names are absolute with or without the last dot; "*.example" is a wildcard
 * (RFC 4592), "\DDD" and "\." in a label are taken. TXT takes any number of
 * "quoted" strings with \" \\ \DDD; one longer than 255 bytes is cut into
 * several. SOA: mname rname serial refresh retry expire minimum. A verb
 * without a type holds for all of them.
 */
#ifndef PORTARIA_TESTS_SUPPORT_FAKEDNS_ZONE_H
#define PORTARIA_TESTS_SUPPORT_FAKEDNS_ZONE_H

#include "base/cleanup.h"

#include <stdbool.h>

enum fakedns_type {
	FAKEDNS_A = 1,
	FAKEDNS_NS = 2,
	FAKEDNS_CNAME = 5,
	FAKEDNS_SOA = 6,
	FAKEDNS_PTR = 12,
	FAKEDNS_MX = 15,
	FAKEDNS_TXT = 16,
	FAKEDNS_AAAA = 28,
	FAKEDNS_ANY = 255,
};

enum fakedns_verb {
	FAKEDNS_ANSWER,
	FAKEDNS_SERVFAIL,
	FAKEDNS_REFUSED,
	FAKEDNS_TIMEOUT,
	FAKEDNS_TRUNCATE,
};

struct fakedns_record {
	guint16 type;
	guint32 ttl;
	GByteArray *rdata; /* names uncompressed */
};

struct fakedns_rule {
	enum fakedns_verb verb;
	guint16 type; /* FAKEDNS_ANY: all */
};

struct fakedns_node {
	GPtrArray *records; /* struct fakedns_record */
	GArray *rules;      /* struct fakedns_rule */
};

struct fakedns_zone;

/* Errors as text, "file:line: reason". */
struct fakedns_zone *fakedns_zone_load(const char *path, char **ret_error);
void fakedns_zone_free(struct fakedns_zone *zone);

/* name: wire form, lower case, len with the root. Wildcards are seen
 * through. NULL: no such name. */
const struct fakedns_node *fakedns_zone_find(const struct fakedns_zone *zone,
                                             const guint8 *name, size_t len);

/* The SOA at or above the name and where in the name its owner starts; NULL
 * if there is none. */
const struct fakedns_record *
fakedns_zone_find_soa(const struct fakedns_zone *zone, const guint8 *name,
                      size_t len, size_t *ret_owner);

enum fakedns_verb fakedns_node_get_verb(const struct fakedns_node *node,
                                        guint16 type);

#endif
