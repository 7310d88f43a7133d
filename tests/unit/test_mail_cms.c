/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is inside S/MIME, and what an invitation says. Hermetic. */
#include "mail_case.h"

#include "mail/calendar.h"
#include "mail/cms.h"
#include "mail/mailbuild.h"

#define SIGNED_OID "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define CLOSED_OID "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
#define DATA_OID   "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define VERSION    "\x02\x01\x01\x31\x00"

static const struct {
	const char *name;
	const char *data;
	size_t len;
	enum cms_kind want;
	const char *content;
} cases[] = {
#define CASE(name, data, want, content)                                        \
	{ name, data, sizeof(data) - 1, want, content }
	CASE("definite lengths",
             "\x30\x28" SIGNED_OID "\xa0\x1b\x30\x19" VERSION
             "\x30\x12" DATA_OID "\xa0\x05\x04\x03" "abc",
             CMS_SIGNED, "abc"),
	CASE("indefinite lengths, two pieces",
             "\x30\x80" SIGNED_OID "\xa0\x80\x30\x80" VERSION
             "\x30\x80" DATA_OID "\xa0\x80\x24\x80\x04\x02" "ab"
             "\x04\x01" "c\0\0\0\0\0\0\0\0\0\0\0\0",
             CMS_SIGNED, "abc"),
	CASE("certificates only",
             "\x30\x23" SIGNED_OID "\xa0\x16\x30\x14" VERSION
             "\x30\x0b" DATA_OID "\xa0\x00",
             CMS_CERTIFICATES, NULL),
	CASE("enveloped", "\x30\x0d" CLOSED_OID "\xa0\x00", CMS_CLOSED, NULL),
	CASE("cut",
             "\x30\x28" SIGNED_OID "\xa0\x1b\x30\x19" VERSION "\x30\x12",
             CMS_UNREADABLE, NULL),
	CASE("nothing", "", CMS_UNREADABLE, NULL),
	CASE("text", "hello", CMS_UNREADABLE, NULL),
	CASE("a length beyond all", "\x30\x85\xff\xff\xff\xff\xff",
             CMS_UNREADABLE, NULL),
#undef CASE
};

static void test_cms_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) data =
			g_bytes_new_static(cases[i].data, cases[i].len);
		g_autoptr(GBytes) content = NULL;
		enum cms_kind got = cms_read(data, &content);

		if (got != cases[i].want)
			fail_msg("%s: %d", cases[i].name, (int)got);
		assert_int_equal(content != NULL, cases[i].content != NULL);
		if (content != NULL) {
			assert_int_equal(g_bytes_get_size(content),
			                 strlen(cases[i].content));
			assert_memory_equal(g_bytes_get_data(content, NULL),
			                    cases[i].content,
			                    strlen(cases[i].content));
		}
	}
}

static void test_calendar_read(void **state)
{
	struct mail_event *event = calendar_read(
		"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n"
		"BEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\n"
		"BEGIN:VEVENT\r\nSUMMARY:Reunião\\, pro\r\n jeto\r\n"
		"DTSTART;TZID=\"America/Sao_Paulo\":20261123T100000\r\n"
		"DTEND:20261123T140000Z\r\n"
		"ORGANIZER;CN=\"Ana: B\":mailto:ana@cliente.example\r\n"
		"BEGIN:VALARM\r\nSUMMARY:não\r\nEND:VALARM\r\n"
		"LOCATION:Sala\\n2\r\nEND:VEVENT\r\n"
		"BEGIN:VEVENT\r\nSUMMARY:outra\r\nEND:VEVENT\r\n");

	(void)state;
	assert_string_equal(event->method, "request");
	assert_string_equal(event->summary, "Reunião, projeto");
	assert_string_equal(event->start,
	                    "2026-11-23 10:00 (America/Sao_Paulo)");
	assert_string_equal(event->end, "2026-11-23 14:00 UTC");
	assert_string_equal(event->organizer, "Ana: B <ana@cliente.example>");
	assert_string_equal(event->location, "Sala 2");
	mail_event_free(event);
	assert_null(calendar_read("BEGIN:VCALENDAR\nSUMMARY:x\n"));
	assert_null(calendar_read(""));
	event = calendar_read("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261123\n");
	assert_string_equal(event->start, "2026-11-23");
	assert_string_equal(event->summary, "");
	mail_event_free(event);
}

/* Through the whole parser: kept, labelled, read where it can be. */
static void test_wrappings_in_mail(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		guint32 warnings;
		guint parts;
		const char *shown;
	} mails[] = {
		{ "multipart/signed",
		  "Content-Type: multipart/signed; boundary=b\n\n--b\n\nOi\n--b\n"
		  "Content-Type: application/pgp-signature\n\nx\n--b--\n",
		  MAIL_WARN_SIGNED, 1, "Oi" },
		{ "multipart/encrypted",
		  "Content-Type: multipart/encrypted; boundary=b\n\n--b\n"
		  "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n"
		  "Content-Type: application/octet-stream\n\nx\n--b--\n",
		  MAIL_WARN_ENCRYPTED, 2, "" },
		{ "signed PGP in the text",
		  "A: b\n\n-----BEGIN PGP SIGNED MESSAGE-----\n\nOi",
		  MAIL_WARN_SIGNED, 0,
		  "-----BEGIN PGP SIGNED MESSAGE-----\n\nOi" },
		{ "PGP spoken of", "A: b\n\nx -----BEGIN PGP MESSAGE-----", 0, 0,
		  "x -----BEGIN PGP MESSAGE-----" },
		{ "enveloped S/MIME",
		  "Content-Type: application/pkcs7-mime\n"
		  "Content-Transfer-Encoding: base64\n\nMA0GCSqGSIb3DQEHA6AA",
		  MAIL_WARN_ENCRYPTED, 1, "" },
		{ "AppleDouble",
		  "Content-Type: multipart/appledouble; boundary=b\n\n--b\n"
		  "Content-Type: application/applefile; name=a.png\n\nfork\n--b\n"
		  "Content-Type: image/png; name=a.png\n\nx\n--b--\n",
		  0, 1, "" },
		{ "a fork alone", "Content-Type: application/applefile\n\nfork", 0,
		  1, "" },
		{ "yEnc", "A: b\n\n=ybegin line=128 size=1 name=x\nk\n=yend", 0, 0,
		  "=ybegin line=128 size=1 name=x\nk\n=yend" },
		{ "uuencode", "A: b\n\nOi\nbegin 644 x\n#86)C\n`\nend\n", 0, 1,
		  "Oi" },
		{ "flowed, delsp",
		  "Content-Type: text/plain; format=flowed; delsp=yes\n\na \nb\n",
		  0, 0, "ab" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(mails); i++) {
		AUTO(mail) mail = case_parse(mails[i].text);

		if (mail->warnings != mails[i].warnings ||
		    mail->parts->len != mails[i].parts ||
		    strcmp(mail->text, mails[i].shown) != 0)
			fail_msg("%s: %x, %u parts, \"%s\"", mails[i].name,
			         mail->warnings, mail->parts->len, mail->text);
	}
}

/* The text inside an opaque signature is the text of the mail. */
static void test_signed_text_is_read(void **state)
{
	static const char inside[] = "Content-Type: text/plain\r\n\r\nOi";
	GString *der = g_string_new(NULL);
	guint8 n = (guint8)strlen(inside);

	(void)state;
	g_string_append_printf(der, "\x30%c" SIGNED_OID "\xa0%c\x30%c\x02\x01"
	                            "\x01\x31",
	                       n + 37, n + 24, n + 22);
	g_string_append_c(der, '\0');
	g_string_append_printf(der, "\x30%c" DATA_OID "\xa0%c\x04%c%s", n + 15,
	                       n + 2, n, inside);
	g_autofree char *base64 =
		g_base64_encode((const guchar *)der->str, der->len);
	g_autofree char *text = g_strconcat(
		"Content-Type: application/pkcs7-mime; name=smime.p7m\n"
		"Content-Transfer-Encoding: base64\n\n",
		base64, "\n", NULL);
	AUTO(mail) mail = case_parse(text);

	assert_string_equal(mail->text, "Oi");
	assert_int_equal(mail->warnings, MAIL_WARN_SIGNED);
	assert_int_equal(mail->parts->len, 1);
	g_string_free(der, TRUE);
}

/* An attached message is kept byte for byte and named by its subject. */
static void test_attached_message_is_a_slice(void **state)
{
	static const char inner[] =
		"From ana Sun\r\nSubject: Ol\303\241/x\r\nX:y\r\nbad line\r\n\r\n"
		"--c  \r\n\r\n";
	g_autofree char *text = g_strconcat(
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
		"Content-Type: message/rfc822\r\n\r\n",
		inner, "\r\n--b--\r\n", NULL);
	AUTO(mail) mail = case_parse(text);
	const struct mail_part *part = case_part(mail, 0);
	g_autofree char *data = case_dup_data(part);

	(void)state;
	assert_string_equal(data, inner);
	assert_string_equal(part->filename, "Olá_x.eml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cms_read),
		cmocka_unit_test(test_calendar_read),
		cmocka_unit_test(test_wrappings_in_mail),
		cmocka_unit_test(test_signed_text_is_read),
		cmocka_unit_test(test_attached_message_is_a_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
