/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * header.c - the raw header block, field by field
 *
 * Everything here is one pass over the bytes, whatever they are. Lines end
 * with CRLF or LF; a lone CR is an ordinary byte.
 */
#include "mail/header.h"

#include <string.h>

#include "base/utf8.h"
#include "mail/charset.h"

#define MESSAGE_ID_MAX 998 /* a line, RFC 5322 2.1.1 */
#define CHARSET_MAX    40
#define WORD_TEXT_MAX  998 /* 75 by RFC 2047; some mailers never fold */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

/* ftext of RFC 5322 3.6.8. */
static bool is_name_char(char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

void header_walk_init(struct header_walk *walk, const char *data, size_t len)
{
	walk->at = data;
	walk->end = data + len;
	walk->body = NULL;
}

/* Behind the line end of the line at p. */
static const char *line_next(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	return lf == NULL ? end : lf + 1;
}

/* Length of the line end at p, 0 if there is none. */
static size_t line_end_len(const char *p, const char *end)
{
	if (p < end && *p == '\n')
		return 1;
	if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
		return 2;
	return 0;
}

/* Name and colon; the value starts where *ret_value points. */
static bool parse_name(const char *p, const char *end,
                       struct header_field *ret_field)
{
	const char *start = p, *name_end;

	while (p < end && is_name_char(*p))
		p++;
	name_end = p;
	while (p < end && is_blank(*p))
		p++;
	if (name_end == start || p == end || *p != ':')
		return false;
	ret_field->name = start;
	ret_field->name_len = (size_t)(name_end - start);
	ret_field->blank_before_colon = p != name_end;
	ret_field->value = p + 1;
	return true;
}

/* Behind the last line of the field whose value starts at p. */
static const char *field_next(const char *p, const char *end)
{
	do {
		p = line_next(p, end);
	} while (p < end && is_blank(*p));
	return p;
}

static const char *without_line_end(const char *start, const char *p)
{
	if (p > start && p[-1] == '\n') {
		p--;
		if (p > start && p[-1] == '\r')
			p--;
	}
	return p;
}

bool header_walk_next(struct header_walk *walk, struct header_field *ret_field)
{
	struct header_field field;
	size_t line_end;

	if (walk->body != NULL)
		return false;
	line_end = line_end_len(walk->at, walk->end);
	if (line_end > 0 || !parse_name(walk->at, walk->end, &field)) {
		walk->body = walk->at + line_end;
		return false;
	}
	walk->at = field_next(field.value, walk->end);
	field.value_len =
		(size_t)(without_line_end(field.value, walk->at) - field.value);
	*ret_field = field;
	return true;
}

const char *header_walk_body(const struct header_walk *walk)
{
	return walk->body;
}

bool header_is(const struct header_field *field, const char *name)
{
	return field->name_len == strlen(name) &&
	       g_ascii_strncasecmp(field->name, name, field->name_len) == 0;
}

/* A C string of any bytes. */
static char *dup_visible(const char *data, size_t len)
{
	char *copy = g_strndup("", len);
	size_t i;

	for (i = 0; i < len; i++)
		copy[i] = data[i] == '\0' ? '\001' : data[i];
	return copy;
}

char *header_dup_single(const char *data, size_t len, const char *name,
                        unsigned *ret_count)
{
	struct header_walk walk;
	struct header_field field, found = { 0 };
	unsigned count = 0;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		if (!header_is(&field, name))
			continue;
		found = field;
		count++;
	}
	if (ret_count != NULL)
		*ret_count = count;
	return count == 1 ? dup_visible(found.value, found.value_len) : NULL;
}

char *header_unfold(const char *value, size_t len)
{
	char *text = g_malloc(len + 1);
	size_t i = 0, n = 0, skip;

	while (i < len) {
		if (value[i] > '\r' || value[i] < '\0') {
			text[n++] = value[i++];
			continue;
		}
		skip = line_end_len(value + i, value + len);
		if (skip > 0 && i + skip < len && is_blank(value[i + skip])) {
			i += skip;
			continue;
		}
		if (value[i] == '\r' || value[i] == '\n')
			text[n++] = ' ';
		else
			text[n++] = value[i] == '\0' ? '\001' : value[i];
		i++;
	}
	text[n] = '\0';
	return g_strstrip(text);
}

/*
 * The Message-ID behind the "<" at *at, which is moved behind what was read.
 * A fold inside, as careless relays make, is left out; a blank alone is not
 * forgiven.
 */
static char *take_message_id(const char **at, const char *end)
{
	g_autoptr(GString) id = g_string_new("<");
	const char *p = *at + 1, *fold;

	for (; p < end && *p != '>' && *p != '<'; p++) {
		if (is_space(*p)) {
			fold = p;
			while (p < end && is_space(*p))
				p++;
			if (memchr(fold, '\n', (size_t)(p - fold)) == NULL)
				break;
			p--;
			continue;
		}
		if ((guchar)*p < 0x21 || *p == 0x7f)
			break;
		g_string_append_c(id, *p);
	}
	*at = p;
	if (p == end || *p != '>' || id->len < 2 || id->len >= MESSAGE_ID_MAX ||
	    !g_utf8_validate(id->str, (gssize)id->len, NULL))
		return NULL;
	g_string_append_c(id, '>');
	return g_strdup(id->str);
}

char **header_dup_message_ids(const char *value, size_t len, size_t max)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	const char *p = value, *end = value + len;
	char *id;

	while (ids->len < max && p < end &&
	       (p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		id = take_message_id(&p, end);
		if (id != NULL)
			g_ptr_array_add(ids, id);
	}
	g_ptr_array_add(ids, NULL);
	g_ptr_array_set_free_func(ids, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&ids), FALSE);
}

/* In these a zero byte is half of a letter. */
static bool is_wide(const char *charset)
{
	return g_ascii_strncasecmp(charset, "utf-16", 6) == 0 ||
	       g_ascii_strncasecmp(charset, "utf-32", 6) == 0 ||
	       g_ascii_strncasecmp(charset, "ucs-2", 5) == 0;
}

/* Bytes in the named character set (NULL: guessed) as UTF-8. */
static void append_charset(GString *out, const char *bytes, size_t len,
                           const char *charset)
{
	g_autofree char *copy = NULL, *text = NULL;

	if (charset == NULL || !is_wide(charset))
		bytes = copy = dup_visible(bytes, len);
	text = charset_to_utf8(charset, bytes, len, NULL);
	g_string_append(out, text);
}

/* An encoded word, RFC 2047 section 2; pointers into the value. */
struct encoded_word {
	const char *charset;
	size_t charset_len;
	bool base64;
	const char *text;
	size_t text_len;
	const char *next; /* behind "?=" */
};

/* Words of one character set in a row are joined before they are converted,
 * since mailers split characters between them. */
struct decoder {
	GString *out;
	GString *run;
	const char *charset; /* of the run, NULL if there is none */
	size_t charset_len;
};

static bool is_charset_char(char c)
{
	return g_ascii_isalnum(c) || (c != '\0' && strchr("-_.:+*()", c));
}

/* "charset?e?" at p; returns what is behind, NULL if it is none. */
static const char *parse_word_head(const char *p, const char *end,
                                   struct encoded_word *ret_word)
{
	const char *start = p, *star;

	while (p < end && p - start < CHARSET_MAX && is_charset_char(*p))
		p++;
	if (p == start || end - p < 3 || p[0] != '?' || p[2] != '?' ||
	    strchr("bBqQ", p[1]) == NULL)
		return NULL;
	star = memchr(start, '*', (size_t)(p - start)); /* RFC 2231 5 */
	ret_word->charset = start;
	ret_word->charset_len = (size_t)((star == NULL ? p : star) - start);
	ret_word->base64 = g_ascii_tolower(p[1]) == 'b';
	return p + 3;
}

/* The word that starts at p, if one does. */
static bool parse_word(const char *p, const char *end,
                       struct encoded_word *ret_word)
{
	const char *text;

	if (end - p < 2 || p[0] != '=' || p[1] != '?')
		return false;
	text = parse_word_head(p + 2, end, ret_word);
	if (text == NULL)
		return false;
	for (p = text; end - p >= 2 && p - text <= WORD_TEXT_MAX; p++) {
		if (is_blank(*p))
			return false;
		if (p[0] == '?' && p[1] == '=') {
			ret_word->text = text;
			ret_word->text_len = (size_t)(p - text);
			ret_word->next = p + 2;
			return true;
		}
	}
	return false;
}

static void append_q(GString *out, const char *text, size_t len)
{
	size_t i;
	int high, low;

	for (i = 0; i < len; i++) {
		if (text[i] == '=' && len - i > 2 &&
		    (high = g_ascii_xdigit_value(text[i + 1])) >= 0 &&
		    (low = g_ascii_xdigit_value(text[i + 2])) >= 0) {
			g_string_append_c(out, (char)(high << 4 | low));
			i += 2;
		} else {
			g_string_append_c(out, text[i] == '_' ? ' ' : text[i]);
		}
	}
}

/* The padding is added again for those who left it out. */
static void append_base64(GString *out, const char *text, size_t len)
{
	g_autofree guchar *bytes = g_malloc(len / 4 * 3 + 9);
	gint state = 0;
	guint save = 0;
	gsize n = g_base64_decode_step(text, len, bytes, &state, &save);

	n += g_base64_decode_step("===", 3, bytes + n, &state, &save);
	g_string_append_len(out, (const char *)bytes, (gssize)n);
}

static void decoder_flush(struct decoder *decoder)
{
	g_autofree char *charset = NULL;

	if (decoder->charset == NULL)
		return;
	charset = g_strndup(decoder->charset, decoder->charset_len);
	append_charset(decoder->out, decoder->run->str, decoder->run->len,
	               charset);
	g_string_truncate(decoder->run, 0);
	decoder->charset = NULL;
}

static void decoder_add_word(struct decoder *decoder,
                             const struct encoded_word *word)
{
	if (decoder->charset != NULL &&
	    (decoder->charset_len != word->charset_len ||
	     g_ascii_strncasecmp(decoder->charset, word->charset,
	                         word->charset_len) != 0))
		decoder_flush(decoder);
	decoder->charset = word->charset;
	decoder->charset_len = word->charset_len;
	if (word->base64)
		append_base64(decoder->run, word->text, word->text_len);
	else
		append_q(decoder->run, word->text, word->text_len);
}

static void decode_words(struct decoder *decoder, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *raw, *next;
	struct encoded_word word;

	while (p < end) {
		for (next = p; next < end && is_blank(*next);)
			next++;
		if ((next == p || decoder->charset != NULL) &&
		    parse_word(next, end, &word)) {
			decoder_add_word(decoder, &word);
			p = word.next;
			continue;
		}
		decoder_flush(decoder);
		for (raw = p++; p < end && !parse_word(p, end, &word);)
			p++;
		append_charset(decoder->out, raw, (size_t)(p - raw), NULL);
	}
	decoder_flush(decoder);
}

static bool is_control(gunichar c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
	       c == 0x2029;
}

static bool is_embedding(gunichar c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static char *dup_printable(const char *text, bool *ret_control)
{
	GString *out = g_string_new(NULL);
	gunichar c;

	for (; *text != '\0'; text = utf8_next(text)) {
		c = g_utf8_get_char(text);
		if (is_embedding(c))
			continue;
		g_string_append_unichar(out, is_control(c) ? ' ' : c);
		if (is_control(c) && c != '\t')
			*ret_control = true;
	}
	g_strstrip(out->str);
	return g_string_free(out, FALSE);
}

char *header_decode(const char *value, size_t len, bool *ret_control)
{
	g_autofree char *text = header_unfold(value, len);
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GString) run = g_string_new(NULL);
	struct decoder decoder = { .out = out, .run = run };
	bool control = false;
	char *result;

	decode_words(&decoder, text, strlen(text));
	result = dup_printable(out->str, &control);
	if (ret_control != NULL)
		*ret_control = control;
	return result;
}

char *header_dup_line(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	bool control = false;

	return dup_printable(valid, &control);
}
