/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Abuse reports become cases, DMARC and TLS reports files. Hermetic, with a
 * clock that stands still. */
#include "unit/desk_mailroom.h"

#include "desk/conversation.h"
#include "mail/mail.h"
#include "store/abusecase.h"
#include "store/mailreport.h"

#define REPORTER "relator@rede.example"

/* X-ARF in the text: the shortest report there is. Owned. */
static char *report_body(const char *source, const char *type,
                         const char *reporter, const char *date)
{
	return g_strdup_printf("Reported-From: %s\nReport-Type: %s\n"
	                       "Source: %s\nPort: 22\nDate: %s\n",
	                       reporter, type, source, date);
}

struct report_in {
	const char *source;
	const char *type;     /* NULL: login-attack */
	const char *reporter; /* NULL: REPORTER */
	const char *date;     /* NULL: 2026-11-22 */
	const char *from;     /* NULL: REPORTER */
	const char *to;       /* NULL: abusos */
	const char *headers;  /* NULL: none more */
	enum seal_verdict verdict;
};

static struct intake_result take(struct room *room, const struct report_in *in)
{
	const char *type = in->type != NULL ? in->type : "login-attack";
	g_autofree char *body = report_body(
		in->source, type,
		in->reporter != NULL ? in->reporter : REPORTER,
		in->date != NULL ? in->date : "2026-11-22T00:00:00Z");
	g_autofree char *headers = g_strconcat(
		"X-ARF: yes\n", in->headers != NULL ? in->headers : "", NULL);
	const struct letter_in letter = {
		.from = in->from != NULL ? in->from : REPORTER,
		.to = in->to != NULL ? in->to : "abusos",
		.subject = "abuse report",
		.headers = headers,
		.body = body,
		.verdict = in->verdict,
		.proof = AUTH_UNPROVEN,
	};

	return room_take(room, &letter);
}

/* The ref, and what came of it. Owned. */
static char *take_ref(struct room *room, const struct report_in *in,
                      enum intake_outcome want)
{
	struct intake_result result = take(room, in);
	char *ref = g_strdup(result.ref);

	assert_string_equal(intake_outcome_name(result.outcome),
	                    intake_outcome_name(want));
	intake_result_clear(&result);
	return ref;
}

static void expect(struct room *room, const struct report_in *in,
                   enum intake_outcome want)
{
	g_free(take_ref(room, in, want));
}

static struct abuse_case *case_of(struct room *room, const char *ref)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	struct abuse_case *one =
		abuse_case_of_ticket(room->store, ticket->id, &error);

	room_must(one, error);
	return one;
}

/* What staff were sent. */
static guint notices(struct room *room)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows =
		outbox_list(room->store, -1, 0, 20000, &error);

	room_must(rows, error);
	for (guint i = 0; i < rows->len; i++)
		assert_string_equal(
			((const struct outbox *)rows->pdata[i])->recipient,
			ANA);
	return rows->len;
}

static void add_service(struct room *room, gint64 customer, const char *domain,
                        const char *cidr, bool active)
{
	g_autoptr(GError) error = NULL;
	char *ranges[] = { g_strdup(cidr), NULL };
	struct service service = { .customer_id = customer,
		                   .kind = g_strdup("hosting"),
		                   .label = g_strdup("VPS 1"),
		                   .domain = g_strdup(domain),
		                   .ip_ranges = cidr[0] != '\0' ? ranges : NULL,
		                   .active = active };

	fixture_begin(room->fixture);
	assert_ok(service_insert(room->store, &service, &error), error);
	fixture_commit(room->fixture);
	g_free(service.kind);
	g_free(service.label);
	g_free(service.domain);
	g_free(ranges[0]);
}

static GPtrArray *suspects_of(struct room *room, const char *ref)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);
	GPtrArray *all = abuse_suspect_list(room->store, ticket->id, &error);

	room_must(all, error);
	return all;
}

static void set_status(struct room *room, const char *ref,
                       enum ticket_status status)
{
	g_autoptr(GError) error = NULL;
	AUTO(ticket) ticket = room_ticket(room, ref);

	fixture_begin(room->fixture);
	ticket->status = status;
	assert_ok(ticket_update(room->store, ticket, &error), error);
	fixture_commit(room->fixture);
}

static void test_reports_join_one_case(void **state)
{
	struct room *room = *state;
	g_autofree char *first =
		take_ref(room, &(struct report_in){ .source = "198.51.100.7" },
	                 INTAKE_CREATED);
	g_autofree char *second = take_ref(
		room,
		&(struct report_in){ .source = "198.51.100.7",
	                             .type = "Login_Attack",
	                             .reporter = "outra@rede.example" },
		INTAKE_APPENDED);
	AUTO(abuse_case) one = case_of(room, first);
	g_autoptr(GPtrArray) entries = room_entries(room, first);

	assert_string_equal(first, second);
	assert_string_equal(one->source, "198.51.100.7");
	assert_string_equal(one->type, "login_attack");
	assert_int_equal(one->source_kind, ABUSE_SOURCE_IP);
	assert_int_equal(one->reports, 2);
	assert_int_equal(one->reporters, 2);
	assert_int_equal(one->last - one->first, CLOCK_SECOND);
	assert_int_equal(entries->len, 1);
	assert_int_equal(notices(room), 1); /* to Ana, of the first */
}

/* Staff put the case's ticket into another one: reports follow. */
static void test_reports_follow_a_merge(void **state)
{
	struct room *room = *state;
	const struct report_in report = { .source = "198.51.100.9" };
	const struct actor actor = { .channel = "cli" };
	g_autoptr(GError) error = NULL;
	g_autofree char *from = take_ref(room, &report, INTAKE_CREATED);
	g_autofree char *into = take_ref(
		room, &(struct report_in){ .source = "198.51.100.10" },
		INTAKE_CREATED);
	g_autofree char *next = NULL;
	g_autofree char *last = NULL;
	AUTO(ticket) source = room_ticket(room, from);
	AUTO(ticket) target = room_ticket(room, into);

	fixture_begin(room->fixture);
	assert_ok(conversation_merge(room->desk, room->store, &actor, source,
	                             target, &error),
	          error);
	fixture_commit(room->fixture);
	next = take_ref(room, &report, INTAKE_APPENDED);
	assert_string_equal(next, into);
	/* The tenth is told where staff look. */
	for (unsigned i = 0; i < 8; i++)
		expect(room, &report, INTAKE_APPENDED);
	assert_true(room_has_event(room, into, "10"));
	set_status(room, into, TICKET_CLOSED);
	last = take_ref(room, &report, INTAKE_CREATED);
	assert_string_not_equal(last, into);
}

static void test_evidence_is_kept(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref =
		take_ref(room, &(struct report_in){ .source = "2001:DB8::7" },
	                 INTAKE_CREATED);
	AUTO(abuse_case) one = case_of(room, ref);
	AUTO(abuse_report)
	report = abuse_report_get(room->store, one->id, 1, &error);
	g_autoptr(GBytes) raw = NULL;

	room_must(report, error);
	assert_string_equal(report->source_ip, "2001:db8::7");
	assert_int_equal(report->source_port, 22);
	assert_string_equal(report->reporter, REPORTER);
	assert_string_equal(report->format, "xarf");
	assert_int_equal(report->time, 1795305600000);
	assert_int_equal(report->derived, 0);
	raw = blob_get(room->store, report->raw, &error);
	room_must(raw, error);
	assert_non_null(g_strstr_len(g_bytes_get_data(raw, NULL),
	                             (gssize)g_bytes_get_size(raw),
	                             "Source: 2001:DB8::7"));
	assert_null(abuse_report_get(room->store, one->id, 2, NULL));
}

static void test_other_source_or_type_is_another_case(void **state)
{
	struct room *room = *state;
	static const struct report_in others[] = {
		{ .source = "198.51.100.7" },
		{ .source = "198.51.100.8" },
		{ .source = "198.51.100.7", .type = "spam" },
		{ .source = "loja.example" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		expect(room, &others[i], INTAKE_CREATED);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		expect(room, &others[i], INTAKE_APPENDED);
	assert_int_equal(room_tickets(room), G_N_ELEMENTS(others));
}

static void test_window_ends(void **state)
{
	struct room *room = *state;
	static const struct report_in in = { .source = "198.51.100.7" };
	g_autofree char *first = take_ref(room, &in, INTAKE_CREATED);
	g_autofree char *third = NULL;

	/* Each within a day of the one before. */
	clock_set_for_test(clock_now() + 23 * CLOCK_HOUR);
	expect(room, &in, INTAKE_APPENDED);
	clock_set_for_test(clock_now() + 23 * CLOCK_HOUR);
	expect(room, &in, INTAKE_APPENDED);
	clock_set_for_test(clock_now() + 25 * CLOCK_HOUR);
	third = take_ref(room, &in, INTAKE_CREATED);
	assert_string_not_equal(first, third);

	g_autoptr(GPtrArray) entries = room_entries(room, third);
	const struct message *event = entries_last(entries, MESSAGE_EVENT);

	assert_non_null(strstr(event->text, first));
}

static void test_window_is_a_setting(void **state)
{
	struct room *room = room_new("[abuse]\nwindow_seconds=1h\n");
	static const struct report_in in = { .source = "198.51.100.7" };

	(void)state;
	expect(room, &in, INTAKE_CREATED);
	clock_set_for_test(clock_now() + CLOCK_HOUR - CLOCK_SECOND);
	expect(room, &in, INTAKE_APPENDED);
	clock_set_for_test(clock_now() + CLOCK_HOUR);
	expect(room, &in, INTAKE_CREATED);
	room_teardown((void **)&room);
}

static void test_closed_and_resolved_tickets(void **state)
{
	struct room *room = *state;
	static const struct report_in closed = { .source = "198.51.100.1" };
	static const struct report_in before = { .source = "198.51.100.2" };
	static const struct report_in after = { .source = "198.51.100.2",
		                                .date = "2026-11-30" };
	g_autofree char *first = take_ref(room, &closed, INTAKE_CREATED);
	g_autofree char *second = take_ref(room, &before, INTAKE_CREATED);

	set_status(room, first, TICKET_CLOSED);
	expect(room, &closed, INTAKE_CREATED);
	set_status(room, second, TICKET_RESOLVED);
	expect(room, &before, INTAKE_APPENDED);
	expect(room, &after, INTAKE_CREATED);
}

/* 1, 10, 100: an event each time but the first, and a notice each time. */
static void test_notices_at_growth_only(void **state)
{
	struct room *room = *state;
	static const struct report_in in = { .source = "198.51.100.7" };
	g_autofree char *ref = take_ref(room, &in, INTAKE_CREATED);

	for (int i = 2; i <= 150; i++) {
		expect(room, &in, INTAKE_APPENDED);
		assert_int_equal(notices(room), i < 10 ? 1 : i < 100 ? 2 : 3);
	}
	g_autoptr(GPtrArray) entries = room_entries(room, ref);

	assert_int_equal(entries->len, 3);
	assert_string_equal(entries_last(entries, MESSAGE_EVENT)->text,
	                    "100 reports by 1 reporters about 198.51.100.7 "
	                    "(login_attack)");
}

/* The customer whose address it is learns nothing. */
static void test_suspect_takes_no_part(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = NULL;

	add_service(room, room->customer, "", "198.51.100.0/24", true);
	add_service(room, room->other, "", "198.51.100.0/28", true);
	add_service(room, room->customer, "", "198.51.100.7/32", false);
	ref = take_ref(room, &(struct report_in){ .source = "198.51.100.7" },
	               INTAKE_CREATED);

	g_autoptr(GPtrArray) suspects = suspects_of(room, ref);
	AUTO(ticket) ticket = room_ticket(room, ref);
	g_autoptr(GPtrArray) people =
		participant_list(room->store, ticket->id, &error);
	const struct abuse_suspect *one = suspects->pdata[0];
	const struct participant *reporter = people->pdata[0];

	assert_int_equal(suspects->len, 1);
	assert_int_equal(one->customer_id, room->other);
	assert_string_equal(one->matched, "198.51.100.0/28");
	assert_false(one->derived);
	assert_int_equal(ticket->customer_id, 0);
	assert_int_equal(ticket->service_id, 0);
	assert_int_equal(people->len, 1);
	assert_string_equal(reporter->address, REPORTER);
	assert_int_equal(notices(room), 1);
}

static void test_what_matches(void **state)
{
	struct room *room = *state;
	static const struct {
		const char *source;
		guint count;
	} cases[] = {
		{ "loja.example", 1 },
		{ "www.loja.example", 1 },
		{ "xloja.example", 0 },
		{ "example", 0 },
		{ "http://blog.loja.example/x", 1 },
		{ "2001:db8:0:1::5", 1 },
		{ "2001:db8:1::5", 0 },
		{ "203.0.113.9", 1 },
		{ "http://203.0.113.9/x", 1 },
		{ "203.0.113.10", 0 },
		{ "203.0.113.40", 0 }, /* inactive */
		{ "AS64500", 0 },
	};

	add_service(room, room->customer, "loja.example", "", true);
	add_service(room, room->customer, "", "2001:0DB8::/48", true);
	add_service(room, room->customer, "", "203.0.113.9", true);
	add_service(room, room->customer, "", "203.0.113.40", false);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *ref =
			take_ref(room,
		                 &(struct report_in){ .source = cases[i].source,
		                                      .type = cases[i].source },
		                 INTAKE_CREATED);
		g_autoptr(GPtrArray) suspects = suspects_of(room, ref);

		if (suspects->len != cases[i].count)
			fail_msg("%s: %u", cases[i].source, suspects->len);
	}
}

/* A department of customers, a member of staff: not the abuse desk's way. */
static void test_only_where_anyone_may_write(void **state)
{
	struct room *room = *state;
	static const struct report_in own = { .source = "198.51.100.7",
		                              .from = DONO,
		                              .to = "suporte" };
	g_autofree char *ref = take_ref(room, &own, INTAKE_CREATED);
	g_autofree char *second = take_ref(room, &own, INTAKE_CREATED);
	AUTO(ticket) ticket = room_ticket(room, ref);

	assert_string_not_equal(ref, second);
	assert_null(abuse_case_of_ticket(room->store, ticket->id, NULL));
}

/* A letter without a report in it is a ticket like any other; who is named in
 * it is suspected. */
static void test_letter_is_an_ordinary_ticket(void **state)
{
	struct room *room = *state;
	static const struct letter_in letter = {
		.from = "editora@direitos.example",
		.to = "abusos",
		.subject = "Violação de direitos autorais",
		.body = "Prezados,\no cliente em 198.51.100.7 distribui o nosso "
			"livro:\nhttp://www.loja.example/livro.pdf.\n",
		.verdict = SEAL_ACCEPT,
		.proof = AUTH_PROVEN,
	};
	g_autofree char *ref = NULL;

	add_service(room, room->customer, "loja.example", "", true);
	add_service(room, room->other, "", "198.51.100.0/24", true);
	ref = room_take_ref(room, &letter, INTAKE_CREATED);
	room_expect(room, &letter, INTAKE_CREATED);

	g_autoptr(GPtrArray) suspects = suspects_of(room, ref);
	AUTO(ticket) ticket = room_ticket(room, ref);

	assert_int_equal(suspects->len, 2);
	for (guint i = 0; i < suspects->len; i++)
		assert_true(((const struct abuse_suspect *)suspects->pdata[i])
		                    ->derived);
	assert_null(abuse_case_of_ticket(room->store, ticket->id, NULL));
	assert_int_equal(ticket->customer_id, 0);
}

static void test_reports_of_counts_are_filed(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	static const struct letter_in letter = {
		.from = "tls@isp.example",
		.to = "abusos",
		.subject = "Report Domain: cliente.example Submitter: "
			   "isp.example Report-ID: <r-1>",
		.headers = "TLS-Report-Domain: cliente.example\n",
		.body = "This is a report.\n",
		.verdict = SEAL_ACCEPT,
		.proof = AUTH_UNPROVEN,
		.key = "once",
	};
	struct intake_result result = room_take(room, &letter);
	g_autofree char *answer = g_strdup(result.answer);

	assert_int_equal(result.outcome, INTAKE_FILED);
	assert_string_equal(result.ref, "");
	intake_result_clear(&result);
	result = room_take(room, &letter);
	assert_int_equal(result.outcome, INTAKE_DUPLICATE);
	assert_string_equal(result.answer, answer);
	intake_result_clear(&result);

	g_autoptr(GPtrArray) all =
		mail_report_list(room->store, 0, NULL, NULL, 0, &error);
	g_autoptr(GPtrArray) none =
		mail_report_list(room->store, 0, "dmarc", NULL, 0, &error);
	const struct mail_report *one = all->pdata[0];

	assert_int_equal(all->len, 1);
	assert_int_equal(none->len, 0);
	assert_string_equal(one->kind, "tls");
	assert_string_equal(one->domain, "cliente.example");
	assert_string_equal(one->reporter, "isp.example");
	assert_string_equal(one->report_id, "r-1");
	assert_int_equal(room_tickets(room), 0);
	assert_int_equal(notices(room), 0);
}

/* Programs cannot be answered; the person they name can. */
static void test_who_can_be_answered(void **state)
{
	struct room *room = *state;
	static const struct {
		const char *from;
		const char *headers;
		const char *want; /* NULL: nobody */
	} cases[] = {
		{ "ana@rede.example", "", "ana@rede.example" },
		{ "noreply@rede.example", "", NULL },
		{ "noreply@rede.example", "Reply-To: cert@rede.example\n",
		  "cert@rede.example" },
		{ "noreply@rede.example", "Reply-To: no-reply@rede.example\n",
		  NULL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *source =
			g_strdup_printf("198.51.100.%zu", i + 1);
		g_autofree char *ref = take_ref(
			room,
			&(struct report_in){ .source = source,
		                             .from = cases[i].from,
		                             .headers = cases[i].headers },
			INTAKE_CREATED);
		AUTO(ticket) ticket = room_ticket(room, ref);
		g_autoptr(GPtrArray) people =
			participant_list(room->store, ticket->id, &error);

		room_must(people, error);
		assert_int_equal(people->len, cases[i].want != NULL ? 1 : 0);
		if (people->len > 0)
			assert_string_equal(
				((const struct participant *)people->pdata[0])
					->address,
				cases[i].want);
	}
}

/* What one report more does to the database, in statements of its own: the
 * rows it adds, whatever the count. Nobody gets 10,000 tickets or notices. */
static void test_ten_thousand_reports_are_one_ticket(void **state)
{
	struct room *room = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *ref = NULL;

	for (int i = 0; i < 10000; i++) {
		g_autofree char *reporter =
			g_strdup_printf("r%d@rede.example", i % 50);
		g_autofree char *got =
			take_ref(room,
		                 &(struct report_in){ .source = "198.51.100.7",
		                                      .reporter = reporter },
		                 i == 0 ? INTAKE_CREATED : INTAKE_APPENDED);

		/* Reports in quick succession, not hours of them. */
		clock_set_for_test(ROOM_START + i);
		if (ref == NULL)
			ref = g_steal_pointer(&got);
		else
			assert_string_equal(got, ref);
	}
	AUTO(abuse_case) one = case_of(room, ref);
	g_autoptr(GPtrArray) top =
		abuse_reporter_list(room->store, one->id, 3, &error);
	g_autoptr(GPtrArray) rows =
		abuse_report_list(room->store, one->id, 0, 20000, &error);
	g_autoptr(GPtrArray) entries = room_entries(room, ref);

	assert_int_equal(one->reports, 10000);
	assert_int_equal(one->reporters, 50);
	assert_int_equal(rows->len, 10000);
	assert_int_equal(
		((const struct abuse_report *)rows->pdata[9999])->number,
		10000);
	assert_int_equal(top->len, 3);
	assert_int_equal(
		((const struct abuse_reporter *)top->pdata[0])->reports, 200);
	assert_int_equal(room_tickets(room), 1);
	assert_int_equal(entries->len, 5);
	assert_int_equal(notices(room), 5);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reports_join_one_case),
		TEST(test_reports_follow_a_merge),
		TEST(test_evidence_is_kept),
		TEST(test_other_source_or_type_is_another_case),
		TEST(test_window_ends),
		cmocka_unit_test(test_window_is_a_setting),
		TEST(test_closed_and_resolved_tickets),
		TEST(test_notices_at_growth_only),
		TEST(test_suspect_takes_no_part),
		TEST(test_what_matches),
		TEST(test_only_where_anyone_may_write),
		TEST(test_letter_is_an_ordinary_ticket),
		TEST(test_reports_of_counts_are_filed),
		TEST(test_who_can_be_answered),
		TEST(test_ten_thousand_reports_are_one_ticket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
