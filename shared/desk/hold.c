/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hold.c - held messages: released by confirmation or by staff
 */
#include "desk/hold.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/audit.h"
#include "store/blob.h"

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

static bool store_released(const struct desk *desk, struct store *store,
			   const struct held *held,
			   const struct department *department,
			   struct intake_result *result, GError **error)
{
	g_autoptr(GBytes) raw = blob_get(store, held->raw, error);
	g_autofree char *key = dup_release_key(held);

	if (raw == NULL)
		return false;
	AUTO(mail) mail = load_mail(store, held, error);
	if (mail == NULL)
		return false;

	const struct intake_recipient recipient = {
		.address = held->recipient,
		.department = department,
		.verdict = SEAL_ACCEPT,
		.proof = AUTH_PROVEN,
		.identity = held->address,
		.delivery_key = key,
	};
	const struct intake_message message = {
		.raw = raw,
		.mail = mail,
		.mail_from = held->mail_from,
		.client_ip = held->client_ip,
		.queue_id = held->queue_id,
		.evidence = held->auth,
		.recipients = &recipient,
		.n_recipients = 1,
	};
	return intake_store(desk, store, &message, result, error);
}

static bool audit(struct store *store, const char *by, const char *action,
		  const struct held *held, const char *detail, GError **error)
{
	g_autofree char *object
		= g_strdup_printf("held %" G_GINT64_FORMAT, held->id);

	return audit_add(store, by, action, object, detail, error);
}

bool hold_release(const struct desk *desk, struct store *store,
		  struct held *held, const char *by,
		  struct intake_result *ret_result, GError **error)
{
	struct intake_result result = { 0 };

	AUTO(department)
	department = department_get(store, held->department_id, error);
	if (department == NULL)
		return false;
	if (!store_released(desk, store, held, department, &result, error)
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
		= held_list(store, HELD_WAITING, G_MAXINT, error);
	unsigned count = 0;

	if (waiting == NULL)
		return false;
	for (guint i = 0; i < waiting->len; i++) {
		const struct held *one = waiting->pdata[i];

		if (one->created >= before)
			continue;
		if (!expire(store, one, error))
			return false;
		count++;
	}
	*ret_count = count;
	return true;
}
