/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.c - files that appear complete or not at all
 *
 * What a crash leaves is a file named .new-<random>, which nobody reads.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ids.h"

bool file_fail(const char *path, GError **error)
{
	int code = errno == EACCES || errno == EPERM || errno == EROFS
	                   ? PORTARIA_ERROR_DENIED
	                   : PORTARIA_ERROR_TEMPORARY;

	error_set_errno(error, code, errno, "%s", path);
	return false;
}

static bool write_all(int fd, const guint8 *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Closes fd, whose work was `good`; a late write error counts too. */
static bool close_checked(int fd, bool good, const char *path, GError **error)
{
	if (!good)
		file_fail(path, error);
	if (fd >= 0 && close(fd) != 0 && good)
		return file_fail(path, error);
	return good;
}

/* The mode does not depend on the umask. */
static bool fill(const char *path, GBytes *bytes, unsigned mode, GError **error)
{
	gsize len;
	const void *data = g_bytes_get_data(bytes, &len);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	bool good = fd >= 0 && write_all(fd, data, len) &&
	            fchmod(fd, mode) == 0 && fsync(fd) == 0;

	return close_checked(fd, good, path, error);
}

bool file_sync_dir(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return close_checked(fd, fd >= 0 && fsync(fd) == 0, path, error);
}

bool file_inherit_owner(const char *path, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	struct stat want;
	struct stat now;

	if (geteuid() != 0)
		return true;
	if (stat(dir, &want) != 0 || lstat(path, &now) != 0)
		return file_fail(path, error);
	/* Not without need: a service's filter may forbid it. */
	if (want.st_uid == now.st_uid && want.st_gid == now.st_gid)
		return true;
	return lchown(path, want.st_uid, want.st_gid) == 0 ||
	       file_fail(path, error);
}

bool file_put(const char *path, GBytes *bytes, unsigned mode, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *unique = id_dup_random(10);
	g_autofree char *temp = g_strdup_printf("%s/.new-%s", dir, unique);

	if (fill(temp, bytes, mode, error) &&
	    file_inherit_owner(temp, error)) {
		if (g_rename(temp, path) == 0)
			return file_sync_dir(dir, error);
		file_fail(path, error);
	}
	g_unlink(temp);
	return false;
}
