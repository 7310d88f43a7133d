/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/abuse_derive.h - what a reported message says itself
 */
#ifndef PORTARIA_MAIL_ABUSE_DERIVE_H
#define PORTARIA_MAIL_ABUSE_DERIVE_H

#include "mail/mail.h"

/*
 * Fills in source, time and domain where the report has none, and marks them
 * as derived. data: the reported message, or its header. The source is, best
 * first: X-Originating-IP, client-ip of Received-SPF or
 * Authentication-Results, the first public address in Received. The time is
 * that of the topmost Received, else Date. The domain is that of From.
 */
void abuse_derive(struct mail_abuse *abuse, const char *data, size_t len);

#endif
