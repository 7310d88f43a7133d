/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_status.c - the whole table of states and events
 *
 * The table is written down once more here, as people would say it. Hermetic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "desk/status.h"
#include "desk/thanks.h"

#define NOW     ((gint64)1795366800000)
#define DAY     (86400 * CLOCK_SECOND)
#define SAME    (-1) /* the status stays */
#define ANOTHER (-2) /* the status stays; the words go into a new ticket */

static const struct walk {
	enum status_event event;
	int next[TICKET_STATUS__COUNT]; /* from open ... closed */
	enum audience_event told;       /* unless ANOTHER */
	int late_told; /* told in resolved and closed; thanks: answered, too */
} walks[] = {
	{ STATUS_CUSTOMER_WRITES,
	  { TICKET_CUSTOMER_REPLY, TICKET_CUSTOMER_REPLY, SAME,
	    TICKET_CUSTOMER_REPLY, TICKET_CUSTOMER_REPLY, TICKET_CUSTOMER_REPLY,
	    ANOTHER },
	  AUDIENCE_CUSTOMER_WROTE,
	  AUDIENCE_CUSTOMER_WROTE },
	{ STATUS_CUSTOMER_THANKS,
	  { TICKET_CUSTOMER_REPLY, SAME, SAME, TICKET_CUSTOMER_REPLY,
	    TICKET_CUSTOMER_REPLY, SAME, SAME },
	  AUDIENCE_CUSTOMER_WROTE,
	  AUDIENCE_CUSTOMER_THANKED },
	{ STATUS_CUSTOMER_LATE,
	  { TICKET_CUSTOMER_REPLY, TICKET_CUSTOMER_REPLY, SAME,
	    TICKET_CUSTOMER_REPLY, TICKET_CUSTOMER_REPLY, ANOTHER, ANOTHER },
	  AUDIENCE_CUSTOMER_WROTE,
	  AUDIENCE_CUSTOMER_WROTE },
	{ STATUS_AUTOMATIC,
	  { SAME, SAME, SAME, SAME, SAME, SAME, SAME },
	  AUDIENCE_AUTOMATIC,
	  AUDIENCE_AUTOMATIC },
	{ STATUS_REPORT,
	  { SAME, SAME, SAME, SAME, SAME, SAME, ANOTHER },
	  AUDIENCE_AUTOMATIC,
	  AUDIENCE_AUTOMATIC },
	{ STATUS_STAFF_ANSWERS,
	  { TICKET_ANSWERED, SAME, TICKET_ANSWERED, TICKET_ANSWERED,
	    TICKET_ANSWERED, TICKET_ANSWERED, TICKET_ANSWERED },
	  AUDIENCE_STAFF_ANSWERED,
	  AUDIENCE_STAFF_ANSWERED },
	{ STATUS_STAFF_NOTES,
	  { SAME, SAME, SAME, SAME, SAME, SAME, SAME },
	  AUDIENCE_NOTED,
	  AUDIENCE_NOTED },
	{ STATUS_MERGED,
	  { SAME, TICKET_CUSTOMER_REPLY, SAME, TICKET_CUSTOMER_REPLY,
	    TICKET_CUSTOMER_REPLY, TICKET_CUSTOMER_REPLY,
	    TICKET_CUSTOMER_REPLY },
	  AUDIENCE_NOBODY,
	  AUDIENCE_NOBODY },
};

static void check(enum ticket_status from, enum status_event event, int next,
                  enum audience_event told)
{
	struct status_step step = status_step(from, event);
	bool joins = next != ANOTHER;
	enum ticket_status want = next < 0 ? from : (enum ticket_status)next;

	if (!joins)
		told = AUDIENCE_NOBODY;
	if (step.next != want || step.joins != joins || step.told != told)
		fail_msg("%s, %s: %s, joins %d, told %s",
		         ticket_status_name(from), status_event_name(event),
		         ticket_status_name(step.next), step.joins,
		         audience_event_name(step.told));
}

static void test_whole_table(void **state)
{
	unsigned checked = 0;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(walks); i++)
		for (int from = 0; from < TICKET_STATUS__COUNT; from++) {
			bool late = from >= TICKET_RESOLVED ||
			            (from == TICKET_ANSWERED &&
			             walks[i].event == STATUS_CUSTOMER_THANKS);

			check((enum ticket_status)from, walks[i].event,
			      walks[i].next[from],
			      late ? (enum audience_event)walks[i].late_told
			           : walks[i].told);
			checked++;
		}
	/* By hand: anything from anywhere; ends are told to customers. */
	for (int from = 0; from < TICKET_STATUS__COUNT; from++)
		for (int to = 0; to < TICKET_STATUS__COUNT; to++) {
			check((enum ticket_status)from,
			      status_event_set((enum ticket_status)to), to,
			      to == TICKET_RESOLVED ? AUDIENCE_RESOLVED
			      : to == TICKET_CLOSED ? AUDIENCE_CLOSED
			                            : AUDIENCE_NOBODY);
			checked++;
		}
	assert_int_equal(checked, TICKET_STATUS__COUNT * STATUS_EVENT__COUNT);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < STATUS_EVENT__COUNT; i++)
		assert_true(strlen(status_event_name((enum status_event)i)));
}

static void test_event_of_mail(void **state)
{
	static const struct {
		const char *name;
		enum ticket_status status;
		gint64 age; /* since it was resolved; -1: unknown */
		enum mail_kind kind;
		bool thanks;
		enum status_event want;
	} cases[] = {
		{ "plain", TICKET_ANSWERED, -1, MAIL_KIND_HUMAN, false,
		  STATUS_CUSTOMER_WRITES },
		{ "soon", TICKET_RESOLVED, DAY, MAIL_KIND_HUMAN, false,
		  STATUS_CUSTOMER_WRITES },
		{ "last moment", TICKET_RESOLVED, 7 * DAY, MAIL_KIND_HUMAN,
		  false, STATUS_CUSTOMER_WRITES },
		{ "late", TICKET_RESOLVED, 7 * DAY + 1, MAIL_KIND_HUMAN, false,
		  STATUS_CUSTOMER_LATE },
		{ "nobody knows when", TICKET_RESOLVED, -1, MAIL_KIND_HUMAN,
		  false, STATUS_CUSTOMER_WRITES },
		{ "thanks", TICKET_RESOLVED, DAY, MAIL_KIND_HUMAN, true,
		  STATUS_CUSTOMER_THANKS },
		{ "late thanks", TICKET_RESOLVED, 30 * DAY, MAIL_KIND_HUMAN,
		  true, STATUS_CUSTOMER_THANKS },
		{ "vacation", TICKET_RESOLVED, 30 * DAY, MAIL_KIND_VACATION,
		  true, STATUS_AUTOMATIC },
		{ "list", TICKET_OPEN, -1, MAIL_KIND_LIST, false,
		  STATUS_REPORT },
		{ "bounce", TICKET_OPEN, -1, MAIL_KIND_BOUNCE, false,
		  STATUS_AUTOMATIC },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct ticket ticket = {
			.status = cases[i].status,
			.resolved = cases[i].age < 0 ? 0 : NOW - cases[i].age,
		};
		const struct status_mail mail = {
			.kind = cases[i].kind,
			.thanks = cases[i].thanks,
			.now = NOW,
			.reopen_seconds = 7 * 86400,
		};

		if (status_event_of_mail(&ticket, &mail) != cases[i].want)
			fail_msg("%s", cases[i].name);
	}
}

static void test_apply_keeps_times(void **state)
{
	struct ticket ticket = { .status = TICKET_OPEN };

	(void)state;
	status_apply(&ticket, TICKET_RESOLVED, NOW);
	assert_true(ticket.resolved == NOW && ticket.closed == 0);
	status_apply(&ticket, TICKET_RESOLVED, NOW + DAY);
	assert_true(ticket.resolved == NOW);
	status_apply(&ticket, TICKET_CLOSED, NOW + DAY);
	assert_true(ticket.resolved == 0 && ticket.closed == NOW + DAY);
	status_apply(&ticket, TICKET_CLOSED, NOW + 2 * DAY);
	assert_true(ticket.closed == NOW + DAY);
	status_apply(&ticket, TICKET_OPEN, NOW);
	assert_true(ticket.resolved == 0 && ticket.closed == 0);
}

static void test_thanks(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
		{ "Obrigado", true },
		{ "obrigada!", true },
		{ "Muito obrigado pela ajuda.\n\nAtenciosamente,\nJosé", true },
		{ "Boa tarde, Paula,\n\nMuito obrigada pelo retorno e pela "
		  "atenção!\n\nAbraços",
		  true },
		{ "Valeu!! 👍", true },
		{ "Ok, obrigado.", true },
		{ "Perfeito, agradeço a atenção de todos.", true },
		{ "Thanks a lot for your help, Paula!", true },
		{ "Thank you very much.\n\nBest regards,\nJosé", true },
		{ "Muchas gracias por su ayuda. Saludos", true },
		{ "Mil gracias :-)", true },
		{ "OBRIGADO", true },
		{ "O\314\201timo, obrigado", true }, /* decomposed accent */
		/* says more */
		{ "", false },
		{ "ok", false },
		{ "Bom dia", false },
		{ "Obrigado, mas não funcionou", false },
		{ "Obrigado. E o backup?", false },
		{ "Obrigado, e quando volta", false },
		{ "Suporte, obrigado", false },
		{ "Ajuda! Obrigado", false },
		{ "Thanks, help", false },
		{ "No, thanks", false },
		{ "Thanks for nothing", false },
		{ "Thanks, but the site is down again", false },
		{ "Obrigado, veja http://x.example", false },
		{ "Obrigado 2", false },
		{ "Obrigado, ze@cliente.example", false },
		{ "¿Gracias?", false },
		{ "Gracias, pero sigue igual", false },
		{ "Obrigado, Pedro", false }, /* nobody here is called so */
		{ "Merci beaucoup", false },
		{ "спасибо, obrigado", false },
		{ "J, obrigado", false },
	};
	static const char *const names[] = { "José J. da Silva",
		                             "Paula Atendente", NULL };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (thanks_is_all(cases[i].text, names) != cases[i].want)
			fail_msg("\"%s\"", cases[i].text);
	assert_true(thanks_is_all("gracias", NULL));
}

static void test_thanks_is_bounded(void **state)
{
	GString *text = g_string_new(NULL);

	(void)state;
	for (unsigned i = 0; i < THANKS_WORDS; i++)
		g_string_append(text, "thanks ");
	assert_true(thanks_is_all(text->str, NULL));
	g_string_append(text, "thanks");
	assert_false(thanks_is_all(text->str, NULL));
	g_string_assign(text, "thanks");
	while (text->len <= THANKS_BYTES)
		g_string_append_c(text, '.');
	assert_false(thanks_is_all(text->str, NULL));
	g_string_free(text, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_table),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_event_of_mail),
		cmocka_unit_test(test_apply_keeps_times),
		cmocka_unit_test(test_thanks),
		cmocka_unit_test(test_thanks_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
