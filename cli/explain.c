/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.c - `portaria explain`: what milter and intake would do, and why
 *
 * Runs the checks of the milter and the threading of the agent on a message
 * from standard input, with the same code, and changes nothing. The message
 * is parsed in this process, behind the same limits as in the agent.
 */
#include "cli/explain.h"

#include "auth/auth.h"
#include "base/clock.h"
#include "base/error.h"
#include "desk/judge.h"
#include "desk/thanks.h"
#include "desk/threading.h"
#include "mail/header.h"
#include "mail/parse.h"

#include <string.h>

static struct {
	char *ip;
	char *helo;
	char *from;
	char *login;
	char **recipients;
} opt;

const GOptionEntry explain_options[] = {
	CLI_TEXT("ip", &opt.ip, "address of the sending server", "IP"),
	CLI_TEXT("helo", &opt.helo, "what it says it is", "NAME"),
	CLI_TEXT("from", &opt.from, "envelope sender (\"\" is the null one)",
		 "ADDRESS"),
	CLI_LIST("rcpt", &opt.recipients, "envelope recipient (repeat)",
		 "ADDRESS"),
	CLI_TEXT("login", &opt.login, "SASL login", "LOGIN"),
	{ 0 }
};

/* All that is found out; owned. */
struct explanation {
	GBytes *raw; /* CRLF */
	size_t header_len;
	GPtrArray *keys;        /* char *, recipients */
	GPtrArray *departments; /* struct department *, same order */
	struct auth_client client;
	struct auth_result *auth;
	GPtrArray *trace; /* char * */
	struct verdict *verdict;
	struct threading_result thread;
};

static void explanation_clear(struct explanation *e)
{
	g_clear_pointer(&e->raw, g_bytes_unref);
	g_clear_pointer(&e->keys, g_ptr_array_unref);
	g_clear_pointer(&e->departments, g_ptr_array_unref);
	auth_result_free(e->auth);
	g_clear_pointer(&e->trace, g_ptr_array_unref);
	verdict_free(e->verdict);
	threading_result_clear(&e->thread);
}

/* Files have LF, SMTP has CRLF, and signatures see the difference. */
static GBytes *to_crlf(GBytes *bytes)
{
	size_t len;
	const char *data = g_bytes_get_data(bytes, &len);
	GByteArray *out = g_byte_array_sized_new((guint)len);

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
			g_byte_array_append(out, (const guint8 *)"\r", 1);
		g_byte_array_append(out, (const guint8 *)data + i, 1);
	}
	return g_byte_array_free_to_bytes(out);
}

static bool read_message(struct cli *cli, struct explanation *e, GError **error)
{
	g_autoptr(GBytes) input
		= cli_read(NULL, cli->config->limits.message_bytes, error);
	struct header_walk walk;
	struct header_field field;
	const char *data;
	size_t len;

	if (input == NULL)
		return false;
	if (g_bytes_get_size(input) == 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
			    "standard input is empty: give it the message, "
			    "header and body");
		return false;
	}
	e->raw = to_crlf(input);
	data = g_bytes_get_data(e->raw, &len);
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		;
	e->header_len = (size_t)(header_walk_body(&walk) - data);
	return true;
}

static bool add_recipient(struct store *store, struct explanation *e,
			  const char *text, GError **error)
{
	g_autofree char *key = cli_parse_address(text, error);
	g_autoptr(GError) problem = NULL;
	struct department *department;

	if (key == NULL)
		return false;
	department = judge_department(store, key, &problem);
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (department == NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND,
			    "%s is no address of a department: the milter "
			    "leaves such mail alone",
			    key);
		return false;
	}
	g_ptr_array_add(e->keys, g_steal_pointer(&key));
	g_ptr_array_add(e->departments, department);
	return true;
}

/* Whether the last recipient may share a message with the first. */
static bool check_class(const struct explanation *e, GError **error)
{
	guint last = e->keys->len - 1;

	return judge_same_class(e->departments->pdata[0],
				e->departments->pdata[last])
	       || cli_usage(error,
			    "%s and %s have different policies: the second "
			    "is told 452 4.5.3 and comes alone",
			    (const char *)e->keys->pdata[0],
			    (const char *)e->keys->pdata[last]);
}

/* SPF of an address that cannot be read would say "none" and mislead. */
static bool check_words(GError **error)
{
	if (opt.recipients == NULL)
		return cli_usage(error, "--rcpt is missing");
	return opt.ip == NULL || g_hostname_is_ip_address(opt.ip)
	       || cli_usage(error, "--ip %s: no IPv4 or IPv6 address", opt.ip);
}

static bool read_envelope(struct cli *cli, struct explanation *e,
			  GError **error)
{
	struct store *store = check_words(error) ? cli_store(cli, error) : NULL;

	if (store == NULL)
		return false;
	e->keys = g_ptr_array_new_with_free_func(g_free);
	e->departments = g_ptr_array_new_with_free_func(
		(GDestroyNotify)department_free);
	for (char **p = opt.recipients; *p != NULL; p++) {
		if (!add_recipient(store, e, *p, error)
		    || !check_class(e, error))
			return false;
	}
	e->client = (struct auth_client){
		.ip = opt.ip,
		.helo = opt.helo,
		.mail_from = opt.from != NULL ? opt.from : "",
		.login = opt.login,
	};
	return true;
}

static void feed(struct auth_message *message, const struct explanation *e)
{
	size_t len;
	const char *data = g_bytes_get_data(e->raw, &len);
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		auth_message_header(message, field.name, field.name_len,
				    field.value, field.value_len);
	if (auth_message_end_header(message))
		auth_message_body(message, data + e->header_len,
				  len - e->header_len);
}

static bool authenticate(struct cli *cli, struct explanation *e, GError **error)
{
	gint64 deadline
		= clock_monotonic()
		  + (gint64)cli->config->milter.message_seconds * CLOCK_SECOND;
	const GPtrArray *trace;

	AUTO(auth) auth = auth_new(cli->config, error);
	if (auth == NULL)
		return false;
	AUTO(auth_message)
	message = auth_message_new(auth, &e->client, deadline, true);
	feed(message, e);
	e->auth = auth_message_finish(message);
	e->trace = g_ptr_array_new_with_free_func(g_free);
	trace = auth_message_get_trace(message);
	for (guint i = 0; trace != NULL && i < trace->len; i++)
		g_ptr_array_add(e->trace, g_strdup(trace->pdata[i]));
	return true;
}

static bool judge(struct cli *cli, struct explanation *e, GError **error)
{
	g_autofree struct judge_recipient *recipients
		= g_new0(struct judge_recipient, e->keys->len);
	const struct desk *desk = cli_desk(cli, error);

	if (desk == NULL)
		return false;
	for (guint i = 0; i < e->keys->len; i++) {
		recipients[i].address = e->keys->pdata[i];
		recipients[i].department = e->departments->pdata[i];
	}

	const struct judge_input input = {
		.recipients = recipients,
		.n_recipients = e->keys->len,
		.client = &e->client,
		.header = g_bytes_get_data(e->raw, NULL),
		.header_len = e->header_len,
		.auth = e->auth,
	};
	e->verdict = judge_message(desk, cli->store, &input, error);
	return e->verdict != NULL;
}

static bool thread(struct cli *cli, struct explanation *e, GError **error)
{
	const struct department *first = e->departments->pdata[0];

	mail_parse_init();
	AUTO(mail) mail = mail_parse(e->raw, &cli->config->limits, NULL);
	if (mail == NULL)
		mail = mail_parse_stub(e->raw, &cli->config->limits,
				       "not parsed");

	bool thanks = false;
	if (!thanks_find(cli->store, mail, mail->kind, e->verdict->identity,
			 &thanks, error))
		return false;

	const struct threading_input input = {
		.mail = mail,
		.recipient = e->keys->pdata[0],
		.department_id = first->id,
		.identity = e->verdict->identity,
		.proven = e->verdict->proof == AUTH_PROVEN
			  || first->accept != DEPARTMENT_ANYONE,
		.is_staff = e->verdict->action == POLICY_ACCEPT_STAFF,
		.thanks = thanks,
		.kind = mail->kind,
	};
	return threading_find(cli->desk, cli->store, &input, &e->thread, error);
}

/* --- telling --------------------------------------------------------------- */

static void tell_spf(struct output *out, const char *key,
		     const struct spf_outcome *spf)
{
	output_member_begin(out, key);
	output_json_text(out, "result", spf_result_name(spf->result));
	output_json_text(out, "domain", spf->domain);
	output_json_text(out, "reason", spf->reason);
	output_object_end(out);
	output_say(out, "  %-10s %s  %s  %s", key, spf_result_name(spf->result),
		   spf->domain != NULL ? spf->domain : "",
		   spf->reason != NULL ? spf->reason : "");
}

static void tell_dkim(struct output *out, const GPtrArray *signatures)
{
	output_array_begin(out, "dkim");
	for (guint i = 0; i < signatures->len; i++) {
		const struct dkim_signature *one = signatures->pdata[i];
		const char *reason = one->reason != NULL ? one->reason : "";

		output_object_begin(out);
		output_json_text(out, "result", dkim_result_name(one->result));
		output_json_text(out, "domain", one->domain);
		output_json_text(out, "selector", one->selector);
		output_json_text(out, "algorithm", one->algorithm);
		output_json_text(out, "reason", reason);
		output_object_end(out);
		output_say(out, "  %-10s %s  d=%s s=%s %s  %s", "dkim",
			   dkim_result_name(one->result), one->domain,
			   one->selector, one->algorithm, reason);
	}
	output_array_end(out);
	if (signatures->len == 0)
		output_say(out, "  %-10s none", "dkim");
}

static void tell_dmarc(struct output *out, const struct dmarc_outcome *dmarc)
{
	const char *reason = dmarc->reason != NULL ? dmarc->reason : "";

	output_member_begin(out, "dmarc");
	output_json_text(out, "result", dmarc_result_name(dmarc->result));
	output_json_text(out, "policy", dmarc_policy_name(dmarc->policy));
	output_json_text(out, "policy_domain", dmarc->policy_domain);
	output_json_text(out, "org_domain", dmarc->org_domain);
	output_json_flag(out, "spf_aligned", dmarc->spf_aligned);
	output_json_flag(out, "dkim_aligned", dmarc->dkim_aligned);
	output_json_text(out, "reason", reason);
	output_object_end(out);
	output_say(out, "  %-10s %s  p=%s at %s  spf %s, dkim %s  %s", "dmarc",
		   dmarc_result_name(dmarc->result),
		   dmarc_policy_name(dmarc->policy),
		   dmarc->policy_domain != NULL ? dmarc->policy_domain : "-",
		   dmarc->spf_aligned ? "aligned" : "not aligned",
		   dmarc->dkim_aligned ? "aligned" : "not aligned", reason);
}

static void tell_checks(struct output *out, const struct explanation *e)
{
	const struct auth_result *auth = e->auth;

	output_say(out, "checks");
	output_json_text(out, "from",
			 auth->from != NULL ? auth->from->address : "");
	output_json_text(out, "from_status",
			 address_status_name(auth->from_status));
	output_say(out, "  %-10s %s  (%s)", "from",
		   auth->from != NULL ? auth->from->address : "-",
		   address_status_name(auth->from_status));
	tell_spf(out, "spf", &auth->spf_mail);
	tell_spf(out, "spf_helo", &auth->spf_helo);
	tell_dkim(out, auth->dkim);
	tell_dmarc(out, &auth->dmarc);
	output_say(out, "dns");
	output_array_begin(out, "dns");
	for (guint i = 0; i < e->trace->len; i++) {
		output_object_begin(out);
		output_json_text(out, "lookup", e->trace->pdata[i]);
		output_object_end(out);
		output_say(out, "  %s", (const char *)e->trace->pdata[i]);
	}
	output_array_end(out);
}

static void tell_reply(struct output *out, const struct verdict *verdict)
{
	output_member_begin(out, "reply");
	output_json_number(out, "code",
			   verdict->code != 0 ? verdict->code : 250);
	output_json_text(out, "enhanced",
			 verdict->enhanced != NULL ? verdict->enhanced : "");
	output_list_json(out, "text", verdict->lines);
	output_object_end(out);
	if (verdict->code == 0) {
		output_say(out, "  %-10s accepted (the mail server says 250)",
			   "reply");
		return;
	}
	for (char **line = verdict->lines; *line != NULL; line++)
		output_say(out, "  %-10s %u%c%s %s", "reply", verdict->code,
			   line[1] != NULL ? '-' : ' ', verdict->enhanced,
			   *line);
}

static void tell_verdict(struct output *out, const struct explanation *e)
{
	const struct verdict *verdict = e->verdict;
	const struct department *first = e->departments->pdata[0];

	output_json_text(out, "recipient", e->keys->pdata[0]);
	output_json_text(out, "department", first->name);
	output_json_text(out, "who", policy_who_name(verdict->who));
	output_json_text(out, "proof", auth_proof_name(verdict->proof));
	output_json_text(out, "action", policy_action_name(verdict->action));
	output_json_text(out, "row", verdict->row);
	output_json_text(out, "reason", verdict->reason);
	output_say(out, "verdict");
	output_say(out, "  %-10s %s (accept=%s, unproven=%s)", "department",
		   first->name, department_accept_name(first->accept),
		   department_unproven_name(first->unproven));
	output_say(out, "  %-10s %s, %s", "who", policy_who_name(verdict->who),
		   auth_proof_name(verdict->proof));
	output_say(out, "  %-10s %s", "row", verdict->row);
	output_say(out, "  %-10s %s", "action",
		   policy_action_name(verdict->action));
	output_say(out, "  %-10s %s", "because", verdict->reason);
	tell_reply(out, verdict);
}

static bool is_stored(enum policy_action action)
{
	return action != POLICY_REJECT && action != POLICY_TEMPFAIL
	       && action != POLICY_HOLD;
}

static void tell_thread(struct output *out, const struct explanation *e)
{
	const struct threading_result *thread_result = &e->thread;
	const char *ref = thread_result->ticket != NULL
				  ? thread_result->ticket->ref
				  : "";

	if (!is_stored(e->verdict->action))
		return;
	output_json_text(out, "ticket", ref);
	output_json_text(out, "by", threading_by_name(thread_result->by));
	output_say(out, "ticket");
	if (ref[0] != '\0')
		output_say(out, "  joins %s, by %s", ref,
			   threading_by_name(thread_result->by));
	else if (thread_result->refused != NULL)
		output_say(out, "  a new one; %s is named but not joined: %s",
			   thread_result->refused->ref, thread_result->why);
	else
		output_say(out, "  a new one");
}

bool explain_run(struct cli *cli, char **arguments, GError **error)
{
	struct explanation e = { 0 };
	bool ok;

	(void)arguments;
	ok = read_envelope(cli, &e, error) && read_message(cli, &e, error)
	     && authenticate(cli, &e, error) && judge(cli, &e, error)
	     && (!is_stored(e.verdict->action) || thread(cli, &e, error));
	if (ok) {
		if (output_is_json(cli->out))
			output_begin(cli->out, "explanation");
		tell_checks(cli->out, &e);
		tell_verdict(cli->out, &e);
		tell_thread(cli->out, &e);
		if (output_is_json(cli->out))
			output_end(cli->out);
	}
	explanation_clear(&e);
	return ok;
}
