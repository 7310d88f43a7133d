/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What staff must be told of a mail. Hermetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "desk/remarks.h"

static struct mail_event meeting = {
	.method = (char[]){ "request" },
	.summary = (char[]){ "Projeto" },
	.start = (char[]){ "2026-11-23 10:00 UTC" },
	.end = (char[]){ "2026-11-23 11:00 UTC" },
	.organizer = (char[]){ "Ana <ana@cliente.example>" },
	.location = (char[]){ "Sala 2" },
};
static struct mail_event short_one = {
	.method = (char[]){ "" },  .summary = (char[]){ "Festa" },
	.start = (char[]){ "" },   .end = (char[]){ "" },
	.organizer = (char[]){ "" }, .location = (char[]){ "" },
};

static void test_remarks_stand_above_the_text(void **state)
{
	static const struct {
		const char *language;
		guint32 warnings;
		struct mail_event *event;
		const char *text;
		const char *want;
	} cases[] = {
		{ "pt_BR", 0, NULL, "Oi", "Oi" },
		{ "pt_BR", MAIL_WARN_SIGNED, NULL, "Oi", "Oi" },
		{ "en", MAIL_WARN_ENCRYPTED, NULL, "",
		  "[This message is encrypted (S/MIME or PGP) and cannot be "
		  "read here; it is kept whole.]\n" },
		{ "es", MAIL_WARN_ENCRYPTED, NULL, "x",
		  "[Este mensaje está cifrado (S/MIME o PGP) y no se puede "
		  "leer aquí; se guarda entero.]\n\nx" },
		{ NULL, MAIL_WARN_ENCRYPTED, NULL, "x",
		  "[Esta mensagem está cifrada (S/MIME ou PGP) e não pode ser "
		  "lida aqui; ela está guardada inteira.]\n\nx" },
		{ "pt_BR", 0, &meeting, "Até lá",
		  "[Convite: Projeto; início: 2026-11-23 10:00 UTC; "
		  "fim: 2026-11-23 11:00 UTC; organizador: Ana "
		  "<ana@cliente.example>; local: Sala 2]\n\nAté lá" },
		{ "en", 0, &short_one, "", "[Event: Festa]\n" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct mail mail = { .warnings = cases[i].warnings,
			             .events = g_ptr_array_new() };

		if (cases[i].event != NULL)
			g_ptr_array_add(mail.events, cases[i].event);
		g_autofree char *got = remarks_dup_text(&mail, cases[i].text,
		                                        cases[i].language);

		assert_string_equal(got, cases[i].want);
		g_ptr_array_unref(mail.events);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remarks_stand_above_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
