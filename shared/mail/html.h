/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/html.h - reading text out of HTML
 *
 * One linear pass over the tags, without a tree: mail is full of HTML that
 * nests or repeats without end, and tree builders take quadratic time and
 * deep stacks for it. Quotations become "> " lines, so that mail/trim.h need
 * not know of HTML; links keep their target.
 */
#ifndef PORTARIA_MAIL_HTML_H
#define PORTARIA_MAIL_HTML_H

#include <glib.h>
#include <stdbool.h>

/*
 * The text, valid UTF-8 with \n, owned by the caller. `html` is valid UTF-8.
 * At most max_tags tags are read; *ret_cut (may be NULL) is set to true if
 * there were more.
 */
char *html_to_text(const char *html, guint64 max_tags, bool *ret_cut);

/* The charset a page declares within its first bytes (<meta charset=...>),
 * as written, or NULL. Owned by the caller. */
char *html_dup_charset(const char *data, size_t len);

/* Adds the Content-IDs that "cid:" URLs name to a set of owned strings. */
void html_collect_cids(const char *html, guint64 max, GHashTable *cids);

/* text/enriched and text/richtext (RFC 1896): the text without commands. */
char *html_from_enriched(const char *text);

/* The character of an entity name without "&" and ";", or 0. */
gunichar html_entity(const char *name, size_t len);

#endif
