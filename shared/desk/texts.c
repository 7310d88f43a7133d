/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * texts.c - which texts for people there are, and what each may say
 */
#include "desk/texts.h"

#include <string.h>

#include "base/error.h"
#include "desk/phrases.h"

#define STRAYS_MAX 100 /* files named in complaints */

/* In every mail; in one about a ticket; in one with an entry of it. */
#define FIELDS_MAIL "brand department help? name? "
#define FIELDS_TICKET                                                          \
	FIELDS_MAIL "ref!^ subject! status priority service opened notice? "
#define FIELDS_MESSAGE FIELDS_TICKET "author? sender text? "
#define FIELDS_HELD    FIELDS_MAIL "subject! sender deadline! "

static const struct texts_kind kinds[] = {
	{ "ack", FIELDS_MESSAGE,
	  "to the author of a message that opened a ticket" },
	{ "ack_contact", FIELDS_MESSAGE,
	  "the same to everybody else who takes part" },
	{ "reply", FIELDS_MESSAGE "text!? alive? ended?",
	  "an answer of staff" },
	{ "closed", FIELDS_TICKET, "the ticket was closed" },
	{ "hold_confirm", FIELDS_HELD,
	  "asks the registered address to confirm a held message" },
	{ "hold_notice", FIELDS_HELD "notice!",
	  "tells staff that a message is held" },
	{ "resolved", FIELDS_TICKET, "the ticket was resolved" },
	{ "warn_close", FIELDS_TICKET "notice!",
	  "tells that an answered ticket will be closed by itself" },
	{ "grade", FIELDS_TICKET "grades!",
	  "asks how we did, once a ticket is closed" },
	{ "escalation", FIELDS_TICKET "notice!",
	  "tells staff that an answer is overdue" },
	{ "notice_new", FIELDS_MESSAGE "facts!? text!?",
	  "tells staff of a new ticket" },
	{ "notice_reply", FIELDS_MESSAGE "facts!? notice!? text!?",
	  "tells staff of a new message" },
	{ "notice_bounce", FIELDS_TICKET "notice!",
	  "tells staff that our mail does not arrive" },
};
#define KINDS G_N_ELEMENTS(kinds)

enum language { LANGUAGE_PT, LANGUAGE_EN, LANGUAGE_ES, LANGUAGE__COUNT };

static const char *const languages[] = {
	[LANGUAGE_PT] = "pt_BR",
	[LANGUAGE_EN] = "en",
	[LANGUAGE_ES] = "es",
};
G_STATIC_ASSERT(G_N_ELEMENTS(languages) == LANGUAGE__COUNT);

struct texts {
	enum language site;
	struct texts_file files[KINDS][LANGUAGE__COUNT];
	GPtrArray *complaints; /* NULL-ended */
};

const struct texts_kind *texts_kind_get(unsigned index)
{
	return index < KINDS ? &kinds[index] : NULL;
}

const char *texts_language_get(unsigned index)
{
	return index < LANGUAGE__COUNT ? languages[index] : NULL;
}

/* LANGUAGE__COUNT if it is none of ours. */
static enum language find_language(const char *name)
{
	enum language at = LANGUAGE_PT;

	while (at < LANGUAGE__COUNT
	       && (name == NULL || strcmp(languages[at], name) != 0))
		at++;
	return at;
}

static size_t find_kind(const char *name)
{
	size_t at = 0;

	while (at < KINDS && strcmp(kinds[at].name, name) != 0)
		at++;
	return at;
}

/* --- checking --------------------------------------------------------------- */

/* The marks behind a field in the list, NULL if it is not there. The last one
 * counts: a text may ask for more than its group does. */
static char *dup_marks(const struct texts_kind *kind, const char *field)
{
	g_auto(GStrv) words = g_strsplit(kind->fields, " ", -1);
	size_t len = strlen(field);
	char *marks = NULL;

	for (size_t i = 0; words[i] != NULL; i++) {
		const char *word = words[i];

		if (strncmp(word, field, len) != 0
		    || g_ascii_isalpha(word[len]) || word[len] == '_')
			continue;
		g_free(marks);
		marks = g_strdup(word + len);
	}
	return marks;
}

static void complain(GPtrArray *list, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

static void complain(GPtrArray *list, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	g_ptr_array_add(list, g_strdup_vprintf(fmt, args));
	va_end(args);
}

static bool subject_has_bracketed(const struct template *template,
				  const char *field)
{
	const struct template_value values[] = { { field, "7K3Q9MX" },
						 { NULL, NULL } };
	g_autofree char *subject = NULL;
	g_autofree char *body = NULL;

	template_fill(template, values, &subject, &body);
	return strstr(subject, "[7K3Q9MX]") != NULL;
}

static void check_field(const struct texts_kind *kind,
			const struct template *template, const char *field,
			GPtrArray *list)
{
	g_autofree char *marks = dup_marks(kind, field);
	bool used = template_uses(template, field);

	if (marks == NULL) {
		if (used)
			complain(list, "{{%s}} has no value in this text",
				 field);
		return;
	}
	if (!used && strchr(marks, '!') != NULL)
		complain(list, "{{%s}} is missing", field);
	if (strchr(marks, '^') != NULL
	    && !subject_has_bracketed(template, field))
		complain(list, "the subject needs [{{%s}}]", field);
	if (strchr(marks, '?') != NULL && template_uses_bare(template, field))
		complain(list,
			 "{{%s}} may be empty: put it between {{#%s}} and "
			 "{{/%s}}",
			 field, field, field);
}

char **texts_check(const struct texts_kind *kind,
		   const struct template *template)
{
	const char *const *fields = template_fields();
	GPtrArray *list = g_ptr_array_new();

	for (size_t i = 0; fields[i] != NULL; i++)
		check_field(kind, template, fields[i], list);
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, false);
}

/* --- loading ---------------------------------------------------------------- */

static char *dup_path(const char *dir, enum language language, size_t kind)
{
	g_autofree char *file = g_strconcat(kinds[kind].name, ".txt", NULL);

	return g_build_filename(dir, languages[language], file, NULL);
}

/* NULL without error: there is no such file. */
static struct template *load_if_there(const char *path, GError **error)
{
	GError *local = NULL;
	struct template *template = template_load_file(path, &local);

	if (template == NULL
	    && !g_error_matches(local, PORTARIA_ERROR,
				PORTARIA_ERROR_NOT_FOUND))
		g_propagate_error(error, local);
	else
		g_clear_error(&local);
	return template;
}

static void use(struct texts_file *file, char *path, struct template *template)
{
	g_free(file->path);
	template_free(file->template);
	file->path = path;
	file->template = template;
}

static bool load_shipped(struct texts *texts, const char *dir, size_t kind,
			 GError **error)
{
	for (unsigned at = 0; at < LANGUAGE__COUNT; at++) {
		GError *local = NULL;
		g_autofree char *path
			= dup_path(dir, (enum language)at, kind);
		struct template *template = load_if_there(path, &local);

		if (local != NULL) {
			g_propagate_error(error, local);
			return false;
		}
		if (template != NULL)
			use(&texts->files[kind][at], g_steal_pointer(&path),
			    template);
	}
	if (texts->files[kind][LANGUAGE_PT].template != NULL
	    || texts->files[kind][texts->site].template != NULL)
		return true;
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		    "template %s is missing: %s/%s/%s.txt", kinds[kind].name,
		    dir, languages[LANGUAGE_PT], kinds[kind].name);
	return false;
}

/* The site's own text, or what is wrong with it. */
static void load_own(struct texts *texts, const char *dir, size_t kind,
		     enum language language)
{
	struct texts_file *file = &texts->files[kind][language];
	g_autoptr(GError) error = NULL;
	g_autofree char *path = dup_path(dir, language, kind);
	AUTO(template) template = load_if_there(path, &error);
	g_auto(GStrv) wrong = NULL;
	g_autofree char *lines = NULL;

	if (template == NULL && error == NULL)
		return;
	if (template != NULL) {
		wrong = texts_check(&kinds[kind], template);
		lines = g_strjoinv("; ", wrong);
	}
	if (template != NULL && wrong[0] == NULL) {
		use(file, g_steal_pointer(&path), g_steal_pointer(&template));
		file->own = true;
		return;
	}
	file->complaint = error != NULL
				  ? g_strdup(error->message)
				  : g_strdup_printf("%s: %s", path, lines);
	complain(texts->complaints, "%s", file->complaint);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, in order; hidden ones and old copies are none. */
static GPtrArray *dup_entries(const char *dir)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GDir *folder = g_dir_open(dir, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL
	       && names->len < STRAYS_MAX) {
		if (name[0] != '.' && !g_str_has_suffix(name, "~"))
			g_ptr_array_add(names, g_strdup(name));
	}
	if (folder != NULL)
		g_dir_close(folder);
	g_ptr_array_sort(names, compare_names);
	return names;
}

static bool is_text_name(const char *file)
{
	g_autofree char *name = g_strdup(file);

	if (!g_str_has_suffix(name, ".txt"))
		return false;
	name[strlen(name) - strlen(".txt")] = '\0';
	return find_kind(name) < KINDS;
}

/* A name with a typing error would never be read. */
static void find_strays(struct texts *texts, const char *dir)
{
	g_autoptr(GPtrArray) folders = dup_entries(dir);

	for (guint i = 0; i < folders->len; i++) {
		const char *language = folders->pdata[i];
		g_autofree char *folder
			= g_build_filename(dir, language, NULL);
		g_autoptr(GPtrArray) files = NULL;

		if (find_language(language) == LANGUAGE__COUNT) {
			complain(texts->complaints,
				 "%s: no language has this name", folder);
			continue;
		}
		files = dup_entries(folder);
		for (guint k = 0; k < files->len; k++) {
			if (!is_text_name(files->pdata[k]))
				complain(texts->complaints,
					 "%s/%s: no text has this name",
					 folder, (char *)files->pdata[k]);
		}
	}
}

struct texts *texts_load(const struct config_server *server, GError **error)
{
	AUTO(texts) texts = g_new0(struct texts, 1);
	const char *own = server->own_template_dir;

	texts->complaints = g_ptr_array_new_with_free_func(g_free);
	texts->site = find_language(server->language);
	if (texts->site == LANGUAGE__COUNT)
		texts->site = LANGUAGE_PT;
	for (size_t kind = 0; kind < KINDS; kind++) {
		if (!load_shipped(texts, server->template_dir, kind, error))
			return NULL;
		for (unsigned at = 0; own[0] != '\0' && at < LANGUAGE__COUNT;
		     at++)
			load_own(texts, own, kind, (enum language)at);
	}
	if (own[0] != '\0')
		find_strays(texts, own);
	g_ptr_array_add(texts->complaints, NULL);
	return g_steal_pointer(&texts);
}

void texts_free(struct texts *texts)
{
	if (texts == NULL)
		return;
	for (size_t kind = 0; kind < KINDS; kind++) {
		for (unsigned at = 0; at < LANGUAGE__COUNT; at++) {
			use(&texts->files[kind][at], NULL, NULL);
			g_free(texts->files[kind][at].complaint);
		}
	}
	g_ptr_array_unref(texts->complaints);
	g_free(texts);
}

/* --- using ------------------------------------------------------------------ */

const struct template *texts_find(const struct texts *texts, const char *name,
				  const char *first, const char *second)
{
	const enum language order[] = { find_language(first),
					find_language(second), texts->site,
					LANGUAGE_PT };
	size_t kind = find_kind(name);

	for (size_t i = 0; kind < KINDS && i < G_N_ELEMENTS(order); i++) {
		if (order[i] < LANGUAGE__COUNT
		    && texts->files[kind][order[i]].template != NULL)
			return texts->files[kind][order[i]].template;
	}
	return NULL;
}

const struct texts_file *texts_file_get(const struct texts *texts,
					unsigned name, unsigned language)
{
	g_return_val_if_fail(name < KINDS && language < LANGUAGE__COUNT, NULL);
	return &texts->files[name][language];
}

const char *const *texts_complaints(const struct texts *texts)
{
	return (const char *const *)texts->complaints->pdata;
}

/* clang-format off */
static const struct template_value samples[LANGUAGE__COUNT][20] = {
	[LANGUAGE_PT] = {
		{ "brand", "Hospedagem Ipê" }, { "department", "Suporte" },
		{ "ref", "VIA-7K3Q9MX" }, { "subject", "Site fora do ar" },
		{ "name", "Marina" }, { "author", "Paula" },
		{ "text", "Bom dia!\n\nReiniciamos o servidor e o site já "
			  "abre. Pode conferir?" },
		{ "status", "Respondido" }, { "priority", "Alta" },
		{ "service", "Hospedagem Plus (padaria.example)" },
		{ "help", "https://ajuda.example" },
		{ "notice", "Nenhum serviço do cliente tem este nome: "
			    "exemplo.example" },
		{ "sender", "marina@padaria.example" },
		{ "deadline", "29/11/2026 16:20" },
		{ "alive", "1" },
		{ "ended", "" },
		{ "opened", "22/11/2026 16:20" },
		{ "grades", "  5 - Muito bom: <mailto:suporte@ipe.example>\n"
			    "  1 - Muito ruim: <mailto:suporte@ipe.example>" },
		{ "facts", "  Cliente: Padaria do Zé (C1001)\n"
			   "  Autenticação: spf=pass dkim=pass dmarc=pass" },
		{ NULL, NULL } },
	[LANGUAGE_EN] = {
		{ "brand", "Ipê Hosting" }, { "department", "Support" },
		{ "ref", "VIA-7K3Q9MX" }, { "subject", "Site is down" },
		{ "name", "Marina" }, { "author", "Paula" },
		{ "text", "Good morning!\n\nWe restarted the server and the "
			  "site is back. Could you check?" },
		{ "status", "Answered" }, { "priority", "High" },
		{ "service", "Hosting Plus (padaria.example)" },
		{ "help", "https://help.example" },
		{ "notice", "No service of the customer has this name: "
			    "example.example" },
		{ "sender", "marina@padaria.example" },
		{ "deadline", "29 Nov 2026 16:20" },
		{ "alive", "1" },
		{ "ended", "" },
		{ "opened", "22 Nov 2026 16:20" },
		{ "grades", "  5 - Very good: <mailto:support@ipe.example>\n"
			    "  1 - Very bad: <mailto:support@ipe.example>" },
		{ "facts", "  Customer: Smith's Bakery (C1001)\n"
			   "  Authentication: spf=pass dkim=pass dmarc=pass" },
		{ NULL, NULL } },
	[LANGUAGE_ES] = {
		{ "brand", "Hosting Ipê" }, { "department", "Soporte" },
		{ "ref", "VIA-7K3Q9MX" }, { "subject", "Sitio caído" },
		{ "name", "Marina" }, { "author", "Paula" },
		{ "text", "¡Buenos días!\n\nReiniciamos el servidor y el sitio "
			  "ya abre. ¿Puede comprobarlo?" },
		{ "status", "Respondido" }, { "priority", "Alta" },
		{ "service", "Hosting Plus (padaria.example)" },
		{ "help", "https://ayuda.example" },
		{ "notice", "Ningún servicio del cliente tiene este nombre: "
			    "ejemplo.example" },
		{ "sender", "marina@padaria.example" },
		{ "deadline", "29/11/2026 16:20" },
		{ "alive", "1" },
		{ "ended", "" },
		{ "opened", "22/11/2026 16:20" },
		{ "grades", "  5 - Muy bien: <mailto:soporte@ipe.example>\n"
			    "  1 - Muy mal: <mailto:soporte@ipe.example>" },
		{ "facts", "  Cliente: Panadería Sol (C1001)\n"
			   "  Autenticación: spf=pass dkim=pass dmarc=pass" },
		{ NULL, NULL } },
};
/* clang-format on */

const struct template_value *texts_sample(const char *language)
{
	enum language at = find_language(language);

	return samples[at < LANGUAGE__COUNT ? at : LANGUAGE_PT];
}

static const struct {
	const char *name;
	const char *text[LANGUAGE__COUNT];
} notices[] = {
	{ "warn_close",
	  { "29/11/2026 16:20", "29 Nov 2026 16:20", "29/11/2026 16:20" } },
	{ "hold_notice",
	  { "o endereço não foi provado", "the address was not proved",
	    "la dirección no fue probada" } },
	{ "escalation",
	  { "a primeira resposta está atrasada", "the first answer is overdue",
	    "la primera respuesta está atrasada" } },
	{ "notice_bounce",
	  { "marina@padaria.example: 550 5.1.1 User unknown",
	    "marina@padaria.example: 550 5.1.1 User unknown",
	    "marina@padaria.example: 550 5.1.1 User unknown" } },
};

const char *texts_sample_notice(const char *name, const char *language)
{
	enum language at = find_language(language);

	for (size_t i = 0; i < G_N_ELEMENTS(notices); i++) {
		if (strcmp(notices[i].name, name) == 0)
			return notices[i].text[at < LANGUAGE__COUNT
						       ? at
						       : LANGUAGE_PT];
	}
	return NULL;
}
