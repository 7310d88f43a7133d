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

#define NOT_HELP (-1)

static const struct noun *const nouns[] = {
	&noun_ticket,     &noun_held,	&noun_outbox, &noun_customer,
	&noun_department, &noun_staff,	&noun_none,   &noun_postfix,
	&noun_config,     &noun_key,	&noun_db,
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

/* Reads the verb's own options; prints its help and exits 0 on --help. */
static bool parse_options(const struct noun *noun, const struct verb *verb,
			  bool *json, char **as, char ***arguments,
			  GError **error)
{
	gboolean json_here = false;
	const GOptionEntry common[] = {
		CLI_FLAG("json", &json_here, "one JSON object a line"),
		CLI_TEXT("as", as, "the member of staff who acts", "LOGIN"),
		{ 0 }
	};
	g_autofree char *title = g_strdup_printf(
		"%s%s%s%s%s", noun == &noun_none ? "" : noun->name,
		noun == &noun_none ? "" : " ", verb->name,
		verb->arguments[0] != '\0' ? " " : "", verb->arguments);
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) problem = NULL;

	g_option_context_set_summary(context, verb->summary);
	g_option_context_add_main_entries(context, common, NULL);
	if (verb->options != NULL)
		g_option_context_add_main_entries(context, verb->options, NULL);
	g_set_prgname("portaria");
	/* The usage line names noun, verb and arguments. */
	g_free((*arguments)[0]);
	(*arguments)[0] = g_strdup_printf("portaria %s", title);
	g_set_prgname((*arguments)[0]);
	if (!g_option_context_parse_strv(context, arguments, &problem))
		return cli_usage(error, "%s", problem->message);
	g_set_prgname("portaria");
	*json = *json || json_here;
	return true;
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

/* words: NULL-terminated, [0] the verb's name; freed by the caller. config
 * NULL: only --help is wanted, which does not come back from the options. */
static int run_verb(const struct config *config, const struct noun *noun,
		    const struct verb *verb, bool json, char **words)
{
	struct cli cli = { .config = config };
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) arguments = g_strdupv(words);
	int code = EX_OK;

	if (!parse_options(noun, verb, &json, &cli.as, &arguments, &error))
		return fail(noun, verb, error);
	if (config == NULL)
		return NOT_HELP;
	if (!check_count(verb, arguments + 1, &error))
		return fail(noun, verb, error);
	cli.out = output_new(json);
	if (!verb->run(&cli, arguments + 1, &error)) {
		output_free(g_steal_pointer(&cli.out));
		code = error != NULL ? fail(noun, verb, error) : 1;
	}
	output_free(cli.out);
	g_clear_error(&error);
	if (code == EX_OK && !flush(&error))
		code = fail(noun, verb, error);
	store_free(cli.store);
	desk_free(cli.desk);
	g_free(cli.as);
	return code;
}

static int dispatch(const struct config *config, bool json, char **words)
{
	const struct noun *noun = find_noun(words[0]);
	const struct verb *verb = find_verb(&noun_none, words[0]);

	if (verb != NULL)
		return run_verb(config, &noun_none, verb, json, words);
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
	return run_verb(config, noun, verb, json, words + 1);
}

/* Help must work where there is no configuration yet. */
static bool wants_help_only(int argc, char **argv)
{
	return argc < 2 || (argc == 2 && is_help(argv[1]));
}

/* The options of one verb, the verbs of one noun, and the defaults. A last
 * word "--help" may also be the value of an option: then nothing was done. */
static bool run_without_config(int argc, char **argv, int *ret_code)
{
	const struct config none = { 0 };
	const char *last = argv[argc - 1];
	bool help = strcmp(last, "--help") == 0 || strcmp(last, "-h") == 0;
	bool defaults = argc == 4 && strcmp(argv[1], "config") == 0
			&& strcmp(argv[2], "show") == 0
			&& strcmp(last, "--defaults") == 0;

	if (argc < 3 || argv[1][0] == '-' || !(help || defaults))
		return false;
	*ret_code = dispatch(defaults ? &none : NULL, false, argv + 1);
	return *ret_code != NOT_HELP;
}

int main(int argc, char **argv)
{
	gboolean json = false;
	GOptionEntry options[] = { CLI_FLAG("json", &json,
					    "one JSON object a line"),
				   { 0 } };
	int code;

	if (wants_help_only(argc, argv)) {
		print_nouns(argc < 2 ? stderr : stdout);
		return argc < 2 ? EX_USAGE : EX_OK;
	}
	if (run_without_config(argc, argv, &code))
		return code;
	AUTO(config)
	config = config_main("portaria", "NOUN VERB - the help desk's command",
			     options, &argc, &argv, &code);
	if (config == NULL)
		return code;
	if (argc < 2) {
		print_nouns(stderr);
		return EX_USAGE;
	}
	return dispatch(config, json, argv + 1);
}
