/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lmtp_sandbox.c - what a confined process may not do
 *
 * Forks a process for each case, confines it with the daemon's own sandbox
 * and looks at how it ends. Needs no rights and no network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "lmtpd/sandbox.h"

/* An action returns 0, or errno of what was refused. */
typedef int action(void);

static struct sandbox *sandbox;

static int result_of(long result)
{
	return result < 0 ? errno : 0;
}

static int open_file(void)
{
	return result_of(open("/etc/passwd", O_RDONLY));
}

static int create_file(void)
{
	return result_of(open("/tmp/portaria-sandbox-test",
	                      O_RDWR | O_CREAT | O_EXCL, 0600));
}

static int open_by_openat2(void)
{
	return result_of(
		syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0));
}

static int stat_file(void)
{
	struct stat st;

	return result_of(stat("/etc/passwd", &st));
}

static int unlink_file(void)
{
	return result_of(unlink("/tmp/portaria-sandbox-test"));
}

static int change_folder(void)
{
	return result_of(chdir("/"));
}

static int make_socket(void)
{
	return result_of(socket(AF_INET, SOCK_STREAM, 0));
}

static int make_socket_pair(void)
{
	int ends[2];

	return result_of(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}

static int make_process(void)
{
	return result_of(fork());
}

static int run_program(void)
{
	char name[] = "/bin/true";
	char *argv[] = { name, NULL };

	return result_of(execv(name, argv));
}

static int kill_parent(void)
{
	return result_of(kill(getppid(), 0));
}

static int trace_parent(void)
{
	return result_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int map_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? errno : 0;
}

static int make_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return 0;
	return result_of(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int raise_limit(void)
{
	return result_of(syscall(SYS_prlimit64, 0, 0, NULL, NULL));
}

static int read_clock(void)
{
	struct timespec now;

	return result_of(clock_gettime(CLOCK_REALTIME, &now));
}

static int allocate(void)
{
	char *bytes = malloc(1 << 20);

	if (bytes == NULL)
		return ENOMEM;
	memset(bytes, 1, 1 << 20);
	free(bytes);
	return 0;
}

static int write_memfd(void)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, "x", 1) != 1 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0)
		return errno;
	return close(fd);
}

static int duplicate_descriptor(void)
{
	return result_of(fcntl(0, F_DUPFD, 0));
}

static int open_many(void)
{
	for (unsigned i = 0; i < 32; i++)
		if (memfd_create("test", 0) < 0)
			return errno;
	return 0;
}

static volatile bool endless = true;

static int burn_time(void)
{
	while (endless)
		continue;
	return 0;
}

static int write_much(void)
{
	static char block[65536];
	int fd = memfd_create("test", 0);

	for (unsigned i = 0; i < 64; i++)
		if (write(fd, block, sizeof(block)) < 0)
			return errno;
	return 0;
}

static int allocate_all(void)
{
	char *bytes;

	while ((bytes = malloc(1 << 20)) != NULL)
		memset(bytes, 1, 1 << 20);
	return errno;
}

enum outcome { DONE, REFUSED, KILLED };

static const struct {
	const char *name;
	action *act;
	enum outcome want;
	int number;      /* errno or signal */
	bool plain_only; /* not in a sanitized build */
} cases[] = {
	{ "open", open_file, REFUSED, EPERM, false },
	{ "create", create_file, REFUSED, EPERM, false },
	{ "openat2", open_by_openat2, REFUSED, EPERM, false },
	{ "stat", stat_file, REFUSED, EPERM, false },
	{ "unlink", unlink_file, REFUSED, EPERM, false },
	{ "chdir", change_folder, REFUSED, EPERM, false },
	{ "socket", make_socket, KILLED, SIGSYS, false },
	{ "socketpair", make_socket_pair, KILLED, SIGSYS, false },
	{ "fork", make_process, KILLED, SIGSYS, false },
	{ "execve", run_program, KILLED, SIGSYS, false },
	{ "kill", kill_parent, KILLED, SIGSYS, false },
	{ "ptrace", trace_parent, KILLED, SIGSYS, false },
	{ "mmap exec", map_executable, REFUSED, EPERM, false },
	{ "mprotect exec", make_executable, REFUSED, EPERM, false },
	{ "prlimit", raise_limit, REFUSED, EPERM, false },
	{ "dup", duplicate_descriptor, REFUSED, EPERM, false },
	{ "descriptors", open_many, REFUSED, EMFILE, false },
	{ "clock", read_clock, DONE, 0, false },
	{ "malloc", allocate, DONE, 0, false },
	{ "memfd", write_memfd, DONE, 0, false },
	{ "processor time", burn_time, KILLED, SIGXCPU, false },
	{ "file size", write_much, KILLED, SIGXFSZ, false },
	{ "memory", allocate_all, REFUSED, ENOMEM, true },
};

static void confine_and_act(action *act)
{
	const struct sandbox_limits limits = {
		.memory = 256 * MIB,
		.cpu_seconds = 1,
		.file_bytes = 1 * MIB,
		.stack = 8 * MIB,
	};

	if (!sandbox_enter(sandbox, &limits, NULL))
		_exit(255);
	_exit(act());
}

/* How a confined process that does it ends. */
static int run_confined(action *act)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		confine_and_act(act);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void check_case(size_t at, int status)
{
	bool good = false;

	switch (cases[at].want) {
	case DONE:
		good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		break;
	case REFUSED:
		good = WIFEXITED(status) &&
		       WEXITSTATUS(status) == cases[at].number;
		break;
	case KILLED:
		good = WIFSIGNALED(status) &&
		       WTERMSIG(status) == cases[at].number;
		break;
	}
	if (!good)
		fail_msg("%s: wait status 0x%x", cases[at].name,
		         (unsigned)status);
}

static void test_sandbox_enter_cases(G_GNUC_UNUSED void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (cases[i].plain_only && sandbox_is_sanitized())
			continue;
		check_case(i, run_confined(cases[i].act));
	}
}

static int setup(G_GNUC_UNUSED void **state)
{
	g_autoptr(GError) error = NULL;

	sandbox = sandbox_new(&error);
	if (sandbox == NULL)
		print_error("%s\n", error->message);
	return sandbox == NULL;
}

static int teardown(G_GNUC_UNUSED void **state)
{
	sandbox_free(sandbox);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sandbox_enter_cases),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
