/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listener.c - accepts connections, a thread for each
 */
#include "lmtpd/listener.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "lmtpd/lmtp.h"
#include "lmtpd/session.h"

#define CUT_OFF_SECONDS 5   /* after the sockets were shut down */
#define PAUSE_MS        100 /* when the process has run out of something */

struct listener {
	struct agent *agent;
	int fd;
	int drain; /* eventfd, never read: readable once all shall end */
	GThread *thread;
	GMutex lock;
	GCond ended;
	GHashTable *socks; /* of the sessions */
};

struct connection {
	struct listener *listener;
	int sock;
};

static gpointer connection_main(gpointer data)
{
	struct connection *connection = data;
	struct listener *listener = connection->listener;
	int sock = connection->sock;

	g_free(connection);
	session_run(listener->agent, sock, listener->drain);
	g_mutex_lock(&listener->lock);
	g_hash_table_remove(listener->socks, GINT_TO_POINTER(sock));
	close(sock);
	g_cond_signal(&listener->ended);
	g_mutex_unlock(&listener->lock);
	return NULL;
}

/* Nothing is to be waited for: the client may not even read it. */
static void refuse(struct listener *listener, int sock, const char *why)
{
	const char *text = lmtp_text_too_many();

	counters_add(&listener->agent->counters, COUNTER_SESSIONS_REFUSED, 1);
	log_event(LOG_LEVEL_WARNING, NULL, "connection refused",
	          LOG_STR("reason", why));
	(void)send(sock, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(sock);
}

/* True if there is room for it. */
static bool admit(struct listener *listener, int sock)
{
	bool room;

	g_mutex_lock(&listener->lock);
	room = g_hash_table_size(listener->socks) <
	       listener->agent->config->limits.sessions;
	if (room)
		g_hash_table_add(listener->socks, GINT_TO_POINTER(sock));
	g_mutex_unlock(&listener->lock);
	return room;
}

static void start_session(struct listener *listener, int sock)
{
	struct connection *connection;
	GThread *thread;

	if (!admit(listener, sock)) {
		refuse(listener, sock, "limits.sessions");
		return;
	}
	connection = g_new(struct connection, 1);
	*connection = (struct connection){ listener, sock };
	thread = g_thread_try_new("session", connection_main, connection, NULL);
	if (thread != NULL) {
		counters_add(&listener->agent->counters, COUNTER_SESSIONS, 1);
		g_thread_unref(thread);
		return;
	}
	g_free(connection);
	g_mutex_lock(&listener->lock);
	g_hash_table_remove(listener->socks, GINT_TO_POINTER(sock));
	g_mutex_unlock(&listener->lock);
	refuse(listener, sock, "no thread can be made");
}

static void accept_one(struct listener *listener)
{
	int sock = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);

	if (sock >= 0) {
		start_session(listener, sock);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	           errno == ENOMEM) {
		log_event(LOG_LEVEL_ERROR, NULL, "accept failed, retrying",
		          LOG_STR("reason", g_strerror(errno)));
		g_usleep(PAUSE_MS * G_TIME_SPAN_MILLISECOND);
	}
}

static gpointer listener_main(gpointer data)
{
	struct listener *listener = data;
	struct pollfd fds[] = {
		{ .fd = listener->fd, .events = POLLIN },
		{ .fd = listener->drain, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
			continue;
		if (fds[1].revents != 0)
			return NULL;
		if (fds[0].revents != 0)
			accept_one(listener);
	}
}

struct listener *listener_new(struct agent *agent, int fd, GError **error)
{
	struct listener *listener = g_new0(struct listener, 1);

	listener->agent = agent;
	listener->fd = fd;
	g_mutex_init(&listener->lock);
	g_cond_init(&listener->ended);
	listener->socks = g_hash_table_new(NULL, NULL);
	listener->drain = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listener->drain >= 0)
		listener->thread = g_thread_try_new("listener", listener_main,
		                                    listener, NULL);
	if (listener->thread != NULL)
		return listener;
	error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
	                "cannot accept connections");
	listener_free(listener);
	return NULL;
}

/* Waits for sessions to end; call with the lock. */
static void wait_ended(struct listener *listener, unsigned seconds)
{
	gint64 until = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;

	while (g_hash_table_size(listener->socks) > 0 &&
	       g_cond_wait_until(&listener->ended, &listener->lock, until))
		continue;
}

static void cut_off(struct listener *listener)
{
	GHashTableIter iter;
	gpointer sock;

	g_hash_table_iter_init(&iter, listener->socks);
	while (g_hash_table_iter_next(&iter, &sock, NULL))
		shutdown(GPOINTER_TO_INT(sock), SHUT_RDWR);
}

unsigned listener_stop(struct listener *listener, unsigned seconds)
{
	const guint64 one = 1;
	unsigned left;

	(void)!write(listener->drain, &one, sizeof(one));
	g_thread_join(g_steal_pointer(&listener->thread));
	close(listener->fd);
	listener->fd = -1;
	g_mutex_lock(&listener->lock);
	wait_ended(listener, seconds);
	if (g_hash_table_size(listener->socks) > 0) {
		cut_off(listener);
		wait_ended(listener, CUT_OFF_SECONDS);
	}
	left = g_hash_table_size(listener->socks);
	g_mutex_unlock(&listener->lock);
	return left;
}

void listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->drain >= 0)
		close(listener->drain);
	g_hash_table_unref(listener->socks);
	g_mutex_clear(&listener->lock);
	g_cond_clear(&listener->ended);
	g_free(listener);
}

unsigned listener_get_sessions(struct listener *listener)
{
	unsigned count;

	g_mutex_lock(&listener->lock);
	count = g_hash_table_size(listener->socks);
	g_mutex_unlock(&listener->lock);
	return count;
}
