/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_audience.c - who is told of what
 *
 * The table once more, in letters; then the people behind it. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/audience.h"

/* a author, o owner, c contact, p copy, r reporter, d department, s assignee */
static const char letters[] = "aocprds";

static const struct {
	enum audience_event event;
	const char *told;
} table[] = {
	{ AUDIENCE_NOBODY, "" },
	{ AUDIENCE_OPENED, "aocprds" },
	{ AUDIENCE_STAFF_OPENED, "ds" },
	{ AUDIENCE_CUSTOMER_WROTE, "ds" },
	{ AUDIENCE_CUSTOMER_THANKED, "s" },
	{ AUDIENCE_AUTOMATIC, "ds" },
	{ AUDIENCE_STAFF_ANSWERED, "ocprs" },
	{ AUDIENCE_NOTED, "s" },
	{ AUDIENCE_ASSIGNED, "s" },
	{ AUDIENCE_MOVED, "ds" },
	{ AUDIENCE_REFERRED, "d" },
	{ AUDIENCE_BOUNCED, "ds" },
	{ AUDIENCE_RESOLVED, "ocpr" },
	{ AUDIENCE_CLOSED, "ocpr" },
};

static void test_whole_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		for (int role = 0; role < AUDIENCE_ROLE__COUNT; role++) {
			bool want = strchr(table[i].told, letters[role]) != NULL;

			if (audience_is_told(table[i].event,
			                     (enum audience_role)role) != want)
				fail_msg("%s: %s",
				         audience_event_name(table[i].event),
				         audience_role_name(
						 (enum audience_role)role));
		}
	assert_int_equal(G_N_ELEMENTS(table), AUDIENCE_EVENT__COUNT);
}

/* "dono@... contato@..." in the order of the list. Owned by the caller. */
static char *list(struct room *room, const struct ticket *ticket,
                  enum audience_event event, const char *actor)
{
	const struct audience_query query = { .ticket = ticket,
		                              .event = event,
		                              .actor = actor };
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) readers =
		audience_list(room->store, &query, &error);
	GString *text = g_string_new(NULL);

	room_must(readers, error);
	for (guint i = 0; i < readers->len; i++) {
		const struct audience_reader *one = readers->pdata[i];

		g_string_append_printf(text, "%s%s:%s", i > 0 ? " " : "",
		                       one->address,
		                       audience_role_name(one->role));
	}
	return g_string_free(text, false);
}

static void check(struct room *room, const struct ticket *ticket,
                  enum audience_event event, const char *actor,
                  const char *want)
{
	g_autofree char *got = list(room, ticket, event, actor);

	assert_string_equal(got, want);
}

static void test_people(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	AUTO(staff) beto = staff_by_login(room->store, "beto", &error);

	room_must(beto, error);
	fixture_begin(room->fixture);
	assert_ok(participant_add(room->store, ticket->id, COPIA, "Cópia",
	                          PARTICIPANT_COPY, &error),
	          error);
	fixture_commit(room->fixture);
	ticket->assignee = beto->id;
	check(room, ticket, AUDIENCE_OPENED, DONO,
	      DONO ":author " CONTATO ":contact " COPIA ":copy " BETO
	           ":assignee " ANA ":department");
	check(room, ticket, AUDIENCE_OPENED, CONTATO,
	      DONO ":owner " CONTATO ":author " COPIA ":copy " BETO
	           ":assignee " ANA ":department");
	/* Nobody about what he did himself. */
	check(room, ticket, AUDIENCE_CUSTOMER_WROTE, DONO,
	      BETO ":assignee " ANA ":department");
	check(room, ticket, AUDIENCE_STAFF_ANSWERED, BETO,
	      DONO ":owner " CONTATO ":contact " COPIA ":copy");
	check(room, ticket, AUDIENCE_STAFF_ANSWERED, ANA,
	      DONO ":owner " CONTATO ":contact " COPIA ":copy " BETO
	           ":assignee");
	check(room, ticket, AUDIENCE_NOTED, BETO, "");
	check(room, ticket, AUDIENCE_MOVED, ANA, BETO ":assignee");
}

static void change_contact(struct room *room, const char *address,
                           bool no_copies, bool active)
{
	g_autoptr(GError) error = NULL;
	AUTO(contact) contact = contact_find(room->store, address, &error);

	room_must(contact, error);
	contact->no_copies = no_copies;
	contact->active = active;
	fixture_begin(room->fixture);
	assert_ok(contact_update(room->store, contact, &error), error);
	fixture_commit(room->fixture);
}

static void test_who_wants_no_copies(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	AUTO(ticket) ticket = room_ticket(room, ref);

	change_contact(room, CONTATO, true, true);
	check(room, ticket, AUDIENCE_STAFF_ANSWERED, ANA, DONO ":owner");
	/* The author of the ticket reads the answer whatever he wants. */
	change_contact(room, DONO, true, true);
	check(room, ticket, AUDIENCE_STAFF_ANSWERED, ANA, DONO ":owner");
	/* And so does who has written in it. */
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);
	room_expect(room,
	            &(struct letter_in){ .from = CONTATO,
	                                 .to = to,
	                                 .verdict = SEAL_ACCEPT,
	                                 .proof = AUTH_PROVEN },
	            INTAKE_APPENDED);
	check(room, ticket, AUDIENCE_STAFF_ANSWERED, ANA,
	      DONO ":owner " CONTATO ":contact");
}

static void test_who_is_gone(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	bool takes_part = true;

	change_contact(room, CONTATO, false, false);
	check(room, ticket, AUDIENCE_STAFF_ANSWERED, ANA, DONO ":owner");
	/* Deleted: out of every ticket. */
	AUTO(contact) contact = contact_find(room->store, CONTATO, &error);
	room_must(contact, error);
	fixture_begin(room->fixture);
	assert_ok(contact_delete(room->store, contact->id, &error), error);
	fixture_commit(room->fixture);
	assert_ok(participant_is(room->store, ticket->id, CONTATO, &takes_part,
	                         &error),
	          error);
	assert_false(takes_part);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, room_setup, room_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_table),
		TEST(test_people),
		TEST(test_who_wants_no_copies),
		TEST(test_who_is_gone),
	};

	mail_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
