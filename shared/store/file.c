/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.c - files that appear complete or not at all
 *
 * What a crash leaves is a file named .new-<random>, which nobody reads, until
 * file_sweep() takes it away.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ids.h"

#define FILE_TEMPORARY ".new-"

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

/* The lock tells file_sweep() that somebody is at it. Where there are no
 * locks, nothing is swept. */
static bool lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/* The mode does not depend on the umask. */
static bool fill(int fd, GBytes *bytes, unsigned mode)
{
	gsize len;
	const void *data = g_bytes_get_data(bytes, &len);

	return lock(fd) && write_all(fd, data, len) && fchmod(fd, mode) == 0 &&
	       fsync(fd) == 0;
}

/* fd stays open, and locked, until the file has its name. */
static bool fill_and_name(int fd, const char *temp, const char *path,
                          GBytes *bytes, unsigned mode, GError **error)
{
	if (!fill(fd, bytes, mode))
		return file_fail(temp, error);
	return file_inherit_owner(temp, error) &&
	       (g_rename(temp, path) == 0 || file_fail(path, error));
}

bool file_put(const char *path, GBytes *bytes, unsigned mode, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *unique = id_dup_random(10);
	g_autofree char *temp =
		g_strdup_printf("%s/" FILE_TEMPORARY "%s", dir, unique);
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	bool good;

	if (fd < 0)
		return file_fail(temp, error);
	good = fill_and_name(fd, temp, path, bytes, mode, error);
	close(fd); /* what it says is known since fsync() */
	if (good)
		return file_sync_dir(dir, error);
	g_unlink(temp);
	return false;
}

/* Whether it was removed; somebody may be writing it. */
static bool sweep_one(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool removed = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	               unlink(path) == 0;

	if (fd >= 0)
		close(fd);
	return removed;
}

unsigned file_sweep(const char *dir)
{
	g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
	unsigned count = 0;
	const char *name;

	while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
		g_autofree char *path = g_build_filename(dir, name, NULL);

		if (g_str_has_prefix(name, FILE_TEMPORARY))
			count += sweep_one(path) ? 1 : 0;
	}
	return count;
}
