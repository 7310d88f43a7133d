/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime.c - the MIME tree of a message
 *
 * Limits that no row of base/limits.h names follow from those that exist:
 * all header fields of a message together may be `headers` x `mime_depth`,
 * all header bytes `header_bytes` x `mime_depth`, comparisons of a "--" line
 * with a boundary `mime_parts` x 20,000, and colons in one address header of
 * the message itself `addresses` (each may nest a group, and GMime, which
 * reads addresses, recurses). An address header may be as long as a block:
 * recipients are many in honest mail, and only the first are read.
 */
#include "mail/mime.h"

#include <string.h>

#include "base/error.h"
#include "mail/filename.h"
#include "mail/mimecode.h"
#include "mail/parse.h"
#include "mail/text.h"

#define COMPARISONS_PER_PART 20000
#define LOOK_AHEAD           ((size_t)8 * 1024) /* for Content- fields */
#define GUESS_BYTES          ((size_t)64 * 1024) /* for a lost boundary */
#define BOUNDARY_MAX         200                /* of a guessed one */

/* A node that the place we are at is inside of. */
struct open {
	struct mime_node *node;
	char *boundary; /* "--boundary--"; NULL if it has none */
	size_t len;     /* without the final "--" */
	bool is_digest; /* parts are message/rfc822 by default */
	bool has_ended; /* its last boundary was seen */
};

struct scan {
	const struct limits *limits;
	const char *at;
	const char *end;
	GArray *open; /* struct open, root first */
	guint64 parts;
	guint64 comparisons;
	guint64 total_fields;
	guint64 total_header_bytes;
	const char *content_at; /* a Content- field that was seen ahead */
	guint64 search_left;    /* bytes to look for boundaries in */
	GError **error;
};

struct line {
	const char *start;
	size_t len; /* without the line end */
};

static bool over_limit(struct scan *scan, const char *name, guint64 found,
                       guint64 limit)
{
	if (found <= limit)
		return false;
	g_set_error(scan->error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT,
	            "%s: %" G_GUINT64_FORMAT " found, limit %" G_GUINT64_FORMAT,
	            name, found, limit);
	return true;
}

/* ---- nodes ---- */

static void free_child(gpointer node)
{
	mime_free(node);
}

static struct mime_node *node_new(const char *at)
{
	struct mime_node *node = g_new0(struct mime_node, 1);

	node->head = at;
	node->body = at;
	return node;
}

/* The depth is bounded by mime_depth. */
void mime_free(struct mime_node *node)
{
	if (node == NULL)
		return;
	g_free(node->type);
	g_free(node->content_type);
	g_free(node->disposition);
	g_free(node->content_id);
	g_free(node->description);
	if (node->children != NULL)
		g_ptr_array_unref(node->children);
	g_free(node);
}

static void add_child(struct mime_node *parent, struct mime_node *child)
{
	if (parent->children == NULL)
		parent->children = g_ptr_array_new_with_free_func(free_child);
	g_ptr_array_add(parent->children, child);
}

static struct open *top(struct scan *scan)
{
	return &g_array_index(scan->open, struct open, scan->open->len - 1);
}

/* The depth of the message itself is 0. */
static bool push(struct scan *scan, struct mime_node *node)
{
	struct open open = { .node = node };

	g_array_append_val(scan->open, open);
	return !over_limit(scan, "mime_depth", scan->open->len - 1,
	                   scan->limits->mime_depth);
}

/* The bodies of all nodes from `from` on end at `end`. */
static void close_from(struct scan *scan, guint from, const char *end)
{
	for (guint i = from; i < scan->open->len; i++) {
		struct open *open = &g_array_index(scan->open, struct open, i);
		struct mime_node *node = open->node;

		if (node->kind == MIME_MULTIPART && !open->has_ended)
			node->is_mended = true;
		node->body_len =
			end > node->body ? (size_t)(end - node->body) : 0;
		g_free(open->boundary);
	}
	g_array_set_size(scan->open, from);
}

/* ---- lines and boundaries ---- */

static bool next_line(struct scan *scan, struct line *ret_line)
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

/* Where a body ends that a boundary line follows: its line end is the
 * boundary's (RFC 2046 5.1.1). */
static const char *before_line_end(const char *from, const char *at)
{
	if (at > from && at[-1] == '\n') {
		at--;
		if (at > from && at[-1] == '\r')
			at--;
	}
	return at;
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

static enum found compare(const struct open *open, const struct line *line)
{
	if (line_is(line, open->boundary, open->len + 2))
		return FOUND_END;
	return line_is(line, open->boundary, open->len) ? FOUND_PART
	                                                : FOUND_NONE;
}

static bool count_part(struct scan *scan)
{
	scan->parts++;
	return !over_limit(scan, "mime_parts", scan->parts,
	                   scan->limits->mime_parts);
}

/* Closes what the boundary at `line` of the node at `i` closes. */
static void end_parts(struct scan *scan, guint i, const struct line *line,
                      enum found found)
{
	struct open *open = &g_array_index(scan->open, struct open, i);
	const char *from =
		g_array_index(scan->open, struct open, scan->open->len - 1)
			.node->body;

	close_from(scan, i + 1, before_line_end(from, line->start));
	if (found == FOUND_PART && open->has_ended)
		open->node->is_mended = true;
	open->has_ended = found == FOUND_END;
}

/* Looks a line up among the open boundaries, innermost first. */
static bool match_boundary(struct scan *scan, const struct line *line,
                           enum found *ret_found)
{
	*ret_found = FOUND_NONE;
	if (line->len < 2 || memcmp(line->start, "--", 2) != 0)
		return true;
	for (guint i = scan->open->len; i-- > 0;) {
		const struct open *open =
			&g_array_index(scan->open, struct open, i);

		if (open->boundary == NULL)
			continue;
		scan->comparisons++;
		enum found found = compare(open, line);

		if (found != FOUND_NONE) {
			end_parts(scan, i, line, found);
			*ret_found = found;
			break;
		}
	}
	if (*ret_found == FOUND_PART && !count_part(scan))
		return false;
	return !over_limit(scan, "mime_parts (lines like boundaries)",
	                   scan->comparisons,
	                   scan->limits->mime_parts * COMPARISONS_PER_PART);
}

/* ---- header fields ---- */

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

static bool check_addresses(struct scan *scan, const char *value, size_t len)
{
	return scan->open->len > 1 ||
	       !over_limit(scan, "addresses (groups in one header)",
	                   count_byte(value, len, ':'),
	                   scan->limits->addresses);
}

/* The length of a field's name at `start`, blanks before the colon not
 * counted; 0 if the line is no field. */
static size_t field_name_len(const char *start, size_t len,
                             size_t *ret_value_at)
{
	size_t n = 0, at;

	while (n < len && start[n] > ' ' && start[n] < 0x7f && start[n] != ':')
		n++;
	for (at = n; at < len && (start[at] == ' ' || start[at] == '\t');)
		at++;
	if (n == 0 || at == len || start[at] != ':')
		return 0;
	*ret_value_at = at + 1;
	return n;
}

static void take_content_field(struct mime_node *node, const char *name,
                               size_t name_len, const char *value, size_t len)
{
	const struct {
		const char *name;
		char **slot;
	} rows[] = {
		{ "Content-Type", &node->content_type },
		{ "Content-Disposition", &node->disposition },
		{ "Content-ID", &node->content_id },
		{ "Content-Description", &node->description },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (!name_is(name, name_len, rows[i].name))
			continue;
		if (*rows[i].slot == NULL)
			*rows[i].slot = g_strndup(value, len);
		return;
	}
}

struct block {
	struct mime_node *node;
	bool has_encoding;
	guint64 fields;
	guint64 bytes;
};

static bool take_named_field(struct scan *scan, struct block *block,
                             const char *start, size_t len)
{
	size_t at = 0;
	size_t name_len = field_name_len(start, len, &at);
	const char *value = start + at;
	size_t value_len = len - at;

	if (name_len == 0)
		return true;
	if (is_address_name(start, name_len))
		return check_addresses(scan, value, value_len);
	if (name_len < 8 || g_ascii_strncasecmp(start, "Content-", 8) != 0)
		return true;
	if (over_limit(scan, "mime_parameters",
	               count_byte(value, value_len, ';'),
	               scan->limits->mime_parameters))
		return false;
	if (!block->has_encoding &&
	    name_is(start, name_len, "Content-Transfer-Encoding")) {
		block->has_encoding = true;
		block->node->encoding =
			mimecode_find_encoding(value, value_len);
	}
	take_content_field(block->node, start, name_len, value, value_len);
	return true;
}

static guint64 field_bytes_max(const struct scan *scan, const char *start,
                               size_t len)
{
	size_t at = 0;

	return is_address_name(start, field_name_len(start, len, &at))
	               ? scan->limits->header_bytes
	               : scan->limits->header_field_bytes;
}

/* One whole field, folds included. */
static bool take_field(struct scan *scan, struct block *block,
                       const char *start, size_t len)
{
	const struct limits *limits = scan->limits;

	block->fields++;
	scan->total_fields++;
	return !over_limit(scan, "header_field_bytes", len,
	                   field_bytes_max(scan, start, len)) &&
	       !over_limit(scan, "headers", block->fields, limits->headers) &&
	       take_named_field(scan, block, start, len) &&
	       !over_limit(scan, "headers (all parts)", scan->total_fields,
	                   limits->headers * limits->mime_depth);
}

static bool check_block(struct scan *scan, struct block *block, size_t more)
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

/* True if a Content- field comes before the next empty line or boundary. What
 * was found holds up to there; if nothing is, the block ends: so no byte is
 * looked at twice, but LOOK_AHEAD in each part. */
static bool content_follows(struct scan *scan)
{
	struct scan ahead = { .at = scan->at, .end = scan->end };
	struct line line = { 0 };
	size_t at = 0;

	if (scan->content_at != NULL && scan->at <= scan->content_at)
		return true;
	if ((size_t)(ahead.end - ahead.at) > LOOK_AHEAD)
		ahead.end = ahead.at + LOOK_AHEAD;
	while (next_line(&ahead, &line) && line.len > 0 &&
	       memcmp(line.start, "--", MIN(line.len, 2)) != 0)
		if (line.len > 8 &&
		    g_ascii_strncasecmp(line.start, "Content-", 8) == 0 &&
		    field_name_len(line.start, line.len, &at) > 0) {
			scan->content_at = line.start;
			return true;
		}
	return false;
}

/* The "From x" line that some programs leave above an attached message. */
static bool is_mbox_line(const struct line *line)
{
	return (line->len > 5 && memcmp(line->start, "From ", 5) == 0) ||
	       (line->len > 6 && memcmp(line->start, ">From ", 6) == 0);
}

enum line_kind { LINE_FIELD, LINE_FOLD, LINE_JUNK, LINE_EMPTY, LINE_BODY };

static enum line_kind line_kind(struct scan *scan,
                                const struct block *block,
                                const struct line *line, bool has_field)
{
	size_t at = 0;

	if (line->len == 0)
		return LINE_EMPTY;
	if (is_blank_start(line) && has_field)
		return LINE_FOLD;
	if (field_name_len(line->start, line->len, &at) > 0)
		return LINE_FIELD;
	if (line->start == block->node->head && is_mbox_line(line))
		return LINE_JUNK;
	return scan->open->len > 1 && content_follows(scan) ? LINE_JUNK
	                                                    : LINE_BODY;
}

static void end_head(struct mime_node *node, const char *head_end,
                     const char *body)
{
	node->head_len = (size_t)(head_end - node->head);
	node->body = body;
}

/* Reads fields until the block ends, and says where. */
static bool read_block(struct scan *scan, struct block *block,
                       enum found *ret_found)
{
	const char *field = NULL;
	struct line line = { 0 };

	*ret_found = FOUND_NONE;
	for (;;) {
		const char *before = scan->at;
		bool more = next_line(scan, &line);
		enum line_kind kind =
			more ? line_kind(scan, block, &line, field != NULL)
			     : LINE_BODY;

		if (more && kind != LINE_BODY &&
		    !check_block(scan, block, (size_t)(scan->at - before)))
			return false;
		if (kind == LINE_FOLD)
			continue;
		if (field != NULL &&
		    !take_field(scan, block, field, (size_t)(before - field)))
			return false;
		field = kind == LINE_FIELD ? line.start : NULL;
		if (more && kind != LINE_EMPTY) {
			end_head(block->node, before, before);
			if (!match_boundary(scan, &line, ret_found))
				return false;
			if (*ret_found != FOUND_NONE)
				return true;
		}
		if (!more || kind == LINE_EMPTY || kind == LINE_BODY) {
			if (kind == LINE_BODY)
				scan->at = before;
			block->node->is_mended |= more && kind == LINE_BODY;
			end_head(block->node, before, scan->at);
			return true;
		}
		block->node->is_mended |= kind == LINE_JUNK;
	}
}

/* ---- types ---- */

/* "Text/Plain (x)" as "text/plain"; NULL if it is no type. */
static char *dup_type(const char *value)
{
	while (g_ascii_isspace(*value) || *value == '"')
		value++;
	size_t len = strcspn(value, "; \t\r\n(\"");
	g_autofree char *type = g_ascii_strdown(value, (gssize)len);
	const char *slash = strchr(type, '/');
	static const struct {
		const char *word;
		const char *type;
	} halves[] = {
		{ "text", "text/plain" },
		{ "text/", "text/plain" },
		{ "html", "text/html" },
		{ "multipart", "multipart/mixed" },
		{ "multipart/", "multipart/mixed" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(halves); i++)
		if (strcmp(type, halves[i].word) == 0)
			return g_strdup(halves[i].type);
	if (slash == NULL || slash == type || slash[1] == '\0')
		return NULL;
	return text_dup_line_len(type, len, 200);
}

/* The charset may follow without the ";" before it. */
static void mend_parameters(char *value)
{
	char *p = value + strspn(value, " \t\r\n");

	p += strcspn(p, "; \t\r\n");
	size_t blanks = strspn(p, " \t\r\n");

	if (blanks > 0 && p[blanks] != ';' && p[blanks] != '(' &&
	    strchr(p + blanks, '=') != NULL)
		*p = ';';
}

static void find_type(struct mime_node *node, bool is_digest)
{
	if (node->content_type != NULL) {
		mend_parameters(node->content_type);
		node->type = dup_type(node->content_type);
		node->is_typed = node->type != NULL;
		if (node->type == NULL &&
		    node->content_type[strspn(node->content_type, " \t\r\n")] !=
		            '\0')
			node->type = g_strdup("application/octet-stream");
	}
	if (node->type == NULL)
		node->type =
			g_strdup(is_digest ? "message/rfc822" : "text/plain");
}

bool mime_is_type(const struct mime_node *node, const char *type)
{
	size_t len = strlen(type);

	return type[len - 1] == '/' ? strncmp(node->type, type, len) == 0
	                            : strcmp(node->type, type) == 0;
}

char *mime_dup_parameter(const struct mime_node *node, const char *name,
                         const struct limits *limits)
{
	return node->content_type != NULL
	               ? filename_dup_token(node->content_type, name,
	                                    limits->mime_parameters)
	               : NULL;
}

static bool is_message_type(const struct mime_node *node)
{
	static const char *const types[] = { "message/rfc822",
		                             "message/rfc2822",
		                             "message/global", "message/news" };

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (strcmp(node->type, types[i]) == 0)
			return true;
	return false;
}

/* ---- bodies ---- */

static void set_boundary(struct open *open, const char *boundary, size_t len)
{
	g_free(open->boundary);
	open->boundary = g_strdup_printf("--%.*s--", (int)len, boundary);
	open->len = strlen(open->boundary) - 2;
}

/* True if the line is a boundary as far as anybody can tell. */
static bool is_boundary_like(const struct scan *ahead, const struct line *line)
{
	struct scan next = *ahead;
	struct line field = { 0 };
	size_t at = 0;

	return line->len > 2 && line->len < BOUNDARY_MAX &&
	       memcmp(line->start, "--", 2) == 0 &&
	       memchr(line->start, ' ', line->len) == NULL &&
	       next_line(&next, &field) && field.len > 8 &&
	       g_ascii_strncasecmp(field.start, "Content-", 8) == 0 &&
	       field_name_len(field.start, field.len, &at) > 0;
}

/* For a multipart without a boundary, or with one that does not occur: the
 * one that it seems to have. */
static bool guess_boundary(struct scan *scan)
{
	struct scan ahead = { .at = scan->at, .end = scan->end };
	struct open *open = top(scan);
	struct line line = { 0 };

	if ((size_t)(ahead.end - ahead.at) > GUESS_BYTES)
		ahead.end = ahead.at + GUESS_BYTES;
	while (next_line(&ahead, &line)) {
		if (!is_boundary_like(&ahead, &line))
			continue;
		for (guint i = 0; i + 1 < scan->open->len; i++) {
			const struct open *outer =
				&g_array_index(scan->open, struct open, i);

			if (outer->boundary != NULL &&
			    compare(outer, &line) != FOUND_NONE)
				return false; /* somebody else's */
		}
		set_boundary(open, line.start + 2, line.len - 2);
		open->node->is_mended = true;
		return true;
	}
	return false;
}

/* True if the boundary begins a line behind here; where in *ret_at. A hit
 * inside a line settles the whole line. */
static bool find_boundary(const struct scan *scan, const struct open *open,
                          const char **ret_at)
{
	const char *at = scan->at;

	while (at != NULL &&
	       (at = memmem(at, (size_t)(scan->end - at), open->boundary,
	                    open->len)) != NULL) {
		if (at == scan->at || at[-1] == '\n') {
			*ret_at = at;
			return true;
		}
		at = memchr(at, '\n', (size_t)(scan->end - at));
	}
	return false;
}

/* Whether the boundary begins a line anywhere behind here. Many multiparts
 * could have a long message searched for each: past the allowance what the
 * header says is believed. */
static bool boundary_occurs(struct scan *scan, const struct open *open)
{
	const char *at = scan->end;

	if (open->boundary == NULL)
		return false;
	if (scan->search_left == 0)
		return true;
	bool occurs = find_boundary(scan, open, &at);

	scan->search_left -=
		MIN(scan->search_left, (guint64)(at - scan->at));
	return occurs;
}

static void open_multipart(struct scan *scan)
{
	struct open *open = top(scan);
	struct mime_node *node = open->node;
	g_autofree char *boundary =
		mime_dup_parameter(node, "boundary", scan->limits);

	node->kind = MIME_MULTIPART;
	node->encoding = MIME_IDENTITY; /* nothing else is allowed */
	open->is_digest = mime_is_type(node, "multipart/digest");
	if (boundary != NULL)
		set_boundary(open, boundary, strlen(boundary));
	/* blanks at its end are not allowed, but may be meant */
	if (boundary != NULL && !boundary_occurs(scan, open)) {
		g_strchomp(boundary);
		set_boundary(open, boundary, strlen(boundary));
	}
	if (!boundary_occurs(scan, open) && !guess_boundary(scan))
		g_clear_pointer(&open->boundary, g_free);
}

/* What follows a header block: true in *ret_again if another block does. */
static bool enter_body(struct scan *scan, bool *ret_again)
{
	struct open *open = top(scan);
	struct mime_node *node = open->node;
	struct mime_node *inner;

	*ret_again = false;
	if (mime_is_type(node, "multipart/")) {
		open_multipart(scan);
		return true;
	}
	if (node->encoding != MIME_IDENTITY || !is_message_type(node))
		return true;
	node->kind = MIME_MESSAGE;
	inner = node_new(scan->at);
	add_child(node, inner);
	*ret_again = true;
	return push(scan, inner) && count_part(scan);
}

static bool has_boundaries(const struct scan *scan)
{
	for (guint i = 0; i < scan->open->len; i++)
		if (g_array_index(scan->open, struct open, i).boundary != NULL)
			return true;
	return false;
}

/* Moves to the next line that starts with "--", or to the end. */
static void seek_dashes(struct scan *scan)
{
	const char *at = scan->at;

	if (scan->end - at >= 2 && memcmp(at, "--", 2) == 0)
		return;
	at = memmem(at, (size_t)(scan->end - at), "\n--", 3);
	scan->at = at != NULL ? at + 1 : scan->end;
}

/* Skips body lines; true in *ret_part if a part's header comes next. */
static bool skip_body(struct scan *scan, bool *ret_part)
{
	struct line line = { 0 };
	enum found found = FOUND_NONE;

	*ret_part = false;
	while (has_boundaries(scan)) {
		seek_dashes(scan);
		if (!next_line(scan, &line))
			break;
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

/* ---- the tree ---- */

/* A part of the innermost open multipart begins here. */
static bool begin_part(struct scan *scan)
{
	struct mime_node *node = node_new(scan->at);

	add_child(top(scan)->node, node);
	return push(scan, node);
}

static bool parent_is_digest(const struct scan *scan)
{
	return scan->open->len > 1 &&
	       g_array_index(scan->open, struct open, scan->open->len - 2)
		       .is_digest;
}

/* Reads the block of the innermost open node and what follows, up to the next
 * block; *ret_again says whether there is one. */
static bool scan_block(struct scan *scan, bool *ret_again)
{
	struct block block = { .node = top(scan)->node };
	bool is_digest = parent_is_digest(scan);
	enum found found = FOUND_NONE;
	bool ok = read_block(scan, &block, &found);

	*ret_again = false;
	find_type(block.node, is_digest);
	if (!ok)
		return false;
	if (found == FOUND_PART) {
		*ret_again = true;
		return begin_part(scan);
	}
	if (found == FOUND_NONE && !enter_body(scan, ret_again))
		return false;
	if (*ret_again)
		return true;
	return skip_body(scan, ret_again) &&
	       (!*ret_again || begin_part(scan));
}

/* A node that a limit stopped has no type yet. */
static bool scan_tree(struct scan *scan, struct mime_node *root)
{
	bool again = true, ok = push(scan, root);

	while (ok && again)
		ok = scan_block(scan, &again);
	close_from(scan, 0, scan->end);
	return ok;
}

struct mime_node *mime_parse_entity(const char *data, size_t len,
                                    const struct limits *limits, GError **error)
{
	struct scan scan = {
		.limits = limits,
		.at = data,
		.end = data + len,
		.search_left = (guint64)len * limits->mime_depth,
		.error = error,
	};
	AUTO(mime_node) root = node_new(data);

	if (over_limit(&scan, "message_bytes", len, limits->message_bytes))
		return NULL;
	scan.open = g_array_new(FALSE, FALSE, sizeof(struct open));
	bool ok = scan_tree(&scan, root);

	g_array_unref(scan.open);
	return ok ? g_steal_pointer(&root) : NULL;
}

struct mime_node *mime_parse(GBytes *raw, const struct limits *limits,
                             GError **error)
{
	gsize len = 0;
	const char *data = text_of_bytes(raw, &len);

	return mime_parse_entity(data, len, limits, error);
}

bool mail_prescan(GBytes *raw, const struct limits *limits, GError **error)
{
	AUTO(mime_node) root = mime_parse(raw, limits, error);

	return root != NULL;
}

/* ---- contents ---- */

/* A slice if the bytes are raw's own. */
static GBytes *dup_bytes(GBytes *raw, const char *at, size_t len)
{
	gsize raw_len = 0;
	const char *data = text_of_bytes(raw, &raw_len);

	if (at >= data && at + len <= data + raw_len)
		return g_bytes_new_from_bytes(raw, (gsize)(at - data), len);
	return g_bytes_new(at, len);
}

GBytes *mime_dup_content(const struct mime_node *node, GBytes *raw)
{
	if (node->encoding == MIME_IDENTITY)
		return mime_dup_body(node, raw);
	return mimecode_decode(node->encoding, node->body, node->body_len);
}

GBytes *mime_dup_body(const struct mime_node *node, GBytes *raw)
{
	return dup_bytes(raw, node->body, node->body_len);
}
