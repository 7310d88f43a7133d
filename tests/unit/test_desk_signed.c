/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_desk_signed.c - tokens go out and come back, forged ones do not.
 * Hermetic. */
#include "unit/desk_fixture.h"

#include "base/ids.h"
#include "desk/signed.h"
#include "mail/address.h"

#define DEPARTMENT "suporte@desk.example"
#define NUMBER     G_GINT64_CONSTANT(3765432198765432109)

/* A department address of 31 octets on the left side. */
#define LONGEST  "abcdefghijklmnopqrstuvwxyz12345@desk.example"
#define TOO_LONG "abcdefghijklmnopqrstuvwxyz123456@desk.example"

static bool reads_id(const struct fixture *fixture, const char *id)
{
	struct signed_ref ref;
	bool good = signed_parse_message_id(fixture->desk, id, &ref);

	assert_int_equal(good, ref.kind != SIGNED_NONE);
	signed_ref_clear(&ref);
	return good;
}

static bool reads_address(const struct fixture *fixture, const char *address)
{
	struct signed_ref ref;
	bool good = signed_parse_address(fixture->desk, address, &ref);

	assert_int_equal(good, ref.kind != SIGNED_NONE);
	signed_ref_clear(&ref);
	return good;
}

static void test_message_id_comes_back(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *ref = ref_new("VIA");
	g_autofree char *id = signed_message_id(fixture->desk, ref, NUMBER, 7);
	g_autofree char *start = g_strdup_printf("<%s.", ref);
	struct signed_ref got;

	assert_true(g_str_has_prefix(id, start));
	assert_true(g_str_has_suffix(id, "@desk.example>"));
	assert_true(signed_parse_message_id(fixture->desk, id, &got));
	assert_int_equal(got.kind, SIGNED_MESSAGE_ID);
	assert_string_equal(got.ref, ref);
	assert_true(got.message_id == NUMBER);
	assert_true(got.outbox_id == 7);
	signed_ref_clear(&got);
}

static void test_message_id_about_a_held_message(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *id = signed_message_id(fixture->desk, "", 0, NUMBER);
	struct signed_ref got;

	assert_true(g_str_has_prefix(id, "<HELD."));
	assert_true(signed_parse_message_id(fixture->desk, id, &got));
	assert_string_equal(got.ref, "");
	assert_true(got.message_id == 0);
	assert_true(got.outbox_id == NUMBER);
	signed_ref_clear(&got);
}

/* Nothing depends on case, and the host may have been renamed. */
static void test_message_id_survives_relays(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *ref = ref_new("VIA");
	g_autofree char *id =
		signed_message_id(fixture->desk, ref, NUMBER, NUMBER);
	g_autofree char *lower = g_ascii_strdown(id, -1);
	g_autofree char *upper = g_ascii_strup(id, -1);
	char *at = strchr(id, '@');

	assert_true(reads_id(fixture, lower));
	assert_true(reads_id(fixture, upper));
	*at = '\0';
	{
		g_autofree char *moved =
			g_strconcat(id, "@other.example>", NULL);

		assert_true(reads_id(fixture, moved));
	}
}

/* Any one character between `start` and the "@" changed must not verify. */
static void check_flips(const struct fixture *fixture, const char *good,
                        size_t start,
                        bool (*reads)(const struct fixture *, const char *))
{
	size_t end = strcspn(good, "@");

	assert_true(start < end);
	for (size_t i = start; i < end; i++) {
		g_autofree char *bad = g_strdup(good);

		bad[i] = good[i] == '7' ? '8' : '7';
		if (reads(fixture, bad))
			fail_msg("%s passed for %s", bad, good);
	}
}

static void test_message_id_altered_is_not_ours(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *ref = ref_new("VIA");
	g_autofree char *id =
		signed_message_id(fixture->desk, ref, NUMBER, NUMBER);

	assert_true(reads_id(fixture, id));
	check_flips(fixture, id, 0, reads_id);
}

static void test_message_id_of_other_shape_is_not_ours(void **state)
{
	static const char *const ids[] = {
		"",
		"<",
		"<>",
		"<@>",
		"<a@b>",
		"VIA-7K3Q9MX",
		"<VIA-7K3Q9MX@desk.example>",
		"<VIA-7K3Q9MX...@desk.example>",
		"<....@desk.example>",
		"<HELD.0.0.0@desk.example>",
		"<HELD.0000000000000.0000000000000."
		"0000000000000000@desk.example>",
		"<HELD.zzzzzzzzzzzzz.0000000000000."
		"0000000000000000@desk.example>",
		"<\xff\xfe.\xff.\xff.\xff@\xff>",
	};
	const struct fixture *fixture = *state;
	g_autofree char *ref = ref_new("VIA");
	g_autofree char *id = signed_message_id(fixture->desk, ref, 1, 2);
	g_autofree char *more = g_strconcat("<x.", id + 1, NULL);
	g_autofree char *bare = g_strndup(id + 1, strlen(id) - 2);
	g_autofree char *pad = g_strnfill(2000, 'a');
	g_autofree char *head = g_strndup(id, strlen(id) - 1);
	g_autofree char *huge = g_strconcat(head, pad, ">", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
		assert_false(reads_id(fixture, ids[i]));
	assert_false(reads_id(fixture, NULL));
	assert_false(reads_id(fixture, more));
	assert_false(reads_id(fixture, bare));
	assert_false(reads_id(fixture, huge));
}

static void test_addresses_come_back(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *ref = ref_new("VIA");
	g_autofree char *reply =
		signed_reply_address(fixture->desk, DEPARTMENT, ref);
	g_autofree char *bounce =
		signed_bounce_address(fixture->desk, DEPARTMENT, NUMBER);
	g_autofree char *confirm =
		signed_confirm_address(fixture->desk, DEPARTMENT, 42);
	struct signed_ref got;

	assert_true(g_str_has_prefix(reply, "suporte+via"));
	assert_true(g_str_has_suffix(reply, "@desk.example"));
	assert_true(signed_parse_address(fixture->desk, reply, &got));
	assert_int_equal(got.kind, SIGNED_REPLY);
	assert_string_equal(got.ref, ref);
	signed_ref_clear(&got);

	assert_true(signed_parse_address(fixture->desk, bounce, &got));
	assert_int_equal(got.kind, SIGNED_BOUNCE);
	assert_true(got.outbox_id == NUMBER);
	assert_string_equal(got.ref, "");
	signed_ref_clear(&got);

	assert_true(signed_parse_address(fixture->desk, confirm, &got));
	assert_int_equal(got.kind, SIGNED_CONFIRM);
	assert_true(got.held_id == 42);
	signed_ref_clear(&got);
}

static char **make_addresses(const struct fixture *fixture)
{
	g_autofree char *ref = ref_new("VIA");
	char **made = g_new0(char *, 4);

	made[0] = signed_reply_address(fixture->desk, DEPARTMENT, ref);
	made[1] = signed_bounce_address(fixture->desk, DEPARTMENT, NUMBER);
	made[2] = signed_confirm_address(fixture->desk, DEPARTMENT, NUMBER);
	return made;
}

/* What we make is already a key: the store and Postfix see the same text. */
static void test_addresses_are_keys(void **state)
{
	const struct fixture *fixture = *state;
	g_auto(GStrv) made = make_addresses(fixture);

	for (char **address = made; *address != NULL; address++) {
		g_autofree char *key = address_dup_key(*address);
		g_autofree char *upper = g_ascii_strup(*address, -1);

		assert_non_null(key);
		assert_string_equal(key, *address);
		assert_true(reads_address(fixture, upper));
	}
}

static void test_altered_address_is_not_ours(void **state)
{
	const struct fixture *fixture = *state;
	g_auto(GStrv) made = make_addresses(fixture);

	for (char **address = made; *address != NULL; address++) {
		assert_true(reads_address(fixture, *address));
		check_flips(fixture, *address, strlen("suporte+"),
		            reads_address);
	}
}

/* A mac for one purpose is none for another. */
static void test_purposes_do_not_mix(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *bounce =
		signed_bounce_address(fixture->desk, DEPARTMENT, NUMBER);
	g_autofree char *confirm =
		signed_confirm_address(fixture->desk, DEPARTMENT, NUMBER);
	char *b = strchr(bounce, '+') + 1;
	char *c = strchr(confirm, '+') + 1;

	assert_true(reads_address(fixture, bounce));
	assert_true(reads_address(fixture, confirm));
	*b = 'c';
	*c = 'b';
	assert_false(reads_address(fixture, bounce));
	assert_false(reads_address(fixture, confirm));
}

static void test_address_of_other_shape_is_not_ours(void **state)
{
	static const char *const addresses[] = {
		"",
		"@",
		"+",
		"suporte@desk.example",
		"suporte+@desk.example",
		"suporte+.@desk.example",
		"suporte+..@desk.example",
		"suporte+b..@desk.example",
		"suporte+b.0.0@desk.example",
		"suporte+b.0000000000000.0000000000000000@desk.example",
		"suporte+c.0000000000000.0000000000000000@desk.example",
		"suporte+d.0000000000000.0000000000000000@desk.example",
		"suporte+a.b.c.d.e.f@desk.example",
		"suporte+via7k3q9mx@desk.example",
		"suporte+via7k3q9mx.0000000000000000@desk.example",
		"\"a b+c\"@desk.example",
		"suporte+\xff.\xff@desk.example",
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
		assert_false(reads_address(fixture, addresses[i]));
	assert_false(reads_address(fixture, NULL));
}

static size_t local_length(const char *address)
{
	return (size_t)(strrchr(address, '@') - address);
}

static void test_local_part_never_passes_64(void **state)
{
	struct fixture *fixture = fixture_new("ref_prefix=ABCDEFGH\n");
	g_autofree char *ref = ref_new("ABCDEFGH");
	char *const made[] = {
		signed_reply_address(fixture->desk, LONGEST, ref),
		signed_bounce_address(fixture->desk, LONGEST, G_MAXINT64),
		signed_confirm_address(fixture->desk, LONGEST, G_MAXINT64),
	};

	(void)state;
	assert_int_equal(local_length(LONGEST), SIGNED_LOCAL_MAX);
	assert_true(signed_address_fits(LONGEST));
	for (size_t i = 0; i < G_N_ELEMENTS(made); i++) {
		assert_true(local_length(made[i]) <= 64);
		assert_true(reads_address(fixture, made[i]));
		g_free(made[i]);
	}
	fixture_free(fixture);
}

static void test_no_room_gives_the_plain_address(void **state)
{
	static const char *const addresses[] = {
		TOO_LONG,
		"\"two words\"@desk.example",
		"no-at-sign",
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autofree char *got = signed_confirm_address(
			fixture->desk, addresses[i], G_MAXINT64);

		assert_string_equal(got, addresses[i]);
		assert_false(signed_address_fits(addresses[i]));
	}
	assert_false(signed_address_fits("su+porte@desk.example"));
	assert_false(signed_address_fits("@desk.example"));
	assert_false(signed_address_fits(""));
	assert_true(signed_address_fits(DEPARTMENT));
}

static void test_other_key_is_not_ours(void **state)
{
	const struct fixture *fixture = *state;
	struct fixture *other = fixture_new(NULL);
	g_autofree char *ref = ref_new("VIA");
	g_autofree char *id = signed_message_id(other->desk, ref, 1, 2);
	g_autofree char *reply =
		signed_reply_address(other->desk, DEPARTMENT, ref);

	assert_true(reads_id(other, id));
	assert_true(reads_address(other, reply));
	assert_false(reads_id(fixture, id));
	assert_false(reads_address(fixture, reply));
	fixture_free(other);
}

#define FIXTURE_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(test_message_id_comes_back),
		FIXTURE_TEST(test_message_id_about_a_held_message),
		FIXTURE_TEST(test_message_id_survives_relays),
		FIXTURE_TEST(test_message_id_altered_is_not_ours),
		FIXTURE_TEST(test_message_id_of_other_shape_is_not_ours),
		FIXTURE_TEST(test_addresses_come_back),
		FIXTURE_TEST(test_addresses_are_keys),
		FIXTURE_TEST(test_altered_address_is_not_ours),
		FIXTURE_TEST(test_purposes_do_not_mix),
		FIXTURE_TEST(test_address_of_other_shape_is_not_ours),
		cmocka_unit_test(test_local_part_never_passes_64),
		FIXTURE_TEST(test_no_room_gives_the_plain_address),
		FIXTURE_TEST(test_other_key_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
