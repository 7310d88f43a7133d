/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * audience.c - who is told of what happens in a ticket
 *
 * People of the customer's side are the ticket's participants; whoever is no
 * active contact any more is not told, whatever the participants say.
 */
#include "desk/audience.h"

#include "desk/lookup.h"
#include "store/customer.h"
#include "store/message.h"
#include "store/staff.h"

#include <string.h>

static const char *const event_names[] = {
	[AUDIENCE_NOBODY] = "nobody",
	[AUDIENCE_OPENED] = "opened",
	[AUDIENCE_STAFF_OPENED] = "staff_opened",
	[AUDIENCE_CUSTOMER_WROTE] = "customer_wrote",
	[AUDIENCE_CUSTOMER_THANKED] = "customer_thanked",
	[AUDIENCE_AUTOMATIC] = "automatic",
	[AUDIENCE_STAFF_ANSWERED] = "staff_answered",
	[AUDIENCE_NOTED] = "noted",
	[AUDIENCE_ASSIGNED] = "assigned",
	[AUDIENCE_MOVED] = "moved",
	[AUDIENCE_REFERRED] = "referred",
	[AUDIENCE_BOUNCED] = "bounced",
	[AUDIENCE_RESOLVED] = "resolved",
	[AUDIENCE_CLOSED] = "closed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(event_names) == AUDIENCE_EVENT__COUNT);

static const char *const role_names[] = {
	[AUDIENCE_AUTHOR] = "author",       [AUDIENCE_OWNER] = "owner",
	[AUDIENCE_CONTACT] = "contact",     [AUDIENCE_COPY] = "copy",
	[AUDIENCE_REPORTER] = "reporter",   [AUDIENCE_DEPARTMENT] = "department",
	[AUDIENCE_ASSIGNEE] = "assignee",
};
G_STATIC_ASSERT(G_N_ELEMENTS(role_names) == AUDIENCE_ROLE__COUNT);

/* clang-format off */
/* author, owner, contact, copy, reporter, department, assignee */
static const bool told[AUDIENCE_EVENT__COUNT][AUDIENCE_ROLE__COUNT] = {
	[AUDIENCE_NOBODY]           = { 0, 0, 0, 0, 0, 0, 0 },
	[AUDIENCE_OPENED]           = { 1, 1, 1, 1, 1, 1, 1 },
	[AUDIENCE_STAFF_OPENED]     = { 0, 0, 0, 0, 0, 1, 1 },
	[AUDIENCE_CUSTOMER_WROTE]   = { 0, 0, 0, 0, 0, 1, 1 },
	[AUDIENCE_CUSTOMER_THANKED] = { 0, 0, 0, 0, 0, 0, 1 },
	[AUDIENCE_AUTOMATIC]        = { 0, 0, 0, 0, 0, 1, 1 },
	[AUDIENCE_STAFF_ANSWERED]   = { 0, 1, 1, 1, 1, 0, 1 },
	[AUDIENCE_NOTED]            = { 0, 0, 0, 0, 0, 0, 1 },
	[AUDIENCE_ASSIGNED]         = { 0, 0, 0, 0, 0, 0, 1 },
	[AUDIENCE_MOVED]            = { 0, 0, 0, 0, 0, 1, 1 },
	[AUDIENCE_REFERRED]         = { 0, 0, 0, 0, 0, 1, 0 },
	[AUDIENCE_BOUNCED]          = { 0, 0, 0, 0, 0, 1, 1 },
	[AUDIENCE_RESOLVED]         = { 0, 1, 1, 1, 1, 0, 0 },
	[AUDIENCE_CLOSED]           = { 0, 1, 1, 1, 1, 0, 0 },
};
/* clang-format on */

static const enum audience_role roles_of[PARTICIPANT_ROLE__COUNT] = {
	[PARTICIPANT_OWNER] = AUDIENCE_OWNER,
	[PARTICIPANT_CONTACT] = AUDIENCE_CONTACT,
	[PARTICIPANT_COPY] = AUDIENCE_COPY,
	[PARTICIPANT_REPORTER] = AUDIENCE_REPORTER,
};

const char *audience_event_name(enum audience_event event)
{
	g_return_val_if_fail((unsigned)event < AUDIENCE_EVENT__COUNT, "");
	return event_names[event];
}

const char *audience_role_name(enum audience_role role)
{
	g_return_val_if_fail((unsigned)role < AUDIENCE_ROLE__COUNT, "");
	return role_names[role];
}

bool audience_is_told(enum audience_event event, enum audience_role role)
{
	g_return_val_if_fail((unsigned)event < AUDIENCE_EVENT__COUNT, false);
	g_return_val_if_fail((unsigned)role < AUDIENCE_ROLE__COUNT, false);
	return told[event][role];
}

void audience_reader_free(struct audience_reader *reader)
{
	if (reader == NULL)
		return;
	g_free(reader->address);
	g_free(reader->name);
	g_free(reader->language);
	g_free(reader);
}

static void destroy_reader(void *reader)
{
	audience_reader_free(reader);
}

static bool is_there(const GPtrArray *readers, const char *address)
{
	for (guint i = 0; i < readers->len; i++) {
		const struct audience_reader *one = readers->pdata[i];

		if (strcmp(one->address, address) == 0)
			return true;
	}
	return false;
}

static struct audience_reader *add(GPtrArray *readers, const char *address,
				   const char *name, const char *language,
				   enum audience_role role)
{
	struct audience_reader *reader;

	if (is_there(readers, address))
		return NULL;
	reader = g_new0(struct audience_reader, 1);
	reader->address = g_strdup(address);
	reader->name = g_strdup(name);
	reader->language = g_strdup(language);
	reader->role = role;
	g_ptr_array_add(readers, reader);
	return reader;
}

static bool is_actor(const struct audience_query *query, const char *address)
{
	return query->actor != NULL && strcmp(query->actor, address) == 0;
}

/* --- the customer's side --- */

static bool has_written(struct store *store, const struct ticket *ticket,
			const char *address, bool *ret, GError **error)
{
	*ret = strcmp(ticket->requester, address) == 0;
	return *ret
	       || message_has_author(store, ticket->id, address, ret, error);
}

/* What the registry says of a participant: gone, or wanting no copies. */
static bool wants_mail(struct store *store, const struct ticket *ticket,
		       const char *address, bool *ret, GError **error)
{
	GError *local = NULL;
	AUTO(contact) contact = contact_find(store, address, &local);

	*ret = true;
	if (contact == NULL)
		return lookup_is_absent(local, error);
	*ret = contact->active;
	if (!contact->active || !contact->no_copies)
		return true;
	return has_written(store, ticket, address, ret, error);
}

static bool add_participant(struct store *store,
			    const struct audience_query *query,
			    const struct participant *one, GPtrArray *readers,
			    GError **error)
{
	enum audience_role role = is_actor(query, one->address)
					  ? AUDIENCE_AUTHOR
					  : roles_of[one->role];
	struct audience_reader *reader;
	bool wants = false;

	if (!told[query->event][role])
		return true;
	if (!wants_mail(store, query->ticket, one->address, &wants, error))
		return false;
	if (!wants)
		return true;
	reader = add(readers, one->address, one->name, "", role);
	if (reader != NULL)
		reader->is_reporter = one->role == PARTICIPANT_REPORTER;
	return true;
}

static bool add_customers(struct store *store,
			  const struct audience_query *query,
			  GPtrArray *readers, GError **error)
{
	g_autoptr(GPtrArray) participants
		= participant_list(store, query->ticket->id, error);

	if (participants == NULL)
		return false;
	for (guint i = 0; i < participants->len; i++) {
		if (!add_participant(store, query, participants->pdata[i],
				     readers, error))
			return false;
	}
	return true;
}

/* --- staff --- */

static void add_staff(const struct audience_query *query,
		      const struct staff *staff, enum audience_role role,
		      GPtrArray *readers)
{
	if (staff->active && staff->notify
	    && !is_actor(query, staff->address))
		(void)add(readers, staff->address, staff->name,
			  staff->language, role);
}

static bool add_assignee(struct store *store,
			 const struct audience_query *query,
			 GPtrArray *readers, GError **error)
{
	GError *local = NULL;
	AUTO(staff) staff = NULL;

	if (query->ticket->assignee == 0
	    || !told[query->event][AUDIENCE_ASSIGNEE])
		return true;
	staff = staff_get(store, query->ticket->assignee, &local);
	if (staff == NULL)
		return lookup_is_absent(local, error);
	add_staff(query, staff, AUDIENCE_ASSIGNEE, readers);
	return true;
}

static bool add_department(struct store *store,
			   const struct audience_query *query,
			   GPtrArray *readers, GError **error)
{
	g_autoptr(GPtrArray) staff = NULL;

	if (!told[query->event][AUDIENCE_DEPARTMENT])
		return true;
	staff = staff_of_department(store,
				    query->department_id != 0
					    ? query->department_id
					    : query->ticket->department_id,
				    error);
	for (guint i = 0; staff != NULL && i < staff->len; i++)
		add_staff(query, staff->pdata[i], AUDIENCE_DEPARTMENT, readers);
	return staff != NULL;
}

GPtrArray *audience_list(struct store *store,
			 const struct audience_query *query, GError **error)
{
	g_autoptr(GPtrArray) readers
		= g_ptr_array_new_with_free_func(destroy_reader);

	g_return_val_if_fail((unsigned)query->event < AUDIENCE_EVENT__COUNT,
			     NULL);
	if (!add_customers(store, query, readers, error)
	    || !add_assignee(store, query, readers, error)
	    || !add_department(store, query, readers, error))
		return NULL;
	return g_steal_pointer(&readers);
}
