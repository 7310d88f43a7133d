/* SPDX-License-Identifier: GPL-2.0-or-later */
/* winmail.dat, sound and broken. Needs converters and libmagic. */
#include "mail_case.h"

#include "mail/mailbuild.h"
#include "mail/tnef.h"

static void u16(GByteArray *out, guint number)
{
	const guint8 bytes[] = { (guint8)number, (guint8)(number >> 8) };

	g_byte_array_append(out, bytes, sizeof(bytes));
}

static void u32(GByteArray *out, guint32 number)
{
	u16(out, number & 0xffff);
	u16(out, number >> 16);
}

static GByteArray *tnef_new(void)
{
	GByteArray *out = g_byte_array_new();

	u32(out, 0x223e9f78);
	u16(out, 1);
	return out;
}

static void attribute(GByteArray *out, guint8 level, guint32 id,
                      const void *data, size_t len)
{
	const guint8 *bytes = data;
	guint sum = 0;

	g_byte_array_append(out, &level, 1);
	u32(out, id);
	u32(out, (guint32)len);
	g_byte_array_append(out, bytes, (guint)len);
	for (size_t i = 0; i < len; i++)
		sum += bytes[i];
	u16(out, sum & 0xffff);
}

static void text_attribute(GByteArray *out, guint8 level, guint32 id,
                           const char *text)
{
	attribute(out, level, id, text, strlen(text) + 1);
}

#define REND_DATA   0x00069002
#define TITLE       0x00018010
#define ATTACH_DATA 0x0006800f
#define ATTACHMENT  0x00069005
#define BODY        0x0002800c
#define SUBJECT     0x00018004

static void file(GByteArray *out, const char *title, const char *data)
{
	static const guint8 rend[14] = { 1 };

	attribute(out, 2, REND_DATA, rend, sizeof(rend));
	if (title != NULL)
		text_attribute(out, 2, TITLE, title);
	if (data != NULL)
		attribute(out, 2, ATTACH_DATA, data, strlen(data));
}

/* One string property of an attachment. */
static void mapi_string(GByteArray *out, guint32 id, const char *text)
{
	size_t len = strlen(text) + 1;
	static const guint8 zeros[4];

	u32(out, id);
	u32(out, 1);
	u32(out, (guint32)len);
	g_byte_array_append(out, (const guint8 *)text, (guint)len);
	g_byte_array_append(out, zeros, (guint)((4 - len % 4) % 4));
}

/* The mail that holds the stream as its only attachment. */
static struct mail *wrap(const GByteArray *stream, const char *type)
{
	struct mail *mail = mail_new();
	struct mail_part *part = g_new0(struct mail_part, 1);

	part->filename = g_strdup("winmail.dat");
	part->content_type = g_strdup(type);
	part->data = g_bytes_new(stream->data, stream->len);
	g_ptr_array_add(mail->parts, part);
	mail_fill(mail);
	return mail;
}

static struct mail *expand(const GByteArray *stream)
{
	struct mail *mail = wrap(stream, "application/ms-tnef");
	struct limits limits;

	limits_init(&limits);
	mail_parse_init();
	tnef_expand(mail, &limits);
	return mail;
}

static void test_files_take_the_place_of_winmail(void **state)
{
	g_autoptr(GByteArray) stream = tnef_new();
	g_autoptr(GByteArray) mapi = g_byte_array_new();

	(void)state;
	text_attribute(stream, 1, SUBJECT, "anything");
	text_attribute(stream, 1, BODY, "Corpo\r\nem texto");
	file(stream, "BOLETO~1.PDF", "%PDF-1.4 x");
	u32(mapi, 2);
	mapi_string(mapi, 0x3707001e, "boleto de novembro.pdf");
	mapi_string(mapi, 0x370e001e, "application/pdf");
	attribute(stream, 2, ATTACHMENT, mapi->data, mapi->len);
	file(stream, "../b.txt", "dois");
	AUTO(mail) mail = expand(stream);
	g_autofree char *first = case_dup_data(case_part(mail, 0));
	g_autofree char *second = case_dup_data(case_part(mail, 1));

	assert_int_equal(mail->warnings, 0);
	assert_int_equal(mail->parts->len, 2);
	assert_string_equal(case_part(mail, 0)->filename,
	                    "boleto de novembro.pdf");
	assert_string_equal(case_part(mail, 0)->content_type,
	                    "application/pdf");
	assert_string_equal(first, "%PDF-1.4 x");
	assert_string_equal(case_part(mail, 1)->filename, "b.txt");
	assert_string_equal(second, "dois");
	assert_string_equal(mail->text, "Corpo\nem texto");
}

static void test_text_of_the_mail_wins(void **state)
{
	g_autoptr(GByteArray) stream = tnef_new();
	struct limits limits;

	(void)state;
	limits_init(&limits);
	text_attribute(stream, 1, BODY, "outro");
	file(stream, "a.txt", "x");
	AUTO(mail) mail = wrap(stream, "application/vnd.ms-tnef");

	g_free(mail->text);
	mail->text = g_strdup("texto");
	tnef_expand(mail, &limits);
	assert_string_equal(mail->text, "texto");
	assert_int_equal(mail->parts->len, 1);
	assert_string_equal(case_part(mail, 0)->filename, "a.txt");
}

/* Titles longer than the library takes are done without. */
static void test_long_title(void **state)
{
	g_autoptr(GByteArray) stream = tnef_new();
	g_autofree char *title = g_strnfill(300, 't');

	(void)state;
	file(stream, title, "%PDF-1.4 x");
	AUTO(mail) mail = expand(stream);

	assert_int_equal(mail->warnings, 0);
	assert_string_equal(case_part(mail, 0)->filename, "document.pdf");
}

static void assert_kept(const GByteArray *stream)
{
	AUTO(mail) mail = expand(stream);

	assert_int_equal(mail->warnings, MAIL_WARN_TNEF_KEPT);
	assert_int_equal(mail->parts->len, 1);
	assert_string_equal(case_part(mail, 0)->filename, "winmail.dat");
	assert_int_equal(g_bytes_get_size(case_part(mail, 0)->data),
	                 stream->len);
}

static void test_what_cannot_be_opened_is_kept(void **state)
{
	(void)state;
	g_autoptr(GByteArray) empty = g_byte_array_new();
	g_autoptr(GByteArray) header = tnef_new();
	g_autoptr(GByteArray) other = g_byte_array_new();
	g_autoptr(GByteArray) cut = tnef_new();
	g_autoptr(GByteArray) sum = tnef_new();
	g_autoptr(GByteArray) hollow = tnef_new();

	assert_kept(empty);
	assert_kept(header); /* nothing in it */
	g_byte_array_append(other, (const guint8 *)"%PDF-1.4 x", 10);
	assert_kept(other);
	file(cut, "a.txt", "conteudo");
	g_byte_array_set_size(cut, cut->len - 3);
	assert_kept(cut);
	file(sum, "a.txt", "conteudo");
	sum->data[sum->len - 1] ^= 1;
	assert_kept(sum);
	file(hollow, "a.txt", NULL); /* a name without content */
	assert_kept(hollow);
}

/* A text that only libytnef's parts of it hold must not get lost. */
static void test_unreadable_text_keeps_the_file(void **state)
{
	g_autoptr(GByteArray) stream = tnef_new();

	(void)state;
	attribute(stream, 1, 0x00069003, "\1\0\0\0rtf", 7);
	assert_kept(stream);
}

static void test_too_many_files(void **state)
{
	g_autoptr(GByteArray) stream = tnef_new();

	(void)state;
	for (int i = 0; i < 1001; i++)
		file(stream, "a", "b");
	assert_kept(stream);
}

/* Property blocks that would lead the library astray are not given to it;
 * the file survives without them. */
static void test_bad_properties_are_withheld(void **state)
{
	static const struct {
		const char *name;
		guint32 words[8];
		guint count;
	} blocks[] = {
		{ "huge count", { 0xffffffff }, 1 },
		{ "zero", { 0 }, 1 },
		{ "cut", { 1, 0x3707001e, 1 }, 3 },
		{ "length too long", { 1, 0x3707001e, 1, 0x7fffffff }, 4 },
		{ "length wraps", { 1, 0x3707001e, 1, 0xfffffffc }, 4 },
		{ "unknown type", { 1, 0x37070001, 0 }, 3 },
		{ "several values", { 1, 0x3707001e, 2, 4, 0, 4, 0 }, 7 },
		{ "multi value, none", { 1, 0x3707101e, 0 }, 3 },
		{ "named, huge", { 1, 0x8001001e, 1, 2, 3, 4, 0xffffffff }, 7 },
		{ "trailing", { 1, 0x37050003, 1, 9 }, 4 },
		{ "subject", { 1, 0x0037001e, 1, 4, 0x00616161 }, 5 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
		g_autoptr(GByteArray) stream = tnef_new();
		g_autoptr(GByteArray) mapi = g_byte_array_new();

		for (guint k = 0; k < blocks[i].count; k++)
			u32(mapi, blocks[i].words[k]);
		file(stream, "a.txt", "x");
		attribute(stream, 2, ATTACHMENT, mapi->data, mapi->len);
		AUTO(mail) mail = expand(stream);

		if (mail->parts->len != 1 || mail->warnings != 0)
			fail_msg("%s", blocks[i].name);
		assert_string_equal(case_part(mail, 0)->filename, "a.txt");
	}
}

/* Every byte bent: opened or kept, never a crash. */
static void test_bent_bytes(void **state)
{
	g_autoptr(GByteArray) stream = tnef_new();
	g_autoptr(GByteArray) mapi = g_byte_array_new();

	(void)state;
	u32(mapi, 2);
	mapi_string(mapi, 0x3707001e, "nome longo.txt");
	mapi_string(mapi, 0x3712001e, "id@x");
	text_attribute(stream, 1, BODY, "texto");
	file(stream, "A.TXT", "abc");
	attribute(stream, 2, ATTACHMENT, mapi->data, mapi->len);
	for (guint i = 0; i < stream->len; i++) {
		for (guint8 bit = 1; bit != 0; bit = (guint8)(bit << 1)) {
			stream->data[i] ^= bit;
			AUTO(mail) mail = expand(stream);

			assert_int_equal(mail->parts->len, 1);
			stream->data[i] ^= bit;
		}
	}
}

static void test_other_parts_are_left_alone(void **state)
{
	AUTO(mail)
	mail = case_parse(
		"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n"
		"\n--b\n\nx\n--b\nContent-Type: application/ms-tnef; "
		"name=winmail.dat\n\nnot tnef\n--b\n"
		"Content-Type: text/plain; name=y.txt\n\ny\n--b--\n");

	(void)state;
	assert_int_equal(mail->parts->len, 2);
	assert_string_equal(case_part(mail, 0)->filename, "winmail.dat");
	assert_string_equal(case_part(mail, 1)->filename, "y.txt");
	assert_true((mail->warnings & MAIL_WARN_TNEF_KEPT) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_take_the_place_of_winmail),
		cmocka_unit_test(test_text_of_the_mail_wins),
		cmocka_unit_test(test_long_title),
		cmocka_unit_test(test_what_cannot_be_opened_is_kept),
		cmocka_unit_test(test_unreadable_text_keeps_the_file),
		cmocka_unit_test(test_too_many_files),
		cmocka_unit_test(test_bad_properties_are_withheld),
		cmocka_unit_test(test_bent_bytes),
		cmocka_unit_test(test_other_parts_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
