/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prescan.c - limits on a message's structure, before GMime sees it
 *
 * One pass over the lines, with the same idea of headers, boundaries and
 * nesting as GMime 3.2, because what counts is what GMime would build: a
 * header block lasts until an empty line or a boundary, the last of several
 * Content-Type fields counts, message/rfc822 starts a new header block unless
 * it is encoded.
 *
 * Limits that no row of base/limits.h names follow from those that exist:
 * all header fields and addresses of a message together may be `headers` x
 * `mime_depth`, all header bytes `header_bytes` x `mime_depth`, comparisons
 * of a "--" line with a boundary `mime_parts` x 20,000, and colons in one
 * address header `addresses` (each may nest a group, and GMime recurses).
 */
#include "mail/parse.h"

#include <string.h>

#include "base/error.h"
#include "mail/gmimeauto.h"
#include "mail/text.h"

#define COMPARISONS_PER_PART 20000

struct boundary {
	char *text; /* "--boundary--" */
	size_t len; /* without the final "--" */
	guint depth;
	bool is_digest; /* parts are message/rfc822 by default */
};

/* What matters of one header block. */
struct block {
	char *type;       /* the last Content-Type, as sent */
	char *parameters; /* the same, encoded words decoded */
	bool has_encoding;
	bool is_encoded; /* by the first Content-Transfer-Encoding */
	guint64 fields;
	guint64 bytes;
};

struct prescan {
	const struct limits *limits;
	const char *at;
	const char *end;
	GArray *stack; /* struct boundary, innermost last */
	guint depth;   /* of the part at hand */
	bool default_rfc822;
	guint64 parts;
	guint64 comparisons;
	guint64 total_fields; /* and addresses */
	guint64 total_header_bytes;
	GError **error;
};

struct line {
	const char *start;
	size_t len; /* without the line end */
};

static bool over_limit(struct prescan *scan, const char *name, guint64 found,
                       guint64 limit)
{
	if (found <= limit)
		return false;
	g_set_error(scan->error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT,
	            "%s: %" G_GUINT64_FORMAT " found, limit %" G_GUINT64_FORMAT,
	            name, found, limit);
	return true;
}

static bool next_line(struct prescan *scan, struct line *ret_line)
{
	if (scan->at >= scan->end)
		return false;
	size_t left = (size_t)(scan->end - scan->at);
	const char *lf = memchr(scan->at, '\n', left);
	size_t len = lf != NULL ? (size_t)(lf - scan->at) : left;

	ret_line->start = scan->at;
	ret_line->len = len;
	if (len > 0 && scan->at[len - 1] == '\r')
		ret_line->len--;
	scan->at += len + (lf != NULL);
	return true;
}

static void boundary_clear(gpointer data)
{
	struct boundary *boundary = data;

	g_free(boundary->text);
}

static void block_clear(struct block *block)
{
	g_free(block->type);
	g_free(block->parameters);
	*block = (struct block){ 0 };
}

/* True if the line is `text` and nothing but blanks after it. */
static bool line_is(const struct line *line, const char *text, size_t len)
{
	if (line->len < len || memcmp(line->start, text, len) != 0)
		return false;
	for (size_t i = len; i < line->len; i++)
		if (line->start[i] != ' ' && line->start[i] != '\t')
			return false;
	return true;
}

enum found { FOUND_NONE, FOUND_PART, FOUND_END };

/* Looks a line up among the open boundaries, innermost first, and closes
 * what the line closes. */
static bool match_boundary(struct prescan *scan, const struct line *line,
                           enum found *ret_found)
{
	*ret_found = FOUND_NONE;
	if (line->len < 2 || memcmp(line->start, "--", 2) != 0)
		return true;
	for (guint i = scan->stack->len; i-- > 0;) {
		struct boundary *open =
			&g_array_index(scan->stack, struct boundary, i);

		scan->comparisons++;
		if (line_is(line, open->text, open->len + 2)) {
			*ret_found = FOUND_END;
			scan->depth = open->depth;
			g_array_set_size(scan->stack, i);
			break;
		}
		if (line_is(line, open->text, open->len)) {
			*ret_found = FOUND_PART;
			scan->depth = open->depth + 1;
			scan->default_rfc822 = open->is_digest;
			g_array_set_size(scan->stack, i + 1);
			break;
		}
	}
	if (*ret_found == FOUND_PART) {
		scan->parts++;
		if (over_limit(scan, "mime_parts", scan->parts,
		               scan->limits->mime_parts) ||
		    over_limit(scan, "mime_depth", scan->depth,
		               scan->limits->mime_depth))
			return false;
	}
	return !over_limit(scan, "mime_parts (lines like boundaries)",
	                   scan->comparisons,
	                   scan->limits->mime_parts * COMPARISONS_PER_PART);
}

static guint64 count_byte(const char *data, size_t len, char byte)
{
	guint64 n = 0;
	const char *end = data + len;

	while ((data = memchr(data, byte, (size_t)(end - data))) != NULL) {
		n++;
		data++;
	}
	return n;
}

static bool name_is(const char *start, size_t len, const char *name)
{
	return len == strlen(name) &&
	       g_ascii_strncasecmp(start, name, len) == 0;
}

static bool is_address_name(const char *start, size_t len)
{
	static const char *const names[] = { "From", "Sender", "Reply-To",
		                             "To",   "Cc",     "Bcc" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (name_is(start, len, names[i]))
			return true;
	return false;
}

static bool check_addresses(struct prescan *scan, const char *value, size_t len)
{
	scan->total_fields += count_byte(value, len, ',');
	return !over_limit(scan, "addresses (groups in one header)",
	                   count_byte(value, len, ':'),
	                   scan->limits->addresses);
}

/* GMime decodes encoded words before it looks for parameters, so a ";" may
 * hide in one. Quoting makes no difference: it is in the sender's hands. */
static bool check_parameters(struct prescan *scan, const char *raw,
                             char **ret_decoded)
{
	g_autofree char *unfolded = g_mime_utils_header_unfold(raw);
	g_autofree char *decoded =
		g_mime_utils_header_decode_text(NULL, unfolded);

	if (over_limit(scan, "mime_parameters",
	               count_byte(decoded, strlen(decoded), ';'),
	               scan->limits->mime_parameters))
		return false;
	*ret_decoded = g_steal_pointer(&decoded);
	return true;
}

static bool take_content_field(struct prescan *scan, struct block *block,
                               const char *name, const char *value)
{
	g_autofree char *decoded = NULL;

	if (!check_parameters(scan, value, &decoded))
		return false;
	if (g_ascii_strcasecmp(name, "Content-Type") != 0)
		return true;
	g_free(block->type);
	block->type = g_strdup(value);
	g_free(block->parameters);
	block->parameters = g_steal_pointer(&decoded);
	return true;
}

static bool is_encoded(const char *value)
{
	switch (g_mime_content_encoding_from_string(value)) {
	case GMIME_CONTENT_ENCODING_BASE64:
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
	case GMIME_CONTENT_ENCODING_UUENCODE:
		return true;
	default:
		return false;
	}
}

static bool take_named_field(struct prescan *scan, struct block *block,
                             const char *start, size_t len)
{
	const char *colon = memchr(start, ':', len);

	if (colon == NULL)
		return true;
	const char *value = colon + 1;
	size_t value_len = (size_t)(start + len - value);
	size_t name_len = (size_t)(colon - start);

	while (name_len > 0 &&
	       (start[name_len - 1] == ' ' || start[name_len - 1] == '\t'))
		name_len--;
	if (is_address_name(start, name_len))
		return check_addresses(scan, value, value_len);
	if (name_len < 8 || g_ascii_strncasecmp(start, "Content-", 8) != 0)
		return true;
	g_autofree char *name = g_strndup(start, name_len);
	g_autofree char *copy = g_strndup(value, value_len);

	if (!block->has_encoding &&
	    g_ascii_strcasecmp(name, "Content-Transfer-Encoding") == 0) {
		block->has_encoding = true;
		block->is_encoded = is_encoded(copy);
	}
	return take_content_field(scan, block, name, copy);
}

/* One whole field, folds included. */
static bool take_field(struct prescan *scan, struct block *block,
                       const char *start, size_t len)
{
	const struct limits *limits = scan->limits;

	block->fields++;
	scan->total_fields++;
	return !over_limit(scan, "header_field_bytes", len,
	                   limits->header_field_bytes) &&
	       !over_limit(scan, "headers", block->fields, limits->headers) &&
	       take_named_field(scan, block, start, len) &&
	       !over_limit(scan, "headers (all parts)", scan->total_fields,
	                   limits->headers * limits->mime_depth);
}

static bool check_block(struct prescan *scan, struct block *block, size_t more)
{
	const struct limits *limits = scan->limits;

	block->bytes += more;
	scan->total_header_bytes += more;
	return !over_limit(scan, "header_bytes", block->bytes,
	                   limits->header_bytes) &&
	       !over_limit(scan, "header_bytes (all parts)",
	                   scan->total_header_bytes,
	                   limits->header_bytes * limits->mime_depth);
}

static bool is_blank_start(const struct line *line)
{
	return line->len > 0 &&
	       (line->start[0] == ' ' || line->start[0] == '\t');
}

/* Reads fields until an empty line, a boundary or the end. */
static bool read_block(struct prescan *scan, struct block *block,
                       enum found *ret_found)
{
	const char *field = NULL;
	struct line line = { 0 };

	*ret_found = FOUND_NONE;
	for (;;) {
		const char *before = scan->at;
		bool more = next_line(scan, &line);
		bool folded = more && field != NULL && is_blank_start(&line);

		if (more &&
		    !check_block(scan, block, (size_t)(scan->at - before)))
			return false;
		if (folded)
			continue;
		if (field != NULL &&
		    !take_field(scan, block, field, (size_t)(before - field)))
			return false;
		if (!more || line.len == 0)
			return true;
		if (!match_boundary(scan, &line, ret_found))
			return false;
		if (*ret_found != FOUND_NONE)
			return true;
		field = line.start;
	}
}

static bool is_message_type(const char *type, const char *subtype)
{
	static const char *const subtypes[] = { "rfc822", "rfc2822", "global",
		                                "news" };

	if (g_ascii_strcasecmp(type, "message") != 0)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(subtypes); i++)
		if (g_ascii_strcasecmp(subtype, subtypes[i]) == 0)
			return true;
	return false;
}

static GMimeContentType *parse_type(const char *value)
{
	return value != NULL ? g_mime_content_type_parse(NULL, value) : NULL;
}

static void push_boundary(struct prescan *scan, const char *value)
{
	g_autoptr(GMimeContentType) type = parse_type(value);
	const char *text =
		type != NULL
			? g_mime_content_type_get_parameter(type, "boundary")
			: NULL;

	if (text == NULL)
		return;
	struct boundary open = {
		.text = g_strdup_printf("--%s--", text),
		.len = strlen(text) + 2,
		.depth = scan->depth,
		.is_digest = g_mime_content_type_is_type(type, "multipart",
		                                         "digest"),
	};

	g_array_append_val(scan->stack, open);
}

/* What follows a header block: true in *ret_again if another block does. */
static bool enter_body(struct prescan *scan, struct block *block,
                       bool *ret_again)
{
	g_autoptr(GMimeContentType) type = parse_type(block->type);

	*ret_again = false;
	if (type != NULL && g_mime_content_type_is_type(type, "multipart", "*"))
		push_boundary(scan, block->parameters);
	else if (!block->is_encoded &&
	         (type != NULL
	                  ? is_message_type(
				    g_mime_content_type_get_media_type(type),
				    g_mime_content_type_get_media_subtype(type))
	                  : scan->default_rfc822)) {
		*ret_again = true;
		scan->depth++;
		scan->parts++;
		scan->default_rfc822 = false;
	}
	return !over_limit(scan, "mime_depth", scan->depth,
	                   scan->limits->mime_depth) &&
	       !over_limit(scan, "mime_parts", scan->parts,
	                   scan->limits->mime_parts);
}

/* Skips body lines; true in *ret_part if a part's header comes next. */
static bool skip_body(struct prescan *scan, bool *ret_part)
{
	struct line line = { 0 };
	enum found found = FOUND_NONE;

	*ret_part = false;
	while (scan->stack->len > 0 && next_line(scan, &line)) {
		if (!match_boundary(scan, &line, &found))
			return false;
		if (found == FOUND_PART) {
			*ret_part = true;
			return true;
		}
	}
	scan->at = scan->end;
	return true;
}

static bool scan_block(struct prescan *scan, bool *ret_again)
{
	struct block block = { 0 };
	enum found found = FOUND_NONE;
	bool ok = read_block(scan, &block, &found);

	*ret_again = false;
	if (ok && found == FOUND_PART)
		*ret_again = true;
	else if (ok && found == FOUND_NONE)
		ok = enter_body(scan, &block, ret_again);
	if (ok && !*ret_again)
		ok = skip_body(scan, ret_again);
	block_clear(&block);
	return ok;
}

bool mail_prescan(GBytes *raw, const struct limits *limits, GError **error)
{
	gsize len = 0;
	const char *data = text_of_bytes(raw, &len);
	struct prescan scan = {
		.limits = limits,
		.at = data,
		.end = data + len,
		.error = error,
	};
	bool again = len > 0, ok;

	mail_parse_init();
	if (over_limit(&scan, "message_bytes", len, limits->message_bytes))
		return false;
	scan.stack = g_array_new(FALSE, FALSE, sizeof(struct boundary));
	g_array_set_clear_func(scan.stack, boundary_clear);
	do
		ok = !again || scan_block(&scan, &again);
	while (ok && again);
	g_array_unref(scan.stack);
	return ok;
}
