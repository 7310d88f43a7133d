/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deliver.c - a received message to its departments
 *
 * Recipients of one department are one target: it gets the message once, and
 * all of them the same answer.
 */
#include "lmtpd/deliver.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "desk/judge.h"
#include "lmtpd/ruling.h"
#include "mail/header.h"
#include "mail/parse.h"

/* One department of a message. */
struct target {
	const struct addressee *addressee;
	struct ruling *ruling; /* NULL: trouble of ours */
	struct deliver_answer answer;
	struct intake_result result;
};

struct delivery {
	struct agent *agent;
	const struct lmtp_envelope *envelope;
	GBytes *raw;
	struct receive *received;
	gint64 started;
	char *message_id;
	struct log_ctx log;
	struct mail *mail;
	GPtrArray *targets; /* struct target */
	struct target **of; /* the target of each recipient */
};

void addressee_free(struct addressee *addressee)
{
	if (addressee == NULL)
		return;
	g_free(addressee->address);
	department_free(addressee->department);
	g_free(addressee);
}

struct addressee *deliver_find(struct agent *agent, const char *address,
                               GError **error)
{
	AUTO(mailbox) mailbox = address_parse(address, strlen(address));
	AUTO(addressee) found = NULL;
	GError *trouble = NULL;
	struct store *store;

	if (mailbox == NULL)
		return NULL;
	store = store_pool_get(agent->readers, error);
	if (store == NULL)
		return NULL;
	found = g_new0(struct addressee, 1);
	found->address = g_strdup(mailbox->address);
	found->department = judge_department(store, found->address, &trouble);
	store_pool_put(agent->readers, store, trouble != NULL);
	if (trouble != NULL)
		g_propagate_error(error, trouble);
	return found->department != NULL ? g_steal_pointer(&found) : NULL;
}

static void target_free(gpointer data)
{
	struct target *target = data;

	ruling_free(target->ruling);
	intake_result_clear(&target->result);
	g_free(target->answer.text);
	g_free(target);
}

static struct target *find_target(const struct delivery *delivery,
                                  const struct department *department)
{
	for (guint i = 0; i < delivery->targets->len; i++) {
		struct target *target = g_ptr_array_index(delivery->targets, i);

		if (target->addressee->department->id == department->id)
			return target;
	}
	return NULL;
}

/* Of two addresses of a department the one with an extension says more: it
 * may name a ticket. */
static struct target *add_target(struct delivery *delivery,
                                 const struct addressee *addressee)
{
	struct target *target = find_target(delivery, addressee->department);

	if (target == NULL) {
		target = g_new0(struct target, 1);
		target->addressee = addressee;
		g_ptr_array_add(delivery->targets, target);
	} else if (strchr(target->addressee->address, '+') == NULL) {
		target->addressee = addressee;
	}
	return target;
}

static void delivery_init(struct delivery *delivery)
{
	const GPtrArray *recipients = delivery->envelope->recipients;

	delivery->targets = g_ptr_array_new_with_free_func(target_free);
	delivery->of = g_new0(struct target *, recipients->len);
	for (guint i = 0; i < recipients->len; i++) {
		const struct lmtp_rcpt *rcpt = g_ptr_array_index(recipients, i);

		delivery->of[i] = add_target(delivery, rcpt->data);
	}
}

static void delivery_done(struct delivery *delivery)
{
	mail_free(delivery->mail);
	g_free(delivery->message_id);
	g_free(delivery->of);
	g_ptr_array_unref(delivery->targets);
}

static bool is_open(const struct target *target)
{
	return target->ruling != NULL && !target->ruling->later;
}

/* All open targets get the same answer and are closed with it. */
static void defer(struct delivery *delivery, enum lmtp_answer answer,
                  const char *reason)
{
	for (guint i = 0; i < delivery->targets->len; i++) {
		struct target *target = g_ptr_array_index(delivery->targets, i);

		target->answer.answer = answer;
	}
	log_event(LOG_LEVEL_ERROR, &delivery->log, "deferred",
	          LOG_STR("reason", reason));
}

/* Rulings. */

static void log_ruling(struct delivery *delivery, const struct target *target)
{
	const struct ruling *ruling = target->ruling;

	if (delivery->log.queue_id == NULL)
		delivery->log.queue_id = ruling->queue_id;
	if (ruling->seal == SEAL_VALID)
		return;
	counters_add(&delivery->agent->counters, COUNTER_UNSEALED, 1);
	log_event(LOG_LEVEL_INFO, &delivery->log, "unsealed",
	          LOG_STR("seal", seal_status_name(ruling->seal)),
	          LOG_STR("department", target->addressee->department->name),
	          LOG_STR("verdict",
	                  ruling->later ? "later"
	                                : seal_verdict_name(ruling->verdict)),
	          LOG_STR("reason", ruling->reason));
}

static void rule_one(struct delivery *delivery, struct ruling_case *one,
                     struct target *target)
{
	g_autoptr(GError) error = NULL;

	target->answer.answer = LMTP_ANSWER_TROUBLE;
	target->ruling = ruling_make(one, target->addressee->address,
	                             target->addressee->department, &error);
	if (target->ruling == NULL)
		log_error(&delivery->log, "judging failed, deferring", error);
	else
		log_ruling(delivery, target);
	if (target->ruling != NULL && target->ruling->later)
		target->answer.answer = LMTP_ANSWER_LATER;
}

/* How many targets are open after it. */
static size_t rule(struct delivery *delivery)
{
	struct ruling_case one = {
		.agent = delivery->agent,
		.envelope = delivery->envelope,
		.raw = delivery->raw,
		.received = delivery->received,
	};
	size_t open = 0;

	for (guint i = 0; i < delivery->targets->len; i++) {
		struct target *target = g_ptr_array_index(delivery->targets, i);

		rule_one(delivery, &one, target);
		open += is_open(target) ? 1 : 0;
	}
	ruling_case_clear(&one);
	return open;
}

/* Parsing. */

static struct mail *make_stub(const struct delivery *delivery,
                              const GError *reason)
{
	g_autofree char *why = g_strdup_printf(
		"Esta mensagem não pôde ser lida; o original foi guardado "
		"como chegou.\n"
		"This message could not be read; the original was kept as it "
		"came.\n\n%s\n",
		reason->message);

	return mail_parse_stub(delivery->raw, &delivery->agent->config->limits,
	                       why);
}

static struct mail *parse(const struct delivery *delivery, GError **error)
{
	g_autoptr(GVariant) variant = parser_pool_run(
		delivery->agent->parsers, receive_get_fd(delivery->received),
		receive_get_size(delivery->received), error);
	GError *lie = NULL;
	struct mail *mail;

	if (variant == NULL)
		return NULL;
	mail = mail_from_variant(variant, &lie);
	if (mail == NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
		            "the parser's answer makes no sense: %s",
		            lie->message);
		g_error_free(lie);
	}
	return mail;
}

/* False: our trouble, all is deferred. Whatever the bytes are, they are kept:
 * what the parser cannot read becomes a stub. */
static bool parse_or_stub(struct delivery *delivery)
{
	g_autoptr(GError) error = NULL;

	delivery->mail = parse(delivery, &error);
	if (delivery->mail != NULL)
		return true;
	if (g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY)) {
		defer(delivery, LMTP_ANSWER_TROUBLE, error->message);
		return false;
	}
	counters_add(&delivery->agent->counters, COUNTER_UNPARSED, 1);
	log_event(LOG_LEVEL_WARNING, &delivery->log, "unparsed, keeping a stub",
	          LOG_STR("reason", error->message));
	delivery->mail = make_stub(delivery, error);
	return true;
}

/* Writing. */

static struct intake_recipient intake_of(const struct target *target)
{
	const struct ruling *ruling = target->ruling;

	return (struct intake_recipient){
		.address = target->addressee->address,
		.department = target->addressee->department,
		.verdict = ruling->verdict,
		.proof = ruling->proof,
		.identity = ruling->identity,
		.reason = ruling->reason,
		.delivery_key = ruling->key,
		.repeat_key = ruling->repeat_key,
	};
}

static void log_stored(const struct delivery *delivery,
                       const struct target *target)
{
	struct log_ctx ctx = delivery->log;

	ctx.ticket = target->result.ref;
	log_event(
		LOG_LEVEL_INFO, &ctx, "stored",
		LOG_STR("outcome", intake_outcome_name(target->result.outcome)),
		LOG_STR("from", target->ruling->identity),
		LOG_STR("rcpt", target->addressee->address),
		LOG_NUM("size", g_bytes_get_size(delivery->raw)),
		LOG_NUM("ms", clock_monotonic() - delivery->started));
}

static void set_stored(const struct delivery *delivery, struct target *target,
                       struct intake_result *result)
{
	struct counters *counters = &delivery->agent->counters;

	target->result = *result;
	target->answer.answer = LMTP_ANSWER_STORED;
	target->answer.text = g_strdup(result->answer);
	counters_add(counters, COUNTER_HELD, result->outcome == INTAKE_HELD);
	counters_add(counters, COUNTER_DUPLICATES,
	             result->outcome == INTAKE_DUPLICATE);
	counters_add(counters, COUNTER_REPEATED,
	             result->outcome == INTAKE_REPEATED);
	log_stored(delivery, target);
}

static void write_open(struct delivery *delivery, size_t count)
{
	g_autofree struct intake_recipient *recipients =
		g_new0(struct intake_recipient, count);
	g_autofree struct intake_result *results =
		g_new0(struct intake_result, count);
	g_autofree struct target **open = g_new0(struct target *, count);
	g_autoptr(GError) error = NULL;
	struct intake_message message = {
		.raw = delivery->raw,
		.mail = delivery->mail,
		.mail_from = delivery->envelope->mail.address,
		.recipients = recipients,
		.n_recipients = count,
	};

	for (guint i = 0, at = 0; i < delivery->targets->len; i++) {
		struct target *target = g_ptr_array_index(delivery->targets, i);

		if (!is_open(target))
			continue;
		recipients[at] = intake_of(target);
		open[at++] = target;
	}
	message.client_ip = open[0]->ruling->client_ip;
	message.queue_id = delivery->log.queue_id;
	message.evidence = open[0]->ruling->evidence;
	if (!writer_store(delivery->agent->writer, &message, results, &error)) {
		log_error(&delivery->log, "storing failed, deferring", error);
		return;
	}
	for (size_t i = 0; i < count; i++)
		set_stored(delivery, open[i], &results[i]);
}

/* From the start to the answers of the targets. */
static void run(struct delivery *delivery, enum receive_status status)
{
	static const struct {
		enum lmtp_answer answer;
		const char *reason;
	} refused[] = {
		[RECEIVE_LARGE] = { LMTP_ANSWER_LARGE,
		                    "larger than limits.message_bytes" },
		[RECEIVE_FULL] = { LMTP_ANSWER_FULL,
		                   "too many large messages at once" },
		[RECEIVE_TROUBLE] = { LMTP_ANSWER_TROUBLE,
		                      "no memory for the message" },
	};
	size_t open;

	if (status != RECEIVE_OK) {
		defer(delivery, refused[status].answer, refused[status].reason);
		return;
	}
	delivery->raw = receive_get_bytes(delivery->received);
	delivery->message_id = header_dup_single(
		g_bytes_get_data(delivery->raw, NULL),
		g_bytes_get_size(delivery->raw), "Message-ID", NULL);
	if (delivery->message_id != NULL)
		delivery->log.message_id = g_strstrip(delivery->message_id);
	open = rule(delivery);
	if (open > 0 && parse_or_stub(delivery))
		write_open(delivery, open);
}

static struct deliver_answer *collect(const struct delivery *delivery)
{
	guint count = delivery->envelope->recipients->len;
	struct counters *counters = &delivery->agent->counters;
	struct deliver_answer *answers = g_new0(struct deliver_answer, count);

	for (guint i = 0; i < count; i++) {
		const struct deliver_answer *answer = &delivery->of[i]->answer;

		answers[i].answer = answer->answer;
		answers[i].text = g_strdup(answer->text);
		counters_add(counters,
		             answer->answer == LMTP_ANSWER_STORED
		                     ? COUNTER_STORED
		                     : COUNTER_DEFERRED,
		             1);
	}
	return answers;
}

struct deliver_answer *deliver_message(struct agent *agent, const char *session,
                                       const struct lmtp_envelope *envelope,
                                       struct receive *received)
{
	struct delivery delivery = {
		.agent = agent,
		.envelope = envelope,
		.received = received,
		.started = clock_monotonic(),
		.log = { .session = session,
		         .queue_id = envelope->client.ident },
	};
	struct deliver_answer *answers;

	counters_add(&agent->counters, COUNTER_MESSAGES, 1);
	counters_add(&agent->counters, COUNTER_BYTES,
	             (gint64)receive_get_size(received));
	delivery_init(&delivery);
	run(&delivery, receive_finish(received));
	answers = collect(&delivery);
	delivery_done(&delivery);
	return answers;
}

void deliver_answers_free(struct deliver_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		g_free(answers[i].text);
	g_free(answers);
}
