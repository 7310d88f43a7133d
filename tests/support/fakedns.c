/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakedns.c - a small name server for tests
 *
 *   fakedns [-v] [-p PORT] ZONEFILE
 *
 * Serves a zone file (support/fakedns_zone.h) over UDP and TCP on 127.0.0.1.
 * Port 0 (the default) takes a free one; the port is printed on stdout as
 * soon as questions are answered. SIGHUP reads the file again (a file with a
 * mistake is reported and the old one kept), SIGTERM and SIGINT end it. -v
 * writes a line a question to stderr. One thread, no state between questions.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fakedns_answer.h"

#define CLIENTS_MAX 64
#define PACKET_MOST 65535
#define BIND_TRIES  20

struct client {
	int fd;
	GByteArray *in;
	GByteArray *out;
};

struct server {
	const char *path;
	struct fakedns_zone *zone;
	bool verbose;
	int udp;
	int tcp;
	int signals;
	struct client clients[CLIENTS_MAX]; /* fd -1: free */
};

static GByteArray *answer(const struct server *server, const guint8 *query,
                          size_t len, bool tcp)
{
	g_autofree char *line = NULL;
	GByteArray *packet =
		fakedns_answer(server->zone, query, len, tcp, &line);

	if (server->verbose && line != NULL)
		fprintf(stderr, "%s\n", line);
	return packet;
}

static void on_udp(const struct server *server)
{
	guint8 query[4096];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(server->udp, query, sizeof(query), 0,
	                       (struct sockaddr *)&from, &from_len);
	GByteArray *packet;

	if (len < 0)
		return;
	packet = answer(server, query, (size_t)len, false);
	if (packet == NULL)
		return;
	if (sendto(server->udp, packet->data, packet->len, 0,
	           (struct sockaddr *)&from, from_len) < 0)
		perror("fakedns: sendto");
	g_byte_array_unref(packet);
}

static void client_close(struct client *client)
{
	close(client->fd);
	client->fd = -1;
	g_byte_array_unref(client->in);
	g_byte_array_unref(client->out);
}

static void on_connect(struct server *server)
{
	int fd = accept4(server->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
		struct client *client = &server->clients[i];

		if (client->fd >= 0)
			continue;
		client->fd = fd;
		client->in = g_byte_array_new();
		client->out = g_byte_array_new();
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* Answers the whole questions that have arrived. */
static void client_answer(const struct server *server, struct client *client)
{
	while (client->in->len >= 2) {
		size_t len =
			(size_t)client->in->data[0] << 8 | client->in->data[1];
		GByteArray *packet;
		guint8 prefix[2];

		if (client->in->len < len + 2)
			return;
		packet = answer(server, client->in->data + 2, len, true);
		if (packet != NULL) {
			prefix[0] = (guint8)(packet->len >> 8);
			prefix[1] = (guint8)packet->len;
			g_byte_array_append(client->out, prefix, 2);
			g_byte_array_append(client->out, packet->data,
			                    packet->len);
			g_byte_array_unref(packet);
		}
		g_byte_array_remove_range(client->in, 0, (guint)len + 2);
	}
}

static bool client_read(const struct server *server, struct client *client)
{
	guint8 buf[4096];
	ssize_t len = read(client->fd, buf, sizeof(buf));

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	if (len == 0)
		return false;
	g_byte_array_append(client->in, buf, (guint)len);
	client_answer(server, client);
	return client->in->len <= PACKET_MOST + 2U;
}

static bool client_write(struct client *client)
{
	ssize_t len = send(client->fd, client->out->data, client->out->len,
	                   MSG_NOSIGNAL);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	g_byte_array_remove_range(client->out, 0, (guint)len);
	return true;
}

static void on_client(const struct server *server, struct client *client,
                      short events)
{
	bool ok = true;

	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
		ok = client_read(server, client);
	if (ok && client->out->len > 0)
		ok = client_write(client);
	if (!ok)
		client_close(client);
}

static void reload(struct server *server)
{
	g_autofree char *error = NULL;
	struct fakedns_zone *zone = fakedns_zone_load(server->path, &error);

	if (zone == NULL) {
		fprintf(stderr, "fakedns: %s; keeping the old zone\n", error);
		return;
	}
	fakedns_zone_free(server->zone);
	server->zone = zone;
}

/* False when it is time to end. */
static bool on_signal(struct server *server)
{
	struct signalfd_siginfo info;

	if (read(server->signals, &info, sizeof(info)) != sizeof(info))
		return true;
	if (info.ssi_signo != SIGHUP)
		return false;
	reload(server);
	return true;
}

static void serve(struct server *server)
{
	struct pollfd fds[3 + CLIENTS_MAX] = {
		{ .fd = server->udp, .events = POLLIN },
		{ .fd = server->tcp, .events = POLLIN },
		{ .fd = server->signals, .events = POLLIN },
	};

	for (;;) {
		for (size_t i = 0; i < CLIENTS_MAX; i++) {
			struct client *client = &server->clients[i];

			fds[3 + i].fd = client->fd;
			fds[3 + i].events = POLLIN;
			if (client->fd >= 0 && client->out->len > 0)
				fds[3 + i].events |= POLLOUT;
		}
		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
			continue;
		if (fds[2].revents != 0 && !on_signal(server))
			return;
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			if (fds[3 + i].fd >= 0 && fds[3 + i].revents != 0)
				on_client(server, &server->clients[i],
				          fds[3 + i].revents);
		if (fds[0].revents != 0)
			on_udp(server);
		if (fds[1].revents != 0)
			on_connect(server);
	}
}

static int bind_one(int type, unsigned port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		                    .sin_port = htons((guint16)port),
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    (type != SOCK_STREAM || listen(fd, 64) == 0))
		return fd;
	close(fd);
	return -1;
}

static unsigned port_of(int fd)
{
	struct sockaddr_in addr = { 0 };
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
		return 0;
	return ntohs(addr.sin_port);
}

/* Both sockets on one port; 0 if that fails. */
static unsigned bind_both(struct server *server, unsigned port)
{
	for (int i = 0; i < BIND_TRIES; i++) {
		server->udp = bind_one(SOCK_DGRAM, port);
		if (server->udp < 0)
			return 0;
		server->tcp = bind_one(SOCK_STREAM, port_of(server->udp));
		if (server->tcp >= 0)
			return port_of(server->udp);
		close(server->udp);
	}
	return 0;
}

static bool start(struct server *server, unsigned port)
{
	g_autofree char *error = NULL;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	server->signals = signalfd(-1, &set, SFD_CLOEXEC);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		server->clients[i].fd = -1;
	server->zone = fakedns_zone_load(server->path, &error);
	if (server->zone == NULL) {
		fprintf(stderr, "fakedns: %s\n", error);
		return false;
	}
	port = bind_both(server, port);
	if (port == 0 || server->signals < 0) {
		perror("fakedns: cannot listen");
		return false;
	}
	printf("%u\n", port);
	return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
	struct server server = { 0 };
	guint64 port = 0;
	int option;

	while ((option = getopt(argc, argv, "vp:")) != -1) {
		if (option == 'v')
			server.verbose = true;
		else if (option != 'p' ||
		         !g_ascii_string_to_unsigned(optarg, 10, 0, 65535,
		                                     &port, NULL))
			optind = argc;
	}
	if (optind != argc - 1) {
		fputs("usage: fakedns [-v] [-p PORT] ZONEFILE\n", stderr);
		return 64;
	}
	server.path = argv[optind];
	if (!start(&server, (unsigned)port))
		return 1;
	serve(&server);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (server.clients[i].fd >= 0)
			client_close(&server.clients[i]);
	fakedns_zone_free(server.zone);
	return 0;
}
