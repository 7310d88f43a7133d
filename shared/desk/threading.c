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

#include "base/clock.h"
#include "desk/lookup.h"
#include "desk/signed.h"
#include "mail/subject.h"
#include "store/customer.h"
#include "store/message.h"
#include "store/relation.h"

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

static bool takes_part(const struct search *search,
                       const struct ticket *ticket, bool *ret, GError **error)
{
	const char *identity = search->input->identity;

	*ret = search->input->is_staff ||
	       (search->customer_id != 0 &&
	        search->customer_id == ticket->customer_id);
	return *ret || identity[0] == '\0' ||
	       participant_is(search->store, ticket->id, identity, ret, error);
}

/* What the status table says to the mail in this ticket. */
static enum status_event event_in(const struct search *search,
                                  const struct ticket *ticket)
{
	const struct status_mail mail = {
		.kind = search->input->kind,
		.thanks = search->input->thanks,
		.now = clock_now(),
		.reopen_seconds = (gint64)desk_get_config(search->desk)
		                          ->timers.reopen_seconds,
	};

	return search->input->is_staff ? STATUS_STAFF_ANSWERS
	                               : status_event_of_mail(ticket, &mail);
}

struct joining {
	const char *why; /* NULL: it may be joined */
	bool ended;
	enum status_event event;
};

static bool check_join(const struct search *search, const struct ticket *ticket,
                       struct joining *ret, GError **error)
{
	bool part = false;

	if (!takes_part(search, ticket, &part, error))
		return false;
	ret->event = event_in(search, ticket);
	ret->ended = part && !status_step(ticket->status, ret->event).joins;
	if (!part)
		ret->why = "the author takes no part in it";
	else if (ret->ended)
		ret->why = ticket->status == TICKET_CLOSED
		                   ? "it is closed"
		                   : "it was resolved too long ago";
	return true;
}

/* Takes the ticket as the result, or as the one refused. */
static bool consider(struct search *search, enum threading_by by,
                     struct ticket *ticket, GError **error)
{
	struct joining joining = { 0 };

	ticket = ticket_follow(search->store, ticket, error);
	if (ticket == NULL)
		return false;
	if (!check_join(search, ticket, &joining, error)) {
		ticket_free(ticket);
		return false;
	}
	if (joining.why == NULL) {
		search->result.by = by;
		search->result.event = joining.event;
		search->result.ticket = ticket;
	} else if (search->result.refused == NULL) {
		search->result.refused = ticket;
		search->result.why = joining.why;
		search->result.ended = joining.ended;
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

/* --- entries that were split off --- */

/* The ticket where an entry is now; *ret_id stays if there is no such entry
 * (any more). */
static bool find_entry(struct search *search, gint64 entry_id, gint64 *ret_id,
                       GError **error)
{
	GError *local = NULL;
	AUTO(message) entry = NULL;

	if (entry_id == 0)
		return true;
	entry = message_get(search->store, entry_id, &local);
	if (entry == NULL)
		return lookup_is_absent(local, error);
	*ret_id = entry->ticket_id;
	return true;
}

/* The ticket of a Message-ID, ours of `ref` or somebody else's; 0 if it has
 * none. *ret_ours: an entry of ours is where it is because it was moved. */
static bool find_by_id(struct search *search, const char *id, const char *ref,
                       gint64 *ret_id, bool *ret_ours, GError **error)
{
	struct signed_ref ours = { 0 };
	bool ok = true;

	*ret_id = 0;
	*ret_ours = signed_parse_message_id(search->desk, id, &ours);
	if (*ret_ours) {
		if (strcmp(ours.ref, ref) == 0)
			ok = find_entry(search, ours.message_id, ret_id, error);
	} else {
		ok = message_id_find(search->store,
		                     search->input->department_id, id, ret_id,
		                     error);
	}
	signed_ref_clear(&ours);
	return ok;
}

/* The id that the mail answers: the last one it names. */
static const char *answered_id(const struct mail *mail)
{
	char **ids = mail->in_reply_to;
	size_t count = ids != NULL ? g_strv_length(ids) : 0;

	if (count == 0) {
		ids = mail->references;
		count = ids != NULL ? g_strv_length(ids) : 0;
	}
	return count > 0 ? ids[count - 1] : NULL;
}

/* *ret_ref: the ref of the ticket that was split from `ref` and has what the
 * mail answers; NULL if there is none. Owned by the caller. */
static bool find_split(struct search *search, const char *ref, char **ret_ref,
                       GError **error)
{
	const char *id = answered_id(search->input->mail);
	GError *local = NULL;
	AUTO(ticket) older = NULL;
	AUTO(ticket) younger = NULL;
	gint64 found = 0;
	bool is_split = false;

	*ret_ref = NULL;
	if (id == NULL ||
	    !find_by_id(search, id, ref, &found, &is_split, error))
		return id == NULL;
	older = ticket_by_ref(search->store, ref, &local);
	if (older == NULL)
		return lookup_is_absent(local, error);
	if (found == 0 || found == older->id)
		return true;
	if (!is_split && !link_is_split(search->store, found, older->id,
	                                &is_split, error))
		return false;
	if (!is_split)
		return true;
	younger = ticket_get(search->store, found, error);
	if (younger == NULL)
		return false;
	*ret_ref = g_strdup(younger->ref);
	return true;
}

/* --- the four ways a message names a ticket --- */

static bool by_reply_address(struct search *search, GError **error)
{
	struct signed_ref ref;
	g_autofree char *split = NULL;
	bool ok;

	if (!signed_parse_address(search->desk, search->input->recipient, &ref))
		return true;
	ok = find_split(search, ref.ref, &split, error);
	if (ok && split != NULL)
		ok = consider_ref(search, THREADING_REPLY_ADDRESS, split,
		                  error);
	if (ok && !is_found(search))
		ok = consider_ref(search, THREADING_REPLY_ADDRESS, ref.ref,
		                  error);
	signed_ref_clear(&ref);
	return ok;
}

/* Where the entry is that our mail was about; else the ticket of its ref. */
static bool signed_id(struct search *search, const char *id, GError **error)
{
	struct signed_ref ref;
	GError *local = NULL;
	AUTO(ticket) ticket = NULL;
	gint64 found = 0;
	bool ok;

	if (!signed_parse_message_id(search->desk, id, &ref))
		return true;
	ok = find_entry(search, ref.message_id, &found, error);
	if (ok && found != 0) {
		ticket = ticket_get(search->store, found, &local);
		ok = ticket != NULL || lookup_is_absent(local, error);
	}
	if (ok)
		ok = consider_ref(search, THREADING_SIGNED_ID,
		                  ticket != NULL ? ticket->ref : ref.ref,
		                  error);
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

/* Of several tokens the first whose ticket the author may join. */
static bool by_subject(struct search *search, GError **error)
{
	const char *prefix = desk_get_config(search->desk)->server.ref_prefix;
	const char *subject = search->input->mail->subject;
	g_auto(GStrv) refs = NULL;

	if (!search->input->proven || subject == NULL)
		return true;
	refs = subject_dup_refs(prefix, subject, SUBJECT_TOKENS_MAX);
	for (char **ref = refs; *ref != NULL && !is_found(search); ref++)
		if (!consider_ref(search, THREADING_SUBJECT, *ref, error))
			return false;
	return true;
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
		search.result.ended = false;
	}
	*ret_result = search.result;
	return true;
}
