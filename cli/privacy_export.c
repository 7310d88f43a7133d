/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privacy_export.c - what is kept about a person, as a folder
 */
#include "cli/privacy_export.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/abusecase.h"
#include "store/audit.h"
#include "store/blob.h"
#include "store/customer.h"
#include "store/held.h"
#include "store/mailreport.h"
#include "store/message.h"
#include "store/outbox.h"
#include "store/survey.h"
#include "store/ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AUDIT_MAX 1000000 /* rows about one object */

struct export {
	struct store *store;
	const char *dir;
	JsonBuilder *json;
	GError **error;
};

/* --- files ------------------------------------------------------------------- */

static bool make_dir(const char *path, GError **error)
{
	if (mkdir(path, 0700) == 0)
		return true;
	error_set_errno(error,
			errno == EEXIST ? PORTARIA_ERROR_CONFLICT
					: PORTARIA_ERROR_TEMPORARY,
			errno, "%s", path);
	return false;
}

static bool make_dirs(const char *dir, GError **error)
{
	static const char *const names[]
		= { "message", "attachment", "held", "outbox", "report" };

	if (!make_dir(dir, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(dir, names[i], NULL);

		if (!make_dir(path, error))
			return false;
	}
	return true;
}

static bool write_file(const struct export *e, const char *name, GBytes *bytes)
{
	g_autofree char *path = g_build_filename(e->dir, name, NULL);
	gsize len;
	const char *data = g_bytes_get_data(bytes, &len);

	return g_file_set_contents_full(path, data != NULL ? data : "",
					(gssize)len,
					G_FILE_SET_CONTENTS_CONSISTENT, 0600,
					e->error);
}

/* The bytes of a blob as the member "file"; none if there is no blob. */
static bool put_blob(const struct export *e, const char *blob, char *name)
{
	g_autofree char *owned = name;
	g_autoptr(GBytes) bytes = NULL;

	if (blob == NULL || blob[0] == '\0')
		return true;
	bytes = blob_get(e->store, blob, e->error);
	if (bytes == NULL || !write_file(e, owned, bytes))
		return false;
	json_builder_set_member_name(e->json, "file");
	json_builder_add_string_value(e->json, owned);
	return true;
}

/* --- members ------------------------------------------------------------------- */

static void put_text(const struct export *e, const char *key,
		     const char *value)
{
	json_builder_set_member_name(e->json, key);
	json_builder_add_string_value(e->json, value != NULL ? value : "");
}

static void put_id(const struct export *e, const char *key, gint64 id)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, id);

	put_text(e, key, id != 0 ? text : "");
}

static void put_time(const struct export *e, const char *key, gint64 ms)
{
	g_autofree char *text = ms != 0 ? clock_dup_iso(ms) : g_strdup("");

	put_text(e, key, text);
}

static void begin_array(const struct export *e, const char *key)
{
	json_builder_set_member_name(e->json, key);
	json_builder_begin_array(e->json);
}

/* --- rows ---------------------------------------------------------------------- */

static bool put_attachment(const struct export *e,
			   const struct attachment *one)
{
	bool ok;

	json_builder_begin_object(e->json);
	put_id(e, "id", one->id);
	put_text(e, "filename", one->filename);
	put_text(e, "content_type", one->content_type);
	ok = put_blob(e, one->blob,
		      g_strdup_printf("attachment/%" G_GINT64_FORMAT "-%s",
				      one->id, one->filename));
	json_builder_end_object(e->json);
	return ok;
}

static bool put_attachments(const struct export *e, gint64 message_id)
{
	g_autoptr(GPtrArray) all
		= attachment_list(e->store, message_id, e->error);
	bool ok = all != NULL;

	begin_array(e, "attachments");
	for (guint i = 0; ok && i < all->len; i++)
		ok = put_attachment(e, all->pdata[i]);
	json_builder_end_array(e->json);
	return ok;
}

static bool put_message(const struct export *e, gint64 id)
{
	AUTO(message) one = message_get(e->store, id, e->error);

	if (one == NULL)
		return false;
	put_id(e, "id", one->id);
	put_id(e, "ticket_id", one->ticket_id);
	put_text(e, "author", message_author_name(one->author));
	put_text(e, "address", one->address);
	put_text(e, "name", one->name);
	put_text(e, "channel", one->channel);
	put_text(e, "kind", one->kind);
	put_text(e, "message_id", one->message_id);
	put_text(e, "subject", one->subject);
	put_text(e, "text", one->text);
	put_text(e, "html", one->html);
	put_text(e, "auth", one->auth);
	put_text(e, "client_ip", one->client_ip);
	put_text(e, "queue_id", one->queue_id);
	put_time(e, "sent", one->sent);
	put_time(e, "created", one->created);
	return put_attachments(e, one->id)
	       && put_blob(e, one->raw,
			   g_strdup_printf("message/%" G_GINT64_FORMAT ".eml",
					   one->id));
}

static bool put_participants(const struct export *e, gint64 ticket_id)
{
	g_autoptr(GPtrArray) all
		= participant_list(e->store, ticket_id, e->error);

	begin_array(e, "participants");
	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct participant *one = all->pdata[i];

		json_builder_begin_object(e->json);
		put_text(e, "address", one->address);
		put_text(e, "name", one->name);
		put_text(e, "role", participant_role_name(one->role));
		json_builder_end_object(e->json);
	}
	json_builder_end_array(e->json);
	return all != NULL;
}

/* What was done to an object, newest first. */
static bool put_audit(const struct export *e, char *object)
{
	g_autofree char *owned = object;
	g_autoptr(GPtrArray) all
		= audit_list(e->store, owned, AUDIT_MAX, e->error);

	begin_array(e, "audit");
	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct audit *one = all->pdata[i];

		json_builder_begin_object(e->json);
		put_time(e, "time", one->time);
		put_text(e, "actor", one->actor);
		put_text(e, "action", one->action);
		put_text(e, "detail", one->detail);
		json_builder_end_object(e->json);
	}
	json_builder_end_array(e->json);
	return all != NULL;
}

static bool put_ticket(const struct export *e, gint64 id)
{
	AUTO(ticket) one = ticket_get(e->store, id, e->error);
	gint64 grade = 0;

	if (one == NULL)
		return false;
	put_id(e, "id", one->id);
	put_text(e, "ref", one->ref);
	put_text(e, "department", one->department);
	put_text(e, "requester", one->requester);
	put_text(e, "subject", one->subject);
	put_text(e, "status", ticket_status_name(one->status));
	put_text(e, "priority", ticket_priority_name(one->priority));
	put_id(e, "service_id", one->service_id);
	put_time(e, "created", one->created);
	put_time(e, "updated", one->updated);
	put_time(e, "closed", one->closed);
	if (!survey_find_grade(e->store, id, &grade, e->error))
		return false;
	put_id(e, "grade", grade);
	return put_participants(e, id)
	       && put_audit(e, g_strdup_printf("ticket %s", one->ref));
}

static bool put_held(const struct export *e, gint64 id)
{
	AUTO(held) one = held_get(e->store, id, e->error);

	if (one == NULL)
		return false;
	put_id(e, "id", one->id);
	put_text(e, "department", one->department);
	put_text(e, "address", one->address);
	put_text(e, "recipient", one->recipient);
	put_text(e, "mail_from", one->mail_from);
	put_text(e, "subject", one->subject);
	put_text(e, "message_id", one->message_id);
	put_text(e, "reason", one->reason);
	put_text(e, "auth", one->auth);
	put_text(e, "client_ip", one->client_ip);
	put_text(e, "queue_id", one->queue_id);
	put_text(e, "state", held_state_name(one->state));
	put_text(e, "decided_by", one->decided_by);
	put_text(e, "ticket", one->ticket);
	put_time(e, "created", one->created);
	return put_audit(e, g_strdup_printf("held %" G_GINT64_FORMAT, id))
	       && put_blob(e, one->raw,
			   g_strdup_printf("held/%" G_GINT64_FORMAT ".eml",
					   id));
}

static bool put_outbox(const struct export *e, gint64 id)
{
	AUTO(outbox) one = outbox_get(e->store, id, e->error);
	g_autofree char *name
		= g_strdup_printf("outbox/%" G_GINT64_FORMAT ".eml", id);

	if (one == NULL)
		return false;
	put_id(e, "id", one->id);
	put_text(e, "ticket", one->ticket);
	put_text(e, "kind", one->kind);
	put_text(e, "recipient", one->recipient);
	put_text(e, "message_id", one->header_id);
	put_text(e, "subject", one->subject);
	put_text(e, "state", outbox_state_name(one->state));
	put_text(e, "last_reply", one->last_reply);
	put_time(e, "created", one->created);
	put_time(e, "sent", one->sent);
	if (one->bytes == NULL)
		return true;
	put_text(e, "file", name);
	return write_file(e, name, one->bytes);
}

/* An array of all objects of one kind. */
static bool put_all(const struct export *e, enum erase_kind kind,
		    const char *key, bool (*put)(const struct export *, gint64))
{
	g_autoptr(GPtrArray) ids = erase_list(e->store, kind, e->error);
	bool ok = ids != NULL;

	begin_array(e, key);
	for (guint i = 0; ok && i < ids->len; i++) {
		json_builder_begin_object(e->json);
		ok = put(e, g_ascii_strtoll(ids->pdata[i], NULL, 10));
		json_builder_end_object(e->json);
	}
	json_builder_end_array(e->json);
	return ok;
}

static bool put_report(const struct export *e, const struct erase_report *id)
{
	AUTO(abuse_report)
	one = abuse_report_get(e->store, id->case_id, id->number, e->error);

	if (one == NULL)
		return false;
	put_id(e, "case_id", one->case_id);
	put_id(e, "number", one->number);
	put_text(e, "reporter", one->reporter);
	put_text(e, "address", one->address);
	put_text(e, "format", one->format);
	put_text(e, "type", one->type);
	put_text(e, "source_ip", one->source_ip);
	put_id(e, "source_port", one->source_port);
	put_text(e, "domain", one->domain);
	put_text(e, "urls", one->urls);
	put_time(e, "time", one->time);
	put_text(e, "report_id", one->report_id);
	put_text(e, "message_id", one->message_id);
	put_text(e, "subject", one->subject);
	put_text(e, "auth", one->auth);
	put_text(e, "client_ip", one->client_ip);
	put_text(e, "queue_id", one->queue_id);
	put_time(e, "created", one->created);
	return put_blob(e, one->raw,
			g_strdup_printf("report/%" G_GINT64_FORMAT
					"-%" G_GINT64_FORMAT ".eml",
					one->case_id, one->number));
}

static bool put_reports(const struct export *e)
{
	g_autoptr(GArray) ids = erase_list_reports(e->store, e->error);
	bool ok = ids != NULL;

	begin_array(e, "abuse_reports");
	for (guint i = 0; ok && i < ids->len; i++) {
		json_builder_begin_object(e->json);
		ok = put_report(e,
				&g_array_index(ids, struct erase_report, i));
		json_builder_end_object(e->json);
	}
	json_builder_end_array(e->json);
	return ok;
}

static bool put_filed_one(const struct export *e, gint64 id)
{
	AUTO(mail_report) one = mail_report_get(e->store, id, e->error);

	if (one == NULL)
		return false;
	put_id(e, "id", one->id);
	put_text(e, "kind", one->kind);
	put_text(e, "reporter", one->reporter);
	put_text(e, "address", one->address);
	put_text(e, "domain", one->domain);
	put_time(e, "period_begin", one->period_begin);
	put_time(e, "period_end", one->period_end);
	put_text(e, "source_ip", one->source_ip);
	put_text(e, "report_id", one->report_id);
	put_text(e, "message_id", one->message_id);
	put_text(e, "subject", one->subject);
	put_text(e, "auth", one->auth);
	put_time(e, "created", one->created);
	return put_blob(e, one->raw,
			g_strdup_printf("report/%" G_GINT64_FORMAT ".eml",
					one->id));
}

static bool put_filed(const struct export *e)
{
	g_auto(GStrv) ids = erase_list_filed(e->store, e->error);
	bool ok = ids != NULL;

	begin_array(e, "mail_reports");
	for (size_t i = 0; ok && ids[i] != NULL; i++) {
		json_builder_begin_object(e->json);
		ok = put_filed_one(e, g_ascii_strtoll(ids[i], NULL, 10));
		json_builder_end_object(e->json);
	}
	json_builder_end_array(e->json);
	return ok;
}

static bool put_addresses(const struct export *e)
{
	g_autoptr(GPtrArray) all
		= erase_list(e->store, ERASE_ADDRESS, e->error);

	begin_array(e, "addresses");
	for (guint i = 0; all != NULL && i < all->len; i++)
		json_builder_add_string_value(e->json, all->pdata[i]);
	json_builder_end_array(e->json);
	return all != NULL;
}

static bool put_contacts(const struct export *e, gint64 customer_id)
{
	g_autoptr(GPtrArray) all
		= contact_list(e->store, customer_id, e->error);

	begin_array(e, "contacts");
	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct contact *one = all->pdata[i];

		json_builder_begin_object(e->json);
		put_id(e, "id", one->id);
		put_text(e, "address", one->address);
		put_text(e, "name", one->name);
		put_text(e, "role",
			 one->role == CONTACT_OWNER ? "owner" : "additional");
		put_text(e, "login", one->login);
		put_time(e, "bounced", one->bounced);
		json_builder_end_object(e->json);
	}
	json_builder_end_array(e->json);
	return all != NULL;
}

static bool put_services(const struct export *e, gint64 customer_id)
{
	g_autoptr(GPtrArray) all
		= service_list(e->store, customer_id, e->error);

	begin_array(e, "services");
	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct service *one = all->pdata[i];
		g_autofree char *ips
			= one->ip_ranges != NULL
				  ? g_strjoinv(" ", one->ip_ranges)
				  : g_strdup("");

		json_builder_begin_object(e->json);
		put_id(e, "id", one->id);
		put_text(e, "kind", one->kind);
		put_text(e, "label", one->label);
		put_text(e, "domain", one->domain);
		put_text(e, "ips", ips);
		json_builder_end_object(e->json);
	}
	json_builder_end_array(e->json);
	return all != NULL;
}

static bool put_customer(const struct export *e, gint64 id)
{
	AUTO(customer) one = NULL;

	if (id == 0)
		return true;
	one = customer_get(e->store, id, e->error);
	if (one == NULL)
		return false;
	json_builder_set_member_name(e->json, "customer");
	json_builder_begin_object(e->json);
	put_id(e, "id", one->id);
	put_text(e, "code", one->code);
	put_text(e, "name", one->name);
	put_text(e, "language", one->language);
	put_time(e, "created", one->created);
	json_builder_set_member_name(e->json, "active");
	json_builder_add_boolean_value(e->json, one->active);
	if (!put_contacts(e, id) || !put_services(e, id)
	    || !put_audit(e,
			  g_strdup_printf("customer %" G_GINT64_FORMAT, id)))
		return false;
	json_builder_end_object(e->json);
	return true;
}

static bool put_everything(const struct export *e,
			   const struct erase_person *person)
{
	json_builder_begin_object(e->json);
	if (!put_addresses(e) || !put_customer(e, person->customer_id)
	    || !put_all(e, ERASE_TICKET, "tickets", put_ticket)
	    || !put_all(e, ERASE_MESSAGE, "messages", put_message)
	    || !put_all(e, ERASE_HELD, "held", put_held)
	    || !put_all(e, ERASE_OUTBOX, "outbox", put_outbox)
	    || !put_reports(e) || !put_filed(e))
		return false;
	json_builder_end_object(e->json);
	return true;
}

static bool write_json(const struct export *e)
{
	g_autoptr(JsonNode) root = json_builder_get_root(e->json);
	g_autofree char *text = json_to_string(root, true);
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return write_file(e, "data.json", bytes);
}

bool privacy_export(struct store *store, const struct erase_person *person,
		    const char *dir, GError **error)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	const struct export e = { store, dir, json, error };

	return make_dirs(dir, error) && put_everything(&e, person)
	       && write_json(&e);
}
