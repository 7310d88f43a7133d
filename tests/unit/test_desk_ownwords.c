/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_desk_ownwords.c - whose words are they?
 *
 * Texts only. Hermetic.
 */
#include "unit/desk_fixture.h"

#include "desk/ownwords.h"

static const struct {
	const char *name;
	const char *text;
	const char *head;
	const char *middle;
	const char *tail;
	bool is_cut;
} cases[] = {
	{ "nothing", "", "", "", "", false },
	{ "plain", "Feito.\n\nAna\n", "Feito.\n\nAna", "", "", false },
	{ "above marks", "Feito.\n\n> quebrou\n> #fechar\n", "Feito.", "", "",
	  false },
	{ "above an attribution",
	  "Feito.\n\nEm seg., 2 de nov. de 2026 10:00, Zé <z@x.example>\n"
	  "escreveu:\n\n> quebrou\n",
	  "Feito.", "", "", false },
	{ "attribution, nothing marked",
	  "Feito.\n\nEm 2/11, Zé <z@x.example> escreveu:\n#fechar\n", "Feito.",
	  "", "", true },
	{ "below marks", "> quebrou\n\nFeito.\n", "", "", "Feito.", false },
	{ "below an attribution", "Zé <z@x.example> escreveu:\n> a\n>\n\nFeito.\n",
	  "", "", "Feito.", false },
	{ "between", "> um\nprimeiro\n> dois\n\nsegundo\n", "",
	  "> um\nprimeiro\n> dois", "segundo", false },
	/* the end of a quoted line that some program broke */
	{ "broken quotation", "> foi assim:\n#fechar\n\nFeito.\n", "",
	  "> foi assim:\n#fechar", "Feito.", false },
	{ "above and below", "Oi.\n> um\n\nTchau.\n", "Oi.", "", "Tchau.",
	  false },
	{ "original message", "Feito.\n-----Mensagem original-----\n#fechar\n",
	  "Feito.", "", "", true },
	{ "original message, English",
	  "Done.\n\n----- Original Message -----\n#close\n", "Done.", "", "",
	  true },
	{ "forwarded", "Veja.\n---------- Forwarded message ---------\nx\n",
	  "Veja.", "", "", true },
	{ "Outlook header",
	  "Feito.\n\nDe: Zé\nEnviado: segunda\nPara: Suporte\nAssunto: x\n\n"
	  "#fechar\n",
	  "Feito.", "", "", true },
	{ "bold header",
	  "Done.\n*From:* Z\n*Sent:* Monday\n*To:* Help\n\n#close\n", "Done.",
	  "", "", true },
	{ "only quoted", "De: Zé\nEnviado: hoje\nPara: nós\n#fechar\n", "", "",
	  "", true },
	{ "our notice", "Novo chamado de Fulano <f@x>\n\n#fechar\n", "", "", "",
	  true },
	{ "our notice, indented", "Ok\n   Novo  chamado de X\n#fechar\n", "Ok",
	  "", "", true },
	{ "below marks, then our notice",
	  "> a\n\nFeito.\nNovo chamado de X\n#fechar\n", "", "", "Feito.",
	  true },
	/* what people write, too */
	{ "a colon", "Segue a lista:\n\n- um\n- dois\n",
	  "Segue a lista:\n\n- um\n- dois", "", "", false },
	{ "two fields", "Data: 25/11\nPara: o servidor novo\n\nOk?\n",
	  "Data: 25/11\nPara: o servidor novo\n\nOk?", "", "", false },
	{ "a rule", "Um\n----------\nDois\n", "Um\n----------\nDois", "", "",
	  false },
	{ "an address", "Escreva para a@b.example:\nhoje\n",
	  "Escreva para a@b.example:\nhoje", "", "", false },
	{ "a colon above marks", "Sobre isto:\n> um\n\nnada.\n", "Sobre isto:",
	  "", "nada.", false },
};

static void test_split_tells_words_apart(void **state)
{
	g_autoptr(GPtrArray) ours = g_ptr_array_new();

	(void)state;
	g_ptr_array_add(ours, (void *)(size_t) "Novo chamado de");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct ownwords words = { 0 };

		ownwords_split(cases[i].text, ours, &words);
		if (strcmp(words.head, cases[i].head) != 0 ||
		    strcmp(words.middle, cases[i].middle) != 0 ||
		    strcmp(words.tail, cases[i].tail) != 0 ||
		    words.is_cut != cases[i].is_cut)
			fail_msg("%s: \"%s\" | \"%s\" | \"%s\" | %d",
			         cases[i].name, words.head, words.middle,
			         words.tail, words.is_cut);
		ownwords_clear(&words);
	}
}

/* Size only: nothing here may be quadratic in lines or stand on long ones. */
static void test_split_large(void **state)
{
	g_autoptr(GPtrArray) ours = g_ptr_array_new();
	GString *text = g_string_new(NULL);
	struct ownwords words = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		g_string_append(text, i % 2 == 0 ? "De: x:\n" : "a@b:\n");
	for (int i = 0; i < 200000; i++)
		g_string_append_c(text, ':');
	ownwords_split(text->str, ours, &words);
	assert_non_null(words.head);
	ownwords_clear(&words);
	g_string_free(text, true);
}

static void test_folded(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} folds[] = {
		{ "", "" },
		{ " \t ", "" },
		{ "> > a\t b\n>c ", "a b c" },
		{ "a > b", "a > b" },
		{ ">", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(folds); i++) {
		g_autofree char *folded = ownwords_dup_folded(
			folds[i].text, strlen(folds[i].text));

		assert_string_equal(folded, folds[i].want);
	}
}

/* A line that was broken anew when it was quoted is still known. */
static void test_filter_keeps_known(void **state)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	g_autofree char *kept = NULL;

	(void)state;
	g_ptr_array_add(known, (void *)(size_t) "O site caiu hoje cedo.");
	kept = ownwords_filter_quotes("> Prioridade: Alta\n> O site caiu\n"
	                              "> hoje cedo.\nJá voltou.\n"
	                              "> nota: cliente chato\nVeja.",
	                              known);
	assert_string_equal(kept, "> O site caiu\n> hoje cedo.\nJá voltou.\n"
	                          "Veja.");
}

static void test_list_ours_names_templates(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GPtrArray) ours = NULL;
	g_autoptr(GError) error = NULL;

	fixture_put_template(fixture->dir, "pt_BR", "notice_new",
	                     "Subject: x\n\nChamado novo de {{author}}\n"
	                     "Curta\n{{text}} depois\n");
	desk_free(fixture->desk);
	fixture->desk = desk_new(fixture->config, &error);
	assert_ok(fixture->desk != NULL, error);
	ours = ownwords_list_ours(fixture->desk);
	assert_true(g_ptr_array_find_with_equal_func(ours, "Chamado novo de",
	                                             g_str_equal, NULL));
	for (guint i = 0; i < ours->len; i++)
		assert_true(strlen(ours->pdata[i]) >= 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_tells_words_apart),
		cmocka_unit_test(test_split_large),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_filter_keeps_known),
		cmocka_unit_test_setup_teardown(test_list_ours_names_templates,
		                                fixture_setup,
		                                fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
