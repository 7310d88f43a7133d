/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruling.c - what was decided on a message for one department
 *
 * The address of the client is only what a trusted neighbour says of it
 * (XFORWARD); the socket's permissions decide who that is. A loopback address
 * means mail submitted on this host, and says nothing about the sender.
 */
#include "lmtpd/ruling.h"

#include <gio/gio.h>
#include <string.h>

#include "auth/authres.h"
#include "base/clock.h"
#include "base/error.h"
#include "desk/judge.h"
#include "lmtpd/fingerprint.h"
#include "mail/header.h"

static const enum seal_verdict verdicts[] = {
	[POLICY_ACCEPT] = SEAL_ACCEPT,
	[POLICY_ACCEPT_REPLY] = SEAL_ACCEPT_REPLY,
	[POLICY_ACCEPT_STAFF] = SEAL_ACCEPT_STAFF,
	[POLICY_ACCEPT_BOUNCE] = SEAL_ACCEPT_BOUNCE,
	[POLICY_HOLD] = SEAL_HOLD,
	[POLICY_REJECT] = SEAL_HOLD,
	[POLICY_TEMPFAIL] = SEAL_HOLD, /* `later` stands above it */
};
G_STATIC_ASSERT(G_N_ELEMENTS(verdicts) == POLICY_ACTION__COUNT);

void ruling_free(struct ruling *ruling)
{
	if (ruling == NULL)
		return;
	g_free(ruling->identity);
	g_free(ruling->reason);
	g_free(ruling->evidence);
	g_free(ruling->client_ip);
	g_free(ruling->queue_id);
	g_free(ruling->key);
	g_free(ruling->repeat_key);
	g_free(ruling);
}

void ruling_case_clear(struct ruling_case *one)
{
	if (one->auth != NULL)
		auth_result_free(one->auth);
	one->auth = NULL;
	g_clear_pointer(&one->fingerprint, g_free);
}

static char *dup_or_empty(const char *text)
{
	return g_strdup(text != NULL ? text : "");
}

static const char *raw_data(const struct ruling_case *one, size_t *ret_len)
{
	return g_bytes_get_data(one->raw, ret_len);
}

static struct ruling *from_seal(const struct seal *seal,
                                const struct department *department)
{
	struct ruling *ruling = g_new0(struct ruling, 1);

	ruling->seal = SEAL_VALID;
	ruling->verdict = seal->verdict;
	ruling->proof = seal->proof;
	ruling->identity = g_strdup(seal->identity);
	ruling->reason = g_strdup(
		seal->verdict == SEAL_HOLD
			? "the sender could not be proven when it came in"
			: "");
	ruling->evidence = g_strdup(seal->summary);
	ruling->client_ip = g_strdup(seal->client_ip);
	ruling->queue_id = g_strdup(seal->queue_id);
	ruling->key = g_strdup_printf("%s/%s", seal->id, department->name);
	return ruling;
}

/* Without a seal: the Message-ID and the bytes. The Message-ID is hashed with
 * them, for it may hold anything. */
static char *unsealed_key(const struct ruling_case *one,
                          const struct department *department)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	size_t len;
	const char *data = raw_data(one, &len);
	g_autofree char *id = header_dup_single(data, len, "Message-ID", NULL);

	g_checksum_update(
		sum, (const guchar *)receive_get_sha256(one->received), -1);
	if (id != NULL)
		g_checksum_update(sum, (const guchar *)id, -1);
	return g_strdup_printf("%s/%s", g_checksum_get_string(sum),
	                       department->name);
}

static bool is_in(GInetAddress *address, char *const *networks)
{
	for (; networks != NULL && *networks != NULL; networks++) {
		g_autoptr(GInetAddressMask) mask =
			g_inet_address_mask_new_from_string(*networks, NULL);

		if (mask != NULL && g_inet_address_mask_matches(mask, address))
			return true;
	}
	return false;
}

/* What XFORWARD told, as far as it says something of the sender. */
static struct auth_client client_of(const struct ruling_case *one)
{
	const struct command_xforward *forwarded = &one->envelope->client;
	struct auth_client client = {
		.helo = forwarded->helo,
		.mail_from = one->envelope->mail.address,
	};
	g_autoptr(GInetAddress) address = NULL;

	if (forwarded->addr != NULL)
		address = g_inet_address_new_from_string(forwarded->addr);
	if (address == NULL || g_inet_address_get_is_loopback(address))
		return client;
	client.ip = forwarded->addr;
	client.trusted =
		is_in(address, one->agent->config->milter.trusted_networks);
	return client;
}

static void authenticate(struct ruling_case *one,
                         const struct auth_client *client)
{
	gint64 budget = (gint64)one->agent->config->milter.message_seconds *
	                CLOCK_SECOND;

	if (one->auth == NULL)
		one->auth = auth_check_bytes(one->agent->auth, client, one->raw,
		                             clock_monotonic() + budget);
}

static size_t header_length(const char *data, size_t len)
{
	struct header_walk walk;
	struct header_field field;
	const char *body;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		continue;
	body = header_walk_body(&walk);
	return body != NULL ? (size_t)(body - data) : len;
}

static struct verdict *judge(const struct ruling_case *one,
                             const struct auth_client *client,
                             const struct judge_recipient *recipient,
                             GError **error)
{
	struct store_pool *readers = one->agent->readers;
	size_t len;
	const char *data = raw_data(one, &len);
	const struct judge_input input = {
		.recipients = recipient,
		.n_recipients = 1,
		.client = client,
		.header = data,
		.header_len = header_length(data, len),
		.auth = one->auth,
	};
	struct store *store = store_pool_get(readers, error);
	struct verdict *verdict;

	if (store == NULL)
		return NULL;
	verdict = judge_message(one->agent->desk, store, &input, error);
	store_pool_put(readers, store, verdict == NULL);
	return verdict;
}

static char *evidence_of(const struct ruling_case *one,
                         const struct auth_client *client,
                         const struct verdict *verdict)
{
	g_autofree char *field =
		authres_format(one->agent->config->server.authserv_id, client,
	                       one->auth, judge_registered(verdict));

	return header_unfold(field, strlen(field));
}

static struct ruling *from_verdict(const struct ruling_case *one,
                                   const struct auth_client *client,
                                   const struct department *department,
                                   const struct verdict *verdict)
{
	struct ruling *ruling = g_new0(struct ruling, 1);

	ruling->later = verdict->action == POLICY_TEMPFAIL;
	ruling->verdict = verdicts[verdict->action];
	ruling->proof = verdict->proof;
	ruling->identity = dup_or_empty(verdict->identity);
	ruling->reason =
		g_strdup(ruling->verdict == SEAL_HOLD ? verdict->reason : "");
	ruling->evidence = evidence_of(one, client, verdict);
	ruling->client_ip = dup_or_empty(client->ip);
	ruling->queue_id = dup_or_empty(one->envelope->client.ident);
	ruling->key = unsealed_key(one, department);
	return ruling;
}

static struct ruling *judge_here(struct ruling_case *one, const char *address,
                                 const struct department *department,
                                 GError **error)
{
	const struct judge_recipient recipient = { address, department };
	const struct auth_client client = client_of(one);
	AUTO(verdict) verdict = NULL;

	authenticate(one, &client);
	verdict = judge(one, &client, &recipient, error);
	if (verdict == NULL)
		return NULL;
	return from_verdict(one, &client, department, verdict);
}

static void add_text(GChecksum *sum, const char *text)
{
	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

/*
 * By what a message is known that came before in another delivery. Who it is
 * from and how sure that is are part of it, so that nobody's copy stands in
 * for another one's mail; and what an address says behind "+", since that may
 * name a ticket. A message without one Message-ID is like no other.
 */
static char *repeat_key(struct ruling_case *one, const struct ruling *ruling,
                        const char *address,
                        const struct department *department)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const char *extension = strchr(address, '+');
	size_t len;
	const char *data = raw_data(one, &len);
	g_autofree char *id = header_dup_single(data, len, "Message-ID", NULL);

	if (id == NULL || *g_strstrip(id) == '\0')
		return NULL;
	if (one->fingerprint == NULL)
		one->fingerprint = fingerprint_message(
			one->agent->config->server.authserv_id, data, len);
	add_text(sum, one->fingerprint);
	add_text(sum, id);
	add_text(sum, ruling->identity);
	add_text(sum, seal_verdict_name(ruling->verdict));
	add_text(sum, auth_proof_name(ruling->proof));
	add_text(sum, extension != NULL ? extension : "");
	return g_strdup_printf("=%s/%s", g_checksum_get_string(sum),
	                       department->name);
}

static struct ruling *rule(struct ruling_case *one, const char *address,
                           const struct department *department, GError **error)
{
	AUTO(seal) seal = NULL;
	struct ruling *ruling;
	size_t len;
	const char *data = raw_data(one, &len);
	enum seal_status status = seal_read(
		data, len, desk_get_keys(one->agent->desk), department->name,
		one->agent->config->lmtp.seal_max_age, &seal);

	if (status == SEAL_VALID)
		return from_seal(seal, department);
	ruling = judge_here(one, address, department, error);
	if (ruling != NULL)
		ruling->seal = status;
	return ruling;
}

struct ruling *ruling_make(struct ruling_case *one, const char *address,
                           const struct department *department, GError **error)
{
	struct ruling *ruling = rule(one, address, department, error);

	if (ruling != NULL)
		ruling->repeat_key =
			repeat_key(one, ruling, address, department);
	return ruling;
}
