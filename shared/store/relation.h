/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/relation.h - merged, split, moved and linked tickets; proposed copies
 *
 * Rows only: what they mean for people is desk/merge.c. All calls but the
 * lists need the caller's transaction.
 */
#ifndef PORTARIA_STORE_RELATION_H
#define PORTARIA_STORE_RELATION_H

#include "store/ticket.h"

/* One ticket in another. The source keeps its ref, its events from then on
 * and its participants; its entries are the target's until it is undone. */
struct ticket_merge {
	gint64 id;
	gint64 source_id;
	gint64 target_id;
	enum ticket_status source_status; /* before, as the times */
	gint64 source_closed;
	gint64 source_resolved;
	enum ticket_status target_status; /* before */
	enum ticket_status target_after;  /* what the merge made of it */
	gint64 target_resolved;           /* before */
	gint64 created;
	gint64 undone; /* 0: it holds */
};
void ticket_merge_free(struct ticket_merge *merge);
DEFINE_AUTO(ticket_merge)

/* Sets id and created; moves all entries and adds the source's participants
 * to the target, and remembers which. */
bool ticket_merge_do(struct store *store, struct ticket_merge *merge,
		     GError **error) NODISCARD;
/* The merge of this source that holds; NOT_FOUND if there is none. */
struct ticket_merge *ticket_merge_get(struct store *store, gint64 source_id,
				      GError **error) NODISCARD;
/* Takes it back: entries that are still in the target return, participants
 * that it added go. */
bool ticket_merge_undo(struct store *store, const struct ticket_merge *merge,
		       GError **error) NODISCARD;

/* Message-IDs of others that belong to entries of `to` and are known as those
 * of `from`. */
bool message_ids_follow(struct store *store, gint64 from, gint64 to,
			GError **error) NODISCARD;

enum link_kind {
	LINK_RELATED,   /* somebody said so */
	LINK_CONTINUES, /* answers a ticket that cannot be joined any more */
	LINK_SPLIT,     /* has entries that were the other's */
	LINK_KIND__COUNT
};
const char *link_kind_name(enum link_kind kind);

struct link {
	gint64 other_id; /* of the ticket at the other end */
	char *ref;       /* its ref, subject and status */
	char *subject;
	enum ticket_status status;
	enum link_kind kind;
	bool is_younger; /* the other end came from this ticket */
};
void link_free(struct link *link);

/* A pair has one link: adding another is no error and changes nothing. */
bool link_add(struct store *store, gint64 ticket_id, gint64 older_id,
	      enum link_kind kind, GError **error) NODISCARD;
/* Whichever is the older; NOT_FOUND if they are not linked. */
bool link_remove(struct store *store, gint64 ticket_id, gint64 other_id,
		 GError **error) NODISCARD;
GPtrArray *link_list(struct store *store, gint64 ticket_id, GError **error)
	NODISCARD;
/* *ret: whether ticket_id was split from older_id. */
bool link_is_split(struct store *store, gint64 ticket_id, gint64 older_id,
		   bool *ret, GError **error) NODISCARD;

/* The ticket leaves this department. */
bool ticket_leave_department(struct store *store, gint64 ticket_id,
			     gint64 department_id, GError **error) NODISCARD;

/* Somebody whom a customer's mail named in To or Cc. */
struct copy_proposal {
	gint64 ticket_id;
	char *address; /* key */
	char *name;
	char *proposed_by;
	gint64 proposed;
};
void copy_proposal_free(struct copy_proposal *proposal);

/* *ret_new false: proposed before, nothing changes. */
bool copy_propose(struct store *store, const struct copy_proposal *proposal,
		  bool *ret_new, GError **error) NODISCARD;
/* Those who do not take part yet, the oldest first. */
GPtrArray *copy_proposal_list(struct store *store, gint64 ticket_id,
			      GError **error) NODISCARD;
/* The name under which an address was proposed, "" if it was not. Owned by
 * the caller. */
char *copy_proposal_dup_name(struct store *store, gint64 ticket_id,
			     const char *address, GError **error) NODISCARD;

#endif
