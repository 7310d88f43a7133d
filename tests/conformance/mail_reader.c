/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail_reader.c - what the parser makes of files, as JSON, one line each
 *
 * Reads file names from standard input. Each file is brought into the form
 * mail arrives in (no mbox line, CRLF), parsed, sent through its GVariant
 * and back, and compared with itself. "--trim" reads plain texts instead and
 * prints them trimmed; "--html" HTML.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mail/html.h"
#include "mail/parse.h"
#include "mail/text.h"
#include "mail/trim.h"

static GBytes *read_message(const char *path)
{
	g_autofree char *data = NULL;
	gsize len = 0;

	if (!g_file_get_contents(path, &data, &len, NULL))
		return NULL;
	GByteArray *out = g_byte_array_sized_new((guint)len + 1024);
	const char *at = data, *end = data + len;

	if (len > 5 && memcmp(at, "From ", 5) == 0) {
		const char *lf = memchr(at, '\n', len);

		at = lf != NULL ? lf + 1 : end;
	}
	for (; at < end; at++) {
		if (*at == '\n' && (at == data || at[-1] != '\r'))
			g_byte_array_append(out, (const guint8 *)"\r", 1);
		g_byte_array_append(out, (const guint8 *)at, 1);
	}
	return g_byte_array_free_to_bytes(out);
}

static void add_text(JsonBuilder *json, const char *key, const char *value)
{
	json_builder_set_member_name(json, key);
	json_builder_add_string_value(json, value);
}

static void add_list(JsonBuilder *json, const char *key, char **list)
{
	json_builder_set_member_name(json, key);
	json_builder_begin_array(json);
	for (; *list != NULL; list++)
		json_builder_add_string_value(json, *list);
	json_builder_end_array(json);
}

static void add_mailboxes(JsonBuilder *json, const char *key,
                          const GPtrArray *mailboxes)
{
	json_builder_set_member_name(json, key);
	json_builder_begin_array(json);
	for (guint i = 0; i < mailboxes->len; i++) {
		const struct mailbox *mailbox = g_ptr_array_index(mailboxes, i);

		json_builder_begin_object(json);
		add_text(json, "name", mailbox->name);
		add_text(json, "address", mailbox->address);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void add_parts(JsonBuilder *json, const GPtrArray *parts)
{
	json_builder_set_member_name(json, "parts");
	json_builder_begin_array(json);
	for (guint i = 0; i < parts->len; i++) {
		const struct mail_part *part = g_ptr_array_index(parts, i);
		g_autofree char *sum = g_compute_checksum_for_bytes(
			G_CHECKSUM_SHA256, part->data);

		json_builder_begin_object(json);
		add_text(json, "filename", part->filename);
		add_text(json, "type", part->content_type);
		add_text(json, "detected", part->detected_type);
		add_text(json, "cid", part->content_id);
		add_text(json, "sha256", sum);
		json_builder_set_member_name(json, "size");
		json_builder_add_int_value(
			json, (gint64)g_bytes_get_size(part->data));
		json_builder_set_member_name(json, "inline");
		json_builder_add_boolean_value(json, part->is_inline);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void add_bounce(JsonBuilder *json, const struct mail_bounce *bounce)
{
	json_builder_set_member_name(json, "bounce");
	json_builder_begin_object(json);
	add_text(json, "original_id", bounce->original_id);
	json_builder_set_member_name(json, "recipients");
	json_builder_begin_array(json);
	for (guint i = 0; i < bounce->recipients->len; i++) {
		const struct mail_bounce_recipient *recipient =
			g_ptr_array_index(bounce->recipients, i);

		json_builder_begin_object(json);
		add_text(json, "address", recipient->address);
		add_text(json, "action", recipient->action);
		add_text(json, "status", recipient->status);
		add_text(json, "diagnostic", recipient->diagnostic);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	json_builder_end_object(json);
}

static void add_abuse(JsonBuilder *json, const struct mail_abuse *abuse)
{
	json_builder_set_member_name(json, "abuse");
	json_builder_begin_object(json);
	add_text(json, "feedback_type", abuse->feedback_type);
	add_text(json, "source_ip", abuse->source_ip);
	add_text(json, "reported_domain", abuse->reported_domain);
	add_text(json, "reporter", abuse->reporter);
	add_text(json, "arrival_date", abuse->arrival_date);
	add_text(json, "format", abuse->format);
	add_text(json, "report_id", abuse->report_id);
	json_builder_set_member_name(json, "source_port");
	json_builder_add_int_value(json, abuse->source_port);
	json_builder_set_member_name(json, "class");
	json_builder_add_int_value(json, abuse->class);
	json_builder_set_member_name(json, "derived");
	json_builder_add_int_value(json, abuse->derived);
	json_builder_set_member_name(json, "time");
	json_builder_add_int_value(json, abuse->time);
	json_builder_set_member_name(json, "begin");
	json_builder_add_int_value(json, abuse->begin);
	json_builder_set_member_name(json, "end");
	json_builder_add_int_value(json, abuse->end);
	json_builder_set_member_name(json, "total");
	json_builder_add_int_value(json, abuse->total);
	json_builder_set_member_name(json, "failed");
	json_builder_add_int_value(json, abuse->failed);
	json_builder_end_object(json);
}

/* What stood behind the words: not in the trimmed text. */
static void add_signature(JsonBuilder *json, const struct mail *mail)
{
	g_autofree char *signature = NULL;
	g_autofree char *words = trim_reply(mail->text, &signature);

	add_text(json, "signature",
	         strcmp(words, mail->text_trimmed) == 0 ? signature : "");
}

static void add_mail(JsonBuilder *json, const struct mail *mail);

/* Attached messages, read in their turn. Each is shorter than what it is in. */
static void add_messages(JsonBuilder *json, const GPtrArray *parts)
{
	struct limits limits;

	limits_init(&limits);
	json_builder_set_member_name(json, "messages");
	json_builder_begin_array(json);
	for (guint i = 0; i < parts->len; i++) {
		const struct mail_part *part = g_ptr_array_index(parts, i);

		if (strcmp(part->content_type, "message/rfc822") != 0)
			continue;
		AUTO(mail) mail = mail_parse(part->data, &limits, NULL);

		if (mail == NULL)
			continue;
		json_builder_begin_object(json);
		add_mail(json, mail);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void add_mail(JsonBuilder *json, const struct mail *mail)
{
	add_text(json, "kind", mail_kind_name(mail->kind));
	add_text(json, "message_id", mail->message_id);
	add_list(json, "in_reply_to", mail->in_reply_to);
	add_list(json, "references", mail->references);
	add_mailboxes(json, "from", mail->from);
	add_mailboxes(json, "to", mail->to);
	add_text(json, "subject", mail->subject);
	add_text(json, "text", mail->text);
	add_text(json, "trimmed", mail->text_trimmed);
	add_signature(json, mail);
	add_text(json, "html", mail->html);
	add_parts(json, mail->parts);
	add_messages(json, mail->parts);
	json_builder_set_member_name(json, "date");
	json_builder_add_int_value(json, mail->date);
	json_builder_set_member_name(json, "warnings");
	json_builder_add_int_value(json, mail->warnings);
	json_builder_set_member_name(json, "forward");
	json_builder_add_boolean_value(json, mail->is_forward);
	if (mail->bounce != NULL)
		add_bounce(json, mail->bounce);
	if (mail->abuse != NULL)
		add_abuse(json, mail->abuse);
}

/* The mail after the way out of the confined child, or NULL. */
static struct mail *carry_over(const struct mail *mail, GError **error)
{
	g_autoptr(GVariant) there = g_variant_ref_sink(mail_to_variant(mail));
	g_autoptr(GBytes) wire = g_variant_get_data_as_bytes(there);
	g_autoptr(GVariant) back = g_variant_ref_sink(g_variant_new_from_bytes(
		G_VARIANT_TYPE(MAIL_VARIANT_TYPE), wire, FALSE));
	AUTO(mail) copy = mail_from_variant(back, error);

	if (copy == NULL)
		return NULL;
	g_autoptr(GVariant) again = g_variant_ref_sink(mail_to_variant(copy));

	if (!g_variant_equal(there, again)) {
		g_set_error_literal(error, G_VARIANT_PARSE_ERROR,
		                    G_VARIANT_PARSE_ERROR_FAILED,
		                    "differs after the round trip");
		return NULL;
	}
	return g_steal_pointer(&copy);
}

static void report_message(JsonBuilder *json, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) raw = read_message(path);
	struct limits limits;
	gint64 start = clock_monotonic();

	limits_init(&limits);
	if (raw == NULL) {
		add_text(json, "error", "cannot be read");
		return;
	}
	AUTO(mail) mail = mail_parse(raw, &limits, &error);
	AUTO(mail) copy = mail != NULL ? carry_over(mail, &error) : NULL;

	json_builder_set_member_name(json, "ms");
	json_builder_add_int_value(json, clock_monotonic() - start);
	if (copy == NULL) {
		AUTO(mail) stub = mail_parse_stub(raw, &limits, error->message);

		add_text(json, "error", error->message);
		add_mail(json, stub);
		return;
	}
	add_mail(json, copy);
}

static void report_text(JsonBuilder *json, const char *path, bool is_html)
{
	g_autofree char *data = NULL;
	gsize len = 0;

	if (!g_file_get_contents(path, &data, &len, NULL)) {
		add_text(json, "error", "cannot be read");
		return;
	}
	char *valid = g_utf8_make_valid(data, (gssize)len);

	if (is_html) {
		char *text = html_to_text(valid, 200000, NULL);

		g_free(valid);
		valid = text;
	}
	valid = text_take_clean(valid);
	g_autofree char *signature = NULL;
	g_autofree char *trimmed =
		trim_is_forward(valid) ? g_strdup(valid)
				       : trim_reply(valid, &signature);

	add_text(json, "text", valid);
	add_text(json, "trimmed", trimmed);
	add_text(json, "signature", signature != NULL ? signature : "");
	g_free(valid);
}

static void report(const char *path, const char *mode)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	add_text(json, "file", path);
	if (strcmp(mode, "--mail") == 0)
		report_message(json, path);
	else
		report_text(json, path, strcmp(mode, "--html") == 0);
	json_builder_end_object(json);
	g_autoptr(JsonNode) root = json_builder_get_root(json);
	g_autofree char *line = json_to_string(root, FALSE);

	puts(line);
}

int main(int argc, char **argv)
{
	char path[4096];

	mail_parse_init();
	while (fgets(path, sizeof(path), stdin) != NULL) {
		g_strchomp(path);
		report(path, argc > 1 ? argv[1] : "--mail");
	}
	return ferror(stdin) ? 1 : 0;
}
