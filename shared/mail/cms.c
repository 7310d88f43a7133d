/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cms.c - what is inside application/pkcs7-mime
 *
 *	ContentInfo ::= SEQUENCE { OID, [0] content }
 *	SignedData  ::= SEQUENCE { INTEGER, SET, SEQUENCE { OID, [0] OCTET
 *		STRING OPTIONAL }, ... }
 *
 * An OCTET STRING may be constructed of several, and lengths indefinite, as
 * streaming programs write them.
 */
#include "mail/cms.h"

#include <stdbool.h>
#include <string.h>

#include "mail/text.h"

#define DEPTH_MAX 16

enum tag {
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_OID = 0x06,
	TAG_OCTETS_IN_PARTS = 0x24,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_CONTENT = 0xa0,
};

struct ber {
	const guint8 *at;
	const guint8 *end;
};

struct element {
	guint8 tag;
	bool is_indefinite;
	struct ber content; /* to the end of its parent if indefinite */
};

static bool take_length(struct ber *ber, struct element *ret)
{
	if (ber->at >= ber->end)
		return false;
	guint8 first = *ber->at++;
	guint64 len = first & 0x7f;

	ret->is_indefinite = first == 0x80;
	if (ret->is_indefinite) {
		ret->content = *ber;
		return true;
	}
	if (first > 0x80) {
		if (len > 5 || (guint64)(ber->end - ber->at) < len)
			return false;
		guint n = (guint)len;

		for (len = 0; n > 0; n--)
			len = len << 8 | *ber->at++;
	}
	if (len > (guint64)(ber->end - ber->at))
		return false;
	ret->content = (struct ber){ ber->at, ber->at + len };
	return true;
}

/* The head of the next element; ber is moved into its content. */
static bool enter(struct ber *ber, struct element *ret)
{
	if (ber->at >= ber->end)
		return false;
	ret->tag = *ber->at++;
	/* long tags do not occur where we look */
	return (ret->tag & 0x1f) != 0x1f && take_length(ber, ret);
}

static bool is_end(const struct ber *ber)
{
	return ber->end - ber->at >= 2 && ber->at[0] == 0 && ber->at[1] == 0;
}

/* Moves behind the next element. */
static bool skip(struct ber *ber, guint depth)
{
	struct element element;

	if (depth > DEPTH_MAX || !enter(ber, &element))
		return false;
	if (!element.is_indefinite) {
		ber->at = element.content.end;
		return true;
	}
	while (!is_end(ber))
		if (!skip(ber, depth + 1))
			return false;
	ber->at += 2;
	return true;
}

/* Enters an element that must have this tag. */
static bool expect(struct ber *ber, guint8 tag, struct ber *ret_content)
{
	struct element element;

	if (!enter(ber, &element) || element.tag != tag)
		return false;
	*ret_content = element.content;
	return true;
}

/* The contents of an OCTET STRING, in one piece or in several. */
static bool append_octets(struct ber *ber, GByteArray *out, guint depth)
{
	struct element element;

	if (depth > DEPTH_MAX || !enter(ber, &element))
		return false;
	if (element.tag == TAG_OCTETS && !element.is_indefinite) {
		g_byte_array_append(
			out, element.content.at,
			(guint)(element.content.end - element.content.at));
		ber->at = element.content.end;
		return true;
	}
	if (element.tag != TAG_OCTETS_IN_PARTS)
		return false;
	struct ber parts = element.content;

	while (element.is_indefinite ? !is_end(&parts) : parts.at < parts.end)
		if (!append_octets(&parts, out, depth + 1))
			return false;
	ber->at = parts.at + (element.is_indefinite ? 2 : 0);
	return true;
}

/* 1.2.840.113549.1.7.2, pkcs7-signedData; others start the same way. */
static const guint8 signed_data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
	                              0x0d, 0x01, 0x07, 0x02 };

static enum cms_kind read_signed(struct ber content, GBytes **ret_content)
{
	struct ber body, info, octets, oid;
	g_autoptr(GByteArray) out = g_byte_array_new();

	if (!expect(&content, TAG_SEQUENCE, &body) || !skip(&body, 0) ||
	    !skip(&body, 0) || !expect(&body, TAG_SEQUENCE, &info) ||
	    !expect(&info, TAG_OID, &oid))
		return CMS_UNREADABLE;
	info.at = oid.end;
	if (!expect(&info, TAG_CONTENT, &octets))
		return CMS_CERTIFICATES;
	if (!append_octets(&octets, out, 0))
		return CMS_UNREADABLE;
	*ret_content = g_byte_array_free_to_bytes(g_steal_pointer(&out));
	return CMS_SIGNED;
}

enum cms_kind cms_read(GBytes *data, GBytes **ret_content)
{
	gsize len = 0;
	const char *bytes = text_of_bytes(data, &len);
	struct ber all = { (const guint8 *)bytes, (const guint8 *)bytes + len };
	struct ber info, oid, content;

	if (!expect(&all, TAG_SEQUENCE, &info) || !expect(&info, TAG_OID, &oid))
		return CMS_UNREADABLE;
	info.at = oid.end;
	if ((size_t)(oid.end - oid.at) != sizeof(signed_data) ||
	    memcmp(oid.at, signed_data, sizeof(signed_data)) != 0)
		return CMS_CLOSED;
	if (!expect(&info, TAG_CONTENT, &content))
		return CMS_UNREADABLE;
	return read_signed(content, ret_content);
}
