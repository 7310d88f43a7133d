/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/auth.h - one message through SPF, DKIM and DMARC
 *
 * The streaming front that the milter, the LMTP agent (a message without a
 * seal) and `portaria explain` share. All members of struct auth_result are
 * filled; reasons are our words.
 */
#ifndef PORTARIA_AUTH_AUTH_H
#define PORTARIA_AUTH_AUTH_H

#include "auth/dmarc.h"
#include "mail/address.h"

/* What the checks say of the author's domain (DESIGN section 5). Sender
 * policy adds SASL and the registry. */
enum auth_proof {
	AUTH_PROVEN,
	AUTH_UNPROVEN,
	AUTH_DISPROVEN,
	AUTH_TROUBLE, /* DNS: nothing can be said now */
	AUTH_PROOF__COUNT
};

const char *auth_proof_name(enum auth_proof proof);
bool auth_proof_parse(const char *name, enum auth_proof *ret_proof);

/* What is known of the client; borrowed by auth_message_new, copied. */
struct auth_client {
	const char *ip;        /* NULL: unknown, SPF is not evaluated */
	const char *helo;      /* NULL: unknown */
	const char *mail_from; /* address without <>, "" for the null sender */
	const char *login;     /* SASL login or NULL */
	bool trusted;          /* from a trusted network: SPF says nothing */
};

struct auth_result {
	enum address_status from_status;
	struct mailbox *from; /* NULL unless ADDRESS_OK */
	struct spf_outcome spf_helo;
	struct spf_outcome spf_mail;
	GPtrArray *dkim; /* struct dkim_signature */
	struct dmarc_outcome dmarc;
	enum auth_proof proof;
	char *method; /* what proved it: "dkim", "spf", "" */
	char *reason; /* one sentence for log and ticket */
};
void auth_result_free(struct auth_result *result);
DEFINE_AUTO(auth_result)

struct auth; /* resolver, DKIM library; one a process, shared by threads */
struct auth *auth_new(const struct config *config, GError **error) NODISCARD;
void auth_free(struct auth *auth);
DEFINE_AUTO(auth)
struct resolver *auth_get_resolver(struct auth *auth);

struct auth_message;
/* deadline: clock_monotonic(); trace: collect DNS lines for explain. */
struct auth_message *auth_message_new(struct auth *auth,
				      const struct auth_client *client,
				      gint64 deadline, bool trace);
/* A body may take its time to arrive: before auth_message_finish() the time
 * for the lookups still to come may be set anew. */
void auth_message_set_deadline(struct auth_message *message, gint64 deadline);
void auth_message_free(struct auth_message *message);
DEFINE_AUTO(auth_message)

/* value raw, as behind the colon, folds as CRLF. */
void auth_message_header(struct auth_message *message, const char *name,
			 size_t name_len, const char *value, size_t value_len);
/* False: no need to feed the body. */
bool auth_message_end_header(struct auth_message *message);
void auth_message_body(struct auth_message *message, const char *data,
		       size_t len);
/* Runs SPF and DMARC too. Owned by the caller. */
struct auth_result *auth_message_finish(struct auth_message *message);
/* DNS questions and answers so far (char *), borrowed; NULL without trace. */
const GPtrArray *auth_message_get_trace(const struct auth_message *message);

/* A whole message in memory (CRLF or LF). Owned by the caller. */
struct auth_result *auth_check_bytes(struct auth *auth,
				     const struct auth_client *client,
				     GBytes *raw, gint64 deadline);

#endif
