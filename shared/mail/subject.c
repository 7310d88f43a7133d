/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subject.c - reply prefixes and the ticket token of a subject
 *
 * Works on bytes, so a subject that is no UTF-8 does no harm. The prefixes
 * are those of mail programs in the languages customers write in; single
 * letters (Italian "R:") are left out because people begin subjects so.
 */
#include "mail/subject.h"

#include <string.h>

#include "base/ids.h"
#include "mail/header.h"

#define TAG_MAX 40 /* between brackets, "[EXTERNAL]" */

enum prefix_kind {
	PREFIX_NONE,
	PREFIX_REPLY,
	PREFIX_FORWARD,
};

static const struct {
	const char *word;
	enum prefix_kind kind;
} prefixes[] = {
	{ "re", PREFIX_REPLY },
	{ "res", PREFIX_REPLY },
	{ "resp", PREFIX_REPLY },
	{ "resposta", PREFIX_REPLY },
	{ "respuesta", PREFIX_REPLY },
	{ "aw", PREFIX_REPLY },
	{ "antw", PREFIX_REPLY },
	{ "antwort", PREFIX_REPLY },
	{ "sv", PREFIX_REPLY },
	{ "vs", PREFIX_REPLY },
	{ "odp", PREFIX_REPLY },
	{ "rif", PREFIX_REPLY },
	{ "ynt", PREFIX_REPLY },
	{ "ang", PREFIX_REPLY },
	{ "r\303\251p", PREFIX_REPLY },
	{ "r\303\211p", PREFIX_REPLY },
	{ "\345\233\236\345\244\215", PREFIX_REPLY },
	{ "\345\233\236\350\246\206", PREFIX_REPLY },
	{ "\347\255\224\345\244\215", PREFIX_REPLY },
	{ "enc", PREFIX_FORWARD },
	{ "encaminhado", PREFIX_FORWARD },
	{ "encaminhada", PREFIX_FORWARD },
	{ "fw", PREFIX_FORWARD },
	{ "fwd", PREFIX_FORWARD },
	{ "rv", PREFIX_FORWARD },
	{ "reenv", PREFIX_FORWARD },
	{ "reenviado", PREFIX_FORWARD },
	{ "wg", PREFIX_FORWARD },
	{ "tr", PREFIX_FORWARD },
	{ "vb", PREFIX_FORWARD },
	{ "vl", PREFIX_FORWARD },
	{ "pd", PREFIX_FORWARD },
	{ "ilt", PREFIX_FORWARD },
	{ "doorst", PREFIX_FORWARD },
	{ "\350\275\254\345\217\221", PREFIX_FORWARD },
	{ "\350\275\211\345\257\204", PREFIX_FORWARD },
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* The count some programs add: "Re[2]:", "Re(2):", "Re^2:", "Re2:". */
static const char *skip_count(const char *p)
{
	const char *digits = p + (*p != '\0' && strchr("[(^", *p) != NULL);
	size_t n = strspn(digits, "0123456789");
	const char *end = digits + n;

	if (n == 0 || n > 3)
		return p;
	if (*p == '[' || *p == '(') {
		if (*end != (*p == '[' ? ']' : ')'))
			return p;
		end++;
	}
	return end;
}

/* Behind a colon, ASCII or full-width; NULL if there is none. */
static const char *skip_colon(const char *p)
{
	static const char wide[] = "\357\274\232";

	if (*p == ':')
		return p + 1;
	return g_str_has_prefix(p, wide) ? p + strlen(wide) : NULL;
}

/* The prefix at p, if there is one; *ret_end points behind its colon. */
static enum prefix_kind match_prefix(const char *p, const char **ret_end)
{
	const char *end;
	size_t i, len;

	for (i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		len = strlen(prefixes[i].word);
		if (g_ascii_strncasecmp(p, prefixes[i].word, len) != 0)
			continue;
		end = skip_colon(skip_blanks(skip_count(p + len)));
		if (end != NULL) {
			*ret_end = end;
			return prefixes[i].kind;
		}
	}
	return PREFIX_NONE;
}

/* The text between brackets that open at p; false if it is too long. */
static bool match_tag(const char *p, const char **ret_text, size_t *ret_len)
{
	size_t len;

	if (*p != '[')
		return false;
	p = skip_blanks(p + 1);
	len = strcspn(p, "[]");
	if (len > TAG_MAX || p[len] != ']')
		return false;
	*ret_text = p;
	*ret_len = len;
	return true;
}

/* The canonical ref of the token that opens at p, or NULL. */
static char *match_token(const char *prefix, const char *p,
                         const char **ret_end)
{
	const char *text;
	size_t len;
	char *ref;

	if (!match_tag(p, &text, &len))
		return NULL;
	*ret_end = text + len + 1;
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	ref = ref_parse(prefix, text, len);
	return ref;
}

char *subject_dup_ref(const char *prefix, const char *subject)
{
	const char *p, *end;
	char *ref;

	for (p = strchr(subject, '['); p != NULL; p = strchr(p + 1, '[')) {
		ref = match_token(prefix, p, &end);
		if (ref != NULL)
			return ref;
	}
	return NULL;
}

bool subject_is_answer(const char *subject)
{
	const char *p = skip_blanks(subject), *text;
	size_t len;

	return match_tag(p, &text, &len) || match_prefix(p, &p) != PREFIX_NONE;
}

bool subject_is_forward(const char *subject)
{
	const char *p = skip_blanks(subject), *text;
	size_t len;

	while (match_tag(p, &text, &len))
		p = skip_blanks(text + len + 1);
	return match_prefix(p, &p) == PREFIX_FORWARD;
}

/* The text without tokens and with single blanks. */
static char *dup_without_tokens(const char *prefix, const char *p)
{
	GString *bare = g_string_new(NULL);
	const char *end;

	while (*p != '\0') {
		g_autofree char *ref = match_token(prefix, p, &end);

		if (ref != NULL) {
			p = end;
			g_string_append_c(bare, ' ');
			continue;
		}
		g_string_append_c(bare, *p++);
	}
	return g_string_free(bare, FALSE);
}

static char *dup_single_blanks(const char *p)
{
	GString *text = g_string_new(NULL);

	for (p = skip_blanks(p); *p != '\0';) {
		if (*p == ' ' || *p == '\t') {
			p = skip_blanks(p);
			if (*p != '\0')
				g_string_append_c(text, ' ');
		} else {
			g_string_append_c(text, *p++);
		}
	}
	return g_string_free(text, FALSE);
}

char *subject_dup_bare(const char *prefix, const char *subject)
{
	g_autofree char *text = dup_without_tokens(prefix, subject);
	const char *p = skip_blanks(text);

	while (match_prefix(p, &p) != PREFIX_NONE)
		p = skip_blanks(p);
	return dup_single_blanks(p);
}

char *subject_decode(const char *value, size_t len)
{
	return header_decode(value, len, NULL);
}
