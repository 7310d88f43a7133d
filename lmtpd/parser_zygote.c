/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parser_zygote.c - the process that makes parser children
 *
 * Lives until the daemon closes the control socket or dies. Signals that stop
 * the daemon stay blocked here and in the children: a message in work is
 * finished while the daemon drains.
 */
#include "lmtpd/parser_zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "lmtpd/fdpass.h"
#include "lmtpd/parser_record.h"

#define SOCKET_FD 3 /* control socket, in children the job socket */

struct zygote {
	const struct parser_job *job;
	struct sandbox *sandbox;
	GHashTable *children; /* pid -> job socket */
	int signals;
};

/* The descriptor becomes SOCKET_FD and all above are closed. */
static void keep_only(int fd)
{
	if (fd != SOCKET_FD && dup2(fd, SOCKET_FD) < 0)
		_exit(EX_OSERR);
	if (close_range(SOCKET_FD + 1, ~0U, 0) < 0)
		_exit(EX_OSERR);
}

static void block_child_signal(int how, sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGCHLD);
	sigprocmask(how, ret_set, NULL);
}

static G_NORETURN void child_main(const struct zygote *zygote, int sock,
                                  pid_t parent)
{
	sigset_t set;

	prctl(PR_SET_NAME, "lmtpd-parser", 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(EX_OK); /* it died before it could tell us */
	block_child_signal(SIG_UNBLOCK, &set);
	keep_only(sock);
	parser_child_run(SOCKET_FD, zygote->job, zygote->sandbox);
}

static void make_child(struct zygote *zygote, int sock)
{
	struct parser_record record = { .kind = PARSER_BORN };
	pid_t parent = getpid();
	pid_t pid = fork();
	int pidfd;

	if (pid == 0)
		child_main(zygote, sock, parent);
	if (pid < 0) {
		record.kind = PARSER_NOT_BORN;
		record.number = errno;
		(void)fdpass_send(sock, &record, sizeof(record), -1);
		close(sock);
		return;
	}
	record.number = pid;
	/* Not yet waited for, so the number cannot mean somebody else. */
	pidfd = pidfd_open(pid, 0);
	(void)fdpass_send(sock, &record, sizeof(record), pidfd);
	if (pidfd >= 0)
		close(pidfd);
	g_hash_table_insert(zygote->children, GINT_TO_POINTER(pid),
	                    GINT_TO_POINTER(sock));
}

/* Takes one request; false when the daemon is gone. */
static bool serve_request(struct zygote *zygote)
{
	char byte;
	int sock = -1;
	ssize_t len = fdpass_recv(SOCKET_FD, &byte, sizeof(byte), &sock);

	if (len <= 0)
		return false;
	if (sock >= 0)
		make_child(zygote, sock);
	return true;
}

/* Tells the daemon how a child ended; it may not care any more. */
static void bury(struct zygote *zygote, pid_t pid, int status)
{
	struct parser_record record = { .kind = PARSER_DIED, .number = status };
	gpointer sock;

	if (!g_hash_table_steal_extended(zygote->children, GINT_TO_POINTER(pid),
	                                 NULL, &sock))
		return;
	(void)send(GPOINTER_TO_INT(sock), &record, sizeof(record),
	           MSG_NOSIGNAL | MSG_DONTWAIT);
	close(GPOINTER_TO_INT(sock));
}

static void serve_signal(struct zygote *zygote)
{
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	if (read(zygote->signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		bury(zygote, pid, status);
}

static void kill_children(struct zygote *zygote)
{
	GHashTableIter iter;
	gpointer pid;

	g_hash_table_iter_init(&iter, zygote->children);
	while (g_hash_table_iter_next(&iter, &pid, NULL))
		kill(GPOINTER_TO_INT(pid), SIGKILL);
	while (wait(NULL) > 0)
		continue;
}

static void serve(struct zygote *zygote)
{
	struct pollfd fds[] = {
		{ .fd = SOCKET_FD, .events = POLLIN },
		{ .fd = zygote->signals, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
			continue;
		if (fds[1].revents != 0)
			serve_signal(zygote);
		if (fds[0].revents != 0 && !serve_request(zygote))
			return;
	}
}

/* Children see neither the terminal nor the log; a sanitizer's last words
 * are worth having. */
static void close_standard_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		_exit(EX_OSERR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!sandbox_is_sanitized())
		dup2(null, STDERR_FILENO);
}

/* Handlers of the process that forked us are not for a dying child. */
static void reset_signals(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS,  SIGILL,
		                       SIGFPE,  SIGABRT, SIGSYS,
		                       SIGXCPU, SIGXFSZ, SIGCHLD };

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		signal(numbers[i], SIG_DFL);
}

static G_NORETURN void zygote_main(int control, const struct parser_job *job)
{
	struct zygote zygote = { .job = job };
	sigset_t set;

	prctl(PR_SET_NAME, "lmtpd-zygote", 0, 0, 0);
	reset_signals();
	close_standard_streams();
	keep_only(control);
	zygote.sandbox = sandbox_new(NULL);
	if (zygote.sandbox == NULL)
		_exit(EX_OSERR);
	if (job->init != NULL)
		job->init();
	block_child_signal(SIG_BLOCK, &set);
	zygote.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (zygote.signals < 0)
		_exit(EX_OSERR);
	zygote.children = g_hash_table_new(NULL, NULL);
	serve(&zygote);
	kill_children(&zygote);
	_exit(EX_OK);
}

bool parser_zygote_start(const struct parser_job *job,
                         struct parser_zygote *ret_zygote, GError **error)
{
	int ends[2];
	pid_t pid;

	if (!fdpass_pair(ends)) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
		                "socketpair");
		return false;
	}
	pid = fork();
	if (pid == 0)
		zygote_main(ends[1], job);
	close(ends[1]);
	if (pid < 0) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "fork");
		close(ends[0]);
		return false;
	}
	*ret_zygote = (struct parser_zygote){ pid, ends[0] };
	return true;
}
