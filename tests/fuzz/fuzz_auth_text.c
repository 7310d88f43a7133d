/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_auth_text.c - everything of auth/ that reads a stranger's text alone
 *
 * The input is in turn a DKIM-Signature, a key record, a DMARC record, a
 * body, an Authentication-Results value and a message with a seal. Beside
 * the sanitizers these rules must hold: a key that is accepted reads the same
 * once rewritten; a body has one length however it is cut; our id is found
 * in front of anything; no seal is valid without the key, and what was
 * sealed comes back.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/authres.h"
#include "auth/dkim_length.h"
#include "auth/dkim_parts.h"
#include "auth/dmarc_record.h"
#include "auth/seal.h"
#include "base/clock.h"

#define ID  "mx.desk.example"
#define NOW ((gint64)1795363200000)

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_claim(const char *text, size_t len)
{
	struct dkim_claim *claim =
		dkim_claim_parse(text, len, NOW / CLOCK_SECOND);

	must((claim->result == DKIM_RESULT_NONE) == (claim->why == NULL));
	if (claim->result == DKIM_RESULT_NONE) {
		must(*claim->domain != '\0' && *claim->selector != '\0');
		must(strlen(claim->domain) + strlen(claim->selector) <
		     DNS_NAME_MAX);
		must(g_str_has_suffix(claim->identity_domain, claim->domain));
	}
	dkim_claim_free(claim);
}

static void read_key(const char *text, size_t len)
{
	struct dkim_key *key = dkim_key_parse(text, len);

	must((key->result == DKIM_RESULT_NONE) == (key->pkey != NULL));
	must((key->result == DKIM_RESULT_NONE) == (key->why == NULL));
	if (key->pkey != NULL && key->algorithm == DKIM_RSA_SHA256)
		must(key->bits >= 1024 && key->bits <= 4096);
	dkim_key_unref(key);
}

static void read_body(const char *text, size_t len)
{
	struct dkim_length whole = { 0 }, cut = { 0 };

	dkim_length_add(&whole, text, len);
	for (size_t i = 0; i < len; i++)
		dkim_length_add(&cut, text + i, 1);
	must(dkim_length_get(&whole, true) == dkim_length_get(&cut, true));
	must(dkim_length_get(&whole, false) == dkim_length_get(&cut, false));
	must(dkim_length_get(&whole, true) <= len);
}

static bool is_ours(const char *value, size_t len)
{
	return authres_is_forged(ID, "Authentication-Results",
	                         strlen("Authentication-Results"), value, len);
}

static void read_authres(const char *text, size_t len)
{
	g_autoptr(GString) value = g_string_new(" " ID ";");

	(void)is_ours(text, len);
	g_string_append_len(value, text, (gssize)len);
	must(is_ours(value->str, value->len));
	/* behind a comment of any content, closed or not */
	g_string_assign(value, " (");
	for (size_t i = 0; i < len; i++) {
		if (strchr("()\\", text[i]) == NULL)
			g_string_append_c(value, text[i]);
	}
	g_string_append(value, ") " ID);
	must(is_ours(value->str, value->len));
}

static void read_seal(const char *text, size_t len, const struct keyring *ring)
{
	struct seal *seal = NULL;

	must(seal_read(text, len, ring, "suporte", 60, &seal) != SEAL_VALID);
	must(seal == NULL);
}

static void seal_and_read(const char *text, size_t len,
                          const struct keyring *ring)
{
	AUTO(seal) seal = seal_new();
	AUTO(seal) got = NULL;
	struct seal_headers headers;
	g_autofree char *value = NULL;
	g_autofree char *field = NULL;
	g_autoptr(GString) message = g_string_new("Received: x\r\n");
	char *departments[] = { seal->id, NULL };
	enum seal_status status;

	g_free(seal->mail_from);
	seal->mail_from = g_strndup(text, len);
	g_strfreev(seal->departments);
	seal->departments = g_strdupv(departments);
	g_string_append_len(message, text, (gssize)len);
	seal_headers_read(message->str, message->len, &headers);
	value = seal_format(seal, &headers, ring);
	seal_headers_clear(&headers);
	field = g_strconcat(SEAL_HEADER ":", value, "\r\n", NULL);
	g_string_prepend(message, field);
	status =
		seal_read(message->str, message->len, ring, seal->id, 60, &got);
	/* malformed: the text has a seal of its own */
	must(status == SEAL_VALID || status == SEAL_MALFORMED);
	if (got != NULL)
		must(strcmp(got->mail_from, seal->mail_from) == 0);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	static struct keyring *ring;
	const char *text = (const char *)data;
	struct dmarc_record record;

	if (ring == NULL)
		ring = keyring_new("k", "0123456789abcdef0123456789abcdef", 32);
	clock_set_for_test(NOW);
	read_claim(text, size);
	read_key(text, size);
	read_body(text, size);
	read_authres(text, size);
	read_seal(text, size, ring);
	seal_and_read(text, size, ring);
	(void)dmarc_record_parse(text, size, &record);
	return 0;
}
