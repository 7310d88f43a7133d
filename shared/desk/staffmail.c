/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * staffmail.c - staff answer by mail
 *
 * What our notices quote was written by customers. So commands run, and text
 * reaches customers, only from lines that are certainly the staff member's
 * own (ownwords.h); of quotations between them, only what the ticket's people
 * have read before. When in doubt the mail becomes an internal note and its
 * author is told. So does one with a command that is wrong. The original is
 * always kept.
 */
#include "desk/intake_parts.h"

#include "base/error.h"
#include "desk/lookup.h"
#include "desk/notify.h"
#include "desk/ownwords.h"
#include "desk/staffmail.h"
#include "desk/ticketfields.h"
#include "mail/commands.h"
#include "mail/trim.h"
#include "store/staff.h"

#include <string.h>

#define COPIES_MAX 10 /* people added by one mail */

/* What one mail asks for and says. */
struct orders {
	bool note;
	enum ticket_status status; /* TICKET_STATUS__COUNT: none */
	GPtrArray *commands;       /* struct command; of own lines only */
	GPtrArray *owners;         /* the arrays that own them */
	GPtrArray *refused;  /* char *: lines that cannot be carried out */
	GPtrArray *doubtful; /* char *: commands that do not count */
	struct department *department; /* to move to, NULL: none */
	struct staff *assignee;        /* NULL: none */
	GPtrArray *copies;             /* char *: keys of who is added */
	char *text;                /* for the entry and the customers */
	bool is_cut;               /* there is more that was left out */
	bool is_unsure; /* nothing may be sent: who wrote it is not sure */
};

struct context {
	const struct desk *desk;
	struct store *store;
	struct actor actor;
	struct ticket *ticket;
};

/* *ret_staff NULL: no active member of staff has this login or address. */
static bool find_staff(struct store *store, const char *login,
		       struct staff **ret_staff, GError **error)
{
	GError *local = NULL;
	g_autofree char *key = address_dup_key(login);
	AUTO(staff) staff = key != NULL ? staff_by_address(store, key, &local)
					: staff_by_login(store, login, &local);

	*ret_staff = NULL;
	if (staff == NULL)
		return lookup_is_absent(local, error);
	if (staff->active)
		*ret_staff = g_steal_pointer(&staff);
	return true;
}

/* --- reading ------------------------------------------------------------------ */

static void unref_array(void *data)
{
	g_ptr_array_unref(data);
}

static void orders_init(struct orders *orders)
{
	*orders = (struct orders){
		.status = TICKET_STATUS__COUNT,
		.commands = g_ptr_array_new(),
		.owners = g_ptr_array_new_with_free_func(unref_array),
		.refused = g_ptr_array_new_with_free_func(g_free),
		.copies = g_ptr_array_new_with_free_func(g_free),
		.doubtful = g_ptr_array_new_with_free_func(g_free),
	};
}

static void orders_clear(struct orders *orders)
{
	g_ptr_array_unref(orders->commands);
	g_ptr_array_unref(orders->owners);
	g_ptr_array_unref(orders->refused);
	g_ptr_array_unref(orders->copies);
	department_free(orders->department);
	staff_free(orders->assignee);
	g_ptr_array_unref(orders->doubtful);
	g_free(orders->text);
}
typedef struct orders orders_t;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(orders_t, orders_clear)

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* What the customers of the ticket have read or written themselves. */
static GPtrArray *list_known(struct store *store, gint64 ticket_id,
			     GError **error)
{
	g_autoptr(GPtrArray) entries = message_list(store, ticket_id, error);
	GPtrArray *known = NULL;

	if (entries == NULL)
		return NULL;
	known = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < entries->len; i++) {
		const struct message *one = entries->pdata[i];

		if (one->author == MESSAGE_CUSTOMER
		    || one->author == MESSAGE_STAFF)
			g_ptr_array_add(known, ownwords_dup_folded(
						       one->text,
						       strlen(one->text)));
	}
	return known;
}

/* Takes the commands out of own lines; the rest is returned. */
static char *take_own(struct orders *orders, const char *text)
{
	g_auto(GStrv) unknown = NULL;
	char *rest = NULL;
	GPtrArray *commands = commands_take(text, &rest, &unknown);

	for (guint i = 0; i < commands->len; i++)
		g_ptr_array_add(orders->commands, commands->pdata[i]);
	g_ptr_array_add(orders->owners, commands);
	for (size_t i = 0; unknown[i] != NULL; i++)
		g_ptr_array_add(orders->refused, g_strdup(unknown[i]));
	return rest;
}

/* Commands in lines that may be somebody else's do not run. One that would
 * keep the mail internal does keep it so. */
static void note_doubtful(struct orders *orders, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) unknown = NULL;
		g_autofree char *rest = NULL;
		g_autoptr(GPtrArray) commands
			= commands_take(lines[i], &rest, &unknown);

		if (commands->len == 0)
			continue;
		const struct command *one = commands->pdata[0];
		orders->is_unsure |= one->kind == COMMAND_NOTE;
		g_ptr_array_add(orders->doubtful,
				g_strdup(g_strstrip(lines[i])));
	}
}

static void settle(struct orders *orders)
{
	for (guint i = 0; i < orders->commands->len; i++) {
		const struct command *one = orders->commands->pdata[i];

		if (one->kind == COMMAND_NOTE)
			orders->note = true;
		if (one->kind == COMMAND_STATUS)
			(void)ticket_status_parse(one->argument,
						  &orders->status);
	}
}

static char *join(const char *head, const char *middle, const char *tail)
{
	GString *out = g_string_new(head);
	const char *const more[] = { middle, tail };

	for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
		if (!is_blank(more[i]))
			g_string_append_printf(out, "%s%s",
					       is_blank(out->str) ? ""
								  : "\n\n",
					       more[i]);
	}
	return g_string_free(out, false);
}

/* With its signature, which customers are to read, and with every sign of a
 * quotation that was not cut, without which it would pass for own words. */
static char *dup_answer(const struct mail *mail)
{
	return mail->is_forward ? g_strdup(mail->text)
				: trim_quotes(mail->text);
}

/* The own words and orders of an answer. */
static bool read_answer(const struct context *c, const struct mail *mail,
			struct orders *orders, GError **error)
{
	g_autoptr(GPtrArray) ours = ownwords_list_ours(c->desk);
	g_autoptr(GPtrArray) known = NULL;
	g_autofree char *answer = dup_answer(mail);
	struct ownwords words = { 0 };
	g_autofree char *head = NULL;
	g_autofree char *tail = NULL;
	g_autofree char *middle = NULL;

	known = list_known(c->store, c->ticket->id, error);
	if (known == NULL)
		return false;
	ownwords_split(answer, ours, &words);
	head = take_own(orders, words.head);
	tail = take_own(orders, words.tail);
	note_doubtful(orders, words.middle);
	middle = ownwords_filter_quotes(words.middle, known);
	orders->is_cut = words.is_cut;
	orders->text = join(head, middle, tail);
	ownwords_clear(&words);
	settle(orders);
	orders->is_unsure |= orders->commands->len == 0
			     && is_blank(orders->text)
			     && !is_blank(mail->text);
	return true;
}

static bool has_files(const GPtrArray *parts)
{
	for (guint i = 0; parts != NULL && i < parts->len; i++) {
		const struct mail_part *part = parts->pdata[i];

		if (!part->is_inline)
			return true;
	}
	return false;
}

/* A forwarded mail is somebody else's: staff read it, customers do not. */
static bool read_mail(const struct context *c, const struct mail *mail,
		      struct orders *orders, GError **error)
{
	if (mail->is_forward || trim_is_forward(mail->text))
		orders->is_unsure = true;
	else if (!read_answer(c, mail, orders, error))
		return false;
	/* A file above a quotation is an answer without words. */
	if (orders->text != NULL && is_blank(orders->text)
	    && orders->doubtful->len == 0 && has_files(mail->parts))
		orders->is_unsure = false;
	if (orders->is_unsure) {
		g_free(orders->text);
		orders->text = g_strdup(mail->text);
	}
	return true;
}

/* --- carrying out --------------------------------------------------------------- */

/* Whether there is room for one more, and nothing against it. */
static bool resolve_copy(const struct context *c, struct orders *orders,
			 const char *address, bool *ret_good, GError **error)
{
	g_autofree char *key = address_dup_key(address);
	const char *why = NULL;

	*ret_good = key != NULL;
	if (key == NULL)
		return true;
	if (!conversation_copy_check(c->store, c->ticket, key, &why, error))
		return false;
	*ret_good = why == NULL && orders->copies->len < COPIES_MAX;
	if (*ret_good)
		g_ptr_array_add(orders->copies, g_steal_pointer(&key));
	return true;
}

/* "x@y.example z@w.example" or "Fulano <x@y.example>". */
static char **split_people(const char *part)
{
	const char *start = strchr(part, '<');
	const char *end = start != NULL ? strchr(start, '>') : NULL;
	g_autofree char *inner = NULL;

	if (end == NULL)
		return g_strsplit_set(part, " \t", -1);
	inner = g_strndup(start + 1, (gsize)(end - start - 1));
	return g_strsplit(inner, "\n", -1);
}

static bool resolve_copies(const struct context *c, struct orders *orders,
			   const char *argument, bool *ret_good, GError **error)
{
	g_auto(GStrv) parts = g_strsplit_set(argument, ",;", -1);
	bool any = false;

	for (size_t i = 0; parts[i] != NULL; i++) {
		g_auto(GStrv) words = split_people(parts[i]);

		for (size_t k = 0; words[k] != NULL; k++) {
			bool good = false;

			if (words[k][0] == '\0')
				continue;
			if (!resolve_copy(c, orders, words[k], &good, error))
				return false;
			any = true;
			*ret_good &= good;
		}
	}
	*ret_good &= any;
	return true;
}

static bool is_same_text(const char *a, const char *b)
{
	g_autofree char *first = g_utf8_casefold(a, -1);
	g_autofree char *second = g_utf8_casefold(b, -1);

	return strcmp(first, second) == 0;
}

/* By name or title. */
static bool resolve_department(const struct context *c, struct orders *orders,
			       const char *argument, bool *ret_good,
			       GError **error)
{
	g_autoptr(GPtrArray) all = department_list(c->store, error);

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct department *one = all->pdata[i];

		if (!one->active
		    || (!is_same_text(one->name, argument)
			&& !is_same_text(one->title, argument)))
			continue;
		department_free(orders->department);
		orders->department = g_ptr_array_steal_index(all, i);
		return true;
	}
	*ret_good = false;
	return all != NULL;
}

static bool resolve_assignee(const struct context *c, struct orders *orders,
			     const char *argument, bool *ret_good,
			     GError **error)
{
	const char *login = argument[0] != '\0' ? argument
						: c->actor.staff->login;
	struct staff *staff = NULL;

	if (!find_staff(c->store, login, &staff, error))
		return false;
	*ret_good = staff != NULL;
	staff_free(orders->assignee);
	orders->assignee = staff;
	return true;
}

/* All orders must be possible before the first is carried out: an answer that
 * was sent cannot be taken back because a line above it is wrong. */
static bool resolve(const struct context *c, struct orders *orders,
		    GError **error)
{
	static bool (*const kinds[COMMAND__COUNT])(
		const struct context *, struct orders *, const char *, bool *,
		GError **) = {
		[COMMAND_ASSIGN] = resolve_assignee,
		[COMMAND_DEPARTMENT] = resolve_department,
		[COMMAND_COPY] = resolve_copies,
	};

	for (guint i = 0; i < orders->commands->len; i++) {
		const struct command *one = orders->commands->pdata[i];
		bool good = true;

		if (kinds[one->kind] == NULL)
			continue;
		if (!kinds[one->kind](c, orders, one->argument, &good, error))
			return false;
		if (!good)
			g_ptr_array_add(orders->refused, g_strdup(one->line));
	}
	return true;
}

/* Before the answer: who is added reads it. */
static bool add_copies(const struct context *c, const struct orders *orders,
		       GError **error)
{
	for (guint i = 0; i < orders->copies->len; i++) {
		if (!conversation_copy_add(c->store, &c->actor, c->ticket,
					   orders->copies->pdata[i], error))
			return false;
	}
	return true;
}

static bool set_priority(const struct context *c, const struct orders *orders,
			 GError **error)
{
	for (guint i = 0; i < orders->commands->len; i++) {
		const struct command *one = orders->commands->pdata[i];
		enum ticket_priority priority;

		if (one->kind == COMMAND_PRIORITY
		    && ticket_priority_parse(one->argument, &priority)
		    && !conversation_set_priority(c->desk, c->store, &c->actor,
						  c->ticket, priority, error))
			return false;
	}
	return true;
}

/* Behind the answer, which the customer gets from the department that he
 * knows. */
static bool orders_run(const struct context *c, const struct orders *orders,
		       GError **error)
{
	return set_priority(c, orders, error)
	       && (orders->department == NULL
		   || conversation_move(c->desk, c->store, &c->actor, c->ticket,
					orders->department, error))
	       && (orders->assignee == NULL
		   || conversation_assign(c->desk, c->store, &c->actor,
					  c->ticket, orders->assignee, error));
}

/* Words that did nothing are pointed out, not swallowed. */
static bool report_words(const struct context *c, const GPtrArray *words,
			 const char *what, GError **error)
{
	GString *text = NULL;
	bool ok;

	if (words->len == 0)
		return true;
	text = g_string_new(what);
	for (guint i = 0; i < words->len; i++)
		g_string_append_printf(text, " %s",
				       (const char *)words->pdata[i]);
	ok = conversation_event(c->store, c->ticket->id, text->str, error);
	g_string_free(text, true);
	return ok;
}

static bool set_status(const struct context *c, enum ticket_status status,
		       GError **error)
{
	return status == TICKET_STATUS__COUNT
	       || conversation_set_status(c->desk, c->store, &c->actor,
					  c->ticket, status, error);
}

/* Who wrote it learns that the customer does not read it, or not all. */
static bool tell_author(const struct context *c, const struct mail *mail,
			gint64 entry_id, const struct notify_remark *why,
			GError **error)
{
	AUTO(message) entry = message_get(c->store, entry_id, error);

	if (entry == NULL)
		return false;
	const struct notify_message what = {
		.ticket = c->ticket,
		.message = entry,
		.kind = mail->kind,
		.proven = true,
	};
	return notify_answer_kept(c->desk, c->store, &what, c->actor.staff,
				  why, error);
}

/* Everything as a note, and nothing done. */
static bool keep_as_note(const struct context *c, const struct mail *mail,
			 const struct conversation_text *text, GError **error)
{
	static const struct notify_remark why = { PHRASE_ANSWER_KEPT, NULL };
	gint64 entry = 0;

	return conversation_note(c->desk, c->store, &c->actor, c->ticket, text,
				 &entry, error)
	       && conversation_event(c->store, c->ticket->id,
				     "not sent to the customer: the answer "
				     "cannot be told from what it quotes",
				     error)
	       && tell_author(c, mail, entry, &why, error);
}

/* "#fehcar; #setor nenhum" */
static char *join_lines(const GPtrArray *lines)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? "; " : "",
				       (const char *)lines->pdata[i]);
	return g_string_free(text, false);
}

static bool tell_refused(const struct context *c, const struct mail *mail,
			 const struct orders *orders, gint64 entry_id,
			 GError **error)
{
	g_autofree char *lines = join_lines(orders->refused);
	g_autofree char *text
		= g_strconcat("commands not carried out: ", lines, NULL);
	const struct notify_remark why = { PHRASE_COMMAND_REFUSED, lines };

	return conversation_event(c->store, c->ticket->id, text, error)
	       && tell_author(c, mail, entry_id, &why, error);
}

/* A wrong command: its author must see his mail again, all of it. */
static bool keep_refused(const struct context *c, const struct orders *orders,
			 const struct mail *mail,
			 const struct conversation_text *source, GError **error)
{
	struct conversation_text text = *source;
	gint64 entry = 0;

	text.text = mail->text_trimmed;
	return conversation_note(c->desk, c->store, &c->actor, c->ticket, &text,
				 &entry, error)
	       && tell_refused(c, mail, orders, entry, error);
}

static bool send(const struct context *c, const struct orders *orders,
		 const struct mail *mail, const struct conversation_text *text,
		 GError **error)
{
	static const struct notify_remark why = { PHRASE_ANSWER_CUT, NULL };
	gint64 entry = 0;

	if (!conversation_reply(c->desk, c->store, &c->actor, c->ticket, text,
				orders->status, &entry, error))
		return false;
	return !orders->is_cut
	       || (conversation_event(c->store, c->ticket->id,
				      "sent without the text that looks "
				      "quoted",
				      error)
		   && tell_author(c, mail, entry, &why, error));
}

/* Commands without text change fields only; the mail is kept as an event. */
static bool answer(const struct context *c, const struct orders *orders,
		   const struct mail *mail,
		   const struct conversation_text *text, GError **error)
{
	if (orders->is_unsure)
		return keep_as_note(c, mail, text, error);
	if (is_blank(text->text) && !has_files(text->parts)) {
		struct conversation_text bare = *text;

		bare.text = "";
		return conversation_event_mail(c->store, c->ticket->id,
					       "commands by mail", &bare, error)
		       && set_status(c, orders->status, error);
	}
	if (!orders->note)
		return send(c, orders, mail, text, error);
	return conversation_note(c->desk, c->store, &c->actor, c->ticket, text,
				 NULL, error)
	       && set_status(c, orders->status, error);
}

/* "Prioridade: alta" at the head, or a mark of the mail program. */
static bool change_fields(const struct context *c, const struct mail *mail,
			  GError **error)
{
	enum ticket_priority priority = c->ticket->priority;
	gint64 service = c->ticket->service_id;
	struct ticketfields fields;

	if (!ticketfields_read(c->store, mail, c->ticket->customer_id, &fields,
			       error)
	    || !ticketfields_record(c->store, &fields, c->ticket->id, error)
	    || !ticketfields_change(c->store, &fields, c->ticket,
				    c->actor.staff->login, error))
		return false;
	return (c->ticket->priority == priority
		&& c->ticket->service_id == service)
	       || ticket_update(c->store, c->ticket, error);
}

static bool apply(const struct context *c, const struct mail *mail,
		  const struct conversation_text *source, GError **error)
{
	struct conversation_text text = *source;
	g_auto(orders_t) orders;

	orders_init(&orders);
	if (!read_mail(c, mail, &orders, error)
	    || !resolve(c, &orders, error))
		return false;
	if (orders.refused->len > 0)
		return keep_refused(c, &orders, mail, source, error);
	text.text = orders.text;
	return change_fields(c, mail, error)
	       && (orders.is_unsure || add_copies(c, &orders, error))
	       && answer(c, &orders, mail, &text, error)
	       && (orders.is_unsure || orders_run(c, &orders, error))
	       && report_words(c, orders.doubtful,
			       "commands in quoted text, not carried out:",
			       error);
}

/* A ticket that staff open: nobody takes part until somebody is added. */
static struct ticket *open_ticket(const struct intake *in, GError **error)
{
	const struct config *config = desk_get_config(in->desk);
	AUTO(ticket) ticket = ticket_new();

	ticket->department_id = in->recipient->department->id;
	g_free(ticket->requester);
	ticket->requester = g_strdup(in->recipient->identity);
	g_free(ticket->subject);
	ticket->subject = conversation_dup_subject(in->desk,
						   in->message->mail->subject);
	if (!ticket_insert(in->store, config->server.ref_prefix, ticket, error))
		return NULL;
	return g_steal_pointer(&ticket);
}

/* The whole text for the entry, since there is nobody yet to whom it could
 * go; orders of the author's own words count. */
static void read_opening(const struct context *c, const struct mail *mail,
			 struct orders *orders)
{
	g_autoptr(GPtrArray) ours = ownwords_list_ours(c->desk);
	g_autofree char *answer = dup_answer(mail);
	g_autofree char *rest = NULL;
	struct ownwords words = { 0 };

	ownwords_split(answer, ours, &words);
	rest = take_own(orders, words.head);
	orders->text = join(rest, answer + strlen(words.head), "");
	ownwords_clear(&words);
	settle(orders);
}

static bool insert_opening(const struct context *c, const struct orders *orders,
			   const struct conversation_text *text,
			   gint64 *ret_entry, GError **error)
{
	if (orders->note)
		return conversation_note(c->desk, c->store, &c->actor,
					 c->ticket, text, ret_entry, error);
	return conversation_reply(c->desk, c->store, &c->actor, c->ticket, text,
				  TICKET_OPEN, ret_entry, error);
}

static bool store_opening(const struct context *c, const struct mail *mail,
			  const struct conversation_text *source, GError **error)
{
	struct conversation_text text = *source;
	g_auto(orders_t) orders;
	gint64 id = 0;
	AUTO(message) entry = NULL;

	orders_init(&orders);
	read_opening(c, mail, &orders);
	if (!resolve(c, &orders, error))
		return false;
	text.text = orders.text;
	if (orders.refused->len > 0)
		return keep_refused(c, &orders, mail, source, error);
	if (!add_copies(c, &orders, error)
	    || !insert_opening(c, &orders, &text, &id, error)
	    || !change_fields(c, mail, error)
	    || !set_status(c, orders.status, error)
	    || !orders_run(c, &orders, error))
		return false;
	entry = message_get(c->store, id, error);
	if (entry == NULL)
		return false;

	const struct notify_message what = {
		.ticket = c->ticket,
		.message = entry,
		.parts = mail->parts,
		.kind = mail->kind,
		.proven = true,
	};
	return notify_staff_opened(c->desk, c->store, &what, error);
}

/* Automatic mail of staff (out of office) must not reach customers. */
static bool keep_automatic(const struct context *c, const struct intake *in,
			   GError **error)
{
	const struct conversation_text source
		= intake_source(in, in->message->mail->text);
	g_autofree char *text
		= g_strdup_printf("automatic mail of %s kept out: %s",
				  c->actor.staff->login,
				  mail_kind_name(in->kind));

	return conversation_event_mail(c->store, c->ticket->id, text, &source,
				       error);
}

static bool store_in(const struct intake *in, const struct context *c,
		     GError **error)
{
	const struct mail *mail = in->message->mail;
	const struct conversation_text source = intake_source(in, mail->text);

	if (mail_kind_is_automatic(in->kind))
		return keep_automatic(c, in, error);
	return apply(c, mail, &source, error);
}

static bool store_new(const struct intake *in, struct context *c,
		      struct intake_result *result, GError **error)
{
	static const struct intake_why automatic = {
		"automatic mail of a member of staff, about no ticket",
		PHRASE_HOLD_AUTOMATIC,
	};
	const struct conversation_text source
		= intake_source(in, in->message->mail->text);
	AUTO(ticket) opened = NULL;

	if (mail_kind_is_automatic(in->kind))
		return intake_hold(in, &automatic, result, error);
	opened = open_ticket(in, error);
	if (opened == NULL)
		return false;
	c->ticket = opened;
	if (!store_opening(c, in->message->mail, &source, error))
		return false;
	intake_result_set(result, INTAKE_CREATED, opened->ref);
	return true;
}

bool staffmail_store(const struct intake *in,
		     const struct threading_result *thread,
		     struct intake_result *result, GError **error)
{
	static const struct intake_why gone = {
		"the author is no member of staff any more",
		PHRASE_HOLD_STRANGER,
	};
	GError *local = NULL;
	AUTO(staff)
	staff = staff_by_address(in->store, in->recipient->identity, &local);
	if (staff == NULL)
		return lookup_is_absent(local, error)
		       && intake_hold(in, &gone, result, error);

	struct context c = {
		.desk = in->desk,
		.store = in->store,
		.actor = { .staff = staff, .channel = "mail" },
		.ticket = thread->ticket,
	};
	if (c.ticket == NULL)
		return store_new(in, &c, result, error);
	if (!store_in(in, &c, error))
		return false;
	intake_result_set(result, INTAKE_APPENDED, c.ticket->ref);
	return true;
}
