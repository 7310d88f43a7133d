/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_fixture.h - an empty store in a scratch folder, for tests of store/
 *
 * Each test that uses fixture_setup() and fixture_teardown() has a database
 * of its own, open for writing, with a transaction begun by fixture_begin().
 */
#ifndef PORTARIA_TESTS_STORE_FIXTURE_H
#define PORTARIA_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/customer.h"
#include "store/department.h"
#include "store/message.h"
#include "store/staff.h"
#include "store/store.h"
#include "store/store_private.h"
#include "store/ticket.h"

#define INLINE_MAX 4096

struct fixture {
	char *dir;
	struct config_store config;
	struct store *store;
};

#define assert_ok(expression, error)                                           \
	do {                                                                   \
		if (!(expression))                                             \
			fail_msg("%s: %s", #expression,                        \
			         (error) != NULL ? (error)->message            \
			                         : "no error set");            \
		assert_null(error);                                            \
	} while (0)

/* New rows start with empty texts, which these replace. */
static inline void set(char **text, char *value)
{
	g_free(*text);
	*text = value;
}

/* The expression fails with this code, and its text holds `part`. */
#define assert_fails(expression, error, want_code, part)                       \
	do {                                                                   \
		if (expression)                                                \
			fail_msg("%s: did not fail", #expression);             \
		assert_non_null(error);                                        \
		if (!g_error_matches((error), PORTARIA_ERROR, (want_code)) ||  \
		    strstr((error)->message, (part)) == NULL)                  \
			fail_msg("%s: code %d: %s", #expression,               \
			         (error)->code, (error)->message);             \
		g_clear_error(&(error));                                       \
	} while (0)

static inline void fixture_remove(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		if (g_file_test(child, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
			fixture_remove(child);
		else
			g_unlink(child);
	}
	if (dir != NULL)
		g_dir_close(dir);
	g_rmdir(path);
}

/* A scratch folder and its configuration; there is no database yet. */
static inline struct fixture *fixture_new(void)
{
	g_autoptr(GError) error = NULL;
	struct fixture *fixture = g_new0(struct fixture, 1);

	fixture->dir = g_dir_make_tmp("portaria-test-XXXXXX", &error);
	assert_ok(fixture->dir != NULL, error);
	fixture->config.database =
		g_build_filename(fixture->dir, "portaria.db", NULL);
	fixture->config.blob_dir =
		g_build_filename(fixture->dir, "blobs", NULL);
	fixture->config.blob_inline_max = INLINE_MAX;
	fixture->config.busy_ms = 10000;
	return fixture;
}

static inline void fixture_open(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	assert_ok(store_init(&fixture->config, &error), error);
	fixture->store = store_open(&fixture->config, STORE_WRITE, &error);
	assert_ok(fixture->store != NULL, error);
}

static inline int fixture_setup_bare(void **state)
{
	*state = fixture_new();
	return 0;
}

static inline int fixture_setup(void **state)
{
	fixture_setup_bare(state);
	fixture_open(*state);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	store_close(fixture->store);
	fixture_remove(fixture->dir);
	g_free(fixture->config.database);
	g_free(fixture->config.blob_dir);
	g_free(fixture->dir);
	g_free(fixture);
	clock_set_for_test(0);
	return 0;
}

static inline void fixture_begin(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	assert_ok(store_begin(fixture->store, &error), error);
}

static inline void fixture_commit(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	assert_ok(store_commit(fixture->store, &error), error);
}

/* Statements outside the module under test: to damage or to look. */
static inline void fixture_exec(struct fixture *fixture, const char *sql)
{
	g_autoptr(GError) error = NULL;

	assert_ok(db_exec(fixture->store->db, sql, &error), error);
}

static inline gint64 fixture_int(struct fixture *fixture, const char *sql)
{
	g_autoptr(GError) error = NULL;
	struct db_stmt *stmt = db_prepare(fixture->store->db, sql, &error);
	gint64 value;

	assert_ok(stmt != NULL, error);
	assert_int_equal(db_step(stmt, &error), DB_ROW);
	value = db_column_int(stmt, 0);
	db_finish(stmt);
	return value;
}

/* The store is whole: file, references, search index, blobs. */
static inline void fixture_check(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) problems = NULL;

	assert_ok(store_check(fixture->store, &problems, &error), error);
	if (problems->len > 0)
		fail_msg("%s", (char *)g_ptr_array_index(problems, 0));
}

/* --- records, in the open transaction --- */

static inline gint64 fixture_department(struct fixture *fixture,
                                        const char *name)
{
	g_autoptr(GError) error = NULL;
	AUTO(department) department = department_new();

	set(&department->name, g_strdup(name));
	set(&department->title, g_strdup(name));
	department->addresses = g_new0(char *, 2);
	department->addresses[0] = g_strdup_printf("%s@desk.example", name);
	assert_ok(department_insert(fixture->store, department, &error), error);
	return department->id;
}

static inline gint64 fixture_customer(struct fixture *fixture, const char *name)
{
	g_autoptr(GError) error = NULL;
	AUTO(customer) customer = g_new0(struct customer, 1);

	set(&customer->name, g_strdup(name));
	customer->active = true;
	assert_ok(customer_insert(fixture->store, customer, &error), error);
	return customer->id;
}

static inline gint64 fixture_contact(struct fixture *fixture, gint64 customer,
                                     const char *address)
{
	g_autoptr(GError) error = NULL;
	AUTO(contact) contact = g_new0(struct contact, 1);

	contact->customer_id = customer;
	set(&contact->address, g_strdup(address));
	contact->role = CONTACT_ADDITIONAL;
	contact->active = true;
	assert_ok(contact_insert(fixture->store, contact, &error), error);
	return contact->id;
}

static inline gint64 fixture_staff(struct fixture *fixture, const char *login)
{
	g_autoptr(GError) error = NULL;
	AUTO(staff) staff = staff_new();

	set(&staff->login, g_strdup(login));
	set(&staff->address, g_strdup_printf("%s@staff.example", login));
	assert_ok(staff_insert(fixture->store, staff, &error), error);
	return staff->id;
}

/* Owned by the caller. */
static inline struct ticket *
fixture_ticket(struct fixture *fixture, gint64 department, const char *subject)
{
	g_autoptr(GError) error = NULL;
	struct ticket *ticket = ticket_new();

	ticket->department_id = department;
	set(&ticket->requester, g_strdup("joao@cliente.example"));
	set(&ticket->subject, g_strdup(subject));
	assert_ok(ticket_insert(fixture->store, "VIA", ticket, &error), error);
	return ticket;
}

static inline gint64 fixture_message(struct fixture *fixture, gint64 ticket,
                                     const char *text)
{
	g_autoptr(GError) error = NULL;
	AUTO(message) message = message_new();

	message->ticket_id = ticket;
	message->author = MESSAGE_CUSTOMER;
	set(&message->text, g_strdup(text));
	assert_ok(message_insert(fixture->store, message, &error), error);
	return message->id;
}

#endif
