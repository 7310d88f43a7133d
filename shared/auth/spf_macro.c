/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spf_macro.c - macros in SPF records (RFC 7208 section 7)
 *
 * A text is first checked as a whole; expansion relies on that. Its size is
 * bounded by the length of a record times the length of a value.
 */
#include "auth/spf_macro.h"

#include "auth/resolver.h"

#include <string.h>

#define DELIMITERS  ".-+,/_="
#define LETTERS     "slodiphv"
#define LETTERS_EXP "crt"
#define LABELS_MAX  128    /* more parts than a name can have: all of them */
#define UNRESERVED  "-._~" /* RFC 3986 2.3, besides letters and digits */

struct macro {
	char letter;   /* lower case */
	bool escape;   /* the letter was upper case */
	unsigned keep; /* rightmost parts, 0: all */
	bool reverse;
	char delimiters[sizeof(DELIMITERS)];
};

/* Reads "%{...}" at text; returns its length, or 0 if it is none. */
static size_t read_braces(const char *text, size_t len, const char *letters,
                          struct macro *ret_macro)
{
	struct macro macro = { 0 };
	size_t at = 3;
	bool digits = false;

	if (len < 4 || text[1] != '{')
		return 0;
	macro.letter = g_ascii_tolower(text[2]);
	macro.escape = g_ascii_isupper(text[2]);
	if (macro.letter == '\0' || strchr(letters, macro.letter) == NULL)
		return 0;
	for (; at < len && g_ascii_isdigit(text[at]); at++) {
		digits = true;
		macro.keep = MIN(macro.keep * 10 + (unsigned)(text[at] - '0'),
		                 LABELS_MAX);
	}
	if (digits && macro.keep == 0)
		return 0;
	if (at < len && g_ascii_tolower(text[at]) == 'r') {
		macro.reverse = true;
		at++;
	}
	for (; at < len && text[at] != '\0' &&
	       strchr(DELIMITERS, text[at]) != NULL;
	     at++)
		if (strchr(macro.delimiters, text[at]) == NULL)
			macro.delimiters[strlen(macro.delimiters)] = text[at];
	if (at >= len || text[at] != '}')
		return 0;
	*ret_macro = macro;
	return at + 1;
}

/* The length of the macro-expand at text, or 0. */
static size_t macro_length(const char *text, size_t len, const char *letters)
{
	struct macro macro;

	if (len >= 2 && strchr("%_-", text[1]) != NULL && text[1] != '\0')
		return 2;
	return read_braces(text, len, letters, &macro);
}

/* Checks a macro-string; *ret_tail: offset of the literal behind the last
 * macro. */
static const char *check_string(const char *text, size_t len,
                                const char *letters, size_t *ret_tail)
{
	size_t at = 0, macro;

	*ret_tail = 0;
	while (at < len) {
		if (text[at] != '%') {
			if (!g_ascii_isgraph(text[at]))
				return "a character outside printable ASCII";
			at++;
			continue;
		}
		macro = macro_length(text + at, len - at, letters);
		if (macro == 0)
			return "a macro that does not exist";
		at += macro;
		*ret_tail = at;
	}
	return NULL;
}

const char *spf_macro_check_string(const char *text, size_t len)
{
	size_t tail;

	return check_string(text, len, LETTERS LETTERS_EXP, &tail);
}

/* toplabel: letters, digits and inner hyphens, not only digits. */
static bool is_toplabel(const char *text, size_t len)
{
	bool digits_only = true;

	if (len == 0 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(text[i]) && text[i] != '-')
			return false;
		if (!g_ascii_isdigit(text[i]))
			digits_only = false;
	}
	return !digits_only;
}

const char *spf_macro_check_domain_spec(const char *text, size_t len)
{
	size_t tail, dot;
	const char *why = check_string(text, len, LETTERS, &tail);

	if (why != NULL)
		return why;
	if (len == 0)
		return "an empty domain";
	if (tail == len)
		return NULL;
	if (text[len - 1] == '.')
		len--;
	for (dot = len; dot > tail && text[dot - 1] != '.';)
		dot--;
	if (dot == tail || !is_toplabel(text + dot, len - dot))
		return "a domain without a valid top label";
	return NULL;
}

bool spf_macro_uses(const char *text, const char *letters)
{
	for (; *text != '\0'; text++)
		if (*text == '%' && *++text == '{' &&
		    strchr(letters, g_ascii_tolower(text[1])) != NULL)
			return true;
	return false;
}

static const char *value_of(char letter, const struct spf_macro_values *values)
{
	const struct {
		char letter;
		const char *value;
	} table[] = {
		{ 's', values->sender },
		{ 'l', values->local },
		{ 'o', values->sender_domain },
		{ 'd', values->domain },
		{ 'i', values->ip },
		{ 'p', values->client_name },
		{ 'v', values->ip_version },
		{ 'h', values->helo },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		if (table[i].letter == letter)
			return table[i].value;
	return "";
}

/* The value cut at the delimiters; borrowed pieces are made strings. */
static GPtrArray *split(const char *value, const char *delimiters)
{
	GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);

	for (;;) {
		size_t len = strcspn(value, delimiters);

		g_ptr_array_add(parts, g_strndup(value, len));
		if (value[len] == '\0')
			return parts;
		value += len + 1;
	}
}

static void append_escaped(GString *out, const char *text, bool escape)
{
	for (; *text != '\0'; text++) {
		if (!escape || g_ascii_isalnum(*text) ||
		    strchr(UNRESERVED, *text) != NULL)
			g_string_append_c(out, *text);
		else
			g_string_append_printf(out, "%%%02X",
			                       (unsigned)(guint8)*text);
	}
}

static void append_macro(GString *out, const struct macro *macro,
                         const struct spf_macro_values *values)
{
	g_autoptr(GPtrArray) parts =
		split(value_of(macro->letter, values),
	              macro->delimiters[0] != '\0' ? macro->delimiters : ".");
	guint count = parts->len;
	guint skip = macro->keep > 0 && macro->keep < count
	                     ? count - macro->keep
	                     : 0;

	for (guint i = skip; i < count; i++) {
		guint at = macro->reverse ? count - 1 - i : i;

		if (i > skip)
			g_string_append_c(out, '.');
		append_escaped(out, parts->pdata[at], macro->escape);
	}
}

/* Removes labels from the left until a name fits. */
static void truncate_left(GString *name)
{
	while (name->len > DNS_NAME_MAX) {
		const char *dot = strchr(name->str, '.');

		if (dot == NULL)
			return;
		g_string_erase(name, 0, dot - name->str + 1);
	}
}

char *spf_macro_expand(const char *spec, const struct spf_macro_values *values)
{
	GString *name = g_string_new(NULL);
	size_t len = strlen(spec), at = 0;

	while (at < len) {
		struct macro macro;
		size_t used = 2;

		if (spec[at] != '%') {
			g_string_append_c(name, spec[at++]);
			continue;
		}
		if (spec[at + 1] == '%')
			g_string_append_c(name, '%');
		else if (spec[at + 1] == '_')
			g_string_append_c(name, ' ');
		else if (spec[at + 1] == '-')
			g_string_append(name, "%20");
		else if ((used = read_braces(spec + at, len - at, LETTERS,
		                             &macro)) > 0)
			append_macro(name, &macro, values);
		else
			used = 1;
		at += used;
	}
	if (name->len > 0 && name->str[name->len - 1] == '.')
		g_string_truncate(name, name->len - 1);
	truncate_left(name);
	return g_string_free(name, FALSE);
}
