/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_staffmail.c - what staff mail does, and what it must not do
 *
 * A customer writes commands in the hope that they come back in somebody's
 * quotation. Whole messages, a real store. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "store/staff.h"

#define STAFF                                                                  \
	.from = ANA, .verdict = SEAL_ACCEPT_STAFF, .proof = AUTH_PROVEN

/* Ana answers the ticket's notice with this text; outcome APPENDED. */
static void answer(struct room *room, const char *ref, const char *body)
{
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);

	room_expect(room, &(struct letter_in){ STAFF, .to = to, .body = body },
	            INTAKE_APPENDED);
}

static enum ticket_status status_of(struct room *room, const char *ref)
{
	AUTO(ticket) ticket = room_ticket(room, ref);

	return ticket->status;
}

/* --- answers --- */

static void test_answer_goes_to_participants(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *text = NULL;

	answer(room, ref, "Já voltou.\n");
	text = room_mail_text(room, "reply", DONO);
	assert_contains(text, "Já voltou.");
	assert_int_equal(room_mails(room, "reply", CONTATO), 1);
	assert_int_equal(room_mails(room, "reply", NULL), 2);
	assert_int_equal(status_of(room, ref), TICKET_ANSWERED);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_STAFF), 1);
}

static void test_answer_carries_commands(void **state)
{
	static const struct {
		const char *name;
		const char *body;
		enum ticket_status status;
		enum ticket_priority priority;
		bool assigned;
		unsigned replies;
		unsigned notes;
	} cases[] = {
		{ "close", "Pronto.\n#fechar\n", TICKET_CLOSED, TICKET_MEDIUM,
		  false, 1, 0 },
		{ "close alone", "#fechar\n", TICKET_CLOSED, TICKET_MEDIUM,
		  false, 0, 0 },
		{ "note", "#nota\nCliente difícil.\n", TICKET_OPEN,
		  TICKET_MEDIUM, false, 0, 1 },
		{ "note and status", "#nota\n#espera\nFalta peça.\n",
		  TICKET_ON_HOLD, TICKET_MEDIUM, false, 0, 1 },
		{ "priority", "#prioridade alta\nVendo.\n", TICKET_ANSWERED,
		  TICKET_HIGH, false, 1, 0 },
		{ "take", "#assumir\n", TICKET_OPEN, TICKET_MEDIUM, true, 0,
		  0 },
		{ "above a quotation",
		  "Pronto.\n#resolvido\n\n> Meu site caiu.\n", TICKET_RESOLVED,
		  TICKET_MEDIUM, false, 1, 0 },
		{ "below a quotation",
		  "> Meu site caiu.\n\nPronto.\n#resolvido\n",
		  TICKET_RESOLVED, TICKET_MEDIUM, false, 1, 0 },
		{ "field line", "Prioridade: baixa\n\nVendo.\n",
		  TICKET_ANSWERED, TICKET_LOW, false, 1, 0 },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = room_open(room);
		unsigned before = room_mails(room, "reply", DONO);
		AUTO(ticket) ticket = NULL;

		answer(room, ref, cases[i].body);
		ticket = room_ticket(room, ref);
		if (ticket->status != cases[i].status ||
		    ticket->priority != cases[i].priority ||
		    (ticket->assignee != 0) != cases[i].assigned ||
		    room_mails(room, "reply", DONO) - before !=
		            cases[i].replies ||
		    room_count_entries(room, ref, MESSAGE_NOTE) !=
		            cases[i].notes)
			fail_msg("%s: %s, %s", cases[i].name,
			         ticket_status_name(ticket->status),
			         ticket_priority_name(ticket->priority));
	}
}

/* What the customer reads below an answer is true for its ticket. */
static void test_closing_answer_says_so(void **state)
{
	static const struct {
		const char *body;
		bool ends;
		const char *event; /* NULL: none about the status */
	} cases[] = {
		{ "Pronto.\n#fechar\n", true, "status: open -> closed (ana" },
		{ "#FECHAR.\n\nPronto.\n", true,
		  "status: open -> closed (ana" },
		{ "Pronto.\n#resolver\n", false,
		  "status: open -> resolved (ana" },
		{ "Vendo.\n", false, NULL },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = room_open(room);
		g_autofree char *text = NULL;
		const char *event = cases[i].event;

		answer(room, ref, cases[i].body);
		text = room_mail_text(room, "reply", DONO);
		if ((strstr(text, "abre um chamado novo") != NULL)
		            != cases[i].ends
		    || (strstr(text, "basta responder") == NULL)
		               != cases[i].ends
		    || strstr(text, "{{") != NULL
		    || room_has_event(room, ref,
		                      event != NULL ? event : "status:")
		               != (event != NULL))
			fail_msg("%s: %s", cases[i].body, text);
	}
}

static void test_words_that_are_no_command(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *text = NULL;

	answer(room, ref, "Rode:\n#include <stdio.h>\n");
	text = room_mail_text(room, "reply", DONO);
	assert_contains(text, "#include <stdio.h>");
	assert_int_equal(status_of(room, ref), TICKET_ANSWERED);
}

/* A wrong command: nothing is sent, nothing is done, and Ana learns why. */
static void test_wrong_command_stops_all(void **state)
{
	static const struct {
		const char *body;
		const char *line; /* told to Ana */
	} cases[] = {
		{ "#fehcar\n#prioridade alta\n\nPronto.\n", "#fehcar" },
		{ "#fechar\n#feche tudo\n\nPronto.\n", "#feche tudo" },
		{ "Pronto.\n\n#fehcar\n", "#fehcar" },
		{ "#prioridade enorme\nPronto.\n", "#prioridade enorme" },
		{ "#setor nenhum\n#fechar\nPronto.\n", "#setor nenhum" },
		{ "#setor\nPronto.\n", "#setor" },
		{ "#atribuir carlos\n#assumir\nPronto.\n",
		  "#atribuir carlos" },
		{ "#atribuir " DONO "\n", "#atribuir " DONO },
		{ "#copiar ninguém\nPronto.\n", "#copiar ninguém" },
		{ "#copiar " COPIA ", " BETO "\nPronto.\n", BETO },
		{ "#copiar suporte@desk.example\nPronto.\n",
		  "#copiar suporte@desk.example" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = room_open(room);
		unsigned replies = room_mails(room, "reply", NULL);
		g_autoptr(GPtrArray) entries = NULL;
		g_autofree char *told = NULL;
		AUTO(ticket) ticket = NULL;

		answer(room, ref, cases[i].body);
		ticket = room_ticket(room, ref);
		entries = room_entries(room, ref);
		told = room_mail_text(room, "notice_kept", ANA);
		if (room_mails(room, "reply", NULL) != replies ||
		    ticket->status != TICKET_OPEN ||
		    ticket->priority != TICKET_MEDIUM ||
		    ticket->assignee != 0 ||
		    ticket->department_id != room->suporte->id)
			fail_msg("%s: something was done", cases[i].body);
		assert_contains(told, "nada foi enviado ao cliente");
		assert_contains(told, cases[i].line);
		assert_contains(entries_last(entries, MESSAGE_NOTE)->text,
		                cases[i].line);
		assert_true(room_has_event(room, ref, "not carried out"));
	}
}

static void test_move_by_mail(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *mail = NULL;
	AUTO(ticket) ticket = NULL;

	answer(room, ref, "#setor Financeiro\n\nPasso ao financeiro.\n");
	ticket = room_ticket(room, ref);
	assert_int_equal(ticket->department_id, room->financeiro->id);
	assert_int_equal(ticket->status, TICKET_ANSWERED);
	mail = room_mail_text(room, "notice_moved", BETO);
	assert_contains(mail, "setor: suporte");
	assert_int_equal(room_mails(room, "notice_moved", ANA), 0);
	assert_int_equal(room_mails(room, "reply", DONO), 1);
}

/* Who is added by a line reads the answer below it. */
static void test_copy_by_mail(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);

	answer(room, ref, "#copiar Fulano <" COPIA ">\n\nIncluí o Fulano.\n");
	assert_int_equal(room_mails(room, "reply", COPIA), 1);
	answer(room, ref, "#copiar " ALHEIO "; " COPIA "\n\nOutro.\n");
	assert_int_equal(room_mails(room, "reply", ALHEIO), 1);
	assert_true(room_has_event(room, ref, "copy added: " COPIA " (ana)"));
	answer(room, ref, "#copy " COPIA "\n\nMais uma.\n");
	assert_int_equal(room_mails(room, "reply", COPIA), 3);
}

static void test_assign(void **state)
{
	static const struct {
		const char *body;
		const char *login;
	} cases[] = {
		{ "#atribuir beto\n", "beto" },
		{ "#atribuir " BETO "\n", "beto" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = room_open(room);
		AUTO(ticket) ticket = NULL;
		AUTO(staff) staff = NULL;

		answer(room, ref, cases[i].body);
		ticket = room_ticket(room, ref);
		staff = staff_by_login(room->store, cases[i].login, NULL);
		room_must(staff, (GError *)NULL);
		assert_int_equal(ticket->assignee, staff->id);
	}
}

static void test_other_department_is_allowed(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);

	room_expect(room,
	            &(struct letter_in){ .from = BETO,
	                                 .verdict = SEAL_ACCEPT_STAFF,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to,
	                                 .body = "Sobre a fatura: paga.\n" },
	            INTAKE_APPENDED);
	assert_int_equal(room_mails(room, "reply", DONO), 1);
}

/* --- what is not Ana's own --- */

/* The notice as her program quotes it; the customer's text is hostile. */
#define NOTICE                                                                 \
	"Nova mensagem de Cliente 1 <" DONO ">\n\n  Chamado:    X\n\n"         \
	"--------------------------------------------------------------------" \
	"----\n#fechar\n#prioridade baixa\n-----------------------------------" \
	"-------------------------------------\n\nPara responder ao cliente, " \
	"responda a este e-mail. Comandos aceitos,\ncada um em sua própria "    \
	"linha: \"#nota\" (só a equipe lê), \"#assumir\",\n\"#prioridade alta\""

static void test_quoted_commands_do_nothing(void **state)
{
	static const struct {
		const char *name;
		const char *body;
		bool sent;
	} cases[] = {
		{ "marked", "Vendo.\n\n> #fechar\n> #prioridade baixa\n",
		  true },
		{ "Outlook",
		  "Vendo.\n\n-----Mensagem original-----\nDe: Suporte\n"
		  "Enviada em: hoje\nPara: Ana\nAssunto: x\n\n" NOTICE,
		  true },
		{ "header only",
		  "Vendo.\n\nDe: Suporte <s@desk.example>\nEnviado: hoje\n"
		  "Para: Ana\nAssunto: x\n\n" NOTICE,
		  true },
		{ "no marks at all", "Vendo.\n\n" NOTICE, true },
		{ "nothing but the quotation", NOTICE, false },
		{ "quotation, then header", "De: Suporte <s@desk.example>\n"
		                            "Enviado: hoje\nPara: Ana\n"
		                            "Assunto: x\n\n#fechar\n",
		  false },
		{ "attribution",
		  "Vendo.\n\nEm 22/11/2026, Suporte <s@desk.example> "
		  "escreveu:\n\n#fechar\n#prioridade baixa\n",
		  true },
		{ "broken line", "> o comando\n#fechar\n\nVendo.\n", true },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = room_open(room);
		unsigned before = room_mails(room, "reply", DONO);
		AUTO(ticket) ticket = NULL;
		bool sent;

		answer(room, ref, cases[i].body);
		ticket = room_ticket(room, ref);
		sent = room_mails(room, "reply", DONO) > before;
		if (ticket->status == TICKET_CLOSED ||
		    ticket->priority != TICKET_MEDIUM || sent != cases[i].sent)
			fail_msg("%s: %s, %s, sent %d", cases[i].name,
			         ticket_status_name(ticket->status),
			         ticket_priority_name(ticket->priority), sent);
	}
}

/* The customer never reads what our notice said to staff. */
static void test_answer_has_no_notice(void **state)
{
	static const char *const bodies[] = {
		"Vendo.\n\n" NOTICE,
		"Vendo.\n\nEm 22/11, Suporte <s@desk.example> escreveu:\n"
		"> Nova mensagem de Cliente 1 <" DONO ">\n"
		"> Comandos aceitos,\n> Meu site caiu.\n",
		"> Nova mensagem de Cliente 1\n>\n> Chamado: X\n"
		"> Meu site caiu.\nVendo.\n> Comandos aceitos: \"#nota\"\n\n"
		"Até.\n",
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autofree char *ref = room_open(room);
		g_autofree char *text = NULL;

		answer(room, ref, bodies[i]);
		text = room_mail_text(room, "reply", DONO);
		assert_contains(text, "Vendo.");
		assert_lacks(text, "Nova mensagem");
		assert_lacks(text, "Comandos aceitos");
		assert_lacks(text, "#nota");
	}
}

/* Answers between the customer's own lines keep those lines. */
static void test_answer_keeps_customers_lines(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *text = NULL;

	answer(room, ref, "#nota\nnão diga nada\n");
	answer(room, ref, "> Meu site caiu.\nVoltou.\n> não diga nada\n"
	                  "Mais algo?\n> fim\n");
	text = room_mail_text(room, "reply", DONO);
	assert_contains(text, "> Meu site caiu.\nVoltou.");
	assert_contains(text, "Mais algo?");
	assert_lacks(text, "não diga nada");
}

/* In doubt it is kept inside, and Ana is told. */
static void test_doubtful_becomes_note(void **state)
{
	static const struct {
		const char *name;
		const char *subject;
		const char *body;
	} cases[] = {
		{ "only quoted", NULL, NOTICE },
		{ "note in doubt", NULL, "> a\n#nota\nsegredo\n> b\nx\n" },
		{ "forward", "ENC: do fornecedor",
		  "---------- Forwarded message ---------\nDe: f@x.example\n"
		  "\nPreço de custo.\n" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = room_open(room);
		g_autofree char *to = signed_reply_address(
			room->desk, "suporte@desk.example", ref);
		g_autoptr(GPtrArray) entries = NULL;

		room_expect(room,
		            &(struct letter_in){ STAFF,
		                                 .to = to,
		                                 .subject = cases[i].subject,
		                                 .body = cases[i].body },
		            INTAKE_APPENDED);
		if (room_count_entries(room, ref, MESSAGE_NOTE) != 1 ||
		    room_mails(room, "reply", NULL) != 0 ||
		    room_mails(room, "notice_kept", ANA) != i + 1)
			fail_msg("%s", cases[i].name);
		entries = room_entries(room, ref);
		assert_string_not_equal(
			entries_last(entries, MESSAGE_NOTE)->raw, "");
	}
}

static void test_part_sent_is_told(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *text = NULL;

	answer(room, ref, "Vendo.\n\nNova mensagem de X\n\nresto\n");
	text = room_mail_text(room, "reply", DONO);
	assert_contains(text, "Vendo.");
	assert_lacks(text, "resto");
	text = (g_free(text), room_mail_text(room, "notice_kept", ANA));
	assert_contains(text, "só a parte abaixo");
}

/* A file above a quotation is an answer. */
static void test_file_alone_is_sent(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);

	room_expect(room,
	            &(struct letter_in){
			    STAFF,
			    .to = to,
			    .headers = "MIME-Version: 1.0\nContent-Type: "
	                               "multipart/mixed; boundary=b\nX-Was: ",
			    .body = "--b\n\n> Meu site caiu.\n--b\n"
	                            "Content-Type: application/pdf\n"
	                            "Content-Disposition: attachment; "
	                            "filename=a.pdf\n\nPDF\n--b--\n" },
	            INTAKE_APPENDED);
	AUTO(outbox) row = room_mail(room, "reply", DONO);
	AUTO(mail) mail = room_read(room, row);
	assert_int_equal(mail->parts->len, 1);
	assert_lacks(mail->text, "Meu site caiu.");
}

/* --- automatic --- */

static void test_vacation_of_staff(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = signed_reply_address(
		room->desk, "suporte@desk.example", ref);
	unsigned mails = room_mails(room, NULL, NULL);

	room_expect(room,
	            &(struct letter_in){
			    STAFF,
			    .to = to,
			    .headers = "Auto-Submitted: auto-replied\n",
			    .body = "Volto segunda.\n#fechar\n" },
	            INTAKE_APPENDED);
	assert_int_equal(room_mails(room, NULL, NULL), mails);
	assert_int_equal(status_of(room, ref), TICKET_OPEN);
	assert_true(room_has_event(room, ref, "Volto segunda."));
	/* about no ticket: it opens none */
	room_expect(room,
	            &(struct letter_in){
			    STAFF, .headers = "Auto-Submitted: auto-replied\n" },
	            INTAKE_HELD);
	assert_int_equal(room_tickets(room), 1);
	assert_int_equal(room_mails(room, NULL, NULL), mails);
}

/* --- staff open a ticket --- */

static void test_staff_open_ticket(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ .from = BETO,
	                             .verdict = SEAL_ACCEPT_STAFF,
	                             .proof = AUTH_PROVEN,
	                             .headers = "Cc: " DONO "\n",
	                             .body = "Trocar o disco.\n" },
		INTAKE_CREATED);
	AUTO(ticket) ticket = room_ticket(room, ref);
	g_autoptr(GPtrArray) people =
		participant_list(room->store, ticket->id, NULL);

	assert_string_equal(ticket->requester, BETO);
	assert_int_equal(ticket->status, TICKET_OPEN);
	assert_int_equal(ticket->customer_id, 0);
	assert_int_equal(people->len, 0);
	/* Ana, who works in suporte, learns of it; nobody else. */
	assert_int_equal(room_mails(room, "notice_new", ANA), 1);
	assert_int_equal(room_mails(room, NULL, NULL), 1);
}

static void test_staff_open_with_orders(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ STAFF,
	                             .body = "#assumir\n#prioridade alta\n"
	                                     "Trocar o disco.\n> #fechar\n" },
		INTAKE_CREATED);
	AUTO(ticket) ticket = room_ticket(room, ref);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);

	assert_int_equal(ticket->status, TICKET_OPEN);
	assert_int_equal(ticket->priority, TICKET_HIGH);
	assert_int_not_equal(ticket->assignee, 0);
	assert_string_equal(entries_last(entries, MESSAGE_STAFF)->text,
	                    "Trocar o disco.");
	assert_int_equal(room_mails(room, NULL, NULL), 0);
}

/* Whoever was staff when the seal was made and is not any more. */
static void test_staff_gone(void **state)
{
	struct room *room = *state;

	room_expect(room,
	            &(struct letter_in){ .from = "ex@equipe.example",
	                                 .verdict = SEAL_ACCEPT_STAFF,
	                                 .proof = AUTH_PROVEN },
	            INTAKE_HELD);
	assert_int_equal(room_tickets(room), 0);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, room_setup, room_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_answer_goes_to_participants),
		TEST(test_answer_carries_commands),
		TEST(test_words_that_are_no_command),
		TEST(test_closing_answer_says_so),
		TEST(test_wrong_command_stops_all),
		TEST(test_move_by_mail),
		TEST(test_copy_by_mail),
		TEST(test_assign),
		TEST(test_other_department_is_allowed),
		TEST(test_quoted_commands_do_nothing),
		TEST(test_answer_has_no_notice),
		TEST(test_answer_keeps_customers_lines),
		TEST(test_doubtful_becomes_note),
		TEST(test_part_sent_is_told),
		TEST(test_file_alone_is_sent),
		TEST(test_vacation_of_staff),
		TEST(test_staff_open_ticket),
		TEST(test_staff_open_with_orders),
		TEST(test_staff_gone),
	};

	mail_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
