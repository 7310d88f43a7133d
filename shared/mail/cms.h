/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/cms.h - what is inside application/pkcs7-mime (RFC 5652, RFC 8551)
 *
 * Tells kinds of S/MIME apart and takes the text out of signed mail. Nothing
 * is verified and nothing decrypted. Reads BER with definite and indefinite
 * lengths, bounded in depth, as hostile input.
 */
#ifndef PORTARIA_MAIL_CMS_H
#define PORTARIA_MAIL_CMS_H

#include <glib.h>

enum cms_kind {
	CMS_UNREADABLE,
	CMS_SIGNED,       /* *ret_content is what was signed */
	CMS_CERTIFICATES, /* signed data without content */
	CMS_CLOSED,       /* enveloped, compressed or unknown */
};

/* *ret_content is owned by the caller, set with CMS_SIGNED only. */
enum cms_kind cms_read(GBytes *data, GBytes **ret_content);

#endif
