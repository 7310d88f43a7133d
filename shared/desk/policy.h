/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/policy.h - may this sender write to this department?
 *
 * One pure function over a table (DESIGN section 5), used by the milter, the
 * LMTP agent and `portaria explain`.
 */
#ifndef PORTARIA_DESK_POLICY_H
#define PORTARIA_DESK_POLICY_H

#include "auth/auth.h"
#include "store/department.h"

enum policy_who {
	POLICY_CONTACT,     /* of a customer */
	POLICY_PARTICIPANT, /* of the ticket that a valid token names */
	POLICY_STAFF,
	POLICY_CONFIRM,     /* the held message's address, to a confirm address
			       that we signed */
	POLICY_STRANGER,
	POLICY_BOUNCE,      /* null sender, names something that we signed */
	POLICY_NULL,        /* null sender, names nothing of ours */
	POLICY_NOBODY,      /* no From, several, or a doubtful one */
	POLICY_WHO__COUNT
};
const char *policy_who_name(enum policy_who who);

enum policy_action {
	POLICY_ACCEPT,
	POLICY_ACCEPT_REPLY, /* only into the ticket of the token */
	POLICY_ACCEPT_STAFF,
	POLICY_ACCEPT_BOUNCE,
	POLICY_HOLD,
	POLICY_REJECT,  /* 550 5.7.1 */
	POLICY_TEMPFAIL, /* 451 4.7.0 */
	POLICY_ACTION__COUNT
};
const char *policy_action_name(enum policy_action action);

struct policy_input {
	enum department_accept accept;
	enum department_unproven unproven;
	enum policy_who who;
	enum auth_proof proof;
	bool has_ticket; /* a token names a ticket that `who` takes part in */
};

struct policy_decision {
	enum policy_action action;
	const char *row; /* which row of the table, for people; static */
};

struct policy_decision policy_decide(const struct policy_input *input);

#endif
