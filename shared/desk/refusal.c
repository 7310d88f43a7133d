/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refusal.c - what the sender's server is told when we say no
 *
 * The texts carry no accents: an SMTP reply is ASCII (RFC 5321 4.2), and a
 * client without SMTPUTF8 must be able to put it into a bounce.
 */
#include "desk/refusal.h"

#include <string.h>

#define ADDRESS_MAX  80
#define BRAND_MAX    60
#define EVIDENCE_MAX 60

struct text {
	unsigned code;
	const char *enhanced;
	bool help; /* a person may have to do something */
	const char *pt;
	const char *en;
};

/* clang-format off */
static const struct text texts[] = {
	[REFUSAL_STRANGER] = { 550, "5.7.1", true,
		"O endereco {address} nao esta cadastrado em {brand}. Escreva "
		"do endereco do seu cadastro ou peca a inclusao deste.",
		"The address {address} is not registered with {brand}. Write "
		"from the address of your account or ask to have this one "
		"added." },
	[REFUSAL_FORGED] = { 550, "5.7.1", true,
		"A mensagem diz vir de {address}, mas a politica publicada "
		"por {domain} nao o confirma ({evidence}). Envie pelo "
		"servidor de saida do seu e-mail.",
		"The message says it is from {address}, but the policy of "
		"{domain} itself (SPF, DKIM, DMARC) fails. Send it through "
		"the outgoing server of your mail provider." },
	[REFUSAL_UNPROVEN] = { 550, "5.7.1", true,
		"Nada prova que {address} escreveu a mensagem ({evidence}), e "
		"este setor exige prova. Peca ao administrador do dominio "
		"que publique SPF, DKIM e DMARC.",
		"Nothing proves that {address} wrote this message, and this "
		"department asks for proof. Ask the administrator of the "
		"domain to publish SPF, DKIM and DMARC." },
	[REFUSAL_REPLIES_ONLY] = { 550, "5.7.1", true,
		"Este endereco nao abre chamados novos por e-mail; recebe so "
		"respostas de quem participa do chamado, e {address} nao "
		"respondeu a nenhum seu. Responda a nossa mensagem sem mudar "
		"o destinatario.",
		"New tickets are not opened by mail here; only replies of "
		"participants are taken, and {address} answered none of "
		"theirs. Reply to our message and keep its recipient." },
	[REFUSAL_FROM_NONE] = { 550, "5.7.1", true,
		"A mensagem nao tem autor no campo From. Corrija o programa "
		"que a enviou.",
		"The message names no author in its From field. Correct the "
		"program that sent it." },
	[REFUSAL_FROM_SEVERAL] = { 550, "5.7.1", true,
		"A mensagem tem mais de um autor no campo From. Envie-a com "
		"um so endereco.",
		"The message names several authors in its From field. Send "
		"it with one address only." },
	[REFUSAL_FROM_DOUBTFUL] = { 550, "5.7.1", true,
		"O campo From da mensagem nao segue a norma (RFC 5322) e nao "
		"diz com certeza quem escreve. Corrija o programa que a "
		"enviou.",
		"The From field of the message breaks the standard (RFC 5322) "
		"and does not surely say who writes. Correct the program "
		"that sent it." },
	[REFUSAL_NULL_SENDER] = { 550, "5.7.1", true,
		"Mensagem com remetente vazio (<>) que nao responde a nada "
		"que enviamos. Para abrir um chamado, envie do seu endereco "
		"cadastrado.",
		"Message with the empty sender (<>) that answers nothing we "
		"sent. To open a ticket, write from your registered "
		"address." },
	[REFUSAL_TROUBLE] = { 451, "4.7.0", true,
		"O DNS de {domain} nao responde, e por isso {address} nao "
		"pode ser confirmado agora. Tente mais tarde; seu servidor "
		"repete o envio sozinho.",
		"The DNS of {domain} does not answer, so {address} cannot be "
		"confirmed now. Try again later; your server repeats this by "
		"itself." },
	[REFUSAL_INTERNAL] = { 451, "4.3.0", false,
		"Problema temporario nosso. Tente mais tarde; seu servidor "
		"repete o envio sozinho.",
		"Temporary trouble on our side. Try again later; your server "
		"repeats this by itself." },
	[REFUSAL_SECOND_CLASS] = { 452, "4.5.3", false,
		"Este destinatario tem outras regras que o anterior e sera "
		"aceito em um envio separado; seu servidor o repete sozinho.",
		"This recipient has other rules than the one before and will "
		"be taken in a transaction of its own; your server repeats "
		"it by itself." },
};
/* clang-format on */
G_STATIC_ASSERT(G_N_ELEMENTS(texts) == REFUSAL__COUNT);

static const struct text *find_text(enum refusal refusal)
{
	if ((unsigned)refusal >= REFUSAL__COUNT)
		return &texts[REFUSAL_INTERNAL];
	return &texts[refusal];
}

unsigned refusal_get_code(enum refusal refusal)
{
	return find_text(refusal)->code;
}

const char *refusal_get_enhanced(enum refusal refusal)
{
	return find_text(refusal)->enhanced;
}

static bool is_harmless(char c)
{
	return g_ascii_isalnum(c) ||
	       (c != '\0' && strchr("@.-_+=~!#$&*/^|", c) != NULL);
}

/* What a peer chose: one word without quotes or blanks, so that it cannot
 * look like a sentence of ours. Too long is shown as cut. */
static char *dup_word(const char *text, size_t max)
{
	GString *out = g_string_new(NULL);

	if (text == NULL || *text == '\0')
		text = "?";
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (out->len == max) {
			g_string_append(out, "...");
			break;
		}
		g_string_append_c(out, is_harmless(text[i]) ? text[i] : '?');
	}
	return g_string_free(out, FALSE);
}

/* What the administrator or we wrote: accents go, blanks stay. */
static char *dup_phrase(const char *text, size_t max)
{
	g_autofree char *ascii = NULL;

	if (text == NULL || !g_utf8_validate(text, -1, NULL))
		return g_strdup("?");
	ascii = g_str_to_ascii(text, "C");
	for (char *p = ascii; *p != '\0'; p++)
		if (!g_ascii_isprint(*p) || *p == '%')
			*p = '?';
	if (strlen(ascii) > max) {
		ascii[max] = '\0';
		return g_strconcat(ascii, "...", NULL);
	}
	return g_steal_pointer(&ascii);
}

struct fill {
	const char *field; /* with the braces */
	char *value;
};

/* Replaced text is not read again. */
static char *fill_line(const char *line, const struct fill *fills, size_t n)
{
	GString *out = g_string_new(NULL);

	while (*line != '\0') {
		size_t i = 0;

		while (i < n && !g_str_has_prefix(line, fills[i].field))
			i++;
		if (i < n) {
			g_string_append(out, fills[i].value);
			line += strlen(fills[i].field);
		} else {
			g_string_append_c(out, *line++);
		}
	}
	return g_string_free(out, FALSE);
}

/* NULL if there is nothing to say. A help address with a "%" cannot be shown
 * as it is, and a wrong one is worse than none. */
static char *dup_help_line(const struct config *config)
{
	g_autofree char *help = NULL;

	if (config->server.help == NULL || config->server.help[0] == '\0' ||
	    strchr(config->server.help, '%') != NULL)
		return NULL;
	help = dup_phrase(config->server.help, REFUSAL_LINE_MAX - 30);
	return g_strdup_printf("Ajuda / Help: %s", help);
}

char **refusal_dup_lines(const struct config *config, enum refusal refusal,
                         const struct refusal_values *values)
{
	static const struct refusal_values none = { 0 };
	const struct refusal_values *v = values != NULL ? values : &none;
	const struct text *text = find_text(refusal);
	const struct fill fills[] = {
		{ "{address}", dup_word(v->address, ADDRESS_MAX) },
		{ "{domain}", dup_word(v->domain, ADDRESS_MAX) },
		{ "{evidence}", dup_phrase(v->evidence, EVIDENCE_MAX) },
		{ "{brand}", dup_phrase(config->server.brand, BRAND_MAX) },
	};
	GPtrArray *lines = g_ptr_array_new();

	g_ptr_array_add(lines, fill_line(text->pt, fills, G_N_ELEMENTS(fills)));
	g_ptr_array_add(lines, fill_line(text->en, fills, G_N_ELEMENTS(fills)));
	if (text->help)
		g_ptr_array_add(lines, dup_help_line(config));
	if (lines->pdata[lines->len - 1] != NULL)
		g_ptr_array_add(lines, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(fills); i++)
		g_free(fills[i].value);
	return (char **)g_ptr_array_free(lines, FALSE);
}
