/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_auth_message.c - a stranger's message through DKIM and DMARC
 *
 * libopendkim included. Its keys come from a zone in memory; no question
 * leaves the program. Beside the sanitizers these rules must hold: nobody is
 * proven without one readable author in a domain that the passing signature
 * shares; the Authentication-Results made of it is one field.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "auth/auth.h"
#include "auth/authres.h"
#include "base/clock.h"
#include "support/dnsput.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

/* The public halves of the keys that signed corpus/auth_message. */
#define RSA_KEY                                                                \
	"v=DKIM1; k=rsa; p="                                                   \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCw+XqyfazyrONKhklOpcYsYAq6"     \
	"Duju/B4Mb+aeK5TJ4MkewPuAJ++UFrWuEhsJzKQld+jaFVR200+prBifyiTJvw5z"     \
	"swFgWolSrfM2n/gz+HVWdJfId1WhPCR0czdESBwOw/VcLqZkiJP8bFOkeDlez7sD"     \
	"T2RXGIBP/ZmHbsM3AQIDAQAB"
#define ED_KEY                                                                 \
	"v=DKIM1; k=ed25519; p="                                               \
	"D1uzAaZJXixX5QIlL0RoaRnVkaszcgNeY6nkGvl7XCY="

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct auth *auth_with_zone(void)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("portaria-zone-XXXXXX", &path, NULL);
	char *zones[] = { path, NULL };
	struct config config = { .dns = { .local_zones = zones,
		                          .timeout_ms = 1000,
		                          .cache_entries = 100000 } };
	struct auth *auth;
	struct resolver *resolver;

	must(fd >= 0);
	close(fd);
	must(g_file_set_contents(path, "zone . static\n", -1, NULL));
	limits_init(&config.limits);
	auth = auth_new(&config, NULL);
	must(auth != NULL);
	g_unlink(path);
	resolver = auth_get_resolver(auth);
	dnsput(resolver, "rsa._domainkey.example.org", DNS_TYPE_TXT, RSA_KEY);
	dnsput(resolver, "ed._domainkey.example.org", DNS_TYPE_TXT, ED_KEY);
	dnsput(resolver, "rsa._domainkey.sub.example.org", DNS_TYPE_TXT,
	       "t=y:s; " RSA_KEY);
	dnsput(resolver, "_dmarc.example.org", DNS_TYPE_TXT,
	       "v=DMARC1; p=reject");
	return auth;
}

static bool has_pass(const struct auth_result *result)
{
	for (unsigned i = 0; i < result->dkim->len; i++) {
		const struct dkim_signature *signature = result->dkim->pdata[i];

		if (signature->result == DKIM_RESULT_PASS)
			return true;
	}
	return false;
}

static void check_result(const struct auth_result *result)
{
	must(*result->reason != '\0');
	must(result->dkim->len <= 9);
	must((result->from_status == ADDRESS_OK) == (result->from != NULL));
	if (result->proof == AUTH_PROVEN) {
		must(result->from != NULL && has_pass(result));
		must(g_str_has_suffix(result->from->domain, "example.org"));
	}
}

static void check_field(const struct auth_client *client,
                        const struct auth_result *result)
{
	g_autofree char *text =
		authres_format("mx.example", client, result, NULL);

	must(g_utf8_validate(text, -1, NULL));
	for (const char *p = text; *p != '\0'; p++)
		must(!g_ascii_iscntrl(*p) || *p == '\t' ||
		     (*p == '\n' && p[1] == '\t'));
	must(authres_is_forged("mx.example", "Authentication-Results", 22, text,
	                       strlen(text)));
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	static struct auth *auth;
	const struct auth_client client = { .mail_from = "" };
	g_autoptr(GBytes) raw = g_bytes_new_static(data, size);
	AUTO(auth_result) result = NULL;

	if (auth == NULL)
		auth = auth_with_zone();
	clock_set_for_test((gint64)1795363200000);
	result = auth_check_bytes(auth, &client, raw,
	                          clock_monotonic() + 10 * CLOCK_SECOND);
	check_result(result);
	check_field(&client, result);
	return 0;
}
