/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/log.h - one line an event: word, then key=value
 *
 *   stored: qid=4cXyZ ticket=VIA-7K3Q9MX msgid=<a@b> from=<c@d> size=2048
 *
 * Only programs log; libraries return errors. Values are escaped (control
 * characters, quotes) and cut at 512 bytes, so a peer can neither start a new
 * line nor invent a key. Lines go to syslog's mail facility, or to stderr
 * (with <N> priorities under the journal), as [log] target says. Thread-safe.
 */
#ifndef PORTARIA_BASE_LOG_H
#define PORTARIA_BASE_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <syslog.h>

enum log_level {
	LOG_LEVEL_ERROR = LOG_ERR,
	LOG_LEVEL_WARNING = LOG_WARNING,
	LOG_LEVEL_INFO = LOG_INFO,
	LOG_LEVEL_DEBUG = LOG_DEBUG,
};

enum log_target { LOG_TARGET_AUTO, LOG_TARGET_SYSLOG, LOG_TARGET_STDERR };

/* What a line is about; empty members are left out. Borrowed strings. */
struct log_ctx {
	const char *session;    /* sid=   our name of a connection */
	const char *queue_id;   /* qid=   the MTA's */
	const char *ticket;     /* ticket= */
	const char *message_id; /* msgid= */
};

struct log_field {
	const char *key;
	const char *str; /* NULL: the field is left out, unless is_num */
	gint64 num;
	bool is_num;
};

#define LOG_STR(k, v) { .key = (k), .str = (v) }
#define LOG_NUM(k, v) { .key = (k), .num = (gint64)(v), .is_num = true }

/* ident is "portaria-lmtpd"; lines below `level` are dropped. */
void log_init(const char *ident, enum log_target target, enum log_level level);

/* log_event(LOG_LEVEL_INFO, &ctx, "stored", LOG_STR("from", f), ...);
 * ctx may be NULL. */
#define log_event(level, ctx, event, ...)                                      \
	log_write((level), (ctx), (event),                                     \
		  (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })

void log_write(enum log_level level, const struct log_ctx *ctx,
	       const char *event, const struct log_field *fields);

/* An error with what happens next: "commit failed, deferring". */
void log_error(const struct log_ctx *ctx, const char *event,
	       const GError *error);

/* The line as it would be written, without priority; owned by the caller. */
char *log_dup_line(const struct log_ctx *ctx, const char *event,
		   const struct log_field *fields);

#endif
