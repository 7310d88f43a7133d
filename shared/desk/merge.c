/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * merge.c - tickets among each other: merge, split, move, link; added people
 *
 * A ref that was given out works for ever: whoever writes to a merged ticket
 * writes to the one it is in, whoever answers an entry that was split off
 * writes to where the entry is (threading.c follows both).
 */
#include "desk/conversation_parts.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/lookup.h"
#include "desk/notify.h"
#include "desk/status.h"
#include "store/customer.h"
#include "store/relation.h"

#include <string.h>

static bool conflict(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

static bool conflict(GError **error, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	g_set_error_literal(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT,
			    text);
	return false;
}

static void set(char **where, const char *value)
{
	g_free(*where);
	*where = g_strdup(value != NULL ? value : "");
}

/* What one ticket says of another: event and audit row. `fmt` has one %s for
 * the other's ref. */
struct saying {
	const char *action;
	const char *before; /* words before the ref, "" if none */
	const char *behind;
};

static bool say(struct store *store, const struct actor *actor,
		const struct ticket *ticket, const struct ticket *other,
		const struct saying *saying, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"%s%s%s (%s)", saying->before, other->ref, saying->behind,
		conversation_actor(actor));

	return conversation_event(store, ticket->id, text, error)
	       && conversation_audit(store, actor, saying->action, ticket,
				     other->ref, error);
}

/* --- merge ------------------------------------------------------------------ */

static bool may_merge(const struct ticket *source, const struct ticket *target,
		      GError **error)
{
	if (source->id == target->id)
		return conflict(error, "%s cannot be merged into itself",
				source->ref);
	if (source->merged_into != 0 || target->merged_into != 0)
		return conflict(error, "%s was merged into another ticket",
				source->merged_into != 0 ? source->ref
							 : target->ref);
	if (target->status == TICKET_CLOSED)
		return conflict(error, "%s is closed: reopen it first",
				target->ref);
	if (source->customer_id != 0 && target->customer_id != 0
	    && source->customer_id != target->customer_id)
		return conflict(error, "%s and %s are of different customers",
				source->ref, target->ref);
	return true;
}

static bool waits_for_staff(enum ticket_status status)
{
	return status == TICKET_OPEN || status == TICKET_CUSTOMER_REPLY;
}

bool conversation_merge(const struct desk *desk, struct store *store,
			const struct actor *actor, struct ticket *source,
			struct ticket *target, GError **error)
{
	static const struct saying there = { "merge", "merged into ", "" };
	static const struct saying here
		= { "merge", "", " was merged into this ticket" };
	gint64 now = clock_now();
	enum ticket_status after = target->status;

	(void)desk; /* nobody is told: their next answer comes from the target */
	if (!may_merge(source, target, error))
		return false;
	if (waits_for_staff(source->status))
		after = status_step(target->status, STATUS_MERGED).next;

	struct ticket_merge merge = {
		.source_id = source->id,
		.target_id = target->id,
		.source_status = source->status,
		.source_closed = source->closed,
		.source_resolved = source->resolved,
		.target_status = target->status,
		.target_after = after,
		.target_resolved = target->resolved,
	};
	if (!ticket_merge_do(store, &merge, error))
		return false;
	source->merged_into = target->id;
	status_apply(source, TICKET_CLOSED, now);
	status_apply(target, after, now);
	return ticket_update(store, source, error)
	       && ticket_update(store, target, error)
	       && say(store, actor, source, target, &there, error)
	       && say(store, actor, target, source, &here, error);
}

/* Whether anybody wrote to the target since the merge: entries that came with
 * it have gone again, row ids are ordered by time. */
static bool was_written_to(struct store *store,
			   const struct ticket_merge *merge, bool *ret,
			   GError **error)
{
	g_autoptr(GPtrArray) entries
		= message_list(store, merge->target_id, error);
	bool written = false;

	if (entries == NULL)
		return false;
	for (guint i = 0; i < entries->len; i++) {
		const struct message *one = entries->pdata[i];

		written |= one->author != MESSAGE_EVENT && one->id > merge->id;
	}
	*ret = written;
	return true;
}

/* Only if nothing has happened to it since: the same status may stand for a
 * mail that nobody has read yet. */
static bool restore_target(struct store *store,
			   const struct ticket_merge *merge,
			   struct ticket *target, GError **error)
{
	bool written = false;

	if (!was_written_to(store, merge, &written, error))
		return false;
	if (written || target->status != merge->target_after)
		return true;
	target->status = merge->target_status;
	target->resolved = merge->target_resolved;
	return true;
}

bool conversation_unmerge(const struct desk *desk, struct store *store,
			  const struct actor *actor, struct ticket *source,
			  GError **error)
{
	static const struct saying there
		= { "unmerge", "taken out of ", " again" };
	static const struct saying here
		= { "unmerge", "", " was taken out of this ticket again" };
	AUTO(ticket_merge)
	merge = ticket_merge_get(store, source->id, error);
	AUTO(ticket) target = NULL;

	(void)desk;
	if (merge == NULL)
		return false;
	target = ticket_get(store, merge->target_id, error);
	if (target == NULL)
		return false;
	if (target->merged_into != 0)
		return conflict(error,
				"%s was merged into another ticket itself: "
				"unmerge that first",
				target->ref);
	if (!ticket_merge_undo(store, merge, error))
		return false;
	source->merged_into = 0;
	source->status = merge->source_status;
	source->closed = merge->source_closed;
	source->resolved = merge->source_resolved;
	return restore_target(store, merge, target, error)
	       && ticket_update(store, source, error)
	       && ticket_update(store, target, error)
	       && say(store, actor, source, target, &there, error)
	       && say(store, actor, target, source, &here, error);
}

/* --- split ------------------------------------------------------------------ */

static bool is_chosen(const struct conversation_split *split, gint64 id)
{
	for (size_t i = 0; i < split->n_messages; i++) {
		if (split->messages[i] == id)
			return true;
	}
	return false;
}

/* The chosen entries, oldest first, owned by `entries`; something that is no
 * event must stay. */
static GPtrArray *choose(const GPtrArray *entries, const struct ticket *ticket,
			 const struct conversation_split *split, GError **error)
{
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();
	bool stays = false;

	for (guint i = 0; i < entries->len; i++) {
		const struct message *one = entries->pdata[i];

		if (one->author == MESSAGE_EVENT)
			continue;
		if (is_chosen(split, one->id))
			g_ptr_array_add(chosen, entries->pdata[i]);
		else
			stays = true;
	}
	if (chosen->len == 0 || chosen->len != split->n_messages) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
			    "%s has %u of the %zu messages, each once, that "
			    "are to go",
			    ticket->ref, chosen->len, split->n_messages);
		return NULL;
	}
	if (!stays) {
		conflict(error, "nothing would stay in %s", ticket->ref);
		return NULL;
	}
	return g_steal_pointer(&chosen);
}

static const struct message *first_of_customer(const GPtrArray *chosen)
{
	for (guint i = 0; i < chosen->len; i++) {
		const struct message *one = chosen->pdata[i];

		if (one->author == MESSAGE_CUSTOMER)
			return one;
	}
	return NULL;
}

static enum ticket_status status_of(const GPtrArray *chosen)
{
	const struct message *last = chosen->pdata[chosen->len - 1];

	return last->author == MESSAGE_STAFF ? TICKET_ANSWERED : TICKET_OPEN;
}

static struct ticket *make_ticket(const struct desk *desk,
				  const struct ticket *old,
				  const GPtrArray *chosen,
				  const struct conversation_split *split)
{
	const struct message *first = first_of_customer(chosen);
	const char *subject = split->subject;
	struct ticket *ticket = ticket_new();

	if (subject == NULL)
		subject = first != NULL ? first->subject : old->subject;
	ticket->department_id = split->department != NULL
					? split->department->id
					: old->department_id;
	set(&ticket->department, split->department != NULL
					 ? split->department->name
					 : old->department);
	ticket->customer_id = old->customer_id;
	set(&ticket->customer, old->customer);
	set(&ticket->requester,
	    first != NULL ? first->address : old->requester);
	g_free(ticket->subject);
	ticket->subject = conversation_dup_subject(desk, subject);
	ticket->status = status_of(chosen);
	ticket->priority = old->priority;
	ticket->service_id = old->service_id;
	ticket->assignee = old->assignee;
	return ticket;
}

static bool copy_participants(struct store *store, gint64 from, gint64 to,
			      GError **error)
{
	g_autoptr(GPtrArray) all = participant_list(store, from, error);

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct participant *one = all->pdata[i];

		if (!participant_add(store, to, one->address, one->name,
				     one->role, error))
			return false;
	}
	return all != NULL;
}

static bool move_entries(struct store *store, const GPtrArray *chosen,
			 gint64 from, gint64 to, GError **error)
{
	for (guint i = 0; i < chosen->len; i++) {
		const struct message *one = chosen->pdata[i];

		if (!message_move(store, one->id, from, to, error))
			return false;
	}
	return message_ids_follow(store, from, to, error);
}

struct ticket *conversation_split(const struct desk *desk, struct store *store,
				  const struct actor *actor,
				  struct ticket *ticket,
				  const struct conversation_split *split,
				  GError **error)
{
	static const struct saying there = { "split", "split off into ", "" };
	static const struct saying here = { "split", "split from ", "" };
	const char *prefix = desk_get_config(desk)->server.ref_prefix;
	g_autoptr(GPtrArray) entries = message_list(store, ticket->id, error);
	g_autoptr(GPtrArray) chosen = NULL;
	AUTO(ticket) made = NULL;

	if (entries == NULL)
		return NULL;
	chosen = choose(entries, ticket, split, error);
	if (chosen == NULL)
		return NULL;
	made = make_ticket(desk, ticket, chosen, split);
	if (!ticket_insert(store, prefix, made, error)
	    || !copy_participants(store, ticket->id, made->id, error)
	    || !move_entries(store, chosen, ticket->id, made->id, error)
	    || !link_add(store, made->id, ticket->id, LINK_SPLIT, error)
	    || !ticket_update(store, ticket, error)
	    || !say(store, actor, ticket, made, &there, error)
	    || !say(store, actor, made, ticket, &here, error))
		return NULL;
	return g_steal_pointer(&made);
}

/* --- move ------------------------------------------------------------------- */

static bool works_in(const struct staff *staff,
		     const struct department *department)
{
	return staff->departments != NULL
	       && g_strv_contains((const char *const *)staff->departments,
				  department->name);
}

/* Nobody would feel responsible for a ticket of somebody elsewhere. */
static bool release_assignee(const struct desk *desk, struct store *store,
			     const struct actor *actor, struct ticket *ticket,
			     const struct department *department,
			     GError **error)
{
	GError *local = NULL;
	AUTO(staff) staff = NULL;

	if (ticket->assignee == 0)
		return true;
	staff = staff_get(store, ticket->assignee, &local);
	if (staff == NULL)
		return lookup_is_absent(local, error);
	return works_in(staff, department)
	       || conversation_assign(desk, store, actor, ticket, NULL, error);
}

bool conversation_move(const struct desk *desk, struct store *store,
		       const struct actor *actor, struct ticket *ticket,
		       const struct department *department, GError **error)
{
	AUTO(department) old = NULL;

	if (ticket->department_id == department->id)
		return true;
	if (!department->active)
		return conflict(error, "the department %s is not active",
				department->name);
	old = department_get(store, ticket->department_id, error);
	if (old == NULL)
		return false;

	const struct conversation_change change = { "department", old->name,
						    department->name };
	ticket->department_id = department->id;
	set(&ticket->department, department->name);
	return ticket_leave_department(store, ticket->id, old->id, error)
	       && ticket_update(store, ticket, error)
	       && conversation_record(store, actor, ticket, &change, error)
	       && release_assignee(desk, store, actor, ticket, department,
				   error)
	       && notify_moved(desk, store, ticket, old->title, actor->staff,
			       error);
}

/* --- link ------------------------------------------------------------------- */

bool conversation_link(struct store *store, const struct actor *actor,
		       const struct ticket *ticket, const struct ticket *other,
		       GError **error)
{
	static const struct saying linked = { "link", "linked to ", "" };
	bool younger = ticket->created >= other->created;

	if (ticket->id == other->id)
		return conflict(error, "%s cannot be linked to itself",
				ticket->ref);
	return link_add(store, younger ? ticket->id : other->id,
			younger ? other->id : ticket->id, LINK_RELATED, error)
	       && say(store, actor, ticket, other, &linked, error)
	       && say(store, actor, other, ticket, &linked, error);
}

bool conversation_unlink(struct store *store, const struct actor *actor,
			 const struct ticket *ticket,
			 const struct ticket *other, GError **error)
{
	static const struct saying unlinked
		= { "unlink", "not linked to ", " any more" };

	return link_remove(store, ticket->id, other->id, error)
	       && say(store, actor, ticket, other, &unlinked, error)
	       && say(store, actor, other, ticket, &unlinked, error);
}

/* --- copies ----------------------------------------------------------------- */

static bool is_department(struct store *store, const char *address, bool *ret,
			  GError **error)
{
	GError *local = NULL;
	g_autofree char *base = NULL;
	g_autofree char *extension = NULL;

	address_split_extension(address, &base, &extension);
	AUTO(department)
	department = department_by_address(store, base, &local);
	*ret = department != NULL;
	return *ret || lookup_is_absent(local, error);
}

static bool is_staff(struct store *store, const char *address, bool *ret,
		     GError **error)
{
	GError *local = NULL;
	AUTO(staff) staff = staff_by_address(store, address, &local);

	*ret = staff != NULL;
	return *ret || lookup_is_absent(local, error);
}

bool conversation_copy_check(struct store *store, const struct ticket *ticket,
			     const char *address, const char **ret_why,
			     GError **error)
{
	g_autoptr(GPtrArray) people = NULL;
	bool ours = false;
	bool staff = false;

	if (!is_department(store, address, &ours, error)
	    || !is_staff(store, address, &staff, error))
		return false;
	people = participant_list(store, ticket->id, error);
	if (people == NULL)
		return false;
	*ret_why = ours	   ? "it is an address of a department"
		   : staff ? "it is the address of a member of staff"
		   : people->len >= CONVERSATION_PEOPLE_MAX
			   ? "too many people take part already"
			   : NULL;
	return true;
}

/* Who he is to this ticket; the name as the registry or the mail has it. */
static bool describe(struct store *store, const struct ticket *ticket,
		     const char *address, enum participant_role *ret_role,
		     char **ret_name, GError **error)
{
	GError *local = NULL;
	AUTO(contact) contact = contact_by_address(store, address, &local);

	*ret_role = PARTICIPANT_COPY;
	if (contact == NULL && !lookup_is_absent(local, error))
		return false;
	if (contact != NULL && contact->customer_id == ticket->customer_id)
		*ret_role = contact->role == CONTACT_OWNER
				    ? PARTICIPANT_OWNER
				    : PARTICIPANT_CONTACT;
	*ret_name = contact != NULL
			    ? g_strdup(contact->name)
			    : copy_proposal_dup_name(store, ticket->id,
						     address, error);
	return *ret_name != NULL;
}

static bool record_copy(struct store *store, const struct actor *actor,
			const struct ticket *ticket, const char *address,
			const char *done, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"copy %s: %s (%s)", done, address, conversation_actor(actor));
	g_autofree char *detail = g_strdup_printf("%s %s", done, address);

	return conversation_event(store, ticket->id, text, error)
	       && conversation_audit(store, actor, "copy", ticket, detail,
				     error);
}

bool conversation_copy_add(struct store *store, const struct actor *actor,
			   const struct ticket *ticket, const char *address,
			   GError **error)
{
	enum participant_role role;
	g_autofree char *name = NULL;
	const char *why = NULL;
	bool takes_part = false;

	if (!participant_is(store, ticket->id, address, &takes_part, error))
		return false;
	if (takes_part)
		return true;
	if (!conversation_copy_check(store, ticket, address, &why, error))
		return false;
	if (why != NULL)
		return conflict(error, "%s: %s", address, why);
	return describe(store, ticket, address, &role, &name, error)
	       && participant_add(store, ticket->id, address, name, role,
				  error)
	       && record_copy(store, actor, ticket, address, "added", error);
}

bool conversation_copy_remove(struct store *store, const struct actor *actor,
			      const struct ticket *ticket,
			      const char *address, GError **error)
{
	enum participant_role role = PARTICIPANT_COPY;
	bool found = false;

	if (!participant_role(store, ticket->id, address, &role, &found,
			      error))
		return false;
	if (found && role != PARTICIPANT_COPY)
		return conflict(error,
				"%s takes part as %s, not as a copy that "
				"staff added",
				address, participant_role_name(role));
	return participant_remove(store, ticket->id, address, error)
	       && record_copy(store, actor, ticket, address, "removed", error);
}
