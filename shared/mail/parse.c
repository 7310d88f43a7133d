/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse.c - from bytes to struct mail
 *
 * The header comes from the raw bytes (mail/header.h), so that subject and
 * identifiers are those the milter saw; mail/mime.h reads the tree, GMime
 * the address lists. Of fields that ought to stand once, the first counts.
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

/* GMime's time grows with commas x length where no "@" is, so it gets no more
 * than may be kept, with commas to spare for names that have some. */
#define COMMAS_PER_ADDRESS 4

static size_t length_to_read(const struct header_field *field, guint64 max)
{
	const char *end = field->value + field->value_len;
	const char *at = field->value;

	for (guint64 n = max * COMMAS_PER_ADDRESS; n > 0; n--) {
		at = memchr(at, ',', (size_t)(end - at));
		if (at == NULL)
			return field->value_len;
		at++;
	}
	return (size_t)(at - field->value);
}

static void take_addresses(struct head *head, const struct header_field *field,
                           GPtrArray *to)
{
	guint64 max = head->limits->addresses;

	if (to->len >= max)
		return;
	g_autofree char *value =
		charset_prepare_header(field->value,
	                               length_to_read(field, max));
	g_autoptr(InternetAddressList) list =
		internet_address_list_parse(NULL, value);

	if (list != NULL)
		add_addresses(to, list, max);
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

static void read_head(struct head *head, const struct head_row *table, size_t n,
                      const char *data, size_t len)
{
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field))
		take_field(head, table, n, &field);
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
	mail->kind = automatic_kind(data, len);
	if (abuse_read(mail, data, len))
		mail->kind = MAIL_KIND_ABUSE_REPORT;
	else if (bounce_read(mail, data, len, limits))
		mail->kind = MAIL_KIND_BOUNCE;
	if (mail->kind == MAIL_KIND_HUMAN && automatic_is_absence(mail))
		mail->kind = MAIL_KIND_VACATION;
}

static void understand(struct mail *mail, const char *data, size_t len,
                       const struct limits *limits)
{
	find_kind(mail, data, len, limits);
	if (mail->kind == MAIL_KIND_HUMAN)
		take_fields(mail);
	if (subject_is_forward(mail->subject))
		mail->is_forward = true;
	if (mail->is_forward)
		return;
	mail->text_trimmed = trim_unforwarded(mail->text);
	mail->is_forward = mail->text_trimmed == NULL;
}

struct mail *mail_parse(GBytes *raw, const struct limits *limits,
                        GError **error)
{
	gsize len = 0;
	const char *data = text_of_bytes(raw, &len);
	AUTO(mail) mail = mail_new();
	struct head head = { .mail = mail, .limits = limits };

	mail_parse_init();
	mail_skip_mbox_line(&data, &len);
	AUTO(mime_node) root = mime_parse_entity(data, len, limits, error);

	if (root == NULL)
		return NULL;
	read_head(&head, rows, G_N_ELEMENTS(rows), data, len);
	mail_fill(mail);
	body_read(mail, raw, root, limits);
	tnef_expand(mail, limits);
	mark_inline(mail, limits);
	make_names_unique(mail);
	g_clear_pointer(&mail->text_trimmed, g_free);
	understand(mail, data, len, limits);
	mail_fill(mail);
	return g_steal_pointer(&mail);
}

void mail_skip_mbox_line(const char **data, size_t *len)
{
	bool marked = *len > 6 && memcmp(*data, ">From ", 6) == 0;
	const char *lf = marked || (*len > 5 && memcmp(*data, "From ", 5) == 0)
	                         ? memchr(*data, '\n', *len)
	                         : NULL;

	if (lf == NULL)
		return;
	*len -= (size_t)(lf + 1 - *data);
	*data = lf + 1;
}

struct mail *mail_parse_stub(GBytes *raw, const struct limits *limits,
                             const char *why)
{
	gsize len = 0;
	const char *data = text_of_bytes(raw, &len);
	struct mail *mail = mail_new();
	struct head head = { .mail = mail, .limits = limits };

	len = MIN(len, limits->header_bytes);
	mail_skip_mbox_line(&data, &len);
	if (len > 0) {
		read_head(&head, stub_rows, G_N_ELEMENTS(stub_rows), data, len);
		mail->kind = automatic_kind(data, len);
	}
	mail->text = g_utf8_make_valid(why, -1);
	mail_fill(mail);
	return mail;
}
