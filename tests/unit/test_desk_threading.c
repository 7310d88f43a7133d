/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_threading.c - which ticket a message belongs to, and who may not
 *
 * Messages are plain structs; nothing is parsed. Hermetic.
 */
#include "unit/desk_fixture.h"

#include "desk/signed.h"
#include "desk/threading.h"
#include "store/message.h"

#define TICKETS 4

/*
 * Tickets: 1 of customer one, 2 of customer two, 3 of customer one and
 * closed, 4 of nobody registered. copia@fora.example takes part in 1 and 3.
 * <fN@fora> is a Message-ID learnt for ticket N.
 */
struct world {
	struct fixture *fixture;
	struct department *suporte;
	struct department *financeiro;
	struct ticket *tickets[TICKETS + 1];
};

static void close_ticket(struct world *world, struct ticket *ticket)
{
	g_autoptr(GError) error = NULL;

	ticket->status = TICKET_CLOSED;
	ticket->closed = ticket->updated;
	assert_ok(ticket_update(world->fixture->store, ticket, &error), error);
}

static void add_copy(struct world *world, unsigned number, const char *address)
{
	g_autoptr(GError) error = NULL;

	assert_ok(participant_add(world->fixture->store,
	                          world->tickets[number]->id, address, "",
	                          PARTICIPANT_COPY, &error),
	          error);
}

static void learn(struct world *world, unsigned number)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *id = g_strdup_printf("<f%u@fora>", number);

	assert_ok(message_id_learn(world->fixture->store,
	                           world->tickets[number]->id, id, &error),
	          error);
}

static int world_setup(void **state)
{
	struct world *world = g_new0(struct world, 1);
	struct fixture *fixture = fixture_new("[limits]\nreferences=10\n");
	gint64 one;
	gint64 two;

	world->fixture = fixture;
	fixture_begin(fixture);
	world->suporte = fixture_department(
		fixture, "suporte", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD);
	world->financeiro = fixture_department(
		fixture, "financeiro", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD);
	one = fixture_customer(fixture, "1", "dono@cliente.example",
	                       "contato@cliente.example");
	two = fixture_customer(fixture, "2", "outro@outro.example", NULL);
	world->tickets[1] = fixture_ticket(fixture, world->suporte->id, one,
	                                   "dono@cliente.example");
	world->tickets[2] = fixture_ticket(fixture, world->suporte->id, two,
	                                   "outro@outro.example");
	world->tickets[3] = fixture_ticket(fixture, world->suporte->id, one,
	                                   "dono@cliente.example");
	world->tickets[4] = fixture_ticket(fixture, world->suporte->id, 0,
	                                   "denuncia@fora.example");
	add_copy(world, 1, "copia@fora.example");
	add_copy(world, 3, "copia@fora.example");
	close_ticket(world, world->tickets[3]);
	for (unsigned i = 1; i <= TICKETS; i++)
		learn(world, i);
	fixture_commit(fixture);
	*state = world;
	return 0;
}

static int world_teardown(void **state)
{
	struct world *world = *state;

	for (unsigned i = 1; i <= TICKETS; i++)
		ticket_free(world->tickets[i]);
	department_free(world->suporte);
	department_free(world->financeiro);
	fixture_free(world->fixture);
	g_free(world);
	return 0;
}

/* --- one message --- */

enum author { DONO, CONTATO, OUTRO, COPIA, ALHEIO, DENUNCIA, ANA, NINGUEM };

static const char *const authors[] = {
	[DONO] = "dono@cliente.example",  [CONTATO] = "contato@cliente.example",
	[OUTRO] = "outro@outro.example",  [COPIA] = "copia@fora.example",
	[ALHEIO] = "alheio@nada.example", [DENUNCIA] = "denuncia@fora.example",
	[ANA] = "ana@equipe.example",     [NINGUEM] = "",
};

/*
 * What names tickets, by number: "r1" the reply address of 1, "m1" a signed
 * Message-ID, "f1" a stored one, "-" an id of nobody's. `subject` is a
 * number, 0 for none.
 */
struct case_row {
	const char *name;
	enum author author;
	const char *recipient; /* NULL: plain */
	const char *in_reply_to;
	const char *references;
	unsigned subject;
	unsigned also; /* a second token of the subject */
	bool unproven;
	bool is_forward;
	bool other_department;
	enum threading_by by;
	unsigned ticket;  /* 0: a new one */
	unsigned refused; /* 0: none */
	const char *why;  /* part of it */
};

static const struct case_row cases[] = {
	{ .name = "nothing named", .author = DONO },

	/* One way at a time. */
	{ .name = "reply address",
	  .author = DONO,
	  .recipient = "r1",
	  .by = THREADING_REPLY_ADDRESS,
	  .ticket = 1 },
	{ .name = "signed In-Reply-To",
	  .author = DONO,
	  .in_reply_to = "m1",
	  .by = THREADING_SIGNED_ID,
	  .ticket = 1 },
	{ .name = "signed reference",
	  .author = DONO,
	  .references = "- m1 -",
	  .by = THREADING_SIGNED_ID,
	  .ticket = 1 },
	{ .name = "stored id",
	  .author = DONO,
	  .in_reply_to = "f1",
	  .by = THREADING_STORED_ID,
	  .ticket = 1 },
	{ .name = "stored reference",
	  .author = DONO,
	  .references = "f1 - -",
	  .by = THREADING_STORED_ID,
	  .ticket = 1 },
	{ .name = "subject",
	  .author = DONO,
	  .subject = 1,
	  .by = THREADING_SUBJECT,
	  .ticket = 1 },

	/* The order of the ways. Ana may join each. */
	{ .name = "reply address before all",
	  .author = ANA,
	  .recipient = "r1",
	  .in_reply_to = "m2",
	  .references = "f4",
	  .subject = 4,
	  .by = THREADING_REPLY_ADDRESS,
	  .ticket = 1 },
	{ .name = "signed id before stored id and subject",
	  .author = ANA,
	  .in_reply_to = "f4",
	  .references = "m2 f4",
	  .subject = 1,
	  .by = THREADING_SIGNED_ID,
	  .ticket = 2 },
	{ .name = "In-Reply-To before References",
	  .author = ANA,
	  .in_reply_to = "m2",
	  .references = "m1 m4",
	  .by = THREADING_SIGNED_ID,
	  .ticket = 2 },
	{ .name = "References from the right",
	  .author = ANA,
	  .references = "m1 m2 m4",
	  .by = THREADING_SIGNED_ID,
	  .ticket = 4 },
	{ .name = "stored id before subject",
	  .author = ANA,
	  .references = "f2",
	  .subject = 1,
	  .by = THREADING_STORED_ID,
	  .ticket = 2 },

	/* Who may join. */
	{ .name = "added copy",
	  .author = COPIA,
	  .recipient = "r1",
	  .by = THREADING_REPLY_ADDRESS,
	  .ticket = 1 },
	{ .name = "another contact of the customer",
	  .author = CONTATO,
	  .subject = 1,
	  .by = THREADING_SUBJECT,
	  .ticket = 1 },
	{ .name = "reporter without a customer",
	  .author = DENUNCIA,
	  .in_reply_to = "m4",
	  .by = THREADING_SIGNED_ID,
	  .ticket = 4 },
	{ .name = "staff anywhere",
	  .author = ANA,
	  .subject = 2,
	  .by = THREADING_SUBJECT,
	  .ticket = 2 },
	{ .name = "contact of another customer",
	  .author = OUTRO,
	  .recipient = "r1",
	  .refused = 1,
	  .why = "no part" },
	{ .name = "stranger with everything",
	  .author = ALHEIO,
	  .recipient = "r1",
	  .in_reply_to = "m1",
	  .references = "f1",
	  .subject = 1,
	  .refused = 1,
	  .why = "no part" },
	{ .name = "nobody",
	  .author = NINGUEM,
	  .in_reply_to = "m1",
	  .refused = 1,
	  .why = "no part" },
	{ .name = "a stranger's ticket without a customer",
	  .author = ALHEIO,
	  .in_reply_to = "m4",
	  .refused = 4,
	  .why = "no part" },
	{ .name = "past a ticket of others to one's own",
	  .author = OUTRO,
	  .recipient = "r1",
	  .subject = 2,
	  .by = THREADING_SUBJECT,
	  .ticket = 2 },

	{ .name = "two tokens, the second of one's own",
	  .author = OUTRO,
	  .subject = 1,
	  .also = 2,
	  .by = THREADING_SUBJECT,
	  .ticket = 2 },
	{ .name = "two tokens, the first counts",
	  .author = ANA,
	  .subject = 2,
	  .also = 1,
	  .by = THREADING_SUBJECT,
	  .ticket = 2 },
	{ .name = "two tokens of others",
	  .author = ALHEIO,
	  .subject = 2,
	  .also = 1,
	  .refused = 2,
	  .why = "no part" },

	/* Unproven: only what we signed. */
	{ .name = "unproven, reply address",
	  .author = DONO,
	  .recipient = "r1",
	  .unproven = true,
	  .by = THREADING_REPLY_ADDRESS,
	  .ticket = 1 },
	{ .name = "unproven, signed id",
	  .author = DONO,
	  .references = "m1 -",
	  .unproven = true,
	  .by = THREADING_SIGNED_ID,
	  .ticket = 1 },
	{ .name = "unproven, stored id and subject",
	  .author = DONO,
	  .in_reply_to = "f1",
	  .subject = 1,
	  .unproven = true },
	{ .name = "unproven, not a participant",
	  .author = ALHEIO,
	  .recipient = "r1",
	  .unproven = true,
	  .refused = 1,
	  .why = "no part" },

	/* Forwards. */
	{ .name = "forward with a stored id",
	  .author = DONO,
	  .in_reply_to = "f1",
	  .references = "f1",
	  .is_forward = true },
	{ .name = "forward with a signed id",
	  .author = DONO,
	  .references = "m1",
	  .is_forward = true,
	  .by = THREADING_SIGNED_ID,
	  .ticket = 1 },
	{ .name = "forward with a subject",
	  .author = DONO,
	  .subject = 1,
	  .is_forward = true,
	  .by = THREADING_SUBJECT,
	  .ticket = 1 },

	/* Closed. */
	{ .name = "closed, by its owner",
	  .author = DONO,
	  .recipient = "r3",
	  .refused = 3,
	  .why = "closed" },
	{ .name = "closed, all names say the same",
	  .author = COPIA,
	  .recipient = "r3",
	  .in_reply_to = "m3",
	  .references = "f3 m3",
	  .subject = 3,
	  .refused = 3,
	  .why = "closed" },
	{ .name = "closed, by a stranger",
	  .author = ALHEIO,
	  .recipient = "r3",
	  .refused = 3,
	  .why = "no part" },
	{ .name = "closed, by staff",
	  .author = ANA,
	  .recipient = "r3",
	  .by = THREADING_REPLY_ADDRESS,
	  .ticket = 3 },
	{ .name = "past a closed ticket to an open one",
	  .author = DONO,
	  .recipient = "r3",
	  .references = "f1",
	  .by = THREADING_STORED_ID,
	  .ticket = 1 },

	/* Departments. */
	{ .name = "signed id in another department",
	  .author = DONO,
	  .in_reply_to = "m1",
	  .other_department = true,
	  .by = THREADING_SIGNED_ID,
	  .ticket = 1 },
	{ .name = "stored id in another department",
	  .author = DONO,
	  .in_reply_to = "f1",
	  .other_department = true },
};

/* "m1 - f2" to Message-IDs; NULL gives none. */
static char **expand_ids(const struct world *world, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text != NULL ? text : "", " ", -1);
	GPtrArray *ids = g_ptr_array_new();

	for (char **word = words; *word != NULL; word++) {
		unsigned number = (unsigned)((*word)[1] - '0');

		if ((*word)[0] == 'm')
			g_ptr_array_add(
				ids,
				signed_message_id(world->fixture->desk,
			                          world->tickets[number]->ref,
			                          1, 2));
		else if ((*word)[0] == 'f')
			g_ptr_array_add(ids,
			                g_strdup_printf("<f%u@fora>", number));
		else if ((*word)[0] == '-')
			g_ptr_array_add(ids, g_strdup("<nobody@fora>"));
	}
	g_ptr_array_add(ids, NULL);
	return (char **)g_ptr_array_free(ids, FALSE);
}

/* Everything struct threading_input borrows. */
struct asked {
	struct mail mail;
	char *recipient;
	struct threading_input input;
};

static char *dup_subject(const struct world *world, const struct case_row *c)
{
	if (c->subject == 0)
		return g_strdup("Assunto");
	if (c->also == 0)
		return g_strdup_printf("Re: [%s] Assunto",
		                       world->tickets[c->subject]->ref);
	return g_strdup_printf("ENC: [%s] Re: [%s] Assunto",
	                       world->tickets[c->subject]->ref,
	                       world->tickets[c->also]->ref);
}

static void ask(const struct world *world, const struct case_row *c,
                struct asked *asked)
{
	const char *plain = world->suporte->addresses[0];

	*asked = (struct asked){ 0 };
	asked->recipient = g_strdup(plain);
	if (c->recipient != NULL) {
		unsigned number = (unsigned)(c->recipient[1] - '0');

		g_free(asked->recipient);
		asked->recipient =
			signed_reply_address(world->fixture->desk, plain,
		                             world->tickets[number]->ref);
	}
	asked->mail.in_reply_to = expand_ids(world, c->in_reply_to);
	asked->mail.references = expand_ids(world, c->references);
	asked->mail.is_forward = c->is_forward;
	asked->mail.subject = dup_subject(world, c);
	asked->input.mail = &asked->mail;
	asked->input.recipient = asked->recipient;
	asked->input.department_id = c->other_department ? world->financeiro->id
	                                                 : world->suporte->id;
	asked->input.identity = authors[c->author];
	asked->input.proven = !c->unproven;
	asked->input.is_staff = c->author == ANA;
}

static void asked_clear(struct asked *asked)
{
	g_strfreev(asked->mail.in_reply_to);
	g_strfreev(asked->mail.references);
	g_free(asked->mail.subject);
	g_free(asked->recipient);
}

static unsigned number_of(const struct world *world,
                          const struct ticket *ticket)
{
	for (unsigned i = 1; ticket != NULL && i <= TICKETS; i++)
		if (world->tickets[i]->id == ticket->id)
			return i;
	return 0;
}

static void check_case(const struct world *world, const struct case_row *c)
{
	g_autoptr(GError) error = NULL;
	struct threading_result result = { 0 };
	struct asked asked;
	unsigned ticket;
	unsigned refused;

	ask(world, c, &asked);
	assert_ok(threading_find(world->fixture->desk, world->fixture->store,
	                         &asked.input, &result, &error),
	          error);
	ticket = number_of(world, result.ticket);
	refused = number_of(world, result.refused);
	if (result.by != c->by || ticket != c->ticket || refused != c->refused)
		fail_msg("%s: by %s, ticket %u, refused %u (%s)", c->name,
		         threading_by_name(result.by), ticket, refused,
		         result.why != NULL ? result.why : "");
	assert_int_equal(result.why != NULL, c->refused != 0);
	if (c->why != NULL)
		assert_non_null(strstr(result.why, c->why));
	threading_result_clear(&result);
	asked_clear(&asked);
}

static void test_find_every_case(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check_case(*state, &cases[i]);
}

/* limits.references is 10 here: the eleventh id from the right is not seen,
 * whether ours or foreign. */
static void test_find_looks_at_a_bounded_number_of_ids(void **state)
{
	static const struct case_row bounded[] = {
		{ .name = "signed, the tenth",
		  .author = DONO,
		  .references = "m1 - - - - - - - - -",
		  .by = THREADING_SIGNED_ID,
		  .ticket = 1 },
		{ .name = "signed, the eleventh",
		  .author = DONO,
		  .references = "m1 - - - - - - - - - -" },
		{ .name = "stored, the tenth",
		  .author = DONO,
		  .references = "f1 - - - - - - - - -",
		  .by = THREADING_STORED_ID,
		  .ticket = 1 },
		{ .name = "stored, the eleventh",
		  .author = DONO,
		  .references = "f1 - - - - - - - - - -" },
		{ .name = "In-Reply-To is counted too",
		  .author = DONO,
		  .in_reply_to = "-",
		  .references = "m1 - - - - - - - - -" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bounded); i++)
		check_case(*state, &bounded[i]);
}

/* A contact who is no longer one has no right in the customer's tickets. */
static void test_find_inactive_contact_is_refused(void **state)
{
	static const struct case_row row = { .name = "inactive",
		                             .author = CONTATO,
		                             .recipient = "r1",
		                             .refused = 1,
		                             .why = "no part" };
	struct world *world = *state;
	struct store *store = world->fixture->store;
	g_autoptr(GError) error = NULL;
	AUTO(contact)
	contact = contact_by_address(store, authors[CONTATO], &error);

	assert_ok(contact != NULL, error);
	fixture_begin(world->fixture);
	contact->active = false;
	assert_ok(contact_update(store, contact, &error), error);
	fixture_commit(world->fixture);
	check_case(world, &row);
}

/* A valid token whose ticket is gone names nothing. */
static void test_find_token_without_a_ticket(void **state)
{
	struct world *world = *state;
	struct case_row row = { .name = "gone", .author = DONO };
	g_autoptr(GError) error = NULL;
	struct threading_result result = { 0 };
	struct asked asked;

	ask(world, &row, &asked);
	g_free(asked.recipient);
	asked.recipient = signed_reply_address(
		world->fixture->desk, "suporte@desk.example", "VIA-0000000");
	asked.input.recipient = asked.recipient;
	assert_ok(threading_find(world->fixture->desk, world->fixture->store,
	                         &asked.input, &result, &error),
	          error);
	assert_null(result.ticket);
	assert_null(result.refused);
	assert_int_equal(result.by, THREADING_NONE);
	threading_result_clear(&result);
	asked_clear(&asked);
}

static void test_find_with_bare_members(void **state)
{
	struct world *world = *state;
	const struct mail mail = { 0 };
	const struct threading_input input = { .mail = &mail,
		                               .recipient = "",
		                               .department_id =
		                                       world->suporte->id,
		                               .identity = "",
		                               .proven = true };
	g_autoptr(GError) error = NULL;
	struct threading_result result = { 0 };

	assert_ok(threading_find(world->fixture->desk, world->fixture->store,
	                         &input, &result, &error),
	          error);
	assert_null(result.ticket);
	threading_result_clear(&result);
}

static void test_by_names_are_distinct(void **state)
{
	(void)state;
	for (unsigned i = 0; i < THREADING_BY__COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(
				threading_by_name((enum threading_by)i),
				threading_by_name((enum threading_by)j));
	assert_string_equal(threading_by_name(THREADING_BY__COUNT), "unknown");
}

#define WORLD_TEST(name)                                                       \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_find_every_case),
		WORLD_TEST(test_find_looks_at_a_bounded_number_of_ids),
		WORLD_TEST(test_find_inactive_contact_is_refused),
		WORLD_TEST(test_find_token_without_a_ticket),
		WORLD_TEST(test_find_with_bare_members),
		cmocka_unit_test(test_by_names_are_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
