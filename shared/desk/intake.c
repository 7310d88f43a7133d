/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * intake.c - an accepted message becomes records
 *
 * intake_store() walks the recipients; for each it picks one of the ways of
 * the table below. A second department of the same message gets a referral
 * to the ticket of the first. The bytes are put down once, before anything
 * names them.
 */
#include "desk/intake_parts.h"

#include "base/clock.h"
#include "base/ids.h"
#include "desk/abusedesk.h"
#include "desk/bounces.h"
#include "desk/grades.h"
#include "desk/hold.h"
#include "desk/lookup.h"
#include "desk/notify.h"
#include "desk/ownwords.h"
#include "desk/signed.h"
#include "desk/staffmail.h"
#include "desk/thanks.h"
#include "store/blob.h"

#include <string.h>

static const char *const outcome_names[] = {
	[INTAKE_CREATED] = "created",     [INTAKE_APPENDED] = "appended",
	[INTAKE_HELD] = "held",           [INTAKE_CONFIRMED] = "confirmed",
	[INTAKE_REFERRED] = "referred",   [INTAKE_BOUNCE] = "bounce",
	[INTAKE_DUPLICATE] = "duplicate", [INTAKE_FILED] = "filed",
	[INTAKE_REPEATED] = "repeated",
};
G_STATIC_ASSERT(G_N_ELEMENTS(outcome_names) == INTAKE_OUTCOME__COUNT);

const char *intake_outcome_name(enum intake_outcome outcome)
{
	g_return_val_if_fail(outcome < INTAKE_OUTCOME__COUNT, "unknown");
	return outcome_names[outcome];
}

void intake_result_clear(struct intake_result *result)
{
	g_clear_pointer(&result->ref, g_free);
	g_clear_pointer(&result->answer, g_free);
}

static void set(char **where, const char *value)
{
	g_free(*where);
	*where = g_strdup(value != NULL ? value : "");
}

void intake_result_set(struct intake_result *result,
		       enum intake_outcome outcome, const char *ref)
{
	result->outcome = outcome;
	result->ref = g_strdup(ref);
	result->answer = g_strdup_printf("%s stored", ref);
}

struct conversation_text intake_source(const struct intake *in,
				       const char *text)
{
	return (struct conversation_text){
		.text = text,
		.parts = in->message->mail->parts,
		.mail = in->message->mail,
		.raw_blob = in->blob,
		.evidence = in->message->evidence,
		.client_ip = in->message->client_ip,
		.queue_id = in->message->queue_id,
		.received = in->message->received,
	};
}

/* --- held ----------------------------------------------------------------- */

static char *store_parsed(const struct intake *in, GError **error)
{
	g_autoptr(GVariant) variant
		= g_variant_ref_sink(mail_to_variant(in->message->mail));
	g_autoptr(GBytes) bytes = g_variant_get_data_as_bytes(variant);

	return blob_put(in->store, bytes, error);
}

static struct held *make_held(const struct intake *in,
			      const struct intake_why *why)
{
	const struct intake_message *message = in->message;
	const struct intake_recipient *recipient = in->recipient;
	struct held *held = held_new();

	held->id = id_new();
	held->department_id = recipient->department->id;
	set(&held->department, recipient->department->name);
	set(&held->address, recipient->identity);
	set(&held->recipient, recipient->address);
	set(&held->mail_from, message->mail_from);
	set(&held->subject, message->mail->subject);
	set(&held->message_id, message->mail->message_id);
	set(&held->reason, why->reason);
	set(&held->cause, hold_cause(why->phrase));
	g_free(held->auth);
	held->auth = conversation_dup_evidence(message->evidence);
	set(&held->client_ip, message->client_ip);
	set(&held->queue_id, message->queue_id);
	set(&held->raw, in->blob);
	set(&held->delivery_key, recipient->delivery_key);
	held->created
		= message->received != 0 ? message->received : clock_now();
	return held;
}

/* Who learns that a message waits. What comes to a confirm address is never
 * asked about: that would be a question about a question. */
enum tell { TELL_AUTHOR, TELL_STAFF, TELL_NOBODY };

static bool tell(const struct intake *in, const struct held *held,
		 const struct intake_why *why, enum tell whom, GError **error)
{
	/* Answering automatic mail, even with a question, makes loops. */
	if (mail_kind_is_automatic(in->kind) || whom == TELL_NOBODY)
		return true;
	return whom == TELL_AUTHOR
		       ? notify_held(in->desk, in->store, held, why->phrase,
				     error)
		       : notify_held_staff(in->desk, in->store, held,
					   why->phrase, error);
}

static bool hold_telling(const struct intake *in, const struct intake_why *why,
			 enum tell whom, struct intake_result *result,
			 GError **error)
{
	AUTO(held) held = make_held(in, why);

	g_free(held->parsed);
	held->parsed = store_parsed(in, error);
	if (held->parsed == NULL || !held_insert(in->store, held, error)
	    || !tell(in, held, why, whom, error))
		return false;
	result->outcome = INTAKE_HELD;
	result->ref = g_strdup("");
	result->answer = g_strdup_printf("held %" G_GINT64_FORMAT
					 " for confirmation",
					 held->id);
	return true;
}

bool intake_hold(const struct intake *in, const struct intake_why *why,
		 struct intake_result *result, GError **error)
{
	return hold_telling(in, why, TELL_AUTHOR, result, error);
}

static bool intake_hold_as_judged(const struct intake *in,
				  struct intake_result *result, GError **error)
{
	const struct intake_recipient *recipient = in->recipient;
	const struct intake_why why = {
		recipient->reason != NULL ? recipient->reason : "",
		hold_reason_phrase(recipient->reason, recipient->proof),
	};

	return intake_hold(in, &why, result, error);
}

/* --- confirmation of a held message ---------------------------------------- */

static bool intake_threaded(const struct intake *in,
			    struct intake_result *result, GError **error);

/* Whether there is more in the mail than our question. */
static bool says_something(const struct intake *in)
{
	const struct mail *mail = in->message->mail;
	g_autoptr(GPtrArray) ours = ownwords_list_ours(in->desk);
	struct ownwords words = { 0 };
	bool something;

	ownwords_split(mail->text_trimmed, ours, &words);
	something = words.head[0] != '\0' || words.middle[0] != '\0'
		    || words.tail[0] != '\0' || mail->parts->len > 0;
	ownwords_clear(&words);
	return something;
}

/* What the confirming mail says goes into the ticket, too. */
static bool add_confirmation(const struct intake *in, const char *ref,
			     GError **error)
{
	const struct conversation_text source = intake_source(in, "");
	g_autofree char *text = NULL;
	AUTO(ticket) ticket = ticket_by_ref(in->store, ref, error);

	ticket = ticket_follow(in->store, ticket, error);
	if (ticket == NULL)
		return false;
	if (says_something(in))
		return customermail_add(in, ticket, error);
	text = g_strdup_printf("confirmed by %s", in->recipient->identity);
	return conversation_event_mail(in->store, ticket->id, text, &source,
				       error);
}

/* Nothing is stored, nobody is told. */
static bool ignore(const char *ref, const char *why,
		   struct intake_result *result)
{
	result->outcome = INTAKE_DUPLICATE;
	result->ref = g_strdup(ref);
	result->answer = g_strdup_printf("%s%s%s", ref,
					 ref[0] != '\0' ? " " : "", why);
	return true;
}

/* Whether this very message is in the ticket, or waits, already. */
static bool is_replay(const struct intake *in, const char *ref, bool *ret,
		      GError **error)
{
	const char *id = in->message->mail->message_id;
	g_autoptr(GPtrArray) entries = NULL;
	GError *local = NULL;

	*ret = false;
	if (id[0] == '\0')
		return true;
	if (!held_has_message(in->store, id, in->recipient->identity, ret,
			      error)
	    || *ret || ref[0] == '\0')
		return *ret || ref[0] == '\0';
	AUTO(ticket) ticket = ticket_by_ref(in->store, ref, &local);
	if (ticket == NULL)
		return lookup_is_absent(local, error);
	ticket = ticket_follow(in->store, ticket, error);
	if (ticket == NULL)
		return false;
	entries = message_list(in->store, ticket->id, error);
	for (guint i = 0; entries != NULL && i < entries->len && !*ret; i++) {
		const struct message *entry = entries->pdata[i];

		*ret = strcmp(entry->message_id, id) == 0;
	}
	return entries != NULL;
}

/* Asked and answered once: a second answer that says nothing new is nothing.
 * What it does say is kept: in the ticket, if its author is proven, else for
 * staff to find; no mail goes out for it, because whoever replays a
 * confirmation must not make us write. */
static bool intake_confirmed_before(const struct intake *in,
				    const struct held *held,
				    struct intake_result *result,
				    GError **error)
{
	static const struct intake_why late = {
		"answers a question about a message that was decided already",
		PHRASE_HOLD_WRONG_CONFIRMATION,
	};
	static const struct intake_why expired = {
		"answers a question about a message that had expired",
		PHRASE_HOLD_WRONG_CONFIRMATION,
	};
	bool released = held->state == HELD_RELEASED && held->ticket[0] != '\0';
	/* Without the question's own ticket he is who he can prove to be. */
	bool accepted = in->recipient->verdict != SEAL_HOLD
			&& (released || in->recipient->proof == AUTH_PROVEN);
	bool replay;

	if (!is_replay(in, held->ticket, &replay, error))
		return false;
	if (replay
	    || (held->state != HELD_EXPIRED && !says_something(in)))
		return ignore(held->ticket, "decided already", result);
	if (!accepted)
		return held->state == HELD_EXPIRED
			       ? hold_telling(in, &expired, TELL_STAFF, result,
					      error)
			       : hold_telling(in, &late, TELL_NOBODY, result,
					      error);
	if (released) {
		if (!add_confirmation(in, held->ticket, error))
			return false;
		intake_result_set(result, INTAKE_APPENDED, held->ticket);
		return true;
	}
	return intake_threaded(in, result, error);
}

/* A confirm address works for the held message's own author, once, and for
 * people only: the second line of defence behind the judge. */
static bool intake_confirm(const struct intake *in, gint64 held_id,
			   struct intake_result *result, GError **error)
{
	static const struct intake_why automatic = {
		"automatic mail to a confirm address",
		PHRASE_HOLD_AUTOMATIC,
	};
	static const struct intake_why somebody_else = {
		"confirm address used by another author",
		PHRASE_HOLD_WRONG_CONFIRMATION,
	};
	static const struct intake_why unproven = {
		"confirmation that is not proven, though its domain says how",
		PHRASE_HOLD_UNPROVEN,
	};
	GError *local = NULL;
	AUTO(held) held = NULL;

	if (mail_kind_is_automatic(in->kind))
		return hold_telling(in, &automatic, TELL_NOBODY, result, error);
	held = held_get(in->store, held_id, &local);
	if (held == NULL && !lookup_is_absent(local, error))
		return false;
	if (held == NULL
	    || strcmp(held->address, in->recipient->identity) != 0)
		return hold_telling(in, &somebody_else, TELL_STAFF, result,
				    error);
	if (held->state != HELD_WAITING)
		return intake_confirmed_before(in, held, result, error);
	if (in->recipient->verdict == SEAL_HOLD)
		return hold_telling(in, &unproven, TELL_STAFF, result, error);
	return hold_release(in->desk, in->store, held, in->recipient->identity,
			    result, error)
	       && add_confirmation(in, result->ref, error);
}

/* --- the ways ---------------------------------------------------------------- */

static bool find_thread(const struct intake *in,
			struct threading_result *ret_thread, GError **error)
{
	const struct intake_recipient *recipient = in->recipient;
	bool thanks = false;
	bool found = thanks_find(in->store, in->message->mail, in->kind,
				 recipient->identity, &thanks, error);
	const struct threading_input input = {
		.mail = in->message->mail,
		.recipient = recipient->address,
		.department_id = recipient->department->id,
		.identity = recipient->identity,
		/* Elsewhere the policy has decided whom to believe. */
		.proven = recipient->proof == AUTH_PROVEN
			  || recipient->department->accept
				     != DEPARTMENT_ANYONE,
		.is_staff = recipient->verdict == SEAL_ACCEPT_STAFF,
		.thanks = thanks,
		.kind = in->kind,
	};

	return found
	       && threading_find(in->desk, in->store, &input, ret_thread,
				 error);
}

static bool intake_threaded(const struct intake *in,
			    struct intake_result *result, GError **error)
{
	struct threading_result thread = { 0 };
	bool ok = find_thread(in, &thread, error);

	if (ok && in->recipient->verdict == SEAL_ACCEPT_STAFF)
		ok = staffmail_store(in, &thread, result, error);
	else if (ok)
		ok = customermail_store(in, &thread, result, error);
	threading_result_clear(&thread);
	return ok;
}

/* What the recipient's address says; refs are not needed here. */
static void read_address(const struct intake *in, struct signed_ref *ret_token)
{
	(void)signed_parse_address(in->desk, in->recipient->address, ret_token);
}

/* Abuse desks get letters, too. */
static bool find_suspects(const struct intake *in,
			  const struct intake_result *result, GError **error)
{
	return in->recipient->department->accept != DEPARTMENT_ANYONE
	       || result->outcome != INTAKE_CREATED
	       || abusedesk_find_suspects(in, result->ref, error);
}

/* One recipient that is neither duplicate nor referral. */
static bool intake_recipient(const struct intake *in,
			     struct intake_result *result, GError **error)
{
	struct signed_ref token = { 0 };
	enum signed_kind kind;
	gint64 held_id;
	bool done = false;
	bool good;

	read_address(in, &token);
	kind = token.kind;
	held_id = token.held_id;
	good = kind != SIGNED_GRADE
	       || grades_receive(in, &token, &done, result, error);
	signed_ref_clear(&token);
	if (!good || done)
		return good;
	if (in->recipient->verdict == SEAL_HOLD)
		return kind == SIGNED_CONFIRM
			       ? intake_confirm(in, held_id, result, error)
			       : intake_hold_as_judged(in, result, error);
	if (!bounces_forget(in, error))
		return false;
	if (!bounces_record(in, &done, result, error) || done)
		return done;
	if (kind == SIGNED_CONFIRM)
		return intake_confirm(in, held_id, result, error);
	if (abusedesk_takes(in, kind))
		return abusedesk_store(in, result, error);
	return intake_threaded(in, result, error)
	       && find_suspects(in, result, error);
}

/* --- more than one department ----------------------------------------------- */

/* The message's ticket of another department learns of this one, and this
 * one's staff of the ticket. */
static bool intake_refer(const struct intake *in, const char *ref,
			 struct intake_result *result, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"also addressed to %s", in->recipient->department->name);
	AUTO(ticket) ticket = ticket_by_ref(in->store, ref, error);

	ticket = ticket_follow(in->store, ticket, error);
	if (ticket == NULL
	    || !conversation_event(in->store, ticket->id, text, error)
	    || !customermail_refer(in, ticket, error))
		return false;
	intake_result_set(result, INTAKE_REFERRED, ref);
	return true;
}

/* Whether this recipient has a way of its own: it is to be held, a bounce,
 * confirm or grade address, or the reply address of another ticket. */
static bool has_own_way(const struct intake *in, const char *ref)
{
	struct signed_ref token = { 0 };
	bool own;

	read_address(in, &token);
	own = in->recipient->verdict == SEAL_HOLD
	      || in->recipient->verdict == SEAL_ACCEPT_BOUNCE
	      || token.kind == SIGNED_BOUNCE || token.kind == SIGNED_CONFIRM
	      || token.kind == SIGNED_GRADE
	      || (token.kind == SIGNED_REPLY && strcmp(token.ref, ref) != 0);
	signed_ref_clear(&token);
	return own;
}

/* The ref at the head of a stored answer, NULL if it names no ticket. */
static char *answer_dup_ref(const struct desk *desk, const char *answer)
{
	return ref_parse(desk_get_config(desk)->server.ref_prefix, answer,
			 strcspn(answer, " "));
}

/* The ways to find what the message became before; each NULL and NOT_FOUND
 * if it knows nothing. */
static char *find_delivery(const struct intake *in, GError **error)
{
	return delivery_find(in->store, in->recipient->delivery_key, error);
}

static char *find_elsewhere(const struct intake *in, GError **error)
{
	return delivery_find_message(in->store, in->recipient->delivery_key,
				     error);
}

static gint64 repeats_since(void)
{
	return clock_now() - INTAKE_REPEAT_DAYS * CLOCK_DAY;
}

static char *find_repeat(const struct intake *in, GError **error)
{
	return delivery_find_since(in->store, in->recipient->repeat_key,
				   repeats_since(), error);
}

static char *find_repeat_elsewhere(const struct intake *in, GError **error)
{
	return delivery_find_message_since(in->store,
					   in->recipient->repeat_key,
					   repeats_since(), error);
}

/* *ret_answer: left alone if there is one or nothing is found. */
static bool find_answer(const struct intake *in,
			char *(*find)(const struct intake *, GError **),
			char **ret_answer, GError **error)
{
	GError *local = NULL;

	if (*ret_answer != NULL)
		return true;
	*ret_answer = find(in, &local);
	return *ret_answer != NULL || lookup_is_absent(local, error);
}

static void set_known(const struct intake *in, enum intake_outcome outcome,
		      const char *answer, struct intake_result *result)
{
	char *ref = answer_dup_ref(in->desk, answer);

	result->outcome = outcome;
	result->ref = ref != NULL ? ref : g_strdup("");
	result->answer = g_strdup(answer);
}

/* *ret_known: the message is stored for this department, result is set. */
static bool intake_known(const struct intake *in, bool *ret_known,
			 struct intake_result *result, GError **error)
{
	g_autofree char *answer = NULL;
	enum intake_outcome outcome = INTAKE_DUPLICATE;

	if (!find_answer(in, find_delivery, &answer, error))
		return false;
	if (answer == NULL && in->recipient->repeat_key != NULL) {
		outcome = INTAKE_REPEATED;
		if (!find_answer(in, find_repeat, &answer, error))
			return false;
	}
	*ret_known = answer != NULL;
	if (answer != NULL)
		set_known(in, outcome, answer, result);
	return true;
}

/* *ret_ref: the ticket that the message is in for another department, or
 * NULL. */
static bool find_other_ref(const struct intake *in, char **ret_ref,
			   GError **error)
{
	g_autofree char *other = NULL;

	if (!find_answer(in, find_elsewhere, &other, error)
	    || (in->recipient->repeat_key != NULL
		&& !find_answer(in, find_repeat_elsewhere, &other, error)))
		return false;
	*ret_ref = other != NULL ? answer_dup_ref(in->desk, other) : NULL;
	return true;
}

/* Under both keys. A repeat does not make its own key younger: who repeats
 * for ever is heard every INTAKE_REPEAT_DAYS. */
static bool remember(const struct intake *in,
		     const struct intake_result *result, GError **error)
{
	const struct intake_recipient *recipient = in->recipient;

	if (!delivery_insert(in->store, recipient->delivery_key, result->answer,
			     error))
		return false;
	return recipient->repeat_key == NULL
	       || result->outcome == INTAKE_REPEATED
	       || delivery_remember(in->store, recipient->repeat_key,
				    result->answer, error);
}

static bool intake_one(const struct intake *in, struct intake_result *result,
		       GError **error)
{
	g_autofree char *ref = NULL;
	bool known = false;

	if (!intake_known(in, &known, result, error))
		return false;
	if (known)
		return result->outcome == INTAKE_DUPLICATE
		       || remember(in, result, error);
	if (!find_other_ref(in, &ref, error))
		return false;
	if (ref != NULL && !has_own_way(in, ref)) {
		if (!intake_refer(in, ref, result, error))
			return false;
	} else if (!intake_recipient(in, result, error)) {
		return false;
	}
	return remember(in, result, error);
}

/* RFC 5321 section 4.5.5: nobody waits for an answer to a null sender. */
static enum mail_kind kind_of(const struct intake_message *message)
{
	if (message->mail->kind == MAIL_KIND_HUMAN
	    && message->mail_from[0] == '\0')
		return MAIL_KIND_AUTO_REPLY;
	return message->mail->kind;
}

bool intake_store(const struct desk *desk, struct store *store,
		  const struct intake_message *message,
		  struct intake_result *ret_results, GError **error)
{
	g_autofree char *blob = blob_put(store, message->raw, error);

	if (blob == NULL)
		return false;
	for (size_t i = 0; i < message->n_recipients; i++) {
		const struct intake in = {
			.desk = desk,
			.store = store,
			.message = message,
			.recipient = &message->recipients[i],
			.blob = blob,
			.kind = kind_of(message),
		};

		if (!intake_one(&in, &ret_results[i], error))
			return false;
	}
	return true;
}
