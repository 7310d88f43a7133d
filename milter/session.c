/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.c - one connection: who the client is, and whom it writes to
 *
 * Nothing here asks DNS. Until a recipient turns out to be a department the
 * server's mail passes with a look into a table in memory, so neither a slow
 * database nor a limit of ours can hold it up. All that is refused before the
 * header is refused for one recipient, and for a time only.
 */
#include "milter/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "milter/network.h"

#define SESSION_ID_BYTES 5

struct session {
	struct hub *hub;
	char *id;
	struct network_address address;
	char *ip;      /* NULL: local */
	char *network; /* key for the rate limit; NULL: not counted */
	bool trusted;
	char *helo;
	char *sender; /* NULL: no transaction */
	char *login;
	struct message_client client; /* the above, borrowed by the message */
	struct message *message;      /* NULL: nobody of ours so far */
};

struct session *session_new(struct hub *hub)
{
	struct session *session = g_new0(struct session, 1);

	session->hub = hub;
	session->id = id_dup_random(SESSION_ID_BYTES);
	return session;
}

/* The end of a transaction, in whatever way (RFC 5321 4.1.1.5). */
static void clear_transaction(struct session *session)
{
	g_clear_pointer(&session->message, message_free);
	g_clear_pointer(&session->sender, g_free);
	g_clear_pointer(&session->login, g_free);
}

static void clear_client(struct session *session)
{
	clear_transaction(session);
	g_clear_pointer(&session->helo, g_free);
	g_clear_pointer(&session->ip, g_free);
	g_clear_pointer(&session->network, g_free);
	session->trusted = false;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	clear_client(session);
	g_free(session->id);
	g_free(session);
}

void session_connect(struct session *session, const char *ip)
{
	const struct config *config = session->hub->config;

	clear_client(session);
	counters_add(&session->hub->counters, COUNTER_CONNECTIONS);
	if (ip == NULL || !network_address_parse(ip, &session->address))
		return;
	session->ip = network_address_dup(&session->address);
	session->trusted = network_list_has(config->milter.trusted_networks,
	                                    &session->address);
	if (!network_list_has(config->rate.allow, &session->address))
		session->network = network_dup_key(&session->address);
}

void session_helo(struct session *session, const char *name)
{
	clear_transaction(session);
	g_free(session->helo);
	session->helo = g_strdup(name);
}

/* Without the brackets of an SMTP path. */
static char *dup_path(const char *text)
{
	size_t len = strlen(text);

	if (len >= 2 && text[0] == '<' && text[len - 1] == '>')
		return g_strndup(text + 1, len - 2);
	return g_strdup(text);
}

void session_mail(struct session *session, const char *sender,
                  const char *login)
{
	clear_transaction(session);
	session->sender = dup_path(sender);
	if (login != NULL && login[0] != '\0')
		session->login = g_strdup(login);
	session->client = (struct message_client){
		.auth = {
			.ip = session->ip,
			.helo = session->helo,
			.mail_from = session->sender,
			.login = session->login,
			.trusted = session->trusted,
		},
		.local = session->ip == NULL,
		.counted = session->network != NULL,
		.session = session->id,
	};
}

/* --- recipients --- */

/* The department of a recipient, owned by the caller; NULL if it is nobody of
 * ours. False if it is, but which one cannot be told now. */
static bool find_department(const struct session *session, const char *address,
                            struct department **ret_department)
{
	struct hub *hub = session->hub;
	enum directory_place place = directory_find(hub->directory, address);
	g_autoptr(GError) error = NULL;
	struct store *store;
	struct department *department = NULL;

	if (place == DIRECTORY_ELSEWHERE) {
		*ret_department = NULL;
		return true;
	}
	store = store_pool_get(hub->readers, &error);
	if (store != NULL)
		department = judge_department(store, address, &error);
	store_pool_put(hub->readers, store, error != NULL);
	if (error != NULL) {
		const struct log_ctx ctx = { .session = session->id };

		counters_add(&hub->counters, COUNTER_FAILURES);
		log_error(&ctx,
		          place == DIRECTORY_OURS
		                  ? "cannot read a department, deferring"
		                  : "cannot read a department, passing",
		          error);
		if (place == DIRECTORY_OURS)
			return false;
	}
	*ret_department = department;
	return true;
}

static bool is_over_rate(const struct session *session,
                         const struct department *department,
                         enum reply_text *ret_text)
{
	struct ratelimit *limit = session->hub->ratelimit;
	bool anyone = department->accept == DEPARTMENT_ANYONE;
	gint64 now = clock_monotonic();
	const struct ratelimit_key client = { RATELIMIT_CLIENT, anyone,
		                              session->network };
	const struct ratelimit_key sender = { RATELIMIT_SENDER, anyone,
		                              session->sender };
	const struct ratelimit_key to = { RATELIMIT_DEPARTMENT, anyone,
		                          department->name };

	if (session->network == NULL)
		return false;
	*ret_text = REPLY_TEXT_RATE_DEPARTMENT;
	if (!ratelimit_has(limit, &to, now))
		return true;
	*ret_text = REPLY_TEXT_RATE_SENDER;
	if (session->sender[0] != '\0' && !ratelimit_has(limit, &sender, now))
		return true;
	*ret_text = REPLY_TEXT_RATE_CLIENT;
	/* Once a message, not once a recipient. */
	return session->message == NULL && !ratelimit_take(limit, &client, now);
}

/* Why a department cannot have this message in this transaction. */
static bool find_obstacle(const struct session *session,
                          const struct department *department,
                          enum reply_text *ret_text)
{
	struct hub *hub = session->hub;
	const struct limits *limits = &hub->config->limits;
	const struct message *message = session->message;

	if (message == NULL) {
		*ret_text = REPLY_TEXT_BUSY;
		if (hub->stopping || hub->messages >= limits->sessions)
			return true;
	} else if (!judge_same_class(message_get_class(message), department)) {
		*ret_text = REPLY_TEXT_SECOND_CLASS;
		return true;
	} else if (message_count_recipients(message) >= limits->recipients) {
		*ret_text = REPLY_TEXT_RECIPIENTS;
		return true;
	}
	return is_over_rate(session, department, ret_text);
}

static void defer_recipient(const struct session *session, const char *queue_id,
                            const char *address, enum reply_text text,
                            struct reply *reply)
{
	const struct log_ctx ctx = { .session = session->id,
		                     .queue_id = queue_id };

	reply_set_text(reply, session->hub->desk, text);
	counters_add(&session->hub->counters, COUNTER_RECIPIENTS_DEFERRED);
	if (text == REPLY_TEXT_RATE_CLIENT || text == REPLY_TEXT_RATE_SENDER ||
	    text == REPLY_TEXT_RATE_DEPARTMENT)
		counters_add(&session->hub->counters, COUNTER_RATE_LIMITED);
	log_event(LOG_LEVEL_INFO, &ctx, "recipient deferred",
	          LOG_STR("from", session->sender), LOG_STR("rcpt", address),
	          LOG_NUM("code", reply->code),
	          LOG_STR("why", reply_text_name(text)),
	          LOG_STR("client", session->ip),
	          LOG_STR("helo", session->helo),
	          LOG_STR("login", session->login));
}

static struct message *need_message(struct session *session)
{
	if (session->message == NULL)
		session->message = message_new(session->hub, &session->client);
	return session->message;
}

/* Local mail is never put off: what cannot be judged here goes unsealed. */
static void add_local(struct session *session, char *address,
                      struct department *department)
{
	struct message *message = need_message(session);
	const struct department *class = message_get_class(message);

	if (class != NULL && !judge_same_class(class, department))
		message_set_unsealed(message);
	message_add_recipient(message, address, department);
}

static void add_recipient(struct session *session, const char *queue_id,
                          char *address, struct department *department,
                          struct reply *reply)
{
	enum reply_text text;

	if (session->ip == NULL) {
		add_local(session, address, department);
	} else if (find_obstacle(session, department, &text)) {
		defer_recipient(session, queue_id, address, text, reply);
		department_free(department);
		g_free(address);
	} else {
		message_add_recipient(need_message(session), address,
		                      department);
	}
}

void session_rcpt(struct session *session, const char *queue_id,
                  const char *recipient, struct reply *reply)
{
	AUTO(mailbox) mailbox = NULL;
	struct department *department = NULL;

	reply_set(reply, REPLY_CONTINUE);
	if (session->sender == NULL)
		return;
	/* An address that is none of ours in form is none of ours. */
	mailbox = address_parse(recipient, strlen(recipient));
	if (mailbox == NULL)
		return;
	if (!find_department(session, mailbox->address, &department)) {
		if (session->ip != NULL)
			defer_recipient(session, queue_id, mailbox->address,
			                REPLY_TEXT_INTERNAL, reply);
		return;
	}
	if (department != NULL)
		add_recipient(session, queue_id, g_strdup(mailbox->address),
		              department, reply);
}

/* --- the message --- */

/* A decision ends the transaction for us. */
static void finish(struct session *session, const struct reply *reply)
{
	if (reply->action != REPLY_CONTINUE)
		clear_transaction(session);
}

void session_data(struct session *session, struct reply *reply)
{
	reply_set(reply,
	          session->message != NULL ? REPLY_CONTINUE : REPLY_ACCEPT);
	finish(session, reply);
}

void session_header(struct session *session, const char *name,
                    const char *value)
{
	if (session->message != NULL)
		message_header(session->message, name, value);
}

/* An MTA without the DATA step asks here for the first time. */
void session_end_header(struct session *session, const char *queue_id,
                        struct reply *reply)
{
	reply_set(reply, REPLY_ACCEPT);
	if (session->message != NULL)
		message_end_header(session->message, queue_id, reply);
	finish(session, reply);
}

void session_body(struct session *session, const char *data, size_t len)
{
	if (session->message != NULL)
		message_body(session->message, data, len);
}

void session_end(struct session *session, const char *queue_id,
                 struct reply *reply, GPtrArray *edits)
{
	reply_set(reply, REPLY_CONTINUE);
	if (session->message != NULL)
		message_end(session->message, queue_id, reply, edits);
	clear_transaction(session);
}

void session_abort(struct session *session)
{
	clear_transaction(session);
}
