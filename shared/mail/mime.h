/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/mime.h - the MIME tree of a message (RFC 2045, 2046)
 *
 * One linear pass over the bytes, within limits.h, without recursion and
 * without copies: a node says where its header and its body stand in the
 * message. So an attached message can be given back byte for byte, and a part
 * that is not encoded costs nothing.
 *
 * Mail is broken in ways the RFCs do not speak of. What is done then:
 * - A header block ends at an empty line, at a boundary, and at a line that
 *   is no field, which then belongs to the body; in a part such a line is
 *   skipped if Content- fields follow it before the next empty line.
 * - Lines end with LF, with or without CR. A part ends before the line end
 *   in front of its boundary.
 * - A boundary closes what is open inside it. A missing end is forgiven; a
 *   part that comes after its multipart's end counts still.
 * - A multipart whose boundary does not occur is read by the first line that
 *   looks like a boundary and has a Content- field behind it.
 * - Of repeated Content- fields the first counts. What is no type is
 *   application/octet-stream, "text" is text/plain, "multipart" is mixed.
 * - An attached message is looked into only to know where it ends, and not
 *   at all if it is encoded.
 */
#ifndef PORTARIA_MAIL_MIME_H
#define PORTARIA_MAIL_MIME_H

#include "base/cleanup.h"
#include "base/limits.h"

#include <stdbool.h>

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

enum mime_encoding {
	MIME_IDENTITY, /* 7bit, 8bit, binary, none, unknown */
	MIME_BASE64,
	MIME_QUOTED_PRINTABLE,
	MIME_UUENCODE,
};

struct mime_node {
	enum mime_kind kind;
	enum mime_encoding encoding; /* MIME_IDENTITY of a multipart */
	char *type;                  /* "text/plain", lower case */
	char *content_type;          /* values as sent; NULL if absent */
	char *disposition;
	char *content_id;
	char *description;
	bool is_typed;    /* there is a Content-Type that says something */
	bool is_mended;   /* something above was made use of */
	const char *head; /* bytes of the message */
	size_t head_len;
	const char *body; /* of a multipart: with preamble and epilogue */
	size_t body_len;
	GPtrArray *children; /* struct mime_node; NULL of a leaf */
};

/*
 * The tree of a message; NULL with LIMIT, the limit's name and the figure
 * found. It points into `raw`, which must outlive it.
 */
struct mime_node *mime_parse(GBytes *raw, const struct limits *limits,
                             GError **error) NODISCARD;

/* The same of bytes inside `raw`, one entity with its header. */
struct mime_node *mime_parse_entity(const char *data, size_t len,
                                    const struct limits *limits,
                                    GError **error) NODISCARD;
void mime_free(struct mime_node *node);
static inline void mime_node_free(struct mime_node *node)
{
	mime_free(node);
}
DEFINE_AUTO(mime_node)

/* The body with its transfer encoding undone: a slice of `raw` where nothing
 * is to be undone and the node points into it, else bytes of its own. */
GBytes *mime_dup_content(const struct mime_node *node, GBytes *raw);

/* Header and body as they stand in the message. */
GBytes *mime_dup_body(const struct mime_node *node, GBytes *raw);

/* True of "multipart/x" and type "multipart/", and of the same type. */
bool mime_is_type(const struct mime_node *node, const char *type);

/* A parameter of Content-Type as plain text, NULL if absent; owned. */
char *mime_dup_parameter(const struct mime_node *node, const char *name,
                         const struct limits *limits);

#endif
