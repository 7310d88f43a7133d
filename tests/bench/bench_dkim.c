/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_dkim.c - what verifying DKIM costs
 *
 * Signatures that differ in l= make libopendkim hash the body once for each:
 * 300 of them must not cost much more than the 8 that are tried. Keys are in
 * memory, no question is asked. Prints microseconds of processor time a
 * message.
 */
#include "conformance/dkim/sign.h"

#include <opendkim/dkim.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HEAD                                                                   \
	"From: Ana <ana@example.org>\r\n"                                      \
	"To: suporte@desk.example\r\n"                                         \
	"Subject: teste\r\n"

struct bench {
	const char *name;
	unsigned signatures;
	size_t body;  /* bytes */
	unsigned key; /* bits */
	unsigned rounds;
};

static struct resolver *resolver;
static struct dkim_library *library;

static char *make_body(size_t len)
{
	GString *body = g_string_sized_new(len + 80);

	while (body->len < len)
		g_string_append(body, "Lorem ipsum dolor sit amet, consectetur "
		                      "adipiscing elit, sed do eiusmod.\r\n");
	return g_string_free(body, FALSE);
}

static char *make_message(const struct bench *bench, const struct key_pair *key)
{
	g_autofree char *body = make_body(bench->body);
	struct sign_spec spec = {
		.key = key,
		.domain = "example.org",
		.selector = "sel",
		.algorithm = DKIM_SIGN_RSASHA256,
		.partial = bench->signatures > 1,
	};
	GString *message = g_string_new(NULL);

	for (unsigned i = 0; i < bench->signatures; i++) {
		g_autofree char *field = NULL;

		spec.body_length = (gint64)strlen(body) - (gint64)i;
		field = sign_message(&spec, HEAD, body);
		g_string_append(message, field);
	}
	g_string_append(message, HEAD "\r\n");
	g_string_append(message, body);
	return g_string_free(message, FALSE);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static unsigned count_passed(const GPtrArray *signatures)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < signatures->len; i++) {
		const struct dkim_signature *signature = signatures->pdata[i];

		passed += signature->result == DKIM_RESULT_PASS;
	}
	return passed;
}

static double run(const struct bench *bench)
{
	struct key_pair *key = key_pair_new(bench->key);
	g_autofree char *message = make_message(bench, key);
	const struct verify_input input = {
		.resolver = resolver,
		.message = message,
		.len = strlen(message),
		.step = 65535, /* as libmilter hands it over */
		.from_domain = "example.org",
	};
	unsigned passed = 0;
	double start, each;

	sign_put_key(resolver, "sel._domainkey.example.org", "p=%s",
	             key->public);
	start = now_us();
	for (unsigned i = 0; i < bench->rounds; i++) {
		g_autoptr(GPtrArray) got = verify(library, &input);

		passed += count_passed(got);
	}
	each = (now_us() - start) / bench->rounds;
	printf("%-38s %10.0f us  %8zu bytes  %u passed\n", bench->name, each,
	       strlen(message), passed / bench->rounds);
	key_pair_free(key);
	return each;
}

int main(void)
{
	static const struct bench benches[] = {
		{ "1 signature, RSA-2048, 3 KB", 1, 3000, 2048, 2000 },
		{ "1 signature, RSA-2048, 3 MB", 1, 3000000, 2048, 20 },
		{ "8 signatures, RSA-1024, 3 KB", 8, 3000, 1024, 1000 },
		{ "300 signatures, RSA-1024, 3 KB", 300, 3000, 1024, 500 },
		{ "8 signatures, RSA-1024, 3 MB", 8, 3000000, 1024, 10 },
		{ "300 signatures, RSA-1024, 3 MB", 300, 3000000, 1024, 10 },
	};
	double each[G_N_ELEMENTS(benches)];

	sign_set_time(SIGN_NOW);
	resolver = sign_resolver();
	library = dkim_library_new(resolver, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(benches); i++)
		each[i] = run(&benches[i]);
	printf("300 to 8 signatures: %.2f times with 3 KB, %.2f with 3 MB\n",
	       each[3] / each[2], each[5] / each[4]);
	dkim_library_free(library);
	resolver_free(resolver);
	return 0;
}
