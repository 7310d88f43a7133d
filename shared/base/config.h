/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/config.h - the configuration file
 *
 * [section], key = value and # comment lines, as GKeyFile has them, from
 * /etc/portaria/portaria.conf unless told otherwise, then <dir of that
 * file>/conf.d/ *.conf in lexical order, the last one wins, then
 * "-o section.key=value". Departments, customers and staff are in the
 * database; this is infrastructure only. One table (config_table.c) has a row
 * a key: section, name, type, default, bounds, help; `portaria config` prints
 * it and a test holds sample and manual against it.
 *
 * Sizes take K, M, G (powers of 1024); durations s, m, h, d (those in _ms
 * ms, s, m; a bare number is milliseconds there). Lists are separated by ";".
 * There are no escapes. A key given twice: the later one holds. An unknown
 * section or key, a bad value or a value out of bounds is an error that names
 * file, line, key, the reason and the nearest known key; all errors of a file
 * are reported at once.
 */
#ifndef PORTARIA_BASE_CONFIG_H
#define PORTARIA_BASE_CONFIG_H

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"

#include <stdbool.h>

struct config_server {
	char *hostname;     /* right side of Message-IDs; default: the host's */
	char *authserv_id;  /* RFC 8601 2.5; default: hostname */
	char *brand;        /* company name in mails and refusals */
	char *language;     /* pt_BR, en or es: when nothing closer is known */
	char *ref_prefix;   /* VIA */
	char *help;         /* panel or help address put into refusals */
	char *key_file;     /* base/token.h */
	char *template_dir; /* templates: <dir>/<language>/<name>.txt */
	char *own_template_dir; /* the same, of the site: go before those */
	char *time_zone;    /* of people; "" = the system's */
};

struct config_store {
	char *database;          /* path of the SQLite file */
	char *blob_dir;          /* blobs too large for the database */
	guint64 blob_inline_max; /* bytes; larger ones become files */
	guint64 busy_ms;         /* wait for another writer; below the MTA's
				    LMTP timeout */
};

struct config_milter {
	char *socket;
	guint64 socket_mode;
	guint64 envelope_seconds; /* budget before DATA */
	guint64 message_seconds;  /* budget at end of message */
	char **trusted_networks;  /* CIDR; relays whose mail is not judged by
				     SPF */
};

/* Messages in a window, 0 = as many as come. Of a network (/24, IPv6 /64), a
 * proven sender, a department; "anyone" departments have their own numbers. */
struct config_rate {
	guint64 window_seconds;
	guint64 client;
	guint64 sender;
	guint64 department;
	guint64 anyone_client;
	guint64 anyone_sender;
	guint64 anyone_department;
	guint64 entries; /* networks, senders and departments remembered */
	char **allow;    /* CIDR; clients that are not counted */
};

struct config_lmtp {
	char *socket;
	guint64 socket_mode;
	guint64 parsers;       /* confined parser children */
	guint64 parser_messages; /* of one child, before it is replaced */
	guint64 batch_max;     /* messages in one transaction */
	guint64 batch_bytes;   /* bytes in one transaction */
	guint64 seal_max_age;  /* seconds; the MTA's queue lifetime and a day */
};

struct config_dns {
	char **forwarders;       /* "127.0.0.1@5353"; empty: recursion */
	char **local_zones;      /* files with zone data, for tests and demo */
	char *trust_anchor_file; /* DNSSEC; empty: no validation */
	guint64 timeout_ms;      /* one lookup */
	guint64 cache_entries;
};

struct config_notifier {
	char *submission;        /* smtp://127.0.0.1:10587 */
	guint64 poll_seconds;
	guint64 lease_seconds;
	guint64 retry_seconds;   /* first retry; doubles */
	guint64 give_up_seconds; /* then the row is failed and shown */
	char **brake_ticket; /* "10/10m": automatic mails to one address about
				one ticket, config_window_parse() */
	char **brake_total;  /* to one address about any */
	guint64 hold_seconds;    /* a held message waits for confirmation */
	guint64 connections;     /* to the mail server, at most */
};

/* Of departments that have none of their own; 0 = never. */
struct config_timers {
	char *hours;           /* "mon-fri 09:00-18:00"; "": always */
	char *holidays;        /* "01-01 2026-02-17" */
	guint64 close_seconds; /* answered so long, then closed */
	guint64 warn_seconds;  /* so long before comes a warning */
	guint64 grade_seconds; /* from closing to the question how we did */
	guint64 reopen_seconds; /* an answer reopens a resolved ticket */
};

/* How long what is kept, 0 = for ever. The first three after a ticket was
 * closed; departments may have their own. */
struct config_retention {
	guint64 every_seconds; /* the notifier looks so often; 0: never */
	guint64 raw_seconds;
	guint64 attachment_seconds;
	guint64 ticket_seconds;
	guint64 held_seconds;
	guint64 outbox_seconds;
	guint64 delivery_seconds;
	guint64 blob_seconds; /* of bytes that nothing names */
};

/* Abuse reports in departments open to anyone. */
struct config_abuse {
	guint64 window_seconds; /* reports on one source and type this close
				   together are one case */
};

struct config_postfix {
	char *map_file; /* exported SQLite map, replaced by rename */
};

struct config_log {
	enum log_target target;
	enum log_level level;
};

struct config {
	char *path; /* the file that was read */
	struct config_server server;
	struct config_store store;
	struct config_milter milter;
	struct config_rate rate;
	struct config_lmtp lmtp;
	struct config_dns dns;
	struct config_notifier notifier;
	struct config_timers timers;
	struct config_retention retention;
	struct config_abuse abuse;
	struct config_postfix postfix;
	struct config_log log;
	struct limits limits;
};

/* "10/30m" as 10 and 1800 seconds; false if it is nothing of the kind. */
bool config_window_parse(const char *text, guint64 *ret_count,
			 guint64 *ret_seconds) NODISCARD;

#define CONFIG_DEFAULT_PATH PORTARIA_SYSCONFDIR "/portaria/portaria.conf"

/*
 * Reads a configuration. path NULL: $PORTARIA_CONFIG, else the default path
 * (which must exist). overrides: NULL or NULL-terminated "section.key=value".
 * The error text has one line a mistake. Owned by the caller.
 */
struct config *config_load(const char *path, const char *const *overrides,
			   GError **error) NODISCARD;
void config_free(struct config *config);
DEFINE_AUTO(config)

/* One row of the table, for printing. Borrowed strings; never NULL. */
struct config_row {
	const char *section;
	const char *key;
	const char *def;
	const char *help;
};

/* The rows in order; NULL past the last. */
const struct config_row *config_row_get(unsigned index);
/* The effective value of a row as text; owned by the caller. */
char *config_dup_value(const struct config *config, unsigned index);

/* "section.key" of the row whose name is nearest to a key, or to section.key,
 * that does not exist; NULL if none is near. Owned by the caller. */
char *config_dup_nearest(const char *name);

/* The second half of config_main(), for a program that reads its options
 * itself: loads, starts logging, complains. */
struct config *config_main_load(const char *ident, const char *path,
				const char *const *overrides, int *ret_exit);
/*
 * For main() of every program: parses -c FILE, -o section.key=value, --help,
 * --version and the given further options (may be NULL), loads the
 * configuration and starts logging. Options end at the first argument that is
 * none; it and all behind it stay in argv. On failure prints what, where and
 * what next to stderr and returns NULL with *ret_exit set (0 after --version,
 * 64 usage, 78 configuration).
 */
struct config *config_main(const char *ident, const char *summary,
			   GOptionEntry *more, int *argc, char ***argv,
			   int *ret_exit);

#endif
