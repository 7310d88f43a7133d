/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Field lines of customers, command lines of staff. Hermetic. */
#include "mail_case.h"

#include "mail/commands.h"

static void test_fields_take_the_head(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		enum mail_priority priority;
		const char *service;
		const char *invalid;
		const char *rest;
	} cases[] = {
		{ "none", "Olá, tudo bem?\nPrioridade: alta",
		  MAIL_PRIORITY_NONE, "", "",
		  "Olá, tudo bem?\nPrioridade: alta" },
		{ "priority", "Prioridade: alta\n\nOlá", MAIL_PRIORITY_HIGH, "",
		  "", "Olá" },
		{ "both", "Serviço: loja.example\nPrioridade: Média\nOlá",
		  MAIL_PRIORITY_MEDIUM, "loja.example", "", "Olá" },
		{ "no accents", "SERVICO: a.example\nprioridade:BAIXA\nx",
		  MAIL_PRIORITY_LOW, "a.example", "", "x" },
		{ "english", "Service: VPS 2\nPriority: urgent\nx",
		  MAIL_PRIORITY_HIGH, "VPS 2", "", "x" },
		{ "spanish", "Servicio: a\nPrioridad: baja\nx",
		  MAIL_PRIORITY_LOW, "a", "", "x" },
		{ "blank lines first", "\n\nPrioridade: alta\nx",
		  MAIL_PRIORITY_HIGH, "", "", "x" },
		{ "mark and nbsp",
		  "\357\273\277Prioridade:\302\240alta\302\240\nx",
		  MAIL_PRIORITY_HIGH, "", "", "x" },
		{ "emphasis", "*Prioridade:* alta\n*Serviço*: *a.example*\nx",
		  MAIL_PRIORITY_HIGH, "a.example", "", "x" },
		{ "invalid", "Prioridade: altíssima\nServiço: a\nx",
		  MAIL_PRIORITY_NONE, "a", "Prioridade: altíssima",
		  "Prioridade: altíssima\nx" },
		{ "no value", "Serviço:\nx", MAIL_PRIORITY_NONE, "",
		  "Serviço:", "Serviço:\nx" },
		{ "only fields", "Prioridade: alta", MAIL_PRIORITY_HIGH, "", "",
		  "" },
		{ "empty", "", MAIL_PRIORITY_NONE, "", "", "" },
		{ "A circumflex survives", "Serviço: Âmbar\nx",
		  MAIL_PRIORITY_NONE, "Âmbar", "", "x" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct mail_fields fields = { 0 };
		g_autofree char *rest = NULL;

		fields_take(cases[i].input, &fields, &rest);
		if (fields.priority != cases[i].priority ||
		    strcmp(fields.service, cases[i].service) != 0 ||
		    strcmp(fields.invalid, cases[i].invalid) != 0 ||
		    strcmp(rest, cases[i].rest) != 0)
			fail_msg("%s: %d \"%s\" \"%s\" \"%s\"", cases[i].name,
			         (int)fields.priority, fields.service,
			         fields.invalid, rest);
		mail_fields_clear(&fields);
	}
}

static void test_fields_stop_after_some_lines(void **state)
{
	GString *text = g_string_new(NULL);
	struct mail_fields fields = { 0 };
	g_autofree char *rest = NULL;

	(void)state;
	for (int i = 0; i < 50; i++)
		g_string_append(text, "Prioridade: alta\n");
	fields_take(text->str, &fields, &rest);
	assert_int_equal(fields.priority, MAIL_PRIORITY_HIGH);
	assert_true(strlen(rest) == 40 * strlen("Prioridade: alta\n"));
	mail_fields_clear(&fields);
	g_string_free(text, TRUE);
}

static char *describe(GPtrArray *commands)
{
	static const char *const names[] = { "status", "note", "priority",
		                             "assign", "department", "copy" };
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < commands->len; i++) {
		const struct command *command = g_ptr_array_index(commands, i);

		g_string_append_printf(out, "%s(%s)", names[command->kind],
		                       command->argument);
	}
	return g_string_free(out, FALSE);
}

static void test_take_reads_command_lines(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		const char *commands;
		const char *rest;
		const char *unknown;
	} cases[] = {
		{ "none", "Olá\n# título\n#1 item", "",
		  "Olá\n# título\n#1 item", "" },
		{ "close", "Pronto.\n#fechar", "status(closed)", "Pronto.",
		  "" },
		{ "languages", "#close\n#cerrar\n#Encerrar",
		  "status(closed)status(closed)status(closed)", "", "" },
		{ "status word", "#status em espera\n#estado resuelto",
		  "status(on_hold)status(resolved)", "", "" },
		{ "priority",
		  "#prioridade alta\n#priority LOW\n#prioridad media",
		  "priority(high)priority(low)priority(medium)", "", "" },
		{ "note", "#nota\nsó para nós", "note()", "só para nós", "" },
		{ "note with text", "#nota cliente ligou\nx", "note()",
		  "cliente ligou\nx", "" },
		{ "assign", "#atribuir ana\n#assumir", "assign(ana)assign()",
		  "", "" },
		{ "indented", "  #fechar  \n", "status(closed)", "", "" },
		{ "unknown", "#fehcar\n#prioridade enorme\nx", "",
		  "#fehcar\n#prioridade enorme\nx",
		  "#fehcar|#prioridade enorme" },
		{ "unknown below", "Pronto.\n#fehcar", "",
		  "Pronto.\n#fehcar", "#fehcar" },
		{ "no command below", "Use:\n#include <stdio.h>", "",
		  "Use:\n#include <stdio.h>", "" },
		{ "bad argument below", "Oi\n#prioridade x", "",
		  "Oi\n#prioridade x", "#prioridade x" },
		{ "department",
		  "#setor financeiro\n#department Abuse Desk\n#departamento a",
		  "department(financeiro)department(Abuse "
		  "Desk)department(a)",
		  "", "" },
		{ "no department", "#setor", "", "#setor", "#setor" },
		{ "copy", "#copiar a@x.example, b@x.example\n#copy c@x.example",
		  "copy(a@x.example, b@x.example)copy(c@x.example)", "", "" },
		{ "blank lines between", "#fechar\n\n \n\n  Pronto.\n\nAna",
		  "status(closed)", "  Pronto.\n\nAna", "" },
		{ "blank lines kept", "\nPronto.\n", "", "\nPronto.", "" },
		{ "stops", "#FECHAR.\n#fechar:\n#status: Resolvido.\n#nota: x",
		  "status(closed)status(closed)status(resolved)note()", "x",
		  "" },
		{ "command word in a sentence", "#fechar isto amanhã", "",
		  "#fechar isto amanhã", "#fechar isto amanhã" },
		{ "quoted", "> #fechar", "", "> #fechar", "" },
		{ "middle of a line", "diga #fechar", "", "diga #fechar", "" },
		{ "empty", "", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *rest = NULL;
		g_auto(GStrv) unknown = NULL;
		g_autoptr(GPtrArray) commands =
			commands_take(cases[i].input, &rest, &unknown);
		g_autofree char *got = describe(commands);
		g_autofree char *words = g_strjoinv("|", unknown);

		if (strcmp(got, cases[i].commands) != 0 ||
		    strcmp(rest, cases[i].rest) != 0 ||
		    strcmp(words, cases[i].unknown) != 0)
			fail_msg("%s: \"%s\" \"%s\" \"%s\"", cases[i].name, got,
			         rest, words);
	}
}

static void test_take_is_bounded(void **state)
{
	GString *text = g_string_new(NULL);
	g_autofree char *rest = NULL;
	g_auto(GStrv) unknown = NULL;

	(void)state;
	for (int i = 0; i < 100; i++)
		g_string_append(text, "#fechar\n#xyz\n");
	g_autoptr(GPtrArray) commands =
		commands_take(text->str, &rest, &unknown);

	assert_int_equal(commands->len, 20);
	assert_true(g_strv_length(unknown) <= 20);
	/* what is not obeyed is not lost */
	assert_non_null(strstr(rest, "#fechar"));
	g_string_free(text, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_take_the_head),
		cmocka_unit_test(test_fields_stop_after_some_lines),
		cmocka_unit_test(test_take_reads_command_lines),
		cmocka_unit_test(test_take_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
