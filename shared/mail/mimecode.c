/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mimecode.c - transfer encodings undone
 *
 * Whole bodies at once, into a buffer of the size that the result can have at
 * most: no growing, no copies.
 */
#include "mail/mimecode.h"

#include <string.h>

#include "mail/text.h"

enum mime_encoding mimecode_find_encoding(const char *value, size_t len)
{
	static const struct {
		const char *name;
		enum mime_encoding encoding;
	} names[] = {
		{ "base64", MIME_BASE64 },
		{ "quoted-printable", MIME_QUOTED_PRINTABLE },
		{ "x-uuencode", MIME_UUENCODE },
		{ "uuencode", MIME_UUENCODE },
		{ "x-uue", MIME_UUENCODE },
	};
	size_t at = 0, n;

	while (at < len && (g_ascii_isspace(value[at]) || value[at] == '"'))
		at++;
	for (n = at; n < len && (g_ascii_isalnum(value[n]) || value[n] == '-');)
		n++;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (n - at == strlen(names[i].name) &&
		    g_ascii_strncasecmp(value + at, names[i].name, n - at) == 0)
			return names[i].encoding;
	return MIME_IDENTITY;
}

/* ---- base64 ---- */

#define SKIP 0xff
#define PAD  0xfe

/* Sextets of the alphabet's bytes. */
static const guint8 *base64_table(void)
{
	static guint8 table[256];
	static gsize done;
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";

	if (g_once_init_enter(&done)) {
		memset(table, SKIP, sizeof(table));
		for (guint8 i = 0; i < 64; i++)
			table[(guchar)alphabet[i]] = i;
		table['='] = PAD;
		g_once_init_leave(&done, 1);
	}
	return table;
}

struct base64 {
	guint32 bits;
	unsigned count; /* sextets in bits, 0 to 3 */
};

/* What is left of an unfinished group. */
static guint8 *base64_flush(struct base64 *state, guint8 *out)
{
	if (state->count >= 2)
		*out++ = (guint8)(state->bits >> (state->count == 2 ? 4 : 10));
	if (state->count == 3)
		*out++ = (guint8)(state->bits >> 2);
	*state = (struct base64){ 0 };
	return out;
}

static size_t decode_base64(const char *data, size_t len, guint8 *to)
{
	const guint8 *table = base64_table();
	struct base64 state = { 0 };
	guint8 *out = to;

	for (size_t i = 0; i < len; i++) {
		guint8 value = table[(guchar)data[i]];

		if (value == SKIP)
			continue;
		if (value == PAD) {
			out = base64_flush(&state, out);
			continue;
		}
		state.bits = state.bits << 6 | value;
		if (++state.count < 4)
			continue;
		*out++ = (guint8)(state.bits >> 16);
		*out++ = (guint8)(state.bits >> 8);
		*out++ = (guint8)state.bits;
		state = (struct base64){ 0 };
	}
	return (size_t)(base64_flush(&state, out) - to);
}

/* ---- quoted-printable ---- */

/* Behind blanks and the line end that follow the "=" at p, or NULL. */
static const char *soft_break(const char *p, const char *end)
{
	for (p++; p < end && (*p == ' ' || *p == '\t');)
		p++;
	if (p < end && *p == '\r')
		p++;
	else if (p == end)
		return p;
	return p < end && *p == '\n' ? p + 1 : p[-1] == '\r' ? p : NULL;
}

static size_t decode_quoted(const char *data, size_t len, guint8 *to)
{
	const char *p = data, *end = data + len;
	guint8 *out = to;

	while (p < end) {
		const char *code = memchr(p, '=', (size_t)(end - p));
		size_t plain = (size_t)((code != NULL ? code : end) - p);

		memcpy(out, p, plain);
		out += plain;
		if (code == NULL)
			break;
		p = soft_break(code, end);
		if (p != NULL)
			continue;
		int high = end - code > 2 ? g_ascii_xdigit_value(code[1]) : -1;
		int low = high >= 0 ? g_ascii_xdigit_value(code[2]) : -1;

		*out++ = (guint8)(low >= 0 ? high << 4 | low : '=');
		p = code + (low >= 0 ? 3 : 1);
	}
	return (size_t)(out - to);
}

/* ---- uuencode ---- */

struct span {
	const char *at;
	const char *end;
};

static bool next_line(struct span *text, struct span *ret_line)
{
	if (text->at >= text->end)
		return false;
	const char *lf =
		memchr(text->at, '\n', (size_t)(text->end - text->at));
	const char *end = lf != NULL ? lf : text->end;

	ret_line->at = text->at;
	ret_line->end = end > text->at && end[-1] == '\r' ? end - 1 : end;
	text->at = lf != NULL ? lf + 1 : text->end;
	return true;
}

/* "begin 644 name"; the name may be missing, what follows is checked. */
static bool parse_begin(const struct span *line, struct span *ret_name)
{
	const char *p = line->at;

	if (line->end - p < 9 || memcmp(p, "begin ", 6) != 0)
		return false;
	for (p += 6; p < line->end && *p >= '0' && *p <= '7';)
		p++;
	if (p - line->at < 9 || p - line->at > 10 ||
	    (p < line->end && *p != ' '))
		return false;
	*ret_name = (struct span){ p + (p < line->end), line->end };
	return true;
}

static bool is_uu(char c)
{
	return c >= ' ' && c <= '`';
}

/* How many bytes a line stands for, -1 if it is none. Blanks at the end may
 * have been lost; a checksum character may follow. */
static int uu_line(const struct span *line)
{
	size_t len = (size_t)(line->end - line->at);

	if (len == 0 || !is_uu(line->at[0]))
		return -1;
	int n = (line->at[0] - ' ') & 63;
	size_t chars = (size_t)(n + 2) / 3 * 4;

	if (len > chars + 2)
		return -1;
	for (size_t i = 1; i < len; i++)
		if (!is_uu(line->at[i]))
			return -1;
	if (len < chars + 1 && n > 0 && chars + 1 - len > 4)
		return -1;
	return n;
}

static guint32 uu_value(const struct span *line, size_t at)
{
	return line->at + at < line->end
	               ? (guint32)((line->at[at] - ' ') & 63)
	               : 0;
}

static void decode_uu_line(GByteArray *out, const struct span *line, int n)
{
	for (size_t at = 1; n > 0; at += 4, n -= 3) {
		guint32 bits = uu_value(line, at) << 18 |
			       uu_value(line, at + 1) << 12 |
			       uu_value(line, at + 2) << 6 |
			       uu_value(line, at + 3);
		const guint8 bytes[3] = { (guint8)(bits >> 16),
			                  (guint8)(bits >> 8), (guint8)bits };

		g_byte_array_append(out, bytes, (guint)MIN(n, 3));
	}
}

static bool is_end(const struct span *line)
{
	size_t len = (size_t)(line->end - line->at);

	while (len > 0 && (line->at[len - 1] == ' ' ||
			   line->at[len - 1] == '\t'))
		len--;
	return len == 3 && memcmp(line->at, "end", 3) == 0;
}

/* The lines behind "begin", moved behind "end"; NULL if they are none. An
 * empty line may stand for the length 0. */
static GBytes *take_uu(struct span *text)
{
	struct span rest = *text, line;
	g_autoptr(GByteArray) out = g_byte_array_new();
	bool last = false;

	while (next_line(&rest, &line)) {
		if (is_end(&line)) {
			*text = rest;
			return g_byte_array_free_to_bytes(
				g_steal_pointer(&out));
		}
		int n = line.at == line.end ? 0 : uu_line(&line);

		if (n < 0 || last)
			return NULL;
		last = n == 0;
		decode_uu_line(out, &line, n);
	}
	return NULL;
}

void mimecode_file_free(struct mimecode_file *file)
{
	if (file == NULL)
		return;
	g_free(file->name);
	g_bytes_unref(file->data);
	g_free(file);
}

static bool take_file(struct span *text, const struct span *name,
                      GPtrArray *files)
{
	GBytes *data = take_uu(text);

	if (data == NULL)
		return false;
	struct mimecode_file *file = g_new0(struct mimecode_file, 1);

	file->data = data;
	file->name = g_strndup(name->at, (size_t)(name->end - name->at));
	g_ptr_array_add(files, file);
	return true;
}

GBytes *mimecode_take_files(GBytes *text, guint max, GPtrArray *files)
{
	gsize len = 0;
	const char *data = text_of_bytes(text, &len);
	struct span rest = { data, data + len }, line, name;
	guint before = files->len, tries = 0;

	if (memmem(data, len, "begin ", 6) == NULL)
		return NULL;
	g_autoptr(GString) out = g_string_sized_new(256);
	const char *kept = data;

	/* each try may read to the end in vain */
	while (tries < 16 && files->len - before < max &&
	       next_line(&rest, &line)) {
		if (!parse_begin(&line, &name))
			continue;
		struct span body = rest;

		if (!take_file(&body, &name, files)) {
			tries++;
			continue;
		}
		g_string_append_len(out, kept, (gssize)(line.at - kept));
		rest = body;
		kept = rest.at;
	}
	if (files->len == before)
		return NULL;
	g_string_append_len(out, kept, (gssize)(rest.end - kept));
	return g_string_free_to_bytes(g_steal_pointer(&out));
}

static void free_file(gpointer file)
{
	mimecode_file_free(file);
}

/* A part that says it is one uuencoded file; as it stands if it is not. */
static GBytes *decode_uuencoded(const char *data, size_t len)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(free_file);
	g_autoptr(GBytes) body = g_bytes_new_static(data, len);
	GBytes *rest = mimecode_take_files(body, 1, files);

	if (rest == NULL)
		return g_bytes_new(data, len);
	g_bytes_unref(rest);
	const struct mimecode_file *file = g_ptr_array_index(files, 0);

	return g_bytes_ref(file->data);
}

/* ---- all ---- */

/* Base64 leaves a quarter of the buffer; large ones are given back. */
static GBytes *take_buffer(guint8 *buffer, size_t used, size_t size)
{
	if (size - used > 4096)
		buffer = g_realloc(buffer, MAX(used, 1));
	return g_bytes_new_take(buffer, used);
}

GBytes *mimecode_decode(enum mime_encoding encoding, const char *data,
                        size_t len)
{
	size_t size = encoding == MIME_BASE64 ? len / 4 * 3 + 6 : len + 1;
	guint8 *buffer;

	switch (encoding) {
	case MIME_BASE64:
		buffer = g_malloc(size);
		return take_buffer(buffer, decode_base64(data, len, buffer),
		                   size);
	case MIME_QUOTED_PRINTABLE:
		buffer = g_malloc(size);
		return take_buffer(buffer, decode_quoted(data, len, buffer),
		                   size);
	case MIME_UUENCODE:
		return decode_uuencoded(data, len);
	case MIME_IDENTITY:
		break;
	}
	return g_bytes_new(data, len);
}
