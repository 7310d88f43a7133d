/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/fingerprint.h - what stays the same when a message is sent again
 *
 * A server that did not hear our 250 sends the message once more, and what is
 * on its way adds its own words in front: trace fields (RFC 5321 section 4.4)
 * and ours.
 */
#ifndef PORTARIA_LMTPD_FINGERPRINT_H
#define PORTARIA_LMTPD_FINGERPRINT_H

#include <glib.h>

/*
 * SHA-256, in hex and owned by the caller, of a message without the trace
 * fields at its front and without the fields that we add (X-Portaria-*,
 * Authentication-Results of authserv_id) wherever they are.
 */
char *fingerprint_message(const char *authserv_id, const char *data,
                          size_t len);

#endif
