/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - `portaria NOUN VERB`: finds the verb, reads its options, runs it
 */
#include "cli/cli.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct noun *const nouns[] = {
	&noun_ticket,     &noun_held,	&noun_outbox, &noun_template, &noun_customer,
	&noun_department, &noun_staff,	&noun_none,   &noun_postfix, &noun_audit, &noun_privacy,
	&noun_config,     &noun_key,	&noun_db,	&noun_abuse,
	&noun_retention,
};

static void print_nouns(FILE *to)
{
	fputs("Usage: portaria [-c FILE] [-o section.key=value] [--json] "
	      "NOUN VERB [ARGUMENTS]\n\n",
	      to);
	for (size_t i = 0; i < G_N_ELEMENTS(nouns); i++) {
		const struct noun *noun = nouns[i];

		if (noun == &noun_none) {
			for (const struct verb *v = noun->verbs;
			     v->name != NULL; v++)
				fprintf(to, "  %-12s %s\n", v->name,
					v->summary);
			continue;
		}
		fprintf(to, "  %-12s %s\n", noun->name, noun->summary);
	}
	fputs("\n\"portaria NOUN --help\" lists the verbs, "
	      "\"portaria NOUN VERB --help\" the options.\n"
	      "Exit: 0 done, 1 nothing found, 64 usage, 65 bad data, "
	      "69-78 see sysexits(3).\n",
	      to);
}

static void print_verbs(const struct noun *noun, FILE *to)
{
	fprintf(to, "portaria %s - %s\n\n", noun->name, noun->summary);
	for (const struct verb *v = noun->verbs; v->name != NULL; v++) {
		fprintf(to, "  portaria %s %s%s%s\n      %s\n", noun->name,
			v->name, v->arguments[0] != '\0' ? " " : "",
			v->arguments, v->summary);
	}
}

static const struct noun *find_noun(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(nouns); i++) {
		if (nouns[i] != &noun_none && strcmp(nouns[i]->name, name) == 0)
			return nouns[i];
	}
	return NULL;
}

static const struct verb *find_verb(const struct noun *noun, const char *name)
{
	for (const struct verb *v = noun->verbs; v->name != NULL; v++) {
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0
	       || strcmp(word, "help") == 0;
}

/* What stands before the noun or behind the verb alike. */
struct globals {
	char *path;       /* -c, NULL: the usual one */
	GPtrArray *keys;  /* -o, char *, in the order given */
	gboolean json;
	char *as;
};

static void globals_clear(struct globals *globals)
{
	g_free(globals->path);
	g_ptr_array_unref(globals->keys);
	g_free(globals->as);
}

/* One round of options: where they went. */
struct round {
	char *path;
	char **keys;
	gboolean json, version;
};

/* The last -c counts, and each -o. */
static void globals_take(struct globals *globals, struct round *round)
{
	if (round->path != NULL) {
		g_free(globals->path);
		globals->path = round->path;
	}
	for (char **key = round->keys; key != NULL && *key != NULL; key++)
		g_ptr_array_add(globals->keys, *key);
	g_free(round->keys);
	globals->json = globals->json || round->json;
}

#define ROUND_OPTIONS(round)                                                   \
	{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &(round).path,              \
	  "read FILE instead of " CONFIG_DEFAULT_PATH, "FILE" },               \
		{ "option", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY,               \
		  &(round).keys, "set a key, above all files",                 \
		  "SECTION.KEY=VALUE" },                                       \
		CLI_FLAG("json", &(round).json, "one JSON object a line")

/* Reads the verb's own options; prints its help and exits 0 on --help. */
static bool parse_options(const struct noun *noun, const struct verb *verb,
			  struct globals *globals, char ***arguments,
			  GError **error)
{
	struct round round = { 0 };
	const GOptionEntry common[] = {
		ROUND_OPTIONS(round),
		CLI_TEXT("as", &globals->as, "the member of staff who acts",
			 "LOGIN"),
		{ 0 }
	};
	g_autofree char *title = g_strdup_printf(
		"%s%s%s%s%s", noun == &noun_none ? "" : noun->name,
		noun == &noun_none ? "" : " ", verb->name,
		verb->arguments[0] != '\0' ? " " : "", verb->arguments);
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) problem = NULL;
	bool good;

	g_option_context_set_summary(context, verb->summary);
	g_option_context_add_main_entries(context, common, NULL);
	if (verb->options != NULL)
		g_option_context_add_main_entries(context, verb->options, NULL);
	/* The usage line names noun, verb and arguments. */
	g_free((*arguments)[0]);
	(*arguments)[0] = g_strdup_printf("portaria %s", title);
	g_set_prgname((*arguments)[0]);
	good = g_option_context_parse_strv(context, arguments, &problem);
	g_set_prgname("portaria");
	globals_take(globals, &round);
	return good || cli_usage(error, "%s", problem->message);
}

static bool check_count(const struct verb *verb, char **arguments,
			GError **error)
{
	int count = (int)g_strv_length(arguments);

	if (count < verb->min)
		return cli_usage(error, "%s needs %s", verb->name,
				 verb->arguments);
	if (verb->max >= 0 && count > verb->max)
		return cli_usage(error, "unexpected \"%s\"",
				 arguments[verb->max]);
	return true;
}

static int fail(const struct noun *noun, const struct verb *verb,
		const GError *error)
{
	fprintf(stderr, "portaria: %s\n", error->message);
	if (g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_USAGE))
		fprintf(stderr, "portaria: see \"portaria %s%s%s --help\"\n",
			noun == &noun_none ? "" : noun->name,
			noun == &noun_none ? "" : " ", verb->name);
	return error_exit_code(error);
}

/* A full disk must not look like success. */
static bool flush(GError **error)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return true;
	error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
			"standard output");
	return false;
}

/* The exit code; config may be NULL only for verbs that need none. */
static int run_configured(const struct config *config, const struct noun *noun,
			  const struct verb *verb,
			  const struct globals *globals, char **arguments)
{
	struct cli cli = { .config = config, .as = globals->as };
	g_autoptr(GError) error = NULL;
	int code = EX_OK;

	cli.out = output_new(globals->json);
	if (!verb->run(&cli, arguments, &error)) {
		output_free(g_steal_pointer(&cli.out));
		code = error != NULL ? fail(noun, verb, error) : 1;
	}
	output_free(cli.out);
	g_clear_error(&error);
	if (code == EX_OK && !flush(&error))
		code = fail(noun, verb, error);
	store_free(cli.store);
	desk_free(cli.desk);
	return code;
}

/* words: NULL-terminated, [0] the verb's name. */
static int run_verb(const struct noun *noun, const struct verb *verb,
		    struct globals *globals, char **words)
{
	static const struct config none = { 0 };
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) arguments = g_strdupv(words);
	AUTO(config) config = NULL;
	int code = EX_CONFIG;

	if (!parse_options(noun, verb, globals, &arguments, &error)
	    || !check_count(verb, arguments + 1, &error))
		return fail(noun, verb, error);
	if (noun == &noun_config && config_show_needs_no_file())
		return run_configured(&none, noun, verb, globals,
				      arguments + 1);
	g_ptr_array_add(globals->keys, NULL);
	config = config_main_load(
		"portaria", globals->path,
		(const char *const *)(void *)globals->keys->pdata, &code);
	if (config == NULL)
		return code;
	return run_configured(config, noun, verb, globals, arguments + 1);
}

static int dispatch(struct globals *globals, char **words)
{
	const struct noun *noun = find_noun(words[0]);
	const struct verb *verb = find_verb(&noun_none, words[0]);

	if (verb != NULL)
		return run_verb(&noun_none, verb, globals, words);
	if (noun == NULL) {
		fprintf(stderr, "portaria: unknown noun \"%s\"\n", words[0]);
		print_nouns(stderr);
		return EX_USAGE;
	}
	if (words[1] == NULL || is_help(words[1])) {
		print_verbs(noun, words[1] == NULL ? stderr : stdout);
		return words[1] == NULL ? EX_USAGE : EX_OK;
	}
	verb = find_verb(noun, words[1]);
	if (verb == NULL) {
		fprintf(stderr, "portaria: %s has no verb \"%s\"\n",
			noun->name, words[1]);
		print_verbs(noun, stderr);
		return EX_USAGE;
	}
	return run_verb(noun, verb, globals, words + 1);
}

/* Options before the noun; they end at the first word that is none. False:
 * all is said, *ret_code is the exit. */
static bool parse_globals(struct globals *globals, int *argc, char ***argv,
			  int *ret_code)
{
	struct round round = { 0 };
	const GOptionEntry entries[] = {
		ROUND_OPTIONS(round),
		CLI_FLAG("version", &round.version,
			 "show the version and exit"),
		{ 0 }
	};
	g_autoptr(GOptionContext) context
		= g_option_context_new("NOUN VERB - the help desk's command");
	g_autoptr(GError) problem = NULL;
	bool good;

	g_option_context_set_strict_posix(context, true);
	g_option_context_add_main_entries(context, entries, NULL);
	good = g_option_context_parse(context, argc, argv, &problem);
	globals_take(globals, &round);
	if (!good) {
		fprintf(stderr, "portaria: %s\nportaria: --help shows the "
				"options\n",
			problem->message);
		*ret_code = EX_USAGE;
	} else if (round.version) {
		printf("portaria %s\n", PORTARIA_VERSION);
		*ret_code = EX_OK;
	} else if (*argc < 2) {
		print_nouns(stderr);
		*ret_code = EX_USAGE;
		good = false;
	}
	return good && !round.version;
}

int main(int argc, char **argv)
{
	struct globals globals = {
		.keys = g_ptr_array_new_with_free_func(g_free),
	};
	int code;

	if (argc == 2 && is_help(argv[1])) {
		print_nouns(stdout);
		code = EX_OK;
	} else if (parse_globals(&globals, &argc, &argv, &code)) {
		code = dispatch(&globals, argv + 1);
	}
	globals_clear(&globals);
	return code;
}
