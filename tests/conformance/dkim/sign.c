/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sign.c - keys and signed messages for the DKIM tests
 */
#include "conformance/dkim/sign.h"

#include <opendkim/dkim.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__)
#define SIGN_LSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIGN_LSAN 1
#endif
#endif
#ifdef SIGN_LSAN
#include <sanitizer/lsan_interface.h>
#endif

#include <glib/gstdio.h>

#include "base/clock.h"
#include "mail/header.h"
#include "support/dnsput.h"

/* --- time --- */

static gint64 fixed_time = SIGN_NOW;

/* libopendkim's own checks of t= and x= end here. */
time_t time(time_t *ret_time)
{
	if (ret_time != NULL)
		*ret_time = (time_t)fixed_time;
	return (time_t)fixed_time;
}

void sign_set_time(gint64 now)
{
	fixed_time = now;
	clock_set_for_test(now * CLOCK_SECOND);
}

/* --- keys --- */

static char *run(const char *command, size_t *ret_len)
{
	g_autoptr(GError) error = NULL;
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, NULL, NULL };
	g_autofree char *script = g_strconcat(command, " | base64 -w0", NULL);
	g_autofree char *text = NULL;
	size_t len;
	int status;

	argv[2] = script;
	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL,
	                  NULL, &text, NULL, &status, &error) ||
	    !g_spawn_check_wait_status(status, &error) || *text == '\0') {
		g_printerr("%s: %s\n", command,
		           error != NULL ? error->message : "no output");
		exit(1);
	}
	return (char *)g_base64_decode(g_strstrip(text),
	                               ret_len != NULL ? ret_len : &len);
}

static char *run_text(const char *command)
{
	size_t len;
	g_autofree char *bytes = run(command, &len);

	return g_strndup(bytes, len);
}

struct key_pair *key_pair_new(unsigned bits)
{
	struct key_pair *pair = g_new0(struct key_pair, 1);
	g_autofree char *path = NULL;
	g_autofree char *make = NULL;
	g_autofree char *show = NULL;
	g_autofree char *bare = NULL;
	g_autofree char *der = NULL;
	int fd = g_file_open_tmp("portaria-key-XXXXXX", &path, NULL);
	size_t len;

	if (fd < 0)
		exit(1);
	make = bits > 0
	               ? g_strdup_printf("openssl genrsa -traditional %u", bits)
	               : g_strdup("openssl genpkey -algorithm ed25519");
	pair->pem = run_text(make);
	if (!g_file_set_contents(path, pair->pem, -1, NULL))
		exit(1);
	show = g_strdup_printf("openssl pkey -in %s -pubout -outform DER",
	                       path);
	der = run(show, &len);
	/* an ed25519 key is published raw (RFC 8463 4): the last 32 bytes */
	pair->public =
		bits > 0 ? g_base64_encode((const guchar *)der, len)
			 : g_base64_encode((const guchar *)der + len - 32, 32);
	if (bits > 0) {
		g_autofree char *bytes = NULL;

		bare = g_strdup_printf(
			"openssl rsa -in %s -RSAPublicKey_out -outform DER",
			path);
		bytes = run(bare, &len);
		pair->bare = g_base64_encode((const guchar *)bytes, len);
	}
	(void)g_close(fd, NULL);
	(void)g_unlink(path);
	return pair;
}

void key_pair_free(struct key_pair *pair)
{
	if (pair == NULL)
		return;
	g_free(pair->pem);
	g_free(pair->public);
	g_free(pair->bare);
	g_free(pair);
}

/* --- signing --- */

#define CHECK(call)                                                            \
	do {                                                                   \
		DKIM_STAT status_ = (call);                                    \
		if (status_ != DKIM_STAT_OK) {                                 \
			g_printerr("%s: %s\n", #call,                          \
			           dkim_getresultstr(status_));                \
			exit(1);                                               \
		}                                                              \
	} while (0)

static unsigned char *bytes(const char *text)
{
	union {
		const char *in;
		unsigned char *out;
	} view = { .in = text };

	return view.out;
}

static void set_options(DKIM_LIB *lib, const struct sign_spec *spec)
{
	uint64_t now = (uint64_t)(spec->time != 0 ? spec->time : SIGN_NOW);
	uint64_t ttl = (uint64_t)spec->ttl;
	unsigned bits = 0;

	CHECK(dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FIXEDTIME, &now,
	                   sizeof(now)));
	CHECK(dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &bits,
	                   sizeof(bits)));
	if (ttl != 0)
		CHECK(dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_SIGNATURETTL,
		                   &ttl, sizeof(ttl)));
	if (spec->oversigned != NULL)
		CHECK(dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_OVERSIGNHDRS,
		                   spec->oversigned, sizeof(char **)));
}

static void feed_head(DKIM *dkim, const char *head)
{
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, head, strlen(head));
	while (header_walk_next(&walk, &field)) {
		size_t len =
			(size_t)(field.value + field.value_len - field.name);

		CHECK(dkim_header(dkim, bytes(field.name), len));
	}
	CHECK(dkim_eoh(dkim));
}

static void set_details(DKIM *dkim, const struct sign_spec *spec)
{
	if (spec->partial)
		CHECK(dkim_setpartial(dkim, true));
	if (spec->identity != NULL)
		CHECK(dkim_set_signer(dkim, bytes(spec->identity)));
	if (spec->xtag != NULL)
		CHECK(dkim_add_xtag(dkim, spec->xtag, spec->xvalue));
}

/* libopendkim loses the context of every ed25519 key that it signs with;
 * that is not what these tests are to find. */
static void ignore_leaks(bool on)
{
#ifdef SIGN_LSAN
	if (on)
		__lsan_disable();
	else
		__lsan_enable();
#else
	(void)on;
#endif
}

static char *sign(const struct sign_spec *spec, const char *head,
                  const char *body)
{
	DKIM_LIB *lib = dkim_init(NULL, NULL);
	DKIM_STAT status;
	unsigned char *value;
	size_t len;
	char *field;
	DKIM *dkim;

	set_options(lib, spec);
	dkim = dkim_sign(
		lib, bytes("test"), NULL, bytes(spec->key->pem),
		bytes(spec->selector), bytes(spec->domain),
		spec->simple_header ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED,
		spec->simple_body ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED,
		spec->algorithm, spec->partial ? spec->body_length : -1,
		&status);
	if (dkim == NULL) {
		g_printerr("dkim_sign: %s\n", dkim_getresultstr(status));
		exit(1);
	}
	set_details(dkim, spec);
	feed_head(dkim, head);
	if (*body != '\0')
		CHECK(dkim_body(dkim, bytes(body), strlen(body)));
	CHECK(dkim_eom(dkim, NULL));
	/* 16: the fold that was hashed is the one that is returned */
	CHECK(dkim_getsighdr_d(dkim, strlen("DKIM-Signature: "), &value, &len));
	field = g_strdup_printf("DKIM-Signature: %.*s\r\n", (int)len,
	                        (const char *)value);
	(void)dkim_free(dkim);
	dkim_close(lib);
	return field;
}

char *sign_message(const struct sign_spec *spec, const char *head,
                   const char *body)
{
	char *field;

	ignore_leaks(true);
	field = sign(spec, head, body);
	ignore_leaks(false);
	return field;
}

/* --- verifying --- */

struct resolver *sign_resolver(void)
{
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;
	int fd = g_file_open_tmp("portaria-zone-XXXXXX", &path, NULL);
	char *zones[] = { path, NULL };
	struct config_dns config = {
		.local_zones = zones,
		.timeout_ms = 2000,
		.cache_entries = 100000,
	};
	struct resolver *resolver = NULL;

	if (fd >= 0 && g_file_set_contents(path, "zone . static\n", -1, NULL))
		resolver = resolver_new(&config, &error);
	if (resolver == NULL) {
		g_printerr("resolver: %s\n",
		           error != NULL ? error->message : "no file");
		exit(1);
	}
	(void)g_close(fd, NULL);
	(void)g_unlink(path);
	return resolver;
}

void sign_put_key(struct resolver *resolver, const char *name,
                  const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	dnsput(resolver, name, DNS_TYPE_TXT, text);
}

static void feed_body(struct dkim_verifier *verifier, const char *body,
                      size_t len, size_t step)
{
	while (len > 0) {
		size_t part = step > 0 ? MIN(step, len) : len;

		dkim_verifier_body(verifier, body, part);
		body += part;
		len -= part;
	}
}

GPtrArray *verify(struct dkim_library *library,
                  const struct verify_input *input)
{
	struct limits limits;
	struct dns_budget budget = { .deadline = clock_monotonic() +
		                                 10 * CLOCK_SECOND };
	struct dkim_verifier *verifier;
	struct header_walk walk;
	struct header_field field;
	GPtrArray *signatures;

	limits_init(&limits);
	if (input->signatures_max > 0)
		limits.dkim_signatures = input->signatures_max;
	budget.lookups_left =
		input->lookups > 0 ? input->lookups : limits.dns_lookups;
	verifier = dkim_verifier_new(library, &limits, &budget);
	header_walk_init(&walk, input->message, input->len);
	while (header_walk_next(&walk, &field))
		dkim_verifier_header(verifier, field.name, field.name_len,
		                     field.value, field.value_len);
	if (dkim_verifier_end_header(verifier, input->from_domain)) {
		const char *body = header_walk_body(&walk);

		feed_body(verifier, body,
		          (size_t)(input->message + input->len - body),
		          input->step);
	}
	signatures = dkim_verifier_finish(verifier);
	dkim_verifier_free(verifier);
	return signatures;
}
