/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_hold.c - messages that wait, who lets them in, and who cannot
 *
 * Whole messages, a real store, a clock that stands still. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/hold.h"
#include "store/audit.h"

/* Holds a message of this author's; the newest held one. */
static struct held *hold(struct room *room, const char *from)
{
	room_expect(room,
	            &(struct letter_in){ .from = from,
	                                 .verdict = SEAL_HOLD,
	                                 .proof = AUTH_UNPROVEN,
	                                 .reason = "registered contact; x" },
	            INTAKE_HELD);
	return room_held(room, room_held_count(room));
}

static char *confirm_address(struct room *room, const struct held *held)
{
	return signed_confirm_address(room->desk, "suporte@desk.example",
	                              held->id);
}

static enum held_state state_of(struct room *room, const struct held *held)
{
	AUTO(held) now = held_get(room->store, held->id, NULL);

	room_must(now, (GError *)NULL);
	return now->state;
}

/* --- the question --- */

static void test_hold_asks_registered_only(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	AUTO(held) stranger = hold(room, ALHEIO);
	g_autofree char *confirm = confirm_address(room, held);
	AUTO(outbox) row = room_mail(room, "hold_confirm", DONO);
	AUTO(mail) mail = room_read(room, row);
	const struct mailbox *reply_to = mail->reply_to->pdata[0];

	assert_string_equal(reply_to->address, confirm);
	assert_string_equal(row->sender, "");
	assert_int_equal(room_mails(room, "hold_confirm", NULL), 1);
	assert_int_equal(room_mails(room, NULL, ALHEIO), 0);
	assert_int_equal(room_mails(room, "hold_notice", ANA), 2);
	assert_string_equal(stranger->reason, "registered contact; x");
	assert_int_equal(room_tickets(room), 0);
}

/* Whoever forges DONO's address cannot fill his mailbox. */
static void test_questions_are_counted(void **state)
{
	struct room *room = *state;
	unsigned max =
		fixture_window(room->fixture->config->notifier.brake_ticket);

	for (unsigned i = 0; i < max + 5; i++)
		held_free(hold(room, DONO));
	assert_int_equal(room_mails(room, "hold_confirm", DONO), max);
	assert_int_equal(room_mails(room, "hold_notice", ANA), max);
	assert_int_equal(room_held_count(room), max + 5);
}

static void test_automatic_is_held_in_silence(void **state)
{
	struct room *room = *state;

	room_expect(room,
	            &(struct letter_in){
			    .from = DONO,
			    .verdict = SEAL_HOLD,
			    .proof = AUTH_UNPROVEN,
			    .headers = "Auto-Submitted: auto-generated\n" },
	            INTAKE_HELD);
	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .verdict = SEAL_HOLD,
	                                 .proof = AUTH_UNPROVEN,
	                                 .mail_from = "" },
	            INTAKE_HELD);
	assert_int_equal(room_mails(room, NULL, NULL), 0);
}

static void test_reason_is_worded_for_people(void **state)
{
	static const struct {
		const char *reason;
		enum auth_proof proof;
		enum phrase want;
	} cases[] = {
		{ "the sender could not be proven when it came in",
		  AUTH_UNPROVEN, PHRASE_HOLD_UNPROVEN },
		{ "registered contact; no records", AUTH_UNPROVEN,
		  PHRASE_HOLD_UNPROVEN },
		{ "registered contact; p=reject", AUTH_DISPROVEN,
		  PHRASE_HOLD_FORGED },
		{ "sender not registered; dkim", AUTH_PROVEN,
		  PHRASE_HOLD_STRANGER },
		{ "participant without a ticket", AUTH_PROVEN,
		  PHRASE_HOLD_STRANGER },
		{ "no single author", AUTH_UNPROVEN, PHRASE_HOLD_NO_AUTHOR },
		{ "null sender, not about our mail", AUTH_UNPROVEN,
		  PHRASE_HOLD_NULL_SENDER },
		{ "registered contact, but the department takes replies only",
		  AUTH_PROVEN, PHRASE_HOLD_REPLIES_ONLY },
		{ "staff member", AUTH_TROUBLE, PHRASE_HOLD_TROUBLE },
		{ NULL, AUTH_UNPROVEN, PHRASE_HOLD_UNPROVEN },
		{ "", AUTH_PROVEN, PHRASE_HOLD_OTHER },
		{ "", (enum auth_proof)77, PHRASE_HOLD_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(hold_reason_phrase(cases[i].reason,
		                                    cases[i].proof),
		                 cases[i].want);
}

static void test_notice_words_reason(void **state)
{
	static const char *const languages[] = { "pt_BR", "en", "es" };
	struct room *room = *state;
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(languages); i++) {
		AUTO(staff) ana = staff_by_login(room->store, "ana", &error);
		g_autofree char *text = NULL;

		room_must(ana, error);
		fixture_set(&ana->language, languages[i]);
		fixture_begin(room->fixture);
		assert_ok(staff_update(room->store, ana, &error), error);
		fixture_commit(room->fixture);
		held_free(hold(room, DONO));
		text = room_mail_text(room, "hold_notice", ANA);
		assert_contains(text, phrase_get(PHRASE_HOLD_UNPROVEN,
		                                 languages[i]));
		assert_lacks(text, "registered contact; x");
	}
}

/* --- confirmation --- */

#define CONFIRMS(author, address)                                              \
	.from = (author), .to = (address), .verdict = SEAL_ACCEPT,             \
	.proof = AUTH_UNPROVEN

static void test_confirm_opens_ticket(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ CONFIRMS(DONO, to),
	                             .body = "> Recebemos, em nome de\n" },
		INTAKE_CONFIRMED);
	AUTO(ticket) ticket = room_ticket(room, ref);
	AUTO(held) now = room_held(room, 1);

	assert_int_equal(now->state, HELD_RELEASED);
	assert_string_equal(now->ticket, ref);
	assert_string_equal(now->decided_by, DONO);
	assert_int_equal(ticket->customer_id, room->customer);
	assert_int_equal(ticket->status, TICKET_OPEN);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_CUSTOMER), 1);
	assert_true(room_has_event(room, ref, "confirmed by " DONO));
	assert_int_equal(room_mails(room, "ack", DONO), 1);
	assert_int_equal(room_mails(room, "notice_reply", ANA), 0);
}

/* What he adds to the confirmation is not lost. */
static void test_confirm_with_words(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ CONFIRMS(DONO, to),
	                             .body = "E o e-mail também.\n\n> x\n" },
		INTAKE_CONFIRMED);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	AUTO(ticket) ticket = room_ticket(room, ref);

	assert_contains(entries_last(entries, MESSAGE_CUSTOMER)->text,
	                "E o e-mail também.");
	assert_int_equal(ticket->status, TICKET_OPEN);
	assert_int_equal(room_mails(room, "notice_reply", ANA), 1);
}

/* A second answer goes into the same ticket; nothing is released twice. */
static void test_confirm_twice(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	g_autofree char *ref = room_take_ref(
		room, &(struct letter_in){ CONFIRMS(DONO, to) },
		INTAKE_CONFIRMED);
	g_autofree char *again = room_take_ref(
		room,
		&(struct letter_in){ CONFIRMS(DONO, to), .body = "Mais uma.\n" },
		INTAKE_APPENDED);

	assert_string_equal(again, ref);
	assert_int_equal(room_tickets(room), 1);
	assert_int_equal(room_mails(room, "ack", DONO), 1);
}

/* A replay, and a second answer that says nothing, leave no trace. */
static void test_confirm_again_is_nothing(void **state)
{
	static const struct {
		enum seal_verdict verdict;
		const char *body;
		const char *headers;
	} cases[] = {
		{ SEAL_ACCEPT, "", "Message-ID: <outra@x.example>\n" },
		{ SEAL_HOLD, "", "Message-ID: <outra@x.example>\n" },
		{ SEAL_ACCEPT, "De novo.\n", "Message-ID: <um@x.example>\n" },
		{ SEAL_HOLD, "De novo.\n", "Message-ID: <um@x.example>\n" },
	};
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ CONFIRMS(DONO, to),
		                     .headers = "Message-ID: <um@x.example>\n",
		                     .body = "De novo.\n" },
		INTAKE_CONFIRMED);
	unsigned mails = room_mails(room, NULL, NULL);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	g_autoptr(GPtrArray) after = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		room_expect(room,
		            &(struct letter_in){
				    .from = DONO,
				    .to = to,
				    .verdict = cases[i].verdict,
				    .proof = AUTH_UNPROVEN,
				    .headers = cases[i].headers,
				    .body = cases[i].body },
		            INTAKE_DUPLICATE);
	}
	assert_int_equal(room_mails(room, NULL, NULL), mails);
	after = room_entries(room, ref);
	assert_int_equal(after->len, entries->len);
	assert_int_equal(room_held_count(room), 1);
	assert_int_equal(room_tickets(room), 1);
}

/* Something new that nothing proves waits, and no mail tells of it. */
static void test_confirm_again_unproven_waits(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	unsigned mails;

	room_expect(room, &(struct letter_in){ CONFIRMS(DONO, to) },
	            INTAKE_CONFIRMED);
	mails = room_mails(room, NULL, NULL);
	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .to = to,
	                                 .verdict = SEAL_HOLD,
	                                 .proof = AUTH_UNPROVEN,
	                                 .body = "Mais.\n" },
	            INTAKE_HELD);
	assert_int_equal(room_mails(room, NULL, NULL), mails);
}

/* What came unproven to the address although its domain says who may send:
 * staff learn of it, the author is not asked again. */
static void test_confirm_unproven_does_not_release(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	AUTO(held) second = NULL;
	g_autofree char *to = confirm_address(room, held);
	unsigned asked = room_mails(room, "hold_confirm", NULL);
	unsigned told = room_mails(room, "hold_notice", ANA);

	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .to = to,
	                                 .verdict = SEAL_HOLD,
	                                 .proof = AUTH_UNPROVEN },
	            INTAKE_HELD);
	assert_int_equal(state_of(room, held), HELD_WAITING);
	assert_int_equal(room_mails(room, "hold_confirm", NULL), asked);
	assert_int_equal(room_mails(room, "hold_notice", ANA), told + 1);
	second = room_held(room, 2);
	assert_string_equal(second->cause, "unproven");
}

/* Ticket and entry are as old as the message. */
static void test_release_keeps_the_time(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	g_autofree char *ref = NULL;
	g_autoptr(GPtrArray) entries = NULL;
	gint64 now;

	clock_set_for_test(clock_now() + 3 * 24 * CLOCK_HOUR);
	ref = room_take_ref(room, &(struct letter_in){ CONFIRMS(DONO, to) },
	                    INTAKE_CONFIRMED);
	now = clock_now();
	AUTO(ticket) ticket = room_ticket(room, ref);
	entries = message_list(room->store, ticket->id, NULL);
	const struct message *first = entries->pdata[0];

	assert_int_equal(ticket->created, held->created);
	assert_int_equal(first->created, held->created);
	assert_int_equal(first->author, MESSAGE_CUSTOMER);
	assert_int_equal(ticket->updated, now);
}

/* Expired is for staff alone. */
static void test_expired_is_released_by_staff(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	g_autoptr(GError) error = NULL;
	struct intake_result result = { 0 };
	unsigned count = 0;

	clock_set_for_test(clock_now() + 8 * 24 * CLOCK_HOUR);
	fixture_begin(room->fixture);
	assert_ok(hold_expire(room->desk, room->store, &count, &error), error);
	fixture_commit(room->fixture);
	assert_int_equal(count, 1);
	room_expect(room, &(struct letter_in){ CONFIRMS(DONO, to) },
	            INTAKE_HELD);
	assert_int_equal(state_of(room, held), HELD_EXPIRED);
	assert_int_equal(room_tickets(room), 0);

	AUTO(held) now = held_get(room->store, held->id, &error);
	fixture_begin(room->fixture);
	assert_ok(hold_release(room->desk, room->store, now, "ana", &result,
	                       &error),
	          error);
	fixture_commit(room->fixture);
	assert_int_equal(state_of(room, held), HELD_RELEASED);
	assert_true(room_has_event(room, result.ref,
	                           "held message released by ana"));
	intake_result_clear(&result);
}

static void test_counts_by_cause(void **state)
{
	struct room *room = *state;
	AUTO(held) one = hold(room, DONO);
	AUTO(held) two = hold(room, OUTRO);
	g_autoptr(GPtrArray) counts = NULL;
	const struct held_count *waiting, *discarded;

	fixture_begin(room->fixture);
	assert_true(hold_discard(room->desk, room->store, two, "ana", NULL));
	fixture_commit(room->fixture);
	counts = held_count_list(room->store, NULL);
	assert_int_equal(counts->len, 2);
	discarded = counts->pdata[0];
	waiting = counts->pdata[1];
	assert_string_equal(waiting->department, "suporte");
	assert_string_equal(waiting->cause, "unproven");
	assert_int_equal(waiting->state, HELD_WAITING);
	assert_int_equal(waiting->count, 1);
	assert_int_equal(waiting->oldest, one->created);
	assert_int_equal(discarded->state, HELD_DISCARDED);
	assert_int_equal(discarded->count, 1);
}

/* The audit row of a confirmation names nobody: it can never be erased. */
static void test_audit_names_no_customer(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	g_autoptr(GPtrArray) rows = NULL;

	room_expect(room, &(struct letter_in){ CONFIRMS(DONO, to) },
	            INTAKE_CONFIRMED);
	rows = audit_list(room->store, NULL, 100, NULL);
	assert_true(rows->len > 0);
	for (guint i = 0; i < rows->len; i++) {
		const struct audit *row = rows->pdata[i];

		assert_null(strchr(row->actor, '@'));
		assert_null(strchr(row->detail, '@'));
	}
}

/* Programs confirm nothing and open nothing: the second line of defence. */
static void test_automatic_confirms_nothing(void **state)
{
	static const struct {
		const char *headers;
		const char *mail_from;
	} cases[] = {
		{ "Auto-Submitted: auto-replied\n", NULL },
		{ "X-Autoreply: yes\n", NULL },
		{ "List-Id: <l.example>\n", NULL },
		{ "Precedence: bulk\n", NULL },
		{ "", "" },
	};
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	unsigned mails = room_mails(room, NULL, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		room_expect(room,
		            &(struct letter_in){
				    .from = DONO,
				    .to = to,
				    .verdict = SEAL_ACCEPT,
				    .proof = AUTH_PROVEN,
				    .headers = cases[i].headers,
				    .mail_from = cases[i].mail_from },
		            INTAKE_HELD);
	assert_int_equal(state_of(room, held), HELD_WAITING);
	assert_int_equal(room_tickets(room), 0);
	assert_int_equal(room_mails(room, NULL, NULL), mails);
	assert_int_equal(room_held_count(room), 1 + G_N_ELEMENTS(cases));
}

static void test_confirm_by_another(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);

	room_expect(room,
	            &(struct letter_in){ .from = OUTRO,
	                                 .to = to,
	                                 .verdict = SEAL_ACCEPT,
	                                 .proof = AUTH_PROVEN },
	            INTAKE_HELD);
	assert_int_equal(state_of(room, held), HELD_WAITING);
	assert_int_equal(room_tickets(room), 0);
}

/* A confirm address of a wrong mac is an address like any other. */
static void test_confirm_forged(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	char *end = strchr(to, '@');

	end[-1] = end[-1] == '0' ? '1' : '0';
	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .to = to,
	                                 .verdict = SEAL_ACCEPT,
	                                 .proof = AUTH_PROVEN },
	            INTAKE_CREATED);
	assert_int_equal(state_of(room, held), HELD_WAITING);
}

/* Too late: then its author is whoever he is. */
static void test_confirm_after_decision(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	struct letter_in letter = { CONFIRMS(DONO, to) };

	fixture_begin(room->fixture);
	assert_ok(hold_discard(room->desk, room->store, held, "ana", &error),
	          error);
	fixture_commit(room->fixture);
	room_expect(room, &letter, INTAKE_HELD);
	letter.proof = AUTH_PROVEN;
	room_expect(room, &letter, INTAKE_CREATED);
	assert_int_equal(state_of(room, held), HELD_DISCARDED);
}

/* --- by staff --- */

static char *release(struct room *room, struct held *held)
{
	g_autoptr(GError) error = NULL;
	struct intake_result result = { 0 };
	char *ref;

	fixture_begin(room->fixture);
	assert_ok(hold_release(room->desk, room->store, held, "ana", &result,
	                       &error),
	          error);
	fixture_commit(room->fixture);
	assert_int_equal(result.outcome, INTAKE_CONFIRMED);
	ref = g_strdup(result.ref);
	intake_result_clear(&result);
	return ref;
}

static void test_release_once(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	struct intake_result result = { 0 };
	AUTO(held) held = hold(room, DONO);
	g_autofree char *ref = release(room, held);
	AUTO(held) again = room_held(room, 1);

	assert_string_equal(again->ticket, ref);
	fixture_begin(room->fixture);
	assert_false(hold_release(room->desk, room->store, again, "ana",
	                          &result, &error));
	store_rollback(room->store);
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_CONFLICT));
	assert_int_equal(room_tickets(room), 1);
}

/* Nobody unregistered ever gets mail from a hold. */
static void test_release_of_stranger_mails_nobody(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, ALHEIO);
	g_autofree char *ref = release(room, held);
	AUTO(ticket) ticket = room_ticket(room, ref);

	assert_string_equal(ticket->requester, ALHEIO);
	assert_int_equal(ticket->customer_id, 0);
	assert_int_equal(room_mails(room, NULL, ALHEIO), 0);
}

static void test_release_keeps_attachments(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = NULL;

	room_expect(room,
	            &(struct letter_in){
			    .from = DONO,
			    .verdict = SEAL_HOLD,
			    .proof = AUTH_UNPROVEN,
			    .headers = "MIME-Version: 1.0\nContent-Type: "
	                               "multipart/mixed; boundary=b\nX-Was: ",
			    .body = "--b\n\nVeja.\n--b\n"
	                            "Content-Type: application/pdf\n"
	                            "Content-Disposition: attachment; "
	                            "filename=a.pdf\n\nPDF\n--b--\n" },
	            INTAKE_HELD);
	AUTO(held) held = room_held(room, 1);
	ref = release(room, held);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	const struct message *entry = entries_last(entries, MESSAGE_CUSTOMER);
	g_autoptr(GPtrArray) files =
		attachment_list(room->store, entry->id, NULL);

	assert_int_equal(files->len, 1);
	assert_string_equal(entry->raw, held->raw);
}

/* Staff's own mail is never filed as a customer's. */
static void test_release_of_staff(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, BETO);
	g_autofree char *ref = release(room, held);
	AUTO(ticket) ticket = room_ticket(room, ref);

	assert_int_equal(room_count_entries(room, ref, MESSAGE_STAFF), 1);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_CUSTOMER), 0);
	assert_string_equal(ticket->requester, BETO);
}

/* What was held at a confirm address can be let in, too. */
static void test_release_from_confirm_address(void **state)
{
	struct room *room = *state;
	AUTO(held) held = hold(room, DONO);
	g_autofree char *to = confirm_address(room, held);
	g_autofree char *ref = NULL;

	room_expect(room,
	            &(struct letter_in){
			    .from = DONO,
			    .to = to,
			    .verdict = SEAL_ACCEPT,
			    .proof = AUTH_PROVEN,
			    .headers = "Auto-Submitted: auto-replied\n" },
	            INTAKE_HELD);
	AUTO(held) second = room_held(room, 2);
	ref = release(room, second);
	assert_string_not_equal(ref, "");
	assert_int_equal(state_of(room, held), HELD_WAITING);
	assert_int_equal(room_held_count(room), 2);
}

/* A held reply is released into its ticket. */
static void test_release_into_ticket(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);
	g_autofree char *released = NULL;

	room_expect(room,
	            &(struct letter_in){ .from = CONTATO,
	                                 .to = to,
	                                 .verdict = SEAL_HOLD,
	                                 .proof = AUTH_UNPROVEN },
	            INTAKE_HELD);
	AUTO(held) held = room_held(room, 1);
	released = release(room, held);
	assert_string_equal(released, ref);
	AUTO(ticket) ticket = room_ticket(room, ref);
	assert_int_equal(ticket->status, TICKET_CUSTOMER_REPLY);
}

/* --- time --- */

static void test_expire_old_ones(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	gint64 wait = (gint64)room->fixture->config->notifier.hold_seconds *
	              CLOCK_SECOND;
	AUTO(held) old = hold(room, DONO);
	unsigned count = 9;

	clock_set_for_test(old->created + wait);
	AUTO(held) young = hold(room, DONO);
	clock_set_for_test(old->created + wait);
	fixture_begin(room->fixture);
	assert_ok(hold_expire(room->desk, room->store, &count, &error), error);
	assert_int_equal(count, 0);
	clock_set_for_test(old->created + wait + 1);
	assert_ok(hold_expire(room->desk, room->store, &count, &error), error);
	assert_int_equal(count, 1);
	fixture_commit(room->fixture);
	assert_int_equal(state_of(room, old), HELD_EXPIRED);
	assert_int_equal(state_of(room, young), HELD_WAITING);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, room_setup, room_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_hold_asks_registered_only),
		TEST(test_questions_are_counted),
		TEST(test_automatic_is_held_in_silence),
		cmocka_unit_test(test_reason_is_worded_for_people),
		TEST(test_notice_words_reason),
		TEST(test_confirm_opens_ticket),
		TEST(test_confirm_with_words),
		TEST(test_confirm_twice),
		TEST(test_confirm_again_is_nothing),
		TEST(test_confirm_again_unproven_waits),
		TEST(test_confirm_unproven_does_not_release),
		TEST(test_release_keeps_the_time),
		TEST(test_expired_is_released_by_staff),
		TEST(test_counts_by_cause),
		TEST(test_audit_names_no_customer),
		TEST(test_automatic_confirms_nothing),
		TEST(test_confirm_by_another),
		TEST(test_confirm_forged),
		TEST(test_confirm_after_decision),
		TEST(test_release_once),
		TEST(test_release_of_stranger_mails_nobody),
		TEST(test_release_keeps_attachments),
		TEST(test_release_of_staff),
		TEST(test_release_from_confirm_address),
		TEST(test_release_into_ticket),
		TEST(test_expire_old_ones),
	};

	mail_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
