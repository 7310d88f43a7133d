/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_merge.c - merge, split, move, link, copies; what old names mean
 *
 * Whole messages before and after. A real store. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/conversation.h"
#include "store/audit.h"
#include "store/relation.h"

#define WRITES(sender)                                                         \
	.from = (sender), .verdict = SEAL_ACCEPT, .proof = AUTH_PROVEN

struct acting {
	struct room *room;
	struct staff *ana;
	struct actor actor;
};

static int acting_setup(void **state)
{
	struct acting *acting = g_new0(struct acting, 1);

	acting->room = room_new(NULL);
	acting->ana = staff_by_login(acting->room->store, "ana", NULL);
	acting->actor = (struct actor){ acting->ana, "cli" };
	*state = acting;
	return acting->ana == NULL;
}

static int acting_teardown(void **state)
{
	struct acting *acting = *state;
	void *room = acting->room;

	staff_free(acting->ana);
	g_free(acting);
	return room_teardown(&room);
}

/* A ticket of DONO's with a subject and text of its own. */
static char *open_about(struct room *room, const char *subject,
                        const char *body)
{
	return room_take_ref(
		room,
		&(struct letter_in){ WRITES(DONO), .subject = subject,
	                             .body = body },
		INTAKE_CREATED);
}

static void staff_answers(struct acting *acting, const char *ref,
                          const char *words)
{
	const struct conversation_text text = { .text = words };
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(acting->room, ref);

	fixture_begin(acting->room->fixture);
	assert_ok(conversation_reply(acting->room->desk, acting->room->store,
	                             &acting->actor, ticket, &text,
	                             TICKET_STATUS__COUNT, NULL, &error),
	          error);
	fixture_commit(acting->room->fixture);
}

static bool merge(struct acting *acting, const char *source, const char *target,
                  GError **error)
{
	AUTO(ticket) from = room_ticket(acting->room, source);
	AUTO(ticket) into = room_ticket(acting->room, target);
	bool ok;

	fixture_begin(acting->room->fixture);
	ok = conversation_merge(acting->room->desk, acting->room->store,
	                        &acting->actor, from, into, error);
	if (ok)
		fixture_commit(acting->room->fixture);
	else
		store_rollback(acting->room->store);
	return ok;
}

static bool unmerge(struct acting *acting, const char *source, GError **error)
{
	AUTO(ticket) ticket = room_ticket(acting->room, source);
	bool ok;

	fixture_begin(acting->room->fixture);
	ok = conversation_unmerge(acting->room->desk, acting->room->store,
	                          &acting->actor, ticket, error);
	if (ok)
		fixture_commit(acting->room->fixture);
	else
		store_rollback(acting->room->store);
	return ok;
}

/* "customer:texto|staff:..." of the entries that are no events. */
static char *contents(struct room *room, const char *ref)
{
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < entries->len; i++) {
		const struct message *one = entries->pdata[i];
		g_autofree char *line = g_strdup(one->text);

		if (one->author != MESSAGE_EVENT)
			g_string_append_printf(
				text, "%s%s:%s", text->len > 0 ? "|" : "",
				message_author_name(one->author),
				g_strstrip(line));
	}
	return g_string_free(text, false);
}

static void assert_contents(struct room *room, const char *ref,
                            const char *want)
{
	g_autofree char *got = contents(room, ref);

	assert_string_equal(got, want);
}

static void assert_status(struct room *room, const char *ref,
                          enum ticket_status want)
{
	AUTO(ticket) ticket = room_ticket(room, ref);

	assert_string_equal(ticket_status_name(ticket->status),
	                    ticket_status_name(want));
}

static bool has_audit(struct acting *acting, const char *ref,
                      const char *action, const char *detail)
{
	g_autofree char *object = g_strdup_printf("ticket %s", ref);
	g_autoptr(GPtrArray) rows =
		audit_list(acting->room->store, object, 100, NULL);

	for (guint i = 0; rows != NULL && i < rows->len; i++) {
		const struct audit *row = rows->pdata[i];

		if (strcmp(row->action, action) == 0 &&
		    strcmp(row->detail, detail) == 0)
			return true;
	}
	return false;
}

static unsigned people_of(struct room *room, const char *ref)
{
	AUTO(ticket) ticket = room_ticket(room, ref);
	g_autoptr(GPtrArray) people =
		participant_list(room->store, ticket->id, NULL);

	assert_non_null(people);
	return people->len;
}

/* --- merge --- */

static void test_merge_and_back(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *one = open_about(room, "Site", "Caiu.\n");
	g_autofree char *two = open_about(room, "Ainda o site", "Caiu mesmo.\n");
	AUTO(ticket) merged = NULL;

	staff_answers(acting, one, "Vendo.");
	assert_ok(merge(acting, two, one, &error), error);
	assert_contents(room, one, "customer:Caiu.|customer:Caiu mesmo.|"
	                           "staff:Vendo.");
	assert_contents(room, two, "");
	/* The other one was waiting for an answer. */
	assert_status(room, one, TICKET_CUSTOMER_REPLY);
	assert_status(room, two, TICKET_CLOSED);
	merged = room_ticket(room, two);
	AUTO(ticket) into = room_ticket(room, one);
	assert_true(merged->merged_into == into->id);
	assert_true(room_has_event(room, two, "merged into"));
	assert_true(room_has_event(room, one, "was merged into this ticket"));
	assert_true(has_audit(acting, two, "merge", one));
	assert_true(has_audit(acting, one, "merge", two));
	/* Back. */
	assert_ok(unmerge(acting, two, &error), error);
	assert_contents(room, one, "customer:Caiu.|staff:Vendo.");
	assert_contents(room, two, "customer:Caiu mesmo.");
	assert_status(room, one, TICKET_ANSWERED);
	assert_status(room, two, TICKET_OPEN);
	assert_true(has_audit(acting, two, "unmerge", one));
	assert_true(has_audit(acting, one, "unmerge", two));
	assert_false(unmerge(acting, two, &error));
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_NOT_FOUND));
	/* And once more. */
	g_clear_error(&error);
	assert_ok(merge(acting, two, one, &error), error);
}

/* Every way to name the merged ticket leads into the other one. */
static void test_old_names_work(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *one = open_about(room, "Site", "Caiu.\n");
	g_autofree char *two = room_take_ref(
		room,
		&(struct letter_in){ WRITES(DONO),
	                             .headers = "Message-ID: <dele@x.example>\n",
	                             .body = "Outro.\n" },
		INTAKE_CREATED);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", two);
	g_autofree char *ours = room_answers(room, "ack", DONO);
	g_autofree char *subject = g_strdup_printf("Re: [%s] Outro", two);
	const struct letter_in ways[] = {
		{ WRITES(DONO), .to = to },
		{ WRITES(DONO), .headers = ours },
		{ WRITES(DONO), .headers = "In-Reply-To: <dele@x.example>\n" },
		{ WRITES(CONTATO), .subject = subject },
	};

	assert_ok(merge(acting, two, one, &error), error);
	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autofree char *got =
			room_take_ref(room, &ways[i], INTAKE_APPENDED);

		assert_string_equal(got, one);
	}
	/* What came meanwhile stays. */
	assert_ok(unmerge(acting, two, &error), error);
	assert_contents(room, two, "customer:Outro.");
	assert_int_equal(room_count_entries(room, one, MESSAGE_CUSTOMER), 5);
	g_autofree char *again = room_take_ref(room, &ways[0], INTAKE_APPENDED);
	assert_string_equal(again, two);
}

static void test_merge_people(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *one = open_about(room, "Site", "Caiu.\n");
	g_autofree char *two = open_about(room, "Outro", "Caiu.\n");
	AUTO(ticket) ticket = room_ticket(room, two);

	fixture_begin(room->fixture);
	assert_ok(conversation_copy_add(room->store, &acting->actor, ticket,
	                                COPIA, &error),
	          error);
	fixture_commit(room->fixture);
	assert_ok(merge(acting, two, one, &error), error);
	assert_int_equal(people_of(room, one), 3);
	staff_answers(acting, one, "A todos.");
	assert_int_equal(room_mails(room, "reply", COPIA), 1);
	assert_ok(unmerge(acting, two, &error), error);
	assert_int_equal(people_of(room, one), 2);
	assert_int_equal(people_of(room, two), 3);
}

/* Somebody's decision meanwhile is not undone. */
static void test_unmerge_keeps_a_new_status(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *one = open_about(room, "Site", "Caiu.\n");
	g_autofree char *two = open_about(room, "Outro", "Caiu.\n");

	assert_ok(merge(acting, two, one, &error), error);
	room_set_status(room, one, TICKET_ON_HOLD);
	assert_ok(unmerge(acting, two, &error), error);
	assert_status(room, one, TICKET_ON_HOLD);
}

/* The mail that came after the merge gives the status that the merge gave. */
static void test_unmerge_keeps_an_unread_mail(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *one = open_about(room, "Site", "Caiu.\n");
	g_autofree char *two = open_about(room, "Outro", "Caiu mesmo.\n");
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", one);
	g_autofree char *got = NULL;

	staff_answers(acting, one, "Vendo.");
	assert_ok(merge(acting, two, one, &error), error);
	assert_status(room, one, TICKET_CUSTOMER_REPLY);
	got = room_take_ref(room,
	                    &(struct letter_in){ WRITES(DONO), .to = to,
	                                         .body = "E agora?\n" },
	                    INTAKE_APPENDED);
	assert_string_equal(got, one);
	assert_ok(unmerge(acting, two, &error), error);
	assert_status(room, one, TICKET_CUSTOMER_REPLY);
}

static void test_merge_refused(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autofree char *one = open_about(room, "Um", "a\n");
	g_autofree char *two = open_about(room, "Dois", "b\n");
	g_autofree char *three = open_about(room, "Três", "c\n");
	g_autofree char *closed = open_about(room, "Quatro", "d\n");
	g_autofree char *other = room_take_ref(
		room, &(struct letter_in){ WRITES(OUTRO) }, INTAKE_CREATED);
	const struct {
		const char *source;
		const char *target;
	} cases[] = {
		{ one, one },   { one, closed }, { one, other },
		{ three, two }, { two, three },
	};
	g_autoptr(GError) good = NULL;

	room_set_status(room, closed, TICKET_CLOSED);
	assert_ok(merge(acting, two, one, &good), good);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_false(merge(acting, cases[i].source, cases[i].target,
		                   &error));
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_CONFLICT));
	}
	/* In a row: the inner merge waits for the outer one. */
	g_autoptr(GError) error = NULL;
	assert_ok(merge(acting, one, three, &good), good);
	assert_contents(room, three, "customer:a|customer:b|customer:c");
	assert_false(unmerge(acting, two, &error));
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT));
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", two);
	g_autofree char *got = room_take_ref(
		room, &(struct letter_in){ WRITES(DONO), .to = to },
		INTAKE_APPENDED);
	assert_string_equal(got, three);
	assert_ok(unmerge(acting, one, &good), good);
	assert_ok(unmerge(acting, two, &good), good);
	assert_contents(room, one, "customer:a");
	assert_contents(room, two, "customer:b");
}

/* --- split --- */

static gint64 entry_id(struct room *room, const char *ref, const char *words)
{
	g_autoptr(GPtrArray) entries = room_entries(room, ref);

	for (guint i = 0; i < entries->len; i++) {
		const struct message *one = entries->pdata[i];

		if (g_str_has_prefix(one->text, words))
			return one->id;
	}
	fail_msg("no entry %s", words);
	return 0;
}

static char *split(struct acting *acting, const char *ref, const gint64 *ids,
                   size_t count, GError **error)
{
	const struct conversation_split what = { .messages = ids,
		                                 .n_messages = count };
	AUTO(ticket) ticket = room_ticket(acting->room, ref);
	AUTO(ticket) made = NULL;

	fixture_begin(acting->room->fixture);
	made = conversation_split(acting->room->desk, acting->room->store,
	                          &acting->actor, ticket, &what, error);
	if (made == NULL) {
		store_rollback(acting->room->store);
		return NULL;
	}
	fixture_commit(acting->room->fixture);
	return g_strdup(made->ref);
}

static void test_split_follows(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *old = open_about(room, "Site", "Caiu.\n");
	g_autofree char *to_old = signed_reply_address(
		room->desk, "suporte@desk.example", old);
	const struct letter_in second = {
		WRITES(CONTATO),
		.to = to_old,
		.subject = "Re: fatura",
		.headers = "Message-ID: <fatura@x.example>\n",
		.body = "E a fatura?\n",
	};
	const struct letter_in by_theirs = {
		WRITES(CONTATO),
		.to = to_old,
		.headers = "In-Reply-To: <fatura@x.example>\n",
		.body = "Digo, a de maio.\n",
	};
	g_autofree char *made = NULL;
	g_autofree char *got = NULL;
	gint64 ids[2];

	room_expect(room, &second, INTAKE_APPENDED);
	staff_answers(acting, old, "A fatura segue.");
	g_autofree char *ours = room_answers(room, "reply", CONTATO);
	staff_answers(acting, old, "O site voltou.");
	g_autofree char *other = room_answers(room, "reply", CONTATO);
	ids[0] = entry_id(room, old, "E a fatura");
	ids[1] = entry_id(room, old, "A fatura segue");
	made = split(acting, old, ids, 2, &error);
	room_must(made, error);
	assert_contents(room, old, "customer:Caiu.|staff:O site voltou.");
	assert_contents(room, made,
	                "customer:E a fatura?|staff:A fatura segue.");
	AUTO(ticket) ticket = room_ticket(room, made);
	assert_string_equal(ticket->subject, "fatura");
	assert_string_equal(ticket->requester, CONTATO);
	assert_int_equal(ticket->status, TICKET_ANSWERED);
	assert_true(ticket->customer_id == room->customer);
	assert_int_equal(people_of(room, made), 2);
	assert_true(has_audit(acting, old, "split", made));
	assert_true(has_audit(acting, made, "split", old));
	/* Answers to what went follow it, even to the old reply address; */
	got = room_take_ref(room, &by_theirs, INTAKE_APPENDED);
	assert_string_equal(got, made);
	got = (g_free(got),
	       room_take_ref(room,
	                     &(struct letter_in){ WRITES(CONTATO),
	                                          .to = to_old,
	                                          .headers = ours },
	                     INTAKE_APPENDED));
	assert_string_equal(got, made);
	got = (g_free(got),
	       room_take_ref(room,
	                     &(struct letter_in){ WRITES(CONTATO),
	                                          .headers = ours },
	                     INTAKE_APPENDED));
	assert_string_equal(got, made);
	/* answers to what stayed, and to nothing, do not. */
	got = (g_free(got),
	       room_take_ref(room,
	                     &(struct letter_in){ WRITES(CONTATO),
	                                          .to = to_old,
	                                          .headers = other },
	                     INTAKE_APPENDED));
	assert_string_equal(got, old);
	got = (g_free(got),
	       room_take_ref(
		       room,
		       &(struct letter_in){ WRITES(CONTATO), .to = to_old },
		       INTAKE_APPENDED));
	assert_string_equal(got, old);
}

static void test_split_refused(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autofree char *ref = open_about(room, "Site", "Caiu.\n");
	g_autofree char *other = open_about(room, "Outro", "Nada.\n");
	gint64 all = entry_id(room, ref, "Caiu.");
	const gint64 foreign[] = { entry_id(room, other, "Nada.") };
	const gint64 twice[] = { all, all };
	g_autoptr(GError) nothing_stays = NULL;
	g_autoptr(GError) not_here = NULL;
	g_autoptr(GError) doubled = NULL;
	g_autoptr(GError) none = NULL;

	assert_null(split(acting, ref, &all, 1, &nothing_stays));
	assert_true(g_error_matches(nothing_stays, PORTARIA_ERROR,
	                            PORTARIA_ERROR_CONFLICT));
	assert_null(split(acting, ref, foreign, 1, &not_here));
	assert_true(g_error_matches(not_here, PORTARIA_ERROR,
	                            PORTARIA_ERROR_NOT_FOUND));
	assert_null(split(acting, ref, twice, 2, &doubled));
	assert_non_null(doubled);
	assert_null(split(acting, ref, twice, 0, &none));
	assert_non_null(none);
	assert_int_equal(room_tickets(room), 2);
}

/* --- move --- */

static void test_move(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ WRITES(DONO),
	                             .headers = "Message-ID: <um@x.example>\n" },
		INTAKE_CREATED);
	AUTO(ticket) ticket = room_ticket(room, ref);
	g_autofree char *got = NULL;

	fixture_begin(room->fixture);
	assert_ok(conversation_assign(room->desk, room->store, &acting->actor,
	                              ticket, acting->ana, &error),
	          error);
	assert_ok(conversation_move(room->desk, room->store, &acting->actor,
	                            ticket, room->financeiro, &error),
	          error);
	fixture_commit(room->fixture);
	assert_true(room_has_event(room, ref,
	                           "department: suporte -> financeiro (ana)"));
	assert_true(has_audit(acting, ref, "department", "financeiro"));
	/* Ana does not work there. */
	assert_true(ticket->assignee == 0);
	assert_int_equal(room_mails(room, "notice_moved", BETO), 1);
	assert_int_equal(room_mails(room, "notice_moved", NULL), 1);
	/* Answers to the old department's address still find it. */
	got = room_take_ref(
		room,
		&(struct letter_in){ WRITES(DONO),
	                             .headers =
	                                     "In-Reply-To: <um@x.example>\n" },
		INTAKE_APPENDED);
	assert_string_equal(got, ref);
	assert_int_equal(room_mails(room, "notice_reply", BETO), 1);
	assert_int_equal(room_mails(room, "notice_reply", ANA), 0);
}

/* --- links and copies --- */

static void test_links(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) again = NULL;
	g_autofree char *one = open_about(room, "Um", "a\n");
	g_autofree char *two = open_about(room, "Dois", "b\n");
	AUTO(ticket) first = room_ticket(room, one);
	AUTO(ticket) second = room_ticket(room, two);
	g_autoptr(GPtrArray) links = NULL;

	fixture_begin(room->fixture);
	for (int i = 0; i < 2; i++) /* twice is once */
		assert_ok(conversation_link(room->store, &acting->actor,
		                            i == 0 ? first : second,
		                            i == 0 ? second : first, &error),
		          error);
	fixture_commit(room->fixture);
	links = link_list(room->store, first->id, &error);
	room_must(links, error);
	assert_int_equal(links->len, 1);
	const struct link *link = links->pdata[0];
	assert_string_equal(link->ref, two);
	assert_int_equal(link->kind, LINK_RELATED);
	assert_true(link->is_younger);
	assert_true(has_audit(acting, one, "link", two));
	assert_true(has_audit(acting, two, "link", one));
	fixture_begin(room->fixture);
	assert_ok(conversation_unlink(room->store, &acting->actor, second,
	                              first, &error),
	          error);
	assert_false(conversation_unlink(room->store, &acting->actor, second,
	                                 first, &again));
	fixture_commit(room->fixture);
	assert_true(has_audit(acting, two, "unlink", one));
}

/* An answer to an ended ticket opens a linked one. */
static void test_answer_to_ended(void **state)
{
	static const struct {
		enum ticket_status status;
		gint64 days; /* later */
		bool joins;
	} cases[] = {
		{ TICKET_CLOSED, 0, false },
		{ TICKET_RESOLVED, 6, true },
		{ TICKET_RESOLVED, 8, false },
	};
	struct acting *acting = *state;
	struct room *room = acting->room;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = open_about(room, "Site", "Caiu.\n");
		g_autofree char *to = signed_reply_address(
			room->desk, "suporte@desk.example", ref);
		const struct letter_in answer = { WRITES(DONO), .to = to,
			                          .body = "Caiu de novo.\n" };
		g_autoptr(GError) error = NULL;
		AUTO(ticket) ticket = room_ticket(room, ref);
		g_autofree char *got = NULL;

		fixture_begin(room->fixture);
		assert_ok(conversation_set_status(room->desk, room->store,
		                                  &acting->actor, ticket,
		                                  cases[i].status, &error),
		          error);
		fixture_commit(room->fixture);
		clock_set_for_test(clock_now() +
		                   cases[i].days * 86400 * CLOCK_SECOND);
		got = room_take_ref(room, &answer,
		                    cases[i].joins ? INTAKE_APPENDED
		                                   : INTAKE_CREATED);
		assert_status(room, ref,
		              cases[i].joins ? TICKET_CUSTOMER_REPLY
		                             : cases[i].status);
		if (cases[i].joins)
			continue;
		AUTO(ticket) made = room_ticket(room, got);
		g_autoptr(GPtrArray) links =
			link_list(room->store, made->id, &error);
		room_must(links, error);
		const struct link *link = links->pdata[0];
		assert_int_equal(links->len, 1);
		assert_int_equal(link->kind, LINK_CONTINUES);
		assert_string_equal(link->ref, ref);
	}
}

/* Whoever answers an ended ticket, and staff, read why there is a new one; it
 * goes on with the same service and the same person. */
static void test_continuation_is_told(void **state)
{
	static const char why[] = "já foi encerrado: ";
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autofree char *ref = open_about(room, "Site", "Caiu.\n");
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);
	g_autofree char *told = g_strconcat(why, ref, NULL);
	g_autofree char *plain = room_mail_text(room, "ack", DONO);
	g_autofree char *got = NULL;
	g_autofree char *ack = NULL;
	g_autofree char *notice = NULL;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) old = room_ticket(room, ref);

	assert_null(strstr(plain, why));
	fixture_begin(room->fixture);
	assert_ok(conversation_assign(room->desk, room->store, &acting->actor,
	                              old, acting->ana, &error),
	          error);
	assert_ok(conversation_set_status(room->desk, room->store,
	                                  &acting->actor, old, TICKET_CLOSED,
	                                  &error),
	          error);
	fixture_commit(room->fixture);
	got = room_take_ref(room,
	                    &(struct letter_in){ WRITES(DONO), .to = to,
	                                         .body = "De novo.\n" },
	                    INTAKE_CREATED);
	AUTO(ticket) made = room_ticket(room, got);
	assert_true(made->assignee == acting->ana->id);
	assert_true(made->service_id == old->service_id);
	ack = room_mail_text(room, "ack", DONO);
	notice = room_mail_text(room, "notice_new", acting->ana->address);
	g_strdelimit(ack, "\n", ' ');
	g_strdelimit(notice, "\n", ' ');
	if (strstr(ack, told) == NULL || strstr(notice, told) == NULL)
		fail_msg("%s\n%s", ack, notice);
}

static void test_thanks_reopen_nothing(void **state)
{
	static const struct {
		enum ticket_status status;
		const char *body;
		const char *headers;
		enum ticket_status want;
	} cases[] = {
		{ TICKET_RESOLVED, "Muito obrigado pela ajuda, Ana!\n", NULL,
		  TICKET_RESOLVED },
		{ TICKET_RESOLVED, "Thanks!\n\n> Resolvido.\n", NULL,
		  TICKET_RESOLVED },
		{ TICKET_CLOSED, "Gracias\n", NULL, TICKET_CLOSED },
		{ TICKET_ANSWERED, "Obrigado\n", NULL, TICKET_ANSWERED },
		{ TICKET_ANSWERED, "Obrigado, mas como?\n", NULL,
		  TICKET_CUSTOMER_REPLY },
		{ TICKET_ON_HOLD, "Obrigado\n", NULL, TICKET_CUSTOMER_REPLY },
		{ TICKET_RESOLVED, "Obrigado, mas caiu de novo\n", NULL,
		  TICKET_CUSTOMER_REPLY },
		{ TICKET_RESOLVED,
		  "--b\n\nObrigado\n--b\nContent-Type: image/png\n"
		  "Content-Disposition: attachment; filename=a.png\n\nx\n"
		  "--b--\n",
		  "MIME-Version: 1.0\nContent-Type: multipart/mixed; "
		  "boundary=b\nX-Was: ",
		  TICKET_CUSTOMER_REPLY },
		{ TICKET_RESOLVED, "Serviço: x\n\nObrigado\n", NULL,
		  TICKET_CUSTOMER_REPLY },
	};
	struct acting *acting = *state;
	struct room *room = acting->room;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = open_about(room, "Site", "Caiu.\n");
		g_autofree char *to = signed_reply_address(
			room->desk, "suporte@desk.example", ref);
		unsigned notices = room_mails(room, "notice_reply", NULL);

		room_set_status(room, ref, cases[i].status);
		room_expect(room,
		            &(struct letter_in){ WRITES(DONO),
		                                 .to = to,
		                                 .headers = cases[i].headers,
		                                 .body = cases[i].body },
		            INTAKE_APPENDED);
		AUTO(ticket) ticket = room_ticket(room, ref);
		if (ticket->status != cases[i].want)
			fail_msg("%s: %s", cases[i].body,
			         ticket_status_name(ticket->status));
		assert_int_equal(room_count_entries(room, ref,
		                                    MESSAGE_CUSTOMER),
		                 2);
		assert_int_equal(room_mails(room, "notice_reply", NULL) -
		                         notices,
		                 cases[i].want == TICKET_CUSTOMER_REPLY);
	}
}

/* People in Cc are proposed once and join by staff's word only. */
static void test_copies_are_proposed(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){
			WRITES(DONO),
			.headers = "Cc: Fulano <" COPIA ">, " CONTATO ", " BETO
				   ", financeiro@desk.example\n" },
		INTAKE_CREATED);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);
	g_autofree char *notice = room_mail_text(room, "notice_new", ANA);
	g_autofree char *ack = room_mail_text(room, "ack", DONO);
	g_autoptr(GPtrArray) proposed = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);

	assert_int_equal(people_of(room, ref), 2);
	assert_true(room_has_event(room, ref, "not added: " COPIA));
	assert_contains(notice, COPIA);
	assert_contains(notice, "#copiar");
	assert_lacks(notice, "financeiro@desk.example");
	assert_lacks(ack, COPIA);
	staff_answers(acting, ref, "Segue.");
	assert_int_equal(room_mails(room, "reply", COPIA), 0);
	/* The same again is no news. */
	room_expect(room,
	            &(struct letter_in){ WRITES(DONO),
	                                 .to = to,
	                                 .headers = "Cc: " COPIA "\n" },
	            INTAKE_APPENDED);
	notice = (g_free(notice), room_mail_text(room, "notice_reply", ANA));
	assert_lacks(notice, COPIA);
	proposed = copy_proposal_list(room->store, ticket->id, &error);
	room_must(proposed, error);
	assert_int_equal(proposed->len, 1);
	/* Ana adds him: he reads, under the name that the mail gave him. */
	fixture_begin(room->fixture);
	assert_ok(conversation_copy_add(room->store, &acting->actor, ticket,
	                                COPIA, &error),
	          error);
	fixture_commit(room->fixture);
	assert_true(has_audit(acting, ref, "copy", "added " COPIA));
	staff_answers(acting, ref, "Segue de novo.");
	assert_int_equal(room_mails(room, "reply", COPIA), 1);
	fixture_begin(room->fixture);
	assert_ok(conversation_copy_remove(room->store, &acting->actor, ticket,
	                                   COPIA, &error),
	          error);
	assert_false(conversation_copy_remove(room->store, &acting->actor,
	                                      ticket, DONO, &error));
	fixture_commit(room->fixture);
	assert_int_equal(people_of(room, ref), 2);
}

/* One mail cannot propose a crowd, and an unproven one nobody. */
static void test_proposals_are_bounded(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	GString *cc = g_string_new("Cc: x0@fora.example");
	g_autoptr(GError) error = NULL;
	g_autofree char *headers = NULL;
	g_autofree char *ref = NULL;
	g_autoptr(GPtrArray) proposed = NULL;
	AUTO(ticket) ticket = NULL;

	for (int i = 1; i < 40; i++)
		g_string_append_printf(cc, ",\n x%d@fora.example", i);
	g_string_append(cc, "\n");
	headers = g_string_free(cc, false);
	ref = room_take_ref(
		room, &(struct letter_in){ WRITES(DONO), .headers = headers },
		INTAKE_CREATED);
	ticket = room_ticket(room, ref);
	proposed = copy_proposal_list(room->store, ticket->id, &error);
	room_must(proposed, error);
	assert_int_equal(proposed->len, 10);
	ref = (g_free(ref),
	       room_take_ref(room,
	                     &(struct letter_in){ .from = ALHEIO,
	                                          .to = "abusos",
	                                          .verdict = SEAL_ACCEPT,
	                                          .proof = AUTH_UNPROVEN,
	                                          .headers = "Cc: " COPIA
	                                                     "\n" },
	                     INTAKE_CREATED));
	assert_false(room_has_event(room, ref, "in copy"));
}

/* Who knows a number cannot fill the ticket with events. */
static void test_naming_is_capped(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autofree char *ref = open_about(room, "Site", "Caiu.\n");
	g_autofree char *subject = g_strdup_printf("[%s]", ref);
	unsigned before = room_count_entries(room, ref, MESSAGE_EVENT);

	for (int i = 0; i < 30; i++) {
		g_autofree char *from = g_strdup_printf(
			"x%d@fora.example", i < 20 ? 0 : i);

		room_expect(room,
		            &(struct letter_in){ .from = from,
		                                 .to = "abusos",
		                                 .subject = subject,
		                                 .verdict = SEAL_ACCEPT,
		                                 .proof = AUTH_PROVEN },
		            INTAKE_CREATED);
		if (i == 19)
			assert_int_equal(room_count_entries(room, ref,
			                                    MESSAGE_EVENT),
			                 before + 1);
	}
	assert_int_equal(room_count_entries(room, ref, MESSAGE_EVENT),
	                 before + 5);
	clock_set_for_test(clock_now() + 2 * 86400 * CLOCK_SECOND);
	room_expect(room,
	            &(struct letter_in){ .from = "x0@fora.example",
	                                 .to = "abusos",
	                                 .subject = subject,
	                                 .verdict = SEAL_ACCEPT,
	                                 .proof = AUTH_PROVEN },
	            INTAKE_CREATED);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_EVENT),
	                 before + 6);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, acting_setup, acting_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_merge_and_back),
		TEST(test_old_names_work),
		TEST(test_merge_people),
		TEST(test_unmerge_keeps_a_new_status),
		TEST(test_unmerge_keeps_an_unread_mail),
		TEST(test_merge_refused),
		TEST(test_split_follows),
		TEST(test_split_refused),
		TEST(test_move),
		TEST(test_links),
		TEST(test_answer_to_ended),
		TEST(test_continuation_is_told),
		TEST(test_thanks_reopen_nothing),
		TEST(test_copies_are_proposed),
		TEST(test_proposals_are_bounded),
		TEST(test_naming_is_capped),
	};

	mail_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
