/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.c - one message for departments, from header to verdict
 *
 * Fail closed: whatever goes wrong here is a temporary failure, never an
 * acceptance. Numbers of the rate limit are counted for what is taken only,
 * and a sender's for what is proven to be his, so that forged mail uses up
 * nobody's share.
 */
#include "milter/message.h"

#include <string.h>

#include "auth/authres.h"
#include "base/clock.h"
#include "base/error.h"
#include "mail/header.h"

struct recipient {
	char *address;
	struct department *department;
};

struct message {
	struct hub *hub;
	const struct message_client *client;
	GPtrArray *recipients; /* struct recipient */
	struct block *block;
	struct auth_message *auth; /* NULL before the end of the header, and
				      for mail that passes unsealed */
	bool header_ended;
	bool need_body;
	bool unsealed;
	bool decided;
	guint64 body_bytes;
	gint64 spent; /* milliseconds that the sender waited for us */
};

/* What the log calls each decision. */
static const struct {
	const char *event;
	enum counter counter;
} decisions[] = {
	[POLICY_ACCEPT] = { "accepted", COUNTER_ACCEPTED },
	[POLICY_ACCEPT_REPLY] = { "accepted", COUNTER_ACCEPTED },
	[POLICY_ACCEPT_STAFF] = { "accepted", COUNTER_ACCEPTED },
	[POLICY_ACCEPT_BOUNCE] = { "accepted", COUNTER_ACCEPTED },
	[POLICY_HOLD] = { "held", COUNTER_HELD },
	[POLICY_REJECT] = { "refused", COUNTER_REFUSED },
	[POLICY_TEMPFAIL] = { "deferred", COUNTER_DEFERRED },
};
G_STATIC_ASSERT(G_N_ELEMENTS(decisions) == POLICY_ACTION__COUNT);

static const enum reply_text fault_texts[] = {
	[BLOCK_OK] = REPLY_TEXT_INTERNAL,
	[BLOCK_TOO_LARGE] = REPLY_TEXT_HEADER_SIZE,
	[BLOCK_TOO_MANY] = REPLY_TEXT_HEADER_FIELDS,
	[BLOCK_MALFORMED] = REPLY_TEXT_HEADER_SYNTAX,
};
G_STATIC_ASSERT(G_N_ELEMENTS(fault_texts) == BLOCK_FAULT__COUNT);

static void recipient_free(gpointer data)
{
	struct recipient *recipient = data;

	g_free(recipient->address);
	department_free(recipient->department);
	g_free(recipient);
}

struct message *message_new(struct hub *hub,
                            const struct message_client *client)
{
	struct message *message = g_new0(struct message, 1);

	hub->messages++;
	counters_add(&hub->counters, COUNTER_TRANSACTIONS);
	message->hub = hub;
	message->client = client;
	message->recipients = g_ptr_array_new_with_free_func(recipient_free);
	message->block = block_new(&hub->config->limits);
	return message;
}

void message_add_recipient(struct message *message, char *address,
                           struct department *department)
{
	struct recipient *recipient = g_new(struct recipient, 1);

	recipient->address = address;
	recipient->department = department;
	g_ptr_array_add(message->recipients, recipient);
}

static const struct recipient *get_recipient(const struct message *message,
                                             guint i)
{
	return g_ptr_array_index(message->recipients, i);
}

size_t message_count_recipients(const struct message *message)
{
	return message->recipients->len;
}

const struct department *message_get_class(const struct message *message)
{
	return message->recipients->len > 0
	               ? get_recipient(message, 0)->department
	               : NULL;
}

void message_set_unsealed(struct message *message)
{
	message->unsealed = true;
}

/* --- log --- */

/* Addresses or names of departments, in order, each once. */
static char *dup_list(const struct message *message, bool departments)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (guint i = 0; i < message->recipients->len; i++) {
		const struct recipient *one = get_recipient(message, i);
		char *text = departments ? one->department->name : one->address;

		if (!g_ptr_array_find_with_equal_func(list, text, g_str_equal,
		                                      NULL))
			g_ptr_array_add(list, text);
	}
	g_ptr_array_add(list, NULL);
	return g_strjoinv(",", (char **)list->pdata);
}

static char *dup_message_id(const struct message *message)
{
	size_t len;
	const char *bytes = block_get(message->block, &len);
	g_autofree char *value =
		header_dup_single(bytes, len, "Message-ID", NULL);

	return value != NULL ? header_unfold(value, strlen(value)) : NULL;
}

/* The one line of a message. verdict NULL: there is none, and `why` says it. */
static void log_decision(const struct message *message, const char *queue_id,
                         const char *event, const struct verdict *verdict,
                         const struct reply *reply, const char *why)
{
	const struct auth_client *client = &message->client->auth;
	g_autofree char *recipients = dup_list(message, false);
	g_autofree char *departments = dup_list(message, true);
	g_autofree char *message_id = dup_message_id(message);
	const struct log_ctx ctx = { .session = message->client->session,
		                     .queue_id = queue_id,
		                     .message_id = message_id };
	const char *who = NULL, *proof = NULL, *action = NULL, *row = NULL;
	const char *author = NULL;

	if (verdict != NULL) {
		who = policy_who_name(verdict->who);
		proof = auth_proof_name(verdict->proof);
		action = policy_action_name(verdict->action);
		row = verdict->row;
		author = verdict->identity;
		why = verdict->reason;
	}
	log_event(LOG_LEVEL_INFO, &ctx, event,
	          LOG_STR("from", client->mail_from),
	          LOG_STR("rcpt", recipients), LOG_STR("dept", departments),
	          LOG_STR("author", author), LOG_STR("who", who),
	          LOG_STR("proof", proof), LOG_STR("verdict", action),
	          LOG_STR("row", row),
	          { .key = "code", .num = reply->code, .is_num = reply->code },
	          LOG_STR("client", client->ip), LOG_STR("helo", client->helo),
	          LOG_STR("login", client->login),
	          LOG_NUM("body", message->body_bytes),
	          LOG_NUM("ms", message->spent), LOG_STR("why", why));
}

static void log_abort(const struct message *message)
{
	const struct log_ctx ctx = { .session = message->client->session };

	counters_add(&message->hub->counters, COUNTER_ABORTED);
	log_event(LOG_LEVEL_DEBUG, &ctx, "aborted",
	          LOG_STR("from", message->client->auth.mail_from));
}

void message_free(struct message *message)
{
	if (message == NULL)
		return;
	if (!message->decided)
		log_abort(message);
	auth_message_free(message->auth);
	block_free(message->block);
	g_ptr_array_unref(message->recipients);
	message->hub->messages--;
	g_free(message);
}

/* --- decisions --- */

/* Local mail goes on; what claims to be ours is removed at the end. */
static void pass(struct message *message)
{
	message->unsealed = true;
	message->need_body = false;
	g_clear_pointer(&message->auth, auth_message_free);
}

/* A reply that is not about the sender. */
static void refuse_text(struct message *message, const char *queue_id,
                        enum reply_text text, struct reply *reply)
{
	struct hub *hub = message->hub;
	enum policy_action action;

	if (message->client->local) {
		pass(message);
		return;
	}
	reply_set_text(reply, hub->desk, text);
	action =
		reply->action == REPLY_REJECT ? POLICY_REJECT : POLICY_TEMPFAIL;
	message->decided = true;
	counters_add(&hub->counters, decisions[action].counter);
	log_decision(message, queue_id, decisions[action].event, NULL, reply,
	             reply_text_name(text));
}

static void fail(struct message *message, const char *queue_id,
                 const GError *error, struct reply *reply)
{
	const struct log_ctx ctx = { .session = message->client->session,
		                     .queue_id = queue_id };

	counters_add(&message->hub->counters, COUNTER_FAILURES);
	log_error(&ctx,
	          message->client->local ? "cannot judge, passing"
	                                 : "cannot judge, deferring",
	          error);
	refuse_text(message, queue_id, REPLY_TEXT_INTERNAL, reply);
}

/* A verdict that says no. */
static void refuse(struct message *message, const char *queue_id,
                   const struct verdict *verdict, struct reply *reply)
{
	struct hub *hub = message->hub;

	if (message->client->local) {
		pass(message);
		return;
	}
	reply_set_verdict(reply, hub->desk, verdict);
	message->decided = true;
	counters_add(&hub->counters, decisions[verdict->action].counter);
	log_decision(message, queue_id, decisions[verdict->action].event,
	             verdict, reply, NULL);
}

/* --- judging --- */

typedef struct verdict *judge_fn(const struct desk *desk, struct store *store,
                                 const struct judge_input *input,
                                 GError **error);

/* Recipients as judge.h has them; owned by the caller, borrows. */
static struct judge_recipient *dup_recipients(const struct message *message)
{
	guint n = message->recipients->len;
	struct judge_recipient *list = g_new0(struct judge_recipient, n);

	for (guint i = 0; i < n; i++) {
		list[i].address = get_recipient(message, i)->address;
		list[i].department = get_recipient(message, i)->department;
	}
	return list;
}

static void fill_input(const struct message *message,
                       const struct judge_recipient *recipients,
                       const struct auth_result *auth,
                       struct judge_input *ret_input)
{
	size_t len;
	const char *bytes = block_get(message->block, &len);

	*ret_input = (struct judge_input){
		.recipients = recipients,
		.n_recipients = message->recipients->len,
		.client = &message->client->auth,
		.header = bytes,
		.header_len = len,
		.auth = auth,
	};
}

static struct verdict *judge_with(const struct message *message,
                                  judge_fn *judge,
                                  const struct judge_input *input,
                                  GError **error)
{
	struct hub *hub = message->hub;
	struct store *store = store_pool_get(hub->readers, error);
	struct verdict *verdict;
	GError *local = NULL;

	if (store == NULL)
		return NULL;
	verdict = judge(hub->desk, store, input, &local);
	store_pool_put(hub->readers, store, local != NULL);
	if (local != NULL) {
		g_clear_pointer(&verdict, verdict_free);
		g_propagate_error(error, local);
	}
	return verdict;
}

/* --- header --- */

void message_header(struct message *message, const char *name,
                    const char *value)
{
	if (!message->header_ended)
		block_add(message->block, name, value);
}

static gint64 deadline(const struct message *message)
{
	return clock_monotonic() +
	       (gint64)message->hub->config->milter.message_seconds *
	               CLOCK_SECOND;
}

/* Looks up the keys of the signatures. */
static void start_auth(struct message *message)
{
	struct header_walk walk;
	struct header_field field;
	size_t len;
	const char *bytes = block_get(message->block, &len);

	message->auth =
		auth_message_new(message->hub->auth, &message->client->auth,
	                         deadline(message), false);
	header_walk_init(&walk, bytes, len);
	while (header_walk_next(&walk, &field))
		auth_message_header(message->auth, field.name, field.name_len,
		                    field.value, field.value_len);
	message->need_body = auth_message_end_header(message->auth);
}

/* Refuses whom no authentication could help, before it costs anything. */
static bool is_refused_early(struct message *message, const char *queue_id,
                             struct reply *reply)
{
	g_autofree struct judge_recipient *recipients = dup_recipients(message);
	g_autoptr(GError) error = NULL;
	struct judge_input input;
	AUTO(verdict) verdict = NULL;

	fill_input(message, recipients, NULL, &input);
	verdict = judge_with(message, judge_early, &input, &error);
	if (verdict != NULL)
		refuse(message, queue_id, verdict, reply);
	else if (error != NULL)
		fail(message, queue_id, error, reply);
	return verdict != NULL || error != NULL;
}

static void judge_header(struct message *message, const char *queue_id,
                         struct reply *reply)
{
	enum block_fault fault = block_check(message->block);

	if (message->unsealed)
		return;
	if (fault != BLOCK_OK)
		refuse_text(message, queue_id, fault_texts[fault], reply);
	else if (!is_refused_early(message, queue_id, reply))
		start_auth(message);
}

void message_end_header(struct message *message, const char *queue_id,
                        struct reply *reply)
{
	gint64 start = clock_monotonic();

	reply_set(reply, REPLY_CONTINUE);
	if (message->header_ended)
		return;
	message->header_ended = true;
	judge_header(message, queue_id, reply);
	message->spent += clock_monotonic() - start;
}

/* --- body --- */

static bool is_too_large(const struct message *message)
{
	return message->body_bytes > message->hub->config->limits.message_bytes;
}

void message_body(struct message *message, const char *data, size_t len)
{
	message->body_bytes += len;
	if (message->need_body && !is_too_large(message))
		auth_message_body(message->auth, data, len);
}

/* --- end --- */

static void add_insert(GPtrArray *edits, const char *name, char *value)
{
	struct block_edit *edit = g_new0(struct block_edit, 1);

	edit->name = g_strdup(name);
	edit->value = value;
	g_ptr_array_add(edits, edit);
}

/* The field body of the seal, or NULL. */
static char *dup_seal(const struct message *message, const char *queue_id,
                      const struct judge_input *input,
                      const struct verdict *verdict)
{
	AUTO(seal) seal = judge_seal(verdict, input, queue_id);
	struct seal_headers headers;
	char *value;

	if (seal == NULL)
		return NULL;
	seal_headers_read(input->header, input->header_len, &headers);
	value = seal_format(seal, &headers, desk_get_keys(message->hub->desk));
	seal_headers_clear(&headers);
	return value;
}

/* Our two fields at the top, everything that claims to be ours away. */
static bool add_edits(const struct message *message, const char *queue_id,
                      const struct judge_input *input,
                      const struct verdict *verdict, GPtrArray *edits)
{
	const char *id = message->hub->config->server.authserv_id;
	char *seal = dup_seal(message, queue_id, input, verdict);

	if (seal == NULL)
		return false;
	block_add_forged(message->block, id, edits);
	add_insert(edits, "Authentication-Results",
	           authres_format(id, input->client, input->auth,
	                          judge_registered(verdict)));
	add_insert(edits, SEAL_HEADER, seal);
	return true;
}

static void count_rate(const struct message *message,
                       const struct verdict *verdict)
{
	struct ratelimit *limit = message->hub->ratelimit;
	const struct department *class = message_get_class(message);
	struct ratelimit_key key = {
		.kind = RATELIMIT_SENDER,
		.anyone = class->accept == DEPARTMENT_ANYONE,
		.key = message->client->auth.mail_from,
	};
	gint64 now = clock_monotonic();

	if (!message->client->counted)
		return;
	if (verdict->proof == AUTH_PROVEN && key.key[0] != '\0')
		(void)ratelimit_take(limit, &key, now);
	key.kind = RATELIMIT_DEPARTMENT;
	for (guint i = 0; i < message->recipients->len; i++) {
		key.key = get_recipient(message, i)->department->name;
		(void)ratelimit_take(limit, &key, now);
	}
}

static bool is_refusal(const struct verdict *verdict)
{
	return verdict->action == POLICY_REJECT ||
	       verdict->action == POLICY_TEMPFAIL;
}

static void accept_message(struct message *message, const char *queue_id,
                           const struct judge_input *input,
                           const struct verdict *verdict, struct reply *reply,
                           GPtrArray *edits)
{
	if (!add_edits(message, queue_id, input, verdict, edits)) {
		g_autoptr(GError) error = g_error_new_literal(
			PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
			"the message could not be sealed");

		fail(message, queue_id, error, reply);
		return;
	}
	count_rate(message, verdict);
	message->decided = true;
	counters_add(&message->hub->counters,
	             decisions[verdict->action].counter);
	log_decision(message, queue_id, decisions[verdict->action].event,
	             verdict, reply, NULL);
}

static void judge_whole(struct message *message, const char *queue_id,
                        struct reply *reply, GPtrArray *edits)
{
	g_autofree struct judge_recipient *recipients = dup_recipients(message);
	gint64 start = clock_monotonic();
	g_autoptr(GError) error = NULL;
	AUTO(auth_result) result = NULL;
	AUTO(verdict) verdict = NULL;
	struct judge_input input;

	auth_message_set_deadline(message->auth, deadline(message));
	result = auth_message_finish(message->auth);
	fill_input(message, recipients, result, &input);
	verdict = judge_with(message, judge_message, &input, &error);
	message->spent += clock_monotonic() - start;
	if (verdict == NULL)
		fail(message, queue_id, error, reply);
	else if (is_refusal(verdict))
		refuse(message, queue_id, verdict, reply);
	else
		accept_message(message, queue_id, &input, verdict, reply,
		               edits);
}

/* What goes on without a seal still must not carry a false one. */
static void end_unsealed(struct message *message, const char *queue_id,
                         const struct reply *reply, GPtrArray *edits)
{
	struct hub *hub = message->hub;

	block_add_forged(message->block, hub->config->server.authserv_id,
	                 edits);
	message->decided = true;
	counters_add(&hub->counters, COUNTER_PASSED);
	log_decision(message, queue_id, "passed", NULL, reply,
	             "local mail that cannot be sealed");
}

void message_end(struct message *message, const char *queue_id,
                 struct reply *reply, GPtrArray *edits)
{
	message_end_header(message, queue_id, reply);
	if (reply->action != REPLY_CONTINUE)
		return;
	if (is_too_large(message))
		refuse_text(message, queue_id, REPLY_TEXT_MESSAGE_SIZE, reply);
	else if (!message->unsealed)
		judge_whole(message, queue_id, reply, edits);
	if (reply->action == REPLY_CONTINUE && message->unsealed)
		end_unsealed(message, queue_id, reply, edits);
}
