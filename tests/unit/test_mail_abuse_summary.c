/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMARC and TLS reports, packed and named as they come. Needs converters and
 * libmagic. */
#include "mail_case.h"

#include <gio/gio.h>

#include "mail/abuse_summary.h"
#include "mail/abuse_unpack.h"
#include "mail/mailbuild.h"

static const char dmarc_xml[] =
	"<?xml version=\"1.0\"?>\n<feedback xmlns=\"urn:ietf:params:xml:ns:"
	"dmarc-2.0\">\n<report_metadata><org_name>isp.example</org_name>"
	"<email>d@isp.example</email><report_id>r-77</report_id>"
	"<date_range><begin>1700000000</begin><end>1700086399</end>"
	"</date_range></report_metadata>"
	"<policy_published><domain>Cliente.Example</domain><p>none</p>"
	"</policy_published>"
	"<record><row><source_ip>192.0.2.1</source_ip><count>12</count>"
	"<policy_evaluated><dkim>fail</dkim><spf>pass</spf>"
	"</policy_evaluated></row></record>"
	"<record><row><count>3</count><policy_evaluated><dkim>fail</dkim>"
	"<spf>fail</spf></policy_evaluated></row></record></feedback>\n";

static const char tls_json[] =
	"{\"organization-name\":\"ISP\",\"date-range\":{\"start-datetime\":"
	"\"2016-04-01T00:00:00Z\",\"end-datetime\":\"2016-04-01T23:59:59Z\"},"
	"\"contact-info\":\"t@isp.example\",\"report-id\":\"t-1\",\"policies\":"
	"[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":"
	"\"cliente.example\"},\"summary\":{"
	"\"total-successful-session-count\":5326,"
	"\"total-failure-session-count\":303}}]}";

static GBytes *deflate(GZlibCompressorFormat format, const char *data,
                       gsize len)
{
	g_autoptr(GZlibCompressor) zlib = g_zlib_compressor_new(format, 9);
	gsize n_read = 0, n_written = 0;
	char *out = g_malloc(len + 100);

	assert_int_equal(g_converter_convert(G_CONVERTER(zlib), data, len, out,
	                                     len + 100,
	                                     G_CONVERTER_INPUT_AT_END, &n_read,
	                                     &n_written, NULL),
	                 G_CONVERTER_FINISHED);
	return g_bytes_new_take(out, n_written);
}

static void put_number(GString *to, guint32 value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		g_string_append_c(to, (char)(value >> (8 * i) & 0xff));
}

/* A local header and the data; sizes are left out as streaming zips do. */
static GBytes *zip(const char *data, gsize len, bool stored)
{
	GString *out = g_string_new(NULL);
	g_autoptr(GBytes) packed =
		stored ? g_bytes_new(data, len)
		       : deflate(G_ZLIB_COMPRESSOR_FORMAT_RAW, data, len);
	gsize packed_len = 0;
	const char *bytes = g_bytes_get_data(packed, &packed_len);

	g_string_append_len(out, "PK\003\004", 4);
	put_number(out, 20, 2);
	put_number(out, stored ? 0 : 8, 2);
	put_number(out, stored ? 0 : 8, 2);
	put_number(out, 0, 4);
	put_number(out, 0, 4);
	put_number(out, stored ? (guint32)packed_len : 0, 4);
	put_number(out, stored ? (guint32)len : 0, 4);
	put_number(out, 5, 2);
	put_number(out, 0, 2);
	g_string_append(out, "a.xml");
	g_string_append_len(out, bytes, (gssize)packed_len);
	g_string_append_len(out, "PK\007\010 and more", 12);
	return g_string_free_to_bytes(out);
}

static void assert_unpacked(GBytes *packed, const char *want, gsize max)
{
	gsize len = 0;
	const char *data = g_bytes_get_data(packed, &len);
	g_autoptr(GBytes) plain = abuse_unpack(data, len, max);

	if (want == NULL) {
		assert_null(plain);
		return;
	}
	assert_non_null(plain);
	data = g_bytes_get_data(plain, &len);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(data, want, len);
}

static void test_unpack(void **state)
{
	const gsize n = strlen(dmarc_xml);
	g_autoptr(GBytes) plain = g_bytes_new_static(dmarc_xml, n);
	g_autoptr(GBytes) gzip =
		deflate(G_ZLIB_COMPRESSOR_FORMAT_GZIP, dmarc_xml, n);
	g_autoptr(GBytes) deflated = zip(dmarc_xml, n, false);
	g_autoptr(GBytes) stored = zip(dmarc_xml, n, true);
	GBytes *const all[] = { plain, gzip, deflated, stored };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		assert_unpacked(all[i], dmarc_xml, n);
		assert_unpacked(all[i], NULL, n - 1);
	}
	for (gsize cut = 3; cut < g_bytes_get_size(gzip) - 8; cut += 7) {
		g_autoptr(GBytes) part = g_bytes_new_from_bytes(gzip, 0, cut);

		assert_unpacked(part, NULL, n);
	}
}

/* 10 MiB of zeros in 10 KiB. */
static void test_unpack_stops_at_a_bomb(void **state)
{
	const gsize n = (gsize)10 * 1024 * 1024;
	g_autofree char *zeros = g_malloc0(n);
	g_autoptr(GBytes) bomb =
		deflate(G_ZLIB_COMPRESSOR_FORMAT_GZIP, zeros, n);

	(void)state;
	assert_unpacked(bomb, NULL, n - 1);
}

static void test_dmarc_document(void **state)
{
	struct mail_abuse *abuse =
		abuse_read_dmarc(dmarc_xml, strlen(dmarc_xml));

	(void)state;
	assert_non_null(abuse);
	assert_int_equal(abuse->class, MAIL_ABUSE_DMARC);
	assert_string_equal(abuse->reporter, "isp.example");
	assert_string_equal(abuse->reported_domain, "cliente.example");
	assert_string_equal(abuse->report_id, "r-77");
	assert_int_equal(abuse->begin, 1700000000000);
	assert_int_equal(abuse->end, 1700086399000);
	assert_int_equal(abuse->total, 15);
	assert_int_equal(abuse->failed, 3);
	mail_abuse_free(abuse);
}

static void test_documents_that_are_none(void **state)
{
	static const char *const cases[] = {
		"", "<", "<html></html>", "<feedback></feedback>",
		"<feedback><policy_published><domain>a.example</domain>",
		"{\"policies\":[]}", "{\"policies\":{}}", "[\"policies\"]",
		"{\"policies\":[],\"date-range\":3}",
	};
	GString *deep = g_string_new("<feedback>");

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_null(abuse_read_dmarc(cases[i], strlen(cases[i])));
		assert_null(abuse_read_tls(cases[i], strlen(cases[i])));
	}
	for (int i = 0; i < 100000; i++)
		g_string_append(deep, "<row>");
	assert_null(abuse_read_dmarc(deep->str, deep->len));
	g_string_free(deep, TRUE);
}

static void test_tls_document(void **state)
{
	struct mail_abuse *abuse = abuse_read_tls(tls_json, strlen(tls_json));

	(void)state;
	assert_non_null(abuse);
	assert_int_equal(abuse->class, MAIL_ABUSE_TLS);
	assert_string_equal(abuse->reporter, "ISP");
	assert_string_equal(abuse->reported_domain, "cliente.example");
	assert_int_equal(abuse->begin, 1459468800000);
	assert_int_equal(abuse->total, 5629);
	assert_int_equal(abuse->failed, 303);
	mail_abuse_free(abuse);
}

static void test_report_names(void **state)
{
	static const struct {
		const char *name;
		const char *domain; /* NULL: no such name */
		enum mail_abuse_class class;
	} cases[] = {
		{ "isp.example!c.example!1700000000!1700086399.xml.gz",
		  "c.example", MAIL_ABUSE_DMARC },
		{ "isp.example!c.example!1700000000!1700086399!9.zip",
		  "c.example", MAIL_ABUSE_DMARC },
		{ "isp.example!c.example!1700000000!1700086399!9.json.gz",
		  "c.example", MAIL_ABUSE_TLS },
		{ "isp.example!c.example!x!1700086399.xml", NULL, 0 },
		{ "photo!.zip", NULL, 0 },
		{ "", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct mail_abuse *abuse =
			abuse_read_report_name(cases[i].name);

		if ((abuse == NULL) != (cases[i].domain == NULL))
			fail_msg("%s", cases[i].name);
		if (abuse == NULL)
			continue;
		assert_string_equal(abuse->reported_domain, cases[i].domain);
		assert_int_equal(abuse->class, cases[i].class);
		assert_int_equal(abuse->end, 1700086399000);
		mail_abuse_free(abuse);
	}
}

static struct mail *parse_with(const char *head, const char *type,
                               const char *name, GBytes *data)
{
	gsize len = 0;
	const guchar *bytes = g_bytes_get_data(data, &len);
	g_autofree char *base64 = g_base64_encode(bytes, len);
	g_autofree char *text = g_strdup_printf(
		"From: reports@isp.example\n%s"
		"Content-Type: multipart/mixed; boundary=b\n\n"
		"--b\n\nThis is a report.\n--b\nContent-Type: %s\n"
		"Content-Disposition: attachment; filename=\"%s\"\n"
		"Content-Transfer-Encoding: base64\n\n%s\n--b--\n",
		head, type, name, base64);

	return case_parse(text);
}

#define NAME "isp.example!cliente.example!1700000000!1700086399.xml.gz"

static void test_which_mail_is_a_report(void **state)
{
	static const struct {
		const char *name;
		const char *head;
		const char *type;
		const char *filename;
		bool broken;
		bool report;
	} cases[] = {
		{ "by subject", "Subject: Report Domain: cliente.example "
				"Submitter: isp.example Report-ID: <r-77>\n",
		  "application/gzip", "x.gz", false, true },
		{ "by other words", "Subject: DMARC report\n",
		  "application/octet-stream", "x", false, true },
		{ "by a program", "Subject: x\nAuto-Submitted: auto-generated\n",
		  "application/zip", "x", false, true },
		{ "unreadable, by name", "Subject: DMARC report\n",
		  "application/gzip", NAME, true, true },
		{ "unreadable, by subject",
		  "Subject: Report Domain: cliente.example Submitter: x\n",
		  "application/gzip", "x.gz", true, true },
		{ "unreadable", "Subject: DMARC report\n", "application/gzip",
		  "x.gz", true, false },
		{ "a person's", "Subject: o que fazer?\n", "application/gzip",
		  NAME, false, false },
		{ "an answer", "Subject: Re: Report Domain: cliente.example\n",
		  "application/gzip", NAME, false, false },
		{ "passed on", "Subject: ENC: DMARC report\n",
		  "application/gzip", NAME, false, false },
		{ "referring", "Subject: DMARC report\nReferences: <a@b>\n",
		  "application/gzip", NAME, false, false },
	};
	const gsize n = strlen(dmarc_xml);
	g_autoptr(GBytes) good =
		deflate(G_ZLIB_COMPRESSOR_FORMAT_GZIP, dmarc_xml, n);
	g_autoptr(GBytes) bad = g_bytes_new_from_bytes(good, 0, 40);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(mail)
		mail = parse_with(cases[i].head, cases[i].type,
		                  cases[i].filename,
		                  cases[i].broken ? bad : good);

		if ((mail->abuse != NULL) != cases[i].report)
			fail_msg("%s", cases[i].name);
		if (mail->abuse == NULL)
			continue;
		assert_int_equal(mail->kind, MAIL_KIND_ABUSE_REPORT);
		assert_int_equal(mail->abuse->class, MAIL_ABUSE_DMARC);
		assert_string_equal(mail->abuse->reported_domain,
		                    "cliente.example");
		assert_int_equal(mail->abuse->derived != 0, cases[i].broken);
	}
}

static void test_tls_reports_say_so(void **state)
{
	static const char *const heads[] = {
		"Subject: x\nTLS-Report-Domain: cliente.example\n",
		"Subject: Report Domain: cliente.example Submitter: i\n",
	};
	g_autoptr(GBytes) gzip = deflate(G_ZLIB_COMPRESSOR_FORMAT_GZIP, tls_json,
	                                 strlen(tls_json));

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
		AUTO(mail)
		mail = parse_with(heads[i], "application/tlsrpt+gzip", "x.gz",
		                  gzip);

		assert_non_null(mail->abuse);
		assert_int_equal(mail->abuse->class, MAIL_ABUSE_TLS);
		assert_string_equal(mail->abuse->report_id, "t-1");
		assert_string_equal(mail->abuse->format, "tls");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpack),
		cmocka_unit_test(test_unpack_stops_at_a_bomb),
		cmocka_unit_test(test_dmarc_document),
		cmocka_unit_test(test_documents_that_are_none),
		cmocka_unit_test(test_tls_document),
		cmocka_unit_test(test_report_names),
		cmocka_unit_test(test_which_mail_is_a_report),
		cmocka_unit_test(test_tls_reports_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
