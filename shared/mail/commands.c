/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands.c - lines in a body that mean something
 *
 * Words are compared without case and accents, so that "Servico", "Serviço"
 * and "SERVIÇO" are one. A value that is not understood leaves its line in
 * the text: nothing anybody wrote disappears.
 */
#include "mail/commands.h"

#include <string.h>

#include "mail/text.h"

#define FIELD_LINES_MAX   10 /* at the head of a text */
#define COMMANDS_MAX      20
#define VALUE_BYTES_MAX   200
#define COMMAND_BYTES_MAX 300

static const struct {
	const char *word;
	enum mail_priority priority;
	const char *name;
} priorities[] = {
	{ "baixa", MAIL_PRIORITY_LOW, "low" },
	{ "baixo", MAIL_PRIORITY_LOW, "low" },
	{ "low", MAIL_PRIORITY_LOW, "low" },
	{ "baja", MAIL_PRIORITY_LOW, "low" },
	{ "media", MAIL_PRIORITY_MEDIUM, "medium" },
	{ "medio", MAIL_PRIORITY_MEDIUM, "medium" },
	{ "medium", MAIL_PRIORITY_MEDIUM, "medium" },
	{ "normal", MAIL_PRIORITY_MEDIUM, "medium" },
	{ "alta", MAIL_PRIORITY_HIGH, "high" },
	{ "alto", MAIL_PRIORITY_HIGH, "high" },
	{ "high", MAIL_PRIORITY_HIGH, "high" },
	{ "urgente", MAIL_PRIORITY_HIGH, "high" },
	{ "urgent", MAIL_PRIORITY_HIGH, "high" },
};

static const struct {
	const char *word;
	const char *status;
} statuses[] = {
	{ "open", "open" },
	{ "aberto", "open" },
	{ "abrir", "open" },
	{ "reabrir", "open" },
	{ "reopen", "open" },
	{ "abierto", "open" },
	{ "answered", "answered" },
	{ "respondido", "answered" },
	{ "in_progress", "in_progress" },
	{ "progress", "in_progress" },
	{ "andamento", "in_progress" },
	{ "em andamento", "in_progress" },
	{ "en curso", "in_progress" },
	{ "curso", "in_progress" },
	{ "on_hold", "on_hold" },
	{ "hold", "on_hold" },
	{ "espera", "on_hold" },
	{ "em espera", "on_hold" },
	{ "en espera", "on_hold" },
	{ "aguardando", "on_hold" },
	{ "resolved", "resolved" },
	{ "resolve", "resolved" },
	{ "resolvido", "resolved" },
	{ "resolver", "resolved" },
	{ "resuelto", "resolved" },
	{ "closed", "closed" },
	{ "close", "closed" },
	{ "fechado", "closed" },
	{ "fechar", "closed" },
	{ "encerrar", "closed" },
	{ "cerrado", "closed" },
	{ "cerrar", "closed" },
};

/* Lower case, no accents, no outer blanks, "*" or "_" of emphasis. */
static char *fold(const char *text, size_t len)
{
	g_autofree char *copy = g_strndup(text, len);
	g_autofree char *lower = g_utf8_strdown(copy, -1);
	g_autofree char *split = g_utf8_normalize(lower, -1, G_NORMALIZE_NFD);
	GString *out = g_string_new(NULL);

	for (const char *p = split != NULL ? split : ""; *p != '\0';
	     p = text_next(p)) {
		gunichar ch = g_utf8_get_char(p);

		if (g_unichar_type(ch) == G_UNICODE_NON_SPACING_MARK ||
		    ch == '*' || ch == 0xfeff)
			continue;
		g_string_append_unichar(out, ch == 0xa0 ? ' ' : ch);
	}
	return g_strstrip(g_string_free(out, FALSE));
}

static bool find_priority(const char *folded, enum mail_priority *ret_priority,
                          const char **ret_name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(priorities); i++) {
		if (strcmp(folded, priorities[i].word) == 0) {
			*ret_priority = priorities[i].priority;
			*ret_name = priorities[i].name;
			return true;
		}
	}
	return false;
}

static const char *find_status(const char *folded)
{
	for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++)
		if (strcmp(folded, statuses[i].word) == 0)
			return statuses[i].status;
	return NULL;
}

static bool is_one_of(const char *folded, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(folded, *words) == 0)
			return true;
	return false;
}

/* ---- customer fields ---- */

static const char *const priority_names[] = { "prioridade", "priority",
	                                      "prioridad", NULL };
static const char *const service_names[] = { "servico", "service", "servicio",
	                                     NULL };

enum field_outcome { FIELD_NONE, FIELD_TAKEN, FIELD_INVALID };

/* Without outer blanks and emphasis, "" if too long. Owned. */
static char *dup_value(const char *text, size_t len)
{
	g_autofree char *line = text_dup_line_len(text, len, len);
	size_t lead = strspn(line, "* ");
	char *value = g_strdup(line + lead);
	size_t end = strlen(value);

	while (end > 0 && strchr("* ", value[end - 1]) != NULL)
		end--;
	value[end <= VALUE_BYTES_MAX ? end : 0] = '\0';
	return value;
}

static enum field_outcome take_field_line(const char *line, size_t len,
                                          struct mail_fields *fields)
{
	const char *colon = memchr(line, ':', len);
	const char *unused;

	if (colon == NULL || len > COMMAND_BYTES_MAX)
		return FIELD_NONE;
	g_autofree char *name = fold(line, (size_t)(colon - line));
	size_t value_len = (size_t)(line + len - colon - 1);
	g_autofree char *value = dup_value(colon + 1, value_len);
	g_autofree char *folded = fold(value, strlen(value));

	if (is_one_of(name, priority_names))
		return find_priority(folded, &fields->priority, &unused)
		               ? FIELD_TAKEN
		               : FIELD_INVALID;
	if (!is_one_of(name, service_names))
		return FIELD_NONE;
	if (value[0] == '\0')
		return FIELD_INVALID;
	g_free(fields->service);
	fields->service = g_steal_pointer(&value);
	return FIELD_TAKEN;
}

static bool is_blank_line(const char *line, size_t len)
{
	g_autofree char *folded = fold(line, MIN(len, 64));

	return folded[0] == '\0';
}

static void note_invalid(struct mail_fields *fields, const char *line,
                         size_t len)
{
	if (fields->invalid != NULL)
		return;
	fields->invalid = text_dup_line_len(line, len, COMMAND_BYTES_MAX);
}

void fields_take(const char *text, struct mail_fields *ret_fields,
                 char **ret_text)
{
	struct mail_fields fields = { 0 };
	GString *kept = g_string_new(NULL);
	const char *at = text;

	for (int n = 0; n < FIELD_LINES_MAX && *at != '\0'; n++) {
		size_t len = strcspn(at, "\n");
		size_t whole = len + (at[len] == '\n');
		enum field_outcome outcome = FIELD_TAKEN;

		if (!is_blank_line(at, len))
			outcome = take_field_line(at, len, &fields);
		if (outcome == FIELD_NONE)
			break;
		if (outcome == FIELD_INVALID) {
			note_invalid(&fields, at, len);
			g_string_append_len(kept, at, (gssize)whole);
		}
		at += whole;
	}
	bool any = fields.priority != MAIL_PRIORITY_NONE ||
	           fields.service != NULL || fields.invalid != NULL;
	if (any) {
		while (kept->len == 0 && at[0] == '\n')
			at++;
		g_string_append(kept, at);
		*ret_text = g_string_free(kept, FALSE);
	} else {
		g_string_free(kept, TRUE);
		*ret_text = g_strdup(text);
	}
	fields.service = fields.service != NULL ? fields.service : g_strdup("");
	fields.invalid = fields.invalid != NULL ? fields.invalid : g_strdup("");
	*ret_fields = fields;
}

void mail_fields_clear(struct mail_fields *fields)
{
	g_clear_pointer(&fields->service, g_free);
	g_clear_pointer(&fields->invalid, g_free);
	fields->priority = MAIL_PRIORITY_NONE;
}

/* ---- staff commands ---- */

static const char *const note_words[] = { "nota",    "note",     "interno",
	                                  "interna", "internal", NULL };
static const char *const assign_words[] = { "atribuir", "assign", "asignar",
	                                    NULL };
static const char *const mine_words[] = { "assumir", "take", "meu", "tomar",
	                                  NULL };
static const char *const status_words[] = { "status", "estado", NULL };
static const char *const department_words[] = {
	"setor", "department", "departamento", "sector", "mover", "move",
	"transferir", "transfer", NULL
};
static const char *const copy_words[] = { "copiar", "copia", "copy", "cc",
	                                  NULL };

static void command_free(gpointer data)
{
	struct command *command = data;

	g_free(command->argument);
	g_free(command->line);
	g_free(command);
}

static struct command *command_new(enum command_kind kind, const char *argument)
{
	struct command *command = g_new(struct command, 1);

	command->kind = kind;
	command->argument = g_strdup(argument);
	command->line = NULL;
	return command;
}

/* Whether a word begins a command, whatever follows. */
static bool is_command_word(const char *word)
{
	return is_one_of(word, note_words) || is_one_of(word, mine_words) ||
	       is_one_of(word, assign_words) ||
	       is_one_of(word, priority_names) ||
	       is_one_of(word, status_words) ||
	       is_one_of(word, department_words) ||
	       is_one_of(word, copy_words) || find_status(word) != NULL;
}

/* "fechar." and "nota:" are written as people write. */
static char *drop_stops(char *word)
{
	size_t len = strlen(word);

	while (len > 0 && strchr(".: ", word[len - 1]) != NULL)
		len--;
	word[len] = '\0';
	return word;
}

/* The command of a word and its argument, or NULL. *ret_rest is text of the
 * line that is no argument, "" if none. */
static struct command *read_command(const char *word, const char *argument,
                                    const char **ret_rest)
{
	g_autofree char *folded = drop_stops(fold(argument, strlen(argument)));
	enum mail_priority priority = MAIL_PRIORITY_NONE;
	const char *name = NULL;

	*ret_rest = "";
	if (is_one_of(word, note_words)) {
		*ret_rest = argument;
		return command_new(COMMAND_NOTE, "");
	}
	if (is_one_of(word, mine_words))
		return folded[0] == '\0' ? command_new(COMMAND_ASSIGN, "")
		                         : NULL;
	if (is_one_of(word, assign_words))
		return command_new(COMMAND_ASSIGN, argument);
	if (is_one_of(word, department_words))
		return folded[0] != '\0'
		               ? command_new(COMMAND_DEPARTMENT, argument)
		               : NULL;
	if (is_one_of(word, copy_words))
		return folded[0] != '\0' ? command_new(COMMAND_COPY, argument)
		                         : NULL;
	if (is_one_of(word, priority_names))
		return find_priority(folded, &priority, &name)
		               ? command_new(COMMAND_PRIORITY, name)
		               : NULL;
	if (is_one_of(word, status_words))
		name = find_status(folded);
	else if (folded[0] == '\0')
		name = find_status(word);
	return name != NULL ? command_new(COMMAND_STATUS, name) : NULL;
}

/* The word behind "#" at the start of a line; NULL if the line is plain. */
static char *command_word(const char *line, size_t len, size_t *ret_end)
{
	size_t at = 0;

	while (at < len && g_ascii_isspace(line[at]))
		at++;
	if (at >= len || line[at] != '#' || len > COMMAND_BYTES_MAX)
		return NULL;
	size_t start = ++at;

	while (at < len && !g_ascii_isspace(line[at]))
		at++;
	g_autofree char *word = drop_stops(fold(line + start, at - start));

	if (!g_unichar_isalpha(g_utf8_get_char(word)))
		return NULL;
	*ret_end = at;
	return g_steal_pointer(&word);
}

struct taking {
	GPtrArray *commands;
	GPtrArray *unknown;
	GString *text;
	bool below; /* a line that is no command has been passed */
};

/* Meant as a command, for all we know. */
static void note_unknown(struct taking *taking, const char *word,
                         const char *argument, const char *line, size_t len)
{
	bool meant = !taking->below || argument[0] == '\0' ||
		     is_command_word(word);

	if (meant && taking->unknown->len < COMMANDS_MAX)
		g_ptr_array_add(taking->unknown,
		                g_strstrip(g_strndup(line, len)));
}

static void take_command_line(struct taking *taking, const char *line,
                              size_t len)
{
	size_t end = 0;
	g_autofree char *word = command_word(line, len, &end);
	struct command *command = NULL;
	const char *rest = NULL;

	if (word != NULL && taking->commands->len < COMMANDS_MAX) {
		g_autofree char *argument =
			g_strstrip(g_strndup(line + end, len - end));

		command = read_command(word, argument, &rest);
		if (command != NULL) {
			command->line = g_strstrip(g_strndup(line, len));
			g_ptr_array_add(taking->commands, command);
			if (rest[0] != '\0')
				g_string_append_printf(taking->text, "%s\n",
				                       rest);
			return;
		}
		note_unknown(taking, word, argument, line, len);
	}
	taking->below |= word == NULL && !is_blank_line(line, len);
	g_string_append_len(taking->text, line, (gssize)len);
	g_string_append_c(taking->text, '\n');
}

/* The empty lines that stood between commands and text. */
static void drop_head(GString *text)
{
	size_t at = 0;
	size_t len = strcspn(text->str, "\n");

	while (text->str[at + len] != '\0'
	       && is_blank_line(text->str + at, len)) {
		at += len + 1;
		len = strcspn(text->str + at, "\n");
	}
	g_string_erase(text, 0, (gssize)at);
}

GPtrArray *commands_take(const char *text, char **ret_text, char ***ret_unknown)
{
	struct taking taking = {
		.commands = g_ptr_array_new_with_free_func(command_free),
		.unknown = g_ptr_array_new(),
		.text = g_string_new(NULL),
	};

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		take_command_line(&taking, text, len);
		text += len + (text[len] == '\n');
	}
	if (taking.commands->len > 0)
		drop_head(taking.text);
	g_ptr_array_add(taking.unknown, NULL);
	*ret_unknown = (char **)g_ptr_array_free(taking.unknown, FALSE);
	*ret_text = g_strchomp(g_string_free(taking.text, FALSE));
	return taking.commands;
}
