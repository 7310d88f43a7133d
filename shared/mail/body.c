/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body.c - which parts of a MIME tree are the text, which attachments
 *
 * The text is every text/plain and text/html leaf that stands in the flow of
 * the message: not declared an attachment, not named (except the first), not
 * behind the root of multipart/related, not the second or later part of a
 * report or signed message. Of the children of multipart/alternative the
 * plain ones make the text and the HTML ones the HTML. All else is an
 * attachment; nothing is dropped.
 */
#include "mail/body.h"

#include <string.h>

#include "mail/charset.h"
#include "mail/filename.h"
#include "mail/gmimeauto.h"
#include "mail/header.h"
#include "mail/html.h"
#include "mail/sniff.h"
#include "mail/text.h"

/* What a part may become. */
enum role {
	ROLE_BODY,
	ROLE_RELATED, /* belongs to the HTML */
	ROLE_ATTACHMENT,
};

/* A leaf that is text of the message. */
struct piece {
	bool is_html;
	char *text;
	guint group; /* multipart/alternative it stands in, 0 for none */
	guint child; /* which of the alternatives */
};

struct walk {
	struct mail *mail;
	const struct limits *limits;
	GPtrArray *pieces;
	guint groups; /* alternatives seen so far */
	guint group;  /* the one we are in */
	guint child;
};

static void piece_free(gpointer data)
{
	struct piece *piece = data;

	g_free(piece->text);
	g_free(piece);
}

static void walk_object(struct walk *walk, GMimeObject *object, enum role role);

/* ---- reading a leaf ---- */

static GBytes *take_stream(GMimeStream *stream)
{
	GByteArray *array =
		g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	return g_byte_array_free_to_bytes(array);
}

/* The content with the transfer encoding undone. */
static GBytes *read_content(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	g_autoptr(GMimeStream) stream = g_mime_stream_mem_new();

	if (content != NULL)
		(void)g_mime_data_wrapper_write_to_stream(content, stream);
	return take_stream(stream);
}

/* An attached message as bytes, with CRLF between header and body. */
static GBytes *read_message(GMimeMessagePart *part)
{
	GMimeMessage *message = g_mime_message_part_get_message(part);
	g_autoptr(GMimeStream) stream = g_mime_stream_mem_new();
	GMimeFormatOptions *options = g_mime_format_options_new();

	g_mime_format_options_set_newline_format(options,
	                                         GMIME_NEWLINE_FORMAT_DOS);
	if (message != NULL)
		(void)g_mime_object_write_to_stream(GMIME_OBJECT(message),
		                                    options, stream);
	g_mime_format_options_free(options);
	return take_stream(stream);
}

static char *dup_type(GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	g_autofree char *name =
		type != NULL ? g_mime_content_type_get_mime_type(type)
			     : g_strdup("text/plain");
	g_autofree char *line = text_dup_line_len(name, strlen(name), 200);

	return g_utf8_strdown(line, -1);
}

static const char *raw_header(GMimeObject *object, const char *name)
{
	GMimeHeader *header = g_mime_header_list_get_header(
		g_mime_object_get_header_list(object), name);

	return header != NULL ? g_mime_header_get_raw_value(header) : NULL;
}

static char *dup_parameter(struct walk *walk, GMimeObject *object,
                           const char *header, const char *name)
{
	const char *value = raw_header(object, header);

	if (value == NULL)
		return NULL;
	return filename_dup_parameter(value, name,
	                              walk->limits->mime_parameters);
}

/* ---- names ---- */

static char *subject_name(GMimeObject *object)
{
	if (!GMIME_IS_MESSAGE_PART(object))
		return NULL;
	GMimeMessage *message =
		g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
	const char *raw = message != NULL
	                          ? raw_header(GMIME_OBJECT(message), "Subject")
	                          : NULL;

	if (raw == NULL)
		return NULL;
	g_autofree char *subject = header_decode(raw, strlen(raw), NULL);

	if (subject[0] == '\0')
		return NULL;
	g_strdelimit(subject, "/\\", '_'); /* not a path */
	return g_strconcat(subject, ".eml", NULL);
}

/* The name the sender gave, or NULL. Owned. */
static char *declared_name(struct walk *walk, GMimeObject *object)
{
	char *name =
		dup_parameter(walk, object, "Content-Disposition", "filename");

	if (name == NULL || name[0] == '\0') {
		g_free(name);
		name = dup_parameter(walk, object, "Content-Type", "name");
	}
	if (name != NULL && name[0] == '\0')
		g_clear_pointer(&name, g_free);
	return name;
}

static char *safe_name(struct walk *walk, GMimeObject *object,
                       const char *content_type)
{
	g_autofree char *declared = declared_name(walk, object);
	g_autofree char *name = declared != NULL ? g_steal_pointer(&declared)
	                                         : subject_name(object);
	char *safe = filename_dup_safe(name != NULL ? name : "");

	if (safe[0] != '\0')
		return safe;
	g_free(safe);
	return filename_dup_for_type(content_type);
}

/* ---- attachments ---- */

static bool is_disposition(GMimeObject *object, const char *wanted)
{
	const char *disposition = g_mime_object_get_disposition(object);

	return disposition != NULL &&
	       g_ascii_strcasecmp(disposition, wanted) == 0;
}

static char *dup_content_id(GMimeObject *object)
{
	const char *id = g_mime_object_get_content_id(object);

	return id != NULL ? text_dup_line_len(id, strlen(id), 998)
	                  : g_strdup("");
}

static void note_encryption(struct walk *walk, GMimeObject *object,
                            const char *type)
{
	if (strcmp(type, "application/pkcs7-mime") == 0 ||
	    strcmp(type, "application/x-pkcs7-mime") == 0) {
		const char *kind = g_mime_object_get_content_type_parameter(
			object, "smime-type");

		if (kind == NULL || g_ascii_strcasecmp(kind, "certs-only") != 0)
			walk->mail->warnings |= MAIL_WARN_ENCRYPTED;
	}
}

static void add_attachment(struct walk *walk, GMimeObject *object,
                           enum role role, GBytes *data)
{
	struct mail_part *part = g_new0(struct mail_part, 1);

	part->content_type = dup_type(object);
	part->filename = safe_name(walk, object, part->content_type);
	part->content_id = dup_content_id(object);
	part->is_inline =
		role == ROLE_RELATED || is_disposition(object, "inline");
	part->data = data;
	part->detected_type = sniff_dup_type(data, part->content_type);
	note_encryption(walk, object, part->content_type);
	g_ptr_array_add(walk->mail->parts, part);
}

/* Text that was cut, or could not be text, whole. */
static void add_text_attachment(struct mail *mail, const char *type,
                                GBytes *data)
{
	struct mail_part *part = g_new0(struct mail_part, 1);

	part->content_type = g_strdup(type);
	part->filename = filename_dup_for_type(type);
	part->content_id = g_strdup("");
	part->detected_type = g_strdup("");
	part->data = g_bytes_ref(data);
	g_ptr_array_add(mail->parts, part);
}

/* ---- text ---- */

static bool is_text(GMimeObject *object)
{
	static const char *const subtypes[] = { "plain", "html", "enriched",
		                                "richtext" };
	GMimeContentType *type = g_mime_object_get_content_type(object);

	if (type == NULL)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(subtypes); i++)
		if (g_mime_content_type_is_type(type, "text", subtypes[i]))
			return true;
	return false;
}

static bool is_html(GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);

	return type != NULL &&
	       g_mime_content_type_is_type(type, "text", "html");
}

static bool is_body(struct walk *walk, GMimeObject *object, enum role role)
{
	bool first = walk->pieces->len == 0;

	if (role != ROLE_BODY || !GMIME_IS_PART(object) || !is_text(object))
		return false;
	g_autofree char *name = declared_name(walk, object);

	if (is_disposition(object, "attachment"))
		return first && name == NULL && walk->mail->parts->len == 0;
	return first || name == NULL;
}

/* Reads at most what text_bytes can hold, cut at a line end: UTF-32 has four
 * bytes a character. */
static size_t text_input_len(const char *data, size_t len, guint64 text_bytes)
{
	if (len <= text_bytes * 4)
		return len;
	const char *lf = memrchr(data, '\n', (size_t)text_bytes * 4);

	return lf != NULL ? (size_t)(lf + 1 - data) : (size_t)text_bytes * 4;
}

static char *decode_text(struct walk *walk, GMimeObject *object, GBytes *data,
                         bool *ret_cut)
{
	gsize len = 0;
	const char *bytes = text_of_bytes(data, &len);
	size_t used = text_input_len(bytes, len, walk->limits->text_bytes);
	bool wrong = false;
	g_autofree char *charset =
		dup_parameter(walk, object, "Content-Type", "charset");

	/* what the page says counts only if the mail says nothing */
	if (charset == NULL && is_html(object) &&
	    !g_utf8_validate_len(bytes, used, NULL))
		charset = html_dup_charset(bytes, used);
	char *text = charset_to_utf8(charset, bytes, used, &wrong);

	if (wrong)
		walk->mail->warnings |= MAIL_WARN_CHARSET;
	*ret_cut = used < len;
	if (text_cut(text, walk->limits->text_bytes))
		*ret_cut = true;
	return text;
}

/* One line end, so that what follows need not care. */
static char *take_lf(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '\r' && from[1] == '\n')
			continue;
		*to++ = *from == '\r' ? '\n' : *from;
	}
	*to = '\0';
	return text;
}

static char *take_format(GMimeObject *object, char *text)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	const char *format =
		g_mime_object_get_content_type_parameter(object, "format");
	const char *delsp =
		g_mime_object_get_content_type_parameter(object, "delsp");
	char *out = NULL;

	text = take_lf(text);
	if (type != NULL &&
	    (g_mime_content_type_is_type(type, "text", "enriched") ||
	     g_mime_content_type_is_type(type, "text", "richtext")))
		out = html_from_enriched(text);
	else if (format != NULL && g_ascii_strcasecmp(format, "flowed") == 0)
		out = text_unflow(
			text,
			delsp != NULL && g_ascii_strcasecmp(delsp, "yes") == 0);
	else
		return text;
	g_free(text);
	return out;
}

static void add_piece(struct walk *walk, GMimeObject *object)
{
	g_autoptr(GBytes) data = read_content(GMIME_PART(object));
	struct piece *piece = g_new0(struct piece, 1);
	bool cut = false;

	piece->is_html = is_html(object);
	piece->group = walk->group;
	piece->child = walk->child;
	piece->text = decode_text(walk, object, data, &cut);
	if (!piece->is_html)
		piece->text = take_format(object, piece->text);
	g_ptr_array_add(walk->pieces, piece);
	if (cut) {
		walk->mail->warnings |= MAIL_WARN_TRUNCATED;
		add_text_attachment(walk->mail,
		                    piece->is_html ? "text/html" : "text/plain",
		                    data);
	}
}

/* ---- multiparts ---- */

static GMimeObject *related_root(GMimeMultipart *multipart)
{
	const char *start = g_mime_object_get_content_type_parameter(
		GMIME_OBJECT(multipart), "start");
	int n = g_mime_multipart_get_count(multipart);

	for (int i = 0; start != NULL && i < n; i++) {
		GMimeObject *child = g_mime_multipart_get_part(multipart, i);
		const char *id = g_mime_object_get_content_id(child);
		size_t len = id != NULL ? strlen(id) : 0;

		/* start is written with <>, the ID comes without */
		if (id != NULL && strstr(start, id) != NULL && len > 0 &&
		    strlen(start) <= len + 2)
			return child;
	}
	return g_mime_multipart_get_part(multipart, 0);
}

/* Which child of a multipart may be the body. */
enum layout {
	LAYOUT_ALL,
	LAYOUT_FIRST,
	LAYOUT_ROOT,
	LAYOUT_CHOICE,
	LAYOUT_NONE
};

static enum layout find_layout(GMimeMultipart *multipart)
{
	static const struct {
		const char *subtype;
		enum layout layout;
	} layouts[] = {
		{ "alternative", LAYOUT_CHOICE }, { "related", LAYOUT_ROOT },
		{ "report", LAYOUT_FIRST },       { "signed", LAYOUT_FIRST },
		{ "encrypted", LAYOUT_NONE },     { "digest", LAYOUT_NONE },
	};
	GMimeContentType *type =
		g_mime_object_get_content_type(GMIME_OBJECT(multipart));

	for (size_t i = 0; type != NULL && i < G_N_ELEMENTS(layouts); i++)
		if (g_mime_content_type_is_type(type, "multipart",
		                                layouts[i].subtype))
			return layouts[i].layout;
	return LAYOUT_ALL;
}

static enum role child_role(enum layout layout, bool is_first, bool is_root)
{
	switch (layout) {
	case LAYOUT_ALL:
	case LAYOUT_CHOICE:
		return ROLE_BODY;
	case LAYOUT_FIRST:
		return is_first ? ROLE_BODY : ROLE_ATTACHMENT;
	case LAYOUT_ROOT:
		return is_root ? ROLE_BODY : ROLE_RELATED;
	case LAYOUT_NONE:
		break;
	}
	return ROLE_ATTACHMENT;
}

/* A multipart without parts: no boundary, or none found. */
static void walk_hollow(struct walk *walk, GMimeMultipart *multipart,
                        enum role role)
{
	const char *text = g_mime_multipart_get_prologue(multipart);

	walk->mail->warnings |= MAIL_WARN_STRUCTURE;
	if (text == NULL || text[0] == '\0')
		return;
	if (role != ROLE_BODY) {
		g_autoptr(GBytes) data = g_bytes_new(text, strlen(text));

		add_text_attachment(walk->mail, "text/plain", data);
		return;
	}
	struct piece *piece = g_new0(struct piece, 1);

	piece->group = walk->group;
	piece->child = walk->child;
	piece->text = take_lf(charset_to_utf8(NULL, text, strlen(text), NULL));
	if (text_cut(piece->text, walk->limits->text_bytes))
		walk->mail->warnings |= MAIL_WARN_TRUNCATED;
	g_ptr_array_add(walk->pieces, piece);
}

static void walk_multipart(struct walk *walk, GMimeMultipart *multipart,
                           enum role role)
{
	enum layout layout = find_layout(multipart);
	int n = g_mime_multipart_get_count(multipart);
	GMimeObject *root = n > 0 ? related_root(multipart) : NULL;
	bool opens = layout == LAYOUT_CHOICE && walk->group == 0;

	if (n <= 0) {
		walk_hollow(walk, multipart, role);
		return;
	}
	if (GMIME_IS_MULTIPART_ENCRYPTED(multipart))
		walk->mail->warnings |= MAIL_WARN_ENCRYPTED;
	if (opens)
		walk->group = ++walk->groups;
	for (int i = 0; i < n; i++) {
		GMimeObject *child = g_mime_multipart_get_part(multipart, i);
		enum role wanted = child_role(layout, i == 0, child == root);

		if (opens)
			walk->child = (guint)i;
		walk_object(walk, child, MAX(role, wanted));
	}
	if (opens) {
		walk->group = 0;
		walk->child = 0;
	}
}

static void walk_object(struct walk *walk, GMimeObject *object, enum role role)
{
	if (GMIME_IS_MULTIPART(object)) {
		walk_multipart(walk, GMIME_MULTIPART(object), role);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		add_attachment(walk, object, role,
		               read_message(GMIME_MESSAGE_PART(object)));
	} else if (is_body(walk, object, role)) {
		add_piece(walk, object);
	} else if (GMIME_IS_PART(object)) {
		add_attachment(walk, object, role,
		               read_content(GMIME_PART(object)));
	}
}

/* ---- putting the pieces together ---- */

static bool is_blank(const char *text)
{
	for (; *text != '\0'; text++)
		if (!g_ascii_isspace(*text) && (guchar)*text != 0xc2 &&
		    (guchar)*text != 0xa0)
			return false;
	return true;
}

static char *piece_text(struct walk *walk, const struct piece *piece)
{
	bool cut = false;

	if (!piece->is_html)
		return g_strdup(piece->text);
	char *text = html_to_text(piece->text, walk->limits->html_nodes, &cut);

	if (cut)
		walk->mail->warnings |= MAIL_WARN_TRUNCATED;
	return text;
}

static void append(GString *to, const char *text)
{
	if (is_blank(text))
		return;
	if (to->len > 0)
		g_string_append_c(to, '\n');
	g_string_append(to, text);
}

struct choice {
	bool has_plain;
	bool has_html;
	guint plain; /* the first child with plain text */
	guint html;  /* the last with HTML */
};

static struct choice choose(GPtrArray *pieces, guint group)
{
	struct choice choice = { 0 };

	for (guint i = 0; i < pieces->len; i++) {
		const struct piece *piece = g_ptr_array_index(pieces, i);

		if (piece->group != group || is_blank(piece->text))
			continue;
		if (piece->is_html) {
			choice.has_html = true;
			choice.html = piece->child;
		} else if (!choice.has_plain) {
			choice.has_plain = true;
			choice.plain = piece->child;
		}
	}
	return choice;
}

/* Whether a piece of an alternative is text, by the choice made. */
static bool is_chosen(const struct piece *piece, const struct choice *choice)
{
	if (choice->has_plain)
		return !piece->is_html && piece->child == choice->plain;
	return piece->is_html && piece->child == choice->html;
}

/* An alternative that was not chosen. */
static void keep_piece(struct walk *walk, const struct piece *piece)
{
	if (is_blank(piece->text))
		return;
	g_autoptr(GBytes) data = g_bytes_new(piece->text, strlen(piece->text));

	add_text_attachment(walk->mail,
	                    piece->is_html ? "text/html" : "text/plain", data);
}

static void join_pieces(struct walk *walk, GString *text, GString *html)
{
	struct choice choice = { 0 };
	guint known = 0;

	for (guint i = 0; i < walk->pieces->len; i++) {
		const struct piece *piece = g_ptr_array_index(walk->pieces, i);

		if (piece->group != 0 && piece->group != known) {
			choice = choose(walk->pieces, piece->group);
			known = piece->group;
		}
		bool is_text = piece->group == 0 || is_chosen(piece, &choice);
		bool is_shown = piece->is_html && (piece->group == 0 ||
		                                   piece->child == choice.html);

		if (is_text) {
			g_autofree char *part = piece_text(walk, piece);

			append(text, part);
		}
		if (is_shown)
			append(html, piece->text);
		if (!is_text && !is_shown)
			keep_piece(walk, piece);
	}
}

static void finish(struct walk *walk)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) html = g_string_new(NULL);
	struct mail *mail = walk->mail;

	join_pieces(walk, text, html);
	g_free(mail->text);
	g_free(mail->html);
	mail->text = text_take_clean(g_strdup(text->str));
	if (text_cut(mail->text, walk->limits->text_bytes))
		mail->warnings |= MAIL_WARN_TRUNCATED;
	mail->html = g_strdup(html->str);
	if (text_cut(mail->html, walk->limits->text_bytes))
		mail->warnings |= MAIL_WARN_TRUNCATED;
	if (strstr(mail->text, "-----BEGIN PGP MESSAGE-----") != NULL)
		mail->warnings |= MAIL_WARN_ENCRYPTED;
}

void body_read(struct mail *mail, GMimeObject *root,
               const struct limits *limits)
{
	struct walk walk = {
		.mail = mail,
		.limits = limits,
		.pieces = g_ptr_array_new_with_free_func(piece_free),
	};

	walk_object(&walk, root, ROLE_BODY);
	finish(&walk);
	g_ptr_array_unref(walk.pieces);
}

void body_read_raw(struct mail *mail, const char *data, size_t len,
                   const struct limits *limits)
{
	size_t used = text_input_len(data, len, limits->text_bytes);
	char *text = charset_to_utf8(NULL, data, used, NULL);

	g_free(mail->text);
	mail->text = text_take_clean(text);
	if (text_cut(mail->text, limits->text_bytes) || used < len) {
		g_autoptr(GBytes) whole = g_bytes_new(data, len);

		mail->warnings |= MAIL_WARN_TRUNCATED;
		add_text_attachment(mail, "text/plain", whole);
	}
	mail->warnings |= MAIL_WARN_STRUCTURE;
}
