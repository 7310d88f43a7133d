/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_bounces.c - our own mail that comes back, and what only looks so
 *
 * Delivery reports are written as text and parsed. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/bounces.h"

/* A report; NULL members: a permanent failure of DONO's address. */
struct report {
	const char *to;       /* where it arrives; NULL: suporte */
	const char *original; /* Message-ID of the returned mail, NULL: none */
	const char *action;
	const char *status;
	const char *address;
	enum seal_verdict verdict;
};

static const char *or(const char *text, const char *other)
{
	return text != NULL ? text : other;
}

static struct intake_result bounce(struct room *room,
                                   const struct report *report)
{
	g_autofree char *original =
		report->original != NULL
			? g_strdup_printf("--b\nContent-Type: message/rfc822\n"
	                                  "\nMessage-ID: %s\nSubject: x\n\n"
	                                  "texto\n",
	                                  report->original)
			: g_strdup("");
	g_autofree char *body = g_strdup_printf(
		"--b\nContent-Type: text/plain\n\nNot delivered.\n"
		"--b\nContent-Type: message/delivery-status\n\n"
		"Reporting-MTA: dns; mx.cliente.example\n\n"
		"Final-Recipient: rfc822; %s\nAction: %s\nStatus: %s\n"
		"Diagnostic-Code: smtp; 550 no such user here\n%s--b--\n",
		or(report->address, DONO), or(report->action, "failed"),
		or(report->status, "5.1.1"), original);

	return room_take(
		room,
		&(struct letter_in){
			.from = "mailer-daemon@mx.cliente.example",
			.mail_from = "",
			.verdict = report->verdict,
			.proof = AUTH_UNPROVEN,
			.to = report->to,
			.subject = "Undelivered",
			.headers = "MIME-Version: 1.0\nContent-Type: "
	                           "multipart/report; boundary=b; "
	                           "report-type=delivery-status\nX-Was: ",
			.body = body });
}

static void expect(struct room *room, const struct report *report,
                   enum intake_outcome want)
{
	struct intake_result result = bounce(room, report);

	assert_string_equal(intake_outcome_name(result.outcome),
	                    intake_outcome_name(want));
	intake_result_clear(&result);
}

static enum outbox_state state_of(struct room *room, gint64 id)
{
	g_autoptr(GError) error = NULL;
	AUTO(outbox) row = outbox_get(room->store, id, &error);

	room_must(row, error);
	return row->state;
}

/* The ticket of DONO's, answered by Ana; the row of the answer to DONO. */
static struct outbox *answered(struct room *room, char **ret_ref)
{
	g_autofree char *ref = room_open(room);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);

	room_expect(room,
	            &(struct letter_in){ .from = ANA,
	                                 .verdict = SEAL_ACCEPT_STAFF,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to,
	                                 .body = "Voltou.\n" },
	            INTAKE_APPENDED);
	*ret_ref = g_steal_pointer(&ref);
	return room_mail(room, "reply", DONO);
}

/* By the envelope sender's address, by the original's Message-ID. */
static void test_record_permanent(void **state)
{
	struct room *room = *state;

	for (int by_address = 0; by_address < 2; by_address++) {
		g_autofree char *ref = NULL;
		AUTO(outbox) row = answered(room, &ref);
		const struct report report = {
			.to = by_address ? row->sender : NULL,
			.original = by_address ? NULL : row->header_id,
			.verdict = SEAL_ACCEPT_BOUNCE,
		};
		unsigned tickets = room_tickets(room);
		g_autofree char *notice = NULL;
		g_autoptr(GPtrArray) entries = NULL;
		g_autoptr(GError) error = NULL;
		bool was;

		expect(room, &report, INTAKE_BOUNCE);
		assert_int_equal(state_of(room, row->id), OUTBOX_BOUNCED);
		assert_int_not_equal(room_bounced(room, DONO), 0);
		assert_int_equal(room_bounced(room, CONTATO), 0);
		assert_true(room_has_event(
			room, ref,
			"mail to " DONO " (reply): failed 5.1.1"));
		notice = room_mail_text(room, "notice_bounce", ANA);
		assert_contains(notice, "no such user here");
		assert_int_equal(room_tickets(room), tickets);
		entries = room_entries(room, ref);
		assert_string_not_equal(
			entries_last(entries, MESSAGE_EVENT)->raw, "");
		fixture_begin(room->fixture);
		assert_ok(undeliverable_clear(room->store, DONO, &was, &error),
		          error);
		assert_true(was);
		fixture_commit(room->fixture);
		assert_int_equal(room_bounced(room, DONO), 0);
	}
	assert_int_equal(room_mails(room, "notice_bounce", ANA), 2);
}

/* Mail that was on its way already, and the same report again. */
static void test_staff_are_told_once(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	AUTO(outbox) first = answered(room, &ref);
	AUTO(outbox) ack = room_mail(room, "ack", DONO);
	const struct report reports[] = {
		{ .to = first->sender, .verdict = SEAL_ACCEPT_BOUNCE },
		{ .original = ack->header_id, .verdict = SEAL_ACCEPT_BOUNCE },
		{ .to = first->sender, .verdict = SEAL_ACCEPT_BOUNCE },
	};
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(reports); i++)
		expect(room, &reports[i], INTAKE_BOUNCE);
	assert_int_equal(room_mails(room, "notice_bounce", ANA), 1);
	AUTO(undeliverable)
	row = undeliverable_get(room->store, DONO, &error);
	room_must(row, error);
	assert_int_equal(row->failures, 3);
	assert_int_equal(row->outbox_id, first->id);
	assert_string_equal(row->status, "5.1.1");
	assert_string_equal(row->why, "550 no such user here");
}

/* RFC 3463: too large, of the wrong kind, or class 4. The next mail may
 * arrive, and staff know that this one did not. */
static void test_message_is_to_blame(void **state)
{
	static const struct {
		const char *status;
		bool address;
	} cases[] = {
		{ "5.2.3", false }, { "5.3.4", false }, { "5.6.1", false },
		{ "5.6.0", false }, { "5.2.2", true },  { "5.7.1", true },
		{ "5.0.0", true },  { "5.2.1", true },
		/* waited in vain, or nobody knows */
		{ "4.4.7", false }, { "4.2.2", false }, { "4.0.0", false },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *ref = NULL;
		AUTO(outbox) row = answered(room, &ref);
		bool was;

		expect(room,
		       &(struct report){ .to = row->sender,
		                         .status = cases[i].status,
		                         .verdict = SEAL_ACCEPT_BOUNCE },
		       INTAKE_BOUNCE);
		assert_int_equal(state_of(room, row->id), OUTBOX_BOUNCED);
		assert_int_equal(room_mails(room, "notice_bounce", ANA),
		                 i + 1);
		assert_int_equal(room_bounced(room, DONO) != 0,
		                 cases[i].address);
		fixture_begin(room->fixture);
		assert_ok(undeliverable_clear(room->store, DONO, &was, &error),
		          error);
		assert_int_equal(was, cases[i].address);
		fixture_commit(room->fixture);
	}
}

/* An event, and no mark. */
static void test_record_not_permanent(void **state)
{
	static const struct {
		const char *action;
		const char *status;
		const char *event;
	} cases[] = {
		{ "delayed", "4.4.1", "delayed 4.4.1" },
		{ "delayed", "4.4.7", "delayed 4.4.7" },
		{ "delivered", "2.0.0", "delivered 2.0.0" },
		{ "relayed", "2.1.9", "relayed 2.1.9" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = NULL;
		AUTO(outbox) row = answered(room, &ref);

		expect(room,
		       &(struct report){ .to = row->sender,
		                         .action = cases[i].action,
		                         .status = cases[i].status,
		                         .verdict = SEAL_ACCEPT_BOUNCE },
		       INTAKE_BOUNCE);
		assert_int_equal(state_of(room, row->id), OUTBOX_QUEUED);
		assert_int_equal(room_bounced(room, DONO), 0);
		assert_true(room_has_event(room, ref, cases[i].event));
	}
	assert_int_equal(room_mails(room, "notice_bounce", NULL), 0);
}

static char *forge(const char *token)
{
	char *forged = g_strdup(token);
	char *end = strchr(forged, '@');

	end[-1] = end[-1] == '0' ? '1' : '0';
	return forged;
}

/* A token with a wrong mac is none. */
static void test_forged_is_nothing(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	AUTO(outbox) row = answered(room, &ref);
	g_autofree char *address = forge(row->sender);
	g_autofree char *id = forge(row->header_id);
	const struct report reports[] = {
		{ .to = address, .verdict = SEAL_ACCEPT_BOUNCE },
		{ .original = id, .verdict = SEAL_ACCEPT_BOUNCE },
		{ .original = "<a@b.example>", .verdict = SEAL_ACCEPT_BOUNCE },
		{ .verdict = SEAL_ACCEPT_BOUNCE },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(reports); i++)
		expect(room, &reports[i], INTAKE_HELD);
	assert_int_equal(state_of(room, row->id), OUTBOX_QUEUED);
	assert_int_equal(room_bounced(room, DONO), 0);
	assert_int_equal(room_mails(room, "notice_bounce", NULL), 0);
	assert_int_equal(room_mails(room, "hold_notice", NULL), 0);
	assert_int_equal(room_tickets(room), 1);
}

/* Where anyone may write, a strange bounce is a message like others. */
static void test_strange_bounce_at_open_department(void **state)
{
	struct room *room = *state;

	expect(room,
	       &(struct report){ .to = "abusos",
	                         .original = "<a@b.example>",
	                         .verdict = SEAL_ACCEPT },
	       INTAKE_CREATED);
	assert_int_equal(room_mails(room, "ack", NULL), 0);
}

/* One that names the ticket only, as some servers send it to Reply-To. */
static void test_bounce_to_reply_address(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);

	expect(room,
	       &(struct report){ .to = to, .verdict = SEAL_ACCEPT_BOUNCE },
	       INTAKE_BOUNCE);
	assert_true(room_has_event(room, ref, "came back"));
	assert_int_equal(room_bounced(room, DONO), 0);
	assert_int_equal(room_tickets(room), 1);
	assert_int_equal(room_held_count(room), 0);
}

/* A bounced notice makes no notice. */
static void test_bounced_notice(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	AUTO(outbox) row = room_mail(room, "notice_new", ANA);
	unsigned mails = room_mails(room, NULL, NULL);

	expect(room,
	       &(struct report){ .original = row->header_id,
	                         .address = ANA,
	                         .verdict = SEAL_ACCEPT_BOUNCE },
	       INTAKE_BOUNCE);
	assert_int_equal(room_mails(room, NULL, NULL), mails);
	assert_true(room_has_event(room, ref, "(notice_new)"));
	assert_int_equal(state_of(room, row->id), OUTBOX_BOUNCED);
}

/* The question about a held message has no ticket. */
static void test_bounced_question(void **state)
{
	struct room *room = *state;

	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .verdict = SEAL_HOLD,
	                                 .proof = AUTH_UNPROVEN },
	            INTAKE_HELD);
	AUTO(outbox) row = room_mail(room, "hold_confirm", DONO);
	AUTO(mail) question = room_read(room, row);
	const struct mailbox *confirm = question->reply_to->pdata[0];
	unsigned mails = room_mails(room, NULL, NULL);

	expect(room,
	       &(struct report){ .to = confirm->address,
	                         .original = row->header_id,
	                         .verdict = SEAL_ACCEPT_BOUNCE },
	       INTAKE_BOUNCE);
	assert_int_equal(state_of(room, row->id), OUTBOX_BOUNCED);
	assert_int_not_equal(room_bounced(room, DONO), 0);
	assert_int_equal(room_mails(room, NULL, NULL), mails);
	assert_int_equal(room_tickets(room), 0);
	AUTO(held) held = room_held(room, 1);
	assert_int_equal(held->state, HELD_WAITING);
}

/* A mailbox that forwards: the report names the one behind it. */
static void test_report_on_forwarding_address(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	AUTO(outbox) row = answered(room, &ref);

	expect(room,
	       &(struct report){ .to = row->sender,
	                         .address = "outra@gmail.example",
	                         .verdict = SEAL_ACCEPT_BOUNCE },
	       INTAKE_BOUNCE);
	assert_int_not_equal(room_bounced(room, DONO), 0);
}

/* Nobody writes to an address that failed; whoever answers it is told, and
 * can send the answer once the address is mended. */
static void test_person_writes_to_bounced(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;
	AUTO(outbox) row = answered(room, &ref);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);

	expect(room,
	       &(struct report){ .to = row->sender,
	                         .verdict = SEAL_ACCEPT_BOUNCE },
	       INTAKE_BOUNCE);
	room_expect(room,
	            &(struct letter_in){ .from = ANA,
	                                 .verdict = SEAL_ACCEPT_STAFF,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to,
	                                 .body = "#fechar\n" },
	            INTAKE_APPENDED);
	assert_int_equal(room_mails(room, "closed", DONO), 0);
	assert_int_equal(room_mails(room, "closed", CONTATO), 1);
	room_set_status(room, ref, TICKET_ANSWERED);
	room_expect(room,
	            &(struct letter_in){ .from = ANA,
	                                 .verdict = SEAL_ACCEPT_STAFF,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to,
	                                 .body = "Alô?\n" },
	            INTAKE_APPENDED);
	assert_int_equal(room_mails(room, "reply", DONO), 1);
	assert_int_equal(room_mails(room, "reply", CONTATO), 2);
	assert_true(room_has_event(room, ref,
	                           "mail to " DONO " (reply) not sent: "));
	assert_int_equal(room_mails(room, "notice_withheld", ANA), 1);
	g_autofree char *told = room_mail_text(room, "notice_withheld", ANA);
	assert_contains(told, DONO ": 5.1.1 550 no such user here");
	AUTO(outbox) kept = room_mail(room, "reply", DONO);
	AUTO(mail) mail = room_read(room, kept);
	assert_int_equal(kept->state, OUTBOX_CANCELLED);
	assert_contains(mail->text, "Alô?");
	/* until he writes */
	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .verdict = SEAL_ACCEPT,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to },
	            INTAKE_APPENDED);
	assert_int_equal(room_bounced(room, DONO), 0);
	room_expect(room,
	            &(struct letter_in){ .from = ANA,
	                                 .verdict = SEAL_ACCEPT_STAFF,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to,
	                                 .body = "Que bom.\n" },
	            INTAKE_APPENDED);
	assert_int_equal(room_mails(room, "reply", DONO), 2);
}

/* Copies and staff are addresses, too. */
static void test_whoever_has_the_address(void **state)
{
	static const char *const addresses[] = { COPIA, ANA };
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = room_open(room);
	AUTO(ticket) ticket = room_ticket(room, ref);

	fixture_begin(room->fixture);
	assert_ok(participant_add(room->store, ticket->id, COPIA, "",
	                          PARTICIPANT_COPY, &error),
	          error);
	fixture_commit(room->fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
		room_set_undeliverable(room, addresses[i]);
	unsigned mails = room_mails(room, NULL, ANA);

	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .verdict = SEAL_ACCEPT,
	                                 .proof = AUTH_PROVEN },
	            INTAKE_CREATED);
	assert_int_equal(room_mails(room, NULL, ANA), mails);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);
	room_expect(room,
	            &(struct letter_in){ .from = ANA,
	                                 .verdict = SEAL_ACCEPT_STAFF,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to,
	                                 .body = "Oi\n" },
	            INTAKE_APPENDED);
	assert_int_equal(room_mails(room, "reply", DONO), 1);
	assert_int_equal(room_mails(room, NULL, COPIA), 0);
	/* she wrote, so she can be reached */
	assert_int_equal(room_mails(room, "notice_withheld", ANA), 1);
}

/* Given up or refused before it left the house. */
static void test_refused_by_our_server(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = NULL;
	AUTO(outbox) row = answered(room, &ref);
	AUTO(outbox) notice = room_mail(room, "notice_new", ANA);

	fixture_begin(room->fixture);
	assert_ok(bounces_refused(room->desk, room->store, row, "452 full",
	                          false, &error),
	          error);
	fixture_commit(room->fixture);
	assert_int_equal(room_bounced(room, DONO), 0);
	assert_true(room_has_event(room, ref, "was not sent: 452 full"));
	assert_int_equal(room_mails(room, "notice_bounce", ANA), 1);
	fixture_begin(room->fixture);
	assert_ok(bounces_refused(room->desk, room->store, row,
	                          "550 5.1.1 no", true, &error),
	          error);
	assert_ok(bounces_refused(room->desk, room->store, notice,
	                          "550 5.1.1 no", true, &error),
	          error);
	fixture_commit(room->fixture);
	assert_int_not_equal(room_bounced(room, DONO), 0);
	assert_int_equal(room_mails(room, "notice_bounce", ANA), 2);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, room_setup, room_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_record_permanent),
		TEST(test_record_not_permanent),
		TEST(test_forged_is_nothing),
		TEST(test_strange_bounce_at_open_department),
		TEST(test_bounce_to_reply_address),
		TEST(test_bounced_notice),
		TEST(test_bounced_question),
		TEST(test_report_on_forwarding_address),
		TEST(test_person_writes_to_bounced),
		TEST(test_refused_by_our_server),
		TEST(test_staff_are_told_once),
		TEST(test_message_is_to_blame),
		TEST(test_whoever_has_the_address),
	};

	mail_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
