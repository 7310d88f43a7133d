/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.c - one connection, from greeting to goodbye
 *
 * Joins the dialogue (lmtp.h), the socket and the delivery. Replies are sent
 * only when all input is used up, as PIPELINING wants it. A connection that
 * ends without QUIT is normal: MTAs drop what they cached.
 */
#include "lmtpd/session.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "lmtpd/deliver.h"
#include "lmtpd/lmtp.h"

#define READ_BYTES (64 * 1024)

struct session {
	struct agent *agent;
	int sock;
	int drain;
	char *id;
	struct lmtp *lmtp;
	struct receive *receive; /* NULL outside a message */
	char *buffer;
};

enum wait { WAIT_READY, WAIT_DRAIN, WAIT_OVER, WAIT_GONE };

/* Waits for the socket, and for the drain unless a transaction is open. */
static enum wait wait_for(const struct session *session, short events)
{
	struct pollfd fds[] = {
		{ .fd = session->sock, .events = events },
		{ .fd = session->drain, .events = POLLIN },
	};
	bool may_drain = (events & POLLIN) != 0 && lmtp_is_idle(session->lmtp);
	int timeout = (int)session->agent->config->limits.idle_seconds * 1000;
	int n;

	do {
		n = poll(fds, may_drain ? 2 : 1, timeout);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return WAIT_GONE;
	if (n == 0)
		return WAIT_OVER;
	return fds[0].revents != 0 ? WAIT_READY : WAIT_DRAIN;
}

static bool send_some(const struct session *session, GString *output)
{
	ssize_t n = send(session->sock, output->str, output->len,
	                 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		g_string_erase(output, 0, n);
	else if (errno == EAGAIN)
		return wait_for(session, POLLOUT) == WAIT_READY;
	return n >= 0 || errno == EINTR;
}

static bool flush(const struct session *session)
{
	GString *output = lmtp_output(session->lmtp);

	while (output->len > 0)
		if (!send_some(session, output))
			return false;
	return true;
}

/* A handler returns false when the connection is over. */

static bool on_input(struct session *session)
{
	enum wait wait;
	ssize_t n;

	if (!flush(session))
		return false;
	wait = wait_for(session, POLLIN);
	if (wait == WAIT_OVER || wait == WAIT_DRAIN) {
		lmtp_hang_up(session->lmtp, wait == WAIT_OVER
		                                    ? LMTP_GOODBYE_IDLE
		                                    : LMTP_GOODBYE_SHUTDOWN);
		return true;
	}
	if (wait == WAIT_GONE)
		return false;
	n = recv(session->sock, session->buffer, READ_BYTES, MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	lmtp_feed(session->lmtp, session->buffer, (size_t)n);
	return true;
}

static bool on_recipient(struct session *session)
{
	const char *address = lmtp_get_recipient(session->lmtp);
	g_autoptr(GError) error = NULL;
	AUTO(addressee)
	addressee = deliver_find(session->agent, address, &error);
	enum lmtp_recipient answer = LMTP_RECIPIENT_OK;
	const struct log_ctx ctx = {
		.session = session->id,
		.queue_id = lmtp_get_envelope(session->lmtp)->client.ident,
	};

	if (error != NULL)
		answer = LMTP_RECIPIENT_TROUBLE;
	else if (addressee == NULL)
		answer = LMTP_RECIPIENT_UNKNOWN;
	if (answer != LMTP_RECIPIENT_OK)
		log_event(LOG_LEVEL_WARNING, &ctx, "recipient refused",
		          LOG_STR("rcpt", address),
		          LOG_STR("reason", error != NULL ? error->message
		                                          : "no department"));
	lmtp_answer_recipient(session->lmtp, answer,
	                      answer == LMTP_RECIPIENT_OK
	                              ? g_steal_pointer(&addressee)
	                              : NULL);
	return true;
}

static void need_receive(struct session *session)
{
	if (session->receive == NULL)
		session->receive = receive_new(
			&session->agent->budget,
			session->agent->config->limits.message_bytes);
}

static bool on_content(struct session *session)
{
	size_t len;
	const char *data = lmtp_content(session->lmtp, &len);

	need_receive(session);
	receive_add(session->receive, data, len);
	return true;
}

static bool on_message(struct session *session)
{
	const struct lmtp_envelope *envelope = lmtp_get_envelope(session->lmtp);
	size_t count = envelope->recipients->len;
	struct deliver_answer *answers;

	need_receive(session);
	answers = deliver_message(session->agent, session->id, envelope,
	                          session->receive);
	for (size_t i = 0; i < count; i++)
		lmtp_answer_message(session->lmtp, answers[i].answer,
		                    answers[i].text);
	deliver_answers_free(answers, count);
	g_clear_pointer(&session->receive, receive_free);
	return true;
}

static bool on_close(struct session *session)
{
	(void)flush(session);
	return false;
}

static bool (*const handlers[])(struct session *session) = {
	[LMTP_EVENT_INPUT] = on_input,
	[LMTP_EVENT_RECIPIENT] = on_recipient,
	[LMTP_EVENT_CONTENT] = on_content,
	[LMTP_EVENT_MESSAGE] = on_message,
	[LMTP_EVENT_CLOSE] = on_close,
};

static void free_addressee(gpointer data)
{
	addressee_free(data);
}

static void log_end(const struct session *session)
{
	const struct log_ctx ctx = { .session = session->id };

	log_event(LOG_LEVEL_DEBUG, &ctx, "disconnected",
	          LOG_STR("state",
	                  lmtp_state_name(lmtp_get_state(session->lmtp))));
}

void session_run(struct agent *agent, int sock, int drain)
{
	struct session session = { .agent = agent,
		                   .sock = sock,
		                   .drain = drain };

	session.id = id_dup_random(5);
	session.buffer = g_malloc(READ_BYTES);
	session.lmtp = lmtp_new(agent->config->server.hostname,
	                        &agent->config->limits, free_addressee);
	while (handlers[lmtp_next(session.lmtp)](&session))
		continue;
	log_end(&session);
	lmtp_free(session.lmtp);
	receive_free(session.receive);
	g_free(session.buffer);
	g_free(session.id);
}
