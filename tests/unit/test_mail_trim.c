/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody wrote, without the mail it answers. Needs converters. */
#include "mail_case.h"

#include "base/clock.h"
#include "mail/trim.h"

#define SLOW (30 * CLOCK_SECOND)

static void test_quotes_cuts_what_is_quoted(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		const char *want; /* NULL: untouched */
	} cases[] = {
		{ "nothing quoted", "Olá\n\nTudo bem?", NULL },
		{ "empty", "", NULL },
		{ "pt attribution",
		  "Sim\n\nEm seg., 3 de jan. de 2022 às 10:00, Desk <\n"
		  "suporte@desk.example> escreveu:\n\n> Pode?",
		  "Sim" },
		{ "pt, quotation not marked",
		  "Sim\n\nEm 03/01/2022 10:00, Desk <s@desk.example> escreveu:\n"
		  "\nPode?",
		  "Sim" },
		{ "en attribution",
		  "Yes\n\nOn Mon, Jan 3, 2022 at 10:00 AM Desk wrote:\n> May?",
		  "Yes" },
		{ "es attribution",
		  "Sí\n\nEl lun, 3 ene 2022 a las 10:00, Desk\n"
		  "(<s@desk.example>) escribió:\n> x",
		  "Sí" },
		{ "fr attribution",
		  "Oui\n\nLe 3 janv. 2022 à 10:00, Desk a écrit :\n> x",
		  "Oui" },
		{ "de attribution",
		  "Ja\n\nAm 03.01.22 um 10:00 schrieb Desk:\n> x", "Ja" },
		{ "ja attribution",
		  "はい\n\n2022年1月3日(月) 10:00 Desk <s@desk.example>:\n> x",
		  "はい" },
		{ "date and address, no verb",
		  "Yes\n\n2022-01-03 10:00 GMT-03:00 Desk <s@desk.example>:\n\n"
		  "> x",
		  "Yes" },
		{ "outlook pt",
		  "Segue\n\nDe: Desk <s@desk.example>\n"
		  "Enviada em: segunda-feira, 3 de janeiro de 2022 10:00\n"
		  "Para: Ana\nAssunto: pedido\n\nTexto",
		  "Segue" },
		{ "outlook with rule",
		  "Ok\n\n________________________________\nFrom: Desk\n"
		  "Sent: Monday\nTo: Ana\nSubject: x\n\nText",
		  "Ok" },
		{ "outlook in bold",
		  "Ok\n\n*De:* Desk\n*Enviado:* hoje\n*Para:* Ana\n"
		  "*Assunto:* x\n\nTexto",
		  "Ok" },
		{ "original message",
		  "Ok\n\n-----Mensagem original-----\nDe: Desk\nTexto", "Ok" },
		{ "original message, es",
		  "Ok\n\n-------- Mensaje original --------\nTexto", "Ok" },
		{ "bare quotation at the end", "Ok\n\n> texto\n> mais", "Ok" },
		{ "signature stays",
		  "Ok\n\n-- \nAna\n\nEm 1/1/22 10:00, D <d@e.example> "
		  "escreveu:\n> x",
		  "Ok\n\n-- \nAna" },
		{ "zoho",
		  "Ok\n\n---- On Mon, 03 Jan 2022 10:00:00 -0300 "
		  "D <d@e.example> wrote ----\n\nx",
		  "Ok" },
		/* what must not be cut */
		{ "answer below",
		  "Em 1/1/22 10:00, D <d@e.example> escreveu:\n> Pode?\n\nSim",
		  "Sim" },
		{ "interleaved",
		  "Em 1/1/22 10:00, D <d@e.example> escreveu:\n> Um?\nSim\n"
		  "> Dois?\nNão",
		  NULL },
		{ "interleaved under a greeting",
		  "Oi,\n\nEm 1/1/22 10:00, D <d@e.example> escreveu:\n> Um?\n"
		  "Sim\n> Dois?\nNão",
		  NULL },
		{ "text after the quotation", "Oi\n\n> Um?\n\nSim", NULL },
		{ "only a quotation", "> Um?\n> Dois?", NULL },
		{ "attribution only",
		  "Em 1/1/22 10:00, D <d@e.example> escreveu:\n> x", NULL },
		{ "people who say wrote",
		  "Em 10/03 às 14:00 o suporte escreveu:\nfalta o boleto. "
		  "Mas eu paguei.",
		  NULL },
		{ "a colon is not enough", "Preciso de:\n- um\n- dois", NULL },
		{ "two header lines are not enough",
		  "Veja:\nDe: 10\nPara: 20\ncerto?", NULL },
		{ "rule only", "Um\n-----\nDois", NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = trim_quotes(cases[i].input);
		const char *want =
			cases[i].want != NULL ? cases[i].want : cases[i].input;

		if (strcmp(got, want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, got);
	}
}

static void test_is_forward(void **state)
{
	static const struct {
		const char *input;
		bool want;
	} cases[] = {
		{ "Olá", false },
		{ "", false },
		{ "Veja\n\n---------- Forwarded message ---------\nDe: x",
		  true },
		{ "-------- Mensagem encaminhada --------\nx", true },
		{ "Begin forwarded message:\n\nFrom: x", true },
		{ "Inicio del mensaje reenviado:\nx", true },
		{ "forwarded message was lost", false },
		{ "Ok\n\nOn Mon, Jan 3, 2022 at 10:00 AM D <d@e.example> wrote:\n"
		  "\n---------- Forwarded message ---------\nx",
		  false },
		{ "Veja\n\n> Begin forwarded message:\n>\n> From: x", true },
		{ "> quoted\n> ---------- Forwarded message ---------", false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (trim_is_forward(cases[i].input) != cases[i].want)
			fail_msg("%s", cases[i].input);
}

/* HTML mail as the programs customers use write it. */
static void test_html_replies(void **state)
{
	static const struct {
		const char *name;
		const char *html;
		const char *want;
	} cases[] = {
		{ "gmail, pt",
		  "<div dir=\"ltr\">Funcionou, obrigada!</div><br>"
		  "<div class=\"gmail_quote\"><div dir=\"ltr\" "
		  "class=\"gmail_attr\">Em seg., 3 de jan. de 2022 &agrave;s "
		  "10:00, Suporte &lt;<a href=\"mailto:s@desk.example\">"
		  "s@desk.example</a>&gt; escreveu:<br></div>"
		  "<blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px "
		  "0.8ex;border-left:1px solid\">Tente agora.</blockquote></div>",
		  "Funcionou, obrigada!" },
		{ "outlook, pt",
		  "<p class=MsoNormal>Segue o comprovante.<o:p></o:p></p>"
		  "<p class=MsoNormal>&nbsp;</p>"
		  "<div style='border:none;border-top:solid #E1E1E1 1.0pt'>"
		  "<p class=MsoNormal><b>De:</b> Financeiro &lt;f@desk.example&gt;"
		  "<br><b>Enviada em:</b> segunda-feira, 3 de janeiro de 2022 "
		  "10:00<br><b>Para:</b> Ana<br><b>Assunto:</b> Boleto</p></div>"
		  "<p class=MsoNormal>Falta o comprovante.</p>",
		  "Segue o comprovante." },
		{ "outlook on the web, es",
		  "<div>Listo</div><hr tabindex=\"-1\" style=\"width:98%\">"
		  "<div id=\"divRplyFwdMsg\"><b>De:</b> Desk<br>"
		  "<b>Enviado:</b> lunes<br><b>Para:</b> Ana<br>"
		  "<b>Asunto:</b> x</div><div>Texto</div>",
		  "Listo" },
		{ "apple mail",
		  "<body>Ok<br><div><br><blockquote type=\"cite\"><div>Em 3 de "
		  "jan. de 2022, &agrave;(s) 10:00, Desk &lt;s@desk.example&gt; "
		  "escreveu:</div><br><div>Texto</div></blockquote></div></body>",
		  "Ok" },
		{ "zimbra",
		  "<div>Feito</div><hr id=\"zwchr\"><div><b>De: </b>\"Desk\" "
		  "&lt;s@desk.example&gt;<br><b>Para: </b>ana@b.example<br>"
		  "<b>Enviadas: </b>Segunda-feira, 3 de janeiro<br>"
		  "<b>Assunto: </b>x</div><div>Texto</div>",
		  "Feito" },
		{ "phone",
		  "<div>Sim</div><div>-------- Mensagem original --------</div>"
		  "<div>De: Desk</div><div>Data: 03/01/2022</div><div>Texto</div>",
		  "Sim" },
		{ "answers inside the quotation",
		  "<blockquote type=cite>Um?</blockquote>Sim"
		  "<blockquote type=cite>Dois?</blockquote>N&atilde;o",
		  "> Um?\nSim\n> Dois?\nNão" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			"From: a@b.example\nSubject: RES: x\n"
			"Content-Type: text/html; charset=utf-8\n\n",
			cases[i].html, NULL);
		AUTO(mail) mail = case_parse(text);

		if (strcmp(mail->text_trimmed, cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name,
			         mail->text_trimmed);
	}
}

static void test_quotes_is_linear(void **state)
{
	static const char *const units[] = {
		"\n",
		">\n",
		"a\n",
		"a:\n",
		"wrote:\n",
		"> a\nb\n",
		"On 1 wrote:\n\n",
		"From: a\nTo: b\nSubject: c\n\n",
		"-----Original Message-----\n",
		"_____\n",
		"On 1\n",
		"On 1/1 10:00 a@b wrote:\n>\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		GString *text = g_string_new("x\n");
		gint64 start = clock_monotonic();

		while (text->len < 256 * KIB)
			g_string_append(text, units[i]);
		g_string_append(text, "end\n");
		g_autofree char *got = trim_quotes(text->str);

		assert_true(strlen(got) <= text->len);
		(void)trim_is_forward(text->str);
		if (clock_monotonic() - start > SLOW)
			fail_msg("%s takes too long", units[i]);
		g_string_free(text, TRUE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes_cuts_what_is_quoted),
		cmocka_unit_test(test_is_forward),
		cmocka_unit_test(test_html_replies),
		cmocka_unit_test(test_quotes_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
