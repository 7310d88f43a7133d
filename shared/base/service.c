/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service.c - readiness, socket activation, listening sockets, signals
 *
 * A unix socket is bound, given its mode and only then listened on: before
 * that, connecting to it is refused, so no moment exists in which a stranger
 * could connect under the umask's mode.
 */
#include "base/service.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

#define LISTEN_FD_FIRST 3 /* sd_listen_fds(3) */
#define LISTEN_FDS_MAX  1024
#define BACKLOG         128

/* Fills in a path, or an abstract name if it starts with "@"; its length as
 * bind(2) wants it, or 0 if it does not fit. */
static socklen_t unix_address(const char *path, struct sockaddr_un *ret_addr)
{
	size_t len = strlen(path);
	bool is_abstract = path[0] == '@';

	if (len == 0 || len >= sizeof(ret_addr->sun_path))
		return 0;
	*ret_addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret_addr->sun_path, path, len);
	if (is_abstract)
		ret_addr->sun_path[0] = '\0';
	else
		len++;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void service_notify(const char *state)
{
	const char *path = g_getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr;
	socklen_t addr_len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	addr_len = unix_address(path, &addr);
	if (addr_len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nobody could be told of a failure here. */
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	             (const struct sockaddr *)&addr, addr_len);
	close(fd);
}

/* The number of descriptors handed to this very process. */
static int activation_count(void)
{
	const char *pid = g_getenv("LISTEN_PID");
	const char *fds = g_getenv("LISTEN_FDS");
	guint64 value;

	if (pid == NULL || fds == NULL ||
	    !g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &value, NULL) ||
	    (pid_t)value != getpid() ||
	    !g_ascii_string_to_unsigned(fds, 10, 1, LISTEN_FDS_MAX, &value,
	                                NULL))
		return 0;
	return (int)value;
}

static bool is_listening(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 &&
	       on != 0;
}

int service_take_listen_fd(void)
{
	int count = activation_count();

	g_unsetenv("LISTEN_PID");
	g_unsetenv("LISTEN_FDS");
	g_unsetenv("LISTEN_FDNAMES");
	for (int fd = LISTEN_FD_FIRST; fd < LISTEN_FD_FIRST + count; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return count > 0 && is_listening(LISTEN_FD_FIRST) ? LISTEN_FD_FIRST
	                                                  : -1;
}

const char *service_unix_path(const char *address)
{
	return g_str_has_prefix(address, "unix:") ? address + strlen("unix:")
	                                          : NULL;
}

/* Splits "host:port" and "[::1]:port". */
static bool split_host_port(const char *text, char **ret_host, char **ret_port)
{
	const char *host = text;
	const char *end = strrchr(text, ':');
	const char *port;
	guint64 number;

	if (end == NULL)
		return false;
	port = end + 1;
	if (text[0] == '[') {
		if (end == text || end[-1] != ']')
			return false;
		host++;
		end--;
	}
	/* A bare IPv6 address would leave it open which colon is meant. */
	if (end == host ||
	    (text[0] != '[' && memchr(host, ':', (size_t)(end - host))) ||
	    !g_ascii_string_to_unsigned(port, 10, 0, 65535, &number, NULL))
		return false;
	*ret_host = g_strndup(host, (size_t)(end - host));
	*ret_port = g_strdup(port);
	return true;
}

bool service_address_check(const char *address, GError **error)
{
	g_autofree char *host = NULL;
	g_autofree char *port = NULL;
	const char *path = service_unix_path(address);
	struct sockaddr_un addr;

	if (path != NULL && path[0] == '/' && unix_address(path, &addr) != 0)
		return true;
	if (g_str_has_prefix(address, "inet:") &&
	    split_host_port(address + strlen("inet:"), &host, &port))
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
	            "\"%s\" is neither unix:/path (at most %zu bytes) nor "
	            "inet:host:port",
	            address, sizeof(addr.sun_path) - 1);
	return false;
}

/*
 * Removes a socket nobody listens on any more. Only a refused connection
 * proves that: a full queue (EAGAIN) or a forbidden one (EACCES) has an owner.
 */
static bool remove_dead_socket(const char *path, const struct sockaddr_un *addr,
                               socklen_t len, GError **error)
{
	struct stat st;
	int fd;
	int result;
	int errnum;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
		            "%s: exists and is not a socket", path);
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "%s",
		                path);
		return false;
	}
	result = connect(fd, (const struct sockaddr *)addr, len);
	errnum = errno;
	close(fd);
	if (result < 0 && errnum == ECONNREFUSED && g_unlink(path) == 0)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
	            "%s: another program is listening there", path);
	return false;
}

static bool bind_unix(int fd, const char *path, GError **error)
{
	struct sockaddr_un addr;
	socklen_t len = unix_address(path, &addr);

	if (bind(fd, (const struct sockaddr *)&addr, len) == 0)
		return true;
	if (errno == EADDRINUSE) {
		if (!remove_dead_socket(path, &addr, len, error))
			return false;
		if (bind(fd, (const struct sockaddr *)&addr, len) == 0)
			return true;
	}
	error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "%s", path);
	return false;
}

static int listen_unix(const char *path, unsigned mode, GError **error)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "%s",
		                path);
		return -1;
	}
	if (!bind_unix(fd, path, error)) {
		close(fd);
		return -1;
	}
	if (chmod(path, (mode_t)mode) < 0 || listen(fd, BACKLOG) < 0) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "%s",
		                path);
		g_unlink(path);
		close(fd);
		return -1;
	}
	return fd;
}

/* One address of a host; -1 with errno. */
static int listen_on(const struct addrinfo *info)
{
	const int on = 1;
	int errnum;
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC,
	                info->ai_protocol);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	errnum = errno;
	close(fd);
	errno = errnum;
	return -1;
}

static int listen_inet(const char *address, GError **error)
{
	static const struct addrinfo hints = {
		.ai_flags = AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	g_autofree char *host = NULL;
	g_autofree char *port = NULL;
	struct addrinfo *list;
	int fd = -1;
	int code;

	if (!split_host_port(address + strlen("inet:"), &host, &port))
		return -1;
	code = getaddrinfo(host, port, &hints, &list);
	if (code != 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
		            "%s: %s", address, gai_strerror(code));
		return -1;
	}
	for (const struct addrinfo *i = list; i != NULL && fd < 0;
	     i = i->ai_next)
		fd = listen_on(i);
	if (fd < 0)
		error_set_errno(error,
		                errno == EADDRINUSE ? PORTARIA_ERROR_CONFLICT
		                                    : PORTARIA_ERROR_TEMPORARY,
		                errno, "%s", address);
	freeaddrinfo(list);
	return fd;
}

int service_listen(const char *address, unsigned mode, GError **error)
{
	const char *path = service_unix_path(address);

	if (!service_address_check(address, error))
		return -1;
	return path != NULL ? listen_unix(path, mode, error)
	                    : listen_inet(address, error);
}

static void signal_set(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGTERM);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGHUP);
	sigaddset(ret_set, SIGUSR1);
}

void service_block_signals(void)
{
	sigset_t set;

	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int service_wait_signal(void)
{
	sigset_t set;
	int number;

	signal_set(&set);
	while (sigwait(&set, &number) != 0)
		continue;
	return number;
}
