/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/html_style.h - what an inline style says about text being seen
 */
#ifndef PORTARIA_MAIL_HTML_STYLE_H
#define PORTARIA_MAIL_HTML_STYLE_H

#include <stdbool.h>
#include <stddef.h>

enum html_say { HTML_SAY_NOTHING, HTML_SAY_NO, HTML_SAY_YES };

struct html_style {
	bool is_gone;       /* with all that is inside */
	bool is_mso_gone;   /* for Word only */
	enum html_say size; /* NO: too small to be read; inherited */
	enum html_say show; /* visibility; inherited */
	bool has_no_margin;
	bool has_rule_above;
	bool has_bar_left;
};

/*
 * Reads declarations as they stand in a style attribute, entities and all;
 * the last of a name counts. Linear, allocates nothing.
 */
void html_style_read(const char *text, size_t len,
                     struct html_style *ret_style);

#endif
