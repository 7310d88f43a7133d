/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.c - a process that can compute and nothing else
 *
 * The filter is compiled once with libseccomp and kept as a BPF program, so
 * that entering costs one system call.
 */
#include "lmtpd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

#define DESCRIPTORS 16

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

struct sandbox {
	struct sock_filter *filter;
	unsigned short len;
};

/* Calls that parsing and answering need, whatever their arguments. */
static const char *const allowed[] = {
	"read",        "write",           "readv",          "writev",
	"pread64",     "lseek",           "close",          "recvmsg",
	"sendmsg",     "munmap",          "mremap",         "brk",
	"madvise",     "memfd_create",    "ftruncate",      "futex",
	"sched_yield", "clock_gettime",   "clock_getres",   "gettimeofday",
	"time",        "getrandom",       "getpid",         "gettid",
	"sysinfo",     "rt_sigaction",    "rt_sigprocmask", "rt_sigreturn",
	"sigreturn",   "restart_syscall", "exit",           "exit_group",
};

/* What the run-time library of a sanitizer needs on top. */
static const char *const allowed_sanitized[] = {
	"sigaltstack",
	"getrusage",
	"sched_getaffinity",
};

/* Calls that no parser makes, not even by accident. */
static const char *const fatal[] = {
	"execve",
	"execveat",
	"fork",
	"vfork",
	"clone",
	"clone3",
	"socket",
	"socketpair",
	"connect",
	"bind",
	"listen",
	"accept",
	"accept4",
	"sendto",
	"kill",
	"tkill",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"unshare",
	"setns",
	"mount",
	"chroot",
	"bpf",
	"io_uring_setup",
	"userfaultfd",
	"perf_event_open",
	"keyctl",
	"open_by_handle_at",
};

/* Calls allowed with one argument compared: (argument & mask) == value. */
static const struct compared {
	const char *name;
	unsigned argument;
	guint64 mask;
	guint64 value;
} compared[] = {
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mmap2", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "fcntl", 1, 0xffffffff, F_ADD_SEALS },
	{ "fcntl", 1, 0xffffffff, F_GET_SEALS },
	{ "fcntl", 1, 0xffffffff, F_GETFL },
	{ "fcntl", 1, 0xffffffff, F_GETFD },
};

bool sandbox_is_sanitized(void)
{
	return IS_SANITIZED;
}

/* Unknown to this architecture or kernel headers: nothing to do. */
static int add_rule(scmp_filter_ctx ctx, guint32 action, const char *name,
                    const struct scmp_arg_cmp *compare)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR || number < 0)
		return 0;
	return seccomp_rule_add_array(ctx, action, number,
	                              compare != NULL ? 1 : 0, compare);
}

static int add_list(scmp_filter_ctx ctx, guint32 action,
                    const char *const *names, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = add_rule(ctx, action, names[i], NULL);
	return result;
}

static int add_compared(scmp_filter_ctx ctx)
{
	int result = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(compared) && result == 0; i++) {
		const struct compared *row = &compared[i];
		const struct scmp_arg_cmp compare = {
			.arg = row->argument,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = row->mask,
			.datum_b = row->value,
		};

		result = add_rule(ctx, SCMP_ACT_ALLOW, row->name, &compare);
	}
	return result;
}

static int add_rules(scmp_filter_ctx ctx)
{
	int result =
		add_list(ctx, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS(allowed));

	if (result == 0 && IS_SANITIZED)
		result = add_list(ctx, SCMP_ACT_ALLOW, allowed_sanitized,
		                  G_N_ELEMENTS(allowed_sanitized));
	if (result == 0)
		result = add_list(ctx, SCMP_ACT_KILL_PROCESS, fatal,
		                  G_N_ELEMENTS(fatal));
	return result == 0 ? add_compared(ctx) : result;
}

/* The program as bytes: libseccomp writes it to a descriptor. */
static bool export_filter(scmp_filter_ctx ctx, struct sandbox *sandbox)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	struct stat st = { 0 };
	bool ok = fd >= 0 && seccomp_export_bpf(ctx, fd) == 0 &&
	          fstat(fd, &st) == 0 &&
	          st.st_size <=
	                  (off_t)(BPF_MAXINSNS * sizeof(struct sock_filter));

	if (ok) {
		sandbox->filter = g_malloc((size_t)st.st_size);
		sandbox->len = (unsigned short)((size_t)st.st_size /
		                                sizeof(struct sock_filter));
		ok = pread(fd, sandbox->filter, (size_t)st.st_size, 0) ==
		     st.st_size;
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

struct sandbox *sandbox_new(GError **error)
{
	AUTO(sandbox) sandbox = g_new0(struct sandbox, 1);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = ctx != NULL && add_rules(ctx) == 0 &&
	          export_filter(ctx, sandbox);

	if (ctx != NULL)
		seccomp_release(ctx);
	if (ok)
		return g_steal_pointer(&sandbox);
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
	            "cannot make the system call filter of the parser");
	return NULL;
}

void sandbox_free(struct sandbox *sandbox)
{
	if (sandbox == NULL)
		return;
	g_free(sandbox->filter);
	g_free(sandbox);
}

/* Never above what the process was given. */
static bool set_limit(__rlimit_resource_t resource, guint64 soft, guint64 hard)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return false;
	limit.rlim_max = MIN(limit.rlim_max, (rlim_t)hard);
	limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)soft);
	return setrlimit(resource, &limit) == 0;
}

static bool set_limits(const struct sandbox_limits *limits)
{
	const struct {
		__rlimit_resource_t resource;
		guint64 soft;
		guint64 hard;
	} rows[] = {
		{ RLIMIT_CORE, 0, 0 },
		{ RLIMIT_NOFILE, DESCRIPTORS, DESCRIPTORS },
		{ RLIMIT_STACK, limits->stack, limits->stack },
		{ RLIMIT_FSIZE, limits->file_bytes, limits->file_bytes },
		/* SIGXCPU tells why; SIGKILL follows a second later. */
		{ RLIMIT_CPU, limits->cpu_seconds, limits->cpu_seconds + 1 },
		{ RLIMIT_AS, limits->memory, limits->memory },
	};
	bool ok = true;

	for (size_t i = 0; i < G_N_ELEMENTS(rows) && ok; i++)
		if (rows[i].resource != RLIMIT_AS || !IS_SANITIZED)
			ok = set_limit(rows[i].resource, rows[i].soft,
			               rows[i].hard);
	return ok;
}

bool sandbox_enter(const struct sandbox *sandbox,
                   const struct sandbox_limits *limits, GError **error)
{
	const struct sock_fprog program = { sandbox->len, sandbox->filter };

	if (set_limits(limits) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return true;
	error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
	                "cannot confine the parser");
	return false;
}
