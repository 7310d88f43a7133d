/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_judge.c - who somebody is, and what he is told
 *
 * A store with customers, staff, tickets and a held message; authentication
 * results are made by hand. Hermetic.
 */
#include "unit/desk_fixture.h"

#include "desk/judge.h"
#include "desk/refusal.h"
#include "desk/signed.h"
#include "store/held.h"
#include "store/survey.h"

/* --- a small world --- */

struct world {
	struct fixture *fixture;
	GPtrArray *departments; /* struct department */
	char *words[16][2];     /* "{t1}", what it stands for */
	size_t n_words;
	gint64 held_id;
};

static void world_word(struct world *world, const char *word, char *value)
{
	assert_true(world->n_words < G_N_ELEMENTS(world->words));
	world->words[world->n_words][0] = g_strdup(word);
	world->words[world->n_words][1] = value;
	world->n_words++;
}

static struct department *world_department(const struct world *world,
                                           const char *name)
{
	for (guint i = 0; i < world->departments->len; i++) {
		struct department *one =
			g_ptr_array_index(world->departments, i);

		if (strcmp(one->name, name) == 0)
			return one;
	}
	fail_msg("no department %s", name);
	return NULL;
}

static void add_departments(struct world *world)
{
	static const struct {
		const char *name;
		enum department_accept accept;
		enum department_unproven unproven;
	} rows[] = {
		{ "suporte", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD },
		{ "aberto", DEPARTMENT_REGISTERED, DEPARTMENT_ACCEPT },
		{ "rigido", DEPARTMENT_REGISTERED, DEPARTMENT_REJECT },
		{ "respostas", DEPARTMENT_REPLIES, DEPARTMENT_HOLD },
		{ "abusos", DEPARTMENT_ANYONE, DEPARTMENT_HOLD },
	};

	world->departments = g_ptr_array_new();
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_ptr_array_add(world->departments,
		                fixture_department(world->fixture, rows[i].name,
		                                   rows[i].accept,
		                                   rows[i].unproven));
}

/* Words for a ticket: {tN} ref, {mN} a Message-ID of ours, {rN} its reply
 * address. */
static void add_ticket(struct world *world, unsigned number, gint64 customer,
                       const char *requester, const char *copy)
{
	const struct desk *desk = world->fixture->desk;
	const struct department *department =
		world_department(world, "suporte");
	AUTO(ticket)
	ticket = fixture_ticket(world->fixture, department->id, customer,
	                        requester);
	g_autofree char *t = g_strdup_printf("{t%u}", number);
	g_autofree char *m = g_strdup_printf("{m%u}", number);
	g_autofree char *r = g_strdup_printf("{r%u}", number);

	if (copy != NULL)
		assert_true(participant_add(world->fixture->store, ticket->id,
		                            copy, "", PARTICIPANT_COPY, NULL));
	world_word(world, t, g_strdup(ticket->ref));
	world_word(world, m, signed_message_id(desk, ticket->ref, 1, 2));
	world_word(world, r,
	           signed_reply_address(desk, department->addresses[0],
	                                ticket->ref));
}

static void add_held(struct world *world, const char *address)
{
	g_autoptr(GError) error = NULL;
	AUTO(held) held = held_new();

	held->department_id = world_department(world, "suporte")->id;
	fixture_set(&held->address, address);
	fixture_set(&held->recipient, "suporte@desk.example");
	fixture_set(&held->delivery_key, "key/suporte");
	assert_ok(held_insert(world->fixture->store, held, &error), error);
	world->held_id = held->id;
}

/* The question about ticket 1, and its address of grade 5. */
static void add_survey(struct world *world, const char *ref)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket)
	ticket = ticket_by_ref(world->fixture->store, ref, &error);
	struct survey survey = { .asked = 1, .closed = 1 };

	assert_ok(ticket != NULL, error);
	survey.ticket_id = ticket->id;
	survey.department_id = ticket->department_id;
	survey.address = ticket->requester;
	assert_ok(survey_insert(world->fixture->store, &survey, &error), error);
	world_word(world, "{g}",
	           signed_grade_address(world->fixture->desk,
	                                "suporte@desk.example", survey.id, 5));
	world_word(world, "{gr}",
	           signed_grade_address(world->fixture->desk,
	                                "respostas@desk.example", survey.id,
	                                5));
}

static int world_setup(void **state)
{
	struct world *world = g_new0(struct world, 1);
	const struct desk *desk;
	gint64 one;
	gint64 two;

	world->fixture = fixture_new("help=https://ajuda.example/\n");
	desk = world->fixture->desk;
	fixture_begin(world->fixture);
	add_departments(world);
	one = fixture_customer(world->fixture, "1", "dono@cliente.example",
	                       "contato@cliente.example");
	two = fixture_customer(world->fixture, "2", "outro@outro.example",
	                       NULL);
	fixture_staff(world->fixture, "ana", "ana@equipe.example");
	add_ticket(world, 1, one, "dono@cliente.example", "copia@fora.example");
	add_ticket(world, 2, two, "outro@outro.example", NULL);
	add_held(world, "dono@cliente.example");
	add_survey(world, world->words[0][1]);
	fixture_commit(world->fixture);
	world_word(world, "{b}",
	           signed_bounce_address(desk, "suporte@desk.example", 9));
	world_word(world, "{c}",
	           signed_confirm_address(desk, "suporte@desk.example",
	                                  world->held_id));
	*state = world;
	return 0;
}

static int world_teardown(void **state)
{
	struct world *world = *state;

	for (guint i = 0; i < world->departments->len; i++)
		department_free(g_ptr_array_index(world->departments, i));
	g_ptr_array_unref(world->departments);
	for (size_t i = 0; i < world->n_words; i++) {
		g_free(world->words[i][0]);
		g_free(world->words[i][1]);
	}
	fixture_free(world->fixture);
	g_free(world);
	return 0;
}

/* The text with every word replaced. */
static char *expand(const struct world *world, const char *text)
{
	GString *out = g_string_new(text);

	for (size_t i = 0; i < world->n_words; i++)
		g_string_replace(out, world->words[i][0], world->words[i][1],
		                 0);
	return g_string_free(out, FALSE);
}

/* --- one question --- */

struct question {
	const char *name;
	const char *to;     /* recipients, separated by blanks */
	const char *from;   /* value of From:, NULL: no such field */
	const char *header; /* further fields, "\r\n" after each */
	const char *sender; /* envelope; NULL: some@relay.example */
	const char *login;
	enum auth_proof proof;
	bool publishes; /* unproven, though its domain says who may send */
	enum policy_action action;
	enum policy_who who;
	const char *ticket; /* expanded */
};

/* Everything judge_input borrows. */
struct asked {
	GPtrArray *addresses;
	struct judge_recipient recipients[8];
	struct auth_client client;
	char *header;
	struct auth_result *auth;
	struct judge_input input;
};

static struct auth_result *make_auth(const char *from, enum auth_proof proof)
{
	struct auth_result *auth = g_new0(struct auth_result, 1);

	auth->from_status = ADDRESS_NONE;
	if (from != NULL)
		auth->from_status =
			address_parse_from(from, strlen(from), &auth->from);
	auth->spf_mail.result = SPF_RESULT_FAIL;
	auth->dkim = g_ptr_array_new();
	auth->dmarc.result = DMARC_RESULT_FAIL;
	auth->dmarc.policy = DMARC_POLICY_REJECT;
	auth->proof = proof;
	auth->reason = g_strdup("made by hand");
	return auth;
}

static void add_recipient(struct world *world, struct asked *asked,
                          const char *address)
{
	g_autofree char *base = NULL;
	g_autofree char *extension = NULL;
	size_t at = asked->input.n_recipients++;

	assert_true(at < G_N_ELEMENTS(asked->recipients));
	address_split_extension(address, &base, &extension);
	*strchr(base, '@') = '\0';
	g_ptr_array_add(asked->addresses, g_strdup(address));
	asked->recipients[at].address = g_ptr_array_index(asked->addresses, at);
	asked->recipients[at].department = world_department(world, base);
}

static void ask(struct world *world, const struct question *question,
                struct asked *asked)
{
	g_autofree char *to = expand(world, question->to);
	g_auto(GStrv) list = g_strsplit(to, " ", -1);
	g_autofree char *fields =
		expand(world, question->header != NULL ? question->header : "");

	*asked = (struct asked){ 0 };
	asked->addresses = g_ptr_array_new_with_free_func(g_free);
	for (char **one = list; *one != NULL; one++)
		add_recipient(world, asked, *one);
	asked->client.ip = "192.0.2.1";
	asked->client.mail_from = question->sender != NULL
	                                  ? question->sender
	                                  : "some@relay.example";
	asked->client.login = question->login;
	asked->header = question->from != NULL
	                        ? g_strdup_printf("From: %s\r\n%s\r\n",
	                                          question->from, fields)
	                        : g_strdup_printf("%s\r\n", fields);
	asked->auth = make_auth(question->from, question->proof);
	if (question->proof == AUTH_UNPROVEN && !question->publishes)
		asked->auth->dmarc.result = DMARC_RESULT_NONE;
	asked->input.recipients = asked->recipients;
	asked->input.client = &asked->client;
	asked->input.header = asked->header;
	asked->input.header_len = strlen(asked->header);
	asked->input.auth = asked->auth;
}

static void asked_clear(struct asked *asked)
{
	g_ptr_array_unref(asked->addresses);
	auth_result_free(asked->auth);
	g_free(asked->header);
}

static struct verdict *judge(struct world *world,
                             const struct question *question)
{
	g_autoptr(GError) error = NULL;
	struct asked asked;
	struct verdict *verdict;

	ask(world, question, &asked);
	verdict = judge_message(world->fixture->desk, world->fixture->store,
	                        &asked.input, &error);
	asked_clear(&asked);
	assert_ok(verdict != NULL, error);
	return verdict;
}

static void check_line(const char *line)
{
	assert_true(strlen(line) <= REFUSAL_LINE_MAX);
	for (const char *p = line; *p != '\0'; p++)
		assert_true(g_ascii_isprint(*p) && *p != '%');
}

/* What every reply must keep to. */
static void check_reply(const struct verdict *verdict)
{
	bool refused = verdict->action == POLICY_REJECT ||
	               verdict->action == POLICY_TEMPFAIL;

	assert_int_equal(verdict->code != 0, refused);
	assert_int_equal(verdict->enhanced != NULL, refused);
	assert_int_equal(verdict->lines != NULL, refused);
	for (size_t i = 0; refused && verdict->lines[i] != NULL; i++) {
		assert_true(i < REFUSAL_LINES);
		check_line(verdict->lines[i]);
	}
}

static void check_question(struct world *world, const struct question *question)
{
	AUTO(verdict) verdict = judge(world, question);
	g_autofree char *ticket = question->ticket != NULL
	                                  ? expand(world, question->ticket)
	                                  : NULL;

	if (verdict->action != question->action ||
	    verdict->who != question->who ||
	    g_strcmp0(verdict->ticket, ticket) != 0)
		fail_msg("%s: %s as %s, ticket %s, row \"%s\"", question->name,
		         policy_action_name(verdict->action),
		         policy_who_name(verdict->who),
		         verdict->ticket != NULL ? verdict->ticket : "none",
		         verdict->row);
	check_reply(verdict);
}

#define SUPORTE "suporte@desk.example"
#define DONO    "Dono <dono@cliente.example>"
#define COPIA   "copia@fora.example"
#define ANA     "ana@equipe.example"
#define ALHEIO  "alheio@nada.example"

static const struct question who_questions[] = {
	{ .name = "owner, proven",
	  .to = SUPORTE,
	  .from = DONO,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONTACT },
	{ .name = "owner in capitals",
	  .to = SUPORTE,
	  .from = "DONO@Cliente.EXAMPLE",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONTACT },
	{ .name = "additional contact, unproven",
	  .to = SUPORTE,
	  .from = "contato@cliente.example",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_CONTACT },
	{ .name = "owner, unproven, open department",
	  .to = "aberto@desk.example",
	  .from = DONO,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONTACT },
	{ .name = "owner, unproven, strict department",
	  .to = "rigido@desk.example",
	  .from = DONO,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONTACT },
	{ .name = "owner, forged",
	  .to = SUPORTE,
	  .from = DONO,
	  .proof = AUTH_DISPROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONTACT },
	{ .name = "owner, DNS trouble",
	  .to = SUPORTE,
	  .from = DONO,
	  .proof = AUTH_TROUBLE,
	  .action = POLICY_TEMPFAIL,
	  .who = POLICY_CONTACT },
	{ .name = "stranger",
	  .to = SUPORTE,
	  .from = ALHEIO,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
	{ .name = "stranger, DNS trouble",
	  .to = SUPORTE,
	  .from = ALHEIO,
	  .proof = AUTH_TROUBLE,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
	{ .name = "stranger to the abuse desk, forged",
	  .to = "abusos@desk.example",
	  .from = ALHEIO,
	  .proof = AUTH_DISPROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_STRANGER },
	{ .name = "staff, proven",
	  .to = SUPORTE,
	  .from = ANA,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_STAFF,
	  .who = POLICY_STAFF },
	{ .name = "staff, unproven",
	  .to = SUPORTE,
	  .from = ANA,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_STAFF },
	{ .name = "no From",
	  .to = SUPORTE,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_NOBODY },
	{ .name = "two authors",
	  .to = SUPORTE,
	  .from = "dono@cliente.example, ana@equipe.example",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_NOBODY },
	{ .name = "no From to the abuse desk",
	  .to = "abusos@desk.example",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_NOBODY },
};

static const struct question token_questions[] = {
	{ .name = "copy by reply address",
	  .to = "{r1}",
	  .from = COPIA,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "copy by In-Reply-To",
	  .to = SUPORTE,
	  .from = COPIA,
	  .header = "In-Reply-To: {m1}\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "copy by References, folded",
	  .to = SUPORTE,
	  .from = COPIA,
	  .header = "References: <a@b>\r\n\t{m1}\r\n <c@d>\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "copy by subject",
	  .to = SUPORTE,
	  .from = COPIA,
	  .header = "Subject: RES: ENC: [{t1}] ola\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "copy by reply address, unproven",
	  .to = "{r1}",
	  .from = COPIA,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "copy, unproven, open department",
	  .to = "aberto@desk.example",
	  .from = COPIA,
	  .header = "In-Reply-To: {m1}\r\n",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "copy, forged",
	  .to = "{r1}",
	  .from = COPIA,
	  .proof = AUTH_DISPROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "copy with the token of another ticket",
	  .to = "{r2}",
	  .from = COPIA,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
	{ .name = "copy, the second token counts",
	  .to = "{r2}",
	  .from = COPIA,
	  .header = "Subject: [{t1}]\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "token in one of two recipients",
	  .to = SUPORTE " {r1}",
	  .from = COPIA,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .who = POLICY_PARTICIPANT,
	  .ticket = "{t1}" },
	{ .name = "stranger with a valid token",
	  .to = "{r1}",
	  .from = ALHEIO,
	  .header = "In-Reply-To: {m1}\r\nSubject: [{t1}]\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
	{ .name = "contact of the ticket's customer",
	  .to = "{r1}",
	  .from = "contato@cliente.example",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONTACT,
	  .ticket = "{t1}" },
	{ .name = "contact of another customer",
	  .to = "{r1}",
	  .from = "outro@outro.example",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONTACT },
	{ .name = "replies: contact without a token",
	  .to = "respostas@desk.example",
	  .from = DONO,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONTACT },
	{ .name = "replies: contact with a token",
	  .to = "respostas@desk.example",
	  .from = DONO,
	  .header = "In-Reply-To: {m1}\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .who = POLICY_CONTACT,
	  .ticket = "{t1}" },
	{ .name = "replies: contact with somebody else's token",
	  .to = "respostas@desk.example",
	  .from = DONO,
	  .header = "In-Reply-To: {m2}\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONTACT },
	{ .name = "a mac that is not ours",
	  .to = SUPORTE,
	  .from = COPIA,
	  .header = "In-Reply-To: <{t1}.0000000000001.0000000000002."
	            "0123456789abcdef@desk.example>\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
};

static const struct question null_questions[] = {
	{ .name = "null sender, nothing of ours",
	  .to = SUPORTE,
	  .from = DONO,
	  .sender = "",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_NULL },
	{ .name = "null sender, subject token only",
	  .to = SUPORTE,
	  .from = DONO,
	  .header = "Subject: [{t1}]\r\n",
	  .sender = "",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_NULL },
	{ .name = "bounce to a bounce address",
	  .to = "{b}",
	  .from = "MAILER-DAEMON@mx.example",
	  .sender = "",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT_BOUNCE,
	  .who = POLICY_BOUNCE },
	{ .name = "bounce without a From",
	  .to = "{b}",
	  .sender = "",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT_BOUNCE,
	  .who = POLICY_BOUNCE },
	{ .name = "bounce during DNS trouble",
	  .to = "{b}",
	  .from = "MAILER-DAEMON@mx.example",
	  .sender = "",
	  .proof = AUTH_TROUBLE,
	  .action = POLICY_ACCEPT_BOUNCE,
	  .who = POLICY_BOUNCE },
	{ .name = "vacation program answers our mail",
	  .to = SUPORTE,
	  .from = DONO,
	  .header = "In-Reply-To: {m1}\r\n",
	  .sender = "",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_BOUNCE,
	  .who = POLICY_BOUNCE },
	{ .name = "null sender to a reply address",
	  .to = "{r1}",
	  .from = DONO,
	  .sender = "",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT_BOUNCE,
	  .who = POLICY_BOUNCE },
	{ .name = "null sender never confirms",
	  .to = "{c}",
	  .from = DONO,
	  .sender = "",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_NULL },
	{ .name = "null sender gives no grade",
	  .to = "{g}",
	  .from = DONO,
	  .sender = "",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_NULL },
	{ .name = "null sender to the abuse desk",
	  .to = "abusos@desk.example",
	  .from = ALHEIO,
	  .sender = "",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_NULL },
	{ .name = "a bounce address does not help a person",
	  .to = "{b}",
	  .from = ALHEIO,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
};

static const struct question confirm_questions[] = {
	{ .name = "confirmed, unproven",
	  .to = "{c}",
	  .from = DONO,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONFIRM },
	{ .name = "confirmed, unproven where proof was to be had",
	  .to = "{c}",
	  .from = DONO,
	  .proof = AUTH_UNPROVEN,
	  .publishes = true,
	  .action = POLICY_HOLD,
	  .who = POLICY_CONTACT },
	{ .name = "confirmed, proven",
	  .to = "{c}",
	  .from = DONO,
	  .proof = AUTH_PROVEN,
	  .publishes = true,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONFIRM },
	{ .name = "a vacation program does not confirm",
	  .to = "{c}",
	  .from = DONO,
	  .header = "Auto-Submitted: auto-replied\r\n",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_CONTACT },
	{ .name = "confirmed, forged",
	  .to = "{c}",
	  .from = DONO,
	  .proof = AUTH_DISPROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONFIRM },
	{ .name = "confirmed by another contact",
	  .to = "{c}",
	  .from = "contato@cliente.example",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_CONTACT },
	{ .name = "confirmed by a stranger",
	  .to = "{c}",
	  .from = ALHEIO,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
};

static const struct question grade_questions[] = {
	{ .name = "grade, proven",
	  .to = "{g}",
	  .from = DONO,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT,
	  .ticket = "{t1}",
	  .who = POLICY_CONTACT },
	{ .name = "grade, unproven: kept, and not counted",
	  .to = "{g}",
	  .from = DONO,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .ticket = "{t1}",
	  .who = POLICY_CONTACT },
	{ .name = "grade, forged",
	  .to = "{g}",
	  .from = DONO,
	  .proof = AUTH_DISPROVEN,
	  .action = POLICY_REJECT,
	  .ticket = "{t1}",
	  .who = POLICY_CONTACT },
	{ .name = "grade of a participant",
	  .to = "{g}",
	  .from = "copia@fora.example",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .ticket = "{t1}",
	  .who = POLICY_PARTICIPANT },
	{ .name = "grade of a stranger",
	  .to = "{g}",
	  .from = ALHEIO,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
	{ .name = "grade where only replies are taken",
	  .to = "{gr}",
	  .from = DONO,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .ticket = "{t1}",
	  .who = POLICY_CONTACT },
};

static const struct question sasl_questions[] = {
	{ .name = "owner by the address as login",
	  .to = SUPORTE,
	  .from = DONO,
	  .login = "dono@cliente.example",
	  .proof = AUTH_DISPROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONTACT },
	{ .name = "owner's login, the other contact writes",
	  .to = SUPORTE,
	  .from = "contato@cliente.example",
	  .login = "dono@cliente.example",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT,
	  .who = POLICY_CONTACT },
	{ .name = "another customer's login",
	  .to = SUPORTE,
	  .from = DONO,
	  .login = "outro@outro.example",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_CONTACT },
	{ .name = "another customer's login does not heal a forgery",
	  .to = SUPORTE,
	  .from = DONO,
	  .login = "outro@outro.example",
	  .proof = AUTH_DISPROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONTACT },
	{ .name = "staff by login",
	  .to = SUPORTE,
	  .from = ANA,
	  .login = "ana",
	  .proof = AUTH_TROUBLE,
	  .action = POLICY_ACCEPT_STAFF,
	  .who = POLICY_STAFF },
	{ .name = "staff by the address as login",
	  .to = SUPORTE,
	  .from = ANA,
	  .login = "Ana@Equipe.example",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_ACCEPT_STAFF,
	  .who = POLICY_STAFF },
	{ .name = "a customer's login is no staff",
	  .to = SUPORTE,
	  .from = ANA,
	  .login = "dono@cliente.example",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_STAFF },
	{ .name = "staff login writes as a customer",
	  .to = SUPORTE,
	  .from = DONO,
	  .login = "ana",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_CONTACT },
	{ .name = "unknown login",
	  .to = SUPORTE,
	  .from = DONO,
	  .login = "nobody",
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_CONTACT },
	{ .name = "a login does not make a stranger known",
	  .to = SUPORTE,
	  .from = ALHEIO,
	  .login = "dono@cliente.example",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_STRANGER },
};

static const struct question several_questions[] = {
	{ .name = "reject over hold",
	  .to = SUPORTE " rigido@desk.example",
	  .from = DONO,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONTACT },
	{ .name = "the same the other way round",
	  .to = "rigido@desk.example " SUPORTE,
	  .from = DONO,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONTACT },
	{ .name = "hold over accept",
	  .to = "aberto@desk.example " SUPORTE,
	  .from = DONO,
	  .proof = AUTH_UNPROVEN,
	  .action = POLICY_HOLD,
	  .who = POLICY_CONTACT },
	{ .name = "tempfail over accept",
	  .to = "abusos@desk.example " SUPORTE,
	  .from = DONO,
	  .proof = AUTH_TROUBLE,
	  .action = POLICY_TEMPFAIL,
	  .who = POLICY_CONTACT },
	{ .name = "reject over tempfail",
	  .to = SUPORTE " respostas@desk.example",
	  .from = DONO,
	  .proof = AUTH_TROUBLE,
	  .action = POLICY_REJECT,
	  .who = POLICY_CONTACT },
	{ .name = "reply over accept",
	  .to = SUPORTE " respostas@desk.example",
	  .from = DONO,
	  .header = "In-Reply-To: {m1}\r\n",
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_REPLY,
	  .who = POLICY_CONTACT,
	  .ticket = "{t1}" },
	{ .name = "staff rights for both",
	  .to = SUPORTE " abusos@desk.example",
	  .from = ANA,
	  .proof = AUTH_PROVEN,
	  .action = POLICY_ACCEPT_STAFF,
	  .who = POLICY_STAFF },
};

#define QUESTIONS_TEST(table)                                                  \
	static void test_message_##table(void **state)                         \
	{                                                                      \
		struct world *world = *state;                                  \
                                                                               \
		for (size_t i = 0; i < G_N_ELEMENTS(table##_questions); i++)   \
			check_question(world, &table##_questions[i]);          \
	}

QUESTIONS_TEST(who)
QUESTIONS_TEST(token)
QUESTIONS_TEST(null)
QUESTIONS_TEST(confirm)
QUESTIONS_TEST(grade)
QUESTIONS_TEST(sasl)
QUESTIONS_TEST(several)

/* --- what else stands in a verdict --- */

static void test_message_fills_the_verdict(void **state)
{
	struct world *world = *state;
	AUTO(verdict) contact = judge(world, &who_questions[0]);
	AUTO(verdict) staff = judge(world, &who_questions[10]);
	AUTO(verdict) login = judge(world, &sasl_questions[0]);
	AUTO(verdict) nobody = judge(world, &who_questions[12]);

	assert_string_equal(contact->identity, "dono@cliente.example");
	assert_true(contact->contact_id != 0);
	assert_true(contact->customer_id != 0);
	assert_true(contact->staff_id == 0);
	assert_int_equal(contact->proof, AUTH_PROVEN);
	assert_non_null(strstr(contact->reason, contact->row));
	assert_non_null(strstr(contact->reason, "made by hand"));
	assert_true(staff->staff_id != 0);
	assert_true(staff->contact_id == 0);
	assert_int_equal(login->proof, AUTH_PROVEN);
	assert_non_null(strstr(login->reason, "dono@cliente.example"));
	assert_string_equal(nobody->identity, "");
}

/* A confirm address works while the message waits, and then no more. */
static void test_message_confirm_works_once(void **state)
{
	struct world *world = *state;
	g_autoptr(GError) error = NULL;
	AUTO(verdict) verdict = NULL;

	fixture_begin(world->fixture);
	assert_ok(held_decide(world->fixture->store, world->held_id,
	                      HELD_RELEASED, "dono@cliente.example", "",
	                      &error),
	          error);
	fixture_commit(world->fixture);
	verdict = judge(world, &confirm_questions[0]);
	assert_int_equal(verdict->who, POLICY_CONTACT);
	assert_int_equal(verdict->action, POLICY_HOLD);
}

/* An old customer or member of staff is a stranger. */
static void test_message_inactive_is_a_stranger(void **state)
{
	struct world *world = *state;
	struct store *store = world->fixture->store;
	g_autoptr(GError) error = NULL;
	AUTO(staff) staff = staff_by_login(store, "ana", &error);
	AUTO(customer) customer = customer_by_code(store, "1", &error);
	AUTO(verdict) as_staff = NULL;
	AUTO(verdict) as_contact = NULL;
	AUTO(verdict) by_login = NULL;

	assert_ok(staff != NULL && customer != NULL, error);
	fixture_begin(world->fixture);
	staff->active = false;
	customer->active = false;
	assert_ok(staff_update(store, staff, &error), error);
	assert_ok(customer_update(store, customer, &error), error);
	fixture_commit(world->fixture);
	as_staff = judge(world, &who_questions[10]);
	as_contact = judge(world, &who_questions[0]);
	by_login = judge(world, &sasl_questions[4]);
	assert_int_equal(as_staff->who, POLICY_STRANGER);
	assert_int_equal(as_contact->who, POLICY_STRANGER);
	assert_int_equal(by_login->who, POLICY_STRANGER);
	assert_int_equal(by_login->proof, AUTH_TROUBLE);
}

/* Only so many Message-IDs are looked at, the newest first. */
static void test_message_references_are_bounded(void **state)
{
	struct world *world = *state;
	guint64 max = world->fixture->config->limits.references;
	struct question question = token_questions[2];
	GString *late = g_string_new("References: {m1}");
	GString *early = g_string_new("References:");
	AUTO(verdict) lost = NULL;
	AUTO(verdict) found = NULL;

	for (guint64 i = 0; i < max; i++)
		g_string_append_printf(late, "\r\n <%" G_GUINT64_FORMAT "@x>",
		                       i);
	for (guint64 i = 0; i < 3 * max; i++)
		g_string_append_printf(early, "\r\n <%" G_GUINT64_FORMAT "@x>",
		                       i);
	g_string_append(late, "\r\n");
	g_string_append(early, "\r\n {m1}\r\n");
	question.header = late->str;
	lost = judge(world, &question);
	question.header = early->str;
	found = judge(world, &question);
	assert_int_equal(lost->who, POLICY_STRANGER);
	assert_int_equal(found->who, POLICY_PARTICIPANT);
	g_string_free(late, TRUE);
	g_string_free(early, TRUE);
}

static void test_message_without_authentication_is_an_error(void **state)
{
	struct world *world = *state;
	g_autoptr(GError) error = NULL;
	struct asked asked;

	ask(world, &who_questions[0], &asked);
	asked.input.auth = NULL;
	assert_null(judge_message(world->fixture->desk, world->fixture->store,
	                          &asked.input, &error));
	assert_non_null(error);
	asked_clear(&asked);
}

static void test_message_without_recipients_is_temporary(void **state)
{
	struct world *world = *state;
	g_autoptr(GError) error = NULL;
	AUTO(verdict) verdict = NULL;
	struct asked asked;

	ask(world, &who_questions[0], &asked);
	asked.input.n_recipients = 0;
	verdict = judge_message(world->fixture->desk, world->fixture->store,
	                        &asked.input, &error);
	assert_ok(verdict != NULL, error);
	assert_int_equal(verdict->action, POLICY_TEMPFAIL);
	assert_int_equal(verdict->code, 451);
	check_reply(verdict);
	asked_clear(&asked);
}

/* --- the words --- */

struct words {
	const char *name;
	const struct question *question;
	unsigned code;
	const char *enhanced;
	const char *pt; /* found in the first line */
	const char *en; /* found in the second */
};

static const struct words words_cases[] = {
	{ "stranger", &who_questions[7], 550, "5.7.1",
	  "alheio@nada.example nao esta cadastrado em Viacao Exemplo",
	  "is not registered with" },
	{ "forged", &who_questions[5], 550, "5.7.1",
	  "(spf=fail dkim=none dmarc=fail p=reject)",
	  "the policy of cliente.example itself (SPF, DKIM, DMARC) fails" },
	{ "DNS trouble", &who_questions[6], 451, "4.7.0",
	  "O DNS de cliente.example nao responde", "Try again later" },
	{ "unproven", &who_questions[4], 550, "5.7.1",
	  "Nada prova que dono@cliente.example", "asks for proof" },
	{ "no From", &who_questions[12], 550, "5.7.1", "nao tem autor",
	  "names no author" },
	{ "two authors", &who_questions[13], 550, "5.7.1", "mais de um autor",
	  "several authors" },
	{ "null sender", &null_questions[0], 550, "5.7.1", "remetente vazio",
	  "empty sender" },
	{ "replies only", &token_questions[13], 550, "5.7.1",
	  "nao abre chamados novos por e-mail",
	  "New tickets are not opened by mail here" },
};

static void test_reply_says_why(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(words_cases); i++) {
		const struct words *c = &words_cases[i];
		AUTO(verdict) verdict = judge(world, c->question);

		assert_int_equal(verdict->code, c->code);
		assert_string_equal(verdict->enhanced, c->enhanced);
		assert_int_equal(g_strv_length(verdict->lines), 3);
		if (strstr(verdict->lines[0], c->pt) == NULL ||
		    strstr(verdict->lines[1], c->en) == NULL)
			fail_msg("%s: %s / %s", c->name, verdict->lines[0],
			         verdict->lines[1]);
		assert_string_equal(verdict->lines[2],
		                    "Ajuda / Help: https://ajuda.example/");
	}
}

static void test_reply_to_a_doubtful_from(void **state)
{
	struct world *world = *state;
	struct question question = who_questions[0];
	AUTO(verdict) verdict = NULL;

	question.from = "dono@cliente.example <x";
	verdict = judge(world, &question);
	assert_int_equal(verdict->who, POLICY_NOBODY);
	assert_non_null(strstr(verdict->lines[1], "RFC 5322"));
}

/* Nothing that a sender chose becomes a sentence, a format or a line. */
static void test_refusal_lines_show_values_harmless(void **state)
{
	static const char *const hostile[] = {
		"\"call 555 now, %s%n\"@evil.example",
		"\"a{brand}\"@evil.example",
		"a%25b@evil.example",
		"\xc3\xa9\xc3\xa9@evil.example",
		"a\r\n250 2.0.0 ok@evil.example",
		"\xff\x01\x7f@evil.example",
	};
	const struct world *world = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
		const struct refusal_values values = { hostile[i], hostile[i],
			                               "spf=fail" };
		g_auto(GStrv) lines = refusal_dup_lines(
			world->fixture->config, REFUSAL_FORGED, &values);

		for (size_t j = 0; lines[j] != NULL; j++) {
			check_line(lines[j]);
			assert_null(strchr(lines[j], '{'));
			assert_null(strchr(lines[j], '"'));
		}
		assert_null(strstr(lines[1], "555 now"));
		assert_null(strstr(lines[1], "250 2.0.0"));
		assert_non_null(strstr(lines[1], "?"));
	}
}

static void test_reply_shows_the_address_harmless(void **state)
{
	struct world *world = *state;
	struct question question = who_questions[7];
	AUTO(verdict) verdict = NULL;

	question.from = "jo\xc3\xa3o@evil.example";
	verdict = judge(world, &question);
	assert_int_equal(verdict->who, POLICY_STRANGER);
	assert_non_null(strstr(verdict->lines[0], "jo??o@evil.example"));
}

static void test_refusal_lines_with_the_longest_values(void **state)
{
	g_autofree char *huge = g_strnfill(5000, 'x');
	const struct refusal_values values = { huge, huge, huge };
	struct config config = { 0 };

	(void)state;
	config.server.brand = huge;
	config.server.help = huge;
	for (unsigned i = 0; i <= REFUSAL__COUNT; i++) {
		g_auto(GStrv) lines =
			refusal_dup_lines(&config, (enum refusal)i, &values);

		assert_in_range(g_strv_length(lines), 2, REFUSAL_LINES);
		for (size_t j = 0; lines[j] != NULL; j++)
			check_line(lines[j]);
	}
}

static void test_refusal_lines_without_help(void **state)
{
	static const char *const helps[] = { NULL, "",
		                             "https://x.example/a%20b" };
	static char brand[] = "Portaria";
	struct config config = { 0 };

	(void)state;
	config.server.brand = brand;
	for (size_t i = 0; i < G_N_ELEMENTS(helps); i++) {
		g_autofree char *help = g_strdup(helps[i]);
		g_auto(GStrv) lines = NULL;

		config.server.help = help;
		lines = refusal_dup_lines(&config, REFUSAL_STRANGER, NULL);
		assert_int_equal(g_strv_length(lines), 2);
	}
}

static void test_texts_without_a_verdict(void **state)
{
	const struct world *world = *state;
	g_auto(GStrv) second = judge_text_second_class(world->fixture->desk);
	g_auto(GStrv) internal = judge_text_internal(world->fixture->desk);

	assert_int_equal(g_strv_length(second), 2);
	assert_non_null(strstr(second[0], "outras regras"));
	assert_int_equal(g_strv_length(internal), 2);
	assert_non_null(strstr(internal[1], "Temporary trouble"));
	assert_int_equal(refusal_get_code(REFUSAL_SECOND_CLASS), 452);
	assert_string_equal(refusal_get_enhanced(REFUSAL_SECOND_CLASS),
	                    "4.5.3");
	assert_int_equal(refusal_get_code(REFUSAL_INTERNAL), 451);
	assert_string_equal(refusal_get_enhanced(REFUSAL_INTERNAL), "4.3.0");
	assert_int_equal(refusal_get_code(REFUSAL__COUNT), 451);
}

/* --- before authentication --- */

static struct verdict *early(struct world *world,
                             const struct question *question)
{
	g_autoptr(GError) error = NULL;
	struct asked asked;
	struct verdict *verdict;

	ask(world, question, &asked);
	asked.input.auth = NULL;
	verdict = judge_early(world->fixture->desk, world->fixture->store,
	                      &asked.input, &error);
	assert_null(error);
	asked_clear(&asked);
	return verdict;
}

/* An early verdict stands: the later one says the same. */
static void check_early(struct world *world, const struct question *questions,
                        size_t n, unsigned *ret_count)
{
	for (size_t i = 0; i < n; i++) {
		AUTO(verdict) first = early(world, &questions[i]);
		AUTO(verdict) last = judge(world, &questions[i]);

		if (first == NULL)
			continue;
		++*ret_count;
		assert_int_equal(first->action, POLICY_REJECT);
		assert_int_equal(last->action, POLICY_REJECT);
		assert_int_equal(first->who, last->who);
		assert_string_equal(first->lines[0], last->lines[0]);
		check_reply(first);
	}
}

static void test_early_agrees_with_the_verdict(void **state)
{
	struct world *world = *state;
	unsigned count = 0;

	check_early(world, who_questions, G_N_ELEMENTS(who_questions), &count);
	check_early(world, token_questions, G_N_ELEMENTS(token_questions),
	            &count);
	check_early(world, null_questions, G_N_ELEMENTS(null_questions),
	            &count);
	check_early(world, confirm_questions, G_N_ELEMENTS(confirm_questions),
	            &count);
	check_early(world, several_questions, G_N_ELEMENTS(several_questions),
	            &count);
	assert_true(count >= 10);
}

static void test_early_waits_for_authentication(void **state)
{
	/* Owner, contact, staff, and everybody at the abuse desk. */
	static const size_t open[] = { 0, 2, 5, 6, 9, 10, 14 };
	struct world *world = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(open); i++) {
		AUTO(verdict) verdict = early(world, &who_questions[open[i]]);

		assert_null(verdict);
	}
}

static void test_early_reads_the_raw_header(void **state)
{
	struct world *world = *state;
	struct question question = who_questions[0];
	AUTO(verdict) twice = NULL;
	AUTO(verdict) blank = NULL;

	question.header = "From: ana@equipe.example\r\n";
	twice = early(world, &question);
	assert_non_null(twice);
	assert_int_equal(twice->who, POLICY_NOBODY);
	assert_non_null(strstr(twice->lines[1], "several authors"));
	question.header = "From : ana@equipe.example\r\n";
	blank = early(world, &question);
	assert_non_null(blank);
	assert_int_equal(blank->who, POLICY_NOBODY);
}

/* --- around the verdict --- */

static void test_department_of_a_recipient(void **state)
{
	struct world *world = *state;
	struct store *store = world->fixture->store;
	g_autoptr(GError) error = NULL;
	AUTO(department) plain = judge_department(store, SUPORTE, &error);
	AUTO(department)
	extended = judge_department(store, "suporte+x.y@desk.example", &error);
	AUTO(department)
	none = judge_department(store, "nada@desk.example", &error);

	assert_null(error);
	assert_non_null(plain);
	assert_non_null(extended);
	assert_true(plain->id == extended->id);
	assert_null(none);
}

static void test_same_class(void **state)
{
	const struct world *world = *state;
	const struct department *a = world_department(world, "suporte");
	const struct department *b = world_department(world, "aberto");
	const struct department *c = world_department(world, "respostas");

	assert_true(judge_same_class(a, a));
	assert_false(judge_same_class(a, b));
	assert_false(judge_same_class(a, c));
}

static void test_seal_of_a_verdict(void **state)
{
	struct world *world = *state;
	struct question question = several_questions[2];
	g_autoptr(GError) error = NULL;
	AUTO(verdict) verdict = NULL;
	AUTO(seal) seal = NULL;
	struct asked asked;

	question.to = SUPORTE " aberto@desk.example suporte+x@desk.example";
	question.login = "nobody";
	question.publishes = true;
	ask(world, &question, &asked);
	verdict = judge_message(world->fixture->desk, world->fixture->store,
	                        &asked.input, &error);
	assert_ok(verdict != NULL, error);
	seal = judge_seal(verdict, &asked.input, "4cXyZ");
	assert_non_null(seal);
	assert_int_equal(seal->verdict, SEAL_HOLD);
	assert_int_equal(seal->proof, AUTH_UNPROVEN);
	assert_string_equal(seal->queue_id, "4cXyZ");
	assert_string_equal(seal->client_ip, "192.0.2.1");
	assert_string_equal(seal->helo, "");
	assert_string_equal(seal->mail_from, "some@relay.example");
	assert_string_equal(seal->login, "nobody");
	assert_string_equal(seal->identity, "dono@cliente.example");
	assert_int_equal(g_strv_length(seal->departments), 2);
	assert_string_equal(seal->departments[0], "aberto");
	assert_string_equal(seal->departments[1], "suporte");
	assert_non_null(strstr(seal->summary, "dmarc=fail"));
	assert_true(seal->id[0] != '\0');
	asked_clear(&asked);
}

static void test_seal_maps_every_action(void **state)
{
	static const struct {
		enum policy_action action;
		enum seal_verdict verdict;
	} rows[] = {
		{ POLICY_ACCEPT, SEAL_ACCEPT },
		{ POLICY_ACCEPT_REPLY, SEAL_ACCEPT_REPLY },
		{ POLICY_ACCEPT_STAFF, SEAL_ACCEPT_STAFF },
		{ POLICY_ACCEPT_BOUNCE, SEAL_ACCEPT_BOUNCE },
		{ POLICY_HOLD, SEAL_HOLD },
	};
	struct world *world = *state;
	AUTO(verdict) verdict = judge(world, &who_questions[0]);
	struct asked asked;

	ask(world, &who_questions[0], &asked);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		AUTO(seal) seal = NULL;

		verdict->action = rows[i].action;
		seal = judge_seal(verdict, &asked.input, NULL);
		assert_non_null(seal);
		assert_int_equal(seal->verdict, rows[i].verdict);
	}
	verdict->action = POLICY_REJECT;
	assert_null(judge_seal(verdict, &asked.input, NULL));
	verdict->action = POLICY_TEMPFAIL;
	assert_null(judge_seal(verdict, &asked.input, NULL));
	asked_clear(&asked);
}

/* A reason of any length and any bytes makes one bounded line. */
static void test_seal_summary_is_one_line(void **state)
{
	struct world *world = *state;
	AUTO(verdict) verdict = judge(world, &who_questions[0]);
	AUTO(seal) seal = NULL;
	GString *reason = g_string_new("a\r\nb");
	struct asked asked;

	for (unsigned i = 0; i < 1000; i++)
		g_string_append(reason, "\xc3\xa9");
	g_string_append(reason, "\xff");
	g_free(verdict->reason);
	verdict->reason = g_string_free(reason, FALSE);
	ask(world, &who_questions[0], &asked);
	seal = judge_seal(verdict, &asked.input, NULL);
	assert_non_null(seal);
	assert_true(strlen(seal->summary) <= 500);
	assert_true(strlen(seal->summary) > 490);
	assert_true(g_utf8_validate(seal->summary, -1, NULL));
	assert_null(strpbrk(seal->summary, "\r\n"));
	asked_clear(&asked);
}

static void test_registered(void **state)
{
	static const struct {
		enum policy_who who;
		const char *want;
	} rows[] = {
		{ POLICY_CONTACT, "pass" },    { POLICY_PARTICIPANT, "pass" },
		{ POLICY_STAFF, "pass" },      { POLICY_CONFIRM, "pass" },
		{ POLICY_STRANGER, "fail" },   { POLICY_BOUNCE, "none" },
		{ POLICY_NULL, "none" },       { POLICY_NOBODY, "none" },
		{ POLICY_WHO__COUNT, "none" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct verdict verdict = { .who = rows[i].who };

		assert_string_equal(judge_registered(&verdict), rows[i].want);
	}
}

#define WORLD_TEST(name)                                                       \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_message_who),
		WORLD_TEST(test_message_token),
		WORLD_TEST(test_message_null),
		WORLD_TEST(test_message_confirm),
		WORLD_TEST(test_message_grade),
		WORLD_TEST(test_message_sasl),
		WORLD_TEST(test_message_several),
		WORLD_TEST(test_message_fills_the_verdict),
		WORLD_TEST(test_message_confirm_works_once),
		WORLD_TEST(test_message_inactive_is_a_stranger),
		WORLD_TEST(test_message_references_are_bounded),
		WORLD_TEST(test_message_without_authentication_is_an_error),
		WORLD_TEST(test_message_without_recipients_is_temporary),
		WORLD_TEST(test_reply_says_why),
		WORLD_TEST(test_reply_to_a_doubtful_from),
		WORLD_TEST(test_refusal_lines_show_values_harmless),
		WORLD_TEST(test_reply_shows_the_address_harmless),
		cmocka_unit_test(test_refusal_lines_with_the_longest_values),
		cmocka_unit_test(test_refusal_lines_without_help),
		WORLD_TEST(test_texts_without_a_verdict),
		WORLD_TEST(test_early_agrees_with_the_verdict),
		WORLD_TEST(test_early_waits_for_authentication),
		WORLD_TEST(test_early_reads_the_raw_header),
		WORLD_TEST(test_department_of_a_recipient),
		WORLD_TEST(test_same_class),
		WORLD_TEST(test_seal_of_a_verdict),
		WORLD_TEST(test_seal_maps_every_action),
		WORLD_TEST(test_seal_summary_is_one_line),
		cmocka_unit_test(test_registered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
