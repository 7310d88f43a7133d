/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * thanks.c - whether a text says thanks and nothing else
 *
 * A word that is not in the lists makes it say something else, so a ticket
 * stays resolved only if every word is known: "obrigado, mas não voltou"
 * reopens it, and so does anything in another language.
 */
#include "desk/thanks.h"

#include <string.h>

#include "base/utf8.h"
#include "desk/lookup.h"
#include "store/customer.h"
#include "store/staff.h"

/* Folded: lower case, without accents. One of these must be there. */
static const char *const thanks[] = {
	"obrigado",
	"obrigada",
	"obrigados",
	"obrigadas",
	"obg",
	"obgd",
	"brigado",
	"brigada",
	"valeu",
	"vlw",
	"agradeco",
	"agradecemos",
	"agradecido",
	"agradecida",
	"agradecidos",
	"grato",
	"grata",
	"gratos",
	"gratas",
	"gratidao",
	"thanks",
	"thank",
	"thx",
	"tks",
	"ty",
	"cheers",
	"gracias",
	"agradezco",
	"agradecimiento",
	"agradecimento",
	NULL,
};

/* Greetings, courtesies, approval, and what goes with thanks. */
static const char *const courtesy[] = {
	/* pt */
	"muito",
	"muitissimo",
	"uma",
	"vez",
	"pela",
	"pelo",
	"pelas",
	"pelos",
	"por",
	"sua",
	"seu",
	"toda",
	"todo",
	"tudo",
	"a",
	"o",
	"as",
	"os",
	"e",
	"de",
	"da",
	"do",
	"ao",
	"aos",
	"otimo",
	"otima",
	"excelente",
	"perfeito",
	"perfeita",
	"show",
	"maravilha",
	"beleza",
	"certo",
	"ok",
	"okay",
	"bom",
	"boa",
	"dia",
	"tarde",
	"noite",
	"ola",
	"oi",
	"prezado",
	"prezada",
	"prezados",
	"prezadas",
	"caro",
	"cara",
	"caros",
	"senhor",
	"senhora",
	"senhores",
	"equipe",
	"time",
	"pessoal",
	"todos",
	"todas",
	"voce",
	"voces",
	"abraco",
	"abracos",
	"abs",
	"att",
	"atenciosamente",
	"atte",
	"cordialmente",
	"cordiais",
	"saudacoes",
	"feliz",
	"semana",
	"parabens",
	"imensamente",
	"novamente",
	"rapido",
	"rapida",
	/* en */
	"you",
	"so",
	"very",
	"much",
	"many",
	"lot",
	"lots",
	"for",
	"the",
	"your",
	"all",
	"to",
	"and",
	"again",
	"quick",
	"fast",
	"prompt",
	"great",
	"good",
	"perfect",
	"excellent",
	"awesome",
	"nice",
	"hi",
	"hello",
	"dear",
	"team",
	"everyone",
	"everybody",
	"guys",
	"folks",
	"sir",
	"madam",
	"morning",
	"afternoon",
	"evening",
	"day",
	"week",
	"weekend",
	"regards",
	"best",
	"kind",
	"warm",
	"sincerely",
	"yours",
	"have",
	"really",
	/* es */
	"muchas",
	"muchisimas",
	"mil",
	"su",
	"tu",
	"la",
	"el",
	"los",
	"las",
	"y",
	"pronta",
	"genial",
	"vale",
	"bueno",
	"buenos",
	"buenas",
	"buen",
	"dias",
	"tardes",
	"noches",
	"hola",
	"estimado",
	"estimada",
	"estimados",
	"equipo",
	"saludos",
	"saludo",
	"cordial",
	"cordiales",
	"atentamente",
	"abrazo",
	"abrazos",
	"muy",
	"amable",
	"amables",
	NULL,
};

/* What people give thanks for. Alone they ask for it: "suporte, obrigado". */
static const char *const gifts[] = {
	"atencao",     "ajuda",    "apoio",     "suporte",    "retorno",
	"resposta",    "rapidez",  "agilidade", "presteza",   "gentileza",
	"atendimento", "trabalho", "solucao",   "help",       "support",
	"reply",       "answer",   "response",  "assistance", "work",
	"job",         "ayuda",    "atencion",  "apoyo",      "soporte",
	"respuesta",   "trabajo",  "solucion",  NULL,
};

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* Lower case, without accents. */
static char *fold(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *lower = g_utf8_strdown(valid, -1);
	g_autofree char *apart = g_utf8_normalize(lower, -1, G_NORMALIZE_NFKD);
	GString *out = g_string_new(NULL);

	for (const char *at = apart; *at != '\0'; at = utf8_next(at)) {
		gunichar c = g_utf8_get_char(at);

		if (!g_unichar_ismark(c))
			g_string_append_unichar(out, c);
	}
	return g_string_free(out, FALSE);
}

/* Marks that ask, count or name something; emoticons and dashes do not. */
static bool asks(gunichar c)
{
	return c == '?' || c == 0xbf || c == '@' || c == '/' || c == '%' ||
	       c == '#' || g_unichar_isdigit(c);
}

/* The next word of folded text, NULL at the end; sets *ret_asks for a mark
 * that is passed over and no harmless one. Owned by the caller. */
static char *take_word(const char **text, bool *ret_asks)
{
	const char *start;

	while (**text != '\0' && !g_unichar_isalpha(g_utf8_get_char(*text))) {
		*ret_asks |= asks(g_utf8_get_char(*text));
		*text = utf8_next(*text);
	}
	start = *text;
	while (**text != '\0' && g_unichar_isalpha(g_utf8_get_char(*text)))
		*text = utf8_next(*text);
	return *text > start ? g_strndup(start, (gsize)(*text - start)) : NULL;
}

/* Words of names, two letters at least: one is no name. */
static GHashTable *read_names(const char *const *names)
{
	GHashTable *words =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (; names != NULL && *names != NULL; names++) {
		g_autofree char *folded = fold(*names);
		const char *at = folded;
		bool unused = false;

		for (char *word; (word = take_word(&at, &unused)) != NULL;) {
			if (g_utf8_strlen(word, -1) > 1)
				g_hash_table_add(words, word);
			else
				g_free(word);
		}
	}
	return words;
}

/* What was read so far. */
struct reading {
	GHashTable *people;
	bool thanked;
	bool leads; /* the last word was one of courtesy */
	bool other; /* something that says more than thanks */
	unsigned count;
};

static void read_word(struct reading *reading, const char *word)
{
	bool leads = is_one_of(word, courtesy);

	if (is_one_of(word, thanks))
		reading->thanked = true;
	else if (is_one_of(word, gifts))
		reading->other |= !reading->thanked || !reading->leads;
	else if (!leads && !g_hash_table_contains(reading->people, word))
		reading->other = true;
	reading->leads = leads;
	reading->other |= ++reading->count > THANKS_WORDS;
}

bool thanks_is_all(const char *text, const char *const *names)
{
	struct reading reading = { 0 };
	g_autofree char *folded = NULL;
	const char *at;

	if (strlen(text) > THANKS_BYTES)
		return false;
	reading.people = read_names(names);
	at = folded = fold(text);
	for (char *word; (word = take_word(&at, &reading.other)) != NULL;) {
		read_word(&reading, word);
		g_free(word);
	}
	g_hash_table_unref(reading.people);
	return reading.thanked && !reading.other;
}

/* Names that may stand below thanks: the author's, and those of staff. */
static GPtrArray *list_names(struct store *store, const struct mail *mail,
                             const char *identity, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) staff = staff_list(store, error);
	GError *local = NULL;
	AUTO(contact) contact = NULL;

	if (staff == NULL)
		return NULL;
	for (guint i = 0; i < staff->len; i++) {
		const struct staff *one = staff->pdata[i];

		g_ptr_array_add(names, g_strdup(one->name));
	}
	if (mail->from->len > 0) {
		const struct mailbox *from = mail->from->pdata[0];

		g_ptr_array_add(names, g_strdup(from->name));
	}
	contact = contact_by_address(store, identity, &local);
	if (contact == NULL && !lookup_is_absent(local, error))
		return NULL;
	if (contact != NULL)
		g_ptr_array_add(names, g_strdup(contact->name));
	g_ptr_array_add(names, NULL);
	return g_steal_pointer(&names);
}

bool thanks_find(struct store *store, const struct mail *mail,
                 enum mail_kind kind, const char *identity, bool *ret,
                 GError **error)
{
	g_autoptr(GPtrArray) names = NULL;

	*ret = false;
	if (mail_kind_is_automatic(kind) || mail->parts->len > 0 ||
	    mail->is_forward || mail->fields.service[0] != '\0' ||
	    mail->fields.invalid[0] != '\0' ||
	    strlen(mail->text_trimmed) > THANKS_BYTES)
		return true;
	names = list_names(store, mail, identity, error);
	if (names == NULL)
		return false;
	*ret = thanks_is_all(mail->text_trimmed,
	                     (const char *const *)(void *)names->pdata);
	return true;
}
