/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receive.c - the bytes of one message, on their way in
 *
 * Sealed, the memfd can be neither changed nor cut by the parser child that
 * shares it, so the mapping here can never fault.
 */
#include "lmtpd/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct receive {
	struct receive_budget *budget;
	guint64 max;
	guint64 size;
	guint64 charged;
	enum receive_status status;
	int fd;
	GChecksum *sum;
	GBytes *bytes;
};

struct receive *receive_new(struct receive_budget *budget, guint64 max)
{
	struct receive *receive = g_new0(struct receive, 1);

	receive->budget = budget;
	receive->max = max;
	receive->sum = g_checksum_new(G_CHECKSUM_SHA256);
	receive->fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
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
	g_checksum_free(receive->sum);
	g_clear_pointer(&receive->bytes, g_bytes_unref);
	g_free(receive);
}

static bool charge(struct receive *receive, size_t len)
{
	receive->charged += len;
	return atomic_fetch_add(&receive->budget->held, len) + len <=
	       receive->budget->max;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static enum receive_status add(struct receive *receive, const char *data,
                               size_t len)
{
	if (receive->size > receive->max)
		return RECEIVE_LARGE;
	if (!charge(receive, len))
		return RECEIVE_FULL;
	if (!write_all(receive->fd, data, len))
		return RECEIVE_TROUBLE;
	g_checksum_update(receive->sum, (const guchar *)data, (gssize)len);
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

struct mapping {
	void *data;
	size_t len;
};

static void mapping_free(gpointer data)
{
	struct mapping *mapping = data;

	munmap(mapping->data, mapping->len);
	g_free(mapping);
}

static GBytes *map(int fd, size_t len)
{
	struct mapping *mapping;
	void *data;

	if (len == 0) /* mmap() maps nothing */
		return g_bytes_new_static("", 0);
	data = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return NULL;
	mapping = g_new(struct mapping, 1);
	*mapping = (struct mapping){ data, len };
	return g_bytes_new_with_free_func(data, len, mapping_free, mapping);
}

enum receive_status receive_finish(struct receive *receive)
{
	const int seals =
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	if (receive->status != RECEIVE_OK)
		return receive->status;
	if (fcntl(receive->fd, F_ADD_SEALS, seals) == 0)
		receive->bytes = map(receive->fd, (size_t)receive->size);
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

const char *receive_get_sha256(const struct receive *receive)
{
	return g_checksum_get_string(receive->sum);
}

guint64 receive_get_size(const struct receive *receive)
{
	return receive->size;
}
