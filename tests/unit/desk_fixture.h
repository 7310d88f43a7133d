/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk_fixture.h - a desk with keys, templates and a store in a scratch folder
 *
 * For tests of desk/. Each test that uses fixture_setup() and
 * fixture_teardown() has a database of its own.
 */
#ifndef PORTARIA_TESTS_DESK_FIXTURE_H
#define PORTARIA_TESTS_DESK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "desk/desk.h"
#include "store/customer.h"
#include "store/department.h"
#include "store/staff.h"
#include "store/store.h"
#include "store/ticket.h"

struct fixture {
	char *dir;
	struct config *config;
	struct desk *desk;
	struct store *store; /* for writing */
};

/* Every template that desk_new() asks for. */
static const char *const fixture_templates[] = {
	"ack",          "ack_contact",   "reply",        "notice_new",
	"notice_reply", "notice_bounce", "hold_confirm", "hold_notice",
	"closed",       "resolved",      "warn_close",   "escalation",
	"grade",
};
static const char *const fixture_languages[] = { "pt_BR", "en", "es" };

#define assert_ok(expression, error)                                           \
	do {                                                                   \
		if (!(expression))                                             \
			fail_msg("%s: %s", #expression,                        \
			         (error) != NULL ? (error)->message            \
			                         : "no error set");            \
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

/* <dir>/templates/<language>/<name>.txt */
static inline void fixture_put_template(const char *dir, const char *language,
                                        const char *name, const char *text)
{
	g_autofree char *folder =
		g_build_filename(dir, "templates", language, NULL);
	g_autofree char *path = g_strdup_printf("%s/%s.txt", folder, name);

	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static inline void fixture_put_templates(const char *dir)
{
	for (size_t l = 0; l < G_N_ELEMENTS(fixture_languages); l++)
		for (size_t n = 0; n < G_N_ELEMENTS(fixture_templates); n++) {
			g_autofree char *text = g_strdup_printf(
				"Subject: %s %s\n\nText.\n",
				fixture_languages[l], fixture_templates[n]);

			fixture_put_template(dir, fixture_languages[l],
			                     fixture_templates[n], text);
		}
}

/* A configuration with everything below dir; `more` is appended. */
static inline struct config *fixture_config(const char *dir, const char *more)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(dir, "portaria.conf", NULL);
	g_autofree char *text = g_strdup_printf(
		"[store]\ndatabase=%s/portaria.db\nblob_dir=%s/blobs\n"
		"[server]\nhostname=desk.example\nkey_file=%s/key\n"
		"template_dir=%s/templates\nown_template_dir=%s/own\n"
		"time_zone=America/Sao_Paulo\n"
		"brand=Viação Exemplo\n%s",
		dir, dir, dir, dir, dir, more != NULL ? more : "");
	struct config *config;

	assert_true(g_file_set_contents(path, text, -1, NULL));
	config = config_load(path, NULL, &error);
	assert_ok(config != NULL, error);
	return config;
}

static inline struct fixture *fixture_new(const char *more)
{
	g_autoptr(GError) error = NULL;
	struct fixture *fixture = g_new0(struct fixture, 1);
	g_autofree char *key = NULL;

	fixture->dir = g_dir_make_tmp("portaria-test-XXXXXX", &error);
	assert_ok(fixture->dir != NULL, error);
	key = g_build_filename(fixture->dir, "key", NULL);
	assert_ok(keyring_create_file(key, &error), error);
	fixture_put_templates(fixture->dir);
	fixture->config = fixture_config(fixture->dir, more);
	assert_ok(store_init(&fixture->config->store, &error), error);
	fixture->desk = desk_new(fixture->config, &error);
	assert_ok(fixture->desk != NULL, error);
	fixture->store =
		store_open(&fixture->config->store, STORE_WRITE, &error);
	assert_ok(fixture->store != NULL, error);
	return fixture;
}

static inline void fixture_free(struct fixture *fixture)
{
	store_close(fixture->store);
	desk_free(fixture->desk);
	config_free(fixture->config);
	fixture_remove(fixture->dir);
	g_free(fixture->dir);
	g_free(fixture);
}

static inline int fixture_setup(void **state)
{
	*state = fixture_new(NULL);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

/* Sets a text that a *_new() of the store has made already. */
static inline void fixture_set(char **member, const char *value)
{
	g_free(*member);
	*member = g_strdup(value);
}

/* --- records; each in the transaction that is open --- */

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

/* How many mails the first, shortest window of a loop brake lets through. */
static inline unsigned fixture_window(char *const *windows)
{
	guint64 count;
	guint64 seconds;

	assert_non_null(windows[0]);
	assert_true(config_window_parse(windows[0], &count, &seconds));
	return (unsigned)count;
}

/* Owned by the caller. */
static inline struct department *
fixture_department(struct fixture *fixture, const char *name,
                   enum department_accept accept,
                   enum department_unproven unproven)
{
	g_autoptr(GError) error = NULL;
	struct department *department = department_new();

	fixture_set(&department->name, name);
	fixture_set(&department->title, name);
	department->accept = accept;
	department->unproven = unproven;
	department->active = true;
	department->addresses = g_new0(char *, 2);
	department->addresses[0] = g_strdup_printf("%s@desk.example", name);
	assert_ok(department_insert(fixture->store, department, &error), error);
	return department;
}

/* A customer with an owner's address and, if not NULL, a second contact. */
static inline gint64 fixture_customer(struct fixture *fixture, const char *code,
                                      const char *owner, const char *contact)
{
	g_autoptr(GError) error = NULL;
	const char *const addresses[] = { owner, contact };
	AUTO(customer) customer = g_new0(struct customer, 1);

	customer->code = g_strdup(code);
	customer->name = g_strdup_printf("Cliente %s", code);
	customer->language = g_strdup("");
	customer->active = true;
	assert_ok(customer_insert(fixture->store, customer, &error), error);
	for (size_t i = 0; i < 2; i++) {
		AUTO(contact) row = NULL;

		if (addresses[i] == NULL)
			continue;
		row = g_new0(struct contact, 1);
		row->customer_id = customer->id;
		row->address = g_strdup(addresses[i]);
		row->name = g_strdup("");
		row->role = i == 0 ? CONTACT_OWNER : CONTACT_ADDITIONAL;
		row->login = g_strdup("");
		row->active = true;
		assert_ok(contact_insert(fixture->store, row, &error), error);
	}
	return customer->id;
}

static inline gint64 fixture_staff(struct fixture *fixture, const char *login,
                                   const char *address)
{
	g_autoptr(GError) error = NULL;
	AUTO(staff) staff = staff_new();

	fixture_set(&staff->login, login);
	fixture_set(&staff->name, login);
	fixture_set(&staff->address, address);
	fixture_set(&staff->language, "");
	staff->active = true;
	assert_ok(staff_insert(fixture->store, staff, &error), error);
	return staff->id;
}

/* A ticket whose only participant is `requester`. Owned by the caller. */
static inline struct ticket *fixture_ticket(struct fixture *fixture,
                                            gint64 department_id,
                                            gint64 customer_id,
                                            const char *requester)
{
	g_autoptr(GError) error = NULL;
	struct ticket *ticket = ticket_new();

	ticket->department_id = department_id;
	ticket->customer_id = customer_id;
	fixture_set(&ticket->requester, requester);
	fixture_set(&ticket->subject, "Assunto");
	assert_ok(ticket_insert(fixture->store,
	                        fixture->config->server.ref_prefix, ticket,
	                        &error),
	          error);
	assert_ok(participant_add(fixture->store, ticket->id, requester, "",
	                          PARTICIPANT_OWNER, &error),
	          error);
	return ticket;
}

#endif
