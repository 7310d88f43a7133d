/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subject.c - reply prefixes and the ticket token of a subject
 *
 * Works on bytes, so a subject that is no UTF-8 does no harm. The prefixes
 * are those of mail programs in the languages customers write in. The single
 * letters of Italian and French programs ("R:", "I:") count only before a
 * tag in brackets or another prefix, because people begin subjects so.
 */
#include "mail/subject.h"

#include <string.h>

#include "base/ids.h"
#include "mail/header.h"

#define TAG_MAX     40 /* between brackets, "[EXTERNAL]" */
#define LETTERS_MAX 8  /* "R: R: R: ..." */

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
	{ "odpov\304\233\304\217", PREFIX_REPLY },
	{ "rif", PREFIX_REPLY },
	{ "ynt", PREFIX_REPLY },
	{ "ang", PREFIX_REPLY },
	{ "atb", PREFIX_REPLY },
	{ "r\303\251f", PREFIX_REPLY },
	{ "r\303\251p", PREFIX_REPLY },
	{ "r\303\211p", PREFIX_REPLY },
	{ "r\303\211P", PREFIX_REPLY },
	{ "\320\236\321\202\320\262", PREFIX_REPLY },
	{ "\320\236\320\242\320\222", PREFIX_REPLY },
	{ "\345\233\236\345\244\215", PREFIX_REPLY },
	{ "\345\233\236\350\246\206", PREFIX_REPLY },
	{ "\347\255\224\345\244\215", PREFIX_REPLY },
	{ "\347\255\224\350\246\206", PREFIX_REPLY },
	{ "\350\277\224\344\277\241", PREFIX_REPLY },
	{ "\355\232\214\354\213\240", PREFIX_REPLY },
	{ "enc", PREFIX_FORWARD },
	{ "encam", PREFIX_FORWARD },
	{ "encaminhado", PREFIX_FORWARD },
	{ "encaminhada", PREFIX_FORWARD },
	{ "fw", PREFIX_FORWARD },
	{ "fwd", PREFIX_FORWARD },
	{ "fwrd", PREFIX_FORWARD },
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
	{ "\320\237\320\265\321\200\320\265\321\201\320\273", PREFIX_FORWARD },
	{ "\350\275\254\345\217\221", PREFIX_FORWARD },
	{ "\350\275\211\345\257\204", PREFIX_FORWARD },
	{ "\350\275\211\347\231\274", PREFIX_FORWARD },
	{ "\350\273\242\351\200\201", PREFIX_FORWARD },
	{ "\354\240\204\353\213\254", PREFIX_FORWARD },
};

static const struct {
	char letter;
	enum prefix_kind kind;
} letters[] = {
	{ 'r', PREFIX_REPLY },
	{ 'i', PREFIX_FORWARD },
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* The count some programs add: "Re[2]:", "Re (2):", "Re^2:", "Re2:". */
static const char *skip_count(const char *p)
{
	const char *bracket = skip_blanks(p);

	if (*bracket == '[' || *bracket == '(')
		p = bracket;

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

/* The text between brackets that open at p; false if it is too long. */
static bool match_tag(const char *p, const char **ret_text, size_t *ret_len)
{
	size_t len;

	if (*p != '[')
		return false;
	len = strcspn(p + 1, "[]");
	if (len > TAG_MAX || p[1 + len] != ']')
		return false;
	*ret_text = p + 1;
	*ret_len = len;
	return true;
}

/* A prefix of more than one letter. */
static enum prefix_kind match_word(const char *p, const char **ret_end)
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

static enum prefix_kind letter_kind(const char *p)
{
	for (size_t i = 0; i < G_N_ELEMENTS(letters); i++)
		if (g_ascii_tolower(*p) == letters[i].letter &&
		    skip_colon(p + 1) != NULL)
			return letters[i].kind;
	return PREFIX_NONE;
}

/* "R: [VIA-...", "I: R: Re: x": letters before a tag or a prefix. */
static enum prefix_kind match_letter(const char *p, const char **ret_end)
{
	const char *next = p, *text, *end;
	size_t len;

	for (int n = 0; n < LETTERS_MAX && letter_kind(next) != PREFIX_NONE;
	     n++)
		next = skip_blanks(skip_colon(next + 1));
	if (next == p || (!match_tag(next, &text, &len) &&
	                  match_word(next, &end) == PREFIX_NONE))
		return PREFIX_NONE;
	*ret_end = skip_colon(p + 1);
	return letter_kind(p);
}

/* The prefix at p, if there is one; *ret_end points behind its colon. */
static enum prefix_kind match_prefix(const char *p, const char **ret_end)
{
	enum prefix_kind kind = match_word(p, ret_end);

	return kind != PREFIX_NONE ? kind : match_letter(p, ret_end);
}

/* What programs put into a token when they fold, wrap or beautify it: blanks
 * and invisible characters go, hyphens of other kinds become one. */
static const struct {
	const char *bytes;
	const char *as;
} oddities[] = {
	{ " ", "" },
	{ "\t", "" },
	{ "\302\240", "" },      /* no-break space */
	{ "\302\255", "" },      /* soft hyphen */
	{ "\342\200\213", "" },  /* zero width space */
	{ "\357\273\277", "" },  /* zero width no-break space */
	{ "\342\200\220", "-" }, /* hyphen */
	{ "\342\200\221", "-" }, /* no-break hyphen */
	{ "\342\200\222", "-" }, /* figure dash */
	{ "\342\200\223", "-" }, /* en dash */
	{ "\342\200\224", "-" }, /* em dash */
	{ "\342\210\222", "-" }, /* minus */
};

/* What stands at p for something else; its length, 0 if it is itself. */
static size_t match_oddity(const char *p, size_t len, const char **ret_as)
{
	for (size_t i = 0; i < G_N_ELEMENTS(oddities); i++) {
		size_t n = strlen(oddities[i].bytes);

		if (n > len || memcmp(p, oddities[i].bytes, n) != 0)
			continue;
		*ret_as = oddities[i].as;
		return n;
	}
	return 0;
}

static char *ref_of_tag(const char *prefix, const char *text, size_t len)
{
	g_autoptr(GString) plain = g_string_sized_new(len);

	while (len > 0) {
		const char *as = NULL;
		size_t n = match_oddity(text, len, &as);

		if (n > 0)
			g_string_append(plain, as);
		else
			g_string_append_c(plain, *text);
		n = MAX(n, 1);
		text += n;
		len -= n;
	}
	return ref_parse(prefix, plain->str, plain->len);
}

/* The canonical ref of the token that opens at p, or NULL. */
static char *match_token(const char *prefix, const char *p,
                         const char **ret_end)
{
	const char *text;
	size_t len;

	if (!match_tag(p, &text, &len))
		return NULL;
	*ret_end = text + len + 1;
	return ref_of_tag(prefix, text, len);
}

static bool is_listed(const GPtrArray *refs, const char *ref)
{
	for (guint i = 0; i < refs->len; i++)
		if (strcmp(g_ptr_array_index(refs, i), ref) == 0)
			return true;
	return false;
}

char **subject_dup_refs(const char *prefix, const char *subject, size_t max)
{
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	const char *p, *end;

	for (p = strchr(subject, '['); p != NULL && refs->len < max;
	     p = strchr(p + 1, '[')) {
		char *ref = match_token(prefix, p, &end);

		if (ref != NULL && !is_listed(refs, ref))
			g_ptr_array_add(refs, ref);
		else
			g_free(ref);
	}
	g_ptr_array_add(refs, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&refs), FALSE);
}

char *subject_dup_ref(const char *prefix, const char *subject)
{
	g_auto(GStrv) refs = subject_dup_refs(prefix, subject, 1);

	return g_strdup(refs[0]);
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
	g_autofree char *text = NULL;
	const char *p = skip_blanks(subject), *end = NULL;

	/* before the tokens go, which single letters need behind them */
	for (;;) {
		g_autofree char *ref = match_token(prefix, p, &end);

		if (ref != NULL)
			p = skip_blanks(end);
		else if (match_prefix(p, &p) != PREFIX_NONE)
			p = skip_blanks(p);
		else
			break;
	}
	text = dup_without_tokens(prefix, p);
	return dup_single_blanks(text);
}

char *subject_decode(const char *value, size_t len)
{
	return header_decode(value, len, NULL);
}
