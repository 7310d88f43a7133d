/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_template.c - portaria template: the texts of outgoing mail
 */
#include "cli/ticket.h"

#include "base/error.h"
#include "desk/letter.h"
#include "store/customer.h"

#include <string.h>

static struct {
	char *language;
	char *ticket;
} opt;

static const GOptionEntry list_options[] = {
	CLI_TEXT("language", &opt.language, "of one language", "LANG"),
	{ 0 }
};

static const GOptionEntry preview_options[] = {
	CLI_TEXT("language", &opt.language, "in which (the site's)", "LANG"),
	CLI_TEXT("ticket", &opt.ticket, "as it would be of this ticket", "REF"),
	{ 0 }
};

static bool check_language(GError **error)
{
	return opt.language == NULL || cli_check_language(opt.language, error);
}

static bool is_wanted(const char *language)
{
	return opt.language == NULL || strcmp(opt.language, language) == 0;
}

/* --- list ------------------------------------------------------------------- */

static void show_file(struct output *out, const struct texts_kind *kind,
		      const char *language, const struct texts_file *file)
{
	const char *source = file->own ? "own" : "shipped";

	output_begin(out, "template");
	output_text(out, "name", kind->name);
	output_text(out, "language", language);
	output_text(out, "source", file->template != NULL ? source : "none");
	output_json_text(out, "path", file->path != NULL ? file->path : "");
	output_json_text(out, "complaint",
			 file->complaint != NULL ? file->complaint : "");
	output_text(out, "about", kind->about);
	output_end(out);
}

static bool run_list(struct cli *cli, char **arguments, GError **error)
{
	const struct desk *desk = cli_desk(cli, error);
	const struct texts_kind *kind;
	const char *language;

	(void)arguments;
	if (desk == NULL || !check_language(error))
		return false;
	for (unsigned i = 0; (kind = texts_kind_get(i)) != NULL; i++) {
		for (unsigned k = 0; (language = texts_language_get(k)) != NULL;
		     k++) {
			if (is_wanted(language))
				show_file(cli->out, kind, language,
					  texts_file_get(desk_get_texts(desk),
							 i, k));
		}
	}
	return true;
}

/* --- check ------------------------------------------------------------------ */

/* A line, not a row: tables cut what is long. */
static void show_problem(struct output *out, const char *text, unsigned *count)
{
	++*count;
	if (!output_is_json(out)) {
		output_say(out, "%s", text);
		return;
	}
	output_begin(out, "problem");
	output_json_text(out, "text", text);
	output_end(out);
}

/* What is wrong with a text that is in use: own ones are checked already. */
static void check_file(struct output *out, const struct texts_kind *kind,
		       const struct texts_file *file, unsigned *count)
{
	g_auto(GStrv) wrong = NULL;

	if (file->template == NULL || file->own)
		return;
	wrong = texts_check(kind, file->template);
	for (size_t i = 0; wrong[i] != NULL; i++) {
		g_autofree char *text
			= g_strdup_printf("%s: %s", file->path, wrong[i]);

		show_problem(out, text, count);
	}
}

static bool check_texts(struct cli *cli, const struct texts *texts,
			GError **error)
{
	const char *const *complaints = texts_complaints(texts);
	const struct texts_kind *kind;
	unsigned count = 0;

	for (size_t i = 0; complaints[i] != NULL; i++)
		show_problem(cli->out, complaints[i], &count);
	for (unsigned i = 0; (kind = texts_kind_get(i)) != NULL; i++) {
		for (unsigned k = 0; texts_language_get(k) != NULL; k++)
			check_file(cli->out, kind,
				   texts_file_get(texts, i, k), &count);
	}
	if (count == 0) {
		output_say(cli->out, "texts: ok");
		return true;
	}
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		    "%u texts with mistakes; those of your own are not sent, "
		    "the shipped ones are",
		    count);
	return false;
}

/* DIR: a folder that is to become own_template_dir. */
static bool run_check(struct cli *cli, char **arguments, GError **error)
{
	struct config_server server = cli->config->server;

	if (arguments[0] != NULL
	    && !g_file_test(arguments[0], G_FILE_TEST_IS_DIR)) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
			    "%s: is no folder", arguments[0]);
		return false;
	}
	if (arguments[0] != NULL)
		server.own_template_dir = arguments[0];
	AUTO(texts) texts = texts_load(&server, error);
	return texts != NULL && check_texts(cli, texts, error);
}

/* --- preview ---------------------------------------------------------------- */

static void print(struct output *out, const char *subject, const char *body)
{
	if (output_is_json(out)) {
		output_begin(out, "preview");
		output_json_text(out, "subject", subject);
		output_json_text(out, "body", body);
		output_end(out);
		return;
	}
	output_say(out, "Subject: %s\n\n%.*s", subject,
		   (int)strlen(body) - (g_str_has_suffix(body, "\n") ? 1 : 0), body);
}

/* What is shown is what is sent, which then is not what was written. */
static void tell_passed_over(const struct texts *texts, const char *name,
			     const char *wanted)
{
	const struct texts_kind *kind;
	const char *language;

	for (unsigned i = 0; (kind = texts_kind_get(i)) != NULL; i++) {
		for (unsigned k = 0; (language = texts_language_get(k)) != NULL;
		     k++) {
			const struct texts_file *file
				= texts_file_get(texts, i, k);

			if (file->complaint != NULL
			    && strcmp(kind->name, name) == 0
			    && strcmp(language, wanted) == 0)
				g_printerr("portaria: %s\nportaria: it is not "
					   "sent; the shipped text follows\n",
					   file->complaint);
		}
	}
}

static void fill_sample(const struct template *template, const char *name,
			const char *language, char **ret_subject,
			char **ret_body)
{
	const struct template_value *all = texts_sample(language);
	const char *notice = texts_sample_notice(name, language);
	g_autoptr(GArray) values
		= g_array_new(true, true, sizeof(struct template_value));

	for (; all->field != NULL; all++) {
		struct template_value one = *all;

		if (notice != NULL && strcmp(one.field, "notice") == 0)
			one.value = notice;
		g_array_append_val(values, one);
	}
	template_fill(template,
		      (const struct template_value *)(void *)values->data,
		      ret_subject, ret_body);
}

static bool preview_sample(struct cli *cli, const struct desk *desk,
			   const char *name, GError **error)
{
	const char *language = opt.language != NULL
				       ? opt.language
				       : cli->config->server.language;
	const struct template *template
		= desk_get_template(desk, name, language, NULL);
	g_autofree char *subject = NULL;
	g_autofree char *body = NULL;

	if (template == NULL)
		return cli_usage(error,
				 "no text is called \"%s\": \"portaria "
				 "template list\" names them",
				 name);
	fill_sample(template, name, language, &subject, &body);
	print(cli->out, subject, body);
	return true;
}

/* The newest entry of a person. */
static const struct message *newest(const GPtrArray *entries)
{
	for (guint i = entries->len; i > 0; i--) {
		const struct message *one = entries->pdata[i - 1];

		if (one->author == MESSAGE_CUSTOMER
		    || one->author == MESSAGE_STAFF)
			return one;
	}
	return NULL;
}

/* With what the ticket says, as its requester would read it. */
static bool preview_ticket(struct cli *cli, const struct desk *desk,
			   const char *name, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) entries = NULL;
	g_autofree char *subject = NULL;
	g_autofree char *body = NULL;
	AUTO(department) department = NULL;
	AUTO(ticket) ticket = NULL;

	if (store == NULL)
		return false;
	ticket = ticket_find(cli, store, opt.ticket, error);
	if (ticket == NULL)
		return false;
	department = department_get(store, ticket->department_id, error);
	if (department == NULL)
		return false;
	entries = message_list(store, ticket->id, error);
	if (entries == NULL)
		return false;

	const struct letter letter = {
		.kind = name,
		.address = ticket->requester,
		.name = "",
		.language = "",
		.force_language = opt.language,
		.department = department,
		.ticket = ticket,
		.message = newest(entries),
	};
	if (!letter_preview(desk, store, &letter, &subject, &body, error))
		return false;
	print(cli->out, subject, body);
	return true;
}

static bool is_about_held(const char *name)
{
	return g_str_has_prefix(name, "hold_");
}

static bool run_preview(struct cli *cli, char **arguments, GError **error)
{
	const struct desk *desk = cli_desk(cli, error);
	const char *name = arguments[0];

	if (desk == NULL || !check_language(error))
		return false;
	tell_passed_over(desk_get_texts(desk), name,
			 opt.language != NULL ? opt.language
					      : cli->config->server.language);
	if (opt.ticket == NULL
	    || desk_get_template(desk, name, NULL, NULL) == NULL)
		return preview_sample(cli, desk, name, error);
	if (is_about_held(name))
		return cli_usage(error, "%s is about no ticket", name);
	return preview_ticket(cli, desk, name, error);
}

static const struct verb verbs[] = {
	{ "list", "", "the texts, and where each comes from", list_options, 0,
	  0, run_list },
	{ "preview", "NAME", "one text, filled in", preview_options, 1, 1,
	  run_preview },
	{ "check", "[DIR]", "what is wrong with the texts, or those of DIR",
	  NULL, 0, 1, run_check },
	{ 0 }
};

const struct noun noun_template = { "template", "the texts of outgoing mail",
				    verbs };
