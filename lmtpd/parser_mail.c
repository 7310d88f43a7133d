/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parser_mail.c - the parser's work: mail/ behind the job's seam
 *
 * iconv loads a module a charset the first time it is asked for one. A
 * confined child cannot, so the zygote opens the charsets of mail and never
 * closes them; a conversion that is not among them fails in the child as an
 * unknown charset does.
 */
#include "lmtpd/parser_mail.h"

#include <iconv.h>
#include <string.h>

#include "mail/mail.h"
#include "mail/parse.h"

/* mail/ opens its own in mail_parse_init(); GMime, which reads the names of
 * addresses, takes these literally. */
static const char *const charsets[] = {
	"ISO-8859-1",  "ISO-8859-9", "ISO-8859-11", "EUC-JP", "SHIFT_JIS",
	"ISO-2022-JP", "EUC-KR",     "EUC-CN",      "GBK",    "BIG5",
};

/* Small, and through every door: headers, charsets, HTML, an attachment. */
static const char sample[] =
	"From: =?iso-8859-1?Q?Jos=E9?= <jose@cliente.example>\r\n"
	"To: suporte@desk.example\r\n"
	"Subject: =?utf-8?B?T2zDoQ==?=\r\n"
	"Date: Sun, 22 Nov 2026 16:20:00 -0300\r\n"
	"Message-ID: <sample@cliente.example>\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; boundary=b\r\n"
	"\r\n"
	"--b\r\n"
	"Content-Type: multipart/alternative; boundary=c\r\n"
	"\r\n"
	"--c\r\n"
	"Content-Type: text/plain; charset=windows-1252\r\n"
	"Content-Transfer-Encoding: quoted-printable\r\n"
	"\r\n"
	"Ol=E1\r\n"
	"--c\r\n"
	"Content-Type: text/html; charset=utf-8\r\n"
	"\r\n"
	"<p>Ol&aacute;</p>\r\n"
	"--c--\r\n"
	"--b\r\n"
	"Content-Type: application/octet-stream; name=a.bin\r\n"
	"Content-Transfer-Encoding: base64\r\n"
	"Content-Disposition: attachment; filename=a.bin\r\n"
	"\r\n"
	"JVBERi0xLjQK\r\n"
	"--b--\r\n";

guint64 parser_mail_result_max(const struct limits *limits)
{
	/* Attachments decoded, three texts, and what an archive inside
	 * (winmail.dat) may grow. */
	return 2 * limits->message_bytes + 4 * limits->text_bytes + 16 * MIB;
}

static void open_charsets(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++) {
		/* The handle stays open for good: closing the last one lets
		 * the module go. */
		(void)iconv_open("UTF-8", charsets[i]);
	}
}

void parser_mail_init(void)
{
	g_autoptr(GBytes) raw = g_bytes_new_static(sample, strlen(sample));
	g_autoptr(GVariant) variant = NULL;
	struct limits limits;

	limits_init(&limits);
	mail_parse_init();
	open_charsets();
	variant = parser_mail_parse(raw, &limits, NULL);
	if (variant != NULL)
		(void)g_variant_get_size(g_variant_ref_sink(variant));
}

GVariant *parser_mail_parse(GBytes *raw, const struct limits *limits,
                            GError **error)
{
	AUTO(mail) mail = mail_parse(raw, limits, error);

	return mail != NULL ? mail_to_variant(mail) : NULL;
}
