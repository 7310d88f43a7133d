/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which parts are text, which attachments. Needs converters and libmagic. */
#include "mail_case.h"

#define HEAD "From: a@b.example\nMIME-Version: 1.0\n"
#define PNG                                                                    \
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD" \
	"hgGAWjR9awAAAABJRU5ErkJggg=="

static void test_text_in_every_encoding(void **state)
{
	static const struct {
		const char *name;
		const char *header;
		const char *body;
		const char *want;
		guint32 warnings;
	} cases[] = {
		{ "none", "", "Olá", "Olá", 0 },
		{ "raw 1252", "", "Ol\341 \200", "Olá €", 0 },
		{ "declared 1252",
		  "Content-Type: text/plain; charset=windows-1252\n",
		  "Ol\341 \223x\224", "Olá “x”", 0 },
		{ "8859-1 is 1252",
		  "Content-Type: text/plain; charset=\"iso-8859-1\"\n", "\200",
		  "€", 0 },
		{ "wrong label", "Content-Type: text/plain; charset=us-ascii\n",
		  "Ol\341", "Olá", MAIL_WARN_CHARSET },
		{ "quoted-printable",
		  "Content-Type: text/plain; charset=utf-8\n"
		  "Content-Transfer-Encoding: quoted-printable\n",
		  "Ol=C3=A1 =\n=E2=82=AC", "Olá €", 0 },
		{ "base64",
		  "Content-Type: text/plain; charset=utf-8\n"
		  "Content-Transfer-Encoding: BASE64\n",
		  "T2zD\noQ==", "Olá", 0 },
		{ "html", "Content-Type: text/html; charset=utf-8\n",
		  "<p>Ol&aacute;</p>", "Olá", 0 },
		{ "html with its own charset", "Content-Type: text/html\n",
		  "<meta http-equiv=x content=\"text/html; charset=koi8-r\">"
		  "<p>\360\322",
		  "Пр", 0 },
		{ "html whose charset lies", "Content-Type: text/html\n",
		  "<meta charset='koi8-r'><p>\303\241", "á", 0 },
		{ "flowed", "Content-Type: text/plain; format=flowed\n",
		  "a \nb\nc", "a b\nc", 0 },
		{ "enriched", "Content-Type: text/enriched\n",
		  "<bold>a</bold>\n\nb", "a\nb", 0 },
		{ "no such type", "Content-Type: nonsense\n", "x", "", 0 },
		{ "crlf inside base64",
		  "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n",
		  "YQ0KYg0K", "a\nb", 0 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(HEAD, cases[i].header, "\n",
		                                    cases[i].body, NULL);
		AUTO(mail) mail = case_parse(text);

		if (strcmp(mail->text, cases[i].want) != 0 ||
		    mail->warnings != cases[i].warnings)
			fail_msg("%s: \"%s\" %u", cases[i].name, mail->text,
			         mail->warnings);
	}
}

static void test_alternative_gives_both_forms(void **state)
{
	AUTO(mail)
	mail = case_parse(
		HEAD "Content-Type: multipart/alternative; boundary=b\n\n"
		     "preamble\n--b\n\nplain\n"
		     "--b\nContent-Type: text/html\n\n<b>rich</b>\n--b--\n");

	(void)state;
	assert_string_equal(mail->text, "plain");
	assert_string_equal(mail->html, "<b>rich</b>");
	assert_int_equal(mail->parts->len, 0);
}

static void test_alternative_with_empty_plain_uses_html(void **state)
{
	AUTO(mail)
	mail = case_parse(
		HEAD "Content-Type: multipart/alternative; boundary=b\n\n"
		     "--b\n\n  \n\n"
		     "--b\nContent-Type: text/html\n\n<b>rich</b>\n--b--\n");

	(void)state;
	assert_string_equal(mail->text, "rich");
	assert_string_equal(mail->html, "<b>rich</b>");
}

static void test_alternative_not_chosen_is_kept(void **state)
{
	AUTO(mail)
	mail = case_parse(HEAD
	                  "Content-Type: multipart/alternative; boundary=b\n\n"
	                  "--b\n\num\n--b\n\ndois\n--b\n\n \n--b--\n");
	g_autofree char *data = case_dup_data(case_part(mail, 0));

	(void)state;
	assert_string_equal(mail->text, "um");
	assert_int_equal(mail->parts->len, 1);
	assert_string_equal(data, "dois");
}

static void test_inline_image_is_an_attachment_with_its_id(void **state)
{
	AUTO(mail)
	mail = case_parse(
		HEAD
		"Content-Type: multipart/related; boundary=r\n\n"
		"--r\nContent-Type: multipart/alternative; boundary=a\n\n"
		"--a\n\nveja [cid:i@1]\n"
		"--a\nContent-Type: text/html\n\n"
		"veja <img src=\"cid:i@1\"> <img src='cid:j%402'>\n--a--\n"
		"--r\nContent-Type: image/png; name=\"foto.png\"\n"
		"Content-ID: <i@1>\nContent-Transfer-Encoding: base64\n\n" PNG
		"\n--r--\n");
	const struct mail_part *part = case_part(mail, 0);

	(void)state;
	assert_string_equal(mail->text, "veja [cid:i@1]");
	assert_int_equal(mail->parts->len, 1);
	assert_string_equal(part->filename, "foto.png");
	assert_string_equal(part->content_type, "image/png");
	assert_string_equal(part->detected_type, "");
	assert_string_equal(part->content_id, "i@1");
	assert_true(part->is_inline);
	assert_int_equal(g_bytes_get_size(part->data), 70);
}

/* Some programs attach what the HTML shows, declared as an attachment. */
static void test_referenced_attachment_is_inline(void **state)
{
	AUTO(mail)
	mail = case_parse(
		HEAD "Content-Type: multipart/mixed; boundary=r\n\n"
		     "--r\nContent-Type: text/html\n\n<img src=cid:x>\n"
		     "--r\nContent-Type: image/gif\nContent-ID: <x>\n"
		     "Content-Disposition: attachment; filename=x.gif\n\nGIF89a"
		     "\n--r\nContent-Type: image/gif\nContent-ID: <y>\n"
		     "Content-Disposition: attachment; filename=y.gif\n\nGIF89a"
		     "\n--r--\n");

	(void)state;
	assert_int_equal(mail->parts->len, 2);
	assert_true(case_part(mail, 0)->is_inline);
	assert_false(case_part(mail, 1)->is_inline);
}

static void test_related_root_by_start(void **state)
{
	AUTO(mail)
	mail = case_parse(
		HEAD "Content-Type: multipart/related; boundary=r; "
		     "start=\"<root@x>\"\n\n"
		     "--r\nContent-Type: text/plain\nContent-ID: <other@x>\n\n"
		     "other\n"
		     "--r\nContent-Type: text/html\nContent-ID: <root@x>\n\n"
		     "<p>root</p>\n--r--\n");

	(void)state;
	assert_string_equal(mail->text, "root");
	assert_int_equal(mail->parts->len, 1);
}

static void test_mixed_keeps_text_in_the_flow(void **state)
{
	AUTO(mail)
	mail = case_parse(
		HEAD
		"Content-Type: multipart/mixed; boundary=b\n\n"
		"--b\n\nantes\n"
		"--b\nContent-Type: image/png\nContent-Disposition: inline\n"
		"Content-Transfer-Encoding: base64\n\n" PNG "\n"
		"--b\n\ndepois\n"
		"--b\nContent-Type: text/plain; name=log.txt\n\nlog\n"
		"--b\nContent-Type: text/plain\n"
		"Content-Disposition: attachment\n\nanexo\n--b--\n");

	(void)state;
	assert_string_equal(mail->text, "antes\ndepois");
	assert_int_equal(mail->parts->len, 3);
	assert_string_equal(case_part(mail, 0)->filename, "image.png");
	assert_string_equal(case_part(mail, 1)->filename, "log.txt");
	assert_string_equal(case_part(mail, 2)->filename, "text.txt");
}

static void test_names_are_safe_and_unique(void **state)
{
	AUTO(mail)
	mail = case_parse(
		HEAD "Content-Type: multipart/mixed; boundary=b\n\n"
		     "--b\n\nx\n"
		     "--b\nContent-Type: application/pdf;\n"
		     " name=\"../../boleto.pdf\"\n\n%PDF-1.4\n"
		     "--b\nContent-Type: application/pdf\n"
		     "Content-Disposition: attachment;\n"
		     " filename*0*=iso-8859-1''BOLETO; filename*1=\".pdf\"\n\n"
		     "%PDF-1.4\n"
		     "--b\nContent-Type: application/octet-stream;\n"
		     " name=\"=?utf-8?Q?relat=C3=B3rio.doc?=\"\n\n%PDF-1.4\n"
		     "--b\nContent-Type: application/octet-stream;\n"
		     " name=\"a\342\200\256gpj.exe\"\n\nx\n--b--\n");

	(void)state;
	assert_int_equal(mail->parts->len, 4);
	assert_string_equal(case_part(mail, 0)->filename, "boleto.pdf");
	assert_string_equal(case_part(mail, 1)->filename, "BOLETO (2).pdf");
	assert_string_equal(case_part(mail, 2)->filename, "relatório.doc");
	assert_string_equal(case_part(mail, 2)->detected_type,
	                    "application/pdf");
	assert_string_equal(case_part(mail, 3)->filename, "agpj.exe");
}

static void test_attached_message_is_kept_as_bytes(void **state)
{
	AUTO(mail)
	mail = case_parse(HEAD "Content-Type: multipart/mixed; boundary=b\n\n"
	                       "--b\n\nveja\n"
	                       "--b\nContent-Type: message/rfc822\n\n"
	                       "Subject: =?utf-8?Q?or=C3=A7amento_1/2?=\n"
	                       "From: x@y.example\n\ntexto dela\n--b--\n");
	const struct mail_part *part = case_part(mail, 0);
	g_autofree char *data = case_dup_data(part);

	(void)state;
	assert_string_equal(mail->text, "veja");
	assert_string_equal(part->filename, "orçamento 1_2.eml");
	assert_string_equal(part->content_type, "message/rfc822");
	assert_string_equal(data, "Subject: =?utf-8?Q?or=C3=A7amento_1/2?=\r\n"
	                          "From: x@y.example\r\n\r\ntexto dela");
}

static void test_top_level_attachment(void **state)
{
	AUTO(mail)
	mail = case_parse(HEAD "Content-Type: application/pdf\n"
	                       "Content-Disposition: attachment; "
	                       "filename=a.pdf\n\n%PDF-1.4\n");

	(void)state;
	assert_string_equal(mail->text, "");
	assert_int_equal(mail->parts->len, 1);
	assert_string_equal(case_part(mail, 0)->filename, "a.pdf");
}

static void test_broken_structure_becomes_text(void **state)
{
	static const char *const types[] = {
		"multipart/mixed",
		"multipart/mixed; boundary=nowhere",
		"multipart/alternative; boundary=\"\"",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *text =
			g_strconcat(HEAD "Content-Type: ", types[i],
		                    "\n\nlinha 1\n--x\nlinha 2\n", NULL);
		AUTO(mail) mail = case_parse(text);

		assert_string_equal(mail->text, "linha 1\n--x\nlinha 2");
		assert_true((mail->warnings & MAIL_WARN_STRUCTURE) != 0);
	}
}

static void test_hollow_multipart_inside_is_not_lost(void **state)
{
	AUTO(mail)
	mail = case_parse(
		HEAD "Content-Type: multipart/mixed; boundary=b\n\n"
		     "--b\n\num\n"
		     "--b\nContent-Type: multipart/mixed; boundary=c\n\ndois\n"
		     "--b--\n");

	(void)state;
	assert_string_equal(mail->text, "um\ndois");
	assert_true((mail->warnings & MAIL_WARN_STRUCTURE) != 0);
}

/* Where Postfix puts an empty line, so do we. */
static void test_header_ends_at_what_is_no_field(void **state)
{
	AUTO(mail) mail = case_parse(HEAD "Subject: x\nno field\nmore\n");

	(void)state;
	assert_string_equal(mail->subject, "x");
	assert_non_null(strstr(mail->text, "more"));
}

static void test_long_text_is_cut_and_kept_whole(void **state)
{
	static const char *const types[] = { "text/plain", "text/html" };
	GString *body = g_string_new(NULL);

	(void)state;
	while (body->len < 1500000)
		g_string_append(body, "açaí com granola\n");
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *text =
			g_strconcat(HEAD "Content-Type: ", types[i],
		                    "; charset=utf-8\n\n", body->str, NULL);
		AUTO(mail) mail = case_parse(text);

		assert_true(strlen(mail->text) <= MIB);
		assert_true(strlen(mail->text) > MIB / 2);
		assert_true(strlen(mail->html) <= MIB);
		assert_true((mail->warnings & MAIL_WARN_TRUNCATED) != 0);
		assert_int_equal(mail->parts->len, 1);
		assert_true(g_bytes_get_size(case_part(mail, 0)->data) >=
		            body->len);
	}
	g_string_free(body, TRUE);
}

static void test_encrypted_mail_stays_closed(void **state)
{
	static const struct {
		const char *text;
		guint parts;
		bool encrypted;
	} cases[] = {
		{ HEAD "Content-Type: multipart/encrypted; boundary=b; "
		       "protocol=\"application/pgp-encrypted\"\n\n"
		       "--b\nContent-Type: application/pgp-encrypted\n\n"
		       "Version: 1\n--b\nContent-Type: "
		       "application/octet-stream\n\n-----BEGIN\n--b--\n",
		  2, true },
		{ HEAD "Content-Type: application/pkcs7-mime; "
		       "smime-type=enveloped-data; name=smime.p7m\n\nxxxx\n",
		  1, true },
		{ HEAD "\n-----BEGIN PGP MESSAGE-----\nabc\n", 0, true },
		{ HEAD "Content-Type: multipart/signed; boundary=b; "
		       "protocol=\"application/pgp-signature\"; micalg=sha1\n\n"
		       "--b\n\nassinado\n--b\n"
		       "Content-Type: application/pgp-signature\n\nxx\n--b--\n",
		  1, false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(mail) mail = case_parse(cases[i].text);

		assert_int_equal(mail->parts->len, cases[i].parts);
		assert_int_equal((mail->warnings & MAIL_WARN_ENCRYPTED) != 0,
		                 cases[i].encrypted);
	}
	AUTO(mail) mail = case_parse(cases[3].text);

	assert_string_equal(mail->text, "assinado");
	assert_string_equal(case_part(mail, 0)->filename, "signature.asc");
}

static void test_nul_bytes_do_no_harm(void **state)
{
	static const char text[] =
		HEAD "Subject: a\0b\nContent-Type: multipart/mixed; "
		     "boundary=\"b\0c\"\n\n--b\n\nx\0y\n--b--\n";
	AUTO(mail) mail = case_parse_len(text, sizeof(text) - 1);

	(void)state;
	assert_true(g_utf8_validate(mail->text, -1, NULL));
	assert_true(g_utf8_validate(mail->subject, -1, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_in_every_encoding),
		cmocka_unit_test(test_alternative_gives_both_forms),
		cmocka_unit_test(test_alternative_with_empty_plain_uses_html),
		cmocka_unit_test(test_alternative_not_chosen_is_kept),
		cmocka_unit_test(
			test_inline_image_is_an_attachment_with_its_id),
		cmocka_unit_test(test_referenced_attachment_is_inline),
		cmocka_unit_test(test_related_root_by_start),
		cmocka_unit_test(test_mixed_keeps_text_in_the_flow),
		cmocka_unit_test(test_names_are_safe_and_unique),
		cmocka_unit_test(test_attached_message_is_kept_as_bytes),
		cmocka_unit_test(test_top_level_attachment),
		cmocka_unit_test(test_broken_structure_becomes_text),
		cmocka_unit_test(test_hollow_multipart_inside_is_not_lost),
		cmocka_unit_test(test_header_ends_at_what_is_no_field),
		cmocka_unit_test(test_long_text_is_cut_and_kept_whole),
		cmocka_unit_test(test_encrypted_mail_stays_closed),
		cmocka_unit_test(test_nul_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
