/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_conversation.c - what people do to a ticket, and its traces
 *
 * A real store, a clock that stands still. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/conversation.h"
#include "store/audit.h"

struct acting {
	struct room *room;
	char *ref;
	struct ticket *ticket;
	struct staff *ana;
	struct actor actor;
};

static int acting_setup(void **state)
{
	struct acting *acting = g_new0(struct acting, 1);
	g_autoptr(GError) error = NULL;

	acting->room = room_new(NULL);
	acting->ref = room_open(acting->room);
	acting->ticket = room_ticket(acting->room, acting->ref);
	acting->ana = staff_by_login(acting->room->store, "ana", &error);
	assert_ok(acting->ana != NULL, error);
	acting->actor = (struct actor){ acting->ana, "cli" };
	fixture_begin(acting->room->fixture);
	*state = acting;
	return 0;
}

static int acting_teardown(void **state)
{
	struct acting *acting = *state;
	void *room = acting->room;

	fixture_commit(acting->room->fixture);
	g_free(acting->ref);
	ticket_free(acting->ticket);
	staff_free(acting->ana);
	g_free(acting);
	return room_teardown(&room);
}

static bool has_audit(struct acting *acting, const char *action,
                      const char *detail)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *object = g_strdup_printf("ticket %s", acting->ref);
	g_autoptr(GPtrArray) rows =
		audit_list(acting->room->store, object, 100, &error);

	assert_ok(rows != NULL, error);
	for (guint i = 0; i < rows->len; i++) {
		const struct audit *row = rows->pdata[i];

		if (strcmp(row->actor, "ana") == 0 &&
		    strcmp(row->action, action) == 0 &&
		    strcmp(row->detail, detail) == 0)
			return true;
	}
	return false;
}

static void test_reply_sets_status(void **state)
{
	static const struct {
		enum ticket_status asked;
		enum ticket_status want;
	} cases[] = {
		{ TICKET_STATUS__COUNT, TICKET_ANSWERED },
		{ TICKET_ON_HOLD, TICKET_ON_HOLD },
		{ TICKET_CLOSED, TICKET_CLOSED },
		{ TICKET_STATUS__COUNT, TICKET_ANSWERED }, /* reopened */
	};
	struct acting *acting = *state;
	const struct conversation_text text = { .text = "Voltou." };
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 id = 0;

		assert_ok(conversation_reply(acting->room->desk,
		                             acting->room->store,
		                             &acting->actor, acting->ticket,
		                             &text, cases[i].asked, &id,
		                             &error),
		          error);
		AUTO(ticket) now = room_ticket(acting->room, acting->ref);
		assert_int_equal(now->status, cases[i].want);
		assert_int_equal(now->closed != 0,
		                 cases[i].want == TICKET_CLOSED);
		assert_int_not_equal(id, 0);
		assert_true(has_audit(acting, "reply",
		                      ticket_status_name(cases[i].want)));
	}
	assert_int_equal(room_mails(acting->room, "reply", DONO),
	                 G_N_ELEMENTS(cases));
}

static void test_note_is_mailed_to_nobody(void **state)
{
	struct acting *acting = *state;
	const struct conversation_text text = { .text = "Segredo." };
	g_autoptr(GError) error = NULL;
	unsigned mails = room_mails(acting->room, NULL, NULL);
	gint64 id = 0;

	assert_ok(conversation_note(acting->room->desk, acting->room->store,
	                            &acting->actor, acting->ticket, &text, &id,
	                            &error),
	          error);
	assert_int_equal(room_mails(acting->room, NULL, NULL), mails);
	assert_int_equal(acting->ticket->status, TICKET_OPEN);
	AUTO(message) note = message_get(acting->room->store, id, &error);
	room_must(note, error);
	assert_int_equal(note->author, MESSAGE_NOTE);
	assert_string_equal(note->text, "Segredo.");
	assert_true(has_audit(acting, "note", ""));
}

static void test_changes_leave_traces(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;

	assert_ok(conversation_set_priority(room->desk, room->store,
	                                    &acting->actor, acting->ticket,
	                                    TICKET_HIGH, &error),
	          error);
	assert_ok(conversation_assign(room->desk, room->store, &acting->actor,
	                              acting->ticket, acting->ana, &error),
	          error);
	assert_ok(conversation_assign(room->desk, room->store, &acting->actor,
	                              acting->ticket, NULL, &error),
	          error);
	assert_ok(conversation_set_status(room->desk, room->store,
	                                  &acting->actor, acting->ticket,
	                                  TICKET_CLOSED, &error),
	          error);
	assert_true(room_has_event(room, acting->ref,
	                           "priority: medium -> high (ana)"));
	assert_true(
		room_has_event(room, acting->ref, "assignee: - -> ana (ana)"));
	assert_true(
		room_has_event(room, acting->ref, "assignee: ana -> - (ana)"));
	assert_true(room_has_event(room, acting->ref,
	                           "status: open -> closed (ana)"));
	assert_true(has_audit(acting, "priority", "high"));
	assert_true(has_audit(acting, "status", "closed"));
	assert_int_equal(room_mails(room, "closed", DONO), 1);
	assert_int_equal(room_mails(room, "closed", NULL), 2);
	assert_int_not_equal(acting->ticket->closed, 0);
}

/* The same value again changes nothing and leaves no trace. */
static void test_no_change_no_trace(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	gint64 version = acting->ticket->version;

	assert_ok(conversation_set_status(room->desk, room->store,
	                                  &acting->actor, acting->ticket,
	                                  TICKET_OPEN, &error),
	          error);
	assert_ok(conversation_set_priority(room->desk, room->store,
	                                    &acting->actor, acting->ticket,
	                                    TICKET_MEDIUM, &error),
	          error);
	assert_ok(conversation_assign(room->desk, room->store, &acting->actor,
	                              acting->ticket, NULL, &error),
	          error);
	assert_int_equal(acting->ticket->version, version);
	assert_int_equal(
		room_count_entries(room, acting->ref, MESSAGE_EVENT), 0);
}

/* Two people at once: the second one has to look again. */
static void test_conflict(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	AUTO(ticket) stale = room_ticket(room, acting->ref);

	assert_ok(conversation_set_priority(room->desk, room->store,
	                                    &acting->actor, acting->ticket,
	                                    TICKET_HIGH, &error),
	          error);
	assert_false(conversation_set_priority(room->desk, room->store,
	                                       &acting->actor, stale,
	                                       TICKET_LOW, &error));
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_CONFLICT));
}

static void test_subject_is_bare_and_bounded(void **state)
{
	struct acting *acting = *state;
	const struct desk *desk = acting->room->desk;
	g_autofree char *own = g_strdup_printf("Re: [%s] Oi", acting->ref);
	g_autofree char *bare = conversation_dup_subject(desk, own);
	g_autofree char *none = conversation_dup_subject(desk, "");
	GString *text = g_string_new(NULL);
	g_autofree char *cut = NULL;

	assert_string_equal(bare, "Oi");
	assert_string_equal(none, "(sem assunto)");
	for (int i = 0; i < 400; i++)
		g_string_append(text, "ã");
	cut = conversation_dup_subject(desk, text->str);
	assert_int_equal(g_utf8_strlen(cut, -1), 253);
	assert_true(g_str_has_suffix(cut, "ã..."));
	g_string_free(text, true);
}

/* Who takes care of a ticket learns of what others do to it. */
static void test_assignee_is_told(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	const struct conversation_text text = { .text = "Segredo." };
	g_autoptr(GError) error = NULL;
	g_autofree char *mail = NULL;
	AUTO(staff) beto = staff_by_login(room->store, "beto", &error);

	room_must(beto, error);
	assert_ok(conversation_assign(room->desk, room->store, &acting->actor,
	                              acting->ticket, beto, &error),
	          error);
	mail = room_mail_text(room, "notice_assigned", BETO);
	assert_contains(mail, "atribuído a você por: ana");
	assert_contains(mail, "Meu site caiu.");
	assert_contains(mail, "Cliente: Cliente 1 (1)");
	assert_ok(conversation_note(room->desk, room->store, &acting->actor,
	                            acting->ticket, &text, NULL, &error),
	          error);
	assert_ok(conversation_reply(room->desk, room->store, &acting->actor,
	                             acting->ticket, &text,
	                             TICKET_STATUS__COUNT, NULL, &error),
	          error);
	assert_int_equal(room_mails(room, "notice_note", BETO), 1);
	assert_int_equal(room_mails(room, "notice_answer", BETO), 1);
	/* Nobody of what he did himself. */
	assert_ok(conversation_assign(room->desk, room->store, &acting->actor,
	                              acting->ticket, acting->ana, &error),
	          error);
	assert_int_equal(room_mails(room, "notice_assigned", ANA), 0);
}

static void test_resolved_is_told(void **state)
{
	struct acting *acting = *state;
	struct room *room = acting->room;
	g_autoptr(GError) error = NULL;
	g_autofree char *mail = NULL;

	assert_ok(conversation_set_status(room->desk, room->store,
	                                  &acting->actor, acting->ticket,
	                                  TICKET_RESOLVED, &error),
	          error);
	mail = room_mail_text(room, "resolved", DONO);
	assert_contains(mail, "dias: 7");
	assert_int_equal(room_mails(room, "resolved", NULL), 2);
	AUTO(ticket) now = room_ticket(room, acting->ref);
	assert_true(now->resolved == clock_now());
	assert_ok(conversation_set_status(room->desk, room->store,
	                                  &acting->actor, acting->ticket,
	                                  TICKET_OPEN, &error),
	          error);
	assert_true(acting->ticket->resolved == 0);
}

static void test_evidence_is_one_line(void **state)
{
	static const struct {
		const char *evidence;
		const char *want;
	} cases[] = {
		{ NULL, "" },
		{ "", "" },
		{ "spf=pass", "spf=pass" },
		{ "a;\r\n\tspf=pass\r\n dkim=none\n", "a; spf=pass dkim=none" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line =
			conversation_dup_evidence(cases[i].evidence);

		assert_string_equal(line, cases[i].want);
	}
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, acting_setup, acting_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_reply_sets_status),
		TEST(test_note_is_mailed_to_nobody),
		TEST(test_changes_leave_traces),
		TEST(test_no_change_no_trace),
		TEST(test_conflict),
		TEST(test_subject_is_bare_and_bounded),
		TEST(test_assignee_is_told),
		TEST(test_resolved_is_told),
		cmocka_unit_test(test_evidence_is_one_line),
	};

	mail_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
