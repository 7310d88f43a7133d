/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hold.c - held messages: released by confirmation or by staff
 */
#include "desk/hold.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/conversation.h"
#include "desk/lookup.h"
#include "desk/signed.h"
#include "store/audit.h"
#include "store/blob.h"
#include "store/staff.h"

#include <string.h>

#define EXPIRE_BATCH 1000

/* --- why ---------------------------------------------------------------------- */

/* Rows of the policy that say more than the proof. */
static const struct {
	const char *start;
	enum phrase phrase;
} rows[] = {
	{ "sender not registered", PHRASE_HOLD_STRANGER },
	{ "participant without a ticket", PHRASE_HOLD_STRANGER },
	{ "no single author", PHRASE_HOLD_NO_AUTHOR },
	{ "null sender", PHRASE_HOLD_NULL_SENDER },
	{ "registered contact, but the department takes replies only",
	  PHRASE_HOLD_REPLIES_ONLY },
};

static const enum phrase proofs[] = {
	[AUTH_PROVEN] = PHRASE_HOLD_OTHER,
	[AUTH_UNPROVEN] = PHRASE_HOLD_UNPROVEN,
	[AUTH_DISPROVEN] = PHRASE_HOLD_FORGED,
	[AUTH_TROUBLE] = PHRASE_HOLD_TROUBLE,
};
G_STATIC_ASSERT(G_N_ELEMENTS(proofs) == AUTH_PROOF__COUNT);

enum phrase hold_reason_phrase(const char *reason, enum auth_proof proof)
{
	for (size_t i = 0; reason != NULL && i < G_N_ELEMENTS(rows); i++) {
		if (g_str_has_prefix(reason, rows[i].start))
			return rows[i].phrase;
	}
	return (unsigned)proof < AUTH_PROOF__COUNT ? proofs[proof]
						   : PHRASE_HOLD_OTHER;
}

static const struct {
	enum phrase phrase;
	const char *word;
} causes[] = {
	{ PHRASE_HOLD_UNPROVEN, "unproven" },
	{ PHRASE_HOLD_FORGED, "forged" },
	{ PHRASE_HOLD_STRANGER, "stranger" },
	{ PHRASE_HOLD_NO_AUTHOR, "no_author" },
	{ PHRASE_HOLD_NULL_SENDER, "null_sender" },
	{ PHRASE_HOLD_REPLIES_ONLY, "replies_only" },
	{ PHRASE_HOLD_TROUBLE, "dns_trouble" },
	{ PHRASE_HOLD_TICKET_CLOSED, "ticket_closed" },
	{ PHRASE_HOLD_AUTOMATIC, "automatic" },
	{ PHRASE_HOLD_WRONG_CONFIRMATION, "wrong_confirmation" },
};

const char *hold_cause(enum phrase reason)
{
	for (size_t i = 0; i < G_N_ELEMENTS(causes); i++) {
		if (causes[i].phrase == reason)
			return causes[i].word;
	}
	return "other";
}

/* --- release ------------------------------------------------------------------ */

/* The mail as it was parsed when the message was held. */
static struct mail *load_mail(struct store *store, const struct held *held,
			      GError **error)
{
	g_autoptr(GBytes) bytes = blob_get(store, held->parsed, error);
	g_autoptr(GVariant) variant = NULL;

	if (bytes == NULL)
		return NULL;
	variant = g_variant_ref_sink(g_variant_new_from_bytes(
		G_VARIANT_TYPE(MAIL_VARIANT_TYPE), bytes, false));
	return mail_from_variant(variant, error);
}

/* Under a key of its own: the message's key already says "held". */
static char *dup_release_key(const struct held *held)
{
	return g_strdup_printf("release-%" G_GINT64_FORMAT "/%s", held->id,
			       held->department);
}

/* What was held at a signed address that is no ticket's would be held there
 * again: it is released to the department. */
static const char *release_address(const struct desk *desk,
				   const struct held *held,
				   const struct department *department)
{
	struct signed_ref token = { 0 };
	bool ticket = signed_parse_address(desk, held->recipient, &token)
		      && token.kind == SIGNED_REPLY;

	signed_ref_clear(&token);
	return ticket ? held->recipient : department->addresses[0];
}

/* Mail of staff that was held is released as such, never as a customer's. */
static bool release_verdict(struct store *store, const struct held *held,
			    const struct mail *mail,
			    enum seal_verdict *ret_verdict, GError **error)
{
	GError *local = NULL;
	AUTO(staff) staff = staff_by_address(store, held->address, &local);

	if (staff == NULL && !lookup_is_absent(local, error))
		return false;
	*ret_verdict = staff != NULL && !mail_kind_is_automatic(mail->kind)
				       && held->mail_from[0] != '\0'
			       ? SEAL_ACCEPT_STAFF
			       : SEAL_ACCEPT;
	return true;
}

static bool store_released(const struct desk *desk, struct store *store,
			   const struct held *held,
			   const struct department *department, const char *by,
			   struct intake_result *result, GError **error)
{
	enum seal_verdict verdict;
	g_autoptr(GBytes) raw = blob_get(store, held->raw, error);
	g_autofree char *key = dup_release_key(held);

	if (raw == NULL)
		return false;
	AUTO(mail) mail = load_mail(store, held, error);
	if (mail == NULL
	    || !release_verdict(store, held, mail, &verdict, error))
		return false;

	const struct intake_recipient recipient = {
		.address = release_address(desk, held, department),
		.department = department,
		.verdict = verdict,
		.proof = strcmp(by, held->address) == 0 ? AUTH_PROVEN
							: AUTH_UNPROVEN,
		.identity = held->address,
		.delivery_key = key,
	};
	const struct intake_message message = {
		.raw = raw,
		.mail = mail,
		.mail_from = held->mail_from,
		.client_ip = held->client_ip,
		.queue_id = held->queue_id,
		.received = held->created,
		.evidence = held->auth,
		.recipients = &recipient,
		.n_recipients = 1,
	};
	return intake_store(desk, store, &message, result, error);
}

/* Audit rows are for ever: who confirms is named by what he confirms. */
static bool audit(struct store *store, const char *by, const char *action,
		  const struct held *held, const char *detail, GError **error)
{
	g_autofree char *object
		= g_strdup_printf("held %" G_GINT64_FORMAT, held->id);

	return audit_add(store,
			 strcmp(by, held->address) == 0 ? "author" : by,
			 action, object, detail, error);
}

/* The entry stands at the time when the message came; this one says when it
 * was let in, and makes the ticket a changed one. */
static bool tell_ticket(struct store *store, const struct held *held,
			const char *by, const char *ref, GError **error)
{
	g_autofree char *text = NULL;

	if (strcmp(by, held->address) == 0 || ref[0] == '\0')
		return true; /* the confirmation itself is kept there */
	AUTO(ticket) ticket = ticket_by_ref(store, ref, error);
	if (ticket == NULL)
		return false;
	text = g_strdup_printf("held message released by %s", by);
	return conversation_event(store, ticket->id, text, error);
}

bool hold_release(const struct desk *desk, struct store *store,
		  struct held *held, const char *by,
		  struct intake_result *ret_result, GError **error)
{
	struct intake_result result = { 0 };

	if (held->state != HELD_WAITING && held->state != HELD_EXPIRED) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
			    "the message is %s already",
			    held_state_name(held->state));
		return false;
	}
	AUTO(department)
	department = department_get(store, held->department_id, error);
	if (department == NULL)
		return false;
	if (!store_released(desk, store, held, department, by, &result, error)
	    || !tell_ticket(store, held, by, result.ref, error)
	    || !held_decide(store, held->id, HELD_RELEASED, by, result.ref,
			    error)
	    || !audit(store, by, "release", held, result.ref, error)) {
		intake_result_clear(&result);
		return false;
	}
	held->state = HELD_RELEASED;
	result.outcome = INTAKE_CONFIRMED;
	*ret_result = result;
	return true;
}

bool hold_discard(const struct desk *desk, struct store *store,
		  const struct held *held, const char *by, GError **error)
{
	(void)desk; /* nobody is told: the alleged author may be forged */
	return held_decide(store, held->id, HELD_DISCARDED, by, "", error)
	       && audit(store, by, "discard", held, "", error);
}

static bool expire(struct store *store, const struct held *held,
		   GError **error)
{
	return held_decide(store, held->id, HELD_EXPIRED, "system", "", error)
	       && audit(store, "system", "expire", held, "", error);
}

bool hold_expire(const struct desk *desk, struct store *store,
		 unsigned *ret_count, GError **error)
{
	const struct config_notifier *config = &desk_get_config(desk)->notifier;
	gint64 before = clock_now()
			- (gint64)config->hold_seconds * CLOCK_SECOND;
	g_autoptr(GPtrArray) waiting
		= held_list_waiting(store, before, EXPIRE_BATCH, error);

	if (waiting == NULL)
		return false;
	for (guint i = 0; i < waiting->len; i++) {
		if (!expire(store, waiting->pdata[i], error))
			return false;
	}
	*ret_count = waiting->len;
	return true;
}
