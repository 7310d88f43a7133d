/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth.c - one message through SPF, DKIM and DMARC
 *
 * DKIM keys are looked up first, then SPF of MAIL FROM, then DMARC, then SPF
 * of HELO, which proves nothing: if the message's DNS budget does not reach,
 * the least important check is the one that goes without.
 */
#include "auth/auth.h"

#include "mail/header.h"

#include <string.h>

static const char *const proof_names[] = {
	"proven",
	"unproven",
	"disproven",
	"trouble",
};
G_STATIC_ASSERT(G_N_ELEMENTS(proof_names) == AUTH_PROOF__COUNT);

const char *auth_proof_name(enum auth_proof proof)
{
	if ((unsigned)proof >= AUTH_PROOF__COUNT)
		return "unknown";
	return proof_names[proof];
}

bool auth_proof_parse(const char *name, enum auth_proof *ret_proof)
{
	for (unsigned i = 0; i < AUTH_PROOF__COUNT; i++) {
		if (strcmp(name, proof_names[i]) == 0) {
			*ret_proof = (enum auth_proof)i;
			return true;
		}
	}
	return false;
}

void auth_result_free(struct auth_result *result)
{
	if (result == NULL)
		return;
	mailbox_free(result->from);
	spf_outcome_clear(&result->spf_helo);
	spf_outcome_clear(&result->spf_mail);
	g_clear_pointer(&result->dkim, g_ptr_array_unref);
	dmarc_outcome_clear(&result->dmarc);
	g_free(result->method);
	g_free(result->reason);
	g_free(result);
}

/* --- one a process --- */

struct auth {
	struct resolver *resolver;
	struct dkim_library *dkim;
	struct limits limits;
};

struct auth *auth_new(const struct config *config, GError **error)
{
	AUTO(auth) auth = g_new0(struct auth, 1);

	auth->limits = config->limits;
	auth->resolver = resolver_new(&config->dns, error);
	if (auth->resolver == NULL)
		return NULL;
	auth->dkim = dkim_library_new(auth->resolver, error);
	if (auth->dkim == NULL)
		return NULL;
	return g_steal_pointer(&auth);
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	dkim_library_free(auth->dkim);
	resolver_free(auth->resolver);
	g_free(auth);
}

struct resolver *auth_get_resolver(struct auth *auth)
{
	return auth->resolver;
}

/* --- one message --- */

struct auth_message {
	struct auth *auth;
	char *ip;
	char *helo;
	char *mail_from;
	bool trusted;
	struct dns_budget budget;
	struct dkim_verifier *verifier;
	unsigned from_count;
	char *from_value; /* of the first From field */
	size_t from_len;
	bool header_ended;
	enum address_status from_status;
	struct mailbox *from;
};

struct auth_message *auth_message_new(struct auth *auth,
                                      const struct auth_client *client,
                                      gint64 deadline, bool trace)
{
	struct auth_message *message = g_new0(struct auth_message, 1);

	message->auth = auth;
	message->ip = g_strdup(client->ip);
	message->helo = g_strdup(client->helo);
	message->mail_from =
		g_strdup(client->mail_from != NULL ? client->mail_from : "");
	message->trusted = client->trusted;
	message->from_status = ADDRESS_NONE;
	message->budget.lookups_left = auth->limits.dns_lookups;
	message->budget.deadline = deadline;
	if (trace)
		message->budget.trace = g_ptr_array_new_with_free_func(g_free);
	message->verifier =
		dkim_verifier_new(auth->dkim, &auth->limits, &message->budget);
	return message;
}

void auth_message_set_deadline(struct auth_message *message, gint64 deadline)
{
	message->budget.deadline = deadline;
}

void auth_message_free(struct auth_message *message)
{
	if (message == NULL)
		return;
	dkim_verifier_free(message->verifier);
	g_clear_pointer(&message->budget.trace, g_ptr_array_unref);
	mailbox_free(message->from);
	g_free(message->from_value);
	g_free(message->mail_from);
	g_free(message->helo);
	g_free(message->ip);
	g_free(message);
}

const GPtrArray *auth_message_get_trace(const struct auth_message *message)
{
	return message->budget.trace;
}

static bool is_from(const char *name, size_t len)
{
	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	return len == strlen("From") &&
	       g_ascii_strncasecmp(name, "From", len) == 0;
}

void auth_message_header(struct auth_message *message, const char *name,
                         size_t name_len, const char *value, size_t value_len)
{
	if (is_from(name, name_len) && message->from_count++ == 0) {
		message->from_value = g_memdup2(value, value_len);
		message->from_len = value_len;
	}
	dkim_verifier_header(message->verifier, name, name_len, value,
	                     value_len);
}

/* Who the author is: exactly one From field with exactly one mailbox. */
static enum address_status read_from(struct auth_message *message)
{
	if (message->from_count == 0)
		return ADDRESS_NONE;
	if (message->from_count > 1)
		return ADDRESS_SEVERAL;
	return address_parse_from(
		message->from_value != NULL ? message->from_value : "",
		message->from_len, &message->from);
}

bool auth_message_end_header(struct auth_message *message)
{
	if (message->header_ended)
		return false;
	message->header_ended = true;
	message->from_status = read_from(message);
	return dkim_verifier_end_header(
		message->verifier,
		message->from != NULL ? message->from->domain : NULL);
}

void auth_message_body(struct auth_message *message, const char *data,
                       size_t len)
{
	dkim_verifier_body(message->verifier, data, len);
}

/* --- SPF --- */

static void spf_skip(const char *why, struct spf_outcome *ret_outcome)
{
	ret_outcome->result = SPF_RESULT_NONE;
	ret_outcome->domain = g_strdup("");
	ret_outcome->reason = g_strdup(why);
}

static const char *spf_obstacle(const struct auth_message *message)
{
	if (message->trusted)
		return "the client is in a trusted network";
	if (message->ip == NULL)
		return "the client's address is unknown";
	return NULL;
}

static void run_spf(struct auth_message *message, const char *sender,
                    struct spf_outcome *ret_outcome)
{
	const char *why = spf_obstacle(message);
	const char *helo = message->helo != NULL ? message->helo : "";
	struct spf_query query = {
		.ip = message->ip,
		.helo = helo,
		.sender = sender,
	};

	if (why == NULL && *sender == '\0' && *helo == '\0')
		why = "the client gave no name";
	if (why != NULL)
		spf_skip(why, ret_outcome);
	else
		spf_check(message->auth->resolver, &message->budget, &query,
		          ret_outcome);
}

/* For the null sender both identities are the same one (RFC 7208 2.4). */
static void run_spf_helo(struct auth_message *message,
                         const struct spf_outcome *mail,
                         struct spf_outcome *ret_outcome)
{
	if (*message->mail_from != '\0') {
		run_spf(message, "", ret_outcome);
		return;
	}
	ret_outcome->result = mail->result;
	ret_outcome->domain = g_strdup(mail->domain);
	ret_outcome->reason = g_strdup(mail->reason);
}

/* --- proof --- */

struct finding {
	enum auth_proof proof;
	const char *method;
	char *reason;
};

static const char *const from_reasons[] = {
	[ADDRESS_OK] = "",
	[ADDRESS_NONE] = "there is no author in From",
	[ADDRESS_SEVERAL] = "From names more than one author",
	[ADDRESS_DOUBTFUL] = "From cannot be read without guessing",
};
G_STATIC_ASSERT(G_N_ELEMENTS(from_reasons) == ADDRESS_STATUS__COUNT);

static bool asks_to_refuse(const struct dmarc_outcome *dmarc)
{
	return dmarc->result == DMARC_RESULT_FAIL &&
	       dmarc->policy != DMARC_POLICY_NONE;
}

static struct finding find_disproof(const struct auth_result *result)
{
	const char *domain = result->from->domain;
	struct finding finding = { AUTH_UNPROVEN, "", NULL };

	if (asks_to_refuse(&result->dmarc)) {
		finding.proof = AUTH_DISPROVEN;
		finding.reason = g_strdup_printf(
			"%s asks for %s of mail that fails DMARC, and this "
			"does",
			domain, dmarc_policy_name(result->dmarc.policy));
	} else if (result->dmarc.spf_same_domain &&
	           result->spf_mail.result == SPF_RESULT_FAIL) {
		finding.proof = AUTH_DISPROVEN;
		finding.reason = g_strdup_printf(
			"SPF of %s says that the client may not send for it",
			result->spf_mail.domain);
	} else {
		finding.reason = g_strdup_printf(
			"neither DKIM nor SPF speaks for %s", domain);
	}
	return finding;
}

static struct finding find_proof(const struct auth_result *result)
{
	const struct dmarc_outcome *dmarc = &result->dmarc;
	struct finding finding = { AUTH_PROVEN, "", NULL };

	if (result->from_status != ADDRESS_OK) {
		finding.proof = AUTH_UNPROVEN;
		finding.reason = g_strdup(from_reasons[result->from_status]);
	} else if (dmarc->dkim_aligned) {
		finding.method = "dkim";
		finding.reason = g_strdup_printf(
			"a DKIM signature speaks for %s", result->from->domain);
	} else if (dmarc->spf_aligned) {
		finding.method = "spf";
		finding.reason = g_strdup_printf("SPF of %s allows the client",
		                                 result->spf_mail.domain);
	} else if (dmarc->trouble) {
		finding.proof = AUTH_TROUBLE;
		finding.reason =
			g_strdup_printf("DNS trouble: %s", dmarc->reason);
	} else {
		finding = find_disproof(result);
	}
	return finding;
}

static void run_dmarc(struct auth_message *message, struct auth_result *result)
{
	if (result->from == NULL) {
		result->dmarc.result = DMARC_RESULT_NONE;
		result->dmarc.policy_domain = g_strdup("");
		result->dmarc.org_domain = g_strdup("");
		result->dmarc.reason =
			g_strdup(from_reasons[result->from_status]);
		return;
	}
	dmarc_evaluate(message->auth->resolver, &message->budget,
	               result->from->domain, &result->spf_mail, result->dkim,
	               &result->dmarc);
}

struct auth_result *auth_message_finish(struct auth_message *message)
{
	struct auth_result *result = g_new0(struct auth_result, 1);
	struct finding finding;

	(void)auth_message_end_header(message);
	result->from_status = message->from_status;
	result->from = g_steal_pointer(&message->from);
	result->dkim = dkim_verifier_finish(message->verifier);
	run_spf(message, message->mail_from, &result->spf_mail);
	run_dmarc(message, result);
	run_spf_helo(message, &result->spf_mail, &result->spf_helo);
	finding = find_proof(result);
	result->proof = finding.proof;
	result->method = g_strdup(finding.method);
	result->reason = finding.reason;
	return result;
}

struct auth_result *auth_check_bytes(struct auth *auth,
                                     const struct auth_client *client,
                                     GBytes *raw, gint64 deadline)
{
	AUTO(auth_message)
	message = auth_message_new(auth, client, deadline, false);
	size_t len;
	const char *data = g_bytes_get_data(raw, &len);
	struct header_walk walk;
	struct header_field field;

	if (data == NULL)
		data = "";
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		auth_message_header(message, field.name, field.name_len,
		                    field.value, field.value_len);
	if (auth_message_end_header(message)) {
		const char *body = header_walk_body(&walk);

		auth_message_body(message, body, (size_t)(data + len - body));
	}
	return auth_message_finish(message);
}
