/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_milter_session.c - the milter without libmilter: events in, replies
 * and changes of the header out
 *
 * Needs a scratch folder. DNS is a zone in memory.
 */
#include "unit/desk_fixture.h"

#include <unistd.h>

#include "auth/seal.h"
#include "milter/session.h"

#define ZE      "ze@cliente.example"
#define SUPORTE "suporte@desk.example"
#define CLIENTE "192.0.2.10"
#define FORGER  "203.0.113.66"

static const char zone[] =
	"zone . static\n"
	"cliente.example 300 IN TXT \"v=spf1 ip4:192.0.2.10 ip4:127.0.0.9 "
	"-all\"\n"
	"_dmarc.cliente.example 300 IN TXT \"v=DMARC1; p=reject\"\n"
	/* The private half is thrown away: nothing can pass, all is hashed. */
	"sel._domainkey.cliente.example 300 IN TXT \"v=DKIM1; p="
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCwCor50ktMaCkHySKe5Vnb"
	"0Vc4ROkwbBfy6hCPszDNdYOl01e2+kg6j9cHnFmBFPJCVjsK+expkpDnioVY"
	"I1KaiWvMPfvI4TIYhyd06y0ehSSm/C7Bo59g9jbfG1AnexigylSXiovxlNWc"
	"cpPBXSxyXTTP6o2oSFOoT0Zte0bZ3QIDAQAB"
	"\"\n"
	"semnada.example 300 IN A 192.0.2.30\n"
	"provedor.example 300 IN TXT \"v=spf1 ip4:192.0.2.40 -all\"\n";

struct bench {
	struct fixture *fixture;
	struct hub hub;
	char *zone_path;
	GPtrArray *edits;
	struct reply reply;
};

static void fill_store(struct fixture *fixture)
{
	static const struct {
		const char *name;
		enum department_accept accept;
		enum department_unproven unproven;
	} departments[] = {
		{ "suporte", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD },
		{ "financeiro", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD },
		{ "rigoroso", DEPARTMENT_REGISTERED, DEPARTMENT_REJECT },
		{ "abusos", DEPARTMENT_ANYONE, DEPARTMENT_HOLD },
	};

	fixture_begin(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(departments); i++)
		department_free(fixture_department(fixture, departments[i].name,
		                                   departments[i].accept,
		                                   departments[i].unproven));
	fixture_customer(fixture, "C1", ZE, "semnada@semnada.example");
	fixture_staff(fixture, "paula", "paula@provedor.example");
	fixture_commit(fixture);
}

static struct bench *bench_new(const char *more)
{
	struct bench *bench = g_new0(struct bench, 1);
	g_autoptr(GError) error = NULL;
	g_autofree char *conf = NULL;
	int fd = g_file_open_tmp("portaria-zone-XXXXXX", &bench->zone_path,
	                         &error);

	assert_true(fd >= 0);
	close(fd);
	assert_true(g_file_set_contents(bench->zone_path, zone, -1, NULL));
	conf = g_strdup_printf(
		"[dns]\nlocal_zones=%s\n[log]\ntarget=stderr\n%s",
		bench->zone_path, more != NULL ? more : "");
	bench->fixture = fixture_new(conf);
	fill_store(bench->fixture);
	bench->hub.config = bench->fixture->config;
	bench->hub.desk = bench->fixture->desk;
	bench->hub.auth = auth_new(bench->fixture->config, &error);
	assert_ok(bench->hub.auth != NULL, error);
	bench->hub.readers =
		store_pool_new(&bench->fixture->config->store, STORE_READ, 4);
	bench->hub.directory = directory_new();
	assert_ok(directory_refresh(bench->hub.directory, bench->hub.readers,
	                            &error),
	          error);
	bench->hub.ratelimit = ratelimit_new(&bench->fixture->config->rate);
	bench->edits = g_ptr_array_new_with_free_func(block_edit_free);
	return bench;
}

static void bench_free(struct bench *bench)
{
	/* Whatever a session did, nothing is left in progress. */
	assert_int_equal(bench->hub.messages, 0);
	g_ptr_array_unref(bench->edits);
	reply_clear(&bench->reply);
	ratelimit_free(bench->hub.ratelimit);
	directory_free(bench->hub.directory);
	store_pool_free(bench->hub.readers);
	auth_free(bench->hub.auth);
	fixture_free(bench->fixture);
	g_unlink(bench->zone_path);
	g_free(bench->zone_path);
	g_free(bench);
}

static int setup(void **state)
{
	*state = bench_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	bench_free(*state);
	return 0;
}

/* --- a talk --- */

static struct session *start(struct bench *bench, const char *ip,
                             const char *sender, const char *login)
{
	struct session *session = session_new(&bench->hub);

	session_connect(session, ip);
	session_helo(session, "mail.cliente.example");
	session_mail(session, sender, login);
	return session;
}

/* The code of the reply, 0 for none. */
static unsigned rcpt(struct bench *bench, struct session *session,
                     const char *recipient)
{
	session_rcpt(session, NULL, recipient, &bench->reply);
	if (bench->reply.code == 0)
		assert_int_equal(bench->reply.action, REPLY_CONTINUE);
	return bench->reply.code;
}

static enum reply_action data(struct bench *bench, struct session *session)
{
	session_data(session, &bench->reply);
	return bench->reply.action;
}

/* Feeds "Name: value" lines, each field in one. */
static void feed(struct session *session, const char *header)
{
	g_auto(GStrv) lines = g_strsplit(header, "\n", -1);

	for (char **line = lines; *line != NULL && **line != '\0'; line++) {
		char *colon = strchr(*line, ':');

		*colon = '\0';
		session_header(session, *line, colon + 1);
	}
}

static enum reply_action end_header(struct bench *bench,
                                    struct session *session)
{
	session_end_header(session, "4QID", &bench->reply);
	return bench->reply.action;
}

static void body(struct session *session, const char *text)
{
	session_body(session, text, strlen(text));
}

static enum reply_action end(struct bench *bench, struct session *session)
{
	g_ptr_array_set_size(bench->edits, 0);
	session_end(session, "4QID", &bench->reply, bench->edits);
	return bench->reply.action;
}

/* From the header to the verdict. */
static unsigned finish(struct bench *bench, struct session *session,
                       const char *header)
{
	feed(session, header);
	if (end_header(bench, session) == REPLY_CONTINUE) {
		body(session, "Nao abre.\r\n");
		end(bench, session);
	}
	return bench->reply.code;
}

#define HEADER(from)                                                           \
	"From: " from "\nSubject: Site fora do ar\n"                           \
	"Date: Sun, 22 Nov 2026 16:20:00 +0000\nMessage-ID: <1@cliente>\n"

/* The header as the LMTP agent gets it: insertions at the top, last first. */
static GString *edited(const struct bench *bench, const char *header)
{
	GString *out = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(header, "\n", -1);

	for (guint i = bench->edits->len; i > 0; i--) {
		const struct block_edit *edit =
			g_ptr_array_index(bench->edits, i - 1);

		if (edit->value != NULL)
			g_string_append_printf(out, "%s:%s\r\n", edit->name,
			                       edit->value);
	}
	for (char **line = lines; *line != NULL && **line != '\0'; line++)
		g_string_append_printf(out, "%s\r\n", *line);
	g_string_append(out, "\r\nNao abre.\r\n");
	return out;
}

static enum seal_status read_seal(const struct bench *bench, const char *header,
                                  const char *department,
                                  struct seal **ret_seal)
{
	GString *text = edited(bench, header);
	enum seal_status status = seal_read(text->str, text->len,
	                                    desk_get_keys(bench->fixture->desk),
	                                    department, 3600, ret_seal);

	g_string_free(text, TRUE);
	return status;
}

/* --- verdicts --- */

static const struct {
	const char *name;
	const char *ip;
	const char *sender;
	const char *login;
	const char *recipient;
	const char *header;
	unsigned want; /* code, 0: taken */
	enum seal_verdict sealed;
} verdicts[] = {
	{ "proven contact", CLIENTE, ZE, NULL, SUPORTE, HEADER(ZE), 0,
	  SEAL_ACCEPT },
	{ "the same by a mapped address", "::ffff:192.0.2.10", ZE, NULL,
	  SUPORTE, HEADER(ZE), 0, SEAL_ACCEPT },
	{ "brackets and case", CLIENTE, "<" ZE ">", NULL,
	  "<Suporte@DESK.example>", HEADER(ZE), 0, SEAL_ACCEPT },
	{ "forged contact", FORGER, ZE, NULL, SUPORTE, HEADER(ZE), 550, 0 },
	{ "stranger", CLIENTE, ZE, NULL, SUPORTE, HEADER("x@else.example"), 550,
	  0 },
	{ "stranger at the abuse desk", FORGER, "x@else.example", NULL,
	  "abusos@desk.example", HEADER("x@else.example"), 0, SEAL_ACCEPT },
	{ "unproven contact is held", "192.0.2.30", "semnada@semnada.example",
	  NULL, SUPORTE, HEADER("semnada@semnada.example"), 0, SEAL_HOLD },
	{ "unproven contact is refused", "192.0.2.30",
	  "semnada@semnada.example", NULL, "rigoroso@desk.example",
	  HEADER("semnada@semnada.example"), 550, 0 },
	{ "staff", "192.0.2.40", "paula@provedor.example", NULL, SUPORTE,
	  HEADER("paula@provedor.example"), 0, SEAL_ACCEPT_STAFF },
	{ "staff by login", FORGER, "paula@provedor.example", "paula", SUPORTE,
	  HEADER("paula@provedor.example"), 0, SEAL_ACCEPT_STAFF },
	{ "login of somebody else", FORGER, ZE, "paula", SUPORTE, HEADER(ZE),
	  550, 0 },
	{ "null sender", CLIENTE, "<>", NULL, SUPORTE,
	  HEADER("mailer-daemon@cliente.example"), 550, 0 },
	{ "no From", CLIENTE, ZE, NULL, SUPORTE, "Subject: x\n", 550, 0 },
	{ "two From", CLIENTE, ZE, NULL, SUPORTE, HEADER(ZE) "from: " ZE "\n",
	  550, 0 },
	{ "no header at all", CLIENTE, ZE, NULL, SUPORTE, "", 550, 0 },
	{ "trusted network proves nothing", "127.0.0.9", ZE, NULL, SUPORTE,
	  HEADER(ZE), 550, 0 },
};

static void test_verdicts(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++) {
		AUTO(seal) seal = NULL;

		print_message("%s\n", verdicts[i].name);
		AUTO(session)
		session = start(bench, verdicts[i].ip, verdicts[i].sender,
		                verdicts[i].login);
		assert_int_equal(rcpt(bench, session, verdicts[i].recipient),
		                 0);
		assert_int_equal(data(bench, session), REPLY_CONTINUE);
		assert_int_equal(finish(bench, session, verdicts[i].header),
		                 verdicts[i].want);
		if (verdicts[i].want != 0) {
			assert_int_equal(bench->reply.action, REPLY_REJECT);
			assert_string_equal(bench->reply.enhanced, "5.7.1");
			continue;
		}
		assert_int_equal(bench->reply.action, REPLY_CONTINUE);
		assert_int_equal(read_seal(bench, verdicts[i].header,
		                           strstr(verdicts[i].recipient,
		                                  "abusos") != NULL
		                                   ? "abusos"
		                                   : "suporte",
		                           &seal),
		                 SEAL_VALID);
		assert_int_equal(seal->verdict, verdicts[i].sealed);
		assert_string_equal(seal->queue_id, "4QID");
	}
}

/* A refusal without authentication comes before the body. */
static void test_stranger_is_refused_before_the_body(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

	rcpt(bench, session, SUPORTE);
	feed(session, HEADER("x@else.example"));
	assert_int_equal(end_header(bench, session), REPLY_REJECT);
	assert_int_equal(bench->reply.code, 550);
	assert_int_equal(bench->hub.messages, 0);
	/* And is over: the next transaction knows nothing of it. */
	session_mail(session, ZE, NULL);
	assert_int_equal(data(bench, session), REPLY_ACCEPT);
}

static void test_seal_names_all_departments(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);
	AUTO(seal) first = NULL;
	AUTO(seal) second = NULL;
	AUTO(seal) third = NULL;

	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	assert_int_equal(rcpt(bench, session, "financeiro@desk.example"), 0);
	assert_int_equal(rcpt(bench, session, "vizinho@world.example"), 0);
	assert_int_equal(finish(bench, session, HEADER(ZE)), 0);
	assert_int_equal(read_seal(bench, HEADER(ZE), "suporte", &first),
	                 SEAL_VALID);
	assert_int_equal(read_seal(bench, HEADER(ZE), "financeiro", &second),
	                 SEAL_VALID);
	assert_int_equal(read_seal(bench, HEADER(ZE), "abusos", &third),
	                 SEAL_OTHER_DEPARTMENT);
	assert_string_equal(first->id, second->id);
	/* One field of each kind. */
	assert_int_equal(bench->edits->len, 2);
}

static void test_seal_covers_the_subject(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);
	AUTO(seal) seal = NULL;

	rcpt(bench, session, SUPORTE);
	finish(bench, session, HEADER(ZE));
	assert_int_equal(read_seal(bench,
	                           "From: " ZE "\nSubject: Outro\n"
	                           "Date: Sun, 22 Nov 2026 16:20:00 +0000\n"
	                           "Message-ID: <1@cliente>\n",
	                           "suporte", &seal),
	                 SEAL_FORGED);
}

static void test_forged_fields_are_removed(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);
	const struct block_edit *edit;

	rcpt(bench, session, SUPORTE);
	assert_int_equal(
		finish(bench, session,
	               "X-Portaria-Seal: v=1\n" HEADER(
			       ZE) "Authentication-Results: desk.example; spf=pass\n"
	                           "Authentication-Results: else.example; spf=pass\n"
	                           "x-portaria-seal: v=2\n"),
		0);
	assert_int_equal(bench->edits->len, 5);
	edit = g_ptr_array_index(bench->edits, 0);
	assert_string_equal(edit->name, "x-portaria-seal");
	assert_int_equal(edit->index, 2);
	edit = g_ptr_array_index(bench->edits, 1);
	assert_string_equal(edit->name, "Authentication-Results");
	assert_int_equal(edit->index, 1);
	edit = g_ptr_array_index(bench->edits, 2);
	assert_int_equal(edit->index, 1);
	assert_null(edit->value);
	edit = g_ptr_array_index(bench->edits, 3);
	assert_string_equal(edit->name, "Authentication-Results");
	assert_int_equal(edit->index, 0);
	assert_true(g_str_has_prefix(edit->value, " desk.example"));
	assert_non_null(strstr(edit->value, "x-registered=pass"));
	edit = g_ptr_array_index(bench->edits, 4);
	assert_string_equal(edit->name, SEAL_HEADER);
}

/* --- mail of others --- */

static void test_mail_of_others_is_let_go(void **state)
{
	static const char *const recipients[] = {
		"vizinho@world.example",
		"novo@desk.example",
		"not an address",
		"<>",
		"",
		"@",
		"suporte@[192.0.2.1]",
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(recipients); i++) {
		AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

		assert_int_equal(rcpt(bench, session, recipients[i]), 0);
		assert_int_equal(data(bench, session), REPLY_ACCEPT);
	}
	assert_int_equal(
		counters_get(&bench->hub.counters, COUNTER_TRANSACTIONS), 0);
}

/* An old MTA does not ask at DATA. */
static void test_mail_of_others_without_data(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

	rcpt(bench, session, "vizinho@world.example");
	feed(session, HEADER(ZE));
	assert_int_equal(end_header(bench, session), REPLY_ACCEPT);
}

/* --- recipients --- */

static void test_second_class_is_put_off(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	assert_int_equal(rcpt(bench, session, "abusos@desk.example"), 452);
	assert_string_equal(bench->reply.enhanced, "4.5.3");
	assert_int_equal(bench->reply.action, REPLY_TEMPFAIL);
	assert_int_equal(rcpt(bench, session, "financeiro@desk.example"), 0);
	/* Alone it is taken. */
	session_abort(session);
	session_mail(session, ZE, NULL);
	assert_int_equal(rcpt(bench, session, "abusos@desk.example"), 0);
	assert_int_equal(rcpt(bench, session, SUPORTE), 452);
}

static void test_too_many_recipients(void **state)
{
	struct bench *bench = bench_new("[limits]\nrecipients=2\n");

	(void)state;
	{
		AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

		assert_int_equal(rcpt(bench, session, SUPORTE), 0);
		assert_int_equal(rcpt(bench, session, "vizinho@w.example"), 0);
		assert_int_equal(rcpt(bench, session, "suporte+x@desk.example"),
		                 0);
		assert_int_equal(rcpt(bench, session, SUPORTE), 452);
		assert_int_equal(rcpt(bench, session, "outro@w.example"), 0);
		assert_int_equal(finish(bench, session, HEADER(ZE)), 0);
	}
	bench_free(bench);
}

static void test_too_many_messages_at_once(void **state)
{
	struct bench *bench = bench_new("[limits]\nsessions=2\n");

	(void)state;
	{
		AUTO(session) a = start(bench, CLIENTE, ZE, NULL);
		AUTO(session) b = start(bench, CLIENTE, ZE, NULL);
		AUTO(session) c = start(bench, CLIENTE, ZE, NULL);

		assert_int_equal(rcpt(bench, a, SUPORTE), 0);
		assert_int_equal(rcpt(bench, b, SUPORTE), 0);
		assert_int_equal(rcpt(bench, c, SUPORTE), 451);
		assert_string_equal(bench->reply.enhanced, "4.3.2");
		/* Other mail flows, and so does a message under way. */
		assert_int_equal(rcpt(bench, c, "vizinho@w.example"), 0);
		assert_int_equal(rcpt(bench, a, "financeiro@desk.example"), 0);
		session_abort(b);
		assert_int_equal(rcpt(bench, c, SUPORTE), 0);
	}
	bench_free(bench);
}

static void test_stopping(void **state)
{
	struct bench *bench = *state;
	AUTO(session) a = start(bench, CLIENTE, ZE, NULL);
	AUTO(session) b = start(bench, CLIENTE, ZE, NULL);

	assert_int_equal(rcpt(bench, a, SUPORTE), 0);
	bench->hub.stopping = true;
	assert_int_equal(rcpt(bench, b, SUPORTE), 451);
	assert_int_equal(rcpt(bench, b, "vizinho@w.example"), 0);
	assert_int_equal(finish(bench, a, HEADER(ZE)), 0);
}

/* --- rates --- */

static unsigned one_message(struct bench *bench, const char *ip,
                            const char *sender, const char *recipient)
{
	AUTO(session) session = start(bench, ip, sender, NULL);
	unsigned code = rcpt(bench, session, recipient);

	return code != 0 ? code : finish(bench, session, HEADER(ZE));
}

static void test_rate_of_a_client(void **state)
{
	struct bench *bench = bench_new("[rate]\nclient=2\n");

	(void)state;
	assert_int_equal(one_message(bench, CLIENTE, ZE, SUPORTE), 0);
	/* The network counts, whatever becomes of its messages. */
	assert_int_equal(
		one_message(bench, "192.0.2.99", "a@b.example", SUPORTE), 550);
	assert_int_equal(one_message(bench, CLIENTE, ZE, SUPORTE), 451);
	assert_string_equal(bench->reply.enhanced, "4.7.1");
	assert_int_equal(one_message(bench, FORGER, ZE, SUPORTE), 550);
	assert_int_equal(one_message(bench, CLIENTE, ZE, "vizinho@w.example"),
	                 0);
	/* A department open to anyone has numbers of its own. */
	assert_int_equal(one_message(bench, CLIENTE, ZE, "abusos@desk.example"),
	                 0);
	bench_free(bench);
}

static void test_rate_counts_a_message_once(void **state)
{
	struct bench *bench = bench_new("[rate]\nclient=1\n");

	(void)state;
	{
		AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

		assert_int_equal(rcpt(bench, session, SUPORTE), 0);
		assert_int_equal(rcpt(bench, session, SUPORTE), 0);
		assert_int_equal(
			rcpt(bench, session, "financeiro@desk.example"), 0);
		session_abort(session);
		session_mail(session, ZE, NULL);
		assert_int_equal(rcpt(bench, session, SUPORTE), 451);
	}
	bench_free(bench);
}

/* Forged mail uses up nothing of the one it names. */
static void test_rate_of_a_sender(void **state)
{
	struct bench *bench = bench_new("[rate]\nsender=1\n");

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(one_message(bench, FORGER, ZE, SUPORTE), 550);
	assert_int_equal(one_message(bench, CLIENTE, ZE, SUPORTE), 0);
	assert_int_equal(one_message(bench, CLIENTE, ZE, SUPORTE), 451);
	bench_free(bench);
}

static void test_rate_of_a_department(void **state)
{
	struct bench *bench = bench_new("[rate]\ndepartment=1\n");

	(void)state;
	assert_int_equal(one_message(bench, FORGER, ZE, SUPORTE), 550);
	assert_int_equal(one_message(bench, CLIENTE, ZE, SUPORTE), 0);
	assert_int_equal(one_message(bench, CLIENTE, ZE, SUPORTE), 451);
	assert_int_equal(
		one_message(bench, CLIENTE, ZE, "financeiro@desk.example"), 0);
	bench_free(bench);
}

static void test_rate_allow(void **state)
{
	struct bench *bench = bench_new("[rate]\nclient=1\nsender=1\n"
	                                "department=1\nallow=192.0.2.0/24\n");

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(one_message(bench, CLIENTE, ZE, SUPORTE), 0);
	/* Nor do they use up the department's number. */
	assert_int_equal(one_message(bench, FORGER, ZE, SUPORTE), 550);
	assert_int_equal(
		counters_get(&bench->hub.counters, COUNTER_RATE_LIMITED), 0);
	bench_free(bench);
}

/* --- limits of the message --- */

static void test_header_limits(void **state)
{
	static const struct {
		const char *name;
		const char *more;
		const char *field;
		unsigned times;
		unsigned want;
	} cases[] = {
		{ "all fits", "[limits]\nheaders=50\n", "X: y", 46, 0 },
		{ "one field too many", "[limits]\nheaders=50\n", "X: y", 47,
		  552 },
		{ "block", "[limits]\nheader_bytes=8K\n",
		  "X-012345678901234567890123456789: "
		  "0123456789012345678901234567890123456789",
		  200, 552 },
		{ "malformed", "", "X Y: z", 1, 554 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct bench *bench = bench_new(cases[i].more);

		print_message("%s\n", cases[i].name);
		{
			AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

			rcpt(bench, session, SUPORTE);
			for (unsigned n = 0; n < cases[i].times; n++)
				feed(session, cases[i].field);
			assert_int_equal(finish(bench, session, HEADER(ZE)),
			                 cases[i].want);
		}
		bench_free(bench);
	}
}

static void test_message_too_large(void **state)
{
	static const char *const signatures[] = {
		"",
		"DKIM-Signature: v=1; a=rsa-sha256; d=cliente.example; s=sel; "
		"h=from; bh=YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=; "
		"b=YQ==\n",
	};
	struct bench *bench = bench_new("[limits]\nmessage_bytes=64K\n");
	g_autofree char *chunk = g_strnfill(32 * 1024, 'x');

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(signatures); i++) {
		AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

		rcpt(bench, session, SUPORTE);
		feed(session, HEADER(ZE));
		feed(session, signatures[i]);
		assert_int_equal(end_header(bench, session), REPLY_CONTINUE);
		body(session, chunk);
		body(session, chunk);
		body(session, "x");
		assert_int_equal(end(bench, session), REPLY_REJECT);
		assert_int_equal(bench->reply.code, 552);
	}
	bench_free(bench);
}

static void test_body_counts_for_nothing_without_signatures(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

	rcpt(bench, session, SUPORTE);
	feed(session, HEADER(ZE));
	assert_int_equal(end_header(bench, session), REPLY_CONTINUE);
	body(session, "x");
	assert_int_equal(end(bench, session), REPLY_CONTINUE);
	assert_int_equal(bench->edits->len, 2);
}

/* --- local mail --- */

static const struct {
	const char *name;
	const char *from;
	guint edits;
} locals[] = {
	{ "staff by login", "paula@provedor.example", 2 },
	{ "unproven contact", "semnada@semnada.example", 2 },
	{ "disproven contact", ZE, 2 },
	{ "stranger", "x@else.example", 0 },
	{ "doubtful", "a@b.example, c@d.example", 0 },
};

/* Nothing is refused; what cannot be sealed has no seal. */
static void test_local_mail_is_never_refused(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(locals); i++) {
		g_autofree char *header = g_strdup_printf(
			"From: %s\nX-Portaria-Seal: v=1\nSubject: x\n",
			locals[i].from);
		AUTO(session)
		session = start(bench, NULL, locals[i].from, "paula");

		print_message("%s\n", locals[i].name);
		assert_int_equal(rcpt(bench, session, SUPORTE), 0);
		assert_int_equal(data(bench, session), REPLY_CONTINUE);
		assert_int_equal(finish(bench, session, header), 0);
		assert_int_equal(bench->reply.action, REPLY_CONTINUE);
		assert_true(bench->edits->len >= 1);
		if (locals[i].edits == 0)
			assert_int_equal(bench->edits->len, 1);
	}
}

static void test_local_mail_with_two_classes(void **state)
{
	struct bench *bench = *state;
	AUTO(session)
	session = start(bench, NULL, "paula@provedor.example", "paula");

	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	assert_int_equal(rcpt(bench, session, "abusos@desk.example"), 0);
	assert_int_equal(
		finish(bench, session, HEADER("paula@provedor.example")), 0);
	assert_int_equal(bench->edits->len, 0);
	assert_int_equal(counters_get(&bench->hub.counters, COUNTER_PASSED), 1);
}

static void test_local_mail_past_a_limit(void **state)
{
	struct bench *bench = bench_new("[limits]\nheaders=50\n");

	(void)state;
	{
		AUTO(session) session = start(bench, NULL, ZE, NULL);

		rcpt(bench, session, SUPORTE);
		for (unsigned i = 0; i < 60; i++)
			feed(session, "X: y");
		assert_int_equal(finish(bench, session, HEADER(ZE)), 0);
		assert_int_equal(bench->reply.action, REPLY_CONTINUE);
	}
	bench_free(bench);
}

/* --- trouble of ours --- */

static void move_database(struct bench *bench, bool away)
{
	const char *path = bench->fixture->config->store.database;
	g_autofree char *other = g_strconcat(path, ".away", NULL);

	assert_int_equal(away ? g_rename(path, other) : g_rename(other, path),
	                 0);
}

static void test_no_database_at_rcpt(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

	move_database(bench, true);
	assert_int_equal(rcpt(bench, session, SUPORTE), 451);
	assert_string_equal(bench->reply.enhanced, "4.3.0");
	assert_int_equal(rcpt(bench, session, "suporte+x@desk.example"), 451);
	assert_int_equal(rcpt(bench, session, "pessoa@desk.example"), 0);
	assert_int_equal(rcpt(bench, session, "vizinho@w.example"), 0);
	assert_int_equal(data(bench, session), REPLY_ACCEPT);
	move_database(bench, false);
	session_mail(session, ZE, NULL);
	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
}

static void test_no_database_at_the_header(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	move_database(bench, true);
	feed(session, HEADER(ZE));
	assert_int_equal(end_header(bench, session), REPLY_TEMPFAIL);
	assert_int_equal(bench->reply.code, 451);
	move_database(bench, false);
}

static void test_no_database_at_the_end(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	feed(session, HEADER(ZE));
	assert_int_equal(end_header(bench, session), REPLY_CONTINUE);
	move_database(bench, true);
	assert_int_equal(end(bench, session), REPLY_TEMPFAIL);
	assert_int_equal(bench->reply.code, 451);
	assert_int_equal(bench->edits->len, 0);
	move_database(bench, false);
}

static void test_no_database_for_local_mail(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, NULL, ZE, NULL);

	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	move_database(bench, true);
	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	assert_int_equal(finish(bench, session, HEADER(ZE)), 0);
	assert_int_equal(bench->reply.action, REPLY_CONTINUE);
	assert_int_equal(bench->edits->len, 0);
	move_database(bench, false);
}

/* --- events out of order --- */

static void test_events_without_a_transaction(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = session_new(&bench->hub);

	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	feed(session, HEADER(ZE));
	session_abort(session);
	assert_int_equal(end_header(bench, session), REPLY_ACCEPT);
	body(session, "x");
	assert_int_equal(end(bench, session), REPLY_CONTINUE);
	assert_int_equal(bench->edits->len, 0);
	assert_int_equal(data(bench, session), REPLY_ACCEPT);
}

/* A message without the end of its header is judged all the same. */
static void test_end_without_end_of_header(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, FORGER, ZE, NULL);

	rcpt(bench, session, SUPORTE);
	body(session, "x");
	assert_int_equal(end(bench, session), REPLY_REJECT);
	session_mail(session, "x@else.example", NULL);
	rcpt(bench, session, SUPORTE);
	feed(session, HEADER(ZE));
	assert_int_equal(end(bench, session), REPLY_REJECT);
}

static void test_header_after_its_end(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);
	AUTO(seal) seal = NULL;

	rcpt(bench, session, SUPORTE);
	feed(session, HEADER(ZE));
	end_header(bench, session);
	feed(session, "Subject: more\n");
	end_header(bench, session);
	assert_int_equal(end(bench, session), REPLY_CONTINUE);
	assert_int_equal(read_seal(bench, HEADER(ZE), "suporte", &seal),
	                 SEAL_VALID);
}

/* Each step, then the connection goes, or another transaction begins. */
static void test_aborts_at_each_step(void **state)
{
	struct bench *bench = *state;

	for (unsigned steps = 0; steps < 6; steps++) {
		for (unsigned how = 0; how < 5; how++) {
			AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

			if (steps > 0)
				rcpt(bench, session, SUPORTE);
			if (steps > 1)
				data(bench, session);
			if (steps > 2)
				feed(session, HEADER(ZE));
			if (steps > 3)
				end_header(bench, session);
			if (steps > 4)
				body(session, "x");
			if (how == 1)
				session_abort(session);
			if (how == 2)
				session_helo(session, "other");
			if (how == 3)
				session_mail(session, ZE, NULL);
			if (how == 4)
				session_connect(session, FORGER);
			if (how != 0)
				assert_int_equal(bench->hub.messages, 0);
		}
	}
}

/* A connection that is used again keeps nothing of the client before. */
static void test_connect_again(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, "paula");

	rcpt(bench, session, SUPORTE);
	session_connect(session, FORGER);
	assert_int_equal(rcpt(bench, session, SUPORTE), 0);
	assert_int_equal(data(bench, session), REPLY_ACCEPT);
	session_mail(session, ZE, NULL);
	rcpt(bench, session, SUPORTE);
	assert_int_equal(finish(bench, session, HEADER(ZE)), 550);
}

/* Several messages, one after the other, in one connection. */
static void test_messages_in_a_row(void **state)
{
	struct bench *bench = *state;
	AUTO(session) session = start(bench, CLIENTE, ZE, NULL);

	for (unsigned i = 0; i < 20; i++) {
		session_mail(session, ZE, NULL);
		rcpt(bench, session, SUPORTE);
		assert_int_equal(finish(bench, session, HEADER(ZE)), 0);
		session_mail(session, ZE, NULL);
		rcpt(bench, session, SUPORTE);
		assert_int_equal(
			finish(bench, session, HEADER("x@else.example")), 550);
		session_mail(session, ZE, NULL);
		rcpt(bench, session, "vizinho@w.example");
		assert_int_equal(data(bench, session), REPLY_ACCEPT);
	}
	assert_int_equal(counters_get(&bench->hub.counters, COUNTER_ACCEPTED),
	                 20);
	assert_int_equal(counters_get(&bench->hub.counters, COUNTER_REFUSED),
	                 20);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts),
		TEST(test_stranger_is_refused_before_the_body),
		TEST(test_seal_names_all_departments),
		TEST(test_seal_covers_the_subject),
		TEST(test_forged_fields_are_removed),
		TEST(test_mail_of_others_is_let_go),
		TEST(test_mail_of_others_without_data),
		TEST(test_second_class_is_put_off),
		cmocka_unit_test(test_too_many_recipients),
		cmocka_unit_test(test_too_many_messages_at_once),
		TEST(test_stopping),
		cmocka_unit_test(test_rate_of_a_client),
		cmocka_unit_test(test_rate_counts_a_message_once),
		cmocka_unit_test(test_rate_of_a_sender),
		cmocka_unit_test(test_rate_of_a_department),
		cmocka_unit_test(test_rate_allow),
		cmocka_unit_test(test_header_limits),
		cmocka_unit_test(test_message_too_large),
		TEST(test_body_counts_for_nothing_without_signatures),
		TEST(test_local_mail_is_never_refused),
		TEST(test_local_mail_with_two_classes),
		cmocka_unit_test(test_local_mail_past_a_limit),
		TEST(test_no_database_at_rcpt),
		TEST(test_no_database_at_the_header),
		TEST(test_no_database_at_the_end),
		TEST(test_no_database_for_local_mail),
		TEST(test_events_without_a_transaction),
		TEST(test_end_without_end_of_header),
		TEST(test_header_after_its_end),
		TEST(test_aborts_at_each_step),
		TEST(test_connect_again),
		TEST(test_messages_in_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
