/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/abuse_value.h - addresses, hosts, URLs and times of abuse reports
 *
 * What every form of report is put together from. Input is bounded lines of
 * text; results are owned by the caller.
 */
#ifndef PORTARIA_MAIL_ABUSE_VALUE_H
#define PORTARIA_MAIL_ABUSE_VALUE_H

#include "mail/mail.h"

#define ABUSE_VALUE_MAX 500

/* The one address in `text`, brackets and blanks aside, or NULL. An IPv4
 * address inside an IPv6 one (RFC 4291 2.5.5.2) is IPv4. */
char *abuse_dup_ip(const char *text);
/* False for private, shared (RFC 6598), local and multicast addresses. */
bool abuse_ip_is_public(const char *ip);
/* The host of a URL (also "hxxp://" and "host[.]example", as reporters defuse
 * them), of a mail address or of a bare name: an address or a host name in
 * A-labels; NULL if there is none. */
char *abuse_dup_host(const char *text);
/* UTC milliseconds of a date of RFC 5322 or ISO 8601, or of seconds since
 * 1970; 0 if it is none of them. */
gint64 abuse_parse_time(const char *text);

/* Takes `value` if there is something in it and nothing in *slot yet. */
bool abuse_set_once(char **slot, char *value);
/* A port, 0 if it is none. */
guint32 abuse_parse_port(const char *text);
/* Adds what is new, up to MAIL_ABUSE_URLS_MAX. */
void abuse_add_url(struct mail_abuse *abuse, const char *url);
/* Whom a report is about, however it is named: an address (with a port), a
 * URL, a host name. NULL is nothing. Members that are set stay. */
void abuse_set_source(struct mail_abuse *abuse, const char *source);

#endif
