/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse.c - from bytes to struct mail
 *
 * The header comes from the raw bytes (mail/header.h), so that subject and
 * identifiers are those the milter saw; GMime reads the MIME tree and the
 * address lists. Of fields that ought to stand once, the first counts.
 */
#include "mail/parse.h"

#include <string.h>

#include "base/error.h"
#include "mail/abuse.h"
#include "mail/automatic.h"
#include "mail/body.h"
#include "mail/bounce.h"
#include "mail/charset.h"
#include "mail/commands.h"
#include "mail/date.h"
#include "mail/filename.h"
#include "mail/gmimeauto.h"
#include "mail/header.h"
#include "mail/html.h"
#include "mail/mailbuild.h"
#include "mail/sniff.h"
#include "mail/subject.h"
#include "mail/text.h"
#include "mail/tnef.h"
#include "mail/trim.h"

void mail_parse_init(void)
{
	static gsize done;

	if (!g_once_init_enter(&done))
		return;
	charset_init();
	g_mime_init();
	sniff_init();
	g_once_init_leave(&done, 1);
}

/* ---- the header ---- */

struct head {
	struct mail *mail;
	const struct limits *limits;
	unsigned fields;
	unsigned seen; /* bit mask of single fields met */
};

static void take_message_id(struct head *head, const struct header_field *field)
{
	g_auto(GStrv) ids =
		header_dup_message_ids(field->value, field->value_len, 1);

	g_free(head->mail->message_id);
	head->mail->message_id = g_strdup(ids[0] != NULL ? ids[0] : "");
}

/* The last ones are nearest to the message. */
static char **take_last_ids(struct head *head, const struct header_field *field)
{
	char **ids = header_dup_message_ids(field->value, field->value_len,
	                                    field->value_len);
	size_t n = g_strv_length(ids);
	size_t max = (size_t)head->limits->references;

	if (n <= max)
		return ids;
	char **last = g_strdupv(ids + (n - max));

	g_strfreev(ids);
	return last;
}

static void take_in_reply_to(struct head *head,
                             const struct header_field *field)
{
	head->mail->in_reply_to = take_last_ids(head, field);
}

static void take_references(struct head *head, const struct header_field *field)
{
	head->mail->references = take_last_ids(head, field);
}

static void take_date(struct head *head, const struct header_field *field)
{
	g_autofree char *value = header_unfold(field->value, field->value_len);

	head->mail->date = date_parse(value);
}

static void take_subject(struct head *head, const struct header_field *field)
{
	g_autofree char *subject =
		subject_decode(field->value, field->value_len);

	head->mail->subject = text_dup_line(subject);
}

static void note_priority(struct head *head, const struct header_field *field,
                          const char *high, const char *low)
{
	g_autofree char *value = header_unfold(field->value, field->value_len);
	g_autofree char *lower = g_ascii_strdown(value, -1);

	if (lower[0] == '\0' || head->mail->fields.priority != 0)
		return;
	if (strchr(high, lower[0]) != NULL)
		head->mail->fields.priority = MAIL_PRIORITY_HIGH;
	else if (strchr(low, lower[0]) != NULL)
		head->mail->fields.priority = MAIL_PRIORITY_LOW;
}

/* "1 (Highest)" to "5 (Lowest)", or words. Programs write the middle one
 * without being asked, so it says nothing. */
static void take_priority(struct head *head, const struct header_field *field)
{
	note_priority(head, field, "12hu", "45l");
}

static void take_importance(struct head *head, const struct header_field *field)
{
	note_priority(head, field, "hu", "ln");
}

static void take_normal_importance(struct head *head,
                                   const struct header_field *field)
{
	note_priority(head, field, "hu", "l");
}

static void take_forward(struct head *head, const struct header_field *field)
{
	(void)field;
	head->mail->is_forward = true;
}

/* ---- address lists ---- */

static void add_addresses(GPtrArray *to, InternetAddressList *list, guint64 max)
{
	int n = internet_address_list_length(list);

	for (int i = 0; i < n && to->len < max; i++) {
		InternetAddress *address =
			internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_GROUP(address)) {
			add_addresses(to,
			              internet_address_group_get_members(
					      INTERNET_ADDRESS_GROUP(address)),
			              max);
			continue;
		}
		const char *text = internet_address_mailbox_get_addr(
			INTERNET_ADDRESS_MAILBOX(address));
		const char *name = internet_address_get_name(address);

		if (text == NULL || *text == '\0')
			continue;
		g_autofree char *clean = text_dup_line(text);
		g_autofree char *shown =
			text_dup_line(name != NULL ? name : "");

		g_ptr_array_add(to, mailbox_new_lenient(shown, clean));
	}
}

static void take_addresses(struct head *head, const struct header_field *field,
                           GPtrArray *to)
{
	g_autofree char *value =
		charset_prepare_header(field->value, field->value_len);
	g_autoptr(InternetAddressList) list =
		internet_address_list_parse(NULL, value);

	if (list != NULL)
		add_addresses(to, list, head->limits->addresses);
}

/* What is no address at all is shown as it stands. */
static void take_from(struct head *head, const struct header_field *field)
{
	GPtrArray *from = head->mail->from;

	take_addresses(head, field, from);
	if (from->len > 0)
		return;
	g_autofree char *text =
		header_decode(field->value, field->value_len, NULL);
	g_autofree char *line = text_dup_line(text);

	if (line[0] != '\0')
		g_ptr_array_add(from, mailbox_new_lenient(line, ""));
}

static void take_to(struct head *head, const struct header_field *field)
{
	take_addresses(head, field, head->mail->to);
}

static void take_cc(struct head *head, const struct header_field *field)
{
	take_addresses(head, field, head->mail->cc);
}

static void take_reply_to(struct head *head, const struct header_field *field)
{
	take_addresses(head, field, head->mail->reply_to);
}

/* In a stub GMime is not asked: one plain mailbox, or none. */
static void take_from_strictly(struct head *head,
                               const struct header_field *field)
{
	struct mailbox *mailbox = NULL;

	if (head->mail->from->len == 0 &&
	    address_parse_from(field->value, field->value_len, &mailbox) ==
	            ADDRESS_OK)
		g_ptr_array_add(head->mail->from, mailbox);
}

struct head_row {
	const char *name;
	void (*take)(struct head *head, const struct header_field *field);
	bool is_single; /* RFC 5322 3.6: at most once */
	bool repeats;   /* ... but every one is read */
};

static const struct head_row stub_rows[] = {
	{ "Message-ID", take_message_id, true, false },
	{ "In-Reply-To", take_in_reply_to, true, false },
	{ "References", take_references, true, false },
	{ "Subject", take_subject, true, false },
	{ "Date", take_date, true, false },
	{ "From", take_from_strictly, true, true },
};

static const struct head_row rows[] = {
	{ "Message-ID", take_message_id, true, false },
	{ "In-Reply-To", take_in_reply_to, true, false },
	{ "References", take_references, true, false },
	{ "Subject", take_subject, true, false },
	{ "Date", take_date, true, false },
	{ "From", take_from, true, true },
	{ "To", take_to, true, true },
	{ "Cc", take_cc, true, true },
	{ "Reply-To", take_reply_to, true, true },
	{ "X-Priority", take_priority, false, false },
	{ "X-MSMail-Priority", take_normal_importance, false, false },
	{ "Importance", take_normal_importance, false, false },
	{ "Priority", take_importance, false, false },
	{ "X-Forwarded-Message-Id", take_forward, false, false },
};

static void take_field(struct head *head, const struct head_row *table,
                       size_t n, const struct header_field *field)
{
	for (size_t i = 0; i < n; i++) {
		if (!header_is(field, table[i].name))
			continue;
		bool again = (head->seen & 1U << i) != 0;

		head->seen |= 1U << i;
		if (again && table[i].is_single)
			head->mail->warnings |= MAIL_WARN_DUPLICATE;
		if (!again || table[i].repeats)
			table[i].take(head, field);
		return;
	}
}

/* Returns the body's first byte, or NULL if there is no header. */
static const char *read_head(struct head *head, const struct head_row *table,
                             size_t n, const char *data, size_t len)
{
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		head->fields++;
		take_field(head, table, n, &field);
	}
	return head->fields > 0 ? header_walk_body(&walk) : NULL;
}

/* ---- the body ---- */

/* A stream over bytes that are not copied. The array must outlive it. */
static GMimeStream *borrow_stream(GByteArray *array)
{
	GMimeStream *stream = g_mime_stream_mem_new();

	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), array);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	return stream;
}

static bool read_tree(struct mail *mail, GByteArray *array,
                      const struct limits *limits)
{
	g_autoptr(GMimeStream) stream = borrow_stream(array);
	g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
	g_autoptr(GMimeMessage) message =
		g_mime_parser_construct_message(parser, NULL);
	GMimeObject *root =
		message != NULL ? g_mime_message_get_mime_part(message) : NULL;

	if (root == NULL)
		return false;
	if (GMIME_IS_MULTIPART(root) &&
	    g_mime_multipart_get_count(GMIME_MULTIPART(root)) == 0)
		return false;
	body_read(mail, root, limits);
	return true;
}

static void read_body(struct mail *mail, GBytes *raw, const char *body,
                      const struct limits *limits)
{
	gsize len = 0;
	const char *data = text_of_bytes(raw, &len);
	/* GMime only reads it; the array gives the bytes back below. */
	GByteArray *array =
		g_byte_array_new_take((guint8 *)(guintptr)data, len);

	if (!read_tree(mail, array, limits))
		body_read_raw(mail, body, (size_t)(data + len - body), limits);
	(void)g_byte_array_free(array, FALSE);
}

/* ---- what it all means ---- */

static void mark_inline(struct mail *mail, const struct limits *limits)
{
	g_autoptr(GHashTable) cids =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	html_collect_cids(mail->html, limits->mime_parts, cids);
	for (guint i = 0; i < mail->parts->len; i++) {
		struct mail_part *part = g_ptr_array_index(mail->parts, i);

		if (part->content_id[0] != '\0' &&
		    g_hash_table_contains(cids, part->content_id))
			part->is_inline = true;
	}
}

static void make_names_unique(struct mail *mail)
{
	g_autoptr(GHashTable) taken =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < mail->parts->len; i++) {
		struct mail_part *part = g_ptr_array_index(mail->parts, i);
		char *unique = filename_take_unique(taken, part->filename);

		g_free(part->filename);
		part->filename = unique;
	}
}

/* Field lines of people; priority from the header gives way to them. */
static void take_fields(struct mail *mail)
{
	struct mail_fields fields = { 0 };
	char *rest = NULL;

	fields_take(mail->text, &fields, &rest);
	if (fields.priority == MAIL_PRIORITY_NONE)
		fields.priority = mail->fields.priority;
	mail_fields_clear(&mail->fields);
	mail->fields = fields;
	g_free(mail->text);
	mail->text = rest;
}

static void find_kind(struct mail *mail, const char *data, size_t len,
                      const struct limits *limits)
{
	if (abuse_read(mail, data, len))
		mail->kind = MAIL_KIND_ABUSE_REPORT;
	else if (bounce_read(mail, data, len, limits))
		mail->kind = MAIL_KIND_BOUNCE;
	else
		mail->kind = automatic_kind(data, len);
}

static void understand(struct mail *mail, const char *data, size_t len,
                       const struct limits *limits)
{
	find_kind(mail, data, len, limits);
	if (mail->kind == MAIL_KIND_HUMAN)
		take_fields(mail);
	if (subject_is_forward(mail->subject) || trim_is_forward(mail->text))
		mail->is_forward = true;
	if (!mail->is_forward)
		mail->text_trimmed = trim_quotes(mail->text);
}

/* Postfix ends a header at the first line that is no field, GMime skips the
 * line. With an empty line put there both agree. */
static GBytes *end_header(GBytes *raw, bool *ret_repaired)
{
	struct header_walk walk;
	struct header_field field;
	gsize len = 0;
	const char *data = text_of_bytes(raw, &len);

	*ret_repaired = false;
	if (len == 0)
		return g_bytes_ref(raw);
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		;
	const char *body = header_walk_body(&walk);
	size_t head_len = (size_t)(body - data);

	if (body != walk.at || head_len == 0 || head_len == len)
		return g_bytes_ref(raw);
	GString *fixed = g_string_sized_new(len + 2);

	g_string_append_len(fixed, data, (gssize)head_len);
	g_string_append(fixed, "\r\n");
	g_string_append_len(fixed, body, (gssize)(len - head_len));
	*ret_repaired = true;
	return g_string_free_to_bytes(fixed);
}

static struct mail *parse_scanned(GBytes *raw, const struct limits *limits,
                                  GError **error)
{
	gsize len = 0;
	const char *data = text_of_bytes(raw, &len);
	AUTO(mail) mail = mail_new();
	struct head head = { .mail = mail, .limits = limits };
	const char *body =
		len > 0 ? read_head(&head, rows, G_N_ELEMENTS(rows), data, len)
			: NULL;

	if (body == NULL) {
		g_set_error_literal(error, PORTARIA_ERROR,
		                    PORTARIA_ERROR_SYNTAX, "no header");
		return NULL;
	}
	mail_fill(mail);
	read_body(mail, raw, body, limits);
	tnef_expand(mail, limits);
	mark_inline(mail, limits);
	make_names_unique(mail);
	g_clear_pointer(&mail->text_trimmed, g_free);
	understand(mail, data, len, limits);
	mail_fill(mail);
	return g_steal_pointer(&mail);
}

struct mail *mail_parse(GBytes *raw, const struct limits *limits,
                        GError **error)
{
	bool repaired = false;
	g_autoptr(GBytes) whole = end_header(raw, &repaired);

	mail_parse_init();
	if (!mail_prescan(whole, limits, error))
		return NULL;
	struct mail *mail = parse_scanned(whole, limits, error);

	if (mail != NULL && repaired)
		mail->warnings |= MAIL_WARN_STRUCTURE;
	return mail;
}

struct mail *mail_parse_stub(GBytes *raw, const struct limits *limits,
                             const char *why)
{
	gsize len = 0;
	const char *data = text_of_bytes(raw, &len);
	struct mail *mail = mail_new();
	struct head head = { .mail = mail, .limits = limits };

	len = MIN(len, limits->header_bytes);
	if (len > 0) {
		read_head(&head, stub_rows, G_N_ELEMENTS(stub_rows), data, len);
		mail->kind = automatic_kind(data, len);
	}
	mail->text = g_utf8_make_valid(why, -1);
	mail_fill(mail);
	return mail;
}
