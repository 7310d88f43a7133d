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

#include "mail/calendar.h"
#include "mail/charset.h"
#include "mail/cms.h"
#include "mail/filename.h"
#include "mail/header.h"
#include "mail/html.h"
#include "mail/mailbuild.h"
#include "mail/mimecode.h"
#include "mail/sniff.h"
#include "mail/text.h"

#define OPAQUE_MAX 4 /* signed wrappings inside each other */

/* What a part may become. */
enum role {
	ROLE_BODY,
	ROLE_RELATED, /* belongs to the HTML */
	ROLE_ATTACHMENT,
};

/* A leaf that is text of the message. */
struct piece {
	bool is_html;
	bool is_rich; /* text/enriched, shown as plain text */
	char *text;
	guint group; /* multipart/alternative it stands in, 0 for none */
	guint child; /* which of the alternatives */
};

struct walk {
	struct mail *mail;
	GBytes *raw; /* what the nodes point into */
	const struct limits *limits;
	guint opaque; /* signed wrappings opened so far */
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

static void free_file(gpointer data)
{
	mimecode_file_free(data);
}

static void walk_node(struct walk *walk, const struct mime_node *node,
                      enum role role);

/* ---- names ---- */

/* The Subject of a message, as a file name would have it. */
static char *subject_name(GBytes *message)
{
	gsize len = 0;
	const char *data = text_of_bytes(message, &len);
	struct header_walk walk;
	struct header_field field;

	mail_skip_mbox_line(&data, &len);
	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		if (!header_is(&field, "Subject"))
			continue;
		g_autofree char *subject =
			header_decode(field.value, field.value_len, NULL);

		if (subject[0] == '\0')
			return NULL;
		g_strdelimit(subject, "/\\", '_'); /* not a path */
		return g_strconcat(subject, ".eml", NULL);
	}
	return NULL;
}

/* The name that stands behind "begin" of a uuencoded part. */
static char *uuencoded_name(const struct mime_node *node)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(free_file);
	g_autoptr(GBytes) body =
		g_bytes_new_static(node->body, node->body_len);
	GBytes *rest = mimecode_take_files(body, 1, files);

	if (rest == NULL)
		return NULL;
	g_bytes_unref(rest);
	const struct mimecode_file *file = g_ptr_array_index(files, 0);

	return charset_to_utf8(NULL, file->name, strlen(file->name), NULL);
}

static char *take_unless_empty(char *name)
{
	if (name != NULL && name[0] == '\0')
		g_clear_pointer(&name, g_free);
	return name;
}

static char *name_parameter(struct walk *walk, const char *value,
                            const char *name)
{
	return value != NULL ? take_unless_empty(filename_dup_parameter(
				       value, name,
				       walk->limits->mime_parameters))
	                     : NULL;
}

/* The name the sender gave, or NULL. Owned. */
static char *declared_name(struct walk *walk, const struct mime_node *node)
{
	char *name = name_parameter(walk, node->disposition, "filename");

	return name != NULL ? name
	                    : name_parameter(walk, node->content_type, "name");
}

static bool is_message(const char *type)
{
	return strcmp(type, "message/rfc822") == 0 ||
	       strcmp(type, "message/global") == 0 ||
	       strcmp(type, "message/rfc2822") == 0 ||
	       strcmp(type, "message/news") == 0;
}

static char *safe_name(struct walk *walk, const struct mime_node *node,
                       GBytes *data)
{
	g_autofree char *name = declared_name(walk, node);

	if (name == NULL && is_message(node->type))
		name = subject_name(data);
	if (name == NULL && node->encoding == MIME_UUENCODE)
		name = uuencoded_name(node);
	char *safe = filename_dup_safe(name != NULL ? name : "");

	if (safe[0] != '\0')
		return safe;
	g_free(safe);
	return filename_dup_for_type(node->type);
}

/* ---- attachments ---- */

static bool is_disposition(const struct mime_node *node, const char *wanted)
{
	const char *value = node->disposition;

	if (value == NULL)
		return false;
	while (g_ascii_isspace(*value))
		value++;
	size_t len = strcspn(value, "; \t\r\n(");

	return len == strlen(wanted) &&
	       g_ascii_strncasecmp(value, wanted, len) == 0;
}

/* Without the brackets. */
static char *dup_content_id(const struct mime_node *node)
{
	if (node->content_id == NULL)
		return g_strdup("");
	char *id = text_dup_line_len(node->content_id,
	                             strlen(node->content_id), 998);
	size_t len = strlen(id);

	if (len >= 2 && id[0] == '<' && id[len - 1] == '>') {
		memmove(id, id + 1, len - 2);
		id[len - 2] = '\0';
	}
	return id;
}

static struct mail_part *add_attachment(struct walk *walk,
                                        const struct mime_node *node,
                                        enum role role, GBytes *data)
{
	struct mail_part *part = g_new0(struct mail_part, 1);

	part->content_type = g_strdup(node->type);
	part->filename = safe_name(walk, node, data);
	part->content_id = dup_content_id(node);
	part->is_inline =
		role == ROLE_RELATED || is_disposition(node, "inline");
	part->data = data;
	part->detected_type = sniff_dup_type(data, part->content_type);
	g_ptr_array_add(walk->mail->parts, part);
	return part;
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

static bool is_text(const struct mime_node *node)
{
	static const char *const types[] = { "text/plain", "text/html",
		                             "text/enriched", "text/richtext" };

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (mime_is_type(node, types[i]))
			return true;
	return false;
}

static bool is_body(struct walk *walk, const struct mime_node *node,
                    enum role role)
{
	bool first = walk->pieces->len == 0;

	if (role != ROLE_BODY || !is_text(node))
		return false;
	g_autofree char *name = declared_name(walk, node);

	if (is_disposition(node, "attachment"))
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

static char *decode_text(struct walk *walk, const struct mime_node *node,
                         GBytes *data, bool *ret_cut)
{
	gsize len = 0;
	const char *bytes = text_of_bytes(data, &len);
	size_t used = text_input_len(bytes, len, walk->limits->text_bytes);
	bool wrong = false;
	g_autofree char *charset =
		mime_dup_parameter(node, "charset", walk->limits);

	/* what the page says counts only if the mail says nothing */
	if (charset == NULL && mime_is_type(node, "text/html") &&
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

static bool is_enriched(const struct mime_node *node)
{
	return mime_is_type(node, "text/enriched") ||
	       mime_is_type(node, "text/richtext");
}

static bool is_parameter(struct walk *walk, const struct mime_node *node,
                         const char *name, const char *wanted)
{
	g_autofree char *value = mime_dup_parameter(node, name, walk->limits);

	return value != NULL && g_ascii_strcasecmp(value, wanted) == 0;
}

static char *take_format(struct walk *walk, const struct mime_node *node,
                         char *text)
{
	char *out = NULL;

	text = take_lf(text);
	if (is_enriched(node))
		out = html_from_enriched(text);
	else if (is_parameter(walk, node, "format", "flowed"))
		out = text_unflow(text,
		                  is_parameter(walk, node, "delsp", "yes"));
	else
		return text;
	g_free(text);
	return out;
}

static void add_file(struct walk *walk, const struct mimecode_file *file)
{
	struct mail_part *part = g_new0(struct mail_part, 1);
	g_autofree char *name =
		charset_to_utf8(NULL, file->name, strlen(file->name), NULL);

	part->filename = filename_dup_safe(name);
	part->content_type = g_strdup("application/octet-stream");
	part->content_id = g_strdup("");
	part->data = g_bytes_ref(file->data);
	part->detected_type = sniff_dup_type(part->data, part->content_type);
	if (part->filename[0] == '\0') {
		g_free(part->filename);
		part->filename = filename_dup_for_type(part->detected_type);
	}
	g_ptr_array_add(walk->mail->parts, part);
}

/* Takes the text's bytes and gives them back without uuencoded files. */
static GBytes *take_out_files(struct walk *walk, GBytes *data)
{
	guint64 room = walk->limits->mime_parts;
	guint have = walk->mail->parts->len;
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(free_file);
	GBytes *rest = mimecode_take_files(
		data, room > have ? (guint)(room - have) : 0, files);

	for (guint i = 0; i < files->len; i++)
		add_file(walk, g_ptr_array_index(files, i));
	if (rest == NULL)
		return data;
	g_bytes_unref(data);
	return rest;
}

static void note_pgp(struct walk *walk, const char *text)
{
	static const struct {
		const char *mark;
		enum mail_warning warning;
	} marks[] = {
		{ "-----BEGIN PGP MESSAGE-----", MAIL_WARN_ENCRYPTED },
		{ "-----BEGIN PGP SIGNED MESSAGE-----", MAIL_WARN_SIGNED },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
		const char *at = strstr(text, marks[i].mark);

		if (at != NULL && (at == text || at[-1] == '\n'))
			walk->mail->warnings |= marks[i].warning;
	}
}

static void add_piece(struct walk *walk, const struct mime_node *node)
{
	g_autoptr(GBytes) data = mime_dup_content(node, walk->raw);
	struct piece *piece = g_new0(struct piece, 1);
	bool cut = false;

	piece->is_html = mime_is_type(node, "text/html");
	piece->is_rich = is_enriched(node);
	piece->group = walk->group;
	piece->child = walk->child;
	if (mime_is_type(node, "text/plain"))
		data = take_out_files(walk, g_steal_pointer(&data));
	piece->text = decode_text(walk, node, data, &cut);
	if (!piece->is_html) {
		piece->text = take_format(walk, node, piece->text);
		note_pgp(walk, piece->text);
	}
	g_ptr_array_add(walk->pieces, piece);
	if (cut) {
		walk->mail->warnings |= MAIL_WARN_TRUNCATED;
		add_text_attachment(walk->mail, node->type, data);
	}
}

/* ---- multiparts ---- */

static const struct mime_node *child_at(const struct mime_node *node, guint i)
{
	return g_ptr_array_index(node->children, i);
}

static const struct mime_node *related_root(struct walk *walk,
                                            const struct mime_node *node)
{
	g_autofree char *start =
		mime_dup_parameter(node, "start", walk->limits);

	for (guint i = 0; start != NULL && i < node->children->len; i++) {
		g_autofree char *id = dup_content_id(child_at(node, i));
		size_t len = strlen(id);

		/* start is written with <>, the ID comes without */
		if (len > 0 && strstr(start, id) != NULL &&
		    strlen(start) <= len + 2)
			return child_at(node, i);
	}
	return child_at(node, 0);
}

/* Which child of a multipart may be the body. */
enum layout {
	LAYOUT_ALL,
	LAYOUT_FIRST,
	LAYOUT_ROOT,
	LAYOUT_CHOICE,
	LAYOUT_NONE,
	LAYOUT_DOUBLE, /* a file and its resource fork */
};

static const struct {
	const char *type;
	enum layout layout;
	enum mail_warning warning; /* or 0 */
} layouts[] = {
	{ "multipart/alternative", LAYOUT_CHOICE, 0 },
	{ "multipart/related", LAYOUT_ROOT, 0 },
	{ "multipart/report", LAYOUT_FIRST, 0 },
	{ "multipart/signed", LAYOUT_FIRST, MAIL_WARN_SIGNED },
	{ "multipart/encrypted", LAYOUT_NONE, MAIL_WARN_ENCRYPTED },
	{ "multipart/digest", LAYOUT_NONE, 0 },
	{ "multipart/appledouble", LAYOUT_DOUBLE, 0 },
	{ "multipart/x-appledouble", LAYOUT_DOUBLE, 0 },
};

static enum layout find_layout(struct walk *walk, const struct mime_node *node)
{
	for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
		if (strcmp(node->type, layouts[i].type) != 0)
			continue;
		walk->mail->warnings |= layouts[i].warning;
		return layouts[i].layout;
	}
	return LAYOUT_ALL;
}

static enum role child_role(enum layout layout, bool is_first, bool is_root)
{
	switch (layout) {
	case LAYOUT_ALL:
	case LAYOUT_CHOICE:
	case LAYOUT_DOUBLE:
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
static void walk_hollow(struct walk *walk, const struct mime_node *node,
                        enum role role)
{
	g_autoptr(GBytes) data = mime_dup_body(node, walk->raw);
	const struct mime_node text = {
		.type = (char[]){ "text/plain" },
		.body = node->body,
		.body_len = node->body_len,
	};

	walk->mail->warnings |= MAIL_WARN_STRUCTURE;
	if (node->body_len == 0)
		return;
	if (role == ROLE_BODY)
		add_piece(walk, &text);
	else
		add_text_attachment(walk->mail, "text/plain", data);
}

static bool is_resource_fork(const struct mime_node *node)
{
	return mime_is_type(node, "application/applefile");
}

static void walk_multipart(struct walk *walk, const struct mime_node *node,
                           enum role role)
{
	enum layout layout = find_layout(walk, node);
	guint n = node->children != NULL ? node->children->len : 0;
	bool opens = layout == LAYOUT_CHOICE && walk->group == 0;

	if (n == 0) {
		walk_hollow(walk, node, role);
		return;
	}
	const struct mime_node *root = related_root(walk, node);

	if (opens)
		walk->group = ++walk->groups;
	for (guint i = 0; i < n; i++) {
		const struct mime_node *child = child_at(node, i);
		enum role wanted = child_role(layout, i == 0, child == root);

		if (layout == LAYOUT_DOUBLE && n > 1 &&
		    is_resource_fork(child))
			continue;
		if (opens)
			walk->child = i;
		walk_node(walk, child, MAX(role, wanted));
	}
	if (opens) {
		walk->group = 0;
		walk->child = 0;
	}
}

/* ---- wrappings of other kinds ---- */

static bool is_cms(const struct mime_node *node)
{
	return mime_is_type(node, "application/pkcs7-mime") ||
	       mime_is_type(node, "application/x-pkcs7-mime");
}

/* What is signed is an entity of its own, read as if it stood here. */
static void walk_signed(struct walk *walk, GBytes *inner, enum role role)
{
	gsize len = 0;
	const char *data = text_of_bytes(inner, &len);
	AUTO(mime_node)
	root = mime_parse_entity(data, len, walk->limits, NULL);
	GBytes *outer = walk->raw;

	if (root == NULL)
		return; /* past a limit: the wrapping is kept */
	walk->raw = inner;
	walk->opaque++;
	walk_node(walk, root, role);
	walk->opaque--;
	walk->raw = outer;
}

static void read_cms(struct walk *walk, GBytes *data, enum role role)
{
	g_autoptr(GBytes) inner = NULL;

	switch (cms_read(data, &inner)) {
	case CMS_SIGNED:
		walk->mail->warnings |= MAIL_WARN_SIGNED;
		if (walk->opaque < OPAQUE_MAX)
			walk_signed(walk, inner, role);
		break;
	case CMS_CERTIFICATES:
		break;
	case CMS_CLOSED:
	case CMS_UNREADABLE:
		walk->mail->warnings |= MAIL_WARN_ENCRYPTED;
		break;
	}
}

static void read_calendar(struct walk *walk, const struct mime_node *node,
                          GBytes *data)
{
	bool cut = false;

	if (walk->mail->events->len > 0)
		return; /* invitations come twice, for several programs */
	g_autofree char *text = decode_text(walk, node, data, &cut);
	struct mail_event *event = calendar_read(text);

	if (event != NULL)
		g_ptr_array_add(walk->mail->events, event);
}

static void walk_leaf(struct walk *walk, const struct mime_node *node,
                      enum role role)
{
	GBytes *data = mime_dup_content(node, walk->raw);

	if (is_cms(node))
		read_cms(walk, data, role);
	else if (mime_is_type(node, "text/calendar") ||
	         mime_is_type(node, "application/ics"))
		read_calendar(walk, node, data);
	add_attachment(walk, node, role, data);
}

static void walk_node(struct walk *walk, const struct mime_node *node,
                      enum role role)
{
	if (node->is_mended)
		walk->mail->warnings |= MAIL_WARN_STRUCTURE;
	if (node->kind == MIME_MULTIPART)
		walk_multipart(walk, node, role);
	else if (node->kind == MIME_LEAF && is_body(walk, node, role))
		add_piece(walk, node);
	else
		walk_leaf(walk, node, role);
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

/* An alternative that was not chosen. Of the same words in text/enriched
 * there is nothing to keep. */
static void keep_piece(struct walk *walk, const struct piece *piece)
{
	if (is_blank(piece->text) || piece->is_rich)
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
}

void body_read(struct mail *mail, GBytes *raw, const struct mime_node *root,
               const struct limits *limits)
{
	struct walk walk = {
		.mail = mail,
		.raw = raw,
		.limits = limits,
		.pieces = g_ptr_array_new_with_free_func(piece_free),
	};

	walk_node(&walk, root, ROLE_BODY);
	finish(&walk);
	g_ptr_array_unref(walk.pieces);
}
