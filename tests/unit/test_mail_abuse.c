/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Abuse reports in every form. Needs converters and libmagic. */
#include "mail_case.h"

#include "mail/abuse_xarf.h"
#include "mail/mailbuild.h"

static void test_arf_with_all_fields(void **state)
{
	AUTO(mail)
	mail = case_parse(
		"From: FBL <fbl@isp.example>\nSubject: FW: oferta\n"
		"Content-Type: multipart/report; report-type=feedback-report;\n"
		" boundary=b\n\n--b\n\nsee below\n"
		"--b\nContent-Type: message/feedback-report\n\n"
		"Feedback-Type: Abuse\nUser-Agent: x/1\nVersion: 1\n"
		"Source-IP: [198.51.100.7]\n"
		"Reported-Domain: spam.example\n"
		"Arrival-Date: Sun, 22 Nov 2026 13:20:00 -0300\n"
		"--b\nContent-Type: message/rfc822\n\n"
		"From: x@other.example\nSubject: oferta\n\nbuy\n--b--\n");

	(void)state;
	assert_int_equal(mail->kind, MAIL_KIND_ABUSE_REPORT);
	assert_string_equal(mail->abuse->feedback_type, "abuse");
	assert_string_equal(mail->abuse->source_ip, "198.51.100.7");
	assert_string_equal(mail->abuse->reported_domain, "spam.example");
	assert_string_equal(mail->abuse->reporter, "fbl@isp.example");
	assert_string_equal(mail->abuse->arrival_date,
	                    "Sun, 22 Nov 2026 13:20:00 -0300");
	assert_string_equal(mail->abuse->format, "arf");
	assert_int_equal(mail->parts->len, 2);
	assert_string_equal(case_part(mail, 1)->filename, "oferta.eml");
}

/* Only the three fields that must be there. */
static void test_arf_fields_from_the_reported_message(void **state)
{
	static const struct {
		const char *header;
		const char *ip;
		const char *date;
	} cases[] = {
		{ "X-Originating-IP: [203.0.113.5]\n"
		  "Received: from a ([198.51.100.9]) by b; Mon, 1 Jan 2024\n",
		  "203.0.113.5", "Mon, 1 Jan 2024" },
		{ "Received-SPF: pass client-ip=203.0.113.6; x\n",
		  "203.0.113.6", "Tue, 2 Jan 2024 00:00:00 +0000" },
		{ "Authentication-Results: x; spf=pass (sender IP is "
		  "203.0.113.7) y\n",
		  "203.0.113.7", "Tue, 2 Jan 2024 00:00:00 +0000" },
		{ "Received: from a ([10.0.0.1]) by b; Wed, 3 Jan 2024\n"
		  "Received: from c ([127.0.0.1] [IPv6:2001:db8::1]) by d\n",
		  "2001:db8::1", "Wed, 3 Jan 2024" },
		{ "", "", "Tue, 2 Jan 2024 00:00:00 +0000" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			"From: staff@isp.example\nSubject: x\n"
			"Content-Type: multipart/report; boundary=b\n\n"
			"--b\nContent-Type: message/feedback-report\n\n"
			"Feedback-Type: abuse\nUser-Agent: x\nVersion: 0.1\n"
			"--b\nContent-Type: text/rfc822-headers\n\n",
			cases[i].header,
			"Date: Tue, 2 Jan 2024 00:00:00 +0000\n"
			"From: Loja <x@Loja.Example>\n\n--b--\n",
			NULL);
		AUTO(mail) mail = case_parse(text);

		assert_string_equal(mail->abuse->source_ip, cases[i].ip);
		assert_string_equal(mail->abuse->arrival_date, cases[i].date);
		assert_string_equal(mail->abuse->reported_domain,
		                    "loja.example");
	}
}

static void test_wrapped_complaint(void **state)
{
	static const char tail[] =
		"Content-Type: multipart/mixed; boundary=b\n\n"
		"--b\nContent-Type: message/rfc822\n\n"
		"From: x@loja.example\nSubject: y\n\nz\n--b--\n";
	g_autofree char *yes = g_strconcat(
		"From: staff@isp.example\n"
		"Subject: complaint about message from 198.51.100.8\n",
		tail, NULL);
	g_autofree char *no =
		g_strconcat("From: ana@cliente.example\n"
	                    "Subject: complaint about message from Ana\n",
	                    tail, NULL);

	(void)state;
	AUTO(mail) report = case_parse(yes);
	AUTO(mail) letter = case_parse(no);

	assert_int_equal(report->kind, MAIL_KIND_ABUSE_REPORT);
	assert_string_equal(report->abuse->source_ip, "198.51.100.8");
	assert_int_equal(letter->kind, MAIL_KIND_HUMAN);
	assert_null(letter->abuse);
}

static void test_json_versions(void **state)
{
	static const struct {
		const char *name;
		const char *json;
		const char *type; /* NULL: no report */
		const char *ip;
		const char *domain;
		const char *reporter;
	} cases[] = {
		{ "v4",
		  "{\"xarf_version\":\"4.0.0\",\"category\":\"connection\","
		  "\"type\":\"login_attack\",\"source_identifier\":"
		  "\"198.51.100.77\",\"timestamp\":\"2025-01-11T12:17:20Z\","
		  "\"reporter\":{\"contact\":\"abuse@r.example\"}}",
		  "connection/login_attack", "198.51.100.77", "",
		  "abuse@r.example" },
		{ "v4 domain",
		  "{\"xarf_version\":\"4.2.0\",\"type\":\"phishing\","
		  "\"source_identifier\":\"bad.example\","
		  "\"reporter\":{\"domain\":\"r.example\"}}",
		  "phishing", "", "bad.example", "r.example" },
		{ "v3",
		  "{\"Version\":\"3\",\"ReporterInfo\":{\"ReporterOrgEmail\":"
		  "\"r@r.example\"},\"Report\":{\"ReportClass\":\"Activity\","
		  "\"ReportType\":\"Spam\",\"Source\":{\"IP\":"
		  "\"2001:db8::7\"}}}",
		  "Activity/Spam", "2001:db8::7", "", "r@r.example" },
		{ "v3, SourceIp",
		  "{\"ReporterInfo\":{},\"Report\":{\"ReportType\":\"x\","
		  "\"SourceIp\":\"192.0.2.4\"}}",
		  "x", "192.0.2.4", "", "" },
		{ "no source", "{\"xarf_version\":\"4\",\"type\":\"x\"}", NULL,
		  NULL, NULL, NULL },
		{ "wrong types",
		  "{\"xarf_version\":4,\"source_identifier\":[1],\"type\":{}}",
		  NULL, NULL, NULL, NULL },
		{ "other JSON", "{\"a\":\"xarf_version\"}", NULL, NULL, NULL,
		  NULL },
		{ "broken", "{\"xarf_version\":", NULL, NULL, NULL, NULL },
		{ "an array", "[\"xarf_version\"]", NULL, NULL, NULL, NULL },
		{ "nothing", "", NULL, NULL, NULL, NULL },
		{ "nul", "{\"xarf_version\"\0:1}", NULL, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct mail_abuse *abuse =
			abuse_read_json(cases[i].json, strlen(cases[i].json));

		if ((abuse == NULL) != (cases[i].type == NULL))
			fail_msg("%s", cases[i].name);
		if (abuse == NULL)
			continue;
		assert_string_equal(abuse->feedback_type, cases[i].type);
		assert_string_equal(abuse->source_ip != NULL ? abuse->source_ip
		                                             : "",
		                    cases[i].ip);
		assert_string_equal(abuse->reported_domain != NULL
		                            ? abuse->reported_domain
		                            : "",
		                    cases[i].domain);
		assert_string_equal(abuse->reporter != NULL ? abuse->reporter
		                                            : "",
		                    cases[i].reporter);
		assert_string_equal(abuse->format, "xarf");
		mail_abuse_free(abuse);
	}
}

static void test_json_is_bounded(void **state)
{
	static const char *const units[] = { "[", "{\"a\":", "[1,", "\"x\"," };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		GString *json = g_string_new("{\"xarf_version\":");

		while (json->len < 2000000)
			g_string_append(json, units[i]);
		assert_null(abuse_read_json(json->str, json->len));
		g_string_free(json, TRUE);
	}
}

static void test_json_part_makes_a_report(void **state)
{
	AUTO(mail)
	mail = case_parse(
		"From: Auto <noreply@r.example>\nAuto-Submitted: auto-generated\n"
		"Subject: abuse report\n"
		"Content-Type: multipart/mixed; boundary=b\n\n"
		"--b\n\nHello\n"
		"--b\nContent-Type: application/octet-stream; name=xarf.json\n\n"
		"{\"xarf_version\":\"4.0.0\",\"type\":\"spam\","
		"\"source_identifier\":\"192.0.2.9\"}\n--b--\n");

	(void)state;
	assert_int_equal(mail->kind, MAIL_KIND_ABUSE_REPORT);
	assert_string_equal(mail->abuse->source_ip, "192.0.2.9");
	assert_string_equal(mail->abuse->reporter, "noreply@r.example");
}

static void test_lines_of_the_older_form(void **state)
{
	static const char head[] = "From: Auto <auto@r.example>\n"
				   "Auto-Submitted: auto-generated\n"
				   "Subject: abuse report\n";
	static const char parts[] =
		"Content-Type: multipart/mixed; boundary=b\n\n"
		"--b\n\nHello\n"
		"--b\nContent-Type: text/plain; name=\"report.txt\"\n\n"
		"---\nReported-From: abuse@r.example\nCategory: abuse\n"
		"Report-Type: login-attack\nService: ssh\nVersion: 0.2\n"
		"Date: 'Fri, 31 Jan 2014 07:19:02 +0100'\n"
		"Source-Type: ip-address\nSource: 192.0.2.150\nPort: 22\n"
		"--b\nContent-Type: text/plain; name=logfile.log\n\nlog\n"
		"--b--\n";
	g_autofree char *announced =
		g_strconcat(head, "X-XARF: PLAIN\n", parts, NULL);
	g_autofree char *silent = g_strconcat(head, parts, NULL);
	g_autofree char *passed_on =
		g_strconcat("From: Ana <ana@cliente.example>\n"
	                    "Subject: Re: what is this?\n",
	                    parts, NULL);

	(void)state;
	AUTO(mail) report = case_parse(announced);
	AUTO(mail) other = case_parse(silent);
	AUTO(mail) letter = case_parse(passed_on);

	assert_int_equal(report->kind, MAIL_KIND_ABUSE_REPORT);
	assert_string_equal(report->abuse->feedback_type, "abuse/login-attack");
	assert_string_equal(report->abuse->source_ip, "192.0.2.150");
	assert_string_equal(report->abuse->reporter, "abuse@r.example");
	assert_string_equal(report->abuse->arrival_date,
	                    "Fri, 31 Jan 2014 07:19:02 +0100");
	assert_string_equal(report->abuse->format, "xarf");
	assert_int_equal(report->abuse->source_port, 22);
	assert_int_equal(report->abuse->time, 1391149142000);
	assert_int_equal(other->kind, MAIL_KIND_ABUSE_REPORT);
	assert_int_equal(letter->kind, MAIL_KIND_HUMAN);
}

static void test_lines_in_the_text(void **state)
{
	AUTO(mail)
	mail = case_parse("From: auto@r.example\nX-ARF: yes\nSubject: x\n\n"
	                  "Reported-From: r@r.example\nReport-Type: phishing\n"
	                  "Source: http://bad.example/x\n");
	AUTO(mail)
	incomplete =
		case_parse("From: auto@r.example\nX-ARF: yes\nSubject: x\n\n"
	                   "Reported-From: r@r.example\nSource: y\n");

	(void)state;
	assert_int_equal(mail->kind, MAIL_KIND_ABUSE_REPORT);
	assert_string_equal(mail->abuse->reported_domain, "bad.example");
	assert_string_equal(mail->abuse->urls[0], "http://bad.example/x");
	assert_int_equal(incomplete->kind, MAIL_KIND_HUMAN);
}

/* What a sender did wrong with the types is no reason to lose a report. */
static void test_arf_with_wrong_types(void **state)
{
	static const char fields[] =
		"\nFeedback-Type: abuse\n\nUser-Agent: x\nVersion: 1\n"
		"Source-IP: 2001:db8::9\nSource-Port: 25123\n"
		"Reported-URI: http://a.example/1\n"
		"Reported-URI: http://a.example/1\n"
		"Reported-URI: http://b.example/2\n";
	static const struct {
		const char *name;
		const char *type;
	} cases[] = {
		{ "right", "message/feedback-report" },
		{ "plain text", "text/plain; name=report.txt" },
		{ "bytes", "application/octet-stream" },
		{ "the text itself", "text/plain" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			"From: fbl@isp.example\nSubject: FW: oferta\n"
			"Content-Type: multipart/report;\n"
			" report-type=feedback-report; boundary=b\n\n"
			"--b\nContent-Type: ",
			cases[i].type, "\n\n", fields,
			"--b\nContent-Type: message/rfc822\n\n"
			"From: x@loja.example\nSubject: y\n\nz\n--b--\n",
			NULL);
		AUTO(mail) mail = case_parse(text);

		if (mail->abuse == NULL)
			fail_msg("%s", cases[i].name);
		assert_string_equal(mail->abuse->source_ip, "2001:db8::9");
		assert_int_equal(mail->abuse->source_port, 25123);
		assert_int_equal(g_strv_length(mail->abuse->urls), 2);
		assert_string_equal(mail->abuse->reported_domain,
		                    "loja.example");
		assert_int_equal(mail->abuse->derived &
		                         MAIL_ABUSE_DERIVED_SOURCE,
		                 0);
		assert_int_not_equal(mail->abuse->derived &
		                             MAIL_ABUSE_DERIVED_DOMAIN,
		                     0);
	}
}

/* The part with the fields is missing, or everything but it. */
static void test_arf_with_parts_missing(void **state)
{
	static const char head[] =
		"From: fbl@isp.example\nSubject: FW: oferta\n"
		"Content-Type: multipart/report;\n"
		" report-type=feedback-report; boundary=b\n\n"
		"--b\n\nSee below.\n";
	g_autofree char *no_fields = g_strconcat(
		head,
		"--b\nContent-Type: message/rfc822\n\n"
		"Received: from a (b [198.51.100.44]) by mx [192.0.2.1];\n"
		" Wed, 3 Jan 2024 10:00:00 +0000\n"
		"From: x@loja.example\n\nz\n--b--\n",
		NULL);
	g_autofree char *fields_only = g_strconcat(
		head,
		"--b\nContent-Type: message/feedback-report\n\n"
		"Version: 1\nUser-Agent: x\n--b--\n",
		NULL);
	g_autofree char *nothing = g_strconcat(head, "--b--\n", NULL);

	(void)state;
	AUTO(mail) first = case_parse(no_fields);
	AUTO(mail) second = case_parse(fields_only);
	AUTO(mail) third = case_parse(nothing);

	assert_string_equal(first->abuse->source_ip, "198.51.100.44");
	assert_int_equal(first->abuse->time, 1704276000000);
	assert_string_equal(first->abuse->feedback_type, "abuse");
	assert_int_equal(first->abuse->derived,
	                 MAIL_ABUSE_DERIVED_TYPE | MAIL_ABUSE_DERIVED_SOURCE |
	                         MAIL_ABUSE_DERIVED_DOMAIN |
	                         MAIL_ABUSE_DERIVED_TIME);
	assert_string_equal(second->abuse->source_ip, "");
	assert_string_equal(second->abuse->feedback_type, "abuse");
	assert_null(third->abuse);
}

static void test_failure_reports_are_a_class_of_their_own(void **state)
{
	AUTO(mail)
	mail = case_parse(
		"From: dmarc@isp.example\nSubject: failure\n"
		"Content-Type: multipart/report; boundary=b\n\n"
		"--b\nContent-Type: message/feedback-report\n\n"
		"Feedback-Type: auth-failure\nAuth-Failure: dmarc\n"
		"Source-IP: 192.0.2.1\nReported-Domain: Cliente.Example\n"
		"--b--\n");

	(void)state;
	assert_int_equal(mail->abuse->class, MAIL_ABUSE_FAILURE);
	assert_string_equal(mail->abuse->reported_domain, "cliente.example");
}

static void test_opt_out(void **state)
{
	AUTO(mail)
	mail = case_parse("From: ana@mail.example\nSubject: unsubscribe\n"
	                  "X-Apple-Unsubscribe: true\n\nThis was sent.\n");

	(void)state;
	assert_string_equal(mail->abuse->feedback_type, "opt-out");
	assert_string_equal(mail->abuse->source_ip, "");
	assert_string_equal(mail->abuse->reporter, "ana@mail.example");
}

/* Private and shared addresses say nothing about where it came from, and what
 * stands behind "by" is the receiver. */
static void test_derived_source(void **state)
{
	static const struct {
		const char *header;
		const char *want;
	} cases[] = {
		{ "X-Originating-IP: 10.1.2.3\n"
		  "Received: from x (y [100.64.1.1]) by z\n"
		  "Received: from x (y [203.0.113.9]) by z\n",
		  "203.0.113.9" },
		{ "Received: by 203.0.113.1 with SMTP id x\n", "" },
		{ "Received: from [203.0.113.66] (real [203.0.113.7]) by z\n",
		  "203.0.113.7" },
		{ "Received: from [203.0.113.8] (helo=x) by z\n",
		  "203.0.113.8" },
		{ "Received: from unknown (HELO x) (203.0.113.10) by z\n",
		  "203.0.113.10" },
		{ "Received: from x (y [IPv6:fd00::1]) by z\n"
		  "Received: from x (y [IPv6:2001:db8::5]) by z\n",
		  "2001:db8::5" },
		{ "Authentication-Results: a; iprev=pass "
		  "policy.iprev=\"203.0.113.11\"\n",
		  "203.0.113.11" },
		{ "Received-SPF: Pass (x) Client-IP=::ffff:203.0.113.12;\n",
		  "203.0.113.12" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			"From: fbl@isp.example\nSubject: x\n"
			"Content-Type: multipart/report; boundary=b\n\n"
			"--b\nContent-Type: message/feedback-report\n\n"
			"Feedback-Type: abuse\n"
			"--b\nContent-Type: text/rfc822-headers\n\n",
			cases[i].header, "\n--b--\n", NULL);
		AUTO(mail) mail = case_parse(text);

		assert_string_equal(mail->abuse->source_ip, cases[i].want);
	}
}

static void test_dup_host(void **state)
{
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "http://Loja.Example/x?y", "loja.example" },
		{ "hxxps://loja[.]example:8443/", "loja.example" },
		{ "https://ana:x@loja.example#z", "loja.example" },
		{ "http://192.0.2.7:8080/x", "192.0.2.7" },
		{ "http://[2001:db8::7]:8080/x", "2001:db8::7" },
		{ "mailto:ana@loja.example", "loja.example" },
		{ "loja.example", "loja.example" },
		{ "not a host", "not" },
		{ "http://", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = abuse_dup_host(cases[i].input);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].input, got);
	}
}

static void test_parse_time(void **state)
{
	static const struct {
		const char *input;
		gint64 want;
	} cases[] = {
		{ "2025-01-11T12:17:20Z", 1736597840000 },
		{ "2025-01-11T12:17:20+01:00", 1736594240000 },
		{ "2025-01-11 12:17:20 +0100", 1736594240000 },
		{ "2025-01-11 12:17:20 UTC", 1736597840000 },
		{ "2025-01-11", 1736553600000 },
		{ "Sat, 11 Jan 2025 12:17:20 +0000", 1736597840000 },
		{ "1736597840", 1736597840000 },
		{ "2025-99-11T12:17:20Z", 0 },
		{ "yesterday", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (abuse_parse_time(cases[i].input) != cases[i].want)
			fail_msg("%s: %" G_GINT64_FORMAT, cases[i].input,
			         abuse_parse_time(cases[i].input));
}

static void test_set_source(void **state)
{
	static const struct {
		const char *source;
		const char *ip;
		const char *domain;
		guint32 port;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", NULL, 0 },
		{ "192.0.2.1:8080", "192.0.2.1", NULL, 8080 },
		{ "2001:db8::1", "2001:db8::1", NULL, 0 },
		{ "http://192.0.2.1/x", "192.0.2.1", NULL, 0 },
		{ "https://Loja.example/x", NULL, "loja.example", 0 },
		{ "x@loja.example", NULL, "loja.example", 0 },
		{ "loja.example", NULL, "loja.example", 0 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct mail_abuse *abuse = g_new0(struct mail_abuse, 1);

		abuse_set_source(abuse, cases[i].source);
		if (g_strcmp0(abuse->source_ip, cases[i].ip) != 0 ||
		    g_strcmp0(abuse->reported_domain, cases[i].domain) != 0 ||
		    abuse->source_port != cases[i].port)
			fail_msg("%s", cases[i].source);
		mail_abuse_free(abuse);
	}
}

/* All that JSON of version 4 and 3 says. */
static void test_json_members(void **state)
{
	static const char v4[] =
		"{\"xarf_version\":\"4.0.0\",\"report_id\":\"r-1\","
		"\"category\":\"content\",\"type\":\"phishing\","
		"\"source_identifier\":\"192.0.2.3\",\"source_port\":443,"
		"\"url\":\"https://loja.example/login\","
		"\"timestamp\":\"2025-01-11T12:17:20Z\"}";
	static const char v3[] =
		"{\"ReporterInfo\":{\"ReporterOrg\":\"R\"},\"Report\":"
		"{\"ReportType\":\"Copyright\",\"ReportID\":\"r-2\","
		"\"SourceIp\":\"192.0.2.4\",\"SourcePort\":\"6881\","
		"\"Url\":[\"https://a.example/1\",\"https://b.example/2\"]}}";
	struct mail_abuse *four = abuse_read_json(v4, strlen(v4));
	struct mail_abuse *three = abuse_read_json(v3, strlen(v3));

	(void)state;
	assert_non_null(four);
	assert_non_null(three);
	assert_string_equal(four->report_id, "r-1");
	assert_int_equal(four->source_port, 443);
	assert_string_equal(four->urls[0], "https://loja.example/login");
	assert_string_equal(four->reported_domain, "loja.example");
	assert_string_equal(three->report_id, "r-2");
	assert_int_equal(three->source_port, 6881);
	assert_int_equal(g_strv_length(three->urls), 2);
	mail_abuse_free(four);
	mail_abuse_free(three);
}

static void test_dup_ip(void **state)
{
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ " [192.0.2.1] ", "192.0.2.1" },
		{ "[IPv6:2001:DB8::1]", "2001:db8::1" },
		{ "192.0.2.1, 192.0.2.2", "192.0.2.1" },
		{ "192.0.2.256", NULL },
		{ "host.example", NULL },
		{ "fe80::1%eth0", NULL },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "0.0.0.0", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = abuse_dup_ip(cases[i].input);

		assert_int_equal(g_strcmp0(got, cases[i].want), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arf_with_all_fields),
		cmocka_unit_test(test_arf_fields_from_the_reported_message),
		cmocka_unit_test(test_wrapped_complaint),
		cmocka_unit_test(test_json_versions),
		cmocka_unit_test(test_json_is_bounded),
		cmocka_unit_test(test_json_part_makes_a_report),
		cmocka_unit_test(test_lines_of_the_older_form),
		cmocka_unit_test(test_lines_in_the_text),
		cmocka_unit_test(test_arf_with_wrong_types),
		cmocka_unit_test(test_arf_with_parts_missing),
		cmocka_unit_test(test_failure_reports_are_a_class_of_their_own),
		cmocka_unit_test(test_opt_out),
		cmocka_unit_test(test_derived_source),
		cmocka_unit_test(test_dup_host),
		cmocka_unit_test(test_parse_time),
		cmocka_unit_test(test_set_source),
		cmocka_unit_test(test_json_members),
		cmocka_unit_test(test_dup_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
