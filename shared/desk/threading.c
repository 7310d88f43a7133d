/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * threading.c - which ticket does a message belong to?
 *
 * The search goes on past a ticket that may not be joined: a later, weaker
 * name may stand for one that may. Only if none does, the first refused one
 * is told, so that the new ticket can say why it is new.
 */
#include "desk/threading.h"

#include <string.h>

#include "desk/lookup.h"
#include "desk/signed.h"
#include "mail/subject.h"
#include "store/customer.h"
#include "store/message.h"

static const char *const by_names[] = {
	[THREADING_NONE] = "none",
	[THREADING_REPLY_ADDRESS] = "reply_address",
	[THREADING_SIGNED_ID] = "signed_id",
	[THREADING_STORED_ID] = "stored_id",
	[THREADING_SUBJECT] = "subject",
};
G_STATIC_ASSERT(G_N_ELEMENTS(by_names) == THREADING_BY__COUNT);

struct search {
	const struct desk *desk;
	struct store *store;
	const struct threading_input *input;
	gint64 customer_id; /* of the author as a contact, 0 */
	guint64 left;       /* Message-IDs that may still be looked up */
	GHashTable *seen;   /* refs of tickets already refused */
	struct threading_result result;
};

const char *threading_by_name(enum threading_by by)
{
	if ((unsigned)by >= THREADING_BY__COUNT)
		return "unknown";
	return by_names[by];
}

void threading_result_clear(struct threading_result *result)
{
	ticket_free(result->ticket);
	ticket_free(result->refused);
	*result = (struct threading_result){ 0 };
}

static bool is_found(const struct search *search)
{
	return search->result.ticket != NULL;
}

/* --- may the author join? --- */

/* *ret_why: NULL if so. */
static bool check_join(const struct search *search, const struct ticket *ticket,
                       const char **ret_why, GError **error)
{
	const char *identity = search->input->identity;
	bool joins = search->input->is_staff;

	if (joins) {
		*ret_why = NULL;
		return true;
	}
	if (identity[0] != '\0') {
		joins = search->customer_id != 0 &&
		        search->customer_id == ticket->customer_id;
		if (!joins && !participant_is(search->store, ticket->id,
		                              identity, &joins, error))
			return false;
	}
	if (!joins)
		*ret_why = "the author takes no part in it";
	else
		*ret_why =
			ticket->status == TICKET_CLOSED ? "it is closed" : NULL;
	return true;
}

/* Takes the ticket as the result, or as the one refused. */
static bool consider(struct search *search, enum threading_by by,
                     struct ticket *ticket, GError **error)
{
	const char *why = NULL;

	if (!check_join(search, ticket, &why, error)) {
		ticket_free(ticket);
		return false;
	}
	if (why == NULL) {
		search->result.by = by;
		search->result.ticket = ticket;
	} else if (search->result.refused == NULL) {
		search->result.refused = ticket;
		search->result.why = why;
	} else {
		ticket_free(ticket);
	}
	return true;
}

static bool consider_ref(struct search *search, enum threading_by by,
                         const char *ref, GError **error)
{
	GError *local = NULL;
	struct ticket *ticket;

	/* A ref that was looked at before cannot answer otherwise now. */
	if (ref[0] == '\0' || !g_hash_table_add(search->seen, g_strdup(ref)))
		return true;
	ticket = ticket_by_ref(search->store, ref, &local);
	if (ticket == NULL)
		return lookup_is_absent(local, error);
	return consider(search, by, ticket, error);
}

/* --- the four ways a message names a ticket --- */

static bool by_reply_address(struct search *search, GError **error)
{
	struct signed_ref ref;
	bool ok;

	if (!signed_parse_address(search->desk, search->input->recipient, &ref))
		return true;
	ok = consider_ref(search, THREADING_REPLY_ADDRESS, ref.ref, error);
	signed_ref_clear(&ref);
	return ok;
}

static bool signed_id(struct search *search, const char *id, GError **error)
{
	struct signed_ref ref;
	bool ok;

	if (!signed_parse_message_id(search->desk, id, &ref))
		return true;
	ok = consider_ref(search, THREADING_SIGNED_ID, ref.ref, error);
	signed_ref_clear(&ref);
	return ok;
}

static bool stored_id(struct search *search, const char *id, GError **error)
{
	GError *local = NULL;
	struct ticket *ticket;
	gint64 ticket_id = 0;

	if (!message_id_find(search->store, search->input->department_id, id,
	                     &ticket_id, error))
		return false;
	if (ticket_id == 0)
		return true;
	ticket = ticket_get(search->store, ticket_id, &local);
	if (ticket == NULL)
		return lookup_is_absent(local, error);
	if (!g_hash_table_add(search->seen, g_strdup(ticket->ref))) {
		ticket_free(ticket);
		return true;
	}
	return consider(search, THREADING_STORED_ID, ticket, error);
}

typedef bool id_function(struct search *search, const char *id, GError **error);

/* From the right: what was answered last stands there. */
static bool walk_ids(struct search *search, char **ids, id_function *look,
                     GError **error)
{
	size_t count = ids != NULL ? g_strv_length(ids) : 0;

	while (count > 0 && search->left > 0 && !is_found(search)) {
		search->left--;
		if (!look(search, ids[--count], error))
			return false;
	}
	return true;
}

static bool by_ids(struct search *search, id_function *look, GError **error)
{
	const struct mail *mail = search->input->mail;

	search->left = desk_get_config(search->desk)->limits.references;
	return walk_ids(search, mail->in_reply_to, look, error) &&
	       walk_ids(search, mail->references, look, error);
}

static bool by_signed_id(struct search *search, GError **error)
{
	return by_ids(search, signed_id, error);
}

/* Who forwards a mail answers nobody in the ticket it came from. */
static bool by_stored_id(struct search *search, GError **error)
{
	if (!search->input->proven || search->input->mail->is_forward)
		return true;
	return by_ids(search, stored_id, error);
}

static bool by_subject(struct search *search, GError **error)
{
	const char *prefix = desk_get_config(search->desk)->server.ref_prefix;
	const char *subject = search->input->mail->subject;
	g_autofree char *ref = NULL;

	if (!search->input->proven || subject == NULL)
		return true;
	ref = subject_dup_ref(prefix, subject);
	return ref == NULL ||
	       consider_ref(search, THREADING_SUBJECT, ref, error);
}

/* --- the search --- */

static bool find_customer(struct search *search, GError **error)
{
	GError *local = NULL;
	AUTO(contact) contact = NULL;

	if (search->input->is_staff || search->input->identity[0] == '\0')
		return true;
	contact = contact_by_address(search->store, search->input->identity,
	                             &local);
	if (contact == NULL)
		return lookup_is_absent(local, error);
	search->customer_id = contact->customer_id;
	return true;
}

static bool run(struct search *search, GError **error)
{
	/* The order of DESIGN section 8. */
	static bool (*const ways[])(struct search *, GError **) = {
		by_reply_address,
		by_signed_id,
		by_stored_id,
		by_subject,
	};

	if (!find_customer(search, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(ways) && !is_found(search); i++)
		if (!ways[i](search, error))
			return false;
	return true;
}

bool threading_find(const struct desk *desk, struct store *store,
                    const struct threading_input *input,
                    struct threading_result *ret_result, GError **error)
{
	struct search search = { .desk = desk, .store = store, .input = input };
	bool ok;

	search.seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	ok = run(&search, error);
	g_hash_table_unref(search.seen);
	if (!ok) {
		threading_result_clear(&search.result);
		return false;
	}
	if (is_found(&search) && search.result.refused != NULL) {
		g_clear_pointer(&search.result.refused, ticket_free);
		search.result.why = NULL;
	}
	*ret_result = search.result;
	return true;
}
