/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_base_service.c - base/service.h; unix sockets in a scratch directory
 * and loopback ports the kernel picks. What changes descriptors, signals or
 * the environment runs in a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/service.h"

#include "unit/base_tmpdir.h"

static const struct {
	const char *address;
	bool want;
} addresses[] = {
	{ "unix:/run/x", true },
	{ "unix:run/x", false },
	{ "unix:", false },
	{ "unix:@x", false },
	{ "inet:127.0.0.1:24", true },
	{ "inet:localhost:24", true },
	{ "inet:[::1]:24", true },
	{ "inet:[::1]:0", true },
	{ "inet:[::1]:65535", true },
	{ "inet:[::1]:65536", false },
	{ "inet:::1:24", false },
	{ "inet:[::1:24", false },
	{ "inet:[]:24", false },
	{ "inet:::24", false },
	{ "inet::24", false },
	{ "inet:24", false },
	{ "inet:host:", false },
	{ "inet:host:smtp", false },
	{ "inet:host:-1", false },
	{ "inet:host: 1", false },
	{ "inet:", false },
	{ "tcp:host:24", false },
	{ "/run/x", false },
	{ "", false },
};

static void test_service_address_check(void **state)
{
	g_autofree char *fill = g_strnfill(106, 'x');
	g_autofree char *fits = g_strconcat("unix:/", fill, NULL);
	g_autofree char *long_one = g_strconcat("unix:/", fill, "x", NULL);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autoptr(GError) error = NULL;

		print_message("%s\n", addresses[i].address);
		assert_int_equal(
			service_address_check(addresses[i].address, &error),
			addresses[i].want);
		assert_int_equal(error == NULL, addresses[i].want);
	}
	assert_true(service_address_check(fits, NULL));
	assert_false(service_address_check(long_one, NULL));
}

static void test_service_listen_bad_address(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_int_equal(service_listen("tcp:host:24", 0660, &error), -1);
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG));
}

static void test_service_unix_path(void **state)
{
	(void)state;
	assert_string_equal(service_unix_path("unix:/run/x"), "/run/x");
	assert_null(service_unix_path("inet:host:24"));
}

static int connect_unix(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool has_cloexec(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static void test_service_listen_unix_mode(void **state)
{
	static const unsigned modes[] = { 0660, 0600, 0666 };

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autofree char *path = g_build_filename(*state, "mode", NULL);
		g_autofree char *address = g_strconcat("unix:", path, NULL);
		struct stat st;
		int fd = service_listen(address, modes[i], NULL);
		int peer = connect_unix(path);

		assert_true(fd >= 0);
		assert_true(peer >= 0);
		assert_true(has_cloexec(fd));
		assert_int_equal(stat(path, &st), 0);
		assert_true(S_ISSOCK(st.st_mode));
		assert_int_equal(st.st_mode & 07777, modes[i]);
		close(peer);
		close(fd); /* the path stays: the next round replaces it */
	}
}

static void test_service_listen_unix_live(void **state)
{
	g_autofree char *path = g_build_filename(*state, "live", NULL);
	g_autofree char *address = g_strconcat("unix:", path, NULL);
	g_autoptr(GError) error = NULL;
	int fd = service_listen(address, 0660, NULL);
	int peer;

	assert_true(fd >= 0);
	assert_int_equal(service_listen(address, 0660, &error), -1);
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_CONFLICT));
	peer = connect_unix(path);
	assert_true(peer >= 0); /* the first one is still in place */
	close(peer);
	close(fd);
}

/* A listener that is too busy to take a connection is alive all the same. */
static void test_service_listen_unix_busy(void **state)
{
	g_autofree char *path = g_build_filename(*state, "busy", NULL);
	g_autofree char *address = g_strconcat("unix:", path, NULL);
	g_autoptr(GError) error = NULL;
	int fd = service_listen(address, 0660, NULL);
	int peers[3];

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 0), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(peers); i++) {
		struct sockaddr_un addr = { .sun_family = AF_UNIX };

		g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
		peers[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(peers[i], (const struct sockaddr *)&addr,
		              sizeof(addr));
	}
	assert_int_equal(service_listen(address, 0660, &error), -1);
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_CONFLICT));
	for (size_t i = 0; i < G_N_ELEMENTS(peers); i++)
		close(peers[i]);
	close(fd);
}

static void test_service_listen_unix_not_a_socket(void **state)
{
	g_autofree char *path = g_build_filename(*state, "file", NULL);
	g_autofree char *address = g_strconcat("unix:", path, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	assert_true(g_file_set_contents(path, "precious", -1, NULL));
	assert_int_equal(service_listen(address, 0660, &error), -1);
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_CONFLICT));
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_string_equal(text, "precious");
}

static void test_service_listen_unix_no_directory(void **state)
{
	g_autofree char *path = g_build_filename(*state, "no", "x", NULL);
	g_autofree char *address = g_strconcat("unix:", path, NULL);
	g_autoptr(GError) error = NULL;

	assert_int_equal(service_listen(address, 0660, &error), -1);
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_TEMPORARY));
}

static void test_service_listen_inet_and_conflict(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *address = NULL;
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int fd = service_listen("inet:127.0.0.1:0", 0, NULL);
	int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_true(has_cloexec(fd));
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(ntohl(addr.sin_addr.s_addr), INADDR_LOOPBACK);
	assert_int_equal(connect(peer, (const struct sockaddr *)&addr, len), 0);
	address = g_strdup_printf("inet:127.0.0.1:%d", ntohs(addr.sin_port));
	assert_int_equal(service_listen(address, 0, &error), -1);
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_CONFLICT));
	close(peer);
	close(fd);
}

/* 192.0.2.1 is for documentation (RFC 5737): nobody has it. */
static void test_service_listen_inet_not_our_address(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_int_equal(service_listen("inet:192.0.2.1:0", 0, &error), -1);
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_TEMPORARY));
}

static void test_service_listen_inet6(void **state)
{
	g_autoptr(GError) error = NULL;
	int fd = service_listen("inet:[::1]:0", 0, &error);
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);

	(void)state;
	if (fd < 0) {
		print_message("no IPv6 here: %s\n", error->message);
		skip();
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(addr.sin6_family, AF_INET6);
	assert_true(IN6_IS_ADDR_LOOPBACK(&addr.sin6_addr));
	close(fd);
}

/* A datagram socket that plays the service manager. */
static int manager_listen(const char *name, size_t len)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(addr.sun_path, name, len);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&addr,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		0);
	return fd;
}

static void expect_notification(int fd)
{
	char buf[64] = { 0 };

	service_notify("READY=1\nSTATUS=here");
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 19);
	assert_string_equal(buf, "READY=1\nSTATUS=here");
	close(fd);
}

static void test_service_notify_path(void **state)
{
	g_autofree char *path = g_build_filename(*state, "notify", NULL);

	g_setenv("NOTIFY_SOCKET", path, TRUE);
	expect_notification(manager_listen(path, strlen(path) + 1));
}

static void test_service_notify_abstract(void **state)
{
	g_autofree char *name =
		g_strdup_printf("@portaria-test-%d", (int)getpid());
	g_autofree char *raw = g_strdup(name);

	(void)state;
	raw[0] = '\0';
	g_setenv("NOTIFY_SOCKET", name, TRUE);
	expect_notification(manager_listen(raw, strlen(name)));
}

/* None of these may fail, block or open anything for good. */
static void test_service_notify_nobody(void **state)
{
	g_autofree char *long_name = g_strnfill(200, '/');
	const char *const names[] = { "relative", "", "/nonexistent/socket",
		                      "@", long_name };
	int before = dup(0);
	int after;

	(void)state;
	close(before);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_setenv("NOTIFY_SOCKET", names[i], TRUE);
		service_notify("READY=1");
	}
	g_unsetenv("NOTIFY_SOCKET");
	service_notify("READY=1");
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

/* Exit status of a child that runs `act`. */
static int run_in_child(int (*act)(const void *), const void *data)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(act(data));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct activation {
	const char *name;
	bool is_listening; /* what descriptor 3 is */
	const char *pid;   /* NULL: that of the child */
	const char *count;
	int want;
};

static void prepare_activation(const struct activation *a)
{
	g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (a->is_listening)
		listen(fd, 1);
	dup2(fd, 3);
	dup2(fd, 4);
	g_setenv("LISTEN_PID", a->pid != NULL ? a->pid : pid, TRUE);
	g_setenv("LISTEN_FDS", a->count, TRUE);
	g_setenv("LISTEN_FDNAMES", "lmtp:spare", TRUE);
}

/* 0 if all is as wanted, else the number of what is not. */
static int act_activation(const void *data)
{
	const struct activation *a = data;

	prepare_activation(a);
	if (service_take_listen_fd() != a->want)
		return 1;
	if (g_getenv("LISTEN_PID") != NULL || g_getenv("LISTEN_FDS") != NULL ||
	    g_getenv("LISTEN_FDNAMES") != NULL)
		return 2;
	if (a->want == 3 &&
	    (!has_cloexec(3) || has_cloexec(4) != (strcmp(a->count, "2") == 0)))
		return 3;
	return service_take_listen_fd() == -1 ? 0 : 4;
}

static void test_service_take_listen_fd(void **state)
{
	static const struct activation cases[] = {
		{ "one", true, NULL, "1", 3 },
		{ "two", true, NULL, "2", 3 },
		{ "another process", true, "1", "1", -1 },
		{ "no number", true, "x", "1", -1 },
		{ "none", true, NULL, "0", -1 },
		{ "count is no number", true, NULL, "1x", -1 },
		{ "count is absurd", true, NULL, "99999999", -1 },
		{ "does not listen", false, NULL, "1", -1 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		print_message("%s\n", cases[i].name);
		assert_int_equal(run_in_child(act_activation, &cases[i]), 0);
	}
	assert_int_equal(service_take_listen_fd(), -1);
}

static int act_signal(const void *data)
{
	const int *number = data;

	service_block_signals();
	kill(getpid(), SIGPIPE);
	kill(getpid(), *number);
	return service_wait_signal();
}

static void test_service_wait_signal(void **state)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		assert_int_equal(run_in_child(act_signal, &numbers[i]),
		                 numbers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service_address_check),
		cmocka_unit_test(test_service_listen_bad_address),
		cmocka_unit_test(test_service_unix_path),
		cmocka_unit_test(test_service_listen_unix_mode),
		cmocka_unit_test(test_service_listen_unix_live),
		cmocka_unit_test(test_service_listen_unix_busy),
		cmocka_unit_test(test_service_listen_unix_not_a_socket),
		cmocka_unit_test(test_service_listen_unix_no_directory),
		cmocka_unit_test(test_service_listen_inet_and_conflict),
		cmocka_unit_test(test_service_listen_inet_not_our_address),
		cmocka_unit_test(test_service_listen_inet6),
		cmocka_unit_test(test_service_notify_path),
		cmocka_unit_test(test_service_notify_abstract),
		cmocka_unit_test(test_service_notify_nobody),
		cmocka_unit_test(test_service_take_listen_fd),
		cmocka_unit_test(test_service_wait_signal),
	};

	return cmocka_run_group_tests(tests, tmpdir_setup, tmpdir_teardown);
}
