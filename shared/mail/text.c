/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.c - plain text as it comes, made plain text as we keep it
 */
#include "mail/text.h"

#include <string.h>

const char *text_of_bytes(GBytes *bytes, gsize *ret_len)
{
	const char *data = g_bytes_get_data(bytes, ret_len);

	return data != NULL ? data : "";
}

static void chomp_line(GString *out)
{
	gsize len = out->len;

	while (len > 0 &&
	       (out->str[len - 1] == ' ' || out->str[len - 1] == '\t'))
		len--;
	/* "-- " alone on its line is a signature mark (RFC 3676 4.3) */
	bool is_mark = out->len - len == 1 && len >= 2 &&
	               out->str[len] == ' ' && out->str[len - 1] == '-' &&
	               out->str[len - 2] == '-' &&
	               (len == 2 || out->str[len - 3] == '\n');

	if (!is_mark)
		g_string_truncate(out, len);
}

char *text_take_clean(char *text)
{
	GString *out = g_string_sized_new(strlen(text) + 1);

	for (const char *p = text; *p != '\0'; p++) {
		guchar byte = (guchar)*p;

		if (byte == '\r' || byte == '\n' || byte == '\f') {
			if (byte == '\r' && p[1] == '\n')
				p++;
			chomp_line(out);
			if (out->len > 0)
				g_string_append_c(out, '\n');
		} else if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) {
			g_string_append_c(out, (char)byte);
		}
	}
	g_free(text);
	chomp_line(out);
	while (out->len > 0 && out->str[out->len - 1] == '\n')
		g_string_truncate(out, out->len - 1);
	return g_string_free(out, FALSE);
}

/* ---- format=flowed ---- */

struct flow {
	GString *out;
	size_t depth;  /* quote marks of the paragraph being joined */
	bool is_first; /* no line yet */
	bool is_open;  /* the line before ended softly */
	bool delsp;
};

static void flow_line(struct flow *flow, const char *line, size_t len)
{
	size_t depth = 0;

	while (depth < len && line[depth] == '>')
		depth++;
	const char *body = line + depth;
	size_t body_len = len - depth;

	if (body_len > 0 && *body == ' ') { /* space-stuffed */
		body++;
		body_len--;
	}
	bool is_mark = body_len == 3 && memcmp(body, "-- ", 3) == 0;
	bool joins = flow->is_open && depth == flow->depth && !is_mark;
	bool is_soft = body_len > 0 && body[body_len - 1] == ' ' && !is_mark;

	if (!joins) {
		if (!flow->is_first)
			g_string_append_c(flow->out, '\n');
		g_string_append_len(flow->out, line, (gssize)depth);
		if (depth > 0)
			g_string_append_c(flow->out, ' ');
	}
	if (is_soft && flow->delsp)
		body_len--;
	g_string_append_len(flow->out, body, (gssize)body_len);
	flow->is_first = false;
	flow->is_open = is_soft;
	flow->depth = depth;
}

char *text_unflow(const char *text, bool delsp)
{
	struct flow flow = {
		.out = g_string_sized_new(strlen(text) + 16),
		.is_first = true,
		.delsp = delsp,
	};

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		flow_line(&flow, text, len);
		text += len + (text[len] == '\n');
	}
	return g_string_free(flow.out, FALSE);
}

bool text_cut(char *text, guint64 max)
{
	size_t len = strlen(text);

	if (len <= max)
		return false;
	size_t at = (size_t)max;

	while (at > 0 && ((guchar)text[at] & 0xc0) == 0x80)
		at--;
	text[at] = '\0';
	return true;
}

static bool is_ascii(const char *text, size_t len)
{
	guchar all = 0;

	for (size_t i = 0; i < len; i++)
		all |= (guchar)text[i];
	return all < 0x80;
}

static void append_lower(GString *out, const char *line, size_t len)
{
	if (!is_ascii(line, len)) {
		g_autofree char *lower = g_utf8_strdown(line, (gssize)len);

		g_string_append(out, lower);
		return;
	}
	gsize at = out->len;

	g_string_append_len(out, line, (gssize)len);
	for (; at < out->len; at++)
		out->str[at] = g_ascii_tolower(out->str[at]);
}

char *text_dup_lower(const char *text)
{
	const char *end = text + strlen(text);
	GString *out = g_string_sized_new((gsize)(end - text) + 1);

	while (text < end) {
		const char *lf = memchr(text, '\n', (size_t)(end - text));
		const char *next = lf != NULL ? lf + 1 : end;

		append_lower(out, text, (size_t)(next - text));
		text = next;
	}
	return g_string_free(out, FALSE);
}

char *text_dup_line_len(const char *text, size_t len, size_t max)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)len);
	GString *out = g_string_new(NULL);
	bool space = false;

	for (const char *p = valid; *p != '\0'; p = text_next(p)) {
		gunichar ch = g_utf8_get_char(p);

		if (ch <= 0x20 || (ch >= 0x7f && ch <= 0xa0)) {
			space = out->len > 0;
			continue;
		}
		if (space)
			g_string_append_c(out, ' ');
		space = false;
		g_string_append_unichar(out, ch);
	}
	(void)text_cut(out->str, max);
	return g_string_free(out, FALSE);
}

char *text_dup_line(const char *text)
{
	return text_dup_line_len(text, strlen(text), G_MAXSIZE);
}
