/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spf_suite.c - spf_check() for spf_suite.py
 *
 *   spf_suite [FORWARDER]
 *
 * Reads lines from stdin, strings in hex ("-" is the empty one):
 *   put <name> <type number> <status> [<rdata> ...]
 *   check <ip> <helo> <sender>
 * and answers each check with "<result> <lookups> <reason>". Without a
 * forwarder a name that was not put does not exist.
 */
#include "auth/spf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/clock.h"

#define LOOKUPS 200

static char *from_hex(const char *hex, gsize *ret_len)
{
	gsize len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
	char *bytes = g_malloc0(len + 1);

	for (gsize i = 0; i < len; i++)
		bytes[i] = (char)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
		                  g_ascii_xdigit_value(hex[2 * i + 1]));
	if (ret_len != NULL)
		*ret_len = len;
	return bytes;
}

/* Everything below the root is known not to exist. */
static struct resolver *new_resolver(char *forwarder)
{
	g_autofree char *path = NULL;
	char *forwarders[] = { forwarder, NULL };
	char *zones[] = { NULL, NULL };
	struct config_dns config = { .timeout_ms = 1000,
		                     .cache_entries = 10000 };
	g_autoptr(GError) error = NULL;
	struct resolver *resolver;
	int fd;

	if (forwarder != NULL) {
		config.forwarders = forwarders;
		config.timeout_ms = 300;
		return resolver_new(&config, NULL);
	}
	fd = g_file_open_tmp("portaria-spf-XXXXXX", &path, NULL);
	if (fd < 0 || write(fd, "zone . static\n", 14) != 14)
		return NULL;
	close(fd);
	zones[0] = path;
	config.local_zones = zones;
	resolver = resolver_new(&config, &error);
	g_unlink(path);
	if (resolver == NULL)
		fprintf(stderr, "%s\n", error->message);
	return resolver;
}

static void put(struct resolver *resolver, char **words)
{
	g_autofree char *name = from_hex(words[1], NULL);
	struct dns_answer *answer = dns_answer_new(
		(enum dns_status)atoi(words[3]), 3600, "put by the suite");

	for (unsigned i = 4; words[i] != NULL; i++) {
		gsize len;
		g_autofree char *rdata = from_hex(words[i], &len);

		dns_answer_add(answer, rdata, len);
	}
	resolver_put_for_test(resolver, name, (enum dns_type)atoi(words[2]),
	                      answer);
	dns_answer_unref(answer);
}

static void check(struct resolver *resolver, char **words)
{
	g_autofree char *helo = from_hex(words[2], NULL);
	g_autofree char *sender = from_hex(words[3], NULL);
	struct spf_query query = { words[1], helo, sender };
	struct dns_budget budget = { LOOKUPS,
		                     clock_monotonic() + 20 * CLOCK_SECOND,
		                     NULL };
	struct spf_outcome outcome;

	spf_check(resolver, &budget, &query, &outcome);
	printf("%s %u %s\n", spf_result_name(outcome.result),
	       (unsigned)(LOOKUPS - budget.lookups_left), outcome.reason);
	fflush(stdout);
	spf_outcome_clear(&outcome);
}

int main(int argc, char **argv)
{
	AUTO(resolver) resolver = new_resolver(argc > 1 ? argv[1] : NULL);
	char *line = NULL;
	size_t size = 0;

	if (resolver == NULL)
		return 1;
	while (getline(&line, &size, stdin) > 0) {
		g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", -1);
		guint count = g_strv_length(words);

		if (count >= 4 && strcmp(words[0], "put") == 0)
			put(resolver, words);
		else if (count == 4 && strcmp(words[0], "check") == 0)
			check(resolver, words);
		else
			return 2;
	}
	free(line);
	return 0;
}
