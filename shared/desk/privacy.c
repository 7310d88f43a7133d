/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privacy.c - a person's data: found, and erased
 */
#include "desk/privacy.h"

#include "base/error.h"
#include "desk/signed.h"
#include "store/audit.h"

/* Mail about held messages belongs to no ticket, and that to staff not to
 * the person's address either. */
static bool find_held_mail(struct store *store, GError **error)
{
	g_autoptr(GPtrArray) held = erase_list(store, ERASE_HELD, error);

	for (guint i = 0; held != NULL && i < held->len; i++) {
		gint64 id = g_ascii_strtoll(held->pdata[i], NULL, 10);
		g_autofree char *start = signed_held_prefix(id);

		if (!erase_add_outbox(store, start, error))
			return false;
	}
	return held != NULL;
}

bool privacy_find(struct store *store, const struct erase_person *person,
		  GError **error)
{
	return erase_begin(store, person, error)
	       && find_held_mail(store, error);
}

bool privacy_check_known(struct store *store, const struct erase_person *person,
			 GError **error)
{
	bool known = false;
	bool ok;

	if (!store_begin(store, error))
		return false;
	ok = privacy_find(store, person, error)
	     && erase_is_known(store, person, &known, error);
	store_rollback(store);
	if (ok && !known)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
			    "nothing is kept about %s",
			    person->address != NULL ? person->address
						    : "this customer");
	return ok && known;
}

static bool count_all(struct store *store, struct privacy_counts *counts,
		      GError **error)
{
	for (unsigned kind = 0; kind < ERASE_KIND__COUNT; kind++) {
		g_autoptr(GPtrArray) rows = erase_list(store, kind, error);

		if (rows == NULL)
			return false;
		counts->of[kind] = rows->len;
	}
	return true;
}

bool privacy_count(struct store *store, const struct erase_person *person,
		   struct privacy_counts *ret_counts, GError **error)
{
	struct privacy_counts counts = { 0 };
	bool ok;

	if (!store_begin(store, error))
		return false;
	ok = privacy_find(store, person, error)
	     && count_all(store, &counts, error);
	store_rollback(store);
	if (ok)
		*ret_counts = counts;
	return ok;
}

/* The chain of audit rows is never rewritten, so it must name nobody. */
static bool audit_erasure(struct store *store,
			  const struct erase_person *person, const char *by,
			  const struct privacy_counts *counts, GError **error)
{
	g_autofree char *object
		= person->customer_id != 0
			  ? g_strdup_printf("customer %" G_GINT64_FORMAT,
					    person->customer_id)
			  : g_strdup("unregistered person");
	GString *detail = g_string_new("erased");
	bool ok;

	for (unsigned kind = 0; kind < ERASE_KIND__COUNT; kind++)
		g_string_append_printf(detail, " %s=%u", erase_kind_name(kind),
				       counts->of[kind]);
	ok = audit_add(store, by, "erase", object, detail->str, error);
	g_string_free(detail, true);
	return ok;
}

static bool erase_rows(struct store *store, const struct erase_person *person,
		       const char *by, struct privacy_counts *counts,
		       GPtrArray **ret_files, GError **error)
{
	return privacy_find(store, person, error)
	       && count_all(store, counts, error)
	       && erase_run(store, person, ret_files, error)
	       && audit_erasure(store, person, by, counts, error);
}

bool privacy_erase(struct store *store, const struct erase_person *person,
		   const char *by, struct privacy_counts *ret_counts,
		   GError **error)
{
	struct privacy_counts counts = { 0 };
	g_autoptr(GPtrArray) files = NULL;

	if (!store_begin(store, error))
		return false;
	if (!erase_rows(store, person, by, &counts, &files, error)) {
		store_rollback(store);
		return false;
	}
	if (!store_commit(store, error) || !erase_files(store, files, error)
	    || !store_scrub(store, error))
		return false;
	*ret_counts = counts;
	return true;
}
