/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.c - the table of DESIGN section 5, row by row
 *
 * The first row that fits decides. What no row covers, and any value that
 * this program does not know, is a temporary failure: a table that forgot
 * somebody must neither let him in nor send his mail back.
 */
#include "desk/policy.h"

static const char *const who_names[] = {
	[POLICY_CONTACT] = "contact",   [POLICY_PARTICIPANT] = "participant",
	[POLICY_STAFF] = "staff",       [POLICY_CONFIRM] = "confirm",
	[POLICY_STRANGER] = "stranger", [POLICY_BOUNCE] = "bounce",
	[POLICY_NULL] = "null",         [POLICY_NOBODY] = "nobody",
};
G_STATIC_ASSERT(G_N_ELEMENTS(who_names) == POLICY_WHO__COUNT);

static const char *const action_names[] = {
	[POLICY_ACCEPT] = "accept",
	[POLICY_ACCEPT_REPLY] = "accept_reply",
	[POLICY_ACCEPT_STAFF] = "accept_staff",
	[POLICY_ACCEPT_BOUNCE] = "accept_bounce",
	[POLICY_HOLD] = "hold",
	[POLICY_REJECT] = "reject",
	[POLICY_TEMPFAIL] = "tempfail",
};
G_STATIC_ASSERT(G_N_ELEMENTS(action_names) == POLICY_ACTION__COUNT);

/* What a cell of the table says. */
enum cell {
	CELL_ACCEPT,
	CELL_REPLY, /* into the ticket of the token only */
	CELL_STAFF,
	CELL_BOUNCE,
	CELL_HOLD,
	CELL_REJECT,
	CELL_LATER,
	CELL_SETTING,       /* as the department's `unproven` says */
	CELL_SETTING_REPLY, /* the same, and into the ticket only */
	CELL__COUNT
};

static const enum policy_action fixed_actions[] = {
	[CELL_ACCEPT] = POLICY_ACCEPT,
	[CELL_REPLY] = POLICY_ACCEPT_REPLY,
	[CELL_STAFF] = POLICY_ACCEPT_STAFF,
	[CELL_BOUNCE] = POLICY_ACCEPT_BOUNCE,
	[CELL_HOLD] = POLICY_HOLD,
	[CELL_REJECT] = POLICY_REJECT,
	[CELL_LATER] = POLICY_TEMPFAIL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(fixed_actions) == CELL_SETTING);

enum ticket_need { TICKET_ANY, TICKET_YES, TICKET_NO };

#define ON(accept)    (1u << (accept))
#define ON_REGISTERED ON(DEPARTMENT_REGISTERED)
#define ON_REPLIES    ON(DEPARTMENT_REPLIES)
#define ON_ANYONE     ON(DEPARTMENT_ANYONE)
#define ON_KNOWN      (ON_REGISTERED | ON_REPLIES)

struct row {
	unsigned accept; /* mask of ON() */
	enum policy_who who;
	enum ticket_need ticket;
	enum cell cells[AUTH_PROOF__COUNT];
	const char *name;
};

#define CELLS(proven, unproven, disproven, trouble)                            \
	{                                                                      \
		[AUTH_PROVEN] = CELL_##proven,                                 \
		[AUTH_UNPROVEN] = CELL_##unproven,                             \
		[AUTH_DISPROVEN] = CELL_##disproven,                           \
		[AUTH_TROUBLE] = CELL_##trouble,                               \
	}
#define ALWAYS(cell) CELLS(cell, cell, cell, cell)

/* clang-format off */
static const struct row rows[] = {
	/* A contact opens tickets in a registered department. */
	{ ON_REGISTERED, POLICY_CONTACT, TICKET_ANY,
	  CELLS(ACCEPT, SETTING, REJECT, LATER),
	  "registered contact" },
	/* Where only replies are taken, he needs a ticket of his. */
	{ ON_REPLIES, POLICY_CONTACT, TICKET_YES,
	  CELLS(REPLY, SETTING_REPLY, REJECT, LATER),
	  "registered contact, reply into a ticket" },
	{ ON_REPLIES, POLICY_CONTACT, TICKET_NO,
	  ALWAYS(REJECT),
	  "registered contact, but the department takes replies only" },

	/* A participant has no other right than his ticket; nobody could ask
	 * a registered address about him, so `unproven` does not apply. */
	{ ON_KNOWN, POLICY_PARTICIPANT, TICKET_YES,
	  CELLS(REPLY, HOLD, REJECT, LATER),
	  "participant of the ticket" },
	{ ON_KNOWN, POLICY_PARTICIPANT, TICKET_NO,
	  ALWAYS(REJECT),
	  "participant without a ticket" },

	{ ON_KNOWN, POLICY_STAFF, TICKET_ANY,
	  CELLS(STAFF, HOLD, REJECT, LATER),
	  "staff member" },

	/* Writing to an address that only the registered mailbox was told is
	 * itself the proof, unless the domain says who it should come from
	 * (judge_author.c). */
	{ ON_KNOWN, POLICY_CONFIRM, TICKET_ANY,
	  CELLS(ACCEPT, ACCEPT, REJECT, LATER),
	  "confirmation of a held message" },

	/* DNS trouble cannot make a stranger known: no need to come again. */
	{ ON_KNOWN, POLICY_STRANGER, TICKET_ANY,
	  ALWAYS(REJECT),
	  "sender not registered" },

	{ ON_KNOWN, POLICY_BOUNCE, TICKET_ANY,
	  ALWAYS(BOUNCE),
	  "bounce of our mail" },
	{ ON_KNOWN, POLICY_NULL, TICKET_ANY,
	  ALWAYS(REJECT),
	  "null sender, not about our mail" },
	{ ON_KNOWN, POLICY_NOBODY, TICKET_ANY,
	  ALWAYS(REJECT),
	  "no single author" },

	/* An abuse report is never refused for its authentication; but staff
	 * rights and bounce handling still have their conditions. */
	{ ON_ANYONE, POLICY_STAFF, TICKET_ANY,
	  CELLS(STAFF, ACCEPT, ACCEPT, ACCEPT),
	  "staff member, department open to anyone" },
	{ ON_ANYONE, POLICY_BOUNCE, TICKET_ANY,
	  ALWAYS(BOUNCE),
	  "bounce of our mail" },
	{ ON_ANYONE, POLICY_CONTACT, TICKET_ANY,
	  ALWAYS(ACCEPT),
	  "registered contact, department open to anyone" },
	{ ON_ANYONE, POLICY_PARTICIPANT, TICKET_ANY,
	  ALWAYS(ACCEPT),
	  "participant, department open to anyone" },
	{ ON_ANYONE, POLICY_CONFIRM, TICKET_ANY,
	  ALWAYS(ACCEPT),
	  "confirmation of a held message, department open to anyone" },
	{ ON_ANYONE, POLICY_STRANGER, TICKET_ANY,
	  ALWAYS(ACCEPT),
	  "sender not registered, department open to anyone" },
	{ ON_ANYONE, POLICY_NULL, TICKET_ANY,
	  ALWAYS(ACCEPT),
	  "null sender, department open to anyone" },
	{ ON_ANYONE, POLICY_NOBODY, TICKET_ANY,
	  ALWAYS(ACCEPT),
	  "no single author, department open to anyone" },
};
/* clang-format on */

const char *policy_who_name(enum policy_who who)
{
	if ((unsigned)who >= POLICY_WHO__COUNT)
		return "unknown";
	return who_names[who];
}

const char *policy_action_name(enum policy_action action)
{
	if ((unsigned)action >= POLICY_ACTION__COUNT)
		return "unknown";
	return action_names[action];
}

static bool row_fits(const struct row *row, const struct policy_input *input)
{
	if ((row->accept & ON(input->accept)) == 0 || row->who != input->who)
		return false;
	return row->ticket == TICKET_ANY ||
	       (row->ticket == TICKET_YES) == input->has_ticket;
}

static bool input_is_known(const struct policy_input *input)
{
	return (unsigned)input->accept < DEPARTMENT_ACCEPT__COUNT &&
	       (unsigned)input->unproven < DEPARTMENT_UNPROVEN__COUNT &&
	       (unsigned)input->who < POLICY_WHO__COUNT &&
	       (unsigned)input->proof < AUTH_PROOF__COUNT;
}

static enum policy_action setting_action(enum department_unproven unproven,
                                         enum policy_action accept)
{
	static const enum policy_action actions[] = {
		[DEPARTMENT_HOLD] = POLICY_HOLD,
		[DEPARTMENT_ACCEPT] = POLICY_ACCEPT,
		[DEPARTMENT_REJECT] = POLICY_REJECT,
	};
	G_STATIC_ASSERT(G_N_ELEMENTS(actions) == DEPARTMENT_UNPROVEN__COUNT);

	return unproven == DEPARTMENT_ACCEPT ? accept : actions[unproven];
}

static enum policy_action cell_action(enum cell cell,
                                      enum department_unproven unproven)
{
	if (cell == CELL_SETTING)
		return setting_action(unproven, POLICY_ACCEPT);
	if (cell == CELL_SETTING_REPLY)
		return setting_action(unproven, POLICY_ACCEPT_REPLY);
	return fixed_actions[cell];
}

struct policy_decision policy_decide(const struct policy_input *input)
{
	struct policy_decision decision = { POLICY_TEMPFAIL, "no row fits" };

	if (!input_is_known(input))
		return decision;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (!row_fits(&rows[i], input))
			continue;
		decision.action = cell_action(rows[i].cells[input->proof],
		                              input->unproven);
		decision.row = rows[i].name;
		break;
	}
	return decision;
}
