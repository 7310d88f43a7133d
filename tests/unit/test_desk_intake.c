/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_intake.c - what becomes of messages that were let in
 *
 * Whole messages through intake_store() into a real store. Hermetic.
 */
#include "unit/desk_mailroom.h"

#include "desk/conversation.h"

/* Proven mail of the customer's, the commonest case. */
#define PROVEN(sender) .from = (sender), .verdict = SEAL_ACCEPT, .proof = AUTH_PROVEN

static char *reply_address(struct room *room, const char *ref)
{
	return signed_reply_address(room->desk, "suporte@desk.example", ref);
}

/* --- new tickets --- */

static void test_store_opens_ticket(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	AUTO(ticket) ticket = room_ticket(room, ref);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	const struct message *entry = entries_last(entries, MESSAGE_CUSTOMER);

	assert_int_equal(ticket->status, TICKET_OPEN);
	assert_int_equal(ticket->customer_id, room->customer);
	assert_string_equal(ticket->requester, DONO);
	assert_string_equal(ticket->subject, "Site fora do ar");
	assert_string_equal(entry->name, "Cliente 1");
	assert_string_equal(entry->text, "Meu site caiu.");
	assert_string_not_equal(entry->raw, "");
	assert_int_equal(room_mails(room, "ack", DONO), 1);
	assert_int_equal(room_mails(room, "ack_contact", CONTATO), 1);
	assert_int_equal(room_mails(room, "notice_new", ANA), 1);
	assert_int_equal(room_mails(room, NULL, NULL), 3);
}

static void test_store_keeps_bytes(void **state)
{
	struct room *room = *state;
	const struct letter_in letter = { PROVEN(DONO) };
	g_autofree char *text = letter_text(&letter);
	g_autofree char *ref = room_take_ref(room, &letter, INTAKE_CREATED);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	const struct message *entry = entries_last(entries, MESSAGE_CUSTOMER);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) raw = blob_get(room->store, entry->raw, &error);

	room_must(raw, error);
	assert_int_equal(g_bytes_get_size(raw), strlen(text));
	assert_memory_equal(g_bytes_get_data(raw, NULL), text, strlen(text));
}

static void test_store_flattens_evidence(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ PROVEN(DONO),
	                             .evidence = "spf=pass\n\tdkim=pass\r\n x" },
		INTAKE_CREATED);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);
	const struct message *entry = entries_last(entries, MESSAGE_CUSTOMER);

	assert_string_equal(entry->auth, "spf=pass dkim=pass x");
	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .verdict = SEAL_HOLD,
	                                 .proof = AUTH_UNPROVEN,
	                                 .evidence = "spf=none\n\tdkim=none" },
	            INTAKE_HELD);
	AUTO(held) held = room_held(room, 1);
	assert_string_equal(held->auth, "spf=none dkim=none");
}

/* Whoever stands in Cc is nobody that has been proven. */
static void test_store_adds_no_copies(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ PROVEN(DONO),
	                             .headers = "Cc: " ALHEIO ", " OUTRO "\n" },
		INTAKE_CREATED);
	AUTO(ticket) ticket = room_ticket(room, ref);
	g_autoptr(GPtrArray) people =
		participant_list(room->store, ticket->id, NULL);

	assert_int_equal(people->len, 2);
	assert_int_equal(room_mails(room, NULL, ALHEIO), 0);
	assert_int_equal(room_mails(room, NULL, OUTRO), 0);
}

/* --- fields --- */

static void add_service(struct room *room, gint64 customer, char *label,
                        char *domain, bool active)
{
	g_autoptr(GError) error = NULL;
	char kind[] = "hosting";
	struct service service = { .customer_id = customer,
		                   .kind = kind,
		                   .label = label,
		                   .domain = domain,
		                   .active = active };

	fixture_begin(room->fixture);
	assert_ok(service_insert(room->store, &service, &error), error);
	fixture_commit(room->fixture);
}

static void add_services(struct room *room)
{
	char hospedagem[] = "Hospedagem Ação", empty[] = "";
	char domain[] = "loja.example", idn[] = "xn--ao-siap.example";
	char old[] = "velho.example", foreign[] = "alheio.example";

	add_service(room, room->customer, hospedagem, empty, true);
	add_service(room, room->customer, empty, domain, true);
	add_service(room, room->customer, empty, idn, true);
	add_service(room, room->customer, empty, old, false);
	add_service(room, room->other, empty, foreign, true);
}

static void test_store_reads_fields(void **state)
{
	static const struct {
		const char *name;
		const char *body;
		enum ticket_priority priority;
		const char *service; /* label or domain, NULL: none */
		const char *said;    /* in the acknowledgement, NULL: nothing */
	} cases[] = {
		{ "priority", "Prioridade: alta\n\nOi.\n", TICKET_HIGH, NULL,
		  NULL },
		{ "domain", "Servico: LOJA.example\n\nOi.\n", TICKET_MEDIUM,
		  "loja.example", NULL },
		{ "label", "Serviço: hospedagem ação\n\nOi.\n", TICKET_MEDIUM,
		  "Hospedagem Ação", NULL },
		{ "IDN", "Serviço: Ação.example\n\nOi.\n", TICKET_MEDIUM,
		  "xn--ao-siap.example", NULL },
		{ "both", "Serviço: loja.example\nPriority: low\n\nOi.\n",
		  TICKET_LOW, "loja.example", NULL },
		{ "bad priority", "Prioridade: ontem\n\nOi.\n", TICKET_MEDIUM,
		  NULL, "Prioridade: ontem" },
		{ "unknown service", "Serviço: nada.example\n\nOi.\n",
		  TICKET_MEDIUM, NULL, "nada.example" },
		{ "inactive service", "Serviço: velho.example\n\nOi.\n",
		  TICKET_MEDIUM, NULL, "velho.example" },
		{ "another's service", "Serviço: alheio.example\n\nOi.\n",
		  TICKET_MEDIUM, NULL, "alheio.example" },
	};
	struct room *room = *state;

	add_services(room);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref = room_take_ref(
			room,
			&(struct letter_in){ PROVEN(DONO),
		                             .body = cases[i].body },
			INTAKE_CREATED);
		AUTO(ticket) ticket = room_ticket(room, ref);
		AUTO(service) service = NULL;
		g_autofree char *ack = room_mail_text(room, "ack", DONO);

		assert_int_equal(ticket->priority, cases[i].priority);
		assert_int_equal(ticket->service_id != 0,
		                 cases[i].service != NULL);
		if (ticket->service_id != 0) {
			service = service_get(room->store, ticket->service_id,
			                      NULL);
			room_must(service, (GError *)NULL);
			assert_true(strcmp(service->label, cases[i].service) ==
			                    0 ||
			            strcmp(service->domain,
			                   cases[i].service) == 0);
		}
		if (cases[i].said != NULL)
			assert_contains(ack, cases[i].said);
	}
}

/* What was not understood is readable: the line itself, or an event. */
static void test_store_keeps_bad_fields(void **state)
{
	struct room *room = *state;
	g_autofree char *bad = room_take_ref(
		room,
		&(struct letter_in){ PROVEN(DONO),
	                             .body = "Prioridade: ontem\n\nOi.\n" },
		INTAKE_CREATED);
	g_autofree char *unknown = room_take_ref(
		room,
		&(struct letter_in){ PROVEN(DONO),
	                             .body = "Serviço: nada.example\n\nOi.\n" },
		INTAKE_CREATED);
	g_autoptr(GPtrArray) entries = room_entries(room, bad);

	assert_contains(entries_last(entries, MESSAGE_CUSTOMER)->text,
	                "Prioridade: ontem");
	assert_true(room_has_event(room, unknown, "nada.example"));
}

/* On a reply a field counts if a proven person wrote it. */
static void test_reply_changes_fields(void **state)
{
	static const struct {
		const char *name;
		enum auth_proof proof;
		const char *headers;
		const char *body;
		enum ticket_priority want;
	} cases[] = {
		{ "unproven", AUTH_UNPROVEN, "", "Prioridade: alta\n\nOi.\n",
		  TICKET_MEDIUM },
		{ "automatic", AUTH_PROVEN, "Auto-Submitted: auto-replied\n",
		  "Prioridade: alta\n\nOi.\n", TICKET_MEDIUM },
		{ "no field", AUTH_PROVEN, "X-Priority: 3\n", "Oi.\n",
		  TICKET_MEDIUM },
		{ "proven", AUTH_PROVEN, "", "Prioridade: alta\n\nOi.\n",
		  TICKET_HIGH },
		{ "nonsense", AUTH_PROVEN, "", "Prioridade: hoje\n\nOi.\n",
		  TICKET_HIGH },
	};
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		room_expect(room,
		            &(struct letter_in){ .from = DONO,
		                                 .verdict = SEAL_ACCEPT,
		                                 .proof = cases[i].proof,
		                                 .headers = cases[i].headers,
		                                 .body = cases[i].body,
		                                 .to = to },
		            INTAKE_APPENDED);
		AUTO(ticket) ticket = room_ticket(room, ref);
		assert_int_equal(ticket->priority, cases[i].want);
	}
	assert_true(room_has_event(room, ref,
	                           "priority: medium -> high (" DONO ")"));
}

static void test_reply_changes_service(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);

	add_services(room);
	room_expect(room,
	            &(struct letter_in){ PROVEN(CONTATO),
	                                 .body = "Serviço: loja.example\n\nOi.",
	                                 .to = to },
	            INTAKE_APPENDED);
	AUTO(ticket) ticket = room_ticket(room, ref);
	assert_int_not_equal(ticket->service_id, 0);
	assert_true(room_has_event(room, ref, "service: loja.example"));
}

/* --- replies and states --- */

static void test_reply_sets_status(void **state)
{
	static const struct {
		enum ticket_status before;
		const char *headers;
		enum ticket_status after;
	} cases[] = {
		{ TICKET_OPEN, "", TICKET_CUSTOMER_REPLY },
		{ TICKET_ANSWERED, "", TICKET_CUSTOMER_REPLY },
		{ TICKET_RESOLVED, "", TICKET_CUSTOMER_REPLY },
		{ TICKET_ON_HOLD, "", TICKET_CUSTOMER_REPLY },
		{ TICKET_ANSWERED, "Auto-Submitted: auto-replied\n",
		  TICKET_ANSWERED },
		{ TICKET_RESOLVED, "X-Autoreply: yes\n", TICKET_RESOLVED },
		{ TICKET_RESOLVED, "List-Id: <l.example>\n", TICKET_RESOLVED },
	};
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		room_set_status(room, ref, cases[i].before);
		room_expect(room,
		            &(struct letter_in){ PROVEN(DONO),
		                                 .headers = cases[i].headers,
		                                 .to = to },
		            INTAKE_APPENDED);
		AUTO(ticket) ticket = room_ticket(room, ref);
		assert_int_equal(ticket->status, cases[i].after);
	}
}

static void test_reply_to_closed_is_linked(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);
	g_autofree char *next = NULL;

	room_set_status(room, ref, TICKET_CLOSED);
	next = room_take_ref(room, &(struct letter_in){ PROVEN(DONO), .to = to },
	                     INTAKE_CREATED);
	assert_string_not_equal(next, ref);
	assert_true(room_has_event(room, next, ref));
	assert_true(room_has_event(room, ref, next));
	AUTO(ticket) old = room_ticket(room, ref);
	assert_int_equal(old->status, TICKET_CLOSED);
}

/* A registered contact keeps his right to write where only replies are
 * taken; a participant's right ends with the ticket. */
static void test_reply_to_closed_where_replies_only(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *to = NULL;
	g_autofree char *next = NULL;
	AUTO(ticket) ticket = NULL;

	fixture_begin(room->fixture);
	ticket = fixture_ticket(room->fixture, room->respostas->id,
	                        room->customer, DONO);
	assert_ok(participant_add(room->store, ticket->id, COPIA, "",
	                          PARTICIPANT_COPY, &error),
	          error);
	fixture_commit(room->fixture);
	room_set_status(room, ticket->ref, TICKET_CLOSED);
	to = signed_reply_address(room->desk, "respostas@desk.example",
	                          ticket->ref);
	next = room_take_ref(room,
	                     &(struct letter_in){ .from = DONO,
	                                          .verdict = SEAL_ACCEPT_REPLY,
	                                          .proof = AUTH_PROVEN,
	                                          .to = to },
	                     INTAKE_CREATED);
	assert_true(room_has_event(room, next, ticket->ref));
	room_expect(room,
	            &(struct letter_in){ .from = COPIA,
	                                 .verdict = SEAL_ACCEPT_REPLY,
	                                 .proof = AUTH_PROVEN,
	                                 .to = to },
	            INTAKE_HELD);
	/* Whom nobody can ask gets no question, and no other mail either. */
	assert_int_equal(room_mails(room, NULL, COPIA), 0);
}

/* A program's answer to the closing notice opens nothing. */
static void test_automatic_reply_to_closed(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);
	unsigned before;

	room_set_status(room, ref, TICKET_CLOSED);
	before = room_tickets(room);
	room_expect(room,
	            &(struct letter_in){
			    PROVEN(DONO),
			    .headers = "Auto-Submitted: auto-replied\n",
			    .to = to },
	            INTAKE_APPENDED);
	assert_int_equal(room_tickets(room), before);
	AUTO(ticket) ticket = room_ticket(room, ref);
	assert_int_equal(ticket->status, TICKET_CLOSED);
}

/* Accepted for its ticket only, and that one is not to be had. */
static void test_accept_reply_without_ticket(void **state)
{
	struct room *room = *state;

	room_expect(room,
	            &(struct letter_in){ .from = COPIA,
	                                 .verdict = SEAL_ACCEPT_REPLY,
	                                 .proof = AUTH_PROVEN,
	                                 .to = "respostas" },
	            INTAKE_HELD);
	assert_int_equal(room_tickets(room), 0);
}

/* Somebody else's ticket number makes a ticket of one's own. */
static void test_reply_of_nonparticipant(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);
	g_autofree char *own = room_take_ref(
		room, &(struct letter_in){ PROVEN(OUTRO), .to = to },
		INTAKE_CREATED);

	assert_string_not_equal(own, ref);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_CUSTOMER), 1);
	assert_true(room_has_event(room, own, ref));
	assert_true(room_has_event(room, ref, own));
}

/* A contact that was registered after the ticket reads its answers. */
static void test_reply_of_new_contact(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);
	char address[] = "novo@cliente.example", empty[] = "";
	struct contact row = { .customer_id = room->customer,
		               .address = address,
		               .name = empty,
		               .role = CONTACT_ADDITIONAL,
		               .login = empty,
		               .active = true };
	bool is = false;

	fixture_begin(room->fixture);
	assert_ok(contact_insert(room->store, &row, &error), error);
	fixture_commit(room->fixture);
	room_expect(room, &(struct letter_in){ PROVEN(address), .to = to },
	            INTAKE_APPENDED);
	AUTO(ticket) ticket = room_ticket(room, ref);
	assert_ok(participant_is(room->store, ticket->id, address, &is, &error),
	          error);
	assert_true(is);
}

/* --- loops --- */

static void test_automatic_gets_no_ack(void **state)
{
	static const struct {
		const char *name;
		const char *headers;
		const char *mail_from;
	} cases[] = {
		{ "auto reply", "Auto-Submitted: auto-replied\n", NULL },
		{ "notice", "Auto-Submitted: auto-generated\n", NULL },
		{ "vacation", "X-Vacation: yes\n", NULL },
		{ "precedence", "Precedence: bulk\n", NULL },
		{ "list", "List-Id: <lista.example>\n", NULL },
		{ "null sender", "", "" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		room_expect(room,
		            &(struct letter_in){
				    PROVEN(DONO),
				    .headers = cases[i].headers,
				    .mail_from = cases[i].mail_from },
		            INTAKE_CREATED);
	assert_int_equal(room_tickets(room), G_N_ELEMENTS(cases));
	assert_int_equal(room_mails(room, NULL, DONO), 0);
	assert_int_equal(room_mails(room, NULL, CONTATO), 0);
	assert_int_equal(room_mails(room, "notice_new", ANA),
	                 G_N_ELEMENTS(cases));
}

/* Out of office, in answer to our acknowledgement: it is kept, and that is
 * all. */
static void test_vacation_answers_ack(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *answers = room_answers(room, "ack", DONO);
	g_autofree char *headers =
		g_strconcat(answers, "Auto-Submitted: auto-replied\n", NULL);
	unsigned mails = room_mails(room, NULL, DONO);

	room_expect(room, &(struct letter_in){ PROVEN(DONO), .headers = headers },
	            INTAKE_APPENDED);
	AUTO(ticket) ticket = room_ticket(room, ref);
	assert_int_equal(ticket->status, TICKET_OPEN);
	assert_int_equal(room_mails(room, NULL, DONO), mails);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_CUSTOMER), 2);
}

/* The same with the null sender, as RFC 3834 wants it. */
static void test_vacation_with_null_sender(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *answers = room_answers(room, "ack", DONO);
	g_autofree char *headers =
		g_strconcat(answers, "Auto-Submitted: auto-replied\n", NULL);

	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .verdict = SEAL_ACCEPT_BOUNCE,
	                                 .proof = AUTH_UNPROVEN,
	                                 .mail_from = "",
	                                 .headers = headers,
	                                 .body = "Volto dia 2.\n" },
	            INTAKE_BOUNCE);
	AUTO(ticket) ticket = room_ticket(room, ref);
	assert_int_equal(ticket->status, TICKET_OPEN);
	assert_true(room_has_event(room, ref, "Volto dia 2."));
	assert_int_equal(room_bounced(room, DONO), 0);
}

/* Null sender, neither about mail of ours nor into a ticket. */
static void test_null_sender_opens_nothing(void **state)
{
	struct room *room = *state;

	room_expect(room,
	            &(struct letter_in){ .from = DONO,
	                                 .verdict = SEAL_ACCEPT_BOUNCE,
	                                 .proof = AUTH_UNPROVEN,
	                                 .mail_from = "" },
	            INTAKE_HELD);
	assert_int_equal(room_tickets(room), 0);
	assert_int_equal(room_mails(room, NULL, NULL), 0);
}

/* A program that answers every acknowledgement and hides what it is. */
static void test_ack_window(void **state)
{
	struct room *room = *state;
	const struct config_notifier *config = &room->fixture->config->notifier;
	unsigned max = fixture_window(config->brake_total);

	for (unsigned i = 0; i < max + 5; i++)
		room_expect(room, &(struct letter_in){ PROVEN(DONO) },
		            INTAKE_CREATED);
	assert_int_equal(room_mails(room, "ack", DONO), max);
	assert_int_equal(room_mails(room, "ack_contact", CONTATO), max);
	assert_int_equal(room_tickets(room), max + 5);
	clock_set_for_test(clock_now() + 10 * CLOCK_MINUTE);
	room_expect(room, &(struct letter_in){ PROVEN(DONO) }, INTAKE_CREATED);
	assert_int_equal(room_mails(room, "ack", DONO), max + 1);
}

/* Two desks: each mail of one is answered by the other until both rest. Here
 * the other one is a customer's whose answers carry no mark. */
static void test_two_desks_come_to_rest(void **state)
{
	struct room *room = *state;
	unsigned max =
		fixture_window(room->fixture->config->notifier.brake_total);
	unsigned rounds = 0;
	unsigned seen = 0;

	room_expect(room, &(struct letter_in){ PROVEN(OUTRO) }, INTAKE_CREATED);
	while (room_mails(room, NULL, OUTRO) > seen && rounds < 10 * max) {
		seen = room_mails(room, NULL, OUTRO);
		room_expect(room,
		            &(struct letter_in){
				    PROVEN(OUTRO),
				    .subject = "Chamado aberto em outro lugar" },
		            INTAKE_CREATED);
		rounds++;
	}
	assert_int_equal(rounds, max);
}

/* The other desk answers into our ticket: it never gets a second mail. */
static void test_two_desks_in_one_ticket(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);

	for (unsigned i = 0; i < 5; i++)
		room_expect(room, &(struct letter_in){ PROVEN(DONO), .to = to },
		            INTAKE_APPENDED);
	assert_int_equal(room_mails(room, NULL, DONO), 1);
}

/* Automatic mail into a ticket, again and again, tells staff only so often:
 * a member of staff may have a program that answers, too. */
static void test_automatic_notices_window(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_open(room);
	g_autofree char *to = reply_address(room, ref);
	unsigned max =
		fixture_window(room->fixture->config->notifier.brake_ticket);

	for (unsigned i = 0; i < max + 5; i++)
		room_expect(room,
		            &(struct letter_in){
				    PROVEN(DONO),
				    .headers = "Auto-Submitted: auto-replied\n",
				    .to = to },
		            INTAKE_APPENDED);
	assert_int_equal(room_mails(room, "notice_auto", ANA), max);
	assert_int_equal(room_mails(room, "notice_reply", ANA), 0);
}

static void test_ack_not_to_own_or_robot(void **state)
{
	static const char *const senders[] = {
		"financeiro@desk.example",      "financeiro+x@desk.example",
		"noreply@fora.example",         "no-reply-1@fora.example",
		"mailer-daemon@fora.example",
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(senders); i++) {
		room_expect(room,
		            &(struct letter_in){ PROVEN(senders[i]),
		                                 .to = "abusos" },
		            INTAKE_CREATED);
		assert_int_equal(room_mails(room, NULL, senders[i]), 0);
	}
}

static void test_anyone_ack_to_proven_only(void **state)
{
	static const struct {
		enum auth_proof proof;
		unsigned acks;
	} cases[] = {
		{ AUTH_UNPROVEN, 0 },
		{ AUTH_DISPROVEN, 0 },
		{ AUTH_TROUBLE, 0 },
		{ AUTH_PROVEN, 1 },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		room_expect(room,
		            &(struct letter_in){ .from = ALHEIO,
		                                 .verdict = SEAL_ACCEPT,
		                                 .proof = cases[i].proof,
		                                 .to = "abusos" },
		            INTAKE_CREATED);
		assert_int_equal(room_mails(room, NULL, ALHEIO), cases[i].acks);
	}
}

/* An abuse desk takes what programs send, whatever they call it, as tickets;
 * nobody gets an answer, and nobody's address is marked. */
static void test_anyone_takes_automatic_mail(void **state)
{
	static const struct {
		const char *from;
		const char *headers;
		const char *mail_from;
	} cases[] = {
		{ ALHEIO, "Auto-Submitted: auto-generated\n", NULL },
		{ ALHEIO, "Auto-Submitted: auto-replied\n", "" },
		{ ALHEIO, "Precedence: bulk\nX-Loop: x\n", NULL },
		{ ALHEIO, "List-Id: <alertas.example>\n", NULL },
		{ "no-reply@fora.example", "X-Cron-Env: <A=b>\n", NULL },
		{ "mailer-daemon@fora.example",
		  "X-Failed-Recipients: a@b.example\n", "" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		room_expect(room,
		            &(struct letter_in){
				    PROVEN(cases[i].from),
				    .headers = cases[i].headers,
				    .mail_from = cases[i].mail_from,
				    .to = "abusos" },
		            INTAKE_CREATED);
		assert_int_equal(room_mails(room, NULL, cases[i].from), 0);
	}
	assert_int_equal(room_tickets(room), G_N_ELEMENTS(cases));
	assert_int_equal(room_mails(room, "notice_new", ANA),
	                 G_N_ELEMENTS(cases));
}

/* A forged From of a customer's at an open department is a stranger's. */
static void test_anyone_forged_customer(void **state)
{
	struct room *room = *state;
	g_autofree char *ref = room_take_ref(
		room,
		&(struct letter_in){ .from = DONO,
	                             .verdict = SEAL_ACCEPT,
	                             .proof = AUTH_DISPROVEN,
	                             .to = "abusos" },
		INTAKE_CREATED);
	AUTO(ticket) ticket = room_ticket(room, ref);

	assert_int_equal(ticket->customer_id, 0);
	assert_int_equal(room_mails(room, NULL, DONO), 0);
	assert_int_equal(room_mails(room, NULL, CONTATO), 0);
}

/* --- an address that bounced --- */

static void test_bounced_contact_gets_no_ack(void **state)
{
	struct room *room = *state;

	room_set_undeliverable(room, CONTATO);
	room_expect(room, &(struct letter_in){ PROVEN(DONO) }, INTAKE_CREATED);
	assert_int_equal(room_mails(room, "ack", DONO), 1);
	assert_int_equal(room_mails(room, NULL, CONTATO), 0);
	assert_int_not_equal(room_bounced(room, CONTATO), 0);
}

/* The mark goes when the contact writes, if he is proven and a person. */
static void test_bounced_mark_is_cleared(void **state)
{
	static const struct {
		const char *name;
		enum auth_proof proof;
		const char *headers;
		bool cleared;
	} cases[] = {
		{ "unproven", AUTH_UNPROVEN, "", false },
		{ "automatic", AUTH_PROVEN, "Auto-Submitted: auto-replied\n",
		  false },
		{ "proven", AUTH_PROVEN, "", true },
	};
	struct room *room = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		room_set_undeliverable(room, DONO);
		room_expect(room,
		            &(struct letter_in){ .from = DONO,
		                                 .verdict = SEAL_ACCEPT,
		                                 .proof = cases[i].proof,
		                                 .headers = cases[i].headers },
		            INTAKE_CREATED);
		assert_int_equal(room_bounced(room, DONO) == 0,
		                 cases[i].cleared);
	}
	assert_int_equal(room_mails(room, "ack", DONO), 1);
}

/* --- idempotence --- */

static void test_same_key_across_calls(void **state)
{
	struct room *room = *state;
	const struct letter_in letter = { PROVEN(DONO), .key = "k" };
	g_autofree char *ref = room_take_ref(room, &letter, INTAKE_CREATED);
	struct intake_result again = room_take(room, &letter);

	assert_int_equal(again.outcome, INTAKE_DUPLICATE);
	assert_string_equal(again.ref, ref);
	assert_true(g_str_has_prefix(again.answer, ref));
	assert_int_equal(room_tickets(room), 1);
	assert_int_equal(room_count_entries(room, ref, MESSAGE_CUSTOMER), 1);
	assert_int_equal(room_mails(room, "ack", DONO), 1);
	intake_result_clear(&again);
}

/* In one transaction: the writer's batch. */
static void test_same_key_in_one_batch(void **state)
{
	static const char *const to[] = { "suporte", "suporte", NULL };
	struct room *room = *state;
	const struct letter_in letter = { PROVEN(DONO), .key = "k" };
	struct intake_result first[2] = { 0 }, second[2] = { 0 };
	g_autoptr(GError) error = NULL;

	fixture_begin(room->fixture);
	assert_ok(room_store(room, &letter, to, first, &error), error);
	assert_ok(room_store(room, &letter, to, second, &error), error);
	fixture_commit(room->fixture);
	assert_int_equal(first[0].outcome, INTAKE_CREATED);
	assert_int_equal(first[1].outcome, INTAKE_DUPLICATE);
	assert_int_equal(second[0].outcome, INTAKE_DUPLICATE);
	assert_string_equal(second[0].ref, first[0].ref);
	assert_int_equal(room_tickets(room), 1);
	for (size_t i = 0; i < 2; i++) {
		intake_result_clear(&first[i]);
		intake_result_clear(&second[i]);
	}
}

/* What was undone has not happened: the key is free. */
static void test_same_key_after_rollback(void **state)
{
	static const char *const to[] = { "suporte", NULL };
	struct room *room = *state;
	const struct letter_in letter = { PROVEN(DONO), .key = "k" };
	struct intake_result result = { 0 };
	g_autoptr(GError) error = NULL;

	fixture_begin(room->fixture);
	assert_ok(store_savepoint(room->store, &error), error);
	assert_ok(room_store(room, &letter, to, &result, &error), error);
	store_rollback_to(room->store);
	fixture_commit(room->fixture);
	intake_result_clear(&result);
	assert_int_equal(room_tickets(room), 0);
	assert_int_equal(room_mails(room, NULL, NULL), 0);
	room_expect(room, &letter, INTAKE_CREATED);
	room_expect(room, &letter, INTAKE_DUPLICATE);
	assert_int_equal(room_tickets(room), 1);
}

static void test_same_key_held(void **state)
{
	struct room *room = *state;
	const struct letter_in letter = { .from = DONO,
		                          .verdict = SEAL_HOLD,
		                          .proof = AUTH_UNPROVEN,
		                          .key = "k" };

	room_expect(room, &letter, INTAKE_HELD);
	room_expect(room, &letter, INTAKE_DUPLICATE);
	assert_int_equal(room_held_count(room), 1);
	assert_int_equal(room_mails(room, "hold_confirm", DONO), 1);
}

/* --- two departments --- */

static void check_referral(struct room *room, const char *ref)
{
	g_autofree char *notice = NULL;

	assert_int_equal(room_tickets(room), 1);
	assert_true(room_has_event(room, ref, "also addressed to financeiro"));
	assert_int_equal(room_mails(room, "notice_new", ANA), 1);
	assert_int_equal(room_mails(room, NULL, BETO), 1);
	notice = room_mail_text(room, "notice_referral", BETO);
	assert_contains(notice, "Meu site caiu.");
	assert_contains(notice, "suporte");
	assert_int_equal(room_mails(room, "ack", DONO), 1);
}

static void test_two_departments_at_once(void **state)
{
	static const char *const to[] = { "suporte", "financeiro", NULL };
	struct room *room = *state;
	const struct letter_in letter = { PROVEN(DONO) };
	struct intake_result results[2] = { 0 };
	g_autoptr(GError) error = NULL;

	fixture_begin(room->fixture);
	assert_ok(room_store(room, &letter, to, results, &error), error);
	fixture_commit(room->fixture);
	assert_int_equal(results[0].outcome, INTAKE_CREATED);
	assert_int_equal(results[1].outcome, INTAKE_REFERRED);
	assert_string_equal(results[0].ref, results[1].ref);
	check_referral(room, results[0].ref);
	intake_result_clear(&results[0]);
	intake_result_clear(&results[1]);
}

/* Postfix may bring each recipient in a transaction of its own. */
static void test_two_departments_apart(void **state)
{
	struct room *room = *state;
	struct letter_in letter = { PROVEN(DONO), .key = "k" };
	g_autofree char *ref = room_take_ref(room, &letter, INTAKE_CREATED);

	letter.to = "financeiro";
	for (enum intake_outcome want = INTAKE_REFERRED;;
	     want = INTAKE_DUPLICATE) {
		g_autofree char *second = room_take_ref(room, &letter, want);

		assert_string_equal(second, ref);
		if (want == INTAKE_DUPLICATE)
			break;
	}
	check_referral(room, ref);
}

/* Reply addresses of two tickets: each gets it. */
static void test_two_tickets_at_once(void **state)
{
	struct room *room = *state;
	g_autofree char *one = room_open(room);
	g_autofree char *two = room_take_ref(
		room, &(struct letter_in){ PROVEN(DONO), .to = "financeiro" },
		INTAKE_CREATED);
	g_autofree char *to_one = reply_address(room, one);
	g_autofree char *to_two = signed_reply_address(
		room->desk, "financeiro@desk.example", two);
	struct letter_in letter = { PROVEN(DONO), .key = "k", .to = to_one };

	room_expect(room, &letter, INTAKE_APPENDED);
	letter.to = to_two;
	room_expect(room, &letter, INTAKE_APPENDED);
	assert_int_equal(room_count_entries(room, one, MESSAGE_CUSTOMER), 2);
	assert_int_equal(room_count_entries(room, two, MESSAGE_CUSTOMER), 2);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, room_setup, room_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_store_opens_ticket),
		TEST(test_store_keeps_bytes),
		TEST(test_store_flattens_evidence),
		TEST(test_store_adds_no_copies),
		TEST(test_store_reads_fields),
		TEST(test_store_keeps_bad_fields),
		TEST(test_reply_changes_fields),
		TEST(test_reply_changes_service),
		TEST(test_reply_sets_status),
		TEST(test_reply_to_closed_is_linked),
		TEST(test_reply_to_closed_where_replies_only),
		TEST(test_automatic_reply_to_closed),
		TEST(test_accept_reply_without_ticket),
		TEST(test_reply_of_nonparticipant),
		TEST(test_reply_of_new_contact),
		TEST(test_automatic_gets_no_ack),
		TEST(test_anyone_takes_automatic_mail),
		TEST(test_vacation_answers_ack),
		TEST(test_vacation_with_null_sender),
		TEST(test_null_sender_opens_nothing),
		TEST(test_ack_window),
		TEST(test_two_desks_come_to_rest),
		TEST(test_two_desks_in_one_ticket),
		TEST(test_automatic_notices_window),
		TEST(test_ack_not_to_own_or_robot),
		TEST(test_anyone_ack_to_proven_only),
		TEST(test_anyone_forged_customer),
		TEST(test_bounced_contact_gets_no_ack),
		TEST(test_bounced_mark_is_cleared),
		TEST(test_same_key_across_calls),
		TEST(test_same_key_in_one_batch),
		TEST(test_same_key_after_rollback),
		TEST(test_same_key_held),
		TEST(test_two_departments_at_once),
		TEST(test_two_departments_apart),
		TEST(test_two_tickets_at_once),
	};

	mail_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
