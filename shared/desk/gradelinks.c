/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gradelinks.c - the grades of the question, as text and as links
 */
#include "desk/gradelinks.h"

#include "desk/signed.h"

#include <string.h>

#define OPEN  ": &lt;mailto:"
#define CLOSE "&gt;"

static char *dup_link(const struct desk *desk, const struct letter *letter,
		      unsigned grade)
{
	g_autofree char *address = signed_grade_address(
		desk, letter->department->addresses[0], letter->survey_id,
		grade);
	g_autofree char *subject = g_strdup_printf(
		"%u %s", grade, letter->ticket != NULL ? letter->ticket->ref
						       : "");
	g_autofree char *to = g_uri_escape_string(address, "+@", false);
	g_autofree char *about = g_uri_escape_string(subject, NULL, false);

	return g_strdup_printf("mailto:%s?subject=%s", to, about);
}

char *gradelinks_dup(const struct desk *desk, const struct letter *letter,
		     const char *language)
{
	GString *out = g_string_new(NULL);

	for (unsigned grade = GRADE_MAX; letter->survey_id != 0 && grade > 0;
	     grade--) {
		const char *words = phrase_get(
			(enum phrase)(PHRASE_GRADE_1 + grade - 1), language);
		g_autofree char *link = dup_link(desk, letter, grade);

		g_string_append_printf(out, "  %u - %s: <%s>\n", grade, words,
				       link);
	}
	return g_string_free(out, false);
}

/* The words before a link, from the first that is no blank on the line. */
static const char *words_start(const char *line, const char *end)
{
	const char *at = end;

	while (at > line && at[-1] != '\n')
		at--;
	while (at < end && (*at == ' ' || g_str_has_prefix(at, "&nbsp;")))
		at += *at == ' ' ? 1 : strlen("&nbsp;");
	return at;
}

char *gradelinks_take_html(char *html)
{
	GString *out = g_string_new(NULL);
	const char *rest = html;
	const char *open;

	while ((open = strstr(rest, OPEN)) != NULL) {
		const char *uri = open + strlen(OPEN) - strlen("mailto:");
		const char *close = strstr(uri, CLOSE);
		const char *words = words_start(rest, open);

		if (close == NULL)
			break;
		g_string_append_len(out, rest, words - rest);
		g_string_append_printf(out, "<a href=\"%.*s\">%.*s</a>",
				       (int)(close - uri), uri,
				       (int)(open - words), words);
		rest = close + strlen(CLOSE);
	}
	g_string_append(out, rest);
	g_free(html);
	return g_string_free(out, false);
}
