/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bounce_report.c - the fields of delivery reports (RFC 3464)
 *
 * Reports come broken: without types, without empty lines, in the text where
 * a part should be. Every line that is no field is passed over.
 */
#include "mail/bounce_parts.h"

#include <string.h>

#include "mail/bounce_words.h"
#include "mail/header.h"
#include "mail/phrases.h"
#include "mail/text.h"

struct mail_part *bounce_find_part(const struct mail *mail, const char *type)
{
	for (guint i = 0; i < mail->parts->len; i++) {
		struct mail_part *part = g_ptr_array_index(mail->parts, i);

		if (g_str_has_prefix(part->content_type, type))
			return part;
	}
	return NULL;
}

bool bounce_has_word(const char *lower, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strstr(lower, *words) != NULL)
			return true;
	return false;
}

/* ---- one address, one status ---- */

char *bounce_dup_address(const char *value)
{
	const char *semicolon = strchr(value, ';');
	const char *start = semicolon != NULL ? semicolon + 1 : value;
	g_autofree char *line =
		text_dup_line_len(start, strlen(start), BOUNCE_VALUE_MAX);
	char *at = strchr(line, '<');

	/* "<a@b>", also behind a name; "a@b (a comment)" */
	at = at != NULL ? at + 1 : line;
	at[strcspn(at, "> (\t")] = '\0';
	return address_dup_key(at);
}

/* "5.1.1" at p: its length, or 0. Subjects are 0 to 7 (RFC 3463 3). */
static size_t status_len(const char *p)
{
	if (p[1] != '.' || p[2] < '0' || p[2] > '7' || p[3] != '.')
		return 0;
	size_t digits = strspn(p + 4, "0123456789");
	char next = p[4 + digits];

	if (digits < 1 || digits > 3 || g_ascii_isalpha(next) ||
	    (next == '.' && g_ascii_isdigit(p[5 + digits])))
		return 0;
	return 4 + digits;
}

char *bounce_find_status(const char *text, const char *classes)
{
	for (const char *p = text; (p = strpbrk(p, classes)) != NULL; p++) {
		if (p > text && (g_ascii_isalnum(p[-1]) || p[-1] == '.'))
			continue;
		size_t len = status_len(p);

		if (len > 0)
			return g_strndup(p, len);
	}
	return g_strdup("");
}

/* "512 KB", "500 messages": a number of things. */
static bool is_quantity(const char *behind)
{
	static const char *const units[] = { "kb",    "mb",      "gb",
		                             "kbyte", "mbyte",   "byte",
		                             "octet", "message", "mensage" };

	if (*behind != ' ')
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
		if (g_ascii_strncasecmp(behind + 1, units[i],
		                        strlen(units[i])) == 0)
			return true;
	return false;
}

static bool is_reply_at(const char *text, const char *p)
{
	if ((*p != '4' && *p != '5') || p[1] < '0' || p[1] > '5' ||
	    !g_ascii_isdigit(p[2]))
		return false;
	if (p > text && strchr(" :(<[#-\t\n\"'", p[-1]) == NULL)
		return false;
	/* the end of a date or a telephone number */
	if (p > text + 1 && p[-1] == '-' && g_ascii_isdigit(p[-2]))
		return false;
	if (p[3] != '\0' && strchr(" -:)>]\t\n,;.\"'", p[3]) == NULL)
		return false;
	bool is_part = strchr(".:,", p[3]) != NULL && p[3] != '\0' &&
	               g_ascii_isdigit(p[4]);

	return !is_part && !is_quantity(p + 3);
}

bool bounce_has_code(const char *text)
{
	g_autofree char *status = bounce_find_status(text, "45");

	return status[0] != '\0' || bounce_find_reply_class(text) != '\0';
}

char bounce_find_reply_class(const char *text)
{
	for (const char *p = text; (p = strpbrk(p, "45")) != NULL; p++)
		if (is_reply_at(text, p))
			return *p;
	return '\0';
}

/* The first one of the table. Reasons that pass do not count where the words say that it is over. */
static const struct bounce_reason *find_reason(const char *lower)
{
	static struct phrases finals = PHRASES(bounce_finals);
	static struct phrases reasons = PHRASE_ROWS(bounce_reasons);
	const struct bounce_reason *best = NULL;
	bool is_final = phrases_in(&finals, lower);
	struct phrase_walk walk;

	phrase_walk_init(&walk, &reasons, lower);
	while (phrase_walk_next(&walk)) {
		const struct bounce_reason *row = &bounce_reasons[walk.row];

		if ((best == NULL || row < best) &&
		    !(is_final && row->status[0] == '4'))
			best = row;
	}
	return best;
}

bool bounce_names_reason(const char *lower)
{
	g_autofree char *status = bounce_find_status(lower, "45");

	return status[0] != '\0' || find_reason(lower) != NULL ||
	       bounce_find_reply_class(lower) != '\0';
}

/* The code's class counts more than the words: "452 mailbox full". */
char *bounce_guess_status(const char *diagnostic, bool is_delay)
{
	g_autofree char *status = bounce_find_status(diagnostic, "45");
	g_autofree char *line = text_dup_line(diagnostic);
	g_autofree char *lower = text_dup_lower(line);
	char class = bounce_find_reply_class(diagnostic);

	if (status[0] != '\0')
		return g_steal_pointer(&status);
	if (class == '\0' && is_delay)
		class = '4';
	const struct bounce_reason *reason = find_reason(lower);

	if (reason != NULL)
		return g_strdup_printf(
			"%c%s", class != '\0' ? class : reason->status[0],
			reason->status + 1);
	return g_strdup_printf("%c.0.0", class != '\0' ? class : '5');
}

bool bounce_is_known(const struct mail_bounce *bounce, const char *address)
{
	for (guint i = 0; i < bounce->recipients->len; i++) {
		const struct mail_bounce_recipient *recipient =
			g_ptr_array_index(bounce->recipients, i);

		if (strcmp(recipient->address, address) == 0)
			return true;
	}
	return false;
}

static const char *action_of(const char *status)
{
	if (status[0] == '2')
		return "delivered";
	return status[0] == '4' ? "delayed" : "failed";
}

void bounce_add(struct mail_bounce *bounce, guint64 max, const char *address,
                const char *action, const char *status, const char *diagnostic)
{
	if (bounce->recipients->len >= max || bounce_is_known(bounce, address))
		return;
	struct mail_bounce_recipient *recipient =
		g_new0(struct mail_bounce_recipient, 1);

	recipient->address = g_strdup(address);
	recipient->status = g_strdup(status);
	recipient->action =
		g_strdup(action != NULL ? action : action_of(status));
	recipient->diagnostic = text_dup_line_len(
		diagnostic, strlen(diagnostic), BOUNCE_DIAGNOSTIC_MAX);
	g_ptr_array_add(bounce->recipients, recipient);
}

/* ---- message/delivery-status (RFC 3464 2) ---- */

struct group {
	char *original;
	char *final;
	char *action;
	char *status;
	char *diagnostic;
	char *envelope;
};

static void group_clear(struct group *group)
{
	g_free(group->original);
	g_free(group->final);
	g_free(group->action);
	g_free(group->status);
	g_free(group->diagnostic);
	g_free(group->envelope);
	*group = (struct group){ 0 };
}

static void group_take(struct group *group, const struct header_field *field)
{
	struct {
		const char *name;
		char **slot;
	} rows[] = {
		{ "Original-Recipient", &group->original },
		{ "Final-Recipient", &group->final },
		{ "Action", &group->action },
		{ "Status", &group->status },
		{ "Diagnostic-Code", &group->diagnostic },
		{ "Original-Envelope-Id", &group->envelope },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (header_is(field, rows[i].name) && *rows[i].slot == NULL)
			*rows[i].slot = text_dup_line_len(
				field->value, field->value_len,
				BOUNCE_DIAGNOSTIC_MAX);
}

/* "smtp; 550 5.1.1 ..." without the type. */
static const char *skip_type(const char *value)
{
	const char *semicolon = value != NULL ? strchr(value, ';') : NULL;

	if (value == NULL)
		return "";
	return semicolon != NULL && semicolon - value < 32 ? semicolon + 1
	                                                   : value;
}

static const char *find_action(const char *value)
{
	static const char *const actions[] = { "failed", "delayed", "delivered",
		                               "relayed", "expanded" };

	for (size_t i = 0; value != NULL && i < G_N_ELEMENTS(actions); i++)
		if (g_ascii_strncasecmp(value, actions[i],
		                        strlen(actions[i])) == 0)
			return actions[i];
	return NULL;
}

/* Actions that are not RFC 3464's mean the end, too ("expired"). */
static char class_of_action(const char *action)
{
	if (action[0] == '\0')
		return '\0';
	if (g_ascii_strncasecmp(action, "delay", 5) == 0)
		return '4';
	return g_ascii_strncasecmp(action, "deliver", 7) == 0 ||
	                       g_ascii_strncasecmp(action, "relay", 5) == 0 ||
	                       g_ascii_strncasecmp(action, "expand", 6) == 0
	               ? '2'
	               : '5';
}

/* The status by its own field, or by the rest of the group: a code of the
 * diagnostic, the action, the diagnostic's words. Owned. */
static char *group_dup_status(const struct group *group)
{
	const char *diagnostic = skip_type(group->diagnostic);
	char class =
		class_of_action(group->action != NULL ? group->action : "");
	char *status = bounce_find_status(
		group->status != NULL ? group->status : "", "245");

	if (status[0] != '\0')
		return status;
	g_free(status);
	if (class == '2')
		return g_strdup("2.0.0");
	status = bounce_guess_status(diagnostic, class == '4');
	if (class == '5' && !bounce_has_code(diagnostic))
		status[0] = '5';
	return status;
}

/* The original one is what we sent to; a forwarder made the other. */
static char *group_dup_address(const struct group *group)
{
	char *address = NULL;

	if (group->original != NULL)
		address = bounce_dup_address(group->original);
	if (address == NULL && group->final != NULL)
		address = bounce_dup_address(group->final);
	return address != NULL ? address : g_strdup("");
}

static void add_group(struct mail_bounce *bounce, const struct group *group,
                      guint64 max)
{
	if (group->final == NULL && group->original == NULL)
		return;
	g_autofree char *address = group_dup_address(group);
	g_autofree char *status = group_dup_status(group);

	bounce_add(bounce, max, address, find_action(group->action), status,
	           skip_type(group->diagnostic));
}

/* The first byte behind the block's empty line. */
static const char *read_group(const char *at, const char *end,
                              struct group *group)
{
	struct header_walk walk;
	struct header_field field;

	while (at < end) {
		header_walk_init(&walk, at, (size_t)(end - at));
		while (header_walk_next(&walk, &field))
			group_take(group, &field);
		if (header_walk_body(&walk) != walk.at)
			return header_walk_body(&walk);
		const char *lf = memchr(walk.at, '\n', (size_t)(end - walk.at));

		at = lf != NULL ? lf + 1 : end;
	}
	return end;
}

void bounce_read_report(struct mail_bounce *bounce, const char *data,
                        size_t len, guint64 max)
{
	const char *at = data, *end = data + len;

	while (at < end) {
		struct group group = { 0 };

		at = read_group(at, end, &group);
		if (bounce->original_envelope == NULL &&
		    group.envelope != NULL && group.final == NULL)
			bounce->original_envelope =
				g_steal_pointer(&group.envelope);
		add_group(bounce, &group, max);
		group_clear(&group);
	}
}

bool bounce_has_report(const char *text, size_t len)
{
	static const char *const names[] = { "final-recipient:",
		                             "original-recipient:" };
	const char *at = text, *end = text + len;

	while (at < end) {
		for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
			size_t n = strlen(names[i]);

			if ((size_t)(end - at) > n &&
			    g_ascii_strncasecmp(at, names[i], n) == 0)
				return true;
		}
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		at = lf != NULL ? lf + 1 : end;
	}
	return false;
}
