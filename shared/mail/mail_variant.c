/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail_variant.c - struct mail as a GVariant and back
 *
 * The way back reads what the confined child wrote, and the child has read
 * hostile mail. So: normal form first (lengths, UTF-8; of attachments all but
 * their bytes), and nothing counted twice; then every member by name and
 * type; lines hold no control characters, file names no path, addresses are
 * made again from their text, numbers are in their range.
 */
#include "mail/mail.h"

#include <string.h>

#include "base/error.h"
#include "mail/filename.h"
#include "mail/mailbuild.h"

#define LIST_MAX     20000 /* what "parts" and "addresses" limits allow */
#define MEMBERS_MAX  64    /* of the dictionary; we write some twenty */
#define LINE_BYTES   ((size_t)4 << 20) /* of the longest field, decoded */
#define PART_STRINGS 4                 /* before is_inline and the bytes */

static const char MAILBOXES[] = "a(ss)"; /* name, address as written */
static const char PARTS[] = "a(ssssbay)";
static const char RECIPIENTS[] = "a(ssss)";
static const char BOUNCE[] = "(ssa(ssss))";
/* texts, URLs; port, derived, class; time, period, counts */
static const char EVENTS[] = "a(ssssss)";
static const char ABUSE[] = "((sssssss)as(uuu)(xxxxx))";

/* ---- out ---- */

static void add(GVariantBuilder *builder, const char *key, GVariant *value)
{
	g_variant_builder_add(builder, "{sv}", key, value);
}

static void add_text(GVariantBuilder *builder, const char *key,
                     const char *value)
{
	add(builder, key, g_variant_new_string(value));
}

static void add_list(GVariantBuilder *builder, const char *key, char **list)
{
	add(builder, key, g_variant_new_strv((const char *const *)list, -1));
}

/* A text that mailbox_new_lenient() makes the same mailbox of. */
static char *dup_written(const struct mailbox *mailbox)
{
	if (mailbox->address[0] == '\0')
		return g_strdup(mailbox->local);
	g_autofree char *written =
		g_strconcat(mailbox->local, "@", mailbox->domain, NULL);
	g_autofree char *key = address_dup_key(written);

	/* Else the local part needs quotes, which the key has. */
	return key != NULL && strcmp(key, mailbox->address) == 0
	               ? g_steal_pointer(&written)
	               : g_strdup(mailbox->address);
}

static GVariant *mailboxes_to_variant(const GPtrArray *mailboxes)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE(MAILBOXES));
	for (guint i = 0; i < mailboxes->len; i++) {
		const struct mailbox *mailbox = g_ptr_array_index(mailboxes, i);
		g_autofree char *written = dup_written(mailbox);

		g_variant_builder_add(&builder, "(ss)", mailbox->name, written);
	}
	return g_variant_builder_end(&builder);
}

static GVariant *bytes_to_variant(GBytes *bytes)
{
	return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

static GVariant *parts_to_variant(const GPtrArray *parts)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE(PARTS));
	for (guint i = 0; i < parts->len; i++) {
		const struct mail_part *part = g_ptr_array_index(parts, i);

		g_variant_builder_add(&builder, "(ssssb@ay)", part->filename,
		                      part->content_type, part->detected_type,
		                      part->content_id, part->is_inline,
		                      bytes_to_variant(part->data));
	}
	return g_variant_builder_end(&builder);
}

static GVariant *events_to_variant(const GPtrArray *events)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE(EVENTS));
	for (guint i = 0; i < events->len; i++) {
		const struct mail_event *event = g_ptr_array_index(events, i);

		g_variant_builder_add(&builder, "(ssssss)", event->method,
		                      event->summary, event->start, event->end,
		                      event->organizer, event->location);
	}
	return g_variant_builder_end(&builder);
}

static GVariant *bounce_to_variant(const struct mail_bounce *bounce)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE(RECIPIENTS));
	for (guint i = 0; i < bounce->recipients->len; i++) {
		const struct mail_bounce_recipient *recipient =
			g_ptr_array_index(bounce->recipients, i);

		g_variant_builder_add(&builder, "(ssss)", recipient->address,
		                      recipient->action, recipient->status,
		                      recipient->diagnostic);
	}
	return g_variant_new("(ss@a(ssss))", bounce->original_id,
	                     bounce->original_envelope,
	                     g_variant_builder_end(&builder));
}

static GVariant *abuse_to_variant(const struct mail_abuse *abuse)
{
	return g_variant_new("((sssssss)^as(uuu)(xxxxx))", abuse->feedback_type,
	                     abuse->source_ip, abuse->reported_domain,
	                     abuse->reporter, abuse->arrival_date,
	                     abuse->format, abuse->report_id, abuse->urls,
	                     abuse->source_port, abuse->derived,
	                     (guint32)abuse->class, abuse->time, abuse->begin,
	                     abuse->end, abuse->total, abuse->failed);
}

static void add_fields(GVariantBuilder *builder,
                       const struct mail_fields *fields)
{
	add(builder, "priority", g_variant_new_uint32(fields->priority));
	add_text(builder, "service", fields->service);
	add_text(builder, "invalid", fields->invalid);
}

GVariant *mail_to_variant(const struct mail *mail)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	add_text(&builder, "message_id", mail->message_id);
	add_list(&builder, "in_reply_to", mail->in_reply_to);
	add_list(&builder, "references", mail->references);
	add(&builder, "from", mailboxes_to_variant(mail->from));
	add(&builder, "to", mailboxes_to_variant(mail->to));
	add(&builder, "cc", mailboxes_to_variant(mail->cc));
	add(&builder, "reply_to", mailboxes_to_variant(mail->reply_to));
	add(&builder, "date", g_variant_new_int64(mail->date));
	add_text(&builder, "subject", mail->subject);
	add_text(&builder, "text", mail->text);
	add_text(&builder, "text_trimmed", mail->text_trimmed);
	add_text(&builder, "html", mail->html);
	add(&builder, "parts", parts_to_variant(mail->parts));
	add(&builder, "events", events_to_variant(mail->events));
	add(&builder, "kind", g_variant_new_uint32(mail->kind));
	add(&builder, "is_forward", g_variant_new_boolean(mail->is_forward));
	add_fields(&builder, &mail->fields);
	add(&builder, "warnings", g_variant_new_uint32(mail->warnings));
	if (mail->bounce != NULL)
		add(&builder, "bounce", bounce_to_variant(mail->bounce));
	if (mail->abuse != NULL)
		add(&builder, "abuse", abuse_to_variant(mail->abuse));
	return g_variant_new("(@a{sv})", g_variant_builder_end(&builder));
}

/* ---- in ---- */

static bool bad(GError **error, const char *what)
{
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
	            "parsed message: bad %s", what);
	return false;
}

static GVariant *lookup(GVariant *dict, const char *key, const char *type,
                        GError **error)
{
	GVariant *value =
		g_variant_lookup_value(dict, key, G_VARIANT_TYPE(type));

	if (value == NULL)
		bad(error, key);
	return value;
}

/* One line: no control characters, so nothing in it can end a header. */
static bool is_line(const char *text)
{
	const char *at = text;

	for (; *at != '\0'; at++)
		if ((guchar)*at < 0x20 || *at == 0x7f)
			return false;
	return (size_t)(at - text) <= LINE_BYTES;
}

static bool take_text(GVariant *dict, const char *key, char **ret_text,
                      GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, key, "s", error);

	if (value == NULL)
		return false;
	*ret_text = g_variant_dup_string(value, NULL);
	return true;
}

static bool take_line(GVariant *dict, const char *key, char **ret_text,
                      GError **error)
{
	return take_text(dict, key, ret_text, error) &&
	       (is_line(*ret_text) || bad(error, key));
}

static bool take_list(GVariant *dict, const char *key, char ***ret_list,
                      GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, key, "as", error);

	if (value == NULL)
		return false;
	if (g_variant_n_children(value) > LIST_MAX)
		return bad(error, key);
	*ret_list = g_variant_dup_strv(value, NULL);
	for (char **item = *ret_list; *item != NULL; item++)
		if (!is_line(*item))
			return bad(error, key);
	return true;
}

static bool take_number(GVariant *dict, const char *key, guint32 max,
                        guint32 *ret_number, GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, key, "u", error);

	if (value == NULL)
		return false;
	if (g_variant_get_uint32(value) > max)
		return bad(error, key);
	*ret_number = g_variant_get_uint32(value);
	return true;
}

static bool take_mailboxes(GVariant *dict, const char *key,
                           GPtrArray *mailboxes, GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, key, MAILBOXES, error);

	if (value == NULL)
		return false;
	if (g_variant_n_children(value) > LIST_MAX)
		return bad(error, key);
	GVariantIter iter;
	const char *name, *address;

	g_variant_iter_init(&iter, value);
	while (g_variant_iter_next(&iter, "(&s&s)", &name, &address)) {
		if (!is_line(name) || !is_line(address))
			return bad(error, key);
		g_ptr_array_add(mailboxes, mailbox_new_lenient(name, address));
	}
	return true;
}

static bool part_is_sane(const struct mail_part *part)
{
	return filename_is_safe(part->filename) &&
	       is_line(part->content_type) && is_line(part->detected_type) &&
	       is_line(part->content_id);
}

static bool take_parts(GVariant *dict, GPtrArray *parts, GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, "parts", PARTS, error);

	if (value == NULL)
		return false;
	if (g_variant_n_children(value) > LIST_MAX)
		return bad(error, "parts");
	GVariantIter iter;
	GVariant *item;

	g_variant_iter_init(&iter, value);
	while ((item = g_variant_iter_next_value(&iter)) != NULL) {
		struct mail_part *part = g_new0(struct mail_part, 1);
		g_autoptr(GVariant) data = NULL;
		gboolean is_inline = FALSE;

		g_variant_get(item, "(ssssb@ay)", &part->filename,
		              &part->content_type, &part->detected_type,
		              &part->content_id, &is_inline, &data);
		part->is_inline = is_inline;
		part->data = g_variant_get_data_as_bytes(data);
		g_ptr_array_add(parts, part);
		g_variant_unref(item);
		if (!part_is_sane(part))
			return bad(error, "parts");
	}
	return true;
}

static bool event_is_sane(const struct mail_event *event)
{
	return is_line(event->method) && is_line(event->summary) &&
	       is_line(event->start) && is_line(event->end) &&
	       is_line(event->organizer) && is_line(event->location);
}

static bool take_events(GVariant *dict, GPtrArray *events, GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, "events", EVENTS, error);

	if (value == NULL)
		return false;
	if (g_variant_n_children(value) > LIST_MAX)
		return bad(error, "events");
	for (gsize i = 0; i < g_variant_n_children(value); i++) {
		struct mail_event *event = g_new0(struct mail_event, 1);

		g_variant_get_child(value, i, "(ssssss)", &event->method,
		                    &event->summary, &event->start, &event->end,
		                    &event->organizer, &event->location);
		g_ptr_array_add(events, event);
		if (!event_is_sane(event))
			return bad(error, "events");
	}
	return true;
}

static bool take_recipients(GVariant *value, GPtrArray *recipients,
                            GError **error)
{
	GVariantIter iter;
	char *address, *action, *status, *diagnostic;
	bool sane = g_variant_n_children(value) <= LIST_MAX;

	g_variant_iter_init(&iter, value);
	while (sane && g_variant_iter_next(&iter, "(ssss)", &address, &action,
	                                   &status, &diagnostic)) {
		struct mail_bounce_recipient *recipient =
			g_new(struct mail_bounce_recipient, 1);

		*recipient = (struct mail_bounce_recipient){
			.address = address,
			.action = action,
			.status = status,
			.diagnostic = diagnostic,
		};
		g_ptr_array_add(recipients, recipient);
		sane = is_line(address) && is_line(action) && is_line(status) &&
		       is_line(diagnostic);
	}
	return sane || bad(error, "bounce recipients");
}

static bool take_bounce(GVariant *dict, struct mail *mail, GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, "bounce", BOUNCE, error);
	g_autoptr(GVariant) recipients = NULL;

	if (value == NULL)
		return false;
	mail->bounce = mail_bounce_new();
	g_variant_get(value, "(ss@a(ssss))", &mail->bounce->original_id,
	              &mail->bounce->original_envelope, &recipients);
	if (!is_line(mail->bounce->original_id) ||
	    !is_line(mail->bounce->original_envelope))
		return bad(error, "bounce");
	return take_recipients(recipients, mail->bounce->recipients, error);
}

static bool abuse_lines_are_sane(const struct mail_abuse *abuse)
{
	const char *const lines[] = { abuse->feedback_type,   abuse->source_ip,
		                      abuse->reported_domain, abuse->reporter,
		                      abuse->arrival_date,    abuse->format,
		                      abuse->report_id };

	if (g_strv_length(abuse->urls) > MAIL_ABUSE_URLS_MAX)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		if (!is_line(lines[i]))
			return false;
	for (char **url = abuse->urls; *url != NULL; url++)
		if (!is_line(*url))
			return false;
	return true;
}

static bool abuse_numbers_are_sane(const struct mail_abuse *abuse)
{
	const gint64 numbers[] = { abuse->time, abuse->begin, abuse->end,
		                   abuse->total, abuse->failed };

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		if (numbers[i] < 0)
			return false;
	return abuse->source_port <= 65535 &&
	       abuse->derived <= MAIL_ABUSE_DERIVED__ALL;
}

static bool take_abuse(GVariant *dict, struct mail *mail, GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, "abuse", ABUSE, error);
	guint32 class = 0;

	if (value == NULL)
		return false;
	struct mail_abuse *abuse = mail->abuse = g_new0(struct mail_abuse, 1);

	g_variant_get(value, "((sssssss)^as(uuu)(xxxxx))",
	              &abuse->feedback_type, &abuse->source_ip,
	              &abuse->reported_domain, &abuse->reporter,
	              &abuse->arrival_date, &abuse->format, &abuse->report_id,
	              &abuse->urls, &abuse->source_port, &abuse->derived,
	              &class, &abuse->time, &abuse->begin, &abuse->end,
	              &abuse->total, &abuse->failed);
	if (class >= MAIL_ABUSE_CLASS__COUNT || !abuse_lines_are_sane(abuse) ||
	    !abuse_numbers_are_sane(abuse))
		return bad(error, "abuse");
	abuse->class = (enum mail_abuse_class) class;
	return true;
}

static bool take_kind(GVariant *dict, struct mail *mail, GError **error)
{
	guint32 kind = 0;

	if (!take_number(dict, "kind", MAIL_KIND__COUNT - 1, &kind, error))
		return false;
	mail->kind = (enum mail_kind)kind;
	if (mail->kind == MAIL_KIND_BOUNCE)
		return take_bounce(dict, mail, error);
	if (mail->kind == MAIL_KIND_ABUSE_REPORT)
		return take_abuse(dict, mail, error);
	return true;
}

static bool take_fields(GVariant *dict, struct mail_fields *fields,
                        GError **error)
{
	guint32 priority = 0;

	if (!take_number(dict, "priority", MAIL_PRIORITY__COUNT - 1, &priority,
	                 error))
		return false;
	fields->priority = (enum mail_priority)priority;
	return take_line(dict, "service", &fields->service, error) &&
	       take_line(dict, "invalid", &fields->invalid, error);
}

static bool take_date(GVariant *dict, gint64 *ret_date, GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, "date", "x", error);

	if (value == NULL)
		return false;
	*ret_date = MAX(g_variant_get_int64(value), 0);
	return true;
}

static bool take_forward(GVariant *dict, bool *ret_forward, GError **error)
{
	g_autoptr(GVariant) value = lookup(dict, "is_forward", "b", error);

	if (value == NULL)
		return false;
	*ret_forward = g_variant_get_boolean(value);
	return true;
}

static bool take_head(GVariant *dict, struct mail *mail, GError **error)
{
	return take_line(dict, "message_id", &mail->message_id, error) &&
	       take_list(dict, "in_reply_to", &mail->in_reply_to, error) &&
	       take_list(dict, "references", &mail->references, error) &&
	       take_mailboxes(dict, "from", mail->from, error) &&
	       take_mailboxes(dict, "to", mail->to, error) &&
	       take_mailboxes(dict, "cc", mail->cc, error) &&
	       take_mailboxes(dict, "reply_to", mail->reply_to, error) &&
	       take_date(dict, &mail->date, error) &&
	       take_line(dict, "subject", &mail->subject, error);
}

static bool take_body(GVariant *dict, struct mail *mail, GError **error)
{
	return take_text(dict, "text", &mail->text, error) &&
	       take_text(dict, "text_trimmed", &mail->text_trimmed, error) &&
	       take_text(dict, "html", &mail->html, error) &&
	       take_parts(dict, mail->parts, error) &&
	       take_events(dict, mail->events, error) &&
	       take_kind(dict, mail, error) &&
	       take_forward(dict, &mail->is_forward, error) &&
	       take_fields(dict, &mail->fields, error) &&
	       take_number(dict, "warnings", G_MAXUINT32, &mail->warnings,
	                   error);
}

/* Without its bytes, which have no form: GLib would look at each. */
static bool part_has_form(GVariant *part)
{
	for (gsize i = 0; i <= PART_STRINGS; i++) {
		g_autoptr(GVariant) member = g_variant_get_child_value(part, i);

		if (!g_variant_is_normal_form(member))
			return false;
	}
	return true;
}

static bool parts_have_form(GVariant *parts);

static bool member_has_form(GVariant *member)
{
	g_autoptr(GVariant) key = g_variant_get_child_value(member, 0);
	g_autoptr(GVariant) boxed = g_variant_get_child_value(member, 1);
	g_autoptr(GVariant) value = g_variant_get_variant(boxed);

	if (!g_variant_is_normal_form(key))
		return false;
	return strcmp(g_variant_get_string(key, NULL), "parts") == 0
	               ? parts_have_form(value)
	               : g_variant_is_normal_form(value);
}

/* Children that have their form and together are no larger than the whole:
 * wrong offsets can name the same bytes many times over. */
static bool children_have_form(GVariant *whole, gsize max,
                               bool (*has_form)(GVariant *child))
{
	gsize left = g_variant_get_size(whole);
	gsize n = g_variant_n_children(whole);

	for (gsize i = 0; n <= max && i < n; i++) {
		g_autoptr(GVariant) child = g_variant_get_child_value(whole, i);
		gsize size = g_variant_get_size(child);

		if (size > left || !has_form(child))
			return false;
		left -= size;
	}
	/* GLib says that an array it cannot read is empty. */
	return n <= max && (n > 0 || left == 0);
}

static bool parts_have_form(GVariant *parts)
{
	return g_variant_is_of_type(parts, G_VARIANT_TYPE(PARTS)) &&
	       children_have_form(parts, LIST_MAX, part_has_form);
}

struct mail *mail_from_variant(GVariant *variant, GError **error)
{
	if (!g_variant_is_of_type(variant, G_VARIANT_TYPE(MAIL_VARIANT_TYPE))) {
		bad(error, "type");
		return NULL;
	}
	g_autoptr(GVariant) dict = g_variant_get_child_value(variant, 0);

	if (!children_have_form(dict, MEMBERS_MAX, member_has_form)) {
		bad(error, "form");
		return NULL;
	}
	AUTO(mail) mail = mail_new();

	if (!take_head(dict, mail, error) || !take_body(dict, mail, error))
		return NULL;
	mail_fill(mail);
	return g_steal_pointer(&mail);
}
