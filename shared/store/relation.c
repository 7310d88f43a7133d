/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relation.c - merged, split, moved and linked tickets; proposed copies
 *
 * A merge moves the entries themselves, so that everything that lists or
 * searches a ticket finds them without knowing of merges. Message-IDs of
 * others stay with the source: who finds it by one follows merged_into.
 */
#include "store/relation.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/row.h"
#include "store/store_private.h"

/* As in ticket.c. */
static const char *const status_names[] = {
	[TICKET_OPEN] = "open",
	[TICKET_ANSWERED] = "answered",
	[TICKET_CUSTOMER_REPLY] = "customer_reply",
	[TICKET_IN_PROGRESS] = "in_progress",
	[TICKET_ON_HOLD] = "on_hold",
	[TICKET_RESOLVED] = "resolved",
	[TICKET_CLOSED] = "closed",
	[TICKET_STATUS__COUNT] = NULL,
};

static const char *const kind_names[] = {
	[LINK_RELATED] = "related",
	[LINK_CONTINUES] = "continues",
	[LINK_SPLIT] = "split",
	[LINK_KIND__COUNT] = NULL,
};

static const struct row_field merge_fields[] = {
	ROW_FIELD(ticket_merge, id, ROW_INT),
	ROW_FIELD(ticket_merge, source_id, ROW_INT),
	ROW_FIELD(ticket_merge, target_id, ROW_INT),
	ROW_FIELD_NAME(ticket_merge, source_status, status_names),
	ROW_FIELD(ticket_merge, source_closed, ROW_INT),
	ROW_FIELD(ticket_merge, source_resolved, ROW_INT),
	ROW_FIELD_NAME(ticket_merge, target_status, status_names),
	ROW_FIELD_NAME(ticket_merge, target_after, status_names),
	ROW_FIELD(ticket_merge, target_resolved, ROW_INT),
	ROW_FIELD(ticket_merge, created, ROW_INT),
	ROW_FIELD(ticket_merge, undone, ROW_INT),
};

#define MERGE_COLUMNS                                                          \
	"id, source_id, target_id, source_status, source_closed,"              \
	" source_resolved, target_status, target_after, target_resolved,"      \
	" created, undone"

static void merge_destroy(void *merge)
{
	ticket_merge_free(merge);
}

static const struct row_type merge_type = {
	merge_fields,
	G_N_ELEMENTS(merge_fields),
	sizeof(struct ticket_merge),
	merge_destroy,
};

static const struct row_field link_fields[] = {
	ROW_FIELD(link, other_id, ROW_INT),
	ROW_FIELD(link, ref, ROW_TEXT),
	ROW_FIELD(link, subject, ROW_TEXT),
	ROW_FIELD_NAME(link, status, status_names),
	ROW_FIELD_NAME(link, kind, kind_names),
	ROW_FIELD(link, is_younger, ROW_BOOL),
};

static void link_destroy(void *link)
{
	link_free(link);
}

static const struct row_type link_type = {
	link_fields,
	G_N_ELEMENTS(link_fields),
	sizeof(struct link),
	link_destroy,
};

static const struct row_field proposal_fields[] = {
	ROW_FIELD(copy_proposal, ticket_id, ROW_INT),
	ROW_FIELD(copy_proposal, address, ROW_TEXT),
	ROW_FIELD(copy_proposal, name, ROW_TEXT),
	ROW_FIELD(copy_proposal, proposed_by, ROW_TEXT),
	ROW_FIELD(copy_proposal, proposed, ROW_INT),
};

static void proposal_destroy(void *proposal)
{
	copy_proposal_free(proposal);
}

static const struct row_type proposal_type = {
	proposal_fields,
	G_N_ELEMENTS(proposal_fields),
	sizeof(struct copy_proposal),
	proposal_destroy,
};

void ticket_merge_free(struct ticket_merge *merge)
{
	row_free(&merge_type, merge);
}

void link_free(struct link *link)
{
	row_free(&link_type, link);
}

void copy_proposal_free(struct copy_proposal *proposal)
{
	row_free(&proposal_type, proposal);
}

const char *link_kind_name(enum link_kind kind)
{
	g_return_val_if_fail((unsigned)kind < LINK_KIND__COUNT, "unknown");
	return kind_names[kind];
}

/* --- merges --- */

/* Runs statements in order with the members of a merge. */
static bool run_all(struct store *store, const char *const *statements,
                    const struct ticket_merge *merge, GError **error)
{
	for (; *statements != NULL; statements++) {
		if (!row_run(store->db, *statements, &merge_type, merge, error))
			return false;
	}
	return true;
}

bool ticket_merge_do(struct store *store, struct ticket_merge *merge,
                     GError **error)
{
	static const char *const statements[] = {
		"INSERT INTO ticket_merge (" MERGE_COLUMNS ")"
		" VALUES (:id, :source_id, :target_id, :source_status,"
		" :source_closed, :source_resolved, :target_status,"
		" :target_after, :target_resolved, :created, :undone)",
		"INSERT INTO ticket_merge_message (merge_id, message_id)"
		" SELECT :id, m.id FROM message m"
		" WHERE m.ticket_id = :source_id",
		"UPDATE message SET ticket_id = :target_id"
		" WHERE ticket_id = :source_id",
		"INSERT INTO ticket_merge_participant (merge_id, address)"
		" SELECT :id, p.address FROM participant p"
		" WHERE p.ticket_id = :source_id AND NOT EXISTS"
		" (SELECT 1 FROM participant q WHERE q.address = p.address"
		" AND q.ticket_id = :target_id)",
		"INSERT INTO participant"
		" (ticket_id, address, name, role, added)"
		" SELECT :target_id, p.address, p.name, p.role, :created"
		" FROM participant p WHERE p.ticket_id = :source_id"
		" AND p.address IN (SELECT address"
		" FROM ticket_merge_participant WHERE merge_id = :id)",
		"UPDATE ticket SET merged_into = :target_id"
		" WHERE id = :source_id",
		NULL,
	};

	merge->id = id_new();
	merge->created = clock_now();
	merge->undone = 0;
	return run_all(store, statements, merge, error);
}

struct ticket_merge *ticket_merge_get(struct store *store, gint64 source_id,
                                      GError **error)
{
	static const char SQL_MERGE_GET[] =
		"SELECT " MERGE_COLUMNS " FROM ticket_merge"
		" WHERE source_id = :id AND undone = 0";

	return row_fetch(
		row_prepare_id(store->db, SQL_MERGE_GET, source_id, error),
		&merge_type, error, "the ticket was not merged into another");
}

bool ticket_merge_undo(struct store *store, const struct ticket_merge *merge,
                       GError **error)
{
	static const char *const statements[] = {
		"UPDATE message SET ticket_id = :source_id"
		" WHERE ticket_id = :target_id AND id IN"
		" (SELECT message_id FROM ticket_merge_message"
		" WHERE merge_id = :id)",
		"DELETE FROM participant WHERE ticket_id = :target_id"
		" AND address IN (SELECT address"
		" FROM ticket_merge_participant WHERE merge_id = :id)",
		"UPDATE ticket SET merged_into = NULL WHERE id = :source_id",
		"UPDATE ticket_merge SET undone = :undone WHERE id = :id",
		NULL,
	};
	struct ticket_merge row = *merge;

	row.undone = clock_now();
	return run_all(store, statements, &row, error);
}

bool message_ids_follow(struct store *store, gint64 from, gint64 to,
                        GError **error)
{
	static const char SQL_IDS_FOLLOW[] =
		"UPDATE foreign_id SET ticket_id = :id"
		" WHERE ticket_id = :from AND message_id IN"
		" (SELECT message_id FROM message WHERE ticket_id = :id)";
	struct db_stmt *stmt =
		row_prepare_id(store->db, SQL_IDS_FOLLOW, to, error);

	if (stmt == NULL)
		return false;
	db_bind_int(stmt, ":from", from);
	return db_run(stmt, error);
}

/* --- links --- */

/* A statement about a pair of tickets. */
static struct db_stmt *prepare_pair(struct store *store, const char *sql,
                                    gint64 one, gint64 other, GError **error)
{
	struct db_stmt *stmt = row_prepare_id(store->db, sql, one, error);

	if (stmt != NULL)
		db_bind_int(stmt, ":other", other);
	return stmt;
}

bool link_add(struct store *store, gint64 ticket_id, gint64 older_id,
              enum link_kind kind, GError **error)
{
	static const char SQL_LINK_ADD[] =
		"INSERT INTO ticket_link (ticket_id, other_id, kind, created)"
		" SELECT :id, :other, :kind, :created"
		" WHERE NOT EXISTS (SELECT 1 FROM ticket_link"
		" WHERE ticket_id = :other AND other_id = :id)"
		" ON CONFLICT (ticket_id, other_id) DO NOTHING";
	struct db_stmt *stmt =
		prepare_pair(store, SQL_LINK_ADD, ticket_id, older_id, error);

	if (stmt == NULL)
		return false;
	db_bind_text(stmt, ":kind", link_kind_name(kind));
	db_bind_int(stmt, ":created", clock_now());
	return db_run(stmt, error);
}

bool link_remove(struct store *store, gint64 ticket_id, gint64 other_id,
                 GError **error)
{
	static const char SQL_LINK_REMOVE[] =
		"DELETE FROM ticket_link"
		" WHERE (ticket_id = :id AND other_id = :other)"
		" OR (ticket_id = :other AND other_id = :id)";
	struct db_stmt *stmt = prepare_pair(store, SQL_LINK_REMOVE, ticket_id,
	                                    other_id, error);

	return stmt != NULL && db_run(stmt, error) &&
	       row_check_changed(store->db, error,
	                         "the tickets are not linked");
}

GPtrArray *link_list(struct store *store, gint64 ticket_id, GError **error)
{
	static const char SQL_LINK_LIST[] =
		"SELECT t.id, t.ref, t.subject, t.status, l.kind, l.younger"
		" FROM (SELECT other_id AS id, kind, created, 0 AS younger"
		" FROM ticket_link WHERE ticket_id = :id"
		" UNION ALL SELECT ticket_id, kind, created, 1"
		" FROM ticket_link WHERE other_id = :id) l"
		" JOIN ticket t ON t.id = l.id ORDER BY l.created, t.id";

	return row_fetch_all(
		row_prepare_id(store->db, SQL_LINK_LIST, ticket_id, error),
		&link_type, error);
}

bool link_is_split(struct store *store, gint64 ticket_id, gint64 older_id,
                   bool *ret, GError **error)
{
	static const char SQL_LINK_IS_SPLIT[] =
		"SELECT 1 FROM ticket_link WHERE ticket_id = :id"
		" AND other_id = :other AND kind = 'split'";
	gint64 one;

	return row_fetch_int(prepare_pair(store, SQL_LINK_IS_SPLIT, ticket_id,
	                                  older_id, error),
	                     &one, ret, error);
}

/* --- departments --- */

bool ticket_leave_department(struct store *store, gint64 ticket_id,
                             gint64 department_id, GError **error)
{
	static const char SQL_LEAVE[] =
		"INSERT INTO ticket_past_department (ticket_id, department_id)"
		" VALUES (:id, :other)"
		" ON CONFLICT (ticket_id, department_id) DO NOTHING";
	struct db_stmt *stmt = prepare_pair(store, SQL_LEAVE, ticket_id,
	                                    department_id, error);

	return stmt != NULL && db_run(stmt, error);
}

/* --- proposed copies --- */

bool copy_propose(struct store *store, const struct copy_proposal *proposal,
                  bool *ret_new, GError **error)
{
	static const char SQL_PROPOSE[] =
		"INSERT INTO copy_proposal"
		" (ticket_id, address, name, proposed_by, proposed)"
		" VALUES (:ticket_id, :address, :name, :proposed_by,"
		" :proposed) ON CONFLICT (ticket_id, address) DO NOTHING";
	struct copy_proposal row = *proposal;

	row.proposed = clock_now();
	if (!row_run(store->db, SQL_PROPOSE, &proposal_type, &row, error))
		return false;
	*ret_new = db_changes(store->db) > 0;
	return true;
}

GPtrArray *copy_proposal_list(struct store *store, gint64 ticket_id,
                              GError **error)
{
	static const char SQL_PROPOSALS[] =
		"SELECT ticket_id, address, name, proposed_by, proposed"
		" FROM copy_proposal c WHERE ticket_id = :id"
		" AND NOT EXISTS (SELECT 1 FROM participant p"
		" WHERE p.ticket_id = c.ticket_id AND p.address = c.address)"
		" ORDER BY proposed, address";

	return row_fetch_all(
		row_prepare_id(store->db, SQL_PROPOSALS, ticket_id, error),
		&proposal_type, error);
}

char *copy_proposal_dup_name(struct store *store, gint64 ticket_id,
                             const char *address, GError **error)
{
	static const char SQL_PROPOSED_NAME[] =
		"SELECT name FROM copy_proposal"
		" WHERE ticket_id = :id AND address = :address";
	struct db_stmt *stmt = row_prepare_id(store->db, SQL_PROPOSED_NAME,
	                                      ticket_id, error);
	char *name = NULL;

	if (stmt != NULL)
		db_bind_text(stmt, ":address", address);
	if (!row_fetch_text(stmt, &name, error))
		return NULL;
	return name != NULL ? name : g_strdup("");
}
