/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_auth_seal.c - the sealed verdict: round trip, tampering, limits
 *
 * Hermetic; the time of day stands still.
 */
#include "auth/seal.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW     ((gint64)1795363200000)
#define MAX_AGE ((guint64)86400)

#define HEAD                                                                   \
	"From: Ana <ana@example.org>\r\n"                                      \
	"Date: Sun, 22 Nov 2026 16:20:00 +0000\r\n"                            \
	"Message-ID: <1@example.org>\r\n"                                      \
	"Subject: teste\r\n de dobra\r\n"
#define TAIL "\r\nbody\r\n"

static struct keyring *ring;

static int setup(void **state)
{
	(void)state;
	ring = keyring_new("k1", "0123456789abcdef0123456789abcdef", 32);
	clock_set_for_test(NOW);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	keyring_free(ring);
	clock_set_for_test(0);
	return 0;
}

static void set(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

static struct seal *sample(void)
{
	struct seal *seal = seal_new();

	set(&seal->queue_id, "4cXyZ1234");
	set(&seal->client_ip, "2001:db8::1");
	set(&seal->helo, "mail.example.org");
	set(&seal->mail_from, "ana+50%;=x@example.org");
	set(&seal->login, "ana");
	g_strfreev(seal->departments);
	seal->departments = g_strsplit("financeiro,suporte", ",", -1);
	seal->verdict = SEAL_ACCEPT_STAFF;
	set(&seal->identity, "ana@example.org");
	seal->proof = AUTH_PROVEN;
	set(&seal->summary, "spf=pass smtp.mailfrom=\"á b\"; dkim=pass");
	return seal;
}

/* A whole message with this seal. */
static char *sealed(const struct seal *seal, const char *head)
{
	struct seal_headers headers;
	g_autofree char *value = NULL;
	char *message;

	seal_headers_read(head, strlen(head), &headers);
	value = seal_format(seal, &headers, ring);
	seal_headers_clear(&headers);
	message = g_strconcat(SEAL_HEADER ":", value, "\r\n", head, TAIL, NULL);
	return message;
}

static enum seal_status status_of(const char *message, const char *department)
{
	struct seal *seal = NULL;
	enum seal_status status = seal_read(message, strlen(message), ring,
	                                    department, MAX_AGE, &seal);

	assert_int_equal(status == SEAL_VALID, seal != NULL);
	seal_free(seal);
	return status;
}

static void test_read_gives_back_what_was_sealed(void **state)
{
	AUTO(seal) seal = sample();
	g_autofree char *message = sealed(seal, HEAD);
	AUTO(seal) got = NULL;

	(void)state;
	assert_int_equal(seal_read(message, strlen(message), ring, "suporte",
	                           MAX_AGE, &got),
	                 SEAL_VALID);
	assert_string_equal(got->id, seal->id);
	assert_true(got->time == NOW);
	assert_string_equal(got->queue_id, seal->queue_id);
	assert_string_equal(got->client_ip, seal->client_ip);
	assert_string_equal(got->helo, seal->helo);
	assert_string_equal(got->mail_from, seal->mail_from);
	assert_string_equal(got->login, seal->login);
	assert_int_equal(g_strv_length(got->departments), 2);
	assert_string_equal(got->departments[0], "financeiro");
	assert_string_equal(got->departments[1], "suporte");
	assert_int_equal(got->verdict, SEAL_ACCEPT_STAFF);
	assert_string_equal(got->identity, seal->identity);
	assert_int_equal(got->proof, AUTH_PROVEN);
	assert_string_equal(got->summary, seal->summary);
}

static void test_read_of_empty_seal(void **state)
{
	AUTO(seal) seal = seal_new();
	g_autofree char *message = sealed(seal, HEAD);

	(void)state;
	assert_int_equal(status_of(message, "suporte"), SEAL_OTHER_DEPARTMENT);
}

static void test_new_ids_differ(void **state)
{
	AUTO(seal) a = seal_new();
	AUTO(seal) b = seal_new();

	(void)state;
	assert_string_not_equal(a->id, b->id);
}

static void test_format_folds_and_is_ascii(void **state)
{
	AUTO(seal) seal = sample();
	g_autofree char *message = NULL;
	g_auto(GStrv) lines = NULL;

	(void)state;
	g_free(seal->summary);
	seal->summary = g_strnfill(3000, ';');
	message = sealed(seal, HEAD);
	assert_true(g_str_is_ascii(message));
	lines = g_strsplit(message, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		assert_true(strlen(*line) <= 78);
	assert_int_equal(status_of(message, "suporte"), SEAL_VALID);
}

/* Every change of a member, a name or the order must be seen. */
static void test_read_sees_any_changed_byte(void **state)
{
	AUTO(seal) seal = sample();
	g_autofree char *message = sealed(seal, HEAD);
	size_t start = strlen(SEAL_HEADER ": ");
	size_t end = (size_t)(strstr(message, "\r\nFrom:") - message);

	(void)state;
	for (size_t i = start; i < end; i++) {
		char old = message[i];

		if (g_ascii_isspace(old))
			continue;
		message[i] = old == 'x' ? 'y' : 'x';
		assert_int_not_equal(status_of(message, "suporte"), SEAL_VALID);
		message[i] = '\0' + 1;
		assert_int_not_equal(status_of(message, "suporte"), SEAL_VALID);
		message[i] = old;
	}
	assert_int_equal(status_of(message, "suporte"), SEAL_VALID);
}

/* One blank more or less, or another fold, is the MTA's business. */
static void test_read_sees_through_folding(void **state)
{
	static const struct {
		const char *name;
		const char *head;
		enum seal_status want;
	} cases[] = {
		{ "same", HEAD, SEAL_VALID },
		{ "unfolded",
		  "From:  Ana\t<ana@example.org> \r\n"
		  "Date: Sun, 22 Nov 2026 16:20:00 +0000\n"
		  "message-id:<1@example.org>\r\n"
		  "Subject: teste de dobra\r\n",
		  SEAL_VALID },
		{ "other From",
		  "From: Ana <eva@example.org>\r\n"
		  "Date: Sun, 22 Nov 2026 16:20:00 +0000\r\n"
		  "Message-ID: <1@example.org>\r\n"
		  "Subject: teste de dobra\r\n",
		  SEAL_FORGED },
		{ "joined word",
		  "From: Ana<ana@example.org>\r\n"
		  "Date: Sun, 22 Nov 2026 16:20:00 +0000\r\n"
		  "Message-ID: <1@example.org>\r\n"
		  "Subject: teste de dobra\r\n",
		  SEAL_FORGED },
		{ "no subject",
		  "From: Ana <ana@example.org>\r\n"
		  "Date: Sun, 22 Nov 2026 16:20:00 +0000\r\n"
		  "Message-ID: <1@example.org>\r\n",
		  SEAL_FORGED },
		{ "second From", "From: eva@example.org\r\n" HEAD,
		  SEAL_FORGED },
		{ "second Subject", HEAD "Subject: outro\r\n", SEAL_FORGED },
		{ "second Date", HEAD "Date: agora\r\n", SEAL_FORGED },
		{ "second Message-ID", HEAD "Message-Id: <2@x>\r\n",
		  SEAL_FORGED },
		{ "another field", HEAD "X-Spam: no\r\n", SEAL_VALID },
	};
	AUTO(seal) seal = sample();
	g_autofree char *message = sealed(seal, HEAD);
	const char *end = strstr(message, "\r\nFrom:") + 2;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) moved =
			g_string_new_len(message, end - message);

		g_string_append(moved, cases[i].head);
		g_string_append(moved, TAIL);
		if (status_of(moved->str, "suporte") != cases[i].want)
			fail_msg("%s", cases[i].name);
	}
}

/* A field with a NUL is not the one that the milter judged. */
static void test_headers_read_nul_counts_as_absent(void **state)
{
	static const char message[] = "From: a@example.org\0b\r\n"
				      "Subject: x\r\n\r\n";
	struct seal_headers headers;

	(void)state;
	seal_headers_read(message, sizeof(message) - 1, &headers);
	assert_null(headers.from);
	assert_string_equal(headers.subject, " x");
	seal_headers_clear(&headers);
}

/* Absent and empty must not be the same, nor a text that spells "absent". */
static void test_absent_field_differs_from_empty(void **state)
{
	static const char *const heads[] = {
		"From: a@example.org\r\nDate: d\r\nMessage-ID: m\r\n",
		"From: a@example.org\r\nDate: d\r\nMessage-ID: m\r\n"
		"Subject:\r\n",
		"From: a@example.org\r\nDate: d\r\nMessage-ID: m\r\n"
		"Subject: -\r\n",
	};
	AUTO(seal) seal = sample();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
		g_autofree char *message = sealed(seal, heads[i]);
		size_t len = (size_t)(strstr(message, "From:") - message);

		for (size_t j = 0; j < G_N_ELEMENTS(heads); j++) {
			g_autoptr(GString) moved =
				g_string_new_len(message, (gssize)len);

			g_string_append(moved, heads[j]);
			g_string_append(moved, TAIL);
			assert_int_equal(status_of(moved->str, "suporte"),
			                 i == j ? SEAL_VALID : SEAL_FORGED);
		}
	}
}

static void test_read_malformed(void **state)
{
	static const struct {
		const char *name;
		const char *field;
	} cases[] = {
		{ "empty", ":\r\n" },
		{ "only a version", ": v=1\r\n" },
		{ "no members", ": hello\r\n" },
		{ "empty members", ": ;;;;\r\n" },
		{ "no value",
		  ": v=1;kid=a;id=a;t=1;q=;ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac\r\n" },
		{ "member missing",
		  ": v=1;kid=a;id=a;t=1;q=;ip=;helo=;from=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "member behind the mac",
		  ": v=1;kid=a;id=a;t=1;q=;ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a;z=1\r\n" },
		{ "semicolon behind the mac",
		  ": v=1;kid=a;id=a;t=1;q=;ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a;\r\n" },
		{ "other version",
		  ": v=2;kid=a;id=a;t=1;q=;ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "negative time",
		  ": v=1;kid=a;id=a;t=-1;q=;ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "huge time",
		  ": v=1;kid=a;id=a;t=99999999999999999999;q=;ip=;helo=;from=;"
		  "login=;d=a;verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "unknown verdict",
		  ": v=1;kid=a;id=a;t=1;q=;ip=;helo=;from=;login=;d=a;"
		  "verdict=maybe;who=;proof=proven;sum=;mac=a\r\n" },
		{ "unknown proof",
		  ": v=1;kid=a;id=a;t=1;q=;ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=sure;sum=;mac=a\r\n" },
		{ "cut percent",
		  ": v=1;kid=a;id=a;t=1;q=%4;ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "encoded NUL",
		  ": v=1;kid=a;id=a;t=1;q=%00;ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "raw quote",
		  ": v=1;kid=a;id=a;t=1;q=\";ip=;helo=;from=;login=;d=a;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "empty department",
		  ": v=1;kid=a;id=a;t=1;q=;ip=;helo=;from=;login=;d=a,,b;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "trailing comma",
		  ": v=1;kid=a;id=a;t=1;q=;ip=;helo=;from=;login=;d=a,;"
		  "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
		{ "no id", ": v=1;kid=a;id=;t=1;q=;ip=;helo=;from=;login=;d=a;"
		           "verdict=accept;who=;proof=proven;sum=;mac=a\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = g_strconcat(
			SEAL_HEADER, cases[i].field, HEAD, TAIL, NULL);

		if (status_of(message, "a") != SEAL_MALFORMED)
			fail_msg("%s", cases[i].name);
	}
}

static void test_read_two_seals_is_malformed(void **state)
{
	AUTO(seal) seal = sample();
	g_autofree char *message = sealed(seal, HEAD);
	g_autofree char *twice =
		g_strconcat("x-portaria-SEAL : v=1\r\n", message, NULL);
	g_autofree char *after = sealed(seal, HEAD SEAL_HEADER ": v=1\r\n");

	(void)state;
	assert_int_equal(status_of(twice, "suporte"), SEAL_MALFORMED);
	assert_int_equal(status_of(after, "suporte"), SEAL_MALFORMED);
}

static void test_read_absent(void **state)
{
	(void)state;
	assert_int_equal(status_of(HEAD TAIL, "suporte"), SEAL_ABSENT);
	assert_int_equal(status_of("", "suporte"), SEAL_ABSENT);
	/* in the body it is only text */
	assert_int_equal(status_of(HEAD "\r\n" SEAL_HEADER ": v=1\r\n", "a"),
	                 SEAL_ABSENT);
}

static void test_read_age(void **state)
{
	static const struct {
		const char *name;
		gint64 now; /* after the seal */
		enum seal_status want;
	} cases[] = {
		{ "at once", 0, SEAL_VALID },
		{ "last second", (gint64)MAX_AGE * 1000 + 999, SEAL_VALID },
		{ "too old", (gint64)MAX_AGE * 1000 + 1000, SEAL_STALE },
		{ "clock behind", -5 * CLOCK_MINUTE, SEAL_VALID },
		{ "clock far behind", -5 * CLOCK_MINUTE - 1, SEAL_STALE },
	};
	AUTO(seal) seal = sample();
	g_autofree char *message = sealed(seal, HEAD);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		clock_set_for_test(NOW + cases[i].now);
		if (status_of(message, "suporte") != cases[i].want)
			fail_msg("%s", cases[i].name);
	}
	clock_set_for_test(NOW);
}

static void test_read_other_department(void **state)
{
	AUTO(seal) seal = sample();
	g_autofree char *message = sealed(seal, HEAD);

	(void)state;
	assert_int_equal(status_of(message, "abusos"), SEAL_OTHER_DEPARTMENT);
	assert_int_equal(status_of(message, "financeiro"), SEAL_VALID);
	assert_int_equal(status_of(message, "financeiro,suporte"),
	                 SEAL_OTHER_DEPARTMENT);
}

static void test_read_other_key(void **state)
{
	AUTO(seal) seal = sample();
	g_autofree char *message = sealed(seal, HEAD);
	AUTO(keyring)
	same_kid = keyring_new("k1", "another key another key another!", 32);
	AUTO(keyring)
	other_kid = keyring_new("k2", "0123456789abcdef0123456789abcdef", 32);
	struct seal *got = NULL;

	(void)state;
	assert_int_equal(seal_read(message, strlen(message), same_kid,
	                           "suporte", MAX_AGE, &got),
	                 SEAL_FORGED);
	assert_int_equal(seal_read(message, strlen(message), other_kid,
	                           "suporte", MAX_AGE, &got),
	                 SEAL_FORGED);
	assert_null(got);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(seal_verdict_name(SEAL_HOLD), "hold");
	assert_string_equal(seal_verdict_name((enum seal_verdict)99),
	                    "unknown");
	assert_string_equal(seal_status_name(SEAL_FORGED), "forged");
	assert_string_equal(seal_status_name((enum seal_status)99), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_gives_back_what_was_sealed),
		cmocka_unit_test(test_read_of_empty_seal),
		cmocka_unit_test(test_new_ids_differ),
		cmocka_unit_test(test_format_folds_and_is_ascii),
		cmocka_unit_test(test_read_sees_any_changed_byte),
		cmocka_unit_test(test_read_sees_through_folding),
		cmocka_unit_test(test_headers_read_nul_counts_as_absent),
		cmocka_unit_test(test_absent_field_differs_from_empty),
		cmocka_unit_test(test_read_malformed),
		cmocka_unit_test(test_read_two_seals_is_malformed),
		cmocka_unit_test(test_read_absent),
		cmocka_unit_test(test_read_age),
		cmocka_unit_test(test_read_other_department),
		cmocka_unit_test(test_read_other_key),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
