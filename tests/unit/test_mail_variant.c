/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way out of the confined child, and lies on that way. */
#include "mail_case.h"

#include "mail/filename.h"
#include "mail/mailbuild.h"

static struct mail *full_mail(void)
{
	return case_parse(
		"Message-ID: <1@a.example>\nIn-Reply-To: <0@a.example>\n"
		"References: <x@a.example> <0@a.example>\n"
		"From: =?utf-8?Q?Jo=C3=A3o?= <Joao@Cliente.Example>\n"
		"To: \"odd local\"@b.example, nonsense\n"
		"Cc: c@d.example\nReply-To: e@f.example\n"
		"Date: 22 Nov 2026 16:20:00 +0000\nSubject: ol\303\241\n"
		"Content-Type: multipart/mixed; boundary=b\n\n"
		"--b\n\nPrioridade: alta\ntexto\n"
		"--b\nContent-Type: text/html\n\n<p>rico</p>\n"
		"--b\nContent-Type: application/x-y; name=a.bin\n"
		"Content-ID: <id@x>\n\n\001\002\003\n--b--\n");
}

/* Serialises and reads back, as over a pipe. */
static struct mail *carry(const struct mail *mail)
{
	g_autoptr(GVariant) there = g_variant_ref_sink(mail_to_variant(mail));
	g_autoptr(GBytes) wire = g_variant_get_data_as_bytes(there);
	g_autoptr(GVariant) back = g_variant_ref_sink(g_variant_new_from_bytes(
		G_VARIANT_TYPE(MAIL_VARIANT_TYPE), wire, FALSE));
	g_autoptr(GError) error = NULL;
	struct mail *copy = mail_from_variant(back, &error);

	if (copy == NULL)
		fail_msg("%s", error->message);
	return copy;
}

static void assert_same(const struct mail *a, const struct mail *b)
{
	g_autoptr(GVariant) one = g_variant_ref_sink(mail_to_variant(a));
	g_autoptr(GVariant) two = g_variant_ref_sink(mail_to_variant(b));

	assert_true(g_variant_equal(one, two));
}

static void test_round_trip_keeps_everything(void **state)
{
	AUTO(mail) mail = full_mail();
	AUTO(mail) copy = carry(mail);
	const struct mailbox *from = g_ptr_array_index(copy->from, 0);
	const struct mail_part *part = case_part(copy, 0);
	g_autofree char *data = case_dup_data(part);

	(void)state;
	assert_same(mail, copy);
	assert_string_equal(copy->message_id, "<1@a.example>");
	assert_string_equal(from->name, "João");
	assert_string_equal(from->local, "Joao");
	assert_string_equal(from->address, "joao@cliente.example");
	assert_string_equal(copy->subject, "olá");
	assert_string_equal(copy->text, "texto\nrico");
	assert_string_equal(copy->html, "<p>rico</p>");
	assert_int_equal(copy->fields.priority, MAIL_PRIORITY_HIGH);
	assert_string_equal(part->filename, "a.bin");
	assert_string_equal(part->content_id, "id@x");
	assert_string_equal(data, "\001\002\003");
	assert_true(copy->date == G_GINT64_CONSTANT(1795364400000));
}

static void test_round_trip_of_reports(void **state)
{
	AUTO(mail)
	bounce = case_parse(
		"From: MAILER-DAEMON@x.example\nSubject: failure notice\n"
		"Content-Type: multipart/report; boundary=b\n\n--b\n\nsorry\n"
		"--b\nContent-Type: message/delivery-status\n\n"
		"Reporting-MTA: dns; x\nOriginal-Envelope-Id: e1\n\n"
		"Final-Recipient: rfc822; a@b.example\nAction: failed\n"
		"Status: 5.1.1\nDiagnostic-Code: smtp; 550 no\n\n--b--\n");
	AUTO(mail)
	abuse = case_parse(
		"From: fbl@x.example\nSubject: report\n"
		"Content-Type: multipart/report; boundary=b\n\n--b\n\nsee\n"
		"--b\nContent-Type: message/feedback-report\n\n"
		"Feedback-Type: abuse\nSource-IP: 192.0.2.1\n--b--\n");

	(void)state;
	assert_int_equal(bounce->kind, MAIL_KIND_BOUNCE);
	assert_int_equal(abuse->kind, MAIL_KIND_ABUSE_REPORT);
	AUTO(mail) bounce_copy = carry(bounce);
	AUTO(mail) abuse_copy = carry(abuse);

	assert_same(bounce, bounce_copy);
	assert_same(abuse, abuse_copy);
	assert_string_equal(bounce_copy->bounce->original_envelope, "e1");
	assert_string_equal(abuse_copy->abuse->source_ip, "192.0.2.1");
}

static void test_round_trip_of_an_empty_mail(void **state)
{
	AUTO(mail) mail = mail_new();

	(void)state;
	mail_fill(mail);
	AUTO(mail) copy = carry(mail);

	assert_same(mail, copy);
}

static void test_round_trip_of_stubs_of_reports(void **state)
{
	static const char *const texts[] = {
		"From: MAILER-DAEMON@x.example\nX-Failed-Recipients: a@b\n\nx",
		"List-Id: <x.y>\n\nx",
		"Auto-Submitted: vacation\n\nx",
	};
	struct limits limits;

	(void)state;
	limits_init(&limits);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GBytes) raw = case_bytes(texts[i]);
		AUTO(mail) mail = mail_parse_stub(raw, &limits, "why");
		AUTO(mail) copy = carry(mail);

		assert_same(mail, copy);
	}
}

static void assert_refused(GVariant *floating)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(floating);
	g_autoptr(GError) error = NULL;
	AUTO(mail) mail = mail_from_variant(variant, &error);

	assert_null(mail);
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX));
}

/* The honest variant with one member replaced, or removed (value NULL). */
static GVariant *with_member(const char *key, GVariant *value)
{
	AUTO(mail) mail = full_mail();
	g_autoptr(GVariant) honest = g_variant_ref_sink(mail_to_variant(mail));
	g_autoptr(GVariant) inner = g_variant_get_child_value(honest, 0);
	GVariantDict dict;

	g_variant_dict_init(&dict, inner);
	if (value != NULL)
		g_variant_dict_insert_value(&dict, key, value);
	else
		g_variant_dict_remove(&dict, key);
	return g_variant_new("(@a{sv})", g_variant_dict_end(&dict));
}

static void test_from_variant_misses_no_member(void **state)
{
	static const char *const keys[] = {
		"message_id", "in_reply_to", "references",   "from",
		"to",         "cc",          "reply_to",     "date",
		"subject",    "text",        "text_trimmed", "html",
		"parts",      "kind",        "is_forward",   "priority",
		"service",    "invalid",     "warnings",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		assert_refused(with_member(keys[i], NULL));
		assert_refused(with_member(keys[i], g_variant_new_byte(1)));
	}
}

static void test_from_variant_believes_nothing(void **state)
{
	static const struct {
		const char *key;
		const char *value; /* GVariant text */
	} lies[] = {
		{ "message_id", "'<a>\\nBcc: x@y'" },
		{ "subject", "'a\\rb'" },
		{ "service", "'a\\tb'" },
		{ "references", "['<a>', '<b>\\n']" },
		{ "from", "[('a\\nb', 'x@y.example')]" },
		{ "from", "[('a', 'x@y.example\\n')]" },
		{ "parts", "[('../x', 't', '', '', false, @ay [])]" },
		{ "parts", "[('', 't', '', '', false, @ay [])]" },
		{ "parts", "[('a/b', 't', '', '', false, @ay [])]" },
		{ "parts", "[('a', 't\\n', '', '', false, @ay [])]" },
		{ "parts", "[('a', 't', '', 'x\\r', false, @ay [])]" },
		{ "kind", "uint32 6" },
		{ "kind", "uint32 4294967295" },
		{ "kind", "uint32 3" }, /* bounce, but no "bounce" */
		{ "kind", "uint32 4" }, /* abuse report, the same */
		{ "priority", "uint32 4" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
		g_autoptr(GVariant) value =
			g_variant_parse(NULL, lies[i].value, NULL, NULL, NULL);

		assert_non_null(value);
		assert_refused(with_member(lies[i].key, value));
	}
}

static void test_from_variant_makes_addresses_itself(void **state)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(with_member(
		"from",
		g_variant_new_parsed(
			"[('Staff', 'ANA@Desk.Example'), ('x', 'y')]")));
	AUTO(mail) mail = mail_from_variant(variant, NULL);
	const struct mailbox *first = g_ptr_array_index(mail->from, 0);
	const struct mailbox *second = g_ptr_array_index(mail->from, 1);

	(void)state;
	assert_string_equal(first->address, "ana@desk.example");
	assert_string_equal(first->domain, "desk.example");
	assert_string_equal(second->address, "");
}

static void test_from_variant_refuses_other_types(void **state)
{
	(void)state;
	assert_refused(g_variant_new("(s)", "x"));
	assert_refused(g_variant_new_string("x"));
	assert_refused(g_variant_new_parsed("@a{sv} {}"));
	assert_refused(g_variant_new_parsed("(@a{sv} {},)"));
}

/* Every byte of the wire form bent: refused or read, never a crash. */
static void test_from_variant_survives_bent_bytes(void **state)
{
	AUTO(mail) mail = full_mail();
	g_autoptr(GVariant) honest = g_variant_ref_sink(mail_to_variant(mail));
	gsize len = g_variant_get_size(honest);
	guint refused = 0;

	(void)state;
	for (gsize i = 0; i < len; i++) {
		guint8 *bent = g_memdup2(g_variant_get_data(honest), len);

		bent[i] ^= (guint8)(1U << (i % 8));
		g_autoptr(GBytes) wire = g_bytes_new_take(bent, len);
		g_autoptr(GVariant) variant =
			g_variant_ref_sink(g_variant_new_from_bytes(
				G_VARIANT_TYPE(MAIL_VARIANT_TYPE), wire,
				FALSE));
		AUTO(mail) copy = mail_from_variant(variant, NULL);

		if (copy == NULL) {
			refused++;
			continue;
		}
		assert_true(g_utf8_validate(copy->text, -1, NULL));
		assert_true(g_utf8_validate(copy->subject, -1, NULL));
	}
	assert_true(refused > 0);
	for (gsize cut = 0; cut < len; cut += 7) {
		g_autoptr(GBytes) wire =
			g_bytes_new(g_variant_get_data(honest), cut);
		g_autoptr(GVariant) variant =
			g_variant_ref_sink(g_variant_new_from_bytes(
				G_VARIANT_TYPE(MAIL_VARIANT_TYPE), wire,
				FALSE));
		AUTO(mail) copy = mail_from_variant(variant, NULL);

		assert_null(copy);
	}
}

/* ---- bytes that no serialiser writes ---- */

/* As it comes from the child: bytes that nobody has looked at. */
static GVariant *untrusted(const char *type, const void *data, gsize len)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, len);

	return g_variant_new_from_bytes(G_VARIANT_TYPE(type), bytes, FALSE);
}

static GVariant *over_the_wire(GVariant *floating)
{
	g_autoptr(GVariant) there = g_variant_ref_sink(floating);
	g_autoptr(GBytes) wire = g_variant_get_data_as_bytes(there);

	return g_variant_ref_sink(g_variant_new_from_bytes(
		G_VARIANT_TYPE(MAIL_VARIANT_TYPE), wire, FALSE));
}

/* Whatever was believed is text, safe, and no more than what came. */
static void assert_believable(const struct mail *mail, gsize whole)
{
	gsize sum = 0;

	assert_true(g_utf8_validate(mail->text, -1, NULL));
	assert_true(g_utf8_validate(mail->subject, -1, NULL));
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);

		assert_true(filename_is_safe(part->filename));
		assert_true(g_utf8_validate(part->content_type, -1, NULL));
		assert_true(g_utf8_validate(part->detected_type, -1, NULL));
		assert_true(g_utf8_validate(part->content_id, -1, NULL));
		sum += g_bytes_get_size(part->data);
	}
	assert_true(sum <= whole);
}

/* The honest mail with other bytes for its attachments: true if read. */
static bool reads_parts(const void *data, gsize len)
{
	g_autoptr(GVariant) wire = over_the_wire(
		with_member("parts", untrusted("a(ssssbay)", data, len)));
	AUTO(mail) mail = mail_from_variant(wire, NULL);

	if (mail != NULL)
		assert_believable(mail, g_variant_get_size(wire));
	return mail != NULL;
}

/* One part "a" of type "t" with no identifier and three bytes; in front of
 * the frame of the array its own: ends of its strings, from the last. */
#define PART      "a\0t\0\0\0\0\1\2\3"
#define PART_ENDS "\6\5\4\2"

static void test_parts_with_a_bent_frame(void **state)
{
	static const struct {
		const char *name;
		const char *bytes;
		gsize len;
		bool want;
	} cases[] = {
#define CASE(name, text, want) { name, text, sizeof(text) - 1, want }
		CASE("honest", PART PART_ENDS "\16", true),
		CASE("two of them", PART PART_ENDS PART PART_ENDS "\16\34",
		     true),
		CASE("none", "", true),
		CASE("end behind the end", PART PART_ENDS "\377", false),
		CASE("end in the frame", PART PART_ENDS "\17", false),
		CASE("empty part", PART PART_ENDS "\0", false),
		CASE("the same twice", PART PART_ENDS "\16\16", false),
		CASE("going back", PART PART_ENDS PART PART_ENDS "\34\16",
		     false),
		CASE("a hundred ends",
		     PART PART_ENDS
		     "\16\16\16\16\16\16\16\16\16\16\16\16\16\16\16\16"
		     "\16\16\16\16\16\16\16\16\16\16\16\16\16\16\16\16",
		     false),
		CASE("string ends behind", PART "\6\5\4\377\16", false),
		CASE("string ends go back", PART "\2\4\5\6\16", false),
		CASE("string without end", "aat\0\0\0\0\1\2\3" PART_ENDS "\16",
		     false),
		CASE("no such truth", "a\0t\0\0\0\2\1\2\3" PART_ENDS "\16",
		     false),
		CASE("name not UTF-8", "\377\0t\0\0\0\0\1\2\3" PART_ENDS "\16",
		     false),
		CASE("type not UTF-8", "a\0\377\0\0\0\0\1\2\3" PART_ENDS "\16",
		     false),
		CASE("type of two strings",
		     "a\0t\0/\0\0\0\0\1"
		     "\10\7\6\2"
		     "\16",
		     false),
		CASE("name with a path", "/\0t\0\0\0\0\1\2\3" PART_ENDS "\16",
		     false),
		CASE("noise", "\1\2\3\4\5\6\7\10\11\12\13\14", false),
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (reads_parts(cases[i].bytes, cases[i].len) != cases[i].want)
			fail_msg("%s", cases[i].name);
}

/* A megabyte that a hundred thousand offsets of four bytes claim as theirs:
 * to the same end, falling, and beyond everything. */
static void test_parts_that_claim_the_same_bytes(void **state)
{
	const gsize body = 1 << 20, n = 100000;
	g_autofree guint8 *wire = g_malloc0(body + 4 * n);

	(void)state;
	for (int mode = 0; mode < 3; mode++) {
		for (gsize i = 0; i < n; i++) {
			guint32 end = mode == 0   ? (guint32)body
			              : mode == 1 ? (guint32)(body - i)
			                          : G_MAXUINT32;

			end = GUINT32_TO_LE(end);
			memcpy(wire + body + 4 * i, &end, sizeof(end));
		}
		assert_false(reads_parts(wire, body + 4 * n));
	}
}

static GVariant *many_parts(guint n)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssssbay)"));
	for (guint i = 0; i < n; i++)
		g_variant_builder_add_parsed(
			&builder, "('a', 't', '', '', false, @ay [])");
	return g_variant_builder_end(&builder);
}

static void test_more_than_any_limit_allows(void **state)
{
	g_autofree char *line = g_strnfill((5 << 20), 'x');
	g_autoptr(GVariant) fits =
		over_the_wire(with_member("parts", many_parts(20000)));
	g_autoptr(GVariant) parts =
		over_the_wire(with_member("parts", many_parts(100000)));
	g_autoptr(GVariant) subject = over_the_wire(
		with_member("subject", g_variant_new_string(line)));
	AUTO(mail) mail = mail_from_variant(fits, NULL);

	(void)state;
	assert_non_null(mail);
	assert_int_equal(mail->parts->len, 20000);
	assert_refused(g_variant_ref(parts));
	assert_refused(g_variant_ref(subject));
}

/* Members nobody asks for, in number, and one twice: the first counts. */
static void test_members_in_number(void **state)
{
	AUTO(mail) mail = full_mail();
	g_autoptr(GVariant) honest = g_variant_ref_sink(mail_to_variant(mail));
	g_autoptr(GVariant) inner = g_variant_get_child_value(honest, 0);

	(void)state;
	for (guint extra = 1; extra <= 100000; extra *= 100000) {
		GVariantBuilder builder;
		GVariantIter iter;
		GVariant *member;

		g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
		g_variant_iter_init(&iter, inner);
		while ((member = g_variant_iter_next_value(&iter)) != NULL) {
			g_variant_builder_add_value(&builder, member);
			g_variant_unref(member);
		}
		for (guint i = 0; i < extra; i++)
			g_variant_builder_add_parsed(&builder,
			                             "{'subject', <'other'>}");
		g_autoptr(GVariant) wire = over_the_wire(g_variant_new(
			"(@a{sv})", g_variant_builder_end(&builder)));
		AUTO(mail) copy = mail_from_variant(wire, NULL);

		if (extra == 1)
			assert_string_equal(copy->subject, mail->subject);
		else
			assert_null(copy);
	}
}

/* Texts whose bytes are none: no part of them is believed. */
static void test_texts_that_are_none(void **state)
{
	static const struct {
		const char *key;
		const char *type;
		const char *bytes;
		gsize len;
	} lies[] = {
		{ "text", "s", "a\377b", 4 },
		{ "text", "s", "a\0b", 4 },
		{ "html", "s", "open", 4 },
		{ "subject", "s", "", 0 },
		{ "subject", "s", "\355\240\200", 4 }, /* a surrogate */
		{ "references", "as", "a\0b\0\4\2", 6 },
		{ "references", "as", "a\0b\0\377\377", 6 },
		{ "from", "a(ss)", "a\0b\0\2\5\377", 7 },
		{ "is_forward", "b", "\7", 1 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
		g_autoptr(GVariant) wire = over_the_wire(with_member(
			lies[i].key,
			untrusted(lies[i].type, lies[i].bytes, lies[i].len)));
		AUTO(mail) mail = mail_from_variant(wire, NULL);

		if (mail != NULL)
			fail_msg("%s %zu", lies[i].key, i);
	}
}

/* Noise from one seed, short enough that much of it is nearly right. */
static void test_parts_of_noise(void **state)
{
	static const char alphabet[] = "\0\0\0at/\1\2\4\5\6\12\16\377";
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261122);
	guint8 noise[40];

	(void)state;
	for (int round = 0; round < 1000; round++) {
		gsize len = (gsize)g_rand_int_range(rand, 0, sizeof(noise));

		for (gsize i = 0; i < len; i++)
			noise[i] = (guint8)alphabet[g_rand_int_range(
				rand, 0, sizeof(alphabet) - 1)];
		(void)reads_parts(noise, len);
	}
}

static void test_kinds_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < MAIL_KIND__COUNT; i++) {
		enum mail_kind kind = MAIL_KIND__COUNT;

		assert_true(mail_kind_parse(mail_kind_name((enum mail_kind)i),
		                            &kind));
		assert_int_equal(kind, i);
		assert_int_equal(mail_kind_is_automatic(kind),
		                 kind != MAIL_KIND_HUMAN);
	}
	enum mail_kind untouched = MAIL_KIND_LIST;

	assert_false(mail_kind_parse("nonsense", &untouched));
	assert_int_equal(untouched, MAIL_KIND_LIST);
	assert_string_equal(mail_kind_name(MAIL_KIND_AUTO_REPLY), "auto_reply");
	mail_free(NULL);
	mail_part_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_keeps_everything),
		cmocka_unit_test(test_round_trip_of_reports),
		cmocka_unit_test(test_round_trip_of_an_empty_mail),
		cmocka_unit_test(test_round_trip_of_stubs_of_reports),
		cmocka_unit_test(test_from_variant_misses_no_member),
		cmocka_unit_test(test_from_variant_believes_nothing),
		cmocka_unit_test(test_from_variant_makes_addresses_itself),
		cmocka_unit_test(test_from_variant_refuses_other_types),
		cmocka_unit_test(test_from_variant_survives_bent_bytes),
		cmocka_unit_test(test_parts_with_a_bent_frame),
		cmocka_unit_test(test_parts_that_claim_the_same_bytes),
		cmocka_unit_test(test_more_than_any_limit_allows),
		cmocka_unit_test(test_members_in_number),
		cmocka_unit_test(test_texts_that_are_none),
		cmocka_unit_test(test_parts_of_noise),
		cmocka_unit_test(test_kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
