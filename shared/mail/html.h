/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/html.h - reading text out of HTML
 *
 * Paragraphs, lists and tables become lines, links keep their target,
 * quotations become "> " lines, so that mail/trim.h need not know of HTML.
 * What nobody sees (preview lines, scripts) is no text; a page that hides
 * everything is shown whole. libgumbo reads the tags, mail/html_guard.h keeps
 * hostile ones from it.
 */
#ifndef PORTARIA_MAIL_HTML_H
#define PORTARIA_MAIL_HTML_H

#include <glib.h>
#include <stdbool.h>

/*
 * The text, valid UTF-8 with \n, owned by the caller. `html` is valid UTF-8.
 * At most max_tags tags are read; *ret_cut (may be NULL) is set to true if
 * there were more, or if they nest deeper than HTML_DEPTH_MAX or one has more
 * than HTML_ATTRIBUTES_MAX attributes: their text is there, but not all of
 * what they say about it. Time and memory are linear.
 */
char *html_to_text(const char *html, guint64 max_tags, bool *ret_cut);

/* The charset a page declares within its first bytes (<meta charset=...>),
 * as written, or NULL. Owned by the caller. */
char *html_dup_charset(const char *data, size_t len);

/* Adds the Content-IDs that "cid:" URLs name to a set of owned strings. */
void html_collect_cids(const char *html, guint64 max, GHashTable *cids);

/* text/enriched and text/richtext (RFC 1896): the text without commands. */
char *html_from_enriched(const char *text);

#endif
