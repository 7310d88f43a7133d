/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_notify.c - who gets which mail, and what stands in it
 *
 * The mails are parsed as their readers' programs would. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/letter.h"

#define PROVEN(sender)                                                         \
	.from = (sender), .verdict = SEAL_ACCEPT, .proof = AUTH_PROVEN

static void staff_answers(struct room *room, const char *ref, const char *body)
{
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);

	room_expect(room,
	            &(struct letter_in){ .from = ANA,
	                                 .verdict = SEAL_ACCEPT_STAFF,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to,
	                                 .body = body },
	            INTAKE_APPENDED);
}

/* The header of the newest such mail, CRLF and all. */
static char *header_of(struct room *room, const char *kind, const char *address)
{
	AUTO(outbox) row = room_mail(room, kind, address);
	gsize len;
	const char *bytes = g_bytes_get_data(row->bytes, &len);
	const char *end = g_strstr_len(bytes, (gssize)len, "\r\n\r\n");

	assert_non_null(end);
	return g_strndup(bytes, (gsize)(end - bytes) + 2);
}

/* --- headers --- */

static void test_automatic_says_so(void **state)
{
	static const struct {
		const char *kind;
		const char *address;
		const char *mark;
	} cases[] = {
		{ "ack", DONO, "\r\nAuto-Submitted: auto-replied\r\n" },
		{ "ack_contact", CONTATO,
		  "\r\nAuto-Submitted: auto-replied\r\n" },
		{ "notice_new", ANA, "\r\nAuto-Submitted: auto-generated\r\n" },
	};
	struct room *room = *state;

	g_free(room_open(room));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(outbox)
		row = room_mail(room, cases[i].kind, cases[i].address);
		g_autofree char *header =
			header_of(room, cases[i].kind, cases[i].address);

		assert_string_equal(row->sender, "");
		assert_contains(header, cases[i].mark);
		assert_contains(header, "\r\nX-Auto-Response-Suppress: All\r\n");
		assert_lacks(header, "Precedence:");
	}
}

static void test_answer_is_a_persons(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *header = NULL;
	struct signed_ref token = { 0 };

	staff_answers(room, ref, "Voltou.\n");
	header = header_of(room, "reply", DONO);
	assert_lacks(header, "Auto-Submitted");
	AUTO(outbox) row = room_mail(room, "reply", DONO);
	assert_true(signed_parse_address(room->desk, row->sender, &token));
	assert_int_equal(token.kind, SIGNED_BOUNCE);
	assert_int_equal(token.outbox_id, row->id);
	signed_ref_clear(&token);
	assert_true(
		signed_parse_message_id(room->desk, row->header_id, &token));
	assert_string_equal(token.ref, ref);
	signed_ref_clear(&token);
}

/* One mail a person; To is the reader, Cc the others. */
static void test_answer_shows_who_reads(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	static const char *const readers[] = { DONO, CONTATO, COPIA };

	fixture_begin(room->fixture);
	assert_ok(participant_add(room->store, ticket->id, COPIA, "",
	                          PARTICIPANT_COPY, &error),
	          error);
	fixture_commit(room->fixture);
	staff_answers(room, ref, "Voltou.\n");
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++) {
		AUTO(outbox) row = room_mail(room, "reply", readers[i]);
		AUTO(mail) mail = room_read(room, row);
		const struct mailbox *to = mail->to->pdata[0];

		assert_int_equal(mail->to->len, 1);
		assert_string_equal(to->address, readers[i]);
		assert_int_equal(mail->cc->len, 2);
		for (guint k = 0; k < mail->cc->len; k++) {
			const struct mailbox *cc = mail->cc->pdata[k];

			assert_string_not_equal(cc->address, readers[i]);
		}
	}
	/* what a program says shows nobody else */
	room_set_status(room, ref, TICKET_OPEN);
	AUTO(outbox) ack = room_mail(room, "ack", DONO);
	AUTO(mail) mail = room_read(room, ack);
	assert_int_equal(mail->cc->len, 0);
}

/* In-Reply-To is the reader's own last message, not somebody else's. */
static void test_answer_threads_at_reader(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ PROVEN(DONO),
	                             .headers = "Message-ID: <d1@cliente>\n" },
		INTAKE_CREATED);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);
	g_autofree char *dono = NULL;
	g_autofree char *contato = NULL;

	room_expect(room,
	            &(struct letter_in){
			    PROVEN(CONTATO),
			    .to = to,
			    .headers = "Message-ID: <c1@cliente>\n" },
	            INTAKE_APPENDED);
	room_expect(room,
	            &(struct letter_in){
			    PROVEN(DONO),
			    .to = to,
			    .headers = "Message-ID: <d2@cliente>\n" },
	            INTAKE_APPENDED);
	staff_answers(room, ref, "Voltou.\n");
	dono = header_of(room, "reply", DONO);
	contato = header_of(room, "reply", CONTATO);
	assert_contains(dono, "\r\nIn-Reply-To: <d2@cliente>\r\n");
	assert_contains(contato, "\r\nIn-Reply-To: <c1@cliente>\r\n");
	AUTO(outbox) row = room_mail(room, "reply", DONO);
	AUTO(mail) mail = room_read(room, row);
	/* the ticket's, the question, our acknowledgement, the second mail */
	assert_int_equal(g_strv_length(mail->references), 4);
	assert_contains(mail->references[0], ".ticket@");
	assert_string_equal(mail->references[1], "<d1@cliente>");
	assert_string_equal(mail->references[3], "<d2@cliente>");
}

static void test_replies_come_back(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *want = signed_reply_address(
		room->desk, "suporte@desk.example", ref);
	AUTO(outbox) row = room_mail(room, "ack", DONO);
	AUTO(mail) mail = room_read(room, row);
	const struct mailbox *reply_to = mail->reply_to->pdata[0];
	const struct mailbox *from = mail->from->pdata[0];

	assert_string_equal(reply_to->address, want);
	assert_string_equal(from->address, "suporte@desk.example");
	assert_contains(mail->subject, ref);
}

/* --- attachments --- */

static GPtrArray *make_parts(const gsize *sizes, size_t count)
{
	GPtrArray *parts = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		struct mail_part *part = g_new0(struct mail_part, 1);

		part->filename = g_strdup_printf("arquivo%zu.bin", i + 1);
		part->content_type = g_strdup("application/octet-stream");
		part->detected_type = g_strdup("");
		part->content_id = g_strdup("");
		part->data = g_bytes_new_take(g_malloc0(sizes[i]), sizes[i]);
		g_ptr_array_add(parts, part);
	}
	return parts;
}

static void free_parts(GPtrArray *parts)
{
	for (guint i = 0; i < parts->len; i++) {
		struct mail_part *part = parts->pdata[i];

		g_free(part->filename);
		g_free(part->content_type);
		g_free(part->detected_type);
		g_free(part->content_id);
		g_bytes_unref(part->data);
		g_free(part);
	}
	g_ptr_array_unref(parts);
}

/* What does not fit is named; what is behind it and fits is sent. */
static void test_attachments_to_the_limit(void **state)
{
	static const struct {
		const char *name;
		gsize sizes[3];
		size_t count;
		guint sent;
		const char *left_out; /* NULL: none */
	} cases[] = {
		{ "small", { 10, 20 }, 2, 2, NULL },
		{ "exact", { LETTER_ATTACHMENTS_MAX }, 1, 1, NULL },
		{ "one too many", { LETTER_ATTACHMENTS_MAX - 5, 6, 5 }, 3, 2,
		  "arquivo2.bin" },
		{ "too large", { LETTER_ATTACHMENTS_MAX + 1 }, 1, 0,
		  "arquivo1.bin" },
	};
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	AUTO(ticket) ticket = room_ticket(room, ref);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	g_autoptr(GError) error = NULL;
	struct limits limits = room->fixture->config->limits;

	limits.message_bytes = 100 * MIB;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GPtrArray *parts =
			make_parts(cases[i].sizes, cases[i].count);
		const struct notify_message what = {
			.ticket = ticket,
			.message = entries_last(entries, MESSAGE_CUSTOMER),
			.parts = parts,
			.kind = MAIL_KIND_HUMAN,
			.proven = true,
		};

		clock_set_for_test(clock_now() + 1);
		fixture_begin(room->fixture);
		assert_ok(notify_customer_message(room->desk, room->store,
		                                  &what,
		                                  AUDIENCE_CUSTOMER_WROTE,
		                                  &error),
		          error);
		fixture_commit(room->fixture);
		AUTO(outbox) row = room_mail(room, "notice_reply", ANA);
		AUTO(mail) mail = mail_parse(row->bytes, &limits, &error);
		room_must(mail, error);
		assert_int_equal(mail->parts->len, cases[i].sent);
		if (cases[i].left_out != NULL)
			assert_contains(mail->text, cases[i].left_out);
		else
			assert_lacks(mail->text, "arquivo");
		free_parts(parts);
	}
}

/* --- languages --- */

/* Labels and sentences are in the language of the template. */
static void test_languages_agree(void **state)
{
	static const struct {
		const char *department;
		const char *customer;
		const char *status; /* label of "high" in the mail */
	} cases[] = {
		{ "", "", "Alta" },
		{ "en", "", "High" },
		{ "pt_BR", "en", "High" },
		{ "en", "pt_BR", "Alta" },
	};
	struct room *room = *state;
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(customer)
		customer = customer_get(room->store, room->customer, &error);
		g_autofree char *text = NULL;

		room_must(customer, error);
		fixture_set(&customer->language, cases[i].customer);
		fixture_set(&room->suporte->language, cases[i].department);
		fixture_begin(room->fixture);
		assert_ok(customer_update(room->store, customer, &error),
		          error);
		assert_ok(department_update(room->store, room->suporte, &error),
		          error);
		fixture_commit(room->fixture);
		room_expect(room,
		            &(struct letter_in){
				    PROVEN(DONO),
				    .body = "Prioridade: alta\nPriority: ?\n\n"
		                            "Oi.\n" },
		            INTAKE_CREATED);
		text = room_mail_text(room, "ack", DONO);
		assert_contains(text, cases[i].status);
		assert_contains(
			text,
			strcmp(cases[i].status, "High") == 0
				? phrase_get(PHRASE_FIELD_INVALID, "en")
				: phrase_get(PHRASE_FIELD_INVALID, "pt_BR"));
	}
}

static void test_phrases_are_complete(void **state)
{
	static const char *const languages[] = { "pt_BR", "en", "es" };

	(void)state;
	for (int phrase = 0; phrase < PHRASE__COUNT; phrase++) {
		const char *pt = phrase_get((enum phrase)phrase, "pt_BR");

		for (size_t i = 0; i < G_N_ELEMENTS(languages); i++) {
			const char *text = phrase_get((enum phrase)phrase,
			                              languages[i]);

			assert_non_null(text);
			assert_true(g_utf8_validate(text, -1, NULL));
			assert_true(i == 0 || strcmp(text, pt) != 0);
			assert_int_equal(g_str_has_suffix(text, ":"),
			                 g_str_has_suffix(pt, ":"));
		}
		assert_string_equal(phrase_get((enum phrase)phrase, NULL), pt);
		assert_string_equal(phrase_get((enum phrase)phrase, "xx"), pt);
	}
}

/* --- who --- */

static void test_department_may_not_acknowledge(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;

	room->suporte->acknowledge = false;
	fixture_begin(room->fixture);
	assert_ok(department_update(room->store, room->suporte, &error), error);
	fixture_commit(room->fixture);
	g_free(room_open(room));
	assert_int_equal(room_mails(room, NULL, DONO), 0);
	assert_int_equal(room_mails(room, "notice_new", ANA), 1);
}

static void test_html_where_asked(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = NULL;

	room->suporte->html = true;
	fixture_begin(room->fixture);
	assert_ok(department_update(room->store, room->suporte, &error), error);
	fixture_commit(room->fixture);
	ref = room_open(room);
	staff_answers(room, ref, "1 < 2 & <b>fim</b>\n");
	AUTO(outbox) row = room_mail(room, "reply", DONO);
	AUTO(mail) mail = room_read(room, row);
	assert_contains(mail->html, "1 &lt; 2 &amp; &lt;b&gt;fim");
	assert_contains(mail->text, "1 < 2 & <b>fim</b>");
}

/* A participant at one of our own addresses would loop. */
static void test_own_participant_gets_nothing(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);

	fixture_begin(room->fixture);
	assert_ok(participant_add(room->store, ticket->id,
	                          "financeiro+x@desk.example", "",
	                          PARTICIPANT_COPY, &error),
	          error);
	fixture_commit(room->fixture);
	staff_answers(room, ref, "Voltou.\n");
	assert_int_equal(room_mails(room, "reply", NULL), 2);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, room_setup, room_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_automatic_says_so),
		TEST(test_answer_is_a_persons),
		TEST(test_answer_shows_who_reads),
		TEST(test_answer_threads_at_reader),
		TEST(test_replies_come_back),
		TEST(test_attachments_to_the_limit),
		TEST(test_languages_agree),
		cmocka_unit_test(test_phrases_are_complete),
		TEST(test_department_may_not_acknowledge),
		TEST(test_html_where_asked),
		TEST(test_own_participant_gets_nothing),
	};

	mail_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
