/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memfile.c - files in memory that two processes share
 */
#include "lmtpd/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct mapping {
	void *data;
	size_t len;
};

int memfile_new(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

bool memfile_write(int fd, const char *data, size_t len)
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

bool memfile_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, SEALS) == 0;
}

bool memfile_is_sealed(int fd)
{
	int set = fcntl(fd, F_GET_SEALS);

	return set >= 0 && (set & SEALS) == SEALS;
}

static void mapping_free(gpointer data)
{
	struct mapping *mapping = data;

	munmap(mapping->data, mapping->len);
	g_free(mapping);
}

GBytes *memfile_map(int fd, size_t len)
{
	struct mapping *mapping;
	void *data;

	if (len == 0) /* which mmap() refuses */
		return g_bytes_new_static("", 0);
	data = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return NULL;
	mapping = g_new(struct mapping, 1);
	*mapping = (struct mapping){ data, len };
	return g_bytes_new_with_free_func(data, len, mapping_free, mapping);
}
