/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_store_registry.c - department.h, customer.h and staff.h; needs a
 * scratch folder
 */
#include "unit/store_fixture.h"

static void test_department_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(department) made = department_new();
	AUTO(department) got = NULL;
	AUTO(department) by_name = NULL;
	AUTO(department) by_address = NULL;

	assert_true(made->acknowledge && made->active && !made->html);
	assert_int_equal(made->accept, DEPARTMENT_REGISTERED);
	assert_int_equal(made->unproven, DEPARTMENT_HOLD);
	set(&made->name, g_strdup("abuse-1"));
	set(&made->title, g_strdup("Abusos"));
	made->accept = DEPARTMENT_ANYONE;
	made->unproven = DEPARTMENT_ACCEPT;
	set(&made->language, g_strdup("es"));
	made->html = true;
	made->acknowledge = false;
	made->addresses = g_strsplit("z@desk.example a@desk.example", " ", 0);
	fixture_begin(fixture);
	assert_ok(department_insert(fixture->store, made, &error), error);
	fixture_commit(fixture);
	assert_true(made->id > 0);
	got = department_get(fixture->store, made->id, &error);
	assert_ok(got != NULL, error);
	assert_string_equal(got->name, "abuse-1");
	assert_string_equal(got->title, "Abusos");
	assert_int_equal(got->accept, DEPARTMENT_ANYONE);
	assert_int_equal(got->unproven, DEPARTMENT_ACCEPT);
	assert_string_equal(got->language, "es");
	assert_true(got->html && !got->acknowledge && got->active);
	/* In the order given: the first one sends. */
	assert_string_equal(got->addresses[0], "z@desk.example");
	assert_string_equal(got->addresses[1], "a@desk.example");
	assert_null(got->addresses[2]);
	by_name = department_by_name(fixture->store, "abuse-1", &error);
	assert_ok(by_name != NULL && by_name->id == made->id, error);
	by_address =
		department_by_address(fixture->store, "a@desk.example", &error);
	assert_ok(by_address != NULL && by_address->id == made->id, error);
}

static void test_department_update(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(department) department = NULL;
	AUTO(department) got = NULL;

	fixture_begin(fixture);
	department = department_get(
		fixture->store, fixture_department(fixture, "suporte"), &error);
	assert_ok(department != NULL, error);
	set(&department->title, g_strdup("Suporte Técnico"));
	department->active = false;
	department->accept = DEPARTMENT_REPLIES;
	department->unproven = DEPARTMENT_REJECT;
	assert_ok(department_update(fixture->store, department, &error), error);
	got = department_by_name(fixture->store, "suporte", &error);
	assert_ok(got != NULL, error);
	assert_string_equal(got->title, "Suporte Técnico");
	assert_int_equal(got->accept, DEPARTMENT_REPLIES);
	assert_int_equal(got->unproven, DEPARTMENT_REJECT);
	/* An inactive one takes no mail. */
	assert_fails(department_by_address(fixture->store,
	                                   "suporte@desk.example",
	                                   &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "suporte@desk.example");
	department->id = 5;
	set(&department->name, g_strdup("other"));
	assert_fails(department_update(fixture->store, department, &error),
	             error, PORTARIA_ERROR_NOT_FOUND, "no such department");
	fixture_commit(fixture);
}

static void test_department_addresses(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(department) got = NULL;
	gint64 id;

	fixture_begin(fixture);
	id = fixture_department(fixture, "suporte");
	assert_ok(department_add_address(fixture->store, id,
	                                 "ajuda@desk.example", &error),
	          error);
	assert_fails(department_add_address(fixture->store, id,
	                                    "ajuda@desk.example", &error),
	             error, PORTARIA_ERROR_CONFLICT, "department suporte");
	assert_fails(department_add_address(fixture->store, id + 1,
	                                    "x@desk.example", &error),
	             error, PORTARIA_ERROR_CONFLICT, "");
	assert_fails(department_remove_address(fixture->store, id,
	                                       "none@desk.example", &error),
	             error, PORTARIA_ERROR_NOT_FOUND, "none@desk.example");
	assert_ok(department_remove_address(fixture->store, id,
	                                    "suporte@desk.example", &error),
	          error);
	assert_fails(department_remove_address(fixture->store, id,
	                                       "ajuda@desk.example", &error),
	             error, PORTARIA_ERROR_CONFLICT, "last address");
	got = department_get(fixture->store, id, &error);
	assert_ok(got != NULL, error);
	assert_string_equal(got->addresses[0], "ajuda@desk.example");
	assert_null(got->addresses[1]);
	fixture_commit(fixture);
}

static void test_department_refuses(void **state)
{
	static const struct {
		const char *name;
		const char *department;
		const char *addresses;
		int code;
		const char *part;
	} cases[] = {
		{ "name taken", "suporte", "x@desk.example",
		  PORTARIA_ERROR_CONFLICT, "suporte" },
		{ "address of a department", "novo", "suporte@desk.example",
		  PORTARIA_ERROR_CONFLICT, "department suporte" },
		{ "second address taken", "novo",
		  "x@desk.example suporte@desk.example",
		  PORTARIA_ERROR_CONFLICT, "department suporte" },
		{ "address of a contact", "novo", "ana@cliente.example",
		  PORTARIA_ERROR_CONFLICT, "contact of customer Ana" },
		{ "address of staff", "novo", "maria@staff.example",
		  PORTARIA_ERROR_CONFLICT, "staff member maria" },
		{ "no address", "novo", "", PORTARIA_ERROR_SYNTAX,
		  "needs an address" },
		{ "no name", "", "x@desk.example", PORTARIA_ERROR_SYNTAX,
		  "empty" },
		{ "upper case name", "Novo", "x@desk.example",
		  PORTARIA_ERROR_SYNTAX, "a-z" },
		{ "name like an option", "-novo", "x@desk.example",
		  PORTARIA_ERROR_SYNTAX, "a-z" },
		{ "name with a slash", "no/vo", "x@desk.example",
		  PORTARIA_ERROR_SYNTAX, "a-z" },
		{ "not an address", "novo", "desk.example",
		  PORTARIA_ERROR_SYNTAX, "local@domain" },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_contact(fixture, fixture_customer(fixture, "Ana"),
	                "ana@cliente.example");
	fixture_staff(fixture, "maria");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(department) department = department_new();

		set(&department->name, g_strdup(cases[i].department));
		department->addresses = g_strsplit(cases[i].addresses, " ", 0);
		assert_ok(store_savepoint(fixture->store, &error), error);
		assert_fails(
			department_insert(fixture->store, department, &error),
			error, cases[i].code, cases[i].part);
		assert_int_equal(department->id, 0);
		store_rollback_to(fixture->store);
	}
	fixture_commit(fixture);
	assert_int_equal(
		fixture_int(fixture, "SELECT COUNT(*) FROM department"), 1);
}

static void test_department_list_by_name(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = NULL;
	const struct department *first;

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_department(fixture, "abusos");
	fixture_commit(fixture);
	list = department_list(fixture->store, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 2);
	first = g_ptr_array_index(list, 0);
	assert_string_equal(first->name, "abusos");
	assert_string_equal(first->addresses[0], "abusos@desk.example");
}

static void test_names_parse(void **state)
{
	enum department_accept accept = DEPARTMENT_ANYONE;
	enum department_unproven unproven = DEPARTMENT_REJECT;

	(void)state;
	for (int i = 0; i < DEPARTMENT_ACCEPT__COUNT; i++) {
		const char *name =
			department_accept_name((enum department_accept)i);

		assert_true(department_accept_parse(name, &accept));
		assert_int_equal(accept, i);
	}
	for (int i = 0; i < DEPARTMENT_UNPROVEN__COUNT; i++) {
		const char *name =
			department_unproven_name((enum department_unproven)i);

		assert_true(department_unproven_parse(name, &unproven));
		assert_int_equal(unproven, i);
	}
	assert_false(department_accept_parse("Anyone", &accept));
	assert_false(department_unproven_parse("", &unproven));
	assert_int_equal(unproven, DEPARTMENT_REJECT);
}

static void test_customer_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct customer made = {
		.code = (char[]){ "C-17" },
		.name = (char[]){ "Padaria São João" },
		.language = (char[]){ "es" },
		.active = true,
		.created = 1234,
	};
	AUTO(customer) got = NULL;
	AUTO(customer) by_code = NULL;
	AUTO(customer) changed = NULL;

	fixture_begin(fixture);
	assert_ok(customer_insert(fixture->store, &made, &error), error);
	got = customer_get(fixture->store, made.id, &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->id, made.id);
	assert_string_equal(got->code, "C-17");
	assert_string_equal(got->name, "Padaria São João");
	assert_string_equal(got->language, "es");
	assert_true(got->active);
	assert_int_equal(got->created, 1234);
	by_code = customer_by_code(fixture->store, "C-17", &error);
	assert_ok(by_code != NULL && by_code->id == made.id, error);
	set(&got->name, g_strdup("Outra"));
	got->active = false;
	assert_ok(customer_update(fixture->store, got, &error), error);
	changed = customer_get(fixture->store, made.id, &error);
	assert_ok(changed != NULL, error);
	assert_string_equal(changed->name, "Outra");
	assert_false(changed->active);
	fixture_commit(fixture);
}

static void test_customer_code_is_unique(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct customer first = { .code = (char[]){ "17" },
		                  .name = (char[]){ "Ana" } };
	struct customer second = { .code = (char[]){ "17" },
		                   .name = (char[]){ "Bia" } };

	fixture_begin(fixture);
	assert_ok(customer_insert(fixture->store, &first, &error), error);
	assert_ok(customer_update(fixture->store, &first, &error), error);
	assert_fails(customer_insert(fixture->store, &second, &error), error,
	             PORTARIA_ERROR_CONFLICT, "belongs to Ana");
	/* Any number may have none. */
	second.code = NULL;
	assert_ok(customer_insert(fixture->store, &second, &error), error);
	second.id = 0;
	assert_ok(customer_insert(fixture->store, &second, &error), error);
	assert_fails(customer_by_code(fixture->store, "", &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "");
	fixture_commit(fixture);
}

static void test_customer_missing(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct customer none = { .id = 5 };

	assert_fails(customer_get(fixture->store, 5, &error) != NULL, error,
	             PORTARIA_ERROR_NOT_FOUND, "no such customer");
	assert_fails(customer_by_code(fixture->store, "5", &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "code 5");
	fixture_begin(fixture);
	assert_fails(customer_update(fixture->store, &none, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "no such customer");
	fixture_commit(fixture);
}

static void test_customer_list_finds(void **state)
{
	static const struct {
		const char *search;
		unsigned limit;
		unsigned found;
	} cases[] = {
		{ NULL, 0, 4 },
		{ "", 0, 4 },
		{ NULL, 3, 3 },
		{ "joao", 0, 1 },
		{ "SÃO", 0, 1 },
		{ "sa\xcc\x83o", 0, 1 }, /* decomposed */
		{ "padaria", 0, 2 },
		{ "pao@", 0, 1 },
		{ "PAO@CLIENTE", 0, 1 },
		{ "c-9", 0, 1 },
		{ "100%", 0, 1 },
		{ "%", 0, 1 },
		{ "_", 0, 0 },
		{ "\\", 0, 0 },
		{ "nobody", 0, 0 },
		{ "\xff", 0, 0 },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct customer coded = { .code = (char[]){ "C-99" },
		                  .name = (char[]){ "Zeta" } };

	fixture_begin(fixture);
	fixture_customer(fixture, "Padaria São João");
	fixture_contact(fixture, fixture_customer(fixture, "Padaria Pão"),
	                "pao@cliente.example");
	fixture_customer(fixture, "100% Suco");
	assert_ok(customer_insert(fixture->store, &coded, &error), error);
	fixture_commit(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) list =
			customer_list(fixture->store, cases[i].search,
		                      cases[i].limit, &error);

		assert_ok(list != NULL, error);
		if (list->len != cases[i].found)
			fail_msg("%s: %u", cases[i].search, list->len);
	}
}

static void test_customer_list_bounds(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *too_long = g_strnfill(1001, '%');
	g_autofree char *longest = g_strnfill(1000, '%');
	g_autoptr(GPtrArray) list = NULL;

	assert_fails(customer_list(fixture->store, too_long, 0, &error) != NULL,
	             error, PORTARIA_ERROR_LIMIT, "1000 bytes");
	list = customer_list(fixture->store, longest, 0, &error);
	assert_ok(list != NULL, error);
}

static void test_customer_list_sorts_accents(void **state)
{
	static const char *const names[] = { "Ótica", "beta", "Ábaco",
		                             "Zebra" };
	static const char *const want[] = { "Ábaco", "beta", "Ótica", "Zebra" };
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = NULL;

	fixture_begin(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		fixture_customer(fixture, names[i]);
	fixture_commit(fixture);
	list = customer_list(fixture->store, NULL, 0, &error);
	assert_ok(list != NULL, error);
	for (size_t i = 0; i < G_N_ELEMENTS(want); i++) {
		const struct customer *customer = g_ptr_array_index(list, i);

		assert_string_equal(customer->name, want[i]);
	}
}

static void test_contact_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct contact made = {
		.address = (char[]){ "joão@xn--so-joo-cta.example" },
		.name = (char[]){ "João" },
		.role = CONTACT_OWNER,
		.login = (char[]){ "joao" },
		.active = true,
		.bounced = 99,
	};
	AUTO(contact) got = NULL;
	AUTO(contact) changed = NULL;

	fixture_begin(fixture);
	made.customer_id = fixture_customer(fixture, "João");
	assert_ok(contact_insert(fixture->store, &made, &error), error);
	got = contact_by_address(fixture->store, made.address, &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->id, made.id);
	assert_int_equal(got->customer_id, made.customer_id);
	assert_string_equal(got->address, made.address);
	assert_string_equal(got->name, "João");
	assert_int_equal(got->role, CONTACT_OWNER);
	assert_string_equal(got->login, "joao");
	assert_true(got->active);
	assert_int_equal(got->bounced, 99);
	set(&got->address, g_strdup("novo@cliente.example"));
	got->role = CONTACT_ADDITIONAL;
	got->active = false;
	assert_ok(contact_update(fixture->store, got, &error), error);
	changed = contact_get(fixture->store, made.id, &error);
	assert_ok(changed != NULL, error);
	assert_string_equal(changed->address, "novo@cliente.example");
	assert_int_equal(changed->role, CONTACT_ADDITIONAL);
	assert_false(changed->active);
	assert_ok(contact_delete(fixture->store, made.id, &error), error);
	assert_fails(contact_delete(fixture->store, made.id, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "no such contact");
	assert_fails(contact_get(fixture->store, made.id, &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "no such contact");
	assert_fails(contact_update(fixture->store, got, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "no such contact");
	fixture_commit(fixture);
}

static void test_contact_must_be_active(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(contact) contact = NULL;
	AUTO(contact) found = NULL;
	AUTO(customer) customer = NULL;
	gint64 id;

	fixture_begin(fixture);
	id = fixture_customer(fixture, "Ana");
	fixture_contact(fixture, id, "ana@cliente.example");
	contact = contact_by_address(fixture->store, "ana@cliente.example",
	                             &error);
	assert_ok(contact != NULL, error);
	contact->active = false;
	assert_ok(contact_update(fixture->store, contact, &error), error);
	assert_fails(contact_by_address(fixture->store, "ana@cliente.example",
	                                &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "no active contact");
	assert_fails(contact_by_login(fixture->store, "ana@cliente.example",
	                              &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "no active contact");
	found = contact_find(fixture->store, "ana@cliente.example", &error);
	assert_ok(found != NULL, error);
	contact->active = true;
	assert_ok(contact_update(fixture->store, contact, &error), error);
	customer = customer_get(fixture->store, id, &error);
	assert_ok(customer != NULL, error);
	customer->active = false;
	assert_ok(customer_update(fixture->store, customer, &error), error);
	assert_fails(contact_by_address(fixture->store, "ana@cliente.example",
	                                &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "no active contact");
	assert_fails(contact_by_login(fixture->store, "ana@cliente.example",
	                              &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "no active contact");
	fixture_commit(fixture);
}

static void test_contact_by_login(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(contact) with_login = NULL;
	AUTO(contact) without = NULL;
	struct contact made = { .address = (char[]){ "a@cliente.example" },
		                .login = (char[]){ "login1" },
		                .role = CONTACT_ADDITIONAL,
		                .active = true };

	fixture_begin(fixture);
	made.customer_id = fixture_customer(fixture, "Ana");
	assert_ok(contact_insert(fixture->store, &made, &error), error);
	fixture_contact(fixture, made.customer_id, "b@cliente.example");
	fixture_commit(fixture);
	with_login = contact_by_login(fixture->store, "login1", &error);
	assert_ok(with_login != NULL, error);
	assert_string_equal(with_login->address, "a@cliente.example");
	without = contact_by_login(fixture->store, "b@cliente.example", &error);
	assert_ok(without != NULL, error);
	/* Who has a login of its own does not log in by address. */
	assert_fails(contact_by_login(fixture->store, "a@cliente.example",
	                              &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "");
	assert_fails(contact_by_login(fixture->store, "", &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "");
}

static void test_contact_refuses(void **state)
{
	static const struct {
		const char *name;
		const char *address;
		const char *login;
		enum contact_role role;
		int code;
		const char *part;
	} cases[] = {
		{ "address of a contact", "ana@cliente.example", "",
		  CONTACT_ADDITIONAL, PORTARIA_ERROR_CONFLICT,
		  "a contact of customer Ana" },
		{ "address of staff", "maria@staff.example", "",
		  CONTACT_ADDITIONAL, PORTARIA_ERROR_CONFLICT,
		  "staff member maria" },
		{ "address of a department", "suporte@desk.example", "",
		  CONTACT_ADDITIONAL, PORTARIA_ERROR_CONFLICT,
		  "department suporte" },
		{ "address is somebody's login", "ana.login@x.example", "",
		  CONTACT_ADDITIONAL, PORTARIA_ERROR_CONFLICT,
		  "a contact of customer Ana" },
		{ "login taken", "novo@x.example", "ana.login@x.example",
		  CONTACT_ADDITIONAL, PORTARIA_ERROR_CONFLICT,
		  "ana@cliente.example" },
		{ "login is somebody's address", "novo@x.example",
		  "ana@cliente.example", CONTACT_ADDITIONAL,
		  PORTARIA_ERROR_CONFLICT, "ana@cliente.example" },
		{ "second owner", "novo@x.example", "", CONTACT_OWNER,
		  PORTARIA_ERROR_CONFLICT, "ana@cliente.example" },
		{ "empty", "", "", CONTACT_ADDITIONAL, PORTARIA_ERROR_SYNTAX,
		  "empty" },
		{ "blank", "no vo@x.example", "", CONTACT_ADDITIONAL,
		  PORTARIA_ERROR_SYNTAX, "blanks" },
		{ "no-break space", "no\xc2\xa0vo@x.example", "",
		  CONTACT_ADDITIONAL, PORTARIA_ERROR_SYNTAX, "blanks" },
		{ "line break", "novo@x.example\n", "", CONTACT_ADDITIONAL,
		  PORTARIA_ERROR_SYNTAX, "control" },
		{ "delete character", "no\x7fvo@x.example", "",
		  CONTACT_ADDITIONAL, PORTARIA_ERROR_SYNTAX, "control" },
		{ "not UTF-8", "no\xe7o@x.example", "", CONTACT_ADDITIONAL,
		  PORTARIA_ERROR_SYNTAX, "UTF-8" },
		{ "upper case", "Novo@x.example", "", CONTACT_ADDITIONAL,
		  PORTARIA_ERROR_SYNTAX, "lower case" },
		{ "no at", "novo.x.example", "", CONTACT_ADDITIONAL,
		  PORTARIA_ERROR_SYNTAX, "local@domain" },
		{ "no local part", "@x.example", "", CONTACT_ADDITIONAL,
		  PORTARIA_ERROR_SYNTAX, "local@domain" },
		{ "no domain", "novo@", "", CONTACT_ADDITIONAL,
		  PORTARIA_ERROR_SYNTAX, "local@domain" },
		{ "login with a blank", "novo@x.example", "no vo",
		  CONTACT_ADDITIONAL, PORTARIA_ERROR_SYNTAX, "blanks" },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct contact ana = { .address = (char[]){ "ana@cliente.example" },
		               .login = (char[]){ "ana.login@x.example" },
		               .role = CONTACT_OWNER };

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_staff(fixture, "maria");
	ana.customer_id = fixture_customer(fixture, "Ana");
	assert_ok(contact_insert(fixture->store, &ana, &error), error);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(contact) contact = g_new0(struct contact, 1);

		contact->customer_id = ana.customer_id;
		set(&contact->address, g_strdup(cases[i].address));
		set(&contact->login, g_strdup(cases[i].login));
		contact->role = cases[i].role;
		assert_fails(contact_insert(fixture->store, contact, &error),
		             error, cases[i].code, cases[i].part);
		assert_int_equal(contact->id, 0);
	}
	/* The same row is not in its own way. */
	assert_ok(contact_update(fixture->store, &ana, &error), error);
	fixture_commit(fixture);
}

static void test_contact_bounds(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *local = g_strnfill(400, 'x');
	g_autofree char *long_address = g_strconcat(local, "@x.example", NULL);
	g_autofree char *long_name = g_strnfill(1001, 'x');
	struct contact contact = { .address = long_address };

	fixture_begin(fixture);
	contact.customer_id = fixture_customer(fixture, "Ana");
	assert_fails(contact_insert(fixture->store, &contact, &error), error,
	             PORTARIA_ERROR_SYNTAX, "too long");
	contact.address = (char[]){ "a@x.example" };
	contact.name = long_name;
	assert_fails(contact_insert(fixture->store, &contact, &error), error,
	             PORTARIA_ERROR_SYNTAX, "too long");
	contact.name = (char[]){ "a\r\nBcc: b@x.example" };
	assert_fails(contact_insert(fixture->store, &contact, &error), error,
	             PORTARIA_ERROR_SYNTAX, "control");
	contact.name = NULL;
	contact.customer_id = 5;
	assert_fails(contact_insert(fixture->store, &contact, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "no such customer");
	fixture_commit(fixture);
}

static void test_contact_list_owner_first(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct contact owner = { .address = (char[]){ "z@cliente.example" },
		                 .role = CONTACT_OWNER };
	g_autoptr(GPtrArray) list = NULL;
	const struct contact *first;

	fixture_begin(fixture);
	owner.customer_id = fixture_customer(fixture, "Ana");
	fixture_contact(fixture, owner.customer_id, "a@cliente.example");
	assert_ok(contact_insert(fixture->store, &owner, &error), error);
	fixture_contact(fixture, fixture_customer(fixture, "Bia"),
	                "bia@cliente.example");
	fixture_commit(fixture);
	list = contact_list(fixture->store, owner.customer_id, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 2);
	first = g_ptr_array_index(list, 0);
	assert_string_equal(first->address, "z@cliente.example");
}

static void test_contact_set_bounced(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(contact) got = NULL;

	fixture_begin(fixture);
	fixture_contact(fixture, fixture_customer(fixture, "Ana"),
	                "ana@cliente.example");
	assert_ok(contact_set_bounced(fixture->store, "ana@cliente.example",
	                              777, &error),
	          error);
	assert_ok(contact_set_bounced(fixture->store, "none@x.example", 1,
	                              &error),
	          error);
	fixture_commit(fixture);
	got = contact_find(fixture->store, "ana@cliente.example", &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->bounced, 777);
}

static void test_service_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(service) made = g_new0(struct service, 1);
	AUTO(service) got = NULL;
	AUTO(service) changed = NULL;
	g_autoptr(GPtrArray) list = NULL;

	fixture_begin(fixture);
	made->customer_id = fixture_customer(fixture, "Ana");
	set(&made->kind, g_strdup("hosting"));
	set(&made->label, g_strdup("Plano Básico"));
	set(&made->domain, g_strdup("xn--po-yja.example"));
	made->ip_ranges = g_strsplit("192.0.2.0/24 2001:db8::/32", " ", 0);
	made->active = true;
	assert_ok(service_insert(fixture->store, made, &error), error);
	got = service_get(fixture->store, made->id, &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->id, made->id);
	assert_int_equal(got->customer_id, made->customer_id);
	assert_string_equal(got->kind, "hosting");
	assert_string_equal(got->label, "Plano Básico");
	assert_string_equal(got->domain, "xn--po-yja.example");
	assert_string_equal(got->ip_ranges[0], "192.0.2.0/24");
	assert_string_equal(got->ip_ranges[1], "2001:db8::/32");
	assert_null(got->ip_ranges[2]);
	assert_true(got->active);
	g_strfreev(got->ip_ranges);
	got->ip_ranges = NULL;
	got->active = false;
	assert_ok(service_update(fixture->store, got, &error), error);
	changed = service_get(fixture->store, made->id, &error);
	assert_ok(changed != NULL, error);
	assert_null(changed->ip_ranges[0]);
	assert_false(changed->active);
	list = service_list(fixture->store, made->customer_id, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 1);
	fixture_commit(fixture);
}

static void test_service_delete(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(service) service = g_new0(struct service, 1);
	AUTO(ticket) ticket = NULL;

	fixture_begin(fixture);
	service->customer_id = fixture_customer(fixture, "Ana");
	service->ip_ranges = g_strsplit("192.0.2.0/24", " ", 0);
	assert_ok(service_insert(fixture->store, service, &error), error);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "x");
	ticket->service_id = service->id;
	assert_ok(ticket_update(fixture->store, ticket, &error), error);
	assert_fails(service_delete(fixture->store, service->id, &error), error,
	             PORTARIA_ERROR_CONFLICT, ticket->ref);
	ticket->service_id = 0;
	assert_ok(ticket_update(fixture->store, ticket, &error), error);
	assert_ok(service_delete(fixture->store, service->id, &error), error);
	assert_fails(service_delete(fixture->store, service->id, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "no such service");
	assert_fails(service_update(fixture->store, service, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "no such service");
	assert_fails(service_get(fixture->store, service->id, &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "no such service");
	fixture_commit(fixture);
	fixture_check(fixture);
}

static void test_service_refuses(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(service) service = g_new0(struct service, 1);

	fixture_begin(fixture);
	service->customer_id = 5;
	assert_fails(service_insert(fixture->store, service, &error), error,
	             PORTARIA_ERROR_CONFLICT, "");
	service->customer_id = fixture_customer(fixture, "Ana");
	set(&service->domain, g_strdup("a b.example"));
	assert_fails(service_insert(fixture->store, service, &error), error,
	             PORTARIA_ERROR_SYNTAX, "blanks");
	g_clear_pointer(&service->domain, g_free);
	service->ip_ranges = g_strsplit("192.0.2.0/24,", ",", 0);
	assert_fails(service_insert(fixture->store, service, &error), error,
	             PORTARIA_ERROR_SYNTAX, "empty");
	store_rollback(fixture->store);
}

static void test_staff_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(staff) made = staff_new();
	AUTO(staff) got = NULL;
	AUTO(staff) changed = NULL;

	assert_true(made->active && made->notify && !made->admin);
	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_department(fixture, "abusos");
	set(&made->login, g_strdup("maria"));
	set(&made->name, g_strdup("Maria"));
	set(&made->address, g_strdup("maria@staff.example"));
	set(&made->language, g_strdup("en"));
	made->admin = true;
	made->departments = g_strsplit("suporte abusos suporte", " ", 0);
	assert_ok(staff_insert(fixture->store, made, &error), error);
	got = staff_get(fixture->store, made->id, &error);
	assert_ok(got != NULL, error);
	assert_string_equal(got->login, "maria");
	assert_string_equal(got->name, "Maria");
	assert_string_equal(got->address, "maria@staff.example");
	assert_string_equal(got->language, "en");
	assert_true(got->admin && got->active && got->notify);
	assert_string_equal(got->departments[0], "abusos");
	assert_string_equal(got->departments[1], "suporte");
	assert_null(got->departments[2]);
	g_strfreev(got->departments);
	got->departments = g_strsplit("abusos", " ", 0);
	got->notify = false;
	got->active = false;
	got->admin = false;
	assert_ok(staff_update(fixture->store, got, &error), error);
	changed = staff_by_login(fixture->store, "maria", &error);
	assert_ok(changed != NULL, error);
	assert_string_equal(changed->departments[0], "abusos");
	assert_null(changed->departments[1]);
	assert_false(changed->notify || changed->active || changed->admin);
	/* Who has left is nobody's sender any more. */
	assert_fails(staff_by_address(fixture->store, "maria@staff.example",
	                              &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "no active staff");
	fixture_commit(fixture);
}

static void test_staff_refuses(void **state)
{
	static const struct {
		const char *name;
		const char *login;
		const char *address;
		const char *departments;
		int code;
		const char *part;
	} cases[] = {
		{ "login taken", "maria", "x@staff.example", "",
		  PORTARIA_ERROR_CONFLICT, "maria@staff.example" },
		{ "address of staff", "nova", "maria@staff.example", "",
		  PORTARIA_ERROR_CONFLICT, "staff member maria" },
		{ "address of a contact", "nova", "ana@cliente.example", "",
		  PORTARIA_ERROR_CONFLICT, "contact of customer Ana" },
		{ "address of a department", "nova", "suporte@desk.example", "",
		  PORTARIA_ERROR_CONFLICT, "department suporte" },
		{ "unknown department", "nova", "x@staff.example",
		  "suporte nada", PORTARIA_ERROR_NOT_FOUND,
		  "no department nada" },
		{ "no login", "", "x@staff.example", "", PORTARIA_ERROR_SYNTAX,
		  "empty" },
		{ "login with a blank", "no va", "x@staff.example", "",
		  PORTARIA_ERROR_SYNTAX, "blanks" },
		{ "no address", "nova", "", "", PORTARIA_ERROR_SYNTAX,
		  "empty" },
		{ "bad address", "nova", "nova", "", PORTARIA_ERROR_SYNTAX,
		  "local@domain" },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_begin(fixture);
	fixture_department(fixture, "suporte");
	fixture_staff(fixture, "maria");
	fixture_contact(fixture, fixture_customer(fixture, "Ana"),
	                "ana@cliente.example");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(staff) staff = staff_new();

		set(&staff->login, g_strdup(cases[i].login));
		set(&staff->address, g_strdup(cases[i].address));
		staff->departments = g_strsplit(cases[i].departments, " ", 0);
		assert_ok(store_savepoint(fixture->store, &error), error);
		assert_fails(staff_insert(fixture->store, staff, &error), error,
		             cases[i].code, cases[i].part);
		assert_int_equal(staff->id, 0);
		store_rollback_to(fixture->store);
	}
	fixture_commit(fixture);
	assert_fails(staff_get(fixture->store, 5, &error) != NULL, error,
	             PORTARIA_ERROR_NOT_FOUND, "no such staff");
	assert_fails(staff_by_login(fixture->store, "nova", &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "nova");
}

static void test_staff_of_department(void **state)
{
	static const struct {
		const char *login;
		bool active;
		bool notify;
		const char *departments;
	} cases[] = {
		{ "zoe", true, true, "suporte" },
		{ "ana", true, true, "suporte abusos" },
		{ "gone", false, true, "suporte" },
		{ "quiet", true, false, "suporte" },
		{ "other", true, true, "abusos" },
		{ "none", true, true, "" },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(GPtrArray) all = NULL;
	const struct staff *first;
	const struct staff *second;
	gint64 department;

	fixture_begin(fixture);
	department = fixture_department(fixture, "suporte");
	fixture_department(fixture, "abusos");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(staff) staff = staff_new();

		set(&staff->login, g_strdup(cases[i].login));
		set(&staff->address,
		    g_strdup_printf("%s@staff.example", cases[i].login));
		staff->active = cases[i].active;
		staff->notify = cases[i].notify;
		staff->departments = g_strsplit(cases[i].departments, " ", 0);
		assert_ok(staff_insert(fixture->store, staff, &error), error);
	}
	fixture_commit(fixture);
	list = staff_of_department(fixture->store, department, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 2);
	first = g_ptr_array_index(list, 0);
	second = g_ptr_array_index(list, 1);
	assert_string_equal(first->login, "ana");
	assert_string_equal(first->departments[1], "suporte");
	assert_string_equal(second->login, "zoe");
	all = staff_list(fixture->store, &error);
	assert_ok(all != NULL, error);
	assert_int_equal(all->len, G_N_ELEMENTS(cases));
}

/* One address, one owner, whatever is tried in whatever order. */
static void test_addresses_stay_unique_on_update(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(contact) contact = NULL;
	AUTO(staff) staff = NULL;

	fixture_begin(fixture);
	fixture_contact(fixture, fixture_customer(fixture, "Ana"),
	                "ana@cliente.example");
	fixture_staff(fixture, "maria");
	contact = contact_find(fixture->store, "ana@cliente.example", &error);
	assert_ok(contact != NULL, error);
	staff = staff_by_login(fixture->store, "maria", &error);
	assert_ok(staff != NULL, error);
	set(&contact->address, g_strdup("maria@staff.example"));
	assert_fails(contact_update(fixture->store, contact, &error), error,
	             PORTARIA_ERROR_CONFLICT, "staff member maria");
	set(&staff->address, g_strdup("ana@cliente.example"));
	assert_fails(staff_update(fixture->store, staff, &error), error,
	             PORTARIA_ERROR_CONFLICT, "contact of customer Ana");
	fixture_commit(fixture);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_department_round_trip),
		T(test_department_update),
		T(test_department_addresses),
		T(test_department_refuses),
		T(test_department_list_by_name),
		cmocka_unit_test(test_names_parse),
		T(test_customer_round_trip),
		T(test_customer_code_is_unique),
		T(test_customer_missing),
		T(test_customer_list_finds),
		T(test_customer_list_bounds),
		T(test_customer_list_sorts_accents),
		T(test_contact_round_trip),
		T(test_contact_must_be_active),
		T(test_contact_by_login),
		T(test_contact_refuses),
		T(test_contact_bounds),
		T(test_contact_list_owner_first),
		T(test_contact_set_bounced),
		T(test_service_round_trip),
		T(test_service_delete),
		T(test_service_refuses),
		T(test_staff_round_trip),
		T(test_staff_refuses),
		T(test_staff_of_department),
		T(test_addresses_stay_unique_on_update),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
