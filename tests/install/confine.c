/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine.c - run a program under the system call filter of a unit
 *
 *	confine FILE PROGRAM [ARGUMENT...]
 *
 * FILE names the calls that are allowed, one a line; names that this kernel
 * or architecture does not have are passed over. All others fail with EPERM,
 * and so does memory that is writable and executable. This is what systemd
 * does for SystemCallFilter=, SystemCallErrorNumber=EPERM,
 * NoNewPrivileges=yes and MemoryDenyWriteExecute=yes.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64

static int allow(scmp_filter_ctx ctx, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR || number < 0)
		return 0;
	if (strcmp(name, "mmap") == 0)
		return seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, number, 1,
			SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (strcmp(name, "mprotect") == 0 || strcmp(name, "pkey_mprotect") == 0)
		return seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, number, 1,
			SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0);
}

/* The dynamic loader maps code: executable, but not writable. */
static int allow_code(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	                        SCMP_A2_64(SCMP_CMP_MASKED_EQ,
	                                   PROT_EXEC | PROT_WRITE, PROT_EXEC));
}

static int allow_file(scmp_filter_ctx ctx, FILE *file)
{
	char name[NAME_MAX_BYTES];
	int result = 0;

	while (result == 0 && fscanf(file, "%63s", name) == 1)
		result = allow(ctx, name);
	return result == 0 ? allow_code(ctx) : result;
}

int main(int argc, char **argv)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	FILE *file;

	if (argc < 3) {
		fputs("confine FILE PROGRAM [ARGUMENT...]\n", stderr);
		return EX_USAGE;
	}
	file = fopen(argv[1], "r");
	if (ctx == NULL || file == NULL || allow_file(ctx, file) != 0) {
		perror(argv[1]);
		return EX_OSERR;
	}
	fclose(file);
	/* Before the filter, which might forbid it. */
	if (seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 1) != 0
	    || seccomp_load(ctx) != 0) {
		perror("seccomp");
		return EX_OSERR;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return EX_OSERR;
}
