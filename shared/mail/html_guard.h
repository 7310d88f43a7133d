/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/html_guard.h - HTML made safe and small for the tree builder
 *
 * libgumbo takes quadratic time for deep nesting, for misnested formatting
 * and for many attributes, and its destructor recurses. This one linear pass
 * stands before it: it copies text, and of the tags only what text depends
 * on, in a small vocabulary:
 *
 *   div p span a pre blockquote ul ol li table tr td br hr img
 *
 * with href, alt, start and one attribute "x" whose letters tell what style,
 * class and the like said (HTML_MARK_..). Comments, declarations, scripts and
 * styles are left out. What remains open at a time is bounded, and an end tag
 * goes through only if what it ends was let through.
 */
#ifndef PORTARIA_MAIL_HTML_GUARD_H
#define PORTARIA_MAIL_HTML_GUARD_H

#include <glib.h>
#include <stdbool.h>

#define HTML_DEPTH_MAX      128  /* elements open at a time */
#define HTML_ATTRIBUTES_MAX 64   /* read of one tag */
#define HTML_VALUE_MAX      4000 /* bytes of one attribute that is kept */

#define HTML_MARK_GONE      'g' /* with all inside */
#define HTML_MARK_TINY      't' /* too small to read; inherited */
#define HTML_MARK_SIZED     's' /* has a size of its own; inherited */
#define HTML_MARK_HIDDEN    'h' /* visibility; inherited */
#define HTML_MARK_VISIBLE   'v'
#define HTML_MARK_QUOTE     'q' /* what is inside was written before */
#define HTML_MARK_TIGHT     'm' /* a paragraph without margins */
#define HTML_MARK_PARAGRAPH 'p' /* a div with margins, as a heading */
#define HTML_MARK_RULE      'r' /* a line above it */

/*
 * The reduced HTML, owned by the caller. `html` is valid UTF-8. Reading stops
 * before tag max_tags + 1. *ret_cut (may be NULL) is set to true if something
 * of the page is missing or out of its place: tags, attributes, nesting.
 */
GString *html_guard(const char *html, guint64 max_tags, bool *ret_cut);

#endif
