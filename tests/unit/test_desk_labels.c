/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_desk_labels.c - words shown to people. Hermetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "desk/labels.h"

struct status_case {
	enum ticket_status status;
	const char *pt;
	const char *en;
	const char *es;
};

/* DESIGN section 4. */
static const struct status_case status_cases[] = {
	{ TICKET_OPEN, "Aberto", "Open", "Abierto" },
	{ TICKET_ANSWERED, "Respondido", "Answered", "Respondido" },
	{ TICKET_CUSTOMER_REPLY, "Resposta do cliente", "Customer reply",
	  "Respuesta del cliente" },
	{ TICKET_IN_PROGRESS, "Em andamento", "In progress", "En curso" },
	{ TICKET_ON_HOLD, "Em espera", "On hold", "En espera" },
	{ TICKET_RESOLVED, "Resolvido", "Resolved", "Resuelto" },
	{ TICKET_CLOSED, "Fechado", "Closed", "Cerrado" },
};

static void test_status_reads_in_each_language(void **state)
{
	(void)state;
	assert_int_equal(G_N_ELEMENTS(status_cases), TICKET_STATUS__COUNT);
	for (size_t i = 0; i < G_N_ELEMENTS(status_cases); i++) {
		const struct status_case *c = &status_cases[i];

		assert_string_equal(label_status(c->status, "pt_BR"), c->pt);
		assert_string_equal(label_status(c->status, "en"), c->en);
		assert_string_equal(label_status(c->status, "es"), c->es);
	}
}

static void test_priority_reads_in_each_language(void **state)
{
	(void)state;
	assert_string_equal(label_priority(TICKET_LOW, "pt_BR"), "Baixa");
	assert_string_equal(label_priority(TICKET_MEDIUM, "pt_BR"), "Média");
	assert_string_equal(label_priority(TICKET_HIGH, "pt_BR"), "Alta");
	assert_string_equal(label_priority(TICKET_LOW, "en"), "Low");
	assert_string_equal(label_priority(TICKET_MEDIUM, "en"), "Medium");
	assert_string_equal(label_priority(TICKET_HIGH, "en"), "High");
	assert_string_equal(label_priority(TICKET_LOW, "es"), "Baja");
	assert_string_equal(label_priority(TICKET_MEDIUM, "es"), "Media");
	assert_string_equal(label_priority(TICKET_HIGH, "es"), "Alta");
}

static void test_unknown_language_reads_portuguese(void **state)
{
	static const char *const languages[] = { "", "fr", "pt", "EN", NULL };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(languages); i++) {
		assert_string_equal(label_status(TICKET_OPEN, languages[i]),
		                    "Aberto");
		assert_string_equal(label_none(languages[i]), "nenhum");
	}
	assert_string_equal(label_none("en"), "none");
	assert_string_equal(label_none("es"), "ninguno");
}

static void test_unknown_value_is_said_so(void **state)
{
	(void)state;
	assert_string_equal(label_status(TICKET_STATUS__COUNT, "en"),
	                    "unknown");
	assert_string_equal(label_priority(TICKET_PRIORITY__COUNT, "es"),
	                    "desconocido");
}

/* As each language writes it, in the reader's hour. */
static void test_time(void **state)
{
	static const struct {
		gint64 ms;
		const char *language;
		const char *zone;
		const char *want;
	} cases[] = {
		{ 1764444000000, "pt_BR", "America/Sao_Paulo",
		  "29/11/2025 16:20" },
		{ 1764444000000, "es", "America/Sao_Paulo",
		  "29/11/2025 16:20" },
		{ 1764444000000, "en", "America/Sao_Paulo",
		  "29 Nov 2025 16:20" },
		{ 1764444000000, "pt_BR", "America/Rio_Branco",
		  "29/11/2025 14:20" },
		{ 1764444000000, "en", "UTC", "29 Nov 2025 19:20" },
		{ 1764467940000, "pt_BR", "America/Noronha",
		  "29/11/2025 23:59" },
		{ 1767225600000, "fr", "UTC", "01/01/2026 00:00" },
		{ 0, "pt_BR", "UTC", "01/01/1970 00:00" },
		/* summer time, when Brazil had it */
		{ 1514764800000, "pt_BR", "America/Sao_Paulo",
		  "31/12/2017 22:00" },
		{ G_MAXINT64, "pt_BR", "UTC", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GTimeZone) zone =
			g_time_zone_new_identifier(cases[i].zone);
		g_autofree char *got = NULL;

		assert_non_null(zone);
		got = label_dup_time(cases[i].ms, cases[i].language, zone);
		assert_string_equal(got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_status_reads_in_each_language),
		cmocka_unit_test(test_priority_reads_in_each_language),
		cmocka_unit_test(test_unknown_language_reads_portuguese),
		cmocka_unit_test(test_unknown_value_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
