/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_store_message.c - message.h and held.h; needs a scratch folder */
#include "unit/store_fixture.h"

#include "store/blob.h"
#include "store/held.h"

#define NOW (G_GINT64_CONSTANT(1800000000000))

static char *put_blob(struct fixture *fixture, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	char *sha256 = blob_put(fixture->store, bytes, &error);

	assert_ok(sha256 != NULL, error);
	return sha256;
}

static void test_message_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(message) made = message_new();
	AUTO(message) got = NULL;

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	made->ticket_id = ticket->id;
	made->author = MESSAGE_STAFF;
	set(&made->address, g_strdup("maria@staff.example"));
	set(&made->name, g_strdup("Maria"));
	made->staff_id = fixture_staff(fixture, "maria");
	set(&made->channel, g_strdup("mail"));
	set(&made->kind, g_strdup("human"));
	set(&made->message_id, g_strdup("<id@desk.example>"));
	set(&made->subject, g_strdup("Re: a"));
	set(&made->text, g_strdup("tudo\n> antes"));
	set(&made->text_trimmed, g_strdup("tudo"));
	set(&made->html, g_strdup("<p>tudo</p>"));
	set(&made->raw, put_blob(fixture, "raw"));
	set(&made->auth, g_strdup("spf=pass"));
	set(&made->client_ip, g_strdup("192.0.2.1"));
	set(&made->queue_id, g_strdup("4cXyZ"));
	made->sent = 11;
	made->created = 22;
	made->warnings = G_MAXUINT32;
	assert_ok(message_insert(fixture->store, made, &error), error);
	fixture_commit(fixture);
	got = message_get(fixture->store, made->id, &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->id, made->id);
	assert_int_equal(got->ticket_id, ticket->id);
	assert_int_equal(got->author, MESSAGE_STAFF);
	assert_string_equal(got->address, "maria@staff.example");
	assert_string_equal(got->name, "Maria");
	assert_int_equal(got->staff_id, made->staff_id);
	assert_string_equal(got->channel, "mail");
	assert_string_equal(got->kind, "human");
	assert_string_equal(got->message_id, "<id@desk.example>");
	assert_string_equal(got->subject, "Re: a");
	assert_string_equal(got->text, "tudo\n> antes");
	assert_string_equal(got->text_trimmed, "tudo");
	assert_string_equal(got->html, "<p>tudo</p>");
	assert_string_equal(got->raw, made->raw);
	assert_string_equal(got->auth, "spf=pass");
	assert_string_equal(got->client_ip, "192.0.2.1");
	assert_string_equal(got->queue_id, "4cXyZ");
	assert_int_equal(got->sent, 11);
	assert_int_equal(got->created, 22);
	assert_int_equal(got->warnings, G_MAXUINT32);
	fixture_check(fixture);
}

static void test_message_insert_with_little(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(ticket) touched = NULL;
	AUTO(message) got = NULL;
	struct message made = { .author = MESSAGE_EVENT, .id = 4711 };

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	clock_set_for_test(NOW + 500);
	made.ticket_id = ticket->id;
	assert_ok(message_insert(fixture->store, &made, &error), error);
	fixture_commit(fixture);
	assert_int_equal(made.id, 4711);
	assert_int_equal(made.created, NOW + 500);
	got = message_get(fixture->store, 4711, &error);
	assert_ok(got != NULL, error);
	assert_string_equal(got->address, "");
	assert_string_equal(got->raw, "");
	assert_int_equal(got->staff_id, 0);
	touched = ticket_get(fixture->store, ticket->id, &error);
	assert_ok(touched != NULL, error);
	assert_int_equal(touched->updated, NOW + 500);
	assert_int_equal(touched->version, 1);
}

static void test_message_insert_refuses(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	struct message message = { .ticket_id = 5 };

	fixture_begin(fixture);
	assert_fails(message_insert(fixture->store, &message, &error), error,
	             PORTARIA_ERROR_NOT_FOUND, "no such ticket");
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	message.ticket_id = ticket->id;
	message.raw = (char[]){ "a blob that nobody put" };
	assert_fails(message_insert(fixture->store, &message, &error), error,
	             PORTARIA_ERROR_CONFLICT, "");
	assert_int_equal(message.id, 0);
	store_rollback(fixture->store);
	assert_fails(message_get(fixture->store, 5, &error) != NULL, error,
	             PORTARIA_ERROR_NOT_FOUND, "no such message");
}

/* Bytes that are no text anywhere must not stop a message. */
static void test_message_with_broken_text(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(message) got = NULL;
	struct message message = { .text = (char[]){ "caf\xe9 \xff\xc0\xaf" },
		                   .name = (char[]){ "\x01\x02" } };

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "\xe7");
	message.ticket_id = ticket->id;
	assert_ok(message_insert(fixture->store, &message, &error), error);
	fixture_commit(fixture);
	got = message_get(fixture->store, message.id, &error);
	assert_ok(got != NULL, error);
	assert_true(g_utf8_validate(got->text, -1, NULL));
	fixture_check(fixture);
}

static void test_message_of_a_megabyte(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(message) got = NULL;
	AUTO(message) made = message_new();

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	made->ticket_id = ticket->id;
	set(&made->text, g_strnfill(1024 * 1024, 'x'));
	assert_ok(message_insert(fixture->store, made, &error), error);
	fixture_commit(fixture);
	got = message_get(fixture->store, made->id, &error);
	assert_ok(got != NULL, error);
	assert_string_equal(got->text, made->text);
}

static void test_message_list_oldest_first(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(ticket) other = NULL;
	g_autoptr(GPtrArray) list = NULL;
	static const gint64 created[] = { 300, 100, 200 };

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	other = fixture_ticket(fixture, ticket->department_id, "b");
	fixture_message(fixture, other->id, "elsewhere");
	for (size_t i = 0; i < G_N_ELEMENTS(created); i++) {
		struct message message = { .ticket_id = ticket->id,
			                   .created = created[i] };

		assert_ok(message_insert(fixture->store, &message, &error),
		          error);
	}
	fixture_commit(fixture);
	list = message_list(fixture->store, ticket->id, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 3);
	for (guint i = 0; i < 3; i++) {
		const struct message *message = g_ptr_array_index(list, i);

		assert_int_equal(message->created, 100 * (i + 1));
	}
}

static void test_message_last_of(void **state)
{
	static const struct {
		const char *address;
		const char *message_id;
		gint64 created;
	} rows[] = {
		{ "ana@x.example", "<1@x>", 100 },
		{ "bia@x.example", "<2@x>", 400 },
		{ "ana@x.example", "<3@x>", 300 },
		{ "ana@x.example", "<4@x>", 200 },
		{ "ana@x.example", "", 500 }, /* by the command line */
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(message) last = NULL;

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		AUTO(message) message = message_new();

		message->ticket_id = ticket->id;
		set(&message->address, g_strdup(rows[i].address));
		set(&message->message_id, g_strdup(rows[i].message_id));
		message->created = rows[i].created;
		assert_ok(message_insert(fixture->store, message, &error),
		          error);
	}
	fixture_commit(fixture);
	last = message_last_of(fixture->store, ticket->id, "ana@x.example",
	                       &error);
	assert_ok(last != NULL, error);
	assert_string_equal(last->message_id, "<3@x>");
	assert_fails(message_last_of(fixture->store, ticket->id,
	                             "eva@x.example", &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "eva@x.example");
}

static void test_author_names(void **state)
{
	(void)state;
	assert_string_equal(message_author_name(MESSAGE_CUSTOMER), "customer");
	assert_string_equal(message_author_name(MESSAGE_EVENT), "event");
}

static void test_attachments(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	AUTO(attachment) made = g_new0(struct attachment, 1);
	AUTO(attachment) got = NULL;
	g_autoptr(GPtrArray) list = NULL;
	struct attachment second = { 0 };
	const struct attachment *last;

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	made->message_id = fixture_message(fixture, ticket->id, "x");
	set(&made->filename, g_strdup("relatório.pdf"));
	set(&made->content_type, g_strdup("application/pdf"));
	set(&made->content_id, g_strdup("cid1"));
	made->is_inline = true;
	made->size = 3;
	set(&made->blob, put_blob(fixture, "pdf"));
	assert_ok(attachment_insert(fixture->store, made, &error), error);
	second.message_id = made->message_id;
	second.blob = made->blob; /* the same file twice */
	assert_ok(attachment_insert(fixture->store, &second, &error), error);
	fixture_commit(fixture);
	got = attachment_get(fixture->store, made->id, &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->message_id, made->message_id);
	assert_string_equal(got->filename, "relatório.pdf");
	assert_string_equal(got->content_type, "application/pdf");
	assert_string_equal(got->content_id, "cid1");
	assert_true(got->is_inline);
	assert_int_equal(got->size, 3);
	assert_string_equal(got->blob, made->blob);
	list = attachment_list(fixture->store, made->message_id, &error);
	assert_ok(list != NULL, error);
	assert_int_equal(list->len, 2);
	last = g_ptr_array_index(list, 1);
	assert_int_equal(last->id, second.id);
	assert_fails(attachment_get(fixture->store, 5, &error) != NULL, error,
	             PORTARIA_ERROR_NOT_FOUND, "no such attachment");
}

static void test_attachment_refuses(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = NULL;
	struct attachment attachment = { 0 };

	fixture_begin(fixture);
	ticket = fixture_ticket(fixture, fixture_department(fixture, "suporte"),
	                        "a");
	attachment.message_id = fixture_message(fixture, ticket->id, "x");
	assert_fails(attachment_insert(fixture->store, &attachment, &error),
	             error, PORTARIA_ERROR_INTERNAL, "NOT NULL");
	attachment.blob = (char[]){ "nobody put it" };
	assert_fails(attachment_insert(fixture->store, &attachment, &error),
	             error, PORTARIA_ERROR_CONFLICT, "");
	store_rollback(fixture->store);
}

static gint64 find_id(struct fixture *fixture, gint64 department,
                      const char *message_id)
{
	g_autoptr(GError) error = NULL;
	gint64 ticket = -1;

	assert_ok(message_id_find(fixture->store, department, message_id,
	                          &ticket, &error),
	          error);
	return ticket;
}

static void test_message_id_learn_and_find(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) first = NULL;
	AUTO(ticket) second = NULL;
	AUTO(ticket) third = NULL;
	gint64 suporte;
	gint64 abusos;

	fixture_begin(fixture);
	suporte = fixture_department(fixture, "suporte");
	abusos = fixture_department(fixture, "abusos");
	first = fixture_ticket(fixture, suporte, "a");
	second = fixture_ticket(fixture, suporte, "b");
	third = fixture_ticket(fixture, abusos, "c");
	assert_ok(message_id_learn(fixture->store, second->id, "<x@y>", &error),
	          error);
	/* The first one keeps it, in each department. */
	assert_ok(message_id_learn(fixture->store, first->id, "<x@y>", &error),
	          error);
	assert_ok(message_id_learn(fixture->store, second->id, "<x@y>", &error),
	          error);
	assert_ok(message_id_learn(fixture->store, third->id, "<x@y>", &error),
	          error);
	assert_int_equal(find_id(fixture, suporte, "<x@y>"), second->id);
	assert_int_equal(find_id(fixture, abusos, "<x@y>"), third->id);
	assert_int_equal(find_id(fixture, 0, "<x@y>"), second->id);
	assert_int_equal(find_id(fixture, suporte, "<X@y>"), 0);
	assert_int_equal(find_id(fixture, suporte, ""), 0);
	/* A ticket that moves takes its ids along. */
	third->department_id = suporte;
	assert_ok(ticket_update(fixture->store, third, &error), error);
	assert_int_equal(find_id(fixture, abusos, "<x@y>"), 0);
	assert_fails(message_id_learn(fixture->store, 5, "<z@y>", &error),
	             error, PORTARIA_ERROR_CONFLICT, "");
	store_rollback(fixture->store);
}

/* Keys that are believed for a while. */
static void test_delivery_since(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = fixture->store;
	gint64 now = NOW + CLOCK_DAY;
	g_autoptr(GError) error = NULL;
	g_autofree char *exact = NULL;
	g_autofree char *other = NULL;

	clock_set_for_test(now);
	fixture_begin(fixture);
	assert_ok(delivery_remember(store, "=k/suporte", "VIA-1", &error),
	          error);
	assert_ok(delivery_remember(store, "=k/suporte", "VIA-2", &error),
	          error);
	exact = delivery_find_since(store, "=k/suporte", now, &error);
	assert_ok(exact != NULL, error);
	assert_string_equal(exact, "VIA-2");
	assert_fails(delivery_find_since(store, "=k/abusos", now, &error) !=
	                     NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "=k/abusos");
	other = delivery_find_message_since(store, "=k/abusos", now, &error);
	assert_ok(other != NULL, error);
	assert_string_equal(other, "VIA-2");
	now += CLOCK_MINUTE;
	assert_fails(delivery_find_since(store, "=k/suporte", now, &error) !=
	                     NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "lately");
	assert_fails(delivery_find_message_since(store, "=k/suporte", now,
	                                         &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "lately");
	fixture_commit(fixture);
}

static void test_delivery(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL;
	g_autofree char *first = NULL;
	g_autofree char *plain = NULL;

	fixture_begin(fixture);
	assert_fails(delivery_find(fixture->store, "k/suporte", &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "k/suporte");
	assert_fails(delivery_find_message(fixture->store, "k/suporte",
	                                   &error) != NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "k");
	assert_ok(delivery_insert(fixture->store, "k/suporte", "VIA-1 stored",
	                          &error),
	          error);
	assert_fails(
		delivery_insert(fixture->store, "k/suporte", "other", &error),
		error, PORTARIA_ERROR_CONFLICT, "k/suporte");
	assert_ok(delivery_insert(fixture->store, "k/abusos", "VIA-2 stored",
	                          &error),
	          error);
	assert_ok(
		delivery_insert(fixture->store, "a/b/suporte", "VIA-3", &error),
		error);
	assert_ok(delivery_insert(fixture->store, "noslash", "VIA-4", &error),
	          error);
	answer = delivery_find(fixture->store, "k/abusos", &error);
	assert_ok(answer != NULL, error);
	assert_string_equal(answer, "VIA-2 stored");
	first = delivery_find_message(fixture->store, "k/financeiro", &error);
	assert_ok(first != NULL, error);
	assert_string_equal(first, "VIA-1 stored");
	assert_fails(delivery_find_message(fixture->store, "a/x", &error) !=
	                     NULL,
	             error, PORTARIA_ERROR_NOT_FOUND, "");
	plain = delivery_find_message(fixture->store, "noslash/x", &error);
	assert_ok(plain != NULL, error);
	assert_string_equal(plain, "VIA-4");
	fixture_commit(fixture);
}

static void test_held_round_trip(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	AUTO(held) made = held_new();
	AUTO(held) got = NULL;

	assert_int_equal(made->state, HELD_WAITING);
	fixture_begin(fixture);
	made->department_id = fixture_department(fixture, "suporte");
	set(&made->address, g_strdup("ana@x.example"));
	set(&made->recipient, g_strdup("suporte+x@desk.example"));
	set(&made->mail_from, g_strdup("bounce@x.example"));
	set(&made->subject, g_strdup("Olá"));
	set(&made->message_id, g_strdup("<1@x>"));
	set(&made->reason, g_strdup("unproven"));
	set(&made->auth, g_strdup("spf=none"));
	set(&made->client_ip, g_strdup("192.0.2.1"));
	set(&made->queue_id, g_strdup("4cXyZ"));
	set(&made->raw, put_blob(fixture, "raw"));
	set(&made->parsed, put_blob(fixture, "parsed"));
	set(&made->delivery_key, g_strdup("k/suporte"));
	made->created = 77;
	assert_ok(held_insert(fixture->store, made, &error), error);
	fixture_commit(fixture);
	got = held_get(fixture->store, made->id, &error);
	assert_ok(got != NULL, error);
	assert_int_equal(got->department_id, made->department_id);
	assert_string_equal(got->department, "suporte");
	assert_string_equal(got->address, "ana@x.example");
	assert_string_equal(got->recipient, "suporte+x@desk.example");
	assert_string_equal(got->mail_from, "bounce@x.example");
	assert_string_equal(got->subject, "Olá");
	assert_string_equal(got->message_id, "<1@x>");
	assert_string_equal(got->reason, "unproven");
	assert_string_equal(got->auth, "spf=none");
	assert_string_equal(got->client_ip, "192.0.2.1");
	assert_string_equal(got->queue_id, "4cXyZ");
	assert_string_equal(got->raw, made->raw);
	assert_string_equal(got->parsed, made->parsed);
	assert_string_equal(got->delivery_key, "k/suporte");
	assert_int_equal(got->created, 77);
	assert_int_equal(got->state, HELD_WAITING);
	assert_int_equal(got->decided, 0);
	assert_string_equal(got->decided_by, "");
	assert_string_equal(got->ticket, "");
	assert_fails(held_get(fixture->store, 5, &error) != NULL, error,
	             PORTARIA_ERROR_NOT_FOUND, "no such held message");
}

static gint64 hold(struct fixture *fixture, gint64 department, gint64 created)
{
	g_autoptr(GError) error = NULL;
	struct held held = { .department_id = department, .created = created };

	assert_ok(held_insert(fixture->store, &held, &error), error);
	return held.id;
}

static void test_held_decide_works_once(void **state)
{
	static const enum held_state states[] = { HELD_RELEASED,
		                                  HELD_DISCARDED };
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	gint64 department;

	clock_set_for_test(NOW);
	fixture_begin(fixture);
	department = fixture_department(fixture, "suporte");
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		gint64 id = hold(fixture, department, 100);
		AUTO(held) got = NULL;

		assert_ok(held_decide(fixture->store, id, states[i], "maria",
		                      "VIA-7K3Q9MX", &error),
		          error);
		assert_fails(held_decide(fixture->store, id, HELD_RELEASED,
		                         "ana", NULL, &error),
		             error, PORTARIA_ERROR_CONFLICT,
		             held_state_name(states[i]));
		got = held_get(fixture->store, id, &error);
		assert_ok(got != NULL, error);
		assert_int_equal(got->state, states[i]);
		assert_string_equal(got->decided_by, "maria");
		assert_string_equal(got->ticket, "VIA-7K3Q9MX");
		assert_int_equal(got->decided, NOW);
	}
	assert_fails(
		held_decide(fixture->store, 5, HELD_RELEASED, "x", "", &error),
		error, PORTARIA_ERROR_NOT_FOUND, "no such held message");
	fixture_commit(fixture);
}

/* What was kept because nobody confirmed is still staff's to decide. */
static void test_held_decide_after_it_expired(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	gint64 id;

	fixture_begin(fixture);
	id = hold(fixture, fixture_department(fixture, "suporte"), 100);
	assert_ok(held_decide(fixture->store, id, HELD_EXPIRED, "", "", &error),
	          error);
	assert_fails(held_decide(fixture->store, id, HELD_EXPIRED, "", "",
	                         &error),
	             error, PORTARIA_ERROR_CONFLICT, "expired");
	assert_ok(held_decide(fixture->store, id, HELD_RELEASED, "maria",
	                      "VIA-7K3Q9MX", &error),
	          error);
	assert_fails(held_decide(fixture->store, id, HELD_RELEASED, "ana", "",
	                         &error),
	             error, PORTARIA_ERROR_CONFLICT, "released");
	fixture_commit(fixture);
}

/* Created times of a list, joined by blanks. */
static char *times_of(GPtrArray *list)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++) {
		const struct held *held = g_ptr_array_index(list, i);

		g_string_append_printf(text, "%s%" G_GINT64_FORMAT,
		                       i > 0 ? " " : "", held->created);
	}
	g_ptr_array_unref(list);
	return g_string_free(text, FALSE);
}

static void test_held_lists(void **state)
{
	static const struct {
		int state;
		unsigned limit;
		const char *want;
	} cases[] = {
		{ -1, 0, "300 200 100" },       { -1, 2, "300 200" },
		{ HELD_WAITING, 0, "300 100" }, { HELD_DISCARDED, 0, "200" },
		{ HELD_RELEASED, 0, "" },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *due = NULL;
	g_autofree char *one = NULL;
	gint64 department;

	fixture_begin(fixture);
	department = fixture_department(fixture, "suporte");
	hold(fixture, department, 100);
	assert_ok(held_decide(fixture->store, hold(fixture, department, 200),
	                      HELD_DISCARDED, "maria", "", &error),
	          error);
	hold(fixture, department, 300);
	fixture_commit(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GPtrArray *list = held_list(fixture->store, cases[i].state,
		                            cases[i].limit, &error);
		g_autofree char *got = NULL;

		assert_ok(list != NULL, error);
		got = times_of(list);
		assert_string_equal(got, cases[i].want);
	}
	due = times_of(held_list_waiting(fixture->store, 301, 0, &error));
	assert_string_equal(due, "100 300");
	one = times_of(held_list_waiting(fixture->store, 300, 0, &error));
	assert_string_equal(one, "100");
}

static void test_held_names_parse(void **state)
{
	enum held_state held = HELD_EXPIRED;

	(void)state;
	for (int i = 0; i < HELD_STATE__COUNT; i++) {
		assert_true(held_state_parse(
			held_state_name((enum held_state)i), &held));
		assert_int_equal(held, i);
	}
	assert_false(held_state_parse("gone", &held));
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_message_round_trip),
		T(test_message_insert_with_little),
		T(test_message_insert_refuses),
		T(test_message_with_broken_text),
		T(test_message_of_a_megabyte),
		T(test_message_list_oldest_first),
		T(test_message_last_of),
		cmocka_unit_test(test_author_names),
		T(test_attachments),
		T(test_attachment_refuses),
		T(test_message_id_learn_and_find),
		T(test_delivery),
		T(test_delivery_since),
		T(test_held_round_trip),
		T(test_held_decide_works_once),
		T(test_held_decide_after_it_expired),
		T(test_held_lists),
		cmocka_unit_test(test_held_names_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
