/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abusesuspect.c - whose address or domain is it?
 *
 * SQL cannot compare networks, so every network that an address lies in is
 * looked up by its text, the longest prefix first; at most 129 look-ups in an
 * index, however many customers there are. Domains likewise, label by label.
 */
#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "store/abusecase.h"
#include "store/row.h"
#include "store/store_private.h"

#define LABELS_MAX 127 /* RFC 1035 2.3.4: 253 characters */

static const struct row_field suspect_fields[] = {
	ROW_FIELD(abuse_suspect, customer_id, ROW_INT),
	ROW_FIELD(abuse_suspect, customer, ROW_TEXT),
	ROW_FIELD(abuse_suspect, code, ROW_TEXT),
	ROW_FIELD(abuse_suspect, matched, ROW_TEXT),
	ROW_FIELD(abuse_suspect, service, ROW_TEXT),
	ROW_FIELD(abuse_suspect, derived, ROW_BOOL),
};

static void suspect_destroy(void *suspect)
{
	abuse_suspect_free(suspect);
}

static const struct row_type suspect_type = {
	suspect_fields,
	G_N_ELEMENTS(suspect_fields),
	sizeof(struct abuse_suspect),
	suspect_destroy,
};

void abuse_suspect_free(struct abuse_suspect *suspect)
{
	row_free(&suspect_type, suspect);
}

bool abuse_suspect_add(struct store *store, gint64 ticket_id,
                       const struct abuse_suspect *suspect, GError **error)
{
	static const char SQL_SUSPECT_ADD[] =
		"INSERT INTO ticket_suspect (ticket_id, customer_id, matched,"
		" service, derived, added)"
		" VALUES (:ticket_id, :customer_id, :matched, :service,"
		" :derived, :added)"
		" ON CONFLICT (ticket_id, customer_id, matched) DO NOTHING";
	struct db_stmt *stmt = db_prepare(store->db, SQL_SUSPECT_ADD, error);

	if (stmt == NULL)
		return false;
	row_bind(stmt, &suspect_type, suspect);
	db_bind_int(stmt, ":ticket_id", ticket_id);
	db_bind_int(stmt, ":added", clock_now());
	return db_run(stmt, error);
}

GPtrArray *abuse_suspect_list(struct store *store, gint64 ticket_id,
                              GError **error)
{
	static const char SQL_SUSPECT_LIST[] =
		"SELECT s.customer_id, u.name, u.code, s.matched, s.service,"
		" s.derived FROM ticket_suspect s"
		" JOIN customer u ON u.id = s.customer_id"
		" WHERE s.ticket_id = :id ORDER BY s.derived, u.name, s.matched";

	return row_fetch_all(
		row_prepare_id(store->db, SQL_SUSPECT_LIST, ticket_id, error),
		&suspect_type, error);
}

GPtrArray *abuse_suspect_of_source(struct store *store, const char *source,
                                   GError **error)
{
	static const char SQL_SUSPECT_OF_SOURCE[] =
		"SELECT s.customer_id, u.name, u.code, MIN(s.matched),"
		" MIN(s.service), MIN(s.derived) FROM abuse_case c"
		" JOIN ticket_suspect s ON s.ticket_id = c.ticket_id"
		" JOIN customer u ON u.id = s.customer_id"
		" WHERE c.source = :source"
		" GROUP BY s.customer_id, u.name, u.code ORDER BY u.name";

	return row_fetch_all(row_prepare_text(store->db, SQL_SUSPECT_OF_SOURCE,
	                                      ":source", source, error),
	                     &suspect_type, error);
}

/* ---- matching ---- */

#define MATCH_COLUMNS "SELECT s.customer_id, u.name, u.code, :key, s.label, 0"

#define MATCH_TAIL                                                             \
	" JOIN customer u ON u.id = s.customer_id"                             \
	" WHERE s.active = 1 AND u.active = 1"

/* What many customers share accuses none of them more than the others, and
 * nobody reads so many. */
#define MATCH_LIMIT " ORDER BY s.customer_id, s.id LIMIT 20"

static const char SQL_MATCH_RANGE[] =
	MATCH_COLUMNS " FROM service_range r"
		      " JOIN service s ON s.id = r.service_id" MATCH_TAIL
		      " AND r.cidr = :key" MATCH_LIMIT;
static const char SQL_MATCH_DOMAIN[] =
	MATCH_COLUMNS " FROM service s" MATCH_TAIL " AND s.domain = :key"
		      " AND s.domain <> ''" MATCH_LIMIT;

static GPtrArray *match_key(struct store *store, const char *sql,
                            const char *key, GError **error)
{
	return row_fetch_all(
		row_prepare_text(store->db, sql, ":key", key, error),
		&suspect_type, error);
}

static GPtrArray *nobody(void)
{
	return g_ptr_array_new_with_free_func(suspect_destroy);
}

/* The network of `bits` bits that the address lies in, as text. */
static char *dup_network(GInetAddress *address, guint bits)
{
	gsize size = g_inet_address_get_native_size(address);
	guint8 bytes[16] = { 0 };

	memcpy(bytes, g_inet_address_to_bytes(address), MIN(size, 16));
	for (gsize i = 0; i < MIN(size, 16); i++) {
		guint kept = bits > i * 8 ? MIN(bits - (guint)i * 8, 8) : 0;

		bytes[i] = (guint8)(bytes[i] & (0xff00 >> kept));
	}
	g_autoptr(GInetAddress) network = g_inet_address_new_from_bytes(
		bytes, g_inet_address_get_family(address));
	g_autofree char *text = g_inet_address_to_string(network);

	return g_strdup_printf("%s/%u", text, bits);
}

GPtrArray *abuse_match_ip(struct store *store, const char *ip, GError **error)
{
	g_autoptr(GInetAddress) address =
		strchr(ip, '%') == NULL ? g_inet_address_new_from_string(ip)
					: NULL;
	g_autofree char *plain =
		address != NULL ? g_inet_address_to_string(address) : NULL;
	g_autoptr(GPtrArray) found = NULL;

	if (address == NULL)
		return nobody();
	found = match_key(store, SQL_MATCH_RANGE, plain, error);
	for (guint left =
	             (guint)g_inet_address_get_native_size(address) * 8 + 1;
	     found != NULL && found->len == 0 && left > 0; left--) {
		g_autofree char *network = dup_network(address, left - 1);
		GPtrArray *more =
			match_key(store, SQL_MATCH_RANGE, network, error);

		g_ptr_array_unref(found);
		found = more;
	}
	return g_steal_pointer(&found);
}

GPtrArray *abuse_match_domain(struct store *store, const char *domain,
                              GError **error)
{
	g_autoptr(GPtrArray) found = nobody();
	const char *at = domain;

	for (int i = 0; found != NULL && found->len == 0 && at != NULL &&
	                *at != '\0' && i < LABELS_MAX;
	     i++) {
		GPtrArray *more = match_key(store, SQL_MATCH_DOMAIN, at, error);
		const char *dot = strchr(at, '.');

		g_ptr_array_unref(found);
		found = more;
		at = dot != NULL ? dot + 1 : NULL;
	}
	return g_steal_pointer(&found);
}
