/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compose.c - an outgoing message as bytes
 *
 * Header values become words, and only the writer of fields ends lines. No
 * line of a body begins with "--=_": quoted-printable and base64 cannot
 * contain "=_", and text that does is not sent as 7bit. So a boundary that
 * begins so is safe whatever the content is.
 */
#include "mail/compose.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "mail/header.h"
#include "base/utf8.h"

#define LINE_WIDTH       76 /* of header lines, RFC 2047 2 */
#define PLAIN_WIDTH      78 /* of 7bit text, RFC 5322 2.1.1 */
#define WORD_MAX         75 /* one encoded word */
#define WORD_OVERHEAD    12 /* "=?utf-8?q?" and "?=" */
#define QP_WIDTH         76 /* RFC 2045 6.7, with the soft break */
#define BASE64_BYTES     57 /* 76 characters */
#define QUOTED_NAME_MAX  60
#define FILENAME_PLAIN   60
#define REFERENCES_BYTES 1500
#define MESSAGE_ID_MAX   900
#define LINE_MAX_INDEX   900

/* Header fields */

struct field {
	GString *out;
	size_t line; /* where the current line starts */
	bool empty;  /* nothing behind the colon yet */
};

static size_t field_column(const struct field *field)
{
	return field->out->len - field->line;
}

static void field_begin(struct field *field, GString *out, const char *name)
{
	field->out = out;
	field->line = out->len;
	field->empty = true;
	g_string_append_printf(out, "%s:", name);
}

static void field_fold(struct field *field)
{
	g_string_append(field->out, "\r\n");
	field->line = field->out->len;
}

/* A word of ASCII (or an EAI address), behind a blank or a fold. The first
 * one stays in the field's first line, which some programs insist on. */
static void field_word(struct field *field, const char *word)
{
	if (!field->empty &&
	    field_column(field) + 1 + strlen(word) > LINE_WIDTH)
		field_fold(field);
	g_string_append_printf(field->out, " %s", word);
	field->empty = false;
}

static void field_end(struct field *field)
{
	g_string_append(field->out, "\r\n");
}

static void put_field(GString *out, const char *name, const char *word)
{
	struct field field;

	field_begin(&field, out, name);
	field_word(&field, word);
	field_end(&field);
}

/* Encoded words, RFC 2047 */

/* What needs no escape in any place where a word may stand (section 5 (3)).
 */
static bool is_q_plain(char c)
{
	return g_ascii_isalnum(c) || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t q_len(const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		n += is_q_plain(text[i]) || text[i] == ' ' ? 1 : 3;
	return n;
}

static size_t base64_len(size_t len)
{
	return (len + 2) / 3 * 4;
}

static char *dup_q(const char *text, size_t len)
{
	GString *q = g_string_new(NULL);
	size_t i;

	for (i = 0; i < len; i++) {
		if (is_q_plain(text[i]))
			g_string_append_c(q, text[i]);
		else if (text[i] == ' ')
			g_string_append_c(q, '_');
		else
			g_string_append_printf(q, "=%02X", (guchar)text[i]);
	}
	return g_string_free(q, FALSE);
}

static size_t encoded_len(const char *text, size_t len, bool base64)
{
	return base64 ? base64_len(len) : q_len(text, len);
}

/* As many whole characters as fit, at least one. */
static size_t fitting_len(const char *text, size_t room, bool base64)
{
	const char *p = utf8_next(text), *next;

	for (; *p != '\0'; p = next) {
		next = utf8_next(p);
		if (encoded_len(text, (size_t)(next - text), base64) > room)
			break;
	}
	return (size_t)(p - text);
}

/* What is left in the line for the letters of an encoded word. */
static size_t word_room(const struct field *field)
{
	size_t used = field_column(field) + 1 + WORD_OVERHEAD;
	size_t most = WORD_MAX - WORD_OVERHEAD;

	return used >= LINE_WIDTH ? 0 : MIN(LINE_WIDTH - used, most);
}

/* Valid UTF-8 as encoded words, split between characters. */
static void field_encoded(struct field *field, const char *text)
{
	size_t all = strlen(text), len;
	bool base64 = q_len(text, all) > 2 * all; /* few letters to read */

	while (*text != '\0') {
		g_autofree char *letters = NULL;

		if (word_room(field) < 16) /* one character, at worst */
			field_fold(field);
		len = fitting_len(text, word_room(field), base64);
		letters = base64 ? g_base64_encode((const guchar *)text, len)
		                 : dup_q(text, len);
		g_string_append_printf(field->out,
		                       " =?utf-8?%c?%s?=", base64 ? 'b' : 'q',
		                       letters);
		field->empty = false;
		text += len;
	}
}

static bool needs_encoding(const char *word)
{
	return !g_str_is_ascii(word) || strstr(word, "=?") != NULL ||
	       strlen(word) > WORD_MAX - 20;
}

/*
 * Text with the first to the last word that needs it encoded, as one, since
 * blanks between encoded words are lost. What stands before stays readable,
 * like a ticket's token.
 */
static void field_text(struct field *field, const char *text)
{
	g_autofree char *line = header_dup_line(text);
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	size_t n = g_strv_length(words), first = n, last = 0, i;
	g_autoptr(GString) middle = g_string_new(NULL);

	for (i = 0; i < n; i++) {
		if (!needs_encoding(words[i]))
			continue;
		first = MIN(first, i);
		last = i;
	}
	for (i = 0; i < n; i++) {
		if (i < first || i > last) {
			if (*words[i] != '\0')
				field_word(field, words[i]);
			continue;
		}
		g_string_append(middle, words[i]);
		if (i == last)
			field_encoded(field, middle->str);
		else
			g_string_append_c(middle, ' ');
	}
}

static void put_text_field(GString *out, const char *name, const char *text)
{
	struct field field;

	if (text == NULL || *text == '\0')
		return;
	field_begin(&field, out, name);
	field_text(&field, text);
	field_end(&field);
}

/* Addresses */

static char *dup_addr_spec(const char *address, GError **error)
{
	AUTO(mailbox) mailbox = NULL;
	g_autofree char *line = NULL;

	if (address != NULL)
		mailbox = address_parse(address, strlen(address));
	if (mailbox != NULL)
		return mailbox_dup_addr_spec(mailbox);
	line = header_dup_line(address == NULL ? "" : address);
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
	            "not an address: '%s'", line);
	return NULL;
}

static bool is_atom_text(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                         "0123456789!#$%&'*+-/=?^_`{|}~ ")] == '\0' &&
	       strstr(text, "=?") == NULL;
}

static char *dup_quoted(const char *text)
{
	GString *quoted = g_string_new("\"");

	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *text);
	}
	g_string_append_c(quoted, '"');
	return g_string_free(quoted, FALSE);
}

/* A display name, RFC 5322 3.4 and RFC 2047 5 (3). */
static void field_phrase(struct field *field, const char *name)
{
	g_autofree char *line = header_dup_line(name), *quoted = NULL;

	if (!g_str_is_ascii(line) || strlen(line) > QUOTED_NAME_MAX ||
	    strstr(line, "=?") != NULL) {
		field_encoded(field, line);
	} else if (is_atom_text(line)) {
		field_text(field, line);
	} else {
		quoted = dup_quoted(line);
		field_word(field, quoted);
	}
}

static bool put_from(GString *out, const struct compose *compose,
                     GError **error)
{
	g_autofree char *address = dup_addr_spec(compose->from_address, error);
	g_autofree char *angle = NULL;
	struct field field;

	if (address == NULL)
		return false;
	field_begin(&field, out, "From");
	if (compose->from_name != NULL && *compose->from_name != '\0') {
		field_phrase(&field, compose->from_name);
		angle = g_strdup_printf("<%s>", address);
	}
	field_word(&field, angle != NULL ? angle : address);
	field_end(&field);
	return true;
}

static bool put_addresses(GString *out, const char *name,
                          const char *const *addresses, GError **error)
{
	struct field field;
	size_t i;

	if (addresses == NULL || addresses[0] == NULL)
		return true;
	field_begin(&field, out, name);
	for (i = 0; addresses[i] != NULL; i++) {
		g_autofree char *address = dup_addr_spec(addresses[i], error);
		g_autofree char *item = NULL;

		if (address == NULL)
			return false;
		item = g_strconcat(address, addresses[i + 1] != NULL ? "," : "",
		                   NULL);
		field_word(&field, item);
	}
	field_end(&field);
	return true;
}

static bool put_reply_to(GString *out, const char *reply_to, GError **error)
{
	const char *addresses[] = { reply_to, NULL };

	if (reply_to == NULL || *reply_to == '\0')
		return true;
	return put_addresses(out, "Reply-To", addresses, error);
}

/* Message-IDs */

static bool is_message_id(const char *id)
{
	size_t len = id == NULL ? 0 : strlen(id), i;

	if (len < 3 || len > MESSAGE_ID_MAX || id[0] != '<' ||
	    id[len - 1] != '>')
		return false;
	for (i = 1; i < len - 1; i++) {
		if (!g_ascii_isgraph(id[i]) || id[i] == '<' || id[i] == '>')
			return false;
	}
	return true;
}

static bool put_message_id(GString *out, const char *id, GError **error)
{
	g_autofree char *line = NULL;

	if (id == NULL || *id == '\0')
		return true;
	if (is_message_id(id)) {
		put_field(out, "Message-ID", id);
		return true;
	}
	line = header_dup_line(id);
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
	            "not a Message-ID: '%s'", line);
	return false;
}

/* The index from which the last ids fit beside the first. */
static guint first_kept(const GPtrArray *ids)
{
	size_t room = REFERENCES_BYTES, len;
	guint i;

	if (ids->len == 0)
		return 0;
	room -= MIN(room, strlen(g_ptr_array_index(ids, 0)) + 1);
	for (i = ids->len; i > 1; i--) {
		len = strlen(g_ptr_array_index(ids, i - 1)) + 1;
		if (len > room)
			break;
		room -= len;
	}
	return i;
}

static void put_references(GString *out, const char *const *references)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	struct field field;
	guint i, from;

	for (i = 0; references != NULL && references[i] != NULL; i++) {
		if (is_message_id(references[i]))
			g_ptr_array_add(ids, (gpointer)(guintptr)references[i]);
	}
	if (ids->len == 0)
		return;
	from = first_kept(ids);
	field_begin(&field, out, "References");
	field_word(&field, g_ptr_array_index(ids, 0));
	for (i = MAX(from, 1); i < ids->len; i++)
		field_word(&field, g_ptr_array_index(ids, i));
	field_end(&field);
}

/* Bodies */

/* Lines end with LF, valid UTF-8. */
static char *dup_lines(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *lines = g_string_sized_new(strlen(valid) + 2);
	const char *p;

	for (p = valid; *p != '\0'; p++) {
		if (*p == '\r') {
			if (p[1] != '\n')
				g_string_append_c(lines, '\n');
			continue;
		}
		g_string_append_c(lines, *p);
	}
	if (lines->len > 0 && lines->str[lines->len - 1] != '\n')
		g_string_append_c(lines, '\n');
	return g_string_free(lines, FALSE);
}

/* True if no relay has a reason to touch the line, and no boundary is in it.
 */
static bool is_plain_line(const char *line, size_t len)
{
	size_t i;

	if (len > PLAIN_WIDTH || g_str_has_prefix(line, "From ") ||
	    (len > 0 && g_ascii_isspace(line[len - 1])))
		return false;
	for (i = 0; i < len; i++) {
		if (!g_ascii_isprint(line[i]) && line[i] != '\t')
			return false;
	}
	return g_strstr_len(line, (gssize)len, "=_") == NULL;
}

static bool is_plain(const char *lines)
{
	const char *end;

	for (; *lines != '\0'; lines = end + 1) {
		end = strchr(lines, '\n');
		if (!is_plain_line(lines, (size_t)(end - lines)))
			return false;
	}
	return true;
}

static void put_plain(GString *out, const char *lines)
{
	for (; *lines != '\0'; lines++) {
		if (*lines == '\n')
			g_string_append_c(out, '\r');
		g_string_append_c(out, *lines);
	}
}

/* True if the byte at p may stand for itself, column is the one it gets. */
static bool is_qp_plain(const char *p, size_t column)
{
	if (*p == ' ' || *p == '\t')
		return p[1] != '\n';
	if (column == 0 && (*p == '.' || g_str_has_prefix(p, "From ")))
		return false;
	return g_ascii_isgraph(*p) && *p != '=';
}

/* RFC 2045 6.7; no soft break inside a character. */
static void put_quoted_printable(GString *out, const char *lines)
{
	size_t column = 0, width, len, i;

	for (; *lines != '\0'; lines += len) {
		len = (size_t)(utf8_next(lines) - lines);
		if (*lines == '\n') {
			g_string_append(out, "\r\n");
			column = 0;
			continue;
		}
		width = is_qp_plain(lines, column) ? 1 : 3 * len;
		if (column + width >= QP_WIDTH) {
			g_string_append(out, "=\r\n");
			column = 0;
			width = is_qp_plain(lines, 0) ? 1 : 3 * len;
		}
		column += width;
		if (width == 1) {
			g_string_append_c(out, *lines);
			continue;
		}
		for (i = 0; i < len; i++)
			g_string_append_printf(out, "=%02X", (guchar)lines[i]);
	}
}

static void put_text(GString *out, const char *subtype, const char *text)
{
	g_autofree char *lines = dup_lines(text == NULL ? "" : text);
	bool plain = is_plain(lines);

	g_string_append_printf(out,
	                       "Content-Type: text/%s; charset=utf-8\r\n"
	                       "Content-Transfer-Encoding: %s\r\n\r\n",
	                       subtype, plain ? "7bit" : "quoted-printable");
	if (plain)
		put_plain(out, lines);
	else
		put_quoted_printable(out, lines);
}

static void put_base64(GString *out, GBytes *data)
{
	gsize len, i, n;
	const guchar *bytes = g_bytes_get_data(data, &len);
	char line[BASE64_BYTES / 3 * 4 + 8];
	gint state, save;

	for (i = 0; i < len; i += BASE64_BYTES) {
		state = save = 0;
		n = g_base64_encode_step(bytes + i, MIN(len - i, BASE64_BYTES),
		                         FALSE, line, &state, &save);
		n += g_base64_encode_close(FALSE, line + n, &state, &save);
		g_string_append_len(out, line, (gssize)n);
		g_string_append(out, "\r\n");
	}
}

/* Attachments */

/* "type/subtype" of tokens, RFC 2045 5.1; composite types may not be base64
 * (6.4) and go as a file. */
static const char *safe_type(const char *type)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789!#$&-^_.+";
	size_t main_len = type == NULL ? 0 : strspn(type, token), sub_len;

	if (main_len == 0 || main_len > 60 || type[main_len] != '/' ||
	    g_ascii_strncasecmp(type, "multipart/", 10) == 0 ||
	    g_ascii_strncasecmp(type, "message/", 8) == 0)
		return "application/octet-stream";
	sub_len = strspn(type + main_len + 1, token);
	if (sub_len == 0 || sub_len > 100 || type[main_len + 1 + sub_len])
		return "application/octet-stream";
	return type;
}

/* attribute-char of RFC 2231 7. */
static bool is_attribute_char(char c)
{
	return g_ascii_isalnum(c) ||
	       (c != '\0' && strchr("!#$&+-.^_`{|}~", c) != NULL);
}

static char *dup_percent(const char *text, size_t len)
{
	GString *out = g_string_new(NULL);
	size_t i;

	for (i = 0; i < len; i++) {
		if (is_attribute_char(text[i]))
			g_string_append_c(out, text[i]);
		else
			g_string_append_printf(out, "%%%02X", (guchar)text[i]);
	}
	return g_string_free(out, FALSE);
}

/* As many bytes of the name as fit one line, whole characters. */
static size_t percent_fitting(const char *text, size_t room)
{
	const char *p = text, *next;
	size_t used = 0;

	for (; *p != '\0'; p = next) {
		next = utf8_next(p);
		used += is_attribute_char(*p) ? 1 : 3 * (size_t)(next - p);
		if (used > room && p > text)
			break;
	}
	return (size_t)(p - text);
}

/* filename* in one piece, or in numbered ones, RFC 2231 3 and 4. */
static void put_extended_name(GString *out, const char *name)
{
	size_t room = LINE_WIDTH - strlen(" filename*00*=utf-8'';"), len, all;
	guint i;

	all = strlen(name);
	for (i = 0; *name != '\0'; i++) {
		g_autofree char *piece = NULL;

		len = percent_fitting(name, room);
		piece = dup_percent(name, len);
		g_string_append(out, ";\r\n filename*");
		if (len < all)
			g_string_append_printf(out, "%u*", i);
		g_string_append_printf(out, "=%s%s", i == 0 ? "utf-8''" : "",
		                       piece);
		name += len;
	}
}

static char *dup_name(const struct compose_part *part)
{
	return header_dup_line(part->filename == NULL ? "" : part->filename);
}

/* Fits one line of its own as it is. */
static bool is_quotable_name(const char *name)
{
	return *name != '\0' && strlen(name) <= FILENAME_PLAIN &&
	       g_str_is_ascii(name) && strpbrk(name, "\"\\/") == NULL &&
	       strstr(name, "=?") == NULL;
}

/* The name as one encoded word; NULL if it is too long for that. */
static char *dup_word(const char *name)
{
	size_t len = strlen(name);
	bool base64 = q_len(name, len) > 2 * len;
	g_autofree char *letters = NULL;

	if (encoded_len(name, len, base64) > WORD_MAX - WORD_OVERHEAD)
		return NULL;
	letters = base64 ? g_base64_encode((const guchar *)name, len)
	                 : dup_q(name, len);
	return g_strdup_printf("=?utf-8?%c?%s?=", base64 ? 'b' : 'q', letters);
}

/* With the name for programs that do not know RFC 2231: encoded words have no
 * place in a parameter (RFC 2047 5), but that is where those look for them. */
static void put_type(GString *out, const struct compose_part *part)
{
	g_autofree char *name = dup_name(part);
	g_autofree char *word = NULL;
	struct field field;

	field_begin(&field, out, "Content-Type");
	field_word(&field, safe_type(part->content_type));
	if (is_quotable_name(name)) {
		g_string_append_printf(out, ";\r\n name=\"%s\"", name);
	} else if (*name != '\0') {
		word = dup_word(name);
		if (word != NULL)
			g_string_append_printf(out, ";\r\n name=\"%s\"",
			                       word);
	}
	field_end(&field);
}

static void put_disposition(GString *out, const struct compose_part *part,
                            const char *disposition)
{
	g_autofree char *name = dup_name(part);

	g_string_append_printf(out, "Content-Disposition: %s", disposition);
	if (is_quotable_name(name))
		g_string_append_printf(out, ";\r\n filename=\"%s\"", name);
	else if (*name != '\0')
		put_extended_name(out, name);
	g_string_append(out, "\r\n");
}

static void put_part(GString *out, const struct compose_part *part)
{
	g_autofree char *id = NULL;
	bool has_id = part->content_id != NULL && *part->content_id != '\0';

	put_type(out, part);
	g_string_append(out, "Content-Transfer-Encoding: base64\r\n");
	if (has_id) {
		id = g_strdup_printf("<%s>", part->content_id);
		has_id = is_message_id(id);
	}
	if (has_id)
		put_field(out, "Content-ID", id);
	put_disposition(out, part, has_id ? "inline" : "attachment");
	g_string_append(out, "\r\n");
	put_base64(out, part->data);
}

/* Structure */

/* The same for the same message, so that a second attempt is the same. */
static char *dup_boundary(const struct compose *compose, const char *level)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	if (compose->message_id != NULL)
		g_checksum_update(sum, (const guchar *)compose->message_id, -1);
	g_checksum_update(sum, (const guchar *)level, -1);
	return g_strdup_printf("=_%.32s", g_checksum_get_string(sum));
}

static void put_multipart(GString *out, const char *subtype,
                          const char *boundary)
{
	g_string_append_printf(out,
	                       "Content-Type: multipart/%s;\r\n"
	                       " boundary=\"%s\"\r\n\r\n",
	                       subtype, boundary);
}

static bool has_html(const struct compose *compose)
{
	return compose->html != NULL && *compose->html != '\0';
}

/* Whether the HTML shows the part. */
static bool is_shown(const struct compose *compose,
                     const struct compose_part *part)
{
	g_autofree char *id = NULL;
	g_autofree char *name = NULL;

	if (!has_html(compose) || part->content_id == NULL ||
	    *part->content_id == '\0')
		return false;
	id = g_markup_escape_text(part->content_id, -1);
	name = g_strdup_printf("cid:%s\"", id);
	return strstr(compose->html, name) != NULL;
}

static size_t count_parts(const struct compose *compose, bool shown)
{
	size_t count = 0;

	for (size_t i = 0; i < compose->n_parts; i++)
		count += is_shown(compose, &compose->parts[i]) == shown;
	return count;
}

static void put_parts(GString *out, const struct compose *compose,
                      const char *boundary, bool shown)
{
	for (size_t i = 0; i < compose->n_parts; i++) {
		if (is_shown(compose, &compose->parts[i]) != shown)
			continue;
		g_string_append_printf(out, "\r\n--%s\r\n", boundary);
		put_part(out, &compose->parts[i]);
	}
	g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
}

static void put_html(GString *out, const struct compose *compose)
{
	g_autofree char *boundary = NULL;

	if (count_parts(compose, true) == 0) {
		put_text(out, "html", compose->html);
		return;
	}
	boundary = dup_boundary(compose, "related");
	g_string_append_printf(out,
	                       "Content-Type: multipart/related;\r\n"
	                       " type=\"text/html\";\r\n"
	                       " boundary=\"%s\"\r\n\r\n--%s\r\n",
	                       boundary, boundary);
	put_text(out, "html", compose->html);
	put_parts(out, compose, boundary, true);
}

static void put_readable(GString *out, const struct compose *compose)
{
	g_autofree char *boundary = NULL;

	if (!has_html(compose)) {
		put_text(out, "plain", compose->text);
		return;
	}
	boundary = dup_boundary(compose, "alternative");
	put_multipart(out, "alternative", boundary);
	g_string_append_printf(out, "--%s\r\n", boundary);
	put_text(out, "plain", compose->text);
	g_string_append_printf(out, "\r\n--%s\r\n", boundary);
	put_html(out, compose);
	g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
}

static void put_body(GString *out, const struct compose *compose)
{
	g_autofree char *boundary = NULL;

	if (count_parts(compose, false) == 0) {
		put_readable(out, compose);
		return;
	}
	boundary = dup_boundary(compose, "mixed");
	put_multipart(out, "mixed", boundary);
	g_string_append_printf(out, "--%s\r\n", boundary);
	put_readable(out, compose);
	put_parts(out, compose, boundary, false);
}

/* RFC 3834 5, and what Exchange heeds. */
static void put_automatic(GString *out, enum compose_auto automatic)
{
	if (automatic == COMPOSE_HUMAN)
		return;
	put_field(out, "Auto-Submitted",
	          automatic == COMPOSE_REPLIED ? "auto-replied"
	                                       : "auto-generated");
	put_field(out, "X-Auto-Response-Suppress", "All");
}

static void put_thread_index(GString *out, const char *index)
{
	if (index != NULL && *index != '\0' && strlen(index) <= LINE_MAX_INDEX
	    && index[strspn(index, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                           "abcdefghijklmnopqrstuvwxyz"
	                           "0123456789+/=")] == '\0')
		put_field(out, "Thread-Index", index);
}

GBytes *compose_message(const struct compose *compose, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *date = clock_dup_rfc5322(compose->date);

	put_field(out, "Date", date);
	if (!put_from(out, compose, error) ||
	    !put_addresses(out, "To", compose->to, error) ||
	    !put_addresses(out, "Cc", compose->cc, error) ||
	    !put_reply_to(out, compose->reply_to, error))
		return NULL;
	put_text_field(out, "Subject", compose->subject);
	if (!put_message_id(out, compose->message_id, error))
		return NULL;
	if (is_message_id(compose->in_reply_to))
		put_field(out, "In-Reply-To", compose->in_reply_to);
	put_references(out, compose->references);
	put_text_field(out, "Thread-Topic", compose->thread_topic);
	put_thread_index(out, compose->thread_index);
	put_automatic(out, compose->automatic);
	put_text_field(out, "X-Portaria-Ticket", compose->ticket_ref);
	g_string_append(out, "MIME-Version: 1.0\r\n");
	put_body(out, compose);
	return g_string_free_to_bytes(g_steal_pointer(&out));
}
