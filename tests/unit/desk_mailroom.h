/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk_mailroom.h - a desk with people in it, and mail that comes in
 *
 * For tests of intake and what belongs to it: the project's own templates, a
 * store, four departments, two customers, two members of staff. Messages are
 * written as text and really parsed. The clock stands still. Hermetic.
 */
#ifndef PORTARIA_TESTS_DESK_MAILROOM_H
#define PORTARIA_TESTS_DESK_MAILROOM_H

#include "unit/desk_fixture.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "desk/intake.h"
#include "desk/signed.h"
#include "mail/parse.h"
#include "store/blob.h"
#include "store/held.h"
#include "store/message.h"
#include "store/outbox.h"
#include "store/undeliverable.h"

#define DONO    "dono@cliente.example"
#define CONTATO "contato@cliente.example"
#define OUTRO   "outro@outro.example"
#define ALHEIO  "alheio@fora.example"
#define COPIA   "copia@fora.example"
#define ANA     "ana@equipe.example"
#define BETO    "beto@equipe.example"

#define ROOM_START ((gint64)1795366800000) /* 2026-11-22 */

struct room {
	struct fixture *fixture;
	struct store *store; /* fixture's */
	const struct desk *desk;
	struct department *suporte;    /* registered, hold; Ana */
	struct department *financeiro; /* registered, hold; Beto */
	struct department *respostas;  /* replies only; Ana */
	struct department *abusos;     /* anyone; Ana */
	gint64 customer; /* DONO owns it, CONTATO is one of its contacts */
	gint64 other;    /* OUTRO's */
	unsigned deliveries;
};

/* A message; NULL members have defaults, see room_take(). */
struct letter_in {
	const char *from;
	const char *to; /* recipient: "suporte", or an address */
	const char *subject;
	const char *headers; /* more header lines, each with \n */
	const char *body;
	const char *mail_from; /* envelope */
	const char *key;       /* delivery key without department */
	const char *reason;
	const char *evidence;
	enum seal_verdict verdict;
	enum auth_proof proof;
	bool fails;  /* leave the error to the test: it must fail */
};

static inline void room_copy_templates(struct fixture *fixture)
{
	for (size_t l = 0; l < G_N_ELEMENTS(fixture_languages); l++)
		for (size_t n = 0; n < G_N_ELEMENTS(fixture_templates); n++) {
			g_autofree char *path = g_strdup_printf(
				PORTARIA_SOURCE_DIR
				"/conf/templates/%s/%s.txt",
				fixture_languages[l], fixture_templates[n]);
			g_autofree char *text = NULL;

			assert_true(
				g_file_get_contents(path, &text, NULL, NULL));
			fixture_put_template(fixture->dir, fixture_languages[l],
			                     fixture_templates[n], text);
		}
}

static inline void room_staff(struct room *room, const char *login,
                              const char *address,
                              const char *const *departments)
{
	g_autoptr(GError) error = NULL;
	AUTO(staff) staff = staff_new();

	fixture_set(&staff->login, login);
	fixture_set(&staff->name, login);
	fixture_set(&staff->address, address);
	staff->departments = g_new0(char *, 4);
	for (size_t i = 0; departments[i] != NULL; i++)
		staff->departments[i] = g_strdup(departments[i]);
	assert_ok(staff_insert(room->store, staff, &error), error);
}

static inline struct room *room_new(const char *more)
{
	static const char *const ana[] = { "suporte", "respostas", "abusos",
		                           NULL };
	static const char *const beto[] = { "financeiro", NULL };
	struct room *room = g_new0(struct room, 1);
	struct fixture *fixture = fixture_new(more);
	g_autoptr(GError) error = NULL;

	clock_set_for_test(ROOM_START);
	room_copy_templates(fixture);
	desk_free(fixture->desk);
	fixture->desk = desk_new(fixture->config, &error);
	assert_ok(fixture->desk != NULL, error);
	room->fixture = fixture;
	room->store = fixture->store;
	room->desk = fixture->desk;
	fixture_begin(fixture);
	room->suporte = fixture_department(
		fixture, "suporte", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD);
	room->financeiro = fixture_department(
		fixture, "financeiro", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD);
	room->respostas = fixture_department(
		fixture, "respostas", DEPARTMENT_REPLIES, DEPARTMENT_HOLD);
	room->abusos = fixture_department(fixture, "abusos", DEPARTMENT_ANYONE,
	                                  DEPARTMENT_HOLD);
	room->customer = fixture_customer(fixture, "1", DONO, CONTATO);
	room->other = fixture_customer(fixture, "2", OUTRO, NULL);
	room_staff(room, "ana", ANA, ana);
	room_staff(room, "beto", BETO, beto);
	fixture_commit(fixture);
	return room;
}

static inline int room_setup(void **state)
{
	*state = room_new(NULL);
	return 0;
}

static inline int room_teardown(void **state)
{
	struct room *room = *state;

	department_free(room->suporte);
	department_free(room->financeiro);
	department_free(room->respostas);
	department_free(room->abusos);
	fixture_free(room->fixture);
	g_free(room);
	clock_set_for_test(0);
	return 0;
}

/* assert_ok() for a pointer; the compiler, too, knows that it is there. */
#define room_must(pointer, error)                                              \
	do {                                                                   \
		assert_ok((pointer) != NULL, error);                           \
		if ((pointer) == NULL)                                         \
			abort();                                               \
	} while (0)

/* --- mail that comes in --- */

/* The message as text; owned by the caller. */
static inline char *letter_text(const struct letter_in *letter)
{
	return g_strdup_printf("From: %s\nTo: suporte@desk.example\n"
	                       "Subject: %s\n%s"
	                       "Content-Type: text/plain; charset=utf-8\n"
	                       "\n%s",
	                       letter->from,
	                       letter->subject != NULL ? letter->subject
	                                               : "Site fora do ar",
	                       letter->headers != NULL ? letter->headers : "",
	                       letter->body != NULL ? letter->body
	                                            : "Meu site caiu.\n");
}

static inline char *room_address(const char *to)
{
	return strchr(to, '@') != NULL ? g_strdup(to)
	                               : g_strdup_printf("%s@desk.example", to);
}

static inline const struct department *room_department(const struct room *room,
                                                       const char *address)
{
	const struct department *all[] = { room->suporte, room->financeiro,
		                           room->respostas, room->abusos };

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		if (g_str_has_prefix(address, all[i]->name))
			return all[i];
	fail_msg("no department for %s", address);
	abort();
}

/*
 * Runs one message through intake, to the n recipients of `to` (NULL-ended),
 * in the transaction that is open. Defaults: envelope sender is From, the
 * key is new, evidence "spf=pass".
 */
static inline bool room_store(struct room *room, const struct letter_in *letter,
                              const char *const *to,
                              struct intake_result *ret_results,
                              GError **error)
{
	g_autofree char *text = letter_text(letter);
	g_autoptr(GBytes) raw = g_bytes_new(text, strlen(text));
	g_autofree char *key =
		letter->key != NULL
			? g_strdup(letter->key)
			: g_strdup_printf("m%u", ++room->deliveries);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	struct intake_recipient recipients[4];
	size_t count = 0;
	AUTO(mail)
	mail = mail_parse(raw, &room->fixture->config->limits, error);

	room_must(mail, *error);
	for (; to[count] != NULL; count++) {
		char *address = room_address(to[count]);
		const struct department *department =
			room_department(room, address);
		char *full = g_strdup_printf("%s/%s", key, department->name);

		g_ptr_array_add(texts, address);
		g_ptr_array_add(texts, full);
		recipients[count] = (struct intake_recipient){
			.address = address,
			.department = department,
			.verdict = letter->verdict,
			.proof = letter->proof,
			.identity = letter->from,
			.reason = letter->reason,
			.delivery_key = full,
		};
	}

	const struct intake_message message = {
		.raw = raw,
		.mail = mail,
		.mail_from = letter->mail_from != NULL ? letter->mail_from
		                                       : letter->from,
		.client_ip = "192.0.2.1",
		.queue_id = "Q1",
		.evidence = letter->evidence != NULL ? letter->evidence
		                                     : "spf=pass",
		.recipients = recipients,
		.n_recipients = count,
	};
	return intake_store(room->desk, room->store, &message, ret_results,
	                    error);
}

/* The same in a transaction of its own, for one recipient; a second later. */
static inline struct intake_result room_take(struct room *room,
                                             const struct letter_in *letter)
{
	const char *to[] = { letter->to != NULL ? letter->to : "suporte",
		             NULL };
	g_autoptr(GError) error = NULL;
	struct intake_result result = { 0 };

	clock_set_for_test(clock_now() + CLOCK_SECOND);
	fixture_begin(room->fixture);
	assert_ok(room_store(room, letter, to, &result, &error), error);
	fixture_commit(room->fixture);
	return result;
}

/* As room_take(), for tests that want the ref only. Owned by the caller. */
static inline char *room_take_ref(struct room *room,
                                  const struct letter_in *letter,
                                  enum intake_outcome want)
{
	struct intake_result result = room_take(room, letter);
	char *ref = g_strdup(result.ref);

	assert_string_equal(intake_outcome_name(result.outcome),
	                    intake_outcome_name(want));
	intake_result_clear(&result);
	return ref;
}

static inline void room_expect(struct room *room,
                               const struct letter_in *letter,
                               enum intake_outcome want)
{
	g_free(room_take_ref(room, letter, want));
}

/* --- what became of it --- */

static inline struct ticket *room_ticket(struct room *room, const char *ref)
{
	g_autoptr(GError) error = NULL;
	struct ticket *ticket = ticket_by_ref(room->store, ref, &error);

	room_must(ticket, error);
	return ticket;
}

static inline unsigned room_tickets(struct room *room)
{
	static const struct ticket_filter all = { .status = -1,
		                                  .priority = -1,
		                                  .include_closed = true,
		                                  .limit = 1000 };
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) tickets = ticket_list(room->store, &all, &error);

	room_must(tickets, error);
	return tickets->len;
}

static inline GPtrArray *room_entries(struct room *room, const char *ref)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	GPtrArray *entries = message_list(room->store, ticket->id, &error);

	room_must(entries, error);
	return entries;
}

/* The newest entry by this kind of author; it must be there. Freed with
 * `entries`. */
static inline const struct message *entries_last(const GPtrArray *entries,
                                                 enum message_author author)
{
	for (guint i = entries->len; i > 0; i--) {
		const struct message *one = entries->pdata[i - 1];

		if (one->author == author)
			return one;
	}
	fail_msg("no entry by %s", message_author_name(author));
	abort();
}

static inline unsigned room_count_entries(struct room *room, const char *ref,
                                          enum message_author author)
{
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	unsigned count = 0;

	for (guint i = 0; i < entries->len; i++) {
		const struct message *one = entries->pdata[i];

		count += one->author == author;
	}
	return count;
}

/* Whether an event of the ticket says this. */
static inline bool room_has_event(struct room *room, const char *ref,
                                  const char *part)
{
	g_autoptr(GPtrArray) entries = room_entries(room, ref);

	for (guint i = 0; i < entries->len; i++) {
		const struct message *one = entries->pdata[i];

		if (one->author == MESSAGE_EVENT &&
		    strstr(one->text, part) != NULL)
			return true;
	}
	return false;
}

static inline GPtrArray *room_outbox(struct room *room)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *rows = outbox_list(room->store, -1, 0, 10000, &error);

	room_must(rows, error);
	return rows;
}

/* Rows of a kind (NULL: any) for an address (NULL: any) that go out. */
static inline unsigned room_mails(struct room *room, const char *kind,
                                  const char *address)
{
	g_autoptr(GPtrArray) rows = room_outbox(room);
	unsigned count = 0;

	for (guint i = 0; i < rows->len; i++) {
		const struct outbox *row = rows->pdata[i];

		count += row->state != OUTBOX_CANCELLED &&
		         (kind == NULL || strcmp(row->kind, kind) == 0) &&
		         (address == NULL ||
		          strcmp(row->recipient, address) == 0);
	}
	return count;
}

/* The newest row of that kind and address, with bytes; it must be there. */
static inline struct outbox *room_mail(struct room *room, const char *kind,
                                       const char *address)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows = room_outbox(room);

	for (guint i = 0; i < rows->len; i++) {
		const struct outbox *row = rows->pdata[i];
		struct outbox *full;

		if (strcmp(row->kind, kind) != 0 ||
		    strcmp(row->recipient, address) != 0)
			continue;
		full = outbox_get(room->store, row->id, &error);
		room_must(full, error);
		return full;
	}
	fail_msg("no %s to %s", kind, address);
	abort();
}

/* The mail of a row as its reader's program parses it. */
static inline struct mail *room_read(struct room *room,
                                     const struct outbox *row)
{
	g_autoptr(GError) error = NULL;
	struct mail *mail = mail_parse(
		row->bytes, &room->fixture->config->limits, &error);

	room_must(mail, error);
	return mail;
}

/* The text of the newest such mail; owned by the caller. */
static inline char *room_mail_text(struct room *room, const char *kind,
                                   const char *address)
{
	AUTO(outbox) row = room_mail(room, kind, address);
	AUTO(mail) mail = room_read(room, row);

	return g_strdup(mail->text);
}

/* "In-Reply-To: <id of that mail>\n"; owned by the caller. */
static inline char *room_answers(struct room *room, const char *kind,
                                 const char *address)
{
	AUTO(outbox) row = room_mail(room, kind, address);

	return g_strdup_printf("In-Reply-To: %s\n", row->header_id);
}

/* The newest of that many held messages; one at least. */
static inline struct held *room_held(struct room *room, unsigned want_count)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = held_list(room->store, -1, 1000, &error);

	room_must(all, error);
	assert_int_equal(all->len, want_count);

	const struct held *newest = all->pdata[0];
	struct held *held = held_get(room->store, newest->id, &error);
	room_must(held, error);
	return held;
}

static inline unsigned room_held_count(struct room *room)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = held_list(room->store, -1, 1000, &error);

	room_must(all, error);
	return all->len;
}

static inline gint64 room_bounced(struct room *room, const char *address)
{
	g_autoptr(GError) error = NULL;
	AUTO(contact) contact = contact_find(room->store, address, &error);

	room_must(contact, error);
	return contact->bounced;
}

/* Mail to the address failed for good. */
static inline void room_set_undeliverable(struct room *room,
                                          const char *address)
{
	g_autoptr(GError) error = NULL;
	const struct undeliverable failure = {
		.address = (char *)(guintptr)address,
		.status = (char[]){ "5.1.1" },
		.why = (char[]){ "no such user" },
		.outbox_id = 1,
	};
	bool news;

	fixture_begin(room->fixture);
	assert_ok(undeliverable_note(room->store, &failure, &news, &error),
	          error);
	fixture_commit(room->fixture);
}

static inline void room_set_status(struct room *room, const char *ref,
                                   enum ticket_status status)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);

	fixture_begin(room->fixture);
	ticket->status = status;
	ticket->closed = status == TICKET_CLOSED ? clock_now() : 0;
	assert_ok(ticket_update(room->store, ticket, &error), error);
	fixture_commit(room->fixture);
}

/* An entry that the room's tickets start with: DONO's, proven, in suporte. */
static inline char *room_open(struct room *room)
{
	return room_take_ref(room,
	                     &(struct letter_in){ .from = DONO,
	                                          .verdict = SEAL_ACCEPT,
	                                          .proof = AUTH_PROVEN },
	                     INTAKE_CREATED);
}

#define assert_contains(text, part)                                            \
	do {                                                                   \
		if (strstr((text), (part)) == NULL)                            \
			fail_msg("\"%s\" is not in:\n%s", (part), (text));     \
	} while (0)
#define assert_lacks(text, part)                                               \
	do {                                                                   \
		if (strstr((text), (part)) != NULL)                            \
			fail_msg("\"%s\" is in:\n%s", (part), (text));         \
	} while (0)

#endif
