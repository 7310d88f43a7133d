/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parser_child.c - one message, parsed in a confined process
 *
 * A child takes one message and ends: one that was taken over by its message
 * can do nothing to the next, not even lie about it. Making one ahead of time
 * costs no latency and one or two milliseconds of processor time a message,
 * which no mail server in front of us outruns. It leaves by _exit() always,
 * since what it shares with the zygote (buffers, atexit handlers) is not its
 * own.
 */
#include "lmtpd/parser_child.h"

#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "lmtpd/fdpass.h"
#include "lmtpd/memfile.h"
#include "lmtpd/parser_record.h"

#define STACK_BYTES (64 * MIB) /* notes on GMime's recursion: 8 survived */

static void send_record(int sock, struct parser_record *record, int fd)
{
	if (!fdpass_send(sock, record, sizeof(*record), fd))
		_exit(EX_IOERR);
}

static void send_refusal(int sock, const GError *error)
{
	struct parser_record record = { .kind = PARSER_REFUSED };

	record.number = error->domain == PORTARIA_ERROR
	                        ? error->code
	                        : PORTARIA_ERROR_PERMANENT;
	g_strlcpy(record.text, error->message, sizeof(record.text));
	send_record(sock, &record, -1);
}

static GBytes *receive_job(int sock)
{
	struct parser_record record;
	int fd = -1;
	ssize_t len = fdpass_recv(sock, &record, sizeof(record), &fd);
	guint64 size;
	GBytes *raw;

	if (len == 0)
		_exit(EX_OK); /* not needed any more */
	if (len != sizeof(record) || record.kind != PARSER_JOB || fd < 0)
		_exit(EX_PROTOCOL);
	size = record.size;
	record = (struct parser_record){ .kind = PARSER_STARTED };
	send_record(sock, &record, -1);
	raw = memfile_map(fd, (size_t)size);
	if (raw == NULL)
		_exit(EX_OSERR);
	return raw;
}

/* A sealed memfd with the variant's bytes, or -1 with errno. */
static int result_fd(GVariant *result)
{
	int fd = memfile_new("result");

	if (fd >= 0 &&
	    memfile_write(fd, g_variant_get_data(result),
	                  g_variant_get_size(result)) &&
	    memfile_seal(fd))
		return fd;
	return -1;
}

static bool send_result(int sock, GVariant *result, guint64 max, GError **error)
{
	struct parser_record record = { .kind = PARSER_PARSED };
	int fd;

	record.size = g_variant_get_size(result);
	if (record.size > max) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT,
		            "the parsed message has %" G_GUINT64_FORMAT
		            " bytes",
		            record.size);
		return false;
	}
	fd = result_fd(result);
	if (fd < 0) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
		                "cannot hand over the parsed message");
		return false;
	}
	send_record(sock, &record, fd);
	return true;
}

void parser_child_run(int sock, const struct parser_job *job,
                      const struct sandbox *sandbox)
{
	const struct sandbox_limits limits = {
		.memory = job->limits->parser_memory,
		.cpu_seconds = job->limits->parser_seconds,
		.file_bytes = job->result_max,
		.stack = STACK_BYTES,
	};
	GError *error = NULL;
	GVariant *result;
	GBytes *raw;

	if (!sandbox_enter(sandbox, &limits, &error))
		_exit(EX_OSERR);
	raw = receive_job(sock);
	result = job->parse(raw, job->limits, &error);
	if (result == NULL ||
	    !send_result(sock, result, job->result_max, &error))
		send_refusal(sock, error);
	_exit(EX_OK);
}
