/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticket_relate.c - merge, unmerge, split, move, link, unlink, copy
 */
#include "cli/ticket.h"

#include "base/error.h"
#include "store/relation.h"

#include <string.h>

static struct {
	char **messages;
	char *subject;
	char *department;
	struct ticket *made; /* by split, shown when it is committed */
} opt;

const GOptionEntry ticket_split_options[] = {
	CLI_LIST("message", &opt.messages, "a message that goes (repeat)",
		 "ID"),
	CLI_TEXT("subject", &opt.subject, "of the new ticket", "TEXT"),
	CLI_TEXT("department", &opt.department, "of the new ticket", "NAME"),
	{ 0 }
};

/* On the ticket of the first argument, which the second one is about. */
static bool change(struct cli *cli, char **arguments, bool exact,
		   bool (*run)(const struct ticket_change *, GError **),
		   GError **error)
{
	const struct ticket_work work = { .ref = arguments[0],
					  .arguments = arguments,
					  .exact = exact,
					  .run = run };

	return ticket_change(cli, &work, error);
}

/* --- merge ------------------------------------------------------------------ */

static bool work_merge(const struct ticket_change *c, GError **error)
{
	AUTO(ticket)
	target = ticket_find_current(c->cli, c->store, c->arguments[1], error);

	return target != NULL
	       && conversation_merge(c->cli->desk, c->store, &c->actor,
				     c->ticket, target, error);
}

static bool work_unmerge(const struct ticket_change *c, GError **error)
{
	return conversation_unmerge(c->cli->desk, c->store, &c->actor,
				    c->ticket, error);
}

bool ticket_run_merge(struct cli *cli, char **arguments, GError **error)
{
	return change(cli, arguments, true, work_merge, error);
}

bool ticket_run_unmerge(struct cli *cli, char **arguments, GError **error)
{
	return change(cli, arguments, true, work_unmerge, error);
}

/* --- split ------------------------------------------------------------------ */

bool ticket_parse_ids(char **texts, GArray **ret_ids, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(false, false, sizeof(gint64));

	for (; texts != NULL && *texts != NULL; texts++) {
		gint64 id;

		/* As "ticket show" writes it, too. */
		if (!cli_parse_id(*texts + (**texts == '#'), &id, NULL))
			return cli_usage(error,
					 "--message %s: the number that "
					 "\"ticket show\" has behind # at the "
					 "head of the message",
					 *texts);
		g_array_append_val(ids, id);
	}
	*ret_ids = g_steal_pointer(&ids);
	return true;
}

static bool split(const struct ticket_change *c, const GArray *ids,
		  const struct department *department, GError **error)
{
	const struct conversation_split split = {
		.messages = (const gint64 *)(void *)ids->data,
		.n_messages = ids->len,
		.subject = opt.subject,
		.department = department,
	};

	opt.made = conversation_split(c->cli->desk, c->store, &c->actor,
				      c->ticket, &split, error);
	return opt.made != NULL;
}

static bool work_split(const struct ticket_change *c, GError **error)
{
	g_autoptr(GArray) ids = NULL;
	AUTO(department) department = NULL;

	if (!ticket_parse_ids(opt.messages, &ids, error))
		return false;
	if (opt.department != NULL) {
		department = department_by_name(c->store, opt.department,
						error);
		if (department == NULL)
			return false;
	}
	return split(c, ids, department, error);
}

bool ticket_run_split(struct cli *cli, char **arguments, GError **error)
{
	if (opt.messages == NULL)
		return cli_usage(error, "--message is missing: \"ticket show\" "
					"has the numbers, #12 for instance");
	if (opt.subject != NULL
	    && !cli_check_text("--subject", opt.subject, error))
		return false;
	bool ok = change(cli, arguments, false, work_split, error);

	if (ok)
		ticket_show_changed(cli, opt.made);
	g_clear_pointer(&opt.made, ticket_free);
	return ok;
}

/* --- move ------------------------------------------------------------------- */

static bool work_move(const struct ticket_change *c, GError **error)
{
	AUTO(department)
	department = department_by_name(c->store, c->arguments[1], error);

	return department != NULL
	       && conversation_move(c->cli->desk, c->store, &c->actor,
				    c->ticket, department, error);
}

bool ticket_run_move(struct cli *cli, char **arguments, GError **error)
{
	return change(cli, arguments, false, work_move, error);
}

/* --- link ------------------------------------------------------------------- */

typedef bool link_function(struct store *store, const struct actor *actor,
			   const struct ticket *ticket,
			   const struct ticket *other, GError **error);

static bool work_pair(const struct ticket_change *c, link_function *run,
		      GError **error)
{
	AUTO(ticket)
	other = ticket_find(c->cli, c->store, c->arguments[1], error);

	return other != NULL
	       && run(c->store, &c->actor, c->ticket, other, error);
}

static bool work_link(const struct ticket_change *c, GError **error)
{
	return work_pair(c, conversation_link, error);
}

static bool work_unlink(const struct ticket_change *c, GError **error)
{
	return work_pair(c, conversation_unlink, error);
}

bool ticket_run_link(struct cli *cli, char **arguments, GError **error)
{
	return change(cli, arguments, true, work_link, error);
}

bool ticket_run_unlink(struct cli *cli, char **arguments, GError **error)
{
	return change(cli, arguments, true, work_unlink, error);
}

/* --- copy ------------------------------------------------------------------- */

static bool work_copy(const struct ticket_change *c,
		      bool (*run)(struct store *, const struct actor *,
				  const struct ticket *, const char *,
				  GError **),
		      GError **error)
{
	g_autofree char *key = cli_parse_address(c->arguments[2], error);

	return key != NULL && run(c->store, &c->actor, c->ticket, key, error);
}

static bool work_copy_add(const struct ticket_change *c, GError **error)
{
	return work_copy(c, conversation_copy_add, error);
}

static bool work_copy_remove(const struct ticket_change *c, GError **error)
{
	return work_copy(c, conversation_copy_remove, error);
}

static void show_person(struct output *out, const char *address,
			const char *name, const char *role)
{
	output_begin(out, "copy");
	output_text(out, "address", address);
	output_text(out, "name", name);
	output_text(out, "role", role);
	output_end(out);
}

/* Who takes part, and who might. */
static bool list_copies(struct cli *cli, const char *ref, GError **error)
{
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) people = NULL;
	g_autoptr(GPtrArray) proposed = NULL;
	AUTO(ticket) ticket = NULL;

	if (store == NULL)
		return false;
	ticket = ticket_find_current(cli, store, ref, error);
	if (ticket == NULL)
		return false;
	people = participant_list(store, ticket->id, error);
	if (people == NULL)
		return false;
	proposed = copy_proposal_list(store, ticket->id, error);
	if (proposed == NULL)
		return false;
	for (guint i = 0; i < people->len; i++) {
		const struct participant *one = people->pdata[i];

		show_person(cli->out, one->address, one->name,
			    participant_role_name(one->role));
	}
	for (guint i = 0; i < proposed->len; i++) {
		const struct copy_proposal *one = proposed->pdata[i];

		show_person(cli->out, one->address, one->name, "proposed");
	}
	return output_rows(cli->out) > 0;
}

bool ticket_run_copy(struct cli *cli, char **arguments, GError **error)
{
	bool add = strcmp(arguments[0], "add") == 0;
	struct ticket_work work = {
		.ref = arguments[1],
		.arguments = arguments,
		.run = add ? work_copy_add : work_copy_remove,
	};

	if (strcmp(arguments[0], "list") == 0 && arguments[2] == NULL)
		return list_copies(cli, arguments[1], error);
	if ((!add && strcmp(arguments[0], "remove") != 0)
	    || arguments[2] == NULL)
		return cli_usage(error, "copy add REF ADDRESS, copy remove "
					"REF ADDRESS, or copy list REF");
	return ticket_change(cli, &work, error);
}

/* --- what "ticket show" tells ------------------------------------------------- */

static void show_links(struct cli *cli, const GPtrArray *links)
{
	struct output *out = cli->out;
	bool json = output_is_json(out);

	if (json)
		output_array_begin(out, "links");
	for (guint i = 0; i < links->len; i++) {
		const struct link *one = links->pdata[i];

		if (!json) {
			output_say(out, "linked: %s (%s%s, %s)", one->ref,
				   link_kind_name(one->kind),
				   one->is_younger ? " this" : "",
				   ticket_status_name(one->status));
			continue;
		}
		output_object_begin(out);
		output_json_text(out, "ref", one->ref);
		output_json_text(out, "kind", link_kind_name(one->kind));
		output_json_flag(out, "younger", one->is_younger);
		output_json_text(out, "status",
				 ticket_status_name(one->status));
		output_object_end(out);
	}
	if (json)
		output_array_end(out);
}

static void show_proposed(struct cli *cli, const GPtrArray *proposed)
{
	struct output *out = cli->out;
	bool json = output_is_json(out);

	if (json)
		output_array_begin(out, "proposed");
	for (guint i = 0; i < proposed->len; i++) {
		const struct copy_proposal *one = proposed->pdata[i];

		if (!json) {
			output_say(out, "proposed copy: %s (by %s)",
				   one->address, one->proposed_by);
			continue;
		}
		output_object_begin(out);
		output_json_text(out, "address", one->address);
		output_json_text(out, "by", one->proposed_by);
		output_object_end(out);
	}
	if (json)
		output_array_end(out);
}

bool ticket_show_relations(struct cli *cli, struct store *store,
			   const struct ticket *ticket, GError **error)
{
	g_autoptr(GPtrArray) links = link_list(store, ticket->id, error);
	g_autoptr(GPtrArray) proposed = NULL;

	if (links == NULL)
		return false;
	proposed = copy_proposal_list(store, ticket->id, error);
	if (proposed == NULL)
		return false;
	show_links(cli, links);
	show_proposed(cli, proposed);
	return true;
}
