/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * powerloss.c - a disk that loses power, below a program that does not know
 *
 *   LD_PRELOAD=powerloss.so POWERLOSS_WATCH=/folder POWERLOSS_DIR=/journal
 *
 * Before a file under the folder is changed, what was there is written into
 * /journal/log; a sync of the file or of its directory is noted there, too.
 * When the process is dead, powerloss.py takes back what was not synced, as a
 * disk without power does: all of it, or some of it page by page.
 *
 * POWERLOSS_KILL=WHAT:CLASS:N ends the process with SIGKILL in the N-th
 * operation: write (in the middle of it), sync (before it), synced (behind
 * it), rename, renamed, dirsync, create; of the class db, wal or blob.
 *
 * A file /journal/fail-OPERATION[-CLASS] makes operations (write, sync, open)
 * fail with the errno in it.
 *
 * What it does not know: mapped files (SQLite's -shm, which no loss of power
 * survives), links, and files that were open before.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS_MAX  65536
#define PATH_LEN 4096

enum class { CLASS_NONE, CLASS_DB, CLASS_WAL, CLASS_BLOB, CLASS_DIR };
static const char *const class_names[] = { "none", "db", "wal", "blob", "dir" };

/* The head of an entry in the log; powerloss.py reads it, too. */
struct entry {
	uint64_t inode;
	uint64_t offset; /* where, or the log's length when a sync began */
	uint64_t size;   /* of the file before */
	uint32_t path_len;
	uint32_t other_len;
	uint64_t data_len;
	char kind[8];
};

static struct {
	const char *watch;
	const char *dir;
	const char *kill_what;
	const char *kill_class;
	atomic_long kill_left;
} setup;

static _Atomic unsigned char classes[FDS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static uint64_t log_len;
static unsigned saved;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);

static void set_kill(char *spec)
{
	char *class = spec != NULL ? strchr(spec, ':') : NULL;
	char *count = class != NULL ? strchr(class + 1, ':') : NULL;

	if (count == NULL)
		return;
	*class++ = '\0';
	*count++ = '\0';
	setup.kill_what = spec;
	setup.kill_class = class;
	setup.kill_left = strtol(count, NULL, 10);
}

__attribute__((constructor)) static void start(void)
{
	const char *spec = getenv("POWERLOSS_KILL");

	*(void **)&real_open = dlsym(RTLD_NEXT, "open");
	*(void **)&real_close = dlsym(RTLD_NEXT, "close");
	*(void **)&real_write = dlsym(RTLD_NEXT, "write");
	*(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite");
	*(void **)&real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
	*(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
	*(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	*(void **)&real_rename = dlsym(RTLD_NEXT, "rename");
	*(void **)&real_unlink = dlsym(RTLD_NEXT, "unlink");
	*(void **)&real_mkdir = dlsym(RTLD_NEXT, "mkdir");
	setup.watch = getenv("POWERLOSS_WATCH");
	setup.dir = getenv("POWERLOSS_DIR");
	if (spec != NULL)
		set_kill(strdup(spec));
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && strcmp(text + len - tail, end) == 0;
}

static bool is_watched(const char *path)
{
	size_t len;

	if (setup.watch == NULL || setup.dir == NULL)
		return false;
	len = strlen(setup.watch);
	return strncmp(path, setup.watch, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

static enum class class_of(const char *path)
{
	if (!is_watched(path))
		return CLASS_NONE;
	if (ends_in(path, ".db"))
		return CLASS_DB;
	if (ends_in(path, ".db-wal"))
		return CLASS_WAL;
	return strstr(path, "/blobs/") != NULL ? CLASS_BLOB : CLASS_NONE;
}

static enum class class_of_fd(int fd)
{
	return fd >= 0 && fd < FDS_MAX ? classes[fd] : CLASS_NONE;
}

static void maybe_die(const char *what, enum class class)
{
	if (setup.kill_what == NULL || strcmp(what, setup.kill_what) != 0 ||
	    strcmp(class_names[class], setup.kill_class) != 0)
		return;
	if (atomic_fetch_sub(&setup.kill_left, 1) == 1) {
		kill(getpid(), SIGKILL);
		pause();
	}
}

/* 0, or the errno of /journal/NAME. */
static int failure_in(const char *name)
{
	char path[PATH_LEN];
	char text[16] = "";
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", setup.dir, name) < 0)
		return 0;
	fd = real_open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	real_close(fd);
	return atoi(text);
}

static bool fails(const char *what, enum class class)
{
	char name[64];
	int keep = errno;
	int code;

	snprintf(name, sizeof(name), "fail-%s", what);
	code = failure_in(name);
	if (code == 0) {
		snprintf(name, sizeof(name), "fail-%s-%s", what,
		         class_names[class]);
		code = failure_in(name);
	}
	errno = code != 0 ? code : keep;
	return code != 0;
}

/* --- the log --- */

static void must_write(const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = real_write(log_fd, at, len);

		if (n < 0)
			abort();
		at += n;
		len -= (size_t)n;
	}
}

/* Call with the lock. */
static void open_log(void)
{
	char path[PATH_LEN];

	if (log_fd >= 0)
		return;
	snprintf(path, sizeof(path), "%s/log", setup.dir);
	log_fd = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	                   0600);
	if (log_fd < 0)
		abort();
	log_len = (uint64_t)lseek(log_fd, 0, SEEK_END);
}

static void note(struct entry *entry, const char *path, const char *other,
                 const void *data)
{
	entry->path_len = (uint32_t)strlen(path);
	entry->other_len = (uint32_t)strlen(other);
	pthread_mutex_lock(&lock);
	open_log();
	must_write(entry, sizeof(*entry));
	must_write(path, entry->path_len);
	must_write(other, entry->other_len);
	must_write(data, entry->data_len);
	log_len += sizeof(*entry) + entry->path_len + entry->other_len +
	           entry->data_len;
	pthread_mutex_unlock(&lock);
}

static uint64_t log_position(void)
{
	uint64_t len;

	pthread_mutex_lock(&lock);
	open_log();
	len = log_len;
	pthread_mutex_unlock(&lock);
	return len;
}

/* Before the bytes from `at` on are changed or cut off. */
static void note_bytes(int fd, const char *kind, uint64_t at, uint64_t len)
{
	struct entry entry = { .offset = at };
	struct stat st;
	char *old = NULL;

	if (fstat(fd, &st) != 0)
		abort();
	entry.inode = st.st_ino;
	entry.size = (uint64_t)st.st_size;
	if (at < entry.size && len > 0) {
		entry.data_len =
			len < entry.size - at ? len : entry.size - at;
		old = malloc(entry.data_len);
		if (old == NULL || pread(fd, old, entry.data_len, (off_t)at) !=
		                           (ssize_t)entry.data_len)
			abort();
	}
	strcpy(entry.kind, kind);
	note(&entry, "", "", old);
	free(old);
}

static void path_of_fd(int fd, char path[PATH_LEN])
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, PATH_LEN - 1);
	path[len > 0 ? len : 0] = '\0';
}

static void note_path(const char *kind, const char *path, const char *other)
{
	struct entry entry = { 0 };

	strcpy(entry.kind, kind);
	note(&entry, path, other, NULL);
}

/* Keeps what goes away under another name; "" if there is nothing. */
static void save(const char *path, char name[PATH_LEN])
{
	pthread_mutex_lock(&lock);
	snprintf(name, PATH_LEN, "%s/saved-%d-%u", setup.dir, (int)getpid(),
	         saved++);
	pthread_mutex_unlock(&lock);
	if (link(path, name) != 0)
		name[0] = '\0';
}

/* --- what the program calls --- */

static int do_open(const char *path, int flags, mode_t mode)
{
	enum class class = class_of(path);
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	bool is_new;
	struct stat st;
	int fd;

	if (!is_watched(path))
		return real_open(path, flags, mode);
	if (writes && class != CLASS_NONE && fails("open", class))
		return -1;
	is_new = (flags & O_CREAT) != 0 && stat(path, &st) != 0;
	if (is_new && class != CLASS_NONE) {
		maybe_die("create", class);
		note_path("create", path, "");
	}
	fd = real_open(path, flags, mode);
	if (fd >= 0 && fd < FDS_MAX && fstat(fd, &st) == 0)
		classes[fd] = (unsigned char)(S_ISDIR(st.st_mode) ? CLASS_DIR
		                                                : class);
	return fd;
}

static mode_t mode_of(int flags, va_list args)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return do_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return do_open(path, flags | O_LARGEFILE, mode);
}

int close(int fd)
{
	if (fd >= 0 && fd < FDS_MAX)
		classes[fd] = CLASS_NONE;
	return real_close(fd);
}

/* Only the first half gets there. */
static void maybe_tear(int fd, enum class class, const void *data, size_t len,
                       off_t at)
{
	if (setup.kill_what == NULL || strcmp(setup.kill_what, "write") != 0 ||
	    strcmp(class_names[class], setup.kill_class) != 0)
		return;
	if (atomic_load(&setup.kill_left) == 1)
		(void)!real_pwrite(fd, data, len / 2, at);
	maybe_die("write", class);
}

static bool prepare_write(int fd, const void *data, size_t len, off_t at)
{
	enum class class = class_of_fd(fd);

	if (class == CLASS_NONE)
		return true;
	if (fails("write", class))
		return false;
	note_bytes(fd, "write", (uint64_t)at, len);
	maybe_tear(fd, class, data, len, at);
	return true;
}

ssize_t write(int fd, const void *data, size_t len)
{
	if (class_of_fd(fd) != CLASS_NONE &&
	    !prepare_write(fd, data, len, lseek(fd, 0, SEEK_CUR)))
		return -1;
	return real_write(fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	return prepare_write(fd, data, len, at)
	               ? real_pwrite(fd, data, len, at)
	               : -1;
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
{
	return pwrite(fd, data, len, at);
}

int ftruncate(int fd, off_t len)
{
	enum class class = class_of_fd(fd);

	if (class != CLASS_NONE) {
		if (fails("write", class))
			return -1;
		note_bytes(fd, "size", (uint64_t)len, UINT64_MAX);
	}
	return real_ftruncate(fd, len);
}

int ftruncate64(int fd, off_t len)
{
	return ftruncate(fd, len);
}

static int do_sync(int fd, int (*sync)(int))
{
	enum class class = class_of_fd(fd);
	struct entry entry = { 0 };
	char path[PATH_LEN] = "";
	struct stat st;
	int result;

	if (class == CLASS_NONE)
		return sync(fd);
	maybe_die(class == CLASS_DIR ? "dirsync" : "sync", class);
	if (fails("sync", class))
		return -1;
	entry.offset = log_position();
	result = sync(fd);
	if (result != 0 || fstat(fd, &st) != 0)
		return result;
	entry.inode = st.st_ino;
	strcpy(entry.kind, class == CLASS_DIR ? "dirsync" : "sync");
	if (class == CLASS_DIR)
		path_of_fd(fd, path);
	note(&entry, path, "", NULL);
	maybe_die("synced", class);
	return result;
}

int fsync(int fd)
{
	return do_sync(fd, real_fsync);
}

int fdatasync(int fd)
{
	return do_sync(fd, real_fdatasync);
}

int rename(const char *from, const char *to)
{
	enum class class = class_of(to);
	char name[PATH_LEN] = "";
	char both[2 * PATH_LEN];
	int result;

	if (class == CLASS_NONE)
		return real_rename(from, to);
	maybe_die("rename", class);
	save(to, name);
	snprintf(both, sizeof(both), "%s\n%s", to, name);
	note_path("rename", from, both);
	result = real_rename(from, to);
	maybe_die("renamed", class);
	return result;
}

int unlink(const char *path)
{
	char name[PATH_LEN] = "";

	if (class_of(path) != CLASS_NONE) {
		save(path, name);
		if (name[0] != '\0')
			note_path("unlink", path, name);
	}
	return real_unlink(path);
}

int mkdir(const char *path, mode_t mode)
{
	int result = real_mkdir(path, mode);
	int keep = errno;

	if (result == 0 && class_of(path) == CLASS_BLOB)
		note_path("mkdir", path, "");
	errno = keep;
	return result;
}
