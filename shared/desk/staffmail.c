/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * staffmail.c - staff answer by mail
 */
#include "desk/staffmail.h"

#include "base/error.h"
#include "desk/conversation.h"
#include "mail/commands.h"
#include "store/staff.h"

#include <string.h>

/* What the command lines of one mail ask for. */
struct orders {
	bool note;
	enum ticket_status status; /* TICKET_STATUS__COUNT: none */
	const GPtrArray *commands;
};

struct context {
	const struct desk *desk;
	struct store *store;
	struct actor actor;
	struct ticket *ticket;
};

static bool order_priority(const struct context *c, const char *argument,
			   GError **error)
{
	enum ticket_priority priority;

	if (!ticket_priority_parse(argument, &priority))
		return true;
	return conversation_set_priority(c->desk, c->store, &c->actor,
					 c->ticket, priority, error);
}

/* Somebody unknown is told as an event, not by refusing the answer. */
static bool order_assign(const struct context *c, const char *argument,
			 GError **error)
{
	const char *login = argument[0] != '\0' ? argument
						: c->actor.staff->login;
	AUTO(staff) staff = NULL;

	if (strchr(login, '@') != NULL)
		staff = staff_by_address(c->store, login, NULL);
	else
		staff = staff_by_login(c->store, login, NULL);
	if (staff == NULL) {
		g_autofree char *text
			= g_strdup_printf("cannot assign: no staff member %s",
					  login);
		return conversation_event(c->store, c->ticket->id, text, error);
	}
	return conversation_assign(c->desk, c->store, &c->actor, c->ticket,
				   staff, error);
}

/* What stands alone; status and note go with the answer (orders_read). */
static bool (*const order_functions[COMMAND__COUNT])(const struct context *,
						      const char *, GError **)
	= {
		  [COMMAND_PRIORITY] = order_priority,
		  [COMMAND_ASSIGN] = order_assign,
	  };

static void orders_read(const GPtrArray *commands, struct orders *ret_orders)
{
	*ret_orders = (struct orders){ .status = TICKET_STATUS__COUNT,
				       .commands = commands };
	for (guint i = 0; i < commands->len; i++) {
		const struct command *one = commands->pdata[i];

		if (one->kind == COMMAND_NOTE)
			ret_orders->note = true;
		if (one->kind == COMMAND_STATUS)
			(void)ticket_status_parse(one->argument,
						  &ret_orders->status);
	}
}

static bool orders_run(const struct context *c, const struct orders *orders,
		       GError **error)
{
	for (guint i = 0; i < orders->commands->len; i++) {
		const struct command *one = orders->commands->pdata[i];

		if (order_functions[one->kind] != NULL
		    && !order_functions[one->kind](c, one->argument, error))
			return false;
	}
	return true;
}

/* Words that looked like commands stay in the text and are pointed out. */
static bool report_unknown(const struct context *c, char **unknown,
			   GError **error)
{
	g_autofree char *words = NULL;
	g_autofree char *text = NULL;

	if (unknown == NULL || unknown[0] == NULL)
		return true;
	words = g_strjoinv(" ", unknown);
	text = g_strdup_printf("unknown commands, kept in the text: %s", words);
	return conversation_event(c->store, c->ticket->id, text, error);
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* Commands without text change fields only. */
static bool answer(const struct context *c, const struct orders *orders,
		   const struct conversation_text *text, GError **error)
{
	bool empty = is_blank(text->text)
		     && (text->parts == NULL || text->parts->len == 0);

	if (empty)
		return orders->status == TICKET_STATUS__COUNT
		       || conversation_set_status(c->desk, c->store, &c->actor,
						  c->ticket, orders->status,
						  error);
	if (!orders->note)
		return conversation_reply(c->desk, c->store, &c->actor,
					  c->ticket, text, orders->status,
					  NULL, error);
	if (!conversation_note(c->desk, c->store, &c->actor, c->ticket, text,
			       NULL, error))
		return false;
	return orders->status == TICKET_STATUS__COUNT
	       || conversation_set_status(c->desk, c->store, &c->actor,
					  c->ticket, orders->status, error);
}

/* Automatic mail of staff (out of office) must not reach customers. */
static bool keep_as_event(const struct context *c, const struct mail *mail,
			  GError **error)
{
	g_autofree char *text
		= g_strdup_printf("automatic mail of %s kept out: %s",
				  c->actor.staff->login,
				  mail_kind_name(mail->kind));

	return conversation_event(c->store, c->ticket->id, text, error);
}

static bool apply(const struct context *c, const struct intake_message *source,
		  const char *blob, GError **error)
{
	const struct mail *mail = source->mail;
	g_autofree char *rest = NULL;
	g_auto(GStrv) unknown = NULL;
	g_autoptr(GPtrArray) commands = NULL;
	struct orders orders;

	if (mail_kind_is_automatic(mail->kind))
		return keep_as_event(c, mail, error);
	commands = commands_take(mail->text_trimmed, &rest, &unknown);
	orders_read(commands, &orders);

	const struct conversation_text text = {
		.text = rest,
		.parts = mail->parts,
		.mail = mail,
		.raw_blob = blob,
		.evidence = source->evidence,
		.client_ip = source->client_ip,
		.queue_id = source->queue_id,
	};
	return answer(c, &orders, &text, error)
	       && orders_run(c, &orders, error)
	       && report_unknown(c, unknown, error);
}

/* A ticket that staff open: nobody takes part until somebody is added. */
static struct ticket *open_ticket(const struct desk *desk, struct store *store,
				  const struct intake_message *message,
				  const struct intake_recipient *recipient,
				  GError **error)
{
	const struct config *config = desk_get_config(desk);
	AUTO(ticket) ticket = ticket_new();

	ticket->department_id = recipient->department->id;
	g_free(ticket->requester);
	ticket->requester = g_strdup(recipient->identity);
	g_free(ticket->subject);
	ticket->subject = conversation_dup_subject(desk, message->mail->subject);
	if (!ticket_insert(store, config->server.ref_prefix, ticket, error))
		return NULL;
	return g_steal_pointer(&ticket);
}

bool staffmail_store(const struct desk *desk, struct store *store,
		     const struct intake_message *message,
		     const struct intake_recipient *recipient,
		     const char *blob, const struct threading_result *thread,
		     struct intake_result *result, GError **error)
{
	AUTO(ticket) opened = NULL;
	AUTO(staff)
	staff = staff_by_address(store, recipient->identity, error);
	if (staff == NULL)
		return false;
	if (thread->ticket == NULL) {
		opened = open_ticket(desk, store, message, recipient, error);
		if (opened == NULL)
			return false;
	}

	const struct context c = {
		.desk = desk,
		.store = store,
		.actor = { .staff = staff, .channel = "mail" },
		.ticket = opened != NULL ? opened : thread->ticket,
	};
	if (!apply(&c, message, blob, error))
		return false;
	result->outcome = opened != NULL ? INTAKE_CREATED : INTAKE_APPENDED;
	result->ref = g_strdup(c.ticket->ref);
	result->answer = g_strdup_printf("%s stored", c.ticket->ref);
	return true;
}
