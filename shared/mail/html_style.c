/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * html_style.c - what an inline style says about text being seen
 *
 * Newsletters carry a preview line that mail programs list and nobody is
 * meant to read in the page. "font-size:0" on a container is only a trick
 * against gaps if what is inside sets its own size, so size is inherited.
 */
#include "mail/html_style.h"

#include <glib.h>
#include <string.h>

struct value {
	const char *text;
	size_t len;
};

static bool value_is(const struct value *value, const char *word)
{
	size_t len = strlen(word);

	return value->len >= len &&
	       g_ascii_strncasecmp(value->text, word, len) == 0 &&
	       (value->len == len || !g_ascii_isalnum(value->text[len]));
}

/* "0", "0px", "0.0em", "1px" with max 1: a length of at most so many whole
 * units. */
static bool is_at_most(const struct value *value, char max)
{
	size_t i = 0;

	if (i < value->len && value->text[i] == '.')
		return false;
	while (i + 1 < value->len && value->text[i] == '0' &&
	       g_ascii_isdigit(value->text[i + 1]))
		i++;
	if (i >= value->len || value->text[i] < '0' || value->text[i] > max)
		return false;
	bool is_zero = value->text[i++] == '0';

	if (i < value->len && value->text[i] == '.')
		for (i++; i < value->len && g_ascii_isdigit(value->text[i]);
		     i++)
			if (value->text[i] != '0')
				return false;
	if (i < value->len && g_ascii_isdigit(value->text[i]))
		return false;
	/* one pixel or point cannot be read, one em can */
	return is_zero ||
	       (i + 1 < value->len &&
	        (g_ascii_strncasecmp(value->text + i, "px", 2) == 0 ||
	         g_ascii_strncasecmp(value->text + i, "pt", 2) == 0));
}

/* ---- one taker for each property ---- */

struct state {
	struct html_style style;
	bool is_none;
	bool is_flat; /* no height */
	bool is_flat_at_most;
	bool is_narrow;
	bool is_clear;
	bool clips;
	bool margin_above;
	bool margin_below;
};

static void take_display(struct state *state, const struct value *value)
{
	state->is_none = value_is(value, "none");
}

static void take_visibility(struct state *state, const struct value *value)
{
	bool hides = value_is(value, "hidden") || value_is(value, "collapse");

	state->style.show = hides ? HTML_SAY_NO : HTML_SAY_YES;
}

static void take_size(struct state *state, const struct value *value)
{
	state->style.size = is_at_most(value, '1') ? HTML_SAY_NO : HTML_SAY_YES;
}

static void take_opacity(struct state *state, const struct value *value)
{
	state->is_clear = is_at_most(value, '0');
}

static void take_max_height(struct state *state, const struct value *value)
{
	state->is_flat_at_most = is_at_most(value, '1');
}

static void take_height(struct state *state, const struct value *value)
{
	state->is_flat = is_at_most(value, '1');
}

static void take_max_width(struct state *state, const struct value *value)
{
	state->is_narrow = is_at_most(value, '1');
}

static void take_overflow(struct state *state, const struct value *value)
{
	state->clips = value_is(value, "hidden");
}

static void take_mso_hide(struct state *state, const struct value *value)
{
	state->style.is_mso_gone = value_is(value, "all");
}

static void take_margin(struct state *state, const struct value *value)
{
	bool is_zero = is_at_most(value, '0');

	state->margin_above = state->margin_below = !is_zero;
	state->style.has_no_margin = is_zero;
}

static void take_margin_top(struct state *state, const struct value *value)
{
	state->margin_above = !is_at_most(value, '0');
}

static void take_margin_bottom(struct state *state, const struct value *value)
{
	state->margin_below = !is_at_most(value, '0');
}

static bool is_line(const struct value *value)
{
	for (size_t i = 0; i + 5 <= value->len; i++)
		if (g_ascii_strncasecmp(value->text + i, "solid", 5) == 0)
			return true;
	return false;
}

static void take_border_top(struct state *state, const struct value *value)
{
	state->style.has_rule_above = is_line(value);
}

static void take_border_left(struct state *state, const struct value *value)
{
	state->style.has_bar_left = is_line(value);
}

#define PROPERTY(name) name, sizeof(name) - 1

static const struct {
	const char *name;
	size_t len;
	void (*take)(struct state *state, const struct value *value);
} properties[] = {
	{ PROPERTY("display"), take_display },
	{ PROPERTY("visibility"), take_visibility },
	{ PROPERTY("font-size"), take_size },
	{ PROPERTY("opacity"), take_opacity },
	{ PROPERTY("max-height"), take_max_height },
	{ PROPERTY("height"), take_height },
	{ PROPERTY("max-width"), take_max_width },
	{ PROPERTY("width"), take_max_width },
	{ PROPERTY("overflow"), take_overflow },
	{ PROPERTY("mso-hide"), take_mso_hide },
	{ PROPERTY("margin"), take_margin },
	{ PROPERTY("margin-top"), take_margin_top },
	{ PROPERTY("margin-bottom"), take_margin_bottom },
	{ PROPERTY("border-top"), take_border_top },
	{ PROPERTY("border-left"), take_border_left },
};

static void trim(struct value *value)
{
	while (value->len > 0 && g_ascii_isspace(value->text[0])) {
		value->text++;
		value->len--;
	}
	while (value->len > 0 && g_ascii_isspace(value->text[value->len - 1]))
		value->len--;
}

static void take_declaration(struct state *state, const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);

	if (colon == NULL)
		return;
	struct value name = { text, (size_t)(colon - text) };
	struct value value = { colon + 1, len - name.len - 1 };

	trim(&name);
	trim(&value);
	for (size_t i = 0; i < G_N_ELEMENTS(properties); i++)
		if (properties[i].len == name.len &&
		    value_is(&name, properties[i].name))
			properties[i].take(state, &value);
}

void html_style_read(const char *text, size_t len, struct html_style *ret_style)
{
	struct state state = { .margin_above = true, .margin_below = true };

	while (len > 0) {
		const char *end = memchr(text, ';', len);
		size_t used = end != NULL ? (size_t)(end - text) : len;

		take_declaration(&state, text, used);
		used += end != NULL;
		text += used;
		len -= used;
	}
	state.style.has_no_margin |= !state.margin_above && !state.margin_below;
	state.style.is_gone =
		state.is_none || state.is_clear || state.is_flat_at_most ||
		(state.clips && (state.is_flat || state.is_narrow));
	*ret_style = state.style;
}
