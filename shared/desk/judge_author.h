/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/judge_author.h - who wrote a message, by registry and tokens
 *
 * Private to judge.c. Who the author is holds for the whole message: a token
 * in any recipient or header counts for all recipients, since one message
 * becomes one ticket. The null sender stands before any author: mail of
 * programs is judged by what of ours it names.
 */
#ifndef PORTARIA_DESK_JUDGE_AUTHOR_H
#define PORTARIA_DESK_JUDGE_AUTHOR_H

#include "desk/judge.h"

/* What the message says and what authentication made of it; borrowed. */
struct judge_facts {
	const struct desk *desk;
	struct store *store;
	const struct judge_input *input;
	enum address_status from_status;
	struct mailbox *from; /* NULL unless ADDRESS_OK */
	enum auth_proof proof;
	const char *sasl; /* the login that proved it, or NULL */
};

struct judge_author {
	enum policy_who who;
	gint64 contact_id;
	gint64 customer_id;
	gint64 staff_id;
	char *ticket; /* NULL: no token that counts for this author */
};
void judge_author_clear(struct judge_author *author);

/* Looks the author up. Errors: trouble of the store only. */
bool judge_author_find(const struct judge_facts *facts,
		       struct judge_author *ret_author, GError **error)
	NODISCARD;

/* *ret_owns: the client logged in (SASL) as somebody to whom the author's
 * address belongs: the staff member it is of, or a contact of the same
 * customer. A login says nothing about the addresses of others. */
bool judge_author_owns_login(const struct judge_facts *facts, bool *ret_owns,
			     GError **error) NODISCARD;

#endif
