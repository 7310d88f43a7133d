/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receive.c - the bytes of one message, on their way in
 *
 * Sealed, the memfd can be neither changed nor cut by the parser child that
 * shares it, so the mapping here can never fault.
 */
#include "lmtpd/receive.h"

#include <stdatomic.h>
#include <unistd.h>

#include "lmtpd/memfile.h"

struct receive {
	struct receive_budget *budget;
	guint64 max;
	guint64 size;
	guint64 charged;
	enum receive_status status;
	int fd;
	GBytes *bytes;
	char *sha256; /* NULL until it was asked for */
};

struct receive *receive_new(struct receive_budget *budget, guint64 max)
{
	struct receive *receive = g_new0(struct receive, 1);

	receive->budget = budget;
	receive->max = max;
	receive->fd = memfile_new("message");
	if (receive->fd < 0)
		receive->status = RECEIVE_TROUBLE;
	return receive;
}

/* What is kept is given up as soon as it cannot become a message. */
static void drop(struct receive *receive)
{
	if (receive->fd >= 0)
		close(receive->fd);
	receive->fd = -1;
	atomic_fetch_sub(&receive->budget->held, receive->charged);
	receive->charged = 0;
}

void receive_free(struct receive *receive)
{
	if (receive == NULL)
		return;
	drop(receive);
	g_free(receive->sha256);
	g_clear_pointer(&receive->bytes, g_bytes_unref);
	g_free(receive);
}

static bool charge(struct receive *receive, size_t len)
{
	receive->charged += len;
	return atomic_fetch_add(&receive->budget->held, len) + len <=
	       receive->budget->max;
}

static enum receive_status add(struct receive *receive, const char *data,
                               size_t len)
{
	if (receive->size > receive->max)
		return RECEIVE_LARGE;
	if (!charge(receive, len))
		return RECEIVE_FULL;
	if (!memfile_write(receive->fd, data, len))
		return RECEIVE_TROUBLE;
	return RECEIVE_OK;
}

void receive_add(struct receive *receive, const char *data, size_t len)
{
	receive->size += len;
	if (receive->status != RECEIVE_OK)
		return;
	receive->status = add(receive, data, len);
	if (receive->status != RECEIVE_OK)
		drop(receive);
}

enum receive_status receive_finish(struct receive *receive)
{
	if (receive->status != RECEIVE_OK)
		return receive->status;
	if (memfile_seal(receive->fd))
		receive->bytes =
			memfile_map(receive->fd, (size_t)receive->size);
	if (receive->bytes == NULL) {
		receive->status = RECEIVE_TROUBLE;
		drop(receive);
	}
	return receive->status;
}

int receive_get_fd(const struct receive *receive)
{
	return receive->fd;
}

GBytes *receive_get_bytes(const struct receive *receive)
{
	return receive->bytes;
}

const char *receive_get_sha256(struct receive *receive)
{
	if (receive->sha256 == NULL)
		receive->sha256 = g_compute_checksum_for_bytes(
			G_CHECKSUM_SHA256, receive->bytes);
	return receive->sha256;
}

guint64 receive_get_size(const struct receive *receive)
{
	return receive->size;
}
