/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calendar.c - what an invitation is about
 *
 * Only what a reader wants in one line; the file itself is an attachment.
 * Times stay as written, with their zone: converting them needs the zone's
 * rules, which are the reader's calendar's business.
 */
#include "mail/calendar.h"

#include <string.h>

#include "mail/mailbuild.h"
#include "mail/text.h"

#define VALUE_MAX ((size_t)300)

/* A content line, unfolded. */
struct property {
	char *line;
	const char *parameters; /* behind the name: ";A=b" or "" */
	const char *value;
};

/* Takes one line with its folds (RFC 5545 3.1); false at the end. */
static bool next_line(const char **at, char **ret_line)
{
	GString *line;
	const char *p = *at;

	if (*p == '\0')
		return false;
	line = g_string_new(NULL);
	do {
		if (p != *at)
			p++; /* the blank of a fold */
		size_t len = strcspn(p, "\r\n");

		if (line->len < 8192)
			g_string_append_len(line, p, (gssize)len);
		p += len;
		p += *p == '\r' ? 1 : 0;
		p += *p == '\n' ? 1 : 0;
	} while (*p == ' ' || *p == '\t');
	*at = p;
	*ret_line = g_string_free(line, FALSE);
	return true;
}

/* Splits at the colon that stands in no quotes. */
static bool split(char *line, struct property *ret_property)
{
	bool quoted = false;
	char *name_end = line + strcspn(line, ":;");
	char *p;

	for (p = name_end; *p != '\0' && (quoted || *p != ':'); p++)
		quoted ^= *p == '"';
	if (*p == '\0')
		return false;
	*p = '\0';
	ret_property->line = line;
	ret_property->parameters = g_strdup(name_end);
	ret_property->value = p + 1;
	*name_end = '\0';
	return true;
}

/* A parameter's value without quotes, or NULL; owned. */
static char *dup_parameter(const char *parameters, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = strchr(parameters, ';'); p != NULL;
	     p = strchr(p + 1, ';')) {
		if (g_ascii_strncasecmp(p + 1, name, len) != 0 ||
		    p[1 + len] != '=')
			continue;
		const char *value = p + len + 2;
		bool quoted = *value == '"';

		value += quoted;
		return text_dup_line_len(value,
		                         strcspn(value, quoted ? "\"" : ";"),
		                         VALUE_MAX);
	}
	return NULL;
}

/* TEXT of 3.3.11, in one line. */
static char *dup_text(const struct property *property)
{
	GString *out = g_string_new(NULL);

	for (const char *p = property->value; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
			g_string_append_c(out, *p == 'n' || *p == 'N' ? ' '
			                                              : *p);
		} else {
			g_string_append_c(out, *p);
		}
	}
	char *line = text_dup_line_len(out->str, out->len, VALUE_MAX);

	g_string_free(out, TRUE);
	return line;
}

static bool are_digits(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!g_ascii_isdigit(text[i]))
			return false;
	return true;
}

/* DATE or DATE-TIME of 3.3.4 and 3.3.5: "20261122T163000Z". */
static char *dup_time(const struct property *property)
{
	const char *v = property->value;
	g_autofree char *zone = dup_parameter(property->parameters, "TZID");

	if (!are_digits(v, 8))
		return text_dup_line_len(v, strlen(v), VALUE_MAX);
	GString *out = g_string_new(NULL);

	g_string_printf(out, "%.4s-%.2s-%.2s", v, v + 4, v + 6);
	if (v[8] == 'T' && are_digits(v + 9, 4)) {
		g_string_append_printf(out, " %.2s:%.2s", v + 9, v + 11);
		size_t rest = 13 + strspn(v + 13, "0123456789");

		if (v[rest] == 'Z')
			g_string_append(out, " UTC");
		else if (zone != NULL && zone[0] != '\0')
			g_string_append_printf(out, " (%s)", zone);
	}
	return g_string_free(out, FALSE);
}

/* "Name <address>" of a CAL-ADDRESS. */
static char *dup_person(const struct property *property)
{
	g_autofree char *name = dup_parameter(property->parameters, "CN");
	const char *at = property->value;

	if (g_ascii_strncasecmp(at, "mailto:", 7) == 0)
		at += 7;
	g_autofree char *address =
		text_dup_line_len(at, strlen(at), VALUE_MAX);

	if (name == NULL || name[0] == '\0' || strcmp(name, address) == 0)
		return g_steal_pointer(&address);
	return address[0] != '\0' ? g_strdup_printf("%s <%s>", name, address)
	                          : g_steal_pointer(&name);
}

static char *dup_lower(const struct property *property)
{
	g_autofree char *text = dup_text(property);

	return g_ascii_strdown(text, -1);
}

/* Properties of the calendar and of its first event. */
static const struct row {
	const char *name;
	bool in_event;
	size_t slot;
	char *(*read)(const struct property *property);
} rows[] = {
#define SLOT(member) offsetof(struct mail_event, member)
	{ "METHOD", false, SLOT(method), dup_lower },
	{ "SUMMARY", true, SLOT(summary), dup_text },
	{ "DTSTART", true, SLOT(start), dup_time },
	{ "DTEND", true, SLOT(end), dup_time },
	{ "ORGANIZER", true, SLOT(organizer), dup_person },
	{ "LOCATION", true, SLOT(location), dup_text },
#undef SLOT
};

static void take(struct mail_event *event, const struct property *property,
                 bool in_event)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		char **slot = (char **)(void *)((char *)event + rows[i].slot);

		if (rows[i].in_event == in_event && *slot == NULL &&
		    g_ascii_strcasecmp(property->line, rows[i].name) == 0)
			*slot = rows[i].read(property);
	}
}

struct state {
	struct mail_event *event;
	bool has_event;
	guint depth; /* components open: VCALENDAR, VEVENT, VALARM */
	guint event_depth;
};

/* False when the event is over. */
static bool take_line(struct state *state, const struct property *property)
{
	if (g_ascii_strcasecmp(property->line, "BEGIN") == 0) {
		state->depth++;
		if (!state->has_event &&
		    g_ascii_strcasecmp(property->value, "VEVENT") == 0) {
			state->has_event = true;
			state->event_depth = state->depth;
		}
	} else if (g_ascii_strcasecmp(property->line, "END") == 0) {
		if (state->has_event && state->depth == state->event_depth)
			return false;
		state->depth -= state->depth > 0;
	} else if (state->has_event && state->depth == state->event_depth) {
		take(state->event, property, true);
	} else if (!state->has_event && state->depth <= 1) {
		take(state->event, property, false);
	}
	return true;
}

static void fill(struct mail_event *event)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		char **slot = (char **)(void *)((char *)event + rows[i].slot);

		if (*slot == NULL)
			*slot = g_strdup("");
	}
}

struct mail_event *calendar_read(const char *text)
{
	struct state state = { .event = g_new0(struct mail_event, 1) };
	bool more = true;
	char *line;

	while (more && next_line(&text, &line)) {
		struct property property = { 0 };

		if (split(line, &property)) {
			more = take_line(&state, &property);
			g_free((char *)(guintptr)property.parameters);
		}
		g_free(line);
	}
	fill(state.event);
	if (state.has_event)
		return state.event;
	mail_event_free(state.event);
	return NULL;
}
