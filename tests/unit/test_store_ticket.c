/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_store_ticket.c - ticket.h: tickets, lists, search, participants */
#include "unit/store_fixture.h"

#include "base/ids.h"

#define NOW (G_GINT64_CONSTANT(1800000000000))

static void test_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) made = ticket_new();
	AUTO(ticket) got = NULL;
	AUTO(ticket) by_ref = NULL;
	g_autofree char *ref = NULL;
	struct service service = { 0 };

	assert_int_equal(made->status, TICKET_OPEN);
	assert_int_equal(made->priority, TICKET_MEDIUM);
	fixture_begin(fixture);
	made->department_id = fixture_department(fixture, "suporte");
	made->customer_id = fixture_customer(fixture, "Ana");
	service.customer_id = made->customer_id;
	assert_ok(service_insert(fixture->store, &service, &error), error);
	set(&made->requester, g_strdup("ana@cliente.example"));
	set(&made->subject, g_strdup("Site fora do ar"));
	made->status = TICKET_IN_PROGRESS;
	made->priority = TICKET_HIGH;
	made->service_id = service.id;
	made->assignee = fixture_staff(fixture, "maria");
	made->closed = 55;
	clock_set_for_test(NOW);
	assert_ok(ticket_insert(fixture->store, "VIA", made, &error), error);
	fixture_commit(fixture);
	ref = ref_parse("VIA", made->ref, strlen(made->ref));
	assert_non_null(ref);
	assert_string_equal(ref, made->ref);
	assert_int_equal(made->created, NOW);
	assert_int_equal(made->updated, NOW);
	assert_int_equal(made->version, 1);
	got = ticket_get(fixture->store, made->id, &error);
	assert_ok(got != NULL, error);
	assert_string_equal(got->ref, made->ref);
	assert_int_equal(got->department_id, made->department_id);
	assert_string_equal(got->department, "suporte");
	assert_int_equal(got->customer_id, made->customer_id);
	assert_string_equal(got->customer, "Ana");
	assert_string_equal(got->requester, "ana@cliente.example");
	assert_string_equal(got->subject, "Site fora do ar");
	assert_int_equal(got->status, TICKET_IN_PROGRESS);
	assert_int_equal(got->priority, TICKET_HIGH);
	assert_int_equal(got->service_id, service.id);
	assert_int_equal(got->assignee, made->assignee);
	assert_int_equal(got->created, NOW);
	assert_int_equal(got->updated, NOW);
	assert_int_equal(got->closed, 55);
	assert_int_equal(got->version, 1);
	by_ref = ticket_by_ref(fixture->store, made->ref, &error);
	assert_ok(by_ref != NULL && by_ref->id == made->id, error);
}

static void test_insert_with_little(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct ticket made = { .priority = TICKET_LOW, .created = 77 };
	AUTO(ticket) got = NULL;

	fixture_begin(fixture);
	made.department_id = fixture_department(fixture, "suporte");
	assert_ok(ticket_insert(fixture->store, "VIA", &made, &error), error);
	fixture_commit(fixture);
	got = ticket_get(fixture->store, made.id, &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->customer_id, 0);
	assert_string_equal(got->customer, "");
	assert_string_equal(got->requester, "");
	assert_string_equal(got->subject, "");
	assert_int_equal(got->service_id, 0);
	assert_int_equal(got->assignee, 0);
	assert_int_equal(got->created, 77);
	g_free(made.ref);
}

static void test_insert_refuses(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = ticket_new();

	fixture_begin(fixture);
	assert_fails(ticket_insert(fixture->store, "via", ticket, &error),
	             error, PORTARIA_ERROR_CONFIG, "prefix");
	ticket->department_id = 5;
	assert_fails(ticket_insert(fixture->store, "VIA", ticket, &error),
	             error, PORTARIA_ERROR_CONFLICT, "");
	ticket->department_id = fixture_department(fixture, "suporte");
	ticket->status = TICKET_STATUS__COUNT;
	assert_fails(ticket_insert(fixture->store, "VIA", ticket, &error),
	             error, PORTARIA_ERROR_INTERNAL, "not bound");
	assert_string_equal(ticket->ref, "");
	assert_int_equal(ticket->id, 0);
	store_rollback(fixture->store);
}

static void test_get_missing(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	assert_fails(ticket_get(fixture->store, 5, &error) != NULL, error,
	             PORTARIA_ERROR_NOT_FOUND, "no such ticket");
	assert_fails(ticket_by_ref(fixture->store, "VIA-0000000", &error) !=
	                     NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "VIA-0000000");
}

static void test_update(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(ticket) got = NULL;
	gint64 other;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	other = fixture_department(fixture, "abusos");
	clock_set_for_test(NOW + 5000);
	ticket->status = TICKET_CLOSED;
	ticket->priority = TICKET_LOW;
	ticket->department_id = other;
	ticket->assignee = fixture_staff(fixture, "maria");
	ticket->closed = NOW + 1;
	set(&ticket->subject, g_strdup("b"));
	assert_ok(ticket_update(fixture->store, ticket, &error), error);
	fixture_commit(fixture);
	assert_int_equal(ticket->version, 2);
	assert_int_equal(ticket->updated, NOW + 5000);
	got = ticket_get(fixture->store, ticket->id, &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->status, TICKET_CLOSED);
	assert_int_equal(got->priority, TICKET_LOW);
	assert_string_equal(got->department, "abusos");
	assert_int_equal(got->assignee, ticket->assignee);
	assert_int_equal(got->closed, NOW + 1);
	assert_string_equal(got->subject, "b");
	assert_int_equal(got->version, 2);
	assert_int_equal(got->created, NOW);
	assert_int_equal(got->updated, NOW + 5000);
	fixture_check(fixture);
}

static void test_update_conflict(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) first = NULL;
	AUTO(ticket) second = NULL;

	fixture_begin(fixture);
	first = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                       "a");
	second = ticket_get(fixture->store, first->id, &error);
	assert_ok(second != NULL, error);
	first->status = TICKET_ANSWERED;
	assert_ok(ticket_update(fixture->store, first, &error), error);
	set(&second->subject, g_strdup("lost"));
	assert_fails(ticket_update(fixture->store, second, &error), error,
	             PORTARIA_ERROR_CONFLICT, first->ref);
	assert_int_equal(second->version, 1);
	/* Again from what is there now: no conflict with oneself. */
	first->status = TICKET_CLOSED;
	assert_ok(ticket_update(fixture->store, first, &error), error);
	assert_int_equal(first->version, 3);
	first->id = 5;
	assert_fails(ticket_update(fixture->store, first, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "no such ticket");
	fixture_commit(fixture);
	fixture_check(fixture);
}

static void test_updated_does_not_go_back(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	clock_set_for_test(NOW - CLOCK_DAY);
	assert_ok(ticket_update(fixture->store, ticket, &error), error);
	assert_int_equal(ticket->updated, NOW);
	fixture_commit(fixture);
}

static void test_names_parse(void **state)
{
	enum ticket_status status = TICKET_CLOSED;
	enum ticket_priority priority = TICKET_HIGH;

	(void)state;
	for (int i = 0; i < TICKET_STATUS__COUNT; i++) {
		assert_true(ticket_status_parse(
			ticket_status_name((enum ticket_status)i), &status));
		assert_int_equal(status, i);
	}
	for (int i = 0; i < TICKET_PRIORITY__COUNT; i++) {
		assert_true(ticket_priority_parse(
			ticket_priority_name((enum ticket_priority)i),
			&priority));
		assert_int_equal(priority, i);
	}
	assert_false(ticket_status_parse("aberto", &status));
	assert_false(ticket_priority_parse("", &priority));
	assert_string_equal(participant_role_name(PARTICIPANT_REPORTER),
	                    "reporter");
}

static void test_unknown_word_in_the_database(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	struct ticket_filter any = TICKET_FILTER_ANY;

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	fixture_commit(fixture);
	fixture_exec(fixture, "UPDATE ticket SET status = 'sleeping'");
	assert_fails(ticket_get(fixture->store, ticket->id, &error) != NULL,
	             error, PORTARIA_ERROR_INTERNAL, "status");
	assert_fails(ticket_list(fixture->store, &any, &error) != NULL, error,
	             PORTARIA_ERROR_INTERNAL, "status");
}

/* Subjects of the tickets found, in order, joined by blanks. */
static char *found(struct fixture *fixture, const struct ticket_filter *filter)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = ticket_list(fixture->store, filter, &error);
	GString *text = g_string_new(NULL);

	assert_ok(list != NULL, error);
	for (guint i = 0; i < list->len; i++) {
		const struct ticket *ticket = g_ptr_array_index(list, i);

		g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
		                       ticket->subject);
	}
	return g_string_free(text, FALSE);
}

static void assert_found(struct fixture *fixture,
                         const struct ticket_filter *filter, const char *want)
{
	g_autofree char *got = found(fixture, filter);

	assert_string_equal(got, want);
}

static void make_listed(struct fixture *fixture, gint64 department,
                        const char *subject, enum ticket_status status,
                        enum ticket_priority priority, gint64 customer,
                        gint64 assignee)
{
	static gint64 now = NOW;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = ticket_new();

	clock_set_for_test(now += 1000);
	ticket->department_id = department;
	set(&ticket->subject, g_strdup(subject));
	ticket->status = status;
	ticket->priority = priority;
	ticket->customer_id = customer;
	ticket->assignee = assignee;
	assert_ok(ticket_insert(fixture->store, "VIA", ticket, &error), error);
}

static void test_list_filters(void **state)
{
	struct fixture *fixture = *state;
	gint64 suporte;
	gint64 abusos;
	gint64 ana;
	gint64 maria;
	struct ticket_filter any = TICKET_FILTER_ANY;
	struct ticket_filter f;

	fixture_begin(fixture);
	suporte = fixture_department(fixture, "suporte");
	abusos = fixture_department(fixture, "abusos");
	ana = fixture_customer(fixture, "Ana");
	maria = fixture_staff(fixture, "maria");
	make_listed(fixture, suporte, "um", TICKET_OPEN, TICKET_LOW, 0, 0);
	make_listed(fixture, suporte, "dois", TICKET_CLOSED, TICKET_HIGH, ana,
	            maria);
	make_listed(fixture, abusos, "tres", TICKET_ANSWERED, TICKET_HIGH, ana,
	            0);
	make_listed(fixture, suporte, "quatro", TICKET_RESOLVED, TICKET_MEDIUM,
	            0, maria);
	fixture_commit(fixture);
	assert_found(fixture, &any, "quatro tres um");
	f = any;
	f.include_closed = true;
	assert_found(fixture, &f, "quatro tres dois um");
	f.limit = 2;
	assert_found(fixture, &f, "quatro tres");
	f.limit = 0;
	f.department = "suporte";
	assert_found(fixture, &f, "quatro dois um");
	f.priority = TICKET_HIGH;
	assert_found(fixture, &f, "dois");
	f = any;
	f.status = TICKET_CLOSED;
	assert_found(fixture, &f, "dois");
	f.status = TICKET_STATUS__COUNT;
	assert_found(fixture, &f, "");
	f = any;
	f.customer_id = ana;
	assert_found(fixture, &f, "tres");
	f.include_closed = true;
	assert_found(fixture, &f, "tres dois");
	f.assignee = maria;
	assert_found(fixture, &f, "dois");
	f = any;
	f.department = "nada";
	assert_found(fixture, &f, "");
}

static void test_list_by_time(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct ticket_filter f = TICKET_FILTER_ANY;
	AUTO(ticket) old = NULL;
	AUTO(ticket) young = NULL;
	struct message message = { 0 };

	fixture_begin(fixture);
	clock_set_for_test(NOW);
	old = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                     "old");
	clock_set_for_test(NOW + 1000);
	young = fixture_ticket(fixture, old->department_id, "young");
	f.since = NOW + 1000;
	assert_found(fixture, &f, "young");
	f.since = 0;
	f.until = NOW + 1000;
	assert_found(fixture, &f, "old");
	/* A message is a change; an old one is none. */
	clock_set_for_test(NOW + 2000);
	message.ticket_id = old->id;
	assert_ok(message_insert(fixture->store, &message, &error), error);
	f.until = 0;
	assert_found(fixture, &f, "old young");
	message =
		(struct message){ .ticket_id = young->id, .created = NOW - 5 };
	assert_ok(message_insert(fixture->store, &message, &error), error);
	assert_found(fixture, &f, "old young");
	/* The version is the ticket's, not the messages'. */
	young->status = TICKET_ANSWERED;
	assert_ok(ticket_update(fixture->store, young, &error), error);
	fixture_commit(fixture);
}

static void test_search(void **state)
{
	static const struct {
		const char *search;
		const char *want;
	} cases[] = {
		{ "manutencao", "servidor" },
		{ "MANUTENÇÃO", "servidor" },
		{ "manutenc\xcc\xa7"
		  "a\xcc\x83o",
		  "servidor" }, /* NFD */
		{ "manut", "servidor" },
		{ "anutencao", "" },
		/* All words, wherever in the ticket. */
		{ "servidor manutencao", "servidor" },
		{ "madrugada manutencao", "servidor" },
		{ "manutencao boleto", "" },
		{ "boleto", "Boleto" },
		{ "o", "ofertas Boleto servidor" },
		/* Never syntax. */
		{ "manutencao OR boleto", "" },
		{ "NOT boleto", "" },
		{ "\"boleto\"", "Boleto" },
		{ "\"", "" },
		{ "boleto*", "Boleto" },
		{ "body:boleto", "" },
		{ "bol^eto", "" },
		{ "(boleto", "Boleto" },
		{ "boleto)", "Boleto" },
		{ "bol' OR 1=1 --", "" },
		{ "- + * ( ) ' ;", "" },
		{ "\xff\xfe", "" },
		{ "nf-e", "Boleto" },
		{ "50%", "ofertas" },
		{ "joao@cliente.example", "Boleto" },
		{ "東京", "ofertas" },
		{ "ß", "ofertas" },
		{ "", "ofertas Boleto servidor" },
	};
	struct fixture *fixture = *state;
	struct ticket_filter f = TICKET_FILTER_ANY;
	AUTO(ticket) first = NULL;
	AUTO(ticket) second = NULL;
	AUTO(ticket) third = NULL;
	gint64 department;

	fixture_begin(fixture);
	department = fixture_department(fixture, "suporte");
	clock_set_for_test(NOW);
	first = fixture_ticket(fixture, department, "servidor");
	fixture_message(fixture, first->id, "A manutenção está atrasada");
	fixture_message(fixture, first->id, "Ocorre de madrugada");
	clock_set_for_test(NOW + 1000);
	second = fixture_ticket(fixture, department, "Boleto");
	fixture_message(fixture, second->id,
	                "Onde está a NF-e? joao@cliente.example");
	clock_set_for_test(NOW + 2000);
	third = fixture_ticket(fixture, department, "ofertas");
	fixture_message(fixture, third->id, "50% 東京都 ßeta");
	fixture_commit(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = NULL;

		f.search = cases[i].search;
		got = found(fixture, &f);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].search, got);
	}
	f.search = third->ref;
	assert_found(fixture, &f, "ofertas");
	f.search = "o";
	f.status = TICKET_CLOSED;
	assert_found(fixture, &f, "");
	fixture_check(fixture);
}

static void test_search_follows_the_subject(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct ticket_filter f = TICKET_FILTER_ANY;
	AUTO(ticket) ticket = NULL;

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "antigo");
	set(&ticket->subject, g_strdup("novo"));
	assert_ok(ticket_update(fixture->store, ticket, &error), error);
	f.search = "antigo";
	assert_found(fixture, &f, "");
	f.search = "novo";
	assert_found(fixture, &f, "novo");
	fixture_commit(fixture);
	fixture_check(fixture);
	/* What is rolled back is not found either. */
	fixture_begin(fixture);
	fixture_message(fixture, ticket->id, "sumiu");
	f.search = "sumiu";
	assert_found(fixture, &f, "novo");
	store_rollback(fixture->store);
	assert_found(fixture, &f, "");
	fixture_check(fixture);
}

static void test_search_bounds(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct ticket_filter f = TICKET_FILTER_ANY;
	g_autofree char *long_word = g_strnfill(1000, 'x');
	g_autofree char *too_long = g_strnfill(1001, 'x');
	g_autoptr(GPtrArray) list = NULL;

	f.search = "1 2 3 4 5 6 7 8 9 10 11 12 13";
	assert_fails(ticket_list(fixture->store, &f, &error) != NULL, error,
	             PORTARIA_ERROR_LIMIT, "12 words");
	f.search = too_long;
	assert_fails(ticket_list(fixture->store, &f, &error) != NULL, error,
	             PORTARIA_ERROR_LIMIT, "1000 bytes");
	f.search = "1 2 3 4 5 6 7 8 9 10 11 12";
	f.include_closed = true;
	f.department = "suporte";
	assert_found(fixture, &f, "");
	f.search = long_word;
	list = ticket_list(fixture->store, &f, &error);
	assert_ok(list != NULL, error);
}

static void test_participants(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	g_autoptr(GPtrArray) list = NULL;
	const struct participant *first;
	const struct participant *last;
	bool is = true;

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	assert_ok(participant_add(fixture->store, ticket->id,
	                          "a.copy@x.example", "Cópia", PARTICIPANT_COPY,
	                          &error),
	          error);
	assert_ok(participant_add(fixture->store, ticket->id, "z@x.example",
	                          NULL, PARTICIPANT_OWNER, &error),
	          error);
	assert_ok(participant_add(fixture->store, ticket->id,
	                          "\"a b\"@x.example", "", PARTICIPANT_CONTACT,
	                          &error),
	          error);
	/* The first role stays. */
	assert_ok(participant_add(fixture->store, ticket->id, "z@x.example",
	                          "Z", PARTICIPANT_COPY, &error),
	          error);
	assert_fails(participant_add(fixture->store, ticket->id, "", "",
	                             PARTICIPANT_COPY, &error),
	             error, PORTARIA_ERROR_SYNTAX, "address");
	list = participant_list(fixture->store, ticket->id, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 3);
	first = g_ptr_array_index(list, 0);
	assert_string_equal(first->address, "z@x.example");
	assert_int_equal(first->role, PARTICIPANT_OWNER);
	assert_string_equal(first->name, "");
	assert_int_equal(first->ticket_id, ticket->id);
	last = g_ptr_array_index(list, 2);
	assert_string_equal(last->name, "Cópia");
	assert_ok(participant_is(fixture->store, ticket->id, "z@x.example", &is,
	                         &error),
	          error);
	assert_true(is);
	assert_ok(participant_is(fixture->store, ticket->id, "y@x.example", &is,
	                         &error),
	          error);
	assert_false(is);
	assert_ok(participant_is(fixture->store, 5, "z@x.example", &is, &error),
	          error);
	assert_false(is);
	assert_ok(participant_remove(fixture->store, ticket->id, "z@x.example",
	                             &error),
	          error);
	assert_fails(participant_remove(fixture->store, ticket->id,
	                                "z@x.example", &error),
	             error, PORTARIA_ERROR_NOT_FOUND, "z@x.example");
	assert_fails(participant_add(fixture->store, 5, "z@x.example", "",
	                             PARTICIPANT_COPY, &error),
	             error, PORTARIA_ERROR_CONFLICT, "");
	store_rollback(fixture->store);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_round_trip),
		T(test_insert_with_little),
		T(test_insert_refuses),
		T(test_get_missing),
		T(test_update),
		T(test_update_conflict),
		T(test_updated_does_not_go_back),
		cmocka_unit_test(test_names_parse),
		T(test_unknown_word_in_the_database),
		T(test_list_filters),
		T(test_list_by_time),
		T(test_search),
		T(test_search_follows_the_subject),
		T(test_search_bounds),
		T(test_participants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
