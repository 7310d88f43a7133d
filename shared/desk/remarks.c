/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remarks.c - what staff must be told of a mail that its text does not
 */
#include "desk/remarks.h"

#include <string.h>

enum word {
	WORD_ENCRYPTED,
	WORD_REQUEST,
	WORD_CANCEL,
	WORD_REPLY,
	WORD_EVENT,
	WORD_START,
	WORD_END,
	WORD_ORGANIZER,
	WORD_LOCATION,
	WORD__COUNT
};

static const struct {
	const char *language;
	const char *words[WORD__COUNT];
} languages[] = {
	{ "pt_BR",
	  { "Esta mensagem está cifrada (S/MIME ou PGP) e não pode ser lida "
	    "aqui; ela está guardada inteira.",
	    "Convite", "Cancelamento de convite", "Resposta a convite",
	    "Evento", "início", "fim", "organizador", "local" } },
	{ "en",
	  { "This message is encrypted (S/MIME or PGP) and cannot be read "
	    "here; it is kept whole.",
	    "Invitation", "Cancelled invitation", "Answer to an invitation",
	    "Event", "start", "end", "organizer", "location" } },
	{ "es",
	  { "Este mensaje está cifrado (S/MIME o PGP) y no se puede leer "
	    "aquí; se guarda entero.",
	    "Invitación", "Cancelación de invitación",
	    "Respuesta a una invitación", "Evento", "inicio", "fin",
	    "organizador", "lugar" } },
};

static const char *const *find_words(const char *language)
{
	for (size_t i = 0; language != NULL && i < G_N_ELEMENTS(languages); i++)
		if (strcmp(languages[i].language, language) == 0)
			return languages[i].words;
	return languages[0].words;
}

static enum word method_word(const char *method)
{
	static const struct {
		const char *method;
		enum word word;
	} methods[] = {
		{ "request", WORD_REQUEST },
		{ "cancel", WORD_CANCEL },
		{ "reply", WORD_REPLY },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
		if (strcmp(methods[i].method, method) == 0)
			return methods[i].word;
	return WORD_EVENT;
}

static void add_field(GString *out, const char *word, const char *value)
{
	if (value[0] != '\0')
		g_string_append_printf(out, "; %s: %s", word, value);
}

/* "[Convite: Reunião; início: 2026-11-22 16:30 (America/Sao_Paulo); ...]" */
static void add_event(GString *out, const struct mail_event *event,
                      const char *const *words)
{
	g_string_append_printf(out, "[%s: %s",
	                       words[method_word(event->method)],
	                       event->summary);
	add_field(out, words[WORD_START], event->start);
	add_field(out, words[WORD_END], event->end);
	add_field(out, words[WORD_ORGANIZER], event->organizer);
	add_field(out, words[WORD_LOCATION], event->location);
	g_string_append(out, "]\n");
}

char *remarks_dup_text(const struct mail *mail, const char *text,
                       const char *language)
{
	const char *const *words = find_words(language);
	GString *out = g_string_new(NULL);

	if ((mail->warnings & MAIL_WARN_ENCRYPTED) != 0)
		g_string_append_printf(out, "[%s]\n", words[WORD_ENCRYPTED]);
	for (guint i = 0; i < mail->events->len; i++)
		add_event(out, g_ptr_array_index(mail->events, i), words);
	if (out->len > 0 && text[0] != '\0')
		g_string_append_c(out, '\n');
	g_string_append(out, text);
	return g_string_free(out, FALSE);
}
