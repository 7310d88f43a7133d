/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parser_child.c - messages, parsed in a confined process
 *
 * A child takes so many messages and ends, since making one costs as much
 * processor time as parsing a dozen. One that was taken over by its message
 * could lie about those after it: who fears that more than he needs the speed
 * sets lmtp.parser_messages to 1. Whatever is not plain success ends a child
 * at once, and so does a message that used up a good part of the processor
 * time that is for all of them. It leaves by _exit() always, since what it
 * shares with the zygote (buffers, atexit handlers) is not its own.
 */
#include "lmtpd/parser_child.h"

#include <errno.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "lmtpd/fdpass.h"
#include "lmtpd/memfile.h"
#include "lmtpd/parser_record.h"

#define STACK_BYTES (64 * MIB) /* notes on GMime's recursion: 8 survived */
#define CPU_PART    4          /* of parser_seconds, then it is enough */

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
	close(fd);
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

static bool send_result(int sock, GVariant *result, guint64 max, bool more,
                        GError **error)
{
	struct parser_record record = { .kind = PARSER_PARSED, .number = more };
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
	close(fd);
	return true;
}

static bool is_worn(const struct parser_job *job)
{
	guint64 allowed = job->limits->parser_seconds * 1000 / CPU_PART;
	struct timespec used = { 0 };

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0 ||
	       (guint64)used.tv_sec * 1000 + (guint64)used.tv_nsec / 1000000 >=
	               allowed;
}

/* One message; true if there may be another. */
static bool serve(int sock, const struct parser_job *job, bool last)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) raw = receive_job(sock);
	g_autoptr(GVariant) result = job->parse(raw, job->limits, &error);
	bool more = !last && !is_worn(job);

	if (result != NULL) {
		g_variant_ref_sink(result);
		if (send_result(sock, result, job->result_max, more, &error))
			return more;
	}
	send_refusal(sock, error);
	return false;
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
	guint64 left = job->messages;

	if (!sandbox_enter(sandbox, &limits, NULL))
		_exit(EX_OSERR);
	while (left > 0 && serve(sock, job, left == 1))
		left--;
	_exit(EX_OK);
}
