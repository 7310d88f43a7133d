/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_table.c - every key of the configuration, one row each
 *
 * The rows of [limits] come from LIMITS_TABLE. Their defaults are numbers
 * there, so their text is written on first use, and their type follows from
 * the name: _bytes and _memory are sizes, _seconds are durations.
 */
#include "base/config_value.h"

#include <stddef.h>

#include "base/ids.h"

#define PATH_BYTES  4095
#define TEXT_BYTES  200
#define HOST_BYTES  253 /* RFC 1035, 2.3.4, without the root's dot */
#define SPOOL       "unix:/var/spool/postfix/portaria/"
#define STATE       PORTARIA_LOCALSTATEDIR "/lib/portaria/"
#define SECONDS_DAY ((guint64)86400)
#define RATE_MOST   1000000
#define WINDOWS_MOST 10

#define ROW(sect, name, kind, low, high, text, line)                           \
	{                                                                      \
		.row = { .section = #sect,                                     \
		         .key = #name,                                         \
		         .def = (text),                                        \
		         .help = (line) },                                     \
		.type = CONFIG_TYPE_##kind,                                    \
		.offset = offsetof(struct config, sect.name),                  \
		.min = (low),                                                  \
		.max = (high),                                                 \
	},

#define LIMIT_ROW(name, number, low, high, line)                               \
	ROW(limits, name, COUNT, low, high, NULL, line)

/* clang-format off */
static struct config_field fields[] = {
	ROW(server, hostname, HOST, 0, HOST_BYTES, "",
	    "right side of Message-IDs; empty: the name of this host")
	ROW(server, authserv_id, HOST, 0, HOST_BYTES, "",
	    "our name in Authentication-Results; empty: hostname")
	ROW(server, brand, TEXT, 1, TEXT_BYTES, "Portaria",
	    "company name in mails and refusals")
	ROW(server, language, LANGUAGE, 1, TEXT_BYTES, "pt_BR",
	    "pt_BR, en or es: when nothing closer is known")
	ROW(server, ref_prefix, REF_PREFIX, REF_PREFIX_MIN, REF_PREFIX_MAX,
	    "VIA", "letters before a ticket's number")
	ROW(server, help, TEXT, 0, TEXT_BYTES, "",
	    "panel or help address put into refusals")
	ROW(server, key_file, PATH, 1, PATH_BYTES,
	    PORTARIA_SYSCONFDIR "/portaria/portaria.key",
	    "keys for seals, Message-IDs and reply addresses")
	ROW(server, template_dir, PATH, 1, PATH_BYTES,
	    PORTARIA_DATADIR "/portaria/templates",
	    "texts of outgoing mail, a folder for each language")
	ROW(server, own_template_dir, PATH, 0, PATH_BYTES,
	    PORTARIA_SYSCONFDIR "/portaria/templates",
	    "the site's own texts, which go before those; may be missing")
	ROW(server, time_zone, TIME_ZONE, 0, TEXT_BYTES, "",
	    "America/Sao_Paulo; empty: the system's")

	ROW(store, database, PATH, 1, PATH_BYTES, STATE "portaria.db",
	    "the SQLite database")
	ROW(store, blob_dir, PATH, 1, PATH_BYTES, STATE "blobs",
	    "messages and attachments too large for the database")
	ROW(store, blob_inline_max, SIZE, 0, 64 * MIB, "512K",
	    "larger ones become files")
	ROW(store, busy_ms, MILLISECONDS, 100, 300000, "10s",
	    "wait for another writer; below the MTA's LMTP timeout")

	ROW(milter, socket, SOCKET, 1, PATH_BYTES, SPOOL "milter",
	    "where the MTA finds the milter")
	ROW(milter, socket_mode, MODE, 0, 0777, "0660",
	    "permissions of a unix socket")
	ROW(milter, envelope_seconds, SECONDS, 1, 600, "20s",
	    "time for decisions before DATA")
	ROW(milter, message_seconds, SECONDS, 1, 600, "1m",
	    "time for decisions at the end of a message")
	ROW(milter, trusted_networks, NETWORKS, 0, 1000, "127.0.0.0/8;::1",
	    "relays whose mail is not judged by SPF")

	ROW(rate, window_seconds, SECONDS, 10, SECONDS_DAY, "1m",
	    "window in which the milter counts messages for departments")
	ROW(rate, client, COUNT, 0, RATE_MOST, "200",
	    "messages from one network (/24, IPv6 /64); 0: no limit")
	ROW(rate, sender, COUNT, 0, RATE_MOST, "60",
	    "messages from one sender; 0: no limit")
	ROW(rate, department, COUNT, 0, RATE_MOST, "1000",
	    "messages to one department; 0: no limit")
	ROW(rate, anyone_client, COUNT, 0, RATE_MOST, "60",
	    "the same as client, for departments open to anyone")
	ROW(rate, anyone_sender, COUNT, 0, RATE_MOST, "20",
	    "the same as sender, for departments open to anyone")
	ROW(rate, anyone_department, COUNT, 0, RATE_MOST, "600",
	    "the same as department, for departments open to anyone")
	ROW(rate, entries, COUNT, 100, 1000000, "20000",
	    "networks, senders and departments remembered")
	ROW(rate, allow, NETWORKS, 0, 1000, "127.0.0.0/8;::1",
	    "clients that are not counted")

	ROW(lmtp, socket, SOCKET, 1, PATH_BYTES, SPOOL "lmtp",
	    "where the MTA delivers")
	ROW(lmtp, socket_mode, MODE, 0, 0777, "0660",
	    "permissions of a unix socket")
	ROW(lmtp, parsers, COUNT, 1, 64, "2", "confined parser processes")
	ROW(lmtp, parser_messages, COUNT, 1, 10000, "100",
	    "messages that one of them takes")
	ROW(lmtp, batch_max, COUNT, 1, 1000, "64",
	    "messages in one transaction")
	ROW(lmtp, batch_bytes, SIZE, 1 * MIB, 1024 * MIB, "16M",
	    "bytes in one transaction")
	ROW(lmtp, seal_max_age, SECONDS, 1, 60 * SECONDS_DAY, "6d",
	    "age of a believed seal: the MTA's queue lifetime and a day")

	ROW(dns, forwarders, SERVERS, 0, 16, "",
	    "resolvers to ask, 127.0.0.1@5353; empty: recursion")
	ROW(dns, local_zones, PATHS, 0, 64, "",
	    "files with zone data, for tests and demonstrations")
	ROW(dns, trust_anchor_file, PATH, 0, PATH_BYTES, "",
	    "DNSSEC trust anchor; empty: no validation")
	ROW(dns, timeout_ms, MILLISECONDS, 100, 60000, "5s",
	    "time for one lookup")
	ROW(dns, cache_entries, COUNT, 100, 1000000, "20000",
	    "answers remembered")

	ROW(notifier, submission, SMTP_URL, 1, TEXT_BYTES,
	    "smtp://127.0.0.1:10587", "where outgoing mail is handed in")
	ROW(notifier, poll_seconds, SECONDS, 1, 3600, "2s",
	    "pause between looks at an empty outbox")
	ROW(notifier, lease_seconds, SECONDS, 10, SECONDS_DAY, "5m",
	    "time a notifier has for a mail before another takes it")
	ROW(notifier, retry_seconds, SECONDS, 1, SECONDS_DAY, "1m",
	    "first pause after a failure; doubles")
	ROW(notifier, give_up_seconds, SECONDS, 60, 60 * SECONDS_DAY, "5d",
	    "age at which an unsent mail has failed")
	ROW(notifier, brake_ticket, WINDOWS, 0, WINDOWS_MOST,
	    "10/10m;15/30m;25/1h;50/3h;100/10h",
	    "automatic mails to one address about one ticket")
	ROW(notifier, brake_total, WINDOWS, 0, WINDOWS_MOST,
	    "30/10m;60/30m;120/1h;240/3h;360/10h",
	    "automatic mails to one address about all tickets")
	ROW(notifier, hold_seconds, SECONDS, 3600, 90 * SECONDS_DAY, "7d",
	    "how long a held message waits for confirmation")
	ROW(notifier, connections, COUNT, 1, 64, "8",
	    "connections to the mail server at once")

	ROW(timers, hours, TEXT, 0, TEXT_BYTES, "",
	    "business hours, mon-fri 09:00-18:00; empty: always")
	ROW(timers, holidays, TEXT, 0, 8192, "",
	    "days without business: 12-25 every year, 2026-02-17 once")
	ROW(timers, close_seconds, SECONDS, 0, 3650 * SECONDS_DAY, "0",
	    "answered tickets are closed after so long; 0: never")
	ROW(timers, warn_seconds, SECONDS, 0, 365 * SECONDS_DAY, "3d",
	    "a warning comes so long before; 0: none")
	ROW(timers, grade_seconds, SECONDS, 0, 30 * SECONDS_DAY, "1h",
	    "departments that ask for grades do so this long after closing")
	ROW(timers, reopen_seconds, SECONDS, 0, 3650 * SECONDS_DAY, "7d",
	    "an answer reopens a resolved ticket so long; then it is a new one")

	ROW(retention, every_seconds, SECONDS, 0, 31 * SECONDS_DAY, "0",
	    "how often the notifier removes what is too old; 0: never")
	ROW(retention, raw_seconds, SECONDS, 0, 36500 * SECONDS_DAY, "0",
	    "original mails of tickets closed so long; 0: kept")
	ROW(retention, attachment_seconds, SECONDS, 0, 36500 * SECONDS_DAY, "0",
	    "attachments of tickets closed so long; 0: kept")
	ROW(retention, ticket_seconds, SECONDS, 0, 36500 * SECONDS_DAY, "0",
	    "tickets closed so long; 0: kept")
	ROW(retention, held_seconds, SECONDS, 0, 36500 * SECONDS_DAY, "0",
	    "held messages decided so long ago; 0: kept")
	ROW(retention, outbox_seconds, SECONDS, 0, 36500 * SECONDS_DAY, "180d",
	    "outgoing mail sent or given up so long ago; 0: kept")
	ROW(retention, delivery_seconds, SECONDS, 0, 36500 * SECONDS_DAY, "60d",
	    "keys that recognise a delivery made twice; 0: kept")
	ROW(retention, blob_seconds, SECONDS, 3600, 36500 * SECONDS_DAY, "7d",
	    "bytes that nothing names any more")

	ROW(abuse, window_seconds, SECONDS, 60, 90 * SECONDS_DAY, "1d",
	    "reports on one source and type this close are one case")

	ROW(postfix, map_file, PATH, 1, PATH_BYTES,
	    STATE "postfix/portaria-map.db",
	    "the map Postfix reads, exported by the notifier")

	ROW(log, target, LOG_TARGET, 0, 0, "auto",
	    "auto, syslog or stderr")
	ROW(log, level, LOG_LEVEL, 0, 0, "info",
	    "error, warning, info or debug")

	LIMITS_TABLE(LIMIT_ROW)
};
/* clang-format on */

static enum config_type limit_type(const char *key)
{
	if (g_str_has_suffix(key, "_bytes") || g_str_has_suffix(key, "_memory"))
		return CONFIG_TYPE_SIZE;
	if (g_str_has_suffix(key, "_seconds"))
		return CONFIG_TYPE_SECONDS;
	return CONFIG_TYPE_COUNT;
}

static guint64 limit_default(const struct config_field *field)
{
	struct config config = { 0 };

	limits_init(&config.limits);
	return *(const guint64 *)((const char *)&config + field->offset);
}

static void complete_limits(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *text = NULL;

		if (fields[i].row.def != NULL)
			continue;
		fields[i].type = limit_type(fields[i].row.key);
		text = config_number_dup(fields[i].type,
		                         limit_default(&fields[i]));
		fields[i].row.def = g_intern_string(text);
	}
}

const struct config_field *config_field_get(unsigned index)
{
	static gsize completed;

	if (g_once_init_enter(&completed)) {
		complete_limits();
		g_once_init_leave(&completed, 1);
	}
	return index < G_N_ELEMENTS(fields) ? &fields[index] : NULL;
}
