/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timermail.c - the mails of timers, as outbox rows
 */
#include "desk/timermail.h"

#include "desk/audience.h"
#include "desk/letter.h"
#include "desk/lookup.h"

#include <string.h>

bool timermail_warn_close(const struct desk *desk, struct store *store,
			  const struct ticket *ticket, const char *shown,
			  GError **error)
{
	const struct notify_remark remark = { PHRASE_CLOSES_AT, shown };
	const struct audience_query query = {
		.ticket = ticket,
		.event = AUDIENCE_CLOSED,
	};
	g_autoptr(GPtrArray) readers = audience_list(store, &query, error);
	AUTO(department)
	department = department_get(store, ticket->department_id, error);

	if (readers == NULL || department == NULL)
		return false;
	for (guint i = 0; i < readers->len; i++) {
		const struct audience_reader *one = readers->pdata[i];
		const struct letter letter = {
			.kind = "warn_close",
			.address = one->address,
			.name = one->name,
			.language = one->language,
			.department = department,
			.ticket = ticket,
			.automatic = COMPOSE_GENERATED,
			.remarks = &remark,
			.n_remarks = 1,
		};

		if (!letter_post(desk, store, &letter, error))
			return false;
	}
	return true;
}

/* --- staff -------------------------------------------------------------------- */

static void free_staff(void *staff)
{
	staff_free(staff);
}

/* Adds an active member; one that is not there is nobody. */
static bool add_staff(struct staff *staff, GError *local, GPtrArray *list,
		      GError **error)
{
	if (staff == NULL)
		return lookup_is_absent(local, error);
	if (staff->active)
		g_ptr_array_add(list, staff);
	else
		staff_free(staff);
	return true;
}

static bool add_assignee(struct store *store, const struct ticket *ticket,
			 GPtrArray *list, GError **error)
{
	GError *local = NULL;
	struct staff *staff = NULL;

	if (ticket->assignee == 0)
		return true;
	staff = staff_get(store, ticket->assignee, &local);
	return add_staff(staff, local, list, error);
}

static bool add_login(struct store *store, const char *login, GPtrArray *list,
		      GError **error)
{
	GError *local = NULL;
	struct staff *staff = staff_by_login(store, login, &local);

	return add_staff(staff, local, list, error);
}

/* Whom the target names. If that is an assignee and there is none, or
 * somebody who has left, the department. */
static GPtrArray *readers_of(struct store *store, const struct ticket *ticket,
			     const struct timer_target *target, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_staff);
	const char *who = target->notify;

	if (strcmp(who, "none") == 0)
		return g_steal_pointer(&list);
	if (strcmp(who, "assignee") == 0) {
		if (!add_assignee(store, ticket, list, error))
			return NULL;
	} else if (strcmp(who, "department") != 0) {
		if (!add_login(store, who, list, error))
			return NULL;
	}
	if (list->len > 0)
		return g_steal_pointer(&list);
	return staff_of_department(store, ticket->department_id, error);
}

bool timermail_escalation(const struct desk *desk, struct store *store,
			  const struct ticket *ticket,
			  const struct timer_target *target,
			  const char *shown, GError **error)
{
	const struct notify_remark remark = {
		target->kind == TIMER_FIRST ? PHRASE_TARGET_FIRST
					    : PHRASE_TARGET_NEXT,
		shown,
	};
	g_autoptr(GPtrArray) readers
		= readers_of(store, ticket, target, error);
	AUTO(department)
	department = department_get(store, ticket->department_id, error);

	if (readers == NULL || department == NULL)
		return false;
	for (guint i = 0; i < readers->len; i++) {
		const struct staff *one = readers->pdata[i];
		const struct letter letter = {
			.kind = "notice_escalation",
			.template_name = "escalation",
			.address = one->address,
			.name = one->name,
			.language = one->language,
			.department = department,
			.ticket = ticket,
			.automatic = COMPOSE_GENERATED,
			.remarks = &remark,
			.n_remarks = 1,
		};

		if (!letter_post(desk, store, &letter, error))
			return false;
	}
	return true;
}
