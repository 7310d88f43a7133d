/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tnef.c - winmail.dat, Outlook's envelope
 *
 * libytnef trusts lengths, gives up on a long title or subject, and prints.
 * So it gets a stream made here: every attribute's bounds and checksum
 * checked, only those about attachments copied, property blocks only if a
 * walk like the library's own ends where it should.
 */
#include "mail/tnef.h"

#include <stdio.h>
#include <string.h>
#include <ytnef.h>

#include "mail/charset.h"
#include "mail/filename.h"
#include "mail/sniff.h"
#include "mail/text.h"

#define SIGNATURE      0x223e9f78U
#define HEAD_LEN       6  /* signature, key */
#define ATTRIBUTE_LEN  11 /* level, id, length, checksum */
#define TITLE_MAX      99 /* what the library takes */
#define MAPI_VALUE_MAX 524288
#define MAPI_COUNT_MAX 1000
#define NAME_LEN_MAX   100

/* ---- reading little-endian numbers within bounds ---- */

struct cursor {
	const guint8 *at;
	const guint8 *end;
};

static size_t left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static bool skip(struct cursor *cursor, size_t n)
{
	if (n > left(cursor))
		return false;
	cursor->at += n;
	return true;
}

static bool take_u32(struct cursor *cursor, guint32 *ret_number)
{
	const guint8 *p = cursor->at;

	if (!skip(cursor, 4))
		return false;
	*ret_number = (guint32)p[0] | (guint32)p[1] << 8 | (guint32)p[2] << 16 |
	              (guint32)p[3] << 24;
	return true;
}

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* ---- property blocks, as libytnef walks them ---- */

static bool skip_names(struct cursor *cursor)
{
	guint32 count = 0, len = 0;

	if (!skip(cursor, 16) || !take_u32(cursor, &count) ||
	    count > MAPI_COUNT_MAX)
		return false;
	if (count == 0)
		return skip(cursor, 4);
	for (; count > 0; count--)
		if (!take_u32(cursor, &len) || len == 0 || len > NAME_LEN_MAX ||
		    !skip(cursor, padded(len)))
			return false;
	return true;
}

static bool skip_value(struct cursor *cursor, guint32 type, bool is_multi)
{
	guint32 count = 1, len = 0;

	switch (type) {
	case PT_BINARY:
	case PT_OBJECT:
	case PT_STRING8:
	case PT_UNICODE:
		if (!is_multi && (!take_u32(cursor, &count) || count != 1))
			return false;
		return take_u32(cursor, &len) && len <= MAPI_VALUE_MAX &&
		       skip(cursor, padded(len));
	case PT_I2:
	case PT_BOOLEAN:
	case PT_LONG:
	case PT_R4:
	case PT_ERROR:
		return skip(cursor, 4);
	case PT_DOUBLE:
	case PT_I8:
	case PT_SYSTIME:
		return skip(cursor, 8);
	case PT_CLSID:
		return skip(cursor, 16);
	default:
		return false;
	}
}

/* Properties on which the library has limits of its own. */
static bool is_subject(guint32 id)
{
	static const guint32 ids[] = { PR_SUBJECT, PR_SUBJECT_IPM,
		                       PR_ORIGINAL_SUBJECT,
		                       PR_NORMALIZED_SUBJECT,
		                       PR_CONVERSATION_TOPIC };

	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
		if (PROP_ID(id) == ids[i])
			return true;
	return false;
}

static bool skip_property(struct cursor *cursor)
{
	guint32 id = 0, count = 1;

	if (!take_u32(cursor, &id) || is_subject(id))
		return false;
	if (PROP_ID(id) >= 0x8000 && !skip_names(cursor))
		return false;
	bool is_multi = (PROP_TYPE(id) & MV_FLAG) != 0;
	guint32 type = PROP_TYPE(id) & ~(guint32)MV_FLAG;

	if (is_multi &&
	    (!take_u32(cursor, &count) || count == 0 || count > MAPI_COUNT_MAX))
		return false;
	for (; count > 0; count--)
		if (!skip_value(cursor, type, is_multi))
			return false;
	return true;
}

static bool is_sound_mapi(const guint8 *data, size_t len)
{
	struct cursor cursor = { data, data + len };
	guint32 count = 0;

	if (!take_u32(&cursor, &count) || count == 0 || count > MAPI_COUNT_MAX)
		return false;
	for (; count > 0; count--)
		if (!skip_property(&cursor))
			return false;
	return left(&cursor) == 0;
}

/* ---- the stream the library gets ---- */

struct attribute {
	guint32 id;
	const guint8 *whole; /* level byte to checksum */
	const guint8 *data;
	size_t len;
};

static guint16 checksum(const guint8 *data, size_t len)
{
	guint32 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += data[i];
	return (guint16)(sum & 0xffff);
}

static bool next_attribute(struct cursor *cursor, struct attribute *ret)
{
	guint32 len = 0;

	ret->whole = cursor->at;
	if (!skip(cursor, 1) || !take_u32(cursor, &ret->id) ||
	    !take_u32(cursor, &len) || len == 0)
		return false;
	ret->data = cursor->at;
	ret->len = len;
	if (!skip(cursor, len) || left(cursor) < 2)
		return false;
	guint16 sum = (guint16)(cursor->at[0] | cursor->at[1] << 8);

	return skip(cursor, 2) && sum == checksum(ret->data, len);
}

static bool is_wanted(const struct attribute *attribute)
{
	switch (attribute->id) {
	case attAttachRenddata:
	case attAttachData:
		return true;
	case attAttachTitle:
		return attribute->len <= TITLE_MAX;
	case attAttachment:
		return is_sound_mapi(attribute->data, attribute->len);
	default:
		return false;
	}
}

struct rebuilt {
	GByteArray *stream;
	GBytes *body; /* attBody, or NULL */
	guint64 attachments;
};

static void rebuilt_clear(struct rebuilt *rebuilt)
{
	g_byte_array_unref(rebuilt->stream);
	g_clear_pointer(&rebuilt->body, g_bytes_unref);
}

/* False if the stream is broken anywhere, or holds too many. */
static bool rebuild(const guint8 *data, size_t len, guint64 max_attachments,
                    struct rebuilt *rebuilt)
{
	struct cursor cursor = { data, data + len };
	struct attribute attribute = { 0 };
	guint32 signature = 0;

	if (!take_u32(&cursor, &signature) || signature != SIGNATURE ||
	    !skip(&cursor, 2))
		return false;
	g_byte_array_append(rebuilt->stream, data, HEAD_LEN);
	while (left(&cursor) > 0) {
		if (!next_attribute(&cursor, &attribute))
			return false;
		if (attribute.id == attAttachRenddata &&
		    ++rebuilt->attachments > max_attachments)
			return false;
		if (attribute.id == attBody && rebuilt->body == NULL)
			rebuilt->body =
				g_bytes_new(attribute.data, attribute.len);
		if (!is_wanted(&attribute))
			continue;
		/* the library hangs data on an attachment that must exist */
		if (rebuilt->attachments == 0)
			return false;
		g_byte_array_append(rebuilt->stream, attribute.whole,
		                    (guint)attribute.len + ATTRIBUTE_LEN);
	}
	return true;
}

/* ---- what comes out ---- */

static const variableLength *find_property(Attachment *file, guint32 id)
{
	static const guint32 types[] = { PT_UNICODE, PT_STRING8, PT_BINARY,
		                         PT_OBJECT };

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		const variableLength *value =
			MAPIFindProperty(&file->MAPI, PROP_TAG(types[i], id));

		if (value != MAPI_UNDEFINED && value != NULL &&
		    value->data != NULL && value->size > 0)
			return value;
	}
	return NULL;
}

/* Text of a value, up to its NUL. Owned or NULL. */
static char *dup_value(const variableLength *value)
{
	if (value == NULL || value->data == NULL || value->size <= 0)
		return NULL;
	const char *text = (const char *)value->data;
	size_t len = strnlen(text, (size_t)value->size);

	return len > 0 ? charset_to_utf8(NULL, text, len, NULL) : NULL;
}

static char *file_name(Attachment *file)
{
	char *name = dup_value(find_property(file, PR_ATTACH_LONG_FILENAME));

	if (name == NULL)
		name = dup_value(find_property(file, PR_ATTACH_FILENAME));
	if (name == NULL)
		name = dup_value(&file->Title);
	return name;
}

static GBytes *file_data(Attachment *file)
{
	const variableLength *value = &file->FileData;

	if (value->data == NULL || value->size <= 0)
		value = find_property(file, PR_ATTACH_DATA_OBJ);
	if (value == NULL)
		return NULL;
	return g_bytes_new(value->data, (gsize)value->size);
}

static char *line_or_empty(char *text)
{
	char *line = text != NULL ? text_dup_line_len(text, strlen(text), 200)
	                          : g_strdup("");

	g_free(text);
	return line;
}

static struct mail_part *file_part(Attachment *file)
{
	g_autofree char *name = file_name(file);
	GBytes *data = file_data(file);

	if (data == NULL)
		return NULL;
	struct mail_part *part = g_new0(struct mail_part, 1);

	part->data = data;
	part->content_type = line_or_empty(
		dup_value(find_property(file, PR_ATTACH_MIME_TAG)));
	if (part->content_type[0] == '\0') {
		g_free(part->content_type);
		part->content_type = g_strdup("application/octet-stream");
	}
	part->content_id = line_or_empty(
		dup_value(find_property(file, PR_ATTACH_CONTENT_ID)));
	part->detected_type = sniff_dup_type(data, part->content_type);
	part->filename = filename_dup_safe(name != NULL ? name : "");
	if (part->filename[0] == '\0') {
		g_free(part->filename);
		part->filename = filename_dup_for_type(
			part->detected_type[0] != '\0' ? part->detected_type
						       : part->content_type);
	}
	return part;
}

/* All or nothing: false if any file is without content. */
static bool take_files(TNEFStruct *tnef, GPtrArray *files)
{
	for (Attachment *file = tnef->starting_attach.next; file != NULL;
	     file = file->next) {
		struct mail_part *part = file_part(file);

		if (part == NULL)
			return false;
		g_ptr_array_add(files, part);
	}
	return true;
}

static void free_part(gpointer data)
{
	mail_part_free(data);
}

static GPtrArray *run_library(const struct rebuilt *rebuilt)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(free_part);
	TNEFStruct tnef;

	memset(&tnef, 0, sizeof(tnef));
	TNEFInitialize(&tnef);
	bool ok = TNEFParseMemory(rebuilt->stream->data,
	                          (long)rebuilt->stream->len, &tnef) >= 0 &&
	          take_files(&tnef, files);

	TNEFFree(&tnef);
	if (!ok)
		g_clear_pointer(&files, g_ptr_array_unref);
	return files;
}

static void take_body(struct mail *mail, GBytes *body,
                      const struct limits *limits)
{
	gsize len = 0;
	const char *data = body != NULL ? text_of_bytes(body, &len) : NULL;

	if (len == 0 || mail->text[0] != '\0')
		return;
	g_free(mail->text);
	mail->text = text_take_clean(
		charset_to_utf8(NULL, data, strnlen(data, len), NULL));
	if (text_cut(mail->text, limits->text_bytes))
		mail->warnings |= MAIL_WARN_TRUNCATED;
}

/* The files of one part, or NULL. */
static GPtrArray *open_part(struct mail *mail, const struct mail_part *part,
                            const struct limits *limits)
{
	gsize len = 0;
	const guint8 *data = (const guint8 *)text_of_bytes(part->data, &len);
	struct rebuilt rebuilt = { .stream = g_byte_array_new() };
	GPtrArray *files = NULL;

	if (len > HEAD_LEN && rebuild(data, len, limits->mime_parts, &rebuilt))
		files = run_library(&rebuilt);
	if (files != NULL)
		take_body(mail, rebuilt.body, limits);
	rebuilt_clear(&rebuilt);
	/* A text that could not be had must not disappear with the file. */
	if (files != NULL && files->len == 0 && mail->text[0] == '\0')
		g_clear_pointer(&files, g_ptr_array_unref);
	return files;
}

static bool is_tnef(const struct mail_part *part)
{
	return g_str_equal(part->content_type, "application/ms-tnef") ||
	       g_str_equal(part->content_type, "application/vnd.ms-tnef") ||
	       g_ascii_strcasecmp(part->filename, "winmail.dat") == 0;
}

static guint replace(GPtrArray *parts, guint at, GPtrArray *files)
{
	guint n = files->len;

	for (guint i = 0; i < n; i++)
		g_ptr_array_insert(parts, (int)(at + 1 + i),
		                   g_ptr_array_index(files, i));
	g_ptr_array_set_free_func(files, NULL);
	g_ptr_array_remove_index(parts, at);
	return n;
}

void tnef_expand(struct mail *mail, const struct limits *limits)
{
	guint i = 0;

	while (i < mail->parts->len) {
		struct mail_part *part = g_ptr_array_index(mail->parts, i);

		if (!is_tnef(part)) {
			i++;
			continue;
		}
		g_autoptr(GPtrArray) files =
			mail->parts->len <= limits->mime_parts
				? open_part(mail, part, limits)
				: NULL;

		if (files == NULL) {
			mail->warnings |= MAIL_WARN_TNEF_KEPT;
			i++;
		} else {
			i += replace(mail->parts, i, files);
		}
	}
}
