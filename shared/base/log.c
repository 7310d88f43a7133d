/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.c - writing event lines to syslog, the journal or a terminal
 *
 * A value of harmless ASCII stands as it is; any other is quoted, with \" \\
 * and \xNN inside. A value that was cut is quoted and followed by "...", a
 * mark that no peer can write. State is set once by log_init(), before the
 * first thread; a line is one write(2) or one syslog(3).
 */
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define VALUE_MAX 512

/* ASCII that needs no quotes, beside letters and digits. */
#define SAFE_PUNCTUATION "!#$%&'()*+,-./:;<>?@[]^_`{|}~"

static struct {
	char *ident;
	enum log_level level;
	bool to_syslog;
	bool is_journal; /* stderr is a stream of the journal */
} state = { .level = LOG_LEVEL_INFO };

/* systemd says in JOURNAL_STREAM which file stderr is, as "device:inode";
 * a stderr redirected since then does not match. */
static bool stderr_is_journal(void)
{
	const char *stream = g_getenv("JOURNAL_STREAM");
	g_autofree char *ours = NULL;
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) < 0)
		return false;
	ours = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
	                       (guint64)st.st_dev, (guint64)st.st_ino);
	return strcmp(stream, ours) == 0;
}

void log_init(const char *ident, enum log_target target, enum log_level level)
{
	char *old = state.ident;

	state.ident = g_strdup(ident);
	state.level = level;
	state.is_journal = stderr_is_journal();
	state.to_syslog = target == LOG_TARGET_SYSLOG;
	if (target == LOG_TARGET_AUTO)
		state.to_syslog =
			!state.is_journal && isatty(STDERR_FILENO) == 0;
	if (state.to_syslog)
		openlog(state.ident, LOG_PID | LOG_NDELAY, LOG_MAIL);
	else
		closelog();
	g_free(old); /* openlog() keeps the pointer it was given */
}

static bool is_plain(const char *value)
{
	size_t len = 0;

	while (g_ascii_isalnum(value[len]) ||
	       (value[len] != '\0' &&
	        strchr(SAFE_PUNCTUATION, value[len]) != NULL)) {
		if (++len > VALUE_MAX)
			return false;
	}
	return len > 0 && value[len] == '\0';
}

/* Bytes of the character at p that may be shown as they are, 0 if none:
 * controls, separators and direction marks would let a value pose as
 * another line or another key. */
static size_t visible_length(const char *p)
{
	gunichar c = g_utf8_get_char_validated(p, (gssize)strnlen(p, 6));

	if (c == (gunichar)-1 || c == (gunichar)-2)
		return 0;
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return 0;
	default:
		return (size_t)g_utf8_skip[(guint8)*p];
	}
}

static void append_quoted(GString *line, const char *value)
{
	size_t start = line->len + 1;
	const char *p = value;

	g_string_append_c(line, '"');
	while (*p != '\0') {
		size_t before = line->len;
		size_t len = visible_length(p);

		if (*p == '"' || *p == '\\')
			g_string_append_c(line, '\\');
		if (len > 0)
			g_string_append_len(line, p, (gssize)len);
		else
			g_string_append_printf(line, "\\x%02x",
			                       (unsigned)(guint8)*p);
		if (line->len - start > VALUE_MAX) {
			g_string_truncate(line, before);
			break;
		}
		p += MAX(len, 1);
	}
	g_string_append(line, *p != '\0' ? "\"..." : "\"");
}

static void append_field(GString *line, const char *key, const char *value)
{
	g_string_append_printf(line, " %s=", key);
	if (is_plain(value))
		g_string_append(line, value);
	else
		append_quoted(line, value);
}

static void append_context(GString *line, const struct log_ctx *ctx)
{
	const struct log_field members[] = {
		LOG_STR("sid", ctx->session),
		LOG_STR("qid", ctx->queue_id),
		LOG_STR("ticket", ctx->ticket),
		LOG_STR("msgid", ctx->message_id),
	};

	for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
		if (members[i].str != NULL && *members[i].str != '\0')
			append_field(line, members[i].key, members[i].str);
	}
}

char *log_dup_line(const struct log_ctx *ctx, const char *event,
                   const struct log_field *fields)
{
	GString *line = g_string_new(event);

	g_string_append_c(line, ':');
	if (ctx != NULL)
		append_context(line, ctx);
	for (; fields->key != NULL; fields++) {
		if (fields->is_num)
			g_string_append_printf(line, " %s=%" G_GINT64_FORMAT,
			                       fields->key, fields->num);
		else if (fields->str != NULL)
			append_field(line, fields->key, fields->str);
	}
	return g_string_free(line, FALSE);
}

static void write_stderr(enum log_level level, const char *line)
{
	g_autofree char *now = clock_dup_iso(clock_now());
	g_autofree char *whole = NULL;
	ssize_t written;

	if (state.is_journal)
		whole = g_strdup_printf("<%d>%s\n", (int)level, line);
	else
		whole = g_strdup_printf("%s %s[%d]: %s\n", now,
		                        state.ident != NULL ? state.ident
		                                            : "portaria",
		                        (int)getpid(), line);
	do {
		written = write(STDERR_FILENO, whole, strlen(whole));
	} while (written < 0 && errno == EINTR);
}

void log_write(enum log_level level, const struct log_ctx *ctx,
               const char *event, const struct log_field *fields)
{
	g_autofree char *line = NULL;

	if (level > state.level)
		return;
	line = log_dup_line(ctx, event, fields);
	if (state.to_syslog)
		syslog(LOG_MAIL | (int)level, "%s", line);
	else
		write_stderr(level, line);
}

void log_error(const struct log_ctx *ctx, const char *event,
               const GError *error)
{
	log_event(
		LOG_LEVEL_ERROR, ctx, event,
		LOG_STR("reason", error != NULL ? error->message : "unknown"));
}
