/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse_value.c - addresses, hosts, URLs and times of abuse reports
 */
#include "mail/abuse_value.h"

#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "mail/date.h"
#include "mail/text.h"

static const guint8 mapped_prefix[] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

static GInetAddress *unmap(GInetAddress *address)
{
	const guint8 *bytes = g_inet_address_to_bytes(address);

	if (g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV6 ||
	    memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) != 0)
		return g_object_ref(address);
	return g_inet_address_new_from_bytes(bytes + sizeof(mapped_prefix),
	                                     G_SOCKET_FAMILY_IPV4);
}

char *abuse_dup_ip(const char *text)
{
	g_autofree char *line =
		text_dup_line_len(text, strlen(text), ABUSE_VALUE_MAX);
	char *start = line + strspn(line, " [<(\"'");

	if (g_ascii_strncasecmp(start, "IPv6:", 5) == 0)
		start += 5;
	start[strcspn(start, "])>, ;\"'/")] = '\0';
	if (strchr(start, '%') != NULL)
		return NULL; /* a scope, which GIO would ask the system about */
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(start);

	if (address == NULL || g_inet_address_get_is_any(address))
		return NULL;
	g_autoptr(GInetAddress) plain = unmap(address);

	return g_inet_address_to_string(plain);
}

/* RFC 6598 (100.64.0.0/10) and RFC 4193 (fc00::/7). */
static bool is_shared(GInetAddress *ip)
{
	const guint8 *bytes = g_inet_address_to_bytes(ip);

	if (g_inet_address_get_family(ip) == G_SOCKET_FAMILY_IPV6)
		return (bytes[0] & 0xfe) == 0xfc;
	return bytes[0] == 100 && (bytes[1] & 0xc0) == 64;
}

bool abuse_ip_is_public(const char *text)
{
	g_autoptr(GInetAddress) ip = g_inet_address_new_from_string(text);

	return ip != NULL && !g_inet_address_get_is_any(ip) &&
	       !g_inet_address_get_is_loopback(ip) &&
	       !g_inet_address_get_is_link_local(ip) &&
	       !g_inet_address_get_is_site_local(ip) &&
	       !g_inet_address_get_is_multicast(ip) && !is_shared(ip);
}

/* "host[.]example" and "host(dot)example". */
static char *dup_without_defusing(const char *text)
{
	GString *plain = g_string_new(text);

	g_string_replace(plain, "[.]", ".", 0);
	g_string_replace(plain, "(.)", ".", 0);
	g_string_replace(plain, "[:]", ":", 0);
	return g_string_free(plain, FALSE);
}

char *abuse_dup_host(const char *text)
{
	g_autofree char *plain = dup_without_defusing(text);
	char *host = strstr(plain, "://");

	host = host != NULL ? host + 3 : plain;
	if (g_ascii_strncasecmp(host, "mailto:", 7) == 0)
		host += 7;
	host[strcspn(host, "/?#>\" ")] = '\0';
	char *at = strrchr(host, '@');

	host = at != NULL ? at + 1 : host;
	char *ip = abuse_dup_ip(host);

	if (ip != NULL)
		return ip;
	host[strcspn(host, ":")] = '\0';
	ip = abuse_dup_ip(host);
	return ip != NULL ? ip : address_dup_domain(host, strlen(host));
}

/* "2014-01-31 07:19:02 +0100" as ISO 8601 has it. */
static char *dup_iso(const char *text)
{
	GString *iso = g_string_new(NULL);
	bool has_time = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p != ' ')
			g_string_append_c(iso, *p);
		else if (!has_time)
			g_string_append_c(iso, 'T');
		has_time = has_time || *p == ' ' || *p == 'T' || *p == 't';
	}
	if (g_str_has_suffix(iso->str, "UTC") ||
	    g_str_has_suffix(iso->str, "GMT")) {
		g_string_truncate(iso, iso->len - 3);
		g_string_append_c(iso, 'Z');
	}
	if (!has_time)
		g_string_append(iso, "T00:00:00Z");
	return g_string_free(iso, FALSE);
}

static gint64 parse_iso(const char *text)
{
	g_autofree char *iso = dup_iso(text);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(iso, utc);

	return when != NULL ? g_date_time_to_unix(when) * CLOCK_SECOND : 0;
}

gint64 abuse_parse_time(const char *text)
{
	g_autofree char *line =
		text_dup_line_len(text, strlen(text), ABUSE_VALUE_MAX);
	size_t digits = strspn(line, "0123456789");
	guint64 seconds = 0;
	gint64 ms;

	if (digits == 4 && line[4] == '-')
		ms = parse_iso(line);
	else if (digits >= 9 && line[digits] == '\0')
		ms = g_ascii_string_to_unsigned(line, 10, 0,
		                                G_MAXINT32 * (guint64)4,
		                                &seconds, NULL)
		             ? (gint64)seconds * CLOCK_SECOND
		             : 0;
	else
		ms = date_parse(line);
	return MAX(ms, 0);
}

bool abuse_set_once(char **slot, char *value)
{
	if (*slot == NULL && value != NULL && value[0] != '\0') {
		*slot = value;
		return true;
	}
	g_free(value);
	return false;
}

guint32 abuse_parse_port(const char *text)
{
	guint64 port = 0;

	return text != NULL && g_ascii_string_to_unsigned(text, 10, 1, 65535,
	                                                  &port, NULL)
	               ? (guint32)port
	               : 0;
}

void abuse_add_url(struct mail_abuse *abuse, const char *url)
{
	guint count = abuse->urls != NULL ? g_strv_length(abuse->urls) : 0;

	if (url[0] == '\0' || count >= MAIL_ABUSE_URLS_MAX ||
	    (count > 0 &&
	     g_strv_contains((const char *const *)abuse->urls, url)))
		return;
	abuse->urls = g_renew(char *, abuse->urls, count + 2);
	abuse->urls[count] = g_strdup(url);
	abuse->urls[count + 1] = NULL;
}

/* "192.0.2.1:443"; an address of RFC 4291 has more colons. */
static void take_port(struct mail_abuse *abuse, const char *source)
{
	const char *colon = strrchr(source, ':');

	if (abuse->source_port == 0 && colon != NULL &&
	    (strchr(source, ':') == colon ||
	     (colon > source && colon[-1] == ']')))
		abuse->source_port = abuse_parse_port(colon + 1);
}

void abuse_set_source(struct mail_abuse *abuse, const char *source)
{
	if (source == NULL || source[0] == '\0')
		return;
	char *ip = abuse_dup_ip(source);

	if (ip != NULL) {
		abuse_set_once(&abuse->source_ip, ip);
		return;
	}
	char *host = abuse_dup_host(source);
	g_autofree char *host_ip = host != NULL ? abuse_dup_ip(host) : NULL;

	if (strstr(source, "://") != NULL)
		abuse_add_url(abuse, source);
	else if (host_ip != NULL)
		take_port(abuse, source);
	if (host_ip != NULL) {
		abuse_set_once(&abuse->source_ip, g_steal_pointer(&host_ip));
		g_free(host);
		return;
	}
	abuse_set_once(&abuse->reported_domain,
	               host != NULL ? host : g_strdup(source));
}
