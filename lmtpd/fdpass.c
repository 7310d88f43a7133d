/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fdpass.c - records with a descriptor over a SOCK_SEQPACKET socket
 */
#include "lmtpd/fdpass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header; /* alignment */
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool fdpass_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0;
}

bool fdpass_send(int sock, const void *data, size_t len, int fd)
{
	struct iovec iov = { .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control = { 0 };
	ssize_t sent;

	memcpy(&iov.iov_base, &data, sizeof(data)); /* it is not const there */
	if (fd >= 0) {
		struct cmsghdr *header;

		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&msg);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	do {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

/* The descriptor that came with msg, -1 if none. */
static int take_fd(struct msghdr *msg)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

ssize_t fdpass_recv(int sock, void *buf, size_t size, int *ret_fd)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t len;
	int fd;

	do {
		len = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return -1;
	fd = take_fd(&msg);
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		if (fd >= 0)
			close(fd);
		errno = EMSGSIZE;
		return -1;
	}
	*ret_fd = fd;
	return len;
}
