/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_mail_abuse.c - abuse reports: ARF, XARF, X-ARF, DMARC and TLS reports
 *
 * Beside the sanitizers: what is read is valid UTF-8, a source address is an
 * address, lists are bounded; and a mail that is no report is left as it was.
 */
#include "fuzz_parts.h"

#include <gio/gio.h>

#include "mail/abuse.h"
#include "mail/automatic.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check_abuse(const struct mail_abuse *abuse)
{
	must_be_text(abuse->feedback_type);
	must_be_text(abuse->reported_domain);
	must_be_text(abuse->reporter);
	must_be_text(abuse->arrival_date);
	must_be_text(abuse->report_id);
	must(abuse->format[0] != '\0');
	must(g_strv_length(abuse->urls) <= MAIL_ABUSE_URLS_MAX);
	for (char **url = abuse->urls; *url != NULL; url++)
		must_be_text(*url);
	if (abuse->source_ip[0] != '\0') {
		g_autoptr(GInetAddress) ip =
			g_inet_address_new_from_string(abuse->source_ip);

		must(ip != NULL);
	}
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	static const struct fuzz_type types[] = {
		{ "message/feedback-report", "report.txt" },
		{ "message/rfc822", "a.eml" },
		{ "application/json", "xarf.json" },
		{ "text/plain", "report.txt" },
		{ "text/rfc822-headers", "a.txt" },
		{ "application/gzip", "a!b!1!2.xml.gz" },
		{ "application/zip", "a!b!1!2.zip" },
		{ "text/xml", "a!b!1!2.xml" },
		{ "application/tlsrpt+json", "a!b!1!2.json" },
	};
	const char *text = size > 0 ? (const char *)data : "";
	AUTO(mail)
	mail = fuzz_mail(types, G_N_ELEMENTS(types), text, size);

	mail->kind = automatic_kind(text, size);
	if (abuse_read(mail, text, size)) {
		mail_fill(mail);
		check_abuse(mail->abuse);
	} else {
		must(mail->abuse == NULL);
	}
	return 0;
}
