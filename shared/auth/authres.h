/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/authres.h - Authentication-Results (RFC 8601)
 */
#ifndef PORTARIA_AUTH_AUTHRES_H
#define PORTARIA_AUTH_AUTHRES_H

#include "auth/auth.h"

/*
 * The body of one header field (without name and colon, leading blank
 * included, folded with "\n\t"): spf for HELO and MAIL FROM, each dkim, dmarc,
 * auth (SASL), and x-registered=`registered` ("pass", "fail", "none";
 * NULL: left out). Owned by the caller.
 */
char *authres_format(const char *authserv_id, const struct auth_client *client,
		     const struct auth_result *result, const char *registered);

/* True if a header of this name and value claims to be ours and must go:
 * X-Portaria-*, or Authentication-Results with our authserv-id, or one whose
 * id cannot be read. Comments, quoting, case and folding are seen through. */
bool authres_is_forged(const char *authserv_id, const char *name,
		       size_t name_len, const char *value, size_t value_len);

#endif
