/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_policy.c - every combination of policy_decide()
 *
 * The expectations were written from DESIGN section 5, not from the table of
 * policy.c: one string a case, a letter for proven, unproven, disproven and
 * DNS trouble in this order. Hermetic.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "desk/policy.h"

/*
 * a accept   p accept_reply   s accept_staff   b accept_bounce
 * h hold     r reject         t tempfail
 * u as `unproven` says, accepting fully; v the same, accepting a reply only
 */
struct expectation {
	enum department_accept accept;
	enum policy_who who;
	const char *with_ticket;
	const char *without_ticket;
};

static const struct expectation expectations[] = {
	{ DEPARTMENT_REGISTERED, POLICY_CONTACT, "aurt", "aurt" },
	{ DEPARTMENT_REGISTERED, POLICY_PARTICIPANT, "phrt", "rrrr" },
	{ DEPARTMENT_REGISTERED, POLICY_STAFF, "shrt", "shrt" },
	{ DEPARTMENT_REGISTERED, POLICY_CONFIRM, "aart", "aart" },
	{ DEPARTMENT_REGISTERED, POLICY_STRANGER, "rrrr", "rrrr" },
	{ DEPARTMENT_REGISTERED, POLICY_BOUNCE, "bbbb", "bbbb" },
	{ DEPARTMENT_REGISTERED, POLICY_NULL, "rrrr", "rrrr" },
	{ DEPARTMENT_REGISTERED, POLICY_NOBODY, "rrrr", "rrrr" },
	{ DEPARTMENT_REPLIES, POLICY_CONTACT, "pvrt", "rrrr" },
	{ DEPARTMENT_REPLIES, POLICY_PARTICIPANT, "phrt", "rrrr" },
	{ DEPARTMENT_REPLIES, POLICY_STAFF, "shrt", "shrt" },
	{ DEPARTMENT_REPLIES, POLICY_CONFIRM, "aart", "aart" },
	{ DEPARTMENT_REPLIES, POLICY_STRANGER, "rrrr", "rrrr" },
	{ DEPARTMENT_REPLIES, POLICY_BOUNCE, "bbbb", "bbbb" },
	{ DEPARTMENT_REPLIES, POLICY_NULL, "rrrr", "rrrr" },
	{ DEPARTMENT_REPLIES, POLICY_NOBODY, "rrrr", "rrrr" },
	{ DEPARTMENT_ANYONE, POLICY_CONTACT, "aaaa", "aaaa" },
	{ DEPARTMENT_ANYONE, POLICY_PARTICIPANT, "aaaa", "aaaa" },
	{ DEPARTMENT_ANYONE, POLICY_STAFF, "saaa", "saaa" },
	{ DEPARTMENT_ANYONE, POLICY_CONFIRM, "aaaa", "aaaa" },
	{ DEPARTMENT_ANYONE, POLICY_STRANGER, "aaaa", "aaaa" },
	{ DEPARTMENT_ANYONE, POLICY_BOUNCE, "bbbb", "bbbb" },
	{ DEPARTMENT_ANYONE, POLICY_NULL, "aaaa", "aaaa" },
	{ DEPARTMENT_ANYONE, POLICY_NOBODY, "aaaa", "aaaa" },
};

static const char letters[] = "apsbhrt";
static const char proofs[] = { AUTH_PROVEN, AUTH_UNPROVEN, AUTH_DISPROVEN,
	                       AUTH_TROUBLE };

static const struct expectation *find_expectation(unsigned accept, unsigned who)
{
	for (size_t i = 0; i < G_N_ELEMENTS(expectations); i++)
		if (expectations[i].accept == accept &&
		    expectations[i].who == who)
			return &expectations[i];
	return NULL;
}

static char resolve(char letter, unsigned unproven)
{
	if (letter != 'u' && letter != 'v')
		return letter;
	if (unproven == DEPARTMENT_HOLD)
		return 'h';
	if (unproven == DEPARTMENT_REJECT)
		return 'r';
	return letter == 'u' ? 'a' : 'p';
}

static char decide(unsigned accept, unsigned unproven, unsigned who,
                   unsigned proof, bool has_ticket)
{
	const struct policy_input input = {
		.accept = (enum department_accept)accept,
		.unproven = (enum department_unproven)unproven,
		.who = (enum policy_who)who,
		.proof = (enum auth_proof)proof,
		.has_ticket = has_ticket,
	};
	struct policy_decision decision = policy_decide(&input);

	assert_true((unsigned)decision.action < POLICY_ACTION__COUNT);
	assert_non_null(decision.row);
	return letters[decision.action];
}

static void check(unsigned accept, unsigned unproven, unsigned who,
                  bool has_ticket)
{
	const struct expectation *want = find_expectation(accept, who);
	const char *row;

	if (want == NULL) {
		fail_msg("no expectation for accept=%u who=%u", accept, who);
		return;
	}
	row = has_ticket ? want->with_ticket : want->without_ticket;
	for (size_t i = 0; i < G_N_ELEMENTS(proofs); i++) {
		char got = decide(accept, unproven, who, (unsigned)proofs[i],
		                  has_ticket);

		if (got != resolve(row[i], unproven))
			fail_msg("accept=%u unproven=%u who=%s proof=%d "
			         "ticket=%d: got %c, want %c",
			         accept, unproven,
			         policy_who_name((enum policy_who)who),
			         proofs[i], has_ticket, got,
			         resolve(row[i], unproven));
	}
}

static void test_decide_every_combination(void **state)
{
	unsigned checked = 0;

	(void)state;
	for (unsigned accept = 0; accept < DEPARTMENT_ACCEPT__COUNT; accept++)
		for (unsigned u = 0; u < DEPARTMENT_UNPROVEN__COUNT; u++)
			for (unsigned who = 0; who < POLICY_WHO__COUNT; who++) {
				check(accept, u, who, false);
				check(accept, u, who, true);
				checked += 2 * AUTH_PROOF__COUNT;
			}
	assert_int_equal(checked, 3 * 3 * 8 * 2 * 4);
}

/* Whoever is disproven or in DNS trouble is never let in where senders must
 * be known, whatever else is said. */
static void test_decide_never_accepts_the_disproven(void **state)
{
	(void)state;
	for (unsigned accept = 0; accept < DEPARTMENT_ANYONE; accept++)
		for (unsigned u = 0; u < DEPARTMENT_UNPROVEN__COUNT; u++)
			for (unsigned who = 0; who < POLICY_BOUNCE; who++) {
				char forged = decide(accept, u, who,
				                     AUTH_DISPROVEN, true);
				char trouble = decide(accept, u, who,
				                      AUTH_TROUBLE, true);

				assert_int_equal(forged, 'r');
				assert_true(trouble == 't' || trouble == 'r');
			}
}

static void test_decide_unknown_value_is_temporary(void **state)
{
	(void)state;
	assert_int_equal(decide(DEPARTMENT_ACCEPT__COUNT, 0, 0, 0, true), 't');
	assert_int_equal(decide(0, DEPARTMENT_UNPROVEN__COUNT, 0, 0, true),
	                 't');
	assert_int_equal(decide(0, 0, POLICY_WHO__COUNT, 0, true), 't');
	assert_int_equal(decide(0, 0, 0, AUTH_PROOF__COUNT, true), 't');
	assert_int_equal(decide(77, 77, 77, 77, false), 't');
	assert_int_equal(decide(UINT_MAX, 0, 0, 0, false), 't');
	assert_int_equal(decide(0, 0, UINT_MAX, 0, false), 't');
	assert_int_equal(decide(0, 0, 0, UINT_MAX, false), 't');
}

static void test_names_are_complete_and_distinct(void **state)
{
	(void)state;
	for (unsigned i = 0; i < POLICY_WHO__COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(
				policy_who_name((enum policy_who)i),
				policy_who_name((enum policy_who)j));
	for (unsigned i = 0; i < POLICY_ACTION__COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(
				policy_action_name((enum policy_action)i),
				policy_action_name((enum policy_action)j));
	assert_string_equal(policy_who_name(POLICY_WHO__COUNT), "unknown");
	assert_string_equal(policy_action_name(POLICY_ACTION__COUNT),
	                    "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide_every_combination),
		cmocka_unit_test(test_decide_never_accepts_the_disproven),
		cmocka_unit_test(test_decide_unknown_value_is_temporary),
		cmocka_unit_test(test_names_are_complete_and_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
